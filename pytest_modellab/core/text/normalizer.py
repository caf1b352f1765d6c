"""A text normalization for one language, and the scorers that choose it."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from .scripts import Unit, unit_of

Joined = Callable[[str, str], tuple[str, str]]
"""Reference and hypothesis, normalized, with the compounds of both written alike."""
_LONG = 2000
"""Characters of a text beyond which its normalized form isn't kept."""


@dataclass(frozen=True)
class Scorer:
    """A named way to score: how texts of each language are normalized, and what is counted.

    Packages add scorers through the entry-point group `modellab.normalizers`; the entry point's name is the scorer's.

    Attributes:
        normalize: a text and its language (`en`, `zh`; "" if unknown) -> the text to compare, words apart by spaces.
        version: of everything that can change a normalized text. Scores of different versions are not comparable.
        unit: what is counted in a language. Characters are apart by spaces in a normalized text.
        merges_compounds: whether words that are written apart on one side and together on the other are no error.
        joined: for a language, how compounds are joined before errors are counted; None where they aren't.
        packages: modules that it imports, which an extra of its package installs.
        extra: what to install for them, as in `pip install 'pytest-modellab[open-asr]'`.
        doc: one sentence on its rules.
    """

    normalize: Callable[[str, str], str]
    version: str | Callable[[], str]
    unit: Callable[[str], Unit] = unit_of
    merges_compounds: bool = False
    joined: Callable[[str], Joined | None] = lambda language: None
    packages: tuple[str, ...] = ()
    extra: str = ""
    doc: str = ""


@dataclass(frozen=True)
class Normalizer:
    """A scorer's normalization of one language. Get one from `TextRules.of`.

    Attributes:
        scorer: the scorer's name.
        version: the scorer's version.
        language: canonical language, "" if unknown.
        unit: what errors are counted in.
    """

    scorer: str
    version: str
    language: str
    unit: Unit
    merges_compounds: bool = False
    _normalize: Callable[[str, str], str] = field(default=lambda text, language: text, repr=False, compare=False)
    _joined: Joined | None = field(default=None, repr=False, compare=False)

    def __call__(self, text: str) -> str:
        """`text` normalized: single spaces between words, none at either end, "" where nothing is left."""
        if len(text) > _LONG or not isinstance(self._normalize, Hashable):
            return " ".join(self._normalize(text, self.language).split())
        return _normalized(self._normalize, text, self.language)

    def pair(self, reference: str, hypothesis: str) -> tuple[str, str]:
        """Both texts normalized, their compounds written alike where the scorer does so."""
        texts = self(reference), self(hypothesis)
        return self._joined(*texts) if self._joined is not None else texts

    def replacing(self, replacements: Sequence[tuple[str, str]]) -> Normalizer:
        """The same, with phrases that count as others: each is replaced where its words stand together."""
        pairs = {self(old): self(new) for old, new in replacements}
        # The longest first: a phrase within another doesn't take it apart.
        phrases = sorted(filter(None, pairs), key=len, reverse=True)
        pattern = re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, phrases))})(?!\S)")

        def normalize(text: str, language: str) -> str:
            return pattern.sub(lambda found: pairs[found[0]], self(text)) if phrases else self(text)

        return replace(self, _normalize=normalize)


@lru_cache(maxsize=4096)
def _normalized(normalize: Callable[[str, str], str], text: str, language: str) -> str:
    """A text is asked for when it is scored, and by each metric that looks at its words."""
    return " ".join(normalize(text, language).split())
