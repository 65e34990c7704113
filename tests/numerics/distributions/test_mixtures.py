"""The density of a mixture with full covariances against torch's own, and against the conditionals of the same mixture."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as oracle
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from numerics.distributions.mixtures import GaussianMixture, IsotropicMixture, random_covariances, random_mixture
from numerics.streams import Stream
from numerics.transports.conditionals import MixtureConditionals

EPS = torch.finfo(torch.float64).eps


def parts(dim: int, components: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    stream = Stream(seed)
    covariances = random_covariances(dim, components, stream.fork("covariances"))
    return stream.exponential(components) + 0.1, 2 * stream.normal(components, dim), covariances


@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 2**40))
def test_the_log_density_is_torchs_and_that_of_the_conditionals(dim: int, components: int, seed: int) -> None:
    weights, means, covariances = parts(dim, components, seed)
    conditionals = MixtureConditionals(weights, means, covariances)
    x = 3 * Stream(seed).fork("x").normal(20, dim)
    found = GaussianMixture(weights, means, covariances).log_prob(x)
    foreign = MixtureSameFamily(Categorical(probs=weights), MultivariateNormal(means, covariances)).log_prob(x)
    # either way a covariance is off by a few D units of its norm, which its condition number amplifies in |z|^2
    rounding = 32 * EPS * conditionals.joint.rounding_units(x)
    assert bool(((found - foreign).abs() <= rounding).all())
    chain = sum(conditionals.fibre(x[:, :d]).log_density(x[:, d]) for d in range(dim))
    assert bool(((found - chain).abs() <= dim * rounding).all())
    wider = GaussianMixture(weights, means, covariances * (1 + 1e-6)).log_prob(x)
    assert not bool(((wider - foreign).abs() <= rounding).all())


def test_it_is_differentiable_and_its_gradient_leads_to_the_mean() -> None:
    mean = torch.tensor([[1.0, -2.0]], dtype=torch.float64)
    distribution = GaussianMixture(torch.ones(1).double(), mean, random_covariances(2, 1, Stream(1)))
    x = mean.clone().requires_grad_()
    (slope,) = torch.autograd.grad(distribution.log_prob(x).sum(), x)
    assert torch.equal(slope, torch.zeros_like(slope))


@pytest.mark.parametrize("broken", ["weights", "covariances", "shapes"])
def test_what_is_no_mixture_is_refused(broken: str) -> None:
    weights, means, covariances = parts(3, 2, 5)
    if broken == "weights":
        weights = -weights
    elif broken == "covariances":
        covariances = covariances - 10 * torch.eye(3).double()
    else:
        means = means[:, :2]
    with pytest.raises(ValueError, match="Expected"):
        GaussianMixture(weights, means, covariances)


@given(st.integers(1, 8), st.integers(0, 2**40))
def test_an_isotropic_mixture_is_the_mixture_of_its_covariances(dim: int, seed: int) -> None:
    p = isotropic(dim, seed)
    full = GaussianMixture(p.weights, p.means, p.covariances)
    x = 3 * Stream(seed).fork("x").normal(20, dim)
    size = ((x.square().sum(1)[:, None] + p.means.square().sum(1)) / p.scales.square()).amax(1)
    assert bool(((p.log_prob(x) - full.log_prob(x)).abs() <= 8 * (dim + 8) * EPS * (1 + size + dim)).all())
    assert bool(
        ((p.sample(9, Stream(seed)) - full.sample(9, Stream(seed))).abs() <= 32 * EPS * (1 + p.means.abs().max())).all()
    )
    assert bool(((p.mean() - full.mean()).abs() <= 16 * EPS * (1 + p.means.abs().max())).all())


def isotropic(dim: int, seed: int) -> IsotropicMixture:
    return random_mixture(dim, 1 + seed % 6, Stream(seed), spread=3.0)


@given(st.integers(0, 2**40), st.integers(1, 12))
def test_a_mixture_agrees_with_scipy_within_its_stated_accuracy(seed: int, dim: int) -> None:
    p = isotropic(dim, seed)
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
    p = isotropic(3, seed)
    x = Stream(seed).fork("x").normal(9, 3)
    a, b, c = p.along_first(x[:, 1:])
    t = x[:, 0]
    rebuilt = torch.logsumexp(-a[:, None] * t**2 + b[:, None] * t + c, 0)
    assert bool(((rebuilt - p.log_prob(x)).abs() <= 1e3 * EPS * (1 + p.log_prob(x).abs())).all())


@settings(max_examples=10)
@given(st.integers(0, 2**40), st.integers(1, 64))
def test_the_gradient_of_a_mixture_is_that_of_its_definition(seed: int, dim: int) -> None:
    p = isotropic(dim, seed)
    x = Stream(seed).fork("x").normal(4, dim).requires_grad_()
    (got,) = torch.autograd.grad(p.log_prob(x).sum(), x)
    distance = (x[:, None] - p.means) / p.scales.square()[:, None]
    logs = p.weights.log() - dim * p.scales.log() - ((x[:, None] - p.means).square().sum(-1) / p.scales.square()) / 2
    expected = -(torch.softmax(logs, 1)[..., None] * distance).sum(1)
    assert bool(((got - expected).abs() <= 1e4 * EPS * (1 + distance.abs().amax(1))).all())


def test_bad_mixtures_are_refused() -> None:
    one = torch.ones(1).double()
    with pytest.raises(ValueError, match="positive weights"):
        IsotropicMixture(one, torch.zeros(1, 2).double(), 0 * one)
    with pytest.raises(ValueError, match="means"):
        IsotropicMixture(one, torch.zeros(2).double(), one)
