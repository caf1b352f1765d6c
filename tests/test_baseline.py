"""Baselines: saved answers, and later runs held against them utterance by utterance."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from catalogs import SHA
from fakelab import FakeLab

from pytest_modellab.baseline import BaselineError, read
from pytest_modellab.cli import main
from pytest_modellab.metrics.paired import compare
from pytest_modellab.speed_baseline import SUFFIX

Output = pytest.CaptureFixture[str]
SUITE = """
import pytest

pytestmark = pytest.mark.asr


def test_no_worse(no_worse):
    assert no_worse()


def test_within_a_point(no_worse):
    assert no_worse(margin=0.01)
"""


class TestPaired:
    def test_the_p_value_is_that_of_every_sign_flip(self) -> None:
        first, second, words = [0, 1, 2, 0, 3, 1, 0, 2], [1, 1, 4, 1, 3, 2, 0, 3], [9, 8, 11, 10, 12, 9, 10, 7]
        change = np.array(second) - np.array(first)
        flips = [
            abs(sum(sign * c for sign, c in zip(signs, change, strict=True))) for signs in product((1, -1), repeat=8)
        ]
        expected = sum(flip >= abs(change.sum()) for flip in flips) / len(flips)
        found = compare(first, second, words, [None] * 8, replicates=20_000)
        assert found is not None
        assert found.p == pytest.approx(expected, abs=0.01)
        assert found.difference == pytest.approx(change.sum() / sum(words))

    def test_the_interval_is_the_paired_cluster_bootstrap(self) -> None:
        random = np.random.default_rng(5)
        words = random.integers(5, 20, 60)
        first = random.poisson(0.1 * words)
        second = first + random.integers(-1, 2, 60) * (random.random(60) < 0.5)
        speakers = [str(i // 5) for i in range(60)]
        found = compare(first.tolist(), second.tolist(), words.tolist(), list(speakers))
        change = np.array([(second - first)[i * 5 : i * 5 + 5].sum() for i in range(12)])
        units = np.array([words[i * 5 : i * 5 + 5].sum() for i in range(12)])
        draws = [random.integers(0, 12, 12) for _ in range(8000)]
        low, high = np.quantile([change[d].sum() / units[d].sum() for d in draws], [0.025, 0.975])
        assert found is not None
        assert (found.low, found.high) == pytest.approx((low, high), abs=0.004)
        assert found.clusters == 12

    def test_the_same_answers_show_no_difference(self) -> None:
        found = compare([1, 2, 0], [1, 2, 0], [9, 9, 9], [None] * 3)
        assert found is not None
        assert (found.difference, found.p, found.low, found.high) == (0, 1.0, 0, 0)

    def test_swapping_the_two_swaps_the_sign(self) -> None:
        there = compare([0, 1, 2, 3], [1, 3, 2, 5], [9] * 4, [None] * 4)
        back = compare([1, 3, 2, 5], [0, 1, 2, 3], [9] * 4, [None] * 4)
        assert there is not None
        assert back is not None
        assert (there.difference, there.p) == (-back.difference, back.p)

    def test_random_label_swaps_raise_few_alarms(self) -> None:
        random = np.random.default_rng(7)
        words = random.integers(5, 20, 100)
        pair = np.stack([random.poisson(0.1 * words), random.poisson(0.14 * words)])
        alarms = 0
        for _ in range(200):
            swap = random.integers(0, 2, 100)
            first, second = pair[swap, np.arange(100)], pair[1 - swap, np.arange(100)]
            found = compare(first.tolist(), second.tolist(), words.tolist(), [None] * 100, replicates=400)
            alarms += found is not None and found.p <= 0.05
        assert alarms <= 20  # 10 expected; more than 20 has a chance under one in a thousand

    @pytest.mark.parametrize(("errors", "words"), [([], []), ([1], [9]), ([0, 0], [0, 0])])
    def test_too_little_has_no_comparison(self, errors: list[int], words: list[int]) -> None:
        assert compare(errors, errors, words, [None] * len(errors)) is None


@pytest.fixture
def saved(lab: FakeLab, capsys: Output) -> FakeLab:
    """A lab whose good answers were saved, and whose suite holds later runs against them."""
    lab.texts = [f"utterance number {i} of a good dozen" for i in range(12)]
    lab.ready()
    assert lab.run().ret == 0
    assert main(["baseline", "save"]) == 0
    lab.pytester.makepyfile(test_suite=SUITE)
    capsys.readouterr()
    return lab


def spoil(lab: FakeLab, count: int) -> None:
    """Let the model get a word wrong in the first `count` utterances."""
    lab.model(wrong={i: f"utterance lumber {i} of a good dozen" for i in range(count)})


def test_the_same_answers_pass(saved: FakeLab, capsys: Output) -> None:
    saved.run().assert_outcomes(passed=2)
    assert main(["baseline", "compare"]) == 0
    assert "fake:cpu:clips: no difference: WER 0.00% -> 0.00%" in capsys.readouterr().out


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_regression_fails_and_shows_both_transcripts(saved: FakeLab, workers: str, capsys: Output) -> None:
    spoil(saved, 8)
    result = saved.run(workers)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*fail: WER 9.5 %, limit <= 0.0 % (reports/baselines/asr/fake-cpu-clips.jsonl)*worse: WER 0.00% -> 9.52%*",
            "*worse: clip-0: 0 -> 1 errors",
            "*before:    utterance number 0 of a good dozen",
            "*now:       utterance lumber 0 of a good dozen",
        ]
    )
    assert main(["baseline", "compare"]) == 1
    assert "worse: WER" in capsys.readouterr().out


def test_one_more_error_is_no_regression_but_not_within_a_point(saved: FakeLab) -> None:
    spoil(saved, 2)
    result = saved.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*1 passed, 1 inconclusive*"])


def test_an_improvement_passes(saved: FakeLab, capsys: Output) -> None:
    spoil(saved, 8)
    saved.run()
    assert main(["baseline", "save"]) == 0
    saved.model()
    saved.run().assert_outcomes(passed=2)
    assert main(["baseline", "compare"]) == 0
    assert "better: WER" in capsys.readouterr().out


def test_without_a_baseline_the_test_is_skipped_and_says_so(lab: FakeLab) -> None:
    lab.ready()
    lab.pytester.makepyfile(test_suite=SUITE)
    result = lab.run("-rs")
    result.assert_outcomes(skipped=2)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*no baseline reports/baselines/asr/fake-cpu-clips.jsonl; `modellab baseline save`*"])


def test_changed_data_are_refused_and_that_blocks(saved: FakeLab, capsys: Output) -> None:
    manifest = saved.catalog / "datasets" / "clips.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    rows[0]["text"] = "something else"
    manifest.write_text("\n".join(map(json.dumps, rows)))
    result = saved.run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*the data changed since the baseline was saved*"])
    assert main(["baseline", "compare"]) == 1
    assert "refused: " in capsys.readouterr().out


def test_a_damaged_baseline_names_its_line_and_blocks(saved: FakeLab) -> None:
    path = saved.path / "reports" / "baselines" / "asr" / "fake-cpu-clips.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], "{}", *lines[4:]]) + "\n")
    with pytest.raises(BaselineError, match=r"clips\.jsonl:4: not a line of a modellab.baseline/1"):
        read(path)
    saved.run().assert_outcomes(failed=2)


def test_a_run_with_failures_or_cut_short_is_no_baseline(lab: FakeLab, capsys: Output) -> None:
    lab.ready(faults={lab.size(1): "raise"})
    lab.run()
    assert main(["baseline", "save"]) == 1
    assert "1 utterance got no answer" in capsys.readouterr().out
    lab.model()
    lab.run("--lab-max-utterances", "2")
    assert main(["baseline", "save", "fake:*"]) == 1


def test_baselines_are_shown_and_cases_chosen(saved: FakeLab, capsys: Output) -> None:
    assert main(["baseline", "show"]) == 0
    assert "fake:cpu:clips" in capsys.readouterr().out
    assert main(["baseline", "save", "other:*"]) == 2
    assert main(["baseline", "compare", "--reports", "elsewhere"]) == 2
    assert main(["baseline", "show", "--reports", "elsewhere"]) == 0


def test_a_baseline_is_small_and_diffs_by_utterance(saved: FakeLab) -> None:
    path = saved.path / "reports" / "baselines" / "asr" / "fake-cpu-clips.jsonl"
    head, *answers = path.read_text().splitlines()
    assert json.loads(head)["case"] == {"task": "asr", "model": "fake", "device": "cpu", "dataset": "clips"}
    assert len(answers) == 12
    assert max(map(len, answers)) < 200


def test_the_baseline_of_an_int8_model_names_the_hardware(lab: FakeLab) -> None:
    lab.ready(load_fault="int8")  # an option that says so; the fake engine does nothing on it
    lab.run()
    assert main(["baseline", "save"]) == 0
    names = [path.name for path in Path("reports/baselines/asr").iterdir() if not path.name.endswith(SUFFIX)]
    assert len(names) == 1
    assert names[0].startswith("fake-cpu-clips-")


def test_a_transcript_with_a_line_separator_is_one_line(lab: FakeLab) -> None:
    lab.texts = ["one\u2028two three", "four five", "six"]
    lab.ready()
    lab.run()
    assert main(["baseline", "save"]) == 0
    assert read(Path("reports/baselines/asr/fake-cpu-clips.jsonl")).answers[0].hypothesis == "one\u2028two three"


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

    @pytest.mark.parametrize("workers", ["-n0", "-n2"])
    def test_a_worse_one_fails_and_is_shown_beside_it(self, two: FakeLab, workers: str) -> None:
        result = self.ask(two, "fake", 0.01, "--lab-model", "poor", workers)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            ["*fail: WER 11.9 %, limit <= 0.0 % (fake:cpu:clips)*margin 1 points*", "*now:*utterance lumber 0 *"]
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
