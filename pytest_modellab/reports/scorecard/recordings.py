"""Recordings given to models, as audio for a page: from data sets on this machine; nothing is fetched."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from pytest_modellab.assets.store import Store, StoreError
from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.catalog import Catalog
from pytest_modellab.catalog.datasets import Dataset, DatasetError, Utterance, prepare
from pytest_modellab.core.audio import AudioError
from pytest_modellab.core.id_index import IdIndex
from pytest_modellab.results.record import Record

from .page.sounds import NoRecording

RATE = 16_000
"""Hz; what most recognisers are given."""


@dataclass
class Recordings:
    """The recordings of a catalog's data sets, each set prepared when it is first asked for."""

    catalog: Catalog
    _sets: dict[str, Dataset | str] = field(default_factory=dict)
    """By id; a text says why there is none."""
    _fingerprints: dict[tuple[str, int | None], str] = field(default_factory=dict)
    """By id, and by how many utterances of it were asked for."""
    _places: dict[str, IdIndex] = field(default_factory=dict)

    def clip(self, record: Record, utterance: str) -> bytes:
        """An utterance of a record as FLAC, mono of 16 bits. Raises NoRecording."""
        import soundfile

        found = self._utterance(record, utterance)
        try:
            samples = found.samples(RATE)
        except (AudioError, OSError) as error:
            raise NoRecording(str(error)) from error
        file = io.BytesIO()
        soundfile.write(file, samples.clip(-1, 1), RATE, format="FLAC", subtype="PCM_16")
        return file.getvalue()

    def licence(self, case: CaseRef) -> str:
        """What the catalog says of the right to pass them on; "" where it says nothing."""
        spec = self.catalog.datasets.get(case.dataset)
        if spec is None:
            return ""
        if spec.sources and not spec.licence:
            told = (self.licence(case.model_copy(update={"dataset": each})) for each in spec.sources)
            return "; ".join(filter(None, dict.fromkeys(told)))
        return "; ".join(filter(None, dict.fromkeys([spec.licence, *(clip.licence for clip in spec.clips or ())])))

    def _utterance(self, record: Record, name: str) -> Utterance:
        dataset = self._dataset(record.case.dataset)
        part = record.case.dataset, record.limited_to
        if part not in self._fingerprints:
            self._fingerprints[part] = dataset.first(record.limited_to).fingerprint
        if record.provenance.inputs.get("dataset") != self._fingerprints[part]:
            raise NoRecording("recordings or references have changed since")
        if dataset.spec.id not in self._places:
            self._places[dataset.spec.id] = IdIndex(lambda: (each.id for each in dataset.utterances))
        place = self._places[dataset.spec.id].get(name)
        if place is None:
            raise NoRecording(f"no utterance {name}")
        return dataset.utterances[place]

    def _dataset(self, name: str) -> Dataset:
        if name not in self._sets:
            self._sets[name] = self._prepared(name)
        found = self._sets[name]
        if isinstance(found, str):
            raise NoRecording(found)
        return found

    def _prepared(self, name: str) -> Dataset | str:
        spec = self.catalog.datasets.get(name)
        if spec is None:
            return "the catalog has no such data set any more"
        try:
            dataset = prepare(spec, self.catalog, Store(fetching=False))
        except (DatasetError, StoreError, AudioError, OSError) as error:
            return f"can't be read on this machine: {str(error).splitlines()[0]}"
        if any(each.recording is None for each in dataset.utterances):
            return "questions spoken by a TTS model, which are not kept with the reports"
        return dataset
