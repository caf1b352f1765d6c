"""Reports on shared storage: a session works on a copy on this machine, fetched before and sent back after it."""

from __future__ import annotations

import pytest

from .options import Config


def fetch(config: Config) -> None:
    """Copy what isn't here yet, where reports are on shared storage at all. Raises pytest.UsageError."""
    if not config.remote:
        return
    from pytest_modellab.assets.store.errors import SourceFailed
    from pytest_modellab.core.remote_path import RemotePath
    from pytest_modellab.results.remote_reports import fetch

    try:
        fetch(RemotePath(config.remote), config.reports)
    except FileNotFoundError:
        pass  # the first session that is stored there
    except (ValueError, SourceFailed, OSError) as error:
        raise pytest.UsageError(f"reports at {_shown(config.remote)}: {error}") from None


def send(config: Config) -> str:
    """Copy back what is new; why it could not be, and what to do then, or ""."""
    if not config.remote:
        return ""
    from pytest_modellab.assets.store.errors import SourceFailed
    from pytest_modellab.core.remote_path import RemotePath
    from pytest_modellab.results.remote_reports import send

    try:
        send(config.reports, RemotePath(config.remote))
    except (ValueError, SourceFailed, OSError) as error:
        url = _shown(config.remote)
        return f"reports were not sent to {url}: {error}; `modellab copy {config.reports} {url}` sends them"
    return ""


def _shown(url: str) -> str:
    """Without a user and a password."""
    from pytest_modellab.core.remote_path import RemotePath

    try:
        return str(RemotePath(url))
    except ValueError:
        return "shared storage"
