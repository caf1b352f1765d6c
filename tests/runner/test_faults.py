"""What goes wrong in a model or on the machine ends in a record or a message that says so, and costs nothing else."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import psutil
import pytest
from fakelab import FakeLab

from pytest_modellab.engines.registry import engine_class
from pytest_modellab.runner.executor import WorkerDied
from pytest_modellab.runner.local import LocalWorker, describe_exit

# All of them: test_survival.py. Here is how one is told.
FAULTS = {
    "wrong-language": ("exception", "TypeError: a Transcript's language must be text or None, not 42"),
    "segfault": ("crash", "the worker died of SIGSEGV (signal 11)"),
    "hang": ("timeout", "no answer to `transcribe` within 1 s; the worker was killed"),
}
QUICK = {"utterance_s": 1, "per_audio_second": 0, "load_s": 10}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_one_utterance_costs_that_utterance(lab: FakeLab, fault: str) -> None:
    lab.ready(faults={lab.size(1): fault}, timeouts=QUICK)
    result = lab.run()
    assert result.ret == 1
    record = lab.record()
    kind, message = FAULTS[fault]
    first, failed, last = record.utterances
    assert first.hypothesis == "one fine day"
    assert last.hypothesis == "three fine days"
    assert failed.hypothesis is None
    assert failed.error is not None
    assert (failed.error.kind, failed.error.message) == (kind, message)
    assert failed.parts["asr"].words.deletions == 3
    assert record.value("success_rate") == pytest.approx(2 / 3)
    result.stdout.fnmatch_lines([f"*no answer: {kind}: {message.replace('[', '?')}"])


def test_a_model_that_does_not_load_is_a_failure_with_its_reason(lab: FakeLab) -> None:
    lab.ready(load_fault="raise", timeouts=QUICK)
    result = lab.run()
    assert result.ret == 1
    record = lab.record()
    assert record.failure is not None
    assert record.failure.kind == "load"
    assert record.value("success_rate") == 0
    assert record.value("wer") == 1.0
    assert record.value("rtf") is None
    result.stdout.fnmatch_lines(["fail fake:cpu:clips: could not be loaded: *"])


def test_a_model_that_keeps_dying_is_given_up(lab: FakeLab) -> None:
    lab.texts = [f"clip number {i}" for i in range(6)]
    lab.ready(faults={lab.size(i): "exit" for i in range(1, 6)})
    assert lab.run().ret == 1
    record = lab.record()
    assert record.provenance.worker_restarts == 3
    assert [u.error is None for u in record.utterances] == [True, False, False, False, False, False]
    assert record.utterances[5].error is not None
    assert record.utterances[5].error.message == "not tried: the worker had died 3 times"
    assert lab.engine_log().count("load") == 3
    assert record.failure is not None
    assert record.failure.message == (
        "given up after the worker died 3 times; the first time: the worker ended with exit code 7"
    )


def test_a_model_that_hangs_on_everything_is_given_up_soon(lab: FakeLab) -> None:
    lab.texts = [f"clip number {i}" for i in range(6)]
    lab.ready(faults={lab.size(i): "hang" for i in range(6)}, timeouts=QUICK)
    result = lab.run()
    assert result.ret == 1
    assert lab.engine_log().count("load") == 3
    result.stdout.fnmatch_lines(["*given up after the worker died 3 times; the first time: no answer to `transcribe`*"])


def test_the_first_call_may_kill_the_worker_and_the_rest_goes_on(lab: FakeLab) -> None:
    lab.ready(faults={lab.size(0): "segfault"})
    assert lab.run().ret == 1
    record = lab.record()
    assert [u.error is None for u in record.utterances] == [False, True, True]
    assert record.timing.first_call_s is None


def test_a_worker_that_dies_leaving_a_child_on_its_pipe_is_a_crash_at_once(lab: FakeLab) -> None:
    lab.ready(faults={lab.size(1): "fork-and-exit"}, timeouts={"utterance_s": 40})
    assert lab.run().ret == 1
    error = lab.record().utterances[1].error
    assert error is not None
    assert (error.kind, error.message) == ("crash", "the worker ended with exit code 7")
    assert not left_behind(lab.path)


def test_a_process_that_nothing_ties_to_its_worker_does_not_hold_up_the_session(lab: FakeLab) -> None:
    lab.ready(faults={lab.size(1): "leave-a-stranger"})
    assert lab.run().ret == 1
    stranger = next(each for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == ["/bin/sleep", "30"])
    stranger.kill()  # alive: the session was over before it was
    error = lab.record().utterances[1].error
    assert error is not None
    assert error.kind == "crash"


def test_text_that_utf8_cannot_hold_is_stored_with_marks(lab: FakeLab) -> None:
    lab.ready(faults={lab.size(1): "surrogate", lab.size(2): "raise-surrogate"})
    assert lab.run().ret == 1
    utterances = lab.record().utterances
    assert utterances[1].hypothesis == "half a pair \N{REPLACEMENT CHARACTER} and a whole \N{GRINNING FACE}"
    assert utterances[2].error is not None
    assert utterances[2].error.message == "RuntimeError: half a pair \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_one_model_failing_leaves_the_others_alone_and_no_process_behind(lab: FakeLab, workers: str) -> None:
    lab.ready()
    lab.model("bad", faults={lab.size(0): "segfault", lab.size(1): "hang"}, timeouts=QUICK)
    assert lab.run(workers).ret == 1
    by_model = {record.case.model: record for record in lab.records()}
    assert by_model["fake"].value("success_rate") == 1
    assert by_model["bad"].summary.answered == 1
    assert not left_behind(lab.path)


def left_behind(folder: Path) -> list[psutil.Process]:
    """Worker processes that were started from `folder`."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        command = " ".join(process.info["cmdline"] or ())
        if "pytest_modellab.runner.worker" in command and process.info["cwd"] == str(folder):
            found.append(process)
    return found


def test_a_library_that_is_not_installed_is_not_available_with_the_remedy(
    lab: FakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_class("modellab_fake_engine:FakeEngine")
    monkeypatch.setattr(engine, "distributions", ("no-such-library",))
    monkeypatch.setattr(engine, "extra", "no-such-extra")
    lab.ready()
    result = lab.run("-rs")
    result.assert_outcomes(skipped=2)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*no-such-library is not installed; pip install 'pytest-modellab?no-such-extra?'"])


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "*clips.jsonl:2: no audio file *clips-1.wav"),
        (b"not audio at all", "*clips-1.wav: not audio that libsndfile can read*"),
        (b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\0\0\0\0", "*holds no samples*"),
    ],
    ids=["missing", "corrupt", "zero-length"],
)
def test_a_bad_recording_fails_with_its_place(lab: FakeLab, workers: str, content: bytes | None, message: str) -> None:
    lab.ready()
    clip = lab.catalog / "datasets" / "clips-1.wav"
    if content is None:
        clip.unlink()
    else:
        clip.write_bytes(content)
    result = lab.run(workers)
    assert result.ret == 1
    result.stdout.fnmatch_lines([message])
    assert lab.engine_log() == []
    assert "Traceback" not in result.stdout.str()


def test_an_empty_reference_fails_with_its_line(lab: FakeLab) -> None:
    lab.texts = ("one", "  ", "three")
    lab.ready()
    result = lab.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*clips.jsonl:2: an empty reference can't be scored; *"])


def test_a_reference_that_normalises_to_nothing_is_counted(lab: FakeLab) -> None:
    lab.texts = ("one fine day", "[noise]", "three fine days")
    lab.ready(wrong={1: "hello there"})
    lab.limits({"metric": "wer", "max": 0.5})
    assert lab.run().ret == 0
    record = lab.record()
    assert record.parts["asr"].empty_references == 1
    assert record.parts["asr"].words.insertions == 2
    assert record.value("wer") == pytest.approx(2 / 6)


def test_weights_with_a_wrong_digest_fail_and_name_both(lab: FakeLab) -> None:
    path = lab.ready().model()
    (lab.catalog / "parts").mkdir()
    (lab.catalog / "parts" / "model.bin").write_bytes(b"other bytes")
    path.write_text(path.read_text() + f"weights:\n  files:\n    model.bin: {{sha256: {'a' * 64}, size: 11}}\n")
    lab.spec(
        "mirrors.yaml",
        {
            "schema": "modellab.mirrors/1",
            "mirrors": {"a" * 64: [{"parts": [{"folder": "parts", "member": "model.bin"}]}]},
        },
    )
    result = lab.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*model.bin (11 bytes) has the wrong digest at *", f"*expected sha256 {'a' * 64}", "*actual   sha256 *"]
    )


def test_weights_no_source_has_are_not_available_with_what_to_do(
    lab: FakeLab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    path = lab.ready().model()
    path.write_text(
        path.read_text()
        + f"weights:\n  repo: some/model\n  revision: {'c' * 40}\n"
        + f"  files:\n    m.bin: {{sha256: {'a' * 64}, size: 11}}\n"
    )
    result = lab.run()
    result.assert_outcomes(skipped=2)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["not-available: fake:cpu:clips: m.bin*could not be fetched; tried:", "*some/model*"])


def test_a_record_that_cannot_be_written_leaves_no_part_of_itself(
    lab: FakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.ready()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = lab.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*No space left on device*"])
    assert lab.records() == []
    assert list(lab.path.rglob("*.tmp")) == []


@pytest.mark.parametrize(
    ("code", "text"),
    [(None, "the worker closed its pipe and hangs"), (3, "the worker ended with exit code 3"), (-200, "*unknown*")],
)
def test_an_exit_code_in_words(code: int | None, text: str) -> None:
    assert text.strip("*") in describe_exit(code)


def test_closing_a_worker_twice_or_after_its_death_is_harmless() -> None:
    worker = LocalWorker()
    psutil.Process(worker.pid).kill()
    load: dict[str, Any] = {"op": "load", "engine": "no:Engine", "path": None, "seed": 0, "weights": None}
    with pytest.raises(WorkerDied, match="SIGKILL"):
        worker.request(load, timeout=10)
    worker.close()
    worker.close()
