"""Each density has unit mass and is the law of its own sampler, which never sees it."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from scipy import stats as oracle

from numerics import densities
from numerics.random import Stream

EPS = torch.finfo(torch.float64).eps


def mixtures(dim: int, seed: int) -> densities.GaussianMixture:
    return densities.random_mixture(dim, 1 + seed % 6, Stream(seed), spread=3.0)


@given(st.integers(0, 2**40), st.integers(1, 12))
def test_a_mixture_agrees_with_scipy_within_its_stated_accuracy(seed: int, dim: int) -> None:
    p = mixtures(dim, seed)
    x = 4 * Stream(seed).fork("x").normal(16, dim)
    parts = [
        w * oracle.multivariate_normal(m, s**2).pdf(x.numpy())
        for w, m, s in zip(p.weights.numpy(), p.means.numpy(), p.scales.numpy(), strict=True)
    ]
    size = ((x.square().sum(1)[:, None] + p.means.square().sum(1)) / p.scales.square()).amax(1)
    assert bool(
        ((p.log_prob(x) - torch.tensor(sum(parts)).log()).abs() <= 4 * (dim + 6) * EPS * (1 + size + dim * 4)).all()
    )


@given(st.integers(0, 2**40))
def test_the_mixture_along_its_first_coordinate_is_its_sum_of_exponentials_of_quadratics(seed: int) -> None:
    p = mixtures(3, seed)
    x = Stream(seed).fork("x").normal(9, 3)
    a, b, c = p.along_first(x[:, 1:])
    t = x[:, 0]
    rebuilt = torch.logsumexp(-a[:, None] * t**2 + b[:, None] * t + c, 0)
    assert bool(((rebuilt - p.log_prob(x)).abs() <= 1e3 * EPS * (1 + p.log_prob(x).abs())).all())


@pytest.mark.parametrize(
    "law",
    [
        densities.LogisticProduct(torch.tensor([0.5]).double(), torch.tensor([2.0]).double()),
        densities.StudentProduct(3, 1),
        densities.random_mixture(1, 4, Stream(5)),
    ],
    ids=lambda law: type(law).__name__,
)
def test_one_dimensional_densities_are_the_laws_of_their_samplers(law: densities.Density) -> None:
    """DKW at level 1e-9 on 20,000 draws, with the distribution function by SciPy's adaptive quadrature of the density."""
    sample = law.sample(20_000, Stream(1))[:, 0]
    grid = torch.linspace(-6, 6, 25, dtype=torch.float64)

    def pdf(t: float) -> float:
        return math.exp(float(law.log_prob(torch.tensor([[t]], dtype=torch.float64))[0]))

    assert abs(integrate.quad(pdf, -math.inf, math.inf)[0] - 1) < 1e-7
    below = [integrate.quad(pdf, -math.inf, float(t))[0] for t in grid]
    empirical = [(sample <= t).double().mean().item() for t in grid]
    assert max(abs(e - f) for e, f in zip(empirical, below, strict=True)) <= math.sqrt(math.log(2e9) / 40_000) + 1e-6


def test_the_heavy_ridge_is_the_law_of_its_sampler_and_has_an_infinite_fibre() -> None:
    law = densities.HeavyRidge()
    sample = law.sample(20_000, Stream(2))
    radius = math.sqrt(math.log(2e9) / 40_000)
    g = oracle.gamma(3 / 8)
    assert abs((sample[:, 1].square() <= 0.2).double().mean().item() - g.cdf(0.2)) <= radius
    standard = sample[:, 0] * (2 * sample[:, 1].abs().sqrt()).sqrt()
    assert abs((standard <= 0.5).double().mean().item() - oracle.norm.cdf(0.5)) <= radius
    total = integrate.quad(
        lambda y: (
            2 * math.exp(float(law.log_prob(torch.tensor([[0.0, y]]).double())[0])) * math.sqrt(math.pi) * y**-0.25
        ),
        0,
        math.inf,
    )[0]
    assert abs(total - 1) < 1e-7
    line = torch.tensor([[0.0, 0.0], [1e6, 0.0]]).double()
    assert law.log_prob(line)[0] == law.log_prob(line)[1]


@settings(max_examples=10)
@given(st.integers(0, 2**40), st.integers(1, 64))
def test_the_gradient_of_a_mixture_is_that_of_its_definition(seed: int, dim: int) -> None:
    p = mixtures(dim, seed)
    x = Stream(seed).fork("x").normal(4, dim).requires_grad_()
    (got,) = torch.autograd.grad(p.log_prob(x).sum(), x)
    distance = (x[:, None] - p.means) / p.scales.square()[:, None]
    logs = p.weights.log() - dim * p.scales.log() - ((x[:, None] - p.means).square().sum(-1) / p.scales.square()) / 2
    expected = -(torch.softmax(logs, 1)[..., None] * distance).sum(1)
    assert bool(((got - expected).abs() <= 1e4 * EPS * (1 + distance.abs().amax(1))).all())


def test_bad_mixtures_are_refused() -> None:
    one = torch.ones(1).double()
    with pytest.raises(ValueError, match="positive weights"):
        densities.GaussianMixture(one, torch.zeros(1, 2).double(), 0 * one)
    with pytest.raises(ValueError, match="means"):
        densities.GaussianMixture(one, torch.zeros(2).double(), one)


def test_the_curved_band_is_the_law_of_its_sampler() -> None:
    law = densities.CurvedBand()
    sample = law.sample(20_000, Stream(3))
    across = sample[:, 0] - law.base(sample[:, 1:])
    radius = math.sqrt(math.log(2e9) / 40_000)
    for t in (-0.7, 0.0, 0.4):
        assert abs((across <= t).double().mean().item() - (2 + 3 * t - t**3) / 4) <= radius
    assert abs((sample[:, 1] <= 0.3).double().mean().item() - oracle.norm.cdf(0.3)) <= radius
    t = torch.tensor(0.4, dtype=torch.float64)
    expected = 0.75 * (1 - t**2) * math.exp(-0.5) / math.sqrt(2 * math.pi)
    assert abs(float(law.log_prob(torch.stack([1 + t, t / t])[None])[0].exp() - expected)) < 1e-15
    assert float(law.log_prob(torch.tensor([[2.5, 1.0]]).double())[0]) == -math.inf
