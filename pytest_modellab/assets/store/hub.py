"""Files of the Hugging Face hub: from the user's own hub cache first, then from the network."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pytest_modellab.core.variables import HF_ENDPOINT, HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE

from .errors import SourceFailed
from .sources import Hub
from .web import Access, why_unreachable

Kind = Literal["model", "dataset"]
_TRUE = {"1", "ON", "YES", "TRUE"}


def find_cached(source: Hub) -> Path | None:
    """The file in the user's hub cache (HF_HOME and HF_HUB_CACHE are respected), unverified."""
    try:
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(source.repo, source.filename, revision=source.revision, repo_type=source.kind)
    except (ImportError, ValueError, OSError):
        # No hub library, a name that it refuses, or a cache that we may not read: the network will say more.
        return None
    return Path(found) if isinstance(found, str) else None


def download(source: Hub, folder: Path, bars: bool) -> Path:
    """Download into `folder`, which must be empty but for what an earlier try left there, and give the file's path.

    Call `require_network` before. Raises SourceFailed with the hub's answer, OSError where the disk is full.
    """
    from huggingface_hub import hf_hub_download

    with _translated_failures(), _bars(bars):
        # An empty cache, so that a corrupt copy in the user's own is not handed out instead.
        found = hf_hub_download(
            source.repo,
            source.filename,
            repo_type=source.kind,
            revision=source.revision,
            local_dir=folder / "file",
            cache_dir=folder / "cache",
            endpoint=_endpoint(),
        )
    return Path(found)


def find_snapshot(
    repo: str, revision: str, include: tuple[str, ...] | None, cache: Path | None, kind: Kind = "model"
) -> Path | None:
    """A repository's folder in a hub cache, by default the user's own; unverified, and None where it isn't whole.

    Libraries before 2.0 can't tell whether it is whole.
    """
    try:
        from huggingface_hub import snapshot_download

        found = snapshot_download(
            repo,
            repo_type=kind,
            revision=revision,
            allow_patterns=None if include is None else list(include),
            cache_dir=cache,
            local_files_only=True,
        )
    except (ImportError, ValueError, OSError):
        return None
    return Path(found)


def download_snapshot(
    repo: str, revision: str, include: tuple[str, ...] | None, cache: Path, bars: bool, kind: Kind = "model"
) -> Path:
    """Download a repository's files at a commit into `cache`, in the hub's layout. Call `require_network` before.

    Raises SourceFailed with the hub's answer, OSError where the disk is full.
    """
    from huggingface_hub import snapshot_download

    with _translated_failures(), _bars(bars):
        found = snapshot_download(
            repo,
            repo_type=kind,
            revision=revision,
            allow_patterns=None if include is None else list(include),
            cache_dir=cache,
            endpoint=_endpoint(),
        )
    return Path(found)


def require_network() -> None:
    """Raise SourceFailed unless the hub can be asked: library installed, not offline, host reachable."""
    try:
        from huggingface_hub import constants
    except ImportError as error:
        raise SourceFailed("huggingface_hub is not installed; pip install huggingface_hub") from error
    switches = (HF_HUB_OFFLINE.get(), TRANSFORMERS_OFFLINE.get())
    if constants.HF_HUB_OFFLINE or any((switch or "").upper() in _TRUE for switch in switches):
        raise SourceFailed("not in the local hub cache, and HF_HUB_OFFLINE forbids the network")
    reason = why_unreachable(_endpoint(), Access())
    if reason is not None:
        raise SourceFailed(reason)


def _endpoint() -> str:
    from huggingface_hub import constants

    # The library reads the variable once, when it is first imported.
    return (HF_ENDPOINT.get() or constants.ENDPOINT).rstrip("/")


@contextmanager
def _translated_failures() -> Iterator[None]:
    """What the hub's library raises as SourceFailed, in words; a full disk as it is."""
    try:
        yield
    except Exception as error:  # the hub library lets errors through of whichever HTTP library it uses
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise SourceFailed(_explain(error)) from error


@contextmanager
def _bars(shown: bool) -> Iterator[None]:
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    # The switch is global to the process, so it is put back.
    if shown or are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


def _explain(error: Exception) -> str:
    cause: BaseException = error
    # The library wraps what the server answered in an error of its own about a local cache.
    while not hasattr(cause, "response") and cause.__cause__ is not None:
        cause = cause.__cause__
    text = next((line.strip() for line in str(cause).splitlines() if line.strip()), repr(cause))
    status = getattr(getattr(cause, "response", None), "status_code", None)
    if status is None:
        return f"{type(cause).__name__}: {text}"
    # The hub answers 401 for what does not exist as well as for what is private.
    hint = "; for a gated or private repository, run `hf auth login` or set HF_TOKEN"
    return f"the hub answered {status}: {text}{hint if status in (401, 403) else ''}"
