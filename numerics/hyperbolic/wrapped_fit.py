r"""Read off a log density of a wrapped normal: its mean, its covariance, its constant,
and how many factors of sinh(rho/R)/(rho/R) it divides by."""

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
STENCIL = 1e-3  # curvature radii between the points of a central difference
REACH = 2.5  # curvature radii within which log p is read


class WrappedFit(NamedTuple):
    r"""What fits :math:`\log p(\exp_\mu v) = c - \tfrac12 v^T P v -
    k\log\frac{\sinh(\rho/R)}{\rho/R}`.

    Args:
        mean: :math:`\mu` in normal coordinates. precision: P, shape ``(n, n)``.
            factors: k, which is n - 1 for a wrapped normal.
        constant: c minus that of the normal with precision P: 0 if log p is normalised
            in the tangent space.
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
    """The Fréchet mean of points in normal coordinates, shape ``(N, n)`` to ``(n,)``,
    by repeated averages of logarithms.

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
    """Fit a wrapped normal to values of log p around the point next to ``start`` at
    which log p has no slope.

    Args:
        log_prob: From normal coordinates, shape ``(N, n)``, to nats with respect to
            hyperbolic volume.
        start: A first guess of the mean. radius: R. stream: Where points are drawn
            from.
        inner: Radius inside the correction, where it is not R.
    Returns:
        The fit, or None where log p is not finite there or no such density is found.
    """
    n = len(start)
    mean = _critical_point(log_prob, start, radius)
    if mean is None:
        return None
    unknowns = 2 + n + n * (n + 1) // 2
    direction = stream.normal(4 * unknowns + 16, n).to(start)
    v = REACH * radius * stream.uniform(len(direction), 1).to(start) * direction / norm(direction).unsqueeze(-1)
    fit = _least_squares(log_prob, mean, v, radius, inner or radius)
    return fit if fit is not None and float(torch.linalg.eigvalsh(fit.precision)[0]) > 0 else None


def _critical_point(log_prob: LogDensity, start: Tensor, radius: float) -> Tensor | None:
    """A point at which log p has no slope, by Newton's method with central differences:
    the mean of a wrapped normal, about which log p is even."""
    n, mean, h = len(start), start, STENCIL * radius
    i, j = torch.triu_indices(n, n)
    eye = torch.eye(n, dtype=start.dtype, device=start.device)
    stencil = torch.cat([eye, eye[i] + eye[j]])
    for _ in range(STEPS):
        up, down, higher, lower = (
            log_prob(normal_coordinates.exp_map(mean, steps * h * stencil, radius)) for steps in (1, -1, 2, -2)
        )
        if not bool(torch.cat([up, down, higher, lower]).isfinite().all()):
            return None
        second = (higher + lower - up - down) / (
            3 * h**2
        )  # along e_k, and along e_i + e_j; not at the mean, where formulas divide 0 by 0
        slope, curved = (up - down)[:n] / (2 * h), torch.diag(second[:n])
        mixed = (second[n:] - second[:n][i] - second[:n][j]) / 2
        off = i != j
        curved[i[off], j[off]] = curved[j[off], i[off]] = mixed[off]
        step = -torch.linalg.lstsq(curved, slope.unsqueeze(-1)).solution.squeeze(-1)
        size = float(norm(step))
        if not math.isfinite(size):
            return None
        mean = normal_coordinates.exp_map(mean, step * min(1.0, radius / (2 * size) if size else 1.0), radius)
        if size < 1e-9 * radius:
            break
    return mean


def _least_squares(log_prob: LogDensity, mean: Tensor, v: Tensor, radius: float, inner: float) -> WrappedFit | None:
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
    return WrappedFit(mean, precision, -float(solution[-1]), constant, residual, doubt)
