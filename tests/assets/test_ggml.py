"""Whispers written for whisper.cpp: the format, read back by a reader of its own."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ct2_files import SPECIAL, STATE, VOCAB, model_bin, variables, whisper_folder
from numpy.typing import NDArray

from pytest_modellab.assets import convert
from pytest_modellab.assets.convert import WeightsDamaged, ggml, whisper

VOCABULARY = {"!": 0, "a": 1, "Ġthe": 2, "æĹ¥": 3}
"""Letters that stand for bytes: the last token is U+65E5 in UTF-8."""


def source_of(folder: Path, *, single: bool = False, vocabulary: dict[str, int] | None = None) -> Path:
    """A small Whisper; `single`: with weights of float32."""
    content = variables()
    if single:
        content = {name: np.asarray(v, "<f4") if v.dtype == np.float16 else v for name, v in content.items()}
    source = whisper_folder(folder, model_bin(content))
    known = VOCABULARY if vocabulary is None else vocabulary
    added = [{"id": len(known) + i, "content": text} for i, text in enumerate(SPECIAL)]
    model = {"vocab": {**known, SPECIAL[0]: len(known)}}
    (source / "tokenizer.json").write_text(json.dumps({"added_tokens": added, "model": model}), encoding="utf-8")
    return source


def written(source: Path, folder: Path) -> bytes:
    folder.mkdir()
    convert.convert(source, "whisper-cpp", folder)
    return (folder / "ggml-model.bin").read_bytes()


class Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def numbers(self, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}i", self.take(4 * count))

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def tensors(self) -> dict[str, NDArray[Any]]:
        found: dict[str, NDArray[Any]] = {}
        while self.at < len(self.data):
            rank, length, kind = self.numbers(3)
            shape = tuple(reversed(self.numbers(rank)))
            name = self.take(length).decode()
            dtype = np.dtype(["<f4", "<f2"][kind])
            found[name] = np.frombuffer(self.take(int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape)
        return found


@pytest.mark.parametrize("single", [False, True])
def test_it_holds_what_whisper_cpp_reads(tmp_path: Path, single: bool) -> None:
    source = source_of(tmp_path / "source", single=single)
    reader = Reader(written(source, tmp_path / "to"))
    model = whisper.read(source)
    dims = model.dims
    assert reader.numbers(12) == (
        *(0x67676D6C, VOCAB, dims.n_audio_ctx, STATE, 2, 1),
        *(dims.n_text_ctx, STATE, 2, 1, dims.n_mels, int(not single)),
    )
    assert reader.numbers(2) == (dims.n_mels, 201)
    filters = np.frombuffer(reader.take(dims.n_mels * 201 * 4), "<f4")
    assert np.array_equal(filters.reshape(-1, 201), ggml.mel_filters(dims.n_mels).astype("<f4"))
    tokens = [reader.take(reader.numbers(1)[0]) for _ in range(reader.numbers(1)[0])]
    assert tokens == [b"!", b"a", b" the", "\u65e5".encode()]

    found = reader.tensors()
    assert found.keys() == model.tensors.keys()
    assert all(np.array_equal(found[name].squeeze(), values.squeeze()) for name, values in model.tensors.items())
    assert found["encoder.conv1.bias"].shape == (STATE, 1)
    assert found["encoder.conv1.weight"].shape == (STATE, dims.n_mels, 3)
    half = {name for name, values in found.items() if values.dtype == np.float16}
    assert not half if single else "decoder.token_embedding.weight" in half
    assert not {"encoder.positional_embedding", "encoder.conv1.bias", "decoder.ln.weight"} & half


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    source = source_of(tmp_path / "source")
    assert written(source, tmp_path / "a") == written(source, tmp_path / "b")


@pytest.mark.parametrize(
    ("vocabulary", "said"),
    [
        ({}, "has no vocabulary that is numbered from 0"),
        ({"a": 0, "b": 2}, "has no vocabulary that is numbered from 0"),
        ({"a": 0, "\u65e5": 1}, "has a token with .*, which is no byte"),
    ],
)
def test_a_tokenizer_of_another_kind_is_refused(tmp_path: Path, vocabulary: dict[str, int], said: str) -> None:
    with pytest.raises(WeightsDamaged, match=said):
        written(source_of(tmp_path / "source", vocabulary=vocabulary), tmp_path / "to")


def test_what_reads_back_otherwise_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, real = source_of(tmp_path / "source"), Path.read_bytes

    def spoiled(change: Any) -> None:
        monkeypatch.setattr(Path, "read_bytes", lambda path: change(real(path)))

    for number, (change, said) in enumerate(
        (
            (lambda data: data[:-1], "is damaged"),
            (lambda data: data[:-2] + b"\x01\x01", "holds other weights"),
            (lambda data: b"0" + data[1:], "holds other contents"),
        )
    ):
        spoiled(change)
        with pytest.raises(WeightsDamaged, match=said):
            written(source, tmp_path / str(number))


def test_mel_filters_are_slaneys() -> None:
    """Each is a triangle of area 1 in hertz; below 1000 Hz their centres are equally far apart."""
    filters = ggml.mel_filters(80)
    assert filters.shape == (80, 201)
    hertz = np.linspace(0, 8000, 201)
    assert filters[40:].sum(axis=1) * 40 == pytest.approx(1, rel=0.1)
    centres = [hertz[row.argmax()] for row in filters]
    assert centres == sorted(centres)
    assert filters.min() == 0
    # As in `mel_filters.npz` of openai-whisper.
    assert filters[0, :3] == pytest.approx([0, 0.02486259, 0])
    assert filters[79, -3:] == pytest.approx([0.00089752, 0.00044876, 0], rel=1e-4)
