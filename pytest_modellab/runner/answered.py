"""The answers of a run and their times, each of them in the journal as soon as it is there."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.id_index import IdIndex, NumbersById
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.tasks.requests import Answer

from .answer_lines import AnswerLines

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance

    from .job import Counted, Job
    from .journal import Journal
    from .progress import Progress


class Answered:
    """What was answered, from the journal of a session that was killed or since."""

    def __init__(self, job: Job, journal: Journal, progress: Progress, *, alone: bool, counted: Counted | None) -> None:
        """`alone` is whether the machine is held alone, so that times count; `counted` as CaseRun has it."""
        self._job = job
        self._journal = journal
        self._progress = progress
        self._alone = alone
        self._counted = counted
        index = IdIndex(lambda: (each.id for each in job.dataset.utterances))
        self.lines = AnswerLines(journal, index)
        self._seconds = NumbersById(index)
        self._again: dict[str, float] = {}
        self.timed: Mapping[str, float] = ChainMap(self._seconds, self._again)
        self.times: dict[str, dict[str, Any]] = {}
        self._words = self._errors = 0
        for place, line in journal.placed():
            self._take(place, line)
        self.taken_over = len(self.lines)
        self._left = sum(seconds for id, seconds in job.seconds.items() if id not in self.lines)

    def _take(self, place: int, line: Mapping[str, Any]) -> None:
        """Take in a line of the journal that begins at `place`."""
        if "utterance" in line:
            self._keep(line["utterance"], place, line)
            if line["alone"] and line["seconds"]:
                self._seconds[line["utterance"]] = line["seconds"]
        elif "timed" in line and line.get("seconds"):
            self._again[line["timed"]] = line["seconds"]
        id = line.get("timed") or (line.get("alone") and line.get("utterance"))
        if id and line["times"] is not None:
            self.times[id] = line["times"]

    def _keep(self, id: str, place: int, line: Mapping[str, Any]) -> None:
        before = self.lines.get(id)
        self._words += line["words"] - (before["words"] if before else 0)
        self._errors += line["errors"] - (before["errors"] if before else 0)
        self.lines.put(id, place)

    def missing(self, utterances: Sequence[Utterance]) -> list[Utterance]:
        """Those of them that have no answer yet."""
        return [each for each in utterances if each.id not in self.lines]

    def note(
        self,
        utterance: Utterance,
        answer: Answer,
        seconds: float | None,
        *,
        cut: int = 0,
        served: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep an answer, and its times where they count."""
        self._append(utterance, answer, seconds, None, cut, served)
        if self._alone:
            self._note_times(self._seconds, utterance, seconds, answer)

    def fail(
        self,
        utterance: Utterance,
        error: Failure,
        served: Mapping[str, Any] | None = None,
        *,
        part: dict[str, Any] | None = None,
    ) -> None:
        """Keep that there is no answer, and why; `part` is what is known all the same."""
        self._append(utterance, Answer(None, self._job.seconds[utterance.id], part=part), None, error, 0, served)

    def note_timed(self, utterance: Utterance, seconds: float | None, answer: Answer) -> None:
        """Keep the times of an answer that was given again, with the machine held alone."""
        self._journal.append({"timed": utterance.id, "seconds": seconds, "times": answer.times})
        self._note_times(self._again, utterance, seconds, answer)

    def advance(self) -> None:
        """Tell who watches how far the run is."""
        wer = self._errors / self._words if self._words else None
        left = max(0.0, self._left) if len(self.lines) < len(self._job.seconds) else 0.0
        self._progress.advance(self._job.case, len(self.lines), len(self._job.seconds), left, wer)

    def given(self, utterance: Utterance, audio_s: float) -> None:
        """Note the length of an utterance's audio, as it was decoded."""
        if utterance.id not in self.lines:
            self._left += audio_s - self._job.seconds[utterance.id]
        self._job.seconds[utterance.id] = audio_s

    def _note_times(
        self, timed: MutableMapping[str, float], utterance: Utterance, seconds: float | None, answer: Answer
    ) -> None:
        if seconds is not None:
            timed[utterance.id] = seconds
        if answer.times is not None:
            self.times[utterance.id] = answer.times

    def _append(
        self,
        utterance: Utterance,
        answer: Answer,
        seconds: float | None,
        error: Failure | None,
        cut: int,
        served: Mapping[str, Any] | None,
    ) -> None:
        # Speech is transcribed and scored only after the last answer.
        unheard = error is None and answer.text is None
        errors, words = (0, 0) if unheard or self._counted is None else self._counted(utterance, answer.text)
        line = {
            "utterance": utterance.id,
            "text": answer.text,
            "language": answer.language,
            "seconds": seconds,
            "audio_s": answer.audio_s,
            "part": answer.part,
            "times": answer.times,
            "alone": self._alone,
            "error": None if error is None else error.model_dump(),
            "errors": errors,
            "words": words,
            "cut_from": cut or None,
            **({} if answer.batch is None else {"batch": dict(answer.batch)}),
            **(served or {}),
        }
        if utterance.id not in self.lines:
            self._left -= self._job.seconds[utterance.id]
        self._keep(utterance.id, self._journal.append(line), line)
