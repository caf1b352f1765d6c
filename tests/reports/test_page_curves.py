"""Latency against throughput on the page: a line a model through the levels of load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from loadlevels import level
from pages import Parsed, card, heard, rendered

from pytest_modellab.catalog.specs import LimitSpec
from pytest_modellab.results.record import Record


def levels(each_s: float = 0.05, model: str = "tiny", **fields: Any) -> list[Record]:
    found = [level(users, each_s * (2 if users == 1 else 1), **fields) for users in (8, 1, 2)]
    return [each.model_copy(update={"case": each.case.model_copy(update={"model": model})}) for each in found]


def drawn(folder: Path, *records: Record, bound: float = 0.2) -> Parsed:
    limit = LimitSpec(metric="load_p95_s", max=bound, dataset="calls+*")
    return Parsed(rendered(folder, card(folder, *records, limits=(limit,))))


def test_each_model_is_a_line_with_its_levels_in_order(tmp_path: Path) -> None:
    said = drawn(tmp_path, *levels(), *levels(0.04, "base"), heard()).text
    assert "Latency p95 under load against RTFx under load: calls" in said
    assert "tiny on cpu: 1: 0.10 s at 10.0 x, 2: 0.10 s at 20 x, 8: 0.40 s at 20 x" in said
    assert "base on cpu: 1: " in said
    assert "beside the points: line and users" in said


@pytest.mark.parametrize(("bound", "told"), [(0.2, "dashed: the limit of 0.20 s"), (60, "the limit of 60.00 s, above")])
def test_the_limit_on_the_latency_is_drawn_where_it_is_near(tmp_path: Path, bound: float, told: str) -> None:
    assert told in drawn(tmp_path, *levels(), bound=bound).text


def test_a_noisy_level_is_marked(tmp_path: Path) -> None:
    timing = levels()[0].timing.model_copy(update={"noisy": "another program ran"})
    said = drawn(tmp_path, *(each.model_copy(update={"timing": timing}) for each in levels())).text
    assert "hollow: timed on a noisy machine" in said
    assert " x ~" in said


def test_one_level_is_no_line(tmp_path: Path) -> None:
    assert "against RTFx under load" not in drawn(tmp_path, levels()[0]).text
