"""Word errors by speaker, cpWER and tcpWER, by meeteval: von Neumann et al. 2023, "MeetEval".

cpWER (Watanabe et al. 2020) joins the words of each speaker, pairs the speakers so that errors are fewest, and counts
them. tcpWER allows two words to be paired only where their times, of words within a segment spread over it by their
letters, are at most a collar apart.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pytest_modellab.core.schema_base import Edits

from .segments import Segment

COLLAR_S = 5.0
"""Of tcpWER, as CHiME-7 and later challenges have it."""
MOST_SPEAKERS = 20
"""Beyond it meeteval pairs no speakers; all words of such an answer are wrong."""
INSTALL = "pip install 'pytest-modellab[meeteval]'"


def absent() -> str:
    """Why words by speaker can't be scored here; "" where they can."""
    return "" if importlib.util.find_spec("meeteval") else f"meeteval is not installed; {INSTALL}"


def word_errors(
    reference: Sequence[Segment], hypothesis: Sequence[Segment], normalize: Callable[[str], str]
) -> tuple[Edits, Edits]:
    """The errors of cpWER and of tcpWER; segments without words are passed over."""
    truth, guess = (_normalized(each, normalize) for each in (reference, hypothesis))
    said, told = _count(truth), _count(guess)
    if not said or not told:
        alone = Edits(substitutions=0, deletions=said, insertions=told, hits=0)
        return alone, alone
    if max(len({each["speaker"] for each in side}) for side in (truth, guess)) > MOST_SPEAKERS:
        wrong = Edits(substitutions=0, deletions=said, insertions=told, hits=0)
        return wrong, wrong
    return _by_meeteval(truth, guess)


def _by_meeteval(truth: list[dict[str, Any]], guess: list[dict[str, Any]]) -> tuple[Edits, Edits]:
    from meeteval.io import SegLST
    from meeteval.wer.wer.cp import cp_word_error_rate
    from meeteval.wer.wer.time_constrained import time_constrained_minimum_permutation_word_error_rate

    with warnings.catch_warnings():
        # A speaker of a hypothesis may overlap with itself.
        warnings.simplefilter("ignore")
        cp = cp_word_error_rate(SegLST(truth), SegLST(guess))
        tcp = time_constrained_minimum_permutation_word_error_rate(SegLST(truth), SegLST(guess), collar=COLLAR_S)
    return _edits(cp), _edits(tcp)


def _edits(found: Any) -> Edits:
    substitutions, deletions = int(found.substitutions), int(found.deletions)
    return Edits(
        substitutions=substitutions,
        deletions=deletions,
        insertions=int(found.insertions),
        hits=int(found.length) - substitutions - deletions,
    )


def _normalized(segments: Iterable[Segment], normalize: Callable[[str], str]) -> list[dict[str, Any]]:
    """As meeteval's segments."""
    found = []
    for each in segments:
        words = normalize(each.words or "")
        if words.split():
            times = {"start_time": each.start / 1000, "end_time": each.end / 1000}
            found.append({"session_id": "", "speaker": each.speaker, **times, "words": words})
    return sorted(found, key=lambda each: (each["start_time"], each["end_time"]))


def _count(segments: list[dict[str, Any]]) -> int:
    return sum(len(each["words"].split()) for each in segments)
