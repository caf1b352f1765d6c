"""profiles.yaml: what it may say, and what is said of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from catalogs import write_catalog
from spoiled_catalog import complaints

from pytest_modellab.catalog.load import load

PROFILES = """\
schema: modellab.profiles/1
roles:
  primary:
    title: primary
    why: The text counts.
    require: {asr: {wer: 0.10, success_rate: 0.99}}
    datasets: [talk]
    within: {asr.wer: 0.02}
    prefer: [asr.rtf]
use_cases:
  notes:
    title: notes
    why: They are read once.
    require: {asr: {}}
    prefer: [asr.wer]
"""


def test_a_file_of_its_own_takes_the_place_of_the_roles_that_come_along(tmp_path: Path) -> None:
    profiles = load(write_catalog(tmp_path, files={"profiles.yaml": PROFILES})).profiles
    assert list(profiles.roles) == ["primary"]
    assert list(profiles.use_cases) == ["notes"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("wer: 0.10", "were: 0.10", "6: unknown metric `were`; did you mean `wer`? allowed: "),
        ("wer: 0.10", "wer: 10", "6: wer is a ratio: 0.1 is 10 %, found 10"),
        ("{asr: {wer", "{ars: {wer", "6: `roles.primary.require`: unknown key `ars`; did you mean `asr`? allowed: "),
        ("[talk]", "[tlak]", "7: no data set matches `tlak`; did you mean `talk`? allowed: "),
        ("[talk]", "[]", "7: "),
        ("{asr.wer: 0.02}", "{asr.wre: 0.02}", "8: unknown metric `wre`; did you mean `wer`? allowed: "),
        ("{asr.wer: 0.02}", "{asr.wer: -0.02}", "8: a margin is 0 or more, found -0.02"),
        ("{asr.wer: 0.02}", "{asr.wer: 2}", "8: wer is a ratio: 0.02 is 2 %, found 2"),
        ("[asr.rtf]", "[tts.rtf]", "9: `tts.rtf`: write task.metric, of a task in `require`: "),
        ("[asr.rtf]", "[rtf]", "9: `rtf`: write task.metric, of a task in `require`: "),
        ("[asr.rtf]", "[asr.rft]", "9: unknown metric `rft`; did you mean `rtf`? allowed: "),
        ("notes:\n    title", "primary:\n    title", "11: `primary` is a role, too; names are unique"),
        ("    why: The text counts.\n", "", "3: missing key `why` in `roles.primary`"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in PROFILES
    (found,) = complaints(write_catalog(tmp_path, files={"profiles.yaml": PROFILES.replace(old, new)}))
    assert found.startswith(f"profiles.yaml:{told}")
