"""Representations: character tables and irreps as laws over generated groups, decomposition, Maschke, exact matrices."""

from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from proofs_checks.strategies.groups import finite_groups
from theory.cyclotomic import zeta
from theory.exact_elimination import echelon_mod
from theory.exact_matrices import CyclotomicField, ExactArray, PrimeField, block_diagonal, hstack, join
from theory.groups import FiniteGroup
from theory.groups.families import alternating, cyclic, dihedral, quaternion, small_groups, symmetric
from theory.noncommutative import BLOCK_IDENTITIES, BlockIdentity, holds_freely, holds_in_matrices
from theory.number_grammar import parse
from theory.representations import (
    NotARepresentation,
    Representation,
    decompose,
    intertwiners_dimension,
    irreps,
    permutation_representation,
    regular_representation,
    restrict,
)
from theory.representations.character_tables import character_table, linear_characters, modulo, split_prime
from theory.representations.modular_decompositions import _chain, _random_commuting
from theory.representations.modules import (
    CharacteristicDividesOrder,
    NoComplement,
    NotInvariant,
    average,
    complement_by_equations,
    invariant_complement,
    orthogonal_complement,
    projector_onto,
    proper_submodule,
    require_invariant,
    shear_module,
    spin,
    split_completely,
    unitarising_form,
)


def matrices(size=3, field=None):
    cell = st.integers(-4, 4)
    return st.lists(st.lists(cell, min_size=size, max_size=size), min_size=size, max_size=size).map(
        lambda rows: ExactArray.of(rows, field)
    )


# -- exact matrices


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


# -- character tables


def weighted_gram(table):
    sizes = ExactArray.of(
        [[int(i == j) * s for j in range(len(table.degrees))] for i, s in enumerate(table.class_sizes)]
    )
    return table.array @ sizes @ table.array.H


@given(finite_groups())
def test_character_tables_satisfy_both_orthogonalities_and_sum_of_squares(group):
    table = character_table(group)
    k = len(group.classes)
    assert sum(d * d for d in table.degrees) == group.order
    assert weighted_gram(table) == ExactArray.eye(k, table.array.field) * group.order
    columns = (table.array.H @ table.array).tolist()
    for a in range(k):
        for b in range(k):
            assert columns[a][b] == (group.order // table.class_sizes[a] if a == b else 0)
    assert list(table.degrees) == sorted(table.degrees)
    assert all(v == 1 for v in table.values[0])


@given(finite_groups())
def test_indicators_count_square_roots_of_the_identity(group):
    """Frobenius and Schur: sum of indicator times degree is the number of x with x^2 = e."""
    table = character_table(group)
    roots = int((group.table[np.arange(group.order), np.arange(group.order)] == 0).sum())
    assert sum(s * d for s, d in zip(table.indicators, table.degrees, strict=True)) == roots


def test_a_wrong_entry_breaks_the_orthogonality_law():
    table = character_table(symmetric(3))
    spoiled = ExactArray(table.array.field, table.array.numerators.copy())
    spoiled.numerators[2, 1, 0] += 1
    assert weighted_gram(type(table)(table.group, spoiled)) != ExactArray.eye(3, table.array.field) * 6


def test_known_tables():
    assert character_table(symmetric(4)).degrees == (1, 1, 2, 3, 3)
    a5 = character_table(alternating(5))
    assert a5.degrees == (1, 3, 3, 4, 5)
    assert a5.class_sizes == (1, 15, 20, 12, 12)
    golden = -(zeta(5) ** 2) - zeta(5) ** 3
    assert golden in a5.values[1]
    assert set(a5.indicators) == {1}
    assert character_table(quaternion()).indicators == (1, 1, 1, 1, -1)
    assert character_table(cyclic(3)).indicators == (1, 0, 0)
    assert "zeta(3)" in character_table(alternating(4)).text()


def test_relabelling_the_group_gives_the_same_degrees_and_indicators():
    group = dihedral(6)
    order = np.random.default_rng(1).permutation(12)
    other = FiniteGroup.from_cayley_table(np.argsort(order)[group.table[np.ix_(order, order)]])
    a, b = character_table(group), character_table(other)
    assert (a.degrees, a.indicators, a.class_sizes, a.class_orders) == (
        b.degrees,
        b.indicators,
        b.class_sizes,
        b.class_orders,
    )
    assert sorted(map(str, (row for line in a.values for row in line))) == sorted(
        map(str, (row for line in b.values for row in line))
    )


@given(finite_groups(16))
def test_linear_characters_are_all_homomorphisms_into_roots_of_unity(group):
    rows, e = linear_characters(group), group.exponent
    assert len(rows) == group.order // len(group.derived_subgroup)
    assert len({tuple(r) for r in rows.tolist()}) == len(rows)
    for row in rows:
        assert ((row[:, None] + row[None, :] - row[group.table]) % e == 0).all()


# -- irreps and decomposition


@given(finite_groups())
@settings(max_examples=25)
def test_irreps_are_homomorphisms_with_their_character_and_keep_their_form(group):
    table = character_table(group)
    for row, part in enumerate(irreps(group)):
        assert part.defect() is None
        assert part.character == table.array[row][group.class_of]
        assert intertwiners_dimension(part, part) == 1
        assert (part.matrices.H @ part.form[None] @ part.matrices - part.form[None]).is_zero


@pytest.mark.parametrize("group", [dihedral(4), dihedral(5), quaternion(), symmetric(4), alternating(4)], ids=repr)
def test_the_regular_representation_holds_each_irrep_as_often_as_its_degree(group):
    found = decompose(regular_representation(group))
    assert found.verify()
    assert found.multiplicities == tuple(part.degree for part in found.irreps)
    assert (
        found.commutant_dimension == intertwiners_dimension(found.representation, found.representation) == group.order
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
    found = decompose(whole.conjugated(basis @ basis.T))
    assert found.verify()
    assert found.multiplicities == tuple(chosen.count(k) for k in range(5))


def test_a_decomposition_with_a_wrong_basis_does_not_verify():
    found = decompose(regular_representation(dihedral(3)))
    spoiled = type(found)(
        found.representation, found.irreps, found.multiplicities, found.basis + ExactArray.of([[1] * 6] * 6)
    )
    assert not spoiled.verify()


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


# -- Maschke


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
    slanted = Representation.from_generators(group, {1: ExactArray.of([[1, 1], [0, -1]])})
    line = ExactArray.of([[1], [0]])
    with pytest.raises(NotInvariant, match="moves it"):
        require_invariant(slanted, orthogonal_complement(line, ExactArray.eye(2, line.field)))
    form = unitarising_form(slanted)
    assert (slanted.matrices.H @ form[None] @ slanted.matrices - form[None]).is_zero
    require_invariant(slanted, orthogonal_complement(line, form))


@pytest.mark.parametrize("identity", BLOCK_IDENTITIES, ids=str)
def test_block_identities_hold_by_both_algorithms(identity):
    assert holds_freely(identity)
    assert holds_in_matrices(identity)


def test_a_false_block_identity_is_refused_by_both_algorithms():
    true = BLOCK_IDENTITIES[2]
    false = BlockIdentity("without R(h) on the right", true.left, BLOCK_IDENTITIES[1].left)
    assert not holds_freely(false)
    assert not holds_in_matrices(false)


def test_irreps_of_all_groups_up_to_order_fifteen_exist():
    for group in small_groups(15):
        assert [part.degree for part in irreps(group)] == list(character_table(group).degrees)


# -- fast ways to the same numbers -------------------------------------------------------------------------------------


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


@given(st.integers(0, 10**6), st.sampled_from([2, 7, 65537, 2**29 - 3]), st.integers(1, 40), st.integers(1, 40))
@settings(max_examples=25)
def test_echelon_forms_with_late_remainders_are_those_of_flint(seed, p, rows, columns):
    from flint import nmod_mat

    matrix = np.random.default_rng(seed).integers(0, p, (rows, columns))
    matrix[rows // 2 :] = matrix[rows // 2 :] * (seed % 2)  # ranks that are not full, too
    found, pivots = echelon_mod(matrix, p)
    expected, rank = nmod_mat(rows, columns, matrix.ravel().tolist(), p).rref()
    assert len(pivots) == rank
    assert found.ravel().tolist() == [int(c) for c in expected.entries()]


def test_the_mean_up_a_chain_of_subgroups_is_the_mean_over_all_elements():
    group = symmetric(4)
    rho = regular_representation(group, PrimeField(7))
    found = _random_commuting(rho, Random(3))
    rng = Random(3)
    entries = np.array([rng.randrange(7) for _ in range(rho.degree**2)]).reshape(rho.degree, rho.degree, 1)
    total = (rho.matrices @ ExactArray(rho.field, entries)[None] @ rho.matrices[group.inverses]).sum()
    assert found == total * Fraction(1, group.order)
    assert sum(len(step) for step in _chain(group)) < 12


def test_the_printed_form_of_an_irrep_states_field_and_type():
    printed = [repr(r) for r in irreps(quaternion())]
    assert all(text.endswith("over Q, real type") for text in printed[:4])
    assert printed[4].endswith("degree 2 over Q(zeta_4), quaternionic type")
    assert sum(", complex type" in repr(r) for r in irreps(cyclic(5))) == 4
    assert repr(regular_representation(cyclic(2))).endswith("over Q, reducible over C")
    assert repr(regular_representation(cyclic(2), PrimeField(3))).endswith("over F_3")
    none = Representation.from_matrices(
        cyclic(2), [[[2]], [[Fraction(1, 3)]]]
    )  # no homomorphism: nothing is said of its type
    assert "type" not in repr(none)
    assert "reducible" not in repr(none)
