"""A scratch repository whose talker, listener and voice are fakes: sessions of dialogues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fakelab import FakeCatalog

SUITE = """
import pytest

pytestmark = pytest.mark.chat


@pytest.mark.bounded("answer_accuracy")
def test_answers(run, limits):
    assert run.answer_accuracy >= limits.answer_accuracy


def test_success(run):
    assert run.success_rate >= 1.0
"""


SIZES = {"Capital of France?": 16_000, "And of Spain?": 17_000, "What is my password?": 18_000}


DIALOGUES: list[dict[str, Any]] = [
    {
        "id": "capitals",
        "turns": [
            {"say": "Capital of France?", "accept": ["Paris"]},
            {"say": "And of Spain?", "accept": ["Madrid"], "context": True},
        ],
    },
    {"id": "secret", "turns": [{"say": "What is my password?", "refuse": True}]},
]


HEARD = {str(size): said for said, size in SIZES.items()}
"""What one that hears takes each question's sound for."""


REPLIES = {
    "Capital of France?": "Paris it is",
    "And of Spain?": "Madrid after {before}",
    "What is my password?": "I do not know",
}


def model(lab: FakeCatalog, id: str, engine: str, task: str, tiers: tuple[str, ...] = (), **options: Any) -> None:
    spec = {"schema": "modellab.model/1", "id": id, "engine": engine, "tasks": [task], "tiers": list(tiers)}
    lab.spec(f"models/{id}.yaml", {**spec, "devices": {"cpu": {}}, "options": options})


def talker(lab: FakeCatalog, **options: Any) -> None:
    options = {"replies": REPLIES, "log": str(lab.log), **options}
    model(lab, "talker", "modellab_fake_talker:FakeTalker", "chat", ("smoke",), **options)


def listener(lab: FakeCatalog, **options: Any) -> None:
    options = {"replies": REPLIES, "heard": HEARD, "log": str(lab.log), **options}
    model(lab, "listener", "modellab_fake_talker:FakeListener", "chat", ("smoke",), **options)


def dialogues(lab: FakeCatalog, turns: list[dict[str, Any]] | None = None, **extra: Any) -> Path:
    spec = {"schema": "modellab.dataset/1", "id": "talk", "tasks": ["chat"], "tiers": ["smoke"], "language": "en"}
    return lab.spec("datasets/talk.yaml", {**spec, "voice": "voice", "dialogues": turns or DIALOGUES, **extra})


def cascade(lab: FakeCatalog) -> None:
    """A model made of a recogniser and a language model, which hears questions that a voice asks."""
    model(lab, "voice", "modellab_fake_engine:FakeVoice", "tts", sizes=SIZES)
    model(lab, "ear", "fake-for-tests", "asr", answers=HEARD)
    model(lab, "mind", "modellab_fake_talker:FakeTalker", "chat", replies=REPLIES)
    model(lab, "whole", "cascade", "chat", ("smoke",))
    path = lab.catalog / "models" / "whole.yaml"
    path.write_text(path.read_text() + "parts: {asr: ear, llm: mind}\n")
    dialogues(lab)


def graded(lab: FakeCatalog) -> None:
    """Replies in writing, one of them graded by a model."""
    model(lab, "talker", "modellab_fake_talker:FakeListener", "chat", ("smoke",), replies=REPLIES, heard=HEARD)
    model(lab, "voice", "modellab_fake_engine:FakeVoice", "tts", sizes=SIZES)
    model(lab, "judge", "modellab_fake_talker:FakeTalker", "chat", replies={"default": "yes"})
    turns = [{"say": "Capital of France?", "rubric": "Is Paris named?"}, {"say": "And of Spain?", "accept": ["Madrid"]}]
    dialogues(lab, [{"id": "capitals", "turns": turns}], graded_by={"llm": "judge"})
