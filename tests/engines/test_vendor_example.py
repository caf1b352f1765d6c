"""The worked example of a vendor's engine, examples/vendor-deepgram, against a stand-in of its interface."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from fakelab import FIRST_LENGTH, STEP, FakeCatalog
from fakeruns import FakeRuns
from faulty_openai import Asked, FaultyOpenAi, Told

from pytest_modellab.engines.pcm import speech_of_wav
from pytest_modellab.results.record import Record

EXAMPLE = Path(__file__).parents[2] / "examples" / "vendor-deepgram"
KEY = "dg-very-secret-0123"
QUERY = "model=nova-3&smart_format=false&language=en"


class Vendor:
    """Answers as the vendor's documentation shows it, after the faults of each clip."""

    def __init__(self, faults: dict[int, list[Told]] | None = None) -> None:
        self.faults = faults or {}

    def __call__(self, asked: Asked) -> Told:
        [piece] = speech_of_wav([asked.body])
        number = (len(piece.samples) - FIRST_LENGTH) // STEP
        if self.faults.get(number):
            return self.faults[number].pop(0)
        text = FakeCatalog.texts[number] if number < len(FakeCatalog.texts) else ""
        channel = {"alternatives": [{"transcript": text, "confidence": 0.99, "words": []}]}
        return Told({"metadata": {"channels": 1}, "results": {"channels": [channel]}})


def measured(runs: FakeRuns, server: FaultyOpenAi) -> Record:
    """By the example's own spec, with its engine as a file beside the tests."""
    runs.ready()
    shutil.copy(EXAMPLE / "modellab_deepgram.py", runs.path / "modellab_deepgram.py")
    spec: dict[str, Any] = yaml.safe_load((EXAMPLE / "deepgram-nova-3.yaml").read_text(encoding="utf-8"))
    (runs.catalog / "models" / "fake.yaml").unlink(missing_ok=True)
    options = {**spec["options"], "url": server.url}
    given = {**spec, "engine": "../../modellab_deepgram.py:Deepgram", "tiers": ["smoke"], "options": options}
    runs.spec("models/deepgram-nova-3.yaml", given)
    return runs.measured()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", KEY)


def test_it_is_measured_like_any_model(runs: FakeRuns) -> None:
    with FaultyOpenAi({f"listen?{QUERY}": Vendor()}) as server:
        record = measured(runs, server)
    assert record.value("wer") == 0
    asked = server.asked[0]
    assert (asked.method, asked.headers["authorization"]) == ("POST", f"Token {KEY}")
    assert asked.headers["content-type"] == "audio/wav"
    assert dict(parse_qsl(urlsplit(asked.path).query))["model"] == "nova-3"


@pytest.mark.parametrize("broken", [Told(b'{"results": {'), Told({"results": {"channels": []}})])
def test_what_passes_is_tried_again_and_what_does_not_is_an_error(runs: FakeRuns, broken: Told) -> None:
    busy = Told({"err_msg": "too many"}, 429, {"Retry-After": "0"})
    with FaultyOpenAi({f"listen?{QUERY}": Vendor({1: [busy, Told(drop=True)], 2: [broken]})}) as server:
        record = measured(runs, server)
    assert [each.retries for each in record.utterances] == [0, 2, None]
    errors = [each.error.message if each.error else "" for each in record.utterances]
    assert errors[:2] == ["", ""]
    assert errors[2].startswith("RuntimeError: an answer without a transcript: ")


def test_the_key_stands_in_no_file(runs: FakeRuns) -> None:
    refused = Told({"err_code": "INVALID_AUTH", "err_msg": f"no such key: {KEY}"}, 401)
    with FaultyOpenAi({f"listen?{QUERY}": Vendor({1: [refused]})}) as server:
        record = measured(runs, server)
    assert record.utterances[1].error is not None
    assert "***" in record.utterances[1].error.message
    files = [path for path in runs.path.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_without_a_key_it_says_which_variable_is_to_be_set(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPGRAM_API_KEY")
    with FaultyOpenAi({}) as server:
        record = measured(runs, server)
    assert record.failure is not None
    assert "DEEPGRAM_API_KEY is not set" in record.failure.message
