"""What the hybrid claims measure, against SciPy and against second definitions; and what is refused."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import nn

from numerics.errors import HypothesisError
from numerics.likelihoods import finite_families, logistic_gaussian, rays, residual_flows
from numerics.likelihoods.class_gaussians import random_classes
from numerics.streams import Stream

seeds = st.integers(0, 2**31)


def worst(measurement) -> float:
    """The largest residual over its bound."""
    bound = sum(torch.as_tensor(term, dtype=torch.float64) for term in measurement.bound.terms.values())
    return float((torch.as_tensor(measurement.residual, dtype=torch.float64) / bound).max())


@given(st.integers(1, 5), st.integers(2, 4), seeds)
@settings(max_examples=15)
def test_class_densities_are_scipys(D, K, seed):
    model = random_classes(D, K, Stream(seed))
    x, labels = model.sample(6, Stream(seed).fork("x"))
    ours = model.joint(x)
    for k in range(K):
        law = stats.multivariate_normal(model.means[k].numpy(), torch.diag(model.scale**2).numpy())
        theirs = torch.as_tensor(law.logpdf(x.numpy())).reshape(-1) + model.log_prior[k]
        assert bool(((ours[:, k] - theirs).abs() <= 64 * model.rounding(x)).all())
    assert set(labels.tolist()) <= set(range(K))


def test_draws_follow_the_prior():
    model = random_classes(1, 3, Stream(4))
    _, labels = model.sample(20_000, Stream(5))
    shares = torch.bincount(labels, minlength=3) / 20_000
    assert (shares - model.log_prior.exp()).abs().max() < math.sqrt(math.log(2e9) / 40_000)  # Hoeffding at 1e-9


def test_a_ray_on_which_nothing_grows_is_refused_and_kinks_are_where_they_are():
    layers = [
        (torch.tensor([[1.0]]).double(), torch.tensor([-3.0]).double()),
        (torch.ones(2, 1).double(), torch.zeros(2).double()),
    ]
    piece = rays.last_piece(layers, torch.tensor([[1.0], [-1.0]]).double())
    assert abs(float(piece.kink[0]) - 3) < 2.0**-40
    assert piece.slope.tolist() == [[1.0, 1.0], [0.0, 0.0]]
    with pytest.raises(HypothesisError, match="grows fastest"):
        rays.Rays(layers, 0, Stream(1))


@given(st.integers(1, 4), seeds)
@settings(max_examples=10)
def test_closed_forms_of_gradients_are_central_differences(D, seed):
    data = logistic_gaussian.draw_points(9, D, Stream(seed))
    theta = Stream(seed).fork("theta").normal(D)
    for closed, value in (
        (logistic_gaussian.classifier_gradient, logistic_gaussian.log_conditional),
        (logistic_gaussian.density_gradient, logistic_gaussian.log_marginal),
    ):
        found, step = closed(data, theta)[0], 1e-5
        for i in range(D):
            shift = step * torch.eye(D, dtype=theta.dtype)[i]
            slope = (value(data, theta + shift) - value(data, theta - shift)) / (2 * step)
            assert abs(float(slope - found[i])) < 1e-5 * (1 + float(data.x.abs().sum()) ** 2)


def test_the_optimum_of_a_mixture_moves_with_the_weight_that_is_claimed():
    data = logistic_gaussian.draw_points(64, 1, Stream(3))
    assert worst(logistic_gaussian.mixture_optimum(data, 0.75, 3.0)) <= 1
    assert worst(logistic_gaussian.mixture_optimum(data, 0.75, 0.75)) > 1e3
    with pytest.raises(ValueError, match="changes sign"):
        logistic_gaussian.optimum(lambda t: 1.0, 0.0, 1.0)


def test_the_exchange_inequality_is_measured_both_ways():
    family = finite_families.random_family(12, Stream(1), specified=False)
    assert worst(finite_families.change_along_lambda(family)) <= 1
    assert worst(finite_families.change_along_lambda(family, -1)) > 1e3
    assert worst(finite_families.power_mass(0.5, 2.0, 1.0)) > 1e3


@given(st.integers(1, 12), st.integers(1, 12), seeds)
@settings(max_examples=25)
def test_a_certified_norm_lies_above_the_svds_and_near_it_and_power_iteration_below(m, n, seed):
    matrix = Stream(seed).normal(m, n)
    norm = float(torch.linalg.svdvals(matrix)[0])
    assert (
        norm * (1 - 2.0**-45)
        <= residual_flows.operator_norm_ceiling(matrix)
        <= norm * min(m, n) ** (1 / 128) * (1 + 2.0**-30)
    )
    assert residual_flows.operator_norm_floor(matrix, Stream(seed)) <= norm * (1 + 2.0**-45)


def test_what_cannot_be_certified_is_refused():
    with pytest.raises(HypothesisError, match="layer 1 is a Softmax"):
        residual_flows.lipschitz_ceiling(nn.Sequential(nn.Linear(2, 2), nn.Softmax(1)))
    with pytest.raises(HypothesisError, match="slope"):
        residual_flows.lipschitz_ceiling(nn.Sequential(nn.LeakyReLU(2.0)))
    with pytest.raises(HypothesisError, match="below 1"):
        residual_flows.tail_bound(2, 1.5, 4)
    with pytest.raises(HypothesisError, match="L < q"):
        residual_flows.roulette_range(2, 0.5, 0.5)
    with pytest.raises(ValueError, match="NaN"):
        residual_flows.operator_norm_ceiling(torch.full((2, 2), torch.nan))


def test_a_zero_matrix_has_norm_zero_and_a_folding_block_has_no_inverse():
    assert residual_flows.operator_norm_ceiling(torch.zeros(3, 2)) == 0
    x = torch.tensor([[1.2], [-1.2]]).double()
    assert worst(residual_flows.round_trip(residual_flows.folding_block, x, 0.5)) > 1e3


@pytest.mark.parametrize("going_on", [0.6, 0.9])
def test_roulette_is_unbiased_within_hoeffding_and_a_fixed_truncation_is_not(going_on):
    block, point = residual_flows.even_block(3, 0.5, Stream(1)), torch.zeros(3).double()
    n = 100_000
    radii = {}
    for estimator in (residual_flows.roulette, residual_flows.fixed_truncation):
        off, width, _ = residual_flows.mean_of_roulette(
            block, point, n, going_on, estimator=estimator, stream=Stream(2)
        )
        radii[estimator] = off / (width * math.sqrt(math.log(2e9) / (2 * n)))
    assert radii[residual_flows.roulette] < 1 < radii[residual_flows.fixed_truncation]


def test_the_range_of_a_roulette_estimate_is_the_sum_of_its_largest_terms() -> None:
    right = residual_flows.range_by_terms(3, 0.5, 0.6)
    assert float(right.residual) < 1e-12
    assert float(residual_flows.range_by_terms(3, 0.5, 0.6, lambda D, L, q: D * L).residual) > 0.1
