"""The types of data sets that lie in tables, in folders of Kaldi, in cuts of lhotse or on the hub."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from pytest_modellab.core.identifiers import Identifier, Sha256

from .base import COMMIT, REPO, FileName, Spec, Whole

COLUMN_KEYS = ("audio", "text", "id", "speaker", "language", "kind", "snr_db", "offset", "duration", "channel")
"""What a column of a table may hold."""


def _printable(name: str) -> str:
    if not name or not name.isprintable():
        raise ValueError("a column's name is a text without invisible characters")
    return name


Column = Annotated[str, AfterValidator(_printable)]


class ColumnsSpec(Spec):
    """Which column of a table holds what; a column that isn't named is an attribute of the utterance."""

    audio: Column | None = Field(default=None, description="paths, or audio files as Hugging Face's library has them")
    text: Column | None = Field(default=None, description="the reference")
    id: Column | None = None
    speaker: Column | None = None
    language: Column | None = None
    take: Whole | None = Field(default=None, ge=1, description="so many of its rows, evenly spread")
    leave_out: tuple[str, ...] = Field(
        default=(), description="references whose rows are left out, such as an empty one"
    )

    @property
    def named(self) -> dict[str, str | None]:
        """The columns that the file names; None for one that it says there is none of."""
        return {key: getattr(self, key) for key in COLUMN_KEYS if key in self.model_fields_set}


class TableSpec(ColumnsSpec):
    """A table: CSV, TSV, JSON Lines or Parquet."""

    path: str = Field(min_length=1, description="relative to the YAML file; `*` stands for parts of names")
    relative_to: str | None = Field(
        default=None, min_length=1, description="folder that its paths start from; by default the table's"
    )
    kind: Column | None = None
    snr_db: Column | None = None
    offset: Column | None = Field(default=None, description="seconds")
    duration: Column | None = Field(default=None, description="seconds")
    channel: Column | None = Field(default=None, description="from 0 on")
    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="of a CSV; by default a comma, of a TSV a tab"
    )
    quoted: bool | None = Field(
        default=None, description="whether quotation marks enclose cells; by default in a CSV, not in a TSV"
    )


class HubFile(Spec):
    """A file of the repository, pinned by its digest."""

    sha256: Sha256
    size: Whole = Field(ge=0, description="bytes")


class HubSpec(ColumnsSpec):
    """A data set of the Hugging Face hub, stored as Parquet."""

    repo: str = Field(pattern=REPO)
    revision: str = Field(pattern=COMMIT)
    config: Identifier = "default"
    split: Identifier = "test"
    include: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="patterns of its files, where they aren't named as usual"
    )
    files: dict[FileName, HubFile] | None = Field(default=None, min_length=1, description="all of them, pinned")
    home: str = Field(default="", description="where it is published, for people")

    @model_validator(mode="after")
    def _one_way(self) -> HubSpec:
        if self.files is not None and self.include is not None:
            raise ValueError("`files` are all files, and `include` patterns of them: give one of the two")
        return self


class KaldiSpec(Spec):
    """A data folder of Kaldi: wav.scp, text, and where they are there segments, utt2spk and spk2gender."""

    folder: str = Field(min_length=1, description="relative to the YAML file")
    relative_to: str | None = Field(
        default=None, min_length=1, description="folder that paths of wav.scp start from; by default the data folder"
    )


class LhotseSpec(Spec):
    """Cuts of lhotse, with their recordings as files."""

    cuts: str = Field(min_length=1, description="JSON Lines, also gzipped; relative to the YAML file")
    relative_to: str | None = Field(
        default=None,
        min_length=1,
        description="folder that paths of recordings start from; by default that of the cuts",
    )
