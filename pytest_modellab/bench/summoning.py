"""Who judges the speech of a data set: found, and got ready, before anything is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import weights
from ..cases import Case
from ..catalog.specs import JudgeSpec, Predictor
from ..datasets import prepare
from ..engines.registry import engine_class, remedy
from . import provenance
from .judging import PREDICTORS, Jury
from .pool import LoadOrder, mapping

if TYPE_CHECKING:
    from .run import Bench

LOAD_PREDICTOR_S = 300.0
SEED = 0


class NoJudge(Exception):
    """The judge of what is spoken isn't here: what is said would be worth nothing."""


def summon(spec: JudgeSpec, bench: Bench) -> Jury:
    """The judges that `spec` names. A predictor that isn't installed is told of, a recogniser has to be there.

    Raises NoJudge, store.StoreError or datasets.DatasetError.
    """
    catalog = bench.catalog
    model = catalog.models[spec.asr]
    device = next(each for id in model.devices if (each := catalog.devices[id]).kind == "cpu")
    readings = None if spec.readings is None else catalog.datasets[spec.readings]
    case = Case("asr", model, device, readings or next(iter(catalog.datasets.values())))
    reason = bench.absent(case, judge=True)
    if reason is not None:
        raise NoJudge(f"the judge {model.id} can't listen: {reason}")
    order = bench.order(case, judge=True)
    data = None if readings is None else prepare(readings, catalog, bench.store)
    present: dict[Predictor, LoadOrder] = {}
    absent: dict[str, str] = {}
    known: dict[str, Any] = {}
    for name in spec.quality:
        engine = engine_class(PREDICTORS[name])
        versions = provenance.versions(engine.distributions)
        if lacking := [each for each, version in versions.items() if version is None]:
            absent[name] = f"{', '.join(lacking)} is not installed; {remedy(engine)}"
        else:
            present[name] = LoadOrder(PREDICTORS[name], {}, mapping(device), None, SEED, LOAD_PREDICTOR_S)
        known[name] = [versions, provenance.sources_digest(PREDICTORS[name])]
    inputs = {
        "model": model.id,
        "options": order.options,
        "weights": weights.digest(model, catalog),
        "versions": provenance.versions(engine_class(order.engine).distributions),
        "code": provenance.sources_digest(order.engine, order.environment),
        "readings": None if data is None else data.fingerprint,
        "quality": known,
    }
    return Jury(model.id, order, data, present, absent, inputs)
