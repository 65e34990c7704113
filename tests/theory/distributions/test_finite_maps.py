"""Maps of finite sets, held against definitions written out anew, and the two algorithms of each decision against each other."""

from __future__ import annotations

from itertools import chain, combinations
from math import factorial

import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.distributions import finite_maps

MAPS = st.integers(1, 6).flatmap(lambda n: st.tuples(*[st.integers(0, n)] * n))


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
    assert finite_maps.keeps_masses(image, mask) is kept
    assert finite_maps.keeps_masses_by_sets(image, mask) is kept
    assert finite_maps.merges_charged_points(image, mask) is not kept
    assert finite_maps.merging_pairs_charged(image, mask) is not kept
    two_meet = len({image[x] for x in charged}) < len(charged)
    assert finite_maps.charged_pair_meets(image, mask) is two_meet
    assert finite_maps.image_of_charged_points_shrinks(image, mask) is two_meet


@given(MAPS)
def test_injective_maps_and_no_others_keep_every_distribution_classifier_and_ratio(image):
    injective = len(set(image)) == len(image)
    for decision in (
        finite_maps.keeps_masses, finite_maps.has_orthonormal_columns, finite_maps.carries_classifiers, finite_maps.separates_labels,
        finite_maps.carries_ratios, finite_maps.averages_one_ratio,
    ):  # fmt: skip
        assert decision(image) is injective


def test_the_families_are_complete():
    maps = finite_maps.bijections(6)
    assert len(set(maps)) == len(maps) == sum(factorial(n) for n in range(1, 7))
    assert len(set(finite_maps.self_maps(4))) == sum(n**n for n in range(1, 5))
    assert list(finite_maps.squares(1)) == [(0,), (1, 0, 1)]
    pairs = finite_maps.sharp_hypothesis().of
    assert len(list(pairs)) == len(pairs)


@given(st.lists(st.integers(0, 1), min_size=1, max_size=6))
def test_inclusion_and_exclusion_is_the_maximum_of_indicators(members):
    assert finite_maps._union([sp.Integer(m) for m in members]) == max(members)
