"""RTTM, STM, CTM and SegLST: read, written, and what is wrong told with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modellab.tasks.diarize.formats import FORMATS, format_of
from pytest_modellab.tasks.diarize.formats.fields import FormatError
from pytest_modellab.tasks.diarize.segments import Segment

SESSIONS = {
    "one": [Segment(250, 3812, "ann", "ask not what"), Segment(3000, 4500, "bob", "why not")],
    "two": [Segment(0, 1000, "ann", "well")],
}
SILENT = {name: [Segment(each.start, each.end, each.speaker) for each in own] for name, own in SESSIONS.items()}


@pytest.mark.parametrize("name", ["stm", "seglst"])
def test_what_is_written_is_read_again(name: str) -> None:
    assert FORMATS[name].read(FORMATS[name].write(SESSIONS)) == SESSIONS
    assert FORMATS[name].read(FORMATS[name].write(SILENT)) == SILENT


def test_rttm_has_no_words() -> None:
    text = FORMATS["rttm"].write(SESSIONS)
    assert text.splitlines()[0] == "SPEAKER one 1 0.250 3.562 <NA> <NA> ann <NA> <NA>"
    assert FORMATS["rttm"].read(text) == SILENT


def test_ctm_has_a_line_for_each_word() -> None:
    text = FORMATS["ctm"].write(SESSIONS)
    assert text.splitlines()[-1] == "two ann 0.000 1.000 well"
    assert len(text.splitlines()) == 6
    found = FORMATS["ctm"].read(text)
    assert [each.words for each in found["one"]] == ["ask not what", "why not"]
    assert found["two"] == SESSIONS["two"]


@given(st.integers(1, 5000), st.lists(st.text("abc", min_size=1), min_size=1, max_size=30))
def test_the_words_of_a_segment_in_ctm_fill_it(lasts: int, words: list[str]) -> None:
    text = FORMATS["ctm"].write({"one": [Segment(250, 250 + lasts, "ann", " ".join(words))]})
    times = [[round(1000 * float(field)) for field in line.split()[2:4]] for line in text.splitlines()]
    assert times[0][0] == 250
    assert [begin + length for begin, length in times] == [*(begin for begin, _ in times[1:]), 250 + lasts]


@pytest.mark.parametrize("words", ["<b> <c> said so", "<uh>"])
def test_a_first_word_that_looks_like_a_label_stays_a_word(words: str) -> None:
    sessions = {"one": [Segment(0, 1000, "ann", words)]}
    assert FORMATS["stm"].read(FORMATS["stm"].write(sessions)) == sessions


def test_words_of_a_channel_are_segments_between_pauses() -> None:
    text = "talk 1 0.0 0.5 so\ntalk 2 0.4 0.2 yes\ntalk 1 0.7 0.3 then 0.98\ntalk 1 2.0 0.5 well\n"
    first, second, third = FORMATS["ctm"].read(text)["talk"]
    assert (first.start, first.end, first.speaker, first.words) == (0, 1000, "1", "so then")
    assert (second.speaker, third.start) == ("2", 2000)


def test_other_lines_and_comments_are_passed_over() -> None:
    text = (
        ";; by hand\nSPKR-INFO one 1 <NA> <NA> <NA> unknown ann <NA>\nSPEAKER one 1 1.00 2.0 <NA> <NA> ann <NA> <NA>\n"
    )
    assert FORMATS["rttm"].read(text) == {"one": [Segment(1000, 3000, "ann")]}
    stm = "one 1 ann 0.00 1.00 <o,f0,male> hello there\n"
    assert FORMATS["stm"].read(stm) == {"one": [Segment(0, 1000, "ann", "hello there")]}
    gap = "one 1 inter_segment_gap 1.00 2.00 <o,f0,>\n"
    assert FORMATS["stm"].read(stm + gap) == FORMATS["stm"].read(stm)


def test_a_name_with_spaces_stays_one_field() -> None:
    named = {"my call": [Segment(0, 1000, "ann b")]}
    assert FORMATS["rttm"].read(FORMATS["rttm"].write(named)) == {"my_call": [Segment(0, 1000, "ann_b")]}


@pytest.mark.parametrize("name", ["rttm", "stm", "ctm"])
def test_a_name_that_would_begin_a_comment(name: str) -> None:
    text = FORMATS[name].write({";;call": [Segment(0, 1000, "ann", "well")]})
    assert list(FORMATS[name].read(text)) == ["_;;call"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("rttm", "SPEAKER one 1 1.0", "line 1: a SPEAKER line has 10 fields"),
        ("rttm", "\nSPEAKER one 1 x 2.0 <NA> <NA> ann <NA> <NA>", "line 2: the onset `x` is no number"),
        ("rttm", "SPEAKER one 1 1.0 -2 <NA> <NA> ann <NA> <NA>", "line 1: the duration `-2`"),
        ("stm", "one 1 ann 0.0", "line 1: a line has file, channel"),
        ("stm", "one A s 0 5 so\none B s 2 7 well", "line 2: `s` of one is on channel B, and was on A; give each"),
        (
            "rttm",
            "SPEAKER one 1 0 5 <NA> <NA> s <NA> <NA>\nSPEAKER one 2 2 5 <NA> <NA> s <NA> <NA>",
            "line 2: `s` of one is on channel 2, and was on 1",
        ),
        ("stm", "one 1 ann 2.0 1.0 well", "line 1: it ends before it begins"),
        ("stm", "one 1 ann 0.0 1.0 IGNORE_TIME_SEGMENT_IN_SCORING", "line 1: time that isn't scored"),
        ("ctm", "one 1 0.0 0.5", "line 1: a line has file, channel, begin"),
        ("seglst", "{", "it is no JSON"),
        ("seglst", "{}", "no list of segments"),
        ("seglst", "[1]", "segment 1: it is no object"),
        ("seglst", '[{"session_id": "a", "speaker": "b", "start_time": 0}]', "segment 1: it has no `end_time`"),
        ("seglst", '[{"session_id": "a", "speaker": "b", "start_time": true, "end_time": 1}]', "`start_time` is no"),
        ("seglst", '[{"session_id": "a", "speaker": "b", "start_time": "x", "end_time": 1}]', "segment 1: the start_"),
        ("seglst", '[{"session_id": "a", "speaker": "b", "start_time": 2, "end_time": 1}]', "ends before it begins"),
        (
            "seglst",
            '[{"session_id": "a", "speaker": "b", "start_time": 0, "end_time": 1, "words": 3}]',
            "`words` is no text",
        ),
    ],
)
def test_what_is_wrong_is_told(name: str, text: str, told: str) -> None:
    with pytest.raises(FormatError, match=told.replace("`", ".")):
        FORMATS[name].read(text)


def test_the_suffix_tells_the_format() -> None:
    assert [format_of(each) for each in ("a.rttm", "b.STM", "c.ctm", "d.json", "e.txt")] == [
        *("rttm", "stm", "ctm", "seglst", None)
    ]


@pytest.mark.parametrize(("name", "reader"), [("rttm", "RTTM"), ("stm", "STM"), ("ctm", "CTM")])
def test_meeteval_reads_what_is_written(name: str, reader: str, tmp_path: Path) -> None:
    io = pytest.importorskip("meeteval.io")
    path = tmp_path / f"said.{name}"
    path.write_text(FORMATS[name].write(SESSIONS), encoding="utf-8")
    found = getattr(io, reader).load(path).lines
    times = sorted((each.filename, round(1000 * float(each.begin_time))) for each in found)
    begins = sorted((name, each.start) for name, own in SESSIONS.items() for each in own)
    assert set(begins) <= set(times) if name == "ctm" else begins == times


def test_meeteval_takes_the_segments_of_a_seglst() -> None:
    io = pytest.importorskip("meeteval.io")
    segments = json.loads(FORMATS["seglst"].write(SESSIONS))
    assert io.SegLST(segments).T["words"] == ["ask not what", "why not", "well"]
