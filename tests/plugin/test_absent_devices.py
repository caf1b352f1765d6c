"""Cases whose device is absent: one test of each tells so, and the others are left out with their number."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from configs import collected
from fakelab import SUITE, FakeLab
from labsessions import LabSessions

from pytest_modellab.core import devices
from pytest_modellab.plugin import absent_devices
from pytest_modellab.plugin.absent_devices import message, needless
from pytest_modellab.plugin.session import LAB

DEVICES = {
    "schema": "modellab.devices/1",
    "devices": [{"id": "cpu", "kind": "cpu"}, {"id": "gpu", "kind": "cuda"}],
}
MORE = """

def test_clips(dataset):
    assert dataset.utterances


@pytest.mark.skip(reason="never")
def test_later(run): ...
"""
HIDDEN = "gpu: CUDA_VISIBLE_DEVICES='' hides every CUDA device"


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def two_devices(lab: Any, **gpu: Any) -> None:
    lab.model(devices={"cpu": {}, "gpu": {}})
    lab.dataset()
    lab.limits({"metric": "wer", "max": 0.1})
    spec = {**DEVICES, "devices": [DEVICES["devices"][0], {**DEVICES["devices"][1], **gpu}]}  # type: ignore[dict-item]
    lab.spec("devices.yaml", spec)


@pytest.mark.usefixtures("hidden")
class TestCollected:
    def names(self, lab: LabSessions, *arguments: str) -> list[str]:
        (lab.path / "test_suite.py").write_text(SUITE + MORE)
        with collected(lab.path, *arguments) as session:
            self.lab = session.config.stash[LAB]
            return [item.name for item in session.items]

    def test_one_test_tells_that_the_device_is_absent(self, sessions: LabSessions) -> None:
        two_devices(sessions)
        names = self.names(sessions)
        assert [name for name in names if "gpu" in name] == [
            "test_wer[fake:gpu:clips]",
            "test_clips[fake:gpu:clips]",
            "test_later[fake:gpu:clips]",
        ]
        assert sum("cpu" in name for name in names) == 4
        assert self.lab.needless == {"asr/fake:gpu:clips": 1}
        assert message(self.lab.needless, self.lab.absent) == f"modellab: 1 test of 1 case left out: {HIDDEN}"

    def test_a_test_that_was_named_is_there(self, sessions: LabSessions) -> None:
        two_devices(sessions)
        assert self.names(sessions, "test_suite.py::test_success[fake:gpu:clips]") == ["test_success[fake:gpu:clips]"]

    def test_what_is_only_shown_is_shown_whole(self, sessions: LabSessions) -> None:
        two_devices(sessions)
        assert "test_success[fake:gpu:clips]" in self.names(sessions, "--collect-only", "-q")

    def test_a_case_that_another_device_stands_in_for_is_run(self, sessions: LabSessions) -> None:
        two_devices(sessions, fallback="cpu")
        assert "test_success[fake:gpu:clips]" in self.names(sessions)
        assert not self.lab.absent


class TestAbsentDevices:
    def cases(self) -> tuple[Any, Any]:
        gpu = SimpleNamespace(id="gpu", kind="cuda", index=0, fallback="other")
        other = SimpleNamespace(id="other", kind="cuda", index=1, fallback=None)
        catalog = SimpleNamespace(devices={"other": other})
        case = SimpleNamespace(key="k", device=gpu, model=SimpleNamespace(devices={"gpu": {}, "other": {}}))
        return [case], catalog

    def test_a_stand_in_that_is_absent_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cases, catalog = self.cases()
        monkeypatch.setattr(absent_devices, "presence", lambda kind, index: devices.Presence(False, f"no {index}"))
        assert absent_devices.absent_devices(cases, catalog, "local") == {"k": "gpu: no 0"}

    def test_nothing_is_known_of_other_machines(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cases, catalog = self.cases()
        monkeypatch.setattr(absent_devices, "presence", lambda kind, index: devices.Presence(False, "none"))
        assert absent_devices.absent_devices(cases, catalog, "ray") == {}
        assert absent_devices.absent_devices(cases, catalog, "local", ["ssh=far//python=python3"]) == {}
        assert absent_devices.absent_devices(cases, catalog, "local", ["popen", "popen"]) == {"k": "gpu: none"}

    def test_a_test_without_a_case_is_left_alone(self) -> None:
        item: Any = SimpleNamespace()
        assert needless([item], {"k": "none"}) == {}


BESIDE = pytest.mark.nightly("tests/plugin/test_absent_devices.py::test_one_line_tells_what_did_not_run")


@pytest.mark.usefixtures("hidden")
class TestSession:
    @pytest.mark.parametrize("workers", ["-n0", pytest.param("-n2", marks=BESIDE)])
    def test_one_line_tells_what_did_not_run(self, lab: FakeLab, workers: str) -> None:
        two_devices(lab)
        whole = lab.run(workers, "--lab-max-utterances=1")
        whole.stdout.fnmatch_lines([f"modellab: 1 test of 1 case left out: {HIDDEN}"])
        result = lab.run(workers, "--lab-card=short")
        assert result.ret == 0
        result.assert_outcomes(passed=2, skipped=1, deselected=0 if workers == "-n2" else 1)
        result.stdout.fnmatch_lines([f"1 case did not run (1 test left out): {HIDDEN}"])
        assert [row["status"] for row in lab.scorecard()["rows"]] == ["pass", "not-available"]

    def test_a_session_of_absent_devices_alone_does_not_pass(self, lab: FakeLab) -> None:
        two_devices(lab)
        result = lab.run("--lab-device=gpu", "--lab-card=none", "--junitxml=report.xml")
        assert result.ret == 1
        result.stdout.fnmatch_lines(
            [f"modellab: NOT PASSED: nothing was measured*; 1 did not run ({HIDDEN}); details: *"]
        )
        report = (lab.path / "report.xml").read_text()
        assert 'skipped="1"' in report
        assert HIDDEN in report.replace("&#39;", "'")

    def test_a_required_case_is_told(self, lab: FakeLab) -> None:
        two_devices(lab)
        result = lab.run("--lab-require=fake:gpu:*", "--lab-card=line")
        assert result.ret == 1
        result.stdout.fnmatch_lines(
            ["modellab: NOT PASSED: 1 pass; required case `fake:gpu:[*]` was not measured; 1 did not run *"]
        )
