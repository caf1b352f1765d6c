"""Streams by local agreement: what is agreed on stays, nothing is lost at a cut, and the pace changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modellab.engines.local_agreement import PATIENCE, Agreement, Hypothesis, LocalAgreement, Recognise, Word
from pytest_modellab.engines.steps import Steps

RATE = 100
"""Hz; little is enough for a recogniser that reads times off the samples."""


def spoken(text: str, each_s: float = 0.5) -> list[Word]:
    return [Word(f" {word}", i * each_s, (i + 1) * each_s) for i, word in enumerate(text.split())]


def ramp(seconds: float) -> Any:
    """Samples that tell where they stand: each is its own index."""
    return np.arange(round(seconds * RATE), dtype=np.float32)


@dataclass
class Oracle:
    """Hears every word that lies in its window whole; one that the window's end cuts off it takes for another."""

    words: Sequence[Word]
    segment: int = 3
    """Words in a segment; 0 for no segments."""
    windows: list[float] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)

    def __call__(self, samples: Any, prompt: str) -> Hypothesis:
        begin, end = samples[0] / RATE, (samples[-1] + 1) / RATE
        self.windows.append(end - begin)
        self.prompts.append(prompt)
        whole = [word for word in self.words if word.start >= begin - 1e-6 and word.end <= end + 1e-6]
        mumble = f" mumble{len(self.windows)}"  # never twice the same
        cut_off = [Word(mumble, w.start, end) for w in self.words if begin <= w.start < end < w.end - 1e-6]
        ends = [w.end for i, w in enumerate(self.words, 1) if self.segment and i % self.segment == 0 and w in whole]
        return Hypothesis([w.later(-begin) for w in (*whole, *cut_off)], [end - begin for end in ends])


def stream(recognise: Recognise, **options: Any) -> LocalAgreement:
    return LocalAgreement(recognise, rate=RATE, **{"step_s": 1.0, "window_s": 4.0, **options})


def through(stream: LocalAgreement, samples: Any, sizes: Sequence[int] = (25,)) -> tuple[list[str], str]:
    """The partials and the final text, pushed in chunks of these sizes in turn."""
    partials, place, turn = [], 0, 0
    while place < len(samples):
        size = sizes[turn % len(sizes)]
        stream.push(samples[place : place + size])
        partials += [partial.text for partial in stream.partials()]
        place, turn = place + size, turn + 1
    return partials, stream.finish().text


class TestAgreement:
    def test_what_two_hypotheses_begin_with_is_agreed_on(self) -> None:
        agreement = Agreement()
        assert agreement.update(spoken("he began to confuse")) == []
        assert [w.text for w in agreement.update(spoken("he began a confused"))] == [" he", " began"]
        assert [w.text for w in agreement.open] == [" a", " confused"]
        assert agreement.until == 1.0

    def test_an_agreed_word_stays_whatever_comes(self) -> None:
        agreement = Agreement()
        agreement.update(spoken("so am I"))
        agreement.update(spoken("so am I fellow"))
        corrected = [Word(" so", 0.0, 0.5), Word(" my", 0.5, 1.5), Word(" fellow", 1.5, 2.0), Word(" man", 2.0, 2.5)]
        agreement.update(corrected)
        agreement.update(corrected)
        assert "".join(w.text for w in agreement.agreed) == " so am I fellow man"

    def test_a_word_that_moves_across_the_border_is_neither_lost_nor_said_twice(self) -> None:
        agreement = Agreement()
        agreement.update(spoken("ask not"))
        agreement.update(spoken("ask not what"))
        for shift in (-0.3, 0.3):
            agreement.update([word.later(shift) for word in spoken("ask not what your")])
            assert [w.text for w in (*agreement.agreed, *agreement.open)] == [" ask", " not", " what", " your"]

    def test_where_it_says_something_else_altogether_times_tell(self) -> None:
        agreement = Agreement()
        agreement.update(spoken("one two three"))
        agreement.update(spoken("one two three"))
        agreement.update(spoken("uno dos tres four"))
        assert [w.text for w in agreement.open] == [" four"]

    def test_a_comma_keeps_two_words_from_being_the_same(self) -> None:
        agreement = Agreement()
        agreement.update(spoken("the wizard,"))
        assert [w.text for w in agreement.update(spoken("the wizard who"))] == [" the"]


class TestStream:
    def test_the_first_partial_comes_with_the_first_step_and_the_agreed_text_with_the_second(self) -> None:
        words = spoken("a b c d e f")
        open_, _ = through(stream(Oracle(words)), ramp(3.0))
        agreed, _ = through(stream(Oracle(words), show_open=False), ramp(3.0))
        assert open_ == ["a b", "a b c d", "a b c d e f"]
        assert agreed == ["a b", "a b c d"]

    def test_where_speech_is_over_all_that_was_heard_is_told_once(self) -> None:
        told = iter([False, True, True, False, True])
        live = stream(Oracle(spoken("a b c d")), show_open=False, ended=lambda window: next(told))
        assert live.finds_ends
        partials = []
        for step in ramp(5.0).reshape(5, -1):
            live.push(step)
            partials += [(each.text, each.end_of_speech) for each in live.partials()]
        # What isn't agreed on yet is told with the end: nobody goes on speaking.
        assert partials == [("a b c d", True)]
        assert not stream(Oracle(spoken("a"))).finds_ends

    def test_finish_hears_the_rest_and_takes_it_as_it_is(self) -> None:
        oracle = Oracle(spoken("a b c d e"))
        _, final = through(stream(oracle), ramp(2.5))
        assert final == "a b c d e"
        assert oracle.windows == [1.0, 2.0, 2.5]

    def test_finish_listens_no_more_where_all_was_heard(self) -> None:
        oracle = Oracle(spoken("a b c d"))
        _, final = through(stream(oracle), ramp(2.0))
        assert final == "a b c d"
        assert oracle.windows == [1.0, 2.0]

    def test_nothing_pushed_is_nothing_said(self) -> None:
        assert stream(Oracle([])).finish().text == ""

    def test_a_window_is_cut_where_a_segment_ends_and_the_text_before_is_the_prompt(self) -> None:
        oracle = Oracle(spoken("a b c d e f g h i j k l m n o p"))
        _, final = through(stream(oracle), ramp(8.0))
        assert final == "a b c d e f g h i j k l m n o p"
        assert max(oracle.windows) <= 5.0
        assert oracle.prompts[-1].startswith("a b c d e f")

    def test_without_segments_it_is_cut_at_a_word(self) -> None:
        oracle = Oracle(spoken(" ".join("abcdefghijklmnopqrstuvwxyz")), segment=0)
        _, final = through(stream(oracle), ramp(13.0))
        assert final == " ".join("abcdefghijklmnopqrstuvwxyz")
        assert max(oracle.windows) <= 7.0

    def test_silence_and_disagreement_do_not_make_it_listen_ever_longer(self) -> None:
        seen: list[int] = []

        def unsteady(samples: Any, prompt: str) -> Hypothesis:
            seen.append(len(samples))
            return Hypothesis([Word(f" {len(seen)}", 0.0, 0.5)])

        def silent(samples: Any, prompt: str) -> Hypothesis:
            seen.append(len(samples))
            return Hypothesis([])

        for recognise in (unsteady, silent):
            seen.clear()
            through(stream(recognise), ramp(60.0))
            assert max(seen) <= (PATIENCE * 4.0 + 1.0) * RATE

    def test_the_language_is_that_of_the_recogniser(self) -> None:
        s = stream(lambda samples, prompt: Hypothesis([Word(" oui", 0, 0.5)], language="fr"))
        s.push(ramp(1.0))
        assert s.finish().language == "fr"

    def test_an_error_of_the_recogniser_comes_out_of_push(self) -> None:
        def broken(samples: Any, prompt: str) -> Hypothesis:
            raise RuntimeError("out of memory")

        with pytest.raises(RuntimeError, match="out of memory"):
            stream(broken).push(ramp(1.0))


_texts = st.lists(st.sampled_from(["a", "b", "c", "no", "no.", "Yes,"]), max_size=40).map(" ".join)
_sizes = st.lists(st.integers(1, 700), min_size=1, max_size=5)


class TestProperties:
    @given(_texts, _sizes, st.integers(0, 5), st.sampled_from([0.3, 1.0, 1.7]))
    def test_a_recogniser_that_hears_rightly_loses_and_repeats_nothing(
        self, text: str, sizes: list[int], segment: int, step_s: float
    ) -> None:
        words = spoken(text)
        s = stream(Oracle(words, segment), step_s=step_s)
        assert through(s, ramp(0.5 * len(words) + 0.2), sizes)[1] == text

    @given(st.lists(_texts, min_size=1, max_size=12), _sizes, _sizes)
    def test_neither_pace_nor_chunks_change_anything(self, texts: list[str], one: list[int], two: list[int]) -> None:
        def run(sizes: list[int]) -> tuple[list[str], str]:
            return through(stream(_saying(texts)), ramp(len(texts) + 0.5), sizes)

        assert run(one) == run(two)

    @given(st.lists(_texts, min_size=1, max_size=12))
    def test_agreed_text_only_grows_whatever_is_heard(self, texts: list[str]) -> None:
        partials, final = through(stream(_saying(texts), show_open=False), ramp(len(texts) + 0.5))
        for earlier, later in pairwise([*partials, final]):
            assert later.startswith(earlier)

    @given(st.lists(_texts, min_size=1, max_size=30))
    def test_what_is_settled_stays_and_only_goes_forward(self, texts: list[str]) -> None:
        s = stream(_saying(texts))
        settled = []
        for second in range(len(texts)):
            s.push(ramp(1.0))
            settled.append(s.settled())
            assert settled[-1].end_s <= second + 1
        final = s.finish().text
        assert [each.end_s for each in settled] == sorted(each.end_s for each in settled)
        for each in settled:
            assert final.startswith(each.text)

    @given(st.integers(1, 50), st.lists(st.integers(0, 200), max_size=8))
    def test_steps_give_back_all_audio_in_order(self, size: int, pushed: list[int]) -> None:
        audio = np.arange(sum(pushed), dtype=np.float32)
        steps, place, out = Steps(size), 0, []
        for count in pushed:
            out += list(steps.take(audio[place : place + count]))
            place += count
        assert all(len(step) == size for step in out)
        rest = steps.rest()
        assert len(rest) < size
        assert np.array_equal(np.concatenate([*out, rest]), audio)


def _saying(texts: Sequence[str]) -> Callable[[Any, str], Hypothesis]:
    """Says these texts, one after the other, whatever it hears; half a second a word, as far as the window goes."""
    calls = iter([*texts, texts[-1]])

    def recognise(samples: Any, prompt: str) -> Hypothesis:
        seconds = len(samples) / RATE
        words = [word for word in spoken(next(calls)) if word.end <= seconds]
        return Hypothesis(words, [word.end for word in words[1::2]])

    return recognise
