"""vosk with a real Korean model. The speech is synthesized, and poorly: nothing here says how accurate the model is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog.load import load
from pytest_modellab.catalog.weights import local_folder
from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest
from pytest_modellab.engines.espeak_ng import EspeakNg
from pytest_modellab.engines.vosk import Vosk, VoskOptions

ROOT = Path(__file__).parents[2]
RATE = 16_000


@pytest.fixture(scope="module")
def vosk() -> Iterator[Vosk]:
    catalog = load(ROOT / "fixtures", ROOT)
    folder = local_folder(catalog.models["vosk-ko"], catalog, Store(), asked=True)
    engine = Vosk.load(LoadRequest(DeviceRef("cpu"), {}, folder))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def said() -> Callable[[str], NDArray[np.float32]]:
    synthesizer = EspeakNg.load(LoadRequest(DeviceRef("cpu"), {"voice": "ko"}, None))

    @cache
    def speak(text: str) -> NDArray[np.float32]:
        """Speech at 16 kHz, with silence around it."""
        pieces = list(synthesizer.synthesize(text, "ko"))
        speech = soxr.resample(np.concatenate([piece.samples for piece in pieces]), pieces[0].rate, RATE)
        quiet = np.zeros(RATE, np.float32)
        return np.concatenate([quiet[: RATE // 4], speech, quiet])

    return speak


def heard(engine: Vosk, samples: NDArray[np.float32], chunk: int) -> tuple[str, list[tuple[float, Any]]]:
    """The final text, and the partials with the seconds of audio after which each came."""
    stream, partials = engine.start("ko"), []
    for place in range(0, len(samples), chunk):
        stream.push(samples[place : place + chunk])
        partials += [((place + chunk) / RATE, partial) for partial in stream.partials()]
    text = stream.finish().text
    stream.close()
    return text, partials


def test_a_stream_shows_words_while_they_are_spoken_and_finds_their_end(vosk: Vosk, said: Any) -> None:
    samples = said("한국어 음성 인식 시험입니다")
    text, partials = heard(vosk, samples, 3200)
    spoken_s = len(samples) / RATE - 1.0
    assert partials[0][0] < spoken_s / 2
    assert not partials[0][1].end_of_speech
    (end,) = [(at, partial) for at, partial in partials if partial.end_of_speech]
    assert spoken_s < end[0] <= len(samples) / RATE + 0.2
    assert end[1].text == text
    assert len(text.split()) > 2
    assert any("가" <= letter <= "힣" for letter in text)


def test_chunks_change_no_letter_and_a_whole_clip_is_the_same(vosk: Vosk, said: Any) -> None:
    samples = said("한국어 음성 인식 시험입니다")
    # Kaldi adds noise to the samples, of the same seed each time.
    assert heard(vosk, samples, 1000)[0] == heard(vosk, samples, 5000)[0]
    assert vosk.transcribe(Clip(samples, RATE, "ko")).text == heard(vosk, samples, len(samples))[0]


@pytest.mark.parametrize("phrase", ["안녕하세요", "감사합니다"])
def test_a_grammar_tells_two_phrases_apart(vosk: Vosk, said: Any, phrase: str) -> None:
    narrow = Vosk(vosk._library, vosk._model, VoskOptions(grammar=("안녕하세요", "감사합니다")))
    assert narrow.transcribe(Clip(said(phrase), RATE)).text == phrase


def test_silence_has_no_text_and_no_end(vosk: Vosk) -> None:
    text, partials = heard(vosk, np.zeros(6 * RATE, np.float32), 3200)
    assert text == ""
    assert partials == []
