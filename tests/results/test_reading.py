"""Headers of records, and figures scored again: what is read without the utterances, what follows from raw texts."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from records import record, utterance
from shelf import Shelf, made

from pytest_modellab.catalog.datasets import Dataset, Utterance
from pytest_modellab.core.text import TextRules
from pytest_modellab.results.record_files import RecordError, read
from pytest_modellab.results.record_header import headers, read_header
from pytest_modellab.results.rescore import rescore, scored_anew
from pytest_modellab.results.shard_ref import ShardOf, cut, too_many
from pytest_modellab.results.shards import Shard, together


class TestHeaders:
    def test_all_but_the_utterances(self, tmp_path: Path) -> None:
        [path] = Shelf(tmp_path).put("s1", {"tiny": 3}, count=2000)
        header, whole = read_header(path), read(path)
        assert header.utterances == ()
        assert header.summary == whole.summary
        assert header.provenance == whole.provenance
        assert header.value("wer") == whole.value("wer")

    def test_what_cannot_be_read_is_told(self, tmp_path: Path) -> None:
        shelf = Shelf(tmp_path)
        [good], [bad] = shelf.put("s1", {"tiny": 0}), shelf.put("s2", {"base": 0})
        bad.write_text('{"schema": 1}')
        damaged: list[str] = []
        assert [path for path, _ in headers(shelf.reports, damaged)] == [good]
        [told] = damaged
        assert told.startswith(f"{bad}: ")
        with pytest.raises(RecordError, match="can't be read"):
            read_header(tmp_path / "none.json")

    def test_another_layout_is_read_whole(self, tmp_path: Path) -> None:
        [path] = Shelf(tmp_path).put("s1", {"tiny": 0}, count=3)
        path.write_text(json.dumps(json.loads(path.read_text()), indent=4))
        assert read_header(path).case.id == "tiny:cpu:talk"


def case_of(**more: Any) -> Any:
    spec = SimpleNamespace(glossary=("green",), names=(), **more)
    device = SimpleNamespace(price=SimpleNamespace(per_hour=3.6, currency="EUR"))
    return SimpleNamespace(dataset=spec, device=device, model=SimpleNamespace(title="", id="tiny", price=None))


class TestRescore:
    def test_by_another_normalizer(self) -> None:
        old = record(utterances=[utterance("a", reference="One fine day.", hypothesis="one fine day")])
        new = rescore(old, TextRules("none"))
        assert new.id != old.id
        assert new.normalizer.name == "none"
        assert new.value("wer") == pytest.approx(2 / 3)
        assert rescore(old).value("wer") == 0
        assert new.provenance.rescored is not None
        with pytest.raises(ValueError, match="nobody"):
            rescore(old, TextRules("nobody"))

    def data(self, count: int, **more: Any) -> Dataset:
        rows = [Utterance(str(i), "red green blue grey", None, kind="read", **more) for i in range(count)]
        return Dataset(cast(Any, SimpleNamespace(language="en", rules=TextRules())), tuple(rows))

    def test_by_the_terms_and_prices_of_now(self) -> None:
        old = made(4, 2)
        new = scored_anew(old, case_of(), self.data(4), "digest")
        assert new is not None
        assert new.price is not None
        assert (new.price.per_hour, new.provenance.judging) == (3.6, "digest")
        assert new.value("glossary_recall") == 1.0
        assert {row.kind for row in new.utterances} == {"read"}

    def test_not_of_other_utterances(self) -> None:
        assert scored_anew(made(4), case_of(), self.data(3), "digest") is None


class TestShards:
    def test_a_cut_is_of_places_and_dialogues_stay_together(self) -> None:
        def turn(n: int, dialogue: str) -> Utterance:
            return Utterance(f"u{n}", "", None, turn=cast(Any, SimpleNamespace(dialogue=dialogue)))

        whole = Dataset(cast(Any, SimpleNamespace(id="talk")), tuple(turn(n, f"d{n // 2}") for n in range(6)))
        parts = [cut(Shard(i, 2), whole, {f"u{n}": 1.0 for n in range(6)}) for i in (1, 2)]
        assert sorted(place for part in parts for place in part.places) == [*range(6)]
        for part in parts:
            assert {place // 2 for place in part.places} == {place // 2 for place in part.places if place % 2}
            assert (part.cut.of, part.utterances) == (2, 6)

    def test_lengths_of_a_dialogue_are_added(self) -> None:
        found = together({"a": 1, "b": 1, "c": 2}, {"a": "d", "b": "d"}, 2)
        assert found["a"] == found["b"] != found["c"]

    def test_more_shards_than_utterances(self) -> None:
        assert too_many(ShardOf(index=3, of=3, places=(), utterances=2)) == (
            "shard 3/3 holds none of its 2 utterances; more shards than these are of no use"
        )

    @pytest.mark.parametrize("text", ["0/3", "4/3", "a/b", "3", "1/0"])
    def test_what_is_no_part(self, text: str) -> None:
        with pytest.raises(ValueError, match="a part such as 3/8"):
            Shard.parse(text)
