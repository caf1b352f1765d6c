"""The project beside its code: metadata, change log, workflows, containers, the picture of the rooms."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft7Validator
from test_structure import ROOMS

from pytest_modellab.core.version import __version__

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
HADOLINT = Path(sysconfig.get_path("scripts")) / "hadolint"


def workflow(path: Path) -> dict[str, Any]:
    # YAML 1.1 takes the key `on` for a truth value.
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {("on" if key is True else key): value for key, value in data.items()}


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["license"] == PROJECT["project"]["license"]


def test_every_python_that_is_supported_is_named_and_tested() -> None:
    named = re.findall(r"Python :: (3\.\d+)'", str(PROJECT["project"]["classifiers"]))
    assert PROJECT["project"]["requires-python"] == f">={named[0]}"
    (tests,) = (workflow(path) for path in WORKFLOWS if path.stem == "tests")
    assert set(tests["jobs"]["quick"]["strategy"]["matrix"]["python"]) <= set(named)


def test_the_change_log_can_be_written(tmp_path: Path) -> None:
    """With every fragment that there is, each of a kind that is known."""
    kinds = {kind["directory"] for kind in PROJECT["tool"]["towncrier"]["type"]}
    fragments = [path for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    assert [path.name for path in fragments if path.suffix != ".md" or path.suffixes[-2][1:] not in kinds] == []
    shutil.copytree(ROOT / "changelog.d", tmp_path / "changelog.d")
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "changelog.d" / "an-example.fixed.md").write_text("Something is right that was wrong.\n")
    command = ["-m", "towncrier", "build", "--draft", "--version", "9.9.9", "--date", "2030-01-31"]
    done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "## 9.9.9 (2030-01-31)" in done.stdout
    _, _, fixed = done.stdout.partition("### Fixed\n")
    assert "\n- Something is right that was wrong.\n" in fixed.partition("\n### ")[0]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_is_one(path: Path) -> None:
    schema: Any = get_builtin_schema("vendor.github-workflows")
    told = json.loads(json.dumps(workflow(path)))
    assert [error.message for error in Draft7Validator(schema).iter_errors(told)] == []
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"run: make ([\w-]+)", text)) <= set(re.findall(r"^([\w-]+):", MAKEFILE, re.MULTILINE))
    for job in told["jobs"].values():
        assert all("${{" not in step.get("run", "") for step in job["steps"])
        needed = job.get("needs", [])
        assert {needed} if isinstance(needed, str) else set(needed) <= told["jobs"].keys()


def test_the_release_is_published_by_a_job_that_runs_nothing_of_this_repository() -> None:
    (release,) = (workflow(path) for path in WORKFLOWS if path.stem == "release")
    with_token = [job for job in release["jobs"].values() if "id-token" in job.get("permissions", {})]
    assert [[step["uses"].partition("@")[0] for step in job["steps"]] for job in with_token] == [
        ["actions/download-artifact", "pypa/gh-action-pypi-publish"]
    ]
    assert release["permissions"] == {"contents": "read"}


@pytest.mark.parametrize(("tag", "code"), [(f"v{__version__}", 0), ("v99.0", 1), (__version__, 1)])
def test_another_tag_than_that_of_the_version_is_refused(tag: str, code: int) -> None:
    (release,) = (workflow(path) for path in WORKFLOWS if path.stem == "release")
    (script,) = (step["run"] for step in release["jobs"]["build"]["steps"] if "TAG" in step.get("env", {}))
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(["bash", "-e", "-c", script], cwd=ROOT, env={"TAG": tag, "PATH": path}, capture_output=True)
    assert done.returncode == code


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is installed on Linux alone")
def test_the_dockerfile_is_clean() -> None:
    done = subprocess.run([HADOLINT, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_image_has_what_it_is_built_of() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE) for word in line.split()]
    assert [name for name in copied if f"!{name}" not in allowed or not (ROOT / name).exists()] == []
    extras = {extra for found in re.findall(r"(?:EXTRAS=|\[)([a-z,-]+)", text) for extra in found.split(",")}
    assert extras <= PROJECT["project"]["optional-dependencies"].keys()
    assert re.findall(r" AS (\w+)$", text, re.MULTILINE) == ["wheel", "cpu", "cuda"]


def test_the_development_container_is_json_and_sets_itself_up() -> None:
    made = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert made["postCreateCommand"] == "make setup"


def test_the_picture_of_the_rooms_has_them_in_their_order() -> None:
    picture = (ROOT / "docs" / "rooms.svg").read_text(encoding="utf-8")
    assert re.findall(r'<text x="36"[^>]*>(\w+)<', picture) == [*reversed(ROOMS)]
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("| room |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [*reversed(ROOMS)]


def test_a_lock_of_uv_is_not_part_of_the_repository() -> None:
    assert "/uv.lock" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "uv.lock" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
