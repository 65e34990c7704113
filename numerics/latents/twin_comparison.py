"""Draws of a model and of its twin held against each other in constant memory; codes
against the information and the weights that a rotation gives them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from numerics.latents.dci_score import lasso_weights
from numerics.latents.entangling import EntanglingMap, Linearized
from numerics.latents.entangling_bounds import Errors, errors, matrix_errors
from numerics.latents.mutual_information_gap import joint_entropy
from numerics.latents.population_scores import quantised_information
from numerics.statistics.kolmogorov import TwoSampleGrid
from numerics.statistics.two_samples import Embedding, Standardised
from numerics.streams import Stream

__all__ = ["FITTED", "Comparison", "fitted_weights", "information_defect", "information_width", "labels_of"]

FITTED = (
    "V(W - A) = (VW - U) + (U - VA): the first is measured, the second is the rounding of both steps of the map (as in the density's analysis), "
    "and both are divided by the least singular value of the codes, lowered by a tenth for its own rounding."
)

CELLS = 1 << 12


class Comparison:
    """Two samples of observations: every coordinate, random projections, and the mean
    embedding.

    Args:
        pilot: Points ``(n, m)`` that fix the scales before any point is judged.
        stream: Where projections and frequencies come from. directions, features: How
            many.
        subset: Which coordinates are compared one by one; all when left out.
    """

    def __init__(
        self, pilot: Tensor, stream: Stream, *, directions: int = 4, features: int = 24, subset: Tensor | None = None
    ) -> None:
        m = pilot.shape[1]
        self.squash, self.subset = Standardised(pilot), subset
        self.columns = m if subset is None else len(subset)
        drawn = stream.fork("directions").normal(m, directions)
        self.directions = drawn / drawn.abs().sum(0) / 2.0  # projections of numbers in (-1, 1) stay in (-1/2, 1/2)
        self.grid = TwoSampleGrid(CELLS, self.columns, stream.device)
        self.along = TwoSampleGrid(CELLS, directions, stream.device)
        self.joint = Embedding(m, stream.fork("features"), features=features)

    def add(self, x: Tensor, which: int) -> None:
        """Count a tile of the first (0) or the second (1) sample.

        Args:
            x: Observations, shape ``(n, m)``.
        """
        at = torch.atan(self.squash(x)) / (0.5 * math.pi)
        kept = at if self.subset is None else at[:, self.subset]
        (self.grid.first, self.grid.second)[which].add(0.5 + 0.5 * kept)
        (self.along.first, self.along.second)[which].add(0.5 + at @ self.directions)
        self.joint.add(at, which)

    @property
    def by_column(self) -> float:
        """The largest Kolmogorov-Smirnov distance over the coordinates, from below."""
        return float(self.grid.brackets()[0].max())

    @property
    def by_direction(self) -> float:
        """The largest over the projections, from below."""
        return float(self.along.brackets()[0].max())


def labels_of(mapping: EntanglingMap, z: Tensor, bins: int) -> Tensor:
    """Bins of equal mass under the prior itself, shape of ``z``.

    Args:
        z: Points, shape ``(n, d)``.
    """
    p = 0.5 * torch.erfc(mapping.prior.columnwise(mapping.link.inner, z) * -math.sqrt(0.5))
    return (p * bins).to(torch.int64).clamp_(0, bins - 1)


def information_defect(mapping: EntanglingMap, z: Tensor, correlation: Tensor, bins: int) -> float:
    """The largest distance, over log ``bins``, of the information of a code f(z)_i and
    a factor z_j from that of a normal pair.

    Codes and factors have the prior as their distribution, whose bins hold equal mass:
    their entropies are log ``bins`` each, and only the joint one is estimated.

    Args:
        z: Draws of the prior. correlation: Claimed, ``(c, k)``: for the first c codes
            and k factors.
    """
    c, k = correlation.shape
    factors, codes = (
        labels_of(mapping, z, bins),
        labels_of(mapping, torch.cat([mapping(part) for part in z.split(mapping.tile)]), bins),
    )
    table = {rho: quantised_information(rho, bins) for rho in set(correlation.flatten().tolist())}
    level = torch.tensor(
        [[table[rho] for rho in row] for row in correlation.tolist()], dtype=torch.float64, device=z.device
    )
    found = 2.0 * math.log(bins) - joint_entropy(codes[:, :c], factors[:, :k])
    return float((found - level).abs().max()) / math.log(bins)


def information_width(n: int, bins: int) -> tuple[float, float]:
    """For ``Test.hoeffding(n, width)`` of :func:`information_defect`, and how far its
    mean may lie from 0.

    Replacing one point takes a share 1/n from one cell and gives it to another, which
    moves an empirical entropy by at most (log n + 1)/n, so that McDiarmid's inequality
    is Hoeffding's of that width; an empirical entropy of m cells is low on average by
    at most log(1 + (m - 1)/n) (Paninski 2003).
    """
    return (math.log(n) + 1.0) / math.log(bins), math.log1p((bins**2 - 1) / n) / math.log(bins)


def fitted_weights(mapping: EntanglingMap, at: Linearized, error: Errors) -> tuple[Tensor, float, float]:
    """Least squares of the factors' normal coordinates U on those V of the codes as
    evaluated, ``(d, d)``, and how far from A that may lie.

    Returns:
        The weights W, what the fit leaves and what the map's rounding explains, the two
        terms of :data:`FITTED`.
    """
    A, gamma = mapping.A, mapping.dim * torch.finfo(mapping.A.dtype).eps
    codes = mapping.prior.columnwise(mapping.link.inner, at.x)
    weights = lasso_weights(codes, at.u)
    again = errors(mapping, mapping.linearize(at.x)).inner
    turned = gamma * (at.u.abs() @ A.abs().T) + error.inner @ A.abs().T
    relation = error.inner + (error.outer + again + turned) @ A.abs() + gamma * (codes.abs() @ A.abs())
    orthogonality = matrix_errors(A).orthogonality * torch.linalg.matrix_norm(at.u)
    least = 0.9 * torch.linalg.svdvals(codes).min()
    rounding = gamma * torch.linalg.matrix_norm(codes.abs() @ weights.abs())
    fit = (torch.linalg.matrix_norm(codes @ weights - at.u) + rounding) / least
    return weights, float(fit), float((torch.linalg.matrix_norm(relation) + orthogonality) / least)
