"""A session that is killed at thirty random moments, and goes on each time, ends where an undisturbed one ends."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from fakelab import FakeLab

from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import canonical, read
from pytest_modellab.runner import journal

KILLS = 30
COMMAND = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]


class Chaos:
    """A lab whose one case takes some seconds, and the answers that must never be lost again."""

    def __init__(self, lab: FakeLab) -> None:
        lab.texts = [f"clip number {i}" for i in range(50)]
        lab.ready(delay_s=0.04)
        self.lab = lab
        self.reports = lab.path / "reports"
        self.kept: set[str] = set()
        self.midway = 0
        """How many kills met a session that had answers and no record yet."""

    def undisturbed(self) -> tuple[dict[str, Any], float]:
        """The record of a whole session in canonical form, and how many seconds that takes here."""
        start = time.monotonic()
        subprocess.run(COMMAND, cwd=self.lab.path, check=True, capture_output=True)
        seconds = time.monotonic() - start
        form = canonical(self.record())
        self.begin_anew()
        return form, seconds

    def begin_anew(self) -> None:
        shutil.rmtree(self.reports)
        self.kept = set()

    def killed_after(self, seconds: float, *, at_work: bool) -> None:
        """Start a session and kill it after `seconds`, counted from its first answer where it is to be `at_work`."""
        session = subprocess.Popen(
            COMMAND, cwd=self.lab.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        while at_work and session.poll() is None and self.answered() == self.kept:
            time.sleep(0.01)
        time.sleep(seconds)
        # The session alone: its workers have to notice by themselves.
        session.send_signal(signal.SIGKILL)
        session.wait()

    def answered(self) -> set[str]:
        """The utterances with an answer in some journal, by id."""
        try:
            rows = [row for path in self.reports.glob("sessions/*/*.jsonl") for row in journal.read(path).rows]
        except FileNotFoundError:  # a session ended just now, and its folder went
            return self.answered()
        return {row["utterance"] for row in rows if "utterance" in row}

    def check_journals(self) -> None:
        """Every journal of a killed session is whole but for its last line."""
        for path in self.reports.glob("sessions/*/*.jsonl"):
            assert journal.read(path).damaged == 0, f"{path} is damaged in the middle"

    def records(self) -> list[Path]:
        return list((self.reports / "runs").rglob("*.json"))

    def record(self) -> Record:
        (path,) = self.records()
        return read(path)

    def look(self) -> None:
        """No answer that was there before is gone, unless the record has it."""
        if self.records():
            return
        self.check_journals()
        now = self.answered()
        assert self.kept <= now, f"lost: {sorted(self.kept - now)}"
        self.midway += bool(now)
        self.kept = now

    def processes(self) -> list[str]:
        """What still runs of any session of this lab."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.cwd() == str(self.lab.path) and process.pid != os.getpid():
                    found.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return found


@pytest.mark.nightly(
    "tests/runner/test_resume.py::test_the_next_session_goes_on_where_the_processes_of_one_were_killed"
)
def test_thirty_kills_lose_nothing(lab: FakeLab) -> None:
    chaos = Chaos(lab)
    whole, seconds = chaos.undisturbed()
    moments = random.Random(5)
    for kill in range(KILLS):
        # On a slow machine most of a session is its start; every other kill waits until that is over.
        at_work = kill % 2 == 1
        chaos.killed_after(
            moments.uniform(0, 0.5) if at_work else seconds * moments.uniform(0.05, 0.8), at_work=at_work
        )
        chaos.look()
        if chaos.records():
            # It got through between two kills: as good as any, and the next kills meet a new run.
            assert canonical(chaos.record()) == whole
            chaos.begin_anew()
    assert chaos.midway >= KILLS // 3, "too few kills met a session at work"

    heard = len(lab.clips_heard())
    kept = len(chaos.kept)
    done = subprocess.run(COMMAND, cwd=lab.path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    record = chaos.record()
    assert canonical(record) == whole
    # Where the last kill came after the last answer, that session's facts stand: it took over what it found.
    assert record.provenance.resumed == kept or kept == len(lab.texts)
    # The call that warms up, and each clip that had no answer yet.
    assert len(lab.clips_heard()) - heard <= len(lab.texts) - kept + 1

    assert not list((chaos.reports / "sessions").iterdir())
    end = time.monotonic() + 10
    while chaos.processes() and time.monotonic() < end:
        time.sleep(0.1)
    assert chaos.processes() == []
    card = json.loads((chaos.reports / "scorecard.json").read_text())
    assert card["partial"] is None
    assert [row["status"] for row in card["rows"]] == ["pass"]
