"""Text of others on a terminal and in Markdown: shown as it is, and obeyed by nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_modellab.core.console import (
    counted,
    dumb,
    encodable,
    from_here,
    printable,
    printable_lines,
    shortened,
    wrapped,
)
from pytest_modellab.core.escaping import code, plain
from pytest_modellab.core.json_values import json_value as json_value
from pytest_modellab.core.json_values import storable


class TestPrintable:
    @pytest.mark.parametrize("unsafe", ["\x1b", "\n", "\x9b", "\u202e", "\u2028", "\ud800", "\x7f"])
    def test_what_a_terminal_obeys_is_replaced(self, unsafe: str) -> None:
        assert printable(f"a{unsafe}b") == "a\ufffdb"

    def test_letters_of_any_language_stay(self) -> None:
        assert printable("Größe 日本語 👍") == "Größe 日本語 👍"

    def test_lines_keep_their_ends(self) -> None:
        assert printable_lines("a\x07\nb\rc") == "a\ufffd\nb\ufffdc"


def test_a_count_has_its_noun() -> None:
    assert [counted(number, "clip") for number in (0, 1, 2)] == ["0 clips", "1 clip", "2 clips"]


class TestWrapped:
    def test_what_fits_stays_one_line(self) -> None:
        assert wrapped("  short", 10) == ["  short"]
        assert wrapped("   ", 10) == [""]

    def test_further_lines_are_deeper_and_ids_stay_whole(self) -> None:
        assert wrapped("  one two faster-whisper-base-en three", 12) == [
            "  one two",
            "    faster-whisper-base-en",
            "    three",
        ]


def test_a_path_is_told_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert from_here(tmp_path / "reports" / "a.json") == str(Path("reports", "a.json"))
    assert from_here(tmp_path.parent) == str(tmp_path.parent)


class TestMarkdown:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("", ""),
            ("a *b* [c](d) <e>", "a \\*b\\* \\[c\\](d) \\<e\\>"),
            ("first\nsecond", "first"),
            ("- item", "\\- item"),
            ("1. item", "1\\. item"),
            ("= line", "\\= line"),
            ("https://x.org", "https\\://x.org"),
            ("www.x.org", "www\\.x.org"),
            ("@name", "@\u2060name"),
            ("#12", "\\#\u206012"),
            ("x" * 301, "x" * 297 + "..."),
        ],
    )
    def test_it_is_only_text(self, text: str, shown: str) -> None:
        assert plain(text) == shown

    def test_code_does_not_end_before_its_end(self) -> None:
        assert code("a`b|c\nd") == "`a'b\N{BROKEN BAR}c`"
        assert code("") == "` `"


class TestJsonValues:
    @pytest.mark.parametrize("fact", [None, True, 3, 0.5, "text"])
    def test_what_json_knows_stays(self, fact: object) -> None:
        assert json_value(fact) == fact

    def test_all_else_is_text(self) -> None:
        assert json_value(float("nan")) == "nan"
        assert json_value(Path("a")) == "a"

    def test_halves_of_pairs_are_replaced_and_whole_pairs_are_characters(self) -> None:
        assert storable("a\ud800b") == "a\ufffdb"
        assert storable("\ud83d\udc4d") == "👍"


class TestShortened:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [("", ""), ("abcdef", "abcdef"), ("abcdefg", "abc..."), ("ab cdefg", "ab..."), ("a\nb", "a"), ("a\x1b", "a�")],
    )
    def test_the_first_line_is_cut_at_the_width(self, text: str, shown: str) -> None:
        assert shortened(text, 6) == shown


class TestEncodable:
    @pytest.mark.parametrize(
        ("text", "encoding", "shown"),
        [
            ("café ≤ 3", "utf-8", "café ≤ 3"),
            ("café ≤ 3", "latin-1", "café <= 3"),
            ("café ≤ 3 …", "ascii", "caf\\xe9 <= 3 ..."),
            ("café", None, "caf\\xe9"),
            ("café ×", "of no such name", "caf\\xe9 x"),
            ("plain", "ascii", "plain"),
        ],
    )
    def test_what_an_encoding_lacks_is_replaced(self, text: str, encoding: str | None, shown: str) -> None:
        assert encodable(text, encoding) == shown


def test_a_dumb_terminal_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert dumb()
    monkeypatch.setenv("TERM", "xterm")
    assert not dumb()
