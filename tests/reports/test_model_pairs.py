"""Models against each other on the page: whose answers are compared, and what is said of two of them."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pages import Parsed, answered, card, case, heard, rendered, spoken, streamed
from records import edits, record, utterance

from pytest_modellab.core.schema_base import Failure
from pytest_modellab.reports.scorecard.earlier import earlier
from pytest_modellab.reports.scorecard.page import model_answers, model_pairs
from pytest_modellab.results import baseline, record_files
from pytest_modellab.results.baseline_lines import write_lines
from pytest_modellab.results.record import Record, UtteranceResult

HOSTILE = "</script><script>alert(1)</script><!-- \u202egnihton \u2028"


def clip(i: int, errors: int, text: str = "the quick brown fox jumps over") -> UtteranceResult:
    """An answer whose first words are wrong."""
    said = text.split()
    heard_ = ["wrong"] * errors + said[errors:]
    return utterance(f"u{i:02}", text, " ".join(heard_), edits(substitutions=errors, hits=len(said) - errors))


def answers(model: str, *errors: int, **fields: Any) -> Record:
    made = record(utterances=[clip(i, n) for i, n in enumerate(errors)], case=case(model), words=600, **fields)
    return of_data(made, "d")


def of_data(made: Record, fingerprint: str) -> Record:
    inputs = {**made.provenance.inputs, "dataset": fingerprint}
    return made.model_copy(update={"provenance": made.provenance.model_copy(update={"inputs": inputs})})


def pairs(folder: Path, *made: Record, **options: Any) -> list[dict[str, Any]]:
    """The groups that are in the page of these records."""
    data = Parsed(rendered(folder, card(folder, *made), **options)).data
    return [group for text in data for group in json.loads(text)]


class TestData:
    def test_the_best_comes_first_and_what_all_do_alike_is_counted(self, tmp_path: Path) -> None:
        (group,) = pairs(tmp_path, answers("a", 2, 0, 1, 3), answers("b", 2, 1, 0, 0))
        assert [side["label"] for side in group["sides"]] == ["b", "a"]
        assert group["ids"] == ["u03", "u01", "u02"]
        assert [side["errors"] for side in group["sides"]] == [[0, 1, 0], [3, 0, 1]]
        assert (group["alike"], group["more"], group["units"]) == ({"0-1": 1}, {"0-1": 0}, [6, 6, 6])

    def test_the_counts_of_two_add_up_though_a_third_differs(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = answers("a", 0, 0, 0, 0), answers("b", 0, 0, 1, 0), answers("c", 0, 3, 1, 1)
        (group,) = pairs(tmp_path, *made)
        assert [side["label"] for side in group["sides"]] == ["a", "b", "c"]
        assert group["alike"] == {"0-1": 3, "0-2": 1, "1-2": 2}
        assert group["more"] == {"0-1": 0, "0-2": 0, "1-2": 0}
        monkeypatch.setattr(model_pairs, "_MOST_UTTERANCES", 1)
        (group,) = pairs(tmp_path, *made)
        assert group["alike"] == {"0-1": 3, "0-2": 1, "1-2": 2}
        assert group["more"] == {"0-1": 1, "0-2": 2, "1-2": 1}

    def test_words_are_those_that_were_counted(self, tmp_path: Path) -> None:
        (group,) = pairs(tmp_path, answers("a", 0), answers("b", 1))
        assert [side["words"] for side in group["sides"]] == [
            [0],
            [[["S", "the", "wrong"], "quick brown fox jumps over"]],
        ]

    def test_devices_are_named_where_there_are_several(self, tmp_path: Path) -> None:
        other = answers("a", 1).model_copy(update={"case": case("a", device="cuda")})
        (group,) = pairs(tmp_path, answers("a", 0), other)
        assert [side["label"] for side in group["sides"]] == ["a on cpu", "a on cuda"]

    def test_other_data_of_the_same_name_is_another_group(self, tmp_path: Path) -> None:
        assert pairs(tmp_path, answers("a", 0), of_data(answers("b", 1), "another")) == []

    def test_a_model_alone_is_compared_with_nobody(self, tmp_path: Path) -> None:
        assert pairs(tmp_path, answers("a", 1)) == []

    def test_utterances_that_one_of_them_lacks_are_left_out(self, tmp_path: Path) -> None:
        (group,) = pairs(tmp_path, answers("a", 1, 1, 1), answers("b", 0, 0))
        assert group["ids"] == ["u00", "u01"]

    def test_what_is_beyond_the_bound_is_counted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(model_pairs, "_MOST_UTTERANCES", 2)
        (group,) = pairs(tmp_path, answers("a", 1, 2, 3), answers("b", 0, 0, 0))
        assert (group["ids"], group["more"]) == (["u02", "u01"], {"0-1": 1})

    def test_words_beyond_the_bound_are_not_aligned(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pytest_modellab.reports.scorecard.page.document.MOST", 1)
        (group,) = pairs(tmp_path, answers("a", 1, 2, 3), answers("b", 0, 0, 0))
        assert (group["ids"], group["more"]) == (["u02"], {"0-1": 2})

    def test_an_utterance_without_an_answer_has_no_words(self, tmp_path: Path) -> None:
        silent = clip(0, 6).model_copy(update={"hypothesis": None})
        made = of_data(record(utterances=[silent], case=case("b"), words=600), "d")
        (group,) = pairs(tmp_path, answers("a", 0), made)
        assert group["sides"][1]["words"] == [[]]
        assert [side["states"] for side in group["sides"]] == [{}, {"0": "no answer"}]
        assert group["references"] == {"0": "the quick brown fox jumps over"}

    @pytest.mark.parametrize("too_long", [False, True])
    def test_why_an_answer_has_no_alignment_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, too_long: bool
    ) -> None:
        failed = {"hypothesis": None, "error": Failure(kind="crash", message="killed by signal 11")}
        answer = clip(0, 6).model_copy(update={} if too_long else failed)
        if too_long:
            monkeypatch.setattr("pytest_modellab.reports.scorecard.page.alignment.MOST_WORDS", 5)
        made = of_data(record(utterances=[answer], case=case("b"), words=600), "d")
        (group,) = pairs(tmp_path, answers("a", 0), made)
        (told,) = group["sides"][1]["states"].values()
        assert told == (
            "not aligned here: 6 words, more than 5" if too_long else "no answer: crash: killed by signal 11"
        )

    def test_turns_are_compared_by_whether_the_reply_is_right(self, tmp_path: Path) -> None:
        made = [
            record(utterances=[answered(tmp_path, right=right, text=text)], case=case(name, "chat"))
            for name, right, text in (("x", True, "Paris"), ("y", False, "Lyon"))
        ]
        (group,) = pairs(tmp_path, *made)
        assert (group["title"], group["unit"], group["asked"]) == ("chat: talk", "Answer accuracy", ["one two three"])
        assert group["told"]["0-1"] == "Not told apart: y is 100 points below x in Answer accuracy."
        assert [(side["errors"], side["words"]) for side in group["sides"]] == [([0], [["Paris"]]), ([1], [["Lyon"]])]

    def test_turns_without_anything_to_judge_by_are_not(self, tmp_path: Path) -> None:
        made = [record(utterances=[answered(tmp_path, right=None)], case=case(name, "chat")) for name in ("x", "y")]
        assert pairs(tmp_path, *made) == []

    def test_voices_and_streams_are_compared(self, tmp_path: Path) -> None:
        other = spoken(tmp_path).model_copy(update={"case": case("other", "tts")})
        streams = [streamed(), streamed().model_copy(update={"case": case("more", "streaming")})]
        groups = pairs(tmp_path, spoken(tmp_path), other, *streams)
        assert [group["title"] for group in groups] == ["tts: talk", "streaming: talk"]
        assert [side["spoken"] for group in groups for side in group["sides"]] == [True, True, False, False]

    def test_no_text_ends_the_element_or_turns_the_line(self, tmp_path: Path) -> None:
        bad = utterance(HOSTILE, "one two", f"two {HOSTILE}", edits(substitutions=2))
        made = record(utterances=[bad], case=case("b"), words=600)
        good = record(utterances=[utterance(HOSTILE, "one two", "one two")], case=case("a"), words=600)
        text = rendered(tmp_path, card(tmp_path, good, made))
        parsed = Parsed(text)
        assert len(parsed.scripts) == len(parsed.data) == 1
        assert "<" not in parsed.data[0]
        assert "\u202e" not in text
        assert json.loads(parsed.data[0])[0]["ids"][0].startswith("</script><script>alert(1)</script>")


class TestTold:
    def told(self, folder: Path, one: list[int], other: list[int]) -> str:
        (group,) = pairs(folder, answers("a", *one), answers("b", *other))
        (text,) = group["told"].values()
        return str(text)

    def test_a_difference_that_is_seen(self, tmp_path: Path) -> None:
        told = self.told(tmp_path, [0] * 40, [1] * 20 + [0] * 20)
        assert told.startswith("b is 8.33 points [")
        assert told.endswith("] worse in WER than a.")

    def test_the_same_whichever_comes_first(self, tmp_path: Path) -> None:
        assert self.told(tmp_path, [1] * 20 + [0] * 20, [0] * 40).startswith("a is 8.33 points [")

    def test_one_that_is_not(self, tmp_path: Path) -> None:
        told = self.told(tmp_path, [0] * 40, [1] + [0] * 39)
        assert told.startswith("Not told apart: b is 0.417 points [")

    def test_none(self, tmp_path: Path) -> None:
        told = self.told(tmp_path, [1] * 10, [1] * 10)
        assert told == "The two make the same number of errors in every utterance."

    def test_so_many_that_no_test_is_made(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(model_pairs, "_MOST_TESTED", 5)
        assert self.told(tmp_path, [0] * 6, [1] + [0] * 5) == "b makes 1 error more than a; not tested here."


class TestEarlier:
    def before(self, folder: Path, now: Record, **options: Any) -> list[dict[str, Any]]:
        return pairs(folder, now, earlier=partial(earlier, folder), **options)

    def stored(self, folder: Path, made: Record, created: str) -> Record:
        origin = made.provenance.model_copy(update={"created": created})
        found = made.model_copy(update={"provenance": origin})
        record_files.write(found, folder)
        return found

    def test_the_previous_record_is_what_was_answered_before(self, tmp_path: Path) -> None:
        self.stored(tmp_path, answers("a", 3, 3, 0), "2020-01-01T00:00:00.000+00:00")
        self.stored(tmp_path, answers("a", 0, 2, 0), "2020-01-02T00:00:00.000+00:00")
        (group,) = self.before(tmp_path, answers("a", 1, 0, 0))
        assert [side["label"] for side in group["sides"]] == ["a", "a, before (2020-01-02)"]
        assert [side["errors"] for side in group["sides"]] == [[0, 1], [2, 0]]
        assert group["sides"][1]["words"] == [
            [["S", "the", "wrong"], ["S", "quick", "wrong"], "brown fox jumps over"],
            0,
        ]

    def test_a_baseline_too(self, tmp_path: Path) -> None:
        kept = baseline.of(answers("a", 0, 0))
        write_lines(baseline.place(answers("a", 0), tmp_path / "baselines"), (kept.head, *kept.answers))
        (group,) = self.before(tmp_path, answers("a", 1, 0))
        assert [side["label"] for side in group["sides"]] == ["a", "a, baseline"]
        assert [side["errors"] for side in group["sides"]] == [[1], [0]]

    def test_not_of_other_data_nor_what_cannot_be_read(self, tmp_path: Path) -> None:
        self.stored(tmp_path, of_data(answers("a", 1), "another"), "2020-01-01T00:00:00.000+00:00")
        assert self.before(tmp_path, answers("a", 0)) == []
        next((tmp_path / "runs").rglob("20200101*")).write_text("{}")
        assert self.before(tmp_path, answers("a", 0)) == []


def test_what_can_be_compared() -> None:
    assert model_answers.compared(heard())
    assert not model_answers.compared(record(wer=None, utterances=[utterance("noise", "", "")]))
