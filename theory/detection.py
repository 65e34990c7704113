r"""The area under a ROC curve, exactly: as a kernel on pairs, as pair counts, as the curve's own area; and laws on cells that maps stretch.

The area of a score u for inliers of law P and outliers of law Q is the expectation over independent pairs of

.. math:: K_\tau(u, v) = 1[u > v] + \tau\, 1[u = v],

where the weight of ties :math:`\tau` is one half. Whatever is true of the kernel at every pair is true of the area of every pair of laws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product

import sympy as sp

HALF = Fraction(1, 2)
PAIRS = sp.Symbol("n", integer=True, positive=True)
AREA, MASS = sp.Function("A", real=True), sp.Function("M", real=True)  # of the first n pairs of atoms
Exact = Fraction | int
Scores = Sequence[Exact]


# -- by symbols ---------------------------------------------------------------------------------------------------------


def kernel(u: sp.Expr, v: sp.Expr, ties: sp.Expr = sp.S.Half) -> sp.Expr:
    r""":math:`K_\tau(u, v)` through the sign of u - v: (sgn^2 + sgn)/2 + tau (1 - sgn^2).

    >>> v, d = sp.symbols("v d", positive=True)
    >>> kernel(v + d, v), kernel(v, v), kernel(v, v + d)
    (1, 1/2, 0)
    """
    sign = sp.sign(sp.factor(sp.together(u - v)))
    return (sign**2 + sign) / 2 + ties * (1 - sign**2)


def orders(low: sp.Symbol, gap: sp.Symbol) -> dict[str, tuple[sp.Expr, sp.Expr]]:
    """The three ways in which two positive numbers can stand to each other: any pair is one of these, for some ``low, gap > 0``."""
    return {"u > v": (low + gap, low), "u = v": (low, low), "u < v": (low, low + gap)}


def one_more_pair(
    weight: sp.Expr, kernels: tuple[sp.Expr, sp.Expr], law: Callable[[sp.Expr, sp.Expr], sp.Expr]
) -> tuple[sp.Expr, sp.Expr]:
    """The induction over pairs of atoms: two accounts of the area after a change of scores, when a pair of joint weight ``weight`` is added.

    With area A(n) and mass M(n) of the first n pairs, and ``law(A(n), M(n))`` the area after the change by hypothesis, the pair adds
    ``weight`` to the mass and ``weight`` times its kernels, before and after, to the areas.

    Returns:
        The area after the change of n + 1 pairs, and what the law claims of it: ``law(A(n + 1), M(n + 1))``.
    """
    area, mass = AREA(PAIRS), MASS(PAIRS)
    return law(area, mass) + weight * kernels[1], law(area + weight * kernels[0], mass + weight)


# -- by counting --------------------------------------------------------------------------------------------------------


def area_by_pairs(scores: Scores, inliers: Scores, outliers: Scores, ties: Exact = HALF) -> Fraction:
    """The expectation of the kernel: over all pairs of places, weighted by the masses that the two laws give to them.

    Args:
        scores: One for each place. inliers, outliers: Nonnegative masses of the places, not all zero.
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
    """The same number as an area: the threshold is lowered level by level, and the curve of true against false positives integrated.

    Where several places share a level the curve takes a slanted step; ``ties`` is the height, within the step, at which it is counted (one half
    makes trapezia).
    """
    steps: dict[Exact, list[Exact]] = {}
    for level, rise, run in zip(scores, inliers, outliers, strict=True):
        step = steps.setdefault(level, [0, 0])
        step[0] += rise
        step[1] += run
    below: Exact = 0
    slanted: Exact = 0
    positives: Exact = 0
    for level in sorted(steps, reverse=True):
        rise, run = steps[level]
        below += run * positives
        slanted += run * rise
        positives += rise
    return Fraction(below + ties * slanted) / (sum(inliers) * sum(outliers))


def weak_orders(n: int) -> Iterator[tuple[int, ...]]:
    """Every way to rank n things with ties: surjections onto 1..k for each k; there are 1, 3, 13, 75, 541, 4683, ... of them."""
    for levels in product(range(1, n + 1), repeat=n):
        if set(levels) == set(range(1, max(levels) + 1)):
            yield levels


@dataclass(frozen=True)
class Sample:
    """Points in a row, ranked with ties; the first ``inliers`` of them are inliers and the rest outliers."""

    ranks: tuple[int, ...]
    inliers: int

    def area(self, scores: Scores, ties: Exact = HALF, *, by: Callable[..., Fraction] = area_by_pairs) -> Fraction:
        """The area of other scores of the same points."""
        inside = [int(k < self.inliers) for k in range(len(scores))]
        return by(scores, inside, [1 - k for k in inside], ties)


def ranked_samples(largest: int) -> Iterator[Sample]:
    """Every ranking with ties of every sample of at most ``largest`` points with an inlier and an outlier."""
    for n in range(2, largest + 1):
        for ranks in weak_orders(n):
            for inliers in range(1, n):
                yield Sample(ranks, inliers)


def staircase(inliers: int, outliers: int, half_wins: int) -> tuple[int, ...]:
    """Ranks under which wins count 2 and ties 1, ``half_wins`` in all: outliers at 2, 4, .., 2m, inliers stepped up one by one.

    Raises:
        ValueError: more half wins than twice the pairs.
    """
    most = 2 * outliers
    if not 0 <= half_wins <= most * inliers:
        raise ValueError(f"Expected 0 to {most * inliers} half wins for {inliers} x {outliers} pairs, got {half_wins}.")
    full, rest = divmod(half_wins, most)
    placed = [most] * full + [rest] + [0] * inliers
    return (*(1 + steps for steps in placed[:inliers]), *(2 * (j + 1) for j in range(outliers)))


# -- laws on cells ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cells:
    """A law that is uniform on each of finitely many intervals, and a law of outliers on the same intervals.

    Args:
        masses: Of the inliers, nonnegative. volumes: Lengths of the intervals, positive. outliers: Masses, nonnegative.
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

    def moved(self, score: Callable[[Fraction], Exact]) -> Cells:
        """The same laws after the piecewise affine bijection of slope p/s; cells without mass keep their length, for there p/s = 0 is no slope."""
        volumes = tuple(
            Fraction(v) * p / Fraction(score(p)) if p > 0 else Fraction(v)
            for v, p in zip(self.volumes, self.densities, strict=True)
        )
        return Cells(self.masses, volumes, self.outliers)

    def area(self, ties: Exact = HALF, *, by: Callable[..., Fraction] = area_by_pairs) -> Fraction:
        """The area under the ROC curve of the density."""
        return by(self.densities, self.masses, self.outliers, ties)

    def threshold_sets(self) -> list[tuple[bool, ...]]:
        """{p > t} for a t below, at and between all levels of the density, as a mark for each cell with mass."""
        levels = sorted({p for p in self.densities if p > 0})
        cuts = [levels[0] / 2, *levels, *((a + b) / 2 for a, b in pairwise(levels)), levels[-1] + 1]
        return [tuple(p > cut for p in self.densities if p > 0) for cut in cuts]


def cell_laws(cells: int, *, masses: Sequence[int] = (1, 2), lengths: Sequence[int] = (1, 2, 3)) -> Iterator[Cells]:
    """Every law with the given masses and lengths, each with outliers on one cell, on all alike, and spread as 1, 2, 3, ..."""
    lone = [tuple(int(i == j) for i in range(cells)) for j in range(cells)]
    for m in product(masses, repeat=cells):
        if any(m):
            for v in product(lengths, repeat=cells):
                for q in (*lone, (1,) * cells, tuple(range(1, cells + 1))):
                    yield Cells(m, v, q)
