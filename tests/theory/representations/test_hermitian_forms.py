"""Which forms are multiples of a sum of squares: Hilbert symbols against their laws, decisions against bases, and irreps."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.arithmetic.cyclotomic import Cyclotomic, zeta
from theory.arithmetic.matrices import CyclotomicField, ExactArray, PrimeField
from theory.arithmetic.primes import factor
from theory.groups import FiniteGroup
from theory.groups.families import alternating, projective_special_linear, quaternion, symmetric
from theory.representations import Representation, irreps, regular_representation
from theory.representations.hermitian_forms import (
    diagonalise,
    hilbert,
    rational_scale,
    squarefree,
    unitarity,
    unitary_form,
)
from theory.representations.hermitian_lattices import orthonormal_basis

nonzero = st.integers(-60, 60).filter(bool)
positive = st.integers(1, 200)


@given(nonzero, nonzero, nonzero, st.sampled_from([2, 3, 5, 7, 11]))
def test_hilbert_symbols_are_symmetric_bilinear_and_blind_to_squares(a, b, c, p):
    assert hilbert(a, b, p) == hilbert(b, a, p)
    assert hilbert(a, b * c, p) == hilbert(a, b, p) * hilbert(a, c, p)
    assert hilbert(a, b * c * c, p) == hilbert(a, b, p)
    assert hilbert(a, -a, p) == 1


@given(nonzero, nonzero)
def test_hilbert_symbols_multiply_to_one_over_all_places(a, b):
    primes = {2, *factor(abs(a)), *factor(abs(b))}
    real = -1 if a < 0 and b < 0 else 1
    assert prod(hilbert(a, b, p) for p in primes) * real == 1


@given(st.integers(1, 20), st.integers(1, 20))
def test_a_conic_has_a_rational_point_exactly_when_every_symbol_allows_it(a, b):
    """a x^2 + b y^2 = z^2 by search within Holzer's bound."""
    a, b = squarefree(Fraction(a))[0], squarefree(Fraction(b))[0]
    found = any(
        isqrt(t) ** 2 == t
        for x in range(40)
        for y in range(40)
        if (x or y) and (t := a * x * x + b * y * y) is not None
    )
    assert found == all(hilbert(a, b, p) == 1 for p in {2, *factor(a), *factor(b)})


@st.composite
def forms(draw, max_size: int = 4):
    """c T* T for a random invertible T over Q: a form that is a multiple of the unit form."""
    size = draw(st.integers(1, max_size))
    rows = np.eye(size, dtype=int)
    for _ in range(draw(st.integers(0, 4))):
        i, j = draw(st.integers(0, size - 1)), draw(st.integers(0, size - 1))
        if i != j:
            rows[i] += draw(st.integers(-2, 2)) * rows[j]
    scale = draw(st.sampled_from([1, 2, 3, 5, 6, 7, 10]))
    T = ExactArray.of(rows.tolist()) * Fraction(1, draw(st.integers(1, 3)))
    return T.H @ T * scale


@given(forms())
@settings(max_examples=40)
def test_multiples_of_the_unit_form_are_recognised_and_a_basis_is_found(form):
    T, values = diagonalise(form)
    assert T.H @ form @ T == ExactArray.of(
        [[v if i == j else 0 for j in range(len(values))] for i, v in enumerate(values)]
    )
    scale, _ = rational_scale([squarefree(v.as_fraction())[0] for v in values])
    assert scale is not None
    basis = orthonormal_basis(form * (scale * form.denominator**2))
    assert basis.H @ form @ basis == ExactArray.eye(form.shape[0], form.field) * Fraction(
        1, scale * form.denominator**2
    )


@given(st.lists(positive, min_size=1, max_size=3), st.sampled_from([3, 5, 7, 11]))
def test_a_form_whose_determinant_is_no_square_in_even_dimension_is_refused(values, p):
    diagonal = [squarefree(Fraction(v))[0] for v in [*values, *values]]
    diagonal[0] = squarefree(Fraction(diagonal[0] * p))[0]
    scale, reason = rational_scale(diagonal)
    assert scale is None
    assert "determinant" in reason


def test_forms_that_only_the_hasse_invariant_tells_apart():
    assert rational_scale([1, 1, 1])[0] == 1
    scale, reason = rational_scale([1, 3, 3])  # determinant 9, a square, yet 3 is no sum of two squares
    assert scale is None
    assert "Hasse" in reason
    assert rational_scale([1, 5, 5])[0] == 1
    assert rational_scale([3, 3])[0] == 3
    assert rational_scale([1, 1, 3, 3])[0] is None
    assert rational_scale([1, 1, 1, 2, 5, 10])[0] is None  # at 5 every multiple of the unit form has Hasse invariant 1


@pytest.mark.parametrize(
    ("group", "row", "verdict", "word"),
    [
        (symmetric(3), 2, False, "determinant is 3"),
        (alternating(5), 3, False, "determinant is 5"),
        (symmetric(5), 4, False, "Hasse"),
        (alternating(6), 5, True, "Hasse invariants"),
        (symmetric(6), 8, True, "unit form"),
        (quaternion(), 4, True, "as they stand"),
        (projective_special_linear(7), 1, True, "as they stand"),
    ],
    ids=str,
)
def test_irreps_are_unitary_over_their_field_or_an_obstruction_is_named(group, row, verdict, word):
    part = irreps(group, unitary=False)[row]
    found = unitarity(part)
    assert found.verdict is verdict
    assert irreps(group)[row].is_unitary is verdict
    assert word in found.reason
    if verdict:
        assert found.basis.H @ part.form @ found.basis == ExactArray.eye(part.degree, part.field) * found.scale
        moved = unitary_form(part)
        assert moved.is_unitary
        assert moved.form == ExactArray.eye(part.degree, part.field)
        assert moved.is_homomorphism
        assert moved.character == part.character
    else:
        with pytest.raises(ValueError, match="No unitary form exists over Q"):
            unitary_form(part)


def test_a_field_extension_makes_room_for_a_unitary_form():
    """The plane of the triangle: over Q its determinant 3 is no square, over Q(zeta_3) it is a norm."""
    plane = irreps(symmetric(3))[2].over(CyclotomicField(3))
    found = unitarity(plane)
    assert found.verdict is True
    assert unitary_form(plane).is_unitary


@pytest.mark.parametrize(
    ("order", "verdict", "word"),
    [
        (4, False, "over 3 is 1, which is odd"),
        (5, False, "over 3 is 1, which is odd"),
        (7, False, "over 3 is 1, which is odd"),
        (8, True, "no inert prime divides it"),  # 3 = |1 + sqrt(-2)|^2
        (9, True, "a norm"),
        (12, True, "a norm"),
        (13, True, "a norm"),  # 3 has order 3 modulo 13
    ],
)
def test_the_triangle_over_cyclotomic_fields_is_decided_by_the_primes_over_three(order, verdict, word):
    plane = irreps(symmetric(3))[2].over(CyclotomicField(order))
    found = unitarity(plane)
    assert found.verdict is verdict
    assert word in found.reason
    if found.basis is not None:
        assert found.basis.H @ plane.form @ found.basis == ExactArray.eye(2, plane.field) * found.scale
    assert (found.basis is not None) == verdict


def special_linear(p: int) -> FiniteGroup:
    field = PrimeField(p)
    shears = [ExactArray.of(rows, field) for rows in ([[1, 1], [0, 1]], [[1, 0], [1, 1]])]
    return FiniteGroup.from_matrices(shears)[0]


@pytest.mark.parametrize(
    ("group", "row", "degree", "field"),
    [
        (alternating(6), 3, 8, "Q(zeta_5)"),
        (projective_special_linear(13), 1, 7, "Q(zeta_13)"),
        (special_linear(7), 3, 4, "Q(zeta_7)"),
        (symmetric(6), 10, 16, "Q"),
    ],
    ids=["A6", "PSL(2,13)", "SL(2,7)", "S6"],
)
def test_a_unitary_basis_is_found_over_larger_fields_and_in_larger_degrees(group, row, degree, field):
    """Each has no orthogonal translates, so that lattices and norm equations are what finds the basis."""
    before, after = irreps(group, unitary=False)[row], irreps(group)[row]
    assert (before.degree, str(before.field), before.is_unitary) == (degree, field, False)
    assert after.is_unitary
    assert after.field == before.field
    assert after.is_homomorphism
    assert after.character == before.character


def test_every_irrep_is_unitary_exactly_where_a_unitary_form_exists():
    for group in (symmetric(3), symmetric(4), alternating(5), symmetric(5), special_linear(3), special_linear(5)):
        for part in irreps(group):
            assert part.is_unitary == unitarity(part).verdict
            chosen = part.matrices[list(group.generators)]
            assert (chosen.H @ part.form[None] @ chosen - part.form[None]).is_zero
            assert part.is_homomorphism


def test_in_odd_dimension_a_form_whose_determinant_is_no_norm_is_scaled():
    """5 + zeta + zeta^4 of Q(zeta_5) has norm 19^2, and 19 = -1 modulo 5: inert."""
    field = CyclotomicField(5)
    T = ExactArray.of([[1, 1, 0], [0, 1, 0], [0, 0, 1]], field)
    part = irreps(symmetric(4))[3].over(field).change_basis(T.inverse())
    form = T.H @ T * (Cyclotomic.rational(5, 5) + zeta(5) + zeta(5, 4))
    found = unitarity(Representation(part.group, part.matrices, form))
    assert found.verdict is True
    assert found.basis.H @ form @ found.basis == ExactArray.eye(3, field) * found.scale


def test_reducible_representations_and_forms_that_are_none_are_refused():
    with pytest.raises(ValueError, match="irreducible"):
        unitarity(regular_representation(symmetric(3)))
    with pytest.raises(ValueError, match="Hermitian"):
        diagonalise(ExactArray.of([[1, 1], [0, 1]]))
    with pytest.raises(ValueError, match="definite"):
        diagonalise(ExactArray.of([[0, 1], [1, 0]]))
    assert isinstance(irreps(symmetric(3))[2], Representation)
