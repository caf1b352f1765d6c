"""A data set that several machines share comes out as if one had run it; what is no whole of one cut is refused."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

import pytest
from fakelab import FakeCatalog, FakeLab
from fakeruns import FakeRuns, StopsAt
from hypothesis import given
from hypothesis import strategies as st

from pytest_modellab.cli import main
from pytest_modellab.results.baseline import save as save_baseline
from pytest_modellab.results.baseline_lines import BaselineError
from pytest_modellab.results.record_files import canonical, read
from pytest_modellab.results.shards import Shard, assign
from pytest_modellab.runner.outcome import Outcome

Output = pytest.CaptureFixture[str]


# -- the splitter

lengths = st.dictionaries(st.text(min_size=1), st.floats(0.01, 1e4), max_size=60)


@given(lengths, st.integers(1, 12), st.text())
def test_every_utterance_is_in_one_shard_and_they_are_balanced(seconds: dict[str, float], of: int, name: str) -> None:
    assigned = assign(seconds, of, name)
    assert assigned.keys() == seconds.keys()
    assert set(assigned.values()) <= set(range(1, of + 1))
    loads = [sum(s for id, s in seconds.items() if assigned[id] == shard) for shard in range(1, of + 1)]
    assert max(loads) - min(loads) <= max(seconds.values(), default=0.0) * (1 + 1e-9) + 1e-9


@given(lengths, st.integers(1, 12), st.randoms())
def test_the_cut_does_not_depend_on_the_order(seconds: dict[str, float], of: int, random: Any) -> None:
    items = list(seconds.items())
    random.shuffle(items)
    assert assign(dict(items), of, "set") == assign(seconds, of, "set")


def test_the_longest_come_first_and_ties_go_by_id() -> None:
    assigned = assign({"b": 1.0, "a": 1.0, "long": 5.0, "c": 1.0}, 2, "set")
    assert assigned["long"] not in {assigned["a"], assigned["b"], assigned["c"]}
    equal = assign({"b": 1.0, "a": 1.0, "c": 1.0}, 3, "set")
    assert (equal["b"] - equal["a"]) % 3 == (equal["c"] - equal["b"]) % 3 == 1


def test_small_data_sets_begin_with_different_shards() -> None:
    assert len({assign({"only": 1.0}, 4, f"set-{i}")["only"] for i in range(40)}) == 4


@pytest.mark.parametrize("text", ["3", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b", "", "1 / 3"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="from 1/8 to 8/8, is needed, not"):
        Shard.parse(text)


def test_a_wrong_shard_is_a_usage_error(lab: FakeLab) -> None:
    result = lab.ready().run("--lab-shard=9/8")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--lab-shard: a part such as 3/8, from 1/8 to 8/8, is needed, not '9/8'"])


# -- sessions of shards, and their merger


E = TypeVar("E", bound=FakeCatalog)


def eleven(lab: E) -> E:
    """Eleven clips by three speakers; some answers are wrong, one clip gets none, one text isn't what is heard."""
    lab.texts = tuple(f"utterance number {i} of a longer list" for i in range(11))
    lab.model(wrong={2: "utterance number 3 of a list", 7: "ha ha ha ha ha ha ha ha"}, faults={lab.size(5): "raise"})
    lab.dataset(glossary=["longer list"], names=["Ann"])
    manifest = lab.catalog / "datasets" / "clips.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    manifest.write_text("".join(json.dumps({**row, "speaker": f"s{i % 3}"}) + "\n" for i, row in enumerate(rows)))
    lab.limits({"metric": "wer", "max": 0.5}, {"metric": "success_rate", "min": 0.9})
    return lab


def shards(runs: FakeRuns, of: int, **options: Any) -> list[Outcome]:
    """The outcomes of all shards of the one case, each of a machine of its own."""
    found = []
    for index in range(1, of + 1):
        runs.reports = runs.path / f"part{index}"
        found.append(runs.outcome(shard=Shard(index, of), **options))
    runs.reports = runs.path / "reports"
    return found


@pytest.mark.parametrize("alone", [True, False])
def test_merged_shards_equal_the_undivided_run(
    runs: FakeRuns, alone: bool, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    eleven(runs).commanded(monkeypatch)
    parts = [each.record for each in shards(runs, 3, alone=alone) if each.record is not None]
    assert sorted(place for part in parts if part.shard for place in part.shard.places) == list(range(11))
    folders = [str(runs.path / f"part{index}") for index in (3, 1, 2)]
    assert main(["merge", *folders, "--output", str(runs.path / "merged")]) == 0
    out = capsys.readouterr().out
    assert "fake:cpu:clips: 3 shards, 11 utterances: " in out
    assert re.search(r"^fake +cpu +clips .* pass$", out, re.MULTILINE)
    (path,) = (runs.path / "merged" / "runs").rglob("*.json")
    runs.run()
    whole, merged = runs.record(), read(path)
    assert canonical(merged) == canonical(whole)
    assert merged.interval("wer") == whole.interval("wer") is not None
    assert merged.provenance.merged == tuple(part.id for part in parts)
    assert merged.timing.no_speed is None
    times = [each.processing_s for each in merged.utterances if each.processing_s is not None]
    assert len(times) == 10
    assert len(merged.timing.clip5_calls_s) == 9
    # Beside others the accuracy pass counts for no time, and a pass with the machine alone follows.
    assert [each.kind for each in merged.timing.passes].count("timing") == (0 if alone else 3)
    card = json.loads((runs.path / "merged" / "scorecard.json").read_text())
    assert card["rows"][0]["status"] == "pass"


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_of_a_shard_nothing_is_judged(lab: FakeLab, workers: str) -> None:
    eleven(lab).limits({"metric": "wer", "max": 0.001}, {"metric": "rtf", "max": 0.0001})
    result = lab.run("--lab-shard=1/2", workers, "--lab-strict")
    assert result.ret == 0
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(
        [
            "modellab: *, shard 1/2 of each, *",
            "not-available fake:cpu:clips: WER; RTF; *: only shard 1/2 was run; `modellab merge` joins all",
            "no grade for fake:cpu:clips: *only shard 1/2 was run; *",
            "primary ASR, fast ASR, small footprint: none: *",
        ]
        if workers == "-n0"
        else ["not-available fake:cpu:clips: WER; RTF; *: only shard 1/2 *"]
    )
    assert lab.record().shard is not None


def test_no_figure_and_no_baseline_is_made_of_a_shard(runs: FakeRuns) -> None:
    found = eleven(runs).measured(shard=Shard(1, 2))
    with pytest.raises(BaselineError, match="only shard 1/2 was run; `modellab merge` joins all"):
        save_baseline(found, runs.path / "baselines")
    assert found.value("wer") is None
    assert found.interval("wer") is None
    assert found.summary.utterances < 11


def test_baselines_are_left_alone_by_a_shard(lab: FakeLab) -> None:
    eleven(lab).pytester.makepyfile(
        test_suite="def test_worse(no_worse):\n    assert no_worse()\n\ndef test_slower(no_slower):\n    no_slower()\n"
    )
    result = lab.run("--lab-shard=1/2", "-rs")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["*SKIPPED*only shard 1/2 was run; `modellab merge` joins all*"])
    assert main(["baseline", "save", "--reports", "reports"]) == 2  # there is no whole run


def test_a_shard_stands_for_itself_again_and_for_nothing_else(runs: FakeRuns) -> None:
    eleven(runs).model()
    first = runs.measured(shard=Shard(1, 2))
    heard = len(runs.clips_heard())
    assert runs.outcome(shard=Shard(1, 2)).unchanged_since is not None
    assert len(runs.clips_heard()) == heard
    second = runs.outcome(shard=Shard(2, 2))
    whole = runs.outcome()
    assert second.record is not None
    assert whole.record is not None
    assert second.unchanged_since is whole.unchanged_since is None
    assert whole.record.summary.utterances == 11
    assert first.summary.utterances + second.record.summary.utterances == 11


def test_a_killed_shard_is_gone_on_with_by_itself_alone(runs: FakeRuns) -> None:
    eleven(runs).model()
    with pytest.raises(KeyboardInterrupt):
        runs.run(shard=Shard(1, 2), progress=StopsAt(2))
    assert runs.measured(shard=Shard(2, 2)).provenance.resumed == 0
    assert runs.measured(shard=Shard(1, 2)).provenance.resumed == 2


def test_more_shards_than_utterances_are_merged_and_the_idle_ones_say_so(
    runs: FakeRuns, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.ready().commanded(monkeypatch)
    outcomes = shards(runs, 4)
    (idle,) = (outcome for outcome in outcomes if outcome.record is None)
    assert re.search(
        "shard ./4 holds none of its 3 utterances; more shards than these are of no use$", str(idle.unavailable)
    )
    assert main(["merge", str(runs.path), "--output", "merged"]) == 0
    assert "3 shards, 3 utterances" in capsys.readouterr().out


def test_a_gate_that_the_whole_fails_ends_the_merger_with_1(
    runs: FakeRuns, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    eleven(runs).commanded(monkeypatch)
    runs.limits({"metric": "wer", "max": 0.01})
    shards(runs, 2)
    assert main(["merge", str(runs.path), "--output", "merged"]) == 1
    assert "NOT PASSED: asr/fake:cpu:clips fails its gate" in capsys.readouterr().out
