"""The form `dialogues`: an utterance is a turn, with the rules for its reply and the turns before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_modellab.core.metrics.answers import Rules

from ..dialogue_specs import DialogueSpec, TurnSpec
from ..specs import ClipSpec, DatasetSpec
from .access import DatasetAccess
from .clips import from_clips, unknown_archive
from .form import DatasetForm, Location
from .recording import Recording
from .turn import TurnOf
from .utterance import Utterance


def from_dialogues(
    spec: DatasetSpec, dialogues: tuple[DialogueSpec, ...], access: DatasetAccess
) -> Sequence[Utterance]:
    """Every turn as an utterance `<dialogue>.<n>`, n from 1; without a recording where the voice is to speak it.

    Raises store.Unavailable where an archive can't be had.
    """
    recorded = _recordings(spec, dialogues, access)
    utterances = []
    for dialogue in dialogues:
        ids = [turn_id(dialogue, n) for n in range(len(dialogue.turns))]
        for n, turn in enumerate(dialogue.turns):
            about = TurnOf(dialogue.id, tuple(ids[:n]), rules_of(turn), turn.context, turn.rubric)
            utterances.append(
                Utterance(id=ids[n], text=turn.say, recording=recorded.get(ids[n]), language=spec.language, turn=about)
            )
    return tuple(utterances)


def turn_id(dialogue: DialogueSpec, place: int) -> str:
    """The id of the turn at `place`, from 0."""
    return f"{dialogue.id}.{place + 1}"


def rules_of(turn: TurnSpec) -> Rules:
    return Rules(
        accept=turn.accept,
        keywords=turn.keywords,
        number=turn.number,
        tolerance=turn.tolerance,
        refuse=turn.refuse,
        reject=turn.reject,
        language=turn.language,
    )


def _recordings(spec: DatasetSpec, dialogues: tuple[DialogueSpec, ...], access: DatasetAccess) -> dict[str, Recording]:
    """By utterance id, those of turns that were recorded."""
    clips = tuple(
        ClipSpec(id=turn_id(dialogue, n), text=turn.say, **turn.clip.model_dump())
        for dialogue in dialogues
        for n, turn in enumerate(dialogue.turns)
        if turn.clip is not None
    )
    found = from_clips(spec, clips, access) if clips else ()
    return {each.id: each.recording for each in found if each.recording is not None}


class _Dialogues(DatasetForm[tuple[DialogueSpec, ...]]):
    goes_with = frozenset({"archives", "voice", "graded_by"})
    item = "dialogue"

    def check(self, spec: DatasetSpec, given: tuple[DialogueSpec, ...]) -> None:
        turns = [turn for dialogue in given for turn in dialogue.turns]
        if spec.tasks != ("chat",):
            raise ValueError("`dialogues` are for `tasks: [chat]`")
        if spec.voice is None and not all(turn.clip for turn in turns):
            raise ValueError("`dialogues` need a `voice` to speak them, unless every turn has a `clip`")
        if spec.graded_by is None and any(turn.rubric is not None for turn in turns):
            raise ValueError("a turn has a `rubric`: say who judges by it under `graded_by`")
        if spec.graded_by is not None and not any(turn.rubric is not None for turn in turns):
            raise ValueError("`graded_by` judges turns with a `rubric`, and no turn has one")

    def mistakes(self, spec: DatasetSpec, given: tuple[DialogueSpec, ...]) -> Iterator[tuple[Location, str]]:
        for i, dialogue in enumerate(given):
            for j, turn in enumerate(dialogue.turns):
                if turn.clip is not None and (message := unknown_archive(turn.clip.archive, spec)):
                    yield (i, "turns", j, "clip", "archive"), message

    def read(self, spec: DatasetSpec, given: tuple[DialogueSpec, ...], access: DatasetAccess) -> Sequence[Utterance]:
        return from_dialogues(spec, given, access)

    def summary(self, given: tuple[DialogueSpec, ...]) -> str:
        return f"{len(given)} dialogues"


FORM = _Dialogues()
