"""`modellab catalog`, and the page of the documentation that is made of the same data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import Told
from shelf import made

from pytest_modellab.catalog.published.shipped import shipped
from pytest_modellab.cli.catalog_page import PARTS
from pytest_modellab.cli.exits import Exit
from pytest_modellab.cli.reference import rewritten
from pytest_modellab.reports.scorecard import results

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "catalog.md"
WRITE = "python -m pytest_modellab.cli.catalog_page docs/catalog.md"
OWN = "id,title,tasks,sources\nown,Our own,asr,a card | https://example.org/card | opened 2026-01-31\n"
LOCAL = """\
schema: modellab.model/1
id: kokoro-mine
engine: kokoro
tasks: [asr]
tiers: [smoke]
devices: {cpu: {}}
"""


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Told:
    """Commands in a folder without a catalog, on a wide terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return Told(capsys)


def ids(said: str) -> set[str]:
    return {each["id"] for each in json.loads(said)}


def test_the_page_of_the_documentation_is_what_the_data_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert rewritten(page, PARTS) == page, f"docs/catalog.md is out of date: {WRITE}"


def test_all_models_without_a_catalog(told: Told) -> None:
    said = told("catalog")
    assert f"{len(shipped().models)} models; n/a was not looked up." in said
    assert ids(told("catalog", "--format", "json")) == {model.id for model in shipped().models}


@pytest.mark.parametrize(
    ("options", "one", "other"),
    [
        (["--task", "tts"], "kokoro", "whisper-tiny"),
        (["--task", "diarize"], "pyannote-speaker-diarization-3.1", "kokoro"),
        (["--language", "de"], "parakeet-tdt-0.6b-v3", "parakeet-tdt-0.6b-v2"),
        (["--max-parameters", "100M"], "whisper-tiny", "whisper-small"),
        (["--max-size", "1GB"], "canary-180m-flash", "canary-1b-flash"),
        (["--commercial"], "whisper-tiny", "canary-1b"),
        (["--streaming"], "moonshine-streaming-tiny", "whisper-tiny"),
        (["--use", "edge"], "moonshine-tiny", "whisper-medium"),
        (["--use", "edge", "--use", "multilingual"], "whisper-tiny", "whisper-tiny.en"),
        (["--use", "server"], "parakeet-tdt-0.6b-v2", "voxtral-small-24b-2507"),
        (["--backlog"], "whisper-tiny", ""),
        (["whisper-*"], "whisper-tiny", "kokoro"),
    ],
)
def test_filters(told: Told, options: list[str], one: str, other: str) -> None:
    found = ids(told("catalog", *options, "--format", "json"))
    assert one in found
    assert other not in found


def test_a_shortlist_says_its_rule(told: Told) -> None:
    assert "edge: at most 250 M parameters." in told("catalog", "--use", "edge")


def test_a_role_has_the_shortlist_that_it_names(told: Told) -> None:
    asked = ("--catalog", str(ROOT / "fixtures"), "catalog", "--use", "small-footprint")
    assert "small footprint: does asr, at most 250 M parameters" in told(*asked)
    found = ids(told(*asked, "--format", "json"))
    assert "whisper-tiny.en" in found
    assert "kokoro" not in found


def test_named_models_have_their_sources(told: Told) -> None:
    assert "[1] " in told("catalog", "kokoro")
    assert "[1] " not in told("catalog")
    assert "[1] " in told("catalog", "--sources")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--use", "egde"], "no use `egde`; did you mean `edge`?"),
        (["--task", "tss"], "no task `tss`; did you mean `tts`?"),
        (["--sort", "wr"], "no sort key `wr`; did you mean `wer`?"),
        (["koko"], "no model `koko`; did you mean `kokoro`?"),
        (["--language", "germn"], "--language: `germn` is no language tag"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(told: Told, options: list[str], message: str) -> None:
    told("catalog", *options, code=Exit.USAGE)
    assert message in told.errors


@pytest.mark.parametrize(
    "option", [["--max-parameters", "many"], ["--max-size", "5 apples"], ["--max-parameters", "0"]]
)
def test_an_amount_has_a_unit_that_is_known(told: Told, option: list[str]) -> None:
    told("catalog", *option, code=Exit.USAGE)
    assert "an amount such as" in told.errors


def test_rows_of_ones_own(told: Told, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(OWN)
    assert "own" in ids(told("catalog", "--read", "own.csv", "--format", "json"))
    (tmp_path / "own.csv").write_text(OWN.replace(",asr,", ",asrr,"))
    told("catalog", "--read", "own.csv", code=Exit.WRONG)
    assert "own.csv:2: row 1, column tasks: unknown value `asrr`; did you mean `asr`?" in told.errors


def test_csv_that_was_written_is_read_the_same(told: Told) -> None:
    told("catalog", "--format", "csv", "-o", "all.csv")
    assert told("catalog", "--read", "all.csv", "--format", "json") == told("catalog", "--format", "json")


def test_markdown_and_a_page(told: Told, tmp_path: Path) -> None:
    assert told("catalog", "kokoro", "--format", "markdown").startswith("| model")
    pytest.importorskip("matplotlib")
    told("catalog", "--format", "html", "-o", "models.html")
    assert (tmp_path / "models.html").read_text(encoding="utf-8").count("<svg") == 2


def test_what_was_measured_here_is_shown(told: Told, tmp_path: Path) -> None:
    models = tmp_path / "fixtures" / "models"
    models.mkdir(parents=True)
    (models / "kokoro-mine.yaml").write_text(LOCAL)
    one = made(model="kokoro-mine").model_copy(update={"seal": "0" * 64})
    results.keep([one], tmp_path / "results")
    said = told("catalog", "kokoro")
    assert "kokoro-mine, cpu)" in said
    (whole,) = json.loads(told("catalog", "kokoro", "--format", "json"))
    assert whole["local_models"] == ["kokoro-mine"]
    assert whole["measured_here"][0]["model"] == "kokoro-mine"
    assert "kokoro" not in ids(told("catalog", "--backlog", "--format", "json"))
