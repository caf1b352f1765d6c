"""Scorecards of small records of every task with their page, and a reader of pages."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from records import edits, record, utterance, with_part

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.specs import LimitSpec, TaskGrades
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.reports.scorecard import page
from pytest_modellab.reports.scorecard.build import build, build_row
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.files import loader
from pytest_modellab.reports.scorecard.row import CaseReport, Row
from pytest_modellab.results import record_files
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.results.verdicts import Limits
from pytest_modellab.tasks.asr.record import Slice
from pytest_modellab.tasks.chat.record import Reply
from pytest_modellab.tasks.streaming.record import PartialResult, Streamed, StreamingSummary
from pytest_modellab.tasks.tts.record import Speech

BANDS = TaskGrades(
    criteria={
        "wer": {"A+": 0.05, "A": 0.10, "B": 0.15, "C": 0.25},
        "rtf": {"A+": 0.05, "A": 0.20, "B": 0.50, "C": 1.0},
    },
    provisional_below_words=5000,
)
LIMIT = LimitSpec(metric="wer", max=0.15)
VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})
RESOURCES = ("src", "href", "xlink:href", "srcset", "action", "data", "poster")


def case(model: str, task: str = "asr", device: str = "cpu", dataset: str = "talk") -> CaseRef:
    return CaseRef(task=task, model=model, device=device, dataset=dataset)


def tone(reports: Path, seconds: float = 0.2) -> str:
    """The digest of a sound that is kept."""
    samples = 0.5 * np.sin(np.arange(int(seconds * 16_000)) / 8)
    return AudioArtifacts(reports).keep(samples.astype(np.float32), 16_000)


def heard(**changes: Any) -> Record:
    """Of recognition: a word substituted, one left out, one put in; and parts of the data."""
    said = [
        utterance("good"),
        utterance("bad", "the quick brown fox jumps over it", "the quack brown jumps over it again", edits(1, 1, 1, 5)),
    ]
    slices = [
        Slice(by="speaker", value=f"speaker {name}", utterances=9, words=edits(substitutions=10, hits=90), wer=wer,
              meaningful=True)
        for name, wer in (("$a$", 0.1), ("b", 0.3))
    ]  # fmt: skip
    return record(utterances=said, transcripts={"slices": tuple(slices)}, **changes)


def spoken(reports: Path, **changes: Any) -> Record:
    speech = Speech(
        seconds=0.2, sample_rate=16_000, pieces=1, audio=tone(reports), audible=True, silence=0.0, longest_pause_s=0.0,
        loudness_lufs=-20.0, faults=("a long pause",),
    )  # fmt: skip
    said = utterance("said", words=edits(substitutions=1, hits=2), hypothesis="one two tree")
    return record(utterances=[with_part(said, "tts", speech)], case=case("voice", "tts"), **changes)


def streamed(**changes: Any) -> Record:
    partials = tuple(PartialResult(text=text, audio_s=at) for text, at in (("won", 0.5), ("one two", 1.0)))
    stream = Streamed(partials=partials, offline="one two three", offline_words=edits(hits=3), changed=1, words=3,
                      first_audio_s=0.5)  # fmt: skip
    said = with_part(utterance("stream"), "streaming", stream)
    parts = {"streaming": StreamingSummary(chunk_s=0.25, pace=None)}
    return record(utterances=[said], case=case("live", "streaming"), parts=parts, **changes)


def answered(reports: Path, right: bool | None = False, **changes: Any) -> UtteranceResult:
    fields: dict[str, Any] = {
        "text": "It is Lyon.", "dialogue": "france", "rules": {"accept": ["Paris"]}, "right": right,
        "by": "accept: Paris is not in it", "missed": False, "words": 3, "audio": tone(reports), "audible": True,
        **changes,
    }  # fmt: skip
    return with_part(utterance("turn"), "chat", Reply(**fields))


def row(made: Record, path: Path, grades: TaskGrades | None = BANDS, limits: Sequence[LimitSpec] = (LIMIT,)) -> Row:
    report = CaseReport(case=made.case, title=made.title, record=made, path=path)
    found = Limits(made.case, limits, lambda _: "limits.yaml:3")
    return build_row(report, found.judge(made), {made.case.task: grades} if grades else {}, str)


def card(
    reports: Path,
    *made: Record,
    absent: Sequence[Row] = (),
    limits: Sequence[LimitSpec] = (LIMIT,),
    **options: Any,
) -> Scorecard:
    """The scorecard of these records, which are stored in `reports`."""
    rows = [row(each, record_files.write(each, reports), limits=limits) for each in made]
    return build("session", [*rows, *absent], **{"partial": None, **options})


def rendered(reports: Path, found: Scorecard, **options: Any) -> str:
    return page.render(found, loader(reports), AudioArtifacts(reports), reports, **options)


class Tone:
    """Recordings that are all tones of so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def clip(self, record: Record, utterance: str) -> bytes:
        file = io.BytesIO()
        samples = 0.5 * np.sin(np.arange(int(self.seconds * 16_000)) / 8)
        soundfile.write(file, samples, 16_000, format="FLAC", subtype="PCM_16")
        return file.getvalue()

    def licence(self, case: CaseRef) -> str:
        return "CC0-1.0"


class Parsed(HTMLParser):
    """What is in a page: its ids, what it would load, its scripts, its tables, the text of it all."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: list[str] = []
        self.references: list[str] = []
        """Of ids, by links and labels."""
        self.resources: list[tuple[str, str]] = []
        self.scripts: list[str] = []
        self.data: list[str] = []
        """Scripts that hold JSON, which no browser runs."""
        self.again: list[str] = []
        """Ids of players that others take their sound from."""
        self.tags: list[str] = []
        self.handlers: list[str] = []
        """Attributes that run something."""
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            self._script = self.data if ("type", "application/json") in attrs else self.scripts
            self._script.append("")
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in RESOURCES:
                self.resources.append((tag, value or ""))
                if (value or "").startswith("#"):
                    self.references.append((value or "")[1:])
            elif name == "data-again":
                self.again.append(value or "")
            elif name in {"aria-labelledby", "for"}:
                self.references += (value or "").split()
            elif name.startswith("on"):
                self.handlers.append(name)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        # A page whose tags aren't closed in order would be mended by every browser in its own way.
        assert self.open, f"</{tag}> closes nothing"
        opened = self.open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self._script[-1] += data
        elif not self.open or self.open[-1] != "style":
            self.texts.append(data)
