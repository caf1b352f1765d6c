"""A CTranslate2 folder as Whisper's own tensors, settings and special tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import ct2
from .ct2 import Ct2Model
from .errors import WeightsDamaged

Tensors = dict[str, NDArray[Any]]

# Multilingual models have at least so many tokens.
_MULTILINGUAL = 51_865
_LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")


@dataclass(frozen=True)
class Dimensions:
    """The dimensions of a Whisper, by the names of OpenAI's checkpoints."""

    n_mels: int
    n_audio_ctx: int
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_vocab: int
    n_text_ctx: int
    n_text_state: int
    n_text_head: int
    n_text_layer: int

    @property
    def multilingual(self) -> bool:
        return self.n_vocab >= _MULTILINGUAL


@dataclass(frozen=True)
class Whisper:
    """A whole model: `tensors` by the names of OpenAI's checkpoints."""

    folder: Path
    dims: Dimensions
    tensors: Tensors

    @cached_property
    def config(self) -> dict[str, Any]:
        """`config.json` of the CTranslate2 folder: suppressed tokens, languages, alignment heads."""
        return _read_json(self.folder / "config.json")

    @cached_property
    def special_tokens(self) -> dict[str, int]:
        """Added tokens of `tokenizer.json`, by their text."""
        added = _read_json(self.folder / "tokenizer.json").get("added_tokens", [])
        return {str(token["content"]): int(token["id"]) for token in added}

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        """Tokens of the model in `tokenizer.json`, in the letters that stand there for bytes."""
        found = _read_json(self.folder / "tokenizer.json").get("model", {}).get("vocab", {})
        return {str(text): int(id) for text, id in found.items()}

    def token(self, text: str) -> int:
        """The number of a special token. Raises WeightsDamaged."""
        if text not in self.special_tokens:
            raise WeightsDamaged(f"{self.folder / 'tokenizer.json'} has no {text}")
        return self.special_tokens[text]

    @cached_property
    def languages(self) -> dict[str, int]:
        """The numbers of the language tokens, by token (`<|en|>`)."""
        numbers = set(self.config.get("lang_ids", ()))
        found = {text: id for text, id in self.special_tokens.items() if id in numbers and _LANGUAGE.fullmatch(text)}
        if len(found) != len(numbers):
            raise WeightsDamaged(f"config.json and tokenizer.json in {self.folder} disagree on the languages")
        return found


def outline(folder: Path) -> Ct2Model:
    """What a CTranslate2 folder says it holds, no weight read. Raises WeightsDamaged where that is no whole Whisper."""
    model = ct2.read(folder / "model.bin")
    if model.name != "WhisperSpec":
        raise WeightsDamaged(f"{model.path} holds a {model.name}, not a Whisper")
    return model


def read(folder: Path) -> Whisper:
    """The Whisper in a CTranslate2 folder. Raises WeightsDamaged, and OSError where a file is missing."""
    model = outline(folder)
    tensors = dict(_tensors(model))
    return Whisper(folder, _dimensions(model, tensors), tensors)


def _dimensions(model: Ct2Model, tensors: Tensors) -> Dimensions:
    state, mels, _ = tensors["encoder.conv1.weight"].shape
    vocab, text_state = tensors["decoder.token_embedding.weight"].shape
    return Dimensions(
        n_mels=mels,
        n_audio_ctx=len(tensors["encoder.positional_embedding"]),
        n_audio_state=state,
        n_audio_head=model.number("encoder/num_heads"),
        n_audio_layer=_layers(model, "encoder"),
        n_vocab=vocab,
        n_text_ctx=len(tensors["decoder.positional_embedding"]),
        n_text_state=text_state,
        n_text_head=model.number("decoder/num_heads"),
        n_text_layer=_layers(model, "decoder"),
    )


def _layers(model: Ct2Model, side: str) -> int:
    layer = re.compile(rf"{side}/layer_(\d+)/")
    found = {int(match[1]) for name in model.variables if (match := layer.match(name))}
    if found != set(range(len(found))) or not found:
        raise WeightsDamaged(f"{model.path} lacks layers of the {side}")
    return len(found)


def _tensors(model: Ct2Model) -> Iterator[tuple[str, NDArray[Any]]]:
    for side in ("encoder", "decoder"):
        for i in range(_layers(model, side)):
            yield from _block(model, side, f"{side}.blocks.{i}", f"{side}/layer_{i}")
    for conv in ("conv1", "conv2"):
        yield from _linear(model, f"encoder.{conv}", f"encoder/{conv}")
    yield from _norm(model, "encoder.ln_post", "encoder/layer_norm")
    yield from _norm(model, "decoder.ln", "decoder/layer_norm")
    for side in ("encoder", "decoder"):
        yield f"{side}.positional_embedding", model.tensor(f"{side}/position_encodings/encodings")
    yield "decoder.token_embedding.weight", model.tensor("decoder/embeddings/weight")


def _block(model: Ct2Model, side: str, to: str, layer: str) -> Iterator[tuple[str, NDArray[Any]]]:
    attention = f"{layer}/self_attention"
    yield from _norm(model, f"{to}.attn_ln", f"{attention}/layer_norm")
    yield from _fused(model, [f"{to}.attn.{part}" for part in ("query", "key", "value")], f"{attention}/linear_0")
    yield from _linear(model, f"{to}.attn.out", f"{attention}/linear_1")
    if side == "decoder":
        cross = f"{layer}/attention"
        yield from _norm(model, f"{to}.cross_attn_ln", f"{cross}/layer_norm")
        yield from _linear(model, f"{to}.cross_attn.query", f"{cross}/linear_0")
        yield from _fused(model, [f"{to}.cross_attn.{part}" for part in ("key", "value")], f"{cross}/linear_1")
        yield from _linear(model, f"{to}.cross_attn.out", f"{cross}/linear_2")
    yield from _norm(model, f"{to}.mlp_ln", f"{layer}/ffn/layer_norm")
    yield from _linear(model, f"{to}.mlp.0", f"{layer}/ffn/linear_0")
    yield from _linear(model, f"{to}.mlp.2", f"{layer}/ffn/linear_1")


def _norm(model: Ct2Model, to: str, source: str) -> Iterator[tuple[str, NDArray[Any]]]:
    yield f"{to}.weight", model.tensor(f"{source}/gamma")
    yield f"{to}.bias", model.tensor(f"{source}/beta")


def _linear(model: Ct2Model, to: str, source: str) -> Iterator[tuple[str, NDArray[Any]]]:
    yield f"{to}.weight", model.tensor(f"{source}/weight")
    yield f"{to}.bias", model.tensor(f"{source}/bias")


def _fused(model: Ct2Model, to: list[str], source: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """CTranslate2 joins projections of the same input by rows. Whisper's keys have no bias, which it stores as 0."""
    weights = model.tensor(f"{source}/weight")
    biases = model.tensor(f"{source}/bias")
    if len(weights) % len(to) or len(weights) != len(biases):
        raise WeightsDamaged(f"`{source}` in {model.path} can't be split into {len(to)} equal parts")
    for name, weight, bias in zip(to, np.split(weights, len(to)), np.split(biases, len(to)), strict=True):
        yield f"{name}.weight", weight
        if not name.endswith(".key"):
            yield f"{name}.bias", bias
        elif np.any(bias):
            raise WeightsDamaged(f"`{source}` in {model.path} gives its keys a bias, which Whisper's have none of")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WeightsDamaged(f"{path} is no JSON: {error}") from error
    if not isinstance(data, dict):
        raise WeightsDamaged(f"{path} is no JSON object")
    return data
