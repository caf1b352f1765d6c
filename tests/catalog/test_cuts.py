"""Cuts of recordings: where somebody pauses, what is cut there, and that nothing but the speech tells the two kinds."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from catalogs import write_catalog
from turnlab import RATE, SPOKEN_S, sentence, source

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.catalog.cut_specs import CutsSpec
from pytest_modellab.catalog.datasets import Dataset, DatasetError, prepare
from pytest_modellab.catalog.datasets.cuts import CutRecording, _shares, asked, one_sentence
from pytest_modellab.catalog.datasets.pauses import Span, loud, speech

HEAD = "schema: modellab.dataset/1\nid: ID\ntasks: [turn]\ntiers: [smoke]\n"
LONGEST = 1.6


class TestPauses:
    def spans(self, *parts: float, **how: float) -> list[Span]:
        return speech(loud(sentence(0, parts, **how)), 0.2)

    def test_speech_with_a_pause_in_it(self) -> None:
        first, second = self.spans(*SPOKEN_S)
        assert (first.start_s, first.end_s) == pytest.approx((0.0, 1.2), abs=0.021)
        assert (second.start_s, second.end_s) == pytest.approx((1.6, 2.6), abs=0.021)

    def test_silence_around_speech_is_none_of_it(self) -> None:
        (span,) = self.spans(0.0, 0.5, 1.0, 0.7)
        assert (span.start_s, span.end_s) == pytest.approx((0.5, 1.5), abs=0.021)

    def test_a_short_gap_is_no_pause(self) -> None:
        assert len(self.spans(1.0, 0.15, 1.0)) == 1
        assert len(speech(loud(sentence(0, (1.0, 0.15, 1.0))), 0.1)) == 2

    def test_a_click_is_no_speech(self) -> None:
        assert len(self.spans(1.0, 0.3, 0.03, 0.3, 1.0)) == 2

    def test_digital_silence(self) -> None:
        assert len(self.spans(*SPOKEN_S, room=0.0)) == 2

    def test_a_recording_in_noise_has_no_pause(self) -> None:
        assert len(self.spans(*SPOKEN_S, room=0.1)) == 1

    def test_nothing_to_look_at(self) -> None:
        assert loud(np.zeros(10, np.float32)) == []


def cut(folder: Path, given: str = "", rows: int = 12, more: str = "", **each: Any) -> Dataset:
    """The data set `cuts` of sentences of noise, or `more`, a set of it."""
    files: dict[str, str | None] = {
        "datasets/cuts.yaml": f"{HEAD.replace('ID', 'cuts')}cuts:\n  from: [talk]\n{given}",
        **({"datasets/more.yaml": f"{HEAD.replace('ID', 'more')}{more}"} if more else {}),
    }
    catalog = load(write_catalog(folder / "fixtures", files=files))
    source(folder / "fixtures" / "datasets", rows, **each)
    return prepare(catalog.datasets["more" if more else "cuts"], catalog, Store(folder / "cache", progress=False))


class TestCuts:
    def test_each_sentence_is_cut_at_its_pause_and_at_its_end(self, tmp_path: Path) -> None:
        found = cut(tmp_path, kind="read").utterances
        assert [each.id for each in found[:2]] == ["talk/s0~unfinished", "talk/s0~finished"]
        assert [each.text for each in found[:2]] == ["unfinished", "finished"]
        assert {(each.speaker, each.language, each.kind) for each in found[:2]} == {("anna 0", "en", "read")}
        assert len(found) == 24
        pause, end = (each.sound for each in found[:2])
        assert isinstance(pause, CutRecording)
        assert isinstance(end, CutRecording)
        assert (pause.end_s, end.end_s) == pytest.approx((1.2, 2.6), abs=0.021)
        assert end.silence_s == LONGEST

    def test_pauses_last_for_each_silence_alike_often(self, tmp_path: Path) -> None:
        found = cut(tmp_path, "  silences_s: [0.2, 0.5, 1]\n").utterances
        lengths = Counter(each.attributes.get("pause") for each in found)
        assert lengths == {"0.2 s": 4, "0.5 s": 4, "1 s": 4, None: 12}
        for each in found:
            recording = each.sound
            assert isinstance(recording, CutRecording)
            assert each.seconds == recording.end_s + recording.silence_s
            assert len(each.samples(RATE)) == pytest.approx(each.seconds * RATE, abs=2)

    def test_the_recording_then_silence_as_loud_as_its_room(self, tmp_path: Path) -> None:
        for each in cut(tmp_path).utterances[:2]:
            samples, recording = each.samples(RATE), each.sound
            assert isinstance(recording, CutRecording)
            end = round(recording.end_s * RATE)
            assert np.array_equal(samples[:end], recording.source.samples(RATE)[:end])
            room = samples[end + round(0.1 * RATE) :]
            assert np.sqrt(np.mean(np.square(room))) == pytest.approx(0.0005, rel=0.15)
            assert samples.dtype == np.float32
            assert len(each.samples(8000)) == pytest.approx(len(samples) / 2, abs=2)

    def test_the_silence_alone_tells_nothing(self, tmp_path: Path) -> None:
        """The first so many samples behind the end of speech are of one level in both kinds."""
        rest: dict[str, list[float]] = {}
        for each in cut(tmp_path, rows=40).utterances:
            recording = each.sound
            assert isinstance(recording, CutRecording)
            behind = each.samples(RATE)[round((recording.end_s + 0.03) * RATE) :][: round(0.15 * RATE)]
            rest.setdefault(each.text, []).append(float(np.sqrt(np.mean(np.square(behind)))))
        ends, pauses = (np.array(rest[kind]) for kind in ("finished", "unfinished"))
        assert abs(ends.mean() - pauses.mean()) < 0.1 * pauses.mean()

    def test_the_same_samples_every_time_others_by_another_seed(self, tmp_path: Path) -> None:
        first, again, other = (
            cut(tmp_path / name, given) for name, given in (("a", ""), ("b", ""), ("c", "  seed: 1\n"))
        )
        assert first.fingerprint == again.fingerprint != other.fingerprint
        for one, two in zip(first.utterances, again.utterances, strict=True):
            assert np.array_equal(one.samples(RATE), two.samples(RATE))
        assert json.loads(json.dumps(first.utterances[0].sound.identity))[:2] == ["cut", 1]

    def test_so_many_of_them(self, tmp_path: Path) -> None:
        found = cut(tmp_path, "  take: 6\n").utterances
        assert [each.id for each in found if each.text == "finished"] == [f"talk/s{i}~finished" for i in (0, 4, 8)]

    def test_a_set_without_pauses(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"cuts\.yaml:1: no sentence of talk has a pause in it"):
            cut(tmp_path, text="One. Two three four.")

    def test_a_recording_that_is_broken(self, tmp_path: Path) -> None:
        cut(tmp_path)
        (tmp_path / "fixtures" / "datasets" / "talk-3.wav").write_bytes(b"RIFF")
        catalog = load(tmp_path / "fixtures")
        with pytest.raises(DatasetError, match=r"can't be cut: .*not audio"):
            prepare(catalog.datasets["cuts"], catalog, Store(tmp_path / "cache", progress=False))


class TestAsked:
    def test_after_each_silence_that_lasts(self, tmp_path: Path) -> None:
        for each in cut(tmp_path, "  silences_s: [0.2, 0.5, 1]\n").utterances:
            when = asked(each.sound)
            assert max(when.silences_s) == float(each.attributes.get("pause", "1 s").split()[0])
            assert when.moments_s[-1] == pytest.approx(each.seconds)

    def test_under_noise_at_the_same_moments_faster_speech_sooner(self, tmp_path: Path) -> None:
        noisy = cut(
            tmp_path, more="derive:\n  from: cuts\n  noisy: [{noise: pink, snr_db: 20}, {speed: 2}]\n"
        ).utterances
        plain, fast = asked(noisy[1].sound), asked(noisy[25].sound)
        assert plain.silences_s[-1] == LONGEST
        assert fast.end_s == plain.end_s / 2
        assert fast.silences_s[-1] == LONGEST / 2
        assert (noisy[1].text, noisy[1].kind, noisy[1].snr_db) == ("finished", "pink 20 dB", 20)

    def test_any_other_recording_at_its_end(self, tmp_path: Path) -> None:
        cut(tmp_path)
        catalog = load(tmp_path / "fixtures")
        whole = prepare(catalog.datasets["talk"], catalog, Store(tmp_path / "cache", progress=False)).utterances[0]
        assert asked(whole.sound).moments_s == (whole.seconds,)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("please enter your number", True),
        ("I... I don't know.", True),
        ("You hear this, or another one.", False),
        ("You hear this - or another one.", False),
        ("Login incorrect. Please enter your number.", False),
        ("Two things: one and two.", False),
        ("At the tone the time will be exactly...", False),
        ("if you know the extension,", False),
        ("too short", False),
        ("会議が始まります。", True),
        ("会議です。始まります。", False),
    ],
)
def test_what_is_one_whole_sentence(text: str, is_one: bool) -> None:
    spec = CutsSpec.model_validate({"from": ["talk"]})
    assert one_sentence(text, spec) is is_one
    assert one_sentence("You hear this, or another one.", spec.model_copy(update={"commas": True}))


@pytest.mark.parametrize(
    ("available", "wanted", "shares"),
    [
        ([10, 10], 6, [3, 3]),
        ([1, 10, 10], 7, [1, 3, 3]),
        ([2, 2], 9, [2, 2]),
        ([2, 3], None, [2, 3]),
        ([5, 5], 3, [2, 1]),
    ],
)
def test_each_source_gives_as_many_as_far_as_it_can(
    available: list[int], wanted: int | None, shares: list[int]
) -> None:
    assert _shares(available, wanted) == shares


def test_fewer_cuts_than_asked_for_are_noted(tmp_path: Path) -> None:
    found = cut(tmp_path, "  take: 40\n", rows=12)
    assert len(found.utterances) == 24
    assert found.notes == ("24 cuts, not the 40 of `take`: no more sentences have a pause",)
    assert cut(tmp_path / "all", "  take: 24\n", rows=12).notes == ()


class TestCatalog:
    def told(self, folder: Path, given: str, tasks: str = "turn", **others: str) -> list[str]:
        text = f"{HEAD.replace('ID', 'cuts').replace('turn', tasks)}cuts:\n{given}"
        files: dict[str, str | None] = {"datasets/cuts.yaml": text}
        files |= {f"datasets/{name}.yaml": f"{HEAD.replace('ID', name)}{form}" for name, form in others.items()}
        with pytest.raises(CatalogError) as caught:
            load(write_catalog(folder / "lab", files=files))
        return [problem.show(folder / "lab") for problem in caught.value.problems]

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ("  from: []\n", "6: `cuts.from`: needs at least 1 item, found none"),
            ("  from: [talk, talk]\n", "5: `cuts`: `from` names a data set twice"),
            ("  from: [talk]\n  silences_s: [0.4, 0.2]\n", "5: `cuts`: `silences_s` are not in rising order"),
            ("  from: [talk]\n  silences_s: [0, 1]\n", "5: `cuts`: `silences_s`: each is above 0 and at most 30"),
            ("  from: [tolk]\n", "6: unknown data set `tolk`; did you mean `talk`? allowed: cuts, talk"),
            ("  from: [talk, cuts]\n", "6: derived from itself: cuts -> cuts"),
        ],
    )
    def test_what_is_wrong_in_the_form(self, tmp_path: Path, given: str, told: str) -> None:
        assert self.told(tmp_path, given) == [f"datasets/cuts.yaml:{told}"]

    def test_another_task(self, tmp_path: Path) -> None:
        (told,) = self.told(tmp_path, "  from: [talk]\n", tasks="asr")
        assert told.endswith("`cuts` are for `tasks: [turn]`")

    def test_a_circle_by_way_of_another_set(self, tmp_path: Path) -> None:
        told = self.told(tmp_path, "  from: [talk, other]\n", other="derive: {from: cuts, take: 2}\n")
        assert "datasets/cuts.yaml:6: derived from itself: cuts -> other -> cuts" in told

    def test_its_defaults(self) -> None:
        spec = CutsSpec.model_validate({"from": ["talk"]})
        assert (spec.silences_s[0], spec.silences_s[-1]) == (0.2, LONGEST)


class TestLengths:
    def test_of_twins_the_finished_one_is_longer(self, tmp_path: Path) -> None:
        found = cut(tmp_path).utterances
        assert ends(found, "finished") > ends(found, "unfinished")

    def test_kinds_that_are_as_long_are_of_different_recordings(self, tmp_path: Path) -> None:
        parts = [(1.2, 0.4, 1.0), (1.25, 0.0, 0.0)]
        found = cut(tmp_path, "  alike: length\n", lengths=parts).utterances
        kinds = {text: [each for each in found if each.text == text] for text in ("finished", "unfinished")}
        assert len(kinds["finished"]) == len(kinds["unfinished"]) > 3
        names = {text: {each.id.partition("~")[0] for each in own} for text, own in kinds.items()}
        assert not names["finished"] & names["unfinished"]
        assert ends(found, "finished") == pytest.approx(ends(found, "unfinished"), rel=0.1)

    def test_where_nothing_is_as_long(self, tmp_path: Path) -> None:
        with pytest.raises(
            DatasetError, match="has a pause in it, and another one beside it that is as long up to its end"
        ):
            cut(tmp_path, "  alike: length\n")


def ends(found: Any, text: str) -> float:
    """Where speech ends in the cuts of one kind, mean."""
    return float(np.mean([each.sound.end_s for each in found if each.text == text]))
