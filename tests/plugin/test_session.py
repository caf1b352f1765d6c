"""Whole sessions of the plugin over fake models: what a person asks for, sees, and gets as an exit code."""

from __future__ import annotations

import pytest
from fakelab import FakeLab

BOTH = pytest.mark.parametrize("workers", ["-n0", "-n2"])
LOADS = {"-n0": 1, "-n2": 2}
"""How often a model is loaded: under xdist once more, to be timed with the machine to itself."""


@BOTH
def test_a_good_model_passes_and_is_graded_on_one_screen(lab: FakeLab, workers: str) -> None:
    lab.ready()
    lab.roles_of_any_size()
    lab.spec(
        "grades.yaml",
        {
            "schema": "modellab.grades/1",
            "tasks": {"asr": {"criteria": {"wer": {"A+": 0.01, "A": 0.1, "B": 0.2, "C": 0.3}}}},
        },
    )
    result = lab.run(workers)
    assert result.ret == 0
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "*modellab scorecard*",
            "fake *cpu *clips *0.0 %*A+ (wer)*pass",
            "primary ASR*: fake on cpu, the only one*",
        ]
    )
    (row,) = lab.scorecard()["rows"]
    assert row["status"] == "pass"
    bands = {"A+": 0.01, "A": 0.1, "B": 0.2, "C": 0.3}
    criterion = {"metric": "wer", "value": 0.0, "letter": "A+", "bound": 0.01, "bands": bands}
    assert row["grade"]["criteria"][0] == criterion
    assert lab.record().value("wer") == 0.0


@BOTH
def test_a_failing_limit_explains_itself(lab: FakeLab, workers: str) -> None:
    lab.ready(wrong={1: "to fine"})
    result = lab.run(workers)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*assert WER 22.2 % <= limit 10.0 % (lab/limits.yaml:*)",
            "*fail: WER 22.2 %, limit <= 10.0 % (lab/limits.yaml:*), over by 12.2 points",
            "*worst of 3 utterances:",
            "*clip-1: 2 errors in 3 words (S 1, D 1, I 0)",
            "*REF: 2  fine days",
            "*rerun: pytest 'test_suite.py::test_wer?fake:cpu:clips?'",
            "fake *22.2 %*fail",
        ]
    )


def test_the_rerun_command_runs_just_that_case(lab: FakeLab) -> None:
    lab.ready(wrong={1: "to fine"}, tiers=["real_e2e"])
    result = lab.run("-m", "real_e2e")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*rerun: pytest 'test_suite.py::test_wer?fake:cpu:clips?' -m real_e2e"])
    again = lab.run("test_suite.py::test_wer[fake:cpu:clips]", "-m", "real_e2e")
    again.assert_outcomes(failed=1)


@BOTH
def test_a_case_is_measured_once_however_many_tests_ask(lab: FakeLab, workers: str) -> None:
    lab.ready()
    lab.pytester.makepyfile(test_more="def test_again(run): assert run.utterances")
    assert lab.run(workers).ret == 0
    assert lab.engine_log().count("load") == LOADS[workers]
    assert len(lab.records()) == 1


def test_two_models_are_loaded_by_one_worker_each_for_both_data_sets(lab: FakeLab) -> None:
    lab.ready()
    lab.dataset("more")
    lab.model("other")
    result = lab.run("-n2")
    assert result.ret == 0
    assert lab.engine_log().count("load") == 2 * LOADS["-n2"]
    timed = [record.value("rtf") for record in lab.records()]
    assert len(timed) == 4
    assert None not in timed


def test_timing_passes_overlap_nothing_and_accuracy_passes_do(lab: FakeLab) -> None:
    lab.ready(delay_s=0.2)
    lab.model("other", delay_s=0.2)
    assert lab.run("-n2").ret == 0
    # The timing pass loads again, and answers every clip again after a first call of its own.
    assert len(lab.clips_heard()) == 2 * (1 + 3 + 1 + 3)
    held = {(each.kind, record.case.model): each for record in lab.records() for each in record.timing.passes}
    assert len(held) == 4
    for model in ("fake", "other"):
        timing = held["timing", model]
        assert timing.start < timing.end
        for (kind, whose), other in held.items():
            if (kind, whose) != ("timing", model):
                assert other.end <= timing.start or other.start >= timing.end, (kind, whose)
    one, two = held["accuracy", "fake"], held["accuracy", "other"]
    assert one.start < two.end
    assert two.start < one.end


def test_unknown_keys_end_the_session_before_it_starts(lab: FakeLab) -> None:
    path = lab.ready().model()
    path.write_text(path.read_text() + "colour: blue\n")
    result = lab.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*lab/models/fake.yaml:*: unknown key `colour`; *allowed: cluster, devices, engine, *"]
    )
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


@BOTH
def test_a_session_without_the_device_is_no_pass(lab: FakeLab, workers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    lab.ready(devices={"cuda": {}})
    lab.spec("devices.yaml", {"schema": "modellab.devices/1", "devices": [{"id": "cuda", "kind": "cuda"}]})
    result = lab.run(workers)
    result.assert_outcomes(skipped=1, deselected=0 if workers == "-n2" else 1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "not-available: fake:cuda:clips: cuda: CUDA_VISIBLE_DEVICES='' hides every CUDA device",
            "NOT PASSED: nothing*",
        ]
    )


def test_a_session_in_which_everything_is_skipped_is_no_pass(lab: FakeLab) -> None:
    lab.ready()
    lab.pytester.makeconftest("def pytest_runtest_setup(item):\n    __import__('pytest').skip('somebody said so')\n")
    result = lab.run()
    result.assert_outcomes(skipped=2)
    assert result.ret == 1


def test_tests_without_a_case_to_run_are_no_pass(lab: FakeLab) -> None:
    lab.model(tiers=[])
    lab.dataset()
    result = lab.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["NOT PASSED: nothing was measured: no test had a case to run; *"])


def test_a_required_case_that_was_not_measured_is_no_pass(lab: FakeLab) -> None:
    lab.ready()
    lab.model("other", devices={"cuda": {}})
    assert lab.run("--lab-require", "fake:cpu:*").ret == 0
    result = lab.run("--lab-require", "other:cuda:*")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["NOT PASSED: required case `other:cuda:?` was not measured"])


def test_a_limit_that_no_test_asserts_still_fails_the_session(lab: FakeLab) -> None:
    lab.ready()
    lab.limits({"metric": "wer", "max": 0.1}, {"metric": "peak_rss_mb", "max": 1e-9})
    result = lab.run()
    result.assert_outcomes(passed=2)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["NOT PASSED: asr/fake:cpu:clips fails its gate though no test failed: Peak memory *"])


def test_a_number_in_a_test_is_a_verdict_in_the_scorecard(lab: FakeLab) -> None:
    lab.ready(wrong={0: ""})
    lab.pytester.makepyfile(test_suite="def test_literal(run): assert run.wer < 0.01")
    assert lab.run().ret == 1
    (row,) = lab.scorecard()["rows"]
    literal = next(verdict for verdict in row["verdicts"] if verdict["source"] == "test")
    assert (literal["metric"], literal["status"], literal["bound"]) == ("wer", "fail", 0.01)


def test_a_failing_test_without_a_verdict_fails_the_row(lab: FakeLab) -> None:
    lab.ready()
    lab.pytester.makepyfile(test_suite="def test_own(run): assert len(run.utterances) == 99")
    assert lab.run().ret == 1
    assert lab.scorecard()["rows"][0]["status"] == "fail"


def test_fewer_utterances_on_request_are_never_graded(lab: FakeLab) -> None:
    lab.ready()
    lab.spec(
        "grades.yaml",
        {
            "schema": "modellab.grades/1",
            "tasks": {"asr": {"criteria": {"wer": {"A+": 0.01, "A": 0.1, "B": 0.2, "C": 0.3}}}},
        },
    )
    result = lab.run("--lab-max-utterances", "2")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["no grade for fake:cpu:clips: only 2 utterances were asked for"])
    assert lab.record().limited_to == 2
