"""The pytest plugin: thin hooks over the session, the runner, verdicts and the scorecard."""

from __future__ import annotations

import json
import re
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from . import options, remote
from .reports_place import check_reports
from .selection import arrange, bounded_without_limit, case_of, parametrize, unnamed, wants_case
from .why_nothing import NoCatalog, WhyNothing

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling
    from xdist.workermanage import WorkerController

    from pytest_modellab.catalog.cases import Case

    from .deselection import Foresight, LeftOut
    from .progress import Follower
    from .session import LabSession

MARKERS = (
    "smoke: quick sanity runs, many times a day",
    "smoke_all: the quick runs of every engine; deselected unless -m names it",
    "real_e2e: the full runs before a release; deselected unless -m names it",
    "cpu: runs on the CPU",
    "cuda: runs on a CUDA device",
    "mps: runs on Apple's GPU",
    "spoken: only data sets in which somebody speaks",
    "per_model: once for each model and device, on one of its data sets, of the smoke tier where there is one",
    "bounded(metric): only cases that limits.yaml gives a limit on this metric; none, and the test is left out",
)
NEWEST_TESTED = (9, 2)
"""The newest pytest, major and minor, that this version was tested with."""
DRY_RUNS = ("collectonly", "showfixtures", "show_fixtures_per_test", "setupplan", "setuponly")
"""Options of pytest under which no test is run."""


def markers() -> list[str]:
    """The lines that register our markers, one for each task among them."""
    from pytest_modellab.catalog.base import TASKS

    return [*MARKERS, *(f"{name}: {task.title}" for name, task in TASKS.items())]


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from . import newhooks

    pluginmanager.add_hookspecs(newhooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    settings = options.read(config)
    if settings.catalog is None:
        options.check_without_catalog(settings)
        config.pluginmanager.register(NoCatalog(), "modellab-no-catalog")
        return
    from pytest_modellab.catalog.errors import CatalogError
    from pytest_modellab.core.extensions import ExtensionError

    from . import fixtures
    from .last_word import LastWord
    from .session import LAB, LabSession, open_catalog

    check_reports(settings.reports)
    if not hasattr(config, "workerinput"):
        remote.fetch(settings)
    try:
        catalog, cases = open_catalog(settings)
        for marker in markers():
            config.addinivalue_line("markers", marker)
    except (CatalogError, ExtensionError) as error:
        raise pytest.UsageError(str(error)) from None
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    lab = config.stash[LAB] = LabSession(
        config=settings,
        catalog=catalog,
        cases=cases,
        session_id=worker["modellab_session"] if worker else _session_id(),
        parallel=worker is not None,
        own=worker is None,
        dry=any(getattr(config.option, name, False) for name in DRY_RUNS),
        plugin=config.pluginmanager.get_plugin,
        # The controller's word: all workers must collect the same tests.
        absent=worker.get("modellab_absent", {}) if worker else {},
    )
    config.pluginmanager.register(fixtures, "modellab-fixtures")
    config.pluginmanager.register(LabPlugin(lab), "modellab-lab")
    if worker is None:
        config.pluginmanager.register(ControllerPlugin(lab), "modellab-controller")
        config.pluginmanager.register(LastWord(lab), "modellab-last-word")
        config.pluginmanager.register(WhyNothing(lab), "modellab-why-nothing")


def _session_id() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"


class LabPlugin:
    """Hooks of every process of a session: parametrize, order, run, judge."""

    def __init__(self, lab: LabSession) -> None:
        self.lab = lab
        self._foresight: Foresight | None = None
        self._undo_signals: Callable[[], None] = lambda: None

    @pytest.hookimpl(trylast=True)  # after whoever parametrizes a fixture of one of the short names
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        from .deselection import unforeseen

        self.lab.foresight = None if unforeseen(metafunc.config.pluginmanager) else self._foresight
        parametrize(metafunc, self.lab)

    def pytest_collection(self, session: pytest.Session) -> None:
        from .deselection import foresight

        self._foresight = foresight(session.config, [re.split("[:(]", line)[0] for line in markers()])

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        if self._foresight is not None:
            self._foresight.note(item)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        from .junit import CASE, NO_CASE

        # Nobody asked for a figure without a limit: no test, rather than one that is always skipped.
        items[:] = [item for item in items if not bounded_without_limit(item)]
        left_out = {item: tiers for item in items if (tiers := unnamed(item, config.option.markexpr or ""))}
        if left_out:
            self.lab.left_out.update(tier for tiers in left_out.values() for tier in tiers)
            config.hook.pytest_deselected(items=list(left_out))
            items[:] = [item for item in items if item not in left_out]
        for unmade in self._foresight.left_out() if self._foresight is not None else ():
            _count(unmade, config)
            self.lab.left_out.update(unmade.by_tier)
        for item in items:
            if wants_case(item):
                case = case_of(item)
                item.user_properties.append((CASE, case.key if case else NO_CASE))
        arrange(items)
        self._leave_out_needless(config, items)

    def _leave_out_needless(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect the tests of cases without a device here, but for one of each; none of a test that was named."""
        from .absent_devices import absent_devices, needless

        if self.lab.dry or any("[" in str(argument) for argument in config.args):
            return
        if not self.lab.parallel:
            self.lab.absent = absent_devices(self.lab.cases, self.lab.catalog, self.lab.config.executor)
        found = needless(items, self.lab.absent)
        if found:
            self.lab.needless = dict(Counter(found.values()))
            config.hook.pytest_deselected(items=list(found))
            items[:] = [item for item in items if item not in found]

    def pytest_report_collectionfinish(self, config: pytest.Config) -> str | None:
        from .deselection import unforeseen

        if self._foresight is None or not any(unmade.count for unmade in self._foresight.left_out()):
            return None
        late = unforeseen(config.pluginmanager)
        told = f"modellab: loaded when tests had been left out by -m or -k: {', '.join(late)}"
        return (
            f"{told}; marks added to those don't count, as they would from a conftest.py above them" if late else None
        )

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        cases = {case.key: case for item in session.items if (case := case_of(item)) is not None}
        if cases and not self.lab.dry:
            self.lab.runner.expect(cases.values())
            self.lab.session.note_plan(list(cases))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        from .session import RUN

        run = item.stash.get(RUN, None) if call.when == "call" else None
        if run is None or not run.verdicts:
            return (yield)
        from pytest_modellab.reports.explanation import explain
        from pytest_modellab.results.verdicts import worst

        from .junit import of_verdicts, put

        put(item.user_properties, of_verdicts(run.verdicts))
        report = yield
        for verdict in run.verdicts:
            item.config.hook.pytest_modellab_verdict(config=item.config, item=item, record=run.record, verdict=verdict)
        # Attributes of a report travel from xdist's workers to the controller.
        status = worst([verdict.status for verdict in run.verdicts])
        vars(report)["modellab_status"] = status.value if status is not None else None
        vars(report)["modellab_verdicts"] = json.dumps([asdict(verdict) for verdict in run.verdicts])
        failing = [verdict for verdict in run.verdicts if not verdict]
        if report.failed and failing:
            report.sections.append(("modellab", explain(failing, run.record, run.rerun, run.remarks)))
        return report

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> list[str] | None:
        # Imported only once a test has a figure to compare.
        gate = sys.modules.get("pytest_modellab.results.verdicts")
        if gate is None or not isinstance(left, gate.Figure):
            return None
        failing = [verdict for verdict in left.run.verdicts if not verdict]
        return [f"{left!r} {op} {right!r}", *(str(verdict) for verdict in failing[-1:])]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.lab.parallel:
            session.config.workeroutput["modellab_needless"] = self.lab.needless  # type: ignore[attr-defined]
        if self.lab.measured_here:
            self.lab.runner.close()

    @pytest.hookimpl(tryfirst=True)  # before pytest gathers fixtures
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        from pytest_modellab.runner.interrupts import like_ctrl_c

        from .short_names import register

        register(session.config.pluginmanager)
        cases = list(self.lab.cases)
        session.config.hook.pytest_modellab_cases(config=session.config, cases=cases)
        self.lab.cases = tuple(cases)
        if not self.lab.dry:
            self._undo_signals = like_ctrl_c()

    def pytest_unconfigure(self) -> None:
        self._undo_signals()


class ControllerPlugin:
    """Hooks of the controller alone, once per session: collect results, grade, report."""

    def __init__(self, lab: LabSession) -> None:
        self.lab = lab
        self.follower: Follower | None = None

    def pytest_report_header(self) -> str:
        from .left_out import header_notes

        catalog = self.lab.catalog
        foreign = sorted({case.model.id for case in self.lab.cases if _runs_foreign_code(case)})
        shard = f", shard {self.lab.config.shard} of each" if self.lab.config.shard else ""
        told = f"\nmodellab: run code that came with their weights (trust_remote_code): {', '.join(foreign)}"
        idle = "".join(f"\nmodellab: {line}" for line in header_notes(catalog, self.lab.config, self.lab.cases))
        idle += f"\nmodellab: {newer}" if (newer := _newer_message()) else ""
        if self.lab.config.control:
            return (
                "modellab: control: every model is replaced by an engine that is wrong on purpose, and each case has to"
                f" fail; reports: {self.lab.shown(self.lab.config.reports)}{idle}"
            )
        return (
            f"modellab: {self.lab.shown(catalog.folder)}: models {len(catalog.models)},"
            f" data sets {len(catalog.datasets)}{shard}, cases {len(self.lab.cases)};"
            f" reports: {self.lab.shown(self.lab.config.reports)}{told if foreign else ''}{idle}"
        )

    def pytest_report_collectionfinish(self) -> list[str]:
        lines = []
        if self.lab.left_out:
            told = [f"{tier} {count}" for tier, count in sorted(self.lab.left_out.items())]
            lines.append(f"modellab: tests left out: {', '.join(told)}; -m with a tier's name runs them")
        if self.lab.needless:
            from .absent_devices import message

            lines.append(message(self.lab.needless, self.lab.absent))
        return lines

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, Any] | None:
        status = getattr(report, "modellab_status", None)
        if report.when != "call" or not report.passed:
            return None
        if status == "inconclusive":
            return "inconclusive", "?", ("INCONCLUSIVE", {"yellow": True})
        if status == "warn":
            return "warned", "w", ("WARN", {"yellow": True})
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.lab.note_report(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.lab.uncollected.append(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: WorkerController) -> None:
        node.workerinput["modellab_session"] = self.lab.session.id
        node.workerinput["modellab_absent"] = self._absent(node.config)
        if self.follower is None:
            from .progress import Follower

            reporter = self.lab.plugin("terminalreporter")
            if reporter is not None:
                self.follower = Follower(self.lab.session.folder, reporter)

    def _absent(self, config: pytest.Config) -> dict[str, str]:
        from .absent_devices import absent_devices

        lab, specs = self.lab, [str(spec) for spec in config.getvalue("tx") or ()]
        lab.absent = lab.absent or absent_devices(lab.cases, lab.catalog, lab.config.executor, specs)
        return lab.absent

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: WorkerController) -> None:
        # Each worker collects all tests; one that died tells nothing.
        self.lab.needless = self.lab.needless or getattr(node, "workeroutput", {}).get("modellab_needless", {})

    @pytest.hookimpl(optionalhook=True, trylast=True)  # a repository's own scheduler goes before
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Producer) -> Scheduling | None:
        from .scheduler import ModelDeviceScheduling

        # `loadfile` and `each` are somebody's wish; the rest would put one model into several processes.
        if config.getvalue("dist") not in {"load", "worksteal", "loadgroup", "loadscope"}:
            return None
        groups = {case.id: case.group for case in self.lab.cases}
        return ModelDeviceScheduling(config, log, groups, self.lab.likely_seconds)

    def pytest_keyboard_interrupt(self) -> None:
        self.lab.broken_off = True
        # Ctrl-C may have gone to this process alone, and not to xdist's workers.
        if "session" in vars(self.lab):
            self.lab.session.stop()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.follower is not None:
            self.follower.stop()
        if self.lab.nothing_to_tell:
            return
        from .scorecard import finish

        session.exitstatus = finish(self.lab, session.exitstatus)
        if self.lab.scorecard is not None:
            session.config.hook.pytest_modellab_scorecard(config=session.config, scorecard=self.lab.scorecard)
        if self.lab.scorecard is not None and session.config.getoption("xmlpath", None):
            from . import junit

            lab, left = self.lab, self.lab.left
            page = None if left is None or left.page is None else lab.shown(left.page)
            found = junit.of_session(self.lab.scorecard, lab.config.base, lab.shown(lab.scorecard_path), page)
            junit.tell_suite(session.config, found)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.lab.scorecard is not None:
            from .card_shown import show

            show(self.lab, self.lab.scorecard, terminalreporter)


def _count(unmade: LeftOut, config: pytest.Config) -> None:
    """Let pytest count the tests that were not made as what they would have been: collected and deselected."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    collected = getattr(reporter, "_numcollected", None)
    if unmade.count and isinstance(collected, int):
        reporter._numcollected = collected + unmade.count
        config.hook.pytest_deselected(items=[unmade.function] * unmade.count)


def _runs_foreign_code(case: Case) -> bool:
    return case.model.options_on(case.device.id).get("trust_remote_code") is True


def _newer_message() -> str:
    """That pytest is newer than any that was tested, for the start of a session; "" where it isn't."""
    if pytest.version_tuple[:2] <= NEWEST_TESTED:
        return ""
    major, minor = NEWEST_TESTED
    known = f"any this version was tested with ({major}.{minor})"
    return f"pytest {pytest.__version__} is newer than {known}: update pytest-modellab if something fails"
