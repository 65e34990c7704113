"""Which numbers are y y*: norms by construction, inert primes, Hilbert symbols over Q(i) and Q(zeta_3), and search."""

from __future__ import annotations

from cmath import exp, pi
from fractions import Fraction
from itertools import product
from math import gcd

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from theory import cyclotomic_norms
from theory.cyclotomic import Cyclotomic, degree, zeta
from theory.cyclotomic_norms import inert, is_norm, is_totally_positive, norm, prime_divisors, valuations
from theory.hermitian_forms import hilbert

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
    assert is_norm(bar(y), bar(z))[0]
    x = z + z.conjugate()
    assume(bool(x))
    assert is_norm(x * x)[0]
    assert is_norm(x)[0] == is_norm(x * bar(y))[0]


@given(numbers(), st.sampled_from([2, 3, 5, 7, 11, 13]), st.data())
@settings(max_examples=60)
def test_valuations_add_and_know_the_norm(x, q, data):
    """v(x y) = v(x) + v(y), and the norm has valuation f (v_1 + ... + v_g), f the residue degree."""
    y = data.draw(numbers(order=x.order))
    x, y = (Cyclotomic(z.order, z.numerators) for z in (x, y))
    a, b = valuations(x, q), valuations(y, q)
    assert valuations(x * y, q) == [i + j for i, j in zip(a, b, strict=True)]
    total, power = norm(x), 0
    while total % q == 0:
        total, power = total // q, power + 1
    m = x.order
    while m % q == 0:
        m //= q
    f = next(k for k in range(1, m + 1) if (q**k - 1) % m == 0)
    assert power == f * sum(a)


@given(st.sampled_from([n for n in ORDERS if n % 4 != 2]), st.sampled_from([2, 3, 5, 7, 11, 13, 17, 19, 23, 29]))
def test_inert_primes_are_those_whose_factors_conjugation_keeps(n, q):
    """A second route: conjugation takes x to x*, so at an inert prime v(x) = v(x*) for all x, and at a split one not."""
    if n % q == 0:
        return
    kept = all(valuations(x, q) == valuations(x.conjugate(), q) for x in _primes_over(n, q))
    assert kept == inert(q, n)


def _primes_over(n: int, q: int) -> list[Cyclotomic]:
    """Numbers that lie in one prime over q each: g(zeta) for the factors g of Phi_n modulo q."""
    from flint import nmod_poly

    from theory.cyclotomic import cyclotomic_polynomial

    found = []
    for g, _ in nmod_poly([c % q for c in cyclotomic_polynomial(n)], q).factor()[1]:
        coefficients = [int(c) for c in g.coeffs()][: degree(n)]
        if len(g.coeffs()) <= degree(n):
            found.append(Cyclotomic.build(n, tuple(coefficients + [0] * (degree(n) - len(coefficients))), 1))
    return [x for x in found if x]


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
    assert prime_divisors((10**40 + 121) ** 2 * 6) == [2, 3, 10**40 + 121]
