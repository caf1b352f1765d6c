"""What sacrebleu counts of a translation. The library is imported when first needed."""

from __future__ import annotations

from functools import cache
from typing import Any

from .record import Counts

ABSENT = "sacrebleu isn't installed: pip install 'pytest-modellab[translate]', then `modellab rescore`"
_TOKENIZERS = {"zh": "zh", "ja": "char", "th": "char", "lo": "char", "km": "char", "my": "char"}
"""By language, where sacrebleu's own default, 13a, takes words apart at spaces that aren't there."""


class Counter:
    """Counts translations into one language by sacrebleu's BLEU, chrF2 and TER, as its command line does."""

    def __init__(self, target: str) -> None:
        """`target` is the tag of the references' language. Raises ImportError without sacrebleu."""
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF
        from sacrebleu.metrics.ter import TER

        self._bleu: Any = BLEU(tokenize=_TOKENIZERS.get(target.partition("-")[0], "13a"))
        self._chrf: Any = CHRF()
        self._ter: Any = TER()

    def counts(self, reference: str, translation: str) -> Counts:
        """What is counted of one translation; "" where there is none."""
        # The library has no public name for the counts of chrF; its own tests of significance take the same ones.
        bleu, chrf, ter = (
            scorer._extract_corpus_statistics([translation], [[reference]])[0]
            for scorer in (self._bleu, self._chrf, self._ter)
        )
        return Counts(
            bleu=tuple(map(int, bleu)), chrf=tuple(map(int, chrf)), edits=float(ter[0]), reference_words=float(ter[1])
        )

    @property
    def signatures(self) -> dict[str, str]:
        """The library's signature of each metric."""
        scorers = {"bleu": self._bleu, "chrf": self._chrf, "ter": self._ter}
        for scorer in scorers.values():
            scorer.num_refs = 1
        return {name: str(scorer.get_signature()) for name, scorer in scorers.items()}


@cache
def counter(target: str) -> Counter | None:
    """The counter of a language; None without sacrebleu."""
    try:
        return Counter(target)
    except ImportError:
        return None
