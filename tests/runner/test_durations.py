"""How long a case took the last time, by its newest record that tells."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from shelf import Shelf

from pytest_modellab.runner.durations import seconds_of
from pytest_modellab.runner.reuse import brought_forward, last, records_of

CASE: Any = SimpleNamespace(
    task="asr",
    model=SimpleNamespace(id="tiny"),
    device=SimpleNamespace(id="cpu"),
    dataset=SimpleNamespace(id="talk"),
)


def lasted(path: Path, *seconds: float) -> None:
    stored = json.loads(path.read_text())
    stored["timing"]["passes"] = [
        {"kind": "timing", "start": "2026-01-02T03:04:00+00:00", "end": f"2026-01-02T03:04:{each:06.3f}+00:00"}
        for each in seconds
    ]
    path.write_text(json.dumps(stored))


def test_the_newest_that_tells(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert seconds_of(CASE, shelf.reports) is None
    [first] = shelf.put("s1", {"tiny": 0})
    [second] = shelf.put("s2", {"tiny": 0})
    shelf.put("s3", {"base": 0})
    assert records_of(CASE, shelf.reports) == [second, first]
    lasted(first, 1.5, 2)
    lasted(second)
    assert seconds_of(CASE, shelf.reports) == 3.5
    second.write_text("{")
    assert seconds_of(CASE, shelf.reports) == 3.5


def test_the_last_record_that_can_be_read(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert last(shelf.reports, CASE) is None
    [first], [second] = shelf.put("s1", {"tiny": 0}), shelf.put("s2", {"tiny": 0})
    found = last(shelf.reports, CASE)
    assert found is not None
    assert found[1] == second
    second.write_text("{")
    found = last(shelf.reports, CASE)
    assert found is not None
    assert found[1] == first


def test_a_device_or_a_data_set_whose_name_ends_alike_is_another_case(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    [own] = shelf.put("s1", {"tiny": 0})
    shelf.put("s2", {"tiny": 0}, device="server-cpu")
    assert records_of(CASE, shelf.reports) == [own]
    # Of `cpu-talk` on `me` and `talk` on `cpu` one name comes of both parts.
    device = SimpleNamespace(id="cpu-talk")
    twin: Any = SimpleNamespace(task="asr", model=CASE.model, device=device, dataset=SimpleNamespace(id="more"))
    other: Any = SimpleNamespace(
        task="asr", model=CASE.model, device=CASE.device, dataset=SimpleNamespace(id="talk-more")
    )
    [first] = shelf.put("s3", {"tiny": 0}, dataset="talk-more")
    [second] = shelf.put("s4", {"tiny": 0}, device="cpu-talk", dataset="more")
    for case, path in ((other, first), (twin, second)):
        found = last(shelf.reports, case)
        assert found is not None
        assert found[1] == path
        assert brought_forward(shelf.reports, case, found[0], path) == (found[0], path)
