"""openai-audio: models behind a server with OpenAI's interface, over HTTP: recognition, synthesis, dialogue."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from time import sleep
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_modellab.core.language import primary_language

from .base import Clip, Heard, LoadRequest, Speech, TimedWord, Transcript, TryAgain, Turn
from .openai_client import BadAnswer, ConnectionLost, OpenAiClient, ServerError
from .openai_options import OpenAiOptions
from .pcm import speech, speech_of_wav, wav

if TYPE_CHECKING:
    from .openai_realtime import RealtimeStream

TOLD_HEADERS = ("server", "openai-version", "x-version", "x-server-version")
"""Headers by which servers tell what they are."""
MOST_MODELS = 20


class OpenAiAudio:
    """See <https://platform.openai.com/docs/api-reference/audio>.

    Times include the server and the network; memory and processor time are the client's alone.
    """

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "words", "translate", "tts", "chat", "streaming", "load"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("httpx2",)
    needs_weights: ClassVar[bool] = False
    outside: ClassVar[bool] = True
    repeats: ClassVar[bool] = True
    hears: ClassVar[bool] = True
    speaks: ClassVar[bool] = True
    extra: ClassVar[str] = "served"
    Options: ClassVar[type[Any]] = OpenAiOptions

    def __init__(self, options: OpenAiOptions, client: OpenAiClient, told: dict[str, str]) -> None:
        self._options = options
        self._client = client
        self._told = told
        self._retries: Sequence[int] = ()

    @classmethod
    def load(cls, request: LoadRequest) -> OpenAiAudio:
        """Ask the server for its models.

        Raises ConnectionError for a server that isn't there, ServerError for one that refuses the key, ValueError for a
        key that isn't in the environment.
        """
        options = OpenAiOptions(**request.options)
        client = OpenAiClient(options)
        told: dict[str, str] = {}
        try:
            listed, headers = client.get("models")
            told = {name: headers[name][:80] for name in TOLD_HEADERS if name in headers}
            told |= {"models": ", ".join(_models(listed))}
        except TryAgain as again:
            if isinstance(again.error, ConnectionLost):
                raise ConnectionError(
                    f"no server at {options.shown}: {again.error}. Start one there, such as `modellab serve-models"
                    " MODEL`, or set `url` in the model's spec"
                ) from None
            raise again.error from None
        except (ServerError, BadAnswer) as error:
            # Some servers list no models. One that refuses the key says so at the first call, and here.
            if "answers 401" in str(error) or "answers 403" in str(error):
                raise
        return cls(options, client, {name: client.hidden(value) for name, value in told.items()})

    def transcribe(self, clip: Clip) -> Transcript:
        return self._transcript(clip, {"response_format": self._options.response_format}, stream=self._options.stream)[
            0
        ]

    def transcribe_words(self, clip: Clip) -> Transcript:
        """Words with their times, which only `verbose_json` has, and never as events."""
        asked = {"response_format": "verbose_json", "timestamp_granularities[]": "word"}
        transcript, said = self._transcript(clip, asked, stream=False)
        listed = said.get("words")
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise BadAnswer(
                f"{self._options.shown} sent no `words`: it doesn't know `timestamp_granularities[]=word`, or this"
                " model has none"
            )
        return replace(transcript, words=tuple(map(_word, listed)))

    def translate(self, clip: Clip, target: str) -> Transcript:
        if primary_language(target) != "en":
            raise ValueError(f"the interface translates into English alone, and `target` is {target}")
        return self._transcript(clip, {"response_format": self._options.response_format}, stream=False, translate=True)[
            0
        ]

    def _transcript(
        self, clip: Clip, asked: Mapping[str, str], *, stream: bool, translate: bool = False
    ) -> tuple[Transcript, Mapping[str, Any]]:
        """The transcript, and the whole answer where it doesn't come as events."""
        options = self._options
        self._client.begin()
        language = primary_language(clip.language) if options.language is None else options.language
        form = {
            "model": options.model,
            **asked,
            "temperature": f"{options.temperature:g}",
            # The interface's translations take no language: the model finds it out.
            **({"language": language} if language not in {None, "", "auto"} and not translate else {}),
            **({"prompt": options.prompt} if options.prompt else {}),
            **({"stream": "true"} if stream else {}),
            **{
                name: str(value).lower() if isinstance(value, bool) else str(value)
                for name, value in options.extra.items()
            },
        }
        files = {"file": ("audio.wav", wav(clip), "audio/wav")}
        place = "audio/translations" if translate else "audio/transcriptions"
        with self._client.post(place, data=form, files=files) as response:
            if stream:
                return Transcript(_streamed_text(self._client.events(response), options.shown)), {}
            said = self._client.parsed(response)
        if isinstance(said, dict) and said.get("error"):
            raise ServerError(f"{options.shown} says: {said['error']!r:.200}")
        if not isinstance(said, dict) or not isinstance(said.get("text"), str):
            raise BadAnswer(self._client.hidden(f"{options.shown} sent no `text`: {said!r:.120}"))
        detected = said.get("language") if language in {None, "", "auto"} else None
        return Transcript(said["text"].strip(), _tag(detected)), said

    def transcribe_batch(self, clips: Sequence[Clip]) -> list[Transcript]:
        """So many requests at once; what of them the server decodes together is its own business."""
        with ThreadPoolExecutor(len(clips)) as threads:
            answered = list(threads.map(self._repeated, clips))
        self._retries = [retries for _, retries in answered]
        return [transcript for transcript, _ in answered]

    def retries(self) -> Sequence[int]:
        return self._retries

    def _repeated(self, clip: Clip) -> tuple[Transcript, int]:
        """The transcript, and how often its call was repeated. Raises what the last call raised."""
        retries = 0
        while True:
            try:
                return self.transcribe(clip), retries
            except TryAgain as again:
                if retries >= again.most:
                    raise again.error from None
                retries += 1
                sleep(again.after_s)

    def synthesize(self, text: str, language: str | None) -> Iterator[Speech]:
        options = self._options
        self._client.begin()
        wanted: dict[str, Any] = {"model": options.model, "input": text, "voice": options.voice}
        wanted |= {"response_format": options.speech_format}
        wanted |= {"instructions": options.instructions} if options.instructions else {}
        wanted |= options.extra
        with self._client.post("audio/speech", json=wanted) as response:
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind.startswith("text/") or kind.endswith("json"):
                response.read()
                raise BadAnswer(self._client.hidden(f"{options.shown} sent {kind}, no sound: {response.text!r:.120}"))
            pieces = self._client.body(response)
            spoken = speech_of_wav(pieces) if options.speech_format == "wav" else speech(pieces, options.speech_rate)
            try:
                yield from spoken
            except ValueError as error:
                raise BadAnswer(f"{options.shown}: {error}") from None

    def respond(self, turn: Turn) -> Iterator[str | Speech | Heard]:
        options = self._options
        self._client.begin()
        wanted = {
            "model": options.model,
            "messages": list(_messages(turn, options.instructions)),
            "modalities": ["text", "audio"],
            "audio": {"voice": options.voice, "format": "pcm16"},
            "temperature": options.temperature,
            "stream": True,
            **options.extra,
        }
        with self._client.post("chat/completions", json=wanted) as response:
            for event in self._client.events(response):
                yield from _pieces(event, options)

    def start(self, language: str | None) -> RealtimeStream:
        from .openai_realtime import RealtimeStream

        asked = self._options.language or primary_language(language)
        return RealtimeStream(self._options, self._client, asked, self.rate)

    def client_s(self) -> float | None:
        return self._client.client_s()

    def server_cpu_s(self) -> float | None:
        return self._client.server_cpu_s()

    def server_rss_bytes(self) -> int | None:
        return self._client.server_rss_bytes()

    def facts(self) -> dict[str, str | int | float | bool | None]:
        return {"address": self._options.shown, "model": self._options.model, **self._told}

    def synchronize(self) -> None:
        """Nothing to wait for: what the server's device does is told by its answers."""

    def close(self) -> None:
        self._client.close()


def _field(value: str | int | float | bool) -> str:
    """A value as a form has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _word(said: Mapping[str, Any]) -> TimedWord:
    """A word of `verbose_json`; some servers tell a probability, too. What is no number isn't told."""
    found = {key: said.get(key) for key in ("start", "end", "probability")}
    known = {
        key: float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        for key, value in found.items()
    }
    return TimedWord(str(said.get("word", "")), known["start"], known["end"], known["probability"])


def _models(listed: Any) -> list[str]:
    """Names of models, as the interface lists them; none where it is listed otherwise."""
    data = listed.get("data") if isinstance(listed, dict) else None
    found = [each["id"] for each in data if isinstance(each, dict) and "id" in each] if isinstance(data, list) else []
    return [str(name)[:80] for name in found[:MOST_MODELS]]


def _streamed_text(events: Iterable[dict[str, Any]], shown: str) -> str:
    """The text of `transcript.text.delta` and `.done`. Raises BadAnswer where it isn't done."""
    text: str | None = None
    for event in events:  # to their end: an error may follow the text
        if event.get("type") == "transcript.text.done" and isinstance(event.get("text"), str):
            text = str(event["text"]).strip()
    if text is None:
        raise BadAnswer(f"{shown} ended its events before `transcript.text.done`")
    return text


def _tag(language: Any) -> str | None:
    """A tag for a language that a server names by a tag or in English; None where it isn't known."""
    if not isinstance(language, str) or not language:
        return None
    if len(language) <= 3:
        return language
    with suppress(ImportError, LookupError):
        import langcodes

        return str(langcodes.find(language).language)
    return None


def _messages(turn: Turn, instructions: str | None) -> Iterator[dict[str, Any]]:
    """A dialogue as the interface has it."""
    if instructions:
        yield {"role": "system", "content": instructions}
    for past in turn.history:
        yield {"role": "user", "content": _content(past.clip, past.text)}
        yield {"role": "assistant", "content": past.reply}
    yield {"role": "user", "content": _content(turn.clip, turn.text)}


def _content(clip: Clip | None, text: str | None) -> Any:
    if clip is None:
        return text or ""
    data = base64.b64encode(wav(clip)).decode("ascii")
    return [{"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}]


def _pieces(event: dict[str, Any], options: OpenAiOptions) -> Iterator[str | Speech]:
    """What an event of a reply brings. Raises BadAnswer."""
    try:
        delta = event["choices"][0]["delta"] if event.get("choices") else {}
        sound = delta.get("audio") or {}
        text = delta.get("content") or sound.get("transcript")
        data = base64.b64decode(sound["data"], validate=True) if sound.get("data") else b""
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        raise BadAnswer(f"{options.shown} sent no piece of a reply: {event!r:.120}") from None
    if text:
        yield str(text)
    if data:
        try:
            yield from speech([data], options.speech_rate)
        except ValueError as error:
            raise BadAnswer(f"{options.shown}: {error}") from None
