"""Times that count however busy the machine is: for tests of what a figure leads to, which run beside others."""

from __future__ import annotations

import pytest

from pytest_modellab.results import conditions


def quiet(patched: pytest.MonkeyPatch) -> None:
    """Let nothing count as noise in this process."""
    patched.setattr(conditions, "CORE_WAIT_BOUND", 1e9)
    patched.setattr(conditions, "SPREAD_BOUND", 1e9)
