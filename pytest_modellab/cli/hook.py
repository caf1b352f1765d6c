"""`modellab hook install|run`."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import hook


def run(options: argparse.Namespace) -> int:
    """Install the hook in this repository, or do what it does at a push."""
    if options.action == "run":
        return hook.run(Path.cwd())
    installed = hook.install(Path.cwd())
    print(f"installed {installed.path}: it runs `pytest {' '.join(hook.PYTEST[:2])}` before every push")
    if installed.kept is not None:
        print(f"the hook that stood there is run first: {installed.kept}")
    return 0
