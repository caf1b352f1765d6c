"""The files of a catalog for recordings that nobody has described yet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_modellab.catalog import known
from pytest_modellab.catalog.base import REPO, Tier
from pytest_modellab.catalog.datasets.recognise import FORMS, NotRecognised, Recognised, recognise
from pytest_modellab.catalog.errors import suggest
from pytest_modellab.catalog.json_schemas import KINDS, json_schema
from pytest_modellab.catalog.new_data import DataDraft, dataset_text, subset_text
from pytest_modellab.core.identifiers import IDENTIFIER

from ..exits import UsageError
from . import texts
from .planned import Planned

MOST_SMOKE = 60
"""Utterances of a set that is in the quick runs as a whole."""
SMOKE_TAKE = 30
_SMOKE: tuple[Tier, ...] = ("smoke", "real_e2e")
_RELEASE: tuple[Tier, ...] = ("real_e2e",)

Models = Mapping[str, Sequence[Tier]]
"""Ids of known models, with the tiers that each is put in."""


def models_for(language: str | None) -> Models:
    """Two known models for a language, none of which is fetched unasked if it is large."""
    if language is not None and language.partition("-")[0] == "en":
        return {"faster-whisper-tiny.en": _SMOKE, "faster-whisper-base": _SMOKE}
    return {"faster-whisper-base": _SMOKE, "faster-whisper-small": _RELEASE}


def known_model(name: str) -> str:
    """The id of a known model, with or without `known/` before it. Raises UsageError."""
    found = name.removeprefix(known.PREFIX)
    if found not in known.names():
        raise UsageError(f"no known model `{name}`; {suggest(found, known.names())}")
    return found


TEXT_HELP = "the column of a table that has what is said (default: guessed, and told)"


def recognised(place: str, revision: str | None = None, text: str | None = None) -> Recognised:
    """What a path, or a repository of the hub, holds. Raises UsageError."""
    if re.fullmatch(REPO, place) and not Path(place).exists():
        if text is not None:
            raise UsageError(f"{place} is of the hub, where columns are guessed once it is fetched: leave --text out")
        return _of_hub(place, revision)
    if revision is not None:
        raise UsageError(f"--revision is for a data set of the hub, and {place} is here")
    try:
        return recognise(Path(place), text)
    except NotRecognised as error:
        raise UsageError(str(error)) from None


def _of_hub(repo: str, revision: str | None) -> Recognised:
    if revision is None:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError

        try:
            revision = HfApi().dataset_info(repo).sha
        except (OSError, HfHubHTTPError, ValueError) as error:  # no connection is an OSError
            raise UsageError(
                f"{repo}: no such file or folder here, and the hub doesn't tell the commit of a data set of that name"
                f" ({type(error).__name__}): give --revision COMMIT; else what is taken is {FORMS}"
            ) from None
    keys = {"hub": {"repo": repo, "revision": revision, "split": "test"}}
    return Recognised(repo.rpartition("/")[2], keys, None, None, (f"split test of {repo} at {revision}",))


def id_of(given: str | None, found: Recognised) -> str:
    """The id of a data set: the given one, else its name in letters that ids have. Raises UsageError."""
    if given is not None:
        if not re.fullmatch(IDENTIFIER, given):
            raise UsageError(
                f"--id {given}: an id has letters, digits, `.`, `_` and `-`, and begins with a letter or digit"
            )
        return given
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", found.name).strip("-._")
    return plain or "recordings"


def data_files(folder: Path, found: Recognised, id: str, language: str | None) -> list[Planned]:
    """The file of a data set in a catalog; of a large one also a subset for the quick runs."""
    datasets, head = folder / "datasets", texts.head("dataset")
    large = found.rows is not None and found.rows > MOST_SMOKE
    draft = DataDraft(id, language, _RELEASE if large else _SMOKE, found)
    files = [Planned(datasets / f"{id}.yaml", dataset_text(draft, datasets, head))]
    if large:
        text = subset_text(f"{id}-smoke", id, language, SMOKE_TAKE, head)
        files.append(Planned(datasets / f"{id}-smoke.yaml", text))
    return [*files, *schema_files(folder)]


def model_files(folder: Path, models: Models) -> list[Planned]:
    """The files of known models in a catalog."""
    return [Planned(folder / "models" / f"{name}.yaml", texts.model(name, tiers)) for name, tiers in models.items()]


def schema_files(folder: Path) -> list[Planned]:
    """The JSON Schemas of a catalog's files, for editors."""
    return [Planned(folder / ".schemas" / f"{kind}.schema.json", json_schema(kind), generated=True) for kind in KINDS]
