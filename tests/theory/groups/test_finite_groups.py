"""Finite groups: structure against counting and against SymPy's permutation groups; tables, permutations and matrices that are refused, and in which words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from sympy.combinatorics import Permutation, PermutationGroup

from proofs_checks.strategies.groups import broken_tables, finite_groups, permutation_generators, relabelled_tables
from theory.arithmetic.cyclotomic import zeta
from theory.arithmetic.matrices import ExactArray
from theory.groups import FiniteGroup, GroupTooLarge, NotAGroup
from theory.groups.cayley_tables import first_failure, latin_failure
from theory.groups.families import (
    cyclic,
    describe,
    dihedral,
    direct_product,
    heisenberg,
    regular_images,
    symmetric,
    wreath_product,
)


@given(relabelled_tables())
def test_a_shuffled_group_table_is_a_group_of_the_same_type(table):
    group = FiniteGroup.from_cayley_table(table)
    assert first_failure(table) is None
    assert (group.table[0] == np.arange(group.order)).all()
    assert (group.table[np.arange(group.order), group.inverses] == 0).all()


@given(broken_tables())
def test_one_changed_cell_breaks_the_group(table):
    failure = first_failure(table)
    assert failure is not None
    assert latin_failure(table) is not None
    with pytest.raises(NotAGroup):
        FiniteGroup.from_cayley_table(table)


def test_tables_that_are_no_tables_are_refused():
    for bad in ([], [[0, 1]], [[]]):
        with pytest.raises(ValueError, match="square table"):
            FiniteGroup.from_cayley_table(bad)


@given(finite_groups())
def test_classes_partition_the_group_and_their_sizes_are_indices_of_centralisers(group):
    members = sorted(x for c in group.classes for x in c.members)
    assert members == list(range(group.order))
    for c in group.classes:
        centraliser = int((group.table[c.representative] == group.table[:, c.representative]).sum())
        assert len(c) * centraliser == group.order
        assert {int(group.orders[x]) for x in c.members} == {c.order}
    assert list(group.classes) == sorted(group.classes, key=lambda c: (c.order, len(c), c.representative))


@given(finite_groups(16))
def test_orders_centre_and_derived_subgroup_agree_with_their_definitions(group):
    n, t, inv = group.order, group.table, group.inverses
    for x in range(n):
        assert group.power(x, int(group.orders[x])) == 0
        assert all(group.power(x, k) for k in range(1, int(group.orders[x])))
    assert group.centre == tuple(x for x in range(n) if (t[x] == t[:, x]).all())
    commutators = {int(t[t[a, b], t[inv[a], inv[b]]]) for a in range(n) for b in range(n)}
    assert group.derived_subgroup == group.subgroup(commutators)
    assert group.is_abelian == (len(group.centre) == n)


def test_bad_permutations_are_refused():
    for bad in ([[0, 0]], [[1, 2]], [[0, 1], [0]], []):
        with pytest.raises(ValueError, match="ermutation"):
            FiniteGroup.from_permutations(bad)
    with pytest.raises(GroupTooLarge, match="more than 100"):
        FiniteGroup.from_permutations([[1, 0, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0]], limit=100)


def test_matrix_groups_close_or_say_that_they_are_too_large():
    i = zeta(4)
    group, matrices = FiniteGroup.from_matrices([ExactArray.of([[i, 0], [0, -i]]), ExactArray.of([[0, 1], [-1, 0]])])
    assert describe(group) == "Q8"
    assert all((matrices[a] @ matrices[b]) == matrices[int(group.table[a, b])] for a in range(8) for b in range(8))
    with pytest.raises(GroupTooLarge, match="infinitely many"):
        FiniteGroup.from_matrices([ExactArray.of([[1, 1], [0, 1]])], limit=50)
    with pytest.raises(ZeroDivisionError, match="singular"):
        FiniteGroup.from_matrices([ExactArray.of([[1, 1], [1, 1]])])


@given(permutation_generators(5))
@settings(max_examples=30)
def test_permutation_groups_agree_with_sympy(generators):
    ours = FiniteGroup.from_permutations(generators)
    theirs = PermutationGroup([Permutation(list(g)) for g in generators])
    assert ours.order == theirs.order()
    assert ours.is_abelian == theirs.is_abelian
    assert ours.is_solvable == theirs.is_solvable
    assert len(ours.centre) == theirs.center().order()
    assert len(ours.derived_subgroup) == theirs.derived_subgroup().order()
    assert sorted(len(c) for c in ours.classes) == sorted(len(c) for c in theirs.conjugacy_classes())
    elements = {tuple(p.array_form) for p in theirs.elements}
    assert {tuple(row) for row in ours.elements.tolist()} == elements
    a, b = ours.order // 2, ours.order - 1
    product = Permutation(ours.elements[b].tolist()) * Permutation(
        ours.elements[a].tolist()
    )  # SymPy applies the left factor first
    assert product.array_form == ours.elements[int(ours.multiply(a, b))].tolist()
    assert Permutation(ours.elements[a].tolist()).order() == int(ours.orders[a])


def test_sympys_other_convention_for_products_is_told_apart():
    s3 = symmetric(3)
    a, b = s3.generators
    assert int(s3.multiply(a, b)) != int(s3.multiply(b, a))
    wrong = Permutation(s3.elements[a].tolist()) * Permutation(s3.elements[b].tolist())
    assert wrong.array_form != s3.elements[int(s3.multiply(a, b))].tolist()


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: FiniteGroup.from_matrices([ExactArray.of([[1, 2], [2, 4]])]), ZeroDivisionError, "rank 1 of 2"),
        (lambda: FiniteGroup.from_matrices([ExactArray.of([[1]]), ExactArray.of([[1, 0], [0, 1]])]), ValueError, "one size"),
        (lambda: symmetric(8).table, GroupTooLarge, r"at most 4096\). Use .elements and .multiply"),
        (lambda: FiniteGroup.from_permutations([[*range(1, 9), 0], [1, 0, *range(2, 9)]]), GroupTooLarge, "200000 elements.*PermutationGroup"),
        (lambda: direct_product(*[cyclic(2)] * 13), GroupTooLarge, "tables stop at 4096"),
        (lambda: heisenberg(17), GroupTooLarge, "4913 elements"),
        (lambda: symmetric(3).restrict([0, 1, 2]), ValueError, "lies outside"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_what_to_do(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()


@pytest.mark.parametrize(
    "table",
    [
        [[0, 1.5], [1, 0]],
        [[0.0, 1.0], [1.0, 0.0]],
        [["e", "a"], ["a", "e"]],
        [[0, 1], [1]],
        [[True]],
        [[float("nan")]],
        [[None]],
    ],
)
def test_a_table_that_is_not_of_integers_is_refused_and_never_rounded(table):
    with pytest.raises(ValueError, match="Expected a table of integers"):
        FiniteGroup.from_cayley_table(table)


def test_permutations_come_as_arrays_too_and_never_as_floats():
    assert FiniteGroup.from_permutations(regular_images(cyclic(3))).order == 3
    assert wreath_product(cyclic(2), FiniteGroup.from_permutations(regular_images(cyclic(3)))).order == 24
    with pytest.raises(ValueError, match="generator 0 as a list of integers"):
        FiniteGroup.from_permutations([[0.0, 1.0]])
    with pytest.raises(ValueError, match="a list of permutations, each a list of images"):
        FiniteGroup.from_permutations([1, 2, 0])
    with pytest.raises(ValueError, match="at least one permutation"):
        FiniteGroup.from_permutations(np.empty((0, 3), dtype=int))


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: dihedral(2.5), ValueError, "integer n >= 1, got 2.5"),
        (lambda: cyclic(True), ValueError, "integer n >= 1, got True"),
        (lambda: cyclic(100_000), ValueError, "100000 elements; tables stop at 4096"),
        (lambda: symmetric(100_000), ValueError, "more than 10.100000 elements"),
        (lambda: FiniteGroup.from_presentation("aa", ["a^2"]), ValueError, "'a' twice"),
        (lambda: FiniteGroup.from_cayley_table([[0, 1], [1, 0]], names=["a"]), ValueError, "name for each of the 2"),
        (lambda: FiniteGroup.from_cayley_table([[0, 1], [1, 0]], names=["a", "a"]), ValueError, "'a' more than once"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()
