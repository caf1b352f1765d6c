"""`modellab clean`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from pytest_modellab.assets.store import cache_root
from pytest_modellab.assets.store.occupancy import CacheInUse, emptying
from pytest_modellab.assets.store.progress import readable
from pytest_modellab.catalog import Catalog

from .cleaning import cache, reports
from .cleaning.part import Category, InUse, Removable
from .command import Commands, positive
from .exits import Exit
from .place import open_catalog, reports_there
from .tell import tell

_SHOWN = 10
"""Lines for each part, of what goes and of what is left alone; with more, how many more."""


def run(options: argparse.Namespace) -> int:
    """Show disk usage; with `--yes` remove what isn't needed. 1 where something could not be removed."""
    catalog = open_catalog(options, engines=False)
    folder, root = reports_there(options).resolve(), cache_root().expanduser().resolve()
    old = None if options.older_than is None else timedelta(days=options.older_than)
    retention = reports.Retention(options.keep, old)
    records = reports.records(folder, retention)
    here = [
        reports.scorecards(folder, retention),
        records,
        reports.sounds(folder, records),
        reports.sessions(folder, old),
        reports.baselines(folder),
        reports.leftovers(folder),
    ]
    cached = _cached(catalog, root, unnamed=options.unnamed)
    failed: list[str] = []
    try:
        with emptying(root):
            if options.yes:
                failed += _remove(cached)
                cache.remove_broken_links(root)
    except (CacheInUse, OSError) as error:
        if any(part.removable for part in cached):
            failed.append(str(error))
            for part in cached:
                part.removable.clear()
    if options.yes:
        failed += _remove(here)
    _show(folder, here, gone=options.yes)
    _show(root, cached, gone=options.yes)
    _sum_up([*here, *cached], options)
    for line in failed:
        tell(f"{'not removed' if options.yes else 'left alone'}: {line}")
    return Exit.WRONG if failed and options.yes else Exit.OK


def _cached(catalog: Catalog, root: Path, *, unnamed: bool) -> list[Category]:
    weights, data, files = cache.files(catalog, root)
    environments, others = cache.environments(catalog, root)
    for part in (files, others):
        if not unnamed:
            part.removable.clear()
            part.young = 0
    return [
        weights,
        data,
        environments,
        files,
        others,
        cache.spoken(root),
        cache.shipped(root),
        cache.kept(root),
        cache.leftovers(root),
    ]


def _remove(parts: Sequence[Category]) -> list[str]:
    """Remove the removable files; failures are reported and no longer count as removable."""
    failed: list[str] = []
    for part in parts:
        gone: list[Removable] = []
        for each in part.removable:
            try:
                each.remove()
            except (InUse, OSError) as error:
                failed.append(str(error))
            else:
                gone.append(each)
        part.removable = gone
    return failed


def _show(place: Path, parts: Sequence[Category], *, gone: bool) -> None:
    tell(str(place))
    for part in parts:
        line = f"  {part.name:<22} {part.count:>6}  {readable(part.size):>10}"
        if part.removable:
            line += f"  {'removed' if gone else 'may go'}: {len(part.removable)}, {readable(_size(part.removable))}"
        tell(line)
        for text in _first([f"- {_near(each.path, place)}: {each.why}" for each in part.removable]):
            tell(f"      {text}")
        young = [f"left alone, younger than a day: {part.young}"] if part.young else []
        for text in _first([*part.notes, *young]):
            tell(f"      {text}")


def _first(lines: Sequence[str]) -> list[str]:
    rest = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"... and {rest} more"] if rest > 0 else [])]


def _near(path: Path, place: Path) -> str:
    return path.relative_to(place).as_posix() if path.is_relative_to(place) else str(path)


def _size(removable: Sequence[Removable]) -> int:
    return sum(each.size for each in removable)


def _sum_up(parts: Sequence[Category], options: argparse.Namespace) -> None:
    size = sum(part.size for part in parts)
    removable = [each for part in parts for each in part.removable]
    if options.yes:
        tell(f"total {readable(size - _size(removable))}, {readable(_size(removable))} removed")
        return
    advice = "; --yes removes it" if removable else ""
    tell(f"total {readable(size)}, of which {readable(_size(removable))} may go{advice}")
    hints = []
    if options.keep is None and options.older_than is None:
        hints.append("--keep N or --older-than DAYS chooses records and scorecards")
    if not options.unnamed and any("not named" in part.name and part.count for part in parts):
        hints.append("--unnamed takes what this catalog doesn't name, though another project's may")
    if hints:
        tell(f"nothing else goes unasked: {'; '.join(hints)}")


def days(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < 36500:  # not a number compares as false
        raise argparse.ArgumentTypeError(f"a number of days is needed, not {text!r}")
    return found


def add(commands: Commands) -> None:
    """Add the command with its options."""
    tidy = commands.add(
        "clean",
        run,
        "Show what records and the cache take up, and what may go; --yes removes it.",
        example="clean --keep 5 --yes",
    )
    either = tidy.add_mutually_exclusive_group()
    either.add_argument("--yes", action="store_true", help="remove it; without, nothing is touched")
    either.add_argument("--dry-run", action="store_true", help="only show, which is what happens without --yes")
    tidy.add_argument(
        "--keep",
        type=positive,
        metavar="N",
        help="scorecards but the N newest, and records that neither one of these names nor is among the N newest of its"
        " case; with --older-than, of these the old ones",
    )
    tidy.add_argument(
        "--older-than",
        type=days,
        metavar="DAYS",
        help="scorecards, records and what killed sessions left, of before then; the newest of a case always stays",
    )
    tidy.add_argument("--unnamed", action="store_true", help="cached files and environments the catalog doesn't name")
    tidy.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
