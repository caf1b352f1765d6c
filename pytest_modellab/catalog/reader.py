"""Reads the files of a catalog: validates each by itself, then the references between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar, get_args

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.engines.registry import engine_class

from . import known
from .catalog import Catalog
from .dataset_forms import FORMS
from .errors import Problem, suggest
from .levels import with_levels
from .lineage import can_judge, chain, not_ctranslate2
from .parts import roles_of, wrong_auxiliary_model, wrong_part
from .profile_spec import mistakes
from .roles import GRADER, JUDGE, VOICE
from .specs import (
    LETTERS,
    DatasetSpec,
    DeviceKind,
    DeviceSpec,
    MirrorsFile,
    MirrorSpec,
    ModelSpec,
    NamedSpec,
    Spec,
    wrong_bands,
)
from .validate import build, check_form, check_options, check_variant
from .variant_spec import JOIN
from .variants import base_of, expanded
from .yamlfile import Document, read

S = TypeVar("S", bound=Spec)
N = TypeVar("N", ModelSpec, DatasetSpec)

_FILES = ("devices.yaml", "limits.yaml", "grades.yaml", "mirrors.yaml", "profiles.yaml", "release.yaml")


class Reader:
    """The files read so far, with their problems."""

    def __init__(self, engines: bool = True) -> None:
        self.documents: dict[Path, Document] = {}
        self.inherited: dict[Path, frozenset[str]] = {}
        """Of models' files: the keys that come from a known model."""
        self.engines = engines

    def complain(self, path: Path, location: tuple[str | int, ...], message: str) -> None:
        document = self.documents[path]
        document.problems.append(document.problem(location, message))

    def complain_of_duplicate(self, path: Path, what: str, location: tuple[str | int, ...], first: NamedSpec) -> None:
        line = first.origin.rpartition(":")[2]
        message = f"duplicate {what} id `{first.id}` (first on line {line}); ids are unique"
        self.complain(path, (*location, "id"), message)

    def one(self, kind: type[S], path: Path) -> S | None:
        """The spec in `path`, or None where there is no such file or it is wrong."""
        if not path.exists() and not path.is_symlink():
            return None
        document = self.documents[path] = read(path)
        if kind is ModelSpec:
            self.inherited[path] = known.complete(document)
        return build(kind, document)

    def mirrors(self, path: Path) -> dict[str, tuple[MirrorSpec, ...]]:
        """The mirrors in `path` by digest, after each those of known models' files."""
        found: dict[str, tuple[MirrorSpec, ...]] = {}
        for file in (self.one(MirrorsFile, path), self.one(MirrorsFile, known.MIRRORS)):
            for digest, mirrors in (file.mirrors if file else {}).items():
                found[digest] = (*found.get(digest, ()), *mirrors)
        return found

    def many(self, kind: type[N], folder: Path) -> dict[str, N]:
        """Every spec in `folder`, by id, in the order of their file names."""
        specs: dict[str, N] = {}
        for path in self.files(folder):
            spec = self.one(kind, path)
            if spec is None:
                continue
            if spec.id in specs:
                first = Path(specs[spec.id].origin).name
                self.complain(path, ("id",), f"duplicate id `{spec.id}` (first in {first}); ids are unique")
                continue
            specs[spec.id] = spec
            if isinstance(spec, ModelSpec) and self.engines:
                check_options(spec, self.documents[path])
            elif isinstance(spec, DatasetSpec) and spec.form is not None:
                check_form(spec, self.documents[path])
        return specs

    def with_sources(self, models: Mapping[str, ModelSpec]) -> dict[str, ModelSpec]:
        """The models, and those known ones that a known one is converted from or made of; these are in no tier."""
        found, waiting = dict(models), list(models.values())
        while waiting:
            model = waiting.pop()
            if not self._inherited(model):
                continue
            source = model.weights.convert.source if model.weights and model.weights.convert else None
            for name in (source, *model.parts.values()):
                if name is not None and name in known.names() and name not in found:
                    waiting.append(self._known(name))
                    found[name] = waiting[-1]
        return found

    def _known(self, name: str) -> ModelSpec:
        path = known.path_of(name)
        document = self.documents[path] = read(path)
        self.inherited[path] = frozenset(document.data)
        document.data["tiers"] = []
        spec = build(ModelSpec, document)
        assert spec is not None  # it is part of this package
        if self.engines:
            check_options(spec, document)
        return spec

    def with_known_devices(self, models: Mapping[str, ModelSpec], devices: Collection[str]) -> dict[str, ModelSpec]:
        """The models; of the devices that come with a known one only those that the catalog has, if it has any."""
        found = dict(models)
        for model in models.values():
            here = {device: options for device, options in model.devices.items() if device in devices}
            if here and "devices" in self._inherited(model):
                found[model.id] = model.model_copy(update={"devices": here})
        return found

    def _inherited(self, model: ModelSpec) -> frozenset[str]:
        return self.inherited.get(Path(model.origin.rpartition(":")[0]), frozenset())

    def with_variants(self, models: Mapping[str, ModelSpec]) -> dict[str, ModelSpec]:
        """The models, each followed by its variants."""
        found: dict[str, ModelSpec] = {}
        for model in models.values():
            found[model.id] = model
            document = self.documents[Path(model.origin.rpartition(":")[0])]
            for name, variant in expanded(model):
                if variant.id in models:
                    message = (
                        f"duplicate id `{variant.id}` (also in {Path(models[variant.id].origin).name}); ids are unique"
                    )
                    document.problems.append(document.problem(("variants", name), message))
                    continue
                found[variant.id] = variant
                if self.engines:
                    check_variant(variant, model, name, document)
        return found

    def files(self, folder: Path) -> list[Path]:
        """The YAML files in `folder`; none where it isn't there. One that can't be listed is a problem."""
        if not folder.exists() and not folder.is_symlink():
            return []
        try:
            found = sorted(folder.iterdir())
        except OSError as error:
            why = "a link that leads nowhere" if not folder.exists() else error.strerror
            self.documents[folder] = Document(folder, problems=[Problem(folder, 1, f"can't be listed: {why}")])
            return []
        return [path for path in found if path.suffix in {".yaml", ".yml"}]

    def broken(self, place: Path) -> bool:
        """Whether a file at `place`, or in it, has problems of its own."""
        return any(
            document.problems and (path == place or path.parent == place) for path, document in self.documents.items()
        )

    def broken_ids(self, folder: Path) -> list[str]:
        """Globs over the ids of broken files in `folder`; `*` for one that doesn't tell its id."""
        data = [d.data for path, d in self.documents.items() if path.parent == folder and d.problems]
        ids = [str(each["id"]) if isinstance(each, dict) and "id" in each else "*" for each in data]
        return [glob for id in ids for glob in (id, f"{id}{JOIN}*")]

    def check_names(self, folder: Path) -> None:
        """Report files with unknown names: a limits.yml would be ignored, and its gates would never apply."""
        for path in self.files(folder):
            if path in self.documents:
                continue
            document = read(path)
            if path.is_symlink() and not path.exists():
                self.documents[path] = document  # what it was meant to be can't be told
            elif document.is_ours:
                self.documents[path] = document
                document.problems[:] = [
                    document.problem((), f"no file of this name is read; {suggest(path.name, _FILES)}")
                ]

    def kinds(self, model: ModelSpec) -> frozenset[str]:
        """Kinds of device the model's engine runs on; all where the engine is in doubt, which is told elsewhere."""
        target = model.engine_target if self.engines else None
        in_doubt = target is None or self.broken(Path(model.origin.rpartition(":")[0]))
        return frozenset(get_args(DeviceKind)) if target is None or in_doubt else engine_class(target).devices

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of all metrics."""
        return tuple(METRICS)

    def cross_check(self, catalog: Catalog) -> None:
        """Check the references between files."""
        for model in catalog.models.values():
            if base_of(model.id, catalog.models) is not None:
                continue  # what is wrong with it is wrong with the model, or was found with its options
            self._check_devices(model, catalog)
            self._check_conversion(model, catalog)
            self._check_parts(model, catalog)
        for spec in catalog.devices.values():
            self._check_fallback(spec, catalog)
        for dataset in catalog.datasets.values():
            self._check_form(dataset)
            self._check_dialogue_models(dataset, catalog)
            self._check_derived(dataset, catalog)
            self._check_judge(dataset, catalog)
        # Limits and use cases name levels of load, which are data sets of their own by then.
        whole = replace(catalog, datasets=with_levels(catalog.datasets))
        self._check_limits(whole)
        self._check_grades(catalog)
        self._check_profiles(whole)

    def _check_devices(self, model: ModelSpec, catalog: Catalog) -> None:
        """A model's devices are of the catalog, and such as its engine runs on."""
        devices_known = not self.broken(catalog.folder / "devices.yaml")
        for device in model.devices:
            if devices_known and device not in catalog.devices:
                message = (
                    f"unknown device `{device}`; {suggest(device, catalog.devices)}{self._hidden(device, catalog)}"
                )
                self.complain(Path(model.origin.rpartition(":")[0]), ("devices", device), message)
            elif device in catalog.devices and (kind := catalog.devices[device].kind) not in self.kinds(model):
                message = f"{model.engine} does not run on {kind} devices; {suggest(kind, self.kinds(model))}"
                self.complain(Path(model.origin.rpartition(":")[0]), ("devices", device), message)

    def _hidden(self, device: str, catalog: Catalog) -> str:
        """A hint for a device that is there without a devices.yaml."""
        if device not in get_args(DeviceKind) or catalog.folder / "devices.yaml" not in self.documents:
            return ""
        return f"; devices.yaml replaces the usual devices: add `{{id: {device}, kind: {device}}}` to it"

    def _check_limits(self, catalog: Catalog) -> None:
        """A limit is on a metric that there is, and its globs match something."""
        path = catalog.folder / "limits.yaml"
        for i, limit in enumerate(catalog.limits):
            if limit.metric not in METRICS:
                message = f"unknown metric `{limit.metric}`; {suggest(limit.metric, METRICS)}"
                self.complain(path, ("limits", i, "metric"), message)
        named: tuple[tuple[str, Collection[str], list[str]], ...] = (
            ("model", catalog.models, self.broken_ids(catalog.folder / "models")),
            ("device", catalog.devices, ["*"] if self.broken(catalog.folder / "devices.yaml") else []),
            ("dataset", catalog.datasets, self.broken_ids(catalog.folder / "datasets")),
        )
        for part, entries in (("limits", catalog.limits), ("baselines", catalog.baseline_limits)):
            for i, entry in enumerate(entries):
                for key, ids, doubtful in named:
                    glob = str(getattr(entry, key))
                    if glob == "*" or any(fnmatchcase(n, glob) for n in (*ids, *doubtful)):
                        continue
                    if any(fnmatchcase(glob, n) for n in doubtful):
                        continue
                    # A name that matches nothing is a typing error, and a gate that never applies.
                    self.complain(path, (part, i, key), f"no {key} matches `{glob}`; {suggest(glob, ids)}")

    def _check_grades(self, catalog: Catalog) -> None:
        path = catalog.folder / "grades.yaml"
        for task, grades in catalog.grades.items():
            for metric, bands in grades.criteria.items():
                wrong = wrong_bands(metric, [bands[letter] for letter in LETTERS])
                if wrong:
                    self.complain(path, ("tasks", task, "criteria", metric), wrong)

    def _check_profiles(self, catalog: Catalog) -> None:
        path = catalog.folder / "profiles.yaml"
        if path in self.documents:
            doubtful = self.broken_ids(catalog.folder / "datasets")
            for place, message in mistakes(catalog.profiles, (*catalog.datasets, *doubtful)):
                self.complain(path, place, message)

    def _check_fallback(self, device: DeviceSpec, catalog: Catalog) -> None:
        """What stands in is another device that needs nothing to stand in for it."""
        if device.fallback is None:
            return
        other = catalog.devices.get(device.fallback)
        line = list(catalog.devices).index(device.id)
        path, place = catalog.folder / "devices.yaml", ("devices", line, "fallback")
        if other is None:
            message = f"unknown device `{device.fallback}`; {suggest(device.fallback, catalog.devices)}"
            self.complain(path, place, message)
        elif other.fallback is not None or other is device:
            self.complain(path, place, f"`{device.fallback}` can't replace {device.id}: name a device without one")

    def _check_conversion(self, model: ModelSpec, catalog: Catalog) -> None:
        """A conversion starts from a model of the catalog whose weights are a Whisper in CTranslate2's format."""
        if model.weights is None or model.weights.convert is None:
            return
        name = model.weights.convert.source
        if name is None:
            return  # a folder, which may not be here yet
        source = catalog.models.get(name)
        if source is None:
            # A file with problems of its own may be the one that is meant.
            if any(fnmatchcase(name, glob) for glob in self.broken_ids(catalog.folder / "models")):
                return
            message = f"unknown model `{name}`; {suggest(name, catalog.models)}"
        else:
            message = not_ctranslate2(source, catalog.folder / "models")
        if message:
            self.complain(Path(model.origin.rpartition(":")[0]), ("weights", "convert", "from"), message)

    def _check_parts(self, model: ModelSpec, catalog: Catalog) -> None:
        """What a model is made of are models of the catalog that do their part, on the same devices."""
        path = Path(model.origin.rpartition(":")[0])
        if self.broken(path) or not self.engines:
            return  # its roles may be wrong, or can't be known
        broken = self.broken_ids(catalog.folder / "models")
        for role, name in model.parts.items():
            part = catalog.models.get(name)
            if any(fnmatchcase(name, glob) for glob in broken):
                continue
            if part is None:
                message = f"unknown model `{name}`; {suggest(name, catalog.models)}"
            else:
                assert model.engine_target is not None  # it has no problems so far
                task = roles_of(engine_class(model.engine_target))[role]
                message = wrong_part(model, role, part, task, catalog.models)
            if message:
                self.complain(path, ("parts", role), message)

    def _check_form(self, dataset: DatasetSpec) -> None:
        """What is listed has an id of its own, and what the form itself finds is right."""
        path, key = Path(dataset.origin.rpartition(":")[0]), dataset.form_name
        if self.documents[path].problems:
            return  # its options may be none
        form, given = FORMS[key], dataset.given
        place = (key,) if dataset.form is None else ("form", key)
        seen: dict[str, NamedSpec] = {}
        for i, named in enumerate(given if isinstance(given, tuple) else ()):
            if named.id in seen:
                self.complain_of_duplicate(path, form.item, (*place, i), seen[named.id])
            seen.setdefault(named.id, named)
        for location, message in form.mistakes(dataset, given):
            self.complain(path, (*place, *location), message)

    def _check_dialogue_models(self, dataset: DatasetSpec, catalog: Catalog) -> None:
        """The models that speak and judge are of the catalog, and do their task."""
        path = Path(dataset.origin.rpartition(":")[0])
        judge = dataset.graded_by.llm if dataset.graded_by else None
        broken = self.broken_ids(catalog.folder / "models")
        for place, name, task in ((("voice",), dataset.voice, VOICE), (("graded_by", "llm"), judge, GRADER)):
            if name is None or not self.engines or any(fnmatchcase(name, glob) for glob in broken):
                continue
            message = wrong_auxiliary_model(name, task, catalog.models)
            if message:
                self.complain(path, place, message)

    def _check_judge(self, dataset: DatasetSpec, catalog: Catalog) -> None:
        """A judge is a recogniser of the catalog that runs on the CPU, compared with data of the catalog."""
        if dataset.judge is None:
            return
        path, name = Path(dataset.origin.rpartition(":")[0]), dataset.judge.asr
        judge = catalog.models.get(name)
        able = [model.id for model in catalog.models.values() if can_judge(model, catalog.devices)]
        doubtful = self.broken_ids(catalog.folder / "models")
        if name not in able and not any(fnmatchcase(name, glob) for glob in doubtful):
            what = "unknown model" if judge is None else "no model for asr on the CPU:"
            self.complain(path, ("judge", "asr"), f"{what} `{name}`; {suggest(name, able)}")
        readings = dataset.judge.readings
        known = [each.id for each in catalog.datasets.values() if JUDGE in each.tasks and each.spoken]
        doubtful = self.broken_ids(catalog.folder / "datasets")
        if readings is not None and readings not in known and not any(fnmatchcase(readings, g) for g in doubtful):
            self.complain(path, ("judge", "readings"), f"no data set for asr `{readings}`; {suggest(readings, known)}")

    def _check_derived(self, dataset: DatasetSpec, catalog: Catalog) -> None:
        """A set made of others leads to ones that aren't, all of the catalog; a derived one speaks its language."""
        path = Path(dataset.origin.rpartition(":")[0])
        place = (dataset.form_name, "from") if dataset.scenarios is None else (dataset.form_name,)
        texts_of = None if dataset.derive is None else dataset.derive.texts_of
        unknown = [name for name in dataset.sources if name not in catalog.datasets]
        broken = self.broken_ids(catalog.folder / "datasets")
        for name in unknown:
            # A file with problems of its own may be the one that is meant.
            if not any(fnmatchcase(name, glob) for glob in broken):
                where = ("derive", "texts_of") if name == texts_of else place
                self.complain(path, where, f"unknown data set `{name}`; {suggest(name, catalog.datasets)}")
        if unknown or not dataset.sources:
            return
        ids, source = chain(dataset, catalog.datasets), catalog.datasets[dataset.sources[0]]
        if ids[-1] == dataset.id:
            self.complain(path, place, f"derived from itself: {' -> '.join(ids)}")
        elif dataset.derive is not None and dataset.language != source.language:
            found = f"found `{dataset.language}`" if dataset.language else "it is missing"
            wanted = f"`language: {source.language}`" if source.language else "no `language`"
            self.complain(path, ("language",), f"a set derived from {source.id} has {wanted}, as it has; {found}")
        elif texts_of is not None and dataset.target != (spoken := catalog.datasets[texts_of].language):
            message = f"the texts of {texts_of} are in `{spoken}`, found `{dataset.target}`"
            self.complain(path, ("target",), message)
