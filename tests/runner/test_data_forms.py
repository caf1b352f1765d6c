"""Every form of data that lies elsewhere, from its YAML file through a run to a record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from dataforms import (
    REPO,
    clips,
    in_memory,
    offline_hub,
    s3_server,
    upload,
    write_csv,
    write_hub,
    write_kaldi,
    write_parquet,
    write_spec,
)
from fakelab import FakeCatalog
from fakeruns import FakeRuns
from webserver import REVISION

from pytest_modellab.assets.store.remote import look_up
from pytest_modellab.cli import main
from pytest_modellab.core.remote_path import RemotePath
from pytest_modellab.results.record import Record
from pytest_modellab.runner.executor import LOCAL


def as_manifest(catalog: FakeCatalog) -> None:
    folder, rows = clips(catalog)
    (folder / "clips.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    write_spec(catalog, {"manifest": "clips.jsonl"})


def as_csv(catalog: FakeCatalog) -> None:
    folder, rows = clips(catalog)
    write_csv(folder / "clips.csv", rows)
    write_spec(catalog, {"table": {"path": "clips.csv"}})


def as_parquet_of_paths(catalog: FakeCatalog) -> None:
    pytest.importorskip("pyarrow")
    folder, rows = clips(catalog)
    write_parquet(folder / "clips.parquet", rows, folder, embedded=False)
    write_spec(catalog, {"table": {"path": "clips.parquet"}})


def as_parquet_with_audio(catalog: FakeCatalog) -> None:
    pytest.importorskip("pyarrow")
    folder, rows = clips(catalog)
    write_parquet(folder / "clips.parquet", rows, folder, embedded=True)
    write_spec(catalog, {"table": {"path": "clips.parquet"}})
    for path in folder.glob("*.wav"):
        path.unlink()


def as_kaldi(catalog: FakeCatalog) -> None:
    folder, rows = clips(catalog)
    write_kaldi(folder / "kaldi", rows)
    write_spec(catalog, {"kaldi": {"folder": "kaldi"}}, audio_root=".")


def as_cuts(catalog: FakeCatalog) -> None:
    lhotse = pytest.importorskip("lhotse")
    folder, rows = clips(catalog)
    cuts = []
    for row in rows:
        recording = lhotse.Recording.from_file(folder / row["audio_filepath"])
        recording.sources[0].source = row["audio_filepath"]
        cut = recording.to_cut().with_id(row["id"])
        said = lhotse.SupervisionSegment(
            id=row["id"],
            recording_id=recording.id,
            start=0,
            duration=recording.duration,
            text=row["text"],
            speaker=row["speaker"],
            custom={"accent": row["accent"]},
        )
        cut.supervisions = [said]
        cuts.append(cut)
    lhotse.CutSet.from_cuts(cuts).to_file(folder / "cuts.jsonl.gz")
    write_spec(catalog, {"lhotse": {"cuts": "cuts.jsonl.gz"}})


def on_the_hub(catalog: FakeCatalog) -> None:
    pytest.importorskip("pyarrow")
    folder, rows = clips(catalog)
    parts = {"data/test-00000-of-00002.parquet": rows[:2], "data/test-00001-of-00002.parquet": rows[2:]}
    for name, part in parts.items():
        write_parquet(catalog.path / name, part, folder, embedded=True, group=1)
    write_hub(catalog.path / "hf", {name: catalog.path / name for name in parts})
    write_spec(catalog, {"hub": {"repo": REPO, "revision": REVISION, "speaker": "speaker"}})
    for path in folder.glob("*.wav"):
        path.unlink()


FORMS = [as_manifest, as_csv, as_parquet_of_paths, as_parquet_with_audio, as_kaldi, as_cuts, on_the_hub]


@pytest.fixture(autouse=True)
def _offline(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    offline_hub(runs.path / "hf", monkeypatch)


def whole(record: Record) -> list[tuple[Any, ...]]:
    assert record.values["wer"].value == 0
    return [(each.id, each.reference, each.speaker, dict(each.attributes or {})) for each in record.utterances]


EXPECTED = [(f"clip-{i}", text, f"s{i % 2}") for i, text in enumerate(FakeCatalog.texts)]


@pytest.mark.parametrize("write", FORMS)
def test_a_form_gives_the_record_of_its_clips(runs: FakeRuns, write: Callable[[FakeCatalog], None]) -> None:
    runs.model()
    write(runs)
    found = whole(runs.measured())
    assert [each[:3] for each in found] == EXPECTED
    assert [each[3] for each in found] == [
        {"gender": "fm"[i % 2]} if write is as_kaldi else {"accent": "welsh"} for i in range(len(found))
    ]
    heard = len(runs.clips_heard())
    assert runs.outcome().unchanged_since
    assert len(runs.clips_heard()) == heard


def test_a_worker_in_a_process_of_its_own_hears_the_same(runs: FakeRuns) -> None:
    runs.executor = LOCAL
    runs.model()
    as_parquet_with_audio(runs)
    assert [each[:3] for each in whole(runs.measured())] == EXPECTED


@pytest.mark.parametrize("write", FORMS)
def test_its_data_can_be_checked(
    runs: FakeRuns, write: Callable[[FakeCatalog], None], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    runs.model()
    write(runs)
    runs.commanded(monkeypatch)
    assert main(["data", "check", "clips"]) == 0
    assert "clips: 3 utterances" in capsys.readouterr().out


@pytest.fixture
def memory() -> Iterator[Any]:
    with in_memory() as system:
        yield system


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    with s3_server() as system:
        yield system


@pytest.fixture(params=["memory", "s3"])
def remote(request: pytest.FixtureRequest) -> tuple[Any, str]:
    """A file system, and a folder in it."""
    if request.param == "memory":
        return request.getfixturevalue("memory"), "memory://speech/calls"
    return request.getfixturevalue("bucket"), "s3://speech/calls"


def moved(catalog: FakeCatalog, write: Callable[[FakeCatalog], None], remote: tuple[Any, str], key: str) -> Path:
    """Write a form, and move its files to a file system; what is left is the spec."""
    system, place = remote
    write(catalog)
    spec = catalog.catalog / "datasets" / "clips.yaml"
    text = spec.read_text()
    spec.unlink()
    upload(system, place, spec.parent)
    for path in [each for each in spec.parent.rglob("*") if each.is_file()]:
        path.unlink()
    spec.write_text(text.replace(f"{key}: ", f"{key}: {place}/").replace("audio_root: .", f"audio_root: {place}"))
    return spec


@pytest.mark.parametrize(
    ("write", "key"),
    [
        (as_manifest, "manifest"),
        (as_csv, "path"),
        (as_parquet_with_audio, "path"),
        (as_kaldi, "folder"),
        (as_cuts, "cuts"),
    ],
)
def test_it_is_read_from_shared_storage(
    runs: FakeRuns, write: Callable[[FakeCatalog], None], key: str, remote: tuple[Any, str]
) -> None:
    runs.model()
    moved(runs, write, remote, key)
    assert [each[:3] for each in whole(runs.measured())] == EXPECTED
    assert runs.outcome().unchanged_since


def test_a_recording_that_changes_there_is_measured_anew(runs: FakeRuns, remote: tuple[Any, str]) -> None:
    system, place = remote
    runs.model()
    moved(runs, as_csv, remote, "path")
    before = runs.measured()
    name = f"{place}/clips-0.wav"
    runs.dataset("louder")
    samples, rate = soundfile.read(runs.catalog / "datasets" / "louder-0.wav")
    soundfile.write(runs.path / "new.wav", samples / 2, rate, subtype="PCM_16")
    for path in (runs.catalog / "datasets").glob("louder*"):
        path.unlink()
    system.pipe_file(name, (runs.path / "new.wav").read_bytes())
    outcome = runs.outcome()
    assert outcome.record is not None
    assert not outcome.unchanged_since
    assert outcome.record.provenance.inputs["dataset"] != before.provenance.inputs["dataset"]


def test_many_files_of_a_bucket_are_known_by_what_each_is_known_by(bucket: Any) -> None:
    bucket.pipe({f"speech/many/{number}.wav": b"x" * number for number in range(1, 20)})
    wanted = [RemotePath(f"s3://speech/many/{number}.wav") for number in range(1, 21)]
    listed, missing = look_up(wanted)
    assert missing == wanted[-1:]
    assert [look_up([each])[0][each] for each in wanted[:3]] == [listed[each] for each in wanted[:3]]
    assert "ETag" in str(listed[wanted[0]].stamp)
