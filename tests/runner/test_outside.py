"""Answers that something outside an engine's process can change: who says so, and whom it concerns."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import chatlab
import pytest
import voicelab
from every_task import ready_chat
from fakelab import FakeCatalog
from fakeruns import FakeRuns, StopsAt

from pytest_modellab.engines import registry
from pytest_modellab.engines.registry import available, engine_class, outside
from pytest_modellab.runner import sources
from pytest_modellab.runner.outside import why_always

NETWORK = {"socket", "http", "requests", "httpx", "httpx2", "aiohttp", "websockets", "grpc"}


LISTENER, TALKER = "modellab_fake_talker:FakeListener", "modellab_fake_talker:FakeTalker"
EAR, VOICE = "modellab_fake_engine:FakeEngine", "modellab_fake_engine:FakeVoice"
TAKING_PART: dict[str, tuple[Callable[[FakeCatalog], object], str, str]] = {
    "model": (FakeCatalog.ready, "fake", EAR),
    "judge": (voicelab.ready, "ear", EAR),
    "voice": (ready_chat, "voice", VOICE),
    "grader": (chatlab.graded, "judge", TALKER),
    "part": (chatlab.cascade, "mind", TALKER),
}
"""What of a case can answer otherwise: its catalog, the name of the model, and its engine."""


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


def answers_from_outside(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an engine, and none that inherits from it, say so."""
    monkeypatch.setattr(engine_class(LISTENER), "outside", False, raising=False)
    monkeypatch.setattr(engine_class(engine), "outside", True, raising=False)


@pytest.mark.parametrize("of", TAKING_PART)
def test_no_record_and_no_journal_of_another_session_stands_for_them(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    ready, _, engine = TAKING_PART[of]
    ready(runs)
    assert runs.measured().provenance.inputs
    assert runs.outcome().unchanged_since is not None
    answers_from_outside(engine, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        runs.run(progress=StopsAt(1))
    (journal,) = runs.reports.glob("sessions/*/*.jsonl")
    for records in (2, 3):
        assert runs.measured().provenance.resumed == 0
        assert len(runs.records()) == records
        assert not journal.exists()


@pytest.mark.parametrize("of", TAKING_PART)
def test_why_a_case_is_always_measured_names_the_model_and_its_engine(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    ready, name, engine = TAKING_PART[of]
    ready(runs)
    case = runs.case()
    with runs.session() as runner:
        dataset, order = runner.dataset(case), runner.order(case)
        assert why_always(case, dataset, order, runner) is None
        answers_from_outside(engine, monkeypatch)
        assert why_always(case, dataset, order, runner) == (
            f"{name}: something outside its process can change its answers, by its engine {engine.rpartition(':')[2]}"
        )


def test_what_says_nothing_is_answered_inside() -> None:
    class Bare: ...

    assert not registry.outside(Bare)  # type: ignore[arg-type]  # it has no more of an engine
