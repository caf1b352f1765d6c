"""Rules that decide whether a reply is right, simple enough to check by hand.

All texts are compared after normalisation (`text.for_language` says which one): lower case, no punctuation, and in
English numbers as digits and contractions written out. A phrase *stands in* a reply if its words stand there one after
the other, as whole words: `rome` stands in "It is Rome.", not in "romeo". Where a language is written without spaces
every character counts as a word.

These rules judge short answers to questions of which the answers are known. They take "It is not Paris" for Paris: such
traps are for `reject`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import language_id

REFUSALS = (
    *("i cannot", "i can not", "i am not able to", "i am unable to", "i am sorry but", "unable to provide"),
    *(
        "i do not have access",
        "i do not have information",
        "i do not have any information",
        "i do not have the ability",
    ),
    *("i do not know", "i will not", "i must decline", "as an ai", "not able to help", "not able to provide"),
    *("i am not aware of", "i am not familiar with", "i am not sure what your", "i have no way of knowing"),
)
"""What English replies refuse with, or own up with that they can't know; contractions are written out before."""

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w|\.\d)")


@dataclass(frozen=True)
class Rules:
    """What a reply must be like; all of those that are given.

    Attributes:
        accept: accepted answers: at least one of them must stand in the reply.
        keywords: all of them must stand in it.
        number: the answer as a number; see `number_in`.
        tolerance: how far from it the reply may be.
        refuse: whether the reply must be a refusal: one of REFUSALS stands in it.
        reject: none of these may stand in it.
        language: the tag of the language that it must be in; see `language_id.kept`.
    """

    accept: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    number: float | None = None
    tolerance: float = 0.0
    refuse: bool = False
    reject: tuple[str, ...] = ()
    language: str | None = None

    @property
    def any(self) -> bool:
        """Whether there is anything to judge by."""
        return bool(
            self.accept or self.keywords or self.number is not None or self.refuse or self.reject or self.language
        )


@dataclass(frozen=True)
class Judgement:
    """The result of the rules; `by` is the rule that decided (failed, or the first that held) and its finding."""

    right: bool
    by: str


def judge(reply: str, asked: str, rules: Rules, normalize: Callable[[str], str]) -> Judgement:
    """Judge a reply to `asked` by the rules; an empty reply is always wrong."""
    said = words_of(reply, normalize)
    if not said:
        return Judgement(False, "no reply")
    held: list[str] = []
    for wrong, right in _findings(reply, said, asked, rules, normalize):
        if wrong:
            return Judgement(False, wrong)
        held.append(right)
    return Judgement(True, held[0] if held else "no rule")


def _findings(
    reply: str, said: Sequence[str], asked: str, rules: Rules, normalize: Callable[[str], str]
) -> list[tuple[str, str]]:
    """Of each rule that is given: what it misses ("" for nothing), and what it found."""

    def there(phrase: str) -> bool:
        return stands_in(normalize(phrase).split(), said)

    found: list[tuple[str, str]] = []
    if rules.accept:
        hit = next((phrase for phrase in rules.accept if there(phrase)), None)
        found.append(("" if hit else f"accept: none of {_listed(rules.accept)}", f"accept: {hit}"))
    if rules.keywords:
        missed = [word for word in rules.keywords if not there(word)]
        found.append((f"keywords: lacks {_listed(missed)}" if missed else "", f"keywords: {_listed(rules.keywords)}"))
    if rules.number is not None:
        value = number_in(" ".join(said), normalize(asked))
        close = value is not None and math.isclose(value, rules.number, rel_tol=1e-9, abs_tol=rules.tolerance)
        named = "no number" if value is None else f"{value:g}"
        found.append(("" if close else f"number: {named}, not {rules.number:g}", f"number: {named}"))
    if rules.refuse:
        phrase = next((phrase for phrase in REFUSALS if there(phrase)), None)
        found.append(("" if phrase else "refuse: no refusal", f"refuse: {phrase}"))
    if rules.reject:
        hit = next((phrase for phrase in rules.reject if there(phrase)), None)
        found.append((f"reject: {hit}" if hit else "", "reject: none of them"))
    if rules.language is not None:
        kept = language_id.kept(reply, rules.language)
        found.append(("" if kept else f"language: not {rules.language}", f"language: {rules.language}"))
    return found


def words_of(text: str, normalize: Callable[[str], str]) -> list[str]:
    """The normalised words of a reply, those of marks alone (three dots leave one behind) left out."""
    return [word for word in normalize(text).split() if any(character.isalnum() for character in word)]


def stands_in(phrase: Sequence[str], words: Sequence[str]) -> bool:
    """Whether `phrase`, which has at least one word, stands in `words` one after the other."""
    n = len(phrase)
    return n > 0 and any(list(words[i : i + n]) == list(phrase) for i in range(len(words) - n + 1))


def number_in(reply: str, asked: str) -> float | None:
    """The number that a normalised reply answers with: the first that the question doesn't hold.

    Replies repeat the question ("Seven plus five is twelve"). Where all of its numbers stand in the question, it is the
    last of them. None without any.
    """
    numbers = [float(each) for each in _NUMBER.findall(reply)]
    known = {float(each) for each in _NUMBER.findall(asked)}
    new = [each for each in numbers if each not in known]
    return new[0] if new else numbers[-1] if numbers else None


def _listed(phrases: Sequence[str]) -> str:
    return ", ".join(phrases)


_VERDICT = re.compile(r"^\W*(yes|no)\b", re.IGNORECASE)


def verdict_of(judgement: str) -> bool | None:
    """The grader's first word as a verdict: yes is True, no is False, anything else None."""
    found = _VERDICT.match(judgement)
    return None if found is None else found[1].lower() == "yes"
