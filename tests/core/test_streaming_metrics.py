"""What a stream is judged by, on partials written by hand; the worker's side, on streams that do as they are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from modellab_fake_stream import FakeStream, FakeStreamOptions, sound

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.streaming import (
    BEHIND_S,
    Shown,
    changed_words,
    emission_delay,
    first_right,
    kept_up,
)
from pytest_modellab.tasks.streaming import handler as streaming_handler


def shown(*texts: str) -> list[Shown]:
    return [Shown(float(i), i / 2, text.split()) for i, text in enumerate(texts, 1)]


class TestFirstRight:
    @pytest.mark.parametrize(
        ("partials", "reference", "at_s"),
        [
            (("", "", "he", "he began"), "he began a confused complaint", 3.0),
            # What was never said is no first partial.
            (("thank you", "thank you he", "he began"), "he began a confused complaint", 3.0),
            (("she", "she began", "she began a"), "he began a confused complaint", 3.0),
            (("a complaint",), "he began a confused complaint", None),
            # Speech of which the beginning was missed.
            (("confused", "a confused complaint against"), "he began a confused complaint against the wizard", None),
            (("complaint a b c",), "complaint", None),
            (("", ""), "he began", None),
            ((), "he began", None),
            (("he",), "", None),
        ],
    )
    def test_by_hand(self, partials: Sequence[str], reference: str, at_s: float | None) -> None:
        found = first_right(shown(*partials), reference.split())
        assert (None if found is None else found.at_s) == at_s

    @given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=9), st.integers(1, 9))
    def test_a_beginning_of_the_reference_is_right(self, reference: list[str], count: int) -> None:
        beginning = Shown(1.0, 1.0, reference[:count])
        assert first_right([beginning], reference) == beginning


class TestEmissionDelay:
    @pytest.mark.parametrize(
        ("partials", "final", "reference", "delay"),
        [
            # Words at 1, 2, 3, 4 s of four seconds, due at 0, 1, 2, 3.
            ([(1, "a"), (2, "a b"), (3, "a b c"), (4, "a b c d")], "a b c d", 4, 1.0),
            # All at the end: it lagged by the whole clip, and half a second.
            ([], "a b c d", 4, 4.5),
            # A word that is taken back counts from when it came for good.
            ([(1, "x"), (2, "a b"), (3, "a b c"), (4, "a b c d")], "a b c d", 4, (2 + 1 + 1 + 1) / 4),
            ([(1, "a"), (2, "x"), (3, "a b c"), (4, "a b c d")], "a b c d", 4, (3 + 2 + 1 + 1) / 4),
            # What comes when all is spoken is counted once.
            ([(1, "a"), (2, "a b")], "a b c d", 4, (1 + 1 + 2.5) / 3),
            # Words that were missed let those that came be due later, not earlier.
            ([(1, "a"), (3, "a b")], "a b", 4, (1 + 2) / 2),
            # Words that are made up make all due sooner.
            ([(1, "a"), (2, "a b"), (3, "a b c"), (4, "a b c d")], "a b c d", 2, 1.0),
            ([(1, "a")], "", 4, None),
        ],
    )
    def test_by_hand(
        self, partials: Sequence[tuple[float, str]], final: str, reference: int, delay: float | None
    ) -> None:
        given = [Shown(at_s, at_s, text.split()) for at_s, text in partials]
        found = emission_delay(given, final.split(), 4.5, 4.0, reference)
        assert found == (None if delay is None else pytest.approx(delay))

    @given(
        st.lists(st.lists(st.sampled_from("ab"), max_size=5), max_size=6), st.lists(st.sampled_from("ab"), min_size=1)
    )
    def test_it_is_at_most_that_of_a_recogniser_that_shows_nothing(
        self, texts: list[list[str]], final: list[str]
    ) -> None:
        partials = [Shown(float(i), float(i), text) for i, text in enumerate(texts)]
        nothing = emission_delay([], final, 7.0, 6.0, 3)
        found = emission_delay(partials, final, 7.0, 6.0, 3)
        assert found is not None
        assert nothing == 7.0
        assert found <= nothing


class TestChangedWords:
    @pytest.mark.parametrize(
        ("partials", "final", "changed"),
        [
            ((), "he began", 0),
            (("he", "he began"), "he began a", 0),
            (("he began to confuse",), "he began a confused complaint", 2),
            (("a b", "a c", "a b"), "a b", 2),
            # What follows a change is read again, whether it is the same or not.
            (("a b c",), "x a b c", 3),
            (("a b c",), "", 3),
            (("a b c",), "a b", 1),
        ],
    )
    def test_by_hand(self, partials: Sequence[str], final: str, changed: int) -> None:
        assert changed_words(shown(*partials), final.split()) == changed

    @given(st.lists(st.lists(st.sampled_from("ab"), max_size=5), max_size=6))
    def test_it_lies_between_nothing_and_all_that_was_shown(self, texts: list[list[str]]) -> None:
        partials = [Shown(0.0, 0.0, text) for text in texts]
        assert 0 <= changed_words(partials, ["a"]) <= sum(map(len, texts))

    @given(st.lists(st.sampled_from("abc"), max_size=9))
    def test_text_that_only_grows_changes_nothing(self, words: list[str]) -> None:
        assert changed_words([Shown(0.0, 0.0, words[:i]) for i in range(len(words))], words) == 0


def test_a_second_behind_is_still_kept_up_with() -> None:
    assert kept_up(BEHIND_S)
    assert not kept_up(BEHIND_S + 0.001)


def test_a_negative_loss_and_a_number_of_times_are_shown_as_they_are() -> None:
    assert METRICS["streaming_loss"].format(-0.013) == "-1.3 %"
    assert METRICS["reconnects"].format(2.0) == "2"
    streamed = [METRICS[name] for name in ("first_partial_p95_s", "final_p95_s", "kept_up")]
    assert all(metric.timed and metric.has_interval for metric in streamed)


def ask(numbers: int, **options: Any) -> tuple[dict[str, Any], FakeStream]:
    engine = FakeStream(
        FakeStreamOptions(**{k: v for k, v in options.items() if k not in {"pace", "chunk_s", "offline"}})
    )
    message = {"rate": 16_000, "language": "en", "chunk_s": options.get("chunk_s", 0.2)}
    message |= {"pace": options.get("pace"), "offline": options.get("offline", False), "endpoint_s": None}
    samples = sound(range(numbers))
    return streaming_handler.answer(engine, message, samples.astype("<f4").tobytes())[0], engine


class TestWorker:
    def test_every_chunk_is_pushed_and_every_partial_kept_with_the_audio_before_it(self) -> None:
        reply, _ = ask(5)
        assert reply["text"] == "0 1 2 3 4"
        assert [each["text"] for each in reply["partials"]] == ["0 1", "0 1 2 3", "0 1 2 3 4"]
        assert [each["audio_s"] for each in reply["partials"]] == pytest.approx([0.2, 0.4, 0.5])
        assert reply["audio_s"] == pytest.approx(0.5)

    def test_without_a_pace_there_are_no_latencies(self) -> None:
        reply, _ = ask(5)
        assert reply["late_s"] is None
        assert reply["final_s"] is None

    def test_at_a_pace_no_chunk_comes_before_it_is_spoken(self) -> None:
        reply, _ = ask(6, pace=2.0)
        for partial in reply["partials"]:
            assert partial["at_s"] >= partial["audio_s"] / 2
        assert reply["seconds"] < reply["partials"][-1]["at_s"]

    def test_a_stream_that_is_too_slow_falls_behind_and_its_final_text_is_as_late(self) -> None:
        # Each push takes twice as long as its chunk is spoken: six chunks of 0.05 s, 0.6 s of work.
        reply, _ = ask(6, pace=2.0, chunk_s=0.1, push_s=0.1, finish_s=0.05)
        assert reply["late_s"] >= 0.25 - 0.01
        assert reply["final_s"] >= 0.35 - 0.01
        assert reply["seconds"] >= 0.65 - 0.01

    def test_the_whole_clip_is_heard_where_it_is_asked_for(self) -> None:
        assert ask(5)[0]["offline"] is None
        assert ask(5, offline=True)[0]["offline"] == "0 1 2 3 4"

    def test_a_stream_that_goes_to_no_server_has_no_connections(self) -> None:
        reply, _ = ask(5)
        assert (reply["reconnects"], reply["waited_s"]) == (None, None)

    @pytest.mark.parametrize(
        ("fault", "kind", "message"),
        [
            ("raise", RuntimeError, "told to fail"),
            ("wrong-type", TypeError, "partials\\(\\) must give Partials"),
            ("no-text", TypeError, "finish\\(\\) must return a Transcript"),
        ],
    )
    def test_faults_come_out_with_what_is_wrong(self, fault: str, kind: type[Exception], message: str) -> None:
        with pytest.raises(kind, match=message):
            ask(5, fault=fault)

    def test_a_stream_is_closed_whatever_happens(self, monkeypatch: pytest.MonkeyPatch) -> None:
        streams = []
        start = FakeStream.start

        def watched(self: FakeStream, language: str | None) -> Any:
            streams.append(start(self, language))
            return streams[-1]

        monkeypatch.setattr(FakeStream, "start", watched)
        ask(2)
        with pytest.raises(RuntimeError):
            ask(2, fault="raise")
        assert [each.closed for each in streams] == [True, True]

    def test_no_audio_is_an_answer(self) -> None:
        reply, _ = ask(0)
        assert reply["text"] == ""
        assert reply["partials"] == []
        assert np.isfinite(reply["seconds"])
