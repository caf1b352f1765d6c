"""Streaming with a recogniser of whole clips: LocalAgreement-2 over a sliding window.

After Machacek, Dabre, Bojar, "Turning Whisper into Real-Time Transcription System" (IJCNLP-AACL 2023, system
demonstrations), section 3: with every step of new audio the whole window is recognised again; what two hypotheses in
a row begin with is agreed on and not changed any more; a window that has grown long is cut where a segment ends, and
the text before the cut becomes the prompt.

Two things are done otherwise. Steps are counted in audio and not in passing time, so that the text is the same at
every pace and on every machine. And where in a new hypothesis the agreed words end is told by what they say, by an edit
distance, and by their times only where they aren't found: times move from one hypothesis to the next, and a word that
moves across the border would be lost or said twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, TypeAlias

from .base import Partial, Settled, Transcript
from .steps import Steps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROMPT_CHARACTERS = 200
"""Of the text before the window, as in the paper."""
LATE_S = 0.1
"""So much before the end of what is agreed on a new word may begin, as in the paper's code."""
GRACE = 1.5
"""So many windows may pass without the end of a segment to cut at; then it is cut at a word."""
PATIENCE = 2.0
"""So many windows may pass without an agreement; then the last hypothesis stands."""
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the recogniser writes it, the space before it included, with its times in seconds."""

    text: str
    start: float
    end: float

    @property
    def bare(self) -> str:
        """Its letters and digits, without regard to case."""
        return "".join(character for character in self.text if character.isalnum()).casefold()

    def later(self, seconds: float) -> Word:
        return Word(self.text, self.start + seconds, self.end + seconds)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The hypothesis of a window; times are relative to its beginning."""

    words: Sequence[Word]
    ends: Sequence[float] = ()
    """Where its segments end, if it has any."""
    language: str | None = None
    """As in `Transcript`."""


Ended: TypeAlias = "Callable[[NDArray[np.float32]], bool]"
"""Whether the speech in a window is over, from samples of shape (n,)."""
Recognise: TypeAlias = "Callable[[NDArray[np.float32], str], Hypothesis]"
"""From samples of shape (n,), and the text before them, to what is said in them."""


class Agreement:
    """The words on which successive hypotheses agree. All times are relative to the same beginning."""

    def __init__(self) -> None:
        self.agreed: list[Word] = []
        """Those of the window; `let_go` takes away what lies before it."""
        self.open: list[Word] = []
        """The words of the last hypothesis that aren't agreed on."""
        self.until = 0.0
        """The end of the last word ever agreed on."""

    def update(self, words: Sequence[Word]) -> list[Word]:
        """Take in the next hypothesis; the words that are agreed on now and were not before."""
        new = self._beyond(words)
        pairs = zip(self.open, new, strict=False)
        count = sum(1 for _ in takewhile(lambda pair: pair[0].text == pair[1].text, pairs))
        self.open = new
        return self.agree(count)

    def agree(self, count: int) -> list[Word]:
        """The first `count` of the open words are agreed on from now on."""
        agreed, self.open = self.open[:count], self.open[count:]
        self.agreed += agreed
        if agreed:
            self.until = max(self.until, agreed[-1].end)
        return agreed

    def let_go(self, until: float) -> list[Word]:
        """Take away the agreed words that end by `until`: they lie before the window now."""
        count = sum(1 for _ in takewhile(lambda word: word.end <= until + _ROUNDING_S, self.agreed))
        gone, self.agreed = self.agreed[:count], self.agreed[count:]
        return gone

    def _beyond(self, words: Sequence[Word]) -> list[Word]:
        """The words of a hypothesis that come after what is agreed on."""
        agreed = [word.bare for word in self.agreed]
        edits = _edits_to_prefixes(agreed, [word.bare for word in words])
        if min(edits) > len(agreed) / 2:  # it says something else altogether
            return [word for word in words if word.start > self.until - LATE_S]
        ends = [0.0, *(word.end for word in words)]
        split = min(range(len(edits)), key=lambda i: (edits[i], abs(ends[i] - self.until)))
        return list(words[split:])


def _edits_to_prefixes(text: Sequence[str], other: Sequence[str]) -> list[int]:
    """The edit distance of `text` to the first 0, 1, ... of `other` (Levenshtein; the last row of its table)."""
    row = list(range(len(other) + 1))
    for i, each in enumerate(text, 1):
        above, row = row, [i]
        for j, its in enumerate(other, 1):
            row.append(min(above[j - 1] + (each != its), above[j] + 1, row[j - 1] + 1))
    return row


class LocalAgreement:
    """A `Stream` that recognises a window again with each step of audio."""

    def __init__(
        self,
        recognise: Recognise,
        *,
        rate: int,
        step_s: float,
        window_s: float,
        show_open: bool = True,
        ended: Ended | None = None,
    ) -> None:
        """`show_open`: whether partials also have what is not agreed on yet: sooner, but it may change.

        `ended`: with it partials are marked where speech is over, and have all that was recognised until then.
        """
        self._recognise = recognise
        self._rate = rate
        self._window_s = window_s
        self._show_open = show_open
        self._ended = ended
        self._told_end = ""
        """The text that was marked as finished."""
        self._steps = Steps(max(1, round(step_s * rate)))
        self._window = self._steps.rest()  # of no length
        self._begin = 0
        """First sample of the window."""
        self._before: list[Word] = []
        """Words that lie before the window."""
        self._agreement = Agreement()
        self._shown = ""
        self._partials: list[Partial] = []
        self._language: str | None = None

    def push(self, samples: NDArray[np.float32]) -> None:
        for step in self._steps.take(samples):
            self._hear(step)
            text = self._text(self._agreement.open if self._show_open else [])
            finished = self._text(self._agreement.open)
            if self._ended is not None and finished not in ("", self._told_end) and self._ended(self._window):
                self._shown = self._told_end = finished
                self._partials.append(Partial(finished, end_of_speech=True))
            elif text != self._shown:
                self._shown = text
                self._partials.append(Partial(text))
            self._shorten()

    @property
    def finds_ends(self) -> bool:
        return self._ended is not None

    def partials(self) -> Sequence[Partial]:
        partials, self._partials = self._partials, []
        return partials

    def finish(self) -> Transcript:
        rest = self._steps.rest()
        if len(rest):
            self._hear(rest)
        self._agreement.agree(len(self._agreement.open))
        return Transcript(self._text([]), self._language)

    def close(self) -> None:
        self._window = self._window[:0]

    def settled(self) -> Settled:
        return Settled(_joined(self._before), self._begin / self._rate)

    def _hear(self, step: NDArray[np.float32]) -> None:
        import numpy as np  # here: the catalog imports engines, and has to stay light

        self._window = np.concatenate((self._window, step))
        self._last = self._recognise(self._window, self._prompt())
        self._language = self._last.language or self._language
        offset = self._begin / self._rate
        self._agreement.update([word.later(offset) for word in self._last.words])

    def _prompt(self) -> str:
        """The last words before the window, whole ones."""
        prompt = ""
        for word in reversed(self._before):
            if len(prompt) >= PROMPT_CHARACTERS:
                break
            prompt = word.text + prompt
        return prompt.strip()

    def _shorten(self) -> None:
        """Cut a window that has grown too long, where nothing that is still open gets lost."""
        length_s, offset = len(self._window) / self._rate, self._begin / self._rate
        if length_s <= self._window_s:
            return
        until = self._agreement.until
        ends = [end + offset for end in self._last.ends if 0 < end + offset <= until + _ROUNDING_S]
        if ends and ends[-1] > offset:
            self._cut(ends[-1])
        elif length_s > GRACE * self._window_s and until > offset:
            self._cut(until)
        elif length_s > PATIENCE * self._window_s:
            cut = offset + length_s - self._window_s
            stale = sum(1 for _ in takewhile(lambda word: word.end <= cut, self._agreement.open))
            self._agreement.agree(stale)
            self._cut(cut)

    def _cut(self, at_s: float) -> None:
        cut = min(round(at_s * self._rate), self._begin + len(self._window))
        self._window = self._window[cut - self._begin :]
        self._begin = cut
        self._before += self._agreement.let_go(at_s)

    def _text(self, tentative: Sequence[Word]) -> str:
        return _joined([*self._before, *self._agreement.agreed, *tentative])


def _joined(words: Sequence[Word]) -> str:
    """Words bring their own spaces."""
    return "".join(word.text for word in words).strip()
