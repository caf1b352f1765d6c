"""Why a test failed, in words: the verdicts, the utterances behind them, how to run it again."""

from __future__ import annotations

from records import record, stated, utterance, with_part
from shelf import made

from pytest_modellab.core.schema_base import Failure
from pytest_modellab.reports.explanation import explain
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Run, Verdict


def verdict(of: Record, name: str = "wer", bound: float = 0.0) -> Verdict:
    found = getattr(Run(of, "pytest", on_verdict=lambda each: None), name) <= bound
    assert isinstance(found, Verdict)
    return found


def test_the_utterances_with_the_most_errors() -> None:
    failing = made(6, 2)
    told = explain([verdict(failing)], failing, "pytest test_asr.py", ["a remark"], count=2).splitlines()
    assert told[0].startswith("fail: WER ")
    assert "worst of 6 utterances:" in told
    assert "  0: 1 error in 4 words (S 0, D 1, I 0)" in told
    assert "  1: 1 error in 4 words (S 0, D 1, I 0)" in told
    assert any("gray" in line.lower() for line in told)
    assert told[-4:] == ["", "a remark", "", "rerun: pytest test_asr.py"]


def test_a_model_that_failed() -> None:
    failure = Failure(kind="load", message="could not be loaded\nreally", detail="\n".join(map(str, range(20))))
    failing = record(failure=failure)
    told = explain([verdict(failing)], failing, "pytest").splitlines()
    assert told[1:4] == ["the model failed: could not be loaded", "    really", "    12"]
    assert "    19" in told


def test_an_utterance_without_an_answer() -> None:
    died = utterance("a", reference="one fine day", hypothesis=None)
    died = died.model_copy(update={"error": Failure(kind="crash", message="died\nof SIGSEGV")})
    failing = stated(record(utterances=[died]), {"success_rate": 0.5})
    told = explain([verdict(failing, "success_rate", -1.0)], failing, "pytest")
    assert "    no answer: crash: died\n    of SIGSEGV" in told


def test_what_others_wrote_is_printable() -> None:
    failing = stated(record(utterances=[utterance("a", reference="one", hypothesis="\x1b[31mtwo")]), {"wer": 1.0})
    assert "\x1b" not in explain([verdict(failing)], failing, "pytest\x9b")


def test_a_part_says_nothing_of_words_that_are_right() -> None:
    right = with_part(utterance("a", reference="one", hypothesis="one"), "other", {"x": 1})
    good = stated(record(utterances=[right]), {"success_rate": 0.0})
    assert explain([verdict(good, "cer", 1.0)], good, "again").endswith("rerun: again")
