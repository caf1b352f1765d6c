"""The fixtures of benchmark tests. Each is thin: the work is done by the bench."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from .lab import LAB, RUN, rerun_command
from .printable import printable_lines

if TYPE_CHECKING:
    from .bench.live import LiveModel
    from .cases import Case
    from .catalog.specs import DeviceSpec
    from .datasets import Dataset
    from .gate import Limits, Run, Verdict


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The case this test is parametrized with: model x device x data set for one task."""
    found: Case = request.param
    return found


@pytest.fixture
def device(case: Case) -> DeviceSpec:
    """The device of the case, as the catalog describes it."""
    return case.device


@pytest.fixture
def limits(case: Case, request: pytest.FixtureRequest) -> Limits:
    """The limits of limits.yaml that apply to the case: `limits.wer`, `limits.rtf`, ..."""
    return request.config.stash[LAB].limits(case)


@pytest.fixture
def dataset(case: Case, request: pytest.FixtureRequest) -> Dataset:
    """The data set of the case, fetched and verified: `dataset.utterances`."""
    from .datasets import DatasetError
    from .store import StoreError, Unavailable

    try:
        return request.config.stash[LAB].bench.dataset(case)
    except Unavailable as error:
        pytest.skip(printable_lines(str(error)))
    except (StoreError, DatasetError) as error:
        pytest.fail(printable_lines(str(error)), pytrace=False)


@pytest.fixture
def model(case: Case, request: pytest.FixtureRequest) -> Iterator[LiveModel]:
    """A live model in a process of its own: `model.transcribe(clip)`. Never the one that `run` measures in."""
    from .bench.live import LiveModel
    from .store import StoreError, Unavailable

    bench = request.config.stash[LAB].bench
    reason = bench.absent(case)
    if reason is not None:
        pytest.skip(reason)
    try:
        live = LiveModel.start(bench, case)
    except Unavailable as error:
        pytest.skip(printable_lines(str(error)))
    except StoreError as error:
        pytest.fail(printable_lines(str(error)), pytrace=False)
    with live:
        yield live


@pytest.fixture
def no_worse(run: Run, request: pytest.FixtureRequest) -> Callable[..., Verdict]:
    """`assert no_worse()`: no regression against the case's baseline; `no_worse(margin=0.01)` for non-inferiority.

    Skips, saying so, where no baseline was saved.
    """
    from .baseline import changes_text, judge, place

    lab = request.config.stash[LAB]
    path = place(run.record, lab.config.reports / "baselines")
    shown = lab.shown(path)
    if not path.exists():
        pytest.skip(f"no baseline {shown}; `modellab baseline save` keeps the last run's answers as one")

    def against_baseline(margin: float | None = None) -> Verdict:
        judged = judge(run.record, path, shown, margin, strict=lab.config.strict)
        if judged.comparison is not None:
            run.remarks.extend(changes_text(judged.comparison))
        run.verdicts.append(judged.verdict)
        return judged.verdict

    return against_baseline


@pytest.fixture
def run(case: Case, request: pytest.FixtureRequest) -> Run:
    """The evaluation of the case, done once in the session: `run.wer <= limits.wer`, `run.utterances`, ..."""
    from .gate import Run, Status

    node: pytest.Item = request.node
    outcome = request.config.stash[LAB].bench.run(case)
    if outcome.unavailable is not None:
        pytest.skip(printable_lines(outcome.unavailable))
    if outcome.record is None:
        pytest.fail(f"{case.id} could not be measured:\n{printable_lines(str(outcome.broken))}", pytrace=False)

    def on_verdict(verdict: Verdict) -> None:
        if verdict.status is Status.NOT_AVAILABLE:
            pytest.skip(str(verdict))

    found = node.stash[RUN] = Run(outcome.record, rerun_command(node, case), on_verdict)
    return found
