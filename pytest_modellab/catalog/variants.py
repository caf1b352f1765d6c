"""Expansion of a model's variants into models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .variant_spec import JOIN

if TYPE_CHECKING:
    from .specs import ModelSpec


def expanded(model: ModelSpec) -> Iterator[tuple[str, ModelSpec]]:
    """The variants of a model by name, as models; their origin is the line of the variant."""
    for name, variant in model.variants.items():
        changed = {
            "id": f"{model.id}{JOIN}{name}",
            "title": variant.title or f"{model.title or model.id}, {name}",
            "tasks": variant.tasks or model.tasks,
            "tiers": variant.tiers,
            "options": {**model.options, **variant.options},
            "devices": {
                device: {option: value for option, value in own.items() if option not in variant.options}
                for device, own in model.devices.items()
            },
            "variants": {},
        }
        found = model.model_copy(update=changed)
        found._origin = variant.origin
        yield name, found


def base_of(id: str, models: Mapping[str, ModelSpec]) -> ModelSpec | None:
    """The model that a variant is of; None for a model that is no variant."""
    before, join, name = id.rpartition(JOIN)
    base = models.get(before) if join else None
    return base if base is not None and name in base.variants else None


def named(id: str, globs: Sequence[str]) -> bool:
    """Whether a model is asked for by its name: with a `+`, a glob names variants."""
    return id in globs or (JOIN in id and any(JOIN in glob and fnmatchcase(id, glob) for glob in globs))
