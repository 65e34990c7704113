r"""Exponential map, logarithm and parallel transport on the hyperboloid of curvature
-1, by the Lorentz product.

The textbook formulas, good to the radius that the hyperboloid's coordinates carry;
:mod:`.normal_coordinates` gives the same maps at any radius by trigonometry, and is
measured against these. Tangent vectors at X satisfy :math:`\langle X, V\rangle_L = 0`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from numerics.hyperbolic.models import lorentz_distance

__all__ = ["exp_map", "frame_components", "frame_vector", "log_map", "lorentz_product", "transport"]


def lorentz_product(x: Tensor, y: Tensor) -> Tensor:
    """:math:`-x_0 y_0 + \\langle\\xi,\\eta\\rangle` over the last axis, which is kept
    with length 1.

    >>> lorentz_product(torch.tensor([5.0, 3.0, 4.0]), torch.tensor([1.0, 0.0, 0.0]))
    tensor([-5.])
    """
    return (x[..., 1:] * y[..., 1:]).sum(-1, keepdim=True) - x[..., :1] * y[..., :1]


def transport(start: Tensor, end: Tensor, vector: Tensor) -> Tensor:
    r"""Parallel transport along the geodesic: :math:`V + \frac{\langle Y, V\rangle_L}{1
    - \langle X, Y\rangle_L}(X + Y)`.

    Args:
        start, end: Points of the sheet, shape ``(*, n + 1)``. vector: Tangent at
            ``start``.
    Returns:
        Tangent at ``end``, shape ``(*, n + 1)``.
    Source: Nickel & Kiela 2018; Ratcliffe 2006, section 3.2.

    >>> apex = torch.tensor([1.0, 0.0]).double()
    >>> transport(apex, torch.tensor([1.25, 0.75]).double(), torch.tensor([0.0, 1.0]).double())
    tensor([0.7500, 1.2500], dtype=torch.float64)
    """
    return vector + lorentz_product(end, vector) / (1 - lorentz_product(start, end)) * (start + end)


def exp_map(start: Tensor, vector: Tensor) -> Tensor:
    r"""The geodesic's end, :math:`\cosh\rho\,X + \frac{\sinh\rho}{\rho} V` with
    :math:`\rho^2 = \langle V, V\rangle_L > 0`.

    >>> exp_map(torch.tensor([1.0, 0.0]).double(), torch.tensor([0.0, 2.0]).double().log1p())  # the distance log 3
    tensor([1.6667, 1.3333], dtype=torch.float64)
    """
    rho = lorentz_product(vector, vector).clamp_min(0).sqrt()
    return torch.cosh(rho) * start + torch.sinh(rho) / torch.where(rho > 0, rho, torch.ones_like(rho)) * vector


def log_map(start: Tensor, end: Tensor) -> Tensor:
    r"""The initial velocity: :math:`d\,(Y + \langle X, Y\rangle_L X)/\sinh d`.

    >>> log_map(torch.tensor([1.0, 0.0]).double(), torch.tensor([1.25, 0.75]).double()).exp()
    tensor([1., 2.], dtype=torch.float64)
    """
    along = lorentz_product(start, end)
    d = lorentz_distance(start, end).unsqueeze(-1)
    return (end + along * start) * torch.where(d > 0, d / torch.sinh(torch.where(d > 0, d, torch.ones_like(d))), torch.ones_like(d))  # fmt: skip


def frame_vector(point: Tensor, components: Tensor) -> Tensor:
    """The tangent vector at ``point`` with these components, shape ``(*, n)``, in the
    frame transported from the apex.

    >>> frame_vector(torch.tensor([1.25, 0.75]).double(), torch.tensor([1.0]).double())
    tensor([0.7500, 1.2500], dtype=torch.float64)
    """
    apex = torch.zeros_like(point)
    apex[..., 0] = 1
    at_apex = torch.cat([torch.zeros_like(components[..., :1]), components], -1)
    return transport(apex, point, at_apex)


def frame_components(point: Tensor, vector: Tensor) -> Tensor:
    """The inverse of :func:`frame_vector`: components in the frame transported from the
    apex, shape ``(*, n)``."""
    apex = torch.zeros_like(point)
    apex[..., 0] = 1
    return transport(point, apex, vector)[..., 1:]
