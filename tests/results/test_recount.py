"""Figures counted again from utterances: of the records that are committed, which real models left, for every task."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_modellab.results.record import Record, Value
from pytest_modellab.results.record_files import read
from pytest_modellab.results.recount import all_apart, figures_apart, recounted, stated_twice
from pytest_modellab.results.shard_ref import ShardOf
from pytest_modellab.tasks.diarize import words

ROOT = Path(__file__).parents[2]
RECORDS = sorted((ROOT / "results").rglob("*.json.gz"))
SMALL = {path.parent.parent.parent.name: path for path in sorted(RECORDS, key=lambda path: -path.stat().st_size)}
"""The smallest record of each task."""
_OF_EACH_MODEL = {(path.parts[-4], path.parts[-3]): path for path in reversed(RECORDS)}
"""One record of each model and task."""
OTHERS = pytest.mark.nightly(
    "tests/results/test_recount.py::test_every_figure_of_a_real_record_follows_from_its_utterances"
)
_FEW = 12
"""Utterances of a record of which each number is changed: every change is counted again."""
MEASURED = {
    *("timing.load_s", "timing.first_call_s", "timing.load_average", "timing.others", "timing.loading_others"),
    *("timing.core_wait", "timing.loading_core_wait", "timing.noise_definition"),
    *("timing.throttled", "parts.streaming.chunk_s", "parts.streaming.pace", "utterances", "memory", "loaded", "price"),
}
"""What was measured once, or was asked for: nothing else in the record tells it."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [each if each in _OF_EACH_MODEL.values() else pytest.param(each, marks=OTHERS) for each in RECORDS],
    ids=lambda path: "-".join(path.parts[-4:]),
)
def test_every_figure_of_a_real_record_follows_from_its_utterances(path: Path) -> None:
    record = read(path)
    if record.value("cpwer") is not None:
        pytest.importorskip("meeteval")  # which counts it
    assert not list(figures_apart(record, recounted(record), same_code=False))
    assert not list(stated_twice(record))


def test_what_cannot_be_counted_for_want_of_a_package_is_told_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = read(ROOT / "results" / "diarize" / "voice-clusters-tiny.en" / "cpu" / "conversations-en.json.gz")
    monkeypatch.setattr(words, "absent", lambda: "meeteval is not installed")
    found = list(figures_apart(record, recounted(record), same_code=False))
    assert [each.rpartition(": ")[2] for each in found] == ["meeteval is not installed"] * 2


def test_a_value_of_a_metric_that_is_not_installed_here_is_told() -> None:
    record = read(SMALL["asr"])
    values = {**record.values, "mer": Value(value=0.2), "other": Value(value=None, missing="why")}
    told = figures_apart(record.model_copy(update={"values": values}), recounted(record))
    assert list(told) == ["says mer 0.2, which no package here defines"]


def numbers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        if isinstance(each, int | float) and not isinstance(each, bool):
            yield (*path, key)
        else:
            yield from numbers(each, (*path, key))


LARGE = pytest.mark.nightly("tests/results/test_recount.py::test_any_other_number_is_found")


@pytest.mark.slow
@pytest.mark.parametrize(
    "task", [pytest.param(each, marks=LARGE) if each in {"words", "translate"} else each for each in SMALL]
)
def test_any_other_number_is_found(task: str) -> None:
    """But of what was measured once; and of an utterance no number that is no count of its own texts."""
    whole = read(SMALL[task])
    record = recounted(whole.model_copy(update={"utterances": whole.utterances[:_FEW]}))
    assert not list(all_apart(record, recounted(record)))
    data = json.loads(record.model_dump_json(by_alias=True))
    unseen = set()
    tried: Counter[str] = Counter()
    for path in [path for path in numbers(data) if path[0] != "provenance" and path[:1] != ("utterances",)]:
        # Of a list of them two will do.
        name = ".".join(str(key) for key in path if not isinstance(key, int))
        tried[name] += 1
        if tried[name] > 2:
            continue
        place = data
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] += 1
        changed = Record.model_validate(data)
        if not list(all_apart(changed, recounted(changed))):
            unseen.add(name)
        place[path[-1]] -= 1
    assert {name for name in unseen if name not in MEASURED and name.partition(".")[0] not in MEASURED} == set()


@pytest.mark.parametrize("task", SMALL)
def test_utterances_that_are_left_out_are_missed(task: str) -> None:
    record = read(SMALL[task])
    whole = len(record.utterances)
    summary = record.summary.model_copy(update={"utterances": whole - 1})
    fewer = record.model_copy(update={"utterances": record.utterances[1:], "summary": summary})
    assert list(stated_twice(fewer)) == [f"holds {whole - 1} utterances, its inputs say {whole}"]
    again = record.model_copy(update={"utterances": (*record.utterances, record.utterances[0])})
    assert f"holds the utterance {record.utterances[0].id!r} more than once" in list(stated_twice(again))


CONTRADICTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "of the summary": ({"utterances": ()}, "holds 0 utterances, its summary says"),
    "of a limit": ({"limited_to": 1}, "is said to be limited to 1 utterances, and is of"),
    "of a shard": (
        {"shard": ShardOf(index=1, of=1, places=(0,), utterances=99)},
        "is a shard of 99 utterances, its inputs say",
    ),
    "of a shard's places": ({"shard": ShardOf(index=1, of=1, places=(0,), utterances=99)}, "its shard has 1 places"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_two_numbers_of_utterances_are_a_contradiction(name: str) -> None:
    changes, told = CONTRADICTIONS[name]
    assert told in "\n".join(stated_twice(read(SMALL["asr"]).model_copy(update=changes)))


@pytest.mark.parametrize("name", ["task", "model"])
def test_inputs_of_another_case_are_a_contradiction(name: str) -> None:
    record = read(SMALL["asr"])
    origin = record.provenance.model_copy(update={"inputs": {**record.provenance.inputs, name: "other"}})
    (told,) = stated_twice(record.model_copy(update={"provenance": origin}))
    assert told == f"is of the {name} {getattr(record.case, name)}, its inputs say 'other'"


@pytest.mark.parametrize("forged", ["another definition", "left out"])
def test_values_of_this_code_are_all_compared_whatever_definition_they_state(forged: str) -> None:
    made = recounted(read(SMALL["asr"]))
    values = dict(made.values)
    if forged == "left out":
        del values["success_rate"]
    else:
        values["success_rate"] = values["success_rate"].model_copy(update={"value": 0.5, "definition": 0})
    told = [*figures_apart(made.model_copy(update={"values": values}), made)]
    assert len(told) == 1
    assert "success_rate" in told[0]
