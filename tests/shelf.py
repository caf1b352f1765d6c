"""Sessions' records made without running anything: utterances that lost a word, on a shelf of reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from records import record

from pytest_modellab.core.schema_base import Edits
from pytest_modellab.results import record_files as stored
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.tasks.asr.record import Transcript


def answers(count: int, wrong: int = 0, seconds: float = 0.2, **more: Any) -> list[UtteranceResult]:
    """So many utterances of four words, of which the first `wrong` lost one."""
    return [
        UtteranceResult(
            id=str(i),
            reference="red green blue grey",
            hypothesis="red green blue" if i < wrong else "red green blue grey",
            audio_s=1.0,
            processing_s=seconds * (1 + 0.01 * (i % 3)),
            parts={
                "asr": Transcript(
                    words=Edits(substitutions=0, deletions=int(i < wrong), insertions=0, hits=4 - int(i < wrong)),
                    characters=Edits(substitutions=0, deletions=0, insertions=0, hits=18),
                )
            },
            **more,
        )
        for i in range(count)
    ]


def made(count: int = 30, wrong: int = 0, seconds: float = 0.2, **fields: Any) -> Record:
    found = record(utterances=answers(count, wrong, seconds), **fields)
    inputs = {"dataset": "d", "device": {"kind": "cpu"}}
    origin = found.provenance.model_copy(update={"inputs": inputs})
    return found.model_copy(update={"provenance": origin})


class Shelf:
    """A folder of reports that is filled by hand, where one stands."""

    def __init__(self, path: Path) -> None:
        self.reports = path / "reports"
        self._time = 0

    def put(self, session: str, wrong: dict[str, int], count: int = 30, **fields: Any) -> list[Path]:
        """A session's records: model -> utterances that lost a word."""
        paths = []
        for model, lost in wrong.items():
            self._time += 1
            one = made(count, lost, model=model, **fields)
            created = f"2026-01-02T03:04:{self._time:02}.000+00:00"
            origin = one.provenance.model_copy(
                update={"session": session, "created": created, "commit": f"{session[-1]}" * 40}
            )
            paths.append(stored.write(one.model_copy(update={"provenance": origin}), self.reports))
        return paths
