"""What goes wrong in a model or on the machine ends in a record or a message that says so, and costs nothing else."""

from __future__ import annotations

import errno
import os
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import psutil
import pytest
from fakelab import FakeCatalog, FakeLab
from fakeruns import FakeRuns

from pytest_modellab.engines.registry import engine_class
from pytest_modellab.runner.executor import LOCAL, WorkerDied
from pytest_modellab.runner.local import LocalWorker, describe_exit

# All of them: test_survival.py. Here is how one is told.
FAULTS = {
    "wrong-language": ("exception", "TypeError: a Transcript's language must be text or None, not 42"),
    "segfault": ("crash", "the worker died of SIGSEGV (signal 11)"),
    "hang": ("timeout", "no answer to `transcribe` within 1 s; the worker was killed"),
}
QUICK = {"utterance_s": 1, "per_audio_second": 0, "load_s": 10}


@pytest.fixture
def runs(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> FakeRuns:
    """Of models in processes of their own, which may die, and which are known by the folder they are started in."""
    monkeypatch.chdir(runs.path)
    runs.executor = LOCAL
    return runs


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_one_utterance_costs_that_utterance(runs: FakeRuns, fault: str) -> None:
    record = runs.ready(faults={runs.size(1): fault}, timeouts=QUICK).measured()
    kind, message = FAULTS[fault]
    first, failed, last = record.utterances
    assert first.hypothesis == "one fine day"
    assert last.hypothesis == "three fine days"
    assert failed.hypothesis is None
    assert failed.error is not None
    assert (failed.error.kind, failed.error.message) == (kind, message)
    assert failed.parts["asr"].words.deletions == 3
    assert record.value("success_rate") == pytest.approx(2 / 3)


def test_a_model_that_does_not_load_is_a_failure_with_its_reason(runs: FakeRuns) -> None:
    record = runs.ready(load_fault="raise", timeouts=QUICK).measured()
    assert record.failure is not None
    assert record.failure.kind == "load"
    assert record.failure.message == "could not be loaded: RuntimeError: the fake engine was told to fail"
    assert record.value("success_rate") == 0
    assert record.value("wer") == 1.0
    assert record.value("rtf") is None


def test_a_model_that_dies_while_it_loads_is_a_failure_with_its_last_words(runs: FakeRuns) -> None:
    record = runs.ready(load_fault="abort", timeouts=QUICK).measured()
    assert record.failure is not None
    assert record.failure.kind == "load"
    assert record.failure.message == "could not be loaded: the worker died of SIGABRT (signal 6)"
    assert "last words 29" in str(record.failure.detail)
    assert runs.engine_log() == ["load"]


def test_a_session_tells_what_models_failed_of(lab: FakeLab) -> None:
    lab.ready()
    lab.model("absent", load_fault="raise")
    lab.model("dead", faults={lab.size(1): "segfault"})
    result = lab.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*no answer: crash: the worker died of SIGSEGV (signal 11)"])
    result.stdout.fnmatch_lines(["fail absent:cpu:clips: could not be loaded: *"])


def test_a_model_that_keeps_dying_is_given_up(runs: FakeRuns) -> None:
    runs.texts = [f"clip number {i}" for i in range(6)]
    record = runs.ready(faults={runs.size(i): "exit" for i in range(1, 6)}).measured()
    assert record.provenance.worker_restarts == 3
    assert [u.error is None for u in record.utterances] == [True, False, False, False, False, False]
    assert record.utterances[5].error is not None
    assert record.utterances[5].error.message == "not tried: the worker had died 3 times"
    assert runs.engine_log().count("load") == 3
    assert record.failure is not None
    assert record.failure.message == (
        "given up after the worker died 3 times; the first time: the worker ended with exit code 7"
    )


def test_a_model_that_hangs_on_everything_is_given_up_soon(runs: FakeRuns) -> None:
    runs.texts = [f"clip number {i}" for i in range(6)]
    record = runs.ready(faults={runs.size(i): "hang" for i in range(6)}, timeouts=QUICK).measured()
    assert runs.engine_log().count("load") == 3
    assert record.failure is not None
    assert record.failure.message.startswith(
        "given up after the worker died 3 times; the first time: no answer to `transcribe`"
    )


def test_the_first_call_may_kill_the_worker_and_the_rest_goes_on(runs: FakeRuns) -> None:
    record = runs.ready(faults={runs.size(0): "segfault"}).measured()
    assert [u.error is None for u in record.utterances] == [False, True, True]
    assert record.timing.first_call_s is None


def test_a_worker_that_dies_leaving_a_child_on_its_pipe_is_a_crash_at_once(runs: FakeRuns) -> None:
    record = runs.ready(faults={runs.size(1): "fork-and-exit"}, timeouts={"utterance_s": 40}).measured()
    error = record.utterances[1].error
    assert error is not None
    assert (error.kind, error.message) == ("crash", "the worker ended with exit code 7")
    assert not left_behind(runs.path)


def test_a_process_that_nothing_ties_to_its_worker_does_not_hold_up_the_run(runs: FakeRuns) -> None:
    record = runs.ready(faults={runs.size(1): "leave-a-stranger"}).measured()
    stranger = next(each for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == ["/bin/sleep", "30"])
    stranger.kill()  # alive: the run was over before it was
    error = record.utterances[1].error
    assert error is not None
    assert error.kind == "crash"


def test_text_that_utf8_cannot_hold_is_stored_with_marks(runs: FakeRuns) -> None:
    runs.ready(faults={runs.size(1): "surrogate", runs.size(2): "raise-surrogate"})
    utterances = runs.measured().utterances
    assert utterances[1].hypothesis == "half a pair \N{REPLACEMENT CHARACTER} and a whole \N{GRINNING FACE}"
    assert utterances[2].error is not None
    assert utterances[2].error.message == "RuntimeError: half a pair \N{REPLACEMENT CHARACTER}"


def test_one_model_failing_leaves_the_others_alone_and_no_process_behind(runs: FakeRuns) -> None:
    runs.ready()
    runs.model("bad", faults={runs.size(0): "segfault", runs.size(1): "hang"}, timeouts=QUICK)
    by_id = runs.run()
    good, bad = (by_id[f"{model}:cpu:clips"].record for model in ("fake", "bad"))
    assert good is not None
    assert bad is not None
    assert good.value("success_rate") == 1
    assert bad.summary.answered == 1
    assert not left_behind(runs.path)


def test_processes_of_a_session_leave_the_others_alone_and_no_process_behind(lab: FakeLab) -> None:
    lab.ready()
    lab.model("bad", faults={lab.size(0): "segfault", lab.size(1): "hang"}, timeouts=QUICK)
    lab.dataset("spoiled")
    (lab.catalog / "datasets" / "spoiled-1.wav").write_bytes(b"not audio at all")
    result = lab.run("-n2")
    assert result.ret == 1
    by_model = {record.case.model: record for record in lab.records()}
    assert by_model["fake"].value("success_rate") == 1
    assert by_model["bad"].summary.answered == 1
    assert not left_behind(lab.path)
    result.stdout.fnmatch_lines(["*spoiled-1.wav: not audio that libsndfile can read*"])
    assert "Traceback" not in result.stdout.str()


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


BROKEN = {
    "missing": (None, "*clips.jsonl:2: no audio file *clips-1.wav"),
    "corrupt": (b"not audio at all", "*clips-1.wav: not audio that libsndfile can read*"),
    "zero-length": (
        b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\0\0\0\0",
        "*holds no samples*",
    ),
}
"""What is in a recording's place, and what is told of it."""


def broken(lab: FakeCatalog, kind: str) -> str:
    """Break a recording; what is told of it."""
    clip = lab.catalog / "datasets" / "clips-1.wav"
    content, told = BROKEN[kind]
    if content is None:
        clip.unlink()
    else:
        clip.write_bytes(content)
    return told


@pytest.mark.parametrize("kind", BROKEN)
def test_a_bad_recording_fails_with_its_place(runs: FakeRuns, kind: str) -> None:
    told = broken(runs.ready(), kind)
    outcome = runs.outcome()
    assert outcome.record is None
    assert fnmatchcase(str(outcome.broken), told)
    assert runs.engine_log() == []


def test_a_session_tells_of_a_bad_recording(lab: FakeLab) -> None:
    told = broken(lab.ready(), "corrupt")
    result = lab.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines([told])
    assert lab.engine_log() == []
    assert "Traceback" not in result.stdout.str()


def test_an_empty_reference_fails_with_its_line(runs: FakeRuns) -> None:
    runs.texts = ("one", "  ", "three")
    assert "clips.jsonl:2: an empty reference can't be scored; " in str(runs.ready().outcome().broken)


def test_a_reference_that_normalises_to_nothing_is_counted(runs: FakeRuns) -> None:
    runs.texts = ("one fine day", "[noise]", "three fine days")
    record = runs.ready(wrong={1: "hello there"}).measured()
    assert record.parts["asr"].empty_references == 1
    assert record.parts["asr"].words.insertions == 2
    assert record.value("wer") == pytest.approx(2 / 6)


def test_weights_with_a_wrong_digest_fail_and_name_both(runs: FakeRuns) -> None:
    path = runs.ready().model()
    (runs.catalog / "parts").mkdir()
    (runs.catalog / "parts" / "model.bin").write_bytes(b"other bytes")
    path.write_text(path.read_text() + f"weights:\n  files:\n    model.bin: {{sha256: {'a' * 64}, size: 11}}\n")
    runs.spec(
        "mirrors.yaml",
        {
            "schema": "modellab.mirrors/1",
            "mirrors": {"a" * 64: [{"parts": [{"folder": "parts", "member": "model.bin"}]}]},
        },
    )
    wrong, expected, actual, *_ = str(runs.outcome().broken).splitlines()
    assert "model.bin (11 bytes) has the wrong digest at " in wrong
    assert expected.endswith(f"expected sha256 {'a' * 64}")
    assert "actual   sha256 " in actual


def test_weights_no_source_has_are_not_available_with_what_to_do(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    path = runs.ready().model()
    path.write_text(
        path.read_text()
        + f"weights:\n  repo: some/model\n  revision: {'c' * 40}\n"
        + f"  files:\n    m.bin: {{sha256: {'a' * 64}, size: 11}}\n"
    )
    outcome = runs.outcome()
    assert outcome.broken is None
    told = str(outcome.unavailable)
    assert re.search("m.bin.* could not be fetched; tried:", told)
    assert "some/model" in told


def test_a_record_that_cannot_be_written_leaves_no_part_of_itself(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.ready()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    outcome = runs.outcome()
    assert "No space left on device; what was measured so far is kept" in str(outcome.broken)
    assert runs.records() == []
    assert list(runs.path.rglob("*.tmp")) == []


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
