r"""Sarkar's embedding without coordinates: every vertex as seen from its ancestors, by
distance and direction, accurate at any radius.

Coordinates of the ball end at radius 36 in float64, those of the hyperboloid at 18.
Here no coordinate is formed: seen from a vertex v, a descendant x has a distance r and
a direction phi, counted from v's parent, and one triangle (parent of v, v, x) gives
what the parent sees. Two vertices are compared at their lowest common ancestor, by one
more triangle. All triangles are solved by half angles in a form without cancellation
(:func:`third_side`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from numerics.hyperbolic.sarkar_trees import Tree

__all__ = [
    "Frames",
    "PlantedTree",
    "Seen",
    "common_ancestors",
    "distances_by_paths",
    "first_steps",
    "frames",
    "plant",
    "third_side",
]

EPS = torch.finfo(torch.float64).eps


@dataclass(frozen=True)
class PlantedTree:
    """A tree with its vertices in depth-first order, so that a subtree is a slice, and
    edges of given lengths at given directions.

    Attributes:
        order: Vertex of the :class:`Tree` at each place, int64, shape ``(N,)``.
        parents: Place of the parent, int64; the root is its own.
        depths: Number of edges from the root, int64.
        ends: One past the last place of each subtree, int64.
        lengths: Length of the edge above, in the embedding, float64; 0 at the root.
        heights: Distance from the root in the tree, float64: the number of edges, or
            the sum of their weights.
        directions: Direction of a vertex as its parent sees it, counted from the
            parent's own parent, in radians.
        degrees: Number of neighbours, int64.
    """

    order: Tensor
    parents: Tensor
    depths: Tensor
    ends: Tensor
    lengths: Tensor
    heights: Tensor
    directions: Tensor
    degrees: Tensor

    def __len__(self) -> int:
        return len(self.order)


def plant(
    tree: Tree, tau: float, *, weights: Sequence[float] | None = None, device: torch.device | str = "cpu"
) -> PlantedTree:
    r"""Sarkar's construction: neighbours at equal angles :math:`2\pi/\deg v`, an edge
    of weight w at length ``tau * w``.

    Args:
        tree: N vertices.
        tau: Length of an edge of weight 1, positive, in curvature radii.
        weights: Of the edge above each vertex in the tree's order (the root's is
            ignored); 1 unless given. Positive.
        device: Where the tensors are put.
    Raises:
        ValueError: tau or a weight that is not positive and finite, or another number
            of weights.

    >>> from numerics.hyperbolic.sarkar_trees import tree_from_parents
    >>> plant(tree_from_parents([0, 0, 1]), 2.0).lengths
    tensor([0., 2., 2.], dtype=torch.float64)
    """
    if not (math.isfinite(tau) and tau > 0):
        raise ValueError(f"Expected a positive finite edge length tau, got {tau}.")
    heavy = [1.0] * len(tree) if weights is None else [float(weight) for weight in weights]
    if len(heavy) != len(tree):
        raise ValueError(f"Expected a weight for each of the {len(tree)} vertices, got {len(heavy)}.")
    for vertex, weight in enumerate(heavy[1:], 1):
        if not (math.isfinite(weight) and weight > 0):
            raise ValueError(f"Expected positive finite weights, got {weight} for the edge above {tree.labels[vertex]!r}.")  # fmt: skip
    places, ends = _preorder(tree)
    depths, degrees = tree.depths, tree.degrees
    heights, ranks, used = [0.0] * len(tree), [0] * len(tree), [int(vertex > 0) for vertex in range(len(tree))]
    for parent, child in tree.edges:
        heights[child] = heights[parent] + heavy[child]
        ranks[child] = used[parent]
        used[parent] += 1
    order = sorted(range(len(tree)), key=places.__getitem__)

    def column(values: Sequence[float], kind: torch.dtype) -> Tensor:
        return torch.tensor([values[vertex] for vertex in order], dtype=kind, device=device)

    parents = [places[tree.parents[vertex]] for vertex in order]
    around = [degrees[tree.parents[vertex]] for vertex in range(len(tree))]
    real, whole = torch.float64, torch.int64
    return PlantedTree(
        torch.tensor(order, device=device), torch.tensor(parents, device=device), column(depths, whole), column(ends, whole),
        column([0.0, *(tau * weight for weight in heavy[1:])], real), column(heights, real),
        2 * math.pi * column(ranks, real) / column(around, real), column(degrees, whole),
    )  # fmt: skip


def _preorder(tree: Tree) -> tuple[list[int], list[int]]:
    """The place of every vertex in depth-first order, and where its subtree ends."""
    size, used = [1] * len(tree), [1] * len(tree)
    for parent, child in reversed(tree.edges):
        size[parent] += size[child]
    places = [0] * len(tree)
    for parent, child in tree.edges:
        places[child] = places[parent] + used[parent]
        used[parent] += size[child]
    return places, [place + length for place, length in zip(places, size, strict=True)]


def third_side(r: Tensor, other: Tensor, sin_squared: Tensor) -> Tensor:
    r"""The side opposite an angle gamma between sides r and q, from
    :math:`\sin^2(\gamma/2)`: the hyperbolic law of cosines without overflow.

    .. math:: d = r + q + 2\log\tfrac12\bigl(\sqrt{A_-} + \sqrt{A_+}\bigr), \quad
              A_\pm = \sin^2\tfrac\gamma2\,(1 \pm e^{-r-q})^2 + \cos^2\tfrac\gamma2\,(e^{-r} \pm e^{-q})^2

    Args:
        r, other: Sides, nonnegative, broadcastable.
        sin_squared: :math:`\sin^2(\gamma/2)` in [0, 1].
    Returns:
        d, of the broadcast shape; at least ``|r - q|``.
    Accuracy:
        Relative error of :math:`A_\pm` below 10 eps but for ``1 - sin^2``; hence d errs
        by at most ``(3 d + 16) eps`` beside what the errors of r, q and gamma make,
        which are at most :math:`\delta r + \delta q + \cot\frac\gamma2\,\delta\gamma`.
    Source: Ratcliffe 2006, section 3.5, by half angles; :math:`A_+ A_-` completes the
        square of 2 cosh d.

    >>> one = torch.ones(()).double()
    >>> third_side(500 * one, 500 * one, one)  # a straight angle
    tensor(1000., dtype=torch.float64)
    """
    small, little = (-r).exp(), (-other).exp()
    both, cos_squared = small * little, 1 - sin_squared
    less = sin_squared * (1 - both).square() + cos_squared * (small - little).square()
    more = sin_squared * (1 + both).square() + cos_squared * (small + little).square()
    found = r + other + 2 * ((less.sqrt() + more.sqrt()) / 2).log()
    return torch.maximum(found, (r - other).abs())  # the squares underflow for an angle of 0 between sides beyond 370


class Frames(NamedTuple):
    """What the vertices of one depth see of their descendants.

    Attributes:
        depth: Of the vertices that look.
        ancestor: For each place deeper than that, the place that looks at it (elsewhere
            meaningless).
        distance, direction: r and phi, shape ``(N,)``; for places deeper than ``depth``
            only.
        blur, sway: How far each may err, first order in eps.
    """

    depth: int
    ancestor: Tensor
    distance: Tensor
    direction: Tensor
    blur: Tensor
    sway: Tensor


def frames(planted: PlantedTree) -> Iterator[Frames]:
    """What every vertex sees below it, depth by depth from the bottom up: one
    vectorised triangle a depth."""
    size, device = len(planted), planted.lengths.device
    r, phi, blur, sway = (torch.zeros(size, dtype=torch.float64, device=device) for _ in range(4))
    at = torch.arange(size, device=device)  # the ancestor of each place at depth + 1
    for depth in range(int(planted.depths.max()) - 1, -1, -1):
        deep = planted.depths > depth
        at = torch.where(planted.depths > depth + 1, planted.parents[at], at)
        seen = Seen(r[deep], phi[deep], blur[deep], sway[deep]).from_parent(
            planted.lengths[at[deep]], planted.directions[at[deep]]
        )
        r[deep], phi[deep], blur[deep], sway[deep] = seen
        yield Frames(depth, planted.parents[at], r, phi, blur, sway)


class Seen(NamedTuple):
    """Distances and directions of points as one vertex sees them, and how far each may
    err."""

    r: Tensor
    phi: Tensor
    blur: Tensor
    sway: Tensor

    def from_parent(self, edge: Tensor, direction: Tensor) -> Seen:
        r"""The same points as the parent sees them, over an edge that leaves it in a
        direction.

        The angle at the parent is :math:`\beta = \operatorname{atan2}(\sin\varphi,
        \sinh q \coth r - \cosh q\cos\varphi)`. Errors: the distance errs by its own, by
        :math:`\cot\frac\varphi2` times the direction's, and by rounding; beta by
        :math:`\sinh r/\sinh r'` times the direction's error, by the distance's over
        :math:`\sinh r'`, and by the rounding of the second argument.
        """
        r, phi = self.r, self.phi
        sine, cosine = (phi / 2).sin(), (phi / 2).cos()
        longer = third_side(r, edge, sine.square())
        narrow, close, far = -torch.expm1(-2 * r), -torch.expm1(-2 * edge), -torch.expm1(-2 * longer)
        across = 4 * (-edge).exp() * narrow * sine * cosine
        ahead = 2 * ((-2 * r).exp() - (-2 * edge).exp()) + 2 * sine.square() * (2 - close) * narrow
        beta = torch.atan2(across, ahead)
        nearer = (r - longer).exp()
        size = 2 * (longer - r - edge).exp() * far  # of the two arguments together
        turned = torch.where(r > 0, sine.abs(), torch.ones_like(sine))  # at r = 0 the direction means nothing
        blur = self.blur + self.sway * narrow.clamp_max(1) / turned + EPS * (3 * longer + 16)
        sway = self.sway * nearer / far + self.blur * 2 * (-longer).exp() / far + 8 * EPS * narrow / size + 8 * EPS
        return Seen(longer, direction - beta, blur, sway)


def common_ancestors(planted: PlantedTree) -> Tensor:
    """The lowest common ancestor of all pairs of places: a row is its parent's row but
    on its own subtree, where it is the vertex itself.

    Returns:
        int64, shape ``(N, N)``.
    """
    size = len(planted)
    found = torch.zeros(size, size, dtype=torch.int64, device=planted.parents.device)
    for place in range(1, size):
        found[place] = found[int(planted.parents[place])]
        found[place, place : int(planted.ends[place])] = place
    return found


def first_steps(planted: PlantedTree) -> Tensor:
    """The neighbour of each place on the way to each other: int64, shape ``(N, N)``."""
    size = len(planted)
    found = planted.parents[:, None].expand(size, size).clone()
    for place in range(1, size):
        found[int(planted.parents[place]), place : int(planted.ends[place])] = place
    return found


def distances_by_paths(planted: PlantedTree) -> tuple[Tensor, Tensor]:
    """All distances of a small tree by walks along its paths, one law of cosines a
    step; and their errors.

    The second way to the same distances: no common ancestor enters them.

    Args:
        planted: N places; N^2 numbers are held.
    Returns:
        Distances and error bounds (first order in eps), float64, shape ``(N, N)``; row
        s holds the distances from s.

    >>> from numerics.hyperbolic.sarkar_trees import tree_from_parents
    >>> distances_by_paths(plant(tree_from_parents([0, 0, 1]), 300.0))[0][0]
    tensor([  0., 300., 600.], dtype=torch.float64)
    """
    depth = planted.depths
    steps = depth[:, None] + depth[None, :] - 2 * depth[common_ancestors(planted)]
    first = first_steps(planted)
    held = Seen(*(torch.zeros(steps.shape, dtype=torch.float64, device=depth.device) for _ in range(4)))
    for count in range(1, int(steps.max()) + 1):
        source, place = (steps == count).nonzero(as_tuple=True)
        before = first[place, source]
        down = planted.parents[place] == before  # the step goes away from the root
        zero = torch.zeros((), dtype=torch.float64, device=depth.device)
        edge = torch.where(down, planted.lengths[place], planted.lengths[before])
        ahead = torch.where(down, planted.directions[place], zero)
        back = torch.where(down, zero, planted.directions[before])
        here = Seen(*(part[source, before] for part in held))
        moved = Seen(here.r, here.phi - ahead, here.blur, here.sway).from_parent(edge, back)
        for part, value in zip(held, moved, strict=True):
            part[source, place] = value
    return held.r, held.blur
