"""One interface: every declared distribution has it, what is unknown is refused by name, foreign objects are probed."""

from __future__ import annotations

import pytest
import torch

from numerics.distributions import interface
from numerics.distributions.declared import KINDS, declared_distribution, declared_sampler
from numerics.distributions.marginals import FAMILIES, Cauchy, Normal
from numerics.streams import Stream


@pytest.mark.parametrize("kind", KINDS)
def test_every_declared_distribution_has_rows_in_and_numbers_out(kind: str) -> None:
    found = declared_distribution(kind, 2, Stream(1))
    assert isinstance(found, interface.Distribution)
    x = found.sample(7, Stream(2))
    assert x.shape == (7, found.dim) == (7, 2)
    assert found.log_prob(x).shape == (7,)
    assert bool(torch.isfinite(found.log_prob(x)).all())


@pytest.mark.parametrize("kind", ["cross", "cantor"])
def test_what_has_no_density_is_a_sampler(kind: str) -> None:
    found = declared_sampler(kind, 3, Stream(1))
    assert isinstance(found, interface.Sampler)
    assert not isinstance(found, interface.Distribution)
    with pytest.raises(interface.InterfaceError, match=r"log_prob \(from points \(N, D\) to nats"):
        interface.log_prob_of(found, torch.zeros(2, 3))


@pytest.mark.parametrize("family", FAMILIES.values())
def test_a_family_on_the_line_has_tails_quantiles_and_a_mean(family: type) -> None:
    found = family()
    interface.require(found, "dim", "log_prob", "sample", "tail", "quantile", "mean")
    assert isinstance(found, interface.HasTails | interface.HasQuantiles | interface.HasMean)
    x = found.sample(50, Stream(1))
    assert bool(((found.quantile(found.tail(x)) - x).abs() <= 1e-12 * (1 + x.abs())).all())


def test_an_expectation_that_does_not_exist_is_no_number() -> None:
    assert bool(torch.isnan(Cauchy().mean()).all())
    assert float(Normal(3.0).mean()) == 3.0


class Fixed:
    def __init__(self, value):
        self.value = value

    def sample(self, n, stream):
        return self.value(n)

    def log_prob(self, x):
        return self.value(len(x))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (torch.zeros, "shape"),
        (lambda n: torch.zeros(n, 2, dtype=torch.int64), "atoms"),
        (lambda n: torch.full((n, 2), torch.nan), "finite"),
        (lambda n: [0.0] * n, "shape"),
    ],
)
def test_samples_that_are_none_are_refused(value, words):
    with pytest.raises(ValueError, match=words):
        interface.sample_of(Fixed(value), 5, Stream(1), 2)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (lambda n: torch.zeros(n, 1), "Sum over"),
        (lambda n: torch.full((n,), torch.nan), "NaN"),
        (lambda n: torch.full((n,), torch.inf), "infinity"),
        (lambda n: torch.zeros(2) @ torch.zeros(3), "evaluated"),
    ],
)
def test_log_densities_that_are_none_are_refused(value, words):
    with pytest.raises(ValueError, match=words):
        interface.log_prob_of(Fixed(value), torch.zeros(5, 2))


def test_a_foreign_sampler_is_told_what_is_expected():
    with pytest.raises(ValueError, match=r"sample\(n, stream\)"):
        interface.sample_of(torch.distributions.Normal(0.0, 1.0), 5, Stream(1), 1)
