"""Records of many utterances: time and memory of each stage. `python benchmarks/large_records.py [ROWS ...]`.

Answers are made up: texts of a dozen words, all of them distinct, one word in ten wrong, a speaker for every 200. Each
stage runs in a process of its own, which tells its time without imports and its highest resident memory. The stages:

- scored: a record is made of raw answers, scored, and written;
- varied: a second one is made, in which one answer in ten is another; the others keep their scores;
- scorecard: a record is read, all figures with their intervals are made of its contributions, and the page is written;
- compare: the two records are compared, as `modellab compare` does;
- cut: the first record is cut into eight shards, each scored and written, with a table where it is large enough;
- merge: the shards are joined, which scores them again, and compared with the first record.

Without numbers 10,000, 100,000 and 1,000,000 rows are measured. The table is in Markdown.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.text import TextRules
from pytest_modellab.core.version import __version__
from pytest_modellab.results import record_files as records
from pytest_modellab.results import table
from pytest_modellab.results.record import (
    MemoryUse,
    NormalizerRef,
    Provenance,
    Record,
    Summary,
    Timing,
    UtteranceResult,
)
from pytest_modellab.results.scoring import scored
from pytest_modellab.results.shard_ref import ShardOf

ROWS = (10_000, 100_000, 1_000_000)
SHARDS = 8
WORDS = [f"{a}{b}{c}" for a in ("ka", "lo", "mi", "tu", "ser", "pan") for b in ("ra", "ne", "do", "vi") for c in "stnl"]
HARDWARE: dict[str, Any] = {
    "cpu": "some",
    "instruction_sets": ["avx2"],
    "cores": 2,
    "gpus": [],
    "gpu_driver": None,
    "memory_bytes": 2**33,
    "system": "Linux",
    "architecture": "x86_64",
}


def rows(size: int, seed: int) -> Iterator[UtteranceResult]:
    """Made-up answers; references and attributes are the same whatever the seed."""
    data, answers = random.Random(0), random.Random(seed)
    for i in range(size):
        said = [*data.choices(WORDS, k=11), f"n{i}"]
        heard = [answers.choice(WORDS) if answers.random() < 0.1 else word for word in said]
        audio_s = 2 + 4 * data.random()
        yield UtteranceResult(
            id=f"corpus/part-{i // 1000:04d}/utterance-{i:07d}",
            reference=" ".join(said),
            hypothesis=" ".join(heard),
            audio_s=audio_s,
            processing_s=audio_s * (0.1 + 0.05 * answers.random()),
            speaker=f"speaker-{i // 200:05d}",
            language="en",
        )


def made(size: int, seed: int, shard: ShardOf | None = None) -> Record:
    """A record of made-up answers; of a shard only its own."""
    own = None if shard is None else set(shard.places)
    those = (row for i, row in enumerate(rows(size, seed)) if own is None or i in own)
    held = size if shard is None else len(shard.places)
    rules = TextRules()
    raw = Record(
        id=f"{seed:08x}" if shard is None else f"{shard.index:08x}",
        case=CaseRef(task="asr", model="made-up", device="cpu", dataset=f"rows-{size}"),
        title="made up",
        limited_to=None,
        shard=shard,
        failure=None,
        normalizer=NormalizerRef.of(rules),
        summary=Summary(utterances=0, answered=0, spoken=0, audio_s=0.0),
        timing=Timing(load_s=1.0, first_call_s=0.5, no_speed=None),
        memory=MemoryUse(peak_rss=10**8, method="VmHWM", sampled_rss=None),
        provenance=Provenance(
            inputs={"dataset": str(size), "seed": 0},
            key="a" * 64,
            commit=None,
            dirty=None,
            lab=__version__,
            hardware=HARDWARE,
            session="s",
            created=f"2026-01-0{seed + 1}T00:00:00.000+00:00",
            resumed=0,
            worker_restarts=0,
        ),
        utterances=(),
    )
    return scored(raw.model_copy(update={"utterances": table.collected(those, held)}), rules)


def score(folder: Path, size: int) -> dict[str, Any]:
    records.write(made(size, 1), folder / "1")
    return {"file": sum(each.stat().st_size for each in files(folder / "1"))}


def vary(folder: Path, size: int) -> dict[str, Any]:
    (path,) = (folder / "1").glob("runs/*/*/*.json")
    record, draw = records.read(path), random.Random(1)
    rows = record.utterances
    changed = [draw.random() < 0.1 for _ in range(size)]
    if isinstance(rows, tuple):
        told = tuple(_other(row, draw) if other else row for row, other in zip(rows, changed, strict=True))
        varied = scored(record.model_copy(update={"utterances": told}), record.rules)
    else:
        varied = _varied(record, changed, draw)
    origin = record.provenance.model_copy(update={"created": "2026-01-03T00:00:00.000+00:00"})
    records.write(varied.model_copy(update={"id": "00000002", "provenance": origin}), folder / "2")
    return {}


def _other(row: UtteranceResult, draw: random.Random) -> UtteranceResult:
    words = [draw.choice(WORDS) if draw.random() < 0.1 else word for word in row.reference.split()]
    return row.model_copy(update={"hypothesis": " ".join(words)})


def _varied(record: Record, changed: list[bool], draw: random.Random) -> Record:
    """The record with other answers, of which alone the rows are scored."""
    import numpy as np
    import pyarrow as pa

    from pytest_modellab.results.table import contributions, writing
    from pytest_modellab.results.table.layout import decoded, encoded
    from pytest_modellab.results.table.steps import Contributed, Scored
    from pytest_modellab.results.table.stored_rows import StoredRows
    from pytest_modellab.results.values import valued
    from pytest_modellab.tasks.asr.scoring import AsrScoring
    from pytest_modellab.tasks.asr.text_analysis import Terms

    rows = record.utterances
    assert isinstance(rows, StoredRows)
    first, second = Scored("asr", record.rules), Contributed(record)

    def groups() -> Iterator[pa.Table]:
        begin = 0
        for number in range(rows.groups):
            group = rows.group(number)
            mask = np.array(changed[begin : begin + len(group)])
            begin += len(group)
            told = [_other(row, draw) for row in decoded(group.filter(pa.array(mask)))]
            new = second.group(first.group(encoded(told)))
            order = np.argsort(np.concatenate([np.flatnonzero(~mask), np.flatnonzero(mask)]))
            yield pa.concat_tables([group.filter(pa.array(~mask)), new.cast(group.schema)]).take(pa.array(order))

    versions = contributions.versions(contributions.metrics_of("asr"))
    told = writing.written(groups(), second.schema(), versions)
    parts = AsrScoring("asr").summarize(told, record.parts, record.rules, Terms())
    return valued(record.model_copy(update={"utterances": told, "parts": parts}))


def scorecard(folder: Path, size: int) -> dict[str, Any]:
    from pytest_modellab.catalog.load import default_grades
    from pytest_modellab.reports.scorecard.build import build, build_row
    from pytest_modellab.reports.scorecard.files import write_page
    from pytest_modellab.reports.scorecard.row import CaseReport
    from pytest_modellab.results.values import valued

    reports = folder / "1"
    (path,) = reports.glob("runs/*/*/*.json")
    record = valued(records.read(path))
    report = CaseReport(case=record.case, title=record.title, record=record, path=path)
    row = build_row(report, [], default_grades(), str)
    card = build("s", [row], partial=None, records={"asr/made-up:cpu": record})
    write_page(card, reports, folder / "page.html")
    return {}


def compare(folder: Path, size: int) -> dict[str, Any]:
    from pytest_modellab.reports.comparison import terminal
    from pytest_modellab.reports.comparison.compare import compare as compared
    from pytest_modellab.reports.comparison.sides import PastRecords

    sides = [PastRecords(folder, folder).side(str(folder / name)) for name in ("1", "2")]
    found = compared(sides)
    assert found.told > 5, list(terminal.render(found))
    return {}


def cut(folder: Path, size: int) -> dict[str, Any]:
    for index in range(1, SHARDS + 1):
        places = tuple(range(index - 1, size, SHARDS))
        shard = ShardOf(index=index, of=SHARDS, places=places, utterances=size)
        records.write(made(size, 1, shard), folder / "shards")
    return {}


def merge(folder: Path, size: int) -> dict[str, Any]:
    from pytest_modellab.results.merge import merge as merged

    shards = {path: records.read(path) for path in (folder / "shards").glob("runs/*/*/*.json")}
    whole = records.read(records.write(merged(shards), folder / "merged"))
    (path,) = (folder / "1").glob("runs/*/*/*.json")
    alone = records.read(path)
    for one, other in zip(whole.utterances, alone.utterances, strict=True):
        assert records.canonical_value(one) == records.canonical_value(other)
    headers = [each.model_copy(update={"utterances": ()}) for each in (whole, alone)]
    assert records.canonical(headers[0]) == records.canonical(headers[1])
    return {}


STAGES: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "scored": score,
    "varied": vary,
    "scorecard": scorecard,
    "compare": compare,
    "cut": cut,
    "merge": merge,
}


def files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("runs/*/*/*") if path.is_file()]


def measured(stage: str, folder: Path, size: int) -> dict[str, Any]:
    """Time and memory of a stage, in a process of its own."""
    command = [sys.executable, __file__, "--stage", stage, "--folder", str(folder), str(size)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def run(stage: str, folder: Path, size: int) -> None:
    start = time.perf_counter()
    more = STAGES[stage](folder, size)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak": peak, **more}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="*", type=int)
    parser.add_argument("--stage")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--keep", type=Path, help="where the records stay")
    parser.add_argument("--only", action="append", default=[])
    options = parser.parse_args()
    if options.stage:
        run(options.stage, options.folder, *options.rows)
        return
    print("| rows | stage | time | peak memory |")
    print("|---:|---|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        for size in options.rows or ROWS:
            folder = (options.keep or Path(name)) / str(size)
            for stage in options.only or STAGES:
                found = measured(stage, folder, size)
                told = f"| {size:,} | {stage} | {found['seconds']:.1f} s | {found['peak'] / 1e6:.0f} MB |"
                print(told, flush=True)


if __name__ == "__main__":
    main()
