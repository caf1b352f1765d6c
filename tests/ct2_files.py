"""Writes small Whispers in CTranslate2's format, with random weights and every tensor that a real one has."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

STATE, MELS, VOCAB, AUDIO, TEXT = 8, 4, 16, 6, 5
_TYPES = {"<f4": 0, "|i1": 1, "<i2": 2, "<i4": 3, "<f2": 4, "bf16": 5}
SPECIAL = ("<|endoftext|>", "<|startoftranscript|>", "<|startofprev|>", "<|notimestamps|>")

Variables = dict[str, NDArray[Any]]


def variables(seed: int = 0) -> Variables:
    """One layer on each side, float16."""
    random = np.random.default_rng(seed)

    def some(*shape: int) -> NDArray[np.float16]:
        return random.normal(0, 1, shape).astype(np.float16)

    made: Variables = {"encoder/num_heads": np.array(2, "<i4"), "decoder/num_heads": np.array(2, "<i4")}

    def norm(name: str) -> None:
        made[f"{name}/gamma"], made[f"{name}/beta"] = some(STATE), some(STATE)

    def linear(name: str, rows: int, *columns: int) -> None:
        made[f"{name}/weight"], made[f"{name}/bias"] = some(rows, *columns), some(rows)

    for side in ("encoder", "decoder"):
        layer = f"{side}/layer_0"
        norm(f"{layer}/self_attention/layer_norm")
        linear(f"{layer}/self_attention/linear_0", 3 * STATE, STATE)
        made[f"{layer}/self_attention/linear_0/bias"][STATE : 2 * STATE] = 0
        linear(f"{layer}/self_attention/linear_1", STATE, STATE)
        if side == "decoder":
            norm(f"{layer}/attention/layer_norm")
            linear(f"{layer}/attention/linear_0", STATE, STATE)
            linear(f"{layer}/attention/linear_1", 2 * STATE, STATE)
            made[f"{layer}/attention/linear_1/bias"][:STATE] = 0
            linear(f"{layer}/attention/linear_2", STATE, STATE)
        norm(f"{layer}/ffn/layer_norm")
        linear(f"{layer}/ffn/linear_0", 4 * STATE, STATE)
        linear(f"{layer}/ffn/linear_1", STATE, 4 * STATE)
        norm(f"{side}/layer_norm")
    linear("encoder/conv1", STATE, MELS, 3)
    linear("encoder/conv2", STATE, STATE, 3)
    made["encoder/position_encodings/encodings"] = some(AUDIO, STATE)
    made["decoder/position_encodings/encodings"] = some(TEXT, STATE)
    made["decoder/embeddings/weight"] = some(VOCAB, STATE)
    return made


def model_bin(
    content: Variables,
    *,
    version: int = 6,
    name: str = "WhisperSpec",
    aliases: dict[str, str] | None = None,
    bfloat16: tuple[str, ...] = (),
) -> bytes:
    """The bytes of a `model.bin`; `bfloat16` names uint16 variables that hold such."""

    def text(value: str) -> bytes:
        data = value.encode() + b"\0"
        return struct.pack("<H", len(data)) + data

    out = struct.pack("<I", version) + text(name) + struct.pack("<II", 3, len(content))
    for key, values in content.items():
        kind = _TYPES["bf16" if key in bfloat16 else values.dtype.str]
        out += text(key) + struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
        out += struct.pack("<BI", kind, values.nbytes) + values.tobytes()
    out += struct.pack("<I", len(aliases or {}))
    return out + b"".join(text(key) + text(value) for key, value in (aliases or {}).items())


def whisper_folder(folder: Path, data: bytes | None = None) -> Path:
    """A folder as faster-whisper loads it, English only."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.bin").write_bytes(model_bin(variables()) if data is None else data)
    config = {"suppress_ids": [-1, 3], "suppress_ids_begin": [2], "alignment_heads": [[0, 1]], "lang_ids": []}
    (folder / "config.json").write_text(json.dumps(config))
    added = [{"id": i, "content": text, "special": True} for i, text in enumerate(SPECIAL)]
    (folder / "tokenizer.json").write_text(json.dumps({"added_tokens": added}))
    return folder
