"""A list of published models: sorted, linked to what was measured here, as text, Markdown, CSV, JSON and a page."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from test_leaderboard import measured as row_of

from pytest_modellab.catalog.published import table
from pytest_modellab.catalog.published.shipped import shipped
from pytest_modellab.catalog.published.spec import PublishedModel, Rule, Use
from pytest_modellab.reports.leaderboard.board import boards
from pytest_modellab.reports.leaderboard.page import PageError
from pytest_modellab.reports.published import page, plots, shown
from pytest_modellab.reports.published.listed import SORTS, ModelList, listed
from pytest_modellab.reports.published.measured import Measured, measured
from pytest_modellab.reports.published.rules import conditions, shortlist

SOURCE = {"title": "a board", "url": "https://example.org/board", "opened": "2026-01-31", "dated": "2026-01-02"}


def figure(metric: str, value: float, data: str = "eight sets") -> dict[str, Any]:
    return {"metric": metric, "value": value, "data": data, "source": SOURCE}


def model(id: str, wer: float | None = None, rtfx: float | None = None, **values: Any) -> PublishedModel:
    figures = [figure(name, value) for name, value in (("wer", wer), ("rtfx", rtfx)) if value is not None]
    given = {"id": id, "title": id.title(), "tasks": ["asr"], "sources": [SOURCE], "figures": figures}
    return PublishedModel.model_validate({**given, **values})


MODELS = [
    model("a", 0.10, 100.0, parameters=40_000_000, languages=["en"], licence="MIT", commercial=True, engine="vosk"),
    model("b", 0.05, 50.0, parameters=600_000_000, language_count=17, download_bytes=1_200_000_000),
    model("c", figures=[figure("wer", 0.02, "an easy set")], streaming=True),
    model("d", tasks=["tts"], parameters=9_000_000),
]


def made(*rules: Rule, **more: Any) -> ModelList:
    return listed(MODELS, rules, **{"links": {}, "measured": {}, **more})


def ids(found: ModelList) -> list[str]:
    return [entry.model.id for entry in found.entries]


class TestList:
    def test_it_is_by_task_then_by_figures_that_can_be_compared(self) -> None:
        assert ids(made()) == ["b", "a", "c", "d"]
        assert made().common_data == "eight sets"

    @pytest.mark.parametrize(
        ("key", "order"),
        [
            ("id", "abcd"),
            ("parameters", "dabc"),
            ("size", "bacd"),
            ("wer", "bacd"),
            ("rtfx", "abcd"),
            ("languages", "bacd"),
        ],
    )
    def test_it_is_sorted_by_a_key_with_the_unknown_last(self, key: str, order: str) -> None:
        assert ids(made(sort=key)) == list(order)
        assert key in SORTS

    def test_what_is_not_known_is_left_out_and_named(self) -> None:
        found = made(Rule(max_parameters=100_000_000), Rule(task="asr"))
        assert ids(found) == ["a"]
        assert found.unknown == ("c",)
        assert "1 more model may qualify" in " ".join(shown.remarks(found))

    def test_the_backlog_is_what_no_engine_loads_or_no_local_model_is(self) -> None:
        assert ids(made(backlog=True, links={"a": ("mine",)})) == ["b", "c", "d"]
        assert ids(made(backlog=True)) == ["b", "a", "c", "d"]

    def test_a_rule_is_told_in_words(self) -> None:
        rule = Rule(
            task="asr", language="de", max_parameters=10**6, max_download_bytes=10**6, min_languages=2,
            commercial=True, streaming=False, at_least={"rtfx": 200}, at_most={"wer": 0.1, "eer": 0.2},
        )  # fmt: skip
        assert conditions(rule) == (
            "does asr, knows de, at most 1 M parameters, a download of at most 1 MB, at least 2 languages, commercial"
            " use allowed, not streaming, a published RTFx of at least 200 x, a published WER of at most 10.0 %, a"
            " published eer of at most 0.2"
        )
        assert conditions(Rule()) == "no condition"
        assert shortlist(Use(title="edge", why="Small.", rule=Rule(streaming=True))) == "edge: streaming. Small."


def here() -> dict[str, tuple[Measured, ...]]:
    rows = [
        *(
            row_of(each, data, wer)
            for each, wer in (("mine", 0.1), ("other", 0.2), ("third", 0.3))
            for data in ("calls", "notes")
        ),
        row_of("partly", "calls", 0.4),
    ]
    return measured(boards(rows), {"a": ("other", "mine"), "b": ("partly",), "c": ("absent",)})


class TestMeasured:
    def test_the_best_of_the_linked_models_stands_for_all(self) -> None:
        (best,) = here()["a"]
        assert best.shown == "WER 10.0 % [5.0, 20], RTF 0.20 on calls, notes (mine, cpu)"

    def test_one_that_lacks_a_data_set_is_told_on_its_own(self) -> None:
        (found,) = here()["b"]
        assert found.datasets == ("calls",)
        assert "c" not in here()

    def test_it_is_part_of_the_list(self) -> None:
        found = made(links={"a": ("mine", "other"), "b": ("partly",), "d": ("voice",)}, measured=here())
        cells = next(column for column in shown.columns(found) if column.name == "here").cells
        assert cells == (here()["b"][0].shown, here()["a"][0].shown, "n/a", "voice")
        (whole,) = [each for each in json.loads(shown.json_text(found)) if each["id"] == "a"]
        assert whole["local_models"] == ["mine", "other"]
        assert whole["measured_here"][0]["value"] == pytest.approx(0.1)
        assert "local_models" in shown.csv_text(found).splitlines()[0]


class TestShown:
    def test_a_wide_terminal_has_all(self) -> None:
        said = "\n".join(shown.text(made(), 300))
        assert re.search(r"^b +asr +600 M +1,200 MB +5\.0 % +50 x", said, re.M)
        assert "WER 2.0 % (an easy set)" in said
        assert "n/a was not looked up" in said
        assert shown.sources(made()) == ["[1] a board (of 2026-01-02), opened 2026-01-31: https://example.org/board"]

    def test_a_narrower_one_has_what_was_measured_in_short(self) -> None:
        found = made(links={"a": ("mine", "other"), "d": ("voice", "tenor")}, measured=here())
        lines = shown.text(found, 145)
        assert any(line.startswith("a ") and line.endswith("WER 10.0 % [5.0, 20]") for line in lines)
        assert any(line.startswith("d ") and line.endswith("2 models") for line in lines)
        assert "where and on what (here)" in lines[-1]

    @pytest.mark.parametrize("width", [60, 80, 100])
    def test_no_row_is_wider_than_the_terminal(self, width: int) -> None:
        lines = shown.text(made(), width)
        assert max(map(len, lines[: lines.index("")])) <= width
        assert any(line.startswith("Left out of this width") for line in lines)

    def test_markdown_has_the_sources(self) -> None:
        lines = shown.markdown(made())
        assert lines[0].startswith("| model")
        assert lines[-1].endswith("opened 2026-01-31: <https://example.org/board>")
        assert "sources" not in shown.markdown(made(), only=("id", "wer"))[0]

    def test_csv_is_that_of_the_models(self) -> None:
        assert shown.csv_text(made()) == table.text([MODELS[1], MODELS[0], MODELS[2], MODELS[3]])


class TestPage:
    @pytest.fixture(autouse=True)
    def _drawn(self) -> None:
        pytest.importorskip("jinja2")
        pytest.importorskip("matplotlib")

    def test_two_plots_a_table_and_the_sources(self) -> None:
        text = page.render(made(), "Models")
        assert text.count("<svg") == 2
        assert 'id="plot-size-title"' in text
        assert 'id="plot-speed-title"' in text
        assert '<tr id="model-a">' in text
        assert '<a href="#source-1">1</a>' in text

    def test_it_escapes_and_loads_nothing(self) -> None:
        hostile = model("x", 0.1, 10.0, title="<img src=y onerror=alert(1)>", parameters=5)
        found = listed([*MODELS, hostile], [], links={}, measured={})
        text = page.render(found, "<b>")
        assert "<img" not in text
        assert "&lt;b&gt;" in text
        assert not re.search(r"""<[^>"]*\b(?:src|href)=(?!"#|"data:,"|"https://example)""", text)

    def test_a_plot_takes_two_points(self) -> None:
        assert page.render(listed(MODELS[3:], [], links={}, measured={}), "Models").count("<svg") == 0

    def test_the_front_is_what_none_beats_in_both(self) -> None:
        points = [plots.Point(id, x, y, True) for id, x, y in (("a", 1, 9), ("b", 2, 5), ("c", 3, 7), ("d", 4, 1))]
        assert [each.id for each in plots.front(points, more_is_better=False)] == ["a", "b", "d"]
        assert [each.id for each in plots.front(points, more_is_better=True)] == ["d"]

    def test_all_that_ship_are_drawn(self) -> None:
        found = listed(shipped().models, [], links={}, measured={})
        text = page.render(found, "Models")
        assert text.count("<svg") == 2
        assert text.count("<tr id=") == len(shipped().models)

    def test_without_the_libraries_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(page, "missing", lambda: ["matplotlib"])
        with pytest.raises(PageError, match=r"needs matplotlib: pip install 'pytest-modellab\[report\]'"):
            page.render(made(), "Models")
