"""Command lines in the documents, as the parsers of the commands see them."""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Sequence
from itertools import dropwhile, groupby
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents import ROOT, Reader
from packaging.requirements import InvalidRequirement, Requirement

from pytest_modellab.cli import _parser
from pytest_modellab.cli.reference import commands_of

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TARGETS = frozenset(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
PLACEHOLDERS = {"N": "3", "DAYS": "30", "FORMAT": "csv", "I/N": "1/3"}
"""Words of usage lines that stand for a number or one of few words."""
_LEFT_OUT = re.compile(r"arguments are required|expected (one|at least one) argument")
"""What a parser says of a command that a sentence names without all that it takes."""
_RUNNERS = frozenset({"env", "timeout", "uv"})
_OWN = ("tests/", "docs/", "benchmarks/", "examples/", "fixtures/", "suites/", "pytest_modellab/", "changelog.d/")
_BEGINS = re.compile(r"(\$ )?([A-Z_]+=\S* )*(\.?[\w./-]*/)?(modellab|pytest|make|pip|python3?|uv|env|timeout)( |$)")


def in_blocks(reader: Reader) -> Iterator[str]:
    """The command lines in blocks of code; those of workflows and jobs, too."""
    for block in reader.blocks:
        lines: list[str] = []
        if block.language in {"", "bash", "console", "text"}:
            lines = block.text.replace("\\\n", " ").splitlines()
        elif block.language == "yaml":
            lines = [line for text in _scripts(yaml.safe_load(block.text)) for line in text.splitlines()]
        yield from (line.strip() for line in lines if _BEGINS.match(line.strip()))


def _scripts(value: Any) -> Iterator[str]:
    """What a workflow or a job runs."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in {"run", "script", "command"}:
                yield from [each] if isinstance(each, str) else filter(_is_text, each)
            else:
                yield from _scripts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _scripts(each)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def in_lines(reader: Reader) -> Iterator[str]:
    """The commands that a sentence names."""
    yield from (span for span in reader.spans if re.match(r"(modellab|pytest|make|pip install) ", span))


class Checker:
    """What is wrong with a command line."""

    def __init__(self, config: pytest.Config) -> None:
        self._pytest = config._parser
        self._markers = {re.split(r"[:(]", line)[0].strip() for line in config.getini("markers")}
        self._modellab = _parser()
        self._commands = commands_of(self._modellab)

    def problems(self, line: str, *, mentioned: bool = False) -> Iterator[str]:
        """`mentioned`: named in a sentence, where a command may stand without what it takes."""
        for words in programs(line):
            what = self._problem(words, mentioned)
            if what:
                yield f"`{line}`: {what}"

    def _problem(self, words: Sequence[str], mentioned: bool) -> str:
        program = Path(words[0]).name
        arguments = [PLACEHOLDERS.get(word, word) for word in words[1:] if word not in {"...", "--help"}]
        if program == "python" and arguments[:2] == ["-m", "pytest"]:
            program, arguments = "pytest", arguments[2:]
        known: dict[str, Callable[[list[str], bool], str]] = {
            "modellab": self._of_modellab,
            "pytest": self._of_pytest,
            "make": _of_make,
            "pip": _of_pip,
            "python": _of_python,
        }
        return known[program](arguments, mentioned) if program in known else ""

    def _of_modellab(self, arguments: list[str], mentioned: bool) -> str:
        if mentioned and len(arguments) == 1:
            known = arguments[0] in {*self._commands, "COMMAND", "--version"}
            return "" if known else f"there is no command {arguments[0]}"
        command = self._commands.get(arguments[0])
        if mentioned and (command is not None or arguments[0].startswith("-")):
            parser = command or self._modellab
            options = [each.partition("=")[0] for each in arguments if each.startswith("-")]
            unknown = [each for each in options if each not in parser._option_string_actions]
            if unknown:
                return f"no such option: {unknown[0]}"
        told = io.StringIO()
        try:
            with contextlib.redirect_stderr(told):
                self._modellab.parse_args(arguments)
        except SystemExit:
            error = told.getvalue().strip().splitlines()[-1]
            return "" if mentioned and _LEFT_OUT.search(error) else error
        return ""

    def _of_pytest(self, arguments: list[str], mentioned: bool) -> str:
        try:
            # The options of pytest itself hold values of this very session otherwise.
            given = self._pytest.parse(arguments, argparse.Namespace())
        except pytest.UsageError as error:
            return str(error)
        named = set(re.findall(r"[a-z_]\w*", given.markexpr or "")) - {"and", "or", "not"}
        if named - self._markers:
            return f"no such marker: {', '.join(sorted(named - self._markers))}"
        return _missing([each.partition("::")[0] for each in given.file_or_dir])


def _of_make(arguments: list[str], mentioned: bool) -> str:
    unknown = [each for each in arguments if "=" not in each and each not in TARGETS]
    return f"no such target: {', '.join(unknown)}" if unknown else ""


def _of_pip(arguments: list[str], mentioned: bool) -> str:
    extras = PROJECT["project"]["optional-dependencies"]
    for each in arguments:
        name, bracket, rest = each.partition("[")
        if bracket and name.rpartition(" ")[2] in {".", "pytest-modellab", "<this repository>"}:
            for extra in rest.rstrip("]").split(","):
                if extra not in {*extras, "EXTRA"}:
                    return f"no such extra: {extra}"
        elif name == "pytest-modellab":
            try:
                Requirement(each)
            except InvalidRequirement as error:
                return str(error)
    return ""


def _of_python(arguments: list[str], mentioned: bool) -> str:
    if arguments[:1] == ["-m"]:
        module = arguments[1] if len(arguments) > 1 else ""
        own = module.startswith("pytest_modellab")
        return _missing([f"{module.replace('.', '/')}.py"]) if own and module.count(".") else ""
    return _missing(arguments[:1])


def _missing(paths: Sequence[str]) -> str:
    """Which of them, of those in this repository, aren't there."""
    lost = [path for path in paths if path.startswith(_OWN) and not (ROOT / path).exists()]
    return f"not there: {', '.join(lost)}" if lost else ""


def programs(line: str) -> Iterator[list[str]]:
    """The programs that a line starts, each with its arguments."""
    yield from _commands(_without_usage(line))


def _without_usage(line: str) -> str:
    """A line without the signs of usage: `[CASE...]` goes, `[--model M]` is `--model M`, `a|b` is `a`."""
    line = re.sub(r"\$\{\{[^}]*\}\}|\$\(\([^)]*\)\)|\$[A-Z_]+", "1", line)
    line = re.sub(r"\[(--[^\]]*)\]", r"\1", line)
    line = re.sub(r" \[[A-Z]+(\.\.\.)?\]", "", line)
    line = re.sub(r"(?<=[a-z])(\|[a-z-]+)+", "", line)
    return re.sub(r" \[([a-z-]+)\]", r" \1", line)


def _commands(line: str) -> Iterator[list[str]]:
    """The programs of a line with their arguments, apart from pipes, redirections and what runs them."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    for joined, words in groupby(lexer, key=lambda word: bool(re.fullmatch(r"[|&;]+", word))):
        if joined:
            continue
        own = _before_redirection([*words])
        own = [*dropwhile(lambda word: bool(re.match(r"[A-Z_]+=", word)) or word in {"$", "!"}, own)]
        while own and Path(own[0]).name in _RUNNERS:
            own = _run_by(own)
        if own:
            yield own


def _before_redirection(words: list[str]) -> list[str]:
    cut = next((i for i, word in enumerate(words) if re.fullmatch(r"[<>&]+", word)), len(words))
    return words[:cut]


def _run_by(words: list[str]) -> list[str]:
    """What `env -u NAME`, `timeout 9` and `uv run` start; nothing where it is another use of them."""
    match words:
        case ["uv", "run", *rest] | ["timeout", _, *rest]:
            return rest
        case ["env", "-u", _, *rest]:
            return rest
        case _:
            return []
