"""Masses and entropies of binary images: laws, families, and mutants that the laws reject."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import entropy
from sympy import Rational, Symbol, atanh, integrate, lambdify, log, simplify

from theory.likelihoods.bernoulli import (
    HALF,
    bernoulli,
    bits,
    continuous_bernoulli,
    entropy_sign,
    entropy_sign_by_merging,
    gibbs,
    gibbs_antiderivative,
    gibbs_integrand,
    image_mass,
    log_mass,
    logistic,
    mass_table,
    rational_distributions,
)

probabilities = st.fractions(min_value=0, max_value=1, max_denominator=9).map(
    lambda q: Rational(q.numerator, q.denominator)
)


@given(probabilities)
def test_the_two_masses_of_a_pixel_sum_to_one(p):
    assert bernoulli(0, p) + bernoulli(1, p) == 1


@given(st.integers(1, 6), probabilities)
def test_images_multiplied_and_images_doubled_have_the_same_masses_and_total_one(D, p):
    table = mass_table(D, p)
    assert table == [image_mass(bits(number, D), p) for number in range(2**D)]
    assert sum(table) == 1


@pytest.mark.parametrize("p", [Rational(1, 3), Rational(3, 4)])
def test_the_continuous_bernoulli_has_the_published_constant_and_mass_one(p):
    x = Symbol("x", nonnegative=True)
    density = continuous_bernoulli(x, p)
    assert simplify(integrate(density, (x, 0, 1)) - 1) == 0
    assert abs(float(density.subs(x, 0) / (1 - p)) - float(2 * atanh(1 - 2 * p) / (1 - 2 * p))) < 2**-40


def test_the_continuous_bernoulli_at_one_half_is_one_everywhere():
    x = Symbol("x", real=True)
    assert simplify(continuous_bernoulli(x, HALF)) == 1


def test_the_log_mass_is_the_logarithm_of_the_mass():
    a = Symbol("a", real=True)
    for x in (0, 1):
        difference = lambdify(a, log_mass(x, a) - log(bernoulli(x, logistic(a))))
        assert max(abs(difference(value)) for value in (-3.0, 0.0, 0.5, 4.0)) < 2**-48


@pytest.mark.parametrize("r", [0.1, 0.75, 1.0, 1.5, 9.0])
def test_what_a_cell_adds_is_the_integral_of_its_nonnegative_integrand(r):
    v = Symbol("v", real=True)
    value, error = quad(lambdify(v, gibbs_integrand(r, v)), 0, 1)
    exact = float(gibbs(Rational(str(r))))
    assert abs(value - exact) <= error + 2**-45
    ends = gibbs_antiderivative(Rational(str(r)), 1) - gibbs_antiderivative(Rational(str(r)), 0)
    assert abs(float(ends) - exact) < 2**-45


@st.composite
def laws_of_pixels(draw):
    D, n = draw(st.integers(1, 4)), draw(st.integers(1, 12))
    cells = [draw(st.integers(0, 2**D - 1)) for _ in range(n)]
    return tuple(cells.count(cell) for cell in range(2**D))


@given(laws_of_pixels())
def test_both_algorithms_find_the_sign_of_the_missing_bits(counts):
    missing = math.log(len(counts)) - entropy(counts)
    sign = 0 if len(set(counts)) == 1 else 1
    assert entropy_sign(counts) == entropy_sign_by_merging(counts) == sign
    assert missing > -(2**-40)
    assert missing > 2**-40 or not sign or missing > 0


@given(laws_of_pixels())
def test_a_wrong_exponent_in_the_comparison_is_noticed(counts):
    """The mutant multiplies by a in place of a^a; it must differ from the law somewhere, and does on a point mass of four."""

    def mutant(values):
        n, right = sum(values), len(values) ** sum(values)
        for a in values:
            right *= max(a, 1)
        return (right > n**n) - (right < n**n)

    assert mutant((4, 0)) != entropy_sign((4, 0))
    assert entropy_sign(counts) >= 0


def test_every_rational_distribution_is_listed_once():
    listed = list(rational_distributions(4, 5))
    assert len(set(listed)) == len(listed) == math.comb(8, 3)
    assert all(sum(counts) == 5 and min(counts) >= 0 for counts in listed)


def test_an_alphabet_that_no_pixels_have_is_refused():
    with pytest.raises(ValueError, match=r"2\^D cells"):
        entropy_sign_by_merging((1, 1, 1))
