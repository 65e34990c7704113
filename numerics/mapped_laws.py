r"""Product laws whose density is known in two coordinates: a law, a map, and the image's own density, written in the image's coordinate.

Neither density is got from the other, nor from the map: each is the formula by which its family is defined. What the map does to the volume is
found by differentiating it as evaluated.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.marginals import Exponential, Gumbel, Logistic, Marginal, Normal, Uniform
from numerics.random import Stream
from numerics.tails import LOG_SQRT_2PI
from numerics.typicality import ColumnDensity


@dataclass(frozen=True)
class LogNormal:
    r"""Density :math:`\frac{1}{y s\sqrt{2\pi}}\,e^{-(\log y - m)^2/(2s^2)}` on y > 0, column by column; draw it as e^Z.

    Args:
        loc, scale: m and s of the normal law behind it, shape ``(width,)``.
    """

    loc: Tensor
    scale: Tensor

    @property
    def low(self) -> Tensor:
        """0, the lower end of every column."""
        return torch.zeros_like(self.loc)

    @property
    def high(self) -> Tensor:
        """No upper end."""
        return torch.full_like(self.loc, math.inf)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density in nats, column by column."""
        log_y = z.clamp_min(torch.finfo(z.dtype).tiny).log()
        inside = -log_y - self.scale.log() - LOG_SQRT_2PI - ((log_y - self.loc) / self.scale).square() / 2
        return torch.where(z > 0, inside, -math.inf)

    def median(self) -> Tensor:
        """e^m."""
        return self.loc.exp()


@dataclass(frozen=True)
class JohnsonSU:
    r"""Density :math:`\frac{1}{s\sqrt{2\pi(1+y^2)}}\,e^{-(\operatorname{arsinh} y - m)^2/(2s^2)}` (Johnson 1949), column by column; draw it as sinh Z.

    Args:
        loc, scale: m and s of the normal law behind it, shape ``(width,)``.
    """

    loc: Tensor
    scale: Tensor

    @property
    def low(self) -> Tensor:
        """No lower end."""
        return torch.full_like(self.loc, -math.inf)

    @property
    def high(self) -> Tensor:
        """No upper end."""
        return torch.full_like(self.loc, math.inf)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density in nats, column by column."""
        bent = ((torch.asinh(z) - self.loc) / self.scale).square() / 2
        return -bent - self.scale.log() - LOG_SQRT_2PI - torch.log(torch.hypot(z, torch.ones_like(z)))

    def median(self) -> Tensor:
        """sinh m."""
        return torch.sinh(self.loc)


@dataclass(frozen=True)
class MappedLaw:
    """A block of independent columns, a monotone map of each, and the law of the image.

    Args:
        source: The law, with a sampler. image: Its image's density, in the image's coordinate. forward: Columnwise, differentiable, ``(n, width)`` to the same shape.
    """

    source: Marginal
    forward: Callable[[Tensor], Tensor]
    image: ColumnDensity

    def log_slope(self, x: Tensor) -> Tensor:
        """log |f'(x)| column by column, by differentiating the map as evaluated."""
        leaf = x.detach().requires_grad_()
        with torch.enable_grad():
            y = self.forward(leaf)
        return torch.autograd.grad(y.sum(), leaf)[0].abs().log()


def mapped_law(kind: str, dim: int, stream: Stream) -> MappedLaw:
    """``dim`` columns with parameters drawn from ``stream``.

    Args:
        kind: ``affine`` (normal to normal), ``exp`` (normal to log-normal), ``sinh`` (normal to Johnson's SU), ``logit`` (uniform to logistic), ``minus-log`` (uniform to
            exponential), ``gumbel`` (exponential to Gumbel), ``normal-cdf`` and ``exponential-cdf`` (onto the uniform law on (0, 1)).
    Raises:
        ValueError: an unknown kind.
    """
    m, s = stream.normal(dim) / 2, 0.5 + 0.5 * stream.uniform(dim)
    zero, one = torch.zeros_like(m), torch.ones_like(m)
    if kind == "affine":
        shift, stretch = stream.normal(dim), torch.exp(stream.normal(dim)) * stream.signs(dim)
        return MappedLaw(Normal(m, s), lambda x: shift + stretch * x, Normal(shift + stretch * m, stretch.abs() * s))
    if kind == "exp":
        return MappedLaw(Normal(m, s), torch.exp, LogNormal(m, s))
    if kind == "sinh":
        return MappedLaw(Normal(m, s), torch.sinh, JohnsonSU(m, s))
    if kind == "logit":
        return MappedLaw(Uniform(zero, one), lambda u: m + s * (torch.log(u) - torch.log1p(-u)), Logistic(m, s))
    if kind == "minus-log":
        return MappedLaw(Uniform(zero, one), lambda u: -s * torch.log(u), Exponential(zero, s))
    if kind == "gumbel":
        return MappedLaw(Exponential(zero, one), lambda e: m - s * torch.log(e), Gumbel(m, s))
    if kind == "normal-cdf":
        return MappedLaw(Normal(m, s), lambda x: torch.special.ndtr((x - m) / s), Uniform(zero, one))
    if kind == "exponential-cdf":
        # Not expm1, whose derivative torch takes from its value: that saturates where the map does.
        return MappedLaw(Exponential(zero, s), lambda x: 1 - torch.exp(-x / s), Uniform(zero, one))
    raise ValueError(
        f"Expected one of affine, exp, sinh, logit, minus-log, gumbel, normal-cdf, exponential-cdf, got {kind!r}."
    )
