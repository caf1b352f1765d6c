"""`modellab catalog`."""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from .command import Commands, new_file, refuse_unused
from .exits import Exit, UsageError
from .output import put
from .place import find_catalog

if TYPE_CHECKING:
    from pytest_modellab.catalog import Catalog
    from pytest_modellab.catalog.published.spec import PublishedModel, Rule, Use
    from pytest_modellab.reports.published.listed import ModelList
    from pytest_modellab.reports.published.measured import Measured

FORMATS = ("text", "markdown", "html", "csv", "json")
_WIDEST = 400
"""Characters of a line of a table that goes to a file."""

_AMOUNT = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-zA-Z]*)")
_COUNTS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}
_BYTES = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def run(options: argparse.Namespace) -> int:
    """Show the open models that are known, beside what was measured of them here."""
    from pytest_modellab.catalog.published.links import links
    from pytest_modellab.reports.published.listed import SORTS, listed
    from pytest_modellab.reports.published.rules import shortlist

    if options.format != "text":
        refuse_unused(options, {"sources": "text"})
    if options.results is not None and not options.results.is_dir():
        raise UsageError(f"--results {options.results}: no such folder")
    models, uses = _known(options)
    catalog = find_catalog(options, engines=False)
    uses = {**uses, **({} if catalog is None else _profiles(catalog, uses))}
    if options.sort and options.sort not in SORTS:
        raise _no("sort key", options.sort, SORTS)
    rules = [*_of_uses(options.use, uses), _asked(options, models)]
    linked = links(models, {} if catalog is None else catalog.models)
    found = listed(
        models,
        rules,
        links=linked,
        measured=_measured(catalog, linked, options.results),
        sort=options.sort or "",
        backlog=options.backlog,
        notes=[shortlist(uses[name]) for name in options.use],
    )
    put(_written(found, options), options.output)
    return Exit.OK


def _known(options: argparse.Namespace) -> tuple[list[PublishedModel], Mapping[str, Use]]:
    """The models, with the rows of one's own, as far as they are asked for; and the uses that have a shortlist."""
    from pytest_modellab.catalog.published.shipped import shipped
    from pytest_modellab.catalog.published.table import read

    file = shipped()
    models = {model.id: model for model in file.models}
    if options.read is not None:
        if not options.read.exists():
            raise UsageError(f"no file {options.read}; --read takes a CSV file of rows")
        models = read(options.read, models)
    for glob in options.models:
        if not any(fnmatchcase(id, glob) for id in models):
            raise _no("model", glob, models)
    globs = options.models or ["*"]
    return [model for id, model in models.items() if any(fnmatchcase(id, glob) for glob in globs)], file.uses


def _of_uses(names: Iterable[str], uses: Mapping[str, Use]) -> list[Rule]:
    for name in names:
        if name not in uses:
            raise _no("use", name, uses)
    return [uses[name].rule for name in names]


def _profiles(catalog: Catalog, uses: Mapping[str, Use]) -> dict[str, Use]:
    """The roles and use cases of the catalog: models that do the task of each, of the shortlist that it names."""
    from pytest_modellab.catalog.published.spec import Rule, Use

    found = {}
    for name, profile in {**catalog.profiles.roles, **catalog.profiles.use_cases}.items():
        if profile.candidates is not None and profile.candidates not in uses:
            raise _no(f"use (the candidates of `{name}` in profiles.yaml)", profile.candidates, uses)
        rule = Rule() if profile.candidates is None else uses[profile.candidates].rule
        task = next(iter(profile.require)) if len(profile.require) == 1 else rule.task
        found[name] = Use(title=profile.title, why=profile.why, rule=rule.model_copy(update={"task": task}))
    return found


def _asked(options: argparse.Namespace, models: Iterable[PublishedModel]) -> Rule:
    """The rule of the command line."""
    from pytest_modellab.catalog.base import TASKS
    from pytest_modellab.catalog.published.spec import Rule
    from pytest_modellab.core.language_tags import LanguageTagError, canonical_tag

    tasks = {*TASKS, *(task for model in models for task in model.all_tasks)}
    if options.task is not None and options.task not in tasks:
        raise _no("task", options.task, tasks)
    try:
        language = None if options.language is None else canonical_tag(options.language)
    except LanguageTagError as error:
        raise UsageError(f"--language: {error}") from None
    return Rule(
        task=options.task,
        language=language,
        max_parameters=options.max_parameters,
        max_download_bytes=options.max_size,
        commercial=True if options.commercial else None,
        streaming=True if options.streaming else None,
    )


def _no(what: str, word: str, allowed: Iterable[str]) -> UsageError:
    from pytest_modellab.catalog.errors import suggest

    return UsageError(f"no {what} `{word}`; {suggest(word, allowed)}")


def _measured(
    catalog: Catalog | None, linked: Mapping[str, tuple[str, ...]], folder: Path | None
) -> dict[str, tuple[Measured, ...]]:
    """What the kept results say of the linked models."""
    from pytest_modellab.reports.leaderboard.board import boards
    from pytest_modellab.reports.published.measured import measured
    from pytest_modellab.reports.scorecard import results

    if catalog is None or not linked:
        return {}
    place = folder if folder is not None else catalog.base / "results"
    saved = results.load(place)
    return measured(boards(results.scorecard(catalog, saved).rows), linked) if saved else {}


def _written(found: ModelList, options: argparse.Namespace) -> str:
    from pytest_modellab.reports.published import shown

    if options.format == "csv":
        return shown.csv_text(found)
    if options.format == "json":
        return shown.json_text(found)
    if options.format == "html":
        return _page(found)
    if options.format == "markdown":
        return _lines(shown.markdown(found))
    width = _WIDEST if options.output is not None else shutil.get_terminal_size().columns
    lines = shown.text(found, width)
    return _lines([*lines, "", *shown.sources(found)] if options.sources or options.models else lines)


def _page(found: ModelList) -> str:
    from pytest_modellab.reports.leaderboard.page import PageError
    from pytest_modellab.reports.published.page import render

    try:
        return render(found, "Open speech models")
    except PageError as error:
        raise UsageError(str(error)) from None


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _count(text: str) -> int:
    """A number of parameters as an option's `type`: 250M, 1.5B, 600000000."""
    return _amount(text, _COUNTS, "250M or 1.5B")


def _bytes(text: str) -> int:
    """A size as an option's `type`: 500MB, 2GB, a number of bytes."""
    return _amount(text, _BYTES, "500MB or 2GB")


def _amount(text: str, units: Mapping[str, int], example: str) -> int:
    found = _AMOUNT.fullmatch(text.strip())
    factor = None if found is None else units.get(found["unit"].lower())
    if found is None or factor is None or (amount := round(float(found["number"]) * factor)) < 1:
        raise argparse.ArgumentTypeError(f"an amount such as {example} is needed, not {text!r}")
    return amount


def add(commands: Commands) -> None:
    """Add the command with its options."""
    added = commands.add(
        "catalog",
        run,
        "List open speech models: size, licence, languages, published figures with their sources, and what was measured"
        " of them here.",
        example="catalog --use edge --language de --format html -o models.html",
    )
    added.add_argument("models", nargs="*", metavar="MODEL", help="ids or globs (default: all); with their sources")
    added.add_argument(
        "--use",
        action="append",
        default=[],
        metavar="USE",
        help="only the shortlist of a use, such as edge, or of a role of profiles.yaml; repeatable: all rules hold",
    )
    added.add_argument("--task", metavar="TASK", help="only those that do it, such as asr, tts, chat or diarize")
    added.add_argument("--language", metavar="TAG", help="only those that are said to know it, such as de")
    added.add_argument("--max-parameters", type=_count, metavar="N", help="such as 250M or 1.5B")
    added.add_argument("--max-size", type=_bytes, metavar="SIZE", help="of the download, such as 500MB")
    added.add_argument("--commercial", action="store_true", help="only those whose licence allows commercial use")
    added.add_argument("--streaming", action="store_true", help="only those that work while input is still coming")
    added.add_argument(
        "--backlog", action="store_true", help="only those to be tried: no engine loads them yet, or no local model"
    )
    added.add_argument(
        "--sort", metavar="KEY", help="what to sort by, such as parameters or wer (default: by task, then wer)"
    )
    added.add_argument("--format", choices=FORMATS, default="text", help="format of the list (default: text)")
    added.add_argument("-o", "--output", type=new_file, metavar="FILE", help="file of it (default: standard output)")
    added.add_argument(
        "--read", type=Path, metavar="FILE", help="CSV of rows of one's own, added to those that ship or replacing them"
    )
    added.add_argument("--sources", action="store_true", help="list the sources below the table (text)")
    added.add_argument(
        "--results", type=Path, metavar="DIR", help="folder of saved results (default: results beside the ini file)"
    )
