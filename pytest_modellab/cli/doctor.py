"""`modellab doctor`."""

from __future__ import annotations

import argparse
from itertools import groupby

from ..doctor import examine
from ..printable import printable
from .place import open_catalog


def run(options: argparse.Namespace) -> int:
    """Print what is here, section by section; 1 where no model of the catalog could run, else 0."""
    able = False
    for section, findings in groupby(examine(open_catalog(options)), key=lambda finding: finding.section):
        print(section)
        found = list(findings)
        width = max(len(finding.subject) for finding in found)
        for finding in found:
            able |= section == "models" and finding.ok
            fix = f"  -> {finding.fix}" if finding.fix else ""
            print(printable(f"  {'ok' if finding.ok else '--'}  {finding.subject:<{width}}  {finding.what}{fix}"))
    if not able:
        print("No model of this catalog can run as things are.")
    return 0 if able else 1
