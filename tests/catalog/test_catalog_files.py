"""A catalog as files: links that lead nowhere, what is no file, what is too large; limits that hold no case."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from catalogs import DEVICES, GRADES, LIMITS, dataset_yaml, model_yaml, write_catalog
from fakelab import FakeLab

from pytest_modellab.catalog import CatalogError, load, yamlfile
from pytest_modellab.catalog.base import MAX_BYTES
from pytest_modellab.catalog.cases import idle_limits
from pytest_modellab.catalog.reader import _FILES

FILES = {
    "models/tiny.yaml": model_yaml("tiny"),
    "datasets/talk.yaml": dataset_yaml("talk"),
    "limits.yaml": LIMITS,
    "grades.yaml": GRADES,
    "devices.yaml": DEVICES,
}
EVERY_FILE = (*_FILES, "models/other.yaml", "datasets/other.yaml", "limits.yml")


_parse = yamlfile._parse


def _never_large(text: str, document: yamlfile.Document) -> object:
    assert len(text) < MAX_BYTES, "parsed"
    return _parse(text, document)


def catalog(folder: Path) -> Path:
    return write_catalog(folder / "fixtures", files=dict(FILES))


def complaint(folder: Path) -> str:
    with pytest.raises(CatalogError) as found:
        load(folder)
    return str(found.value)


class TestFilesThatAreNone:
    @pytest.mark.parametrize("name", EVERY_FILE)
    def test_a_link_that_leads_nowhere_is_an_error(self, tmp_path: Path, name: str) -> None:
        folder = catalog(tmp_path)
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to("nowhere.yaml")
        assert f"fixtures/{name}:1: a link that leads nowhere, to nowhere.yaml" in complaint(folder)

    @pytest.mark.parametrize("name", ["models", "datasets"])
    def test_a_folder_that_is_a_link_to_nowhere_is_an_error(self, tmp_path: Path, name: str) -> None:
        folder = catalog(tmp_path)
        (folder / name).rename(tmp_path / "moved")
        (folder / name).symlink_to("nowhere")
        assert f"fixtures/{name}:1: can't be listed: a link that leads nowhere" in complaint(folder)

    def test_a_file_in_place_of_a_folder_is_an_error(self, tmp_path: Path) -> None:
        folder = catalog(tmp_path)
        (folder / "models").rename(tmp_path / "moved")
        (folder / "models").write_text("schema: modellab.model/1")
        assert "fixtures/models:1: can't be listed: Not a directory" in complaint(folder)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no FIFOs")
    @pytest.mark.parametrize("name", EVERY_FILE)
    def test_a_pipe_is_never_opened(self, tmp_path: Path, name: str) -> None:
        folder = catalog(tmp_path)
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)
        if name in {*_FILES} or "/" in name:
            assert f"fixtures/{name}:1: no regular file" in complaint(folder)
        else:
            load(folder)  # a name that is none of ours; it isn't waited for, either

    def test_a_large_file_is_refused_before_it_is_parsed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = catalog(tmp_path)
        (folder / "limits.yaml").write_text(LIMITS + "#" * MAX_BYTES)
        monkeypatch.setattr("pytest_modellab.catalog.yamlfile._parse", _never_large)
        assert "fixtures/limits.yaml:1: 5.0 MB; a file of a catalog has at most 5 MB" in complaint(folder)

    def test_a_link_to_a_file_is_read(self, tmp_path: Path) -> None:
        folder = catalog(tmp_path)
        (folder / "limits.yaml").rename(tmp_path / "shared.yaml")
        (folder / "limits.yaml").symlink_to(tmp_path / "shared.yaml")
        assert load(folder).limits


LIMITED = """\
schema: modellab.limits/1
limits:
  - {metric: wer, max: 0.5}
  - {metric: cer, max: 0.5, model: tiny, device: cuda, dataset: talk}
  - {metric: cer, max: 0.4, model: "*", dataset: "ta*"}
  - {metric: rtf, max: 1.0, model: other, dataset: talk}
"""


def idle(folder: Path) -> Sequence[tuple[str, str]]:
    found = load(folder)
    return [(found.shown(limit.origin), why) for limit, why in idle_limits(found)]


class TestLimitsThatHoldNothing:
    def test_each_is_named_with_its_reason(self, tmp_path: Path) -> None:
        other = model_yaml("other").replace("languages: [en]", "languages: [de]")
        files = {**FILES, "models/other.yaml": other, "limits.yaml": LIMITED}
        assert idle(write_catalog(tmp_path / "fixtures", files=files)) == [
            ("fixtures/limits.yaml:4", "cer: later limits hold every case that it matches, and the last counts"),
            ("fixtures/limits.yaml:6", "rtf: no case matches other:*:talk"),
        ]

    def test_a_case_that_runs_only_where_its_model_is_named_is_one(self, tmp_path: Path) -> None:
        spec = model_yaml("tiny").replace("tiers: [smoke, real_e2e]", "tiers: []")
        assert "tiers: []" in spec
        assert not idle(write_catalog(tmp_path / "fixtures", files={**FILES, "models/tiny.yaml": spec}))

    def test_a_session_names_it_at_the_start_and_strict_refuses_it(self, lab: FakeLab) -> None:
        lab.ready()
        lab.model("german", languages=["de"])
        spec = lab.catalog / "models" / "german.yaml"
        spec.write_text(spec.read_text().replace("  languages:\n  - de\n", "") + "languages: [de]\n")
        lab.limits({"metric": "wer", "max": 0.1}, {"metric": "rtf", "max": 1.0, "model": "german"})
        told = "lab/limits.yaml:5: a limit that applies to no case: rtf: no case matches german:*:*"
        lab.run("--collect-only", "-q").stdout.no_fnmatch_line("*error*")
        result = lab.run("--collect-only")
        result.stdout.fnmatch_lines([f"modellab: {told}"])
        strict = lab.run("--collect-only", "--lab-strict")
        assert strict.ret == pytest.ExitCode.USAGE_ERROR
        strict.stderr.fnmatch_lines([f"*{told}; --lab-strict refuses it"])


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ("{metric: wer, max: 0.1, judge: bound, margin: 1}", "`margin`: wer is a ratio: 0.01 is 1 %, found 1"),
        ("{metric: wer, max: 0.1, judge: bound, margin: 2.5}", "`margin`: wer is a ratio: 0.025 is 2.5 %, found 2.5"),
        ("{metric: success_rate, min: 0.9, warn: 95}", "`warn`: success_rate is a ratio: 0.95 is 95 %, found 95"),
    ],
)
def test_every_number_of_a_limit_on_a_ratio_is_one(tmp_path: Path, limit: str, told: str) -> None:
    folder = write_catalog(
        tmp_path / "fixtures", files={**FILES, "limits.yaml": f"schema: modellab.limits/1\nlimits:\n  - {limit}\n"}
    )
    assert f"fixtures/limits.yaml:3: `limits[0]`: {told}" in complaint(folder)
