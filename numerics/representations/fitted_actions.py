"""Linear actions fitted to codes before and after a step: by least squares, with what
they miss, how far they are from closing up, and how far two of them are from acting on
subspaces of their own."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.rounding import gamma


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


def span(rows: Tensor, floor: float) -> Tensor:
    """An orthonormal basis, in columns, of what the rows span, directions below
    ``floor`` left out; shape ``(d, rank)``.

    Args:
        rows: Shape ``(N, d)``. floor: Absolute, in Frobenius norm.

    >>> span(torch.tensor([[2.0, 0.0]]).double(), 0.0).abs()
    tensor([[1.],
            [0.]], dtype=torch.float64)
    """
    _, sizes, V = torch.linalg.svd(rows, full_matrices=False)
    return V[sizes > floor].mT


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
