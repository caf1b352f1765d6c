"""Commands that look at the catalog: models, digest, pull, data, new-model, doctor, calibrate, why; no model is run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from catalogs import write_catalog
from commands import Told

from pytest_modellab.cli.exits import Exit

MODEL = """\
schema: modellab.model/1
id: fake
engine: modellab_fake_engine:FakeEngine
tasks: [asr]
tiers: [smoke]
devices: {cpu: {}}
options: {answers: {}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder one stands in, with a catalog of a fake model and a manifest of two clips."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    data = write_catalog(tmp_path / "fixtures", models=(), files={"models/fake.yaml": MODEL}) / "datasets"
    rows = []
    for name, text in (("a", "one fine day"), ("b", "two fine days")):
        soundfile.write(data / f"{name}.wav", np.random.default_rng(0).normal(0, 0.1, 16_000), 16_000)
        rows.append(json.dumps({"audio_filepath": f"{name}.wav", "text": text, "speaker": "ann"}))
    (data / "talk.jsonl").write_text("\n".join(rows))
    return tmp_path


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


class TestModels:
    def test_a_table_of_all(self, folder: Path, told: Told) -> None:
        said = told("models")
        assert "fake     modellab_fake_engine:FakeEngine  asr" in said
        assert f"cache: {folder / 'cache'}" in said

    def test_a_model_without_weights_is_here(self, folder: Path, told: Told) -> None:
        assert told("pull") == "fake: needs no weights\n"
        told("pull", "fkae", code=Exit.USAGE)
        assert "no model matches `fkae`; did you mean `fake`?" in told.errors

    def test_weights_that_are_not_there(self, folder: Path, told: Told) -> None:
        text = MODEL.replace("id: fake", "id: lost\nweights: {path: ../../none}")
        (folder / "fixtures" / "models" / "lost.yaml").write_text(text)
        assert told("pull", "lost", code=Exit.WRONG).startswith("lost: not available\n")

    def test_the_digest_of_a_folder(self, folder: Path, told: Told) -> None:
        (folder / "weights" / "sub").mkdir(parents=True)
        (folder / "weights" / "sub" / "model.bin").write_bytes(b"abc")
        digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        assert told("digest", "weights") == f"  files:\n    sub/model.bin: {{sha256: {digest}, size: 3}}\n"
        told("digest", "none", code=Exit.USAGE)
        (folder / "empty").mkdir()
        told("digest", "empty", code=Exit.USAGE)
        assert "empty holds no files" in told.errors


class TestData:
    def test_a_list(self, folder: Path, told: Told) -> None:
        assert "talk        asr      smoke, real_e2e  en          talk.jsonl" in told("data")

    def test_what_a_set_holds(self, folder: Path, told: Told) -> None:
        said = told("data", "prepare", "talk")
        assert said.startswith("talk: 2 utterances, 0.0 min, 1 known speaker\n  scorer modellab ")
        assert said.endswith("  ready\n")

    def test_a_check_decodes_and_names_terms_that_nobody_says(self, folder: Path, told: Told) -> None:
        path = folder / "fixtures" / "datasets" / "talk.yaml"
        path.write_text(path.read_text() + "glossary: [fine day, tachycardia]\n")
        said = told("data", "check", "talk")
        assert "glossary: `tachycardia` is in no reference" in said
        assert "fine day" not in said

    @pytest.mark.parametrize("scorer", ["modellab", "whisper"])
    def test_a_check_names_texts_whose_scoring_may_surprise(self, folder: Path, told: Told, scorer: str) -> None:
        path = folder / "fixtures" / "datasets" / "talk.yaml"
        path.write_text(path.read_text() + f"normalizer: {scorer}\n")
        lines = folder / "fixtures" / "datasets" / "talk.jsonl"
        rows = [json.loads(line) for line in lines.read_text().splitlines()]
        rows[0]["text"] = "it\u2019s a\u200b fine day"
        lines.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        said = told("data", "check", "talk")
        assert "  invisible characters in 1 text: " in said
        assert "(ZERO WIDTH SPACE)" in said
        # What becomes of an apostrophe is told of the default scorer alone.
        assert ("typographic apostrophes in 1 text" in said) == (scorer == "modellab")

    @pytest.mark.parametrize(("file", "content"), [("a.wav", b"no sound"), ("talk.jsonl", b"nonsense")])
    def test_what_cannot_be_used(self, folder: Path, told: Told, file: str, content: bytes) -> None:
        (folder / "fixtures" / "datasets" / file).write_bytes(content)
        assert file in told("data", "check", "talk", code=Exit.WRONG)


class TestNewModel:
    def test_a_spec_with_every_option(self, folder: Path, told: Told) -> None:
        (folder / "weights").mkdir()
        arguments = ("--weights", "weights", "--language", "en", "--tier", "smoke")
        said = told("new-model", "faster-whisper", "mine", *arguments)
        assert said.endswith("then run:\npytest --lab-model mine\n")
        text = (folder / "fixtures" / "models" / "mine.yaml").read_text()
        assert "languages: [en]" in text
        assert "  path: ../../weights" in text
        assert "#   beam_size: 5" in text
        told("models")
        told("new-model", "faster-whisper", "mine", "--weights", "weights", code=Exit.USAGE)
        assert "there is a model `mine` already" in told.errors

    def test_its_languages_are_canonical(self, folder: Path, told: Told) -> None:
        told("new-model", "pocketsphinx", "mine", "--language", "eng")
        assert "languages: [en]" in (folder / "fixtures" / "models" / "mine.yaml").read_text()

    def test_where_there_is_no_catalog_one_is_begun(
        self, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        said = told("--catalog", "lab", "new-model", "pocketsphinx", "mine")
        assert said.startswith(f"no catalog here yet: began one in {tmp_path / 'lab'}\n")
        assert 'pytest does not know this catalog yet: write `modellab_catalog = "lab"` in pyproject.toml' in said
        assert "A plain `pytest` leaves it out" in said

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("faster-whispr", "a"), "no engine `faster-whispr` is installed; did you mean `faster-whisper`?"),
            (("nope.py:Engine", "a"), "nope.py:Engine: no file nope.py here ("),
            (("no_such_module:Engine", "a"), "can't be used: No module named 'no_such_module'"),
            (("pocketsphinx", "a/b"), "expected letters, digits"),
            (("faster-whisper", "a", "--repo", "org/a"), "--repo and --revision go together"),
            (("faster-whisper", "a"), "faster-whisper needs weights: give --weights FOLDER"),
            (("faster-whisper", "a", "--weights", "none"), "none is not a folder"),
            (("pocketsphinx", "a", "--weights", "."), "pocketsphinx brings its own model"),
            (
                ("pocketsphinx", "a", "--language", "english!"),
                "`english!` is no language tag (ISO 639 or BCP 47, such as en, deu or pt-BR); did you mean `en`?",
            ),
            (("pocketsphinx", "a", "--language", "xx"), "`xx` is no language tag"),
        ],
    )
    def test_what_is_wrong(self, folder: Path, told: Told, arguments: tuple[str, ...], message: str) -> None:
        told("new-model", *arguments, code=Exit.USAGE)
        assert message in told.errors


class TestDoctor:
    def test_a_model_that_can_run(self, folder: Path, told: Told) -> None:
        said = told("doctor")
        assert "  ok  fake" in said
        assert "what rates speech" in said

    def test_no_catalog_and_no_model(self, folder: Path, told: Told) -> None:
        assert "no catalog here: " in told("--catalog", "none", "doctor", code=Exit.WRONG)
        (folder / "fixtures" / "models" / "fake.yaml").unlink()
        assert "no model in the catalog" in told("doctor", code=Exit.WRONG)


class TestCalibrate:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("fake", "none"), "no data set matches `none`"),
            (("*", "*"), "name one model and one data set"),
            (("fake", "talk", "--device", "cuda"), "fake does not run talk on cuda: no task or device in common"),
        ],
    )
    def test_what_is_no_case(self, folder: Path, told: Told, arguments: tuple[str, ...], message: str) -> None:
        text = MODEL.replace("id: fake", "id: other")
        (folder / "fixtures" / "models" / "other.yaml").write_text(text)
        told("calibrate", *arguments, code=Exit.USAGE)
        assert message in told.errors

    def test_a_case_that_cannot_run(self, folder: Path, told: Told) -> None:
        (folder / "fixtures" / "datasets" / "talk.jsonl").unlink()
        told("calibrate", "fake", "talk", code=Exit.WRONG)
        assert "modellab: fake:cpu:talk: data set talk: no manifest" in told.errors


class TestWhy:
    def test_without_a_record_it_is_run(self, folder: Path, told: Told) -> None:
        assert told("why", "fake:*", code=Exit.WRONG) == "fake:cpu:talk: run, for there is no record of it\n"

    def test_data_that_are_wrong(self, folder: Path, told: Told) -> None:
        (folder / "fixtures" / "datasets" / "talk.jsonl").unlink()
        assert "can't be told: data set talk: no manifest" in told("why", "fake:*", code=Exit.WRONG)

    def test_a_case_nobody_knows(self, folder: Path, told: Told) -> None:
        told("why", "fkae:cpu:talk", code=Exit.USAGE)
        assert "did you mean `fake:cpu:talk`" in told.errors
        (folder / "pytest.ini").write_text("[pytest]\nmodellab_speed_age_days = soon\n")
        told("why", "*", code=Exit.USAGE)
        assert "expected a number of days, found 'soon'" in told.errors


def test_a_catalog_with_mistakes_is_told_with_its_lines(folder: Path, told: Told) -> None:
    (folder / "fixtures" / "models" / "fake.yaml").write_text(MODEL.replace("tiers", "teirs"))
    told("models", code=Exit.WRONG)
    assert "fake.yaml:5: unknown key `teirs`; did you mean `tiers`?" in told.errors
