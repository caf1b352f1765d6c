"""What a folder of weights is, by its files: said where another kind was wanted. Standard library only."""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterable
from pathlib import Path

CTRANSLATE2 = "CTranslate2's format"
_ONNX = frozenset({".onnx", ".ort"})
_INT8 = (
    *(b"QuantizeLinear", b"MatMulInteger", b"ConvInteger", b"QLinear", b"MatMulNBits", b"DynamicQuantize"),
    *(b"QAttention", b"QGemm", b"QEmbedLayerNorm", b"QOrdered"),
)
"""Operators of ONNX that quantize what they are given, or multiply integers; `DequantizeLinear` alone is none."""


def kind_of(folder: Path) -> str:
    """The kind of a folder of weights, in words; "" where no file tells."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if "adapter_config.json" in names:
        return "a LoRA adapter: merge it with its model first (`merge_and_unload()` of peft), and save that"
    config = _config(folder)
    if "model_type" in config and _any(names, (".safetensors", "pytorch_model.bin", ".bin.index.json")):
        return f"a Hugging Face folder of the type {config['model_type']}"
    if {"model.bin", "config.json"} <= names:
        return f"a folder in {CTRANSLATE2}"
    kinds = (
        ((".nemo",), "a model of NeMo"),
        ((".gguf",), "weights as GGUF"),
        ((".pt", ".pth"), "a checkpoint of PyTorch, such as openai-whisper's"),
        ((".ort", ".onnx"), "a model as ONNX"),
        ((".safetensors",), "weights as safetensors, without the config.json that says of what"),
    )
    found = next((kind for suffixes, kind in kinds if _any(names, suffixes)), "")
    if not found and any(name.startswith("ggml-") for name in names):
        return "weights of whisper.cpp"
    return found or ("a model of Vosk or Kaldi" if {"am", "conf"} <= names else "")


def int8_operators(weights: Path) -> bool:
    """Whether ONNX weights, a file or a folder of them, compute in 8-bit integers: by the names of their operators.

    Such kernels differ by processor, and so do the answers.
    """
    files = [weights] if weights.is_file() else sorted(weights.rglob("*")) if weights.is_dir() else []
    found = [path for path in files if path.suffix.lower() in _ONNX and path.is_file()]
    # Where a file is there in both forms, an option says which one is loaded.
    plain = [path for path in found if not path.stem.endswith(".int8")]
    both = {path.with_name(f"{path.stem}.int8{path.suffix}") for path in plain}
    return any(_holds_int8(path) for path in found if path not in both)


def _holds_int8(path: Path) -> bool:
    with path.open("rb") as file:
        if not path.stat().st_size:  # can't be mapped
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as found:
            return any(found.find(name) >= 0 for name in _INT8)


def not_wanted(folder: Path, wanted: str, advice: str = "") -> str:
    """A message on a folder that isn't of the kind that is wanted."""
    found = kind_of(folder) or f"none that is known; it holds {_listed(folder)}"
    return f"{folder} is not {wanted}: it is {found}{advice}"


def as_ctranslate2(folder: Path) -> str:
    """Why faster-whisper can't load a folder, and what to write instead; "" where it may."""
    if (folder / "model.bin").is_file() and "model_type" not in _config(folder):
        return ""
    hugging_face = "whisper" in str(_config(folder).get("model_type"))
    advice = "; `weights: {convert: {path: ..., to: ctranslate2}}` converts it on the way" if hugging_face else ""
    return not_wanted(folder, f"a folder in {CTRANSLATE2}, with model.bin and config.json", advice)


def as_hugging_face(folder: Path) -> str:
    """Why transformers can't load a folder; "" where it may."""
    if "model_type" in _config(folder):
        return ""
    return not_wanted(folder, "a Hugging Face folder, with a config.json that has `model_type`")


def _config(folder: Path) -> dict[str, object]:
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _any(names: Iterable[str], suffixes: tuple[str, ...]) -> bool:
    return any(name.endswith(suffixes) for name in names)


def _listed(folder: Path) -> str:
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError:
        return "nothing"
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") if names else "nothing"
