"""What a folder of weights is told to be where another kind was wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_modellab.core.weight_kinds import as_ctranslate2, as_hugging_face, int8_operators, kind_of

WHISPER = '{"model_type": "whisper"}'


def folder(place: Path, **files: str) -> Path:
    for name, text in files.items():
        (place / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return place


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"config__json": WHISPER, "model__safetensors": ""}, "a Hugging Face folder of the type whisper"),
        ({"config__json": WHISPER, "pytorch_model__bin": ""}, "a Hugging Face folder of the type whisper"),
        ({"config__json": "{}", "model__bin": ""}, "a folder in CTranslate2's format"),
        ({"adapter_config__json": "{}", "adapter_model__safetensors": ""}, "a LoRA adapter: merge it"),
        ({"x__nemo": ""}, "a model of NeMo"),
        ({"x__gguf": ""}, "weights as GGUF"),
        ({"model__pt": ""}, "a checkpoint of PyTorch"),
        ({"encoder__onnx": ""}, "a model as ONNX"),
        ({"model__safetensors": ""}, "weights as safetensors, without the config.json"),
        ({"ggml-base__bin": ""}, "weights of whisper.cpp"),
        ({"am": "", "conf": ""}, "a model of Vosk or Kaldi"),
        ({"config__json": "not JSON"}, ""),
        ({}, ""),
    ],
)
def test_kinds(files: dict[str, str], kind: str, tmp_path: Path) -> None:
    found = kind_of(folder(tmp_path, **files))
    assert found.startswith(kind)
    assert bool(found) is bool(kind)


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("encoder.onnx", b"graph MatMulInteger", True),
        ("encoder.ort", b"DynamicQuantizeLinear", True),
        ("encoder.onnx", b"graph DequantizeLinear MatMul", False),
        ("encoder.onnx", b"", False),
        ("model.bin", b"MatMulInteger", False),
    ],
)
def test_operators_on_integers_are_found(name: str, content: bytes, found: bool, tmp_path: Path) -> None:
    path = tmp_path / "weights" / name
    path.parent.mkdir()
    path.write_bytes(content)
    assert int8_operators(path.parent) is found
    assert int8_operators(path) is found
    assert not int8_operators(tmp_path / "none")


def test_of_two_forms_an_option_tells_which_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "encoder.onnx").write_bytes(b"MatMul")
    (tmp_path / "encoder.int8.onnx").write_bytes(b"DynamicQuantizeLSTM")
    assert not int8_operators(tmp_path)
    (tmp_path / "encoder.onnx").unlink()
    assert int8_operators(tmp_path)


class TestAsCTranslate2:
    def test_one_is(self, tmp_path: Path) -> None:
        assert as_ctranslate2(folder(tmp_path, config__json="{}", model__bin="")) == ""

    def test_a_whisper_of_hugging_face_is_told_how_it_becomes_one(self, tmp_path: Path) -> None:
        said = as_ctranslate2(folder(tmp_path, config__json=WHISPER, model__safetensors=""))
        assert (
            "it is a Hugging Face folder of the type whisper; `weights: {convert: {path: ..., to: ctranslate2}}`"
            in said
        )

    def test_another_model_of_hugging_face_is_not(self, tmp_path: Path) -> None:
        said = as_ctranslate2(folder(tmp_path, config__json='{"model_type": "wav2vec2"}', model__safetensors=""))
        assert said.endswith("it is a Hugging Face folder of the type wav2vec2")

    def test_what_is_none_that_is_known_is_told_by_its_files(self, tmp_path: Path) -> None:
        assert as_ctranslate2(folder(tmp_path, README="")).endswith("it is none that is known; it holds README")


class TestAsHuggingFace:
    def test_one_is(self, tmp_path: Path) -> None:
        assert as_hugging_face(folder(tmp_path, config__json=WHISPER)) == ""

    def test_another(self, tmp_path: Path) -> None:
        assert "it is a folder in CTranslate2's format" in as_hugging_face(
            folder(tmp_path, config__json="{}", model__bin="")
        )
