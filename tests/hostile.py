"""Records whose every text is hostile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from filled import filled, spoiled

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record import Record, Summary, Value
from pytest_modellab.results.record_files import checksum_of
from pytest_modellab.tasks.parts import run_part, utterance_part

HOSTILE = (
    "12. \x1b[2J\x9b31m\u202e<hostile onx=1></script></style><img src=x onerror=alert(1)> | a | `code` ``b`` **b** _i_"
    " ~~s~~ [l](javascript:x) ![i](http://h.example/i.png) @somebody #12 http://h.example www.h.example"
    " me@h.example mailto:me@h.example $x$ <!-- &lt; {{ 7*7 }} \ud800"
    "\r\n# FORGED head\n- FORGED item\n\nFORGED: line"
)


PLAIN = "a plain text"


TASKS = ("asr", "tts", "chat", "streaming")


def made(task: str, text: str, id: str, session: str) -> dict[str, Any]:
    """JSON of a record with every field that its task has, and `text` wherever it is taken."""
    case = {"task": task, "model": "tiny", "device": "cpu", "dataset": "talk"}
    other: dict[str, Any] = {
        "rules": {},
        "shard": None,
        "limited_to": None,
        "failure": None,
        "error": None,
        "ran_on": None,
        "no_speed": None,
    }
    value = filled(Value, PLAIN, {})
    other["values"] = {name: dict(value) for name, each in METRICS.items() if each.why_elsewhere(task) is None}
    other["summary"] = filled(Summary, PLAIN, {})
    data = filled(Record, PLAIN, {**other, "case": case, "parts": {}})
    data["parts"] = {each: filled(kind, PLAIN, other) for each in {"asr", task} if (kind := run_part(each))}
    part = {each: filled(kind, PLAIN, other) for each in {"asr", task} if (kind := utterance_part(each))}
    data["utterances"][0]["parts"] = part
    data["normalizer"] = {"name": "whisper-english", "version": "0.1.15"}
    inputs = {"dataset": "d", "versions": {PLAIN: PLAIN}, "python": PLAIN, "options": {"x": PLAIN}}
    data["provenance"]["inputs"] = inputs
    data["utterances"] = [{**data["utterances"][0], "id": name} for name in ("one", "two", "three")]
    data["findings"][0]["utterance"] = "one"
    kept = {name: data["normalizer"][name] for name in ("name", "version")}
    if text != PLAIN:
        spoiled(data, text, Record.model_validate)
        data["normalizer"] = kept  # one that nobody has is told, and all else with it goes
        data["provenance"]["inputs"]["dataset"] = "d"
        for i, each in enumerate(data["utterances"]):
            each["id"] = f"{i} {text}"
    data["provenance"]["session"] = session if text == PLAIN else f"{session} {text}"
    return {**data, "id": id, "seal": None}


def write(reports: Path, data: dict[str, Any], stamp: str) -> Path:
    """Store a record with its checksum, hostile or not."""
    record = Record.model_validate(data)
    case = record.case
    path = reports / "runs" / case.model / case.task / f"{stamp}-{case.device}-{case.dataset}-{record.id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    sealed = record.model_copy(update={"seal": checksum_of(record)})
    path.write_text(sealed.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8")
    return path
