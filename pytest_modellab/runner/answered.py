"""The answers of a run and their times, each of them in the journal as soon as it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.schema_base import Failure
from pytest_modellab.tasks.requests import Answer

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
        lines = journal.lines
        self.lines: dict[str, dict[str, Any]] = {line["utterance"]: line for line in lines if "utterance" in line}
        self.timed: dict[str, float] = {
            line["timed"]: line["seconds"] for line in lines if line.get("seconds") and "timed" in line
        }
        self.timed |= {id: line["seconds"] for id, line in self.lines.items() if line["alone"] and line["seconds"]}
        self.times: dict[str, dict[str, Any]] = {
            id: line["times"]
            for line in lines
            if (id := line.get("timed") or (line.get("alone") and line.get("utterance"))) and line["times"] is not None
        }
        self.taken_over = len(self.lines)

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
            self._note_times(utterance, seconds, answer)

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
        self._note_times(utterance, seconds, answer)

    def advance(self) -> None:
        """Tell who watches how far the run is."""
        words = sum(line["words"] for line in self.lines.values())
        errors = sum(line["errors"] for line in self.lines.values())
        seconds = self._job.seconds
        left = sum(s for id, s in seconds.items() if id not in self.lines)
        wer = errors / words if words else None
        self._progress.advance(self._job.case, len(self.lines), len(seconds), left, wer)

    def _note_times(self, utterance: Utterance, seconds: float | None, answer: Answer) -> None:
        if seconds is not None:
            self.timed[utterance.id] = seconds
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
        self._journal.append(line)
        self.lines[utterance.id] = line
