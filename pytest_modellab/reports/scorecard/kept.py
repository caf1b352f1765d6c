"""Scorecards of past sessions, one file each: `scorecards/<time>-<session>.json` in the folder of reports.

The folder is the index: a file's name tells when its session ended, so that the newest are found without opening all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pytest_modellab.core.atomic import write_text
from pytest_modellab.results.verdicts import Status

from .card import Scorecard

FOLDER = "scorecards"
FEWEST = 4
"""Characters of a session's id that will do, at its beginning or its end."""
_NAME = re.compile(r"(?P<time>\d{8}T\d{6})-(?P<session>[A-Za-z0-9][A-Za-z0-9._-]{0,80})\.json")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


def keep(card: Scorecard, reports: Path) -> Path:
    """Store a scorecard among those of past sessions. Raises OSError."""
    place = _place(card, reports)
    write_text(place, card.model_dump_json(by_alias=True) + "\n")
    return place


def _place(card: Scorecard, reports: Path) -> Path:
    created = re.sub(r"[-:]|[+Z].*", "", card.created)
    return reports / FOLDER / f"{created}-{_UNSAFE.sub('~', card.session)}.json"


def files(reports: Path) -> list[Path]:
    """The files of past sessions, the newest first."""
    found = [(name["time"], path) for path in (reports / FOLDER).glob("*.json") if (name := _NAME.fullmatch(path.name))]
    # Of sessions that end in the same second the file's own time tells.
    return [path for _, path in sorted(found, key=lambda each: (each[0], _written(each[1])), reverse=True)]


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # removed meanwhile
        return 0


def session_of(path: Path) -> str:
    """The id of the session whose scorecard is in such a file."""
    found = _NAME.fullmatch(path.name)
    return found["session"] if found else ""


def read(path: Path) -> Scorecard:
    """The scorecard in a file. Raises KeptError, naming the file."""
    try:
        return Scorecard.model_validate_json(path.read_bytes())
    except OSError as error:
        raise KeptError(f"{path}: can't be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "".join(f"{part}: " for part in first["loc"])
        raise KeptError(
            f"{path}: is no scorecard of this version of pytest-modellab; it is damaged, or another version's:"
            f" {place}{first['msg']}"
        ) from error


def scorecards(reports: Path, damaged: list[str]) -> Iterator[Scorecard]:
    """All of them, the newest first; what can't be read is passed over and told in `damaged`."""
    for path in files(reports):
        try:
            yield read(path)
        except KeptError as error:
            damaged.append(str(error))


def took_s(card: Scorecard) -> float | None:
    """Seconds from the beginning of a session, by its id, to its scorecard; None for an id that tells no time."""
    try:
        begun = datetime.strptime(card.session[:15], "%Y%m%d-%H%M%S").astimezone()  # local, as it is made
        seconds = (datetime.fromisoformat(card.created) - begun).total_seconds()
    except (ValueError, TypeError):
        return None
    return seconds if seconds >= 0 else None


def named(reports: Path, name: str) -> Path:
    """The file of the session whose id is `name`, or begins or ends with it.

    Raises KeptError where there is none, or more than one.
    """
    there = files(reports)
    found = [path for path in there if session_of(path) == name]
    if not found and len(name) >= FEWEST:
        found = [path for path in there if session_of(path).startswith(name) or session_of(path).endswith(name)]
    if len(found) == 1:
        return found[0]
    ids = [session_of(path) for path in found or there][:FEWEST]
    if found:
        raise KeptError(f"`{name}` may be any of {', '.join(ids)}; write more of it")
    if not there:
        raise KeptError(f"no session is kept in {reports / FOLDER}; run pytest first")
    raise KeptError(f"no session `{name}`; the newest are {', '.join(ids)}; `modellab sessions` lists them")


def told(card: Scorecard) -> dict[str, Any]:
    """A session as a row of a list."""
    counts = {
        str(status): count
        for status in reversed(Status)
        if (count := sum(row.measured and row.status is status for row in card.rows))
    }
    return {
        "session": card.session,
        "ended": card.created,
        "result": result(card),
        "cases": counts,
        "not_run": sum(not row.measured for row in card.rows),
        "arguments": card.arguments,
    }


def result(card: Scorecard) -> str:
    """In a word or two."""
    if card.partial:
        return card.partial.partition(":")[0]
    return (card.undecided or "passed") if card.passed else "not passed"


class KeptError(Exception):
    """A scorecard that isn't there, or can't be read; the message says what is."""
