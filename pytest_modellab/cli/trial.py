"""`modellab try` and `modellab bench`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_modellab.catalog import Catalog, load
from pytest_modellab.core.child import run_pytest
from pytest_modellab.reports.comparison import terminal
from pytest_modellab.reports.comparison.compare import compare
from pytest_modellab.reports.comparison.sides import Side
from pytest_modellab.reports.scorecard import kept
from pytest_modellab.reports.scorecard.files import JSON
from pytest_modellab.results.record_files import place_of

from .command import Commands, positive
from .exits import Exit, UsageError
from .place import find_catalog, reports_folder
from .project import texts
from .project.begin import TEXT_HELP, data_files, id_of, recognised
from .project.planned import write
from .project.scratch import Named, named, scratch
from .project.told import language_of, remarks
from .tell import tell, tell_lines

_FOLDER = "try"
"""Below the folder of reports: what is tried out is no run of the project's own cases."""
_MEASURED = (0, 1)
"""Exit codes of pytest after which there are records: 1 says that a test failed."""

Start = Callable[[Sequence[str], Path], int]


def attempt(options: argparse.Namespace, start: Start = run_pytest) -> int:
    """A scorecard of models on recordings that no catalog describes; the exit code is pytest's."""
    return _session(options, [named(each) for each in options.models], start)


def bench(options: argparse.Namespace, start: Start = run_pytest) -> int:
    """The same, then each model compared with the first; 1 where one is worse, or can't be compared."""
    models = [named(each) for each in options.models]
    if len({model.id for model in models}) < max(2, len(models)):
        raise UsageError("give two models or more, each once; with options, ID[beam_size=1], one may be tried twice")
    ended = _session(options, models, start)
    if ended not in _MEASURED:
        return ended
    try:
        sides, lacking = _sides(_reports(options), [model.id for model in models])
    except kept.KeptError as error:
        tell(f"modellab: not compared: {error}", file=sys.stderr)
        return Exit.WRONG
    for each in lacking:
        tell(f"modellab: not compared: {each}", file=sys.stderr)
    if lacking:
        return Exit.WRONG
    compared = compare(sides)
    tell("")
    for line in terminal.render(compared):
        tell_lines(line)
    return Exit.OK if compared.good and ended == 0 else Exit.WRONG


def _sides(reports: Path, models: Sequence[str]) -> tuple[list[Side], list[str]]:
    """The records of each model in the session that has just ended, and what it has none of."""
    sides: list[Side] = []
    lacking: list[str] = []
    rows = kept.read(reports / JSON).rows
    for model in models:
        mine = {f"{row.case.task}/{row.case.device}:{row.case.dataset}": row for row in rows if row.case.model == model}
        lacking += [f"{row.case.id} was not measured: {row.brief_reason}" for row in mine.values() if not row.measured]
        if not mine:
            lacking.append(f"{model} has no case: it shares no language or device with the recordings")
        records = {key: place_of(reports, row.case, row.record) for key, row in mine.items() if row.record is not None}
        sides.append(Side(model, f"{model} in this session", records))
    return sides, lacking


def _reports(options: argparse.Namespace) -> Path:
    return (reports_folder(options) if options.reports is None else Path(options.reports)).resolve() / _FOLDER


def _session(options: argparse.Namespace, models: Sequence[Named], start: Start) -> int:
    own = find_catalog(options)
    reports = _reports(options)
    (reports / JSON).unlink(missing_ok=True)  # what is there afterwards is of this session
    with scratch(own, models) as place:
        id = _data(options, own, place)
        _check(load(place / "lab", place), models, id)
        (place / "pytest.ini").write_text("[pytest]\nmodellab_catalog = lab\n", encoding="utf-8")
        (place / "test_trial.py").write_text(texts.TRIAL, encoding="utf-8")
        arguments = ["-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", "--lab-card=short"]
        arguments += [f"--lab-report={reports}", "--lab-dataset", id, "--lab-device", options.device]
        for model in models:
            arguments += ["--lab-model", model.id]
        if options.max_utterances is not None:
            arguments += ["--lab-max-utterances", str(options.max_utterances)]
        return start([*arguments, *(["--lab-fresh"] if options.fresh else [])], place)


def _check(catalog: Catalog, models: Sequence[Named], id: str) -> None:
    """Refuse models that can't transcribe the recordings. Raises UsageError."""
    language = catalog.datasets[id].language
    for model in (catalog.models[each.id] for each in models):
        if "asr" not in model.tasks:
            raise UsageError(f"{model.id} is for {', '.join(model.tasks)}: it transcribes nothing")
        if not model.speaks(language):
            raise UsageError(
                f"{model.id} speaks {', '.join(model.languages)}, and the recordings are {language}: take another"
                " model, or state their language by --language"
            )


def _data(options: argparse.Namespace, own: Catalog | None, place: Path) -> str:
    """The id of the data, which are a data set of the catalog or are described in a file below `place`."""
    if own is not None and options.data in own.datasets and not Path(options.data).exists():
        raise UsageError(
            f"{options.data} is a data set of the catalog: `pytest --lab-dataset {options.data}"
            f" {' '.join(f'--lab-model {each}' for each in options.models)}` measures it; --data takes recordings"
        )
    found = recognised(options.data, text=options.text)
    for remark in remarks(options.data, found, options.language):
        tell(remark)
    id = id_of(None, found)
    # The whole set, and no part of it for quick runs.
    write(data_files(place / "lab", found, id, language_of(options.language, found))[:1], merge=False)
    return id


def add(commands: Commands) -> None:
    """Add both commands with their options."""
    tried = commands.add(
        "try",
        attempt,
        "A scorecard of models on your recordings, without a catalog, a test or any YAML.",
        example="try faster-whisper-tiny.en --data calls/",
    )
    benched = commands.add(
        "bench",
        bench,
        "Compare models on your recordings, each with the first: what is better, worse, or not told apart.",
        example="bench faster-whisper-base 'faster-whisper-base[beam_size=1]' --data calls/",
    )
    for command in (tried, benched):
        command.add_argument(
            "models",
            nargs="+",
            metavar="MODEL",
            help="ids of the catalog or known ones, also with options: ID[beam_size=1]",
        )
        command.add_argument(
            "--data",
            required=True,
            metavar="PLACE",
            help="a folder of recordings, a file that lists them, or the hub's OWNER/NAME",
        )
        command.add_argument("--language", metavar="TAG", help="of the recordings (default: guessed, and told)")
        command.add_argument("--text", metavar="COLUMN", help=TEXT_HELP)
        command.add_argument("--device", default="cpu", metavar="DEVICE", help="default: cpu")
        command.add_argument(
            "--max-utterances", type=positive, metavar="N", help="only the first N; nothing is graded then"
        )
        command.add_argument("--fresh", action="store_true", help="measure what stands from an earlier run again")
        command.add_argument(
            "--reports", metavar="DIR", help="below which `try` has the records (default: modellab_reports)"
        )
