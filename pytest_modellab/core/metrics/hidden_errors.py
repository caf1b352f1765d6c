"""Hidden errors, which a word error rate averages away: loops, truncated ends, missed terms and numbers.

All are functions of the texts of an utterance. Words are those of the normalised texts, as WER counts them, unless
stated otherwise.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Four times in a row is beyond emphasis ("no, no, no").
LOOP_REPEATS = 4
# Whisper's loops are a word up to a sentence long.
LOOP_LONGEST = 40
# Above it, Whisper's own decoder takes an answer for a failed one (Radford et al. 2022, "Robust Speech Recognition via
# Large-Scale Weak Supervision", section 4.5): bytes of text over bytes of it compressed by zlib.
LOOP_COMPRESSION = 2.4
# Long texts compress better: the answer must do so by this factor beyond its reference.
LOOP_COMPRESSION_EXCESS = 1.5

# Fewer words may be missing at an end by an ordinary error.
LOST_WORDS = 3

# A name or a call ("no, no") may well be said twice.
REPEAT_FEWEST = 3
# More than half of the text has to be there again.
REPEAT_ERRORS = 0.5
REPEAT_MOST = 8


@dataclass(frozen=True)
class Loop:
    """A repeated phrase: its words, its repetitions in a row, and the most repetitions in a row in the reference."""

    words: tuple[str, ...]
    times: int
    in_reference: int

    def __str__(self) -> str:
        shown = " ".join(self.words)
        said = f" (said {self.in_reference} times)" if self.in_reference > 1 else ""
        return f"`{shown}` {self.times} times in a row{said}"


def loop(reference: Sequence[str], hypothesis: Sequence[str]) -> Loop | None:
    """The loop that covers most of the hypothesis; None where it has none.

    A loop is 1 to 40 words that stand at least four times in a row, and more than twice as often as they stand in a
    row anywhere in the reference: what was said over and over may be written so.
    """
    best: Loop | None = None
    covered = 0
    for size in range(1, min(LOOP_LONGEST, len(hypothesis) // LOOP_REPEATS) + 1):
        start = 0
        while start + size * LOOP_REPEATS <= len(hypothesis):
            # The run of places that equal the place `size` further on.
            end = start
            while end + size < len(hypothesis) and hypothesis[end] == hypothesis[end + size]:
                end += 1
            times = (end - start) // size + 1
            if times >= LOOP_REPEATS and times * size > covered:
                words = tuple(hypothesis[start : start + size])
                said = in_a_row(words, reference)
                if times > 2 * said:
                    best, covered = Loop(words, times, said), times * size
            start = end + 1
    return best


def in_a_row(words: Sequence[str], text: Sequence[str]) -> int:
    """How often at most `words` stand one after the other in `text`."""
    size, most = len(words), 0
    for start in range(min(size, len(text))):
        for first in range(start, len(text) - size + 1, size):
            times = 0
            while list(text[first + times * size : first + (times + 1) * size]) == list(words):
                times += 1
            most = max(most, times)
    return most


def times_said(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """How many times the hypothesis says the whole reference: 1 unless it says more than half of it again.

    It says it k times where its edit distance from k references in a row is less than half a reference, for k up to 8:
    beyond, it is a loop. So insertions of other words, or of up to half as many words as the reference has, are no
    repetition, nor is a reference that repeats itself. References of one or two words are always said once.
    """
    size = len(reference)
    if size < REPEAT_FEWEST:
        return 1
    most = REPEAT_ERRORS * size
    for times in range(2, REPEAT_MOST + 1):
        # The distance is no less than the difference of the lengths.
        if abs(times * size - len(hypothesis)) < most and _distance(list(reference) * times, hypothesis) < most:
            return times
    return 1


def compression_ratio(text: str) -> float:
    """Bytes of UTF-8 over bytes after zlib; 0 for no text."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def compresses_like_a_loop(reference: str, hypothesis: str) -> bool:
    """Whether an answer compresses as only repetition does, for loops inside a word and scripts without spaces.

    True above a ratio of 2.4, if that is more than 1.5 times the reference's.
    """
    ratio = compression_ratio(hypothesis)
    return ratio > LOOP_COMPRESSION and ratio > LOOP_COMPRESSION_EXCESS * compression_ratio(reference)


def lost_end(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """How many words at the end of the reference the hypothesis stops short of.

    The hypothesis is aligned with every beginning of the reference (edit distance without a charge for what follows:
    Sellers 1980, "The theory and computation of evolutionary distances"); what lies beyond the longest of those that
    fit best is lost. Unless the hypothesis fits with fewer errors when the piece left out lies further ahead, so that
    both end together: then nothing is lost at the end.
    """
    fits, best = _beginnings(reference, hypothesis)
    backwards, _ = _beginnings(reference[::-1], hypothesis[::-1])
    cuts = (ahead + behind for ahead, behind in zip(fits[:-1], backwards[:0:-1], strict=True))
    return 0 if min(cuts, default=fits[-1]) < fits[-1] else len(reference) - best


def _distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Edit distance: the least number of words to put in, leave out or replace."""
    *_, last = _distances(reference, hypothesis)
    return int(last[-1])


def _beginnings(reference: Sequence[str], hypothesis: Sequence[str]) -> tuple[list[int], int]:
    """The errors of each beginning of the hypothesis, none up to all of its words, against the beginning of the
    reference that it fits best; and the length of the longest that fits the whole of it best."""
    import numpy as np

    fits = []
    for row in _distances(reference, hypothesis):
        fits.append(int(row.min()))
    return fits, int(np.flatnonzero(row == row.min())[-1])


def _distances(reference: Sequence[str], hypothesis: Sequence[str]) -> Iterator[NDArray[np.int64]]:
    """For each beginning of the hypothesis, none up to all of its words, its edit distance from the beginnings of the
    reference, of shape (words + 1,)."""
    import numpy as np

    codes: dict[str, int] = {}
    expected = np.array([codes.setdefault(word, len(codes)) for word in reference], dtype=np.int64)
    columns = np.arange(len(reference) + 1)
    row = columns
    yield row
    for i, word in enumerate(hypothesis, 1):
        step = np.empty_like(row)
        step[0] = i
        np.minimum(row[1:] + 1, row[:-1] + (expected != codes.get(word, -1)), out=step[1:])
        # Deletions run along the row: the least of what stands to the left, one more for each column.
        row = np.minimum.accumulate(step - columns) + columns
        yield row


def count_term(term: Sequence[str], words: Sequence[str]) -> int:
    """How often the words of a term stand together in a text, no word counted twice; 0 for an empty term."""
    size, count, place = len(term), 0, 0
    while size and place + size <= len(words):
        if list(words[place : place + size]) == list(term):
            count += 1
            place += size
        else:
            place += 1
    return count


def numbers(words: Sequence[str]) -> list[str]:
    """The numbers of a text: neighbouring words that hold a digit, joined.

    Joined, because the same number may be written in one piece or several ("555 1234", "5551234"). Numbers that are
    spelt out count where the normaliser writes them as digits, as the English one does.
    """
    found: list[str] = []
    inside = False
    for word in words:
        is_number = any(character.isdecimal() for character in word)
        if is_number and inside:
            found[-1] += word
        elif is_number:
            found.append(word)
        inside = is_number
    return found


def in_order(expected: Sequence[str], found: Sequence[str]) -> int:
    """How many of `expected` stand in `found` in the same order: the length of their longest common subsequence."""
    row = [0] * (len(found) + 1)
    for one in expected:
        above, row = row, [0]
        for j, other in enumerate(found):
            row.append(above[j] + 1 if one == other else max(above[j + 1], row[-1]))
    return row[-1]
