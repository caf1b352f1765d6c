"""Recordings that libsndfile can't read: headerless G.722, and the containers of phones and browsers."""

from pathlib import Path

import numpy as np
import pytest
from encoded import encoded, tone

from pytest_modellab.catalog.datasets.recording import FileRecording
from pytest_modellab.core import ffmpeg
from pytest_modellab.core.audio import AudioError, load, probe

RATE = 16_000
BY_CONTAINER = ["m4a", "aac", "webm"]


def spectral_peak(samples: np.ndarray, rate: int) -> float:
    """The strongest frequency, in Hz."""
    return float(np.abs(np.fft.rfft(samples)).argmax() * rate / len(samples))


class TestG722:
    def test_it_is_decoded_by_its_name_to_the_tone_it_was(self, tmp_path: Path) -> None:
        path = tmp_path / "a.g722"
        path.write_bytes(encoded(tone(1.0, RATE), RATE, "g722"))
        assert probe(path, "g722") == pytest.approx(1.0, abs=0.01)
        samples = load(path, RATE, form="g722")
        assert samples.dtype == np.float32
        assert len(samples) == RATE
        assert spectral_peak(samples, RATE) == pytest.approx(440, abs=2)
        assert np.abs(samples[RATE // 2 :]).max() == pytest.approx(0.3, abs=0.02)

    def test_its_format_is_part_of_what_a_recording_is(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_bytes(encoded(tone(0.5, RATE), RATE, "g722"))
        recording = FileRecording(path, "a" * 64, form="g722")
        assert recording.identity == ("a" * 64, 0.0, None, "g722")
        assert FileRecording(path, "a" * 64).identity == ("a" * 64, 0.0, None)
        assert len(recording.samples(RATE)) == RATE // 2
        assert recording.seconds == pytest.approx(0.5, abs=0.01)

    def test_no_bytes_are_no_samples(self) -> None:
        with pytest.raises(AudioError, match=r"a clip: (holds no samples|can't be decoded as g722)"):
            load(b"", RATE, name="a clip", form="g722")

    @pytest.mark.parametrize(("name", "form"), [("a/b.g722", "g722"), ("B.G722", "g722"), ("a.wav", None)])
    def test_the_suffix_tells_the_format(self, name: str, form: str | None) -> None:
        assert ffmpeg.format_of(name) == form


@pytest.mark.parametrize("suffix", BY_CONTAINER)
class TestContainers:
    def test_it_is_told_by_its_bytes(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / "no-suffix"
        path.write_bytes(encoded(tone(1.0, 48_000), 48_000, suffix))
        assert probe(path) == pytest.approx(1.0, abs=0.05)
        samples = load(path, RATE)
        # Coders add some padding at either end.
        assert len(samples) / RATE == pytest.approx(1.0, abs=0.05)
        assert spectral_peak(samples, RATE) == pytest.approx(440, abs=2)

    def test_a_broken_one_is_told(self, suffix: str) -> None:
        data = encoded(tone(1.0, 48_000), 48_000, suffix)
        with pytest.raises(AudioError, match=r"a clip: (can't be decoded|holds no samples)"):
            load(data[:16], RATE, name="a clip")

    def test_without_pyav_the_message_says_what_to_install(
        self, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "a"
        path.write_bytes(encoded(tone(0.1, 48_000), 48_000, suffix))
        monkeypatch.setattr(ffmpeg, "absent", lambda: "PyAV is not installed; pip install 'pytest-modellab[data]'")
        for read in (lambda: load(path, RATE), lambda: probe(path)):
            with pytest.raises(AudioError, match=r"a: can't be decoded: PyAV is not installed; pip install"):
                read()


def test_channels_are_averaged() -> None:
    left = np.stack([tone(0.5, 48_000), np.zeros(24_000, np.float32)])
    import io

    import av

    out = io.BytesIO()
    with av.open(out, "w", format="webm") as opened:
        stream = opened.add_stream("libopus", rate=48_000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(left, format="fltp", layout="stereo")
        frame.rate = 48_000
        for packets in (stream.encode(frame), stream.encode(None)):
            opened.mux(packets)
    samples = load(out.getvalue(), RATE)
    assert np.abs(samples[RATE // 8 : RATE // 4]).max() == pytest.approx(0.15, abs=0.03)


def test_a_film_without_sound() -> None:
    import io

    import av

    out = io.BytesIO()
    with av.open(out, "w", format="webm") as opened:
        stream = opened.add_stream("libvpx", rate=25)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        opened.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        opened.mux(stream.encode(None))
    with pytest.raises(AudioError, match="it holds no audio"):
        load(out.getvalue(), RATE)


def test_mp3_and_wav_stay_with_libsndfile() -> None:
    assert not any(map(ffmpeg.is_container, (b"RIFF....WAVE", b"\xff\xfb\x90", b"ID3\x04", b"fLaC", b"OggS", b"")))
