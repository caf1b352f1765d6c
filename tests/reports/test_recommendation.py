"""What is recommended for roles and use cases, and why nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pages import answered, case
from records import HARDWARE, NO_SPEED, record
from rows import NOISY, RTF, WER, exact, of_any_size, primary, row, spread, timing

from pytest_modellab.catalog.load import default_profiles, load
from pytest_modellab.catalog.profile_spec import ProfileSpec
from pytest_modellab.core.schema_base import Range
from pytest_modellab.reports.scorecard.recommendation import Exclusion, Recommendation, recommend, recommend_all
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Status

FIXTURES = Path(__file__).parents[2] / "fixtures"


class TestPrimary:
    def text(self, *rows: Row) -> str:
        return primary(rows).text

    def test_the_lowest_wer_of_those_that_pass(self) -> None:
        rows = [exact(row(record(name, wer=wer))) for name, wer in (("a", 0.10), ("b", 0.08), ("c", 0.20))]
        found = primary(rows)
        assert found.case == rows[1].case
        assert found.text.startswith(
            "b on cpu: lowest WER of 2 that pass with a grade above F (WER 8.0 %, RTF 0.20); provisional: "
        )

    def test_of_equal_wer_the_faster(self) -> None:
        rows = [row(record("a", timing=timing(0.5))), row(record("b", timing=timing(0.1)))]
        assert self.text(*rows).startswith("b on cpu: ")

    def test_the_only_one(self) -> None:
        text = self.text(row(record(words=6000)))
        assert text == "tiny on cpu: the only one that passes with a grade above F (WER 10.0 %, RTF 0.20)"

    def test_a_model_graded_f_is_not_recommended_though_it_passes(self) -> None:
        found = primary([row(record(wer=0.9), limits=[RTF])])
        assert (found.case, found.text) == (None, "none: no model passed its gates above F")

    def test_none_that_pass(self) -> None:
        found = primary([row(record(wer=0.2))])
        assert (found.case, found.text) == (None, "none: no model passed its gates above F")

    @pytest.mark.parametrize("made", [record(limited_to=3), record(timing=NO_SPEED), None])
    def test_none_that_was_graded(self, made: Record | None) -> None:
        assert self.text(row(made)) == "none: insufficient evidence: no case was graded"

    def test_those_that_pass_with_an_f_are_said_not_to_count(self) -> None:
        rows = [exact(row(record(name, wer=wer), limits=[RTF])) for name, wer in (("a", 0.1), ("b", 0.2), ("c", 0.9))]
        assert [each.status for each in rows] == [Status.PASS] * 3
        assert ": lowest WER of 2 that pass with a grade above F (" in self.text(*rows)

    def test_that_there_are_too_few_words_stands_before_the_noise(self) -> None:
        few = "100 reference words, fewer than 5000, too few to rank models"
        assert self.text(row(record(timing=NOISY))).endswith(f"; provisional: {few}; timed on a noisy machine")
        assert self.text(row(record(words=6000, timing=NOISY))).endswith("; provisional: timed on a noisy machine")

    def test_another_task_does_not_count(self) -> None:
        tts = default_profiles().roles["primary-tts"]
        assert recommend("primary-tts", tts, [row(record())]).case is None
        roles = [each.profile for each in recommend_all(default_profiles(), [row(record())])]
        assert roles == ["primary-asr", "fast-asr", "small-footprint"]

    def test_a_model_that_fails_on_one_data_set_is_not_recommended_for_another(self) -> None:
        rows = [
            row(record("a", dataset="easy", wer=0.01)),
            row(record("a", dataset="hard", wer=0.20)),
            row(record("b", dataset="easy", wer=0.02)),
            row(record("b", dataset="hard", wer=0.10)),
        ]
        assert self.text(*rows).startswith("b on cpu: the only one that passes")

    def test_models_are_compared_on_the_data_sets_they_share(self) -> None:
        rows = [
            exact(row(record("a", dataset="hard", wer=0.10))),
            exact(row(record("b", dataset="easy", wer=0.01))),
            exact(row(record("b", dataset="hard", wer=0.12))),
        ]
        assert self.text(*rows).startswith("a on cpu: lowest WER of 2 that pass with a grade above F (WER 10.0 %,")

    def test_over_several_data_sets_words_are_pooled(self) -> None:
        rows = [
            exact(row(record("a", dataset="short", wer=0.01, words=10))),
            exact(row(record("a", dataset="long", wer=0.10, words=990))),
            exact(row(record("b", dataset="short", wer=0.05, words=10))),
            exact(row(record("b", dataset="long", wer=0.08, words=990))),
        ]
        text = self.text(*rows)
        assert text.startswith("b on cpu: lowest WER of 2 that pass with a grade above F (WER 8.0 % over 2 data sets,")
        assert "data sets, RTF 0.20 at worst)" in text

    def test_models_without_a_common_data_set_are_not_ranked(self) -> None:
        rows = [row(record("a", dataset="x")), row(record("b", dataset="y"))]
        assert self.text(*rows) == "none: the 2 that pass with a grade above F share no data set to be compared on"


def use_case(rows: Sequence[Row], **spec: Any) -> Recommendation:
    """What is recommended for a use case of its own."""
    asked = {"title": "notes", "why": "Notes are read once.", "require": {"asr": {}}, "prefer": ["asr.wer"]}
    return recommend("notes", ProfileSpec.model_validate({**asked, "least_words": 0, **spec}), rows, role=False)


def named(found: Recommendation) -> str | None:
    return None if found.case is None else found.case.model


class TestRoles:
    def role(self, name: str, rows: Sequence[Row]) -> Recommendation:
        return recommend(name, of_any_size(name), rows)

    def test_the_fastest_is_one_within_two_points_of_the_best(self) -> None:
        rows = [
            exact(row(record("best", wer=0.08, timing=timing(0.5)))),
            exact(row(record("near", wer=0.10, timing=timing(0.2)))),
            exact(row(record("far", wer=0.101, timing=timing(0.1)))),
        ]
        found = self.role("fast-asr", rows)
        assert found.text.startswith("near on cpu: lowest RTF of 2 that qualify (RTF 0.20)")
        far = "WER 10.1 % is 2.1 points from the best, more than 2 points"
        assert found.excluded == (Exclusion(model="far", device="cpu", why=far, kind="far"),)
        assert found.provisional == ("100 reference words, fewer than 5000, too few to rank models",)
        assert named(self.role("primary-asr", rows)) == "best"

    def test_a_small_footprint_is_memory_within_five_points(self) -> None:
        rows = [exact(row(record(name, wer=wer))) for name, wer in (("best", 0.05), ("small", 0.1), ("tiny", 0.11))]
        rows = [
            each.model_copy(update={"figures": {**each.figures, "peak_rss_mb": mb}})
            for each, mb in zip(rows, (900, 400, 90), strict=True)
        ]
        found = self.role("small-footprint", rows)
        assert named(found) == "small"
        assert "lowest Peak memory of 2 that qualify (Peak memory 400 MB)" in found.text

    def test_overlapping_intervals_of_speed_are_a_tie_too(self) -> None:
        rows = [row(record(name, timing=timing(rtf))) for name, rtf in (("a", 0.20), ("b", 0.21))]
        both = Range(low=0.19, high=0.22, method="m", clusters=9, conditional="")
        close = [each.model_copy(update={"intervals": {"rtf": both}}) for each in rows]
        assert self.role("fast-asr", close).ties == ("b",)
        # Nor does the last decimal decide: two runs of the same code differ by more.
        assert self.role("fast-asr", [exact(each) for each in rows]).ties == ("b",)
        slow = exact(row(record("b", timing=timing(0.30))))
        assert self.role("fast-asr", [exact(rows[0]), slow]).ties == ()

    def test_without_an_interval_nothing_is_told_apart(self) -> None:
        rows = [row(record(name, wer=wer)) for name, wer in (("a", 0.05), ("b", 0.10))]
        assert self.role("primary-asr", rows).ties == ("b",)
        assert self.role("small-footprint", rows).ties == ("b",)
        rows[1] = rows[1].model_copy(update={"figures": {**rows[1].figures, "peak_rss_mb": 900}})
        assert self.role("small-footprint", rows).ties == ()  # what is measured once, beyond its spread

    def test_nobody_is_left_out_who_is_not_told_apart_from_the_best(self) -> None:
        rows = [
            row(spread(record("base", wer=0.03, words=6000, timing=timing(0.4)), 0.004, 0.26)),
            row(spread(record("tiny", wer=0.06, words=6000, timing=timing(0.1)), 0.007, 0.60)),
        ]
        found = self.role("fast-asr", rows)
        assert (named(found), found.excluded) == ("tiny", ())
        assert found.provisional == ("WER may be more than 2 points from the best",)

    def test_a_rivals_noise_makes_a_choice_by_speed_provisional(self) -> None:
        noisy = NOISY.model_copy(update={"rtf": 0.5})
        rows = [row(record("a", words=6000, timing=noisy)), row(record("b", words=6000, timing=timing(0.1)))]
        found = self.role("fast-asr", rows)
        assert (named(found), found.provisional) == ("b", ("a: timed on a noisy machine",))

    def test_times_of_different_machines_rank_nobody(self) -> None:
        rows = [row(record("a", words=6000)), row(record("b", words=6000, timing=timing(0.1)))]
        rows[0] = rows[0].model_copy(update={"hardware": {**HARDWARE, "cores": 16}})
        found = self.role("fast-asr", rows)
        assert found.text == "none: of 2 that qualify none can be ranked: RTF passed over: timed on different machines"
        assert "; RTF passed over: timed on different machines" in self.role("primary-asr", rows).text

    def test_a_model_is_not_tied_with_itself_but_with_it_on_another_device(self) -> None:
        cpu = row(spread(record("a"), 0.05, 0.2))
        other = cpu.model_copy(update={"case": cpu.case.model_copy(update={"device": "cuda"})})
        assert self.role("primary-asr", [cpu, other]).ties == ("a on cuda",)

    def test_what_is_for_research_is_taken_for_that_role_alone(self) -> None:
        def all_three(model: str, research: str | None) -> list[Row]:
            made = row(record(model), research=research)
            return [
                made.model_copy(
                    update={
                        "case": made.case.model_copy(update={"task": task}),
                        "figures": {**made.figures, "answer_accuracy": 0.9},
                    }
                )
                for task in ("asr", "tts", "chat")
            ]

        rows = [*all_three("lab", "its licence is for research"), row(record("ears"))]
        assert self.role("multi-modal-research", rows).text.startswith("lab on cpu: the only one that passes")
        assert self.role("multi-modal-research", rows).excluded == (
            Exclusion(model="ears", device="cpu", why="no case of tts", kind="no case"),
        )
        assert "multi-modal-research" in [each.profile for each in recommend_all(default_profiles(), rows)]
        alone = [made.model_copy(update={"case": made.case.model_copy(update={"model": f"{made.case.task}-only"})})
                 for made in rows]  # fmt: skip
        assert "multi-modal-research" not in [each.profile for each in recommend_all(default_profiles(), alone)]
        found = self.role("primary-asr", rows)
        assert named(found) == "ears"
        (left,) = found.excluded
        assert left.why == "for research only: its licence is for research"

    def test_research_is_no_shelter_for_an_f(self) -> None:
        assert str(row(record(wer=0.9), limits=[RTF], research="not yet").grade) == "F (wer) *"
        assert str(row(record(wer=0.01, words=6000), research="not yet").grade) == "research"


class TestUseCases:
    @pytest.mark.parametrize(
        ("rows", "why"),
        [
            ([row(record(wer=0.2))], "fails its gate on talk: WER 20.0 %, limit <= 15.0 % (limits.yaml:3)"),
            ([row(record(wer=0.9), limits=[RTF])], "grade F on talk, by WER"),
            ([row(record(), limits=[])], "could not be judged on talk: nothing was judged: no limit applies and"),
            ([row(None, unavailable="cuda: no driver")], "not measured: cuda: no driver"),
            ([row(record(limited_to=3))], "not graded: only 3 utterances were asked for"),
            ([row(record(wer=0.12))], "WER 12.0 % on talk, required ≤ 10.0 %"),
            ([row(record(timing=NO_SPEED), limits=[WER])], "not graded: rtf is not available: the machine was shared"),
        ],
    )
    def test_every_exclusion_has_its_reason(self, rows: list[Row], why: str) -> None:
        found = use_case(rows, require={"asr": {"wer": 0.10}})
        assert found.case is None
        (left,) = found.excluded
        assert left.why.startswith(why)

    def test_a_bound_holds_on_each_data_set(self) -> None:
        rows = [row(record(dataset="easy", wer=0.01, words=9000)), row(record(dataset="hard", wer=0.11, words=10))]
        (left,) = use_case(rows, require={"asr": {"wer": 0.10}}).excluded
        assert left.why == "WER 11.0 % on hard, required ≤ 10.0 %"
        assert named(use_case(rows, require={"asr": {"wer": 0.10}}, datasets=["easy"])) == "tiny"

    def test_the_number_of_data_sets_that_count_is_told(self) -> None:
        rows = [row(record(dataset="easy", wer=0.01, words=9000)), row(record(dataset="hard", wer=0.40, words=10))]
        assert "(WER 1.0 %; 1 of 2 data sets counts)" in use_case(rows, datasets=["easy"]).text

    def test_a_figure_that_is_missing_is_not_met(self) -> None:
        (left,) = use_case([row(record())], require={"asr": {"punctuation_error": 0.5}}).excluded
        assert left.why == "Punctuation error is not available, required ≤ 50.0 %"

    def test_a_data_set_that_was_not_measured_is_no_evidence(self) -> None:
        found = use_case([row(record())], datasets=["noisy-*"])
        assert found.text == "none: insufficient evidence: nothing was measured on noisy-*"
        assert found.excluded[0].why == "no case of asr on noisy-*"

    def test_nobody_that_meets_it(self) -> None:
        assert (
            use_case([row(record())], require={"asr": {"wer": 0.01}}).text
            == "none: no model meets all that is required"
        )

    def test_an_interval_that_reaches_beyond_the_bound_makes_it_provisional(self) -> None:
        rows = [row(spread(record(words=6000), 0.08, 0.13))]
        found = use_case(rows, require={"asr": {"wer": 0.12}})
        assert named(found) == "tiny"
        assert found.text.endswith("; provisional: WER on talk may be beyond 12.0 %")

    def test_a_bound_that_noise_may_have_missed_is_not_missed_for_certain(self) -> None:
        noisy = NOISY.model_copy(update={"rtf": 0.73})
        rows = [row(record("base", words=6000, timing=noisy)), row(record("tiny", wer=0.09, words=6000))]
        found = use_case(rows, require={"asr": {"rtf": 0.5}})
        assert named(found) == "tiny"
        assert found.excluded[0].doubt == "timed on a noisy machine"
        assert found.provisional == ("it isn't certain that base on cpu must be left out",)
        left = use_case(rows, require={"asr": {"rtf": 0.5, "wer": 0.095}}).excluded[0]
        assert left.doubt == ""  # its words are too many wrong, whatever its times

    def test_a_bound_within_the_interval_is_not_missed(self) -> None:
        rows = [row(spread(record("base", wer=0.11, words=6000), 0.09, 0.13)), row(record("tiny", words=6000))]
        found = use_case(rows, require={"asr": {"wer": 0.10}})
        assert found.excluded == ()
        found = use_case(rows[:1], require={"asr": {"wer": 0.10}})
        assert (named(found), found.provisional) == ("base", ("WER on talk may be beyond 10.0 %",))
        far = row(spread(record("far", wer=0.12, words=6000), 0.101, 0.13))
        assert (
            use_case([far], require={"asr": {"wer": 0.10}}).excluded[0].why == "WER 12.0 % on talk, required ≤ 10.0 %"
        )

    def test_nobody_near_enough_in_everything_is_no_error(self) -> None:
        rows = [
            exact(row(record("good", wer=0.02, words=6000, timing=timing(0.5)))),
            exact(row(record("fast", wer=0.10, words=6000, timing=timing(0.1)))),
        ]
        found = use_case(rows, within={"asr.wer": 0.02, "asr.rtf": 0.1})
        assert found.text == "none: no model is near enough to the best in all of asr.wer, asr.rtf"
        assert len(found.excluded) == 2
        assert use_case(rows, within={"asr.distillmos": 1.0}).case is None

    def test_only_what_is_for_research(self) -> None:
        found = use_case([row(record(), research="its licence")])
        assert found.text == "none: what passed its gates is for research only"

    def test_words_and_characters_are_not_pooled(self) -> None:
        def pair(model: str, words: float, characters: float) -> list[Row]:
            first = row(record(model, dataset="en", wer=words, words=5000))
            second = row(record(model, dataset="ja", wer=characters, words=50_000))
            second = second.model_copy(update={
                "error_metric": "cer", "figures": {**second.figures, "wer": None, "cer": characters},
            })  # fmt: skip
            return [exact(first), exact(second)]

        found = use_case([*pair("one", 0.02, 0.10), *pair("two", 0.08, 0.09)])
        assert named(found) == "one"
        assert "lowest WER and CER of 2" in found.text
        missed = use_case(pair("one", 0.02, 0.10), require={"asr": {"wer": 0.05}}).excluded[0]
        assert missed.why == "CER 10.0 % on ja, required ≤ 5.0 %"

    def test_what_was_measured_on_other_data_of_that_name_is_not_compared(self) -> None:
        rows = [row(record("old", wer=0.01)), row(record("new", wer=0.09))]
        rows[0] = rows[0].model_copy(update={"data": "another"})
        assert use_case(rows).text == "none: the 2 that pass with a grade above F share no data set to be compared on"

    def test_what_not_all_have_ranks_nobody(self) -> None:
        rows = [row(record("a", wer=0.1)), row(record("b", wer=0.05))]
        rows[0] = rows[0].model_copy(update={"figures": {**rows[0].figures, "distillmos": 4.0}})
        found = use_case(rows, prefer=["asr.distillmos", "asr.wer"])
        assert named(found) == "b"
        assert "(WER 5.0 %); DistillMOS passed over: not all have it" in found.text

    def test_what_is_asked_for_is_told_in_words(self) -> None:
        found = use_case([row(record())], require={"asr": {"wer": 0.1, "rtf": 0.5}}, within={"asr.wer": 0.03})
        asked = "WER ≤ 10.0 %, RTF ≤ 0.50, WER within 3 points of the best; by WER."
        assert found.wanted == f"Notes are read once. {asked}"


def test_questions_are_the_same_heard_or_told_in_writing(tmp_path: Path) -> None:
    def asked(model: str, dataset: str, question: str) -> Row:
        turn = answered(tmp_path).model_copy(update={"reference": question})
        made = record(utterances=[turn], case=case(model, "chat"))
        inputs = {**made.provenance.inputs, "dataset": dataset}
        return row(made.model_copy(update={"provenance": made.provenance.model_copy(update={"inputs": inputs})}))

    heard, written = asked("cascade", "spoken", "How are you?"), asked("llm", "texts", "How are you?")
    assert heard.data == written.data
    assert heard.data != asked("cascade", "spoken", "Who are you?").data


def test_the_roles_of_the_lab_are_those_of_a_lab_without_a_file() -> None:
    ours, default = load(FIXTURES).profiles.roles, default_profiles().roles
    # But for sets that say what a model stands, and not which to take: only the lab knows which of its own are.
    assert {name: role.model_dump(exclude={"datasets"}) for name, role in ours.items()} == {
        name: role.model_dump(exclude={"datasets"}) for name, role in default.items()
    }
