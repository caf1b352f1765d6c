"""The formats of a scorecard, and the command that writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from catalogs import find_again, install_package

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.cli import main
from pytest_modellab.reports.scorecard.build import build
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.files import loader, text
from pytest_modellab.reports.scorecard.format import FORMATS, FormatContext, FormatError
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.results.verdicts import Status

CSV = """
class Csv:
    def render(self, card, context):
        return "".join(f"{row.title},{row.status}\\n" for row in card.rows)


FORMAT = Csv()
"""


@pytest.fixture
def card() -> Scorecard:
    case = CaseRef(task="asr", model="good", device="cpu", dataset="talk")
    row = Row(case=case, title="good\x9b31m", status=Status.PASS, record="x.json", figures={"wer": 0.125})
    return build("s", [row], partial=None)


@pytest.fixture
def reports(card: Scorecard, tmp_path: Path) -> Path:
    """A folder with a scorecard."""
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "scorecard.json").write_text(text(card), encoding="utf-8")
    return folder


def rendered(name: str, card: Scorecard, reports: Path, place: Path | None = None) -> str:
    return FORMATS[name].render(card, FormatContext(reports, place, 100, loader(reports), lambda: None))


def test_the_terminals_is_what_a_session_ends_with(card: Scorecard, tmp_path: Path) -> None:
    told = rendered("terminal", card, tmp_path)
    assert "12.5 %" in told
    assert f"details: {tmp_path / 'scorecard.json'}" in told
    assert "\x9b" not in told


def test_markdown(card: Scorecard, tmp_path: Path) -> None:
    assert rendered("markdown", card, tmp_path).startswith("### Model Lab: passed, 1 case measured\n")


def test_json_is_the_stored_card_in_ascii(card: Scorecard, tmp_path: Path) -> None:
    told = rendered("json", card, tmp_path)
    assert told.isascii()
    assert Scorecard.model_validate_json(told) == card


def test_a_page_needs_a_file_and_its_packages(card: Scorecard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FormatError, match="name it by -o FILE"):
        rendered("html", card, tmp_path)
    monkeypatch.setattr("pytest_modellab.reports.scorecard.page.document.find_spec", lambda name: None)
    with pytest.raises(FormatError, match="a page takes Jinja2 and matplotlib: pip install"):
        rendered("html", card, tmp_path, tmp_path / "page.html")


class TestCommand:
    def test_it_writes_a_file_and_says_so(self, reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
        place = reports / "card.json"
        assert main(["scorecard", "--reports", str(reports), "--format", "json", "-o", str(place)]) == 0
        assert capsys.readouterr().out == f"{place}\n"
        assert json.loads(place.read_text())["rows"][0]["figures"] == {"wer": 0.125}

    @pytest.mark.parametrize(
        ("arguments", "same"),
        [((), ("--format", "terminal")), (("--markdown",), ("--format=markdown",))],
        ids=["none", "markdown"],
    )
    def test_the_older_flags_mean_formats(
        self, reports: Path, arguments: tuple[str, ...], same: tuple[str, ...], capsys: pytest.CaptureFixture[str]
    ) -> None:
        told = []
        for each in (arguments, same):
            assert main(["scorecard", "--reports", str(reports), *each]) == 0
            told.append(capsys.readouterr().out)
        assert told[0] == told[1]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                ("--format", "jsn"),
                "unknown format `jsn`; did you mean `json`? allowed: html, json, junit, markdown, terminal",
            ),
            (("--format", "html"), "a page is a file: name it by -o FILE"),
            (("--html", "a.html", "-o", "b.html"), "--html names its file itself: leave -o out"),
            (("--format", "json", "-o", "card/a.json"), "argument -o/--output: card/a.json: can't be written: "),
        ],
    )
    def test_what_is_wrong_is_told(
        self,
        reports: Path,
        arguments: tuple[str, ...],
        message: str,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(reports)
        (reports / "card").touch()
        assert main(["scorecard", "--reports", str(reports), *arguments]) == 2
        assert message in capsys.readouterr().err

    def test_a_format_of_another_package(
        self, reports: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install_package(reports / "site", "lab-sheet", "modellab.scorecard_formats", "csv = lab_sheet:FORMAT", CSV)
        find_again(monkeypatch, FORMATS, reports / "site")
        monkeypatch.delitem(FORMATS._loaded, "csv", raising=False)
        assert main(["scorecard", "--reports", str(reports), "--format", "csv"]) == 0
        assert capsys.readouterr().out == "good\ufffd31m,pass\n"
