"""The scorers of this package, which the entry-point group `modellab.normalizers` names."""

from __future__ import annotations

from . import modellab, open_asr, whisper
from .normalizer import Joined, Scorer
from .scripts import unit_of


def _joined(language: str) -> Joined | None:
    """English compounds are left to kaldialign, as the board does."""
    return None if language == "en" or unit_of(language) == "characters" else open_asr.with_joined_compounds


MODELLAB = Scorer(
    normalize=modellab.normalized,
    version=modellab.version,
    doc="Whisper's rules, with marks, points, capitals and typography of each language read as its readers do.",
)
WHISPER = Scorer(normalize=whisper.normalized, version=whisper.version, doc="The normalizers of openai-whisper.")
OPEN_ASR = Scorer(
    normalize=open_asr.normalized,
    version=open_asr.version,
    merges_compounds=True,
    joined=_joined,
    packages=("kaldialign", "num2words"),
    extra="pytest-modellab[open-asr]",
    doc="The rules of the Open ASR Leaderboard.",
)
