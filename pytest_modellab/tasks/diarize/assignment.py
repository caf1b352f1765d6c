"""The pairing of rows and columns with the largest sum of weights: the Hungarian algorithm."""

from __future__ import annotations

import math
from collections.abc import Sequence


def best_pairs(weights: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Pairs of row and column, each in at most one pair, by rows; of weights >= 0 only those above 0.

    Kuhn (1955) with potentials, in whole numbers of any size: O(n^3) for n rows or columns, whichever are more.
    """
    rows, columns = len(weights), max(map(len, weights), default=0)
    size = max(rows, columns)
    costs = [[-weights[i][j] if i < rows and j < len(weights[i]) else 0 for j in range(size)] for i in range(size)]
    of_row, of_column = [0] * size, [0] * (size + 1)
    row_of = [-1] * (size + 1)  # the last column is where a row waits that has none yet
    for row in range(size):
        _place(row, costs, of_row, of_column, row_of)
    found = [(row_of[column], column) for column in range(columns) if row_of[column] < rows]
    return sorted((i, j) for i, j in found if weights[i][j] > 0)


def _place(row: int, costs: list[list[int]], of_row: list[int], of_column: list[int], row_of: list[int]) -> None:
    """Give a row a column by the shortest augmenting path; potentials and pairs are changed in place."""
    size = len(costs)
    column, row_of[size] = size, row
    least: list[float] = [math.inf] * size  # whole numbers, where they are any
    way, done = [size] * size, [False] * (size + 1)
    while row_of[column] != -1:
        done[column] = True
        own, left = row_of[column], [j for j in range(size) if not done[j]]
        for j in left:
            slack = costs[own][j] - of_row[own] - of_column[j]
            if slack < least[j]:
                least[j], way[j] = slack, column
        following = min(left, key=least.__getitem__)
        step = int(least[following])
        for j in range(size + 1):
            if done[j]:
                of_row[row_of[j]] += step
                of_column[j] -= step
        for j in left:
            least[j] -= step
        column = following
    while column != size:
        before = way[column]
        row_of[column] = row_of[before]
        column = before
    row_of[size] = -1
