"""The types of a model's weights: files pinned by digest, a repository at a commit, a folder, or a conversion."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pytest_modellab.core.identifiers import Identifier, Sha256

from .base import COMMIT, REPO, FileName, Spec, Whole, exactly_one


class PinnedFile(Spec):
    """One file of a model, pinned by its digest."""

    sha256: Sha256
    size: Whole = Field(ge=0, description="bytes; says ahead what a download costs")


class Conversion(Spec):
    """Weights converted: of another model, a Whisper in CTranslate2's format; or of a folder, to that format."""

    source: Identifier | None = Field(default=None, alias="from", description="a model of this catalog")
    path: str | None = Field(
        default=None,
        description="a Hugging Face folder of a Whisper, relative to the YAML file, with `to: ctranslate2`",
    )
    target: Literal["openai-whisper", "transformers", "whisper-cpp", "ctranslate2"] = Field(
        alias="to", description="the library that loads them"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Conversion:
        if (self.source is None) == (self.path is None):
            raise ValueError("give `from`, a model of this catalog, or `path`, a folder")
        if (self.path is not None) != (self.target == "ctranslate2"):
            raise ValueError("`path` goes with `to: ctranslate2`, and `from` with the others")
        return self

    @property
    def origin_shown(self) -> str:
        """What it is made from, for messages."""
        return self.source or str(self.path)


class Weights(Spec):
    """Files pinned by digest, with the hub repository that publishes them; or all of a repository's files at a commit;
    or a local folder; or a conversion."""

    repo: str | None = Field(default=None, pattern=REPO)
    revision: str | None = Field(default=None, pattern=COMMIT, description="a commit, not a branch")
    include: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="without `files`: only what these patterns match, such as *.json"
    )
    files: dict[FileName, PinnedFile] | None = None
    path: str | None = Field(default=None, description="a folder, relative to the YAML file")
    convert: Conversion | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Weights:
        given = any(each is not None for each in (self.files, self.path, self.convert))
        form = exactly_one(self, "files", "path", "convert") if given or not self.repo else "repo"
        if form in ("path", "convert") and (self.repo or self.revision):
            raise ValueError(f"`repo` and `revision` go with `files` or alone, not with `{form}`")
        if self.files is not None and not self.files:
            raise ValueError("`files` is empty: name at least one file with its sha256")
        if bool(self.repo) != bool(self.revision):
            raise ValueError("`repo` and `revision` go together: a pin without a revision moves")
        if self.include is not None and form != "repo":
            raise ValueError(f"`include` goes with `repo` and `revision` alone, not with `{form}`")
        return self

    @property
    def snapshot(self) -> tuple[str, str] | None:
        """Repository and commit, where they alone say which files these are."""
        listed = any(each is not None for each in (self.files, self.path, self.convert))
        return None if listed or self.repo is None or self.revision is None else (self.repo, self.revision)
