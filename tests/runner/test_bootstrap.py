"""A worker in an interpreter without this package answers as any, and finds nothing beside the package."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pytest_modellab
from pytest_modellab.runner import bootstrap, framing

PACKAGE = Path(pytest_modellab.__file__).parent
ENGINE = """
import sys
from dataclasses import dataclass
from importlib.util import find_spec

import pytest_modellab


@dataclass(frozen=True)
class NoOptions: ...


class Ear:
    tasks = frozenset({"asr"})
    devices = frozenset({"cpu"})
    rate = 16_000
    distributions = ()
    extra = ""
    Options = NoOptions

    @classmethod
    def load(cls, request):
        return cls()

    def facts(self):
        return {
            "package": pytest_modellab.__file__,
            # Of the folder of the package, and of the one that the bootstrap lies in.
            "beside": str([name for name in ("plugin", "runner", "worker", "framing") if find_spec(name)]),
        }

    def synchronize(self): ...

    def close(self): ...
"""


@pytest.mark.parametrize("flags", [(), ("-P",)], ids=["plain", "safe path"])
def test_it_answers_with_the_package_of_its_own_place(tmp_path: Path, flags: tuple[str, ...]) -> None:
    (tmp_path / "ear.py").write_text(ENGINE)
    load: dict[str, Any] = {
        **{"op": "load", "engine": f"{tmp_path}/ear.py:Ear", "path": None, "options": {}, "weights": None, "seed": 0},
        **{"device": {"kind": "cpu", "index": 0}, "handlers": {"pytest_modellab.tasks.asr.handler": None}},
        "number": 1,
    }
    requests = io.BytesIO()
    for message in (load, {"op": "close"}):
        framing.send(requests, message)
    done = subprocess.run(
        [sys.executable, *flags, bootstrap.__file__],
        input=requests.getvalue(),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": ""},
        check=True,
    )
    frame = framing.receive(io.BytesIO(done.stdout))
    assert frame is not None
    reply, _ = frame
    assert "error" not in reply, reply
    assert reply["number"] == 1
    assert reply["facts"] == {"package": str(PACKAGE / "__init__.py"), "beside": "[]"}
