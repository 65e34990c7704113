"""Masses and volumes of typical sets, against SciPy, closed forms and points of a ball."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from numerics.detection import typical_sets
from numerics.detection.typical_sets import MeasuredProduct, TypicalSet
from numerics.distributions import marginals
from numerics.distributions.product import Product
from numerics.statistics.kolmogorov import ks_to_uniform
from numerics.streams import Stream

EPS = torch.finfo(torch.float64).eps
seeds = st.integers(0, 2**40)


def within(statistic: torch.Tensor, epsilon: float) -> torch.Tensor:
    return abs(statistic) <= epsilon


@given(st.integers(1, 400), st.floats(0.05, 0.95))
def test_gamma_mass_is_a_chi_square_probability(degrees: int, share: float) -> None:
    low, high = degrees / 2 * (1 - share), degrees / 2 * (1 + share)
    expected = stats.chi2.cdf(2 * high, degrees) - stats.chi2.cdf(2 * low, degrees)
    assert abs(typical_sets.gamma_mass(degrees / 2, low, high) - expected) <= 2.0**-40


def test_ball_and_shell_volumes_of_small_dimensions() -> None:
    rounding = 16 * 4 * EPS  # a dozen operations on numbers below 4
    assert abs(typical_sets.log_ball_volume(2, 2, 3.0) - math.log(9 * math.pi)) <= rounding
    assert abs(typical_sets.log_ball_volume(3, 2, 1.0) - math.log(4 * math.pi / 3)) <= rounding
    assert abs(typical_sets.log_ball_volume(3, 1, 1.0) - math.log(8 / 6)) <= rounding
    assert abs(typical_sets.log_shell_volume(2, 2, 1.0, 4.0) - math.log(3 * math.pi)) <= rounding
    assert typical_sets.log_shell_volume(2, 2, 4.0, 1.0) == -math.inf
    assert typical_sets.gamma_mass(2.0, 3.0, 1.0) == 0.0


@pytest.mark.parametrize("exponent", [1, 2])
@pytest.mark.parametrize("dim", [1, 3, 20])
def test_points_of_a_ball_have_uniform_radii_to_the_power_of_the_dimension(dim: int, exponent: int) -> None:
    n, level = 20_000, 1e-9
    points = typical_sets.uniform_in_ball(n, dim, exponent, 2.0, Stream(5))
    radius = points.abs().pow(exponent).sum(1).pow(1 / exponent) / 2
    allowed = math.sqrt(math.log(2 / level) / (2 * n))
    assert ks_to_uniform(radius.pow(dim)) <= allowed
    assert ks_to_uniform(radius.pow(dim + 2)) > allowed  # the law has teeth


def test_a_ball_of_another_norm_is_refused() -> None:
    with pytest.raises(ValueError, match="exponent of 1 or 2"):
        typical_sets.uniform_in_ball(2, 2, 3, 1.0, Stream(1))


@settings(max_examples=10)
@given(st.sampled_from(["normal", "laplace", "exponential"]), st.sampled_from([(1, 1), (2, 3), (5, 1)]), seeds)
def test_volume_by_points_of_a_ball_is_the_shells(kind: str, shape: tuple[int, int], seed: int) -> None:
    dim, length = shape
    stream, n = Stream(seed), 20_000
    family = {"normal": marginals.Normal, "laplace": marginals.Laplace, "exponential": marginals.Exponential}[kind]
    found = MeasuredProduct(Product([family(stream.normal(dim), 0.5 + stream.uniform(dim))]))
    a = typical_sets.shape_of(found.product)
    assert a is not None
    typical = TypicalSet(found.product, length, 2 * found.deviation() / math.sqrt(length), found.entropy, within)
    share, ball = typical.share_of_ball(a, n, stream.fork("ball"))
    expected = math.exp(typical.log_volume(a, found.entropy) - ball)
    assert abs(share - expected) <= math.sqrt(math.log(2 / 1e-9) / (2 * n))
    drawn = typical.contains(found.product.sample(n * length, stream.fork("x")).view(n, length, dim)).double().mean()
    assert abs(float(drawn) - typical.mass(a)) <= math.sqrt(math.log(2 / 1e-9) / (2 * n))


def test_only_exponential_power_laws_have_a_shape() -> None:
    assert typical_sets.shape_of(Product([marginals.Normal(0.0, 1.0), marginals.Normal(1.0, 2.0)])) == 0.5
    assert typical_sets.shape_of(Product([marginals.Normal(0.0, 1.0), marginals.Laplace(1.0, 2.0)])) is None
    assert typical_sets.shape_of(Product([marginals.Logistic(0.0, 1.0)])) is None
    assert MeasuredProduct(Product([marginals.Uniform(0.0, 0.1)])).deviation() == 1.0
