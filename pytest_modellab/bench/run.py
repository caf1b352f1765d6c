"""Runs cases: once each, every answer journalled, the record written at the end."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from .. import audio, devices, weights
from ..cases import Case
from ..catalog.load import Catalog
from ..catalog.validate import full_options
from ..datasets import Dataset, DatasetError, Utterance, prepare
from ..engines.base import Clip, Engine
from ..engines.registry import available, engine_class
from ..metrics import asr
from ..store import Store, StoreError, Unavailable, cache_root
from ..text import normalizer
from . import provenance
from . import record as records
from .assemble import Origin, RunFacts, assemble
from .journal import Journal
from .local import InProcessWorker, LocalWorker, Memory, WorkerDied
from .machine import machine
from .pool import MAX_DEATHS, Loaded, LoadOrder, Pool, transcribe_request
from .record import Failure, Finding, Record
from .session import Session

SEED = 0

# Audio that a timing pass answers a second time: enough for a stable RTF, little beside a large data set.
TIMED_AUDIO_S = 120.0


@dataclass(frozen=True)
class Settings:
    """How a session runs its cases."""

    fresh: bool = False
    in_process: bool = False
    max_utterances: int | None = None
    alone: bool = True
    """Whether the session does one thing at a time, so that it may time it."""


@dataclass(frozen=True)
class Outcome:
    """What became of a case: a record, or why there is none.

    `unavailable`: something isn't here (device, library, weights, data) and that is nobody's failure.
    `broken`: what is here is wrong (a digest, a recording, a full disk): a failure.
    """

    record: Record | None = None
    path: Path | None = None
    unavailable: str | None = None
    broken: str | None = None


class Progress(Protocol):
    """Somebody who watches a run."""

    def say(self, case: Case, text: str) -> None: ...

    def advance(self, case: Case, done: int, total: int, audio_left_s: float, wer: float | None) -> None: ...

    def clear(self) -> None: ...

    def visible(self) -> AbstractContextManager[None]:
        """Within it, what is written to standard error (download bars) reaches the person."""
        ...


class Silent:
    """Progress that nobody watches."""

    def say(self, case: Case, text: str) -> None: ...

    def advance(self, case: Case, done: int, total: int, audio_left_s: float, wer: float | None) -> None: ...

    def clear(self) -> None: ...

    def visible(self) -> AbstractContextManager[None]:
        return nullcontext()


class Bench:
    """Runs each case once, however often it is asked for."""

    def __init__(
        self, catalog: Catalog, session: Session, settings: Settings, progress: Progress | None = None
    ) -> None:
        self.catalog = catalog
        self.session = session
        self.settings = settings
        self.store = Store()
        self.progress = progress or Silent()
        self._outcomes: dict[str, Outcome] = {}
        self.pool = Pool(InProcessWorker if settings.in_process else LocalWorker)
        self._git: tuple[str | None, bool | None] | None = None

    def expect(self, cases: Iterable[Case]) -> None:
        """Announce the cases of this process, so that workers live as long as they are needed and no longer."""
        self.pool.expect({case.key: case for case in cases}.values())

    def close(self) -> None:
        self.pool.close()

    def run(self, case: Case) -> Outcome:
        """The outcome of `case`, measured now unless this session already has."""
        if case.key not in self._outcomes:
            with self.session.running(case.key):
                noted = self.session.outcome(case.key)
                if noted is None:
                    outcome = self._run_once(case)
                    self.session.note_outcome(case.key, to_note(outcome))
                else:
                    outcome = from_note(noted)
            self._outcomes[case.key] = outcome
            self.pool.done(case.group)
        return self._outcomes[case.key]

    def dataset(self, case: Case) -> Dataset:
        """The prepared data of a case. Raises store.StoreError or datasets.DatasetError."""
        return prepare(case.dataset, self.catalog.mirrors, self.catalog.folder, self.store)

    def order(self, case: Case) -> LoadOrder:
        """What a worker loads for a case. Raises store.StoreError."""
        return LoadOrder(
            engine=available()[case.model.engine],
            options=full_options(case.model, case.device.id),
            device={"kind": case.device.kind, "index": case.device.index},
            weights=weights.local_folder(case.model, self.catalog.mirrors, self.catalog.folder, self.store),
            seed=SEED,
            timeout_s=case.model.timeouts.load_s,
        )

    def absent(self, case: Case) -> str | None:
        """Why the case can't run here for want of a device or a library; None if it can, so far."""
        found = devices.presence(case.device.kind, case.device.index)
        if not found.present:
            return f"{case.device.id}: {found.reason}"
        engine = engine_class(available()[case.model.engine])
        main = engine.distributions[0] if engine.distributions else None
        if main is not None and provenance.versions([main])[main] is None:
            hint = f"pip install 'pytest-modellab[{engine.extra}]'" if engine.extra else f"pip install {main}"
            return f"{main} is not installed; {hint}"
        return None

    def _run_once(self, case: Case) -> Outcome:
        reason = self.absent(case)
        if reason is not None:
            return Outcome(unavailable=reason)
        try:
            self.progress.say(case, "preparing data and weights")
            with self.progress.visible():
                dataset = self.dataset(case).first(self.settings.max_utterances)
                order = self.order(case)
            return self._measure(case, dataset, order)
        except Unavailable as error:
            return Outcome(unavailable=str(error))
        except (StoreError, DatasetError, audio.AudioError) as error:
            return Outcome(broken=str(error))
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            return Outcome(
                broken=f"can't write under {self.session.reports}{where}: {error.strerror};"
                " what was measured so far is kept, free the disk or set --lab-report and run again"
            )
        finally:
            self.progress.clear()

    def _measure(self, case: Case, dataset: Dataset, order: LoadOrder) -> Outcome:
        engine = engine_class(order.engine)
        seconds = {u.id: u.seconds for u in dataset.utterances}  # also finds broken files before any work
        origin = self._origin(case, dataset, order, engine)
        if self.settings.fresh:
            self.session.forget(case.key)
        else:
            self.session.adopt(case.key, origin.key)
        head = {
            "key": origin.key,
            "case": case.id,
            "utterances": len(seconds),
            "audio_s": sum(seconds.values()),
        }
        with Journal.open(self.session.journal(case.key), head) as journal:
            run = _Run(self, case, dataset, order, journal, seconds, engine.rate)
            facts = run.facts_of_finished() or run.finish()
            record = assemble(case, dataset, self._limited(dataset), run.answers, run.timed, facts, origin)
        return Outcome(record, records.write(record, self.session.reports))

    def _limited(self, dataset: Dataset) -> int | None:
        return None if self.settings.max_utterances is None else len(dataset.utterances)

    def _origin(self, case: Case, dataset: Dataset, order: LoadOrder, engine: type[Engine]) -> Origin:
        inputs: dict[str, Any] = {
            "protocol": provenance.PROTOCOL,
            "task": case.task,
            "model": case.model.id,
            "engine": order.engine,
            "options": order.options,
            "device": order.device,
            "weights": weights.digest(case.model, self.catalog.folder),
            "dataset": dataset.fingerprint,
            "utterances": len(dataset.utterances),
            "seed": order.seed,
            "in_process": self.settings.in_process,
            "versions": provenance.versions((*engine.distributions, "numpy", "soundfile", "soxr")),
            "python": provenance.python_tag(),
            "code": provenance.sources_digest(order.engine),
        }
        if self._git is None:
            self._git = provenance.git_state(self.catalog.folder)
        commit, dirty = self._git
        return Origin(inputs, provenance.input_key(inputs), commit, dirty, self.session.id)


class _Run:
    """One case being answered, utterance by utterance."""

    def __init__(
        self,
        bench: Bench,
        case: Case,
        dataset: Dataset,
        order: LoadOrder,
        journal: Journal,
        seconds: dict[str, float],
        rate: int,
    ) -> None:
        self.bench = bench
        self.case = case
        self.dataset = dataset
        self.order = order
        self.journal = journal
        self.seconds = seconds
        self.rate = rate
        self.answers: dict[str, dict[str, Any]] = {
            line["utterance"]: line for line in journal.lines if "utterance" in line
        }
        self.timed: dict[str, float] = {line["timed"]: line["seconds"] for line in journal.lines if "timed" in line}
        self.timed |= {id: line["seconds"] for id, line in self.answers.items() if line["alone"] and line["seconds"]}
        self.taken_over = len(self.answers)
        self._normalize = normalizer(dataset.normalizer)

    def facts_of_finished(self) -> RunFacts | None:
        """The facts of a run that a killed session had finished; None where something is left to do."""
        end = next((line["end"] for line in self.journal.lines if "end" in line), None)
        if end is None:
            return None
        return RunFacts(
            load_s=end["load_s"],
            first_call_s=end["first_call_s"],
            no_speed=end["no_speed"],
            failure=None if end["failure"] is None else Failure(**end["failure"]),
            memory=Memory(**end["memory"]),
            resumed=end["resumed"],
            restarts=end["restarts"],
            findings=tuple(Finding(**finding) for finding in end["findings"]),
        )

    def finish(self) -> RunFacts:
        """Answer what is not answered yet."""
        settings = self.bench.settings
        with self._machine(alone=settings.alone):
            facts = self._answer_all()
        if not settings.alone and facts.no_speed is None:
            with self._machine(alone=True):
                facts = replace(facts, no_speed=self._time_alone())
        self.journal.append(
            {
                "end": {
                    **vars(facts),
                    "failure": facts.failure and facts.failure.model_dump(),
                    "memory": vars(facts.memory),
                    "findings": [finding.model_dump() for finding in facts.findings],
                }
            }
        )
        return facts

    def _machine(self, *, alone: bool) -> AbstractContextManager[None]:
        return machine(
            cache_root(),
            alone=alone,
            waiting=lambda: self._say("waiting for the machine: others are measuring"),
        )

    def _time_alone(self) -> str | None:
        """The timing pass: answer a fixed subset again with nothing else running; why that gave nothing, if so.

        The accuracy pass ran beside other work, so its times count for nothing.
        """
        loaded = self._load()
        timed_s = 0.0
        for utterance in self.dataset.utterances:
            if self.answers[utterance.id]["error"] is not None:
                continue
            if loaded.worker is None or timed_s >= TIMED_AUDIO_S:
                break
            self._say("timing, alone on the machine")
            try:
                reply = loaded.worker.request(
                    *transcribe_request(utterance.clip(self.rate)), timeout=self._timeout(utterance)
                )
            except WorkerDied as death:
                self.bench.pool.drop(self.case.group)
                return f"the worker was lost while it was timed: {death.reason}"
            if "error" in reply:
                return f"an utterance failed while it was timed: {reply['error']['message']}"
            line = {"timed": utterance.id, "seconds": reply["seconds"]}
            self.journal.append(line)
            self.timed[utterance.id] = reply["seconds"]
            timed_s += self.seconds[utterance.id]
        return None

    def _answer_all(self) -> RunFacts:
        deaths = 0
        loaded: Loaded | None = None
        findings: list[Finding] = []
        load_s: float | None = None
        first_call_s: float | None = None
        memory = Memory()
        for utterance in self.dataset.utterances:
            samples = utterance.samples(self.rate)
            findings.extend(
                Finding(utterance=utterance.id, kind=each.kind, message=each.message)
                for each in audio.check(samples, self.rate, utterance.text)
            )
            if utterance.id in self.answers:
                continue
            if loaded is None and deaths < MAX_DEATHS:
                loaded = self._load()
                load_s, first_call_s = load_s or loaded.load_s, first_call_s or loaded.first_call_s
                memory = loaded.memory
            if loaded is None:
                self._note(utterance, None, None, self._given_up(deaths))
            elif loaded.failure is not None:
                self._note(utterance, None, None, loaded.failure)
            else:
                try:
                    self._answer(loaded, utterance, samples)
                except WorkerDied as death:
                    deaths += 1
                    self.bench.pool.drop(self.case.group)
                    loaded = None
                    kind: Any = death.kind
                    self._note(utterance, None, None, Failure(kind=kind, message=death.reason, detail=death.stderr))
            self._advance()
        if loaded is None and deaths >= MAX_DEATHS:
            failure: Failure | None = self._given_up(deaths)
        else:
            failure = loaded.failure if loaded else None
        return RunFacts(
            load_s=load_s,
            first_call_s=first_call_s,
            no_speed=self._no_speed(),
            failure=failure,
            memory=memory,
            resumed=self.taken_over,
            restarts=deaths,
            findings=tuple(findings),
        )

    def _load(self) -> Loaded:
        self._say("loading the model")
        first = self.dataset.utterances[0]
        return self.bench.pool.get(self.case.group, self.order, first.clip(self.rate), self._timeout(first))

    def _answer(self, loaded: Loaded, utterance: Utterance, samples: audio.Samples) -> None:
        assert loaded.worker is not None
        clip = Clip(samples, self.rate, utterance.language)
        reply = loaded.worker.request(*transcribe_request(clip), timeout=self._timeout(utterance))
        if "error" in reply:
            error = reply["error"]
            message = f"{error['type']}: {error['message']}"
            self._note(utterance, None, None, Failure(kind="exception", message=message, detail=error["traceback"]))
        else:
            self._note(utterance, reply["text"], reply["seconds"], None)
            if self.bench.settings.alone:
                self.timed[utterance.id] = reply["seconds"]

    def _note(self, utterance: Utterance, text: str | None, seconds: float | None, error: Failure | None) -> None:
        words = asr.score(utterance.text, text, self._normalize).words
        line = {
            "utterance": utterance.id,
            "text": text,
            "seconds": seconds,
            "audio_s": self.seconds[utterance.id],
            "alone": self.bench.settings.alone,
            "error": None if error is None else error.model_dump(),
            "errors": words.errors,
            "words": words.reference,
        }
        self.journal.append(line)
        self.answers[utterance.id] = line

    def _advance(self) -> None:
        words = sum(line["words"] for line in self.answers.values())
        errors = sum(line["errors"] for line in self.answers.values())
        left = sum(s for id, s in self.seconds.items() if id not in self.answers)
        self.bench.progress.advance(
            self.case, len(self.answers), len(self.seconds), left, errors / words if words else None
        )

    def _timeout(self, utterance: Utterance) -> float:
        timeouts = self.case.model.timeouts
        return timeouts.utterance_s + timeouts.per_audio_second * self.seconds[utterance.id]

    def _no_speed(self) -> str | None:
        if self.taken_over:
            return f"resumed: {self.taken_over} utterances were answered in a session that was killed"
        return None

    def _given_up(self, deaths: int) -> Failure:
        return Failure(kind="crash", message=f"not tried: the worker had died {deaths} times")

    def _say(self, text: str) -> None:
        self.bench.progress.say(self.case, text)


def to_note(outcome: Outcome) -> dict[str, Any]:
    """An outcome as the session's other processes read it."""
    return {
        "record": None if outcome.path is None else str(outcome.path),
        "unavailable": outcome.unavailable,
        "broken": outcome.broken,
    }


def from_note(note: dict[str, Any]) -> Outcome:
    path = None if note["record"] is None else Path(note["record"])
    record = None if path is None else records.read(path)
    return Outcome(record, path, note["unavailable"], note["broken"])
