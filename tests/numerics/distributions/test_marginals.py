"""Marginals against SciPy, against their own derivative and inverse, and against their sampler."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import torch

from numerics.distributions import marginals
from numerics.distributions.product import Product
from numerics.latents import entangling, entangling_bounds
from numerics.log_tails import Tail
from numerics.streams import Stream

UNIT = 2.0**-53
LEVEL = 1e-9  # of the one test of samples here: how often it may be wrong
FAMILIES = (
    marginals.Logistic, marginals.Laplace, marginals.Cauchy, marginals.Gumbel, marginals.Exponential, marginals.Uniform,
    marginals.Triangular, marginals.Normal, marginals.LogNormal, marginals.JohnsonSU,
)  # fmt: skip
FROZEN = {
    marginals.Logistic: scipy.stats.logistic(), marginals.Laplace: scipy.stats.laplace(), marginals.Cauchy: scipy.stats.cauchy(),
    marginals.Gumbel: scipy.stats.gumbel_r(), marginals.Exponential: scipy.stats.expon(), marginals.Uniform: scipy.stats.uniform(),
    marginals.Triangular: scipy.stats.triang(0.5), marginals.Normal: scipy.stats.norm(),
    marginals.LogNormal: scipy.stats.lognorm(1.0), marginals.JohnsonSU: scipy.stats.johnsonsu(0.0, 1.0),
}  # fmt: skip


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


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_agrees_with_scipy_and_with_its_own_inverse(family):
    distribution, frozen = family(), FROZEN[family]
    p = np.concatenate([np.geomspace(1e-30, 0.4, 60), np.linspace(0.41, 0.59, 9)])
    for z, side in ((frozen.ppf(p), 1.0), (frozen.isf(p), -1.0)):
        points = torch.tensor(z)[:, None]
        inside = ((points > distribution.low) & (points < distribution.high)).squeeze()
        tail = distribution.tail(points)
        log_p = torch.where(tail.side == side, tail.log_p, tail.complement())[:, 0]
        length = distribution.conditioning_length(points)[:, 0]
        slope = torch.tensor(frozen.pdf(z) / p)
        resolution = (
            entangling.ULPS * UNIT * (torch.tensor(np.log(p)).abs() + 1 + slope * (length + points[:, 0].abs()))
        )
        if family is marginals.Triangular and side < 0:
            resolution += 2 * UNIT / torch.tensor(p)  # SciPy goes through 1 - p here
        assert ((log_p - torch.tensor(np.log(p))).abs()[inside] <= 4 * resolution[inside]).all()
        back = (distribution.quantile(tail) - points).abs()[:, 0] * slope
        assert (back[inside] <= 4 * resolution[inside]).all()
        foreign = torch.tensor(frozen.logpdf(z))[:, None]
        allowed = _log_density_rounding(distribution, points, foreign)
        assert ((distribution.log_density(points) - foreign).abs() <= allowed)[inside].all()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_density_is_the_derivative_of_its_distribution_function(family):
    distribution = family(torch.tensor([0.3, 2.0]), torch.tensor([1.5, 4.0]))
    z = distribution.sample(200, Stream(1)).requires_grad_(True)
    tail = distribution.tail(z)
    (slope,) = torch.autograd.grad(tail.log_p.sum(), z)
    assert (slope * tail.side > 0).all()
    z, slope, log_p, log_prob = (part.detach() for part in (z, slope.abs(), tail.log_p, distribution.log_density(z)))
    length = (entangling_bounds.scores(distribution, z) + slope) * distribution.conditioning_length(
        z
    )  # as in the analysis of the inner step
    allowed = entangling.ULPS * UNIT * (4 + log_p.abs() + log_prob.abs() + 2 * length)
    assert ((slope.log() + log_p - log_prob).abs() <= allowed).all()


@pytest.mark.parametrize("family", [*FAMILIES, marginals.SplitUniform])
def test_a_sampler_that_never_sees_f_draws_from_it(family):
    n = 20_000
    distribution = family(torch.tensor([0.3]), torch.tensor([1.5]))
    levels = distribution.log_cdf(distribution.sample(n, Stream(2))).exp().squeeze()
    distance = scipy.stats.ks_1samp(levels.numpy(), scipy.stats.uniform.cdf).statistic
    assert distance < math.sqrt(math.log(2 / LEVEL) / (2 * n))  # Dvoretzky-Kiefer-Wolfowitz


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: marginals.Logistic(0.0, -1.0), "positive"),
        (lambda: marginals.Logistic(math.nan, 1.0), "finite"),
        (lambda: marginals.Uniform(1.0, 1.0), "low < high"),
        (lambda: marginals.Normal(torch.zeros(2, 2)), "vectors"),
    ],
)
def test_parameters_without_a_meaning_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_mean_is_scipys(family):
    ours, foreign = float(family().mean()), float(FROZEN[family].mean())
    if family is marginals.Cauchy:
        assert math.isnan(ours)
    else:
        assert abs(ours - foreign) <= 1e-12  # SciPy's come from its own quadrature for some


def test_a_sample_of_a_product_is_its_blocks_side_by_side_and_its_log_prob_their_sum():
    blocks = [marginals.Normal(torch.zeros(2)), marginals.Gumbel(1.0, 2.0)]
    product = Product(blocks)
    x = product.sample(30, Stream(1))
    parts = [block.log_prob(part) for block, part in zip(blocks, x.split([2, 1], 1), strict=True)]
    assert bool(((product.log_prob(x) - sum(parts)).abs() <= 8 * UNIT * (1 + sum(part.abs() for part in parts))).all())
    assert torch.equal(
        product.quantile(product.tail(x)),
        torch.cat([b.quantile(b.tail(p)) for b, p in zip(blocks, x.split([2, 1], 1), strict=True)], 1),
    )
    assert product.mean().tolist() == [0.0, 0.0, 1.0 + 2.0 * marginals.Gumbel._mean]


@pytest.mark.parametrize("name", sorted(set(marginals.FAMILIES) - {"cauchy"}))
def test_means_are_the_integral_of_the_quantiles(name: str) -> None:
    marginal = (
        marginals.FAMILIES[name](-0.5, 2.0)
        if name in ("uniform", "triangular")
        else marginals.FAMILIES[name](-0.5, 0.75)
    )
    edges = 40.0
    s = torch.linspace(
        -edges, edges, 20_001, dtype=torch.float64
    )  # log odds of the level: p = 1/(1 + e^-s), dp = p (1 - p) ds
    side = torch.where(s < 0, 1.0, -1.0).to(s)
    tail = Tail(torch.nn.functional.logsigmoid(-s.abs())[:, None], side[:, None])
    weight = torch.sigmoid(s) * torch.sigmoid(-s) * (s[1] - s[0])
    integral = float((marginal.quantile(tail)[:, 0] * weight).sum())
    # the trapezoidal rule of an analytic integrand; a jump or a corner at the median costs a step, a heavy tail what lies beyond the ends
    assert abs(integral - float(marginal.mean())) < 0.01


def test_a_density_with_a_gap_has_mass_one_outside_of_it() -> None:
    z = torch.linspace(-2.5, 2.5, 500_001, dtype=torch.float64)
    mass = marginals.FAMILIES["split"](0.0, 1.0).log_density(z[:, None]).exp().sum() * (z[1] - z[0])
    assert abs(float(mass) - 1) < 1e-4
