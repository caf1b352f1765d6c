"""Language tags by ISO 639 and BCP 47, checked and in canonical form, by the package langcodes."""

from __future__ import annotations

from functools import cache


class LanguageTagError(ValueError):
    """A text that is no language tag."""


@cache
def canonical_tag(tag: str) -> str:
    """The canonical BCP 47 form of a tag: `en` for `eng`, `en-GB` for `EN_gb`, `zh` for `cmn`, `no` for `nb`.

    Raises LanguageTagError, with a near match where there is one, for what is no tag or has no registered language.
    """
    import langcodes

    try:
        found = langcodes.standardize_tag(tag, macro=True)
    except ValueError:
        raise LanguageTagError(_refusal(tag)) from None
    language = langcodes.get(found).language
    if language is None or not langcodes.tag_is_valid(found):
        raise LanguageTagError(_refusal(tag))
    # Whisper, CLDR and most data sets call Bokmål `no`; its own macro language isn't among langcodes' replacements.
    return found.replace("nb", "no", 1) if language == "nb" else found


def canonical_language(tag: str | None) -> str:
    """The canonical language of a tag, without script and region: `zh` for `cmn-Hant-TW`; "" for None or for no tag.

    Tags of records that were written before tags were checked may be anything.
    """
    if not tag:
        return ""
    try:
        return canonical_tag(tag).partition("-")[0]
    except LanguageTagError:
        return tag.replace("_", "-").lower().partition("-")[0]


def _refusal(tag: str) -> str:
    import langcodes

    try:
        near = langcodes.find(tag.replace("_", " ")).to_tag() if len(tag) > 3 else None
    except LookupError:
        near = _near(tag)
    meant = f"; did you mean `{near}`?" if near else ""
    return f"`{tag}` is no language tag (ISO 639 or BCP 47, such as en, deu or pt-BR){meant}"


def _near(tag: str) -> str | None:
    """The tag of the language whose English name is written most like `tag`."""
    from difflib import get_close_matches

    from langcodes import Language
    from langcodes.data_dicts import DEFAULT_SCRIPTS

    names = {Language.get(code).language_name().lower(): code for code in DEFAULT_SCRIPTS if len(code) == 2}
    found = get_close_matches(tag.lower(), names, 1, 0.8)
    return names[found[0]] if found else None
