"""The memory of a server while a level lasts."""

from __future__ import annotations

import threading

import pytest

from pytest_modellab.tasks.load import server_memory
from pytest_modellab.tasks.load.server_memory import ServerMemory


def test_the_highest_of_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_memory, "EVERY_S", 0.001)
    told, seen = iter([3, 9, None, 5]), threading.Event()

    def look() -> int | None:
        found = next(told, 4)
        if found == 5:
            seen.set()
        return found

    with ServerMemory(look) as memory:
        assert seen.wait(5)
    assert memory.highest == 9


def test_it_is_looked_at_once_however_short_the_level_is() -> None:
    with ServerMemory(lambda: 7) as memory:
        pass
    assert memory.highest == 7


@pytest.mark.parametrize("look", [None, lambda: None])
def test_nobody_to_ask(look: None) -> None:
    before = threading.active_count()
    with ServerMemory(look) as memory:
        pass
    assert memory.highest is None
    assert threading.active_count() == before
