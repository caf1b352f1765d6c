"""A list of published models in words: the columns of its table, for a terminal, Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pytest_modellab.catalog.published import table
from pytest_modellab.catalog.published.spec import PublishedModel, Source
from pytest_modellab.core.console import counted, printable, shortened
from pytest_modellab.core.escaping import plain
from pytest_modellab.core.metrics.registry import METRICS

from ..scorecard.layout import NOTHING, Brief, Column, lay
from ..scorecard.tables import github
from .listed import ERRORS, SPEED, Listed, ModelList

NONE_YET = "none yet"
_NAMED = 4
"""So many languages are named in a cell; more are counted."""
_WORDS = 16
"""Characters of a licence on a narrow terminal."""
_SPARE = (
    *("sources", "others", "measured", "whole", "size", "commercial"),
    *("streaming", "languages", "engine", "licence", "here"),
)


def columns(found: ModelList) -> list[Column]:
    """The table, a row for each model."""
    models = [entry.model for entry in found.entries]
    return [
        Column("id", "model", tuple(model.id for model in models), leading=True),
        Column("tasks", "tasks", tuple(", ".join(model.all_tasks) for model in models)),
        Column("parameters", "parameters", tuple(map(parameters, models)), right=True),
        Column("size", "download", tuple(map(download, models)), right=True),
        Column(ERRORS, METRICS[ERRORS].title, tuple(figure(found, model, ERRORS) for model in models), right=True),
        Column(SPEED, METRICS[SPEED].title, tuple(figure(found, model, SPEED) for model in models), right=True),
        _licences(models),
        Column("commercial", "commercial", tuple(answer(model.commercial) for model in models)),
        Column("languages", "languages", tuple(map(languages, models))),
        Column("streaming", "streaming", tuple(answer(model.streaming) for model in models)),
        Column("engine", "engine", tuple(model.engine or NONE_YET for model in models)),
        Column("others", "other published figures", tuple(others(found, model) for model in models)),
        Column("here", "here", tuple(map(here, found.entries)), brief=_in_short(found.entries)),
        Column("sources", "sources", tuple(", ".join(map(str, found.numbers(model))) for model in models)),
    ]


def _licences(models: Sequence[PublishedModel]) -> Column:
    whole = tuple(model.licence or NOTHING for model in models)
    brief = Brief("whole", "whole licences", tuple(shortened(each, _WORDS) for each in whole))
    return Column("licence", "licence", whole, brief=brief)


def _in_short(entries: Sequence[Listed]) -> Brief:
    cells = (
        entry.measured[0].brief if entry.measured else counted(len(entry.local), "model") if entry.local else NOTHING
        for entry in entries
    )
    return Brief("measured", "where and on what (here)", tuple(cells))


def parameters(model: PublishedModel) -> str:
    return NOTHING if model.parameters is None else f"{model.parameters / 1e6:,.0f} M"


def download(model: PublishedModel) -> str:
    return NOTHING if model.download_bytes is None else f"{model.download_bytes / 1e6:,.0f} MB"


def figure(found: ModelList, model: PublishedModel, metric: str) -> str:
    """The published figure that can be compared."""
    one = found.comparable(model, metric)
    return NOTHING if one is None else one.shown


def others(found: ModelList, model: PublishedModel) -> str:
    told = [f"{each.title} {each.shown} ({each.data})" for each in found.others(model)]
    return "; ".join(told) or NOTHING


def languages(model: PublishedModel) -> str:
    if not model.spoken:
        return NOTHING
    return ", ".join(model.languages) if 0 < len(model.languages) <= _NAMED else str(model.spoken)


def answer(known: bool | None) -> str:
    return NOTHING if known is None else "yes" if known else "no"


def here(entry: Listed) -> str:
    """What was measured here; without that, the local models."""
    return "; ".join(each.shown for each in entry.measured) or ", ".join(entry.local) or NOTHING


def remarks(found: ModelList) -> Iterator[str]:
    """What a reader of the table has to know."""
    yield f"{counted(len(found.entries), 'model')}; {NOTHING} was not looked up."
    if any(found.comparable(entry.model, metric) for entry in found.entries for metric in (ERRORS, SPEED)):
        titles = f"{METRICS[ERRORS].title} and {METRICS[SPEED].title}"
        yield f"Published {titles}: {found.common_data}, on the GPU of that leaderboard."
    if found.unknown:
        yield (
            f"{counted(len(found.unknown), 'more model')} may qualify, of which something that is asked for was not"
            f" looked up: {', '.join(found.unknown)}."
        )
    yield from found.notes


def text(found: ModelList, width: int) -> list[str]:
    """The lines for a terminal."""
    laid = lay(columns(found), width, _SPARE)
    lines = [*laid.head, *(line for row in laid.rows for line in row)]
    lines += ["", *remarks(found)]
    lines += [f"Left out of this width: {', '.join(laid.left_out)}."] if laid.left_out else []
    return [printable(line) for line in lines]


def sources(found: ModelList) -> list[str]:
    """A line for each source, with its number."""
    return [printable(f"[{i}] {told(each)} {each.url}") for i, each in enumerate(found.sources, start=1)]


def told(source: Source) -> str:
    """Title and dates of a source."""
    dated = f" (of {source.dated})" if source.dated else ""
    return f"{source.title}{dated}, opened {source.opened}:"


def markdown(found: ModelList, *, only: Sequence[str] = ()) -> list[str]:
    """A table, what has to be known of it, and its sources; `only` names its columns, all but empty ones otherwise."""
    whole = columns(found)
    kept = [each for each in whole if (each.name in only if only else not each.empty)]
    lines = [*github(kept).splitlines(), "", *(plain(line) for line in remarks(found))]
    if any(each.name == "sources" for each in kept):
        lines += ["", *(f"{i}. {plain(told(each))} <{each.url}>" for i, each in enumerate(found.sources, start=1))]
    return lines


def csv_text(found: ModelList) -> str:
    """All columns of the models, and what there is of them here."""
    models = [entry.model for entry in found.entries]
    if not any(entry.local or entry.measured for entry in found.entries):
        return table.text(models)
    derived = [
        dict(zip(table.DERIVED, (", ".join(e.local), "; ".join(m.shown for m in e.measured)), strict=True))
        for e in found.entries
    ]
    return table.text(models, derived)


def json_text(found: ModelList) -> str:
    return json.dumps([_object(entry) for entry in found.entries], ensure_ascii=False, indent=2) + "\n"


def _object(entry: Listed) -> dict[str, Any]:
    """The model's own keys, then those of what there is of it here."""
    here = [
        {
            "task": each.task,
            "metric": each.metric,
            "value": each.value.value,
            "interval": each.value.interval,
            "noise": each.value.noise,
            "model": each.model,
            "device": each.device,
            "datasets": each.datasets,
            "speed_metric": each.speed_metric,
            "speed": None if each.speed is None else each.speed.value,
        }
        for each in entry.measured
    ]
    return {**entry.model.model_dump(mode="json"), "local_models": entry.local, "measured_here": here}
