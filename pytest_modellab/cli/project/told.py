"""Remarks on recordings that a file is written for: what was recognised, their language, whether they can be used."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from pytest_modellab.assets.store import Store, StoreError, Unavailable
from pytest_modellab.catalog import Catalog
from pytest_modellab.catalog.datasets import DatasetError, prepare
from pytest_modellab.catalog.datasets.recognise import Recognised
from pytest_modellab.catalog.datasets.rows import folded
from pytest_modellab.core import audio
from pytest_modellab.core.console import counted
from pytest_modellab.core.language_tags import LanguageTagError, canonical_tag

from ..exits import UsageError
from ..tell import tell, tell_lines


def language_of(given: str | None, source: Recognised) -> str | None:
    """The language that `--language` states, else the recognised one. Raises UsageError."""
    try:
        return source.language if given is None else canonical_tag(given)
    except LanguageTagError as error:
        raise UsageError(f"--language: {error}") from None


def remarks(place: str, source: Recognised, given: str | None) -> Iterator[str]:
    """What was recognised in `place`, and the language unless it was given."""
    many = "" if source.rows is None else f", {counted(source.rows, 'utterance')}"
    first, *others = source.remarks
    yield f"{place}: {first}{many}"
    yield from (f"  {remark}" for remark in others)
    if given is None and source.language is None:
        yield "  language: not known from the words or a column; `--language TAG` states it"
    elif given is None:
        yield f"  language: {source.language}, guessed; `--language TAG` states another"


def checked(catalog: Catalog, id: str) -> bool:
    """Whether the recordings and transcripts of a data set can be used; what is wrong is told."""
    try:
        dataset = prepare(catalog.datasets[id], catalog, Store(), asked=False)
    except Unavailable as error:
        tell_lines(f"{id}: not here yet: {error}")
        return True
    except (DatasetError, StoreError) as error:
        tell_lines(str(error), file=sys.stderr)
        return False
    speakers = len({each.speaker for each in dataset.utterances if each.speaker})
    known = counted(speakers, "speaker") if speakers else "speakers not stated"
    seconds, broken = 0.0, list[str]()
    for each in dataset.utterances:
        try:
            seconds += each.seconds
        except audio.AudioError as error:
            broken.append(str(error))
    tell(f"{id}: {counted(len(dataset.utterances), 'utterance')}, {seconds / 60:.1f} min, {known}")
    for line in folded(broken):
        tell_lines(line, file=sys.stderr)
    if broken:
        tell(f"{counted(len(broken), 'recording')} can't be read: mend or remove them", file=sys.stderr)
    return not broken
