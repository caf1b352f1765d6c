"""Records: stored and read back, compared, asked for figures; and the key of their inputs."""

import copy
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from records import HARDWARE, NO_DEVICE_MEMORY, NO_SPEED, record, utterance

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.results.provenance import input_key
from pytest_modellab.results.record import Price, Record
from pytest_modellab.results.record_files import RecordError, canonical, checksum_of, json_schema, read, write

LOAD_FAILURE = Failure(kind="load", message="no such library", detail="Traceback ...")


class TestFile:
    def test_what_is_written_is_read_back(self, tmp_path: Path) -> None:
        original = record(failure=LOAD_FAILURE, utterances=[utterance(hypothesis="señor 你好 \u202e\x1b[31m")])
        found = read(write(original, tmp_path))
        assert found.seal == checksum_of(original)
        assert found.model_copy(update={"seal": None}) == original

    def test_the_name_tells_case_and_time(self, tmp_path: Path) -> None:
        path = write(record(), tmp_path)
        assert path == tmp_path / "runs/tiny/asr/20260102T030405678-cpu-talk-0123abcd.json"

    def test_nothing_but_the_record_is_left(self, tmp_path: Path) -> None:
        path = write(record(), tmp_path)
        assert list(path.parent.iterdir()) == [path]

    @pytest.mark.parametrize(
        ("change", "part"),
        [
            (lambda text: text[: len(text) // 2], "not a modellab.record/2"),
            (lambda text: "", "not a modellab.record/2"),
            (lambda text: text.replace("modellab.record/2", "modellab.record"), "modellab.record/2: schema: "),
            (lambda text: text.replace('"audio_s"', '"audio_sec"'), "audio_s"),
            (lambda text: text.replace('"limited_to": null', '"limited_to": null, "tomorrow": 1'), "tomorrow"),
            (lambda text: "[]", "not a modellab.record/2"),
        ],
        ids=["cut short", "empty", "newer schema", "key missing", "key unknown", "no object"],
    )
    def test_a_file_that_is_no_record_is_named(self, tmp_path: Path, change: Any, part: str) -> None:
        path = write(record(), tmp_path)
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
        with pytest.raises(RecordError) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert part in str(caught.value)

    def test_bytes_that_are_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "record.json"
        path.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(RecordError, match=r"record\.json: not a modellab\.record/2"):
            read(path)

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(RecordError, match=r"record\.json: can't be read: No such file"):
            read(tmp_path / "record.json")

    def test_the_committed_schema_is_that_of_the_types(self) -> None:
        schema = Path(__file__).parents[2] / "pytest_modellab/results/schema/record.schema.json"
        assert schema.read_text(encoding="utf-8") == json_schema()


def paths(value: Any, place: str = "") -> set[str]:
    """Every place in nested dicts and lists, the places of list items merged."""
    if isinstance(value, dict) and value:
        return {path for key, item in value.items() for path in paths(item, f"{place}.{key}".lstrip("."))}
    if isinstance(value, list | tuple) and value:
        return {path for item in value for path in paths(item, f"{place}[]")}
    return {place}


class TestCanonical:
    def test_it_lacks_exactly_what_differs_between_two_runs_of_the_same(self) -> None:
        full = record(failure=LOAD_FAILURE)
        dropped = {path.split("[]")[0] for path in paths(full.model_dump()) - paths(canonical(full))}
        varying = ("timing.", "memory.", *(f"values.{name}." for name, metric in METRICS.items() if metric.varies))
        whole = {path for path in dropped if not path.startswith(varying)}
        assert dropped - whole == {path for path in paths(full.model_dump()) if path.startswith(varying)}
        assert "values.rtf.value" in dropped
        assert whole == {
            "id",
            "failure.detail",
            "price",
            *(f"provenance.hardware.{name}" for name in HARDWARE),
            "provenance.session",
            "provenance.created",
            "provenance.judging",
            "provenance.merged",
            "provenance.stands_again",
            "seal",
            "provenance.rescored",
            "provenance.resumed",
            "provenance.worker_restarts",
            "utterances",  # of which only times and retries, see below
        }
        assert set(full.utterances[0].model_dump()) - set(canonical(full)["utterances"][0]) == {
            "processing_s",
            "retries",
            "client_s",
        }

    def test_two_runs_that_differ_in_time_only_are_the_same(self) -> None:
        assert canonical(record(timing=NO_SPEED, id="ffff0000")) == canonical(record())

    @pytest.mark.parametrize(
        "other",
        [
            record(wer=0.2),
            record(model="base"),
            record(limited_to=1),
            record(failure=LOAD_FAILURE),
            record(utterances=[utterance(hypothesis="one two")]),
            record(utterances=[utterance(name="two")]),
        ],
        ids=["score", "model", "limited", "failure", "answer", "utterance"],
    )
    def test_runs_that_differ_in_what_counts_are_not(self, other: Record) -> None:
        assert canonical(other) != canonical(record())


NOT_TOLD = "the device has no memory of its own, or the driver does not report it"
# What a run of one plain utterance has not got.
ABSENT = {
    *("insertions_per_min", "worst_slice_wer", "glossary_recall", "name_recall"),
    *("punctuation_error", "casing_error", "language_accuracy", "truncated", "client_p50_s", "retries", "padded_share"),
    *(name for name, metric in METRICS.items() if metric.why_elsewhere("asr") is not None),
}


class TestFigures:
    def test_every_metric_has_its_figure(self) -> None:
        run = record(price=Price(per_hour=0.5, currency="EUR"))
        found = {name: run.value(name) for name in METRICS}
        assert found == {
            "wer": 0.1,
            "cer": 0.05,
            "macro_error": None,
            "rtf": 0.2,
            "rtfx": 5.0,
            "latency_p50_s": 0.4,
            "latency_p95_s": 0.9,
            "load_s": 2.0,
            "clip5_s": 0.7,
            "first_call_s": 0.5,
            "cost_per_audio_hour": 0.1,
            "peak_rss_mb": 300.0,
            "peak_device_mb": 900.0,
            "model_size_mb": 150.0,
            "success_rate": 1.0,
            "looped": 0.0,
            "number_recall": 1.0,
            "length_deviation": 0.0,
        } | {name: None for name in METRICS if name in ABSENT}

    @pytest.mark.parametrize(
        ("run", "metric", "why"),
        [
            (record(timing=NO_SPEED), "rtf", "the machine was shared"),
            (record(timing=NO_SPEED), "latency_p95_s", "the machine was shared"),
            (record(wer=None), "wer", "no reference has a word left after normalisation"),
            (record(), "cost_per_audio_hour", "devices.yaml gives cpu no price"),
            (
                record(memory=NO_DEVICE_MEMORY),
                "peak_device_mb",
                "the device has no memory of its own, or the driver does not report it",
            ),
            (record(failure=LOAD_FAILURE, timing=NO_SPEED), "rtf", "no such library"),
            (record(timing=NO_SPEED.model_copy(update={"load_s": None})), "load_s", "load_s was not measured"),
        ],
    )
    def test_a_missing_figure_has_a_reason(self, run: Record, metric: str, why: str) -> None:
        assert run.failure is not None or run.value(metric) is None
        assert run.why_missing(metric) == why


INPUTS: dict[str, Any] = {
    "protocol": 1,
    "model": "tiny",
    "options": {"beam_size": 5, "language": None},
    "device": {"kind": "cuda", "index": 0},
    "weights": "a" * 64,
    "versions": {"numpy": "2.0", "soxr": None},
    "in_process": False,
}


class TestInputKey:
    def test_the_order_of_the_inputs_does_not_count(self) -> None:
        assert input_key(dict(reversed(INPUTS.items()))) == input_key(INPUTS)

    def test_it_survives_json(self) -> None:
        assert input_key(json.loads(json.dumps(INPUTS))) == input_key(INPUTS)

    @pytest.mark.parametrize(
        ("place", "value"),
        [
            (("protocol",), 2),
            (("model",), "base"),
            (("options", "beam_size"), 1),
            (("options", "language"), "en"),
            (("device", "index"), 1),
            (("weights",), None),
            (("versions", "numpy"), "2.1"),
            (("versions", "soxr"), "0.5"),
            (("in_process",), True),
        ],
    )
    def test_each_input_changes_the_key(self, place: tuple[str, ...], value: object) -> None:
        changed: dict[str, Any] = copy.deepcopy(INPUTS)
        inner = changed
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
        assert input_key(changed) != input_key(INPUTS)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": "modellab.record/4"}, "is a modellab.record/4, of a newer pytest-modellab; this one reads"),
        ({"provenance": {"lab": "99.0"}, "more": 1}, "is a modellab.record/2 made by 99.0, of a newer pytest-modellab"),
        ({"more": 1}, "not a modellab.record/2: more: Extra inputs are not permitted"),
        ({"schema": "modellab.record/x"}, "not a modellab.record/2: schema: Input should be"),
        ({"schema": "modellab.record/2", "provenance": {"lab": "?"}}, "not a modellab.record/2"),
    ],
)
def test_a_record_of_a_later_version_is_told_apart_from_a_damaged_one(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    data = json.loads(write(record(), tmp_path).read_text())
    path = tmp_path / "other.json"
    path.write_text(json.dumps({**data, **change}))
    with pytest.raises(RecordError, match=re.escape(f"{path}: {told}")):
        read(path)


def test_one_from_before_a_field_was_added_is_whole(tmp_path: Path) -> None:
    path = write(record(), tmp_path)
    data = json.loads(path.read_text())
    del data["ran_on"], data["timing"]["throttled"]
    compact = json.dumps({**data, "seal": None}, separators=(",", ":"))
    sealed = {**data, "seal": hashlib.sha256(compact.encode()).hexdigest()}
    path.write_text(json.dumps(sealed, indent=1))
    assert read(path).case == record().case
    path.write_text(json.dumps({**sealed, "title": "another"}, indent=1))
    with pytest.raises(RecordError, match="was changed after it was written"):
        read(path)
