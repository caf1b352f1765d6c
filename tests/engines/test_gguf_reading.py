"""A GGUF file is read once while transformers reads it several times, and as before afterwards."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from pytest_modellab.engines.gguf_reading import read_once


@pytest.fixture
def fake_gguf(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A fake of the package: it counts what it does."""
    module = SimpleNamespace(read=[], named=[])
    module.GGUFReader = lambda path: module.read.append(path) or object()
    module.get_tensor_name_map = lambda arch, blocks: module.named.append((arch, blocks)) or object()
    monkeypatch.setitem(sys.modules, "gguf", module)
    return module


def test_a_file_and_its_names_are_made_once(fake_gguf: SimpleNamespace) -> None:
    with read_once():
        first, again, other = (fake_gguf.GGUFReader(path) for path in ("a", "a", "b"))
        names = {id(fake_gguf.get_tensor_name_map(1, 30)) for _ in range(3)}
    assert first is again
    assert first is not other
    assert fake_gguf.read == ["a", "b"]
    assert len(names) == 1
    assert fake_gguf.named == [(1, 30)]


def test_afterwards_it_is_as_it_was(fake_gguf: SimpleNamespace) -> None:
    before = vars(fake_gguf).copy()
    with read_once():
        pass
    assert vars(fake_gguf) == before
    with pytest.raises(OSError, match="no file"), read_once():
        raise OSError("no file")
    assert vars(fake_gguf) == before
