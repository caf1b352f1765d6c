"""Ids of cases and utterances on the page: the same in every session, so that a link to one still finds it."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from pytest_modellab.catalog.case_ref import CaseRef

_LONGEST = 200


def of_case(case: CaseRef) -> str:
    """`case=asr:tiny:cpu:talk`."""
    return f"case={case.task}:{case.id}"


def of_utterance(case: CaseRef, id: str) -> str:
    """`case=asr:tiny:cpu:talk&utterance=clip%201`: whatever an id holds, there is no space in it."""
    quoted = quote(id, safe="", errors="replace")
    if len(quoted) > _LONGEST:
        quoted = hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{of_case(case)}&utterance={quoted}"
