"""The engines for real: the same weights in three of them, models that packages bring, and what they refuse to run."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pytest_modellab.catalog import known
from pytest_modellab.engines.base import Clip, Engine, check_language, expected_language
from pytest_modellab.engines.registry import available, engine_class
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read
from pytest_modellab.runner.local import LocalWorker

ROOT = Path(__file__).parents[2]
WHISPERS = ("faster-whisper-base", "openai-whisper-base", "transformers-whisper-base")
OTHERS = ("moonshine-tiny-en", "pocketsphinx-en-us")
OURS = (
    *("faster-whisper", "moonshine-voice", "onnx-asr", "openai-whisper", "pocketsphinx", "sherpa-onnx", "transformers"),
    *("vosk", "whisper-cpp"),
)
REQUIRED = {"onnx-asr": {"architecture": "whisper"}, "sherpa-onnx": {"architecture": "whisper"}}
"""Options without a default, by engine."""


def engine(name: str) -> type[Engine]:
    return engine_class(available()[name])


@dataclass
class Session:
    code: int
    output: str
    records: dict[str, Record]
    rows: dict[str, Any]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """One session of all five on two clips: greedy, float32, one thread each, so that it is quick."""
    folder = tmp_path_factory.mktemp("engines")
    shutil.copytree(ROOT / "fixtures", folder / "fixtures")
    for path in (folder / "fixtures/models").iterdir():
        spec = known.whole(yaml.safe_load(path.read_text(encoding="utf-8")))
        if spec["id"] in WHISPERS:
            spec["options"] = {"beam_size": 1, "cpu_threads": 1}
            spec["devices"] = {"cpu": {"compute_type": "float32"} if spec["engine"] == "faster-whisper" else {}}
            path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    # Not --lab-max-utterances: what is limited so is never graded.
    path = folder / "fixtures/datasets/smoke-en.yaml"
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))
    spec["clips"] = spec["clips"][:2]
    path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    reports = folder / "reports"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--lab-card=full",
        "-p",
        "no:cacheprovider",
        "-m",
        "real_e2e",
        "suites/test_10_asr.py",
    ]
    command += ["-o", f"modellab_catalog={folder / 'fixtures'}", f"--lab-report={reports}"]
    command += ["--lab-dataset=smoke-en"]
    command += [f"--lab-model={model}" for model in (*WHISPERS, *OTHERS)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    records = [read(path) for path in (reports / "runs").rglob("*.json")]
    card = json.loads((reports / "scorecard.json").read_text(encoding="utf-8"))
    rows = {row["case"]["model"]: row for row in card["rows"] if row["record"]}
    return Session(done.returncode, done.stdout + done.stderr, {r.case.model: r for r in records}, rows)


class TestOneSession:
    @pytest.mark.parametrize("model", [*WHISPERS, *OTHERS])
    def test_each_is_measured_and_graded(self, session: Session, model: str) -> None:
        record = session.records[model]
        assert record.failure is None, session.output
        assert [u.error for u in record.utterances] == [None, None]
        assert record.loaded["device"] == "cpu"
        assert record.loaded.get("dtype", "float32") == "float32"
        assert (record.provenance.inputs["weights"] is None) == (model == "pocketsphinx-en-us")
        assert (record.memory.model_size or 0) > 40e6 or model == "pocketsphinx-en-us"
        assert session.rows[model]["grade"]["letter"] in {"A+", "A", "B", "C", "F"}
        wer = record.value("wer")
        assert wer is not None
        assert wer < (0.6 if model == "pocketsphinx-en-us" else 0.1)

    def test_the_same_weights_say_the_same_in_every_engine(self, session: Session) -> None:
        heard = {model: [str(u.hypothesis) for u in session.records[model].utterances] for model in WHISPERS}
        first, second, third = (heard[model] for model in WHISPERS)
        assert first == second
        # Beyond a clip's end transformers has the model see silence, the others zeros: now and then it sets another
        # comma.
        assert list(map(words, third)) == list(map(words, first))

    def test_converted_weights_have_a_digest_of_their_own(self, session: Session) -> None:
        digests = {session.records[model].provenance.inputs["weights"] for model in WHISPERS}
        assert len(digests) == 3


def words(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum() or letter == " ")


@pytest.fixture
def worker() -> Iterator[LocalWorker]:
    worker = LocalWorker()
    yield worker
    worker.close()


def refusal(worker: LocalWorker, name: str, weights: Path, **options: Any) -> str:
    """How a worker says that it could not load."""
    message = {
        "op": "load",
        "path": None,
        "engine": available()[name],
        "device": {"kind": "cpu", "index": 0},
        "options": options,
        "weights": str(weights),
        "seed": 0,
        "handlers": {},
    }
    return str(worker.request(message, timeout=120)["error"]["message"])


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.mark,)


class TestWeightsAreData:
    def test_the_payload_works(self, tmp_path: Path) -> None:
        pickle.loads(pickle.dumps(Payload(tmp_path / "run")))
        assert (tmp_path / "run").exists()

    def test_a_checkpoint_that_would_run_code_does_not(self, worker: LocalWorker, tmp_path: Path) -> None:
        (tmp_path / "model.pt").write_bytes(pickle.dumps(Payload(tmp_path / "run"), protocol=2))
        assert "weights_only" in refusal(worker, "openai-whisper", tmp_path)
        assert not (tmp_path / "run").exists()

    def test_a_pickle_is_refused_and_where_allowed_read_as_data(self, worker: LocalWorker, tmp_path: Path) -> None:
        config = {"model_type": "wav2vec2", "architectures": ["Wav2Vec2ForCTC"], "vocab_size": 8, "hidden_size": 16}
        config |= {"num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 16}
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Payload(tmp_path / "run"), protocol=2))
        said = refusal(worker, "transformers", tmp_path)
        assert "as a pickle only (pytorch_model.bin)" in said
        assert "allow_pickle: true" in said
        assert "weights_only" in refusal(worker, "transformers", tmp_path, allow_pickle=True).lower()
        assert not (tmp_path / "run").exists()

    def test_code_beside_the_weights_is_not_run_unasked(self, worker: LocalWorker, tmp_path: Path) -> None:
        mapped = {"AutoConfig": "theirs.Config", "AutoModelForCTC": "theirs.Model"}
        (tmp_path / "config.json").write_text(json.dumps({"model_type": "theirs", "auto_map": mapped}))
        (tmp_path / "theirs.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'run')!r})\nclass Config: pass\n")
        (tmp_path / "model.safetensors").touch()
        said = refusal(worker, "transformers", tmp_path)
        assert "brings Python code of its own, which is not run" in said
        assert "`trust_remote_code: true`" in said
        assert not (tmp_path / "run").exists()

        refusal(worker, "transformers", tmp_path, trust_remote_code=True)
        assert (tmp_path / "run").exists()


class TestLoading:
    @pytest.mark.parametrize(
        ("name", "files", "options", "said"),
        [
            ("openai-whisper", (), {}, "found in .*: none"),
            ("openai-whisper", ("a.pt", "b.pt"), {}, r"found in .*: a\.pt, b\.pt"),
            ("openai-whisper", ("a.pt",), {"dtype": "float16"}, "float16 does not run on the CPU"),
            ("transformers", (), {}, "is not a Hugging Face folder, .*; it holds nothing"),
            ("transformers", ("config.json",), {"dtype": "float16"}, "float16 does not run on the CPU"),
            ("pocketsphinx", (), {}, "brings its own model"),
        ],
    )
    def test_what_cant_be_loaded_is_explained(
        self, worker: LocalWorker, tmp_path: Path, name: str, files: tuple[str, ...], options: Any, said: str
    ) -> None:
        for file in files:
            (tmp_path / file).write_text('{"model_type": "whisper"}' if file == "config.json" else "")
        assert re.search(said, refusal(worker, name, tmp_path, **options))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    script = Path(__file__).parents[1] / "tiny_models.py"
    command = [sys.executable, str(script), str(tmp_path_factory.mktemp("tiny")), "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


class TestFamilies:
    """Models of other families, tiny and random: what they say is nonsense, how they are run is not."""

    @pytest.mark.parametrize(
        ("name", "family", "architecture", "chunk_s"),
        [
            ("wav2vec2", "ctc", "Wav2Vec2ForCTC", 3),
            ("hubert", "ctc", "HubertForCTC", 30),
            ("moonshine", "seq2seq", "MoonshineForConditionalGeneration", 3),
            ("parakeet", "ctc", "ParakeetForCTC", None),
        ],
    )
    def test_each_is_run_by_its_own_class(
        self, found: dict[str, Any], name: str, family: str, architecture: str, chunk_s: float | None
    ) -> None:
        facts = found[name]["facts"]
        assert (facts["family"], facts["architecture"], facts["chunk_s"]) == (family, architecture, chunk_s)
        assert (facts["device"], facts["dtype"], facts["cpu_threads"]) == ("cpu", "float32", 1)
        assert facts["decoding"] == ("beam 2" if name == "moonshine" else "best token of each frame")
        assert all(isinstance(text, str) for text in found[name]["texts"])
        assert found[name]["languages"] == [None, None]

    def test_chunks_are_refused_where_they_cant_be_joined(self, found: dict[str, Any]) -> None:
        assert "chunk_s doesn't go with ParakeetForCTC, which takes audio whole" in found["refused"]["message"]


class TestWithoutTheLibrary:
    @pytest.mark.parametrize("name", OURS)
    def test_options_are_checked_without_importing_it(self, name: str) -> None:
        code = (
            "import sys; from pytest_modellab.engines.registry import available, engine_class; "
            f"engine_class(available()[{name!r}]).Options(**{REQUIRED.get(name, {})}); "
            "heavy = {'torch', 'transformers', 'whisper', 'moonshine_voice', 'pocketsphinx', 'ctranslate2', 'vosk'}; "
            "heavy |= {'onnx_asr', 'onnxruntime', 'sherpa_onnx', 'pywhispercpp', '_pywhispercpp', 'numpy'}; "
            "print(sorted(heavy & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"

    @pytest.mark.parametrize(
        ("name", "options", "said"),
        [
            ("openai-whisper", {"beam_size": 0}, "beam_size must be at least 1"),
            ("openai-whisper", {"cpu_threads": 0}, "cpu_threads must be at least 1"),
            ("openai-whisper", {"temperature": 2.0}, "temperature must be between 0 and 1"),
            ("transformers", {"beam_size": 0}, "beam_size must be at least 1"),
            ("transformers", {"cpu_threads": 0}, "cpu_threads must be at least 1"),
            ("transformers", {"chunk_s": 0.5}, "chunk_s must be between 1 and 3600"),
            ("transformers", {"chunk_s": 10, "stride_s": 5}, "stride_s must be less than half a chunk"),
            ("transformers", {"max_tokens_per_second": 0}, "max_tokens_per_second must be more than 0"),
            ("moonshine-voice", {"vad_threshold": 2}, "vad_threshold must be between 0 and 1"),
            ("moonshine-voice", {"vad_max_segment_s": 0}, "vad_max_segment_s must be more than 0"),
            ("moonshine-voice", {"max_tokens_per_second": 0}, "max_tokens_per_second must be more than 0"),
            ("pocketsphinx", {"language_weight": 0}, "language_weight must be more than 0"),
            ("pocketsphinx", {"word_insertion_penalty": 0}, "word_insertion_penalty must be more than 0"),
        ],
    )
    def test_bounds(self, name: str, options: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            engine(name).Options(**options)

    @pytest.mark.parametrize("name", OURS)
    def test_each_says_what_to_install(self, name: str) -> None:
        found = engine(name)
        pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        assert f'\n{found.extra} = ["{found.distributions[0]}>=' in pyproject


@pytest.mark.parametrize("asked", [None, "auto", "en", "de"])
def test_a_language_that_the_model_speaks_is_taken(asked: str | None) -> None:
    check_language(asked, ("en", "de"))


@pytest.mark.parametrize(
    ("asked", "spoken", "told"),
    [
        (None, "en-US", "en"),
        (None, None, None),
        ("auto", "de", None),
        ("auto", "gd", None),
        ("de", "en", "de"),
    ],
)
def test_the_language_a_model_is_told(asked: str | None, spoken: str | None, told: str | None) -> None:
    assert expected_language(asked, Clip(np.zeros(1, np.float32), 16_000, spoken), ("en", "de")) == told


@pytest.mark.parametrize(
    ("asked", "language", "told"), [(None, "fil", "tl"), (None, "jv-ID", "jw"), ("jv", "en", "jw"), ("tl", "en", "tl")]
)
def test_a_model_is_told_a_language_by_its_own_name(asked: str | None, language: str, told: str) -> None:
    spoken = ("en", "tl", "jw")
    check_language(asked, spoken)
    assert expected_language(asked, Clip(np.zeros(1, np.float32), 16_000, language), spoken) == told


@pytest.mark.parametrize("asked", [None, "auto"])
def test_a_clip_in_another_language_than_the_model_speaks(asked: str | None) -> None:
    with pytest.raises(ValueError, match="the clip is in `de`: this model speaks en"):
        expected_language(asked, Clip(np.zeros(1, np.float32), 16_000, "de-AT"), ("en",))


LIKEWISE = pytest.mark.nightly(
    "tests/engines/test_engines.py::test_a_language_that_the_model_does_not_speak_ends_in_no_answers"
)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("faster-whisper", "option"),
        ("openai-whisper", "option"),
        ("transformers", "data"),
        pytest.param("faster-whisper", "data", marks=LIKEWISE),
        pytest.param("openai-whisper", "data", marks=LIKEWISE),
        pytest.param("transformers", "option", marks=LIKEWISE),
    ],
)
def test_a_language_that_the_model_does_not_speak_ends_in_no_answers(name: str, wrong: str, tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    shutil.copytree(ROOT / "fixtures", folder / "fixtures")
    spec = known.content("faster-whisper-tiny.en")
    if name != "faster-whisper":
        spec["weights"] = {"convert": {"from": "faster-whisper-tiny.en", "to": name}}
    options = {"language": "klingon"} if wrong == "option" else {}
    spec |= {"id": "mute", "engine": name, "options": options, "devices": {"cpu": {"cpu_threads": 1}}, "languages": []}
    spec |= {"tasks": ["asr"], "tiers": ["smoke"]}
    (folder / "fixtures/models/mute.yaml").write_text(yaml.safe_dump(spec))
    if wrong == "data":
        data = folder / "fixtures/datasets/smoke-en.yaml"
        data.write_text(data.read_text().replace("language: en", "language: de"))
    (folder / "pytest.ini").write_text("[pytest]\nmodellab_catalog = fixtures\n")
    (folder / "test_it.py").write_text("def test_it(run): assert run.wer < 1")
    command = [sys.executable, "-m", "pytest", "-q", "-m", "smoke", "--lab-model=mute", "--lab-dataset=smoke-en"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    said = "could not be loaded: ValueError: language `klingon`: this model speaks en"
    assert (said if wrong == "option" else "ValueError: the clip is in `de`: this model speaks en") in done.stdout
