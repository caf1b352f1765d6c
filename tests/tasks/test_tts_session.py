"""Models that speak, in whole sessions: what a judge hears, what is kept, and what becomes of faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import soundfile
from fakelab import FakeCatalog, FakeLab
from fakeruns import FakeRuns
from voicelab import SIZES, SUITE, TEXTS, ready

from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.engines.registry import engine_class
from pytest_modellab.reports.scorecard.judged import judged
from pytest_modellab.results.merge import merge
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import canonical
from pytest_modellab.results.shards import Shard
from pytest_modellab.tasks.tts.record import speech_of, voice_of


@pytest.fixture
def lab(lab: FakeLab) -> FakeLab:
    lab.pytester.makepyfile(test_suite=SUITE)
    lab.limits({"metric": "wer", "max": 0.1})
    return lab


def sound(lab: FakeCatalog, digest: str) -> Path:
    return lab.path / "reports" / "audio" / digest[:2] / f"{digest}.flac"


def spoken(record: Record, id: str) -> Any:
    return next(speech_of(each) for each in record.utterances if each.id == id)


class TestRoundTrip:
    def test_what_the_judge_writes_down_is_scored_against_the_text(self, runs: FakeRuns) -> None:
        record = ready(runs, heard={"two fine days": "two fine ways"}).measured()
        assert record.value("wer") == pytest.approx(1 / 9)
        assert {each.id: each.hypothesis for each in record.utterances} == {
            "one": "one fine day",
            "two": "two fine ways",
            "three": "three fine days",
        }
        voice = voice_of(record)
        assert voice is not None
        assert voice.judge.model == "ear"

    def test_what_was_said_is_kept_and_timed(self, runs: FakeRuns) -> None:
        record = ready(runs).measured()
        one = spoken(record, "one")
        assert (one.seconds, one.sample_rate, one.pieces, one.faults) == (1.0, 16_000, 2, ())
        kept, rate = soundfile.read(sound(runs, one.audio))
        assert (len(kept), rate) == (16_000, 16_000)
        assert one.first_audio_s is not None
        # Two pieces each: it streams.
        assert (record.value("first_audio_p50_s") or 0) > 0
        assert record.value("rtf") is not None
        assert record.value("clip5_s") is None
        assert record.summary.audio_s == pytest.approx(51_000 / 16_000)

    def test_the_same_again_is_not_run_again(self, runs: FakeRuns) -> None:
        ready(runs).run()
        said = len(runs.engine_log())
        assert runs.outcome().unchanged_since is not None
        assert len(runs.engine_log()) == said

    def test_another_judge_makes_another_run(self, runs: FakeRuns) -> None:
        first = ready(runs).measured()
        second = ready(runs, judge_options={"delay_s": 0.001}).measured()
        assert first.provenance.key != second.provenance.key

    def test_silence_is_not_given_to_the_judge(self, runs: FakeRuns) -> None:
        record = ready(runs, faults={"one fine day": "silence", "two fine days": "nothing"}).measured()
        assert [each.hypothesis for each in record.utterances] == ["", "", "three fine days"]
        assert "16000" not in runs.clips_heard()
        assert spoken(record, "two").audio is None
        assert record.value("flawed") == pytest.approx(2 / 3)

    def test_how_well_the_judge_hears_people_stands_beside(self, runs: FakeRuns) -> None:
        runs.dataset("people", tasks=["asr"], tiers=[])
        sizes = {runs.size(i): text for i, text in enumerate(("one fine day", "two fine days", "three wrong words"))}
        answers = {str(SIZES[text]): text for text in TEXTS.values()} | sizes
        record = ready(runs, judge={"asr": "ear", "readings": "people"}, judge_options={"answers": answers}).measured()
        assert record.value("judge_wer") == pytest.approx(2 / 9)
        assert record.value("wer") == 0

    def test_a_predictor_that_is_not_listed_gives_no_figure_and_says_so(self, runs: FakeRuns) -> None:
        record = ready(runs).measured()
        assert record.value("distillmos") is None
        assert "does not list `distillmos`" in record.why_missing("distillmos")

    def test_one_that_is_not_installed_says_what_to_install(
        self, runs: FakeRuns, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            engine_class("pytest_modellab.engines.distillmos:DistillMos"), "distributions", ("no-such-library",)
        )
        record = ready(runs, judge={"asr": "ear", "quality": ["distillmos"]}).measured()
        assert record.value("distillmos") is None
        assert "pip install 'pytest-modellab[quality]'" in record.why_missing("distillmos")
        # Asked for and missing, there is no grade: missing is never an A.
        catalog = load(runs.catalog, runs.path)
        (row,) = judged("s", catalog, [(record, runs.path)], required=[], strict="failures").rows
        assert row.grade is not None
        assert row.grade.letter is None

    def test_beside_others_only_times_of_the_machine_alone_count(self, runs: FakeRuns) -> None:
        record = ready(runs).measured(alone=False)
        assert [each.kind for each in record.timing.passes] == ["accuracy", "timing"]
        assert (record.value("first_audio_p50_s") or 0) > 0
        assert record.value("wer") == 0

    def test_the_control_is_wrong(self, runs: FakeRuns) -> None:
        record = ready(runs).measured(control=True)
        assert (record.value("wer") or 0) > 0.1


class TestPace:
    def test_an_utterance_that_lacks_a_part_is_told_by_the_pace_of_the_others(self, runs: FakeRuns) -> None:
        texts = {str(i): f"a sentence of more than twenty letters, {word}" for i, word in enumerate("abcdef")}
        record = ready(
            runs, prompts=texts, sizes={text: 20_000 if i == "3" else 32_000 for i, text in texts.items()}
        ).measured()
        assert [each.id for each in record.utterances if (speech := speech_of(each)) and speech.faults] == ["3"]
        assert spoken(record, "3").faults[-1].startswith("1.6 times as fast as the other texts of this model")
        assert record.value("flawed") == pytest.approx(1 / 6)


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "message"),
        [
            ("raise", "told to fail"),
            ("nan", "not finite"),
            ("stereo", "must be mono"),
            ("wrong-type", "must yield Speech"),
            ("two-rates", "several sample rates"),
        ],
    )
    def test_a_text_that_fails_counts_as_all_words_wrong(self, runs: FakeRuns, fault: str, message: str) -> None:
        record = ready(runs, faults={"one fine day": fault}).measured()
        error = record.utterances[0].error
        assert error is not None
        assert message in error.message
        assert record.value("wer") == pytest.approx(3 / 9)
        assert record.value("success_rate") == pytest.approx(2 / 3)

    def test_a_judge_that_fails_is_a_failure_that_names_it(self, runs: FakeRuns) -> None:
        told = str(ready(runs, judge_options={"faults": {"16000": "raise"}}).outcome().broken)
        assert told == "the judge ear failed: RuntimeError: the fake engine was told to fail"
        assert runs.records() == []

    def test_a_judge_that_is_not_here_makes_the_case_not_available(self, runs: FakeRuns) -> None:
        ready(runs)
        runs.spec(
            "models/ear.yaml",
            {
                "schema": "modellab.model/1",
                "id": "ear",
                "engine": "faster-whisper",
                "tasks": ["asr"],
                "tiers": [],
                "devices": {"cpu": {}},
                "weights": {"path": "nowhere"},
            },
        )
        outcome = runs.outcome()
        assert outcome.record is None
        assert "nowhere" in str(outcome.unavailable)

    def test_a_judge_nobody_knows_is_a_mistake_with_its_line(self, runs: FakeRuns) -> None:
        ready(runs, judge={"asr": "eer"})
        with pytest.raises(CatalogError, match=r"lab/datasets/texts.yaml:.*unknown model `eer`; did you mean `ear`"):
            runs.cases()

    def test_texts_need_a_judge(self, runs: FakeRuns) -> None:
        ready(runs)
        runs.spec(
            "datasets/texts.yaml",
            {
                "schema": "modellab.dataset/1",
                "id": "texts",
                "tasks": ["tts"],
                "tiers": ["smoke"],
                "prompts": [{"id": "a", "text": "a"}],
            },
        )
        with pytest.raises(CatalogError, match="needs a `judge`"):
            runs.cases()

    def test_an_empty_text_may_be_met_with_silence(self, runs: FakeRuns) -> None:
        record = ready(runs, prompts={"empty": ""}, faults={"": "nothing"}).measured()
        assert spoken(record, "empty").faults == ()
        assert record.value("wer") is None
        assert record.value("insertions_per_min") is None


class TestShards:
    def test_joined_they_are_the_whole(self, runs: FakeRuns) -> None:
        whole = ready(runs, faults={"two fine days": "silence"}).measured()
        shards = [runs.measured(shard=Shard(index, 2)) for index in (1, 2)]
        merged = merge({runs.path / f"{record.id}.json": record for record in shards})
        assert (canonical(merged)["parts"], canonical(merged)["values"]) == (
            canonical(whole)["parts"],
            canonical(whole)["values"],
        )
        assert merged.value("wer") == whole.value("wer")
        assert merged.value("flawed") == pytest.approx(1 / 3)


class TestKilled:
    def test_while_the_judge_listens_nothing_is_said_again(self, lab: FakeLab) -> None:
        ready(lab, judge_options={"faults": {"17000": "kill-parent-once"}})
        lab.subprocess = True
        lab.run()
        assert lab.records() == []
        said = [line for line in lab.engine_log() if line.startswith("said:")]
        lab.run().assert_outcomes(passed=2)
        assert [line for line in lab.engine_log() if line.startswith("said:")] == said
        assert lab.record().value("wer") == 0


class TestScorecard:
    def test_a_wrong_voice_fails_beside_others_and_so_does_the_control(self, lab: FakeLab) -> None:
        ready(lab, heard={"two fine days": "two fine ways"}).run("-n2").assert_outcomes(passed=1, failed=1)
        assert lab.record().value("wer") == pytest.approx(1 / 9)
        assert ready(lab).run("--lab-control").parseoutcomes().get("failed")

    def test_a_case_that_cannot_be_judged_is_told_with_its_reason(self, lab: FakeLab) -> None:
        result = ready(lab, judge_options={"faults": {"16000": "raise"}}).run()
        result.stdout.fnmatch_lines(["*the judge ear failed*told to fail*"])
        assert result.ret == 1

    def test_a_failing_limit_names_the_faults_and_where_to_hear_them(self, lab: FakeLab) -> None:
        lab.pytester.makepyfile(
            test_suite=SUITE + "\n\ndef test_structure(run):\n    assert run.flawed <= 0\n",
        )
        result = ready(lab, faults={"two fine days": "silence"}).run("-k", "structure")
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            ["in 1 of 3 utterances, the worst first:", "  two: peak -inf dBFS*", "*sound: audio/??/*.flac*"]
        )

    def test_a_row_for_each_model_with_a_grade_for_each_task(self, lab: FakeLab, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(test_suite=SUITE.replace("pytestmark = pytest.mark.tts\n", ""))
        ready(lab).model()
        lab.dataset()
        lab.spec(
            "grades.yaml",
            {
                "schema": "modellab.grades/1",
                "tasks": {
                    "asr": {"criteria": {"wer": {"A+": 0.0, "A": 0.1, "B": 0.2, "C": 0.3}}},
                    "tts": {"criteria": {"wer": {"A+": 0.0, "A": 0.1, "B": 0.2, "C": 0.3}}},
                },
            },
        )
        result = lab.run()
        result.assert_outcomes(passed=4)
        result.stdout.fnmatch_lines(
            ["grades of*device*asr*tts", "fake*cpu*A+*n/a", "voice*cpu*n/a*A+"],
        )
        models = {each["model"]: each["tasks"] for each in lab.scorecard()["models"]}
        assert models["voice"]["asr"]["letter"] is None
        assert models["voice"]["asr"]["why"] == "the model does not do it"
