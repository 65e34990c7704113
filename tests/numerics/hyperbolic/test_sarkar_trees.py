"""Trees and Sarkar's construction, against networkx and against geometry."""

from __future__ import annotations

import cmath
import itertools
import math
from typing import Any

import networkx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from numerics.hyperbolic import models as hyperbolic
from numerics.hyperbolic import sarkar_trees
from proofs_checks.strategies.hyperbolic import balanced_tree, depth_of, from_prufer, prufer_trees, recursive_trees

EPS = torch.finfo(torch.float64).eps
families = st.one_of(recursive_trees(2, 25), prufer_trees(2, 25))
seeds = st.integers(0, 2**40)


def as_graph(tree: sarkar_trees.Tree) -> networkx.Graph:
    return networkx.Graph(tree.edges)


def steps_of(tree: sarkar_trees.Tree) -> Tensor:
    return sarkar_trees.graph_distances(tree, torch.arange(len(tree)))


# --- trees -----------------------------------------------------------------------------------------------------------------


@given(families)
def test_graph_distances_agree_with_networkx(parents: tuple[int, ...]) -> None:
    tree = sarkar_trees.tree_from_parents(parents)
    known = dict(networkx.all_pairs_shortest_path_length(as_graph(tree)))
    assert steps_of(tree).tolist() == [[known[u][v] for v in range(len(tree))] for u in range(len(tree))]


@given(families, st.data())
def test_any_tile_of_sources_has_the_rows_of_the_whole(parents: tuple[int, ...], data: st.DataObject) -> None:
    tree = sarkar_trees.tree_from_parents(parents)
    chosen = torch.tensor(data.draw(st.lists(st.integers(0, len(tree) - 1), min_size=1)))
    assert torch.equal(sarkar_trees.graph_distances(tree, chosen), steps_of(tree)[chosen])


@given(families, seeds)
def test_a_graph_is_rooted_wherever_asked_and_keeps_its_labels(parents: tuple[int, ...], seed: int) -> None:
    graph = networkx.Graph([(f"v{u}", f"v{v}") for v, u in enumerate(parents) if v])
    root = f"v{seed % len(parents)}"
    tree = sarkar_trees.rooted_tree(graph, root=root)
    assert tree.labels[0] == root
    assert {frozenset((tree.labels[u], tree.labels[v])) for u, v in tree.edges} == {
        frozenset(edge) for edge in graph.edges
    }
    assert all(u < v for u, v in tree.edges)
    assert tree.degrees == [graph.degree[label] for label in tree.labels]
    assert tree.depths == [networkx.shortest_path_length(graph, root, label) for label in tree.labels]


@pytest.mark.parametrize(
    ("graph", "error", "message"),
    [
        ([(0, 1), (2, 3)], ValueError, r"connected graph, got no path from 0 to 2 \(2 of 4 reached\)"),
        (networkx.cycle_graph(5), ValueError, "cycle through the edge"),
        ([(0, 1), (1, 2), (2, 0)], ValueError, "cycle through the edge"),
        ([(0, 0)], ValueError, "loop at vertex 0"),
        ([("a", "b"), ("b", "a")], ValueError, "edge 'a' - 'b' twice"),
        (networkx.DiGraph([(0, 1)]), ValueError, "undirected graph"),
        (networkx.empty_graph(1), ValueError, "at least two vertices, got 1"),
        ([], ValueError, "at least two vertices, got 0"),
        ([(0, 1, 2)], TypeError, r"pairs of vertices, got \(0, 1, 2\)"),
        ("ab", TypeError, "pairs of vertices or a graph with nodes and edges, got str"),
        (7, TypeError, "got int"),
    ],
)
def test_what_is_no_tree_is_refused_by_name(graph: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sarkar_trees.rooted_tree(graph)


def test_parents_in_a_circle_and_unknown_roots_are_refused() -> None:
    with pytest.raises(ValueError, match="no path from 0 to 1"):
        sarkar_trees.tree_from_parents([0, 2, 1])
    with pytest.raises(ValueError, match=r"edges between known vertices, got \(9, 1\)"):
        sarkar_trees.tree_from_parents([0, 9])
    with pytest.raises(ValueError, match="root among the vertices, got 5"):
        sarkar_trees.rooted_tree([(0, 1)], root=5)


@given(st.integers(2, 9).flatmap(lambda n: st.lists(st.integers(0, n - 1), min_size=n - 2, max_size=n - 2)))
def test_pruefer_codes_decode_as_in_networkx_and_hang_from_a_centre(code: list[int]) -> None:
    tree = sarkar_trees.tree_from_parents(from_prufer(code))
    assert networkx.is_isomorphic(as_graph(tree), networkx.from_prufer_sequence(code))
    assert depth_of(tree.parents) == max(tree.depths) == networkx.radius(as_graph(tree))


@pytest.mark.parametrize(("branching", "depth", "size"), [(1, 4, 5), (2, 3, 15), (3, 2, 13)])
def test_balanced_trees_have_their_size(branching: int, depth: int, size: int) -> None:
    tree = sarkar_trees.tree_from_parents(balanced_tree(branching, depth))
    assert len(tree) == size
    assert max(tree.depths) == depth


# --- Sarkar's construction -------------------------------------------------------------------------------------------------


def embedded(parents: tuple[int, ...], tau: float, n: int = 2) -> tuple[sarkar_trees.Tree, Tensor]:
    tree = sarkar_trees.tree_from_parents(parents)
    return tree, sarkar_trees.sarkar(tree, tau, n=n)


def edge_excess(tree: sarkar_trees.Tree, points: Tensor, tau: float) -> float:
    """The worst edge's deviation from tau in units of what construction and reading may err by."""
    parent, child = torch.tensor(tree.edges).T
    sheet = hyperbolic.ball_to_hyperboloid(points)
    read = hyperbolic.endpoint_error(sheet, "ball")
    allowed = sarkar_trees.placing_error(tau, sheet[child, 0]) + read[parent] + read[child]
    return float(((hyperbolic.poincare_distance(points[parent], points[child]) - tau).abs() / allowed).max())


@given(families, st.floats(0.05, 3.0), st.integers(2, 6))
def test_every_edge_has_length_tau(parents: tuple[int, ...], tau: float, n: int) -> None:
    tau = min(tau, 15 / depth_of(parents))
    tree, points = embedded(parents, tau, n)
    assert points.shape == (len(tree), n)
    assert edge_excess(tree, points, tau) <= 1


def worst_angle(tree: sarkar_trees.Tree, points: Tensor, delta: int = 0) -> float:
    """With each vertex moved to the centre, how far its neighbours are from lying at equal angles, in right angles."""
    place = [complex(float(x), float(y)) for x, y in points[:, :2]]
    near: list[list[int]] = [[] for _ in place]
    for u, v in tree.edges:
        near[u].append(v)
        near[v].append(u)
    worst = 0.0
    for u, others in enumerate(near):
        angles = sorted(cmath.phase((place[v] - place[u]) / (1 - place[u].conjugate() * place[v])) for v in others)
        gaps = [b - a for a, b in itertools.pairwise([*angles, angles[0] + 2 * math.pi])]
        worst = max(worst, *(abs(gap - 2 * math.pi / (len(others) - delta)) if len(others) > 1 else 0 for gap in gaps))
    return worst


@given(families, st.floats(0.3, 2.0))
def test_neighbours_leave_every_vertex_at_equal_angles(parents: tuple[int, ...], tau: float) -> None:
    tau = min(tau, 6 / depth_of(parents))
    tree, points = embedded(parents, tau)
    # a step of 1 / sinh(tau) radians for each unit of displacement, 16 roundings of a step of eps cosh r at most
    radius = float(hyperbolic.ball_to_hyperboloid(points)[:, 0].max())
    assert worst_angle(tree, points) <= 64 * EPS * radius * (1 + math.cosh(tau)) / math.sinh(tau)


def test_the_spacing_of_one_neighbour_fewer_is_told_apart() -> None:
    tree, points = embedded(balanced_tree(3, 2), 1.0)
    assert worst_angle(tree, points, delta=1) > 0.5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_radius_beyond_the_precision_is_refused_with_the_digits_needed(dtype: torch.dtype) -> None:
    path = sarkar_trees.tree_from_parents(balanced_tree(1, 40))
    assert max(path.depths) * 1.0 > sarkar_trees.largest_radius(dtype)
    with pytest.raises(ValueError, match=r"40 \* 1 = 40, for which 18 decimal digits are needed"):
        sarkar_trees.sarkar(path, 1.0, dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_up_to_that_radius_every_point_is_inside_the_ball(dtype: torch.dtype) -> None:
    path = sarkar_trees.tree_from_parents(balanced_tree(1, 10))
    points = sarkar_trees.sarkar(path, 0.99 * sarkar_trees.largest_radius(dtype) / 10, dtype=dtype)
    assert points.dtype == dtype
    assert bool((points.square().sum(-1) < 1).all())


@pytest.mark.parametrize(
    ("tau", "n", "dtype", "error", "message"),
    [
        (1.0, 1, torch.float64, ValueError, "dimension of at least 2, got 1"),
        (0.0, 2, torch.float64, ValueError, "positive finite edge length tau, got 0"),
        (math.nan, 2, torch.float64, ValueError, "got nan"),
        (1.0, 2, torch.int64, TypeError, "float32 or float64, got torch.int64"),
    ],
)
def test_lines_bad_lengths_and_integers_are_refused(
    tau: float, n: int, dtype: torch.dtype, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        sarkar_trees.sarkar(sarkar_trees.tree_from_parents((0, 0)), tau, n=n, dtype=dtype)
