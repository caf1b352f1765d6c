"""Builds tiny voices with random weights in the layout of their publishers, by transformers itself, and has them speak.

`python tiny_voices.py FOLDER DEVICE` prints, as JSON, what the engine says of each family and what came of it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from pytest_modellab.engines.base import DeviceRef, LoadRequest
from pytest_modellab.engines.transformers_tts import SPEAKER, VOCODER, TransformersTts

LETTERS = "abcdefghijklmnopqrstuvwxyz "


def vits(folder: Path) -> None:
    import transformers

    vocabulary = {"<pad>": 0, "<unk>": 1, **{letter: i for i, letter in enumerate(LETTERS, 2)}}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    transformers.VitsTokenizer(
        str(folder / "vocab.json"), pad_token="<pad>", unk_token="<unk>", phonemize=False
    ).save_pretrained(folder)
    config = transformers.VitsConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        ffn_dim=16,
        flow_size=16,
        spectrogram_bins=9,
        duration_predictor_num_flows=1,
        duration_predictor_filter_channels=16,
        prior_encoder_num_flows=1,
        prior_encoder_num_wavenet_layers=1,
        posterior_encoder_num_wavenet_layers=1,
        upsample_initial_channel=16,
        upsample_rates=[8, 8],
        upsample_kernel_sizes=[16, 16],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1]],
        depth_separable_num_layers=1,
        sampling_rate=16_000,
    )
    transformers.VitsModel(config).save_pretrained(folder)


def speecht5(folder: Path) -> None:
    import sentencepiece
    import transformers

    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(LETTERS.strip()) + "\none two three four five\n" * 20)
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus),
        model_prefix=str(folder / "spm_char"),
        vocab_size=31,
        model_type="char",
        pad_id=1,
        unk_id=3,
        bos_id=0,
        eos_id=2,
    )
    tokenizer = transformers.SpeechT5Tokenizer(str(folder / "spm_char.model"))
    tokenizer.save_pretrained(folder)
    config = transformers.SpeechT5Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        encoder_layers=1,
        encoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=16,
        speech_decoder_prenet_units=16,
        speech_decoder_postnet_units=16,
        speech_decoder_postnet_layers=1,
        speaker_embedding_dim=8,
        num_mel_bins=8,
    )
    transformers.SpeechT5ForTextToSpeech(config).save_pretrained(folder)
    vocoder = transformers.SpeechT5HifiGanConfig(
        model_in_dim=8,
        upsample_initial_channel=16,
        upsample_rates=[4, 4],
        upsample_kernel_sizes=[8, 8],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1]],
    )
    transformers.SpeechT5HifiGan(vocoder).save_pretrained(folder / VOCODER)
    np.save(folder / SPEAKER, np.ones(8, dtype=np.float32))


def spoken(folder: Path, device: str) -> dict[str, Any]:
    """What the engine says for the same text twice, and for one without a letter."""
    engine = TransformersTts.load(LoadRequest(DeviceRef(device), {"cpu_threads": 1}, folder))
    first, again = (list(engine.synthesize("one two three", "en")) for _ in range(2))
    silent = list(engine.synthesize("...", "en"))
    return {
        "facts": engine.facts(),
        "rate": first[0].rate,
        "samples": len(first[0].samples),
        "finite": bool(np.isfinite(first[0].samples).all()),
        "same": bool(np.array_equal(first[0].samples, again[0].samples)),
        "silent": len(silent),
    }


def main() -> None:
    found = {}
    for name, build in (("vits", vits), ("speecht5", speecht5)):
        folder = Path(sys.argv[1]) / name
        folder.mkdir()
        build(folder)
        found[name] = spoken(folder, sys.argv[2])
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
