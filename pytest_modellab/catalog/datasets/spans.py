"""Spans of speech in a recording: what is said in them, and where they begin and end; read from CTM files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from .utterance import DatasetError, Span, Utterance

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


def with_words(utterances: Iterable[Utterance], words: Mapping[str, Sequence[Span]]) -> Iterator[Utterance]:
    """The utterances, each with the words of the recording that has its id."""
    for each in utterances:
        found = tuple(words.get(each.id, ()))
        yield replace(each, spans=found) if found else each
