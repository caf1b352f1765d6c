"""The scoreboard in README.md, made of the results that are kept in results/: `python docs/scoreboard.py`.

Models of speech recognition, without their variants, that were measured on at least 1,500 words of clean speech, on the
CPU; no time of a noisy machine is shown, nor one of other hardware than most were timed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_modellab.catalog import load
from pytest_modellab.catalog.variant_spec import JOIN
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.reports.scorecard import results
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.reports.scorecard.tables import figure_text

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BEGIN, END = "<!-- scoreboard: python docs/scoreboard.py -->", "<!-- end of the scoreboard -->"
CLEAN, NOISY = "prompts-en", "noisy-prompts-en"
DEVICE = "cpu"
LEAST_WORDS = 1500


def scoreboard() -> str:
    """The table as Markdown, the lowest WER first."""
    catalog = load(ROOT / "fixtures", ROOT, engines=False)
    rows = {
        (row.case.model, row.case.dataset): row
        for row in results.scorecard(catalog, results.load(ROOT / "results")).rows
        if row.case.task == "asr"
        and row.case.device == DEVICE
        and row.words >= LEAST_WORDS
        and JOIN not in row.case.model
    }
    clean = sorted((row for (_, dataset), row in rows.items() if dataset == CLEAN), key=lambda row: _value(row, "wer"))
    noisy = {model: row for (model, dataset), row in rows.items() if dataset == NOISY}
    return "\n".join(_lines(clean, noisy)) + "\n"


def _lines(clean: list[Row], noisy: dict[str, Row]) -> Iterator[str]:
    usual = results.usual_hardware(clean)
    words = {"clean": max(row.words for row in clean), "noisy": max(row.words for row in noisy.values())}
    yield f"| model, on a CPU | WER, {words['clean']:,} words | in noise, {words['noisy']:,} words | RTF | memory |"
    yield "|---|---:|---:|---:|---:|"
    for row in clean:
        beside = noisy.get(row.case.model)
        timed = not row.noise("rtf") and row.timed_on.same_speed(usual).answer != "other"
        cells = (
            f"`{row.case.model}`",
            figure_text("wer", row),
            "" if beside is None else figure_text("wer", beside),
            METRICS["rtf"].format(_value(row, "rtf")) if timed else "",
            METRICS["peak_rss_mb"].format(_value(row, "peak_rss_mb")),
        )
        yield f"| {' | '.join(cells)} |"


def _value(row: Row, metric: str) -> float:
    found = row.figures.get(metric)
    assert found is not None, f"{row.case.id} has no {metric}"
    return found


def filled(text: str) -> str:
    """README.md with the scoreboard of today."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"README.md has no lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n\n{scoreboard()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
