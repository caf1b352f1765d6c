"""Speed through pytest-benchmark: a fixed clip of 5 s, loading, the first call. For `--benchmark-compare` and its kin.

A round is timed from outside, the pipe to the model's process included (about a millisecond); the lab's own figures are
timed inside. pytest-benchmark switches itself off under xdist, where the lab's figures stand all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from pytest_modellab import Case, Clip, Dataset, LiveModel, Run

pytest.importorskip("pytest_benchmark", reason="pytest-benchmark is not installed; pip install pytest-benchmark")

pytestmark = [pytest.mark.asr, pytest.mark.real_e2e, pytest.mark.per_model]


@pytest.fixture(autouse=True)
def _enabled(run: Run, benchmark: BenchmarkFixture) -> None:
    # `run` first: a session of nothing but live models would have measured nothing.
    if benchmark.disabled:
        pytest.skip("pytest-benchmark is off (as under xdist, or by --benchmark-disable); see the scorecard for speed")


def note(benchmark: BenchmarkFixture, case: Case, seconds: float | None = None) -> None:
    """Say beside the times what they are of, and the RTF where `seconds` of audio were answered in a round."""
    benchmark.extra_info.update(model=case.model.id, device=case.device.id, dataset=case.dataset.id)
    if seconds is not None:
        assert benchmark.stats is not None  # it has run
        benchmark.extra_info.update(audio_s=seconds, rtf=benchmark.stats.stats.median / seconds)


def pedantic(benchmark: BenchmarkFixture, target: Callable[..., object], **how: Any) -> None:
    """Time `target` a fixed number of rounds, one call each."""
    benchmark.pedantic(target, **how)  # type: ignore[no-untyped-call]  # pytest-benchmark brings few types


@pytest.mark.usefixtures("machine_alone")
def test_five_second_clip(model: LiveModel, case: Case, dataset: Dataset, benchmark: BenchmarkFixture) -> None:
    clip = five_seconds(dataset, model)
    pedantic(benchmark, model.transcribe, args=(clip,), rounds=5, warmup_rounds=1)
    note(benchmark, case, clip.seconds)


@pytest.mark.usefixtures("machine_alone")
def test_load(start_model: Callable[[], LiveModel], case: Case, benchmark: BenchmarkFixture) -> None:
    loaded: list[LiveModel] = []
    pedantic(benchmark, lambda: loaded.append(start_model()), teardown=lambda: loaded.pop().close(), rounds=3)
    note(benchmark, case)


@pytest.mark.usefixtures("machine_alone")
def test_first_call(
    start_model: Callable[[], LiveModel], case: Case, dataset: Dataset, benchmark: BenchmarkFixture
) -> None:
    def fresh() -> tuple[tuple[LiveModel, Clip], dict[str, object]]:
        model = start_model()
        return (model, five_seconds(dataset, model)), {}

    def call(model: LiveModel, clip: Clip) -> None:
        model.transcribe(clip)

    def close(model: LiveModel, _: Clip) -> None:
        model.close()

    pedantic(benchmark, call, setup=fresh, teardown=close, rounds=3)
    note(benchmark, case, 5.0)


def five_seconds(dataset: Dataset, model: LiveModel) -> Clip:
    from pytest_modellab import fixed_clip

    return fixed_clip(dataset, model.rate)
