"""Records of shards made into whole ones, without running anything."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from records import HARDWARE, MEMORY, TIMING, record, utterance
from shard_parts import ENGLISH, part, stored, whole

from pytest_modellab.core.schema_base import Failure, FallbackDevice, Finding
from pytest_modellab.core.version import __version__
from pytest_modellab.results.merge import MergeError, merge
from pytest_modellab.results.record import Pass, Record
from pytest_modellab.results.scoring import scored


def test_utterances_and_findings_come_in_the_order_of_the_data(tmp_path: Path) -> None:
    findings = [(Finding(utterance=f"u{place}", kind="clipping", message="m"),) for place in (2, 1)]
    joined = merge(
        stored(tmp_path, part(2, (1, 3), findings=findings[1]), part(1, (0, 2), findings=findings[0], resumed=3))
    )
    assert [each.id for each in joined.utterances] == ["u0", "u1", "u2", "u3"]
    assert [each.utterance for each in joined.findings] == ["u1", "u2"]
    assert joined.shard is None
    assert joined.provenance.resumed == 3
    assert joined.memory.peak_rss == 300_000_000
    assert joined.value("rtf") == pytest.approx(0.2)


@pytest.mark.parametrize("seed", range(3))
def test_every_value_of_the_whole_follows_from_its_shards(tmp_path: Path, seed: int) -> None:
    """Whatever goes into which shard; of what is measured once there may be several."""
    draw = random.Random(seed)
    words = ["Well,", "so", "nine", "Ann", "[noise]", "red", "green."]
    texts = [
        (" ".join(draw.choices(words, k=draw.randrange(9))), " ".join(draw.choices(words, k=6))) for _ in range(40)
    ]
    rows = [
        utterance(f"u{i}", said, heard).model_copy(
            update={
                "speaker": draw.choice("abcdefg"),
                "kind": draw.choice(["read", "told"]),
                "audio_s": draw.uniform(1, 9),
                "processing_s": draw.uniform(0.1, 1),
            }
        )
        for i, (said, heard) in enumerate(texts)
    ]
    places = list(range(40))
    draw.shuffle(places)
    cut = sorted(draw.sample(range(1, 40), 2))
    shards = [places[: cut[0]], places[cut[0] : cut[1]], places[cut[1] :]]
    parts = [
        part(i, tuple(own), of=3, utterances=40).model_copy(update={"utterances": tuple(rows[n] for n in own)})
        for i, own in enumerate(shards, start=1)
    ]
    joined = merge(stored(tmp_path, *parts))
    undivided = scored(joined.model_copy(update={"utterances": tuple(rows), "shard": None}), ENGLISH)
    assert joined.values == undivided.values
    assert joined.value("wer") is not None
    assert joined.interval("latency_p50_s") is not None


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "inputs": ({"inputs": {"seed": 1}, "key": "c" * 64}, r"the inputs differ:\n  seed: 0 -> 1\n"),
    "dataset": ({"inputs": {"seed": 0, "dataset": "x"}}, r"the inputs differ:\n  dataset: other recordings or ref"),
    "key": ({"key": "c" * 64}, "are of different input keys"),
    "commit": ({"commit": "d" * 40}, f"are of different commits:\n  {'b' * 40}:\n *shard 1/2: .*\n  {'d' * 40}:"),
    "version": ({"lab": "99"}, "are of different versions of pytest-modellab"),
    "judging": ({"judging": "k"}, "are of different scoring code, terms or prices"),
    "case": ({"dataset": "other"}, "are of different cases:\n  asr/tiny:cpu:talk:"),
    "limited": ({"limited_to": 4}, "are of different numbers of utterances asked for"),
    "cut": ({"of": 3}, "are of different ways of cutting the data:\n  4 utterances in 2"),
    "count": ({"utterances": 5}, "are of different ways of cutting the data"),
    "loaded": ({"loaded": {"compute_type": "int8"}}, "are of different choices of the engine"),
    "elsewhere": ({"ran_on": FallbackDevice(device="cpu", why="w")}, "are of different devices that stood in"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_shards_of_different_runs_are_refused_by_name(tmp_path: Path, name: str) -> None:
    changes, message = REFUSED[name]
    with pytest.raises(MergeError, match=message) as refused:
        whole(tmp_path, **changes)
    assert str(tmp_path / "0") in str(refused.value)
    assert str(tmp_path / "1") in str(refused.value)


def test_a_version_that_is_not_this_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MergeError, match=f"made by pytest-modellab 0.0, this is {re.escape(__version__)}; merge with"):
        merge(stored(tmp_path, part(1, (0, 2), lab="0.0"), part(2, (1, 3), lab="0.0")))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            [part(1, (0, 2))],
            r"2 of 4 utterances are missing, no record of shard 2/2; found:\n  shard 1/2: .*/0/runs.*\n"
            r"  run it, with `--lab-shard=2/2`, or name its folder, too",
        ),
        ([part(1, (0, 2)), part(2, (1,))], r"1 of 4 utterances are missing, of no shard; found:"),
        ([part(1, (0, 2)), part(1, (0, 2)), part(2, (1, 3))], r"in more than one record:\n.*/0/runs.*\n.*/1/runs"),
        ([part(1, (0, 2)), part(2, (1, 2, 3))], r"in more than one record:\n.*/0/runs.*\n.*/1/runs"),
        ([record()], "not the record of a shard: .*/0/runs"),
    ],
)
def test_gaps_and_overlaps_are_refused(tmp_path: Path, parts: list[Record], message: str) -> None:
    with pytest.raises(MergeError, match=message):
        merge(stored(tmp_path, *parts))


def test_a_record_without_a_seal_is_refused(tmp_path: Path) -> None:
    found = stored(tmp_path, part(1, (0, 2)), part(2, (1, 3)))
    path = next(iter(found))
    found[path] = found[path].model_copy(update={"seal": None})
    with pytest.raises(MergeError, match=f"no checksum.*\n.*{re.escape(str(path))}"):
        merge(found)


def test_different_hardware_has_no_speed_and_says_so(tmp_path: Path) -> None:
    joined = whole(tmp_path, hardware={**HARDWARE, "cpu": "other"})
    assert joined.value("rtf") is None
    assert joined.value("clip5_s") is None
    assert joined.timing.no_speed == (
        "the shards were timed on different hardware: CPU some (shard 1/2), other (shard 2/2)"
    )
    assert joined.provenance.hardware == {**HARDWARE, "cpu": "other + some"}


def test_a_shard_without_times_leaves_the_whole_without(tmp_path: Path) -> None:
    resumed = TIMING.model_copy(update={"no_speed": "resumed: 1 utterance"})
    assert whole(tmp_path / "a", timing=resumed).timing.no_speed == "shard 2/2: resumed: 1 utterance"
    shared = TIMING.model_copy(update={"passes": (Pass(kind="accuracy", start="a", end="b"),)})
    assert whole(tmp_path / "b", timing=shared).timing.no_speed == (
        "shard 2/2 was not timed with the machine to itself"
    )


def test_noise_of_one_shard_is_noise_of_the_whole(tmp_path: Path) -> None:
    noisy = TIMING.model_copy(update={"noisy": "others used 20 %"})
    assert whole(tmp_path / "a", timing=noisy).timing.noisy == "shard 2/2: others used 20 %"
    slow = TIMING.model_copy(update={"clip5_calls_s": (1.0, 1.0, 2.0)})
    assert "the same clip varied by 100%" in str(whole(tmp_path / "b", timing=slow).timing.noisy)


def test_failures_are_told_once_or_by_their_shard(tmp_path: Path) -> None:
    failure = Failure(kind="load", message="could not be loaded")
    one = part(2, (1, 3), failure=failure)
    assert merge(stored(tmp_path / "a", part(1, (0, 2)), one)).failure == Failure(
        kind="load", message="shard 2/2: could not be loaded"
    )
    both = merge(stored(tmp_path / "b", part(1, (0, 2), failure=failure), one))
    assert both.failure == failure


def test_memory_measured_in_different_ways_is_none(tmp_path: Path) -> None:
    memory = MEMORY.model_copy(update={"method": "ru_maxrss"})
    assert whole(tmp_path, memory=memory).memory.peak_rss is None
