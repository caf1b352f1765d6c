"""Pairs of hardwares: whoever compares answers or times of two runs gives the same answer to each."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple, cast

import pytest
from duels import measured, table
from records import HARDWARE
from rows import RTF
from shard_parts import part, stored

from pytest_modellab.catalog.cases import Case
from pytest_modellab.core.hardware import Hardware
from pytest_modellab.core.stats.regression import DEFAULT
from pytest_modellab.reports.comparison.figures import Context, RunPair, incomparable_times
from pytest_modellab.reports.scorecard.candidate import Candidate
from pytest_modellab.reports.scorecard.contest import MACHINES
from pytest_modellab.results import baseline, provenance, speed_baseline
from pytest_modellab.results.merge import merge
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Status
from pytest_modellab.runner.reuse import RecordQuery, why_not

Answer = Literal["same", "other", "unknown"]
GPUS = {"gpus": ["NVIDIA H200"], "gpu_driver": "570.1"}
OLDER = {
    **{name: HARDWARE[name] for name in ("cpu", "instruction_sets", "cores", "gpus", "memory_bytes")},
    **{"os": "Linux-6.1.0-x86_64-with-glibc2.36", "python": "3.11.7"},
}
"""As records stated it before they told architecture and system by themselves."""
OLD_BASELINE = {"cpu": HARDWARE["cpu"], "instruction_sets": HARDWARE["instruction_sets"]}
"""As baselines stated it before cores counted."""


class HardwarePair(NamedTuple):
    """Two hardwares as records state them, and whether they give the same answers and times."""

    name: str
    first: dict[str, Any]
    second: dict[str, Any]
    answers: Answer
    speed: Answer
    device: str = "cpu"
    why: str = ""
    """What is told where the speed is not the same."""


def lacking(*names: str) -> dict[str, Any]:
    return {name: value for name, value in HARDWARE.items() if name not in names}


def having(**changes: Any) -> dict[str, Any]:
    return {**HARDWARE, **changes}


PAIRS = [
    HardwarePair("the same", HARDWARE, having(), "same", "same"),
    HardwarePair("more cores", having(cores=16), HARDWARE, "same", "other", why="16 cores, here 2"),
    HardwarePair("a quota", HARDWARE, having(cores=1.5), "same", "other", why="2 cores, here 1.5"),
    HardwarePair("cores not stated", lacking("cores"), HARDWARE, "same", "unknown", why="not stated: cores"),
    HardwarePair("cores as text", having(cores="16 + 2"), HARDWARE, "same", "unknown", why="not stated: cores"),
    HardwarePair("cores of neither", lacking("cores"), lacking("cores"), "same", "unknown", why="not stated: cores"),
    HardwarePair("nearly as much memory", HARDWARE, having(memory_bytes=int(7.8 * 2**30)), "same", "same"),
    HardwarePair("more memory", having(memory_bytes=64e9), HARDWARE, "same", "other", why="64 GB of memory, here 9"),
    HardwarePair("memory not stated", lacking("memory_bytes"), HARDWARE, "same", "unknown", why="not stated: memory"),
    HardwarePair("another CPU", having(cpu="other"), HARDWARE, "other", "other", why="CPU other, here some"),
    HardwarePair(
        "other instruction sets",
        having(instruction_sets=["avx2", "avx512f"]),
        HARDWARE,
        "other",
        "other",
        why="instruction sets avx2, avx512f, here avx2",
    ),
    HardwarePair("another system", having(system="Windows"), HARDWARE, "other", "same"),
    HardwarePair("another architecture", having(architecture="aarch64"), HARDWARE, "other", "same"),
    HardwarePair("one architecture by two names", having(architecture="AMD64"), HARDWARE, "same", "same"),
    HardwarePair("a GPU that isn't used", having(**GPUS), HARDWARE, "same", "same"),
    HardwarePair("the same GPU", having(**GPUS), having(**GPUS), "same", "same", device="cuda"),
    HardwarePair(
        "another GPU",
        having(**GPUS),
        having(gpus=["NVIDIA L4"], gpu_driver="570.1"),
        "other",
        "other",
        device="cuda",
        why="GPUs NVIDIA H200, here NVIDIA L4",
    ),
    HardwarePair(
        "another driver", having(**GPUS), having(gpus=["NVIDIA H200"], gpu_driver="560"), "other", "same", device="cuda"
    ),
    HardwarePair(
        "a driver that isn't stated", having(gpus=["NVIDIA H200"]), having(**GPUS), "unknown", "same", device="cuda"
    ),
    HardwarePair("an older record", OLDER, HARDWARE, "same", "same"),
    HardwarePair("an old baseline", OLD_BASELINE, HARDWARE, "unknown", "unknown", why="not stated: cores, memory"),
    HardwarePair(
        "nothing stated",
        {},
        HARDWARE,
        "unknown",
        "unknown",
        why="not stated: CPU, instruction sets, cores, memory",
    ),
]


@pytest.fixture(params=PAIRS, ids=lambda pair: pair.name)
def pair(request: pytest.FixtureRequest) -> HardwarePair:
    found: HardwarePair = request.param
    return found


def records(pair: HardwarePair) -> tuple[Record, Record]:
    """Two records of one quantised case, one of each hardware."""
    first, second = (made(hardware, pair.device) for hardware in (pair.first, pair.second))
    return first, second


def made(hardware: dict[str, Any], device: str, model: str = "tiny") -> Record:
    one = measured(model, "talk", [0] * 20)
    inputs = {**one.provenance.inputs, "device": {"kind": device}, "options": {"compute_type": "int8"}}
    origin = one.provenance.model_copy(update={"hardware": hardware, "inputs": inputs})
    return one.model_copy(update={"provenance": origin, "seal": "s"})


def test_the_two_questions(pair: HardwarePair) -> None:
    one, other = (Hardware.stated(each, pair.device) for each in (pair.first, pair.second))
    answers, speed = one.same_answers(other), one.same_speed(other)
    assert (answers.answer, speed.answer) == (pair.answers, pair.speed)
    assert speed.told() == pair.why
    # The order of the two changes no answer.
    assert (other.same_answers(one).answer, other.same_speed(one).answer) == (pair.answers, pair.speed)


def test_reuse(pair: HardwarePair, monkeypatch: pytest.MonkeyPatch) -> None:
    old, _ = records(pair)
    monkeypatch.setattr(provenance, "hardware", lambda: pair.second)
    names = old.case.model_dump()
    case = SimpleNamespace(**{name: SimpleNamespace(id=names[name]) for name in ("model", "device", "dataset")})
    case.task = old.case.task
    wanted = RecordQuery(cast(Case, case), old.provenance.key, "", None, timedelta(days=100_000))
    why = why_not(old, wanted)
    assert (why is None) == (pair.answers == pair.speed == "same")
    if why is not None:
        unlike = {pair.answers if pair.answers != "same" else pair.speed}
        place = "another machine" if unlike == {"other"} else "a machine that it doesn't tell from this one"
        assert why.startswith(f"it was measured on {place}: ")


def test_merge(pair: HardwarePair, tmp_path: Path) -> None:
    inputs = {"seed": 0, "device": {"kind": pair.device}}
    parts = [
        part(index, places, hardware=hardware, inputs=inputs)
        for index, places, hardware in ((1, (0, 2), pair.first), (2, (1, 3), pair.second))
    ]
    joined = merge(stored(tmp_path, *parts))
    assert (joined.timing.no_speed is None) == (pair.speed == "same")
    if pair.speed == "same":
        # It stays known what its speed is of.
        first = Hardware.stated(pair.first, pair.device)
        assert joined.hardware.same_speed(first).same


def test_baselines_of_answers(pair: HardwarePair) -> None:
    old, new = records(pair)
    refused = baseline.of_other_hardware(new, baseline.of(old).head)
    # Kernels are chosen by the processor; what else isn't stated is left alone.
    processor = {"cpu", "instruction_sets"} <= pair.first.keys()
    assert bool(refused) == (pair.answers == "other" or not processor)
    assert baseline.judge(new, lambda: baseline.of(old), "there").verdict.status is (
        Status.FAIL if refused else Status.PASS
    )


def test_baselines_of_speed(pair: HardwarePair, tmp_path: Path) -> None:
    old, new = records(pair)
    path = speed_baseline.save(old, tmp_path)
    found = speed_baseline.find(new, tmp_path)
    assert found is not None
    assert (found.path, found.likeness.answer) == (path, pair.speed)
    verdict = speed_baseline.judge(new, path, "there")
    assert verdict.status is (Status.PASS if pair.speed == "same" else Status.INCONCLUSIVE)
    assert pair.why in str(verdict)


def test_scorecard(pair: HardwarePair) -> None:
    both = [made(pair.first, pair.device, "a"), made(pair.second, pair.device, "b")]
    rows, contest = table(both, [RTF])
    one, other = (Candidate(each.case.model, "cpu", {"asr": [each]}) for each in rows)
    assert (contest.compare(one, other, "asr.rtf").why == MACHINES) == (pair.speed != "same")
    assert contest.compare(one, other, "asr.wer").why == ""


def test_comparison(pair: HardwarePair) -> None:
    why = incomparable_times(RunPair(*records(pair), Context("b", 100, lambda case: DEFAULT)))
    assert (why == "") == (pair.speed == "same")
    told = {"same": "", "other": "the two ran on other hardware: ", "unknown": "whether the two ran on the same "}
    assert why.startswith(told[pair.speed])
