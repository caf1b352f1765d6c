"""Precision and recall of the rules that judge replies, on labelled ones: `python benchmarks/reply_rules.py`.

`reply_rules.jsonl` has a rule, a question, a reply, and whether a reader takes it for right, a line each. The replies
were written for it, half of them as a model might be wrong or evasive. It prints the table of docs/chat.md, and every
reply on which rules and reader differ.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from pytest_modellab.core.metrics.answers import Rules, judge
from pytest_modellab.core.text import TextRules

REPLIES = Path(__file__).with_suffix(".jsonl")


def rules_of(stored: dict[str, Any]) -> Rules:
    given: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in stored.items()}
    return Rules(**given)


def main() -> None:
    normalize = TextRules().of("en")
    counts: dict[str, Counter[tuple[bool, bool]]] = {}
    for line in REPLIES.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found = judge(row["reply"], row["asked"], rules_of(row["rule"]), normalize)
        for name in (next(iter(row["rule"])), "all"):
            counts.setdefault(name, Counter())[found.right, row["right"]] += 1
        if found.right != row["right"]:
            print(f"{'taken for right' if found.right else 'taken for wrong'}: {row['reply']} ({found.by})")
    print("| rule | replies | precision | recall |\n|---|---|---|---|")
    for name, each in sorted(counts.items()):
        hits = each[True, True]
        precision = hits / (hits + each[True, False])
        recall = hits / (hits + each[False, True])
        print(f"| {name} | {each.total()} | {precision:.1%} | {recall:.1%} |")


if __name__ == "__main__":
    main()
