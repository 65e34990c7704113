"""Typicality under bijections, measured: by the image's own density and entropy,
through Jacobians as evaluated, and by draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.detection import mapped_distributions, typicality
from numerics.distributions.declared import declared_log_score
from numerics.distributions.mixtures import isotropic_gaussian, random_mixture
from numerics.streams import Stream, tiles
from numerics.transports import ArbitraryScore, HypothesisError, Slope, bijections

__all__ = [
    "HalfReversed", "ImageTypicality", "entropy_over_a_box", "flat_score", "in_two_coordinates", "reversed_score", "through_the_jacobian",
]  # fmt: skip

Rule = Callable[[Any, Any, Any], Any]  # from (T, log|J|, E log|J|) to T_f
Survivors = Callable[[Tensor], tuple[Tensor, ...]]

Turned = Callable[[Tensor, Tensor], Tensor]  # from log p and H to the log score on one side

EPS = torch.finfo(torch.float64).eps
TILE = 1 << 17
POINTS = 256  # at which T_f and T are compared, of the samples
NODES = {1: 6001, 2: 241}  # of the grid that the entropies are integrated over, along each axis
MARGIN = 0.6  # of the pilot's range that is added to the grid's box on each side


def in_two_coordinates(kind: str, dim: int, size: int, *, seeded: Stream, stream: Stream, rule: Rule) -> Measurement:
    """T in the image's own coordinate against the rule: each side has its own density
    and its own entropy by quadrature."""
    distribution = mapped_distributions.mapped_distribution(kind, dim, seeded.fork("law"))
    points = distribution.source.sample(size, stream.fork("points"))
    entropy, image_entropy = (
        typicality.entropy_and_variance(side)[1] for side in (distribution.source, distribution.image)
    )
    (mean,) = typicality.column_means(distribution.source, (distribution.log_slope,))
    means = [part.total() for part in (entropy, image_entropy, mean)]
    before = means[0][0] + distribution.source.log_prob(points)
    after = means[1][0] + distribution.image.log_density(distribution.forward(points)).sum(1)
    bound = Bound(
        {"quadrature": sum(error for _, error in means), "rounding": _rounding(distribution, points) + 2 * typicality.TERMS * EPS * dim},
        "Three double-exponential rules at two steps, each a sum over two sides; log p, log p_f and log|f'| move with the rounding of x, f(x) and the parameters, "
        "eight units each, by their own derivatives.",
        estimated=("quadrature",), assumes=("the densities are smooth on both sides of the median",),
    )  # fmt: skip
    return Measurement((after - rule(before, distribution.log_slope(points).sum(1), means[2][0])).abs(), bound, size)


def _rounding(distribution: mapped_distributions.MappedDistribution, points: Tensor) -> Tensor:
    """Eight units of rounding in x, in f(x) and in the parameters, carried by the
    derivatives of the three functions that are compared."""
    leaf = points.detach().requires_grad_()
    with torch.enable_grad():
        y = distribution.forward(leaf)
        log_slope = torch.autograd.grad(y.sum(), leaf, create_graph=True)[0].abs().log()
        bent = _derivative(log_slope, leaf)
        log_p = distribution.source.log_density(leaf)
        image = y.detach().requires_grad_()
        log_q = distribution.image.log_density(image)
        steep = _derivative(log_p, leaf).abs() + bent.abs(), _derivative(log_q, image).abs()
    spot = 1 + points.abs()  # parameters are of order 1
    sizes = 1 + sum(part.detach().abs() for part in (log_slope, log_p, log_q))
    return 8 * EPS * (steep[0] * spot + steep[1] * (1 + image.detach().abs()) + 4 * sizes).sum(1)


def _derivative(value: Tensor, leaf: Tensor) -> Tensor:
    """d value / d leaf column by column, zero where value does not depend on it."""
    if not value.requires_grad:
        return torch.zeros_like(leaf)
    found = torch.autograd.grad(value.sum(), leaf, allow_unused=True, retain_graph=True)[0]
    return torch.zeros_like(leaf) if found is None else found.detach()


def deviations_from_mean(values: Tensor) -> Tensor:
    """Values less their mean, ``(n,)``."""
    return values - values.mean()


def slope_bound(slope: Slope, dim: int, nodes: int, factor: float = 1.0) -> Bound:
    """The error of log of a slope at a point and its mean, which the entropy of the
    sample takes in; ``factor`` times."""
    truncation, rounding = typicality.log_slope_error(slope, dim, nodes)
    return Bound(
        {"quadrature": factor * (truncation + truncation.mean()), "rounding": factor * (rounding + rounding.mean())},
        "The map's derivative is its quadrature differentiated node by node; truncation by the embedded rule, rounding by the sum of the absolute values of its terms; "
        "the mean over the points errs by the mean of the errors.",
        estimated=("quadrature",),
        assumes=(
            "log p - log s is smooth along x_1, so that the 31-node rule errs more than the 63-node rule",
            "log p, log s and their derivatives along x_1 are computed to within 16 (D + 8) units of rounding of 1 + |log p| + |log s|",
        ),
    )


def through_the_jacobian(score: str, dim: int, size: int, *, seeded: Stream, stream: Stream, rule: Rule) -> Measurement:
    """Typicalities about the mean over the very points: log p_f through the Jacobian as
    evaluated, against log|J| = log p - log s."""
    distribution = random_mixture(dim, 4, seeded.fork("p"))
    log_score = declared_log_score(score, distribution, seeded.fork("s"))
    points = distribution.sample(size, stream.fork("points"))
    transport = ArbitraryScore(distribution.log_prob, log_score, dim=dim).centre_unit(points)
    slope, log_p = transport.slope(points), distribution.log_prob(points)
    image, log_volume = log_p - slope.value.abs().log(), log_p - log_score(points)
    residual = (deviations_from_mean(image) - rule(deviations_from_mean(log_p), log_volume, log_volume.mean())).abs()
    return Measurement(residual, slope_bound(slope, dim, len(transport.rule)), size)


def reversed_score(log_p: Tensor, entropy: Tensor) -> Tensor:
    """log s = -log p - 2 H, for which T changes its sign. log p is ``(N,)``, the
    entropy ``()``."""
    return -log_p - 2 * entropy


def flat_score(log_p: Tensor, entropy: Tensor) -> Tensor:
    """log s = -H, for which T is 0. log p is ``(N,)``, the entropy ``()``."""
    return 0 * log_p - entropy


class HalfReversed:
    """A centred normal distribution, reversed for x > 0 and left alone for x < 0; the
    points are symmetric, so that T has mean 0 on each side.

    Args:
        turned: From (log p, H) to log s for x > 0.
    """

    def __init__(self, size: int, seeded: Stream, stream: Stream, *, turned: Turned = reversed_score) -> None:
        distribution = isotropic_gaussian(1, 0.5 + float(seeded.uniform(1)), stream.uniform(1))
        half = distribution.sample(max(1, size // 2), stream.fork("points"))
        self.points = torch.cat([half, -half])
        log_p = distribution.log_prob(self.points)
        entropy = -log_p.mean()

        def log_score(at: Tensor) -> Tensor:  # p/s = e^(2T) on the right, and 1 on the left
            log_q = distribution.log_prob(at)
            return torch.where(at[:, 0] > 0, turned(log_q, entropy), log_q)

        self.transport = ArbitraryScore(distribution.log_prob, log_score, dim=1)
        self.slope = self.transport.slope(self.points)
        self.log_volume = self.slope.value.abs().log()
        self.typical, self.image = log_p + entropy, deviations_from_mean(log_p - self.log_volume)

    def _measurement(self, residual: Tensor, factor: float) -> Measurement:
        return Measurement(residual, slope_bound(self.slope, 1, len(self.transport.rule), factor), len(self.points))

    def against(self, rule: Rule) -> Measurement:
        """T of the image against the rule."""
        return self._measurement((self.image - rule(self.typical, self.log_volume, self.log_volume.mean())).abs(), 2.0)

    def sizes(self) -> Measurement:
        """|T| of the image against |T|."""
        return self._measurement((self.image.abs() - self.typical.abs()).abs(), 1.0)

    def survivors(self, survivors: Survivors) -> Measurement:
        """How far log|J| less its mean lies from the nearest of the values at which |T|
        is said to survive."""
        excess = deviations_from_mean(self.log_volume)
        return self._measurement(
            torch.stack([(excess - value).abs() for value in survivors(self.typical)]).amin(0), 2.0
        )


def entropy_over_a_box(log_density: Callable[[Tensor], Tensor], cloud: Tensor) -> tuple[float, float]:
    """-int q log q over a box around a cloud ``(n, D)``, D = 1 or 2, and the estimate
    of its error, with 64 nats for the mass beyond the box.

    Raises:
        ValueError: the density could not be evaluated there.
    """
    corners = torch.stack([cloud.amin(0), cloud.amax(0)])
    reach = MARGIN * (corners[1] - corners[0])
    try:
        (mass, _), (value, error) = typicality.grid_entropy(
            log_density, torch.stack([corners[0] - reach, corners[1] + reach]), NODES[cloud.shape[1]]
        )
    except HypothesisError as failed:
        raise ValueError(f"The image's density could not be evaluated around the samples: {failed}") from None
    return value, error + 64 * abs(1 - mass)


class ImageTypicality:
    """T of a mixture's image under a bijection in D = 1 or 2, by the inverse and an
    entropy integrated over the image; the mean of log|J| by draws.

    Args:
        f: With ``forward``, ``inverse`` and ``log_det`` on points ``(N, D)``.
    Attributes:
        statistic: The largest deviation from the rule over 256 points. slack: Rounding,
            and the estimated errors of both entropies.
    """

    def __init__(self, dim: int, f: Any, size: int, *, seeded: Stream, stream: Stream, rule: Rule) -> None:
        distribution = random_mixture(dim, 4, seeded.fork("p"))
        pilot = distribution.sample(2000, stream.fork("pilot"))

        def log_image(at: Tensor) -> Tensor:
            back = f.inverse(at)
            return distribution.log_prob(back) + torch.linalg.slogdet(bijections.jacobians(f.inverse, at)).logabsdet

        sides = ((distribution.log_prob, pilot), (log_image, f.forward(pilot)))
        entropies = [entropy_over_a_box(function, cloud) for function, cloud in sides]
        total, drawn = torch.zeros((), dtype=torch.float64, device=stream.device), stream.fork("samples")
        for count in tiles(size, TILE):
            total = total + f.log_det(distribution.sample(count, drawn)).sum()
        points = pilot[:POINTS]
        typical = entropies[0][0] + distribution.log_prob(points)
        image = entropies[1][0] + log_image(f.forward(points))
        self.statistic = float((image - rule(typical, f.log_det(points), total / size)).abs().max())
        condition = torch.linalg.cond(bijections.jacobians(f.forward, points)).max()
        rounding = 256 * (dim + 8) * EPS * condition.square() * float(1 + typical.abs().max())
        self.slack = Bound(
            {"entropies": entropies[0][1] + entropies[1][1], "rounding": rounding},
            "Trapezoid rules for both entropies at two spacings, with 64 nats for the mass that the box leaves out; the inverse returns to x within D + 8 units amplified twice by the condition of the Jacobian.",
            estimated=("entropies",),
            assumes=("both densities are smooth up to kinks, and beyond the box log p is above -64",),
        )
