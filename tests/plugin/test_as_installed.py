"""Modules of the package are imported as they were compiled, not as pytest would rewrite them."""

from __future__ import annotations

import pytest
from fakelab import FakeLab

TESTED = """
import sys


def test_loaders(run):
    found = {name: type(module.__spec__.loader).__name__ for name, module in sys.modules.items()
             if name.startswith("pytest_modellab.") and module.__spec__ is not None}
    assert len(found) > 100
    # What pytest imports to begin with.
    assert {name for name, loader in found.items() if loader != "SourceFileLoader"} == {"pytest_modellab.plugin"}
"""


def test_in_a_session_none_is_rewritten_but_what_pytest_imports_first(
    lab: FakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    lab.ready()
    lab.subprocess = True
    lab.pytester.makepyfile(test_suite=TESTED)
    lab.run().assert_outcomes(passed=1)
