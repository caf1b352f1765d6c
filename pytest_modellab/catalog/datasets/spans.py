"""Spans of speech in a recording: what is said in them, and where they begin and end; read from CTM files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pytest_modellab.core.console import counted

from .utterance import DatasetError, Span, Utterance

if TYPE_CHECKING:
    from pytest_modellab.core.text import TextRules

_BEYOND_S = 0.1
"""So much after the end of its recording a word may end: times are rounded."""
_FIELDS = "`recording channel start duration word [confidence]`"


@runtime_checkable
class HasSpans(Protocol):
    """A recording that knows where speech begins and ends in it."""

    def spans(self) -> tuple[Span, ...]:
        """Its spans, in their order. Raises audio.AudioError."""
        ...


def spans_of(utterance: Utterance) -> tuple[Span, ...]:
    """The spans of an utterance's recording that are known: from a CTM file, or from how it was made; else none.

    Raises audio.AudioError.
    """
    if utterance.spans:
        return utterance.spans
    return utterance.recording.spans() if isinstance(utterance.recording, HasSpans) else ()


def read_ctm(path: Path) -> dict[str, tuple[Span, ...]]:
    """The words of each recording of a CTM file (NIST), by its name.

    Raises DatasetError, with the line, for what is no CTM; OSError, UnicodeDecodeError.
    """
    found: dict[str, list[Span]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fields = line.split()
        if not fields or line.startswith(";;"):
            continue
        try:
            name, _, start, duration, word = fields[:5]
            start_s, duration_s = float(start), float(duration)
            if not 0 <= start_s < 1e9 or not 0 <= duration_s < 1e9:
                raise ValueError
        except ValueError:
            raise DatasetError(f"{path}:{number}: expected {_FIELDS}, times in seconds; found {line!r:.80}") from None
        words = found.setdefault(name, [])
        if words and start_s < words[-1].start_s:
            raise DatasetError(
                f"{path}:{number}: `{word}` starts at {start} s, before the word above it: sort the file"
            )
        words.append(Span(word, start_s, start_s + duration_s))
    return {name: tuple(words) for name, words in found.items()}


def checked_against(
    words: Mapping[str, Sequence[Span]], utterances: Iterable[Utterance], rules: TextRules, path: Path
) -> list[str]:
    """Notes on where a CTM file and the utterances of its data set don't say the same.

    Raises DatasetError where it names a recording that isn't there, or a time beyond its recording; audio.AudioError.
    """
    known = {each.id: each for each in utterances}
    if unknown := sorted(set(words) - set(known)):
        raise DatasetError(
            f"{path}: no utterance `{unknown[0]}`; ids of the data set are such as"
            f" {', '.join(f'`{each}`' for each in sorted(known)[:3])}"
        )
    if not words:
        raise DatasetError(f"{path}: no words; expected lines of {_FIELDS}")
    for name, spans in words.items():
        last, seconds = max(spans, key=lambda each: each.end_s), known[name].seconds
        if last.end_s > seconds + _BEYOND_S:
            raise DatasetError(
                f"{path}: `{last.text}` of `{name}` ends at {last.end_s:g} s, and its recording at {seconds:.2f} s"
            )
    others = [name for name, spans in words.items() if not _same(known[name], spans, rules)]
    without = len(known) - len(words)
    notes = [f"{path.name} has other words than the reference of {_some(others)}"] if others else []
    return [*notes, *([f"{path.name} has no words of {counted(without, 'utterance')}"] if without else [])]


def _same(utterance: Utterance, spans: Sequence[Span], rules: TextRules) -> bool:
    normalize = rules.of(utterance.language)
    said = " ".join(each.text for each in spans)
    return normalize(utterance.text).split() == normalize(said).split()


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{each}`" for each in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def with_words(utterances: Iterable[Utterance], words: Mapping[str, Sequence[Span]]) -> Iterator[Utterance]:
    """The utterances, each with the words of the recording that has its id."""
    for each in utterances:
        found = tuple(words.get(each.id, ()))
        yield replace(each, spans=found) if found else each
