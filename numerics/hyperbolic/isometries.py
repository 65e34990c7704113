r"""Isometries of hyperbolic space as Lorentz matrices: made, drawn, applied to points
of the hyperboloid, and checked.

A matrix that does not map the forward sheet to itself is refused. What rounding adds to
an image is bounded by :func:`action_error`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from numerics.hyperbolic.models import norm, require_floating
from numerics.streams import Stream

__all__ = [
    "action_error",
    "apply_lorentz",
    "isometry_defect",
    "lorentz_boost",
    "random_isometry",
    "require_isometry",
]


def lorentz_boost(rapidity: Tensor) -> Tensor:
    r"""The boost along a vector w of :math:`\mathbb{R}^n`: it moves the apex by the
    distance |w| in the direction of w.

    .. math:: B = \begin{pmatrix} \cosh|w| & \sinh|w|\,e^T \\ \sinh|w|\,e & I + (\cosh|w|-1)\,e e^T \end{pmatrix}, \quad e = w/|w|

    Args:
        rapidity: w, shape ``(n,)``.
    Returns:
        Shape ``(n + 1, n + 1)``; the identity for w = 0.
    Accuracy:
        Entrywise error a few ``eps cosh|w|``.
    Source: Ratcliffe 2006, section 3.1.

    >>> lorentz_boost(torch.tensor([2.0]).double().log())
    tensor([[1.2500, 0.7500],
            [0.7500, 1.2500]], dtype=torch.float64)
    """
    if rapidity.ndim != 1 or rapidity.numel() == 0:
        raise ValueError(f"Expected a rapidity vector of shape (n,) with n >= 1, got shape {tuple(rapidity.shape)}.")
    require_floating(rapidity)
    length = norm(rapidity)
    axis = rapidity / length.clamp_min(torch.finfo(rapidity.dtype).tiny)
    boost = torch.eye(rapidity.numel() + 1, dtype=rapidity.dtype, device=rapidity.device)
    boost[0, 0] = length.cosh()
    boost[0, 1:] = boost[1:, 0] = length.sinh() * axis
    boost[1:, 1:] += 2 * (length / 2).sinh().square() * torch.outer(axis, axis)
    return boost


def random_isometry(n: int, rapidity: float, stream: Stream) -> Tensor:
    """A boost of the given rapidity in a uniform direction times a Haar rotation or
    reflection: any element of O+(1, n) has this form.

    Args:
        n: Dimension of the space, at least 1.
        rapidity: How far the apex is moved.
        stream: Where the direction and the rotation are drawn from.
    Returns:
        Shape ``(n + 1, n + 1)``, on the stream's device, in its dtype.
    Source: polar decomposition of Lorentz matrices; Haar by QR with signs (Mezzadri
        2007).

    >>> A = random_isometry(2, 1.0, Stream(1))
    >>> bool(isometry_defect(A).max() < 1e-14)
    True
    """
    if n < 1:
        raise ValueError(f"Expected a dimension of at least 1, got {n}.")
    gaussian = stream.normal(n, n + 1)
    orthogonal, upper = torch.linalg.qr(gaussian[:, :n])
    turn = torch.eye(n + 1, dtype=stream.dtype, device=stream.device)
    turn[1:, 1:] = orthogonal * torch.where(upper.diagonal() < 0, -1.0, 1.0).to(stream.dtype)
    direction = gaussian[:, n]
    return lorentz_boost(rapidity * direction / norm(direction)) @ turn


def apply_lorentz(matrix: Tensor, points: Tensor) -> Tensor:
    """``A X`` for points of shape ``(*, n + 1)``, as multiplied: the time coordinate is
    that of the product, not restored.

    >>> apply_lorentz(lorentz_boost(torch.tensor([2.0]).double().log()), torch.tensor([[1.0, 0.0]]).double())
    tensor([[1.2500, 0.7500]], dtype=torch.float64)
    """
    return points @ matrix.mT


def isometry_defect(matrix: Tensor) -> Tensor:
    r"""The entries of :math:`A^T J A - J` in absolute value, shape ``(n + 1, n + 1)``.

    >>> isometry_defect(torch.eye(2) * 2)
    tensor([[3., 0.],
            [0., 3.]])
    """
    flipped = torch.cat([-matrix[:1], matrix[1:]])
    form = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    form[0, 0] = -1
    return (matrix.mT @ flipped - form).abs()


def require_isometry(matrix: Tensor) -> float:
    r"""Refuse a matrix that does not map the forward sheet to itself, and bound how far
    the others are from one that does.

    Admitted are matrices with every entry of :math:`|A^T J A - J|` at most ``4 (n + 1)
    eps |A|_F^2``: rounding the entries of an exact Lorentz matrix, or of a product of
    few of them, stays below.

    Args:
        matrix: A, float32 or float64, shape ``(n + 1, n + 1)``, n at least 1.
    Returns:
        A bound on the spectral norm of ``A - A*`` for an exact Lorentz matrix A*: with
        E the defect ``A* = A (I + J E)^(-1/2)``, so ``|A|_2 |E|_F`` to first order
        (half of it is to spare), where the computed E errs by ``(n + 1) eps |A|_F^2``
        at most.
    Raises:
        TypeError: not a tensor of float32 or float64.
        ValueError: not square, smaller than 2 x 2, not finite, not Lorentz (the worst
            entry is named), or ``A_00 < 0``.

    >>> require_isometry(torch.eye(3).double()) < 1e-13
    True
    """
    require_floating(matrix)
    if matrix.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"Expected a matrix of float32 or float64, got {matrix.dtype}. Convert with .double().")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise ValueError(
            f"Expected a Lorentz matrix of shape (n + 1, n + 1) with n >= 1, got shape {tuple(matrix.shape)}."
        )
    if not bool(matrix.isfinite().all()):
        i, j = (int(k) for k in (~matrix.isfinite()).nonzero()[0])
        raise ValueError(f"Expected a finite matrix A, got A[{i}][{j}] = {float(matrix[i, j])}.")
    defect, size = isometry_defect(matrix), len(matrix)
    allowed = 4 * size * torch.finfo(matrix.dtype).eps * float(matrix.square().sum())
    worst = int(defect.argmax())
    if float(defect.max()) > allowed:
        raise ValueError(
            f"Expected A^T J A = J with J = diag(-1, 1, ..., 1), got a difference of {float(defect.max()):.3g} at entry "
            f"({worst // size}, {worst % size}), where rounding explains {allowed:.1g}. Is the time coordinate first?"
        )
    if float(matrix[0, 0]) < 0:
        raise ValueError(
            f"Expected A_00 > 0, got A_00 = {float(matrix[0, 0]):.6g}: A maps the forward sheet of the hyperboloid to the "
            "backward one, which is no part of hyperbolic space. Use -A."
        )
    return float(torch.linalg.matrix_norm(matrix, 2)) * (float(norm(defect.flatten())) + allowed / 4)


def action_error(matrix: Tensor, point: Tensor, stored: float) -> Tensor:
    r"""How far the computed spatial part of ``A X`` can be, in Euclidean length, from
    that of an exact isometry: shape ``(*,)``.

    ``((n + 8) eps |A|_F + stored) |X|``: an inner product of n + 1 terms errs by ``(n +
    1) eps/2`` times the sum of the absolute products, at most :math:`|A|_F |X|` over
    all rows together; the time coordinate of X, recomputed from its spatial part, by
    ``(n/2 + 2) eps/2``; ``stored`` is the bound of :func:`require_isometry` on the
    matrix's own distance to an isometry. Hyperbolic distance never exceeds the
    Euclidean distance of spatial parts (:func:`numerics.hyperbolic.models.lift`).

    Args:
        matrix: A, shape ``(n + 1, n + 1)``.
        point: X, shape ``(*, n + 1)``.
        stored: The bound of :func:`require_isometry`.

    >>> bool(action_error(torch.eye(3).double(), torch.tensor([1.0, 0.0, 0.0]).double(), 0.0) < 1e-14)
    True
    """
    n = point.shape[-1] - 1
    return ((n + 8) * torch.finfo(point.dtype).eps * float(norm(matrix.flatten())) + stored) * norm(point)
