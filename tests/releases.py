"""A repository with a release, and its bundle to be spoiled. Fixtures of the tests that need them."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakelab import FakeCatalog, FakeLab

from pytest_modellab.cli import main
from pytest_modellab.reports.release import bundle
from pytest_modellab.reports.release.note import RECORDS
from pytest_modellab.results.record_files import read, seal_of

GIT = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org")


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run([*GIT, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def committed(lab: FakeCatalog, message: str = "all") -> None:
    git(lab.path, "add", ".")
    git(lab.path, "commit", "-qm", message)


@pytest.fixture
def repository(lab: FakeLab, monkeypatch: pytest.MonkeyPatch) -> FakeLab:
    """A lab that is a git repository, whose release requires its one case."""
    lab.texts = [*FakeLab.texts, "four fine days", "five fine days"]  # as many as an interval takes
    lab.ready().quiet()
    lab.spec("release.yaml", {"schema": "modellab.release/1", "required": ["fake:cpu:*"]})
    (lab.path / ".gitignore").write_text("reports/*\n!reports/baselines\nengine.log\n__pycache__\n")
    git(lab.path, "init", "-q", "-b", "main")
    committed(lab)
    monkeypatch.chdir(lab.path)
    return lab


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the one good bundle of these tests is kept."""
    return tmp_path_factory.mktemp("release") / "good"


@pytest.fixture
def released(kept: Path, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unpacked bundle of a good release, to be spoiled."""
    if not kept.exists():
        repository: FakeLab = request.getfixturevalue("repository")
        assert main(["release", "1.0", "-n", "1"]) == 0
        with zipfile.ZipFile(repository.path / "reports" / "release-1.0.zip") as made:
            made.extractall(kept)
    return Path(shutil.copytree(kept, tmp_path / "unpacked"))


def lines_of(captured: str, mark: str = "FAIL ") -> list[str]:
    return [line.removeprefix(mark).strip() for line in captured.splitlines() if line.startswith(mark)]


def the_record(folder: Path) -> Path:
    (path,) = (folder / RECORDS).rglob("*.json")
    return path


def edited(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def forged(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the record and make its seal and the checksums fit, as somebody would who wants to be believed."""
    path = the_record(folder)
    edited(path, lambda data: (change(data), data.update(seal=None)))  # type: ignore[arg-type, func-returns-value]  # two calls in one
    record = read(path)
    path.write_text(record.model_copy(update={"seal": seal_of(record)}).model_dump_json(by_alias=True))
    bundle.seal(folder)


def keys(folder: Path) -> tuple[Path, Path]:
    """A new SSH key, and a file that allows it to sign for releases@example.org."""
    folder.mkdir()
    key, allowed = folder / "key", folder / "allowed_signers"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    allowed.write_text(f"releases@example.org {(folder / 'key.pub').read_text()}")
    return key, allowed
