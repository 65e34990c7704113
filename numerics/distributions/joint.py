"""Distributions on R^D with a density and a sampler, and nothing else known: Student
products, a heavy ridge, a curved band.

Samplers represent the distribution by ratios and scale mixtures, and never invert the
formula of the density.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.distributions.mixtures import LOG_2PI
from numerics.streams import Stream

__all__ = ["CurvedBand", "HeavyRidge", "StudentProduct"]


@dataclass(frozen=True)
class StudentProduct:
    r"""Independent Student coordinates with an integer number ``df`` of degrees of
    freedom, heavy tails included.

    Sampled as a normal over the root of a mean of ``df`` squared normals.

    >>> round(float(StudentProduct(1, 1).log_prob(torch.zeros(1, 1).double()).exp()) * math.pi, 12)  # Cauchy's
    1.0
    """

    df: int
    dim: int

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density in nats of points ``(N, D)``."""
        norm = math.lgamma((self.df + 1) / 2) - math.lgamma(self.df / 2) - math.log(self.df * math.pi) / 2
        return (norm - (self.df + 1) / 2 * torch.log1p(x.square() / self.df)).sum(1)

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, D)``."""
        squares = stream.normal(n, self.dim, self.df).square().mean(-1)
        return stream.normal(n, self.dim) / squares.sqrt()


@dataclass(frozen=True)
class HeavyRidge:
    r"""The distribution on the plane with density :math:`C\,e^{-|y|^{1/2}t^2-y^2}`,
    which is 1/sqrt|y| wide in t.

    Continuous and positive, with unit mass; on the line y = 0 the fibre's mass is
    infinite. ``C = 1/(sqrt(pi) Gamma(3/8))``. Sampled as y = ±sqrt(G), G of gamma
    distribution 3/8, and t normal given y.

    >>> HeavyRidge().sample(5, Stream(1)).shape
    torch.Size([5, 2])
    """

    dim: int = 2

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density in nats of points ``(N, 2)``, rows (t, y)."""
        t, y = x[:, 0], x[:, 1]
        return -y.abs().sqrt() * t.square() - y.square() - math.log(math.pi) / 2 - math.lgamma(3 / 8)

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, 2)``."""
        y = stream.signs(n) * _gamma_three_eighths(n, stream).sqrt()
        return torch.stack([stream.normal(n) / (2 * y.abs().sqrt()).sqrt(), y], 1)


@dataclass(frozen=True)
class CurvedBand:
    r"""A distribution on the band :math:`|x_1 - x_2^2| < 1`, which is not convex
    although its fibres along x_1 are intervals.

    .. math:: p(x) = \tfrac34 (1 - (x_1 - x_2^2)^2)\, \varphi(x_2)

    ``base`` is the middle of the fibre. The parabolic coordinate is drawn by Devroye's
    rule of three uniforms.

    >>> CurvedBand().log_prob(torch.tensor([[3.0, 0.0]]))
    tensor([-inf])
    """

    dim: int = 2

    def base(self, rest: Tensor) -> Tensor:
        """The middle of the fibre over ``rest``, shape ``(N, 1)``."""
        return rest[:, 0].square()

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density in nats of points ``(N, 2)``, -inf outside the band."""
        across = 1 - (x[:, 0] - x[:, 1].square()).square()
        return across.clamp_min(0).log() + math.log(0.75) - x[:, 1].square() / 2 - LOG_2PI / 2

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, 2)``."""
        u = 2 * stream.uniform(n, 3) - 1
        last = u[:, 2].abs()
        across = torch.where((last >= u[:, 1].abs()) & (last >= u[:, 0].abs()), u[:, 1], u[:, 2])
        y = stream.normal(n)
        return torch.stack([across + y.square(), y], 1)


def _gamma_three_eighths(n: int, stream: Stream) -> Tensor:
    """Gamma(3/8) = Beta(3/8, 5/8) times a unit exponential; the Beta by Johnk's
    rejection from uniform powers."""
    drawn = torch.empty(0, dtype=stream.dtype, device=stream.device)
    while drawn.numel() < n:
        u, v = stream.uniform(2 * n + 8) ** (8 / 3), stream.uniform(2 * n + 8) ** (8 / 5)
        keep = (u + v <= 1) & (u + v > 0)
        drawn = torch.cat([drawn, (u / (u + v))[keep]])
    return drawn[:n] * stream.exponential(n)
