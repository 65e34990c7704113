"""Legendre polynomials against SymPy's, and Gauss-Legendre sums that are exact to their degree and no further."""

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.groups.gauss_legendre import X, gauss_by_remainder, gauss_by_trace, integral, legendre, rodrigues


@given(st.integers(0, 9))
def test_legendre_polynomials_are_sympys_and_rodrigues(n):
    assert legendre(n).as_expr() == sp.expand(sp.legendre(n, X)) == sp.expand(rodrigues(n).doit())


def test_a_negative_degree_is_refused():
    with pytest.raises(ValueError, match="at least 0"):
        legendre(-1)


polynomials = st.lists(st.integers(-5, 5), min_size=1, max_size=12).map(lambda c: sp.Poly(c, X, domain=sp.QQ))


@given(polynomials, st.integers(1, 7))
def test_two_algorithms_agree_on_gauss_legendre_sums(f, n):
    assert gauss_by_trace(f, n) == gauss_by_remainder(f, n)


@given(polynomials, st.integers(1, 7))
def test_gauss_legendre_is_exact_up_to_degree_2n_minus_1_and_no_further(f, n):
    low = f.rem(sp.Poly(X ** (2 * n), X, domain=sp.QQ))
    assert gauss_by_trace(low, n) == integral(low)
    top = sp.Poly(X ** (2 * n), X, domain=sp.QQ)
    assert gauss_by_trace(top, n) < integral(top)
