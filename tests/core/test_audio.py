import io
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from pytest_modellab.core.audio import AudioError, check, load

Floats = npt.NDArray[np.float64]


def sine(rate: int = 16_000, *, seconds: float = 1.0, hertz: float = 440.0, peak: float = 0.5) -> Floats:
    """Shape (n,)."""
    time: Floats = np.arange(round(rate * seconds)) / rate
    return peak * np.sin(2 * np.pi * hertz * time)


def encoded(samples: Floats, rate: int = 16_000, *, kind: str = "WAV", subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind, subtype=subtype)
    return file.getvalue()


def strongest_hertz(samples: npt.NDArray[np.float32], rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * rate / len(samples))


def test_16_bit_at_the_wanted_rate_is_read_exactly() -> None:
    levels = np.array([0, 1, -1, 16384, -16384, 32767, -32768], dtype=np.int16)
    file = io.BytesIO()
    soundfile.write(file, levels, 16_000, format="WAV", subtype="PCM_16")
    samples = load(file.getvalue(), 16_000)
    assert samples.dtype == np.float32
    assert np.array_equal(samples, levels / np.float32(32768))


@pytest.mark.parametrize(
    ("kind", "subtype", "tolerance"),
    [
        ("WAV", "PCM_U8", 1 / 120),
        ("WAV", "PCM_16", 1 / 32_000),
        ("WAV", "PCM_24", 1e-6),
        ("WAV", "PCM_32", 1e-6),
        ("WAV", "FLOAT", 1e-6),
        ("WAV", "DOUBLE", 1e-6),
        ("WAV", "ULAW", 0.02),
        ("WAVEX", "PCM_16", 1 / 32_000),
        ("RF64", "PCM_16", 1 / 32_000),
        ("AIFF", "PCM_16", 1 / 32_000),
        ("FLAC", "PCM_16", 1 / 32_000),
        ("FLAC", "PCM_24", 1e-6),
        ("OGG", "VORBIS", 0.05),
    ],
)
def test_every_width_and_container(kind: str, subtype: str, tolerance: float) -> None:
    wave = sine()
    samples = load(encoded(wave, kind=kind, subtype=subtype), 16_000)
    assert samples.shape == (16_000,)
    assert np.abs(samples - wave).max() <= tolerance


@pytest.mark.parametrize("native", [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000])
@pytest.mark.parametrize("wanted", [8_000, 16_000, 24_000])
def test_a_sine_keeps_its_frequency_level_and_length(native: int, wanted: int) -> None:
    samples = load(encoded(sine(native), native), wanted)
    assert samples.shape == (wanted,)
    assert samples.dtype == np.float32
    assert strongest_hertz(samples, wanted) == 440.0
    assert np.abs(samples[wanted // 4 : -wanted // 4]).max() == pytest.approx(0.5, abs=0.01)


def test_resampling_does_not_fold_high_tones_down() -> None:
    assert np.abs(load(encoded(sine(48_000, hertz=11_000.0), 48_000), 16_000)[2000:-2000]).max() < 1e-3


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_channels_are_averaged(channels: int) -> None:
    wave = np.zeros((16_000, channels))
    wave[:, 0] = sine()
    samples = load(encoded(wave), 16_000)
    assert samples.shape == (16_000,)
    assert np.abs(samples - sine() / channels).max() < 1e-4


def test_a_path_reads_as_its_bytes_do_whatever_its_suffix(tmp_path: Path) -> None:
    # soundfile takes ".raw" in a name for headerless samples.
    path = tmp_path / "clip.raw"
    path.write_bytes(encoded(sine()))
    assert np.array_equal(load(path, 16_000), load(path.read_bytes(), 16_000))


def test_more_than_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_modellab.core.audio.BLOCK_FRAMES", 1000)
    assert np.abs(load(encoded(sine(), kind="FLAC"), 16_000) - sine()).max() < 1e-4


def test_float_samples_past_full_scale_are_clipped_to_it() -> None:
    samples = load(encoded(sine(peak=1.5), subtype="FLOAT"), 16_000)
    assert samples.max() == 1.0
    assert samples.min() == -1.0


def test_resampling_full_scale_stays_in_range() -> None:
    square = np.sign(sine(44_100, hertz=441.0, peak=1.0) + 1e-9)
    assert np.abs(load(encoded(square, 44_100), 16_000)).max() <= 1.0


def test_integers_saved_as_floats_are_refused() -> None:
    with pytest.raises(AudioError, match="integers saved as floats"):
        load(encoded(sine(peak=32_767.0), subtype="FLOAT"), 16_000)


class TestErrors:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(AudioError, match=r"absent\.wav: no such file; check the path"):
            load(tmp_path / "absent.wav", 16_000)

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(AudioError, match="cannot be read"):
            load(tmp_path, 16_000)

    @pytest.mark.parametrize("junk", [b"", b"RIFF", b"<html>404 Not Found</html>" * 100])
    def test_not_audio(self, junk: bytes) -> None:
        with pytest.raises(AudioError, match="not audio"):
            load(junk, 16_000)

    def test_a_name_given_is_the_name_used(self) -> None:
        with pytest.raises(AudioError, match=r"^smoke/jfk: not audio"):
            load(b"junk", 16_000, name="smoke/jfk")

    @pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG"])
    def test_a_header_cut_short(self, kind: str) -> None:
        with pytest.raises(AudioError, match="not audio"):
            load(encoded(sine(), kind=kind)[:30], 16_000)

    @pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
    def test_an_end_cut_off(self, kind: str) -> None:
        whole = encoded(sine(seconds=3.0), kind=kind)
        assert load(whole, 16_000).shape == (48_000,)
        with pytest.raises(AudioError, match=r"truncated|whole audio file"):
            load(whole[: len(whole) // 2], 16_000)

    def test_a_wav_that_lacks_samples_says_how_many_bytes(self) -> None:
        # libsndfile reads what is there without a word, and WER would count the lost speech as deletions.
        with pytest.raises(AudioError, match="truncated: its header promises 1000 bytes more"):
            load(encoded(sine())[:-1000], 16_000)

    def test_chunks_before_and_after_the_samples_are_passed_over(self) -> None:
        whole = encoded(sine())
        start = whole.index(b"data")
        note = b"note" + struct.pack("<I", 3) + b"abc\0"  # an odd size is padded
        assert load(whole[:start] + note + whole[start:] + note, 16_000).shape == (16_000,)

    @pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF])
    def test_a_piped_wav_states_no_length(self, size: int) -> None:
        whole = bytearray(encoded(sine()))
        struct.pack_into("<I", whole, whole.index(b"data") + 4, size)
        assert load(bytes(whole), 16_000).shape == (16_000,)

    def test_a_corrupt_middle(self) -> None:
        whole = bytearray(encoded(sine(seconds=10.0), kind="FLAC"))
        whole[len(whole) // 2 : len(whole) // 2 + 400] = bytes(400)
        with pytest.raises(AudioError, match="truncated, corrupt"):
            load(bytes(whole), 16_000)

    def test_a_header_that_promises_billions_takes_no_memory(self) -> None:
        whole = bytearray(encoded(sine(), kind="FLAC"))
        whole[21] |= 0x0F  # STREAMINFO's 36-bit sample count, from the low half of byte 21 on
        whole[22:26] = b"\xff" * 4
        with pytest.raises(AudioError, match="truncated"):
            load(bytes(whole), 16_000)

    @pytest.mark.parametrize("kind", ["WAV", "FLAC"])
    def test_zero_length(self, kind: str) -> None:
        with pytest.raises(AudioError, match=r"no samples|not audio"):
            load(encoded(np.zeros(0), kind=kind), 16_000)

    def test_too_short_to_resample(self) -> None:
        with pytest.raises(AudioError, match="1 samples at 48000 Hz leave none at 8000 Hz"):
            load(encoded(np.zeros(1), 48_000), 8_000)

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_samples_that_are_not_finite(self, bad: float) -> None:
        wave = sine()
        wave[100] = bad
        with pytest.raises(AudioError, match="NaN or infinite"):
            load(encoded(wave, subtype="FLOAT"), 16_000)

    def test_a_rate_that_is_not_one(self) -> None:
        with pytest.raises(ValueError, match="must be positive"):
            load(encoded(sine()), 0)


def kinds(wave: Floats, text: str | None = None, rate: int = 16_000) -> list[str]:
    return [finding.kind for finding in check(wave.astype(np.float32), rate, text)]


class TestCheck:
    def test_a_good_clip(self) -> None:
        assert kinds(sine(seconds=3.0), "ask not what your country can do") == []

    def test_clipping(self) -> None:
        clipped = np.clip(sine(peak=1.5), -1.0, 1.0)
        (finding,) = check(clipped.astype(np.float32), 16_000)
        assert finding.kind == "clipping"
        assert "clipped at full scale" in finding.message

    @pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "FLOAT"])
    @pytest.mark.parametrize("native", [16_000, 44_100])
    def test_clipping_is_seen_in_every_width_and_after_resampling(self, subtype: str, native: int) -> None:
        clipped = np.clip(sine(native, peak=2.0, hertz=200.0), -1.0, 1.0)
        samples = load(encoded(clipped, native, subtype=subtype), 16_000)
        assert [finding.kind for finding in check(samples, 16_000)] == ["clipping"]

    @pytest.mark.parametrize("native", [16_000, 44_100])
    def test_a_voice_that_touches_full_scale_is_not_clipped(self, native: int) -> None:
        voice = np.sum([sine(native, hertz=110.0 * n, peak=1 / n) for n in range(1, 20)], axis=0)
        voice *= 0.6 + 0.4 * sine(native, hertz=3.0, peak=1.0)
        samples = load(encoded(voice / np.abs(voice).max(), native), 16_000)
        assert np.abs(samples).max() > 0.99
        assert check(samples, 16_000) == []

    def test_one_clipped_plosive_is_forgiven(self) -> None:
        wave = sine(seconds=3.0)
        wave[1000:1010] = 1.0
        assert kinds(wave) == []

    @pytest.mark.parametrize("peak", [0.0, 1e-4])
    def test_silence(self, peak: float) -> None:
        assert kinds(sine(peak=peak)) == ["silence"]

    def test_a_click_among_silence(self) -> None:
        wave = np.zeros(160_000)
        wave[500] = 0.3
        assert kinds(wave) == ["silence"]

    def test_quiet_speech_is_not_silence(self) -> None:
        assert kinds(sine(peak=0.01)) == []

    @pytest.mark.parametrize("offset", [0.05, -0.05])
    def test_dc_offset(self, offset: float) -> None:
        assert kinds(sine() + offset) == ["dc_offset"]

    def test_every_finding_at_once(self) -> None:
        assert kinds(np.ones(16_000), "a" * 100) == ["clipping", "dc_offset", "duration"]

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("ask not what your country can do for you, ask what you can do", 1.0),
            ("yes", 20.0),
            ("猫", 10.0),
        ],
    )
    def test_an_implausible_duration(self, text: str, seconds: float) -> None:
        assert kinds(sine(seconds=seconds), text) == ["duration"]

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("ask not what your country can do for you", 3.0),
            ("yes", 4.0),
            ("今天天气很好我们去公园吧", 3.0),
            ("e\u0301" * 20, 1.0),
            ("", 60.0),
            ("...", 60.0),
            (None, 60.0),
        ],
    )
    def test_a_plausible_duration(self, text: str | None, seconds: float) -> None:
        assert kinds(sine(seconds=seconds), text) == []

    def test_a_clip_shorter_than_a_run(self) -> None:
        assert kinds(np.array([0.5, -0.5])) == []
