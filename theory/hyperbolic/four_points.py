r"""Growth and thinness of hyperbolic space, exactly: area against Euclid's, ideal
triangles, four points; and Gromov's four-point delta of finite metrics.

Convention: of the three sums :math:`d_{xy}+d_{zw}, d_{xz}+d_{yw}, d_{xw}+d_{yz}` of
    four points the two largest differ by at most 2 delta. With Gromov products that is
:math:`(x|z)_w \ge \min\{(x|y)_w, (y|z)_w\} - \delta`. The slim-triangle constant is
another number: log(1 + sqrt 2) for the plane, against log 2 here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

from sympy import (  # fmt: skip
    Derivative,
    Expr,
    Integral,
    Symbol,
    cos,
    cosh,
    exp,
    log,
    pi,
    sin,
    sinh,
    sqrt,
    symbols,
    tan,
)

from theory.hyperbolic.trees import labelled_trees
from theory.proof.statements import Enumeration, Equation, Family, Sign

__all__ = [
    "area_of_disk",
    "delta_by_products",
    "delta_by_sums",
    "flat_area",
    "four_ideal_points",
    "growth",
    "ideal_triangle",
    "small_metrics",
]

Area = Callable[[Any], Any]
R = Symbol("r", positive=True)


def area_of_disk(r: Any) -> Expr:
    """2 pi (cosh r - 1), the area of a disk of radius r at curvature -1."""
    return 2 * pi * (cosh(r) - 1)


def flat_area(r: Any) -> Expr:
    """pi r^2, Euclid's (polynomial growth)."""
    return pi * r**2


def growth(area: Area = area_of_disk) -> list[Equation | Sign]:
    """The area is the integral of circumferences 2 pi sinh t, exceeds Euclid's by an
    integral of something positive (Taylor's remainder), and grows like e^r."""
    t, u = Symbol("t", positive=True), Symbol("u", positive=True)
    beyond = 4 * pi * (R - t) * sinh(t / 2) ** 2
    squared = (beyond / (4 * pi)).subs(R, t + u)  # at radii r = t + u above t
    return [
        Equation("area: the integral of the circumferences", area(R), Integral(2 * pi * sinh(t), (t, 0, R))),
        Equation("area: four times a square", area(R), 4 * pi * sinh(R / 2) ** 2),
        Equation("area: growth like e^r", area(R) * exp(-R), pi * (1 - exp(-R)) ** 2),
        Equation("area: what it exceeds Euclid's by", area(R) - flat_area(R), Integral(beyond, (t, 0, R))),
        Sign("area: that integrand, with s = sinh(t/2)", squared.subs(sinh(t / 2), Symbol("s", positive=True)), "> 0"),
    ]


def ideal_triangle() -> list[Equation]:
    r"""The ideal triangle with sides :math:`x = \pm1` and the unit half-circle: the
    point at angle phi of the half-circle has distances to the two verticals whose sinh
    multiply to 1, so one of them is at most arsinh 1 = log(1 + sqrt 2), and at the top
    both are.
    """
    phi, h, y, u = symbols("phi h y u", positive=True)
    right, left = (1 - cos(phi)) / sin(phi), (1 + cos(phi)) / sin(phi)
    gap = 1 + (u**2 + (h - y) ** 2) / (2 * h * y)  # cosh of the distance of (0, h) and (u, y)
    foot = sqrt(u**2 + h**2)
    return [
        Equation("slim: the foot on a vertical line", Derivative(gap, y).doit().subs(y, foot), 0),
        Equation("slim: sinh of the distance to it is u/h", gap.subs(y, foot) ** 2 - 1, (u / h) ** 2),
        Equation("slim: the two sinh multiply to 1", right * left, 1, (phi < pi,)),
        Equation("slim: the nearer one by half angles", right, tan(phi / 2), (phi < pi,)),
        Equation(
            "slim: sinh log(1 + sqrt 2) = 1", (exp(log(1 + sqrt(2))) - exp(-log(1 + sqrt(2)))) / 2, tan(pi / 4), ()
        ),
    ]


def four_ideal_points() -> list[Equation]:
    """Ptolemy's relation on the boundary: the largest of the three products is the sum
    of the other two, so at most twice the second; equality for a square."""
    a, b, c, d = symbols("a b c d", real=True)
    return [
        Equation("four points: Ptolemy on the boundary", (c - a) * (d - b), (b - a) * (d - c) + (d - a) * (c - b)),
        # with A = B + C >= .. the largest A is at most twice the larger of B and C: 2 B - A = B - C >= 0 for B >= C;
        # sums of distances far out are twice the logarithms of such products, so delta is at most log 2, reached for B = C
        Equation(
            "four points: twice, with equality for B = C",
            2 * (b - a) * (d - c) - (c - a) * (d - b),
            (b - a) * (d - c) - (d - a) * (c - b),
        ),
    ]


# --- finite metrics -------------------------------------------------------------------------------------------------------------

Metric = Sequence[Sequence[int]]


def delta_by_sums(metric: Metric) -> Fraction:
    """Half the largest difference of the two largest sums, over all quadruples.

    >>> delta_by_sums([[0, 1, 2, 1], [1, 0, 1, 2], [2, 1, 0, 1], [1, 2, 1, 0]])  # a square of edges
    Fraction(1, 1)
    """
    worst = 0
    for x, y, z, w in combinations(range(len(metric)), 4):
        sums = sorted((metric[x][y] + metric[z][w], metric[x][z] + metric[y][w], metric[x][w] + metric[y][z]))
        worst = max(worst, sums[2] - sums[1])
    return Fraction(worst, 2)


def delta_by_products(metric: Metric) -> Fraction:
    """The same by Gromov products at every base point: the largest of min((x|y), (y|z))
    - (x|z)."""
    size = len(metric)
    worst = Fraction(0)
    for w in range(size):
        product = [[Fraction(metric[x][w] + metric[y][w] - metric[x][y], 2) for y in range(size)] for x in range(size)]
        for x in range(size):
            for z in range(size):
                worst = max(worst, max(min(product[x][y], product[y][z]) for y in range(size)) - product[x][z])
    return worst


def cycle_delta(size: int) -> Fraction:
    """Delta of a cycle of n edges: n/4 rounded down, less a half where n leaves 1 by
    4."""
    return Fraction(size // 4) - (Fraction(1, 2) if size % 4 == 1 else 0)


def small_metrics(largest: int = 5, cycles: int = 12, tree_delta: Fraction = Fraction(0)) -> list[Enumeration]:
    """Trees have delta 0, cycles theirs by a formula: each by sums and by products."""

    def members() -> Iterator[tuple[tuple[int, int], ...]]:
        for order in range(2, largest + 1):
            yield from labelled_trees(order)

    size = sum(n ** (n - 2) for n in range(2, largest + 1))
    trees = Family(f"labelled trees of order 2 to {largest}", members, size)
    rings = Family(f"cycles of 3 to {cycles} edges", lambda: range(3, cycles + 1), cycles - 2)
    return [
        Enumeration("trees: delta = 0", trees, lambda edges: delta_by_sums(_metric(edges)) == tree_delta, lambda edges: delta_by_products(_metric(edges)) == tree_delta),
        Enumeration("cycles: delta by a formula", rings, lambda n: delta_by_sums(_cycle(n)) == cycle_delta(n), lambda n: delta_by_products(_cycle(n)) == cycle_delta(n)),
    ]  # fmt: skip


def _cycle(size: int) -> Metric:
    return [[min((u - v) % size, (v - u) % size) for v in range(size)] for u in range(size)]


def _metric(edges: Sequence[tuple[int, int]]) -> Metric:
    size = len(edges) + 1
    found = [[0 if u == v else size for v in range(size)] for u in range(size)]
    for u, v in edges:
        found[u][v] = found[v][u] = 1
    for m in range(size):
        found = [[min(found[u][v], found[u][m] + found[m][v]) for v in range(size)] for u in range(size)]
    return found
