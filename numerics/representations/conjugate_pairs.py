"""A unitary representation against a conjugate of it: traces, averaged intertwiners,
their unitary parts, and how many there are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.errors import PrecisionError
from numerics.representations.averaging import exact_cast, unitarise
from numerics.representations.intertwiners import (
    Intertwiner,
    PolarFactor,
    average_between,
    intertwiner_equations,
    nullity,
    pairing,
    polar,
    polar_intertwining_error,
)
from numerics.rounding import frobenius, gamma
from numerics.streams import Stream

GAP = 1e3  # a singular value that is not zero has to be this many errors away from it
Unitary = Callable[[Tensor], tuple[Tensor, dict[str, float]]]
ToIntertwiner = Callable[[Tensor, Tensor, Tensor, float], Intertwiner]


class ConjugatePair:
    """R, exact and unitary, and R' = S R~ S^-1, exact, with its unitarised form U.

    Args:
        R: Permutation or monomial matrices, shape ``(n, d, d)``. moved: R', integers or
            Gaussian integers, shape ``(n, d, d)``.
        generators: Positions of generators. stream: Source of the matrix that is
            averaged; its dtype is that of all computations.
        unitary: From R' to U and bounds on its error, as
            :func:`numerics.representations.averaging.unitarise`.
        seed_to_intertwiner: As
            :func:`numerics.representations.intertwiners.average_between`.
    Raises:
        PrecisionError: the dtype does not hold the entries, or the averaged form of R'
            is not positive definite in it.
    """

    def __init__(
        self,
        R: Tensor,
        moved: Tensor,
        generators: Sequence[int],
        stream: Stream,
        *,
        unitary: Unitary = unitarise,
        seed_to_intertwiner: ToIntertwiner = average_between,
    ) -> None:
        wide = torch.complex128 if moved.is_complex() else torch.float64
        self.R = exact_cast(R.to(moved.device, wide), stream.dtype)
        self.moved, self.generators = exact_cast(moved, stream.dtype), torch.tensor(generators)
        self.unitary, self.known = unitary(self.moved)
        d = self.R.shape[-1]
        seed = stream.normal(d, d)
        self.seed = torch.complex(seed, stream.normal(d, d)) if self.R.is_complex() else seed
        self.to_intertwiner = seed_to_intertwiner

    @cached_property
    def intertwiner(self) -> Intertwiner:
        """The average of a random matrix between R and U."""
        return self.to_intertwiner(self.R, self.unitary, self.seed, self.known["error"])

    @cached_property
    def parts(self) -> PolarFactor:
        """Its polar factor."""
        return polar(self.intertwiner.matrix)

    def _trace_error(self) -> float:
        d = self.R.shape[-1]
        sums = gamma(d + 1, self.R) * (float(torch.diagonal(self.unitary, dim1=-2, dim2=-1).abs().sum(-1).max()) + d)
        return math.sqrt(d) * self.known["error"] + sums

    def traces(self) -> Measurement:
        """|tr R(g) - tr U(g)|; shape ``(n,)``."""
        chi, other = (torch.diagonal(r, dim1=-2, dim2=-1).sum(-1) for r in (self.R, self.unitary))
        note = "a trace moves by sqrt(d) times the Frobenius error of U at most; a sum of d numbers is within gamma_d of the sum of their sizes"
        bound = Bound({"unitarised and summed": self._trace_error()}, note)
        return Measurement((chi - other).abs(), bound, len(self.R))

    def average(self) -> Measurement:
        """|T R(g) - U(g) T| for the averaged T, over |T|; shape ``(n,)``."""
        T = self.intertwiner.matrix
        size, known = frobenius(T) or 1.0, self.known
        products = frobenius(T.abs() @ self.R.abs() + self.unitary.abs() @ T.abs())
        terms = {
            "average": (1 + known["spectral"]) * self.intertwiner.error / size,
            "unitarised": known["error"],
            "products": gamma(self.R.shape[-1] + 2, self.R) * products / size,
        }
        note = "the exact average intertwines the exact U; the computed one is within e of it, and U within its error of the exact one"
        residual = torch.linalg.matrix_norm(T @ self.R - self.unitary @ T) / size
        return Measurement(residual, Bound(terms, note), len(self.R))

    def unitary_part(self) -> Measurement:
        """|V R(g) - U(g) V| for the unitary part V of T; shape ``(n,)``."""
        V, known, d = self.parts.factor, self.known, self.R.shape[-1]
        skew = 2 * known["form"] / (1 - known["form"]) if known["form"] < 0.5 else torch.inf
        error = polar_intertwining_error(
            self.intertwiner, self.parts, known["error"], known["spectral"] * skew + 2 * known["error"], d
        )
        products = gamma(d + 2, self.R) * frobenius(V.abs() @ self.R.abs() + self.unitary.abs() @ V.abs())
        note = "entries of [P, R] are those of [P^2, R] over sums of singular values; the residual of T, the orthogonality defect of V and the error of U are carried through"
        residual = torch.linalg.matrix_norm(V @ self.R - self.unitary @ V)
        return Measurement(residual, Bound({"polar factor": error, "products": products}, note), len(self.R))

    def isometry(self) -> Measurement:
        """|V* V - 1|."""
        V, d = self.parts.factor, self.R.shape[-1]
        residual = torch.linalg.matrix_norm(V.mH @ V - torch.eye(d, dtype=V.dtype, device=V.device))
        note = "measured orthogonality defects of the two factors of the singular value decomposition, and rounding of products of length d"
        terms = {
            "factors": self.parts.orthogonality_defect,
            "products": gamma(d + 1, V) * frobenius(V.mH.abs() @ V.abs()),
        }
        return Measurement(residual, Bound(terms, note), 1)

    def intertwiners(self) -> Measurement:
        """How many singular values of X -> R'(g) X - X R(g) are zero, against (1/n) sum
        conj chi(g) chi_U(g).

        Raises:
            PrecisionError: the least singular value that is not zero is too near to the
                error of the factorisation.
        """
        found = nullity(intertwiner_equations(self.R[self.generators], self.moved[self.generators]))
        if found.ratio < GAP:
            raise PrecisionError(
                f"The least singular value beyond zero is {found.ratio:.1e} times the error: too near to tell. Use fewer shears or more precision."
            )
        d, n = self.R.shape[-1], len(self.R)
        sizes = float(torch.diagonal(self.R, dim1=-2, dim2=-1).sum(-1).abs().mean())
        products = sizes * (self._trace_error() + gamma(n + 2, self.R) * d)
        note = (
            "singular values within the factorisation's residual count the kernel (Weyl), the next is beyond a thousand residuals; "
            "the inner product is a mean of n products of traces"
        )
        residual = abs(found.count - pairing(self.R, self.unitary))
        return Measurement(residual, Bound({"inner product": products}, note), n)


def matrices_as_given(matrices: Tensor) -> tuple[Tensor, dict[str, float]]:
    """Wrong on purpose, for controls: the representation, shape ``(n, d, d)``, known
    exactly, taken for a unitary one."""
    return matrices, {"error": 0.0, "form": 0.0, "norm": frobenius(matrices), "spectral": frobenius(matrices)}


def seed_itself(R: Tensor, moved: Tensor, seed: Tensor, moved_error: float) -> Intertwiner:
    """Wrong on purpose, for controls: X itself, with the error that its average would
    have.

    Args:
        R, moved: Shape ``(n, d, d)``. seed: X, shape ``(d, d)``.
    """
    return Intertwiner(seed, average_between(R, moved, seed, moved_error).error)
