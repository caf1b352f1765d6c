"""A sweep: a model and its variants on one data set, each compared with the model itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_modellab.catalog.variants import expanded
from pytest_modellab.core.console import counted, printable
from pytest_modellab.core.escaping import code, plain
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results import baseline
from pytest_modellab.results.baseline import Comparison
from pytest_modellab.results.baseline_lines import BaselineError

if TYPE_CHECKING:
    from pytest_modellab.catalog.specs import ModelSpec
    from pytest_modellab.results.record import Record

SPEED = ("rtf", "rtfx")


@dataclass(frozen=True)
class Swept:
    """One model of a sweep.

    Attributes:
        id: of the model.
        options: those that set it apart, as YAML has them; "" for the model itself.
        record: its newest run; None where there is none.
        comparison: with the model itself; None for that, and where the two can't be compared.
        refused: why they can't.
        other_texts: number of utterances whose text is another.
    """

    id: str
    options: str
    record: Record | None
    comparison: Comparison | None = None
    refused: str = ""
    other_texts: int | None = None


def _costs() -> list[str]:
    """What a variant costs, beside errors: time, and all that is measured in MB. One that no run has is no column."""
    return [*SPEED, *(name for name, metric in METRICS.items() if metric.unit == "MB")]


def sweep(model: ModelSpec, records: Mapping[str, Record]) -> list[Swept]:
    """The model, then its variants; `records` are by the id of the model."""
    base = records.get(model.id)
    found = [Swept(model.id, "", base)]
    for name, variant in expanded(model):
        options = ", ".join(f"{option}: {value}" for option, value in model.variants[name].options.items())
        found.append(_against(base, Swept(variant.id, options, records.get(variant.id))))
    return found


def _against(base: Record | None, variant: Swept) -> Swept:
    record = variant.record
    if record is None:
        return variant
    id, options = variant.id, variant.options
    if base is None:
        return Swept(id, options, record, refused="the model itself was not run")
    try:
        compared = baseline.against(record, baseline.of(base))
    except BaselineError as error:
        return Swept(id, options, record, refused=str(error))
    texts = {each.id: each.hypothesis for each in base.utterances}
    other = sum(texts[each.id] != each.hypothesis for each in record.utterances)
    return Swept(id, options, record, compared, other_texts=other)


def text(swept: Sequence[Swept]) -> list[str]:
    """The table for a terminal, then the notes."""
    from tabulate import tabulate

    head, rows = _table(swept)
    align = ("left", "left", *["right"] * (len(head) - 2))
    lines = tabulate(rows, headers=head, tablefmt="plain", disable_numparse=True, colalign=align).splitlines()
    return [*map(printable, lines), *map(printable, notes(swept))]


def markdown(swept: Sequence[Swept]) -> list[str]:
    """The same as Markdown."""
    head, rows = _table(swept)
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * 2}{'---:|' * (len(head) - 2)}"]
    for id, options, *figures in rows:
        cells = (code(id), code(options) if options else "", *map(plain, figures))
        lines.append(f"| {' | '.join(cells)} |")
    told = [f"- {plain(note)}" for note in notes(swept)]
    return [*lines, *(["", *told] if told else [])]


def _table(swept: Sequence[Swept]) -> tuple[list[str], list[list[str]]]:
    ran = [each.record for each in swept if each.record is not None]
    figures = [name for name in _costs() if any(record.value(name) is not None for record in ran)]
    error = METRICS[ran[0].error_metric].title if ran else "error rate"
    changes = ["other texts", f"change of {error}, points [95 %]"]
    head = ["model", "options", error, *changes, *(METRICS[name].title for name in figures)]
    return head, [_row(each, figures) for each in swept]


def _row(swept: Swept, figures: Sequence[str]) -> list[str]:
    record = swept.record
    if record is None:
        return [swept.id, swept.options, "not run", *[""] * (len(figures) + 2)]
    rate = METRICS[record.error_metric].format(record.value(record.error_metric))
    others = "" if swept.other_texts is None else f"{swept.other_texts} of {len(record.utterances)}"
    shown = [METRICS[name].format(record.value(name)) for name in figures]
    return [swept.id, swept.options, rate, others, _change(swept.comparison), *shown]


def _change(found: Comparison | None) -> str:
    if found is None:
        return ""
    paired = found.paired
    moved = f"{100 * paired.difference:+.2f}"
    if paired.low is None or paired.high is None:
        return moved
    return f"{moved} [{100 * paired.low:+.2f}, {100 * paired.high:+.2f}]"


def notes(swept: Sequence[Swept]) -> Iterator[str]:
    """What has to be known to read the table."""
    for each in swept:
        if each.refused:
            yield f"{each.id}: not compared: {each.refused}"
    ran = [each.record for each in swept if each.record is not None]
    for record in ran:
        id = record.case.model
        if record.failure is not None:
            yield f"{id}: {record.failure.message}"
        if record.limited_to is not None:
            yield f"{id}: only {counted(record.limited_to, 'utterance')} of the data set"
        if why := record.timing.no_speed or record.noise("rtf"):
            yield f"{id}: times: {why}"
    days = sorted({record.provenance.created[:10] for record in ran})
    machines = sorted({str(record.provenance.hardware.get("cpu")) for record in ran})
    if ran:
        reference, audio_s = ran[0].reference_units, ran[0].summary.audio_s
        yield (
            f"{ran[0].case.dataset}: {counted(len(ran[0].utterances), 'utterance')}, {audio_s / 60:.1f} min,"
            f" {reference:,} reference units; {' and '.join(machines)}; {', '.join(days)}"
        )
    if len(machines) > 1:
        yield "the runs are of different machines: their times can't be compared"
