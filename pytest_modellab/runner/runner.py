"""Runs cases: once each, every answer journalled, the record written at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import timedelta
from typing import Any

from pytest_modellab.assets.store import StoreError, Unavailable, cache_root
from pytest_modellab.assets.store.occupancy import Occupant
from pytest_modellab.catalog import weights
from pytest_modellab.catalog.cases import Case
from pytest_modellab.catalog.catalog import Catalog
from pytest_modellab.catalog.datasets import Dataset, DatasetError, prepare
from pytest_modellab.catalog.datasets.sound_check import check_sounds, refusal
from pytest_modellab.core import audio
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.core.hardware import Hardware
from pytest_modellab.core.id_index import IdIndex, NumbersById
from pytest_modellab.core.schema_base import Finding
from pytest_modellab.engines.registry import engine_class
from pytest_modellab.results import provenance, table
from pytest_modellab.results import record_files as records
from pytest_modellab.results.assemble import Origin, assemble
from pytest_modellab.results.record import Record
from pytest_modellab.results.shard_ref import ShardOf, cut, too_many
from pytest_modellab.tasks.chat.record import reply_of
from pytest_modellab.tasks.groups import GroupRequests, grouped
from pytest_modellab.tasks.registry import task_named
from pytest_modellab.tasks.scoring import Judged, JudgedSpeech, SpeechEnds
from pytest_modellab.tasks.tts.record import speech_of

from . import reuse, speech_ends
from .auxiliary_models import AuxiliaryModelError, NoAuxiliaryModel
from .case_run import CaseRun
from .dataset_findings import findings_of
from .edits import Edited, Imported, loaded_with, unedited
from .executor import ClusterError, own_executor
from .graders import Grader, graded, grader_of
from .input_key import answers_depend_on, figures_depend_on
from .job import Job, Settings
from .journal import Journal
from .judge_setup import set_up_judges
from .judges import JudgeError, Judges, said_of
from .load_order import LoadOrder, mapping
from .loading import Loading
from .locks import Leases
from .machine import machine
from .outcome import Outcome, from_note, not_written, to_note
from .outside import why_always
from .pool import Pool
from .progress import NoProgress, Progress, counting
from .prompt_synthesis import with_spoken_prompts
from .session import Session
from .standing import standing


class Runner(Loading):
    """Runs each case once, however often it is asked for."""

    def __init__(
        self,
        catalog: Catalog,
        session: Session,
        settings: Settings,
        progress: Progress | None = None,
        *,
        in_doubt: Callable[[Case, Record], bool] = lambda case, record: False,
    ) -> None:
        """`in_doubt` is whether a record of unchanged inputs is run again all the same."""
        super().__init__(catalog, settings, progress or NoProgress())
        self.session = session
        self._in_doubt = in_doubt
        self._outcomes: dict[str, Outcome] = {}
        self.pool = Pool(self.start_worker, Leases(cache_root() / "locks"))
        self._git: tuple[str | None, bool | None] | None = None
        self._occupant = Occupant(cache_root())
        self.sounds = AudioArtifacts(session.reports)
        self._judges: dict[str, Judges] = {}
        self._imported = Imported()

    def expect(self, cases: Iterable[Case]) -> None:
        """Announce the cases of this process, so that workers live as long as they are needed and no longer."""
        self.pool.expect({case.key: case for case in cases}.values())

    def close(self) -> None:
        self.pool.close()
        if self.cluster is not None:
            self.cluster.close()
        self._occupant.leave()

    def run(self, case: Case) -> Outcome:
        """The outcome of `case`, measured now unless this session already has."""
        if case.key not in self._outcomes:
            with self.session.running(case.key):
                noted = self.session.outcome(case.key)
                if noted is None:
                    outcome = self._run_once(case)
                    with suppress(OSError):  # a full disk: other processes will find the journal
                        self.session.note_outcome(case.key, to_note(outcome))
                else:
                    outcome = from_note(noted)
            self._outcomes[case.key] = outcome
            self.pool.done(case.group)
        return self._outcomes[case.key]

    def known(self, case_key: str) -> Outcome | None:
        """The outcome of a case in this process; None if there is none yet."""
        return self._outcomes.get(case_key)

    def dataset(self, case: Case) -> Dataset:
        """The prepared data of a case, spoken where the model is to hear it.

        Raises store.StoreError, datasets.DatasetError, NoAuxiliaryModel or AuxiliaryModelError.
        """
        dataset = prepare(case.dataset, self.catalog, self.store)
        if not task_named(case.task).hears_prompts(self._engine(case)):
            return dataset
        return with_spoken_prompts(dataset, self, lambda text: self.progress.say(case, text))

    def reserve(self, case: Case, waiting: Callable[[str], None]) -> None:
        """Have the device of `case` for its model alone, once no other process is on it; without the machine lock."""
        self.pool.reserve(case.group, mapping(self.device(case)[0]), waiting)

    def _run_once(self, case: Case) -> Outcome:
        try:
            reason = self.absent(case)
            if reason is not None:
                return Outcome(unavailable=reason)
            self.progress.say(case, "preparing data and weights")
            with self.progress.visible():
                dataset = self.dataset(case).first(self.settings.max_utterances)
                order = self.order(case)
            return self._measure(case, dataset, order)
        except (Unavailable, NoAuxiliaryModel) as error:
            return Outcome(unavailable=str(error))
        except (
            StoreError,
            DatasetError,
            JudgeError,
            AuxiliaryModelError,
            Edited,
            audio.AudioError,
            ClusterError,
        ) as error:
            return Outcome(broken=str(error))
        except OSError as error:
            return Outcome(broken=not_written(error, self.session.reports))
        finally:
            self.progress.clear()

    def _measure(self, case: Case, dataset: Dataset, order: LoadOrder) -> Outcome:
        judges, grader = self.judges(case), self.grader(case, dataset)
        inputs = self.inputs(case, dataset, order)
        self._imported.check(inputs)
        wanted = self.wanted(case, dataset, inputs)
        always = why_always(case, dataset, order, self)
        fresh = self.settings.fresh or always is not None
        found = None if fresh else standing(self.session.reports, case, dataset, wanted, self._in_doubt)
        if found is not None:
            return found
        does = task_named(case.task)
        findings = self._checked_sounds(case, dataset)
        if judges is not None and judges.readings is not None:
            self._checked_sounds(case, judges.readings)
        if does.alone and self.cluster is not None and (why := self.cluster.no_timing()) is not None:
            return Outcome(unavailable=f"a case of the task {case.task} holds a machine alone: {why}")
        requests = grouped(does.requests_with(dataset, engine_class(order.engine), self.sounds, order.options))
        whole, seconds = dataset, _seconds(dataset, requests)
        if self.settings.shard is not None and does.whole:
            return Outcome(unavailable=f"a data set of the task {case.task} can't be cut into shards: run it whole")
        shard = None if self.settings.shard is None else cut(self.settings.shard, whole, seconds)
        if shard is not None:
            if not shard.places:
                return Outcome(unavailable=too_many(shard))
            dataset = whole.only(shard.places)
            seconds = _seconds(dataset, requests)
        origin = self._origin(wanted, order, inputs, shard)
        # Answers of another part are no beginning of this one.
        key = origin.key if shard is None else f"{origin.key} {shard.cut}"
        if fresh:
            self.session.forget(case.key)
        else:
            self.session.adopt(case.key, key)
        head = {
            "key": key,
            "case": case.id,
            "utterances": len(seconds),
            "audio_s": seconds.total(),
            "spaced": dataset.units != {"characters"},
        }

        def say(text: str) -> None:
            self.progress.say(case, text)

        def discard() -> None:
            journal.discard()
            self.pool.end_worker(case.group)

        with Journal.open(self.session.journal(case.key), head) as journal:
            job = Job(
                case,
                dataset,
                order,
                seconds,
                requests,
                whole,
                self.device(case)[1],
                loaded_with(inputs),
                findings,
            )
            run = CaseRun(
                job,
                self.pool,
                journal,
                self.settings,
                self.progress,
                alone=does.alone or (self.settings.alone and self.cluster is None),
                counted=counting(dataset) if does.transcripts else None,
                stopping=self.session.stopping,
                cluster=self.cluster,
            )
            with unedited(inputs, lambda: self._inputs_now(case), discard):
                facts = run.facts_of_finished() or run.finish()
                judged = Judged(
                    speech=None if judges is None else self._judged_speech(case, judges, dataset, run, journal),
                    graded={} if grader is None else graded(grader, dataset, run.answers, journal, say),
                    speech_ends=self._speech_ends(dataset, run, journal, say)
                    if does.anchored(dataset.spec)
                    else SpeechEnds(),
                )
            with self._scoring(dataset, say):
                record = assemble(
                    *(case, dataset, wanted.limited_to, run.answers, run.timed, facts, origin),
                    times=run.times,
                    judged=judged,
                )
        self.sounds.bound(
            said.audio
            for each in (record.utterances if does.may_speak else ())
            if (said := speech_of(each) or reply_of(each)) is not None and said.audio
        )
        return Outcome(record, records.write(record, self.session.reports))

    def _scoring(self, dataset: Dataset, say: Callable[[str], None]) -> AbstractContextManager[None]:
        """The machine, beside whatever else measures accuracy, while several processes score."""
        if not table.shared(len(dataset.utterances)):
            return nullcontext()
        return machine(cache_root(), alone=False, what=f"scoring of {dataset.spec.id}", waiting=say)

    def _checked_sounds(self, case: Case, dataset: Dataset) -> tuple[Finding, ...]:
        """What is odd about the recordings, once all of them were decoded. Raises DatasetError for what is broken."""
        self.progress.say(case, "checking the recordings")
        check = check_sounds(dataset.utterances)
        if check.broken:
            raise DatasetError(refusal(dataset.spec.id, dataset.spec.origin, check))
        return findings_of(dataset, check)

    def _inputs_now(self, case: Case) -> dict[str, Any]:
        """The inputs of `case` by what is on disk now, nothing taken from memory."""
        self._judges.pop(case.dataset.id, None)
        return self.inputs(case, self.dataset(case).first(self.settings.max_utterances), self.order(case))

    def _judged_speech(
        self, case: Case, judges: Judges, dataset: Dataset, run: CaseRun, journal: Journal
    ) -> JudgedSpeech:
        """Have the judges listen, beside whatever else measures accuracy. Raises JudgeError."""

        def say(text: str) -> None:
            self.progress.say(case, text)

        with machine(cache_root(), alone=False, what=f"judges of {case.key}", waiting=say):
            said = said_of(dataset.utterances, run.answers)
            return judges.listen(said, self.sounds, journal, self.start_worker, say)

    def _speech_ends(self, dataset: Dataset, run: CaseRun, journal: Journal, say: Callable[[str], None]) -> SpeechEnds:
        """Where the speech ends in the recordings that were timed."""
        with machine(cache_root(), alone=False, what=f"ends of speech in {dataset.spec.id}", waiting=say):
            timed = [each for each in dataset.utterances if each.id in run.times]
            return speech_ends.speech_ends(timed, journal, self.start_worker, say)

    def judges(self, case: Case) -> Judges | None:
        """The judges of a case's speech; None where none is needed. Raises store.StoreError or DatasetError."""
        spec = case.dataset.judge
        if spec is None or not task_named(case.task).speaks(self._engine(case)):
            return None
        if case.dataset.id not in self._judges:
            self._judges[case.dataset.id] = set_up_judges(spec, case.dataset, self)
        return self._judges[case.dataset.id]

    def grader(self, case: Case, dataset: Dataset) -> Grader | None:
        """The grader of a case's replies; None where rules suffice.

        Raises auxiliary_models.NoAuxiliaryModel, store.StoreError or DatasetError.
        """
        return grader_of(dataset, self)

    def inputs(self, case: Case, dataset: Dataset, order: LoadOrder) -> dict[str, Any]:
        """Everything that can change an answer of `case`."""
        engine = engine_class(order.engine)
        inputs = answers_depend_on(
            case,
            self.catalog,
            dataset,
            order,
            engine,
            executor=self.executor,
            asked_by=(__name__, Loading.__module__),
        )
        if not own_executor(self.settings.executor):
            inputs["executor"] = self.settings.executor
        if task_named(case.task).anchored(dataset.spec):
            inputs["speech_ends"] = speech_ends.inputs()
        judges = self.judges(case)
        grader = self.grader(case, dataset)
        if grader is not None:
            inputs = {**inputs, "grader": dict(grader.inputs)}
        return inputs if judges is None else {**inputs, "judge": dict(judges.inputs)}

    def wanted(self, case: Case, dataset: Dataset, inputs: dict[str, Any]) -> reuse.RecordQuery:
        """The query for a record that can be reused for a run of `case` with these inputs."""
        return reuse.RecordQuery(
            case,
            provenance.input_key(inputs),
            figures_depend_on(case, dataset),
            None if self.settings.max_utterances is None else len(dataset.utterances),
            timedelta(days=self.settings.speed_age_days),
            self.settings.shard,
            *(
                ()
                if self.cluster is None
                else (
                    Hardware.stated(self.cluster.hardware(case.device.kind), case.device.kind),
                    self.cluster.no_timing(),
                )
            ),
        )

    def _origin(
        self, wanted: reuse.RecordQuery, order: LoadOrder, inputs: dict[str, Any], shard: ShardOf | None
    ) -> Origin:
        if self._git is None:
            self._git = provenance.git_state(self.catalog.folder)
        commit, dirty = self._git
        return Origin(
            inputs=inputs,
            key=wanted.key,
            judging=wanted.judging,
            commit=commit,
            dirty=dirty,
            session=self.session.id,
            model_size=weights.size_of_all([order.weights, *(part.weights for part in order.parts.values())]),
            shard=shard,
        )


def _seconds(dataset: Dataset, requests: GroupRequests) -> NumbersById:
    """Seconds of audio of each utterance, as far as is known ahead. Raises audio.AudioError."""
    index = IdIndex(lambda: (each.id for each in dataset.utterances))
    return NumbersById.of(index, map(requests.seconds, dataset.utterances))
