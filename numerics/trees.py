r"""Trees, their embedding in the hyperbolic plane by Sarkar's construction, and how faithful an embedding is.

A tree is rooted and numbered by breadth-first levels, so that everything below runs a level at a time. All pairs are visited
in tiles of rows: memory is ``tile * N`` numbers, never ``N^2``.

Measures of fidelity come as an :class:`Enclosure`: the value that the computed distances give, and the least and greatest
value that distances within the stated errors could give. A mean average precision is a discrete thing: distances that
differ by less than their errors may be ranked either way, and both ways are then inside the enclosure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

__all__ = [
    "Enclosure",
    "Fidelity",
    "Tree",
    "carries",
    "fidelity",
    "graph_distances",
    "placing_error",
    "rooted_tree",
    "sarkar",
    "tree_from_parents",
]

Distance = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Tree:
    """A rooted tree on vertices 0..N-1 in breadth-first order, vertex 0 the root.

    Attributes:
        parents: For each vertex its parent, an earlier vertex; the root is its own.
        labels: What each vertex was called by whoever gave the graph.
    """

    parents: tuple[int, ...]
    labels: tuple[Any, ...]

    def __len__(self) -> int:
        return len(self.parents)

    @property
    def edges(self) -> list[tuple[int, int]]:
        """(parent, child), in the order of the children."""
        return [(parent, child) for child, parent in enumerate(self.parents) if child]

    @property
    def depths(self) -> list[int]:
        """Distance from the root, vertex by vertex."""
        found = [0] * len(self)
        for parent, child in self.edges:
            found[child] = found[parent] + 1
        return found

    @property
    def degrees(self) -> list[int]:
        """Number of neighbours, vertex by vertex."""
        found = [0] * len(self)
        for parent, child in self.edges:
            found[parent] += 1
            found[child] += 1
        return found


def tree_from_parents(parents: Sequence[int]) -> Tree:
    """The tree in which vertex i >= 1 hangs from ``parents[i]`` (any earlier or later vertex), rooted at vertex 0.

    Args:
        parents: N integers; ``parents[0]`` is ignored.
    Raises:
        ValueError: an index outside 0..N-1, or a cycle.
    """
    return rooted_tree(
        [(int(parent), child) for child, parent in enumerate(parents) if child], vertices=range(len(parents))
    )


def rooted_tree(graph: Any, *, root: Any = None, vertices: Iterable[Any] | None = None) -> Tree:
    """A tree from an edge list, or from an undirected graph object such as networkx's, with vertices of any hashable kind.

    Args:
        graph: Pairs of vertices, or an object with ``nodes`` and ``edges``.
        root: Which vertex to hang it from; the first one when not given.
        vertices: All vertices, for an edge list that does not name every one.
    Raises:
        TypeError: neither pairs nor a graph.
        ValueError: a loop, a repeated edge, a cycle, more than one component, a directed graph, fewer than two vertices,
            an edge or a root outside the vertices. The message names the vertices.
    """
    nodes, edges = _nodes_and_edges(graph, vertices)
    near: dict[Any, list[Any]] = {node: [] for node in nodes}
    for u, v in edges:
        if u not in near or v not in near:
            raise ValueError(f"Expected edges between known vertices, got {(u, v)!r}.")
        if u == v:
            raise ValueError(f"Expected a tree, got a loop at vertex {u!r}. Remove it.")
        near[u].append(v)
        near[v].append(u)
    if len(near) < 2:
        raise ValueError(f"Expected a tree with at least two vertices, got {len(near)}: there is no pair to measure.")
    start = next(iter(near)) if root is None else root
    if start not in near:
        raise ValueError(f"Expected the root among the vertices, got {root!r}.")
    order, parents, number = [start], [0], {start: 0}
    for u in order:
        seen: set[Any] = set()
        for v in near[u]:
            if v in seen:
                raise ValueError(f"Expected a tree, got the edge {u!r} - {v!r} twice. List each edge once.")
            seen.add(v)
            if v not in number:
                number[v] = len(order)
                order.append(v)
                parents.append(number[u])
            elif number[v] != parents[number[u]] and parents[number[v]] != number[u]:
                raise ValueError(
                    f"Expected a tree, got a cycle through the edge {u!r} - {v!r}. Take a spanning tree, such as a breadth-first one."
                )
    if len(order) < len(near):
        lost = next(node for node in near if node not in number)
        raise ValueError(
            f"Expected a connected graph, got no path from {start!r} to {lost!r} ({len(order)} of {len(near)} reached). Take one component."
        )
    return Tree(tuple(parents), tuple(order))


def _nodes_and_edges(graph: Any, vertices: Iterable[Any] | None) -> tuple[list[Any], list[tuple[Any, Any]]]:
    if hasattr(graph, "nodes") and hasattr(graph, "edges"):
        if getattr(graph, "is_directed", bool)():
            raise ValueError("Expected an undirected graph, got a directed one. Pass graph.to_undirected().")
        return list(graph.nodes), [(edge[0], edge[1]) for edge in graph.edges]
    if not isinstance(graph, Iterable) or isinstance(graph, str | bytes):
        raise TypeError(f"Expected pairs of vertices or a graph with nodes and edges, got {type(graph).__name__}.")
    pairs = [tuple(edge) if isinstance(edge, list | tuple) else (edge,) for edge in graph]
    if wrong := [pair for pair in pairs if len(pair) != 2]:
        raise TypeError(f"Expected pairs of vertices, got {wrong[0]!r}.")
    named = dict.fromkeys(
        [*(vertices or ()), *(() if vertices is not None else (end for pair in pairs for end in pair))]
    )
    return list(named), pairs  # type: ignore[return-value]


def graph_distances(tree: Tree, sources: Tensor) -> Tensor:
    """Number of edges from each source to every vertex, one level of the tree at a time.

    From s to v it is one less than from s to v's parent if v lies above s (or is s), else one more.

    Args:
        tree: N vertices.
        sources: Vertex numbers, int64, shape ``(S,)``; the result lives on their device.
    Returns:
        int64, shape ``(S, N)``.
    """
    parents = torch.tensor(tree.parents, device=sources.device)
    enter, leave = (torch.tensor(times, device=sources.device) for times in _visits(tree))
    above = (enter <= enter[sources].unsqueeze(1)) & (enter[sources].unsqueeze(1) < leave)
    depths = torch.tensor(tree.depths, device=sources.device)
    found = depths[sources].unsqueeze(1).repeat(1, len(tree))
    for level in _levels(tree)[1:]:
        at = level.to(sources.device)
        found[:, at] = found[:, parents[at]] + 1 - 2 * above[:, at].long()
    return found


def _visits(tree: Tree) -> tuple[list[int], list[int]]:
    """When a depth-first walk enters and leaves each vertex: v lies above s when s is entered between the two."""
    size = [1] * len(tree)
    for parent, child in reversed(tree.edges):
        size[parent] += size[child]
    enter, used = [0] * len(tree), [1] * len(tree)
    for parent, child in tree.edges:
        enter[child] = enter[parent] + used[parent]
        used[parent] += size[child]
    return enter, [start + length for start, length in zip(enter, size, strict=True)]


def _levels(tree: Tree) -> list[Tensor]:
    depths = torch.tensor(tree.depths)
    return [(depths == depth).nonzero().flatten() for depth in range(int(depths.max()) + 1)]


# --- Sarkar's construction -------------------------------------------------------------------------------------------------


def carries(dtype: torch.dtype) -> float:
    """The largest distance from the centre at which coordinates of the Poincaré ball still differ from the sphere's: ``-log(eps)``."""
    return -math.log(torch.finfo(dtype).eps)


def sarkar(
    tree: Tree, tau: float, *, n: int = 2, dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu"
) -> Tensor:
    r"""Sarkar's embedding: the neighbours of a vertex v leave it at equal angles :math:`2\pi/\deg v`, at distance tau.

    A child is :math:`z \oplus w = (z + w)/(1 + \bar z w)` with :math:`w = \tanh(\tau/2)\,e^{i\varphi}`, where :math:`\varphi`
    is counted from the direction in which v, moved to the centre, sees its own parent.

    Args:
        tree: N vertices; the root goes to the centre.
        tau: Length of every edge, positive, in curvature radii.
        n: Dimension of the ball, at least 2; the plane of the first two coordinates is used.
    Returns:
        Poincaré-ball coordinates, shape ``(N, n)``.
    Raises:
        TypeError: a dtype other than float32 and float64.
        ValueError: n < 2 (on a line only paths fit), tau not positive, or a radius that the dtype cannot carry.
    Accuracy:
        Each edge has length tau up to :func:`placing_error` and the distance function's own error. Errors of position do not
        add up along a path in a way that matters: each child is placed from where its parent actually is.
    Source: Sarkar 2011; Sala et al. 2018, algorithm 1.
    """
    if dtype not in (torch.float32, torch.float64):
        raise TypeError(f"Expected dtype float32 or float64, got {dtype}.")
    if n < 2:
        raise ValueError(
            f"Expected a dimension of at least 2, got {n}: hyperbolic 1-space is a line, and a vertex of degree 3 does not fit on it."
        )
    if not (math.isfinite(tau) and tau > 0):
        raise ValueError(f"Expected a positive finite edge length tau, got {tau}.")
    radius, limit = max(tree.depths) * tau, carries(dtype)
    if radius > limit:
        raise ValueError(
            f"Expected a radius (depth times tau) of at most {limit:.3g}, all that {dtype} coordinates of the ball carry; got "
            f"{max(tree.depths)} * {tau:.6g} = {radius:.6g}, for which {math.ceil(radius / math.log(10))} decimal digits are needed. "
            "Use a smaller tau, a more central root, or more precision."
        )
    complex_dtype = torch.complex64 if dtype == torch.float32 else torch.complex128
    parents, degrees = torch.tensor(tree.parents, device=device), torch.tensor(tree.degrees, device=device)
    rank = torch.tensor(_ranks(tree), device=device)
    place = torch.zeros(len(tree), dtype=complex_dtype, device=device)
    back = torch.zeros(len(tree), dtype=dtype, device=device)
    for level in _levels(tree)[1:]:
        child = level.to(device)
        parent = parents[child]
        turn = back[parent] + 2 * math.pi * rank[child].to(dtype) / degrees[parent].to(dtype)
        step = torch.polar(torch.full_like(turn, math.tanh(tau / 2)), turn)
        place[child] = (place[parent] + step) / (1 + place[parent].conj() * step)
        seen = (place[parent] - place[child]) / (1 - place[child].conj() * place[parent])
        back[child] = seen.angle()
    flat = torch.view_as_real(place)
    return torch.cat([flat, flat.new_zeros(len(tree), n - 2)], -1).to(dtype)


def _ranks(tree: Tree) -> list[int]:
    """Which child of its parent each vertex is: from 0 at the root, from 1 elsewhere (0 is the direction back)."""
    used = [int(vertex > 0) for vertex in range(len(tree))]
    ranks = [0] * len(tree)
    for parent, child in tree.edges:
        ranks[child] = used[parent]
        used[parent] += 1
    return ranks


def placing_error(tau: float, cosh_radius: Tensor) -> Tensor:
    r"""How far :func:`sarkar` may put a child from the circle of radius tau about its parent: ``8 eps (1 + cosh tau)(1 + cosh r)``.

    The complex quotient errs by at most ``8 eps`` relatively plus ``3 eps / |1 + conj(z) w|`` where its denominator
    cancels, which :math:`1 - |w| \ge 1/(1+\cosh\tau)` bounds; a relative error eps of a point of the ball is a hyperbolic
    step of at most ``eps (1 + cosh r)``; the rounding of tanh(tau/2) moves the child by ``eps sinh(tau)`` along the edge.

    Args:
        tau: Length of the edge.
        cosh_radius: cosh of the child's distance from the centre.
    """
    return 8 * torch.finfo(cosh_radius.dtype).eps * (1 + math.cosh(tau)) * (1 + cosh_radius)


# --- fidelity ----------------------------------------------------------------------------------------------------------------


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
        worst: ``max(d_emb/d) * max(d/d_emb)`` over all pairs; infinite when a pair collapses. Unchanged by scaling.
        average: Mean of ``|d_emb/tau - d| / d`` over all pairs.
        mean_average_precision: With ties counted against the embedding (see :func:`fidelity`).
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
    r"""Worst-case distortion, average distortion and mean average precision of an embedding, over all pairs.

    .. math:: \mathrm{MAP} = \frac1N\sum_u\frac1{\deg u}\sum_{v\sim u}\frac{|N(u)\cap R_{uv}|}{|R_{uv}|},
              \quad R_{uv} = \{w\ne u : d(u,w)\le d(u,v) + \delta\}

    so that a stranger as near as the neighbour counts against the embedding. Sarkar's construction puts all neighbours of
    a vertex at exactly the same distance, and rounding breaks such ties at random: at ``resolution`` delta = 0 the enclosure is
    then wide. A delta well above the errors counts them as the ties that they are; it gives the MAP itself unless two different
    distances from one vertex lie within delta.

    Args:
        tree: N vertices.
        points: Their coordinates in some model, shape ``(N, k)``, in the tree's order.
        distance: The model's distance, broadcasting over leading axes.
        tau: The length that stands for one edge, in the average.
        error: For each vertex what it contributes to the error of any distance; a pair's error is the sum of its two.
        resolution: The delta above: distances that differ by no more are ranked as ties. Nonnegative.
        tile: Rows held at a time.
    Raises:
        ValueError: a number of points other than N, tau not positive, or a negative resolution.
    Accuracy:
        The enclosures contain the values of the true distances if ``error`` bounds the distances' errors; they are
        widened by ``(N + 16) eps`` relatively for the divisions and sums.
    Source: Sala et al. 2018, section 2, for the three measures; the treatment of ties is ours.
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
        _widened(worst, slack),
        _widened(average, slack),
        _widened(precision, slack),
        sum(part.collapsed for part in parts) // 2,
        sum(part.unranked for part in parts),
        size * (size - 1) // 2,
    )


class _Rows(NamedTuple):
    """A tile: which vertices, their distances to all, the errors of these, and the distances in the tree."""

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
    """The tile's sum of average precisions: least, as computed, greatest; and how many terms the errors leave open.

    With N neighbours and M strangers in the ball about u that just holds v, the precision is N/(N+M): least for the fewest
    neighbours that must be inside and the most strangers that can be, and the other way round.
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


def _widened(ends: Sequence[float], slack: float) -> Enclosure:
    low, value, high = ends
    return Enclosure(low * (1 - slack), value, high * (1 + slack))
