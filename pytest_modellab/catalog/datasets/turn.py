"""What an utterance of a dialogue knows beside its words."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_modellab.core.metrics.answers import Rules


@dataclass(frozen=True)
class TurnOf:
    """A turn of a dialogue.

    Attributes:
        dialogue: its id.
        earlier: the ids of the turns before it, the first one first.
        rules: what a right reply is like.
        context: whether only who remembers an earlier turn can answer.
        rubric: what a judge is asked about the reply; None where rules alone judge.
    """

    dialogue: str
    earlier: tuple[str, ...]
    rules: Rules
    context: bool = False
    rubric: str | None = None

    @property
    def judged(self) -> bool:
        """Whether there is anything by which the reply is right or wrong."""
        return self.rules.any or self.rubric is not None
