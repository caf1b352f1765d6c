"""Early deselection: tests that `-m` and `-k` are certain to deselect aren't created.

pytest creates all tests of a parametrized function first and deselects afterwards; of a catalog's tests `-m smoke`
keeps one in twelve. The marks and most of the name of a test are known before it is created, so pytest's own expression
can be evaluated on them. A name whose truth isn't known then (a mark that another plugin may add, a part of another
parameter's id) is tried both ways: a test is left out only if all combinations deselect it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest

MOST_UNKNOWN = 6
"""Unknown names of one expression up to which every combination is tried."""
KNOWN_PLUGINS = frozenset(
    {"_hypothesis_pytestplugin", "_pytest", "anyio", "pytest_benchmark", "pytest_cov", "pytest_modellab", "xdist"}
)
"""Top-level modules whose hooks add none of our marks, rename no test and make nothing of tests to be deselected."""
_COLLECTING = ("pytest_collection_modifyitems", "pytest_itemcollected", "pytest_pycollect_makeitem")
_IDENTIFIER = re.compile(r"[\w:+\-.\[\]\\/]+")
_EITHER = frozenset({False, True})
_YES = frozenset({True})


class Expression:
    """An expression of `-m` or `-k`, evaluated where some of its names may be unknown."""

    def __init__(self, text: str) -> None:
        """Raises ImportError where this pytest has no such expressions, SyntaxError for one that is wrong."""
        from _pytest.mark.expression import Expression as Compiled

        self.names = tuple(sorted({*_IDENTIFIER.findall(text)} - {"and", "or", "not"}))
        self._compiled: Any = Compiled.compile(text) if text else None
        # `-m "device(serial=1)"`: the arguments of a mark aren't looked at here.
        self._opaque = "=" in text
        self._known: dict[tuple[bool | None, ...], frozenset[bool]] = {}

    def outcomes(self, truth: Callable[[str], bool | None]) -> frozenset[bool]:
        """The possible values of the expression; `truth` gives the value of a name, None where it is unknown."""
        if self._compiled is None:
            return _YES
        found = tuple(truth(name) for name in self.names)
        if self._opaque or found.count(None) > MOST_UNKNOWN:
            return _EITHER
        if found not in self._known:
            ways = product(*(_EITHER if each is None else (each,) for each in found))
            self._known[found] = frozenset(self._evaluated(dict(zip(self.names, way, strict=True))) for way in ways)
        return self._known[found]

    def _evaluated(self, values: dict[str, bool]) -> bool:
        return bool(self._compiled.evaluate(lambda name, /, **_: values[name]))


@dataclass(frozen=True)
class Candidate:
    """A test not created yet: the marks and names that its case adds to its function."""

    id: str
    """As it stands in the brackets of the test's id."""
    marks: frozenset[str]


@dataclass
class LeftOut:
    """The tests of one function that were not created."""

    function: pytest.Item
    """Stands for each of them in pytest's count of the deselected."""
    count: int = 0
    by_tier: Counter[str] = field(default_factory=Counter)
    """Those that only -m with the name of their tier selects."""


@dataclass
class Foresight:
    """The session's `-m` and `-k`, evaluated for tests that aren't created yet."""

    marks: Expression
    keywords: Expression
    ours: frozenset[str]
    """Marks that only the function or the case gives a test."""
    others: frozenset[str]
    """Marks, in lower case, that another plugin may add to a test."""
    unmade: dict[str, LeftOut] = field(default_factory=dict)
    """By the node id of their function."""
    collected: set[str] = field(default_factory=set)
    """Functions of which a test was collected: of a module pytest parametrizes more than what it was asked for."""

    def note(self, item: pytest.Item) -> None:
        """Take note of a test that was collected."""
        self.collected.add(item.nodeid.partition("[")[0])

    def left_out(self) -> list[LeftOut]:
        """What would have been collected and deselected."""
        return [unmade for function, unmade in self.unmade.items() if function in self.collected]

    def outcomes(self, metafunc: pytest.Metafunc, candidates: Sequence[Candidate]) -> list[frozenset[bool]]:
        """For each candidate what -m and -k together may come to."""
        from _pytest.mark import KeywordMatcher

        definition: Any = metafunc.definition
        fixed = frozenset(mark.name for mark in definition.iter_markers())
        calls = metafunc._calls
        maybe = frozenset(mark.name for call in calls for mark in call.marks)
        of_function = KeywordMatcher.from_item(definition)
        repeated = _repeated(candidates)

        by_marks = {marks: self._by_mark(fixed | marks, maybe) for marks in {each.marks for each in candidates}}

        def by_keyword(candidate: Candidate) -> frozenset[bool]:
            whole = not calls and candidate.id not in repeated
            name = f"{definition.name}[{candidate.id}]" if whole else candidate.id
            texts = [text.lower() for text in (name, *candidate.marks)]

            def has_keyword(name: str) -> bool | None:
                if of_function(name) or any(name.lower() in text for text in texts):
                    return True
                return False if whole and not any(name.lower() in mark for mark in self.others) else None

            return self.keywords.outcomes(has_keyword)

        if not self.keywords.names:
            return [by_marks[each.marks] for each in candidates]
        return [frozenset(a and b for a in by_marks[each.marks] for b in by_keyword(each)) for each in candidates]

    def _by_mark(self, present: frozenset[str], maybe: frozenset[str]) -> frozenset[bool]:
        """What -m may come to for a test that has these marks, and perhaps some of the others."""

        def has_mark(name: str) -> bool | None:
            return True if name in present else None if name in maybe or name not in self.ours else False

        return self.marks.outcomes(has_mark)


def foresight(config: pytest.Config, ours: Iterable[str]) -> Foresight | None:
    """The session's foresight; None where nothing is certain, or pytest isn't as we know it."""
    option = config.option
    # A test that is named is to be found; `--stepwise` looks for its test among the deselected, too.
    if getattr(option, "stepwise", False) or any("[" in str(argument) for argument in config.args):
        return None
    mine = frozenset(ours)
    registered = {re.split(r"[:(]", line, maxsplit=1)[0].strip() for line in config.getini("markers")}
    try:
        return Foresight(
            Expression((option.markexpr or "").strip()),
            Expression((option.keyword or "").strip()),
            mine,
            frozenset(name.lower() for name in registered - mine),
        )
    except (ImportError, SyntaxError):  # what is wrong with an expression, pytest says itself
        return None


def unforeseen(manager: pytest.PytestPluginManager) -> list[str]:
    """The plugins and conftests, by name, that may change marks or names of tests once these are made."""
    hooks = [impl for name in _COLLECTING for impl in getattr(manager.hook, name).get_hookimpls()]
    # Parametrizing after us, which others may add marks by.
    late = [
        impl
        for impl in manager.hook.pytest_generate_tests.get_hookimpls()
        if impl.trylast or impl.wrapper or impl.hookwrapper
    ]
    return sorted({impl.plugin_name for impl in (*hooks, *late) if _module(impl.function) not in KNOWN_PLUGINS})


def kept(candidates: Sequence[Candidate], wanted: Sequence[bool]) -> list[bool]:
    """Which candidates to make, so that those that are wanted get the ids that they would have among all.

    pytest numbers equal ids: of those that share one, all are made or none. A function isn't left without any, which
    would be a test of its own, skipped for want of parameters.
    """
    repeated = _repeated(candidates)
    needed = {each.id for each, want in zip(candidates, wanted, strict=True) if want and each.id in repeated}
    made = [
        want or each.id in needed or any(each.id != id and each.id.startswith(id) for id in repeated)
        for each, want in zip(candidates, wanted, strict=True)
    ]
    if made and not any(made):
        first = candidates[0].id
        made = [each.id == first for each in candidates]
    return made


def _repeated(candidates: Sequence[Candidate]) -> frozenset[str]:
    return frozenset(id for id, times in Counter(each.id for each in candidates).items() if times > 1)


def _module(function: Any) -> str:
    return str(getattr(function, "__module__", "")).partition(".")[0]
