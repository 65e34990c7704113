"""Prime ideals of Z[zeta_n]: valuations against norms, inert primes three ways, lattices of ideals and their trace form."""

from __future__ import annotations

from math import gcd

import pytest
from flint import fmpz_mat
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from theory.arithmetic.cyclotomic import Cyclotomic, degree, zeta
from theory.arithmetic.ideals import inert, lattice, primes_over, reduction, trace_form, valuation
from theory.arithmetic.norms import norm

ORDERS = (3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 21)


@st.composite
def numbers(draw, order: int | None = None, low: int = -4, high: int = 4) -> Cyclotomic:
    n = order or draw(st.sampled_from(ORDERS))
    x = Cyclotomic.build(n, tuple(draw(st.integers(low, high)) for _ in range(degree(n))), draw(st.integers(1, 3)))
    assume(bool(x))
    return x


def bar(x: Cyclotomic) -> Cyclotomic:
    return x * x.conjugate()


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
