"""Exact matrices: ring laws, elimination against the textbook, products against Python's integers, and entries that are refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.arithmetic.cyclotomic import zeta
from theory.arithmetic.matrices import CyclotomicField, ExactArray, PrimeField, join
from theory.arithmetic.primes import split_prime
from theory.representations.character_tables import modulo


def test_one_large_number_scales_a_matrix():
    """A single entry beyond 64 bits was once taken for an array."""
    matrix = ExactArray.of([[1, zeta(3)]]) * Fraction(10**40, 7)
    assert matrix.entry(0, 1) == zeta(3) * Fraction(10**40, 7)
    assert (matrix * (zeta(3) * 10**30)).entry(0, 0) == zeta(3) * Fraction(10**70, 7)


@st.composite
def cyclotomic_matrices(draw, max_size: int = 4):
    n = draw(st.sampled_from([1, 3, 4, 5, 8, 12]))
    rows, columns = draw(st.integers(1, max_size)), draw(st.integers(1, max_size))
    cell = st.builds(
        lambda a, b, k, d: (a + b * zeta(n, k)) * Fraction(1, d),
        st.integers(-9, 9),
        st.integers(-9, 9),
        st.integers(0, n - 1),
        st.integers(1, 9),
    )
    entries = [[draw(cell) for _ in range(columns)] for _ in range(rows)]
    if rows > 1 and draw(st.booleans()):  # a dependent row
        entries[-1] = [x * zeta(n) for x in entries[0]]
    return ExactArray.of(entries, CyclotomicField(n))


def eliminate(matrix: ExactArray) -> tuple[list, tuple[int, ...]]:
    """Textbook elimination, number by number: the second algorithm."""
    rows = [list(row) for row in matrix.tolist()]
    pivots: list[int] = []
    for column in range(len(rows[0])):
        at = len(pivots)
        found = next((r for r in range(at, len(rows)) if rows[r][column]), None)
        if found is None:
            continue
        rows[at], rows[found] = rows[found], rows[at]
        rows[at] = [x / rows[at][column] for x in rows[at]]
        for r in range(len(rows)):
            if r != at:
                rows[r] = [x - rows[r][column] * y for x, y in zip(rows[r], rows[at], strict=True)]
        pivots.append(column)
    return rows, tuple(pivots)


@given(cyclotomic_matrices())
def test_echelon_forms_by_primes_are_those_of_elimination(matrix):
    reduced, pivots = matrix.echelon()
    rows, expected = eliminate(matrix)
    assert pivots == expected
    assert reduced == ExactArray.of(rows, matrix.field)


@given(cyclotomic_matrices(3), st.integers(2, 30))
def test_entries_come_back_from_a_larger_field(matrix, k):
    smallest = matrix.smallest()
    larger = matrix.over(CyclotomicField(matrix.field.order * k))
    assert larger.smallest() == matrix
    assert larger.smallest().field == smallest.field
    assert matrix.galois(-1) == matrix.conj()


def test_galois_conjugation_by_a_number_that_shares_a_factor_is_refused():
    with pytest.raises(ValueError, match="share a factor"):
        ExactArray.of([[zeta(4)]]).galois(2)


def matrices(size=3, field=None):
    cell = st.integers(-4, 4)
    return st.lists(st.lists(cell, min_size=size, max_size=size), min_size=size, max_size=size).map(
        lambda rows: ExactArray.of(rows, field)
    )


@given(matrices(), matrices(), matrices(), st.sampled_from([None, 2, 7]))
def test_matrix_ring_laws(a, b, c, p):
    if p:
        a, b, c = (ExactArray.of(m.tolist(), PrimeField(p)) for m in (a, b, c))
    assert (a @ b) @ c == a @ (b @ c)
    assert a @ (b + c) == a @ b + a @ c
    assert (a @ b).T == b.T @ a.T


@given(matrices(3), st.sampled_from([None, 3, 5]))
def test_nullspace_rank_and_inverse_agree(a, p):
    a = ExactArray.of(a.tolist(), PrimeField(p)) if p else a * zeta(5) + ExactArray.of([[zeta(3)] * 3] * 3)
    kernel = a.nullspace()
    assert (a @ kernel).is_zero
    assert kernel.shape[1] + a.rank() == 3
    if a.rank() == 3:
        assert a @ a.inverse() == ExactArray.eye(3, a.field)
    else:
        with pytest.raises(ZeroDivisionError, match="singular"):
            a.inverse()


def test_large_entries_leave_int64_without_overflow():
    big = ExactArray.of([[10**30, 1], [1, 10**30]])
    assert (big @ big).tolist()[0][0] == 10**60 + 1
    medium = ExactArray.of([[2**40, 2**40], [2**40, 2**40]])
    assert (medium @ medium @ medium).entry(0, 0) == 4 * 2**120


def test_ragged_float_and_foreign_entries_are_refused():
    for bad in ([[1], [1, 2]], [[0.5]], [[True]], [["1"]]):
        with pytest.raises(ValueError, match="Expected"):
            ExactArray.of(bad)
    with pytest.raises(ValueError, match="characteristics differ"):
        join(PrimeField(3), CyclotomicField(4))
    with pytest.raises(ValueError, match="prime"):
        PrimeField(9)


def test_rank_modulo_a_prime_never_exceeds_the_rank():
    a = ExactArray.of([[1, zeta(3)], [zeta(3), zeta(3) ** 2]])
    p, root = split_prime(3, 1000)
    assert modulo(a, p, root).rank() == a.rank() == 1


@given(st.integers(0, 10**6), st.sampled_from([7, 65537, 2**29 - 3]))
@settings(max_examples=15)
def test_products_of_large_matrices_agree_with_those_of_python_integers(seed, p):
    """Sums along rows in 32 or 64 bits, and rows moved where a factor is monomial, against numpy's product of Python integers."""
    rng = np.random.default_rng(seed)
    dense = rng.integers(0, p, (3, 40, 40))
    monomial = np.zeros((3, 40, 40), dtype=np.int64)
    for k in range(3):
        monomial[k, np.arange(40), rng.permutation(40)] = rng.integers(0, p, 40)
    field = PrimeField(p)
    for x, y in (
        (dense, dense[::-1]),
        (monomial, dense),
        (dense, monomial),
        (monomial[:1], dense),
        (monomial, dense[:1]),
    ):
        found = ExactArray(field, x[..., None]) @ ExactArray(field, y[..., None])
        expected = np.matmul(x.astype(object), y.astype(object)) % p
        assert (found.numerators[..., 0] == expected).all()
