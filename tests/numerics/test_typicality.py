"""Entropies by quadrature, masses and volumes of typical sets, scores of batches, mapped laws: against SciPy, enumeration and sampling."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from numerics import densities, mapped_laws, typical_sets, typicality
from numerics import marginals as laws
from numerics.marginals import Product
from numerics.random import Stream
from numerics.statistics import ks_to_uniform
from numerics.transports import ArbitraryScore, bijections
from numerics.typical_sets import MeasuredLaw, TypicalSet

EPS = torch.finfo(torch.float64).eps
seeds = st.integers(0, 2**40)
FOREIGN = {
    "normal": (laws.Normal(0.3, 0.2), stats.norm(0.3, 0.2)), "laplace": (laws.Laplace(-1.0, 2.0), stats.laplace(-1, 2)),
    "exponential": (laws.Exponential(2.0, 3.0), stats.expon(2, 3)), "uniform": (laws.Uniform(0.0, 0.25), stats.uniform(0, 0.25)),
    "logistic": (laws.Logistic(1.0, 0.5), stats.logistic(1, 0.5)), "gumbel": (laws.Gumbel(0.0, 1.5), stats.gumbel_r(0, 1.5)),
    "cauchy": (laws.Cauchy(0.0, 1.0), stats.cauchy()), "triangular": (laws.Triangular(0.0, 2.0), stats.triang(0.5, 0, 2)),
}  # fmt: skip


def within(statistic: torch.Tensor, epsilon: float) -> torch.Tensor:
    return abs(statistic) <= epsilon


@pytest.mark.parametrize("name", FOREIGN)
def test_entropy_of_log_prob_alone_is_scipys(name: str) -> None:
    law, foreign = FOREIGN[name]
    mass, entropy, _ = typicality.entropy_and_variance(law)
    room = 600 * EPS + entropy.estimate
    assert bool(((mass.value - 1).abs() <= room).all())
    assert bool(((entropy.value - float(foreign.entropy())).abs() <= room * 8).all())


def test_quadrature_notices_another_density() -> None:
    mass, _, _ = typicality.entropy_and_variance(_Tampered(0.0, 1.0))
    assert float((mass.value - 1).abs()) > 1e-3


class _Tampered(laws.Normal):
    def log_prob(self, z: torch.Tensor) -> torch.Tensor:
        return super().log_prob(z) + 1e-2


@pytest.mark.parametrize(
    ("name", "excess"), [("normal", 0.5), ("laplace", 1.0), ("exponential", 1.0), ("uniform", 0.0)]
)
def test_the_mode_misses_the_mean_log_density_by_the_shape(name: str, excess: float) -> None:
    law = FOREIGN[name][0]
    _, entropy, _ = typicality.entropy_and_variance(law)
    peak = typicality.highest_log_density(law)
    room = 600 * EPS * (1 + entropy.value.abs() + peak.abs()) + entropy.estimate  # sums of some 500 terms
    assert abs(float(entropy.value + peak) - excess) <= float(room)


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
    family = {"normal": laws.Normal, "laplace": laws.Laplace, "exponential": laws.Exponential}[kind]
    found = MeasuredLaw(Product([family(stream.normal(dim), 0.5 + stream.uniform(dim))]))
    a = typical_sets.shape_of(found.law)
    assert a is not None
    typical = TypicalSet(found.law, length, 2 * found.deviation() / math.sqrt(length), found.entropy, within)
    share, ball = typical.share_of_ball(a, n, stream.fork("ball"))
    expected = math.exp(typical.log_volume(a, found.entropy) - ball)
    assert abs(share - expected) <= math.sqrt(math.log(2 / 1e-9) / (2 * n))
    drawn = typical.contains(found.law.sample(stream.fork("x"), n * length).view(n, length, dim)).double().mean()
    assert abs(float(drawn) - typical.mass(a)) <= math.sqrt(math.log(2 / 1e-9) / (2 * n))


def test_only_exponential_power_laws_have_a_shape() -> None:
    assert typical_sets.shape_of(Product([laws.Normal(0.0, 1.0), laws.Normal(1.0, 2.0)])) == 0.5
    assert typical_sets.shape_of(Product([laws.Normal(0.0, 1.0), laws.Laplace(1.0, 2.0)])) is None
    assert typical_sets.shape_of(Product([laws.Logistic(0.0, 1.0)])) is None
    assert MeasuredLaw(Product([laws.Uniform(0.0, 0.1)])).deviation() == 1.0


def test_batches_are_consecutive_and_a_broken_one_is_left_out() -> None:
    values = torch.arange(7.0, dtype=torch.float64)
    assert typicality.batch_means(values, 3).tolist() == [1.0, 4.0]
    assert typicality.typicality(values, 2.0, batch=7).tolist() == [5.0]
    for wrong in (0, 8):
        with pytest.raises(ValueError, match="at least one and at most 7"):
            typicality.batch_means(values, wrong)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_rank_p_values_are_valid_over_all_orders(n: int) -> None:
    """Exchangeable scores: over all (n+1)! orders the p-value of the last is at most alpha in at most a share alpha of them."""
    found = []
    for order in permutations(range(n + 1)):
        scores = torch.tensor(order, dtype=torch.float64)
        found.append(float(typicality.rank_p_values(scores[:n], scores[n:])[0]))
    for alpha in (0.2, 1 / 3, 0.5, 0.75, 1.0):
        # fractions rounded to the nearest number keep their order, so that nothing has to be allowed
        assert sum(p <= alpha for p in found) / len(found) <= alpha


def test_rank_p_values_count_ties_against_the_claim_and_infinities_too() -> None:
    reference = torch.tensor([1.0, 2.0, 2.0, math.inf], dtype=torch.float64)
    statistic = torch.tensor([2.0, math.inf, 0.0], dtype=torch.float64)
    assert typicality.rank_p_values(reference, statistic).tolist() == [4 / 5, 2 / 5, 1.0]


@settings(max_examples=25)
@given(st.sampled_from(["splines", "triangular", "rotations", "deep"]), st.integers(1, 5), seeds)
def test_log_determinants_lie_in_the_interval_that_the_layers_allow(kind: str, dim: int, seed: int) -> None:
    chosen = bijections.bijection(kind, dim, Stream(seed))
    low, high = typicality.log_det_interval(chosen)
    found = chosen.log_det(4 * Stream(seed).fork("x").normal(500, dim))
    # each slope is a quotient of a few positive sums, good to 32 units of roundoff; so many logarithms of them are added up
    rounding = 32 * EPS * len(chosen.layers) * dim * (1 + max(abs(low), abs(high)))
    assert low - rounding <= float(found.min()) <= float(found.max()) <= high + rounding


def test_a_layer_without_known_slopes_has_no_interval() -> None:
    with pytest.raises(ValueError, match="not known to be bounded"):
        typicality.log_det_interval(bijections.Composition((bijections.Cube(),)))


@settings(max_examples=20)
@given(
    st.sampled_from(["affine", "exp", "sinh", "logit", "minus-log", "gumbel", "normal-cdf", "exponential-cdf"]), st.integers(1, 4), seeds
)  # fmt: skip
def test_the_entropy_of_an_image_gains_the_mean_log_slope(kind: str, dim: int, seed: int) -> None:
    law = mapped_laws.mapped_law(kind, dim, Stream(seed))
    source, image = (typicality.entropy_and_variance(side)[1] for side in (law.source, law.image))
    (mean,) = typicality.column_means(law.source, (law.log_slope,))
    room = source.estimate + image.estimate + mean.estimate + 4096 * EPS
    assert bool(((source.value + mean.value - image.value).abs() <= room).all())


def test_an_unknown_map_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected one of affine"):
        mapped_laws.mapped_law("cubic", 1, Stream(1))


@pytest.mark.parametrize("kind", ["exp", "sinh"])
def test_images_written_in_their_own_coordinate_are_scipys(kind: str) -> None:
    law = mapped_laws.mapped_law(kind, 3, Stream(4))
    m, s = law.source.loc.numpy(), law.source.scale.numpy()
    foreign = stats.lognorm(s, scale=np.exp(m)) if kind == "exp" else stats.johnsonsu(-m / s, 1 / s)
    x = law.source.sample(Stream(5), 200)
    y = law.forward(x)
    expected = torch.from_numpy(foreign.logpdf(y.numpy()))
    # (log y - m)/s, or (arsinh y - m)/s, is formed from numbers this large, a few units of roundoff each, and then squared
    reach = (1 + x.abs() + law.source.loc.abs()) / law.source.scale
    assert bool(((law.image.log_prob(y) - expected).abs() <= 16 * EPS * (8 + reach.square() + expected.abs())).all())
    middle = torch.from_numpy(foreign.median())
    assert bool(((law.image.median() - middle).abs() <= 16 * EPS * (1 + middle.abs())).all())
    low, high = (np.broadcast_to(end, 3).tolist() for end in foreign.support())
    assert (law.image.low.tolist(), law.image.high.tolist()) == (low, high)


@pytest.mark.parametrize("dim", [1, 2])
def test_entropy_over_a_grid_is_that_of_the_normal_law(dim: int) -> None:
    law = densities.gaussian(dim, 1.5, torch.ones(1).double())
    box = torch.tensor([[-16.0] * dim, [16.0] * dim], dtype=torch.float64)
    (mass, blur), (entropy, error) = typicality.grid_entropy(law.log_prob, box, 161)
    expected = dim * (math.log(2 * math.pi * math.e) / 2 + math.log(1.5))
    rounding = 161**dim * EPS * (1 + expected)  # of sums over the nodes; what lies outside weighs less than e^-50
    assert abs(mass - 1) <= blur + rounding
    assert abs(entropy - expected) <= error + rounding


def test_slope_errors_cover_what_a_coarse_rule_misses_and_are_infinite_where_nothing_is_left() -> None:
    from numerics.quadrature import kronrod

    law = densities.random_mixture(2, 3, Stream(3))
    points = law.sample(200, Stream(4))
    fine, coarse = (
        ArbitraryScore(law.log_prob, lambda x: -law.log_prob(x), dim=2, rule=kronrod(n)).slope(points) for n in (63, 10)
    )
    allowed = sum(typicality.log_slope_error(coarse, 2, 21)) + sum(typicality.log_slope_error(fine, 2, 127))
    off = (coarse.value.log() - fine.value.log()).abs()
    assert bool((off <= allowed).all())
    lost = typicality.log_slope_error(
        type(coarse)(coarse.value, coarse.value, coarse.scale, coarse.value_scale, coarse.log_size), 2, 21
    )
    assert bool(torch.isinf(lost[0]).all())


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_pieces_run_on_the_device_of_their_points() -> None:
    stream = Stream(1, "cuda")
    law = mapped_laws.mapped_law("sinh", 3, stream)
    assert law.log_slope(law.source.sample(stream, 8)).device.type == "cuda"
    ball = typical_sets.uniform_in_ball(8, 3, 2, 1.0, stream)
    assert typicality.batch_means(ball.square().sum(1), 4).device.type == "cuda"
    assert typicality.column_means(law.source, (law.log_slope,))[0].value.device.type == "cuda"
