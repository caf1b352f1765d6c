"""A plain edit distance, written apart from the package to check its figures against."""

from collections.abc import Sequence


def edit_counts(reference: Sequence[str], hypothesis: Sequence[str]) -> tuple[int, int, int]:
    """(substitutions, deletions, insertions) of one optimal alignment, by Wagner & Fischer (1974).

    Optimal alignments differ in how they split the sum; the sum does not, nor does deletions - insertions.
    """
    row = [(0, 0, column) for column in range(len(hypothesis) + 1)]
    for i, expected in enumerate(reference, start=1):
        above, row = row, [(0, i, 0)]
        for j, found in enumerate(hypothesis, start=1):
            s, d, n = above[j - 1]
            diagonal = (s + (expected != found), d, n)
            s, d, n = above[j]
            deletion = (s, d + 1, n)
            s, d, n = row[j - 1]
            insertion = (s, d, n + 1)
            row.append(min(diagonal, deletion, insertion, key=sum))
    return row[-1]
