"""Language tags (BCP 47), as people write them: `en`, `en-US`, `EN_gb`, `zh-Hant-TW`."""

from __future__ import annotations


def normal_tag(tag: str) -> str:
    """A tag in lower case with hyphens: `en-gb` for `EN_gb`."""
    return tag.replace("_", "-").lower()


def primary_language(tag: str | None) -> str:
    """The primary subtag in lower case: `en` for `en-US`, `zh` for `zh_Hant`; "" for None."""
    return normal_tag(tag or "").partition("-")[0]
