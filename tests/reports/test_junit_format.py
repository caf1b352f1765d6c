"""A scorecard as JUnit XML."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from pages import card, heard

from pytest_modellab.catalog.specs import LimitSpec
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.format import FORMATS, FormatContext
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.results.verdicts import Status


def rendered(found: Scorecard, folder: Path) -> ElementTree.Element:
    context = FormatContext(folder, None, 80, lambda row: pytest.fail("no record is needed"), lambda: None)
    return ElementTree.fromstring(FORMATS["junit"].render(found, context))


def test_a_test_for_each_limit(tmp_path: Path) -> None:
    limits = (LimitSpec(metric="wer", max=0.01), LimitSpec(metric="rtf", max=9))
    (suite,) = rendered(card(tmp_path, heard(), limits=limits), tmp_path)
    assert (suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("skipped")) == (
        "asr",
        "2",
        "1",
        "0",
    )
    wer, rtf = suite
    assert (wer.get("classname"), wer.get("name")) == ("asr.tiny:cpu:talk", "wer")
    (failure,) = wer.findall("failure")
    assert "limit <= 1.0 %" in (failure.get("message") or "")
    assert {each.get("name") for each in wer.iter("property")} == {"value", "limit", "source"}
    assert rtf.findall("failure") == []


def test_what_was_not_measured_is_skipped_with_its_reason(tmp_path: Path) -> None:
    absent = Row(case=heard().case, title="", status=Status.NOT_AVAILABLE, reason="no NVIDIA driver\x1b[31m")
    (suite,) = rendered(card(tmp_path, absent=[absent]), tmp_path)
    (case,) = suite
    (skipped,) = case.findall("skipped")
    assert skipped.get("message") == "no NVIDIA driver\ufffd[31m"


def test_a_test_that_failed_beside_passing_limits_is_a_failure(tmp_path: Path) -> None:
    found = card(tmp_path, heard(), limits=(LimitSpec(metric="rtf", max=9),))
    row = found.rows[0].model_copy(update={"status": Status.FAIL, "reason": "a test failed"})
    (suite,) = rendered(found.model_copy(update={"rows": (row,)}), tmp_path)
    assert suite.get("failures") == "1"
