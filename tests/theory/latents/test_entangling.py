"""The entangling map in symbols: every claimed pair agrees in balls and in normal form, and near misses do not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks import kernel
from proofs_checks.strategies.disentanglement import reflection_vectors, spikes
from theory.arithmetic.isometries import cayley, exact, householder, preserves
from theory.latents import entangling

STATEMENTS = [
    entangling.slope_of_the_inner_step(),
    entangling.whole_jacobian(2),
    entangling.partial_derivative(),
    entangling.reflection_keeps_norms(),
    entangling.reflection_is_orthogonal(2),
    entangling.determinant_of_a_reflection(),
    entangling.density_balance(),
    entangling.density_is_preserved(2, cayley([[0, Fraction(1, 3)], [Fraction(-1, 3), 0]])),
    *entangling.entries_of_reflections(),
    *entangling.spike_has_no_zero(),
]


def _refuted(statement: object) -> bool:
    return kernel.judge(statement, route="exact").status is kernel.Status.REFUTED


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.name)
def test_each_statement_holds(statement):
    verdict = kernel.judge(statement, route="exact")
    assert verdict.holds or verdict.constructed


@pytest.mark.parametrize(
    "statement", [it for it in STATEMENTS if isinstance(it, kernel.Equation)], ids=lambda it: it.name
)
def test_twice_the_right_hand_side_is_refuted(statement):
    assert _refuted(replace(statement, right=2 * statement.right))


def test_a_slope_without_the_normal_density_is_refuted():
    statement = entangling.slope_of_the_inner_step()
    z = next(iter(statement.left.free_symbols))
    assert _refuted(replace(statement, right=sympy.Function("F", real=True)(z).diff(z)))


def test_rows_of_norm_one_do_not_preserve_the_law():
    assert _refuted(entangling.density_is_preserved(2, sympy.Matrix([[24, 7], [15, 20]]) / 25))


@given(st.integers(2, 6).flatmap(lambda d: st.tuples(st.just(d), spikes(d))))
def test_the_closed_form_of_the_spike_reflection(case):
    d, t = case
    A = entangling.spike_rotation(d, t)
    assert entangling.spike_entries(d, exact(t)).matrix(d) == A
    assert preserves(A)
    assert 0 not in A


@pytest.mark.parametrize(("d", "t"), [(2, 1), (2, -1), (3, 0), (5, 2), (5, -2), (10, 3)])
def test_the_excluded_parameters_give_a_zero(d, t):
    assert 0 in entangling.spike_rotation(d, t)


@given(st.integers(2, 6), st.fractions(0, 50))
def test_every_parameter_from_d_on_gives_no_zero(d, excess):
    assert 0 not in entangling.spike_rotation(d, d + excess)


@given(reflection_vectors(high=4))
def test_minors_and_entries_of_an_orthogonal_matrix_vanish_together(v):
    A = householder(v)
    flat = householder([1, 1])
    assert all(entangling.minor_nonzero(A, i, j) == (A[i, j] != 0) for i in range(A.rows) for j in range(A.rows))
    assert [entangling.minor_nonzero(flat, 0, j) for j in range(2)] == [False, True]


@given(st.integers(2, 8), st.fractions(Fraction(1, 10), 20), st.fractions(Fraction(1, 10), 20))
def test_distinct_parameters_give_distinct_maps_from_two_dimensions_on(d, t, s):
    same = entangling.spike_rotation(d, t)[-1, -1] == entangling.spike_rotation(d, s)[-1, -1]
    assert same == (t == s)


def test_in_one_dimension_every_parameter_gives_the_same_map():
    assert {entangling.spike_rotation(1, t)[0, 0] for t in (1, 2, Fraction(7, 3))} == {-1}


def test_a_taylor_coefficient_is_a_coefficient():
    x, y = sympy.symbols("x y")
    assert entangling.taylor_coefficient(3 * x**2 * y + y + 7, (x, y), (2, 1)) == 3
    assert entangling.taylor_coefficient(3 * x**2 * y + y + 7, (x, y), (0, 0)) == 7


def test_a_dimension_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        entangling.spike(0, 1)
