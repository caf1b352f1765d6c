"""Utterances of a data set as they are read, with all problems collected."""

from __future__ import annotations

from ..specs import DatasetSpec
from .sound_check import check_sounds
from .utterance import DatasetError, Utterance

# A manifest in the wrong format is wrong on every line.
MOST_PROBLEMS = 20


class Rows:
    """The utterances read so far, and their problems."""

    def __init__(self, spec: DatasetSpec, advice: str) -> None:
        self.spec = spec
        self.problems: list[str] = []
        self._advice = advice
        self._utterances: dict[str, Utterance] = {}
        self._places: dict[str, str] = {}

    def add(self, place: str, utterance: Utterance) -> None:
        first = self._places.setdefault(utterance.id, place)
        if first == place:
            self._utterances[utterance.id] = utterance
        else:
            self.problems.append(f"{place}: duplicate id `{utterance.id}` (first at {first}); {self._advice}")

    def checked(self, empty: str) -> tuple[Utterance, ...]:
        """All of them. Raises DatasetError with every problem, `empty` being the one of no rows at all."""
        if not self._utterances and not self.problems:
            self.problems.append(empty)
        if self.problems:
            # Told with the rest, so that one look is enough.
            self.problems += check_sounds(self._utterances.values()).listed()
            shown = self.problems[:MOST_PROBLEMS]
            rest = len(self.problems) - len(shown)
            more = [f"... and {rest} more"] if rest else []
            raise DatasetError("\n".join([f"data set {self.spec.id} can't be used:", *shown, *more]))
        return tuple(self._utterances.values())
