"""The wrapped normal: its mass by an integral in another chart, its density at far points, and what it refuses."""

from __future__ import annotations

import math

import pytest
import torch

from numerics.distributions.mass import weigh
from numerics.hyperbolic import charts
from numerics.hyperbolic.wrapped_fit import centre_of, fit_wrapped_normal
from numerics.hyperbolic.wrapped_measurements import draw_wrapped
from numerics.hyperbolic.wrapped_normal import WrappedNormal
from numerics.streams import Stream


@pytest.mark.parametrize(("n", "R"), [(1, 2.0), (2, 0.5), (3, 1.5)])
def test_the_mass_is_one_against_the_ball_s_volume(n: int, R: float) -> None:
    wrapped = draw_wrapped(n, R, Stream(1), sigma=0.4, offset=0.6, chart="ball")

    def log_density(y: torch.Tensor) -> torch.Tensor:
        """Of y, x = R tanh-like y/sqrt(1 + y^2): a chart of the ball by all of R^n."""
        size = torch.sqrt(1 + y.square().sum(-1, keepdim=True))
        x = R * y / size
        jacobian = n * math.log(R) - (n + 2) / 2 * torch.log1p(y.square().sum(-1))
        inside = x.norm(dim=-1) < R * (1 - 1e-12)
        value = wrapped.log_prob(torch.where(inside.unsqueeze(-1), x, torch.zeros_like(x)))
        value = value + charts.log_volume_element(x * 0.999999999999, "ball", R) + jacobian
        return torch.where(inside, value, torch.full_like(value, -math.inf))

    draws = wrapped.sample(2000, Stream(2)) / R
    y = draws / torch.sqrt(1 - draws.square().sum(-1, keepdim=True))
    found = weigh(log_density, y, most=128)
    assert abs(math.expm1(found.log_mass)) < max(1e-6, 10 * found.quadrature)


def test_density_and_draws_at_radius_a_thousand() -> None:
    mean = torch.tensor([1000.0, 0.0]).double()
    wrapped = WrappedNormal(mean, 0.5 * torch.eye(2).double())
    at_mean = float(wrapped.log_prob(mean))
    assert at_mean == pytest.approx(-math.log(2 * math.pi * 0.25), abs=1e-12)
    along = float(wrapped.log_prob(torch.tensor([1001.0, 0.0]).double()))
    assert along == pytest.approx(at_mean - 2.0 - math.log(math.sinh(1.0)), abs=1e-9)


def test_a_fit_reads_off_what_the_density_was_made_of() -> None:
    wrapped = draw_wrapped(3, 2.0, Stream(4), sigma=0.4, offset=0.5, chart="ball")
    x = charts.to_normal(wrapped.sample(512, Stream(1)), "ball", 2.0)
    fit = fit_wrapped_normal(
        lambda p: wrapped.log_prob(charts.from_normal(p, "ball", 2.0)), centre_of(x, 2.0), 2.0, Stream(2)
    )
    assert fit is not None
    assert fit.factors == pytest.approx(2, abs=1e-6)
    assert fit.constant == pytest.approx(0, abs=1e-6)
    assert torch.allclose(fit.mean, wrapped.centre, atol=1e-8)
    assert torch.allclose(fit.precision.inverse(), wrapped.scale_tril @ wrapped.scale_tril.mT, rtol=1e-5, atol=1e-6)
    assert fit_wrapped_normal(lambda p: torch.full_like(p[..., 0], -math.inf), x[0], 2.0, Stream(2)) is None


def test_what_is_refused() -> None:
    mean, eye = torch.zeros(2).double(), torch.eye(2).double()
    with pytest.raises(ValueError, match="chart among"):
        WrappedNormal(mean, eye, chart="disc")
    with pytest.raises(ValueError, match="shape"):
        WrappedNormal(mean, torch.eye(3).double())
    with pytest.raises(ValueError, match="lower triangular"):
        WrappedNormal(mean, -eye)
    with pytest.raises(ValueError, match="inside the Poincaré ball"):
        WrappedNormal(mean + 1, eye, chart="ball")
    with pytest.raises(ValueError, match="positive radius"):
        WrappedNormal(mean, eye, -1.0).log_prob(mean)
