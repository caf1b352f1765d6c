"""The working tree of a release: the commit that is checked out, and whatever differs from it."""

from __future__ import annotations

from pathlib import Path

from pytest_modellab.catalog import Catalog
from pytest_modellab.core import git
from pytest_modellab.results import provenance

from .note import BASELINES, ReleaseError


def clean_commit(catalog: Catalog, reports: Path) -> str:
    """The commit that is checked out, nothing beside it. Raises ReleaseError."""
    commit, _ = provenance.git_state(catalog.base)
    if commit is None:
        raise ReleaseError(f"{catalog.base} is in no git repository: a release is of a commit")
    if changes := changes_of(catalog.base, reports, catalog.folder):
        listed = "\n".join(f"  {change}" for change in changes[:10])
        raise ReleaseError(f"the working tree is not what is committed:\n{listed}\nCommit it or put it away first.")
    return commit


def changes_of(folder: Path, reports: Path, catalog: Path) -> list[str]:
    """What differs from the commit: by `git status`, and what that overlooks.

    Left out are new files among the reports, but for baselines. Overlooked are files that git was told to take as
    unchanged, and those of the catalog that it ignores.
    """
    root = Path(git.output(folder, "rev-parse", "--show-toplevel").strip()).resolve()
    told = git.output(root, "status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=none").split(
        "\0"
    )
    changes = [
        entry
        for entry in told
        if entry and not (entry.startswith("??") and _is_report(root / entry[3:], reports.resolve()))
    ]
    # A tag in lower case is assume-unchanged, `S` is skip-worktree (git-ls-files(1)).
    marked = [entry for entry in git.output(root, "ls-files", "-v", "-z").split("\0") if entry]
    changes += [f"taken as unchanged: {entry[2:]}" for entry in marked if entry[0] == "S" or entry[0].islower()]
    ignored = git.output(
        catalog, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", "*.yaml", "*.yml"
    )
    return changes + [f"ignored: {name}" for name in ignored.split("\0") if name]


def _is_report(path: Path, reports: Path) -> bool:
    return path.is_relative_to(reports) and not path.is_relative_to(reports / BASELINES)
