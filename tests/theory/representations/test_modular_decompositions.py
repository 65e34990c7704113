"""Decomposition over F_p: known splittings, laws on random bases, and mutants of the certificate that its replay rejects."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.arithmetic.matrices import ExactArray, PrimeField, block_diagonal
from theory.groups.families import alternating, cyclic, dihedral, quaternion, symmetric
from theory.representations import (
    Representation,
    character_table,
    decompose,
    intertwiners_dimension,
    regular_representation,
    trivial_representation,
)
from theory.representations.irreducibility_proofs import IrreducibilityProof, power
from theory.representations.modular_decompositions import (
    ModularDecomposition,
    _chain,
    _random_commuting,
    decompose_modular,
)
from theory.representations.modules import CharacteristicDividesOrder, split_completely


@st.composite
def sums_in_random_bases(draw):
    """A sum of one to four irreps of F_p[G], p not dividing |G|, conjugated by a random matrix, and the multiplicities in canonical order."""
    group, p = draw(
        st.sampled_from(
            [
                (cyclic(3), 2),
                (cyclic(7), 2),
                (cyclic(5), 3),
                (symmetric(3), 5),
                (quaternion(), 3),
                (alternating(4), 5),
                (alternating(4), 7),
                (dihedral(5), 3),
            ]
        )
    )
    parts = decompose(regular_representation(group, PrimeField(p))).irreps
    chosen = sorted(draw(st.lists(st.integers(0, len(parts) - 1), min_size=1, max_size=4)))
    whole = parts[chosen[0]].sum(*(parts[k] for k in chosen[1:]))
    rows = np.eye(whole.degree, dtype=np.int64)
    for _ in range(draw(st.integers(0, 2 * whole.degree))):
        i, j = draw(st.integers(0, whole.degree - 1)), draw(st.integers(0, whole.degree - 1))
        if i != j:
            rows[i] = (rows[i] + draw(st.integers(1, p)) * rows[j]) % p
    return whole.change_basis(ExactArray(PrimeField(p), rows[:, :, None])), [
        chosen.count(k) for k in sorted(set(chosen))
    ]


def block_diagonal_in_its_basis(found: ModularDecomposition) -> bool:
    """T^-1 R(g) T = B(g) for every g, computed with a fresh inverse."""
    moved = found.basis.inverse()[None] @ found.representation.matrices @ found.basis[None]
    blocks = block_diagonal(
        [r.matrices for r, m in zip(found.irreps, found.multiplicities, strict=True) for _ in range(m)]
    )
    return moved == blocks


def commutants_counted_by_equations(found: ModularDecomposition) -> bool:
    """e_i and 0 between irreps, sum m_i^2 e_i for the whole: by the linear equations X R = R X, which the search never writes down."""
    for i, a in enumerate(found.irreps):
        for j, b in enumerate(found.irreps):
            if intertwiners_dimension(a, b) != (found.summands[i].endomorphism_degree if i == j else 0):
                return False
    return intertwiners_dimension(found.representation, found.representation) == found.commutant_dimension


@pytest.mark.parametrize(
    ("group", "p", "expected"),
    [
        (cyclic(1), 2, [(1, 1, 1)]),
        (cyclic(3), 2, [(1, 1, 1), (2, 1, 2)]),
        (cyclic(7), 2, [(1, 1, 1), (3, 1, 3), (3, 1, 3)]),
        (cyclic(5), 2, [(1, 1, 1), (4, 1, 4)]),
        (symmetric(3), 5, [(1, 1, 1), (1, 1, 1), (2, 2, 1)]),
        (quaternion(), 3, [(1, 1, 1)] * 4 + [(2, 2, 1)]),
        (alternating(4), 5, [(1, 1, 1), (2, 1, 2), (3, 3, 1)]),
        (alternating(4), 7, [(1, 1, 1)] * 3 + [(3, 3, 1)]),
        (dihedral(5), 3, [(1, 1, 1), (1, 1, 1), (4, 2, 2)]),
        (cyclic(5), 536870909, [(1, 1, 1), (2, 1, 2), (2, 1, 2)]),
    ],
)
def test_regular_representations_split_as_known(group, p, expected):
    found = decompose(regular_representation(group, PrimeField(p)))
    assert [(s.degree, s.multiplicity, s.endomorphism_degree) for s in found.summands] == expected
    assert all(
        s.multiplicity * s.endomorphism_degree == s.degree for s in found.summands
    )  # each irrep occurs degree / e times in F_p[G]
    assert found.certificate.replay()
    assert found.verify()
    assert block_diagonal_in_its_basis(found)
    assert commutants_counted_by_equations(found)
    assert [s.absolutely_irreducible for s in found.summands] == [e == 1 for _, _, e in expected]
    assert (found.irreps[0].character - trivial_representation(group, PrimeField(p)).character).is_zero
    assert sum(
        (found.isotypic_projector(s.irrep) for s in found.summands), ExactArray.zeros((group.order,) * 2, found.field)
    ) == ExactArray.eye(group.order, found.field)


def test_many_copies_of_one_line_split_over_the_smallest_field():
    found = decompose(
        trivial_representation(cyclic(3), PrimeField(2)).sum(*[trivial_representation(cyclic(3), PrimeField(2))] * 7)
    )
    assert found.multiplicities == (8,)
    assert found.certificate.replay()


def test_the_commutant_basis_commutes_and_is_independent():
    found = decompose(regular_representation(dihedral(5), PrimeField(3)))
    basis = list(found.commutant_basis())
    assert len(basis) == found.commutant_dimension == 10
    assert all(
        (x[None] @ found.representation.matrices - found.representation.matrices @ x[None]).is_zero for x in basis
    )
    flat = ExactArray(found.field, np.stack([x.numerators.reshape(-1, 1) for x in basis]))
    assert flat.rank() == len(basis)


def test_degrees_agree_with_the_listing_of_lines():
    regular = regular_representation(symmetric(3), PrimeField(5))
    found = decompose(regular)
    assert sorted(s.degree for s in found.summands for _ in range(s.multiplicity)) == sorted(
        part.shape[1] for part in split_completely(regular)
    )


@pytest.mark.parametrize(("group", "p"), [(symmetric(3), 7), (quaternion(), 5), (alternating(4), 7), (dihedral(4), 17)])
def test_multiplicities_are_those_of_the_ordinary_characters_where_the_field_splits_the_group(group, p):
    """p = 1 mod exponent: F_p holds the roots of unity, and reduction modulo p keeps irreps and multiplicities (Serre 1977, 15.5)."""
    table = character_table(group)
    modular = decompose(regular_representation(group, PrimeField(p)))
    assert [s.degree for s in modular.summands] == sorted(table.degrees)
    whole = regular_representation(group)
    ordinary = decompose(whole.tensor(whole) if group.order < 8 else whole)
    square = regular_representation(group, PrimeField(p))
    found = decompose(square.tensor(square) if group.order < 8 else square)
    assert sorted(zip([s.degree for s in found.summands], found.multiplicities, strict=True)) == sorted(
        (s.degree, s.multiplicity) for s in ordinary.summands
    )


@settings(max_examples=25, deadline=None)
@given(sums_in_random_bases())
def test_sums_of_irreps_in_random_bases_come_apart_again(case):
    rho, multiplicities = case
    found = decompose(rho)
    assert list(found.multiplicities) == multiplicities
    assert sum(s.degree * s.multiplicity for s in found.summands) == rho.degree
    assert found.certificate.replay()
    assert block_diagonal_in_its_basis(found)
    assert commutants_counted_by_equations(found)


@settings(max_examples=10, deadline=None)
@given(sums_in_random_bases(), st.integers(1, 2**32))
def test_irreps_and_their_order_do_not_depend_on_the_seed(case, seed):
    first, second = decompose_modular(case[0]), decompose_modular(case[0], seed)
    assert first.multiplicities == second.multiplicities
    assert all(a.character == b.character for a, b in zip(first.irreps, second.irreps, strict=True))
    again = decompose_modular(case[0])
    assert first.basis == again.basis
    assert first.blocks == again.blocks


def test_replay_rejects_a_corrupted_change_of_basis():
    found = decompose(regular_representation(alternating(4), PrimeField(5)))
    for row, column in ((0, 0), (3, 7), (11, 11)):
        numerators = found.basis.numerators.copy()
        numerators[row, column] = (numerators[row, column] + 1) % 5
        mutant = replace(found, basis=ExactArray(found.field, numerators))
        assert not replace(found.certificate, basis=mutant.basis).replay()
        assert not block_diagonal_in_its_basis(mutant)


def test_replay_rejects_a_reducible_block_declared_irreducible():
    """The irreducibility loop left out: 1 + sign of C2 over F_5 passed off as one block of degree 2, with e = 2 and with e = 1."""
    regular = regular_representation(cyclic(2), PrimeField(5))  # 1 + sign, generated by its first unit vector
    line = decompose(trivial_representation(cyclic(2), PrimeField(5))).certificate
    plane = replace(
        line,
        representation=regular,
        basis=ExactArray.eye(2, regular.field),
        inverse=ExactArray.eye(2, regular.field),
        irreps=(regular,),
    )
    swap, empty, eye = regular.matrices[1], ExactArray.zeros((0, 2), regular.field), ExactArray.eye(2, regular.field)
    proof = replace(
        line.proofs[0], coefficients=(0, 0), factor=(0, 1), elements=(0, 1), left=empty, right=empty.T, generator=swap
    )
    as_field = replace(proof, minimal_polynomial=(4, 0, 1), inverses=(eye,))
    failing = {
        name for name, residual in replace(plane, proofs=(as_field,)).residuals().items() if not residual.is_zero
    }
    assert failing == {"z^(p^(e/2)) - z has an inverse, block 1"}
    as_point = replace(proof, minimal_polynomial=(4, 1), inverses=(), left=eye[:1], right=eye[:, :1], generator=eye)
    failing = {
        name for name, residual in replace(plane, proofs=(as_point,)).residuals().items() if not residual.is_zero
    }
    assert failing == {"rank of a, block 1"}


def test_every_line_of_an_irreducibility_proof_is_needed():
    """False proofs for 1 + sign of C2 over F_5 that break one line each."""
    regular = regular_representation(cyclic(2), PrimeField(5))
    field, eye = regular.field, ExactArray.eye(2, regular.field)
    diagonal = Representation.from_matrices(cyclic(2), [[[1, 0], [0, 1]], [[1, 0], [0, -1]]], field)
    point = IrreducibilityProof((1, 0), (0, 1), (0, 1), eye[:1], eye[:, :1], eye, (4, 1), ())
    assert failing_lines(point, regular) == {"a e_1"}
    annihilated = replace(point, coefficients=(1, 4), left=eye[1:] * 3, right=eye[:, 1:])  # 1 - s = diag(0, 2)
    assert failing_lines(annihilated, diagonal) == {"e_1 generates"}
    root_of_two = ExactArray.of(
        [[0, 2], [1, 0]], field
    )  # x^2 - 2 is irreducible, its root does not commute with the swap; z^5 - z = -2 z
    empty = ExactArray.zeros((0, 2), field)
    foreign = IrreducibilityProof(
        (0, 0), (0, 1), (0, 1), empty, empty.T, root_of_two, (3, 0, 1), ((root_of_two * 3).inverse(),)
    )
    assert failing_lines(foreign, regular) == {"z commutes"}


def failing_lines(proof: IrreducibilityProof, block: Representation) -> set[str]:
    """The names of the residuals that are not zero."""
    return {name for name, residual in proof.residuals(block).items() if not residual.is_zero}


def test_replay_rejects_a_field_of_the_wrong_degree_over_f2():
    found = decompose(regular_representation(cyclic(3), PrimeField(2)))
    certificate, proof = found.certificate, found.certificate.proofs[1]
    assert proof.endomorphism_degree == 2
    assert proof.minimal_polynomial == (1, 1, 1)
    scalar = replace(proof, generator=power(proof.generator, 3))  # z = 1 spans F_2 alone
    assert not replace(certificate, proofs=(certificate.proofs[0], scalar)).replay()
    split = replace(proof, minimal_polynomial=(0, 1, 1))  # x^2 + x: the plane as two lines
    assert not replace(certificate, proofs=(certificate.proofs[0], split)).replay()


def test_replay_rejects_equivalent_blocks_listed_as_different_and_a_false_inverse_of_the_order():
    certificate = decompose(regular_representation(symmetric(3), PrimeField(5))).certificate
    one, sign, plane = certificate.irreps
    doubled = replace(
        certificate,
        irreps=(one, sign, plane, plane),
        multiplicities=(1, 1, 1, 1),
        proofs=(*certificate.proofs, certificate.proofs[2]),
        differences=((1, 1),) * 6,
    )
    failing = {name for name, residual in doubled.residuals().items() if not residual.is_zero}
    assert "blocks 3 and 4 differ" in failing
    assert not replace(certificate, order_inverse=2).replay()


def test_a_characteristic_that_divides_the_order_is_refused_with_the_hypothesis_and_the_next_step():
    with pytest.raises(
        CharacteristicDividesOrder, match=r"does not divide \|G\|, got F_3 and \|G\| = 6.*complement_by_equations"
    ):
        decompose(regular_representation(symmetric(3), PrimeField(3)))


def test_other_inputs_are_refused_with_what_to_do_next():
    with pytest.raises(ValueError, match=r"theory\.representations\.decompose"):
        decompose_modular(regular_representation(cyclic(2)))
    with pytest.raises(ValueError, match="stops at degree 400"):
        decompose(Representation(cyclic(1), ExactArray.eye(401, PrimeField(2))[None]))
    wrong = Representation.from_matrices(cyclic(2), [[[1]], [[2]]], PrimeField(5))
    with pytest.raises(ValueError, match="Not a homomorphism"):
        decompose(wrong)
    with pytest.raises(ValueError, match="positive definite form"):
        _ = decompose(regular_representation(cyclic(2), PrimeField(3))).form


def test_the_mean_up_a_chain_of_subgroups_is_the_mean_over_all_elements():
    group = symmetric(4)
    rho = regular_representation(group, PrimeField(7))
    found = _random_commuting(rho, Random(3))
    rng = Random(3)
    entries = np.array([rng.randrange(7) for _ in range(rho.degree**2)]).reshape(rho.degree, rho.degree, 1)
    total = (rho.matrices @ ExactArray(rho.field, entries)[None] @ rho.matrices[group.inverses]).sum()
    assert found == total * Fraction(1, group.order)
    assert sum(len(step) for step in _chain(group)) < 12
