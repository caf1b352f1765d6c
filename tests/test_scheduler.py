"""Which tests share an xdist worker."""

from __future__ import annotations

import pytest

from pytest_modellab.scheduler import group_of

GROUPS = {
    "base:cpu:smoke": "base:cpu",
    "base:cuda:smoke": "base:cuda",
    "tiny-base:cpu:smoke": "tiny-base:cpu",
    "base:cpu:smoke-2": "base:cpu",
}


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("suites/test_asr.py::test_wer[base:cpu:smoke]", "base:cpu"),
        ("suites/test_asr.py::test_wer[base:cuda:smoke]", "base:cuda"),
        ("suites/test_asr.py::test_wer[tiny-base:cpu:smoke]", "tiny-base:cpu"),
        ("suites/test_asr.py::test_wer[base:cpu:smoke-2]", "base:cpu"),
        ("suites/test_asr.py::test_wer[beam-base:cpu:smoke-other]", "base:cpu"),
        ("suites/test_asr.py::test_wer[base:cpu:smoke0]", "base:cpu"),
        ("suites/test_asr.py::TestClass::test_wer[base:cpu:smoke]", "base:cpu"),
        ("tests/test_own.py::test_plain", None),
        ("tests/test_own.py::test_parametrized[other:cpu:smoke]", None),
        ("tests/test_own.py::test_parametrized[xbase:cpu:smoke]", None),
    ],
)
def test_the_group_of_a_test_is_its_model_and_device(nodeid: str, group: str | None) -> None:
    assert group_of(nodeid, GROUPS) == group
