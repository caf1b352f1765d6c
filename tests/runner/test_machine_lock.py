"""The machine is held by one timing pass alone, or shared by passes that aren't timed."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from pathlib import Path

import pytest

from pytest_modellab.runner.machine import machine


def never(_: str) -> None:
    pytest.fail("nobody else holds the machine")


def test_those_that_share_it_wait_for_nobody(tmp_path: Path) -> None:
    with (
        machine(tmp_path / "cache", alone=False, what="asr/a:cpu:b", waiting=never),
        machine(tmp_path, alone=True, what="asr/a:cpu:b", waiting=never),
    ):
        pass  # another cache is another machine
    with (
        machine(tmp_path, alone=False, what="asr/a:cpu:b", waiting=never),
        machine(tmp_path, alone=False, what="asr/a:cpu:b", waiting=never),
    ):
        pass
    with machine(tmp_path, alone=True, what="asr/a:cpu:b", waiting=never):
        pass


@pytest.mark.parametrize("alone", [(True, False), (False, True), (True, True)])
def test_one_that_has_it_alone_is_waited_for_and_that_is_told_once(tmp_path: Path, alone: tuple[bool, bool]) -> None:
    first, second = alone
    free, told = threading.Event(), []
    order: list[str] = []

    def waits(line: str) -> None:
        told.append(line)
        threading.Timer(0.5, free.set).start()  # longer than it takes to ask again

    def holds(held: threading.Event) -> None:
        with machine(tmp_path, alone=first, what="asr/a:cpu:b", waiting=never):
            held.set()
            free.wait(30)
            order.append("first")

    held = threading.Event()
    thread = threading.Thread(target=holds, args=(held,))
    thread.start()
    assert held.wait(30)
    with machine(tmp_path, alone=second, what="asr/a:cpu:b", waiting=waits):
        order.append("second")
    thread.join(30)
    assert order == ["first", "second"]
    kind = " alone" if first else ""
    (line,) = told
    assert re.fullmatch(
        rf"waiting for the machine: process {os.getpid()} has it{kind} for asr/a:cpu:b, since \d\d:\d\d \(0 min\)", line
    )
    assert not list((tmp_path / "machine-holders").iterdir())


def test_notes_of_dead_processes_and_of_others_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "machine-holders"
    folder.mkdir()
    dead = folder / "1-a.json"
    dead.write_text(json.dumps({"process": 2**22 - 1, "started": 1.0, "what": "x", "alone": True, "since": 1.0}))
    (folder / "2-b.json").write_text("no json")
    held = threading.Event()
    told: list[str] = []

    def holds() -> None:
        with machine(tmp_path, alone=True, what="\x1b[31mred", waiting=never):
            held.set()
            time.sleep(0.6)

    thread = threading.Thread(target=holds)
    thread.start()
    assert held.wait(30)
    with machine(tmp_path, alone=False, what="y", waiting=told.append):
        pass
    thread.join(30)
    (line,) = told
    assert "\x1b" not in line
    assert line.count("process ") == 1
    assert not dead.exists()


def test_a_note_that_can_not_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "machine-holders").write_text("a file")
    with machine(tmp_path, alone=True, what="x", waiting=never):
        pass
