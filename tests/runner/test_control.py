"""An engine that is wrong on purpose fails every gate against a baseline, however small the set."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest
from fakelab import FakeLab
from fakeruns import FakeRuns
from records import record, utterance

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import load
from pytest_modellab.catalog.datasets import Utterance, prepare
from pytest_modellab.cli import main
from pytest_modellab.engines.control import ANSWER
from pytest_modellab.results import baseline
from pytest_modellab.results.baseline import Baseline, BaselineAnswer, Head
from pytest_modellab.results.record import UtteranceResult
from pytest_modellab.results.verdicts import Status

ROOT = Path(__file__).parents[2]
SUITE = "def test_it(no_worse):\n    assert no_worse()\n"


def judged(runs: FakeRuns) -> baseline.BaselineVerdict:
    """The control's answers, compared with a baseline of the model's own."""
    baselines = runs.reports / "baselines"
    baseline.save(runs.measured(), baselines)
    wrong = runs.measured(fresh=True, control=True)
    path = baseline.place(wrong, baselines)
    return baseline.judge(wrong, lambda: baseline.read(path), str(path))


@pytest.mark.parametrize("texts", [["one fine day in may"], [f"call number {i} of five" for i in range(5)]])
def test_it_fails_however_few_clips_there_are(runs: FakeRuns, texts: list[str]) -> None:
    runs.texts = texts
    verdict = judged(runs.ready()).verdict
    assert verdict.status is Status.FAIL
    assert re.search("worse: WER.*beyond the sanity bound of 10 points", verdict.reason)


def test_it_fails_in_a_session(lab: FakeLab) -> None:
    lab.texts = ["one fine day in may"]
    lab.ready()
    assert lab.run().ret == 0
    assert main(["baseline", "save"]) == 0
    lab.pytester.makepyfile(test_suite=SUITE)
    result = lab.run("--lab-control")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*fail: WER*worse: WER*beyond the sanity bound of 10 points*"])


def test_it_fails_on_few_speakers(runs: FakeRuns) -> None:
    runs.texts = [f"call number {i} of twenty" for i in range(20)]
    runs.ready()
    rows = (runs.catalog / "datasets/clips.jsonl").read_text().splitlines()
    spoken = "\n".join(row.replace("{", f'{{"speaker": "s{i % 5}", ', 1) for i, row in enumerate(rows))
    (runs.catalog / "datasets/clips.jsonl").write_text(f"{spoken}\n")
    verdict = judged(runs).verdict
    assert verdict.status is Status.FAIL
    assert re.search(r"beyond the sanity bound.*\(conditional on 5 speakers\)", verdict.reason)


def shipped() -> list[str]:
    """The quick data sets of this repository in which something is said, and recognised or spoken."""
    catalog = load(ROOT / "fixtures")
    return [
        dataset.id
        for dataset in catalog.datasets.values()
        if "smoke" in dataset.tiers and dataset.spoken and "chat" not in dataset.tasks
    ]


@pytest.mark.parametrize("dataset", shipped())
def test_it_fails_on_the_sets_that_are_shipped(dataset: str) -> None:
    """Against perfect answers and against ones with every third word wrong."""
    catalog = load(ROOT / "fixtures")
    spec = catalog.datasets[dataset]
    utterances = prepare(spec, catalog, Store()).utterances
    scorer = spec.rules.scorer

    def answered(each: Utterance, text: str) -> UtteranceResult:
        return utterance(each.id, reference=each.text, hypothesis=text).model_copy(update={"speaker": each.speaker})

    def poor(text: str) -> str:
        return " ".join("x" if i % 3 == 0 else word for i, word in enumerate(text.split()))

    wrong = record(utterances=[answered(each, ANSWER) for each in utterances])
    wrong = wrong.model_copy(
        update={
            "provenance": wrong.provenance.model_copy(update={"inputs": {"dataset": "d"}}),
            "normalizer": wrong.normalizer.model_copy(update={"name": scorer}),
        }
    )
    head = Head(case=wrong.case, dataset="d", commit=None, created="2026", normalizer=scorer, wer=None, hardware={})
    for spoil in (str, poor):
        kept = tuple(
            BaselineAnswer(id=each.id, reference=each.text, hypothesis=spoil(each.text), speaker=each.speaker)
            for each in utterances
        )
        judged = baseline.judge(wrong, partial(Baseline, head, kept), "there")
        assert judged.verdict.status is Status.FAIL, judged.verdict.reason
