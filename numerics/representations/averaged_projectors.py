"""Maschke's averaging measured: the mean of R(g) pi R(g)^-1 over a group, and what it
has to do with an invariant subspace.

The matrices are integers or Gaussian integers, held exactly, in a random basis that is
far from orthonormal. Rounding is bounded entry by entry, by products of absolute values
(Higham 2002, 3.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.representations.averaging import exact_conjugate, integer_change_of_basis
from numerics.rounding import gamma
from numerics.streams import Stream


@dataclass(frozen=True)
class Module:
    """Matrices, and a subspace W that they should keep.

    Attributes:
        matrices, inverses: R(g) and R(g)^-1, integers or Gaussian integers, shape ``(n,
            d, d)``.
        basis: A basis B of W in columns, shape ``(d, w)``. dual: A with A B = 1, shape
            ``(w, d)``; B A is some projector onto W.
        table: Products of the elements, int64, shape ``(n, n)``, where the matrices are
            all those of a finite group.
    """

    matrices: Tensor
    inverses: Tensor
    basis: Tensor
    dual: Tensor
    table: Tensor | None = None


def pair_of_copies(matrices: Tensor, inverses: Tensor, table: Tensor | None = None) -> Module:
    """Two copies R + R, W = {(v, 2 v)}, and a projector onto W that does not commute
    with them.

    Args:
        matrices, inverses: R(g) and R(g)^-1, shape ``(n, m, m)``. table: Products,
            int64, shape ``(n, n)``, for a finite group.
    """
    m = matrices.shape[-1]
    two, unit = (torch.eye(k, dtype=matrices.dtype) for k in (2, m))
    above = torch.triu(torch.ones(m, m, dtype=matrices.dtype))
    dual = torch.cat([unit - 2 * above, above], 1)
    return Module(torch.kron(two, matrices), torch.kron(two, inverses), torch.cat([unit, 2 * unit]), dual, table)


def window_of_reals(half: int = 4) -> Module:
    """t -> [[1, t], [0, 1]] for whole t from -half to half, W = span(e1)."""
    t = torch.arange(-half, half + 1)
    matrices = torch.eye(2, dtype=torch.int64).repeat(len(t), 1, 1)
    inverses = matrices.clone()
    matrices[:, 0, 1], inverses[:, 0, 1] = t, -t
    return Module(matrices, inverses, torch.tensor([[1], [0]]), torch.tensor([[1, 0]]))


def first_half(module: Module) -> Module:
    """The same with the first half of the elements only."""
    half = len(module.matrices) // 2
    return Module(module.matrices[:half], module.inverses[:half], module.basis, module.dual)


class AveragedProjector:
    """The mean of R(g) B A R(g)^-1 in a random basis, with a bound on the error of
    every entry.

    Args:
        module: The matrices and the subspace. shears: Elementary operations of the
            random basis.
        stream: Source of the basis. gaussian: Whether the basis is one of Gaussian
            integers.
    Raises:
        OverflowError: integers of the conjugates may leave the range in which float64
            holds them.
    Accuracy:
        Where the sizes of all terms add up to less than 2^53 (a quarter of it if
        complex) the sum is exact and the quotient by n rounds; elsewhere an entry errs
        by gamma_(2d+n+1) times the mean of |R| |pi| |R^-1|.
    """

    def __init__(self, module: Module, shears: int, stream: Stream, *, gaussian: bool = False) -> None:
        onto = (module.basis @ module.dual).to(stream.device)
        matrices, inverses = module.matrices.to(stream.device), module.inverses.to(stream.device)
        S, S_inverse = integer_change_of_basis(matrices.shape[-1], shears, stream, gaussian=gaussian)
        self.matrices = exact_conjugate(matrices, S, S_inverse)
        inverses, projector = exact_conjugate(inverses, S, S_inverse), exact_conjugate(onto, S, S_inverse)
        self.subspace = S.to(self.matrices) @ module.basis.to(self.matrices)
        n, d = self.matrices.shape[:2]
        self.mean = (self.matrices @ projector @ inverses).sum(0) / n
        sizes = (self.matrices.abs() @ projector.abs() @ inverses.abs()).sum(0)
        whole = float(sizes.max()) < 2.0 ** (51 if self.mean.is_complex() else 53)
        self.error = gamma(2, self.mean) * self.mean.abs() if whole else gamma(2 * d + n + 1, self.mean) * sizes / n

    @cached_property
    def _sizes(self) -> tuple[Tensor, Tensor, int]:
        return self.matrices.abs(), self.mean.abs(), self.mean.shape[-1]

    def _measurement(self, residual: Tensor, mean: Tensor, products: Tensor, points: int) -> Measurement:
        note = (
            "the exact mean commutes, is idempotent, fixes W and has an invariant kernel; the computed one is known entry by entry; "
            "products round by gamma times products of absolute values (Higham 2002, 3.5)"
        )
        norm = torch.linalg.matrix_norm
        return Measurement(norm(residual), Bound({"mean": norm(mean), "products": norm(products)}, note), points)

    def commutation(self) -> Measurement:
        """|R M - M R| for every element."""
        R, M, d = self._sizes
        residual = self.matrices @ self.mean - self.mean @ self.matrices
        products = gamma(d + 2, self.mean) * (R @ M + M @ R)
        return self._measurement(residual, R @ self.error + self.error @ R, products, len(R))

    def idempotence(self) -> Measurement:
        """|M^2 - M|."""
        R, M, d = self._sizes
        mean = M @ self.error + self.error @ M + self.error @ self.error + self.error
        return self._measurement(self.mean @ self.mean - self.mean, mean, gamma(d + 2, self.mean) * (M @ M + M), len(R))

    def image(self) -> Measurement:
        """|M B - B|: M fixes W."""
        R, M, d = self._sizes
        B = self.subspace.abs()
        residual = self.mean @ self.subspace - self.subspace
        return self._measurement(residual, self.error @ B, gamma(d + 2, self.mean) * (M @ B + B), len(R))

    def rank(self) -> Measurement:
        """|tr M - dim W|: with the two above the image is no larger than W."""
        R, M, d = self._sizes
        trace = torch.diagonal(self.mean).sum() - self.subspace.shape[1]
        note = "a projector's rank is its trace; each diagonal entry is known, and a sum of d + 1 numbers is within gamma_(d+1) of their sizes"
        terms = {
            "mean": float(torch.diagonal(self.error).sum()),
            "sum": gamma(d + 1, self.mean) * (float(torch.diagonal(M).sum()) + self.subspace.shape[1]),
        }
        return Measurement(trace.abs(), Bound(terms, note), len(R))

    def kernel(self) -> Measurement:
        """|M R (1 - M)| for every element: R keeps the kernel of M."""
        R, M, d = self._sizes
        eye = torch.eye(d, dtype=self.mean.dtype, device=self.mean.device)
        rest, E = eye - self.mean, self.error
        mean = E @ R @ (rest.abs() + E) + M @ R @ E
        products = gamma(2 * d + 4, self.mean) * (M @ R @ (eye.abs() + M))
        return self._measurement(self.mean @ self.matrices @ rest, mean, products, len(R))
