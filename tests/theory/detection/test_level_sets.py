"""Sets of least volume: the two searches against a definition written out anew, and the families' sizes."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.detection import level_sets
from theory.detection.level_sets import Histogram

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


@pytest.mark.parametrize("family", [level_sets.small_level_sets(most=3), level_sets.random_level_sets()])
def test_families_have_the_size_that_their_formula_says(family):
    listed = list(family)
    assert len(listed) == len(set(listed)) == family.size


@given(HISTOGRAMS, st.integers(0, 5))
def test_a_level_set_has_least_volume_in_its_own_coordinates_and_in_stretched_ones(distribution, level):
    if level >= max(distribution.densities):
        return
    for chart in (lambda x: x, lambda x: 3 * x - 7):
        assert level_sets.least_by_enumeration(distribution, level, chart)
        assert level_sets.least_by_knapsack(distribution, level, chart)


@given(HISTOGRAMS, st.integers(-1, 5))
def test_the_two_searches_agree_where_the_level_set_is_not_least(distribution, level):
    def cube(x):
        return x**3

    masses, volumes = distribution.masses(), distribution.volumes(cube)
    inside = {k for k, density in enumerate(distribution.densities) if density > level}
    mass, volume = (sum(values[k] for k in inside) for values in (masses, volumes))
    better = any(
        sum(masses[k] for k in other) >= mass and sum(volumes[k] for k in other) <= volume and set(other) != inside
        for other in subsets(range(len(masses)))
    )
    assert level_sets.least_by_enumeration(distribution, level, cube) is not better
    assert level_sets.least_by_knapsack(distribution, level, cube) is not better


def test_a_cube_spares_densities_that_fall_with_distance_and_no_other_symmetric_ones():
    edges = (-3, -2, -1, 0, 1, 2, 3)
    falling, two_bumps = Histogram(edges, (1, 2, 4, 4, 2, 1)), Histogram(edges, (1, 4, 2, 2, 4, 1))
    for distribution, levels, least in ((falling, (0, 1, 2), True), (two_bumps, (2,), False)):
        for level in levels:
            assert level_sets.least_by_enumeration(distribution, level, lambda x: x**3) is least
            assert level_sets.least_by_knapsack(distribution, level, lambda x: x**3) is least


@pytest.mark.parametrize(
    ("edges", "densities"), [((0, 1), (1, 2)), ((0, 0, 1), (1, 2)), ((0, 1, 2), (1, -2)), ((2, 1), (1,))]
)
def test_what_is_no_histogram_is_refused(edges, densities):
    with pytest.raises(ValueError, match="Expected"):
        Histogram(edges, densities)
