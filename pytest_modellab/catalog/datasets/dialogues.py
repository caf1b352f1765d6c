"""Dialogues: an utterance is a turn, and knows what a right reply is like and which turns went before."""

from __future__ import annotations

from pytest_modellab.assets.store import Store
from pytest_modellab.core.metrics.answers import Rules

from ..catalog import Catalog
from ..dialogue_specs import DialogueSpec, TurnSpec
from ..specs import ClipSpec, DatasetSpec
from .archives import Archives
from .clips import from_clips
from .recording import Recording
from .turn import TurnOf
from .utterance import Utterance


def from_dialogues(
    spec: DatasetSpec, dialogues: tuple[DialogueSpec, ...], catalog: Catalog, archives: Archives, store: Store
) -> tuple[Utterance, ...]:
    """Every turn as an utterance `<dialogue>.<n>`, n from 1; without a recording where the voice is to speak it.

    Raises store.Unavailable where an archive can't be had.
    """
    recorded = _recordings(spec, dialogues, catalog, archives, store)
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


def _recordings(
    spec: DatasetSpec, dialogues: tuple[DialogueSpec, ...], catalog: Catalog, archives: Archives, store: Store
) -> dict[str, Recording]:
    """By utterance id, those of turns that were recorded."""
    clips = tuple(
        ClipSpec(id=turn_id(dialogue, n), text=turn.say, **turn.clip.model_dump())
        for dialogue in dialogues
        for n, turn in enumerate(dialogue.turns)
        if turn.clip is not None
    )
    found = from_clips(spec, clips, catalog, archives, store) if clips else ()
    return {each.id: each.recording for each in found if each.recording is not None}
