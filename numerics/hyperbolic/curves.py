"""Geodesics of the hyperboloid, and speeds and lengths of curves in the half-space."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from numerics.hyperbolic.models import half_chord, lift, norm, on_sheet

__all__ = [
    "curve_length",
    "geodesic",
    "half_space_speed",
]


def geodesic(x: Tensor, y: Tensor, t: Tensor) -> Tensor:
    r"""The geodesic of the hyperboloid from x to y at parameters t in [0, 1]: the
    chord, projected from the origin.

    .. math:: P(t) = \frac{(1-t)\,x + t\,y}{\sqrt{1 + 4t(1-t)\sinh^2(d/2)}}

    Args:
        x: Points, shape ``(*, n + 1)``.
        y: Points, the same shape.
        t: Broadcastable with ``(*, 1)``.
    Returns:
        Points of the sheet, shape ``(*, n + 1)``.

    >>> from numerics.hyperbolic.models import lift
    >>> x = lift(torch.tensor([1.0]).double())
    >>> geodesic(x, lift(torch.tensor([-1.0]).double()), torch.tensor([0.5]).double())
    tensor([1., 0.], dtype=torch.float64)
    """
    start, end = on_sheet(x), on_sheet(y)
    stretch = 1 + 4 * t * (1 - t) * half_chord(start, end).unsqueeze(-1)
    return lift(((1 - t) * start + t * end) / stretch.sqrt())


def half_space_speed(curve: Callable[[Tensor], Tensor], t: Tensor) -> Tensor:
    r"""Speed of a curve in the half-space, :math:`|u'(t)| / u_n(t)`, from the curve as
    evaluated.

    The derivative is automatic: backwards twice, since torch's forward mode takes
    seconds to import.

    Args:
        curve: From parameters of shape ``(*, 1)`` to points of shape ``(*, n)`` with
            positive heights; each point may depend on its own parameter only.
        t: Parameters, shape ``(*, 1)``.
    Returns:
        Shape ``(*,)``: hyperbolic length a unit of the parameter.

    >>> half_space_speed(lambda t: torch.cat([0 * t, t.exp()], -1), torch.zeros(1, 1).double())
    tensor([1.], dtype=torch.float64)
    """
    with torch.enable_grad():
        parameter = t.detach().clone().requires_grad_()
        point = curve(parameter)
        weight = torch.zeros_like(point, requires_grad=True)
        (pulled,) = torch.autograd.grad(point, parameter, weight, create_graph=True)
        (velocity,) = torch.autograd.grad(pulled.sum(), weight)
    return norm(velocity) / point.detach()[..., -1]


def curve_length(curve: Callable[[Tensor], Tensor], distance: Tensor, nodes: int = 48) -> tuple[Tensor, Tensor]:
    r"""Length of the image of a geodesic chord (:func:`geodesic`) in the half-space, by
    Gauss-Legendre, and the rule's error.

    Along the chord the speed of an isometric image is :math:`\sinh d / (1 +
    2t(1-t)(\cosh d - 1))`, on [-1, 1] the function
    :math:`c/(c^2-z^2)` with :math:`c = \coth(d/2)`: analytic inside any ellipse of
    semi-axis :math:`a < c`, and bounded there by :math:`c/(c^2-a^2)`. With :math:`a =
    (1+c)/2` and :math:`\rho = a + \sqrt{a^2-1}` the rule of m nodes errs by at most
    :math:`\tfrac{64}{15} \tfrac{c}{c^2-a^2} \rho^{-2(m-1)} / (1-\rho^{-2})`.

    Args:
        curve: From parameters of shape ``(nodes, curves, 1)`` to points of shape
            ``(nodes, curves, n)`` of the half-space.
        distance: The d of each chord, shape ``(curves,)``, positive.
        nodes: m.
    Returns:
        Lengths and error bounds, each of shape ``(curves,)``.
    Source: Trefethen, Approximation Theory and Approximation Practice, theorem 19.3.

    >>> from numerics.hyperbolic.models import hyperboloid_to_half_space, lift
    >>> x, y = lift(torch.zeros(1).double()), lift(torch.tensor([0.75]).double())
    >>> chord = lambda t: hyperboloid_to_half_space(geodesic(x, y, t))
    >>> curve_length(chord, torch.tensor([2.0]).double().log())[0]  # log 2
    tensor([0.6931], dtype=torch.float64)
    """
    places, weights = (torch.as_tensor(part).to(distance) for part in np.polynomial.legendre.leggauss(nodes))
    speed = half_space_speed(curve, ((1 + places) / 2).reshape(-1, 1, 1).expand(-1, len(distance), 1))
    c = 1 / (distance.double() / 2).tanh()
    a = (1 + c) / 2
    rho = a + (a * a - 1).sqrt()
    error = 64 / 15 * c / (c * c - a * a) * rho ** (-2 * (nodes - 1)) / (1 - rho**-2)
    return (weights.unsqueeze(-1) / 2 * speed).sum(0), error.to(distance.dtype)
