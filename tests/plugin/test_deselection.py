"""Tests that are sure to be deselected are not made, and nobody notices but by the time it takes."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import pytest
from catalogs import dataset_yaml, model_yaml, write_catalog
from hypothesis import given
from hypothesis import strategies as st

import pytest_modellab.engines.faster_whisper  # noqa: F401 - sessions in this process forget what they import first
from pytest_modellab.plugin.deselection import Candidate, Expression, kept

MAKES_ALL = """

def pytest_itemcollected(item):
    pass
"""
"""A hook that may change any test, as far as anybody knows: all are made then."""

CONFTEST = """
import pytest


def pytest_generate_tests(metafunc):
    if "pair" in metafunc.fixturenames:
        metafunc.parametrize("pair", [pytest.param("x-y", marks=pytest.mark.cuda), "z"])
"""

SUITES = {
    "test_asr": """
        import pytest

        pytestmark = [pytest.mark.asr, pytest.mark.real_e2e]

        def test_words(case): pass

        @pytest.mark.slow
        def test_slow(case): pass

        @pytest.mark.bounded("rtf")
        def test_speed(case): pass

        @pytest.mark.per_model
        def test_load(case): pass
    """,
    "test_any": """
        import pytest

        def test_both_tasks(case): pass

        test_both_tasks.special = True

        @pytest.mark.parametrize("size", [1, pytest.param(2, marks=pytest.mark.smoke)])
        def test_sizes(size, case): pass

        def test_pairs(pair, case): pass

        def test_plain(): pass

        class TestGroup:
            pytestmark = pytest.mark.smoke

            def test_inside(self, case): pass

        @pytest.mark.tts
        def test_without_a_case(case): pass
    """,
}
MODELS = {
    "tiny": "tiers: [smoke, real_e2e]",
    "tiny1": "tiers: [smoke_all, real_e2e]",
    "base-cuda": "tiers: [real_e2e]",
    "unnamed": "tiers: []",
}
MARKS = ("smoke", "smoke_all", "real_e2e", "asr", "streaming", "cpu", "cuda", "slow", "bounded", "tts")
WORDS = ("tiny", "tiny1", "talk", "talk0", "Test_Words", "x-y", "TestGroup", "special", "cpu:talk", "size", "1", "any")
GLOBS = ((), ("--lab-model", "tiny*"), ("--lab-model", "unnamed"), ("--lab-device", "cpu", "--lab-dataset", "talk"))


@pytest.fixture
def suites(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> pytest.Pytester:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
    models = {
        f"models/{name}.yaml": model_yaml(name)
        .replace("tasks: [asr]", "tasks: [asr, streaming]")
        .replace("tiers: [smoke, real_e2e]", tiers)
        for name, tiers in MODELS.items()
    }
    sets = {
        f"datasets/{name}.yaml": dataset_yaml(name).replace("tasks: [asr]", f"tasks: {tasks}")
        for name, tasks in {"talk": "[asr, streaming]", "talk0": "[asr]"}.items()
    }
    write_catalog(pytester.path / "lab", (), (), {**models, **sets})
    pytester.makeini("[pytest]\nmodellab_catalog = lab\naddopts = --strict-markers\nmarkers = slow: takes long\n")
    pytester.makepyfile(**SUITES)
    return pytester


def collected(suites: pytest.Pytester, arguments: Sequence[str], *, all_made: bool) -> tuple[int, list[str]]:
    """The exit code and the lines of `--collect-only -q`, without the time it took."""
    suites.makeconftest(CONFTEST + (MAKES_ALL if all_made else ""))
    done = suites.runpytest_inprocess("-p", "no:cacheprovider", "--collect-only", "-q", *arguments)
    assert done.ret in {0, 4, 5}, done.stderr.str()
    return int(done.ret), [re.sub(r" in [\d.]+s", "", line) for line in done.outlines]


def expressions(count: int) -> list[tuple[str, ...]]:
    """Arguments at random, the same every time."""
    chosen = random.Random(15)

    def expression(names: Sequence[str], depth: int = 2) -> str:
        if depth == 0 or chosen.random() < 0.3:
            return f"{'not ' if chosen.random() < 0.3 else ''}{chosen.choice(names)}"
        operator = chosen.choice(("and", "or"))
        return f"({expression(names, depth - 1)} {operator} {expression(names, depth - 1)})"

    found: list[tuple[str, ...]] = []
    for _ in range(count):
        arguments: tuple[str, ...] = chosen.choice(GLOBS)
        if chosen.random() < 0.8:
            arguments = (*arguments, "-m", expression(MARKS))
        if chosen.random() < 0.4:
            arguments = (*arguments, "-k", expression(WORDS))
        found.append(arguments)
    return found


class TestOutput:
    @pytest.mark.parametrize("arguments", expressions(24), ids=lambda arguments: " ".join(arguments))
    def test_of_a_random_expression_is_the_same(self, suites: pytest.Pytester, arguments: Sequence[str]) -> None:
        assert collected(suites, arguments, all_made=False) == collected(suites, arguments, all_made=True)

    @pytest.mark.parametrize(
        "arguments",
        [
            (),
            ("-m", "smoke"),
            ("-m", "real_e2e and not slow"),
            ("-m", "streaming"),
            ("-m", "slow(level=1) or cuda"),
            ("-m", "smoke and"),
            ("-m", "unregistered"),
            ("-k", "test_words[tiny:"),
            ("-k", "both_tasks and talk1"),
            ("-k", "hypothesis"),
            ("test_asr.py::test_words[tiny:cpu:talk]", "-m", "real_e2e"),
            ("test_asr.py::test_words[tiny:cpu:talk]", "-m", "smoke"),
            ("test_any.py::TestGroup", "-m", "smoke"),
            ("test_asr.py::test_words", "-m", "smoke", "--deselect", "test_any.py"),
        ],
        ids=lambda arguments: " ".join(arguments),
    )
    def test_of_a_chosen_one_is_the_same(self, suites: pytest.Pytester, arguments: Sequence[str]) -> None:
        assert collected(suites, arguments, all_made=False) == collected(suites, arguments, all_made=True)

    @pytest.mark.parametrize(
        "arguments",
        [
            ("-m", "real_e2e and cpu", "-k", "tiny1 or plain"),
            pytest.param(
                ("-m", "smoke"),
                marks=pytest.mark.nightly("tests/plugin/test_deselection.py::test_under_xdist_the_same_tests_are_run"),
            ),
        ],
    )
    def test_under_xdist_the_same_tests_are_run(self, suites: pytest.Pytester, arguments: Sequence[str]) -> None:
        def run(conftest: str) -> set[str]:
            suites.makeconftest(conftest)
            done = suites.runpytest_subprocess("-p", "no:hypothesispytest", "-n2", "-v", *arguments)
            return set(re.findall(r"PASSED.* (\S+::\S+)", done.stdout.str()))

        found = run(CONFTEST)
        assert found
        assert found == run(CONFTEST + MAKES_ALL)


class TestMade:
    def made(self, suites: pytest.Pytester, *arguments: str, conftest: str = "") -> list[str]:
        """The tests that pytest made, deselected or not."""
        suites.makeconftest(CONFTEST + conftest)
        recorder = suites.inline_run("-p", "no:cacheprovider", "--collect-only", "-q", *arguments)
        return [call.item.nodeid for call in recorder.getcalls("pytest_itemcollected")]

    def test_are_hardly_more_than_are_selected(self, suites: pytest.Pytester) -> None:
        found = self.made(suites, "-m", "real_e2e and cuda", "test_asr.py")
        assert sum("test_words" in each for each in found) == 6
        assert [each for each in found if ":cpu:" in each and "test_speed" not in each] == []

    def test_one_of_a_function_of_which_none_is_selected(self, suites: pytest.Pytester) -> None:
        assert len(self.made(suites, "-m", "smoke", "-k", "nothing", "test_asr.py")) == 4

    def test_are_all_where_a_conftest_may_add_marks(self, suites: pytest.Pytester) -> None:
        assert len(self.made(suites, "-m", "smoke", "test_asr.py", conftest=MAKES_ALL)) > 4


def test_a_mark_that_a_hook_adds_counts(suites: pytest.Pytester) -> None:
    suites.makeconftest(
        """
        import pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_collection_modifyitems(items):
            for item in items:
                if "[tiny:" in item.name:
                    item.add_marker("tts")
        """
    )
    done = suites.runpytest_inprocess("--collect-only", "-q", "-m", "tts", "test_any.py")
    assert any("test_both_tasks[tiny:" in line for line in done.outlines)


def test_a_conftest_that_comes_too_late_is_named(suites: pytest.Pytester) -> None:
    folder = suites.mkdir("zoo")
    (folder / "conftest.py").write_text(MAKES_ALL)
    (folder / "test_late.py").write_text("def test_late(): pass\n")
    done = suites.runpytest_inprocess("--collect-only", "-q", "-m", "asr and cuda")
    done.stdout.fnmatch_lines(["modellab: loaded when tests had been left out by -m or -k: */zoo/conftest.py; marks*"])
    again = suites.runpytest_inprocess("--collect-only", "-q", "-m", "asr and cuda", "test_asr.py")
    again.stdout.no_fnmatch_line("modellab: loaded*")


class TestExpressions:
    NAMES = ("a", "b", "c")

    @given(st.data())
    def test_come_to_what_the_unknown_may_make_of_them(self, data: st.DataObject) -> None:
        leaf = st.sampled_from(self.NAMES)
        text = data.draw(
            st.recursive(
                leaf,
                lambda inner: st.one_of(
                    st.builds("not {}".format, inner),
                    st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
                ),
                max_leaves=5,
            )
        )
        known = {name: data.draw(st.sampled_from([True, False, None])) for name in self.NAMES}
        ways: list[dict[str, bool]] = [{}]
        for name, value in known.items():
            ways = [{**way, name: each} for way in ways for each in ([True, False] if value is None else [value])]
        assert Expression(text).outcomes(known.get) == {bool(eval(text, {}, way)) for way in ways}

    def test_without_a_word_let_everything_through(self) -> None:
        assert Expression("").outcomes(lambda name: False) == {True}

    def test_with_arguments_or_too_many_unknown_names_may_come_to_either(self) -> None:
        assert Expression("a(x=1)").outcomes(lambda name: False) == {True, False}
        assert Expression(" or ".join("abcdefgh")).outcomes(lambda name: None) == {True, False}

    def test_that_are_wrong_are_a_syntax_error(self) -> None:
        with pytest.raises(SyntaxError):
            Expression("a and")


class TestKept:
    def kept(self, ids: str, wanted: str) -> str:
        candidates = [Candidate(id, frozenset()) for id in ids.split()]
        made = kept(candidates, [each.id in wanted.split() for each in candidates])
        return " ".join(each.id for each, make in zip(candidates, made, strict=True) if make)

    def test_are_those_that_are_wanted(self) -> None:
        assert self.kept("a b c", "b") == "b"

    def test_equal_ids_stay_together_with_what_looks_like_one_of_them(self) -> None:
        candidates = [Candidate(id, frozenset()) for id in ("a", "b", "a", "a0", "c")]
        assert kept(candidates, [True, False, False, False, False]) == [True, False, True, True, False]

    def test_one_at_least(self) -> None:
        assert self.kept("a b c", "") == "a"
        assert self.kept("", "") == ""
