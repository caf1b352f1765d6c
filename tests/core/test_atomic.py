"""Files that are written whole or not at all, with the mode that any new file has."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from records import record

from pytest_modellab.core.atomic import replacing, write_text
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.reports.scorecard import files
from pytest_modellab.reports.scorecard.build import build
from pytest_modellab.results import record_files


def sound(folder: Path) -> Path:
    kept = AudioArtifacts(folder)
    return kept.path(kept.keep(np.zeros(100, np.float32), 16_000))


def card(folder: Path) -> Path:
    files.write(build("s", [], partial=None), folder, with_page=True)
    return folder / files.JSON


WRITTEN: dict[str, Callable[[Path], Path]] = {
    "text": lambda folder: write_text(folder / "a.md", "x") or folder / "a.md",  # type: ignore[func-returns-value]
    "record": lambda folder: record_files.write(record(), folder),
    "sound": sound,
    "scorecard": card,
    "page": lambda folder: card(folder).with_name("scorecard.html"),
}


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
@pytest.mark.parametrize("name", WRITTEN)
def test_what_people_share_has_the_umasks_mode(tmp_path: Path, name: str, umask: int) -> None:
    before = os.umask(umask)
    try:
        path = WRITTEN[name](tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    assert not list(tmp_path.rglob("*.tmp"))


def test_what_could_not_be_written_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")

    def broken_off() -> None:
        with replacing(path) as file:
            file.write(b"new")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        broken_off()
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "old"
