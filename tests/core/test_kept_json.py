from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_modellab.core import kept_json


@pytest.mark.parametrize("content", [{"a": [1, 2.5, None, True]}, [], "é\ud800", 0])
def test_what_was_written_is_read(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "new" / "kept.json"
    kept_json.write(path, content)
    assert kept_json.read(path) == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_was_never_written_is_nothing(tmp_path: Path) -> None:
    assert kept_json.read(tmp_path / "kept.json") is None
    assert kept_json.read(tmp_path) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes().replace(b"good", b"evil")),
        lambda path: path.write_text(json.dumps({"no": "digest"})),
        lambda path: path.chmod(0o620),
        lambda path: path.chmod(0o602),
    ],
    ids=["empty", "cut off", "changed", "no digest", "written by the group", "written by others"],
)
def test_what_is_damaged_or_open_to_others_is_nothing(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    path = tmp_path / "kept.json"
    kept_json.write(path, {"word": "good"})
    spoil(path)
    assert kept_json.read(path) is None


def test_what_json_does_not_know_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        kept_json.write(tmp_path / "kept.json", {"path": tmp_path})
    assert list(tmp_path.iterdir()) == []
