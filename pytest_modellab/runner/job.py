"""The inputs of a case run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from .executor import LOCAL, ClusterSettings

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Case
    from pytest_modellab.catalog.datasets import Dataset, Utterance
    from pytest_modellab.core.schema_base import FallbackDevice, Finding
    from pytest_modellab.results.shards import Shard
    from pytest_modellab.tasks.groups import GroupRequests

    from .load_order import LoadOrder

Counted: TypeAlias = Callable[["Utterance", "str | None"], tuple[int, int]]
"""Errors of a text, and words of its reference; of an utterance without an answer all are wrong."""


@dataclass(frozen=True)
class Settings:
    """The settings with which a session runs its cases."""

    fresh: bool = False
    executor: str = LOCAL
    """What starts its workers."""
    max_utterances: int | None = None
    speed_age_days: float = 7.0
    """How old the times of a record may be that stands for a new run."""
    control: bool = False
    """Whether every model is replaced by the engine that is wrong on purpose."""
    alone: bool = True
    """Whether the session does one thing at a time, so that it may time it."""
    shard: Shard | None = None
    """Which part of each data set is run; None for all of it."""
    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    """For an executor of several machines."""


@dataclass(frozen=True)
class Job:
    """A case with all inputs of its run."""

    case: Case
    dataset: Dataset
    order: LoadOrder
    seconds: MutableMapping[str, float]
    """Length of each utterance's audio, by id."""
    requests: GroupRequests
    whole: Dataset
    """The data set that `dataset` may be a shard of: what is asked over and over is the same for all shards."""
    fallback_device: FallbackDevice | None = None
    """The device it runs on, where that is not the case's."""
    loaded_with: Mapping[str, Any] = field(default_factory=dict)
    """Digests and versions of what the worker loads; see edits.loaded_with."""
    findings: tuple[Finding, ...] = ()
    """What is known of the data set and its recordings before the run."""
