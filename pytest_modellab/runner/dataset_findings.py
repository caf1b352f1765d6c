"""Findings about a data set as a whole, which a record keeps beside those about single recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_modellab.core.schema_base import DATA, LEFT_OUT, Finding

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset
    from pytest_modellab.catalog.datasets.sound_check import SoundCheck


def findings_of(dataset: Dataset, check: SoundCheck) -> tuple[Finding, ...]:
    """What was left out, what a person should look at, and what the check of the recordings remarked."""
    return (
        *(Finding(utterance=id, kind=LEFT_OUT, message=f"left out: {why}") for id, why in dataset.left_out.items()),
        *(Finding(utterance=dataset.spec.id, kind=DATA, message=note) for note in dataset.notes),
        *(Finding(utterance=id, kind="end", message=text) for id, text in check.remarks.items()),
    )
