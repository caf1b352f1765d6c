"""Words with times, and translations, out of stand-ins for each library's answers."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from faulty_openai import FaultyOpenAi, Told

from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest, TimedWord, Transcript
from pytest_modellab.engines.cascade import Cascade, CascadeOptions
from pytest_modellab.engines.faster_whisper import FasterWhisper, FasterWhisperOptions
from pytest_modellab.engines.moonshine_voice import ALIGNMENT, MoonshineVoice, MoonshineVoiceOptions
from pytest_modellab.engines.onnx_asr import words_of
from pytest_modellab.engines.openai_audio import OpenAiAudio
from pytest_modellab.engines.openai_whisper import OpenAIWhisper, OpenAIWhisperOptions
from pytest_modellab.engines.pocketsphinx import PocketSphinx, PocketSphinxOptions
from pytest_modellab.engines.transformers_asr import Transformers, TransformersOptions
from pytest_modellab.engines.whisper_cpp import WhisperCpp, WhisperCppOptions

CLIP = Clip(np.zeros(16_000, np.float32), 16_000, "en")
SPANISH = Clip(np.zeros(16_000, np.float32), 16_000, "es")


def piece(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**fields)


class TestFasterWhisper:
    def engine(self) -> tuple[FasterWhisper, dict[str, Any]]:
        called: dict[str, Any] = {}

        def transcribe(samples: Any, **options: Any) -> Any:
            called.update(options)
            word = piece(word=" One", start=0.1, end=0.4, probability=0.9)
            timed = [word] if options["word_timestamps"] else None
            return iter([piece(text=" One.", words=timed)]), piece(language="en")

        model: Any = piece(
            transcribe=transcribe,
            supported_languages=("en", "es"),
            model=piece(is_multilingual=True),
            hf_tokenizer=piece(token_to_id=lambda token: 1),
        )
        return FasterWhisper(model, FasterWhisperOptions()), called

    def test_words_are_asked_for_and_told(self) -> None:
        engine, called = self.engine()
        assert engine.transcribe_words(CLIP) == Transcript("One.", words=(TimedWord(" One", 0.1, 0.4, 0.9),))
        assert called["word_timestamps"] is True
        assert engine.transcribe(CLIP) == Transcript("One.")
        assert called["word_timestamps"] is False

    def test_translation_is_another_task(self) -> None:
        engine, called = self.engine()
        assert engine.translate(SPANISH, "en") == Transcript("One.")
        assert (called["task"], called["language"]) == ("translate", "es")
        with pytest.raises(ValueError, match="`target` is de"):
            engine.translate(SPANISH, "de")


class TestOpenAIWhisper:
    def engine(self) -> tuple[OpenAIWhisper, dict[str, Any]]:
        called: dict[str, Any] = {}

        def transcribe(samples: Any, **options: Any) -> Any:
            called.update(options)
            word = {"word": " One", "start": 0.1, "end": 0.4, "probability": 0.9}
            return {"text": " One.", "language": "en", "segments": [{"words": [word]}]}

        model = piece(transcribe=transcribe, is_multilingual=True)
        return OpenAIWhisper(model, OpenAIWhisperOptions(), ("en", "es")), called

    def test_words(self) -> None:
        engine, called = self.engine()
        assert engine.transcribe_words(CLIP).words == (TimedWord(" One", 0.1, 0.4, 0.9),)
        assert (called["word_timestamps"], called["task"]) == (True, "transcribe")

    def test_translation(self) -> None:
        engine, called = self.engine()
        assert engine.translate(SPANISH, "en").text == "One."
        assert (called["word_timestamps"], called["task"]) == (False, "translate")


class TestTransformers:
    def engine(self, kind: str = "seq2seq_whisper") -> tuple[Transformers, dict[str, Any]]:
        called: dict[str, Any] = {}
        generation = piece(is_multilingual=True, lang_to_id={"<|en|>": 1, "<|es|>": 2})
        config = piece(decoder_layers=4, decoder_attention_heads=2, inputs_to_logits_ratio=320)

        class Pipeline:
            type = kind
            model = piece(generation_config=generation, config=config)

            def __call__(self, given: Any, **arguments: Any) -> Any:
                called.update(arguments)
                return {"text": " One.", "chunks": [{"text": " One", "timestamp": (0.1, 0.4)}]}

        return Transformers(Pipeline(), TransformersOptions()), called

    def test_words_and_the_heads_that_align_them(self) -> None:
        engine, called = self.engine()
        assert engine.transcribe_words(CLIP).words == (TimedWord(" One", 0.1, 0.4),)
        assert called["return_timestamps"] == "word"
        heads = engine._model.generation_config.alignment_heads
        assert heads == [[2, 0], [2, 1], [3, 0], [3, 1]]

    def test_translation(self) -> None:
        engine, called = self.engine()
        assert engine.translate(SPANISH, "en").text == "One."
        assert called["generate_kwargs"]["task"] == "translate"

    @pytest.mark.parametrize(("kind", "words"), [("ctc", True), ("seq2seq", False)])
    def test_other_families(self, kind: str, words: bool) -> None:
        engine, _ = self.engine(kind)
        with pytest.raises(ValueError, match="translates nothing"):
            engine.translate(SPANISH, "en")
        if words:
            assert engine.transcribe_words(CLIP).words == (TimedWord(" One", 0.1, 0.4),)
        else:
            with pytest.raises(ValueError, match="tells no times of words"):
                engine.transcribe_words(CLIP)


class TestWhisperCpp:
    def test_translation_is_set_and_unset(self) -> None:
        parameters = piece(translate=None, language="")
        told: list[bool] = []

        def full(*_: Any) -> int:
            told.append(parameters.translate)
            return 0

        library = piece(
            whisper_full=full,
            whisper_full_n_segments=lambda context: 1,
            whisper_full_get_segment_text=lambda context, i: b" One.",
        )
        engine = WhisperCpp(library, piece(_ctx=None, _params=parameters), WhisperCppOptions(), ("en", "es"))
        assert engine.translate(SPANISH, "en").text == "One."
        assert engine.transcribe(SPANISH).text == "One."
        assert told == [True, False]


class TestMoonshine:
    def test_words_by_a_second_transcriber_that_aligns(self, tmp_path: Path) -> None:
        opened: list[dict[str, Any]] = []

        def transcriber(more: dict[str, Any]) -> Any:
            opened.append(more)
            words = [piece(word="One", start=0.1, end=0.4, confidence=0.9)] if more else None
            line = piece(text="One.", words=words)
            return piece(
                transcribe_without_streaming=lambda samples, rate: piece(lines=[line]), close=lambda: opened.append({})
            )

        engine = MoonshineVoice(transcriber, tmp_path, MoonshineVoiceOptions())
        with pytest.raises(ValueError, match=ALIGNMENT):
            engine.transcribe_words(CLIP)
        (tmp_path / ALIGNMENT).touch()
        for _ in range(2):
            assert engine.transcribe_words(CLIP) == Transcript("One.", words=(TimedWord("One", 0.1, 0.4, 0.9),))
        assert opened == [{}, {"word_timestamps": "true"}]
        engine.close()
        assert len(opened) == 4


class TestPocketSphinx:
    def test_frames_are_seconds_and_silence_is_no_word(self) -> None:
        segments = [
            piece(word="<s>", start_frame=0, end_frame=9, prob=0),
            piece(word="read(2)", start_frame=10, end_frame=39, prob=-100),
            piece(word="[NOISE]", start_frame=40, end_frame=49, prob=0),
        ]
        nothing = lambda *_, **__: None  # noqa: E731 - one of several
        decoder = piece(
            **dict.fromkeys(("reinit_feat", "start_utt", "process_raw", "end_utt"), nothing),
            hyp=lambda: piece(hypstr="read"),
            seg=lambda: iter(segments),
            logmath=piece(exp=lambda value: math.exp(value / 1000)),
        )
        engine = PocketSphinx(decoder, PocketSphinxOptions())
        [word] = engine.transcribe_words(CLIP).words or ()
        assert (word.text, word.start_s, word.end_s) == ("read", 0.1, 0.4)
        assert word.probability == pytest.approx(math.exp(-0.1))
        decoder.hyp = lambda: None
        assert engine.transcribe_words(CLIP) == Transcript("", words=())


class TestTokens:
    def test_words_begin_with_a_space(self) -> None:
        words = list(words_of([" one", " f", "ine", "."], [0.1, 0.4, 0.6, 0.7], [-0.1, -0.2, -0.3, 0.0]))
        assert [(each.text, each.start_s, each.end_s) for each in words] == [("one", 0.1, None), ("fine.", 0.4, None)]
        assert [each.probability for each in words] == pytest.approx([math.exp(-0.1), math.exp(-0.5)])

    def test_what_is_not_told_is_none(self) -> None:
        assert list(words_of(["one"], None, None)) == [TimedWord("one")]
        assert list(words_of([], None, None)) == []


class TestServed:
    def engine(self, server: FaultyOpenAi, **options: Any) -> OpenAiAudio:
        request = LoadRequest(DeviceRef("cpu"), {"url": server.url, "model": "m", "retries": 0, **options}, None)
        return OpenAiAudio.load(request)

    def test_words_of_verbose_json(self) -> None:
        answer = {
            "text": "One day.",
            "words": [{"word": "One", "start": 0.1, "end": 0.4}, {"word": "day", "start": True}],
        }
        with FaultyOpenAi({"audio/transcriptions": [Told(answer)]}) as server:
            found = self.engine(server).transcribe_words(CLIP)
            form = server.asked[-1].form
        assert found == Transcript("One day.", words=(TimedWord("One", 0.1, 0.4), TimedWord("day")))
        assert (form["response_format"], form["timestamp_granularities[]"]) == ("verbose_json", "word")

    def test_a_server_that_knows_no_words(self) -> None:
        from pytest_modellab.engines.openai_client import BadAnswer

        with FaultyOpenAi({"audio/transcriptions": [Told({"text": "One day."})]}) as server:
            engine = self.engine(server)
            with pytest.raises(BadAnswer, match="sent no `words`"):
                engine.transcribe_words(CLIP)

    def test_translations_have_a_place_of_their_own_and_no_language(self) -> None:
        with FaultyOpenAi({"audio/translations": [Told({"text": "One day."})]}) as server:
            engine = self.engine(server)
            assert engine.translate(SPANISH, "en").text == "One day."
            assert "language" not in server.asked[-1].form
            with pytest.raises(ValueError, match="English alone"):
                engine.translate(SPANISH, "de")


class TestCascade:
    def engine(self, heard: str, **options: Any) -> tuple[Cascade, list[str]]:
        asked: list[str] = []

        def respond(turn: Any) -> Any:
            asked.append(turn.text)
            yield from ("One", " day. ")

        asr = piece(transcribe=lambda clip: Transcript(heard, "es"))
        return Cascade(asr, piece(respond=respond), None, CascadeOptions(**options)), asked

    def test_the_language_model_is_asked_to_translate(self) -> None:
        engine, asked = self.engine("un día {sic}")
        assert engine.translate(SPANISH, "en") == Transcript("One day.", "es")
        assert asked[0].endswith("un día {sic}")
        assert "into English" in asked[0]

    def test_nothing_heard_is_nothing_translated(self) -> None:
        engine, asked = self.engine(" ... ")
        assert engine.translate(SPANISH, "en").text == ""
        assert asked == []

    def test_another_language_takes_a_prompt(self) -> None:
        engine, _ = self.engine("un día")
        with pytest.raises(ValueError, match="give `translate_prompt`"):
            engine.translate(SPANISH, "de")
        engine, asked = self.engine("un día", translate_prompt="Auf Deutsch: {text}")
        engine.translate(SPANISH, "de")
        assert asked == ["Auf Deutsch: un día"]
        with pytest.raises(ValueError, match=r"needs \{text\}"):
            CascadeOptions(translate_prompt="Auf Deutsch")
