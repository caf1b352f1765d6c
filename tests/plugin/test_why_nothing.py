"""What is said where a session runs nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from configs import parsed
from fakelab import FakeLab
from labsessions import LabSessions, lab_session

from pytest_modellab.plugin import options
from pytest_modellab.plugin.left_out import header_notes, messages
from pytest_modellab.plugin.why_nothing import NoCatalog, WhyNothing, reasons

FILES = ["test_*.py"]


class Written:
    """A terminal reporter that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write_line(self, line: str, **markup: bool) -> None:
        self.lines.append(line)


def told(sessions: LabSessions, expression: str = "") -> list[str]:
    with parsed(sessions.path, ini=None) as config:
        lab = lab_session(options.read(config))
    return list(reasons(lab, expression, FILES))


def voice(sessions: LabSessions, id: str) -> None:
    path = sessions.model(id, engine="modellab_fake_engine:FakeVoice")
    spec = yaml.safe_load(path.read_text())
    sessions.spec(f"models/{id}.yaml", {**spec, "tasks": ["tts"], "options": {}})


class TestReasons:
    def test_no_common_tier(self, sessions: LabSessions) -> None:
        sessions.model(tiers=["real_e2e"])
        sessions.dataset(tiers=["smoke"])
        first, second = told(sessions)
        assert first.startswith("no case for want of a common tier (1)")
        assert second == (
            "fake (lab/models/fake.yaml:1) has `tiers: [real_e2e]`, clips (lab/datasets/clips.yaml:1) has"
            " `tiers: [smoke]`: give both one of smoke, smoke_all, real_e2e"
        )

    def test_no_common_language(self, sessions: LabSessions) -> None:
        path = sessions.model()
        path.write_text(path.read_text() + "languages: [de]\n", encoding="utf-8")
        sessions.dataset()
        where = "see `languages:`, lab/models/fake.yaml:1"
        assert f"fake has no case: it doesn't speak the language of clips (en); {where}" in told(sessions)

    def test_no_tier_at_all(self, sessions: LabSessions) -> None:
        sessions.model(tiers=[])
        sessions.dataset()
        first, second = told(sessions)
        assert first.startswith("no case for want of a common ")
        assert second.startswith("fake (lab/models/fake.yaml:1) has `tiers: []`, ")

    def test_no_common_task(self, sessions: LabSessions) -> None:
        voice(sessions, "fake")
        sessions.dataset()
        assert told(sessions) == [
            "fake (lab/models/fake.yaml:1) has no case: it is for tts, and no data set is; they are for asr",
            "clips (lab/datasets/clips.yaml:1) has no case: it is for asr, and no model is; they are for tts",
        ]

    def test_a_model_whose_task_no_data_set_has_beside_others(self, sessions: LabSessions) -> None:
        sessions.ready()
        voice(sessions, "polly")
        with parsed(sessions.path, ini=None) as config:
            lab = lab_session(options.read(config))
        assert "polly (lab/models/polly.yaml:1) has no case: it is for tts, and no data set is; they are for asr" in [
            *messages(lab.catalog, lab.config.selection, lab.cases)
        ]

    def test_another_catalog_in_the_usual_place(self, sessions: LabSessions) -> None:
        sessions.ready()
        with parsed(sessions.path, ini=None) as config:
            lab = lab_session(options.read(config))
            before = list(header_notes(lab.catalog, lab.config, lab.cases))
            (sessions.path / "fixtures" / "models").mkdir(parents=True)
            (sessions.path / "fixtures" / "models" / "other.yaml").write_text("schema: modellab.model/1\nid: other\n")
            assert list(header_notes(lab.catalog, lab.config, lab.cases)) == [
                "fixtures is a catalog, too, and isn't read: `modellab_catalog` is lab; keep one of them",
                *before,
            ]

    @pytest.mark.parametrize(
        ("made", "lacking"),
        [("model", "data set; `modellab new-data` makes one"), ("dataset", "model; `modellab new-model` makes one")],
    )
    def test_half_a_catalog(self, sessions: LabSessions, made: str, lacking: str) -> None:
        getattr(sessions, made)()
        assert told(sessions) == [f"no case: lab has no {lacking}"]

    def test_another_tier_than_was_asked_for(self, sessions: LabSessions) -> None:
        sessions.model(tiers=["real_e2e"])
        sessions.dataset(tiers=["real_e2e"])
        assert told(sessions, "smoke") == [
            "no case is in the tier smoke; 1 case in real_e2e: `-m real_e2e` runs them, or put the tier into"
            " `tiers:` of a model and of a data set"
        ]

    def test_a_tier_that_was_left_out_is_not_asked_for(self, sessions: LabSessions) -> None:
        sessions.model(tiers=["real_e2e"])
        sessions.dataset(tiers=["real_e2e"])
        (line,) = told(sessions, "asr and not smoke")
        assert line.startswith("1 case, and no test of one was run")

    def test_no_test(self, sessions: LabSessions) -> None:
        sessions.ready()
        (line,) = told(sessions, "smoke")
        assert line.startswith("1 case, and no test of one was run: a test of a case names a fixture such as `run`, in")
        assert "(test_*.py)" in line


class TestHooks:
    def summary(self, plugin: Any, status: int, **more: Any) -> list[str]:
        terminal = Written()
        option = SimpleNamespace(markexpr="smoke", keyword="")
        config = SimpleNamespace(option=option, args_source=None, inipath=None, rootpath=Path("/x"), **more)
        plugin.pytest_terminal_summary(terminal, status, config)
        return terminal.lines

    def test_without_a_catalog_a_tier_that_is_asked_for_is_told(self) -> None:
        (line,) = self.summary(NoCatalog(), pytest.ExitCode.NO_TESTS_COLLECTED)
        assert line.startswith("modellab: no catalog: there is no folder /x/fixtures, and pytest.ini doesn't set")
        assert line.endswith("`modellab init FOLDER` makes one, of recordings")

    def test_other_peoples_sessions_are_left_alone(self) -> None:
        assert self.summary(NoCatalog(), pytest.ExitCode.OK) == []

    def test_a_fixture_of_ours_that_is_not_found(self) -> None:
        plugin = NoCatalog()
        for name in ("tmp_paht", "run"):
            report: Any = SimpleNamespace(failed=True, when="setup", longrepr=SimpleNamespace(argname=name))
            plugin.pytest_runtest_logreport(report)
            assert plugin.asked is (name == "run")
        assert self.summary(plugin, pytest.ExitCode.TESTS_FAILED)

    def test_a_session_that_ran_something_says_nothing(self) -> None:
        lab: Any = SimpleNamespace(dry=False, tests={"a case": None})
        assert self.summary(WhyNothing(lab), pytest.ExitCode.OK) == []

    def test_nor_one_that_only_collects(self) -> None:
        lab: Any = SimpleNamespace(dry=True)
        assert self.summary(WhyNothing(lab), pytest.ExitCode.NO_TESTS_COLLECTED) == []

    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            ((), "modellab: 1 case, and no test of one was run: "),
            (("-m", "smoke"), "modellab: no case is in the tier smoke; 1 case in real_e2e: "),
            (("test_none.py::test_x",), "modellab: not found: test_none.py::test_x"),
            (("--pyargs", "none.of_them"), "modellab: 1 case, and no test of one was run: "),
        ],
    )
    def test_one_that_ran_nothing_says_why(self, sessions: LabSessions, arguments: tuple[str, ...], line: str) -> None:
        sessions.model(tiers=["real_e2e"])
        sessions.dataset(tiers=["real_e2e"])
        terminal: Any = Written()
        with parsed(sessions.path, *arguments, ini=None) as config:
            lab = lab_session(options.read(config))
            WhyNothing(lab).pytest_terminal_summary(terminal, pytest.ExitCode.NO_TESTS_COLLECTED, config)
        assert len(terminal.lines) == 1
        assert terminal.lines[0].startswith(line)


class TestSessions:
    def test_a_test_that_is_not_collected(self, lab: FakeLab) -> None:
        lab.ready()
        (lab.path / "test_suite.py").unlink(missing_ok=True)
        result = lab.run("-q", "-m", "smoke")
        assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
        result.stdout.fnmatch_lines(["modellab: 1 case, and no test of one was run: *"])

    def test_a_file_that_is_not_there_with_workers(self, lab: FakeLab) -> None:
        result = lab.ready().run("-q", "-n2", "test_none.py")
        assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
        result.stdout.fnmatch_lines(["modellab: not found: test_none.py"])

    def test_an_ini_file_without_the_line(self, pytester: pytest.Pytester) -> None:
        pytester.makeini("[pytest]\n")
        pytester.makepyfile("def test_x(run):\n    pass\n")
        result = pytester.runpytest_subprocess("-q")
        result.stdout.fnmatch_lines(["*fixture 'run' not found*", "modellab: no catalog: *"])
