"""The figures of streams, on streams made by hand."""

from __future__ import annotations

from typing import Any

import pytest
from pages import case
from records import edits, record, utterance, with_part

from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.results.values import valued
from pytest_modellab.tasks.streaming.record import Streamed, StreamingSummary


def stream(name: str, **fields: Any) -> UtteranceResult:
    whole: dict[str, Any] = {"partials": (), "offline": None, "offline_words": None, "changed": 0, "words": 3}
    return with_part(utterance(name), "streaming", Streamed(**{**whole, "first_audio_s": None, **fields}))


def of(*streams: UtteranceResult, pace: float | None = 1.0) -> Record:
    parts = {"streaming": StreamingSummary(chunk_s=0.2, pace=pace)}
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


@pytest.mark.parametrize(
    ("made", "metric", "why"),
    [
        (of(utterance()), "early_partials", "no utterance was answered"),
        (of(stream("a"), pace=None), "kept_up", "the data set has `pace: null`"),
        (of(stream("a")), "final_p50_s", "no stream was paced with the machine held alone"),
        (of(stream("a", late_s=0.0)), "first_partial_p95_s", "no partial result had a word"),
        (of(stream("a", words=0)), "unstable_words", "no final text has a word"),
        (of(stream("a")), "streaming_loss", "the engine recognises no clip as a whole"),
        (of(stream("a")), "reconnects", "the stream goes to no server"),
    ],
)
def test_a_missing_figure_has_a_reason(made: Record, metric: str, why: str) -> None:
    assert made.value(metric) is None
    assert made.why_missing(metric) == why
