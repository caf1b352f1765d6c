"""The short scorecard and the line: a bounded number of lines, failures first, nothing that fails looks like a pass."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from records import record, utterance
from rows import NOISY, RTF, WER, row, spread

from pytest_modellab.core.schema_base import Failure
from pytest_modellab.reports.release import rejudge
from pytest_modellab.reports.scorecard import short
from pytest_modellab.reports.scorecard.build import build
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.case_lines import lay
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.results.verdicts import Status

PLACE = "page: reports/scorecard.html"
LONG = "whisper-large-of-a-long-name"


def case(model: str = "tiny", *, wer: float = 0.1, dataset: str = "talk", device: str = "cpu", **more: object) -> Row:
    made = spread(record(model, device, dataset, wer=wer), wer / 2, wer * 2)
    return row(made, **more)  # type: ignore[arg-type]


def absent(model: str, why: str = "cuda: no NVIDIA driver found") -> Row:
    found = row(None, unavailable=why)
    return found.model_copy(update={"case": found.case.model_copy(update={"model": model, "device": "cuda"})})


def judged(made: Row, status: Status, reason: str = "") -> Row:
    verdicts = tuple(each.model_copy(update={"status": status, "reason": reason}) for each in made.verdicts[:1])
    return made.model_copy(update={"status": status, "verdicts": verdicts, "reason": reason})


def card(rows: Sequence[Row], partial: str | None = None, problems: Sequence[str] = ()) -> Scorecard:
    made = build("s", rows, partial=partial)
    return made.model_copy(update={"problems": (*made.problems, *problems)})


def shown(found: Scorecard, width: int = 80) -> list[str]:
    return [text for text, _ in short.render(found, PLACE, width)]


MIXED = [
    *(case(f"right{i}") for i in range(9)),
    *(judged(case(f"doubt{i}"), Status.INCONCLUSIVE, "too few words; more would do") for i in range(3)),
    *(case(f"wrong{i}", wer=0.5) for i in range(11)),
    judged(case("warned"), Status.WARN, "beyond 9 %, where warnings begin"),
    *(absent(f"gone{i}") for i in range(5)),
    absent("other", "x is not installed; pip install x"),
]


class TestLength:
    @pytest.mark.parametrize("width", [80, 100, 120, 200])
    @pytest.mark.parametrize("problems", [0, 1, 9])
    @pytest.mark.parametrize("partial", [None, "stopped early: 3 of 9 cases did not run"])
    @pytest.mark.parametrize("long", [False, True])
    def test_any_session_takes_at_most_fifteen_lines(
        self, width: int, problems: int, partial: str | None, long: bool
    ) -> None:
        rows = [
            each.model_copy(update={"case": each.case.model_copy(update={"model": f"{each.case.model}-{LONG}"})})
            if long
            else each
            for each in MIXED
        ]
        lines = shown(card(rows, partial, [f"required case `{i}` was not measured" for i in range(problems)]), width)
        assert len(lines) + 1 <= 15
        assert max(map(len, lines)) <= width
        assert lines[-1] == PLACE

    def test_a_session_of_eight_cases_shows_all(self) -> None:
        lines = shown(card([case(f"model{i}") for i in range(8)]))
        assert sum(line.startswith("pass  model") for line in lines) == 8
        assert not any(" more " in line for line in lines)

    def test_a_place_of_any_length_is_whole(self) -> None:
        place = "page: /" + "long/" * 30
        lines = [text for text, _ in short.render(card([case()]), place, 80)]
        assert lines[-1].strip() == place.removeprefix("page: ")


class TestCases:
    def test_failures_come_first_and_the_rest_is_counted_by_status(self) -> None:
        lines = shown(card(MIXED))
        marks = [line.split()[0] for line in lines if line.split(":")[0].split()[0] in {"FAIL", "warn", "pass"}]
        assert set(marks) == {"FAIL"}
        told = next(line for line in lines if line.startswith("and "))
        more = 11 - len(marks)
        assert told == f"and {more} more FAIL, 3 more inconclusive, 1 more warn, 9 more pass"

    def test_a_case_tells_grade_figure_interval_and_speed(self) -> None:
        lines = shown(card([case("base"), case("tiny", wer=0.2, limits=())]), 100)
        head = next(line for line in lines if "WER" in line)
        assert head.split() == ["case", "grade", "WER", "RTF"]
        assert "pass           base:cpu:talk  A *    10.0 % [5.0, 20]  0.20" in lines

    def test_what_all_share_is_told_once_where_it_is_narrow(self) -> None:
        rows = [case(f"{LONG}-{i}", dataset="prompts-of-many-people") for i in range(2)]
        assert lay(rows, 120).head[0].split()[:2] == ["case", "grade"]
        assert lay(rows, 90).head[0].strip().startswith("case, on cpu  ")
        assert lay(rows, 80).head[0].strip().startswith("model, on cpu, prompts-of-many-people  ")
        assert lay(rows, 70).head == ()

    def test_where_one_line_is_too_narrow_the_figures_stand_below_the_id(self) -> None:
        rows = [case(f"{LONG}-{i}", dataset=f"prompts-of-many-people-{i}") for i in range(2)]
        first, _ = lay(rows, 80).cases
        assert first == (f"pass  {rows[0].case.id}", "      A *  WER 10.0 % [5.0, 20]  RTF 0.20")

    def test_a_failure_and_a_warning_are_explained_where_there_is_room(self) -> None:
        lines = shown(card([case(), case("bad", wer=0.5)]))
        place = next(i for i, line in enumerate(lines) if line.startswith("FAIL"))
        assert lines[place + 1] == "      WER 50.0 %, limit <= 15.0 % (limits.yaml:3)"

    def test_a_model_that_could_not_be_measured_is_a_failure(self) -> None:
        broken = row(None, broken="a digest is wrong\nreally")
        lines = shown(card([broken]))
        assert any(line.startswith("FAIL  tiny:cpu:talk") for line in lines)
        assert "      a digest is wrong" in lines
        assert any(line.startswith("NOT PASSED: ") for line in lines)

    def test_a_pass_with_the_worst_grade_says_so(self) -> None:
        made = case("slow", wer=0.9, limits=(RTF,))
        assert made.graded_apart
        lines = shown(card([made]))
        assert any(" F (wer) " in line for line in lines)
        assert any(line.startswith("      grade F by WER 90.0 %") for line in lines)

    def test_marks_are_explained(self) -> None:
        lines = shown(card([row(spread(record(timing=NOISY), 0.05, 0.2))]))
        assert "* provisional grade; ~ timed on a noisy machine; -v has the reasons" in lines

    def test_a_figure_without_an_interval_is_marked(self) -> None:
        lines = shown(card([row(record(timing=NOISY)), case("b")]))
        assert any(" 10.0 % [n/a]  0.20 ~" in line for line in lines)
        told = "* provisional; ~ noisy; [n/a] no interval: fewer than 5 utterances"
        assert told in lines
        assert not any("[n/a]" in line for line in shown(card([case("b")])))

    @pytest.mark.parametrize("width", [80, 120])
    @pytest.mark.parametrize("problems", [0, 4])
    @pytest.mark.parametrize("count", [1, 5, 9])
    def test_marks_are_explained_wherever_they_stand(self, width: int, problems: int, count: int) -> None:
        rows = [row(record(f"{LONG}-{i}", dataset=f"prompts-of-people-{i}", timing=NOISY)) for i in range(count)]
        doubt = judged(case("doubt"), Status.INCONCLUSIVE, "too few words")
        lines = shown(card([*rows, doubt, absent("x")], "interrupted", ["why"] * problems), width)
        assert any(" * " in line for line in lines)
        assert any(line.startswith("* provisional") for line in lines)
        assert len(lines) + 1 <= 15


class TestChanges:
    def test_the_first_run_tells_of_none(self) -> None:
        assert "last run" not in shown(card([case()]))[0]

    def test_the_change_since_the_last_run(self) -> None:
        before = spread(record(wer=0.096), 0.05, 0.2)
        rows = [case("a", before=before), case("b", unchanged_since="abc of 2026-01-02"), case("c")]
        lines = shown(card(rows), 100)
        assert lines[0].rstrip().endswith("RTF  last run")
        assert [line.split()[-1] for line in lines[1:4]] == ["+0.4", "same", "new"]

    def test_the_word_of_the_baseline(self) -> None:
        made = case("a")
        told = made.verdicts[0].model_copy(
            update={"source": "reports/baselines/asr/a-cpu-talk.jsonl", "reason": "not told apart: WER 10 %"}
        )
        lines = shown(card([made.model_copy(update={"verdicts": (told,)})]), 100)
        assert lines[0].endswith("baseline")
        assert lines[1].endswith("not told apart")

    def test_both_below_an_id(self) -> None:
        before = spread(record(wer=0.01), 0.005, 0.02)
        rows = [case(f"{LONG}-{i}", dataset=f"prompts-of-many-people-{i}", before=before) for i in range(2)]
        assert lay(rows, 80).cases[0][1].endswith("  last run +9 worse")


class TestUnanswered:
    def lacking(self, *errors: Failure, model: str = "crasher") -> Row:
        clips = [utterance(f"u{i}") for i in range(9)] + [
            utterance(f"e{i}", hypothesis=None, error=error) for i, error in enumerate(errors)
        ]
        return row(record(model, utterances=clips), limits=())

    def test_a_dead_worker_is_told_though_no_limit_is_on_it(self) -> None:
        made = self.lacking(Failure(kind="crash", message="the worker died of SIGSEGV (signal 11)"))
        assert "crasher:cpu:talk: 1 of 10 unanswered: the worker died" in shown(card([made]))
        assert "; 1 case with unanswered utterances; " in short.line(card([made]), PLACE, 200)[0]

    def test_the_most_frequent_reason_is_told(self) -> None:
        slow, other = Failure(kind="timeout", message="60 s"), Failure(kind="exception", message="Boom: x\ny")
        assert self.lacking(other).unanswered == "1 of 10 unanswered: Boom: x"
        assert self.lacking(other, slow, slow).unanswered == "3 of 12 unanswered: timed out, and 1 other reason"

    def test_many_cases_have_one_line(self) -> None:
        rows = [self.lacking(Failure(kind="crash", message=""), model=f"m{i}") for i in range(5)]
        (told,) = [line for line in shown(card(rows), 200) if "unanswered" in line]
        assert told.endswith("; and 2 more cases")
        assert len(shown(card([*rows, *MIXED], "interrupted"), 80)) + 1 <= 15

    def test_a_row_of_older_code_does_not_differ_by_it(self) -> None:
        made = self.lacking(Failure(kind="crash", message=""))
        older = made.model_copy(update={"unanswered": ""})
        rules = SimpleNamespace(catalog=None, same_code=False)
        assert list(rejudge._differences(older, made, rules)) == []  # type: ignore[arg-type]

    def test_all_answered_or_none_has_no_line(self) -> None:
        assert row(record()).unanswered == ""
        assert row(record(utterances=[utterance(error=Failure(kind="crash", message=""))])).unanswered == ""


class TestTold:
    def test_what_did_not_run_is_one_count_with_its_reasons(self) -> None:
        lines = shown(card(MIXED), 120)
        told = "6 cases did not run: (5 cases) cuda: no NVIDIA driver found; (1 case) x is not installed; pip install x"
        assert told in lines

    def test_where_there_is_little_room_each_reason_is_cut_and_none_is_lost(self) -> None:
        reasons = ["cuda: no NVIDIA driver found"] * 12 + ["the extra `llm` is not installed"] * 3 + ["mps: none"]
        whole = short._counted_reasons(reasons)
        for room in range(50, len(whole) + 9):
            told = short._counted_reasons(reasons, room)
            assert len(told) <= room
            counts = re.findall(r"\((\d+) cases?\) \w+", told)
            more = re.search(r"; (\d) more reasons?$", told)
            assert len(counts) + (int(more[1]) if more else 0) == 3
            assert (told == whole) == (room >= len(whole))
        cut = "(12 cases) cuda: no NVIDIA...; (3 cases) the extra `llm`...; (1 case) mps: none"
        assert short._counted_reasons(reasons, 80) == cut
        assert short._counted_reasons(reasons, 50) == "(12 cases) cuda: no NVIDIA driv...; 2 more reasons"

    def test_what_is_inconclusive_and_why(self) -> None:
        rows = [judged(case(), Status.INCONCLUSIVE, "too few words (of 9); 1,000 would do"), case("b")]
        assert "1 case inconclusive: too few words" in shown(card(rows))

    def test_a_count_does_not_run_into_a_figure(self) -> None:
        rows = [judged(case(each), Status.INCONCLUSIVE, f"{each} % interval [1, 2]") for each in ("95", "90")]
        assert "2 cases inconclusive: (1 case) 95 % interval [1, 2]; (1 case) 90 %" in " ".join(shown(card(rows), 120))

    def test_the_advice_is_never_without_its_doubt(self) -> None:
        for width in (80, 200):
            lines = " ".join(" ".join(shown(card([case("a"), case("b", wer=0.2)]), width)).split())
            assert "Nothing to ship" in lines or "Provisional" in lines

    def test_a_long_advice_is_cut_between_sentences(self) -> None:
        others = ["c is slower and worse by so much."] * 9
        told = short._cut(["Ship a: 1 % WER.", "b is faster.", *others, "Provisional: few words."], 100)
        assert told.startswith("Ship a: 1 % WER. b is faster. c is")
        assert told.endswith(" Provisional.")
        assert len(told) <= 100

    def test_problems_stand_in_a_line_each(self) -> None:
        long = "x is inconclusive, and --lab-strict is on: " + "why " * 50
        problems = [long, *"abcd"]
        lines = shown(card([case()], problems=problems))
        told = [line for line in lines if line.startswith("NOT PASSED: ")]
        assert told[0].endswith("...")
        assert told[3] == "NOT PASSED: 2 more reasons, which the details have"
        alone = shown(card([case()], problems=[long]))
        place = next(i for i, line in enumerate(alone) if line.startswith("NOT PASSED: "))
        assert alone[place + 2].endswith("...")
        assert alone[place + 3] == PLACE


class TestLine:
    def test_a_session_that_passed(self) -> None:
        found = card([case(), absent("x")])
        assert short.line(found, PLACE, 80) == (f"modellab: 1 pass; 1 did not run; {PLACE}", Status.PASS)
        whole = f"modellab: 1 pass; 1 did not run (cuda: no NVIDIA driver found); {PLACE}"
        assert short.line(found, PLACE, 120)[0] == whole
        assert " 1 did not run; " in short.line(found, PLACE, 20)[0]

    def test_why_it_did_not_goes_before_what_did_not_run(self) -> None:
        found = card([case(), absent("x")], problems=["required case `x` was not measured", "more"])
        head = "modellab: NOT PASSED: 1 pass; required case `x` was not measured (and 1 more)"
        assert short.line(found, "page: a", 86)[0] == f"{head}; page: a"
        assert short.line(found, "page: a", 102)[0] == f"{head}; 1 did not run; page: a"
        assert short.line(found, "page: a", 80)[0] == f"{head}; page: a"

    def test_why_it_did_not_is_cut_where_it_is_a_text(self) -> None:
        found = card([case()], problems=["very " * 100])
        assert len(short.line(found, "page: a", 80)[0]) < 220

    @pytest.mark.parametrize("width", [40, 80, 200])
    def test_one_that_did_not_says_so_first(self, width: int) -> None:
        found = card([case(), case("bad", wer=0.9)], problems=["a", "b"])
        text, status = short.line(found, PLACE, width)
        assert text.startswith("modellab: NOT PASSED: 1 FAIL, 1 pass")
        assert text.endswith(PLACE)
        assert status is Status.FAIL

    def test_one_that_was_broken_off(self) -> None:
        text, _ = short.line(card([case()], partial="interrupted"), PLACE, 200)
        assert text == f"modellab: NOT PASSED: 1 pass; PARTIAL: interrupted; {PLACE}"

    def test_one_without_a_case(self) -> None:
        assert "nothing was measured" in short.line(card([]), PLACE, 200)[0]
        assert any(line.startswith("NOT PASSED: nothing was measured") for line in shown(card([])))

    def test_a_failing_test_of_a_case_that_was_not_run(self) -> None:
        failing = row(None, failed_tests=("test_x",))
        assert short.line(card([failing]), PLACE, 80)[1] is Status.FAIL


def test_a_failing_session_has_a_word_for_it_in_every_form() -> None:
    bad = row(record(wer=0.5, utterances=[utterance()]), limits=(WER,))
    for found in (card([bad]), card([case()], problems=["x"]), card([case()], partial="interrupted")):
        assert "NOT PASSED" in short.line(found, PLACE, 80)[0]
        assert any(line.startswith(("FAIL", "NOT PASSED", "PARTIAL")) for line in shown(found))
