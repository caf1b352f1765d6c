"""`docs/colab.ipynb`, run from its first cell to its last: a clone, an environment of its own, a real smoke session."""

from __future__ import annotations

import html
import json
import re
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
from chromium import launched, needs_chromium
from pages import card, heard, rendered

nbformat = pytest.importorskip("nbformat", reason="nbformat is in the dependency group `notebook`")
NotebookClient = pytest.importorskip("nbclient").NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "colab.ipynb"
QUICK = "--lab-model faster-whisper-tiny.en --lab-device cpu --lab-dataset smoke-en --lab-max-utterances 2"


def notebook() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


def test_it_is_clean() -> None:
    """No output, no count, nothing of the machine that it was written on: what is committed is what is run."""
    found = notebook()
    nbformat.validate(found)
    code = [cell for cell in found.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert all(cell.metadata == {} for cell in found.cells)
    assert set(found.metadata) == {"kernelspec", "language_info"}
    assert found.metadata.kernelspec.name == "python3"
    stored = NOTEBOOK.read_text(encoding="utf-8")
    assert stored == json.dumps(json.loads(stored), indent=1, ensure_ascii=False) + "\n"


def test_what_it_takes_from_the_environment_it_says() -> None:
    text = "\n".join(cell.source for cell in notebook().cells)
    assert set(re.findall(r'environ\.get\("(\w+)"', text)) == {"LAB_SOURCE", "LAB_ARGUMENTS"}
    for name in ("LAB_SOURCE", "LAB_ARGUMENTS"):
        assert re.search(rf"^#.*\b{name}\b", text, re.MULTILINE)


@needs_chromium
def test_within_its_frame_a_link_opens_a_case(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    text = rendered(tmp_path, card(tmp_path, heard()))
    (tmp_path / "reports" / "scorecard.html").write_text(text, encoding="utf-8")
    names: dict[str, Any] = {"CHECKOUT": tmp_path, "HTML": str}
    (cell,) = [cell for cell in notebook().cells if cell.id == "page"]
    *lines, last = cell.source.splitlines()
    exec("\n".join([*lines, f"shown = {last}"]), names)
    (tmp_path / "notebook.html").write_text(f"<!doctype html><body>{names['shown']}", encoding="utf-8")
    with launched() as browser:
        tab = browser.new_page()
        tab.goto((tmp_path / "notebook.html").as_uri())
        frame = tab.frame_locator("iframe")
        frame.locator("#table-asr").get_by_role("link").first.click()
        frame.locator("details.case[open]").wait_for()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """This working tree as a repository that can be cloned, changes that aren't committed included."""
    folder = tmp_path / "repository"
    skipped = shutil.ignore_patterns(".*", "dist", "__pycache__", "*.tar.gz")
    shutil.copytree(
        ROOT, folder, ignore=lambda at, names: {*skipped(at, names), *({"reports"} if at == str(ROOT) else ())}
    )
    git = ("git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org")
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "as it is")):
        subprocess.run([*git, *command], check=True)
    return folder


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernel in an environment of its own, which sees the libraries of this one but not its Model Lab.

    What the notebook installs must not replace what these tests run with.
    """
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=False)
    interpreter = folder / "bin" / "python"
    (own,) = folder.glob("lib/python*/site-packages")
    (own / "zz_libraries.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    spec = tmp_path / "jupyter" / "kernels" / "fresh"
    spec.mkdir(parents=True)
    command = [str(interpreter), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "fresh", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return "fresh"


def said(cell: Any) -> str:
    return "".join(each.text for each in cell.outputs if each.output_type == "stream")


def shown(cell: Any, kind: str) -> str:
    (found,) = [each.data[kind] for each in cell.outputs if kind in each.get("data", {})]
    return str(found)


def test_every_cell_works_and_the_scorecard_is_shown(
    repository: Path, kernel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_SOURCE", repository.as_uri())
    monkeypatch.setenv("LAB_ARGUMENTS", QUICK)
    place = tmp_path / "elsewhere"
    place.mkdir()
    found = notebook()
    # Raises where a cell fails.
    NotebookClient(found, timeout=600, kernel_name=kernel, resources={"metadata": {"path": str(place)}}).execute()
    cells = {cell.id: cell for cell in found.cells}
    outputs = [each.output_type for cell in cells.values() if cell.cell_type == "code" for each in cell.outputs]
    assert "error" not in outputs
    assert f"Python {sys.version.split()[0]}" in said(cells["machine"])
    ran = said(cells["smoke"])
    assert f"rootdir: {place / 'modellab'}" in ran
    assert "page: reports/scorecard.html" in ran
    assert re.search(r"\d+ passed", ran)
    markdown = shown(cells["card"], "text/markdown")
    assert markdown.startswith("### Model Lab: passed, 1 case measured")
    assert "faster-whisper-tiny.en" in markdown
    frame = html.unescape(shown(cells["page"], "text/html"))
    head, page = (place / "modellab" / "reports" / "scorecard.html").read_text(encoding="utf-8").split("<head>", 1)
    assert "<title>Passed: Model Lab scorecard" in page
    assert f'srcdoc="{head}<head><base href="about:srcdoc">{page}"></iframe>' in frame
    # From what was cloned, and not from what these tests run with.
    assert list(tmp_path.glob("environment/lib/python*/site-packages/pytest_modellab-*.dist-info"))


def test_an_address_that_leads_nowhere_is_told_plainly(
    kernel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_SOURCE", (tmp_path / "none").as_uri())
    found = notebook()
    client = NotebookClient(found, timeout=60, kernel_name=kernel, resources={"metadata": {"path": str(tmp_path)}})
    with pytest.raises(Exception, match="is SOURCE the address of the repository"):
        client.execute()
