"""What a word error rate hides, against the limits of fixtures/limits.yaml. A test has the cases with such a limit."""

import pytest

from pytest_modellab import Limits, Run

pytestmark = pytest.mark.asr


@pytest.mark.bounded("insertions_per_min")
def test_nothing_is_made_up_where_nobody_speaks(run: Run, limits: Limits) -> None:
    assert run.insertions_per_min <= limits.insertions_per_min


@pytest.mark.bounded("looped")
def test_no_answer_runs_in_circles(run: Run, limits: Limits) -> None:
    assert run.looped <= limits.looped


@pytest.mark.spoken
@pytest.mark.bounded("truncated")
def test_no_answer_stops_early(run: Run, limits: Limits) -> None:
    assert run.truncated <= limits.truncated


@pytest.mark.spoken
@pytest.mark.bounded("length_deviation")
def test_answers_are_as_long_as_what_was_said(run: Run, limits: Limits) -> None:
    assert run.length_deviation <= limits.length_deviation


@pytest.mark.spoken
@pytest.mark.bounded("glossary_recall")
def test_terms_of_the_glossary_are_found(run: Run, limits: Limits) -> None:
    assert run.glossary_recall >= limits.glossary_recall


@pytest.mark.spoken
@pytest.mark.bounded("name_recall")
def test_names_are_found(run: Run, limits: Limits) -> None:
    assert run.name_recall >= limits.name_recall


@pytest.mark.spoken
@pytest.mark.bounded("number_recall")
def test_numbers_are_right(run: Run, limits: Limits) -> None:
    assert run.number_recall >= limits.number_recall


@pytest.mark.spoken
@pytest.mark.bounded("worst_slice_wer")
def test_no_part_of_the_data_is_left_behind(run: Run, limits: Limits) -> None:
    assert run.worst_slice_wer <= limits.worst_slice_wer


@pytest.mark.spoken
@pytest.mark.bounded("punctuation_error")
def test_punctuation(run: Run, limits: Limits) -> None:
    assert run.punctuation_error <= limits.punctuation_error


@pytest.mark.spoken
@pytest.mark.bounded("casing_error")
def test_casing(run: Run, limits: Limits) -> None:
    assert run.casing_error <= limits.casing_error


@pytest.mark.spoken
@pytest.mark.bounded("language_accuracy")
def test_the_language_is_recognised(run: Run, limits: Limits) -> None:
    assert run.language_accuracy >= limits.language_accuracy
