"""Bounds by a classifier hold, and are sharp where samples are far apart; cells and distances see what is missing."""

from __future__ import annotations

import math

import pytest
import torch

from numerics.statistics import coverage
from numerics.statistics.classifier_bounds import classifier_bounds
from numerics.streams import Stream


def test_no_bound_exceeds_the_divergence() -> None:
    # total variation of N(0, 1) and N(1, 1) is 2 Phi(1/2) - 1
    tv = math.erf(0.5 / math.sqrt(2))
    for seed in range(5):
        x, y = Stream(seed).normal(4000, 1), Stream(seed + 100).normal(4000, 1) + 1
        found = classifier_bounds(x, y, Stream(seed))
        assert 0 < found.tv_low <= tv
        assert found.jsd_low <= math.log(2) * tv


def test_equal_distributions_are_not_told_apart() -> None:
    for seed in range(5):
        found = classifier_bounds(Stream(seed).normal(1000, 3), Stream(seed + 50).normal(1500, 3), Stream(seed))
        assert (found.jsd_low, found.tv_low) == (0.0, 0.0)


def test_few_points_are_refused() -> None:
    with pytest.raises(ValueError, match="at least four"):
        classifier_bounds(torch.zeros(3, 1), torch.zeros(9, 1), Stream(0))


def test_cells_find_separate_modes_and_count_everything() -> None:
    x = torch.cat([Stream(k).normal(100, 2) + 20 * k for k in range(4)])
    cells = coverage.cells_of(x, 4, Stream(0))
    assert sorted(cells.counts(x).tolist()) == [100] * 4
    assert int(cells.counts(x[:137]).sum()) == 137


def test_repeated_points_make_fewer_cells() -> None:
    assert len(coverage.cells_of(torch.zeros(10, 2), 4, Stream(0)).centres) == 1


def test_intervals_of_counts() -> None:
    from scipy.stats import binomtest

    for count, size in ((0, 10), (3, 10), (10, 10)):
        ours = coverage.share(count, size, 0.05)
        theirs = binomtest(count, size).proportion_ci(0.95, method="exact")
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    with pytest.raises(ValueError, match="0 to the size"):
        coverage.share(5, 4, 0.1)
