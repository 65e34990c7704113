r"""Read off a log density of a wrapped normal: its mean, its covariance, its constant, and how many factors of sinh(rho/R)/(rho/R) it divides by."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from numerics.hyperbolic import normal_coordinates
from numerics.hyperbolic.models import norm
from numerics.streams import Stream

__all__ = ["WrappedFit", "centre_of", "fit_wrapped_normal"]

LogDensity = Callable[[Tensor], Tensor]
STEPS = 30
REACH = 2.5  # curvature radii within which log p is read


class WrappedFit(NamedTuple):
    r"""What fits :math:`\log p(\exp_\mu v) = c - \tfrac12 v^T P v - k\log\frac{\sinh(\rho/R)}{\rho/R}`.

    Args:
        mean: :math:`\mu` in normal coordinates. precision: P, shape ``(n, n)``. factors: k, which is n - 1 for a wrapped normal.
        constant: c minus that of the normal with precision P: 0 if log p is normalised in the tangent space.
        residual: Largest misfit in nats over the points, relative to 1 + |log p|.
        doubt: How far rounding of that size can move k.
    """

    mean: Tensor
    precision: Tensor
    factors: float
    constant: float
    residual: float
    doubt: float


def centre_of(points: Tensor, radius: float) -> Tensor:
    """The Fréchet mean of points in normal coordinates, shape ``(N, n)`` to ``(n,)``, by repeated averages of logarithms.

    >>> centre_of(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]).double(), 1.0)
    tensor([0., 0.], dtype=torch.float64)
    """
    centre = torch.zeros_like(points[0])
    for _ in range(STEPS):
        step = normal_coordinates.log_map(centre, points, radius).mean(0)
        centre = normal_coordinates.exp_map(centre, step, radius)
        if float(norm(step)) < 1e-9 * radius:
            break
    return centre


def fit_wrapped_normal(
    log_prob: LogDensity, start: Tensor, radius: float, stream: Stream, inner: float | None = None
) -> WrappedFit | None:
    """Fit a wrapped normal to values of log p around ``start``, moving the mean until the linear part vanishes.

    Args:
        log_prob: From normal coordinates, shape ``(N, n)``, to nats with respect to hyperbolic volume.
        start: A first guess of the mean. radius: R. stream: Where points are drawn from.
        inner: Radius inside the correction, where it is not R.
    Returns:
        The fit, or None where log p is not finite there or no such density is found.
    """
    n, mean = len(start), start
    unknowns = 2 + n + n * (n + 1) // 2
    direction = stream.normal(4 * unknowns + 16, n).to(start)
    v = REACH * radius * stream.uniform(len(direction), 1).to(start) * direction / norm(direction).unsqueeze(-1)
    for _ in range(STEPS):
        found = _least_squares(log_prob, mean, v, radius, inner or radius)
        if found is None:
            return None
        linear, fit = found
        values, vectors = torch.linalg.eigh(fit.precision)
        if float(values[0]) <= 0:
            return None
        step = vectors @ ((vectors.mT @ linear) / values)
        size = float(norm(step))
        if size < 1e-10 * radius:
            return fit
        mean = normal_coordinates.exp_map(mean, step * min(1.0, radius / size), radius)
    return fit


def _least_squares(
    log_prob: LogDensity, mean: Tensor, v: Tensor, radius: float, inner: float
) -> tuple[Tensor, WrappedFit] | None:
    n = v.shape[-1]
    values = log_prob(normal_coordinates.exp_map(mean, v, radius))
    if not bool(values.isfinite().all()):
        return None
    u = v / radius
    i, j = torch.triu_indices(n, n)
    columns = [
        torch.ones_like(values).unsqueeze(-1),
        u,
        u[:, i] * u[:, j],
        normal_coordinates.log_sinhc(norm(v) / inner).unsqueeze(-1),
    ]
    table = torch.cat(columns, -1)
    weight = 1 / (1 + values.abs())
    left, right = table * weight.unsqueeze(-1), values * weight
    sizes = norm(left.mT)
    q, upper = torch.linalg.qr(left / sizes)
    inverse = torch.linalg.inv(upper)
    solution = (inverse @ (q.mT @ right)) / sizes
    residual = float((left @ solution - right).abs().max())
    square = torch.zeros(n, n, dtype=v.dtype, device=v.device)
    square[i, j] = solution[1 + n : -1]
    precision = -(square + square.mT) / radius**2
    sign, log_det = torch.linalg.slogdet(precision)
    constant = float(solution[0]) - (float(log_det) - n * math.log(2 * math.pi)) / 2 if float(sign) > 0 else math.nan
    doubt = float(norm(inverse[-1]) / sizes[-1]) * max(residual, torch.finfo(v.dtype).eps) * len(v) ** 0.5
    return solution[1 : 1 + n] / radius, WrappedFit(mean, precision, -float(solution[-1]), constant, residual, doubt)
