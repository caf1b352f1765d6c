"""Ends of speech in recordings, by a voice activity detector in a worker of its own, after the last answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pytest_modellab.catalog.datasets import Utterance
from pytest_modellab.engines.base import Clip
from pytest_modellab.engines.registry import engine_class, remedy
from pytest_modellab.engines.silero_vad import SileroVad
from pytest_modellab.results import provenance
from pytest_modellab.tasks.requests import Request
from pytest_modellab.tasks.scoring import SpeechEnds

from . import predictor_handler, sources
from .executor import Worker
from .journal import Journal
from .load_order import LoadOrder
from .serving import Serving

TARGET = f"{SileroVad.__module__}:{SileroVad.__qualname__}"
LOAD_S = 60.0
NAME = "Silero VAD"


class DetectorError(Exception):
    """A detector that could not be loaded, or failed."""


def inputs() -> dict[str, Any]:
    """Everything that can change what the detector finds."""
    versions = provenance.versions(SileroVad.distributions)
    return {"versions": versions, "code": sources.of_answers(TARGET, roots=(predictor_handler.__name__,))}


def speech_ends(
    utterances: Iterable[Utterance], journal: Journal, start: Callable[[LoadOrder], Worker], say: Callable[[str], None]
) -> SpeechEnds:
    """The ends of speech of these recordings; those in the journal are reused.

    Where the detector isn't installed or fails, the result says why.
    """
    versions = provenance.versions(SileroVad.distributions)
    if lacking := [name for name, version in versions.items() if version is None]:
        missing = f"{', '.join(lacking)}, with the voice activity detector, is not installed"
        return SpeechEnds(missing=f"{missing}; {remedy(engine_class(TARGET))}")
    found = {line["speech_end"]: line["end_s"] for line in journal.lines if "speech_end" in line}
    rate = SileroVad.rate
    device = {"kind": "cpu", "index": 0, "shared": False}
    order = LoadOrder(TARGET, {}, device, None, 0, LOAD_S, handlers={predictor_handler.__name__: None})
    package = SileroVad.distributions[0]
    detector = f"{NAME} of {package} {versions[package]}"
    with Serving(NAME, order, start, DetectorError) as serving:
        try:
            for each in utterances:
                if each.id not in found:
                    say(f"{NAME} looks for the end of speech")
                    found[each.id] = _end(serving, each.clip(rate))
                    journal.append({"speech_end": each.id, "end_s": found[each.id]})
        except DetectorError as error:
            return SpeechEnds(missing=str(error), detector=detector)
    return SpeechEnds({id: end_s for id, end_s in found.items() if end_s is not None}, detector)


def _end(serving: Serving, clip: Clip) -> float | None:
    """Seconds of audio; None where there is no speech. Raises DetectorError."""
    message = {"op": "rate", "handler": predictor_handler.__name__, "rate": clip.rate, "own": len(clip.samples)}
    score = serving.ask(Request(message, clip.samples.astype("<f4").tobytes(), clip.seconds))["score"]
    return None if score < 0 else float(score)
