"""Right and wrong embeddings as users have them. Each entry is made anew; a wrong one names a finding and what it has to say."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import networkx
import torch

from numerics.hyperbolic import models, sarkar_trees
from numerics.hyperbolic.sarkar_trees import rooted_tree
from proofs_checks.inputs.graphs import class_hierarchy


class Animal(NamedTuple):
    """What the audit is given; ``finding`` has this ``status`` for a wrong one, and is empty for a right one."""

    name: str
    make: Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]
    finding: str = ""
    status: str = "HOLDS"


def _binary() -> networkx.Graph:
    return networkx.balanced_tree(2, 4)


def _sarkar(model: str, tau: float = 1.5) -> tuple[Any, Any, str]:
    graph = _binary()
    tree = rooted_tree(graph)
    ball = torch.empty(len(tree), 2, dtype=torch.float64)
    ball[list(tree.labels)] = sarkar_trees.sarkar(tree, tau)
    return graph, models.MODELS[model].chart(models.ball_to_hyperboloid(ball)), model


def _moved(points: torch.Tensor, row: int, to: torch.Tensor) -> torch.Tensor:
    changed = points.clone()
    changed[row] = to
    return changed


def _in(model: str) -> Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]:
    def make() -> tuple[tuple[Any, ...], dict[str, Any]]:
        graph, points, name = _sarkar(model)
        return (graph, points), {"model": name}

    return make


def _collapsed() -> tuple[tuple[Any, ...], dict[str, Any]]:
    graph, points, _ = _sarkar("ball")
    return (graph, _moved(points, 30, points[3])), {}


def _too_far() -> tuple[tuple[Any, ...], dict[str, Any]]:
    graph, points, _ = _sarkar("ball")
    return (graph, _moved(points, 30, torch.tensor([1 - 1e-15, 0.0], dtype=torch.float64))), {}


def _single() -> tuple[tuple[Any, ...], dict[str, Any]]:
    graph, points, _ = _sarkar("ball", tau=3.5)
    return (graph, points.float().clamp(-0.9999, 0.9999)), {}


def _flat() -> tuple[tuple[Any, ...], dict[str, Any]]:
    points = torch.randn(9, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return (networkx.cycle_graph(9), points), {"model": "euclidean"}


def _weighted() -> tuple[tuple[Any, ...], dict[str, Any]]:
    graph = _binary()
    for k, (u, v) in enumerate(graph.edges):
        graph[u][v]["weight"] = 1 + k % 3
    return (graph,), {"sarkar": 3.0}


RIGHT = [
    *(Animal(f"a binary tree in the {model}", _in(model)) for model in ("ball", "hyperboloid", "half-space", "klein")),
    Animal("a binary tree, Sarkar at tau = 3", lambda: ((_binary(),), {"sarkar": 3.0})),
    Animal("a path 3,000 long: radius 3,000", lambda: (([(k, k + 1) for k in range(3000)],), {"sarkar": 1.0})),
    Animal("a star, tau = 1,000", lambda: (([("hub", k) for k in range(50)],), {"sarkar": 1000.0})),
    Animal("weights 1, 2, 3", _weighted),
    Animal(
        "a ring by its breadth-first tree", lambda: ((networkx.cycle_graph(12),), {"sarkar": 2.0, "bfs_tree": True})
    ),
    Animal("a ring in space", _flat),
    Animal("the classes of Python, tau = 30", lambda: ((class_hierarchy(),), {"sarkar": 30.0, "root": "object"})),
]
WRONG = [
    Animal("two vertices in one place", _collapsed, "collapsed pairs", "REFUTED"),
    Animal("a radius that float64 cannot carry in the ball", _too_far, "precision", "UNDECIDED"),
    Animal("float32 and a clipped radius", _single, "precision", "UNDECIDED"),
    Animal("edges too short for a certificate", lambda: ((_binary(),), {"sarkar": 0.5}), "certified bound", "UNDECIDED"),
    Animal("weights that leave one edge too short", lambda: (([(0, 1, 0.01), (0, 2, 0.01), (0, 3, 1), (1, 4, 0.01), (1, 5, 1)],), {"sarkar": 2.0}), "certified bound", "UNDECIDED"),
]  # fmt: skip
REFUSED = [
    ("a loop", lambda: (([(0, 1), (1, 1)],), {"sarkar": 1.0}), "no loops"),
    ("an edge twice", lambda: (([(0, 1), (1, 0)],), {"sarkar": 1.0}), "edge once"),
    ("a cycle", lambda: ((networkx.cycle_graph(4),), {"sarkar": 1.0}), r"cycle through the edge .* --bfs-tree"),
    ("two components", lambda: (([(0, 1), (2, 3)],), {"sarkar": 1.0}), "connected"),
    ("two components, breadth first", lambda: (([(0, 1), (2, 3)],), {"sarkar": 1.0, "bfs_tree": True}), "connected"),
    ("a directed graph", lambda: ((networkx.DiGraph([(0, 1)]),), {"sarkar": 1.0}), "undirected"),
    ("a weight of zero", lambda: (([(0, 1, 0.0)],), {"sarkar": 1.0}), "positive finite weight"),
    ("a weight that is no number", lambda: (([(0, 1, "x")],), {"sarkar": 1.0}), "positive finite weight"),
    ("an unknown root", lambda: (([(0, 1)],), {"sarkar": 1.0, "root": 7}), "no vertex 7"),
    ("nothing to embed with", lambda: (([(0, 1)],), {}), "either coordinates or sarkar"),
    ("an edge length below zero", lambda: (([(0, 1)],), {"sarkar": -1.0}), "positive finite length"),
    ("a point on the boundary", lambda: (([(0, 1)], torch.tensor([[0.0, 0.0], [1.0, 0.0]])), {}), "none was moved"),
    ("a point outside", lambda: (([(0, 1)], torch.tensor([[0.0, 0.0], [1.5, 0.0]])), {"model": "klein"}), "none was moved"),
    ("a point below the half-plane", lambda: (([(0, 1)], torch.tensor([[0.0, 1.0], [1.0, -1.0]])), {"model": "half-space"}), "last coordinate > 0"),
    ("a point off the sheet", lambda: (([(0, 1)], torch.tensor([[1.0, 0.0], [5.0, 1.0]])), {"model": "hyperboloid"}), "forward one"),
    ("a curvature of zero", lambda: (([(0, 1)], torch.zeros(2, 2)), {"curvature": 0.0}), "negative curvature"),
    ("NaN", lambda: (([(0, 1)], torch.tensor([[0.0, 0.0], [math.nan, 0.0]])), {}), "finite coordinates"),
    ("a point too few", lambda: (([(0, 1), (1, 2)], torch.zeros(2, 2)), {}), "one for each vertex"),
    ("a vertex left out", lambda: (([("a", "b")], {"a": [0.0, 0.0]}), {}), "none of 'b'"),
    ("whole numbers", lambda: (([(0, 1)], torch.zeros(2, 2, dtype=torch.int64)), {}), "floating-point"),
    ("an unknown model", lambda: (([(0, 1)], torch.zeros(2, 2)), {"model": "moon"}), "model among"),
    ("no graph", lambda: ((7,), {"sarkar": 1.0}), "Expected a file of edges"),
]  # fmt: skip
