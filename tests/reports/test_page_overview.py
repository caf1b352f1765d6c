"""The first table of the page, and the addresses of what is on it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from pages import Parsed, card, case, heard, rendered
from records import TIMING, record, stated, utterance
from rows import exact, row

from pytest_modellab.catalog.load import default_profiles
from pytest_modellab.core.schema_base import Range
from pytest_modellab.reports.scorecard import page
from pytest_modellab.reports.scorecard.build import build
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.page import anchors, overview
from pytest_modellab.reports.scorecard.page.case_tables import case_table
from pytest_modellab.reports.scorecard.row import Row


def scorecard(*rows: Row) -> Scorecard:
    """Of the default roles, for which any number of words is enough."""
    found = default_profiles()
    roles = {name: role.model_copy(update={"least_words": 0}) for name, role in found.roles.items()}
    return build("s", rows, partial=None, profiles=found.model_copy(update={"roles": roles}))


def lines(*rows: Row) -> dict[str, overview.Line]:
    (part,) = overview.parts(scorecard(*rows))
    return {line.model: line for line in part.lines}


def rendered_rows(*rows: Row) -> dict[str, str]:
    """What stands beside the error rate of each model in the table of its cases."""
    views = [SimpleNamespace(row=each) for each in rows]
    table = case_table("asr", views)  # type: ignore[arg-type]
    return {line.view.row.case.model: line.cells[0].interval for line in table.lines}


def with_interval(model: str, wer: float, low: float, high: float) -> Row:
    whole = Range(low=low, high=high, method="m", clusters=9, conditional="")
    return row(stated(record(model, wer=wer, words=6_000), {"wer": wer}, {"wer": whole}))


def test_the_best_is_first_and_what_has_no_figure_last() -> None:
    rows = [exact(row(record(name, wer=wer))) for name, wer in (("none", None), ("b", 0.1), ("a", 0.05))]
    (part,) = overview.parts(scorecard(*rows))
    assert [line.model for line in part.lines] == ["a", "b", "none"]
    assert (part.quality, part.speed, part.data) == ("WER", "RTF", "talk: 100 words")
    assert part.lines[-1].figure == "n/a"


def test_what_each_is_recommended_for_and_how_others_differ() -> None:
    rows = [exact(row(record(name, wer=wer, words=6_000))) for name, wer in (("a", 0.08), ("b", 0.10), ("c", 0.3))]
    found = lines(*rows)
    assert "primary ASR" in [choice.title for choice in found["a"].choices]
    assert found["a"].note == ""
    assert found["b"].note == "against a: 2 points worse [2.0, 2.0]"
    assert found["c"].note.startswith("left out: fails its gate on talk: WER 30.0 %")
    assert found["c"].status == "fail"


def test_a_figure_without_an_interval_says_so_in_both_tables() -> None:
    bare = row(record("a", words=6_000))
    assert lines(bare)["a"].interval == "no interval"
    assert lines(row(record("a", wer=None)))["a"].interval == ""
    page = rendered_rows(bare, with_interval("b", 0.08, 0.05, 0.12))
    assert page == {"a": "no interval", "b": "[5.0, 12]"}


def test_a_tie_is_no_difference() -> None:
    found = lines(with_interval("a", 0.08, 0.05, 0.12), with_interval("b", 0.081, 0.05, 0.12))
    assert found["b"].note == "not told apart from a"
    assert found["a"].choices[0].tie


@pytest.mark.parametrize(
    ("high", "bar"), [(0.12, overview.Bar(50.0, 25.0, 75.0)), (2.0, overview.Bar(50.0, 25.0, 100.0))]
)
def test_bars_end_where_the_intervals_do_or_at_twice_the_largest_value(high: float, bar: overview.Bar) -> None:
    found = lines(with_interval("a", 0.08, 0.04, high), with_interval("b", 0.08, 0.04, 0.16))
    assert found["a"].bar == bar


def test_figures_are_over_the_data_that_all_share() -> None:
    rows = [
        row(record("a", dataset="easy", wer=0.02)),
        row(record("a", dataset="hard", wer=0.20)),
        row(record("b", dataset="hard", wer=0.25)),
    ]
    (part,) = overview.parts(scorecard(*rows))
    assert [(line.model, line.figure) for line in part.lines] == [("a", "20.0 %"), ("b", "25.0 %")]
    assert part.data == "hard: 100 words"


def test_other_data_are_named_beside_the_figure() -> None:
    found = lines(row(record("a", dataset="x")), row(record("b", dataset="y")))
    assert [line.elsewhere for line in found.values()] == ["", "on y: 100 words"]


def test_a_scorecard_of_an_older_version_has_its_figures_from_its_rows() -> None:
    found = scorecard(row(record("a", wer=0.08)))
    older = found.model_copy(update={"models": ()})
    assert overview.parts(older)[0].lines[0].figure == "8.0 %"


def test_a_noisy_time_is_marked(tmp_path: Path) -> None:
    noisy = heard(timing=TIMING.model_copy(update={"noisy": "others used 30% of the processors"}))
    said = Parsed(rendered(tmp_path, card(tmp_path, noisy))).text
    assert "0.20 ~" in said
    assert "~ tiny:cpu:talk: others used 30% of the processors" in said


def test_addresses_hold_no_space_whatever_an_id_holds(tmp_path: Path) -> None:
    tiny = case("tiny")
    assert anchors.of_case(tiny) == "case=asr:tiny:cpu:talk"
    assert anchors.of_utterance(tiny, "clip 1/ä") == "case=asr:tiny:cpu:talk&utterance=clip%201%2F%C3%A4"
    assert len(anchors.of_utterance(tiny, "ä" * 500)) < 120
    made = heard().model_copy(update={"utterances": (utterance("a b"), utterance("a\tb"))})
    ids = [each for each in Parsed(rendered(tmp_path, card(tmp_path, made))).ids if "&utterance=" in each]
    assert len(ids) == len(set(ids)) == 2
    assert not any(" " in each for each in ids)


def test_a_session_in_which_nothing_was_judged_is_not_shown_as_passed() -> None:
    unjudged = row(record(), limits=())
    text = page.render(build("s", [unjudged], partial=None), lambda _: record(), None, Path())
    assert "? Nothing judged" in text
    assert "✓ Passed" not in text
    assert "<title>Nothing judged: Model Lab scorecard" in text
