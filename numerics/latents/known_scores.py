"""Representations whose scores are known by counting, neither perfect nor at chance:
MIG, DCI and FactorVAE are held against them."""

from __future__ import annotations

import math
from collections import Counter
from itertools import product

import numpy as np
import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.latents import dci_score, factor_vae_score, mutual_information_gap
from numerics.latents.factor_vae_score import FactorVae
from numerics.latents.population_scores import levels, median_information, normal_cells
from numerics.streams import Stream

__all__ = [
    "cells_of_a_normal_pair",
    "dci_of_a_partial_alignment",
    "dci_of_a_rotation",
    "mig_of_a_partial_alignment",
    "mig_of_a_rotation",
    "votes_with_a_factor_left_out",
]

_TABLE = [((a, b), (a, (a + (b == 0)) % 3, b if c else a % 2)) for a, b, c in product(range(3), range(2), range(2))]
"""Factors a of three values and b of two, all equally likely; three codes: a itself, a moved on where b = 0, b half of the time."""


def _table() -> tuple[Tensor, Tensor]:
    factors = torch.tensor([row for row, _ in _TABLE], dtype=torch.float64)
    return torch.tensor([row for _, row in _TABLE], dtype=torch.float64), factors


def mig_of_a_partial_alignment() -> Measurement:
    """MIG of twelve equally likely rows against its definition: differences of sorted
    informations, counted in plain Python."""
    rows = len(_TABLE)

    def entropy(labels: list[object]) -> float:
        return -math.fsum(n / rows * math.log(n / rows) for n in Counter(labels).values())

    gaps = []
    for j in range(2):
        factor = [f[j] for f, _ in _TABLE]
        known = sorted(
            entropy([c[i] for _, c in _TABLE]) + entropy(factor) - entropy([(c[i], f[j]) for f, c in _TABLE])
            for i in range(3)
        )
        gaps.append((known[-1] - known[-2]) / entropy(factor))
    codes, factors = _table()
    found = mutual_information_gap.mig(codes, factors, bins=3)
    bound = Bound(
        {"rounding": 64 * rows * torch.finfo(torch.float64).eps},
        "Sums of at most 12 terms p log p below 1, logarithms within 16 units of roundoff, twice three entropies in each of two gaps, divided by an entropy above 1/2.",
    )
    return Measurement(
        torch.tensor(
            [abs(found.score - sum(gaps) / 2), *(abs(float(g) - k) for g, k in zip(found.gaps, gaps, strict=True))]
        ),
        bound,
        rows,
    )


def mig_of_a_rotation(angle: float = math.pi / 6) -> Measurement:
    r"""MIG with two bins of a rotation of the plane against Sheppard's arcsine:
    :math:`(I(\cos) - I(\sin))/\log 2`."""

    def information(rho: float) -> float:
        q = 0.5 + math.asin(rho) / math.pi
        return math.log(2.0) + q * math.log(q) + (1 - q) * math.log(1 - q)

    c, s = math.cos(angle), math.sin(angle)
    found = levels(torch.tensor([[c, -s], [s, c]], dtype=torch.float64), bins=2).mig
    known = abs(information(abs(c)) - information(abs(s))) / math.log(2.0)
    eps = torch.finfo(torch.float64).eps
    cells = [float(normal_cells(rho, 2)[1]) for rho in (c, s)]
    steep = [4.0 * abs(math.log(float(normal_cells(rho, 2)[0].min()))) + 4.0 for rho in (c, s)]
    terms = {
        "quadrature": sum(e * k for e, k in zip(cells, steep, strict=True)) / math.log(2.0),
        "correlations": 2.0 * 1e-12 * sum(steep) / math.log(2.0),
        "rounding": 512.0 * eps * sum(steep),
    }
    closed = max(
        abs(float(median_information(torch.tensor(rho, dtype=torch.float64))) - information(rho)) for rho in (c, s)
    )
    bound = Bound(
        terms,
        "An information moves by at most |log p| + 1 times what its four cells move; correlations are rounded to twelve digits, and a cell moves by at most "
        "1/(2 pi sqrt(1 - rho^2)) <= 1/pi of that; 96 nodes and a dozen operations, each within 16 units of roundoff.",
        ("quadrature",),
        ("the integrand is resolved by half the nodes",),
    )
    return Measurement(torch.tensor([abs(found - known), closed]), bound, 2)


def cells_of_a_normal_pair(rho: float = 0.6, bins: int = 5) -> Measurement:
    r"""Masses of cells by the integral over the correlation against those by
    conditioning: :math:`\int\varphi(u)\,\Phi\bigl((k - \rho
    u)/\sqrt{1-\rho^2}\bigr)\,du`."""
    found, doubt = normal_cells(rho, bins)
    known, coarse = (_cells_by_conditioning(rho, bins, nodes) for nodes in (96, 48))
    bound = Bound(
        {
            "quadrature over the correlation": float(doubt),
            "quadrature over u": float((known - coarse).abs().max()),
            "beyond the edge": 2.0 * math.erfc(_EDGE / math.sqrt(2.0)),
            "rounding": 96.0 * 64.0 * torch.finfo(torch.float64).eps,
        },
        "Gauss-Legendre on either side, estimated by half the nodes; mass beyond nine standard deviations; sums of 96 terms below 1, each within 16 units of roundoff, in four corners.",
        ("quadrature over the correlation", "quadrature over u"),
        ("both integrands are resolved by half the nodes",),
    )
    return Measurement((found - known).abs(), bound, bins**2)


_EDGE = 9.0  # standard deviations


def _cells_by_conditioning(rho: float, bins: int, nodes: int) -> Tensor:
    ends = torch.special.ndtri(torch.arange(1, bins, dtype=torch.float64) / bins)
    edges = torch.cat([ends.new_tensor([-_EDGE]), ends, ends.new_tensor([_EDGE])])
    points, weights = (torch.tensor(part) for part in np.polynomial.legendre.leggauss(nodes))
    half = 0.5 * (edges[1:] - edges[:-1])
    u = 0.5 * (edges[1:] + edges[:-1])[:, None] + half[:, None] * points
    density = torch.exp(-0.5 * u.square()) / math.sqrt(2.0 * math.pi) * weights * half[:, None]
    below = torch.special.ndtr((edges[:, None, None] - rho * u) / math.sqrt(1.0 - rho * rho))
    return ((below[1:] - below[:-1]) * density).sum(-1).T


def dci_of_a_partial_alignment() -> Measurement:
    """Disentanglement and completeness of an importance table against their definitions
    in plain Python."""
    table = [[3.0, 1.0], [0.0, 2.0], [1.0, 1.0]]

    def concentration(rows: list[list[float]]) -> float:
        total, kept = math.fsum(map(math.fsum, rows)), []
        for row in rows:
            whole = math.fsum(row)
            lost = -math.fsum(x / whole * math.log(x / whole) for x in row if x) / math.log(len(row))
            kept.append(whole / total * (1.0 - lost))
        return math.fsum(kept)

    known = [concentration(table), concentration([list(column) for column in zip(*table, strict=True)])]
    found = dci_score.dci_of_importance(torch.tensor(table, dtype=torch.float64))
    bound = Bound(
        {"rounding": 256 * torch.finfo(torch.float64).eps},
        "Sums of at most six terms below 1, logarithms and quotients within 16 units of roundoff.",
    )
    return Measurement(torch.tensor([abs(a - b) for a, b in zip(found, known, strict=True)]), bound, 2)


def dci_of_a_rotation(angle: float = math.pi / 6) -> Measurement:
    """The level of DCI for a rotation of the plane, from A alone, against the entropies
    of (cos, sin) over their sum in plain Python."""
    c, s = math.cos(angle), math.sin(angle)
    found = levels(torch.tensor([[c, -s], [s, c]], dtype=torch.float64), bins=2)
    shares = [abs(x) / (abs(c) + abs(s)) for x in (c, s)]
    known = 1.0 + math.fsum(x * math.log(x) for x in shares) / math.log(2.0)
    bound = Bound(
        {"rounding": 256 * torch.finfo(torch.float64).eps},
        "Both rows and both columns hold the same two entries; a dozen operations, logarithms within 16 units of roundoff.",
    )
    return Measurement(torch.tensor([abs(found.disentanglement - known), abs(found.completeness - known)]), bound, 2)


def votes_with_a_factor_left_out(stream: Stream, factors: int = 4, votes: int = 4000) -> tuple[FactorVae, float]:
    """FactorVAE of the codes z_1, .., z_{k-1} of k factors: a vote on the last factor
    is won by each code alike, so the score is (k-1)/k.

    Returns:
        The votes, and the probability with which one is right. A code that keeps its
        factor has variance 0 in a batch.
    """
    drawn = stream.fork("factors")
    found = factor_vae_score.factor_vae_by_simulation(
        lambda z: z[:, :-1], lambda m: drawn.normal(m, factors), stream.fork("votes"), batch=8, votes=votes
    )
    return found, (factors - 1) / factors
