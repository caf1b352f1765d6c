"""A cascade: its parts, and what the catalog takes for one. Its parts are fakes; test_chat_real.py has real ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from catalogs import COMMIT, model_yaml, write_catalog

from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.engines.base import (
    Clip,
    DeviceRef,
    Exchange,
    Heard,
    LoadRequest,
    ModelPart,
    Speech,
    Transcript,
    Turn,
)
from pytest_modellab.engines.cascade import Cascade, CascadeOptions, first_sentence

CLIP = Clip(np.zeros(16_000, np.float32), 16_000, "en")


class Quiet:
    rate = 16_000

    def synchronize(self) -> None: ...

    def close(self) -> None: ...


class FakeEar(Quiet):
    def __init__(self, text: str) -> None:
        self.text = text

    def transcribe(self, clip: Clip) -> Transcript:
        return Transcript(self.text)


class FakeMind(Quiet):
    def __init__(self, *pieces: str) -> None:
        self.pieces = pieces
        self.turns: list[Turn] = []

    def respond(self, turn: Turn) -> Iterator[str]:
        self.turns.append(turn)
        yield from self.pieces


class FakeMouth(Quiet):
    def __init__(self) -> None:
        self.said: list[tuple[str, str | None]] = []

    def synthesize(self, text: str, language: str | None) -> Iterator[Speech]:
        self.said.append((text, language))
        yield Speech(np.ones(len(text), np.float32), 24_000)


def shown(piece: object) -> object:
    return len(piece.samples) if isinstance(piece, Speech) else piece


def test_it_tells_what_it_heard_and_speaks_sentence_by_sentence() -> None:
    mouth = FakeMouth()
    mind = FakeMind("Paris is ", "the capital. ", "It is a large", " city.")
    pieces = list(Cascade(FakeEar("capital?"), mind, mouth, CascadeOptions()).respond(Turn(CLIP, None)))
    assert [shown(piece) for piece in pieces] == [
        Heard("capital?"),
        "Paris is ",
        "the capital. ",
        len("Paris is the capital."),
        "It is a large",
        " city.",
        len("It is a large city."),
    ]
    assert mouth.said == [("Paris is the capital.", "en"), ("It is a large city.", "en")]


def test_all_at_once_if_told_so_and_in_writing_alone_without_a_voice() -> None:
    mouth = FakeMouth()
    mind = FakeMind("Paris is the capital. ", "It is a large city.")
    list(Cascade(FakeEar("?a"), mind, mouth, CascadeOptions(by_sentence=False)).respond(Turn(CLIP, None)))
    assert [text for text, _ in mouth.said] == ["Paris is the capital. It is a large city."]
    pieces = list(Cascade(FakeEar("?a"), mind, None, CascadeOptions()).respond(Turn(CLIP, None)))
    assert not any(isinstance(piece, Speech) for piece in pieces)


def test_it_does_not_answer_who_said_nothing() -> None:
    mind = FakeMind("Hello!")
    assert list(Cascade(FakeEar(" ... "), mind, None, CascadeOptions()).respond(Turn(CLIP, None))) == [Heard(" ... ")]
    assert not mind.turns


def test_earlier_turns_are_told_as_they_were_heard() -> None:
    mind = FakeMind("Yes.")
    history = [Exchange(None, None, "as heard", "first"), Exchange(CLIP, None, None, "second")]
    list(Cascade(FakeEar("now"), mind, None, CascadeOptions()).respond(Turn(CLIP, None, history)))
    (turn,) = mind.turns
    assert (turn.clip, turn.text) == (None, "now")
    assert [(past.text, past.reply) for past in turn.history] == [("as heard", "first"), ("now", "second")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is over. And", ("It is over.", "And")),
        ("It is over.", None),  # more may follow: 3. may become 3.14
        ("Pi is 3.14 or so", None),
        ("1. The first point. Then", ("1. The first point.", "Then")),
        ('He said "go away!" Then', ('He said "go away!"', "Then")),
        ("A heading of words\nText", ("A heading of words", "Text")),
        ("それは東京にあります。次", ("それは東京にあります。", "次")),
    ],
)
def test_sentences(text: str, expected: tuple[str, str] | None) -> None:
    assert first_sentence(text) == expected


def test_marks_that_nobody_speaks_are_left_out() -> None:
    mouth = FakeMouth()
    list(
        Cascade(FakeEar("q"), FakeMind("**Paris** is `big`.\n\n***\n"), mouth, CascadeOptions()).respond(
            Turn(CLIP, None)
        )
    )
    assert [text for text, _ in mouth.said] == ["Paris  is  big ."]


class Loaded(FakeEar):
    requests: ClassVar[list[LoadRequest]] = []

    @classmethod
    def load(cls, request: LoadRequest) -> Loaded:
        cls.requests.append(request)
        return cls("heard")


def test_each_part_is_loaded_as_it_was_ordered() -> None:
    Loaded.requests.clear()
    device = DeviceRef("cpu")
    orders = {role: LoadRequest(device, {"of": role}, Path(role)) for role in ("asr", "llm")}
    parts = {role: ModelPart(Loaded, order) for role, order in orders.items()}
    engine = Cascade.load(LoadRequest(device, {}, None, parts))
    assert Loaded.requests == list(orders.values())
    engine.close()
    with pytest.raises(ValueError, match="it lacks llm"):
        Cascade.load(LoadRequest(device, {}, None, {"asr": parts["asr"]}))


LLM = f"""\
schema: modellab.model/1
id: mind
engine: transformers-llm
tasks: [chat]
tiers: []
weights: {{repo: org/mind, revision: {COMMIT}}}
devices: {{cpu: {{}}}}
"""
CASCADE = """\
schema: modellab.model/1
id: whole
engine: cascade
tasks: [chat]
tiers: []
parts: {asr: tiny, llm: mind}
devices: {cpu: {}}
"""


def problems(folder: Path, cascade: str = CASCADE, **files: str) -> list[tuple[int, str]]:
    named: Mapping[str, Any] = {f"models/{name}.yaml": text for name, text in files.items()}
    texts = {"models/mind.yaml": LLM, "models/whole.yaml": cascade, **named}
    try:
        load(write_catalog(folder / "fixtures", files=texts))
    except CatalogError as error:
        return [(problem.line, problem.message) for problem in error.problems]
    return []


def test_a_cascade_of_models_of_the_catalog_is_taken(tmp_path: Path) -> None:
    assert problems(tmp_path) == []


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ("{asr: tiny, llm: mnd}", "unknown model `mnd`; did you mean `mind`"),
        ("{asr: mind, llm: mind}", "`mind` does chat and not `asr`; allowed: tiny"),
        ("{asr: tiny, llm: tiny}", "`tiny` does asr and not `chat`; allowed: mind"),
        ("{asr: tiny, llm: whole}", "`whole` is made of parts itself; allowed: mind"),
        ("{asr: tiny, llm: mind, tts: tiny}", "`tiny` does asr and not `tts`; no model of the catalog does `tts`"),
        ("{asr: tiny, mind: mind}", "cascade has no part `mind`; allowed: asr, llm, tts"),
        ("{asr: tiny}", "cascade lacks the part `llm`; write `parts: {asr: <a model that does asr>"),
    ],
)
def test_parts_that_do_not_fit_are_refused_with_what_does(tmp_path: Path, parts: str, told: str) -> None:
    found = problems(tmp_path, CASCADE.replace("{asr: tiny, llm: mind}", parts))
    assert any(told in message for _, message in found), found
    assert {line for line, _ in found} == {6}


def test_parts_run_where_the_whole_does(tmp_path: Path) -> None:
    found = problems(tmp_path, CASCADE.replace("{cpu: {}}", "{cpu: {}, cuda: {}}"))
    assert found == [
        (6, "`mind` does not run on cuda: name it under `devices:` there, or take it out here; it has cpu")
    ]


def test_a_part_has_no_environment_of_its_own(tmp_path: Path) -> None:
    spec = LLM.replace("devices:", "environment: {python: '3.12', requirements: [a==1]}\ndevices:")
    ((line, message),) = problems(tmp_path, mind=spec)
    assert line == 6
    assert message.startswith("`mind` has an environment of its own, and all parts share one process")


def test_other_engines_have_no_parts(tmp_path: Path) -> None:
    spec = model_yaml("tiny").replace("options:", "parts: {asr: mind}\noptions:")
    found = problems(tmp_path, tiny=spec)
    assert [message for _, message in found] == ["faster-whisper is not made of other models: leave `parts:` out"]
