"""Prompt synthesis: user turns of dialogues spoken by the data set's voice, once, and kept in the cache.

    spoken/<first two digits>/<key>.flac

The key is a hash of the text and of everything that can change how it is spoken.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_modellab.assets.store import cache_root
from pytest_modellab.catalog.datasets import Dataset, Utterance
from pytest_modellab.catalog.roles import VOICE
from pytest_modellab.core.atomic import replacing
from pytest_modellab.tasks.tts.request import spoken, synthesis

from .auxiliary_models import AuxiliaryModel, AuxiliaryModelError, Models, auxiliary_model
from .machine import machine
from .spoken import SpokenRecording

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Raised when the way of speaking changes, so that what is kept is spoken anew.
VERSION = 1


def with_spoken_prompts(dataset: Dataset, models: Models, say: Callable[[str], None]) -> Dataset:
    """`dataset` with a recording of every turn; those without are spoken now, unless they are in the cache.

    Raises NoAuxiliaryModel or store.StoreError where the voice isn't available, AuxiliaryModelError where it fails.
    """
    silent = [each for each in dataset.utterances if each.recording is None]
    if not silent or dataset.spec.voice is None:
        return dataset
    voice = auxiliary_model(dataset.spec.voice, VOICE, dataset.spec, models, asked_by=__name__)
    recordings = {each.id: _recording(each, voice.inputs) for each in silent}
    lacking = [each for each in silent if not recordings[each.id].path.exists()]
    if lacking:
        with machine(cache_root(), alone=False, what=f"speech for {dataset.spec.id}", waiting=say):
            _speak(lacking, recordings, voice, models, say)
    spoken_by = tuple(
        each if each.recording is not None else replace(each, recording=recordings[each.id])
        for each in dataset.utterances
    )
    return replace(dataset, utterances=spoken_by)


def _recording(utterance: Utterance, voice: Mapping[str, Any]) -> SpokenRecording:
    what = [VERSION, utterance.text, utterance.language, voice]
    key = hashlib.sha256(json.dumps(what, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return SpokenRecording(cache_root() / "spoken" / key[:2] / f"{key}.flac", key)


def _speak(
    lacking: Sequence[Utterance],
    recordings: Mapping[str, SpokenRecording],
    voice: AuxiliaryModel,
    models: Models,
    say: Callable[[str], None],
) -> None:
    with voice.serving(models) as speaker:
        for i, utterance in enumerate(lacking, 1):
            say(f"{voice.model} speaks the questions, {i} of {len(lacking)}")
            samples, rate = spoken(speaker.ask(synthesis(utterance.text, utterance.language)))
            if rate is None or not len(samples):
                raise AuxiliaryModelError(f"{voice.model} said nothing for turn {utterance.id}: {utterance.text!r}")
            _store(recordings[utterance.id].path, samples, rate)


def _store(path: Path, samples: NDArray[np.float32], rate: int) -> None:
    """As 16-bit FLAC, whole or not at all. Raises OSError."""
    import soundfile

    with replacing(path) as file:
        soundfile.write(file, samples.clip(-1, 1), rate, format="FLAC", subtype="PCM_16")
        file.flush()
        os.fsync(file.fileno())
