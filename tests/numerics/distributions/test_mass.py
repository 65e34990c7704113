"""The integral of a density from its values: closed forms within the estimate that is stated, and what is said where it cannot be had."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch import distributions as td

from numerics.distributions import mass
from numerics.distributions.mass import Mass, weigh
from numerics.distributions.mixtures import GaussianMixture, random_covariances
from numerics.streams import Stream

EPS = torch.finfo(torch.float64).eps


def mixture(dim: int, seed: int) -> GaussianMixture:
    stream = Stream(seed)
    weights = stream.exponential(2) + 0.2
    return GaussianMixture(weights, 2 * stream.normal(2, dim), random_covariances(dim, 2, stream))


def allowed(found: Mass, dim: int) -> float:
    """The estimates, and 64 (D + 8) units of rounding of log p, whose covariances are inverted."""
    return found.quadrature + found.outside + 64 * (dim + 8) * EPS * (1 + found.log_size)


@settings(max_examples=12)
@given(st.integers(1, 3), st.integers(0, 2**40), st.floats(-3, 3))
def test_a_mixture_weighs_its_factor_within_the_estimate(dim: int, seed: int, factor: float) -> None:
    distribution = mixture(dim, seed)
    found = weigh(lambda x: distribution.log_prob(x) + factor, distribution.sample(64, Stream(seed).fork("points")))
    assert abs(math.expm1(found.log_mass - factor)) <= allowed(found, dim)
    assert allowed(found, dim) < 0.02


@pytest.mark.parametrize(
    ("distribution", "dim"),
    [(td.Cauchy, 1), (td.Laplace, 1), (td.Laplace, 2), (td.Laplace, 3), (td.Uniform, 1), (td.Uniform, 2), (td.Uniform, 3)],
)  # fmt: skip
def test_kinks_edges_and_heavy_tails_are_within_the_estimate(distribution: type[td.Distribution], dim: int) -> None:
    one = distribution(torch.zeros(dim).double(), torch.ones(dim).double())

    def log_prob(x: Tensor) -> Tensor:
        held = one.support.check(x).all(1)
        return torch.where(held, one.log_prob(torch.where(held[:, None], x, 0.5)).sum(1), -math.inf)

    points = Stream(dim).uniform(100, dim)
    found = weigh(log_prob, points)
    assert abs(math.expm1(found.log_mass)) <= allowed(found, dim)


def test_a_box_that_is_given_is_not_left() -> None:
    ends = torch.zeros(2).double(), torch.tensor([1.0, 3.0]).double()

    def log_prob(x: Tensor) -> Tensor:
        assert bool(((x > ends[0]) & (x < ends[1])).all())
        return torch.full_like(x[:, 0], -math.log(3))

    found = weigh(log_prob, Stream(1).uniform(50, 2), support=ends)
    assert abs(math.expm1(found.log_mass)) <= allowed(found, 2) < 0.02


def test_one_number_small_by_chance_does_not_make_the_estimate_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each doubling halves what an earlier lattice said, and no more."""
    said = iter([0.4, 0.0, 0.0, 0.0])
    monkeypatch.setattr(mass, "_lattice_disagreement", lambda logs, total, shifts: next(said))
    distribution = mixture(2, 1)
    assert weigh(distribution.log_prob, distribution.sample(64, Stream(1))).quadrature == 0.4 / 2**3


def test_a_lattice_that_counts_cells_twice_is_outside_the_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    distribution, points = mixture(2, 1), mixture(2, 1).sample(64, Stream(1))
    sound = mass._Lattice.log_masses
    monkeypatch.setattr(mass._Lattice, "log_masses", lambda *a: (sound(*a)[0] + math.log(2), *sound(*a)[1:]))
    found = weigh(distribution.log_prob, points)
    assert abs(math.expm1(found.log_mass)) > 1e3 * allowed(found, 2)


def test_what_has_no_finite_integral_lies_outside_the_lattice() -> None:
    assert weigh(lambda x: torch.zeros_like(x[:, 0]), Stream(1).normal(50, 2)).outside > 0.1
    assert weigh(lambda x: -x[:, 0].abs().log1p() / 2, Stream(1).normal(50, 1)).outside > 0.1


def test_undefined_values_are_counted_with_their_place_and_nowhere_mass_is_told() -> None:
    points = Stream(2).normal(50, 2)
    found = weigh(lambda x: torch.where(x[:, 0] > 1, math.nan, -x.square().sum(1)), points)
    assert found.undefined > 0
    assert float(found.where[0]) > 1
    assert math.isnan(found.log_mass)
    assert weigh(lambda x: torch.full_like(x[:, 0], -math.inf), points).log_mass == -math.inf
    with pytest.raises(ValueError, match="1 to 3 coordinates, got 4"):
        weigh(lambda x: x[:, 0], Stream(2).normal(5, 4))
