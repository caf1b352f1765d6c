"""The comment on a pull request: what it says first, what it folds, and that nothing in it is mark-up of others."""

from __future__ import annotations

import re

import pytest
from commands import Told
from labsessions import LabSessions
from records import record
from rows import row

from pytest_modellab.reports import comment
from pytest_modellab.reports.comment import MARKER
from pytest_modellab.reports.scorecard import kept
from pytest_modellab.reports.scorecard.build import build
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.reports.word_diff import word_diff
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import RecordError
from pytest_modellab.results.verdicts import Status


@pytest.mark.parametrize(
    ("reference", "answer", "shown"),
    [
        ("the quick brown fox", "the quack brown fox", "the ~~quick~~ **quack** brown fox"),
        ("The fox.", "the fox", ""),
        ("one two", "one two three", "one two **three**"),
        ("one two", "", "~~one two~~"),
        ("", "thank you", "**thank you**"),
        ("a b", "*c* <b>", "~~a~~ **\\*c\\*** \\<b\\>"),
        (
            "a b c d e f g h i j k l wrong m n o p q r s t u",
            "a b c d e f g h i j k l right m n o p q r s t u",
            "… i j k l ~~wrong~~ **right** m n o p …",
        ),
    ],
)
def test_words_that_differ_are_marked(reference: str, answer: str, shown: str) -> None:
    assert word_diff(reference, answer) == shown


def test_a_long_difference_is_cut() -> None:
    found = word_diff(" ".join(f"a{i}" for i in range(0, 800, 2)), " ".join(f"a{i}" for i in range(0, 800, 3)))
    assert found.endswith(" …")
    assert len(found) < 1000


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def worse(sessions: LabSessions) -> LabSessions:
    """A session that passed, then one whose model misses the words of half of the clips."""
    sessions.texts = [f"the number {i} of a day" for i in range(12)]
    assert sessions.ready().session() == 0
    sessions.model(wrong=dict.fromkeys(range(6), "the number of <b>no</b> @nobody day"))
    assert sessions.session() == 1
    return sessions


def above(text: str) -> str:
    """What isn't folded."""
    return text.partition("<details>")[0]


def test_the_verdict_comes_first_then_what_changed_then_the_worst(worse: LabSessions, told: Told) -> None:
    before = kept.session_of(kept.files(worse.reports)[1])
    text = told("comment", "--against", before)
    lines = text.splitlines()
    assert lines[0] == MARKER
    assert lines[1] == "### Model Lab: ❌ not passed, 1 case measured"
    assert lines[3].startswith("`fake:cpu:clips`: WER ")
    assert "limit \\<= 10.0 %" in lines[3]
    assert "| **worse** | `asr/fake:cpu:clips` | WER | 0.0 % |" in above(text)
    assert above(text).count("before: all words right") == 3
    assert "~~0~~" in above(text)
    assert "not told apart" not in above(text)
    assert "<summary>Scorecard</summary>" in text
    assert "<summary>Comparison: " in text


def test_what_others_wrote_stays_text(worse: LabSessions, told: Told) -> None:
    text = told("comment")
    assert "<b>" not in text
    assert re.search(r"@\w", text) is None
    tags = set(re.findall(r"(?<!\\)<(/?\w+)", text))
    assert tags <= {"details", "/details", "summary", "/summary", "br"}


def test_without_a_side_the_worst_of_what_failed_are_shown(worse: LabSessions, told: Told) -> None:
    text = told("comment")
    assert "Not compared: nothing to compare with was named" in text
    assert above(text).count("- `clip-") == 3
    assert "before:" not in text


def test_what_passed_says_so_in_a_line(sessions: LabSessions, told: Told) -> None:
    sessions.ready().session()
    lines = told("comment").splitlines()
    assert lines[1] == "### Model Lab: ✅ passed, 1 case measured"
    assert lines[3] == "1 case within all limits."


def unreadable(row: Row) -> Record:
    raise RecordError("gone")


def first_lines(*rows: Row) -> tuple[str, str, str]:
    """The verdict and the reason of such a session in the comment, and its word in the list of sessions."""
    card = build("s", rows, partial=None)
    lines = comment.render(card, "", unreadable).splitlines()
    return lines[1].removeprefix("### Model Lab: "), lines[3], kept.result(card)


def of_status(model: str, status: Status, reason: str = "") -> Row:
    return row(record(model)).model_copy(update={"status": status, "reason": reason})


def test_a_session_without_a_judged_case_is_no_pass() -> None:
    assert first_lines(row(record(), limits=())) == (
        "⚠️ nothing judged, 1 case measured",
        "0 of 1 case judged: no limit applies and no test compared a value.",
        "nothing judged",
    )


def test_a_session_that_decided_nothing_says_why() -> None:
    doubtful = [of_status(name, Status.INCONCLUSIVE, "few words") for name in "ab"]
    verdict, reason, result = first_lines(*(each.model_copy(update={"verdicts": ()}) for each in doubtful))
    assert verdict == "⚠️ nothing decided, 2 cases measured, 2 inconclusive"
    assert reason == "0 cases within all limits; 2 inconclusive; the first, a:cpu:talk: few words."
    assert result == "nothing decided"


def test_a_case_with_one_figure_in_doubt_is_decided_by_the_others() -> None:
    verdict, _, result = first_lines(of_status("a", Status.INCONCLUSIVE, "RTF: the machine was noisy"))
    assert (verdict, result) == ("✅ passed, 1 case measured, 1 inconclusive", "passed")


def test_what_is_no_pass_is_counted_beside_what_is() -> None:
    rows = [row(record("a")), row(record("b"), limits=()), of_status("c", Status.WARN, "beyond 9 %")]
    verdict, reason, result = first_lines(*rows)
    assert (verdict, result) == ("✅ passed, 3 cases measured", "passed")
    assert reason.startswith("2 of 3 cases judged: no limit applies")
    assert reason.endswith("; 1 case within all limits; 1 with a warning: beyond 9 %.")


def test_the_figure_of_one_failure_is_not_read_as_that_of_all() -> None:
    _, reason, _ = first_lines(*(row(record(name, wer=0.5)) for name in "abc"))
    assert reason.startswith("3 cases fail, the first of them `a:cpu:talk`: WER 50.0 %, limit")
    assert first_lines(row(record(wer=0.5)))[1].startswith("`tiny:cpu:talk`: WER 50.0 %")
