"""What a case's answers depend on, and what its figures depend on beside them: known before anything is run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from .. import environments, weights
from ..cases import Case
from ..catalog.load import Catalog
from ..catalog.specs import StreamSpec
from ..datasets import Dataset
from ..engines.base import Engine
from ..engines.registry import engine_class
from ..text import normalizer
from . import provenance
from .pool import LoadOrder

_PACKAGE = Path(__file__).parent.parent
_JUDGING = ("bench/*.py", "metrics/*.py", "datasets/*.py", "text.py", "audio.py")
"""What makes figures out of answers, and times them."""


def answers_depend_on(
    case: Case, catalog: Catalog, dataset: Dataset, order: LoadOrder, engine: type[Engine], *, in_process: bool
) -> dict[str, Any]:
    """Everything that can change an answer; the input key is made of it."""
    inputs: dict[str, Any] = {
        "protocol": provenance.PROTOCOL,
        "task": case.task,
        "model": case.model.id,
        # A file by the place that the spec gives it, which is the same in every checkout; `code` has what is in it.
        "engine": case.model.engine if ".py:" in order.engine else order.engine,
        "options": order.options,
        "device": {"kind": order.device["kind"], "index": order.device["index"]},
        "weights": weights.digest(case.model, catalog),
        "dataset": dataset.fingerprint,
        "utterances": len(dataset.utterances),
        "seed": order.seed,
        "in_process": in_process,
        "versions": provenance.versions((*engine.distributions, "av", "numpy", "soundfile", "soxr")),
        "python": provenance.python_tag(),
        "code": provenance.sources_digest(order.engine, order.environment, case.task),
    }
    if case.task == "streaming":
        inputs["stream"] = (case.dataset.stream or StreamSpec()).model_dump()
    if order.parts:
        inputs["parts"] = {role: _part(case, catalog, order, role) for role in sorted(order.parts)}
    if order.environment is not None:
        inputs["versions"] |= order.environment.versions(engine.distributions)
        inputs["environment"] = environments.provenance(case.model, order.environment)
    return inputs


def _part(case: Case, catalog: Catalog, order: LoadOrder, role: str) -> dict[str, Any]:
    """The same of a model that the case's is made of."""
    part, model = order.parts[role], catalog.models[case.model.parts[role]]
    names = engine_class(part.engine).distributions
    found = provenance.versions(names) if order.environment is None else order.environment.versions(names)
    return {
        "model": model.id,
        "engine": model.engine if ".py:" in part.engine else part.engine,
        "options": part.options,
        "weights": weights.digest(model, catalog),
        "versions": found,
        "code": provenance.sources_digest(part.engine, order.environment),
    }


def figures_depend_on(case: Case, dataset: Dataset) -> str:
    """SHA-256 of what makes figures out of answers: our code, normalizer, terms, what is known of each utterance."""
    normalize = normalizer(dataset.normalizer)
    price = case.device.price
    known = [
        _code(),
        [normalize.name, normalize.version],
        [case.dataset.glossary, case.dataset.names],
        None if price is None else [price.per_hour, price.currency],
        case.model.title,
        [[u.kind, u.snr_db] for u in dataset.utterances],
        [u.turn and [u.turn.dialogue, asdict(u.turn.rules), u.turn.context, u.turn.rubric] for u in dataset.utterances],
    ]
    return hashlib.sha256(json.dumps(known, ensure_ascii=False).encode()).hexdigest()


@cache
def _code() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _JUDGING for path in _PACKAGE.glob(pattern)):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
