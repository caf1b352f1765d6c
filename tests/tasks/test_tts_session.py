"""Models that speak, in whole sessions: what a judge hears, what is kept, and what becomes of faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import soundfile
from fakelab import FakeLab
from voicelab import SIZES, SUITE, TEXTS, ready

from pytest_modellab.engines.registry import engine_class
from pytest_modellab.results.merge import merge
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import canonical
from pytest_modellab.results.verdicts import Status
from pytest_modellab.tasks.tts.record import speech_of, voice_of


@pytest.fixture
def lab(lab: FakeLab) -> FakeLab:
    lab.pytester.makepyfile(test_suite=SUITE)
    lab.limits({"metric": "wer", "max": 0.1})
    return lab


def sound(lab: FakeLab, digest: str) -> Path:
    return lab.path / "reports" / "audio" / digest[:2] / f"{digest}.flac"


def spoken(record: Record, id: str) -> Any:
    return next(speech_of(each) for each in record.utterances if each.id == id)


class TestRoundTrip:
    def test_what_the_judge_writes_down_is_scored_against_the_text(self, lab: FakeLab) -> None:
        ready(lab, heard={"two fine days": "two fine ways"}).run().assert_outcomes(passed=1, failed=1)
        record = lab.record()
        assert record.value("wer") == pytest.approx(1 / 9)
        assert {each.id: each.hypothesis for each in record.utterances} == {
            "one": "one fine day",
            "two": "two fine ways",
            "three": "three fine days",
        }
        voice = voice_of(record)
        assert voice is not None
        assert voice.judge.model == "ear"

    def test_what_was_said_is_kept_and_timed(self, lab: FakeLab) -> None:
        ready(lab).run().assert_outcomes(passed=2)
        record = lab.record()
        one = spoken(record, "one")
        assert (one.seconds, one.sample_rate, one.pieces, one.faults) == (1.0, 16_000, 2, ())
        kept, rate = soundfile.read(sound(lab, one.audio))
        assert (len(kept), rate) == (16_000, 16_000)
        assert one.first_audio_s is not None
        # Two pieces each: it streams.
        assert (record.value("first_audio_p50_s") or 0) > 0
        assert record.value("rtf") is not None
        assert record.value("clip5_s") is None
        assert record.summary.audio_s == pytest.approx(51_000 / 16_000)

    def test_the_same_again_is_not_run_again(self, lab: FakeLab) -> None:
        ready(lab).run().assert_outcomes(passed=2)
        said = len(lab.engine_log())
        lab.run().stdout.fnmatch_lines(["*unchanged since*"])
        assert len(lab.engine_log()) == said

    def test_another_judge_makes_another_run(self, lab: FakeLab) -> None:
        ready(lab).run().assert_outcomes(passed=2)
        ready(lab, judge_options={"delay_s": 0.001}).run().assert_outcomes(passed=2)
        first, second = lab.records()
        assert first.provenance.key != second.provenance.key

    def test_silence_is_not_given_to_the_judge(self, lab: FakeLab) -> None:
        ready(lab, faults={"one fine day": "silence", "two fine days": "nothing"}).run()
        record = lab.record()
        assert [each.hypothesis for each in record.utterances] == ["", "", "three fine days"]
        assert "16000" not in lab.clips_heard()
        assert spoken(record, "two").audio is None
        assert record.value("flawed") == pytest.approx(2 / 3)

    def test_how_well_the_judge_hears_people_stands_beside(self, lab: FakeLab) -> None:
        lab.dataset("people", tasks=["asr"], tiers=[])
        sizes = {lab.size(i): text for i, text in enumerate(("one fine day", "two fine days", "three wrong words"))}
        answers = {str(SIZES[text]): text for text in TEXTS.values()} | sizes
        ready(lab, judge={"asr": "ear", "readings": "people"}, judge_options={"answers": answers}).run()
        record = lab.record()
        assert record.value("judge_wer") == pytest.approx(2 / 9)
        assert record.value("wer") == 0

    def test_a_predictor_that_is_not_listed_gives_no_figure_and_says_so(self, lab: FakeLab) -> None:
        ready(lab).run()
        record = lab.record()
        assert record.value("distillmos") is None
        assert "does not list `distillmos`" in record.why_missing("distillmos")

    def test_one_that_is_not_installed_says_what_to_install(
        self, lab: FakeLab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            engine_class("pytest_modellab.engines.distillmos:DistillMos"), "distributions", ("no-such-library",)
        )
        ready(lab, judge={"asr": "ear", "quality": ["distillmos"]}).run()
        record = lab.record()
        assert record.value("distillmos") is None
        assert "pip install 'pytest-modellab[quality]'" in record.why_missing("distillmos")
        # Asked for and missing, there is no grade: missing is never an A.
        assert lab.scorecard()["rows"][0]["grade"]["letter"] is None

    def test_xdist_counts_only_times_of_the_machine_alone(self, lab: FakeLab) -> None:
        ready(lab).run("-n2").assert_outcomes(passed=2)
        record = lab.record()
        assert [each.kind for each in record.timing.passes] == ["accuracy", "timing"]
        assert (record.value("first_audio_p50_s") or 0) > 0
        assert record.value("wer") == 0

    def test_the_control_fails(self, lab: FakeLab) -> None:
        result = ready(lab).run("--lab-control")
        assert result.parseoutcomes().get("failed")


class TestPace:
    def test_an_utterance_that_lacks_a_part_is_told_by_the_pace_of_the_others(self, lab: FakeLab) -> None:
        texts = {str(i): f"a sentence of more than twenty letters, {word}" for i, word in enumerate("abcdef")}
        ready(lab, prompts=texts, sizes={text: 20_000 if i == "3" else 32_000 for i, text in texts.items()}).run()
        record = lab.record()
        assert [each.id for each in record.utterances if (speech := speech_of(each)) and speech.faults] == ["3"]
        assert spoken(record, "3").faults[-1].startswith("1.6 times as quick as this voice is")
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
    def test_a_text_that_fails_counts_as_all_words_wrong(self, lab: FakeLab, fault: str, message: str) -> None:
        ready(lab, faults={"one fine day": fault}).run().assert_outcomes(failed=2)
        record = lab.record()
        error = record.utterances[0].error
        assert error is not None
        assert message in error.message
        assert record.value("wer") == pytest.approx(3 / 9)
        assert record.value("success_rate") == pytest.approx(2 / 3)

    def test_a_judge_that_fails_is_a_failure_that_names_it(self, lab: FakeLab) -> None:
        result = ready(lab, judge_options={"faults": {"16000": "raise"}}).run()
        result.stdout.fnmatch_lines(["*the judge ear failed*told to fail*"])
        assert result.ret == 1
        assert lab.records() == []

    def test_a_judge_that_is_not_here_makes_the_case_not_available(self, lab: FakeLab) -> None:
        ready(lab)
        lab.spec(
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
        result = lab.run()
        assert result.ret == 1
        (row,) = lab.scorecard()["rows"]
        assert row["status"] == Status.NOT_AVAILABLE
        assert "nowhere" in row["reason"]

    def test_a_judge_nobody_knows_is_a_mistake_with_its_line(self, lab: FakeLab) -> None:
        ready(lab, judge={"asr": "eer"})
        result = lab.run()
        assert result.ret == 4
        result.stderr.fnmatch_lines(["*lab/datasets/texts.yaml:*unknown model `eer`; did you mean `ear`*"])

    def test_texts_need_a_judge(self, lab: FakeLab) -> None:
        ready(lab)
        lab.spec(
            "datasets/texts.yaml",
            {
                "schema": "modellab.dataset/1",
                "id": "texts",
                "tasks": ["tts"],
                "tiers": ["smoke"],
                "prompts": [{"id": "a", "text": "a"}],
            },
        )
        lab.run().stderr.fnmatch_lines(["*needs a `judge`*"])

    def test_an_empty_text_may_be_met_with_silence(self, lab: FakeLab) -> None:
        ready(lab, prompts={"empty": ""}, faults={"": "nothing"}).run()
        record = lab.record()
        assert spoken(record, "empty").faults == ()
        assert record.value("wer") is None
        assert record.value("insertions_per_min") is None


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


class TestShards:
    def test_joined_they_are_the_whole(self, lab: FakeLab) -> None:
        ready(lab, faults={"two fine days": "silence"})
        lab.subprocess = True  # scipy, which measures loudness, can be imported but once in a process
        lab.run("--lab-fresh")
        whole = lab.record()
        for part in ("1/2", "2/2"):
            lab.run("--lab-shard", part)
        shards = [record for record in lab.records() if record.shard is not None]
        merged = merge({lab.path / f"{record.id}.json": record for record in shards})
        assert (canonical(merged)["parts"], canonical(merged)["values"]) == (
            canonical(whole)["parts"],
            canonical(whole)["values"],
        )
        assert merged.value("wer") == whole.value("wer")
        assert merged.value("flawed") == pytest.approx(1 / 3)


class TestScorecard:
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
