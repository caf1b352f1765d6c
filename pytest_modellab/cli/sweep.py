"""`modellab sweep`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_modellab.catalog.base import TASKS, TIERS
from pytest_modellab.catalog.catalog import Catalog
from pytest_modellab.catalog.errors import suggest
from pytest_modellab.catalog.specs import ModelSpec
from pytest_modellab.catalog.variant_spec import JOIN
from pytest_modellab.catalog.variants import expanded
from pytest_modellab.core.child import run_pytest
from pytest_modellab.reports.sweep import markdown, sweep, text
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import RecordError, read
from pytest_modellab.results.record_header import headers

from .command import Commands, new_file, positive, refuse_unused
from .exits import Exit, UsageError
from .output import put
from .place import open_catalog, reports_folder
from .tell import tell

FORMATS = ("text", "markdown")


def run(options: argparse.Namespace, start: Callable[[Sequence[str], Path], int] = run_pytest) -> int:
    """Show what the variants of a model cost; 1 where one of them was not run, or can't be compared."""
    if not options.run_models:
        refuse_unused(options, {"max_utterances": "what --run runs"})
    catalog = open_catalog(options)
    model = _model(catalog, options.model)
    task = _task(catalog, model, options.data)
    if options.device not in model.devices:
        raise UsageError(f"{model.id} has no device `{options.device}`; {suggest(options.device, model.devices)}")
    reports = reports_folder(options).resolve()
    if options.run_models:
        ended = start(_session(options, task, catalog.folder, reports), catalog.base)
        if ended not in (0, 1):  # 1: tests failed, such as a limit's
            tell(f"modellab sweep: the session ended with {ended}, no table", file=sys.stderr)
            return Exit.WRONG
    damaged: list[str] = []
    found = sweep(model, _newest(reports, task, options, damaged))
    lines = (markdown if options.format == "markdown" else text)(found)
    lines += [f"passed over: {each}" for each in damaged]
    put("".join(f"{line}\n" for line in lines), options.output)
    return Exit.OK if all(each.record is not None and not each.refused for each in found) else Exit.WRONG


def _model(catalog: Catalog, id: str) -> ModelSpec:
    varied = [model.id for model in catalog.models.values() if model.variants]
    model = catalog.models.get(id)
    if model is None or not model.variants:
        why = "no model" if model is None else "no `variants:` in the spec of"
        raise UsageError(f"{why} `{id}`; {suggest(id, varied)}")
    return model


def _task(catalog: Catalog, model: ModelSpec, name: str) -> str:
    """The first task that the data set, the model and all of its variants have."""
    dataset = catalog.datasets.get(name)
    if dataset is None:
        raise UsageError(f"no data set `{name}`; {suggest(name, catalog.datasets)}")
    common = set(dataset.tasks).intersection(model.tasks, *(variant.tasks for _, variant in expanded(model)))
    for task in TASKS:
        if task in common:
            return task
    raise UsageError(f"{model.id} and its variants do nothing with {name}, which is for {', '.join(dataset.tasks)}")


def _session(options: argparse.Namespace, task: str, catalog: Path, reports: Path) -> list[str]:
    """What follows `pytest` for a session of the model, its variants and the data set."""
    command = ["-q", "--tb=no", "-m", f"{task} and ({' or '.join(TIERS)})"]
    command += ["-o", f"modellab_catalog={catalog}", f"--lab-report={reports}"]
    command += ["--lab-model", options.model, "--lab-model", f"{options.model}{JOIN}*"]
    command += ["--lab-dataset", options.data, "--lab-device", options.device]
    return command + (["--lab-max-utterances", str(options.max_utterances)] if options.max_utterances else [])


def _newest(reports: Path, task: str, options: argparse.Namespace, damaged: list[str]) -> dict[str, Record]:
    """The newest whole record of each model, by its id."""
    paths: dict[str, Path] = {}
    for path, header in headers(reports, damaged):
        case = header.case
        if (case.task, case.device, case.dataset) == (task, options.device, options.data) and header.shard is None:
            paths.setdefault(case.model, path)
    found: dict[str, Record] = {}
    for model, path in paths.items():
        if model == options.model or model.startswith(f"{options.model}{JOIN}"):
            try:
                found[model] = read(path)
            except RecordError as error:
                damaged.append(str(error))
    return found


def add(commands: Commands) -> None:
    """Add the command with its options."""
    swept = commands.add(
        "sweep",
        run,
        "Show what the variants of a model cost: errors against the model's own, speed, memory.",
        example="sweep faster-whisper-base --data prompts-en",
    )
    swept.add_argument("model", metavar="MODEL", help="id of a model with `variants:` in its spec")
    swept.add_argument("--data", required=True, metavar="SET", help="id of a data set")
    swept.add_argument("--device", default="cpu", metavar="DEVICE", help="id of a device (default: cpu)")
    swept.add_argument(
        "--run", dest="run_models", action="store_true", help="run them first (default: read the newest records)"
    )
    swept.add_argument(
        "--max-utterances", type=positive, metavar="N", help="with --run: only the first N utterances of the data set"
    )
    swept.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    swept.add_argument("-o", "--output", type=new_file, metavar="FILE", help="default: standard output")
    swept.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
