"""Encoders, evidence bounds, source codes and linear decoders against SciPy, and mutants that their laws reject."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import entropy, laplace, multivariate_normal

from numerics.compression import additive_noise, encoders, evidence_bounds, linear_decoders, source_codes, twin_curves
from numerics.streams import Stream

seeds = st.integers(0, 2**31)


def within(measurement, factor=1.0):
    bound = sum(torch.as_tensor(term, dtype=torch.float64) for term in measurement.bound.terms.values())
    return bool((torch.as_tensor(measurement.residual, dtype=torch.float64) <= factor * bound).all())


@given(st.integers(1, 30), st.integers(2, 30), seeds)
@settings(max_examples=25)
def test_rate_and_information_are_scipy_s(X, Z, seed):
    encoder = encoders.random_encoder(X, Z, 1.0, Stream(seed))
    w, q, p = (t.numpy() for t in (encoder.data, encoder.codes, encoder.prior))
    slack = encoders._rounding(encoder)
    assert abs(float(encoder.rate()) - w @ entropy(q, p[None, :], axis=1)) <= 2 * slack
    assert abs(float(encoder.information()) - w @ entropy(q, (w @ q)[None, :], axis=1)) <= 2 * slack


@given(st.integers(2, 30), st.integers(2, 30), seeds)
@settings(max_examples=25)
def test_a_rate_is_information_and_gap_and_a_reversed_divergence_is_not(X, Z, seed):
    encoder = encoders.random_encoder(X, Z, 1.0, Stream(seed))
    assert all(map(within, encoders.parts_of_the_rate(encoder)))
    assert not within(encoders.parts_of_the_rate(encoder, encoders.reversed_entropy)[0], 10)


@pytest.mark.parametrize("K", [1.0, 2.5, 7.0])
def test_frullani_s_integral_is_scipy_s(K):
    masses, values = evidence_bounds.random_weights(3, Stream(4))
    p, w = masses.numpy(), values.numpy()

    def integrand(t):
        u = math.exp(t)
        return math.exp(-u) - (p @ np.exp(-u / K * w)) ** K

    expected, error = quad(integrand, -30, 12, limit=400)
    found = evidence_bounds.importance_weighted(masses, values, torch.tensor([K], dtype=torch.float64))
    ends = math.exp(-30) * 4
    assert abs(float(found) - expected) <= error + ends + sum(
        evidence_bounds.quadrature_error(masses, values).terms.values()
    )


@given(st.integers(2, 5), seeds)
@settings(max_examples=10)
def test_bounds_rise_in_expectation_and_not_along_draws(atoms, seed):
    masses, values = evidence_bounds.random_weights(atoms, Stream(seed))
    assert within(evidence_bounds.falls(masses, values))
    assert within(evidence_bounds.integral_against_enumeration(masses, values))
    assert not within(evidence_bounds.falls(masses, values, evidence_bounds.of_one_draw), 10)


@given(st.integers(1, 20), st.integers(2, 20), seeds)
@settings(max_examples=20)
def test_rate_and_distortion_make_the_likelihood_and_bare_squares_do_not(D, Z, seed):
    decoded, data, prior = evidence_bounds.random_decoder(D, Z, 4, Stream(seed))
    assert within(evidence_bounds.rate_and_distortion(data, decoded, prior))
    assert not within(evidence_bounds.rate_and_distortion(data, decoded, prior, evidence_bounds.bare_squares), 10)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40))
def test_words_are_prefix_free_and_read_back(counts):
    lengths = source_codes.huffman_lengths([c / sum(counts) for c in counts])
    words = source_codes.prefix_words(lengths)
    assert list(map(len, words)) == lengths
    assert not any(a != b and b.startswith(a) for i, a in enumerate(words) for j, b in enumerate(words) if i != j)
    if len(counts) > 1:
        message = [k % len(counts) for k in range(3 * len(counts))]
        assert source_codes.decode("".join(words[k] for k in message), words) == message


def test_lengths_that_no_prefix_code_has_are_refused():
    with pytest.raises(ValueError, match="Kraft"):
        source_codes.prefix_words([1, 1, 1])


@given(st.integers(1, 8), st.integers(1, 8), seeds, st.sampled_from((0.25, 1.0, 4.0)))
@settings(max_examples=20)
def test_a_linear_decoder_is_scipy_s_gaussian(D, k, seed, beta):
    residuals, W = linear_decoders.random_decoder(D, k, 3, Stream(seed))
    gaussian = multivariate_normal(np.zeros(D), (W @ W.T).numpy() + np.eye(D) / beta)
    expected = -gaussian.logpdf(residuals.numpy()) - D / 2 * math.log(2 * math.pi / beta)
    bound = sum(linear_decoders.against_the_gaussian(residuals, W, beta).bound.terms.values())
    found = linear_decoders.negative_log_z(residuals, W, beta)
    assert bool(((found - torch.as_tensor(expected)).abs() <= 2 * bound).all())


@pytest.mark.parametrize(
    "value",
    [
        linear_decoders.pixels_in_place_of_codes,
        linear_decoders.beta_without_its_half,
        linear_decoders.without_the_determinant,
    ],
)
def test_a_wrong_closed_form_is_far_from_the_gaussian(value):
    residuals, W = linear_decoders.random_decoder(4, 4, 5, Stream(0))
    assert within(linear_decoders.against_the_gaussian(residuals, W, 4.0))
    assert not within(linear_decoders.against_the_gaussian(residuals, W, 4.0, value), 100)


def test_distances_to_a_laplace_variable_are_those_of_its_distribution_function():
    draws = torch.tensor([-2.0, -0.5, 0.25, 3.0], dtype=torch.float64)
    cdf = laplace.cdf(draws.numpy())
    steps = np.arange(4) / 4
    expected = max(np.abs(cdf - steps).max(), np.abs(cdf - steps - 0.25).max())
    assert abs(additive_noise.distance_to_laplace(draws) - expected) <= 2**-50


@pytest.mark.parametrize("seed", range(3))
def test_a_rotated_twin_keeps_the_curve_and_a_stretched_one_does_not(seed, monkeypatch):
    assert within(twin_curves.change_under_rotation(3, 1.0, Stream(seed)))
    sound = twin_curves.rotation
    monkeypatch.setattr(twin_curves, "rotation", lambda stream: 1.1 * sound(stream))
    assert not within(twin_curves.change_under_rotation(3, 1.0, Stream(seed)), 10)
