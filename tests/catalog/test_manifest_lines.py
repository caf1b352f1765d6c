"""Lines of manifests as other tools write them, and what they mean there."""

import hashlib
import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from manifests import RATE, manifest, prepared, row, tone

from pytest_modellab.catalog.datasets import Dataset, DatasetError
from pytest_modellab.catalog.datasets.manifest_line import near_miss
from pytest_modellab.catalog.datasets.utterance import Utterance
from pytest_modellab.core.audio import AudioError

HERE = "fixtures/datasets"


def one(folder: Path, seconds: Any = 2.0, **line: Any) -> Utterance:
    """The utterance of a manifest of one line, of a file of so many seconds."""
    return whole(folder, seconds, **line).utterances[0]


def whole(folder: Path, seconds: float = 2.0, **line: Any) -> Dataset:
    manifest(folder, [row("a.wav", **line)])
    tone(folder / HERE / "a.wav", seconds)
    return prepared(folder)


class TestNemo:
    def test_duration_without_offset_cuts_from_the_beginning(self, tmp_path: Path) -> None:
        cut = one(tmp_path, 17.8, duration=2.835)
        assert len(cut.samples(RATE)) == round(2.835 * RATE)
        assert cut.seconds == 2.835
        assert np.array_equal(cut.samples(RATE), one(tmp_path, 17.8).samples(RATE)[: round(2.835 * RATE)])

    def test_a_duration_longer_than_the_file_is_refused_with_both(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"talk\.jsonl:1: `duration` is 99\.00 s, but .*a\.wav has 2\.00 s"):
            one(tmp_path, 2.0, duration=99.0)

    @pytest.mark.parametrize("duration", [2.0, 1.95, 2.05, 2, 0, None])
    def test_the_rounded_duration_of_the_whole_file_cuts_nothing(self, tmp_path: Path, duration: float | None) -> None:
        assert one(tmp_path, 2.0, duration=duration).sound.identity[1:] == (0.0, None)

    def test_a_duration_of_several_files_on_end_is_theirs(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row("two.mp3", duration=6.0), row("two.mp3", id="cut", duration=4.0)])
        soundfile.write(tmp_path / HERE / "one.mp3", np.zeros(3 * RATE), RATE, format="MP3")
        (tmp_path / HERE / "two.mp3").write_bytes((tmp_path / HERE / "one.mp3").read_bytes() * 2)
        both, cut = prepared(tmp_path).utterances
        assert (len(both.samples(RATE)), len(cut.samples(RATE))) == (6 * RATE, 4 * RATE)

    def test_lang_is_a_language(self, tmp_path: Path) -> None:
        assert one(tmp_path, lang="de").language == "de"

    def test_lang_and_language_that_say_the_same(self, tmp_path: Path) -> None:
        assert one(tmp_path, lang="deu", language="de").language == "de"

    def test_and_that_do_not(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"talk\.jsonl:1: `language` is en and `lang` de: leave one of them out"):
            one(tmp_path, lang="de", language="en")

    def test_a_json_array_is_told_as_one_in_one_message(self, tmp_path: Path) -> None:
        lines = json.dumps([row("a.wav"), row()], indent=1).splitlines()
        for text in (lines, ['[{"audio_filepath": "a.wav", "text": "..."}]'], ["[", "]"]):
            manifest(tmp_path, text)
            with pytest.raises(DatasetError) as wrong:
                prepared(tmp_path)
            (message,) = str(wrong.value).splitlines()
            assert "talk.jsonl: a JSON array, where one object a line is wanted" in message


class TestLanguages:
    @pytest.mark.parametrize(
        ("tag", "canonical"), [("eng", "en"), ("jpn", "ja"), ("EN_gb", "en-GB"), ("cmn", "zh"), ("pt-BR", "pt-BR")]
    )
    def test_a_tag_is_kept_canonical(self, tmp_path: Path, tag: str, canonical: str) -> None:
        assert one(tmp_path, language=tag).language == canonical

    @pytest.mark.parametrize(("key", "tag", "meant"), [("language", "english", "en"), ("lang", "germn", "de")])
    def test_what_is_none_is_refused_with_the_near_match(self, tmp_path: Path, key: str, tag: str, meant: str) -> None:
        with pytest.raises(DatasetError, match=rf"talk\.jsonl:1: `{key}`: `{tag}` is no .*; did you mean `{meant}`\?"):
            one(tmp_path, **{key: tag})

    def test_that_of_the_set_is_kept_canonical(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row()])
        assert prepared(tmp_path, **{"language: en": "language: deu"}).utterances[0].language == "de"


class TestAttributes:
    def test_other_keys_are_attributes(self, tmp_path: Path) -> None:
        found = one(tmp_path, gender="f", accent="scottish", age="40-49", room=3, gain=0.5, native=True)
        assert found.attributes == {
            "gender": "f",
            "accent": "scottish",
            "age": "40-49",
            "room": "3",
            "gain": "0.5",
            "native": "true",
        }

    def test_what_is_no_short_text_is_none(self, tmp_path: Path) -> None:
        found = one(tmp_path, words=["a"], more={"a": 1}, nothing=None, empty=" ", long="x" * 201)
        assert found.attributes == {}

    def test_a_misspelt_key_is_named_once_with_what_was_meant(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row(spekaer="ann"), row("two.wav", spekaer="bob", gender="f")])
        data = prepared(tmp_path)
        assert data.utterances[0].speaker is None
        assert data.utterances[0].attributes == {"spekaer": "ann"}
        assert data.notes == (
            "talk.jsonl: `spekaer` means nothing here, and is kept as an attribute of 2 utterances;"
            " did you mean `speaker`?",
        )

    @pytest.mark.parametrize(
        ("key", "meant"),
        [
            ("spekaer", "speaker"),
            ("speaker_id", "speaker"),
            ("langauge", "language"),
            ("durration", "duration"),
            ("ofset", "offset"),
            ("chanel", "channel"),
            ("gender", None),
            ("accent", None),
            ("age", None),
            ("device", None),
            ("speaker", None),
        ],
    )
    def test_near_misses(self, key: str, meant: str | None) -> None:
        assert near_miss(key) == meant

    def test_half_a_surrogate_pair_is_refused_in_any_of_them(self, tmp_path: Path) -> None:
        manifest(tmp_path, ['{"audio_filepath": "one.wav", "text": "one", "accent": "\\ud800"}'])
        with pytest.raises(DatasetError, match=r"talk\.jsonl:1: half a surrogate pair"):
            prepared(tmp_path)


class TestNames:
    @pytest.mark.parametrize(("written", "on_disk"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFC", "NFC")])
    @pytest.mark.parametrize("name", ["é.wav", "für/Anaïs.wav", "が.wav"])
    def test_letters_with_marks_are_the_same_however_composed(
        self, tmp_path: Path, name: str, written: Any, on_disk: Any
    ) -> None:
        manifest(tmp_path, [row(unicodedata.normalize(written, name))])
        tone(tmp_path / HERE / unicodedata.normalize(on_disk, name), 1.0)
        assert prepared(tmp_path).utterances[0].seconds == 1.0

    def test_of_a_folder_the_text_beside_it(self, tmp_path: Path) -> None:
        folder = tmp_path / HERE / "talk"
        tone(folder / unicodedata.normalize("NFD", "é.wav"))
        (folder / unicodedata.normalize("NFC", "é.txt")).write_text("one")
        assert prepared(tmp_path, source="folder: talk").utterances[0].text == "one"

    def test_a_link_out_of_the_root_is_refused_all_the_same(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row("é.wav")])
        tone(tmp_path / "elsewhere.wav")
        (tmp_path / HERE / unicodedata.normalize("NFD", "é.wav")).symlink_to(tmp_path / "elsewhere.wav")
        with pytest.raises(DatasetError, match="lies outside"):
            prepared(tmp_path)

    def test_what_is_nowhere_is_named_as_it_was_written(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row("é/a.wav")])
        with pytest.raises(DatasetError, match=r"no audio file .*é/a\.wav"):
            prepared(tmp_path)


class TestSilence:
    @pytest.mark.parametrize("text", ["", "  "])
    def test_a_recording_in_which_nobody_speaks(self, tmp_path: Path, text: str) -> None:
        found = one(tmp_path, text=text, kind="silence")
        assert (found.text, found.kind) == ("", "silence")

    def test_without_a_kind_it_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"an empty reference can't be scored; .* say so by a `kind`"):
            one(tmp_path, text="")


class TestChannels:
    def stereo(self, folder: Path, *lines: dict[str, Any], **changes: str) -> Dataset:
        manifest(folder, lines)
        path = folder / HERE / "calls.wav"
        soundfile.write(path, np.stack([np.full(RATE, 0.5), np.full(RATE, -0.25)], axis=1), RATE)
        return prepared(folder, **changes)

    def test_one_of_each_line(self, tmp_path: Path) -> None:
        lines = [row("calls.wav", id=str(n), channel=n) for n in (0, 1)]
        left, right = self.stereo(tmp_path, *lines).utterances
        assert np.allclose(left.samples(RATE), 0.5, atol=1e-4)
        assert np.allclose(right.samples(RATE), -0.25, atol=1e-4)
        assert left.sound.identity != right.sound.identity

    def test_one_of_the_whole_set_unless_a_line_says_another(self, tmp_path: Path) -> None:
        lines = [row("calls.wav"), row("calls.wav", id="b", channel=0)]
        first, second = self.stereo(tmp_path, *lines, **{"language: en": "language: en\nchannel: 1"}).utterances
        assert np.allclose(first.samples(RATE), -0.25, atol=1e-4)
        assert np.allclose(second.samples(RATE), 0.5, atol=1e-4)

    def test_without_the_key_the_mean_of_all(self, tmp_path: Path) -> None:
        (found,) = self.stereo(tmp_path, row("calls.wav")).utterances
        assert np.allclose(found.samples(RATE), 0.125, atol=1e-4)

    def test_one_that_is_not_there(self, tmp_path: Path) -> None:
        (found,) = self.stereo(tmp_path, row("calls.wav", channel=2)).utterances
        with pytest.raises(AudioError, match=r"calls\.wav: no channel 2: it has 2 channels, counted from 0"):
            found.samples(RATE)

    @pytest.mark.parametrize("wrong", [-1, 0.5, True, "left"])
    def test_what_is_none(self, tmp_path: Path, wrong: Any) -> None:
        with pytest.raises(DatasetError, match="`channel` must be a whole number from 0 on"):
            self.stereo(tmp_path, row("calls.wav", channel=wrong))

    def test_it_goes_with_files_alone(self, tmp_path: Path) -> None:
        from pytest_modellab.catalog import CatalogError

        with pytest.raises(CatalogError, match=r"`channel` goes with `clips`, .* or `table`, not with `made`"):
            prepared(tmp_path, source="made: [{id: a, sound: silence, seconds: 1}]\nchannel: 0")


def test_the_fingerprint_of_a_set_without_these_keys_is_what_it_was(tmp_path: Path) -> None:
    manifest(
        tmp_path,
        [
            row(speaker="anna", duration=0.5),
            row("two.wav", "zwei", language="de", offset=0.1, duration=0.2, kind="read", snr_db=5),
        ],
    )
    digests = [hashlib.sha256((tmp_path / HERE / name).read_bytes()).hexdigest() for name in ("one.wav", "two.wav")]
    rows = [
        ["one", "one", "anna", "en", digests[0], 0.0, None],
        ["two", "zwei", None, "de", digests[1], 0.1, 0.2],
    ]
    assert prepared(tmp_path).fingerprint == hashlib.sha256(json.dumps(rows).encode()).hexdigest()
