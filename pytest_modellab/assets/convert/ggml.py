"""Writes the file that whisper.cpp loads, `ggml-model.bin`, with numpy alone.

The format, little-endian throughout, every number an int32 unless stated: the magic number, ten dimensions and the type
of the weights (0 float32, 1 float16); the mel filters: rows, columns, and values of float32; the number of tokens, each
with its length and bytes; then every tensor: rank, length of its name, type, dimensions with the innermost first, name,
values.
As described by whisper.cpp's `models/README.md` and `models/convert-pt-to-ggml.py`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from . import whisper
from .errors import WeightsDamaged
from .whisper import Tensors, Whisper

FILE = "ggml-model.bin"
MAGIC = 0x67676D6C
RATE = 16_000
FFT = 400
_TYPES = (np.dtype("<f4"), np.dtype("<f2"))
"""Of tensors, by their number in the file."""
_COLUMNS = frozenset({"encoder.conv1.bias", "encoder.conv2.bias"})
"""Added to a matrix by row: whisper.cpp wants them of shape (n, 1)."""
_ALWAYS_FLOAT32 = _COLUMNS | {"encoder.positional_embedding", "decoder.positional_embedding"}
"""Beside all of one dimension."""


def write(source: Path, folder: Path) -> None:
    """Write `ggml-model.bin` into `folder`, read it back and compare. Raises WeightsDamaged."""
    model = whisper.read(source)
    half = all(values.dtype == np.float16 for values in model.tensors.values() if values.ndim > 1)
    tensors = {name: _as_stored(name, values, half=half) for name, values in model.tensors.items()}
    head = _head(model, half=half)
    file = folder / FILE
    with file.open("wb") as stream:
        stream.write(head)
        for name, values in tensors.items():
            _put(stream, name, values)
    _check(file, head, tensors)


def _as_stored(name: str, values: NDArray[Any], *, half: bool) -> NDArray[Any]:
    if name in _COLUMNS:
        values = values.reshape(-1, 1)
    wide = not half or values.ndim < 2 or name in _ALWAYS_FLOAT32
    return np.ascontiguousarray(values, dtype=_TYPES[0 if wide else 1])


def _head(model: Whisper, *, half: bool) -> bytes:
    """All that stands before the tensors."""
    dims = model.dims
    numbers = (
        *(MAGIC, dims.n_vocab),
        *(dims.n_audio_ctx, dims.n_audio_state, dims.n_audio_head, dims.n_audio_layer),
        *(dims.n_text_ctx, dims.n_text_state, dims.n_text_head, dims.n_text_layer),
        *(dims.n_mels, int(half)),
    )
    filters = mel_filters(dims.n_mels)
    tokens = _tokens(model)
    return b"".join(
        (
            struct.pack("<12i", *numbers),
            struct.pack("<2i", *filters.shape),
            filters.astype("<f4").tobytes(),
            struct.pack("<i", len(tokens)),
            *(struct.pack("<i", len(token)) + token for token in tokens),
        )
    )


def mel_filters(count: int) -> NDArray[np.float64]:
    """Triangular filters of equal area on Slaney's mel scale, shape (count, 201), as Whisper was trained with."""
    edges = _hertz(np.linspace(0, _mels(RATE / 2), count + 2))
    widths = np.diff(edges)[:, None]
    distances = edges[:, None] - np.linspace(0, RATE / 2, FFT // 2 + 1)
    triangles = np.maximum(0, np.minimum(-distances[:-2] / widths[:-1], distances[2:] / widths[1:]))
    return np.asarray(triangles * 2 / (edges[2:] - edges[:-2])[:, None])


# Slaney's scale is linear up to 1000 Hz, which is 15 mel, and logarithmic above: a factor of 6.4 in 27 mel.
_BREAK_HZ, _BREAK_MEL, _STEP = 1000.0, 15.0, math.log(6.4) / 27


def _mels(hertz: float) -> float:
    if hertz < _BREAK_HZ:
        return hertz * _BREAK_MEL / _BREAK_HZ
    return _BREAK_MEL + math.log(hertz / _BREAK_HZ) / _STEP


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    logarithmic = _BREAK_HZ * np.exp((mels - _BREAK_MEL) * _STEP)
    return np.where(mels < _BREAK_MEL, mels * _BREAK_HZ / _BREAK_MEL, logarithmic)


def _tokens(model: Whisper) -> list[bytes]:
    """The bytes of all tokens but the special ones, which whisper.cpp knows. Raises WeightsDamaged."""
    found = {id: text for text, id in model.vocabulary.items() if text not in model.special_tokens}
    if not found or sorted(found) != list(range(len(found))):
        raise WeightsDamaged(f"{model.folder / 'tokenizer.json'} has no vocabulary that is numbered from 0")
    letters = _byte_letters()
    try:
        return [bytes(letters[letter] for letter in found[id]) for id in range(len(found))]
    except KeyError as error:
        raise WeightsDamaged(f"{model.folder / 'tokenizer.json'} has a token with {error}, which is no byte") from error


def _byte_letters() -> dict[str, int]:
    """The bytes by the letters that stand for them in a byte-level vocabulary, as of GPT-2.

    Printable ones of Latin-1 stand for themselves; the others, in order, are U+0100 and those after it.
    """
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = sorted(set(range(256)) - set(plain))
    return {chr(byte): byte for byte in plain} | {chr(256 + place): byte for place, byte in enumerate(others)}


def _put(stream: BinaryIO, name: str, values: NDArray[Any]) -> None:
    label = name.encode()
    stream.write(struct.pack("<3i", values.ndim, len(label), _TYPES.index(values.dtype)))
    stream.write(struct.pack(f"<{values.ndim}i", *reversed(values.shape)))
    stream.write(label)
    stream.write(values.tobytes())


def _check(file: Path, head: bytes, tensors: Tensors) -> None:
    """Raise WeightsDamaged unless the file holds exactly that."""
    data = file.read_bytes()
    try:
        found = dict(_taken(data, len(head)))
    except (struct.error, IndexError, ValueError) as error:
        raise WeightsDamaged(f"{file} is damaged: {error}") from error
    if not data.startswith(head) or list(found) != list(tensors):
        raise WeightsDamaged(f"{file} holds other contents than were written")
    if not all(np.array_equal(found[name], values) for name, values in tensors.items()):
        raise WeightsDamaged(f"{file} holds other weights than were written")


def _taken(data: bytes, at: int) -> Iterator[tuple[str, NDArray[Any]]]:
    """The tensors in `data` from byte `at` on."""
    while at < len(data):
        rank, length, kind = struct.unpack_from("<3i", data, at)
        shape = struct.unpack_from(f"<{rank}i", data, at + 12)[::-1]
        name_at = at + 12 + 4 * rank
        values_at = name_at + length
        count = math.prod(shape)
        values = np.frombuffer(data, _TYPES[kind], count, values_at).reshape(shape)
        yield data[name_at:values_at].decode(), values
        at = values_at + values.nbytes
