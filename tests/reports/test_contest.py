"""Comparisons of two candidates by one metric."""

from __future__ import annotations

import pytest
from duels import measured, table
from records import HARDWARE, record
from rows import RTF, exact, row, timing

from pytest_modellab.core.schema_base import Range
from pytest_modellab.reports.scorecard.candidate import Candidate
from pytest_modellab.reports.scorecard.contest import MACHINES, MISSING, NO_DATA, Contest, Told
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.results.record import Record

GOOD = [0, 1] * 20
WORSE = [1, 1] * 20


def candidates(*records: Record) -> tuple[list[Candidate], Contest]:
    rows, contest = table(records, [RTF])
    return sides(rows), contest


def sides(rows: list[Row]) -> list[Candidate]:
    models = dict.fromkeys(each.case.model for each in rows)
    return [Candidate(name, "cpu", {"asr": [each for each in rows if each.case.model == name]}) for name in models]


def told(*records: Record, named: str = "asr.wer") -> Told:
    (one, other), contest = candidates(*records)
    return contest.compare(one, other, named)


class TestAnswers:
    def test_errors_are_compared_utterance_by_utterance(self) -> None:
        found = told(measured("a", "talk", GOOD), measured("b", "talk", WORSE))
        assert found.better == 1
        assert found.gap == pytest.approx(-0.05)
        assert found.low is not None
        assert found.high is not None
        assert found.low < -0.05 < found.high < 0

    def test_it_is_the_same_from_the_other_side(self) -> None:
        (one, other), contest = candidates(measured("a", "talk", GOOD), measured("b", "talk", WORSE))
        assert contest.compare(other, one, "asr.wer") == contest.compare(one, other, "asr.wer").turned()
        assert contest.beats(one, other, "asr.wer")
        assert not contest.beats(other, one, "asr.wer")
        assert not contest.beats(one, one, "asr.wer")

    def test_a_pair_tells_more_than_two_overlapping_intervals(self) -> None:
        # One more error in every tenth utterance: the intervals of the two overlap by far.
        harder = [wrong + (i % 10 == 0) for i, wrong in enumerate([0, 4] * 40)]
        one, other = measured("a", "talk", [0, 4] * 40), measured("b", "talk", harder)
        first, second = one.interval("wer"), other.interval("wer")
        assert first is not None
        assert second is not None
        assert first.high > second.low
        assert told(one, other).better == 1

    def test_few_changes_tell_nothing_apart_and_how_many_would(self) -> None:
        found = told(measured("a", "talk", [0] * 40), measured("b", "talk", [1] + [0] * 39))
        assert found.better == 0
        assert found.factor is not None
        assert found.factor > 1

    def test_only_what_both_answered_counts(self) -> None:
        one = [measured("a", "easy", GOOD), measured("a", "hard", [9] * 40)]
        found = told(*one, measured("b", "easy", WORSE))
        assert found.better == 1
        assert told(measured("a", "easy", GOOD), measured("b", "hard", GOOD)) == Told(why=NO_DATA)

    def test_several_data_sets_are_one(self) -> None:
        made = [measured("a", name, [0, 0, 1]) for name in ("x", "y", "z")]
        made += [measured("b", name, [1, 1, 1]) for name in ("x", "y", "z")]
        assert told(made[0], made[3]).better == 0  # three utterances show nothing
        assert told(*made).better == 1

    def test_words_and_characters_weigh_the_same(self) -> None:
        rows, contest = table([measured(name, data, errors) for name, data, errors in (
            ("a", "en", [2] * 10), ("a", "ja", [0] * 40), ("b", "en", [0] * 10), ("b", "ja", [2] * 40),
        )], [RTF])  # fmt: skip
        mixed = [
            each.model_copy(update={"error_metric": "cer", "figures": {**each.figures, "cer": 0.1}})
            if each.case.dataset == "ja"
            else each
            for each in rows
        ]
        one, other = sides(mixed)
        gap = contest.compare(one, other, "asr.wer").gap
        assert gap is not None
        assert gap == pytest.approx(0.1)  # half of the 20 points between the two in English

    def test_where_higher_is_better(self) -> None:
        def lost(model: str, count: int) -> Record:
            made = measured(model, "talk", [0] * 40)
            error = {"error": {"kind": "exception", "message": "m"}}
            told = [each.model_copy(update=error if i < count else {}) for i, each in enumerate(made.utterances)]
            return made.model_copy(update={"utterances": tuple(told)})

        found = told(lost("a", 20), lost("b", 0), named="asr.success_rate")
        assert (found.better, found.gap) == (-1, 0.5)
        assert told(lost("a", 0), lost("b", 20), named="asr.success_rate").better == 1


class TestTimes:
    def test_times_differ_beyond_the_noise_that_they_have(self) -> None:
        one, near, far = (measured(name, "talk", GOOD, rtf) for name, rtf in (("a", 0.2), ("b", 0.25), ("c", 0.4)))
        assert told(one, near, named="asr.rtf").better == 0
        found = told(one, far, named="asr.rtf")
        assert found.better == 1
        assert found.gap == pytest.approx(-0.2)
        assert found.high is not None
        assert found.high < 0
        assert told(far, one, named="asr.rtf").better == -1

    def test_not_where_calls_differ_by_milliseconds(self) -> None:
        one, other = (measured(name, "talk", GOOD, rtf) for name, rtf in (("a", 0.002), ("b", 0.004)))
        assert told(one, other, named="asr.rtf").better == 0

    def test_a_median_by_its_calls_and_a_percentile_by_its_interval(self) -> None:
        one, other = (measured(name, "talk", GOOD, rtf) for name, rtf in (("a", 0.2), ("b", 0.5)))
        assert told(one, other, named="asr.latency_p50_s").better == 1

    def test_a_percentile_of_few_calls_by_its_value_beyond_the_noise(self) -> None:
        one, near, far = (measured(name, "talk", GOOD, rtf) for name, rtf in (("a", 0.2), ("b", 0.25), ("c", 0.5)))
        assert told(one, far, named="asr.latency_p95_s").better == 1
        assert told(one, near, named="asr.latency_p95_s").better == 0

    def test_times_of_two_machines_are_not_compared(self) -> None:
        rows, contest = table([measured("a", "talk", GOOD), measured("b", "talk", GOOD, 0.9)], [RTF])
        rows[0] = rows[0].model_copy(update={"hardware": {**HARDWARE, "cores": 16}})
        one, other = sides(rows)
        assert contest.compare(one, other, "asr.rtf") == Told(why=MACHINES)
        assert contest.compare(one, other, "asr.wer").why == ""


class TestByRows:
    """Without records: by the intervals, or by what was measured once."""

    def compare(self, one: Row, other: Row, named: str = "asr.wer") -> Told:
        first, second = sides([one, other])
        return Contest().compare(first, second, named)

    def test_by_the_intervals(self) -> None:
        one, other = (exact(row(record(name, wer=wer))) for name, wer in (("a", 0.10), ("b", 0.11)))
        assert self.compare(one, other).better == 1
        blunt = other.model_copy(update={"intervals": {"wer": Range(low=0.05, high=0.2, method="m", clusters=9,
                                                                   conditional="")}})  # fmt: skip
        assert self.compare(one, blunt).better == 0

    def test_without_an_interval_nothing_is_told_apart(self) -> None:
        assert self.compare(row(record("a", wer=0.01)), row(record("b", wer=0.14))).better == 0

    def test_what_is_measured_once_beyond_its_spread(self) -> None:
        one, other = row(record("a")), row(record("b"))
        near = other.model_copy(update={"figures": {**other.figures, "peak_rss_mb": 310.0}})
        far = other.model_copy(update={"figures": {**other.figures, "peak_rss_mb": 600.0}})
        assert self.compare(one, near, "asr.peak_rss_mb").better == 0
        assert self.compare(one, far, "asr.peak_rss_mb").better == 1
        assert self.compare(one.model_copy(update={"figures": {}}), far, "asr.peak_rss_mb") == Told(why=MISSING)

    def test_times_by_their_intervals_beyond_the_noise(self) -> None:
        one, far = (exact(row(record(name, timing=timing(rtf)))) for name, rtf in (("a", 0.2), ("b", 0.5)))
        found = self.compare(one, far, "asr.rtf")
        assert found.better == 1
        assert found.gap == pytest.approx(-0.3)
        assert found.high is not None
        assert found.high < 0
        bare, slow = (each.model_copy(update={"intervals": {}}) for each in (one, far))
        assert self.compare(bare, slow, "asr.rtf").better == 1

    def test_a_figure_without_a_test_or_a_spread_tells_nothing_apart(self) -> None:
        one, other = row(record("a")), row(record("b"))
        worse = other.model_copy(update={"figures": {**other.figures, "worst_slice_wer": 0.9}})
        better = one.model_copy(update={"figures": {**one.figures, "worst_slice_wer": 0.1}})
        assert self.compare(better, worse, "asr.worst_slice_wer").better == 0

    def test_of_several_data_sets_gaps_and_widths_add_up(self) -> None:
        made = [
            exact(row(record(name, dataset=data, wer=wer, words=words)))
            for name, data, wer, words in (
                ("a", "x", 0.01, 10), ("a", "y", 0.10, 990), ("b", "x", 0.05, 10), ("b", "y", 0.08, 990),
            )
        ]  # fmt: skip
        one, other = sides(made)
        found = Contest().compare(one, other, "asr.wer")
        assert found.better == -1
        assert found.gap == pytest.approx(0.0194)
        bare = [each.model_copy(update={"intervals": {}}) for each in made]
        one, other = sides(bare)
        assert Contest().compare(one, other, "asr.wer").better == 0
