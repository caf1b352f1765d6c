"""transformers: Whisper, CTC models (wav2vec2, HuBERT, Parakeet-CTC), Moonshine, by the library's auto classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from pytest_modellab.core.language import canonical_name
from pytest_modellab.core.weight_kinds import as_hugging_face

from . import on_torch
from .base import MOST_IN_BATCH, Clip, LoadRequest, TimedWord, Transcript, check_language, expected_language
from .whisper_translation import check_target

Family = Literal["whisper", "ctc", "seq2seq"]

# What the library's own pipeline takes where nothing else is said; its stride is a sixth of the chunk on each side.
_CHUNK_S = 30.0


@dataclass(frozen=True)
class TransformersOptions:
    """Deterministic by default: nothing is sampled, no text carried over."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    dtype: on_torch.Dtype = "float32"
    beam_size: int = 5
    """Of models that write token after token; CTC models take the best one of each frame."""
    cpu_threads: int = 2
    language: str | None = None
    """Of multilingual Whispers: fixed language, or `auto` to have it detected; else the clip's own."""
    timestamps: bool = True
    """Whether Whisper writes timestamps along, as it does in other engines; audio beyond 30 s always has them."""
    condition_on_previous_text: bool = False
    """Whisper only: beyond 30 s, prompt each window with the text of the one before."""
    batch_size: int = 1
    """Whisper only: so many different clips share a call of the decoder; those over 30 s are recognised alone."""
    chunk_s: float | None = None
    """Cut longer audio into overlapping chunks; without it, Whisper goes on window by window, others take 30 s."""
    stride_s: float | None = None
    """Overlap on each side of a chunk; a sixth of it if not given."""
    max_tokens_per_second: float | None = None
    """Bound on what a model writes, for those that may run on and on: Moonshine's authors give 6.5."""
    attention: Literal["eager", "sdpa", "flash_attention_2"] | None = None
    """How attention is computed; by default what the library chooses."""
    trust_remote_code: bool = False
    """Run Python code that comes with the weights."""
    allow_pickle: bool = False
    """Take pytorch_model.bin where there is no safetensors file; it is read as data all the same."""

    def __post_init__(self) -> None:
        if self.beam_size < 1:
            raise ValueError("beam_size must be at least 1")
        if self.cpu_threads < 1:
            raise ValueError("cpu_threads must be at least 1: 0 would mean a number that differs by machine")
        if not 1 <= self.batch_size <= MOST_IN_BATCH:
            raise ValueError(f"batch_size must be between 1 and {MOST_IN_BATCH}")
        if self.batch_size > 1 and self.max_tokens_per_second is not None:
            raise ValueError("batch_size above 1 doesn't go with max_tokens_per_second, a bound for each clip")
        if self.batch_size > 1 and self.language == "auto":
            raise ValueError("batch_size above 1 doesn't go with `language: auto`: of a batch the library tells one")
        if self.chunk_s is not None and not 1 <= self.chunk_s <= 3600:
            raise ValueError("chunk_s must be between 1 and 3600")
        if self.stride_s is not None and not 0 <= self.stride_s < (self.chunk_s or _CHUNK_S) / 2:
            raise ValueError("stride_s must be less than half a chunk")
        if self.max_tokens_per_second is not None and self.max_tokens_per_second <= 0:
            raise ValueError("max_tokens_per_second must be more than 0")


class Transformers:
    """See <https://huggingface.co/docs/transformers/tasks/asr>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "words", "translate"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda", "mps"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("transformers", "torch", "tokenizers", "safetensors")
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "transformers"
    Options: ClassVar[type[Any]] = TransformersOptions

    def __init__(self, pipeline: Any, options: TransformersOptions) -> None:
        self._pipeline = pipeline
        self._model = pipeline.model
        self._options = options
        self._family: Family = {"seq2seq_whisper": "whisper", "seq2seq": "seq2seq"}.get(pipeline.type, "ctc")  # type: ignore[assignment]  # dict.get widens literals
        generation = getattr(self._model, "generation_config", None)
        self._multilingual = self._family == "whisper" and bool(getattr(generation, "is_multilingual", False))
        self._spoken: tuple[str, ...] = ()
        if self._family == "whisper":
            tokens = generation.lang_to_id if generation is not None and self._multilingual else ("en",)
            self._spoken = tuple(token.strip("<|>") for token in tokens)
            check_language(options.language, self._spoken)
        self._chunk_s = self._chunk_length()
        if options.batch_size > 1 and self._family != "whisper":
            raise ValueError(f"batch_size above 1 goes with Whisper, not with {type(self._model).__name__}")

    @classmethod
    def load(cls, request: LoadRequest) -> Transformers:
        options = TransformersOptions(**request.options)
        folder = request.weights
        if folder is None:
            raise ValueError("transformers needs `weights:` in the model's spec")
        if wrong := as_hugging_face(folder):
            raise ValueError(wrong)
        _refuse_pickle(folder, options)
        import torch
        from transformers import (
            AutoConfig,
            AutoFeatureExtractor,
            AutomaticSpeechRecognitionPipeline,
            AutoModelForCTC,
            AutoModelForSpeechSeq2Seq,
            AutoTokenizer,
        )

        device = on_torch.begin(request.device, options.dtype, options.cpu_threads)
        source = {"local_files_only": True, "trust_remote_code": options.trust_remote_code}
        try:
            config = AutoConfig.from_pretrained(folder, **source)
            generates = type(config) in AutoModelForSpeechSeq2Seq._model_mapping or any(
                "AutoModelForSpeechSeq2Seq" in name for name in getattr(config, "auto_map", None) or {}
            )
            model = (AutoModelForSpeechSeq2Seq if generates else AutoModelForCTC).from_pretrained(
                folder,
                config=config,
                dtype=getattr(torch, options.dtype),
                attn_implementation=options.attention,
                use_safetensors=None if options.allow_pickle else True,
                weights_only=True,
                **source,
            )
            pipeline = AutomaticSpeechRecognitionPipeline(
                model=model.to(device).eval(),
                feature_extractor=AutoFeatureExtractor.from_pretrained(folder, **source),
                tokenizer=AutoTokenizer.from_pretrained(folder, **source),
                device=device,
            )
        except ValueError as error:
            if "trust_remote_code" not in str(error):
                raise
            raise ValueError(
                f"{folder} brings Python code of its own, which is not run. If you have read it and trust it, say "
                "`trust_remote_code: true` under `options:` in the model's spec"
            ) from error
        return cls(pipeline, options)

    def transcribe(self, clip: Clip) -> Transcript:
        arguments = self._arguments(clip)
        found = self._pipeline({"raw": clip.samples, "sampling_rate": clip.rate}, **arguments)
        return _transcript(found, arguments)

    def transcribe_words(self, clip: Clip) -> Transcript:
        """Words with their times, by Whisper's cross-attention or CTC's frames; the library tells no probabilities."""
        if self._family == "seq2seq":
            raise ValueError(f"{type(self._model).__name__} tells no times of words")
        arguments = {**self._arguments(clip), "return_timestamps": "word"}
        if self._family == "whisper":
            self._align()
        found = self._pipeline({"raw": clip.samples, "sampling_rate": clip.rate}, **arguments)
        words = [TimedWord(each["text"], *each["timestamp"]) for each in found["chunks"]]
        return replace(_transcript(found, arguments), words=tuple(words))

    def translate(self, clip: Clip, target: str) -> Transcript:
        if self._family != "whisper":
            raise ValueError(f"{type(self._model).__name__} translates nothing")
        check_target(target, multilingual=self._multilingual)
        arguments = self._arguments(clip)
        arguments["generate_kwargs"]["task"] = "translate"
        return _transcript(self._pipeline({"raw": clip.samples, "sampling_rate": clip.rate}, **arguments), arguments)

    def _align(self) -> None:
        """Where the weights don't say which heads align, take those of the decoder's upper half, as Whisper does."""
        generation, config = self._model.generation_config, self._model.config
        if getattr(generation, "alignment_heads", None) is None:
            layers, heads = config.decoder_layers, config.decoder_attention_heads
            generation.alignment_heads = [[i, j] for i in range(layers // 2, layers) for j in range(heads)]

    def transcribe_batch(self, clips: Sequence[Clip]) -> list[Transcript]:
        """Clips in one language share a call of the decoder.

        Those over 30 s are alone, and those whose language is to be detected: of a batch the library tells only one.
        """
        found: dict[int, Transcript] = {}
        short: dict[str | None, list[int]] = {}
        for i, clip in enumerate(clips):
            language = expected_language(self._options.language, clip, self._spoken)
            if clip.seconds > _CHUNK_S or (language is None and self._multilingual):
                found[i] = self.transcribe(clip)
            else:
                short.setdefault(language, []).append(i)
        for places in short.values():
            arguments = self._arguments(clips[places[0]])
            inputs = [{"raw": clips[i].samples, "sampling_rate": clips[i].rate} for i in places]
            texts = self._pipeline(inputs, batch_size=len(inputs), **arguments)
            found |= {i: _transcript(each, arguments) for i, each in zip(places, texts, strict=True)}
        return [found[i] for i in range(len(clips))]

    def _arguments(self, clip: Clip) -> dict[str, Any]:
        """How the library's pipeline is called for a clip."""
        options = self._options
        arguments: dict[str, Any] = {}
        generation: dict[str, Any] = {}
        language: str | None = None
        if self._family == "whisper":
            language = expected_language(options.language, clip, self._spoken)
        if self._family != "ctc":
            generation = {"num_beams": options.beam_size, "do_sample": False}
            if options.max_tokens_per_second is not None:
                at_once = min(clip.seconds, self._chunk_s or _CHUNK_S)
                generation["max_new_tokens"] = max(1, round(options.max_tokens_per_second * at_once))
        if self._family == "whisper":
            arguments["return_timestamps"] = options.timestamps or clip.seconds > _CHUNK_S
            generation["condition_on_prev_tokens"] = options.condition_on_previous_text
        if self._multilingual:
            generation |= {"language": language, "task": "transcribe"}
            arguments["return_language"] = language is None
        if self._chunk_s is not None and clip.seconds > self._chunk_s:
            arguments |= {"chunk_length_s": self._chunk_s, "stride_length_s": options.stride_s, "ignore_warning": True}
        if generation:
            arguments["generate_kwargs"] = generation
        return arguments

    def facts(self) -> dict[str, str | int | float | bool | None]:
        if self._chunk_s is not None:
            long_audio = "overlapping chunks, by the library's pipeline"
        elif self._family == "whisper":
            long_audio = "window after window, by the library's Whisper"
        else:
            long_audio = "whole"
        return {
            "device": str(self._model.device),
            "dtype": str(self._model.dtype).removeprefix("torch."),
            "cpu_threads": self._options.cpu_threads,
            "attention": getattr(self._model.config, "_attn_implementation", None),
            "family": self._family,
            "architecture": type(self._model).__name__,
            "decoding": "best token of each frame" if self._family == "ctc" else f"beam {self._options.beam_size}",
            "long_audio": long_audio,
            "chunk_s": _CHUNK_S if self._family == "whisper" and self._chunk_s is None else self._chunk_s,
            "remote_code": self._options.trust_remote_code,
        }

    def synchronize(self) -> None:
        on_torch.wait_for(self._model.device)

    def close(self) -> None:
        del self._pipeline, self._model

    def _chunk_length(self) -> float | None:
        """Seconds that longer audio is cut into; None where the model takes it by other means."""
        if self._family == "ctc" and getattr(self._model.config, "inputs_to_logits_ratio", None) is None:
            # The pipeline can't tell which frames of such models to drop where chunks overlap.
            if self._options.chunk_s is not None:
                raise ValueError(f"chunk_s doesn't go with {type(self._model).__name__}, which takes audio whole")
            return None
        if self._family == "whisper":
            return self._options.chunk_s
        return self._options.chunk_s or _CHUNK_S


def _refuse_pickle(folder: Path, options: TransformersOptions) -> None:
    """Raise ValueError for weights that are no safetensors, unless they are allowed."""
    if options.allow_pickle or any(folder.glob("*.safetensors")):
        return
    if pickles := sorted(path.name for path in folder.glob("*.bin")):
        raise ValueError(
            f"{folder} holds its weights as a pickle only ({', '.join(pickles)}). Take a revision that has "
            "model.safetensors, or say `allow_pickle: true` under `options:` to have it read as data"
        )


def _transcript(found: Mapping[str, Any], arguments: Mapping[str, Any]) -> Transcript:
    detected = _tag(found.get("chunks", ())) if arguments.get("return_language") else None
    return Transcript(found["text"].strip(), detected)


def _tag(chunks: Any) -> str | None:
    """The tag of the first language that the library names in what it heard (it says `english`)."""
    from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

    named = next((chunk["language"] for chunk in chunks if chunk.get("language")), None)
    return None if named is None else canonical_name(TO_LANGUAGE_CODE.get(named, named))
