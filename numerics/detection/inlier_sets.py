"""Sets of one mass, measured: the density integrated between quantiles, and members of
a family weighed on fresh samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import torch
from torch import Tensor

from numerics import quadrature
from numerics.bounds import Bound, Measurement
from numerics.detection.sets import Family
from numerics.distributions.declared import declared_line
from numerics.distributions.interface import sample_of
from numerics.distributions.product import Marginal
from numerics.log_tails import Tail
from numerics.streams import Stream, tiles

__all__ = [
    "KINKS",
    "LINES",
    "Difference",
    "WeighedFamily",
    "members_between_quantiles",
    "quantile",
    "random_direction",
]

Difference = Callable[[Tensor, float], Tensor]  # from gaps t' - t and 1 - alpha to the mass of the symmetric difference

TILE = 1 << 15
MEMBERS = 9
PIECES = 24
RULE = quadrature.kronrod(15)
LINES: dict[str, Callable[[], Marginal]] = {
    name: partial(declared_line, name) for name in ("normal", "logistic", "laplace", "gumbel", "triangular", "uniform", "exponential", "split")
}  # fmt: skip
KINKS = {
    "laplace": (0.0,),
    "triangular": (0.5,),
    "split": (-1.0, 1.0),
}  # where a density has a corner; pieces are cut there


def quantile(distribution: Any, level: Tensor) -> Tensor:
    """The quantiles of a distribution of the line at levels in (0, 1), of the shape of
    ``level``.

    >>> from numerics.distributions.marginals import Laplace
    >>> quantile(Laplace(), torch.tensor([0.5, 0.75]).double())  # 0, log 2
    tensor([0.0000, 0.6931], dtype=torch.float64)
    """
    return distribution.quantile(Tail.of(level[..., None]))[..., 0]


def members_between_quantiles(
    distribution: Any, kinks: Sequence[float], alpha: Fraction, *, size: int, difference: Difference, like: Tensor
) -> tuple[Measurement, Measurement]:
    """The mass of each of ``size`` members, and of what tells each from the first, by
    integrating the density.

    Args:
        distribution: A distribution of the line with density and quantile function.
            kinks: Where its density is not smooth.
        alpha: The share left out. difference: What is claimed of the symmetric
            difference.
        like: A tensor of any shape whose dtype and device are used.
    """
    share, kept = float(alpha), 1 - float(alpha)
    starts = share * (torch.arange(size, device=like.device, dtype=like.dtype) + 0.5) / size
    masses, doubts = _mass_between(distribution, kinks, starts, starts + kept)
    gaps, first = starts[1:] - starts[0], starts[0]
    slivers = (
        (first.expand_as(gaps), torch.minimum(starts[1:], first + kept)),
        (torch.maximum(first + kept, starts[1:]), starts[1:] + kept),
    )
    parts = [_mass_between(distribution, kinks, *ends) for ends in slivers]
    apart = parts[0][0] + parts[1][0]
    apart_doubts = tuple(a + b for a, b in zip(parts[0][1], parts[1][1], strict=True))
    return (
        Measurement((masses - kept).abs(), _integration(*doubts), size),
        Measurement((apart - difference(gaps, kept)).abs(), _integration(*apart_doubts), size - 1),
    )


def _integration(quadrature_error: Tensor, rounding: Tensor) -> Bound:
    return Bound(
        {"quadrature": quadrature_error, "rounding": rounding},
        "Kronrod's rule with 31 nodes against Gauss's with 15, on 24 pieces between quantiles, cut at corners of the density. A quantile that is off by 32 units of rounding of what it is "
        "formed from moves the mass by the density there times that; log densities are good to 32 units of 1 + |log p|, sums to one unit a term.",
        estimated=("quadrature",),
        assumes=("the density is smooth on each piece", "quantiles and log densities are good to 32 units of rounding"),
    )


def _mass_between(
    distribution: Any, kinks: Sequence[float], low: Tensor, high: Tensor
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Integral of the density between the quantiles of two levels, its estimated error
    and its rounding, each of the shape of ``low``."""
    steps = torch.linspace(0, 1, PIECES + 1, dtype=low.dtype, device=low.device)[:, None]
    ends = quantile(distribution, low + (high - low) * steps)
    corners = [torch.full_like(ends[:1], kink).clamp(ends[:1], ends[-1:]) for kink in kinks]
    ends = torch.cat([ends, *corners]).sort(0).values
    worst = torch.zeros_like(low)

    def density(x: Tensor) -> Tensor:
        nonlocal worst
        log_p = distribution.log_density(x[..., None])[..., 0]
        size = torch.where(log_p > -torch.inf, log_p.abs(), 0.0)  # outside the support the density is 0, exactly
        worst = torch.maximum(worst, size.flatten(0, -2).amax(0))
        return torch.exp(log_p)

    mass, doubt = RULE.integrate(density, ends[:-1], ends[1:])
    outer = ends[[0, -1]]
    moved = (torch.exp(distribution.log_density(outer[..., None])) * distribution.rounding_scale(outer[..., None]))[
        ..., 0
    ].sum(0)
    rounding = torch.finfo(low.dtype).eps * (32 * moved + (PIECES + len(RULE) + 64 * (1 + worst)) * mass.sum(0))
    return mass.sum(0), (doubt.sum(0), rounding)


def random_direction(dim: int, stream: Stream) -> Tensor:
    """A uniform direction: for an atomless distribution all but a null set of
    directions give an atomless projection.

    >>> round(float(random_direction(3, Stream(1)).norm()), 12)
    1.0
    """
    drawn = stream.normal(dim)
    return drawn / drawn.norm()


class WeighedFamily:
    """Members cut by quantiles of one sample along a direction, weighed and compared
    with another sample.

    Attributes:
        masses: The largest deviation of a member's share from 1 - alpha, halved: two
            values of an empirical distribution function.
        differences: That of the share on which two members differ, quartered: four
            values. slack: What rounding to the pilot's steps adds.
    Raises:
        ValueError: a direction of length 0, a pilot too small for the family, or a
            sampler of another kind.
    """

    def __init__(
        self, distribution: Any, along: Tensor, alpha: Fraction, *, size: int, stream: Stream, difference: Difference
    ) -> None:
        if not bool(along.norm() > 0):
            raise ValueError("Expected a direction other than zero, along which the distribution can be cut.")
        dim = along.numel()
        family = Family.of(sample_of(distribution, size, stream.fork("pilot"), dim), along, alpha, MEMBERS)
        inside = torch.zeros(MEMBERS, MEMBERS, dtype=torch.float64, device=stream.device)
        fresh = stream.fork("fresh")
        for count in tiles(size, TILE):
            member = family.contains(sample_of(distribution, count, fresh, dim)).to(torch.float64)
            inside += member.T @ member
        inside, kept = inside / size, 1 - float(alpha)
        shares = inside.diagonal()
        apart = shares[:, None] + shares - 2 * inside
        claimed = difference((family.starts[:, None] - family.starts).abs(), kept)
        self.masses = float((shares - kept).abs().max()) / 2
        self.differences = float((apart - claimed).abs().max()) / 4
        self.slack = Bound({"steps of the pilot": 2 / size}, "t and 1 - alpha are rounded to multiples of 1/n each")
