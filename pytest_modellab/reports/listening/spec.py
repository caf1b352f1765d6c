"""The files of a listening test: the key, which says what is behind each clip, and the answers of a listener."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError, model_validator

from pytest_modellab.catalog.base import Number, Spec

Scale = Literal["preference", "rating"]
S = TypeVar("S", bound=Spec)


class ListeningError(ValueError):
    """Records without sounds to compare, or a file of a listening test that can't be read."""


class Item(Spec):
    """One text, and the opaque names of its clips by who speaks."""

    id: str = Field(description="of the utterance")
    text: str
    clips: dict[str, str] = Field(min_length=2, description="voice -> the clip's name on the page")


class Key(Spec):
    """What is behind the clips of a page. Listeners don't get it."""

    schema_: Literal["modellab.listening-key/1"] = Field(alias="schema")
    test: str = Field(description="the page's name, by which answers are matched")
    scale: Scale
    voices: tuple[str, ...] = Field(min_length=2)
    items: tuple[Item, ...] = Field(min_length=1)


class Judgement(Spec):
    """A listener's answer to one item: the clip that was preferred, "" for neither; or a rating of each clip."""

    clips: tuple[str, ...] = Field(min_length=2, description="of the item, in the order in which they were shown")
    preferred: str | None = None
    ratings: dict[str, Number] | None = None

    @model_validator(mode="after")
    def _one(self) -> Judgement:
        if (self.preferred is None) == (self.ratings is None):
            raise ValueError("an answer is either a preference or ratings")
        if self.preferred and self.preferred not in self.clips:
            raise ValueError(f"{self.preferred!r} is none of the item's clips")
        if self.ratings is not None and set(self.ratings) != set(self.clips):
            raise ValueError("every clip of an item needs a rating")
        if any(not 0 <= each <= 100 for each in (self.ratings or {}).values()):
            raise ValueError("ratings are from 0 to 100")
        return self


class Answers(Spec):
    """The file that a listener saves."""

    schema_: Literal["modellab.listening/1"] = Field(alias="schema")
    test: str
    listener: str = Field(min_length=1, max_length=100)
    answers: tuple[Judgement, ...] = Field(min_length=1)


def read(kind: type[S], path: Path) -> S:
    """A file of a listening test. Raises ListeningError."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ListeningError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ListeningError(
            f"{path}: {f'{place}: ' if place else ''}{first['msg'].removeprefix('Value error, ')}"
        ) from None
