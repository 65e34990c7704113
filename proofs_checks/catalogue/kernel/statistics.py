"""Statistics on trial: distances of empirical distribution functions and of mean
embeddings, for every small sample."""

from __future__ import annotations

import cmath
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import comb, sqrt
from typing import Any

import torch
from scipy import stats

from numerics.statistics.kolmogorov import UniformGrid, ks_over_cells, ks_two_sample
from numerics.statistics.two_samples import Embedding
from numerics.streams import Stream
from proofs_checks.kernel import Control, Enumeration, Family

__all__ = ["controls", "exact"]

MASSES = tuple(Fraction(k, 8) for k in (1, 3, 2, 2))
DRAWS, CELLS, POINTS, VALUES = 6, 8, 4, 4
ROUNDING = 2.0**-48  # a few sums and quotients of numbers of at most one
Lower = Callable[[UniformGrid], float]


def largest_gap(first: Sequence[Fraction], second: Sequence[Fraction]) -> Fraction:
    """The largest distance of the running sums of two lists of masses."""
    return max(abs(sum(first[:k], Fraction(0)) - sum(second[:k], Fraction(0))) for k in range(1, len(first) + 1))


def over_cells(statistic: Callable[..., float]) -> Enumeration:
    """Counts of six draws in four cells against their masses."""

    def computed(counts: tuple[int, ...]) -> float:
        return statistic(torch.tensor(counts), torch.tensor([float(m) for m in MASSES], dtype=torch.float64))

    def by_sums(counts: tuple[int, ...]) -> bool:
        return bool(abs(computed(counts) - largest_gap([Fraction(c, DRAWS) for c in counts], MASSES)) < ROUNDING)

    def by_draws(counts: tuple[int, ...]) -> bool:
        drawn = [cell for cell, count in enumerate(counts) for _ in range(count)]
        gaps = [abs(sum(d <= t for d in drawn) / DRAWS - float(sum(MASSES[: t + 1]))) for t in range(len(MASSES))]
        return abs(computed(counts) - max(gaps)) < ROUNDING

    members = lambda: (c for c in product(range(DRAWS + 1), repeat=len(MASSES)) if sum(c) == DRAWS)  # noqa: E731
    family = Family("counts of six draws in four cells", members, comb(DRAWS + len(MASSES) - 1, DRAWS))
    return Enumeration("distance over cells", family, by_sums, by_draws)


def on_a_grid(lower: Lower) -> Enumeration:
    """Samples in the middle of eight cells: the bracket's lower end is the largest
    distance on the cells' edges, and the distance lies in the bracket."""

    def grid(cells: tuple[int, ...]) -> UniformGrid:
        return UniformGrid(cells=CELLS).add(
            torch.tensor([(2 * k + 1) / (2 * CELLS) for k in cells], dtype=torch.float64)
        )

    def on_edges(cells: tuple[int, ...]) -> bool:
        masses = [Fraction(cells.count(k), POINTS) for k in range(CELLS)]
        return abs(lower(grid(cells)) - largest_gap(masses, [Fraction(1, CELLS)] * CELLS)) < ROUNDING

    def between(cells: tuple[int, ...]) -> bool:
        whole = stats.kstest([(2 * k + 1) / (2 * CELLS) for k in cells], "uniform", method="asymp").statistic
        low = lower(grid(cells))
        return bool(low - ROUNDING < whole < grid(cells).upper + ROUNDING and whole - low < 1 / (2 * CELLS) + ROUNDING)

    family = Family("samples of four points on eight cells", lambda: combinations_with_replacement(range(CELLS), POINTS), comb(CELLS + POINTS - 1, POINTS))  # fmt: skip
    return Enumeration("distance on a grid", family, on_edges, between)


def of_two_samples(statistic: Callable[..., float]) -> Enumeration:
    """Two samples of three values out of four."""
    samples = list(combinations_with_replacement(range(VALUES), 3))

    def computed(pair: tuple[Any, Any]) -> float:
        return statistic(*(torch.tensor(part, dtype=torch.float64) for part in pair))

    def by_sums(pair: tuple[Any, Any]) -> bool:
        masses = [[Fraction(part.count(v), 3) for v in range(VALUES)] for part in pair]
        return bool(abs(computed(pair) - largest_gap(*masses)) < ROUNDING)

    def by_ranks(pair: tuple[Any, Any]) -> bool:
        below = [[sum(x <= v for x in part) for v in range(VALUES)] for part in pair]
        return abs(3 * computed(pair) - max(abs(a - b) for a, b in zip(*below, strict=True))) < 3 * ROUNDING

    family = Family("pairs of samples of three values out of four", lambda: product(samples, repeat=2), comb(6, 3) ** 2)
    return Enumeration("distance of two samples", family, by_sums, by_ranks)


def of_embeddings(scale: Callable[[int], float]) -> Enumeration:
    """Two points of the plane: the distance of their features, T frequencies."""
    pair = Embedding(2, Stream(0), features=16)
    rows = pair.frequencies.T.tolist()
    places = [(0.5 * i, 1.0 - 0.25 * i) for i in range(5)]

    def computed(points: tuple[Any, Any]) -> float:
        found = Embedding(2, Stream(0), features=len(rows))
        for which, point in enumerate(points):
            found.add(torch.tensor([point], dtype=torch.float64), which)
        return found.distance * scale(len(rows))

    def angles(point: tuple[float, float]) -> list[float]:
        return [w[0] * point[0] + w[1] * point[1] for w in rows]

    def by_phases(points: tuple[Any, Any]) -> bool:
        gaps = [abs(cmath.exp(1j * a) - cmath.exp(1j * b)) ** 2 for a, b in zip(*map(angles, points), strict=True)]
        return abs(computed(points) - sqrt(sum(gaps) / len(gaps))) < ROUNDING

    def by_cosines(points: tuple[Any, Any]) -> bool:
        mean = sum(cmath.cos(a - b).real for a, b in zip(*map(angles, points), strict=True)) / len(rows)
        return abs(computed(points) ** 2 - 2 * (1 - mean)) < 4 * ROUNDING

    family = Family("pairs of five points of the plane", lambda: product(places, repeat=2), 25)
    return Enumeration("distance of mean embeddings", family, by_phases, by_cosines)


def exact(
    *,
    cells: Callable[..., float] = ks_over_cells,
    lower: Lower = lambda grid: grid.lower,
    pairs: Callable[..., float] = ks_two_sample,
    scale: Callable[[int], float] = lambda features: 1.0,
) -> list[Enumeration]:
    """Every statistic for every small sample."""
    return [over_cells(cells), on_a_grid(lower), of_two_samples(pairs), of_embeddings(scale)]


def half_over_cells(counts: Any, masses: Any) -> float:
    """Half of the largest distance."""
    return ks_over_cells(counts, masses) / 2


def half_of_two(first: Any, second: Any) -> float:
    """Half of the largest distance of two samples."""
    return ks_two_sample(first, second) / 2


def mean_on_edges(grid: UniformGrid) -> float:
    """The mean distance on the cells' edges."""
    below = grid.counts[0].cumsum(0) / grid.size
    return float((below - torch.arange(1, grid.cells + 1) / grid.cells).abs().mean())


controls = {
    "half-the-distance": [
        Control(exact, fails="distance over cells", cells=half_over_cells),
        Control(exact, fails="distance of two samples", pairs=half_of_two),
    ],
    "mean-for-the-largest": Control(exact, fails="distance on a grid", lower=mean_on_edges),
    "norm-without-its-root": Control(exact, fails="distance of mean embeddings", scale=lambda features: features**-0.5),
}
