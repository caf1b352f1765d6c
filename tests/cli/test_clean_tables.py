"""`modellab clean` and records with tables: two files are one record."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from labsessions import LabSessions
from pages import spoken
from records import record
from tabled import tables_from

from pytest_modellab.cli import main
from pytest_modellab.results import record_files as stored
from pytest_modellab.results import table
from pytest_modellab.results.record import Record

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    with tables_from(1):
        yield


@pytest.fixture
def reports(sessions: LabSessions) -> Path:
    sessions.ready()
    return sessions.path / "reports"


def written(reports: Path, days: int, made: Record | None = None) -> list[Path]:
    made = made or record()
    created = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
    origin = made.provenance.model_copy(update={"created": created})
    return [*stored.files_of(stored.write(made.model_copy(update={"provenance": origin}), reports))]


def aged(path: Path) -> Path:
    then = time.time() - 2 * 86_400
    os.utime(path, (then, then))
    return path


def test_a_record_goes_with_its_table(reports: Path, capsys: Output) -> None:
    old, new = written(reports, 9), written(reports, 0)
    size = sum(path.stat().st_size for path in (*old, *new))
    assert main(["clean", "--yes", "--keep", "1"]) == 0
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in new)
    assert f"records                     2     {size / 1000:.3g} kB  removed: 1, " in capsys.readouterr().out


def test_a_table_without_a_record_goes_after_a_day(reports: Path) -> None:
    header, left = written(reports, 1)
    header.unlink()
    main(["clean", "--yes"])
    assert left.exists()
    aged(left)
    main(["clean", "--yes"])
    assert not left.exists()


def test_sound_that_a_table_names_stays(reports: Path) -> None:
    written(reports, 0, spoken(reports))
    (sound,) = (reports / "audio").glob("*/*.flac")
    aged(sound)
    main(["clean", "--yes"])
    assert sound.exists()


def test_sound_stays_where_tables_can_not_be_read(
    reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    written(reports, 0, spoken(reports))
    (sound,) = (reports / "audio").glob("*/*.flac")
    aged(sound)
    monkeypatch.setattr(table, "readable", lambda: False)
    main(["clean", "--yes"])
    assert sound.exists()
    assert "what a record names isn't known" in capsys.readouterr().out
