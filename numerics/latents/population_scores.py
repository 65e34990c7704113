r"""Where the scores of an entangled representation lie, from its rotation A alone.

If z has independent columns and z' = f(z) is entangled through A, the normal
coordinates of the pair (factor z_j, code z'_i) are jointly normal with correlation
:math:`A_{ij}`, whatever the marginals. Scores that increasing maps of single
coordinates leave alone are therefore functions of A:

- *MIG* with b bins of equal mass: the information :math:`I_b(|A_{ij}|)` of a normal
    pair sorted into b x b cells; for b = 2 it is
  :math:`\log 2 - h\bigl(\tfrac12 + \tfrac1\pi \arcsin|\rho|\bigr)` (Sheppard 1899);
- *DCI* by least squares on normal coordinates: importance :math:`|A_{ij}|`;
- *FactorVAE* on normal coordinates: code i keeps the variance :math:`1 - A_{ij}^2`
  while factor j is fixed. Where all |A_ij| are equal no code is singled out, at any
  batch size, and a vote is a uniform draw: chance, 1/d.

With :math:`|A_{ij}| = d^{-1/2}` (:func:`numerics.latents.rotations.equal_entries`)
these are 0, 0 and 1/d.

Sources: definitions in :mod:`numerics.latents.mutual_information_gap`,
    :mod:`~numerics.latents.dci_score` and :mod:`~numerics.latents.factor_vae_score`;
    Drezner & Wesolowsky 1990 for the normal integral.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from numerics.latents.code_bins import BINS
from numerics.latents.dci_score import dci_of_importance
from numerics.latents.mutual_information_gap import mig_of_information

__all__ = ["Levels", "levels", "median_information", "normal_cells", "quantised_information"]


def normal_cells(rho: float, bins: int, nodes: int = 96) -> tuple[Tensor, Tensor]:
    r"""Masses of the b x b cells of equal marginal mass under a normal pair of
    correlation ``rho``, and an estimate of their error.

    .. math:: \Phi_2(h, k; \rho) = \Phi(h)\Phi(k) + \frac1{2\pi}\int_0^{\arcsin\rho}
              \exp\Bigl(-\frac{(h-k)^2}{2\cos^2\theta} - \frac{hk}{1+\sin\theta}\Bigr) d\theta

    by Gauss-Legendre; the estimate is the largest change when half the nodes are used,
    and assumes an integrand that those resolve.

    Raises:
        ValueError: |rho| > 1, or fewer than 2 bins.

    >>> cells, _ = normal_cells(0.5, 2)
    >>> [round(float(mass), 12) for mass in cells[0]]  # asin(1/2) is a twelfth of a turn
    [0.333333333333, 0.166666666667]
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
    """I_b(rho) in nats: the information of a normal pair of that correlation, both
    sides sorted into ``bins`` of equal mass.

    >>> round(quantised_information(1.0, 4) / math.log(2), 12)  # two bits
    2.0
    """
    cells, _ = normal_cells(abs(float(rho)), bins)
    return max(0.0, 2.0 * math.log(bins) + float(torch.xlogy(cells, cells).sum()))


def median_information(rho: Tensor) -> Tensor:
    r"""I_2 in closed form: :math:`\log 2 + q\log q + (1-q)\log(1-q)`, :math:`q =
    \tfrac12 + \tfrac1\pi\arcsin|\rho|`, nats.

    Args:
        rho: Correlations, any shape.

    >>> median_information(torch.tensor([0.0, 1.0]))  # 0, log 2
    tensor([0.0000, 0.6931])
    """
    q = 0.5 + torch.asin(rho.abs().clamp_max(1.0)) / math.pi
    return math.log(2.0) + torch.xlogy(q, q) + torch.xlogy(1.0 - q, 1.0 - q)


@dataclass(frozen=True)
class Levels:
    """``mig`` for bins of equal mass; ``disentanglement``, ``completeness`` by least
    squares on normal coordinates; ``factor_vae`` on normal coordinates (None where A
    leaves it to the batch size); ``equal``: whether all |A_ij| are equal within A's
    rounding."""

    mig: float
    disentanglement: float
    completeness: float
    factor_vae: float | None
    equal: bool


def levels(A: Tensor, *, bins: int = BINS) -> Levels:
    """The population's scores of f(z) against z, for an orthogonal A of shape ``(d,
    d)``, d >= 2; see the module.

    FactorVAE: 1/d where all |A_ij| are equal, and 1 where every factor has its own code
    of largest |A_ij|, ahead of the others by more than rounding, in the limit of large
    batches; otherwise None.

    >>> from numerics.latents.rotations import flat_rotation
    >>> even = levels(flat_rotation(2))
    >>> even.equal, even.factor_vae, round(even.mig, 12)
    (True, 0.5, 0.0)
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
