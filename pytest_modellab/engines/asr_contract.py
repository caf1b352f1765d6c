"""The messages between client and server of streaming recognition; docs/streaming.md describes the protocol.

Standard library and numpy only.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROTOCOL = "modellab.asr/1"
FORMAT = "pcm_s16le"
RATE = 16_000
SAMPLE_BYTES = 2
MOST_MESSAGE_BYTES = 2**20
"""Of one message, either way: half a minute of audio, or more text than anybody says in a day."""
MOST_TEXT = 1_000
"""Characters of a message to people, of a name, of a language."""
LATE_S = 0.5
"""So much beyond the audio that was sent a server's times may lie: its own rounding and padding."""
_MOST_S = 1e9
_SEE = "docs/streaming.md, `The contract`, lists the messages of both sides"


class ContractError(Exception):
    """A message that violates the contract, or a required message that is missing."""


@dataclass(frozen=True, slots=True)
class Start:
    """The first message of a client."""

    offset_s: float = 0.0
    """Where in the utterance the audio that follows begins; more than 0 after a lost connection."""
    language: str | None = None
    model: str | None = None
    vad: bool | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The server's state: `ready` once it takes audio, `error` where it gives up; other states are informational."""

    state: str
    message: str = ""
    server: str = ""
    finds_ends: bool = False
    """Whether its partials say where speech ends."""


@dataclass(frozen=True, slots=True)
class AsrPartial:
    """The partial hypothesis of the audio after the last final."""

    text: str
    end_of_speech: bool = False
    """Whether the server takes what was said so far as finished."""


@dataclass(frozen=True, slots=True)
class AsrFinal:
    """The final text from the last final's end to `end_s` seconds of the utterance; it won't change."""

    text: str
    end_s: float


@dataclass(frozen=True, slots=True)
class FinalSummary:
    """The last message, after `stop`: the whole text of the audio since `offset_s`."""

    text: str
    language: str | None = None


FromServer: TypeAlias = Status | AsrPartial | AsrFinal | FinalSummary
_SERVER_TYPES = ("status", "asr_partial", "asr_final", "final_summary")


def start_message(start: Start) -> str:
    return json.dumps(
        {
            "type": "start",
            "protocol": PROTOCOL,
            "format": FORMAT,
            "rate": RATE,
            "channels": 1,
            "offset_s": start.offset_s,
            "language": start.language,
            "model": start.model,
            "vad": start.vad,
        }
    )


def stop_message() -> str:
    return json.dumps({"type": "stop"})


def server_message(message: FromServer) -> str:
    match message:
        case Status(state, text, server, finds_ends):
            said: dict[str, Any] = {"type": "status", "state": state, "protocol": PROTOCOL}
            said |= {"message": text} if text else {}
            said |= {"server": server} if server else {}
            said |= {"finds_ends": True} if finds_ends else {}
        case AsrPartial(text, end_of_speech):
            said = {"type": "asr_partial", "text": text}
            said |= {"end_of_speech": True} if end_of_speech else {}
        case AsrFinal(text, end_s):
            said = {"type": "asr_final", "text": text, "end_s": end_s}
        case FinalSummary(text, language):
            said = {"type": "final_summary", "text": text, "language": language}
    return json.dumps(said, ensure_ascii=False)


def parse_start(raw: str | bytes) -> Start:
    """What a client begins with. Raises ContractError."""
    said = _object(raw, "the client")
    if said.get("type") != "start":
        raise ContractError(f"expected a message of type `start` first, found {_short(raw)}; {_SEE}")
    if said.get("protocol") != PROTOCOL:
        raise ContractError(f"this server speaks {PROTOCOL}, the client {said.get('protocol')!r}; {_SEE}")
    sent = (said.get("format"), said.get("rate"), said.get("channels"))
    if sent != (FORMAT, RATE, 1) or any(isinstance(each, bool) for each in sent):
        raise ContractError(f"expected audio of {FORMAT}, {RATE} Hz, 1 channel; the client announces {sent}; {_SEE}")
    offset_s = _number(said, "offset_s", raw, "the client")
    if offset_s < 0:
        raise ContractError(f"`offset_s` must not be negative, found {offset_s}; {_SEE}")
    for key in ("language", "model"):
        if not isinstance(said.get(key), str | None) or len(said.get(key) or "") > MOST_TEXT:
            raise ContractError(f"`{key}` must be text or null, found {_short(raw)}; {_SEE}")
    if not isinstance(said.get("vad"), bool | None):
        raise ContractError(f"`vad` must be true, false or null, found {_short(raw)}; {_SEE}")
    return Start(offset_s, said.get("language"), said.get("model"), said.get("vad"))


def parse_stop(raw: str) -> None:
    """Raises ContractError for any other text of a client."""
    if _object(raw, "the client").get("type") != "stop":
        raise ContractError(f"after `start` expected audio or a message of type `stop`, found {_short(raw)}; {_SEE}")


def parse_server(raw: str | bytes, who: str) -> FromServer:
    """A message of the server `who`; unknown fields are passed over. Raises ContractError."""
    said = _object(raw, who)
    match said.get("type"):
        case "status":
            protocol = said.get("protocol", PROTOCOL)
            if protocol != PROTOCOL:
                raise ContractError(
                    f"{who} speaks {protocol!r}, this client {PROTOCOL}: use a server of that version; {_SEE}"
                )
            message, server = (str(said.get(key, ""))[:MOST_TEXT] for key in ("message", "server"))
            return Status(_text(said, "state", raw, who), message, server, _flag(said, "finds_ends", raw, who))
        case "asr_partial":
            return AsrPartial(_text(said, "text", raw, who), _flag(said, "end_of_speech", raw, who))
        case "asr_final":
            return AsrFinal(_text(said, "text", raw, who), _number(said, "end_s", raw, who))
        case "final_summary":
            language = said.get("language")
            told = language[:MOST_TEXT] if isinstance(language, str) else None
            return FinalSummary(_text(said, "text", raw, who), told)
    raise ContractError(
        f"{who} sent a message of type {said.get('type')!r}, {_short(raw)};"
        f" allowed are {', '.join(_SERVER_TYPES)}; {_SEE}"
    )


def to_pcm(samples: NDArray[np.float32]) -> bytes:
    """Samples of shape (n,), full scale 1, as they are sent; what is beyond full scale is clipped."""
    import numpy as np  # here: the catalog imports engines, and has to stay light

    return np.clip(np.round(samples * 32768.0), -32768, 32767).astype("<i2").tobytes()


def from_pcm(pcm: bytes) -> NDArray[np.float32]:
    """Samples of shape (n,), full scale 1. Raises ContractError for half a sample."""
    import numpy as np

    if len(pcm) % SAMPLE_BYTES:
        raise ContractError(f"a frame of {len(pcm)} bytes is no whole number of 16-bit samples; {_SEE}")
    return (np.frombuffer(pcm, dtype="<i2") / np.float32(32768.0)).astype(np.float32)


def joined(pieces: Iterable[str]) -> str:
    """Pieces of text with a space between, but where there is one already, or in writing that is wide and has none."""
    text = ""
    for piece in pieces:
        between = text[-1:] + piece[:1]
        spaced = len(between) < 2 or any(c.isspace() for c in between)
        wide = all(unicodedata.east_asian_width(c) in "WF" for c in between)
        text += piece if spaced or wide else f" {piece}"
    return text.strip()


def _object(raw: str | bytes, who: str) -> dict[str, Any]:
    if isinstance(raw, bytes):
        raise ContractError(f"{who} sent {len(raw)} bytes where a JSON text was expected; {_SEE}")
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise ContractError(f"{who} sent {_short(raw)}, which is no JSON object; {_SEE}")
    return said


def _text(said: dict[str, Any], key: str, raw: str | bytes, who: str) -> str:
    if not isinstance(said.get(key), str):
        raise ContractError(f"{who} sent {_short(raw)}: `{key}` must be text; {_SEE}")
    return str(said[key])


def _flag(said: dict[str, Any], key: str, raw: str | bytes, who: str) -> bool:
    value = said.get(key, False)
    if not isinstance(value, bool):
        raise ContractError(f"{who} sent {_short(raw)}: `{key}` must be true or false; {_SEE}")
    return value


def _number(said: dict[str, Any], key: str, raw: str | bytes, who: str) -> float:
    value = said.get(key)
    # Compared before anything is made of it: an integer may have more digits than a float has room for.
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_MOST_S <= value <= _MOST_S:
        raise ContractError(f"{who} sent {_short(raw)}: `{key}` must be a number of seconds; {_SEE}")
    return float(value)


def _short(raw: str | bytes) -> str:
    return f"{raw!r:.120}"
