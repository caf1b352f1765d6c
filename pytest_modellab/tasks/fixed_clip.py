"""The clip that is recognised repeatedly: the variation of its time measures the noise of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_modellab.engines.base import Clip

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset

CLIP_S = 5.0
"""Length of the fixed clip, seconds."""


def fixed_clip(dataset: Dataset, rate: int) -> Clip:
    """The first five seconds of a data set's speech, its utterances joined, repeated where there is less."""
    size = round(CLIP_S * rate)
    pieces: list[Any] = []
    for utterance in dataset.utterances:
        pieces.append(utterance.samples(rate))
        if sum(map(len, pieces)) >= size:
            break
    return Clip(np.resize(np.concatenate(pieces), size), rate, dataset.utterances[0].language)
