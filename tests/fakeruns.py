"""Runs of a fake catalog's cases by a Runner, as a session of pytest makes them, but without one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakelab import FakeCatalog

from pytest_modellab.catalog import load
from pytest_modellab.catalog.cases import EVERYTHING, Case, Selection
from pytest_modellab.catalog.streaming_choice import plan_here
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read
from pytest_modellab.runner.executor import IN_PROCESS, LOCAL
from pytest_modellab.runner.job import Settings
from pytest_modellab.runner.outcome import Outcome
from pytest_modellab.runner.progress import NoProgress, Progress
from pytest_modellab.runner.runner import Runner
from pytest_modellab.runner.session import Session


class FakeRuns(FakeCatalog):
    """Writes a catalog and runs its cases: in this process, unless `executor` is another one."""

    executor = IN_PROCESS

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.reports = path / "reports"

    def commanded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Run commands in the catalog's repository; records are as theirs, of workers in processes of their own."""
        (self.path / "pytest.ini").write_text("[pytest]\nmodellab_catalog = lab\nmodellab_page = false\n")
        monkeypatch.chdir(self.path)
        self.executor = LOCAL

    def cases(self, selection: Selection = EVERYTHING) -> list[Case]:
        """The cases of the catalog as it is now, and as environment variables have it."""
        cases, problems = plan_here(load(self.catalog, self.path), selection)
        assert not problems
        return cases

    def case(self) -> Case:
        """The one case there is."""
        (case,) = self.cases()
        return case

    @contextmanager
    def session(
        self, *, whole: bool = True, progress: Progress | None = None, in_doubt: Any = None, **settings: Any
    ) -> Iterator[Runner]:
        """The Runner of a session, which ends as one that was broken off where it is interrupted, or not `whole`."""
        catalog = load(self.catalog, self.path)
        session = Session(self.reports, secrets.token_hex(4), own=True)
        told = {"in_doubt": in_doubt} if in_doubt else {}
        runner = Runner(catalog, session, Settings(**{"executor": self.executor, **settings}), progress, **told)
        if isinstance(progress, StopsAt):
            progress.session = session
        try:
            yield runner
        except KeyboardInterrupt:
            whole = False
            raise
        finally:
            runner.close()
            session.end(whole=whole)

    def run(self, **options: Any) -> dict[str, Outcome]:
        """The outcome of each case, by its id, of a session of its own; options as `session` has them."""
        cases = self.cases()
        with self.session(**options) as runner:
            runner.expect(cases)
            return {case.id: runner.run(case) for case in cases}

    def outcome(self, **options: Any) -> Outcome:
        """The outcome of the one case, of a session of its own."""
        (outcome,) = self.run(**options).values()
        return outcome

    def measured(self, **options: Any) -> Record:
        """The record of the one case as it is stored, of a session of its own."""
        outcome = self.outcome(**options)
        assert outcome.path is not None, outcome
        return read(outcome.path)


class StopsAt(NoProgress):
    """A progress that tells its session to stop after so many answers, as Ctrl-C in another process of it does."""

    def __init__(self, answers: int) -> None:
        self.answers = answers
        self.session: Session | None = None

    def advance(self, case: Case, done: int, total: int, audio_left_s: float, wer: float | None) -> None:
        if done == self.answers and self.session is not None:
            self.session.stop()


class Said(NoProgress):
    """A progress that keeps what it was told."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.counts: list[tuple[int, int]] = []
        self.error_rates: list[float | None] = []

    def say(self, case: Case, text: str) -> None:
        self.texts.append(text)

    def advance(self, case: Case, done: int, total: int, audio_left_s: float, wer: float | None) -> None:
        self.counts.append((done, total))
        self.error_rates.append(wer)
