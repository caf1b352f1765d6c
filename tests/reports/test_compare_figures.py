"""Figures compared with each other, on records made for it: times, shares, many at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from records import HARDWARE, NO_SPEED, TIMING
from shelf import made

from pytest_modellab.cli import main
from pytest_modellab.core.schema_base import Edits, Failure
from pytest_modellab.core.stats.regression import DEFAULT
from pytest_modellab.reports.comparison import cases, statistics
from pytest_modellab.reports.comparison.compare import compare, corrected
from pytest_modellab.reports.comparison.parts import KEPT_UTTERANCES, Compared, MetricChange
from pytest_modellab.reports.comparison.sides import PastRecords, SideError
from pytest_modellab.results import record_files as stored
from pytest_modellab.results.baseline import Baseline, BaselineAnswer, Head, of
from pytest_modellab.results.record import Record
from pytest_modellab.results.values import valued
from pytest_modellab.tasks.asr.record import Transcript

Output = pytest.CaptureFixture[str]


def changes(before: Record, after: Record) -> dict[str, MetricChange]:
    return {each.metric: each for each in cases.of_records(before, after, CONTEXT)}


CONTEXT = cases.Context("b", 4000, lambda case: DEFAULT)


def timed(count: int, slow: int = 0) -> Record:
    """So many calls of some 0.2 s, of which the last `slow` took five times as long."""
    one = made(count)
    rows = [
        each.model_copy(
            update={"processing_s": (each.processing_s or 0) * (5 if i >= count - slow else 1) * (1 + i / 9e3)}
        )
        for i, each in enumerate(one.utterances)
    ]
    return valued(one.model_copy(update={"utterances": tuple(rows)}))


def noisy(one: Record) -> Record:
    return one.model_copy(update={"timing": one.timing.model_copy(update={"noisy": "others were busy"})})


class TestTimes:
    def test_slower_beyond_the_tripwire(self) -> None:
        found = changes(made(), made(seconds=0.4))["rtf"]
        assert (found.outcome, found.kind) == ("worse", "ratio")
        assert found.change == pytest.approx(2)
        assert found.p is not None
        assert found.p < 0.001

    def test_a_few_milliseconds_are_not_told_apart(self) -> None:
        found = changes(made(seconds=0.001), made(seconds=0.009))["rtf"]
        assert (found.outcome, found.why) == ("not told apart", "calls differ by 10 ms at most")

    def test_a_fifth_slower_is_not_told_apart(self) -> None:
        assert changes(made(), made(seconds=0.24))["rtf"].outcome == "not told apart"

    def test_a_noisy_record_is_never_called_slower(self) -> None:
        found = changes(made(), noisy(made(seconds=0.9)))["rtf"]
        assert found.outcome == "not told apart"
        assert "the machine was noisy: others were busy" in found.why

    def test_nor_is_one_called_quicker_than_a_noisy_one(self) -> None:
        assert changes(noisy(made(seconds=0.9)), made())["rtf"].outcome == "not told apart"
        assert changes(made(seconds=0.9), noisy(made()))["rtf"].outcome == "better"

    def test_other_hardware_and_no_times_are_not_compared(self) -> None:
        other = made()
        origin = other.provenance.model_copy(update={"hardware": {**HARDWARE, "cores": 16}})
        found = changes(made(), other.model_copy(update={"provenance": origin}))["rtf"]
        assert (found.outcome, found.why) == ("not compared", "the two ran on other hardware: 2 cores, then 16")
        found = changes(made(), made(timing=NO_SPEED))["rtf"]
        assert found.outcome == "not compared"
        assert "the machine was shared" in found.why


class TestPercentiles:
    """A 95th percentile is compared by its intervals, which take 72 calls."""

    def test_slower_beyond_the_tripwire(self) -> None:
        found = changes(timed(200), timed(200, slow=40))["latency_p95_s"]
        assert (found.outcome, found.kind, found.family, found.method) == (
            "worse",
            "ratio",
            "time",
            statistics.QUANTILES,
        )
        assert found.change == pytest.approx(5, rel=0.05)
        assert found.low is not None
        assert found.low > 1.3
        assert found.counted

    def test_as_quick_it_is_not_told_apart(self) -> None:
        found = changes(timed(200), timed(200, slow=3))["latency_p95_s"]
        assert found.outcome == "not told apart"

    def test_of_few_calls_it_says_that_it_cannot_be(self) -> None:
        found = changes(timed(40), timed(40, slow=9))["latency_p95_s"]
        assert (found.outcome, found.why) == ("not compared", "too few were timed for an interval on both sides")

    def test_noise_excuses_the_side_it_was_on(self) -> None:
        found = changes(timed(200), noisy(timed(200, slow=40)))["latency_p95_s"]
        assert (found.outcome, found.counted) == ("not told apart", False)


class TestWhatIsNotTested:
    def test_a_metric_that_is_never_compared_says_why(self) -> None:
        found = cases.never_compared(made(), made(wrong=3))
        assert found["rtfx"] == "it is the inverse of RTF"
        assert found["latency_p50_s"] == "RTF tells the same"
        assert found["cer"] == "WER tells the same"
        assert found["length_deviation"] == "a distance from 1, above or below, has no test"
        assert "wer" not in found
        assert "worst_slice_wer" not in found  # neither side has it

    def test_the_terminal_tells_those_of_one_reason_together(self, tmp_path: Path, capsys: Output) -> None:
        for name in ("before", "after"):
            stored.write(made(), tmp_path / name)
        assert main(["compare", str(tmp_path / "before"), str(tmp_path / "after")]) == 0
        out = capsys.readouterr().out
        assert "\nnever compared\n  CER: WER tells the same\n  RTFx: it is the inverse of RTF\n" in out

    def test_what_is_measured_once_is_held_against_what_runs_differ_by(self) -> None:
        slow = made(timing=TIMING.model_copy(update={"load_s": 2.5, "clip5_s": 1.4}))
        found = {each.metric: each.large for each in cases.singles(made(), slow, "b")}
        assert (found["load_s"], found["clip5_s"], found["first_call_s"], found["peak_rss_mb"]) == (
            *(False, True, False, False),
        )


class TestShares:
    def test_failures_count_against_the_success_rate(self) -> None:
        before = made()
        broken = [
            each.model_copy(update={"error": Failure(kind="crash", message="gone"), "hypothesis": None})
            if i < 12
            else each
            for i, each in enumerate(before.utterances)
        ]
        found = changes(before, before.model_copy(update={"utterances": tuple(broken)}))
        assert found["success_rate"].outcome == "worse"
        assert found["success_rate"].change == pytest.approx(-0.4)
        assert found["wer"].outcome == "worse"

    def test_words_put_into_silence_are_per_minute(self) -> None:
        def silent(words: int) -> Record:
            one = made()
            made_up = Edits(substitutions=0, deletions=0, insertions=words, hits=0)
            quiet = [
                each.model_copy(
                    update={"reference": "", "parts": {"asr": Transcript(words=made_up, characters=made_up)}}
                )
                for each in one.utterances
            ]
            summary = one.summary.model_copy(update={"spoken": 0})
            return one.model_copy(update={"utterances": tuple(quiet), "summary": summary})

        found = changes(silent(0), silent(2))["insertions_per_min"]
        assert (found.before, found.after, found.change) == (0, 120, 120)
        assert found.outcome == "worse"
        assert "wer" not in changes(silent(0), silent(2))


class TestCorrection:
    def side(self, tmp_path: Path, name: str, wrong: dict[str, int]) -> Path:
        folder = tmp_path / name
        for model, count in wrong.items():
            stored.write(made(wrong=count, model=model), folder)
        return folder

    def compared(self, tmp_path: Path, wrong: dict[str, int]) -> Compared:
        past = PastRecords(tmp_path, tmp_path)
        before = self.side(tmp_path, "before", dict.fromkeys(wrong, 0))
        after = self.side(tmp_path, "after", wrong)
        return compare([past.side(str(before)), past.side(str(after))])

    def test_one_small_change_alone_is_told(self, tmp_path: Path) -> None:
        found = self.compared(tmp_path, {"a": 7, "b": 0, "c": 0})
        assert [each.key for each in found.of("worse")] == ["asr/a:cpu:talk"]
        # Figures that are equal in every utterance can't be wrong by chance.
        assert found.tests == 1

    def test_among_many_it_is_not(self, tmp_path: Path) -> None:
        found = self.compared(tmp_path, {f"m{i}": 7 for i in range(7)} | {"same": 0})
        assert (found.tests, found.families) == (7, {"error rate": 7})
        assert found.of("worse") == []
        # Beyond the tolerance it isn't said to be no change either.
        assert "among 7 error rates that differ" in found.of("inconclusive")[0].why

    def test_the_worst_comes_first(self, tmp_path: Path) -> None:
        found = self.compared(tmp_path, {"a": 12, "b": 25, "c": 15})
        assert [each.case.model for each in found.of("worse")] == ["b", "c", "a"]

    def test_utterances_with_more_errors_are_all_counted_though_few_are_kept(self, tmp_path: Path) -> None:
        (worse,) = self.compared(tmp_path, {"b": 25}).of("worse")
        assert (worse.worse_count, len(worse.worse), worse.better_count) == (25, KEPT_UTTERANCES, 0)


class TestOneAnswer:
    """Whatever a run is compared with, its error rate comes to the same."""

    def test_what_else_was_measured_makes_no_error_rate_harder_to_tell(self) -> None:
        before, after = made(), noisy(made(wrong=6, seconds=0.9))
        whole, _ = corrected(list(cases.of_records(before, after, CONTEXT)))
        alone, _ = corrected(list(cases.of_answers(of(before), after, CONTEXT)))
        assert [each.outcome for each in whole if each.metric == "wer"] == ["worse"]
        assert [each.p for each in whole if each.metric == "wer"] == [each.p for each in alone]
        assert [each.outcome for each in alone] == ["worse"]

    def test_what_noise_keeps_from_being_judged_is_no_test(self) -> None:
        slower = next(
            each for each in cases.of_records(made(), noisy(made(seconds=0.9)), CONTEXT) if each.metric == "rtf"
        )
        assert (slower.outcome, slower.counted, slower.family) == ("not told apart", False, "time")

    def test_what_is_beyond_doubt_counts_though_its_p_value_is_0(self) -> None:
        (slower,) = [each for each in cases.of_records(made(), made(seconds=0.4), CONTEXT) if each.metric == "rtf"]
        (kept,), _ = corrected([slower.model_copy(update={"p": 0.0})])
        assert kept.outcome == "worse"

    def test_a_few_clips_that_are_all_wrong_come_first(self, tmp_path: Path) -> None:
        for name, wrong in (("before", 0), ("after", 5)):
            stored.write(made(5, wrong=wrong), tmp_path / name)
            stored.write(made(30, wrong=wrong, model="other"), tmp_path / name)
        past = PastRecords(tmp_path, tmp_path)
        found = compare([past.side(str(tmp_path / name)) for name in ("before", "after")])
        assert found.changes[0].key == "asr/tiny:cpu:talk"
        assert (found.changes[0].outcome, found.changes[0].certain) == ("worse", True)
        assert not found.good


@pytest.mark.parametrize("loaded", [{"int8_operators": True}, {"compute_type": "float32"}])
def test_int8_answers_of_another_processor_are_told(loaded: dict[str, bool | str], tmp_path: Path) -> None:
    for name, sets in (("before", ["avx"]), ("after", ["avx", "avx2"])):
        one = made().model_copy(update={"loaded": loaded})
        hardware = {**one.provenance.hardware, "instruction_sets": sets}
        origin = one.provenance.model_copy(update={"hardware": hardware})
        stored.write(one.model_copy(update={"provenance": origin}), tmp_path / name)
    past = PastRecords(tmp_path, tmp_path)
    found = compare([past.side(str(tmp_path / name)) for name in ("before", "after")])
    told = "hardware, on which the model's int8 kernels may answer otherwise: instruction sets avx, here avx, avx2"
    assert found.pairs[0].inputs == ((told,) if "int8_operators" in loaded else ())


def test_other_normalizer_versions_are_scored_again(tmp_path: Path) -> None:
    old = made()
    old = old.model_copy(update={"normalizer": old.normalizer.model_copy(update={"version": "0.0.1"})})
    stored.write(old, tmp_path / "before")
    stored.write(made(wrong=20), tmp_path / "after")
    past = PastRecords(tmp_path, tmp_path)
    found = compare([past.side(str(tmp_path / name)) for name in ("before", "after")])
    assert found.pairs[0].rescored.startswith("modellab 1 ")
    assert found.of("worse")[0].after == pytest.approx(20 / 120)


def test_a_folder_without_records_names_itself(tmp_path: Path) -> None:
    with pytest.raises(SideError, match="no folder of reports"):
        PastRecords(tmp_path, tmp_path).side(str(tmp_path))


def test_too_few_utterances_cannot_show_a_change() -> None:
    one = made(1)
    head = Head(
        case=one.case, dataset="d", commit=None, created="2026", normalizer="whisper-english", wer=None, hardware={}
    )
    before = Baseline(head, (BaselineAnswer(id="0", reference="red green blue grey", hypothesis="red"),))
    (found,) = cases.of_answers(before, one, CONTEXT)
    assert found.outcome == "inconclusive"
    assert found.why == "1 utterance can't show any change: it takes at least 5"


def test_the_json_names_its_schema(tmp_path: Path, capsys: Output) -> None:
    stored.write(made(), tmp_path / "reports")
    assert main(["compare", "newest", "--format", "json", "--reports", str(tmp_path / "reports")]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "modellab.comparison/1"
