"""Statements about rates and encoders: each holds in the kernel, and the nearest falsehood is refuted by name."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy as sp

from proofs_checks import kernel
from proofs_checks.kernel import Status
from theory.compression import additive_noise, gibbs_encoders, linear_decoders, source_codes, variational_bounds


def status(evidence):
    return kernel.judge(evidence, route="exact", alpha=1e-12).status


SOUND = {
    "information": variational_bounds.information_by_entropies,
    "norms": variational_bounds.slope_of_norms,
    "rate and distortion": variational_bounds.rate_and_distortion,
    "Jensen": gibbs_encoders.concave_logarithm,
    "variance": gibbs_encoders.variance,
    "Gaussian priors": gibbs_encoders.gaussian_priors,
    "additive noise": additive_noise.gains_of_additive_noise,
    "Laplace": additive_noise.laplace,
    "rounded lengths": source_codes.shannon_lengths,
    "second moments": linear_decoders.second_moments,
}


@pytest.mark.parametrize("name", SOUND)
def test_a_statement_holds(name):
    assert status(SOUND[name]()) is Status.HOLDS


FALSE = {
    "reversed divergence": lambda: variational_bounds.rate_of_one_code(variational_bounds.reverse),
    "gap added": lambda: variational_bounds.evidence_bound(variational_bounds.evidence_plus_divergence),
    "bare squares": lambda: variational_bounds.gaussian_decoder(variational_bounds.bare_squares),
    "one encoder for all": lambda: gibbs_encoders.lagrangian(gibbs_encoders.by_the_mean),
    "gains squared": lambda: gibbs_encoders.averaged_gains(lambda gain: gain**2),
    "a Gaussian rate without its half": lambda: additive_noise.gaussian(lambda s, d: sp.log(s / d)),
    "a Laplace rate of b - D": lambda: additive_noise.laplace(lambda b, d: b - d),
    "pixels in place of codes": lambda: linear_decoders.completed_square(2, 2, linear_decoders.pixels_first),
    "one-to-one codes need the entropy": lambda: source_codes.one_to_one_code(source_codes.longer_than_the_entropy),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_nearby_falsehood_is_refuted(name):
    assert status(FALSE[name]()) is Status.REFUTED


@pytest.mark.parametrize("D", [Fraction(1, 10), Fraction(1, 3)])
def test_the_binary_rate_is_zero_where_the_distortion_is_that_of_a_constant(D):
    assert (
        sp.simplify(additive_noise.entropies_apart(sp.Rational(D.numerator, D.denominator), sp.Rational(str(D)))) == 0
    )


def test_pivots_of_a_triangular_matrix_multiply_to_its_determinant():
    rows = [[Fraction(2), Fraction(1)], [Fraction(4), Fraction(5)]]
    assert linear_decoders._pivots(rows) == 6
