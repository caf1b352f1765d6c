"""The identity of a case, as records and reports store it."""

from __future__ import annotations

from pytest_modellab.core.identifiers import Identifier
from pytest_modellab.core.schema_base import Stored


class CaseRef(Stored):
    """The ids of a case; they are valid catalog ids, hence safe in a path, a table and a terminal."""

    task: Identifier
    model: Identifier
    device: Identifier
    dataset: Identifier

    @property
    def id(self) -> str:
        return f"{self.model}:{self.device}:{self.dataset}"
