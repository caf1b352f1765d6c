"""`modellab listen`: the page, its key, and what listeners said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import Told
from pages import case, tone
from records import record, utterance, with_part

from pytest_modellab.results.record_files import write
from pytest_modellab.tasks.tts.record import Speech


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Told:
    """The command in a folder whose reports have two voices on three texts."""
    monkeypatch.chdir(tmp_path)
    for name, seconds in (("anna", 0.2), ("bert", 0.3)):
        rows = [
            with_part(
                utterance(f"t{i}", f"text {i}", f"text {i}"), "tts", speech(tmp_path / "reports", seconds + i / 50)
            )
            for i in range(3)
        ]
        write(record(utterances=rows, case=case(name, "tts")), tmp_path / "reports")
    return Told(capsys)


def speech(reports: Path, seconds: float) -> Speech:
    return Speech(
        seconds=seconds, sample_rate=16_000, pieces=1, audio=tone(reports, seconds), audible=True, silence=0.0,
        longest_pause_s=0.0, loudness_lufs=-20.0, faults=(),
    )  # fmt: skip


def answered(folder: Path, listener: str, prefer: str) -> Path:
    """The file of a listener who always prefers one voice."""
    key = json.loads((folder / "listening.key.json").read_text())
    answers = [{"clips": sorted(item["clips"].values()), "preferred": item["clips"][prefer]} for item in key["items"]]
    path = folder / f"listening-{listener}.json"
    path.write_text(
        json.dumps({"schema": "modellab.listening/1", "test": key["test"], "listener": listener, "answers": answers})
    )
    return path


def test_a_page_and_its_key(told: Told, tmp_path: Path) -> None:
    said = told("listen", "anna", "bert", "--reports", "reports")
    assert "listening.html: 3 texts, spoken by anna, bert" in said
    assert "listening.key.json" in said
    assert "anna" not in (tmp_path / "listening.html").read_text()
    assert json.loads((tmp_path / "listening.key.json").read_text())["voices"] == ["anna", "bert"]


def test_what_listeners_said(told: Told, tmp_path: Path) -> None:
    told("listen", "anna:cpu:talk", "bert:*", "--reports", "reports", "-o", "listening.html")
    files = [answered(tmp_path, "one", "bert"), answered(tmp_path, "two", "anna"), answered(tmp_path, "three", "bert")]
    said = told("listen", "--answers", *map(str, files), "--key", "listening.key.json")
    assert said.startswith("preferred in, 9 answers of 3 listeners:\n  bert  67 % [")
    assert "conditional on 3 listeners" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name the voices, as in"),
        (("anna",), "a test by preference is of two voices; found anna"),
        (("carl",), "no record of carl"),
        (("--answers", "none.json"), "--answers needs --key"),
        (("--answers", "none.json", "--key", "none.key.json"), "none.key.json: No such file"),
        (("anna", "bert", "--most", "0"), "--most"),
    ],
)
def test_what_is_wrong(told: Told, arguments: tuple[str, ...], message: str) -> None:
    told("listen", *arguments, *([] if "--answers" in arguments else ["--reports", "reports"]), code=2)
    assert message in told.errors
