"""Distortion and mean average precision of a small tree from their definitions, in
plain Python: what :func:`fidelity` is held against."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from numerics.hyperbolic.sarkar_trees import Tree

__all__ = ["CountedFidelity", "counted_fidelity"]


class CountedFidelity(NamedTuple):
    """Worst-case distortion, average distortion and mean average precision, each from
    its definition."""

    worst: float
    average: float
    mean_average_precision: float


def counted_fidelity(
    tree: Tree, table: Sequence[Sequence[float]], *, tau: float, resolution: float = 0.0
) -> CountedFidelity:
    """The three measures pair by pair, with distances in the tree found by walking it;
    O(N^3), no tensor enters.

    Args:
        tree: N vertices. table: All pairs' distances in the embedding, N x N, positive
            off the diagonal.
        tau: The length that stands for one edge, in the average.
        resolution: Distances that differ by no more are ranked as ties, counted against
            the embedding.
    Source: Sala et al. 2018, section 2.

    >>> from numerics.hyperbolic.sarkar_trees import tree_from_parents
    >>> counted_fidelity(tree_from_parents([0, 0]), [[0.0, 2.0], [2.0, 0.0]], tau=2.0)
    CountedFidelity(worst=1.0, average=0.0, mean_average_precision=1.0)
    """
    size = len(tree)
    near: list[list[int]] = [[] for _ in range(size)]
    for parent, child in tree.edges:
        near[parent].append(child)
        near[child].append(parent)
    expansions, contractions, stretches, precisions = [], [], [], []
    for u in range(size):
        steps = _edges_from(near, u)
        others = [w for w in range(size) if w != u]
        for w in others:
            expansions.append(table[u][w] / steps[w])
            contractions.append(steps[w] / table[u][w])
            stretches.append(abs(table[u][w] / tau - steps[w]) / steps[w])
        ranked = sorted(others, key=lambda w: table[u][w])
        hits = []
        for v in near[u]:
            within = [w for w in ranked if table[u][w] <= table[u][v] + resolution]
            hits.append(Fraction(sum(steps[w] == 1 for w in within), len(within)))
        precisions.append(sum(hits) / len(hits))
    average = math.fsum(stretches) / len(stretches)
    return CountedFidelity(max(expansions) * max(contractions), average, float(sum(precisions) / size))


def _edges_from(near: list[list[int]], start: int) -> dict[int, int]:
    """Number of edges from ``start`` to each vertex, breadth first."""
    steps, queue = {start: 0}, [start]
    for vertex in queue:
        for other in near[vertex]:
            if other not in steps:
                steps[other] = steps[vertex] + 1
                queue.append(other)
    return steps
