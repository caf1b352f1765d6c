"""Loading of a case's model: its device, environment, weights and engine."""

from __future__ import annotations

from pathlib import Path

from pytest_modellab.assets.store import Store, Unavailable
from pytest_modellab.catalog import weights
from pytest_modellab.catalog.cases import Case
from pytest_modellab.catalog.catalog import Catalog
from pytest_modellab.catalog.environments import Environment, Environments, NoEnvironment, whereabouts
from pytest_modellab.catalog.specs import DeviceSpec, ModelSpec
from pytest_modellab.catalog.validate import full_options
from pytest_modellab.core import devices
from pytest_modellab.core.schema_base import FallbackDevice
from pytest_modellab.engines.base import Engine
from pytest_modellab.engines.registry import engine_class, imported_from, remedy
from pytest_modellab.results import provenance
from pytest_modellab.tasks.registry import handlers_of

from .executor import EXECUTORS, IN_PROCESS, Cluster, Worker
from .job import Settings
from .load_order import LoadOrder, PartOrder, mapping
from .progress import Progress

SEED = 0
CONTROL = "pytest_modellab.engines.control:Control"


class Loading:
    """Loads models of a catalog: checks whether one can be loaded here, and makes its load order."""

    def __init__(self, catalog: Catalog, settings: Settings, progress: Progress) -> None:
        self.catalog = catalog
        self.settings = settings
        self.progress = progress
        self.store = Store()
        self.executor = EXECUTORS[settings.executor]()
        self.cluster = self.executor if isinstance(self.executor, Cluster) else None
        if self.cluster is not None:
            self.cluster.connect(settings.cluster)
        self.environments = Environments(catalog.folder / "models")

    def start_worker(self, order: LoadOrder) -> Worker:
        """A worker of this session's executor, nothing loaded yet."""
        return self.executor.start(order)

    def _engine(self, case: Case) -> type[Engine]:
        """The class that answers a case in this session."""
        return engine_class(CONTROL if self.settings.control else _target(case))

    def device(self, case: Case) -> tuple[DeviceSpec, FallbackDevice | None]:
        """The device that a case runs on here: its own, or the one that stands in for it and why."""
        asked = case.device
        found = self._presence(asked)
        # Without options of its own for the other device, the model might run there with what is wrong for it.
        if found.present or asked.fallback is None or asked.fallback not in case.model.devices:
            return asked, None
        return self.catalog.devices[asked.fallback], FallbackDevice(device=asked.fallback, why=found.reason)

    def _presence(self, device: DeviceSpec) -> devices.Presence:
        if self.cluster is not None:
            return self.cluster.presence(device.kind)
        return devices.presence(device.kind, device.index)

    def order(self, case: Case, *, judge: bool = False) -> LoadOrder:
        """What a worker loads for a case; the model of a `judge` is never replaced. Raises store.StoreError."""
        device, _ = self.device(case)
        if self.settings.control and not judge:
            # With the model's options, which tell what baseline it is compared with.
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
            needs=case.model.cluster.model_dump(exclude_none=True),
            distributions=() if self.cluster is None else engine_class(_target(case)).distributions,
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
        found = self._presence(device)
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
        if not self.executor.isolated:
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


def _target(case: Case) -> str:
    target = case.model.engine_target
    assert target is not None  # the catalog was checked
    return target
