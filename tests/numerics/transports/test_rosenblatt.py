"""The Knothe-Rosenblatt map: closed forms and quadrature against SciPy, zuko and each other; inverses, tails, tiles, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor
from torch import distributions as td

from numerics.distributions.marginals import Cauchy, Exponential, Logistic, SplitUniform
from numerics.distributions.mixtures import random_covariances
from numerics.distributions.product import Product
from numerics.log_tails import Tail
from numerics.streams import Stream
from numerics.transports import panels
from numerics.transports.conditionals import (  # fmt: skip
    MixtureConditionals,
    ProductConditionals,
)
from numerics.transports.domain import HypothesisError
from numerics.transports.rosenblatt import KnotheRosenblatt, tails_of, uniforms_of

EPS = torch.finfo(torch.float64).eps
seeds = st.integers(0, 2**40)


def mixture(dim: int, seed: int, components: int = 3) -> MixtureConditionals:
    stream = Stream(seed)
    raw = stream.exponential(components) + 0.2
    return MixtureConditionals(
        raw / raw.sum(), 2 * stream.normal(components, dim) / dim**0.5, random_covariances(dim, components, stream)
    )


def units(distribution: MixtureConditionals, x: Tensor) -> Tensor:
    return 32 * EPS * distribution.joint.rounding_units(x)


# -- closed forms ---------------------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.integers(1, 12), seeds)
def test_the_conditionals_of_a_mixture_multiply_to_its_joint_density_by_scipy(dim: int, seed: int) -> None:
    distribution = mixture(dim, seed)
    x = distribution.sample(8, Stream(seed).fork("x"))
    transport = KnotheRosenblatt.from_conditionals(distribution)
    joint = sum(
        math.exp(float(w)) * stats.multivariate_normal(m.numpy(), c.numpy()).pdf(x.numpy())
        for w, m, c in zip(distribution.log_weights, distribution.means, distribution.covariances, strict=True)
    )
    assert bool(
        ((transport.log_det(x) - torch.as_tensor(np.log(joint))).abs() <= (dim + 1) * units(distribution, x)).all()
    )
    assert bool(
        ((distribution.log_prob(x) - torch.as_tensor(np.log(joint))).abs() <= (dim + 1) * units(distribution, x)).all()
    )


def test_the_first_two_coordinates_are_scipys_mixtures_on_the_line() -> None:
    distribution, x = mixture(2, 11), mixture(2, 11).sample(64, Stream(3))
    u = KnotheRosenblatt.from_conditionals(distribution).forward(x).numpy()
    w, m, c = distribution.log_weights.exp().numpy(), distribution.means.numpy(), distribution.covariances.numpy()
    first = sum(w[k] * stats.norm(m[k, 0], math.sqrt(c[k, 0, 0])).cdf(x[:, 0].numpy()) for k in range(3))
    given_first = np.stack([w[k] * stats.norm(m[k, 0], math.sqrt(c[k, 0, 0])).pdf(x[:, 0].numpy()) for k in range(3)])
    given_first /= given_first.sum(0)
    slope = c[:, 1, 0] / c[:, 0, 0]
    means = m[:, 1, None] + slope[:, None] * (x[:, 0].numpy() - m[:, 0, None])
    scales = np.sqrt(c[:, 1, 1] - slope * c[:, 1, 0])[:, None]
    second = (given_first * stats.norm(means, scales).cdf(x[:, 1].numpy())).sum(0)
    assert np.abs(u[:, 0] - first).max() < 64 * EPS
    assert np.abs(u[:, 1] - second).max() < 512 * EPS


@settings(max_examples=8)
@given(st.sampled_from([1, 2, 5, 12]), seeds, st.sampled_from([1 << 10, 1 << 21]))
def test_inverse_undoes_forward_within_the_derived_bound_in_any_tiling(dim: int, seed: int, tile: int) -> None:
    distribution = mixture(dim, seed)
    x = distribution.sample(9, Stream(seed).fork("x"))
    transport = KnotheRosenblatt.from_conditionals(distribution, tile=tile)
    tail = transport.tails(x)
    back = transport.inverse_of_tails(tail)
    assert bool(((back.x - x).abs() <= transport.preimage_bound(x, back.residual, units(distribution, x))).all())
    assert torch.equal(tail.log_p, KnotheRosenblatt.from_conditionals(distribution).tails(x).log_p) or tile < 1 << 21
    again = transport.tails(back.x)
    assert bool(((again.log_p - tail.log_p).abs() <= back.residual + 8 * units(distribution, x)[:, None]).all())


def test_neither_tail_saturates_far_out() -> None:
    distribution = mixture(2, 5)
    transport = KnotheRosenblatt.from_conditionals(distribution)
    far = torch.tensor([[40.0, 35.0], [-40.0, -60.0], [0.0, 90.0]], dtype=torch.float64)
    tail = transport.tails(far)
    assert bool(torch.isfinite(tail.log_p).all())
    assert float(tail.log_p.min()) < -700
    back = transport.inverse_of_tails(tail)
    assert bool(((back.x - far).abs() <= transport.preimage_bound(far, back.residual, units(distribution, far))).all())
    assert bool(((back.x - far).abs() < 1e-9).all())


def test_products_go_through_their_marginals_and_a_gap_is_declared() -> None:
    distribution = ProductConditionals(
        [Logistic(1.0, 2.0), Exponential(0.0, 3.0), td.Normal(0.5, 2.0), stats.gumbel_r(1.0, 0.7)]
    )
    x = distribution.sample(50, Stream(1))
    u = KnotheRosenblatt.from_conditionals(distribution).forward(x)
    frozen = (stats.logistic(1, 2), stats.expon(0, 3), stats.norm(0.5, 2), stats.gumbel_r(1.0, 0.7))
    for column, value, foreign in zip(u.T, x.T, frozen, strict=True):
        assert np.abs(column.numpy() - foreign.cdf(value.numpy())).max() < 64 * EPS
    back = KnotheRosenblatt.from_conditionals(distribution).inverse(u)
    slopes = torch.stack(
        [torch.as_tensor(foreign.pdf(value.numpy())) for value, foreign in zip(x.T, frozen, strict=True)], 1
    )
    # u is known to as much, there and back
    assert bool(((back - x).abs() <= 2 * 64 * EPS / slopes + 2 * EPS * x.abs()).all())
    split = ProductConditionals(Product([SplitUniform(), Cauchy()]))
    assert not split.connected
    assert not KnotheRosenblatt.from_conditionals(split).connected
    with pytest.raises(ValueError, match="positive density on an open interval"):
        ProductConditionals([SplitUniform()])


def test_outside_a_bounded_support_the_tail_is_minus_infinity_and_has_no_inverse() -> None:
    transport = KnotheRosenblatt.from_conditionals(ProductConditionals([Exponential(0.0, 1.0)]))
    tail = transport.tails(torch.tensor([[-1.0], [2.0]], dtype=torch.float64))
    assert tail.log_p[0, 0] == -math.inf
    assert tail.side[0, 0] == 1
    with pytest.raises(ValueError, match="finite negative log tails"):
        transport.inverse_of_tails(tail)


# -- quadrature -----------------------------------------------------------------------------------------------------------


@settings(max_examples=4)
@given(st.integers(1, 2), seeds)
def test_quadrature_over_values_alone_agrees_with_the_closed_form_within_its_estimate(dim: int, seed: int) -> None:
    distribution = mixture(dim, seed)
    x = distribution.sample(64, Stream(seed).fork("x"))
    transport = KnotheRosenblatt.from_log_prob(distribution.log_prob, dim, tolerance=1e-8)
    tail = transport.tails(x)
    closed = KnotheRosenblatt.from_conditionals(distribution)._tails_on(x, tail.side)
    assert bool(
        ((tail.log_p - closed).abs() <= 10 * transport.error_estimate(x) + 4 * units(distribution, x)[:, None]).all()
    )
    assert abs(float(transport.log_mass)) <= 10 * transport.log_mass_estimate() + 1e-12
    back = transport.inverse_of_tails(tail)
    assert bool(((back.x - x).abs() <= transport.preimage_bound(x, back.residual, units(distribution, x))).all())
    assert bool(((back.x - x).abs() < 1e-9).all())


def test_three_dimensions_from_values_alone() -> None:
    distribution = mixture(3, 8, components=2)
    x = distribution.sample(24, Stream(4))
    transport = KnotheRosenblatt.from_log_prob(distribution.log_prob, 3, tolerance=1e-7, near=x)
    closed = KnotheRosenblatt.from_conditionals(distribution).forward(x)
    assert bool(((transport.forward(x) - closed).abs() < 1e-6).all())
    assert bool(((transport.inverse(transport.forward(x)) - x).abs() < 1e-9).all())
    assert bool(((transport.log_det(x) - distribution.log_prob(x)).abs() < 1e-4).all())


def line(frozen: stats.rv_continuous) -> dict[str, object]:
    def log_prob(x: Tensor) -> Tensor:
        return torch.as_tensor(frozen.logpdf(x[:, 0].numpy()))

    return {"log_prob": log_prob, "dim": 1}


def tail_and_slope(frozen: stats.rv_continuous, x: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
    """The log tail by SciPy, and its slope: the density over the tail."""
    t, lower = x.numpy(), side.numpy() > 0
    log_p = torch.as_tensor(np.where(lower, frozen.logcdf(t), frozen.logsf(t)))
    return log_p, (torch.as_tensor(frozen.logpdf(t)) - log_p).exp()


def rounding_on_the_line(frozen: stats.rv_continuous, x: Tensor, steep: Tensor) -> Tensor:
    """Four units each of a log tail's terms, of log p and of the abscissa, which the slope carries on: SciPy's value, that at a node, a sum,
    and the quotient by the mass."""
    return 4 * EPS * (1 + torch.as_tensor(np.abs(frozen.logpdf(x.numpy()))) + x.abs() * steep)


@pytest.mark.parametrize(
    "frozen",
    [stats.t(2), stats.cauchy(3, 0.1), stats.laplace(0.3, 2), stats.uniform(0.2, 1.5), stats.expon(), stats.gamma(3.5), stats.norm(3e6, 1e6), stats.beta(2, 5)],
    ids=["student", "cauchy", "laplace", "uniform", "exponential", "gamma", "far and wide", "beta"],
)  # fmt: skip
def test_laws_of_scipy_on_the_line_are_found_and_both_tails_follow(frozen: stats.rv_continuous) -> None:
    transport = KnotheRosenblatt.from_log_prob(**line(frozen))
    x = torch.as_tensor(frozen.ppf(np.array([1e-6, 0.01, 0.3, 0.5, 0.9, 1 - 1e-6])))[:, None]
    tail = transport.tails(x)
    expected, steep = tail_and_slope(frozen, x, tail.side)
    rounding = rounding_on_the_line(frozen, x, steep)
    own = transport.error_estimate(x)
    assert bool(((tail.log_p - expected).abs() <= own + rounding).all())
    assert float(own.max()) < 1e-8
    terms = 16 + transport.conditionals.edges[0].numel()  # added up, on a panel and from panel to panel
    assert abs(float(transport.log_mass)) <= transport.log_mass_estimate() + terms * EPS
    back = transport.inverse_of_tails(tail)
    assert bool(((back.x - x).abs() <= 2 * (back.residual + 2 * rounding) / steep + 2 * EPS * x.abs()).all())


def test_beyond_the_grid_tails_go_on_to_where_numbers_end() -> None:
    transport = KnotheRosenblatt.from_log_prob(**line(stats.norm()))
    x = torch.tensor([[-37.0], [20.0], [12.0]], dtype=torch.float64)
    tail = transport.tails(x)
    expected, steep = tail_and_slope(stats.norm(), x, tail.side)
    rounding = rounding_on_the_line(stats.norm(), x, steep)
    own = transport.error_estimate(x)
    assert bool(((tail.log_p - expected).abs() <= own + rounding).all())
    assert float(own.max()) < 1e-4
    back = transport.inverse_of_tails(tail)
    assert bool(((back.x - x).abs() <= 2 * (back.residual + 2 * rounding) / steep + 2 * EPS * x.abs()).all())


def test_a_missing_constant_a_gap_and_a_bounded_square_are_noticed() -> None:
    transport = KnotheRosenblatt.from_log_prob(lambda x: -x.square().sum(1) / 2, 2)
    rounding = 16 * EPS * (1 + math.log(2 * math.pi))  # sums of positive terms keep the relative error of a term
    assert abs(float(transport.log_mass) - math.log(2 * math.pi)) <= transport.log_mass_estimate() + rounding
    assert transport.log_mass_estimate() < 1e-8

    def split(x: Tensor) -> Tensor:
        inside = (x[:, 0].abs() > 1) & (x[:, 0].abs() < 2) & (x[:, 1].abs() < 3)
        return torch.where(inside, torch.full_like(x[:, 0], -math.log(12)), -math.inf)

    parted = KnotheRosenblatt.from_log_prob(split, 2)
    ((low, high),) = parted.gaps[0]
    # bisected to neighbouring numbers, on each of the lines whose mean is taken
    edge = (1 + panels.FIBRES) * EPS
    assert abs(low + 1) <= edge
    assert abs(high - 1) <= edge
    assert not parted.connected
    assert not parted.gaps[1]
    inside = torch.tensor([[-1.5, 0.0], [1.25, 1.5]], dtype=torch.float64)
    expected = torch.tensor([[0.25, 0.5], [0.625, 0.75]], dtype=torch.float64)
    own = parted.error_estimate(inside) * expected
    assert bool(((parted.forward(inside) - expected).abs() <= own + 4 * edge + 64 * EPS).all())


def test_a_disc_is_too_sharp_for_a_small_grid_and_the_estimate_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(panels.MOST_NODES, 2, 128)

    def disc(x: Tensor) -> Tensor:
        return torch.where(x.square().sum(1) < 1, torch.zeros_like(x[:, 0]), -math.inf)

    transport = KnotheRosenblatt.from_log_prob(disc, 2)
    assert transport.limited
    x = 0.5 * Stream(1).uniform(4, 2)
    assert float(transport.error_estimate(x).max()) > 1e-6


# -- laws of the map ------------------------------------------------------------------------------------------------------


def test_the_map_is_equivariant_under_increasing_maps_of_single_coordinates() -> None:
    """f of (sinh X_1, X_2^3 ..) at the moved point is f at the point: uniqueness at work."""
    distribution = mixture(2, 21)

    def moved(y: Tensor) -> Tensor:
        x = torch.stack([torch.asinh(y[:, 0]), y[:, 1] / 5 - 1], 1)
        return distribution.log_prob(x) - 0.5 * torch.log1p(y[:, 0].square()) - math.log(5)

    x = distribution.sample(32, Stream(6))
    y = torch.stack([torch.sinh(x[:, 0]), 5 * (x[:, 1] + 1)], 1)
    transport = KnotheRosenblatt.from_log_prob(moved, 2)
    expected = KnotheRosenblatt.from_conditionals(distribution).forward(x)
    assert bool(((transport.forward(y) - expected).abs() < 1e-7).all())


def test_no_coordinate_looks_ahead() -> None:
    distribution = mixture(3, 2)
    for transport in (
        KnotheRosenblatt.from_conditionals(distribution),
        KnotheRosenblatt.from_log_prob(mixture(2, 2).log_prob, 2),
    ):
        x = Stream(3).normal(4, transport.dim)
        jacobian = transport.tail_jacobian(x)
        assert bool((torch.triu(jacobian, 1) == 0).all())
        assert bool((torch.diagonal(jacobian, dim1=1, dim2=2).abs() > 0).all())


def test_memory_is_the_tiles_and_not_the_samples() -> None:
    distribution = mixture(2, 4)
    largest = {"points": 0}

    def counted(x: Tensor) -> Tensor:
        largest["points"] = max(largest["points"], x.shape[0])
        return distribution.log_prob(x)

    transport = KnotheRosenblatt.from_log_prob(counted, 2, tile=1 << 10)
    largest["points"] = 0
    transport.tails(distribution.sample(500, Stream(1)))
    assert largest["points"] <= 1 << 10


# -- refusals -------------------------------------------------------------------------------------------------------------


def test_input_that_cannot_be_mapped_is_refused_by_name() -> None:
    transport = KnotheRosenblatt.from_conditionals(mixture(2, 1))
    with pytest.raises(ValueError, match=r"shape \(N, 2\)"):
        transport.tails(torch.zeros(0, 2, dtype=torch.float64))
    with pytest.raises(ValueError, match="float16"):
        transport.tails(torch.zeros(2, 2, dtype=torch.float16))
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        transport.inverse(torch.tensor([[0.5, 1.0]], dtype=torch.float64))
    with pytest.raises(ValueError, match="D = 1, 2 or 3, got D = 4"):
        KnotheRosenblatt.from_log_prob(lambda x: x[:, 0], 4)
    with pytest.raises(ValueError, match="low < high"):
        KnotheRosenblatt.from_log_prob(lambda x: x[:, 0], 1, support=(torch.ones(1).double(), torch.zeros(1).double()))
    with pytest.raises(HypothesisError, match="-inf at all"):
        KnotheRosenblatt.from_log_prob(lambda x: torch.full_like(x[:, 0], -math.inf), 1)
    with pytest.raises(HypothesisError, match="NaN or"):
        KnotheRosenblatt.from_log_prob(lambda x: x[:, 0] * math.nan, 1)
    with pytest.raises(ValueError, match="one number a row"):
        KnotheRosenblatt.from_log_prob(lambda x: -x.square(), 2)
    with pytest.raises(ValueError, match=r"torch\.float32"):
        KnotheRosenblatt.from_log_prob(lambda x: -x.square().sum(1).float(), 2)
    cut = KnotheRosenblatt.from_log_prob(lambda x: -x.detach().square().sum(1), 1)
    with pytest.raises(ValueError, match="carries no gradient"):
        cut.log_det(torch.zeros(1, 1, dtype=torch.float64))
    with pytest.raises(ValueError, match="positive definite"):
        MixtureConditionals(torch.ones(1), torch.zeros(1, 2), torch.tensor([[[1.0, 2.0], [2.0, 1.0]]]))


def test_uniforms_and_tails_are_one_thing() -> None:
    u = torch.tensor([1e-300, 0.25, 0.5, 0.75, 1 - 1e-12], dtype=torch.float64)
    assert bool(((uniforms_of(tails_of(u)) - u).abs() <= 2 * EPS * u * (2 + u.log().abs())).all())
    assert isinstance(tails_of(u), Tail)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_map_follows_its_points_to_the_device() -> None:
    distribution = mixture(2, 9)
    on_device = MixtureConditionals(
        *(t.cuda() for t in (distribution.log_weights.exp(), distribution.means, distribution.covariances))
    )
    x = distribution.sample(32, Stream(1))
    for transport in (
        KnotheRosenblatt.from_conditionals(on_device),
        KnotheRosenblatt.from_log_prob(on_device.log_prob, 2, near=x.cuda()),
    ):
        u = transport.forward(x.cuda())
        assert u.is_cuda
        assert bool(((u.cpu() - KnotheRosenblatt.from_conditionals(distribution).forward(x)).abs() < 1e-8).all())
        assert bool(((transport.inverse(u).cpu() - x).abs() < 1e-8).all())
