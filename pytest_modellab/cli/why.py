"""`modellab why`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pytest_modellab.assets.store import Store, StoreError
from pytest_modellab.catalog.cases import Case, Selection
from pytest_modellab.catalog.datasets import DatasetError
from pytest_modellab.catalog.environments import NOT_THERE
from pytest_modellab.catalog.streaming_choice import plan_here
from pytest_modellab.core.console import printable
from pytest_modellab.results import input_changes
from pytest_modellab.results.verdicts import Limits
from pytest_modellab.runner import reuse
from pytest_modellab.runner.job import Settings
from pytest_modellab.runner.outside import why_always
from pytest_modellab.runner.runner import Runner
from pytest_modellab.runner.session import Session
from pytest_modellab.runner.standing import again

from .command import Commands
from .configuration import configuration
from .exits import UsageError
from .place import chosen, open_catalog, reports_folder
from .tell import tell_lines


def run(options: argparse.Namespace) -> int:
    """Print for each case whether its record can be reused, else which input changed. 1 where one would be run."""
    catalog = open_catalog(options)
    # A model that is named is in every tier; here all are, so that any may be asked for.
    planned, wrong = plan_here(catalog, Selection(models=[*catalog.models]))
    if wrong:
        raise UsageError("\n".join(wrong))
    cases = {case.id: case for case in planned}
    days = _days(configuration().text("modellab_speed_age_days"))
    standing = True
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(catalog, Session(Path(folder), "why", own=False), Settings(speed_age_days=days))
        runner.store = Store(fetching=False)
        try:
            for case in chosen("case", options.cases, cases):
                lines = list(_explain(runner, case, reports_folder(options)))
                standing &= lines[0].startswith("unchanged")
                tell_lines("\n  ".join(printable(line) for line in [f"{case.id}: {lines[0]}", *lines[1:]]))
        finally:
            runner.close()
    return 0 if standing else 1


def _days(text: str | None) -> float:
    try:
        return Settings.speed_age_days if text is None else float(text)
    except ValueError:
        raise UsageError(f"modellab_speed_age_days: expected a number of days, found {text!r}") from None


def _explain(runner: Runner, case: Case, reports: Path) -> Iterator[str]:
    room = runner.environments.state(case.model)
    if room.endswith(NOT_THERE):
        yield f"can't be told: its environment is {room}"
        return
    try:
        if (reason := runner.absent(case)) is not None:
            yield f"can't be run here: {reason}"
            return
        dataset, order = runner.dataset(case), runner.order(case)
    except (StoreError, DatasetError) as error:
        yield f"can't be told: {str(error).splitlines()[0]}"
        return
    inputs = runner.inputs(case, dataset, order)
    wanted = runner.wanted(case, dataset, inputs)
    if (always := why_always(case, dataset, order, runner)) is not None:
        yield f"run in every session: {always}"
        return
    found = reuse.find(reports, wanted)
    if found is not None and found.scored_otherwise:
        record, path = found.record, found.path
        anew = again(record, case, dataset, wanted)
        if anew is not None and not Limits(anew.case, runner.catalog.limits, runner.catalog.shown).in_doubt(anew):
            yield f"unchanged since {reuse.since(record)}; its answers in {path} are scored again, the model isn't run"
            yield "scoring: other code, terms, rules or prices"
            return
    if found is not None and not found.scored_otherwise:
        record, path = found.record, found.path
        if Limits(record.case, runner.catalog.limits, runner.catalog.shown).in_doubt(record):
            yield f"run, for what may have slowed it kept a limit from being judged by {path}"
            return
        yield f"unchanged since {reuse.since(record)}; answered from {path}"
        return
    damaged: list[str] = []
    last = reuse.last(reports, case, damaged)
    if last is None:
        yield f"run, for {'its record is damaged:' if damaged else 'there is no record of it'}"
        yield from damaged
        return
    record, path = last
    changes = list(input_changes.changes(record.provenance.inputs, inputs))
    yield f"run, for {path} is not of this:"
    yield from changes or [reuse.why_not(record, wanted) or "its values can't be computed again from it alone"]
    yield from (f"passed over, for it is damaged: {text}" for text in damaged)


def add(commands: Commands) -> None:
    """Add the command with its options."""
    cause = commands.add(
        "why",
        run,
        "Say whether a case's record still stands, and if not, which input has changed.",
        example="why faster-whisper-base:cpu:smoke-en",
    )
    cause.add_argument("cases", nargs="+", metavar="CASE", help="ids or globs, model:device:dataset")
    cause.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
