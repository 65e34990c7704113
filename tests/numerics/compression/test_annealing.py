"""Annealed weights, hidden cells, growing ranges and pairs of priors: laws over random models, and mutants that they reject."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import logsumexp

from numerics.compression import annealing, black_boxes, gibbs_encoders, nested_ranges, toy_models
from numerics.streams import Stream

seeds = st.integers(0, 2**31)


def within(measurement, factor=1.0):
    bound = sum(torch.as_tensor(term, dtype=torch.float64) for term in measurement.bound.terms.values())
    return bool((torch.as_tensor(measurement.residual, dtype=torch.float64) <= factor * bound).all())


def ladder(T, beta=2.0):
    return [beta * t / T for t in range(T + 1)]


@given(st.integers(3, 8), seeds)
@settings(max_examples=20)
def test_a_metropolis_kernel_keeps_its_distribution_and_a_proposal_alone_does_not(m, seed):
    d, prior = annealing.random_energies(m, Stream(seed))
    log_mass = prior.log() - 2 * d
    pi = log_mass.softmax(0).numpy()
    K = annealing.metropolis(log_mass).numpy()
    assert np.abs(pi @ K - pi).max() <= 8 * m * 2.0**-52
    assert np.abs(pi @ annealing.always_accepted(log_mass).numpy() - pi).max() > 1e-6


@given(st.integers(3, 4), st.integers(1, 4), seeds)
@settings(max_examples=20)
def test_paths_have_mass_one_and_weights_without_bias(m, T, seed):
    d, prior = annealing.random_energies(m, Stream(seed))
    outcomes = annealing.all_paths(d, prior, ladder(T))
    assert abs(float(outcomes[0].sum()) - 1) <= 16 * T * m**T * 2.0**-52
    assert within(annealing.weight_bias(d, prior, ladder(T), outcomes))
    assert within(annealing.below_the_curve(d, prior, 2.0, outcomes, K=1))


@pytest.mark.parametrize(
    "fault", [{"weighing": annealing.after_the_move}, {"kernel": annealing.always_accepted}], ids=["after", "accepted"]
)
def test_a_weight_after_the_move_and_a_step_without_rejection_are_biased(fault):
    d, prior = annealing.random_energies(4, Stream(0))
    outcomes = annealing.all_paths(d, prior, ladder(3), **fault)
    assert not within(annealing.weight_bias(d, prior, ladder(3), outcomes), 1000)


def test_an_unweighted_distortion_falls_below_the_curve():
    d, prior = annealing.random_energies(3, Stream(1))
    draws = annealing.plain_draws(d, prior, 2.0)
    assert within(annealing.below_the_curve(d, prior, 2.0, draws, K=6))
    assert not within(annealing.below_the_curve(d, prior, 2.0, draws, K=6, shares=annealing.equal_shares), 1000)


def test_a_step_that_is_chosen_by_the_weights_of_its_own_chain_is_biased():
    """Adapted inside the run: a chain whose weight is large stays where it is, another one moves."""
    d, prior = annealing.random_energies(4, Stream(2))
    beta, half = 2.0, 1.0
    K = annealing.metropolis(prior.log() - half * d)
    weight = (-half * d).exp()
    adapted = torch.where((weight > weight.median())[:, None], torch.eye(4, dtype=d.dtype), K)
    Z = float((prior * (-beta * d).exp()).sum())
    frozen = float(((prior * weight) @ K * (-half * d).exp()).sum())
    assert abs(frozen - Z) <= 1e-14
    assert abs(float(((prior * weight) @ adapted * (-half * d).exp()).sum()) - Z) > 1e-4


def test_drawn_chains_agree_with_all_paths():
    d, prior = annealing.random_energies(4, Stream(3))
    weights = annealing.drawn_weights(d, prior, ladder(3), 100_000, Stream(4))
    p, w, _ = annealing.all_paths(d, prior, ladder(3))
    radius = math.sqrt(math.log(2 / 1e-9) / (2 * 100_000))
    for power in (1, 2):
        assert abs(float(weights.pow(power).mean()) - float((p * w.pow(power)).sum())) <= radius


@given(st.integers(2, 12), st.data())
@settings(max_examples=10)
def test_searches_in_different_cells_find_what_is_there(M, data):
    N = data.draw(st.integers(1, M))
    found = M - black_boxes.misses(M, N, M, Stream(data.draw(seeds)))
    assert 0 <= found <= M
    assert N < M or found == M


@given(st.integers(2, 12), st.integers(2, 12), seeds)
@settings(max_examples=15)
def test_least_distortions_and_trained_values_fall(n, m, seed):
    source = gibbs_encoders.random_source(n, m, Stream(seed))
    assert all(map(within, nested_ranges.least_distortions(source)))
    assert within(nested_ranges.growing_classes(source, 2.0))


def test_values_away_from_the_slope_of_training_may_rise():
    source = gibbs_encoders.random_source(24, 16, Stream(7).fork(1))
    assert not within(nested_ranges.growing_classes(source, 4.0, 0.125), 100)


@given(st.integers(2, 12), st.integers(2, 12), seeds)
@settings(max_examples=15)
def test_two_priors_have_one_least_distortion_and_two_decoders_do_not(n, m, seed):
    one = gibbs_encoders.random_source(n, m, Stream(seed))
    two = toy_models.other_prior(one, Stream(seed).fork("other"))
    assert within(toy_models.least_distortions_apart(one, two))
    assert within(toy_models.gap_at_a_steep_slope(one, two))
    assert not within(toy_models.least_distortions_apart(one, toy_models.other_decoder(one, Stream(seed))), 100)


@pytest.mark.parametrize("seed", range(3))
def test_rates_at_one_distortion_lie_between_the_gaps_with_scipy_s_slope(seed):
    one = gibbs_encoders.random_source(5, 6, Stream(seed))
    two = toy_models.other_prior(one, Stream(seed).fork("other"))
    assert within(toy_models.rates_at_equal_distortion(one, two, 2.0))
    D = toy_models._distortion(one, 2.0)
    if toy_models._distortion(two, 0.0) > D:
        slope = brentq(lambda beta: toy_models._distortion(two, beta) - D, 0, 1e6, xtol=1e-12)
        assert abs(slope - toy_models._slope_at(two, D)) <= 1e-9 * (1 + slope)
        d, p, w = (t.numpy() for t in (two.distortions, two.prior, two.weights))
        values = [-w @ logsumexp(-b * d, b=p, axis=1) - b * D for b in (slope - 1e-3, slope, slope + 1e-3)]
        assert values[1] >= max(values[0], values[2]) - 1e-12
