"""What only this repository needs: its sessions run the plugin of this checkout, and collect nothing but tests."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
collect_ignore = ["benchmarks", "docs", "examples", "fixtures", "pytest_modellab", "reports", "results"]


def pytest_configure(config: pytest.Config) -> None:
    plugin = config.pluginmanager.get_plugin("modellab")
    if plugin is None:  # switched off, by `-p no:modellab`
        return
    found = Path(str(plugin.__file__)).resolve()
    if not found.is_relative_to(ROOT / "pytest_modellab"):
        raise pytest.UsageError(
            f"the plugin is another one than this checkout's: {found}\n"
            f"Run the pytest of an environment that has this checkout installed; to install it: pip install -e {ROOT}"
        )
