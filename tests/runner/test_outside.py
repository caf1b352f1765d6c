"""Answers that something outside an engine's process can change: who says so, and whom it concerns."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import voicelab as tts
from fakelab import FakeLab

from pytest_modellab.engines import registry
from pytest_modellab.engines.registry import available, engine_class, outside
from pytest_modellab.runner import sources
from pytest_modellab.runner.session import Session

NETWORK = {"socket", "http", "requests", "httpx", "aiohttp", "websockets", "grpc"}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    return found


@pytest.mark.parametrize("name", sorted(available()))
def test_engines_that_speak_to_the_network_say_so(name: str) -> None:
    target = available()[name]
    module = target.partition(":")[0]
    if not module.startswith("pytest_modellab."):
        pytest.skip("another package's")
    files = sources.closure([module])
    assert outside(engine_class(target)) == any(imports(path) & NETWORK for path in files.values())


@pytest.mark.parametrize("of", ["model", "judge"])
def test_no_record_and_no_journal_of_another_session_stands_for_them(
    lab: FakeLab, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    monkeypatch.setattr(engine_class("modellab_fake_engine:FakeEngine"), "outside", True, raising=False)
    if of == "model":
        lab.ready()
    else:
        lab.pytester.makepyfile(test_suite=tts.SUITE)
        tts.ready(lab)
    forgotten: list[str] = []
    monkeypatch.setattr(Session, "forget", lambda self, key: forgotten.append(key))
    monkeypatch.setattr(Session, "adopt", lambda self, case, key: pytest.fail("a journal was taken over"))
    for _ in range(2):
        lab.run()
    assert len(lab.records()) == 2
    assert len(forgotten) == 2


def test_what_says_nothing_is_answered_inside() -> None:
    class Bare: ...

    assert not registry.outside(Bare)  # type: ignore[arg-type]  # it has no more of an engine
