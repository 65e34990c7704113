"""Finite laws, held against definitions written out anew, and the two algorithms of each decision against each other."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain, combinations
from math import comb, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory import finite_laws
from theory.finite_laws import Histogram

MAPS = st.integers(1, 6).flatmap(lambda n: st.tuples(*[st.integers(0, n)] * n))
HISTOGRAMS = st.integers(1, 7).flatmap(
    lambda n: st.builds(
        lambda start, widths, values: Histogram(tuple(start + sum(widths[:k]) for k in range(n + 1)), tuple(values)),
        st.integers(-9, 9),
        st.lists(st.integers(1, 4), min_size=n, max_size=n),
        st.lists(st.integers(0, 5), min_size=n, max_size=n),
    )
)


def subsets(items):
    items = list(items)
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))


@given(MAPS, st.data())
def test_masses_are_kept_exactly_if_preimages_of_images_add_nothing_charged(image, data):
    points = range(len(image))
    charged = data.draw(st.sets(st.sampled_from(list(points)), min_size=1))
    mask = sum(1 << x for x in charged)
    kept = all(
        {x for x in points if image[x] in {image[a] for a in chosen}} & charged == set(chosen) & charged
        for chosen in subsets(points)
    )
    assert finite_laws.masses_by_subsets(image, mask) is kept
    assert finite_laws.masses_by_law(image, mask) is kept
    assert finite_laws.merges_charged_points(image, mask) is not kept
    assert finite_laws.merging_pairs_charged(image, mask) is not kept


@given(MAPS)
def test_injective_maps_and_no_others_keep_every_law_and_every_classifier(image):
    injective = len(set(image)) == len(image)
    for decision in (
        finite_laws.masses_by_subsets,
        finite_laws.gram_is_identity,
        finite_laws.classifier_by_lookup,
        finite_laws.classifier_by_sorting,
    ):
        assert decision(image) is injective


def test_the_enumerations_are_complete():
    assert len(set(finite_laws.bijections(6))) == sum(factorial(n) for n in range(1, 7))
    assert len(set(finite_laws.self_maps(4))) == sum(n**n for n in range(1, 5))
    assert list(finite_laws.squares(1)) == [(0,), (1, 0, 1)]
    widths, values = (1, 2), (0, 1, 2)
    assert len(set(finite_laws.small_histograms(3, widths, values, 1))) == sum(6**n - 2**n for n in (1, 2, 3))


@given(st.lists(st.integers(1, 9), max_size=9), st.integers(0, 40))
def test_sets_of_a_mass_are_counted_alike(weights, mass):
    counted = sum(sum(chosen) == mass for chosen in subsets(weights))
    assert finite_laws.count_by_subsets(weights, mass) == counted == finite_laws.count_by_sums(weights, mass)


@given(st.integers(1, 12), st.data())
def test_equal_cells_have_binomially_many_sets(n, data):
    k = data.draw(st.integers(0, n))
    assert finite_laws.count_by_sums((1,) * n, k) == comb(n, k)


@given(st.lists(st.integers(1, 4), max_size=3), st.integers(0, 4), st.data())
def test_a_continuum_needs_a_proper_part_of_the_dust(atoms, dust, data):
    mass = data.draw(st.integers(0, sum(atoms) + dust))
    infinite = any(0 < mass - sum(chosen) < dust for chosen in subsets(atoms))
    assert finite_laws.splits_dust(atoms, dust, mass) is infinite
    assert finite_laws.splits_dust_by_choice(atoms, dust, mass) is infinite
    for count in (finite_laws.count_by_subsets, finite_laws.count_by_sums):
        assert finite_laws.growing(atoms, dust, mass, count) is infinite


def test_laws_with_an_atom_and_two_sets_only_or_a_continuum():
    assert not finite_laws.splits_dust((1,), 1, 1)  # an atom of one half and dust of one half, alpha = 1/2: two sets
    assert finite_laws.splits_dust((2,), 2, 3)  # the same law, alpha = 1/4
    assert not finite_laws.splits_dust((2, 1), 0, 2)


@pytest.mark.parametrize("n", range(1, 8))
def test_sets_of_more_than_half_the_cells_overlap_and_others_need_not(n):
    for k in range(1, n + 1):
        assert finite_laws.least_overlap_by_pairs(n, k) == finite_laws.least_overlap_by_counting(n, k)
        assert (finite_laws.least_overlap_by_pairs(n, k) > 0) == (2 * k > n)


@given(st.integers(1, 6), st.data())
def test_cantors_function_is_the_same_by_digits_and_by_cylinders(depth, data):
    x = Fraction(data.draw(st.integers(0, 3**depth)), 3**depth)
    value = finite_laws.cantor_by_digits(x, depth)
    assert value == finite_laws.cantor_by_cylinders(x, depth)
    assert finite_laws.cantor_by_digits(1 - x, depth) == 1 - value  # its symmetry
    assert finite_laws.cantor_by_digits(x / 3, depth + 1) == value / 2  # its self-similarity


@given(HISTOGRAMS, st.integers(0, 5))
def test_a_level_set_takes_least_room_in_its_own_coordinates_and_in_stretched_ones(law, level):
    if level >= max(law.densities):
        return
    for chart in (lambda x: x, lambda x: 3 * x - 7):
        assert finite_laws.least_by_subsets(law, level, chart)
        assert finite_laws.least_by_knapsack(law, level, chart)


@given(HISTOGRAMS, st.integers(-1, 5))
def test_the_two_searches_agree_where_the_level_set_is_not_least(law, level):
    def cube(x):
        return x**3

    masses, volumes = law.masses(), law.volumes(cube)
    inside = {k for k, density in enumerate(law.densities) if density > level}
    mass, volume = (sum(values[k] for k in inside) for values in (masses, volumes))
    better = any(
        sum(masses[k] for k in other) >= mass and sum(volumes[k] for k in other) <= volume and set(other) != inside
        for other in subsets(range(len(masses)))
    )
    assert finite_laws.least_by_subsets(law, level, cube) is not better
    assert finite_laws.least_by_knapsack(law, level, cube) is not better


def test_a_cube_spares_densities_that_fall_with_distance_and_no_other_symmetric_ones():
    edges = (-3, -2, -1, 0, 1, 2, 3)
    falling, two_bumps = Histogram(edges, (1, 2, 4, 4, 2, 1)), Histogram(edges, (1, 4, 2, 2, 4, 1))
    for law, levels, least in ((falling, (0, 1, 2), True), (two_bumps, (2,), False)):
        for level in levels:
            assert finite_laws.least_by_subsets(law, level, lambda x: x**3) is least
            assert finite_laws.least_by_knapsack(law, level, lambda x: x**3) is least


@pytest.mark.parametrize(
    ("edges", "densities"), [((0, 1), (1, 2)), ((0, 0, 1), (1, 2)), ((0, 1, 2), (1, -2)), ((2, 1), (1,))]
)
def test_what_is_no_histogram_is_refused(edges, densities):
    with pytest.raises(ValueError, match="Expected"):
        Histogram(edges, densities)
