"""YAML that is none, or says otherwise than it looks; names that could leave their folder."""

from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from catalogs import (
    SHA,
    dataset_yaml,
    model_yaml,
    write_catalog,
)
from spoiled_catalog import DATASET_FILE, MODEL_FILE, MODEL_KEYS, complaints, spoiled, with_model

from pytest_modellab.catalog import CatalogError, load, yamlfile


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
    assert told == [f"{DATASET_FILE}:1: `archives` go with `clips`, `dialogues` or `recipe`, not with `manifest`"]


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


def test_no_key_in_an_address_is_repeated(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    url = "http://user:hunter2pw@host/v1?api_key=querysec"
    spec: dict[str, object] = {"schema": "modellab.model/1", "id": "x", "engine": "openai-audio", "tasks": ["asr"]}
    spec |= {"tiers": [], "options": {"url": url, "model": "t"}, "devices": {"cpu": {}}}
    (folder / "x.yaml").write_text(yaml.safe_dump(spec))
    with pytest.raises(CatalogError, match="url holds no user, password or query") as found:
        load(tmp_path, tmp_path)
    assert "hunter2pw" not in str(found.value)
    assert "querysec" not in str(found.value)
