"""Exports of records: tables, the hub's metadata, trackers."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml
from records import edits, record, utterance

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.reports.exports import tables, trackers
from pytest_modellab.reports.exports.figures import figures, utterances
from pytest_modellab.reports.exports.hub import eval_results, model_index
from pytest_modellab.reports.exports.tables import ExportError, as_csv, write_parquet
from pytest_modellab.reports.exports.trackers import metrics_of, params_of, tags_of, to_mlflow, to_trackio, to_wandb
from pytest_modellab.results import record_files
from pytest_modellab.results.record import Record
from pytest_modellab.results.values import valued


def made(model: str = "tiny", dataset: str = "talk", task: str = "asr", **changes: Any) -> Record:
    said = [
        utterance("good"),
        utterance("bad", "the quick brown fox jumps over it", "the quack brown jumps over it", edits(1, 1, 0, 5)),
        utterance("formula", hypothesis="=1+1"),
        *(utterance(f"more {i}", words=edits(substitutions=i % 2, hits=3 - i % 2)) for i in range(12)),
    ]
    case = CaseRef(task=task, model=model, device="cpu", dataset=dataset)
    return valued(record(utterances=said, case=case, **changes))


class TestTables:
    def test_a_row_for_each_figure_with_its_interval_or_its_reason(self) -> None:
        one, other = made(), made("base")
        rows = list(figures([one, other]))
        wer = next(row for row in rows if row["metric"] == "wer")
        interval = one.interval("wer")
        assert interval is not None
        assert (wer["value"], wer["low"], wer["high"]) == (one.value("wer"), interval.low, interval.high)
        assert (wer["model"], wer["unit"], wer["scorer"], wer["record"]) == ("tiny", "%", one.normalizer.name, one.id)
        assert {row["model"] for row in rows} == {"tiny", "base"}
        assert all(row["value"] is not None or row["missing"] for row in rows)
        assert {row["metric"] for row in rows} <= set(METRICS)
        assert len({tuple(row) for row in rows}) == 1

    def test_a_row_for_each_utterance(self) -> None:
        rows = list(utterances([made()]))
        assert [(row["utterance"], row["errors"], row["reference_units"]) for row in rows][1] == ("bad", 2, 7)

    def test_csv_is_read_back_and_no_formula(self) -> None:
        rows = list(csv.DictReader(io.StringIO(as_csv(utterances([made()])))))
        assert [row["hypothesis"] for row in rows][2] == "'=1+1"
        assert rows[1]["errors"] == "2"
        assert as_csv([]) == ""

    def test_parquet_has_the_types(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        parquet = pytest.importorskip("pyarrow.parquet")
        monkeypatch.setattr(tables, "GROUP", 2)
        write_parquet(utterances([made(), made("base")]), tmp_path / "u.parquet")
        found = parquet.read_table(tmp_path / "u.parquet")
        assert found.to_pylist() == list(utterances([made(), made("base")]))
        assert parquet.ParquetFile(tmp_path / "u.parquet").num_row_groups == 15
        write_parquet(figures([made()]), tmp_path / "f.parquet")
        assert parquet.read_table(tmp_path / "f.parquet").to_pylist() == list(figures([made()]))
        assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []

    def test_without_pyarrow_it_says_what_to_install(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(ExportError, match=r"pip install 'pytest-modellab\[parquet\]'"):
            write_parquet([], tmp_path / "u.parquet")


class TestHub:
    def test_a_result_of_a_benchmark(self) -> None:
        from huggingface_hub import parse_eval_result_entries

        one = made()
        found = yaml.safe_load(eval_results([one], "org/benchmark", "test-clean", "a" * 40))
        (entry,) = parse_eval_result_entries(found)
        assert (entry.dataset_id, entry.task_id, entry.dataset_revision) == ("org/benchmark", "test-clean", "a" * 40)
        assert entry.value == pytest.approx(100 * (one.value("wer") or 0), abs=1e-3)
        assert entry.notes is not None
        assert entry.notes.startswith("WER, %, pytest-modellab ")

    def test_one_result_of_one_model(self) -> None:
        with pytest.raises(ExportError, match=r"one result of a model, here are 2: tiny:cpu:talk, tiny:cpu:more"):
            eval_results([made(), made(dataset="more")], "org/b", "t", None)

    def test_the_head_of_a_model_card(self) -> None:
        from huggingface_hub.repocard_data import model_index_to_eval_results

        found = yaml.safe_load(model_index([made(), made(dataset="more")], []))
        name, results = model_index_to_eval_results(found["model-index"])
        assert name == "tiny"
        assert {(each.dataset_name, each.metric_type) for each in results} >= {("talk", "wer"), ("more", "wer")}
        wer = next(each for each in results if each.metric_type == "wer")
        assert wer.task_type == "automatic-speech-recognition"
        assert wer.metric_value == pytest.approx(100 * (made().value("wer") or 0), abs=1e-3)
        assert "95 % interval" in (wer.metric_name or "")

    def test_times_of_a_noisy_machine_are_left_out(self) -> None:
        one = made()
        noisy = one.model_copy(update={"timing": one.timing.model_copy(update={"noisy": "a neighbour"})})
        assert "metric_type" not in model_index([noisy], ["wer"])
        with pytest.raises(ExportError, match="only times of a noisy machine"):
            model_index([noisy], ["rtf"])

    def test_what_is_no_model_card(self) -> None:
        with pytest.raises(ExportError, match="a model card is of one model, here are base, tiny"):
            model_index([made(), made("base")], [])
        with pytest.raises(ExportError, match="the hub has no word for the task chat"):
            model_index([made(task="chat")], [])


class Run(SimpleNamespace):
    """A run of a tracker that keeps what it was told."""

    def __init__(self, **told: Any) -> None:
        super().__init__(told=told, summary={}, saved=[], ended=None)

    def save(self, path: str, **_: Any) -> None:
        self.saved.append(path)

    def finish(self, exit_code: int) -> None:
        self.ended = exit_code


@pytest.fixture
def stored(tmp_path: Path) -> list[tuple[Record, Path]]:
    found = made(loaded={"dtype": "int8"})
    return [(found, record_files.write(found, tmp_path / "reports"))]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """Stand-ins of the two libraries that aren't installed for tests."""
    runs: list[Run] = []

    def init(**told: Any) -> Run:
        runs.append(Run(**told))
        return runs[-1]

    wandb, trackio = ModuleType("wandb"), ModuleType("trackio")
    for module in (wandb, trackio):
        module.__dict__["init"] = init
    trackio.__dict__["log"] = lambda values: runs[-1].summary.update(values)
    trackio.__dict__["finish"] = lambda: runs[-1].finish(0)
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    monkeypatch.setitem(sys.modules, "trackio", trackio)
    return runs


class TestTrackers:
    def test_mlflow_has_figures_options_and_the_record_once(
        self, stored: list[tuple[Record, Path]], tmp_path: Path
    ) -> None:
        mlflow = pytest.importorskip("mlflow")
        ((one, path),) = stored
        where = f"sqlite:///{tmp_path / 'mlflow.db'}"
        client = mlflow.MlflowClient(tracking_uri=where)
        client.create_experiment("lab", artifact_location=str(tmp_path / "artifacts"))
        (told,) = to_mlflow(stored, "lab", where)
        run = client.get_run(told.rpartition(" ")[2])
        assert run.data.metrics["wer"] == one.value("wer")
        assert run.data.metrics["wer.low"] < run.data.metrics["wer"] < run.data.metrics["wer.high"]
        assert run.data.params["model"] == "tiny"
        assert run.data.params["loaded.dtype"] == "int8"
        assert run.data.tags["modellab.record"] == one.id
        assert [each.path for each in client.list_artifacts(run.info.run_id)] == [path.name]
        assert run.info.status == "FINISHED"
        assert list(to_mlflow(stored, "lab", where)) == [f"{one.case.id}: there already"]

    def test_mlflow_that_cannot_be_reached(self, stored: list[tuple[Record, Path]]) -> None:
        pytest.importorskip("mlflow")
        with pytest.raises(ExportError, match=r"^MLflow: "):
            list(to_mlflow(stored, "lab", "nonsense://nowhere"))

    def test_wandb(self, stored: list[tuple[Record, Path]], fake: list[Run]) -> None:
        ((one, path),) = stored
        assert list(to_wandb(stored, "lab", "team")) == [f"{one.case.id}: run {one.id}"]
        (run,) = fake
        assert (run.told["project"], run.told["entity"], run.told["id"]) == ("lab", "team", one.id)
        assert run.told["config"]["loaded.dtype"] == "int8"
        assert run.summary["wer"] == one.value("wer")
        assert (run.saved, run.ended) == ([str(path)], 0)

    def test_trackio(self, stored: list[tuple[Record, Path]], fake: list[Run]) -> None:
        ((one, _),) = stored
        list(to_trackio(stored, "lab", None))
        (run,) = fake
        assert run.told["name"] == f"{one.case.id}-{one.id}"
        assert run.summary["wer"] == one.value("wer")
        assert run.ended == 0

    @pytest.mark.parametrize("name", trackers.TRACKERS)
    def test_one_that_is_not_installed(
        self, name: str, stored: list[tuple[Record, Path]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(ExportError, match=f"not installed; pip install {name}"):
            list(trackers.TRACKERS[name](stored, "lab", None))

    def test_no_secret_and_nothing_endless_goes_out(self) -> None:
        one = made()
        inputs = {
            **one.provenance.inputs,
            "options": {"url": "https://me:pass-0123@host/v1", "beam_size": 5, "language": None},
        }
        one = one.model_copy(update={"provenance": one.provenance.model_copy(update={"inputs": inputs})})
        told = params_of(one)
        assert told["option.beam_size"] == 5
        assert "pass-0123" not in str(told)
        assert "option.language" not in told
        assert all(isinstance(value, float | int) for value in metrics_of(one).values())
        assert tags_of(one)["modellab.key"] == one.provenance.key
