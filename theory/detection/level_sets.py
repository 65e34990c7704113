r"""Sets of least volume, exactly: a pointwise inequality, the balance of volume that
another set wastes, and every union of cells.

.. math:: \lambda\,(|B| - |A|) = P(B) - P(A) + \int_{A \triangle B} |p - \lambda|, \qquad A = \{p > \lambda\}

Volume is taken in a chart, an increasing map of the line; masses are the same in every
chart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import accumulate, pairwise, product
from random import Random

import sympy as sp

from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion

__all__ = [
    "Histogram", "balance_of_volume", "every_level", "identity_chart", "least_volume", "negative_level", "no_point_favours_another_set",
    "random_level_sets", "small_level_sets",
]  # fmt: skip

Real = int | Fraction


def identity_chart(at: Real) -> Real:
    """Volume is measured where the density is."""
    return at


# -- at every point, and summed -------------------------------------------------------------------------------------------


def no_point_favours_another_set() -> Enumeration:
    """(p - lambda)(1_A - 1_B) >= 0 at a point, A = {p > lambda}: only the sign of p -
    lambda and membership in B matter."""

    def as_product(item: tuple[int, int]) -> bool:
        sign, other = item
        return sign * ((sign > 0) - other) >= 0

    def as_parts(item: tuple[int, int]) -> bool:
        sign, other = item
        above, below = max(sign, 0), max(-sign, 0)
        return sign * (sign > 0) - sign * other == above * (1 - other) + below * other

    points = Family("signs of p - lambda, with membership in B", lambda: product((-1, 0, 1), (0, 1)), 3 * 2)
    return Enumeration("no point favours B", points, as_product, as_parts)


CELLS = sp.Symbol("n", integer=True, positive=True)
LEVEL, PLACE, ELSEWHERE = (sp.Symbol(name, positive=True) for name in ("lambda", "x", "x_0"))
SAVED, WASTED = sp.Function("W"), sp.Function("V")
EXCESS, VOLUME = (sp.Function(name, positive=True) for name in ("e", "v"))  # |p - lambda|, and a cell's volume
TAKEN = sp.Function("b", real=True)  # the part of a cell that B takes


def balance_of_volume(chart: Callable[[sp.Expr], sp.Expr] = identity_chart) -> Induction:
    """lambda (|B| - |A|) - (P(B) - P(A)) is the integral of |p - lambda| where A and B
    differ, for any number of cells.

    Cells come in pairs, one inside A and one outside, of any volume. B takes any part
    of a cell, so that 1_A - 1_B becomes 1 - b and b. lambda is mass per volume in the
    chart, fixed at one place; a cell elsewhere is stretched by the quotient of the
    chart's slopes.
    """
    slope = sp.diff(chart(PLACE), PLACE)
    stretch = slope / slope.subs(PLACE, ELSEWHERE)

    def saved(j: sp.Expr) -> sp.Expr:
        """What the pair number j adds to lambda (|B| - |A|) - (P(B) - P(A)): volume and
        mass beyond those of A."""
        inside, outside = 2 * j, 2 * j + 1
        more = {inside: TAKEN(inside) - 1, outside: TAKEN(outside)}
        volume = sum(stretch * VOLUME(k) * part for k, part in more.items())
        mass = (LEVEL + EXCESS(inside)) * VOLUME(inside) * more[inside] + (LEVEL - EXCESS(outside)) * VOLUME(
            outside
        ) * more[outside]
        return LEVEL * volume - mass

    def wasted(j: sp.Expr) -> sp.Expr:
        """The integral of |p - lambda| over the part of either cell on which A and B
        differ."""
        inside, outside = 2 * j, 2 * j + 1
        left_out, taken = 1 - TAKEN(inside), TAKEN(outside)
        return EXCESS(inside) * VOLUME(inside) * left_out + EXCESS(outside) * VOLUME(outside) * taken

    def summed(k: int) -> sp.Expr:
        """Volumes and masses of A and of B written out, with the densities lambda + e
        and lambda - e."""
        inside, outside = [2 * j for j in range(1, k + 1)], [2 * j + 1 for j in range(1, k + 1)]
        of_a = sum(stretch * VOLUME(j) for j in inside)
        of_b = sum(stretch * VOLUME(j) * TAKEN(j) for j in (*inside, *outside))
        density = {**{j: LEVEL + EXCESS(j) for j in inside}, **{j: LEVEL - EXCESS(j) for j in outside}}
        mass_a = sum(density[j] * VOLUME(j) for j in inside)
        mass_b = sum(density[j] * VOLUME(j) * TAKEN(j) for j in (*inside, *outside))
        return LEVEL * (of_b - of_a) - (mass_b - mass_a)

    one = sp.S.One
    objects = (
        Recursion(SAVED(CELLS), (saved(one),), SAVED(CELLS) + saved(CELLS + 1), summed),
        Recursion(
            WASTED(CELLS),
            (wasted(one),),
            WASTED(CELLS) + wasted(CELLS + 1),
            lambda k: sum(wasted(sp.Integer(j)) for j in range(1, k + 1)),
        ),
    )
    return Induction(
        "volume that another set wastes",
        CELLS,
        (Equation("the volume that B wastes", SAVED(CELLS), WASTED(CELLS)),),
        objects,
    )


# -- histograms -----------------------------------------------------------------------------------------------------------

Chart = Callable[[Real], Real]


@dataclass(frozen=True)
class Histogram:
    """A density that is constant on cells with integer edges; it need not be
    normalised.

    Args:
        edges: Increasing integers, one more than there are cells. densities:
            Nonnegative integers.
    """

    edges: tuple[int, ...]
    densities: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.edges) != len(self.densities) + 1 or any(a >= b for a, b in pairwise(self.edges)):
            raise ValueError(
                f"Expected n densities and n + 1 increasing edges, got {len(self.densities)} and {self.edges}."
            )
        if any(density < 0 for density in self.densities):
            raise ValueError(f"Expected nonnegative densities, got {self.densities}.")

    def masses(self) -> tuple[int, ...]:
        """Mass of each cell; no chart changes it."""
        lengths = (b - a for a, b in pairwise(self.edges))
        return tuple(density * length for density, length in zip(self.densities, lengths, strict=True))

    def volumes(self, chart: Chart) -> tuple[Real, ...]:
        """Length of each cell's image under an increasing map of the line, from the
        images of its ends."""
        images = [chart(edge) for edge in self.edges]
        return tuple(b - a for a, b in pairwise(images))

    def above(self, level: Real) -> int:
        """{density > level} in the coordinates of the edges, as a bit mask."""
        return sum(1 << k for k, density in enumerate(self.densities) if density > level)


Levels = Callable[[Histogram], Iterable[int]]
Member = tuple[Histogram, int]


def every_level(distribution: Histogram) -> list[int]:
    """0 and every density that occurs, but for the largest: each gives another level
    set."""
    return sorted({0, *distribution.densities})[:-1]


def negative_level(distribution: Histogram) -> list[int]:
    """The level -1, whose level set is everything."""
    return [-1]


def small_level_sets(levels: Levels = every_level, most: int = 4) -> Family:
    """Every density with n <= ``most`` cells of widths 1, 2 and values 0, 1, 2, not all
    zero, with each of its level sets.

    A density has as many as there are positive values among its own: 2 (3^n - 2^n) for
    all densities of n cells, and 2^n choices of widths.
    """

    def members() -> Iterator[Member]:
        for n in range(1, most + 1):
            for widths, heights in product(product((1, 2), repeat=n), product((0, 1, 2), repeat=n)):
                distribution = Histogram(tuple(accumulate(widths, initial=1)), heights)
                yield from ((distribution, level) for level in levels(distribution) if any(heights))

    size = sum(2**n * 2 * (3**n - 2**n) for n in range(1, most + 1))
    return Family(
        f"level sets of densities with n <= {most} cells of widths 1, 2 and values 0, 1, 2, each against 2^n sets",
        members,
        size,
    )


RANDOM, EACH = range(5, 17), 4  # numbers of cells, and densities for each


def random_level_sets(levels: Levels = every_level, seed: int = 0) -> Family:
    """Four random densities for each n = 5..16: cells of widths 1..5 that start at 1,
    values 0..4 of which each positive one occurs, so four level sets."""

    def members() -> Iterator[Member]:
        for n, k in product(RANDOM, range(EACH)):
            draw = Random(f"{seed}/{n}/{k}")
            edges = tuple(accumulate((draw.randint(1, 5) for _ in range(n)), initial=1))
            heights = [1, 2, 3, 4, *(draw.randint(0, 4) for _ in range(n - 4))]
            draw.shuffle(heights)
            distribution = Histogram(edges, tuple(heights))
            yield from ((distribution, level) for level in levels(distribution))

    text = f"level sets of {EACH * len(RANDOM)} random densities, {EACH} for each n = {RANDOM[0]}..{RANDOM[-1]}, each against 2^n sets"
    return Family(text, members, 4 * EACH * len(RANDOM))


def least_volume(family: Family, chart: Chart = identity_chart) -> Enumeration:
    """The level set alone has least volume, in the chart, among the unions of cells
    with at least its mass."""
    return Enumeration(
        "the level set alone has least volume",
        family,
        lambda item: least_by_enumeration(*item, chart),
        lambda item: least_by_knapsack(*item, chart),
    )


@cache
def _set_totals(weights: tuple[Real, ...]) -> tuple[Real, ...]:
    """Totals over every set of cells, by its bit mask."""
    sums: list[Real] = [0]
    for weight in weights:
        sums += [total + weight for total in sums]
    return tuple(sums)


def least_by_enumeration(distribution: Histogram, level: Real, chart: Chart) -> bool:
    """Whether {density > level} alone has the least volume, in the chart, among all
    2**n unions of cells with at least its mass."""
    chosen = distribution.above(level)
    masses, volumes = _set_totals(distribution.masses()), _set_totals(distribution.volumes(chart))
    wanted, volume = masses[chosen], volumes[chosen]
    return not any(
        volumes[other] <= volume and masses[other] >= wanted and other != chosen for other in range(len(masses))
    )


def least_by_knapsack(distribution: Histogram, level: Real, chart: Chart) -> bool:
    """The same by dynamic programming over masses: the least volume for each mass and
    in how many ways, a cell at a time."""
    best: dict[int, tuple[Real, int]] = {0: (0, 1)}
    masses, volumes = distribution.masses(), distribution.volumes(chart)
    for mass, volume in zip(masses, volumes, strict=True):
        grown = dict(best)
        for total, (least, ways) in best.items():
            grown[total + mass] = _lesser(grown.get(total + mass), (least + volume, ways))
        best = grown
    inside = [density > level for density in distribution.densities]
    wanted = sum(mass for mass, chosen in zip(masses, inside, strict=True) if chosen)
    winner: tuple[Real, int] | None = None
    for total, candidate in best.items():
        if total >= wanted:
            winner = _lesser(winner, candidate)
    return winner == (sum(volume for volume, chosen in zip(volumes, inside, strict=True) if chosen), 1)


def _lesser(first: tuple[Real, int] | None, second: tuple[Real, int]) -> tuple[Real, int]:
    """The pair (volume, ways) of lesser volume; ways add up in a tie."""
    if first is None or second[0] < first[0]:
        return second
    return (first[0], first[1] + second[1]) if first[0] == second[0] else first
