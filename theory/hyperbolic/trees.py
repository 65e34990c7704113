"""Trees and what an embedding of them is judged by, exactly: every labelled tree, MAP
by two algorithms, tables of distances.

Nothing here is a float: distances enter as their rational cosh, MAP is a fraction, and
ties are ties.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product

from sympy import Matrix

from theory.hyperbolic.models import fractions, move, rational_sheet_points
from theory.proof.statements import Enumeration, Family

__all__ = [
    "half_space_table", "labelled_trees", "map_by_counting", "map_by_sorting", "measures_of_moved_trees", "sheet_table",
    "stretch_profile", "stretch_profile_by_paths",
]  # fmt: skip

Edges = Sequence[tuple[int, int]]
Table = Sequence[Sequence[Fraction]]


def labelled_trees(size: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Every tree on the vertices 0..size-1, size^(size-2) of them (Cayley), as edge
    lists decoded from Prüfer sequences."""
    if size < 2:
        raise ValueError(f"Expected at least two vertices, got {size}.")
    for code in product(range(size), repeat=size - 2):
        missing = [1 + code.count(v) for v in range(size)]
        edges = []
        for v in code:
            leaf = missing.index(1)
            edges.append((min(leaf, v), max(leaf, v)))
            missing[leaf] -= 1
            missing[v] -= 1
        last = [v for v in range(size) if missing[v] == 1]
        yield (*edges, (last[0], last[1]))


def map_by_counting(edges: Sequence[tuple[int, int]], table: Sequence[Sequence[Fraction]]) -> Fraction:
    r"""Mean average precision from its definition, with ties counted against the
    embedding.

    .. math:: \mathrm{MAP} = \frac1{|V|}\sum_u \frac1{\deg u}\sum_{v\sim u} \frac{|N(u)\cap R_{uv}|}{|R_{uv}|},
              \quad R_{uv} = \{w \ne u : d(u,w) \le d(u,v)\}

    Only the order of the entries of ``table`` matters, so :math:`\cosh d` serves as
    well as :math:`d`.
    """
    size = len(table)
    near = _neighbours(edges, size)
    total = Fraction(0)
    for u in range(size):
        for v in near[u]:
            closer = {w for w in range(size) if w != u and table[u][w] <= table[u][v]}
            total += Fraction(len(closer & near[u]), len(closer) * len(near[u]))
    return total / size


def map_by_sorting(edges: Sequence[tuple[int, int]], table: Sequence[Sequence[Fraction]]) -> Fraction:
    """The same number by another algorithm: walk each vertex's others outward, one
    shell of equal distance at a time."""
    size = len(table)
    near = _neighbours(edges, size)
    total = Fraction(0)
    for u in range(size):
        others = sorted((table[u][w], w in near[u]) for w in range(size) if w != u)
        seen = found = 0
        precision = Fraction(0)
        for shell in sorted({distance for distance, _ in others}):
            here = [hit for distance, hit in others if distance == shell]
            seen, found = seen + len(here), found + sum(here)
            precision += sum(here) * Fraction(found, seen)
        total += precision / len(near[u])
    return total / size


def _neighbours(edges: Sequence[tuple[int, int]], size: int) -> list[set[int]]:
    near: list[set[int]] = [set() for _ in range(size)]
    for u, v in edges:
        near[u].add(v)
        near[v].add(u)
    return near


def stretch_profile(edges: Sequence[tuple[int, int]], table: Sequence[Sequence[Fraction]]) -> dict[int, list[Fraction]]:
    """The sorted cosh distances of the pairs at each distance in the tree: all that
    worst-case and average distortion read."""
    size = len(table)
    near = _neighbours(edges, size)
    profile: dict[int, list[Fraction]] = {}
    for u in range(size):
        reached, shell, steps = {u}, {u}, 0
        while shell := {w for v in shell for w in near[v]} - reached:
            reached |= shell
            steps += 1
            profile.setdefault(steps, []).extend(table[u][w] for w in shell if w > u)
    return {steps: sorted(values) for steps, values in profile.items()}


def stretch_profile_by_paths(edges: Edges, table: Table) -> dict[int, list[Fraction]]:
    """The same by shortest paths through ever more vertices (Floyd and Warshall), pair
    by pair."""
    size = len(table)
    steps = [[0 if u == v else size for v in range(size)] for u in range(size)]
    for u, v in edges:
        steps[u][v] = steps[v][u] = 1
    for middle in range(size):
        for u in range(size):
            for v in range(size):
                steps[u][v] = min(steps[u][v], steps[u][middle] + steps[middle][v])
    pairs = sorted((steps[u][v], table[u][v]) for u in range(size) for v in range(u))
    return {k: [value for count, value in pairs if count == k] for k in {count for count, _ in pairs}}


def sheet_table(points: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """All pairs' cosh of the distance, from Lorentz products of points of the
    hyperboloid."""
    return [
        [x[0] * y[0] - sum((a * b for a, b in zip(x[1:], y[1:], strict=True)), Fraction(0)) for y in points]
        for x in points
    ]


def half_space_table(points: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """The same by way of the half-space: each point is carried there first, and
    Euclidean gaps and heights are read off."""
    moved = [[*(e / (p[0] + p[-1]) for e in p[1:-1]), 1 / (p[0] + p[-1])] for p in points]
    return [
        [1 + sum((a - b) ** 2 for a, b in zip(u, v, strict=True)) / (2 * u[-1] * v[-1]) for v in moved] for u in moved
    ]


# --- what an embedding is judged by, before and after ----------------------------------------------------------------------


def measures_of_moved_trees(matrices: Sequence[Matrix], largest: int = 4) -> list[Enumeration]:
    """MAP and distortion of every labelled tree at rational points, before a matrix and
    after it, ties included.

    Before and after are read by different algorithms and from different tables, on the
    hyperboloid and in the half-space, so that a measure that is no MAP and no
    distortion does not pass for being unchanged.
    """
    tables = [_tables(matrix) for matrix in matrices]
    forest = [edges for size in range(2, largest + 1) for edges in labelled_trees(size)]
    size = len(matrices) * sum(n ** (n - 2) for n in range(2, largest + 1))
    text = f"labelled trees of order 2 to {largest}, each moved by {len(matrices)} matrices"
    moved = Family(text, lambda: ((k, edges) for k in range(len(matrices)) for edges in forest), size)

    def cut(instance: tuple[int, Edges]) -> tuple[Edges, list[Table]]:
        edges = instance[1]
        count = len(edges) + 1
        return edges, [[row[:count] for row in table[:count]] for table in tables[instance[0]]]

    def precision(instance: tuple[int, Edges]) -> bool:
        edges, (before, _, half_space) = cut(instance)
        return map_by_counting(edges, before) == map_by_sorting(edges, half_space)

    def precision_again(instance: tuple[int, Edges]) -> bool:
        edges, (before, after, _) = cut(instance)
        return map_by_sorting(edges, before) == map_by_counting(edges, after)

    def stretches(instance: tuple[int, Edges]) -> bool:
        edges, (before, _, half_space) = cut(instance)
        return stretch_profile(edges, before) == stretch_profile_by_paths(edges, half_space)

    def stretches_again(instance: tuple[int, Edges]) -> bool:
        edges, (before, after, _) = cut(instance)
        return stretch_profile_by_paths(edges, before) == stretch_profile(edges, after)

    return [
        Enumeration("MAP before and after", moved, precision, precision_again),
        Enumeration("distances by steps in the tree, before and after", moved, stretches, stretches_again),
    ]


def _tables(matrix: Matrix) -> tuple[Table, Table, Table]:
    """All pairs' cosh: before, after on the hyperboloid, after in the half-space."""
    rows = fractions(matrix)
    points = rational_sheet_points(matrix.rows - 1)[:4]
    moved = [move(rows, point) for point in points]
    return sheet_table(points), sheet_table(moved), half_space_table(moved)
