"""Signatures of bundles, what a bundle must hold, and what of it reaches the terminal."""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from releases import forged, git, keys, lines_of, the_record

from pytest_modellab.cli import main
from pytest_modellab.reports.release import bundle
from pytest_modellab.reports.release.note import BASELINES, CATALOG, CONTROL, NOTE, SCORECARD
from pytest_modellab.reports.release.signature import sign
from pytest_modellab.results import baseline
from pytest_modellab.results.record_files import read

OLD = Path(__file__).parents[1] / "old" / "release-bundle-1.zip"


Forgery = Callable[[Path], None]


KEY = "asr/fake:cpu:clips"


def in_text(name: str, old: str, new: str) -> Forgery:
    def forge(folder: Path) -> None:
        found = (folder / name).read_text()
        assert old in found
        (folder / name).write_text(found.replace(old, new))

    return forge


def record(change: Callable[[dict[str, Any]], Any]) -> Forgery:
    return lambda folder: forged(folder, change)


class TestRequire:
    """The caller's own release.yaml, whatever the bundle's says."""

    def ask(self, folder: Path, tmp_path: Path, *required: str, more: str = "") -> int:
        file = tmp_path / "release.yaml"
        listed = "".join(f"  - {each!r}\n" for each in required)
        file.write_text(f"schema: modellab.release/1\nrequired:\n{listed}{more}")
        return main(["verify", str(folder), "--require", str(file)])

    def test_what_it_asks_for_is_there(self, released: Path, tmp_path: Path) -> None:
        assert self.ask(released, tmp_path, "fake:cpu:clips") == 0

    def test_what_it_asks_for_is_not_there(
        self, released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.ask(released, tmp_path, "fake:cpu:clips", "*:cuda:*") == 1
        assert "release.yaml:1: `*:cuda:*` matches nothing in the bundle" in capsys.readouterr().out

    def test_baselines(self, released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.ask(released, tmp_path, "fake:*", more="baselines: required\n") == 1
        assert f"{KEY}: has no baseline" in capsys.readouterr().out

    def test_a_case_of_the_callers_catalog_that_the_bundle_hides(
        self, released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        own = Path(shutil.copytree(released / CATALOG, tmp_path / "own"))
        hidden = (own / "models" / "fake.yaml").read_text().replace("id: fake", "id: hidden")
        (own / "models" / "hidden.yaml").write_text(hidden)
        in_text("own/release.yaml", "fake:cpu:*", "'*:cpu:*'")(tmp_path)
        assert main(["verify", str(released), "--require", str(own / "release.yaml")]) == 1
        assert "asr/hidden:cpu:clips: there is no record of it" in capsys.readouterr().out

    def test_the_callers_catalog_has_other_limits(
        self, released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        own = Path(shutil.copytree(released / CATALOG, tmp_path / "own"))
        assert main(["verify", str(released), "--require", str(own)]) == 0
        in_text("own/limits.yaml", "max: 0.1", "max: 0.05")(tmp_path)
        assert main(["verify", str(released), "--require", str(own / "release.yaml")]) == 0
        assert main(["verify", str(released), "--require", str(own)]) == 1
        assert f"limits: not as in {own}" in capsys.readouterr().out

    def test_the_callers_repository_has_other_baselines(
        self, released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        saved = baseline.save(read(the_record(released)), released / BASELINES)
        bundle.write_checksums(released)
        own = Path(shutil.copytree(released / CATALOG, tmp_path / "own" / "lab"))
        assert main(["verify", str(released), "--require", str(own)]) == 0
        assert "not checked: that its baselines are the ones that were committed" in capsys.readouterr().out

        def told() -> str:
            status = main(["verify", str(released), "--require", str(own)])
            said = capsys.readouterr().out
            assert "not checked: that its baselines" not in said
            assert lines_of(said) == (["its baselines are those beside that catalog"] if status else [])
            return said

        git(own.parent, "init", "-q")
        git(own.parent, "commit", "-q", "--allow-empty", "-m", "a repository")
        beside = own.parent / "reports" / BASELINES
        name = saved.relative_to(released / BASELINES)
        assert f"baselines/{name}: there is none in {beside}" in told()
        shutil.copytree(released / BASELINES, beside)
        told()
        in_text(f"{BASELINES}/{name}", "one fine day", "one good day")(beside.parent)
        assert f"baselines/{name}: not as in {beside}" in told()
        saved.unlink()
        bundle.write_checksums(released)
        assert f"baselines/{name}: is missing, {beside / name} has it" in told()

    def test_a_bundle_without_a_catalog_is_not_the_callers(
        self, released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        own = Path(shutil.copytree(released / CATALOG, tmp_path / "own"))
        assert main(["verify", str(OLD), "--require", str(own / "release.yaml")]) == 0
        assert main(["verify", str(OLD), "--require", str(own)]) == 1
        assert lines_of(capsys.readouterr().out) == ["its catalog is the one that is asked for"]

    def test_what_is_no_release_yaml(self, released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["verify", str(released), "--require", str(tmp_path / "none.yaml")]) == 1
        assert "none.yaml: no such file; --require takes a release.yaml" in capsys.readouterr().err
        assert self.ask(released, tmp_path) == 1
        assert "release.yaml:2: `required`" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")
class TestSignatures:
    """Who makes everything fit, raw answers included, is found by nothing but a signature."""

    def test_answers_that_were_replaced(
        self, released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        key, allowed = keys(tmp_path / "keys")
        bundle.write_checksums(released)
        sign(released, key)
        assert main(["verify", str(released), "--signed-by", str(allowed)]) == 0
        assert "signed by releases@example.org\n" in capsys.readouterr().out
        # Another answer, from which the same figures follow: nothing in the bundle contradicts it.
        other = {"hypothesis": "One fine day."}
        forged(released, lambda data: data["utterances"][0].update(other))
        assert main(["verify", str(released)]) == 0
        assert "signed, by whom was not checked" in capsys.readouterr().out
        assert main(["verify", str(released), "--signed-by", str(allowed)]) == 1
        said = capsys.readouterr().out
        assert "       not what releases@example.org signed: " in said
        assert lines_of(said) == ["it is signed by somebody who is allowed to"]

    def test_another_key(self, released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        _, allowed = keys(tmp_path / "keys")
        other, _ = keys(tmp_path / "others")
        sign(released, other)
        assert main(["verify", str(released), "--signed-by", str(allowed)]) == 1
        assert f"its key is not in {allowed}" in capsys.readouterr().out

    def test_none(self, released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        _, allowed = keys(tmp_path / "keys")
        assert main(["verify", str(released), "--signed-by", str(allowed)]) == 1
        assert "it has no signature" in capsys.readouterr().out
        assert main(["verify", str(released), "--signed-by", str(tmp_path / "none")]) == 1
        assert "none: no such file; it has a name and a public SSH key a line" in capsys.readouterr().err

    def test_what_is_no_signature(self, released: Path, tmp_path: Path) -> None:
        _, allowed = keys(tmp_path / "keys")
        (released / "checksums.sha256.sig").write_text("-----BEGIN SSH SIGNATURE-----\n\x1b[2J")
        assert main(["verify", str(released), "--signed-by", str(allowed)]) == 1


def _texts(value: Any) -> list[Callable[[str], None]]:
    """Setters of every text in a value of JSON."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: list[Callable[[str], None]] = []
    for key, each in items:
        if isinstance(each, str):
            found.append(lambda text, key=key: value.__setitem__(key, text))  # type: ignore[misc]
        else:
            found += _texts(each)
    return found


HOSTILE = "\x1b[2J\x1b[Hgood\r\x9b31m\u202egood\nok   all"


LARGE = pytest.mark.nightly("tests/reports/test_signatures.py::test_nothing_in_a_bundle_reaches_the_terminal_raw")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [NOTE, CONTROL, pytest.param(SCORECARD, marks=LARGE), pytest.param("record", marks=LARGE)]
)
def test_nothing_in_a_bundle_reaches_the_terminal_raw(
    released: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = the_record(released) if name == "record" else released / name
    whole = path.read_text()
    for i in range(len(_texts(json.loads(whole)))):
        data = json.loads(whole)
        _texts(data)[i](HOSTILE)
        path.write_text(json.dumps(data))
        main(["verify", str(released)])
        said = capsys.readouterr()
        shown = (said.out + said.err).replace("\n", "")
        assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cs"} or c == "\u202e"], (name, i)
        assert "\nok   all" not in said.out, (name, i)
        assert not said.out.endswith(f"good: {released}\n") or name == NOTE
