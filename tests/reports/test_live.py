"""The page of running sessions: what it is made of, what it may do, what leads to it, and what it is told."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from serving import ask, serving

from pytest_modellab.reports.web import live
from pytest_modellab.reports.web.progress import QUIET_S, Watch, running
from pytest_modellab.runner.session import OVER, Session, slug


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def planned(reports: Path, name: str, *cases: str) -> Path:
    folder = reports / "sessions" / name
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(cases))
    return folder


def journal(folder: Path, case: str, *rows: dict[str, Any], utterances: int = 10, audio_s: float = 100.0) -> Path:
    path = folder / f"{slug(case)}.jsonl"
    head = {"key": "k", "case": case.partition("/")[2], "utterances": utterances, "audio_s": audio_s}
    path.write_text("".join(json.dumps(row) + "\n" for row in (head, *rows)))
    return path


def answer(seconds: float | None, audio_s: float) -> dict[str, Any]:
    return {"utterance": "u", "errors": 0, "words": 1, "seconds": seconds, "audio_s": audio_s}


def add(path: Path, *rows: dict[str, Any]) -> None:
    with path.open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def left(watch: Watch) -> list[float | None]:
    return [data["left_s"] for name, data in watch.look() if name == "progress"]


class TestWhatIsLeft:
    def test_of_what_was_done_before_one_looked_by_what_the_model_took(self, tmp_path: Path) -> None:
        folder = planned(tmp_path, "s", "asr/a:cpu:b")
        journal(folder, "asr/a:cpu:b", answer(4.0, 20.0), answer(4.0, 20.0))
        # 8 of its seconds went for 2 of 10 utterances and 40 of 100 seconds: between 32 and 12.
        assert left(Watch(tmp_path)) == [22.0]

    def test_of_later_ones_by_the_clock(self, tmp_path: Path) -> None:
        folder, clock = planned(tmp_path, "s", "asr/a:cpu:b"), Clock()
        path = journal(folder, "asr/a:cpu:b", answer(3.0, 10.0))
        watch = Watch(tmp_path, clock=clock)
        assert left(watch) == [None]  # too early
        clock.now += 12.0
        add(path, answer(1.0, 10.0), answer(2.0, 10.0), answer(3.0, 10.0))
        assert left(watch) == [pytest.approx(15.0 / 4 * 6)]
        clock.now += 5.0
        add(path, answer(None, 10.0))
        assert left(watch) == [pytest.approx(20.0 / 5 * 5)]

    def test_of_speech_by_the_utterance_for_nobody_knows_its_length(self, tmp_path: Path) -> None:
        folder = planned(tmp_path, "s", "tts/a:cpu:b")
        journal(folder, "tts/a:cpu:b", answer(4.0, 90.0), answer(4.0, 90.0))
        assert left(Watch(tmp_path)) == [32.0]

    def test_nothing_once_all_is_answered(self, tmp_path: Path) -> None:
        folder = planned(tmp_path, "s", "asr/a:cpu:b")
        journal(folder, "asr/a:cpu:b", answer(60.0, 100.0), {"timed": "u", "seconds": 1.0}, utterances=1)
        assert left(Watch(tmp_path)) == [None]

    def test_one_case_in_two_tasks_is_told_apart(self, tmp_path: Path) -> None:
        cases = ("asr/a:cpu:b", "streaming/a:cpu:b")
        folder = planned(tmp_path, "s", *cases)
        for case in cases:
            journal(folder, case)
        found = [(data["case"], data["key"]) for name, data in Watch(tmp_path).look() if name == "progress"]
        assert found == [("a:cpu:b", case) for case in cases]


class TestWhetherItRuns:
    def test_what_has_written_lately(self, tmp_path: Path) -> None:
        assert running(tmp_path) == []
        folder = planned(tmp_path, "s", "asr/a:cpu:b")
        assert running(tmp_path) == ["s"]
        before = time.time() - QUIET_S - 60
        for path in folder.iterdir():
            os.utime(path, (before, before))
        assert running(tmp_path) == []
        (opened,) = Watch(tmp_path).look()
        assert opened[1]["quiet_s"] > QUIET_S
        journal(folder, "asr/a:cpu:b")
        assert running(tmp_path) == ["s"]

    def test_not_what_was_broken_off_and_has_ended(self, tmp_path: Path) -> None:
        folder = planned(tmp_path, "s")
        watch = Watch(tmp_path)
        assert [name for name, _ in watch.look()] == ["session"]
        (folder / OVER).touch()
        assert list(watch.look()) == [("ended", {"session": "s"})]
        assert running(tmp_path) == []
        assert (list(Watch(tmp_path).look()), Watch(tmp_path).sessions()) == ([], [])

    def test_an_interrupted_session_says_so_and_stays_over_when_another_has_ended(self, tmp_path: Path) -> None:
        interrupted = Session(tmp_path, "a", own=True)
        interrupted.end(whole=False)
        other = Session(tmp_path, "b", own=True)
        assert running(tmp_path) == ["b"]
        other.end(whole=True)
        assert running(tmp_path) == []


class TestPage:
    def test_only_its_own_style_and_script_may_run(self) -> None:
        text = live.page().decode()
        rules = dict(rule.strip().split(" ", 1) for rule in live.policy().split(";"))
        for kind, tag in (("style-src", "style"), ("script-src", "script")):
            (inner,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
            assert rules[kind] == f"'sha256-{digest}'"
        assert (rules["default-src"], rules["connect-src"]) == ("'none'", "'self'")
        assert "unsafe" not in live.policy()

    def test_nothing_in_it_makes_mark_up_of_text_or_asks_elsewhere(self) -> None:
        text = live.page().decode()
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "://", " style=", "@s"):
            assert word not in text
        assert not re.search(r"\bon[a-z]+=", text)

    def test_it_is_served_under_that_policy(self, tmp_path: Path) -> None:
        with serving(tmp_path) as server:
            found = ask(server, "/live")
            assert (found.status, found.body) == (200, live.page())
            assert found.headers["Content-Security-Policy"] == live.policy()
            assert ask(server, "/live", "HEAD").body == b""
            assert ask(server, "/live/").status == 404


class TestTheWayThere:
    def test_a_line_while_sessions_run(self) -> None:
        assert "running" not in live.links()
        assert "Session s1 is running" in live.links(["s1"])
        assert "2 sessions are running" in live.links(["s1", "s2"])
        assert "<b>" not in live.links(["<b>"])

    def test_the_other_pages_are_led_to(self) -> None:
        assert re.findall('href="(.*?)"', live.links()) == ["/past", "/trends", "/leaderboard"]

    def test_it_stands_first_on_a_page(self) -> None:
        assert live.with_notice(b"<body>a<body>", "-") == b"<body>-a<body>"
        assert live.with_notice(b"<p>a", "-") == b"<p>a"

    def test_the_index_has_it_with_a_scorecard_and_without(self, tmp_path: Path) -> None:
        card = "<html><body><p>the card"
        with serving(tmp_path) as server:
            assert b"running: follow" not in ask(server, "/").body
            folder = planned(tmp_path, "s", "asr/a:cpu:b")
            assert b"Session s is running: follow" in ask(server, "/").body
            (tmp_path / "scorecard.html").write_text(card)
            found = ask(server, "/")
            assert found.body.startswith(b"<html><body><nav ")
            assert found.body.endswith(b"<p>the card")
            assert ask(server, "/", "HEAD").headers["Content-Length"] == str(len(found.body))
            assert ask(server, "/scorecard.html").body == card.encode()
            (folder / "plan.json").unlink()
            folder.rmdir()
            assert ask(server, "/").body == live.with_notice(card.encode(), live.links())
