"""Models against each other, utterance by utterance: the data that the page's script shows a pair of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from pytest_modellab.core.console import counted
from pytest_modellab.core.metrics.metric import Metric
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.stats import paired
from pytest_modellab.core.stats.evidence import ALPHA
from pytest_modellab.core.stats.paired import Paired

from ..advice import ends, one_sided
from . import harmless
from .model_answers import ModelAnswers

_MOST_TESTED = 60_000
"""Utterances of all pairs of one data set that are tested, those with the best model first: some seconds."""
_MOST_UTTERANCES = 3_000
"""Of one data set, those that differ most."""
_LONGEST_REFERENCE = 2_000
"""Characters of one that no alignment shows."""


def embedded(answers: Sequence[ModelAnswers]) -> str:
    """All groups of models that share their data, as JSON that can stand in a script element; "" without any pair."""
    groups: dict[tuple[str, ...], list[ModelAnswers]] = {}
    for each in answers:
        groups.setdefault(each.shared, []).append(each)
    found = [_group(own) for own in groups.values() if len(own) > 1]
    if not found:
        return ""
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    # No text can end the element, or begin a comment in it.
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _group(those: Sequence[ModelAnswers]) -> dict[str, Any]:
    """Those of one data set, the best first, and what was answered before last."""
    answers = sorted(those, key=lambda each: (each.before != "", int(each.errors.sum())))
    labels = list(_labels(answers))
    ids, errors, units, speakers = _aligned(answers)
    shown = list(_shown(answers, ids, errors))
    return {
        "title": harmless.line(answers[0].title, 200),
        "unit": METRICS[answers[0].shared[-1]].title,
        "sides": [
            {
                "label": labels[i],
                "case": each.anchor,
                "spoken": each.spoken,
                "errors": errors[i, shown].tolist(),
                "words": [_cleaned(each, ids[place]) if ids[place] in each.words else 0 for place in shown],
                "states": {
                    at: harmless.line(each.unaligned[ids[place]].why, 300)
                    for at, place in enumerate(shown)
                    if ids[place] in each.unaligned
                },
                "sounds": [each.sounds.get(ids[place], "") for place in shown],
            }
            for i, each in enumerate(answers)
        ],
        "ids": [harmless.line(ids[place], 200) for place in shown],
        "asked": [harmless.line(answers[0].asked[ids[place]]) if answers[0].asked else "" for place in shown],
        "references": {
            at: harmless.line(found.reference, _LONGEST_REFERENCE)
            for at, place in enumerate(shown)
            if (found := next((e.unaligned[ids[place]] for e in answers if ids[place] in e.unaligned), None))
        },
        "units": units[shown].tolist(),
        "alike": dict(_alike(errors)),
        "more": dict(_left_out(errors, shown)),
        "told": dict(_told(METRICS[answers[0].shared[-1]], labels, errors, units, speakers)),
    }


def _labels(answers: Sequence[ModelAnswers]) -> Iterator[str]:
    """The model, its device where there are several, and when, where that isn't now."""
    several = len({each.device for each in answers}) > 1
    for each in answers:
        name = f"{each.model} on {each.device}" if several else each.model
        yield harmless.line(f"{name}, {each.before}" if each.before else name, 200)


def _aligned(answers: Sequence[ModelAnswers]) -> tuple[list[str], Any, Any, list[str | None]]:
    """The utterances that all answered, by id, with the errors of each model, shape (models, utterances)."""
    places = [{id: place for place, id in enumerate(each.ids)} for each in answers]
    ids = sorted(set.intersection(*map(set, places)))
    at = [[own[id] for id in ids] for own in places]
    errors = np.array([each.errors[own] for each, own in zip(answers, at, strict=True)])
    return ids, errors, answers[0].units[at[0]], [answers[0].speakers[place] for place in at[0]]


def _shown(answers: Sequence[ModelAnswers], ids: Sequence[str], errors: Any) -> Iterator[int]:
    """The utterances that two of them differ in, the largest difference first, as far as their words are at hand."""
    spread = errors.max(axis=0) - errors.min(axis=0)
    left = _MOST_UTTERANCES
    for place in np.argsort(-spread, kind="stable").tolist():
        if spread[place] == 0 or left == 0:
            return
        if all(errors[i, place] == 0 or ids[place] in each.words for i, each in enumerate(answers)):
            left -= 1
            yield place


def _alike(errors: Any) -> Iterator[tuple[str, int]]:
    """For each pair, by the places of the two: the utterances in which both make the same number of errors."""
    for i, j in combinations(range(len(errors)), 2):
        yield f"{i}-{j}", int((errors[i] == errors[j]).sum())


def _left_out(errors: Any, shown: Sequence[int]) -> Iterator[tuple[str, int]]:
    """For each pair, by the places of the two: the utterances they differ in that aren't among those shown."""
    for i, j in combinations(range(len(errors)), 2):
        differ = errors[i] != errors[j]
        yield f"{i}-{j}", int(differ.sum() - differ[shown].sum())


def _cleaned(answers: ModelAnswers, id: str) -> list[str | list[str]]:
    return [
        harmless.line(each) if isinstance(each, str) else [each[0], *(harmless.line(word, 200) for word in each[1:])]
        for each in answers.words[id]
    ]


def _told(
    metric: Metric, names: Sequence[str], errors: Any, units: Any, speakers: Sequence[str | None]
) -> Iterator[tuple[str, str]]:
    """For each pair, by the places of the two: what the paired test says of it."""
    left = _MOST_TESTED
    for i, j in combinations(range(len(names)), 2):
        left -= len(units)
        found = paired.compare(errors[i], errors[j], units, speakers) if left >= 0 else None
        yield f"{i}-{j}", _of_two(metric, names[i], names[j], errors[j].sum() - errors[i].sum(), found)


def _of_two(metric: Metric, one: str, other: str, more: int, found: Paired | None) -> str:
    """What is known of two, of whom the other makes so many errors `more`."""
    worse, better = (other, one) if more >= 0 else (one, other)
    if found is None:
        return f"{worse} makes {counted(abs(int(more)), 'error')} more than {better}; not tested here."
    if not found.changed:
        return "The two make the same number of errors in every utterance."
    low, high = found.low, found.high
    if more < 0 and low is not None and high is not None:
        low, high = -high, -low
    interval = "" if low is None or high is None else f" {ends(metric.name, low, high)}"
    gap = f"{metric.format_gap(found.difference)}{interval}"
    if found.p <= ALPHA:
        return f"{worse} is {gap} worse in {metric.title} than {better}{one_sided(found)}."
    side = "above" if metric.better == "lower" else "below"
    return f"Not told apart: {worse} is {gap} {side} {better} in {metric.title}."
