"""Invariant forms of many representations at once, the matrices that they make unitary,
and why there is none.

H = mean R R* = L L* makes U = L^-1 R L unitary. A representation of which this fails is
left as it is and named; the others go on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.representations.commutant import Mean
from numerics.representations.regular_action import RegularAction
from numerics.rounding import gamma
from numerics.streams import Stream


@dataclass(frozen=True)
class UnitaryMatrices:
    """B representations, made unitary where an invariant form was found.

    Attributes:
        matrices: U on the generators, shape ``(k, B, d, d)``; where no form was found,
            what came.
        change: L with R L = L U, shape ``(B, d, d)``; None if every one was unitary as
            it came.
        error: |U* U - 1|_F with its rounding, shape ``(B,)``: U is that near unitary
            matrices. Infinite where no form was found.
    """

    matrices: Tensor
    change: Tensor | None
    error: Tensor

    @property
    def exists(self) -> Tensor:
        """Which of them have an invariant form, bool, shape ``(B,)``."""
        return torch.isfinite(self.error)


def unitarise_batch(
    generators: Tensor, action: RegularAction | None, stream: Stream, rounds: int = 3
) -> UnitaryMatrices:
    """U(g) = L^-1 R(g) L with L L* = mean R R*, repeated for those that rounding leaves
    visibly not unitary.

    Args:
        generators: Shape ``(k, B, d, d)``, finite.
        action: The group, or None: then random products take the place of the mean.
        stream: Source of the random products.
        rounds: How often the form is averaged at most; after the last one a miss below
            1/2 is kept, and stated.

    >>> skew = torch.tensor([[[[1.0, 1.0], [0.0, -1.0]]]]).double()
    >>> bool((unitarise_batch(skew, None, Stream(1)).error < 1e-12).all())
    True
    """
    d = generators.shape[-1]
    eye = torch.eye(d, dtype=generators.dtype, device=generators.device)
    rounding = gamma(d, generators) * d
    R, change = generators.clone(), None
    error = torch.full(R.shape[1:2], math.inf, dtype=R.real.dtype, device=R.device)
    waiting = torch.arange(R.shape[1], device=R.device)
    for attempt in range(rounds + 1):
        miss = _size(R[:, waiting].mH @ R[:, waiting] - eye).amax(0)
        done = (miss < 0.5) if attempt == rounds else (miss <= 4 * rounding)
        error[waiting[done]] = miss[done] + rounding * (1 + miss[done])
        waiting = waiting[~done]
        if attempt == rounds or not len(waiting):
            break
        H = Mean(R[:, waiting], action, stream.fork(attempt))(eye)
        whole = torch.isfinite(_size(H))
        waiting, H = waiting[whole], H[whole]
        L, failed = torch.linalg.cholesky_ex((H + H.mH) / 2)
        kept = (failed == 0) & torch.isfinite(_size(L))
        waiting, L = waiting[kept], L[kept]
        R[:, waiting] = torch.linalg.solve_triangular(L, R[:, waiting] @ L, upper=False)
        change = eye.expand(R.shape[1:]).clone() if change is None else change
        change[waiting] = change[waiting] @ L
    return UnitaryMatrices(R, change, error)


def _size(matrices: Tensor) -> Tensor:
    """Frobenius norms, rounded up."""
    return torch.linalg.matrix_norm(matrices) * (1 + matrices.shape[-1] ** 2 * torch.finfo(torch.float64).eps)


def singular(generators: Tensor, accuracy: float = 0.0) -> str:
    """Names a matrix that cannot be told from a singular one, and that no matrix of
    determinant 1 (in modulus) is near; otherwise empty.

    Singular values of matrices within e (spectral norm) differ by at most e (Weyl); e
    is the rounding of a factorisation, or ``accuracy`` times the size.

    Args:
        generators: Shape ``(k, d, d)``.

    >>> singular(torch.eye(2).double()[None])
    ''
    >>> singular(torch.zeros(1, 2, 2).double()).split(" at")[0]
    'Matrix 0 is singular'
    """
    for j, (values, error) in enumerate(_singular_values(generators, accuracy)):
        if float(values[-1]) <= error and float((values + error).log().sum()) < 0:
            return f"Matrix {j} is singular at this precision (singular values from {float(values[0]):.2g} to {float(values[-1]):.2g}); a representation has invertible matrices."
    return ""


def why_no_form(generators: Tensor, accuracy: float = 0.0, *, known: bool = False) -> str:
    """The reason why no invariant form was found, as far as singular values tell it,
    and what to do next; ``generators`` of shape ``(k, d, d)``.

    >>> why_no_form(2 * torch.eye(1).double()[None]).split(",")[0]
    'No invariant form: the determinant of matrix 0 has modulus 2'
    """
    stretch = 0.0
    for j, (values, error) in enumerate(_singular_values(generators, accuracy)):
        low, high = (values - error).clamp_min(0).log().sum(), (values + error).log().sum()
        if float(low) > 0 or float(high) < 0:
            return (
                f"No invariant form: the determinant of matrix {j} has modulus {math.exp(float(values.log().sum())):.3g}, and in a finite (or bounded) group it is 1. "
                "Correct or rescale that matrix."
            )
        stretch = max(stretch, float(values[0]))
    dtype = str(generators.dtype).removeprefix("torch.")
    doubt = "they do not represent the group given" if known else "the group that they generate is not bounded"
    ask = "" if known else "the group (action=) if you know it, "
    return (
        f"No invariant form was found: {doubt}, or their basis, of condition at least {stretch:.1e}, is too badly conditioned for {dtype}. "
        f"Pass {ask}more digits, or a better conditioned basis; exact matrices go to theory.representations."
    )


def _singular_values(generators: Tensor, accuracy: float) -> list[tuple[Tensor, float]]:
    d = generators.shape[-1]
    found = []
    for values in torch.linalg.svdvals(generators).to(torch.float64).cpu():
        relative = max(accuracy, gamma(d + 2, generators) * d**0.5)
        found.append((values, relative * float(values[0]) if float(values[0]) else torch.finfo(torch.float64).tiny))
    return found
