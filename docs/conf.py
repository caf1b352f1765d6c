"""Sphinx's settings of the documentation site: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from pytest_modellab.core.version import __version__  # noqa: E402  # of this checkout

project = "Model Lab"
author = "The authors of pytest-modellab"
copyright = "the authors of pytest-modellab"
version = release = __version__

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["*.py"]

# The anchors that GitHub gives to headings, so that links work there and here.
myst_heading_anchors = 4
highlight_language = "none"
suppress_warnings = [
    "misc.highlighting_failure",  # an example with `...` in it is no whole JSON or YAML
]
nitpicky = True

html_theme = "furo"
html_title = f"Model Lab {release}"
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False
html_last_updated_fmt = None
