"""The scorecard as a page: that it says all that it should, and that nothing it shows can harm."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from pages import Parsed, answered, card, case, heard, rendered, spoken, streamed
from records import TIMING, edits, record, stated, utterance

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.schema_base import Failure, Range
from pytest_modellab.core.text import TextRules
from pytest_modellab.reports.scorecard import page
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.page import alignment, overview, utterances
from pytest_modellab.reports.scorecard.page.alignment import align
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Status
from pytest_modellab.tasks.registry import TASKS

HOSTILE = (
    "</script><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)> \u202egnihton {{ 7*7 }} \ud800"
)


def chat(reports: Path, model: str = "talker") -> Record:
    turn = answered(reports)
    return record(utterances=[turn], case=case(model, "chat"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def everything(folder: Path) -> Scorecard:
    """Every task, two devices, one case that could not run."""
    gpu = heard(case=case("tiny", device="cuda"), timing=TIMING.model_copy(update={"rtf": 0.02, "clip5_s": 0.07}))
    inputs = {"device": {"kind": "cpu"}, "weights": "w" * 64, "dataset": "d" * 64, "judge": {"model": "ears"}}
    cpu = heard()
    origin = cpu.provenance.model_copy(update={"inputs": inputs, "dirty": True})
    cpu = cpu.model_copy(update={"provenance": origin})
    absent = Row(case=case("huge"), title="huge", status=Status.NOT_AVAILABLE, reason="not fetched: modellab pull huge")
    made = (cpu, gpu, spoken(folder), streamed(), chat(folder))
    return card(folder, *made, absent=[absent], tasks_of={"tiny": ["asr"], "voice": ["tts"]})


@pytest.fixture(scope="module")
def text(everything: Scorecard, folder: Path) -> str:
    return rendered(folder, everything)


@pytest.fixture(scope="module")
def parsed(text: str) -> Parsed:
    return Parsed(text)


class TestWhole:
    def test_it_is_well_formed_and_needs_nothing_else(self, parsed: Parsed) -> None:
        assert parsed.open == []
        assert len(parsed.ids) == len(set(parsed.ids))
        assert set(parsed.references) <= set(parsed.ids)
        assert len(parsed.scripts) == 1
        assert not parsed.handlers
        outside = [url for _, url in parsed.resources if not url.startswith(("#", "data:"))]
        assert outside == []

    def test_no_address_of_a_network_stands_in_it(self, text: str) -> None:
        assert not re.search(r"https?:|url\((?!#)|@import", text)

    def test_only_its_own_script_may_run(self, text: str, parsed: Parsed) -> None:
        import hashlib

        digest = base64.b64encode(hashlib.sha256(parsed.scripts[0].encode()).digest()).decode()
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
        assert policy is not None
        assert "default-src 'none'" in policy[1]
        assert f"script-src 'sha256-{digest}'" in policy[1]

    def test_every_figure_of_the_tables_is_on_it(self, everything: Scorecard, parsed: Parsed) -> None:
        stored = json.loads(everything.model_dump_json(by_alias=True))
        for each in stored["rows"]:
            for name, _ in TASKS[each["case"]["task"]].columns:
                value = each["figures"].get(name)
                if value is not None:
                    assert METRICS[name].format(value) in parsed.text
        for each in everything.rows:
            for name, interval in each.intervals.items():
                assert f"{METRICS[name].format(interval.low)} to {METRICS[name].format(interval.high)}" in parsed.text

    def test_the_same_scorecard_makes_the_same_page(self, everything: Scorecard, text: str, folder: Path) -> None:
        assert rendered(folder, everything) == text


class TestSummary:
    def test_passed(self, tmp_path: Path) -> None:
        said = Parsed(rendered(tmp_path, card(tmp_path, heard()))).text
        assert "✓ Passed 1 case measured, 1 passed" in said

    def test_not_passed_and_why(self, tmp_path: Path) -> None:
        said = Parsed(rendered(tmp_path, card(tmp_path, heard(wer=0.4), partial="interrupted"))).text
        assert "✕ Not passed 1 case measured, 0 passed, 1 failed partial interrupted" in said
        assert "fails its gate though no test failed: WER 40.0 %, limit <= 15.0 % (limits.yaml:3)" in said

    def test_what_a_model_does_not_do_is_not_listed_and_what_was_not_run_is(self, everything: Scorecard) -> None:
        found = {part.task: [line.model for line in part.lines] for part in overview.parts(everything)}
        assert found == {"asr": ["tiny", "tiny"], "tts": ["voice"], "chat": ["talker"], "streaming": ["live"]}

    def test_ties_are_called_ties(self, tmp_path: Path) -> None:
        interval = Range(low=0.05, high=0.2, method="t", clusters=9, conditional="")
        made = []
        for model, wer in (("one", 0.10), ("two", 0.11)):
            each = heard(model=model, wer=wer, words=2000)
            made.append(stated(each, {}, {"wer": interval}))
        found = card(tmp_path, *made)
        assert found.recommendations[0].ties == ("two",)
        assert "primary ASR one on cpu a tie with two provisional" in Parsed(rendered(tmp_path, found)).text

    def test_a_grade_opens_to_its_bands(self, parsed: Parsed) -> None:
        assert "A+ 5.0 % , A 10.0 % , B 15.0 % , C 25.0 %" in parsed.text
        assert "What the grade is made of; the weakest decides" in parsed.text


class TestDetails:
    def test_differences_are_marked_by_more_than_colour(self, text: str) -> None:
        assert '<del>quick</del> <ins>quack</ins><sup title="substituted">S</sup>' in text
        assert '<del>fox</del><sup title="deleted">D</sup>' in text
        assert '<ins>again</ins><sup title="inserted">I</sup>' in text

    def test_a_dialogue_has_what_was_said_heard_replied_and_judged(self, parsed: Parsed) -> None:
        said = "was said one two three it heard one two three it replied It is Lyon."
        assert f"{said} judged ✕ wrong , by accept: Paris is not in it (rule accept: Paris)" in parsed.text

    def test_partial_results_stand_in_their_order(self, parsed: Parsed) -> None:
        assert "2 partial results 0.50 s won 1.00 s one two final one two three" in parsed.text

    def test_devices_provenance_and_what_did_not_run(self, parsed: Parsed) -> None:
        assert "10.00 x" in parsed.text  # 0.7 s over 0.07 s
        assert f"commit {'b' * 12}, with changes that aren't committed" in parsed.text
        assert f"weights {'w' * 64}" in parsed.text
        assert "judge ears" in parsed.text
        assert "not-available asr: huge:cpu:talk not fetched: modellab pull huge" in parsed.text

    def test_a_model_that_failed_says_so(self, tmp_path: Path) -> None:
        failure = Failure(kind="load", message="no such file", detail="Traceback ...\n  line two")
        broken = heard().model_copy(update={"failure": failure})
        said = Parsed(rendered(tmp_path, card(tmp_path, broken))).text
        assert "The model failed no such file traceback Traceback ... line two" in said

    def test_a_record_that_is_gone_costs_only_its_details(self, tmp_path: Path) -> None:
        found = card(tmp_path, heard())
        next((tmp_path / "runs").rglob("*.json")).unlink()
        said = Parsed(rendered(tmp_path, found)).text
        assert "no record" in said
        assert "can't be read: No such file or directory" in said

    def test_records_are_found_where_the_folder_was_moved_to(self, tmp_path: Path) -> None:
        found = card(tmp_path / "here", heard())
        (tmp_path / "here").rename(tmp_path / "there")
        assert "<del>quick</del>" in rendered(tmp_path / "there", found)


class TestSounds:
    def test_what_was_said_is_in_the_page(self, text: str, parsed: Parsed) -> None:
        players = [url for tag, url in parsed.resources if tag == "audio"]
        # Voice and reply are one sound, which stands there once.
        assert len(players) == 1
        assert parsed.again == ["sound-1"]
        for url in players:
            kind, _, data = url.partition(",")
            assert kind == "data:audio/flac;base64"
            assert base64.b64decode(data).startswith(b"fLaC")

    def test_beyond_the_bound_it_is_a_link(self, everything: Scorecard, folder: Path) -> None:
        parsed = Parsed(rendered(folder, everything, embedded_bytes=0))
        players = [url for tag, url in parsed.resources if tag == "audio"]
        assert len(players) == 2
        assert all((folder / url).is_file() for url in players)
        assert "2 more sounds are links to files in the folder beside it" in parsed.text

    def test_what_is_not_kept_is_said(self, tmp_path: Path) -> None:
        found = card(tmp_path, spoken(tmp_path))
        next((tmp_path / "audio").rglob("*.flac")).unlink()
        assert "its audio is not kept" in Parsed(rendered(tmp_path, found)).text


class TestHostile:
    @pytest.fixture
    def hostile(self, tmp_path: Path) -> str:
        said = HOSTILE.replace("\ud800", "")  # which no record can hold
        failure = Failure(kind="exception", message=said, detail=said)
        made = heard(title=said)
        bad = utterance(said, said, f"other {said}", edits(substitutions=3))
        failed = utterance("failed", said, None, edits(deletions=3), failure).model_copy(update={"speaker": said})
        loaded = {"voice": said}
        made = made.model_copy(update={"utterances": (bad, failed), "loaded": loaded})
        turn = answered(tmp_path, text=said, dialogue=said, by=said, graded=said, transcript=said[1:])
        talked = record(title=said, utterances=[turn], case=case("talker", "chat"))
        absent = Row(case=case("gone"), title=said, status=Status.NOT_AVAILABLE, reason=HOSTILE)
        return rendered(tmp_path, card(tmp_path, made, talked, absent=[absent], partial=said))

    def test_mark_up_is_only_text(self, hostile: str) -> None:
        parsed = Parsed(hostile)
        assert parsed.open == []
        assert len(parsed.scripts) == 1
        assert not parsed.handlers
        assert "img" not in parsed.tags
        assert "<script>alert(1)</script>" in parsed.text
        assert "{{ 7*7 }}" in parsed.text
        assert len(parsed.ids) == len(set(parsed.ids))

    def test_no_character_turns_the_line_round(self, hostile: str) -> None:
        assert not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\x00-\x08\x0b-\x1f]", hostile)
        assert "\N{REPLACEMENT CHARACTER}gnihton" in hostile

    def test_a_text_of_a_hundred_kilobytes_is_cut_with_a_note(self, tmp_path: Path) -> None:
        made = heard().model_copy(
            update={"utterances": (utterance("long", "one two", "x" * 100_000, edits(substitutions=2)),)}
        )
        text = rendered(tmp_path, card(tmp_path, made))
        assert "… (98,000 more characters)" in text
        assert len(text) < 200_000

    def test_ten_thousand_words_are_not_aligned_here(self) -> None:
        found = align(utterance("loop", "one two", "word " * 10_000), TextRules("whisper-english").of("en"))
        assert found.pieces == ()
        assert found.note == f"not aligned here: 10,000 words, more than {alignment.MOST_WORDS:,}"


class TestBounds:
    def test_the_worst_are_shown_and_the_rest_is_counted(self, tmp_path: Path) -> None:
        many = [utterance(f"u{i}", words=edits(substitutions=i % 3, hits=3 - i % 3)) for i in range(900)]
        made = heard().model_copy(update={"utterances": tuple(many)})
        parsed = Parsed(rendered(tmp_path, card(tmp_path, made)))
        assert (
            f"{utterances.SHOWN} of 900 shown, 600 with errors; the worst first; the record has them all" in parsed.text
        )
        assert "none wrong 300" in parsed.text
        assert "50 to 100 % 300" in parsed.text

    @pytest.mark.slow
    def test_many_cases_share_the_room(self, tmp_path: Path) -> None:
        many = tuple(utterance(f"u{i}", words=edits(substitutions=1, hits=2)) for i in range(20))
        made = [heard(model=f"m{i}").model_copy(update={"utterances": many}) for i in range(150)]
        text = rendered(tmp_path, card(tmp_path, *made))
        assert text.count("8 of 20 shown") == 150

    def test_dialogues_stay_whole_and_the_troubled_come_first(self, tmp_path: Path) -> None:
        turns = [
            answered(tmp_path, right=right, dialogue=name).model_copy(update={"id": id})
            for id, name, right in (("a1", "a", True), ("a2", "a", True), ("b1", "b", True), ("b2", "b", False))
        ]
        made = record(utterances=turns, case=case("talker", "chat"))
        text = Parsed(rendered(tmp_path, card(tmp_path, made))).text
        assert [m[0] for m in re.finditer(r"\b[ab][12]\b", text)][:4] == ["b1", "b2", "a1", "a2"]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page.missing() == []
    monkeypatch.setattr("pytest_modellab.reports.scorecard.page.document.find_spec", lambda name: None)
    assert page.missing() == ["Jinja2", "matplotlib"]
