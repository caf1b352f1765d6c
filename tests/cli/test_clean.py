"""`modellab clean`: it shows what takes up room, and removes only what nobody needs, holds or may still want."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakelab import FakeLab
from labsessions import LabSessions
from records import edits, record, utterance
from waiting import wait_for

from pytest_modellab.assets.store import Store, digest_file
from pytest_modellab.assets.store.occupancy import CacheInUse, Occupant, emptying
from pytest_modellab.catalog import load
from pytest_modellab.catalog.environments import Environments, plan
from pytest_modellab.catalog.weights import local_folder
from pytest_modellab.cli import main
from pytest_modellab.cli.exits import Exit
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.results import baseline
from pytest_modellab.results import record_files as stored
from pytest_modellab.results.shard_ref import ShardOf
from pytest_modellab.runner.session import Session

Output = pytest.CaptureFixture[str]
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache of the test's own: nothing here may touch the user's."""
    root = tmp_path / "cache"
    monkeypatch.setenv("MODELLAB_CACHE", str(root))
    return root


@pytest.fixture
def reports(sessions: LabSessions) -> Path:
    sessions.ready()
    return sessions.path / "reports"


def written(reports: Path, age: timedelta = timedelta(0), **fields: Any) -> Path:
    """A record that was made so long ago."""
    made = record(**fields)
    created = (datetime.now(UTC) - age).isoformat(timespec="milliseconds")
    origin = made.provenance.model_copy(update={"created": created})
    return stored.write(made.model_copy(update={"provenance": origin}), reports)


def aged(path: Path, age: timedelta = 2 * DAY) -> Path:
    then = time.time() - age.total_seconds()
    os.utime(path, (then, then), follow_symlinks=False)
    return path


def clean(*arguments: str, code: int = 0) -> None:
    assert main(["clean", *arguments]) == code


def test_without_yes_nothing_is_touched(reports: Path, capsys: Output) -> None:
    old, new = written(reports, 9 * DAY), written(reports)
    clean("--keep", "1")
    clean("--keep", "1", "--dry-run")
    assert old.exists()
    assert new.exists()
    out = capsys.readouterr().out
    assert "may go: 1, " in out
    assert f"- {old.relative_to(reports).as_posix()}: 9 days old, 1 newer of its case" in out
    assert "; --yes removes it" in out
    assert main(["clean", "--yes", "--dry-run"]) == Exit.USAGE


def test_sizes_and_their_total_are_told_and_what_would_choose_more(reports: Path, capsys: Output) -> None:
    size = written(reports).stat().st_size
    clean("--yes")
    out = capsys.readouterr().out
    assert f"records                     1     {size / 1000:.3g} kB\n" in out
    assert out.endswith(f"total {size / 1000:.3g} kB, 0 bytes removed\n")
    clean()
    assert "--keep N or --older-than DAYS chooses records" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["--keep", "1"], [0]),
        (["--keep", "2"], [0, 3]),
        (["--older-than", "5"], [0, 3]),
        (["--older-than", "0"], [0]),
        (["--keep", "1", "--older-than", "7"], [0, 3, 6]),
        (["--keep", "3", "--older-than", "1"], [0, 3, 6]),
        ([], [0, 3, 6, 9]),
    ],
)
def test_records_are_kept_by_number_and_age(reports: Path, arguments: list[str], left: list[int]) -> None:
    paths = {days: written(reports, days * DAY) for days in (0, 3, 6, 9)}
    other = written(reports, 99 * DAY, model="other")
    clean("--yes", *arguments)
    assert [days for days, path in paths.items() if path.exists()] == left
    assert other.exists()


def test_what_baselines_the_result_cache_and_the_scorecard_need_stays(reports: Path) -> None:
    lost = utterance(hypothesis=None, words=edits(deletions=3), error=Failure(kind="crash", message="gone"))
    shown = written(reports, 9 * DAY)
    saved = written(reports, 8 * DAY)
    superseded = written(reports, 7 * DAY)
    answered = written(reports, 6 * DAY)
    whole = written(reports, 5 * DAY, utterances=[lost])
    limited = written(reports, 4 * DAY, limited_to=1)
    unread = written(reports, 3 * DAY)
    unread.write_text("{")
    newest = written(reports, 2 * DAY, limited_to=1, utterances=[lost])
    made = stored.read(saved)
    origin = made.provenance.model_copy(update={"inputs": {"dataset": "f"}})
    baseline.save(made.model_copy(update={"provenance": origin}), reports / "baselines")
    (reports / "scorecard.json").write_text(json.dumps({"rows": [{"record": f"reports/{shown.name}"}]}))
    clean("--yes", "--keep", "1")
    assert not superseded.exists()
    assert all(path.exists() for path in (shown, saved, answered, whole, limited, unread, newest))


def test_the_newest_of_each_shard_stays_and_none_counts_as_the_whole(reports: Path) -> None:
    def shard(index: int) -> ShardOf:
        return ShardOf(index=index, of=2, places=(index - 1,), utterances=2)

    older = written(reports, 5 * DAY, shard=shard(1))
    kept = [
        written(reports, 4 * DAY),
        *(written(reports, days * DAY, shard=shard(index)) for days, index in ((3, 2), (2, 1))),
    ]
    clean("--yes", "--keep", "1")
    assert not older.exists()
    assert all(path.exists() for path in kept)


def test_a_record_that_a_session_will_show_when_it_ends_stays(reports: Path) -> None:
    old, measured, _ = written(reports, 9 * DAY), written(reports, DAY), written(reports)
    session = Session(reports, "at-work", own=True)
    session.note_outcome("asr/fake:cpu:clips", {"record": str(measured)})
    clean("--keep", "1", "--yes")
    assert measured.exists()
    assert not old.exists()
    session.end(whole=True)
    clean("--keep", "1", "--yes")
    assert not measured.exists()


def test_the_newest_of_a_shard_stays_though_a_clip_failed(reports: Path) -> None:
    shard = ShardOf(index=2, of=2, places=(0,), utterances=2)
    failed = [utterance(hypothesis=None, error=Failure(kind="timeout", message="x"))]
    written(reports, 3 * DAY, utterances=failed, shard=shard)
    kept = written(reports, 2 * DAY, utterances=failed, shard=shard)
    written(reports)
    clean("--keep", "1", "--yes")
    assert kept.exists()


def test_a_record_that_cannot_be_read_is_named(reports: Path, capsys: Output) -> None:
    path = written(reports)
    path.write_text("{")
    clean()
    assert f"left alone, not a record that can be read: {path}: not a modellab.record/2" in capsys.readouterr().out


def test_what_a_killed_session_left_stays_until_it_is_old(reports: Path, capsys: Output) -> None:
    session = Session(reports, "killed", own=True)
    session.journal("asr/fake:cpu:clips").write_text("{}\n")
    session.end(whole=False)
    clean("--yes")
    clean("--yes", "--older-than", "1")
    assert session.folder.exists()
    assert "the next session goes on with its answers: killed" in capsys.readouterr().out
    for path in (*session.folder.iterdir(), session.folder):
        aged(path)
    clean("--yes", "--older-than", "1")
    assert not session.folder.exists()
    assert "removed: 1" in capsys.readouterr().out


def test_an_ended_session_without_answers_goes(reports: Path) -> None:
    session = Session(reports, "ended", own=True)
    session.note_plan([])
    session.end(whole=False)
    clean("--yes")
    assert not session.folder.exists()


def test_a_session_that_is_alive_or_just_begins_is_left_alone(reports: Path, capsys: Output) -> None:
    alive, begins = Session(reports, "alive", own=True), Session(reports, "begins", own=False)
    journal = alive.journal("asr/fake:cpu:clips")
    journal.write_text("{}\n")
    for path in (*alive.folder.iterdir(), alive.folder):
        aged(path)
    clean("--yes", "--older-than", "0")
    assert journal.exists()
    assert begins.folder.exists()
    out = capsys.readouterr().out
    assert "left alone, running: alive" in out
    assert "left alone, running: begins" in out


def test_a_session_at_work_is_not_disturbed(lab: FakeLab, cache: Path, capsys: Output) -> None:
    lab.ready(delay_s=0.5)
    lab.model("other", delay_s=0.5)
    blob = unnamed_blob(cache)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n2"]
    session = subprocess.Popen(command, cwd=lab.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    journals = lab.path / "reports" / "sessions"
    assert wait_for(lambda: any(journals.glob("*/*.jsonl")) or session.poll() is not None, seconds=60)
    clean("--yes", "--unnamed", "--keep", "1", "--older-than", "0", code=1)
    told = capsys.readouterr().out
    out, _ = session.communicate(timeout=120)
    assert "left alone, running: " in told
    assert f"not removed: a session uses the cache {cache}; try again when it has ended" in told
    assert session.returncode == 0, out
    assert len(lab.records()) == 2
    assert blob.exists()
    clean("--yes", "--unnamed")
    assert not blob.exists()
    assert not list((cache / "occupants").iterdir())


def unnamed_blob(cache: Path) -> Path:
    blob = cache / "blobs" / "sha256" / "ab" / ("ab" * 32)
    blob.parent.mkdir(parents=True)
    blob.write_bytes(bytes(1000))
    blob.chmod(0o444)
    return aged(blob)


def test_files_that_the_catalog_names_stay_and_others_go_when_asked(
    sessions: LabSessions, cache: Path, capsys: Output
) -> None:
    path = sessions.ready().model()
    parts = sessions.catalog / "parts"
    parts.mkdir()
    digests = {}
    for name in ("model.bin", "clip.wav"):
        (parts / name).write_bytes(name.encode())
        digests[name] = digest_file(parts / name)
    path.write_text(
        path.read_text() + f"weights:\n  files:\n    model.bin: {{sha256: {digests['model.bin']}, size: 9}}\n"
    )
    mirrors = {digests[name]: [{"parts": [{"folder": "parts", "member": name}]}] for name in digests}
    sessions.spec("mirrors.yaml", {"schema": "modellab.mirrors/1", "mirrors": mirrors})
    absent = {"id": "absent", "archive": "box", "member": "gone.wav", "sha256": "c" * 64, "text": "one"}
    clip = {"id": "there", "archive": "box", "member": "clip.wav", "sha256": digests["clip.wav"], "text": "one"}
    sessions.spec(
        "datasets/voices.yaml",
        {
            **{"schema": "modellab.dataset/1", "id": "voices", "tasks": ["asr"], "tiers": [], "language": "en"},
            # One that is absent comes first: what follows it is named all the same.
            **{"archives": {"box": {"folder": "../parts"}}, "clips": [absent, clip]},
        },
    )
    catalog, store = load(sessions.catalog), Store()
    folder = local_folder(catalog.models["fake"], catalog, store)
    assert folder is not None
    kept = [store.root / "blobs" / "sha256" / digest[:2] / digest for digest in digests.values()]
    kept[1].parent.mkdir(parents=True)
    kept[1].write_bytes(b"clip.wav")
    other, young = unnamed_blob(cache), cache / "blobs" / "sha256" / "ab" / ("ab" + "c" * 62)
    young.write_bytes(bytes(2000))
    for blob in kept:
        aged(blob)
    clean("--yes")
    assert other.exists()
    clean("--unnamed")
    out = capsys.readouterr().out
    assert f"- blobs/sha256/ab/{'ab' * 32}: no model or data set" in out
    assert "left alone, younger than a day: 1" in out
    clean("--yes", "--unnamed")
    assert not other.exists()
    assert young.exists()
    assert all(blob.exists() for blob in kept)
    assert (folder / "model.bin").read_bytes() == b"model.bin"
    out = capsys.readouterr().out
    assert "weights                     1     9 bytes" in out
    assert "data                        1     8 bytes" in out
    assert "removed: 1, 1 kB" in out


def test_snapshots_of_the_hub_that_no_model_names_go_when_asked(
    sessions: LabSessions, cache: Path, capsys: Output
) -> None:
    path = sessions.ready().model()
    path.write_text(path.read_text() + f"weights: {{repo: some/model, revision: {'a' * 40}}}\n")
    repo = cache / "hub" / "models--some--model"
    for revision in ("a", "b"):
        snapshot, blob = repo / "snapshots" / (revision * 40), repo / "blobs" / revision
        snapshot.mkdir(parents=True)
        blob.parent.mkdir(exist_ok=True)
        blob.write_bytes(bytes(1000))
        (snapshot / "model.bin").symlink_to(blob)
        aged(snapshot)
    clean("--yes", "--unnamed")
    assert [each.name for each in (repo / "snapshots").iterdir()] == ["a" * 40]
    assert [each.name for each in (repo / "blobs").iterdir()] == ["a"]
    assert "no model is some/model at bbbbbbbb" in capsys.readouterr().out


def test_environments_that_no_model_names_go_when_asked(sessions: LabSessions, cache: Path) -> None:
    path = sessions.ready().model()
    path.write_text(path.read_text() + "environment: {requirements: [numpy]}\n")
    spec = load(sessions.catalog).models["fake"].environment
    assert spec is not None
    folders = [cache / "environments" / name for name in (Environments.key(plan(spec)), "0" * 32)]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "build.log").write_text("made")
        aged(folder)
    clean("--yes")
    clean("--yes", "--unnamed")
    assert [folder.exists() for folder in folders] == [True, False]


def test_what_killed_processes_were_writing_goes_after_a_day(reports: Path, cache: Path) -> None:
    places = [cache / "tmp" / "worker-1", cache / "blobs" / "sha256" / "ab" / ".ab.x.part", reports / ".card.x.tmp"]
    for age in (2 * DAY, 0 * DAY):
        for place in places:
            path = place.with_name(f"{place.stem}{age.days}{place.suffix}")
            path.parent.mkdir(parents=True, exist_ok=True)
            if place.suffix:
                path.write_text("half")
            else:
                path.mkdir()
            aged(path, age)
    clean("--yes")
    left = sorted(path.name for place in places for path in place.parent.iterdir() if path.name[-1:] != "k")
    assert left == sorted([".ab.x0.part", ".card.x0.tmp", "worker-10"])


def test_a_folder_that_can_not_be_removed_is_named(
    reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    old = written(reports, DAY)
    written(reports)

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    clean("--yes", "--keep", "1", code=1)
    out = capsys.readouterr().out
    assert f"not removed: [Errno 13] Permission denied: '{old}'" in out
    assert "0 bytes removed" in out


@pytest.mark.parametrize(("option", "value"), [("--keep", "0"), ("--keep", "-1"), ("--older-than", "soon")])
def test_a_number_that_is_none_is_refused(reports: Path, option: str, value: str, capsys: Output) -> None:
    assert main(["clean", f"{option}={value}"]) == Exit.USAGE
    assert "needed, not " in capsys.readouterr().err


@pytest.fixture
def occupant(cache: Path) -> Iterator[Occupant]:
    found = Occupant(cache)
    yield found
    found.leave()


def test_the_cache_is_not_emptied_while_somebody_is_there(cache: Path, occupant: Occupant) -> None:
    with pytest.raises(CacheInUse, match="try again"), emptying(cache):
        pass
    occupant.leave()
    with emptying(cache), pytest.raises(CacheInUse), emptying(cache):
        pass
    assert not list((cache / "occupants").iterdir())


class TestSound:
    def test_it_stays_as_long_as_a_record_or_a_journal_names_it(self, reports: Path, capsys: Output) -> None:
        digests = {name: str(i) * 64 for i, name in enumerate(("record", "journal", "nobody", "new"), 1)}
        paths = {name: reports / "audio" / digest[:2] / f"{digest}.flac" for name, digest in digests.items()}
        for name, path in paths.items():
            path.parent.mkdir(parents=True)
            path.write_bytes(b"sound")
            if name != "new":
                aged(path)
        folder = reports / "runs" / "voice" / "tts"
        folder.mkdir(parents=True)
        (folder / "other.json").write_text(json.dumps({"audio": digests["record"]}, indent=1))
        killed = reports / "sessions" / "killed"
        killed.mkdir(parents=True)
        (killed / "case.jsonl").write_text(json.dumps({"part": {"audio": digests["journal"]}}) + "\n")
        main(["clean", "--yes"])
        assert {name for name, path in paths.items() if path.exists()} == {"record", "journal", "new"}
