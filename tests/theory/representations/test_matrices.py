"""Representations: homomorphisms by generators and by all pairs, Schur's lemma, sums and products, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from proofs_checks.strategies.groups import finite_groups
from theory.arithmetic.cyclotomic import zeta
from theory.arithmetic.grammar import parse
from theory.arithmetic.matrices import CyclotomicField, ExactArray, PrimeField, stack
from theory.groups.families import alternating, cyclic, dihedral, quaternion, symmetric
from theory.representations import (
    NotARepresentation,
    Representation,
    decompose,
    induce,
    intertwiners_dimension,
    irreps,
    permutation_representation,
    regular_representation,
    restrict,
    trivial_representation,
)
from theory.representations.matrices import squared_size


def test_a_representation_that_is_no_homomorphism_is_refused_with_the_worst_pair_and_its_size():
    group = cyclic(4)
    matrices = [[[1]], [[zeta(4)]], [[-1]], [[Fraction(5)]]]
    rho = Representation.from_matrices(group, matrices)
    with pytest.raises(NotARepresentation, match=r"worst is .*\(r3, r3\).*squared size .* is 676"):
        decompose(rho)
    assert rho.defect().worst == (3, 3)  # 5 * 5 - (-1) = 26
    assert rho.defect().size == 676
    assert rho.defect().pair == (1, 2)


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: Representation.from_generators(cyclic(4), {2: ExactArray.of([[1]])}), NotARepresentation, "generate only 2 of 4"),
        (lambda: Representation.from_generators(cyclic(2), {1: ExactArray.of([[1, 0]])}), NotARepresentation, "square"),
        (lambda: Representation.from_generators(cyclic(2), {1: ExactArray.of([[1, 1], [1, 1]])}), NotARepresentation, "matrix of r is singular: rank 1 of 2"),
        (lambda: Representation.from_generators(dihedral(3), {1: ExactArray.of([[1]]), 3: ExactArray.of([[1, 0], [0, 1]])}), NotARepresentation, "one size"),
        (lambda: Representation.from_matrices(cyclic(2), [[[1]], [[float("nan")]]]), ValueError, "exact entry"),
        (lambda: decompose(regular_representation(cyclic(3), PrimeField(3))), ValueError, "split_completely"),
        (lambda: induce(symmetric(3), [0, 1, 2], regular_representation(cyclic(3))), ValueError, "lies outside"),
        (lambda: induce(symmetric(3), symmetric(3).subgroup([1]), regular_representation(cyclic(3))), NotARepresentation, "order 2"),
        (lambda: regular_representation(cyclic(3)).schur_type, ValueError, "character norm 3"),
    ],
)  # fmt: skip
def test_bad_representations_are_refused_with_what_to_do(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()


def irreducible(max_order: int = 24) -> st.SearchStrategy[Representation]:
    """Any irrep of any generated group."""
    return finite_groups(max_order).flatmap(lambda g: st.sampled_from(irreps(g)))


def multiplies(rho: Representation) -> bool:
    """Every pair, one product at a time."""
    table = rho.group.table
    n = rho.group.order
    return all(rho.matrices[g] @ rho.matrices[h] == rho.matrices[int(table[g, h])] for g in range(n) for h in range(n))


def schur(a: Representation, b: Representation, intertwiners=intertwiners_dimension) -> bool:
    """Over a splitting field intertwiners between irreps have dimension 1 or 0, as the characters say."""
    return intertwiners(a, b) == int(a.character == b.character)


def matrix_coefficients_orthogonal(a: Representation, b: Representation) -> bool:
    """(1/n) sum_g a_ij(g) b_kl(g^-1) = [a = b] [i = l] [j = k] / d for irreps in the same matrices, else 0."""
    inverse = b.matrices[b.group.inverses]
    da, db = a.degree, b.degree
    left = a.matrices.reshape(-1, da * da)
    right = inverse.reshape(-1, db * db)
    gram = left.T @ right * Fraction(1, a.group.order)
    same = a is b
    want = [
        [Fraction(int(same and i == m and j == k), da) for k in range(db) for m in range(db)]
        for i in range(da)
        for j in range(da)
    ]
    return gram == ExactArray.of(want).over(CyclotomicField(1))


@given(irreducible(16))
def test_irreps_multiply_as_their_group_does_by_generators_and_by_all_pairs(rho):
    assert rho.is_homomorphism
    assert multiplies(rho)


@given(irreducible(16), st.data())
def test_one_changed_matrix_is_no_homomorphism_by_either_test(rho, data):
    x = data.draw(st.integers(0, rho.group.order - 1))
    numerators = rho.matrices.numerators.copy()
    numerators[x, 0, 0, 0] += 1
    wrong = Representation(rho.group, ExactArray(rho.field, numerators, rho.matrices.denominator))
    assert not wrong.is_homomorphism
    assert not multiplies(wrong)
    defect = wrong.defect()
    g, h = defect.worst
    residual = wrong.matrices[g] @ wrong.matrices[h] - wrong.matrices[int(rho.group.table[g, h])]
    assert squared_size(residual[None]) == [defect.size]
    assert 0 < defect.failing <= defect.pairs == rho.group.order**2


@given(finite_groups(16).flatmap(lambda g: st.tuples(st.sampled_from(irreps(g)), st.sampled_from(irreps(g)))))
def test_schur_intertwiners_are_scalars_and_matrix_coefficients_orthogonal(pair):
    a, b = pair
    assert schur(a, b)
    assert matrix_coefficients_orthogonal(a, b)


def test_schur_fails_for_a_reducible_one_and_over_a_field_that_is_too_small():
    d4 = irreps(dihedral(4))
    twice = d4[4].sum(d4[4])
    assert not schur(twice, twice)
    assert not matrix_coefficients_orthogonal(d4[0].sum(d4[1]), d4[0].sum(d4[1]))
    # C3 by rotations of the plane: no invariant line over Q, yet its intertwiners a + b R have dimension 2
    turn = Representation.from_generators(cyclic(3), {1: ExactArray.of([[0, -1], [1, -1]])})
    assert not schur(turn, turn)
    assert decompose(turn).multiplicities == (0, 1, 1)


@given(finite_groups(12), st.sampled_from([2, 3, 5, 7, 11]))
def test_the_regular_representation_multiplies_over_every_field(group, p):
    assert regular_representation(group, PrimeField(p)).is_homomorphism
    modular = regular_representation(group, PrimeField(p))
    assert intertwiners_dimension(modular, modular) == group.order


def test_defect_names_the_first_failing_pair():
    group = dihedral(4)
    wrong = Representation.from_matrices(group, [[[1]]] * 7 + [[[-1]]])
    defect = wrong.defect()
    assert defect.pair == (1, 6)
    assert defect.failing == sum(
        wrong(g).entry(0, 0) * wrong(h).entry(0, 0) != wrong(int(group.table[g, h])).entry(0, 0)
        for g in range(8)
        for h in range(8)
    )
    with pytest.raises(NotARepresentation, match="Not a homomorphism"):
        decompose(wrong)
    with pytest.raises(NotARepresentation, match="square"):
        Representation.from_matrices(group, [[[1]]] * 3)
    with pytest.raises(NotARepresentation, match="generate only 4 of 8"):
        Representation.from_generators(group, {1: ExactArray.of([[1]])})


def test_generators_extend_to_the_whole_group():
    group = dihedral(4)
    r, s = ExactArray.of([[parse("i"), 0], [0, parse("-i")]]), ExactArray.of([[0, 1], [1, 0]])
    assert Representation.from_generators(group, {1: r, 4: s}).defect() is None
    assert Representation.from_generators(group, {1: s, 4: r}).defect() is not None


@given(finite_groups(12))
def test_restriction_and_frobenius_reciprocity_for_the_trivial_representation(group):
    """<1_H, R|H> = dimension of H-fixed vectors = <permutation on cosets, R>."""
    h = max(group.subgroups, key=lambda s: (len(s) < group.order, len(s)))
    assume(len(h) < group.order)
    cosets = sorted({tuple(sorted(int(y) for y in group.table[x, list(h)])) for x in range(group.order)})
    place = {x: k for k, c in enumerate(cosets) for x in c}
    images = np.array([[place[int(group.table[g, c[0]])] for c in cosets] for g in range(group.order)])
    induced = permutation_representation(group, images)
    assert induced.defect() is None
    for part in irreps(group):
        fixed = restrict(part, h).character.sum().entry() / len(h)
        assert fixed == induced.character.entrywise(part.character.conj()).sum().entry() / group.order


def test_tensor_dual_and_sum_have_the_characters_that_they_should():
    a, b = irreps(symmetric(4))[2:4]
    assert a.tensor(b).character == a.character.entrywise(b.character)
    assert a.tensor(b).defect() is None
    assert a.sum(b).character == a.character + b.character
    chi = irreps(cyclic(3))[1]
    assert chi.dual().character == chi.character.conj()
    assert a.indicator == 1
    assert irreps(quaternion())[4].indicator == -1


def eye(size: int) -> ExactArray:
    return ExactArray.eye(size, CyclotomicField(1))


def test_matrices_that_multiply_along_the_first_generator_only_are_no_homomorphism():
    """R(r^k s^j) = A^k B^j with the right A and B of order 4: every product with r on the left is right, those with s are not."""
    group = dihedral(4)
    A, B = ExactArray.of([[0, -1], [1, 0]]), ExactArray.of([[0, 1], [-1, 0]])
    power = [eye(2), A, A @ A, A @ A @ A]
    wrong = Representation(group, stack([*power, *(x @ B for x in power)]))
    everything = np.arange(8)
    r, s = group.index("r"), group.index("s")
    assert (wrong.matrices[r][None] @ wrong.matrices) == wrong.matrices[group.multiply(r, everything)]
    assert not wrong.is_homomorphism
    assert wrong.defect().pair[0] >= s


def test_the_dual_in_its_own_basis_is_the_transpose_of_the_inverse():
    sheared = irreps(symmetric(3))[2].change_basis(ExactArray.of([[1, 2], [0, 1]]))
    assert sheared.dual().is_homomorphism
    pairing = sheared.dual().matrices.T @ sheared.matrices  # <R*(g) f, R(g) v> = <f, v>
    assert pairing == eye(2)[None][[0] * 6]


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: regular_representation(dihedral(4)).sum(regular_representation(quaternion())), NotARepresentation, "one group"),
        (lambda: regular_representation(dihedral(4)).tensor(regular_representation(cyclic(8))), NotARepresentation, "one group"),
        (lambda: trivial_representation(cyclic(2)).inner(trivial_representation(cyclic(3))), NotARepresentation, "one group"),
        (lambda: permutation_representation(cyclic(2), np.full((2, 3), -1)), NotARepresentation, "points 0..2, got -1..-1"),
        (lambda: permutation_representation(cyclic(2), np.zeros((2, 3))), NotARepresentation, "integers of shape"),
    ],
)  # fmt: skip
def test_representations_that_cannot_be_meant_are_refused(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()


@given(st.sampled_from([dihedral(3), quaternion(), alternating(4)]))
def test_generators_are_taken_by_name_and_as_nested_lists(group):
    part = irreps(group)[-1]
    by_name = {group.names[g]: part.matrices[g].tolist() for g in group.generators}
    assert Representation.from_generators(group, by_name).matrices == part.matrices
