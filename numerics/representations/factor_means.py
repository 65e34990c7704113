"""Which subspace each factor moves, from matrices in floating point: means over the
factors, and dimensions as their traces.

The mean over G_-i is the product of the means over the other factors, so that as many
matrices are added as the factors have elements together. Dimensions of fixed vectors
are traces of such products, integers that decimals decide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound
from numerics.rounding import frobenius, gamma


@dataclass(frozen=True)
class FactorMeans:
    """Means over commuting factors, with bounds on their errors.

    Args:
        means: M_j, one a factor, shape ``(d, d)`` each.
        errors: Bounds on their Frobenius errors.
    """

    means: tuple[Tensor, ...]
    errors: tuple[float, ...]

    @classmethod
    def of(cls, factors: Sequence[Tensor], error: float = 0.0) -> FactorMeans:
        """From all matrices of each factor.

        Args:
            factors: For each factor its matrices, shape ``(n_j, d, d)``.
            error: Bound on the Frobenius error of every matrix.

        >>> swap = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).double()
        >>> FactorMeans.of([torch.stack([torch.eye(2).double(), swap])] * 2).fixed_by_all()[0]
        1.0
        """
        means = tuple(part.mean(0) for part in factors)
        errors = tuple(error + gamma(len(part) + 1, part) * frobenius(part) for part in factors)
        return cls(means, errors)

    def __len__(self) -> int:
        return len(self.means)

    def projector(self, chosen: Sequence[int]) -> tuple[Tensor, float]:
        """The mean over the product of these factors, and a bound on its Frobenius
        error; the identity for none."""
        d = self.means[0].shape[-1]
        out = torch.eye(d, dtype=self.means[0].dtype, device=self.means[0].device)
        size, off = 1.0, 0.0  # of the product so far: a bound on its operator norm, and its error
        for j in chosen:
            norm = frobenius(self.means[j][None])
            off = off * (norm + self.errors[j]) + size * self.errors[j] + gamma(d, out) * size * norm * math.sqrt(d)
            out, size = out @ self.means[j], size * (norm + self.errors[j])
        return out, off

    def fixed_dimension(self, chosen: Sequence[int]) -> tuple[float, float]:
        """The dimension of the vectors that these factors fix, and a bound on its
        error: |tr E| <= sqrt(d) |E|."""
        matrix, error = self.projector(chosen)
        d = matrix.shape[-1]
        trace = float(torch.diagonal(matrix).sum().real)
        return trace, math.sqrt(d) * error + gamma(d, matrix) * float(torch.diagonal(matrix).abs().sum())

    def fixed_by_others(self) -> list[tuple[float, float]]:
        """Fix(G_-i) for each factor."""
        k = len(self)
        return [self.fixed_dimension([j for j in range(k) if j != i]) for i in range(k)]

    def fixed_by_all(self) -> tuple[float, float]:
        """Fix(G)."""
        return self.fixed_dimension(range(len(self)))

    def entangled_dimension(self) -> tuple[float, Bound]:
        """d - sum_i Fix(G_-i) + (k - 1) Fix(G), which is 0 exactly for a disentangled
        representation, and its bound."""
        k, d = len(self), self.means[0].shape[-1]
        others, everything = self.fixed_by_others(), self.fixed_by_all()
        value = d - sum(v for v, _ in others) + (k - 1) * everything[0]
        terms = {
            "fixed by the others": sum(e for _, e in others),
            "fixed by all": (k - 1) * everything[1],
            "sum": gamma(k + 2, self.means[0]) * (d + sum(abs(v) for v, _ in others) + k * abs(everything[0])),
        }
        note = (
            "each mean is within gamma_n of the largest matrix's norm; products of means by the product rule and gamma_d (Higham 2002, 3.5); "
            "a trace errs by at most sqrt(d) times the Frobenius error"
        )
        return value, Bound(terms, note)


def canonical_projectors(means: FactorMeans) -> tuple[list[Tensor], Tensor]:
    """P, P_1 - P, .., P_k - P, and what is left, which projects onto the entangled
    part; shape ``(d, d)`` each."""
    k = len(means)
    everything = means.projector(range(k))[0]
    parts = [everything]
    parts += [means.projector([j for j in range(k) if j != i])[0] - everything for i in range(k)]
    eye = torch.eye(len(everything), dtype=everything.dtype, device=everything.device)
    return parts, eye - torch.stack(parts).sum(0)


def cyclic_powers(generator: Tensor, order: int) -> Tensor:
    """1, A, .., A^(n-1), shape ``(n, d, d)``.

    >>> cyclic_powers(-torch.eye(1).double(), 2).flatten()
    tensor([ 1., -1.], dtype=torch.float64)
    """
    out = [torch.eye(len(generator), dtype=generator.dtype, device=generator.device)]
    for _ in range(order - 1):
        out.append(out[-1] @ generator)
    return torch.stack(out)


def turned_blocks(
    orders: Sequence[int], frequencies: Sequence[Sequence[int]], trivial: int, Q: Tensor
) -> tuple[list[Tensor], float]:
    """The matrices of cyclic factors that turn one plane by each tuple of frequencies
    and fix ``trivial`` further dimensions, in the orthonormal basis Q.

    Args:
        orders: n_1, .., n_k. frequencies: For each plane one frequency a factor.
        trivial: How many dimensions stay.
        Q: Nearly orthogonal, shape ``(d, d)``, d = 2 planes + trivial.
    Returns:
        For each factor shape ``(n_j, d, d)``, and a bound on the Frobenius distance of
        every matrix from U B U^T, U the polar factor of Q: |U^T Q - 1| is at most |Q^T
        Q - 1|, which is measured.

    >>> matrices, error = turned_blocks([4], [[1]], 0, torch.eye(2).double())
    >>> matrices[0][1].round() + 0, error < 1e-13
    (tensor([[ 0., -1.],
            [ 1.,  0.]], dtype=torch.float64), True)
    """
    d = len(Q)
    eye = torch.eye(d, dtype=Q.dtype, device=Q.device)
    norm = frobenius(Q[None])
    lack = float(torch.linalg.matrix_norm(Q.mT @ Q - eye)) + gamma(d + 1, Q) * norm**2
    factors = []
    for j, n in enumerate(orders):
        blocks = eye.repeat(n, 1, 1)
        for p, chosen in enumerate(frequencies):
            steps = torch.arange(n, device=Q.device) * chosen[j] % n
            angle = steps.to(Q.dtype) * (2 * math.pi / n)
            c, s = angle.cos(), angle.sin()
            turn = torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], -2)
            blocks[:, 2 * p : 2 * p + 2, 2 * p : 2 * p + 2] = turn
        factors.append(Q @ blocks @ Q.mT)
    return factors, lack * (2 + lack) + math.sqrt(2) * gamma(2 * d + 20, Q) * norm**2
