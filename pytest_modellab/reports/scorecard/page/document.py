"""The document of the page: assembles all of its parts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.core.console import counted
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import RecordError
from pytest_modellab.results.verdicts import Status
from pytest_modellab.tasks.registry import task_named

from ..advice import paragraphs
from ..card import Scorecard
from ..row import Row
from ..tables import by_task
from . import anchors, harmless, overview
from .case_tables import case_table
from .cases import CaseView, Detail, detail, view
from .model_answers import MOST, MOST_IN_ALL, EarlierAnswers, ModelAnswers, answers, compared
from .sounds import EMBEDDED_BYTES, Recordings, Sounds
from .utterances import SHOWN, SHOWN_IN_ALL

if TYPE_CHECKING:
    from jinja2 import Environment

NAME = "scorecard.html"
_NEEDED = {"jinja2": "Jinja2", "matplotlib": "matplotlib"}
_FEWEST = 5
_MARKS = {
    Status.PASS: "✓",
    Status.WARN: "!",
    Status.FAIL: "✕",
    Status.INCONCLUSIVE: "?",
    Status.NOT_AVAILABLE: "–",
}

Load = Callable[[Row], Record]
"""The record of a row; raises RecordError. Called once a row, so that no two need to be held at once."""
Earlier = Callable[[Row, Record], Iterable[EarlierAnswers]]
"""The earlier answers to the utterances of a record."""


def missing() -> list[str]:
    """The packages that a page needs and that aren't installed; the extra `report` has them."""
    return [package for module, package in _NEEDED.items() if find_spec(module) is None]


def render(
    card: Scorecard,
    load: Load,
    sounds: AudioArtifacts | None,
    folder: Path,
    *,
    embedded_bytes: int = EMBEDDED_BYTES,
    recordings: Recordings | None = None,
    earlier: Earlier | None = None,
) -> str:
    """The page of a scorecard, to be written into `folder`.

    `sounds` is where what models said is kept, `recordings` has what they listened to. Up to `embedded_bytes` are put
    into the page; of what models said there are links to the rest. `earlier` has what a model answered
    before. Raises ImportError where `missing()` names any.
    """
    from . import model_pairs, panels
    from .drawings import Drawings

    measured = [row for row in card.rows if row.measured]
    voiced = sum(task_named(row.case.task).may_speak or recordings is not None for row in measured)
    handed = Sounds(sounds, folder, cases=voiced, embedded_bytes=embedded_bytes, recordings=recordings)
    most = max(_FEWEST, min(SHOWN, SHOWN_IN_ALL // max(1, len(measured))))
    reader = _Reader(load, handed, most, min(MOST, MOST_IN_ALL // max(1, len(measured))), earlier)
    views = [reader.view(row) for row in card.rows]
    by_key = {(v.row.case.task, v.row.case.id): v.dom for v in views}
    drawings = Drawings(folder)
    style = asset("page.css") + asset("overview.css") + asset("cases.css")
    script = asset("theme.js") + asset("page.js") + asset("pairs.js")
    text = (
        _environment()
        .get_template("page.html")
        .render(
            card=card,
            style=style,
            script=script,
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            verdict=_verdict(card),
            views=views,
            shown_views=[each for each in views if each.row.measured],
            tables=[
                case_table(task, [v for v in views if v.row.measured and v.row.case.task == task])
                for task, _ in by_task(measured)
            ],
            advice=paragraphs(card),
            overview=overview.parts(card),
            pairs=model_pairs.embedded(reader.answers),
            dom_of=lambda case: by_key.get((case.task, case.id), ""),
            task_panels=panels.of_tasks(card, views, drawings),
            absent=_absent(card.rows),
            origins=_origins(views),
            linked=handed.linked,
            silent=[harmless.line(why, 400) for why in handed.silent],
            embedded_bytes=embedded_bytes,
            most=most,
        )
    )
    drawings.keep()
    # Halves of surrogate pairs can't be written as UTF-8, wherever they came from.
    return text.encode("utf-8", "replace").decode("utf-8")


@dataclass
class _Reader:
    """Reads the record of one row after the other, and keeps of each what the page shows."""

    load: Load
    sounds: Sounds
    most: int
    """Utterances of a case that are shown."""
    most_words: int
    """Utterances of a case whose words are compared with those of others."""
    earlier: Earlier | None
    answers: list[ModelAnswers] = field(default_factory=list)

    def view(self, row: Row) -> CaseView:
        dom = anchors.of_case(row.case)
        if not row.measured:
            return view(dom, row, Detail())
        try:
            record = self.load(row)
        except RecordError as error:
            return view(dom, row, Detail(unreadable=harmless.line(str(error), 600)))
        found = detail(record, self.sounds, self.most)
        if compared(record):
            self.answers += answers(record, row, dom, found.players, self.most_words, self._before(row, record))
        return view(dom, row, found)

    def _before(self, row: Row, record: Record) -> Iterable[EarlierAnswers]:
        return () if self.earlier is None else self.earlier(row, record)


@dataclass(frozen=True)
class Verdict:
    """The overall result of the session."""

    passed: bool
    """Whether it did, and something was judged."""
    headline: str
    told: str
    failed: tuple[Row, ...]
    doubtful: tuple[Row, ...]


def _verdict(card: Scorecard) -> Verdict:
    failed = tuple(row for row in card.rows if row.status is Status.FAIL)
    measured = [row for row in card.rows if row.measured]
    doubtful = tuple(row for row in measured if row.status not in {Status.PASS, Status.FAIL})
    parts = [f"{counted(len(measured), 'case')} measured", f"{sum(r.status is Status.PASS for r in measured)} passed"]
    parts += [f"{len(failed)} failed"] if failed else []
    parts += [f"{len(doubtful)} neither"] if doubtful else []
    absent = sum(not row.measured and row.status is not Status.FAIL for row in card.rows)
    parts += [f"{absent} not run"] if absent else []
    word = (card.undecided or "passed").capitalize() if card.passed else "Not passed"
    return Verdict(card.passed and not card.undecided, word, ", ".join(parts), failed, doubtful)


@dataclass(frozen=True)
class Absent:
    """Cases that did not run for one reason."""

    status: str
    reason: str
    cases: tuple[str, ...]


def _absent(rows: Iterable[Row]) -> list[Absent]:
    by_reason: dict[tuple[Status, str], list[str]] = {}
    for row in rows:
        if not row.measured:
            by_reason.setdefault((row.status, row.reason), []).append(f"{row.case.task}: {row.case.id}")
    return [Absent(status, harmless.lines(why), tuple(ids)) for (status, why), ids in by_reason.items()]


@dataclass(frozen=True)
class RecordOrigin:
    """The cases that were measured by the same code on the same machine."""

    code: str
    machine: str
    views: tuple[CaseView, ...]


def _origins(views: Iterable[CaseView]) -> list[RecordOrigin]:
    groups: dict[tuple[str, str], list[CaseView]] = {}
    for each in views:
        if each.detail.origins:
            groups.setdefault((each.detail.code, each.detail.machine), []).append(each)
    return [RecordOrigin(code, machine, tuple(own)) for (code, machine), own in groups.items()]


@cache
def asset(name: str) -> str:
    """A part of the page as it lies beside this file."""
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True,
        finalize=harmless.shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "line": harmless.line,
        "lines": harmless.lines,
        "figure": _figure,
        "title_of": lambda metric: METRICS[metric].title,
    }
    environment.globals |= {"mark_of": lambda status: _MARKS[Status(status)]}
    return environment


def _figure(value: Any, metric: str) -> str:
    return "n/a" if value is None else METRICS[metric].format(value)
