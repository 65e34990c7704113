"""Which numbers are y y*, and such a y: norms by construction, Hilbert symbols over Q(i) and Q(zeta_3), and search."""

from __future__ import annotations

from cmath import exp, pi
from fractions import Fraction
from itertools import product
from math import gcd

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from theory.arithmetic import norms as cyclotomic_norms
from theory.arithmetic.cyclotomic import Cyclotomic, degree, zeta
from theory.arithmetic.norms import is_norm, is_totally_positive, norm_root
from theory.arithmetic.primes import factor, prime_divisors
from theory.representations.hermitian_forms import hilbert

ORDERS = (3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 21)


@st.composite
def numbers(draw, order: int | None = None, low: int = -4, high: int = 4) -> Cyclotomic:
    n = order or draw(st.sampled_from(ORDERS))
    x = Cyclotomic.build(n, tuple(draw(st.integers(low, high)) for _ in range(degree(n))), draw(st.integers(1, 3)))
    assume(bool(x))
    return x


def bar(x: Cyclotomic) -> Cyclotomic:
    return x * x.conjugate()


@given(numbers(), st.data())
@settings(max_examples=60)
def test_norms_are_recognised_and_multiply(y, data):
    z = data.draw(numbers(order=y.order))
    assert is_norm(bar(y))[0]
    assert is_norm(bar(y) * bar(z))[0]
    x = z + z.conjugate()
    assume(bool(x))
    assert is_norm(x * x)[0]
    assert is_norm(x)[0] == is_norm(x * bar(y))[0]


@given(numbers(), st.fractions(Fraction(1, 6), 6, max_denominator=6))
@settings(max_examples=80)
def test_a_norm_root_is_found_for_every_norm_where_the_class_number_is_one(y, r):
    x = bar(y) * r * r
    root = norm_root(x)
    assert root is not None
    assert bar(root) == x


@pytest.mark.parametrize("order", [11, 13, 16, 17, 19, 24, 25, 27, 32, 36, 40, 48, 60, 84])
def test_norm_roots_in_fields_of_larger_degree(order):
    y = Cyclotomic(order, tuple((7 * k * k + 3 * k) % 5 - 2 for k in range(degree(order))))
    assert bar(norm_root(bar(y))) == bar(y)


@pytest.mark.parametrize("order", [23, 29, 31, 39])
def test_where_the_class_number_is_above_one_other_ideals_are_tried(order, monkeypatch):
    """The halves of (y y*) fall into several classes, and only principal ones have a root: with the first half alone some norm is missed."""
    norms = [bar(Cyclotomic(order, tuple((k * k + m * k + m) % 5 - 2 for k in range(degree(order))))) for m in range(8)]
    assert all(bar(norm_root(x)) == x for x in norms)
    monkeypatch.setattr(cyclotomic_norms, "_IDEALS", 1)
    assert any(norm_root(x) is None for x in norms)


@given(numbers())
@settings(max_examples=60)
def test_what_is_no_norm_has_no_root(y):
    x = y + y.conjugate()
    assume(bool(x))
    assert (norm_root(x) is not None) == is_norm(x)[0]


@given(st.integers(1, 400), st.sampled_from([(4, -1), (3, -3), (6, -3)]))
def test_rational_numbers_over_quadratic_fields_follow_the_hilbert_symbols(x, field):
    order, d = field
    symbols = all(hilbert(x, d, p) == 1 for p in {2, 3, *prime_divisors(x)})
    assert is_norm(Cyclotomic.rational(x, order))[0] == symbols


@pytest.mark.parametrize(
    ("order", "x", "expected"),
    [
        (5, Cyclotomic.rational(2), False),  # 2 has order 4 modulo 5, -1 among its powers
        (5, Cyclotomic.rational(11), True),  # splits completely
        (5, Cyclotomic.rational(5), True),  # ramified; reciprocity leaves no choice
        (5, Cyclotomic.rational(-1), False),
        (5, zeta(5) + zeta(5, 4), False),  # (sqrt 5 - 1)/2: negative in the other embedding
        (5, Cyclotomic.rational(2) - zeta(5) - zeta(5, 4), True),  # |1 - zeta_5|^2
        (7, Cyclotomic.rational(3), False),
        (7, Cyclotomic.rational(2), True),
        (8, Cyclotomic.rational(3), True),  # 3 = 1 + 2, a norm already from Q(sqrt -2)
        (8, Cyclotomic.rational(7), False),  # splits in Q(sqrt 2), and both primes are inert
        (12, Cyclotomic.rational(11), False),
        (15, Cyclotomic.rational(7), True),
    ],
)
def test_known_norms(order, x, expected):
    assert is_norm(x.lift(order))[0] == expected


@pytest.mark.parametrize("order", [5, 8, 12])
def test_what_a_search_finds_is_a_norm_and_small_norms_are_found(order):
    """Small integers are y y* for a small y, up to a square, exactly where the decision says so."""
    seen = {bar(Cyclotomic.build(order, c, 1)) for c in product(range(-3, 4), repeat=4) if any(c)}
    rational = {x.as_fraction() for x in seen if x.is_rational}
    for r in range(1, 14):
        if is_norm(Cyclotomic.rational(r, order))[0]:
            assert any(Fraction(r * k * k) in rational or Fraction(r, k * k) in rational for k in range(1, 6)), r
        else:
            assert Fraction(r) not in rational


@given(numbers())
def test_total_positivity_is_that_of_all_real_parts(x):
    y = x + x.conjugate()
    assume(bool(y))
    n = y.order
    values = [
        sum(c * exp(2j * pi * j * k / n) for j, c in enumerate(y.numerators)).real
        for k in range(1, n + 1)
        if gcd(k, n) == 1
    ]
    assume(min(map(abs, values)) > 1e-9)
    assert is_totally_positive(y) == (min(values) > 0)


def test_without_valuations_at_inert_primes_a_false_norm_passes(monkeypatch):
    assert not is_norm(Cyclotomic.rational(2, 5))[0]
    monkeypatch.setattr(cyclotomic_norms, "inert", lambda q, n: False)
    assert is_norm(Cyclotomic.rational(2, 5))[0]


def test_numbers_that_are_not_real_or_zero_and_norms_too_long_are_refused():
    for x in (zeta(5), Cyclotomic.rational(0, 5), Cyclotomic.rational(2, 1)):
        with pytest.raises(ValueError, match="nonzero real numbers"):
            is_norm(x)
    with pytest.raises(ValueError, match="factoring stops there"):
        prime_divisors((10**40 + 121) * (10**45 + 9))
    assert factor((10**40 + 121) ** 2 * 12) == {2: 2, 3: 1, 10**40 + 121: 2}
    assert factor(-1) == {}
    with pytest.raises(ValueError, match="other than zero"):
        factor(0)
