"""What a spec tells of what it rests on: weights that can be converted, sets that are derived from others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_modellab.catalog.lineage import can_judge, chain, not_ctranslate2
from pytest_modellab.catalog.specs import DatasetSpec, DeviceSpec, ModelSpec

DIGEST = {"sha256": "a" * 64, "size": 1}
WHOLE = {"config.json": DIGEST, "model.bin": DIGEST, "tokenizer.json": DIGEST}
OTHER = "the weights of `tiny` are no Whisper in CTranslate2's format, which has "


def model(**fields: Any) -> ModelSpec:
    spec = {"schema": "modellab.model/1", "id": "tiny", "engine": "faster-whisper", "tasks": ["asr"], "tiers": []}
    return ModelSpec.model_validate({**spec, "devices": {"cpu": {}}, **fields})


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "`tiny` has no weights to convert"),
        (
            {"weights": {"convert": {"from": "other", "to": "transformers"}}},
            "`tiny` is converted itself: name what it is converted from",
        ),
        ({"weights": {"files": WHOLE}}, ""),
        ({"weights": {"files": {"model.safetensors": DIGEST}}}, OTHER),
        ({"weights": {"path": "not-here"}}, ""),
        ({"weights": {"path": "half"}}, OTHER),
        ({"weights": {"path": "whole"}}, ""),
        ({"weights": {"repo": "org/tiny", "revision": "c" * 40}}, ""),
        ({"engine": "transformers-whisper", "weights": {"repo": "org/tiny", "revision": "c" * 40}}, OTHER),
    ],
)
def test_what_can_be_converted_as_far_as_the_spec_tells(tmp_path: Path, fields: dict[str, Any], why: str) -> None:
    for folder, names in (("half", ["model.bin"]), ("whole", [*WHOLE])):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_bytes(b"")
    found = not_ctranslate2(model(**fields), tmp_path)
    assert found.startswith(why)
    assert bool(found) == bool(why)


def test_a_judge_recognises_speech_on_a_cpu() -> None:
    devices = {kind: DeviceSpec(id=kind, kind=kind) for kind in ("cpu", "cuda")}
    assert can_judge(model(), devices)
    assert not can_judge(model(devices={"cuda": {}}), devices)
    assert not can_judge(model(devices={"elsewhere": {}}), devices)
    assert not can_judge(model(tasks=["streaming"]), devices)


def dataset(id: str, source: str | None = None) -> DatasetSpec:
    spec: dict[str, Any] = {"schema": "modellab.dataset/1", "id": id, "tasks": ["asr"], "tiers": [], "language": "en"}
    own = {"manifest": f"{id}.jsonl"} if source is None else {"derive": {"from": source, "take": 1}}
    return DatasetSpec.model_validate({**spec, **own})


def test_a_chain_leads_to_what_a_set_rests_on_and_ends_where_it_turns_in_a_circle() -> None:
    known = {each.id: each for each in (dataset("a", "b"), dataset("b", "c"), dataset("c"), dataset("d", "d"))}
    assert chain(known["a"], known) == ["a", "b", "c"]
    assert chain(known["c"], known) == ["c"]
    assert chain(known["d"], known) == ["d", "d"]
    unknown = dataset("e", "unknown")
    assert chain(unknown, {"e": unknown}) == ["e", "unknown"]
