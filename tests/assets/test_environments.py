"""A model may bring its own Python and its own packages: how its environment is built, found, used and told."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fakelab import FakeLab
from rooms import ROOM, said, spec

from pytest_modellab.assets.venvs import find_python, own_version
from pytest_modellab.catalog.environments import Environments, NoEnvironment
from pytest_modellab.cli import main
from pytest_modellab.runner.local import LocalWorker


def add_model(lab: FakeLab, id: str, environment: dict[str, Any], **more: Any) -> None:
    """A model of the engine for tests, in an environment of its own."""
    lab.spec(
        f"models/{id}.yaml",
        {
            "schema": "modellab.model/1",
            "id": id,
            "engine": "room-for-tests",
            "tasks": ["asr"],
            "tiers": ["smoke", "real_e2e"],
            "devices": {"cpu": {}},
            "environment": environment,
            **more,
        },
    )


def test_two_versions_of_one_package_stand_in_one_scorecard(lab: FakeLab, offline: Path) -> None:
    lab.dataset()
    add_model(lab, "old", {"requirements": ROOM})
    add_model(lab, "new", {"requirements": ["modellab-room-engine==1.0", "lab-tiny>=2"]})
    lab.run()
    records = {record.case.model: record for record in lab.records()}
    assert {row["case"]["model"] for row in lab.scorecard()["rows"] if row["record"]} == {"old", "new"}
    for model, version in (("old", "1.0"), ("new", "2.0")):
        record = records[model]
        # Nothing of the session's is there, nor what PYTHONPATH leads the session to.
        expected = f"tiny {version}, Python {platform.python_version()}, sees []"
        assert {utterance.hypothesis for utterance in record.utterances} == {expected}
        inputs = record.provenance.inputs
        assert inputs["versions"]["Lab_Tiny"] == version
        assert inputs["versions"]["modellab-room-engine"] == "1.0"
        assert inputs["environment"]["python"] == platform.python_version()
        assert inputs["environment"]["versions"]["lab-tiny"] == version
        assert inputs["environment"]["versions"]["numpy"]
    assert records["old"].provenance.inputs["environment"]["requirements"] == [
        "lab-tiny==1.0",
        "modellab-room-engine",
        "numpy",
    ]
    assert records["old"].provenance.inputs["code"] == records["new"].provenance.inputs["code"]
    assert records["old"].provenance.key != records["new"].provenance.key


def test_an_environment_is_built_once(offline: Path) -> None:
    model = spec(requirements=ROOM)
    first = Environments(Path(), offline).of(model, said)
    told: list[str] = []
    # Another order and another spelling ask for the same.
    again = Environments(Path(), offline).of(
        spec(requirements=["Lab_Tiny == 1.0", "modellab.room-engine"]), told.append
    )
    assert first is not None
    assert again == first
    assert told == []
    assert first.versions(["lab_tiny", "pytest"]) == {"lab_tiny": "1.0", "pytest": None}
    assert Environments(Path(), offline).state(model) == f"Python {own_version()}: built"


def test_an_interpreter_that_a_person_made_serves_too(lab: FakeLab, offline: Path) -> None:
    made = Environments(Path(), offline).of(spec(requirements=ROOM), said)
    assert made is not None
    link = lab.path / "venv"
    link.symlink_to(made.interpreter.parent.parent)
    lab.dataset()
    add_model(lab, "given", {"interpreter": "../../venv/bin/python"})
    lab.run()
    record = lab.record()
    assert record.utterances[0].hypothesis == f"tiny 1.0, Python {platform.python_version()}, sees []"
    assert record.provenance.inputs["environment"]["interpreter"] == "../../venv/bin/python"
    assert record.provenance.inputs["versions"]["modellab-room-engine"] == "1.0"


@pytest.mark.parametrize(
    ("environment", "reasons"),
    [
        pytest.param(
            {"requirements": ["lab-tiny==9"]},
            [
                "*its environment, Python * with lab-tiny==9, numpy, could not be built: `pip install lab-tiny*`*",
                "    Its `environment` stands in lab/models/room.yaml:*; `modellab pull room` tries again.",
            ],
            id="no-such-version",
        ),
        pytest.param(
            {"requirements": ["lab-tiny"]},
            ["*modellab-room-engine is not installed in the environment of room; add it to `requirements`*room.yaml:*"],
            id="without-the-engine",
        ),
        pytest.param(
            {"interpreter": "no/python"},
            ["*there is no interpreter at */no/python*", "    `interpreter` stands in lab/models/room.yaml:*."],
            id="no-interpreter",
        ),
        pytest.param({"interpreter": "../../plain"}, ["*plain can't be run as a Python interpreter*"], id="no-python"),
    ],
)
def test_what_is_missing_is_not_available_and_says_why(
    lab: FakeLab, offline: Path, environment: dict[str, Any], reasons: list[str]
) -> None:
    (lab.path / "plain").write_text("no program")
    lab.ready()
    add_model(lab, "room", environment)
    result = lab.run()
    assert result.ret == 0
    rows = {row["case"]["model"]: row for row in lab.scorecard()["rows"]}
    assert rows["room"]["status"] == "not-available"
    assert rows["fake"]["status"] == "pass"
    result.stdout.fnmatch_lines(reasons)
    if "interpreter" in environment:
        assert "modellab pull" not in result.stdout.str()  # which makes none


def test_none_is_built_for_weights_that_cannot_be_had(
    lab: FakeLab, offline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    lab.ready()
    add_model(lab, "room", {"requirements": ROOM}, weights={"files": {"model.bin": {"sha256": "0" * 64, "size": 7}}})
    lab.run().stdout.fnmatch_lines(["*model.bin (7 bytes)*is not in the cache*"])
    assert not (tmp_path / "cache" / "environments").exists()


def test_what_a_failed_build_said_stands_once_in_the_terminal(lab: FakeLab, offline: Path) -> None:
    lab.ready()
    for id in ("room", "second"):
        add_model(lab, id, {"requirements": ["lab-tiny==9"]})
    said = lab.run("-rs").stdout.str()
    assert said.count("No matching distribution found for lab-tiny==9") == 1
    assert "not-available: second:cpu:clips: its environment, " in said
    assert "could not be built: it is that of room" in said
    skipped = [line for line in said.splitlines() if line.startswith("SKIPPED")]
    assert len(skipped) == 4
    assert all(line.endswith("; the scorecard says more") for line in skipped)


def test_pull_tells_it_once_and_where_it_is_asked_for(
    lab: FakeLab, offline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for id in ("room", "second"):
        add_model(lab, id, {"requirements": ["lab-tiny==9"]})
    add_model(lab, "given", {"interpreter": "no/python"})
    assert main(["--catalog", str(lab.catalog), "pull"]) == 1
    told = capsys.readouterr().out
    assert told.count("No matching distribution found for lab-tiny==9") == 1
    assert "Its `environment` stands in lab/models/room.yaml:" in told
    assert "`interpreter` stands in lab/models/given.yaml:" in told


def test_doctor_does_not_send_to_pull_for_an_interpreter(
    lab: FakeLab, offline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_model(lab, "given", {"interpreter": "no/python"})
    main(["--catalog", str(lab.catalog), "doctor"])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  --  given")]
    assert "no/python: absent  -> make it (`python -m venv`) or correct `interpreter` (lab/models/given.yaml:" in line
    assert "pull" not in line


def test_a_python_that_is_not_there_is_told_with_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoEnvironment, match=r"(?s)no Python 3\.99 .*looked for python3\.99 on PATH.*pip install uv"):
        Environments(Path(), tmp_path).of(spec(python="3.99", requirements=["six"]), said)
    with pytest.raises(NoEnvironment) as caught:
        Environments(Path(), tmp_path).of(spec(python="3.99", requirements=["six"]), said)
    assert "build.log" not in str(caught.value)  # nothing was begun


def test_a_cache_that_cannot_be_written_is_broken(lab: FakeLab, offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (lab.path / "cache").write_text("a file")
    monkeypatch.setenv("MODELLAB_CACHE", str(lab.path / "cache"))
    lab.dataset()
    add_model(lab, "room", {"requirements": ROOM})
    result = lab.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*an environment cannot be kept in */cache *set MODELLAB_CACHE*"])


@pytest.mark.skipif(sys.platform == "win32", reason="it kills by signal")
def test_what_a_killed_build_left_is_noticed_and_built_anew(lab: FakeLab, offline: Path, tmp_path: Path) -> None:
    lab.dataset()
    add_model(lab, "room", {"requirements": ROOM})
    command = [sys.executable, "-m", "pytest_modellab.cli", "--catalog", str(lab.catalog), "pull", "room"]
    environ = {**os.environ, "MODELLAB_CACHE": str(tmp_path / "cache")}
    pull = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not list(tmp_path.glob("cache/environments/*/venv-*/pyvenv.cfg")):
            assert pull.poll() is None
            time.sleep(0.01)
    finally:
        pull.send_signal(signal.SIGKILL)
        pull.wait()
    (half,) = tmp_path.glob("cache/environments/*/venv-*")
    assert not (half.parent / "environment.json").exists()

    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)

    assert f"room: Python {platform.python_version()}, {half.parent}" in done.stdout
    whole = half.parent / json.loads((half.parent / "environment.json").read_text())["folder"]
    assert whole != half
    assert str(whole) in done.stdout


def test_an_environment_whose_python_went_away_is_built_anew(offline: Path) -> None:
    first = Environments(Path(), offline).of(spec(requirements=ROOM), said)
    assert first is not None
    first.interpreter.unlink()
    second = Environments(Path(), offline).of(spec(requirements=ROOM), said)
    assert second is not None
    assert second.interpreter != first.interpreter
    assert second.versions(["lab-tiny"]) == {"lab-tiny": "1.0"}
    assert not first.interpreter.parent.parent.exists()


# Does what uv does, by other means, and notes what it was asked.
UV = """\
#!{python}
import subprocess, sys

with open({log!r}, "a") as log:
    log.write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1] == "venv":
    _, _, _, python, folder = sys.argv[1:]
    sys.exit(subprocess.call([python, "-m", "venv", "--without-pip", folder]))
_, _, _, interpreter, *requirements = sys.argv[1:]
sys.exit(subprocess.call([{python!r}, "-m", "pip", "--python", interpreter, "install", *requirements]))
"""


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """uv is installed; the file notes its command lines."""
    log, folder = tmp_path / "uv.log", tmp_path / "bin"
    folder.mkdir()
    (folder / "uv").write_text(UV.format(python=sys.executable, log=str(log)))
    (folder / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return log


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for uv is a script")
def test_processes_side_by_side_build_one_environment_by_uv(
    lab: FakeLab, offline: Path, uv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    lab.dataset()
    for id in ("one", "two"):
        add_model(lab, id, {"requirements": ROOM})
    lab.run("-n2")
    assert {record.case.model for record in lab.records()} == {"one", "two"}
    (made,) = tmp_path.glob("cache/environments/*/venv-*")
    assert uv.read_text().splitlines() == [
        f"venv --no-project --python {sys.executable} {made}",
        f"pip install --python {made / 'bin' / 'python'} lab-tiny==1.0 modellab-room-engine numpy",
    ]


def test_models_and_pull_tell_of_environments(
    lab: FakeLab, offline: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(lab.path)
    add_model(lab, "room", {"requirements": ROOM})
    add_model(lab, "broken", {"requirements": ["lab-tiny==9"]})
    assert main(["pull", "room"]) == 0
    assert f"room: Python {platform.python_version()}, {offline}" in capsys.readouterr().out
    assert main(["pull", "broken"]) == 1
    assert "broken: not available\nits environment, " in capsys.readouterr().out
    assert main(["models"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert f"Python {own_version()}: built" in rows["room"]
    assert f"Python {own_version()}: not built" in rows["broken"]


def test_a_debugger_in_the_session_cannot_enter_an_environment(lab: FakeLab, offline: Path) -> None:
    lab.ready()
    add_model(lab, "room", {"requirements": ROOM})
    lab.run("--lab-inprocess").stdout.fnmatch_lines(["*room has an environment of its own (lab/models/room.yaml:*"])


def test_a_live_model_runs_in_its_environment(lab: FakeLab, offline: Path) -> None:
    lab.dataset()
    add_model(lab, "room", {"requirements": ROOM})
    lab.pytester.makepyfile(
        test_suite="import pytest\n\n@pytest.mark.asr\ndef test_it(model, dataset):\n"
        "    assert model.transcribe(dataset.utterances[0]).text.endswith('sees []')\n"
    )
    lab.run().assert_outcomes(passed=1)


OTHER = pytest.mark.nightly("tests/assets/test_environments.py::test_a_worker_runs_on_another_python")


@pytest.mark.parametrize("version", ["3.13", pytest.param("3.10", marks=OTHER)])
def test_a_worker_runs_on_another_python(version: str, tmp_path: Path, shelf: Path, monkeypatch: Any) -> None:
    """From the oldest on; numpy for it comes from the index."""
    if find_python(version)[0] is None:
        pytest.skip(f"no Python {version} on this machine")
    monkeypatch.setenv("PIP_FIND_LINKS", f"{shelf} {os.environ.get('PIP_FIND_LINKS', '')}")
    environment = Environments(Path(), tmp_path).of(spec(python=version, requirements=ROOM), said)
    assert environment is not None
    assert environment.python.startswith(f"{version}.")
    worker = LocalWorker(environment)
    try:
        order = {
            "op": "load",
            "path": None,
            "engine": "modellab_room_engine:RoomEngine",
            "options": {},
            "device": {"kind": "cpu", "index": 0},
            "weights": None,
            "seed": 0,
            "handlers": {"pytest_modellab.tasks.asr.handler": None},
        }
        assert "error" not in worker.request(order, timeout=60)
        heard = worker.request(
            {"op": "transcribe", "handler": "pytest_modellab.tasks.asr.handler", "rate": 16_000, "language": None},
            b"\0" * 64,
            timeout=60,
        )
    finally:
        worker.close()
    assert heard["text"] == f"tiny 1.0, Python {environment.python}, sees []"
