"""Builds tiny models with random weights in the layout of their publishers, by transformers itself, and runs them.

`python tiny_models.py FOLDER DEVICE` prints, as JSON, what the engine says of each family and how it takes a long clip.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

WIDTH = 16
VOCABULARY = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "|": 4, **{chr(97 + i): 5 + i for i in range(26)}}
SMALL = {"hidden_size": WIDTH, "num_attention_heads": 2, "intermediate_size": 32}


def wav2vec2(folder: Path, kind: str) -> None:
    import transformers

    (folder / "vocab.json").write_text(json.dumps(VOCABULARY))
    transformers.Wav2Vec2CTCTokenizer(str(folder / "vocab.json")).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(folder)
    config = getattr(transformers, f"{kind}Config")(
        **SMALL,
        vocab_size=len(VOCABULARY),
        num_hidden_layers=1,
        conv_dim=(WIDTH,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        pad_token_id=0,
    )
    getattr(transformers, f"{kind}ForCTC")(config).save_pretrained(folder)


def subwords(folder: Path) -> None:
    import tokenizers
    import transformers

    model = tokenizers.Tokenizer(tokenizers.models.WordLevel(VOCABULARY, unk_token="<unk>"))
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=model, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)


def moonshine(folder: Path) -> None:
    import transformers

    subwords(folder)
    transformers.Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(folder)
    config = transformers.MoonshineConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=WIDTH,
        intermediate_size=32,
        encoder_num_hidden_layers=1,
        decoder_num_hidden_layers=1,
        encoder_num_attention_heads=2,
        decoder_num_attention_heads=2,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    transformers.MoonshineForConditionalGeneration(config).save_pretrained(folder)


def parakeet(folder: Path) -> None:
    import transformers

    subwords(folder)
    transformers.ParakeetFeatureExtractor(feature_size=80).save_pretrained(folder)
    encoder = {**SMALL, "num_hidden_layers": 1, "num_mel_bins": 80, "subsampling_conv_channels": 16}
    config = transformers.ParakeetCTCConfig(vocab_size=len(VOCABULARY), encoder_config=encoder, pad_token_id=0)
    transformers.ParakeetForCTC(config).save_pretrained(folder)


def run(folder: Path, options: dict[str, Any], device: str) -> dict[str, Any]:
    from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest
    from pytest_modellab.engines.transformers_asr import Transformers

    engine = Transformers.load(LoadRequest(DeviceRef(device), {**options, "cpu_threads": 1}, folder))
    random = np.random.default_rng(0)
    texts = [
        engine.transcribe(Clip(random.normal(0, 0.1, 16_000 * seconds).astype(np.float32), 16_000, "en"))
        for seconds in (2, 5)
    ]
    engine.synchronize()
    return {"facts": engine.facts(), "texts": [each.text for each in texts], "languages": [e.language for e in texts]}


def main() -> None:
    import torch

    torch.manual_seed(0)
    root, device = Path(sys.argv[1]), sys.argv[2]
    found = {}
    for name, make, options in (
        ("wav2vec2", lambda folder: wav2vec2(folder, "Wav2Vec2"), {"chunk_s": 3, "stride_s": 0.5}),
        ("hubert", lambda folder: wav2vec2(folder, "Hubert"), {}),
        ("moonshine", moonshine, {"beam_size": 2, "max_tokens_per_second": 6.5, "chunk_s": 3}),
        ("parakeet", parakeet, {}),
    ):
        folder = root / name
        folder.mkdir()
        make(folder)
        found[name] = run(folder, options, device)
    try:
        run(root / "parakeet", {"chunk_s": 3}, device)
    except ValueError as error:
        found["refused"] = {"message": str(error)}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
