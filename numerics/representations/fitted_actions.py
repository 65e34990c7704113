"""Linear actions fitted to codes before and after a step: by least squares, with what
they miss, how far they are from closing up, and how far two of them are from acting on
subspaces of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.rounding import gamma

RESOLVED = 0.1  # sines of angles below which nothing is told apart, where errors are that large


@dataclass(frozen=True)
class FittedAction:
    """The matrix R of least |R z - z'|, on the span of the codes z.

    Attributes:
        matrix: Shape ``(d, d)``; codes are rows, and R acts on columns.
        residual: |R z - z'| over |z'|, Frobenius norms.
        rank: The dimension that the codes z span, as computed.
    """

    matrix: Tensor
    residual: float
    rank: int


def fit_action(before: Tensor, after: Tensor, *, floor: float = 0.0) -> FittedAction:
    """Least squares by singular values; directions below the floor are left out.

    Args:
        before, after: Codes, shape ``(N, d)`` each.
        floor: Relative size below which a direction of the codes is rounding; a unit
            of roundoff for each row at least.

    >>> z = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).double()
    >>> fit_action(z, z.flip(1)).matrix.round() + 0
    tensor([[0., 1.],
            [1., 0.]], dtype=torch.float64)
    """
    U, sizes, V = torch.linalg.svd(before, full_matrices=False)
    least = max(floor, gamma(max(before.shape), before)) * float(sizes[0]) if len(sizes) else 0.0
    kept = sizes > least
    inverse = torch.where(kept, 1 / torch.where(kept, sizes, 1.0), 0.0)
    matrix = (V.mT @ (inverse[:, None] * (U.mT @ after))).mT
    norm = float(torch.linalg.matrix_norm(after))
    miss = float(torch.linalg.matrix_norm(before @ matrix.mT - after))
    return FittedAction(matrix, miss / norm if norm > 0 else 0.0, int(kept.sum()))


@dataclass(frozen=True)
class Span:
    """A subspace as computed: an orthonormal basis in columns ``(d, rank)``, and the sine
    of the largest angle by which rows that are off by the floor can turn it."""

    basis: Tensor
    error: float

    @property
    def rank(self) -> int:
        """Its dimension."""
        return self.basis.shape[1]


def span(rows: Tensor, floor: float) -> Span:
    """What the rows span, directions below ``floor`` left out.

    Args:
        rows: Shape ``(N, d)``. floor: Absolute, in Frobenius norm.
    Accuracy:
        The floor over the least size that is kept (Wedin 1972): rows that are off by
        the floor at most.

    >>> span(torch.tensor([[2.0, 0.0]]).double(), 0.0).basis.abs()
    tensor([[1.],
            [0.]], dtype=torch.float64)
    """
    _, sizes, V = torch.linalg.svd(rows, full_matrices=False)
    kept = sizes > floor
    unit = gamma(max(rows.shape), rows)
    error = max(floor, unit * float(sizes[0])) / float(sizes[kept].min()) if bool(kept.any()) else 0.0
    return Span(V[kept].mT, error)


@dataclass(frozen=True)
class JointSpan:
    """Several subspaces beside each other: their bases ``(d, sum of ranks)``, the
    singular values of these ascending, and what those may be off by."""

    basis: Tensor
    sizes: Tensor
    reach: float

    @property
    def rank(self) -> int:
        """How many of the singular values are surely not 0."""
        return int((self.sizes > self.reach).sum())

    @property
    def independent(self) -> bool | None:
        """Whether no vector lies in two of them; None where errors leave it open."""
        if self.rank == self.basis.shape[1]:
            return True
        return False if self.reach < RESOLVED else None


def join_spans(spans: Sequence[Span]) -> JointSpan:
    """Subspaces side by side.

    Accuracy:
        A basis turned by an angle whose sine is e differs by at most sqrt(2) e from one
        of the turned subspace, and singular values by no more than that (Weyl).

    >>> e = torch.eye(2).double()
    >>> join_spans([Span(e[:, :1], 1e-9), Span(e[:, 1:], 1e-9)]).independent, join_spans([Span(e, 1e-9), Span(e[:, 1:], 1e-9)]).independent
    (True, False)
    """
    basis = torch.cat([part.basis for part in spans], 1)
    reach = math.sqrt(2 * sum(part.error**2 for part in spans)) + gamma(max(basis.shape), basis)
    wide = basis.shape[1] - min(basis.shape)
    sizes = torch.linalg.svdvals(basis) if basis.numel() else basis.new_zeros(0)
    return JointSpan(basis, torch.cat([basis.new_zeros(wide), sizes.flip(0)]), reach)


def principal_angles(first: Tensor, second: Tensor) -> Tensor:
    """The angles between two subspaces in radians, ascending; shape ``(min(rank),)``.

    Args:
        first, second: Orthonormal bases, shape ``(d, r)`` and ``(d, s)``.
    Accuracy:
        By arctangents of sine and cosine, small angles keep their digits (Bjorck &
        Golub 1973).

    >>> e = torch.eye(3).double()
    >>> principal_angles(e[:, :1], e[:, 1:2])
    tensor([1.5708], dtype=torch.float64)
    """
    if second.shape[1] > first.shape[1]:
        first, second = second, first
    U, cosines, V = torch.linalg.svd(first.mT @ second, full_matrices=False)
    turned = second @ V.mT
    sines = torch.linalg.vector_norm(turned - first @ (U * cosines), dim=0)
    return torch.atan2(sines, cosines).sort().values


def order_defect(matrix: Tensor, order: int, codes: Tensor) -> float:
    """|R^n z - z| over |z| on the codes, rows. The matrix is ``(d, d)``, codes are ``(N, d)``."""
    moved = codes
    for _ in range(order):
        moved = moved @ matrix.mT
    norm = float(torch.linalg.matrix_norm(codes))
    return float(torch.linalg.matrix_norm(moved - codes)) / norm if norm > 0 else 0.0


def commutator(first: Tensor, second: Tensor, codes: Tensor) -> float:
    """|R S z - S R z| over |z| on the codes, rows. Matrices are ``(d, d)``, codes ``(N, d)``."""
    norm = float(torch.linalg.matrix_norm(codes))
    gap = codes @ (first @ second - second @ first).mT
    return float(torch.linalg.matrix_norm(gap)) / norm if norm > 0 else 0.0


def moved_by_both(first: Tensor, second: Tensor, codes: Tensor) -> float:
    """|(R - 1)(S - 1) z| over |z| on the codes, rows: 0 where two factors act on
    subspaces of their own. Matrices are ``(d, d)``, codes ``(N, d)``."""
    eye = torch.eye(len(first), dtype=first.dtype, device=first.device)
    norm = float(torch.linalg.matrix_norm(codes))
    return float(torch.linalg.matrix_norm(codes @ ((first - eye) @ (second - eye)).mT)) / norm if norm > 0 else 0.0
