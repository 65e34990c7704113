"""Pair counts against all pairs, reversal of an order, intervals that hold whatever the errors do."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from numerics.detection.roc import Auroc, auroc, auroc_within
from numerics.streams import Stream

INF = float("inf")
values = st.one_of(st.integers(-3, 3).map(float), st.sampled_from([INF, -INF, -0.0]), st.floats(allow_nan=False))
samples = st.lists(values, min_size=1, max_size=12)


def scores(numbers: list[float]) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


@given(samples, samples)
def test_the_counts_are_those_of_all_pairs(inliers: list[float], outliers: list[float]) -> None:
    found = auroc(scores(inliers), scores(outliers))
    wins = sum(u > v for u in inliers for v in outliers)
    ties = sum(u == v for u in inliers for v in outliers)
    assert found == Auroc(wins, ties, len(inliers) * len(outliers))
    assert found.value == Fraction(2 * wins + ties, 2 * found.pairs)
    assert found.counting_ties(0) <= found.value <= found.counting_ties(1)
    assert float(found) == float(found.value)


@given(samples, samples)
def test_reversed_scores_have_the_complementary_area_exactly(inliers: list[float], outliers: list[float]) -> None:
    before, after = auroc(scores(inliers), scores(outliers)), auroc(-scores(inliers), -scores(outliers))
    assert before.value + after.value == 1
    assert (after.wins, after.losses, after.ties) == (before.losses, before.wins, before.ties)
    assert (before.counting_ties(0) + after.counting_ties(0) == 1) == (before.ties == 0)


@given(samples, samples)
def test_an_increasing_transformation_changes_no_count(inliers: list[float], outliers: list[float]) -> None:
    assert auroc(scores(inliers), scores(outliers)) == auroc(scores(outliers).neg(), scores(inliers).neg())
    smooth = [scores([x for x in side if abs(x) < 1e150] or [0.0]) for side in (inliers, outliers)]
    assert auroc(*smooth) == auroc(*(4 * side for side in smooth))


def test_scipys_rank_sum_statistic_agrees() -> None:
    stream = Stream(3)
    u, v = stream.normal(300).round(decimals=1), (0.4 + stream.normal(200)).round(decimals=1)
    expected = stats.mannwhitneyu(u.numpy(), v.numpy()).statistic
    assert auroc(u, v).value * u.numel() * v.numel() == Fraction(expected)


errors = st.floats(0, 2)


@given(
    st.lists(st.tuples(st.floats(-3, 3), errors, st.floats(-1, 1)), min_size=1, max_size=8),
    st.lists(st.tuples(st.floats(-3, 3), errors, st.floats(-1, 1)), min_size=1, max_size=8),
)
def test_whatever_the_errors_do_the_area_stays_in_the_interval(
    inliers: list[tuple[float, float, float]], outliers: list[tuple[float, float, float]]
) -> None:
    u, e, a = (scores(list(column)) for column in zip(*inliers, strict=True))
    v, d, b = (scores(list(column)) for column in zip(*outliers, strict=True))
    interval = auroc_within(u, v, e, d)
    assert auroc(u + a * e, v + b * d).value in interval
    assert auroc(u, v).value in interval
    low, high = interval.between()
    assert low <= interval.middle <= high
    assert interval.pairs == u.numel() * v.numel()


def test_without_errors_the_interval_is_that_of_the_ties_and_with_infinite_ones_it_is_everything() -> None:
    u, v = scores([0.0, 1.0, INF]), scores([1.0, -INF])
    zero = [torch.zeros_like(u), torch.zeros_like(v)]
    interval = auroc_within(u, v, *zero)
    assert interval.between() == (auroc(u, v).counting_ties(0), auroc(u, v).counting_ties(1))
    assert interval.middle == auroc(u, v).value
    nothing = auroc_within(u, v, zero[0] + INF, zero[1])
    assert (*nothing.between(), nothing.width) == (0, 1, 1)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=9), st.lists(st.integers(0, 4), min_size=1, max_size=9))
def test_two_scores_of_one_point_tie_whatever_their_errors(inliers: list[int], outliers: list[int]) -> None:
    a, b = torch.tensor(inliers), torch.tensor(outliers)
    vague = [torch.full((side.numel(),), 100.0).double() for side in (a, b)]
    interval = auroc_within(a.double(), b.double(), *vague, labels=(a, b))
    assert interval.ties == sum(u == v for u in inliers for v in outliers)
    assert interval.wins == interval.losses == 0
    sharp = auroc_within(a.double(), b.double(), 0 * vague[0], 0 * vague[1], labels=(a, b))
    assert sharp.open == 0
    assert sharp.between() == (auroc(a, b).value,) * 2
    assert sharp.between(1) == (auroc(a, b).counting_ties(1),) * 2


def test_one_label_with_two_scores_is_refused() -> None:
    zero, label = torch.zeros(1).double(), torch.zeros(1, dtype=torch.int64)
    with pytest.raises(ValueError, match="one value at one point"):
        auroc_within(zero, zero + 1, zero, zero, labels=(label, label))
    with pytest.raises(ValueError, match="one label for each score"):
        auroc_within(zero, zero, zero, zero, labels=(label, label.repeat(2)))


def test_counts_stay_exact_where_the_number_of_pairs_exceeds_single_precision() -> None:
    u, v = torch.arange(60_000, dtype=torch.float32), torch.arange(60_000, dtype=torch.float32)
    found = auroc(u, v)
    assert (found.wins, found.ties, found.value) == (60_000 * 59_999 // 2, 60_000, Fraction(1, 2))


@pytest.mark.parametrize(
    ("inliers", "outliers", "message"),
    [
        (torch.zeros(3, 1), torch.zeros(3), "inlier scores as a real tensor of shape"),
        (torch.zeros(3), torch.zeros(0), "outlier scores as a real tensor of shape"),
        ([1.0], torch.zeros(1), "got list"),
        (torch.tensor([0.0, float("nan")]), torch.zeros(1), "1 of 2 inlier scores are NaN"),
        (torch.zeros(1), torch.zeros(1).double(), "one dtype on one device"),
        (torch.zeros(1, dtype=torch.complex64), torch.zeros(1), "real tensor"),
    ],
)
def test_scores_that_have_no_order_are_refused(inliers: Tensor, outliers: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        auroc(inliers, outliers)


def test_errors_that_are_no_errors_are_refused() -> None:
    one = torch.ones(1)
    with pytest.raises(ValueError, match="nonnegative"):
        auroc_within(one, one, -one, one)
    with pytest.raises(ValueError, match="one error for each score"):
        auroc_within(one, one, torch.ones(2), one)


def test_integer_scores_and_scores_that_track_gradients_are_counted() -> None:
    assert auroc(torch.tensor([2, 1]), torch.tensor([1])).value == Fraction(3, 4)
    assert auroc(torch.ones(2, requires_grad=True), torch.zeros(1)).value == 1
