r"""Sarkar's embedding measured pair by pair: against a lower bound for each number of
steps, against an upper bound of the distortion, and by two ways to each distance.

Distances come from the construction alone (edges and angles, one law of cosines a
step); no Chebyshev polynomial enters them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.hyperbolic.sarkar_all_pairs import AllPairs, all_pairs
from numerics.hyperbolic.sarkar_trees import Tree
from numerics.hyperbolic.tree_frames import EPS, PlantedTree, common_ancestors, distances_by_paths, first_steps, plant

__all__ = ["CORRECT_SPACING", "SarkarTree", "least_distances", "ratio_of", "tau_of"]

SMALL = 40  # vertices
LeastDistances = Callable[[int, float, int], Tensor]  # (most edges, tau, degree) -> bounds for 0, 1, .., most edges
Ratio = Callable[[int, float, int], float]  # (diameter, tau, degree) -> bound of the distortion


def tau_of(excess: float, degree: int) -> float:
    r"""The edge length at which :math:`\zeta = \cosh\frac\tau2\,\sin\frac\pi\Delta` is
    1 + excess.

    >>> round(tau_of(0.0, 3), 12)  # log 3, the threshold
    1.098612288668
    """
    s = math.sin(math.pi / degree)
    # acosh(1 + x) for 1 + x = (1 + excess)/s, by log1p, exact to rounding near the threshold of a path
    x = (1 + excess - s) / s
    return 2 * math.log1p(x + math.sqrt(x * (x + 2)))


def least_distances(most: int, tau: float, degree: int) -> Tensor:
    r"""The sharp bound :math:`2\operatorname{arsinh}(\sinh\frac\tau2\,U_{k-1}(\zeta))`
    for k = 0 .. most, by the three-term recursion.

    Args:
        most: Largest number of edges; ``most * tau`` at most 1,400, so that nothing
            overflows.
        tau, degree: Of the construction.
    Returns:
        float64, shape ``(most + 1,)``.
    Accuracy:
        Relative error of U below ``(6 k^2 + 8) eps``: that of zeta counts at most
        :math:`\zeta U'/U \le k^2` times, and a step of the recursion adds at most two
        roundings to values that grow.

    >>> round(float(least_distances(5, 2.0, 3)[5]), 12)
    8.5513480592
    """
    if most * tau > 1400:
        raise ValueError(f"Expected most * tau of at most 1400, got {most} * {tau:.6g}: U overflows.")
    zeta = math.cosh(tau / 2) * math.sin(math.pi / degree)
    values = [0.0, 1.0]
    for _ in range(most - 1):
        values.append(2 * zeta * values[-1] - values[-2])
    return 2 * (math.sinh(tau / 2) * torch.tensor(values[: most + 1], dtype=torch.float64)).asinh()


def ratio_of(diameter: int, tau: float, degree: int) -> float:
    """The largest distortion over all trees of this degree and diameter: of the
    constant-turn chain of that many edges."""
    return diameter * tau / float(least_distances(diameter, tau, degree)[diameter])


def CORRECT_SPACING(planted: PlantedTree) -> PlantedTree:
    """Directions as the construction has them."""
    return planted


class SarkarTree:
    """A tree planted by Sarkar's construction, small enough for the table of all
    distances.

    Args:
        tree: N vertices.
        tau: Length of an edge.
        degree: The largest degree that the bounds are told; at least that of the tree.
        spacing: What is done to the directions before distances are taken.
        weights: Of the edges.
    """

    def __init__(
        self, tree: Tree, tau: float, degree: int, *, spacing: Callable[[PlantedTree], PlantedTree] = CORRECT_SPACING, weights: Sequence[float] | None = None,
    ) -> None:  # fmt: skip
        self.tree, self.tau, self.degree = tree, tau, degree
        self.planted = spacing(plant(tree, tau, weights=weights))
        self.table, self.blur = distances_by_paths(self.planted)
        depth, height, common = self.planted.depths, self.planted.heights, common_ancestors(self.planted)
        self.steps = depth[:, None] + depth[None, :] - 2 * depth[common]  # int64: double before it meets a float
        self.heights = height[:, None] + height[None, :] - 2 * height[common]  # distances in the tree, with weights
        self.pairs = len(self.planted) * (len(self.planted) - 1) // 2
        # pair by pair where there are few, so that every border between rectangles is met
        self.measured: AllPairs = all_pairs(self.planted, scale=tau, tile=1 if len(tree) <= SMALL else 64)

    @property
    def diameter(self) -> int:
        """The most edges between two vertices."""
        return int(self.steps.max())

    def _distance_bound(self, extra: Tensor | float = 0.0) -> Bound:
        return Bound(
            {"rounding": self.blur + self.blur.T, "formula": extra},
            "Running first-order errors of numerics.hyperbolic.tree_frames, doubled; the bound's formula: numerics.hyperbolic.sarkar_measurements.least_distances.",
        )

    def shortfall(self, least: LeastDistances = least_distances) -> Measurement:
        """By how much a distance falls below the bound for its number of steps."""
        values = least(self.diameter, self.tau, self.degree)
        k = self.steps.double()
        formula = EPS * (2 * (6 * k.square() + 8) + 2 * self.table)
        return Measurement((values[self.steps] - self.table).clamp_min(0), self._distance_bound(formula), self.pairs)

    def excess(self) -> Measurement:
        """By how much a distance exceeds its number of edges times tau."""
        return Measurement(
            (self.table - self.tau * self.steps.double()).clamp_min(0),
            self._distance_bound(EPS * self.tau * self.steps.double()),
            self.pairs,
        )

    def nearness_of_strangers(self) -> Measurement:
        """By how much a stranger comes nearer than a neighbour: zero makes MAP one."""
        strangers = torch.where(self.steps > 1, self.tau - self.table, torch.zeros_like(self.table))
        return Measurement(strangers.clamp_min(0), self._distance_bound(EPS * self.tau), self.pairs)

    def greedy(self) -> Measurement:
        """By how much the first step along the path to a vertex fails to come nearer to
        it."""
        size = len(self.planted)
        worst = torch.zeros_like(self.table)
        first = first_steps(self.planted)
        for u in range(size):
            on = first[u]
            away = torch.arange(size) != u
            worst[u, away] = (self.table[on[away], away] - self.table[u, away]).clamp_min(0)
        bound = self._distance_bound(0.0)
        return Measurement(
            worst, Bound({"rounding": 2 * float(bound.terms["rounding"].max())}, bound.derivation), self.pairs
        )

    def two_ways(self) -> Measurement:
        """Distances by a walk along the path against distances by the lowest common
        ancestor: what all_pairs made of them."""
        off = self.steps > 0
        ratio = self.heights[off] / self.table[off]
        expansion = (1 / ratio).max()
        precision = self._precision()
        residual = torch.stack([
            (ratio.max() / self.measured.contraction.value - 1).abs(), (expansion / self.measured.expansion.value - 1).abs(),
            (((self.table[off] / self.tau / self.heights[off]) - 1).abs().mean() - self.measured.average.value).abs(),
            torch.tensor(abs(precision - self.measured.mean_average_precision)),
        ])  # fmt: skip
        least = float(self.table[off].min())
        blur = (float(self.blur.max()) * 2 + self.measured.error) / max(least, 1e-300)
        bound = Bound({"rounding": 2 * blur + (len(self.planted) + 64) * EPS}, "Both errors of a distance over the least distance; sums of N^2 terms; MAP is a fraction.")  # fmt: skip
        return Measurement(residual, bound, self.pairs)

    def _precision(self) -> float:
        """MAP from the table, with distances as ties where the errors leave them
        open."""
        total = 0.0
        size = len(self.planted)
        near = self.steps == 1
        for u in range(size):
            inside = []
            for v in near[u].nonzero().flatten().tolist():
                within = self.table[u] <= self.table[u, v] + self.measured.error
                within[u] = False
                inside.append(float((within & near[u]).sum()) / float(within.sum()))
            total += sum(inside) / len(inside)
        return total / size

    def ratio_below(self, rho: float) -> Measurement:
        """By how much the distortion of the tree exceeds a number, relatively."""
        worst = self.measured.worst
        bound = Bound(
            {"rounding": (worst.high - worst.low) / worst.value + 4 * EPS}, "The enclosure of the measured distortion."
        )
        return Measurement(torch.tensor(max(0.0, worst.value / rho - 1)), bound, self.pairs)

    def ratio_reached(self, rho: float) -> Measurement:
        """By how much the distortion of the tree differs from a number, relatively."""
        worst = self.measured.worst
        k = self.diameter
        formula = EPS * (2 * (6 * k * k + 8) + 8)
        bound = Bound({"rounding": (worst.high - worst.low) / worst.value + formula}, "The enclosure of the measured distortion, and the bound's formula.")  # fmt: skip
        return Measurement(torch.tensor(abs(worst.value / rho - 1)), bound, self.pairs)
