"""Options of the command line and of the ini file, as they are read into a session's settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from configs import INI, parsed

from pytest_modellab.plugin import options
from pytest_modellab.plugin.options import Config
from pytest_modellab.results.shards import Shard


def read(folder: Path, *arguments: str, ini: str = INI) -> Config:
    with parsed(folder, *arguments, ini=ini) as config:
        return options.read(config)


def test_what_is_read_where_nothing_is_given(tmp_path: Path) -> None:
    found = read(tmp_path, ini="[pytest]\nmodellab_catalog = lab\n")
    reports = tmp_path / "reports"
    assert replace(found, arguments="") == Config(tmp_path / "lab", tmp_path, reports, reports / "baselines")
    assert (found.executor, found.strict, found.asked, found.page) == ("local", "failures", "", True)


def test_the_command_line_is_told_without_the_folders_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = read(tmp_path, "-m", "smoke and not real_e2e", f"--lab-report={tmp_path / 'else'}")
    assert found.arguments.endswith("-m 'smoke and not real_e2e' --lab-report=else")
    assert str(tmp_path) + "/" not in found.arguments


def test_globs_select_and_ask(tmp_path: Path) -> None:
    found = read(tmp_path, "--lab-model=a", "--lab-model=b*", "--lab-dataset=c", "--lab-require=x:*")
    assert (found.models, found.datasets, found.required) == (("a", "b*"), ("c",), ("x:*",))
    assert found.asked == "--lab-require, --lab-model, --lab-dataset"
    assert found.selection.models == ("a", "b*")


def test_a_control_has_reports_of_its_own(tmp_path: Path) -> None:
    found = read(tmp_path, "--lab-control")
    assert found.reports == tmp_path / "reports" / "control"
    assert found.baselines == tmp_path / "reports" / "baselines"


def test_reports_may_be_led_elsewhere_and_baselines_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = read(tmp_path, "--lab-report=else")
    assert (found.reports, found.baselines) == (tmp_path / "else", tmp_path / "reports" / "baselines")
    (tmp_path / "else" / "baselines").mkdir(parents=True)
    assert read(tmp_path, "--lab-report=else").baselines == tmp_path / "else" / "baselines"


class TestCatalog:
    def test_a_folder_of_fixtures_with_our_mark_is_one(self, tmp_path: Path) -> None:
        (tmp_path / "fixtures" / "models").mkdir(parents=True)
        (tmp_path / "fixtures" / "other.yaml").write_text("people: [ann]\n")
        assert read(tmp_path, ini="[pytest]\n").catalog is None
        (tmp_path / "fixtures" / "models" / "a.yaml").write_text("schema: modellab.model/1\n")
        assert read(tmp_path, ini="[pytest]\n").catalog == tmp_path / "fixtures"

    def test_what_is_no_file_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "fixtures" / "folder.yaml").mkdir(parents=True)
        assert read(tmp_path, ini="[pytest]\n").catalog is None


class TestStrictness:
    @pytest.mark.parametrize(
        ("arguments", "strict"),
        [
            ([], "failures"),
            (["--lab-inconclusive=fail"], "inconclusive"),
            (["--lab-strict"], "warnings"),
            (["--lab-strict", "--lab-shard=1/2"], "failures"),
        ],
    )
    def test_options(self, tmp_path: Path, arguments: list[str], strict: str) -> None:
        assert read(tmp_path, *arguments).strict == strict

    def test_two_that_contradict_each_other(self, tmp_path: Path) -> None:
        with pytest.raises(pytest.UsageError, match=r"--lab-strict, .* excludes --lab-inconclusive=allow"):
            read(tmp_path, "--lab-strict", "--lab-inconclusive=allow")

    def test_the_ini_file(self, tmp_path: Path) -> None:
        assert read(tmp_path, ini=f"{INI}modellab_inconclusive = fail\n").strict == "inconclusive"
        with pytest.raises(pytest.UsageError, match="modellab_inconclusive: expected `allow` or `fail`, found 'no'"):
            read(tmp_path, ini=f"{INI}modellab_inconclusive = no\n")


class TestExecutor:
    def test_the_older_option_means_in_process(self, tmp_path: Path) -> None:
        assert read(tmp_path, "--lab-inprocess").executor == "in-process"
        assert read(tmp_path, "--lab-inprocess", "--lab-executor=in-process").executor == "in-process"
        with pytest.raises(pytest.UsageError, match="--lab-inprocess and --lab-executor=local exclude each other"):
            read(tmp_path, "--lab-inprocess", "--lab-executor=local")

    def test_one_that_nobody_brings(self, tmp_path: Path) -> None:
        with pytest.raises(pytest.UsageError, match="unknown executor `locl`; did you mean `local`"):
            read(tmp_path, "--lab-executor=locl")


class TestNumbers:
    def test_days(self, tmp_path: Path) -> None:
        assert read(tmp_path, ini=f"{INI}modellab_speed_age_days = 0.5\n").speed_age_days == 0.5
        for days in ("-1", "nan", "soon", "40000"):
            with pytest.raises(pytest.UsageError, match=f"a number of days, 0 for none, found '{days}'"):
                read(tmp_path, ini=f"{INI}modellab_speed_age_days = {days}\n")

    def test_utterances_and_shards(self, tmp_path: Path) -> None:
        found = read(tmp_path, "--lab-max-utterances=3", "--lab-shard=2/3")
        assert (found.max_utterances, found.shard) == (3, Shard(2, 3))

    @pytest.mark.parametrize("argument", ["--lab-max-utterances=0", "--lab-max-utterances=x", "--lab-shard=3/2"])
    def test_what_is_none_is_refused(self, tmp_path: Path, argument: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises((pytest.UsageError, SystemExit)):
            read(tmp_path, argument)


def test_an_existing_folder_elsewhere_must_be_joined_to_its_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(pytest.UsageError, match=r"write --lab-report=.*there: given with a space, pytest takes"):
        read(tmp_path / "here", "--lab-report", str(tmp_path / "there"))


class TestCard:
    @pytest.mark.parametrize(
        ("arguments", "card"),
        [
            ((), "short"),
            (("-v",), "full"),
            (("-vv",), "full"),
            (("-q",), "line"),
            (("-q", "-q"), "line"),
            (("-v", "--lab-card=line"), "line"),
            (("-q", "--lab-card=full"), "full"),
            (("--lab-card=none",), "none"),
        ],
    )
    def test_it_goes_by_verbosity_and_the_option_goes_before(
        self, tmp_path: Path, arguments: tuple[str, ...], card: str
    ) -> None:
        assert read(tmp_path, *arguments).card == card

    def test_the_ini_file_goes_before_verbosity(self, tmp_path: Path) -> None:
        ini = f"{INI}modellab_card = line\n"
        assert read(tmp_path, "-v", ini=ini).card == "line"
        assert read(tmp_path, "--lab-card=full", ini=ini).card == "full"

    def test_an_unknown_one_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(pytest.UsageError, match="modellab_card: expected full, short, line or none, found 'wide'"):
            read(tmp_path, ini=f"{INI}modellab_card = wide\n")
