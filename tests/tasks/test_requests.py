"""What each task asks of a worker for an utterance, and what it keeps of the reply."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from pytest_modellab.catalog.datasets import Dataset, Utterance
from pytest_modellab.catalog.datasets.made import MadeRecording
from pytest_modellab.catalog.datasets.turn import TurnOf
from pytest_modellab.catalog.specs import StreamSpec
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.core.metrics.answers import Rules
from pytest_modellab.tasks.asr.batches import AsrBatches
from pytest_modellab.tasks.asr.request import AsrRequests
from pytest_modellab.tasks.chat.request import ChatRequests
from pytest_modellab.tasks.fixed_clip import fixed_clip
from pytest_modellab.tasks.groups import grouped
from pytest_modellab.tasks.registry import TASKS, handlers_of, modules_of, place_of, task_named
from pytest_modellab.tasks.requests import Answer
from pytest_modellab.tasks.streaming.request import StreamingRequests
from pytest_modellab.tasks.tts.request import TtsRequests, likely_s

RATE = 16_000


HEARD = {"first_audio_s": 0.1, "first_audible_s": 0.2, "stalled_s": 0.0}
"""Times of speech."""


def spoken(id: str, text: str, seconds: float = 2.0, turn: TurnOf | None = None) -> Utterance:
    return Utterance(id, text, MadeRecording("pink", seconds, -20.0, 1), language="en", turn=turn)


CLIPS = Dataset(None, (spoken("a", "one fine day"), spoken("b", "two")))  # type: ignore[arg-type]
EARLIER = tuple(TurnOf("d", tuple(f"d.{i + 1}" for i in range(n)), Rules(), False, None) for n in range(3))
TURNS = tuple(spoken(f"d.{n + 1}", f"turn {n}", 0.5, turn) for n, turn in enumerate(EARLIER))
TALK = Dataset(None, TURNS)  # type: ignore[arg-type]


class TestRegistry:
    def test_a_task_that_is_not_installed_comes_last(self) -> None:
        assert [place_of(name) for name in TASKS] == [*range(len(TASKS))]
        assert place_of("other") == len(TASKS)
        assert task_named("other").name == "other"

    @pytest.mark.parametrize("name", TASKS)
    def test_a_worker_finds_the_handlers_of_this_package(self, name: str) -> None:
        _, handler = modules_of(name)
        assert handlers_of([name]) == {handler: None}


class TestFixedClip:
    def test_speech_is_repeated_to_five_seconds(self) -> None:
        clip = fixed_clip(CLIPS, 8000)
        assert (clip.seconds, clip.rate, clip.language) == (5.0, 8000, "en")
        assert np.array_equal(clip.samples[: 2 * 8000], CLIPS.utterances[0].samples(8000))

    def test_of_long_speech_only_what_is_needed_is_read(self) -> None:
        lost = Utterance("b", "b", None)
        assert fixed_clip(Dataset(None, (spoken("a", "a", 9), lost)), 8000).seconds == 5.0  # type: ignore[arg-type]


class TestRecognition:
    def test_the_decoded_clip_is_sent(self) -> None:
        requests, clip = AsrRequests(CLIPS, RATE), CLIPS.utterances[0]
        request = requests.request(clip, {}, timed=True)
        assert (request.message["op"], request.message["rate"], request.message["language"]) == (
            "transcribe",
            RATE,
            "en",
        )
        assert np.array_equal(np.frombuffer(request.payload, "<f4"), clip.samples(RATE))
        assert request.audio_s == requests.seconds(clip) == 2.0
        answer = requests.answer(request, {"text": "one", "language": None})
        assert (answer.text, answer.audio_s, answer.language) == ("one", 2.0, None)
        assert requests.fixed(CLIPS).audio_s == 5.0


class TestBatches:
    def test_the_clips_of_a_batch_are_sent_together(self) -> None:
        clips = tuple(spoken(id, id, seconds) for id, seconds in (("a", 1.0), ("b", 3.0), ("c", 2.0)))
        requests = AsrBatches(Dataset(None, clips), RATE, 2)  # type: ignore[arg-type]
        groups = requests.groups(clips)
        assert [[each.id for each in group] for group in groups] == [["b", "c"], ["a"]]
        request = requests.request_together(groups[0], {}, timed=True)
        assert request.message["samples"] == [3 * RATE, 2 * RATE]
        assert request.audio_s == 5.0
        assert [each.audio_s for each in request.parts] == [3.0, 2.0]
        b, c = requests.answers(request, {"texts": ["b", "c"], "languages": [None, "en"], "seconds": 1.0})
        assert b.answer is not None
        assert c.answer is not None
        assert [b.seconds, c.seconds] == pytest.approx([0.6, 0.4])
        assert (b.answer.text, c.answer.text, c.answer.language) == ("b", "c", "en")
        assert c.answer.batch == {"first": "b", "size": 2, "longest_s": 3.0}
        # What is left of a batch is still of that batch.
        assert requests.request_together([clips[2]], {}, timed=True).message["first"] == "b"

    def test_an_engine_without_batches_gets_clip_by_clip(self) -> None:
        class Plain:
            rate = RATE

        class Batching(Plain):
            def transcribe_batch(self, clips: Any) -> Any: ...

        def kind(engine: Any, options: dict[str, Any]) -> type[Any]:
            return type(task_named("asr").requests_with(CLIPS, engine, cast(Any, None), options))

        assert kind(Plain, {"batch_size": 8}) is AsrRequests
        assert kind(Batching, {}) is kind(Batching, {"batch_size": 1}) is AsrRequests
        assert kind(Batching, {"batch_size": 2}) is AsrBatches

    def test_single_requests_are_groups_of_one(self) -> None:
        requests = grouped(AsrRequests(CLIPS, RATE))
        assert [[each.id for each in group] for group in requests.groups(CLIPS.utterances)] == [["a"], ["b"]]
        request = requests.request_together(CLIPS.utterances[:1], {}, timed=True)
        assert [each.audio_s for each in request.parts] == [2.0]
        reply = {"text": "one", "language": None, "seconds": 0.5, "retries": 2}
        (found,) = requests.answers(request, reply)
        assert (found.answer, found.seconds, found.served) == (Answer("one", 2.0), 0.5, {"retries": 2})
        assert requests.answer(request, reply).text == "one"
        assert requests.seconds(CLIPS.utterances[0]) == 2.0
        assert requests.fixed(CLIPS) is not None


class TestStreaming:
    def requests(self, pace: float | None = 1.0) -> StreamingRequests:
        return StreamingRequests(StreamSpec(chunk_s=0.5, pace=pace), RATE)

    @pytest.mark.parametrize(("timed", "pace", "likely_s"), [(True, 0.5, 4.0), (True, 2.0, 2.0), (False, 0.5, 2.0)])
    def test_a_pace_only_where_times_count(self, timed: bool, pace: float, likely_s: float) -> None:
        requests, clip = self.requests(pace), CLIPS.utterances[0]
        request = requests.request(clip, {}, timed=timed)
        assert request.message["pace"] == (pace if timed else None)
        assert request.message["offline"]
        assert request.audio_s == likely_s
        assert not requests.request(clip, {"a": {}}, timed=timed).message["offline"]
        assert not requests.fixed(CLIPS).message["offline"]
        assert requests.seconds(clip) == 2.0

    @pytest.mark.parametrize("timed", [True, False])
    def test_times_are_kept_where_they_count(self, timed: bool) -> None:
        requests = self.requests()
        request = requests.request(CLIPS.utterances[0], {}, timed=timed)
        partials = [{"at_s": 0.1, "audio_s": 0.5, "text": ""}, {"at_s": 0.6, "audio_s": 1.0, "text": "one"}]
        reply: dict[str, Any] = {"text": "one", "language": "en", "partials": partials, "offline": "on"}
        endpoint = {"text": "one", "at_s": 2.5, "listened_s": 2.5}
        reply |= {"audio_s": 2.0, "final_s": 0.2, "late_s": 0.0, "reconnects": None, "waited_s": None}
        reply |= {"endpoint": endpoint if timed else None}
        answer = requests.answer(request, reply)
        assert answer.part is not None
        assert answer.part["partials"][1] == {"text": "one", "audio_s": 1.0}
        shown = [{"at_s": 0.1, "text": ""}, {"at_s": 0.6, "text": "one"}]
        told = {"final_s": 0.2, "late_s": 0.0, "reconnects": None, "waited_s": None, "endpoint": endpoint}
        assert answer.times == ({"shown": shown, "spoken_s": 2.0, **told} if timed else {})

    @pytest.mark.parametrize(("timed", "endpoint_s", "likely_s"), [(True, 3.0, 14.0), (False, None, 2.0)])
    def test_an_end_of_speech_is_asked_for_only_where_times_count(
        self, timed: bool, endpoint_s: float | None, likely_s: float
    ) -> None:
        requests = StreamingRequests(StreamSpec(chunk_s=0.5, pace=0.5, endpoint_s=3.0), RATE)
        request = requests.request(CLIPS.utterances[0], {}, timed=timed)
        assert request.message["endpoint_s"] == endpoint_s
        assert request.audio_s == likely_s


class TestSynthesis:
    def test_a_text_is_sent_and_its_speech_kept(self, tmp_path: Path) -> None:
        sounds = AudioArtifacts(tmp_path)
        requests = TtsRequests(CLIPS, sounds)
        request = requests.request(CLIPS.utterances[0], {}, timed=True)
        assert request.message["text"] == "one fine day"
        assert requests.seconds(CLIPS.utterances[0]) == likely_s("one fine day") == 1.0
        speech = (np.sin(np.arange(RATE) / 9) / 2).astype("<f4")
        reply = {"payload": speech.tobytes(), "rate": RATE, "pieces": 1, **HEARD}
        answer = requests.answer(request, reply)
        assert answer.part is not None
        assert answer.part["audible"]
        assert answer.times == HEARD
        kept = sounds.samples(answer.part["audio"], RATE)
        assert np.allclose(kept, speech, atol=1e-3)

    def test_a_model_that_said_nothing(self, tmp_path: Path) -> None:
        requests = TtsRequests(CLIPS, AudioArtifacts(tmp_path))
        request = requests.request(CLIPS.utterances[0], {}, timed=True)
        answer = requests.answer(request, {"rate": None, "pieces": 0, **dict.fromkeys(HEARD)})
        assert answer.part is not None
        assert answer.part["audio"] is None
        assert not answer.part["audible"]

    def test_the_longest_text_is_spoken_over_and_over(self, tmp_path: Path) -> None:
        assert TtsRequests(CLIPS, AudioArtifacts(tmp_path)).fixed(CLIPS).message["text"] == "one fine day"
        empty = Dataset(None, (spoken("a", ""),))  # type: ignore[arg-type]
        assert TtsRequests(empty, AudioArtifacts(tmp_path)).fixed(empty).message["text"] == "One, two, three."


class TestDialogue:
    def requests(self, folder: Path, *, hears: bool) -> ChatRequests:
        return ChatRequests(TALK, AudioArtifacts(folder), RATE, hears=hears)

    def test_in_writing(self, tmp_path: Path) -> None:
        requests = self.requests(tmp_path, hears=False)
        request = requests.request(TURNS[1], {"d.1": {"part": {"text": "reply", "heard": None}}}, timed=True)
        assert request.payload == b""
        assert request.message["text"] == "turn 1"
        assert request.message["history"] == [{"text": "turn 0", "heard": None, "reply": "reply", "samples": None}]
        assert requests.seconds(TURNS[1]) == request.audio_s == 0.0

    def test_aloud_what_was_not_understood_is_heard_again(self, tmp_path: Path) -> None:
        requests = self.requests(tmp_path, hears=True)
        lines: dict[str, dict[str, Any]] = {"d.1": {"part": {"text": "r0", "heard": "turn 0"}}, "d.2": {"part": None}}
        request = requests.request(TURNS[2], lines, timed=True)
        assert [(each["reply"], each["samples"]) for each in request.message["history"]] == [("r0", None), ("", 8000)]
        assert request.message["samples"] == 8000
        assert len(request.payload) == 4 * 16_000
        assert request.audio_s == requests.seconds(TURNS[2]) == 0.5

    def test_the_reply_is_kept(self, tmp_path: Path) -> None:
        requests = self.requests(tmp_path, hears=True)
        reply: dict[str, Any] = {"text": "fine", "heard": "turn 0", "rate": None, "pieces": 0}
        reply |= {"first_token_s": 0.1, **dict.fromkeys(HEARD)}
        answer = requests.answer(requests.fixed(TALK), reply)
        assert answer.part is not None
        assert (answer.part["text"], answer.part["audible"], answer.part["audio"]) == ("fine", False, None)
        assert answer.times == {"first_token_s": 0.1, **dict.fromkeys(HEARD)}
