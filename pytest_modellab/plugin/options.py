"""The command line and the ini file, read once into a frozen `Config`."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_modellab.results.shards import Shard

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Selection
    from pytest_modellab.results.verdicts import Strictness

BASELINES = "baselines"
CARDS = ("full", "short", "line", "none")
"""How much of the scorecard the terminal shows at the end of a session."""
SCHEMA_MARK = b"schema: modellab."


@dataclass(frozen=True)
class Config:
    """The options of a session. Paths are absolute."""

    catalog: Path | None
    """None where no catalog is set and none was recognised: the plugin then stays silent."""
    base: Path
    reports: Path
    baselines: Path
    models: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    max_utterances: int | None = None
    fresh: bool = False
    executor: str = "local"
    ray_address: str | None = None
    ray_workers: int | None = None
    ray_timing: str | None = None
    strict: Strictness = "failures"
    control: bool = False
    speed_age_days: float = 7.0
    shard: Shard | None = None
    page: bool = True
    page_recordings: bool = True
    step_summary: bool = True
    expected: bool = False
    baselines_optional: bool = False
    remote: str = ""
    """Where on shared storage the reports are, of which `reports` is a copy; "" where they are on this machine."""
    arguments: str = ""
    """The words of the command line, as a shell would take them."""
    card: str = "short"
    """One of CARDS."""

    @property
    def selection(self) -> Selection:
        # With pydantic, which repositories without a catalog are spared.
        from pytest_modellab.catalog.cases import Selection

        return Selection(self.models, self.devices, self.datasets)

    @property
    def asked(self) -> str:
        """The options that ask for something to be measured; "" where none does."""
        given = {
            "--lab-require": self.required,
            "--lab-model": self.models,
            "--lab-device": self.devices,
            "--lab-dataset": self.datasets,
            "--lab-shard": self.shard,
            "--lab-control": self.control,
            "--lab-expect": self.expected,
        }
        return ", ".join(option for option, value in given.items() if value)


def check_without_catalog(config: Config) -> None:
    """Refuse options that ask for something of a catalog where none is known. Raises pytest.UsageError."""
    if config.asked:
        raise pytest.UsageError(
            f"{config.asked} given, and no catalog is known here: set the ini option `modellab_catalog`, or make one of"
            " recordings: `modellab init FOLDER`"
        )


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("modellab", "speech model benchmarks (modellab)")

    def globs(flag: str, what: str) -> None:
        group.addoption(flag, action="append", default=[], metavar="GLOB", help=f"{what}; repeatable.")

    globs("--lab-model", "Only models whose id matches")
    globs("--lab-device", "Only devices whose id matches")
    globs("--lab-dataset", "Only data sets whose id matches")
    globs(
        "--lab-require", "Fail unless a case whose id (model:device:dataset) matches was measured, on that very device"
    )
    group.addoption(
        "--lab-expect",
        action="store_true",
        help="Fail unless a test of a case of the catalog was collected; so does every option here that asks for one:"
        " --lab-require, --lab-model, --lab-device, --lab-dataset, --lab-shard, --lab-control.",
    )
    group.addoption(
        "--lab-max-utterances",
        type=_positive,
        metavar="N",
        help="Only the first N utterances of each data set; never graded, never a baseline.",
    )
    group.addoption(
        "--lab-shard",
        type=_shard,
        metavar="I/N",
        help="Only the I-th of N parts of each data set; nothing is judged until `modellab merge` joins them.",
    )
    group.addoption(
        "--lab-fresh",
        action="store_true",
        help="Measure everything again: reuse no records, and no journals of killed sessions.",
    )
    group.addoption(
        "--lab-inprocess",
        action="store_true",
        help="Run engines inside pytest, for --pdb; no time-outs, no memory values.",
    )
    group.addoption(
        "--lab-executor",
        metavar="NAME",
        help="What starts the processes that models run in: `local` (the default), `in-process`, `ray` (a cluster), or"
        " one that a package brings.",
    )
    group.addoption(
        "--lab-ray-address", metavar="ADDRESS", help="With --lab-executor=ray: the cluster (default: this machine's)."
    )
    group.addoption(
        "--lab-ray-workers",
        type=_positive,
        metavar="N",
        help="With --lab-executor=ray: how many workers answer a case at once (default: as many as there is room for).",
    )
    group.addoption(
        "--lab-ray-timing",
        metavar="RESOURCE",
        help="With --lab-executor=ray: the custom resource of the nodes that are set aside for timing (default: none,"
        " and nothing is timed).",
    )
    group.addoption(
        "--lab-inconclusive",
        choices=("allow", "fail"),
        metavar="allow|fail",
        help="Whether a verdict that could not be reached, for noise or too few data, is a failure"
        " (ini: modellab_inconclusive).",
    )
    group.addoption("--lab-strict", action="store_true", help="Warnings and inconclusive verdicts are failures.")
    group.addoption(
        "--lab-baselines",
        choices=("required", "optional"),
        default="required",
        help="With `optional`, an inconclusive test against a baseline is skipped with its reason, also with"
        " --lab-strict; `modellab release` sets the value of release.yaml.",
    )
    group.addoption(
        "--lab-control",
        action="store_true",
        help="Put an engine that is wrong on purpose in place of every model: a case that passes then has no gate"
        " that can fail. Records go to a folder `control` of their own.",
    )
    group.addoption(
        "--lab-report",
        metavar="DIR",
        help="Folder of records and scorecards (ini: modellab_reports); s3://... for one on shared storage.",
    )
    group.addoption(
        "--lab-card",
        choices=CARDS,
        metavar="full|short|line|none",
        help="How much of the scorecard is printed: `full`, as with -v; `short`, at most 15 lines, the default; `line`,"
        " as with -q; or `none`, unless the session did not pass (ini: modellab_card).",
    )
    parser.addini("modellab_catalog", "Folder of models/, datasets/, limits.yaml ...; relative to the ini file.")
    parser.addini("modellab_reports", "Folder of records and scorecards; relative to the ini file.", default="reports")
    parser.addini("modellab_card", "How much of the scorecard is printed: `full`, `short`, `line` or `none`.")
    parser.addini("modellab_inconclusive", "Whether inconclusive verdicts `allow` a pass or `fail`.", default="allow")
    parser.addini(
        "modellab_page",
        "Whether a session ends in a page (scorecard.html beside scorecard.json); it takes the extra `report`.",
        type="bool",
        default=True,
    )
    parser.addini(
        "modellab_page_recordings",
        "Whether the page embeds recordings given to models, up to a size limit.",
        type="bool",
        default=True,
    )
    parser.addini(
        "modellab_step_summary",
        "Whether the scorecard is appended to the summary of a GitHub Actions step, where the session runs in one.",
        type="bool",
        default=True,
    )
    parser.addini("modellab_speed_age_days", "How old the times of reused records may be.", default="7")


def read(config: pytest.Config) -> Config:
    """The settings of this session, including whether there is a catalog."""
    _refuse_detached_report(config)
    # Paths of two repositories on one command line move rootdir; the ini file's folder stays.
    base = config.inipath.parent if config.inipath else config.rootpath
    named = str(config.getini("modellab_catalog") or "")
    report = config.getoption("--lab-report")
    own = base / _own_reports(config)
    reports = Path.cwd() / report if report else own
    remote = report if report and "://" in report else ""
    if remote:
        from pytest_modellab.results.remote_reports import copy_of

        reports = copy_of(remote)
    control = bool(config.getoption("--lab-control"))
    return Config(
        catalog=_catalog(base, named),
        base=base,
        reports=reports / "control" if control else reports,
        # Reports may be led elsewhere; what was committed as good stays where it is.
        baselines=reports / BASELINES if (reports / BASELINES).is_dir() else own / BASELINES,
        models=tuple(config.getoption("--lab-model")),
        devices=tuple(config.getoption("--lab-device")),
        datasets=tuple(config.getoption("--lab-dataset")),
        required=tuple(config.getoption("--lab-require")),
        remote=remote,
        arguments=_arguments(config),
        max_utterances=config.getoption("--lab-max-utterances"),
        fresh=bool(config.getoption("--lab-fresh")),
        executor=_executor(config),
        ray_address=config.getoption("--lab-ray-address"),
        ray_workers=config.getoption("--lab-ray-workers"),
        ray_timing=config.getoption("--lab-ray-timing"),
        strict=_strictness(config),
        control=control,
        speed_age_days=_days(str(config.getini("modellab_speed_age_days"))),
        shard=config.getoption("--lab-shard"),
        page=bool(config.getini("modellab_page")),
        page_recordings=bool(config.getini("modellab_page_recordings")),
        step_summary=bool(config.getini("modellab_step_summary")),
        expected=bool(config.getoption("--lab-expect")),
        baselines_optional=config.getoption("--lab-baselines") == "optional",
        card=_card(config),
    )


def _own_reports(config: pytest.Config) -> str:
    name = str(config.getini("modellab_reports"))
    if "://" in name:
        raise pytest.UsageError(
            f"modellab_reports: `{name}` is not on this machine; --lab-report={name} has a session's reports there"
        )
    return name


def _arguments(config: pytest.Config) -> str:
    """The words of the command line, without the folders above this one: scorecards are shown to others."""
    here = f"{config.invocation_params.dir}/"
    return shlex.join(str(each).replace(here, "") for each in config.invocation_params.args)


def _refuse_detached_report(config: pytest.Config) -> None:
    """`--lab-report DIR` with a space: before plugins are loaded pytest takes DIR for a test path.

    An existing folder elsewhere then moves rootdir there, away from the ini file, the catalog and testpaths.
    """
    arguments = config.invocation_params.args
    for flag, value in pairwise(arguments):
        folder = config.invocation_params.dir / str(value)
        if flag == "--lab-report" and folder.exists() and not folder.is_relative_to(config.invocation_params.dir):
            raise pytest.UsageError(
                f"write --lab-report={value}: given with a space, pytest takes this existing folder for a test path"
                " and looks for its ini file there"
            )


def _catalog(base: Path, named: str) -> Path | None:
    return base / named if named else _usual_catalog(base)


def unread_catalog(base: Path, read: Path) -> Path | None:
    """The catalog in the usual place, where another one is read."""
    usual = _usual_catalog(base)
    return None if usual is None or usual.resolve() == read.resolve() else usual


def _usual_catalog(base: Path) -> Path | None:
    folder = base / "fixtures"
    # Other people's `fixtures/` are left alone: only files with our mark make it a catalog.
    files = [path for pattern in ("*.y*ml", "models/*.y*ml", "datasets/*.y*ml") for path in folder.glob(pattern)]
    return folder if any(_has_mark(path) for path in files) else None


def _has_mark(path: Path) -> bool:
    try:
        if not path.is_file():  # a pipe would never end
            return False
        with path.open("rb") as file:
            return SCHEMA_MARK in file.read(4096)
    except OSError:
        return False


def _card(config: pytest.Config) -> str:
    """As asked for; else by pytest's own verbosity."""
    named = str(config.getoption("--lab-card") or config.getini("modellab_card") or "")
    if named:
        if named not in CARDS:
            raise pytest.UsageError(f"modellab_card: expected {', '.join(CARDS[:-1])} or {CARDS[-1]}, found {named!r}")
        return named
    verbosity = config.get_verbosity()
    return "full" if verbosity > 0 else "line" if verbosity < 0 else "short"


def _strictness(config: pytest.Config) -> Strictness:
    policy = str(config.getoption("--lab-inconclusive") or config.getini("modellab_inconclusive"))
    if policy not in {"allow", "fail"}:
        raise pytest.UsageError(f"modellab_inconclusive: expected `allow` or `fail`, found {policy!r}")
    if config.getoption("--lab-strict") and config.getoption("--lab-inconclusive") == "allow":
        raise pytest.UsageError("--lab-strict, by which inconclusive verdicts fail, excludes --lab-inconclusive=allow")
    # Nothing is judged of a shard, so nothing can be doubtful.
    if config.getoption("--lab-shard") is not None:
        return "failures"
    return "warnings" if config.getoption("--lab-strict") else "inconclusive" if policy == "fail" else "failures"


def _executor(config: pytest.Config) -> str:
    named = config.getoption("--lab-executor")
    if config.getoption("--lab-inprocess"):
        if named not in {None, "in-process"}:
            raise pytest.UsageError(f"--lab-inprocess and --lab-executor={named} exclude each other")
        return "in-process"
    given = [name for name in ("address", "workers", "timing") if config.getoption(f"--lab-ray-{name}") is not None]
    if given and named != "ray":
        raise pytest.UsageError(f"--lab-ray-{given[0]} goes with --lab-executor=ray")
    if named is None:
        return "local"
    from pytest_modellab.catalog.errors import suggest
    from pytest_modellab.runner.executor import EXECUTORS

    if named not in EXECUTORS:
        raise pytest.UsageError(f"--lab-executor: unknown executor `{named}`; {suggest(named, EXECUTORS)}")
    return str(named)


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if not 0 <= days < 36500:  # not a number compares as false
        raise pytest.UsageError(f"modellab_speed_age_days: expected a number of days, 0 for none, found {text!r}")
    return days


def _shard(text: str) -> Shard:
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1 is needed, not {text!r}")
    return int(text)
