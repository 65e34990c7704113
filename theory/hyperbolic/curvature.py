r"""Hyperbolic space of curvature :math:`-1/R^2`, exactly: its curvature computed, its
distances scaled, and what scaling does to distortion and MAP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import product

from sympy import Derivative, Expr, Symbol, log, sinh, symbols

from theory.hyperbolic.models import Gram, ball_cosh, lorentz_cosh, pair
from theory.hyperbolic.trees import labelled_trees, map_by_counting, map_by_sorting
from theory.proof.statements import Enumeration, Equation, Family

__all__ = [
    "Measure", "average_distortion", "curvature_of_the_ball", "curvature_of_the_exponential_map", "distances_scale",
    "least_average", "worst_distortion", "worst_distortion_by_pairs", "worst_distortion_kept",
]  # fmt: skip

Table = Sequence[Sequence[Fraction]]

R = Symbol("R", positive=True)


# --- the space -----------------------------------------------------------------------------------------------------------------


def curvature_of_the_ball(power: int = 2) -> Equation:
    r"""The metric :math:`\lambda^2|dx|^2, \lambda = 2/(1-|x|^2/R^2)`, has curvature
    :math:`-\lambda^{-2}\Delta\log\lambda = -1/R^2` in every plane through the origin.

    Args:
        power: Of R inside :math:`\lambda`; 2 is the ball's.
    """
    x, y = symbols("x y", real=True)
    factor = 2 / (1 - (x**2 + y**2) / R**power)
    return Equation(
        "Gaussian curvature of the ball is -1/R^2",
        -(Derivative(log(factor), (x, 2)) + Derivative(log(factor), (y, 2))) / factor**2,
        -1 / R**2,
        (x**2 + y**2 < R**power,),
    )


def curvature_of_the_exponential_map() -> list[Equation]:
    r"""The metric :math:`d\rho^2 + f^2 d\theta^2`, :math:`f = R\sinh(\rho/R)`, on
    spheres of any dimension: both of its sectional curvatures are :math:`-1/R^2`.

    Planes that contain the radius have :math:`-f''/f`, planes across it :math:`(1 -
    f'^2)/f^2`.
    """
    rho = Symbol("rho", positive=True)
    f = R * sinh(rho / R)
    return [
        Equation("curvature of planes with the radius", -Derivative(f, (rho, 2)) / f, -1 / R**2),
        Equation("curvature of planes across the radius", (1 - Derivative(f, rho) ** 2) / f**2, -1 / R**2),
    ]


def distances_scale(scaled: Callable[[Expr], Expr] = lambda gram: gram * R**2) -> list[Equation]:
    r"""With coordinates multiplied by R, the distance of curvature :math:`-1/R^2` is R
    times that of curvature -1, in every dimension.

    On the sheet :math:`x_0^2 = R^2 + |\xi|^2` it is
    :math:`R\operatorname{arcosh}(-\langle X,Y\rangle_L/R^2)`, in the ball of radius R
    :math:`\cosh\frac dR = 1 + 2R^2|x-y|^2/((R^2-|x|^2)(R^2-|y|^2))`: the same cosh,
    times R outside.

    Args:
        scaled: What becomes of a Gram scalar of the unit ball.
    """
    t, s, g = pair()
    xx, yy = symbols("xx yy", positive=True)
    xy = Symbol("xy", real=True)
    gram = Gram(*(scaled(entry) for entry in (xx, yy, xy)))
    ball = 1 + 2 * R**2 * (gram.xx - 2 * gram.xy + gram.yy) / ((R**2 - gram.xx) * (R**2 - gram.yy))
    time, other = R * t, R * s
    return [
        Equation("sheet of curvature -1/R^2: the same cosh", (time * other - R**2 * g) / R**2, lorentz_cosh(t, s, g)),
        Equation("ball of radius R: the same cosh", ball, ball_cosh(Gram(xx, yy, xy))),
    ]


# --- what is read off distances ------------------------------------------------------------------------------------------------


_ENTRIES = {3: (Fraction(1), Fraction(3, 2), Fraction(2)), 4: (Fraction(1), Fraction(2))}  # triangle inequalities hold


def _tables(size: int) -> list[Table]:
    """All symmetric tables of distances with these entries above the diagonal."""
    found = []
    for entries in product(_ENTRIES[size], repeat=size * (size - 1) // 2):
        drawn = iter(entries)
        table = [[Fraction(0)] * size for _ in range(size)]
        for u in range(size):
            for v in range(u):
                table[u][v] = table[v][u] = next(drawn)
        found.append(tuple(map(tuple, table)))
    return found


def _embedded_trees() -> Family:
    """Every labelled tree of order 3 and 4 at every table of distances."""
    size = 3 * 3**3 + 16 * 2**6
    text = "labelled trees of order 3 and 4, each at every table of distances from 1, 3/2, 2 and from 1, 2"
    return Family(text, lambda: ((edges, table) for order in (3, 4) for edges in labelled_trees(order) for table in _TABLES[order]), size)  # fmt: skip


@lru_cache(maxsize=64)
def _steps(edges: tuple[tuple[int, int], ...]) -> list[list[int]]:
    """Distances in the tree, by relaxation."""
    size = len(edges) + 1
    steps = [[0 if u == v else size for v in range(size)] for u in range(size)]
    for u, v in edges:
        steps[u][v] = steps[v][u] = 1
    for middle, u, v in product(range(size), repeat=3):
        steps[u][v] = min(steps[u][v], steps[u][middle] + steps[middle][v])
    return steps


_TABLES = {order: _tables(order) for order in _ENTRIES}
Instance = tuple[tuple[tuple[int, int], ...], Table]
Pairs = list[tuple[int, Fraction]]  # steps in the tree, distance
Measure = Callable[[Pairs], Fraction]


def _pairs(instance: Instance, scale: Fraction = Fraction(1)) -> Pairs:
    edges, table = instance
    steps = _steps(edges)
    return [(steps[u][v], scale * table[u][v]) for u in range(len(steps)) for v in range(u)]


def worst_distortion(pairs: Pairs) -> Fraction:
    """The largest stretch times the largest contraction."""
    return max(d / k for k, d in pairs) * max(k / d for k, d in pairs)


def worst_distortion_by_pairs(pairs: Pairs) -> Fraction:
    """The largest ratio of the stretches of two pairs: the same number in one go."""
    return max((d * j) / (k * e) for k, d in pairs for j, e in pairs)


def average_distortion(pairs: Pairs) -> Fraction:
    r"""The mean of :math:`|d_{emb} - d|/d`: what is unchanged is this with the scale
    tau in step, not this."""
    return sum((abs(d - k) / k for k, d in pairs), Fraction(0)) / len(pairs)


def worst_distortion_kept(
    scale: Fraction, measure: Measure = worst_distortion, second: Measure = worst_distortion_by_pairs
) -> list[Enumeration]:
    """Worst-case distortion and MAP of every small tree are what they were after
    scaling, each read by two algorithms.

    Args:
        scale: By which all distances are multiplied.
        measure, second: Two algorithms for the worst-case distortion.
    """
    family = _embedded_trees()

    def tables(instance: Instance) -> tuple[Sequence[tuple[int, int]], Table, Table]:
        edges, table = instance
        return edges, table, [[scale * entry for entry in row] for row in table]

    def precision(instance: Instance) -> bool:
        edges, table, scaled = tables(instance)
        return map_by_counting(edges, table) == map_by_sorting(edges, scaled)

    def precision_again(instance: Instance) -> bool:
        edges, table, scaled = tables(instance)
        return map_by_sorting(edges, table) == map_by_counting(edges, scaled)

    return [
        Enumeration(
            "worst-case distortion before and after",
            family,
            lambda instance: measure(_pairs(instance)) == measure(_pairs(instance, scale)),
            lambda instance: second(_pairs(instance)) == second(_pairs(instance, scale)),
        ),
        Enumeration("MAP before and after", family, precision, precision_again),
    ]


def least_average() -> Enumeration:
    r"""Over all curvatures the average distortion :math:`\frac1N\sum|c q_i - 1|`, q the
    stretches, is least at a weighted median of :math:`1/q_i`, weights :math:`q_i`.

    So it depends on the curvature, and comparing averages without the scale compares
    scales. Decided by trying every breakpoint of the convex, piecewise linear function,
    and by the slopes on either side of the median.
    """

    def average(stretches: list[Fraction], c: Fraction) -> Fraction:
        return sum((abs(c * q - 1) for q in stretches), Fraction(0))

    def median(stretches: list[Fraction]) -> Fraction:
        seen, half = Fraction(0), sum(stretches) / 2
        for q in sorted(stretches, reverse=True):
            seen += q
            if seen >= half:
                return 1 / q
        raise ValueError("Expected at least one pair of vertices.")

    def by_trying(instance: Instance) -> bool:
        stretches = [d / k for k, d in _pairs(instance)]
        return average(stretches, median(stretches)) == min(average(stretches, 1 / q) for q in stretches)

    def by_slopes(instance: Instance) -> bool:
        stretches = [d / k for k, d in _pairs(instance)]
        c = median(stretches)
        above, below = (sum(q for q in stretches if sign * (c * q - 1) > 0) for sign in (1, -1))
        here = sum(stretches) - above - below
        return above - below - here <= 0 <= above - below + here

    return Enumeration("least average distortion over all curvatures", _embedded_trees(), by_trying, by_slopes)
