"""Advice of a scorecard in sentences: what to ship, by which figures, and what it is not told apart from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_modellab.core.metrics.metric import in_sentence
from pytest_modellab.core.metrics.registry import METRICS

from .card import Scorecard
from .evidence import Difference, Estimate, Evidence, Other
from .qualifying import Kind
from .recommendation import Recommendation

_MOST_NAMED = 3
"""Models named in a list; of more the number is told."""
_MOST_COMPARED = 2
_MOST_REASONS = 3
_LONGEST = 200
"""Characters of a reason."""


def sentences(card: Scorecard) -> list[str]:
    """The advice for each role and use case: the first of the profiles in full, the others in brief."""
    return [" ".join(each) for each in paragraphs(card)]


def paragraphs(card: Scorecard) -> list[list[str]]:
    """The same, each as its sentences: what to ship, then what others differ by, then why it is provisional.

    Only what tests tell apart is called better, worse, faster or slower. Roles and use cases whose data sets were not
    measured are left out.
    """
    asked = [each for each in card.recommendations if each.case or each.nearest is not Kind.NO_CASE]
    several_devices = len({row.case.device for row in card.rows if row.measured}) > 1
    found = list(_Advice(asked, several_devices).lines())
    if not found:
        measured = any(row.measured for row in card.rows)
        why = "no role or use case asks for what was measured" if measured else "nothing was measured"
        found = [[f"Nothing to ship: {why}."]]
    if card.partial:
        found.insert(1, [f"This is not the whole session: {_ended(card.partial)}"])
    return found


@dataclass(frozen=True)
class _Advice:
    recommendations: Sequence[Recommendation]
    several_devices: bool

    def lines(self) -> Iterator[list[str]]:
        if not self.recommendations:
            return
        first, *others = self.recommendations
        by_reason: dict[str, list[str]] = {}
        for each in others:
            if not each.case:
                by_reason.setdefault(each.brief, []).append(each.title)
        yield self._in_full(first)
        if not first.case and (alike := by_reason.pop(first.brief, [])):
            yield [f"The same for {_listed(alike)}."]
        same = [each for each in others if each.case and self._model(each) == self._model(first)]
        if same:
            yield [f"{self._model(first)} also for {_listed([_marked(each) for each in same])}."]
        left = [each for each in others if each.case and each not in same]
        for model in dict.fromkeys(map(self._model, left)):
            yield [self._in_brief([each for each in left if self._model(each) == model])]
        yield from ([f"Nothing to ship for {_listed(titles)}: {_ended(why)}"] for why, titles in by_reason.items())

    def _in_full(self, each: Recommendation) -> list[str]:
        if not each.case:
            return self._none(each)
        others = each.evidence.others if each.evidence else ()
        compared = [other for other in others if not other.tie]
        # First those that have a merit beside: a choice for somebody else.
        compared.sort(key=lambda other: not any(found.better > 0 for found in other.differences))
        told = [f"{self._name(other.model, other.device)} is {differs(other)}." for other in compared[:_MOST_COMPARED]]
        if more := len(compared) - _MOST_COMPARED:
            told += [f"{more} more {'is' if more == 1 else 'are'} in the table."] if more > 0 else []
        return [self._shipped(each), *told, *_provisional(each)]

    def _in_brief(self, those: Sequence[Recommendation]) -> str:
        """One model for several roles, with its figures for the first of them."""
        first = those[0]
        figures = first.brief if first.evidence is None else _figures(first.evidence)
        ties = f"; not told apart from {_listed(self._ties(first))}" if first.ties else ""
        return f"Ship {self._model(first)} for {_listed([_marked(each) for each in those])}: {figures}{ties}."

    def _shipped(self, each: Recommendation) -> str:
        """`Ship X: 11.5 % [7.3, 18] WER at 0.21 RTF on 1,142 words; not told apart from Y.`"""
        found = each.evidence
        figures = each.brief if found is None else f"{_figures(found)} on {found.amount}"
        ties = f"; not told apart from {_listed(self._ties(each))}" if each.ties else ""
        alone = "; the only one that qualifies" if found is not None and not found.others else ""
        return f"Ship {self._model(each)}{self._for_what(each)}: {figures}{ties}{alone}."

    def _none(self, each: Recommendation) -> list[str]:
        """Why there is none, and what those lack that came nearest, unless the reason says it."""
        by_reason: dict[str, list[str]] = {}
        for one in each.excluded:
            if one.kind and each.nearest and one.kind == each.nearest.title and each.nearest is not Kind.FEW:
                by_reason.setdefault(one.why, []).append(self._name(one.model, one.device))
        told = [f"{_listed(models)}: {_ended(why)}" for why, models in list(by_reason.items())[:_MOST_REASONS]]
        return [f"Nothing to ship{self._for_what(each)}: {_ended(each.brief)}", *told]

    def _for_what(self, each: Recommendation) -> str:
        return f" {'as' if each.role else 'for'} {each.title}" if len(self.recommendations) > 1 else ""

    def _ties(self, each: Recommendation) -> list[str]:
        if each.evidence is None:
            return list(each.ties)
        return [self._name(other.model, other.device) for other in each.evidence.others if other.tie]

    def _model(self, each: Recommendation) -> str:
        return "" if each.case is None else self._name(each.case.model, each.case.device)

    def _name(self, model: str, device: str) -> str:
        return f"{model} on {device}" if self.several_devices else model


def _figures(found: Evidence) -> str:
    """`11.5 % [7.3, 18] WER at 0.21 RTF`: the first and the one that counts with their intervals, then speed."""
    shown = [_estimate(each) for each in found.estimates]
    if len(shown) < 2 or METRICS[found.estimates[-1].metric].timed is None:
        return ", ".join(shown)
    last = found.estimates[-1]
    return f"{', '.join(shown[:-1])} at {METRICS[last.metric].format(last.value)} {in_sentence(last.title)}"


def _estimate(each: Estimate) -> str:
    interval = "" if each.low is None or each.high is None else f" {ends(each.metric, each.low, each.high)}"
    return f"{METRICS[each.metric].format(each.value)}{interval} {in_sentence(each.title)}"


def ends(metric: str, low: float, high: float) -> str:
    """The ends of an interval, in the unit of the figure beside it."""
    return f"[{_end(metric, low)}, {_end(metric, high)}]"


def _end(metric: str, value: float) -> str:
    if METRICS[metric].unit == "%":
        return f"{100 * value:.0f}" if abs(value) >= 0.0995 else f"{100 * value:.1f}"
    return METRICS[metric].format(value).partition(" ")[0]


def differs(other: Other) -> str:
    """How a model differs from the recommended one: `faster and 2.1 points worse [0.4, 3.9]`, or what is alike."""
    timed = [each for each in other.differences if METRICS[each.metric].timed is not None]
    rest = [each for each in other.differences if METRICS[each.metric].timed is None]
    told = [text for each in (*timed, *rest) if (text := _difference(each))]
    alike = [in_sentence(METRICS[each.metric].title) for each in rest if not each.better and each.gap is not None]
    if alike:
        told.append(f"not told apart by {_listed(alike)}")
    return _listed(told) or "not compared"


_BETTER: dict[str, tuple[str, str]] = {"MB": ("smaller", "larger")}
"""Unit -> what one with a lower value is called, and one with a higher one."""


def _difference(each: Difference) -> str:
    """In words where it is told apart; else ""."""
    if not each.better or each.gap is None:
        return ""
    metric = METRICS[each.metric]
    words = ("faster", "slower") if metric.timed else _BETTER.get(metric.unit)
    if words:
        return words[0] if each.better > 0 else words[1]
    interval = ""
    if each.low is not None and each.high is not None:
        low, high = (each.low, each.high) if each.gap >= 0 else (-each.high, -each.low)
        interval = f" {ends(each.metric, low, high)}"
    by = "" if metric.comparison == "error rate" else f" by {in_sentence(metric.title)}"
    return f"{metric.format_gap(each.gap)} {'better' if each.better > 0 else 'worse'}{interval}{by}{one_sided(each)}"


class Ends(Protocol):
    """The ends of a 95 % interval, where it has any."""

    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


def one_sided(gap: Ends) -> str:
    """How a gap is told apart though its interval holds 0: the tests are one-sided, and look at ranks, too."""
    within = gap.low is not None and gap.high is not None and gap.low < 0 < gap.high
    return ", told apart at one-sided 5 %" if within else ""


def _provisional(each: Recommendation) -> list[str]:
    if not each.provisional:
        return []
    told, left = each.provisional[:_MOST_REASONS], len(each.provisional) - _MOST_REASONS
    more = f"; {left} more reason{'s' * (left > 1)} in the details" if left > 0 else ""
    return [f"Provisional: {'; '.join(told)}{more}."]


def _marked(each: Recommendation) -> str:
    return f"{each.title} (provisional)" if each.provisional else each.title


def _listed(texts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; of more than a few the number of the others."""
    left = len(texts) - _MOST_NAMED
    shown = [*texts[:_MOST_NAMED], *([f"{left} more"] if left > 0 else [])]
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def _ended(text: str) -> str:
    """Its first line, of bounded length, with a full stop."""
    first = text.splitlines()[0] if text else ""
    first = first if len(first) <= _LONGEST else f"{first[:_LONGEST]}…"
    return first if first.endswith((".", "!", "?", "…")) else f"{first}."
