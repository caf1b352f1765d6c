"""Configurations of pytest, parsed from a command line and an ini file, of which no session is started."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from _pytest.config import _prepareconfig

INI = "[pytest]\nmodellab_catalog = lab\nmodellab_page = false\n"


@contextmanager
def parsed(folder: Path, *arguments: str, ini: str | None = INI) -> Iterator[pytest.Config]:
    """The configuration of a session in `folder`, as our hooks get it; `ini` is written there, None leaves what is."""
    place = folder / "pytest.ini"
    if ini is not None:
        place.write_text(ini, encoding="utf-8")
    # Plain asserts: else an import hook is installed, of which there is one already.
    plain = ("-c", str(place), "--rootdir", str(folder), "--assert=plain", "-p", "no:cacheprovider")
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("PYTEST_ADDOPTS", raising=False)
        config = _prepareconfig([*plain, *arguments])
        try:
            yield config
        finally:
            config._ensure_unconfigure()
