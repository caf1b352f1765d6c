"""A data set that several machines share comes out as if one had run it; what is no whole of one cut is refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from fakelab import FakeLab
from hypothesis import given
from hypothesis import strategies as st
from releases import committed, git
from shard_parts import part

from pytest_modellab.cli import main
from pytest_modellab.engines.registry import target_of
from pytest_modellab.results import record_files as records
from pytest_modellab.results.baseline import BaselineError
from pytest_modellab.results.baseline import save as save_baseline
from pytest_modellab.results.provenance import input_key
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import canonical, read
from pytest_modellab.results.shards import Shard, assign

Output = pytest.CaptureFixture[str]
MODES = pytest.mark.parametrize("workers", ["-n0", "-n2"])


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


@pytest.fixture
def eleven(lab: FakeLab) -> FakeLab:
    """Eleven clips by three speakers; some answers are wrong, one clip gets none, one text isn't what is heard."""
    lab.texts = tuple(f"utterance number {i} of a longer list" for i in range(11))
    lab.model(wrong={2: "utterance number 3 of a list", 7: "ha ha ha ha ha ha ha ha"}, faults={lab.size(5): "raise"})
    lab.dataset(glossary=["longer list"], names=["Ann"])
    manifest = lab.catalog / "datasets" / "clips.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    manifest.write_text("".join(json.dumps({**row, "speaker": f"s{i % 3}"}) + "\n" for i, row in enumerate(rows)))
    lab.limits({"metric": "wer", "max": 0.5}, {"metric": "success_rate", "min": 0.9})
    return lab


def shard(lab: FakeLab, index: int, of: int, *arguments: str) -> pytest.RunResult:
    return lab.run(f"--lab-shard={index}/{of}", f"--lab-report={lab.path / f'part{index}'}", *arguments)


@MODES
def test_merged_shards_equal_the_undivided_run(eleven: FakeLab, workers: str, capsys: Output) -> None:
    for index in (1, 2, 3):
        assert shard(eleven, index, 3, workers).ret == 0
    parts = [read(path) for path in sorted(eleven.path.glob("part?/runs/*/*/*.json"))]
    assert sorted(place for part in parts if part.shard for place in part.shard.places) == list(range(11))
    folders = [str(eleven.path / f"part{index}") for index in (3, 1, 2)]
    assert main(["merge", *folders, "--output", str(eleven.path / "merged")]) == 0
    out = capsys.readouterr().out
    assert "fake:cpu:clips: 3 shards, 11 utterances: " in out
    assert re.search(r"^fake +cpu +clips .* pass$", out, re.MULTILINE)
    (path,) = (eleven.path / "merged" / "runs").rglob("*.json")
    assert eleven.run("--lab-fresh").ret == 1  # a test asks for every answer
    whole, merged = eleven.record(), read(path)
    assert canonical(merged) == canonical(whole)
    assert merged.interval("wer") == whole.interval("wer") is not None
    assert merged.provenance.merged == tuple(part.id for part in parts)
    assert merged.timing.no_speed is None
    times = [each.processing_s for each in merged.utterances if each.processing_s is not None]
    assert len(times) == 10
    assert len(merged.timing.clip5_calls_s) == 9
    # Beside others the accuracy pass counts for no time, and a pass with the machine alone follows.
    assert [each.kind for each in merged.timing.passes].count("timing") == (0 if workers == "-n0" else 3)
    card = json.loads((eleven.path / "merged" / "scorecard.json").read_text())
    assert card["rows"][0]["status"] == "pass"


@MODES
def test_of_a_shard_nothing_is_judged(eleven: FakeLab, workers: str) -> None:
    eleven.limits({"metric": "wer", "max": 0.001}, {"metric": "rtf", "max": 0.0001})
    result = shard(eleven, 1, 2, workers, "--lab-strict")
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
    (path,) = (eleven.path / "part1" / "runs").rglob("*.json")
    found = read(path)
    with pytest.raises(BaselineError, match="only shard 1/2 was run; `modellab merge` joins all"):
        save_baseline(found, eleven.path / "baselines")
    assert found.value("wer") is None
    assert found.interval("wer") is None
    assert found.summary.utterances < 11


def test_baselines_are_left_alone_by_a_shard(eleven: FakeLab) -> None:
    eleven.pytester.makepyfile(
        test_suite="def test_worse(no_worse):\n    assert no_worse()\n\ndef test_slower(no_slower):\n    no_slower()\n"
    )
    result = eleven.run("--lab-shard=1/2", "-rs")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["*SKIPPED*only shard 1/2 was run; `modellab merge` joins all*"])
    assert main(["baseline", "save", "--reports", "reports"]) == 2  # there is no whole run


def test_a_shard_stands_for_itself_again_and_for_nothing_else(eleven: FakeLab) -> None:
    eleven.model()
    assert eleven.run("--lab-shard=1/2").ret == 0
    heard = len(eleven.clips_heard())
    again = eleven.run("--lab-shard=1/2")
    again.stdout.fnmatch_lines(["unchanged since *"])
    assert len(eleven.clips_heard()) == heard
    eleven.run("--lab-shard=2/2")
    eleven.run()
    sizes = [each.summary.utterances for each in eleven.records()]
    assert sizes[2] == 11
    assert sizes[0] + sizes[1] == 11


def test_a_killed_shard_is_gone_on_with_by_itself_alone(eleven: FakeLab) -> None:
    eleven.model(delay_s=0.05)
    eleven.pytester.makeconftest(
        "import pytest_modellab.runner.case_run as c\n"
        "note, count = c.CaseRun._note, []\n"
        "def broken(self, *a, **k):\n"
        "    note(self, *a, **k)\n"
        "    count.append(1)\n"
        "    if len(count) == 2:\n"
        "        raise KeyboardInterrupt\n"
        "c.CaseRun._note = broken\n"
    )
    eleven.subprocess = True
    assert eleven.run("--lab-shard=1/2").ret == pytest.ExitCode.INTERRUPTED
    eleven.pytester.makeconftest("")
    eleven.run("--lab-shard=2/2")
    eleven.run("--lab-shard=1/2")
    found = {each.shard.index: each for each in eleven.records() if each.shard}
    assert found[2].provenance.resumed == 0
    assert found[1].provenance.resumed == 2


def test_more_shards_than_utterances_are_merged_and_the_idle_ones_say_so(lab: FakeLab, capsys: Output) -> None:
    lab.ready()
    results = [shard(lab, index, 4) for index in (1, 2, 3, 4)]
    assert sorted(result.ret for result in results) == [0, 0, 0, 1]
    idle = next(result for result in results if result.ret == 1)
    idle.stdout.fnmatch_lines(["*shard ?/4 holds none of its 3 utterances; more shards than these are of no use"])
    assert main(["merge", str(lab.path), "--output", "merged"]) == 0
    assert "3 shards, 3 utterances" in capsys.readouterr().out


def test_a_gate_that_the_whole_fails_ends_the_merger_with_1(eleven: FakeLab, capsys: Output) -> None:
    eleven.limits({"metric": "wer", "max": 0.01})
    for index in (1, 2):
        shard(eleven, index, 2)
    assert main(["merge", str(eleven.path), "--output", "merged"]) == 1
    assert "NOT PASSED: asr/fake:cpu:clips fails its gate" in capsys.readouterr().out


# -- what is refused: records made by hand


# -- the command


@pytest.fixture
def parts(lab: FakeLab) -> Path:
    """A catalog to stand in, and a folder for each of two shards."""
    lab.texts = ["one two three"] * 4
    path = lab.dataset("talk", language=None).with_suffix(".jsonl")
    path.write_text(path.read_text().replace('"clip-', '"u'))
    lab.quiet()
    for i, each in enumerate(of_model(lab, "tiny")):
        records.write(each, lab.path / "artifacts" / str(i))
    return lab.path / "artifacts"


def of_model(lab: FakeLab, model: str) -> list[Record]:
    """Two shards of a case that the catalog has, made by hand."""
    spec = yaml.safe_load(lab.model(model).read_text())
    inputs = {
        **{"seed": 0, "task": "asr", "model": model, "engine": target_of(spec["engine"], lab.catalog)},
        **{"options": spec["options"], "device": {"kind": "cpu", "index": 0}, "weights": None, "utterances": 4},
    }
    return [part(1, (0, 2), model=model, inputs=inputs), part(2, (1, 3), model=model, inputs=inputs)]


def test_folders_may_lie_anywhere_below_the_one_that_is_named(parts: Path, capsys: Output) -> None:
    assert main(["merge", str(parts)]) == 0
    assert re.search("^tiny:cpu:talk: 2 shards, 4 utterances: .*/reports/runs/tiny/asr/", capsys.readouterr().out)
    assert main(["merge", *map(str, parts.iterdir()), "--output", "other"]) == 0
    assert len(list(Path("other").rglob("*.json"))) == 2


def test_a_case_that_no_shard_ran_is_missed_where_it_is_required(parts: Path, capsys: Output) -> None:
    assert main(["merge", str(parts), "--require", "tiny:*"]) == 0
    assert main(["merge", str(parts), "--require", "other:*"]) == 1
    assert "NOT PASSED: required case `other:*` was not measured" in capsys.readouterr().out


def test_of_a_shard_that_was_run_again_in_its_folder_the_newest_counts(parts: Path) -> None:
    (last,) = (read(path) for path in (parts / "1").rglob("*.json"))
    origin = {"created": "2026-01-03T03:04:05.678+00:00", "worker_restarts": 1}
    again = last.model_copy(update={"id": "0" * 8, "provenance": last.provenance.model_copy(update=origin)})
    records.write(again, parts / "1")
    assert main(["merge", str(parts)]) == 0
    (path,) = Path("reports/runs").rglob("*.json")
    assert read(path).provenance.worker_restarts == 1


def test_the_same_shard_in_two_folders_is_refused_and_other_cases_go_on(
    lab: FakeLab, parts: Path, capsys: Output
) -> None:
    shutil.copytree(parts / "1", parts / "2")
    for i, each in enumerate(of_model(lab, "other")):
        records.write(each, parts / str(i))
    assert main(["merge", str(parts)]) == 1
    out = capsys.readouterr().out
    assert "refused: tiny:cpu:talk: the same utterances are in more than one record:\n  shard 2/2: " in out
    assert "other:cpu:talk: 2 shards" in out


def damage(path: Path) -> None:
    path.write_text(path.read_text().replace('"one two three"', '"one two"'))


def cut_off(path: Path) -> None:
    path.write_text(path.read_text()[:-50])


@pytest.mark.parametrize(
    ("harm", "message"), [(damage, "was changed after it was written"), (cut_off, "not a modellab.record/2")]
)
def test_a_damaged_record_is_refused_by_name(
    parts: Path, harm: Callable[[Path], None], message: str, capsys: Output
) -> None:
    path = next((parts / "1").rglob("*.json"))
    harm(path)
    assert main(["merge", str(parts)]) == 1
    assert f"{path}: {message}" in capsys.readouterr().err


def test_a_folder_without_shards_is_bad_usage(parts: Path, tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["merge", str(parts), str(tmp_path / "empty")]) == 2
    assert f"no record of a shard under {tmp_path / 'empty'}; `pytest --lab-shard=1/2`" in capsys.readouterr().err
    assert main(["merge", str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err


# -- the catalog that judges


def changed(folder: Path, change: Callable[[Record], Record]) -> None:
    """Change every record of a shard, with the key and the seal that follow."""
    for path in folder.rglob("*.json"):
        found = change(read(path))
        key = input_key(found.provenance.inputs)
        found = found.model_copy(update={"seal": None, "provenance": found.provenance.model_copy(update={"key": key})})
        path.write_text(records.text(found.model_copy(update={"seal": records.seal_of(found)})))


def with_inputs(**inputs: Any) -> Callable[[Record], Record]:
    def change(record: Record) -> Record:
        told = {**record.provenance.inputs, **inputs}
        return record.model_copy(update={"provenance": record.provenance.model_copy(update={"inputs": told})})

    return change


def fewer(record: Record) -> Record:
    """As if the data set ended with the first utterance of each shard."""
    assert record.shard is not None
    cut = record.shard.model_copy(update={"places": (record.shard.index - 1,), "utterances": 2})
    summary = record.summary.model_copy(update={"utterances": 1})
    return record.model_copy(update={"utterances": record.utterances[:1], "shard": cut, "summary": summary})


def a_spec(name: str, old: str, new: str) -> Callable[[FakeLab], None]:
    def change(lab: FakeLab) -> None:
        path = lab.catalog / name
        found = path.read_text()
        assert old in found
        path.write_text(found.replace(old, new, 1))

    return change


OF_ANOTHER_CATALOG: dict[str, tuple[Callable[[FakeLab], Any], str]] = {
    "options": (
        a_spec("models/tiny.yaml", "one two three", "another day"),
        "inputs.options.answers.4000: the record has 'one two three', its spec 'another day' (lab/models/tiny.yaml",
    ),
    "an engine": (
        a_spec("models/tiny.yaml", "engine: fake-for-tests", "engine: other:Engine"),
        "its spec 'other:Engine' (lab/models/tiny.yaml",
    ),
    "a glossary": (
        a_spec("datasets/talk.yaml", "tasks:", "glossary: [one]\ntasks:"),
        "glossary: the record has [], its spec ['one'] (lab/datasets/talk.yaml",
    ),
    "a language": (
        a_spec("datasets/talk.yaml", "language: null", "language: en"),
        "language: the record has 'none', its spec 'en' (lab/datasets/talk.yaml",
    ),
    "a normalizer": (
        a_spec("datasets/talk.yaml", "tasks:", "normalizer: none\ntasks:"),
        "normalizer: the record has 'whisper-english', its spec 'none' (",
    ),
    "a title": (a_spec("models/tiny.yaml", "tasks:", "title: Other\ntasks:"), "title: the record has 'tiny', its"),
    "a device": (
        a_spec("models/tiny.yaml", "cpu: {}", "cuda: {}"),
        "ran on cpu, which the spec of tiny doesn't list (lab/models/tiny.yaml",
    ),
    "no such model": (lambda lab: (lab.catalog / "models/tiny.yaml").unlink(), "no model tiny in lab"),
    "utterances that are left out": (
        lambda lab: changed(lab.path / "artifacts", fewer),
        "contradicts itself:\n  is a shard of 2 utterances, its inputs say 4",
    ),
    "a reference": (
        a_spec("datasets/talk.jsonl", "one two three", "another day"),
        "utterance 1: the record has the reference 'one two three', the data set here 'another day'",
    ),
    "an id": (
        a_spec("datasets/talk.jsonl", '"u0"', '"other"'),
        "utterance 1: the record has the id 'u0', the data set here 'other'",
    ),
    "data that grew": (
        lambda lab: (
            (lab.catalog / "datasets/talk.jsonl")
            .open("a")
            .write('{"audio_filepath": "talk-0.wav", "text": "more", "id": "more"}\n')
        ),
        "the record's data set has 4 utterances, the one here 5",
    ),
    "weights": (
        lambda lab: changed(lab.path / "artifacts", with_inputs(weights="0" * 64)),
        f"inputs.weights: the record has '{'0' * 64}', its spec None (lab/models/tiny.yaml",
    ),
    "parts": (
        lambda lab: changed(lab.path / "artifacts", with_inputs(parts={"ear": {}})),
        "inputs.parts: the record has ['ear'], its spec [] (lab/models/tiny.yaml",
    ),
}


@pytest.mark.parametrize("name", OF_ANOTHER_CATALOG)
def test_shards_of_another_catalog_are_refused(lab: FakeLab, parts: Path, name: str, capsys: Output) -> None:
    change, told = OF_ANOTHER_CATALOG[name]
    lab.model("another")  # so that there is a catalog without the model, too
    change(lab)
    assert main(["merge", str(parts)]) == 1
    out = capsys.readouterr().out
    assert told in out
    assert re.search(r"^refused: tiny:cpu:talk: shard \d/2: .*/artifacts/\d/.*\.json ", out, re.MULTILINE)
    assert not list(Path("reports/runs").rglob("*.json"))


def test_shards_are_merged_at_the_commit_that_they_were_measured_at(lab: FakeLab, parts: Path, capsys: Output) -> None:
    git(lab.path, "init", "-q", "-b", "main")
    committed(lab)
    here = git(lab.path, "rev-parse", "HEAD").strip()
    assert main(["merge", str(parts)]) == 1
    out = capsys.readouterr().out
    assert f"was measured at another commit:\n  the record is of commit {'b' * 40}\n  lab is at {here}\n" in out
    assert f"check out {'b' * 12} to merge it, or measure again at {here[:12]}" in out

    def of_this(record: Record) -> Record:
        return record.model_copy(update={"provenance": record.provenance.model_copy(update={"commit": here})})

    changed(parts, of_this)
    lab.limits({"metric": "wer", "max": 0.5})  # other limits may be tried
    assert main(["merge", str(parts)]) == 0
    manifest = lab.catalog / "datasets" / "talk.jsonl"
    manifest.write_text(manifest.read_text().replace("talk-0.wav", "talk-1.wav"))
    capsys.readouterr()
    assert main(["merge", str(parts)]) == 1
    assert "changed here, and not committed: lab/datasets/talk.jsonl" in capsys.readouterr().out


def test_data_need_not_be_where_shards_are_merged(lab: FakeLab, parts: Path) -> None:
    for path in (lab.catalog / "datasets").glob("*.wav"):
        path.write_text("version https://git-lfs.github.com/spec/v1\n")
    assert main(["merge", str(parts)]) == 0
    (lab.catalog / "datasets" / "talk.jsonl").unlink()
    assert main(["merge", str(parts)]) == 0
