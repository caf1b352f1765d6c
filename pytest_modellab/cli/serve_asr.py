"""`modellab serve-asr`."""

from __future__ import annotations

import argparse
import sys

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


def run(options: argparse.Namespace) -> int:
    """Load a model of the catalog into this process and serve it until interrupted."""
    if not options.exposed and not guard.is_loopback(options.host):
        raise UsageError(
            f"{options.host} is not a loopback address: anyone who can reach it could use the model, without a"
            " password; --exposed allows that"
        )
    catalog = open_catalog(options)
    model, request = _request(catalog, options.model, options.device)
    target = model.engine_target
    assert target is not None  # the catalog was checked
    engine = engine_class(target)
    try:
        from .streaming_server import StreamingServer, load_engine

        loaded = load_engine(engine, request)
    except ImportError as error:
        raise UsageError(f"{error}; {remedy(engine)}") from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    try:
        with StreamingServer(loaded, model.id, host=options.host, port=options.port, exposed=options.exposed) as server:
            tell(f"{model.id} on {options.device}: {server.url} (Ctrl-C ends it)", flush=True)
            if options.exposed:
                tell("whoever can reach it can use the model", file=sys.stderr, flush=True)
            server.join()
    except ImportError as error:
        raise UsageError(f"{error}; pip install 'pytest-modellab[websocket]'") from None
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"can't listen on {options.host}:{options.port}: {why}; --port 0 takes any") from None
    except KeyboardInterrupt:
        tell("ended", flush=True)
    finally:
        loaded.close()
    return Exit.OK


def _request(catalog: Catalog, name: str, device: str) -> tuple[ModelSpec, LoadRequest]:
    model = catalog.models.get(name)
    if model is None:
        raise UsageError(f"no model `{name}` in the catalog; {suggest(name, catalog.models)}")
    if "streaming" not in model.tasks:
        able = [each.id for each in catalog.models.values() if "streaming" in each.tasks]
        raise UsageError(f"{name} has not the task `streaming`; these have: {', '.join(able) or 'none'}")
    if device not in model.devices:
        raise UsageError(f"{name} is not set up for the device `{device}`; {suggest(device, model.devices)}")
    if model.environment is not None:
        raise UsageError(f"{name} has an environment of its own, which serve-asr can't enter")
    spec = catalog.devices[device]
    folder = local_folder(model, catalog, Store())
    return model, LoadRequest(DeviceRef(spec.kind, spec.index), full_options(model, device), folder)


def add(commands: Commands) -> None:
    """Add the command with its options."""
    serving = commands.add(
        "serve-asr",
        run,
        "Serve a model of the catalog for streaming recognition, by docs/streaming.md.",
        example="serve-asr faster-whisper-tiny.en",
    )
    serving.add_argument("model", metavar="MODEL")
    serving.add_argument("--device", default="cpu", metavar="DEVICE", help="default: cpu")
    serving.add_argument(
        "--host", default="127.0.0.1", metavar="HOST", help="address to listen on (default: 127.0.0.1)"
    )
    serving.add_argument(
        "--port", type=whole(0, 65_535), default=8765, metavar="PORT", help="port; 0 for any free one (default: 8765)"
    )
    serving.add_argument("--exposed", action="store_true", help="listen also where others can reach it, and use it")
