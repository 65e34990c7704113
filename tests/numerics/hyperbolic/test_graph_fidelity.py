"""Measures of any graph and four-point delta: against counting, networkx and all quadruples."""

from __future__ import annotations

import networkx
import pytest
import torch

from numerics.hyperbolic.four_points import four_point_delta
from numerics.hyperbolic.graph_fidelity import adjacency, graph_fidelity


def flat(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.linalg.vector_norm(x - y, dim=-1)


def test_weighted_graphs_are_measured_by_shortest_paths() -> None:
    graph = networkx.random_geometric_graph(30, 0.5, seed=3)
    for k, (u, v) in enumerate(graph.edges):
        graph[u][v]["weight"] = 1 + k % 3
    steps = dict(networkx.all_pairs_dijkstra_path_length(graph))
    points = torch.randn(30, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    matrix = adjacency(30, list(graph.edges), [graph[u][v]["weight"] for u, v in graph.edges])
    found = graph_fidelity(matrix, points, flat, errors=torch.zeros(30).double(), scale=1.0, tile=7)
    ratios = [float(flat(points[u], points[v])) / steps[u][v] for u in range(30) for v in range(u)]
    assert found.worst.value == pytest.approx(max(ratios) / min(ratios), rel=1e-12)
    mean = sum(abs(ratio - 1) for ratio in ratios) / len(ratios)
    assert found.average.value == pytest.approx(mean, rel=1e-12)
    u, v, distance, length = found.witness
    assert steps[u][v] == distance
    assert length / distance == pytest.approx(min(ratios), rel=1e-12)


def test_collapsed_pairs_make_the_distortion_infinite_and_components_are_refused() -> None:
    matrix = adjacency(3, [(0, 1), (1, 2)], [1.0, 1.0])
    points = torch.tensor([[0.0], [1.0], [1.0]]).double()
    found = graph_fidelity(matrix, points, flat, errors=torch.zeros(3).double(), scale=1.0)
    assert found.collapsed == 1
    assert found.worst.value == float("inf")
    with pytest.raises(ValueError, match="connected"):
        graph_fidelity(adjacency(3, [(0, 1)], [1.0]), points, flat, errors=torch.zeros(3).double(), scale=1.0)


def test_delta_is_that_of_all_quadruples_and_its_witness_attains_it() -> None:
    for seed in range(6):
        graph = networkx.gnp_random_graph(14, 0.25, seed=seed)
        graph = graph.subgraph(max(networkx.connected_components(graph), key=len))
        names = {vertex: k for k, vertex in enumerate(graph)}
        table = torch.zeros(len(names), len(names), dtype=torch.int64)
        for u, row in networkx.all_pairs_shortest_path_length(graph):
            for v, steps in row.items():
                table[names[u], names[v]] = steps
        if len(names) < 4:
            continue
        d = table
        first = d[:, :, None, None] + d[None, None, :, :]
        rest = torch.maximum(d[:, None, :, None] + d[None, :, None, :], d[:, None, None, :] + d[None, :, :, None])
        twice, (x, y, z, w) = four_point_delta(table, tile=5)
        assert int(twice) == int((first - rest).max())
        sums = sorted((d[x, y] + d[z, w], d[x, z] + d[y, w], d[x, w] + d[y, z]))
        assert int(sums[2] - sums[1]) == int(twice)


def test_what_is_no_metric_is_refused() -> None:
    for table in (torch.zeros(3, 3), torch.rand(5, 5), -torch.ones(4, 4), torch.eye(4)):
        with pytest.raises(ValueError, match="Expected"):
            four_point_delta(table)
