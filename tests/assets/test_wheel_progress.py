"""The progress of a wheel's download: pip tells it line by line, and a bar of ours is drawn."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING, Any

import pytest

from pytest_modellab.assets.store import wheels
from pytest_modellab.assets.store.pipconfig import run_python
from pytest_modellab.assets.store.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINES = ("Collecting a\n", "Progress 0 of 100\n", "Progress 40 of 100\n", "Progress 100 of 100\n", "Saved a.whl\n")


class Watched(Progress):
    """Notes the bars that are drawn: label, total and steps."""

    def __init__(self, bars: bool) -> None:
        super().__init__(bars)
        self.drawn: list[tuple[str, int | None, list[int]]] = []

    @contextmanager
    def bar(self, label: str, total: int | None) -> Iterator[Callable[[int], object]]:
        steps: list[int] = []
        self.drawn.append((label, total, steps))
        yield steps.append


def followed(progress: Progress, lines: tuple[str, ...] = LINES) -> Any:
    with ExitStack() as shown:
        bar = wheels._Bar("a==1", progress, shown)
        for line in lines:
            bar(line)
    return bar


def test_a_bar_goes_by_what_pip_tells() -> None:
    progress = Watched(True)
    assert followed(progress).told
    assert progress.drawn == [("a==1", 100, [0, 40, 60])]


def test_of_unknown_size() -> None:
    progress = Watched(True)
    followed(progress, ("Progress 7\n", "Progress 9\n"))
    assert progress.drawn == [("a==1", None, [7, 2])]


def test_without_bars_none_is_asked_for() -> None:
    progress = Watched(False)
    assert not followed(progress).told
    assert progress.drawn == []


@pytest.mark.parametrize("found", ["23.0", None])
def test_an_older_pip_is_told_of_in_a_line(
    found: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def version(name: str) -> str:
        if found is None:
            raise PackageNotFoundError
        return found

    monkeypatch.setattr(wheels, "version", version)
    progress = Watched(True)
    followed(progress)
    assert progress.drawn == []
    assert capsys.readouterr().err == "fetching a==1\n"


def test_lines_of_a_program_are_given_as_they_come() -> None:
    lines: list[str] = []
    code = "import sys; print('a'); print('b'); sys.stderr.write('wrong\\n' * 20000); sys.exit(3)"
    done = run_python("-c", code, on_line=lines.append)
    assert lines == ["a\n", "b\n"]
    assert (done.returncode, done.stdout, done.stderr.count("wrong")) == (3, "", 20_000)
    assert run_python("-c", "print('a')").stdout == "a\n"
