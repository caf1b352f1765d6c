"""References between specs: conversions of weights, judges, data sets derived from others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pytest_modellab.assets.convert import SOURCE_FILES

from .roles import JUDGE
from .specs import DatasetSpec, DeviceSpec, ModelSpec


def can_judge(model: ModelSpec, devices: Mapping[str, DeviceSpec]) -> bool:
    """Whether a model can transcribe speech as a judge: its task is asr, and it runs on a CPU."""
    return JUDGE in model.tasks and any(devices[each].kind == "cpu" for each in model.devices if each in devices)


def not_ctranslate2(model: ModelSpec, folder: Path) -> str:
    """Why a model's weights can't be converted, as far as its spec tells; "" where they can."""
    weights = model.weights
    if weights is None:
        return f"`{model.id}` has no weights to convert"
    if weights.convert is not None:
        return f"`{model.id}` is converted itself: name what it is converted from"
    if weights.files is not None:
        missing = [name for name in SOURCE_FILES if name not in weights.files]
    elif weights.path is not None:
        # One that isn't here is not available, and its files aren't known.
        given = folder / weights.path
        missing = [name for name in SOURCE_FILES if given.is_dir() and not (given / name).is_file()]
    else:  # a repository, whose files aren't known
        missing = [] if model.engine == "faster-whisper" else list(SOURCE_FILES)
    if not missing:
        return ""
    return f"the weights of `{model.id}` are no Whisper in CTranslate2's format, which has {', '.join(SOURCE_FILES)}"


def chain(dataset: DatasetSpec, known: Mapping[str, DatasetSpec]) -> list[str]:
    """The ids from a derived set to what it rests on; broken off where one comes a second time.

    Of several sources the one that leads back to the set itself, else the first.
    """

    def followed(ids: list[str]) -> list[str]:
        spec = known.get(ids[-1])
        sources = () if spec is None else spec.sources
        ways = [[*ids, each] if each in ids else followed([*ids, each]) for each in sources]
        return next((way for way in ways if way[-1] == dataset.id), ways[0] if ways else ids)

    return followed([dataset.id])
