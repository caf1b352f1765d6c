"""The forms of data sets, those of other packages too: from the spec to utterances and a session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from catalogs import find_again, install_package, write_catalog
from fakelab import FakeLab

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog.dataset_forms import FORMS, KEYS, misplaced, own_form
from pytest_modellab.catalog.datasets import prepare
from pytest_modellab.catalog.errors import CatalogError
from pytest_modellab.catalog.load import load
from pytest_modellab.catalog.specs import DatasetSpec

CSV = """
import csv
from dataclasses import dataclass
from typing import ClassVar

from pytest_modellab import DatasetForm, FileRecording, Utterance


@dataclass(frozen=True)
class Options:
    __pydantic_config__: ClassVar = {"extra": "forbid"}
    file: str
    delimiter: str = ","
    limit: int = 100


class Csv(DatasetForm[Options]):
    Options = Options
    goes_with = frozenset({"speaker"})

    def check(self, spec, given):
        if "tts" in spec.tasks:
            raise ValueError("a CSV has recordings, and nothing to speak")

    def mistakes(self, spec, given):
        if not given.file.endswith(".csv"):
            yield ("file",), f"`{given.file}` is no CSV"

    def read(self, spec, given, access):
        with (access.folder / given.file).open(newline="") as file:
            return tuple(
                Utterance(id, text, FileRecording.of(access.folder / name), spec.speaker, spec.language)
                for id, name, text in csv.reader(file, delimiter=given.delimiter)
            )

    def summary(self, given):
        return given.file


FORM = Csv()
"""
DATASET = """\
schema: modellab.dataset/1
id: talk
tasks: [asr]
tiers: [smoke, real_e2e]
language: en
speaker: ann
form:
  csv: {file: talk.csv, delimiter: ";"}
"""

ROOTED = "`audio_root` goes with `folder`, `kaldi`, `lhotse`, `manifest` or `table`"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Where a package with the form `csv` is installed."""
    folder = tmp_path / "site"
    install_package(folder, "lab-csv", "modellab.dataset_forms", "csv = lab_csv:FORM", CSV)
    return folder


@pytest.fixture
def found(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find_again(monkeypatch, FORMS, site)
    monkeypatch.delitem(FORMS._loaded, "csv", raising=False)


def told(folder: Path, dataset: str) -> list[str]:
    with pytest.raises(CatalogError) as error:
        load(write_catalog(folder / "lab", files={"datasets/talk.yaml": dataset}), engines=False)
    return [f"{problem.line}: {problem.message}" for problem in error.value.problems]


def test_every_form_of_this_package_is_a_key_of_the_file() -> None:
    assert {name for name in FORMS if own_form(name)} == set(DatasetSpec._own_forms())
    for name in FORMS:
        assert set(KEYS) >= FORMS[name].goes_with


@pytest.mark.parametrize(
    ("form", "keys", "message"),
    [
        ("clips", ["archives", "licence"], None),
        ("made", ["archives"], "`archives` go with `clips`, `dialogues` or `recipe`, not with `made`"),
        ("recipe", ["audio_root"], f"{ROOTED}, not with `recipe`"),
        ("folder", ["kind"], "`kind` of a whole set goes with `hub` or `recipe`, not with `folder`"),
        ("clips", ["graded_by"], "`voice` and `graded_by` go with `dialogues`, not with `clips`"),
        ("made", ["names"], "`glossary` and `names` go with speech, not with `made`"),
    ],
)
def test_what_goes_with_a_form(form: str, keys: list[str], message: str | None) -> None:
    assert misplaced(form, keys) == message


@pytest.mark.parametrize(
    ("form", "given", "summary"),
    [
        ("manifest", {"manifest": "a.jsonl"}, "a.jsonl"),
        ("folder", {"folder": "calls"}, "calls"),
        ("table", {"table": {"path": "calls.csv"}}, "calls.csv"),
        ("kaldi", {"kaldi": {"folder": "data/test"}}, "data/test"),
        ("lhotse", {"lhotse": {"cuts": "cuts.jsonl"}}, "cuts.jsonl"),
        ("hub", {"hub": {"repo": "lab/calls", "revision": "a" * 40}}, "hub lab/calls default test"),
        ("made", {"made": [{"id": "a", "sound": "silence", "seconds": 1}]}, "1 made"),
        ("derive", {"derive": {"from": "talk", "join": {"seconds": 9}}}, "joined talk"),
        ("prompts", {"prompts": [{"id": "a", "text": "A"}], "tasks": ["tts"], "judge": {"asr": "b"}}, "1 prompts"),
    ],
)
def test_a_form_says_where_a_set_comes_from(form: str, given: dict[str, Any], summary: str) -> None:
    head = {"schema": "modellab.dataset/1", "id": "talk", "tasks": ["asr"], "tiers": []}
    spec = DatasetSpec.model_validate({**head, **given})
    assert spec.form_name == form
    assert spec.spoken is (form != "made")
    assert FORMS[form].summary(spec.given) == summary


@pytest.mark.usefixtures("found")
class TestFromAnotherPackage:
    def test_it_is_read_with_its_options(self, lab: FakeLab) -> None:
        write(lab)
        catalog = load(lab.catalog, engines=False)
        dataset = prepare(catalog.datasets["talk"], catalog, Store())
        assert [(each.id, each.text, each.speaker) for each in dataset.utterances] == [
            (f"clip-{i}", text, "ann") for i, text in enumerate(lab.texts)
        ]
        assert dataset.spec.spoken
        assert FORMS["csv"].summary(dataset.spec.given) == "talk.csv"

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            (
                "  csv:",
                "  cvs:",
                "8: no form `cvs` is installed; did you mean `csv`? allowed: conversations, csv, segments",
            ),
            ("  csv:", "  clips:", "8: `clips` is a key of the file itself; allowed: conversations, csv, segments"),
            ("delimiter", "delimeter", "8: unknown option `delimeter` for csv; did you mean `delimiter`? allowed: "),
            ("file: talk.csv, ", "", "8: missing option `file` for csv"),
            ("talk.csv,", "talk.csv, limit: many,", "8: `limit`: expected a whole number, found `many`"),
            ("talk.csv,", "talk.txt,", "8: `talk.txt` is no CSV"),
            ("speaker: ann", "audio_root: .", f"1: {ROOTED}, not with `csv`"),
            ("form:", "manifest: a.jsonl\nform:", "1: give exactly one of `manifest`, "),
            ("tasks: [asr]", "tasks: [asr, tts]\njudge: {asr: tiny}", "9: a CSV has recordings, and nothing to speak"),
        ],
        ids=["its name", "of our own", "an option", "missing", "a type", "mistake", "beside it", "two", "task"],
    )
    def test_what_is_wrong_is_told_with_its_line(self, tmp_path: Path, old: str, new: str, message: str) -> None:
        [found, *others] = told(tmp_path, DATASET.replace(old, new))
        assert found.startswith(message)
        assert others == []


def write(lab: FakeLab) -> None:
    """A catalog whose only data set is a CSV."""
    lab.ready()
    folder = lab.catalog / "datasets"
    (folder / "clips.yaml").unlink()
    rows = [json.loads(line) for line in (folder / "clips.jsonl").read_text().splitlines()]
    lines = [f"{row['id']};{row['audio_filepath']};{row['text']}\n" for row in rows]
    (folder / "talk.csv").write_text("".join(lines))
    (folder / "talk.yaml").write_text(DATASET)


def test_a_session_measures_it(lab: FakeLab, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(lab)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ["PYTHONPATH"]]))
    lab.subprocess = True
    lab.run().assert_outcomes(passed=2)
    record = lab.record()
    assert record.case.dataset == "talk"
    assert {each.speaker for each in record.utterances} == {"ann"}


def test_forms_are_asked_without_what_reads_sound() -> None:
    """They check data sets, and tell what is spoken, while tests are collected."""
    code = (
        "import sys; from pytest_modellab.catalog.dataset_forms import FORMS; found = [FORMS[name] for name in FORMS];"
        "print(len(found), sorted({'numpy', 'soundfile', 'soxr', 'pyarrow', 'lhotse'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{len(FORMS)} []"
