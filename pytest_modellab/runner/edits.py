"""Detection of inputs that were edited while a session runs: such a case gets no record.

A session's process imports code once, and a worker loads weights once. So the inputs of a case are compared three
times: its code and libraries with those at the session's first run of the model, the inputs of its worker with those
at the beginning of the case, and all of them again after its last answer.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pytest_modellab.assets.store import StoreError
from pytest_modellab.catalog.datasets import DatasetError
from pytest_modellab.results.input_changes import changes

from .auxiliary_models import AuxiliaryModelError, NoAuxiliaryModel
from .sources import NAME

_OF_A_CASE = frozenset({"task", "dataset", "utterances", "stream", "code", "judge", "grader"})
"""Inputs in which cases of one loaded model differ; of any other a change leads to loading it again."""


class Edited(Exception):
    """An input of a case was changed while the session ran."""


def loaded_with(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Of a case's inputs, those that its model was loaded with: weights, options, parts, versions."""
    return {name: value for name, value in inputs.items() if name not in _OF_A_CASE}


class Imported:
    """Code and versions at their first use by the process, which keeps what it imported."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, ...], str | None] = {}

    def check(self, inputs: Mapping[str, Any]) -> None:
        """Raises Edited where code or versions among the inputs of a case are others than before."""
        found = dict(_imported(inputs))
        stale = sorted({name[-1] for name, value in found.items() if self._first.setdefault(name, value) != value})
        if stale:
            raise Edited(
                f"{', '.join(stale)} changed since this session began, and what it had imported before is still in its"
                " memory; run it again"
            )


def _imported(inputs: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Name and digest of each module and version; those of others by the model that they serve."""
    model = str(inputs.get("model"))
    for kind in ("code", "versions"):
        for name, value in (inputs.get(kind) or {}).items():
            yield ((name,) if name.partition(".")[0] == NAME else (model, kind, name)), value
    for part in (inputs.get("parts") or {}).values():
        yield from _imported(part)
    for auxiliary_model in ("judge", "grader"):
        if auxiliary_model in inputs:
            yield from _imported(inputs[auxiliary_model])


@contextmanager
def unedited(
    before: Mapping[str, Any], again: Callable[[], Mapping[str, Any]], discard: Callable[[], object]
) -> Iterator[None]:
    """What is measured within is kept only where `again` gives the inputs `before` once it is done.

    Else `discard` is called and Edited raised; also what was broken off is discarded, which the next session would go
    on from. Where they can't be had for want of space or of a connection, nobody knows: then it is kept to go on from,
    and no record is made.
    """
    edited: str | None = None
    try:
        yield
    finally:
        try:
            edited = _since(before, again)
        except _Unknown as unknown:
            edited = str(unknown)
        else:
            if edited is not None:
                discard()
    if edited is not None:
        raise Edited(edited)


class _Unknown(Exception):
    """Nobody can tell whether an input was changed; the message says why."""


_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE})
"""Errors of the machine, and not of a file that was changed or taken away."""


def _since(before: Mapping[str, Any], again: Callable[[], Mapping[str, Any]]) -> str | None:
    """What of the inputs is another, in words; None where nothing is. What can't be had any more has changed, too."""
    try:
        found = list(changes(dict(before), dict(again())))
    except (StoreError, DatasetError, NoAuxiliaryModel, AuxiliaryModelError, OSError) as error:
        if any(isinstance(each, OSError) and each.errno in _PASSING for each in (error, error.__cause__)):
            raise _Unknown(
                f"whether it was changed while it was measured isn't known: {error}; its answers are kept: run it again"
            ) from error
        found = [str(error)]
    return f"changed while it was measured: {'; '.join(found)}; nothing of it is kept: run it again" if found else None
