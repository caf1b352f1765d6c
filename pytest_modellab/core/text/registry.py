"""The installed scorers by name, and what a data set adds to one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from ..extensions import Extensions
from ..language_tags import canonical_language
from .normalizer import Normalizer, Scorer

DEFAULT = "modellab"
SCORERS: Extensions[Scorer] = Extensions("modellab.normalizers")


def module_of(name: str) -> str:
    """The module of a scorer. Raises KeyError."""
    return SCORERS.place_of(name).partition(":")[0]


@dataclass(frozen=True)
class TextRules:
    """How the texts of a data set are scored: a scorer by name, and phrases that count as others.

    Attributes:
        scorer: one of `SCORERS`. ValueError for another, or where what it needs isn't installed.
        replacements: pairs of a phrase and the one that it counts as, in references and hypotheses alike.
    """

    scorer: str = DEFAULT
    replacements: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.scorer not in SCORERS:
            raise ValueError(f"no scorer {self.scorer!r}: choose from {', '.join(SCORERS)}")
        scorer = SCORERS[self.scorer]
        if missing := [name for name in scorer.packages if find_spec(name) is None]:
            raise ValueError(f"the scorer {self.scorer} needs {', '.join(missing)}: pip install '{scorer.extra}'")

    @property
    def version(self) -> str:
        """The scorer's version."""
        version = SCORERS[self.scorer].version
        return version if isinstance(version, str) else version()

    def of(self, language: str | None) -> Normalizer:
        """The normalizer of a language tag (`en`, `en_GB`, `eng`); None is an unknown language."""
        return _normalizer(self, canonical_language(language))


@cache
def _normalizer(rules: TextRules, language: str) -> Normalizer:
    scorer = SCORERS[rules.scorer]
    plain = Normalizer(
        rules.scorer,
        rules.version,
        language,
        scorer.unit(language),
        scorer.merges_compounds,
        scorer.normalize,
        scorer.joined(language),
    )
    return plain.replacing(rules.replacements) if rules.replacements else plain
