"""`modellab compare`: sessions, commits, baselines and folders compared with each other."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from labsessions import LabSessions
from records import record
from shelf import Shelf, made

from pytest_modellab.cli import main
from pytest_modellab.reports.comparison.parts import Compared
from pytest_modellab.reports.scorecard.build import build
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.results import record_files as stored
from pytest_modellab.results.verdicts import Status

Output = pytest.CaptureFixture[str]
TEXTS = [f"utterance number {i} of a good dozen" for i in range(12)]


@pytest.fixture
def three(sessions: LabSessions) -> LabSessions:
    """A catalog of three models and a dozen clips, after a session in which all was well."""
    sessions.texts = TEXTS
    sessions.ready()
    sessions.model("other")
    sessions.model("third")
    session(sessions)
    return sessions


def session(lab: LabSessions) -> str:
    """Run all afresh; the session's id."""
    lab.session("--lab-fresh")
    return str(lab.scorecard()["session"])


def drop_words(lab: LabSessions, model: str) -> None:
    lab.model(model, wrong={i: f"utterance {i} of a dozen" for i in range(12)})


def held(*arguments: str, code: int, capsys: Output) -> str:
    capsys.readouterr()
    assert main(["compare", *arguments]) == code
    return capsys.readouterr().out


class TestSessions:
    def test_a_planted_fault_is_named_first(self, three: LabSessions, capsys: Output) -> None:
        before = str(three.scorecard()["session"])
        drop_words(three, "other")
        after = session(three)
        out = held(before, after, code=1, capsys=capsys)
        lines = [line.strip() for line in out.splitlines()]
        assert "1 worse, 0 better, " in out
        first = lines.index("worse") + 1
        assert lines[first] == "asr/other:cpu:clips: WER"
        assert lines[first + 1].startswith("0.0 % -> 28.6 %, +28.6 points [")
        assert "input changed: options.answers.4000: utterance number 0 of a good dozen ->" in out
        assert "clip-0: 0 -> 2 errors" in lines
        assert all(len(line) <= 80 for line in out.splitlines()), out
        assert "0 worse, 1 better" in held(after, before, code=0, capsys=capsys)

    def test_identical_ones_cannot_be_told_apart(self, three: LabSessions, capsys: Output) -> None:
        before = str(three.scorecard()["session"])
        after = session(three)
        out = held(before, after, code=0, capsys=capsys)
        assert "no detectable difference: " in out
        assert "\nworse\n" not in out
        assert "asr/other:cpu:clips: WER 0.0 %; " in out

    def test_one_that_measured_nothing_new_is_told_by_its_scorecard(
        self, sessions: LabSessions, capsys: Output
    ) -> None:
        sessions.texts = TEXTS
        sessions.ready()
        before = session(sessions)
        sessions.session()
        after = str(sessions.scorecard()["session"])
        assert after != before
        out = held(before, after, code=0, capsys=capsys)
        assert "asr/fake:cpu:clips: one record stands on both sides" in out


ONE, TWO = "20260102-030405-aaaaaa", "20260102-030505-bbbbbb"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """The records of two sessions, at two commits, of which one model of the second is worse."""
    monkeypatch.chdir(tmp_path)
    shelf = Shelf(tmp_path)
    shelf.put(ONE, dict.fromkeys(("a", "b", "c"), 0))
    shelf.put(TWO, {"a": 0, "b": 20, "c": 0})
    return shelf


class TestFormats:
    def test_each_says_the_same(self, shelf: Shelf, capsys: Output) -> None:
        found = Compared.model_validate_json(held(ONE, TWO, "--format", "json", code=1, capsys=capsys))
        assert (found.changes[0].key, found.changes[0].outcome) == ("asr/b:cpu:talk", "worse")
        shown = held(ONE, TWO, "--format", "markdown", code=1, capsys=capsys)
        assert "| **worse** | `asr/b:cpu:talk` | WER | 0.0 % | 16.7 % | +16.7 points \\[" in shown
        html = held(ONE, TWO, "--format", "html", "-o", "page.html", code=1, capsys=capsys)
        assert html == "page.html\n"
        assert "asr/b:cpu:talk" in Path("page.html").read_text(encoding="utf-8")

    def test_what_others_wrote_stays_text(self, shelf: Shelf, capsys: Output) -> None:
        hostile = made(model="d", title="<script>alert(1)</script>")
        for session, text in ((ONE, "red green blue grey"), (TWO, "<script>alert(1)</script> | `x` \u202e\x1b[31m")):
            each = tuple(one.model_copy(update={"hypothesis": text}) for one in hostile.utterances)
            origin = hostile.provenance.model_copy(update={"session": session})
            changed = hostile.model_copy(update={"id": f"{session[-1]}" * 8, "utterances": each, "provenance": origin})
            stored.write(changed, shelf.reports)
        html = held(ONE, TWO, "--format", "html", code=1, capsys=capsys)
        assert "&lt;script&gt;" in html
        assert "<script" not in html
        assert not re.search(r"(src|href)=", html)
        for form in ("markdown", "text", "html"):
            out = held(ONE, TWO, "--format", form, code=1, capsys=capsys)
            assert "\x1b" not in out
            assert "\u202e" not in out
        assert "<script>" not in held(ONE, TWO, "--format", "markdown", code=1, capsys=capsys)

    def test_html_without_jinja_says_what_to_install(
        self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        monkeypatch.setitem(sys.modules, "jinja2", None)
        assert main(["compare", ONE, ONE]) == 0
        assert main(["compare", ONE, ONE, "--format", "html"]) == 2
        assert "pip install 'pytest-modellab[report]'" in capsys.readouterr().err


class TestSides:
    def test_cases_of_one_side_are_told_and_cases_chosen(self, shelf: Shelf, capsys: Output) -> None:
        shelf.put("20260102-030605-cccccc", {"b": 0})
        out = held(ONE, "20260102-0306", code=0, capsys=capsys)
        told = f"only in {ONE}, not in 20260102-0306: asr/a:cpu:talk, asr/c:cpu:talk"
        assert told in " ".join(out.split())
        out = held(ONE, "20260102-0306", "--case", "b:*", code=0, capsys=capsys)
        assert "only in" not in out
        assert main(["compare", ONE, TWO, "--case", "none:*"]) == 2

    def test_the_newest_are_what_an_only_side_is_held_against(self, shelf: Shelf, capsys: Output) -> None:
        assert "1 worse" in held(ONE, code=1, capsys=capsys)

    def test_parts_of_the_data(self, shelf: Shelf, capsys: Output) -> None:
        shelf.put("20260102-030605-cccccc", {"a": 0}, count=20, limited_to=20)
        shelf.put("20260102-030705-dddddd", {"a": 12}, count=20, limited_to=20)
        assert "1 worse" in held("20260102-030605-c", "20260102-030705-d", code=1, capsys=capsys)
        out = held("20260102-030605-c", ONE, code=1, capsys=capsys)
        assert "they hold different utterances (20 and 30)" in out
        assert "left out: 2 records of a part of the data" in held(ONE, "newest", code=1, capsys=capsys)

    def test_a_baseline(self, shelf: Shelf, capsys: Output) -> None:
        assert main(["baseline", "save", "a:*", "b:*"]) == 0
        assert "no detectable difference" in held("baseline", TWO, code=0, capsys=capsys)
        shelf.put("20260102-030605-cccccc", {"a": 20, "b": 20, "c": 0})
        out = held("baseline", code=1, capsys=capsys)
        assert "worse\n  asr/a:cpu:talk: WER\n" in out
        assert "only in newest, not in baseline: asr/c:cpu:talk" in out
        assert main(["compare", "newest", "baseline"]) == 2
        assert "name `baseline` first" in capsys.readouterr().err
        path = shelf.reports / "baselines" / "asr" / "a-cpu-talk.jsonl"
        path.write_text("{}\n")
        assert "a-cpu-talk.jsonl:1: not a line of a" in " ".join(held("baseline", code=1, capsys=capsys).split())

    def test_without_a_baseline_it_says_how_to_make_one(self, shelf: Shelf, capsys: Output) -> None:
        assert main(["compare", "baseline"]) == 2
        assert "`modellab baseline save` makes them" in capsys.readouterr().err

    def test_files_and_folders(self, shelf: Shelf, capsys: Output) -> None:
        shutil.copytree("reports", "downloaded")
        (one,) = shelf.put("20260102-030605-cccccc", {"c": 25})
        assert "1 worse" in held("downloaded", "reports", code=1, capsys=capsys)
        assert "1 worse" in held("downloaded", str(one), code=1, capsys=capsys)

    def test_a_scorecard_that_was_moved_with_its_reports(self, shelf: Shelf, capsys: Output) -> None:
        rows = [
            Row(case=record(model=model).case, title=model, status=Status.PASS, record=path.as_posix())
            for model in ("a", "b")
            for path in sorted((shelf.reports.relative_to(Path.cwd()) / "runs" / model).glob("asr/20260102*.json"))
        ]
        card = build(
            "20260102-030405-aaaaaa", [*rows[::2], rows[0].model_copy(update={"record": "r/gone.json"})], partial=None
        )
        (shelf.reports / "scorecard.json").write_text(card.model_dump_json(by_alias=True))
        shelf.reports.rename("moved")
        out = held("moved/scorecard.json", "moved", code=1, capsys=capsys)
        assert "asr/b:cpu:talk" in out
        assert "its record r/gone.json isn't there any more" in out

    def test_commits(self, shelf: Shelf, capsys: Output) -> None:
        assert "1 worse" in held("aaaaaa", "bbbb", code=1, capsys=capsys)

    def test_what_git_calls_a_commit(self, shelf: Shelf, capsys: Output) -> None:
        def git(*arguments: str) -> str:
            identity = ("-c", "user.name=n", "-c", "user.email=e@example.org")
            return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout

        git("init", "-q")
        git("commit", "-q", "--allow-empty", "-m", "one")
        commit = git("rev-parse", "HEAD").strip()
        one = made(wrong=20, model="b")
        origin = one.provenance.model_copy(update={"commit": commit})
        stored.write(one.model_copy(update={"provenance": origin}), shelf.reports)
        assert "1 worse" in held("aaaaaa", "HEAD", code=1, capsys=capsys)

    @pytest.mark.parametrize("name", ["20990101-000000-abcdef", "nothing.json", "a/b", "suites", "-", "bbb"])
    def test_one_that_is_not_there_is_told(self, shelf: Shelf, name: str, capsys: Output) -> None:
        Path("suites").mkdir()
        assert main(["compare", "--", name]) == 2
        assert name in capsys.readouterr().err

    def test_one_that_may_be_several_is_told(self, shelf: Shelf, capsys: Output) -> None:
        assert main(["compare", "20260102"]) == 2
        assert "may be any of" in capsys.readouterr().err

    def test_what_is_no_scorecard_is_told(self, shelf: Shelf, capsys: Output) -> None:
        Path("other.json").write_text("{}")
        assert main(["compare", "other.json"]) == 2
        assert "other.json is neither a scorecard nor a record" in capsys.readouterr().err

    def test_changed_data_are_refused(self, shelf: Shelf, capsys: Output) -> None:
        (path,) = shelf.put("20260102-030605-cccccc", {"a": 0})
        one = stored.read(path)
        origin = one.provenance.model_copy(update={"inputs": {**one.provenance.inputs, "dataset": "e"}})
        path.unlink()
        stored.write(one.model_copy(update={"provenance": origin}), shelf.reports)
        out = held(ONE, "20260102-0306", code=1, capsys=capsys)
        assert "nothing could be compared" in out
        assert "the two are of different data" in " ".join(out.split())

    def test_damaged_records_are_told(self, shelf: Shelf, capsys: Output) -> None:
        first, second = shelf.put("20260102-030605-cccccc", {"a": 0, "c": 0})
        first.write_text(first.read_text().replace("blue", "black"))
        second.write_text("{}")
        out = " ".join(held(ONE, "20260102-0306", code=1, capsys=capsys).split())
        assert "was changed after it was written" in out
        assert f"passed over: {second.relative_to(Path.cwd())}: not a modellab.record/2" in out

    def test_a_damaged_record_of_a_scorecard_costs_its_case_alone(self, shelf: Shelf, capsys: Output) -> None:
        rows = []
        for model in ("a", "b"):
            (path, *_) = sorted((shelf.reports.relative_to(Path.cwd()) / "runs" / model).glob("asr/20260102*.json"))
            rows.append(Row(case=record(model=model).case, title=model, status=Status.PASS, record=path.as_posix()))
        card = build("20260102-030405-aaaaaa", rows, partial=None)
        (shelf.reports / "scorecard.json").write_text(card.model_dump_json(by_alias=True))
        Path(rows[0].record or "").write_text("{}")
        out = " ".join(held(ONE, TWO, code=1, capsys=capsys).split())
        assert "asr/a:cpu:talk: " in out
        assert "not a modellab.record/2" in out
        assert "asr/b:cpu:talk" in out

    def test_three_are_each_held_against_the_first(self, shelf: Shelf, capsys: Output) -> None:
        out = held(ONE, TWO, ONE, code=1, capsys=capsys)
        assert f"asr/b:cpu:talk ({TWO}): WER" in " ".join(out.split())
        assert "1 worse, 0 better" in out
