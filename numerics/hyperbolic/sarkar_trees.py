r"""Trees, distances in them, and their embedding in the hyperbolic plane by Sarkar's
construction.

A tree is rooted and numbered by breadth-first levels, so that everything below runs a
level at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = [
    "Tree",
    "graph_distances",
    "largest_radius",
    "placing_error",
    "rooted_tree",
    "sarkar",
    "tree_from_parents",
]


@dataclass(frozen=True)
class Tree:
    """A rooted tree on vertices 0..N-1 in breadth-first order, vertex 0 the root.

    Attributes:
        parents: For each vertex its parent, an earlier vertex; the root is its own.
        labels: What each vertex was called by whoever gave the graph.

    >>> path = tree_from_parents([0, 0, 1])
    >>> path.edges, path.degrees
    ([(0, 1), (1, 2)], [1, 2, 1])
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
    """The tree in which vertex i >= 1 hangs from ``parents[i]`` (any earlier or later
    vertex), rooted at vertex 0.

    Args:
        parents: N integers; ``parents[0]`` is ignored.
    Raises:
        ValueError: an index outside 0..N-1, or a cycle.

    >>> tree_from_parents([0, 0, 1]).depths
    [0, 1, 2]
    """
    return rooted_tree(
        [(int(parent), child) for child, parent in enumerate(parents) if child], vertices=range(len(parents))
    )


def rooted_tree(graph: Any, *, root: Any = None, vertices: Iterable[Any] | None = None) -> Tree:
    """A tree from an edge list, or from an undirected graph object such as networkx's,
    with vertices of any hashable kind.

    Args:
        graph: Pairs of vertices, or an object with ``nodes`` and ``edges``.
        root: Which vertex to hang it from; the first one when not given.
        vertices: All vertices, for an edge list that does not name every one.
    Raises:
        TypeError: neither pairs nor a graph.
        ValueError: a loop, a repeated edge, a cycle, more than one component, a
            directed graph, fewer than two vertices, an edge or a root outside the
            vertices. The message names the vertices.

    >>> rooted_tree([("a", "b"), ("b", "c")]).depths
    [0, 1, 2]
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
    """Number of edges from each source to every vertex, one level of the tree at a
    time.

    From s to v it is one less than from s to v's parent if v lies above s (or is s),
    else one more.

    Args:
        tree: N vertices.
        sources: Vertex numbers, int64, shape ``(S,)``; the result lives on their
            device.
    Returns:
        int64, shape ``(S, N)``.

    >>> graph_distances(tree_from_parents([0, 0, 1]), torch.tensor([2]))
    tensor([[2, 1, 0]])
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
    """When a depth-first walk enters and leaves each vertex: v lies above s when s is
    entered between the two."""
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


def largest_radius(dtype: torch.dtype) -> float:
    """The largest distance from the centre at which coordinates of the Poincaré ball
    still differ from the sphere's: ``-log(eps)``.

    >>> round(largest_radius(torch.float64), 2)
    36.04
    """
    return -math.log(torch.finfo(dtype).eps)


def sarkar(
    tree: Tree, tau: float, *, n: int = 2, dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu"
) -> Tensor:
    r"""Sarkar's embedding: the neighbours of a vertex v leave it at equal angles
    :math:`2\pi/\deg v`, at distance tau.

    A child is :math:`z \oplus w = (z + w)/(1 + \bar z w)` with :math:`w =
    \tanh(\tau/2)\,e^{i\varphi}`, where :math:`\varphi` is counted from the direction in
    which v, moved to the centre, sees its own parent.

    Args:
        tree: N vertices; the root goes to the centre.
        tau: Length of every edge, positive, in curvature radii.
        n: Dimension of the ball, at least 2; the plane of the first two coordinates is
            used.
    Returns:
        Poincaré-ball coordinates, shape ``(N, n)``.
    Raises:
        TypeError: a dtype other than float32 and float64.
        ValueError: n < 2 (on a line only paths fit), tau not positive, or a radius that
            the dtype cannot carry.
    Accuracy:
        Each edge has length tau up to :func:`placing_error` and the distance function's
        own error. Errors of position do not add up along a path in a way that matters:
        each child is placed from where its parent actually is.
    Source: Sarkar 2011; Sala et al. 2018, algorithm 1.

    >>> points = sarkar(tree_from_parents([0, 0, 0]), 1.0)
    >>> points.norm(dim=1)  # tanh of half the edge
    tensor([0.0000, 0.4621, 0.4621], dtype=torch.float64)
    """
    if dtype not in (torch.float32, torch.float64):
        raise TypeError(f"Expected dtype float32 or float64, got {dtype}.")
    if n < 2:
        raise ValueError(
            f"Expected a dimension of at least 2, got {n}: hyperbolic 1-space is a line, and a vertex of degree 3 does not fit on it."
        )
    if not (math.isfinite(tau) and tau > 0):
        raise ValueError(f"Expected a positive finite edge length tau, got {tau}.")
    radius, limit = max(tree.depths) * tau, largest_radius(dtype)
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
    """Which child of its parent each vertex is: from 0 at the root, from 1 elsewhere (0
    is the direction back)."""
    used = [int(vertex > 0) for vertex in range(len(tree))]
    ranks = [0] * len(tree)
    for parent, child in tree.edges:
        ranks[child] = used[parent]
        used[parent] += 1
    return ranks


def placing_error(tau: float, cosh_radius: Tensor) -> Tensor:
    r"""How far :func:`sarkar` may put a child from the circle of radius tau about its
    parent: ``8 eps (1 + cosh tau)(1 + cosh r)``.

    The complex quotient errs by at most ``8 eps`` relatively plus ``3 eps / |1 +
    conj(z) w|`` where its denominator cancels, which :math:`1 - |w| \ge
    1/(1+\cosh\tau)` bounds; a relative error eps of a point of the ball is a hyperbolic
    step of at most ``eps (1 + cosh r)``; the rounding of tanh(tau/2) moves the child by
    ``eps sinh(tau)`` along the edge.

    Args:
        tau: Length of the edge.
        cosh_radius: cosh of the child's distance from the centre, any shape.
    Returns:
        The shape of ``cosh_radius``, in curvature radii.

    >>> placing_error(0.0, torch.ones(2)) / torch.finfo(torch.float32).eps
    tensor([32., 32.])
    """
    return 8 * torch.finfo(cosh_radius.dtype).eps * (1 + math.cosh(tau)) * (1 + cosh_radius)
