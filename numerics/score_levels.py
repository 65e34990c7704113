r"""Where the scores of an entangled representation lie, from its rotation A alone, and rotations whose entries are all equal.

If z has independent columns and z' = f(z) is entangled through A, the normal coordinates of the pair (factor z_j, code z'_i) are
jointly normal with correlation :math:`A_{ij}`, whatever the marginals. Scores that increasing maps of single coordinates leave alone
are therefore functions of A:

- *MIG* with b bins of equal mass: the information :math:`I_b(|A_{ij}|)` of a normal pair sorted into b x b cells; for b = 2 it is
  :math:`\log 2 - h\bigl(\tfrac12 + \tfrac1\pi \arcsin|\rho|\bigr)` (Sheppard 1899);
- *DCI* by least squares on normal coordinates: importance :math:`|A_{ij}|`;
- *FactorVAE* on normal coordinates: code i keeps the variance :math:`1 - A_{ij}^2` while factor j is fixed. Where all |A_ij| are equal
  no code is singled out, at any batch size, and a vote is a uniform draw: chance, 1/d.

With :math:`|A_{ij}| = d^{-1/2}` (:func:`equal_entries`) these are 0, 0 and 1/d. Such A is a Hadamard matrix over the root of d: d is 2 or
a multiple of 4, and for which multiples of 4 they exist is open (least unknown: 668).

Sources: definitions in :mod:`numerics.disentanglement_scores`; Drezner & Wesolowsky 1990 for the normal integral; Paley 1933.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from numerics.disentanglement_scores import BINS, dci_of_importance, mig_of_information

__all__ = [
    "Levels", "equal_entries", "flat_rotation", "hadamard", "hartley", "levels", "median_information", "near_permutation",
    "normal_cells", "quantised_information",
]  # fmt: skip


def normal_cells(rho: float, bins: int, nodes: int = 96) -> tuple[Tensor, Tensor]:
    r"""Masses of the b x b cells of equal marginal mass under a normal pair of correlation ``rho``, and an estimate of their error.

    .. math:: \Phi_2(h, k; \rho) = \Phi(h)\Phi(k) + \frac1{2\pi}\int_0^{\arcsin\rho}
              \exp\Bigl(-\frac{(h-k)^2}{2\cos^2\theta} - \frac{hk}{1+\sin\theta}\Bigr) d\theta

    by Gauss-Legendre; the estimate is the largest change when half the nodes are used, and assumes an integrand that those resolve.

    Raises:
        ValueError: |rho| > 1, or fewer than 2 bins.
    """
    if not -1.0 <= rho <= 1.0 or bins < 2:
        raise ValueError(f"Expected a correlation in [-1, 1] and at least 2 bins, got {rho} and {bins}.")
    if abs(rho) == 1.0:
        diagonal = torch.eye(bins, dtype=torch.float64) / bins
        return (diagonal if rho > 0 else diagonal.flip(1)), torch.zeros(())
    fine, coarse = (_cells(rho, bins, count) for count in (nodes, nodes // 2))
    return fine, (fine - coarse).abs().max()


def _cells(rho: float, bins: int, nodes: int) -> Tensor:
    p = torch.arange(1, bins, dtype=torch.float64) / bins
    h = torch.special.ndtri(p)
    points, weights = (torch.tensor(part) for part in np.polynomial.legendre.leggauss(nodes))
    top = math.asin(rho)
    theta = 0.5 * top * (points + 1.0)
    gap, product = (h[:, None] - h) ** 2, h[:, None] * h
    inner = torch.exp(-gap[..., None] / (2.0 * torch.cos(theta) ** 2) - product[..., None] / (1.0 + torch.sin(theta)))
    corner = p[:, None] * p + (inner @ weights) * top / (4.0 * math.pi)
    F = torch.zeros(bins + 1, bins + 1, dtype=torch.float64)
    F[1:-1, 1:-1], F[-1, 1:-1], F[1:-1, -1], F[-1, -1] = corner, p, p, 1.0
    return (F[1:, 1:] - F[:-1, 1:] - F[1:, :-1] + F[:-1, :-1]).clamp_min(0.0)


def quantised_information(rho: float, bins: int = BINS) -> float:
    """I_b(rho) in nats: the information of a normal pair of that correlation, both sides sorted into ``bins`` of equal mass."""
    cells, _ = normal_cells(abs(float(rho)), bins)
    return max(0.0, 2.0 * math.log(bins) + float(torch.xlogy(cells, cells).sum()))


def median_information(rho: Tensor) -> Tensor:
    r"""I_2 in closed form: :math:`\log 2 + q\log q + (1-q)\log(1-q)`, :math:`q = \tfrac12 + \tfrac1\pi\arcsin|\rho|`, nats."""
    q = 0.5 + torch.asin(rho.abs().clamp_max(1.0)) / math.pi
    return math.log(2.0) + torch.xlogy(q, q) + torch.xlogy(1.0 - q, 1.0 - q)


@dataclass(frozen=True)
class Levels:
    """``mig`` for bins of equal mass; ``disentanglement``, ``completeness`` by least squares on normal coordinates; ``factor_vae`` on normal
    coordinates (None where A leaves it to the batch size); ``equal``: whether all |A_ij| are equal within A's rounding."""

    mig: float
    disentanglement: float
    completeness: float
    factor_vae: float | None
    equal: bool


def levels(A: Tensor, *, bins: int = BINS) -> Levels:
    """The population's scores of f(z) against z, for an orthogonal A of shape ``(d, d)``, d >= 2; see the module.

    FactorVAE: 1/d where all |A_ij| are equal, and 1 where every factor has its own code of largest |A_ij|, ahead of the others
    by more than rounding, in the limit of large batches; otherwise None.
    """
    if A.ndim != 2 or A.shape[0] != A.shape[1] or A.shape[0] < 2:
        raise ValueError(f"Expected a square matrix with d >= 2, got shape {tuple(A.shape)}.")
    size = A.detach().abs().to("cpu", torch.float64)
    d = len(size)
    rounding = 16.0 * d * torch.finfo(A.dtype).eps
    leading = size.topk(2, dim=0)
    equal = bool((size - d**-0.5).abs().max() <= rounding)
    ahead = bool((leading.values[0] - leading.values[1] > rounding).all())
    own = len(set(leading.indices[0].tolist())) == d
    table = {rho: quantised_information(rho, bins) for rho in {round(x, 12) for x in leading.values.flatten().tolist()}}
    information = torch.tensor(
        [[table[round(x, 12)] for x in row] for row in leading.values.tolist()], dtype=torch.float64
    )
    gap = mig_of_information(information, torch.full((d,), math.log(bins), dtype=torch.float64)).score
    disentanglement, completeness = dci_of_importance(size)
    return Levels(
        0.0 if equal else gap,
        disentanglement,
        completeness,
        1.0 / d if equal else 1.0 if ahead and own else None,
        equal,
    )


# -- rotations ----------------------------------------------------------------------------------------------------------


def hadamard(d: int) -> Tensor | None:
    """A d x d matrix of signs with orthogonal rows, float64, or None where none of the constructions here reaches d.

    Doubling (Sylvester 1867) and quadratic residues modulo a prime q (Paley 1933): d = q + 1 for q = 3 mod 4, d = 2(q + 1) for
    q = 1 mod 4, and their products by powers of 2. No such matrix exists for d > 2 that is no multiple of 4.
    """
    if d in (1, 2):
        return (
            torch.ones(1, 1, dtype=torch.float64)
            if d == 1
            else torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64)
        )
    if d < 1 or d % 4:
        return None
    if _is_prime(d - 1):
        return _paley(d - 1)
    if (d // 2 - 1) % 4 == 1 and _is_prime(d // 2 - 1):
        return _paley_doubled(d // 2 - 1)
    half = hadamard(d // 2)
    return None if half is None else torch.kron(torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64), half)


def _is_prime(q: int) -> bool:
    return q > 1 and all(q % k for k in range(2, math.isqrt(q) + 1))


def _residues(q: int) -> Tensor:
    """Jacobsthal's matrix: the quadratic character of i - j modulo a prime q."""
    squares = {x * x % q for x in range(1, q)}
    character = torch.tensor([0.0] + [1.0 if x in squares else -1.0 for x in range(1, q)], dtype=torch.float64)
    index = torch.arange(q)
    return character[(index[:, None] - index) % q]


def _bordered(q: int, sign: float) -> Tensor:
    core = torch.zeros(q + 1, q + 1, dtype=torch.float64)
    core[0, 1:], core[1:, 0], core[1:, 1:] = 1.0, sign, _residues(q)
    return core


def _paley(q: int) -> Tensor:
    """Order q + 1 for a prime q = 3 mod 4: the identity plus a skew conference matrix."""
    return torch.eye(q + 1, dtype=torch.float64) + _bordered(q, -1.0)


def _paley_doubled(q: int) -> Tensor:
    """Order 2(q + 1) for a prime q = 1 mod 4, from a symmetric conference matrix."""
    conference, one = _bordered(q, 1.0), torch.eye(q + 1, dtype=torch.float64)
    signs, corner = torch.tensor([[1.0, 1.0], [1.0, -1.0]]).double(), torch.tensor([[1.0, -1.0], [-1.0, -1.0]]).double()
    return torch.kron(conference, signs) + torch.kron(one, corner)


def equal_entries(d: int) -> Tensor | None:
    """An orthogonal matrix with all |A_ij| = d^(-1/2), float64, or None where :func:`hadamard` has none."""
    H = hadamard(d)
    return None if H is None else H / math.sqrt(d)


def hartley(d: int) -> Tensor:
    r"""The symmetric orthogonal matrix :math:`d^{-1/2}\,(\cos + \sin)(2\pi jk/d)`; an entry vanishes only if 8 divides d.

    cos + sin is zero at 3/8 and 7/8 of a turn, and jk/d reaches neither unless d is a multiple of 8.
    """
    index = torch.arange(d)
    turn = 2.0 * math.pi * (torch.outer(index, index) % d).to(torch.float64) / d
    return (torch.cos(turn) + torch.sin(turn)) / math.sqrt(d)


def flat_rotation(d: int) -> Tensor:
    """An orthogonal matrix without zero entries whose entries are as even as the constructions here have them, for every d >= 2.

    :func:`equal_entries` where there is one, otherwise the Kronecker product of one of a power of two with Hartley's of odd order, whose
    entries are at most sqrt(2/d).
    """
    if d < 2:
        raise ValueError(f"Expected d >= 2, got {d}: there is nothing to entangle in one dimension.")
    flat = equal_entries(d)
    if flat is not None:
        return flat
    even = d & -d
    power = equal_entries(even)
    assert power is not None  # Sylvester
    return torch.kron(power, hartley(d // even))


def near_permutation(d: int, angle: float = 0.05) -> Tensor:
    """The reflection of (1, angle, ..., angle) followed by a flip of the first sign: near the identity, no entry zero, float64.

    For 0 < angle and angle^2 d < 1/4; entries off the diagonal are of the order of the angle and of its square.
    """
    if d < 2 or not 0 < angle * angle * d < 0.25:
        raise ValueError(f"Expected d >= 2 and 0 < angle^2 d < 1/4, got d = {d}, angle = {angle}.")
    v = torch.full((d,), float(angle), dtype=torch.float64)
    v[0] = 1.0
    A = torch.eye(d, dtype=torch.float64) - 2.0 * torch.outer(v, v) / torch.dot(v, v)
    A[0] = -A[0]
    return A
