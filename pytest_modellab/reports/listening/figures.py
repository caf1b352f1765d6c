"""The figures of listeners' answers, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_modellab.core.stats.intervals import Interval, mean_interval, share_interval
from pytest_modellab.core.stats.units import FEWEST_CLUSTERS

from .spec import Answers, Judgement, Key, ListeningError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Figure:
    """A voice's figure: the share of answers that prefer it, an undecided one counting half; or its mean rating."""

    voice: str
    value: float
    interval: Interval | None
    answers: int


@dataclass(frozen=True)
class Heard:
    """What the listeners of a test said."""

    key: Key
    listeners: int
    answers: int
    figures: tuple[Figure, ...]
    conditional: str
    """Why the intervals hold for these listeners only, else ""."""


def of_answers(key: Key, files: Sequence[Answers]) -> Heard:
    """The figures of a test. Raises ListeningError for answers of another test, and for two files of one listener."""
    rows: list[tuple[str, str, Judgement]] = []
    items = {frozenset(item.clips.values()): item for item in key.items}
    names: set[str] = set()
    answered: set[tuple[str, str]] = set()
    for file in files:
        if file.test != key.test:
            raise ListeningError(f"the answers of {file.listener} are of test {file.test}, the key of {key.test}")
        if file.listener in names:
            raise ListeningError(f"two files are of the listener {file.listener}: leave one out")
        names.add(file.listener)
        for answer in file.answers:
            item = items.get(frozenset(answer.clips))
            if item is None:
                raise ListeningError(f"{file.listener} answered to clips that the key doesn't have")
            if (answer.preferred is None) != (key.scale == "rating"):
                raise ListeningError(f"{file.listener} answered on another scale than {key.scale}")
            if (file.listener, item.id) in answered:
                raise ListeningError(f"{file.listener} answered to `{item.id}` twice: leave one out")
            answered.add((file.listener, item.id))
            rows.append((file.listener, item.id, answer))
    if not rows:
        raise ListeningError("no answers")
    few = len(names) < FEWEST_CLUSTERS
    # Few listeners tell nothing of others: what varies then is the texts.
    units = [item if few else listener for listener, item, _ in rows]
    figures = tuple(_figure(key, voice, rows, units) for voice in key.voices)
    told = f"conditional on {len(names)} listener{'s' * (len(names) > 1)}" if few else ""
    return Heard(key, len(names), len(rows), figures, told)


def _figure(key: Key, voice: str, rows: Sequence[tuple[str, str, Judgement]], units: Sequence[str]) -> Figure:
    import numpy as np

    clips = {item.id: item.clips[voice] for item in key.items}
    values = np.array([_value(answer, clips[item]) for _, item, answer in rows])
    if key.scale == "preference":
        return Figure(voice, float(values.mean()), share_interval(values, np.ones(len(values)), units), len(values))
    # Every listener (or text) counts the same, however many answers there are of each.
    means = _means(values, units)
    return Figure(voice, float(means.mean()), mean_interval(means), len(values))


def _value(answer: Judgement, clip: str) -> float:
    if answer.ratings is not None:
        return float(answer.ratings[clip])
    return 0.5 if answer.preferred == "" else float(answer.preferred == clip)


def _means(values: NDArray[np.float64], units: Sequence[str]) -> NDArray[np.float64]:
    """The mean of each unit, shape (units,)."""
    import numpy as np

    _, place = np.unique(np.array(units), return_inverse=True)
    means: NDArray[np.float64] = np.bincount(place, values) / np.bincount(place)
    return means
