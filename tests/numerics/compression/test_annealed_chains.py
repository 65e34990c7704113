"""Annealed chains of continuous codes: unbiased up and down, at every slope of one run, for priors with a boundary and decoders without gradients; and what breaks that."""

from __future__ import annotations

import math

import pytest
import torch

from numerics.compression.annealed_chains import (
    Plan,
    Prior,
    Target,
    anneal,
    anneal_down,
    log_mean,
    settled_plan,
    standard_normal,
)
from numerics.compression.linear_decoders import negative_log_z
from numerics.streams import Stream

SIZE = 40_000
RADIUS = math.sqrt(math.log(2 / 1e-6) / (2 * SIZE))  # Hoeffding, weights in [0, 1], level 1e-6
W = torch.tensor([[1.0, 0.5], [0.0, 1.0], [0.3, -0.4]], dtype=torch.float64)
X = torch.tensor([[0.5, -0.3, 0.2]], dtype=torch.float64)
LINEAR = Target(lambda z, rows: (X[rows] - z @ W.T).square().sum(1) / 2, standard_normal(2))
ONE = torch.zeros(SIZE, dtype=torch.long)


@pytest.mark.parametrize("leapfrogs", [1, 3])
@pytest.mark.parametrize("gradients", [True, False])
def test_weights_are_unbiased_at_every_slope_of_one_run(leapfrogs: int, gradients: bool) -> None:
    target = Target(LINEAR.distortion, LINEAR.prior, gradients)
    run = anneal(target, Plan((0.5, 1.5, 4.0), (1.0, 0.9, 0.8), leapfrogs), ONE, Stream(1))
    for slope, log_weights in zip((0.5, 1.5, 4.0), run.log_weights, strict=True):
        Z = float((-negative_log_z(X, W, slope)).exp())
        assert abs(float(log_weights.exp().mean()) - Z) < RADIUS
    assert bool((run.accepted > 0.05).all())
    assert bool((run.least <= run.distortions.amin(0)).all())


def test_a_uniform_box_keeps_its_chains_inside() -> None:
    """d = z^2/2 on [-1, 1]: Z by the error function."""

    def log_density(z: torch.Tensor) -> torch.Tensor:
        inside = (z.abs() <= 1).all(1)
        return torch.where(inside, torch.full_like(z[:, 0], -math.log(2)), -math.inf)

    box = Target(
        lambda z, rows: z[:, 0].square() / 2, Prior(lambda n, stream: 2 * stream.uniform(n, 1) - 1, log_density)
    )
    run = anneal(box, Plan((2.0, 8.0), (0.8, 0.5)), ONE, Stream(2))
    assert bool((run.codes.abs() <= 1).all())
    for slope, log_weights in zip((2.0, 8.0), run.log_weights, strict=True):
        Z = math.sqrt(math.pi / (2 * slope)) * math.erf(math.sqrt(slope / 2))
        assert abs(float(log_weights.exp().mean()) - Z) < RADIUS


def test_chains_down_from_exact_draws_average_to_one_over_z() -> None:
    slope, stream = 2.0, Stream(3)
    precision = torch.eye(2, dtype=torch.float64) + slope * W.T @ W
    mean = torch.linalg.solve(precision, slope * W.T @ X[0])
    codes = (
        mean
        + torch.linalg.solve_triangular(torch.linalg.cholesky(precision).mT, stream.normal(SIZE, 2).mT, upper=True).mT
    )
    log_weights = anneal_down(LINEAR, Plan((0.5, 1.0, 2.0), (1.0, 0.9, 0.8)), ONE, codes, stream)
    inverse = float(negative_log_z(X, W, slope).exp())
    values = (-log_weights).exp()
    assert abs(float(values.mean()) - inverse) < 5.5 * float(values.std()) / math.sqrt(SIZE)  # normal, about 4e-8


def test_an_accept_reject_left_out_is_seen() -> None:
    run = anneal(LINEAR, Plan((3.0, 6.0), (1.2, 1.2)), ONE, Stream(4), accepting=False)
    assert abs(float(run.log_weights[-1].exp().mean()) - float((-negative_log_z(X, W, 6.0)).exp())) > 3 * RADIUS


def test_a_weight_taken_after_the_move_is_seen() -> None:
    run = anneal(LINEAR, Plan((3.0, 6.0), (0.6, 0.6)), ONE, Stream(4), late=True)
    assert abs(float(run.log_weights[-1].exp().mean()) - float((-negative_log_z(X, W, 6.0)).exp())) > 3 * RADIUS


def test_a_step_size_adapted_inside_the_run_is_seen() -> None:
    """A size that follows the state itself: a kernel that keeps no tempered distribution, and a biased mean."""
    state, log_weight, stream = LINEAR.prior.sample(SIZE, Stream(5)), torch.zeros(SIZE, dtype=torch.float64), Stream(6)
    below = 0.0
    for slope in torch.linspace(1.5, 6.0, 4, dtype=torch.float64).tolist():
        d = LINEAR.distortion(state, ONE)
        log_weight, below = log_weight - (slope - below) * d, slope
        for _ in range(6):
            d = LINEAR.distortion(state, ONE)
            new = state + (0.02 + 2 * d)[:, None] * stream.normal(SIZE, 2)  # the size is not the same on the way back
            gain = -slope * (LINEAR.distortion(new, ONE) - d) - (new.square() - state.square()).sum(1) / 2
            state = torch.where((stream.uniform(SIZE).log() < gain)[:, None], new, state)
    assert abs(float(log_weight.exp().mean()) - float((-negative_log_z(X, W, 6.0)).exp())) > 3 * RADIUS


def test_an_unweighted_distortion_is_seen() -> None:
    """Chains by their weights have the posterior's distortion, and chains alone another one where they have not settled."""
    run = anneal(LINEAR, Plan((6.0,), (0.3,)), ONE, Stream(7))
    precision = torch.eye(2, dtype=torch.float64) + 6.0 * W.T @ W
    mean = torch.linalg.solve(precision, 6.0 * W.T @ X[0])
    exact = float((X[0] - W @ mean).square().sum() / 2 + torch.trace(W @ torch.linalg.inv(precision) @ W.T) / 2)
    weighted = float((run.log_weights[-1].softmax(0) * run.distortions[-1]).sum())
    assert abs(weighted - exact) < 0.02
    assert abs(float(run.distortions[-1].mean()) - exact) > 0.2


def test_a_settled_plan_passes_through_all_slopes_and_leaves_a_small_gap() -> None:
    stream = Stream(8)
    z = stream.normal(64, 2)
    x = z @ W.T + stream.normal(64, 3) / 2
    target = Target(lambda codes, rows: (x[rows] - codes @ W.T).square().sum(1) / 2, standard_normal(2))
    plan = settled_plan(target, torch.arange(64), [0.3, 4.0], stream, temperatures=40)
    assert {0.3, 4.0} <= set(plan.slopes)
    assert list(plan.slopes) == sorted(plan.slopes)
    rows = torch.arange(64).repeat_interleave(4)
    up = -log_mean(anneal(target, plan, rows, stream).log_weights[-1], 4)
    down = log_mean(-anneal_down(target, plan, rows, z.repeat_interleave(4, 0), stream), 4)
    exact = negative_log_z(x, W, 4.0)
    assert float((up - exact).mean()) < 0.2
    assert float((exact - down).mean()) < 0.2
