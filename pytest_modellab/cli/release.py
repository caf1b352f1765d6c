"""`modellab release`, `modellab verify`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from pytest_modellab.core import git
from pytest_modellab.core.console import counted, printable
from pytest_modellab.reports.release.bundle import unpacked
from pytest_modellab.reports.release.checks import Verified, verify
from pytest_modellab.reports.release.conduct import Release, conduct
from pytest_modellab.reports.release.note import BASELINES, Check, NotRun, read
from pytest_modellab.reports.release.plan import Plan, required
from pytest_modellab.reports.release.requirements import TIER, HeldRequirement, held, tier_of
from pytest_modellab.reports.release.signature import signed
from pytest_modellab.reports.scorecard import kept
from pytest_modellab.results.provenance import git_state
from pytest_modellab.results.verdicts import case_key

from .command import Commands, refuse_unused, whole
from .exits import UsageError
from .place import open_catalog, reports_beside
from .tell import tell, tell_lines

_MANY = 20


def run(options: argparse.Namespace) -> int:
    """Make a release. 0 where everything that is required is there, fresh, and good."""
    catalog = open_catalog(options)
    if catalog.release is None:
        raise UsageError(f"{catalog.shown(str(catalog.folder))}/release.yaml is missing: it names the required cases")
    if options.list:
        refuse_unused(
            options, dict.fromkeys(("sign", "output", "workers", "dry_run"), "a release, and --list makes none")
        )
        tell_lines("\n".join(case.key for case in required(catalog, catalog.release)))
        return 0
    version = _asked(_described(catalog.base)) if options.version is None else options.version
    if options.sign is not None and not options.sign.is_file():
        raise UsageError(f"--sign {options.sign}: no such file")
    if options.output is not None and options.output.exists() and not options.output.is_dir():
        raise UsageError(f"--output {options.output}: not a folder")
    if "/" in version or "\\" in version:
        raise UsageError(f"version `{version}`: it becomes part of a file's name, and can't have slashes")
    if (options.workers or 1) > 1 and not find_spec("xdist"):
        raise UsageError(f"-n {options.workers} needs pytest-xdist: pip install pytest-xdist, or leave -n out")
    # No other folder can be asked for: the baselines that are committed lie in this one.
    reports = reports_beside(catalog).resolve()
    todo = Plan(
        catalog=catalog,
        spec=catalog.release,
        reports=reports,
        version=version,
        workers=options.workers or _half_the_cores(),
        required_only=options.required_only,
        output=options.output or reports,
        key=options.sign,
    )
    for line in _to_come(todo):
        tell(f"modellab release: {line}", flush=True)
    if options.dry_run:
        return 0
    made = conduct(todo, lambda text: tell(f"modellab release: {text}", flush=True))
    return tell_made(made, signed=options.sign is not None)


def _asked(described: str) -> str:
    """The version that somebody types at a terminal; as git tells it where nobody can be asked, or nothing is typed."""
    if not sys.stdin.isatty():
        return described
    return input(f"version [{described}]: ").strip() or described


def _to_come(todo: Plan) -> Iterator[str]:
    """What will be run, and how long that took last time."""
    cases = required(todo.catalog, todo.spec)
    others = len(tier_of(todo.catalog)) - len(cases)
    more = "" if todo.required_only or not others else f" and {others} more of the tier {TIER}"
    yield f"{todo.version}: {counted(len(cases), 'required case')}{more}, all measured anew, {todo.workers} at a time"
    yield "then the same gates with every model replaced by one that is wrong on purpose"
    last = _last(todo.reports, {case.key for case in cases})
    if last is None:
        yield f"how long: not known; no session in {todo.reports} has run all of them"
    else:
        yield f"how long: the last session with all of them, {last[0]}, took {last[1] / 60:.0f} min"


def _last(reports: Path, keys: set[str]) -> tuple[str, float] | None:
    """The newest session that measured all of `keys`, and its seconds."""
    for card in kept.scorecards(reports, []):
        seconds = kept.took_s(card)
        if seconds is not None and keys <= {case_key(row.case) for row in card.rows if row.measured}:
            return card.session, seconds
    return None


def tell_made(made: Release, *, signed: bool) -> int:
    """Show the checks of a release, and where its bundle is. 0 where it passed."""
    _show(made.verified.checks)
    _show_undecided(made.verified)
    _show_not_run(made.not_run)
    if made.passed:
        tell("signed" if signed else "unsigned: it does not show who made it; --sign KEY signs it")
    tell(f"modellab release: {'passed' if made.passed else 'FAILED'}: {made.bundle}")
    return 0 if made.passed else 1


def check(options: argparse.Namespace) -> int:
    """Check a bundle. 0 where nothing is wrong with it."""
    if not options.bundle.exists():
        raise UsageError(f"no such bundle: {options.bundle}; `modellab release` makes one, release-VERSION.zip")
    asked = None if options.require is None else _held(options.require)
    with unpacked(options.bundle) as folder:
        found = verify(folder, asked)
        by, who = signed(folder, options.signed_by)
        note = read(folder)
    told = f"release {note.version}, commit {note.commit[:12]}, made {note.created}, by modellab {note.lab}"
    tell(told)
    checks = found.checks if by is None else (*found.checks, by)
    _show(checks)
    _show_undecided(found)
    _show_not_run(note.not_run)
    for each in found.unchecked:
        tell(f"not checked: {each}")
    tell(who)
    wrong = [each for each in checks if not each.ok]
    good = "good" if note.whole else "good as far as a bundle of version 1 can be checked"
    tell(f"modellab verify: {'FAILED' if wrong else good}: {options.bundle}")
    return 1 if wrong else 0


def _held(path: Path) -> HeldRequirement:
    """What `--require` asks for; of a catalog in its repository, the baselines there, too."""
    asked = held(path)
    if not asked.whole or asked.catalog is None:
        return asked
    beside = reports_beside(asked.catalog) / BASELINES
    in_git = git_state(asked.catalog.folder)[0] is not None
    return replace(asked, baselines=beside) if in_git or beside.is_dir() else asked


def _half_the_cores() -> int:
    return max(1, (os.cpu_count() or 1) // 2) if find_spec("xdist") else 1


def _described(folder: Path) -> str:
    """The version as git tells it: the tag, or how far behind it this is."""
    found = git.told(folder, "describe", "--tags", "--always")
    if found is None:
        raise UsageError("give a version: git has none here")
    return found.replace("/", "-")


def _show(found: Sequence[Check]) -> None:
    for each in found:
        tell(f"{'ok  ' if each.ok else 'FAIL'} {each.name}")
        for problem in each.problems[:_MANY]:
            tell(f"       {printable(problem)}")
        if len(each.problems) > _MANY:
            tell(f"       ... and {len(each.problems) - _MANY} more")


def _show_undecided(found: Verified) -> None:
    for each in found.undecided:
        tell(f"not decided: {printable(each)}")


def _show_not_run(not_run: Sequence[NotRun]) -> None:
    by_reason: dict[str, list[str]] = {}
    for each in not_run:
        by_reason.setdefault(each.why, []).append(each.case)
    for why, cases in by_reason.items():
        more = f" and {len(cases) - 3} more" if len(cases) > 3 else ""
        tell(f"not run: {', '.join(cases[:3])}{more}: {why.partition(chr(10))[0]}")


def add(commands: Commands) -> None:
    """Add the command with its options."""
    made = commands.add(
        "release",
        run,
        "Measure what release.yaml requires, strictly and without reuse; check it; bundle it.",
        example="release 1.2.0",
    )
    made.add_argument("version", nargs="?", metavar="VERSION", help="version of the bundle (default: git describe)")
    made.add_argument(
        "-n",
        "--workers",
        type=whole(1, 64),
        metavar="N",
        help="cases at once while accuracy is measured, with pytest-xdist (default: half the cores)",
    )
    made.add_argument("--required-only", action="store_true", help="leave out what is not required, and say so")
    made.add_argument("--dry-run", action="store_true", help="only say what will be run, and how long that took last")
    made.add_argument("--list", action="store_true", help="only list the required cases")
    made.add_argument("-o", "--output", type=Path, metavar="DIR", help="folder of the bundle (default: the reports)")
    made.add_argument(
        "--sign", type=Path, metavar="KEY", help="sign it with this SSH key (default: it is unsigned, and says so)"
    )
    checked = commands.add(
        "verify",
        check,
        "Check the bundle of a release, here or on another machine.",
        example="verify release-1.2.0.zip",
    )
    checked.add_argument("bundle", type=Path, metavar="BUNDLE", help="release-VERSION.zip, or the unpacked folder")
    checked.add_argument(
        "--require",
        type=Path,
        metavar="FILE",
        help="also check it against this release.yaml; given a catalog's folder, against all of that catalog",
    )
    checked.add_argument(
        "--signed-by",
        type=Path,
        metavar="FILE",
        help="fail unless it is signed by one of these keys (an allowed_signers file, see ssh-keygen(1))",
    )
