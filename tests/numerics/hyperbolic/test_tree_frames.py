"""Frames of trees: accurate at any radius against balls, a metric, and all pairs the same in any tile."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from flint import acb, arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from numerics.hyperbolic.fidelity_by_definition import counted_fidelity
from numerics.hyperbolic.models import poincare_distance
from numerics.hyperbolic.sarkar_all_pairs import AllPairs, all_pairs, rectangles
from numerics.hyperbolic.sarkar_trees import Tree, sarkar, tree_from_parents
from numerics.hyperbolic.tree_frames import distances_by_paths, plant, third_side
from proofs_checks.strategies.hyperbolic import Parents, balanced_tree, prufer_trees
from theory.hyperbolic import tree_certificates as certificates


def in_balls(tree: Tree, tau: float, bits: int) -> list[list[float]]:
    """All distances by products in SU(1,1) of balls: another construction, another formula, thousands of bits."""
    before = ctx.prec
    ctx.prec = bits
    try:
        size, degrees = len(tree), tree.degrees
        matrices, used = [(acb(1), acb(0))] * size, [int(v > 0) for v in range(size)]
        half, turn = arb(tau) / 2, acb(0, 1)
        for parent, child in tree.edges:
            e = (acb(0, arb.pi() * used[parent] / degrees[parent])).exp()
            used[parent] += 1
            a, b = matrices[parent][0] * e, matrices[parent][1] / e
            matrices[child] = ((a * half.cosh() + b * half.sinh()) * turn, (a * half.sinh() + b * half.cosh()) / turn)

        def far(x: Any, y: Any) -> float:
            return float((2 * abs(x[0].conjugate() * y[1] - x[1] * y[0].conjugate()).asinh()).mid())

        return [[0.0 if u == v else far(matrices[u], matrices[v]) for v in range(size)] for u in range(size)]
    finally:
        ctx.prec = before


@pytest.mark.parametrize(("parents", "tau", "bits"), [(tuple(max(0, (2 * k) // 3) for k in range(12)), 250.0, 12000), (balanced_tree(2, 3), 0.5, 400), (tuple(max(0, k - 1 - k % 2) for k in range(40)), 60.0, 9000)])  # fmt: skip
def test_distances_agree_with_balls_far_beyond_what_coordinates_carry(parents: Parents, tau: float, bits: int) -> None:
    tree = tree_from_parents(parents)
    planted = plant(tree, tau)
    assert float(planted.heights.max()) * tau > 1000 or tau < 1
    table, blur = distances_by_paths(planted)
    known = torch.tensor(in_balls(tree, tau, bits), dtype=torch.float64)[planted.order][:, planted.order]
    error = (table - known).abs()
    assert bool((error <= blur + 2 * torch.finfo(torch.float64).eps * known).all())
    assert float(error.max()) <= 1e-12 * (1 + float(known.max()))


def test_distances_are_those_of_the_coordinates_where_these_carry_them() -> None:
    tree = tree_from_parents(balanced_tree(3, 3))
    points = sarkar(tree, 1.5)
    planted = plant(tree, 1.5)
    table, _ = distances_by_paths(planted)
    read = poincare_distance(points.unsqueeze(1), points)[planted.order][:, planted.order]
    assert (
        float((table - read).abs().max()) < 1e-10
    )  # the coordinates' own error at radius 4.5: 14 eps cosh r, through placing


@given(prufer_trees(3, 24), st.sampled_from([0.2, 1.0, 3.0, 40.0]))
def test_they_are_a_metric_and_rectangles_cover_every_pair_once(parents: Parents, tau: float) -> None:
    planted = plant(tree_from_parents(parents), tau)
    table, blur = distances_by_paths(planted)
    slack = 4 * float(blur.max())
    assert float((table - table.T).abs().max()) <= slack
    through = (table.unsqueeze(2) + table.unsqueeze(0)).min(1).values
    assert bool((table <= through + slack).all())
    seen = torch.zeros_like(table)
    for batch in rectangles(planted, tile=7):
        if batch.distance.ndim == 1:
            u, v = batch.first, batch.second
        else:
            u, v = (part.flatten() for part in torch.meshgrid(batch.first, batch.second, indexing="ij"))
        gaps = (batch.distance.flatten() - table[u, v]).abs()
        sway = 2 * batch.sway / math.sqrt(max(batch.narrowest, 1e-30)) + 1e-14 / math.sqrt(max(batch.narrowest, 1e-30))
        assert float(gaps.max()) <= slack + 2 * batch.blur + sway
        seen[u, v] += 1
    assert torch.equal(seen + seen.T, 1 - torch.eye(len(planted), dtype=torch.float64))


@given(prufer_trees(2, 20), st.sampled_from([0.4, 1.2, 5.0]))
def test_all_pairs_are_what_counting_gives(parents: Parents, tau: float) -> None:
    tree = tree_from_parents(parents)
    planted = plant(tree, tau)
    table, _ = distances_by_paths(planted)
    place = torch.argsort(planted.order)
    found = all_pairs(planted, scale=tau, tile=5)
    if found.collapsed:
        return
    counted = counted_fidelity(tree, table[place][:, place].tolist(), tau=tau, resolution=found.error)
    assert found.worst.low <= counted.worst <= found.worst.high
    assert found.average.low - 1e-15 <= counted.average <= found.average.high + 1e-15
    assert found.mean_average_precision == pytest.approx(counted.mean_average_precision, rel=1e-12)
    assert found.expansion.value == pytest.approx(tau, rel=1e-13)  # expansion exactly 1, in units of tau


@given(prufer_trees(2, 40), st.sampled_from([5.0, 9.0, 30.0]))
def test_certificates_lie_above_the_measured_distortion(parents: Parents, tau: float) -> None:
    tree = tree_from_parents(parents)
    proved = certificates.best_or_none(certificates.tree_of_lengths(tree.parents, tau))
    measured = all_pairs(plant(tree, tau), scale=tau).worst
    assert proved is None or measured.low <= float(proved.rho)


def test_tiles_change_nothing_but_the_order() -> None:
    planted = plant(tree_from_parents(balanced_tree(5, 3)), 6.0)
    results = [all_pairs(planted, scale=6.0, tile=tile) for tile in (1, 64, 1 << 20)]
    for found in results[1:]:
        assert found.worst.value == pytest.approx(results[0].worst.value, rel=1e-14)
        assert found.witness[2] == results[0].witness[2]
        assert found.average.value == pytest.approx(results[0].average.value, rel=1e-13)
        assert isinstance(found, AllPairs)


def test_an_angle_of_zero_and_a_straight_one() -> None:
    r, q = torch.tensor([3.0, 700.0]).double(), torch.tensor([1.0, 650.0]).double()
    assert torch.allclose(third_side(r, q, torch.zeros(2).double()), (r - q).abs(), rtol=1e-13)
    assert torch.allclose(third_side(r, q, torch.ones(2).double()), r + q, rtol=1e-15)


@pytest.mark.parametrize(("tau", "weights", "message"), [(-1.0, None, "positive finite edge length"), (1.0, [1.0], "weight for each"), (1.0, [1.0, 0.0], "positive finite weights")])  # fmt: skip
def test_lengths_that_are_none_are_refused(tau: float, weights: list[float] | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plant(tree_from_parents((0, 0)), tau, weights=weights)
    with pytest.raises(ValueError, match="tile"):
        all_pairs(plant(tree_from_parents((0, 0)), 1.0), scale=1.0, tile=0)
    with pytest.raises(ValueError, match="scale"):
        all_pairs(plant(tree_from_parents((0, 0)), 1.0), scale=0.0)
