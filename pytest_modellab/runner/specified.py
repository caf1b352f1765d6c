"""Differences between the inputs of a record and the specs of its case in the catalog that judges it.

No engine is imported and no data are read, so that the check works anywhere. Inputs that need these aren't compared:
options that no spec states, the digests of code, of data, and of weights that a spec names by their folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_modellab.catalog import Catalog, weights
from pytest_modellab.catalog.specs import DatasetSpec, ModelSpec
from pytest_modellab.core.language_tags import canonical_language
from pytest_modellab.core.redaction import redacted
from pytest_modellab.core.text.legacy import LEGACY_DEFAULTS, for_language
from pytest_modellab.core.version import __version__
from pytest_modellab.results.price import price_of
from pytest_modellab.results.record import Price, Record
from pytest_modellab.tasks.asr.record import transcripts_of
from pytest_modellab.tasks.registry import task_named

from .loading import CONTROL


def missing_specs(record: Record, catalog: Catalog) -> Iterator[str]:
    """What of a record's case the catalog has no spec of, a line each: `no model tiny in lab`."""
    case = record.case
    ids = {"model": (case.model, catalog.models), "dataset": (case.dataset, catalog.datasets)}
    devices = {"device": (case.device, catalog.devices)}
    if record.ran_on is not None:
        devices["device that stood in"] = (record.ran_on.device, catalog.devices)
    for what, (name, known) in {**ids, **devices}.items():
        if name not in known:
            yield f"no {what} {name} in {catalog.shown(str(catalog.folder))}"


def apart_from_specs(record: Record, catalog: Catalog, *, control: bool = False) -> Iterator[str]:
    """What differs, a line each: `inputs.options.beam_size: the record has 5, its spec 1 (lab/models/x.yaml)`.

    `control` is whether the record is of a session in which the control answered in place of every model. Nothing is
    told of a case whose model, device or data set the catalog doesn't have.
    """
    case = record.case
    ran_on = case.device if record.ran_on is None else record.ran_on.device
    if any(missing_specs(record, catalog)):
        return
    model, dataset = catalog.models[case.model], catalog.datasets[case.dataset]
    device, asked = catalog.devices[ran_on], catalog.devices[case.device]
    if ran_on not in model.devices:
        yield f"ran on {ran_on}, which the spec of {model.id} doesn't list ({catalog.shown(model.origin)})"
        return
    inputs, same_version = record.provenance.inputs, record.provenance.lab == __version__
    where = catalog.shown(model.origin)
    yield from _model_apart(inputs, model, ran_on, catalog, "inputs", same_version, control=control)
    yield from _differs("inputs.device", inputs.get("device"), {"kind": device.kind, "index": device.index}, ran_on)
    parts = {} if control else model.parts
    told = inputs.get("parts", {})
    yield from _differs("inputs.parts", sorted(told), sorted(parts), where)
    for role in sorted(parts.keys() & told.keys()):
        part = catalog.models[parts[role]]
        yield from _model_apart(told[role], part, ran_on, catalog, f"inputs.parts.{role}", same_version)
    yield from _differs("title", record.title, model.title or model.id, where)
    priced = asked.origin if model.price is None else model.origin
    yield from _differs("price", _amount(record.price), _amount(price_of(model, asked)), catalog.shown(priced))
    yield from _dataset_apart(record, dataset, catalog)


def _model_apart(
    inputs: Mapping[str, Any],
    model: ModelSpec,
    device: str,
    catalog: Catalog,
    place: str,
    same_version: bool,
    *,
    control: bool = False,
) -> Iterator[str]:
    where = catalog.shown(model.origin)
    yield from _differs(f"{place}.model", inputs.get("model"), model.id, where)
    engine = CONTROL if control else _engine(model, same_version)
    if engine is not None:
        yield from _differs(f"{place}.engine", inputs.get("engine"), engine, where)
    if device in model.devices:
        options = redacted(model.options_on(device))
        yield from _options_apart(inputs.get("options"), options, f"{place}.options", where)
    if _pinned(model, catalog, same_version):
        yield from _differs(f"{place}.weights", inputs.get("weights"), weights.digest(model, catalog), where)


def _engine(model: ModelSpec, same_version: bool) -> str | None:
    """As a record of the model names its engine; None where that can't be told here."""
    if ":" not in model.engine and not same_version:
        return None  # the name of an installed one, which another version may have elsewhere
    target = model.engine_target
    return model.engine if target is not None and ".py:" in target else target


def _pinned(model: ModelSpec, catalog: Catalog, same_version: bool) -> bool:
    """Whether the spec alone tells the digest of a model's weights."""
    if model.weights is None:
        return True
    if model.weights.convert is not None:
        source = model.weights.convert.source
        return source is not None and same_version and _pinned(catalog.models[source], catalog, same_version)
    return model.weights.path is None


def _options_apart(told: Any, spec: Any, place: str, where: str) -> Iterator[str]:
    """Options that a spec states and the record has otherwise; defaults, of which a spec says nothing, may be more."""
    if isinstance(spec, Mapping) and isinstance(told, Mapping):
        for key, value in spec.items():
            if key not in told:
                yield f"{place}.{key}: the record has none, its spec {value!r:.60} ({where})"
            else:
                yield from _options_apart(told[key], value, f"{place}.{key}", where)
    elif isinstance(spec, list | tuple) and isinstance(told, list | tuple) and len(spec) == len(told):
        for i, (one, other) in enumerate(zip(told, spec, strict=True)):
            yield from _options_apart(one, other, f"{place}[{i}]", where)
    # The engine's types make 1.0 of 1, and a number of its text.
    elif told != spec and str(told).casefold() != str(spec).casefold():
        yield from _differs(place, told, spec, where)


def _dataset_apart(record: Record, dataset: DatasetSpec, catalog: Catalog) -> Iterator[str]:
    where = catalog.shown(dataset.origin)
    for name, value in task_named(record.case.task).inputs(dataset).items():
        yield from _differs(f"inputs.{name}", record.provenance.inputs.get(name), value, where)
    rules = dataset.rules
    # Records of a set that names no scorer may be from before there were any.
    before = LEGACY_DEFAULTS if dataset.language is None else {for_language(dataset.language)}
    if dataset.normalizer is not None or record.normalizer.name not in before:
        yield from _differs("normalizer", record.normalizer.name, rules.scorer, where)
    yield from _differs("normalizer.replacements", record.normalizer.replacements, rules.replacements, where)
    transcripts = transcripts_of(record)
    if transcripts is not None and task_named(record.case.task).scoring().counts_terms:
        for name in ("glossary", "names"):
            terms = [each.term for each in getattr(transcripts, name)]
            yield from _differs(name, terms, list(dict.fromkeys(getattr(dataset, name))), where)
    found = {canonical_language(each.language) for each in record.utterances}
    if dataset.language is not None and canonical_language(dataset.language) not in found:
        # Utterances may state their own; that none is of the language of all is another data set.
        yield from _differs("language", " ".join(sorted(found)) or "none", dataset.language, where)


def _amount(price: Price | None) -> tuple[Any, ...] | None:
    return None if price is None else tuple(price.model_dump(exclude_none=True).values())


def _differs(place: str, told: Any, spec: Any, where: str) -> Iterator[str]:
    if told != spec:
        yield f"{place}: the record has {told!r:.80}, its spec {spec!r:.80} ({where})"
