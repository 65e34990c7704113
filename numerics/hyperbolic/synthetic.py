r"""Three synthetic densities on hyperbolic n-space of any curvature: a wrapped
Gaussian, a checkerboard and two spirals, each with sampler and density.

Checkerboard and spirals are patterns of two coordinates of the tangent space at the
origin; further coordinates are normal. The exponential map carries them to the space,
which divides their density by its volume element, as for the wrapped normal.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from numerics.hyperbolic.charts import from_normal, log_volume_element, to_normal
from numerics.hyperbolic.wrapped_normal import WrappedNormal
from numerics.streams import Stream

__all__ = ["Checkerboard", "Pattern", "Spirals", "TangentDensity", "synthetic_density"]


class Pattern(Protocol):
    """A distribution of two numbers."""

    def log_prob(self, x: Tensor) -> Tensor:
        """Nats, shape ``(*, 2)`` to ``(*,)``."""
        ...

    def sample(self, size: int, stream: Stream) -> Tensor:
        """Shape ``(size, 2)``."""
        ...


def floored_remainder(x: Tensor) -> Tensor:
    """The remainder in {0, 1} of whole numbers by 2: that of floored division, also for
    negative numbers. Any shape."""
    return torch.remainder(x, 2)


class Checkerboard:
    r"""Uniform on the 8 even cells (i + j even) of a 4 x 4 board of cells of width
    ``width``, centred at 0.

    The sampler draws a column i uniformly, and a row of its colour: :math:`j = 2b - 2 +
    (i \bmod 2)`, b fair.

    Args:
        width: Of a cell.
        remainder: i mod 2 for whole numbers; it has to be that of floored division.
    Source: Grathwohl et al. 2019, whose data set it is in the plane; the density is
        ours.

    >>> Checkerboard(1.0).log_prob(torch.tensor([[0.5, 0.5], [0.5, 1.5]])).exp()
    tensor([0.1250, 0.0000])
    """

    def __init__(self, width: float = 1.0, remainder: Callable[[Tensor], Tensor] = floored_remainder) -> None:
        self.width, self.remainder = width, remainder

    def log_prob(self, x: Tensor) -> Tensor:
        """-log(8 width^2) on even cells, minus infinity elsewhere."""
        cell = torch.floor(x / self.width)
        inside = ((cell >= -2) & (cell < 2)).all(-1) & (torch.remainder(cell.sum(-1), 2) == 0)
        value = torch.full_like(x[..., 0], -math.log(8 * self.width**2))
        return torch.where(inside, value, torch.full_like(value, -math.inf))

    def sample(self, size: int, stream: Stream) -> Tensor:
        """Draws, shape ``(size, 2)``."""
        column = 4 * stream.uniform(size) - 2
        row = (
            2 * stream.integers(0, 2, size).to(column) - 2 + self.remainder(torch.floor(column)) + stream.uniform(size)
        )
        return self.width * torch.stack([column, row], -1)


class Spirals:
    r"""Two spirals with Gaussian noise: :math:`\pm\gamma(3\pi\sqrt u) +
    \sigma\epsilon`, :math:`\gamma(\theta) = \tfrac s3\theta(-\cos\theta, \sin\theta)`,
    u uniform, the sign fair.

    The density is an integral over u, by 14 nodes of Gauss-Legendre on each of 32
    panels in :math:`\tau = \sqrt u`.

    Args:
        scale: s. noise: :math:`\sigma`, at least 0.1 s.
    Raises:
        ValueError: less noise than the panels resolve.
    Accuracy:
        Relative to :math:`1/(2\pi\sigma^2)`: :attr:`remainder`, below 1e-6 for the
        least noise that is admitted.
    Source: Grathwohl et al. 2019 for the curve; the density is ours.

    >>> bool(Spirals().log_prob(torch.zeros(1, 2).double()).isfinite())
    True
    """

    PANELS, NODES, TURNS = 32, 14, 3 * math.pi

    def __init__(self, scale: float = 1.0, noise: float = 0.15) -> None:
        if not noise >= 0.1 * scale > 0:
            raise ValueError(f"Expected a positive scale and noise of at least a tenth of it, got {scale} and {noise}.")
        self.scale, self.noise = scale, noise

    def curve(self, theta: Tensor) -> Tensor:
        """Points of one spiral, shape ``(*,)`` to ``(*, 2)``."""
        return self.scale / 3 * theta.unsqueeze(-1) * torch.stack([-theta.cos(), theta.sin()], -1)

    def log_prob(self, x: Tensor) -> Tensor:
        """Nats, shape ``(*, 2)`` to ``(*,)``; in tiles of points."""
        nodes, weights = (torch.as_tensor(part).to(x) for part in np.polynomial.legendre.leggauss(self.NODES))
        start = torch.arange(self.PANELS, dtype=x.dtype, device=x.device).unsqueeze(-1)
        tau = ((start + (nodes + 1) / 2) / self.PANELS).reshape(-1)
        log_weight = torch.log(
            weights.repeat(self.PANELS) / self.PANELS * tau / 2
        )  # half of 2 tau dtau, for either sign
        points = torch.cat([self.curve(self.TURNS * tau), -self.curve(self.TURNS * tau)])
        logs = torch.cat([log_weight, log_weight])
        flat = x.reshape(-1, 2)
        tiles = [torch.logsumexp(logs - torch.cdist(part, points).square() / (2 * self.noise**2), -1) for part in flat.split(4096)]  # fmt: skip
        return (torch.cat(tiles) - math.log(2 * math.pi * self.noise**2)).reshape(x.shape[:-1])

    @property
    def remainder(self) -> float:
        r"""A bound on the density's quadrature error relative to
        :math:`1/(2\pi\sigma^2)`.

        At :math:`\theta = a + ib` the imaginary part of :math:`\gamma` is at most
        :math:`\tfrac s3(a\sinh b + b\cosh b)`, and the Gaussian at most
        :math:`e^{|\mathrm{Im}\,\gamma|^2/2\sigma^2}`; then Trefethen, theorem 19.3, on
        every panel, and least over the ellipse.
        """
        half = self.TURNS / (2 * self.PANELS)
        best = math.inf
        for r in (1.5, 2.0, 2.5, 3.0, 4.0):
            b, a = half * (r - 1 / r) / 2, self.TURNS + half * r
            size = self.scale / 3 * (a * math.sinh(b) + b * math.cosh(b)) / self.noise
            best = min(best, 64 / 15 * 2 * math.exp(size**2 / 2) * r ** (-2 * (self.NODES - 1)) / (1 - r**-2))
        return best

    def sample(self, size: int, stream: Stream) -> Tensor:
        """Draws, shape ``(size, 2)``."""
        curve = self.curve(self.TURNS * stream.uniform(size).sqrt())
        return stream.signs(size, 1) * curve + self.noise * stream.normal(size, 2)


class TangentDensity:
    r"""A pattern of two tangent coordinates at the origin, wrapped on hyperbolic
    n-space; the other n - 2 are independent normals.

    Args:
        pattern: A distribution of two numbers, in units of length.
        n: Dimension, at least 2. radius: R. chart: Where points are given and returned.
        spread: Standard deviation of the other coordinates.
    Raises:
        ValueError: n < 2 (by shapes), or an unknown chart.

    >>> round(float(TangentDensity(Checkerboard(), 2, 1.0).log_prob(torch.tensor([0.5, 0.5]).double()).exp()), 4)  # below 1/8: area grows
    0.1152
    """

    def __init__(self, pattern: Pattern, n: int, radius: float, chart: str = "normal", spread: float = 0.5) -> None:
        if n < 2:
            raise ValueError(f"Expected at least two dimensions for a pattern of two coordinates, got {n}.")
        self.pattern, self.dimension, self.radius, self.chart, self.spread = pattern, n, radius, chart, spread

    def log_prob_tangent(self, x: Tensor) -> Tensor:
        """log density of the tangent vector, shape ``(*, n)`` to ``(*,)``."""
        rest = x[..., 2:]
        normal = -(rest / self.spread).square().sum(-1) / 2 - rest.shape[-1] * math.log(
            self.spread * math.sqrt(2 * math.pi)
        )
        return self.pattern.log_prob(x[..., :2]) + normal

    def slope(self, x: Tensor) -> Tensor:
        """The gradient of :meth:`log_prob_tangent` by autograd, shape ``(*, n)``; zero
        where it is constant."""
        with torch.enable_grad():
            at = x.detach().clone().requires_grad_()
            (found,) = torch.autograd.grad((self.log_prob_tangent(at) + 0 * at.sum(-1)).sum(), at)
        return found

    def log_prob(self, points: Tensor) -> Tensor:
        """log p in nats with respect to hyperbolic volume, for points in the chart;
        minus infinity off the support."""
        x = to_normal(points, self.chart, self.radius)
        return self.log_prob_tangent(x) - log_volume_element(x, "normal", self.radius)

    def sample(self, size: int, stream: Stream) -> Tensor:
        """``size`` independent draws in the chart."""
        rest = self.spread * stream.normal(size, self.dimension - 2)
        x = torch.cat([self.pattern.sample(size, stream), rest], -1)
        return from_normal(x, self.chart, self.radius)


def synthetic_density(
    which: str, n: int = 2, radius: float = 1.0, chart: str = "ball"
) -> WrappedNormal | TangentDensity:
    """One of the three: ``wrapped``, ``checkerboard`` or ``spirals``, about two
    curvature radii wide.

    Args:
        which: Its name. n: Dimension, at least 2. radius: R. chart: One of
            :data:`numerics.hyperbolic.charts.CHARTS`.
    Returns:
        An object with ``log_prob(points)`` and ``sample(size, stream)``.
    Raises:
        ValueError: another name.

    >>> synthetic_density("spirals").sample(3, Stream(0)).shape
    torch.Size([3, 2])
    """
    if which == "wrapped":
        mean = torch.zeros(n, dtype=torch.float64)
        mean[0] = 0.8 * radius
        scale = 0.5 * radius * torch.eye(n, dtype=torch.float64)
        scale[1, 0] = 0.25 * radius
        return WrappedNormal(from_normal(mean, chart, radius), scale, radius, chart)
    if which == "checkerboard":
        return TangentDensity(Checkerboard(radius), n, radius, chart, radius / 2)
    if which == "spirals":
        return TangentDensity(Spirals(0.8 * radius, 0.16 * radius), n, radius, chart, radius / 2)
    raise ValueError(f"Expected wrapped, checkerboard or spirals, got {which!r}.")
