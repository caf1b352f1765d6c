"""Why a test failed, in words: the verdicts, the utterances behind them, how to run it again."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from pages import spoken
from records import edits, record, stated, utterance, with_part
from shelf import made

from pytest_modellab.core.schema_base import Failure
from pytest_modellab.reports.explanation import MOST_LINES, explain
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Run, Verdict
from pytest_modellab.tasks.asr.record import Transcript


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


def test_why_a_limit_is_as_it_is() -> None:
    failing = made(6, 2)
    limited = replace(verdict(failing), why="as good as people")
    assert "    why this limit: as good as people" in explain([limited], failing, "pytest").splitlines()


def test_an_answer_that_was_cut() -> None:
    long = utterance("a", reference="one", hypothesis="one " * 9, words=edits(insertions=8, hits=1))
    failing = stated(record(utterances=[long.model_copy(update={"cut_from": 123_456})]), {"wer": 8.0})
    head = "  a: 8 errors in 1 word (S 0, D 0, I 8); the answer, of 123,456 characters, was cut"
    assert head in explain([verdict(failing)], failing, "pytest").splitlines()


def test_of_an_answer_to_nothing_the_beginning_alone() -> None:
    said = " ".join(f"w{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(40))
    loop = utterance("a", reference="", hypothesis=said, words=edits(insertions=40))
    failing = stated(record(utterances=[loop]), {"wer": 1.0})
    told = explain([verdict(failing)], failing, "pytest")
    assert "    REF: (nothing)\n    HYP: waa wba " in told
    assert " wla ... 28 words\n" in told


def test_a_loop_is_folded_beside_the_reference() -> None:
    loop = utterance("a", reference="red green blue", hypothesis="red and green" + " again" * 400 + " blue")
    loop = with_part(loop, "asr", Transcript(words=edits(insertions=801, hits=3), characters=edits(hits=13)))
    failing = stated(record(utterances=[loop]), {"wer": 9.0})
    told = explain([verdict(failing)], failing, "pytest")
    assert "    REF: red *** green ***        blue\n    HYP: red and green again x400 blue\n" in told
    assert "\n             I         I\n" in told


def long_failure(clips: int = 5, words: int = 120) -> Record:
    """Each clip has an error in its last words, and takes many lines."""
    reference = " ".join(f"word{i}" for i in range(words))
    wrong = [
        utterance(f"u{i}", reference, f"{reference} thanks", edits(insertions=1, hits=words)) for i in range(clips)
    ]
    return stated(record(utterances=wrong), {"wer": 0.5})


class TestLength:
    @pytest.mark.parametrize("words", [3, 40, 400])
    def test_a_failure_takes_at_most_so_many_lines(self, words: int) -> None:
        failing = long_failure(words=words)
        remarks = [f"worse: u{i}\n" for i in range(40)]
        for beside in ([], remarks):
            lines = explain([verdict(failing)] * 3, failing, "pytest", beside).splitlines()
            assert len(lines) <= MOST_LINES
            assert lines[-1] == "rerun: pytest"

    def test_lines_without_an_error_go_first(self) -> None:
        told = explain([verdict(long_failure(words=400))], long_failure(words=400), "pytest")
        assert told.count(" thanks\n") == 3
        assert told.count("    REF: ") == told.count("    HYP: ") == 3

    def test_remarks_are_cut_between_utterances(self) -> None:
        failing = made(6, 2)
        changes = [
            line for i in range(9) for line in (f"worse: u{i}", "    reference: a", "    before: a", "    now: b")
        ]
        lines = explain([verdict(failing)], failing, "pytest", changes).splitlines()
        assert lines[lines.index("worse: u0") + 3] == "    now: b"
        assert any(re.fullmatch(r"  \.\.\. \d+ lines more: the scorecard's page has the rest", line) for line in lines)
        assert not any(line == "    reference: a" and lines[i + 2] != "    now: b" for i, line in enumerate(lines))

    def test_a_long_message_of_a_model_that_failed_is_cut(self) -> None:
        failing = record(failure=Failure(kind="load", message="bad\n" * 60, detail="\n".join(map(str, range(20)))))
        lines = explain([verdict(failing)], failing, "pytest").splitlines()
        assert len(lines) <= MOST_LINES


def test_where_speech_can_be_heard(tmp_path: Path) -> None:
    failing = stated(spoken(tmp_path), {"wer": 1.0})
    told = explain([verdict(failing)], failing, "pytest")
    assert re.search(r"\n    sound: audio/(..)/\1[0-9a-f]{62}\.flac, under the reports\n", told)


def test_the_utterances_behind_a_metric_of_hidden_errors() -> None:
    loops = [utterance(name, "one two", "one two " * 12, edits(insertions=22, hits=2)) for name in "abcd"]
    failing = stated(record(utterances=[*loops, utterance("good")]), {"looped": 0.8})
    lines = explain([verdict(failing, "looped")], failing, "pytest", count=2).splitlines()
    assert "in 4 of 5 utterances, the worst first:" in lines
    assert sum(line.startswith(("  a: ", "  b: ", "  c: ", "  d: ")) for line in lines) == 2


def test_what_concerns_the_raw_text_is_shown_raw() -> None:
    flat = utterance("a", "One, two. Three, four!", "one two three four", edits(hits=4))
    failing = stated(record(utterances=[flat]), {"punctuation_error": 1.0})
    told = explain([verdict(failing, "punctuation_error")], failing, "pytest")
    assert "    REF: One, two. Three, four!\n    HYP: one two three four\n" in told
