"""Multiplication tables: Light's test against all triples, and the first axiom that fails by name."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks.strategies.groups import broken_tables, relabelled_tables
from theory.groups import FiniteGroup
from theory.groups.cayley_tables import first_failure, latin_failure, light_test, magma_generators, two_sided_identity


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


def test_a_latin_table_that_is_not_associative_is_refused_with_its_first_failing_triple():
    table = np.array(
        [[0, 1, 2, 3, 4], [1, 0, 3, 4, 2], [2, 4, 0, 1, 3], [3, 2, 4, 0, 1], [4, 3, 1, 2, 0]]
    )  # a loop of order 5
    assert latin_failure(table) is None
    x, g, y = light_test(table)
    with pytest.raises(ValueError, match=rf"\({x} \* {g}\) \* {y} = "):
        FiniteGroup.from_cayley_table(table)
