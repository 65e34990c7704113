"""Eigenspaces of a Hermitian matrix under errors: the angles by which they turn against
the bounds of Davis and Kahan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.errors import PrecisionError
from numerics.representations.commutant import hermitian_noise
from numerics.rounding import gamma
from numerics.streams import Stream

PARTS = (0.01, 0.3, 0.9)  # |E| in units of half the gap
APPROACH = 0.9  # of the gap: the error that brings the next eigenvalue near without turning anything
DERIVATION = (
    "eigenvectors with residual r are those of a matrix within r (Frobenius), so that both sides of the angle are off by as much as the theorem gives for r; residuals are "
    "measured, products of nearly orthonormal columns are off by gamma_d sqrt(d) times their norms"
)


@dataclass(frozen=True)
class TurnedEigenspaces:
    """One eigenspace of a Hermitian matrix under several errors E.

    Attributes:
        gap: Distance of its eigenvalue to the nearest other one.
        sines: Sines of the angles to the eigenspace of A + E in its place, shape
            ``(errors,)``.
        errors: |E|, spectral norms.
        deltas: Distances of the eigenvalue to those of A + E outside the turned
            eigenspace.
        moved: How far rounding may have moved eigenvalues, and (over the gap)
            eigenvectors.
        exchange: Part of half the gap by which the last error makes two eigenvalues
            change places.
        dimension: d.
    """

    gap: float
    sines: Tensor
    errors: Tensor
    deltas: Tensor
    moved: float
    exchange: float
    dimension: int

    @property
    def bound(self) -> Bound:
        """On the sines."""
        products = 4 * gamma(self.dimension + 2, self.sines) * self.dimension
        return Bound({"eigenvectors": 8 * self.moved / self.gap, "products": products}, DERIVATION)

    def by_gap(self, constant: Fraction) -> Measurement:
        """What the sines exceed ``constant`` |E| / gap by.

        Raises:
            PrecisionError: the constant is nearer to 2 than rounding and the gap tell
                from 2.
        """
        mixed = self.moved / ((self.exchange - 1) * self.gap)  # sine by which rounding mixes the two that change places
        excess = 1 - mixed**2 - float(constant) * self.exchange / 2
        if constant < 2 and not (excess > 2 * sum(self.bound.terms.values()) and mixed < 0.5):
            raise PrecisionError(
                f"a constant of {constant} is nearer to 2 than this precision and this gap ({self.gap:.1e}) resolve: the exact route decides it"
            )
        return self._beyond(self.sines, float(constant) * self.errors / self.gap)

    def by_delta(self) -> Measurement:
        """What the sines exceed |E| / delta by; left out is the error that brings an
        eigenvalue near, where the bound is 9."""
        near = self.deltas < self.gap / 4
        return self._beyond(self.sines[~near], (self.errors / self.deltas)[~near])

    def gaps(self, *, chained: bool = False) -> Measurement:
        """What gap - |E| exceeds delta by, in units of the gap; ``chained``, a
        falsehood: what |E| / delta exceeds 2 |E| / gap by."""
        if chained:
            return self._beyond(self.errors / self.deltas, 2 * self.errors / self.gap)
        return self._beyond((self.gap - self.errors) / self.gap, self.deltas / self.gap)

    def _beyond(self, left: Tensor, right: Tensor) -> Measurement:
        return Measurement((left - right).clamp_min(0), self.bound, len(left))


def turned_eigenspaces(
    C: Tensor, basis: Tensor, sizes: tuple[int, ...], stream: Stream, *, exchange: float
) -> TurnedEigenspaces:
    """The eigenspace next to the least gap under random errors, the worst in one plane,
    one that only brings the next eigenvalue near, and one that makes the two change
    places.

    Args:
        C: Hermitian, shape ``(d, d)``. basis: Its eigenvectors, sorted. sizes:
            Dimensions of its eigenspaces, two at least.
        exchange: Part of half the gap, above 1, of the last error.
    """
    ends = [0, *torch.tensor(sizes).cumsum(0).tolist()]
    diagonal = torch.diagonal(basis.mH @ C @ basis).real
    values = torch.stack([diagonal[a:b].mean() for a, b in pairwise(ends)])
    k = int(values.diff().argmin())
    gap = float(values.diff()[k])
    base = (basis * torch.repeat_interleave(values, torch.tensor(sizes, device=values.device))) @ basis.mH
    P, first, second = basis[:, ends[k] : ends[k + 1]], basis[:, ends[k]], basis[:, ends[k + 1]]
    directions = [
        (d, part * gap / 2) for part in PARTS for d in (hermitian_noise(stream, C), _worst(first, second, part))
    ]
    directions += [(-_outer(second), APPROACH * gap), (_outer(first) - _outer(second), exchange * gap / 2)]
    sines, errors, deltas, residual = [], [], [], torch.linalg.matrix_norm(base @ P - values[k] * P)
    for direction, size in directions:
        E = direction * (size / torch.linalg.matrix_norm(direction, ord=2))
        found, vectors = torch.linalg.eigh(base + E)
        residual = torch.maximum(residual, torch.linalg.matrix_norm((base + E) @ vectors - vectors * found))
        order = (found - values[k]).abs().argsort()
        outside = order[sizes[k] :]
        sines.append(torch.linalg.matrix_norm(vectors[:, outside].mH @ P, ord=2))
        deltas.append((found - values[k]).abs()[outside[0]])
        errors.append(torch.linalg.matrix_norm(E, ord=2))
    d = C.shape[-1]
    moved = 2 * float(residual) + 4 * gamma(d + 2, C) * (float(torch.linalg.matrix_norm(base)) + gap) * d**0.5
    return TurnedEigenspaces(gap, torch.stack(sines), torch.stack(errors), torch.stack(deltas), moved, exchange, d)


def _outer(column: Tensor) -> Tensor:
    return torch.outer(column, column.conj())


def _worst(first: Tensor, second: Tensor, part: float) -> Tensor:
    """The direction of least |E| for its angle in the plane of two eigenvectors: [[-s,
    -c], [-c, s]] for sin 2t = part, on the way to 45 degrees."""
    t = math.asin(part) / 2
    s, c = math.sin(2 * t), math.cos(2 * t)
    plane = torch.stack([first, second], 1)
    return plane @ torch.tensor([[s, -c], [-c, -s]], dtype=plane.dtype, device=plane.device) @ plane.mH
