"""Areas under ROC curves by pairs, by curves and by symbols; laws on cells and the maps that stretch them."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.detection import roc as detection
from theory.detection.roc import HALF, Cells, Sample, area_by_curve, area_by_pairs

places = st.lists(
    st.tuples(st.integers(-3, 3).map(Fraction), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=6
).filter(lambda rows: any(p for _, p, _ in rows) and any(q for _, _, q in rows))
weights = st.sampled_from([0, HALF, 1, Fraction(1, 3)])


@given(places, weights)
def test_the_area_by_pairs_is_the_area_of_the_curve(rows: list[tuple[Fraction, int, int]], ties: Fraction) -> None:
    scores, inliers, outliers = zip(*rows, strict=True)
    assert area_by_pairs(scores, inliers, outliers, ties) == area_by_curve(scores, inliers, outliers, ties)


@given(places)
def test_a_decreasing_transformation_takes_the_complement_with_ties_one_half_and_with_no_other_weight(
    rows: list[tuple[Fraction, int, int]],
) -> None:
    scores, inliers, outliers = zip(*rows, strict=True)
    turned = [-(score**3) for score in scores]
    for ties in (0, HALF, 1):
        both = area_by_pairs(scores, inliers, outliers, ties) + area_by_pairs(turned, inliers, outliers, ties)
        tied = area_by_pairs(scores, inliers, outliers, 1) - area_by_pairs(scores, inliers, outliers, 0)
        assert both == 1 + (2 * Fraction(ties) - 1) * tied


@given(places)
def test_a_constant_score_has_the_weight_of_ties_for_its_area(rows: list[tuple[Fraction, int, int]]) -> None:
    _, inliers, outliers = zip(*rows, strict=True)
    for ties in (0, HALF, 1):
        assert area_by_curve([Fraction(7)] * len(rows), inliers, outliers, ties) == ties


def test_the_numbers_of_weak_orders_are_the_ordered_bell_numbers() -> None:
    assert [len(list(detection.weak_orders(n))) for n in range(1, 6)] == [1, 3, 13, 75, 541]
    assert [detection.ordered_bell_number(n) for n in range(1, 6)] == [1, 3, 13, 75, 541]
    assert len(list(detection.ranked_samples(4))) == 3 * 1 + 13 * 2 + 75 * 3


@pytest.mark.parametrize(("u", "v", "value"), [(3, 2, 1), (2, 2, sp.Rational(1, 3)), (2, 3, 0)])
def test_the_kernel_is_one_the_weight_of_ties_or_zero(u: int, v: int, value: sp.Expr) -> None:
    assert detection.kernel(sp.Integer(u), sp.Integer(v), sp.Rational(1, 3)) == value


def test_the_kernels_of_reciprocals_are_complements_for_every_pair_of_positive_numbers() -> None:
    low, gap = sp.symbols("v d", positive=True)
    for u, v in detection.orders(low, gap).values():
        assert sp.simplify(detection.kernel(1 / u, 1 / v)) == 1 - sp.simplify(detection.kernel(u, v))
        assert sp.simplify(detection.kernel(u**2, v**2)) == sp.simplify(detection.kernel(u, v))


def test_sums_over_pairs_start_from_the_kernels_and_end_in_the_claim() -> None:
    reversed_ = detection.Rescored(lambda log_p: -log_p, lambda area, whole=1: whole - area)
    statement = reversed_.of_sums_over_pairs()
    before, after, mass = statement.objects
    for k in (1, 2, 3):
        defined = [recursion.explicit(k).doit() for recursion in (before, after, mass)]
        assert sp.simplify(defined[1] - (defined[2] - defined[0])) == 0
    (claim,) = statement.claim
    assert claim.right == mass.of - before.of


cells = st.integers(1, 4).flatmap(
    lambda n: st.builds(
        Cells,
        st.tuples(*[st.integers(1, 5)] * n),
        st.tuples(*[st.integers(1, 5)] * n),
        st.tuples(*[st.integers(0, 3)] * (n - 1), st.integers(1, 3)),
    )
)


@given(cells, st.sampled_from([lambda p: 1, lambda p: 1 / p, lambda p: p, lambda p: 3 * p**2, lambda p: p + 1]))
def test_a_map_of_slope_p_over_s_gives_the_image_density_s_and_keeps_the_masses(
    distribution: Cells, score: object
) -> None:
    moved = distribution.push_forward(score)
    assert moved.densities == tuple(Fraction(score(p)) for p in distribution.densities)
    assert (moved.masses, moved.outliers) == (distribution.masses, distribution.outliers)


@given(cells)
def test_reversal_is_an_involution_and_uniformization_forgets(distribution: Cells) -> None:
    turned = distribution.push_forward(lambda p: 1 / p)
    assert turned.push_forward(lambda p: 1 / p).densities == distribution.densities
    assert turned.area() == 1 - distribution.area()
    assert len(distribution.upper_sets()) == 2 * len(set(distribution.densities)) + 2
    flat = distribution.push_forward(lambda p: 1)
    assert flat.area() == HALF
    everything = tuple(range(len(distribution.masses)))
    assert flat.upper_sets() == [everything, everything, (), ()]
    assert flat.upper_sets(-1)[0] == (*everything, -1)


def test_outliers_outside_the_support_stay_where_they_are() -> None:
    distribution = Cells((1, 2, 0), (1, 1, 1), (0, 0, 1))
    assert not distribution.outliers_inside
    assert (
        distribution.area()
        == distribution.push_forward(lambda p: 1 / p).area()
        == distribution.push_forward(lambda p: 1).area()
        == 1
    )
    assert Cells((1, 2, 0), (1, 1, 1), (1, 1, 0)).outliers_inside


def test_cell_distributions_cover_what_they_say() -> None:
    distributions = list(detection.cell_distributions(2, masses=(0, 1), lengths=(1, 2)))
    assert len(distributions) == len(set(distributions)) == 3 * 4 * 4
    assert all(distribution.outliers_inside for distribution in detection.cell_distributions(2))
    for family in (
        detection.outliers_inside(),
        detection.outliers_outside(),
        detection.ranked_samples(4),
        detection.every_area_is_attained(3).of,
    ):
        members = list(family)
        assert len(members) == len(set(members)) == len(family)


@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_every_area_is_attained_by_a_staircase(inliers: int, outliers: int, data: st.DataObject) -> None:
    half_wins = data.draw(st.integers(0, 2 * inliers * outliers))
    ranks = detection.staircase(inliers, outliers, half_wins)
    assert Sample(ranks, inliers).area(ranks) == Fraction(half_wins, 2 * inliers * outliers)


def test_more_half_wins_than_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="0 to 4 half wins"):
        detection.staircase(1, 2, 5)
