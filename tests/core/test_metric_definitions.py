"""What holds of every metric, and that no list of them stands beside their definitions."""

from __future__ import annotations

import ast
import inspect
import random
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from records import record, utterance

import pytest_modellab
from pytest_modellab.cli.reference import COMPARISONS
from pytest_modellab.core.metrics.aggregate import Column, Maximum, Mean, Quantile, Ratio, Share, Total
from pytest_modellab.core.metrics.evaluate import evaluate
from pytest_modellab.core.metrics.measured import Row, Utterance
from pytest_modellab.core.metrics.metric import SPEAKER, Cluster, Metric, Missing, NotCompared
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.speed import quantile
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.results.verdicts import Run

PACKAGE = Path(inspect.getfile(pytest_modellab)).parent
TESTS = Path(__file__).parents[1]
DEFINITIONS = "tasks"
"""Where metrics are defined, and where each task says which of them its tables show."""
ALLOWED = {
    "results/record_migration.py": "the fields of modellab.record/1 don't change any more",
}
FEWEST = 3
"""Two names may stand side by side: WER and CER do."""


def names_in(node: ast.AST) -> set[str]:
    """Metrics that a literal collection, or the cases of a match statement, list."""
    listed: list[ast.AST] = []
    match node:
        case ast.Set(elts=elements) | ast.List(elts=elements) | ast.Tuple(elts=elements):
            listed = [*elements]
        case ast.Dict(keys=keys):
            listed = [key for key in keys if key is not None]
        case ast.Match(cases=cases):
            listed = [case.pattern for case in cases]
    found = {each.value for part in listed for each in ast.walk(part) if isinstance(each, ast.Constant)}
    return {name for name in found if isinstance(name, str) and name in METRICS}


def lists_of_metrics(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if len(names := names_in(node)) >= FEWEST:
            yield f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', '?')}: {', '.join(sorted(names))}"


def test_no_list_of_metrics_stands_beside_their_definitions() -> None:
    paths = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != DEFINITIONS]
    found = {path.relative_to(PACKAGE).as_posix(): [*lists_of_metrics(path)] for path in paths}
    assert [told for path, lists in found.items() if path not in ALLOWED for told in lists] == []
    assert all(found[path] for path in ALLOWED)


@pytest.mark.parametrize(
    "code",
    [
        '{"wer", "cer", "rtf"}',
        '("wer", *("cer", "rtf"))',
        '{"wer": 1, "cer": 2, "rtf": 3}',
        "match x:\n case 'wer' | 'cer': 1\n case 'rtf': 2",
    ],
)
def test_such_a_list_would_be_found(code: str) -> None:
    assert any(len(names_in(node)) >= FEWEST for node in ast.walk(ast.parse(code)))


@pytest.mark.parametrize("name", METRICS)
class TestEach:
    def test_it_is_documented(self, name: str) -> None:
        metric = METRICS[name]
        assert metric.doc.endswith(".")
        assert len(metric.title) > 1
        assert f"| `{name}` |" in (PACKAGE.parent / "docs" / "reference.md").read_text(encoding="utf-8")

    def test_it_is_compared_or_says_why_not(self, name: str) -> None:
        how = METRICS[name].comparison
        assert how.why if isinstance(how, NotCompared) else COMPARISONS[how]
        assert not METRICS[name].said_by or METRICS[name].said_by in METRICS

    def test_a_test_has_its_name(self, name: str) -> None:
        stem = re.sub(r"_p(50|95)_s$", "_p", name)
        others = [path for path in TESTS.rglob("test_*.py") if path.name != Path(__file__).name]
        assert any(stem in path.read_text(encoding="utf-8") for path in others)

    def test_a_run_has_an_attribute_of_its_name(self, name: str) -> None:
        run = Run(record(), "pytest", on_verdict=lambda verdict: None)
        assert getattr(run, name).metric is METRICS[name]


def test_a_run_has_no_other() -> None:
    with pytest.raises(AttributeError, match="no metric `were`; did you mean `wer`"):
        _ = Run(record(), "pytest", on_verdict=lambda verdict: None).were


def column(values: list[float], of: list[float] | None = None, clusters: list[str | None] | None = None) -> Column:
    count = len(values)
    return Column(
        np.arange(count), np.array(values), np.array(of or [1.0] * count), clusters or [None] * count, ("a", "b")
    )


class TestAggregates:
    def test_a_ratio_is_of_sums(self) -> None:
        assert Ratio().value(column([1, 0], [2, 8])) == 0.1
        assert Ratio(then=lambda ratio: abs(ratio - 1)).value(column([1], [4])) == 0.75
        assert Ratio().value(column([], [])) is None
        assert Ratio().value(column([1.0], [0.0])) is None

    def test_it_does_not_hang_on_the_order_of_what_is_summed(self) -> None:
        draw = random.Random(0)
        pairs = [(draw.expovariate(1), draw.expovariate(1)) for _ in range(1000)]
        shuffled = draw.sample(pairs, len(pairs))
        first, second = (Ratio().value(column(*map(list, zip(*each, strict=True)))) for each in (pairs, shuffled))
        assert first == second

    @pytest.mark.parametrize("q", [0.0, 0.5, 0.95, 1.0])
    def test_quantiles_are_as_speed_defines_them(self, q: float) -> None:
        values = [random.Random(i).random() for i in range(17)]
        assert Quantile(q).value(column(values)) == quantile(values, q)

    def test_a_mean_of_what_was_not_rated_is_none(self) -> None:
        assert Mean().value(column([1.0, 2.0])) == 1.5
        assert Mean().value(column([1.0, float("nan")])) is None
        assert Mean().interval(column([1.0, float("nan")])) is None
        assert Mean().value(column([])) is None

    def test_totals_and_maxima(self) -> None:
        assert (Total().value(column([1.0, 2.0])), Total().value(column([]))) == (3, None)
        assert (Maximum().value(column([1.0, 2.0])), Maximum().value(column([]))) == (2, None)

    def test_those_with_an_interval_have_one_that_holds_the_value(self) -> None:
        made = column([0, 1, 0, 1, 1, 0] * 20, clusters=[f"s{i % 7}" for i in range(120)])
        aggregates = (Ratio(), Ratio(method="time"), Share(), Share(clustered=True), Mean(), Quantile(0.5))
        for aggregate in aggregates:
            interval, value = aggregate.interval(made), aggregate.value(made)
            if isinstance(aggregate, Quantile):
                continue  # of zeros and ones both ends may be the same value
            assert aggregate.has_interval
            assert interval is not None
            assert value is not None
            assert interval.low <= value <= interval.high
        for other in (Ratio(method=None), Total(), Maximum(), Quantile(0.5, has_interval=False)):
            assert not other.has_interval
            assert other.interval(made) is None

    def test_an_interval_calls_clusters_by_their_noun(self) -> None:
        found = Ratio().interval(column([1, 0, 1, 0, 1, 1], [2] * 6, ["x", "y"] * 3))
        assert found is not None
        assert found.conditional == "conditional on 2 as"


class TestTable:
    WORDS = Metric(
        name="words",
        title="Words",
        unit="1",
        better="lower",
        doc="Words of a reference.",
        aggregate=Mean(),
        contribution=lambda each: float(len(each.row.reference.split())) or None,
        cluster=SPEAKER,
        empty="no reference has a word",
    )

    def test_an_utterance_that_contributes_nothing_is_left_out(self) -> None:
        made = record(utterances=[utterance("a", "one two"), utterance("b", ""), utterance("c", "one two three four")])
        found = Table(made).column(self.WORDS)
        assert (found.rows.tolist(), found.values.tolist(), found.of.tolist()) == ([0, 2], [2, 4], [1, 1])
        assert evaluate(self.WORDS, Table(made)).value == 3
        assert found.at(np.array([1])).values.tolist() == [4]

    def test_what_is_derived_is_computed_once(self) -> None:
        calls = []

        def derive(row: Row, run: object) -> str:
            calls.append(row)
            return row.id

        made = record()
        each = Utterance(made.utterances[0], made)
        assert [each.derived(derive) for _ in range(2)] == ["one", "one"]
        assert len(calls) == 1

    def test_where_nothing_contributes_it_says_why(self) -> None:
        found = evaluate(self.WORDS, Table(record(utterances=[utterance("a", "")])))
        assert (found.value, found.missing) == (None, Missing("no reference has a word"))

    def test_a_metric_of_other_tasks_is_missing(self) -> None:
        found = evaluate(METRICS["flawed"], Table(record()))
        assert (found.value, found.missing) == (None, Missing("asr has no Flawed", possible=False))

    @pytest.mark.parametrize("name", ["missed_replies", "flawed", "load_p95_s"])
    def test_a_limit_for_another_task_of_the_data_set_asks_nothing(self, name: str) -> None:
        made = record()
        assert not made.model_copy(update={"values": {}}).applies(name)
        assert not made.applies(name)

    def test_clusters_have_a_name_for_each_utterance(self) -> None:
        dialogue = Cluster(lambda each: each.row.id[0], noun="dialogue", observation="turn")
        metric = Metric(
            name="x", title="X", unit="%", better="lower", doc="", aggregate=Share(clustered=True), cluster=dialogue,
            contribution=lambda each: (1, 2),
        )  # fmt: skip
        found = Table(record(utterances=[utterance(name) for name in ("a1", "a2", "b1")])).column(metric)
        assert list(found.clusters) == ["a", "a", "b"]
        interval = metric.aggregate.interval(found)
        assert interval is not None
        assert interval.conditional == "conditional on 2 dialogues"


def test_metrics_are_shown_in_the_order_of_their_definition() -> None:
    places = [[*METRICS].index(name) for name in ("wer", "rtf", "looped", "flawed")]
    assert places == sorted(places)


OF_SPEECH = frozenset({"asr", "streaming", "words", "turn", "translate"})
"""Tasks whose answers are to recordings of people, who are hard or easy to understand as a whole."""


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.tasks & OF_SPEECH])
def test_what_is_counted_of_people_clusters_by_speaker(name: str) -> None:
    metric = METRICS[name]
    counted = isinstance(metric.aggregate, Share | Mean) or metric.aggregate == Ratio()
    if counted and name != "kept_up":  # of the machine's time
        assert metric.cluster is SPEAKER
        assert not isinstance(metric.aggregate, Share) or metric.aggregate.clustered


@pytest.mark.parametrize("name", [name for name, each in METRICS.items() if isinstance(each.aggregate, Mean)])
def test_a_mean_says_on_which_scale_it_is(name: str) -> None:
    aggregate = METRICS[name].aggregate
    assert isinstance(aggregate, Mean)
    assert aggregate.scale != (None, None)
