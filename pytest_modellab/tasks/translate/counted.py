"""What sacrebleu counts of a translation. The library is imported when first needed."""

from __future__ import annotations

from functools import cache
from typing import Any

from pytest_modellab.core.language_tags import canonical_language
from pytest_modellab.core.text import unit_of

from .record import Counts

ABSENT = "sacrebleu isn't installed: pip install 'pytest-modellab[translate]', then `modellab rescore`"
_CHINESE = frozenset({"zh", "yue"})


class Counter:
    """Counts translations into one language by sacrebleu's BLEU, chrF2 and TER, as its command line does."""

    def __init__(self, target: str) -> None:
        """`target` is the tag of the references' language. Raises ImportError without sacrebleu."""
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF
        from sacrebleu.metrics.ter import TER

        language = canonical_language(target)
        # Words that aren't divided by spaces are taken apart by sacrebleu's own tokenizer, or into characters.
        self._by_character = unit_of(language) == "characters"
        tokenizer = "zh" if language in _CHINESE else "char" if self._by_character else "13a"
        self._bleu: Any = BLEU(tokenize=tokenizer)
        self._chrf: Any = CHRF()
        self._ter: Any = TER()

    def counts(self, reference: str, translation: str) -> Counts:
        """What is counted of one translation; "" where there is none."""
        # The library has no public name for the counts of chrF; its own tests of significance take the same ones.
        texts = translation, reference
        for_ter = tuple(" ".join(text.replace(" ", "")) for text in texts) if self._by_character else texts
        bleu, chrf, ter = (
            scorer._extract_corpus_statistics([said], [[meant]])[0]
            for scorer, (said, meant) in ((self._bleu, texts), (self._chrf, texts), (self._ter, for_ter))
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
        told = {name: str(scorer.get_signature()) for name, scorer in scorers.items()}
        return told | ({"ter": f"{told['ter']}, each character a word"} if self._by_character else {})


@cache
def counter(target: str) -> Counter | None:
    """The counter of a language; None without sacrebleu."""
    try:
        return Counter(target)
    except ImportError:
        return None
