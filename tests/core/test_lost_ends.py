"""Recordings that lost their end, or go on behind it: what is in them is read, or they are refused."""

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
import soundfile
from encoded import encoded, tone

from pytest_modellab.core import framed_audio, sound_headers
from pytest_modellab.core.audio import AudioError, decode, load, probe

RATE = 16_000
SECONDS = 3.0
LOST = r"truncated: .* s of the 3\.\d\d s its header states, \d\.\d\d s are lost|truncated: it ends within a"

CODED = ["m4a", "mov", "3gp", "aac", "webm", "mka", "opus", "mp3", "amr", "ac3", "eac3", "flv", "ts", "avi"]
# A bare stream of frames can be cut between two of them: nothing tells that there were more.
FRAMED = {"aac", "ac3", "eac3", "ts", "amr"}
# Without a header that states the length, and frames whose end is no loss that matters.
UNTOLD = {"mp3", "avi"}
HEADED = ["WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "NIST"]


def by_ffmpeg(suffix: str, *, piped: bool = False) -> bytes:
    rate = 8_000 if suffix in {"amr", "3gp"} else 48_000
    return encoded(tone(SECONDS, rate), rate, suffix, piped=piped)


def by_libsndfile(kind: str, subtype: str | None = None) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, tone(SECONDS, RATE), RATE, format=kind, subtype=subtype)
    return out.getvalue()


def seconds(data: bytes) -> float:
    return len(load(data, RATE)) / RATE


def wav(stated: Callable[[int], int]) -> bytes:
    """A WAV file whose header states another number of bytes of samples."""
    data = bytearray(by_libsndfile("WAV", "PCM_16"))
    place = data.index(b"data") + 4
    (size,) = struct.unpack_from("<I", data, place)
    struct.pack_into("<I", data, place, stated(size))
    return bytes(data)


class TestWhole:
    @pytest.mark.parametrize("suffix", CODED)
    def test_it_is_read_whole(self, suffix: str) -> None:
        data = by_ffmpeg(suffix)
        assert seconds(data) == pytest.approx(SECONDS, abs=0.1)
        assert probe(data) == pytest.approx(SECONDS, abs=0.1)
        assert decode(data).remark is None

    def test_of_windows_media(self) -> None:
        assert seconds(encoded(tone(SECONDS, 44_100), 44_100, "wma")) == pytest.approx(SECONDS, abs=0.1)

    @pytest.mark.parametrize("suffix", ["webm", "mka", "opus", "mp3", "flv", "avi"])
    def test_and_where_its_recorder_could_not_seek_back(self, suffix: str) -> None:
        data = by_ffmpeg(suffix, piped=True)
        assert seconds(data) == pytest.approx(SECONDS, abs=0.1)
        if suffix != "avi":  # FFmpeg estimates from a frame's size what a header doesn't state
            assert probe(data) == pytest.approx(SECONDS, abs=0.1)

    @pytest.mark.parametrize("kind", [*HEADED, "CAF", "VOC"])
    def test_of_libsndfile(self, kind: str) -> None:
        assert seconds(by_libsndfile(kind)) == SECONDS

    def test_a_wav_of_a_recorder_that_was_killed_states_0_bytes(self) -> None:
        data = wav(lambda size: 0)
        assert seconds(data) == probe(data) == SECONDS
        for read in (lambda data: load(data, RATE), probe):
            with pytest.raises(AudioError, match="holds no samples"):
                read(data[: data.index(b"data") + 8])

    def test_a_tag_before_and_behind_an_mp3(self) -> None:
        data = by_ffmpeg("mp3")
        assert seconds(data + b"TAG" + bytes(125)) == SECONDS
        assert seconds(b"ID3\4\0\0\0\0\1\0" + bytes(128) + data) == SECONDS

    def test_a_chunk_behind_samples_of_odd_length_that_are_not_padded(self) -> None:
        out = io.BytesIO()
        soundfile.write(out, tone(0.5, RATE)[:-1], RATE, format="WAV", subtype="PCM_U8")
        data = out.getvalue()[: 44 + RATE // 2 - 1] + b"note" + struct.pack("<I", 4000) + bytes(4000)
        assert len(load(data, RATE)) == RATE // 2 - 1


class TestLostEnd:
    @pytest.mark.parametrize("share", [0.52, 0.751, 0.97])
    @pytest.mark.parametrize("suffix", [each for each in CODED if each not in UNTOLD])
    def test_it_is_refused(self, suffix: str, share: float) -> None:
        data = by_ffmpeg(suffix)
        with pytest.raises(AudioError, match=LOST):
            load(data[: int(len(data) * share)], RATE)

    @pytest.mark.parametrize("suffix", ["mp3", "avi"])
    def test_of_formats_whose_header_counts(self, suffix: str) -> None:
        data = by_ffmpeg(suffix)
        with pytest.raises(AudioError, match="truncated"):
            load(data[: len(data) * 3 // 4], RATE)

    @pytest.mark.parametrize("suffix", ["webm", "mka", "flv", "opus"])
    def test_and_where_its_recorder_could_not_seek_back(self, suffix: str) -> None:
        data = by_ffmpeg(suffix, piped=True)
        with pytest.raises(AudioError, match=LOST):
            load(data[: len(data) * 3 // 4], RATE)

    def test_the_seconds_that_are_lost_are_told(self) -> None:
        data = by_ffmpeg("webm")
        with pytest.raises(AudioError, match=r"truncated: 2\.\d\d s of the 3\.0\d s its header states, 0\.\d\d s are"):
            load(data[: len(data) * 3 // 4], RATE)

    @pytest.mark.parametrize("kind", HEADED)
    def test_of_libsndfile(self, kind: str) -> None:
        data = by_libsndfile(kind)
        with pytest.raises(
            AudioError, match=r"truncated: its header promises \d+ bytes more \(0\.7\d s\) than it holds"
        ):
            load(data[: len(data) * 3 // 4], RATE)

    @pytest.mark.parametrize(("kind", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("CAF", None), ("FLAC", None)])
    def test_of_libsndfile_coded(self, kind: str, subtype: str | None) -> None:
        data = by_libsndfile(kind, subtype)
        with pytest.raises(AudioError, match=r"truncated|malformed"):
            load(data[: len(data) * 3 // 4], RATE)

    def test_an_ogg_that_ends_with_a_whole_page_that_is_not_the_last_is_remarked(self) -> None:
        data = by_libsndfile("OGG", "OPUS")
        found = decode(data[: data.rindex(b"OggS")])
        assert found.seconds < SECONDS
        assert (
            found.remark == "its last page isn't marked as the last: it was perhaps cut off, and what follows is lost"
        )

    def test_an_mp3_without_a_count_that_ends_within_a_frame_is_remarked(self) -> None:
        data = by_ffmpeg("mp3", piped=True)
        found = decode(data[: len(data) * 3 // 4])
        assert found.remark == "it ends within a frame: it was perhaps cut off, and what follows is lost"


class TestOnEnd:
    @pytest.mark.parametrize("suffix", ["mp3", "opus", "webm", "mka", "m4a", "flv", "aac", "ac3", "ts"])
    def test_two_files_are_read_as_one(self, suffix: str) -> None:
        data = by_ffmpeg(suffix)
        assert seconds(data + data) == pytest.approx(2 * SECONDS, abs=0.1)

    @pytest.mark.parametrize(("kind", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("FLAC", None), ("MP3", None)])
    def test_of_libsndfile(self, kind: str, subtype: str | None) -> None:
        data = by_libsndfile(kind, subtype)
        assert seconds(data + data + data) == pytest.approx(3 * SECONDS, abs=0.1)

    @pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF", "AU", "NIST"])
    def test_what_libsndfile_would_pass_over_is_refused(self, kind: str) -> None:
        data = by_libsndfile(kind)
        with pytest.raises(AudioError, match=r"its header tells of 3\.00 s, and 3\.0\d s more follow"):
            load(data + data, RATE)

    def test_a_second_one_that_lost_its_end(self) -> None:
        data = by_ffmpeg("opus")
        with pytest.raises(AudioError, match="truncated: it ends within a page"):
            load(data + data[: len(data) // 2], RATE)

    def test_of_another_rate(self) -> None:
        other = encoded(tone(1.0, 22_050), 22_050, "mp3")
        with pytest.raises(AudioError, match="2 files on end, of several sampling rates"):
            load(by_ffmpeg("mp3") + other, RATE)

    def test_frames_behind_those_that_an_mp3_counts(self) -> None:
        data = bytearray(by_ffmpeg("mp3"))
        place = data.index(b"Info" if b"Info" in data else b"Xing") + 8
        struct.pack_into(">I", data, place, struct.unpack_from(">I", data, place)[0] // 2)
        with pytest.raises(AudioError, match=r"its header tells of 1\.5\d s, and 1\.5\d s more follow"):
            load(bytes(data), RATE)

    def test_a_header_of_half_of_the_samples(self) -> None:
        with pytest.raises(AudioError, match=r"its header tells of 1\.50 s, and 1\.50 s more follow that nobody"):
            load(wav(lambda size: size // 2), RATE)


def test_half_a_header_says_nothing() -> None:
    for data in (b"", b"RIFF", b"RIFF\0\0\0\0WAVEfmt ", b".snd\0", b"NIST_1A\n", b"FORM\0\0\0\0AIFFCOMM", b"riff"):
        assert sound_headers.sample_bytes(data) is None
        assert sound_headers.completed(data) == data
    for data in (
        b"OggS",
        b"\x1aE\xdf\xa3",
        b"\0\0\0\x20ftyp",
        b"FLV\x01",
        b"#!AMR\n",
        b"\xff\xfb\x90\0",
        b"\x0bw",
        b"",
    ):
        assert framed_audio.files_on_end(data) == [data]
        framed_audio.lost_end(data)
        framed_audio.unfinished(data)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_bytes_never_break_the_reader(seed: int) -> None:
    random = np.random.default_rng(seed)
    for data in (by_ffmpeg(CODED[seed % len(CODED)]), by_libsndfile(HEADED[seed % len(HEADED)])):
        damaged = bytearray(data)
        for place in random.integers(0, min(len(data), 2000), 20):
            damaged[place] = int(random.integers(256))
        try:
            load(bytes(damaged), RATE)
        except AudioError:
            continue
