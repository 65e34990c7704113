"""What rounding may do to products of matrices: gamma_k of an inner product, and
Frobenius norms rounded up (Higham 2002, chapter 3)."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def gamma(k: int, matrix: Tensor) -> float:
    """gamma_k = k u/(1 - k u) for inner products of length k in this dtype; complex
    products count double (Higham 2002, 3.6).

    Args:
        k: Length of the inner products. matrix: A tensor of any shape, whose dtype
            decides.

    >>> round(gamma(2, torch.zeros(1).double()) / 2**-53, 12)
    2.0
    """
    u = torch.finfo(matrix.dtype).eps / 2
    terms = (2 * k + 8 if matrix.is_complex() else k) * u
    return terms / (1 - terms) if terms < 1 else math.inf


def frobenius(matrices: Tensor) -> float:
    """The largest Frobenius norm in a batch, rounded up.

    Args:
        matrices: Shape ``(*, m, n)``.

    >>> round(frobenius(torch.eye(4).double()[None]), 12)
    2.0
    """
    norm = float(torch.linalg.matrix_norm(matrices).max())
    return norm * (1 + matrices.shape[-1] ** 2 * torch.finfo(torch.float64).eps)
