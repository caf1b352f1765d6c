"""Figures compared with limits: what a verdict says, and what it counts as."""

import itertools
import math
import re
from collections.abc import Callable, Sequence

import pytest
from records import NO_SPEED, record, utterance

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.specs import LimitSpec
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.reports.explanation import explain
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Figure, Limit, Limits, Run, Status, Verdict, worst
from pytest_modellab.results.worst_utterances import worst_utterances

CASE = CaseRef(task="asr", model="tiny", device="cpu", dataset="talk")
BIDI, ANSI = "\u202egnihton", "\x1b[2J\x1b[31m"


def run_of(made: Record | None = None) -> Run:
    return Run(made or record(), "pytest test_asr.py", on_verdict=lambda verdict: None)


def limits(*specs: LimitSpec, case: CaseRef = CASE) -> Limits:
    for line, spec in enumerate(specs, 3):
        spec._origin = f"/home/fixtures/limits.yaml:{line}"
    return Limits(case, specs, lambda origin: origin.removeprefix("/home/"))


class TestComparisons:
    @pytest.mark.parametrize(
        ("verdict", "status"),
        [
            (lambda figure: figure <= 0.1, Status.PASS),
            (lambda figure: figure <= 0.09, Status.FAIL),
            (lambda figure: figure < 0.1, Status.FAIL),
            (lambda figure: figure < 0.11, Status.PASS),
            (lambda figure: figure >= 0.1, Status.PASS),
            (lambda figure: figure >= 0.11, Status.FAIL),
            (lambda figure: figure > 0.1, Status.FAIL),
            (lambda figure: figure > 0.09, Status.PASS),
            (lambda figure: figure <= 1, Status.PASS),
        ],
    )
    def test_a_figure_against_a_number(self, verdict: Callable[[Figure], Verdict], status: Status) -> None:
        assert verdict(run_of().wer).status is status

    def test_a_number_on_the_left(self) -> None:
        found: object = 0.05 >= run_of().wer  # noqa: SIM300
        assert isinstance(found, Verdict)
        assert (found.comparison, found.bound, found.status) == ("<=", 0.05, Status.FAIL)

    def test_a_figure_against_a_limit(self) -> None:
        found = run_of().wer <= limits(LimitSpec(metric="wer", max=0.15)).wer
        assert (found.status, found.bound, found.source) == (Status.PASS, 0.15, "fixtures/limits.yaml:3")

    def test_a_limit_on_the_left(self) -> None:
        found = limits(LimitSpec(metric="wer", max=0.05)).wer >= run_of().wer
        assert (found.status, found.comparison) == (Status.FAIL, "<=")

    def test_every_verdict_is_recorded_before_it_is_told(self) -> None:
        told: list[tuple[int, Verdict]] = []
        run = Run(record(), "", on_verdict=lambda verdict: told.append((len(run.verdicts), verdict)))
        found = [run.wer <= 0.05, run.rtf <= 1.0]
        assert run.verdicts == found
        assert told == [(1, found[0]), (2, found[1])]

    @pytest.mark.parametrize("comparison", ["==", "!="])
    def test_equality_is_refused(self, comparison: str) -> None:
        with pytest.raises(TypeError, match="compare wer with <, <=, > or >=: measured values are never exact"):
            eval(f"wer {comparison} 0.1", {"wer": run_of().wer})

    def test_another_metrics_limit_is_refused(self) -> None:
        with pytest.raises(TypeError, match="wer compared with a limit on cer"):
            run_of().wer <= limits(LimitSpec(metric="cer", max=0.1)).cer  # noqa: B015

    def test_a_limit_that_is_no_number_is_refused(self) -> None:
        run = run_of()
        with pytest.raises(ValueError, match="wer compared with nan"):
            run.wer <= math.nan  # noqa: B015
        assert run.verdicts == []

    def test_a_percentage_in_place_of_a_ratio_is_refused(self) -> None:
        run = run_of()
        with pytest.raises(ValueError, match=r"wer is a ratio: 0\.15 is 15 %, found 15"):
            run.wer <= 15  # noqa: B015
        assert run.verdicts == []
        assert run.wer <= 1  # all of it wrong: odd, but a ratio

    def test_an_unknown_metric_is_told_with_the_nearest(self) -> None:
        with pytest.raises(AttributeError, match="no metric `were`; did you mean `wer`"):
            limits().were  # noqa: B018
        with pytest.raises(KeyError, match="no metric `were`; did you mean `wer`"):
            run_of().figure("were")

    @pytest.mark.parametrize("value", [None, math.nan, math.inf])
    def test_a_missing_value_is_not_available_whatever_the_limit(self, value: float | None) -> None:
        for found in (run_of(record(wer=value)).wer <= 0.5, run_of(record(wer=value)).wer >= 0.5):
            assert found.status is Status.NOT_AVAILABLE

    def test_no_limit_is_not_available(self) -> None:
        found = run_of().wer <= limits(LimitSpec(metric="cer", max=0.1)).wer
        assert found.status is Status.NOT_AVAILABLE
        assert "no entry in limits.yaml gives wer a limit for this case" in str(found)


class TestLimits:
    def test_of_several_that_match_the_last_counts(self) -> None:
        found = limits(
            LimitSpec(metric="wer", max=0.1),
            LimitSpec(metric="wer", max=0.2, model="t*"),
            LimitSpec(metric="wer", max=0.3, model="base"),
            LimitSpec(metric="cer", max=0.4),
        )
        assert found.wer == Limit("wer", 0.2, "fixtures/limits.yaml:4")

    @pytest.mark.parametrize(
        ("globs", "applies"),
        [
            ({"model": "tiny", "device": "cpu", "dataset": "talk"}, True),
            ({"model": "t?n*"}, True),
            ({"model": "TINY"}, False),
            ({"model": "tin"}, False),
            ({"device": "cuda"}, False),
            ({"dataset": "*-en"}, False),
        ],
    )
    def test_all_globs_must_match_whole_names(self, globs: dict[str, str], applies: bool) -> None:
        found = limits(LimitSpec(metric="wer", max=0.1, **globs)).wer  # type: ignore[arg-type]
        assert (found.value == 0.1) is applies

    def test_the_gate_judges_every_limit_that_applies(self) -> None:
        gate = limits(
            LimitSpec(metric="success_rate", min=1.0),
            LimitSpec(metric="rtf", max=0.1),
            LimitSpec(metric="rtfx", min=2.0),
            LimitSpec(metric="wer", max=0.05, model="base"),
            LimitSpec(metric="cer", max=0.5),
        )
        found = {verdict.metric: (verdict.comparison, verdict.status) for verdict in gate.judge(record())}
        assert found == {
            "cer": ("<=", Status.PASS),
            "rtf": ("<=", Status.FAIL),
            "rtfx": (">=", Status.PASS),
            "success_rate": (">=", Status.PASS),
        }

    def test_the_gate_and_a_test_give_the_same_verdict(self) -> None:
        gate = limits(LimitSpec(metric="wer", max=0.05))
        assert gate.judge(record()) == [run_of().wer <= gate.wer]


class TestVerdict:
    @pytest.mark.parametrize("status", list(Status))
    def test_only_a_failure_is_false(self, status: Status) -> None:
        verdict = Verdict("asr/a:b:c", "wer", "<=", 0.1, 0.2, status, "test")
        assert bool(verdict) is (status is not Status.FAIL)

    def test_the_worst_of_several(self) -> None:
        order = [Status.PASS, Status.NOT_AVAILABLE, Status.WARN, Status.INCONCLUSIVE, Status.FAIL]
        for better, other in itertools.pairwise(order):
            assert worst([other, better, better]) is other
        assert worst([]) is None

    @pytest.mark.parametrize(
        ("verdict", "text"),
        [
            (
                run_of().wer <= limits(LimitSpec(metric="wer", max=0.05)).wer,
                "fail: WER 10.0 %, limit <= 5.0 % (fixtures/limits.yaml:3), over by 5 points",
            ),
            (run_of().wer <= 0.09999, "fail: WER 10.000 %, limit <= 9.999 % (test), over by 0.001 points"),
            (run_of().wer <= 0.1, "pass: WER 10.0 %, limit <= 10.0 % (test)"),
            (run_of().wer <= 0.15, "pass: WER 10.0 %, limit <= 15.0 % (test)"),
            (run_of().rtfx >= 8, "fail: RTFx 5.0 x, limit >= 8.0 x (test), under by 3.0 x"),
            (run_of().peak_rss_mb < 250, "fail: Peak memory 300 MB, limit < 250 MB (test), over by 50 MB"),
            (run_of().cer < 0.05, "fail: CER 5.0 %, limit < 5.0 % (test)"),
            (
                run_of(record(timing=NO_SPEED)).rtf <= 1,
                "not-available: RTF not available, limit <= 1.00 (test) - the machine was shared",
            ),
            (
                run_of().wer <= limits().wer,
                "not-available: WER 10.0 % - no entry in limits.yaml gives wer a limit for this case",
            ),
        ],
    )
    def test_its_text_says_figure_limit_and_gap(self, verdict: Verdict, text: str) -> None:
        assert str(verdict) == text

    def test_a_hostile_reason_does_not_reach_the_terminal(self) -> None:
        failed = record(wer=None, failure=Failure(kind="load", message=f"{ANSI}{BIDI}"))
        assert_harmless(str(run_of(failed).wer <= 0.1))


def assert_harmless(text: str) -> None:
    """Nothing in it that a terminal would obey."""
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text) is None


WRONG = record().utterances[0].parts["asr"].words.model_copy(update={"substitutions": 1})
SPOILED = utterance("bad", "red cat", "red hat", words=WRONG)
SILENT = utterance("silent", hypothesis=None, error=Failure(kind="timeout", message="no answer in 60 s"))


class TestExplain:
    def text(self, made: Record, metric: str = "wer", bound: float = 0.0) -> str:
        run = run_of(made)
        figure = run.figure(metric)
        return explain([figure <= bound if metric != "success_rate" else figure >= bound], made, run.rerun)

    def test_figure_limit_worst_utterances_aligned_and_command(self) -> None:
        assert self.text(record(utterances=[utterance(), SPOILED])).splitlines() == [
            "fail: WER 10.0 %, limit <= 0.0 % (test), over by 10 points",
            "worst of 2 utterances:",
            "",
            "  bad: 1 error in 4 words (S 1, D 0, I 0)",
            "    REF: red cat",
            "    HYP: red hat",
            "             S",
            "",
            "rerun: pytest test_asr.py",
        ]

    def test_an_utterance_without_an_answer_says_why(self) -> None:
        text = self.text(record(utterances=[SILENT, utterance()]), "success_rate", 1.0)
        assert "    no answer: timeout: no answer in 60 s" in text.splitlines()

    def test_utterances_do_not_explain_speed(self) -> None:
        assert "worst of" not in self.text(record(utterances=[SPOILED]), "rtf")

    def test_a_failed_load_is_the_explanation(self) -> None:
        detail = "\n".join(f"line {n}" for n in range(20))
        failed = record(failure=Failure(kind="load", message="no such library", detail=detail), utterances=[SILENT])
        lines = self.text(failed).splitlines()
        assert lines[1] == "the model failed: no such library"
        assert lines[2:10] == [f"    line {n}" for n in range(12, 20)]
        assert not any("worst of" in line for line in lines)

    @pytest.mark.parametrize(
        "made",
        [
            record(utterances=[utterance(f"id{ANSI}{BIDI}", "one", f"one{ANSI} {BIDI} \u2066", words=WRONG)]),
            record(utterances=[utterance(error=Failure(kind="exception", message=f"{ANSI}{BIDI}"), hypothesis=None)]),
            record(failure=Failure(kind="crash", message=f"{ANSI}{BIDI}", detail=f"{ANSI}\n{BIDI}\x9b31m")),
        ],
        ids=["transcript and id", "error", "failure"],
    )
    @pytest.mark.parametrize("name", ["none", "whisper-english"])
    def test_nothing_hostile_reaches_the_terminal(self, made: Record, name: str) -> None:
        plain = made.normalizer.model_copy(update={"name": name})
        assert_harmless(self.text(made.model_copy(update={"normalizer": plain})))

    def test_letters_of_other_scripts_do(self) -> None:
        spoken = "नमस्ते שלום 你好 مرحبا"
        spoiled = utterance("other", spoken, "hello", words=WRONG)
        made = record(utterances=[spoiled])
        plain = made.normalizer.model_copy(update={"name": "none"})
        text = self.text(made.model_copy(update={"normalizer": plain}))
        assert all(word in text for word in spoken.split())


def test_the_worst_utterances_are_failures_then_errors() -> None:
    made = record(utterances=[utterance(), SPOILED, SILENT])

    def names(found: Sequence[object]) -> list[str]:
        return [str(getattr(each, "id", "")) for each in found]

    assert names(worst_utterances(made, 3)) == ["silent", "bad"]
    assert names(worst_utterances(made, 1)) == ["silent"]
    assert names(run_of(made).worst(3)) == ["silent", "bad"]
