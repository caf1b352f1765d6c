"""The dialogue turn of an utterance."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_modellab.core.metrics.answers import Rules


@dataclass(frozen=True)
class TurnOf:
    """A turn of a dialogue.

    Attributes:
        dialogue: its id.
        earlier: the ids of the turns before it, the first one first.
        rules: the rules for a right reply.
        context: whether a right reply needs an earlier turn.
        rubric: the grader's question about the reply; None where rules suffice.
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
