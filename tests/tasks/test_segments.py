"""Segments as the text of a record: written and read, and what of a hostile text is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modellab.tasks.diarize.segments import MOST_MS, Segment, by_speaker, label, read, written

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z"), exclude_characters="|"), min_size=1, max_size=8)
SEGMENTS = st.builds(
    lambda start, length, speaker, words: Segment(start, start + length, speaker, words),
    st.integers(0, 10**7),
    st.integers(1, 10**6),
    NAMES,
    st.one_of(st.none(), st.lists(NAMES, min_size=1, max_size=4).map(" ".join)),
)


@given(st.lists(SEGMENTS, max_size=8))
def test_what_is_written_is_read_again(segments: list[Segment]) -> None:
    assert sorted(read(written(segments)), key=repr) == sorted(segments, key=repr)
    assert written(read(written(segments))) == written(segments)


def test_the_text_has_a_bar_between_segments_in_their_order() -> None:
    text = written([Segment(2000, 2500, "bob  b", "how  are\nyou"), Segment(250, 3812, "ann")])
    assert text == "0.250 3.812 ann | 2.000 2.500 bob_b how are you"
    assert written([]) == ""
    assert written([Segment(0, 1000, "a|b", "this | that")]) == "0.000 1.000 a/b this / that"


@pytest.mark.parametrize(
    "line",
    [
        *(
            "",
            "one two three",
            "1.0",
            "1.0 2.0",
            "2.0 1.0 ann",
            "-1 2 ann",
            "nan 2 ann",
            "1 inf ann",
            "1e300 2e300 ann",
        ),
        *(f"0 {MOST_MS} ann", "1.0 1.0 ann"),
    ],
)
def test_what_is_no_segment_is_left_out(line: str) -> None:
    assert read(f"{line} | 0.5 1.0 ann") == (Segment(500, 1000, "ann"),)


def test_no_text_has_no_segments() -> None:
    assert read(None) == read("") == ()


def test_segments_of_a_speaker_that_overlap_or_touch_are_one() -> None:
    segments = [Segment(0, 10, "a"), Segment(10, 20, "a"), Segment(30, 50, "a"), Segment(40, 45, "a")]
    assert by_speaker([*segments, Segment(5, 60, "b")], 55) == {"a": [(0, 20), (30, 50)], "b": [(5, 55)]}
    assert by_speaker([Segment(70, 80, "c")], 55) == {}


def test_a_label_has_no_white_space() -> None:
    assert [label(each) for each in ("ann b", " ", "x")] == ["ann_b", "unknown", "x"]
