r"""Sets that hold a mass of 1 - alpha, exactly: intervals between quantiles, atoms with
an atomless part, Cantor's distribution.

A member is the interval :math:`A_t = (Q(t), Q(t + 1 - \alpha)]`, Q the quantile
function. Levels are quotients of positive symbols, so that 0 < t and t + s < alpha hold
by themselves. Decisions about finitely many atoms come twice, by two algorithms that
share no step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import combinations, product
from math import comb
from typing import Any

import sympy as sp

from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion

__all__ = [
    "cantor_members", "cylinders_in_every_dimension", "equal_cells", "every_atom_and_dust", "infinitely_many", "masses_of_intervals", "members",
    "more_than_one", "no_atoms", "overlaps", "some_dust", "splits_dust", "twice_the_lesser", "two_atoms", "whole",
]  # fmt: skip

Difference = Callable[[Any, Any], Any]  # from (t' - t, 1 - alpha) to the mass of the symmetric difference
X = sp.Symbol("x", real=True)
T, GAP, BEYOND, REST = (sp.Symbol(name, positive=True) for name in ("tau", "sigma", "delta", "rho"))


def twice_the_lesser(gap: Any, mass: Any) -> Any:
    """Mass of the symmetric difference of two members ``gap`` apart, of ``mass`` each:
    2 min(gap, mass)."""
    return 2 * sp.Min(gap, mass)


# -- intervals between quantiles ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A distribution of the line: its distribution function in ``X``, and its quantile
    function."""

    name: str
    cdf: sp.Expr
    quantile: Callable[[sp.Expr], sp.Expr]

    def mass(self, low: sp.Expr, high: sp.Expr) -> sp.Expr:
        """The density, as the derivative of the distribution function, integrated
        between the quantiles of two levels."""
        return sp.Integral(sp.Derivative(self.cdf, X), (X, self.quantile(low), self.quantile(high)))


LINES = (
    Line("triangular", X**2, sp.sqrt),
    Line("exponential", 1 - sp.exp(-X), lambda u: -sp.log(1 - u)),
    Line("Gumbel", sp.exp(-sp.exp(-X)), lambda u: -sp.log(-sp.log(u))),
)


def members(difference: Difference = twice_the_lesser) -> list[Equation]:
    """Members of three families, for every t and alpha: their mass, and what tells two
    apart where they overlap and where they do not."""
    found = []
    for line in LINES:
        for case, kept, gap in (("overlapping", GAP + BEYOND, GAP), ("disjoint", GAP, GAP + BEYOND)):
            total = T + gap + REST + kept  # t + s + what is left of alpha, and 1 - alpha
            t, s, mass = T / total, gap / total, kept / total
            ends = (
                ((t, t + s), (t + mass, t + s + mass))
                if case == "overlapping"
                else ((t, t + mass), (t + s, t + s + mass))
            )
            apart = sum((line.mass(*pair) for pair in ends), sp.S.Zero)
            claimed = difference(gap, kept) / total
            found += [
                Equation(f"mass of a member, {line.name}, {case}", line.mass(t, t + mass), mass),
                Equation(f"mass of the symmetric difference of {case} members, {line.name}", apart, claimed),
            ]
    return found


def masses_of_intervals() -> list[Equation]:
    """For an undefined distribution function: the mass of an interval, none for a
    point, and the two slivers that tell intervals apart."""
    cdf = sp.Function("F", real=True)
    x, later, y, y_later, v = (sp.Symbol(name, real=True) for name in ("x", "x'", "y", "y'", "v"))

    def mass(low: sp.Expr, high: sp.Expr) -> sp.Expr:
        return sp.Integral(sp.Derivative(cdf(v), v), (v, low, high))

    slivers = mass(x, later) + mass(y, y_later)
    return [
        Equation("mass of an interval", mass(x, y), cdf(y) - cdf(x)),
        Equation("mass of a point", mass(x, x), 0),
        Equation(
            "two slivers, by what the intervals hold", slivers, 2 * mass(x, later) + mass(later, y_later) - mass(x, y)
        ),
    ]


D = sp.Symbol("D", integer=True, positive=True)
CYLINDER = sp.Function("M")


def cylinders_in_every_dimension() -> Induction:
    """A further coordinate, of undefined conditional density on a fibre, adds no mass
    to a cylinder and takes none away, in every D."""
    cdf, rise = sp.Function("F", real=True), sp.Function("G", real=True)
    low, high, v = sp.Symbol("x", real=True), sp.Symbol("y", real=True), sp.Symbol("v", real=True)

    def fibre(j: sp.Expr, at: sp.Symbol) -> sp.Expr:
        """The conditional density of coordinate j on (0, 1), of total 1: a slope, and
        what is left of 1 spread evenly."""
        return sp.Derivative(rise(j, at), at) + 1 - (rise(j, 1) - rise(j, 0))

    def explicit(k: int) -> sp.Expr:
        """The mass of the base times those of the fibres, each at its own place."""
        base = sp.Integral(sp.Derivative(cdf(v), v), (v, low, high))
        return base * sp.Mul(*(sp.Integral(fibre(sp.Integer(j), v), (v, 0, 1)) for j in range(2, k + 1)))

    first = sp.Integral(sp.Derivative(cdf(v), v), (v, low, high))
    grown = CYLINDER(D) * sp.Integral(fibre(D + 1, v), (v, 0, 1))
    claim = Equation("the mass of a cylinder is that of its base", CYLINDER(D), cdf(high) - cdf(low))
    return Induction("cylinders over one coordinate", D, (claim,), (Recursion(CYLINDER(D), (first,), grown, explicit),))


# -- counting sets of atoms -----------------------------------------------------------------------------------------------


def count_sets(weights: Sequence[int], mass: int) -> int:
    """How many sets of atoms have this mass, one set at a time."""
    return sum(total == mass for total in _set_masses(tuple(weights)))


def count_by_generating_function(weights: Sequence[int], mass: int) -> int:
    """The same: the coefficient of z^mass in the product of 1 + z^weight."""
    coefficients = {0: 1}
    for weight in weights:
        grown = dict(coefficients)
        for total, ways in coefficients.items():
            grown[total + weight] = grown.get(total + weight, 0) + ways
        coefficients = grown
    return coefficients.get(mass, 0)


@cache
def _set_masses(weights: tuple[int, ...]) -> tuple[int, ...]:
    """Masses of every set of atoms, by its bit mask."""
    sums = [0]
    for weight in weights:
        sums += [total + weight for total in sums]
    return tuple(sums)


def equal_cells(most: int = 12) -> Family:
    """n = 2..most cells of equal mass, and every mass strictly between none and all of
    them."""
    pairs = [((1,) * n, k) for n in range(2, most + 1) for k in range(1, n)]
    return Family(
        f"pairs of n <= {most} cells of equal mass and a mass in between", lambda: iter(pairs), most * (most - 1) // 2
    )


def two_atoms() -> Family:
    """Masses 2/3 and 1/3, and alpha = 1/3."""
    return Family("the atoms 2/3 and 1/3 with alpha = 1/3", lambda: iter([((2, 1), 2)]), 1)


def whole(most: int = 12) -> Family:
    """alpha = 0 on equal cells."""
    return Family(f"n <= {most} cells and alpha = 0", lambda: (((1,) * n, n) for n in range(2, most + 1)), most - 1)


def more_than_one(atoms: Callable[[], Family] = equal_cells) -> Enumeration:
    """More than one set has the mass; of equal cells there are binomially many."""

    def several(count: Callable[[Sequence[int], int], int]) -> Callable[[tuple[Sequence[int], int]], bool]:
        def decided(item: tuple[Sequence[int], int]) -> bool:
            weights, mass = item
            found = count(weights, mass)
            return found >= 2 and (set(weights) != {1} or found == comb(len(weights), mass))

        return decided

    first, second = several(count_sets), several(count_by_generating_function)
    return Enumeration("more than one set of the mass", atoms(), first, second)


# -- atoms with an atomless part ------------------------------------------------------------------------------------------

Weighed = tuple[tuple[int, ...], int, int]  # atoms, mass of the atomless part (dust), mass asked for


def every_atom_and_dust(most: int = 3, heaviest: int = 3) -> Family:
    """Up to ``most`` atoms of weight 1..``heaviest``, an atomless part of weight
    0..``heaviest``, a mass strictly between none and all."""

    def listed() -> Iterator[Weighed]:
        for n in range(most + 1):
            for atoms in product(range(1, heaviest + 1), repeat=n):
                if list(atoms) == sorted(atoms):
                    for dust in range(heaviest + 1):
                        for mass in range(1, sum(atoms) + dust):
                            yield atoms, dust, mass

    # by symmetry n sorted atoms weigh n (h + 1)/2 on average and the dust h/2; one mass less than the total each, but nothing has none
    average = [
        comb(n + heaviest - 1, n) * (heaviest + 1) * (Fraction(n * (heaviest + 1) + heaviest, 2) - 1)
        for n in range(most + 1)
    ]
    text = f"distributions with at most {most} atoms and an atomless part, weights up to {heaviest}, each with a mass"
    return Family(text, listed, int(sum(average)) + 1)


def _grows(item: Weighed) -> bool:
    """Whether the sets of that mass grow in number as the atomless part is cut finer,
    from 1 to 2 cells a unit."""
    atoms, dust, mass = item
    coarse, fine = (count_sets((*(w * cells for w in atoms), *[1] * (dust * cells)), mass * cells) for cells in (1, 2))
    return fine > coarse


def _grows_by_binomials(item: Weighed) -> bool:
    """The same from 2 to 3 cells a unit: for each set of atoms, the ways to choose what
    it lacks among the cells."""
    atoms, dust, mass = item

    def ways(cells: int) -> int:
        chosen = (
            mass - sum(w for w, taken in zip(atoms, marks, strict=True) if taken)
            for marks in product((0, 1), repeat=len(atoms))
        )
        return sum(comb(dust * cells, lack * cells) for lack in chosen if lack >= 0)

    return ways(3) > ways(2)


Criterion = Callable[[Sequence[int], int, int], bool]


def splits_dust(atoms: Sequence[int], dust: int, mass: int) -> bool:
    """Whether some set S of atoms leaves a proper part of the atomless part to be
    taken: mass - dust < P(S) < mass."""
    reachable = {0}
    for weight in atoms:
        reachable |= {total + weight for total in reachable}
    return any(mass - dust < total < mass for total in reachable)


def splits_dust_set_by_set(atoms: Sequence[int], dust: int, mass: int) -> bool:
    """The same, one set of atoms at a time: what it lacks is some of the atomless part
    and not all of it."""
    lacking = (mass - sum(chosen) for size in range(len(atoms) + 1) for chosen in combinations(atoms, size))
    return any(0 < lack < dust for lack in lacking)


def no_atoms(atoms: Sequence[int], dust: int, mass: int) -> bool:
    """The criterion that there is no atom at all."""
    return not atoms


def some_dust(atoms: Sequence[int], dust: int, mass: int) -> bool:
    """The criterion that there is an atomless part."""
    return dust > 0


def infinitely_many(criterion: tuple[Criterion, Criterion] = (splits_dust, splits_dust_set_by_set)) -> Enumeration:
    """There are infinitely many sets of the mass exactly if the criterion says so (in
    either of its two forms)."""
    first, second = criterion
    return Enumeration(
        "infinitely many sets exactly if some set of atoms leaves a proper part of the rest to be taken", every_atom_and_dust(),
        lambda i: _grows(i) == first(*i), lambda i: _grows_by_binomials(i) == second(*i),
    )  # fmt: skip


def least_overlap(n: int, k: int) -> int:
    """The least number of points that two sets of k among n points share, pair by
    pair."""
    sets = [sum(1 << i for i in chosen) for chosen in combinations(range(n), k)]
    return min((first & second).bit_count() for first in sets for second in sets)


def least_overlap_by_counting(n: int, k: int) -> int:
    """The same: the least j for which j points can be chosen inside a set of k and k -
    j outside it."""
    return min(j for j in range(k + 1) if comb(k, j) * comb(n - k, k - j) > 0)


def overlaps(most: int = 8) -> Enumeration:
    """Two sets of k of n equal cells have to share max(0, 2k - n) of them: some exactly
    if alpha < 1/2."""
    pairs = Family(
        f"pairs of n <= {most} cells and a number of them",
        lambda: ((n, k) for n in range(2, most + 1) for k in range(1, n)),
        most * (most - 1) // 2,
    )
    return Enumeration(
        "two members have to overlap exactly if alpha < 1/2", pairs,
        lambda i: least_overlap(*i) == max(0, 2 * i[1] - i[0]), lambda i: least_overlap_by_counting(*i) == max(0, 2 * i[1] - i[0]),
    )  # fmt: skip


# -- Cantor's distribution ------------------------------------------------------------------------------------------------


def cantor_by_digits(x: Fraction, depth: int) -> Fraction:
    """Cantor's distribution function at x in [0, 1], by ternary digits; exact where x
    is a multiple of 3**-depth."""
    value, half, rest = Fraction(0), Fraction(1, 2), x
    for _ in range(depth):
        rest *= 3
        digit = min(int(rest), 2)
        rest -= digit
        if digit == 1:
            return value + half
        value += half * (digit // 2)
        half /= 2
    return value + 2 * half * (rest >= 1)


def cantor_by_cylinders(x: Fraction, depth: int) -> Fraction:
    """The same by counting the 2**depth intervals of that generation, each of equal
    mass, that end at or before x."""
    return Fraction(sum(right <= x for _, right in cylinders(depth)), 2**depth)


@cache
def cylinders(depth: int) -> tuple[tuple[Fraction, Fraction], ...]:
    """The intervals of one generation of Cantor's construction, from left to right."""
    intervals = [(Fraction(0), Fraction(1))]
    for _ in range(depth):
        thirds = [(low, (high - low) / 3, high) for low, high in intervals]
        intervals = [part for low, step, high in thirds for part in ((low, low + step), (high - step, high))]
    return tuple(intervals)


def cantor_members(most: int = 4) -> Enumeration:
    """No density is needed: intervals between dyadic quantiles of Cantor's
    distribution, t and alpha multiples of 2**-depth."""

    def ends(depth: int, kept: int, first: int) -> tuple[Fraction, Fraction]:
        rights = [Fraction(0), *(right for _, right in cylinders(depth))]
        return rights[first], rights[first + kept]

    def holds(cdf: Callable[[Fraction, int], Fraction]) -> Callable[[tuple[int, int, int]], bool]:
        def decided(item: tuple[int, int, int]) -> bool:
            low, high = ends(*item)
            return cdf(high, item[0]) - cdf(low, item[0]) == Fraction(item[1], 2 ** item[0])

        return decided

    def listed() -> Iterator[tuple[int, int, int]]:
        return (
            (d, kept, first) for d in range(1, most + 1) for kept in range(1, 2**d) for first in range(2**d - kept + 1)
        )

    size = sum(2**d * (2**d + 1) // 2 - 1 for d in range(1, most + 1))
    family = Family(f"intervals between dyadic quantiles of Cantor's distribution, to 2^-{most}", listed, size)
    return Enumeration(
        "members for a distribution without a density", family, holds(cantor_by_digits), holds(cantor_by_cylinders)
    )
