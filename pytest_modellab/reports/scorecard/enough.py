"""Whether there is enough data to recommend a model: words, judged turns and speakers, and how many would do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pytest_modellab.catalog.profile_spec import ProfileSpec
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.stats.evidence import units_needed

from .candidate import Candidate, data_of, is_rate, metric_of
from .choice import choose
from .contest import Contest
from .row import Row

CHARACTERS_A_WORD = 2
"""Where words aren't divided by spaces, so many characters count as one."""
MOST_NEEDED = 1_000_000
"""A larger number than this is none that somebody would record."""


def too_few(candidate: Candidate, profile: ProfileSpec) -> str:
    """Why a candidate was measured on too little, in a few words; "" where it wasn't."""
    for task, rows in candidate.rows.items():
        for have, least, noun in _amounts(rows, profile):
            if have < least:
                on = f" of {task}" if len(candidate.rows) > 1 else ""
                return f"{counted(have, noun)}{on}, fewer than {least:,}"
    return ""


def data_amounts(rows: Sequence[Row]) -> tuple[int, str]:
    """How much there is, each data set once, and of what: judged turns, else characters, else words."""
    own = list({data_of(row): row for row in rows}.values())
    turns = [row.turns for row in own if row.turns is not None]
    if turns:
        return sum(turns), "judged turn"
    if own and all(row.error_metric == "cer" for row in own):
        return sum(row.words for row in own), "character"
    return sum(row.words // (CHARACTERS_A_WORD if row.error_metric == "cer" else 1) for row in own), "word"


def _amounts(rows: Sequence[Row], profile: ProfileSpec) -> Iterator[tuple[int, int, str]]:
    """What there is, what is needed at least, and of what."""
    have, noun = data_amounts(rows)
    words = profile.least_words
    yield have, {"judged turn": profile.least_turns, "character": CHARACTERS_A_WORD * words}.get(noun, words), noun
    own = list({data_of(row): row for row in rows}.values())
    if profile.least_speakers:
        yield max((row.speakers for row in own), default=0), profile.least_speakers, "speaker"


def not_enough(few: Sequence[Candidate], profile: ProfileSpec, contest: Contest) -> str:
    """That nothing can be said yet: what there is, what would do, and what would decide, where the data tell."""
    best = max(few, key=lambda each: [have / max(1, least) for have, least, _ in _every(each, profile)])
    have, least, noun = next(each for each in _every(best, profile) if each[0] < each[1])
    text = f"not enough to say: {counted(have, noun)}; {least:,} would do"
    told = [] if noun == "speaker" else [each for each in _needed(few, profile, contest, have) if each[0] > least]
    return text + "".join(f", about {number:,} {why}" for number, why in told if number <= MOST_NEEDED)


def _every(candidate: Candidate, profile: ProfileSpec) -> list[tuple[int, int, str]]:
    return [each for rows in candidate.rows.values() for each in _amounts(rows, profile)]


def _needed(few: Sequence[Candidate], profile: ProfileSpec, contest: Contest, have: int) -> Iterator[tuple[int, str]]:
    """How much would tell the two best apart, and a bound from its value."""
    first = profile.prefer[0]
    found = choose(few, [first], contest)
    if found.best is None:
        return
    if found.ties:
        second = choose(found.ties, [first], contest).best
        told = None if second is None else contest.compare(found.best, second, first)
        if told is not None and told.factor is not None and second is not None:
            yield _rounded(have * told.factor), f"to tell {found.best.model} from {second.model}"
    for task, bounds in profile.require.items():
        for row in found.best.rows[task]:
            for name, bound in bounds.items():
                metric = metric_of(row, name)
                value, interval = row.figures.get(metric), row.intervals.get(metric)
                if value is None or interval is None or not is_rate(metric):
                    continue
                units = units_needed(value, interval, bound)
                if units is not None:
                    title = METRICS[metric].title
                    yield (
                        _rounded(have * units / interval.clusters),
                        f"to tell the {title} of {found.best.model} from its bound",
                    )


def counted(number: int, noun: str) -> str:
    """`1 word`, `1,142 words`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _rounded(number: float) -> int:
    """Up, to two digits: it is an estimate."""
    if number < 1 or number > MOST_NEEDED:
        return math.ceil(min(number, MOST_NEEDED + 1))
    step = int(10 ** max(0, math.floor(math.log10(number)) - 1))
    return math.ceil(number / step) * step
