"""The form `scenarios`: an utterance is a dialogue in which something is heard while the model speaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_modellab.core import audio

from .form import DatasetForm
from .made import MadeRecording
from .utterance import DatasetError, Utterance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..scenario_specs import EventSpec, ScenarioSpec
    from ..specs import DatasetSpec
    from .access import DatasetAccess
    from .recording import Recording

# Counted up whenever the same parameters come to give other samples: it is part of the fingerprint.
VERSION = 1


@dataclass(frozen=True)
class Event:
    """A sound, when it begins, and what of it is played, in seconds."""

    source: Recording
    at_s: float | None
    after_s: float | None
    part_s: tuple[float, float] | None
    gain_db: float

    @property
    def identity(self) -> tuple[Any, ...]:
        part = None if self.part_s is None else list(self.part_s)
        return self.at_s, self.after_s, part, self.gain_db, list(self.source.identity)

    @property
    def seconds(self) -> float:
        return self.source.seconds if self.part_s is None else self.part_s[1] - self.part_s[0]

    def samples(self, rate: int) -> NDArray[np.float32]:
        import numpy as np

        samples = self.source.samples(rate)
        if self.part_s is not None:
            begin, end = (round(each * rate) for each in self.part_s)
            samples = samples[begin:end]
        if not len(samples):
            raise audio.AudioError(f"nothing is left of it between {self.part_s}")
        louder: NDArray[np.float32] = np.clip(samples * 10 ** (self.gain_db / 20), -1, 1).astype(np.float32)
        return louder


@dataclass(frozen=True)
class ScenarioRecording:
    """The sounds of a scenario; by itself, one after the other."""

    events: tuple[Event, ...]
    kind: str
    within_s: float
    settle_s: float
    longest_s: float
    seed: int

    @property
    def identity(self) -> tuple[Any, ...]:
        times = (self.within_s, self.settle_s, self.longest_s, self.seed)
        return "scenario", VERSION, self.kind, *times, [list(each.identity) for each in self.events]

    @property
    def seconds(self) -> float:
        return sum(event.seconds for event in self.events)

    def samples(self, rate: int) -> NDArray[np.float32]:
        import numpy as np

        return np.concatenate([event.samples(rate) for event in self.events])


def from_scenarios(
    spec: DatasetSpec, scenarios: tuple[ScenarioSpec, ...], access: DatasetAccess
) -> Sequence[Utterance]:
    """An utterance for each scenario, whose text are the words of its last event; "" for a noise.

    Raises DatasetError for an utterance that the other set doesn't have.
    """
    known = {
        name: {each.id: each for each in access.utterances_of(name)}
        for name in dict.fromkeys(event.source for scenario in scenarios for event in scenario.events if event.source)
    }
    return tuple(_utterance(spec, scenario, known) for scenario in scenarios)


def _utterance(spec: DatasetSpec, scenario: ScenarioSpec, known: Mapping[str, Mapping[str, Utterance]]) -> Utterance:
    found = [_event(spec, event, known) for event in scenario.events]
    last, text = scenario.events[-1], found[-1][1]
    recording = ScenarioRecording(
        tuple(event for event, _ in found),
        last.kind,
        scenario.within_s,
        scenario.settle_s,
        scenario.longest_s,
        scenario.seed,
    )
    words = text if last.says is None else last.says
    return Utterance(id=scenario.id, text=words, recording=recording, language=spec.language, kind=last.kind)


def _event(spec: DatasetSpec, event: EventSpec, known: Mapping[str, Mapping[str, Utterance]]) -> tuple[Event, str]:
    """The event, and its words."""
    source: Recording
    if event.source is None:
        assert event.noise is not None  # the catalog was checked
        assert event.seconds is not None
        source, text = MadeRecording(event.noise, event.seconds, event.dbfs, 0), ""
    else:
        utterance = known[event.source].get(str(event.utterance))
        if utterance is None:
            raise DatasetError(f"{event.origin}: {event.source} has no utterance `{event.utterance}`")
        source, text = utterance.sound, utterance.text
    return Event(source, event.at, event.after, event.part_s, event.gain_db), text


class _Scenarios(DatasetForm["tuple[ScenarioSpec, ...]"]):
    item = "scenario"

    def check(self, spec: DatasetSpec, given: tuple[ScenarioSpec, ...]) -> None:
        if spec.tasks != ("barge_in",):
            raise ValueError("`scenarios` are for `tasks: [barge_in]`")

    def mistakes(
        self, spec: DatasetSpec, given: tuple[ScenarioSpec, ...]
    ) -> Iterator[tuple[tuple[str | int, ...], str]]:
        yield from ()

    def read(self, spec: DatasetSpec, given: tuple[ScenarioSpec, ...], access: DatasetAccess) -> Sequence[Utterance]:
        return from_scenarios(spec, given, access)

    def summary(self, given: tuple[ScenarioSpec, ...]) -> str:
        return f"{len(given)} scenarios"


FORM = _Scenarios()
