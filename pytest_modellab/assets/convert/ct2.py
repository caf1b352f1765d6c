"""Reads CTranslate2's `model.bin` with numpy alone.

The format, little-endian throughout; a string is a uint16 length and that many bytes, the last one NUL:
uint32 version, string name, uint32 revision; uint32 count of variables, each a string name, uint8 rank, uint32
dimensions, uint8 type, uint32 bytes and the bytes; uint32 count of aliases, each two strings.
"""

from __future__ import annotations

import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import WeightsDamaged

VERSIONS = range(4, 7)

# By their number in the file. numpy has no bfloat16: it is read as its upper half of a float32.
_TYPES = {0: "<f4", 1: "i1", 2: "<i2", 3: "<i4", 4: "<f2", 5: "<u2"}
_BFLOAT16 = 5


@dataclass(frozen=True)
class Ct2Model:
    """A `model.bin`: the name of its specification and its variables, some of which have other names too."""

    path: Path
    name: str
    variables: dict[str, NDArray[Any]]
    aliases: dict[str, str]

    def tensor(self, name: str) -> NDArray[Any]:
        """A weight as it is stored in float16 or float32; quantised ones as float32. Raises WeightsDamaged."""
        stored = self.aliases.get(name, name)
        if stored not in self.variables:
            raise WeightsDamaged(f"{self.path} holds no `{name}`")
        values = self.variables[stored]
        if values.dtype.kind == "f":
            return values
        scale_name = f"{stored}_scale"
        if values.dtype not in (np.dtype("i1"), np.dtype("<i2")) or scale_name not in self.variables:
            raise WeightsDamaged(f"`{name}` in {self.path} is {values.dtype} without a scale: no weight that is known")
        # int8 has a scale for each output row, int16 one for all; stored is round(weight * scale).
        scale = self.variables[scale_name].astype(np.float32)
        scale = scale.reshape(scale.shape + (1,) * (values.ndim - scale.ndim)) if scale.ndim else scale
        return values.astype(np.float32) / scale

    def number(self, name: str) -> int:
        """A setting that is stored as a variable. Raises WeightsDamaged."""
        if name not in self.variables:
            raise WeightsDamaged(f"{self.path} holds no `{name}`")
        return int(self.variables[name])


def read(path: Path) -> Ct2Model:
    """Read a `model.bin`. Its weights stay on the disk until they are used.

    Raises WeightsDamaged where it is cut off, has something left over, or is of a version that isn't known.
    """
    if path.stat().st_size == 0:
        raise WeightsDamaged(f"{path} is empty")
    with path.open("rb") as stream:
        reader = _Reader(path, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    version = reader.number("I", "its version")
    if version not in VERSIONS:
        known = f"{VERSIONS[0]} to {VERSIONS[-1]} are"
        raise WeightsDamaged(f"{path} is no CTranslate2 model, or of version {version}, which isn't known ({known})")
    name = reader.text("its name")
    reader.number("I", "its revision")
    variables = dict(reader.variable() for _ in range(reader.number("I", "its number of variables")))
    aliases: dict[str, str] = {}
    for _ in range(reader.number("I", "its number of aliases")):
        alias = reader.text("an alias")
        aliases[alias] = reader.text("an alias")
    reader.expect_end()
    return Ct2Model(path, name, variables, aliases)


class _Reader:
    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self._path = path
        self._data = data
        self._at = 0

    def take(self, count: int, what: str) -> int:
        """Where the next `count` bytes begin."""
        start = self._at
        if start + count > len(self._data):
            missing = start + count - len(self._data)
            raise WeightsDamaged(f"{self._path} is cut off in {what}: {missing} bytes are missing")
        self._at += count
        return start

    def number(self, kind: str, what: str) -> int:
        start = self.take(struct.calcsize(kind), what)
        return int(struct.unpack_from(f"<{kind}", self._data, start)[0])

    def text(self, what: str) -> str:
        size = self.number("H", what)
        start = self.take(size, what)
        try:
            return self._data[start : start + size].rstrip(b"\0").decode()
        except UnicodeDecodeError as error:
            raise WeightsDamaged(f"{self._path} is corrupt in {what}, which is no text") from error

    def variable(self) -> tuple[str, NDArray[Any]]:
        name = self.text("the name of a variable")
        what = f"`{name}`"
        shape = tuple(self.number("I", what) for _ in range(self.number("B", what)))
        kind = self.number("B", what)
        size = self.number("I", what)
        if kind not in _TYPES:
            raise WeightsDamaged(f"{self._path} is corrupt in {what}: type {kind} isn't known")
        dtype = np.dtype(_TYPES[kind])
        if math.prod(shape) * dtype.itemsize != size:
            raise WeightsDamaged(f"{self._path} is corrupt in {what}: {size} bytes for {dtype} of shape {shape}")
        start = self.take(size, what)
        values = np.frombuffer(self._data, dtype, math.prod(shape), start).reshape(shape)
        if kind == _BFLOAT16:
            values = (values.astype("<u4") << 16).view("<f4")
        return name, values

    def expect_end(self) -> None:
        if self._at != len(self._data):
            raise WeightsDamaged(f"{self._path} is corrupt: {len(self._data) - self._at} bytes are left over")
