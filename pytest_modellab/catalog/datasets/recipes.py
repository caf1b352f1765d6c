"""Readers of published corpora: which members of their archives are recordings, and where the references are.

Utterances that can't be scored are left out, by rules that each reader states; none because a model fails on it.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_modellab.assets.store import Selection, StoredFile
from pytest_modellab.core.ffmpeg import format_of

from ..specs import DatasetSpec, RecipeSpec
from . import amazon_queen
from .access import DatasetAccess
from .archives import Archives
from .form import DatasetForm
from .recording import EmbeddedRecording, FileRecording, Recording
from .rows import Rows
from .utterance import DatasetError, Utterance

# Stage directions and symbols that stand for words in more ways than one.
_UNSPOKEN = re.compile(r"[\[\]<>(){}*#/_@\N{REPLACEMENT CHARACTER}]")

# Of the telephone prompts: silence and tones, and names of protocols, which are spelled as the speaker pleased.
_NO_SPEECH = re.compile(r"silence/.*|beep(err)?|confbridge-(join|leave)|spy-.*")


@dataclass(frozen=True)
class _Row:
    """A recording and its reference, as a corpus lists them."""

    id: str
    text: str
    recording: Recording
    speaker: str | None = None


def from_recipe(spec: DatasetSpec, recipe: RecipeSpec, archives: Archives) -> Sequence[Utterance]:
    """The utterances of a corpus, in the order of their names.

    Raises store.Unavailable where an archive can't be had, and DatasetError where it isn't what the layout says.
    """
    rows = Rows(spec, "the corpus says two things of one recording; use another release of it")
    wanted = [row for row in _READERS[recipe.layout](spec, recipe, archives) if _is_wanted(row, recipe)]
    for row in wanted if recipe.per_speaker is None else _spread(wanted, recipe.per_speaker):
        # What is listed twice with one text is one utterance.
        rows.add(
            f"{spec.origin}: {row.id}, {row.text!r}",
            Utterance(
                id=row.id,
                text=row.text,
                recording=row.recording,
                speaker=row.speaker or spec.speaker,
                language=spec.language,
                kind=spec.kind,
            ),
        )
    return rows.checked(f"{spec.origin}: no recordings with references of {recipe.min_words} words or more")


def _is_wanted(row: _Row, recipe: RecipeSpec) -> bool:
    return len(row.text.split()) >= recipe.min_words and (not recipe.questions or row.text.endswith("?"))


def _spread(rows: Sequence[_Row], count: int) -> Iterator[_Row]:
    """At most so many of each speaker, from their first to their last; the order stays."""
    own: dict[str | None, list[int]] = {}
    for i, row in enumerate(rows):
        own.setdefault(row.speaker, []).append(i)
    chosen: set[int] = set()
    for places in own.values():
        step = max(1.0, len(places) / count)
        chosen |= {places[int(k * step)] for k in range(min(count, len(places)))}
    return (rows[i] for i in sorted(chosen))


def _sound(kept: StoredFile, form: str | None = None) -> FileRecording:
    return FileRecording(kept.path, kept.sha256, form=form)


def _asterisk(spec: DatasetSpec, recipe: RecipeSpec, archives: Archives) -> Iterator[_Row]:
    """Prompts of a telephone exchange, G.722, with a text file `name: text` in the package of the language.

    Left out: silence and tones; names of protocols (spy-*); texts with stage directions, symbols or remarks in
    brackets; texts in which a question mark stands for a letter that was lost.
    """
    _, packed = archives.only("text", r"usr/share/doc/[^/]+/core-sounds-\w+\.txt\.gz")
    texts: dict[str, str] = {}
    for line in gzip.decompress(packed).decode("utf-8-sig").splitlines():
        name, colon, text = line.partition(":")
        if colon and not name.startswith(";"):
            texts[name.strip()] = text.strip()
    prefix = r"usr/share/asterisk/sounds/[^/]+/"
    for member, kept in sorted(archives.members("audio", Selection(prefix + r".*\.g722")).items()):
        name = re.sub(prefix, "", member).removesuffix(".g722")
        text = texts.get(name, "")
        lost = "?" in text.rstrip("?").replace("¿", "")
        if not text or lost or _UNSPOKEN.search(text) or _NO_SPEECH.fullmatch(name):
            continue
        yield _Row(name, text, _sound(kept, format_of(member)))


def _librispeech(spec: DatasetSpec, recipe: RecipeSpec, archives: Archives) -> Iterator[_Row]:
    """`LibriSpeech/<set>/<speaker>/<chapter>/<speaker>-<chapter>-<number>.flac`, with a `.trans.txt` in each chapter.

    Nothing is left out.
    """
    found = archives.members("audio", Selection(r"LibriSpeech/[^/]+/\d+/\d+/[\d-]+(\.flac|\.trans\.txt)"))
    texts: dict[str, str] = {}
    for member, kept in found.items():
        if member.endswith(".txt"):
            for line in kept.path.read_text(encoding="utf-8").splitlines():
                name, _, text = line.partition(" ")
                texts[name] = text.strip()
    for member, kept in sorted(found.items()):
        if member.endswith(".flac"):
            name = member.rpartition("/")[2].removesuffix(".flac")
            if not texts.get(name):
                raise DatasetError(f"{spec.archives['audio'].origin}: {member} has no line in its chapter's .trans.txt")
            yield _Row(name, texts[name], _sound(kept), speaker=name.partition("-")[0])


def _common_voice(spec: DatasetSpec, recipe: RecipeSpec, archives: Archives) -> Iterator[_Row]:
    """`<corpus>/<language>/<split>.tsv` with columns client_id, path, sentence; recordings in `clips/` beside it.

    Left out: empty sentences.
    """
    member, table = archives.only("audio", rf"[^/]+/[^/]+/{re.escape(recipe.split)}\.tsv")
    rows = list(_table(spec, "audio", member, table, ("client_id", "path", "sentence")))
    folder = f"{member.rpartition('/')[0]}/clips/"
    clips = archives.members("audio", Selection(names=frozenset(folder + row["path"] for row in rows)))
    for row in sorted(rows, key=lambda row: row["path"]):
        if row["sentence"].strip():
            kept = _listed(spec, "audio", clips, folder + row["path"], member)
            name = row["path"].rpartition(".")[0]
            # The ids of people are 128 hexadecimal digits; sixteen tell them apart.
            yield _Row(name, row["sentence"].strip(), _sound(kept), speaker=row["client_id"][:16])


def _fleurs(spec: DatasetSpec, recipe: RecipeSpec, archives: Archives) -> Iterator[_Row]:
    """`<split>.tsv`, without a head: id, file, text as written, text in lower case, letters, samples, gender.

    The archive holds the files by these names. The text as written is the reference. One sentence is read by several
    people, who are not told. Nothing is left out.
    """
    columns = ("id", "file", "raw", "text", "letters", "samples", "gender")
    table = archives.file("text").read_bytes()
    rows = list(_table(spec, "text", f"{recipe.split}.tsv", table, columns, headless=True))
    members = archives.members("audio", Selection(r"(.*/)?[^/]+\.wav"))
    clips = {member.rpartition("/")[2]: kept for member, kept in members.items()}
    for row in sorted(rows, key=lambda row: row["file"]):
        kept = _listed(spec, "audio", clips, row["file"], f"{recipe.split}.tsv")
        yield _Row(row["file"].rpartition(".")[0], row["raw"].strip(), _sound(kept))


def _amazon_queen(spec: DatasetSpec, recipe: RecipeSpec, archives: Archives) -> Iterator[_Row]:
    """The dialogues of a game, out of its resource file `queen.1c`; the script is what actors were given.

    Left out: recordings that the script gives two texts; texts with symbols or remarks in brackets.
    """
    found = archives.members("audio", Selection(r"(.*/)?queen\.1c"))
    if len(found) != 1:
        raise DatasetError(
            f"{spec.archives['audio'].origin}: {len(found)} members named queen.1c in the archive `audio`"
        )
    ((member, kept),) = found.items()
    data = kept.path.read_bytes()
    try:
        for line in amazon_queen.lines(data):
            if not _UNSPOKEN.search(line.text):
                sound = data[line.sound.start : line.sound.start + line.sound.size]
                digest = hashlib.sha256(sound).hexdigest()
                recording = EmbeddedRecording(kept.path, digest, line.sound.start, line.sound.size)
                yield _Row(line.name, line.text, recording, speaker=line.speaker)
    except amazon_queen.NoResources as error:
        raise DatasetError(f"{spec.archives['audio'].origin}: {member}: {error}") from error


_READERS: Mapping[str, Callable[[DatasetSpec, RecipeSpec, Archives], Iterator[_Row]]] = {
    "asterisk-prompts": _asterisk,
    "librispeech": _librispeech,
    "common-voice": _common_voice,
    "fleurs": _fleurs,
    "amazon-queen": _amazon_queen,
}


def _table(
    spec: DatasetSpec, archive: str, name: str, data: bytes, columns: tuple[str, ...], *, headless: bool = False
) -> Iterator[dict[str, str]]:
    """The rows of a table with tabs. Texts hold quotation marks as they are."""
    origin = spec.archives[archive].origin
    try:
        # Not splitlines: a text may hold the other characters that it splits at, such as U+2028.
        lines = [line.removesuffix("\r") for line in data.decode("utf-8-sig").split("\n")]
    except UnicodeDecodeError:
        raise DatasetError(f"{origin}: {name} is not UTF-8 text") from None
    found = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    head = list(columns) if headless else next(found, [])
    missing = [column for column in columns if column not in head]
    if missing:
        raise DatasetError(f"{origin}: {name} has no column {', '.join(missing)}; found {', '.join(head) or 'nothing'}")
    for number, cells in enumerate(found, 1 if headless else 2):
        if not cells:
            continue
        if len(cells) < len(columns):
            raise DatasetError(f"{origin}: {name}:{number}: {len(cells)} columns where {len(head)} are expected")
        yield dict(zip(head, cells, strict=False))


def _listed(spec: DatasetSpec, archive: str, clips: Mapping[str, StoredFile], member: str, table: str) -> StoredFile:
    try:
        return clips[member]
    except KeyError:
        origin = spec.archives[archive].origin
        raise DatasetError(f"{origin}: {table} lists {member}, which the archive lacks") from None


LAYOUT_ARCHIVES: Mapping[str, frozenset[str]] = {
    "asterisk-prompts": frozenset({"text", "audio"}),
    "librispeech": frozenset({"audio"}),
    "common-voice": frozenset({"audio"}),
    "fleurs": frozenset({"text", "audio"}),
    "amazon-queen": frozenset({"audio"}),
}
"""The archives that each layout of a recipe reads."""


class _Recipe(DatasetForm[RecipeSpec]):
    goes_with = frozenset({"archives", "speaker", "kind"})

    def check(self, spec: DatasetSpec, given: RecipeSpec) -> None:
        if any(archive.folder is not None for archive in spec.archives.values()):
            raise ValueError("a recipe reads archives, not a `folder`: name the archive by `path`")
        if set(spec.archives) != LAYOUT_ARCHIVES[given.layout]:
            needed = " and ".join(f"`{name}`" for name in sorted(LAYOUT_ARCHIVES[given.layout]))
            found = ", ".join(f"`{name}`" for name in spec.archives) or "none"
            raise ValueError(f"the layout {given.layout} reads the archives {needed}; found {found}")

    def read(self, spec: DatasetSpec, given: RecipeSpec, access: DatasetAccess) -> Sequence[Utterance]:
        return from_recipe(spec, given, access.archives)

    def summary(self, given: RecipeSpec) -> str:
        return f"recipe {given.layout}"


FORM = _Recipe()
