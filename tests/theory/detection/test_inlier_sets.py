"""Sets of a given mass, held against definitions written out anew, and the two algorithms of each decision against each other."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain, combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.detection import inlier_sets


def subsets(items):
    items = list(items)
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))


@given(st.lists(st.integers(1, 9), max_size=9), st.integers(0, 40))
def test_sets_of_a_mass_are_counted_alike(weights, mass):
    counted = sum(sum(chosen) == mass for chosen in subsets(weights))
    assert inlier_sets.count_sets(weights, mass) == counted == inlier_sets.count_by_generating_function(weights, mass)


@given(st.integers(1, 12), st.data())
def test_equal_cells_have_binomially_many_sets(n, data):
    k = data.draw(st.integers(0, n))
    assert inlier_sets.count_by_generating_function((1,) * n, k) == comb(n, k)


@given(st.lists(st.integers(1, 4), max_size=3), st.integers(0, 4), st.data())
def test_a_continuum_needs_a_proper_part_of_the_atomless_mass(atoms, dust, data):
    mass = data.draw(st.integers(0, sum(atoms) + dust))
    infinite = any(0 < mass - sum(chosen) < dust for chosen in subsets(atoms))
    assert inlier_sets.splits_dust(atoms, dust, mass) is infinite
    assert inlier_sets.splits_dust_set_by_set(atoms, dust, mass) is infinite
    assert inlier_sets._grows((tuple(atoms), dust, mass)) is infinite
    assert inlier_sets._grows_by_binomials((tuple(atoms), dust, mass)) is infinite


def test_distributions_with_an_atom_and_two_sets_only_or_a_continuum():
    assert not inlier_sets.splits_dust(
        (1,), 1, 1
    )  # an atom of one half and as much without atoms, alpha = 1/2: two sets
    assert inlier_sets.splits_dust((2,), 2, 3)  # the same, alpha = 1/4
    assert not inlier_sets.splits_dust((2, 1), 0, 2)


@pytest.mark.parametrize("n", range(1, 8))
def test_sets_of_more_than_half_the_cells_overlap_and_others_need_not(n):
    for k in range(1, n + 1):
        assert inlier_sets.least_overlap(n, k) == inlier_sets.least_overlap_by_counting(n, k)
        assert (inlier_sets.least_overlap(n, k) > 0) == (2 * k > n)


@given(st.integers(1, 6), st.data())
def test_cantors_function_is_the_same_by_digits_and_by_cylinders(depth, data):
    x = Fraction(data.draw(st.integers(0, 3**depth)), 3**depth)
    value = inlier_sets.cantor_by_digits(x, depth)
    assert value == inlier_sets.cantor_by_cylinders(x, depth)
    assert inlier_sets.cantor_by_digits(1 - x, depth) == 1 - value  # its symmetry
    assert inlier_sets.cantor_by_digits(x / 3, depth + 1) == value / 2  # its self-similarity


@pytest.mark.parametrize(
    "family",
    [
        inlier_sets.equal_cells(7),
        inlier_sets.every_atom_and_dust(2, 4),
        inlier_sets.whole(5),
        inlier_sets.overlaps(6).of,
    ],
)
def test_families_have_the_size_that_their_formula_says(family):
    listed = list(family)
    assert len(listed) == len(set(listed)) == family.size
