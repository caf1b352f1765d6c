"""A data set, from its spec to utterances whose audio lies on disk, with a fingerprint of all of it."""

from __future__ import annotations

from pytest_modellab.assets.store import Attempt, Store, Unavailable
from pytest_modellab.core import ffmpeg

from ..catalog import Catalog
from ..specs import DatasetSpec
from .archives import Archives
from .clips import from_clips
from .derived import from_source
from .dialogues import from_dialogues
from .folder import from_folder
from .made import from_made
from .manifest import from_manifest
from .model import Dataset
from .prompts import from_prompts
from .recipes import from_recipe
from .recording import FileRecording
from .utterance import DatasetError, Utterance

__all__ = ["Dataset", "DatasetError", "Utterance", "prepare"]


def prepare(spec: DatasetSpec, catalog: Catalog, store: Store, *, asked: bool = False) -> Dataset:
    """Fetch and verify what the spec of the catalog names.

    Raises store.Unavailable where archives or a decoder can't be had, or would cost more than is fetched unasked
    (`asked=True` is `modellab data prepare`), and DatasetError where the data are wrong.
    """
    here = catalog.folder / "datasets"
    if spec.derive is not None:
        source = prepare(catalog.datasets[spec.derive.source], catalog, store, asked=asked)
        return Dataset(spec, from_source(spec, spec.derive, source.utterances))
    if spec.made is not None:
        return Dataset(spec, from_made(spec, spec.made))
    if spec.prompts is not None:
        return Dataset(spec, from_prompts(spec, spec.prompts))
    archives = Archives(spec, catalog, store, asked=asked)
    if spec.dialogues is not None:
        utterances = from_dialogues(spec, spec.dialogues, catalog, archives, store)
    elif spec.clips is not None:
        utterances = from_clips(spec, spec.clips, catalog, archives, store)
    elif spec.recipe is not None:
        utterances = from_recipe(spec, spec.recipe, archives)
    elif spec.manifest is not None:
        utterances = from_manifest(spec, here / spec.manifest)
    else:
        utterances = from_folder(spec, here / str(spec.folder))
    _need_decoder(spec, utterances)
    return Dataset(spec, utterances)


def _need_decoder(spec: DatasetSpec, utterances: tuple[Utterance, ...]) -> None:
    """A decoder that isn't installed is missing, as a library is: no fault of the data."""
    recordings = [utterance.recording for utterance in utterances]
    if any(isinstance(each, FileRecording) and each.by_ffmpeg for each in recordings):
        reason = ffmpeg.absent()
        if reason is not None:
            raise Unavailable(f"data set {spec.id}", [Attempt("a decoder", reason)], "Then run again.")
