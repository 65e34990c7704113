"""The measures of one embedding by three ways: tiles of a tree's pairs, rows of a
graph's shortest paths, and counting in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.hyperbolic import models
from numerics.hyperbolic.fidelity_by_definition import CountedFidelity, counted_fidelity
from numerics.hyperbolic.graph_fidelity import GraphFidelity, adjacency, graph_fidelity
from numerics.hyperbolic.sarkar_fidelity import Fidelity, fidelity
from numerics.hyperbolic.sarkar_trees import Tree, graph_distances
from numerics.streams import Stream

__all__ = ["THREE", "JudgedEmbedding", "Read", "random_points", "steps_of"]

Read = Callable[["JudgedEmbedding"], tuple[float, float, float]]


def random_points(size: int, n: int, radius: float, stream: Stream) -> Tensor:
    """Points of the ball in random directions at hyperbolic radii uniform in [0,
    radius]; shape ``(size, n)``."""
    ways = stream.normal(size, n)
    far = radius * stream.uniform(size, 1)
    return ways / torch.linalg.vector_norm(ways, dim=1, keepdim=True) * (far / 2).tanh()


def steps_of(tree: Tree) -> list[list[int]]:
    """Number of edges between all pairs, as lists."""
    return graph_distances(tree, torch.arange(len(tree))).tolist()


class JudgedEmbedding:
    """Points of the Poincaré ball for the vertices of a tree, judged at a stated scale.

    Args:
        tree: N vertices.
        points: Shape ``(N, n)``, in the tree's order.
        scale: The length that stands for one edge.
        factor: By how much every distance is grown; the stated scale grows with it.
    """

    def __init__(self, tree: Tree, points: Tensor, scale: float, factor: float = 1.0) -> None:
        self.tree, self.points, self.scale, self.factor = tree, points, scale, factor

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        """The ball's distance times the factor."""
        return self.factor * models.poincare_distance(x, y)

    @cached_property
    def table(self) -> Tensor:
        """All distances."""
        return self.distance(self.points.unsqueeze(1), self.points)

    @cached_property
    def in_tiles(self) -> Fidelity:
        """By tiles of the tree's pairs."""
        return fidelity(self.tree, self.points, self.distance, tau=self.scale * self.factor, tile=7)

    @cached_property
    def in_rows(self) -> GraphFidelity:
        """By rows of shortest paths of the graph."""
        size = len(self.tree)
        graph = adjacency(size, self.tree.edges, [1.0] * (size - 1))
        return graph_fidelity(graph, self.points, self.distance, errors=torch.zeros(size, dtype=torch.float64), scale=self.scale * self.factor, tile=5)  # fmt: skip

    @cached_property
    def counts(self) -> CountedFidelity:
        """By the definitions, in plain Python."""
        return counted_fidelity(self.tree, self.table.tolist(), tau=self.scale * self.factor)

    def differences(self, first: Read, second: Read) -> Measurement:
        """How two readings differ: worst case relatively, average relatively to one
        plus itself, MAP."""
        a, b = first(self), second(self)
        sizes = (b[0], 1 + b[1], 1.0)
        residual = torch.tensor(
            [abs(x - y) / size for x, y, size in zip(a, b, sizes, strict=True)], dtype=torch.float64
        )
        eps = torch.finfo(torch.float64).eps
        bound = Bound(
            {"rounding": 2 * (len(self.tree) + 16) * eps},
            "The same distances enter both; what is left are N divisions and sums of each row, and their sum over the rows, on either side.",
        )
        return Measurement(residual, bound, len(self.tree) * (len(self.tree) - 1) // 2)

    def enclosures_hold(self, stream: Stream, share: float = 1.0) -> Measurement:
        """By how much the measures of distances that are off by their errors leave the
        enclosures that :func:`fidelity` states for ``share`` of these errors.

        A vertex contributes a twentieth of the least distance. Pairs are moved by both
        of their errors: apart, together, at random, and away from the stated length.
        """
        size = len(self.tree)
        off = ~torch.eye(size, dtype=torch.bool)
        error = float(self.table[off].min()) / 20
        tau = self.scale * self.factor
        stated = fidelity(self.tree, self.points, self.distance, tau=tau, error=share * error, tile=7)
        steps = graph_distances(self.tree, torch.arange(size)).double()
        signs = torch.triu(stream.signs(size, size).cpu().double(), 1)
        residual = []
        for way in (1.0, -1.0, signs + signs.T, torch.sign(self.table.cpu() / tau - steps)):
            moved = self.table.cpu() + 2 * error * way * off.double()
            found = counted_fidelity(self.tree, moved.tolist(), tau=tau)
            ends = (stated.worst, stated.average, stated.mean_average_precision)
            residual += [max(0.0, v - e.high, e.low - v) / (1 + v) for v, e in zip(found, ends, strict=True)]
        eps = torch.finfo(torch.float64).eps
        bound = Bound({"rounding": 4 * (size + 16) * eps}, "The enclosures hold for distances within their errors; N divisions and sums of each row, and one more rounding of every distance.")  # fmt: skip
        return Measurement(torch.tensor(residual, dtype=torch.float64), bound, 4 * size * (size - 1) // 2)

    def under_growth(self, factor: float, *, stated: bool = True) -> Measurement:
        """How the measures change when every distance grows by a factor, the stated
        scale with it (or not)."""
        grown = JudgedEmbedding(self.tree, self.points, self.scale if stated else self.scale / factor, factor)
        before, after = THREE["counting"](self), THREE["counting"](grown)
        residual = torch.tensor(
            [abs(before[0] / after[0] - 1), abs(before[1] - after[1]) / (1 + before[1])], dtype=torch.float64
        )
        eps = torch.finfo(torch.float64).eps
        # a distance times the factor rounds once, its quotients twice
        bound = Bound(
            {"rounding": 2 * (len(self.tree) + 16) * eps},
            "One more rounding of every distance; quotients and sums as before.",
        )
        return Measurement(residual, bound, len(self.tree) * (len(self.tree) - 1) // 2)


THREE: dict[str, Read] = {
    "tiles": lambda seen: (
        seen.in_tiles.worst.value,
        seen.in_tiles.average.value,
        seen.in_tiles.mean_average_precision.value,
    ),
    "rows": lambda seen: (seen.in_rows.worst.value, seen.in_rows.average.value, seen.in_rows.mean_average_precision),
    "counting": lambda seen: (seen.counts.worst, seen.counts.average, seen.counts.mean_average_precision),
}
