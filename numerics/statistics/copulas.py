"""Pairs of columns against the uniform distribution of the square, in constant memory,
and the radius that holds at every sample size."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Dependence", "SquareGrid", "kolmogorov_radius", "naaman_radius"]


@dataclass(frozen=True)
class Dependence:
    """The pair of columns and the corner (u, v) at which the empirical distribution of
    ``[0, u) x [0, v)`` is furthest from u v."""

    columns: tuple[int, int]
    corner: tuple[float, float]
    observed: float
    expected: float

    @property
    def deviation(self) -> float:
        """|observed - expected|."""
        return abs(self.observed - self.expected)


class SquareGrid:
    r"""Counts of every pair of columns on a grid of the unit square.

    .. math:: \max_{i<j}\ \max_{u, v \in \{0, 1/m, \dots, 1\}} |F_n^{ij}(u, v) - u v|

    The maximum over the grid is at most the supremum over the square, so that a bound
    on the supremum's deviations holds for it.

    Args:
        cells: m, a power of two so that binning is exact. columns: How many columns, D;
            D (D - 1)/2 pairs. device: Where counts live.

    >>> u = torch.tensor([[0.1, 0.1], [0.9, 0.9]]).double()
    >>> SquareGrid(cells=2, columns=2).add(u).worst()
    Dependence(columns=(0, 1), corner=(0.5, 0.5), observed=0.5, expected=0.25)
    """

    def __init__(self, cells: int, columns: int, device: str | torch.device = "cpu") -> None:
        if cells < 2 or cells & (cells - 1):
            raise ValueError(f"Expected a power of two for the number of cells, got {cells}.")
        self.cells, self.columns, self.size = cells, columns, 0
        self.pairs = list(itertools.combinations(range(columns), 2))
        self.counts = torch.zeros(len(self.pairs), cells * cells, dtype=torch.int64, device=device)

    def add(self, sample: Tensor) -> SquareGrid:
        """Count a tile, shape ``(n, columns)``, values in [0, 1], 1 counted in the last
        cell."""
        if sample.ndim != 2 or sample.shape[1] != self.columns:
            raise ValueError(f"Expected a tile of shape (n, {self.columns}), got {tuple(sample.shape)}.")
        if not bool(((sample >= 0) & (sample <= 1)).all()):
            raise ValueError("Expected values in [0, 1]. Was the map applied?")
        cell = (sample * self.cells).to(torch.int64).clamp_(max=self.cells - 1)
        for row, (i, j) in enumerate(self.pairs):
            self.counts[row] += torch.bincount(cell[:, i] * self.cells + cell[:, j], minlength=self.cells**2)
        self.size += sample.shape[0]
        return self

    @property
    def statistic(self) -> float:
        """The largest deviation over pairs and corners; 0 for a single column."""
        return self.worst().deviation if self.pairs else 0.0

    def worst(self) -> Dependence:
        """The pair of columns and the corner at which the largest deviation is
        attained."""
        if self.size == 0 or not self.pairs:
            raise ValueError("Expected at least two columns and one point; add a tile first.")
        m = self.cells
        below = self.counts.view(-1, m, m).cumsum(1).cumsum(2).to(torch.float64) / self.size
        edges = torch.arange(1, m + 1, dtype=torch.float64, device=below.device) / m
        expected = edges[:, None] * edges
        place = int((below - expected).abs().argmax())
        pair, i, j = place // (m * m), place // m % m, place % m
        return Dependence(self.pairs[pair], ((i + 1) / m, (j + 1) / m), float(below[pair, i, j]), float(expected[i, j]))

    @property
    def variation(self) -> float:
        r"""The largest total variation :math:`\tfrac12 \sum_k |c_k/n - m^{-2}|` over
        the pairs; 0 for a single column.

        Replacing one point moves it by at most 1/n, so that McDiarmid's inequality
        bounds its deviations as Hoeffding's does those of a mean of n numbers in an
        interval of width 1; where its mean lies under the uniform distribution,
        :meth:`mean_variation` says.
        """
        if self.size == 0:
            raise ValueError("No point was counted; add a tile first.")
        share = self.counts.to(torch.float64) / self.size
        return float((share - 1.0 / self.cells**2).abs().sum(1).max()) / 2.0 if self.pairs else 0.0

    def mean_variation(self) -> float:
        r"""The most that a pair's total variation is on average under the uniform
        distribution: :math:`\tfrac12\sqrt{(m^2 - 1)/n}`, by Jensen, cell by cell."""
        return 0.5 * math.sqrt((self.cells**2 - 1) / self.size)


def kolmogorov_radius(n: int, alpha: float) -> float:
    """sup |F_n - F| exceeds this with probability at most ``alpha``, for every n and
    every F (Dvoretzky-Kiefer-Wolfowitz, Massart 1990).

    >>> round(kolmogorov_radius(1000, 0.05), 4)
    0.0429
    """
    return math.sqrt(math.log(2 / alpha) / (2 * n))


def naaman_radius(n: int, alpha: float, dim: int = 2) -> float:
    """The same bound for distributions on R^dim: P(sup |F_n - F| > e) <= dim (n + 1)
    exp(-2 n e^2) (Naaman 2021, Statistics & Probability Letters 173).

    >>> round(naaman_radius(1000, 0.05), 4)
    0.0728
    """
    return math.sqrt(math.log(dim * (n + 1) / alpha) / (2 * n))
