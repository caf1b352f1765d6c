"""The tables of a scorecard: a row per case with what counts in its task, and a row per model with its grades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from ..bench.stored import Range
from ..metrics.definitions import METRICS, TIMED
from .card import Row
from .models import ModelRow

COLUMNS: Mapping[str, Sequence[tuple[str, str]]] = {
    "asr": (("wer", "WER"), ("cer", "CER"), ("rtf", "RTF"), ("load_s", "load"), ("peak_rss_mb", "memory")),
    "tts": (
        *(("wer", "round-trip WER"), ("judge_wer", "judge's own"), ("distillmos", "MOS"), ("flawed", "flawed")),
        *(("rtf", "RTF"), ("first_audio_p50_s", "first audio"), ("peak_rss_mb", "memory")),
    ),
    "streaming": (
        *(("wer", "final WER"), ("streaming_loss", "loss"), ("first_partial_p50_s", "first partial")),
        *(("final_p95_s", "final p95"), ("unstable_words", "unstable"), ("kept_up", "kept up"), ("rtf", "RTF")),
    ),
    "chat": (
        *(("answer_accuracy", "right"), ("context_kept", "context"), ("replies_to_noise", "to noise")),
        *(("onset_p50_s", "onset"), ("latency_p50_s", "response"), ("peak_rss_mb", "memory")),
    ),
}
"""Metric and heading, by task."""


def by_task(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """The rows of each task, in their order."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.case.task, []).append(row)
    return list(groups.items())


def table(task: str, rows: Sequence[Row], style: str = "simple") -> str:
    """The rows of one task with their figures, in one of tabulate's styles."""
    columns = COLUMNS.get(task, COLUMNS["asr"])
    body = [
        [
            row.case.model,
            row.case.device if row.ran_on is None else f"{row.case.device} ({row.ran_on.device})",
            row.case.dataset,
            *(_cell(name, row) for name, _ in columns),
            str(row.grade) if row.grade else "-",
            str(row.status),
        ]
        for row in rows
    ]
    head = [
        "model" if task == "asr" else f"{task} model",
        "device",
        "data set",
        *(title for _, title in columns),
        "grade",
        "verdict",
    ]
    align = ("left", "left", "left", *("right" for _ in columns), "left", "left")
    return tabulate(body, headers=head, tablefmt=style, disable_numparse=True, colalign=align)


def models_table(models: Sequence[ModelRow], style: str = "simple") -> str:
    """A row for each model and device, with its grade in each task; n/a for what it doesn't do."""
    tasks = list(dict.fromkeys(task for model in models for task in model.tasks))
    body = [[each.model, each.device, *(str(each.tasks[task]) for task in tasks)] for each in models]
    return tabulate(body, headers=["grades of", "device", *tasks], tablefmt=style, disable_numparse=True)


def _cell(metric: str, row: Row) -> str:
    value = row.figures.get(metric)
    if value is None:
        return "n/a"
    text = METRICS[metric].format(value)
    if row.noisy and metric in TIMED:
        text += " ~"
    interval = interval_of(metric, row)
    return text if interval is None else f"{text} {in_brackets(interval)}"


def interval_of(metric: str, row: Row) -> Range | None:
    """The interval that stands beside a figure in a table: of the one that counts in the task."""
    return row.intervals.get(metric) if metric in {row.error_metric, "answer_accuracy"} else None


def in_brackets(interval: Range) -> str:
    """The interval of a share: `[1.2, 14]`, in percent."""
    return f"[{_percent(interval.low)}, {_percent(interval.high)}]"


def error_metric_title(row: Row) -> str:
    """WER, or CER where words aren't divided by spaces."""
    return METRICS[row.error_metric].title


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.0f}" if ratio >= 0.0995 else f"{100 * ratio:.1f}"
