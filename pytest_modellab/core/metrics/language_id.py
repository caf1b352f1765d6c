"""Language identification of a short text: enough to check whether a reply is in the requested language.

By script where that is decisive, else by function words: frequent words of a language that are rare in others.
Meant for a sentence or two in one of the languages below.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from pytest_modellab.core.language import primary_language

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the and of to is it that you for with this are was have what not my your i'm it's he she they we",
        "de": "der die das und ist nicht ich sie ein eine den dem mit für auf wir auch von zu im es sind wie",
        "fr": "le la les et est une des pas je vous nous dans pour qui que ce sur avec il elle au du c'est",
        "es": "el la los las y es una de que en por con para no se su del lo como más está son pero muy",
        "it": "il lo gli e è una di che non per con sono del della si da anche ma come più nel questo",
        "pt": "o a os as e é uma de que não em por com para do da se no na mais como está são você",
        "nl": "de het een en is van niet ik je dat op te zijn met voor in we ook er maar hij zij",
    }.items()
}
_SCRIPTS = {
    "CYRILLIC": frozenset({"ru", "uk", "be", "bg", "sr", "mk"}),
    "GREEK": frozenset({"el"}),
    "ARABIC": frozenset({"ar", "fa", "ur"}),
    "HEBREW": frozenset({"he"}),
    "HANGUL": frozenset({"ko"}),
    "HIRAGANA": frozenset({"ja"}),
    "KATAKANA": frozenset({"ja"}),
    "CJK": frozenset({"zh", "ja", "yue", "cmn"}),
    "THAI": frozenset({"th"}),
    "DEVANAGARI": frozenset({"hi", "mr", "ne"}),
}
KNOWN = frozenset(FUNCTION_WORDS).union(*_SCRIPTS.values())
"""Languages that a text can be told to be in."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def kept(text: str, language: str) -> bool:
    """Whether `text` is in `language` (a tag of KNOWN, by its primary part), as far as can be told.

    It is not if most of its letters are of another script; nor, in the Latin script, if another language of
    FUNCTION_WORDS has more of its function words in it. A text without any, such as a name or a number, is in every
    language.
    """
    tag = primary_language(language)
    scripts = Counter(unicodedata.name(character, "").partition(" ")[0] for character in text if character.isalpha())
    wanted = {script for script, languages in _SCRIPTS.items() if tag in languages} or {"LATIN"}
    letters = sum(scripts.values())
    if letters and 2 * sum(count for script, count in scripts.items() if script in wanted) < letters:
        return False
    if tag not in FUNCTION_WORDS:
        return True
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    found = {each: sum(word in known for word in words) for each, known in FUNCTION_WORDS.items()}
    return found[tag] == max(found.values())
