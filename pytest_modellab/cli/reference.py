"""Generated parts of the reference: `python -m pytest_modellab.cli.reference docs/reference.md`, yaml.md and api.md.

The text between `<!-- generated: NAME -->` and `<!-- end -->` is that of `PAGES[PAGE][NAME]`; the rest is
written by hand.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_modellab.core.metrics.metric import How, Metric, NotCompared, Unit
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.variables import VARIABLES
from pytest_modellab.engines.registry import PREDICTORS
from pytest_modellab.plugin import hooks, options

from . import _parser
from .api_reference import api
from .exits import MEANINGS
from .yaml_reference import yaml_keys

PYTEST_EXITS = {
    pytest.ExitCode.OK: "every test passed or was skipped, every gate passed, something was measured",
    pytest.ExitCode.TESTS_FAILED: "a test or a gate failed; or nothing was measured; or a required case is missing",
    pytest.ExitCode.INTERRUPTED: "interrupted; the scorecard is marked partial, the next session goes on",
    pytest.ExitCode.INTERNAL_ERROR: "an error in pytest or a plugin; the next session goes on",
    pytest.ExitCode.USAGE_ERROR: "the catalog or the command line is wrong",
    pytest.ExitCode.NO_TESTS_COLLECTED: "no test was selected",
}

UNITS: Mapping[Unit, str] = {
    "%": "ratio",
    "1": "number",
    "n": "number",
    "x": "factor",
    "s": "s",
    "MB": "10^6 bytes",
    "/min": "per minute",
    "/s": "per second",
    "price": "the device's currency",
    "points": "0 to 100",
    "dB": "dB",
    "Hz": "Hz",
}
COMPARISONS: Mapping[How, str] = {
    "error rate": "by errors, utterance by utterance, as baselines are",
    "pairs": "utterance by utterance",
    "means": "by differences, utterance by utterance",
    "intervals": "by the two intervals",
    "speed": "by the rules of speed baselines",
    "times": "by the ratio of times, utterance by utterance",
    "once": "by the two values",
}

_PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


class Settings:
    """A stand-in for pytest's parser that records the options of a plugin, through public calls alone."""

    def __init__(self) -> None:
        self.options = argparse.ArgumentParser(add_help=False)
        self.ini: list[tuple[str, str, Any]] = []

    def getgroup(self, *_: object) -> Settings:
        return self

    def addoption(self, *names: str, **attributes: Any) -> None:
        self.options.add_argument(*names, **attributes)

    def addini(self, name: str, help: str, type: object = None, default: Any = None, **_: object) -> None:
        self.ini.append((name, help, default))


def settings() -> Settings:
    """The options and ini settings of the plugin."""
    kept = Settings()
    options.add_options(cast(pytest.Parser, kept))
    return kept


def updated(page: str) -> str:
    """docs/reference.md with up-to-date generated parts. Raises ValueError as `rewritten` does."""
    return rewritten(page, PARTS)


def rewritten(page: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """A page with up-to-date generated parts. Raises ValueError for a part it lacks, or one too many."""
    found = [name for _, name, _ in _PART.findall(page)]
    if sorted(found) != sorted(parts):
        raise ValueError(f"generated parts of the page: {found}; there must be each of {[*parts]} once")
    return _PART.sub(lambda part: f"{part[1]}{parts[part[2]]()}{part[3]}", page)


def _options() -> str:
    rows = [(_flags(action, "="), _help(action)) for action in _actions(settings().options)]
    return _table("option", rows)


def _ini() -> str:
    rows = [
        (f"`{name}`", f"{_sentence(help)}{'' if default in (None, '') else f' (default: `{default}`)'}")
        for name, help, default in settings().ini
    ]
    return _table("ini setting", rows)


def _variables() -> str:
    return _table("environment variable", [(f"`{each.name}`", each.meaning) for each in VARIABLES])


def _markers() -> str:
    lines = (line.partition(": ") for line in hooks.markers())
    return _table("marker", [(f"`{name}`", _sentence(meaning)) for name, _, meaning in lines])


def _pytest_exits() -> str:
    return _table("exit code", [(str(int(code)), meaning) for code, meaning in PYTEST_EXITS.items()])


def _modellab_exits() -> str:
    return _table("exit code", [(str(int(code)), meaning) for code, meaning in MEANINGS.items()])


def _commands() -> str:
    parser = _parser()
    return "".join(f"{line}\n" for line in (*_general(parser), *_each_command(parser)))


def _general(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield "- `modellab [OPTION] COMMAND`"
    yield from (f"  - {_flags(action)}: {_help(action)}" for action in _actions(parser) if action.option_strings)


def _each_command(parser: argparse.ArgumentParser) -> Iterator[str]:
    for name, command in commands_of(parser).items():
        places = [_place(action) for action in _actions(command) if not action.option_strings]
        example = (command.epilog or "").splitlines()[-1].strip()
        told = _sentence((command.description or "").replace("\n", " "))
        more = f"; `{example}`" if example != f"modellab {name}" else ""
        yield f"- `{' '.join(['modellab', name, *places])}`: {told}{more}"
        for action in _actions(command):
            text = _help(action)
            if text:  # what takes one of few words shows them above
                yield f"  - {_flags(action)}: {text}"


def commands_of(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The parsers of commands by their names."""
    (commands,) = (action for action in _actions(parser) if isinstance(action, argparse._SubParsersAction))
    return commands.choices


def _actions(parser: argparse.ArgumentParser) -> Sequence[argparse.Action]:
    return [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]


def _place(action: argparse.Action) -> str:
    """A positional argument as a usage line has it."""
    name = "|".join(map(str, action.choices)) if action.choices is not None else str(action.metavar or action.dest)
    if action.nargs == "?":
        return f"[{name}]"
    return {"*": f"[{name}...]", "+": f"{name}..."}.get(str(action.nargs), name)


def _flags(action: argparse.Action, before_value: str = " ") -> str:
    if not action.option_strings:
        return f"`{action.metavar or action.dest}`"
    value = "" if action.nargs == 0 else f"{before_value}{action.metavar or action.dest.upper()}"
    return ", ".join(f"`{flag}{value}`" for flag in action.option_strings)


def _help(action: argparse.Action) -> str:
    return _sentence((action.help or "") % vars(action))


def _sentence(text: str) -> str:
    """As it stands in a table: no capital for its own sake, no full stop at the end."""
    bare = text.removesuffix(".")
    return bare[:1].lower() + bare[1:] if bare[1:2].islower() or bare[1:2] == " " else bare


def _table(head: str, rows: Sequence[tuple[str, str]]) -> str:
    lines = [f"| {head} | meaning |", "|---|---|", *(f"| {_cell(name)} | {_cell(text)} |" for name, text in rows)]
    return "".join(f"{line}\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _metrics() -> str:
    lines = ["| metric | unit | better | two runs are compared | meaning |", "|---|---|---|---|---|"]
    for name, metric in METRICS.items():
        cells = (f"`{name}`", UNITS[metric.unit], metric.better, _compared(metric), metric.doc.removesuffix("."))
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "".join(f"{line}\n" for line in lines)


def _compared(metric: Metric) -> str:
    how = metric.comparison
    if isinstance(how, NotCompared):
        return f"never: {how.why}"
    return (
        f"{METRICS[metric.said_by].title} stands for it, else {COMPARISONS[how]}"
        if metric.said_by
        else COMPARISONS[how]
    )


PARTS: dict[str, Callable[[], str]] = {
    "options": _options,
    "markers": _markers,
    "ini": _ini,
    "variables": _variables,
    "exit-codes": _pytest_exits,
    "metrics": _metrics,
    "commands": _commands,
    "modellab-exit-codes": _modellab_exits,
}
"""What stands between the marks, by their name."""


def _raters() -> str:
    """What rates speech: its scale, what its scores agree with, and the weights of packages that it loads."""
    lines = ["| rater | scale | agrees with | weights |", "|---|---|---|---|"]
    for name in sorted(PREDICTORS):
        rater = PREDICTORS[name]
        low, high = ("" if end is None else f"{end:g}" for end in rater.scale)
        scale = f"{low} to {high}" if high else f"from {low}"
        weights = "; ".join(f"`{path}` `{digest[:12]}`" for path, digest in rater.weights.items()) or "none"
        cells = (f"`{name}`", f"{scale}, {rater.better} is better", rater.evidence, weights)
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "".join(f"{line}\n" for line in lines)


PAGES: dict[str, dict[str, Callable[[], str]]] = {
    "reference.md": PARTS,
    "yaml.md": {"yaml": yaml_keys},
    "api.md": {"api": api},
    "tts.md": {"raters": _raters},
}
"""The pages with generated parts, and what these are."""


def main(page: Path) -> None:
    page.write_text(rewritten(page.read_text(encoding="utf-8"), PAGES[page.name]), encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        main(Path(name))
