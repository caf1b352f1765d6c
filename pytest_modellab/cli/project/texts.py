"""The texts of a new project's files."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_modellab.catalog.json_schemas import KINDS
from pytest_modellab.catalog.known import PREFIX

TEST = '''\
"""Speech recognition: every model of the catalog on every data set, against the catalog's limits.yaml."""

from collections.abc import Callable

from pytest_modellab import Limits, Run, Verdict


def test_success_rate(run: Run) -> None:
    assert run.success_rate >= 1.0


def test_wer(run: Run, limits: Limits) -> None:
    assert run.wer <= limits.wer  # skipped, and named in the scorecard, until limits.yaml has one


def test_rtf(run: Run, limits: Limits) -> None:
    assert run.rtf <= limits.rtf


def test_no_worse_than_baseline(no_worse: Callable[..., Verdict]) -> None:
    assert no_worse()  # skipped until `modellab baseline save` keeps answers to compare with
'''

TRIAL = '''\
"""Speech recognition by models of the command line."""


def test_success_rate(run):
    assert run.success_rate >= 1.0
'''

_LIMITS = """\
# What a run must reach to pass. `modellab calibrate MODEL DATASET` proposes values from several runs.
schema: modellab.limits/1
limits: []
#  - {metric: wer, dataset: "*", max: 0.15, reason: what our editors accept}
"""

_GITHUB = """\
name: modellab
on: [push, pull_request]
jobs:
  smoke:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.12"}
      - uses: actions/cache@v4
        with:
          path: ~/.cache/modellab
          key: modellab-${{ hashFiles('CATALOG/**') }}
          restore-keys: modellab-
      # Recordings are not in git: fetch them here, or name shared storage in the data set's file.
      - run: pip install 'pytest-modellab[EXTRAS]'
      - run: pytest -m smoke --lab-expect --junitxml=reports/junit.xml
      - uses: actions/upload-artifact@v4
        if: always()
        with: {name: reports, path: reports}
"""

_GITLAB = """\
modellab:
  image: python:3.12
  variables:
    MODELLAB_CACHE: $CI_PROJECT_DIR/.cache/modellab
  cache:
    key: modellab
    paths: [.cache/modellab]
  script:
    # Recordings are not in git: fetch them here, or name shared storage in the data set's file.
    - pip install 'pytest-modellab[EXTRAS]'
    - pytest -m smoke --lab-expect --junitxml=reports/junit.xml
  artifacts:
    when: always
    paths: [reports]
    reports: {junit: reports/junit.xml}
"""

CI = {"github": (".github/workflows/modellab.yml", _GITHUB), "gitlab": (".gitlab-ci.yml", _GITLAB)}
"""Where a service looks for its jobs, and the job."""


def head(kind: str, schemas: str = "../.schemas") -> list[str]:
    """The comment by which editors find the JSON Schema of a file."""
    assert kind in KINDS
    return [f"# yaml-language-server: $schema={schemas}/{kind}.schema.json"]


def model(name: str, tiers: Sequence[str]) -> str:
    """The file of a known model."""
    lines = [*head("model"), "schema: modellab.model/1", f"model: {PREFIX}{name}", f"tiers: [{', '.join(tiers)}]"]
    return "".join(f"{line}\n" for line in lines)


def limits() -> str:
    return "".join(f"{line}\n" for line in head("limits", ".schemas")) + _LIMITS


def ci(service: str, catalog: str, extras: Sequence[str], below: str = ".") -> tuple[str, str]:
    """Path and text of a job that runs the smoke tests of the folder `below` the repository's."""
    path, text = CI[service]
    place = "" if below == "." else f"{below}/"
    if place:
        github = "    runs-on: ubuntu-24.04\n"
        text = text.replace(github, f"{github}    defaults: {{run: {{working-directory: {below}}}}}\n")
        text = text.replace("  script:\n", f"  script:\n    - cd {below}\n")
        text = text.replace("path: reports}", f"path: {place}reports}}").replace("[reports]", f"[{place}reports]")
        text = text.replace("{junit: reports/", f"{{junit: {place}reports/")
    return path, text.replace("CATALOG", f"{place}{catalog}").replace("EXTRAS", ",".join(extras))


def test(prefix: str, *, long_names: bool) -> str:
    """The tests, whose functions begin with `prefix`; with `long_names` no fixture has a name that others use."""
    text = TEST.replace("def test_", f"def {prefix}")
    for name in ("run", "limits", "no_worse") if long_names else ():
        text = re.sub(rf"\b{name}\b(?=:|\(|\.(?!yaml))", f"modellab_{name}", text)
    return text
