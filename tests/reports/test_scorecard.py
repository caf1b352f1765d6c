"""The scorecard: grades, what passes, what is recommended, and how it is shown."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from records import NO_SPEED, record, utterance
from rows import BANDS, NOISY, RTF, WER, exact, primary, row, spread, timing

from pytest_modellab.catalog.load import load
from pytest_modellab.catalog.profile_spec import ProfilesFile
from pytest_modellab.catalog.specs import LimitSpec
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.reports.scorecard.build import build, problems
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.grade import Grade, grade
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.reports.scorecard.terminal import render
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Limits, Run, Status, Verdict

HOSTILE = "\x1b[2J\x1b]0;title\x07\u202egnihton\r\x9b31m"


def verdict(made: Record, bound: float, metric: str = "wer") -> Verdict:
    return Run(made, "", on_verdict=lambda verdict: None).figure(metric) <= bound


class TestGrade:
    @pytest.mark.parametrize(
        ("wer", "rtf", "letter", "weakest"),
        [
            (0.01, 0.01, "A+", "wer"),
            (0.05, 0.05, "A+", "wer"),
            (0.051, 0.01, "A", "wer"),
            (0.01, 0.3, "B", "rtf"),
            (0.2, 0.01, "C", "wer"),
            (0.26, 0.01, "F", "wer"),
            (0.01, 1.5, "F", "rtf"),
        ],
    )
    def test_the_weakest_criterion_decides(self, wer: float, rtf: float, letter: str, weakest: str) -> None:
        found = grade(record(wer=wer, timing=timing(rtf)), BANDS)
        assert (found.letter, found.weakest) == (letter, weakest)

    def test_it_can_be_traced_to_figures_and_bands(self) -> None:
        found = grade(record(wer=0.3, timing=timing(0.2)), BANDS)
        assert [(c.metric, c.value, c.letter, c.bound) for c in found.criteria] == [
            ("wer", 0.3, "F", None),
            ("rtf", 0.2, "A", 0.2),
            ("success_rate", 1.0, "A+", 1.0),
        ]

    def test_higher_is_better_where_it_is(self) -> None:
        (one,) = record().utterances
        answers = [one.model_copy(update={"id": str(n)}) for n in range(1000)]
        made = record(wer=0.0, timing=timing(0.01), utterances=answers, answered=997)
        assert grade(made, BANDS).letter == "B"

    @pytest.mark.parametrize(
        ("made", "why"),
        [
            (record(timing=NO_SPEED), "rtf is not available: the machine was shared"),
            (record(wer=None), "wer is not available: no reference has a word left after normalisation"),
            (record(wer=0.0, timing=timing(0.01), limited_to=5), "only 5 utterances were asked for"),
        ],
    )
    def test_what_is_missing_is_never_graded(self, made: Record, why: str) -> None:
        found = grade(made, BANDS)
        assert (found.letter, found.why, str(found)) == (None, why, "-")

    def test_no_bands_no_grade(self) -> None:
        assert grade(record(), None) == Grade(letter=None, why="grades.yaml has no bands for asr")

    @pytest.mark.parametrize(
        ("words", "note"),
        [(4999, "4999 reference words, fewer than 5000"), (5000, None), (0, "0 reference words, fewer than 5000")],
    )
    def test_a_grade_on_few_words_is_provisional(self, words: int, note: str | None) -> None:
        found = grade(record(words=words), BANDS)
        assert found.provisional == ((note,) if note else ())
        assert str(found) == ("A (wer) *" if note else "A (wer)")


class TestRow:
    def test_a_run_within_its_limits_passes(self) -> None:
        found = row(record())
        assert (found.status, found.reason, found.measured, found.words) == (Status.PASS, "", True, 100)
        assert [(v.metric, v.asserted) for v in found.verdicts] == [("wer", False), ("rtf", False)]

    def test_the_gate_counts_where_no_test_asserted(self) -> None:
        found = row(record(wer=0.2))
        assert found.status is Status.FAIL
        assert found.reason == "WER 20.0 %, limit <= 15.0 % (limits.yaml:3)"

    def test_a_tests_own_number_counts_where_the_gate_passes(self) -> None:
        made = record()
        found = row(made, verdicts=(verdict(made, 0.05),), failed_tests=("t.py::t",))
        assert found.status is Status.FAIL
        assert found.reason == "WER 10.0 %, limit <= 5.0 % (test)"

    def test_a_verdict_of_gate_and_test_stands_once(self) -> None:
        made = record()
        limits = Limits(made.case, (WER,), lambda origin: "limits.yaml:3")
        found = row(made, limits=(WER,), verdicts=(Run(made, "", lambda verdict: None).wer <= limits.wer,))
        assert [(v.metric, v.asserted) for v in found.verdicts] == [("wer", True)]

    def test_a_test_that_failed_for_a_reason_of_its_own(self) -> None:
        found = row(record(), failed_tests=("t.py::a", "t.py::b"))
        assert (found.status, found.reason) == (Status.FAIL, "failed: t.py::a, t.py::b")

    def test_a_passing_test_does_not_outweigh_a_failing_gate(self) -> None:
        made = record(wer=0.2)
        assert row(made, verdicts=(verdict(made, 0.5),)).status is Status.FAIL

    def test_no_limit_and_no_test_is_no_pass(self) -> None:
        found = row(record(), limits=())
        assert found.status is Status.NOT_AVAILABLE
        assert found.reason == "nothing was judged: no limit applies and no test compared a value"

    def test_a_missing_figure_is_no_pass(self) -> None:
        found = row(record(timing=NO_SPEED))
        assert (found.status, found.reason) == (Status.NOT_AVAILABLE, "RTF: the machine was shared")

    def test_what_is_missing_for_one_reason_is_told_once(self) -> None:
        found = row(record(timing=NO_SPEED), limits=[RTF, LimitSpec(metric="latency_p50_s", max=2)])
        assert found.reason == "RTF; Latency p50: the machine was shared"

    def test_no_answer_at_all_fails_without_any_limit(self) -> None:
        found = row(record(answered=0), limits=())
        assert (found.status, found.reason) == (Status.FAIL, "no utterance was answered")

    def test_a_model_that_did_not_load_fails(self) -> None:
        found = row(record(wer=None, failure=Failure(kind="load", message="no such library")), limits=())
        assert (found.status, found.reason) == (Status.FAIL, "no such library")

    def test_a_warning_does_not_hide_what_is_in_doubt(self) -> None:
        warned = LimitSpec(metric="wer", max=0.15, warn=0.08)
        found = row(record(timing=timing(0.25)), limits=[warned, LimitSpec(metric="rtf", max=0.2)])
        assert [each.status for each in found.verdicts] == [Status.WARN, Status.INCONCLUSIVE]
        assert found.status is Status.INCONCLUSIVE
        assert found.reason.startswith("RTF 0.25, limit <= 0.20")

    @pytest.mark.parametrize(
        ("report", "status", "reason"),
        [
            ({"unavailable": "cuda: no NVIDIA driver found"}, Status.NOT_AVAILABLE, "cuda: no NVIDIA driver found"),
            ({"broken": "wrong digest"}, Status.FAIL, "wrong digest"),
            ({}, Status.NOT_AVAILABLE, "no test ran it"),
            ({"failed_tests": ("t.py::a",)}, Status.FAIL, "failed: t.py::a"),
        ],
    )
    def test_a_case_without_a_record(self, report: dict[str, Any], status: Status, reason: str) -> None:
        found = row(None, **report)
        assert (found.status, found.reason, found.measured, found.grade) == (status, reason, False, None)

    def test_it_is_the_same_under_every_hash_seed(self) -> None:
        code = (
            "from test_scorecard import row, record, verdict\n"
            "made = record()\n"
            "bounds = [0.01 * n for n in range(1, 9)]\n"
            "print(row(made, verdicts=tuple(verdict(made, b) for b in bounds)).model_dump_json())"
        )
        found = {
            subprocess.run(
                [sys.executable, "-c", code],
                cwd=Path(__file__).parent,
                env={"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(map(str, Path(__file__).parents[1:3]))},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for seed in ("1", "2")
        }
        assert len(found) == 1


def quiet(model: str, made_up: int = 0) -> Record:
    """A record of data in which nobody speaks. Its data set comes first in every list."""
    made = record(
        model,
        dataset="a-quiet",
        wer=None,
        cer=None,
        words=0,
        utterances=[utterance(reference="", hypothesis="you " * made_up)],
        figures={"insertions_per_min": made_up},
    )
    return made.model_copy(update={"parts": {"asr": made.parts["asr"].model_copy(update={"empty_references": 1})}})


INSERTIONS = LimitSpec(metric="insertions_per_min", max=5, dataset="a-quiet")


class TestWhereNobodySpeaks:
    LIMITS = (WER, RTF, INSERTIONS)

    def test_wer_is_not_missing(self) -> None:
        found = row(quiet("a"), limits=self.LIMITS)
        assert found.status is Status.PASS
        assert found.empty_references == 0
        assert found.grade == Grade(letter=None, why="no speech in this data set")

    def test_a_number_in_a_test_is_not_missing_either(self) -> None:
        assert row(quiet("a"), limits=self.LIMITS, verdicts=(verdict(quiet("a"), 0.5),)).status is Status.PASS

    def test_it_neither_wins_nor_blocks_a_recommendation(self) -> None:
        made = (quiet("a"), record("a"), quiet("b"), record("b", wer=0.09))
        rows = [row(each, limits=self.LIMITS) for each in made]
        rows[1::2] = map(exact, rows[1::2])
        assert primary(rows).text.startswith(
            "b on cpu: lowest WER of 2 that pass with a grade above F (WER 9.0 %, RTF 0.20)"
        )
        assert primary(rows[:3]).text.startswith("a on cpu: the only one that passes")
        assert primary(rows[::2]).text == "none: insufficient evidence: no case was graded"

    def test_but_making_things_up_does(self) -> None:
        rows = [
            row(made, limits=self.LIMITS) for made in (quiet("a"), record("a"), quiet("b", 6), record("b", wer=0.09))
        ]
        assert rows[2].reason == "Insertions 6.0 /min, limit <= 5.0 /min (limits.yaml:3)"
        assert primary(rows).text.startswith("a on cpu: the only one that passes")

    def test_ties_are_seen_past_it(self) -> None:
        rows = [
            row(made, limits=self.LIMITS)
            for made in (
                quiet("a"),
                spread(record("a"), 0.05, 0.2),
                quiet("b"),
                spread(record("b", wer=0.09), 0.04, 0.2),
            )
        ]
        assert "; not told apart from a by this many words" in primary(rows).text

    def test_it_takes_two_lines_of_the_screen(self) -> None:
        rows = [row(made, limits=self.LIMITS) for made in (quiet("a"), record("a"), quiet("b", 6), record("b"))]
        shown = [line for line, _ in render(build("s", rows, partial=None), "x.json", width=500)]
        assert "no grade for a:cpu:a-quiet, b:cpu:a-quiet: no speech in this data set" in shown
        assert "words written without speech (a-quiet): a on cpu 0.0 /min, b on cpu 6.0 /min" in shown
        assert not any("after normalisation" in line for line in shown)


def test_parts_that_stand_out_are_named_on_one_line() -> None:
    made = row(record()).model_copy(update={"standing_out": tuple(f"speaker {n} 40.0 % [30, 50]" for n in range(5))})
    shown = [line for line, _ in render(build("s", [made], partial=None), "x.json", width=500)]
    (line,) = [line for line in shown if line.startswith("worse")]
    assert line.startswith("worse than the rest of tiny:cpu:talk (10.0 %): speaker 0 40.0 % [30, 50], speaker 1 ")
    assert line.endswith(" and 2 more")


class TestProblems:
    def test_a_session_that_measured_and_passed_has_none(self) -> None:
        assert problems([row(record())], ["tiny:*"]) == []

    def test_nothing_measured(self) -> None:
        assert problems([row(None, unavailable="no driver")], []) == [
            "nothing was measured: every case is not available, skipped or broken: no driver"
        ]

    def test_a_required_case_that_is_missing(self) -> None:
        rows = [row(record()), row(None, unavailable="no driver")]
        assert problems(rows, ["tiny:cpu:*", "base:*"]) == ["required case `base:*` was not measured"]

    def test_being_planned_is_not_being_measured(self) -> None:
        found = problems([row(None, unavailable="no driver")], ["tiny:cpu:talk"])
        assert "required case `tiny:cpu:talk` was not measured" in found

    def test_a_gate_that_fails_though_no_test_did(self) -> None:
        (found,) = problems([row(record(wer=0.2))], [])
        assert found == (
            "asr/tiny:cpu:talk fails its gate though no test failed: WER 20.0 %, limit <= 15.0 % (limits.yaml:3)"
        )

    def test_a_gate_that_fails_with_its_test_is_told_by_the_test(self) -> None:
        assert problems([row(record(wer=0.2), failed_tests=("t.py::t",))], []) == []


def shown(rows: Sequence[Row], partial: str | None = None) -> list[str]:
    card = build("s", rows, partial=partial)
    assert Scorecard.model_validate_json(card.model_dump_json(by_alias=True)) == card
    return [line for line, _ in render(card, "reports/scorecard.json", width=500)]


class TestTerminal:
    def test_one_row(self) -> None:
        lines = shown([row(record(words=6000))])
        assert re.sub(r" +", " ", lines[2]) == "tiny cpu talk 10.0 % [n/a] 5.0 % 0.20 2.00 s 300 MB A (wer) pass"
        assert lines[3:] == [
            "[n/a] no interval: fewer than 5 utterances",
            "primary ASR, fast ASR, small footprint: tiny on cpu, the only one that qualifies",
            "details: reports/scorecard.json",
        ]

    def test_two_rows_with_what_is_wrong(self) -> None:
        lines = shown([row(record("a")), row(record("b", wer=0.2, timing=NO_SPEED))])
        assert "n/a" in lines[3]
        assert "fail b:cpu:talk: WER 20.0 %, limit <= 15.0 % (limits.yaml:3)" in lines
        assert "* provisional grade: 100 reference words, fewer than 5000" in lines
        assert "no grade for b:cpu:talk: rtf is not available: the machine was shared" in lines

    def test_noise_is_told_of_the_cases_it_was_seen_in(self) -> None:
        lines = shown([row(record(name, timing=NOISY)) for name in ("a", "b")] + [row(record("c"))])
        (line,) = [line for line in lines if line.startswith("~")]
        assert line == (
            "~ timed on a noisy machine: a:cpu:talk, b:cpu:talk: others used 30% of the processors (bound 10%)"
        )

    def test_one_is_told_in_the_singular(self) -> None:
        one = record(limited_to=1, words=1, timing=timing(0.01))
        found = row(one).model_copy(update={"odd_recordings": 1, "empty_references": 1})
        lines = shown([found])
        assert "no grade for tiny:cpu:talk: only 1 utterance was asked for" in lines
        assert "1 odd recording in talk: modellab data check talk" in lines
        assert "1 reference in talk without a word after normalization: words in the answers count as errors" in lines
        assert grade(record(words=1), BANDS).provisional == ("1 reference word, fewer than 5000",)

    def test_no_row_measured(self) -> None:
        assert shown([row(None, unavailable="cuda: no NVIDIA driver found\nsee nvidia-smi")]) == [
            "not-available: tiny:cpu:talk: cuda: no NVIDIA driver found",
            "    see nvidia-smi",
            "primary ASR, fast ASR, small footprint: none: insufficient evidence: no case was graded",
            "NOT PASSED: nothing was measured: every case is not available, skipped or broken: cuda: no NVIDIA driver"
            " found; see nvidia-smi",
            "details: reports/scorecard.json",
        ]

    def test_a_session_that_stopped_says_so_first(self) -> None:
        assert shown([row(record())], partial="interrupted")[0] == "PARTIAL: interrupted"

    def test_a_line_for_each_choice(self) -> None:
        small = record("a", words=6000, timing=timing(0.5))
        lines = shown([row(small), row(record("b", wer=0.09, words=6000)), row(record("c", wer=0.2))])
        assert [line for line in lines if " on cpu, " in line] == [
            "primary ASR: b on cpu, lowest RTF 0.20 of 2 not told apart by WER (9.0 %)",
            "fast ASR: b on cpu, lowest RTF 0.20 of 2",
            "small footprint: a on cpu, Peak memory 300 MB, a tie with b",
        ]

    def test_one_line_for_all_use_cases(self) -> None:
        made = [record(name, dataset="smoke-en", wer=wer, words=2000) for name, wer in (("a", 0.1), ("b", 0.2))]
        rows = [row(each) for each in made]
        profiles = load(Path(__file__).parents[2] / "fixtures").profiles
        lines = [line for line, _ in render(build("s", rows, partial=None, profiles=profiles), "x.json")]
        assert "use cases: voice notes a on cpu *; none for call centre" in lines

    def test_what_a_star_of_a_choice_means_is_told_where_no_grade_has_one(self) -> None:
        rows = [row(spread(record("a", words=6000), 0.08, 0.13), limits=[RTF])]
        wanted = {"title": "notes", "why": "w", "require": {"asr": {"wer": 0.12}}, "prefer": ["asr.wer"]}
        profiles = ProfilesFile.model_validate({"schema": "modellab.profiles/1", "use_cases": {"notes": wanted}})
        lines = [line for line, _ in render(build("s", rows, partial=None, profiles=profiles), "x.json")]
        assert "use cases: notes a on cpu *" in lines
        assert "* provisional choice: WER on talk may be beyond 12.0 %" in lines

    def test_few_words_stand_before_the_noise(self) -> None:
        rows = [row(record("a", timing=NOISY)), row(record("b", dataset="long", words=6000, timing=NOISY))]
        shown_below = "* provisional grade: 60 to 100 reference words, fewer than 5000; timed on a noisy machine"
        assert shown_below in shown([*rows, row(record("c", words=60))])

    def test_lines_are_coloured_by_status(self) -> None:
        card = build("s", [row(record("a")), row(record("b", wer=0.2))], partial=None)
        statuses = [status for line, status in render(card, "x") if line.startswith(("a ", "b ", "fail "))]
        assert statuses == [Status.PASS, Status.FAIL, Status.FAIL]

    @pytest.mark.parametrize("count", [0, 1, 2])
    def test_it_fits_on_one_screen(self, count: int) -> None:
        rows = [row(record(f"model-{n}", wer=0.2)) for n in range(count)]
        rows += [row(None, unavailable="no driver") for _ in range(6)]
        lines = shown(rows)
        assert len(lines) <= 24
        assert all("\n" not in line for line in lines)

    @pytest.mark.parametrize(
        "hostile",
        [
            row(None, broken=f"{HOSTILE}\n{HOSTILE}"),
            row(None, unavailable=HOSTILE),
            row(record(wer=None, timing=NO_SPEED, failure=Failure(kind="crash", message=f"a\nb{HOSTILE}"))),
        ],
        ids=["broken", "unavailable", "failure"],
    )
    def test_nothing_hostile_reaches_the_terminal(self, hostile: Row) -> None:
        for line in shown([hostile]):
            assert re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line) is None
