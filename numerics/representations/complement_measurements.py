"""What matrices of a representation carry out of the complement of an invariant
subspace, in an orthonormal and in a skew basis."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.representations.averaging import exact_cast, exact_conjugate, integer_change_of_basis
from numerics.representations.complements import averaged_form, complement, leak, leak_error, random_unitary, unit_form
from numerics.rounding import frobenius, gamma
from numerics.streams import Stream

MeasuredForm = Callable[[Tensor], tuple[Tensor, float]]
NOTE = (
    "the complement is orthogonal to H W; its angle is the measured |Q* H W| with rounding over the least singular value of H W; "
    "P R (1 - P) = 0 for the true one"
)


def constants(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Permutation matrices, shape ``(n, d, d)``, and the line of constants, which they
    keep, shape ``(d, 1)``."""
    return matrices, torch.ones(matrices.shape[-1], 1, dtype=matrices.dtype)


def two_copies(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Two copies of a representation, and {(v, 2 i v)} (or {(v, 2 v)} where the
    matrices are integers), which they keep.

    Args:
        matrices: Shape ``(n, m, m)``.
    """
    m = matrices.shape[-1]
    two, unit = (torch.eye(k, dtype=matrices.dtype) for k in (2, m))
    return torch.kron(two, matrices), torch.cat([unit, (2j if matrices.is_complex() else 2) * unit])


def under_a_unitary_basis(matrices: Tensor, subspace: Tensor, stream: Stream) -> Measurement:
    """The leak of the complement in the given inner product, for Q R Q* with a random
    unitary Q (orthogonal for real matrices); shape ``(n,)``.

    Args:
        matrices: Exact unitary matrices, shape ``(n, d, d)``. subspace: A basis of an
            invariant W in columns, shape ``(d, w)``.
    """
    turn = random_unitary(matrices.shape[-1], stream, complex_=matrices.is_complex())
    turned, error = _conjugate(matrices.to(turn), turn)
    found = complement(turn @ subspace.to(turn), unit_form(turned)[0], error)
    return Measurement(leak(turned, found), Bound(leak_error(turned, found, error), NOTE), len(turned))


def under_an_integer_basis(
    matrices: Tensor, subspace: Tensor, shears: int, stream: Stream, measured_form: MeasuredForm = averaged_form
) -> Measurement:
    """The leak of the complement in the inner product ``measured_form``, in a random
    basis of integers or Gaussian integers, over |R(g)|.

    Args:
        matrices: Shape ``(n, d, d)``. subspace: A basis of an invariant W in columns,
            shape ``(d, w)``.
    """
    size, gaussian = matrices.shape[-1], matrices.is_complex()
    basis, inverse = integer_change_of_basis(size, shears, stream, gaussian=gaussian)
    R = exact_cast(exact_conjugate(matrices.to(stream.device), basis, inverse), stream.dtype)
    W = basis.to(R) @ subspace.to(R)
    found = complement(W, *measured_form(R))
    norms = torch.linalg.matrix_norm(R)
    terms = {name: term / float(norms.min()) for name, term in leak_error(R, found).items()}
    return Measurement(leak(R, found) / norms, Bound(terms, NOTE), len(R))


def _conjugate(matrices: Tensor, turn: Tensor) -> tuple[Tensor, float]:
    """Q R Q*, and its distance from a conjugate of R by the unitary matrix nearest to
    the computed Q."""
    d = len(turn)
    size = turn.abs()
    orthogonality_defect = frobenius(turn.mH @ turn - torch.eye(d, dtype=turn.dtype, device=turn.device))
    orthogonality_defect += gamma(d + 1, turn) * frobenius(size.mT @ size)
    products = gamma(2 * d + 1, turn) * frobenius(size @ matrices.abs() @ size.mT)
    return turn @ matrices @ turn.mH, 2 * orthogonality_defect * (1 + orthogonality_defect) * d**0.5 + products


def averaged_over_half(matrices: Tensor) -> tuple[Tensor, float]:
    """Wrong on purpose, for controls: the mean over the first half of the elements,
    ``matrices`` of shape ``(n, d, d)``."""
    return averaged_form(matrices[: (len(matrices) + 1) // 2])
