"""Errors in who spoke when: worked examples, what must change nothing, and equality with pyannote.metrics."""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from pytest_modellab.tasks.diarize.assignment import best_pairs
from pytest_modellab.tasks.diarize.error_time import ErrorTime, Scored, error_time
from pytest_modellab.tasks.diarize.segments import Segment, by_speaker

END = 20_000
TRUTH = [Segment(0, 5000, "ann"), Segment(6000, 10_000, "bob"), Segment(9000, 12_000, "ann")]


def segments(speakers: str, most: int = 12) -> st.SearchStrategy[list[Segment]]:
    one = st.builds(
        lambda start, length, speaker: Segment(start, min(END, start + length), speaker),
        st.integers(0, END - 1),
        st.integers(1, 6000),
        st.sampled_from(speakers),
    )
    return st.lists(one, max_size=most)


@given(st.lists(st.lists(st.integers(0, 30), min_size=4, max_size=4), min_size=1, max_size=7))
def test_the_best_pairs_are_scipys(weights: list[list[int]]) -> None:
    pairs = best_pairs(weights)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    matrix = np.array(weights)
    assert sum(weights[i][j] for i, j in pairs) == matrix[linear_sum_assignment(matrix, maximize=True)].sum()


def test_no_pairs_of_nobody() -> None:
    assert best_pairs([]) == best_pairs([[], []]) == []


def test_a_right_answer_has_no_errors_whatever_it_calls_the_speakers() -> None:
    found = error_time(TRUTH, [Segment(each.start, each.end, f"x{each.speaker}") for each in TRUTH], Scored(END))
    assert (found.errors, found.speech, found.jaccard) == (0, 12_000, 0)
    assert found.pairs == {"xann": "ann", "xbob": "bob"}


def test_the_three_kinds_of_error() -> None:
    answer = [Segment(0, 4000, "1"), Segment(5500, 9000, "2"), Segment(9000, 10_000, "3"), Segment(10_000, 12_000, "1")]
    found = error_time(TRUTH, answer, Scored(END))
    # A second of ann and, in the overlap, one of the two; half a second before bob; the third speaker in the overlap.
    assert (found.missed, found.false_alarm, found.confusion) == (2000, 500, 1000)
    assert (found.speakers, found.found) == (2, 3)
    # Ann shares 6 s of 8 with the first, bob 3 s of 4.5 with the second.
    assert found.jaccard == pytest.approx(2 - 6 / 8 - 3 / 4.5)


def test_overlap_can_be_left_out_and_so_can_a_collar() -> None:
    answer = [Segment(0, 5200, "1"), Segment(6000, 9500, "2"), Segment(9500, 12_000, "1")]
    assert error_time(TRUTH, answer, Scored(END)).speech == 12_000
    alone = error_time(TRUTH, answer, Scored(END, overlap=False))
    assert (alone.speech, alone.errors) == (10_000, 200)
    # 250 ms on both sides of 0, 5, 6, 9, 10 and 12 s, of which 0 has one side.
    collared = error_time(TRUTH, answer, Scored(END, collar=250, overlap=False))
    assert (collared.speech, collared.errors) == (4500 + 2500 + 1500, 0)


def test_what_lies_behind_the_recording_is_not_scored() -> None:
    found = error_time([Segment(0, 1000, "a")], [Segment(0, 1000, "x"), Segment(900, 99_000, "y")], Scored(1000))
    assert (found.false_alarm, found.confusion) == (100, 0)


def test_without_an_answer_all_is_missed_and_without_speech_all_is_false_alarm() -> None:
    nothing = error_time(TRUTH, [], Scored(END))
    assert (nothing.missed, nothing.errors, nothing.jaccard, nothing.found) == (12_000, 12_000, 2, 0)
    noise = error_time([], TRUTH, Scored(END))
    assert (noise.speech, noise.false_alarm, noise.errors, noise.speakers) == (0, 12_000, 12_000, 0)
    assert error_time([], [], Scored(0)) == ErrorTime()


@given(segments("ab"), segments("xyz"), st.permutations("xyz"), st.randoms(use_true_random=False))
def test_labels_and_order_change_nothing(
    truth: list[Segment], answer: list[Segment], names: list[str], draw: random.Random
) -> None:
    called = dict(zip("xyz", names, strict=True))
    other = [Segment(each.start, each.end, called[each.speaker]) for each in answer]
    draw.shuffle(other)
    one, two = (error_time(truth, each, Scored(END, 100)) for each in (answer, other))
    assert (one.missed, one.false_alarm, one.confusion, one.found) == (
        *(two.missed, two.false_alarm, two.confusion, two.found),
    )
    assert one.jaccard == pytest.approx(two.jaccard)


def test_two_speakers_who_change_places_are_found() -> None:
    truth = [Segment(1000 * i, 1000 * i + 1000, "ab"[i % 2]) for i in range(10)]
    answer = [Segment(each.start, each.end, each.speaker if i < 6 else "ba"[i % 2]) for i, each in enumerate(truth)]
    found = error_time(truth, answer, Scored(10_000))
    assert (found.missed, found.false_alarm, found.confusion) == (0, 0, 4000)


def by_pyannote(truth: Sequence[Segment], answer: Sequence[Segment], scored: Scored) -> tuple[Any, Any]:
    """The components of DER and of JER, of speakers who don't overlap themselves."""
    core = pytest.importorskip("pyannote.core")
    diarization = pytest.importorskip("pyannote.metrics.diarization")

    def annotation(given: Sequence[Segment]) -> Any:
        made = core.Annotation()
        for name, spans in by_speaker(given, scored.end).items():
            for start, end in spans:
                made[core.Segment(start / 1000, end / 1000), name] = name
        return made

    uem = core.Timeline([core.Segment(0, scored.end / 1000)])
    told = {"collar": 2 * scored.collar / 1000, "skip_overlap": not scored.overlap}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(
            kind(**told)(annotation(truth), annotation(answer), uem=uem, detailed=True)
            for kind in (diarization.DiarizationErrorRate, diarization.JaccardErrorRate)
        )


@settings(max_examples=60)
@given(segments("abc"), segments("wxyz"), st.sampled_from([0, 250]), st.booleans())
def test_errors_are_those_of_pyannote_metrics(
    truth: list[Segment], answer: list[Segment], collar: int, overlap: bool
) -> None:
    scored = Scored(END, collar, overlap)
    found = error_time(truth, answer, scored)
    der, _ = by_pyannote(truth, answer, scored)
    ours = (found.speech, found.missed, found.false_alarm, found.confusion)
    names = ("total", "missed detection", "false alarm", "confusion")
    assert [each / 1000 for each in ours] == pytest.approx([der[name] for name in names], abs=1e-6)


def test_jaccard_errors_are_those_of_pyannote_metrics() -> None:
    draw, equal = random.Random(1), 0
    for _ in range(60):
        truth, answer = (
            [
                Segment(at, at + draw.randrange(500, 4000), draw.choice(names))
                for at in (draw.randrange(END - 4000) for _ in range(8))
            ]
            for names in ("abc", "wxyz")
        )
        scored = Scored(END, draw.choice([0, 250]), draw.random() < 0.5)
        _, jer = by_pyannote(truth, answer, scored)
        found = error_time(truth, answer, scored)
        assert found.speakers == jer["speaker count"]
        # Of pairings that have the same time in common the other takes any.
        assert found.jaccard <= jer["speaker error"] + 1e-9
        equal += found.jaccard == pytest.approx(jer["speaker error"])
    assert equal >= 57
