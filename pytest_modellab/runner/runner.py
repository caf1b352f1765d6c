"""Runs cases: once each, every answer journalled, the record written at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from pytest_modellab.assets.store import Store, StoreError, Unavailable, cache_root
from pytest_modellab.assets.store.occupancy import Occupant
from pytest_modellab.catalog import weights
from pytest_modellab.catalog.cases import Case
from pytest_modellab.catalog.catalog import Catalog
from pytest_modellab.catalog.datasets import Dataset, DatasetError, prepare
from pytest_modellab.catalog.environments import Environment, Environments, NoEnvironment, whereabouts
from pytest_modellab.catalog.specs import DeviceSpec, ModelSpec
from pytest_modellab.catalog.validate import full_options
from pytest_modellab.core import audio, devices
from pytest_modellab.core.audio_artifacts import Artefacts
from pytest_modellab.core.schema_base import Elsewhere
from pytest_modellab.core.text import CHARACTERS
from pytest_modellab.engines.base import Engine
from pytest_modellab.engines.registry import engine_class, imported_from, remedy
from pytest_modellab.results import provenance
from pytest_modellab.results import record_files as records
from pytest_modellab.results.assemble import Origin, assemble
from pytest_modellab.results.record import Record
from pytest_modellab.results.shard_ref import ShardOf, cut, too_many
from pytest_modellab.tasks.chat.record import reply_of
from pytest_modellab.tasks.registry import handlers_of, task_named
from pytest_modellab.tasks.scoring import Heard, Judged
from pytest_modellab.tasks.tts.record import speech_of

from . import reuse
from .auxiliary_models import NoServant, ServantError
from .case_run import CaseRun
from .edits import Edited, Imported, loaded_with, unedited
from .executor import EXECUTORS, IN_PROCESS, Worker, own_executor
from .graders import Grader, graded, grader_of
from .input_key import answers_depend_on, figures_depend_on
from .job import Job, Settings
from .journal import Journal
from .judge_setup import summon
from .judges import JudgeError, Jury, said_of
from .locks import Leases
from .machine import machine
from .outcome import Outcome, from_note, not_written, to_note
from .outside import why_always
from .pool import LoadOrder, PartOrder, Pool, mapping
from .progress import Progress, Silent, counting
from .prompt_synthesis import voiced
from .session import Session
from .standing import standing

SEED = 0
CONTROL = "pytest_modellab.engines.control:Control"


class Bench:
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
        self.catalog = catalog
        self.session = session
        self.settings = settings
        self.store = Store()
        self.progress = progress or Silent()
        self._in_doubt = in_doubt
        self._executor = EXECUTORS[settings.executor]()
        self._outcomes: dict[str, Outcome] = {}
        self.pool = Pool(self.start_worker, Leases(cache_root() / "locks"))
        self.environments = Environments(catalog.folder / "models")
        self._git: tuple[str | None, bool | None] | None = None
        self._occupant = Occupant(cache_root())
        self.sounds = Artefacts(session.reports)
        self._juries: dict[str, Jury] = {}
        self._imported = Imported()

    def start_worker(self, order: LoadOrder) -> Worker:
        """A worker of this session's executor, nothing loaded yet."""
        return self._executor.start(order)

    def expect(self, cases: Iterable[Case]) -> None:
        """Announce the cases of this process, so that workers live as long as they are needed and no longer."""
        self.pool.expect({case.key: case for case in cases}.values())

    def close(self) -> None:
        self.pool.close()
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
        """What became of a case in this process; None if nothing yet."""
        return self._outcomes.get(case_key)

    def dataset(self, case: Case) -> Dataset:
        """The prepared data of a case, spoken where the model is to hear it.

        Raises store.StoreError, datasets.DatasetError, servants.NoServant or servants.ServantError.
        """
        dataset = prepare(case.dataset, self.catalog, self.store)
        if not task_named(case.task).hears_prompts(self._engine(case)):
            return dataset
        return voiced(dataset, self, lambda text: self.progress.say(case, text))

    def _engine(self, case: Case) -> type[Engine]:
        """The class that answers a case in this session."""
        return engine_class(CONTROL if self.settings.control else _target(case))

    def device(self, case: Case) -> tuple[DeviceSpec, Elsewhere | None]:
        """The device that a case runs on here: its own, or the one that stands in for it and why."""
        asked = case.device
        found = devices.presence(asked.kind, asked.index)
        # Without options of its own for the other device, the model might run there with what is wrong for it.
        if found.present or asked.fallback is None or asked.fallback not in case.model.devices:
            return asked, None
        return self.catalog.devices[asked.fallback], Elsewhere(device=asked.fallback, why=found.reason)

    def reserve(self, case: Case, waiting: Callable[[str], None]) -> None:
        """Have the device of `case` for its model alone, once no other process is on it; without the machine lock."""
        self.pool.reserve(case.group, mapping(self.device(case)[0]), waiting)

    def order(self, case: Case, *, judge: bool = False) -> LoadOrder:
        """What a worker loads for a case; the model of a `judge` is never replaced. Raises store.StoreError."""
        device, _ = self.device(case)
        if self.settings.control and not judge:
            # With the model's options, which tell what baseline it is held against.
            options = full_options(case.model, device.id)
            return LoadOrder(
                CONTROL,
                options,
                mapping(device),
                None,
                SEED,
                case.model.timeouts.load_s,
                handlers=handlers_of(case.model.tasks),
            )
        environment = self.environment(case)
        return LoadOrder(
            engine=_target(case),
            options=full_options(case.model, device.id),
            device=mapping(device),
            weights=self._weights(case),
            seed=SEED,
            timeout_s=case.model.timeouts.load_s,
            environment=environment,
            # An environment of the model's own has its engine installed.
            path=imported_from(_target(case)) if environment is None else None,
            handlers=handlers_of(case.model.tasks),
            parts=self._parts(case, device, own=environment is not None),
        )

    def _parts(self, case: Case, device: DeviceSpec, *, own: bool) -> dict[str, PartOrder]:
        """What a worker loads of the models that this one is made of; `own` is whether it has its own environment."""
        orders = {}
        for role, part in self._models_within(case).items():
            target = part.engine_target
            assert target is not None  # the catalog was checked
            folder = weights.local_folder(part, self.catalog, self.store)
            options = full_options(part, device.id)
            orders[role] = PartOrder(target, options, folder, None if own else imported_from(target))
        return orders

    def _models_within(self, case: Case) -> dict[str, ModelSpec]:
        return {role: self.catalog.models[name] for role, name in case.model.parts.items()}

    def _weights(self, case: Case) -> Path | None:
        return weights.local_folder(case.model, self.catalog, self.store)

    def environment(self, case: Case) -> Environment | None:
        """The Python its worker runs in, built now if need be; None for this session's own.

        Raises environments.NoEnvironment or store.StoreError.
        """
        try:
            return self.environments.of(case.model, lambda text: self.progress.say(case, text))
        finally:
            self.progress.clear()

    def absent(self, case: Case, *, judge: bool = False) -> str | None:
        """Why the case can't run here for want of a device, an environment or a library; None if it can, so far.

        Raises store.StoreError.
        """
        device, _ = self.device(case)
        found = devices.presence(device.kind, device.index)
        if not found.present:
            return f"{device.id}: {found.reason}"
        if self.settings.control and not judge:
            return None
        engine = engine_class(_target(case))
        main = engine.distributions[0] if engine.distributions else None
        if case.model.environment is not None:
            return self._absent_in_environment(case, main)
        if main is not None and provenance.versions([main])[main] is None:
            return f"{main} is not installed; {remedy(engine)}"
        for role, part in self._models_within(case).items():
            assert part.engine_target is not None  # the catalog was checked
            within = engine_class(part.engine_target)
            for library in within.distributions[:1]:
                if provenance.versions([library])[library] is None:
                    return f"{library}, which its part {role} needs, is not installed; {remedy(within)}"
        return None

    def _absent_in_environment(self, case: Case, library: str | None) -> str | None:
        spec = case.model.environment
        assert spec is not None
        where = self.catalog.shown(spec.origin)
        if not self._executor.isolated:
            name = self.settings.executor
            option = "--lab-inprocess" if name == IN_PROCESS else f"--lab-executor {name}"
            return f"{case.model.id} has an environment of its own ({where}), which {option} can't enter"
        try:
            self._weights(case)  # first: an environment may be larger than any weights, and of no use without them
            environment = self.environment(case)
        except Unavailable as error:
            return str(error)
        except NoEnvironment as error:
            return f"{error}\n{whereabouts(case.model, self.catalog.shown)}"
        assert environment is not None
        if library is not None and environment.versions([library])[library] is None:
            do = f"install it for {environment.interpreter}" if spec.interpreter else "add it to `requirements`"
            return f"{library} is not installed in the environment of {case.model.id}; {do} ({where})"
        return None

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
        except (Unavailable, NoServant) as error:
            return Outcome(unavailable=str(error))
        except (StoreError, DatasetError, JudgeError, ServantError, Edited, audio.AudioError) as error:
            return Outcome(broken=str(error))
        except OSError as error:
            return Outcome(broken=not_written(error, self.session.reports))
        finally:
            self.progress.clear()

    def _measure(self, case: Case, dataset: Dataset, order: LoadOrder) -> Outcome:
        jury, grader = self.jury(case), self.grader(case, dataset)
        inputs = self.inputs(case, dataset, order)
        self._imported.check(inputs)
        wanted = self.wanted(case, dataset, inputs)
        always = why_always(case, dataset, order, self)
        fresh = self.settings.fresh or always is not None
        found = None if fresh else standing(self.session.reports, case, dataset, wanted, self._in_doubt)
        if found is not None:
            return found
        does = task_named(case.task)
        requests = does.requests(dataset, engine_class(order.engine), self.sounds)
        whole, seconds = dataset, {u.id: requests.seconds(u) for u in dataset.utterances}  # finds broken files early
        shard = None if self.settings.shard is None else cut(self.settings.shard, whole, seconds)
        if shard is not None:
            if not shard.places:
                return Outcome(unavailable=too_many(shard))
            dataset = whole.only(shard.places)
            seconds = {u.id: seconds[u.id] for u in dataset.utterances}
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
            "audio_s": sum(seconds.values()),
            "spaced": dataset.normalizer != CHARACTERS,
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
            )
            run = CaseRun(
                job,
                self.pool,
                journal,
                self.settings,
                self.progress,
                counted=counting(dataset.normalizer) if does.error_metric is None else None,
                stopping=self.session.stopping,
            )
            with unedited(inputs, lambda: self._inputs_now(case), discard):
                facts = run.facts_of_finished() or run.finish()
                judged = Judged(
                    heard=None if jury is None else self._hear(case, jury, dataset, run, journal),
                    graded={} if grader is None else graded(grader, dataset, run.answers, journal, say),
                )
            record = assemble(
                case, dataset, wanted.limited_to, run.answers, run.timed, facts, origin, times=run.times, judged=judged
            )
        self.sounds.bound(
            said.audio
            for each in record.utterances
            if (said := speech_of(each) or reply_of(each)) is not None and said.audio
        )
        return Outcome(record, records.write(record, self.session.reports))

    def _inputs_now(self, case: Case) -> dict[str, Any]:
        """The inputs of `case` by what is on disk now, nothing taken from memory."""
        self._juries.pop(case.dataset.id, None)
        return self.inputs(case, self.dataset(case).first(self.settings.max_utterances), self.order(case))

    def _hear(self, case: Case, jury: Jury, dataset: Dataset, run: CaseRun, journal: Journal) -> Heard:
        """Have the judges listen, beside whatever else measures accuracy. Raises JudgeError."""

        def say(text: str) -> None:
            self.progress.say(case, text)

        waiting = "waiting for the machine: others are measuring"
        with machine(cache_root(), alone=False, waiting=lambda: say(waiting)):
            said = said_of(dataset.utterances, run.answers)
            return jury.hear(said, self.sounds, journal, self.start_worker, say)

    def jury(self, case: Case) -> Jury | None:
        """Who judges what is spoken in a case; None where nobody has to. Raises store.StoreError or DatasetError."""
        spec = case.dataset.judge
        if spec is None or not task_named(case.task).speaks(self._engine(case)):
            return None
        if case.dataset.id not in self._juries:
            self._juries[case.dataset.id] = summon(spec, case.dataset, self)
        return self._juries[case.dataset.id]

    def grader(self, case: Case, dataset: Dataset) -> Grader | None:
        """Who judges what rules can't; None where nobody has to.

        Raises servants.NoServant, store.StoreError or DatasetError.
        """
        return grader_of(dataset, self)

    def inputs(self, case: Case, dataset: Dataset, order: LoadOrder) -> dict[str, Any]:
        """Everything that can change an answer of `case`."""
        engine = engine_class(order.engine)
        inputs = answers_depend_on(
            case, self.catalog, dataset, order, engine, executor=self._executor, asked_by=__name__
        )
        if not own_executor(self.settings.executor):
            inputs["executor"] = self.settings.executor
        jury = self.jury(case)
        grader = self.grader(case, dataset)
        if grader is not None:
            inputs = {**inputs, "grader": dict(grader.inputs)}
        return inputs if jury is None else {**inputs, "judge": dict(jury.inputs)}

    def wanted(self, case: Case, dataset: Dataset, inputs: dict[str, Any]) -> reuse.Wanted:
        """What a record must be of to stand for a run of `case` with these inputs."""
        return reuse.Wanted(
            case,
            provenance.input_key(inputs),
            figures_depend_on(case, dataset),
            None if self.settings.max_utterances is None else len(dataset.utterances),
            timedelta(days=self.settings.speed_age_days),
            self.settings.shard,
        )

    def _origin(self, wanted: reuse.Wanted, order: LoadOrder, inputs: dict[str, Any], shard: ShardOf | None) -> Origin:
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


def _target(case: Case) -> str:
    target = case.model.engine_target
    assert target is not None  # the catalog was checked
    return target
