"""A density on hyperbolic space against how it comes about: the Jacobian of the map
that makes its draws, and shares of draws in polar cells."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.hyperbolic import charts, normal_coordinates
from numerics.hyperbolic.chart_measurements import batch_jacobian, chart_error
from numerics.hyperbolic.models import norm
from numerics.hyperbolic.wrapped_normal import WrappedNormal, gaussian_log_density
from numerics.quadrature import Rule, gauss
from numerics.streams import Stream

__all__ = ["Cells", "change_of_volume", "draw_wrapped", "polar_cells", "shares"]

LogDensity = Callable[[Tensor], Tensor]
RINGS, SECTORS = 6, 8
FINE, COARSE = 12, 9


def draw_wrapped(n: int, radius: float, stream: Stream, *, sigma: float, offset: float, chart: str) -> WrappedNormal:
    """A wrapped normal with a random covariance of spread sigma, its mean ``offset``
    from the origin, both in curvature radii.

    >>> draw_wrapped(2, 1.0, Stream(0), sigma=0.5, offset=0.3, chart="ball").dimension
    2
    """
    direction = stream.normal(n)
    mean = offset * radius * direction / norm(direction)
    mixed = torch.eye(n, dtype=mean.dtype, device=mean.device) + (0.8 + 0.3 * stream.normal(n, n)).tril(-1) / n**0.5
    scale = sigma * radius * mixed * (0.5 + stream.uniform(n)).unsqueeze(-1)
    return WrappedNormal(charts.from_normal(mean, chart, radius), scale, radius, chart)


def change_of_volume(wrapped: WrappedNormal, log_prob: LogDensity, size: int, stream: Stream) -> Measurement:
    r"""log p at draws, against the Gaussian's log density over the Jacobian of the map
    that makes them, as evaluated.

    The map goes from tangent vectors to half-space coordinates, whose volume element is
    :math:`(R/u_n)^n`; its Jacobian is automatic. Neither the exponential map's
    determinant nor the way back enters.

    Args:
        wrapped: The distribution, for its map. log_prob: Its log density in its chart.
            size: How many draws. stream: Theirs.
    Returns:
        Absolute residuals in nats, shape ``(size,)``.
    """
    n, R = wrapped.dimension, wrapped.radius
    v = stream.normal(size, n) @ wrapped.scale_tril.mT

    def to_half_space(tangent: Tensor) -> Tensor:
        return charts.from_normal(normal_coordinates.exp_map(wrapped.centre, tangent, R), "half-space", R)

    jacobian = batch_jacobian(to_half_space, v)
    log_volume = torch.linalg.slogdet(jacobian).logabsdet + charts.log_volume_element(to_half_space(v), "half-space", R)
    expected = gaussian_log_density(v, wrapped.scale_tril) - log_volume
    points = wrapped.wrap(v)
    return Measurement((log_prob(points) - expected).abs(), _volume_bound(wrapped, v, jacobian), size)


def _volume_bound(wrapped: WrappedNormal, v: Tensor, jacobian: Tensor) -> Bound:
    n, R = wrapped.dimension, wrapped.radius
    eps = torch.finfo(v.dtype).eps
    x = normal_coordinates.exp_map(wrapped.centre, v, R)
    singular, widths = torch.linalg.svdvals(jacobian), torch.linalg.svdvals(wrapped.scale_tril)
    r, rho = norm(x) / R, norm(v)
    steep = rho / widths[-1] ** 2 + (n - 1) / R
    moved = chart_error(x, wrapped.chart, R) + chart_error(x, "half-space", R)
    return Bound(
        {
            "coordinates": steep * moved,
            "Jacobian": n * (n + 64 + 2 * r) * eps * singular[..., 0] / singular[..., -1],
            "Gaussian": (n + 16) * eps * (n + (rho / widths[-1]) ** 2) * widths[0] / widths[-1],
        },
        "A point that is moved by e changes log p by at most e times its slope, |v|/lambda_min(Sigma) + (n-1)/R. Each entry of the Jacobian is a sum of "
        "products of at most n + 64 factors along the map, errs by (n + 64 + 2 r) eps of the largest, and a singular value's logarithm by the condition number "
        "times that. The triangular solve errs by n eps times its condition number.",
    )  # fmt: skip


# --- cells -------------------------------------------------------------------------------------------------------------------


class Cells(NamedTuple):
    """Rings and sectors about a point of hyperbolic 2-space, and what a density gives
    each.

    Args:
        centre: In normal coordinates. reach: Ring edges, lengths. shares: Of the cells,
            rings first, shape ``(RINGS * SECTORS,)``.
        doubt: How far two rules are apart, summed over cells: an estimate of the error
            of any sum of shares.
    """

    centre: Tensor
    reach: Tensor
    shares: Tensor
    doubt: float
    radius: float

    def place(self, points: Tensor) -> Tensor:
        """The cell of each point in normal coordinates, ``RINGS * SECTORS`` for those
        beyond the last ring."""
        v = normal_coordinates.log_map(self.centre, points, self.radius)
        ring = torch.searchsorted(self.reach, norm(v).contiguous(), right=True) - 1
        turn = torch.remainder(torch.atan2(v[:, 1], v[:, 0]) / (2 * math.pi), 1.0)
        sector = (turn * SECTORS).to(torch.int64).clamp(max=SECTORS - 1)
        return torch.where(ring >= RINGS, torch.full_like(ring, RINGS * SECTORS), ring * SECTORS + sector)


def polar_cells(
    log_prob: LogDensity, centre: Tensor, far: float, radius: float, orders: tuple[int, int] = (FINE, COARSE)
) -> Cells:
    r"""Shares of rings and sectors about ``centre`` under a density on hyperbolic
    2-space: the integral of :math:`p\,R\sinh(\rho/R)\,d\rho\,d\theta`.

    Args:
        log_prob: From normal coordinates, shape ``(N, 2)``, to nats, with respect to
            hyperbolic area.
        centre: In normal coordinates, shape ``(2,)``. far: Radius of the last ring.
            radius: R.
        orders: Nodes along each side of a cell, fine and coarse.
    Accuracy:
        Gauss-Legendre of the fine order; ``doubt`` compares it with the coarse one.
    """
    fine, coarse = (_integrals(log_prob, centre, far, radius, gauss(order)) for order in orders)
    reach = torch.linspace(0, far, RINGS + 1, dtype=centre.dtype, device=centre.device)
    return Cells(centre, reach, fine, float((fine - coarse).abs().sum()), radius)


def _integrals(log_prob: LogDensity, centre: Tensor, far: float, radius: float, rule: Rule) -> Tensor:
    nodes, weights, _ = rule.tensors(centre)
    rho = (torch.arange(RINGS, device=centre.device).unsqueeze(-1) + nodes) * (far / RINGS)
    theta = (torch.arange(SECTORS, device=centre.device).unsqueeze(-1) + nodes) * (2 * math.pi / SECTORS)
    direction = torch.stack([theta.cos(), theta.sin()], -1)
    v = rho[:, None, :, None, None] * direction[None, :, None, :, :]
    points = normal_coordinates.exp_map(centre, v.reshape(-1, 2), radius)
    density = torch.exp(log_prob(points)).reshape(RINGS, SECTORS, len(nodes), len(nodes))
    area = radius * torch.sinh(rho / radius) * weights * (far / RINGS)
    return torch.einsum("rsij,ri,j->rs", density, area, weights * (2 * math.pi / SECTORS)).reshape(-1)


def shares(cells: Cells, points: Tensor) -> tuple[float, Bound]:
    """The largest difference between the shares of draws and of the density in the
    first k cells, over k, and what quadrature may add to it.

    Args:
        cells: Of the density. points: Draws in normal coordinates, shape ``(N, 2)``.
    Returns:
        The Kolmogorov distance of the cell's number, and the slack: an estimate.
    """
    counts = torch.bincount(cells.place(points), minlength=RINGS * SECTORS + 1).to(cells.shares)
    gap = (counts.cumsum(0)[:-1] / len(points) - cells.shares.cumsum(0)).abs().max()
    slack = Bound(
        {"quadrature": cells.doubt, "rounding": 1e3 * torch.finfo(cells.shares.dtype).eps},
        "quadrature: two orders of Gauss-Legendre against each other, summed over cells. rounding: a thousand sums of shares below one.",
        estimated=("quadrature",),
        assumes=("the density is smooth between the nodes",),
    )
    return float(gap), slack
