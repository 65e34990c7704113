"""Conditionals of autoregressive flows and of callables, and what is refused."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from numerics.distributions.marginals import Uniform
from numerics.distributions.product import Product
from numerics.streams import Stream
from numerics.transports import conditionals
from numerics.transports.conditionals import (  # fmt: skip
    CallableConditionals,
    FlowConditionals,
)
from numerics.transports.domain import HypothesisError
from numerics.transports.rosenblatt import KnotheRosenblatt

EPS = torch.finfo(torch.float64).eps


@pytest.mark.parametrize("kind", ["MAF", "NSF"])
def test_an_autoregressive_zuko_flow_then_the_normal_law_is_the_map(kind: str) -> None:
    zuko = pytest.importorskip("zuko")
    with torch.random.fork_rng():
        torch.manual_seed(3)
        flow = getattr(zuko.flows, kind)(features=4, transforms=1, hidden_features=(16,)).double()
        x = torch.randn(40, 4, dtype=torch.float64)
    distribution = flow()
    transport = KnotheRosenblatt.from_conditionals(FlowConditionals(distribution.transform, x[:8]))
    with torch.no_grad():
        expected = torch.special.ndtr(distribution.transform(x))
    assert bool(((transport.forward(x) - expected).abs() < 64 * EPS).all())
    log_p = distribution.log_prob(x).detach()  # four terms of log p, each with its own layer's slope
    assert bool(((transport.log_det(x) - log_p).abs() <= 4 * 16 * EPS * (1 + log_p.abs())).all())
    assert bool(((transport.inverse(transport.forward(x)) - x).abs() < 1e-8).all())


def test_two_autoregressive_transforms_are_not_triangular_and_are_refused() -> None:
    zuko = pytest.importorskip("zuko")
    with torch.random.fork_rng():
        torch.manual_seed(4)
        flow = zuko.flows.MAF(features=3, transforms=2, hidden_features=(16,)).double()
    with pytest.raises(HypothesisError, match="triangular"):
        FlowConditionals(flow().transform, Stream(1).normal(8, 3))
    with pytest.raises(HypothesisError, match="increasing"):
        FlowConditionals(lambda x: -x, Stream(1).normal(8, 2))


def test_callables_of_ones_own_are_checked() -> None:
    def log_cdf(t: Tensor, before: Tensor) -> Tensor:
        return torch.special.log_ndtr(t - before.sum(1))

    def log_sf(t: Tensor, before: Tensor) -> Tensor:
        return torch.special.log_ndtr(before.sum(1) - t)

    def log_density(t: Tensor, before: Tensor) -> Tensor:
        return -(t - before.sum(1)).square() / 2 - math.log(2 * math.pi) / 2

    x = Stream(2).normal(20, 3)
    own = CallableConditionals(3, log_cdf=log_cdf, log_sf=log_sf, log_density=log_density)
    transport = KnotheRosenblatt.from_conditionals(own)
    tail = transport.tails(40 * x)
    back, rounding = transport.inverse_of_tails(tail), 8 * EPS * (1 + tail.log_p.abs().amax(1))
    assert bool(((back.x - 40 * x).abs() <= transport.preimage_bound(40 * x, back.residual, rounding)).all())
    plain = CallableConditionals(3, log_cdf=lambda t, b: log_cdf(t, b).exp(), log_density=log_density)
    with pytest.raises(HypothesisError, match="logarithm of a probability"):
        KnotheRosenblatt.from_conditionals(plain).tails(x)
    flat = CallableConditionals(1, log_cdf=lambda t, b: torch.zeros(3), log_density=log_density)
    with pytest.raises(ValueError, match="one number a row"):
        KnotheRosenblatt.from_conditionals(flat).tails(x[:, :1])


def test_beyond_its_support_a_product_has_tails_of_zero_and_one():
    fibre = conditionals.ProductConditionals(Product([Uniform(0.0, 1.0)])).fibre(torch.zeros(2, 0).double())
    outside = torch.tensor([-0.5, 1.5]).double()
    below, above = (fibre.log_tail(outside, side * torch.ones(2).double()) for side in (1.0, -1.0))
    assert below.tolist() == [-torch.inf, 0.0]
    assert above.tolist() == [0.0, -torch.inf]
