"""Pages of past sessions that `modellab serve` makes: sessions, one of them, two compared, trends, leaderboard."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from labsessions import LabSessions
from serving import ask, serving

from pytest_modellab.cli import main
from pytest_modellab.reports.scorecard import kept
from pytest_modellab.reports.web import pages, trends

PAGES = ("/past", "/trends", "/leaderboard")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sessions of one case, the first saved as baseline, the last one worse."""
    lab = LabSessions(tmp_path_factory.mktemp("lab"))
    lab.texts = [f"the number {i} of a day" for i in range(12)]
    lab.ready().session()
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(lab.path)
        assert main(["baseline", "save"]) == 0
    for lost in (2, 12):
        lab.model(wrong=dict.fromkeys(range(lost), "not at all"))
        lab.session()
    return lab.reports


def ids(reports: Path) -> list[str]:
    return [kept.session_of(path) for path in kept.files(reports)]


def shown(reports: Path, path: str, status: int = 200) -> str:
    with serving(reports) as server:
        found = ask(server, path)
    assert found.status == status, found.body
    assert "default-src 'none'" in found.headers["Content-Security-Policy"]
    return found.body.decode()


def test_all_sessions_are_listed_with_their_result(reports: Path) -> None:
    text = shown(reports, "/past")
    for id in ids(reports):
        assert f'href="/past/{id}"' in text
    assert text.count(">not passed<") == 2
    assert text.count(">passed<") == 1


def test_an_earlier_one_is_shown_as_its_page(reports: Path) -> None:
    oldest = ids(reports)[-1]
    text = shown(reports, f"/past/{oldest}")
    assert oldest in text
    assert "Passed: Model Lab scorecard" in text
    assert 'href="/past"' in text
    assert text == shown(reports, f"/past/{oldest}")
    with serving(reports) as server:
        assert "sandbox" in ask(server, f"/past/{oldest}").headers["Content-Security-Policy"]
    assert "no session `nope`" in json.loads(shown(reports, "/past/nope", 404))["error"]


def test_any_two_are_compared(reports: Path) -> None:
    newest, _, oldest = ids(reports)
    text = shown(reports, f"/compare?a={oldest}&b={newest}")
    assert f"session {oldest}" in text
    assert re.search("[1-9] worse, 0 better", text)
    for query in ("", "?a=x", "?a=x&b=y&c=z"):
        assert "two sessions are compared" in shown(reports, f"/compare{query}", 400)
    assert "is no session, commit" in shown(reports, f"/compare?a=nope&b={newest}", 404)


@pytest.mark.parametrize("name", ["../../secret.json", ".", "reports", "/etc/passwd"])
def test_no_side_of_a_comparison_is_a_path(reports: Path, name: str) -> None:
    shown(reports, f"/compare?a={name}&b={ids(reports)[0]}", 404)


def test_a_trend_has_a_dot_for_each_record_and_the_band_of_the_baseline(reports: Path) -> None:
    text = shown(reports, "/trends")
    assert text.count('<circle class="point"') == 3
    assert text.count('<rect class="band"') == 1
    assert "Baseline of " in text
    assert "No record is here yet" in shown(reports, "/trends?case=nothing*")
    assert shown(reports, "/trends?metric=rtf").count("fake:cpu:clips: RTF") == 1
    assert "no metric nope" in shown(reports, "/trends?metric=nope", 400)
    assert "known: case" in shown(reports, "/trends?other=1", 400)


def test_the_leaderboard_is_of_the_newest_figures(reports: Path) -> None:
    text = shown(reports, "/leaderboard")
    assert "Of the newest figure of each case" in text
    assert "100.0 %" in text
    with serving(reports) as server:
        policy = ask(server, "/leaderboard").headers["Content-Security-Policy"]
    assert "script-src 'sha256-" in policy


def test_what_others_wrote_stays_text(reports: Path, tmp_path: Path) -> None:
    card = kept.read(kept.files(reports)[0])
    row = card.rows[0].model_copy(update={"title": "<script>alert(1)</script>"})
    hostile = card.model_copy(update={"session": "s1234", "arguments": "<img src=x>\u202e", "rows": (row,)})
    kept.keep(hostile, tmp_path)
    for path in PAGES:
        text = shown(tmp_path, path)
        assert "<img" not in text
        assert "<script>alert" not in text
        assert "\u202e" not in text


@pytest.mark.parametrize("path", PAGES)
def test_nothing_kept_is_no_error(tmp_path: Path, path: str) -> None:
    assert "yet" in shown(tmp_path, path)


def test_a_damaged_scorecard_is_told_without_the_folders_above(reports: Path, tmp_path: Path) -> None:
    place = kept.keep(kept.read(kept.files(reports)[0]), tmp_path)
    place.write_text("{}")
    assert "passed over" in shown(tmp_path, "/past")
    told = json.loads(shown(tmp_path, f"/past/{kept.session_of(place)}", 500))["error"]
    assert told.startswith(f"scorecards/{place.name}: is no scorecard")


def test_reports_of_before_scorecards_were_kept_have_a_leaderboard(reports: Path, tmp_path: Path) -> None:
    (tmp_path / "scorecard.json").write_bytes((reports / "scorecard.json").read_bytes())
    assert "fake" in shown(tmp_path, "/leaderboard")


def test_without_jinja_each_says_what_to_install(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    pages._environment.cache_clear()
    for path in (*PAGES, f"/compare?a={ids(reports)[0]}&b={ids(reports)[1]}"):
        assert "pytest-modellab[report]" in shown(reports, path, 501)


def test_baselines_that_can_not_be_read_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "baselines" / "asr"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text("no json")
    (folder / "b.jsonl").write_text('{"schema": "modellab.speed/1"}\n')
    assert trends.baselines(tmp_path) == {}
