"""Conversations made of single recordings: who speaks when is what can be heard, and a seed decides all of it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from diarlab import CLIPS, conversations, prepared
from fakeruns import FakeRuns
from modellab_fake_diarizer import RATE

from pytest_modellab.catalog import CatalogError
from pytest_modellab.catalog.datasets import Dataset, DatasetError
from pytest_modellab.catalog.load import load
from pytest_modellab.cli import main
from pytest_modellab.tasks.diarize.segments import Segment, by_speaker, read


def made(runs: FakeRuns, **given: Any) -> Dataset:
    return prepared(conversations(runs, **given))


def overlapping(segments: tuple[Segment, ...]) -> int:
    """Ms in which several speak."""
    edges = sorted({edge for each in segments for edge in (each.start, each.end)})
    counts = [sum(each.start <= a and b <= each.end for each in segments) for a, b in itertools.pairwise(edges)]
    return sum(b - a for a, b, count in zip(edges, edges[1:], counts, strict=False) if count > 1)


def test_all_numbers_of_speakers_occur_in_turn(runs: FakeRuns) -> None:
    found = made(runs)
    counts = [len({each.speaker for each in read(utterance.text)}) for utterance in found.utterances]
    assert counts == [2, 3, 4, 2, 3, 4]
    assert [each.attributes["speakers"] for each in found.utterances] == [str(each) for each in counts]
    assert [each.attributes["collar_s"] for each in found.utterances] == ["0"] * 6


def test_nobody_says_the_same_twice_and_each_turn_has_its_words(runs: FakeRuns) -> None:
    for utterance in made(runs, turns=20).utterances:
        segments = read(utterance.text)
        words = [each.words for each in segments]
        assert len({*words}) == len(words) == min(20, CLIPS * len({each.speaker for each in segments}))
        assert all(each.words is not None and each.words.startswith(f"{each.speaker} says") for each in segments)


def test_speech_is_where_the_reference_has_it(runs: FakeRuns) -> None:
    for utterance in made(runs).utterances:
        heard: Any = np.abs(utterance.samples(RATE)) > 1e-4
        spoken: Any = np.zeros(len(heard), dtype=bool)
        for spans in by_speaker(read(utterance.text)).values():
            for start, end in spans:
                spoken[start * RATE // 1000 : end * RATE // 1000] = True
        # Noise passes through 0; its bounds are rounded outwards to whole ms.
        blocks = len(heard) // 160
        loud, told = (each[: blocks * 160].reshape(blocks, 160) for each in (heard, spoken))
        assert loud.any(axis=1)[told.all(axis=1)].all()
        assert not loud[~told.any(axis=1)].any()


def test_the_same_seed_gives_the_same_and_another_gives_another(runs: FakeRuns) -> None:
    first, again = made(runs), made(runs)
    assert first.fingerprint == again.fingerprint
    assert [each.text for each in first.utterances] == [each.text for each in again.utterances]
    np.testing.assert_array_equal(first.utterances[0].samples(RATE), again.utterances[0].samples(RATE))
    assert made(runs, seed=4).fingerprint != first.fingerprint


def test_pauses_and_overlaps_are_as_asked_for(runs: FakeRuns) -> None:
    apart = made(runs, overlaps=0, pause_s=[0.3, 0.4])
    for utterance in apart.utterances:
        segments = read(utterance.text)
        assert overlapping(segments) == 0
        pauses = [b.start - a.end for a, b in itertools.pairwise(segments)]
        assert 300 <= min(pauses) <= max(pauses) <= 400
    together = made(runs, overlaps=1, overlap_s=[0.2, 0.4], pause_s=[0.3, 0.4])
    for utterance in together.utterances:
        segments = read(utterance.text)
        assert overlapping(segments) >= 200
        # A speaker never speaks over themselves.
        assert sum(map(len, by_speaker(segments).values())) == len(segments)


def test_a_room_is_never_silent(runs: FakeRuns) -> None:
    quiet, room = (made(runs, room_dbfs=level).utterances[0].samples(RATE) for level in (None, -50))
    assert (quiet[:1000] == 0).all()
    assert 20 * np.log10(np.sqrt(np.mean(room[:1000] ** 2))) == pytest.approx(-50, abs=1)


def test_a_loud_mixture_is_turned_down(runs: FakeRuns) -> None:
    sound = made(runs, room_dbfs=-20, overlaps=1).utterances[0].samples(RATE)
    assert np.abs(sound).max() <= 0.981


def test_its_length_is_known_ahead_at_any_rate(runs: FakeRuns) -> None:
    utterance = made(runs).utterances[0]
    for rate in (8000, 16_000, 22_050):
        assert len(utterance.samples(rate)) == round(utterance.seconds * rate)


def test_scoring_is_told_with_each(runs: FakeRuns) -> None:
    found = made(runs, score={"collar_s": 0.25, "overlap": "left out"})
    assert found.utterances[0].attributes == {"speakers": "2", "collar_s": "0.25", "overlap": "left out"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"speakers": [4, 2]}, "`speakers` are the fewest and the most"),
        ({"turns": 3}, "`turns` are at least as many as speakers"),
        ({"pause_s": [2, 1]}, "`pause_s` are the shortest and the longest"),
        ({"sped": 3}, "unknown option `sped`"),
        ({"score": {"collar_s": 9}}, "less than or equal to 5"),
        ({"score": {"overlap": "maybe"}}, "unknown value 'maybe'"),
        ({"from": "talks"}, "`from` names another data set"),
    ],
)
def test_mistakes_are_told_with_their_lines(runs: FakeRuns, given: dict[str, Any], told: str) -> None:
    conversations(runs, **given)
    with pytest.raises(CatalogError, match=told.replace("`", ".").replace("'", ".")) as found:
        load(runs.catalog, runs.path)
    assert "talks.yaml:" in str(found.value)


def test_they_are_of_one_task(runs: FakeRuns) -> None:
    conversations(runs)
    path = runs.catalog / "datasets" / "talks.yaml"
    path.write_text(path.read_text().replace("- diarize", "- diarize\n- asr"))
    with pytest.raises(CatalogError, match=r"are for .tasks: .diarize"):
        load(runs.catalog, runs.path)


@pytest.mark.parametrize(
    ("given", "told"),
    [({"from": "voice"}, "unknown data set .voice.; did you mean .voices"), ({"speakers": [2, 5]}, "has 4 speakers")],
)
def test_a_source_that_will_not_do(runs: FakeRuns, given: dict[str, Any], told: str) -> None:
    with pytest.raises(DatasetError, match=told):
        made(runs, **given)


def test_conversations_are_not_made_of_conversations(runs: FakeRuns) -> None:
    conversations(runs)
    path = runs.catalog / "datasets" / "talks.yaml"
    other = path.read_text().replace("id: talks", "id: more").replace("from: voices", "from: talks")
    (runs.catalog / "datasets" / "more.yaml").write_text(other)
    with pytest.raises(DatasetError, match="made of recordings of one speaker each"):
        prepared(runs, "more")


def test_the_list_of_data_sets_tells_where_they_come_from(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    conversations(runs)
    runs.commanded(monkeypatch)
    assert main(["data", "list"]) == 0
    assert "6 of voices" in capsys.readouterr().out
