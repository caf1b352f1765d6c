"""A model's `environment:`: a Python version and requirements, or an existing interpreter."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from .base import PYTHON, Spec, exactly_one


def _pip_requirement(text: str) -> str:
    """`text` as it is compared and handed to pip. ValueError for anything pip would take for more than a package.

    Options can't pass: they begin with a dash, and a requirement begins with a name.
    """
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        why = str(error).partition("\n")[0]
        what = "options of pip don't belong here" if text.lstrip().startswith("-") else why
        raise ValueError(f"`{text}` is not a requirement such as name==1.2 ({what})") from error
    if requirement.url is not None and not requirement.url.startswith("https://"):
        raise ValueError(f"`{text}`: a package may be named by an https:// address, found {requirement.url}")
    requirement.name = canonicalize_name(requirement.name)
    return str(requirement)


PipRequirement = Annotated[str, AfterValidator(_pip_requirement)]


class EnvironmentSpec(Spec):
    """The Python environment of a model's worker: built once from requirements, or an existing interpreter."""

    python: str | None = Field(default=None, pattern=PYTHON, description='such as "3.12"; without it, the session\'s')
    requirements: tuple[PipRequirement, ...] | None = Field(default=None, min_length=1)
    interpreter: str | None = Field(
        default=None, min_length=1, description="of an environment made by hand, relative to the YAML file"
    )

    @model_validator(mode="after")
    def _one_form(self) -> EnvironmentSpec:
        if exactly_one(self, "requirements", "interpreter") == "interpreter" and self.python is not None:
            raise ValueError("`python` goes with `requirements`: an `interpreter` has its own version")
        return self
