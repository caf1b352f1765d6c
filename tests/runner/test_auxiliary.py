"""Models that serve others, live models, and what is told of workers that died; the workers only give set replies."""

from __future__ import annotations

import hashlib
import json
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import numpy as np
import pytest
import soundfile

from pytest_modellab.catalog.cases import Case
from pytest_modellab.catalog.datasets import Dataset, DatasetError, Utterance
from pytest_modellab.catalog.datasets.turn import TurnOf
from pytest_modellab.core.metrics.answers import Rules
from pytest_modellab.engines.base import Clip, Transcript
from pytest_modellab.results.facts import Memory
from pytest_modellab.runner import deaths, predictor_handler
from pytest_modellab.runner.bounds import MOST_CHARACTERS
from pytest_modellab.runner.executor import WorkerDied
from pytest_modellab.runner.graders import Verdicts, digest_of, graded, grader_of
from pytest_modellab.runner.interrupts import finishing, like_ctrl_c
from pytest_modellab.runner.journal import Journal
from pytest_modellab.runner.live import LiveModel, ModelError
from pytest_modellab.runner.load_order import LoadOrder
from pytest_modellab.runner.outcome import Outcome, from_note, not_written, to_note
from pytest_modellab.runner.serving import PER_AUDIO_SECOND, Serving
from pytest_modellab.runner.spoken import SpokenRecording
from pytest_modellab.tasks.requests import Request

LOADED = {"load_s": 0.1, "facts": {}}
FAILED = {"error": {"type": "ValueError", "message": "told to fail", "traceback": "Traceback: told to fail"}}
ORDER = LoadOrder("modellab_fake_engine:FakeEngine", {}, {"kind": "cpu", "index": 0, "shared": False}, None, 0, 30)


class Answering:
    """A worker that gives these replies, one after the other; an exception is raised."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.asked: list[tuple[str, float]] = []
        self.memory = Memory()
        self.gone = self.closed = False

    def request(self, message: dict[str, Any], payload: bytes = b"", *, timeout: float) -> dict[str, Any]:
        self.asked.append((message["op"], timeout))
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return cast(dict[str, Any], reply)

    def close(self) -> None:
        self.closed = True


class Broken(Exception):
    """What serving fails with."""


def serving(*workers: Answering) -> Serving:
    left = list(workers)
    return Serving("ear", ORDER, lambda order: left.pop(0), Broken)


class TestServing:
    def test_it_is_loaded_once_and_gone_at_the_end(self) -> None:
        worker = Answering(LOADED, {"text": "one"}, {"text": "two"})
        with serving(worker) as model:
            assert [model.ask(Request({"op": "transcribe"}, audio_s=2))["text"] for _ in range(2)] == ["one", "two"]
        assert worker.asked == [("load", 30), *[("transcribe", 30 + 2 * PER_AUDIO_SECOND)] * 2]
        assert worker.closed

    def test_one_that_was_never_asked_is_never_started(self) -> None:
        with serving():
            pass

    def test_after_a_death_the_next_question_loads_it_anew(self) -> None:
        model = serving(Answering(LOADED, WorkerDied("crash", "died of SIGSEGV")), Answering(LOADED, {"text": "two"}))
        with pytest.raises(Broken, match="ear failed: died of SIGSEGV"):
            model.ask(Request({"op": "transcribe"}))
        assert model.ask(Request({"op": "transcribe"}))["text"] == "two"

    @pytest.mark.parametrize(
        ("replies", "message"),
        [
            ([FAILED], "ear failed: ValueError: told to fail"),
            ([LOADED, FAILED], "ear failed: ValueError: told to fail"),
            ([LOADED, {"text": "x" * (MOST_CHARACTERS + 1)}], "ear failed: it wrote .* characters"),
        ],
    )
    def test_what_it_fails_on(self, replies: list[Any], message: str) -> None:
        with pytest.raises(Broken, match=message):
            serving(Answering(*replies)).ask(Request({"op": "transcribe"}))


class TestLiveModel:
    def start(self, *replies: Any) -> tuple[LiveModel, Answering]:
        worker = Answering(*replies)
        runner = SimpleNamespace(order=lambda case: ORDER, reserve=lambda *_: None, start_worker=lambda order: worker)
        timeouts = SimpleNamespace(utterance_s=10, per_audio_second=2)
        case = SimpleNamespace(group="fake:cpu", model=SimpleNamespace(timeouts=timeouts))
        try:
            return LiveModel.start(cast(Any, runner), cast(Case, case)), worker
        except BaseException:
            assert worker.closed
            raise

    def test_clips_utterances_and_files(self, tmp_path: Path) -> None:
        live, worker = self.start(LOADED, *[{"text": "one", "language": None}] * 3)
        path = tmp_path / "a.wav"
        soundfile.write(path, np.zeros(live.rate), live.rate)
        recording = cast(Any, SimpleNamespace(samples=lambda rate: np.zeros(rate, np.float32)))
        with live:
            for clip in (Clip(np.zeros(live.rate, np.float32), live.rate), path, Utterance("a", "A", recording)):
                assert live.transcribe(clip) == Transcript("one", None)
        assert worker.asked[1:] == [("transcribe", 12.0)] * 3
        assert worker.closed

    @pytest.mark.parametrize("reply", [FAILED, WorkerDied("timeout", "no answer")])
    def test_one_that_cannot_be_loaded_is_closed(self, reply: Any) -> None:
        with pytest.raises((ModelError, WorkerDied), match=r"told to fail|no answer"):
            self.start(reply)

    def test_one_that_raises(self) -> None:
        live, _ = self.start(LOADED, FAILED)
        with pytest.raises(ModelError, match=r"fake:cpu raised:\nTraceback: told to fail"):
            live.transcribe(Clip(np.zeros(10, np.float32), live.rate))


class TestPredictorHandler:
    class Engine:
        def score(self, clip: Clip) -> float:
            return float(clip.samples.sum())

        def compare(self, clip: Clip, other: Clip) -> float:
            return float(clip.samples.sum() - other.samples.sum())

    @pytest.mark.parametrize(("samples", "score"), [([1, 2], 3.0), ([1, 2, 4], -1.0)])
    def test_one_clip_or_two(self, samples: list[float], score: float) -> None:
        payload = np.array(samples, "<f4").tobytes()
        assert predictor_handler.answer(self.Engine(), {"own": 2, "rate": 16_000}, payload) == ({"score": score}, b"")


class TestDeaths:
    DEATHS: ClassVar = [WorkerDied("crash", "died of SIGSEGV", "last words"), WorkerDied("timeout", "no answer")]

    def test_what_a_record_says(self) -> None:
        one = deaths.died(self.DEATHS[0])
        assert (one.kind, one.message, one.detail) == ("crash", "died of SIGSEGV", "last words")
        assert deaths.not_tried(self.DEATHS).message == "not tried: the worker had died 2 times"
        assert "the first time: died of SIGSEGV" in deaths.given_up(self.DEATHS).message
        assert str(self.DEATHS[0]) == "died of SIGSEGV\nlast words"


class TestOutcome:
    @pytest.mark.parametrize(
        "outcome", [Outcome(unavailable="no cuda"), Outcome(broken="a digest"), Outcome(unchanged_since="abc")]
    )
    def test_other_processes_read_it(self, outcome: Outcome) -> None:
        assert from_note(json.loads(json.dumps(to_note(outcome)))) == outcome

    def test_what_could_not_be_written(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
        full = OSError(28, "No space left on device", str(tmp_path / "cache" / "blob"))
        assert "set MODELLAB_CACHE to a larger disk; or free some" in not_written(full, tmp_path)
        closed = OSError(13, "Permission denied", str(tmp_path / "cache" / "blob"))
        assert "set MODELLAB_CACHE to a writable folder" in not_written(closed, tmp_path)
        assert not_written(OSError(28, "No space left"), tmp_path).startswith(f"can't write under {tmp_path}: No space")


class TestInterrupts:
    @pytest.fixture(autouse=True)
    def pythons_own(self) -> Any:
        kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        yield
        for number, handler in kept.items():
            signal.signal(number, handler)

    def test_the_first_only_tells_and_the_second_ends(self) -> None:
        told: list[str] = []
        with finishing(lambda: told.append("once")):
            signal.raise_signal(signal.SIGINT)
            assert told == ["once"]
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def test_where_somebody_else_handles_it_nothing_changes(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with finishing(lambda: None):
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_other_signals_count_as_ctrl_c(self, number: signal.Signals) -> None:
        undo = like_ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        undo()
        assert signal.getsignal(number) == signal.SIG_DFL

    def test_in_another_thread_nothing_changes(self) -> None:
        def inside() -> None:
            with finishing(lambda: None):
                like_ctrl_c()()

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_text_that_was_spoken_is_known_by_its_key(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.zeros(8000), 8000)
    recording = SpokenRecording(path, "key")
    assert recording.identity == ("spoken", "key")
    assert recording.seconds == 1.0
    assert len(recording.samples(16_000)) == 16_000


def turn(id: str, rubric: str | None) -> Utterance:
    return Utterance(id, "Tea?", None, turn=TurnOf("d", (), Rules(), False, rubric))


class TestVerdicts:
    ROW: ClassVar[dict[str, Any]] = {"utterance": "d.1", "reply": digest_of("Yes."), "right": True}

    def written(self, folder: Path, *lines: str) -> Path:
        path = folder / "verdicts.jsonl"
        path.write_text("\n".join(lines))
        return path

    def test_a_verdict_is_on_the_very_reply(self, tmp_path: Path) -> None:
        found = Verdicts.read(self.written(tmp_path, json.dumps(self.ROW), "", json.dumps(self.ROW)))
        replies = {"d.1": (turn("d.1", "r"), "Yes."), "d.2": (turn("d.2", "r"), "Yes.")}
        assert found.grade(replies, lambda _: None) == {"d.1": "yes"}
        assert found.grade({"d.1": (turn("d.1", "r"), "No.")}, lambda _: None) == {}
        assert found.inputs != Verdicts({}).inputs
        assert digest_of("é") == hashlib.sha256("é".encode()).hexdigest()

    @pytest.mark.parametrize(
        ("lines", "message"),
        [
            (["nonsense"], r":1: no verdict; write a line such as \{"),
            ([json.dumps({**ROW, "right": "yes"})], ":1: no verdict"),
            ([json.dumps(ROW), json.dumps({**ROW, "right": False})], ":2: d.1 has two verdicts on the same reply"),
        ],
    )
    def test_what_is_no_verdict(self, tmp_path: Path, lines: list[str], message: str) -> None:
        with pytest.raises(DatasetError, match=message):
            Verdicts.read(self.written(tmp_path, *lines))

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="verdicts can't be read"):
            Verdicts.read(tmp_path / "none.jsonl")

    def test_a_data_set_names_them_or_nobody(self, tmp_path: Path) -> None:
        (tmp_path / "datasets").mkdir()
        self.written(tmp_path / "datasets", json.dumps(self.ROW))
        models = cast(Any, SimpleNamespace(catalog=SimpleNamespace(folder=tmp_path)))
        by = SimpleNamespace(llm=None, verdicts="verdicts.jsonl")
        dataset = Dataset(cast(Any, SimpleNamespace(graded_by=by)), ())
        assert grader_of(dataset, models) == Verdicts({("d.1", digest_of("Yes.")): True})
        assert grader_of(Dataset(cast(Any, SimpleNamespace(graded_by=None)), ()), models) is None


class Asked:
    """A grader that says yes, and notes what it was asked."""

    inputs: Mapping[str, Any] = {}

    def __init__(self) -> None:
        self.ids: list[str] = []

    def grade(self, replies: Mapping[str, tuple[Utterance, str]], say: Callable[[str], None]) -> dict[str, str]:
        self.ids += replies
        return dict.fromkeys(replies, "yes")


def test_only_what_has_a_rubric_and_no_verdict_yet_is_graded(tmp_path: Path) -> None:
    dataset = Dataset(cast(Any, None), tuple(turn(f"d.{n}", None if n == 1 else "Is it polite?") for n in range(5)))
    parts = [{"text": "a"}, {"text": "b"}, {"text": ""}, None, {"text": "e"}]
    answers = {f"d.{n}": {"part": part} for n, part in enumerate(parts)}
    grader = Asked()
    with Journal.open(tmp_path / "a.jsonl", {"key": "k"}) as journal:
        journal.append({"graded": "d.4", "said": "no"})
        assert graded(grader, dataset, answers, journal, lambda _: None) == {"d.0": "yes", "d.4": "no"}
        assert graded(grader, dataset, answers, journal, lambda _: None) == {"d.0": "yes", "d.4": "no"}
    assert grader.ids == ["d.0"]
