r"""The area under a ROC curve, exactly: as a kernel on pairs, as pair counts, as the
curve's own area; and distributions on cells that maps stretch.

The area of a score u for inliers from P and outliers from Q is the expectation over
independent pairs of

.. math:: K_\tau(u, v) = 1[u > v] + \tau\, 1[u = v],

where the weight of ties :math:`\tau` is one half. Whatever is true of the kernel at
every pair is true of the area of every pair of distributions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from math import comb
from typing import Any

import sympy as sp

from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion

HALF = Fraction(1, 2)
Exact = Fraction | int
Scores = Sequence[Exact]


# -- by symbols ---------------------------------------------------------------------------------------------------------


def kernel(u: sp.Expr, v: sp.Expr, ties: sp.Expr = sp.S.Half) -> sp.Expr:
    r""":math:`K_\tau(u, v)` through the sign of u - v: (sgn^2 + sgn)/2 + tau (1 -
    sgn^2).

    >>> v, d = sp.symbols("v d", positive=True)
    >>> kernel(v + d, v), kernel(v, v), kernel(v, v + d)
    (1, 1/2, 0)
    """
    sign = sp.sign(u - v)
    return (sign**2 + sign) / 2 + ties * (1 - sign**2)


def orders(low: sp.Symbol, gap: sp.Symbol) -> dict[str, tuple[sp.Expr, sp.Expr]]:
    """The three ways in which two positive numbers can stand to each other: any pair is
    one of these, for some ``low, gap > 0``."""
    return {"u > v": (low + gap, low), "u = v": (low, low), "u < v": (low, low + gap)}


# -- by counting --------------------------------------------------------------------------------------------------------


def area_by_pairs(scores: Scores, inliers: Scores, outliers: Scores, ties: Exact = HALF) -> Fraction:
    """The expectation of the kernel: over all pairs of places, weighted by the masses
    that the two distributions give to them.

    Args:
        scores: One for each place. inliers, outliers: Nonnegative masses of the places,
            not all zero.
    """
    wins: Exact = 0
    tied: Exact = 0
    for u, p in zip(scores, inliers, strict=True):
        for v, q in zip(scores, outliers, strict=True):
            if u > v:
                wins += p * q
            elif u == v:
                tied += p * q
    return Fraction(wins + ties * tied) / (sum(inliers) * sum(outliers))


def area_by_curve(scores: Scores, inliers: Scores, outliers: Scores, ties: Exact = HALF) -> Fraction:
    """The same number as an area: the threshold is lowered level by level, and the
    curve of true against false positives integrated.

    Where several places share a level the curve takes a diagonal step; ``ties`` is the
    height, within the step, at which it is counted (one half makes trapezia).
    """
    steps: dict[Exact, list[Exact]] = {}
    for level, rise, run in zip(scores, inliers, outliers, strict=True):
        step = steps.setdefault(level, [0, 0])
        step[0] += rise
        step[1] += run
    below: Exact = 0
    tied_pairs: Exact = 0
    positives: Exact = 0
    for level in sorted(steps, reverse=True):
        rise, run = steps[level]
        below += run * positives
        tied_pairs += run * rise
        positives += rise
    return Fraction(below + ties * tied_pairs) / (sum(inliers) * sum(outliers))


def weak_orders(n: int) -> Iterator[tuple[int, ...]]:
    """Every way to rank n things with ties: surjections onto 1..k for each k; there are
    1, 3, 13, 75, 541, 4683, ... of them."""
    for levels in product(range(1, n + 1), repeat=n):
        if set(levels) == set(range(1, max(levels) + 1)):
            yield levels


def ordered_bell_number(n: int) -> int:
    """How many rankings with ties n things have, by the recursion on the size of the
    first group."""
    return 1 if n == 0 else sum(comb(n, k) * ordered_bell_number(n - k) for k in range(1, n + 1))


@dataclass(frozen=True)
class Sample:
    """Points in a row, ranked with ties; the first ``inliers`` of them are inliers and
    the rest outliers."""

    ranks: tuple[int, ...]
    inliers: int

    def area(self, scores: Scores, ties: Exact = HALF, *, by: Callable[..., Fraction] = area_by_pairs) -> Fraction:
        """The area of other scores of the same points."""
        inside = [int(k < self.inliers) for k in range(len(scores))]
        return by(scores, inside, [1 - k for k in inside], ties)


def ranked_samples(largest: int) -> Family:
    """Every ranking with ties of every sample of at most ``largest`` points with an
    inlier and an outlier."""
    return Family(
        f"rankings with ties of 2 to {largest} points, inliers and outliers",
        lambda: (
            Sample(ranks, inliers) for n in range(2, largest + 1) for ranks in weak_orders(n) for inliers in range(1, n)
        ),
        sum(ordered_bell_number(n) * (n - 1) for n in range(2, largest + 1)),
    )


def staircase(inliers: int, outliers: int, half_wins: int) -> tuple[int, ...]:
    """Ranks under which wins count 2 and ties 1, ``half_wins`` in all: outliers at 2,
    4, .., 2m, inliers stepped up one by one.

    Raises:
        ValueError: more half wins than twice the pairs.
    """
    most = 2 * outliers
    if not 0 <= half_wins <= most * inliers:
        raise ValueError(f"Expected 0 to {most * inliers} half wins for {inliers} x {outliers} pairs, got {half_wins}.")
    full, rest = divmod(half_wins, most)
    placed = [most] * full + [rest] + [0] * inliers
    return (*(1 + steps for steps in placed[:inliers]), *(2 * (j + 1) for j in range(outliers)))


# -- distributions on cells ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cells:
    """A distribution that is uniform on each of finitely many intervals, and one of
    outliers on the same intervals.

    Args:
        masses: Of the inliers, nonnegative. volumes: Lengths of the intervals,
            positive. outliers: Masses, nonnegative.
    """

    masses: tuple[int, ...]
    volumes: tuple[Exact, ...]
    outliers: tuple[int, ...]

    @property
    def densities(self) -> tuple[Fraction, ...]:
        """Mass over volume, cell by cell."""
        return tuple(Fraction(m) / Fraction(v) for m, v in zip(self.masses, self.volumes, strict=True))

    @property
    def outliers_inside(self) -> bool:
        """Whether the outliers lie in {p > 0}."""
        return all(m > 0 for m, q in zip(self.masses, self.outliers, strict=True) if q > 0)

    def push_forward(self, score: Callable[[Fraction], Exact]) -> Cells:
        """The same distributions after the piecewise affine bijection of slope p/s;
        cells without mass keep their length, for there p/s = 0 is no slope."""
        volumes = tuple(
            Fraction(v) * p / Fraction(score(p)) if p > 0 else Fraction(v)
            for v, p in zip(self.volumes, self.densities, strict=True)
        )
        return Cells(self.masses, volumes, self.outliers)

    def area(self, ties: Exact = HALF, *, by: Callable[..., Fraction] = area_by_pairs) -> Fraction:
        """The area under the ROC curve of the density."""
        return by(self.densities, self.masses, self.outliers, ties)

    def upper_sets(self, least: Exact = 0) -> list[tuple[int, ...]]:
        """{p > t} for t at ``least`` and at and between all levels of the density: the
        numbers of the cells, and -1 for all places outside the cells."""
        levels = sorted({p for p in self.densities if p > 0})
        cuts = [Fraction(least), levels[0] / 2, *levels, *((a + b) / 2 for a, b in pairwise(levels)), levels[-1] + 1]
        places = [*enumerate(self.densities), (-1, Fraction(0))]
        return [tuple(k for k, p in places if p > cut) for cut in cuts]


def cell_distributions(
    cells: int, *, masses: Sequence[int] = (1, 2), lengths: Sequence[int] = (1, 2, 3)
) -> Iterator[Cells]:
    """Every distribution with the given masses and lengths, each with outliers on one
    cell, on all alike, and spread as 1, 2, 3, ..."""
    lone = [tuple(int(i == j) for i in range(cells)) for j in range(cells)]
    for m in product(masses, repeat=cells):
        if any(m):
            for v in product(lengths, repeat=cells):
                for q in (*lone, (1,) * cells, tuple(range(1, cells + 1))):
                    yield Cells(m, v, q)


# -- what becomes of the area when every density u is replaced by score(u) ------------------------------------------------

Claimed = Callable[..., Any]  # from (area before, whole mass) to the area after


@dataclass(frozen=True)
class Rescored:
    """The claim that replacing every density u by ``score(u)`` takes an area A of pairs
    of mass M to ``claimed(A, M)``; ties count ``ties``.

    Args:
        log_score: From log p to log s, for symbols.
    """

    log_score: Callable[[sp.Expr], sp.Expr]
    claimed: Claimed
    ties: Exact = HALF

    def score(self, density: Any) -> Any:
        """The density of the image where the data have this one."""
        return sp.exp(self.log_score(sp.log(density)))

    def at_a_point(self, score: Callable[[sp.Expr], sp.Expr]) -> Equation:
        """The score, as its logarithm gives it, is the ``score`` that is meant."""
        u = sp.Symbol("u", positive=True)
        return Equation("the score of a point", self.score(u), score(u))

    def kernels(self) -> dict[str, tuple[sp.Expr, sp.Expr]]:
        """For each order of two densities: the kernel of the pair, and that of the pair
        of their images."""
        ties = sp.Rational(self.ties)
        pairs = orders(*sp.symbols("v d", positive=True))
        return {o: (kernel(u, v, ties), kernel(self.score(u), self.score(v), ties)) for o, (u, v) in pairs.items()}

    def of_a_pair(self) -> list[Equation]:
        """The kernel of each pair becomes what is claimed."""
        kernels = self.kernels()
        return [
            Equation(f"kernel of the scores of a pair with {o}", k[1], self.claimed(k[0])) for o, k in kernels.items()
        ]

    def of_sums_over_pairs(self) -> Induction:
        """Areas of distributions with any finite number of atoms, of any weights: by
        adding one pair of atoms at a time.

        The i-th pair weighs a(i), b(i) or c(i) according to its order, the other two
        being zero; with the area A and the mass M of the first n pairs, the area after
        the change is B.
        """
        n, i = sp.Symbol("n", integer=True, positive=True), sp.Symbol("i", integer=True)
        weights = [sp.Function(name, real=True) for name in "abc"]
        before, after, mass = (sp.Function(name, real=True) for name in "ABM")
        kernels = list(self.kernels().values())

        def sums(values: Callable[[tuple[sp.Expr, sp.Expr]], sp.Expr], head: Any) -> Recursion:
            def term(k: sp.Expr) -> sp.Expr:
                return sp.Add(*(w(k) * values(pair) for w, pair in zip(weights, kernels, strict=True)))

            return Recursion(head(n), (term(sp.S.One),), head(n) + term(n + 1), lambda k: sp.Sum(term(i), (i, 1, k)))

        objects = (sums(lambda k: k[0], before), sums(lambda k: k[1], after), sums(lambda k: sp.S.One, mass))
        claim = Equation("", after(n), self.claimed(before(n), mass(n)))
        return Induction("areas, pair by pair of atoms", n, (claim,), objects)

    def of_rankings(self, largest: int, score: Callable[[Fraction], Exact]) -> Enumeration:
        """Every ranking with ties of up to ``largest`` points, scored anew by
        ``score``."""

        def holds(by: Callable[..., Fraction]) -> Callable[[Sample], bool]:
            return lambda s: (
                s.area([score(Fraction(r)) for r in s.ranks], self.ties, by=by)
                == self.claimed(s.area(s.ranks, self.ties, by=by))
            )

        return Enumeration(
            "areas of ranked points", ranked_samples(largest), holds(area_by_pairs), holds(area_by_curve)
        )

    def of_cells(self, family: Family, score: Callable[[Fraction], Exact]) -> Enumeration:
        """Distributions whose density is their mass over lengths that the map has
        changed."""

        def holds(by: Callable[..., Fraction]) -> Callable[[Cells], bool]:
            return lambda cells: (
                cells.push_forward(score).area(self.ties, by=by) == self.claimed(cells.area(self.ties, by=by))
            )

        name = "areas of distributions on cells, stretched by p/s"
        return Enumeration(name, family, holds(area_by_pairs), holds(area_by_curve))


def every_area_is_attained(most: int) -> Enumeration:
    """Any area is some score's: a positive continuous function takes any values at
    finitely many points, and any such is a density."""

    def reached(by: Callable[..., Fraction]) -> Callable[[tuple[int, int, int]], bool]:
        def holds(item: tuple[int, int, int]) -> bool:
            n, m, k = item
            ranks = staircase(n, m, k)
            return Sample(ranks, n).area(ranks, by=by) == Fraction(k, 2 * n * m)

        return holds

    family = Family(
        f"areas k/2nm of n inliers and m outliers, n, m <= {most}",
        lambda: ((n, m, k) for n in range(1, most + 1) for m in range(1, most + 1) for k in range(2 * n * m + 1)),
        2 * (most * (most + 1) // 2) ** 2 + most**2,
    )
    return Enumeration("every area is attained by some ranking", family, reached(area_by_pairs), reached(area_by_curve))


def outliers_inside() -> Family:
    """Distributions on three cells, each of positive mass: wherever the outliers fall,
    they lie in {p > 0}."""
    return Family("distributions on three cells, with outliers inside", lambda: cell_distributions(3), 2**3 * 3**3 * 5)


def outliers_outside() -> Family:
    """Distributions on three cells of which some have no mass, with outliers there: on
    a lone cell without mass, or spread over all cells."""
    alone = 3 * (3**2 - 1) * 2**3  # one cell without mass holds the outliers
    spread = 2 * (3**3 - 2**3 - 1) * 2**3
    return Family(
        "distributions on three cells, with outliers outside",
        lambda: (
            cells for cells in cell_distributions(3, masses=(0, 1, 2), lengths=(1, 2)) if not cells.outliers_inside
        ),
        alone + spread,
    )


def one_level(here: sp.Expr, there: sp.Expr, ties: Exact = HALF) -> list[Equation]:
    """What a constant density says of two points with densities ``here`` and ``there``:
    one value, one membership in {p_f > lambda}, a tie."""
    level = sp.Symbol("lambda", real=True)
    inside = [kernel(density, level, sp.S.Zero) for density in (here, there)]
    return [
        Equation("the density of the image at two points", here, there),
        Equation("membership of two points in {p_f > lambda}", *inside),
        Equation("kernel of two points", kernel(here, there, sp.Rational(ties)), sp.S.Half),
    ]


def one_threshold_set(family: Family, score: Callable[[Fraction], Exact], least: Exact = 0) -> Enumeration:
    """After the map every set {p > t} with t >= ``least`` is empty or consists of all
    cells with mass."""
    return Enumeration(
        "threshold sets are empty or everything", family,
        lambda cells: all(marks in ((), _charged(cells)) for marks in cells.push_forward(score).upper_sets(least)),
        lambda cells: least >= 0 and len({p for p in cells.push_forward(score).densities if p > 0}) == 1,
    )  # fmt: skip


def _charged(cells: Cells) -> tuple[int, ...]:
    return tuple(k for k, mass in enumerate(cells.masses) if mass > 0)
