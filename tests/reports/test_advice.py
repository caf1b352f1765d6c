"""The advice of a scorecard in sentences: nothing that no test bears, nothing without its figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from records import TIMING, edits, record, stated, utterance
from rows import exact, row, spread

from pytest_modellab.catalog.load import default_profiles
from pytest_modellab.catalog.profile_spec import ProfilesFile
from pytest_modellab.core.schema_base import Range
from pytest_modellab.reports.scorecard.advice import differs, sentences
from pytest_modellab.reports.scorecard.build import build
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.evidence import Difference, Other
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import case_key

INTERVAL = Range(low=0.073, high=0.18, method="m", clusters=30, conditional="")


def profiles(*names: str, **spec: object) -> ProfilesFile:
    """Some of the default roles, for which a hundred words are enough."""
    found = default_profiles()
    roles = {name: found.roles[name].model_copy(update={"least_words": 100, **spec}) for name in names}
    return found.model_copy(update={"roles": roles, "use_cases": {}})


def card(
    rows: Sequence[Row], *roles: str, records: Mapping[str, Record] | None = None, partial: str | None = None
) -> Scorecard:
    return build("s", rows, partial=partial, profiles=profiles(*(roles or ("primary-asr",))), records=records)


def answered(model: str, wrong: int, seconds: float, *, dataset: str = "talk") -> Record:
    """Of 120 clips of ten words: one word is wrong in the first `wrong`; each took so many seconds, or a bit more."""
    clips = [
        utterance(f"u{i:03}", words=edits(substitutions=int(i < wrong), hits=10 - int(i < wrong))).model_copy(
            update={"processing_s": seconds * (1 + i % 7 / 100), "audio_s": 4.0}
        )
        for i in range(120)
    ]
    made = record(model, dataset=dataset, utterances=clips, words=1200, timing=TIMING)
    return stated(made, {"wer": wrong / 1200, "rtf": seconds / 4}, {"wer": INTERVAL})


def advised(*made: Record, roles: Sequence[str] = ("primary-asr",)) -> list[str]:
    rows = [row(each) for each in made]
    return sentences(card(rows, *roles, records={case_key(each.case): each for each in made}))


class TestShipped:
    def test_a_faster_model_that_is_worse_is_told_with_the_interval_of_the_gap(self) -> None:
        (told,) = advised(answered("base", 20, 0.8), answered("tiny", 60, 0.2))
        first, second, *rest = told.split(". ")
        assert first == "Ship base: 1.7 % [7.3, 18] WER at 0.20 RTF on 1,200 words"
        assert second.startswith("tiny is faster and 3.33 points worse [")
        assert rest[0].startswith("Provisional: ")

    def test_what_is_not_told_apart_is_said_to_be_so_and_never_worse(self) -> None:
        (told,) = advised(answered("base", 20, 0.8), answered("tiny", 21, 0.8))
        assert "; not told apart from tiny." in told
        assert "worse" not in told
        assert "faster" not in told

    def test_a_tie_in_quality_that_speed_decides(self) -> None:
        (told,) = advised(answered("base", 20, 0.8), answered("tiny", 21, 0.2))
        assert told.startswith("Ship tiny: ")
        assert "base is slower and not told apart by WER." in told

    def test_a_gap_whose_interval_holds_0_is_told_apart_by_the_test_alone(self) -> None:
        gap = Difference(metric="wer", better=-1, gap=0.0487, low=-0.013, high=0.11)
        other = Other(model="tiny", device="cpu", tie=False, differences=(gap,))
        assert differs(other) == "4.87 points worse [-1.3, 11], told apart at one-sided 5 %"

    def test_a_model_alone_is_compared_with_none(self) -> None:
        (told,) = advised(answered("base", 20, 0.8))
        assert "on 1,200 words; the only one that qualifies." in told

    def test_several_data_sets_are_pooled_with_an_interval(self) -> None:
        made = [answered("base", wrong, 0.8, dataset=name) for name, wrong in (("a", 20), ("b", 40))]
        (told,) = advised(*made)
        assert told.startswith("Ship base: 2.5 % [")
        assert "] WER at 0.20 RTF on 2,400 words" in told

    def test_the_interval_is_missing_where_the_records_are(self) -> None:
        rows = [row(answered("base", 20, 0.8, dataset=name)) for name in ("a", "b")]
        (told,) = sentences(card(rows))
        assert told.startswith("Ship base: 1.7 % WER at 0.20 RTF on 2,400 words")

    def test_without_records_a_gap_of_exact_figures_is_told(self) -> None:
        rows = [exact(row(record(name, wer=wer, words=6000))) for name, wer in (("a", 0.1), ("b", 0.08))]
        (told,) = sentences(card(rows))
        assert "a is 2 points worse [" in told

    def test_why_it_is_provisional(self) -> None:
        (told,) = sentences(card([row(spread(record(words=200), 0.05, 0.2))]))
        assert told.endswith(" Provisional: 200 reference words, fewer than 5000, too few to rank models.")

    def test_devices_are_named_where_there_are_several(self) -> None:
        rows = [exact(row(record("a", device=device, words=6000))) for device in ("cpu", "cuda")]
        (told,) = sentences(card(rows))
        assert told.startswith("Ship a on cpu: ")
        assert "; not told apart from a on cuda." in told

    def test_more_than_a_few_ties_are_counted(self) -> None:
        rows = [row(spread(record(f"m{i}", words=6000), 0.05, 0.2)) for i in range(7)]
        (told,) = sentences(card(rows))
        assert "; not told apart from m1, m2, m3 and 3 more." in told


class TestRoles:
    def test_other_roles_follow_in_brief(self) -> None:
        first, *others = advised(
            answered("base", 20, 0.8), answered("tiny", 30, 0.2), roles=("primary-asr", "fast-asr", "small-footprint")
        )
        assert first.startswith("Ship base as primary ASR: ")
        assert others[0].startswith("base also for small footprint")
        assert others[1].startswith("Ship tiny for fast ASR (provisional): 0.050 RTF, ")

    def test_a_role_that_nothing_was_measured_for_is_left_out(self) -> None:
        found = profiles("primary-asr", "fast-asr")
        elsewhere = found.roles["fast-asr"].model_copy(update={"datasets": ("calls",)})
        made = found.model_copy(update={"roles": {**found.roles, "fast-asr": elsewhere}})
        (told,) = sentences(build("s", [row(record(words=6000))], partial=None, profiles=made))
        assert told.startswith("Ship tiny: ")


class TestNone:
    def test_too_few_words_and_how_many_would_do(self) -> None:
        told = sentences(card([row(record(words=60))], "primary-asr", "fast-asr"))
        assert told == [
            "Nothing to ship as primary ASR: not enough to say: 60 words; 100 would do.",
            "The same for fast ASR.",
        ]

    def test_a_gate_that_fails_names_the_gate(self) -> None:
        assert sentences(card([row(record(wer=0.2))])) == [
            "Nothing to ship: no model passed its gates above F. tiny: fails its gate on talk: WER 20.0 %, limit <="
            " 15.0 % (limits.yaml:3)."
        ]

    @pytest.mark.parametrize(
        ("rows", "told"),
        [
            ([], "Nothing to ship: nothing was measured."),
            ([row(None, unavailable="no driver")], "Nothing to ship: insufficient evidence: no case was graded."
             " tiny: not measured: no driver."),
        ],
    )  # fmt: skip
    def test_nothing_was_measured(self, rows: list[Row], told: str) -> None:
        assert sentences(card(rows)) == [told]

    def test_no_role_asks(self) -> None:
        assert sentences(card([row(record())], "primary-tts")) == [
            "Nothing to ship: no role or use case asks for what was measured."
        ]

    def test_a_session_that_was_broken_off_says_so(self) -> None:
        told = sentences(card([row(record(words=6000))], partial="interrupted"))
        assert told[1] == "This is not the whole session: interrupted."

    @pytest.mark.parametrize("why", ["no test ran it", "broken off after 3 utterances; what was answered is kept"])
    def test_nothing_is_advised_while_models_were_not_reached(self, why: str) -> None:
        idle = row(None).model_copy(update={"reason": why})
        found = card([row(record("bad", words=6000)), idle], partial="stopped early: 1 of 2 cases did not run")
        assert sentences(found) == [
            "Nothing to ship: the session was broken off, 1 of 2 asr cases did not run.",
            "This is not the whole session: stopped early: 1 of 2 cases did not run.",
        ]
        assert found.recommendations[0].case is None

    def test_a_role_whose_cases_all_ran_is_advised_on(self) -> None:
        absent = row(None, unavailable="no driver")
        other = row(None)
        idle = other.model_copy(update={"case": other.case.model_copy(update={"task": "tts"})})
        told = sentences(card([row(record("good", words=6000)), absent, idle], partial="interrupted"))
        assert told[0].startswith("Ship good: ")


def test_a_scorecard_of_an_older_version_is_told_by_its_words() -> None:
    found = card([exact(row(record(name, wer=wer, words=6000))) for name, wer in (("a", 0.1), ("b", 0.08))])
    older = [each.model_copy(update={"evidence": None}) for each in found.recommendations]
    (told,) = sentences(found.model_copy(update={"recommendations": tuple(older)}))
    assert told == "Ship b: lowest WER 8.0 % of 2."


def test_the_evidence_is_stored() -> None:
    found = card([row(record(words=6000))])
    again = Scorecard.model_validate_json(found.model_dump_json(by_alias=True))
    assert sentences(again) == sentences(found)
