"""A log density recognised from its values: Gaussians, products and mixtures by whatever name, their mass, and what draws become."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import (
    Categorical,
    Cauchy,
    Independent,
    Laplace,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    StudentT,
    Uniform,
)

from numerics.bounds import Measurement
from numerics.distributions import base_density
from numerics.statistics.kolmogorov import ks_to_uniform_columns


def within(found: Measurement) -> bool:
    return float(torch.as_tensor(found.residual).max()) <= sum(
        float(torch.as_tensor(term).max()) for term in found.bound.terms.values()
    )


def drawn(distribution, n: int = 2000) -> Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return distribution.sample((n,))


def independent(distribution) -> Independent:
    return Independent(distribution, 1, validate_args=False)


FACTOR = torch.eye(4).double() + 0.4 * torch.tril(torch.ones(4, 4).double(), -1)
GAUSSIANS = {
    "standard": independent(Normal(torch.zeros(3).double(), 1.0)),
    "one coordinate": independent(Normal(torch.ones(1).double(), 0.1)),
    "scaled": independent(Normal(torch.arange(5).double(), torch.logspace(-2, 2, 5).double())),
    "correlated": MultivariateNormal(torch.arange(4).double(), scale_tril=FACTOR),
}
PRODUCTS = {
    "Laplace": independent(Laplace(torch.zeros(3).double(), 2.0)),
    "uniform": independent(Uniform(torch.zeros(4).double(), 2.0, validate_args=False)),
    "Student": independent(StudentT(torch.full((2,), 3.0).double())),
}


@pytest.mark.parametrize("name", list(GAUSSIANS))
def test_a_quadratic_log_density_is_a_gaussian_of_mass_one_with_normal_scores(name: str) -> None:
    distribution = GAUSSIANS[name]
    z = drawn(distribution)
    found = base_density.gaussian(distribution.log_prob, z[:64])
    assert found is not None
    assert torch.allclose(found.mean, distribution.mean, atol=1e-8)
    assert within(found.unit_mass())
    assert float(ks_to_uniform_columns(found.uniforms(z)).max()) < 0.05
    assert torch.allclose(found.normals(z).T.cov().reshape(-1), torch.eye(z.shape[1]).double().reshape(-1), atol=0.15)


@pytest.mark.parametrize("offset", [1e-4, -0.5, 3.0])
def test_a_gaussian_without_its_constant_has_another_mass(offset: float) -> None:
    distribution = GAUSSIANS["correlated"]
    found = base_density.gaussian(lambda z: distribution.log_prob(z) + offset, drawn(distribution, 64))
    assert found is not None
    assert math.isclose(found.log_mass, offset, abs_tol=1e-9)
    assert not within(found.unit_mass())


@pytest.mark.parametrize("name", list(PRODUCTS))
def test_what_is_no_gaussian_but_a_product_has_mass_one_and_uniform_marginals(name: str) -> None:
    distribution = PRODUCTS[name]
    z = drawn(distribution)
    assert base_density.gaussian(distribution.log_prob, z[:64]) is None
    found = base_density.product(distribution.log_prob, z[:64])
    assert found is not None
    assert within(found.unit_mass())
    assert abs(found.log_mass) < 1e-3
    oracle = distribution.base_dist.cdf(z) if name != "Student" else None
    if oracle is not None:
        assert float((found.uniforms(z) - oracle).abs().max()) < 1e-3
    assert float(ks_to_uniform_columns(found.uniforms(z)).max()) < 0.05
    shifted = base_density.product(lambda v: distribution.log_prob(v) + 0.1, z[:64])
    assert shifted is not None
    assert math.isclose(shifted.log_mass - found.log_mass, 0.1, abs_tol=1e-9)


def test_heavy_tails_say_how_much_lies_beyond_the_grid() -> None:
    distribution = independent(Cauchy(torch.zeros(1).double(), 1.0))
    found = base_density.product(distribution.log_prob, drawn(distribution, 64))
    assert found is not None
    assert within(found.unit_mass())


def test_tails_beyond_a_box_are_those_of_the_distribution() -> None:
    distribution = GAUSSIANS["standard"]
    low, high = torch.full((3,), -1.0).double(), torch.tensor([1.0, 2.0, torch.inf]).double()
    normal = Normal(torch.zeros(3).double(), 1.0)
    expected = normal.cdf(low) + 1 - normal.cdf(high)
    for found in (
        base_density.gaussian(distribution.log_prob, drawn(distribution, 64)),
        base_density.product(distribution.log_prob, drawn(distribution, 64)),
    ):
        assert found is not None
        assert torch.allclose(found.outside(low, high), expected, atol=1e-4)


def mixture(dim: int) -> MixtureSameFamily:
    means = 3 * torch.linspace(-1, 1, 3 * dim).double().view(3, dim)
    return MixtureSameFamily(Categorical(torch.tensor([0.5, 0.3, 0.2]).double()), independent(Normal(means, 0.5)))


def terms(distribution: MixtureSameFamily, z: Tensor) -> Tensor:
    return distribution.mixture_distribution.logits + distribution.component_distribution.log_prob(z[:, None])


@pytest.mark.parametrize("dim", [1, 2, 6])
def test_a_mixture_is_the_sum_of_its_parts(dim: int) -> None:
    distribution = mixture(dim)
    z = drawn(distribution, 100)
    assert base_density.gaussian(distribution.log_prob, z) is None
    found = base_density.mixture(distribution.log_prob, lambda v: terms(distribution, v), z)
    assert found is not None
    assert within(found.unit_mass())
    heavier = base_density.mixture(
        lambda v: distribution.log_prob(v) + 0.01, lambda v: terms(distribution, v) + 0.01, z
    )
    assert heavier is not None
    assert not within(heavier.unit_mass())
    assert base_density.mixture(lambda v: distribution.log_prob(v) + 0.01, lambda v: terms(distribution, v), z) is None


def test_places_of_draws_on_their_fibres_are_uniform_and_those_of_other_draws_are_not() -> None:
    distribution = mixture(4)
    z = drawn(distribution, 1500)
    coordinate = torch.randint(0, 4, (1500,), generator=torch.Generator().manual_seed(1))
    places, error = base_density.along_fibres(distribution.log_prob, z, coordinate)
    assert error < 1e-3
    assert float(ks_to_uniform_columns(places[:, None]).max()) < 0.05
    others, _ = base_density.along_fibres(distribution.log_prob, 1.3 * z, coordinate)
    assert float(ks_to_uniform_columns(others[:, None]).max()) > 0.1


def test_coordinates_that_lean_on_each_other_are_no_product() -> None:
    distribution = MultivariateNormal(torch.zeros(2).double(), torch.tensor([[1.0, 0.5], [0.5, 1.0]]).double())
    assert base_density.product(distribution.log_prob, drawn(distribution, 64)) is None
