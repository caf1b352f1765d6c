"""The machine is held by one timing pass alone, or shared by passes that aren't timed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pytest_modellab.runner.machine import machine


def never() -> None:
    pytest.fail("nobody else holds the machine")


def test_those_that_share_it_wait_for_nobody(tmp_path: Path) -> None:
    with machine(tmp_path / "cache", alone=False, waiting=never), machine(tmp_path, alone=True, waiting=never):
        pass  # another cache is another machine
    with machine(tmp_path, alone=False, waiting=never), machine(tmp_path, alone=False, waiting=never):
        pass
    with machine(tmp_path, alone=True, waiting=never):
        pass


@pytest.mark.parametrize("alone", [(True, False), (False, True), (True, True)])
def test_one_that_has_it_alone_is_waited_for_and_that_is_told_once(tmp_path: Path, alone: tuple[bool, bool]) -> None:
    first, second = alone
    free, told = threading.Event(), []
    order: list[str] = []

    def waits() -> None:
        told.append("waiting")
        threading.Timer(0.5, free.set).start()  # longer than it takes to ask again

    def holds(held: threading.Event) -> None:
        with machine(tmp_path, alone=first, waiting=never):
            held.set()
            free.wait(30)
            order.append("first")

    held = threading.Event()
    thread = threading.Thread(target=holds, args=(held,))
    thread.start()
    assert held.wait(30)
    with machine(tmp_path, alone=second, waiting=waits):
        order.append("second")
    thread.join(30)
    assert order == ["first", "second"]
    assert told == ["waiting"]
