"""Corpora in their published layouts: small ones made here and served from 127.0.0.1, and the real ones of Debian."""

import gzip
import io
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from catalogs import write_catalog
from debian import deb_of, tar_of, without_apt
from encoded import encoded, tone
from fakelab import FakeLab
from webserver import Page, Site, serving, sha256

from pytest_modellab.assets.store import DigestMismatch, Store, StoreError, Unavailable
from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.catalog.datasets import Dataset, DatasetError, prepare
from pytest_modellab.catalog.datasets.archives import NotPrepared
from pytest_modellab.catalog.specs import DatasetSpec
from pytest_modellab.cli import main
from pytest_modellab.core import ffmpeg

ROOT = Path(__file__).parents[2]
RATE = 16_000
FORMS = ("manifest", "folder", "clips", "recipe", "derive", "made")


def sound(suffix: str = "wav", seconds: float = 0.5, pitch: float = 440.0) -> bytes:
    """A tone in a file."""
    samples = tone(seconds, RATE, pitch)
    if suffix == "g722":
        return encoded(samples, RATE, suffix)
    out = io.BytesIO()
    soundfile.write(out, samples, RATE, format=suffix.upper())
    return out.getvalue()


def catalog_of(folder: Path, archives: Mapping[str, object], **fields: object) -> Path:
    """A catalog with the set `talk` of these archives."""
    spec = {
        "schema": "modellab.dataset/1",
        "id": "talk",
        "tasks": ["asr"],
        "tiers": ["real_e2e"],
        "language": "en",
        "archives": archives,
        **fields,
    }
    return write_catalog(folder / "fixtures", files={"datasets/talk.yaml": yaml.safe_dump(spec, sort_keys=False)})


def prepared(folder: Path, archives: Mapping[str, object], *, asked: bool = False, **fields: object) -> Dataset:
    catalog = load(catalog_of(folder, archives, **fields))
    return prepare(catalog.datasets["talk"], catalog, Store(folder / "cache", progress=False), asked=asked)


def problems(folder: Path, archives: Mapping[str, object], **fields: object) -> str:
    with pytest.raises(CatalogError) as caught:
        load(catalog_of(folder, archives, **fields))
    return str(caught.value)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


class TestLibriSpeech:
    files: Mapping[str, bytes] = {
        "LibriSpeech/README.TXT": b"read me",
        "LibriSpeech/test-clean/61/70968/61-70968-0001.flac": sound("flac"),
        "LibriSpeech/test-clean/61/70968/61-70968-0000.flac": sound("flac", pitch=880),
        "LibriSpeech/test-clean/61/70968/61-70968.trans.txt": b"61-70968-0000 HE BEGAN\n61-70968-0001 GIVE NOT SO\n",
        "LibriSpeech/test-clean/7/1/7-1-0000.flac": sound("flac"),
        "LibriSpeech/test-clean/7/1/7-1.trans.txt": b"7-1-0000 AND SO\n",
    }

    def on(self, site: Site, files: Mapping[str, bytes] | None = None, **changes: object) -> dict[str, object]:
        data = tar_of(files or self.files)
        site.pages["/12/test-clean.tar.gz"] = Page(data)
        pinned = {"sha256": sha256(data), "size": len(data)}
        return {"audio": {"url": f"{site.url}/12/test-clean.tar.gz", **pinned, **changes}}

    def test_utterances_with_their_speakers(self, tmp_path: Path, site: Site) -> None:
        found = prepared(tmp_path, self.on(site), recipe={"layout": "librispeech"}, kind="read").utterances
        assert [(u.id, u.text, u.speaker, u.kind, u.language) for u in found] == [
            ("61-70968-0000", "HE BEGAN", "61", "read", "en"),
            ("61-70968-0001", "GIVE NOT SO", "61", "read", "en"),
            ("7-1-0000", "AND SO", "7", "read", "en"),
        ]
        assert len(found[0].samples(RATE)) == RATE // 2

    def test_the_archive_is_fetched_once_and_not_read_again(self, tmp_path: Path, site: Site) -> None:
        archives = self.on(site)
        first = prepared(tmp_path, archives, recipe={"layout": "librispeech"})
        second = prepared(tmp_path, archives, recipe={"layout": "librispeech"})
        assert first.fingerprint == second.fingerprint
        assert site.gets("/12/test-clean.tar.gz") == 1

    def test_short_references_are_left_out_where_asked(self, tmp_path: Path, site: Site) -> None:
        found = prepared(tmp_path, self.on(site), recipe={"layout": "librispeech", "min_words": 3})
        assert [u.id for u in found.utterances] == ["61-70968-0001"]

    def test_a_recording_without_a_reference_is_a_failure(self, tmp_path: Path, site: Site) -> None:
        files = {**self.files, "LibriSpeech/test-clean/7/1/7-1.trans.txt": b""}
        with pytest.raises(DatasetError, match=r"talk\.yaml:\d+: .*7-1-0000\.flac has no line in its chapter's"):
            prepared(tmp_path, self.on(site, files), recipe={"layout": "librispeech"})

    def test_an_archive_of_something_else(self, tmp_path: Path, site: Site) -> None:
        with pytest.raises(DatasetError, match="no recordings with references of 1 words or more"):
            prepared(tmp_path, self.on(site, {"other.txt": b""}), recipe={"layout": "librispeech"})

    def test_other_bytes_than_those_pinned_are_a_failure(self, tmp_path: Path, site: Site) -> None:
        with pytest.raises(DigestMismatch, match="talk-audio"):
            prepared(tmp_path, self.on(site, sha256="0" * 64), recipe={"layout": "librispeech"})

    def test_a_large_one_is_not_fetched_unasked(self, tmp_path: Path, site: Site) -> None:
        archives = self.on(site, size=346_663_984)
        with pytest.raises(NotPrepared, match=r"347 MB are missing[^.]*\nRun `modellab data prepare talk`\."):
            prepared(tmp_path, archives, recipe={"layout": "librispeech"})
        assert not site.asked
        assert prepared(tmp_path, archives, recipe={"layout": "librispeech"}, asked=True).utterances
        # Once it is here, nobody need ask.
        assert prepared(tmp_path, archives, recipe={"layout": "librispeech"}).utterances


class TestCommonVoice:
    root = "cv-corpus-17.0-2024-03-15/de"
    head = "client_id\tpath\tsentence_id\tsentence\tup_votes"

    def corpus(self, folder: Path, table: str, split: str = "test") -> dict[str, object]:
        clips = {f"{self.root}/clips/common_voice_de_{i}.mp3": sound("mp3", pitch=300 + 50 * i) for i in range(4)}
        files = {**clips, f"{self.root}/{split}.tsv": table.encode(), f"{self.root}/train.tsv": b"other"}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cv.tar.gz").write_bytes(tar_of(files))
        return {"audio": {"path": str(folder / "cv.tar.gz"), "home": "https://commonvoice.mozilla.org"}}

    def row(self, number: int, sentence: str, person: str = "p" * 128) -> str:
        return f"{person}\tcommon_voice_de_{number}.mp3\ts{number}\t{sentence}\t2"

    def test_the_rows_of_the_split(self, tmp_path: Path) -> None:
        table = "\n".join([self.head, self.row(2, 'Er sagte: "Nein"'), self.row(0, "Ja.", "q" * 128), self.row(1, " ")])
        archives = self.corpus(tmp_path, table)
        found = prepared(tmp_path, archives, recipe={"layout": "common-voice"}, language="de").utterances
        assert [(u.id, u.text, u.speaker) for u in found] == [
            ("common_voice_de_0", "Ja.", "q" * 16),
            ("common_voice_de_2", 'Er sagte: "Nein"', "p" * 16),
        ]
        assert len(found[0].samples(RATE)) == pytest.approx(RATE / 2, abs=2500)

    def test_a_row_twice_is_one_utterance_and_two_texts_are_a_failure(self, tmp_path: Path) -> None:
        twice = "\n".join([self.head, self.row(0, "Ja."), self.row(0, "Ja."), "", ""])
        found = prepared(tmp_path, self.corpus(tmp_path, twice), recipe={"layout": "common-voice"})
        assert [u.text for u in found.utterances] == ["Ja."]
        two = "\n".join([self.head, self.row(0, "Ja."), self.row(0, "Nein.")])
        with pytest.raises(DatasetError, match=r"common_voice_de_0, 'Nein\.': duplicate id `common_voice_de_0`"):
            prepared(tmp_path, self.corpus(tmp_path, two), recipe={"layout": "common-voice"})

    def test_only_a_line_feed_ends_a_row(self, tmp_path: Path) -> None:
        table = f"{self.head}\r\n{self.row(0, 'eins' + chr(0x2028) + 'zwei')}\r\n"
        found = prepared(tmp_path, self.corpus(tmp_path, table), recipe={"layout": "common-voice"})
        assert found.utterances[0].text == "eins\u2028zwei"

    def test_another_split(self, tmp_path: Path) -> None:
        archives = self.corpus(tmp_path, f"{self.head}\n{self.row(3, 'Ja')}", "dev")
        found = prepared(tmp_path, archives, recipe={"layout": "common-voice", "split": "dev"})
        assert [u.id for u in found.utterances] == ["common_voice_de_3"]

    def test_a_changed_archive_is_read_anew(self, tmp_path: Path) -> None:
        first = prepared(
            tmp_path, self.corpus(tmp_path, f"{self.head}\n{self.row(0, 'Ja')}"), recipe={"layout": "common-voice"}
        )
        second = prepared(
            tmp_path, self.corpus(tmp_path, f"{self.head}\n{self.row(0, 'Nein')}"), recipe={"layout": "common-voice"}
        )
        assert (first.utterances[0].text, second.utterances[0].text) == ("Ja", "Nein")
        assert first.fingerprint != second.fingerprint

    def test_where_it_is_not_here_a_person_is_told_where_to_get_it(self, tmp_path: Path) -> None:
        archives = {"audio": {"path": "cv.tar.gz", "home": "https://commonvoice.mozilla.org"}}
        with pytest.raises(Unavailable) as caught:
            prepared(tmp_path, archives, recipe={"layout": "common-voice"})
        told = str(caught.value).replace(f"{tmp_path}/", "")
        assert told.startswith("data set talk could not be fetched; tried:\n  fixtures/datasets/talk.yaml:9: no file")
        assert told.endswith("Get it from https://commonvoice.mozilla.org, and put the file or a link to it there,"
                             " or correct `path`.")  # fmt: skip

    @pytest.mark.parametrize(
        ("table", "told"),
        [
            ("client_id\tpath\n", r"test\.tsv has no column sentence; found client_id, path"),
            ("", "has no column client_id, path, sentence; found nothing"),
            ("client_id\tpath\tsentence\na\tb\n", r"test\.tsv:2: 2 columns where 3 are expected"),
            ("client_id\tpath\tsentence\na\tgone.mp3\tx\n", r"lists .*/clips/gone\.mp3, which the archive lacks"),
        ],
    )
    def test_a_table_that_is_not_one(self, tmp_path: Path, table: str, told: str) -> None:
        with pytest.raises(DatasetError, match=rf"talk\.yaml:9: .*{told}"):
            prepared(tmp_path, self.corpus(tmp_path, table), recipe={"layout": "common-voice"})

    def test_no_table_of_that_name(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"talk\.yaml:9: no member like .* in the archive `audio`"):
            prepared(tmp_path, self.corpus(tmp_path, ""), recipe={"layout": "common-voice", "split": "validated"})

    def test_what_is_no_archive(self, tmp_path: Path) -> None:
        (tmp_path / "cv.tar.gz").write_bytes(b"not an archive")
        with pytest.raises(StoreError, match=r"cv\.tar\.gz is damaged"):
            prepared(tmp_path, {"audio": {"path": str(tmp_path / "cv.tar.gz")}}, recipe={"layout": "common-voice"})


class TestFleurs:
    rows = (
        "1904\t999.wav\t他说“好”。\t他说好\t他 说 好\t8000\tFEMALE\n"
        "1675\t111.wav\t今天下雨。\t今天下雨\t今 天 下 雨\t8000\tMALE\n"
    )

    @pytest.fixture(autouse=True)
    def hub(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")

    def on(self, site: Site, rows: str | None = None) -> dict[str, object]:
        audio = tar_of({"test/999.wav": sound(), "test/111.wav": sound(pitch=880)})
        folder = "data/cmn_hans_cn"
        for name, data in (("test.tsv", (rows or self.rows).encode()), ("audio/test.tar.gz", audio)):
            site.hold(f"{folder}/{name}", data, repo="datasets/google/fleurs", revision="main")
        names = {"text": f"{folder}/test.tsv", "audio": f"{folder}/audio/test.tar.gz"}
        return {key: {"repo": "google/fleurs", "file": name} for key, name in names.items()}

    def test_the_text_as_written_is_the_reference(self, tmp_path: Path, site: Site) -> None:
        made = prepared(tmp_path, self.on(site), recipe={"layout": "fleurs"}, language="zh", asked=True)
        assert [(u.id, u.text) for u in made.utterances] == [("111", "今天下雨。"), ("999", "他说“好”。")]
        assert made.normalizer == "characters"
        assert len(made.utterances[0].samples(RATE)) == RATE // 2

    def test_of_unknown_size_so_not_fetched_unasked(self, tmp_path: Path, site: Site) -> None:
        archives = self.on(site)
        with pytest.raises(NotPrepared, match=r"google/fleurs/.*test\.tsv, of unknown size, are missing"):
            prepared(tmp_path, archives, recipe={"layout": "fleurs"}, language="zh")
        assert not site.asked
        first = prepared(tmp_path, archives, recipe={"layout": "fleurs"}, language="zh", asked=True)
        asked = len(site.asked)
        again = prepared(tmp_path, archives, recipe={"layout": "fleurs"}, language="zh")
        assert again.fingerprint == first.fingerprint
        assert len(site.asked) == asked

    def test_pinned_it_is_held_to_its_digest(self, tmp_path: Path, site: Site) -> None:
        archives = self.on(site)
        pinned = {**archives, "text": {**dict(archives["text"]), "sha256": "0" * 64, "size": 9}}  # type: ignore[call-overload]
        with pytest.raises(DigestMismatch, match="talk-text"):
            prepared(tmp_path, pinned, recipe={"layout": "fleurs"}, language="zh", asked=True)

    def test_a_table_in_another_layout(self, tmp_path: Path, site: Site) -> None:
        with pytest.raises(DatasetError, match=r"test\.tsv:1: 2 columns where 7 are expected"):
            prepared(tmp_path, self.on(site, "a\tb\n"), recipe={"layout": "fleurs"}, language="zh", asked=True)


class TestAsterisk:
    texts = (
        "; A head: of the file\nagent: Agent login, please.\nbeep: this is a tone\nspy-nbs: N B S\n"
        "vm/intro: Press * now please\nlost: La conferenza ? piena.\nwhy: Who goes there?\nshort: Hello\n"
        "silence/1: one second of silence\nremark: Please wait now (said twice)\n"
    )
    names = ("agent", "beep", "spy-nbs", "vm/intro", "lost", "why", "short", "silence/1", "remark", "untold")

    def archives(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
        """Two packages, and an apt-get that gives them."""
        text = {"./usr/share/doc/core-xx/core-sounds-xx.txt.gz": gzip.compress(b"\xef\xbb\xbf" + self.texts.encode())}
        sounds = {f"./usr/share/asterisk/sounds/xx_XX_f_Ann/{name}.g722": sound("g722") for name in self.names}
        shelf = folder / "shelf"
        shelf.mkdir(parents=True)
        pinned: dict[str, object] = {}
        for key, name, files in (("text", "core-xx", text), ("audio", "core-xx-g722", sounds)):
            data = deb_of(tar_of(files, "xz"), ".xz")
            (shelf / f"{name}=1.deb").write_bytes(data)
            pinned[key] = {"deb": f"{name}=1", "sha256": sha256(data), "size": len(data)}
        apt = folder / "bin" / "apt-get"
        apt.parent.mkdir()
        apt.write_text(f'#!/bin/sh\nfor last; do :; done\n/bin/cp "{shelf}/$last.deb" .\n')
        apt.chmod(0o755)
        monkeypatch.setenv("PATH", str(apt.parent))
        return pinned

    def test_what_can_be_scored(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        archives = self.archives(tmp_path, monkeypatch)
        made = prepared(tmp_path, archives, recipe={"layout": "asterisk-prompts"}, speaker="ann", kind="prompt")
        assert [(u.id, u.text, u.speaker, u.kind) for u in made.utterances] == [
            ("agent", "Agent login, please.", "ann", "prompt"),
            ("short", "Hello", "ann", "prompt"),
            ("why", "Who goes there?", "ann", "prompt"),
        ]
        assert len(made.utterances[0].samples(RATE)) == RATE // 2
        assert made.utterances[0].seconds == pytest.approx(0.5)

    def test_without_a_decoder_it_is_not_available(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        archives = self.archives(tmp_path, monkeypatch)
        monkeypatch.setattr(ffmpeg, "absent", lambda: "PyAV is not installed; pip install 'pytest-modellab[data]'")
        with pytest.raises(
            Unavailable, match=r"a decoder: PyAV is not installed; pip install 'pytest-modellab\[data\]'"
        ):
            prepared(tmp_path, archives, recipe={"layout": "asterisk-prompts"})

    def test_without_apt_it_is_not_available(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        archives = self.archives(tmp_path, monkeypatch)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(Unavailable, match="deb core-xx=1: no apt-get here"):
            prepared(tmp_path, archives, recipe={"layout": "asterisk-prompts"})


class TestClipsOutOfArchives:
    def clips(self, data: bytes, member: str = "x/one.wav") -> list[dict[str, object]]:
        return [{"id": "one", "archive": "box", "member": member, "sha256": sha256(data), "text": "One."}]

    def test_of_an_archive_on_the_web(self, tmp_path: Path, site: Site) -> None:
        data = tar_of({"x/one.wav": sound()})
        site.pages["/box.tar.gz"] = Page(data)
        box = {"box": {"url": f"{site.url}/box.tar.gz", "sha256": sha256(data), "size": len(data)}}
        for _ in range(2):
            (found,) = prepared(tmp_path, box, clips=self.clips(sound())).utterances
            assert len(found.samples(RATE)) == RATE // 2
        assert site.gets("/box.tar.gz") == 1

    def test_a_pinned_package_is_held_to_its_digest(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        archives = TestAsterisk().archives(tmp_path, monkeypatch)
        data = sound("g722")
        member = "usr/share/asterisk/sounds/xx_XX_f_Ann/why.g722"
        clips = [{"id": "why", "archive": "audio", "member": member, "sha256": sha256(data), "text": "Who goes there?"}]
        box = {"audio": archives["audio"]}
        assert prepared(tmp_path, box, clips=clips).utterances[0].id == "why"
        assert Store(tmp_path / "cache").path(dict(box["audio"])["sha256"]) is not None  # type: ignore[call-overload]

    def test_of_an_archive_here_and_without_it_once_they_are_in_the_cache(self, tmp_path: Path) -> None:
        path = tmp_path / "box.tar.gz"
        path.write_bytes(tar_of({"x/one.g722": sound("g722")}))
        box = {"box": {"path": str(path)}}
        clips = self.clips(sound("g722"), "x/one.g722")
        (found,) = prepared(tmp_path, box, clips=clips).utterances
        assert found.sound.identity == (sha256(sound("g722")), 0.0, None, "g722")
        path.unlink()
        assert len(prepared(tmp_path, box, clips=clips).utterances[0].samples(RATE)) == RATE // 2


class TestCatalog:
    @pytest.mark.parametrize(
        ("archive", "told"),
        [
            ({"url": "http://h/a"}, "`url` needs `sha256` and `size`: what an address holds may change"),
            ({"url": "ftp://h/a"}, "`archives.audio.url`: expected an address that begins with http:// or https://"),
            ({"deb": "a==1"}, "`archives.audio.deb`: expected a pinned Debian package, name=version"),
            ({"repo": "a/b"}, "`repo` and `file` go together"),
            ({"path": "a", "file": "b"}, "`repo` and `file` go together"),
            ({"path": "a", "revision": "b"}, "`revision` goes with `repo`"),
            ({"wheel": "a==1", "sha256": "0" * 64}, "`sha256` and `size` go together"),
            ({"path": "a", "sha256": "0" * 64, "size": 1}, "`sha256` goes with what is fetched, not with `path`"),
            ({"folder": "a"}, "a recipe reads archives, not a `folder`: name the archive by `path`"),
        ],
    )
    def test_archives_that_say_too_little_or_too_much(
        self, tmp_path: Path, archive: Mapping[str, object], told: str
    ) -> None:
        assert told in problems(tmp_path, {"audio": archive}, recipe={"layout": "librispeech"})

    def test_a_layout_names_the_archives_it_reads(self, tmp_path: Path) -> None:
        told = problems(tmp_path, {"sound": {"path": "a"}}, recipe={"layout": "fleurs"})
        assert "the layout fleurs reads the archives `audio` and `text`; found `sound`" in told

    def test_an_unknown_layout(self, tmp_path: Path) -> None:
        told = problems(tmp_path, {"audio": {"path": "a"}}, recipe={"layout": "libri"})
        assert (
            "unknown value `libri`; did you mean `librispeech`? allowed: amazon-queen, asterisk-prompts, common-voice"
            in told
        )

    def test_a_speaker_of_all_goes_with_a_recipe(self, tmp_path: Path) -> None:
        told = problems(tmp_path, {}, manifest="a.jsonl", speaker="ann")
        assert "`speaker` of a whole set goes with `recipe`, not with `manifest`" in told


class TestShipped:
    """The data sets of this repository."""

    @pytest.mark.parametrize(
        ("name", "count", "speaker"),
        [("prompts-en", 264, "allison-smith"), ("prompts-ru", 252, "ivrvoice-ru")],
    )
    def test_prompts_of_debian(self, name: str, count: int, speaker: str) -> None:
        catalog = load(ROOT / "fixtures")
        spec = catalog.datasets[name]
        reason = without_apt(str(spec.archives["text"].deb))
        if reason is not None:
            with pytest.raises(Unavailable, match="apt-get"):
                prepare(spec, catalog, Store(progress=False))
            return
        made = prepare(spec, catalog, Store(progress=False))
        assert len(made.utterances) == count
        assert {(u.speaker, u.kind) for u in made.utterances} == {(speaker, "prompt")}
        samples = made.utterances[0].samples(RATE)
        assert np.abs(samples).max() > 0.05

    def test_large_ones_are_not_available_at_once_with_advice(self, tmp_path: Path) -> None:
        """They never keep a session waiting, connection or not."""
        catalog = load(ROOT / "fixtures")
        for name in ("librispeech-test-clean", "librispeech-test-other", "fleurs-zh", "common-voice-de"):
            began = time.monotonic()
            store = Store(tmp_path / "empty", progress=False)
            with pytest.raises(Unavailable, match=r"Run `modellab data prepare|Get it from https://"):
                prepare(catalog.datasets[name], catalog, store)
            assert time.monotonic() - began < 5


def test_a_session_goes_on_without_what_is_not_here_and_says_how_to_get_it(lab: FakeLab) -> None:
    lab.ready()
    # An address that swallows every packet: a session must not even ask it.
    audio = {"url": "http://192.0.2.1/test-clean.tar.gz", "sha256": "0" * 64, "size": 346_663_984}
    lab.spec(
        "datasets/large.yaml",
        {
            "schema": "modellab.dataset/1",
            "id": "large",
            "tasks": ["asr"],
            "tiers": ["smoke"],
            "recipe": {"layout": "librispeech"},
            "archives": {"audio": audio},
        },
    )
    began = time.monotonic()
    result = lab.run("-m", "smoke", "--lab-require", "*:clips")
    assert time.monotonic() - began < 60
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "not-available: fake:cpu:large: data set large could not be fetched; tried:",
            "*a download: 347 MB are missing, more than is fetched unasked",
            "*Run `modellab data prepare large`.",
        ]
    )


def test_the_forms_in_the_docs_are_valid() -> None:
    text = (ROOT / "docs/adding.md").read_text(encoding="utf-8")
    section = text[text.index("## A data set") : text.index("## An engine")]
    head, *forms = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)]
    made = [DatasetSpec.model_validate({**head, **form}) for form in forms]
    forms_given = [next(name for name in FORMS if getattr(spec, name) is not None) for spec in made]
    assert forms_given == ["manifest", "folder", "clips", "recipe", "derive", "derive", "made", "manifest", "manifest"]
    assert made[-1].on_error == "leave-out"


class TestCommand:
    def test_all_forms_are_listed(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--catalog", str(ROOT / "fixtures"), "data", "list"]) == 0
        shown = capsys.readouterr().out
        for words in ("recipe asterisk-prompts", "noisy prompts-en", "joined prompts-en", "5 clips", "recipe fleurs"):
            assert words in shown

    def test_prepare_fetches_what_a_test_run_does_not(
        self, tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
        archives = TestLibriSpeech().on(site, size=346_663_984)
        catalog = catalog_of(tmp_path, archives, recipe={"layout": "librispeech"})
        assert main(["--catalog", str(catalog), "data", "check", "talk"]) == 0
        shown = capsys.readouterr().out
        assert "talk: 3 utterances, 0.0 min, 2 known speakers" in shown
        assert "nothing odd found" in shown

    def test_what_is_not_here_is_told(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        catalog = catalog_of(tmp_path, {"audio": {"path": "gone.tar"}}, recipe={"layout": "librispeech"})
        assert main(["--catalog", str(catalog), "data", "prepare"]) == 1
        assert "talk: not available\n" in capsys.readouterr().out
