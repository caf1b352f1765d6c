"""Writes the folder that transformers loads a Whisper from, without transformers or torch."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from . import whisper
from .errors import WeightsDamaged
from .whisper import Whisper

# OpenAI's names of tensors to transformers'; in this order.
_RENAMED = (
    ("blocks.", "layers."),
    (".cross_attn_ln.", ".encoder_attn_layer_norm."),
    (".attn_ln.", ".self_attn_layer_norm."),
    (".cross_attn.query.", ".encoder_attn.q_proj."),
    (".cross_attn.key.", ".encoder_attn.k_proj."),
    (".cross_attn.value.", ".encoder_attn.v_proj."),
    (".cross_attn.out.", ".encoder_attn.out_proj."),
    (".attn.query.", ".self_attn.q_proj."),
    (".attn.key.", ".self_attn.k_proj."),
    (".attn.value.", ".self_attn.v_proj."),
    (".attn.out.", ".self_attn.out_proj."),
    (".mlp_ln.", ".final_layer_norm."),
    (".mlp.0.", ".fc1."),
    (".mlp.2.", ".fc2."),
    ("encoder.ln_post.", "encoder.layer_norm."),
    ("decoder.ln.", "decoder.layer_norm."),
    ("token_embedding.", "embed_tokens."),
    ("positional_embedding", "embed_positions.weight"),
)
_END = "<|endoftext|>"


def write(source: Path, folder: Path) -> None:
    """Write config, tokenizer and weights into `folder`. Raises WeightsDamaged, or ImportError without safetensors."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file, save_file

    model = whisper.read(source)
    files = {
        "config.json": _config(model),
        "generation_config.json": _generation(model),
        "preprocessor_config.json": _features(model),
        "tokenizer_config.json": _tokenizer(model),
    }
    for name, data in files.items():
        (folder / name).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    shutil.copyfile(source / "tokenizer.json", folder / "tokenizer.json")
    # The library writes an array's memory as it lies.
    tensors = {_renamed(name): np.ascontiguousarray(values) for name, values in model.tensors.items()}
    weights = folder / "model.safetensors"
    save_file(tensors, weights, metadata={"format": "pt"})
    try:
        found = load_file(weights)
    except SafetensorError as error:
        raise WeightsDamaged(f"{weights} is damaged: {error}") from error
    if found.keys() != tensors.keys() or not all(
        found[name].dtype == values.dtype and np.array_equal(found[name], values) for name, values in tensors.items()
    ):
        raise WeightsDamaged(f"{weights} holds other weights than were written")


def _renamed(name: str) -> str:
    for old, new in _RENAMED:
        name = name.replace(old, new)
    return f"model.{name}"


def _tokens(model: Whisper) -> dict[str, int]:
    end = model.token(_END)
    return {
        "bos_token_id": end,
        "eos_token_id": end,
        "pad_token_id": end,
        "decoder_start_token_id": model.token("<|startoftranscript|>"),
    }


def _config(model: Whisper) -> dict[str, Any]:
    dims = model.dims
    stored = {values.dtype.name for values in model.tensors.values()}
    return {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "activation_function": "gelu",
        "d_model": dims.n_audio_state,
        "decoder_attention_heads": dims.n_text_head,
        "decoder_ffn_dim": 4 * dims.n_text_state,
        "decoder_layers": dims.n_text_layer,
        "encoder_attention_heads": dims.n_audio_head,
        "encoder_ffn_dim": 4 * dims.n_audio_state,
        "encoder_layers": dims.n_audio_layer,
        "max_source_positions": dims.n_audio_ctx,
        "max_target_positions": dims.n_text_ctx,
        "num_mel_bins": dims.n_mels,
        "scale_embedding": False,
        "torch_dtype": stored.pop() if len(stored) == 1 else "float32",
        "vocab_size": dims.n_vocab,
        **_tokens(model),
    }


def _generation(model: Whisper) -> dict[str, Any]:
    data = {
        **_tokens(model),
        "alignment_heads": model.config["alignment_heads"],
        "begin_suppress_tokens": model.config["suppress_ids_begin"],
        "is_multilingual": model.dims.multilingual,
        "max_initial_timestamp_index": 50,
        "max_length": model.dims.n_text_ctx,
        "no_timestamps_token_id": model.token("<|notimestamps|>"),
        "prev_sot_token_id": model.token("<|startofprev|>"),
        "return_timestamps": False,
        "suppress_tokens": [token for token in model.config["suppress_ids"] if token >= 0],
    }
    if model.dims.multilingual:
        data["lang_to_id"] = model.languages
        data["task_to_id"] = {task: model.token(f"<|{task}|>") for task in ("transcribe", "translate")}
    return data


def _features(model: Whisper) -> dict[str, Any]:
    return {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "processor_class": "WhisperProcessor",
        "chunk_length": 30,
        "feature_size": model.dims.n_mels,
        "hop_length": 160,
        "n_fft": 400,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": False,
        "sampling_rate": 16_000,
    }


def _tokenizer(model: Whisper) -> dict[str, Any]:
    last = model.token("<|notimestamps|>")  # timestamps follow, which are no special tokens to the library
    special = sorted((id, text) for text, id in model.special_tokens.items() if model.token(_END) <= id <= last)
    return {
        "additional_special_tokens": [text for _, text in special],
        "tokenizer_class": "WhisperTokenizer",
        "processor_class": "WhisperProcessor",
        "add_prefix_space": False,
        "bos_token": _END,
        "eos_token": _END,
        "errors": "replace",
        "model_max_length": 1024,
        "pad_token": _END,
        "return_attention_mask": False,
        "unk_token": _END,
    }
