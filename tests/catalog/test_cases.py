"""The plan: which cases a catalog makes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogs import dataset_yaml, install_engine, model_yaml, write_catalog

from pytest_modellab.catalog import load
from pytest_modellab.catalog.cases import Selection, bounded, left_out, named_in, one_per_group, plan
from pytest_modellab.catalog.specs import LimitSpec
from pytest_modellab.engines.registry import available, engine_class

CPU_ONLY = "  cuda: {compute_type: float16}\n"


def ids(folder: Path, selection: Selection | None = None) -> list[str]:
    return [case.id for case in plan(load(folder), selection or Selection())]


def test_a_case_is_model_device_data_set_for_one_task(tmp_path: Path) -> None:
    case = plan(load(write_catalog(tmp_path)))[0]
    assert case.id == "tiny:cpu:talk"
    assert case.key == "asr/tiny:cpu:talk"
    assert case.group == "tiny:cpu"
    assert case.tiers == ("smoke", "smoke_all", "real_e2e")


def test_cases_are_ordered_by_model_device_and_data_set(tmp_path: Path) -> None:
    folder = write_catalog(tmp_path, models=("b", "a"), datasets=("y", "x"))
    assert ids(folder) == [
        *("a:cpu:x", "a:cpu:y", "a:cuda:x", "a:cuda:y"),
        *("b:cpu:x", "b:cpu:y", "b:cuda:x", "b:cuda:y"),
    ]


def test_a_model_runs_only_on_devices_that_it_names(tmp_path: Path) -> None:
    text = model_yaml("tiny").replace(CPU_ONLY, "")
    assert ids(write_catalog(tmp_path, files={"models/tiny.yaml": text})) == ["tiny:cpu:talk"]


@pytest.mark.parametrize(
    ("model", "dataset", "common"),
    [
        ("[smoke, real_e2e]", "[smoke, real_e2e]", ("smoke", "smoke_all", "real_e2e")),
        ("[smoke, real_e2e]", "[real_e2e]", ("real_e2e",)),
        ("[smoke]", "[real_e2e, smoke]", ("smoke", "smoke_all")),
        ("[smoke_all]", "[real_e2e, smoke]", ("smoke_all",)),
        ("[smoke]", "[real_e2e]", None),
        ("[]", "[smoke, real_e2e]", None),
        ("[smoke, real_e2e]", "[]", None),
    ],
)
def test_a_case_is_in_the_tiers_that_model_and_data_share(
    tmp_path: Path, model: str, dataset: str, common: tuple[str, ...] | None
) -> None:
    tiers = "[smoke, real_e2e]"
    files = {
        "models/tiny.yaml": model_yaml("tiny").replace(tiers, model).replace(CPU_ONLY, ""),
        "datasets/talk.yaml": dataset_yaml("talk").replace(tiers, dataset),
    }
    cases = plan(load(write_catalog(tmp_path, files=files)))
    assert [case.tiers for case in cases] == ([] if common is None else [common])


@pytest.mark.parametrize(
    ("languages", "language", "runs"),
    [
        ("[en]", "language: en", True),
        ("[en]", "language: en-US", True),
        ("[en]", "language: en_US", True),
        ("[en-US]", "language: en", False),
        ("[en]", "language: de", False),
        ("[de, en]", "language: en", True),
        ("[]", "language: de", True),
        ("[en]", "", True),
    ],
)
def test_a_model_is_given_only_languages_that_it_speaks(
    tmp_path: Path, languages: str, language: str, runs: bool
) -> None:
    files = {
        "models/tiny.yaml": model_yaml("tiny").replace("languages: [en]", f"languages: {languages}"),
        "datasets/talk.yaml": dataset_yaml("talk").replace("language: en", language),
    }
    assert bool(ids(write_catalog(tmp_path, files=files))) is runs


def test_data_for_another_task_are_not_run(tmp_path: Path) -> None:
    text = dataset_yaml("talk").replace("tasks: [asr]", "tasks: [streaming, chat]")
    assert ids(write_catalog(tmp_path, files={"datasets/talk.yaml": text})) == []


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), ["base:cpu:long", "base:cpu:talk", "tiny:cpu:long", "tiny:cpu:talk"]),
        (Selection(models=("tiny",)), ["tiny:cpu:long", "tiny:cpu:talk"]),
        (Selection(models=("t*", "b?se"), datasets=("talk",)), ["base:cpu:talk", "tiny:cpu:talk"]),
        (Selection(datasets=("*o*",)), ["base:cpu:long", "tiny:cpu:long"]),
        (Selection(devices=("cpu",), models=("[bx]*",)), ["base:cpu:long", "base:cpu:talk"]),
        (Selection(devices=("cuda",)), []),
        (Selection(models=("TINY",)), []),
        (Selection(models=("tin",)), []),
    ],
)
def test_a_selection_keeps_what_its_globs_match_whole(
    tmp_path: Path, selection: Selection, expected: list[str]
) -> None:
    files = {f"models/{name}.yaml": model_yaml(name).replace(CPU_ONLY, "") for name in ("tiny", "base")}
    assert ids(write_catalog(tmp_path, ("tiny", "base"), ("talk", "long"), files), selection) == expected


ENGINE = """\
from dataclasses import dataclass

@dataclass(frozen=True)
class Options: ...

class Engine:
    tasks = frozenset({"asr", "streaming"})
    devices = frozenset({"cpu"})
    rate = 16_000
    Options = Options

    @classmethod
    def load(cls, request): ...
"""


class TestTwoTasks:
    @pytest.fixture(autouse=True)
    def engine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        install_engine(tmp_path / "site", "lab-both", ENGINE)
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        monkeypatch.delitem(sys.modules, "lab_both", raising=False)
        for cached in (available, engine_class):
            cached.cache_clear()
        yield
        for cached in (available, engine_class):
            cached.cache_clear()

    def test_cases_are_ordered_by_task_first_and_keys_tell_them_apart(self, tmp_path: Path) -> None:
        files = {}
        for name in ("a", "b"):
            text = (
                model_yaml(name)
                .replace("faster-whisper", "lab-both")
                .replace("tasks: [asr]", "tasks: [streaming, asr]")
            )
            files[f"models/{name}.yaml"] = text.replace("  beam_size: 5", "  {}").replace(
                "cpu: {compute_type: int8}\n  cuda: {compute_type: float16}", "cpu: {}"
            )
        files["datasets/talk.yaml"] = dataset_yaml("talk").replace("tasks: [asr]", "tasks: [streaming, asr]")

        cases = plan(load(write_catalog(tmp_path / "fixtures", models=("a", "b"), files=files)))

        assert [case.key for case in cases] == [
            "asr/a:cpu:talk",
            "asr/b:cpu:talk",
            "streaming/a:cpu:talk",
            "streaming/b:cpu:talk",
        ]
        assert len({case.id for case in cases}) == 2


def test_what_is_no_case_is_told_by_what_keeps_it_from_being_one(tmp_path: Path) -> None:
    files = {
        "models/tiny.yaml": model_yaml("tiny").replace(CPU_ONLY, ""),
        "models/other.yaml": model_yaml("other").replace("[smoke, real_e2e]", "[]"),
        "datasets/gespraech.yaml": dataset_yaml("gespraech").replace("language: en", "language: de"),
    }
    found = left_out(load(write_catalog(tmp_path, models=("tiny", "other"), files=files)))
    assert {why: [case.id for case in cases] for why, cases in found.items() if why in ("tier", "language")} == {
        # Of several reasons the first counts: a model that is in no tier need speak no language.
        "tier": ["other:cpu:gespraech", "other:cpu:talk", "other:cuda:gespraech", "other:cuda:talk"],
        "language": ["tiny:cpu:gespraech"],
    }


def test_cases_that_a_limit_applies_to(tmp_path: Path) -> None:
    cases = plan(load(write_catalog(tmp_path, models=("a", "b"))))
    limits = [LimitSpec(metric="wer", max=0.1, model="a"), LimitSpec(metric="rtf", max=1.0, device="cuda")]
    assert [case.id for case in bounded(cases, limits[:1])] == ["a:cpu:talk", "a:cuda:talk"]
    assert [case.id for case in bounded(cases, limits)] == ["a:cpu:talk", "a:cuda:talk", "b:cuda:talk"]
    assert bounded(cases, []) == bounded([], limits) == []


def test_one_case_per_group_is_of_the_smoke_tier_where_there_is_one(tmp_path: Path) -> None:
    files = {"datasets/long.yaml": dataset_yaml("long").replace("[smoke, real_e2e]", "[real_e2e]")}
    cases = plan(load(write_catalog(tmp_path, datasets=("long", "talk"), files=files)))
    assert [case.id for case in one_per_group(cases)] == ["tiny:cpu:talk", "tiny:cuda:talk"]
    only_long = [case for case in cases if case.dataset.id == "long"]
    assert one_per_group(only_long) == only_long


@pytest.mark.parametrize(
    ("nodeid", "named"),
    [
        ("test_a.py::test_wer[tiny:cpu:talk]", "tiny:cpu:talk"),
        ("test_a.py::test_wer[fast-tiny:cpu:talk-2]", "tiny:cpu:talk"),
        ("test_a.py::test_wer[tiny:cpu:talk-long]", "tiny:cpu:talk-long"),
        ("test_a.py::test_wer[tiny:cpu:talk0]", "tiny:cpu:talk"),
        ("test_a.py::test_wer[tiny:cpu:talks]", None),
        ("test_a.py::test_wer", None),
    ],
)
def test_the_case_that_a_test_id_names(nodeid: str, named: str | None) -> None:
    assert named_in(nodeid, ["tiny:cpu:talk", "tiny:cpu:talk-long"]) == named
