"""A small LFM2-Audio checkpoint of random weights, in the layout that the real one is published in.

Run in an environment with liquid-audio: `python lfm2_checkpoint.py FOLDER`. It writes config.json, model.safetensors,
the tokenizer and audio_detokenizer/, but no Mimi, which newer checkpoints don't need.
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

HIDDEN = 128
VOCABULARY = 1024

CONFIG: dict[str, Any] = {
    "architectures": ["Lfm2AudioForConditionalGeneration"],
    "codebooks": 8,
    "tie_audio_embeddings": False,
    "semantic_codebook_factor": 100,
    "codebook_weight": "log",
    "interleaved_n_text": 6,
    "interleaved_n_audio": 12,
    "preprocessor": {
        "sample_rate": 16000,
        "normalize": "per_feature",
        "window_size": 0.025,
        "window_stride": 0.01,
        "window": "hann",
        "features": 128,
        "n_fft": 512,
        "log": True,
        "frame_splicing": 1,
        "dither": 1e-05,
        "pad_to": 0,
        "pad_value": 0.0,
    },
    "encoder": {
        "feat_in": 128,
        "feat_out": -1,
        "n_layers": 2,
        "d_model": 64,
        "subsampling": "dw_striding",
        "subsampling_factor": 8,
        "subsampling_conv_channels": 32,
        "causal_downsampling": False,
        "reduction": None,
        "reduction_position": None,
        "reduction_factor": 1,
        "ff_expansion_factor": 4,
        "self_attention_model": "rel_pos",
        "n_heads": 4,
        "att_context_size": [-1, -1],
        "xscaling": False,
        "untie_biases": True,
        "pos_emb_max_len": 5000,
        "conv_kernel_size": 9,
        "conv_norm_type": "batch_norm",
        "conv_context_size": None,
        "dropout": 0.1,
        "dropout_pre_encoder": 0.1,
        "dropout_emb": 0.0,
        "dropout_att": 0.1,
    },
    "lfm": {
        "vocab_size": VOCABULARY,
        "hidden_size": HIDDEN,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "conv_L_cache": 3,
        "layer_types": ["conv", "full_attention", "conv", "full_attention"],
        "block_ff_dim": 256,
        "block_multiple_of": 32,
        "max_position_embeddings": 4096,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 7,
    },
    # The library's attention has 32 heads in groups of 8: the width must be a multiple of 64.
    "depthformer": {"layers": 2, "dim": 256, "tie": True},
}

DETOKENIZER: dict[str, Any] = {
    "vocab_size": 16,
    "hidden_size": 512,
    "num_hidden_layers": 2,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "layer_types": ["conv", "full_attention"],
    "block_ff_dim": 512,
    "block_multiple_of": 32,
    "max_position_embeddings": 4096,
}

# Tokens whose ids the library has built in.
FIXED = {7: "<|im_end|>", 128: "<|audio_start|>", 130: "<|text_end|>"}
SPECIAL = {0: "<|pad|>", 1: "<|startoftext|>", 2: "<|endoftext|>", 6: "<|im_start|>", **FIXED}


def write_tokenizer(folder: Path) -> None:
    """Byte-level BPE, trained on a few sentences."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[SPECIAL.get(id, f"<|reserved_{id}|>") for id in range(131)],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([Path(__file__).read_text(encoding="utf-8")] * 3, trainer)
    whole = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|startoftext|>", eos_token="<|im_end|>", pad_token="<|pad|>"
    )
    assert {id: whole.convert_ids_to_tokens(id) for id in FIXED} == FIXED
    whole.save_pretrained(folder)


def write(folder: Path) -> int:
    """Write the checkpoint; the number of the model's parameters."""
    import torch
    from liquid_audio import LFM2AudioDetokenizer, LFM2AudioModel
    from liquid_audio.model.conformer.encoder import ConformerEncoderConfig
    from liquid_audio.model.lfm2_audio import DepthformerConfig, LFM2AudioConfig
    from safetensors.torch import save_file
    from transformers import Lfm2Config

    torch.manual_seed(0)
    detokenizer_folder = folder / "audio_detokenizer"
    detokenizer_folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=1), encoding="utf-8")
    config = copy.deepcopy(CONFIG)
    parts = {
        "lfm": Lfm2Config(**config.pop("lfm")),
        "encoder": ConformerEncoderConfig(**config.pop("encoder")),
        "depthformer": DepthformerConfig(**config.pop("depthformer")),
    }
    model = LFM2AudioModel(LFM2AudioConfig(**parts, **config)).eval()
    save_file(_tensors(model), folder / "model.safetensors", metadata={"format": "pt"})
    write_tokenizer(folder)

    wanted = Lfm2Config(**DETOKENIZER)
    detokenizer = LFM2AudioDetokenizer(wanted).eval()
    with torch.no_grad():
        detokenizer.lin.bias[:641] = -3.0  # log-magnitudes, which random weights would send far beyond full scale
    save_file(_tensors(detokenizer), detokenizer_folder / "model.safetensors")
    # As the published file spells it, for llama.cpp.
    shown = {**wanted.to_dict(), "layer_types": ["conv", "sliding_attention"], "sliding_window": 30}
    (detokenizer_folder / "config.json").write_text(json.dumps(shown, indent=1), encoding="utf-8")
    return sum(each.numel() for each in model.parameters())


def _tensors(model: Any) -> dict[str, Any]:
    return {name: tensor.contiguous().clone() for name, tensor in model.state_dict().items()}


if __name__ == "__main__":
    sys.stdout.write(f"{write(Path(sys.argv[1]))}\n")
