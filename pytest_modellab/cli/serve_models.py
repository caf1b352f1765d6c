"""`modellab serve-models`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog.catalog import Catalog
from pytest_modellab.catalog.errors import suggest
from pytest_modellab.catalog.specs import ModelSpec
from pytest_modellab.catalog.validate import full_options
from pytest_modellab.catalog.weights import local_folder
from pytest_modellab.engines.base import DeviceRef, LoadRequest
from pytest_modellab.engines.registry import engine_class, remedy
from pytest_modellab.reports.web import guard

from .command import Commands, whole
from .exits import Exit, UsageError
from .place import open_catalog
from .tell import tell

MISSING = "pip install 'pytest-modellab[serve]'"


def run(options: argparse.Namespace) -> int:
    """Load models of the catalog into this process and serve them until interrupted."""
    if not options.exposed and not guard.is_loopback(options.host):
        raise UsageError(
            f"{options.host} is not a loopback address: anyone who can reach it could use the models, without a"
            " password; --exposed allows that"
        )
    try:
        from .model_server.server import ModelServer
    except ImportError as error:
        raise UsageError(f"{error}; {MISSING}") from None
    catalog = open_catalog(options)
    models = [_model(catalog, name, options.device) for name in options.models]
    engines: dict[str, Any] = {}
    try:
        for model in models:
            engines[model.id] = _loaded(catalog, model, options.device)
        with ModelServer(engines, host=options.host, port=options.port, exposed=options.exposed) as server:
            tell(f"{', '.join(engines)} on {options.device}: {server.url} (Ctrl-C ends it)", flush=True)
            if options.exposed:
                tell("whoever can reach it can use the models", file=sys.stderr, flush=True)
            server.join()
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"can't listen on {options.host}:{options.port}: {why}; --port 0 takes any") from None
    except KeyboardInterrupt:
        tell("ended", flush=True)
    finally:
        for engine in engines.values():
            engine.close()
    return Exit.OK


def _model(catalog: Catalog, name: str, device: str) -> ModelSpec:
    model = catalog.models.get(name)
    if model is None:
        raise UsageError(f"no model `{name}` in the catalog; {suggest(name, catalog.models)}")
    if device not in model.devices:
        raise UsageError(f"{name} is not set up for the device `{device}`; {suggest(device, model.devices)}")
    if model.environment is not None:
        raise UsageError(f"{name} has an environment of its own, which serve-models can't enter")
    if model.parts:
        raise UsageError(f"{name} is made of other models, which serve-models can't load; serve those")
    return model


def _loaded(catalog: Catalog, model: ModelSpec, device: str) -> Any:
    spec, target = catalog.devices[device], model.engine_target
    assert target is not None  # the catalog was checked
    engine = engine_class(target)
    folder = local_folder(model, catalog, Store())
    try:
        return engine.load(LoadRequest(DeviceRef(spec.kind, spec.index), full_options(model, device), folder))
    except ImportError as error:
        raise UsageError(f"{error}; {remedy(engine)}") from None


def add(commands: Commands) -> None:
    """Add the command with its options."""
    serving = commands.add(
        "serve-models",
        run,
        "Serve models of the catalog by OpenAI's interface, described in docs/served.md.",
        example="serve-models faster-whisper-tiny.en",
    )
    serving.add_argument("models", nargs="+", metavar="MODEL")
    serving.add_argument("--device", default="cpu", metavar="DEVICE", help="default: cpu")
    serving.add_argument(
        "--host", default="127.0.0.1", metavar="HOST", help="address to listen on (default: 127.0.0.1)"
    )
    serving.add_argument(
        "--port", type=whole(0, 65_535), default=8000, metavar="PORT", help="port; 0 for any free one (default: 8000)"
    )
    serving.add_argument("--exposed", action="store_true", help="listen also where others can reach it, and use it")
