"""Labelled actions against counts made by other means, and what transitions leave of them."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import pytest

from theory.groups import labelled_actions as actions
from theory.groups import observed_transitions as transitions


@pytest.mark.parametrize(("a", "b"), [(2, 2), (2, 3), (3, 2)])
def test_both_lists_hold_the_same_actions(a, b):
    assert set(actions.by_search(a, b)) == set(actions.by_labelling(a, b))
    assert len(actions.by_search(a, b)) == factorial(a * b - 1)


def test_the_published_counts_and_the_one_that_forgets_the_factors():
    assert [actions.relabelled_count(*pair) for pair in actions.SIZES] == [6, 60, 2520]
    assert [actions.holomorph_count(*pair) for pair in actions.SIZES] == [1, 60, 630]
    assert [actions.partitions_count(*pair) for pair in actions.SIZES] == [6, 60, 840]


def test_one_step_of_each_factor_leaves_one_action_of_two_by_two_and_six_of_two_by_three():
    assert actions.left_by_one_step_each(actions.by_search(2, 2)) == 1
    assert actions.left_by_one_step_each(actions.by_search(2, 3)) == 6


def test_a_tree_that_reaches_all_states_but_one_identifies_and_all_but_two_does_not():
    for missing, left in ((0, 1), (1, 1), (2, 2)):
        for a, b, seen in transitions.spanning_trees(missing=missing):
            assert sum(actions.fits(x, seen) for x in actions.by_search(a, b)) == left


def test_trees_miss_any_states_and_not_the_last_ones_only():
    missed = {
        frozenset(range(6)) - {x for arc in seen for x in (arc[0], arc[2])}
        for a, b, seen in transitions.spanning_trees(((2, 3),), missing=1)
    }
    assert missed == {frozenset([x]) for x in range(6)}


def test_three_transitions_that_do_not_hang_together_may_identify_an_action_of_two_by_three():
    left = [
        sum(actions.fits(x, seen) for x in actions.by_search(2, 3)) for seen in combinations(transitions.arcs(2, 3), 3)
    ]
    assert (len(left), left.count(1)) == (220, 24)


def test_a_reversed_factor_undoes_a_step():
    (A, B), (back, same) = actions.by_labelling(3, 2)[5], transitions.reversed_factor(actions.by_labelling(3, 2)[5])
    assert [back[x] for x in A] == list(range(6))
    assert same == B
    assert back != A


@pytest.mark.parametrize(("n", "length"), [(4, 2), (6, 2), (6, 3), (8, 4)])
def test_permutations_with_equal_cycles_are_as_many_as_their_class(n, length):
    found = list(actions.of_cycle_length(n, length))
    count = n // length
    assert len(set(found)) == len(found) == factorial(n) // (length**count * factorial(count))
    assert all(actions.power(x, length) == tuple(range(n)) for x in found)
