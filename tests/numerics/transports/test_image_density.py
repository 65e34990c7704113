"""The density recovered from an image: within its error of the truth, and the laws that follow for detection."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from torch import Tensor

from numerics.detection.roc import auroc, auroc_within
from numerics.distributions import mixtures
from numerics.distributions.declared import declared_log_score
from numerics.distributions.interface import Distribution
from numerics.quadrature import kronrod
from numerics.streams import Stream
from numerics.transports import ArbitraryScore, image_density

EPS = torch.finfo(torch.float64).eps
seeds = st.integers(0, 2**40)
dims = st.sampled_from([1, 2, 5, 20])


def law_and_points(dim: int, seed: int, size: int = 10) -> tuple[mixtures.IsotropicMixture, Tensor]:
    distribution = mixtures.random_mixture(dim, 3, Stream(seed))
    return distribution, distribution.sample(size, Stream(seed).fork("x"))


def reversed_score(distribution: Distribution, **options: object) -> ArbitraryScore:
    return ArbitraryScore(distribution.log_prob, lambda x: -distribution.log_prob(x), dim=distribution.dim, **options)


def flattened(distribution: Distribution, **options: object) -> ArbitraryScore:
    return ArbitraryScore(distribution.log_prob, lambda x: torch.zeros_like(x[:, 0]), dim=distribution.dim, **options)


@settings(max_examples=20)
@given(dims, seeds, st.sampled_from(["flat", "wide", "inverse", "square", "bumps"]), st.sampled_from([0.0, -7.5, 3.0]))
def test_the_recovered_density_is_the_score_in_the_maps_unit(dim: int, seed: int, kind: str, unit: float) -> None:
    distribution, x = law_and_points(dim, seed)
    log_score = declared_log_score(kind, distribution, Stream(seed).fork("s"))
    found = image_density.recover(ArbitraryScore(distribution.log_prob, log_score, dim=dim, log_unit=unit), x)
    assert bool(((found.log_density - log_score(x) - unit).abs() <= 10 * found.quadrature + found.error).all())
    assert bool((found.moved <= found.reach).all())
    assert not found.bounded


@settings(max_examples=20)
@given(dims, seeds, st.sampled_from([1, 2]))
def test_for_mixtures_the_quadrature_is_bounded(dim: int, seed: int, power: int) -> None:
    distribution, x = law_and_points(dim, seed)
    transport = (flattened if power == 1 else reversed_score)(distribution).centre_unit(x)
    found = image_density.recover(transport, x, exponents=image_density.mixture_exponents(distribution, power))
    target = transport.log_unit - (0 if power == 1 else distribution.log_prob(x))
    assert found.bounded
    assert bool(((found.log_density - target).abs() <= found.error).all())


@given(st.integers(1, 3), st.integers(1, 6), seeds)
def test_the_exponents_of_a_power_add_up_to_the_power(power: int, dim: int, seed: int) -> None:
    distribution, x = law_and_points(dim, seed)
    a, b, c = image_density.mixture_exponents(distribution, power)(x[:, 1:])
    t = x[:, 0]
    total = torch.logsumexp(-a[:, None] * t**2 + b[:, None] * t + c, 0)
    assert a.shape[0] == 3**power
    size = 1 + distribution.log_prob(x).abs() + x.square().sum(1)
    assert bool(((total - power * distribution.log_prob(x)).abs() <= 1e3 * torch.finfo(torch.float64).eps * size).all())


def test_a_wrong_map_is_beyond_the_error() -> None:
    distribution, x = law_and_points(4, 1)
    bent = reversed_score(distribution, integrand=lambda log_p, log_s: 2 * log_p - log_s)
    found = image_density.recover(bent, x)
    residual = (found.log_density + distribution.log_prob(x)).abs()
    assert bool((residual > 1e3 * found.error).all())


def test_the_term_of_the_inverse_is_needed_where_the_map_is_nearly_flat() -> None:
    """Quadrature and rounding at the preimage alone would not explain what the inverse has lost."""
    distribution = mixtures.isotropic_gaussian(1, 1.0, torch.zeros(1).double())
    x = torch.linspace(2.5, 3.8, 200).double()[:, None]
    found = image_density.recover(
        reversed_score(distribution), x, exponents=image_density.mixture_exponents(distribution, 2)
    )
    residual = (found.log_density + distribution.log_prob(x)).abs()
    sharp = replace(found, inversion=0 * found.inversion)
    slim = sharp.error / (16 * 9 * 8)  # units of rounding as they are, and not their bound
    assert bool((residual <= found.error).all())
    assert bool((residual > slim).any())


def test_a_solver_that_stops_early_owns_up() -> None:
    distribution, x = law_and_points(2, 3)
    transport = flattened(distribution)
    hurried = flattened(distribution)
    hurried.solve = lambda y: transport.solve(y, steps=3)  # type: ignore[method-assign]
    early, late = image_density.recover(hurried, x), image_density.recover(transport, x)
    assert float(early.reach.max()) > 1e6 * float(late.reach.max())
    assert bool((early.moved <= early.reach).all())


@settings(max_examples=15)
@given(dims, seeds)
def test_areas_of_recovered_scores_are_the_complement_and_one_half(dim: int, seed: int) -> None:
    distribution, x = law_and_points(dim, seed, 30)
    y = 1.3 * distribution.sample(20, Stream(seed).fork("y"))
    before = auroc(distribution.log_prob(x), distribution.log_prob(y)).value
    turned = reversed_score(distribution).centre_unit(torch.cat([x, y]))
    sound = [side[turned.inspect(side).trouble.sound] for side in (x, y)]
    if min(len(side) for side in sound) == 0:
        return
    u, v = (image_density.recover(turned, side) for side in sound)
    interval = auroc_within(u.log_density, v.log_density, u.error, v.error)
    lost = 1 - Fraction(len(sound[0]) * len(sound[1]), len(x) * len(y))
    low, high = interval.between()
    assert low * (1 - lost) <= 1 - before <= high * (1 - lost) + lost
    flat = flattened(distribution).centre_unit(torch.cat([x, y]))
    u, v = (image_density.recover(flat, side) for side in (x, y))
    interval = auroc_within(u.log_density, v.log_density, u.error, v.error)
    assert (interval.wins, interval.losses) == (0, 0)
    assert interval.middle == Fraction(1, 2)


def test_reversing_twice_gives_the_density_back() -> None:
    """The image of a line is a line with a density of its own, known only through the map: reverse that one too."""
    distribution, x = law_and_points(1, 5, 12)
    first = reversed_score(distribution)
    y = first.forward(x)
    error = image_density.recover(first, x).error
    back = -first.log_density(y)
    assert bool(((back - distribution.log_prob(x)).abs() <= error).all())


def test_any_ranking_of_finitely_many_points_is_some_representations_density() -> None:
    """Interpolate the wanted scores by Gaussian bumps: positive, continuous; the area is then what was wanted."""
    stream = Stream(7)
    distribution = mixtures.random_mixture(2, 3, stream.fork("p"))
    points = distribution.sample(12, stream.fork("x"))
    inliers, outliers = points[:6], points[6:]
    wanted = torch.cat([torch.arange(6), torch.arange(3, 9)]).double() / 4
    bump = torch.exp(-torch.cdist(points, points).square())
    heights = torch.linalg.solve(bump, wanted)

    def log_score(x: Tensor) -> Tensor:
        return (-(x[:, None] - points).square().sum(-1)).exp() @ heights

    transport = ArbitraryScore(distribution.log_prob, log_score, dim=2)
    u, v = (image_density.recover(transport, side) for side in (inliers, outliers))
    error = torch.cat([u.error, v.error])
    attained = log_score(
        points
    )  # what the solved system gives; sums of 12 products of numbers up to max |heights| round, here and in the map
    blur = 2 * 16 * EPS * heights.abs().sum()
    assert bool(((torch.cat([u.log_density, v.log_density]) - attained).abs() <= error + blur).all())
    missed = error + blur + (attained - wanted).abs()
    target = auroc(wanted[:6], wanted[6:]).value
    assert float(target) < 0.2 < float(auroc(distribution.log_prob(inliers), distribution.log_prob(outliers)).value)
    assert target in auroc_within(u.log_density, v.log_density, missed[:6], missed[6:])


def test_uniformization_agrees_with_scipys_distribution_function() -> None:
    distribution = mixtures.isotropic_gaussian(1, 1.0, torch.zeros(1).double())
    x = torch.linspace(-6, 6, 25).double()[:, None]
    transport = flattened(distribution)
    y, estimate = transport.forward_with_estimate(x)
    expected = torch.from_numpy(stats.norm.cdf(x[:, 0].numpy()) - 0.5)
    rounding = (
        relative_rounding(transport, float(distribution.log_prob(x).abs().max())) / 2 + 4 * EPS
    )  # of integrals below 1/2, and of SciPy's
    assert bool(((y[:, 0] - expected).abs() <= estimate + rounding).all())


def relative_rounding(transport: ArbitraryScore, size: float) -> float:
    """Of an integral of a positive integrand: the rule's own, and that of exponents up to ``size``, known to 16 (D + 8) units of 1 + size."""
    return EPS * (2 * (len(transport.rule) + 3) + 16 * (transport.dim + 8) * (1 + size))


def test_the_reversed_map_agrees_with_scipys_quadrature_and_its_image_has_the_mass_of_the_interval() -> None:
    """Both integrals carry SciPy's estimate; the recovered density's own error, a bound, is taken at every place where SciPy asks for it."""
    distribution = mixtures.random_mixture(1, 2, Stream(2))
    transport, exponents = reversed_score(distribution), image_density.mixture_exponents(distribution, 2)
    x = torch.tensor([[-1.5], [0.5], [2.0]]).double()
    y, estimate = (part.view(-1) for part in transport.forward_with_estimate(x))
    rounding = relative_rounding(transport, 2 * float(distribution.log_prob(3 * x).abs().max()))

    def density(t: float) -> float:
        return float(distribution.log_prob(torch.tensor([[t]], dtype=torch.float64)).exp())

    for image, own, end in zip(y.tolist(), estimate.tolist(), x[:, 0].tolist(), strict=True):
        expected, foreign = integrate.quad(lambda t: density(t) ** 2, 0, end, epsabs=0, epsrel=1e-11)
        assert abs(image - expected) <= own + foreign + 2 * rounding * abs(expected)

    errors = []

    def recovered(images: Tensor) -> Tensor:
        places = transport.inverse(images.reshape(-1, 1))
        found = image_density.recover(transport, places, exponents=exponents)
        errors.append(found.error.max())
        return found.log_density.exp().view_as(images)

    mass, doubt = integrate.quad(density, -1.5, 2.0, epsabs=0, epsrel=1e-11)
    edges = torch.linspace(float(y[0]), float(y[2]), 65, dtype=torch.float64)
    parts, apart = kronrod(15).integrate(recovered, edges[:-1], edges[1:])
    ends = float((recovered(y[[0, 2]]) * (estimate + rounding * y.abs())[[0, 2]]).sum())
    worst = float(torch.stack(errors).max())
    allowed = doubt + float(apart.sum()) + (math.expm1(worst) + 64 * 31 * EPS) * mass + ends
    assert abs(float(parts.sum()) - mass) <= allowed
    assert allowed < 1e-9  # so that it means something
