"""Word and character errors of speech recognition: per utterance, summed over a corpus, and as an alignment."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from jiwer import CharacterOutput, WordOutput

    from ..text import Normalizer

Kind = Literal["hit", "sub", "del", "ins"]
Pair = tuple[Kind, str | None, str | None]
"""A step of an alignment: kind, the reference's word (None for "ins"), the hypothesis's (None for "del")."""

GAP = "***"
_MARKS: dict[Kind, str] = {"hit": "", "sub": "S", "del": "D", "ins": "I"}
_LABELS = ("REF: ", "HYP: ", "     ")


@dataclass(frozen=True)
class Counts:
    """Edit operations of an optimal alignment. `Counts()` is zero, so that `sum(many, Counts())` adds up."""

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    hits: int = 0

    @property
    def reference(self) -> int:
        """Units of the reference, S + D + H."""
        return self.substitutions + self.deletions + self.hits

    @property
    def errors(self) -> int:
        """S + D + I, the Levenshtein distance."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Errors over reference units: above 1 where insertions abound, None where there are no units."""
        return self.errors / self.reference if self.reference else None

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.hits + other.hits,
        )


@dataclass(frozen=True)
class Scored:
    """One utterance: both texts as normalised, and their differences."""

    reference: str
    hypothesis: str
    words: Counts
    characters: Counts


@dataclass(frozen=True)
class Corpus:
    """The errors of many utterances.

    Attributes:
        words: sum over all utterances.
        characters: sum over all utterances.
        empty_references: utterances whose reference has no words; what was recognised in them is insertions,
            and part of the sums.
        above_half: utterances with a WER above 50 %, among those whose reference has words.
        worst_wer: the highest WER of an utterance; None where no reference has words.
    """

    words: Counts
    characters: Counts
    empty_references: int
    above_half: int
    worst_wer: float | None

    @property
    def wer(self) -> float | None:
        """Sum of word errors over sum of reference words, not a mean of utterances; None without words."""
        return self.words.rate

    @property
    def cer(self) -> float | None:
        """Sum of character errors over sum of reference characters; None if there are none."""
        return self.characters.rate


def score(reference: str, hypothesis: str | None, normalizer: "Normalizer") -> Scored:
    """Normalise both texts and count what differs.

    Characters are Unicode code points. The single spaces between words count among them, as in jiwer. Where the
    normalizer counts characters there are no words: the characters that it takes apart are counted, without spaces.

    Args:
        reference: what was said, as written. One that normalises to nothing has no units: words recognised in
            it are insertions, and its rates None.
        hypothesis: what the engine returned; None if it failed, which counts as if it had returned nothing:
            every unit of the reference is deleted.
        normalizer: applied to both.
    """
    from jiwer import process_characters, process_words

    truth, guess = normalizer.pair(reference, hypothesis or "")
    words = _with_compounds(truth, guess) if normalizer.merges_compounds else _counts(process_words(truth, guess))
    if normalizer.unit == "characters":
        return Scored(truth, guess, words, words)
    return Scored(truth, guess, words, _counts(process_characters(truth, guess)))


def _with_compounds(reference: str, hypothesis: str) -> Counts:
    """Word errors, none where words are written apart on one side and together on the other (kaldialign)."""
    from kaldialign import edit_distance

    found = edit_distance(reference.split(), hypothesis.split(), merge_compounds=True)
    missed = int(found["sub"]) + int(found["del"])
    return Counts(int(found["sub"]), int(found["del"]), int(found["ins"]), int(found["ref_len"]) - missed)


def _counts(output: "WordOutput | CharacterOutput") -> Counts:
    return Counts(output.substitutions, output.deletions, output.insertions, output.hits)


def corpus(scored: Iterable[Scored]) -> Corpus:
    """Sum the errors of utterances; none at all make a corpus whose rates are None."""
    utterances = list(scored)
    rates = [rate for utterance in utterances if (rate := utterance.words.rate) is not None]
    return Corpus(
        words=sum((utterance.words for utterance in utterances), Counts()),
        characters=sum((utterance.characters for utterance in utterances), Counts()),
        empty_references=len(utterances) - len(rates),
        above_half=sum(rate > 0.5 for rate in rates),
        worst_wer=max(rates, default=None),
    )


def align(reference: str, hypothesis: str) -> list[Pair]:
    """Align two normalised texts word by word, by the same alignment that `score` counts."""
    from jiwer import process_words

    output = process_words(reference, hypothesis)
    truth, guess = output.references[0], output.hypotheses[0]
    pairs: list[Pair] = []
    for chunk in output.alignments[0]:
        expected = truth[chunk.ref_start_idx : chunk.ref_end_idx]
        found = guess[chunk.hyp_start_idx : chunk.hyp_end_idx]
        match chunk.type:
            case "equal":
                pairs += [("hit", word, other) for word, other in zip(expected, found, strict=True)]
            case "substitute":
                pairs += [("sub", word, other) for word, other in zip(expected, found, strict=True)]
            case "delete":
                pairs += [("del", word, None) for word in expected]
            case _:
                pairs += [("ins", None, word) for word in found]
    return pairs


def render_alignment(pairs: Iterable[Pair], width: int = 76) -> str:
    """Draw an alignment for a terminal: blocks of three rows, REF, HYP and the marks S, D and I.

    Columns are those of a terminal (Unicode Standard Annex #11): wide East Asian characters take two and
    combining marks none. A word too long for a row goes on in the next block, its mark standing at its
    beginning.

    Args:
        pairs: from `align`.
        width: the most columns that a row may take.

    Returns:
        Rows without trailing spaces, blocks separated by an empty line; "" for no pairs.

    Raises:
        ValueError: `width` has no room for the labels and a gap.
    """
    room = width - len(_LABELS[0])
    if room < len(GAP):
        raise ValueError(f"an alignment takes at least {len(_LABELS[0]) + len(GAP)} columns, not {width}")
    blocks: list[list[tuple[str, ...]]] = []
    taken = room
    for kind, expected, found in pairs:
        truth = _pieces(GAP if expected is None else expected, room)
        guess = _pieces(GAP if found is None else found, room)
        for cell in zip_longest(truth, guess, [_MARKS[kind]], fillvalue=""):
            columns = max(map(_columns, cell))
            if taken + 1 + columns > room:
                blocks.append([])
                taken = -1
            blocks[-1].append(cell)
            taken += 1 + columns
    return "\n\n".join(map(_block, blocks))


def _block(cells: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(_columns, cell)) for cell in cells]
    rows = (
        " ".join(text + " " * (width - _columns(text)) for text, width in zip(row, widths, strict=True))
        for row in zip(*cells, strict=True)
    )
    return "\n".join((label + row).rstrip() for label, row in zip(_LABELS, rows, strict=True))


def _pieces(word: str, room: int) -> list[str]:
    """Cut a word into pieces of at most `room` columns, never between a letter and its combining marks."""
    pieces = [""]
    taken = 0
    # NFC joins the Hangul letters that Whisper's English normaliser leaves apart.
    for character in unicodedata.normalize("NFC", word):
        # A model may emit a control character, and a terminal obey it.
        shown = "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) == "Cc" else character
        columns = _character_columns(shown)
        if taken + columns > room:
            pieces.append("")
            taken = 0
        pieces[-1] += shown
        taken += columns
    return pieces


def _columns(text: str) -> int:
    return sum(map(_character_columns, text))


def _character_columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
