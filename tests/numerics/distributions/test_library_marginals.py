"""Marginals of other libraries: known ones get closed tails, and what misses a hypothesis is refused by name."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch
from torch import distributions as td

from numerics.distributions import marginals
from numerics.distributions.library_marginals import ScipyMarginal, TorchMarginal, as_marginal, as_product
from numerics.latents import entangling, entangling_bounds
from numerics.streams import Stream

UNIT = 2.0**-53


def _log_density_rounding(distribution: marginals.Marginal, z: torch.Tensor, log_pdf: torch.Tensor) -> torch.Tensor:
    """How far two evaluations of one log density may lie apart: each sums at most four terms of the size of log p, of w and of w's share
    in log p (score times distance), every one from a library function within ULPS units of roundoff."""
    return (
        2
        * 4
        * entangling.ULPS
        * UNIT
        * (
            1
            + log_pdf.abs()
            + z.abs()
            + entangling_bounds.scores(distribution, z) * distribution.conditioning_length(z)
        )
    )


@pytest.mark.parametrize(
    "distribution",
    [
        td.Normal(torch.zeros(3), 2.0),
        td.Laplace(0.0, 1.0),
        td.Cauchy(0.0, 1.0),
        td.Gumbel(0.0, 1.0),
        td.Uniform(-1.0, 2.0),
        td.Exponential(3.0),
    ],
)
def test_known_torch_families_get_closed_tails(distribution):
    ours = as_marginal(distribution)
    assert not isinstance(ours, TorchMarginal)
    z = ours.sample(50, Stream(1))
    double = type(distribution)(**{name: getattr(distribution, name).double() for name in distribution.arg_constraints})
    theirs = double.expand((ours.dim,)).log_prob(z)
    assert ((ours.log_density(z) - theirs).abs() <= _log_density_rounding(ours, z, theirs)).all()


def test_sampling_a_torch_law_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    distribution = TorchMarginal(td.HalfNormal(torch.tensor(1.0, dtype=torch.float64)))
    assert torch.equal(distribution.sample(5, Stream(3)), distribution.sample(5, Stream(3)))
    assert torch.equal(before, torch.random.get_rng_state())


def test_neighbours_of_one_family_become_one_block():
    distribution = as_product([td.Normal(0.0, 1.0), td.Normal(1.0, 2.0), td.Uniform(0.0, 1.0), scipy.stats.norm()])
    assert distribution.widths == [2, 1, 1]
    assert isinstance(distribution.blocks[2], ScipyMarginal)


@pytest.mark.parametrize(
    ("distributions", "error", "words"),
    [
        ([], ValueError, "d = 0"),
        ([td.Gamma(2.0, 1.0)], ValueError, "inverse distribution function"),
        ([marginals.SplitUniform()], ValueError, "gap"),
        ([td.Poisson(3.0)], ValueError, "discrete"),
        ([scipy.stats.poisson(3)], ValueError, "discrete"),
        ([3], TypeError, "int"),
        ([td.Normal(torch.zeros(2, 2), 1.0)], ValueError, "batch axis"),
        ([scipy.stats.norm(np.zeros(2))], ValueError, "scalar"),
        ([td.MultivariateNormal(torch.zeros(2), torch.eye(2))], ValueError, "event shape"),
    ],
)
def test_marginals_that_miss_a_hypothesis_are_refused_by_name(distributions, error, words):
    with pytest.raises(error, match=words):
        as_product(distributions)
