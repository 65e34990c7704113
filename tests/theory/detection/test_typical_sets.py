"""Moments of sums and the exponential-power family, each against a second way of finding it."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.detection import typical_sets

values = st.fractions(-3, 3, max_denominator=7)


def two_point(low: Fraction, high: Fraction) -> typical_sets.Moments:
    return lambda k: sp.Rational(low**k + high**k) / 2


@given(st.tuples(values, values), st.tuples(values, values), st.integers(0, 3), st.integers(0, 3))
def test_expectation_of_a_polynomial_is_its_mean_over_all_outcomes(
    first: tuple[Fraction, Fraction], second: tuple[Fraction, Fraction], j: int, k: int
) -> None:
    z, w = sp.symbols("z w")
    polynomial = (z + 2 * w) ** j + 3 * z**j * w**k - 1
    listed = [polynomial.subs({z: sp.Rational(p), w: sp.Rational(q)}) for p, q in product(first, second)]
    assert typical_sets.expectation(polynomial, {z: two_point(*first), w: two_point(*second)}) == sum(listed) / 4


@given(st.lists(st.fractions(0, 9, max_denominator=5), min_size=1, max_size=4))
def test_variances_of_independent_terms_add(variances: list[Fraction]) -> None:
    assert typical_sets.variance_of_sum(*map(sp.Rational, variances)) == sp.Rational(sum(variances))


@pytest.mark.parametrize("shape", [sp.Rational(1, 2), sp.S.One])
def test_entropy_and_variance_of_exponential_power_densities_by_integration(shape: sp.Expr) -> None:
    z, s = sp.Symbol("z", positive=True), sp.Rational(3, 2)
    log_p = sp.expand_log(typical_sets.log_power_density(z, shape, s))
    mean = 2 * sp.integrate(sp.exp(log_p) * log_p, (z, 0, sp.oo))
    square = 2 * sp.integrate(sp.expand(sp.exp(log_p) * log_p**2), (z, 0, sp.oo))
    assert sp.simplify(2 * sp.integrate(sp.exp(log_p), (z, 0, sp.oo)) - 1) == 0
    assert sp.simplify(mean + typical_sets.power_entropy(shape, s)) == 0
    assert sp.simplify(square - mean**2 - shape) == 0
    assert sp.simplify(typical_sets.power_entropy(shape, s) + log_p.subs(z, 0) - shape) == 0


def test_entropy_of_a_narrow_normal_distribution_is_negative() -> None:
    assert typical_sets.normal_entropy(sp.Rational(1, 5)) < 0
    assert typical_sets.normal_entropy(sp.Rational(1, 4)) > 0
