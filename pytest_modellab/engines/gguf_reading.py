"""A GGUF file that transformers reads: once, and not once for each of its parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any


@contextmanager
def read_once() -> Iterator[None]:
    """Have the package `gguf` keep, while this lasts, the file that it has read and the names of its tensors.

    transformers (5.24, say) parses the file for the configuration, for the tokenizer and for the weights, and makes
    the table of tensor names for each module of the network anew: most of the time of loading a small model.
    """
    gguf: Any = import_module("gguf")
    reader, names = gguf.GGUFReader, gguf.get_tensor_name_map
    gguf.GGUFReader, gguf.get_tensor_name_map = cache(reader), cache(names)
    try:
        yield
    finally:
        gguf.GGUFReader, gguf.get_tensor_name_map = reader, names
