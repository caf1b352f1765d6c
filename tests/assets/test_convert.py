"""Whispers in CTranslate2's format: read exactly, refused when damaged, converted once, never silently wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from catalogs import model_yaml, write_catalog
from ct2_files import STATE, Variables, model_bin, variables, whisper_folder
from fakelab import FakeLab

from pytest_modellab.assets import convert
from pytest_modellab.assets.convert import WeightsDamaged, ct2, whisper
from pytest_modellab.assets.store import Store, StoreError, Unavailable
from pytest_modellab.catalog import Catalog, CatalogError, load, weights
from pytest_modellab.catalog.weights import digest, local_folder
from pytest_modellab.cli import main

ROOT = Path(__file__).parents[2]


def saved(folder: Path, data: bytes) -> Path:
    path = folder / "model.bin"
    path.write_bytes(data)
    return path


class TestReading:
    def test_every_stored_type_is_read_exactly(self, tmp_path: Path) -> None:
        content: Variables = {
            "half": np.array([[0.5, -2]], "<f2"),
            "single": np.array([0.1], "<f4"),
            "rows": np.array([[127, -64], [10, 0]], "|i1"),
            "rows_scale": np.array([127, 20], "<f4"),
            "whole": np.array([1000, -500], "<i2"),
            "whole_scale": np.array(2000, "<f4"),
            "brain": np.array([0x3FC0, 0xC000], "<u2"),
            "count": np.array(8, "<i2"),
        }
        path = saved(tmp_path, model_bin(content, aliases={"other": "half"}, bfloat16=("brain",)))

        model = ct2.read(path)

        assert model.name == "WhisperSpec"
        assert model.tensor("other").dtype == np.float16
        assert model.tensor("other").tolist() == [[0.5, -2]]
        assert model.tensor("single").tolist() == [np.float32(0.1)]
        assert model.tensor("rows").tolist() == [[1, np.float32(-64 / 127)], [0.5, 0]]
        assert model.tensor("whole").tolist() == [0.5, -0.25]
        assert model.tensor("brain").tolist() == [1.5, -2]
        assert model.number("count") == 8

    @pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.7, 0.99])
    def test_one_that_is_cut_off_is_refused(self, tmp_path: Path, part: float) -> None:
        whole = model_bin(variables())
        path = saved(tmp_path, whole[: round(len(whole) * part)])
        with pytest.raises(WeightsDamaged, match=r"model\.bin is (cut off in .+: \d+ bytes are missing|empty)"):
            ct2.read(path)

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (model_bin(variables()) + b"xyz", "3 bytes are left over"),
            (model_bin(variables(), version=99), "of version 99"),
            (b"PK\x03\x04 a zip archive", "no CTranslate2 model"),
            (model_bin({"x": np.array([1], "<u2")}, bfloat16=("x",)).replace(b"\x05\x02", b"\x09\x02"), "type 9"),
            (model_bin({"x": np.array([1.0], "<f4")}).replace(b"\x00\x04\0\0\0", b"\x00\x03\0\0\0"), "3 bytes for"),
        ],
    )
    def test_what_does_not_add_up_is_refused(self, tmp_path: Path, data: bytes, said: str) -> None:
        with pytest.raises(WeightsDamaged, match=said):
            ct2.read(saved(tmp_path, data))

    def test_weights_of_no_known_kind_are_refused(self, tmp_path: Path) -> None:
        model = ct2.read(saved(tmp_path, model_bin({"x": np.array([1], "|i1")})))
        with pytest.raises(WeightsDamaged, match="without a scale"):
            model.tensor("x")
        with pytest.raises(WeightsDamaged, match="holds no `y`"):
            model.tensor("y")


class TestWhisper:
    def test_fused_projections_are_taken_apart(self, tmp_path: Path) -> None:
        content = variables()
        model = whisper.read(whisper_folder(tmp_path, model_bin(content)))

        fused = content["decoder/layer_0/attention/linear_1/weight"]
        assert np.array_equal(model.tensors["decoder.blocks.0.cross_attn.key.weight"], fused[:STATE])
        assert np.array_equal(model.tensors["decoder.blocks.0.cross_attn.value.weight"], fused[STATE:])
        assert "decoder.blocks.0.cross_attn.key.bias" not in model.tensors
        assert model.dims == whisper.Dimensions(4, 6, 8, 2, 1, 16, 5, 8, 2, 1)

    def test_a_bias_of_keys_is_no_whisper(self, tmp_path: Path) -> None:
        content = variables()
        content["encoder/layer_0/self_attention/linear_0/bias"][:] = 1
        with pytest.raises(WeightsDamaged, match="gives its keys a bias"):
            whisper.read(whisper_folder(tmp_path, model_bin(content)))

    def test_another_model_is_no_whisper(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsDamaged, match="holds a TransformerSpec, not a Whisper"):
            whisper.read(whisper_folder(tmp_path, model_bin(variables(), name="TransformerSpec")))

    def test_a_missing_tensor_is_named(self, tmp_path: Path) -> None:
        content = variables()
        del content["decoder/layer_norm/gamma"]
        with pytest.raises(WeightsDamaged, match="holds no `decoder/layer_norm/gamma`"):
            whisper.read(whisper_folder(tmp_path, model_bin(content)))


class TestTransformersFolder:
    def written(self, source: Path, to: Path) -> Path:
        to.mkdir()
        convert.convert(source, "transformers", to)
        return to

    def test_another_library_reads_the_same_tensors(self, tmp_path: Path) -> None:
        source = whisper_folder(tmp_path / "source")
        folder = self.written(source, tmp_path / "to")

        found = safetensors.numpy.load_file(folder / "model.safetensors")

        model = whisper.read(source)
        assert len(found) == len(model.tensors)
        for name in ("model.encoder.layers.0.self_attn.k_proj.weight", "model.decoder.embed_tokens.weight"):
            assert found[name].dtype == np.float16
        assert np.array_equal(
            found["model.decoder.layers.0.encoder_attn.v_proj.bias"],
            model.tensors["decoder.blocks.0.cross_attn.value.bias"],
        )

    def test_the_same_source_gives_the_same_bytes(self, tmp_path: Path) -> None:
        source = whisper_folder(tmp_path / "source")
        first, second = (self.written(source, tmp_path / name) for name in ("a", "b"))
        names = sorted(path.name for path in first.iterdir())
        assert "model.safetensors" in names
        assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)

    def test_a_file_that_was_cut_off_is_not_kept(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real = safetensors.numpy.save_file

        def cut_off(tensors: Variables, path: Path, metadata: dict[str, str]) -> None:
            real(tensors, path, metadata)
            path.write_bytes(path.read_bytes()[:-1])

        monkeypatch.setattr(safetensors.numpy, "save_file", cut_off)
        with pytest.raises(WeightsDamaged, match=r"model\.safetensors is damaged"):
            self.written(whisper_folder(tmp_path / "source"), tmp_path / "to")

    def test_settings_are_those_of_the_source(self, tmp_path: Path) -> None:
        folder = self.written(whisper_folder(tmp_path / "source"), tmp_path / "to")
        config = json.loads((folder / "config.json").read_text())
        generation = json.loads((folder / "generation_config.json").read_text())
        assert (config["d_model"], config["num_mel_bins"], config["torch_dtype"]) == (8, 4, "float16")
        assert generation["suppress_tokens"] == [3]
        assert generation["is_multilingual"] is False
        assert generation["no_timestamps_token_id"] == 3

    def test_what_reads_back_otherwise_is_not_kept(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real = safetensors.numpy.load_file

        def lossy(path: Path) -> Variables:
            found = dict(real(path))
            name = next(iter(found))
            return {**found, name: found[name] + np.float16(1)}

        monkeypatch.setattr(safetensors.numpy, "load_file", lossy)
        with pytest.raises(WeightsDamaged, match="holds other weights than were written"):
            self.written(whisper_folder(tmp_path / "source"), tmp_path / "to")


def converting(target: str = "transformers", source: str = "source") -> str:
    return (
        "schema: modellab.model/1\nid: converted\nengine: faster-whisper\ntasks: [asr]\ntiers: [smoke]\n"
        f"weights:\n  convert: {{from: {source}, to: {target}}}\ndevices: {{cpu: {{}}}}\n"
    )


def local(name: str) -> str:
    """A model in a local folder."""
    head, _, rest = model_yaml("source").partition("weights:\n")
    return f"{head}weights:\n  path: {name}\noptions:{rest.partition('options:')[2]}"


def catalog_of(folder: Path, *, target: str = "transformers") -> Catalog:
    whisper_folder(folder / "fixtures/models/here")
    files = {"models/converted.yaml": converting(target), "models/source.yaml": local("here")}
    return load(write_catalog(folder / "fixtures", files=files))


def fetched(catalog: Catalog, folder: Path) -> Path:
    found = local_folder(catalog.models["converted"], catalog, Store(folder / "cache", progress=False))
    assert found is not None
    return found


class TestInTheCatalog:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (converting(source="sauce"), "converted.yaml:7: unknown model `sauce`; did you mean `source`?"),
            (converting(source="tiny"), "converted.yaml:7: the weights of `tiny` are no Whisper in CTranslate2's"),
            (converting(source="converted"), "converted.yaml:7: `converted` is converted itself"),
            (converting(target="onnx"), "converted.yaml:7: `weights.convert.to`: unknown value `onnx`; allowed:"),
            (
                converting().replace("  convert", "  path: here\n  convert"),
                "converted.yaml:6: `weights`: give exactly one of `files`, `path`, `convert`; found `path`, `convert`",
            ),
        ],
    )
    def test_what_cant_be_converted_is_refused_by_line(self, tmp_path: Path, text: str, said: str) -> None:
        whisper_folder(tmp_path / "fixtures/models/here")
        files = {"models/converted.yaml": text, "models/source.yaml": local("here")}
        with pytest.raises(CatalogError) as caught:
            load(write_catalog(tmp_path / "fixtures", files=files))
        assert said in str(caught.value)


class TestInTheStore:
    def test_it_is_made_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        catalog = catalog_of(tmp_path)
        first = fetched(catalog, tmp_path)
        assert (first / "model.safetensors").exists()
        assert capfd.readouterr().err == "converting source for transformers\n"

        monkeypatch.setattr(weights, "convert", None)
        assert fetched(catalog, tmp_path) == first

    def test_a_corrupt_file_is_noticed_and_made_anew(self, tmp_path: Path) -> None:
        catalog = catalog_of(tmp_path)
        file = fetched(catalog, tmp_path) / "model.safetensors"
        right = file.read_bytes()
        blob = file.resolve()
        blob.chmod(0o644)
        blob.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))

        assert (fetched(catalog, tmp_path) / "model.safetensors").read_bytes() == right

    def test_the_digest_is_known_before_and_rests_on_all_it_is_made_from(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = {}
        for target in ("transformers", "openai-whisper"):
            catalog = catalog_of(tmp_path / target, target=target)
            found[target] = digest(catalog.models["converted"], catalog)
            assert found[target] != digest(catalog.models["source"], catalog)
        assert found["transformers"] != found["openai-whisper"]

        catalog = catalog_of(tmp_path / "again")
        assert digest(catalog.models["converted"], catalog) == found["transformers"]
        monkeypatch.setattr(weights, "version", lambda target: "999")
        assert digest(catalog.models["converted"], catalog) != found["transformers"]
        monkeypatch.undo()
        (catalog.folder / "models/here/model.bin").write_bytes(model_bin(variables(seed=1)))
        assert digest(catalog.models["converted"], catalog) != found["transformers"]

    @pytest.mark.parametrize(("target", "library"), [("openai-whisper", "torch"), ("transformers", "safetensors")])
    def test_a_library_that_is_missing_is_not_available(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, library: str
    ) -> None:
        monkeypatch.setattr(weights, "_installed", lambda name: False)
        catalog = catalog_of(tmp_path, target=target)
        with pytest.raises(Unavailable) as caught:
            fetched(catalog, tmp_path)
        assert f"{library} is not installed" in str(caught.value)
        assert str(caught.value).endswith(f"pip install 'pytest-modellab[{target}]'")

    @pytest.mark.parametrize("target", ["transformers", "openai-whisper"])
    def test_a_damaged_source_says_what_is_wrong_and_leaves_nothing(self, tmp_path: Path, target: str) -> None:
        if target == "openai-whisper":
            pytest.importorskip("torch")
        catalog = catalog_of(tmp_path, target=target)
        whisper_folder(catalog.folder / "models/here", model_bin(variables())[:-100])
        with pytest.raises(StoreError, match=r"weights of converted can't be converted: .*model\.bin is cut off in"):
            fetched(catalog, tmp_path)
        assert not list((tmp_path / "cache").glob("made/*"))
        assert not list((tmp_path / "cache").glob("tmp/*"))

    def test_two_processes_make_it_once(self, tmp_path: Path) -> None:
        catalog_of(tmp_path)
        script = textwrap.dedent("""
            import sys, time
            from pathlib import Path
            from pytest_modellab.catalog import weights
            from pytest_modellab.catalog import load
            from pytest_modellab.assets.store import Store
            real, folder = weights.convert, Path(sys.argv[1])
            def slow(*arguments):
                with (folder / "made.log").open("a") as log: log.write("made\\n")
                time.sleep(0.5)
                real(*arguments)
            weights.convert = slow
            catalog = load(folder / "fixtures")
            print(weights.local_folder(catalog.models["converted"], catalog, Store(folder / "cache", progress=False)))
        """)
        command = [sys.executable, "-c", script, str(tmp_path)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        first, second = (process.communicate(timeout=60)[0] for process in running)
        assert first == second
        assert (Path(first.strip()) / "model.safetensors").exists()
        assert (tmp_path / "made.log").read_text() == "made\n"


def test_models_and_pull_tell_what_is_made_from_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    catalog = catalog_of(tmp_path)

    def shown() -> str:
        assert main(["--catalog", str(catalog.folder), "models"]) == 0
        return next(line for line in capsys.readouterr().out.splitlines() if line.startswith("converted"))

    assert "made from source when needed" in shown()
    assert main(["--catalog", str(catalog.folder), "pull", "converted"]) == 0
    assert "converted: /" in capsys.readouterr().out
    assert "made from source " in (line := shown())
    assert "when needed" not in line


def test_a_session_with_a_damaged_source_fails_and_says_so(lab: FakeLab) -> None:
    lab.dataset()
    whisper_folder(lab.catalog / "models/here", b"")
    lab.spec(
        "models/source.yaml",
        {
            "schema": "modellab.model/1",
            "id": "source",
            "engine": "fake-for-tests",
            "tasks": ["asr"],
            "tiers": [],
            "weights": {"path": "here"},
            "options": {"answers": {}},
            "devices": {"cpu": {}},
        },
    )
    model = lab.model(id="converted")
    model.write_text(model.read_text() + "weights: {convert: {from: source, to: transformers}}\n")

    result = lab.run("-m", "smoke")

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*weights of converted can't be converted: *model.bin is empty*"])
