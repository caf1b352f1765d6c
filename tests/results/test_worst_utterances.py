"""The utterances behind a metric: the worst first, each with what is wrong in it, none where nothing stands out."""

from __future__ import annotations

from pages import case
from records import record, utterance, with_part

from pytest_modellab.results.record import Record
from pytest_modellab.results.worst_utterances import behind
from pytest_modellab.tasks.asr.record import Transcript
from pytest_modellab.tasks.streaming.record import Streamed


def streams(*changed: int) -> Record:
    """A record of streams of three words, of which so many were taken back."""
    rows = [
        with_part(
            utterance(f"clip-{i}"),
            "streaming",
            Streamed(partials=(), offline=None, offline_words=None, changed=count, words=3, first_audio_s=None),
        )
        for i, count in enumerate(changed)
    ]
    return record(utterances=rows, case=case("live", "streaming"))


def test_of_a_rate_of_errors_each_has_how_many_of_how_many() -> None:
    found = behind(streams(1, 0, 2), "unstable_words")
    assert [(each.result.id, each.note, each.weight) for each in found] == [
        ("clip-2", "2 of 3", 2),
        ("clip-0", "1 of 3", 1),
    ]
    assert not any(each.raw for each in found)


def test_of_error_rates_of_what_has_no_contribution_and_of_another_task_there_are_none() -> None:
    for name in ("wer", "first_partial_p50_s", "flawed"):
        assert behind(streams(1, 0, 2), name) == []


def test_what_a_metric_says_itself_is_its_note_and_the_raw_texts_are_shown_where_they_differ() -> None:
    row = utterance("a", reference="One two three.", hypothesis="one two three", words=None)
    assert isinstance(row.parts["asr"], Transcript)
    (found,) = behind(record(utterances=[row, utterance("b")]), "casing_error")
    assert (found.result.id, found.note, found.raw) == ("a", "1 of 3 words cased wrong", True)
