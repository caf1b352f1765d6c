"""Writes the folder that faster-whisper loads, of a Hugging Face folder with a Whisper, by CTranslate2's own converter.

`python -m pytest_modellab.assets.convert.from_transformers SOURCE FOLDER` is the process that has torch.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pytest_modellab.core.weight_kinds import kind_of

from .errors import WeightsDamaged

_TOKENIZER = "tokenizer.json"
_COPIED = ("preprocessor_config.json", _TOKENIZER)
_WRITTEN = ("config.json", "model.bin", _TOKENIZER)


def write(source: Path, folder: Path, python: str = sys.executable) -> None:
    """Write model, vocabulary, tokenizer and configuration into the empty `folder`, the weights as they are.

    Nothing is fetched. Raises WeightsDamaged where `source` is no Whisper of Hugging Face, or can't be converted.
    """
    found = kind_of(source)
    if "whisper" not in found:
        raise WeightsDamaged(f"{source} is no Hugging Face folder of a Whisper: it is {found or 'none that is known'}")
    done = subprocess.run(
        [python, "-P", "-m", __name__, str(source), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
    )
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise WeightsDamaged(f"{source} could not be converted (exit code {done.returncode}):\n{last}")
    if lacking := [name for name in _WRITTEN if not (folder / name).is_file()]:
        raise WeightsDamaged(f"{source} was converted without {', '.join(lacking)}")


def _convert(source: Path, folder: Path) -> None:
    from ctranslate2.converters import TransformersConverter

    converted = folder / "converted"
    TransformersConverter(str(source)).convert(str(converted))
    for path in converted.iterdir():
        path.rename(folder / path.name)
    converted.rmdir()
    for name in _COPIED:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
    if not (folder / _TOKENIZER).is_file():
        _write_tokenizer(source, folder)


def _write_tokenizer(source: Path, folder: Path) -> None:
    """The one file that faster-whisper wants, of the several that older folders have."""
    from transformers import AutoTokenizer

    with tempfile.TemporaryDirectory(dir=folder) as place:
        AutoTokenizer.from_pretrained(source, use_fast=True).save_pretrained(place)
        shutil.copyfile(Path(place) / _TOKENIZER, folder / _TOKENIZER)


if __name__ == "__main__":
    _convert(*map(Path, sys.argv[1:]))
