"""Times of a run against those that were saved on this hardware."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakelab import FakeLab
from records import HARDWARE, NO_SPEED, TIMING, record, utterance

from pytest_modellab.cli import main
from pytest_modellab.results.baseline_lines import BaselineError
from pytest_modellab.results.record import BatchRef, Record
from pytest_modellab.results.speed_baseline import SUFFIX, OtherHardware, against, find, judge, place, read, save
from pytest_modellab.results.verdicts import Status

Output = pytest.CaptureFixture[str]

SUITE = "def test_speed(no_slower): assert no_slower()"


def timed(*seconds: float, dataset: str = "d", **more: object) -> Record:
    """A record whose utterances, each of one second, took so long."""
    utterances = [
        utterance(f"u{i}").model_copy(update={"processing_s": each, "audio_s": 1.0}) for i, each in enumerate(seconds)
    ]
    timing = TIMING.model_copy(update={"rtf": sum(seconds) / len(seconds), **more})
    found = record(utterances=utterances, timing=timing)
    inputs = {"dataset": dataset, "device": {"kind": "cpu"}}
    return found.model_copy(update={"provenance": found.provenance.model_copy(update={"inputs": inputs})})


def on(run: Record, **changes: object) -> Record:
    """The same on hardware with these changes."""
    origin = run.provenance.model_copy(update={"hardware": {**HARDWARE, **changes}})
    return run.model_copy(update={"provenance": origin})


TEN = (0.1, 0.2, 0.1, 0.3, 0.1, 0.2, 0.1, 0.3, 0.1, 0.2)


def times(factor: float) -> tuple[float, ...]:
    return tuple(factor * each for each in TEN)


class TestComparison:
    @pytest.mark.parametrize(
        ("factor", "outcome", "status"),
        [
            (1.0, "no slower", Status.PASS),
            (1.26, "no slower", Status.PASS),
            (1.31, "slower", Status.FAIL),
            (0.5, "quicker", Status.PASS),
        ],
    )
    def test_only_what_is_beyond_the_tripwire_is_slower(
        self, factor: float, outcome: str, status: Status, tmp_path: Path
    ) -> None:
        path = save(timed(*TEN), tmp_path)
        change = against(timed(*times(factor)), read(path))
        assert change.ratio == pytest.approx(factor)
        assert change.outcome == outcome
        assert judge(timed(*times(factor)), path, "there").status is status

    def test_one_slow_utterance_is_not_a_slower_model(self, tmp_path: Path) -> None:
        path = save(timed(*TEN), tmp_path)
        # Nor is it sure to be no slower.
        assert against(timed(*TEN[:-1], 2.0), read(path)).outcome == "inconclusive"
        assert judge(timed(*TEN[:-1], 2.0), path, "there").status is Status.INCONCLUSIVE

    def test_a_batch_is_one_call(self, tmp_path: Path) -> None:
        run = timed(*TEN)
        paired = [
            each.model_copy(update={"batch": BatchRef(first=f"u{i // 2 * 2}", size=2, longest_s=1.0)})
            for i, each in enumerate(run.utterances)
        ]
        run = run.model_copy(update={"utterances": tuple(paired)})
        calls = read(save(run, tmp_path)).calls
        assert [(each.id, each.audio_s) for each in calls] == [(f"batch of u{i}", 2.0) for i in range(0, 10, 2)]
        assert calls[0].processing_s == pytest.approx(TEN[0] + TEN[1])
        assert against(run, read(place(run, tmp_path))).calls == 5

    def test_a_noisy_run_is_inconclusive(self, tmp_path: Path) -> None:
        path = save(timed(*TEN), tmp_path)
        verdict = judge(timed(*times(3), noisy="somebody compiled"), path, "there")
        assert verdict.status is Status.INCONCLUSIVE
        assert "somebody compiled" in str(verdict)

    def test_a_narrower_tripwire_can_be_asked_for(self, tmp_path: Path) -> None:
        path = save(timed(*TEN), tmp_path)
        assert judge(timed(*times(1.1)), path, "there", tripwire=0.05).status is Status.FAIL

    def test_other_data_are_refused_and_that_blocks(self, tmp_path: Path) -> None:
        path = save(timed(*TEN), tmp_path)
        with pytest.raises(BaselineError, match="the data changed since its speed was saved"):
            against(timed(*TEN, dataset="other"), read(path))
        assert judge(timed(*TEN, dataset="other"), path, "there").status is Status.FAIL

    def test_too_few_pairs_say_nothing(self, tmp_path: Path) -> None:
        path = save(timed(*TEN), tmp_path)
        with pytest.raises(BaselineError, match="4 utterances timed in both, fewer than 5"):
            against(timed(*TEN[:4]), read(path))
        assert judge(timed(*TEN[:4]), path, "there").status is Status.INCONCLUSIVE

    def test_a_run_without_times_is_not_available(self, tmp_path: Path) -> None:
        path = save(timed(*TEN), tmp_path)
        assert judge(record(timing=NO_SPEED), path, "there").status is Status.NOT_AVAILABLE


class TestSaving:
    @pytest.mark.parametrize(
        ("run", "why"),
        [
            (record(timing=NO_SPEED), "the machine was shared"),
            (timed(*TEN, noisy="somebody compiled"), "somebody compiled"),
        ],
        ids=["without speed", "noisy"],
    )
    def test_times_that_cannot_be_relied_on_are_not_kept(self, run: Record, why: str, tmp_path: Path) -> None:
        with pytest.raises(BaselineError, match=why):
            save(run, tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_other_hardware_has_another_file(self, tmp_path: Path) -> None:
        run = timed(*TEN)
        other = run.provenance.model_copy(update={"hardware": {"cpu": "another"}})
        assert place(run, tmp_path) != place(run.model_copy(update={"provenance": other}), tmp_path)

    def test_that_of_this_hardware_is_found_first(self, tmp_path: Path) -> None:
        run = timed(*TEN)
        saved = {cores: save(on(run, cores=cores), tmp_path) for cores in (16, 2, 4)}
        for cores, path in saved.items():
            found = find(on(run, cores=cores), tmp_path)
            assert found is not None
            assert (found.path, found.is_other, found.why_other) == (path, False, "")
        other = find(on(run, cpu="another"), tmp_path)
        assert other is not None
        assert other.is_other
        assert other.why_other.endswith(", here another")

    def test_that_of_a_case_with_a_longer_name_is_none(self, tmp_path: Path) -> None:
        run = timed(*TEN)
        longer = run.model_copy(update={"case": run.case.model_copy(update={"dataset": "talk-2"})})
        save(longer, tmp_path)
        assert find(run, tmp_path) is None

    def test_one_of_an_older_version_is_read_and_decides_nothing(self, tmp_path: Path) -> None:
        head, *calls = save(timed(*TEN), tmp_path).read_text().splitlines()
        hardware = {name: HARDWARE[name] for name in ("cpu", "instruction_sets")}
        # Its name was made of these two alone.
        old = tmp_path / "old" / "asr" / f"tiny-cpu-talk-d75e55ba{SUFFIX}"
        old.parent.mkdir(parents=True)
        old.write_text("\n".join([json.dumps({**json.loads(head), "hardware": hardware}), *calls]) + "\n")
        found = find(timed(*TEN), tmp_path / "old")
        assert found is not None
        assert (found.path, found.is_other, found.likeness.answer) == (old, False, "unknown")
        for factor in (1, 3):
            verdict = judge(timed(*times(factor)), old, "there")
            assert verdict.status is Status.INCONCLUSIVE
            assert "may be of other hardware: not stated: cores, memory in one of the two" in str(verdict)
        with pytest.raises(OtherHardware, match="`modellab baseline save` keeps one of this hardware"):
            against(timed(*TEN), read(old))
        save(timed(*TEN), tmp_path / "old")
        again = find(timed(*TEN), tmp_path / "old")
        assert again is not None
        assert again.likeness.same

    def test_a_damaged_line_is_named(self, tmp_path: Path) -> None:
        path = save(timed(*TEN), tmp_path)
        path.write_text(path.read_text().replace("u3", 'u3" 5'))
        with pytest.raises(BaselineError, match=r"speed\.jsonl:5: not a line of a modellab\.speed-baseline/1"):
            read(path)


@pytest.fixture
def saved(lab: FakeLab, capsys: Output) -> FakeLab:
    """A lab whose times were saved."""
    lab.texts = [f"utterance {i}" for i in range(8)]
    lab.quiet().ready(delay_s=0.02)
    lab.pytester.makepyfile(test_suite=SUITE)
    lab.run("-rs").stdout.fnmatch_lines(["*no speed baseline for this hardware reports/baselines/asr/fake-*"])
    assert main(["baseline", "save"]) == 0
    capsys.readouterr()
    return lab


BESIDE = pytest.mark.nightly("tests/results/test_speed_baseline.py::test_a_model_that_became_slow_fails")


@pytest.mark.parametrize("workers", ["-n0", pytest.param("-n2", marks=BESIDE)])
def test_a_model_that_became_slow_fails(saved: FakeLab, workers: str, capsys: Output) -> None:
    saved.model(delay_s=0.2)
    result = saved.run(workers)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*fail: RTF *slower: RTF * on 8 utterances; slower is beyond x 1.30*"])
    assert main(["baseline", "compare"]) == 1
    assert "speed: slower: RTF" in capsys.readouterr().out


def test_both_kinds_are_shown(saved: FakeLab, capsys: Output) -> None:
    assert main(["baseline", "show"]) == 0
    out = capsys.readouterr().out
    assert "WER 0.00%" in out
    assert "RTF 0." in out
