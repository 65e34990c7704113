"""Exact numbers of Q(zeta_n): field laws, one number in many fields, and nothing inexact among them."""

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from theory.arithmetic.cyclotomic import Cyclotomic, cyclotomic_polynomial, degree, powers, zeta


def numbers(orders=(1, 2, 3, 4, 5, 6, 8, 9, 12, 15)):
    def build(order, coefficients, denominator):
        padded = (coefficients + [0] * degree(order))[: degree(order)]
        return Cyclotomic.build(order, tuple(padded), denominator)

    return st.builds(build, st.sampled_from(orders), st.lists(st.integers(-6, 6), max_size=8), st.integers(1, 6))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6, 12, 15, 30, 64, 105, 210])
def test_cyclotomic_polynomials_agree_with_sympy(n):
    x = sympy.Symbol("x")
    assert list(reversed(cyclotomic_polynomial(n))) == sympy.Poly(sympy.cyclotomic_poly(n, x), x).all_coeffs()


def test_powers_of_zeta_satisfy_the_polynomial_and_the_period():
    for n in (1, 5, 12, 36):
        assert zeta(n) ** n == 1
        assert sum((zeta(n) ** k * c for k, c in enumerate(cyclotomic_polynomial(n))), Cyclotomic.rational(0)) == 0
        assert powers(n).shape == (n, degree(n))


@given(numbers(), numbers(), numbers())
def test_field_laws_hold_across_fields(a, b, c):
    assert (a + b) * c == a * c + b * c
    assert (a * b) * c == a * (b * c)
    assert (a * b).conjugate() == a.conjugate() * b.conjugate()
    if a:
        assert a * a.inverse() == 1


@given(numbers())
def test_a_number_is_one_number_in_every_field_that_holds_it(a):
    lifted = a.lift(a.order * 6)
    assert lifted == a
    assert hash(lifted) == hash(a)
    assert lifted.in_least_field.order == a.in_least_field.order


def test_the_smallest_field_is_found():
    assert (zeta(15) + zeta(15) ** 4 + zeta(15) ** 11 + zeta(15) ** 14).in_least_field.order in (5, 15)
    assert zeta(6).in_least_field.order == 3
    assert (zeta(5) + zeta(5) ** 2 + zeta(5) ** 3 + zeta(5) ** 4).in_least_field == -1
    assert (zeta(12) ** 4).in_least_field.order == 3


def test_floats_and_bools_never_enter():
    with pytest.raises(TypeError):
        zeta(4) + 0.5
    with pytest.raises(TypeError):
        zeta(4) * True


def test_a_wrong_reduction_is_seen():
    """The mutant of the law above: reducing modulo x^n - 1 instead of the cyclotomic polynomial."""
    unreduced = Cyclotomic(3, (1, 1))  # 1 + zeta, which is -zeta^2 and no unit vector
    assert unreduced == -(zeta(3) ** 2)
    assert unreduced != zeta(3) ** 2
