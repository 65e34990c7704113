r"""How faithful an embedding of a tree is: distortion and mean average precision, over
all pairs of vertices.

All pairs are visited in tiles of rows: memory is ``tile * N`` numbers, never ``N^2``.

Measures come as an :class:`Enclosure`: the value that the computed distances give, and
the least and greatest value that distances within the stated errors could give. A mean
average precision is a discrete thing: distances that differ by less than their errors
may be ranked either way, and both ways are then inside the enclosure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from numerics.hyperbolic.sarkar_trees import Tree, graph_distances

__all__ = [
    "Enclosure",
    "Fidelity",
    "fidelity",
]

Distance = Callable[[Tensor, Tensor], Tensor]


class Enclosure(NamedTuple):
    """A computed value, and the least and greatest that the true one can be."""

    low: float
    value: float
    high: float

    @property
    def width(self) -> float:
        """Greatest minus least."""
        return self.high - self.low


@dataclass(frozen=True)
class Fidelity:
    """How faithful an embedding is.

    Attributes:
        worst: ``max(d_emb/d) * max(d/d_emb)`` over all pairs; infinite when a pair
            collapses. Unchanged by scaling.
        average: Mean of ``|d_emb/tau - d| / d`` over all pairs.
        mean_average_precision: With ties counted against the embedding (see
            :func:`fidelity`).
        collapsed: Pairs whose computed distance is zero.
        unranked: Pairs (vertex, neighbour) whose precision the errors leave open.
        pairs: How many pairs of vertices were measured: all of them.
    """

    worst: Enclosure
    average: Enclosure
    mean_average_precision: Enclosure
    collapsed: int
    unranked: int
    pairs: int


def fidelity(
    tree: Tree,
    points: Tensor,
    distance: Distance,
    *,
    tau: float,
    error: Tensor | float = 0.0,
    resolution: float = 0.0,
    tile: int = 512,
) -> Fidelity:
    r"""Worst-case distortion, average distortion and mean average precision of an
    embedding, over all pairs.

    .. math:: \mathrm{MAP} = \frac1N\sum_u\frac1{\deg u}\sum_{v\sim u}\frac{|N(u)\cap R_{uv}|}{|R_{uv}|},
              \quad R_{uv} = \{w\ne u : d(u,w)\le d(u,v) + \delta\}

    so that a stranger as near as the neighbour counts against the embedding. Sarkar's
    construction puts all neighbours of a vertex at exactly the same distance, and
    rounding breaks such ties at random: at ``resolution`` delta = 0 the enclosure is
    then wide. A delta well above the errors counts them as the ties that they are; it
    gives the MAP itself unless two different distances from one vertex lie within
    delta.

    Args:
        tree: N vertices.
        points: Their coordinates in some model, shape ``(N, k)``, in the tree's order.
        distance: The model's distance, broadcasting over leading axes.
        tau: The length that stands for one edge, in the average.
        error: For each vertex what it contributes to the error of any distance; a
            pair's error is the sum of its two.
        resolution: The delta above: distances that differ by no more are ranked as
            ties. Nonnegative.
        tile: Rows held at a time.
    Raises:
        ValueError: a number of points other than N, tau not positive, or a negative
            resolution.
    Accuracy:
        The enclosures contain the values of the true distances if ``error`` bounds the
        distances' errors; they are widened by ``(N + 16) eps`` relatively for the
        divisions and sums.
    Source: Sala et al. 2018, section 2, for the three measures; the treatment of ties
        is ours.

    >>> from numerics.hyperbolic.models import poincare_distance
    >>> from numerics.hyperbolic.sarkar_trees import sarkar, tree_from_parents
    >>> path = tree_from_parents([0, 0, 0])
    >>> measures = fidelity(path, sarkar(path, 1.0), poincare_distance, tau=1.0, resolution=1e-9)
    >>> round(measures.worst.value, 12), measures.mean_average_precision.value
    (1.0, 1.0)
    """
    if len(points) != len(tree):
        raise ValueError(f"Expected a point for each of the {len(tree)} vertices, got {len(points)}.")
    if not tau > 0:
        raise ValueError(f"Expected a positive scale tau, got {tau}.")
    if not resolution >= 0:
        raise ValueError(f"Expected a resolution of at least 0, got {resolution}.")
    errors = torch.as_tensor(error, dtype=points.dtype, device=points.device).expand(len(tree))
    parts = [_row_measures(rows, tree, tau, resolution) for rows in _tiles(tree, points, distance, errors, tile)]
    size = len(tree)
    slack = (size + 16) * torch.finfo(points.dtype).eps
    worst = [_product([part.worst[k] for part in parts]) for k in range(3)]
    average = [math.fsum(part.average[k] for part in parts) / (size * (size - 1)) for k in range(3)]
    precision = [math.fsum(part.precision[k] for part in parts) / size for k in range(3)]
    return Fidelity(
        _widen(worst, slack),
        _widen(average, slack),
        _widen(precision, slack),
        sum(part.collapsed for part in parts) // 2,
        sum(part.unranked for part in parts),
        size * (size - 1) // 2,
    )


class _Rows(NamedTuple):
    """A tile: which vertices, their distances to all, the errors of these, and the
    distances in the tree."""

    vertices: Tensor
    distance: Tensor
    error: Tensor
    steps: Tensor


class _Measures(NamedTuple):
    worst: list[tuple[float, float]]
    average: list[float]
    precision: list[float]
    collapsed: int
    unranked: int


def _tiles(tree: Tree, points: Tensor, distance: Distance, errors: Tensor, tile: int) -> Iterator[_Rows]:
    everyone = torch.arange(len(tree), device=points.device)
    for vertices in everyone.split(tile):
        embedded = distance(points[vertices].unsqueeze(1), points.unsqueeze(0))
        yield _Rows(vertices, embedded, errors[vertices].unsqueeze(1) + errors, graph_distances(tree, vertices))


def _row_measures(rows: _Rows, tree: Tree, tau: float, resolution: float) -> _Measures:
    apart = rows.steps > 0
    d, b = rows.distance[apart], rows.error[apart]
    steps = rows.steps[apart].to(d)
    ends = ((d - b).clamp_min(0), d, d + b)
    expansion = [float((end / steps).max()) for end in ends]
    contraction = [float((steps / end).max()) for end in reversed(ends)]
    stretch = (d / tau - steps).abs() / steps
    give = b / (tau * steps)
    average = [float(part.sum()) for part in ((stretch - give).clamp_min(0), stretch, stretch + give)]
    precision, unranked = _precisions(rows, tree, resolution)
    return _Measures(list(zip(expansion, contraction, strict=True)), average, precision, int((d == 0).sum()), unranked)


def _precisions(rows: _Rows, tree: Tree, resolution: float) -> tuple[list[float], int]:
    """The tile's sum of average precisions: least, as computed, greatest; and how many
    terms the errors leave open.

    With N neighbours and M strangers in the ball about u that just holds v, the
    precision is N/(N+M): least for the fewest neighbours that must be inside and the
    most strangers that can be, and the other way round.
    """
    row, v = (rows.steps == 1).nonzero(as_tuple=True)
    d, b = rows.distance[row], rows.error[row]
    at, slack = rows.distance[row, v].unsqueeze(1) + resolution, rows.error[row, v].unsqueeze(1)
    friend, stranger = rows.steps[row] == 1, rows.steps[row] > 1
    itself = torch.zeros_like(friend).scatter_(1, v.unsqueeze(1), True)
    must, may, computed = (d + b <= at - slack) | itself, (d - b <= at + slack) | itself, d <= at
    weight = 1 / torch.tensor(tree.degrees, device=d.device)[rows.vertices[row]].to(d)

    def ratio(inside: Tensor, strangers: Tensor) -> Tensor:
        near, far = (inside & friend).sum(1).to(d), (strangers & stranger).sum(1).to(d)
        return near / (near + far)

    low, value, high = ratio(must, may), ratio(computed, computed), ratio(may, must)
    return [float((part * weight).sum()) for part in (low, value, high)], int((low < high).sum())


def _product(ratios: list[tuple[float, float]]) -> float:
    expansion, contraction = max(pair[0] for pair in ratios), max(pair[1] for pair in ratios)
    return expansion * contraction


def _widen(ends: Sequence[float], slack: float) -> Enclosure:
    low, value, high = ends
    return Enclosure(low * (1 - slack), value, high * (1 + slack))
