"""What a spec asks of an environment, what is told of one, and the interpreters that a person made."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import numpy as np
import pytest
from catalogs import model_yaml, write_catalog
from rooms import ROOM, said, spec

from pytest_modellab.assets.venvs import own_version
from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.catalog.environment_spec import EnvironmentSpec
from pytest_modellab.catalog.environments import Environments, NoEnvironment, plan, provenance, whereabouts


def test_a_build_that_fails_tells_the_last_lines_and_leaves_its_log_alone(offline: Path) -> None:
    environments = Environments(Path(), offline)
    model = spec(requirements=["lab-tiny==9"])
    with pytest.raises(NoEnvironment, match="No matching distribution found for lab-tiny==9"):
        environments.of(model, said)
    assert model.environment is not None
    folder = environments.folder(plan(model.environment))
    assert [path.name for path in folder.iterdir()] == ["build.log"]
    assert "lab-tiny" in (folder / "build.log").read_text()
    assert environments.state(model) == f"Python {own_version()}: not built"


def test_one_that_cannot_be_built_is_tried_once_in_a_session(offline: Path) -> None:
    environments = Environments(Path(), offline)
    told: list[str] = []
    for _ in range(2):
        with pytest.raises(NoEnvironment):
            environments.of(spec(requirements=["lab-tiny==9"]), told.append)
    assert sum(line.startswith("building its environment, ") for line in told) == 1


def test_one_that_is_built_has_what_was_asked_for_and_is_built_once(offline: Path) -> None:
    model = spec(requirements=ROOM)
    environments = Environments(Path(), offline)
    found = environments.of(model, said)
    assert found is not None
    assert Environments(Path(), offline).of(spec(requirements=ROOM[::-1]), pytest.fail) == found
    assert environments.state(model) == f"Python {own_version()}: built"
    source = found.source("lab_tiny")
    assert source is not None
    assert source.read_text() == "VERSION = '1.0'\n"
    assert found.source("no_such_module") is None
    told = provenance(model, found)
    assert told["requirements"] == ["lab-tiny==1.0", "modellab-room-engine", "numpy"]
    assert told["versions"] == {"lab-tiny": "1.0", "modellab-room-engine": "1.0", "numpy": np.__version__}
    assert whereabouts(model, str).endswith("; `modellab pull tiny` tries again.")


class TestInterpreter:
    """One that a person made: nothing of it is built."""

    def test_it_is_told_by_its_version_and_the_spec(self, tmp_path: Path) -> None:
        model = spec(interpreter=sys.executable)
        environments = Environments(Path(), tmp_path)
        found = environments.of(model, pytest.fail)
        assert found is not None
        assert found.interpreter == Path(sys.executable)
        assert found.python == platform.python_version()
        assert environments.state(model) == f"{sys.executable}: present"
        assert provenance(model, found) == {
            "python": platform.python_version(),
            "interpreter": sys.executable,
            "versions": {"numpy": np.__version__},
        }
        assert found.versions(["NumPy", "no-such-library"]) == {"NumPy": np.__version__, "no-such-library": None}
        assert whereabouts(model, str).startswith("`interpreter` stands in ")
        assert list(tmp_path.iterdir()) == []

    def test_one_beside_the_models_is_found_from_there(self, tmp_path: Path) -> None:
        (tmp_path / "models").mkdir()
        (tmp_path / "python").symlink_to(sys.executable)
        environments = Environments(tmp_path / "models", tmp_path)
        assert environments.state(spec(interpreter="../python")) == "../python: present"
        assert environments.state(spec(interpreter="../nowhere")) == "../nowhere: absent"

    @pytest.mark.parametrize(
        ("name", "told"),
        [("nowhere", "there is no interpreter at .*nowhere"), ("plain", "plain can't be run as a Python interpreter")],
    )
    def test_what_is_none_says_so_to_each_model_that_asks(self, tmp_path: Path, name: str, told: str) -> None:
        (tmp_path / "plain").write_text("no program")
        environments = Environments(tmp_path, tmp_path)
        model = spec(interpreter=name)
        for each in (model, model.model_copy(update={"id": "second"})):
            with pytest.raises(NoEnvironment, match=told):
                environments.of(each, said)

    def test_a_model_without_one_needs_none(self, tmp_path: Path) -> None:
        model = spec(interpreter=sys.executable).model_copy(update={"environment": None})
        environments = Environments(tmp_path, tmp_path)
        assert environments.of(model, pytest.fail) is None
        assert environments.state(model) == "-"


class TestSpec:
    @pytest.mark.parametrize(
        ("lines", "told"),
        [
            ("python: 3.12\n  requirements: [six]", "expected text, found `3.12`, which YAML reads as the number 3.12"),
            ('python: "3.9"\n  requirements: [six]', 'a version of Python from "3.10" on'),
            ('python: "3.12"', "give exactly one of `requirements`, `interpreter`; found none"),
            ("requirements: [six]\n  interpreter: x", "give exactly one of `requirements`, `interpreter`; found"),
            ('interpreter: x\n  python: "3.12"', "`python` goes with `requirements`"),
            ("requirements: []", "needs at least 1 item, found none"),
            ("requirements: six", "expected a list, found `six`; write [six]"),
            ("requirements: [six, --index-url=https://a.b]", "options of pip don't belong here"),
            ("requirements: ['-r other.txt']", "options of pip don't belong here"),
            ("requirements: ['six --hash=sha256:1']", "is not a requirement such as name==1.2"),
            ("requirements: [./six]", "is not a requirement such as name==1.2"),
            ("requirements: ['https://a.b/six.whl']", "is not a requirement such as name==1.2"),
            ("requirements: ['six @ file:///six.whl']", "may be named by an https:// address, found file:///six.whl"),
            ("requirements: ['six @ git+ssh://a/b']", "may be named by an https:// address, found git+ssh://a/b"),
            ("requirements: [six]\n  requirement: [x]", "unknown key `requirement` in `environment`"),
        ],
    )
    def test_what_an_environment_may_not_say(self, tmp_path: Path, lines: str, told: str) -> None:
        text = f"{model_yaml('tiny')}environment:\n  {lines}\n"
        first = len(model_yaml("tiny").splitlines()) + 1
        with pytest.raises(CatalogError) as caught:
            load(write_catalog(tmp_path / "fixtures", files={"models/tiny.yaml": text}))
        (problem,) = caught.value.problems
        assert told in problem.message
        assert first <= problem.line <= first + 2

    def test_requirements_are_those_of_pip(self) -> None:
        asked = ["Lab_Tiny[b,a] >=1, <2", "torch @ https://a.b/torch.whl#sha256=00", "six; python_version < '4'"]
        found = EnvironmentSpec(requirements=tuple(asked))
        assert found.requirements == (
            "lab-tiny[a,b]<2,>=1",
            "torch @ https://a.b/torch.whl#sha256=00",
            'six; python_version < "4"',
        )
        assert plan(found).requirements == (
            "lab-tiny[a,b]<2,>=1",
            "numpy",
            'six; python_version < "4"',
            "torch @ https://a.b/torch.whl#sha256=00",
        )

    def test_numpy_as_it_is_asked_for_is_enough(self) -> None:
        assert plan(EnvironmentSpec(requirements=("numpy<2",))).requirements == ("numpy<2",)

    def test_numpy_for_somebody_else_is_not(self) -> None:
        marked = 'numpy<2; python_version < "3"'
        assert plan(EnvironmentSpec(requirements=(marked,))).requirements == ("numpy", marked)

    def test_version_requirements_and_platform_make_the_key(self) -> None:
        key = Environments.key
        base = plan(EnvironmentSpec(python="3.12", requirements=("six",)))
        assert key(base) == key(plan(EnvironmentSpec(python="3.12", requirements=("SIX",))))
        others = [
            plan(EnvironmentSpec(python="3.13", requirements=("six",))),
            plan(EnvironmentSpec(python="3.12", requirements=("six==1",))),
            plan(EnvironmentSpec(python="3.12", requirements=("six", "idna"))),
        ]
        assert len({key(each) for each in (base, *others)}) == 4
