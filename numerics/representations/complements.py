"""Complements orthogonal under a Hermitian form, and how much of them matrices carry
out, with bounds from measured residuals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.rounding import frobenius, gamma
from numerics.streams import Stream


@dataclass(frozen=True)
class Complement:
    """An orthonormal basis of C = {v : w* H v = 0 for all w in W}, and of what is
    orthogonal to it.

    Attributes:
        basis: Columns that span C, shape ``(d, d - w)``.
        normal: Columns that span H W, shape ``(d, w)``.
        sine_bound: Bound on the sine of the angle between the true C and the computed one.
        orthogonality_defect: Bound on the Frobenius norm of Q* Q - 1 for all columns together.
    """

    basis: Tensor
    normal: Tensor
    sine_bound: float
    orthogonality_defect: float


def averaged_form(matrices: Tensor) -> tuple[Tensor, float]:
    """H = (1/n) sum_g R(g)* R(g), and a bound on its rounding error (Frobenius).

    Args:
        matrices: Every element, shape ``(n, d, d)``.

    >>> averaged_form(torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]).double())[0]
    tensor([[1., 0.],
            [0., 1.]], dtype=torch.float64)
    """
    n, d = matrices.shape[:2]
    form = (matrices.mH @ matrices).mean(0)
    return (form + form.mH) / 2, gamma(d + n + 2, matrices) * frobenius((matrices.abs().mT @ matrices.abs()).mean(0))


def unit_form(matrices: Tensor) -> tuple[Tensor, float]:
    """The unit matrix: the inner product of the basis in which the matrices, shape
    ``(n, d, d)``, are written; and its error, 0.

    >>> unit_form(torch.zeros(1, 2, 2))
    (tensor([[1., 0.],
            [0., 1.]]), 0.0)
    """
    return torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device), 0.0


def complement(subspace: Tensor, form: Tensor, error: float) -> Complement:
    """The complement of span(subspace) orthogonal under ``form``, by an orthogonal
    factorisation of H W.

    Args:
        subspace: Independent columns, shape ``(d, w)``, exact. form: Hermitian, shape
            ``(d, d)``, known up to ``error`` (Frobenius).
    Accuracy:
        The true complement is orthogonal to the true M = H W. If |Q2* M| <= e for
        orthonormal Q2, then the part of Q2 in the span of M is at most e /
        sigma_min(M); e is measured, and rounding and the error of H are added.

    >>> complement(torch.tensor([[3.0], [4.0]]).double(), torch.eye(2).double(), 0.0).basis.abs()
    tensor([[0.8000],
            [0.6000]], dtype=torch.float64)
    """
    d, width = subspace.shape
    normal = form @ subspace
    known = gamma(d, form) * frobenius(form.abs() @ subspace.abs()) + error * frobenius(subspace)
    everything, _ = torch.linalg.qr(normal, mode="complete")
    eye = torch.eye(d, dtype=form.dtype, device=form.device)
    size = everything.abs()
    orthogonality_defect = frobenius(everything.mH @ everything - eye) + gamma(d + 1, form) * frobenius(size.mT @ size)
    first, rest = everything[:, :width], everything[:, width:]
    products = gamma(d + 1, form) * frobenius(size.mT @ normal.abs())
    miss = (frobenius(rest.mH @ normal) if rest.shape[1] else 0.0) + products + known
    least = least_singular_value(normal) - known
    return Complement(rest, first, miss / least if least > 0 else math.inf, orthogonality_defect)


def least_singular_value(matrix: Tensor) -> float:
    """A lower bound on the least singular value of a tall matrix: the computed one less
    the measured residual of the factorisation (Weyl).

    Args:
        matrix: Shape ``(m, k)``, m at least k.

    >>> least = least_singular_value(torch.tensor([[3.0, 0.0], [0.0, 2.0]]).double())
    >>> least <= 2, round(least, 12)
    (True, 2.0)
    """
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    m, k = matrix.shape
    eye = torch.eye(k, dtype=matrix.dtype, device=matrix.device)
    orthogonality_defect = (
        frobenius(left.mH @ left - eye) + frobenius(right @ right.mH - eye) + 2 * gamma(m + 1, matrix) * k
    )
    residual = frobenius((left * values) @ right - matrix) + gamma(k + 2, matrix) * math.sqrt(k) * frobenius(matrix)
    return float(values[-1]) - residual - orthogonality_defect * float(values[0])


def leak(matrices: Tensor, found: Complement) -> Tensor:
    """|N* R(g) Q|_F for each g: what leaves the span of Q; shape ``(n,)``. Zero for a
    subspace that all matrices keep.

    Args:
        matrices: R(g), shape ``(n, d, d)``.

    >>> line = complement(torch.tensor([[1.0], [0.0]]).double(), torch.eye(2).double(), 0.0)
    >>> leak(torch.tensor([[[1.0, 5.0], [0.0, 1.0]]]).double(), line)
    tensor([5.], dtype=torch.float64)
    """
    return torch.linalg.matrix_norm(found.normal.mH @ matrices @ found.basis)


def leak_error(matrices: Tensor, found: Complement, matrices_error: float = 0.0) -> dict[str, float]:
    """Terms of a bound on :func:`leak` where the true complement is invariant.

    With P the orthogonal projector onto the true H W, P R (1 - P) = 0. The computed
    bases differ from the true ones by that angle and the orthogonality defect, each on
    one side of R; two subspaces of equal dimension and their complements have the same
    angle.

    Args:
        matrices: R(g), shape ``(n, d, d)``. matrices_error: Bound on the Frobenius
            error of each.

    >>> line = complement(torch.tensor([[1.0], [0.0]]).double(), torch.eye(2).double(), 0.0)
    >>> sum(leak_error(torch.eye(2).double()[None], line).values()) < 1e-13
    True
    """
    d, size = matrices.shape[-1], frobenius(matrices)
    angle = found.sine_bound + found.orthogonality_defect
    return {
        "angle of the complement": 2 * angle * (1 + found.orthogonality_defect) * size,
        "matrices": matrices_error * (1 + found.orthogonality_defect),
        "products": gamma(2 * d + 2, matrices) * frobenius(found.normal.abs().mT @ matrices.abs() @ found.basis.abs()),
    }


def random_orthogonal(size: int, stream: Stream) -> Tensor:
    """An orthogonal matrix: the factor of a Gaussian one, orthogonal up to rounding.

    >>> Q = random_orthogonal(3, Stream(1))
    >>> bool((Q.mT @ Q - torch.eye(3)).abs().max() < 1e-14)
    True
    """
    return random_unitary(size, stream, complex_=False)


def random_unitary(size: int, stream: Stream, *, complex_: bool = True) -> Tensor:
    """A unitary matrix (orthogonal where real): the factor of a Gaussian one, unitary
    up to rounding; shape ``(size, size)``.

    >>> Q = random_unitary(3, Stream(1))
    >>> bool((Q.mH @ Q - torch.eye(3)).abs().max() < 1e-14)
    True
    """
    real = stream.normal(size, size)
    return torch.linalg.qr(torch.complex(real, stream.normal(size, size)) if complex_ else real)[0]
