"""Translation by Whisper, which writes English."""

from __future__ import annotations

from pytest_modellab.core.language import primary_language


def check_target(target: str, *, multilingual: bool) -> None:
    """Raise ValueError for a language that Whisper doesn't translate into, and for weights that know one language."""
    if primary_language(target) != "en":
        raise ValueError(f"Whisper translates into English alone, and `target` is {target}")
    if not multilingual:
        raise ValueError("these weights know English alone, and translate nothing")
