"""The command `modellab`: what is there to run, fetching it ahead of time, checking data."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_modellab.core.version import __version__

from .exits import Exit
from .tell import tell, tell_lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; what the exit code means is in `exits`."""
    options = _parser().parse_args(arguments)
    from pytest_modellab.assets.store import StoreError
    from pytest_modellab.catalog import CatalogError
    from pytest_modellab.reports.release.note import ReleaseError
    from pytest_modellab.results.baseline import BaselineError
    from pytest_modellab.results.record_files import RecordError

    from .pre_push import HookError

    run: Callable[[argparse.Namespace], int] = options.run
    from .configuration import chosen

    try:
        with chosen(options.config_file):
            return run(options)
    except (BaselineError, CatalogError, HookError, RecordError, ReleaseError, StoreError, UsageError) as error:
        tell_lines(f"modellab: {error}", file=sys.stderr)
        return Exit.USAGE if isinstance(error, UsageError) else Exit.WRONG
    except KeyboardInterrupt:
        tell("modellab: interrupted; what was fetched is kept", file=sys.stderr)
        return Exit.INTERRUPTED


class UsageError(Exception):
    """The command line asks for something that isn't there."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="modellab", description=__doc__)
    parser.add_argument("--version", action="version", version=f"modellab {__version__}")
    parser.add_argument(
        "--catalog",
        type=Path,
        metavar="DIR",
        help="folder of models/, datasets/, ... (default: modellab_catalog of the ini file, else fixtures/ beside it)",
    )
    parser.add_argument(
        "-c",
        "--config-file",
        type=Path,
        metavar="FILE",
        help="pytest's configuration file (default: the one that pytest finds from here)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: Callable[[argparse.Namespace], int], help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help, description=help)
        added.set_defaults(run=function)
        return added

    from pytest_modellab.catalog.specs import TIERS

    from . import (
        baseline,
        calibrate,
        clean,
        compare,
        data,
        doctor,
        history,
        hook,
        merge,
        models,
        new_model,
        release,
        rescore,
        results,
        schema,
        scorecard,
        serve,
        serve_asr,
        why,
    )

    pull = command("pull", models.pull, "Fetch weights and build environments ahead of time, whatever their size.")
    pull.add_argument("models", nargs="*", metavar="MODEL", help="ids or globs (default: every model in a tier)")
    command(
        "doctor", doctor.run, "Say what is installed, seen and present here, what is missing, and the fix beside it."
    )
    command("models", models.show, "List the models of the catalog and which weights and environments are present.")
    new = command("new-model", new_model.run, "Write a commented spec of a model, with every option of its engine.")
    new.add_argument("engine", metavar="ENGINE", help="an installed one, module:Class, or path/to/file.py:Class")
    new.add_argument("id", metavar="ID", help="what the model will be called")
    new.add_argument("--weights", type=Path, metavar="FOLDER", help="a folder of weights on this machine")
    new.add_argument("--repo", metavar="OWNER/NAME", help="or a repository of the Hugging Face hub,")
    new.add_argument("--revision", metavar="COMMIT", help="at this commit")
    new.add_argument(
        "--language", action="append", default=[], metavar="TAG", help="it speaks; repeatable (default: any)"
    )
    new.add_argument(
        "--tier",
        action="append",
        default=[],
        choices=TIERS,
        help="it is in the runs of this tier; repeatable (default: none, it runs only if --lab-model names it)",
    )
    digest = command("digest", models.digest, "Print the `files:` lines of a spec for a folder of weights.")
    digest.add_argument("folder", type=Path, metavar="FOLDER")
    sets = command("data", data.run, "List, fetch or check the data sets of the catalog.")
    sets.add_argument("action", nargs="?", choices=("list", "prepare", "check"), default="list")
    sets.add_argument("datasets", nargs="*", metavar="DATASET", help="ids or globs (default: all)")
    base = command("baseline", baseline.run, "Save, compare or show baselines: answers to hold later runs against.")
    base.add_argument("action", choices=("save", "compare", "show"))
    base.add_argument("cases", nargs="*", metavar="CASE", help="ids or globs, model:device:dataset (default: all)")
    base.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
    held = command(
        "compare",
        compare.run,
        "Hold runs against an earlier one: what got worse, what better, what can't be told apart.",
    )
    side = "a session, a commit, `baseline`, `newest`, a scorecard's file or a folder of reports"
    held.add_argument("first", metavar="A", help=side)
    held.add_argument("others", nargs="*", metavar="B", help="the same, each held against A (default: newest)")
    held.add_argument("--case", action="append", default=[], metavar="GLOB", help="only such cases; repeatable")
    held.add_argument("--format", choices=compare.FORMATS, default="text", help="default: text")
    held.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    held.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
    past = command("history", history.run, "Show how the figures of each case went over its past records.")
    past.add_argument("cases", nargs="*", metavar="CASE", help="ids or globs, model:device:dataset (default: all)")
    past.add_argument(
        "--metric", metavar="NAME", help="another figure (default: the error rate; of chat, the accuracy)"
    )
    past.add_argument(
        "-n", "--last", type=clean.positive, default=20, metavar="N", help="so many of each, newest last (default: 20)"
    )
    past.add_argument("--all", action="store_true", help="all of them")
    past.add_argument("--format", choices=history.FORMATS, default="text", help="default: text")
    past.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
    again = command("rescore", rescore.run, "Score old records again from their raw texts, and show what changed.")
    again.add_argument("records", nargs="*", metavar="RECORD", help="files, or globs over cases (default: all cases)")
    again.add_argument("--normalizer", metavar="NAME", help="another than the record's own")
    again.add_argument("--write", action="store_true", help="store the new records beside the old")
    again.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
    cause = command("why", why.run, "Say whether a case's record still stands, and if not, which input has changed.")
    cause.add_argument("cases", nargs="+", metavar="CASE", help="ids or globs, model:device:dataset")
    cause.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
    limits = command("calibrate", calibrate.run, "Run a case several times and propose limits for it, as YAML.")
    limits.add_argument("model", metavar="MODEL")
    limits.add_argument("dataset", metavar="DATASET")
    limits.add_argument("--device", default="cpu", metavar="DEVICE", help="default: cpu")
    limits.add_argument("--runs", type=int, choices=range(2, 101), default=5, metavar="N", help="2 to 100 (default: 5)")
    limits.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    limits.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
    card = command("scorecard", scorecard.run, "Show the last session's scorecard again.")
    form = card.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="as Markdown, for the summary of a CI job")
    form.add_argument(
        "--html", type=Path, metavar="FILE", help="as a page that needs nothing but itself (extra report)"
    )
    card.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
    kept = command(
        "results", results.run, "Show the latest results of all models, of the records kept in results/; or keep them."
    )
    kept.add_argument("action", nargs="?", choices=("show", "save"), default="show")
    kept.add_argument(
        "cases", nargs="*", metavar="CASE", help="to save: ids or globs, model:device:dataset (default: all)"
    )
    kept.add_argument(
        "--folder", type=Path, metavar="DIR", help="of what is kept (default: results beside the ini file)"
    )
    kept.add_argument("-o", "--output", type=Path, metavar="FILE", help="of the page (default: standard output)")
    kept.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
    push = command("hook", hook.run, "A pre-push hook that runs the smoke tests: install it, look at it, remove it.")
    push.add_argument("action", choices=("install", "status", "uninstall", "run"))
    push.add_argument(
        "--inconclusive",
        choices=("allow", "fail"),
        metavar="allow|fail",
        help="whether a verdict that can't be reached stops a push (default: modellab_inconclusive of the ini file)",
    )
    made = command("release", release.run, "Run what release.yaml requires, afresh and strictly; check it; bundle it.")
    made.add_argument("version", nargs="?", metavar="VERSION", help="of the bundle (default: git describe)")
    made.add_argument(
        "-n",
        "--workers",
        type=int,
        choices=range(1, 65),
        metavar="N",
        help="cases at once while accuracy is measured, with pytest-xdist (default: half the cores)",
    )
    made.add_argument("--required-only", action="store_true", help="leave out what is not required, and say so")
    made.add_argument("--list", action="store_true", help="only list the required cases")
    made.add_argument("-o", "--output", type=Path, metavar="DIR", help="folder of the bundle (default: the reports)")
    made.add_argument(
        "--sign", type=Path, metavar="KEY", help="sign it with this SSH key (default: it is unsigned, and says so)"
    )
    checked = command("verify", release.check, "Check the bundle of a release, here or on another machine.")
    checked.add_argument("bundle", type=Path, metavar="BUNDLE", help="release-VERSION.zip, or the unpacked folder")
    checked.add_argument(
        "--require",
        type=Path,
        metavar="FILE",
        help="hold it to this release.yaml, too; given a catalog's folder, to all of that catalog",
    )
    checked.add_argument(
        "--signed-by",
        type=Path,
        metavar="FILE",
        help="fail unless it is signed by one of these keys (an allowed_signers file, see ssh-keygen(1))",
    )
    tidy = command("clean", clean.run, "Show what records and the cache take up, and what may go; --yes removes it.")
    either = tidy.add_mutually_exclusive_group()
    either.add_argument("--yes", action="store_true", help="remove it; without, nothing is touched")
    either.add_argument("--dry-run", action="store_true", help="only show, which is what happens without --yes")
    tidy.add_argument(
        "--keep",
        type=clean.positive,
        metavar="N",
        help="records that aren't among the N newest of their case; with --older-than, of these the old ones",
    )
    tidy.add_argument(
        "--older-than",
        type=clean.days,
        metavar="DAYS",
        help="records and what killed sessions left, of before then; the newest record of a case always stays",
    )
    tidy.add_argument("--unnamed", action="store_true", help="cached files and environments the catalog doesn't name")
    tidy.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
    join = command(
        "merge", merge.run, "Join the records of all shards (pytest --lab-shard) into whole ones, and judge."
    )
    join.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="of reports, or of several such folders")
    join.add_argument(
        "--output", dest="reports", metavar="DIR", help="folder of records to write to (default: modellab_reports)"
    )
    join.add_argument(
        "--require", action="append", default=[], metavar="GLOB", help="fail unless such a case is there; repeatable"
    )
    shown = command("serve", serve.run, "Show the reports to a browser on this machine, running sessions among them.")
    shown.add_argument("--host", default="127.0.0.1", metavar="HOST", help="to listen on (default: 127.0.0.1)")
    shown.add_argument("--port", type=int, default=8000, metavar="PORT", help="0 for any (default: 8000)")
    shown.add_argument(
        "--exposed", action="store_true", help="listen also where others can reach it: they can read all of it"
    )
    shown.add_argument("--open", action="store_true", help="open a browser, where there is one")
    shown.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
    serving = command(
        "serve-asr", serve_asr.run, "Serve a model of the catalog for streaming recognition, by docs/streaming.md."
    )
    serving.add_argument("model", metavar="MODEL")
    serving.add_argument("--device", default="cpu", metavar="DEVICE", help="default: cpu")
    serving.add_argument("--host", default="127.0.0.1", metavar="HOST", help="to listen on (default: 127.0.0.1)")
    serving.add_argument("--port", type=int, default=8765, metavar="PORT", help="0 for any (default: 8765)")
    serving.add_argument("--exposed", action="store_true", help="listen also where others can reach it, and use it")
    command("schema", schema.show, "Print the JSON Schema of a record.")
    return parser
