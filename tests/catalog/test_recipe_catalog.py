"""Recipes and archives in a catalog: what is refused, what is shipped, what the documentation shows."""

import re
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import yaml
from debian import without_apt
from fakelab import FakeLab
from served_corpora import RATE, problems

from pytest_modellab.assets.store import Store, Unavailable
from pytest_modellab.catalog import load
from pytest_modellab.catalog.datasets import prepare
from pytest_modellab.catalog.specs import DatasetSpec

ROOT = Path(__file__).parents[2]


FORMS = ("manifest", "folder", "clips", "recipe", "derive", "made")


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
    pages = [(ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("recordings", "test-sets")]
    head, *forms = [
        yaml.safe_load(block) for page in pages for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    ]
    made = [DatasetSpec.model_validate({**head, **form}) for form in forms]
    forms_given = [next(name for name in FORMS if getattr(spec, name) is not None) for spec in made]
    own = ["manifest", "folder", *["manifest"] * 3]
    assert forms_given == [*own, "clips", "recipe", "derive", "derive", "made"]
    assert any(spec.on_error == "leave-out" for spec in made)
