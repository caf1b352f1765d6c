"""The workers' sides of the tasks: what an engine is given, what counts as time, what no engine may return."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pytest_modellab.engines.base import Partial, Speech, Transcript
from pytest_modellab.tasks.asr import handler as asr
from pytest_modellab.tasks.streaming import handler as streaming
from pytest_modellab.tasks.tts import handler as tts

RATE = 16_000
SECOND = np.zeros(RATE, "<f4").tobytes()


class Engine:
    """An engine that gives back what it is made with, and notes what it was given."""

    tasks = frozenset({"asr"})

    def __init__(self, *given: Any) -> None:
        self.given = given
        self.heard: list[Any] = []
        self.synchronized = 0

    def synchronize(self) -> None:
        self.synchronized += 1

    def transcribe(self, clip: Any) -> Any:
        clip.samples[:] = 1  # some engines write into their input
        self.heard.append((len(clip.samples), clip.rate, clip.language))
        return self.given[0]

    def transcribe_batch(self, clips: Any) -> Any:
        self.heard += [(len(each.samples), each.rate, each.language) for each in clips]
        return self.given[0]

    def synthesize(self, text: str, language: str | None) -> Iterator[Any]:
        self.heard.append((text, language))
        yield from self.given

    def start(self, language: str | None) -> Engine:
        self.heard.append(language)
        self.pushed: list[int] = []
        self.closed = False
        return self

    def push(self, chunk: Any) -> None:
        self.pushed.append(len(chunk))

    def partials(self) -> list[Any]:
        return self.given[1:] if len(self.pushed) == 1 else []  # type: ignore[return-value]

    def finish(self) -> Any:
        return self.given[0]

    def close(self) -> None:
        self.closed = True


class EndOfSpeech(Engine):
    """A stream that takes speech as finished with the fourth chunk, or the one told."""

    finds_ends = True

    def __init__(self, *given: Any, after: int = 4) -> None:
        super().__init__(*given)
        self.after = after

    def partials(self) -> list[Any]:
        if len(self.heard) == 2 and len(self.pushed) == self.after:
            return [Partial("done", end_of_speech=True)]
        return super().partials()


class TestRecognition:
    def ask(self, engine: Engine) -> dict[str, Any]:
        reply, samples = asr.answer(engine, {"rate": RATE, "language": "en"}, SECOND)
        assert samples == b""
        return reply

    def test_a_transcript(self) -> None:
        engine = Engine(Transcript("one\ud800", "en"))
        reply = self.ask(engine)
        assert (reply["text"], reply["language"]) == ("one\ufffd", "en")
        assert reply["seconds"] >= 0
        assert engine.heard == [(RATE, RATE, "en")]
        assert engine.synchronized == 2

    def batch(self, engine: Engine, *samples: int) -> dict[str, Any]:
        message = {
            "op": "transcribe_batch",
            "rate": RATE,
            "samples": samples,
            "languages": ["en", None][: len(samples)],
        }
        reply, _ = asr.answer(engine, message, np.zeros(sum(samples), "<f4").tobytes())
        return reply

    def test_a_batch(self) -> None:
        engine = Engine([Transcript("one"), Transcript("two", "de")])
        reply = self.batch(engine, 100, 200)
        assert (reply["texts"], reply["languages"]) == (["one", "two"], [None, "de"])
        assert engine.heard == [(100, RATE, "en"), (200, RATE, None)]
        assert reply["seconds"] >= 0
        assert engine.synchronized == 2

    @pytest.mark.parametrize("given", [[Transcript("one")], Transcript("one"), "ab", [Transcript("one"), "two"]])
    def test_what_is_no_batch(self, given: Any) -> None:
        with pytest.raises(TypeError, match=r"transcribe_batch\(\) must return a Transcript"):
            self.batch(Engine(given), 100, 200)

    @pytest.mark.parametrize(
        ("given", "message"),
        [("one", "must return a Transcript with text"), (Transcript("one", 3), "language must be text or None")],  # type: ignore[arg-type]
    )
    def test_what_is_no_transcript(self, given: Any, message: str) -> None:
        with pytest.raises(TypeError, match=message):
            self.ask(Engine(given))


def speech(*shape: int) -> Speech:
    return Speech(np.zeros(shape, np.float32), RATE)


class TestSynthesis:
    def ask(self, *pieces: Any) -> tuple[dict[str, Any], bytes]:
        return tts.answer(Engine(*pieces), {"text": "one", "language": "en"}, b"")

    def test_pieces_are_joined_and_the_first_sample_counts(self) -> None:
        silent, half = np.zeros(0, np.float32), np.full(4, 0.5, np.float32)
        reply, samples = self.ask(Speech(silent, RATE), Speech(half, RATE), Speech(half, RATE))
        assert (reply["pieces"], reply["rate"]) == (2, RATE)
        assert 0 <= reply["first_audio_s"] <= reply["seconds"]
        assert np.frombuffer(samples, "<f4").tolist() == [0.5] * 8

    def test_nothing_said(self) -> None:
        reply, samples = self.ask()
        assert (reply["pieces"], reply["rate"], reply["first_audio_s"], samples) == (0, None, None, b"")

    @pytest.mark.parametrize(
        ("pieces", "error", "message"),
        [
            (["one"], TypeError, "must yield Speech"),
            (
                [speech(1), Speech(np.zeros(1, np.float32), 8000)],
                ValueError,
                r"several sample rates: \[8000, 16000",
            ),
            ([speech(2, 2)], ValueError, r"must be mono, of shape \(n,\), not \(2, 2\)"),
            ([Speech(np.array([np.nan], np.float32), RATE)], ValueError, "not finite"),
        ],
    )
    def test_what_is_no_speech(self, pieces: list[Any], error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            self.ask(*pieces)


class TestStreaming:
    def ask(
        self, engine: Engine, *, pace: float | None = None, offline: bool = False, endpoint_s: float | None = None
    ) -> dict[str, Any]:
        message = {"rate": RATE, "language": "en", "pace": pace, "chunk_s": 0.4, "offline": offline}
        message |= {"endpoint_s": endpoint_s}
        reply, samples = streaming.answer(engine, message, SECOND)
        assert samples == b""
        assert engine.closed
        return reply

    def test_without_a_pace_no_latency_means_anything(self) -> None:
        engine = Engine(Transcript("one"), Partial("on"))
        reply = self.ask(engine)
        assert engine.pushed == [6400, 6400, 3200]
        assert (reply["text"], reply["audio_s"], reply["late_s"], reply["final_s"]) == ("one", 1.0, None, None)
        assert [(each["text"], each["audio_s"]) for each in reply["partials"]] == [("on", 0.4)]
        assert reply["reconnects"] is reply["waited_s"] is reply["offline"] is None

    def test_at_a_pace_chunks_wait_for_their_last_sample(self) -> None:
        reply = self.ask(Engine(Transcript("one"), Partial("on")), pace=50)
        assert 0 <= reply["late_s"] < 5
        assert reply["final_s"] >= 0
        assert reply["partials"][0]["at_s"] >= 0.4 / 50

    def test_the_clip_as_a_whole_beside_it(self) -> None:
        assert self.ask(Engine(Transcript("one")), offline=True)["offline"] == "one"

    def test_an_engine_that_finds_no_ends_is_not_asked_for_them(self) -> None:
        engine = Engine(Transcript("one"))
        assert self.ask(engine, pace=50, endpoint_s=0.8)["endpoint"] is None
        assert engine.heard == ["en"]

    def test_the_end_of_speech_in_a_stream_of_its_own_without_a_stop(self) -> None:
        engine = EndOfSpeech(Transcript("one"), Partial("on"))
        reply = self.ask(engine, pace=50, endpoint_s=0.8)
        endpoint = reply["endpoint"]
        # The clip of a second, and the silence behind it until the end is found.
        assert engine.pushed == [6400, 6400, 6400, 6400]
        assert (endpoint["text"], endpoint["listened_s"]) == ("done", pytest.approx(1.6 / 50))
        assert 1.6 / 50 <= endpoint["at_s"] < 5
        assert [each["text"] for each in reply["partials"]] == ["on"]
        assert engine.heard == ["en", "en"]

    def test_an_end_that_is_not_found_within_the_silence(self) -> None:
        engine = EndOfSpeech(Transcript("one"), Partial("on"), after=99)
        endpoint = self.ask(engine, pace=50, endpoint_s=0.8)["endpoint"]
        assert endpoint == {"text": None, "at_s": None, "listened_s": pytest.approx(1.8 / 50)}

    def test_the_silence_behind_a_clip_is_as_loud_as_its_pauses(self) -> None:
        random = np.random.default_rng(1)
        clip = np.concatenate((random.normal(0, 0.1, RATE), random.normal(0, 0.001, RATE))).astype(np.float32)
        whole = streaming.with_room_tone(clip, RATE, 2.0)
        assert whole.dtype == np.float32
        assert len(whole) == 4 * RATE
        assert np.array_equal(whole[: 2 * RATE], clip)
        assert float(np.std(whole[2 * RATE :])) == pytest.approx(0.001, rel=0.1)
        assert not streaming.with_room_tone(np.zeros(RATE, np.float32), RATE, 1.0).any()
        # A clip without a pause is not followed by as much noise.
        loud = streaming.with_room_tone(random.normal(0, 0.1, RATE).astype(np.float32), RATE, 1.0)
        assert float(np.std(loud[RATE:])) == pytest.approx(10 ** (-50 / 20), rel=0.1)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (("one",), r"finish\(\) must return a Transcript"),
            ((Transcript("one", 3),), "language must be text or None"),  # type: ignore[arg-type]
            ((Transcript("one"), "on"), r"partials\(\) must give Partials"),
        ],
    )
    def test_what_is_no_stream(self, given: tuple[Any, ...], message: str) -> None:
        engine = Engine(*given)
        with pytest.raises(TypeError, match=message):
            self.ask(engine)
        assert engine.closed
