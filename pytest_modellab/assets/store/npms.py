"""Packages of npm, packed by npm, which runs none of their scripts. Nothing is installed."""

import shutil
import subprocess
from pathlib import Path

from .errors import SourceFailed
from .pipconfig import last_lines

_PATIENCE = ("--fetch-retries=1", "--fetch-timeout=60000")


def download_npm(requirement: str, folder: Path) -> Path:
    """Download the archive of `name@version` into `folder`, which must be empty, and give its path.

    Raises SourceFailed where there is no npm, or with the end of what it says.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise SourceFailed("no npm here: it comes with Node.js")
    try:
        done = subprocess.run(
            [npm, "pack", "--silent", "--ignore-scripts", *_PATIENCE, "--pack-destination", str(folder), requirement],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise SourceFailed(f"npm cannot be started ({error})") from error
    archive = next(folder.glob("*.tgz"), None)
    if done.returncode or archive is None:
        raise SourceFailed(f"npm pack: {last_lines(done.stderr) or 'no message'}")
    return archive
