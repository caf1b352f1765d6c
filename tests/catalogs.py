"""A small valid catalog, written to a folder; tests then spoil or replace what they are about."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_modellab.core.extensions import Extensions

SHA = "0123456789abcdef" * 4
"""A digest of the right form."""
COMMIT = "0123456789abcdef0123456789abcdef01234567"

MODEL = f"""\
schema: modellab.model/1
id: ID
engine: faster-whisper
tasks: [asr]
tiers: [smoke, real_e2e]
languages: [en]
weights:
  repo: org/ID
  revision: {COMMIT}
  files:
    model.bin: {{sha256: {SHA}, size: 3}}
options:
  beam_size: 5
devices:
  cpu: {{compute_type: int8}}
  cuda: {{compute_type: float16}}
"""

DATASET = """\
schema: modellab.dataset/1
id: ID
tasks: [asr]
tiers: [smoke, real_e2e]
language: en
manifest: ID.jsonl
"""

DEVICES = """\
schema: modellab.devices/1
devices:
  - {id: cpu, kind: cpu}
  - {id: cuda, kind: cuda}
  - {id: mps, kind: mps}
"""

LIMITS = """\
schema: modellab.limits/1
limits:
  - {metric: wer, max: 0.15}
  - {metric: rtf, device: cpu, max: 1.0}
  - {metric: success_rate, min: 1.0}
"""

GRADES = """\
schema: modellab.grades/1
tasks:
  asr:
    provisional_below_words: 5000
    criteria:
      wer: {A+: 0.05, A: 0.10, B: 0.15, C: 0.25}
      rtf: {A+: 0.05, A: 0.20, B: 0.50, C: 1.0}
"""


def model_yaml(name: str) -> str:
    return MODEL.replace("ID", name)


def dataset_yaml(name: str) -> str:
    return DATASET.replace("ID", name)


def write_catalog(
    folder: Path,
    models: Sequence[str] = ("tiny",),
    datasets: Sequence[str] = ("talk",),
    files: Mapping[str, str | None] | None = None,
) -> Path:
    """Write a catalog of these models and data sets to `folder`, and return it.

    `files` maps names inside the folder to their text, over what would stand there; None leaves the file out.
    """
    texts: dict[str, str | None] = {
        "devices.yaml": DEVICES,
        "limits.yaml": LIMITS,
        "grades.yaml": GRADES,
        **{f"models/{name}.yaml": model_yaml(name) for name in models},
        **{f"datasets/{name}.yaml": dataset_yaml(name) for name in datasets},
        **(files or {}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        if text is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder


def install_engine(folder: Path, name: str, code: str) -> None:
    """Make an importable distribution in `folder` that brings the engine `name`: the class `Engine` of `code`."""
    install_package(folder, name, "modellab.engines", f"{name} = {name.replace('-', '_')}:Engine", code)


def install_package(folder: Path, name: str, group: str, entry: str, code: str) -> None:
    """Make an importable distribution in `folder`: a module of `code`, and one entry point."""
    module = name.replace("-", "_")
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[{group}]\n{entry}\n", encoding="utf-8")


def find_again(monkeypatch: pytest.MonkeyPatch, extensions: Extensions[Any], folder: Path) -> None:
    """Let what is installed in `folder` be found in this process, for as long as the test lasts."""
    list(extensions)  # so that what is found now is found again afterwards
    monkeypatch.syspath_prepend(str(folder))
    for name in ("_entries", "_names"):
        monkeypatch.delitem(vars(extensions), name, raising=False)
