"""`modellab compare`: sessions, commits, baselines and folders held against each other."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fakelab import FakeLab
from records import NO_SPEED, record

from pytest_modellab.baseline import Answer, Baseline, Head
from pytest_modellab.bench import record_files as stored
from pytest_modellab.bench.record import Record, UtteranceResult
from pytest_modellab.bench.stored import Edits
from pytest_modellab.cli import main
from pytest_modellab.comparison import cases
from pytest_modellab.comparison.compare import compare
from pytest_modellab.comparison.parts import Change, Compared
from pytest_modellab.comparison.sides import Past, SideError

Output = pytest.CaptureFixture[str]
TEXTS = [f"utterance number {i} of a good dozen" for i in range(12)]


@pytest.fixture
def three(lab: FakeLab) -> FakeLab:
    """A lab of three models and a dozen clips, after a session in which all was well."""
    lab.texts = TEXTS
    lab.ready()
    lab.model("other")
    lab.model("third")
    session(lab)
    return lab


def session(lab: FakeLab, *arguments: str) -> str:
    """Run all afresh; the session's id."""
    lab.run("--lab-fresh", *arguments)
    return str(lab.scorecard()["session"])


def drop_words(lab: FakeLab, model: str) -> None:
    lab.model(model, wrong={i: f"utterance {i} of a dozen" for i in range(12)})


def held(*arguments: str, code: int, capsys: Output) -> str:
    capsys.readouterr()
    assert main(["compare", *arguments]) == code
    return capsys.readouterr().out


class TestSessions:
    @pytest.mark.parametrize("workers", ["-n0", "-n2"])
    def test_a_planted_fault_is_named_first(self, three: FakeLab, workers: str, capsys: Output) -> None:
        before = str(three.scorecard()["session"])
        drop_words(three, "other")
        after = session(three, workers)
        out = held(before, after, code=1, capsys=capsys)
        lines = [line.strip() for line in out.splitlines()]
        assert "1 worse, 0 better, " in out
        first = lines.index("worse") + 1
        assert lines[first] == "asr/other:cpu:clips: WER"
        assert lines[first + 1].startswith("0.0 % -> 28.6 %, +28.6 points [")
        assert "input changed: options.answers.4000: utterance number 0 of a good dozen ->" in out
        assert "clip-0: 0 -> 2 errors" in lines
        assert all(len(line) <= 80 for line in out.splitlines()), out

    def test_identical_ones_cannot_be_told_apart(self, three: FakeLab, capsys: Output) -> None:
        before = str(three.scorecard()["session"])
        after = session(three)
        out = held(before, after, code=0, capsys=capsys)
        assert "nothing can be told apart: " in out
        assert "\nworse\n" not in out
        assert "asr/other:cpu:clips: WER 0.0 %; " in out

    def test_the_other_way_round_it_is_better(self, three: FakeLab, capsys: Output) -> None:
        good = str(three.scorecard()["session"])
        drop_words(three, "other")
        bad = session(three)
        out = held(bad, good, code=0, capsys=capsys)
        assert "0 worse, 1 better" in out

    def test_every_format_says_the_same(self, three: FakeLab, capsys: Output, tmp_path: Path) -> None:
        before = str(three.scorecard()["session"])
        three.model("other", wrong={i: "<script>alert(1)</script> | `x`" for i in range(12)})
        after = session(three)
        found = Compared.model_validate_json(held(before, after, "--format", "json", code=1, capsys=capsys))
        assert (found.changes[0].key, found.changes[0].outcome) == ("asr/other:cpu:clips", "worse")
        shown = held(before, after, "--format", "markdown", code=1, capsys=capsys)
        assert "| **worse** | `asr/other:cpu:clips` | WER | 0.0 % | " in shown
        assert "<script>" not in shown
        page = tmp_path / "page.html"
        assert str(page) in held(before, after, "--format", "html", "-o", str(page), code=1, capsys=capsys)
        html = page.read_text(encoding="utf-8")
        assert "asr/other:cpu:clips" in html
        assert "<script" not in html
        assert "&lt;script&gt;" in html
        assert not re.search(r"(src|href)=", html)

    def test_html_without_jinja_says_what_to_install(self, three: FakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "jinja2", None)
        assert main(["compare", "newest", "newest"]) == 0
        assert main(["compare", "newest", "newest", "--format", "html"]) == 2

    def test_cases_of_one_side_are_told_and_cases_chosen(self, three: FakeLab, capsys: Output) -> None:
        before = str(three.scorecard()["session"])
        after = session(three, "--lab-model", "third")
        out = held(before, after, code=0, capsys=capsys)
        assert re.search(rf"only in {before}, not in {after}:\s+asr/fake:cpu:clips,\s+asr/other:cpu:clips", out)
        out = held(before, after, "--case", "third:*", code=0, capsys=capsys)
        assert "only in" not in out
        assert main(["compare", before, after, "--case", "none:*"]) == 2

    def test_a_session_that_measured_nothing_new_is_told_by_its_scorecard(self, three: FakeLab, capsys: Output) -> None:
        before = str(three.scorecard()["session"])
        three.run()
        after = str(three.scorecard()["session"])
        assert after != before
        out = held(before, after, code=0, capsys=capsys)
        assert "asr/fake:cpu:clips: " in out

    def test_sessions_of_a_part_of_the_data_are_compared(self, three: FakeLab, capsys: Output) -> None:
        before = session(three, "--lab-max-utterances", "10")
        drop_words(three, "third")
        after = session(three, "--lab-max-utterances", "10")
        assert "1 worse" in held(before, after, code=1, capsys=capsys)
        out = held(before, "newest", code=1, capsys=capsys)
        assert "they hold different utterances (10 and 12)" in out


class TestOtherSides:
    def test_a_baseline(self, three: FakeLab, capsys: Output) -> None:
        assert main(["baseline", "save", "other:*", "third:*"]) == 0
        assert "nothing can be told apart" in held("baseline", code=0, capsys=capsys)
        drop_words(three, "other")
        session(three)
        out = held("baseline", code=1, capsys=capsys)
        assert re.search(r"worse\n  asr/other:cpu:clips: WER\n", out)
        assert "only in newest, not in baseline: asr/fake:cpu:clips" in out
        assert main(["compare", "newest", "baseline"]) == 2
        assert "name `baseline` first" in capsys.readouterr().err

    def test_files_and_folders(self, three: FakeLab, capsys: Output, tmp_path: Path) -> None:
        elsewhere = tmp_path / "downloaded"
        shutil.copytree(three.path / "reports", elsewhere)
        drop_words(three, "other")
        session(three)
        assert "1 worse" in held(str(elsewhere), "reports/scorecard.json", code=1, capsys=capsys)
        assert "1 worse" in held(str(elsewhere / "scorecard.json"), "reports", code=1, capsys=capsys)
        (one,) = (elsewhere / "runs" / "other").rglob("*.json")
        assert "1 worse" in held(str(one), code=1, capsys=capsys)

    def test_commits(self, three: FakeLab, capsys: Output) -> None:
        def git(*arguments: str) -> str:
            identity = ("-c", "user.name=n", "-c", "user.email=e@example.org")
            command = ["git", *identity, *arguments]
            return subprocess.run(command, cwd=three.path, check=True, capture_output=True, text=True).stdout.strip()

        git("init", "-q")
        git("add", "lab", "test_suite.py")
        git("commit", "-qm", "good")
        good = git("rev-parse", "HEAD")
        session(three)
        drop_words(three, "other")
        git("commit", "-qam", "bad")
        session(three)
        assert "1 worse" in held(good[:8], "HEAD", code=1, capsys=capsys)
        assert "1 better" in held("HEAD", "HEAD~1", code=0, capsys=capsys)

    @pytest.mark.parametrize("name", ["20990101-000000-abcdef", "nothing.json", "a/b", "suites", "-"])
    def test_one_that_is_not_there_is_told(self, three: FakeLab, name: str, capsys: Output) -> None:
        (three.path / "suites").mkdir()
        assert main(["compare", "--", name]) == 2
        assert name in capsys.readouterr().err

    def test_one_that_may_be_several_is_told(self, three: FakeLab, capsys: Output) -> None:
        session(three)
        assert main(["compare", str(three.scorecard()["session"])[:4]]) == 2
        assert "may be any of" in capsys.readouterr().err

    def test_changed_data_are_refused(self, three: FakeLab, capsys: Output) -> None:
        before = str(three.scorecard()["session"])
        manifest = three.catalog / "datasets" / "clips.jsonl"
        manifest.write_text(manifest.read_text().replace("number 0", "number none"))
        out = held(before, session(three), code=1, capsys=capsys)
        assert "nothing could be compared" in out
        assert "the two are of different data" in " ".join(out.split())

    def test_a_damaged_record_is_told(self, three: FakeLab, capsys: Output) -> None:
        before = str(three.scorecard()["session"])
        after = session(three)
        records = sorted((three.path / "reports" / "runs" / "other").rglob("*.json"))
        records[-1].write_text(records[-1].read_text().replace("good dozen", "bad dozen"))
        third = sorted((three.path / "reports" / "runs" / "third").rglob("*.json"))
        third[0].write_text("{}")
        out = " ".join(held(before, after, code=1, capsys=capsys).split())
        assert "was changed after it was written" in out
        assert f"passed over: {third[0].relative_to(three.path)}: not a modellab.record/1" in out

    def test_three_sides_are_each_held_against_the_first(self, three: FakeLab, capsys: Output) -> None:
        first = str(three.scorecard()["session"])
        drop_words(three, "other")
        second = session(three)
        three.model("other")
        third = session(three)
        out = held(first, second, third, code=1, capsys=capsys)
        assert f"asr/other:cpu:clips ({second}): WER" in " ".join(out.split())
        assert "1 worse, 0 better" in out


# Of figures, on records made for it.


def answers(count: int, wrong: int = 0, seconds: float = 0.2, **more: Any) -> list[UtteranceResult]:
    """So many utterances of four words, of which the first `wrong` lost one."""
    return [
        UtteranceResult(
            id=str(i),
            reference="one two three four",
            hypothesis="one two three" if i < wrong else "one two three four",
            audio_s=1.0,
            processing_s=seconds * (1 + 0.01 * (i % 3)),
            words=Edits(substitutions=0, deletions=int(i < wrong), insertions=0, hits=4 - int(i < wrong)),
            characters=Edits(substitutions=0, deletions=0, insertions=0, hits=18),
            **more,
        )
        for i in range(count)
    ]


def made(count: int = 30, wrong: int = 0, seconds: float = 0.2, **fields: Any) -> Record:
    found = record(utterances=answers(count, wrong, seconds), **fields)
    inputs = {"dataset": "d", "device": {"kind": "cpu"}}
    origin = found.provenance.model_copy(update={"inputs": inputs})
    return found.model_copy(update={"provenance": origin})


def changes(before: Record, after: Record) -> dict[str, Change]:
    return {each.metric: each for each in cases.of_records(before, after, cases.Bench("b", 4000))}


def noisy(one: Record) -> Record:
    return one.model_copy(update={"timing": one.timing.model_copy(update={"noisy": "others were busy"})})


class TestTimes:
    def test_slower_beyond_the_tripwire(self) -> None:
        found = changes(made(), made(seconds=0.4))["rtf"]
        assert (found.outcome, found.kind) == ("worse", "ratio")
        assert found.change == pytest.approx(2)
        assert found.p is not None
        assert found.p < 0.001

    def test_a_fifth_slower_is_not_told_apart(self) -> None:
        assert changes(made(), made(seconds=0.24))["rtf"].outcome == "not told apart"

    def test_a_noisy_record_is_never_called_slower(self) -> None:
        found = changes(made(), noisy(made(seconds=0.9)))["rtf"]
        assert found.outcome == "not told apart"
        assert "the machine was noisy: others were busy" in found.why

    def test_nor_is_one_called_quicker_than_a_noisy_one(self) -> None:
        assert changes(noisy(made(seconds=0.9)), made())["rtf"].outcome == "not told apart"
        assert changes(made(seconds=0.9), noisy(made()))["rtf"].outcome == "better"

    def test_other_hardware_and_no_times_are_not_compared(self) -> None:
        other = made()
        origin = other.provenance.model_copy(update={"hardware": {"cpu": "another"}})
        found = changes(made(), other.model_copy(update={"provenance": origin}))["rtf"]
        assert (found.outcome, found.why) == ("not compared", "the two ran on other hardware")
        found = changes(made(), made(timing=NO_SPEED))["rtf"]
        assert found.outcome == "not compared"
        assert "the machine was shared" in found.why


class TestShares:
    def test_failures_count_against_the_success_rate(self) -> None:
        from pytest_modellab.bench.stored import Failure

        before = made()
        broken = [
            each.model_copy(update={"error": Failure(kind="crash", message="gone"), "hypothesis": None})
            if i < 12
            else each
            for i, each in enumerate(before.utterances)
        ]
        found = changes(before, before.model_copy(update={"utterances": tuple(broken)}))
        assert found["success_rate"].outcome == "worse"
        assert found["success_rate"].change == pytest.approx(-0.4)
        assert found["wer"].outcome == "worse"

    def test_words_put_into_silence_are_per_minute(self) -> None:
        def silent(words: int) -> Record:
            one = made()
            quiet = [
                each.model_copy(
                    update={
                        "reference": "",
                        "words": Edits(substitutions=0, deletions=0, insertions=words, hits=0),
                    }
                )
                for each in one.utterances
            ]
            return one.model_copy(update={"utterances": tuple(quiet)})

        found = changes(silent(0), silent(2))["insertions_per_min"]
        assert (found.before, found.after, found.change) == (0, 120, 120)
        assert found.outcome == "worse"
        assert "wer" not in changes(silent(0), silent(2))


class TestCorrection:
    def side(self, tmp_path: Path, name: str, wrong: dict[str, int]) -> Path:
        folder = tmp_path / name
        for model, count in wrong.items():
            stored.write(made(wrong=count, model=model), folder)
        return folder

    def compared(self, tmp_path: Path, wrong: dict[str, int]) -> Compared:
        past = Past(tmp_path, tmp_path)
        before = self.side(tmp_path, "before", dict.fromkeys(wrong, 0))
        after = self.side(tmp_path, "after", wrong)
        return compare([past.side(str(before)), past.side(str(after))])

    def test_one_small_change_alone_is_told(self, tmp_path: Path) -> None:
        found = self.compared(tmp_path, {"a": 7, "b": 0, "c": 0})
        assert [each.key for each in found.of("worse")] == ["asr/a:cpu:talk"]
        # Figures that are equal in every utterance can't be wrong by chance.
        assert found.tests == 1

    def test_among_many_it_is_not(self, tmp_path: Path) -> None:
        found = self.compared(tmp_path, {f"m{i}": 7 for i in range(5)} | {"same": 0})
        assert found.tests == 5
        assert found.of("worse") == []
        assert "among 5 figures that differ" in found.of("not told apart")[0].why

    def test_the_worst_comes_first(self, tmp_path: Path) -> None:
        found = self.compared(tmp_path, {"a": 12, "b": 25, "c": 15})
        assert [each.case.model for each in found.of("worse")] == ["b", "c", "a"]


def test_other_normalizer_versions_are_scored_again(tmp_path: Path) -> None:
    old = made()
    old = old.model_copy(update={"normalizer": old.normalizer.model_copy(update={"version": "0.0.1"})})
    stored.write(old, tmp_path / "before")
    stored.write(made(wrong=20), tmp_path / "after")
    past = Past(tmp_path, tmp_path)
    found = compare([past.side(str(tmp_path / name)) for name in ("before", "after")])
    assert found.pairs[0].rescored.startswith("whisper-english ")
    assert found.of("worse")[0].after == pytest.approx(20 / 120)


def test_a_folder_without_records_names_itself(tmp_path: Path) -> None:
    with pytest.raises(SideError, match="no folder of reports"):
        Past(tmp_path, tmp_path).side(str(tmp_path))


def test_too_few_utterances_are_not_compared() -> None:
    one = made(1)
    head = Head(
        case=one.case, dataset="d", commit=None, created="2026", normalizer="whisper-english", wer=None, hardware={}
    )
    before = Baseline(head, (Answer(id="0", reference="one two three four", hypothesis="one"),))
    (found,) = cases.of_answers(before, one, cases.Bench("b", 4000))
    assert (found.outcome, found.why) == ("not compared", "fewer than two utterances, or no words, to compare")


def test_the_json_names_its_schema(tmp_path: Path, capsys: Output) -> None:
    stored.write(made(), tmp_path / "reports")
    assert main(["compare", "newest", "--format", "json", "--reports", str(tmp_path / "reports")]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "modellab.comparison/1"
