"""An option that would have no effect is refused, with what it is for."""

from __future__ import annotations

from pathlib import Path

import pytest
from catalogs import write_catalog
from commands import Told

from pytest_modellab.cli.exits import Exit


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("results save --html x.html", "--html is for `modellab results show`"),
        ("results save -o x.md", "--output is for `modellab results show`"),
        ("results --reports reports", "--reports is for `modellab results save`"),
        ("results --html x.html -o x.md", "--output is for the page in Markdown; --html names its own file"),
        ("sweep tiny --data talk --max-utterances 3", "--max-utterances is for what --run runs"),
        ("listen hibari-en --key x.json", "--key is for --answers"),
        ("listen hibari-en --answers x.json", "--answers tells what listeners said; CASE is for a new page"),
        ("export csv --metric wer", "--metric is for model-index, not for csv"),
    ],
)
def test_it_is_refused(
    command: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_catalog(tmp_path / "fixtures")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    told = Told(capsys)
    told(*command.split(), code=Exit.USAGE)
    assert told.errors == f"modellab: {message}\n"
    assert not list(tmp_path.glob("x.*"))
