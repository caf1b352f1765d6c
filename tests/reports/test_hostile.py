"""Hostile text in every field of a record and of a scorecard: no terminal, Markdown, page or JUnit report obeys it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cmarkgfm
import pytest
from catalogs import DEVICES, GRADES, LIMITS, dataset_yaml, model_yaml, write_catalog
from filled import spoiled
from hostile import HOSTILE, PLAIN, TASKS, made, write

from pytest_modellab.catalog import load
from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.cli import main
from pytest_modellab.cli.exits import Exit
from pytest_modellab.core.escaping import code, plain
from pytest_modellab.core.version import __version__
from pytest_modellab.plugin import junit
from pytest_modellab.reports.scorecard import files
from pytest_modellab.reports.scorecard.build import build, build_row
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.judged import judged
from pytest_modellab.reports.scorecard.row import CaseReport
from pytest_modellab.results.record_files import RecordError, read
from pytest_modellab.results.verdicts import Status, Verdict


@pytest.fixture(params=["hostile", "plain"])
def text(request: pytest.FixtureRequest) -> str:
    return HOSTILE.replace("\ud800", "") if request.param == "hostile" else PLAIN


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    """Two records of a case of each task, the later one hostile, and the scorecard of those."""
    return laid_out(tmp_path, monkeypatch, text)


def laid_out(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    tiny = model_yaml("tiny").replace("tasks: [asr]", "tasks: [asr]")
    write_catalog(
        folder / "fixtures",
        files={
            **{"models/tiny.yaml": tiny, "datasets/talk.yaml": dataset_yaml("talk")},
            **{"limits.yaml": LIMITS, "grades.yaml": GRADES, "devices.yaml": DEVICES},
        },
    )
    (folder / "pytest.ini").write_text("[pytest]\nmodellab_catalog = fixtures\n")
    reports = folder / "reports"
    paths = []
    for i, task in enumerate(TASKS):
        write(reports, made(task, PLAIN, f"0000000{i}", "first"), "20260101T030405678")
        paths.append(write(reports, made(task, text, f"1111111{i}", "second"), "20260102T030405678"))
    found = [(read(path), path) for path in paths]
    card = judged("session", load(folder / "fixtures", engines=False), found)
    absent = CaseReport(
        case=CaseRef(task="asr", model="absent", device="cpu", dataset="talk"), title="absent", unavailable=PLAIN
    )
    card = build("session", [*card.rows, build_row(absent, [], {}, str)], partial=PLAIN, required=("none:*",))
    data = json.loads(files.text(card))
    if text != PLAIN:
        spoiled(data, text, Scorecard.model_validate)
        for row in data["rows"]:
            if row["record"] is not None:
                row["record"] = next(str(path) for path in paths if path.parent.name == row["case"]["task"])
    (reports / "scorecard.json").write_text(json.dumps(data))
    monkeypatch.chdir(folder)
    return reports


def harmless(said: str) -> None:
    """What a terminal shows is what is there, line by line."""
    obeyed = [c for c in said if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} and c != "\n"]
    assert not obeyed
    assert not set(said) & set("\u202e\u2066\u200f")
    # What has several lines is told below a line of ours, a little deeper.
    assert not [line for line in said.split("\n") if line.startswith(("FORGED", "# FORGED", "- FORGED"))]


TERMINAL: Sequence[Sequence[str]] = (
    ["scorecard"],
    ["history"],
    ["history", "--format", "json"],
    ["compare", "first", "newest"],
    ["compare", "newest", "first", "--format", "json"],
    ["rescore"],
    ["results", "save"],
    ["results"],
    ["baseline", "save"],
    ["baseline", "show"],
    ["baseline", "compare"],
    ["clean"],
    ["merge", "."],
    ["verify", "reports"],
)


def test_no_command_lets_it_through_to_the_terminal(
    repository: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in TERMINAL:
        code = main(command)
        said = capsys.readouterr()
        harmless(said.out + said.err)
        assert code in {*Exit}
        assert said.out + said.err, command


@dataclass
class Seen:
    """What a browser would make of HTML: its elements in order, and the text that is in none that holds code."""

    tags: list[str]
    told: list[str]


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen = Seen([], [])
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.tags.append(tag)
        self.inside.append(tag)
        assert tag not in {"hostile", "iframe", "object", "embed", "base"}, tag
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            if name in {"href", "src", "action", "xlink:href"}:
                assert not (value or "").strip().lower().startswith(("javascript:", "http://h.example")), value

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not {"code", "script", "style"} & set(self.inside):
            self.seen.told.append(data)


def seen(html: str) -> Seen:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader.seen


CALLS = re.compile(r"(?:^|\W)@\w|(?:^|\W)#\d|\bGH-\d", re.IGNORECASE)


def of_markdown(text: str) -> list[str]:
    """The elements that GitHub makes of Markdown, in which nobody is called and nothing is linked to."""
    found = seen(cmarkgfm.github_flavored_markdown_to_html(text))
    assert not {"img", "script", "h1", "hostile"} & (set(found.tags) - {"h1"}), found.tags
    for told in found.told:
        assert not CALLS.search(told), told
    return found.tags


MARKDOWN: Sequence[Sequence[str]] = (
    ["scorecard", "--markdown"],
    ["compare", "first", "newest", "--format", "markdown"],
    ["compare", "newest", "first", "--format", "markdown"],
)


def test_markdown_has_the_same_structure_whatever_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """But of comparisons: other words are other changes."""
    pages: dict[str, list[list[str]]] = {}
    for name, text in (("plain", PLAIN), ("hostile", HOSTILE.replace("\ud800", ""))):
        laid_out(tmp_path / name, monkeypatch, text)
        assert main(["results", "save"]) == 0
        capsys.readouterr()
        for command in (*MARKDOWN, ["results"]):
            main(command)
            said = capsys.readouterr()
            assert said.out, (command, said.err)
            harmless(said.out)
            pages.setdefault(name, []).append(of_markdown(said.out))
    for i, command in enumerate((*MARKDOWN, ["results"])):
        if "compare" not in command:
            assert pages["hostile"][i] == pages["plain"][i], command


def test_pages_are_marked_up_by_us_alone(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scorecard", "--html", "card.html"]) == 0
    main(["compare", "first", "newest", "--format", "html", "-o", "compared.html"])
    for name in ("card.html", "compared.html"):
        html = Path(name).read_text(encoding="utf-8")
        assert "hostile" not in seen(html).tags
        assert "<hostile" not in html
        assert "\u202e" not in html
        assert "49" not in re.findall(r"\{\{ (\d+) \}\}", html)


def test_junit_reports_are_whole(text: str) -> None:
    from _pytest.junitxml import bin_xml_escape

    verdict = Verdict(
        case=text, metric="wer", comparison="<=", value=0.5, bound=0.1, status=Status.FAIL, source=text, reason=text
    )
    for name, value in junit.of_verdicts([verdict]):
        element = ElementTree.Element("property", name=bin_xml_escape(name), value=bin_xml_escape(value))
        back = ElementTree.fromstring(ElementTree.tostring(element))
        harmless(str(back.get("value")))


class TestPlaces:
    """Nothing that is read is a path."""

    @pytest.mark.parametrize(
        "change",
        [
            *({"case": {"task": "asr", "model": "tiny", "device": "cpu", "dataset": "talk", part: "../../x"}}
              for part in ("task", "model", "device", "dataset")),
            {"id": "../../x"},
            {"id": "0123abcd/"},
        ],
    )  # fmt: skip
    def test_a_record_whose_names_lead_elsewhere_is_refused(self, tmp_path: Path, change: dict[str, Any]) -> None:
        path = tmp_path / "record.json"
        path.write_text(json.dumps({**made("asr", PLAIN, "0123abcd", "s"), **change}))
        with pytest.raises(RecordError, match="should match pattern"):
            read(path)

    @pytest.mark.parametrize("task", ["tts", "chat"])
    def test_a_sound_that_lies_elsewhere_is_refused(self, tmp_path: Path, task: str) -> None:
        data = made(task, PLAIN, "0123abcd", "s")
        data["utterances"][0]["parts"][task]["audio"] = "../../../somebodys/call"
        path = tmp_path / "record.json"
        path.write_text(json.dumps(data))
        with pytest.raises(RecordError, match=f"utterances: 0: parts: {task}: audio: String should match pattern"):
            read(path)

    def test_merge_refuses_it_and_writes_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        laid_out(tmp_path / "in", monkeypatch, PLAIN)
        folder = tmp_path / "in" / "shard" / "runs" / "tiny" / "asr"
        folder.mkdir(parents=True)
        shard = {"index": 1, "of": 1, "places": [0, 1, 2], "utterances": 3}
        data = {**made("asr", PLAIN, "0123abcd", "s"), "shard": shard}
        data["case"]["model"] = "../../../../x"
        (folder / "20260101T030405678-cpu-talk-0123abcd.json").write_text(json.dumps(data))
        before = set(tmp_path.rglob("*"))
        assert main(["merge", "shard", "--output", "merged"]) == 1
        assert "case: model: String should match pattern" in capsys.readouterr().err
        assert set(tmp_path.rglob("*")) == before

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"places": [0, 1]}, "the places of its utterances are none that it can have"),
            ({"places": [0, 1, 7]}, "the places of its utterances are none that it can have"),
            ({"places": [0, -1, 2]}, "the places of its utterances are none that it can have"),
            ({"places": [0, 0, 1]}, "the same utterances are in more than one record"),
            ({"utterances": 10**18}, "999999999999999997 of 1000000000000000000 utterances are missing"),
        ],
    )
    def test_a_shard_whose_places_cannot_be_is_refused(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        changes: dict[str, Any],
        told: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        laid_out(tmp_path / "in", monkeypatch, PLAIN)
        shard = {"index": 1, "of": 1, "places": [0, 1, 2], "utterances": 3, **changes}
        data = {**made("asr", PLAIN, "0123abcd", "s"), "shard": shard}
        data["provenance"]["lab"] = __version__
        write(tmp_path / "in" / "shard", data, "20260101T030405678")
        assert main(["merge", "shard", "--output", "merged"]) == 1
        assert told in capsys.readouterr().out

    def test_a_scorecard_names_records_by_their_file_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        reports = laid_out(tmp_path / "in", monkeypatch, PLAIN)
        secret = tmp_path / "secret.json"
        secret.write_bytes(next((reports / "runs").rglob("*.json")).read_bytes())
        card = reports / "scorecard.json"
        data = json.loads(card.read_text())
        for named in ("../../../secret.json", str(secret), "reports/runs/tiny/asr/..", ".."):
            data["rows"][0]["record"] = named
            card.write_text(json.dumps(data))
            assert main(["scorecard", "--html", "card.html"]) == 0
            assert main(["compare", str(card), "newest"]) in {0, 1}
            said = capsys.readouterr()
            assert "isn't there any more" in said.out or "no record has such a name" in said.out


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (["history"], 0, "1 record without a checksum (`seal`): changes can't be detected"),
        (["compare", "first", "newest"], None, "1 record without a checksum (`seal`): changes can't be detected"),
        (["rescore", "--write"], 1, "not written: the old record has no checksum (`seal`)"),
        (["baseline", "save"], 1, "not saved: tiny:cpu:talk: its record has no checksum (`seal`)"),
        (["results", "save"], 0, "left out: it has no checksum (`seal`): changes can't be detected"),
        (["merge", "shard"], 1, "no checksum (`seal`), so that damage can't be detected"),
    ],
)
def test_a_record_without_its_seal_counts_as_one_that_may_have_been_changed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: Sequence[str],
    code: int | None,
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    reports = laid_out(tmp_path / "in", monkeypatch, PLAIN)
    (path,) = (reports / "runs" / "tiny" / "asr").glob("20260102*")
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "seal": None}))
    shard = {"index": 1, "of": 1, "places": [0, 1, 2], "utterances": 3}
    unchecked = tmp_path / "in" / "shard" / "runs" / "tiny" / "asr" / path.name
    unchecked.parent.mkdir(parents=True)
    unchecked.write_text(json.dumps({**data, "shard": shard, "seal": None}))
    before = set(reports.rglob("*.json"))
    found = main(command)
    assert told in capsys.readouterr().out
    assert code is None or found == code
    if command == ["rescore", "--write"]:
        assert not [each for each in set(reports.rglob("*.json")) - before if each.parent == path.parent]


@pytest.mark.parametrize(
    "written",
    [
        *(
            "@somebody",
            "see #12",
            "GH-12",
            "http://h.example/x",
            "www.h.example",
            "me@h.example",
            "mailto:me@h.example",
        ),
        *(
            "1. one",
            "- one",
            "+ one",
            "===",
            "---",
            "> one",
            "# one",
            "* one",
            "| a | b |",
            "``` x",
            "~~~ x",
            "    code",
        ),
        *("<b>x</b>", "&copy;", "[x](y)", "![x](y)", "[x]: y", "a\\", "$x$", "~x~", "**x**", "__x__", "`x`", "<!-- x"),
    ],
)
def test_plain_text_shows_as_it_is(written: str) -> None:
    for text in (plain(written), f"- {plain(written)}", f"x {plain(written)}", f"| a |\n|---|\n| {plain(written)} |"):
        found = seen(cmarkgfm.github_flavored_markdown_to_html(text))
        assert set(found.tags) <= {"p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}
        told = "".join(found.told).replace("\N{WORD JOINER}", "")
        assert written.strip() in told
        assert not [each for each in found.told if CALLS.search(each)]
    html = cmarkgfm.github_flavored_markdown_to_html(f"| a |\n|---|\n| {code(written)} |")
    assert seen(html).tags.count("td") == seen(html).tags.count("code") == 1
