"""What a data set of dialogues must not say is refused, with its line."""

from __future__ import annotations

from typing import Any

import pytest
from chatlab import SIZES, dialogues, listener, model, talker
from fakeruns import FakeRuns

from pytest_modellab.catalog import CatalogError
from pytest_modellab.catalog.dialogue_specs import TurnSpec


@pytest.mark.parametrize(
    ("turn", "extra", "message"),
    [
        ({"say": "Hi"}, {"voice": "vice"}, "unknown model `vice`; did you mean `voice`"),
        ({"say": "Hi"}, {"voice": "ear"}, "`ear` does not do `tts` on the device cpu; allowed: voice"),
        ({"say": "Hi"}, {"voice": None}, "need a `voice` to speak them"),
        ({"say": "!"}, {}, "`say` has no letter or digit"),
        ({"say": "Hi", "accept": ["..."]}, {}, "`accept`: `...` has no letter or digit"),
        ({"say": "Hi", "context": True}, {}, "nothing was said before it"),
        ({"say": "Hi", "refuse": True, "number": 3}, {}, "`refuse` doesn't go with"),
        ({"say": "Hi", "tolerance": 3}, {}, "`tolerance` goes with `number`"),
        ({"say": "Hi", "language": "sw"}, {}, "replies can be detected to be in ar, be"),
        ({"say": "Hi", "rubric": "Good?"}, {}, "say who judges by it under `graded_by`"),
        ({"say": "Hi"}, {"graded_by": {"llm": "talker"}}, "no turn has one"),
        (
            {"say": "Hi", "rubric": "Good?"},
            {"graded_by": {"llm": "listener"}},
            "`listener` does not do `chat` in",
        ),
        ({"say": "Hi", "clip": {"archive": "a", "member": "b", "sha256": "0" * 64}}, {}, "unknown archive `a`"),
        ({"say": "Hi", "rubric": " "}, {}, "`rubric` is empty: what is the judge asked?"),
        ({"say": "Hi", "acept": ["Paris"]}, {}, "did you mean `accept`"),
    ],
)
def test_what_a_data_set_must_not_say(
    runs: FakeRuns, turn: dict[str, Any], extra: dict[str, Any], message: str
) -> None:
    model(runs, "voice", "modellab_fake_engine:FakeVoice", "tts", sizes=SIZES)
    model(runs, "ear", "fake-for-tests", "asr")
    talker(runs)
    listener(runs)
    dialogues(runs, [{"id": "one", "turns": [turn]}], **extra)
    with pytest.raises(CatalogError) as wrong:
        runs.cases()
    assert message in str(wrong.value)
    assert "lab/datasets/talk.yaml:" in str(wrong.value)


@pytest.mark.parametrize(
    ("rules", "judged"),
    [({}, False), ({"accept": ("Paris",)}, True), ({"refuse": True}, True), ({"number": 0}, True),
     ({"language": "en"}, True), ({"rubric": "Is it polite?"}, True), ({"context": False}, False)],
)  # fmt: skip
def test_a_turn_is_judged_where_anything_tells_right_from_wrong(rules: dict[str, Any], judged: bool) -> None:
    assert TurnSpec(say="Hi", **rules).judged is judged
