"""Trees planted at right angles with rational points: the tree is the Delaunay graph of
its vertices, greedy steps arrive, MAP is 1; in fractions.

Degree 4 is where Sarkar's angles are rational; edges have rational ``exp(tau/2)``. At
zeta = cosh(tau/2) sin(pi/4) >= 1 all three hold, below they may fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from theory.hyperbolic.trees import half_space_table, labelled_trees, map_by_counting, map_by_sorting, sheet_table
from theory.proof.statements import Enumeration, Family

__all__ = ["delaunay", "precision_is_one", "right_angled_points"]

Edges = tuple[tuple[int, int], ...]
Point = tuple[Fraction, Fraction, Fraction]
DEGREE = 4


def right_angled_points(edges: Edges, root: Fraction) -> list[Point]:
    """Where the vertices of a tree lie: vertex 0 at the apex, neighbours of a vertex on
    its left, ahead, on its right, in order.

    Args:
        edges: Of a tree on 0..N-1 with degrees of at most 4.
        root: exp(tau/2).
    """
    size = len(edges) + 1
    near: list[list[int]] = [[] for _ in range(size)]
    for u, v in edges:
        near[u].append(v)
        near[v].append(u)
    s, c = (root**2 - root**-2) / 2, (root**2 + root**-2) / 2
    one, zero = Fraction(1), Fraction(0)
    frames: dict[int, tuple[Point, Point, Point]] = {0: ((one, zero, zero), (zero, one, zero), (zero, zero, one))}
    queue = [(0, -1)]
    for vertex, parent in queue:
        point, back, left = frames[vertex]  # ``back`` looks at the parent
        for slot, child in enumerate((w for w in near[vertex] if w != parent), int(parent >= 0)):
            ahead = _turned(back, left, slot)
            end = tuple(c * p + s * a for p, a in zip(point, ahead, strict=True))
            behind = tuple(-(s * p + c * a) for p, a in zip(point, ahead, strict=True))
            side = _turned(back, left, slot + 1)
            frames[child] = (end, behind, tuple(-e for e in side))  # type: ignore[assignment]
            queue.append((child, vertex))
    return [frames[vertex][0] for vertex in range(size)]


def _turned(first: Point, second: Point, slot: int) -> Point:
    """The direction after so many quarter turns."""
    return (first, second, tuple(-e for e in first), tuple(-e for e in second))[slot % DEGREE]  # type: ignore[return-value]


def _forest(largest: int, root: Fraction) -> Family:
    """Labelled trees of degree at most 4; order 6 and more would need other counts:
    stars are the only trees left out."""
    size = sum(n ** (n - 2) for n in range(2, largest + 1))  # every tree of order up to 5 has degree at most 4

    def members() -> Iterator[tuple[Edges, Fraction]]:
        for order in range(2, largest + 1):
            for edges in labelled_trees(order):
                yield edges, root

    return Family(f"labelled trees of order 2 to {largest} at right angles, exp(tau/2) = {root}", members, size)


def precision_is_one(root: Fraction = Fraction(3), largest: int = 5) -> Enumeration:
    """Every stranger is farther than every neighbour, so that MAP is 1: by counting on
    the hyperboloid, by sorting in the half-space."""

    def holds(member: tuple[Edges, Fraction]) -> bool:
        return map_by_counting(member[0], sheet_table(right_angled_points(*member))) == 1

    def second(member: tuple[Edges, Fraction]) -> bool:
        return map_by_sorting(member[0], half_space_table(right_angled_points(*member))) == 1

    return Enumeration("MAP = 1 at right angles", _forest(largest, root), holds, second)


def delaunay(root: Fraction = Fraction(3), largest: int = 4) -> Enumeration:
    """A vertex that is nearer to a point than its neighbours in the tree is nearer than
    every vertex: at the vertices and at points between."""

    def probes(points: Sequence[Point]) -> list[Point]:
        between = [
            _at(e, p) for e in (Fraction(2), Fraction(7)) for p in map(Fraction, ("-7", "-1/2", "0", "1/3", "2"))
        ]
        return [*points, *between]

    def nearest(edges: Edges, distances: Sequence[Sequence[Fraction]]) -> bool:
        size = len(edges) + 1
        near = [{w for edge in edges for w in edge if v in edge and w != v} for v in range(size)]
        return all(
            row[v] <= min(row[:size])
            for row in distances
            for v in range(size)
            if all(row[v] <= row[w] for w in near[v])
        )

    def holds(member: tuple[Edges, Fraction]) -> bool:
        points = probes(right_angled_points(*member))
        return nearest(member[0], sheet_table(points))

    def second(member: tuple[Edges, Fraction]) -> bool:
        points = probes(right_angled_points(*member))
        table = half_space_table(points)
        return all(_descends(member[0], row) for row in table)

    return Enumeration("the tree is the Delaunay graph", _forest(largest, root), holds, second)


def _descends(edges: Edges, row: Sequence[Fraction]) -> bool:
    """Walks along edges that come nearer, from every vertex, all end at the least
    distance."""
    size = len(edges) + 1
    for start in range(size):
        at = start
        while True:
            around = [w for edge in edges for w in edge if at in edge and w != at]
            closer = min(around, key=lambda w: row[w])
            if row[closer] >= row[at]:
                break
            at = closer
        if row[at] != min(row[:size]):
            return False
    return True


def _at(e: Fraction, p: Fraction) -> Point:
    """The point at distance log e from the apex in the direction ((1 - p^2)/(1 + p^2),
    2p/(1 + p^2))."""
    s, c = (e - 1 / e) / 2, (e + 1 / e) / 2
    return c, s * (1 - p * p) / (1 + p * p), 2 * s * p / (1 + p * p)
