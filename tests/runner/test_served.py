"""Cases whose model stands behind a server: what is repeated, what a fault counts as, where a key may not stand."""

from __future__ import annotations

from typing import Any

import pytest
from fakelab import FakeCatalog
from fakeruns import FakeRuns
from faulty_openai import Asked, FaultyOpenAi, Told, heard

from pytest_modellab.results.record import Record

KEY = "sk-very-secret-0123"


class Answers:
    """Right answers to the clips of a FakeCatalog, after the faults of each: clip number -> what is told first."""

    def __init__(self, faults: dict[int, list[Told]] | None = None) -> None:
        self.faults = faults or {}

    def __call__(self, asked: Asked) -> Told:
        number = heard(asked)
        faults = self.faults.get(number, [])
        if faults:
            return faults.pop(0)
        # The clip of a fixed length, by which noise is measured, is none of them.
        texts = FakeCatalog.texts
        return Told({"text": texts[number] if number < len(texts) else ""})


def measured(runs: FakeRuns, server: FaultyOpenAi, spec: dict[str, Any] | None = None, **options: Any) -> Record:
    runs.ready()
    given = {"url": server.url, "model": "tiny", "answer_timeout_s": 5.0, **options}
    model = {"schema": "modellab.model/1", "id": "fake", "engine": "openai-audio", "tasks": ["asr"]}
    runs.spec(
        "models/fake.yaml", {**model, "tiers": ["smoke"], "options": given, "devices": {"cpu": {}}, **(spec or {})}
    )
    return runs.measured()


def test_calls_that_are_repeated_are_counted_apart_from_what_is_timed(runs: FakeRuns) -> None:
    busy = Told({"error": "busy"}, 429, {"Retry-After": "0.3"})
    with FaultyOpenAi({"audio/transcriptions": Answers({1: [busy, Told(drop=True)]})}) as server:
        record = measured(runs, server)
    assert record.value("wer") == 0
    assert record.value("retries") == 2
    assert [each.retries for each in record.utterances] == [0, 2, 0]
    # Neither the pauses nor the calls before the last are part of a latency.
    assert max(each.processing_s or 0 for each in record.utterances) < 0.25
    client_s = record.value("client_p50_s")
    assert client_s is not None
    assert client_s < (record.value("latency_p50_s") or 0)
    assert record.loaded["models"] == "tiny"


@pytest.mark.parametrize(
    ("told", "what"),
    [
        (Told({"error": "busy"}, 429, {"Retry-After": "0"}), "ServerBusy: .* answers 429: busy (repeated twice"),
        (Told(drop=True), "ConnectionLost: "),
        (Told({"text": "two fine days"}, cut=9), "ConnectionLost: "),
        (Told(b'{"text": "two'), "BadAnswer: "),
        (Told({"text": "late"}, hang_s=0.6), "AnswerTimeout: "),
    ],
)
def test_an_answer_that_fails_counts_as_all_its_words_wrong(
    runs: FakeRuns, told: Told, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_modellab.engines.openai_client.FIRST_PAUSE_S", 0.01)
    with FaultyOpenAi({"audio/transcriptions": Answers({1: [told] * 9})}) as server:
        record = measured(runs, server, answer_timeout_s=0.3)
    error = record.utterances[1].error
    assert error is not None
    assert error.message.startswith(what.partition(" ")[0])
    assert len(record.utterances) == 3
    assert record.value("success_rate") == pytest.approx(2 / 3)
    assert record.value("wer") == pytest.approx(1 / 3)


def test_a_price_of_the_audio_is_its_cost(runs: FakeRuns) -> None:
    with FaultyOpenAi({"audio/transcriptions": Answers()}) as server:
        record = measured(runs, server, {"price": {"per_minute": 0.006, "currency": "USD"}})
    assert record.value("cost_per_audio_hour") == pytest.approx(0.36)
    assert record.price is not None
    assert record.price.currency == "USD"


def test_answers_of_a_server_are_never_taken_over(runs: FakeRuns) -> None:
    with FaultyOpenAi({"audio/transcriptions": Answers()}) as server:
        measured(runs, server)
        before = len(server.asked)
        runs.measured()
        assert len(server.asked) >= 2 * before - 1
    assert len(runs.records()) == 2


def test_a_key_stands_in_no_file(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", KEY)
    refused = Told({"error": {"message": f"Incorrect API key provided: {KEY}"}}, 401)
    listed = Told({"data": [{"id": KEY}]}, headers={"Server": KEY})
    answers: dict[str, Any] = {"models": [listed], "audio/transcriptions": Answers({0: [refused] * 9})}
    with FaultyOpenAi(answers) as server:
        record = measured(runs, server, api_key_env="SOME_KEY")
    assert record.utterances[0].error is not None
    files = [path for path in runs.path.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
