r"""The wrapped normal distribution on hyperbolic space: a Gaussian in a tangent space,
carried there by the exponential map.

Its density with respect to hyperbolic volume is the Gaussian's, divided by the volume
that the exponential map makes of a unit of tangent space,
:math:`(\sinh(\rho/R)/(\rho/R))^{n-1}`: one factor for each direction across the radius,
none along it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from numerics.hyperbolic import normal_coordinates as normal
from numerics.hyperbolic.charts import CHARTS, from_normal, to_normal
from numerics.hyperbolic.models import norm
from numerics.streams import Stream

__all__ = ["WrappedNormal", "gaussian_log_density"]


def gaussian_log_density(v: Tensor, scale_tril: Tensor) -> Tensor:
    """log N(v; 0, L L^T) in nats for vectors of shape ``(*, n)`` and a lower triangular
    L, shape ``(n, n)``.

    >>> round(float(gaussian_log_density(torch.zeros(2).double(), torch.eye(2).double()).exp()), 6)  # 1/(2 pi)
    0.159155
    """
    n = v.shape[-1]
    white = torch.linalg.solve_triangular(scale_tril, v.reshape(-1, n).mT, upper=False)
    square = white.square().sum(0).reshape(v.shape[:-1])
    return -square / 2 - scale_tril.diagonal().log().sum() - n / 2 * math.log(2 * math.pi)


class WrappedNormal:
    r"""The wrapped normal with a mean on hyperbolic space and a covariance in its
    tangent space.

    .. math:: \log p(z) = \log N(v; 0, \Sigma) - (n-1)\log\frac{\sinh(\rho/R)}{\rho/R},
              \qquad v = \log_\mu z, \; \rho = |v|

    Args:
        mean: In the chart, shape ``(n,)`` (hyperboloid: ``(n + 1,)``).
        scale_tril: L with :math:`\Sigma = L L^T`, lower triangular with a positive
            diagonal, shape ``(n, n)``, in the frame that is parallel-transported from
            the origin to the mean, in the unit of R.
        radius: R; the curvature is ``-1/R^2``.
        chart: Where points are given and returned: one of
            :data:`numerics.hyperbolic.charts.CHARTS`.
    Raises:
        ValueError: shapes that do not fit, a diagonal that is not positive, a mean
            outside its chart, or an unknown chart.
    Accuracy:
        In normal coordinates as :func:`numerics.hyperbolic.normal_coordinates.log_map`,
        at any radius.
    Source: Nagano et al. 2019 (R = 1); Mathieu et al. 2019.

    >>> wrapped = WrappedNormal(torch.zeros(2).double(), torch.eye(2).double())
    >>> wrapped.log_prob(torch.zeros(2).double()).exp()
    tensor(0.1592, dtype=torch.float64)
    """

    def __init__(self, mean: Tensor, scale_tril: Tensor, radius: float = 1.0, chart: str = "normal") -> None:
        if chart not in CHARTS:
            raise ValueError(f"Expected a chart among {', '.join(CHARTS)}, got {chart!r}.")
        self.mean, self.scale_tril, self.radius, self.chart = mean, scale_tril, float(radius), chart
        self.centre = to_normal(mean, chart, self.radius)
        n = self.centre.shape[-1]
        if mean.ndim != 1 or scale_tril.shape != (n, n):
            raise ValueError(f"Expected a mean of shape (n,) and a scale of shape ({n}, {n}), got {tuple(mean.shape)} and {tuple(scale_tril.shape)}.")  # fmt: skip
        if bool((scale_tril.triu(1) != 0).any()) or not bool((scale_tril.diagonal() > 0).all()):
            raise ValueError("Expected scale_tril as a lower triangular matrix with a positive diagonal.")

    @property
    def dimension(self) -> int:
        """n."""
        return self.centre.shape[-1]

    def tangent(self, points: Tensor) -> Tensor:
        """The tangent vectors at the mean whose geodesics end in ``points``, shape
        ``(*, n)``."""
        return normal.log_map(self.centre, to_normal(points, self.chart, self.radius), self.radius)

    def wrap(self, v: Tensor) -> Tensor:
        """The points where the geodesics from the mean with initial velocity ``v`` end,
        in the chart."""
        return from_normal(normal.exp_map(self.centre, v, self.radius), self.chart, self.radius)

    def log_prob(self, points: Tensor) -> Tensor:
        """log p in nats with respect to hyperbolic volume, for points of shape ``(*,
        n)`` in the chart; shape ``(*,)``."""
        v = self.tangent(points)
        return gaussian_log_density(v, self.scale_tril) - (self.dimension - 1) * normal.log_sinhc(norm(v) / self.radius)

    def sample(self, size: int, stream: Stream) -> Tensor:
        """``size`` independent draws in the chart, shape ``(size, n)``: a Gaussian
        vector each, and its geodesic's end."""
        return self.wrap(stream.normal(size, self.dimension).to(self.centre) @ self.scale_tril.mT)
