"""The documents: links lead somewhere, and every command, YAML, TOML and Python in them is what the code takes."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from documented_commands import PROJECT, Checker, in_blocks, in_lines
from documented_yaml import problems as yaml_problems
from documents import PAGES, ROOT, Reader, dead_links, outside, read, read_text
from guides import files

import pytest_modellab

PATHS = re.compile(r"(\.github|benchmarks|changelog\.d|docs|examples|fixtures|pytest_modellab|suites|tests)/[\w./-]*")
IMAGINED = re.compile(r"NAME|NN|my-|ID\.|tests/test_speech\.py")
"""In paths that a reader is to make."""
TEMPLATES = ("fixtures/models/", "fixtures/datasets/")


@pytest.fixture(scope="module")
def checker(request: pytest.FixtureRequest) -> Checker:
    return Checker(request.config)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    assert [*dead_links(page, read(page))] == []


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_those_that_there_are(page: str, checker: Checker) -> None:
    reader = read(page)
    found = [problem for line in in_blocks(reader) for problem in checker.problems(line)]
    found += [problem for line in in_lines(reader) for problem in checker.problems(line, mentioned=True)]
    assert found == []


@pytest.mark.parametrize("page", PAGES)
def test_yaml_is_read_by_what_it_is_for(page: str, tmp_path: Path) -> None:
    found = []
    for number, block in enumerate(each for each in read(page).blocks if each.language == "yaml"):
        folder = tmp_path / str(number)
        folder.mkdir()
        found += [(block.text.splitlines()[0], problem) for problem in yaml_problems(block.text, folder)]
    assert found == []


@pytest.mark.parametrize("page", PAGES)
def test_python_toml_and_json_are_whole(page: str) -> None:
    assert [*code_problems(read(page))] == []


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_are_there(page: str) -> None:
    shown = files(Path(page).name) if page.startswith("docs/") else {}
    assert [each for each in lost_files(read(page)) if each not in shown] == []


def test_every_page_stands_in_the_navigation_of_the_site() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```", index, flags=re.DOTALL | re.MULTILINE)
    named = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    assert sorted([*named, "index"]) == sorted(path.stem for path in (ROOT / "docs").glob("*.md"))


def test_the_readme_fits_two_screens() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_addresses_outside_are_encrypted_and_none_is_of_an_example() -> None:
    found = {link for page in PAGES for link in outside(read(page))}
    assert found
    assert [link for link in found if not link.startswith("https://") or "example" in link] == []


def code_problems(reader: Reader) -> Iterator[str]:
    """Blocks of code that aren't whole, and names that they import and that aren't public."""
    for block in reader.blocks:
        first = block.text.splitlines()[0] if block.text else ""
        try:
            match block.language:
                case "python":
                    yield from _not_public(ast.parse(block.text))
                case "toml":
                    yield from _not_ours(tomllib.loads(block.text))
                case "json":
                    for line in block.text.splitlines():
                        json.loads(line)
        except (SyntaxError, ValueError) as error:
            yield f"{first}: {error}"


def _not_public(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "pytest_modellab":
            yield from (each.name for each in node.names if each.name not in pytest_modellab.__all__)


def _not_ours(data: dict[str, object]) -> Iterator[str]:
    match data:
        case {"project": {"entry-points": dict(groups)}}:
            yield from (group for group in groups if group not in PROJECT["project"]["entry-points"])


def lost_files(reader: Reader) -> Iterator[str]:
    """Files of this repository that a page names and that aren't there."""
    for span in reader.spans:
        if PATHS.fullmatch(span) and not IMAGINED.search(span) and span not in TEMPLATES and not (ROOT / span).exists():
            yield span


class TestMistakes:
    """What a page may have wrong is found."""

    def page(self, block: str, language: str = "") -> Reader:
        return read_text(f"# A page\n\n```{language}\n{block}\n```\n")

    @pytest.mark.parametrize(
        "line",
        [
            "modellab compair A B",
            "modellab compare --frmat html A",
            "modellab sweep",
            "pytest -m smoke --lab-modell my-model",
            "pytest -m smok",
            "uv sync && uv run pytest -m smok",
            "pytest suites/test_99_nothing.py",
            "make smok",
            "pip install 'pytest-modellab[faster-whispr]'",
            "python benchmarks/nothing.py",
            "python -m pytest_modellab.cli.nothing docs/reference.md",
            "timeout 9 modellab doctr | head",
        ],
    )
    def test_a_command(self, line: str, checker: Checker) -> None:
        (found,) = in_blocks(self.page(line))
        assert [*checker.problems(found)]

    def test_a_command_in_a_workflow(self, checker: Checker) -> None:
        reader = self.page("jobs: {a: {steps: [{run: modellab pul base}]}}", "yaml")
        assert [problem for line in in_blocks(reader) for problem in checker.problems(line)]

    def test_a_command_in_a_sentence(self, checker: Checker) -> None:
        reader = read_text("Then `modellab compair` and `modellab compare`.\n")
        assert [len([*checker.problems(line, mentioned=True)]) for line in in_lines(reader)] == [1, 0]

    @pytest.mark.parametrize(
        "text",
        [
            "schema: modellab.dataset/1\nid: calls\ntasks: [asr]\ntiers: [smoke]\nlanguage: en\nmanifst: calls.jsonl",
            "schema: modellab.limits/1\nlimits:\n  - {metric: wer, maks: 0.15}",
            "schema: modellab.modle/1",
            "schema: modellab.model/1\nid: a\nengine: faster-whisper\ntasks: [asr]\ntiers: []\nweights: {path: a}\n"
            "options: {beem_size: 5}",
            "manifest: calls.jsonl\nglosary: [a]",
            "table: {path: calls.csv, text: [a, b, {}]}",
            "jobs: {a: {stepz: []}}",
            "[a, b]",
            "a: b: c",
        ],
    )
    def test_yaml(self, text: str, tmp_path: Path) -> None:
        assert [*yaml_problems(text, tmp_path)]

    @pytest.mark.parametrize(
        ("language", "text"),
        [
            ("python", "def f(:"),
            ("python", "from pytest_modellab import Transcribr"),
            ("toml", "[a"),
            ("toml", '[project.entry-points."modellab.engine"]\na = "b:C"'),
            ("json", '{"a": 1'),
        ],
    )
    def test_code(self, language: str, text: str) -> None:
        assert [*code_problems(self.page(text, language))]

    @pytest.mark.parametrize("link", ["nothing.md", "docs/method.md#nothing", "#nothing", "../outside"])
    def test_a_link(self, link: str) -> None:
        assert [*dead_links("README.md", read_text(f"# A page\n\n[there]({link})\n"))]

    def test_a_file(self) -> None:
        assert [*lost_files(read_text("It is in `tests/runner/test_nothing.py`, not in `docs/index.md`.\n"))] == [
            "tests/runner/test_nothing.py"
        ]
