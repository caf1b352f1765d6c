"""A language model through transformers: text in, text out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from . import on_torch
from .base import Fact, LoadRequest, Turn
from .gguf_reading import read_once

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class TransformersLlmOptions:
    """Deterministic by default: greedy decoding."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    dtype: on_torch.Dtype = "float32"
    cpu_threads: int = 2
    max_new_tokens: int = 256
    """A reply that is not over by then is cut off."""
    system_prompt: str | None = None
    """What the model is told before the dialogue; by default what its own template says, if anything."""
    temperature: float = 0.0
    """0 for the likeliest token."""
    top_k: int = 50
    """Where the temperature lets chance in, so many of the likeliest tokens take part."""
    repetition_penalty: float = 1.0
    seed: int = 0
    """Of every reply anew, where the temperature lets chance in."""
    attention: Literal["eager", "sdpa", "flash_attention_2"] | None = None
    """How attention is computed; by default what the library chooses."""

    def __post_init__(self) -> None:
        for name in ("cpu_threads", "max_new_tokens", "top_k"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if not 0 <= self.temperature <= 2:
            raise ValueError("temperature must be between 0 and 2")
        if not 0 < self.repetition_penalty <= 10:
            raise ValueError("repetition_penalty must be more than 0 and at most 10")


class TransformersLlm:
    """Any causal language model with a chat template, as safetensors or as one GGUF file.

    See <https://huggingface.co/docs/transformers/llm_tutorial> and <https://huggingface.co/docs/transformers/gguf>.
    """

    tasks: ClassVar[frozenset[str]] = frozenset({"chat"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda", "mps"})
    rate: ClassVar[int] = 16_000
    hears: ClassVar[bool] = False
    speaks: ClassVar[bool] = False
    distributions: ClassVar[tuple[str, ...]] = (
        "transformers",
        "torch",
        "tokenizers",
        "safetensors",
        "gguf",
        "accelerate",
    )
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "llm"
    Options: ClassVar[type[Any]] = TransformersLlmOptions

    def __init__(self, model: Any, tokenizer: Any, options: TransformersLlmOptions) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> TransformersLlm:
        if request.weights is None:
            raise ValueError("transformers-llm needs `weights:` in the model's spec")
        options = TransformersLlmOptions(**request.options)
        # Everything is in the folder; the library would ask the hub for news of it.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        device = on_torch.begin(request.device, options.dtype, options.cpu_threads)
        source = {"local_files_only": True, **_form(request.weights)}
        with read_once() if "gguf_file" in source else nullcontext():
            tokenizer = AutoTokenizer.from_pretrained(request.weights, **source)
            if tokenizer.chat_template is None:
                raise ValueError(f"{request.weights} holds no chat template: this is no model that one can talk to")
            model = AutoModelForCausalLM.from_pretrained(
                request.weights, dtype=getattr(torch, options.dtype), attn_implementation=options.attention, **source
            )
        return cls(model.to(device).eval(), tokenizer, options)

    def respond(self, turn: Turn) -> Iterator[str]:
        """The reply in pieces of text, each as soon as it can't change any more: words, as a rule."""
        if turn.text is None:
            raise ValueError("transformers-llm is given what was said in writing, and got none")
        ids = self._tokenizer.apply_chat_template(
            self._messages(turn), add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).to(self._model.device)
        pieces: SimpleQueue[str | BaseException | None] = SimpleQueue()
        unwanted = Event()
        thread = Thread(target=self._generate, args=(ids, pieces, unwanted), daemon=True)
        thread.start()
        begun = False
        try:
            while (piece := pieces.get()) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                # What stands before the first word is no part of a reply.
                piece = piece if begun else piece.lstrip()
                if piece:
                    begun = True
                    yield piece
        finally:
            # Whoever stops listening ends the work as well: it would go on beside the next turn.
            unwanted.set()
            thread.join()

    def _messages(self, turn: Turn) -> list[dict[str, str]]:
        """The dialogue as chat templates take it."""
        messages = []
        if self._options.system_prompt is not None:
            messages.append({"role": "system", "content": self._options.system_prompt})
        for past in turn.history:
            said = past.text if past.text is not None else past.heard
            messages.append({"role": "user", "content": said or ""})
            messages.append({"role": "assistant", "content": past.reply})
        messages.append({"role": "user", "content": turn.text or ""})
        return messages

    def _generate(self, ids: Any, pieces: SimpleQueue[str | BaseException | None], unwanted: Event) -> None:
        """Write to `pieces` until the reply is over (None) or something is wrong (what was raised)."""
        try:
            import torch
            from transformers import StoppingCriteriaList, TextStreamer

            class Queued(TextStreamer):  # type: ignore[misc]  # of a library without types
                def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
                    pieces.put(text)

            def stop(input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
                return torch.full((input_ids.shape[0],), unwanted.is_set(), dtype=torch.bool, device=input_ids.device)

            options = self._options
            torch.manual_seed(options.seed)
            chance = options.temperature > 0
            with torch.inference_mode():
                self._model.generate(
                    **ids,
                    max_new_tokens=options.max_new_tokens,
                    do_sample=chance,
                    temperature=options.temperature if chance else None,
                    top_k=options.top_k if chance else None,
                    top_p=None,
                    repetition_penalty=options.repetition_penalty,
                    pad_token_id=self._tokenizer.pad_token_id or self._tokenizer.eos_token_id,
                    stopping_criteria=StoppingCriteriaList([stop]),
                    streamer=Queued(self._tokenizer, skip_prompt=True, skip_special_tokens=True),
                )
        except BaseException as error:  # whatever it is, it is the caller's
            pieces.put(error)
        else:
            pieces.put(None)

    def facts(self) -> dict[str, Fact]:
        return {
            "device": str(self._model.device),
            "dtype": str(self._model.dtype).removeprefix("torch."),
            "cpu_threads": self._options.cpu_threads,
            "attention": getattr(self._model.config, "_attn_implementation", None),
            "architecture": type(self._model).__name__,
            "parameters": sum(each.numel() for each in self._model.parameters()),
            "decoding": "likeliest token" if self._options.temperature == 0 else "sampled",
        }

    def synchronize(self) -> None:
        on_torch.wait_for(self._model.device)

    def close(self) -> None:
        del self._model, self._tokenizer


def _form(folder: Path) -> dict[str, Any]:
    """How the library is told to read a folder: its one GGUF file, or safetensors and never a pickle."""
    found = sorted(path.name for path in folder.glob("*.gguf"))
    if len(found) > 1:
        raise ValueError(f"{folder} holds several GGUF files ({', '.join(found)}): name just one under `files:`")
    return {"gguf_file": found[0]} if found else {}
