"""Identifiers and digests that are safe in paths, tables and terminals, for the catalog and for records."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

# No `:` (it joins the parts of a case id), `@` (it breaks `-k` and xdist's grouping), `/`, brackets or spaces.
IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._+-]*$"
SHA256 = r"^[0-9a-f]{64}$"

Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER, max_length=80)]
Sha256 = Annotated[str, StringConstraints(pattern=SHA256)]
