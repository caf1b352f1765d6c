"""Who spoke when, out of stored records, as other tools read it."""

from __future__ import annotations

import pytest
from records import record, utterance

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.reports.exports.segments import FORMATS, as_segments, untold
from pytest_modellab.reports.exports.tables import ExportError
from pytest_modellab.results.record import Record
from pytest_modellab.tasks.diarize.record import DiarizationSummary

REFERENCE = "0.000 4.000 ann so what | 4.000 6.000 bob well"
ANSWER = "0.000 3.900 x so what | 4.100 6.000 y well"


def diarized(dataset: str = "talks") -> Record:
    rows = [utterance("a", REFERENCE, ANSWER), utterance("b", REFERENCE, None)]
    case = CaseRef(task="diarize", model="tiny", device="cpu", dataset=dataset)
    return record(utterances=rows, case=case, parts={"diarize": DiarizationSummary.model_construct()})


@pytest.mark.parametrize("name", FORMATS)
def test_answers_and_references_are_in_every_format(name: str) -> None:
    answers, references = (as_segments([diarized()], name, references=each) for each in (False, True))
    assert "ann" in references
    assert "ann" not in answers
    assert "4.1" in answers


def test_the_lines_of_rttm_are_those_of_nist() -> None:
    lines = as_segments([diarized()], "rttm", references=True).splitlines()
    assert lines[0].split() == [*["SPEAKER", "a", "1", "0.000", "4.000", "<NA>", "<NA>", "ann", "<NA>", "<NA>"]]
    assert len(lines) == 4


def test_one_run_at_a_time() -> None:
    with pytest.raises(
        ExportError, match=r"rttm is of one run, here are 2: tiny:cpu:talks, tiny:cpu:calls; name the case"
    ):
        as_segments([diarized(), diarized("calls")], "rttm")


def test_a_task_without_speakers() -> None:
    with pytest.raises(ExportError, match="asr tells no speakers, and stm is of these"):
        as_segments([record()], "stm")


def test_recordings_that_no_line_tells_of() -> None:
    assert list(untold([diarized()], "rttm")) == ["1 recording without a segment, of which rttm has no line: b"]
    assert list(untold([diarized()], "rttm", references=True)) == []


def test_segments_without_words_in_ctm() -> None:
    rows = [
        utterance("a", REFERENCE, "0.000 5.000 x hello there | 6.000 19.000 y"),
        utterance("b", REFERENCE, "0.000 15.000 x"),
    ]
    made = diarized().model_copy(update={"utterances": rows})
    assert list(untold([made], "ctm")) == [
        "1 recording without a segment with words, of which ctm has no line: b",
        "1 segment without words, of which ctm has no line",
    ]
    assert list(untold([made], "stm")) == []


def test_recordings_whose_names_come_to_the_same() -> None:
    rows = [utterance(id, REFERENCE, ANSWER) for id in ("call 1", "call_1")]
    made = diarized().model_copy(update={"utterances": rows})
    with pytest.raises(ExportError, match="recordings that rttm would take for one, call_1; seglst doesn't"):
        as_segments([made], "rttm")
    assert as_segments([made], "seglst")


def test_ctm_of_segments_without_words() -> None:
    rows = [utterance("a", "0.000 4.000 ann", "0.000 3.900 x")]
    silent = diarized().model_copy(update={"utterances": rows})
    assert as_segments([silent], "rttm")
    with pytest.raises(ExportError, match="its segments have no words, and ctm is of these; rttm and seglst are not"):
        as_segments([silent], "ctm")
