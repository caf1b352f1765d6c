"""What the files of a catalog say about each other, and about engines."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogs import (
    DATASET,
    DEVICES,
    LIMITS,
    dataset_yaml,
    install_engine,
    model_yaml,
    write_catalog,
)
from spoiled_catalog import CLIPS, DATASET_FILE, MODEL_FILE, complaints, spoiled

from pytest_modellab.catalog import Catalog, CatalogError, load
from pytest_modellab.engines.registry import available, engine_class


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (MODEL_FILE, "beam_size: 5", "beam_size: 0", "13: beam_size must be at least 1, found `0`"),
        (
            MODEL_FILE,
            "compute_type: int8",
            "cpu_threads: 0",
            "15: cpu_threads must be at least 1: 0 would mean a number that differs by machine, found `0`",
        ),
        (MODEL_FILE, "beam_size: 5", "temperature: 2", "13: temperature must be between 0 and 1, found `2`"),
        (MODEL_FILE, "beam_size: 5", "beam_size: five", "13: `beam_size`: expected a whole number, found `five`"),
        (MODEL_FILE, "beam_size: 5", "beam_size: yes", "13: `beam_size`: expected a number, found `yes`"),
        (MODEL_FILE, "beam_size: 5", "vad_filter: maybe", "13: `vad_filter`: expected true or false, found `maybe`"),
        (
            MODEL_FILE,
            "compute_type: int8",
            "compute_type: int9",
            "15: `compute_type`: unknown value `int9`; did you mean `int8`?"
            " allowed: auto, bfloat16, default, float16, float32, int16, int8, int8_bfloat16, int8_float16,"
            " int8_float32",
        ),
    ],
)
def test_options_are_held_against_the_engine_at_their_own_line(
    tmp_path: Path, file: str, old: str, new: str, told: str
) -> None:
    assert spoiled(tmp_path, file, old, new) == [f"{file}:{told}"]


class TestTogether:
    def test_everything_wrong_is_told_at_once_in_order(self, tmp_path: Path) -> None:
        files = {
            MODEL_FILE: model_yaml("tiny").replace("options:", "option:"),
            "models/other.yaml": "]",
            DATASET_FILE: CLIPS.replace("language: en", "language: no").replace("text: two", "text: 2"),
            "limits.yaml": LIMITS.replace("metric: wer", "metric: were").replace("metric: rtf", "metric: rtff"),
        }
        told = complaints(write_catalog(tmp_path / "fixtures", files=files))

        assert [line.partition(": ")[0] for line in told] == [
            "datasets/talk.yaml:5",
            "datasets/talk.yaml:10",
            "limits.yaml:3",
            "limits.yaml:4",
            "models/other.yaml:1",
            "models/tiny.yaml:12",
        ]

    def test_the_error_counts_its_problems(self, tmp_path: Path) -> None:
        folder = write_catalog(tmp_path / "fixtures", files={MODEL_FILE: "", DATASET_FILE: ""})
        with pytest.raises(CatalogError, match=r"^the catalog has 2 problems:\n  fixtures/datasets/talk\.yaml:1: "):
            load(folder)

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(CatalogError, match="fixtures:1: no such folder: `modellab init FOLDER` makes it"):
            load(tmp_path / "fixtures")

    def test_files_are_named_from_the_base(self, tmp_path: Path) -> None:
        folder = write_catalog(tmp_path / "deep" / "fixtures", files={MODEL_FILE: ""})
        with pytest.raises(CatalogError, match=r"\n  deep/fixtures/models/tiny\.yaml:1: "):
            load(folder, tmp_path)

    @pytest.mark.parametrize(("kind", "text"), [("models", model_yaml("tiny")), ("datasets", dataset_yaml("talk"))])
    def test_a_duplicate_id_is_told_with_the_first_file(self, tmp_path: Path, kind: str, text: str) -> None:
        first = {"models": "tiny", "datasets": "talk"}[kind]
        told = complaints(write_catalog(tmp_path / "fixtures", files={f"{kind}/zz.yaml": text}))
        assert told == [f"{kind}/zz.yaml:2: duplicate id `{first}` (first in {first}.yaml:1); ids are unique"]

    @pytest.mark.parametrize(
        "broken",
        [
            pytest.param(model_yaml("tiny").replace("options:", "option:"), id="an unknown key"),
            pytest.param(model_yaml("tiny").replace("beam_size", "beamsize"), id="an unknown option"),
            pytest.param(model_yaml("tiny").replace("id: tiny", "id: tiny\nid: tiny"), id="a duplicate key"),
            pytest.param(model_yaml("tiny").replace("[asr]", "[asr"), id="not even YAML"),
            pytest.param("", id="empty"),
        ],
    )
    def test_a_broken_model_brings_no_second_complaint_from_the_limits_that_name_it(
        self, tmp_path: Path, broken: str
    ) -> None:
        limits = LIMITS.replace("metric: wer", "metric: wer, model: tiny")
        (told,) = complaints(write_catalog(tmp_path / "fixtures", files={MODEL_FILE: broken, "limits.yaml": limits}))
        assert told.startswith(MODEL_FILE)

    def test_broken_devices_bring_no_second_complaint_from_models_and_limits(self, tmp_path: Path) -> None:
        limits = LIMITS.replace("device: cpu", "device: cuda")
        devices = DEVICES.replace("kind: cuda", "kind: gpu")
        (told,) = complaints(
            write_catalog(tmp_path / "fixtures", files={"devices.yaml": devices, "limits.yaml": limits})
        )
        assert told.startswith("devices.yaml:4: ")

    def test_a_broken_data_set_does_not_excuse_a_limit_on_another_model(self, tmp_path: Path) -> None:
        limits = LIMITS.replace("metric: wer", "metric: wer, model: tny")
        told = complaints(
            write_catalog(
                tmp_path / "fixtures",
                files={DATASET_FILE: DATASET.replace("ID", "tny") + "x: y\n", "limits.yaml": limits},
            )
        )
        assert [line.partition(": ")[0] for line in told] == ["datasets/talk.yaml:7", "limits.yaml:3"]

    def test_the_same_option_wrong_on_every_device_is_told_once(self, tmp_path: Path) -> None:
        assert len(spoiled(tmp_path, MODEL_FILE, "beam_size: 5", "beam_size: 0")) == 1

    def test_a_catalog_file_under_another_name_is_not_passed_over(self, tmp_path: Path) -> None:
        folder = write_catalog(tmp_path / "fixtures", files={"limits.yaml": None, "limits.yml": LIMITS})
        allowed = "devices.yaml, grades.yaml, limits.yaml, mirrors.yaml, profiles.yaml, release.yaml"
        assert complaints(folder) == [
            f"limits.yml:1: no file of this name is read; did you mean `limits.yaml`? allowed: {allowed}"
        ]

    def test_other_yaml_beside_the_catalog_is_left_alone(self, tmp_path: Path) -> None:
        folder = write_catalog(tmp_path / "fixtures", files={"voices.yaml": "schema: mine/1\n"})
        assert complaints(folder) == []


ENGINE = """\
from dataclasses import dataclass

@dataclass(frozen=True)
class Options:
    voice: str
    __pydantic_config__ = {"extra": "forbid"}

class Engine:
    tasks = frozenset({"asr", "tts"})
    devices = frozenset({"cpu"})
    rate = 16_000
    Options = Options

    @classmethod
    def load(cls, request): ...
"""


class TestOtherEngines:
    @pytest.fixture(autouse=True)
    def fresh_registry(self) -> Iterator[None]:
        for cached in (available, engine_class):
            cached.cache_clear()
        yield
        for cached in (available, engine_class):
            cached.cache_clear()

    def load_with(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, options: str) -> list[str]:
        install_engine(tmp_path / "site", "lab-voice", code)
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        monkeypatch.delitem(sys.modules, "lab_voice", raising=False)
        text = model_yaml("tiny").replace("faster-whisper", "lab-voice").replace("  beam_size: 5", options)
        text = text.replace("cpu: {compute_type: int8}\n  cuda: {compute_type: float16}", "cpu: {}")
        return complaints(write_catalog(tmp_path / "fixtures", files={MODEL_FILE: text}))

    def test_an_engine_of_another_distribution(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.load_with(tmp_path, monkeypatch, ENGINE, "  voice: anna") == []

    def test_an_option_that_the_engine_needs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        told = self.load_with(tmp_path, monkeypatch, ENGINE, "  {}")
        assert told == [f"{MODEL_FILE}:12: missing option `voice` for lab-voice"]

    def test_an_engine_that_cannot_be_imported(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        told = self.load_with(tmp_path, monkeypatch, "import no_such_module_anywhere\n", "  voice: anna")
        assert told == [
            f"{MODEL_FILE}:3: the engine `lab-voice` (lab_voice:Engine) can't be used:"
            " ModuleNotFoundError: No module named 'no_such_module_anywhere'"
        ]


def test_languages_are_compared_as_tags(tmp_path: Path) -> None:
    model = load_one(tmp_path).models["tiny"]
    assert [tag for tag in ("en", "EN", "en-US", "en_GB", "de", "eng", None) if model.speaks(tag)] == [
        "en",
        "EN",
        "en-US",
        "en_GB",
        None,
    ]


def load_one(folder: Path) -> Catalog:
    return load(write_catalog(folder))


@pytest.mark.parametrize(
    ("engine", "weights", "told"),
    [
        ("faster-whisper", "", "4: faster-whisper needs `weights:`; one of `repo` with `revision`, `files`, `path`"),
        ("pocketsphinx", "weights: {path: here}\n", "7: pocketsphinx brings its own model: leave `weights:` out"),
    ],
)
def test_weights_where_an_engine_needs_or_has_none(tmp_path: Path, engine: str, weights: str, told: str) -> None:
    text = f"schema: modellab.model/1\nid: tiny\ntitle: x\nengine: {engine}\ntasks: [asr]\ntiers: []\n{weights}"
    found = complaints(write_catalog(tmp_path / "fixtures", files={MODEL_FILE: f"{text}devices: {{cpu: {{}}}}\n"}))
    assert any(line.startswith(f"{MODEL_FILE}:{told}") for line in found), found
