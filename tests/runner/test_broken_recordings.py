"""Broken recordings, attributes and recordings without speech, from the manifest to the record and the scorecard."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from fakeruns import FakeRuns, Said
from labsessions import LabSessions

from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.terminal import render


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.with_suffix(".jsonl").read_text().splitlines()]


def rewrite(path: Path, rows: list[dict[str, Any]]) -> None:
    path.with_suffix(".jsonl").write_text("\n".join(map(json.dumps, rows)))


def break_two(folder: Path) -> None:
    """Of the three clips the last is cut short, and the second holds a sample that is no number."""
    samples = np.zeros(4100, np.float32)
    samples[-1] = np.nan
    soundfile.write(folder / "clips-1.wav", samples, 16_000, subtype="FLOAT")
    cut = folder / "clips-2.wav"
    cut.write_bytes(cut.read_bytes()[:-2000])


class TestRefused:
    def test_all_is_told_before_anything_is_measured(self, runs: FakeRuns) -> None:
        runs.ready()
        break_two(runs.catalog / "datasets")
        said = Said()
        outcome = runs.outcome(progress=said)
        assert outcome.record is None
        assert outcome.broken is not None
        head, nan, cut = outcome.broken.splitlines()
        assert head.startswith("data set clips: 2 recordings can't be used; mend them, or set `on_error: leave-out` in")
        assert head.endswith("lab/datasets/clips.yaml:1:")
        assert "clips-1.wav: holds NaN" in nan
        assert "clips-2.wav: truncated: its header promises 2000 bytes more (0.06 s)" in cut
        assert "checking the recordings" in said.texts
        assert runs.engine_log() == []

    def test_no_more_than_is_run_has_to_be_whole(self, runs: FakeRuns) -> None:
        runs.ready()
        break_two(runs.catalog / "datasets")
        assert runs.measured(max_utterances=1).summary.answered == 1


class TestLeftOut:
    def test_the_rest_is_measured_and_the_record_says_which_are_missing(self, runs: FakeRuns) -> None:
        runs.ready()
        runs.dataset(on_error="leave-out")
        break_two(runs.catalog / "datasets")
        record = runs.measured()
        assert [row.id for row in record.utterances] == ["clip-0"]
        found = [(each.utterance, each.kind) for each in record.findings if each.kind == "left-out"]
        assert found == [("clip-1", "left-out"), ("clip-2", "left-out")]
        assert all(each.message.startswith("left out: ") for each in record.findings if each.kind == "left-out")

    def test_the_terminal_says_how_many_and_which(self, sessions: LabSessions) -> None:
        sessions.ready()
        path = sessions.dataset(on_error="leave-out")
        break_two(sessions.catalog / "datasets")
        rows = lines(path)
        rewrite(path, [rows[0] | {"spekaer": "ann"}, *rows[1:]])
        sessions.session("-m", "smoke")
        card = Scorecard.model_validate(sessions.scorecard())
        text = "\n".join(line for line, _ in render(card, "scorecard.json", width=1000))
        assert "2 broken recordings left out of clips: clip-1, clip-2; modellab data check clips" in text
        assert "clips: clips.jsonl: `spekaer` means nothing here" in text
        assert "did you mean `speaker`?" in text


class TestAttributes:
    def test_they_are_kept_in_the_record(self, runs: FakeRuns) -> None:
        runs.ready()
        path = runs.dataset()
        rows = lines(path)
        rewrite(path, [rows[0] | {"accent": "scottish", "age": 40}, *rows[1:]])
        first, second, _ = runs.measured().utterances
        assert first.attributes == {"accent": "scottish", "age": "40"}
        assert second.attributes == {}

    def test_a_change_of_them_needs_no_model(self, runs: FakeRuns) -> None:
        runs.ready()
        path = runs.dataset()
        runs.measured()
        asked = len(runs.engine_log())
        rewrite(path, [row | {"accent": "scottish"} for row in lines(path)])
        assert runs.measured().utterances[0].attributes == {"accent": "scottish"}
        assert len(runs.engine_log()) == asked

    def test_without_any_the_record_stands(self, runs: FakeRuns) -> None:
        runs.ready()
        before = runs.outcome()
        assert runs.outcome().path == before.path


@pytest.mark.parametrize("wrong", [{}, {2: "thank you for watching"}])
def test_what_is_written_where_nobody_speaks_is_insertions(runs: FakeRuns, wrong: dict[int, str]) -> None:
    runs.texts = ("one fine day", "two fine days", "")
    runs.ready(wrong=wrong)
    path = runs.dataset()
    rows = lines(path)
    rewrite(path, [*rows[:2], rows[2] | {"kind": "silence"}])
    record = runs.measured()
    minutes = record.utterances[2].audio_s / 60
    words = len(wrong.get(2, "").split())
    assert record.value("insertions_per_min") == pytest.approx(words / minutes)
    assert record.utterances[2].parts["asr"].words.insertions == words
    assert record.utterances[2].kind == "silence"
    assert record.summary.spoken == 2


def test_a_manifest_of_silence_alone_has_insertions_and_no_wer(runs: FakeRuns) -> None:
    runs.texts = ("", "")
    runs.ready(wrong={1: "you"})
    path = runs.dataset()
    rewrite(path, [row | {"kind": "noise"} for row in lines(path)])
    record = runs.measured()
    assert record.wordless
    assert record.value("wer") is None
    assert record.value("insertions_per_min") == pytest.approx(1 / (8100 / 16_000 / 60))
