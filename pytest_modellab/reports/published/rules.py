"""The rules of shortlists in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_modellab.catalog.published.spec import Rule, Use
from pytest_modellab.core.metrics.registry import METRICS


def shortlist(use: Use) -> str:
    """A use with its rule and the reason for it."""
    return f"{use.title}: {conditions(use.rule)}. {use.why}"


def conditions(rule: Rule) -> str:
    """All conditions, `at most 250 M parameters, streaming`."""
    return ", ".join(_conditions(rule)) or "no condition"


def _conditions(rule: Rule) -> Iterator[str]:
    if rule.task is not None:
        yield f"does {rule.task}"
    if rule.language is not None:
        yield f"knows {rule.language}"
    if rule.max_parameters is not None:
        yield f"at most {rule.max_parameters / 1e6:,.0f} M parameters"
    if rule.max_download_bytes is not None:
        yield f"a download of at most {rule.max_download_bytes / 1e6:,.0f} MB"
    if rule.min_languages is not None:
        yield f"at least {rule.min_languages} languages"
    if rule.commercial is not None:
        yield "commercial use allowed" if rule.commercial else "no commercial use"
    if rule.streaming is not None:
        yield "streaming" if rule.streaming else "not streaming"
    for bound, values in (("at least", rule.at_least), ("at most", rule.at_most)):
        yield from _figures(bound, values)


def _figures(bound: str, values: Mapping[str, float]) -> Iterator[str]:
    for metric, value in values.items():
        known = METRICS.get(metric)
        shown = (metric, f"{value:g}") if known is None else (known.title, known.format(value))
        yield f"a published {shown[0]} of {bound} {shown[1]}"
