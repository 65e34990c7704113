"""Symmetries of a point set in the plane, found from its coordinates: the isometries
that map it to itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations

import torch
from torch import Tensor

from numerics.errors import PrecisionError
from numerics.streams import Stream


class Indistinct(PrecisionError):
    """Points on one line, or so close together for their distance from the origin that
    rounding hides their shape."""


@dataclass(frozen=True)
class PlanarSymmetries:
    """What was measured on n points.

    Attributes:
        images: Every permutation of the points, int64, shape ``(n!, n)``, in
            lexicographic order.
        matrices: For each the linear map that comes nearest to it about the centre,
            shape ``(n!, 2, 2)``.
        misses: How far that map is from carrying the points so, over the least singular
            value of the points, shape ``(n!,)``.
        skews: How far it is from orthogonal, shape ``(n!,)``.
        error: Bound on the error of a matrix that belongs to a true symmetry, and on
            miss and skew together, in the Frobenius norm.
        group_error: Bound on the distance of the matrices of all true symmetries from
            one exact group of matrices, which need not be orthogonal.
    """

    images: Tensor
    matrices: Tensor
    misses: Tensor
    skews: Tensor
    error: float
    group_error: float

    @property
    def defects(self) -> Tensor:
        """Miss and skew, dimensionless, shape ``(n!,)``."""
        return self.misses + self.skews

    def position(self, permutation: tuple[int, ...]) -> int:
        """Where a permutation of the points stands."""
        return int((self.images == torch.tensor(permutation, device=self.images.device)).all(1).nonzero()[0])


def placed_points(shape: Tensor, scale: float, shift: float, stream: Stream) -> tuple[Tensor, float]:
    """Points turned by a random angle, scaled and shifted, and a bound on the rounding
    error of each coordinate.

    Args:
        shape: The points before, shape ``(n, 2)``, exact.
        scale: Positive factor. shift: Added to x, a third of it to y, so that the two
            are rounded on different grids.
    Accuracy:
        A coordinate is c + s (x cos a - y sin a): four roundings of numbers up to 2 s
        max|x|, and one of the sum, half a unit of |c| + 2 s max|x|. Errors of the
        cosine and the sine do no harm: any pair of numbers turns and scales, which
        leaves the symmetries as they are; nor do errors of c, the same for all points.

    >>> points, error = placed_points(torch.tensor([[0.0, 0.0], [3.0, 4.0]]), 2.0, 1.0, Stream(1))
    >>> round(float((points[1] - points[0]).norm()), 12), error < 1e-13
    (10.0, True)
    """
    angle = 2 * math.pi * stream.uniform(1)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    turn = torch.stack([torch.cat([cosine, -sine]), torch.cat([sine, cosine])])
    centre = torch.tensor([shift, shift / 3], dtype=turn.dtype, device=turn.device)
    points = centre + scale * (shape.to(turn) @ turn.mT)
    unit, size = torch.finfo(points.dtype).eps, 2 * scale * float(shape.abs().max())
    return points, unit * ((abs(shift) + size) / 2 + 2 * size)


def symmetries(points: Tensor, error: float) -> PlanarSymmetries:
    r"""Fit a linear map to each permutation of the points.

    With centred points as columns of P and their images Q, the map is :math:`A = Q P^T
    (P P^T)^{-1}`, exact where a symmetry exists. The defect is :math:`\|A P - Q\| /
    \sigma_{\min}(P) + \|A^T A - 1\|`.

    Args:
        points: Shape ``(n, 2)``, n at most 6, not on one line.
        error: Bound on the error of each coordinate.
    Raises:
        ValueError: too many points.
        Indistinct: points on one line, or known too coarsely.
    Accuracy:
        With :math:`d = \|\delta P\|_F / \sigma_{\min}(P)` a true symmetry's matrix
        moves by at most 3 d (1 + 2 d) in first and second order, plus rounding of the
        normal equations: n + 1 roundings for an entry of P P^T, three for its
        determinant and one for a quotient, magnified by the condition of P P^T, and n +
        4 for what they multiply. The defect moves by three times as much. Together the
        fitted matrices are nearer to a
        group: with P = L E + D, E orthonormal rows that span the centred points of the
            true figure and D orthogonal to them, a fit is
        :math:`(L \rho L^T + D \Pi D^T)(L L^T + D D^T)^{-1}`, which is :math:`L \rho
        L^{-1}` up to :math:`(1 + \kappa) d^2`, with
        :math:`\kappa` the condition of L.

    >>> square = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]).double()
    >>> int((symmetries(square, 1e-15).defects < 1e-9).sum())
    8
    """
    n = len(points)
    if n > 6:
        raise ValueError(f"Expected at most 6 points, got {n}: all {n}! permutations are tried.")
    centred = (points - points.mean(0)).mT
    sigma = torch.linalg.svdvals(centred)
    unit = torch.finfo(points.dtype).eps
    centring = (n + 3) / 4 * float(points.abs().max()) + float(
        centred.abs().max()
    )  # n - 1 partial sums, a quotient, a difference
    coordinate = 2 * error + unit * centring
    drift = math.sqrt(2 * n) * coordinate / float(sigma[-1]) if float(sigma[-1]) > 0 else math.inf
    if not drift < 0.05:
        raise Indistinct(
            "The points lie on one line, or are too close together for their distance from the origin at this precision. Use float64 or centre them."
        )
    images = torch.tensor(list(permutations(range(n))), device=points.device)
    targets = centred[:, images].movedim(1, 0)  # column k goes to column images[k]
    (a, b), (_, c) = centred @ centred.mT
    inverse = torch.stack([torch.stack([c, -b]), torch.stack([-b, a])]) / (a * c - b * b)
    fitted = targets @ centred.mT @ inverse
    eye = torch.eye(2, dtype=points.dtype, device=points.device)
    miss = torch.linalg.matrix_norm(fitted @ centred - targets) / sigma[-1]
    skews = torch.linalg.matrix_norm(fitted.mT @ fitted - eye)
    condition = float(sigma[0] / sigma[-1]) ** 2
    rounding = (8 * n + 40) * unit * condition
    one = 3 * drift * (1 + 2 * drift) + rounding
    kappa = math.sqrt(condition) * (1 + drift) / (1 - drift)
    return PlanarSymmetries(images, fitted, miss, skews, 3 * one, (1 + kappa) * drift**2 + rounding)


def distances(matrices: Tensor, others: Tensor) -> Tensor:
    """Frobenius distances of all pairs, shape ``(len(matrices), len(others))``.

    Args:
        matrices: Shape ``(m, d, d)``. others: Shape ``(k, d, d)``.

    >>> distances(torch.zeros(1, 2, 2), torch.ones(2, 2, 2))
    tensor([[2., 2.]])
    """
    return torch.linalg.matrix_norm(matrices[:, None] - others[None])
