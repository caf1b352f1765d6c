"""Engines that recognise several clips at once: as one by one, in fewer calls of the decoder."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from faulty_openai import Asked, FaultyOpenAi, Told
from pydantic import TypeAdapter, ValidationError

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog.datasets import prepare
from pytest_modellab.catalog.load import load
from pytest_modellab.catalog.weights import local_folder
from pytest_modellab.engines import faster_whisper_batch
from pytest_modellab.engines.base import BatchTranscriber, Clip, DeviceRef, LoadRequest, RepeatingBatch
from pytest_modellab.engines.faster_whisper import FasterWhisper, FasterWhisperOptions
from pytest_modellab.engines.openai_audio import OpenAiAudio
from pytest_modellab.engines.openai_client import ServerBusy
from pytest_modellab.engines.openai_options import OpenAiOptions
from pytest_modellab.engines.transformers_asr import Transformers, TransformersOptions
from pytest_modellab.tasks.asr import handler

ROOT = Path(__file__).parents[2]
RATE = 16_000


def clip(seconds: float, language: str | None = "en") -> Clip:
    return Clip(np.full(round(seconds * RATE), 0.1, np.float32), RATE, language)


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        (FasterWhisperOptions, {"batch_size": 0}, "batch_size must be between 1 and 256"),
        (FasterWhisperOptions, {"batch_size": 2, "initial_prompt": "x"}, "doesn't go with initial_prompt: clips are"),
        (FasterWhisperOptions, {"batch_size": 2, "temperature": 0.2}, r"doesn't go with temperature \(above 0, or"),
        (
            FasterWhisperOptions,
            {"batch_size": 2, "condition_on_previous_text": True, "hallucination_silence_threshold": 2.0},
            "doesn't go with condition_on_previous_text, hallucination_silence_threshold",
        ),
        (TransformersOptions, {"batch_size": 257}, "batch_size must be between 1 and 256"),
        (TransformersOptions, {"batch_size": 2, "language": "auto"}, "doesn't go with `language: auto`"),
        (TransformersOptions, {"batch_size": 2, "max_tokens_per_second": 6.5}, "doesn't go with max_tokens_per_second"),
        (OpenAiOptions, {"url": "http://127.0.0.1/v1", "model": "m", "batch_size": 0}, "batch_size must be between"),
    ],
)
def test_what_is_refused(kind: type[Any], options: dict[str, Any], said: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    with pytest.raises(ValidationError, match=said):
        adapter.validate_python(options)


class Spy:
    """The library's decoder, which counts its calls."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.sizes: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, encoded: Any, prompts: Sequence[Any], **options: Any) -> Any:
        self.sizes.append(len(prompts))
        return self._model.generate(encoded, prompts, **options)


class TestFasterWhisper:
    @contextmanager
    def loaded(self, model: str, **options: Any) -> Iterator[tuple[FasterWhisper, Spy]]:
        catalog = load(ROOT / "fixtures", ROOT)
        folder = local_folder(catalog.models[model], catalog, Store())
        options = {"compute_type": "int8", "beam_size": 1, **options}
        engine = FasterWhisper.load(LoadRequest(DeviceRef("cpu"), options, folder))
        engine._model.model = spy = Spy(engine._model.model)
        try:
            yield engine, spy
        finally:
            engine.close()

    def clips(self, *ids: int) -> list[Clip]:
        catalog = load(ROOT / "fixtures", ROOT)
        utterances = prepare(catalog.datasets["smoke-en"], catalog, Store()).utterances
        return [utterances[i].clip(RATE) for i in ids]

    def test_different_clips_share_a_call(self) -> None:
        with self.loaded("faster-whisper-tiny.en", batch_size=4) as (engine, spy):
            assert isinstance(engine, BatchTranscriber)
            clips = self.clips(0, 1, 2, 3)
            alone = [engine.transcribe(each) for each in clips]
            assert spy.sizes == [1] * 4
            spy.sizes.clear()
            assert list(engine.transcribe_batch(clips)) == alone
            assert spy.sizes == [4]

    def test_a_long_clip_goes_on_when_the_others_are_done(self) -> None:
        with self.loaded("faster-whisper-tiny.en", batch_size=2, vad_filter=True) as (engine, spy):
            short, *others = self.clips(0, 1, 2, 3, 4)
            long = Clip(np.concatenate([each.samples for each in [*others, *others]]), RATE, "en")
            assert long.seconds > 30
            alone = [engine.transcribe(each) for each in (short, long)]
            windows = len(spy.sizes)
            assert list(engine.transcribe_batch([short, long])) == alone
            assert spy.sizes[windows:] == [2] + [1] * (windows - 2)

    def test_languages_are_detected_each_by_itself(self) -> None:
        with self.loaded("faster-whisper-base", batch_size=2, language="auto") as (engine, _spy):
            clips = self.clips(0, 1)
            found = engine.transcribe_batch(clips)
            assert [each.language for each in found] == ["en", "en"]
            assert found == [engine.transcribe(each) for each in clips]

    def test_nothing_is_heard_in_silence(self) -> None:
        with self.loaded("faster-whisper-tiny.en", batch_size=2) as (engine, _spy):
            silence = Clip(np.zeros(RATE, np.float32), RATE, "en")
            assert engine.transcribe_batch([silence]) == [engine.transcribe(silence)]

    def test_the_default_of_the_library_is_what_single_clips_get(self) -> None:
        transcribe = pytest.importorskip("faster_whisper").WhisperModel.transcribe
        import inspect

        defaults = {name: each.default for name, each in inspect.signature(transcribe).parameters.items()}
        assert defaults["max_initial_timestamp"] == faster_whisper_batch.LATEST_FIRST_TIMESTAMP_S
        assert defaults["no_speech_threshold"] == faster_whisper_batch.NO_SPEECH_ABOVE
        assert defaults["log_prob_threshold"] == faster_whisper_batch.NO_SPEECH_UNLESS_ABOVE
        assert defaults["suppress_tokens"] == [-1]
        assert (defaults["length_penalty"], defaults["repetition_penalty"], defaults["patience"]) == (1, 1, 1)


class Pipeline:
    """A stand-in for the library's, which keeps what it is given."""

    def __init__(self, kind: str = "seq2seq_whisper") -> None:
        self.type = kind
        generation = SimpleNamespace(is_multilingual=True, lang_to_id={"<|en|>": 1, "<|de|>": 2})
        self.model = SimpleNamespace(generation_config=generation, config=SimpleNamespace(inputs_to_logits_ratio=320))
        self.calls: list[tuple[int, Any]] = []

    def __call__(self, inputs: Any, **arguments: Any) -> Any:
        language = arguments["generate_kwargs"]["language"]
        if isinstance(inputs, list):
            assert arguments["batch_size"] == len(inputs)
            self.calls.append((len(inputs), language))
            return [{"text": f" {len(each['raw'])} "} for each in inputs]
        self.calls.append((1, language))
        return {"text": f" {len(inputs['raw'])} ", "chunks": [{"language": "german"}]}


class TestTransformers:
    def test_clips_of_a_language_share_a_call(self) -> None:
        pipeline = Pipeline()
        engine = Transformers(pipeline, TransformersOptions(batch_size=8))
        clips = [clip(1), clip(2, "de"), clip(31), clip(3), clip(4, "de")]
        found = engine.transcribe_batch(clips)
        assert [each.text for each in found] == [str(len(each.samples)) for each in clips]
        assert pipeline.calls == [(1, "en"), (2, "en"), (2, "de")]

    def test_a_language_to_be_detected_is_detected_alone(self) -> None:
        pytest.importorskip("transformers")
        pipeline = Pipeline()
        engine = Transformers(pipeline, TransformersOptions(batch_size=8))
        found = engine.transcribe_batch([clip(1), clip(1, None), clip(1)])
        assert [each.language for each in found] == [None, "de", None]
        assert pipeline.calls == [(1, None), (2, "en")]

    def test_other_families_have_no_batches(self) -> None:
        with pytest.raises(ValueError, match="batch_size above 1 goes with Whisper, not with SimpleNamespace"):
            Transformers(Pipeline("ctc"), TransformersOptions(batch_size=2))


class TestOpenAi:
    @contextmanager
    def served(self, answers: Any, **options: Any) -> Iterator[tuple[OpenAiAudio, FaultyOpenAi]]:
        with FaultyOpenAi({"audio/transcriptions": answers}) as server:
            options = {"url": server.url, "model": "tiny", "batch_size": 3, **options}
            engine = OpenAiAudio.load(LoadRequest(DeviceRef("cpu"), options, None))
            try:
                yield engine, server
            finally:
                engine.close()

    def test_requests_are_made_at_once(self) -> None:
        together = threading.Barrier(3)

        def answer(asked: Asked) -> Told:
            return Told({"text": str(len(asked.form["file"]))})

        with self.served(answer) as (engine, server):
            assert isinstance(engine, BatchTranscriber)
            assert isinstance(engine, RepeatingBatch)
            transcribe = engine.transcribe

            def meeting(each: Clip) -> Any:
                together.wait(10)  # none goes on before all are there
                return transcribe(each)

            engine.transcribe = meeting  # type: ignore[method-assign, assignment]  # the test's view of it
            found = engine.transcribe_batch([clip(3), clip(2), clip(1)])
            assert [int(each.text) // RATE for each in found] == [6, 4, 2]
            assert engine.retries() == [0, 0, 0]
            assert len(server.calls("audio/transcriptions")) == 3

    def test_a_call_is_repeated_by_itself(self) -> None:
        busy = Told({"error": "busy"}, 429, {"Retry-After": "0"})
        with self.served([busy, Told({"text": "one"})]) as (engine, _):
            message = {"op": "transcribe_batch", "rate": RATE, "samples": [10, 10], "languages": ["en", "en"]}
            reply, _ = handler.answer(engine, message, np.zeros(20, "<f4").tobytes())
            assert reply["texts"] == ["one", "one"]
            assert sorted(reply["retries_each"]) == [0, 1]

    def test_what_fails_in_the_end_fails_the_batch(self) -> None:
        busy = Told({"error": "busy"}, 429, {"Retry-After": "0"})
        with self.served([busy], retries=1) as (engine, server), pytest.raises(ServerBusy, match="429: busy"):
            engine.transcribe_batch([clip(1)])
        assert len(server.calls("audio/transcriptions")) == 2
