"""Configurations of pytest, parsed from a command line and an ini file, of which no session is started."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from _pytest.config import _prepareconfig
from _pytest.runner import runtestprotocol

INI = "[pytest]\nmodellab_catalog = lab\nmodellab_page = false\n"


def without(*plugins: str) -> list[str]:
    """The arguments that keep pytest from loading these plugins."""
    return [option for name in plugins for option in ("-p", f"no:{name}")]


@contextmanager
def parsed(folder: Path, *arguments: str, ini: str | None = INI, file: str = "pytest.ini") -> Iterator[pytest.Config]:
    """The configuration of a session in `folder`, as our hooks get it; `ini` is written there, None leaves what is."""
    place = folder / file
    if ini is not None:
        place.write_text(ini, encoding="utf-8")
    # Plain asserts: else an import hook is installed, of which there is one already. The other plugin would collect
    # garbage at the end, among all that this process holds.
    unwanted = without("cacheprovider", "unraisableexception")
    plain = ("-c", str(place), "--rootdir", str(folder), "--assert=plain", *unwanted)
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("PYTEST_ADDOPTS", raising=False)
        config = _prepareconfig([*plain, *arguments])
        try:
            yield config
        finally:
            config._ensure_unconfigure()


@contextmanager
def collected(
    folder: Path, *arguments: str, ini: str | None = None, file: str = "pytest.ini"
) -> Iterator[pytest.Session]:
    """The tests of a suite as they were collected, selected and ordered; none is run, but what is asked for.

    What a fixture gives a test is found by `valued`, its reports by `reported`.
    """
    with parsed(folder, "-s", *arguments, ini=ini, file=file) as config:
        config._do_configure()
        session = pytest.Session.from_config(config)
        session.exitstatus = pytest.ExitCode.OK
        try:
            config.hook.pytest_sessionstart(session=session)
            config.hook.pytest_collection(session=session)
            yield session
        finally:
            session._setupstate.teardown_exact(None)
            config.hook.pytest_sessionfinish(session=session, exitstatus=session.exitstatus)
            # Other suites have modules of the same names.
            for name, module in list(sys.modules.items()):
                if str(getattr(module, "__file__", None)).startswith(f"{folder}{os.sep}"):
                    del sys.modules[name]


def valued(item: pytest.Item, fixture: str) -> Any:
    """What a fixture gives a test; an exception that the fixture raises is raised here."""
    state = item.session._setupstate
    state.teardown_exact(item)
    state.setup(item)
    return item._request.getfixturevalue(fixture)  # type: ignore[attr-defined]


def reported(item: pytest.Item) -> pytest.TestReport:
    """The report of a test's call, or of its setup where that failed or skipped; the hooks have it as well."""
    reports = runtestprotocol(item, log=True, nextitem=None)
    return next((each for each in reports if each.when == "call"), reports[0])
