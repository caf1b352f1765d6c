"""Text normalization before scoring.

The same answers score 33, 17 or 10 % WER depending on the normalization alone. So a rate is only comparable together
with the name and the version of its scorer: `modellab` (the default), `whisper` (as published), `open-asr` (the Open
ASR Leaderboard's), or one of another package. A scorer normalizes each text by its own language, and says what is
counted there, words or characters.
"""

from .normalizer import Normalizer, Scorer
from .registry import DEFAULT, SCORERS, TextRules, module_of
from .scripts import Unit, unit_of

__all__ = ["DEFAULT", "SCORERS", "Normalizer", "Scorer", "TextRules", "Unit", "module_of", "unit_of"]
