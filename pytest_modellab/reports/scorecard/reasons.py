"""The words in which a choice gives its reasons."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_modellab.catalog.profile_spec import ProfileSpec
from pytest_modellab.core.metrics.registry import METRICS

from .candidate import Candidate, is_rate, split, worst_counts
from .choice import Choice, Step
from .entrants import qualify


def reasons(found: Choice, best: Candidate, near: Sequence[Candidate], profile: ProfileSpec) -> tuple[str, str]:
    """Why the best is the best: in full, and in brief."""
    rank, brief = _rank(found, best, near, profile)
    figures = ", ".join(_figure(best, step.named) for step in found.steps if best.value(step.named) is not None)
    text = f"{best.model} on {best.device}: {rank} ({figures}{_left_out(best)})"
    text += "".join(f"; {told}" for told in dict.fromkeys(told for step in found.steps for told in step.skipped))
    if found.ties:
        unit = "words" if is_rate(split(profile.prefer[0])[1]) else "utterances"
        text += f"; not told apart from {', '.join(label(each, near) for each in found.ties)} by this many {unit}"
    return text, brief


def _rank(found: Choice, best: Candidate, near: Sequence[Candidate], profile: ProfileSpec) -> tuple[str, str]:
    asked = qualify(profile)
    if len(near) == 1:
        does = "qualifies" if asked == "qualify" else "passes with a grade above F"
        return f"the only one that {does}", "the only one that qualifies"
    decisive = next((step for step in found.steps if len(step.left) == 1), None)
    if decisive is None:
        tied = len(found.ties) + 1
        told = " or ".join(METRICS[split(step.named)[1]].title for step in found.steps)
        which = f"{tied} of {len(near)}" if tied < len(near) else f"the {tied}"
        return f"a tie of {which} that {asked}, not told apart by {told}", best.shown(found.steps[0].named)
    superlative = "lowest" if METRICS[split(decisive.named)[1]].better == "lower" else "highest"
    before = [step for step in decided_by(found)[:-1] if not step.skipped]
    if not before:
        rank = f"{superlative} {best.title(decisive.named)} of {len(near)} that {asked}"
        return rank, f"{superlative} {best.shown(decisive.named)} of {len(near)}"
    alike = f"{decisive.of} not told apart by {' or '.join(best.title(step.named) for step in before)}"
    rank = f"{superlative} {best.title(decisive.named)} of {alike}, of {len(near)} that {asked}"
    figures = ", ".join(METRICS[split(step.named)[1]].format(best.value(step.named)) for step in before)
    return rank, f"{superlative} {best.shown(decisive.named)} of {alike} ({figures})"


def decided_by(found: Choice) -> list[Step]:
    """The steps up to the one that left a single candidate; all where none did."""
    steps: list[Step] = []
    for step in found.steps:
        steps.append(step)
        if len(step.left) == 1:
            break
    return steps


def _figure(best: Candidate, named: str) -> str:
    task, metric = split(named)
    sets = len(best.rows[task])
    over = " at worst" if worst_counts(METRICS[metric]) else f" over {sets} data sets"
    return f"{best.shown(named)}{over if sets > 1 else ''}"


def _left_out(best: Candidate) -> str:
    """How many data sets count, where it was graded on more: a grade of all of them says something else."""
    count, graded = len(best.every), sum(best.measured.values())
    return f"; {count} of {graded} data sets {'counts' if count == 1 else 'count'}" if count < graded else ""


def label(candidate: Candidate, near: Sequence[Candidate]) -> str:
    """A model's name, with its device where that isn't the same for all."""
    several = len({each.device for each in near}) > 1
    return f"{candidate.model} on {candidate.device}" if several else candidate.model
