"""The bijection behind any score: its Jacobian as evaluated, its inverse, its tiles, and what it refuses."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from torch import Tensor

from numerics import densities, quadrature, transports
from numerics.random import Stream
from numerics.transports import ArbitraryScore, HypothesisError

EPS = torch.finfo(torch.float64).eps
seeds = st.integers(0, 2**40)
dims = st.sampled_from([1, 2, 3, 7, 20])
scores = st.sampled_from(["flat", "wide", "inverse", "square", "logistic", "bumps"])


def built(dim: int, kind: str, seed: int, **options: object) -> tuple[ArbitraryScore, densities.Density, Tensor]:
    p = densities.random_mixture(dim, 3, Stream(seed))
    transport = ArbitraryScore(p.log_prob, densities.log_score(kind, p, Stream(seed).fork("s")), dim=dim, **options)
    return transport, p, p.sample(12, Stream(seed).fork("x"))


def rounding(slope: transports.Slope, dim: int) -> Tensor:
    return EPS * (71 + 16 * (dim + 8) * slope.log_size)


@settings(max_examples=15)
@given(dims, scores, seeds)
def test_the_maps_own_jacobian_gives_the_image_the_score_as_density(dim: int, kind: str, seed: int) -> None:
    transport, p, x = built(dim, kind, seed)
    slope = transport.slope(x)
    relative = slope.estimate / slope.value + rounding(slope, dim) * (1 + slope.scale / slope.value)
    residual = (p.log_prob(x) - transport.log_det(x) - transport.log_score(x)).abs()
    assert bool((residual <= 2 * relative).all())


@settings(max_examples=15)
@given(dims, seeds)
def test_the_law_rejects_the_integrand_p_squared_over_s(dim: int, seed: int) -> None:
    transport, p, x = built(dim, "wide", seed, integrand=lambda log_p, log_s: 2 * log_p - log_s)
    residual = (p.log_prob(x) - transport.log_det(x) - transport.log_score(x)).abs()
    assert float(residual.max()) > 1e-2


def test_a_wrong_weight_in_the_rule_shows_in_the_maps_jacobian() -> None:
    """The residual comes from differentiating the quadrature, so that a bad rule cannot hide behind the identity."""
    rule = quadrature.kronrod(31)
    bent = quadrature.Rule(
        rule.nodes,
        (*rule.weights[:40], rule.weights[40] * 1.01, *rule.weights[41:]),
        rule.coarse,
        rule.degree,
        rule.coarse_degree,
    )
    honest, p, x = built(2, "wide", 5)
    broken = ArbitraryScore(honest.log_prob, honest.log_score, dim=2, rule=bent)
    sound, wrong = ((p.log_prob(x) - t.log_det(x) - t.log_score(x)).abs().max() for t in (honest, broken))
    assert float(sound) < 1e-11
    assert float(wrong) > 1e-4


@settings(max_examples=15)
@given(dims, scores, seeds, st.sampled_from([1, 1 << 10, 1 << 18]))
def test_inverse_undoes_forward_in_any_tiling_and_density_is_recovered(
    dim: int, kind: str, seed: int, tile: int
) -> None:
    transport, _, x = built(dim, kind, seed, tile=tile)
    y = transport.forward(x)
    found = transport.solve(y)
    slope = transport.slope(x)
    units = (71 + 16 * (dim + 8) * slope.log_size) * EPS
    assert bool((found.residual <= 4 * units * slope.value_scale + 16 * EPS * slope.value * (1 + x[:, 0].abs())).all())
    assert torch.equal(y[:, 1:], x[:, 1:])
    error = (found.x[:, 0] - x[:, 0]).abs()
    allowed = 8 * units * slope.value_scale / slope.value + 64 * EPS * (1 + x[:, 0].abs())
    assert bool((error <= allowed).all())
    steepness = 1 + slope.scale / slope.value
    close = 50 * allowed * (1 + x.abs().amax(1)) + 4 * slope.estimate / slope.value + 4 * units * steepness
    assert bool(((transport.log_density(y) - transport.log_score(found.x)).abs() <= close).all())


def test_forward_agrees_with_scipys_adaptive_quadrature() -> None:
    transport, p, x = built(2, "bumps", 8)
    y, estimate = transport.forward_with_estimate(x)
    for row, image, error in zip(x[:4], y, estimate, strict=False):

        def ratio(t: float, row: Tensor = row) -> float:
            at = torch.tensor([[t, float(row[1])]], dtype=torch.float64)
            return math.exp(float(p.log_prob(at) - transport.log_score(at)))

        expected = integrate.quad(ratio, 0.0, float(row[0]), epsabs=0, epsrel=1e-9, limit=200)[0]
        assert abs(float(image[0]) - expected) <= float(error) + 1e-8 * abs(expected)


def test_each_function_is_evaluated_at_most_64_times_a_point_and_the_base_may_move() -> None:
    counts = {"p": 0, "s": 0}
    p = densities.random_mixture(3, 4, Stream(1))

    def counted(name: str, function: transports.LogFunction) -> transports.LogFunction:
        def call(x: Tensor) -> Tensor:
            counts[name] += x.shape[0]
            return function(x)

        return call

    x = p.sample(500, Stream(2))
    transport = ArbitraryScore(
        counted("p", p.log_prob),
        counted("s", lambda t: -t.square().sum(1) / 20),
        dim=3,
        base=lambda rest: rest[:, 0] / 2,
        tile=1 << 12,
    )
    y = transport.forward(x)
    assert max(counts.values()) <= 64 * 500
    on_base = torch.cat([x[:, 1:2] / 2, x[:, 1:]], 1)
    assert float(transport.forward(on_base)[:, 0].abs().max()) == 0
    assert y.shape == x.shape


@settings(max_examples=20)
@given(st.integers(1, 6), seeds)
def test_the_structured_log_determinant_is_that_of_the_full_jacobian(dim: int, seed: int) -> None:
    transport, _, x = built(dim, "wide", seed)
    full = torch.func.vmap(torch.func.jacrev(lambda point: transport.evaluate(point[None])[0]))(x)
    slope = transport.slope(x)
    bound = 4 * rounding(slope, dim) * (1 + slope.scale / slope.value)
    assert torch.equal(transports.triangular_log_det(transport.evaluate, x, active=(0,)), transport.log_det(x))
    assert bool(((torch.linalg.slogdet(full).logabsdet - transport.log_det(x)).abs() <= bound).all())


def test_triangular_structure_is_checked_and_not_assumed() -> None:
    x = Stream(3).normal(6, 3)

    def lower(point: Tensor) -> Tensor:
        return torch.stack([point[:, 0].sinh(), 2 * point[:, 1] + point[:, 0] ** 2, point[:, 2] * point[:, 0].exp()], 1)

    expected = x[:, 0].cosh().log() + math.log(2) + x[:, 0]
    assert bool(((transports.triangular_log_det(lower, x) - expected).abs() <= 16 * EPS * (1 + expected.abs())).all())
    covectors = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]).double()
    assert float(transports.triangularity_defect(lower, x, covectors).max()) == 0
    assert float(transports.triangularity_defect(lambda point: point.flip(1), x, covectors).min()) == 1
    with pytest.raises(ValueError, match="unchanged"):
        transports.triangular_log_det(lower, x, active=(0, 2))
    with pytest.raises(ValueError, match="cut off"):
        transports.triangular_log_det(lambda point: point.detach() ** 2, x)
    with pytest.raises(ValueError, match="same shape"):
        transports.triangular_log_det(lambda point: point[:, :2], x)


def test_dyadic_tails_fall_for_an_integrable_fibre_and_grow_for_a_divergent_one() -> None:
    rest = torch.zeros(1, 0).double()
    for base, log_r, ratio in (
        (0.0, lambda t, _: -t.abs().log(), 1.0),
        (0.0, lambda t, _: 0 * t, 2.0**-8),
        (-math.inf, lambda t, _: 0 * t, 2.0**8),
    ):
        first, last, _ = transports.dyadic_tails(log_r, rest, torch.tensor([base]).double(), levels=8)
        assert abs(float(last / first) / ratio - 1) < 1e-10


def normal(x: Tensor) -> Tensor:
    return -x.square().sum(1) / 2


@pytest.mark.parametrize(
    ("p", "s", "message"),
    [
        (lambda x: normal(x) * math.nan, normal, "log_prob returned NaN"),
        (normal, lambda x: torch.full_like(x[:, 0], -math.inf), "s is zero"),
        (lambda x: normal(x) + math.inf, normal, "p is infinite"),
        (lambda x: torch.where(x[:, 0] > 0.1, normal(x), -math.inf), normal, "p is zero"),
    ],
)
def test_a_density_or_score_that_is_not_positive_and_finite_is_named(
    p: transports.LogFunction, s: transports.LogFunction, message: str
) -> None:
    with pytest.raises(HypothesisError, match=message):
        ArbitraryScore(p, s, dim=2).forward(torch.ones(3, 2).double())


def test_misfits_are_explained() -> None:
    ones = torch.ones(3, 2).double()
    with pytest.raises(ValueError, match="one number a row"):
        ArbitraryScore(lambda x: -x.square(), normal, dim=2).forward(ones)
    with pytest.raises(ValueError, match="shape"):
        ArbitraryScore(normal, normal, dim=3).forward(ones)
    with pytest.raises(ValueError, match="shape"):
        ArbitraryScore(normal, normal, dim=2).forward(ones[:0])
    with pytest.raises(ValueError, match="floating-point"):
        ArbitraryScore(normal, normal, dim=2).forward(ones.long())
    with pytest.raises(ValueError, match="at least 1"):
        ArbitraryScore(normal, normal, dim=0)
    with pytest.raises(ValueError, match="no gradient"):
        ArbitraryScore(lambda x: normal(x).detach(), lambda x: 0 * normal(x), dim=2).slope(ones)
    with pytest.raises(HypothesisError, match="outside the image"):
        ArbitraryScore(normal, lambda x: 0 * x[:, 0], dim=1).inverse(torch.tensor([[5.0]]).double())


def test_dtype_follows_the_points() -> None:
    transport = ArbitraryScore(normal, lambda x: normal(x) / 4, dim=2)
    assert transport.forward(torch.ones(3, 2)).dtype == torch.float32
    assert transport.log_det(torch.ones(3, 2)).dtype == torch.float32
