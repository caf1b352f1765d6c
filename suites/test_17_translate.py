"""Speech translation against the limits of fixtures/limits.yaml."""

import pytest

from pytest_modellab import Limits, Run

pytestmark = [pytest.mark.translate, pytest.mark.spoken]


def test_success_rate(run: Run, limits: Limits) -> None:
    assert run.success_rate >= limits.success_rate


@pytest.mark.bounded("chrf")
def test_chrf(run: Run, limits: Limits) -> None:
    assert run.chrf >= limits.chrf


@pytest.mark.bounded("bleu")
def test_bleu(run: Run, limits: Limits) -> None:
    assert run.bleu >= limits.bleu
