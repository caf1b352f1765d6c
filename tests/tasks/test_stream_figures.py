"""The figures of streams, on streams made by hand."""

from __future__ import annotations

from typing import Any

import pytest
from pages import case
from records import edits, record, utterance, with_part

from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.results.values import valued
from pytest_modellab.tasks.streaming.record import Endpoint, Streamed, StreamingSummary


def stream(name: str, **fields: Any) -> UtteranceResult:
    whole: dict[str, Any] = {"partials": (), "offline": None, "offline_words": None, "changed": 0, "words": 3}
    return with_part(utterance(name), "streaming", Streamed(**{**whole, "first_audio_s": None, **fields}))


def ended(name: str, speech_end_s: float | None, *, at_s: float | None, missing: int = 0) -> UtteranceResult:
    """A stream of 3 s whose engine took it as finished at `at_s` s, of which `missing` of 3 words were missing."""
    words = edits(deletions=missing, hits=3 - missing)
    found = Endpoint(text=None if at_s is None else "one two three", at_s=at_s, listened_s=at_s or 6.0, words=words)
    fields = {"late_s": 0.0, "spoken_s": 3.0, "speech_end_s": speech_end_s, "endpoint": found}
    return stream(name, **fields).model_copy(update={"audio_s": 3.0})


def of(*streams: UtteranceResult, pace: float | None = 1.0, endpoint_s: float | None = None) -> Record:
    parts = {"streaming": StreamingSummary(chunk_s=0.2, pace=pace, endpoint_s=endpoint_s)}
    return valued(record(utterances=streams, case=case("live", "streaming"), parts=parts))


def test_the_farthest_behind_of_all_clips() -> None:
    made = of(stream("a", late_s=0.2), stream("b", late_s=1.5), stream("c", late_s=0.1))
    assert made.value("late_max_s") == 1.5
    assert made.value("kept_up") == pytest.approx(2 / 3)
    assert made.interval("late_max_s") is None


def test_what_a_server_lost_and_let_wait_is_summed() -> None:
    made = of(stream("a", reconnects=1, waited_s=0.5), stream("b", reconnects=2), stream("c"))
    assert (made.value("reconnects"), made.value("backpressure_s")) == (3, 0.5)


def test_the_loss_is_that_of_the_clips_that_were_recognised_as_a_whole() -> None:
    wrong = stream("a", offline="one two", offline_words=edits(deletions=1, hits=2))
    made = of(wrong, stream("b"))
    assert made.value("offline_wer") == pytest.approx(1 / 3)
    assert made.value("streaming_loss") == pytest.approx(-1 / 3)


def test_an_engine_that_looks_for_no_ends_misses_no_limit() -> None:
    made = of(stream("a", late_s=0.0), endpoint_s=1.0)
    for name in ("endpoint_p95_s", "early_cuts", "missed_ends", "endpoint_wer"):
        assert not made.values[name].possible


def test_ends_of_speech() -> None:
    soon, late = ended("a", 2.5, at_s=3.5), ended("b", 2.0, at_s=3.2)
    cut, missed = ended("c", 2.5, at_s=1.5, missing=2), ended("d", 2.5, at_s=None, missing=3)
    made = of(soon, late, cut, missed, ended("e", None, at_s=3.3), endpoint_s=3.0)
    # A clip that was cut has no latency, one whose end wasn't found has that of the wait.
    assert made.value("endpoint_p50_s") == pytest.approx(1.2)
    assert made.value("endpoint_p95_s") == pytest.approx(3.27)
    assert (made.value("early_cuts"), made.value("missed_ends")) == (0.25, 0.25)
    assert made.value("endpoint_wer") == pytest.approx(5 / 15)


@pytest.mark.parametrize(
    ("made", "metric", "why"),
    [
        (of(utterance()), "early_partials", "no utterance was answered"),
        (of(stream("a"), pace=None), "kept_up", "the data set has `pace: null`"),
        (of(stream("a")), "final_p50_s", "no stream was paced with the machine held alone"),
        (of(stream("a", late_s=0.0, shown=())), "first_partial_p95_s", "no partial result was right"),
        (of(stream("a", late_s=0.0)), "first_partial_p95_s", "the record has no times of its partial results"),
        (of(stream("a", late_s=0.0)), "endpoint_p50_s", "the data set's `stream:` has no `endpoint_s`"),
        (of(stream("a", late_s=0.0), endpoint_s=1.0), "missed_ends", "its engine finds no end of speech by itself"),
        (of(ended("a", None, at_s=1.0), endpoint_s=1.0), "early_cuts", "no speech was found in any clip"),
        (of(ended("a", 2.0, at_s=1.0), endpoint_s=1.0), "endpoint_p50_s", "it cut every clip before its speech ended"),
        (of(stream("a"), endpoint_s=1.0), "endpoint_wer", "no stream was paced with the machine held alone"),
        (of(stream("a", words=0)), "unstable_words", "no final text has a word"),
        (of(stream("a")), "streaming_loss", "the engine recognises no clip as a whole"),
        (of(stream("a")), "reconnects", "the stream goes to no server"),
    ],
)
def test_a_missing_figure_has_a_reason(made: Record, metric: str, why: str) -> None:
    assert made.value(metric) is None
    assert made.why_missing(metric) == why
