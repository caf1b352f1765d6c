"""Sessions of detectors of ends of turns: grades, what is stored, baselines, other forms of data, faults."""

from __future__ import annotations

import json

import pytest
from fakeruns import FakeRuns
from labsessions import LabSessions
from turnlab import cuts, detector, source

from pytest_modellab.results.record_files import read
from pytest_modellab.tasks.turn.record import cut_of, turns_of

NO_TESTS = ()


class TestGrades:
    @pytest.mark.parametrize(
        ("says", "letter"), [("truth", "A+"), ("late", "A"), ("random", "F"), ("never", "F"), ("always", "F")]
    )
    def test_only_one_that_knows_is_graded_above_f(self, sessions: LabSessions, says: str, letter: str) -> None:
        detector(cuts(sessions), says=says)
        sessions.session(asserted=NO_TESTS)
        (row,) = sessions.scorecard()["rows"]
        assert row["grade"]["letter"] == letter
        assert row["error_metric"] == "turn_error"

    def test_figures_of_one_that_always_fires(self, sessions: LabSessions) -> None:
        detector(cuts(sessions, count=20))
        detector(sessions, "rash", says="always")
        sessions.session(asserted=NO_TESTS)
        rows = {row["case"]["model"]: row["figures"] for row in sessions.scorecard()["rows"]}
        assert (rows["detector"]["turn_error"], rows["rash"]["turn_error"]) == (0.0, 0.5)
        assert rows["rash"]["cut_off_rate"] == 1.0
        assert rows["rash"]["turn_wait_s"] == pytest.approx(0.2)
        assert rows["rash"]["turn_wait_at_5_s"] == 3.0


class TestRecords:
    def test_what_is_stored(self, runs: FakeRuns) -> None:
        detector(cuts(runs), threshold=0.6)
        record = runs.measured()
        turns = turns_of(record)
        assert turns is not None
        assert (turns.finished, turns.unfinished, turns.auc) == (12, 12, 1.0)
        assert record.value("turn_auc") == 1.0
        assert record.value("turn_delay_p50_s") is not None
        for row in record.utterances:
            cut = cut_of(row)
            assert cut is not None
            assert cut.threshold == 0.6
            lasting = float(row.attributes.get("pause", "1.6 s").split()[0])
            assert cut.silences_s[-1] == lasting
            assert (row.hypothesis, row.language) == (row.reference, "en")
            assert cut.calls_s is not None
            assert len(cut.calls_s) == len(cut.probabilities) == len(cut.silences_s)

    def test_an_unchanged_case_is_not_measured_again(self, runs: FakeRuns) -> None:
        detector(cuts(runs))
        runs.measured()
        runs.measured()
        assert len(runs.records()) == 1
        detector(runs, threshold=0.8)
        runs.measured()
        assert len(runs.records()) == 2

    def test_shards_come_to_the_whole(self, sessions: LabSessions) -> None:
        from pytest_modellab.cli import main

        detector(cuts(sessions), says="random")
        sessions.session(asserted=NO_TESTS)
        for shard in (1, 2):
            sessions.session("--lab-shard", f"{shard}/2", "--lab-report", f"part{shard}", asserted=NO_TESTS)
        main(["merge", "part1", "part2", "--output", "joined"])
        whole, joined = (
            read(next((sessions.path / folder / "runs").rglob("*.json"))) for folder in ("reports", "joined")
        )
        names = ("turn_error", "cut_off_rate", "late_rate", "turn_auc", "turn_wait_s", "turn_wait_at_5_s")
        assert {name: joined.values[name] for name in names} == {name: whole.values[name] for name in names}
        ours, theirs = (turns_of(each) for each in (whole, joined))
        assert ours is not None
        assert theirs is not None
        assert theirs.curve == ours.curve

    def test_a_failing_engine_is_wrong_about_what_it_fails_on(self, runs: FakeRuns) -> None:
        detector(cuts(runs), fails_below_s=1.8)
        record = runs.measured()
        assert record.value("success_rate") == 0.5
        assert (record.value("cut_off_rate"), record.value("late_rate")) == (1.0, 0.0)

    def test_what_is_no_probability_is_an_error(self, runs: FakeRuns) -> None:
        detector(cuts(runs, count=2), says="wrong-type")
        error = runs.measured().utterances[0].error
        assert error is not None
        assert "must return a probability" in error.message


class TestOwnRecordings:
    def manifest(self, lab: FakeRuns, *references: str) -> None:
        """Recordings that are cut already."""
        cuts(lab)
        detector(lab)
        rows = source(lab.catalog / "datasets", len(references), "own")
        told = [{**row, "text": text} for row, text in zip(rows, references, strict=True)]
        (lab.catalog / "datasets" / "own.jsonl").write_text("\n".join(map(json.dumps, told)))
        spec = {"schema": "modellab.dataset/1", "id": "cuts", "tasks": ["turn"], "tiers": ["smoke"], "language": "en"}
        lab.spec("datasets/cuts.yaml", {**spec, "manifest": "own.jsonl"})

    def test_they_are_asked_about_at_their_end(self, runs: FakeRuns) -> None:
        self.manifest(runs, "complete", "incomplete", "true")
        record = runs.measured()
        assert record.value("turn_error") == pytest.approx(1 / 3)
        assert record.value("turn_wait_s") is None
        assert not record.applies("turn_wait_s")

    def test_a_reference_that_says_neither_is_refused(self, runs: FakeRuns) -> None:
        self.manifest(runs, "finished", "one two three")
        outcome = runs.outcome()
        assert outcome.broken is not None
        assert "s1 has 'one two three'" in outcome.broken


def test_a_baseline_holds_it(sessions: LabSessions, capsys: pytest.CaptureFixture[str]) -> None:
    from pytest_modellab.cli import main

    detector(cuts(sessions, count=20))
    sessions.session(asserted=NO_TESTS)
    main(["baseline", "save"])
    detector(sessions, says="always")
    sessions.session(asserted=NO_TESTS)
    capsys.readouterr()
    main(["baseline", "compare"])
    assert "Turn error 0.0 % -> 50.0 %" in capsys.readouterr().out
