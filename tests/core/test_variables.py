"""Variables by which numerical libraries may come to other sums."""

from __future__ import annotations

import os

import pytest

from pytest_modellab.core.variables import numerical, set_numerical


def test_they_are_found_by_their_names_and_replaced_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*numerical(), "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # as it was, once this is over
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setenv("CT2_FORCE_CPU_ISA", "AVX2")
    monkeypatch.setenv("CT2_VERBOSE", "3")
    assert numerical() == {"CT2_FORCE_CPU_ISA": "AVX2", "OMP_NUM_THREADS": "2"}
    set_numerical({"MKL_NUM_THREADS": "4", "OMP_NUM_THREADS": "1"})
    assert numerical() == {"MKL_NUM_THREADS": "4", "OMP_NUM_THREADS": "1"}
    assert os.environ["CT2_VERBOSE"] == "3"
