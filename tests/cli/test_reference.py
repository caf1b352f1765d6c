"""The reference page says what the code says, and every environment variable that is read stands in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_modellab
from pytest_modellab.catalog.json_schemas import KINDS
from pytest_modellab.catalog.validate import keys_of
from pytest_modellab.cli.api_reference import api
from pytest_modellab.cli.reference import PAGES, PARTS, PYTEST_EXITS, rewritten, settings, updated
from pytest_modellab.cli.yaml_reference import yaml_keys
from pytest_modellab.core.variables import VARIABLES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference.md"
PACKAGE = ROOT / "pytest_modellab"
WRITE = "python -m pytest_modellab.cli.reference docs/reference.md"

OWN_NAMES = re.compile(r"(MODELLAB|HF|TRANSFORMERS|PIP|UV|CUDA|NVIDIA|PYENV|SSL|REQUESTS)_[A-Z_]*[A-Z]")


def test_the_page_is_what_the_code_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert updated(page) == page, f"docs/reference.md is out of date: {WRITE}"


def test_the_page_of_yaml_is_what_the_specs_say() -> None:
    page = (ROOT / "docs" / "yaml.md").read_text(encoding="utf-8")
    assert rewritten(page, PAGES["yaml.md"]) == page, "python -m pytest_modellab.cli.reference docs/yaml.md"


def test_every_key_of_yaml_stands_on_its_page() -> None:
    page = yaml_keys()
    for kind in KINDS.values():
        for name in keys_of(kind):
            assert f"\n| `{name}` | " in page
    for part, keys in {
        "Timeouts": ("load_s", "utterance_s"),
        "Degradation": ("rt60_s", "snr_db"),
        "Limit": ("warn",),
    }.items():
        table = page.partition(f"### {part}\n")[2].partition("\n#")[0]
        assert all(f"| `{key}` | " in table for key in keys), part


def test_a_hand_made_change_between_the_marks_is_undone_and_one_beside_them_stays() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert updated(page.replace("| `--lab-strict`", "| `--lab-lax`")) == page
    assert updated(f"{page}\nMore.\n") == f"{page}\nMore.\n"


@pytest.mark.parametrize("found", [[], ["options", "options"], [*PARTS, "colours"]])
def test_a_page_with_other_parts_is_refused(found: list[str]) -> None:
    page = "\n".join(f"<!-- generated: {name} -->\n<!-- end -->" for name in found)
    with pytest.raises(ValueError, match="there must be each of"):
        updated(page)


def test_every_option_and_setting_has_a_meaning() -> None:
    for action in settings().options._actions:
        assert action.help, action
    assert all(help for _, help, _ in settings().ini)
    assert {name for name, _, _ in settings().ini} >= {"modellab_catalog", "modellab_reports"}


def test_every_exit_code_of_pytest_has_a_meaning() -> None:
    assert set(PYTEST_EXITS) >= {code for code in pytest.ExitCode if code <= pytest.ExitCode.NO_TESTS_COLLECTED}


def listed(name: str) -> bool:
    return any(
        name.startswith(each.name.removesuffix("*")) if each.name.endswith("*") else name == each.name
        for each in VARIABLES
    )


def reads(tree: ast.AST) -> Iterator[tuple[int, ast.expr]]:
    """Line and name of each variable that is looked up in `os.environ` or by `os.getenv`, however imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            told = ast.unparse(node.func)
            if re.fullmatch(r"(os\.)?(getenv|environ\.(get|pop|setdefault))", told):
                yield node.lineno, node.args[0]
        elif isinstance(node, ast.Subscript) and re.fullmatch(r"(os\.)?environ", ast.unparse(node.value)):
            yield node.lineno, node.slice
        elif isinstance(node, ast.Compare) and any(
            re.fullmatch(r"(os\.)?environ", ast.unparse(each)) for each in node.comparators
        ):
            yield node.lineno, node.left


def unlisted(source: str) -> list[str]:
    """What is read of the environment in a module, and is not in VARIABLES, as `line: name`."""
    tree = ast.parse(source)
    found = []
    for line, name in reads(tree):
        # `"PIP_" + ...`: what it begins with.
        first = name.left if isinstance(name, ast.BinOp) else name
        if ast.unparse(first) != "self.name" and not (
            isinstance(first, ast.Constant) and isinstance(first.value, str) and listed(first.value)
        ):
            found.append(f"{line}: {ast.unparse(name)}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and OWN_NAMES.fullmatch(node.value):
            found += [] if listed(node.value) else [f"{node.lineno}: {node.value}"]
    return found


def test_every_variable_that_is_read_is_listed() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): names
        for path in PACKAGE.rglob("*.py")
        if (names := unlisted(path.read_text(encoding="utf-8")))
    }
    assert not found, "add these to pytest_modellab/core/variables.py, and read them through it"


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ.get('MODELLAB_COLOUR')",
        "import os\nos.environ['MODELLAB_COLOUR']",
        "import os\nos.getenv('COLOUR', '')",
        "from os import environ\n'COLOUR' in environ",
        "import os\nos.environ.get(name)",
        "variables['HF_COLOUR']",
    ],
)
def test_one_that_is_not_listed_is_found(source: str) -> None:
    assert unlisted(source)


@pytest.mark.parametrize("name", ["api.md", "tts.md"])
def test_a_page_with_generated_parts_is_what_the_code_says(name: str) -> None:
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert rewritten(page, PAGES[name]) == page, f"python -m pytest_modellab.cli.reference docs/{name}"


def test_every_public_name_has_a_section_that_says_what_it_is() -> None:
    sections = re.split(r"^## (\w+)\n", api(), flags=re.MULTILINE)[1:]
    told = dict(zip(sections[::2], sections[1::2], strict=True))
    assert [*told] == [name for name in pytest_modellab.__all__ if name != "__version__"]
    bare = [name for name, text in told.items() if not re.sub(r"```text\n.*?```", "", text, flags=re.DOTALL).strip()]
    assert bare == []


def test_a_section_shows_how_a_thing_is_made_its_attributes_and_its_documented_members() -> None:
    page = api()
    clip = page.partition("## Clip\n")[2].partition("\n## ")[0]
    assert "```text\nClip(samples: NDArray[np.float32], rate: int, language: str | None = None)\n```" in clip
    metric = page.partition("## Metric\n")[2].partition("\n## ")[0]
    assert "\n- `name`: its key in records, suites and limits.yaml.\n" in metric
    assert '| `titled(by: str = "") -> str` |' in metric.replace("''", '""')
    assert "_" not in re.findall(r"^\| `(.)", page, re.MULTILINE)
