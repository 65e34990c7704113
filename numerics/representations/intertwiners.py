"""Equivalence of numeric representations: averaged intertwiners, their polar factors,
and how many intertwiners there are.

Input is one matrix per element. Bounds are made of rounding constants (gamma_k, Higham
2002) and of measured residuals of the factorisations, so that nothing depends on how a
library computes singular values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.rounding import frobenius, gamma


@dataclass(frozen=True)
class Intertwiner:
    """T with T R(g) = R'(g) T up to rounding, where R is unitary and exact and R' is
    known up to ``error``.

    Attributes:
        matrix: T, shape ``(d', d)``.
        error: Bound on the Frobenius distance of T from an exact intertwiner of R and
            the exact R'.
    """

    matrix: Tensor
    error: float


def average_between(R: Tensor, moved: Tensor, seed: Tensor, moved_error: float) -> Intertwiner:
    """(1/n) sum_g R'(g) X R(g)* for unitary R.

    Args:
        R: Exact unitary matrices, shape ``(n, d, d)``. moved: R', shape ``(n, d',
            d')``, each within ``moved_error`` (Frobenius).
        seed: X, shape ``(d', d)``.
    Accuracy:
        Entry by entry gamma_(2d+n+1) times the mean of |R'| |X| |R*| (Higham 2002,
        3.5), and the error of R' times |X|.

    >>> swap = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]).double()
    >>> average_between(swap, swap, torch.tensor([[1.0, 0.0], [0.0, 3.0]]).double(), 0.0).matrix
    tensor([[2., 0.],
            [0., 2.]], dtype=torch.float64)
    """
    n, d = R.shape[:2]
    matrix = (moved @ seed @ R.mH).mean(0)
    rounding = gamma(2 * d + n + 1, matrix) * frobenius((moved.abs() @ seed.abs() @ R.mH.abs()).mean(0))
    return Intertwiner(matrix, moved_error * frobenius(seed) + rounding)


@dataclass(frozen=True)
class PolarFactor:
    """T = U P with U orthogonal or unitary, P positive.

    Attributes:
        factor: U.
        smallest: A lower bound on the least singular value of T (0 where none is
            known).
        largest: An upper bound on the greatest.
        residual: Bound on the Frobenius distance of T from U P for the computed
            factors, exactly multiplied.
        orthogonality_defect: Bound on the Frobenius norm of U* U - 1 and of U U* - 1.
    """

    factor: Tensor
    smallest: float
    largest: float
    residual: float
    orthogonality_defect: float


def polar(matrix: Tensor) -> PolarFactor:
    """The polar factor of a square matrix from its singular value decomposition, with
    measured residuals.

    Args:
        matrix: T, shape ``(d, d)``, real or complex.

    >>> polar(torch.tensor([[0.0, -2.0], [3.0, 0.0]]).double()).factor.round(decimals=12).abs()
    tensor([[0., 1.],
            [1., 0.]], dtype=torch.float64)
    """
    d = len(matrix)
    left, values, right = torch.linalg.svd(matrix)
    eye = torch.eye(d, dtype=matrix.dtype, device=matrix.device)
    rounding = gamma(d + 1, matrix) * d
    orthogonality_defect = frobenius(left.mH @ left - eye) + frobenius(right @ right.mH - eye) + 2 * rounding
    residual = frobenius((left * values) @ right - matrix) + rounding * float(values[0])
    drift = residual + orthogonality_defect * float(values[0])
    factor = left @ right
    return PolarFactor(
        factor,
        max(float(values[-1]) - drift, 0.0),
        float(values[0]) + drift,
        drift,
        2 * orthogonality_defect + rounding,
    )


def polar_intertwining_error(found: Intertwiner, parts: PolarFactor, moved_error: float, skew: float, d: int) -> float:
    r"""Bound on :math:`\|U R(g) - R'(g) U\|_F` for the polar factor U of an approximate
    intertwiner T of nearly unitary representations.

    If :math:`\|T R - R' T\|_F \le \varepsilon` for all g and R' is within ``skew`` of
    unitary, then
    :math:`[T^*T, R] = T^*(TR - R'T) + (T^*R' - RT^*)T` is at most :math:`2 \varepsilon
    \|T\| + 2\,skew\,\|T\|^2`. In a basis of eigenvectors of P an entry of [P, R] is
    that of [P^2, R] divided by a sum of two singular values, at least :math:`2\sigma`;
    and
    :math:`UR - R'U = (TR - R'T)P^{-1} + U [R, P] P^{-1}`. So the bound is
    :math:`\varepsilon/\sigma + (\varepsilon\|T\| + skew\|T\|^2)/\sigma^2`, with the
    residual of the factorisation counted in :math:`\varepsilon`.

    >>> one = torch.eye(2).double()
    >>> polar_intertwining_error(Intertwiner(one, 0.0), polar(one), 0.0, 0.0, 2) < 1e-13
    True
    """
    if parts.smallest <= 0:
        return math.inf
    stretch, sigma = 1 + skew, parts.smallest
    epsilon = (1 + stretch) * (found.error + parts.residual) + moved_error * parts.largest
    return (epsilon / sigma + (epsilon * parts.largest + skew * parts.largest**2) / sigma**2) * (
        1 + parts.orthogonality_defect
    ) + 2 * stretch * math.sqrt(d) * parts.orthogonality_defect


@dataclass(frozen=True)
class Nullity:
    """How many singular values of a matrix are zero at this precision.

    Attributes:
        count: Singular values within ``error``; never fewer than the true nullity.
        error: Bound on the error of a computed singular value (residual of the
            factorisation; Weyl's inequality).
        next: The least singular value beyond, infinite if there is none.
    """

    count: int
    error: float
    next: float

    @property
    def ratio(self) -> float:
        """How many errors the first value beyond is away from zero."""
        return self.next / self.error if self.error > 0 else math.inf


def intertwiner_equations(generators: Tensor, moved: Tensor) -> Tensor:
    """The matrix of X -> R'(g) X - X R(g), row-major X, for each generator, one below
    the other: shape ``(k d' d, d' d)``.

    Args:
        generators: R, shape ``(k, d, d)``. moved: R', shape ``(k, d', d')``.

    >>> intertwiner_equations(torch.ones(1, 1, 1), -torch.ones(1, 1, 1))
    tensor([[-2.]])
    """
    d, m = generators.shape[-1], moved.shape[-1]
    eye_d = torch.eye(d, dtype=moved.dtype, device=moved.device)
    eye_m = torch.eye(m, dtype=moved.dtype, device=moved.device)
    blocks = [
        torch.kron(b, eye_d) - torch.kron(eye_m, a.mT.contiguous())
        for a, b in zip(generators.to(moved.dtype), moved, strict=True)
    ]
    return torch.cat(blocks)


def nullity(matrix: Tensor, entries_error: float = 0.0) -> Nullity:
    """Count the singular values of a tall matrix that are zero up to the error of the
    computation.

    Args:
        matrix: Shape ``(m, k)``, m at least k, known up to ``entries_error`` in the
            Frobenius norm.

    >>> nullity(torch.tensor([[1.0, 1.0], [1.0, 1.0]]).double()).count
    1
    """
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    m, k = matrix.shape
    eye = torch.eye(k, dtype=matrix.dtype, device=matrix.device)
    size = float(torch.linalg.matrix_norm(matrix))
    orthogonality_defect = (
        frobenius(left.mH @ left - eye) + frobenius(right @ right.mH - eye) + 2 * gamma(m + 1, matrix) * k
    )
    residual = frobenius((left * values) @ right - matrix) + gamma(k + 2, matrix) * math.sqrt(k) * size
    error = residual + orthogonality_defect * float(values[0]) + entries_error
    small = values <= error
    beyond = values[~small]
    return Nullity(int(small.sum()), error, float(beyond.min()) if len(beyond) else math.inf)


def pairing(first: Tensor, second: Tensor) -> float:
    """(1/n) sum_g conj(chi(g)) chi'(g) from the matrices, shape ``(n, d, d)`` each; the
    real part.

    >>> swap = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])
    >>> pairing(swap, swap)
    2.0
    """
    chi, other = (torch.diagonal(r, dim1=-2, dim2=-1).sum(-1) for r in (first, second))
    return float((chi.conj() * other).mean().real)


def determinant_signs(matrices: Tensor) -> Tensor:
    """The determinant of each permutation or monomial matrix, shape ``(n,)``: the sign,
    by counting inversions, times the entries.

    >>> determinant_signs(torch.tensor([[[0, 1], [1, 0]], [[1, 0], [0, 1]]]))
    tensor([-1,  1])
    """
    images = matrices.abs().argmax(-2)
    later = torch.triu(torch.ones(images.shape[1], images.shape[1], dtype=torch.bool, device=images.device), 1)
    inversions = ((images[:, :, None] > images[:, None, :]) & later).sum((1, 2))
    return (1 - 2 * (inversions % 2)) * matrices.sum(-2).prod(-1)  # one entry a column
