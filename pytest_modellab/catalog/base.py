"""Base types of the catalog: names, numbers, digests, and the base class of specs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Protocol

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PrivateAttr, StringConstraints
from pydantic_core import PydanticCustomError

from pytest_modellab.core.extensions import Extensions
from pytest_modellab.core.identifiers import IDENTIFIER, SHA256, Identifier
from pytest_modellab.core.language_tags import canonical_tag

if TYPE_CHECKING:
    from pytest_modellab.engines.base import Engine

Tier = Literal["smoke", "smoke_all", "real_e2e"]


class TaskKind(Protocol):
    """The part of a task that the catalog uses; `tasks.base.Task` is the whole protocol."""

    order: ClassVar[int]
    title: ClassVar[str]
    needs_judge: ClassVar[bool]
    given_audio: ClassVar[bool]
    grades: ClassVar[Mapping[str, Any]]

    def takes_silence(self, engine: Callable[[], type[Engine] | None]) -> bool:
        """Whether an engine can be given a clip in which nobody speaks; None where it isn't to be imported."""
        ...


TASKS: Extensions[TaskKind] = Extensions("modellab.tasks", order=lambda task: task.order)
"""The tasks of installed packages, in their order."""


def _known_task(name: str) -> str:
    if name not in TASKS:
        expected = ", ".join(map(repr, TASKS))
        raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": expected})
    return name


Task = Annotated[str, AfterValidator(_known_task)]

TIERS: tuple[Tier, ...] = ("smoke", "smoke_all", "real_e2e")

MAX_BYTES = 5_000_000
"""Of one YAML file: parsing a larger one takes minutes."""

COMMIT = r"^[0-9a-f]{40}$"
REPO = r"^\w[\w.-]*/\w[\w.-]*$"
REQUIREMENT = r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.!+_-]+$"
DEBIAN = r"^[a-z0-9][a-z0-9+.-]+=[A-Za-z0-9.+:~-]+$"
NPM = r"^(@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*@[0-9A-Za-z][0-9A-Za-z.+-]*$"
URL = r"^https?://[^\s/]+/\S+$"
CURRENCY = r"^[A-Z]{3}$"
# What the worker runs on, and no patch release: those are interchangeable.
PYTHON = r"^3\.[1-9][0-9]$"

IN_WORDS = {
    IDENTIFIER: "letters, digits, `.`, `_`, `+` and `-`, beginning with a letter or digit",
    SHA256: "64 hexadecimal digits in lower case",
    COMMIT: "a commit (40 hexadecimal digits in lower case)",
    REPO: "owner/name",
    CURRENCY: "a currency such as EUR or USD",
    REQUIREMENT: "a pinned package, name==version",
    NPM: "a pinned npm package, name@version",
    DEBIAN: "a pinned Debian package, name=version",
    PYTHON: 'a version of Python from "3.10" on, without patch release',
    URL: "an address that begins with http:// or https://",
}
"""What each pattern asks for, for messages."""

Language = Annotated[str, AfterValidator(canonical_tag)]
Requirement = Annotated[str, StringConstraints(pattern=REQUIREMENT)]
DebianPackage = Annotated[str, StringConstraints(pattern=DEBIAN)]
NpmPackage = Annotated[str, StringConstraints(pattern=NPM)]
Url = Annotated[str, StringConstraints(pattern=URL)]


def _no_bool(value: object) -> object:
    # YAML 1.1 reads `yes` and `on` as true, which would count as 1.
    if isinstance(value, bool):
        raise PydanticCustomError("not_a_number", "expected a number")
    return value


Number = Annotated[float, BeforeValidator(_no_bool)]
Whole = Annotated[int, BeforeValidator(_no_bool)]


def _relative(name: str) -> str:
    # Names come from YAML and end in paths. `\` and `:` lead elsewhere on Windows.
    steps = name.split("/")
    if not name.isprintable() or set(name) & set("\\:") or any(step in {"", ".", ".."} for step in steps):
        raise ValueError(f"`{name}` is not a relative path of plain names joined by `/`")
    return name


FileName = Annotated[str, AfterValidator(_relative)]


class Spec(BaseModel):
    """Base of everything read from YAML."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, protected_namespaces=(), defer_build=True
    )

    # `file:line` it was read from, for messages; set by the loader.
    _origin: str = PrivateAttr(default="")

    @property
    def origin(self) -> str:
        return self._origin


class NamedSpec(Spec):
    """A spec that others refer to by its id."""

    id: Identifier


def exactly_one(spec: BaseModel, *names: str) -> str:
    """The one of `names` that is set; ValueError where it is none or several."""
    given = [name for name in names if getattr(spec, name) is not None]
    if len(given) != 1:
        raise ValueError(f"give exactly one of {_listed(names)}; found {_listed(given) or 'none'}")
    return given[0]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
