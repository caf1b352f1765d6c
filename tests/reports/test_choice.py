"""The choice among models: tests, ties, data that not all were measured on, and how much of it is enough."""

from __future__ import annotations

from typing import Any

import pytest
from duels import chosen, measured
from rows import RTF

from pytest_modellab.reports.scorecard.recommendation import Recommendation
from pytest_modellab.results.record import Record

GOOD = [0, 1] * 20
WORSE = [1, 1] * 20
BAD = [4, 4] * 20


def named(found: Recommendation) -> str | None:
    return None if found.case is None else found.case.model


def choice(*records: Record, **spec: Any) -> Recommendation:
    return chosen(records, [RTF], **spec)


class TestTies:
    def test_a_test_decides_whatever_comes_after(self) -> None:
        found = choice(measured("a", "talk", GOOD, 0.5), measured("b", "talk", WORSE, 0.05))
        assert (named(found), found.ties) == ("a", ())
        assert found.brief == "lowest WER 5.0 % of 2"

    def test_what_no_test_tells_apart_goes_by_the_next_preference(self) -> None:
        one_more = [1, 1, *GOOD[2:]]
        found = choice(measured("a", "talk", GOOD, 0.5), measured("b", "talk", one_more, 0.1))
        assert (named(found), found.ties) == ("b", ())
        assert found.brief == "lowest RTF 0.10 of 2 not told apart by WER (5.2 %)"

    def test_never_by_the_last_decimal(self) -> None:
        found = choice(measured("a", "talk", GOOD, 0.2), measured("b", "talk", GOOD, 0.199))
        assert {named(found), *found.ties} == {"a", "b"}
        assert found.text.startswith(
            "b on cpu: a tie of the 2 that pass with a grade above F, not told apart by WER or"
        )

    def test_a_tie_among_more(self) -> None:
        found = choice(*(measured(name, "talk", errors) for name, errors in (("a", GOOD), ("b", GOOD), ("c", WORSE))))
        assert found.ties == ("b",)
        assert "a tie of 2 of 3 that pass" in found.text
        assert found.brief == "WER 5.0 %"

    def test_in_a_circle_nobody_is_recommended(self) -> None:
        found = choice(
            measured("a", "x", GOOD), measured("b", "x", WORSE),
            measured("b", "y", GOOD), measured("c", "y", WORSE),
            measured("c", "z", GOOD), measured("a", "z", WORSE),
        )  # fmt: skip
        assert (named(found), found.brief) == (
            None,
            "of 3 that pass with a grade above F each is beaten by another one, on the data that the two share",
        )


class TestSharedData:
    def test_a_model_that_was_spared_the_hard_set_takes_no_role_by_speed(self) -> None:
        found = choice(
            measured("big", "easy", GOOD, 0.5),
            measured("big", "hard", WORSE, 0.5),
            measured("small", "easy", GOOD, 0.1),
        )
        assert named(found) == "big"
        assert found.excluded[0].why == "not measured on hard, as big was, which it isn't better than"

    def test_one_that_is_better_on_what_they_share_does(self) -> None:
        found = choice(measured("big", "easy", WORSE), measured("big", "hard", WORSE), measured("small", "easy", GOOD))
        assert (named(found), found.excluded) == ("small", ())

    def test_nor_because_the_other_fails_on_the_hard_set(self) -> None:
        found = choice(measured("big", "easy", GOOD), measured("big", "hard", BAD), measured("small", "easy", GOOD))
        assert (named(found), found.brief) == (None, "what qualifies was spared of data on which others were measured")
        assert "not measured on hard, where big fails, which it isn't better than" in [e.why for e in found.excluded]
        # One that fails on what both were measured on is no reason.
        found = choice(measured("big", "easy", BAD), measured("big", "hard", BAD), measured("small", "easy", GOOD))
        assert named(found) == "small"

    def test_an_f_whose_interval_reaches_a_better_grade_is_not_for_certain(self) -> None:
        found = choice(measured("a", "talk", [9, 0, 0, 0, 2, 2, 4, 4]), measured("b", "talk", [1] * 8))
        (left,) = found.excluded
        assert (left.why, left.doubt) == ("grade F on talk, by WER", "the interval of its WER reaches within")
        assert found.provisional[-1] == "it isn't certain that a on cpu must be left out"
        (left,) = choice(measured("a", "talk", [9] * 40), measured("b", "talk", [1] * 40)).excluded
        assert left.doubt == ""

    def test_a_set_of_a_few_words_spares_nobody(self) -> None:
        found = choice(
            measured("big", "easy", GOOD, 0.5),
            measured("big", "tiny", [0] * 4, 0.5),
            measured("small", "easy", GOOD, 0.1),
        )
        assert named(found) == "small"

    def test_those_who_share_nothing_with_most_are_not_compared(self) -> None:
        found = choice(measured("a", "x", GOOD), measured("b", "x", WORSE), measured("c", "y", [0] * 40))
        assert named(found) == "a"
        assert [(each.model, each.why) for each in found.excluded] == [
            ("c", "shares no data set with those that are compared")
        ]


class TestWithin:
    def test_a_gap_that_the_data_do_not_show_leaves_nobody_out(self) -> None:
        found = choice(
            measured("best", "talk", [0, 0, 1, 0] * 5, 0.5),
            measured("fast", "talk", [0, 1, 1, 0] * 5, 0.1),
            within={"asr.wer": 0.02},
            prefer=["asr.rtf"],
        )
        assert (named(found), found.excluded) == ("fast", ())
        assert found.provisional[-1] == "WER may be more than 2 points from the best"

    def test_one_that_they_show_does(self) -> None:
        found = choice(
            measured("best", "talk", [0, 1] * 200, 0.5),
            measured("fast", "talk", [1, 1] * 200, 0.1),
            within={"asr.wer": 0.02},
            prefer=["asr.rtf"],
        )
        assert named(found) == "best"
        assert found.excluded[0].why == "WER 10.0 % is 5 points from the best, more than 2 points"

    def test_a_time_is_too_far_beyond_its_noise_alone(self) -> None:
        def fast(rtf: float) -> list[str]:
            found = choice(
                measured("best", "talk", GOOD, 0.1), measured("other", "talk", GOOD, rtf), within={"asr.rtf": 0.1}
            )
            return [each.model for each in found.excluded]

        assert fast(0.21) == []
        assert fast(0.4) == ["other"]


class TestEnough:
    def test_below_the_number_of_words_no_role_is_given(self) -> None:
        found = choice(measured("a", "talk", GOOD), least_words=1_000)
        assert (named(found), found.text) == (None, "none: not enough to say: 400 words; 1,000 would do")
        assert found.excluded[0].why == "400 words, fewer than 1,000"

    def test_what_would_tell_the_two_best_apart_is_told(self) -> None:
        pair = measured("a", "talk", [0, 1, 0, 0] * 10), measured("b", "talk", [1, 0, 0, 0] * 9 + [1, 1, 1, 0])
        found = choice(*pair, least_words=500)
        assert found.brief.startswith("not enough to say: 400 words; 500 would do, about ")
        assert found.brief.endswith(" to tell a from b")

    def test_and_what_would_tell_a_bound_from_the_value(self) -> None:
        found = choice(measured("a", "talk", GOOD), require={"asr": {"wer": 0.051}}, least_words=500)
        assert found.brief.startswith("not enough to say: 400 words; 500 would do, about ")
        assert found.brief.endswith(" to tell the WER of a from its bound")

    def test_a_model_with_few_words_does_not_stand_in_the_way(self) -> None:
        found = choice(
            measured("a", "talk", GOOD), measured("a", "more", GOOD), measured("b", "talk", [0] * 40), least_words=500
        )
        assert named(found) == "a"
        assert [(each.model, each.why) for each in found.excluded] == [("b", "400 words, fewer than 500")]

    def test_on_few_speakers_a_choice_is_of_these(self) -> None:
        notes = choice(measured("a", "talk", GOOD, speakers=4)).provisional
        assert "conditional on 4 speakers" in notes
        assert not any("speaker" in note for note in choice(measured("a", "talk", GOOD, speakers=5)).provisional)

    @pytest.mark.parametrize(("least", "taken"), [(3, "a"), (5, None)])
    def test_a_profile_may_ask_for_speakers(self, least: int, taken: str | None) -> None:
        found = choice(measured("a", "talk", GOOD, speakers=4), least_speakers=least)
        assert named(found) == taken
        if taken is None:
            assert found.brief == "not enough to say: 4 speakers; 5 would do"
