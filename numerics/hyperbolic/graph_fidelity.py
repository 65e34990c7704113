r"""Distortion and mean average precision of any embedding of any connected graph, over
all pairs, a tile of rows at a time.

Distances in the graph come from breadth-first search or Dijkstra
(scipy.sparse.csgraph), distances in the embedding from a function of two points.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

from numerics.hyperbolic.sarkar_fidelity import Enclosure

__all__ = ["GraphFidelity", "adjacency", "graph_fidelity"]


@dataclass(frozen=True)
class GraphFidelity:
    """How faithful an embedding of a graph is, over all pairs of vertices.

    Attributes:
        worst: ``max(d_emb/d) * max(d/d_emb)``; infinite when a pair collapses.
            Unchanged by scaling.
        average: Mean of ``|d_emb/scale - d| / d``.
        scale: The length that stands for one unit of distance in the graph.
        mean_average_precision: Ties counted against the embedding.
        tied: Strangers that are as far as a neighbour, to within the errors.
        collapsed: Pairs at distance zero, to within the errors.
        pairs: N (N - 1)/2.
        witness: The pair of the largest contraction: two vertices, their distance in
            the graph and in the embedding.
        error: Bound of the error of every distance, and ``least`` the least distance.
    """

    worst: Enclosure
    average: Enclosure
    scale: float
    mean_average_precision: float
    tied: int
    collapsed: int
    pairs: int
    witness: tuple[int, int, float, float]
    error: float
    least: float


def adjacency(size: int, edges: Sequence[tuple[int, int]], weights: Sequence[float]) -> csr_array:
    """The symmetric weight matrix of an undirected graph on 0..size-1."""
    pairs = np.array(edges, dtype=np.int64).reshape(-1, 2)
    data = np.asarray(weights, dtype=np.float64)
    rows, columns = np.concatenate([pairs[:, 0], pairs[:, 1]]), np.concatenate([pairs[:, 1], pairs[:, 0]])
    return csr_array((np.concatenate([data, data]), (rows, columns)), shape=(size, size))


def graph_fidelity(
    graph: csr_array, points: Tensor, distance: Callable[[Tensor, Tensor], Tensor], *, errors: Tensor, scale: float | None = None, tile: int = 256
) -> GraphFidelity:  # fmt: skip
    """The measures of an embedding of a graph.

    Args:
        graph: Symmetric matrix of positive weights, N x N; see :func:`adjacency`.
        points: Coordinates, shape ``(N, n)``.
        distance: Broadcasting over leading axes.
        errors: For each vertex what it contributes to the error of any distance, shape
            ``(N,)``.
        scale: The length that stands for one unit of distance in the graph; the mean of
            d_emb/d over the edges when left out.
        tile: Rows held at a time.
    Raises:
        ValueError: the graph is not connected, or the scale is not positive.

    >>> path = adjacency(3, [(0, 1), (1, 2)], [1.0, 1.0])
    >>> points = torch.tensor([[0.0], [1.0], [2.0]]).double()
    >>> far = lambda x, y: (x - y).abs().sum(-1)
    >>> found = graph_fidelity(path, points, far, errors=torch.zeros(3).double())
    >>> found.worst.value, found.average.value, found.mean_average_precision
    (1.0, 0.0, 1.0)
    """
    size = graph.shape[0]
    unit = _edge_scale(graph, points, distance) if scale is None else float(scale)
    if not (math.isfinite(unit) and unit >= 0) or (scale is not None and unit <= 0):
        raise ValueError(f"Expected a positive scale, got {unit}.")
    near = [graph.indices[graph.indptr[u] : graph.indptr[u + 1]] for u in range(size)]
    tally = _Rows(unit)
    for start in range(0, size, tile):
        sources = range(start, min(start + tile, size))
        steps = torch.from_numpy(dijkstra(graph, indices=list(sources), unweighted=bool((graph.data == 1).all()))).to(
            points.device
        )
        if not bool(torch.isfinite(steps).all()):
            raise ValueError("Expected a connected graph. Take one component.")
        embedded = distance(points[sources.start : sources.stop].unsqueeze(1), points.unsqueeze(0)).double()
        blur = (errors[sources.start : sources.stop].unsqueeze(1) + errors).double()
        tally.add(sources, embedded, steps, blur, near)
    return tally.result(size)


def _edge_scale(graph: csr_array, points: Tensor, distance: Callable[[Tensor, Tensor], Tensor]) -> float:
    rows, columns = graph.nonzero()
    lengths = distance(points[torch.from_numpy(rows)], points[torch.from_numpy(columns)]).double()
    return float((lengths / torch.from_numpy(graph.data).to(lengths)).mean())


class _Rows:
    """What is kept of the tiles."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.expansion = self.contraction = self.error = self.precision = 0.0
        self.least = math.inf
        self.stretches: list[float] = []
        self.witness = (0, 0, 0.0, 0.0)
        self.collapsed = self.tied = 0

    def add(self, sources: range, embedded: Tensor, steps: Tensor, blur: Tensor, near: list[np.ndarray]) -> None:
        off = steps > 0
        safe = torch.where(off, steps, torch.ones_like(steps))
        ratio = embedded / safe
        low, high = (
            torch.where(off, ratio, torch.full_like(ratio, math.inf)),
            torch.where(off, ratio, torch.zeros_like(ratio)),
        )
        self.expansion = max(self.expansion, float(high.max()))
        least = float(low.min())
        contraction = 1 / least if least > 0 else math.inf
        if contraction > self.contraction:
            row, column = divmod(int(low.argmin()), low.shape[1])
            self.contraction, self.witness = contraction, (sources.start + row, column, float(steps[row, column]), float(embedded[row, column]))  # fmt: skip
        self.least = min(self.least, float(torch.where(off, embedded, torch.full_like(embedded, math.inf)).min()))
        self.error = max(self.error, float(blur.max()))
        self.collapsed += int(((embedded <= blur) & off).sum())
        stretch = torch.where(
            off, (ratio / self.scale - 1).abs() if self.scale else torch.ones_like(ratio), torch.zeros_like(ratio)
        )
        self.stretches.append(float(stretch.sum()))
        self._rank(sources, embedded.cpu().numpy(), blur.cpu().numpy(), near)

    def _rank(self, sources: range, embedded: np.ndarray, blur: np.ndarray, near: list[np.ndarray]) -> None:
        for row, u in enumerate(sources):
            friends = near[u]
            slack = 2 * float(blur[row].max())
            ordered = np.sort(np.delete(embedded[row], u))
            lengths = np.sort(embedded[row, friends])
            within = np.searchsorted(ordered, lengths + slack, side="right")
            hits = np.searchsorted(lengths, lengths + slack, side="right")
            before = np.searchsorted(ordered, lengths - slack, side="left")
            self.tied += int(((within - before) - (hits - np.searchsorted(lengths, lengths - slack, side="left"))).clip(0).sum())  # fmt: skip
            self.precision += float((hits / within).mean())

    def result(self, size: int) -> GraphFidelity:
        pairs = size * (size - 1) // 2
        relative = self.error / self.least if self.least > 0 else math.inf
        worst = self.expansion * self.contraction
        high = worst * ((1 + relative) / (1 - relative)) if relative < 1 else math.inf
        average = math.fsum(self.stretches) / (2 * pairs)
        give = (relative + 64 * np.finfo(np.float64).eps) * (1 + average)  # sums by pairs: log2 of N^2 roundings
        return GraphFidelity(
            Enclosure(worst * max(0.0, 1 - 2 * relative), worst, high), Enclosure(max(0.0, average - give), average, average + give), self.scale,
            self.precision / size, self.tied, self.collapsed // 2, pairs, self.witness, self.error, self.least,
        )  # fmt: skip
