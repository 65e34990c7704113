"""The density of a mixture with full covariances against torch's own, and against the conditionals of the same mixture."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from numerics.correlated_mixtures import CorrelatedMixture
from numerics.random import Stream
from numerics.transports.conditionals import MixtureConditionals, random_covariances

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
    found = CorrelatedMixture(weights, means, covariances).log_prob(x)
    foreign = MixtureSameFamily(Categorical(probs=weights), MultivariateNormal(means, covariances)).log_prob(x)
    # either way a covariance is off by a few D units of its norm, which its condition number amplifies in |z|^2
    rounding = 32 * EPS * conditionals.amplified(x)
    assert bool(((found - foreign).abs() <= rounding).all())
    assert bool(((found - conditionals.log_prob(x)).abs() <= rounding).all())
    wider = CorrelatedMixture(weights, means, covariances * (1 + 1e-6)).log_prob(x)
    assert not bool(((wider - foreign).abs() <= rounding).all())


def test_it_is_differentiable_and_its_gradient_leads_to_the_mean() -> None:
    mean = torch.tensor([[1.0, -2.0]], dtype=torch.float64)
    law = CorrelatedMixture(torch.ones(1).double(), mean, random_covariances(2, 1, Stream(1)))
    x = mean.clone().requires_grad_()
    (slope,) = torch.autograd.grad(law.log_prob(x).sum(), x)
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
        CorrelatedMixture(weights, means, covariances)
