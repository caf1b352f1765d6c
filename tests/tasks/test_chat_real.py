"""Dialogue with real weights: a language model alone, and the same one in a cascade that hears and speaks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from own_suites import copied

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import known, load, weights
from pytest_modellab.engines.base import DeviceRef, Exchange, LoadRequest, Turn
from pytest_modellab.engines.transformers_llm import TransformersLlm
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read
from pytest_modellab.tasks.chat.record import Reply, reply_of

ROOT = Path(__file__).parents[2]
LLM, CASCADE = "smollm2-135m", "cascade-tiny-smollm2-hibari"
FEW_TOKENS = 16
# Of questions-known-en: one question, and a dialogue.
DIALOGUES = ("france", "capitals")


@dataclass(frozen=True)
class Session:
    output: str
    records: dict[str, Record]
    rows: list[dict[str, Any]]
    place: Path


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Both models on a few of the known questions, with replies of few tokens."""
    place = tmp_path_factory.mktemp("chat")
    copied(place)
    path = place / "fixtures" / "datasets" / "questions-known-en.yaml"
    questions = yaml.safe_load(path.read_text())
    questions["dialogues"] = [each for each in questions["dialogues"] if each["id"] in DIALOGUES]
    path.write_text(yaml.safe_dump(questions))
    path = place / "fixtures" / "models" / f"{LLM}.yaml"
    model = known.whole(yaml.safe_load(path.read_text()))
    model["options"]["max_new_tokens"] = FEW_TOKENS
    path.write_text(yaml.safe_dump(model))
    chosen = ["--lab-model", LLM, "--lab-model", CASCADE, "--lab-device", "cpu", "--lab-dataset", "questions-known-en"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--lab-card=full",
        "-p",
        "no:cacheprovider",
        "-m",
        "real_e2e",
        "suites/test_30_chat.py",
    ]
    done = subprocess.run([*command, *chosen], cwd=place, capture_output=True, text=True, check=False)
    records = [read(path) for path in (place / "reports" / "runs").rglob("*.json")]
    rows = json.loads((place / "reports" / "scorecard.json").read_text())["rows"]
    return Session(done.stdout + done.stderr, {each.case.model: each for each in records}, rows, place)


@pytest.fixture(scope="module")
def engine(session: Session) -> Iterator[TransformersLlm]:
    """The language model in this process, as the session's specs have it."""
    catalog = load(session.place / "fixtures")
    spec = catalog.models[LLM]
    folder = weights.local_folder(spec, catalog, Store())
    engine = TransformersLlm.load(LoadRequest(DeviceRef("cpu"), spec.options_on("cpu"), folder))
    yield engine
    engine.close()


def replies(record: Record) -> dict[str, Reply]:
    return {each.id: reply for each in record.utterances if (reply := reply_of(each)) is not None}


def test_the_language_model_knows_half_of_it_at_least(session: Session) -> None:
    record = session.records[LLM]
    assert record.value("success_rate") == 1
    accuracy = record.value("answer_accuracy")
    assert accuracy is not None, session.output
    assert accuracy >= 0.5
    assert replies(record)["france.1"].right
    assert record.value("first_token_p50_s") is not None


def test_the_cascade_hears_answers_and_speaks(session: Session) -> None:
    record = session.records[CASCADE]
    assert record.value("success_rate") == 1, session.output
    found = record.value("wer")
    assert found is not None
    assert found < 0.3
    for reply in replies(record).values():
        assert reply.audible
        assert reply.first_token_s is not None
        assert reply.first_audio_s is not None
        assert reply.first_token_s < reply.first_audio_s
        assert reply.transcript
    agreement = record.value("agreement_wer")
    assert agreement is not None
    assert agreement < 0.5
    parts = record.provenance.inputs["parts"]
    assert {role: part["model"] for role, part in parts.items()} == {
        "asr": "faster-whisper-tiny.en",
        "llm": LLM,
        "tts": "hibari-en",
    }
    assert parts["llm"]["options"]["max_new_tokens"] == FEW_TOKENS
    assert record.memory.model_size is not None
    assert record.memory.model_size > 170e6


def test_its_score_is_its_language_models_on_what_it_heard(session: Session, engine: TransformersLlm) -> None:
    record = session.records[CASCADE]
    found = replies(record)
    for each in record.utterances:
        assert each.hypothesis is not None
        dialogue, _, number = each.id.rpartition(".")
        earlier = [f"{dialogue}.{n}" for n in range(1, int(number))]
        heard = {other.id: other.hypothesis for other in record.utterances}
        history = [Exchange(None, heard[id], None, found[id].text) for id in earlier]
        reply = "".join(engine.respond(Turn(None, each.hypothesis, history))).strip()
        assert reply == found[each.id].text


def test_the_scorecard_shows_both(session: Session) -> None:
    rows = {row["case"]["model"]: row for row in session.rows}
    for model in (LLM, CASCADE):
        assert rows[model]["figures"]["answer_accuracy"] == session.records[model].value("answer_accuracy")
        assert rows[model]["grade"]["letter"] is not None
    lines = [line.split()[0] for line in session.output.splitlines() if line.strip()]
    assert {LLM, CASCADE} <= set(lines)


def test_pieces_come_as_they_are_written_and_whoever_stops_listening_stops_the_work(engine: TransformersLlm) -> None:
    turn = Turn(None, "What is the capital of France?")
    pieces = list(engine.respond(turn))
    assert len(pieces) > 3
    assert "".join(pieces).startswith("The capital of France")
    listening = engine.respond(turn)
    first = next(listening)
    listening.close()  # type: ignore[attr-defined]  # a generator
    assert pieces[0] == first
    assert list(engine.respond(turn)) == pieces


def test_what_goes_wrong_in_its_thread_is_raised(engine: TransformersLlm, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("out of tokens")

    monkeypatch.setattr(engine._model, "generate", fail)
    with pytest.raises(RuntimeError, match="out of tokens"):
        list(engine.respond(Turn(None, "Hello?")))


def test_a_dialogue_is_told_whole(engine: TransformersLlm) -> None:
    history = [Exchange(None, "Hello.", None, "Good day."), Exchange(None, None, "as heard", "Well.")]
    messages = engine._messages(Turn(None, "And now?", history))
    assert [message["role"] for message in messages] == ["system", *["user", "assistant"] * 2, "user"]
    assert [message["content"] for message in messages[1:]] == ["Hello.", "Good day.", "as heard", "Well.", "And now?"]


def test_it_has_to_be_told_in_writing(engine: TransformersLlm) -> None:
    with pytest.raises(ValueError, match="in writing"):
        list(engine.respond(Turn(None, None)))
