"""Lattices with a Hermitian form: orthonormal bases are found where there is one, by growing, scaling and norm equations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.arithmetic.cyclotomic import Cyclotomic, zeta
from theory.arithmetic.matrices import CyclotomicField, ExactArray
from theory.arithmetic.norms import norm
from theory.groups import FiniteGroup
from theory.groups.families import alternating
from theory.representations import hermitian_lattices, irreps
from theory.representations.hermitian_forms import unitarity, unitary_form
from theory.representations.hermitian_lattices import FormLattice, orthonormal_basis, short_scale


@st.composite
def hermitian_forms(draw) -> ExactArray:
    """c T* T over Q(zeta_n) for a T that is a product of elementary matrices and a diagonal one."""
    order = draw(st.sampled_from([3, 4, 5, 7, 8, 12]))
    field, size = CyclotomicField(order), draw(st.integers(1, 4))
    number = st.builds(
        lambda c: Cyclotomic(order, tuple(c)),
        st.lists(st.integers(-2, 2), min_size=field.degree, max_size=field.degree),
    )
    rows = [[Cyclotomic.rational(int(i == j), order) for j in range(size)] for i in range(size)]
    for i in range(size):
        rows[i][i] = draw(number.filter(bool))
    for _ in range(draw(st.integers(0, 3))):
        i, j = draw(st.integers(0, size - 1)), draw(st.integers(0, size - 1))
        if i != j:
            x = draw(number)
            rows[i] = [a + x * b for a, b in zip(rows[i], rows[j], strict=True)]
    T = ExactArray.of(rows, field)
    return T.H @ T


@given(hermitian_forms())
@settings(max_examples=40)
def test_forms_equivalent_to_the_unit_form_over_a_cyclotomic_field_get_an_orthonormal_basis(form):
    T = orthonormal_basis(form)
    assert T is not None
    assert T.H @ form @ T == ExactArray.eye(len(form), form.field)


@given(hermitian_forms())
@settings(max_examples=25)
def test_growing_keeps_the_form_integral_and_makes_the_lattice_larger(form):
    lattice = FormLattice.of(form)
    grown = lattice.enlarge([2, 3, 5, 7])
    vectors = grown.vectors(grown.rows)[:, :, 0]
    assert (vectors.conj() @ form @ vectors.T).denominator == 1
    inverse = np.array(type(lattice.gram)(grown.rows.tolist()).inv().tolist(), dtype=object) * grown.denominator
    assert all(x.q == 1 for x in inverse.flat)  # every vector of O^n is an integral combination
    turned = (grown.vectors(grown.rows) * zeta(form.root_order)).numerators.reshape(grown.rows.shape)
    moved = (turned.astype(object) * (grown.denominator // (grown.vectors(grown.rows).denominator))) @ inverse
    assert all(x.q == 1 for x in (moved / grown.denominator).flat)  # zeta L lies in L


@pytest.mark.parametrize(("order", "q"), [(3, 3), (4, 2), (5, 5), (8, 2), (9, 3)])
def test_a_lattice_grows_at_the_prime_that_ramifies(order, q):
    """F = |1 - zeta|^2 on O: the largest lattice on which F is integral is O / (1 - zeta), with a vector of square 1."""
    x = Cyclotomic.rational(1, order) - Cyclotomic.build(order, (0, 1, *[0] * (CyclotomicField(order).degree - 2)), 1)
    lattice = FormLattice.of(ExactArray.of([[x * x.conjugate()]], CyclotomicField(order)))
    assert norm(lattice.squares(lattice.rows)[0]) == q**2
    grown = lattice.enlarge([q])
    assert norm(grown.squares(grown.rows)[0]) == 1


def test_denominators_stay_short_where_the_lattice_grows_at_every_prime(monkeypatch):
    """PSL(2, 8) on its projective line, degree 7 over Q(zeta_9): determinant 2^10 3^3, and a different way without growing."""
    group = FiniteGroup.from_permutations([[0, 1, 7, 8, 2, 3, 4, 5, 6], [1, 2, 0, 6, 3, 8, 4, 5, 7]])
    part = irreps(group, unitary=False)[1]
    assert (group.order, part.degree, str(part.field)) == (504, 7, "Q(zeta_9)")
    assert unitary_form(part).matrices.denominator < 10**4
    monkeypatch.setattr(FormLattice, "enlarge", lambda self, primes: self)
    assert unitary_form(part).matrices.denominator > 10**6


@pytest.mark.parametrize("a", [2, 5, 13])
def test_the_last_two_over_q_come_from_a_sum_of_two_squares(a):
    form = ExactArray.of([[a, 0], [0, a]])
    v, w = hermitian_lattices._last_two(FormLattice.of(form))[0]
    assert [(x.H @ form @ y).fraction(0, 0) for x, y in ((v, v), (v, w), (w, w))] == [1, 0, 1]


def test_the_sublattice_orthogonal_to_a_vector_is_all_of_it():
    """In Z^3 what is orthogonal to (1, 1, 1) is the root lattice A2, of determinant 3."""
    lattice = FormLattice.of(ExactArray.eye(3, CyclotomicField(1))).without(ExactArray.of([[1], [1], [1]]))
    assert lattice.rank == 2
    assert sorted(s.as_fraction() for s in lattice.squares(lattice.rows)) == [2, 2]
    rows = lattice.rows.astype(int)
    assert (rows.sum(axis=1) == 0).all()
    assert round(np.linalg.det(rows @ rows.T)) == 3


def test_a_scale_in_odd_dimension_makes_the_determinant_a_norm():
    field = CyclotomicField(5)
    form = ExactArray.of([[2, 0, 0], [0, 1, 0], [0, 0, 3]], field)  # 2 and 3 are inert
    scale = short_scale(FormLattice.of(form), Cyclotomic.rational(6, 5))
    assert scale is not None
    assert scale != 1
    T = orthonormal_basis(form * scale)
    assert T.H @ form @ T == ExactArray.eye(3, field) * scale.inverse()


def test_without_norm_equations_no_basis_is_found(monkeypatch):
    part = irreps(alternating(6), unitary=False)[3]
    monkeypatch.setattr(hermitian_lattices, "norm_root", lambda x: None)
    found = unitarity(part)
    assert (found.verdict, found.basis) == (True, None)
    with pytest.raises(ValueError, match="No unitary form was found"):
        unitary_form(part)
