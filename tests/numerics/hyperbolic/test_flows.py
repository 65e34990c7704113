"""Flows on hyperbolic space: determinants against autograd, inverses, mass one after training, and a likelihood close to what it can be."""

from __future__ import annotations

import math

import pytest
import torch

from numerics.distributions.mass import weigh
from numerics.hyperbolic import charts
from numerics.hyperbolic.chart_measurements import batch_jacobian
from numerics.hyperbolic.flows import HyperbolicFlow, fit
from numerics.hyperbolic.synthetic import synthetic_density
from numerics.streams import Stream


def disturbed(flow: HyperbolicFlow, seed: int = 0) -> HyperbolicFlow:
    """A flow away from the identity."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in flow.parameters():
            part.add_(0.3 * torch.randn(part.shape, generator=generator, dtype=part.dtype))
    return flow


@pytest.mark.parametrize("kind", ["tangent", "wrapped"])
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_determinants_and_inverses(kind: str, n: int) -> None:
    flow = disturbed(HyperbolicFlow(n, kind, chart="normal"))
    x = Stream(1).normal(16, n)
    z, log_det = flow.to_base(x)
    exact = torch.linalg.slogdet(batch_jacobian(lambda part: flow.to_base(part)[0], x)).logabsdet
    assert torch.allclose(log_det, exact, rtol=1e-9, atol=1e-9)
    back = z
    for coupling in reversed(flow.couplings):
        back = coupling.inverse(back)
    assert torch.allclose(back, x, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(("kind", "n"), [("tangent", 2), ("wrapped", 2), ("wrapped", 3)])
def test_the_mass_stays_one(kind: str, n: int) -> None:
    flow = disturbed(HyperbolicFlow(n, kind, radius=2.0, chart="normal", layers=2, hidden=8))
    points = flow.sample(2000, Stream(2))
    found = weigh(
        lambda x: flow.log_prob(x) + charts.log_volume_element(x, "normal", 2.0), points, most=64 if n == 2 else 40
    )
    assert abs(math.expm1(found.log_mass)) < 1e-3


@pytest.mark.parametrize("kind", ["tangent", "wrapped"])
def test_training_comes_close_to_the_entropy_of_a_wrapped_gaussian(kind: str) -> None:
    density = synthetic_density("wrapped")
    points = density.sample(2000, Stream(3))
    torch.manual_seed(0)
    flow = HyperbolicFlow(2, kind, layers=2, hidden=16)
    losses = fit(flow, points, steps=80, batch=256, rate=3e-2, stream=Stream(4))
    entropy = float(-density.log_prob(points).mean())
    assert losses[0] - entropy > 0.5
    assert sum(losses[-10:]) / 10 - entropy < 0.1
    assert bool(flow.log_prob(flow.sample(100, Stream(5))).isfinite().all())


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="tangent or wrapped"):
        HyperbolicFlow(2, "flat")
