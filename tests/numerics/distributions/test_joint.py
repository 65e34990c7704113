"""Each density has unit mass and is that of its own sampler, which never sees it."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import integrate
from scipy import stats as oracle

from numerics.distributions import joint
from numerics.distributions.interface import Distribution
from numerics.distributions.marginals import Logistic
from numerics.distributions.mixtures import random_mixture
from numerics.streams import Stream

EPS = torch.finfo(torch.float64).eps


@pytest.mark.parametrize(
    "distribution",
    [
        Logistic(0.5, 2.0),
        joint.StudentProduct(3, 1),
        random_mixture(1, 4, Stream(5)),
    ],
    ids=lambda one: type(one).__name__,
)
def test_one_dimensional_densities_are_the_laws_of_their_samplers(distribution: Distribution) -> None:
    """DKW at level 1e-9 on 20,000 draws, with the distribution function by SciPy's adaptive quadrature of the density."""
    sample = distribution.sample(20_000, Stream(1))[:, 0]
    grid = torch.linspace(-6, 6, 25, dtype=torch.float64)

    def pdf(t: float) -> float:
        return math.exp(float(distribution.log_prob(torch.tensor([[t]], dtype=torch.float64))[0]))

    assert abs(integrate.quad(pdf, -math.inf, math.inf)[0] - 1) < 1e-7
    below = [integrate.quad(pdf, -math.inf, float(t))[0] for t in grid]
    empirical = [(sample <= t).double().mean().item() for t in grid]
    assert max(abs(e - f) for e, f in zip(empirical, below, strict=True)) <= math.sqrt(math.log(2e9) / 40_000) + 1e-6


def test_the_heavy_ridge_is_the_law_of_its_sampler_and_has_an_infinite_fibre() -> None:
    distribution = joint.HeavyRidge()
    sample = distribution.sample(20_000, Stream(2))
    radius = math.sqrt(math.log(2e9) / 40_000)
    g = oracle.gamma(3 / 8)
    assert abs((sample[:, 1].square() <= 0.2).double().mean().item() - g.cdf(0.2)) <= radius
    standard = sample[:, 0] * (2 * sample[:, 1].abs().sqrt()).sqrt()
    assert abs((standard <= 0.5).double().mean().item() - oracle.norm.cdf(0.5)) <= radius
    total = integrate.quad(
        lambda y: (
            2
            * math.exp(float(distribution.log_prob(torch.tensor([[0.0, y]]).double())[0]))
            * math.sqrt(math.pi)
            * y**-0.25
        ),
        0,
        math.inf,
    )[0]
    assert abs(total - 1) < 1e-7
    line = torch.tensor([[0.0, 0.0], [1e6, 0.0]]).double()
    assert distribution.log_prob(line)[0] == distribution.log_prob(line)[1]


def test_the_curved_band_is_the_law_of_its_sampler() -> None:
    distribution = joint.CurvedBand()
    sample = distribution.sample(20_000, Stream(3))
    across = sample[:, 0] - distribution.base(sample[:, 1:])
    radius = math.sqrt(math.log(2e9) / 40_000)
    for t in (-0.7, 0.0, 0.4):
        assert abs((across <= t).double().mean().item() - (2 + 3 * t - t**3) / 4) <= radius
    assert abs((sample[:, 1] <= 0.3).double().mean().item() - oracle.norm.cdf(0.3)) <= radius
    t = torch.tensor(0.4, dtype=torch.float64)
    expected = 0.75 * (1 - t**2) * math.exp(-0.5) / math.sqrt(2 * math.pi)
    assert abs(float(distribution.log_prob(torch.stack([1 + t, t / t])[None])[0].exp() - expected)) < 1e-15
    assert float(distribution.log_prob(torch.tensor([[2.5, 1.0]]).double())[0]) == -math.inf
