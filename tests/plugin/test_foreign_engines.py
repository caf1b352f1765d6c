"""Commands that look at records run no code of the repository whose records they look at."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fakelab import FakeLab

from pytest_modellab.cli import main
from pytest_modellab.cli.exits import Exit

OLD_BUNDLE = Path(__file__).parents[1] / "old" / "release-bundle-1.zip"
ENGINE = """\
from pathlib import Path

Path({mark!r}).touch()
raise RuntimeError("run by mistake")
"""
COMMANDS = {
    "history": ["history"],
    "scorecard": ["scorecard"],
    "markdown": ["scorecard", "--markdown"],
    "page": ["scorecard", "--html", "page.html"],
    "results save": ["results", "save"],
    "results": ["results"],
    "clean": ["clean"],
    "compare": ["compare", "newest"],
    "baseline save": ["baseline", "save"],
    "baseline show": ["baseline", "show"],
    "baseline compare": ["baseline", "compare"],
    "rescore": ["rescore"],
    "verify": ["verify", str(OLD_BUNDLE)],
    "merge": ["merge", "shards", "--output", "merged"],
}


@pytest.fixture
def looked_at(lab: FakeLab, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with records, and engines that leave a mark when they are imported; the path of that mark."""
    lab.ready()
    assert lab.run().ret == 0
    for shard in ("1/2", "2/2"):
        lab.run(f"--lab-shard={shard}", f"--lab-report=shards/{shard[0]}")
    mark = lab.path / "mark"
    for name in ("engine_in_a_file.py", "engine_in_a_module.py"):
        (lab.path / name).write_text(ENGINE.format(mark=str(mark)))
    # Python finds what lies there before what is installed.
    (lab.path / "modellab_fake_engine.py").write_text(ENGINE.format(mark=str(mark)))
    lab.pytester.makeini("[pytest]\nmodellab_catalog = lab\npythonpath = .\n")
    for id, engine in (("file", "../../engine_in_a_file.py:Engine"), ("module", "engine_in_a_module:Engine")):
        spec = lab.model(id)
        spec.write_text(spec.read_text().replace("engine: fake-for-tests", f"engine: {engine}"))
    chat = lab.model("chat")
    chat.write_text(chat.read_text().replace("fake-for-tests", "engine_in_a_module:Engine").replace("- asr", "- chat"))
    monkeypatch.chdir(lab.path)
    monkeypatch.setattr("sys.path", list(sys.path))
    # As in a process of its own: what this one has imported would hide what the command imports.
    monkeypatch.delitem(sys.modules, "modellab_fake_engine", raising=False)
    return mark


def test_none_is_imported(looked_at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, command in COMMANDS.items():
        code = main(command)
        said = capsys.readouterr()
        assert not looked_at.exists(), name
        assert code in {Exit.OK, Exit.WRONG}, (name, said.err)
        assert "run by mistake" not in said.out + said.err, name
    # The same catalog in a command that runs models: the engines do leave a mark.
    assert main(["models"]) == Exit.WRONG
    assert looked_at.exists()
    assert "RuntimeError: run by mistake" in capsys.readouterr().err
