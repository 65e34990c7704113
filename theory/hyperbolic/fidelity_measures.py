r"""What an embedding of a tree is judged by, exactly: worst-case and average distortion
and MAP of rational tables, each by two algorithms.

Worst-case distortion is :math:`\max(d_{emb}/d)\,\max(d/d_{emb})`, infinite when a pair
collapses; the average is the mean of :math:`|d_{emb}/\tau - d|/d` with the scale tau
stated; MAP counts ties against the embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

from theory.hyperbolic.trees import labelled_trees, map_by_counting, map_by_sorting
from theory.proof.statements import Enumeration, Family

__all__ = [
    "all_of", "average_by_pairs", "every_other", "invariances", "judged_tables", "left_alone", "map_without_ties", "with_the_embedding",
    "worst_by_pairs",
]  # fmt: skip

Edges = tuple[tuple[int, int], ...]
Points = tuple[tuple[int, int], ...]
Table = list[list[Fraction]]
Pairs = Callable[[int], Sequence[tuple[int, int]]]
Scaling = Callable[[Fraction], Fraction]  # what the stated scale becomes when the embedding grows by a factor

CONFIGURATIONS: tuple[Points, ...] = (
    ((0, 0), (1, 0), (2, 0), (3, 0)), ((0, 0), (3, 1), (1, 4), (5, 2)), ((0, 0), (1, 1), (0, 0), (2, 5)), ((2, 0), (0, 1), (4, 1), (1, 7)),
    ((0, 0), (0, 1), (1, 0), (1, 1)), ((9, 0), (1, 1), (2, 2), (0, 3)),
)  # fmt: skip
FACTORS = (Fraction(1, 3), Fraction(1), Fraction(5, 2))


def all_of(size: int) -> Sequence[tuple[int, int]]:
    """All pairs of 0..size-1."""
    return list(combinations(range(size), 2))


def every_other(size: int) -> Sequence[tuple[int, int]]:
    """A sample of the pairs: a maximum over them is a lower bound of the worst case,
    and no more."""
    return all_of(size)[:: 2 if size > 2 else 1]


def _grid(points: Points, size: int) -> Table:
    """Distances along streets: rational, with ties and coincidences."""
    return [[Fraction(abs(a - c) + abs(b - d)) for c, d in points[:size]] for a, b in points[:size]]


def _steps(edges: Edges) -> list[list[int]]:
    size = len(edges) + 1
    found = [[0 if u == v else size for v in range(size)] for u in range(size)]
    for u, v in edges:
        found[u][v] = found[v][u] = 1
    for m in range(size):
        for u in range(size):
            for v in range(size):
                found[u][v] = min(found[u][v], found[u][m] + found[m][v])
    return found


def worst_by_pairs(edges: Edges, table: Table, pairs: Pairs = all_of) -> Fraction | None:
    """The product of the largest expansion and the largest contraction; None stands for
    infinity."""
    steps, chosen = _steps(edges), pairs(len(table))
    if any(table[u][v] == 0 for u, v in chosen):
        return None
    return max(table[u][v] / steps[u][v] for u, v in chosen) * max(steps[u][v] / table[u][v] for u, v in chosen)


def _worst_by_quadruples(edges: Edges, table: Table) -> Fraction | None:
    """The same as the largest quotient of two pairs' stretches, found by walking the
    tree from each vertex."""
    size = len(table)
    near: list[list[int]] = [[] for _ in range(size)]
    for u, v in edges:
        near[u].append(v)
        near[v].append(u)
    stretches: list[tuple[Fraction, int]] = []
    for start in range(size):
        walk, seen = [(start, 0)], {start}
        for vertex, steps in walk:
            for other in near[vertex]:
                if other not in seen:
                    seen.add(other)
                    walk.append((other, steps + 1))
                    stretches.append((table[start][other], steps + 1))
    if any(length == 0 for length, _ in stretches):
        return None
    return max(long * steps / (many * short) for long, many in stretches for short, steps in stretches)


def average_by_pairs(edges: Edges, table: Table, scale: Fraction, pairs: Pairs = all_of) -> Fraction:
    """Mean of |d_emb/scale - d|/d."""
    steps, chosen = _steps(edges), pairs(len(table))
    total = sum((abs(table[u][v] / scale - steps[u][v]) / steps[u][v] for u, v in chosen), Fraction(0))
    return total / len(chosen)


def _average_by_steps(edges: Edges, table: Table, scale: Fraction) -> Fraction:
    """The same, from the pairs at each number of steps: the sum over k of |d_emb - k
    scale| over k, divided by the scale once."""
    size, steps = len(table), _steps(edges)
    whole = Fraction(0)
    for k in range(1, size):
        here = [table[u][v] for u in range(size) for v in range(size) if steps[u][v] == k]
        whole += sum((abs(length - k * scale) for length in here), Fraction(0)) / k
    return whole / (scale * size * (size - 1))


def _forest(largest: int) -> Family:
    size = len(CONFIGURATIONS) * sum(n ** (n - 2) for n in range(2, largest + 1))

    def members() -> Iterator[tuple[Edges, Points]]:
        for order in range(2, largest + 1):
            for edges in labelled_trees(order):
                for points in CONFIGURATIONS:
                    yield edges, points

    return Family(
        f"labelled trees of order 2 to {largest}, each at {len(CONFIGURATIONS)} sets of points", members, size
    )


def judged_tables(
    pairs: Pairs = all_of, precision: Callable[[Any, Any], Fraction] = map_by_counting, largest: int = 4
) -> list[Enumeration]:
    """The three measures of every labelled tree by their definitions and by a second
    algorithm.

    Args:
        pairs: Over which pairs maxima and means are taken.
        precision: MAP from edges and a table.
        largest: Order of the trees.
    """

    def table(member: tuple[Edges, Points]) -> Table:
        return _grid(member[1], len(member[0]) + 1)

    def worst(member: tuple[Edges, Points]) -> bool:
        return worst_by_pairs(member[0], table(member), pairs) == _worst_by_quadruples(member[0], table(member))

    def worst_bounds(member: tuple[Edges, Points]) -> bool:
        """Its definition as a least upper bound: no pair of pairs exceeds it, some pair
        of pairs attains it."""
        claimed = worst_by_pairs(member[0], table(member), pairs)
        grid, steps = table(member), _steps(member[0])
        off = all_of(len(grid))
        zero = any(grid[u][v] == 0 for u, v in off)
        if claimed is None or zero:
            return claimed is None and zero
        quotients = {grid[u][v] * steps[a][b] / (steps[u][v] * grid[a][b]) for u, v in off for a, b in off}
        return claimed in quotients and all(quotient <= claimed for quotient in quotients)

    def average(member: tuple[Edges, Points]) -> bool:
        grid = table(member)
        return all(
            average_by_pairs(member[0], grid, c, pairs) == _average_by_steps(member[0], grid, c) for c in FACTORS
        )

    def average_signed(member: tuple[Edges, Points]) -> bool:
        """The same with the pairs that are stretched and those that are shrunk
        apart."""
        grid, steps = table(member), _steps(member[0])
        off = all_of(len(grid))
        for c in FACTORS:
            long = sum(
                (grid[u][v] / (c * steps[u][v]) - 1 for u, v in off if grid[u][v] > c * steps[u][v]), Fraction(0)
            )
            short = sum(
                (1 - grid[u][v] / (c * steps[u][v]) for u, v in off if grid[u][v] <= c * steps[u][v]), Fraction(0)
            )
            if average_by_pairs(member[0], grid, c, pairs) * len(off) != long + short:
                return False
        return True

    def mean_precision(member: tuple[Edges, Points]) -> bool:
        return precision(member[0], table(member)) == map_by_sorting(member[0], table(member))

    def precision_by_rounds(member: tuple[Edges, Points]) -> bool:
        return precision(member[0], table(member)) == _map_by_rounds(member[0], table(member))

    forest = _forest(largest)
    return [
        Enumeration("worst-case distortion over all pairs", forest, worst, worst_bounds),
        Enumeration("average distortion over all pairs", forest, average, average_signed),
        Enumeration("MAP with ties against the embedding", forest, mean_precision, precision_by_rounds),
    ]


def _map_by_rounds(edges: Edges, table: Table) -> Fraction:
    """MAP by the rank of each neighbour: how many are no farther, and how many of these
    are neighbours, counted pair by pair."""
    size = len(table)
    joined = {frozenset(edge) for edge in edges}
    total = Fraction(0)
    for u in range(size):
        others = [w for w in range(size) if w != u]
        friends = [w for w in others if frozenset((u, w)) in joined]
        shares = []
        for v in friends:
            no_farther = sum(1 for w in others if not table[u][w] > table[u][v])
            hits = sum(1 for w in friends if not table[u][w] > table[u][v])
            shares.append(Fraction(hits, no_farther))
        total += sum(shares, Fraction(0)) / len(shares)
    return total / size


def map_without_ties(edges: Edges, table: Table) -> Fraction:
    """MAP with strangers at a neighbour's own distance left out (false where there are
    ties)."""
    size = len(table)
    near = [{w for edge in edges for w in edge if u in edge and w != u} for u in range(size)]
    total = Fraction(0)
    for u in range(size):
        for v in near[u]:
            closer = {w for w in range(size) if w != u and (table[u][w] < table[u][v] or w == v)}
            total += Fraction(len(closer & near[u]), len(closer) * len(near[u]))
    return total / size


def with_the_embedding(factor: Fraction) -> Fraction:
    """The stated scale grows by the embedding's factor."""
    return factor


def left_alone(factor: Fraction) -> Fraction:
    """The stated scale stays (then the average changes)."""
    return factor / factor


def invariances(scaled: Scaling = with_the_embedding, largest: int = 4) -> Enumeration:
    """What growth of the embedding changes: neither the worst case nor MAP, and the
    average not if the stated scale grows by ``scaled(factor)`` = factor."""
    factor = Fraction(7, 4)

    def grown(member: tuple[Edges, Points]) -> tuple[Edges, Table, Table]:
        grid = _grid(member[1], len(member[0]) + 1)
        return member[0], grid, [[factor * entry for entry in row] for row in grid]

    def holds(member: tuple[Edges, Points]) -> bool:
        edges, before, after = grown(member)
        same = worst_by_pairs(edges, before) == worst_by_pairs(edges, after) and map_by_counting(
            edges, before
        ) == map_by_counting(edges, after)
        return same and average_by_pairs(edges, before, Fraction(1)) == average_by_pairs(edges, after, scaled(factor))

    def second(member: tuple[Edges, Points]) -> bool:
        edges, before, after = grown(member)
        same = _worst_by_quadruples(edges, before) == _worst_by_quadruples(edges, after) and map_by_sorting(
            edges, before
        ) == map_by_sorting(edges, after)
        return same and _average_by_steps(edges, before, Fraction(1)) == _average_by_steps(edges, after, scaled(factor))

    return Enumeration("growth of the embedding", _forest(largest), holds, second)
