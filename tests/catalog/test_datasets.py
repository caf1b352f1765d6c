"""Data sets, from YAML and audio files to utterances."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from encoded import encoded
from encoded import tone as sine
from manifests import RATE, manifest, prepared, row, tone

from pytest_modellab.assets.store import DigestMismatch, Unavailable
from pytest_modellab.catalog.datasets import DatasetError
from pytest_modellab.catalog.datasets.recording import FileRecording
from pytest_modellab.core import ffmpeg
from pytest_modellab.core.audio import AudioError

EMPTY = (
    "an empty reference can't be scored; give its words or remove the line; where nobody speaks, say so by a `kind`,"
    " such as silence or noise"
)


def refusal(folder: Path, **changes: str) -> list[str]:
    """The problems of a data set that can't be used, with file names relative to its folder."""
    with pytest.raises(DatasetError) as caught:
        prepared(folder, **changes)
    head, *problems = str(caught.value).replace(f"{folder}/fixtures/datasets/", "").splitlines()
    assert head == "data set talk can't be used:"
    return problems


class TestManifest:
    def test_rows_become_utterances_in_order(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row("two.wav", "Two.", id="b", speaker=7, language="en-GB"), row()])
        second, first = prepared(tmp_path).utterances

        assert (second.id, second.text, second.speaker, second.language) == ("b", "Two.", "7", "en-GB")
        assert (first.id, first.text, first.speaker, first.language) == ("one", "one", None, "en")
        assert isinstance(first.recording, FileRecording)
        assert first.recording.sha256 == hashlib.sha256(first.recording.path.read_bytes()).hexdigest()
        clip = first.clip(RATE)
        assert (clip.seconds, clip.language) == (0.5, "en")

    def test_kind_and_signal_to_noise_ratio_where_they_are_known(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row(kind="read", snr_db=5), row(id="other")])
        first, second = prepared(tmp_path).utterances
        assert (first.kind, first.snr_db) == ("read", 5.0)
        assert (second.kind, second.snr_db) == (None, None)

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    def test_utf_8_with_and_without_a_mark(self, tmp_path: Path, encoding: str) -> None:
        manifest(tmp_path, [row(text="señor")], encoding)
        assert prepared(tmp_path).utterances[0].text == "señor"

    def test_empty_lines_and_windows_line_ends(self, tmp_path: Path) -> None:
        manifest(tmp_path, [json.dumps(row()) + "\r", "", "  ", row("two.wav")])
        assert [u.id for u in prepared(tmp_path).utterances] == ["one", "two"]

    def test_only_a_line_feed_ends_a_line(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row(text="one\u2028two\u0085three")])
        assert prepared(tmp_path).utterances[0].text == "one\u2028two\u0085three"

    def test_numbers_as_ids_zero_included(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row(id=0), row(id=1)])
        assert [u.id for u in prepared(tmp_path).utterances] == ["0", "1"]

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ("{", "not JSON: Expecting property name enclosed in double quotes at column 2"),
            ("[]", "expected an object with `audio_filepath` and `text`"),
            ('{"text": "one"}', "`audio_filepath` is missing or not text"),
            ('{"audio_filepath": "one.wav"}', "`text` is missing or not text"),
            (row(text="\t"), EMPTY),
            (row("gone.wav"), "no audio file gone.wav"),
            (
                row("clips\\gone.wav"),
                "no audio file clips\\gone.wav; `\\` divides folders on Windows only: write `clips/gone.wav`",
            ),
            (
                row(".\\one.wav"),
                "no audio file .\\one.wav; `\\` divides folders on Windows only: write `one.wav` (which is there)",
            ),
            (
                row("D:\\one.wav"),
                "no audio file D:\\one.wav; it is a path of Windows: write it from the manifest's folder on, with `/`",
            ),
            (
                row("clips\bone.wav"),
                "no audio file clips\bone.wav; `\\b`, `\\f`, `\\n`, `\\r` and `\\t` are no letters in JSON:"
                " write paths with `/`",
            ),
            (
                '{"audio_filepath": "audio\\one.wav", "text": "one"}',
                "not JSON: Invalid \\escape at column 26; `\\` begins an escape in JSON: write paths with `/`",
            ),
            (row(offset=-1), "`offset` must be seconds, found -1"),
            (row(offset="1"), "`offset` must be seconds, found '1'"),
            (row(offset=True), "`offset` must be seconds, found True"),
            (row(offset=float("nan")), "`offset` must be seconds, found nan"),
            (row(offset=0, duration=float("inf")), "`duration` must be seconds, found inf"),
            (row(offset=10**400), f"`offset` must be seconds, found {10**400}"),
            (row(offset=0, duration=0), "`duration` of a piece must be more than 0 seconds"),
            (row(language=5), "`language` must be text, found 5"),
            (row(id=["a"]), "`id` must be text or a number, found ['a']"),
            (row(speaker={}), "`speaker` must be text or a number, found {}"),
            (row(kind=[]), "`kind` must be text or a number, found []"),
            (row(snr_db="loud"), "`snr_db` must be decibels, found 'loud'"),
            (row(snr_db=float("nan")), "`snr_db` must be decibels, found nan"),
            (
                '{"audio_filepath": "one.wav", "text": "\\ud800"}',
                "half a surrogate pair (a broken \\u escape): not text",
            ),
        ],
    )
    def test_a_wrong_row_is_told_with_file_and_line(
        self, tmp_path: Path, change: dict[str, Any] | str, told: str
    ) -> None:
        manifest(tmp_path, [row("two.wav"), change])
        assert [problem.replace(str(tmp_path), "") for problem in refusal(tmp_path)] == [f"talk.jsonl:2: {told}"]

    def test_several_problems_are_told_at_once(self, tmp_path: Path) -> None:
        manifest(tmp_path, ["{", row(id="a"), row(text=""), row("two.wav", id="a")])
        assert refusal(tmp_path) == [
            "talk.jsonl:1: not JSON: Expecting property name enclosed in double quotes at column 2",
            f"talk.jsonl:3: {EMPTY}",
            "talk.jsonl:4: duplicate id `a` (first at talk.jsonl:2); give each line its own `id`",
        ]

    def test_many_problems_of_one_kind_are_counted(self, tmp_path: Path) -> None:
        manifest(tmp_path, ["{"] * 25)
        first, others = refusal(tmp_path)
        assert first.startswith("talk.jsonl:1: not JSON")
        assert others.startswith("... and the same on the lines 2, 3, 4, 5, ")
        assert others.endswith(" and 5 more")

    def test_a_few_are_told_one_by_one(self, tmp_path: Path) -> None:
        manifest(tmp_path, ["{"] * 3)
        assert len(refusal(tmp_path)) == 3

    def test_recordings_outside_of_the_folder_are_told_once_with_a_count(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row(f"/elsewhere/{i}.wav") for i in range(25)])
        told = refusal(tmp_path)
        assert "lies outside" in told[0]
        assert "set `audio_root` in talk.yaml to a folder that holds it" in told[0]
        assert told[-1] == "... and the same in 22 more"

    def test_keys_of_its_own_are_told_to_be_a_tables(self, tmp_path: Path) -> None:
        manifest(tmp_path, ['{"path": "one.wav", "transcript": "one"}'])
        (told,) = refusal(tmp_path)
        assert "`table: {path: ..., audio: path, text: transcript}` in place of `manifest`" in told

    def test_an_empty_manifest(self, tmp_path: Path) -> None:
        manifest(tmp_path, [""])
        assert refusal(tmp_path) == ["talk.jsonl: no utterances"]

    @pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
    def test_bytes_that_are_not_utf_8(self, tmp_path: Path, start: bytes) -> None:
        manifest(tmp_path, []).write_bytes(start + b'{"a": 1}\n\xff\n')
        with pytest.raises(DatasetError, match=r"talk\.jsonl:2: not UTF-8 text; save the file as UTF-8"):
            prepared(tmp_path)

    def test_no_manifest(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"no manifest .*talk\.jsonl \(named in .*talk\.yaml:1\)"):
            prepared(tmp_path)

    def test_a_manifest_that_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "fixtures/datasets/talk.jsonl").mkdir(parents=True)
        with pytest.raises(DatasetError, match=r"talk\.jsonl: can't be read: Is a directory"):
            prepared(tmp_path)


class TestPieces:
    def samples(self, folder: Path, **place: Any) -> int:
        manifest(folder, [row(**place)])
        return len(prepared(folder).utterances[0].samples(RATE))

    def test_offset_and_duration_cut_a_piece(self, tmp_path: Path) -> None:
        assert self.samples(tmp_path, offset=0.1, duration=0.2) == 3200

    def test_an_offset_alone_goes_to_the_end(self, tmp_path: Path) -> None:
        assert self.samples(tmp_path, offset=0.125) == 6000

    def test_a_duration_alone_cuts_from_the_beginning_as_in_nemo(self, tmp_path: Path) -> None:
        assert self.samples(tmp_path, duration=0.2) == 3200

    def test_pieces_of_one_file_are_told_apart_by_where_they_begin(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row(offset=0, duration=0.1), row(offset=0.1, duration=0.1)])
        assert [each.id for each in prepared(tmp_path).utterances] == ["one-0", "one-0.1"]

    def test_their_ids_are_the_same_in_every_order(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row(offset=start, duration=0.1) for start in (0.1, 0)])
        assert [each.id for each in prepared(tmp_path).utterances] == ["one-0.1", "one-0"]

    def test_a_single_piece_has_the_name_of_its_file(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row(offset=0.1, duration=0.1), row("two.wav", "two")])
        assert [each.id for each in prepared(tmp_path).utterances] == ["one", "two"]

    @pytest.mark.parametrize("starts", [(0.4, 0.4), (0, 0.1, 0.1)])
    def test_a_piece_that_is_there_twice_is_refused(self, tmp_path: Path, starts: tuple[float, ...]) -> None:
        manifest(tmp_path, [row(offset=start, duration=0.1) for start in starts])
        (told,) = refusal(tmp_path)
        assert f"duplicate id `one-{starts[-1]:g}` (first at talk.jsonl:{len(starts) - 1})" in told

    def test_a_piece_behind_the_end(self, tmp_path: Path) -> None:
        with pytest.raises(AudioError, match=r"utterance one: .*one\.wav: nothing left from 9\.0 s on"):
            self.samples(tmp_path, offset=9.0)


class TestFolder:
    source = "folder: talk"

    def test_each_recording_has_its_text_beside_it(self, tmp_path: Path) -> None:
        here = tmp_path / "fixtures/datasets/talk"
        tone(here / "b/one.WAV")
        tone(here / "a.flac")
        (here / "b/one.txt").write_text(" one\n", encoding="utf-8")
        (here / "a.txt").write_text("\ufeffa", encoding="utf-8")
        (here / "notes.md").write_text("not audio", encoding="utf-8")

        found = prepared(tmp_path, source=self.source).utterances
        assert [(u.id, u.text, u.language) for u in found] == [("a", "a", "en"), ("b/one", "one", "en")]

    @pytest.mark.parametrize("suffix", ["m4a", "webm", "g722"])
    def test_formats_of_ffmpeg(self, tmp_path: Path, suffix: str) -> None:
        here = tmp_path / "fixtures/datasets/talk"
        here.mkdir(parents=True)
        (here / f"a.{suffix}").write_bytes(encoded(sine(0.5, RATE), RATE, suffix))
        (here / "a.txt").write_text("a", encoding="utf-8")
        (found,) = prepared(tmp_path, source=self.source).utterances
        assert found.seconds == pytest.approx(0.5, abs=0.1)
        assert len(found.samples(RATE)) / RATE == pytest.approx(0.5, abs=0.1)

    def test_without_their_decoder_the_set_is_not_available(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = tmp_path / "fixtures/datasets/talk"
        tone(here / "a.m4a")  # what it holds is not looked at
        (here / "a.txt").write_text("a", encoding="utf-8")
        monkeypatch.setattr(ffmpeg, "absent", lambda: "PyAV is not installed; pip install it")
        with pytest.raises(Unavailable, match=r"data set talk .*\n.*a decoder: PyAV is not installed"):
            prepared(tmp_path, source=self.source)

    def test_what_is_wrong_is_told_for_every_file(self, tmp_path: Path) -> None:
        here = tmp_path / "fixtures/datasets/talk"
        for name in ("a.wav", "b.wav", "c.wav", "d.flac", "d.wav"):
            tone(here / name)
        (here / "b.txt").write_text(" \n", encoding="utf-8")
        (here / "c.txt").write_bytes(b"\xff")
        (here / "d.txt").write_text("d", encoding="utf-8")

        assert refusal(tmp_path, source=self.source) == [
            "talk/a.wav: no a.txt beside it with the reference",
            "talk/b.txt: an empty reference can't be scored; give its words or remove the clip",
            "talk/c.txt: not UTF-8 text; save the file as UTF-8",
            "talk/d.wav: duplicate id `d` (first at talk/d.flac); rename one of the files",
        ]

    def test_a_folder_without_audio(self, tmp_path: Path) -> None:
        (tmp_path / "fixtures/datasets/talk").mkdir(parents=True)
        (told,) = refusal(tmp_path, source=self.source)
        assert told.startswith("talk: no audio files (.3gp, .aac, .ac3, ")

    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"no folder .*talk \(named in .*talk\.yaml:1\)"):
            prepared(tmp_path, source=self.source)


class TestClips:
    def clips(self, sha256: str) -> str:
        return (
            "archives: {box: {folder: sounds}}\n"
            f"clips: [{{id: one, archive: box, member: deep/one.wav, sha256: {sha256}, text: One., speaker: anna}}]"
        )

    def test_out_of_a_local_folder(self, tmp_path: Path) -> None:
        sha256 = tone(tmp_path / "fixtures/datasets/sounds/deep/one.wav")
        (found,) = prepared(tmp_path, source=self.clips(sha256)).utterances
        assert (found.id, found.text, found.speaker, found.language) == ("one", "One.", "anna", "en")
        assert found.sound.identity == (sha256, 0.0, None)
        assert len(found.samples(RATE)) == 8000

    def test_a_recording_with_another_digest_is_refused(self, tmp_path: Path) -> None:
        sha256 = tone(tmp_path / "fixtures/datasets/sounds/deep/one.wav")
        tone(tmp_path / "fixtures/datasets/sounds/deep/one.wav", pitch=441)
        with pytest.raises(DigestMismatch, match=sha256):
            prepared(tmp_path, source=self.clips(sha256))

    def test_a_recording_that_is_nowhere(self, tmp_path: Path) -> None:
        with pytest.raises(Unavailable, match=r"one, sha256 0{63}a, could not be fetched"):
            prepared(tmp_path, source=self.clips("0" * 63 + "a"))


class TestFingerprint:
    rows = (row(speaker="anna"), row("two.wav", "two"))

    def fingerprint(self, folder: Path, rows: Sequence[dict[str, Any]]) -> str:
        manifest(folder, rows)
        return prepared(folder).fingerprint

    def test_the_same_data_elsewhere_have_the_same(self, tmp_path: Path) -> None:
        assert self.fingerprint(tmp_path / "a", self.rows) == self.fingerprint(tmp_path / "b", self.rows)

    @pytest.mark.parametrize(
        "rows",
        [
            pytest.param((row(text="One", speaker="anna"), rows[1]), id="text"),
            pytest.param((row(speaker="berta"), rows[1]), id="speaker"),
            pytest.param((row(speaker="anna", language="de"), rows[1]), id="language"),
            pytest.param((row(speaker="anna", id="1"), rows[1]), id="id"),
            pytest.param((row(speaker="anna", offset=0.1), rows[1]), id="piece"),
            pytest.param((rows[1], rows[0]), id="order"),
            pytest.param(rows[:1], id="number"),
        ],
    )
    def test_it_changes_with(self, tmp_path: Path, rows: Sequence[dict[str, Any]]) -> None:
        assert self.fingerprint(tmp_path / "a", self.rows) != self.fingerprint(tmp_path / "b", rows)

    def test_it_changes_with_the_audio(self, tmp_path: Path) -> None:
        before = self.fingerprint(tmp_path, self.rows)
        tone(tmp_path / "fixtures/datasets/one.wav", pitch=441)
        assert prepared(tmp_path).fingerprint != before

    def test_the_first_few_are_another_data_set(self, tmp_path: Path) -> None:
        manifest(tmp_path, self.rows)
        whole = prepared(tmp_path)
        assert [u.id for u in whole.first(1).utterances] == ["one"]
        assert whole.first(1).fingerprint != whole.fingerprint
        assert whole.first(None) is whole


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("language: en", "modellab"),
        ("", "modellab"),
        ("language: en\nnormalizer: none", "none"),
        ("language: ja\nnormalizer: open-asr", "open-asr"),
    ],
)
def test_the_scorer_is_the_specs_or_the_default(tmp_path: Path, change: str, name: str) -> None:
    manifest(tmp_path, [row()])
    assert prepared(tmp_path, **{"language: en": change}).rules.scorer == name
