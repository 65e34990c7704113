"""Finite groups: axioms decided exactly, structure against counting, named families, presentations."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks.strategies.groups import broken_tables, finite_groups, permutation_generators, relabelled_tables
from theory.cyclotomic import zeta
from theory.exact_matrices import ExactArray
from theory.groups import FiniteGroup, GroupTooLarge, NotAGroup
from theory.groups.cayley_tables import first_failure, latin_failure, light_test, magma_generators, two_sided_identity
from theory.groups.families import (
    abelian_invariants,
    alternating,
    cyclic,
    describe,
    dicyclic,
    dihedral,
    direct_product,
    quaternion,
    small_groups,
    symmetric,
)
from theory.groups.presentations import WordError, from_presentation, read_relation, read_word


def associates_by_brute_force(table):
    n = range(len(table))
    return all(table[table[x, y], z] == table[x, table[y, z]] for x, y, z in product(n, repeat=3))


def magmas(max_order=5):
    def rows(n):
        return st.lists(st.lists(st.integers(0, n - 1), min_size=n, max_size=n), min_size=n, max_size=n).map(np.array)

    return st.integers(1, max_order).flatmap(rows)


@given(st.one_of(magmas(), broken_tables(6), relabelled_tables(8)))
def test_light_test_decides_associativity_as_all_triples_do(table):
    triple = light_test(table)
    assert (triple is None) == associates_by_brute_force(table)
    if triple is not None:
        x, g, y = triple
        assert table[table[x, g], y] != table[x, table[g, y]]


def test_light_test_on_every_magma_of_order_two_and_a_generator_too_few_is_caught():
    associative = [t for t in (np.array(c).reshape(2, 2) for c in product(range(2), repeat=4)) if light_test(t) is None]
    assert len(associative) == 8  # semigroup operations on a labelled pair
    # the mutant: trying one generator only calls this table associative
    table = np.array([[0, 1, 2], [1, 2, 0], [2, 0, 0]])
    g = magma_generators(table)[0]
    assert (table[table[:, g], :] == table[:, table[g, :]]).all()
    assert light_test(table) is not None


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


@pytest.mark.parametrize(
    ("table", "axiom"),
    [
        ([[0, 3], [1, 0]], "closure"),
        ([[0, 0], [1, 0]], "associativity"),
        ([[0, 1], [0, 1]], "identity"),
        ([[0, 0], [0, 1]], "inverses"),
    ],
)
def test_the_first_axiom_that_fails_is_named(table, axiom):
    assert first_failure(np.array(table)).axiom == axiom


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


@given(permutation_generators(5))
def test_permutation_closure_is_what_brute_force_gives(generators):
    m = len(generators[0])
    seen, new = {tuple(range(m))}, [tuple(range(m))]
    while new:
        new = [p for p in {tuple(a[g[x]] for x in range(m)) for a in new for g in generators} if p not in seen]
        seen |= set(new)
    group = FiniteGroup.from_permutations(generators)
    assert {tuple(row) for row in group.elements.tolist()} == seen
    assert tuple(group.elements[0]) == tuple(range(m))
    a, b = group.order - 1, group.order // 2
    assert (group.elements[group.table[a, b]] == group.elements[a][group.elements[b]]).all()


def test_bad_permutations_are_refused():
    for bad in ([[0, 0]], [[1, 2]], [[0, 1], [0]], []):
        with pytest.raises(ValueError, match="ermutation"):
            FiniteGroup.from_permutations(bad)
    with pytest.raises(GroupTooLarge, match="more than 100"):
        FiniteGroup.from_permutations([[1, 0, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0]], limit=100)


def test_all_28_groups_up_to_order_15_are_groups_and_pairwise_not_isomorphic():
    groups = small_groups(15)
    assert [sum(g.order == n for g in groups) for n in range(1, 16)] == [1, 1, 1, 2, 1, 2, 1, 5, 2, 2, 1, 5, 1, 2, 1]
    assert all(first_failure(g.table) is None for g in groups)
    assert all(groups[i].isomorphism(groups[j]) is None for i in range(28) for j in range(i))
    for g in groups:
        assert g.isomorphism(g) is not None


def test_counts_of_subgroups_are_the_known_ones():
    known = {"D4": 10, "Q8": 6, "A4": 10, "C12": 6, "C2xC2xC2": 16, "D6": 16, "Dic3": 8}
    assert {g.label: len(g.subgroups) for g in small_groups() if g.label in known} == known
    assert len(symmetric(4).subgroups) == 30


def test_isomorphism_is_a_bijective_homomorphism():
    d3, s3 = dihedral(3), symmetric(3)
    images = np.array(d3.isomorphism(s3))
    assert sorted(images) == list(range(6))
    assert (s3.table[np.ix_(images, images)] == images[d3.table]).all()
    assert dihedral(4).isomorphism(quaternion()) is None


@pytest.mark.parametrize(
    ("group", "name"),
    [
        (dihedral(4), "D4"), (quaternion(), "Q8"), (symmetric(4), "S4"), (alternating(5), "A5"), (cyclic(12), "C3 x C4"), (cyclic(1), "trivial group"),
        (direct_product(cyclic(2), cyclic(4)), "C2 x C4"), (dicyclic(3), "Dic3"), (direct_product(symmetric(3), cyclic(3)), "a nonabelian group of order 18"),
    ],
)  # fmt: skip
def test_describe_names_the_type(group, name):
    assert describe(group) == name


@given(st.lists(st.sampled_from([2, 3, 4, 5, 8, 9]), min_size=1, max_size=3))
def test_abelian_invariants_are_recovered(powers):
    assert abelian_invariants(direct_product(*map(cyclic, powers))) == tuple(sorted(powers))


def test_matrix_groups_close_or_say_that_they_are_too_large():
    i = zeta(4)
    group, matrices = FiniteGroup.from_matrices([ExactArray.of([[i, 0], [0, -i]]), ExactArray.of([[0, 1], [-1, 0]])])
    assert describe(group) == "Q8"
    assert all((matrices[a] @ matrices[b]) == matrices[int(group.table[a, b])] for a in range(8) for b in range(8))
    with pytest.raises(GroupTooLarge, match="infinitely many"):
        FiniteGroup.from_matrices([ExactArray.of([[1, 1], [0, 1]])], limit=50)
    with pytest.raises(ZeroDivisionError, match="singular"):
        FiniteGroup.from_matrices([ExactArray.of([[1, 1], [1, 1]])])


@pytest.mark.parametrize(
    ("letters", "relations", "name"),
    [
        ("rs", ["r^4", "s^2", "s*r*s = r^-1"], "D4"),
        ("rs", ["r^4", "s^2", "s*r*s = r"], "C2 x C4"),
        ("ab", ["a^4", "a^2 = b^2", "b*a*b^-1 = a^-1"], "Q8"),
        ("ab", ["a^2", "b^3", "a*b*a*b*a*b*a*b*a*b"], "A5"),
        ("a", ["a^15", "a^10"], "C5"),
        ("ab", ["a*b", "b*a*b*a*a"], "trivial group"),
    ],
)
def test_presentations_give_the_group_that_they_are_known_to(letters, relations, name):
    group, images = from_presentation(list(letters), [read_relation(r, letters) for r in relations])
    assert describe(group) == name
    assert first_failure(group.table) is None
    assert group.order == len(group.subgroup(images.values()))


def test_presentations_of_infinite_groups_stop_and_say_so():
    with pytest.raises(GroupTooLarge, match="infinite"):
        from_presentation(["a", "b"], [read_relation("a*b = b*a", "ab")], limit=500)


def test_words_are_read_and_refused():
    assert read_word("r^2*s", "rs") == (1, 1, 2)
    assert read_word("e", "rs") == ()
    assert read_word("r^-2 s", "rs") == (-1, -1, 2)
    for bad in ("", "q", "r**2", "r^", "(r", "r)", "()", "(r*)", "r*", "*r", "r^99999", "(r*s)^1001", "r^2^3"):
        with pytest.raises(WordError):
            read_word(bad, "rs")


def test_every_group_of_order_at_most_three_among_all_tables():
    """256 tables of order 2 and below, 19683 of order 3: those that pass are exactly the relabelled cyclic groups."""
    for n, count in ((1, 1), (2, 2)):
        tables = [np.array(c).reshape(n, n) for c in product(range(n), repeat=n * n)]
        assert sum(first_failure(t) is None for t in tables) == count
    rows = list(permutations(range(3)))
    latin = [
        np.array(t) for t in product(rows, repeat=3) if all(len({t[i][j] for i in range(3)}) == 3 for j in range(3))
    ]
    assert sum(first_failure(t) is None for t in latin) == 3
    assert sum(two_sided_identity(t) is not None for t in latin) == 3
