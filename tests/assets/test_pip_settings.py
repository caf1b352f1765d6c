"""Where packages come from is what pip itself would be told: by the environment, its files, its defaults."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pytest_modellab.assets.store.errors import SourceFailed
from pytest_modellab.assets.store.pipconfig import PipMissing, last_lines, read_settings, run_python


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip's one configuration file, and no variable of pip's."""
    for name in [each for each in os.environ if each.startswith("PIP_")]:
        monkeypatch.delenv(name)
    path = tmp_path / "pip.conf"
    path.write_text("")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path))
    return path


def test_the_section_of_download_comes_first_and_that_of_install_last(configured: Path) -> None:
    configured.write_text(
        "[global]\nindex-url = https://example.org/all\nproxy = http://proxy.example.org:1\n"
        "[download]\nindex-url = https://example.org/download\n"
        "[install]\nextra-index-url = https://example.org/more https://example.org/download\nproxy = http://other:2\n"
    )
    found = read_settings()
    assert found.indexes == ("https://example.org/download", "https://example.org/more")
    assert found.access.proxy == "http://proxy.example.org:1"
    assert not found.find_links


def test_the_environment_comes_before_all_files(configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured.write_text("[global]\nindex-url = https://example.org/all\ncert = /of/file.pem\n")
    monkeypatch.setenv("PIP_INDEX_URL", "https://example.org/mine")
    monkeypatch.setenv("PIP_FIND_LINKS", "/wheels")
    found = read_settings()
    assert found.indexes == ("https://example.org/mine",)
    assert found.access.certificates == "/of/file.pem"
    assert found.find_links


def test_without_an_index_there_is_none(configured: Path) -> None:
    configured.write_text("[global]\nno-index = true\nindex-url = https://example.org/all\n")
    assert read_settings().indexes == ()


def test_where_nothing_says_so_it_is_pips_default(configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)  # which leaves out the machine's files, too
    (index,) = read_settings().indexes
    assert index.startswith("https://")
    assert index.endswith("/simple")


def interpreter(folder: Path, script: str) -> str:
    """A program in the place of Python."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Python is a script")
class TestAnInterpreter:
    def test_without_pip_the_index_must_be_told(
        self, configured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "executable", interpreter(tmp_path, 'echo "No module named pip" >&2; exit 1'))
        with pytest.raises(PipMissing):
            run_python("-m", "pip", "--version")
        with pytest.raises(SourceFailed, match=r"pip is not installed for .*, or set PIP_INDEX_URL"):
            read_settings()
        monkeypatch.setenv("PIP_INDEX_URL", "https://example.org/mine")
        assert read_settings().indexes == ("https://example.org/mine",)

    def test_whose_pip_fails_is_told_by_its_last_words(
        self, configured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "executable", interpreter(tmp_path, "echo broken >&2; exit 2"))
        with pytest.raises(SourceFailed, match="`pip config list` failed: broken"):
            read_settings()

    def test_whose_pip_lists_nothing_and_has_no_default(
        self, configured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        script = '[ "$1" = -c ] && exit 1; echo not-a-setting'
        monkeypatch.setattr(sys, "executable", interpreter(tmp_path, script))
        with pytest.raises(SourceFailed, match=r"this pip does not state its default index \(no message\); set PIP"):
            read_settings()

    def test_that_cannot_be_started(self, configured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
        with pytest.raises(SourceFailed, match="nowhere cannot be started"):
            read_settings()


def test_notices_of_pip_about_itself_are_no_last_words() -> None:
    assert last_lines("one\ntwo\n\n[notice] a new release\nthree\nfour\n") == "two / three / four"
    assert last_lines("") == "no message"
