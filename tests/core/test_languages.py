"""Languages without spaces between words: characters are counted, and there is no WER."""

import json
from pathlib import Path

import pytest
from catalogs import dataset_yaml, write_catalog
from edit_distance import edit_counts
from fakelab import FakeLab
from manifests import manifest, prepared, row
from records import record
from rows import BANDS

from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.core.metrics.asr import score
from pytest_modellab.core.text import TextRules
from pytest_modellab.plugin.progress import progress_text
from pytest_modellab.reports.scorecard.grade import grade
from pytest_modellab.results import baseline
from pytest_modellab.results.record import NormalizerRef, Record

CHARACTERS = TextRules().of("ja")
NAMED = NormalizerRef(name="characters", version="1")


@pytest.mark.parametrize("language", ["zh", "zh-Hant-TW", "ZH", "ja", "ja_JP", "th", "lo", "km", "my", "yue"])
def test_languages_without_spaces(language: str) -> None:
    assert TextRules().of(language).unit == "characters"


@pytest.mark.parametrize("language", ["en", "ko", "vi", "hi", "ar", None, ""])
def test_languages_with_spaces(language: str | None) -> None:
    assert TextRules().of(language).unit == "words"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("你好，世界！", "你 好 世 界", id="punctuation is dropped"),
        pytest.param("他用 iPhone。", "他 用 i p h o n e", id="spaces are dropped"),
        pytest.param("カ\u3099", "ガ", id="a mark and its letter are one"),
        pytest.param("ｶﾞ１", "ガ 1", id="half and full width are one"),
        pytest.param("ที่นี่", "ที่ นี่", id="marks are kept with their letter"),
        pytest.param("好(笑)的", "好 的", id="remarks in brackets are dropped"),
        pytest.param("。", "", id="nothing is left"),
    ],
)
def test_characters_are_taken_apart(text: str, expected: str) -> None:
    assert CHARACTERS(text) == expected


def test_the_counts_are_those_of_an_independent_edit_distance_without_spaces() -> None:
    reference, hypothesis = "今天 天气，很好", "今天的天汽很"
    scored = score(reference, hypothesis, CHARACTERS)
    assert scored.words == scored.characters
    assert scored.characters.errors == sum(edit_counts(list("今天天气很好"), list("今天的天汽很"))) == 3
    assert scored.characters.reference == 6


class TestDataset:
    def test_characters_are_counted_by_the_language_of_the_set(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row(text="你好")])
        assert prepared(tmp_path, **{"language: en": "language: zh"}).units == {"characters"}

    def test_and_by_those_of_the_utterances(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row(text="你好", language="zh"), row("two.wav", "はい", language="ja")])
        assert prepared(tmp_path, **{"language: en\n": ""}).units == {"characters"}

    def test_a_mixed_set_counts_each_by_its_own(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row(text="你好", language="zh"), row("two.wav", "oui", language="fr")])
        assert prepared(tmp_path, **{"language: en\n": ""}).units == {"words", "characters"}

    def test_a_normalizer_that_counts_words_is_refused(self, tmp_path: Path) -> None:
        text = dataset_yaml("talk").replace("language: en", "language: ja\nnormalizer: whisper-basic")
        with pytest.raises(CatalogError, match=r"`normalizer: whisper-basic` takes words apart at spaces, and ja is"):
            load(write_catalog(tmp_path / "lab", files={"datasets/talk.yaml": text}))


def chinese(lab: FakeLab) -> FakeLab:
    """Six utterances of 4 characters, two of them heard with one wrong and one too many."""
    lab.texts = ("今天很好", "明天很好", "昨天不好", "后天很好", "前天很好", "每天很好")
    lab.model(wrong={1: "明天恨好吗", 4: "前天恨好吗"})
    lab.dataset(language="zh")
    lab.limits({"metric": "cer", "max": 0.2})
    return lab


def test_a_run_has_no_wer_and_says_why(lab: FakeLab) -> None:
    result = chinese(lab).run("-m", "smoke", "-v", "-rs")
    made = lab.record()
    assert (made.value("wer"), made.interval("wer")) == (None, None)
    assert made.value("cer") == 4 / 24
    assert made.interval("cer") is not None
    assert made.parts["asr"].words == made.parts["asr"].characters
    assert made.error_metric == "cer"
    assert made.why_missing("wer") == "words aren't divided by spaces in zh: see CER"
    result.stdout.fnmatch_lines(["*WER not available - words aren't divided by spaces in zh: see CER*"])
    assert not any("WER 16.7" in line for line in result.outlines)


def test_the_scorecard_grades_and_recommends_by_cer(lab: FakeLab) -> None:
    asked = {"title": "any size", "why": "Few words.", "require": {"asr": {}}, "prefer": ["asr.wer"]}
    profiles = {"few": {**asked, "least_words": 0}, "enough": asked}
    chinese(lab).spec("profiles.yaml", {"schema": "modellab.profiles/1", "roles": profiles})
    result = lab.quiet().run("-m", "smoke")
    (found,) = lab.scorecard()["rows"]
    assert (found["error_metric"], found["words"]) == ("cer", 24)
    criteria = {each["metric"]: each for each in found["grade"]["criteria"]}
    assert set(criteria) == {"cer", "rtf", "success_rate"}
    assert (criteria["cer"]["letter"], criteria["cer"]["bound"]) == ("C", 0.25)
    assert found["grade"]["provisional"] == ["24 reference characters, fewer than 5000"]
    assert found["status"] == "pass"
    chosen, none = lab.scorecard()["recommendations"]
    assert chosen["text"].startswith("fake on cpu: the only one that passes with a grade above F (CER 16.7 %)")
    assert none["text"] == "none: not enough to say: 24 characters; 2,000 would do"
    table = next(line for line in result.outlines if line.startswith("fake "))
    assert " n/a " in table
    assert "16.7 % [" in table


def test_a_failing_limit_shows_characters_aligned(lab: FakeLab) -> None:
    chinese(lab).limits({"metric": "cer", "max": 0.01})
    lab.pytester.makepyfile(test_suite="def test_cer(run, limits):\n    assert run.cer <= limits.cer\n")
    shown = lab.run("-m", "smoke").stdout.str()
    assert "2 errors in 4 characters (S 1, D 0, I 1)" in shown
    assert "REF: 明 天 很 好" in shown


def test_the_line_of_a_run_under_way_says_cer() -> None:
    assert progress_text(3, 3, 1 / 6, spaced=False) == "utterance 3 of 3, CER 16.7%"


class TestGrade:
    def made(self, cer: float | None) -> Record:
        return record(wer=None, cer=cer, words=6000, normalizer=NAMED)

    def test_the_bands_of_words_hold_for_characters(self) -> None:
        found = grade(self.made(0.12), BANDS)
        assert (found.letter, found.weakest, found.provisional) == ("B", "cer", ())

    def test_a_missing_cer_is_no_grade(self) -> None:
        found = grade(self.made(None), BANDS)
        assert found.letter is None
        assert found.why.startswith("cer is not available")

    def test_words_are_graded_as_ever(self) -> None:
        assert grade(record(wer=0.04, cer=0.5), BANDS).letter == "A"


def test_a_baseline_is_compared_by_cer(lab: FakeLab, tmp_path: Path) -> None:
    chinese(lab).run("-m", "smoke")
    before = lab.record()
    path = baseline.save(before, tmp_path)
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[0])["wer"] is None
    judged = baseline.judge(before, lambda: baseline.read(path), "baseline")
    assert (judged.verdict.metric, judged.verdict.value) == ("cer", 2 / 12)
    assert "unchanged: CER 16.7 % -> 16.7 %" in judged.verdict.reason
