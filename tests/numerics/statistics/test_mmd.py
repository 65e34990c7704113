"""MMD as a law: zero between equal samples, symmetric, unbiased, the same in any tiles, sound under the null; and what is refused."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.statistics import mmd, mmd_measurements
from numerics.statistics.kolmogorov import ks_to_uniform
from numerics.statistics.mmd_tests import permutation_test
from numerics.streams import Stream


@given(st.integers(2, 40), st.integers(2, 40), st.integers(1, 5), st.integers(1, 17), st.integers(0, 99))
def test_tiles_change_nothing_and_both_samples_are_alike(n, m, dim, tile, seed) -> None:
    stream = Stream(seed)
    x, y, kernel = stream.normal(n, dim), stream.normal(m, dim) + 1, mmd.GaussianKernel(1.5)
    whole = mmd.unbiased_mmd2(x, y, kernel)
    assert mmd.unbiased_mmd2(x, y, kernel, tile=tile).squared == pytest.approx(whole.squared, abs=1e-12)
    assert mmd.unbiased_mmd2(y, x, kernel).squared == pytest.approx(whole.squared, abs=1e-12)


def test_a_shift_of_both_samples_changes_nothing_and_a_bijection_does() -> None:
    x, y, kernel = Stream(0).normal(200, 2), Stream(1).normal(200, 2) + 1, mmd.GaussianKernel(1.0)
    value = mmd.unbiased_mmd2(x, y, kernel).squared
    assert mmd.unbiased_mmd2(x + 1e6, y + 1e6, kernel).squared == pytest.approx(value, abs=1e-8)
    assert abs(mmd.unbiased_mmd2(x.sinh(), y.sinh(), kernel).squared - value) > 0.01


def test_single_precision_stays_within_its_rounding() -> None:
    x, y, kernel = Stream(0).normal(500, 8), Stream(1).normal(400, 8) + 0.5, mmd.GaussianKernel(4.0)
    wide, narrow = mmd.unbiased_mmd2(x, y, kernel), mmd.unbiased_mmd2(x.float(), y.float(), kernel)
    assert abs(wide.squared - narrow.squared) <= narrow.rounding + wide.rounding
    assert narrow.rounding < 1e-3


def test_unbiased_over_all_samples_and_the_diagonal_is_seen() -> None:
    sound = mmd_measurements.bias_over_all_samples(2, 3, 2, mmd_measurements.streaming, Stream(3))
    biased = mmd_measurements.bias_over_all_samples(2, 3, 2, mmd_measurements.with_the_diagonal, Stream(3))
    assert sound.residual <= sound.bound.terms["rounding"]
    assert biased.residual > 1e6 * biased.bound.terms["rounding"]


def test_p_values_are_uniform_under_the_null() -> None:
    values = []
    for seed in range(200):
        stream = Stream(seed)
        x, y = stream.normal(20, 2), stream.normal(25, 2)
        values.append(permutation_test(x, y, mmd.GaussianKernel(1.0), stream, permutations=199).p_value)
    radius = math.sqrt(math.log(2 / 1e-6) / (2 * len(values)))
    assert ks_to_uniform(torch.tensor(values, dtype=torch.float64)) <= radius + 1 / 200


@pytest.mark.parametrize("exceedances", [1, 3, 40])
def test_permuting_stops_at_the_exceedance_asked_for(exceedances: int) -> None:
    x, y, kernel = Stream(0).normal(30, 2), Stream(1).normal(20, 2), mmd.GaussianKernel(1.0)
    whole = permutation_test(x, y, kernel, Stream(2), permutations=700)
    places = (whole.permuted >= whole.observed).nonzero()[:, 0]
    stopped = permutation_test(x, y, kernel, Stream(2), permutations=700, exceedances=exceedances)
    last = int(places[exceedances - 1]) + 1
    assert stopped.p_value == exceedances / last
    assert torch.equal(stopped.permuted, whole.permuted[:last])
    never = permutation_test(x, y, kernel, Stream(2), permutations=700, exceedances=len(places) + 1)
    assert never.p_value == whole.p_value == (len(places) + 1) / 701


def test_p_values_of_permuting_that_stops_are_valid_under_the_null() -> None:
    kernel, values = mmd.GaussianKernel(1.0), []
    for seed in range(200):
        stream = Stream(seed)
        x, y = stream.normal(20, 2), stream.normal(25, 2)
        values.append(permutation_test(x, y, kernel, stream, permutations=199, exceedances=20).p_value)
    radius = math.sqrt(math.log(1 / 1e-6) / (2 * len(values)))
    for level in (0.05, 0.2, 0.5):
        assert sum(value <= level for value in values) / len(values) <= level + radius


def test_permuted_values_by_the_estimate_itself() -> None:
    x, y, kernel = Stream(0).normal(12, 2), Stream(1).normal(9, 2) + 1, mmd.GaussianKernel(1.0)
    found = permutation_test(x, y, kernel, Stream(2), permutations=5)
    assert found.observed == pytest.approx(mmd.unbiased_mmd2(x, y, kernel).squared, abs=1e-12)
    pooled, stream = torch.cat([x, y]), Stream(2)
    for value in found.permuted:
        order = stream.permutation(21)
        first = pooled[order[:12]]
        rest = pooled[order[12:]]
        assert float(value) == pytest.approx(mmd.unbiased_mmd2(first, rest, kernel).squared, abs=1e-12)


def test_no_positive_definite_kernel_leaves_a_witness() -> None:
    seen = mmd.look_at_kernel(lambda a, b: 1 - torch.cdist(a, b), Stream(0).normal(50, 2))
    assert seen.least_eigenvalue < -100 * seen.allowed
    seen = mmd.look_at_kernel(mmd.GaussianKernel(1.0), Stream(0).normal(50, 2))
    assert seen.least_eigenvalue >= -seen.allowed
    assert seen.bounded
    assert seen.asymmetry <= seen.rounding


def test_a_kernel_is_looked_at_for_symmetry_and_range() -> None:
    points = Stream(0).normal(60, 2)
    leaning = mmd.look_at_kernel(lambda a, b: torch.exp(-torch.cdist(a, b)) * (1 + a[:, :1].tanh() / 9), points)
    assert leaning.asymmetry > 1000 * leaning.rounding
    large = mmd.look_at_kernel(lambda a, b: 3 * torch.exp(-torch.cdist(a, b)), points)
    assert (large.bounded, large.high) == (False, 3.0)
    with pytest.raises(ValueError, match="finite kernel values"):
        mmd.look_at_kernel(lambda a, b: a @ b.mT / 0, points)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (torch.zeros(1, 2), torch.zeros(3, 2), "n >= 2"),
        (torch.zeros(3, 2), torch.zeros(3, 3), "one dimension"),
        (torch.zeros(3, 2, dtype=torch.int64), torch.zeros(3, 2), "floating"),
        (torch.full((3, 2), math.nan), torch.zeros(3, 2), "finite"),
    ],
)
def test_what_no_estimate_is_made_of(first, second, message) -> None:
    with pytest.raises(ValueError, match=message):
        mmd.unbiased_mmd2(first, second, mmd.GaussianKernel(1.0))


def test_a_degenerate_bandwidth_is_refused() -> None:
    with pytest.raises(ValueError, match="median distance between points is 0"):
        mmd.median_length(torch.zeros(10, 2), Stream(0))
    with pytest.raises(ValueError, match="positive finite length"):
        mmd.GaussianKernel(0.0)


def test_half_as_many_independent_blocks_stand_behind_the_estimate_as_there_are_points() -> None:
    right, wrong = (
        mmd_measurements.blocks_behind_the_estimate(Stream(0), blocks) for blocks in (mmd.hoeffding_blocks, min)
    )
    assert float(right.residual.max()) < 1e-14
    assert float(wrong.residual.max()) == 2
