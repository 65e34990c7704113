"""Measures of fidelity against their definitions in loops, in any tiling, and enclosures that hold whatever the errors do."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from numerics.hyperbolic import models as hyperbolic
from numerics.hyperbolic import sarkar_trees
from numerics.hyperbolic.sarkar_fidelity import fidelity
from numerics.streams import Stream
from proofs_checks.strategies.hyperbolic import balanced_tree, prufer_trees, recursive_trees

EPS = torch.finfo(torch.float64).eps
families = st.one_of(recursive_trees(2, 25), prufer_trees(2, 25))
seeds = st.integers(0, 2**40)


def steps_of(tree: sarkar_trees.Tree) -> Tensor:
    return sarkar_trees.graph_distances(tree, torch.arange(len(tree)))


def embedded(parents: tuple[int, ...], tau: float, n: int = 2) -> tuple[sarkar_trees.Tree, Tensor]:
    tree = sarkar_trees.tree_from_parents(parents)
    return tree, sarkar_trees.sarkar(tree, tau, n=n)


def by_definition(steps: Tensor, table: Tensor, tau: float, delta: float) -> tuple[float, float, float]:
    """Worst-case distortion, average distortion and MAP by loops over pairs."""
    size = len(steps)
    pairs = [(i, j) for i in range(size) for j in range(size) if i != j]
    d, g = table.tolist(), steps.tolist()
    worst = max(d[i][j] / g[i][j] for i, j in pairs) * max(g[i][j] / d[i][j] for i, j in pairs)
    average = math.fsum(abs(d[i][j] / tau - g[i][j]) / g[i][j] for i, j in pairs) / len(pairs)
    total = 0.0
    for u in range(size):
        near = [v for v in range(size) if g[u][v] == 1]
        for v in near:
            ball = [w for w in range(size) if w != u and d[u][w] <= d[u][v] + delta]
            total += len([w for w in ball if w in near]) / len(ball) / len(near)
    return worst, average, total / size


def random_points(seed: int, size: int, n: int = 3) -> Tensor:
    return (
        0.9
        * torch.nn.functional.normalize(Stream(seed).normal(size, n), dim=-1)
        * Stream(seed).fork("radius").uniform(size, 1)
    )


@given(families, seeds, st.sampled_from([0.0, 0.1]), st.integers(1, 30))
def test_fidelity_is_its_definition_in_any_tiling(parents: tuple[int, ...], seed: int, delta: float, tile: int) -> None:
    tree = sarkar_trees.tree_from_parents(parents)
    points = random_points(seed, len(tree))
    found = fidelity(tree, points, hyperbolic.poincare_distance, tau=0.7, resolution=delta, tile=tile)
    table = hyperbolic.poincare_distance(points.unsqueeze(1), points)
    for value, enclosure in zip(
        by_definition(steps_of(tree), table, 0.7, delta),
        (found.worst, found.average, found.mean_average_precision),
        strict=True,
    ):
        assert enclosure.low <= value <= enclosure.high
    assert found.pairs == len(tree) * (len(tree) - 1) // 2
    assert found.collapsed == found.unranked == 0


@given(families, seeds, st.floats(1e-6, 0.3))
def test_the_enclosures_hold_whatever_the_errors_do(parents: tuple[int, ...], seed: int, error: float) -> None:
    tree = sarkar_trees.tree_from_parents(parents)
    points = random_points(seed, len(tree))
    found = fidelity(tree, points, hyperbolic.poincare_distance, tau=0.7, error=error / 2)
    table = hyperbolic.poincare_distance(points.unsqueeze(1), points)
    noise = error * (2 * Stream(seed).fork("noise").uniform(*table.shape) - 1)
    shifted = (table + (noise + noise.T) / 2).clamp_min(1e-300)
    for value, enclosure in zip(
        by_definition(steps_of(tree), shifted, 0.7, 0.0),
        (found.worst, found.average, found.mean_average_precision),
        strict=True,
    ):
        assert enclosure.low <= value <= enclosure.high


def test_half_the_error_would_not_enclose_the_average() -> None:
    tree = sarkar_trees.tree_from_parents(balanced_tree(2, 2))
    points = random_points(1, len(tree))
    table = hyperbolic.poincare_distance(points.unsqueeze(1), points)
    narrow = fidelity(tree, points, hyperbolic.poincare_distance, tau=0.1, error=0.05 / 2)
    worst = by_definition(steps_of(tree), table + 0.1, 0.1, 0.0)
    assert worst[1] > narrow.average.high


def test_ties_that_rounding_breaks_are_left_open_and_ranked_as_ties_when_told() -> None:
    tree, points = embedded(balanced_tree(8, 2), 0.5)
    sheet = hyperbolic.ball_to_hyperboloid(points)
    error = hyperbolic.endpoint_error(sheet, "ball")
    broken = fidelity(tree, points, hyperbolic.poincare_distance, tau=0.5, error=error)
    kept = fidelity(tree, points, hyperbolic.poincare_distance, tau=0.5, error=error, resolution=2.0**-16)
    assert broken.unranked > 0
    assert broken.mean_average_precision.width > 0.01
    assert kept.unranked == 0
    assert kept.mean_average_precision.width <= 8 * len(tree) * EPS
    assert kept.mean_average_precision.value < 0.9  # tau is below the threshold: strangers come between
    assert broken.mean_average_precision.low <= kept.mean_average_precision.value <= broken.mean_average_precision.high


def test_above_the_threshold_sarkar_ranks_all_neighbours_first() -> None:
    tree, points = embedded(balanced_tree(2, 4), 3.0)
    found = fidelity(tree, points, hyperbolic.poincare_distance, tau=3.0, resolution=2.0**-16)
    rounding = len(tree) * EPS  # of a mean of so many numbers of size 1
    assert abs(found.mean_average_precision.value - 1) <= rounding
    assert 1 < found.worst.value < 1.6


def test_collapsed_pairs_are_counted_and_make_the_distortion_infinite() -> None:
    tree = sarkar_trees.tree_from_parents((0, 0, 0))
    points = torch.tensor([[0.0, 0.0], [0.5, 0.0], [0.5, 0.0]], dtype=torch.float64)
    found = fidelity(tree, points, hyperbolic.poincare_distance, tau=1.0)
    assert found.collapsed == 1
    assert found.worst.value == math.inf


def test_a_missing_point_and_a_scale_of_zero_are_refused() -> None:
    tree, points = embedded((0, 0, 0), 1.0)
    with pytest.raises(ValueError, match="a point for each of the 3 vertices, got 2"):
        fidelity(tree, points[:2], hyperbolic.poincare_distance, tau=1.0)
    with pytest.raises(ValueError, match="positive scale tau, got 0"):
        fidelity(tree, points, hyperbolic.poincare_distance, tau=0.0)
    with pytest.raises(ValueError, match="resolution of at least 0, got -1"):
        fidelity(tree, points, hyperbolic.poincare_distance, tau=1.0, resolution=-1.0)
    assert replace(tree).labels == (0, 1, 2)


@given(families, seeds)
def test_enclosures_hold_what_errors_allow_and_not_twice_as_much(parents: tuple[int, ...], seed: int) -> None:
    from numerics.hyperbolic.fidelity_measurements import JudgedEmbedding, random_points

    tree = sarkar_trees.tree_from_parents(parents)
    seen = JudgedEmbedding(tree, random_points(len(tree), 2, 3.0, Stream(seed)), 1.0)
    whole, half = (seen.enclosures_hold(Stream(seed), share) for share in (1.0, 0.5))
    assert float(whole.residual.max()) <= float(torch.as_tensor(whole.bound.terms["rounding"]))
    assert float(half.residual.max()) > 1e-6
