"""What was asked for and not measured, or not gated, fails or is said."""

from __future__ import annotations

import pytest
from fakelab import FakeLab

from pytest_modellab.cli import main

BESIDE = "import pytest\n\n\n@pytest.mark.smoke\ndef test_of_its_own():\n    pass\n"
README = """
def test_our_calls(run, limits):
    assert run.success_rate >= 1.0
    assert run.wer <= limits.wer
"""


@pytest.fixture
def uncollected(lab: FakeLab) -> FakeLab:
    """A lab whose test file is not collected, beside a smoke test of the repository's own."""
    lab.ready()
    (lab.path / "test_suite.py").rename(lab.path / "suite_of_tests.py")
    lab.pytester.makepyfile(test_beside=BESIDE)
    return lab


class TestNothingCollected:
    @pytest.mark.parametrize(
        "option", ["--lab-require=fake:cpu:*", "--lab-dataset=clips", "--lab-control", "--lab-model=fake"]
    )
    def test_what_was_asked_for_fails(self, uncollected: FakeLab, option: str) -> None:
        result = uncollected.run("-m", "smoke", option)
        assert result.ret == 1
        name = option.partition("=")[0]
        result.stdout.fnmatch_lines(
            [f"NOT PASSED: no test of the catalog's cases was collected, though {name} asked for*", "*1 passed*"]
        )

    def test_the_hook_stops_the_push(
        self, uncollected: FakeLab, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(uncollected.path)
        assert main(["hook", "run"]) == 1
        assert "no test of the catalog's cases was collected" in capfd.readouterr().out

    def test_what_nobody_asked_for_passes(self, uncollected: FakeLab) -> None:
        result = uncollected.run("-m", "smoke")
        assert result.ret == 0
        assert "NOT PASSED" not in result.stdout.str()

    def test_nothing_selected_at_all_fails_too(self, uncollected: FakeLab) -> None:
        assert uncollected.run("-m", "real_e2e", "--lab-model=fake").ret == 1

    def test_only_a_look_at_what_is_collected_passes(self, uncollected: FakeLab) -> None:
        assert uncollected.run("--collect-only", "--lab-model=fake").ret == 0

    def test_options_without_a_catalog_are_refused(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(BESIDE)
        result = pytester.runpytest("--lab-model=fake")
        assert result.ret == 4
        result.stderr.fnmatch_lines(["*--lab-model given, and no catalog is known here: set the ini option*"])


def test_a_part_of_a_required_case_is_not_the_case(lab: FakeLab) -> None:
    lab.ready()
    result = lab.run("--lab-require=fake:cpu:clips", "--lab-max-utterances=2")
    assert result.ret == 1
    told = "required case `fake:cpu:clips` was not measured whole, only 2 of its utterances"
    assert told in " ".join(line.strip() for line in result.outlines)


class TestNoLimit:
    def test_it_is_named_and_strict_fails(self, lab: FakeLab) -> None:
        lab.ready()
        (lab.catalog / "limits.yaml").unlink()
        lab.pytester.makepyfile(test_suite=README)
        result = lab.run()
        assert result.ret == 0
        told = "no limit on WER in limits.yaml, so the tests of it were skipped: fake:cpu:clips"
        assert told in " ".join(result.outlines)
        result = lab.run("--lab-strict")
        assert result.ret == 1
        assert f"NOT PASSED: {told}, and --lab-strict is on" in " ".join(line.strip() for line in result.outlines)

    def test_a_limit_that_is_there_says_nothing(self, lab: FakeLab) -> None:
        lab.ready()
        lab.pytester.makepyfile(test_suite=README)
        result = lab.run("--lab-strict")
        assert result.ret == 0
        assert "no limit on" not in result.stdout.str()


class TestLeftOut:
    def test_a_language_that_a_model_does_not_speak_is_named_at_the_start(self, lab: FakeLab) -> None:
        lab.ready()
        english = lab.model("english")
        english.write_text(english.read_text() + "languages: [en]\n")
        lab.model("nowhere", tiers=[])
        lab.dataset("anrufe", language="de")
        start = "modellab: no case for want of a common "
        result = lab.run("--collect-only")
        result.stdout.fnmatch_lines([f"{start}language (1), device (*), tier (2)"])
        assert "has no case" not in result.stdout.str()
        result = lab.run("--collect-only", "--lab-dataset=anrufe")
        told = "modellab: english has no case: it doesn't speak the language of anrufe (de); see `languages:`, "
        told += "lab/models/english.yaml:1"
        assert told in result.outlines
        (lab.catalog / "models/fake.yaml").unlink()
        result = lab.run("--collect-only")
        assert "modellab: anrufe has no case: its language is de, which english doesn't speak" in result.outlines

    def test_where_everything_fits_nothing_is_said(self, lab: FakeLab) -> None:
        lab.ready()
        (lab.catalog / "devices.yaml").write_text("schema: modellab.devices/1\ndevices: [{id: cpu, kind: cpu}]\n")
        assert "no case for want" not in lab.run("--collect-only").stdout.str()
