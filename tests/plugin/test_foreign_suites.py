"""Suites of other people, whose fixtures, markers, options and hooks have our names: the plugin leaves them alone."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

INI = """
    [pytest]
    addopts = --strict-markers
    markers =
        smoke: ours
        real_e2e: ours
        cpu: ours
        bounded: ours
        per_model(how): ours
        spoken: ours
        asr: ours
"""
CONFTEST = """
    import pytest

    pytest_plugins = ["own_plugin"]


    def pytest_addoption(parser):
        parser.addoption("--model", default="large")
        parser.addoption("--device", default="tpu")


    def pytest_generate_tests(metafunc):
        if metafunc.function.__name__ == "test_of_a_hook":
            metafunc.parametrize("run", ["sprint", "marathon"])


    @pytest.fixture
    def model(request):
        return request.config.getoption("--model")


    @pytest.fixture(scope="session")
    def limits():
        return {"speed": 50}
"""
PLUGIN = """
    import pytest


    @pytest.fixture(scope="session")
    def device(pytestconfig):
        return pytestconfig.getoption("--device")


    @pytest.fixture
    def machine_alone():
        return "all by itself"
"""
OWN = {
    "test_marks.py": """
        import pytest


        @pytest.mark.parametrize("case", ["a", "b"])
        def test_case(case):
            assert case in "ab"


        @pytest.mark.parametrize(("run", "dataset"), [(1, 2), (3, 4)], ids=["low", "high"])
        @pytest.mark.parametrize("device", ["x"])
        def test_more(run, dataset, device):
            assert run < dataset


        @pytest.fixture
        def start_model(request):
            return request.param


        @pytest.mark.parametrize("start_model", ["go"], indirect=True)
        def test_indirect(start_model):
            assert start_model == "go"
    """,
    "test_fixtures.py": """
        import pytest


        @pytest.fixture(scope="module", params=["upper", "lower"])
        def case(request):
            return request.param


        @pytest.fixture(autouse=True)
        def run(case):
            return getattr("Word", case)()


        def test_run(run, limits, model, device, machine_alone):
            assert (run.lower(), limits, model) == ("word", {"speed": 50}, "large")
            assert (device, machine_alone) == ("tpu", "all by itself")


        def test_dynamic(request):
            assert request.getfixturevalue("run") in {"WORD", "word"}


        class TestClass:
            @pytest.fixture
            def dataset(self, model):
                return [model]

            @pytest.fixture
            def model(self, model):
                return f"very {model}"

            def test_dataset(self, dataset):
                assert dataset == ["very large"]
    """,
    "test_hooks.py": """
        def pytest_generate_tests(metafunc):
            if "case" in metafunc.fixturenames:
                metafunc.parametrize("case", [1, 2])


        def test_case(case):
            assert case in {1, 2}


        def test_of_a_hook(run):
            assert run in {"sprint", "marathon"}


        class TestClass:
            def pytest_generate_tests(self, metafunc):
                metafunc.parametrize("dataset", ["large"])

            def test_dataset(self, dataset, model):
                assert dataset == model
    """,
    "test_markers.py": """
        import pytest

        pytestmark = pytest.mark.smoke


        @pytest.mark.real_e2e
        @pytest.mark.cpu
        def test_both():
            pass


        @pytest.mark.bounded
        @pytest.mark.per_model("often")
        def test_bounded():
            pass


        @pytest.mark.asr
        @pytest.mark.xfail(strict=True)
        def test_that_fails(model):
            assert model == "small"
    """,
    "test_release.py": """
        import unittest

        import pytest

        pytestmark = pytest.mark.real_e2e


        def test_plain():
            pass


        @pytest.mark.parametrize("case", range(3))
        def test_case(case):
            if case == 1:
                pytest.skip("an odd one")
            assert case != 2


        @pytest.mark.spoken
        @pytest.mark.usefixtures("model")
        class TestUnit(unittest.TestCase):
            run_before = 0

            def setUp(self):
                self.case = "set up"

            def test_case(self):
                self.assertEqual(self.case, "set up")
    """,
    "below/conftest.py": """
        import pytest


        @pytest.fixture(scope="session")
        def run():
            return "the whole session"


        @pytest.fixture(scope="package")
        def dataset(run):
            return run.split()


        @pytest.fixture
        def no_worse(case):
            return case > 0


        @pytest.fixture(params=[1, 2], ids=["one", "two"])
        def case(request):
            return request.param
    """,
    "below/test_below.py": """
        def test_scopes(run, dataset):
            assert run.split() == dataset


        def test_no_worse(no_worse):
            assert no_worse
    """,
}
FILES = [name for name in OWN if Path(name).name.startswith("test_")]

Outcomes = dict[str, list[tuple[str, str]]]
"""File -> ids of its tests with their outcomes, as they ran."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str, bool], Outcomes]:
    """What becomes of the foreign suite, with and without a catalog of ours beside it, with and without the plugin."""
    kept: dict[tuple[str, str, bool], Outcomes] = {}

    def of(kind: str, workers: str, plugin: bool) -> Outcomes:
        key = (kind, workers, plugin)
        if key not in kept:
            folder = tmp_path_factory.mktemp("foreign")
            write(folder)
            if kind == "catalog":
                catalog(folder)
            kept[key] = session(folder, workers, *([] if plugin else ["-p", "no:modellab"]))
        return kept[key]

    return of


def write(folder: Path) -> None:
    files = {"pytest.ini": INI, "conftest.py": CONFTEST, "own_plugin.py": PLUGIN, **OWN}
    files["tests/fixtures/models/large.yaml"] = "id: large\nlayers: 12\n"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")


def catalog(folder: Path) -> None:
    """A catalog of the lab in `fixtures/`, which pytest finds by itself."""
    files = {
        "fixtures/models/fake.yaml": "schema: modellab.model/1\nid: fake\nengine: fake-for-tests\ntasks: [asr]\n"
        "tiers: [smoke]\ndevices: {cpu: {}}\noptions: {answers: {}}\n",
        "fixtures/datasets/clips.yaml": "schema: modellab.dataset/1\nid: clips\ntasks: [asr]\ntiers: [smoke]\n"
        "language: en\nmanifest: clips.jsonl\n",
        "fixtures/datasets/clips.jsonl": "",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def session(folder: Path, *arguments: str) -> Outcomes:
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p"]
    command += ["no:benchmark", f"--junitxml={report}", "-o", "junit_family=xunit1", *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ["PYTHONPATH"]])}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr  # one test fails on purpose
    assert "deselected" not in done.stdout
    assert ("modellab: fixtures" in done.stdout) == ("-p no:modellab" not in " ".join(arguments)) * (
        folder / "fixtures"
    ).exists()
    found: Outcomes = {}
    for each in ElementTree.parse(report).iter("testcase"):
        outcome = next((f"{inner.tag} {inner.get('type')}" for inner in each if inner.tag != "properties"), "passed")
        assert each.find("properties") is None, "a test that isn't of the lab says something of it"
        found.setdefault(str(each.get("file")), []).append((f"{each.get('classname')}::{each.get('name')}", outcome))
    return found


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(("kind", "workers"), [("catalog", "-n0"), ("catalog", "-n2"), ("none", "-n0")])
def test_a_suite_ends_as_it_does_without_the_plugin(
    outcomes: Callable[[str, str, bool], Outcomes], kind: str, workers: str, file: str
) -> None:
    ended, alone = outcomes(kind, workers, True), outcomes("none", "-n0", False)
    if workers == "-n0":  # in the same order, too
        assert ended[file] == alone[file]
        assert list(ended) == list(alone)
    assert sorted(ended[file]) == sorted(alone[file])
    failed = {id for id, outcome in ended[file] if outcome not in {"passed", "skipped pytest.xfail"}}
    assert failed == ({"test_release::test_case[1]", "test_release::test_case[2]"} if "release" in file else set())
