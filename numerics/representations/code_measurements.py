"""Codes with a known spectrum, measured: interaction, the distance to the nearest
disentangled codes against an exhaustive choice, and dimensions from matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, combinations

import torch

from numerics.bounds import Bound, Measurement
from numerics.representations.complements import random_orthogonal
from numerics.representations.factor_means import FactorMeans, turned_blocks
from numerics.representations.grid_codes import (
    Nearest,
    Piece,
    Wave,
    codes_of_waves,
    effects,
    interaction,
    interaction_error,
    nearest_disentangled,
    transform_error,
)
from numerics.rounding import gamma
from numerics.streams import Stream

SVD_FACTOR = 64
Spectrum = Sequence[Sequence[int]]  # for each wave one frequency a factor


def separate_waves(chosen: Spectrum) -> list[tuple[int, ...]]:
    """From the frequencies of each factor to waves that depend on that factor alone.

    >>> separate_waves([[1, 2], [3]])
    [(1, 0), (2, 0), (0, 3)]
    """
    k = len(chosen)
    return [tuple(f if j == i else 0 for j in range(k)) for i, own in enumerate(chosen) for f in own]


def mixed_waves(chosen: Spectrum) -> list[tuple[int, ...]]:
    """The same with the first frequencies of the first two factors in one wave.

    >>> mixed_waves([[1, 2], [3]])
    [(1, 3), (2, 0)]
    """
    first, second, *rest = chosen
    joint = (first[0], second[0], *(0 for _ in rest))
    return [joint, *separate_waves([first[1:], second[1:], *rest])]


class MeasuredCodes:
    """One orbit of codes of the given waves in d dimensions, with random columns.

    Args:
        sizes: n_1, .., n_k. waves: One frequency a factor for each wave.
        d: Dimension of the code. stream: Source of columns and mean.
    """

    def __init__(self, sizes: Sequence[int], waves: Spectrum, d: int, stream: Stream) -> None:
        self.sizes, self.mean = tuple(sizes), stream.normal(d)
        self.waves = [Wave(tuple(f), stream.normal(d, 2)) for f in waves]
        self.codes, self.error = codes_of_waves(self.sizes, self.waves, self.mean)
        self.norm = float(self.codes.square().sum().sqrt()) * (1 + 2.0**-40)

    def interaction(self) -> Measurement:
        """The Frobenius norm of what no sum of functions of one factor explains."""
        terms = {"codes": self.error, "averages": interaction_error(self.codes) * self.norm}
        note = "taking the additive part away is an orthogonal projection, so that an error of the codes does not grow; averages as derived in grid_codes"
        size = float(interaction(self.codes).square().sum().sqrt())
        return Measurement(size, Bound(terms, note), self.codes.numel())

    def energy_of_mixed_waves(self) -> Measurement:
        """The interaction's norm, two rows of the first factor at a time, against that of
        the waves that depend on two factors: averages over either factor lose them
        whole."""
        points, mixed = math.prod(self.sizes), [w for w in self.waves if sum(map(bool, w.frequencies)) > 1]
        energies = [w.columns[:, 0].square().sum() if self._is_half(w) else w.columns.square().sum() / 2 for w in mixed]
        found = effects(self.codes, tile=2 * self.codes[0, 0].numel())
        terms = {"codes": self.error, "averages": interaction_error(self.codes) * self.norm}
        note = "taking the additive part away is an orthogonal projection, so that an error of the codes does not grow; averages as derived in grid_codes"
        off = abs(math.sqrt(found.interaction) - math.sqrt(points * sum(map(float, energies))))
        return Measurement(off, Bound(terms, note), self.codes.numel())

    def _is_half(self, wave: Wave) -> bool:
        """Whether a wave is its own conjugate: a cosine of mean square 1."""
        return all(2 * f % n == 0 for f, n in zip(wave.frequencies, self.sizes, strict=True))

    def distance(self, room: int, expected: Callable[[Sequence[Piece], int], float], cost: int = 2) -> Measurement:
        """The distance to the nearest disentangled codes in ``room`` dimensions against
        that expected of the amplitudes.

        Args:
            room: Dimensions. expected: From pieces and room to the energy lost.
            cost: Dimensions that a pair of conjugate frequencies is held to take.
        """
        two_rows = 2 * self.codes[0, 0].numel()
        found: Nearest = nearest_disentangled(self.codes, dimensions=room, tile=two_rows)
        lost = expected(self._amplitudes(cost), room)
        terms = {"codes": self.error, "transform": transform_error(self.codes, range(len(self.sizes))) * self.norm}
        note = "a distance to a set changes by no more than the codes; coefficients as derived in grid_codes; one orbit has one singular value a frequency, a norm"
        return Measurement(abs(found.distance - math.sqrt(lost)), Bound(terms, note), self.codes.numel())

    def distance_of_two_orbits(self, room: int, expected: Callable[[Sequence[Piece], int], float]) -> Measurement:
        """The same for two orbits in orthogonal spaces, the second half as large, in
        which the matrix of a frequency has orthogonal rows: its singular values are
        their norms, and each takes dimensions of its own.

        Args:
            room: Dimensions. expected: From pieces and room to the energy lost.
        """
        apart = torch.zeros_like(self.codes)
        both = torch.cat([torch.cat([self.codes, apart], -1), torch.cat([apart, self.codes / 2], -1)])
        found = nearest_disentangled(both, dimensions=room)
        first = self._amplitudes(2)
        lost = expected([*first, *(replace(piece, energy=piece.energy / 4) for piece in first)], room)
        norm = 1.25 * self.norm
        terms = {
            "codes": 1.25 * self.error,
            "transform": transform_error(both, range(len(self.sizes))) * norm,
            "singular values": SVD_FACTOR * both.shape[-1] ** 1.5 * gamma(1, both) * norm,
        }
        note = (
            "as for one orbit, with 1.25 > sqrt(1 + 1/4) for the sizes of both; a computed singular value decomposition is that of a matrix nearby "
            "(Golub & Van Loan 2013, 5.4), with a factor that is taken to be below 64 d^(3/2)"
        )
        bound = Bound(terms, note, estimated=("singular values",), assumes=("singular values are backward stable",))
        return Measurement(abs(found.distance - math.sqrt(lost)), bound, both.numel())

    def _amplitudes(self, cost: int) -> list[Piece]:
        """The pieces by the columns alone: a cosine and a sine have mean square 1/2, but
        for half of n, where there is one wave of mean square 1."""
        points = math.prod(self.sizes)
        out = [Piece(None, 0, points * float(self.mean.square().sum()), 1)]
        for wave in self.waves:
            active = [i for i, f in enumerate(wave.frequencies) if f]
            half = self._is_half(wave)
            energy = points * float(wave.columns[:, 0].square().sum() if half else wave.columns.square().sum() / 2)
            out.append(
                Piece(active[0] if len(active) == 1 else None, max(wave.frequencies), energy, 1 if half else cost)
            )
        return out


def least_loss(listed: Sequence[Piece], room: int) -> float:
    """The least energy lost, by trying every set of pieces that fits.

    >>> least_loss([Piece(0, 1, 3.0, 2), Piece(1, 1, 2.0, 1)], 2)
    2.0
    """
    subsets = chain.from_iterable(combinations(listed, m) for m in range(len(listed) + 1))
    kept = max(sum(p.energy for p in chosen) for chosen in subsets if sum(p.cost for p in chosen) <= room)
    return sum(p.energy for p in listed) - kept


def nothing_lost(listed: Sequence[Piece], room: int) -> float:
    """The falsehood that additive codes are disentangled whatever the dimension."""
    return 0.0


def entangled_dimension(
    orders: Sequence[int],
    waves: Spectrum,
    trivial: int,
    stream: Stream,
    dimension: Callable[[Sequence[float], float], float],
) -> Measurement:
    """d minus the dimension claimed of the means of traces, for matrices that turn one
    plane by each wave.

    Args:
        orders: n_1, .., n_k. waves: One frequency a factor for each plane.
        trivial: Fixed dimensions. stream: Source of the basis.
        dimension: From the Fix(G_-i) and Fix(G) to the disentangled dimension.
    """
    Q = random_orthogonal(2 * len(waves) + trivial, stream)
    factors, error = turned_blocks(orders, waves, trivial, Q)
    means = FactorMeans.of(factors, error)
    _, bound = means.entangled_dimension()
    others, everything = [v for v, _ in means.fixed_by_others()], means.fixed_by_all()[0]
    return Measurement(abs(len(Q) - dimension(others, everything)), bound, sum(len(part) for part in factors))


def sum_of_fixed(fixed: Sequence[float], fixed_by_all: float) -> float:
    """sum_i Fix(G_-i) - (k - 1) Fix(G).

    >>> sum_of_fixed([2.0, 2.0], 1.0)
    3.0
    """
    return sum(fixed) - (len(fixed) - 1) * fixed_by_all


def sum_uncorrected(fixed: Sequence[float], fixed_by_all: float) -> float:
    """The falsehood sum_i Fix(G_-i), which counts the vectors fixed by all k times."""
    return sum(fixed)


__all__ = [
    "MeasuredCodes", "entangled_dimension", "least_loss", "mixed_waves", "nothing_lost", "separate_waves", "sum_of_fixed", "sum_uncorrected",
]  # fmt: skip
