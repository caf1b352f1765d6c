"""The record before a record: the newest older one of the same case, data and scoring."""

from __future__ import annotations

from pathlib import Path

from records import record

from pytest_modellab.results.previous import previous
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import write


def made(day: int, dataset: str = "talk", fingerprint: str = "f", **more: object) -> Record:
    found = record(dataset=dataset, **more)  # type: ignore[arg-type]
    inputs = {"seed": 0, "dataset": fingerprint}
    origin = found.provenance.model_copy(update={"created": f"2026-01-{day:02}T03:04:05.678+00:00", "inputs": inputs})
    return found.model_copy(update={"provenance": origin})


class TestPrevious:
    def test_the_newest_older_one_is_found_without_its_utterances(self, tmp_path: Path) -> None:
        for day in (1, 2, 4):
            write(made(day), tmp_path)
        last = made(3)
        found = previous(write(last, tmp_path), last)
        assert found is not None
        assert found.provenance.created.startswith("2026-01-02")
        assert not found.utterances

    def test_the_first_has_none(self, tmp_path: Path) -> None:
        first = made(1)
        assert previous(write(first, tmp_path), first) is None

    def test_other_cases_other_data_and_parts_of_the_data_are_passed_over(self, tmp_path: Path) -> None:
        write(made(1, wer=0.3), tmp_path)
        write(made(2, dataset="talks"), tmp_path)
        write(made(3, fingerprint="other"), tmp_path)
        write(made(4, limited_to=1), tmp_path)
        last = made(5)
        found = previous(write(last, tmp_path), last)
        assert found is not None
        assert found.value("wer") == 0.3

    def test_a_damaged_one_is_passed_over(self, tmp_path: Path) -> None:
        write(made(1), tmp_path)
        write(made(2), tmp_path).write_text("{")
        last = made(3)
        found = previous(write(last, tmp_path), last)
        assert found is not None
        assert found.provenance.created.startswith("2026-01-01")
