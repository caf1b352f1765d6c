"""The recordings and the script of a game: a small resource file made here, and the one that Debian has."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import soundfile
import yaml
from catalogs import write_catalog
from debian import tar_of, without_apt
from encoded import tone

from pytest_modellab.assets.store import Store, cache_root
from pytest_modellab.catalog import load
from pytest_modellab.catalog.datasets import Dataset, DatasetError, prepare
from pytest_modellab.catalog.datasets.amazon_queen import NoResources, lines, resources
from pytest_modellab.core.audio import AudioError

ROOT = Path(__file__).parents[2]
RATE = 11_025


def mp3(seconds: float) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, tone(seconds, RATE, 440.0), RATE, format="MP3")
    return out.getvalue()


def texts(said: Sequence[tuple[int, str]], at: int) -> bytes:
    """Lines as a dialogue holds them from the place `at` on."""
    out = b""
    for number, text in said:
        out += struct.pack(">HHB", 0, number, len(text)) + text.encode("cp437")
        out += bytes(-(at + len(out) - 20) % 4)
    return out


def dialogue(talk: int, mine: Sequence[tuple[int, str]], theirs: Sequence[tuple[int, str]]) -> bytes:
    first = texts(mine, 52)
    second = texts(theirs, 52 + len(first))
    others, end = 32 + len(first), 32 + len(first) + len(second)
    head = bytes(20) + struct.pack(">3h", 0, 0, talk) + bytes(16) + struct.pack(">3H", others, end, end) + bytes(4)
    return head + first + second


def packed(files: Mapping[str, bytes]) -> bytes:
    """A resource file."""
    table, content = b"", b""
    start = 15 + 21 * len(files)
    for name, data in files.items():
        table += struct.pack(">12sxII", name.encode(), start + len(content), len(data))
        content += data
    return b"QTBL" + bytes(9) + struct.pack(">H", len(files)) + table + content


SCRIPT = dialogue(
    2,
    [(1, "Who goes there, in the dark?"), (6, "Let me think.*21 What was it you said?"), (7, "No recording of it.")],
    [(1, "Is that you, éric?"), (9, "Ask me (again)?"), (10, "Two words?")],
)
FILES = {
    "AND2.DOG": SCRIPT,
    "020001J1.SB": mp3(0.5),
    "020006J1.SB": mp3(0.6),
    "020006J2.SB": mp3(0.7),
    "020001P1.SB": mp3(0.8),
    "020009P1.SB": mp3(0.9),
    "02000AP1.SB": mp3(1.0),
    "MAP.PCX": b"a picture",
}


def prepared(folder: Path, data: bytes, **recipe: object) -> Dataset:
    catalog = write_catalog(folder / "fixtures")
    (catalog / "datasets" / "game.tar.gz").write_bytes(tar_of({"./usr/share/game/queen.1c": data}))
    spec = {
        "schema": "modellab.dataset/1",
        "id": "talk",
        "tasks": ["asr"],
        "tiers": [],
        "language": "en",
        "recipe": {"layout": "amazon-queen", **recipe},
        "archives": {"audio": {"path": "game.tar.gz"}},
    }
    (catalog / "datasets" / "talk.yaml").write_text(yaml.safe_dump(spec))
    loaded = load(catalog)
    return prepare(loaded.datasets["talk"], loaded, Store(folder / "cache", progress=False))


def test_each_part_of_a_line_is_a_recording_of_who_says_it() -> None:
    assert [(line.name, line.text, line.speaker) for line in lines(packed(FILES))] == [
        ("020001J1", "Who goes there, in the dark?", "joe"),
        ("020001P1", "Is that you, éric?", "and"),
        ("020006J1", "Let me think.", "joe"),
        ("020006J2", "What was it you said?", "joe"),
        ("020009P1", "Ask me (again)?", "and"),
        ("02000AP1", "Two words?", "and"),
    ]


def test_a_recording_that_two_dialogues_give_other_words_is_left_out() -> None:
    other = dialogue(2, [(1, "Something else.")], [(10, "Two words?")])
    names = [line.name for line in lines(packed({**FILES, "BOB.DOG": other}))]
    assert "020001J1" not in names
    assert "02000AP1" not in names  # two people can't have said it


def test_they_are_a_data_set(tmp_path: Path) -> None:
    made = prepared(tmp_path, packed(FILES))
    assert [utterance.id for utterance in made.utterances] == [
        *("020001J1", "020001P1", "020006J1", "020006J2", "02000AP1")  # and not the one with a remark in brackets
    ]
    seconds = {utterance.id: len(utterance.samples(16_000)) / 16_000 for utterance in made.utterances}
    assert seconds["020006J2"] == pytest.approx(0.7, abs=0.1)
    assert made.utterances[3].seconds == pytest.approx(seconds["020006J2"], abs=0.06)
    changed = prepared(tmp_path / "b", packed({**FILES, "020001J1.SB": mp3(0.55)}))
    assert made.fingerprint != changed.fingerprint
    moved = prepared(tmp_path / "c", packed({"A.PCX": b"first", **FILES}))
    assert made.fingerprint == moved.fingerprint


def test_questions_alone_and_so_many_of_each_speaker(tmp_path: Path) -> None:
    assert [u.id for u in prepared(tmp_path, packed(FILES), questions=True, min_words=3).utterances] == [
        *("020001J1", "020001P1", "020006J2")
    ]
    some = prepared(tmp_path / "b", packed(FILES), per_speaker=2).utterances
    assert [u.id for u in some] == ["020001J1", "020001P1", "020006J1", "02000AP1"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\3\4", "doesn't begin with a table"),
        (packed(FILES)[:60], "its table of resources is cut off"),
        (packed(FILES)[:-5], "MAP.PCX lies behind its end"),
    ],
    ids=["another", "head", "end"],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(NoResources, match=said):
        resources(data)
    with pytest.raises(DatasetError, match=rf"talk\.yaml:\d+: usr/share/game/queen\.1c: .*{said}"):
        prepared(tmp_path, data)


def test_a_dialogue_that_is_none_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"queen\.1c: BAD\.DOG is no dialogue"):
        prepared(tmp_path, packed({**FILES, "BAD.DOG": b"too short"}))


def test_what_is_no_sound_is_said_of_the_utterance(tmp_path: Path) -> None:
    made = prepared(tmp_path, packed({**FILES, "020001J1.SB": b"no sound at all"}))
    with pytest.raises(AudioError, match=r"utterance 020001J1: .*, 15 bytes from \d+: not audio"):
        made.utterances[0].samples(16_000)


def test_the_questions_of_the_catalog() -> None:
    catalog = load(ROOT / "fixtures", ROOT)
    spec = catalog.datasets["questions-en"]
    if reason := without_apt(str(spec.archives["audio"].deb)):
        pytest.skip(reason)
    made = prepare(spec, catalog, Store(cache_root()))
    assert len(made.utterances) == 90
    assert len({utterance.speaker for utterance in made.utterances}) == 27
    assert all(utterance.text.endswith("?") for utterance in made.utterances)
    assert sum(utterance.seconds for utterance in made.utterances) == pytest.approx(232, abs=5)
