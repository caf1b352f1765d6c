"""The pre-push hook as a file: installed beside what stands there, looked at, removed; pytest isn't run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pytest
from commands import Told
from fakelab import FakeCatalog

from pytest_modellab.cli import pre_push
from pytest_modellab.cli.exits import Exit
from pytest_modellab.cli.pre_push import HookError, broken, install, script, status


def git(*arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments], check=True)


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the hook of the repository is, or will be, that one stands in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    return tmp_path / ".git" / "hooks" / "pre-push"


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


class TestCommand:
    def test_installed_shown_and_removed(self, hook: Path, told: Told) -> None:
        assert told("hook", "status", code=Exit.WRONG) == "not installed; `modellab hook install` does it\n"
        assert "it runs `pytest -m smoke` before every push" in told("hook", "install", "--inconclusive", "fail")
        assert hook.read_text().endswith(
            f"exec {sys.executable} -m pytest_modellab.cli hook run --inconclusive fail </dev/null\n"
        )
        assert told("hook", "status").startswith("installed: ")
        assert told("hook", "uninstall").startswith("removed ")
        assert not hook.exists()
        assert told("hook", "uninstall") == "there is no hook of ours here\n"

    def test_what_would_stop_every_push_is_told(self, hook: Path, told: Told) -> None:
        lab = FakeCatalog(Path.cwd())
        Path("pytest.ini").write_text("[pytest]\nmodellab_catalog = lab\n")
        lab.ready()
        assert "every push" not in told("hook", "install").replace("before every push", "")
        lab.dataset(tiers=["real_e2e"])
        assert "every push will be stopped, as no case is in the tier smoke: put it into `tiers:` of" in told(
            "hook", "install"
        )
        lab.dataset(tasks=["walk"])
        assert "every push will be stopped, as the catalog is wrong: " in told("hook", "install")
        shutil.rmtree(lab.catalog)
        assert "every push will be stopped, as there is no catalog yet: `modellab init" in told("hook", "install")

    def test_a_hook_that_is_there_is_kept_and_comes_back(self, hook: Path, told: Told) -> None:
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\n")
        assert "the hook that stood there is run first" in told("hook", "install")
        told("hook", "install")
        assert "the hook that stood there before is back" in told("hook", "uninstall")
        assert hook.read_text() == "#!/bin/sh\n"

    def test_two_hooks_of_others(self, hook: Path, told: Told) -> None:
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\n")
        told("hook", "install")
        hook.write_text("#!/bin/sh\n")
        told("hook", "install", code=Exit.WRONG)
        assert "is not ours and" in told.errors

    def test_one_that_would_not_do_its_work(self, hook: Path, told: Told) -> None:
        told("hook", "install")
        hook.chmod(0o644)
        assert "it is not executable" in told("hook", "status", code=Exit.WRONG)

    def test_outside_a_repository(self, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
        told("hook", "install", code=Exit.WRONG)
        assert "is in no git repository" in told.errors


class TestBroken:
    @pytest.mark.parametrize(
        ("text", "why"),
        [(script("/none/python"), "its Python /none/python is gone"), ("#!/bin/sh\necho\n", "it was changed by hand")],
    )
    def test_why(self, hook: Path, text: str, why: str) -> None:
        installed = install(hook.parents[2])
        installed.path.write_text(text)
        assert broken(installed) == why

    def test_a_hook_of_others_is_none_of_ours(self, hook: Path) -> None:
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\n")
        assert status(hook.parents[2]) is None

    def test_a_folder_that_other_repositories_use_too(
        self, hook: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        git("config", "core.hooksPath", str(tmp_path_factory.mktemp("elsewhere")))
        with pytest.raises(HookError, match="outside this repository: a hook there would run in others, too"):
            install(hook.parents[2])


def test_a_script_enters_the_folder_of_the_configuration() -> None:
    text = script("/usr/bin/python", start="my tests", configuration="lab.ini")
    assert (
        "\ncd 'my tests' || exit\nexec /usr/bin/python -m pytest_modellab.cli -c lab.ini hook run </dev/null\n" in text
    )


class TestRun:
    @pytest.mark.parametrize(
        ("code", "why"),
        [
            (0, ""),
            (1, "tests or gates failed"),
            (2, "pytest was interrupted, or a test could not be collected"),
            (4, "the catalog or pytest's options are wrong"),
            (5, "no test was selected, so nothing was checked"),
            (9, "pytest ended with 9"),
        ],
    )
    def test_the_end_of_what_pytest_said(
        self, hook: Path, told: Told, code: int, why: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def run_pytest(arguments: Sequence[str], folder: Path, output: IO[bytes]) -> int:
            assert "--lab-inconclusive=fail" in arguments
            output.write(b"".join(b"line %d\n" % i for i in range(50)))
            return code

        monkeypatch.setattr(pre_push, "run_pytest", run_pytest)
        Path("pytest.ini").write_text("[pytest]\naddopts =\n")
        said = told("hook", "run", "--inconclusive", "fail", code=code)
        assert said.startswith("... 10 lines more: pytest -m smoke shows them\nline 10\n")
        assert "tested with 1 uncommitted changes, which are not pushed: pytest.ini" in said
        assert ("push stopped" in said) == bool(code)
        assert why in said

    def test_that_changes_cannot_be_looked_for_is_told(
        self, hook: Path, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pre_push, "run_pytest", lambda *_: 0)
        monkeypatch.setattr("pytest_modellab.core.git.told", lambda *_, **__: None)
        assert "whether there are uncommitted changes, which are not pushed, isn't known" in told("hook", "run")

    def test_without_a_policy_that_of_the_ini_file_holds(
        self, hook: Path, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []

        def run_pytest(arguments: Sequence[str], folder: Path, output: IO[bytes]) -> int:
            asked.extend(arguments)
            return 0

        monkeypatch.setattr(pre_push, "run_pytest", run_pytest)
        told("hook", "run")
        assert tuple(asked) == pre_push.PYTEST
