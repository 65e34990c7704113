"""The synthetic densities against the map that makes their draws, and the
checkerboard's draws against its cells and its area."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.hyperbolic import charts
from numerics.hyperbolic.chart_measurements import batch_jacobian, chart_error
from numerics.hyperbolic.models import norm
from numerics.hyperbolic.synthetic import TangentDensity
from numerics.quadrature import gauss

__all__ = ["board_shares", "mass_of_the_board", "rest_of_the_coordinates", "tangent_density_kept", "white_cells"]

LogDensity = Callable[[Tensor], Tensor]


def tangent_density_kept(density: TangentDensity, log_prob: LogDensity, x: Tensor) -> Measurement:
    """log p plus the log volume of the map from tangent vectors to half-space
    coordinates, by autograd, against the tangent vectors' log density.

    Args:
        density: For its map and pattern. log_prob: Its density in its chart. x: Tangent
            vectors inside the support, shape ``(N, n)``.
    """
    n, R = density.dimension, density.radius
    jacobian = batch_jacobian(lambda v: charts.from_normal(v, "half-space", R), x)
    volume = torch.linalg.slogdet(jacobian).logabsdet + charts.log_volume_element(
        charts.from_normal(x, "half-space", R), "half-space", R
    )
    residual = log_prob(charts.from_normal(x, density.chart, R)) + volume - density.log_prob_tangent(x)
    eps = torch.finfo(x.dtype).eps
    singular = torch.linalg.svdvals(jacobian)
    r = norm(x) / R
    moved = chart_error(x, density.chart, R) + chart_error(x, "half-space", R)
    slope = norm(density.slope(x))
    bound = Bound(
        {"coordinates": ((n - 1) / R + slope) * moved, "Jacobian": n * (n + 64 + 2 * r) * eps * singular[..., 0] / singular[..., -1]},
        "A point moved by e changes log p by at most e times its slope: that of the pattern, of the normals and of the volume element. Entries of the Jacobian err by "
        "(n + 64 + 2 r) eps of the largest, a singular value's logarithm by the condition number times that.",
    )  # fmt: skip
    return Measurement(residual.abs(), bound, len(x))


def _black(width: float, nodes: Tensor) -> Tensor:
    """Gauss nodes in the 8 even cells, shape ``(8, m, m, 2)``, the cells from the walk
    over the board and not from the sampler."""
    found = []
    for i in range(4):
        for j in range(4):
            if (i % 2 == 0) == (j % 2 == 0):
                grid = torch.meshgrid(nodes + i - 2, nodes + j - 2, indexing="ij")
                found.append(width * torch.stack(grid, -1))
    return torch.stack(found)


def mass_of_the_board(density: TangentDensity, log_prob: LogDensity, width: float, order: int = 6) -> Measurement:
    """The integral of p over the 8 even cells in two dimensions, area by the Jacobian
    of the chart as evaluated: it is 1.

    The integrand is constant in exact arithmetic, so that any rule is exact; what is
    left is rounding, :func:`tangent_density_kept`'s at every node.
    """
    nodes, weights, _ = gauss(order).tensors(torch.zeros(1, dtype=torch.float64))
    x = _black(width, nodes).reshape(-1, 2)
    R = density.radius
    volume = torch.linalg.slogdet(batch_jacobian(lambda v: charts.from_normal(v, "half-space", R), x)).logabsdet
    volume = volume + charts.log_volume_element(charts.from_normal(x, "half-space", R), "half-space", R)
    values = torch.exp(log_prob(charts.from_normal(x, density.chart, R)) + volume).reshape(8, order, order)
    mass = width**2 * torch.einsum("cij,i,j->", values, weights, weights)
    kept = tangent_density_kept(density, log_prob, x).bound.terms
    rounding = sum(float(torch.as_tensor(term).max()) for term in kept.values()) + 64 * torch.finfo(x.dtype).eps
    return Measurement(
        (mass - 1).abs(),
        Bound({"rounding": rounding}, "At each node as in tangent_density_kept; 64 eps for weights and sum."),
        len(x),
    )


def board_shares(points: Tensor, width: float) -> float:
    """Kolmogorov distance between draws, in normal coordinates, numbered by the cell of
    the board they are in and the uniform distribution of 8 even cells. Points are ``(N,
    n)``."""
    column, row = (torch.floor(points[:, k] / width).to(torch.int64) + 2 for k in (0, 1))
    black = ((column - row) % 2 == 0) & (column >= 0) & (column < 4) & (row >= 0) & (row < 4)
    number = torch.where(black, 2 * column + torch.div(row, 2, rounding_mode="floor"), torch.full_like(column, 8))
    counts = torch.bincount(number.clamp(0, 8), minlength=9).to(torch.float64)
    expected = torch.arange(1, 9, dtype=torch.float64, device=counts.device) / 8
    return float((counts.cumsum(0)[:8] / len(points) - expected).abs().max())


def rest_of_the_coordinates(density: TangentDensity, points: Tensor) -> Tensor:
    """Normal distribution functions, at the density's spread, of the coordinates beyond
    the second of points in normal coordinates, shape ``(N, n - 2)``."""
    return torch.special.ndtr(points[:, 2:] / density.spread)


def white_cells(log_prob: LogDensity, width: float, radius: float, chart: str) -> Measurement:
    """The largest density at the centres of the 8 odd cells and of 20 cells around the
    board: it is 0, without error."""
    centres = torch.tensor([[i + 0.5, j + 0.5] for i in range(-3, 3) for j in range(-3, 3)], dtype=torch.float64)
    odd = torch.tensor(
        [not (-2 <= i < 2 and -2 <= j < 2 and (i + j) % 2 == 0) for i in range(-3, 3) for j in range(-3, 3)]
    )
    density = torch.exp(log_prob(charts.from_normal(width * centres[odd], chart, radius)))
    return Measurement(
        density,
        Bound({"underflow": torch.finfo(torch.float64).tiny}, "Outside its support a density is 0, not small."),
        int(odd.sum()),
    )
