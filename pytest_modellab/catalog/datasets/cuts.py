"""Cuts: recordings up to a pause within their sentence, or up to their end, with silence behind.

Both kinds are made alike: the recording up to where speech ends, a tenth of a second of what follows there, then noise
as loud as the recording's quietest tenth. So neither the silence nor how the sound breaks off tells which it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_modellab.core import audio

from .derived import NoisyRecording, entropy, spread
from .form import DatasetForm
from .sound_facts import SoundFacts
from .utterance import DatasetError, Utterance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..cut_specs import CutsSpec
    from ..specs import DatasetSpec
    from .access import DatasetAccess
    from .pauses import Span
    from .recording import Recording

# Counted up whenever the same parameters come to give other samples: it is part of the fingerprint.
VERSION = 1

FINISHED, UNFINISHED = "finished", "unfinished"
"""The references of cuts."""
RATE = 16_000
KEPT_S = 0.1
"""Of the recording behind the end of speech."""
FADE_S = 0.02
LOUDEST_ROOM_DB = -50.0
"""Of the noise, relative to full scale: a recording without a pause has no quiet part."""
LEAST_BEFORE_S = 1.0
"""Of speech before a cut, pauses left out: less is too little to tell anything by."""
AS_LONG = 0.15
"""By this share of its length a finished cut may differ from the unfinished one that is to be as long."""
LEAST_AFTER_S = 0.3
"""Of speech behind a pause: otherwise it may be a breath or a click that follows."""

_DOTS = re.compile(r"\.\.+|…")
"""A hesitation."""
_SEVERAL = re.compile(r"[.!?;:]+[\"'”’)\]]*\s+\S|[。！？；：].")
"""The end of a sentence with another one behind it."""
_CLAUSES = re.compile(r"[,、，]|\s[-–—]\s")
_OPEN = re.compile(r"(\.\.+|…|[,;:\-–—])\s*$")
"""What is read as if something followed."""


@dataclass(frozen=True)
class CutRecording:
    """A recording up to `end_s`, where speech ends, and `silence_s` seconds of silence; all in seconds."""

    source: Recording
    end_s: float
    silence_s: float
    silences_s: tuple[float, ...]
    """After which a detector is asked, as long as there is silence."""
    finished: bool
    seed: int
    name: str
    """Of the source's utterance."""

    @property
    def identity(self) -> tuple[Any, ...]:
        silence = (self.silence_s, list(self.silences_s))
        return "cut", VERSION, self.end_s, *silence, self.finished, self.seed, self.name, list(self.source.identity)

    @property
    def seconds(self) -> float:
        return self.end_s + self.silence_s

    def samples(self, rate: int) -> NDArray[np.float32]:
        import numpy as np

        whole = self.source.samples(RATE)
        end, silence = round(self.end_s * RATE), round(self.silence_s * RATE)
        if end > len(whole) + round(FADE_S * RATE):
            raise audio.AudioError(f"it ends before {self.end_s:.2f} s, where it is to be cut")
        end = min(end, len(whole))  # frames of the search for pauses are counted up
        kept = whole[: end + min(silence, round(KEPT_S * RATE))]
        noise = self._room(whole, end + silence)
        fade = np.zeros(len(noise))
        fade[: len(kept)] = 1.0
        edge = min(round(FADE_S * RATE), len(kept) - end)
        if edge > 0:
            fade[len(kept) - edge : len(kept)] = np.linspace(1.0, 0.0, edge)
        signal = noise * (1 - fade)
        signal[: len(kept)] += kept * fade[: len(kept)]
        if rate != RATE:
            import soxr

            signal = soxr.resample(signal, RATE, rate, quality="HQ")
        samples: NDArray[np.float32] = np.clip(signal, -1, 1).astype(np.float32)
        return samples

    def _room(self, whole: NDArray[np.float32], length: int) -> NDArray[np.float64]:
        """Noise as loud as the recording's quietest tenth; of a generator whose stream is frozen (NEP 19)."""
        import numpy as np

        frame = round(FADE_S * RATE)
        frames = whole[: len(whole) // frame * frame].reshape(-1, frame).astype(np.float64)
        levels = np.sqrt(np.mean(np.square(frames), axis=1))
        level = min(float(np.quantile(levels, 0.1)) if len(levels) else 0.0, 10 ** (LOUDEST_ROOM_DB / 20))
        random = np.random.RandomState(entropy(self.seed, self.name, self.finished) % 2**32)
        noise: NDArray[np.float64] = level * random.standard_normal(length)
        return noise


@dataclass(frozen=True)
class Asked:
    """When a detector is asked about a cut: where speech ends, and after how much silence, all in seconds."""

    end_s: float
    silences_s: tuple[float, ...]

    @property
    def moments_s(self) -> tuple[float, ...]:
        """From the beginning of the recording."""
        return tuple(self.end_s + silence for silence in self.silences_s)


def asked(recording: Recording) -> Asked:
    """When to ask about a recording; of one that isn't a cut of this form, or one with noise over it, at its end."""
    speed = 1.0
    while isinstance(recording, NoisyRecording):
        speed *= recording.condition.speed or 1.0
        recording = recording.source
    if not isinstance(recording, CutRecording):
        return Asked(recording.seconds / speed, (0.0,))
    lasting = tuple(each for each in recording.silences_s if each <= recording.silence_s)
    return Asked(recording.end_s / speed, tuple(each / speed for each in lasting))


def from_sources(spec: DatasetSpec, cuts: CutsSpec, access: DatasetAccess) -> Sequence[Utterance]:
    """The cuts of each source, those of a recording side by side.

    Raises DatasetError where there is no recording with a pause, or one that can't be read.
    """
    facts = SoundFacts()
    try:
        every = [list(_sentences(cuts, name, access.utterances_of(name), facts)) for name in cuts.sources]
    except audio.AudioError as error:
        raise DatasetError(f"data set {spec.id} can't be cut: {error}") from error
    facts.save()
    found = [list(_pairs(cuts, own)) for own in every]
    if not any(found):
        twin = ", and another one beside it that is as long up to its end" if cuts.alike == "length" else ""
        raise DatasetError(f"{spec.origin}: no sentence of {', '.join(cuts.sources)} has a pause in it{twin}")
    counts = _shares([len(each) for each in found], None if cuts.take is None else cuts.take // 2)
    chosen = [each for own, count in zip(found, counts, strict=True) for each in spread(own, count)]
    if cuts.take is not None and len(chosen) < cuts.take // 2:
        access.notes.append(f"{2 * len(chosen)} cuts, not the {cuts.take} of `take`: no more sentences have a pause")
    return tuple(_made(cuts, chosen))


@dataclass(frozen=True)
class _Sentence:
    """An utterance that is one sentence, where speech ends in it, and the pause at which it is cut; None without."""

    utterance: Utterance
    name: str
    """With the source's, which tells it from those of others."""
    pause_s: float | None
    end_s: float


_Pair: TypeAlias = "tuple[_Sentence, _Sentence]"
"""What is cut at its pause, and what is cut at its end."""


def _pairs(cuts: CutsSpec, sentences: Sequence[_Sentence]) -> Iterator[_Pair]:
    """Of one source, in its order: each sentence with a pause, and itself, or another one that ends as late."""
    paused = [each for each in sentences if each.pause_s is not None]
    if cuts.alike == "recording":
        yield from ((each, each) for each in paused)
        return
    left = list(sentences)
    found: dict[str, _Sentence] = {}
    for each in sorted(paused, key=lambda one: entropy(cuts.seed, "pair", one.name)):
        others = [other for other in left if other.name != each.name]
        pause_s = each.pause_s or 0.0
        nearest = min(others, key=lambda other: (abs(other.end_s - pause_s), other.name), default=None)
        if nearest is not None and abs(nearest.end_s - pause_s) <= AS_LONG * pause_s:
            left.remove(nearest)
            found[each.name] = nearest
    yield from ((each, found[each.name]) for each in paused if each.name in found)


def _sentences(cuts: CutsSpec, source: str, utterances: Sequence[Utterance], facts: SoundFacts) -> Iterator[_Sentence]:
    """The utterances that are one sentence, each with one of its pauses, by the seed."""
    from .pauses import known_speech

    for utterance in utterances:
        if utterance.recording is None or not one_sentence(utterance.text, cuts):
            continue
        name = f"{source}/{utterance.id}"
        spans = known_speech(utterance.recording, cuts.gap_s, facts)
        places = _pauses(spans)
        if spans:
            pause_s = places[entropy(cuts.seed, name) % len(places)] if places else None
            yield _Sentence(utterance, name, pause_s, spans[-1].end_s)


def one_sentence(text: str, cuts: CutsSpec) -> bool:
    """Whether a reference is one sentence of enough words that is over with its last one."""
    if _OPEN.search(text) or (not cuts.commas and _CLAUSES.search(text)):
        return False
    fluent = _DOTS.sub(" ", text).strip()
    spaced = len(fluent.split())
    words = spaced if spaced > 1 else len(fluent)  # of languages without spaces, characters
    return words >= cuts.min_words and not _SEVERAL.search(fluent)


def _pauses(spans: Sequence[Span]) -> list[float]:
    """Where pauses begin that have enough speech on both sides."""
    seconds = [span.seconds for span in spans]
    return [
        span.end_s
        for i, span in enumerate(spans[:-1])
        if sum(seconds[: i + 1]) >= LEAST_BEFORE_S and sum(seconds[i + 1 :]) >= LEAST_AFTER_S
    ]


def _shares(available: Sequence[int], wanted: int | None) -> list[int]:
    """How many of each: the same number as far as there are as many, in all `wanted`, or all there are."""
    if wanted is None or wanted >= sum(available):
        return list(available)
    shares = [0] * len(available)
    for _ in range(wanted):
        open_to = [i for i, most in enumerate(available) if shares[i] < most]
        shares[min(open_to, key=lambda i: (shares[i], i))] += 1
    return shares


def _made(cuts: CutsSpec, pairs: Sequence[_Pair]) -> Iterator[Utterance]:
    """Both cuts of each pair; the silences of unfinished ones go round."""
    longest = cuts.silences_s[-1]
    order = sorted(range(len(pairs)), key=lambda i: entropy(cuts.seed, "silence", pairs[i][0].name))
    silences = dict(zip(order, (cuts.silences_s[i % len(cuts.silences_s)] for i in range(len(order))), strict=True))
    for i, (paused, ended) in enumerate(pairs):
        silence_s = silences[i]
        for each, end_s, lasts_s, finished in (
            (paused, paused.pause_s or 0.0, silence_s, False),
            (ended, ended.end_s, longest, True),
        ):
            own, text = each.utterance, FINISHED if finished else UNFINISHED
            yield replace(
                own,
                id=f"{each.name}~{text}",
                text=text,
                recording=CutRecording(own.sound, end_s, lasts_s, cuts.silences_s, finished, cuts.seed, each.name),
                turn=None,
                prompt=None,
                attributes={**own.attributes, **({} if finished else {"pause": f"{silence_s:g} s"})},
            )


class _Cuts(DatasetForm["CutsSpec"]):
    def check(self, spec: DatasetSpec, given: CutsSpec) -> None:
        if spec.tasks != ("turn",):
            raise ValueError("`cuts` are for `tasks: [turn]`")

    def read(self, spec: DatasetSpec, given: CutsSpec, access: DatasetAccess) -> Sequence[Utterance]:
        return from_sources(spec, given, access)

    def summary(self, given: CutsSpec) -> str:
        return f"cuts of {', '.join(given.sources)}"


FORM = _Cuts()
