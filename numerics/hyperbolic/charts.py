r"""Five coordinate systems of hyperbolic n-space of any curvature: changes between
them, and the volume element in each.

A density on hyperbolic space is a density with respect to hyperbolic volume. Divided by
the volume element of a chart it is the density of the coordinates, which is another
function: the volume element is what the two differ by.

======================  =============================================  =================================================
chart                   points, curvature :math:`-1/R^2`               volume element per unit of coordinates
======================  =============================================  =================================================
``normal``              all of R^n                                     :math:`(\sinh(\rho/R)/(\rho/R))^{n-1}`
``hyperboloid``         :math:`x_0^2 = R^2 + |\xi|^2`, time first      :math:`R/x_0`, per unit of :math:`\xi`
``ball`` (Poincaré)     :math:`|x| < R`                                :math:`(2/(1-|x|^2/R^2))^n`
``klein``               :math:`|k| < R`                                :math:`(1-|k|^2/R^2)^{-(n+1)/2}`
``half-space``          :math:`u_n > 0`, no unit of length             :math:`(R/u_n)^n`
======================  =============================================  =================================================
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from numerics.hyperbolic import models
from numerics.hyperbolic.models import norm, require_floating
from numerics.hyperbolic.normal_coordinates import LOG_2, log_sinhc

__all__ = ["CHARTS", "dimension", "from_normal", "log_volume_element", "to_normal"]

CHARTS = ("normal", "hyperboloid", "ball", "klein", "half-space")
OVERFLOW = 700.0  # radii beyond which the hyperboloid's coordinates are no float64


def dimension(points: Tensor, chart: str) -> int:
    """The dimension of the space whose points have these coordinates.

    >>> dimension(torch.zeros(5, 3), "hyperboloid")
    2
    """
    _chart(chart)
    return points.shape[-1] - (chart == "hyperboloid")


def from_normal(x: Tensor, chart: str, radius: float = 1.0) -> Tensor:
    """Coordinates in a chart of points in normal coordinates.

    Args:
        x: Shape ``(*, n)``.
        chart: One of :data:`CHARTS`. radius: R.
    Returns:
        Shape ``(*, n)``, for the hyperboloid ``(*, n + 1)``.
    Raises:
        ValueError: an unknown chart, or a point farther out than the chart can carry in
            this dtype (never moved inside).
    Accuracy:
        A few units of roundoff, relatively to the coordinates; what that means as a
        distance is :func:`numerics.hyperbolic.models.endpoint_error`.

    >>> from_normal(torch.tensor([math.log(3.0), 0.0]).double(), "ball")
    tensor([0.5000, 0.0000], dtype=torch.float64)
    """
    require_floating(x)
    if _chart(chart) == "normal":
        return x
    far = norm(x.detach()).amax() / radius if x.numel() else 0.0
    if float(far) > OVERFLOW:
        raise ValueError(f"Expected points within {OVERFLOW:g} radii of the origin for the chart {chart!r}, got one at {float(far):.6g}. Use 'normal'.")  # fmt: skip
    rho = (norm(x) / radius).unsqueeze(-1)
    if chart in ("ball", "klein"):
        half = rho / 2 if chart == "ball" else rho
        return x * (torch.tanh(half) / torch.where(rho > 0, rho, torch.ones_like(rho)))
    point = models.lift(x / radius * torch.exp(log_sinhc(rho)))
    return radius * point if chart == "hyperboloid" else models.hyperboloid_to_half_space(point)


def to_normal(points: Tensor, chart: str, radius: float = 1.0) -> Tensor:
    """Normal coordinates of points in a chart; the inverse of :func:`from_normal`.

    Raises:
        ValueError: an unknown chart, or a point outside it; it is never moved inside.
            TypeError: not floating point.
    Accuracy:
        As the chart's coordinates allow:
        :func:`numerics.hyperbolic.models.endpoint_error`.

    >>> to_normal(torch.tensor([0.5, 0.0]).double(), "ball")  # log 3
    tensor([1.0986, 0.0000], dtype=torch.float64)
    """
    require_floating(points)
    if _chart(chart) == "normal":
        return points
    unit = points if chart == "half-space" else points / radius
    lifted = {
        "ball": models.ball_to_hyperboloid,
        "klein": models.klein_to_hyperboloid,
        "half-space": models.half_space_to_hyperboloid,
        "hyperboloid": lambda point: models.lift(models.on_sheet(point)),
    }[chart](unit)
    spatial = lifted[..., 1:]
    size = norm(spatial).unsqueeze(-1)
    return radius * spatial * torch.where(size > 0, torch.asinh(size) / torch.where(size > 0, size, torch.ones_like(size)), torch.ones_like(size))  # fmt: skip


def log_volume_element(points: Tensor, chart: str, radius: float = 1.0) -> Tensor:
    r"""The logarithm of hyperbolic volume per unit of Lebesgue measure of the
    coordinates.

    For the hyperboloid the measure is that of the spatial part.

    Args:
        points: Coordinates in the chart, shape ``(*, n)`` (hyperboloid: ``(*, n +
            1)``). radius: R.
    Returns:
        Shape ``(*,)``.

    >>> log_volume_element(torch.tensor([0.0, 2.0]).double(), "half-space").exp()
    tensor(0.2500, dtype=torch.float64)
    """
    n = dimension(points, chart)
    if chart == "half-space":
        return n * (math.log(radius) - points[..., -1].log())
    if chart == "hyperboloid":
        return math.log(radius) - points[..., 0].log()
    size = norm(points) / radius
    if chart == "normal":
        return (n - 1) * log_sinhc(size)
    room = torch.log1p(-size) + torch.log1p(size)
    return n * (LOG_2 - room) if chart == "ball" else -(n + 1) / 2 * room


def _chart(name: str) -> str:
    if name not in CHARTS:
        raise ValueError(f"Expected a chart among {', '.join(CHARTS)}, got {name!r}.")
    return name
