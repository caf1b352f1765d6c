"""Language tags (BCP 47), as people write them: `en`, `en-US`, `EN_gb`, `zh-Hant-TW`."""

from __future__ import annotations


def normal_tag(tag: str) -> str:
    """A tag in lower case with hyphens: `en-gb` for `EN_gb`."""
    return tag.replace("_", "-").lower()


def primary_language(tag: str | None) -> str:
    """The primary subtag in lower case: `en` for `en-US`, `zh` for `zh_Hant`; "" for None."""
    return normal_tag(tag or "").partition("-")[0]


# Names that libraries have for languages, beside the canonical ones (ISO 639, as langcodes has them).
_LIBRARY_NAMES = {"cmn": "zh", "in": "id", "iw": "he", "ji": "yi", "jw": "jv", "nb": "no", "tl": "fil"}


def canonical_name(tag: str | None) -> str:
    """The primary subtag by its canonical name: `jv` for Whisper's `jw`, `zh` for espeak's `cmn`; "" for None.

    Without a table of all languages: workers of other environments ask, too.
    """
    primary = primary_language(tag)
    return _LIBRARY_NAMES.get(primary, primary)
