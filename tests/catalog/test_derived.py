"""Derived sets: noise at a stated ratio, rooms, telephones, joined recordings; the same samples every time."""

import json
from pathlib import Path

import numpy as np
import pytest
from catalogs import write_catalog
from encoded import tone
from manifests import manifest, row

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.catalog.datasets import Dataset, DatasetError, degraded, prepare

RATE = degraded.RATE


def power(signal: np.ndarray) -> float:
    return float(np.mean(np.asarray(signal, dtype=np.float64) ** 2))


def db(ratio: float) -> float:
    return float(10 * np.log10(ratio + 1e-30))


def share(signal: np.ndarray, low: float, high: float, rate: int = RATE) -> float:
    """The part of a signal's energy between two frequencies."""
    spectrum = np.abs(np.fft.rfft(signal)) ** 2
    at = np.fft.rfftfreq(len(signal), 1 / rate)
    return float(spectrum[(at >= low) & (at < high)].sum() / spectrum.sum())


def derive_yaml(derive: str, source: str = "talk", language: str = "language: en\n", name: str = "made") -> str:
    return (
        f"schema: modellab.dataset/1\nid: {name}\ntasks: [asr]\ntiers: [real_e2e]\n{language}"
        f"derive:\n  from: {source}\n{derive}"
    )


def derived(folder: Path, derive: str, rows: list[dict[str, object]] | None = None) -> Dataset:
    """The set `made` of what `derive` says, from the set `talk`: two tones of half a second."""
    manifest(folder, rows or [row(speaker="anna", kind="read"), row("two.wav", "two", speaker="anna", kind="read")])
    catalog = load(write_catalog(folder / "fixtures", files={"datasets/made.yaml": derive_yaml(derive)}))
    return prepare(catalog.datasets["made"], catalog, Store(folder / "cache", progress=False))


def samples(dataset: Dataset, rate: int = RATE) -> list[np.ndarray]:
    return [utterance.samples(rate) for utterance in dataset.utterances]


class TestFormulas:
    random = staticmethod(lambda: np.random.default_rng(7))

    @pytest.mark.parametrize("snr_db", [-5.0, 0.0, 5.0, 20.0])
    @pytest.mark.parametrize("colour", ["white", "pink"])
    def test_noise_is_at_the_ratio_that_is_asked_for(self, colour: str, snr_db: float) -> None:
        speech = tone(2.0, RATE).astype(np.float64)
        noise = getattr(degraded, colour)(len(speech), self.random())
        added = degraded.mixed(speech, noise, snr_db) - speech
        assert db(power(speech) / power(added)) == pytest.approx(snr_db, abs=1e-6)

    def test_white_noise_is_flat_and_pink_falls_by_three_decibels_an_octave(self) -> None:
        white, pink = (getattr(degraded, colour)(20 * RATE, self.random()) for colour in ("white", "pink"))
        assert db(share(white, 2000, 4000) / share(white, 1000, 2000)) == pytest.approx(3.01, abs=0.2)
        # An octave is twice as wide and holds half the density: equal power in each.
        assert db(share(pink, 2000, 4000) / share(pink, 1000, 2000)) == pytest.approx(0.0, abs=0.2)

    def test_babble_holds_every_voice_as_loud_as_the_others(self) -> None:
        voices = [level * tone(1.0, RATE, pitch).astype(np.float64) for level, pitch in ((1, 500), (0.01, 1500))]
        heard = degraded.babble(2 * RATE, voices, self.random())
        assert share(heard, 400, 600) == pytest.approx(0.5, abs=0.02)
        assert share(heard, 1400, 1600) == pytest.approx(0.5, abs=0.02)

    @pytest.mark.parametrize("rt60_s", [0.3, 0.6, 1.2])
    def test_a_room_decays_by_sixty_decibels_in_its_time(self, rt60_s: float) -> None:
        click = np.zeros(RATE)
        click[0] = 1.0
        heard = degraded.reverberant(click, rt60_s, self.random())
        tail = heard[1 : round(rt60_s * RATE)]
        # Schroeder's backward integral, fitted between -5 and -25 dB.
        decay = 10 * np.log10(np.cumsum(tail[::-1] ** 2)[::-1] / np.sum(tail**2) + 1e-12)
        within = np.flatnonzero((decay <= -5) & (decay >= -25))
        slope, _ = np.polyfit(within / RATE, decay[within], 1)
        assert -60 / slope == pytest.approx(rt60_s, rel=0.1)
        assert db(heard[0] ** 2 / np.sum(tail**2)) == pytest.approx(degraded.DIRECT_TO_REVERBERANT_DB, abs=1e-6)
        assert len(heard) == pytest.approx(RATE + rt60_s * RATE, abs=2)

    def test_a_telephone_passes_its_band_and_little_else(self) -> None:
        def gain(pitch: float) -> float:
            heard = degraded.over_telephone(tone(1.0, RATE, pitch).astype(np.float64))
            middle = slice(RATE // 4, 3 * RATE // 4)
            return db(power(heard[middle]) / power(tone(1.0, RATE, pitch)[middle]))

        for pitch in (400, 1000, 2000, 3200):
            assert gain(pitch) == pytest.approx(0.0, abs=0.5)
        for pitch in (100, 200, 3700, 5000):
            assert gain(pitch) < -25

    def test_mu_law_costs_some_38_decibels(self) -> None:
        clean = tone(1.0, RATE, 1000).astype(np.float64)
        heard = degraded.over_telephone(clean)
        middle = slice(RATE // 4, 3 * RATE // 4)
        noise = heard[middle] - clean[middle]
        assert 30 < db(power(clean[middle]) / power(noise)) < 45

    @pytest.mark.parametrize("factor", [0.8, 1.25])
    def test_speed_changes_length_and_pitch(self, factor: float) -> None:
        heard = degraded.faster(tone(1.0, RATE).astype(np.float64), factor)
        assert len(heard) / RATE == pytest.approx(1 / factor, abs=0.01)
        assert np.abs(np.fft.rfft(heard)).argmax() / (len(heard) / RATE) == pytest.approx(440 * factor, abs=2)

    def test_what_would_clip_is_turned_down(self) -> None:
        assert np.abs(degraded.below_ceiling(np.array([0.5, -2.0]))).max() == degraded.CEILING
        assert degraded.below_ceiling(np.array([0.5, -0.7])).tolist() == [0.5, -0.7]

    def test_silence_stays_as_it_is(self) -> None:
        assert degraded.mixed(np.zeros(10), np.ones(10), 0.0).tolist() == [0.0] * 10
        assert degraded.mixed(np.ones(10), np.zeros(10), 0.0).tolist() == [1.0] * 10


NOISY = """\
  noisy:
    - {noise: white, snr_db: 5}
    - {noise: babble, snr_db: 10}
    - {rt60_s: 0.2, noise: pink, snr_db: 20, telephone: true, speed: 1.25}
"""


class TestNoisy:
    def test_every_condition_over_every_utterance(self, tmp_path: Path) -> None:
        found = derived(tmp_path, NOISY).utterances
        assert [u.id for u in found[:4]] == ["one~white-5-dB", "two~white-5-dB", "one~babble-10-dB", "two~babble-10-dB"]
        assert {u.kind for u in found} == {
            "white 5 dB",
            "babble 10 dB",
            "speed 1.25, reverberation 0.2 s, pink 20 dB, telephone",
        }
        assert [u.snr_db for u in found] == [5.0, 5.0, 10.0, 10.0, 20.0, 20.0]
        assert (found[0].text, found[0].speaker, found[0].language) == ("one", "anna", "en")

    def test_the_same_samples_every_time_and_at_any_rate_the_same_sound(self, tmp_path: Path) -> None:
        first, second = (derived(tmp_path / name, NOISY) for name in "ab")
        assert first.fingerprint == second.fingerprint
        for one, other in zip(samples(first), samples(second), strict=True):
            assert one.dtype == np.float32
            assert np.array_equal(one, other)
        low = first.utterances[0].samples(8000)
        assert len(low) == pytest.approx(len(first.utterances[0].samples(RATE)) / 2, abs=2)

    def test_the_seed_makes_another_noise_and_another_fingerprint(self, tmp_path: Path) -> None:
        first, second = derived(tmp_path / "a", NOISY), derived(tmp_path / "b", f"  seed: 1\n{NOISY}")
        assert first.fingerprint != second.fingerprint
        assert not np.array_equal(first.utterances[0].samples(RATE), second.utterances[0].samples(RATE))

    def test_two_utterances_hear_different_noise(self, tmp_path: Path) -> None:
        same = [row(id="a"), row(id="b")]
        one, other = samples(derived(tmp_path, "  noisy: [{noise: white, snr_db: 0}]\n", same))
        assert not np.array_equal(one, other)

    def test_the_ratio_holds_in_the_recording(self, tmp_path: Path) -> None:
        clean = derived(tmp_path / "a", "  noisy: [{noise: white, snr_db: 60}]\n").utterances[0].samples(RATE)
        noisy = derived(tmp_path / "b", "  noisy: [{noise: white, snr_db: 3}]\n").utterances[0].samples(RATE)
        gain = float(np.dot(noisy, clean) / np.dot(clean, clean))
        assert db(power(gain * clean) / power(noisy - gain * clean)) == pytest.approx(3, abs=0.3)

    def test_the_length_told_is_about_the_length_made(self, tmp_path: Path) -> None:
        for utterance in derived(tmp_path, NOISY).utterances:
            assert utterance.seconds == pytest.approx(len(utterance.samples(RATE)) / RATE, abs=0.02)

    def test_the_identity_is_json_and_names_what_it_is_made_of(self, tmp_path: Path) -> None:
        found = derived(tmp_path, NOISY).utterances[2].sound.identity
        text = json.dumps(found)
        assert text.startswith('["noisy", 1, {"noise": "babble", "snr_db": 10.0}, 0, "one", ')

    def test_babble_needs_another_voice(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"made\.yaml:1: babble is made of other utterances, and talk"):
            derived(tmp_path, "  noisy: [{noise: babble, snr_db: 0}]\n", [row()])

    def test_some_of_the_utterances_evenly_spread(self, tmp_path: Path) -> None:
        rows: list[dict[str, object]] = [row(id=str(i)) for i in range(10)]
        found = derived(tmp_path, "  take: 3\n  noisy: [{telephone: true}]\n", rows)
        assert [u.id for u in found.utterances] == ["0~telephone", "3~telephone", "6~telephone"]


class TestJoined:
    def joined(self, folder: Path, seconds: float, count: int = 5, **last: object) -> Dataset:
        rows: list[dict[str, object]] = [
            row(text=f"t{i}", id=f"u{i}", speaker="anna", kind="read") for i in range(count)
        ]
        rows[-1] |= last
        return derived(folder, f"  join: {{seconds: {seconds}, pause_s: 0.25}}\n", rows)

    def test_clips_follow_one_another_with_pauses(self, tmp_path: Path) -> None:
        (found,) = self.joined(tmp_path, 60, count=3).utterances
        assert (found.id, found.text, found.speaker, found.kind) == ("001-u0", "t0 t1 t2", "anna", "read")
        assert found.seconds == pytest.approx(3 * 0.5 + 2 * 0.25)
        heard = found.samples(RATE)
        assert len(heard) == 2 * RATE
        assert np.abs(heard[RATE // 2 : 3 * RATE // 4]).max() == 0
        assert np.array_equal(heard[: RATE // 2], heard[3 * RATE // 4 : 5 * RATE // 4])

    def test_a_recording_is_closed_when_it_is_long_enough(self, tmp_path: Path) -> None:
        # Two make 1.25 s; the fifth alone is half of that and stays.
        assert [u.text for u in self.joined(tmp_path, 1.0).utterances] == ["t0 t1", "t2 t3", "t4"]

    def test_a_short_rest_goes_to_the_last_one(self, tmp_path: Path) -> None:
        assert [u.text for u in self.joined(tmp_path, 1.2).utterances] == ["t0 t1", "t2 t3 t4"]

    def test_a_speaker_is_told_where_it_is_one(self, tmp_path: Path) -> None:
        (found,) = self.joined(tmp_path, 60, speaker="berta").utterances
        assert (found.speaker, found.kind) == (None, "read")

    def test_its_fingerprint_rests_on_its_parts_and_the_pause(self, tmp_path: Path) -> None:
        whole = self.joined(tmp_path / "a", 60)
        assert json.loads(json.dumps(whole.utterances[0].sound.identity))[:3] == ["joined", 1, 0.25]
        assert whole.fingerprint == self.joined(tmp_path / "b", 60).fingerprint
        assert whole.fingerprint != self.joined(tmp_path / "c", 60, count=4).fingerprint

    def test_a_part_that_is_broken_is_told(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row(), row("two.wav")])
        (tmp_path / "fixtures/datasets/two.wav").write_bytes(b"RIFF")
        catalog = load(
            write_catalog(tmp_path / "fixtures", files={"datasets/made.yaml": derive_yaml("  join: {seconds: 9}\n")})
        )
        with pytest.raises(DatasetError, match=r"made can't be joined: utterance two: .*not audio"):
            prepare(catalog.datasets["made"], catalog, Store(tmp_path / "cache", progress=False))


def test_a_derived_set_of_a_derived_set(tmp_path: Path) -> None:
    manifest(tmp_path, [row(), row("two.wav", "two")])
    files: dict[str, str | None] = {
        "datasets/made.yaml": derive_yaml("  join: {seconds: 9}\n", source="hiss"),
        "datasets/hiss.yaml": derive_yaml("  noisy: [{noise: white, snr_db: 9}]\n", name="hiss"),
    }
    catalog = load(write_catalog(tmp_path / "fixtures", files=files))
    (found,) = prepare(catalog.datasets["made"], catalog, Store(tmp_path / "cache", progress=False)).utterances
    assert (found.text, found.kind) == ("one two", "white 9 dB")
    assert len(found.samples(RATE)) == 24_000


class TestCatalog:
    def problems(self, folder: Path, *texts: str) -> list[str]:
        files: dict[str, str | None] = {f"datasets/made-{i}.yaml": text for i, text in enumerate(texts)}
        with pytest.raises(CatalogError) as caught:
            load(write_catalog(folder / "lab", files=files))
        return [problem.show(folder / "lab") for problem in caught.value.problems]

    NOISE = "  noisy: [{telephone: true}]\n"

    def test_an_unknown_source(self, tmp_path: Path) -> None:
        assert self.problems(tmp_path, derive_yaml(self.NOISE, source="tolk")) == [
            "datasets/made-0.yaml:7: unknown data set `tolk`; did you mean `talk`? allowed: made, talk"
        ]

    @pytest.mark.parametrize(
        ("texts", "target", "told"),
        [
            ("talks", "en", "9: unknown data set `talks`; did you mean `talk`? allowed: made, talk"),
            ("talk", "de", "6: the texts of talk are in `en`, found `de`"),
        ],
    )
    def test_translations_are_in_the_language_of_their_texts(
        self, tmp_path: Path, texts: str, target: str, told: str
    ) -> None:
        text = derive_yaml(f"  texts_of: {texts}\n").replace("tasks: [asr]\n", "tasks: [translate]\n")
        text = text.replace("language: en\n", f"language: en\ntarget: {target}\n")
        assert [problem.partition(":")[2] for problem in self.problems(tmp_path, text)] == [told]

    def test_a_circle(self, tmp_path: Path) -> None:
        assert self.problems(
            tmp_path,
            derive_yaml(self.NOISE, source="b", name="a"),
            derive_yaml(self.NOISE, source="a", name="b"),
            derive_yaml(self.NOISE, source="c", name="c"),
        ) == [
            "datasets/made-0.yaml:7: derived from itself: a -> b -> a",
            "datasets/made-1.yaml:7: derived from itself: b -> a -> b",
            "datasets/made-2.yaml:7: derived from itself: c -> c",
        ]

    def test_a_set_that_leads_into_a_circle_is_not_blamed_for_it(self, tmp_path: Path) -> None:
        told = self.problems(
            tmp_path,
            derive_yaml(self.NOISE, source="b", name="a"),
            derive_yaml(self.NOISE, source="b", name="b"),
        )
        assert told == ["datasets/made-1.yaml:7: derived from itself: b -> b"]

    def test_another_language(self, tmp_path: Path) -> None:
        assert self.problems(
            tmp_path, derive_yaml(self.NOISE, language="language: de\n"), derive_yaml(self.NOISE, "talk", "", "b")
        ) == [
            "datasets/made-0.yaml:5: a set derived from talk has `language: en`, as it has; found `de`",
            "datasets/made-1.yaml:1: a set derived from talk has `language: en`, as it has; it is missing",
        ]

    def test_a_source_in_a_broken_file_is_not_unknown(self, tmp_path: Path) -> None:
        (told,) = self.problems(
            tmp_path, derive_yaml(self.NOISE, source="b", name="a"), derive_yaml("  noisy: []\n", name="b")
        )
        assert told.startswith("datasets/made-1.yaml:8: ")

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "6: `derive`: give exactly one of `noisy`, `join`, `texts_of`; found none"),
            (
                "  noisy: [{telephone: true}]\n  join: {seconds: 9}\n",
                "6: `derive`: give exactly one of `noisy`, `join`, `texts_of`; found `noisy`, `join`",
            ),
            ("  noisy: [{noise: white}]\n", "8: `derive.noisy[0]`: `noise` and `snr_db` go together"),
            (
                "  noisy: [{}]\n",
                "8: `derive.noisy[0]`: give at least one of `speed`, `rt60_s`, `noise` with `snr_db`, `telephone`",
            ),
            (
                "  noisy: [{telephone: true}, {telephone: true}]\n",
                "6: `derive`: `noisy` lists telephone twice",
            ),
            (
                "  noisy: [{noise: brown, snr_db: 1}]\n",
                "8: `derive.noisy[0].noise`: unknown value `brown`; allowed: babble, pink, white",
            ),
            ("  join: {seconds: 0}\n", "8: `derive.join.seconds`: must be more than 0, found `0`"),
        ],
    )
    def test_what_is_wrong_in_the_form(self, tmp_path: Path, text: str, told: str) -> None:
        assert self.problems(tmp_path, derive_yaml(text)) == [f"datasets/made-0.yaml:{told}"]
