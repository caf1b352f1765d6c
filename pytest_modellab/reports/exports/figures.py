"""The figures and the utterances of records as rows of plain values, one name for one column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record import Record

Row = dict[str, Any]
"""Column -> text, number, truth value or None."""


def figures(records: Iterable[Record]) -> Iterator[Row]:
    """A row for each metric of each record, in the metrics' own units: a rate of 0.05 is 5 %."""
    for record in records:
        for name, metric in METRICS.items():
            found = record.values.get(name)
            if found is None or not found.possible:
                continue
            interval = found.interval
            yield {
                **_case(record),
                "metric": name,
                "value": found.value,
                "low": None if interval is None else interval.low,
                "high": None if interval is None else interval.high,
                "unit": metric.unit,
                "better": metric.better,
                "definition": found.definition,
                "missing": found.missing or None,
                "noisy": metric.noise(record.timing.noisy, record.timing.noisy_loading),
                "reference_units": record.reference_units,
                "scorer": record.normalizer.name,
                "scorer_version": record.normalizer.version,
                **_origin(record),
            }


def utterances(records: Iterable[Record]) -> Iterator[Row]:
    """A row for each utterance of each record; its errors and words are those of its transcript."""
    for record in records:
        for each in record.utterances:
            words = each.parts["asr"].words if "asr" in each.parts else None
            yield {
                **_case(record),
                "utterance": each.id,
                "reference": each.reference,
                "hypothesis": each.hypothesis,
                "errors": None if words is None else words.errors,
                "reference_units": None if words is None else words.units,
                "audio_s": each.audio_s,
                "processing_s": each.processing_s,
                "error": None if each.error is None else each.error.message,
                "speaker": each.speaker,
                "language": each.language,
                "detected_language": each.detected_language,
                "kind": each.kind,
                "snr_db": each.snr_db,
                "attributes": "; ".join(f"{name}={value}" for name, value in sorted(each.attributes.items())) or None,
                **_origin(record),
            }


def _case(record: Record) -> Row:
    case = record.case
    return {"task": case.task, "model": case.model, "device": case.device, "dataset": case.dataset}


def _origin(record: Record) -> Row:
    origin = record.provenance
    return {
        "record": record.id,
        "created": origin.created,
        "commit": origin.commit,
        "dirty": origin.dirty,
        "key": origin.key,
        "lab": origin.lab,
    }
