"""Which numbers are y y*, and such a y: norms by construction, inert primes, Hilbert symbols over Q(i) and Q(zeta_3), and search."""

from __future__ import annotations

from cmath import exp, pi
from fractions import Fraction
from itertools import product
from math import gcd, prod

import pytest
from flint import fmpz_mat
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from theory import cyclotomic_norms
from theory.cyclotomic import Cyclotomic, degree, zeta
from theory.cyclotomic_ideals import inert, lattice, primes_over, reduction, trace_form, valuation
from theory.cyclotomic_norms import is_norm, is_totally_positive, norm, norm_root
from theory.primes import factor, is_prime, prime_divisors
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


@given(numbers(), st.sampled_from([2, 3, 5, 7, 11, 13]), st.data())
@settings(max_examples=60)
def test_valuations_add_and_know_the_norm(x, q, data):
    """v(x y) = v(x) + v(y), and the norm has valuation f (v_1 + ... + v_g), f the residue degree."""
    y = data.draw(numbers(order=x.order))
    assume(x.order % 4 != 2)
    x, y = (Cyclotomic(z.order, z.numerators) for z in (x, y))
    primes = primes_over(q, x.order)
    assert [valuation(x * y, p) for p in primes] == [valuation(x, p) + valuation(y, p) for p in primes]
    total, power = norm(x), 0
    while total % q == 0:
        total, power = total // q, power + 1
    assert power == sum(p.degree * valuation(x, p) for p in primes)


@given(st.sampled_from([n for n in ORDERS if n % 4 != 2]), st.sampled_from([2, 3, 5, 7, 11, 13, 17, 19, 23, 29]))
def test_inert_primes_are_those_that_conjugation_keeps(n, q):
    """By the powers of q modulo n, by the factors of Phi_n modulo q, and by valuations of the generators."""
    primes = primes_over(q, n)
    kept = [k == p.conjugate for k, p in enumerate(primes)]
    for p in primes:
        other = primes[p.conjugate]
        if p.generator:
            assert valuation(p.generator, p) >= 1
            assert valuation(p.generator.conjugate(), other) >= 1
    if n % q:
        assert kept == [inert(q, n)] * len(primes)


@pytest.mark.parametrize(
    ("n", "q", "expected"),
    [(5, 5, False), (9, 3, False), (8, 2, False), (10, 5, False), (12, 3, True), (12, 2, True), (20, 5, False), (15, 5, True)],
)  # fmt: skip
def test_of_the_primes_that_divide_n_those_that_ramify_over_the_real_subfield_are_not_inert(n, q, expected):
    """For n = p^k (or 2 p^k) the prime over p ramifies; else -1 is a power of q modulo the rest of n, or not."""
    assert inert(q, n) == expected


@given(numbers())
@settings(max_examples=40)
def test_reduction_keeps_the_lattice_and_puts_the_shortest_first(y):
    """The form Tr(a b* / (y y*)) on the ideal of y is that of Z[zeta]: its shortest vectors have square phi(n)."""
    assume(y.order % 4 != 2)
    y = Cyclotomic(y.order, y.numerators)
    form = fmpz_mat(trace_form((bar(y)).inverse()))
    ideal = fmpz_mat([list((y * zeta(y.order, k)).numerators) for k in range(degree(y.order))])
    gram = ideal * form * ideal.transpose()
    change = reduction(gram)
    assert abs(int(change.det())) == 1
    reduced = change * gram * change.transpose()
    squares = [int(reduced[k, k]) for k in range(reduced.nrows())]
    assert squares == sorted(squares)
    assert squares[0] == degree(y.order) * bar(y).inverse().denominator


def test_reduction_orders_what_is_reduced_already():
    change = reduction(fmpz_mat([[5, 0, 0], [0, 1, 0], [0, 0, 3]]))
    assert [[abs(int(x)) for x in row] for row in change.tolist()] == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]


@given(numbers(), st.sampled_from([2, 3, 5, 7]))
@settings(max_examples=60)
def test_the_lattice_of_an_ideal_has_its_norm_as_index_and_lies_in_it(x, q):
    assume(x.order % 4 != 2)
    primes = primes_over(q, x.order)
    chosen = [(p, 1 + k % 2) for k, p in enumerate(primes)]
    basis = lattice(x.order, chosen)
    assert abs(int(basis.det())) == q ** sum(p.degree * k for p, k in chosen)
    for row in basis.tolist():
        member = Cyclotomic(x.order, tuple(int(c) for c in row))
        assert all(valuation(member, p) >= k for p, k in chosen)


@given(numbers())
@settings(max_examples=60)
def test_the_trace_form_is_the_sum_over_conjugates(x):
    whole = Cyclotomic(x.order, x.numerators)
    table, conjugates = trace_form(whole), [k for k in range(1, x.order + 1) if gcd(k, x.order) == 1]
    for i in range(degree(x.order)):
        for j in range(degree(x.order)):
            total = sum(((whole * zeta(x.order, j - i)).galois(k) for k in conjugates), Cyclotomic.rational(0))
            assert total.as_fraction() == table[i][j]


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


@given(st.integers(1, 10**25))
def test_factors_are_primes_that_multiply_up(n):
    found = factor(n)
    assert all(is_prime(p) for p in found)
    assert prod(p**k for p, k in found.items()) == n
