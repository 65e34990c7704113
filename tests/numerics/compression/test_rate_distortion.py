"""Rate-distortion at a slope: two algorithms and SciPy agree, intervals hold what they claim, and curves obey their laws."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp, rel_entr

from numerics.compression import additive_noise, gibbs_encoders
from numerics.compression.rate_distortion import best_prior, blahut_arimoto, free_energy, gains, interior_point
from numerics.errors import PrecisionError
from numerics.streams import Stream

sizes, seeds, slopes = st.integers(2, 9), st.integers(0, 2**31), st.sampled_from((0.5, 1.0, 4.0))


def source(n, m, seed):
    return gibbs_encoders.random_source(n, m, Stream(seed))


@given(sizes, sizes, seeds, slopes)
@settings(max_examples=20)
def test_the_free_energy_is_scipy_s(n, m, seed, beta):
    drawn = source(n, m, seed)
    value, bound = drawn.value(beta)
    d, p, w = (t.numpy() for t in (drawn.distortions, drawn.prior, drawn.weights))
    assert abs(float(value) + w @ logsumexp(-beta * d, b=p, axis=1)) <= 2 * float(bound.terms["rounding"])


@given(sizes, sizes, seeds, slopes)
@settings(max_examples=15)
def test_two_algorithms_find_one_optimum(n, m, seed, beta):
    drawn = source(n, m, seed)
    first = interior_point(drawn.distortions, drawn.weights, beta, gap=1e-7)
    second = blahut_arimoto(drawn.distortions, drawn.weights, beta, gap=1e-3)
    assert first.lower - first.rounding <= second.upper <= first.upper + 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_scipy_finds_no_prior_that_does_better(seed):
    drawn = source(4, 3, seed)
    d, w = drawn.distortions.numpy(), drawn.weights.numpy()

    def value(logits):
        return -w @ logsumexp(-d + logits - logsumexp(logits), axis=1)

    found = minimize(value, np.zeros(3)).fun
    least = interior_point(drawn.distortions, drawn.weights, 1.0)
    assert least.lower - least.rounding <= found <= least.upper + 1e-4  # BFGS stops at a gradient of 1e-5


def test_the_rate_is_the_information_of_the_encoder_as_scipy_sums_it():
    drawn = source(6, 5, 1)
    best = interior_point(drawn.distortions, drawn.weights, 2.0)
    encoder = (best.prior.log() - 2.0 * drawn.distortions).softmax(1).numpy()
    w = drawn.weights.numpy()
    information = rel_entr(w[:, None] * encoder, w[:, None] * (w @ encoder)).sum()
    assert 0 <= best.rate - information <= best.gap + 2 * best.rounding


@given(sizes, sizes, seeds)
@settings(max_examples=15)
def test_curves_are_convex_and_fall_and_the_free_energy_is_concave(n, m, seed):
    drawn = source(n, m, seed)
    found = [best_prior(drawn.distortions, drawn.weights, beta) for beta in (0.5, 1.0, 1.5)]
    slack = sum(point.gap for point in found)
    assert found[1].upper >= (found[0].lower + found[2].lower) / 2 - slack
    for a, b in pairwise(found):
        assert (
            a.upper - a.beta * a.distortion >= b.lower - b.beta * a.distortion - slack
        )  # the line of another slope lies below
        assert b.distortion <= a.distortion + 4 * slack / (b.beta - a.beta)


@given(sizes, seeds, slopes)
@settings(max_examples=15)
def test_merged_or_repeated_reproductions_change_nothing_and_missing_ones_cost(n, seed, beta):
    drawn = source(n, 6, seed)
    best = best_prior(drawn.distortions, drawn.weights, beta)
    twice = best_prior(torch.cat([drawn.distortions, drawn.distortions[:, :2]], 1), drawn.weights, beta)
    fewer = best_prior(drawn.distortions[:, :3], drawn.weights, beta)
    assert abs(twice.upper - best.upper) <= twice.gap + best.gap
    assert fewer.upper >= best.lower - fewer.gap


def test_infinite_distortions_are_allowed_and_keep_a_reproduction_off_a_datum():
    d = torch.tensor([[0.0, math.inf], [math.inf, 0.0]], dtype=torch.float64)
    w = torch.tensor([0.25, 0.75], dtype=torch.float64)
    found = interior_point(d, w, 1.0)
    assert abs(found.upper - (-(w * w.log()).sum())) <= found.gap
    assert found.distortion == 0.0


def test_an_interval_that_no_precision_carries_is_refused():
    drawn = source(4, 4, 0)
    with pytest.raises(PrecisionError, match="interior point leaves"):
        interior_point(drawn.distortions, drawn.weights, 1.0, gap=1e-30)
    with pytest.raises(PrecisionError, match="Blahut and Arimoto"):
        blahut_arimoto(drawn.distortions, drawn.weights, 1.0, gap=1e-12, steps=3)


@given(sizes, sizes, seeds, slopes)
@settings(max_examples=15)
def test_a_prior_loses_between_its_codes_divergence_and_the_largest_gain(n, m, seed, beta):
    for found in gibbs_encoders.prior_certificate(source(n, m, seed), beta):
        assert float(found.residual) <= sum(map(float, found.bound.terms.values()))


@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_largest_gains_on_the_prior_s_own_codes_are_no_certificate(beta):
    drawn = gibbs_encoders.with_a_missed_symbol(gibbs_encoders.source_on_a_circle(8, 8, Stream(0)), beta)
    g = gains(drawn.distortions, drawn.weights, drawn.prior, beta)
    assert (
        float(gibbs_encoders.where_the_prior_is(g, drawn.prior))
        < 1e-8
        < float(gibbs_encoders.everywhere(g, drawn.prior))
    )


@given(st.integers(2, 24), seeds)
@settings(max_examples=10)
def test_additive_sources_modulo_m_have_their_closed_form(M, seed):
    cyclic = additive_noise.cyclic_source(M, Stream(seed))
    found = additive_noise.found_against_closed_form(cyclic)
    assert float(found.residual) <= sum(map(float, found.bound.terms.values()))


def test_a_source_that_subtracts_its_noise_has_another_rate():
    cyclic = additive_noise.cyclic_source(7, Stream(3))
    other = additive_noise.CyclicSource(cyclic.distortions.T, cyclic.weights, cyclic.noise)
    found = additive_noise.found_against_closed_form(other)
    assert float(found.residual) > 10 * sum(map(float, found.bound.terms.values()))


def test_beta_zero_makes_the_free_energy_zero():
    drawn = source(3, 4, 0)
    value, bound = free_energy(drawn.distortions, drawn.weights, drawn.prior, 0.0)
    assert abs(float(value)) <= float(bound.terms["rounding"])


def test_a_range_that_carries_the_optimum_loses_nothing_although_no_gain_outside_reaches_one():
    bit = gibbs_encoders.fair_bit(2, 4, Stream(1))
    _, clamped = gibbs_encoders.restricted_range(bit, 1.0, 2)
    _, bare = gibbs_encoders.restricted_range(bit, 1.0, 2, gibbs_encoders.log_of_any_gain)
    assert float(torch.as_tensor(clamped.residual)) == 0
    assert float(torch.as_tensor(bare.residual)) > 0.01


def test_where_data_lie_far_apart_a_prior_loses_just_the_relative_entropy():
    far = gibbs_encoders.source_on_a_circle(4, 4, Stream(1))
    once, twice = (gibbs_encoders.prior_certificate(far, 8.0, times=times)[0] for times in (1.0, 2.0))
    entropy_gap = (far.weights * (far.weights / far.prior).log()).sum()
    assert float(torch.as_tensor(once.residual)) < 1e-8
    assert float(torch.as_tensor(twice.residual)) == pytest.approx(float(entropy_gap), abs=1e-8)
