"""Entropies by quadrature, scores of points and batches, and slopes of maps: against SciPy, enumeration and finer rules."""

from __future__ import annotations

import math
from itertools import permutations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from numerics.detection import mapped_distributions, typical_sets, typicality
from numerics.distributions import marginals, mixtures
from numerics.streams import Stream
from numerics.transports import ArbitraryScore, bijections

EPS = torch.finfo(torch.float64).eps
seeds = st.integers(0, 2**40)
FOREIGN = {
    "normal": (marginals.Normal(0.3, 0.2), stats.norm(0.3, 0.2)), "laplace": (marginals.Laplace(-1.0, 2.0), stats.laplace(-1, 2)),
    "exponential": (marginals.Exponential(2.0, 3.0), stats.expon(2, 3)), "uniform": (marginals.Uniform(0.0, 0.25), stats.uniform(0, 0.25)),
    "logistic": (marginals.Logistic(1.0, 0.5), stats.logistic(1, 0.5)), "gumbel": (marginals.Gumbel(0.0, 1.5), stats.gumbel_r(0, 1.5)),
    "cauchy": (marginals.Cauchy(0.0, 1.0), stats.cauchy()), "triangular": (marginals.Triangular(0.0, 2.0), stats.triang(0.5, 0, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_entropy_of_log_prob_alone_is_scipys(name: str) -> None:
    distribution, foreign = FOREIGN[name]
    mass, entropy, _ = typicality.entropy_and_variance(distribution)
    room = 600 * EPS + entropy.estimate
    assert bool(((mass.value - 1).abs() <= room).all())
    assert bool(((entropy.value - float(foreign.entropy())).abs() <= room * 8).all())


def test_quadrature_notices_another_density() -> None:
    mass, _, _ = typicality.entropy_and_variance(_Tampered(0.0, 1.0))
    assert float((mass.value - 1).abs()) > 1e-3


class _Tampered(marginals.Normal):
    def log_density(self, z: torch.Tensor) -> torch.Tensor:
        return super().log_density(z) + 1e-2


@pytest.mark.parametrize(
    ("name", "excess"), [("normal", 0.5), ("laplace", 1.0), ("exponential", 1.0), ("uniform", 0.0)]
)
def test_the_mode_misses_the_mean_log_density_by_the_shape(name: str, excess: float) -> None:
    distribution = FOREIGN[name][0]
    _, entropy, _ = typicality.entropy_and_variance(distribution)
    peak = typicality.highest_log_density(distribution)
    room = 600 * EPS * (1 + entropy.value.abs() + peak.abs()) + entropy.estimate  # sums of some 500 terms
    assert abs(float(entropy.value + peak) - excess) <= float(room)


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


@pytest.mark.parametrize("dim", [1, 2])
def test_entropy_over_a_grid_is_that_of_the_normal_law(dim: int) -> None:
    distribution = mixtures.isotropic_gaussian(dim, 1.5, torch.ones(1).double())
    box = torch.tensor([[-16.0] * dim, [16.0] * dim], dtype=torch.float64)
    (mass, blur), (entropy, error) = typicality.grid_entropy(distribution.log_prob, box, 161)
    expected = dim * (math.log(2 * math.pi * math.e) / 2 + math.log(1.5))
    rounding = 161**dim * EPS * (1 + expected)  # of sums over the nodes; what lies outside weighs less than e^-50
    assert abs(mass - 1) <= blur + rounding
    assert abs(entropy - expected) <= error + rounding


def test_slope_errors_cover_what_a_coarse_rule_misses_and_are_infinite_where_nothing_is_left() -> None:
    from numerics.quadrature import kronrod

    distribution = mixtures.random_mixture(2, 3, Stream(3))
    points = distribution.sample(200, Stream(4))
    fine, coarse = (
        ArbitraryScore(distribution.log_prob, lambda x: -distribution.log_prob(x), dim=2, rule=kronrod(n)).slope(points)
        for n in (63, 10)
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
    distribution = mapped_distributions.mapped_distribution("sinh", 3, stream)
    assert distribution.log_slope(distribution.source.sample(8, stream)).device.type == "cuda"
    ball = typical_sets.uniform_in_ball(8, 3, 2, 1.0, stream)
    assert typicality.batch_means(ball.square().sum(1), 4).device.type == "cuda"
    assert typicality.column_means(distribution.source, (distribution.log_slope,))[0].value.device.type == "cuda"
