"""What holds of every choice among models, whatever was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import pytest
from duels import chosen, measured, table
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import RTF

from pytest_modellab.reports.scorecard.candidate import Candidate
from pytest_modellab.reports.scorecard.recommendation import Recommendation
from pytest_modellab.results.record import Record

pytestmark = pytest.mark.slow
SETS = ("easy", "hard", "noisy")
LIMITS = (RTF,)
ERRORS = st.lists(st.integers(0, 4), min_size=8, max_size=8)
TIMES = st.sampled_from((0.05, 0.1, 0.11, 0.2, 0.5, 0.9))


@dataclass(frozen=True)
class Model:
    """A model: the errors of each utterance of its data sets, and its RTF."""

    name: str
    errors: Mapping[str, Sequence[int]]
    rtf: float

    @property
    def records(self) -> list[Record]:
        return [measured(self.name, dataset, wrong, self.rtf) for dataset, wrong in self.errors.items()]


@st.composite
def models(draw: st.DrawFn, name: str) -> Model:
    sets = draw(st.sets(st.sampled_from(SETS), min_size=1))
    return Model(name, {dataset: draw(ERRORS) for dataset in SETS if dataset in sets}, draw(TIMES))


@st.composite
def tables(draw: st.DrawFn) -> list[Model]:
    return [draw(models(name)) for name in "abcd"[: draw(st.integers(1, 4))]]


def choice(those: Sequence[Model]) -> Recommendation:
    return chosen([each for model in those for each in model.records], LIMITS)


def winner(those: Sequence[Model], found: Recommendation) -> Model | None:
    return None if found.case is None else next(each for each in those if each.name == found.case.model)


@settings(max_examples=40)
@given(tables(), st.randoms())
def test_the_order_of_rows_changes_nothing(those: list[Model], random: Random) -> None:
    records = [each for model in those for each in model.records]
    mixed = list(records)
    random.shuffle(mixed)
    assert chosen(mixed, LIMITS) == chosen(records, LIMITS)


@settings(max_examples=40)
@given(tables())
def test_nobody_who_qualifies_beats_the_one_that_is_recommended(those: list[Model]) -> None:
    found = choice(those)
    best = winner(those, found)
    if best is None:
        return
    rows, contest = table([each for model in those for each in model.records], LIMITS)
    candidates = {
        each.name: Candidate(each.name, "cpu", {"asr": [row for row in rows if row.case.model == each.name]})
        for each in those
    }
    left_out = {each.model for each in found.excluded}
    for name in candidates.keys() - left_out - {best.name}:
        assert contest.compare(candidates[best.name], candidates[name], "asr.wer").better >= 0


@settings(max_examples=40)
@given(tables())
def test_a_duplicate_ties_with_its_model(those: list[Model]) -> None:
    best = winner(those, choice(those))
    if best is None:
        return
    found = choice([*those, Model("e", best.errors, best.rtf)])
    assert found.case is not None
    assert {found.case.model, *found.ties} >= {best.name, "e"}


@settings(max_examples=100)
@given(tables(), st.data())
def test_a_worse_model_never_changes_the_choice(those: list[Model], data: st.DataObject) -> None:
    best = winner(those, choice(those))
    if best is None:
        return
    sets = data.draw(st.sets(st.sampled_from(sorted(best.errors)), min_size=1))
    more = {dataset: data.draw(ERRORS) for dataset in sets}
    errors = {
        dataset: [own + extra for own, extra in zip(best.errors[dataset], more[dataset], strict=True)]
        for dataset in sorted(sets)
    }
    worse = Model(
        data.draw(st.sampled_from(("0", "e"))), errors, best.rtf * data.draw(st.sampled_from((1.0, 1.2, 2.0)))
    )
    if errors == {dataset: best.errors[dataset] for dataset in sets} and worse.rtf == best.rtf:
        return  # a duplicate
    found = choice([*those, worse])
    assert found.case is not None
    assert found.case.model == best.name
