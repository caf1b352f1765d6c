"""The fixtures of benchmark tests, under their full names. Each is thin: the work is done by the runner.

Each also has a short name without the prefix, unless another fixture has that name: see `short_names`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from pytest_modellab.core.console import printable_lines

from .selection import CASE_FIXTURE
from .session import LAB, RUN, rerun_command

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Case
    from pytest_modellab.catalog.datasets import Dataset
    from pytest_modellab.catalog.specs import DeviceSpec
    from pytest_modellab.results.record import Record
    from pytest_modellab.results.verdicts import Limits, Run, Verdict
    from pytest_modellab.runner.live import LiveModel

    from .session import LabSession


@pytest.fixture
def modellab_case(request: pytest.FixtureRequest) -> Case:
    """The case this test is parametrized with: model x device x data set for one task."""
    if not hasattr(request, "param"):
        pytest.fail(
            f"{request.node.nodeid} has no case: pytest parametrizes functions and methods that name a fixture of the"
            " lab, no unittest.TestCase, and none that asks for one by request.getfixturevalue: make it an argument of"
            " the test function",
            pytrace=False,
        )
    found: Case = request.param
    return found


@pytest.fixture
def modellab_device(modellab_case: Case) -> DeviceSpec:
    """The device of the case, as the catalog describes it."""
    return modellab_case.device


@pytest.fixture
def modellab_limits(modellab_case: Case, request: pytest.FixtureRequest) -> Limits:
    """The limits of limits.yaml that apply to the case: `limits.wer`, `limits.rtf`, ..."""
    return request.config.stash[LAB].limits(modellab_case)


@pytest.fixture
def modellab_dataset(modellab_case: Case, request: pytest.FixtureRequest) -> Dataset:
    """The data set of the case, fetched and verified: `dataset.utterances`."""
    from pytest_modellab.assets.store import StoreError, Unavailable
    from pytest_modellab.catalog.datasets import DatasetError
    from pytest_modellab.runner.auxiliary_models import AuxiliaryModelError, NoAuxiliaryModel

    try:
        return request.config.stash[LAB].runner.dataset(modellab_case)
    except (Unavailable, NoAuxiliaryModel) as error:
        pytest.skip(printable_lines(str(error)))
    except (StoreError, DatasetError, AuxiliaryModelError) as error:
        pytest.fail(printable_lines(str(error)), pytrace=False)


@pytest.fixture
def modellab_start_model(modellab_case: Case, request: pytest.FixtureRequest) -> Iterator[Callable[[], LiveModel]]:
    """A function that starts a live model in a fresh process and loads it; all are closed when the test ends."""
    from pytest_modellab.assets.store import StoreError, Unavailable
    from pytest_modellab.runner.live import LiveModel

    runner = request.config.stash[LAB].runner
    try:
        reason = runner.absent(modellab_case)
    except StoreError as error:
        pytest.fail(printable_lines(str(error)), pytrace=False)
    if reason is not None:
        pytest.skip(printable_lines(reason))
    started: list[LiveModel] = []

    def start() -> LiveModel:
        try:
            live = LiveModel.start(runner, modellab_case)
        except Unavailable as error:
            pytest.skip(printable_lines(str(error)))
        except StoreError as error:
            pytest.fail(printable_lines(str(error)), pytrace=False)
        started.append(live)
        return live

    yield start
    for live in started:
        live.close()


@pytest.fixture
def modellab_model(modellab_start_model: Callable[[], LiveModel]) -> LiveModel:
    """A live model in a process of its own: `model.transcribe(clip)`. Never the one that `run` measures in."""
    return modellab_start_model()


@pytest.fixture
def modellab_machine_alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hold the machine alone, so that nothing else of this or another session is measured meanwhile."""
    # A run holds it too: one that the test asks for has to be over.
    if "modellab_run" in request.fixturenames:
        request.getfixturevalue("modellab_run")
    from pytest_modellab.assets.store import cache_root
    from pytest_modellab.runner.machine import machine

    if CASE_FIXTURE in request.fixturenames:
        # A live model needs its device, whose current user may be waiting for the machine lock.
        request.config.stash[LAB].runner.reserve(request.getfixturevalue(CASE_FIXTURE), lambda _: None)
    with machine(cache_root(), alone=True, what=request.node.name, waiting=lambda _: None):
        yield


@pytest.fixture
def modellab_no_worse(modellab_run: Run, modellab_case: Case, request: pytest.FixtureRequest) -> Callable[..., Verdict]:
    """`assert no_worse()`: no regression against the case's baseline; `no_worse(margin=0.01)` for non-inferiority.

    `no_worse(than="another-model", margin=0.01)` holds the run against another model's on the same device and data,
    which is run in this session. Skips, saying so, where no baseline was saved or the other model can't be run.
    """
    from pytest_modellab.results import baseline
    from pytest_modellab.results.verdicts import Status

    lab = request.config.stash[LAB]

    def saved() -> tuple[Callable[[], baseline.Baseline], str]:
        path = baseline.place(modellab_run.record, lab.config.baselines)
        shown = lab.shown(path)
        if modellab_run.record.ran_on is not None:
            pytest.skip(f"it {modellab_run.record.ran_on}: {shown} is of {modellab_case.device.id}")
        if not path.exists():
            pytest.skip(
                f"no baseline {shown}; `modellab baseline save` keeps the last run's answers as one;"
                " if that was done elsewhere, was it committed?"
            )
        return lambda: baseline.of_case(path, modellab_run.record.case), shown

    def others(model: str) -> tuple[Callable[[], baseline.Baseline], str]:
        try:
            other = lab.other_model(modellab_case, model)
        except LookupError as error:
            pytest.fail(str(error), pytrace=False)
        record = _record(request.config, other)
        return lambda: baseline.of(record), other.id

    def against(margin: float | None = None, *, than: str | None = None) -> Verdict:
        _skip_shard(modellab_run.record)
        loader, shown = saved() if than is None else others(than)
        allowed = lab.allowed(modellab_case)
        try:
            judged = baseline.judge(modellab_run.record, loader, shown, margin, lab.config.strict, allowed)
        except ValueError as error:
            pytest.fail(str(error), pytrace=False)
        if judged.comparison is not None:
            modellab_run.remarks.extend(baseline.changes_text(judged.comparison))
        if judged.verdict.status is Status.NOT_AVAILABLE:
            pytest.skip(str(judged.verdict))
        if than is None:
            _skip_undecided(judged.verdict, lab)
        modellab_run.verdicts.append(judged.verdict)
        return judged.verdict

    return against


@pytest.fixture
def modellab_no_slower(modellab_run: Run, request: pytest.FixtureRequest) -> Callable[..., Verdict]:
    """`assert no_slower()`: no slower than the case's speed baseline on this hardware, by more than a tripwire of 30 %.

    Skips, saying so, where none was saved on this hardware, or the run has no times.
    """
    from pytest_modellab.results import speed_baseline
    from pytest_modellab.results.baseline_lines import BaselineError
    from pytest_modellab.results.verdicts import Status

    lab = request.config.stash[LAB]
    record = modellab_run.record

    def against(tripwire: float = speed_baseline.TRIPWIRE) -> Verdict:
        _skip_shard(record)
        try:
            saved = speed_baseline.find(record, lab.config.baselines)
        except BaselineError as error:
            pytest.fail(str(error), pytrace=False)
        if saved is None or saved.is_other:
            place = lab.shown(speed_baseline.place(record, lab.config.baselines))
            other = f" ({saved.why_other})" if saved else ""
            pytest.skip(f"no speed baseline for this hardware {place}{other}; `modellab baseline save` keeps one")
        verdict = speed_baseline.judge(record, saved.path, lab.shown(saved.path), tripwire, strict=lab.config.strict)
        if verdict.status is Status.NOT_AVAILABLE:
            pytest.skip(str(verdict))
        _skip_undecided(verdict, lab)
        modellab_run.verdicts.append(verdict)
        return verdict

    return against


@pytest.fixture
def modellab_run(modellab_case: Case, request: pytest.FixtureRequest) -> Run:
    """The evaluation of the case, done once in the session: `run.wer <= limits.wer`, `run.utterances`, ..."""
    from pytest_modellab.results.verdicts import Run, Status

    node: pytest.Item = request.node
    record = _record(request.config, modellab_case)

    def on_verdict(verdict: Verdict) -> None:
        if verdict.status is Status.NOT_AVAILABLE:
            pytest.skip(str(verdict))

    found = node.stash[RUN] = Run(record, rerun_command(node, modellab_case), on_verdict)
    return found


def _skip_shard(record: Record) -> None:
    if record.shard is not None:
        pytest.skip(record.why_missing("wer"))


def _skip_undecided(verdict: Verdict, lab: LabSession) -> None:
    """Where baselines are optional, one that can't tell is no reason to refuse a session that is strict else."""
    if lab.config.baselines_optional and verdict.status == "inconclusive":
        pytest.skip(f"{verdict} (--lab-baselines=optional)")


def _record(config: pytest.Config, case: Case) -> Record:
    """The record of a case, measured once in the session; skips or fails the test where there is none."""
    lab = config.stash[LAB]
    outcome = lab.runner.run(case)
    if outcome.unavailable is not None:
        why = printable_lines(outcome.unavailable)
        first, _, more = why.partition("\n")
        if more and case.key in lab.session.plan():
            # In full it stands in the scorecard, once for all tests of all cases that it concerns.
            why = f"{first.removesuffix(':').removesuffix('; tried')}; the scorecard says more"
        pytest.skip(why)
    if outcome.record is None:
        pytest.fail(f"{case.id} could not be measured:\n{printable_lines(str(outcome.broken))}", pytrace=False)
    if case.key not in lab.announced:
        lab.announced.add(case.key)
        config.hook.pytest_modellab_record(config=config, case=case, record=outcome.record)
    return outcome.record
