"""Setup of a data set's judges, before its case is run."""

from __future__ import annotations

from typing import Any

from pytest_modellab.catalog.datasets import prepare
from pytest_modellab.catalog.specs import DatasetSpec, JudgeSpec
from pytest_modellab.engines.registry import PREDICTORS, engine_class, imported_from, remedy
from pytest_modellab.results import provenance

from . import predictor_handler, sources
from .auxiliary_models import Models, auxiliary_model
from .judges import Judges
from .load_order import LoadOrder

LOAD_PREDICTOR_S = 300.0


def predictor(name: str, device: dict[str, Any], seed: int) -> LoadOrder:
    """What a worker loads for a predictor."""
    handlers = {predictor_handler.__name__: None}
    target = PREDICTORS[name].target
    path = imported_from(target)
    return LoadOrder(target, {}, device, None, seed, LOAD_PREDICTOR_S, path=path, handlers=handlers)


def set_up_judges(spec: JudgeSpec, dataset: DatasetSpec, models: Models) -> Judges:
    """The judges that `spec`, of `dataset`, names.

    A predictor that isn't installed is reported; the recogniser is required. Raises NoAuxiliaryModel, store.StoreError
    or datasets.DatasetError.
    """
    recogniser = auxiliary_model(spec.asr, "asr", dataset, models, asked_by=Judges.__module__)
    catalog, order = models.catalog, recogniser.order
    readings = None if spec.readings is None else prepare(catalog.datasets[spec.readings], catalog, models.store)
    present: dict[str, LoadOrder] = {}
    absent: dict[str, str] = {}
    known: dict[str, Any] = {}
    for name in spec.quality:
        engine = engine_class(PREDICTORS[name].target)
        versions = provenance.versions(engine.distributions)
        if lacking := [each for each, version in versions.items() if version is None]:
            absent[name] = f"{', '.join(lacking)} is not installed; {remedy(engine)}"
        else:
            present[name] = predictor(name, order.device, order.seed)
        known[name] = [versions, sources.of_answers(PREDICTORS[name].target)]
    heard = {"readings": None if readings is None else readings.fingerprint, "quality": known}
    return Judges(spec.asr, order, readings, present, absent, {**recogniser.inputs, **heard})
