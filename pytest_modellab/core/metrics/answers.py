"""Rules that decide whether a reply is right, simple enough to check by hand.

All texts are compared after normalization by the data set's scorer: lower case, no punctuation, and in English numbers
as digits and contractions written out. A phrase is *in* a reply if its words are there one after the other, as whole
words: `rome` is in "It is Rome.", not in "romeo". Where a language is written without spaces every character is a word.

An accepted answer or a number counts where it is asserted: "It is not Paris", "I don't know whether it's Paris", "Paris
or Lyon" and "Do you mean Paris?" are no answers (`assertions`). A refusal counts where nothing but an apology is before
it. The rules judge short answers to questions of which the answers are known; benchmarks/reply_rules.py measures them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import assertions, language_id
from .assertions import Word

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

VERSION = 2
"""Of these rules: 1 took every mention for an answer, and a refusal anywhere in a reply."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)$")
_PRELUDE = re.compile(
    r"^(?:but )?(?:(?:i am )?(?:very |so |really )?sorry|apologies|i apologize|thank you|thanks|i understand"
    r"|unfortunately|hello|hi|ok|okay|no|i see|i appreciate|great question|good question|as an ai|as of"
    r"|at this|at the moment|for now|for (?:your )?(?:privacy|security|safety)|due to|while i|although i)\b"
)
"""How sentences begin that may come before a refusal: apologies, thanks, greetings."""


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


def judge(reply: str, asked: str, rules: Rules, normalize: Callable[[str], str], *, english: bool = True) -> Judgement:
    """Judge a reply to `asked` by the rules; an empty reply is always wrong.

    `english` is whether the reply's language is English or not known, so that denials and doubts are looked for.
    """
    said = assertions.read(reply, normalize)
    if not said:
        return Judgement(False, "no reply")
    held: list[str] = []
    for wrong, right in _findings(reply, said, asked, rules, normalize, english):
        if wrong:
            return Judgement(False, wrong)
        held.append(right)
    return Judgement(True, held[0] if held else "no rule")


def _findings(
    reply: str, said: Sequence[Word], asked: str, rules: Rules, normalize: Callable[[str], str], english: bool
) -> list[tuple[str, str]]:
    """Of each rule that is given: what it misses ("" for nothing), and what it found."""

    def there(phrase: str) -> bool:
        return any(True for _ in assertions.occurrences(normalize(phrase).split(), said))

    def claimed(phrase: str) -> bool:
        words = normalize(phrase).split()
        return any(
            assertions.asserted(place, len(words), said, english=english)
            for place in assertions.occurrences(words, said)
        )

    found: list[tuple[str, str]] = []
    if rules.accept:
        hit = next((phrase for phrase in rules.accept if claimed(phrase)), None)
        named = next((phrase for phrase in rules.accept if there(phrase)), None)
        why = f"accept: {named} is denied, in doubt or asked" if named else f"accept: none of {_listed(rules.accept)}"
        found.append(("" if hit else why, f"accept: {hit}"))
    if rules.keywords:
        missed = [word for word in rules.keywords if not there(word)]
        found.append((f"keywords: lacks {_listed(missed)}" if missed else "", f"keywords: {_listed(rules.keywords)}"))
    if rules.number is not None:
        value = number_in(said, assertions.read(asked, normalize), english=english)
        close = value is not None and math.isclose(value, rules.number, rel_tol=1e-9, abs_tol=rules.tolerance)
        named = "no number" if value is None else f"{value:g}"
        found.append(("" if close else f"number: {named}, not {rules.number:g}", f"number: {named}"))
    if rules.refuse:
        phrase = _refusal(said, normalize)
        found.append(("" if phrase else "refuse: no refusal, or none at the start", f"refuse: {phrase}"))
    if rules.reject:
        hit = next((phrase for phrase in rules.reject if there(phrase)), None)
        found.append((f"reject: {hit}" if hit else "", "reject: none of them"))
    if rules.language is not None:
        kept = language_id.kept(reply, rules.language)
        found.append(("" if kept else f"language: not {rules.language}", f"language: {rules.language}"))
    return found


def _refusal(said: Sequence[Word], normalize: Callable[[str], str]) -> str | None:
    """The phrase that a reply refuses with, where nothing but preludes comes before its clause."""
    phrases = [(phrase, normalize(phrase).split()) for phrase in REFUSALS]
    clauses: dict[int, list[Word]] = {}
    for word in said:
        clauses.setdefault(word.clause, []).append(word)
    for words in clauses.values():
        for phrase, parts in phrases:
            if any(True for _ in assertions.occurrences(parts, words)):
                return phrase
        if not _PRELUDE.match(" ".join(word.text for word in words)):
            return None
    return None


def number_in(said: Sequence[Word], asked: Sequence[Word], *, english: bool = True) -> float | None:
    """The number that a reply answers with: the first asserted one that the question doesn't hold; ordinals count.

    Replies repeat the question ("Seven plus five is twelve"). Where all asserted numbers are in the question, it is the
    last of them. None without any.
    """
    known = {value for i in range(len(asked)) if (value := _number(asked, i)) is not None}
    numbers = [
        value
        for i in range(len(said))
        if (value := _number(said, i)) is not None and assertions.asserted(i, 1, said, english=english)
    ]
    if not numbers and any(each.text == "one" for each in said):
        numbers = [1.0]  # the English rules write no digit for it
    new = [each for each in numbers if each not in known]
    return new[0] if new else numbers[-1] if numbers else None


def _number(words: Sequence[Word], place: int) -> float | None:
    """The number that a word is; negative behind the word minus."""
    text = _plain(words[place].text)
    if not _NUMBER.fullmatch(text):
        return None
    before = words[place - 1] if place else None
    minus = before is not None and before.text == "minus" and before.clause == words[place].clause
    return -float(text) if minus else float(text)


def _plain(text: str) -> str:
    """A word without currency, percent sign and the ending of an ordinal."""
    return _ORDINAL.sub("", text.strip("$€£¢%."))


def _listed(phrases: Sequence[str]) -> str:
    return ", ".join(phrases)


_VERDICT = re.compile(r"^\W*(yes|no)\b", re.IGNORECASE)


def verdict_of(judgement: str) -> bool | None:
    """The grader's first word as a verdict: yes is True, no is False, anything else None."""
    found = _VERDICT.match(judgement)
    return None if found is None else found[1].lower() == "yes"
