"""What a built package states of where it comes from, and where the links of its README lead."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import cmarkgfm
import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))

from hatch_build import absolute  # noqa: E402 - found by the line above

HERE = "https://git.example/lab"


def built(monkeypatch: pytest.MonkeyPatch, **variables: str) -> ProjectMetadata[PluginManager]:
    for name in ("MODELLAB_REPOSITORY", "MODELLAB_REF"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return ProjectMetadata(str(ROOT), PluginManager())


def targets(readme: str) -> list[str]:
    """Of links and pictures, as GitHub makes them of the text."""
    return re.findall(r'(?:href|src)="([^"]+)"', cmarkgfm.github_flavored_markdown_to_html(readme))


def test_without_an_address_the_readme_is_that_of_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    core = built(monkeypatch).core
    assert core.readme == (ROOT / "README.md").read_text(encoding="utf-8")
    assert core.readme_content_type == "text/markdown"
    assert core.urls == {}


def test_with_one_all_its_links_are_addresses_of_files_of_the_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    core = built(monkeypatch, MODELLAB_REPOSITORY=f"{HERE}/", MODELLAB_REF="v9.9").core
    found = targets(core.readme)
    assert len(found) == len(targets((ROOT / "README.md").read_text(encoding="utf-8")))
    own = [each for each in found if each.startswith(HERE)]
    assert len(own) > 40
    assert all(each.startswith(("https://", "http://", "#")) for each in found)
    for each in own:
        form, _, path = each.removeprefix(f"{HERE}/").partition("#")[0].partition("/v9.9/")
        assert (ROOT / path).is_file()
        assert form == ("raw" if Path(path).suffix in {".png", ".gif"} else "blob")


def test_a_package_index_is_told_the_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    urls = built(monkeypatch, MODELLAB_REPOSITORY=HERE, MODELLAB_REF="v9.9").core.urls
    assert urls["Homepage"] == HERE
    for each in urls.values():
        assert each.startswith(HERE)
        if "/blob/" in each:
            assert (ROOT / each.partition("/v9.9/")[2]).is_file()


@pytest.mark.parametrize(
    "text", ["[there](https://elsewhere.example/a.md)", "[below](#part)", "[mail](mailto:one@example.org)"]
)
def test_links_that_are_addresses_stay(text: str) -> None:
    assert absolute(text, HERE, "main") == text


def test_a_description_that_goes_over_two_lines_is_a_picture_all_the_same() -> None:
    assert absolute("![a\nb](docs/demo.gif)", HERE, "v1") == f"![a\nb]({HERE}/raw/v1/docs/demo.gif)"


def test_the_release_workflow_tells_both() -> None:
    told = set(re.findall(r"^ +(MODELLAB_\w+):", (ROOT / ".github/workflows/release.yml").read_text(), re.MULTILINE))
    assert told == set(re.findall(r'environ\.get\("(\w+)"', (ROOT / "hatch_build.py").read_text()))


def test_the_image_builds_the_wheel_of_all_that_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    stage = (ROOT / "Dockerfile").read_text().split("\nFROM ")[1]
    for line in re.findall(r"^COPY (.+)$", stage, re.MULTILINE):
        for name in line.split()[:-1]:
            assert name in let
            if (ROOT / name).is_file():
                (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    version = tmp_path / "pytest_modellab" / "core" / "version.py"
    version.parent.mkdir(parents=True)
    version.write_bytes((ROOT / "pytest_modellab" / "core" / "version.py").read_bytes())
    here = built(monkeypatch)
    image = ProjectMetadata(str(tmp_path), PluginManager())
    assert (image.core.readme, image.core.license_files) == (here.core.readme, here.core.license_files)
