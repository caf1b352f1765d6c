"""Limits proposed from several runs of one case: the measured values with a margin for their variation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_modellab.core.console import counted
from pytest_modellab.core.metrics.registry import METRICS

from .record import Record


class CalibrationError(Exception):
    """The runs don't suffice to propose limits."""


@dataclass(frozen=True)
class Proposal:
    """One proposed limit, and its derivation."""

    metric: str
    value: float
    reason: str

    def entry(self, record: Record) -> dict[str, Any]:
        """As limits.yaml has it."""
        case = record.case
        place = {"model": case.model, "device": case.device, "dataset": case.dataset}
        return {"metric": self.metric, **place, METRICS[self.metric].bound: self.value, "reason": self.reason}


def propose(records: Sequence[Record]) -> list[Proposal]:
    """Limits from runs of one case.

    For quality the upper end of the worst run's 95 % interval, for time the slowest run plus 30 %, for memory the
    highest peak plus 10 %. Runs on a noisy machine propose no times.

    Raises CalibrationError where a run failed, or not all were of the same inputs.
    """
    failed = next((record for record in records if record.summary.answered < record.summary.utterances), None)
    if failed is not None:
        missing = failed.summary.utterances - failed.summary.answered
        raise CalibrationError(
            f"{failed.case.id}: {counted(missing, 'utterance')} got no answer; limits are for a model that works"
        )
    if len({record.provenance.key for record in records}) != 1:
        raise CalibrationError(f"{records[0].case.id}: the runs were not of the same inputs")
    return [*_quality(records), *_measured(records)]


def _quality(records: Sequence[Record]) -> Iterator[Proposal]:
    metric = records[0].error_metric
    worst = max(records, key=lambda record: record.value(metric) or 0.0)
    value, interval = worst.value(metric), worst.interval(metric)
    if value is not None and interval is not None and interval.high <= 1:
        shown = METRICS[metric].format(value)
        conditional = f", {interval.conditional}" if interval.conditional else ""
        reason = f"upper end of the 95 % interval of {shown}, the worst of {len(records)} runs{conditional}"
        yield Proposal(metric, _up(interval.high, 3), reason)
    yield Proposal("success_rate", 1.0, f"every utterance was answered in {len(records)} runs")


def _measured(records: Sequence[Record]) -> Iterator[Proposal]:
    """Limits on times and memory: what was the most, and the room that the metric leaves."""
    for name, metric in METRICS.items():
        if metric.slack is None:
            continue
        quiet = [record for record in records if record.noise(name) is None]
        values = [value for record in quiet if (value := record.value(name)) is not None]
        if values:
            which = f"slowest of {len(values)} quiet runs" if metric.timed else f"highest of {len(values)} runs"
            reason = f"{which}, {metric.format(max(values))}, plus {metric.slack:.0%}"
            yield Proposal(name, _up(max(values) * (1 + metric.slack), 3 if metric.timed else 0), reason)


def _up(value: float, decimals: int) -> float:
    scale: float = 10.0**decimals
    return math.ceil(value * scale) / scale


def as_yaml(records: Sequence[Record], proposals: Sequence[Proposal], command: str) -> str:
    """A limits.yaml of `proposals`, with hardware and commit in its head."""
    import yaml

    first = records[0]
    hardware = first.hardware
    commit = f"{first.provenance.commit or 'no commit'}{' (dirty)' if first.provenance.dirty else ''}"
    noisy = [record.timing.noisy for record in records if record.timing.noisy]
    lines = [
        f"# Proposed by `{command}` on {first.provenance.created[:10]}, at {commit}",
        f"# {hardware.cpu}, {hardware.cores_text} cores, {', '.join(hardware.instruction_sets or ())}",
    ]
    if noisy:
        lines.append(f"# {len(noisy)} of {len(records)} runs were on a noisy machine and propose no times: {noisy[0]}")
    if records[0].error_metric not in {proposal.metric for proposal in proposals}:
        lines.append(f"# no limit on {records[0].error_metric}: there are too few utterances to say what is usual")
    lines += ["schema: modellab.limits/1", "limits:"]
    for proposal in proposals:
        flow = yaml.safe_dump(proposal.entry(first), default_flow_style=True, sort_keys=False, width=10_000)
        lines.append(f"  - {flow.strip()}")
    return "\n".join(lines) + "\n"
