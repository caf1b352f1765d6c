"""Check of all recordings of a data set before anything is measured: each is decoded whole, once for each content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from pytest_modellab.core import audio
from pytest_modellab.core.console import counted

from .recording import EmbeddedRecording, FileRecording
from .sound_facts import SoundFacts

if TYPE_CHECKING:
    from .recording import Recording
    from .utterance import Utterance

# Hz; of recordings that are computed.
_RATE = 16_000


@dataclass
class SoundCheck:
    """What was found, by utterance id."""

    broken: dict[str, str] = field(default_factory=dict)
    """Why a recording can't be used."""
    remarks: dict[str, str] = field(default_factory=dict)
    """What is odd about one that can."""

    def listed(self) -> list[str]:
        """A line for each reason, with the utterances that it is of."""
        reasons: dict[str, list[str]] = {}
        for id, reason in self.broken.items():
            reasons.setdefault(reason, []).append(id)
        return [
            f"{reason} (utterance{'s' if len(ids) > 1 else ''} {', '.join(ids)})" for reason, ids in reasons.items()
        ]


def check_sounds(utterances: Iterable[Utterance]) -> SoundCheck:
    """Decode what isn't known to be whole yet; texts without a recording are passed over."""
    found, facts = SoundCheck(), SoundFacts()
    for utterance in utterances:
        if utterance.recording is None:
            continue
        try:
            remark = _remark(utterance.recording, facts)
        except audio.AudioError as error:
            found.broken[utterance.id] = str(error)
        else:
            if remark:
                found.remarks[utterance.id] = remark
    facts.save()
    return found


def refusal(name: str, origin: str, check: SoundCheck) -> str:
    """The message about the broken recordings of a data set."""
    count = counted(len(check.broken), "recording")
    head = f"data set {name}: {count} can't be used; mend them, or set `on_error: leave-out` in {origin}:"
    return "\n".join([head, *check.listed()])


def _remark(recording: Recording, facts: SoundFacts) -> str:
    """What is odd about a recording and all that it is made of; "" for nothing. Raises audio.AudioError."""
    if isinstance(recording, FileRecording | EmbeddedRecording):
        known = facts.of(*recording.file)
        if known is None:
            decoded = recording.decoded()
            known = [decoded.seconds, decoded.samples.shape[1], decoded.remark or ""]
            facts.keep(known, *recording.file)
        seconds, channels, remark = known
        if isinstance(recording, FileRecording):
            recording.check_place(seconds, channels)
        return str(remark)
    parts = _parts(recording)
    if parts:
        return "; ".join(dict.fromkeys(filter(None, (_remark(part, facts) for part in parts))))
    if facts.of("computed", recording.identity) is None:
        recording.samples(_RATE)
        facts.keep(True, "computed", recording.identity)
    return ""


def _parts(recording: Recording) -> Sequence[Recording]:
    """The recordings that one is computed from."""

    def within(value: Any) -> Iterator[Any]:
        if isinstance(value, tuple):
            for each in value:
                yield from within(each)
        elif hasattr(value, "samples") and hasattr(value, "identity"):
            yield value

    if not is_dataclass(recording):
        return ()
    return [part for each in fields(recording) for part in within(getattr(recording, each.name))]
