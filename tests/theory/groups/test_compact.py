"""Compact groups exactly: equations that hold, integrals by two algorithms, and rules that fail one step beyond their degree."""

from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.groups.compact import (
    Coefficient,
    all_pairs,
    circle_integral,
    circle_mean,
    coefficients,
    count,
    pairs,
    product_rule,
    quadrature_mean,
    schur_mean,
    sphere_mean,
)


@given(st.integers(-30, 30), st.integers(1, 12))
def test_means_of_waves_agree_by_divisibility_and_by_addition(k, angles):
    assert circle_mean(k, angles) == circle_mean(k, angles, literal=True) == int(k % angles == 0)


def as_matrix(d, a, b):
    """The representation of dimension d at [[a, -b'], [b, a']], not normalised, by expanding the polynomials with SymPy."""
    x, y = sp.symbols("x y")
    rows = sp.zeros(d, d)
    for n in range(d):
        image = sp.Poly((a * x + b * y) ** (d - 1 - n) * (-sp.conjugate(b) * x + sp.conjugate(a) * y) ** n, x, y)
        for k in range(d):
            rows[k, n] = image.coeff_monomial(x ** (d - 1 - k) * y**k)
    return rows


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_coefficients_are_those_of_the_action_on_polynomials(d):
    a, b = sp.Rational(3, 5) + sp.I * 4 / 13, sp.Rational(1, 7) - sp.I / 3
    matrix = as_matrix(d, a, b)
    for k in range(d):
        for n in range(d):
            terms = Coefficient(d, k, n).polynomial.items()
            value = sum(
                (c * a**p * sp.conjugate(a) ** q * b**r * sp.conjugate(b) ** s for (p, q, r, s), c in terms), sp.S.Zero
            )
            assert sp.expand(value - matrix[k, n]) == 0


@given(st.sampled_from(["SU(2)", "SO(3)"]), st.data())
def test_the_sphere_and_the_product_rule_give_schurs_orthogonality(group, data):
    l = data.draw(st.integers(0, 3 if group == "SU(2)" else 2))
    pair = data.draw(st.sampled_from(list(pairs(group, l))))
    rule = product_rule(group, l)
    assert (
        sphere_mean(pair)
        == quadrature_mean(pair, group, *rule)
        == quadrature_mean(pair, group, *rule, literal=True)
        == schur_mean(pair)
    )


@given(st.sampled_from(["SU(2)", "SO(3)"]), st.integers(1, 2))
def test_one_node_too_few_is_noticed(group, half):
    l = 2 * half if group == "SU(2)" else half
    angles, nodes = product_rule(group, l)
    wrong = [pair for pair in pairs(group, l) if quadrature_mean(pair, group, angles, nodes - 1) != schur_mean(pair)]
    assert wrong
    assert all(quadrature_mean(pair, group, angles, nodes - 1, literal=True) != schur_mean(pair) for pair in wrong)


def test_the_entries_of_one_row_have_means_that_sum_to_one():
    """Unitarity: sum_k |D_kl|^2 = 1, and each mean is 1/d after normalising."""
    for d in range(1, 6):
        assert Coefficient(d, 0, 0).norm == Fraction(1, d)
        for c in [c for c in coefficients("SU(2)", d - 1) if c.d == d]:
            assert sphere_mean((c, c)) == c.norm


def test_too_few_angles_with_odd_powers_are_refused_with_a_reason():
    pair = next(p for p in pairs("SU(2)", 1) if p[0] == Coefficient(1, 0, 0) and p[1].d == 2)
    with pytest.raises(ValueError, match="odd number of angles"):
        quadrature_mean(pair, "SU(2)", 1, 1)


def test_coefficients_are_as_many_as_polynomials_on_the_sphere():
    for l in range(7):
        count = len(coefficients("SU(2)", l))
        assert count == (l + 1) * (l + 2) * (2 * l + 3) // 6


def test_families_are_as_large_as_their_formulas():
    for l in range(5):
        assert all(count(group, l) == len(coefficients(group, l)) for group in ("SU(2)", "SO(3)"))
    assert len(list(all_pairs())) == len(all_pairs()) == len(set(all_pairs()))


def test_waves_have_the_mean_of_their_integral():
    assert [circle_integral(k) for k in (-2, 0, 5)] == [0, 1, 0]
