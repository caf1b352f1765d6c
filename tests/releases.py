"""A repository with a release, and its bundle to be spoiled. Fixtures of the tests that need them."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from configs import INI
from fakelab import FakeCatalog, FakeLab
from fakeruns import FakeRuns
from labsessions import ASSERTED, stand_in

from pytest_modellab.catalog import load
from pytest_modellab.reports.release import bundle
from pytest_modellab.reports.release.conduct import Release, conduct
from pytest_modellab.reports.release.note import RECORDS
from pytest_modellab.reports.release.plan import Plan
from pytest_modellab.results.record_files import checksum_of, read

GIT = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org")


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run([*GIT, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def committed(lab: FakeCatalog, message: str = "all") -> None:
    git(lab.path, "add", ".")
    git(lab.path, "commit", "-qm", message)


IGNORED = "reports/*\n!reports/baselines\nengine.log\n__pycache__\n"
TEXTS = (*FakeLab.texts, "four fine days", "five fine days")
"""As many as an interval takes."""


def with_release(lab: FakeCatalog) -> None:
    """Make a lab a git repository, whose release requires its one case."""
    lab.texts = TEXTS
    lab.ready()
    lab.spec("release.yaml", {"schema": "modellab.release/1", "required": ["fake:cpu:*"]})
    (lab.path / ".gitignore").write_text(IGNORED)
    git(lab.path, "init", "-q", "-b", "main")
    committed(lab)


@pytest.fixture
def repository(lab: FakeLab, monkeypatch: pytest.MonkeyPatch) -> FakeLab:
    """A lab with a release, whose sessions are those of pytest."""
    lab.quiet()
    with_release(lab)
    monkeypatch.chdir(lab.path)
    return lab


@pytest.fixture
def releasing(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> FakeRuns:
    """A catalog with a release, whose sessions are stand-ins: see `release`."""
    (runs.path / "pytest.ini").write_text(INI)
    with_release(runs)
    monkeypatch.chdir(runs.path)
    return runs


def plan(lab: FakeCatalog, **more: Any) -> Plan:
    """The settings of a release of the catalog as it is now."""
    catalog = load(lab.catalog, lab.path)
    assert catalog.release is not None
    reports = lab.path / "reports"
    told = {"version": "1.0", "workers": 1, "required_only": False, "output": reports, **more}
    return Plan(catalog=catalog, spec=catalog.release, reports=reports, **told)


def release(lab: FakeCatalog, *, asserted: Sequence[str] = ASSERTED, **more: Any) -> Release:
    """A release of real records and figures; its sessions don't start pytest."""
    return conduct(plan(lab, **more), lambda text: None, partial(stand_in, asserted=asserted))


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the one good bundle of these tests is kept."""
    return tmp_path_factory.mktemp("release") / "good"


@pytest.fixture
def released(kept: Path, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unpacked bundle of a good release, to be spoiled."""
    if not kept.exists():
        made = release(request.getfixturevalue("releasing"))
        assert made.passed, made.verified
        with zipfile.ZipFile(made.bundle) as packed:
            packed.extractall(kept)
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
    path.write_text(record.model_copy(update={"seal": checksum_of(record)}).model_dump_json(by_alias=True))
    bundle.write_checksums(folder)


def keys(folder: Path) -> tuple[Path, Path]:
    """A new SSH key, and a file that allows it to sign for releases@example.org."""
    folder.mkdir()
    key, allowed = folder / "key", folder / "allowed_signers"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    allowed.write_text(f"releases@example.org {(folder / 'key.pub').read_text()}")
    return key, allowed
