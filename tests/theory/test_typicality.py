"""Moments of sums, the exponential-power family and typicality under maps, each against a second way of finding it."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory import typicality
from theory.densities import Fibre

values = st.fractions(-3, 3, max_denominator=7)
X, U = sp.Symbol("x", real=True), sp.Symbol("u", positive=True)


def two_point(low: Fraction, high: Fraction) -> typicality.Moments:
    return lambda k: sp.Rational(low**k + high**k) / 2


@given(st.tuples(values, values), st.tuples(values, values), st.integers(0, 3), st.integers(0, 3))
def test_expectation_of_a_polynomial_is_its_mean_over_all_outcomes(
    first: tuple[Fraction, Fraction], second: tuple[Fraction, Fraction], j: int, k: int
) -> None:
    z, w = sp.symbols("z w")
    polynomial = (z + 2 * w) ** j + 3 * z**j * w**k - 1
    listed = [polynomial.subs({z: sp.Rational(p), w: sp.Rational(q)}) for p, q in product(first, second)]
    assert typicality.expectation(polynomial, {z: two_point(*first), w: two_point(*second)}) == sum(listed) / 4


@given(st.lists(st.fractions(0, 9, max_denominator=5), min_size=1, max_size=4))
def test_variances_of_independent_terms_add(variances: list[Fraction]) -> None:
    assert typicality.variance_of_sum(*map(sp.Rational, variances)) == sp.Rational(sum(variances))


@pytest.mark.parametrize("shape", [sp.Rational(1, 3), sp.Rational(1, 2), sp.S.One, sp.Integer(2)])
def test_gamma_moments_are_ratios_of_gamma_functions_and_the_recurrence_is_an_identity(shape: sp.Expr) -> None:
    moments = typicality.gamma_moments(shape)
    for k in range(4):
        assert sp.simplify(moments(k) - sp.gamma(shape + k) / sp.gamma(shape)) == 0
        left, right = typicality.gamma_recurrence(shape, sp.Integer(k), U)
        assert sp.simplify(left - right) == 0


@pytest.mark.parametrize("shape", [sp.Rational(1, 2), sp.S.One])
def test_entropy_and_variance_of_exponential_power_laws_by_integration(shape: sp.Expr) -> None:
    z, s = sp.Symbol("z", positive=True), sp.Rational(3, 2)
    log_p = typicality.log_power_density(z, shape, s)
    mean = 2 * sp.integrate(sp.exp(log_p) * log_p, (z, 0, sp.oo))
    square = 2 * sp.integrate(sp.expand(sp.exp(log_p) * log_p**2), (z, 0, sp.oo))
    assert sp.simplify(2 * sp.integrate(sp.exp(log_p), (z, 0, sp.oo)) - 1) == 0
    assert sp.simplify(mean + typicality.power_entropy(shape, s)) == 0
    assert sp.simplify(square - mean**2 - shape) == 0
    assert sp.simplify(typicality.power_entropy(shape, s) + log_p.subs(z, 0) - shape) == 0


def test_radial_density_agrees_with_the_chain_rule_for_the_normal_law() -> None:
    left, right = typicality.radial_density(sp.Rational(1, 2), sp.sqrt(2), U)
    assert sp.simplify(left - right) == 0
    assert sp.simplify(right - sp.exp(-U) / sp.sqrt(2 * U)) == 0


def test_entropy_of_a_narrow_normal_law_is_negative() -> None:
    assert typicality.normal_entropy(sp.Rational(1, 5)) < 0
    assert typicality.normal_entropy(sp.Rational(1, 4)) > 0


def test_chebyshevs_excess_is_the_square_less_one() -> None:
    e, u = sp.symbols("e u", positive=True)
    assert sp.simplify(typicality.chebyshev_excess(e, u) - (((e + u) / e) ** 2 - 1)) == 0


@pytest.mark.parametrize("sign", [1, -1])
def test_entropy_balance_holds_for_a_cubic_map_and_rejects_another_volume_factor(sign: int) -> None:
    log_p = -(X**2)
    fibre = Fibre(sign * (X**3 + X), X, X, sign)
    left, right = typicality.entropy_balance(log_p, fibre, sp.log(3 * X**2 + 1))
    assert sp.simplify(left - right) == 0
    left, right = typicality.entropy_balance(log_p, fibre, sp.log(3 * X**2 + 2))
    assert abs(float((left - right).subs(X, sp.Rational(1, 2)))) > 0.1


def test_a_moved_statistic_keeps_its_size_exactly_at_the_survivors() -> None:
    h, m, lam, change = sp.symbols("h m lambda J", real=True)
    before, after = h + lam, typicality.moved(h, m, lam, change)
    assert sp.solve(sp.expand(after**2 - before**2), change) in (
        [m, 2 * h + 2 * lam + m],
        [2 * h + 2 * lam + m, m],
    )
    assert sp.expand(after**2 - before**2 - typicality.survivor_product(change - m, (0, 2 * before))) == 0


def test_a_truncated_mean_grows_for_a_cauchy_law_under_sinh_and_settles_for_a_laplace_law() -> None:
    t, r = sp.Symbol("t", positive=True), sp.Symbol("r", positive=True)
    cauchy = typicality.truncated_mean(sp.log(1 + t**2) / (2 * sp.pi), t, r, 2 * r)
    laplace = typicality.truncated_mean(-(t + 1) * sp.exp(-t) / 2, t, r, 2 * r)
    assert sp.limit(cauchy, r, sp.oo) == sp.log(2) / sp.pi
    assert sp.limit(laplace, r, sp.oo) == 0
