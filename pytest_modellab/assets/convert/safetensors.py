"""The safetensors format, written and read with numpy alone, so that the session needs no other library for it.

uint64 length of the header, the header as JSON (name -> type, shape, begin and end in what follows), the bytes.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import WeightsDamaged

_NAMES = {"<f4": "F32", "<f2": "F16"}


def write(path: Path, tensors: dict[str, NDArray[Any]]) -> None:
    """Write float16 and float32 tensors. The same tensors give the same bytes."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, values in sorted(tensors.items()):
        header[name] = {
            "dtype": _NAMES[values.dtype.str],
            "shape": list(values.shape),
            "data_offsets": [at, at + values.nbytes],
        }
        at += values.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that what follows is aligned
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        for _, values in sorted(tensors.items()):
            stream.write(np.ascontiguousarray(values).tobytes())


def read(path: Path) -> dict[str, NDArray[Any]]:
    """Every tensor of a file that `write` wrote. Raises WeightsDamaged."""
    types = {name: np.dtype(dtype) for dtype, name in _NAMES.items()}
    data = path.read_bytes()
    try:
        size = struct.unpack_from("<Q", data)[0]
        header = json.loads(data[8 : 8 + size])
        header.pop("__metadata__")
        body = memoryview(data)[8 + size :]
        return {
            name: np.frombuffer(body[slice(*each["data_offsets"])], types[each["dtype"]]).reshape(each["shape"])
            for name, each in header.items()
        }
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise WeightsDamaged(f"{path} is damaged: {error}") from error
