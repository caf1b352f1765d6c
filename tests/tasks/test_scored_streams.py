"""Streams and dialogues scored again, and what a task says where it says nothing of its own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from records import utterance, with_part

from pytest_modellab.catalog.specs import StreamSpec
from pytest_modellab.core.text import TextRules
from pytest_modellab.tasks.asr.text_analysis import Terms
from pytest_modellab.tasks.base import Task
from pytest_modellab.tasks.registry import task_named
from pytest_modellab.tasks.scoring import Judged, Scoring
from pytest_modellab.tasks.streaming.record import Endpoint, PartialResult, ShownPartial, Streamed

ENGLISH = TextRules("whisper-english")
NO_TERMS = Terms()


class TestStreams:
    scoring = task_named("streaming").scoring()

    def test_partials_are_counted_against_the_final_text(self) -> None:
        shown = [PartialResult(text=text, audio_s=float(i)) for i, text in enumerate(("one find", "one fine"))]
        part = Streamed(
            partials=tuple(shown), offline="one fine way", first_audio_s=0.5, offline_words=None, changed=0, words=0
        )
        row = with_part(utterance("a", reference="one fine day", hypothesis="one fine day"), "streaming", part)
        [parts] = self.scoring.score([row], ENGLISH)
        streamed = parts["streaming"]
        assert streamed.offline_words is not None
        assert (streamed.offline_words.errors, streamed.words) == (1, 3)
        assert streamed.changed > 0
        assert parts["asr"].words.hits == 3

    def test_the_first_partial_that_is_right_counts(self) -> None:
        texts = ("thank you", "one", "one fine", "one fine day")
        part = Streamed(
            partials=tuple(PartialResult(text=text, audio_s=float(i)) for i, text in enumerate(texts)),
            shown=tuple(ShownPartial(text=text, at_s=i + 0.5) for i, text in enumerate(texts)),
            spoken_s=3.0,
            final_s=1.0,
            late_s=0.0,
            offline=None,
            offline_words=None,
            changed=0,
            words=0,
            endpoint=Endpoint(text="one fine", at_s=2.75, listened_s=2.75),
        )
        row = with_part(utterance("a", reference="one fine day", hypothesis="one fine day"), "streaming", part)
        [parts] = self.scoring.score([row], ENGLISH)
        streamed = parts["streaming"]
        assert (streamed.first_audio_s, streamed.first_right_s) == (1.0, 1.5)
        # Words at 1.5, 2.5 and 3.5 s, due at 0, 1 and 2.
        assert streamed.emission_delay_s == pytest.approx(1.5)
        assert (streamed.endpoint.words.errors, streamed.endpoint.words.units) == (1, 3)
        untimed = self.scoring.untimed(parts)["streaming"]
        assert untimed.shown is untimed.first_right_s is untimed.emission_delay_s is untimed.endpoint is None

    def test_what_it_is_of_is_kept(self) -> None:
        spec = SimpleNamespace(streaming=StreamSpec(chunk_s=0.5, pace=None))
        known = self.scoring.known(cast(Any, spec), Judged())
        assert known["streaming"].chunk_s == 0.5
        assert self.scoring.summarize([], known, ENGLISH, NO_TERMS)["streaming"] == known["streaming"]
        assert "streaming" not in self.scoring.summarize([], {}, ENGLISH, NO_TERMS)

    def test_an_utterance_without_an_answer(self) -> None:
        clip = cast(Any, SimpleNamespace(id="a"))
        assert self.scoring.raw(clip, {"text": None, "part": None}, {}, Judged()) == (None, {})


class Bare(Task):
    """A task with nothing of its own."""

    name = "bare"


class TestBareTask:
    def test_it_has_no_requests(self) -> None:
        with pytest.raises(NotImplementedError):
            Bare().requests(cast(Any, None), cast(Any, None), cast(Any, None))

    def test_all_else_has_an_answer(self) -> None:
        task = Bare()
        assert type(task.scoring()) is Scoring
        assert task.quality_metric("cer") == "cer"
        assert not task.speaks(cast(Any, None))
        assert not task.hears_prompts(cast(Any, None))
        assert task.takes_silence(lambda: None)
        assert [*task.show(cast(Any, None))] == []
        assert task.inputs(cast(Any, None)) == {}
