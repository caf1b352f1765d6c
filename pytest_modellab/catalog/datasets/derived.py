"""Derived data sets, computed from other ones as they are read: noisy, reverberant, telephone, joined."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_modellab.core import audio

from .form import DatasetForm
from .utterance import DatasetError, Span, Utterance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..specs import DatasetSpec, Degradation, DeriveSpec, Join
    from .access import DatasetAccess
    from .recording import Recording

T = TypeVar("T")

# Counted up whenever the same parameters come to give other samples: they are part of the fingerprint.
NOISY_VERSION = 1
JOINED_VERSION = 1

# Fewer voices are told apart, more become noise.
BABBLE_VOICES = 6


@dataclass(frozen=True)
class NoisyRecording:
    """A degraded recording. Random choices depend on the seed, the utterance and the condition alone."""

    source: Recording
    condition: Degradation
    seed: int
    name: str
    """Of the utterance."""
    voices: tuple[Recording, ...] = ()
    """Of the babble."""

    @property
    def identity(self) -> tuple[Any, ...]:
        others = [list(voice.identity) for voice in self.voices]
        steps = self.condition.model_dump(exclude_defaults=True)
        return "noisy", NOISY_VERSION, steps, self.seed, self.name, list(self.source.identity), others

    @property
    def seconds(self) -> float:
        seconds = self.source.seconds / (self.condition.speed or 1.0)
        return seconds + (self.condition.rt60_s or 0.0)

    def samples(self, rate: int) -> NDArray[np.float32]:
        import numpy as np

        from . import degraded

        condition = self.condition
        random = np.random.default_rng(self._entropy())
        signal = self.source.samples(degraded.RATE).astype(np.float64)
        if condition.speed is not None:
            signal = degraded.faster(signal, condition.speed)
        if condition.rt60_s is not None:
            signal = degraded.reverberant(signal, condition.rt60_s, random)
        if condition.noise is not None:
            assert condition.snr_db is not None  # the catalog saw to it
            signal = degraded.mixed(signal, self._noise(len(signal), random), condition.snr_db)
        signal = degraded.below_ceiling(signal)
        if condition.telephone:
            signal = degraded.over_telephone(signal)
        if rate != degraded.RATE:
            import soxr

            signal = soxr.resample(signal, degraded.RATE, rate, quality="HQ")
        if not len(signal):
            raise audio.AudioError("no samples are left of it")
        clipped: NDArray[np.float32] = np.clip(signal, -1, 1).astype(np.float32)
        return clipped

    def _noise(self, length: int, random: np.random.Generator) -> NDArray[np.float64]:
        import numpy as np

        from . import degraded

        if self.condition.noise == "white":
            return degraded.white(length, random)
        if self.condition.noise == "pink":
            return degraded.pink(length, random)
        voices = [voice.samples(degraded.RATE).astype(np.float64) for voice in self.voices]
        return degraded.babble(length, voices, random)

    def _entropy(self) -> int:
        return entropy(self.seed, self.name, self.condition.label)


@dataclass(frozen=True)
class JoinedRecording:
    """Recordings one after the other, with silence between them."""

    parts: tuple[Recording, ...]
    pause_s: float
    texts: tuple[str, ...] = ()
    """What is said in each."""

    @property
    def identity(self) -> tuple[Any, ...]:
        return "joined", JOINED_VERSION, self.pause_s, [list(part.identity) for part in self.parts]

    @property
    def seconds(self) -> float:
        return sum(part.seconds for part in self.parts) + self.pause_s * (len(self.parts) - 1)

    def samples(self, rate: int) -> NDArray[np.float32]:
        import numpy as np

        pause = np.zeros(round(self.pause_s * rate), dtype=np.float32)
        pieces = [part.samples(rate) for part in self.parts]
        with_pauses = [piece for pair in zip(pieces, [pause] * len(pieces), strict=True) for piece in pair]
        return np.concatenate(with_pauses[:-1])

    def spans(self) -> tuple[Span, ...]:
        """Each part, from its first audible sample to its last one, at 16 kHz."""
        from pytest_modellab.core.metrics.speech import audible_part

        from . import degraded

        found: list[Span] = []
        begin_s = 0.0
        for part, text in zip(self.parts, self.texts, strict=True):
            samples = part.samples(degraded.RATE)
            heard = audible_part(samples, degraded.RATE)
            if heard is not None:
                found.append(Span(text, begin_s + heard[0], begin_s + heard[1]))
            begin_s += len(samples) / degraded.RATE + self.pause_s
        return tuple(found)


def from_source(
    spec: DatasetSpec, derive: DeriveSpec, source: Sequence[Utterance], texts: Sequence[Utterance] = ()
) -> Sequence[Utterance]:
    """The derived utterances; `texts` are those of `texts_of`.

    Raises DatasetError where the source has too few, or one whose length can't be told.
    """
    if derive.join is not None:
        try:
            return tuple(_joined(derive.join, spread(source, derive.take)))
        except audio.AudioError as error:
            raise DatasetError(f"data set {spec.id} can't be joined: {error}") from error
    if derive.texts_of is not None:
        return tuple(spread(_translated(spec, derive, source, texts), derive.take))
    chosen = spread(source, derive.take)
    if derive.noisy is None:
        return tuple(chosen)
    return tuple(_noisy(spec, derive, condition, each, source) for condition in derive.noisy for each in chosen)


def _translated(
    spec: DatasetSpec, derive: DeriveSpec, source: Sequence[Utterance], texts: Sequence[Utterance]
) -> Sequence[Utterance]:
    """The utterances whose id the other set has, too, with its text as their reference."""
    known = {each.id: each.text for each in texts}
    found = [replace(each, text=known[each.id]) for each in source if each.id in known]
    if not found:
        raise DatasetError(
            f"{spec.origin}: no utterance of {derive.source} has an id that {derive.texts_of} has, too: one has such as"
            f" `{source[0].id}`, the other `{next(iter(known), '')}`"
        )
    return found


def _noisy(
    spec: DatasetSpec, derive: DeriveSpec, condition: Degradation, clean: Utterance, source: Sequence[Utterance]
) -> Utterance:
    voices: tuple[Recording, ...] = ()
    if condition.noise == "babble":
        voices = _voices(clean, source, derive.seed)
        if not voices:
            raise DatasetError(f"{spec.origin}: babble is made of other utterances, and {derive.source} has only one")
    slug = re.sub(r"[^A-Za-z0-9.-]+", "-", condition.label)
    return Utterance(
        id=f"{clean.id}~{slug}",
        text=clean.text,
        recording=NoisyRecording(clean.sound, condition, derive.seed, clean.id, voices),
        speaker=clean.speaker,
        language=clean.language,
        kind=condition.label,
        snr_db=condition.snr_db if condition.snr_db is not None else clean.snr_db,
        attributes=clean.attributes,
    )


def _voices(clean: Utterance, source: Sequence[Utterance], seed: int) -> tuple[Recording, ...]:
    """The other utterances that babble in the background of one."""
    others = [each for each in source if each.id != clean.id]
    ranked = sorted(others, key=lambda each: entropy(seed, clean.id, each.id))
    return tuple(each.sound for each in ranked[:BABBLE_VOICES])


def _joined(join: Join, source: Sequence[Utterance]) -> Iterable[Utterance]:
    """Utterances in their order, closed at `join.seconds`; a rest of less than half of that is put to the last one."""
    groups: list[list[Utterance]] = [[]]
    length = 0.0
    for utterance in source:
        if length >= join.seconds:
            groups.append([])
            length = 0.0
        length += utterance.seconds + (join.pause_s if groups[-1] else 0.0)
        groups[-1].append(utterance)
    if len(groups) > 1 and length < join.seconds / 2:
        rest = groups.pop()
        groups[-1].extend(rest)
    for number, group in enumerate(groups, 1):
        yield Utterance(
            id=f"{number:03d}-{group[0].id}",
            text=" ".join(each.text for each in group),
            recording=JoinedRecording(
                tuple(each.sound for each in group), join.pause_s, tuple(each.text for each in group)
            ),
            speaker=_shared(each.speaker for each in group),
            language=_shared(each.language for each in group),
            kind=_shared(each.kind for each in group),
            attributes={
                key: value
                for key in group[0].attributes
                if (value := _shared(each.attributes.get(key) for each in group))
            },
        )


def _shared(values: Iterable[str | None]) -> str | None:
    """The one value of all, None where they differ."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def spread(source: Sequence[T], count: int | None) -> Sequence[T]:
    """So many of them, evenly spread over their order; all where there are no more."""
    if count is None or count >= len(source):
        return source
    return [source[index * len(source) // count] for index in range(count)]


def entropy(*parts: object) -> int:
    """A number that depends on all of these, for choices that are made by a seed."""
    return int.from_bytes(hashlib.sha256("\n".join(map(str, parts)).encode()).digest()[:16], "big")


class _Derived(DatasetForm["DeriveSpec"]):
    def read(self, spec: DatasetSpec, given: DeriveSpec, access: DatasetAccess) -> Sequence[Utterance]:
        texts = () if given.texts_of is None else access.utterances_of(given.texts_of)
        return from_source(spec, given, access.utterances_of(given.source), texts)

    def summary(self, given: DeriveSpec) -> str:
        if given.texts_of:
            return f"{given.source} with the texts of {given.texts_of}"
        return f"{'joined' if given.join else 'noisy'} {given.source}"


FORM = _Derived()
