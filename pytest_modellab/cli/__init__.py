"""The command `modellab`: its parser and its commands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_modellab.core.version import __version__

from .command import Commands, Parser
from .exits import Exit, UsageError
from .tell import OutputClosed, discard_output, flush_output, tell, tell_lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: the exit code, as `exits` has them, also of `--help` and of what argparse refuses."""
    try:
        try:
            return _run(arguments)
        finally:
            flush_output()
    except (OutputClosed, BrokenPipeError) as error:
        # The pipe may also be another than the output: a worker's.
        if not discard_output() and isinstance(error, BrokenPipeError):
            raise
        return Exit.UNREAD


def _run(arguments: Sequence[str] | None) -> int:
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as ended:  # argparse has told why
        return int(ended.code or Exit.OK)
    from pytest_modellab.assets.store import StoreError
    from pytest_modellab.catalog import CatalogError
    from pytest_modellab.core.extensions import ExtensionError
    from pytest_modellab.reports.release.note import ReleaseError
    from pytest_modellab.results.baseline_lines import BaselineError
    from pytest_modellab.results.record_files import RecordError

    from .pre_push import HookError

    function: Callable[[argparse.Namespace], int] = options.run
    from .configuration import chosen

    try:
        with chosen(options.config_file):
            return function(options)
    except (
        BaselineError,
        CatalogError,
        ExtensionError,
        HookError,
        RecordError,
        ReleaseError,
        StoreError,
        UsageError,
    ) as error:
        tell_lines(f"modellab: {error}", file=sys.stderr)
        return Exit.USAGE if isinstance(error, UsageError) else Exit.WRONG
    except KeyboardInterrupt:
        tell("modellab: interrupted; what was fetched is kept", file=sys.stderr)
        return Exit.INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="modellab", description="Measure speech models, and look at what was measured.")
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
    commands = Commands(parser)

    from . import (
        baseline,
        calibrate,
        capacity,
        catalog,
        clean,
        comment,
        compare,
        completion,
        copy,
        data,
        doctor,
        export,
        history,
        hook,
        init,
        listen,
        load,
        merge,
        models,
        new_data,
        new_model,
        release,
        rescore,
        results,
        run,
        schema,
        scorecard,
        serve,
        serve_asr,
        serve_models,
        sessions,
        sweep,
        trial,
        why,
    )

    for each in (
        *(
            init,
            run,
            trial,
            models,
            catalog,
            doctor,
            new_model,
            new_data,
            data,
            baseline,
            compare,
            sweep,
            load,
            capacity,
            history,
            rescore,
            why,
            calibrate,
            listen,
        ),
        *(sessions, scorecard, comment, results, export, copy, hook, release, clean, merge),
        *(serve, serve_asr, serve_models, schema, completion),
    ):
        each.add(commands)
    return parser
