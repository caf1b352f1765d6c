"""Why a session had nothing to run, said at its end, in the quiet form, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from pytest_modellab.core.console import counted

from .selection import named_tiers

if TYPE_CHECKING:
    from .session import LabSession


class NoCatalog:
    """A session without a catalog: silent, unless a test asks for one of our fixtures, or `-m` names a tier."""

    def __init__(self) -> None:
        self.asked = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = getattr(report.longrepr, "argname", None) if report.failed and report.when == "setup" else None
        if name is not None:
            from .short_names import names

            self.asked = self.asked or any(name in each for each in names())

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
    ) -> None:
        nothing = exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
        if self.asked or (nothing and named_tiers(str(config.option.markexpr))):
            file = config.inipath.name if config.inipath is not None else "pytest.ini"
            terminalreporter.write_line(
                f"modellab: no catalog: there is no folder {config.rootpath / 'fixtures'}, and {file} doesn't set"
                " `modellab_catalog`; `modellab init FOLDER` makes one, of recordings",
                yellow=True,
            )


class WhyNothing:
    """A session with a catalog, of which no test ran."""

    def __init__(self, lab: LabSession) -> None:
        self.lab = lab

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
    ) -> None:
        if exitstatus != pytest.ExitCode.NO_TESTS_COLLECTED or self.lab.dry:
            return
        here = config.invocation_params.dir
        lost = [each for each in config.args if not (here / each.partition("::")[0]).exists()]
        if lost and not config.option.pyargs:  # with -n, pytest itself says nothing of them
            terminalreporter.write_line(f"modellab: not found: {', '.join(lost)}", yellow=True)
            return
        for line in reasons(self.lab, str(config.option.markexpr), config.getini("python_files")):
            terminalreporter.write_line(f"modellab: {line}", yellow=True)


def reasons(lab: LabSession, expression: str, files: list[str]) -> Iterator[str]:
    """Why no test of a case was run: there is no case, none in the tiers that are asked for, or no test of them."""
    from .left_out import why_none

    if not lab.cases:
        yield from why_none(lab.catalog, lab.config.selection, lab.shown(lab.catalog.folder))
        return
    asked = named_tiers(re.sub(r"\bnot\s+\w+", "", expression))
    tiers = sorted({tier for case in lab.cases for tier in case.tiers})
    if asked and asked.isdisjoint(tiers):
        yield (
            f"no case is in the tier {' or '.join(sorted(asked))};"
            f" {counted(len(lab.cases), 'case')} in {', '.join(tiers)}: `-m {tiers[0]}` runs them, or put the tier into"
            " `tiers:` of a model and of a data set"
        )
    else:
        yield (
            f"{counted(len(lab.cases), 'case')}, and no test of one was run: a test of a case names a fixture such as"
            f" `run`, in a file that pytest collects ({' '.join(files)}), and isn't deselected"
        )
