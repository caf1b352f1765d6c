"""Baselines: saved answers, and later runs compared with them utterance by utterance."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from catalogs import SHA
from fakelab import FakeCatalog, FakeLab
from fakeruns import FakeRuns
from records import record, utterance

from pytest_modellab.catalog import load
from pytest_modellab.catalog.baseline_spec import allowed
from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.cli import main
from pytest_modellab.core.stats.regression import DEFAULT
from pytest_modellab.results.baseline import BaselineVerdict, changes_text, judge, of_case, read, save
from pytest_modellab.results.baseline_lines import BaselineError
from pytest_modellab.results.values import valued
from pytest_modellab.results.verdicts import Status

Output = pytest.CaptureFixture[str]
SUITE = """
import pytest

pytestmark = pytest.mark.asr


def test_no_worse(no_worse):
    assert no_worse()


def test_within_a_point(no_worse):
    assert no_worse(margin=0.01)
"""


PATH = Path("reports/baselines/asr/fake-cpu-clips.jsonl")
DOZEN = [f"utterance number {i} of a good dozen" for i in range(12)]


@pytest.fixture
def runs(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> FakeRuns:
    """Commands find its records."""
    runs.commanded(monkeypatch)
    return runs


@pytest.fixture
def saved(runs: FakeRuns, capsys: Output) -> FakeRuns:
    """Runs whose good answers were saved."""
    runs.texts = DOZEN
    runs.ready().run()
    assert main(["baseline", "save"]) == 0
    capsys.readouterr()
    return runs


@pytest.fixture
def held(lab: FakeLab, capsys: Output) -> FakeLab:
    """A lab whose good answers were saved, and whose suite holds later runs against them."""
    lab.texts = DOZEN
    lab.ready()
    assert lab.run().ret == 0
    assert main(["baseline", "save"]) == 0
    lab.pytester.makepyfile(test_suite=SUITE)
    capsys.readouterr()
    return lab


def spoil(lab: FakeCatalog, count: int) -> None:
    """Let the model get a word wrong in the first `count` utterances."""
    lab.model(wrong={i: f"utterance lumber {i} of a good dozen" for i in range(count)})


def judged(runs: FakeRuns, margin: float | None = None) -> BaselineVerdict:
    """A run of now, compared with what was saved, as the catalog allows."""
    catalog = load(runs.catalog, runs.path)
    record = runs.measured()
    bounds = allowed(catalog.baseline_limits, record.case, catalog.shown)
    return judge(record, lambda: of_case(PATH, record.case), str(PATH), margin, allowed=bounds)


def statuses(runs: FakeRuns) -> tuple[Status, Status]:
    """Of being no worse, and of being no worse by more than a point."""
    return judged(runs).verdict.status, judged(runs, 0.01).verdict.status


def test_the_same_answers_pass(saved: FakeRuns, capsys: Output) -> None:
    # Twelve answers that stayed the same pass, and can't exclude a point.
    assert statuses(saved) == (Status.PASS, Status.INCONCLUSIVE)
    assert main(["baseline", "compare"]) == 0
    assert "fake:cpu:clips: unchanged: WER 0.0 % -> 0.0 %, +0 points" in capsys.readouterr().out


def test_a_regression_fails_and_has_both_transcripts(saved: FakeRuns, capsys: Output) -> None:
    spoil(saved, 8)
    assert statuses(saved) == (Status.FAIL, Status.FAIL)
    found = judged(saved)
    assert "worse: WER 0.0 % -> 9.5 %" in found.verdict.reason
    assert found.comparison is not None
    assert changes_text(found.comparison)[:4] == [
        "worse: clip-0: 0 -> 1 errors",
        "    reference: utterance number 0 of a good dozen",
        "    before:    utterance number 0 of a good dozen",
        "    now:       utterance lumber 0 of a good dozen",
    ]
    assert changes_text(found.comparison)[-1] == "    ... and 3 more that are worse"
    assert main(["baseline", "compare"]) == 1
    assert "worse: WER" in capsys.readouterr().out


def test_a_session_tells_of_a_regression_wherever_its_reports_lie(held: FakeLab) -> None:
    held.run().stdout.fnmatch_lines(["*1 passed, 1 inconclusive*"])
    spoil(held, 8)
    result = held.run("-n2", "--lab-report=elsewhere")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*fail: WER 9.5 %, limit <= 0.0 % (reports/baselines/asr/fake-cpu-clips.jsonl)*worse: WER 0.0 % -> 9.5 %*",
            "*worse: clip-0: 0 -> 1 errors",
            "*before:    utterance number 0 of a good dozen",
            "*now:       utterance lumber 0 of a good dozen",
        ]
    )


def test_one_more_error_is_no_regression_but_not_within_a_point(saved: FakeRuns) -> None:
    spoil(saved, 1)
    assert statuses(saved) == (Status.PASS, Status.INCONCLUSIVE)


def test_a_rise_that_no_test_can_tell_from_chance_does_not_pass(saved: FakeRuns) -> None:
    spoil(saved, 3)
    assert "3 answers changed, and no test can tell fewer than 5 from chance" in judged(saved).verdict.reason
    limits = saved.catalog / "limits.yaml"
    limits.write_text(limits.read_text() + "baselines:\n  - {tolerance: 0.04, sanity: 0.05, dataset: clips}\n")
    assert statuses(saved) == (Status.PASS, Status.INCONCLUSIVE)
    limits.write_text(limits.read_text().replace("0.04, sanity: 0.05", "0.01, sanity: 0.02"))
    assert statuses(saved) == (Status.FAIL, Status.FAIL)
    assert "beyond the sanity bound of 2 points (lab/limits.yaml:" in judged(saved).verdict.reason


def test_a_session_has_the_bounds_of_the_catalog(held: FakeLab) -> None:
    spoil(held, 3)
    limits = held.catalog / "limits.yaml"
    limits.write_text(limits.read_text() + "baselines:\n  - {tolerance: 0.01, sanity: 0.02, dataset: clips}\n")
    result = held.run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*beyond the sanity bound of 2 points (lab/limits.yaml:*)*"])


def test_an_improvement_passes(saved: FakeRuns, capsys: Output) -> None:
    spoil(saved, 8)
    saved.run()
    assert main(["baseline", "save"]) == 0
    saved.model()
    assert statuses(saved) == (Status.PASS, Status.INCONCLUSIVE)
    assert main(["baseline", "compare"]) == 0
    assert "better: WER" in capsys.readouterr().out


def test_without_a_baseline_the_test_is_skipped_and_says_so(lab: FakeLab) -> None:
    lab.ready()
    lab.pytester.makepyfile(test_suite=SUITE)
    result = lab.run("-rs")
    result.assert_outcomes(skipped=2)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*no baseline reports/baselines/asr/fake-cpu-clips.jsonl; `modellab baseline save`*"])


def test_changed_data_are_refused_and_that_blocks(saved: FakeRuns, capsys: Output) -> None:
    manifest = saved.catalog / "datasets" / "clips.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    rows[0]["text"] = "something else"
    manifest.write_text("\n".join(map(json.dumps, rows)))
    assert statuses(saved) == (Status.FAIL, Status.FAIL)
    assert "the data changed since the baseline was saved" in judged(saved).verdict.reason
    assert main(["baseline", "compare"]) == 1
    assert "refused: " in capsys.readouterr().out


def test_a_refusal_counts_without_an_assertion(held: FakeLab) -> None:
    held.pytester.makepyfile(test_suite="def test_it(run, no_worse):\n    assert run.wer < 1\n    no_worse()\n")
    (held.path / PATH).write_text("")
    result = held.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["NOT PASSED: asr/fake:cpu:clips fails its gate though no test failed*"])


def test_a_damaged_baseline_names_its_line_and_blocks(saved: FakeRuns) -> None:
    lines = PATH.read_text().splitlines()
    PATH.write_text("\n".join([*lines[:3], "{}", *lines[4:]]) + "\n")
    with pytest.raises(BaselineError, match=r"clips\.jsonl:4: not a line of a modellab.baseline/1"):
        read(PATH)
    assert statuses(saved) == (Status.FAIL, Status.FAIL)


def edited(change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Change the lines of the baseline that was saved."""
    lines = [json.loads(line) for line in PATH.read_text().splitlines()]
    change(lines)
    PATH.write_text("".join(json.dumps(each) + "\n" for each in lines))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: lines[0]["case"].update(model="worse"), "clips.jsonl:1: it is of asr/worse:cpu:clips, not of "),
        (lambda lines: lines[0]["case"].update(task="turn"), "clips.jsonl:1: it is of turn/fake:cpu:clips, not of "),
        (lambda lines: lines.append({**lines[3], "hypothesis": "x"}), "clips.jsonl:14: a second line of clip-2"),
        (lambda lines: lines[3].update(hypothesis=None), "clips.jsonl:4: clip-2 has no answer, and a baseline has one"),
    ],
    ids=["another model", "another task", "a second line", "no answer"],
)
def test_what_is_no_baseline_of_the_case_blocks(
    saved: FakeRuns, capsys: Output, change: Callable[[list[dict[str, Any]]], None], told: str
) -> None:
    edited(change)
    assert statuses(saved) == (Status.FAIL, Status.FAIL)
    assert told in judged(saved).verdict.reason
    assert main(["baseline", "compare"]) == 1
    assert told in capsys.readouterr().out


def test_a_baseline_of_another_case_is_not_written_over(tmp_path: Path) -> None:
    one = valued(record(utterances=[utterance("one")]))
    provenance = one.provenance.model_copy(update={"inputs": {"dataset": "0" * 64}})
    one = one.model_copy(update={"seal": "0" * 64, "provenance": provenance})
    first, second = (
        one.model_copy(update={"case": CaseRef(task="asr", model=model, device=device, dataset="talk")})
        for model, device in (("whisper", "cuda-a100"), ("whisper-cuda", "a100"))
    )
    path = save(first, tmp_path)
    with pytest.raises(BaselineError, match=r"is the baseline of asr/whisper:cuda-a100:talk, whose ids come to the"):
        save(second, tmp_path)
    assert read(path).head.case == first.case
    path.write_text("")
    assert save(second, tmp_path) == path


@pytest.mark.parametrize("margin", [-0.1, 1.0, 5])
def test_a_margin_is_a_ratio(saved: FakeRuns, margin: float) -> None:
    with pytest.raises(ValueError, match=r"a margin is a ratio of at least 0 and below 1 \(0.01 is one point\), not "):
        judged(saved, margin)


def test_a_run_with_failures_or_cut_short_is_no_baseline(runs: FakeRuns, capsys: Output) -> None:
    runs.ready(faults={runs.size(1): "raise"}).run()
    assert main(["baseline", "save"]) == 1
    assert "1 utterance got no answer" in capsys.readouterr().out
    runs.model()
    limited = runs.measured(max_utterances=2)
    assert main(["baseline", "save", "fake:*"]) == 1
    with pytest.raises(BaselineError, match="only the first 2 of its utterances were run"):
        save(limited, runs.path)


def test_baselines_are_shown_and_cases_chosen(saved: FakeRuns, capsys: Output) -> None:
    assert main(["baseline", "show"]) == 0
    assert "fake:cpu:clips" in capsys.readouterr().out
    assert main(["baseline", "save", "other:*"]) == 2
    assert main(["baseline", "compare", "--reports", "elsewhere"]) == 2
    assert main(["baseline", "show", "--reports", "elsewhere"]) == 2


def test_a_baseline_is_small_and_diffs_by_utterance(saved: FakeRuns) -> None:
    head, *answers = PATH.read_text().splitlines()
    assert json.loads(head)["case"] == {"task": "asr", "model": "fake", "device": "cpu", "dataset": "clips"}
    assert len(answers) == 12
    assert max(map(len, answers)) < 200


def test_a_run_of_a_part_has_no_place_beside_it(saved: FakeRuns) -> None:
    record = saved.measured().model_copy(update={"limited_to": 3})
    verdict = judge(record, lambda: read(PATH), str(PATH), None, allowed=DEFAULT).verdict
    assert (verdict.status, verdict.reason) == (
        Status.NOT_AVAILABLE,
        "only the first 3 of its utterances were run",
    )


def test_a_transcript_with_a_line_separator_is_one_line(runs: FakeRuns) -> None:
    runs.texts = ["one\u2028two three", "four five", "six"]
    runs.ready().run()
    assert main(["baseline", "save"]) == 0
    assert read(PATH).answers[0].hypothesis == "one\u2028two three"


OTHER = """
import pytest

def test_it(no_worse):
    assert no_worse(than={than!r}, margin={margin})
"""


class TestAnotherModel:
    @pytest.fixture
    def two(self, lab: FakeLab) -> FakeLab:
        lab.texts = [f"utterance number {i} of a good dozen" for i in range(12)]
        lab.ready()
        lab.model("poor", wrong={i: f"utterance lumber {i} of a good dozen" for i in range(10)})
        return lab

    def ask(self, lab: FakeLab, than: str, margin: float | None, *arguments: str) -> pytest.RunResult:
        lab.pytester.makepyfile(test_suite=OTHER.format(than=than, margin=margin))
        return lab.run(*arguments)

    def test_a_worse_one_fails_and_is_shown_beside_it(self, two: FakeLab) -> None:
        result = self.ask(two, "fake", 0.01, "--lab-model", "poor")
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [
                "*fail: WER 11.9 %, limit <= 0.0 % (fake:cpu:clips)*beyond the sanity bound of 10 points*",
                "*now:*utterance lumber 0 *",
            ]
        )

    def test_a_better_one_and_one_within_the_margin_pass(self, two: FakeLab) -> None:
        self.ask(two, "poor", None).assert_outcomes(passed=2)
        self.ask(two, "fake", 0.5).assert_outcomes(passed=2)

    def test_one_that_is_not_there_is_told(self, two: FakeLab) -> None:
        result = self.ask(two, "fale", 0.01)
        result.assert_outcomes(failed=2)
        result.stdout.fnmatch_lines(["*no model `fale` in the catalog; did you mean `fake`? allowed: fake, poor"])

    def test_one_that_cannot_be_had_is_a_skip_with_the_reason(self, two: FakeLab) -> None:
        path = two.model("poor")
        pinned = f"weights: {{files: {{model.bin: {{sha256: {SHA}, size: 3}}}}}}\n"
        path.write_text(path.read_text() + pinned)
        result = self.ask(two, "poor", 0.01, "--lab-model", "fake", "-rs")
        result.assert_outcomes(skipped=1)
        result.stdout.fnmatch_lines(["*SKIPPED*model.bin*is not in the cache and no source is named for it*"])
