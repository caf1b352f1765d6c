"""The items of a listening test out of records of synthesis: texts that every voice speaks, as loud as each other."""

from __future__ import annotations

import base64
import hashlib
import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_modellab.core import audio
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.results.record import Record
from pytest_modellab.tasks.tts.record import speech_of

from .spec import Item, Key, ListeningError, Scale

RATE = 24_000
LOUDNESS_DBFS = -26.0
"""RMS of every clip: the louder of two is preferred for that alone."""
_CEILING = 0.98


@dataclass(frozen=True)
class Prepared:
    """A key, and the clips of its page: name -> data URL."""

    key: Key
    clips: Mapping[str, str]


def prepared(records: Sequence[Record], reports: Path, *, scale: Scale, seed: int, most: int) -> Prepared:
    """A test of the voices of these records, on at most so many of the texts that all of them spoke.

    Raises ListeningError.
    """
    by_voice: dict[str, dict[str, str]] = {}
    texts: dict[str, str] = {}
    for record in records:
        name = record.case.model
        if name in by_voice:
            raise ListeningError(f"two records of {name}: name one data set, as in `{record.case.id}`")
        by_voice[name] = {
            row.id: speech.audio
            for row in record.utterances
            if (speech := speech_of(row)) is not None and speech.audio is not None and speech.audible
        }
        texts |= {row.id: row.reference for row in record.utterances}
    if len(by_voice) < 2 or (scale == "preference" and len(by_voice) != 2):
        wanted = "two voices" if scale == "preference" else "two voices or more"
        raise ListeningError(f"a test by {scale} is of {wanted}; found {', '.join(by_voice) or 'none'}")
    artifacts = AudioArtifacts(reports)
    shared = [
        id for id in texts if all(id in each and artifacts.path(each[id]).is_file() for each in by_voice.values())
    ]
    if not shared:
        raise ListeningError(
            f"no text was spoken by all of {', '.join(by_voice)} with its sound kept in {reports}/audio"
        )
    drawn = random.Random(seed)
    chosen = sorted(drawn.sample(shared, min(most, len(shared))), key=shared.index)
    clips: dict[str, str] = {}
    items = []
    for id in chosen:
        names = {}
        for voice, spoken in by_voice.items():
            names[voice] = f"{drawn.getrandbits(64):016x}"
            clips[names[voice]] = _levelled(artifacts, spoken[id])
        items.append(Item(id=id, text=texts[id], clips=names))
    test = hashlib.sha256("\n".join(clips).encode()).hexdigest()[:12]
    key = Key(schema="modellab.listening-key/1", test=test, scale=scale, voices=tuple(by_voice), items=tuple(items))
    return Prepared(key, clips)


def _levelled(artifacts: AudioArtifacts, digest: str) -> str:
    """A clip at the common loudness, as a data URL; unless it would clip, then a little softer."""
    import numpy as np
    import soundfile

    try:
        samples = artifacts.samples(digest, RATE)
    except audio.AudioError as error:
        raise ListeningError(str(error)) from error
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    gain = min(10 ** (LOUDNESS_DBFS / 20) / rms, _CEILING / float(np.abs(samples).max()))
    file = io.BytesIO()
    soundfile.write(file, samples * gain, RATE, format="FLAC", subtype="PCM_16")
    return f"data:audio/flac;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
