"""The recipes for shards in docs/scaling.md, run with the variables that each scheduler sets."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from fakelab import FakeLab

PAGE = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text(encoding="utf-8")
PARTS = 3


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def kubernetes() -> str:
    (job,) = (each for each in map(yaml.safe_load, blocks("yaml")) if each.get("kind") == "Job")
    assert job["spec"]["completionMode"] == "Indexed"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert {"name": "SHARDS", "value": str(job["spec"]["completions"])} in container["env"]
    return str(container["command"][2])


def gitlab() -> str:
    (job,) = (each["shard"] for each in map(yaml.safe_load, blocks("yaml")) if "shard" in each)
    return str(job["script"][0])


RECIPES: dict[str, Any] = {
    "Slurm": (blocks("bash")[0], lambda i: {"SLURM_ARRAY_TASK_ID": str(i), "SLURM_ARRAY_TASK_COUNT": str(PARTS)}),
    "Kubernetes": (kubernetes(), lambda i: {"JOB_COMPLETION_INDEX": str(i), "SHARDS": str(PARTS)}),
    "GitLab": (gitlab(), lambda i: {"CI_NODE_INDEX": str(i + 1), "CI_NODE_TOTAL": str(PARTS)}),
}


OTHERS = pytest.mark.nightly("tests/cli/test_shard_recipes.py::test_all_parts_are_run_once_and_joined")


@pytest.mark.parametrize(
    "scheduler", [each if each == "GitLab" else pytest.param(each, marks=OTHERS) for each in RECIPES]
)
def test_all_parts_are_run_once_and_joined(lab: FakeLab, scheduler: str) -> None:
    lab.ready()
    script, variables = RECIPES[scheduler]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    quiet = {**os.environ, "PATH": path}
    for i in range(PARTS):
        done = subprocess.run(
            ["bash", "-c", script], cwd=lab.path, env={**quiet, **variables(i)}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout
    (merge,) = (each for each in blocks("bash") if "modellab merge" in each)
    done = subprocess.run(["bash", "-c", merge], cwd=lab.path, env=quiet, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    record = lab.record()
    assert [each.hypothesis for each in record.utterances] == list(lab.texts)
    assert record.shard is None
