"""Profiles for which models are chosen: roles and use cases, with their requirements and preferences."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from pytest_modellab.core.identifiers import Identifier
from pytest_modellab.core.metrics.registry import METRICS

from .base import Number, Spec, Task, Whole
from .errors import suggest
from .specs import out_of_scale

LEAST_WORDS = 1_000
"""Reference words. At a WER of 10 % the interval of so many reaches about three points to each side."""
LEAST_TURNS = 100
"""Judged turns. At half of them right the interval of so many reaches ten points to each side."""


class ProfileSpec(Spec):
    """A role or use case for which one model is chosen.

    A model qualifies where it passes its gates with a grade above F in every task of `require`, and meets each bound
    there on each data set, as far as the intervals tell. Among models that qualify the first of `prefer` decides by a
    paired test, and the next one decides among those that no test tells apart.
    """

    title: str = Field(min_length=1)
    why: str = Field(min_length=1, description="why this is required and preferred, for the reader of a scorecard")
    require: dict[Task, dict[str, Number]] = Field(
        min_length=1, description="task -> metric -> the worst value that is accepted; {} asks for the gates alone"
    )
    datasets: tuple[str, ...] = Field(
        default=("*",), min_length=1, description="globs: what else is measured is left out"
    )
    within: dict[str, Number] = Field(
        default_factory=dict, description="task.metric -> how far from the best that qualifies, at most"
    )
    prefer: tuple[str, ...] = Field(min_length=1, description="task.metric, the one that matters most first")
    least_words: Whole = Field(
        default=LEAST_WORDS, ge=0, description="reference words of each task, below which no model is chosen"
    )
    least_turns: Whole = Field(
        default=LEAST_TURNS, ge=0, description="judged turns of dialogues, below which no model is chosen"
    )
    least_speakers: Whole = Field(default=0, ge=0, description="speakers, below which no model is chosen")
    candidates: str | None = Field(
        default=None, description="a use of `modellab catalog`, whose shortlist has models that may be tried for it"
    )
    research: bool = Field(default=False, description="whether models that are marked `research` may be chosen")


class ProfilesFile(Spec):
    schema_: Literal["modellab.profiles/1"] = Field(alias="schema")
    roles: dict[Identifier, ProfileSpec] = Field(default_factory=dict, description="roles for which a model is kept")
    use_cases: dict[Identifier, ProfileSpec] = Field(default_factory=dict, description="what products need")


def mistakes(file: ProfilesFile, datasets: Collection[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The problems of one profile: the place in the file, and the problem.

    `datasets` are the ids, or globs over them, that a profile may name.
    """
    for group, profiles in (("roles", file.roles), ("use_cases", file.use_cases)):
        for name, profile in profiles.items():
            if group == "use_cases" and name in file.roles:
                yield (group, name), f"`{name}` is a role, too; names are unique"
            place = (group, name)
            for task, bounds in profile.require.items():
                for metric, bound in bounds.items():
                    if wrong := _unknown(metric) or out_of_scale(METRICS[metric], bound):
                        yield (*place, "require", task, metric), wrong
            for named, margin in profile.within.items():
                if wrong := _misnamed(named, profile):
                    yield (*place, "within", named), wrong
                elif margin < 0:
                    yield (*place, "within", named), f"a margin is 0 or more, found {margin:g}"
                elif wrong := out_of_scale(METRICS[named.partition(".")[2]], margin):
                    yield (*place, "within", named), wrong
            for i, named in enumerate(profile.prefer):
                if wrong := _misnamed(named, profile):
                    yield (*place, "prefer", i), wrong
            for i, glob in enumerate(profile.datasets):
                if not any(fnmatchcase(each, glob) or fnmatchcase(glob, each) for each in datasets):
                    yield (*place, "datasets", i), f"no data set matches `{glob}`; {suggest(glob, datasets)}"


def _misnamed(named: str, profile: ProfileSpec) -> str:
    """What is wrong with a `task.metric`; "" for nothing."""
    task, dot, metric = named.partition(".")
    if not dot or task not in profile.require:
        tasks = " or ".join(f"`{each}.`" for each in profile.require)
        return f"`{named}`: write task.metric, of a task in `require`: it begins with {tasks}"
    return _unknown(metric)


def _unknown(metric: str) -> str:
    return "" if metric in METRICS else f"unknown metric `{metric}`; {suggest(metric, METRICS)}"
