"""Utterances of a data set as they are read, with all problems collected."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_modellab.core.id_index import id_digest

from ..specs import DatasetSpec
from . import spool
from .sound_check import check_sounds
from .spool import SpooledUtterances
from .utterance import DatasetError, Utterance

# A manifest in the wrong format is wrong on every line.
MOST_PROBLEMS = 20
MOST_ALIKE = 10
"""Problems of one kind that are told one by one; of more, the first few."""
_FIRST = 3
_PLACE = re.compile(r"^.*?:((?P<line>\d+):|(?=\s))\s*")
_NAMES = re.compile(r"`[^`]*`|\S*/\S*|[\w-]+\.[A-Za-z]\w{1,4}\b|\d+(\.\d+)?")
"""What differs in messages of one kind: names in backticks, paths, numbers."""


class Rows:
    """The utterances read so far, and their problems."""

    def __init__(self, spec: DatasetSpec, advice: str) -> None:
        self.spec = spec
        self.problems: list[str] = []
        self._advice = advice
        self._utterances: dict[str, Utterance] = {}
        self._places: dict[str, str] = {}
        self._many: SpooledUtterances | None = None
        self._digests: set[int] = set()

    def add(self, place: str, utterance: Utterance) -> None:
        if self._many is None and len(self._utterances) >= spool.FEWEST:
            self._many = SpooledUtterances.of(self._utterances.values())
            self._digests = set(map(id_digest, self._utterances))
            self._utterances, self._places = {}, {}
        first = self._first(place, utterance.id)
        if first == place:
            self._keep(utterance)
        else:
            self.problems.append(f"{place}: duplicate id `{utterance.id}` (first at {first}); {self._advice}")

    def _first(self, place: str, id: str) -> str:
        """Where an id came first: `place`, where that is now."""
        if self._many is None:
            return self._places.setdefault(id, place)
        digest = id_digest(id)
        if digest not in self._digests:
            self._digests.add(digest)
            return place
        return f"row {next((i for i, each in enumerate(self._many, 1) if each.id == id), 0)}"

    def _keep(self, utterance: Utterance) -> None:
        if self._many is None:
            self._utterances[utterance.id] = utterance
        else:
            self._many.append(utterance)

    def checked(self, empty: str) -> Sequence[Utterance]:
        """All of them. Raises DatasetError with every problem, `empty` being the one of no rows at all."""
        found = tuple(self._utterances.values()) if self._many is None else self._many
        self._digests = set()
        if not found and not self.problems:
            self.problems.append(empty)
        if self.problems:
            # Told with the rest, so that one look is enough.
            self.problems += check_sounds(found).listed()
            told = folded(self.problems)
            shown = told[:MOST_PROBLEMS]
            rest = len(told) - len(shown)
            more = [f"... and {rest} more"] if rest else []
            raise DatasetError("\n".join([f"data set {self.spec.id} can't be used:", *shown, *more]))
        return found


def folded(problems: Sequence[str]) -> list[str]:
    """The problems; of many that are the same on other lines the first and the lines, of many alike the first few."""
    alike: dict[str, list[str]] = {}
    for problem in problems:
        alike.setdefault(_NAMES.sub("_", _PLACE.sub("", problem)), []).append(problem)
    return [told for those in alike.values() for told in _told(those)]


def _told(those: Sequence[str]) -> list[str]:
    lines = [found["line"] for each in those if (found := _PLACE.match(each)) and found["line"]]
    if len(those) > _FIRST and len(lines) == len(those) and len({_PLACE.sub("", each) for each in those}) == 1:
        more = f" and {len(lines) - MOST_PROBLEMS} more" if len(lines) > MOST_PROBLEMS else ""
        return [those[0], f"... and the same on the lines {', '.join(lines[1:MOST_PROBLEMS])}{more}"]
    if len(those) <= MOST_ALIKE:
        return list(those)
    return [*those[:_FIRST], f"... and the same in {len(those) - _FIRST} more"]
