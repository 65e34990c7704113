"""Joint two-sample distances: their definition, their constants, their calibration at finite n, and what they see."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from numerics.statistics.kolmogorov import ks_two_sample
from numerics.statistics.two_samples import (
    FEATURE_REACH,
    KERNEL_REACH,
    Embedding,
    Standardised,
    gaussian_mmd,
    hoeffding_width,
    mean_under_equal_distributions,
)
from numerics.streams import Stream
from proofs_checks.kernel import Bound, Status, Test, judge, radius, tested

UNIT = 2.0**-53
SEEDS = 1000
sizes = st.tuples(st.integers(2, 40), st.integers(2, 40), st.integers(1, 4), st.integers(0, 2**20))


def _judged(statistic: float, n: int, m: int, reach: float, alpha: float) -> Status:
    slack = Bound({"mean under one distribution": mean_under_equal_distributions(n, m)}, "Gretton et al. 2012")
    test = Test.hoeffding(n + m, hoeffding_width(n, m, reach))
    return judge(tested(statistic, test, slack=slack, resolves=10.0), route="statistical", alpha=alpha).status


# -- definitions --------------------------------------------------------------------------------------------------------


@given(sizes)
@settings(max_examples=20)
def test_the_mmd_is_its_v_statistic_at_every_tile(problem):
    n, m, D, seed = problem
    x, y = Stream(seed).normal(n, D), 1 + Stream(seed + 1).normal(m, D)

    def k(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        square = (a[:, None] - b).square().sum(-1)
        return 0.5 * (torch.exp(-square / 2) + torch.exp(-square / 8))

    square = (k(x, x).mean() + k(y, y).mean() - 2 * k(x, y).mean()).item()
    rounding = (
        4 * (n * m + n * n + m * m + 8 * D) * UNIT
    )  # sums of numbers in [0, 1], each a function of a sum of D squares
    for tile in (1, 7, 1000):
        assert abs(gaussian_mmd(x, y, lengths=(1.0, 2.0), tile=tile) ** 2 - square) <= rounding


@given(sizes)
@settings(max_examples=20)
def test_the_embedding_is_the_distance_of_feature_means_at_every_tile(problem):
    n, m, D, seed = problem
    x, y = Stream(seed).normal(n, D), 1 + Stream(seed + 1).normal(m, D)
    whole, tiled = (Embedding(D, Stream(5), features=16) for _ in range(2))
    whole.add(x, 0).add(y, 1)
    for part in x.split(3):
        tiled.add(part, 0)
    for part in y.split(5):
        tiled.add(part, 1)

    def phi(points: torch.Tensor) -> torch.Tensor:
        angle = points @ whole.frequencies
        return torch.cat([torch.cos(angle), torch.sin(angle)], 1) / 4

    assert (phi(x).norm(dim=1) - 1).abs().max() <= 64 * UNIT
    direct = float((phi(x).mean(0) - phi(y).mean(0)).norm())
    angles = float(max((points.abs() @ whole.frequencies.abs()).max() for points in (x, y)))
    rounding = 2 * whole.rounding() + 4 * D * UNIT * angles  # the angles' own rounding, of inner products of length D
    assert abs(whole.distance - direct) <= rounding
    assert abs(tiled.distance - direct) <= rounding


def test_the_constants_are_mcdiarmids():
    n, m, alpha = 300, 200, 1e-3
    exact = KERNEL_REACH * math.sqrt((1 / n + 1 / m) * math.log(2 / alpha) / 2)
    found = radius(Test.hoeffding(n + m, hoeffding_width(n, m)), alpha)
    assert abs(found - exact) <= 16 * UNIT * exact  # a dozen products, quotients and roots there, half as many here
    # replacing one point moves the statistic by at most reach / n: two far points realise sqrt 2, opposite features 2
    x = torch.zeros(4, 1).double()
    far = torch.tensor([[0.0], [0.0], [0.0], [1e6]]).double()
    assert gaussian_mmd(far, x) <= KERNEL_REACH / 4 * (1 + 8 * UNIT)
    assert gaussian_mmd(far, x) >= KERNEL_REACH / 4 * (1 - 2.0**-20)


# -- calibration --------------------------------------------------------------------------------------------------------


def opposite_features(seed: int, n: int, m: int) -> float:
    """The null on which the bound is least loose: a feature that is 1 or -1 with equal odds."""
    embedding = Embedding(1, Stream(0), features=1, scales=(1.0,))
    points = Stream(seed).signs(n + m, 1) * (0.5 * math.pi) / embedding.frequencies
    return embedding.add(points[:n], 0).add(points[n:], 1).distance


def normals(seed: int, n: int, m: int) -> float:
    points = Stream(seed).normal(n + m, 2)
    return Embedding(2, Stream(0), features=8).add(points[:n], 0).add(points[n:], 1).distance


def normals_by_kernel(seed: int, n: int, m: int) -> float:
    points = Stream(seed).normal(n + m, 2)
    return gaussian_mmd(points[:n], points[n:])


def _most_allowed(alpha: float, confidence: float = 1e-6) -> int:
    count = int(alpha * SEEDS)
    while beta.ppf(confidence, count + 1, SEEDS - count) <= alpha:
        count += 1
    return count


@pytest.mark.parametrize("alpha", [0.05, 0.001])
@pytest.mark.parametrize(
    ("null", "reach"), [(opposite_features, FEATURE_REACH), (normals, FEATURE_REACH), (normals_by_kernel, KERNEL_REACH)]
)
def test_equal_laws_are_alarmed_no_more_often_than_the_level_says(null, reach, alpha):
    n, m = 60, 40
    alarms = sum(_judged(null(seed, n, m), n, m, reach, alpha) is Status.REFUTED for seed in range(SEEDS))
    assert alarms <= _most_allowed(alpha)


@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_a_third_of_the_radius_breaks_that(alpha):
    """A third and not half: the bound adds the largest mean to the largest deviation, and no distribution attains both."""
    n, m = 60, 40
    allowed = radius(
        Test.hoeffding(n + m, hoeffding_width(n, m, FEATURE_REACH)), alpha
    ) + mean_under_equal_distributions(n, m)
    alarms = sum(opposite_features(seed, n, m) > allowed / 3 for seed in range(SEEDS))
    assert alarms > _most_allowed(alpha)


# -- power --------------------------------------------------------------------------------------------------------------


def test_a_difference_that_no_marginal_shows_is_seen_jointly():
    n, stream = 20_000, Stream(3)
    x = stream.normal(n, 2)
    y = stream.normal(n, 1)
    y = torch.cat([y, y * stream.signs(n, 1)], 1)  # standard normal marginals, uncorrelated, dependent
    embedding = Embedding(2, stream.fork("features"), features=64).add(x, 0).add(y, 1)
    assert _judged(embedding.distance, n, n, FEATURE_REACH, 1e-9) is Status.REFUTED
    marginal = max(ks_two_sample(x[:, j], y[:, j]) for j in (0, 1))
    assert marginal <= radius(Test.dkw_two_sample(n, n, tests=2), 1e-9)


def test_scales_come_from_the_pilot_and_leave_constant_columns_alone():
    pilot = torch.cat(
        [100 * Stream(1).normal(500, 1), torch.full((500, 1), 7.0), (Stream(2).uniform(500, 1) < 0.1).double()], 1
    )
    scaled = Standardised(pilot)(pilot)
    assert scaled[:, 1].abs().max() == 0
    assert torch.isfinite(scaled).all()
    quartiles = torch.quantile(scaled[:, 0], torch.tensor([0.25, 0.75]).double())
    assert abs(float(quartiles[1] - quartiles[0]) - 1) <= 64 * UNIT


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Embedding(0, Stream(1)), "dim >= 1"),
        (lambda: Embedding(2, Stream(1), scales=(0.0,)), "positive scales"),
        (lambda: Embedding(2, Stream(1)).add(torch.zeros(3, 1), 0), r"shape \(n, 2\)"),
        (lambda: Embedding(2, Stream(1)).add(torch.full((3, 2), math.nan), 0), "finite"),
        (lambda: Embedding(2, Stream(1)).add(torch.zeros(3, 2), 0).distance, "Both samples"),
        (lambda: gaussian_mmd(torch.zeros(0, 2), torch.zeros(3, 2)), "first points"),
        (lambda: gaussian_mmd(torch.zeros(3, 1), torch.zeros(3, 2)), "one dimension"),
        (lambda: gaussian_mmd(torch.zeros(3, 1), torch.zeros(3, 1), lengths=()), "positive lengths"),
        (lambda: hoeffding_width(0, 3), "non-empty"),
        (lambda: mean_under_equal_distributions(3, 0), "non-empty"),
        (lambda: Standardised(torch.zeros(0, 2)), "pilot"),
    ],
)
def test_samples_without_a_distance_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_embedding_on_cuda_agrees_with_the_cpu():
    x, y = Stream(1).normal(1000, 3), 1 + Stream(2).normal(1000, 3)
    here = Embedding(3, Stream(5)).add(x, 0).add(y, 1)
    there = Embedding(3, Stream(5, "cuda")).add(x.cuda(), 0).add(y.cuda(), 1)
    assert abs(here.distance - there.distance) <= 2 * here.rounding() + 4 * 3 * UNIT * 40
