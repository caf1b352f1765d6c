"""Data sets: from the spec to utterances with local audio, and a fingerprint of all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

from pytest_modellab.assets.store import Attempt, Store, Unavailable
from pytest_modellab.core import ffmpeg

from ..catalog import Catalog
from ..dataset_forms import FORMS
from ..specs import DatasetSpec
from .access import DatasetAccess
from .form import DatasetForm
from .model import Dataset
from .recording import FileRecording
from .sound_check import check_sounds, refusal
from .spans import checked_against, read_ctm, with_words
from .spool import SpooledUtterances, chosen
from .utterance import DatasetError, Utterance

__all__ = ["Dataset", "DatasetAccess", "DatasetError", "FileRecording", "Utterance", "prepare"]


def prepare(spec: DatasetSpec, catalog: Catalog, store: Store, *, asked: bool = False) -> Dataset:
    """Fetch and verify what the spec of the catalog names.

    Raises store.Unavailable where archives or a decoder can't be had, or would cost more than is fetched unasked
    (`asked=True` is `modellab data prepare`), and DatasetError where the data are wrong.
    """
    access = DatasetAccess(spec, catalog, store, asked, partial(prepare, catalog=catalog, store=store, asked=asked))
    form = cast("DatasetForm[Any]", FORMS[spec.form_name])
    utterances = form.read(spec, spec.given, access)
    if spec.ctm is not None:
        utterances = _timed(spec, utterances, access)
    _need_decoder(spec, utterances)
    whole = Dataset(spec, utterances, access.left_out, tuple(access.notes))
    return whole if spec.on_error == "refuse" else _without_broken(whole)


def _timed(spec: DatasetSpec, utterances: Sequence[Utterance], access: DatasetAccess) -> Sequence[Utterance]:
    """The utterances with the times of their words. Raises DatasetError."""
    assert spec.ctm is not None
    path = access.file(access.place(spec.ctm), "CTM file")
    try:
        words = read_ctm(path)
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: {error} (named in {spec.origin})") from error
    access.notes.extend(checked_against(words, utterances, spec.rules, path))
    timed = with_words(utterances, words)
    return SpooledUtterances.of(timed) if isinstance(utterances, SpooledUtterances) else tuple(timed)


def _without_broken(whole: Dataset) -> Dataset:
    """The utterances whose recordings can be used. Raises DatasetError where there is none."""
    check = check_sounds(whole.utterances)
    if not check.broken:
        return whole
    places = (place for place, each in enumerate(whole.utterances) if each.id not in check.broken)
    utterances = chosen(whole.utterances, places)
    if not utterances:
        raise DatasetError(refusal(whole.spec.id, whole.spec.origin, check))
    return replace(whole, utterances=utterances, left_out={**whole.left_out, **check.broken})


def _need_decoder(spec: DatasetSpec, utterances: Sequence[Utterance]) -> None:
    """A decoder that isn't installed is missing, as a library is: no fault of the data."""
    recordings = (utterance.recording for utterance in utterances)
    if any(isinstance(each, FileRecording) and each.by_ffmpeg for each in recordings):
        reason = ffmpeg.absent()
        if reason is not None:
            raise Unavailable(f"data set {spec.id}", [Attempt("a decoder", reason)], "Then run again.")
