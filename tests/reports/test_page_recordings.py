"""Recordings on the page: what a model heard beside what it made of it, where it is on this machine and unchanged."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from labsessions import LabSessions
from pages import Parsed, card, case, heard, rendered, spoken
from records import edits, record, utterance

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.cli import main
from pytest_modellab.reports.scorecard.page import sounds
from pytest_modellab.reports.scorecard.page.compressed import compressed
from pytest_modellab.results.record import Record

ON = ("-o", "modellab_page=true")


class Kept:
    """Recordings of one size."""

    def __init__(self, size: int = 10, why: str = "") -> None:
        self.size, self.why = size, why
        self.asked: list[str] = []

    def clip(self, record: Record, utterance: str) -> bytes:
        self.asked.append(utterance)
        if self.why:
            raise sounds.NoRecording(self.why)
        return b"x" * self.size

    def licence(self, case: CaseRef) -> str:
        return "CC0-1.0"


def players(text: str) -> list[str]:
    return [url for tag, url in Parsed(text).resources if tag == "audio"]


def decoded(url: str) -> tuple[np.ndarray[Any, Any], int]:
    kind, _, data = url.partition(",")
    assert kind == "data:audio/flac;base64"
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(data)))
    return samples, rate


class TestPage:
    def test_each_utterance_has_a_player_and_the_case_its_licence(self, tmp_path: Path) -> None:
        text = rendered(tmp_path, card(tmp_path, heard()), recordings=Kept())
        assert players(text) == [f"data:audio/flac;base64,{base64.b64encode(b'x' * 10).decode()}"] * 2
        said = Parsed(text).text
        assert "recordings of talk: CC0-1.0" in said
        assert "without a player" not in said

    def test_a_voice_was_given_nothing_to_hear(self, tmp_path: Path) -> None:
        kept = Kept()
        rendered(tmp_path, card(tmp_path, spoken(tmp_path)), recordings=kept)
        assert kept.asked == []

    def test_why_there_is_none_is_said_once(self, tmp_path: Path) -> None:
        text = rendered(tmp_path, card(tmp_path, heard(), heard(model="other")), recordings=Kept(why="it is <gone>"))
        assert players(text) == []
        assert Parsed(text).text.count("without a player: talk: it is <gone>") == 1
        assert "recordings of" not in text

    def test_no_case_takes_the_room_of_another_and_what_is_beyond_it_is_told(self, tmp_path: Path) -> None:
        found = card(tmp_path, heard(), heard(case=case("other", dataset="calls")))
        text = rendered(tmp_path, found, recordings=Kept(6_000), embedded_bytes=20_000)
        assert len(players(text)) == 3  # what the first one left over is the second one's
        assert "without a player: talk: 1 recording beyond the size limit" in Parsed(text).text

    def test_models_that_heard_the_same_share_the_sound(self, tmp_path: Path) -> None:
        kept = Kept()
        found = card(tmp_path, heard(), heard(model="other"))
        parsed = Parsed(rendered(tmp_path, found, recordings=kept))
        assert len([url for tag, url in parsed.resources if tag == "audio"]) == 2
        assert parsed.again == ["sound-1", "sound-2"]
        assert len(kept.asked) == 2
        assert parsed.text.count("recordings of talk: CC0-1.0") == 2

    def test_a_clip_that_takes_more_than_its_part_is_compressed(self, tmp_path: Path) -> None:
        class Noise(Kept):
            def clip(self, record: Record, utterance: str) -> bytes:
                file = io.BytesIO()
                samples = np.random.default_rng(0).normal(0, 0.1, 32_000).clip(-1, 1)
                soundfile.write(file, samples, 16_000, format="FLAC", subtype="PCM_16")
                return file.getvalue()

        text = rendered(tmp_path, card(tmp_path, heard()), recordings=Noise(), embedded_bytes=50_000)
        kinds = [url.partition(";")[0] for url in players(text)]
        assert kinds == ["data:audio/mpeg"] * 2
        samples, rate = soundfile.read(io.BytesIO(base64.b64decode(players(text)[0].partition(",")[2])))
        assert rate == 16_000
        assert len(samples) == pytest.approx(32_000, rel=0.1)

    def test_three_models_on_sixty_clips_take_less_than_eight_megabytes(self, tmp_path: Path) -> None:
        class Speech(Kept):
            """As loud as speech is to a FLAC: some 170 kB of six seconds."""

            def clip(self, record: Record, utterance: str) -> bytes:
                self.asked.append(utterance)
                samples = np.cumsum(np.random.default_rng(len(self.asked)).normal(0, 0.004, 96_000))
                file = io.BytesIO()
                soundfile.write(file, samples - samples.mean(), 16_000, format="FLAC", subtype="PCM_16")
                return file.getvalue()

        said = tuple(utterance(f"u{i}", words=edits(substitutions=1, hits=2), hypothesis="one two tree")
                     for i in range(60))  # fmt: skip
        made = [heard(model=name).model_copy(update={"utterances": said}) for name in "abc"]
        kept = Speech()
        text = rendered(tmp_path, card(tmp_path, *made), recordings=kept)
        assert len(text.encode()) < 8_000_000
        assert (len(kept.asked), len(players(text)), len(Parsed(text).again)) == (60, 60, 120)

    def test_what_is_no_sound_stays_as_it_is(self) -> None:
        assert compressed(b"x" * 100) == b"x" * 100

    def test_what_is_beyond_the_room_is_told(self, tmp_path: Path) -> None:
        found = card(tmp_path, heard())
        text = rendered(tmp_path, found, recordings=Kept(6_000), embedded_bytes=5_000)
        assert len(players(text)) == 0
        assert "without a player: talk: 2 recordings beyond the size limit" in Parsed(text).text

    def test_what_cannot_fit_is_not_even_read(self, tmp_path: Path) -> None:
        long = utterance("long").model_copy(update={"audio_s": 600.0})
        kept = Kept()
        handed = sounds.Sounds(None, tmp_path, cases=1, embedded_bytes=1_000_000, recordings=kept)
        assert handed.heard("it", record(), long) is None
        assert handed.heard("it", record(), utterance("short")) is not None
        assert kept.asked == ["short"]

    def test_after_a_few_that_did_not_fit_none_is_read(self, tmp_path: Path) -> None:
        kept = Kept(50_000)
        handed = sounds.Sounds(None, tmp_path, cases=1, embedded_bytes=40_000, recordings=kept)
        for n in range(9):
            assert handed.heard("it", record(), utterance(str(n))) is None
        assert len(kept.asked) == 3
        assert handed.silent == ["talk: 9 recordings beyond the size limit"]


def test_a_session_plays_what_was_heard(sessions: LabSessions) -> None:
    sessions.model(wrong={1: "to fine"})
    sessions.dataset(licence="CC-BY-4.0")
    sessions.limits({"metric": "wer", "max": 0.1})
    sessions.session(*ON)
    text = page(sessions)
    found = [decoded(url) for url in players(text)]
    assert [rate for _, rate in found] == [16_000] * 3
    # The worst first: the second clip.
    original, _ = soundfile.read(sessions.catalog / "datasets" / "clips-1.wav")
    np.testing.assert_array_equal(found[0][0], original)
    assert "recordings of clips: CC-BY-4.0" in Parsed(text).text


def test_none_where_the_ini_file_forbids_it(sessions: LabSessions, capsys: pytest.CaptureFixture[str]) -> None:
    sessions.ready()
    sessions.session(*ON, "-o", "modellab_page_recordings=false")
    assert players(page(sessions)) == []
    sessions.ini("modellab_page_recordings = false")
    assert main(["scorecard", "--html", "again.html"]) == 0
    assert players(Path("again.html").read_text(encoding="utf-8")) == []


def test_a_session_without_a_page_reads_no_recording_for_it(
    sessions: LabSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("nothing is to be read")

    monkeypatch.setattr("pytest_modellab.reports.scorecard.recordings.Recordings.__init__", refused)
    assert sessions.ready().session() == 0


def changed(folder: Path) -> None:
    samples, rate = soundfile.read(folder / "clips-1.wav")
    soundfile.write(folder / "clips-1.wav", samples / 2, rate)


def gone(folder: Path) -> None:
    (folder / "clips-1.wav").unlink()


def left(folder: Path) -> None:
    (folder / "clips.yaml").unlink()


class TestCommand:
    @pytest.mark.parametrize(
        ("later", "why"),
        [
            (changed, "clips: recordings or references have changed since"),
            (gone, "clips: can't be read on this machine: "),
            (left, "clips: the catalog has no such data set any more"),
        ],
    )
    def test_what_is_no_more_as_it_was_is_not_played(
        self, sessions: LabSessions, later: Callable[[Path], None], why: str
    ) -> None:
        sessions.ready().session()
        assert main(["scorecard", "--html", "before.html"]) == 0
        assert len(players(Path("before.html").read_text(encoding="utf-8"))) == 3
        later(sessions.catalog / "datasets")
        assert main(["scorecard", "--html", "after.html"]) == 0
        text = Path("after.html").read_text(encoding="utf-8")
        assert players(text) == []
        assert Parsed(text).text.count(f"without a player: {why}") == 1

    def test_derived_sets_are_made_again(self, sessions: LabSessions) -> None:
        sessions.model()
        sessions.dataset(tiers=[], licence="CC0-1.0")
        derive = {"from": "clips", "seed": 1, "noisy": [{"noise": "white", "snr_db": 0}]}
        base = {"schema": "modellab.dataset/1", "id": "noisy", "tasks": ["asr"], "tiers": ["smoke"], "language": "en"}
        sessions.spec("datasets/noisy.yaml", {**base, "derive": derive})
        sessions.session()
        assert main(["scorecard", "--html", "page.html"]) == 0
        text = Path("page.html").read_text(encoding="utf-8")
        clean, _ = soundfile.read(sessions.catalog / "datasets" / "clips-0.wav")
        assert len(players(text)) == 3
        assert all(not np.array_equal(decoded(url)[0], clean) for url in players(text))
        assert "recordings of noisy: CC0-1.0" in Parsed(text).text

    def test_a_part_of_a_data_set(self, sessions: LabSessions) -> None:
        sessions.ready().session("--lab-max-utterances=2")
        assert main(["scorecard", "--html", "page.html"]) == 0
        assert len(players(Path("page.html").read_text(encoding="utf-8"))) == 2

    def test_a_broken_catalog_costs_the_recordings_alone(
        self, sessions: LabSessions, capsys: pytest.CaptureFixture[str]
    ) -> None:
        sessions.ready().session()
        sessions.spec("limits.yaml", {"colour": "red"})
        capsys.readouterr()
        assert main(["scorecard", "--html", "page.html"]) == 0
        said = capsys.readouterr()
        assert said.out == "page.html\n"
        assert said.err.startswith("modellab: the page is without recordings: ")
        assert players(Path("page.html").read_text(encoding="utf-8")) == []


def page(sessions: LabSessions) -> str:
    return (sessions.path / "reports" / "scorecard.html").read_text(encoding="utf-8")
