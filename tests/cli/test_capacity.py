"""`modellab capacity`: which case is measured, what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Told
from loadlevels import level

from pytest_modellab.catalog import Catalog
from pytest_modellab.catalog.cases import Case
from pytest_modellab.cli import capacity
from pytest_modellab.cli.exits import Exit
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.results.record import Record

ROOT = Path(__file__).parents[2]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    """The cases that were measured; each has the figures of a server that answers one call after the other."""
    found: list[Case] = []

    def run(case: Case, catalog: Catalog, reports: Path, command: str) -> Record:
        assert catalog.datasets[case.dataset.id] is case.dataset
        assert case.dataset.load is not None
        found.append(case)
        (users,) = case.dataset.load.concurrency
        return level(users, 0.05, calls=80)

    monkeypatch.setattr(capacity, "measured", run)
    return found


def of(*arguments: str) -> tuple[str, ...]:
    return ("--catalog", str(ROOT / "fixtures"), "capacity", "served-tiny.en", *arguments)


@pytest.mark.parametrize("dataset", ["load-prompts-en", "load-prompts-en+c4"])
def test_levels_between_those_of_the_data_set(told: Told, measured: list[Case], tmp_path: Path, dataset: str) -> None:
    said = told(*of(dataset, "--slo", "load_p50_s=0.31", "--reports", str(tmp_path)))
    ids = [f"load-prompts-en+c{users}" for users in (1, 2, 4, 8, 6, 7)]
    assert [each.dataset.id for each in measured] == ids
    assert measured[-1].dataset.title.endswith(", 7 users")
    assert measured[-1].dataset.title.count("user") == 1
    assert said.endswith("capacity: 6; not 7: Latency p50 under load 0.35 s, above 0.31 s\n")
    assert [line.split()[0] for line in said.splitlines()[2:-1]] == ["1", "2", "4", "6", "7", "8"]
    assert told.errors.splitlines() == [f"served-tiny.en:cpu:{id}" for id in ids]


def test_a_server_that_is_gone_has_no_capacity_to_tell(
    told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def gone(case: Case, catalog: Catalog, reports: Path, command: str) -> Record:
        found = level(1, 0.05)
        error = Failure(kind="exception", message="ConnectionLost: the connection failed")
        rows = tuple(each.model_copy(update={"error": error}) for each in found.utterances)
        return found.model_copy(
            update={"utterances": rows, "summary": found.summary.model_copy(update={"answered": 0})}
        )

    monkeypatch.setattr(capacity, "measured", gone)
    said = told(*of("load-prompts-en", "--slo", "wer=1", "--reports", str(tmp_path)), code=Exit.WRONG)
    assert said.endswith("capacity: not decided: 1: no call was answered: ConnectionLost: the connection failed\n")


def test_an_slo_that_does_not_hold(told: Told, measured: list[Case], tmp_path: Path) -> None:
    said = told(*of("load-prompts-en", "--slo", "load_p50_s=0.01", "--reports", str(tmp_path)), code=Exit.WRONG)
    assert said.endswith("capacity: none; not 1: Latency p50 under load 0.050 s, above 0.010 s\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("prompts-en", "--slo", "wer=1"), "no data set `prompts-en` with levels of load"),
        (("load-promts-en", "--slo", "wer=1"), "did you mean `load-prompts-en`?"),
        (("load-prompts-en", "--slo", "speed=1"), "no metric `speed`"),
        (("load-prompts-en", "--slo", "wer=1", "--from", "9", "--to", "8"), "--from 9 is above --to 8"),
        (("load-prompts-en", "--slo", "wer=1", "--device", "cuda"), "no task or device in common"),
    ],
)
def test_what_cannot_be_searched(
    told: Told, measured: list[Case], tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    told(*of(*arguments, "--reports", str(tmp_path)), code=Exit.USAGE)
    assert message in told.errors
    assert measured == []
