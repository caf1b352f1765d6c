"""Generated parts of docs/catalog.md: `python -m pytest_modellab.cli.catalog_page docs/catalog.md`.

They depend on the published models alone, not on a local catalog or its results.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from pytest_modellab.catalog.published.shipped import shipped
from pytest_modellab.core.escaping import code, plain
from pytest_modellab.reports.published.listed import ModelList, listed
from pytest_modellab.reports.published.rules import conditions
from pytest_modellab.reports.published.shown import markdown

from .reference import rewritten


def _uses() -> str:
    lines = ["| use | rule | why | models |", "|---|---|---|---|"]
    for name, use in shipped().uses.items():
        ids = [entry.model.id for entry in _listed(name).entries]
        cells = (code(name), plain(conditions(use.rule)), plain(use.why), ", ".join(map(code, ids)) or "none")
        lines.append(f"| {' | '.join(cells)} |")
    return "".join(f"{line}\n" for line in lines)


def _models() -> str:
    return "".join(f"{line}\n" for line in markdown(_listed()))


def _listed(*uses: str) -> ModelList:
    file = shipped()
    return listed(file.models, [file.uses[name].rule for name in uses], links={}, measured={})


PARTS: dict[str, Callable[[], str]] = {"uses": _uses, "models": _models}
"""What stands between the marks, by their name."""


def main(page: Path) -> None:
    page.write_text(rewritten(page.read_text(encoding="utf-8"), PARTS), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
