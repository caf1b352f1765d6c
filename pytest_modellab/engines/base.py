"""Protocols of engines. Standard library and numpy only: a worker imports this beside one engine.

An engine module imports its library inside `load`, never at its top: the catalog imports the module to check
a spec's options, in processes that must stay light.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, runtime_checkable

from pytest_modellab.core.language import canonical_name, primary_language

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


Fact: TypeAlias = str | int | float | bool | None

MOST_IN_BATCH = 256
"""Clips that an option `batch_size` of an engine of this package allows."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One utterance as an engine gets it: mono float32 samples of shape (n,) in [-1, 1] at `rate` Hz."""

    samples: NDArray[np.float32]
    rate: int
    language: str | None = None

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word of a transcript, raw, with where it begins and ends in the clip, in seconds, and its probability.

    Each is None where the model doesn't tell it.
    """

    text: str
    start_s: float | None = None
    end_s: float | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript: raw text, as the model wrote it.

    `language` is the tag (`en`) of the language that the model detected; None where the language was given, or the
    model reports none. `words` are those of the text in their order, where they were asked for.
    """

    text: str
    language: str | None = None
    words: tuple[TimedWord, ...] | None = None


@dataclass(frozen=True, slots=True)
class Speech:
    """A piece of synthesized speech: mono float32 samples of shape (n,), full scale 1, at `rate` Hz."""

    samples: NDArray[np.float32]
    rate: int


@dataclass(frozen=True, slots=True)
class Heard:
    """The user's words as understood by an engine that replies: raw text of its own recogniser."""

    text: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier turn of a dialogue: what the user said, in speech or text, and the reply."""

    clip: Clip | None
    text: str | None
    heard: str | None
    reply: str


@dataclass(frozen=True, slots=True)
class Turn:
    """The user's current turn, and the turns before it.

    An engine that takes audio gets `clip`, any other gets `text`: the words as the data set has them. `history` is the
    dialogue so far, the oldest first, in the engine's own replies; engines keep nothing from one turn to the next.
    """

    clip: Clip | None
    text: str | None
    history: Sequence[Exchange] = ()


@dataclass(frozen=True, slots=True)
class Partial:
    """A stream's hypothesis so far: the whole text, not only what is new.

    `at` is its time of arrival by `time.perf_counter()`, for a stream that receives it in another thread; None: now.
    `end_of_speech` is whether the engine takes what was said so far as finished, by what it heard alone.
    """

    text: str
    at: float | None = None
    end_of_speech: bool = False


@dataclass(frozen=True, slots=True)
class DeviceRef:
    """The device to load on."""

    kind: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """Everything an engine needs to load. `options` has passed the engine's own `Options`."""

    device: DeviceRef
    options: Mapping[str, Any]
    weights: Path | None
    parts: Mapping[str, ModelPart] = field(default_factory=dict)
    """For an engine made of other models, those that its spec names under `parts:`."""


@dataclass(frozen=True, slots=True)
class ModelPart:
    """A part of a composite model: its engine, and what the engine is to load."""

    engine: type[Any]
    request: LoadRequest


class TryAgain(Exception):
    """A call that failed for a reason that passes, such as a busy server: the worker makes it anew.

    Times are those of the last call alone; the others are counted.
    """

    def __init__(self, error: Exception, *, after_s: float, most: int) -> None:
        """`error` is what is raised in the end, after `most` repetitions; the next is made in `after_s` seconds."""
        super().__init__(str(error))
        self.error = error
        self.after_s = after_s
        self.most = most


def check_language(asked: str | None, spoken: Collection[str]) -> None:
    """Raise ValueError unless the option `language` is one that the model speaks, `auto`, or not given.

    Libraries differ in how they treat an unknown language: some ignore it silently.
    """
    if asked not in {None, "auto"} and own_name(asked, spoken) is None:
        raise ValueError(f"language `{asked}`: this model speaks {_named(spoken)}")


def expected_language(asked: str | None, clip: Clip, spoken: Collection[str]) -> str | None:
    """The language to tell the model, by its option `language` and the clip; None to have it detected.

    Raises ValueError for a clip in a language that the model doesn't support, unless the option fixes another: the
    transcript would be in another language, without a warning.
    """
    if asked not in {None, "auto"}:
        return own_name(asked, spoken) or asked
    tag = primary_language(clip.language) or None
    own = own_name(tag, spoken)
    detects = asked == "auto" and len(spoken) > 1
    if tag is not None and own is None and not detects:
        raise ValueError(
            f"the clip is in `{tag}`: this model speaks {_named(spoken)}. With `languages:` in its spec it is kept"
            " from data in others; `language` under `options:` has it try all the same"
        )
    return None if asked == "auto" else own


def own_name(tag: str | None, spoken: Collection[str]) -> str | None:
    """The name that a model has for a language, of those in `spoken`: Whisper's `jw` for `jv`; None for no such."""
    if tag in spoken:
        return tag
    canonical = canonical_name(tag)
    return next((name for name in spoken if tag and canonical_name(name) == canonical), None)


def _named(spoken: Collection[str]) -> str:
    named = ", ".join(sorted(spoken)[:5])
    return named if len(spoken) <= 5 else f"{len(spoken)} languages, {named} among them"


class Engine(Protocol):
    """One inference library, loaded with one model on one device.

    `Options` is a frozen dataclass whose fields are the keys a spec's `options:` may hold; give it
    `__pydantic_config__ = {"extra": "forbid"}` and bounds in `__post_init__`, so that the catalog can refuse a
    wrong spec without importing the library.

    A class may also have `needs_weights`: True where a spec must have `weights:`, False where it must have none. And
    `outside`: True where something outside its process can change its answers, such as a server. Such answers are
    measured anew in every session and never reused from a record or a journal. And `repeats`: True where calls may be
    made anew, by TryAgain.
    """

    tasks: ClassVar[frozenset[str]]
    devices: ClassVar[frozenset[str]]
    """Kinds of device it runs on, of `cpu`, `cuda`, `mps`."""
    rate: ClassVar[int]
    """Sample rate in Hz its clips come at."""
    distributions: ClassVar[tuple[str, ...]]
    """Installed distributions whose versions can change its answers; stored in every record."""
    extra: ClassVar[str]
    """What to install when the library is missing, as in `pip install 'pytest-modellab[EXTRA]'`."""
    Options: ClassVar[type[Any]]

    @classmethod
    def load(cls, request: LoadRequest) -> Engine:
        """Import the library and load the weights. Whatever it raises ends up in the record."""
        ...

    def synchronize(self) -> None:
        """Return once the device has finished all work given to it."""
        ...

    def close(self) -> None: ...


class Transcriber(Engine, Protocol):
    """An engine that does speech recognition."""

    def transcribe(self, clip: Clip) -> Transcript:
        """Recognise one clip. Lazy results are drained before it returns: the call is what is timed."""
        ...


@runtime_checkable
class BatchTranscriber(Protocol):
    """A Transcriber in which different clips can share a decoder call.

    It has an option `batch_size`: with more than 1, the lab hands it so many clips at a time.
    """

    def transcribe_batch(self, clips: Sequence[Clip]) -> Sequence[Transcript]:
        """Recognise several clips, at most `batch_size`; a transcript for each, in their order."""
        ...


@runtime_checkable
class RepeatingBatch(Protocol):
    """A BatchTranscriber that repeats calls by itself."""

    def retries(self) -> Sequence[int]:
        """How often the call for each clip of the last batch was repeated."""
        ...


class Synthesizer(Engine, Protocol):
    """An engine that speaks."""

    def synthesize(self, text: str, language: str | None) -> Iterator[Speech]:
        """Speak `text`, piece by piece as it is ready; all at once is one piece.

        The worker reads the clock at each piece: a generator that holds them back would hide its latency. All pieces
        are of one rate. None at all, or only empty ones, is an answer, too: silence.
        """
        ...


class Conversant(Engine, Protocol):
    """An engine that replies in a dialogue."""

    hears: ClassVar[bool]
    """Whether it is given what the user says aloud, or in writing."""
    speaks: ClassVar[bool]
    """Whether it answers aloud, beside the text."""

    def respond(self, turn: Turn) -> Iterator[str | Speech | Heard]:
        """Answer: pieces of text and of speech as they are ready, by which the worker reads the clock."""
        ...


class Stream(Protocol):
    """The recognition of one utterance while it is spoken."""

    def push(self, samples: NDArray[np.float32]) -> None:
        """The next samples, mono float32 of shape (n,) at the engine's rate. May block while it is busy."""
        ...

    def partials(self) -> Sequence[Partial]:
        """What has been recognised since this was last asked, the oldest first."""
        ...

    def finish(self) -> Transcript:
        """The audio is over: the final text. Blocks until there is one."""
        ...

    def close(self) -> None:
        """Release the stream, finished or not. Safe to repeat."""
        ...


@dataclass(frozen=True, slots=True)
class Settled:
    """The final text of a stream's audio up to `end_s` seconds; neither is processed again."""

    text: str
    end_s: float


@runtime_checkable
class Settling(Protocol):
    """A stream that finalizes audio as it goes: it could be restarted at `end_s` with that text as its prefix."""

    def settled(self) -> Settled:
        """The text that is final by now; `end_s` never decreases."""
        ...


@runtime_checkable
class Endpointing(Protocol):
    """A stream that may find the end of speech by itself, and marks it by `Partial.end_of_speech`."""

    @property
    def finds_ends(self) -> bool:
        """Whether it does, as it is set up."""
        ...


@runtime_checkable
class Remote(Protocol):
    """A stream that sends its audio to a server."""

    @property
    def reconnects(self) -> int:
        """The number of reconnections."""
        ...

    @property
    def waited_s(self) -> float:
        """Seconds that `push` had to wait because the server didn't take the audio any faster."""
        ...


class StreamingTranscriber(Engine, Protocol):
    """An engine that recognises speech while it is spoken."""

    def start(self, language: str | None) -> Stream: ...


@runtime_checkable
class Client(Protocol):
    """An engine whose calls go to a server."""

    def client_s(self) -> float | None:
        """Seconds of the last call, made in the same thread, until its request was sent: encoding and upload.

        None where that can't be told.
        """
        ...

    def server_cpu_s(self) -> float | None:
        """Processor seconds so far of a server on this machine; None of one elsewhere."""
        ...


@runtime_checkable
class Telling(Protocol):
    """An engine that reports what it chose at load time; a record stores it as `loaded`."""

    def facts(self) -> Mapping[str, Fact]:
        """Facts that are needed to interpret the results, such as `compute_type` or `chunk_length_s`; after `load`.

        `device` is the model's actual device, as reported by the library: `cpu`, `cuda:0`, `mps`. Where it is another
        kind of device than the requested one, the record states it and has no speed.
        """
        ...
