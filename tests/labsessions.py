"""Sessions of the plugin without pytest: the cases of a fake catalog are run, judged and graded."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from configs import parsed
from fakelab import FakeCatalog
from quietness import quiet

from pytest_modellab.catalog.cases import Case
from pytest_modellab.plugin import options
from pytest_modellab.plugin.options import Config
from pytest_modellab.plugin.scorecard import finish
from pytest_modellab.plugin.session import LabSession, Tests, open_catalog
from pytest_modellab.results.verdicts import Run

NOBODY: Any = lambda name: None  # noqa: E731  # no plugin of pytest is there


def lab_session(config: Config, id: str = "s", **more: Any) -> LabSession:
    """The one process of a session."""
    catalog, cases = open_catalog(config)
    told = {"parallel": False, "own": True, "dry": False, "plugin": NOBODY, **more}
    return LabSession(config=config, catalog=catalog, cases=cases, session_id=id, **told)


ASSERTED = ("wer", "success_rate")
"""Metrics that the suite of a fake lab holds to their limits."""


def measured(lab: LabSession, cases: Iterable[Case] | None = None, asserted: Sequence[str] = ASSERTED) -> None:
    """Run the cases, and hold their figures to the limits, the success rate to 1.0."""
    chosen = list(lab.cases if cases is None else cases)
    lab.session.note_plan([case.key for case in chosen])
    lab.runner.expect(chosen)
    for case in chosen:
        outcome = lab.runner.run(case)
        tests = lab.tests.setdefault(case.key, Tests())
        if outcome.record is None:
            continue
        run = Run(outcome.record, "pytest", lambda verdict: None)
        for metric in asserted:
            figure = getattr(run, metric)
            passed = figure >= 1.0 if metric == "success_rate" else figure <= getattr(lab.limits(case), metric)
            if not passed:
                tests.failed.append(f"test_suite.py::test_{metric}[{case.id}]")
        tests.verdicts.extend(asdict(verdict) for verdict in run.verdicts)


def stand_in(command: Sequence[str], folder: Path, silent: bool, asserted: Sequence[str] = ASSERTED) -> int:
    """A session of pytest, of these arguments: its exit code. Its times count, however busy the machine is.

    The whole scorecard is printed, unless they say otherwise.
    """
    if not any(argument.startswith("--lab-card") for argument in command):
        command = ["--lab-card=full", *command]
    with pytest.MonkeyPatch.context() as patched, parsed(folder, *command, ini=None) as config:
        quiet(patched)
        lab = lab_session(options.read(config), id=secrets.token_hex(4))
        try:
            measured(lab, asserted=asserted)
        finally:
            lab.runner.close()
        failed = any(tests.failed for tests in lab.tests.values())
        return finish(lab, pytest.ExitCode.TESTS_FAILED if failed else pytest.ExitCode.OK)


class LabSessions(FakeCatalog):
    """Writes a catalog, and has sessions of it without pytest; they end as one of pytest does, in a scorecard."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.reports = path / "reports"
        self.ini()

    def ini(self, *lines: str) -> None:
        """Write the ini file; a page takes longer than such a session does, and is made where it is asked for."""
        told = lines or ("modellab_page = false",)
        text = "\n".join(["[pytest]", "modellab_catalog = lab", *told, ""])
        (self.path / "pytest.ini").write_text(text, encoding="utf-8")

    def session(self, *arguments: str, asserted: Sequence[str] = ASSERTED) -> int:
        """The exit code of a session with these arguments. Engines run in this process unless an executor is named."""
        executor = () if any("executor" in each for each in arguments) else ("--lab-inprocess",)
        return stand_in([*executor, *arguments], self.path, True, asserted)

    def scorecard(self) -> dict[str, Any]:
        card: dict[str, Any] = json.loads((self.reports / "scorecard.json").read_text(encoding="utf-8"))
        return card
