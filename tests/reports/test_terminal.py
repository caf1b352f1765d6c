"""The scorecard in a terminal: within its width, what is needed most stays, and colour is for terminals alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from configs import collected, reported
from fakelab import SUITE
from labsessions import LabSessions

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.cli import main
from pytest_modellab.core.console import wrapped
from pytest_modellab.core.schema_base import Range
from pytest_modellab.reports.scorecard.build import build
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.grade import Grade
from pytest_modellab.reports.scorecard.layout import Brief, Column, lay
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.reports.scorecard.tables import columns, in_brackets, spare
from pytest_modellab.reports.scorecard.terminal import render
from pytest_modellab.results.verdicts import Status
from pytest_modellab.tasks.registry import TASKS, task_named

FIGURES = {
    **{"wer": 0.0331, "cer": 0.0198, "rtf": 0.734, "load_s": 12.6, "peak_rss_mb": 1397.0, "clip5_s": 0.61},
    **{"judge_wer": 0.028, "distillmos": 4.56, "flawed": 0.04, "first_audio_p50_s": 0.12},
    **{"streaming_loss": 0.01, "first_partial_p50_s": 1.76, "final_p95_s": 1.0, "unstable_words": 0.294},
    **{"kept_up": 1.0, "answer_accuracy": 0.875, "context_kept": 0.5, "replies_to_noise": 0.0},
    **{"onset_p50_s": 1.72, "latency_p50_s": 1.9, "der": 0.0331, "missed_speech": 0.02, "false_alarm_speech": 0.01},
    **{"speaker_confusion": 0.0031, "jer": 0.128, "speaker_count_error": 1.25},
    **{"turn_error": 0.0331, "cut_off_rate": 0.57, "late_rate": 0.0, "turn_auc": 0.54},
    **{"turn_wait_s": 0.57, "turn_wait_at_5_s": 2.43, "talked_over": 0.0331, "false_stops": 0.2},
    **{"fall_silent_s": 0.6, "fall_silent_p95_s": 1.2, "interruption_wer": 0.25, "unplayed": 0.05},
    **{
        "word_boundary_median_s": 0.23,
        "boundaries_within_200ms": 0.403,
        "untimed_words": 0.0,
        "words_in_silence": 0.01,
    },
    **{"word_calibration_error": 0.033, "word_nce": -0.04, "chrf": 47.8, "bleu": 19.4, "ter": 0.701},
}
WHAT_COUNTS = {
    **{"asr": "WER", "tts": "round-trip WER", "chat": "right", "streaming": "final WER", "load": "WER"},
    **{"turn": "wrong", "barge_in": "talked on", "diarize": "DER", "words": "WER", "translate": "chrF"},
}
NAMED = {
    "asr": [("faster-whisper-tiny.en", "smoke-en"), ("faster-whisper-distil-large-v3.5", "librispeech-test-other")],
    "tts": [("hibari-en", "speak-en"), ("espeak-ng-en", "speak-hostile")],
    "chat": [("cascade-tiny-smollm2-hibari", "chat-smoke-en"), ("lfm2.5-audio-1.5b", "questions-known-en")],
    "load": [("served-tiny.en", "load-prompts-en+c1"), ("vendor-asr", "load-calls+c128")],
    "turn": [("smart-turn-v3.2", "turn-cuts"), ("silence-threshold", "turn-cuts-noisy")],
    "barge_in": [("duplex-tiny-smollm2-hibari", "barge-in-en"), ("duplex", "our-interruptions")],
    "streaming": [("faster-whisper-tiny.en", "stream-smoke-en"), ("moonshine-voice-base", "stream-prompts-en")],
    "words": [("faster-whisper-base", "timed-prompts-en"), ("faster-whisper-distil-large-v3.5", "our-timed-calls")],
    "translate": [("cascade-base-smollm2", "translate-es-en"), ("faster-whisper-large-v3", "covost-de-en")],
    "diarize": [("voice-clusters", "conversations-en"), ("voice-clusters-tiny.en", "conversations-fr")],
}
WORST = {
    **{"asr": "wer", "tts": "distillmos", "chat": "onset_p50_s", "streaming": "final_p95_s", "load": "load_p95_s"},
    **{"turn": "cut_off_rate", "barge_in": "talked_over", "diarize": "jer", "words": "word_boundary_median_s"},
    "translate": "chrf",
}
ESCAPES = re.compile("\x1b")


def row(task: str, model: str, dataset: str, device: str = "cpu", status: Status = Status.PASS) -> Row:
    interval = Range(low=0.004, high=0.26, method="linearised", clusters=5, conditional="")
    return Row(
        case=CaseRef(task=task, model=model, device=device, dataset=dataset),
        title=model,
        status=status,
        figures=dict(FIGURES),
        intervals=dict.fromkeys(("wer", "answer_accuracy", "der", "turn_error", "talked_over", "chrf"), interval),
        error_metric=task_named(task).error_metric or "wer",
        grade=Grade(letter="B", weakest=WORST[task]),
        noisy="others used 30% of the processors (bound 10%)",
        device_kind=device,
        words=2_000,
        record="x.json",
    )


def card(*tasks: str, devices: Sequence[str] = ("cpu",)) -> Scorecard:
    rows = [
        row(task, model, dataset, device, Status.INCONCLUSIVE if i else Status.PASS)
        for task in tasks
        for i, (model, dataset) in enumerate(NAMED[task])
        for device in devices
    ]
    return build("s", rows, partial=None)


def shown(found: Scorecard, width: int) -> list[str]:
    return [line for line, _ in render(found, "reports/scorecard.json", "reports/scorecard.html", width)]


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize("devices", [("cpu",), ("cpu", "cuda")], ids=str)
@pytest.mark.parametrize("task", NAMED)
class TestWidth:
    def test_no_line_is_wider(self, task: str, devices: Sequence[str], width: int) -> None:
        assert max(map(len, shown(card(task, devices=devices), width))) <= width

    def test_names_what_counts_grade_and_verdict_are_always_there(
        self, task: str, devices: Sequence[str], width: int
    ) -> None:
        found = card(task, devices=devices)
        lines = shown(found, width)
        pairs = zip(lines, [*lines[1:], ""], strict=True)
        rows = [
            line if str(Status.PASS) in line or "inconclusive" in line else f"{line} {below}" for line, below in pairs
        ]
        counts = re.escape({"chat": "87.5 %", "translate": "47.8"}.get(task, "3.3 %"))
        for each in found.rows:
            case = each.case
            device = f" {case.device} " if len(devices) > 1 else ""
            form = re.compile(rf"{case.model} .*{re.escape(case.dataset)} .*{counts}.* B .*{each.status}")
            assert any(form.match(row) and device in row for row in rows)
        assert any(WHAT_COUNTS[task] in line for line in lines[:2])

    def test_what_is_left_out_is_told(self, task: str, devices: Sequence[str], width: int) -> None:
        lines = shown(card(task, devices=devices), width)
        heads = " ".join(lines[:2])
        missing = [title for _, title in TASKS[task].columns if not re.search(rf"(^| ){re.escape(title)}( |$)", heads)]
        text = " ".join(" ".join(lines).split())
        note = re.search(rf"left out at {width} columns: {task} (.*?); the details have them", text)
        told = note[1].split(", ") if note else []
        assert set(missing) <= set(told)
        assert ("device (cpu)" in told) == ("device" not in heads)
        if width == 200:
            assert not told


def test_all_tasks_and_devices_of_a_session_at_80_columns() -> None:
    lines = shown(card(*NAMED, devices=("cpu", "cuda")), 80)
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("grades of") for line in lines)
    assert any("speed-up over CPU" in line for line in lines)


def test_the_page_and_the_details_are_where_they_can_be_copied() -> None:
    place = "/a/" + "long/" * 30
    lines = [line for line, _ in render(card("asr"), place + "scorecard.json", place + "scorecard.html", 80)]
    assert any(line.strip() == place + "scorecard.html" for line in lines)


@pytest.mark.parametrize("task", TASKS)
def test_the_order_of_least_need_names_columns_and_nothing_that_counts(task: str) -> None:
    found = [row(task, *each) for each in NAMED[task]]
    known = {column.name for column in columns(task, found)}
    known |= {column.brief.name for column in columns(task, found) if column.brief}
    assert set(TASKS[task].least_needed) <= known
    assert {"model", "dataset", "grade", "verdict"}.isdisjoint(TASKS[task].least_needed)
    assert ("answer_accuracy" if task == "chat" else "wer") not in TASKS[task].least_needed


def test_the_page_on_scorecards_tells_the_order() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scorecard.md").read_text(encoding="utf-8")
    words = {"device": "device", "interval": "interval", "weakest": "weakest criterion"}
    for task, order in ((name, each.least_needed) for name, each in TASKS.items()):
        heads = {**words, **dict(TASKS[task].columns)}
        assert f"| {task} | {', '.join(heads[name] for name in order)} |\n" in page


def test_where_characters_count_their_error_rate_stays() -> None:
    found = [row("asr", *each).model_copy(update={"error_metric": "cer"}) for each in NAMED["asr"]]
    assert "cer" not in spare("asr", found)
    assert "cer" in spare("asr", [row("asr", *each) for each in NAMED["asr"]])


class TestLayout:
    NAME = Column("name", "name", ("a-long-name", "b"), leading=True)
    SIZE = Column("size", "size", ("1", "22"), right=True)
    NONE = Column("none", "nothing", ("n/a", "n/a"), right=True)
    PLACE = Column("place", "place", ("here", "here"))

    def test_one_line_where_there_is_room(self) -> None:
        laid = lay([self.NAME, self.SIZE], 80)
        assert laid.head == ("name         size", "-----------  ----")
        assert laid.rows == (("a-long-name     1",), ("b              22",))

    def test_what_no_row_has_goes_before_anything_else(self) -> None:
        laid = lay([self.NAME, self.SIZE, self.NONE], 20, ("size", "none"))
        assert laid.left_out == ("nothing",)

    def test_what_differs_between_rows_stays(self) -> None:
        two = Column("place", "place", ("here", "there"))
        assert lay([self.NAME, self.PLACE], 12, ("place",), ("place",)).left_out == ("place (here)",)
        laid = lay([self.NAME, two], 12, ("place",), ("place",))
        assert laid.left_out == ()
        assert laid.rows == (("a-long-name", "  here"), ("b", "  there"))

    def test_a_part_of_each_cell(self) -> None:
        long = Column("size", "size", ("1 [0, 2]", "2 [1, 3]"), brief=Brief("range", "ranges", ("1", "2")))
        laid = lay([self.NAME, long], 18, ("range", "size"))
        assert (laid.left_out, laid.rows[0]) == (("ranges",), ("a-long-name  1",))

    def test_names_that_fill_a_line_are_one_below_the_other(self) -> None:
        other = Column("other", "other", ("another-name", "c"), leading=True)
        laid = lay([self.NAME, other, self.SIZE], 14)
        assert laid.head == ("name", "other", "  size", "  ----")
        assert laid.rows[0] == ("a-long-name", "another-name", "     1")

    def test_without_rows(self) -> None:
        assert lay([Column("name", "name", ())], 80).rows == ()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two", ["one two"]),
        ("one two three four", ["one two", "  three", "  four"]),
        ("    one two three", ["    one", "      two", "      three"]),
        ("a/path/that-is/longer x", ["a/path/that-is/longer", "  x"]),
    ],
)
def test_lines_are_broken_between_words(text: str, lines: list[str]) -> None:
    assert wrapped(text, 9) == lines


def said(lab: LabSessions, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a session says."""
    (lab.path / "test_suite.py").write_text(SUITE)
    with collected(lab.path, "--lab-card=full", *arguments) as session:
        for item in session.items:
            reported(item)
    return capsys.readouterr().out


class TestSession:
    @pytest.mark.parametrize("columns", [None, "80", "100"])
    def test_the_width_of_the_terminal(
        self,
        sessions: LabSessions,
        columns: str | None,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        if columns is None:
            monkeypatch.delenv("COLUMNS")
        else:
            monkeypatch.setenv("COLUMNS", columns)
        sessions.texts = [f"day number {i}" for i in range(5)]  # as many as an interval takes
        sessions.model("a-model-of-a-long-name")
        sessions.dataset("clips-of-mine")
        sessions.limits({"metric": "wer", "max": 0.1})
        out = said(sessions, capsys, "--lab-executor=local").splitlines()
        lines = out[next(i for i, line in enumerate(out) if "modellab scorecard" in line) :]
        width = int(columns or "80")
        assert max(map(len, lines)) <= width
        assert any(line.startswith(f"left out at {width} columns: asr load, ") for line in lines)
        capsys.readouterr()
        assert main(["scorecard"]) == 0
        assert max(map(len, capsys.readouterr().out.splitlines())) <= width

    @pytest.mark.parametrize("colour", [(), ("--color=no",), ("--color=yes",)], ids=str)
    def test_colour_only_where_it_is_shown(
        self,
        sessions: LabSessions,
        colour: Sequence[str],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        for name in ("FORCE_COLOR", "PY_COLORS"):
            monkeypatch.delenv(name, raising=False)
        sessions.ready()
        out = said(sessions, capsys, "--lab-inprocess", *colour)
        assert "primary ASR" in out
        assert bool(ESCAPES.search(out)) == (colour == ("--color=yes",))


@pytest.mark.parametrize(
    ("metric", "low", "high", "shown"),
    [
        ("wer", 0.012, 0.14, "[1.2, 14]"),
        ("chrf", 39.81, 56.94, "[39.8, 56.9]"),
        ("distillmos", 4.1, 4.31, "[4.10, 4.31]"),
    ],
)
def test_an_interval_is_in_the_unit_of_its_metric(metric: str, low: float, high: float, shown: str) -> None:
    assert in_brackets(Range(low=low, high=high, method="t", clusters=9, conditional=""), metric) == shown
