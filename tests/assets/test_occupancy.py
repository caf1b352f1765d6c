"""Who works with a cache, and who may empty it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_modellab.assets.store.occupancy import CacheInUse, Occupant, emptying


def test_a_cache_that_somebody_works_with_is_not_emptied(tmp_path: Path) -> None:
    one, two = Occupant(tmp_path), Occupant(tmp_path)
    for occupant in (one, two):
        with pytest.raises(CacheInUse, match="a session uses the cache"), emptying(tmp_path):
            pass
        occupant.leave()
        occupant.leave()
    with emptying(tmp_path):
        assert [*(tmp_path / "occupants").iterdir()] == []


def test_one_empties_it_at_a_time(tmp_path: Path) -> None:
    with emptying(tmp_path), pytest.raises(CacheInUse), emptying(tmp_path):
        pass
    with emptying(tmp_path):
        pass


def test_what_a_killed_process_left_is_no_occupant(tmp_path: Path) -> None:
    (tmp_path / "occupants").mkdir()
    (tmp_path / "occupants" / "1-ab.lock").touch()
    with emptying(tmp_path):
        assert not (tmp_path / "occupants" / "1-ab.lock").exists()


def test_a_cache_that_cannot_be_written_has_no_occupants(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    Occupant(tmp_path / "cache").leave()
