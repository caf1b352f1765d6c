"""What somebody else wrote, a manifest, an archive, a checkpoint, is read as data and from where it may be."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from fakelab import FakeLab

from pytest_modellab.assets.store import Inside, Selection, Store, StoreError, WantedFile
from pytest_modellab.assets.store.archives import read_members

SECRET = "the secret of somebody"


def outside(lab: FakeLab) -> Path:
    """A recording that a manifest has no business with."""
    folder = lab.path / "private"
    folder.mkdir()
    (lab.catalog / "datasets" / "clips-0.wav").rename(folder / "call.wav")
    return folder / "call.wav"


def point_at(lab: FakeLab, path: str) -> None:
    manifest = lab.catalog / "datasets" / "clips.jsonl"
    first, *rest = manifest.read_text().splitlines()
    manifest.write_text("\n".join([json.dumps(json.loads(first) | {"audio_filepath": path}), *rest]))


class TestManifest:
    @pytest.mark.parametrize("way", ["up", "absolute", "link"])
    def test_a_file_outside_is_refused_with_its_line(self, lab: FakeLab, way: str) -> None:
        lab.ready()
        file = outside(lab)
        if way == "link":
            (lab.catalog / "datasets" / "innocent.wav").symlink_to(file)
        point_at(lab, {"up": "../../private/call.wav", "absolute": str(file), "link": "innocent.wav"}[way])
        result = lab.run()
        assert result.ret == 1
        result.stdout.fnmatch_lines(
            ["*clips.jsonl:1: *.wav lies outside */lab/datasets; if it may be read, set `audio_root` in clips.yaml *"]
        )
        assert lab.engine_log() == []

    @pytest.mark.parametrize("root", ["../..", "{private}/.."])
    def test_it_may_be_allowed(self, lab: FakeLab, root: str) -> None:
        lab.ready()
        file = outside(lab)
        point_at(lab, str(file))
        spec = lab.catalog / "datasets" / "clips.yaml"
        spec.write_text(spec.read_text() + f"audio_root: {root.format(private=file.parent)}\n")
        assert lab.run().ret == 0

    def test_a_root_that_is_not_there_is_told_once(self, lab: FakeLab) -> None:
        lab.ready()
        spec = lab.catalog / "datasets" / "clips.yaml"
        spec.write_text(spec.read_text() + "audio_root: nowhere\n")
        result = lab.run()
        assert result.ret == 1
        result.stdout.fnmatch_lines(["*data set clips: `audio_root` */lab/datasets/nowhere is no folder (named in *"])

    def test_a_root_of_what_has_no_files_is_refused(self, lab: FakeLab) -> None:
        lab.ready()
        lab.spec(
            "datasets/made.yaml",
            {
                **{"schema": "modellab.dataset/1", "id": "made", "tasks": ["asr"], "tiers": [], "audio_root": "/"},
                "made": [{"id": "a", "sound": "silence", "seconds": 1}],
            },
        )
        lab.run().stderr.fnmatch_lines(["*made.yaml:1: `audio_root` goes with `folder`, *, not with `made`"])


def test_a_reference_that_is_a_link_to_elsewhere_is_refused(lab: FakeLab) -> None:
    lab.ready()
    secret = lab.path / "secret"
    secret.write_text(SECRET)
    folder = lab.catalog / "datasets" / "talk"
    folder.mkdir()
    (lab.catalog / "datasets" / "clips-0.wav").rename(folder / "a.wav")
    (folder / "a.txt").symlink_to(secret)
    spec = lab.catalog / "datasets" / "clips.yaml"
    spec.write_text(spec.read_text().replace("manifest: clips.jsonl", "folder: talk"))
    result = lab.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*a.txt lies outside *"])
    assert SECRET not in result.stdout.str()


class TestArchives:
    """Nothing is unpacked by the name that an archive gives it, and links lead nowhere."""

    NAMES = ("../escaped", "/tmp/escaped-by-modellab", "a/../../escaped", "C:\\escaped")

    @staticmethod
    def tar(path: Path, secret: Path) -> Path:
        with tarfile.open(path, "w") as opened:
            for name in TestArchives.NAMES:
                entry = tarfile.TarInfo(name)
                entry.size = 3
                opened.addfile(entry, io.BytesIO(b"abc"))
            for name, kind in (("link", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("pipe", tarfile.FIFOTYPE)):
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = kind, str(secret)
                opened.addfile(entry)
        return path

    @staticmethod
    def zip(path: Path, secret: Path) -> Path:
        with zipfile.ZipFile(path, "w") as opened:
            for name in TestArchives.NAMES:
                opened.writestr(name, b"abc")
            link = zipfile.ZipInfo("link")
            link.external_attr = 0o120777 << 16
            opened.writestr(link, str(secret))
        return path

    @pytest.mark.parametrize("kind", ["tar", "zip"])
    def test_members_stay_in_the_cache(self, tmp_path: Path, kind: str) -> None:
        (tmp_path / "deep" / "down").mkdir(parents=True)
        secret = tmp_path / "secret"
        secret.write_text(SECRET)
        path = getattr(self, kind)(tmp_path / f"a.{kind}", secret)
        store = Store(tmp_path / "deep" / "down" / "cache", progress=False)
        before = set(tmp_path.rglob("*"))
        found = store.members("a", Selection(".*"), lambda: path)
        assert {kept.path.read_bytes() for kept in found.values()} == {b"abc"}
        assert not {"link", "hard", "pipe"} & set(found)
        new = set(tmp_path.rglob("*")) - before
        assert [each for each in new if not each.is_relative_to(store.root)] == []
        assert not Path("/tmp/escaped-by-modellab").exists()
        assert not any(SECRET.encode() in each.read_bytes() for each in store.root.rglob("*") if each.is_file())

    @pytest.mark.parametrize("kind", ["tar", "zip"])
    def test_a_link_that_is_asked_for_is_no_file(self, tmp_path: Path, kind: str) -> None:
        secret = tmp_path / "secret"
        secret.write_text(SECRET)
        path = getattr(self, kind)(tmp_path / f"a.{kind}", secret)
        assert [name for name, _ in read_members(path, lambda name: name == "link")] == []
        wanted = WantedFile("x", "0" * 64, None, (Inside(path, "link"),))
        with pytest.raises(StoreError, match=r"link in a.* is not a regular file"):
            Store(tmp_path / "cache", progress=False).fetch([wanted])


def test_a_model_that_runs_foreign_code_is_named_before_it_runs(lab: FakeLab) -> None:
    lab.ready()
    lab.run().stdout.no_fnmatch_line("*trust_remote_code*")
    lab.model("trusting", trust_remote_code=True)
    lab.run().stdout.fnmatch_lines(["modellab: run code that came with their weights (trust_remote_code): trusting"])
