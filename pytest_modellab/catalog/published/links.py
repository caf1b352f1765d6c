"""Links from published models to the models of a catalog: the same weights, or the same name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..specs import ModelSpec
from .spec import PublishedModel

_WORDS = re.compile(r"[-+]")


def links(published: Iterable[PublishedModel], local: Mapping[str, ModelSpec]) -> dict[str, tuple[str, ...]]:
    """The ids of the local models that are each published one, by its id.

    A local model is linked by the repository of its weights, or of those that they are converted from. One whose
    files come from no repository is linked by its id, which contains the published id as whole words, the longest
    such; what is loaded from a folder of one's own, converted, or made of other models, only by the very same id.
    """
    models = {model.id: model for model in published}
    repos = {repo.casefold(): model.id for model in models.values() for repo in (model.repo, *model.also) if repo}
    found: dict[str, list[str]] = {}
    for spec in local.values():
        repo = _repo(spec, local)
        id = repos.get(repo.casefold()) if repo is not None else _named(spec, models)
        if id is not None:
            found.setdefault(id, []).append(spec.id)
    return {id: tuple(ids) for id, ids in found.items()}


def _repo(spec: ModelSpec, local: Mapping[str, ModelSpec]) -> str | None:
    weights = spec.weights
    source = weights.convert.source if weights is not None and weights.convert is not None else None
    if source in local:
        weights = local[str(source)].weights
    return None if weights is None else weights.repo


def _named(spec: ModelSpec, models: Mapping[str, PublishedModel]) -> str | None:
    if spec.id in models:
        return spec.id
    weights = spec.weights
    if spec.parts or (weights is not None and (weights.path is not None or weights.convert is not None)):
        return None
    words = _WORDS.split(spec.id)
    spans = {"-".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)}
    return max(spans & models.keys(), key=len, default=None)
