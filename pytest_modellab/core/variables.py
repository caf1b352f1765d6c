"""Environment variables that this package, or a tool that it calls, reads, with their purposes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable; `*` in a name stands for whatever is there."""

    name: str
    meaning: str

    def get(self) -> str | None:
        """Its value; None where it is not set."""
        return os.environ.get(self.name)

    def put(self, value: str | None) -> None:
        """Set it for this process and those it starts; None: unset it."""
        if value is None:
            os.environ.pop(self.name, None)
        else:
            os.environ[self.name] = value


CACHE = Variable("MODELLAB_CACHE", "where fetched files and built environments live (default: the user's cache folder)")
ASR_PROVIDER = Variable(
    "MODELLAB_ASR_PROVIDER", "streaming cases of this engine's models alone: `faster-whisper`, `moonshine-voice`, ..."
)
ASR_MODEL = Variable("MODELLAB_ASR_MODEL", "streaming cases of this model of the catalog alone")
ASR_DEVICE = Variable("MODELLAB_ASR_DEVICE", "streaming cases on this device of the catalog alone")
ASR_COMPUTE = Variable("MODELLAB_ASR_COMPUTE", "`compute_type` of the models of streaming cases, such as `int8`")
ASR_LANGUAGE = Variable("MODELLAB_ASR_LANGUAGE", "their `language`: a tag such as `en`, or `auto` to have it detected")
ASR_CHUNK_SECONDS = Variable("MODELLAB_ASR_CHUNK_SECONDS", "audio that streaming cases hand over at once, seconds")
ASR_VAD = Variable("MODELLAB_ASR_VAD", "`on` or `off`: whether their models leave out what is no speech")
HF_ENDPOINT = Variable("HF_ENDPOINT", "the Hugging Face hub, or a mirror of it")
HF_HUB_OFFLINE = Variable("HF_HUB_OFFLINE", "`1`: the hub is not asked, only its cache is looked into")
TRANSFORMERS_OFFLINE = Variable("TRANSFORMERS_OFFLINE", "the same")
PIP_INDEX_URL = Variable("PIP_INDEX_URL", "where mirrors and data that are packages come from")
PIP_CERT = Variable("PIP_CERT", "certificate authorities for every download, a file or a folder")
REQUESTS_CA_BUNDLE = Variable("REQUESTS_CA_BUNDLE", "the same, where `PIP_CERT` is not set")
CUDA_VISIBLE_DEVICES = Variable("CUDA_VISIBLE_DEVICES", "which CUDA devices there are, and in what order")
PYENV_ROOT = Variable("PYENV_ROOT", "where pyenv keeps the Pythons that a model's environment may need")
PYENV = Variable("PYENV", "the same on Windows")
PYTEST_ADDOPTS = Variable(
    "PYTEST_ADDOPTS", "options of every pytest session; of these `modellab` heeds `-c`, `--rootdir` and `-o`"
)
STEP_SUMMARY = Variable("GITHUB_STEP_SUMMARY", "a file that the scorecard is appended to as Markdown: GitHub sets it")
TERM = Variable("TERM", "`dumb`: nothing on the terminal is written over, progress is told in lines")
PATH = Variable("PATH", "where Pythons, uv, git, apt and ffmpeg are looked for")

VARIABLES = (
    CACHE,
    ASR_PROVIDER,
    ASR_MODEL,
    ASR_DEVICE,
    ASR_COMPUTE,
    ASR_LANGUAGE,
    ASR_CHUNK_SECONDS,
    ASR_VAD,
    HF_ENDPOINT,
    HF_HUB_OFFLINE,
    TRANSFORMERS_OFFLINE,
    Variable("HF_HOME", "the folder of the hub's own cache, which is searched, too"),
    Variable("HF_TOKEN", "for repositories of the hub that ask who you are"),
    PIP_INDEX_URL,
    PIP_CERT,
    REQUESTS_CA_BUNDLE,
    Variable("PIP_*", "pip's other settings: indexes, proxy, what is in a model's environment"),
    Variable("UV_*", "uv's settings, `UV_DEFAULT_INDEX` among them, where uv is installed: it makes environments then"),
    CUDA_VISIBLE_DEVICES,
    PYENV_ROOT,
    PYENV,
    Variable(
        "*_NUM_THREADS", "threads of numerical libraries: other sums, other texts now and then; part of the input key"
    ),
    Variable("CT2_*", "CTranslate2's choice of processor code, as `CT2_FORCE_CPU_ISA`; part of the input key"),
    PYTEST_ADDOPTS,
    STEP_SUMMARY,
    TERM,
    PATH,
)
"""Every variable that makes a difference, in the order of the reference page."""
_NUMERICAL = re.compile(r"[A-Z0-9]+_NUM_THREADS|CT2_(?!VERBOSE)[A-Z0-9_]+")


def numerical() -> dict[str, str]:
    """The variables by which numerical libraries may come to other sums, as they are set."""
    return {name: value for name, value in sorted(os.environ.items()) if _NUMERICAL.fullmatch(name)}


def set_numerical(wanted: Mapping[str, str]) -> None:
    """Have these, and no others of their kind, for this process and those it starts."""
    for name in numerical().keys() | wanted.keys():
        Variable(name, "").put(wanted.get(name))
