"""YAML into a catalog, and what a person is told where that fails."""

from pathlib import Path

import pytest
from catalogs import (
    COMMIT,
    SHA,
)
from spoiled_catalog import (
    ALL_TASKS,
    DATASET_FILE,
    DATASET_KEYS,
    MODEL_FILE,
    MODEL_KEYS,
    OPTIONS,
    spoiled,
)

from pytest_modellab.catalog.errors import suggest
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.engines.registry import available

ROOT = Path(__file__).parents[2]
PLAIN_NAME = "letters, digits, `.`, `_`, `+` and `-`, beginning with a letter or digit"


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
            " allowed: by, dataset, device, judge, margin, max, max_gap, metric, min, model, reason, warn",
            id="limit",
        ),
        pytest.param(
            DATASET_FILE,
            "language: en",
            "on: en",
            f"5: unknown key `on`; allowed: {DATASET_KEYS}",
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
            f"4: `tasks[0]`: unknown value `ars`; did you mean `asr`? allowed: {ALL_TASKS}",
        ),
        (
            MODEL_FILE,
            "[asr]",
            "[tts]",
            "4: faster-whisper does not do `tts`; allowed: asr, streaming, translate, words",
        ),
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
            "normalizer: wisper",
            "5: `normalizer`: no scorer `wisper`; did you mean `whisper`? allowed: characters, modellab, none,"
            " open-asr, whisper, whisper-basic, whisper-english",
        ),
        (
            DATASET_FILE,
            "language: en",
            "manifest: a.jsonl",
            "1: give exactly one of `manifest`, `folder`, `clips`, `recipe`, `derive`, `cuts`, `made`, `prompts`,"
            " `dialogues`, `scenarios`, `table`, `kaldi`, `lhotse`, `hub`, `form`; found `manifest`, `clips`",
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
        ("limits.yaml", ", max: 0.15", "", "3: `limits[0]`: give exactly one of `max`, `min`, `max_gap`; found none"),
        ("limits.yaml", "wer", "were", f"3: unknown metric `were`; {suggest('were', METRICS)}"),
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
        ("grades.yaml", "wer:", "were:", f"6: unknown metric `were`; {suggest('were', METRICS)}"),
        (
            "grades.yaml",
            "asr:",
            "ars:",
            f"3: `tasks`: unknown key `ars`; did you mean `asr`? allowed: {ALL_TASKS}",
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
