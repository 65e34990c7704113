"""Reflections and Cayley transforms preserve their form exactly, reach what they should, and refuse what defines none."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
from flint import fmpq, fmpq_mat
from hypothesis import assume, given
from hypothesis import strategies as st

from proofs_checks.strategies.disentanglement import rationals, reflection_vectors, skew_matrices
from theory.arithmetic.isometries import cayley, defect, exact, exact_matrix, householder, lorentz_form, preserves


def _flint(matrix: sympy.Matrix) -> fmpq_mat:
    return fmpq_mat([[fmpq(int(entry.p), int(entry.q)) for entry in row] for row in matrix.tolist()])


@given(reflection_vectors())
def test_a_reflection_is_an_involution_that_negates_its_vector(v):
    A, column = householder(v), sympy.Matrix([exact(x) for x in v])
    assert preserves(A)
    assert sympy.eye(len(v)) == A * A
    assert A * column == -column
    assert _flint(A).det() == -1


@given(st.lists(rationals(), min_size=2, max_size=5))
def test_a_reflection_preserves_the_lorentz_form(v):
    J = lorentz_form(len(v) - 1)
    square = -(v[0] ** 2) + sum(x * x for x in v[1:])
    assume(square != 0)
    assert preserves(householder(v, J), J)


@given(skew_matrices())
def test_a_cayley_transform_is_a_rotation(skew):
    A = cayley(skew)
    assert preserves(A)
    assert _flint(A).det() == 1
    K = exact_matrix(skew)
    assert (sympy.eye(K.rows) - K) * A == sympy.eye(K.rows) + K


@given(skew_matrices(), st.data())
def test_a_cayley_transform_preserves_any_symmetric_form(skew, data):
    signs = data.draw(st.lists(rationals(), min_size=len(skew), max_size=len(skew)))
    J = sympy.diag(*(exact(sign) for sign in signs))
    K = J.inv() * exact_matrix(skew)
    assume((sympy.eye(len(skew)) - K).det() != 0)
    A = cayley(skew, J)
    assert preserves(A, J)
    assert _flint(A).det() == 1


def test_symbols_stay_symbols_and_the_whole_family_is_orthogonal():
    t, a, b = sympy.symbols("t a b", real=True)
    assert preserves(householder([t, 1, 1]))
    assert preserves(cayley([[0, a, b], [-a, 0, t], [-b, -t, 0]]))
    assert preserves(cayley([[0, t], [-t, 0]], lorentz_form(1)), lorentz_form(1))


def test_the_law_has_teeth():
    v = [2, 1, 1]
    projection = (sympy.eye(3) + householder(v)) / 2  # the factor 2 forgotten
    assert not preserves(projection)
    boost = cayley([[0, Fraction(1, 3)], [Fraction(-1, 3), 0]])
    assert not preserves(boost, lorentz_form(1))  # J^-1 forgotten
    assert defect(boost, lorentz_form(1)) != sympy.zeros(2)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: householder([0, 0]), ValueError, "no reflection"),
        (lambda: householder([1, 1], lorentz_form(1)), ValueError, "no reflection"),
        (lambda: householder([]), ValueError, "at least one"),
        (lambda: householder([0.5, 1]), TypeError, "Fraction"),
        (lambda: householder(["1", 1]), TypeError, "str"),
        (lambda: householder([True, 1]), TypeError, "bool"),
        (lambda: householder([sympy.Float("0.5"), 1]), TypeError, "floating"),
        (lambda: householder([sympy.oo, 1]), ValueError, "finite"),
        (lambda: householder([1, 1], sympy.eye(3)), ValueError, "size 2"),
        (lambda: cayley([[0, 1], [1, 0]]), ValueError, "skew"),
        (lambda: cayley([[0, 1], [-1, 0]], [[1, 2], [3, 4]]), ValueError, "symmetric"),
        (lambda: cayley([[0, 1], [-1, 0]], [[1, 1], [1, 1]]), ValueError, "invertible"),
        (lambda: cayley([[0, 1], [-1, 0]], lorentz_form(1)), ValueError, "singular"),
        (lambda: cayley([[0, 1]]), ValueError, "square"),
        (lambda: exact_matrix([]), ValueError, "at least one row"),
        (lambda: lorentz_form(0), ValueError, "dimension"),
    ],
)
def test_what_defines_no_isometry_is_refused_by_name(call, error, words):
    with pytest.raises(error, match=words):
        call()
