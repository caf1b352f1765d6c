"""Whole sessions over fake models whose faults a word error rate hides."""

from __future__ import annotations

from typing import Any

import pytest
from fakelab import FakeLab

from pytest_modellab.cli import main

SUITE = """
import pytest

pytestmark = pytest.mark.asr


@pytest.mark.bounded("looped")
def test_loops(run, limits):
    assert run.looped <= limits.looped


@pytest.mark.bounded("insertions_per_min")
def test_made_up(run, limits):
    assert run.insertions_per_min <= limits.insertions_per_min


@pytest.mark.bounded("glossary_recall")
def test_glossary(run, limits):
    assert run.glossary_recall >= limits.glossary_recall


@pytest.mark.bounded("language_accuracy")
def test_language(run, limits):
    assert run.language_accuracy >= limits.language_accuracy


@pytest.mark.spoken
def test_wer(run):
    assert run.wer < 0.5
"""


def quiet(lab: FakeLab) -> None:
    """A set without speech whose two clips have the lengths of the lab's first two."""
    made: list[dict[str, Any]] = [
        {"id": "hush", "sound": "silence", "seconds": int(lab.size(0)) / 16_000},
        {"id": "hiss", "sound": "white", "dbfs": -30, "seconds": int(lab.size(1)) / 16_000},
    ]
    lab.spec(
        "datasets/quiet.yaml",
        {
            "schema": "modellab.dataset/1",
            "id": "quiet",
            "tasks": ["asr"],
            "tiers": ["smoke"],
            "language": "en",
            "made": made,
        },
    )


def prepared(lab: FakeLab, *limits: dict[str, Any], **options: Any) -> FakeLab:
    lab.model(**options)
    lab.dataset()
    lab.limits(*limits)
    lab.pytester.makepyfile(test_suite=SUITE)
    return lab


def test_a_loop_fails_and_is_shown(lab: FakeLab) -> None:
    prepared(lab, {"metric": "looped", "max": 0.1, "reason": "nobody reads it"}, wrong={1: "two fine days " * 6})
    result = lab.run("-k", "loops")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*assert Looped 33.3 % <= limit 10.0 % (lab/limits.yaml:*)",
            "*fail: Looped 33.3 %, limit <= 10.0 % (lab/limits.yaml:*), over by 23.3 points",
            "*why this limit: nobody reads it",
            "in 1 of 3 utterances, the worst first:",
            "*clip-1: `2 fine days` 6 times in a row",
            "*REF: 2 fine days*",
            "*rerun: pytest 'test_suite.py::test_loops?fake:cpu:clips?'",
        ]
    )


def test_words_made_up_in_silence_fail_a_model_that_is_right_elsewhere(lab: FakeLab) -> None:
    prepared(
        lab,
        {"metric": "wer", "max": 0.1},
        {"metric": "insertions_per_min", "dataset": "quiet", "max": 5},
    )
    quiet(lab)
    result = lab.run()
    assert result.ret == 1
    # What is right for the speech is made up in clips of the same lengths.
    result.stdout.fnmatch_lines(
        [
            "in 2 of 2 utterances, the worst first:",
            "*hush: 3 words in 0.25 s without speech",
            "*HYP: one fine day",
            "words written without speech (quiet): fake on cpu 7* /min",
        ],
        consecutive=False,
    )
    by_data = {row["case"]["dataset"]: row for row in lab.scorecard()["rows"]}
    assert (by_data["clips"]["status"], by_data["quiet"]["status"]) == ("pass", "fail")
    assert by_data["quiet"]["figures"]["wer"] is None


def test_a_model_that_keeps_quiet_is_recommended_by_its_wer_on_speech(lab: FakeLab) -> None:
    prepared(lab, {"metric": "wer", "max": 0.1}, {"metric": "insertions_per_min", "dataset": "quiet", "max": 5})
    quiet(lab)
    lab.roles_of_any_size()
    # The second clip of silence is told apart by its length: one clip of speech is of another.
    spec = lab.catalog / "datasets" / "quiet.yaml"
    spec.write_text(spec.read_text().replace("0.25625", "0.5").replace("seconds: 0.25\n", "seconds: 0.6\n"))
    result = lab.run()
    assert result.ret == 0
    result.assert_outcomes(passed=2)  # no limit on loops, no glossary, no language: no such tests
    result.stdout.fnmatch_lines(
        [
            "no grade for fake:cpu:quiet: no speech in this data set",
            "words written without speech (quiet): fake on cpu 0.0 /min",
            "primary ASR, fast ASR, small footprint: fake on cpu, the only one that qualifies*",
        ]
    )
    assert all(not record.findings for record in lab.records() if record.case.dataset == "quiet")


def test_where_nobody_speaks_there_is_no_baseline(lab: FakeLab, capsys: pytest.CaptureFixture[str]) -> None:
    prepared(lab, {"metric": "insertions_per_min", "dataset": "quiet", "max": 5})
    quiet(lab)
    lab.run()
    capsys.readouterr()
    for action in ("save", "compare"):
        assert main(["baseline", action]) == 0
        told = capsys.readouterr().out
        assert "fake:cpu:quiet: left out: no speech in this data set, and baselines are compared by it" in told
        assert "fake:cpu:clips: " in told
    assert not list((lab.path / "reports" / "baselines").rglob("*quiet*"))


def test_terms_that_are_missed_are_named(lab: FakeLab) -> None:
    prepared(lab, {"metric": "glossary_recall", "min": 0.9}, wrong={2: "three fine daisies"})
    lab.dataset(glossary=["fine days"])
    result = lab.run("-k", "glossary")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*fail: Glossary recall 50.0 %, limit >= 90.0 % (lab/limits.yaml:*), under by 40 points",
            "*clip-2: missed `fine days`",
        ]
    )


def test_the_language_that_an_engine_heard_is_judged(lab: FakeLab) -> None:
    languages = {lab.size(0): "en", lab.size(1): "en", lab.size(2): "cy"}
    prepared(lab, {"metric": "language_accuracy", "min": 0.9}, languages=languages)
    result = lab.run("-k", "language")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*fail: Language accuracy 66.7 %, limit >= 90.0 %*", "*clip-2: heard cy, spoken en"])
    assert [each.detected_language for each in lab.record().utterances] == ["en", "en", "cy"]


def test_a_language_that_was_fixed_is_no_accuracy(lab: FakeLab) -> None:
    prepared(lab, {"metric": "language_accuracy", "min": 0.9})
    result = lab.run("-k", "language", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*not-available: Language accuracy not available*the language was fixed*"])


@pytest.mark.parametrize(
    ("workers", "marker", "told"),
    [
        ("-n0", 'bounded("loopd")', "*bounded names no metric: `loopd`; did you mean `looped`?*"),
        ("-n2", 'bounded("loopd")', "*bounded names no metric: `loopd`; did you mean `looped`?*"),
        ("-n0", "bounded", "*bounded takes the name of one metric, found () {}*"),
    ],
)
def test_a_marker_that_names_no_metric_is_refused(lab: FakeLab, workers: str, marker: str, told: str) -> None:
    lab.ready()
    lab.pytester.makepyfile(test_suite=f"import pytest\n@pytest.mark.{marker}\ndef test_it(run): pass\n")
    result = lab.run(workers)
    assert result.ret != 0
    assert "INTERNALERROR" not in result.stdout.str()
    assert "Traceback" not in result.stdout.str()
    result.stdout.fnmatch_lines([told])
