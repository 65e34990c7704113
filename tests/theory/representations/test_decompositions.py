"""Decompositions come back under random changes of basis, and a wrong basis is rejected."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.arithmetic.matrices import ExactArray, hstack
from theory.groups.families import alternating, cyclic, dihedral, quaternion
from theory.representations import (
    Decomposition,
    character_table,
    decompose,
    intertwiners_dimension,
    irreps,
    regular_representation,
)


@st.composite
def changes_of_basis(draw, size: int, *, ill_conditioned: bool = False):
    """Invertible over Q: elementary row operations; ill conditioned: with factors up to 10^12 and columns scaled by up to 10^-9."""
    rows = np.eye(size, dtype=object)
    large = 10**12 if ill_conditioned else 3
    for _ in range(draw(st.integers(0, 2 * size))):
        i, j = draw(st.integers(0, size - 1)), draw(st.integers(0, size - 1))
        if i != j:
            rows[i] = rows[i] + draw(st.integers(-large, large)) * rows[j]
    matrix = ExactArray.of([[int(x) for x in row] for row in rows])
    if ill_conditioned:
        scales = [Fraction(1, draw(st.integers(1, 10**9))) for _ in range(size)]
        matrix = matrix @ ExactArray.of([[scales[i] if i == j else 0 for j in range(size)] for i in range(size)])
    return matrix


@st.composite
def sums_of_irreps(draw, *, ill_conditioned: bool = False, least_degree: int = 1):
    """A sum of one to three irreps of one small group in a random basis, and the multiplicities."""
    groups = [
        dihedral(3),
        dihedral(4),
        quaternion(),
        alternating(4),
        dihedral(5),
        *([cyclic(3)] if least_degree == 1 else []),
    ]
    group = draw(st.sampled_from(groups))
    parts = irreps(group)
    allowed = [k for k, part in enumerate(parts) if part.degree >= least_degree]
    chosen = draw(st.lists(st.sampled_from(allowed), min_size=1, max_size=3))
    whole = parts[chosen[0]].sum(*(parts[k] for k in chosen[1:]))
    basis = draw(changes_of_basis(whole.degree, ill_conditioned=ill_conditioned))
    return whole.change_basis(basis), tuple(chosen.count(k) for k in range(len(parts)))


def splits(found: Decomposition, multiplicities) -> bool:
    """The multiplicities put in come out, T is a change of basis, and the certificate replays."""
    return found.multiplicities == multiplicities and found.verify() and found.certificate.replay()


@given(sums_of_irreps())
def test_decomposition_round_trip_under_random_changes_of_basis(case):
    rho, multiplicities = case
    assert splits(decompose(rho), multiplicities)


@given(sums_of_irreps(ill_conditioned=True))
@settings(max_examples=12)
def test_decomposition_round_trip_under_ill_conditioned_changes_of_basis(case):
    rho, multiplicities = case
    assert splits(decompose(rho), multiplicities)


@given(sums_of_irreps(least_degree=2), st.data())
def test_a_decomposition_with_one_entry_of_the_basis_changed_is_rejected(case, data):
    rho, multiplicities = case
    found = decompose(rho)
    # adding E_ij to T intertwines only if e_i spans an invariant line, and there is none when every block has degree at least 2
    i, j = (data.draw(st.integers(0, rho.degree - 1)) for _ in range(2))
    numerators = found.basis.numerators.copy()
    numerators[i, j, 0] += 1
    spoiled = Decomposition(
        rho, found.irreps, found.multiplicities, ExactArray(found.field, numerators, found.basis.denominator)
    )
    assert not spoiled.verify()
    wrong_inverse = replace(found.certificate, inverse=found.inverse_basis + spoiled.basis - found.basis)
    assert not wrong_inverse.replay()
    assert not replace(found.certificate, basis=spoiled.basis).replay()
    swapped = tuple(reversed(multiplicities))
    assert splits(found, swapped) == (swapped == multiplicities)


@given(sums_of_irreps())
def test_parts_of_a_decomposition_are_what_they_are_called(case):
    rho, _ = case
    found = decompose(rho)
    eye = ExactArray.eye(rho.degree, found.field)
    total = None
    for s in found.summands:
        projector = found.isotypic_projector(s.irrep)
        assert projector @ projector == projector
        assert rho.matrices @ projector[None] == projector[None] @ rho.matrices
        total = projector if total is None else total + projector
        assert (
            s.schur_type
            == {1: "real", 0: "complex", -1: "quaternionic"}[character_table(rho.group).indicators[s.irrep]]
        )
    assert total == eye
    commuting = list(found.commutant_basis())
    assert len(commuting) == found.commutant_dimension == intertwiners_dimension(rho, rho)
    assert all(rho.matrices @ X[None] == X[None] @ rho.matrices for X in commuting)
    assert hstack([X.reshape(-1, 1) for X in commuting]).rank() == len(commuting)
    gens = rho.matrices[list(rho.group.generators) or [0]]
    assert (gens.H @ found.form[None] @ gens - found.form[None]).is_zero


def matrices(size=3, field=None):
    cell = st.integers(-4, 4)
    return st.lists(st.lists(cell, min_size=size, max_size=size), min_size=size, max_size=size).map(
        lambda rows: ExactArray.of(rows, field)
    )


@given(st.lists(st.integers(0, 4), min_size=1, max_size=3), matrices(3), st.integers(0, 2**20))
@settings(max_examples=25)
def test_decomposition_round_trip_under_a_random_change_of_basis(chosen, extra, seed):
    group = dihedral(4)
    parts = [irreps(group)[k] for k in chosen]
    whole = parts[0].sum(*parts[1:])
    rng = np.random.default_rng(seed)
    basis = ExactArray.of(
        (np.triu(rng.integers(-3, 4, (whole.degree,) * 2), 1) + np.eye(whole.degree, dtype=int)).tolist()
    )
    found = decompose(whole.change_basis(basis @ basis.T))
    assert found.verify()
    assert found.multiplicities == tuple(chosen.count(k) for k in range(5))


def test_a_decomposition_with_a_wrong_basis_does_not_verify():
    found = decompose(regular_representation(dihedral(3)))
    spoiled = type(found)(
        found.representation, found.irreps, found.multiplicities, found.basis + ExactArray.of([[1] * 6] * 6)
    )
    assert not spoiled.verify()
