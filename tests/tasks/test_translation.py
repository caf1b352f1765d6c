"""Translations: scores are sacrebleu's, whole corpora and their intervals, and what an engine may return."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from records import record, utterance

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.metrics.evaluate import evaluate
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.core.text import TextRules
from pytest_modellab.engines.base import Clip, Transcript
from pytest_modellab.engines.whisper_translation import check_target
from pytest_modellab.results.record import UtteranceResult
from pytest_modellab.tasks.asr.text_analysis import Terms
from pytest_modellab.tasks.registry import task_named
from pytest_modellab.tasks.scoring import Judged
from pytest_modellab.tasks.translate import counted, handler
from pytest_modellab.tasks.translate.corpus_scores import bleu, chrf
from pytest_modellab.tasks.translate.record import Translated, TranslationSummary

RULES = TextRules("modellab")
FAILURE = Failure(kind="exception", message="x")
CASE = CaseRef(task="translate", model="tiny", device="cpu", dataset="talk")
SCORING = task_named("translate").scoring()
WORDS = ("the", "cat", "sat", "on", "a", "mat", "when", "it's", "late,", "Anna", "left.", "3.5", "naïve")


def test_a_shard_without_any_answer_leaves_the_language_to_the_others() -> None:
    part = {"translate": Translated(target="")}
    failed = utterance("a", reference="猫が座る", hypothesis=None).model_copy(update={"parts": part})
    right = utterance("b", reference="猫が座る", hypothesis="猫が座る").model_copy(
        update={"parts": {"translate": Translated(target="ja")}}
    )
    scored = SCORING.score([failed, right], RULES)
    assert [each["translate"].target for each in scored] == ["ja", "ja"]
    assert scored[0]["translate"].counts.reference_words == 4


def corpus(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """References and translations, half of them alike."""
    source = random.Random(seed)
    found = []
    for i in range(count):
        reference = source.choices(WORDS, k=source.randint(1, 12))
        kept = [word if source.random() < 0.7 else source.choice(WORDS) for word in reference if source.random() < 0.9]
        found.append((" ".join(reference), " ".join(kept if i % 2 else source.choices(WORDS, k=source.randint(0, 9)))))
    return found


def rows(pairs: list[tuple[str, str]]) -> list[UtteranceResult]:
    return [
        utterance(f"u{i}", reference=reference, hypothesis=said).model_copy(
            update={"parts": {"translate": Translated(target="en")}}
        )
        for i, (reference, said) in enumerate(pairs)
    ]


def table(results: list[UtteranceResult]) -> Table:
    scored = [
        row.model_copy(update={"parts": parts})
        for row, parts in zip(results, SCORING.score(results, RULES), strict=True)
    ]
    parts = SCORING.summarize(scored, {"translate": TranslationSummary(target="en")}, RULES, Terms())
    return Table(record(utterances=scored, case=CASE, parts=parts))


def figures(found: Table) -> dict[str, float | None]:
    return {name: evaluate(METRICS[name], found).value for name in ("bleu", "chrf", "ter")}


class TestScores:
    @pytest.mark.parametrize("seed", range(5))
    def test_are_those_of_sacrebleus_command_line(self, seed: int, tmp_path: Path) -> None:
        pairs = corpus(30, seed)
        references, translations = tmp_path / "references", tmp_path / "translations"
        references.write_text("".join(f"{reference}\n" for reference, _ in pairs), encoding="utf-8")
        translations.write_text("".join(f"{said}\n" for _, said in pairs), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "sacrebleu",
            str(references),
            "-i",
            str(translations),
            "-m",
            "bleu",
            "chrf",
            "ter",
        ]
        done = subprocess.run([*command, "-b", "-w", "6"], capture_output=True, text=True, check=True)
        found = figures(table(rows(pairs)))
        assert all(value is not None for value in found.values())
        ours = [found["bleu"], found["chrf"], 100 * (found["ter"] or 0.0)]
        theirs = [float(number) for number in done.stdout.replace("[", " ").replace("]", " ").replace(",", " ").split()]
        assert ours == pytest.approx(theirs, abs=1e-5)

    @pytest.mark.parametrize(
        ("reference", "said"), [("a b c d", ""), ("a b", "a b"), ("a b c d e", "x y z w v"), ("a", "")]
    )
    def test_of_corpora_without_a_match_are_sacrebleus_too(self, reference: str, said: str) -> None:
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF

        counts = counted.Counter("en").counts(reference, said)
        assert bleu(counts.bleu) == pytest.approx(BLEU().corpus_score([said], [[reference]]).score, abs=1e-9)
        assert chrf(counts.chrf) == pytest.approx(CHRF().corpus_score([said], [[reference]]).score, abs=1e-9)

    def test_each_has_an_interval_that_holds_it(self) -> None:
        found = table(rows(corpus(60)))
        for name in ("bleu", "chrf", "ter"):
            value = evaluate(METRICS[name], found)
            assert value.value is not None
            assert value.interval is not None
            assert value.interval.low < value.value < value.interval.high

    def test_signatures_are_kept(self) -> None:
        signatures = table(rows(corpus(3))).run.parts["translate"].signatures
        assert "tok:13a" in signatures["bleu"]
        assert "nc:6" in signatures["chrf"]
        assert all("version:" in each for each in signatures.values())

    @pytest.mark.parametrize(("target", "tokenizer"), [("zh-CN", "zh"), ("yue", "zh"), ("ja", "char"), ("th", "char")])
    def test_what_has_no_spaces_is_taken_apart_by_characters(self, target: str, tokenizer: str) -> None:
        counter = counted.Counter(target)
        assert f"tok:{tokenizer}" in counter.signatures["bleu"]
        assert counter.signatures["ter"].endswith("each character a word")
        nearly, nothing = (counter.counts("一二三四五六七八", said) for said in ("一二三四五六七九", "猫"))
        assert (nearly.edits, nearly.reference_words) == (1, 8)
        assert nothing.edits == 8
        assert bleu(counter.counts("一二三四五六七八", "一二三四五六七八").bleu) == pytest.approx(100)

    def test_intervals_end_where_the_scale_does(self) -> None:
        found = table(rows([("one fine day we left", "one fine day we left")] * 4 + [("one fine day we left", "no")]))
        for name in ("bleu", "chrf"):
            interval = evaluate(METRICS[name], found).interval
            assert interval is not None
            assert 0 <= interval.low < interval.high <= 100

    def test_an_utterance_that_failed_counts_as_translated_by_nothing(self) -> None:
        pairs = [("one fine day we left", "one fine day we left")] * 3
        failed = utterance("bad", reference="one fine day we left", hypothesis=None, error=FAILURE)
        failed = failed.model_copy(update={"parts": {}})
        whole, less = figures(table(rows(pairs))), figures(table([*rows(pairs), failed]))
        assert whole == {"bleu": pytest.approx(100), "chrf": pytest.approx(100), "ter": 0.0}
        assert less["ter"] == pytest.approx(0.25)
        assert (less["bleu"] or 0) < 75
        assert (less["chrf"] or 0) < 85

    def test_without_the_library_there_is_a_reason_and_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
        counted.counter.cache_clear()
        try:
            found = evaluate(METRICS["chrf"], table(rows(corpus(3))))
            with pytest.raises(ImportError, match="pip install"):
                SCORING.errors(rows(corpus(1))[0], "x", RULES)
        finally:
            counted.counter.cache_clear()
        assert found.value is None
        assert found.missing is not None
        assert "pip install 'pytest-modellab[translate]'" in found.missing.why

    def test_errors_for_baselines_are_edits(self) -> None:
        [row] = rows([("one fine day we left", "one fine day")])
        assert SCORING.errors(row, "one fine day", RULES) == (2, 5)
        assert SCORING.errors(row, None, RULES) == (5, 5)


class Engine:
    """An engine that gives back what it is made with."""

    def __init__(self, given: Any) -> None:
        self.given = given
        self.asked: list[str] = []

    def synchronize(self) -> None:
        """Nothing to wait for."""

    def translate(self, clip: Clip, target: str) -> Any:
        self.asked.append(target)
        return self.given


class TestHandler:
    MESSAGE = {"rate": 16_000, "language": "es", "target": "en"}  # noqa: RUF012 - never changed

    def test_the_target_is_told_and_the_text_kept(self) -> None:
        engine = Engine(Transcript("one day"))
        reply, samples = handler.answer(engine, self.MESSAGE, b"\0" * 64)
        assert (reply["text"], reply["language"], samples, engine.asked) == ("one day", None, b"", ["en"])

    def test_what_is_no_transcript_is_refused(self) -> None:
        with pytest.raises(TypeError, match="must return a Transcript"):
            handler.answer(Engine("one day"), self.MESSAGE, b"\0" * 64)


class TestWhisper:
    def test_it_translates_into_english(self) -> None:
        check_target("en-US", multilingual=True)

    @pytest.mark.parametrize(("target", "multilingual"), [("de", True), ("en", False)])
    def test_nothing_else_and_not_with_english_weights(self, target: str, multilingual: bool) -> None:
        with pytest.raises(ValueError, match="English alone"):
            check_target(target, multilingual=multilingual)


def test_answers_become_parts(tmp_path: Path) -> None:
    line = {"text": "one", "part": {"target": "en"}}
    [row] = rows([("one", "one")])
    assert SCORING.raw(row, line, {}, Judged()) == ("one", {"translate": Translated(target="en")})  # type: ignore[arg-type]  # it isn't read
    assert SCORING.raw(row, {"text": None, "part": None}, {}, Judged()) == (None, {})  # type: ignore[arg-type]  # it isn't read
