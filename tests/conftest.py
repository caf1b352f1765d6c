"""Shared by all tests: the fake engine is installed, and pytester's sessions find the cache of this user."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakelab import FakeLab
from fakeruns import FakeRuns
from hypothesis import HealthCheck, settings
from labsessions import LabSessions

from pytest_modellab.assets.store import cache_root
from pytest_modellab.catalog.dataset_forms import FORMS
from pytest_modellab.engines.registry import PREDICTORS, available, engine_class
from pytest_modellab.reports.scorecard.format import FORMATS

pytest_plugins = ["pytester", "releases", "rooms"]

# Before anything asks which engines there are; PYTHONPATH is what worker processes see of it.
FAKE_ENGINE = str(Path(__file__).parent / "fake_engine")
sys.path.insert(0, FAKE_ENGINE)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [FAKE_ENGINE, os.environ.get("PYTHONPATH")]))
# What a test writes twice within a second must not be taken for what it was. `make test` compiles the package once.
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
# pytester gives every test a HOME of its own.
USERS_CACHE = os.environ["MODELLAB_CACHE"] = str(cache_root())


# pytester forgets what a session in this process was the first to import, and registries don't: without this they would
# hold other classes than the tests import later.
dict(FORMS)
dict(PREDICTORS)
dict(FORMATS)
for engine in available().values():
    engine_class(engine)


# No example is timed: how long one takes is up to what else runs, and to coverage.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

REAL_MODELS = frozenset(
    f"test_{name}.py"
    for name in (
        *(
            "barge_in_real",
            "chat_real",
            "diarizers_real",
            "engines",
            "foreign_task",
            "from_transformers_real",
            "real",
            "served_real",
            "sherpa_onnx_real",
            "streaming_real",
            "third_party",
            "turn_real",
            "voices",
            "vosk_real",
            "whisper_cpp_real",
            "word_times_real",
        ),
    )
)
SESSIONS = REAL_MODELS | {
    f"test_{name}.py"
    for name in ("foreign_suites", "foreign_suites_beside", "notebook", "own_conftest", "survival", "versions")
}
"""Files of tests that start sessions by themselves."""
BROWSER = "_browser.py"
"""How the files of tests end that start a browser."""
SESSION_FIXTURES = frozenset({"pytester"})
RUN_FIXTURES = frozenset({"runs", "sessions", "released"})
"""Fixtures of tests that run cases of fake models, or look at a release of some."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "session: starts sessions of pytest, a browser or a real model: no unit test")
    config.addinivalue_line("markers", "runs: runs cases of fake models without a session of pytest")
    config.addinivalue_line("markers", "slow: takes long, and covers no more than others do: not run under coverage")
    config.addinivalue_line(
        "markers", "nightly(test): takes long, and tries more of what `test`, path::name, tries in every run"
    )
    config.addinivalue_line("markers", "heavy: builds an environment of several gigabytes; run by `-m heavy` only")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Ten thousand tests stay until the end: the garbage collector need not look through them again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        own = item.path.name in SESSIONS or item.path.name.endswith(BROWSER)
        if own or SESSION_FIXTURES & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.session)
        if RUN_FIXTURES & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.runs)
    if "heavy" not in config.option.markexpr:
        for item in items:
            if item.get_closest_marker("heavy"):
                item.add_marker(pytest.mark.skip(reason="takes gigabytes and minutes: pytest -m heavy tests"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """File by file, but all that measures real models on one worker: two would wait for each other's machine."""
    if config.option.dist != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ModelsTogether(LoadFileScheduling):  # type: ignore[misc]  # xdist says nothing of its types
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "models" if Path(file).name in REAL_MODELS else file

    return ModelsTogether(config, log)


@pytest.fixture(scope="session", autouse=True)
def surroundings() -> Iterator[None]:
    """What sessions that tests start find: room for a line, whatever it says, and no CI job to tell."""
    with pytest.MonkeyPatch.context() as patched:
        # Tests of narrow terminals set their own.
        patched.setenv("COLUMNS", "500")
        patched.delenv("GITHUB_STEP_SUMMARY", raising=False)
        yield


@pytest.fixture
def lab(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> FakeLab:
    """An empty repository with a catalog to fill, whose engine is the fake one.

    With a cache of its own: it needs no weights, and would wait for the machine while tests beside it hold it alone.
    """
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    if os.environ["MODELLAB_CACHE"] == USERS_CACHE:
        monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
    return FakeLab(pytester)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> FakeRuns:
    """An empty catalog to fill, whose cases are run without a session of pytest; with a cache of its own."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
    return FakeRuns(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> LabSessions:
    """An empty repository with a catalog to fill, in whose folder commands are called; with a cache of its own."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    if os.environ["MODELLAB_CACHE"] == USERS_CACHE:
        monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
    folder = tmp_path_factory.mktemp("sessions")
    monkeypatch.chdir(folder)
    return LabSessions(folder)
