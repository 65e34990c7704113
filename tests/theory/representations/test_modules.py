"""Invariant subspaces: complements where the equations have a solution, averaging, and failures as objects."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs_checks.strategies.groups import finite_groups
from theory.arithmetic.matrices import ExactArray, PrimeField, block_diagonal, hstack
from theory.groups.families import cyclic, heisenberg, quaternion, symmetric
from theory.representations import Representation, irreps, regular_representation
from theory.representations.modules import (
    DISCONTINUOUS,
    AdditiveShear,
    CharacteristicDividesOrder,
    NoComplement,
    NotInvariant,
    average,
    complement_by_equations,
    invariant_complement,
    oblique_reflection,
    orthogonal_complement,
    projector_onto,
    proper_submodule,
    require_invariant,
    shear_module,
    spin,
    split_completely,
    unitarising_form,
)


def test_an_invariant_line_whose_orthogonal_complement_moves():
    module, line = oblique_reflection()
    assert module.is_homomorphism
    assert not module.is_unitary
    require_invariant(module, line)
    with pytest.raises(NotInvariant, match="moves it"):
        require_invariant(module, orthogonal_complement(line, ExactArray.eye(2, line.field)))
    require_invariant(module, orthogonal_complement(line, unitarising_form(module)))


@given(st.fractions(), st.fractions())
def test_the_additive_shear_moves_every_complement_of_its_line_unless_t_is_zero(t, m):
    shear = AdditiveShear(t)
    assert hstack_rank(shear.invariant_line, shear.matrix @ shear.invariant_line) == 1
    assert shear.moves(m) == (t != 0)


def hstack_rank(*columns):
    from theory.arithmetic.matrices import hstack

    return hstack(list(columns)).rank()


def test_the_discontinuous_example_is_called_a_statement():
    assert "axiom of choice" in DISCONTINUOUS
    assert "not a check" in DISCONTINUOUS


@given(finite_groups(12), st.sampled_from([2, 3, 5, 7]), st.integers(0, 11))
@settings(max_examples=40)
def test_complements_exist_exactly_as_the_equations_say(group, p, where):
    regular = regular_representation(group, PrimeField(p))
    vector = [[int(x == 0) - int(x == where % group.order)] for x in range(group.order)]
    basis = spin(regular, ExactArray.of(vector if where % group.order else [[1]] * group.order, PrimeField(p)))
    found = complement_by_equations(regular, basis)
    if group.order % p:
        for complement in (invariant_complement(regular, basis), found):
            require_invariant(regular, complement)
            assert hstack([basis, complement]).rank() == group.order
    else:
        with pytest.raises(CharacteristicDividesOrder):
            invariant_complement(regular, basis)
        if basis.shape[1] == 1:
            assert isinstance(found, NoComplement)
            assert found.augmented == found.rank + 1


@pytest.mark.parametrize("p", [2, 3, 5, 7])
def test_the_shear_is_reducible_without_complement(p):
    module, line = shear_module(p)
    assert module.defect() is None
    assert isinstance(complement_by_equations(module, line), NoComplement)
    assert proper_submodule(module).shape == (2, 1)


def test_modules_over_finite_fields_split_completely_when_they_should():
    regular = regular_representation(symmetric(3), PrimeField(5))
    parts = split_completely(regular)
    assert sorted(part.shape[1] for part in parts) == [1, 1, 2, 2]
    basis = hstack(parts)
    inverse = basis.inverse()
    moved = inverse[None] @ regular.matrices @ basis[None]
    at = 0
    blocks = []
    for part in parts:
        width = part.shape[1]
        blocks.append(moved[:, at : at + width, at : at + width])
        at += width
    assert moved == block_diagonal(blocks)
    with pytest.raises(CharacteristicDividesOrder):
        split_completely(shear_module(3)[0])


def test_over_a_small_field_an_irreducible_may_split_later():
    """C_3 on F_2^2 by a matrix of order 3 has no invariant line; over F_7 it has."""

    def module(p):
        a = ExactArray.of([[0, -1], [1, -1]], PrimeField(p))
        return Representation.from_generators(cyclic(3), {1: a})

    assert proper_submodule(module(2)) is None
    assert proper_submodule(module(7)).shape == (2, 1)


def test_averaging_half_of_a_group_does_not_commute():
    """The mutant of the averaging law."""
    group = symmetric(3)
    regular = regular_representation(group)
    line = projector_onto(ExactArray.of([[1]] * 6))
    mean = average(regular, line)
    assert regular.matrices @ mean[None] == mean[None] @ regular.matrices
    unit = ExactArray.of([[int(i == j == 0) for j in range(6)] for i in range(6)])
    half = (regular.matrices[:3] @ unit[None] @ regular.matrices[group.inverses[:3]]).sum() * Fraction(1, 3)
    assert regular.matrices @ half[None] != half[None] @ regular.matrices


def test_the_orthogonal_complement_needs_a_form_that_the_group_keeps():
    group = cyclic(2)
    oblique = Representation.from_generators(group, {1: ExactArray.of([[1, 1], [0, -1]])})
    line = ExactArray.of([[1], [0]])
    with pytest.raises(NotInvariant, match="moves it"):
        require_invariant(oblique, orthogonal_complement(line, ExactArray.eye(2, line.field)))
    form = unitarising_form(oblique)
    assert (oblique.matrices.H @ form[None] @ oblique.matrices - form[None]).is_zero
    require_invariant(oblique, orthogonal_complement(line, form))


def test_the_averaged_form_is_kept_by_complex_matrices():
    for group in (quaternion(), cyclic(3), heisenberg(3)):
        part = irreps(group)[-1]
        basis = ExactArray.of([[int(i == j) + 2 * int(i < j) for j in range(part.degree)] for i in range(part.degree)])
        moved = part.change_basis(basis)
        form = unitarising_form(moved)
        assert form == form.H
        assert (moved.matrices.H @ form[None] @ moved.matrices) == form[None][[0] * group.order]
        assert moved.matrices.T @ form[None] @ moved.matrices != form[None][[0] * group.order]
