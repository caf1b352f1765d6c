"""The state of a session in one pytest process: catalog, cases, runner, verdicts of tests."""

from __future__ import annotations

import json
import math
import os
import shlex
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_modellab.catalog.cache import load_cached
from pytest_modellab.catalog.cases import Case, left_out, named_in
from pytest_modellab.catalog.catalog import Catalog
from pytest_modellab.catalog.errors import suggest
from pytest_modellab.catalog.streaming_choice import plan_here

from .junit import CASE
from .left_out import counts, idle_messages
from .options import Config

if TYPE_CHECKING:
    from pytest_modellab.core.stats.regression import Allowed
    from pytest_modellab.reports.scorecard.card import Scorecard
    from pytest_modellab.reports.scorecard.files import Written
    from pytest_modellab.results.verdicts import Limits, Run
    from pytest_modellab.runner.runner import Runner
    from pytest_modellab.runner.session import Session

    from .deselection import Foresight

RUN: pytest.StashKey[Run] = pytest.StashKey()


@dataclass
class Tests:
    """The results of the tests of one case, collected from test reports."""

    __test__ = False

    verdicts: list[dict[str, Any]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@dataclass
class LabSession:
    """One process's share of a session."""

    config: Config
    catalog: Catalog
    cases: tuple[Case, ...]
    session_id: str
    parallel: bool
    own: bool
    """Whether this process lives as long as the session: the controller, or the only one."""
    dry: bool
    """Whether pytest only shows what it would do."""
    plugin: Callable[[str], Any]
    """A registered pytest plugin by name, or None."""
    tests: dict[str, Tests] = field(default_factory=dict)
    announced: set[str] = field(default_factory=set)
    """Keys of the cases whose record the hook `pytest_modellab_record` was called with."""
    failed_beside: list[str] = field(default_factory=list)
    """Tests that failed and are of no case."""
    uncollected: list[str] = field(default_factory=list)
    """Modules and the like that could not be collected."""
    broken_off: bool = False
    """Whether somebody ended the session: Ctrl-C, or `pytest.exit`, whatever exit code it asks for."""
    scorecard: Scorecard | None = None
    left: Written | None = None
    """The files of the scorecard."""
    summary_error: str = ""
    """Why the summary of a CI step lacks the scorecard, where it was to have it."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Tests deselected because `-m` does not name their tier, by that."""
    absent: dict[str, str] = field(default_factory=dict)
    """Why cases, by their keys, have no device here; none that may have one elsewhere."""
    needless: dict[str, int] = field(default_factory=dict)
    """Tests, by the keys of their cases, that were left out because another tells that the device is absent."""
    foresight: Foresight | None = None
    """What is known of tests before they are made; None where nothing is."""
    _likely: dict[str, float] = field(default_factory=dict)

    @cached_property
    def session(self) -> Session:
        from pytest_modellab.runner.session import Session

        return Session(self.config.reports, self.session_id, own=self.own)

    @cached_property
    def runner(self) -> Runner:
        from pytest_modellab.runner.executor import ClusterSettings
        from pytest_modellab.runner.job import Settings
        from pytest_modellab.runner.runner import Runner

        from .progress import TerminalProgress

        settings = Settings(
            fresh=self.config.fresh or self.config.control,
            control=self.config.control,
            executor=self.config.executor,
            max_utterances=self.config.max_utterances,
            speed_age_days=self.config.speed_age_days,
            alone=not self.parallel,
            shard=self.config.shard,
            cluster=ClusterSettings(self.config.ray_address, self.config.ray_workers, self.config.ray_timing),
        )
        return Runner(
            self.catalog,
            self.session,
            settings,
            TerminalProgress(self.plugin, self.session.folder if self.parallel else None),
            in_doubt=lambda case, record: self.limits(case).in_doubt(record),
        )

    @property
    def nothing_to_tell(self) -> bool:
        """Whether the session has nothing to do with cases: no scorecard is made of it."""
        return self.dry or ("session" not in vars(self) and not self.tests and not self.config.asked)

    @property
    def measured_here(self) -> bool:
        """Whether this process has run cases."""
        return "runner" in vars(self)

    @cached_property
    def gates(self) -> int:
        """How many gates of the selected cases are judged by their interval."""
        planned = set(self.session.plan())
        return sum(self.limits_of(case).by_interval for case in self.cases if case.key in planned)

    def limits(self, case: Case) -> Limits:
        """The limits of a case, as one of the session's gates."""
        return replace(self.limits_of(case), gates=max(1, self.gates), strict=self.config.strict)

    def limits_of(self, case: Case) -> Limits:
        from pytest_modellab.catalog.case_ref import CaseRef
        from pytest_modellab.results.verdicts import Limits

        ref = CaseRef(task=case.task, model=case.model.id, device=case.device.id, dataset=case.dataset.id)
        return Limits(ref, self.catalog.limits, self.catalog.shown)

    def allowed(self, case: Case) -> Allowed:
        """The allowed rise of a case's error rate against a baseline."""
        from pytest_modellab.catalog.baseline_spec import allowed

        return allowed(self.catalog.baseline_limits, self.limits_of(case).case, self.catalog.shown)

    def likely_seconds(self, group: str) -> float:
        """Seconds the selected cases of a model x device are likely to take; infinity where one was never measured."""
        from pytest_modellab.runner.durations import seconds_of

        if group not in self._likely:
            planned = set(self.session.plan())
            cases = [case for case in self.cases if case.group == group and case.key in planned]
            spans = [seconds_of(case, self.config.reports) for case in cases]
            self._likely[group] = sum(math.inf if span is None else span for span in spans)
        return self._likely[group]

    def note_report(self, report: pytest.TestReport) -> None:
        """Gather what one test report says about its case."""
        key = dict(report.user_properties).get(CASE)
        if key is None and report.failed and report.when not in {"setup", "call", "teardown"}:
            # xdist reports a test that its worker died of, without what the worker knew. Any other bears its case.
            by_id = {case.id: case for case in self.cases}
            named = named_in(report.nodeid, by_id)
            key = None if named is None else by_id[named].key
        if not isinstance(key, str):
            if report.failed:
                self.failed_beside.append(report.nodeid)
            return
        tests = self.tests.setdefault(key, Tests())
        if report.when == "call":
            tests.verdicts.extend(json.loads(getattr(report, "modellab_verdicts", "[]")))
        if report.failed:
            tests.failed.append(report.nodeid)

    def case(self, key: str) -> Case | None:
        return next((case for case in self.cases if case.key == key), None)

    def other_model(self, case: Case, model: str) -> Case:
        """The case of another model of the catalog, device and data being the same. Raises LookupError."""
        spec = self.catalog.models.get(model)
        if spec is None:
            raise LookupError(f"no model `{model}` in the catalog; {suggest(model, self.catalog.models)}")
        if case.device.id not in spec.devices or case.task not in spec.tasks:
            raise LookupError(f"{model} does not do {case.task} on {case.device.id}: nothing to compare with")
        return replace(case, model=spec)

    @property
    def scorecard_path(self) -> Path:
        return self.config.reports / "scorecard.json"

    def shown(self, path: Path) -> str:
        """A path relative to the ini file's folder where it lies inside."""
        return path.relative_to(self.config.base).as_posix() if path.is_relative_to(self.config.base) else str(path)


LAB = pytest.StashKey[LabSession]()


def open_catalog(config: Config) -> tuple[Catalog, tuple[Case, ...]]:
    """The catalog and the plan. Raises CatalogError, or UsageError for globs that match nothing."""

    assert config.catalog is not None
    if not config.catalog.is_dir():
        raise pytest.UsageError(
            f"modellab_catalog is set, and there is no such folder: {config.catalog}; `modellab init FOLDER` makes it,"
            " of recordings; or correct the path in the ini file"
        )
    catalog = load_cached(config.catalog, config.base)
    problems = []
    for flag, globs, known in (
        ("--lab-model", config.models, catalog.models),
        ("--lab-device", config.devices, catalog.devices),
        ("--lab-dataset", config.datasets, catalog.datasets),
    ):
        for glob in globs:
            if not any(fnmatchcase(name, glob) for name in known):
                problems.append(f"{flag} {glob} matches nothing; {suggest(glob, known)}")
    cases, wrong = plan_here(catalog, config.selection)
    problems += wrong
    if not problems and not cases and (config.models or config.devices or config.datasets):
        apart = left_out(catalog, config.selection)
        problems.append(
            "--lab-model, --lab-device and --lab-dataset leave no case: the models and data sets they match share no"
            f" {counts(apart) or 'task'} (with `tiers: []` a model runs only if named without a wildcard)"
        )
    if not problems:
        if config.strict == "warnings":
            problems += [f"{told}; --lab-strict refuses it" for told in idle_messages(catalog)]
        ids = {case.id for case in cases}
        for glob in config.required:
            if not any(fnmatchcase(id, glob) for id in ids):
                problems.append(f"--lab-require {glob} matches no case; {suggest(glob, ids)}")
    if problems:
        raise pytest.UsageError("\n".join(problems))
    return catalog, tuple(cases)


def rerun_command(item: pytest.Item, case: Case) -> str:
    """The command that runs this one test again, with the `-m` without which it would be deselected."""
    _, separator, name = str(item.nodeid).partition("::")
    # From where pytest was started, which need not be the ini file's folder.
    parts = ["pytest", f"{os.path.relpath(item.path)}{separator}{name}"]
    lab = item.config.stash[LAB]
    spec = replace(case, model=lab.catalog.models[case.model.id])
    if spec.tiers != case.tiers:  # it was named, and is in more tiers for that
        parts += ["--lab-model", case.model.id]
    elif "smoke" not in case.tiers:
        parts += ["-m", case.tiers[-1]]
    return shlex.join(parts)
