r"""Hyperbolic n-space of curvature -1 in floating point: four models, their distances
and the changes between them.

Every distance below is a function of positive sums and products only, so that nothing
cancels; what remains is the error that the *coordinates* carry. A relative change eps
of the coordinates of a point at distance r from the centre moves it by up to about
``eps cosh r`` (the Klein ball: ``eps cosh^2 r``), whatever formula reads them
afterwards:
:func:`endpoint_error` bounds this, and
:func:`numerics.hyperbolic.isometries.action_error` bounds what multiplying by a Lorentz
matrix adds.

Coordinates run over the last axis. dtype and device follow the inputs. Points outside a
model are refused, never moved.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = [
    "MODELS",
    "Model",
    "ball_to_hyperboloid",
    "endpoint_error",
    "half_space_distance",
    "half_space_to_hyperboloid",
    "hyperboloid_to_ball",
    "hyperboloid_to_half_space",
    "hyperboloid_to_klein",
    "klein_distance",
    "klein_to_hyperboloid",
    "lift",
    "lorentz_distance",
    "poincare_distance",
]


# --- distances ---------------------------------------------------------------------------------------------------------


def poincare_distance(x: Tensor, y: Tensor) -> Tensor:
    r"""Geodesic distance in the Poincaré ball of curvature -1.

    .. math:: d = 2\,\operatorname{arsinh}\frac{\|x-y\|}{\sqrt{(1-\|x\|^2)(1-\|y\|^2)}}

    Args:
        x: Points, shape ``(*, n)``, ``|x| < 1``.
        y: Points, broadcastable with ``x``, ``|y| < 1``.
    Returns:
        Shape ``(*,)``, dimensionless (curvature radii).
    Raises:
        TypeError: not floating-point tensors.
        ValueError: a point on or outside the unit sphere, or not finite; it is never
            moved inside.
    Accuracy:
        Absolute error at most ``(n + 12) eps (cosh r_x + cosh r_y)``, r being the
        distances from the centre (from the error of ``1 - |x|^2``); relative error a
        few eps for points near the centre, however close to each other.
    Source: Nickel & Kiela 2017, eq. 1, by the half-angle formula.

    >>> origin, x = torch.zeros(2).double(), torch.tensor([0.5, 0.0]).double()
    >>> poincare_distance(origin, x)  # log 3
    tensor(1.0986, dtype=torch.float64)
    """
    room = _inside_ball(x, "the Poincaré ball") * _inside_ball(y, "the Poincaré ball")
    return 2 * torch.asinh(norm(x - y) / room.sqrt())


def lorentz_distance(x: Tensor, y: Tensor) -> Tensor:
    r"""Geodesic distance on the forward sheet of the hyperboloid :math:`-x_0^2 +
    |\xi|^2 = -1`.

    .. math:: \sinh^2\tfrac d2 = \sinh^2\tfrac{r_x-r_y}2 + |\xi||\eta|\,\tfrac14\Bigl|\tfrac{\xi}{|\xi|}-\tfrac{\eta}{|\eta|}\Bigr|^2,
              \qquad r = \operatorname{arsinh}|\xi|

    It equals :math:`\operatorname{arcosh}(-\langle x,y\rangle_L)`, whose subtraction
    costs twice as many digits far out and half of all digits for close points. Only the
    spatial parts are read; the time coordinate has to belong to them.

    Args:
        x: Points, shape ``(*, n + 1)``, time coordinate first and positive.
        y: Points, broadcastable with ``x``.
    Returns:
        Shape ``(*,)``.
    Raises:
        TypeError: not floating-point tensors.
        ValueError: a point on the backward sheet, off the sheet by more than half of
            the dtype's digits, or not finite.
    Accuracy:
        Absolute error at most ``(n + 12) eps (cosh r_x + cosh r_y)``; no loss for close
        points.
    Source: Ratcliffe 2006, section 3.2, and the hyperbolic law of cosines by half
        angles.

    >>> apex, point = lift(torch.zeros(2).double()), lift(torch.tensor([3.0, 4.0]).double())
    >>> round(float(lorentz_distance(apex, point).sinh()), 12)  # the length of the spatial part
    5.0
    """
    return 2 * torch.asinh(half_chord(on_sheet(x), on_sheet(y)).sqrt())


def half_space_distance(u: Tensor, v: Tensor) -> Tensor:
    r"""Geodesic distance in the upper half-space, heights in the last coordinate.

    .. math:: d = 2\,\operatorname{arsinh}\frac{|u-v|}{2\sqrt{u_n v_n}}

    Args:
        u: Points, shape ``(*, n)``, ``u_n > 0``.
        v: Points, broadcastable with ``u``.
    Returns:
        Shape ``(*,)``.
    Raises:
        TypeError: not floating-point tensors.
        ValueError: a height that is zero, negative or not finite.
    Accuracy:
        Absolute error at most ``(n + 8) eps (1 + d)`` for the coordinates as given:
        this model resolves far points best.
    Source: Ratcliffe 2006, section 4.6.

    >>> round(float(half_space_distance(torch.tensor([0.0, 1.0]), torch.tensor([0.0, math.e]))), 5)
    1.0
    """
    return 2 * torch.asinh(norm(u - v) / (2 * (_heights(u) * _heights(v)).sqrt()))


def klein_distance(k: Tensor, l: Tensor) -> Tensor:
    r"""Geodesic distance in the Klein ball, whose geodesics are straight.

    .. math:: \sinh^2 d = \frac{|k-l|^2(1-|k|^2) + \langle k, k-l\rangle^2}{(1-|k|^2)(1-|l|^2)}

    Args:
        k: Points, shape ``(*, n)``, ``|k| < 1``.
        l: Points, broadcastable with ``k``.
    Returns:
        Shape ``(*,)``.
    Raises:
        TypeError: not floating-point tensors.
        ValueError: a point on or outside the unit sphere, or not finite; it is never
            moved inside.
    Accuracy:
        Absolute error at most ``(n + 12) eps (cosh^2 r_k + cosh^2 r_l)``: the model
        itself carries half the radius that the others do.
    Source: Ratcliffe 2006, section 6.1; the numerator is rewritten as a sum of squares.

    >>> klein_distance(torch.zeros(2).double(), torch.tensor([0.6, 0.0]).double()).tanh()
    tensor(0.6000, dtype=torch.float64)
    """
    room = _inside_ball(k, "the Klein ball")
    gap = k - l
    along = (k * gap).sum(-1)
    return torch.asinh(
        ((gap.square().sum(-1) * room + along.square()) / (room * _inside_ball(l, "the Klein ball"))).sqrt()
    )


# --- changes of model ----------------------------------------------------------------------------------------------------


def lift(spatial: Tensor) -> Tensor:
    r"""The point of the forward sheet over its spatial part, :math:`(\sqrt{1+|\xi|^2},
    \xi)`; shape ``(*, n)`` to ``(*, n + 1)``.

    The spatial part alone determines the point, and straight segments between spatial
    parts are at least as long as the hyperbolic distance: an error of Euclidean length
    e in :math:`\xi` moves the point by at most e.

    >>> lift(torch.tensor([3.0, 4.0, 0.0]))
    tensor([5.0990, 3.0000, 4.0000, 0.0000])
    """
    require_floating(spatial)
    return torch.cat([(1 + spatial.square().sum(-1, keepdim=True)).sqrt(), spatial], -1)


def ball_to_hyperboloid(x: Tensor) -> Tensor:
    r""":math:`\xi = 2x/(1-|x|^2)`, lifted. Refuses points on or outside the unit
    sphere, as :func:`poincare_distance` does.

    Args:
        x: Points of the Poincaré ball, shape ``(*, n)``.
    Returns:
        Shape ``(*, n + 1)``, time coordinate first.

    >>> ball_to_hyperboloid(torch.tensor([0.5, 0.0]).double())
    tensor([1.6667, 1.3333, 0.0000], dtype=torch.float64)
    """
    return lift(2 * x / _inside_ball(x, "the Poincaré ball").unsqueeze(-1))


def hyperboloid_to_ball(point: Tensor) -> Tensor:
    r""":math:`x = \xi/(1+x_0)`, shape ``(*, n + 1)`` to ``(*, n)``.

    >>> hyperboloid_to_ball(ball_to_hyperboloid(torch.tensor([0.5, 0.0]).double()))
    tensor([0.5000, 0.0000], dtype=torch.float64)
    """
    return on_sheet(point) / (1 + point[..., :1])


def hyperboloid_to_klein(point: Tensor) -> Tensor:
    r""":math:`k = \xi/x_0`, shape ``(*, n + 1)`` to ``(*, n)``. Rounds onto the sphere
    beyond radius ``-log(eps)/2``.

    >>> hyperboloid_to_klein(lift(torch.tensor([0.75, 0.0]).double()))
    tensor([0.6000, 0.0000], dtype=torch.float64)
    """
    return on_sheet(point) / point[..., :1]


def klein_to_hyperboloid(k: Tensor) -> Tensor:
    r""":math:`\xi = k/\sqrt{1-|k|^2}`, lifted.

    Args:
        k: Points of the Klein ball, shape ``(*, n)``, ``|k| < 1``.
    Returns:
        Shape ``(*, n + 1)``, time coordinate first.

    >>> klein_to_hyperboloid(torch.tensor([0.6, 0.0]).double())
    tensor([1.2500, 0.7500, 0.0000], dtype=torch.float64)
    """
    return lift(k / _inside_ball(k, "the Klein ball").sqrt().unsqueeze(-1))


def hyperboloid_to_half_space(point: Tensor) -> Tensor:
    r""":math:`u = (\xi_\perp, 1)/(x_0+\xi_n)`, where :math:`x_0+\xi_n =
    (1+|\xi_\perp|^2)/(x_0-\xi_n)` if :math:`\xi_n < 0`.

    The apex goes to height 1. The second form keeps the full relative accuracy of the
    height near the boundary point
    :math:`-e_n`, which the model sends to infinity.

    Args:
        point: Shape ``(*, n + 1)``, time coordinate first.
    Returns:
        Shape ``(*, n)``, heights last.

    >>> hyperboloid_to_half_space(lift(torch.zeros(2).double()))  # the apex has height 1
    tensor([0., 1.], dtype=torch.float64)
    """
    across, last, time = on_sheet(point)[..., :-1], point[..., -1:], point[..., :1]
    down = last < 0
    far = torch.where(down, -last, last) + time
    below = torch.where(down, (1 + across.square().sum(-1, keepdim=True)) / far, far)
    return torch.cat([across, torch.ones_like(below)], -1) / below


def half_space_to_hyperboloid(u: Tensor) -> Tensor:
    r""":math:`\xi_\perp = u_\perp/u_n, \; \xi_n = (1-|u|^2)/(2u_n)`, lifted; the
    inverse of :func:`hyperboloid_to_half_space`.

    Args:
        u: Shape ``(*, n)``, heights last and positive.
    Returns:
        Shape ``(*, n + 1)``, time coordinate first.

    >>> half_space_to_hyperboloid(torch.tensor([0.0, 2.0]).double())
    tensor([ 1.2500,  0.0000, -0.7500], dtype=torch.float64)
    """
    height = _heights(u).unsqueeze(-1)
    square = u[..., :-1].square().sum(-1, keepdim=True)
    return lift(torch.cat([u[..., :-1] / height, ((1 - height) * (1 + height) - square) / (2 * height)], -1))


class Model(NamedTuple):
    """A model of hyperbolic space: how to come from the hyperboloid, the distance, and
    the power of cosh r in its error."""

    chart: Callable[[Tensor], Tensor]
    distance: Callable[[Tensor, Tensor], Tensor]
    power: int


MODELS: dict[str, Model] = {
    "hyperboloid": Model(lambda point: point, lorentz_distance, 1),
    "ball": Model(hyperboloid_to_ball, poincare_distance, 1),
    "half-space": Model(hyperboloid_to_half_space, half_space_distance, 1),
    "klein": Model(hyperboloid_to_klein, klein_distance, 2),
}


# --- errors ----------------------------------------------------------------------------------------------------------------


def endpoint_error(point: Tensor, model: str) -> Tensor:
    r"""How far each point's rounding in a model can carry any distance measured from
    it: shape ``(*, n + 1)`` to ``(*,)``.

    ``(n + 12) eps cosh r`` (Klein: ``cosh^2 r``). It covers, once each, the chart from
    the hyperboloid and the model's distance formula. In the ball :math:`1-|x|^2` errs
    by ``(n/2 + 1) eps`` absolutely, hence by
    :math:`(n/2+1)\,\epsilon \cosh^2(r/2)` relatively, and d takes half of that from
    each end; a relative error eps of x is a hyperbolic step of
    :math:`2|x|\epsilon/(1-|x|^2) = \epsilon\sinh r`. On the sheet a radius errs by
    ``(n/4 + 2 + 2r) eps`` and a direction by ``(n/4 + 2) eps`` times :math:`\sinh r`.
    In the half-space a relative error of
    :math:`(u_\perp, u_n)` is a step of at most :math:`\epsilon\,|(\xi_\perp, 1)| \le
    \epsilon \cosh r`. In the Klein ball
    :math:`1-|k|^2 = 1/\cosh^2 r`. Logarithmic growth of d (``2 r eps`` for the last
    operation) is below ``2 eps cosh r``.

    First order in eps; the remainder is smaller by the factor that the bound itself is
    small.

    Args:
        point: Points of the hyperboloid, time coordinate first.
        model: A key of :data:`MODELS`.

    >>> endpoint_error(lift(torch.zeros(2).double()), "ball") / torch.finfo(torch.float64).eps
    tensor(14., dtype=torch.float64)
    """
    n = point.shape[-1] - 1
    return (n + 12) * torch.finfo(point.dtype).eps * point[..., 0] ** _model(model).power


# --- shared with isometries and curves ------------------------------------------------------------------------------------


def _model(name: str) -> Model:
    if name not in MODELS:
        raise ValueError(f"Expected a model among {', '.join(MODELS)}, got {name!r}.")
    return MODELS[name]


def norm(x: Tensor) -> Tensor:
    """Euclidean length over the last axis, shape ``(*, n)`` to ``(*,)``.

    >>> norm(torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    return torch.linalg.vector_norm(x, dim=-1)


def require_floating(x: Tensor) -> None:
    """Refuse anything but a floating-point tensor, whatever its shape.

    Raises:
        TypeError: an integer or boolean tensor, or no tensor.

    >>> require_floating(torch.arange(3))
    Traceback (most recent call last):
        ...
    TypeError: Expected coordinates as a floating-point tensor, got a tensor of torch.int64. ...
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        got = f"a tensor of {x.dtype}" if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"Expected coordinates as a floating-point tensor, got {got}. Convert with .double().")


def _inside_ball(x: Tensor, ball: str) -> Tensor:
    """``1 - |x|^2``, positive, or an error that names the first point for which it is
    not."""
    require_floating(x)
    room = 1 - x.square().sum(-1)
    _refuse(
        ~(room > 0),
        f"Expected points inside {ball}, |x| < 1",
        x,
        "Points on the sphere lie at infinity; none was moved.",
    )
    return room


def _heights(u: Tensor) -> Tensor:
    require_floating(u)
    height = u[..., -1]
    _refuse(
        ~(height > 0) | ~u.isfinite().all(-1),
        "Expected points of the half-space, last coordinate > 0",
        u,
        "None was moved.",
    )
    return height


def on_sheet(point: Tensor) -> Tensor:
    """The spatial part of points that lie on the forward sheet to half of their digits.

    Args:
        point: Shape ``(*, n + 1)``, time coordinate first.
    Returns:
        Shape ``(*, n)``, a view.
    Raises:
        TypeError: not a floating-point tensor.
        ValueError: a point off the sheet, on the backward sheet, or not finite.

    >>> on_sheet(torch.tensor([1.25, 0.75]))
    tensor([0.7500])
    """
    require_floating(point)
    time, spatial = point[..., 0], point[..., 1:]
    expected = (1 + spatial.square().sum(-1)).sqrt()
    digits = math.sqrt(torch.finfo(point.dtype).eps)
    off = ~((time - expected).abs() <= digits * expected) | ~point.isfinite().all(-1)
    _refuse(
        off,
        "Expected points with x_0 = +sqrt(1 + |xi|^2)",
        point,
        "Is the time coordinate first, and the sheet the forward one?",
    )
    return spatial


def _refuse(bad: Tensor, expected: str, points: Tensor, advice: str) -> None:
    if bool(bad.any()):
        index = tuple(int(k) for k in bad.nonzero()[0]) if bad.ndim else ()
        shown = ", ".join(f"{float(e):.6g}" for e in points[index][:4]) + (", ..." if points.shape[-1] > 4 else "")
        raise ValueError(
            f"{expected}; {int(bad.sum())} of {bad.numel()} are not, the first at index {index}: ({shown}). {advice}"
        )


def half_chord(start: Tensor, end: Tensor) -> Tensor:
    """``sinh^2(d/2)`` from spatial parts, as a sum of two nonnegative terms.

    Args:
        start, end: Spatial parts, shape ``(*, n)``, broadcastable.
    Returns:
        Shape ``(*,)``.

    >>> half_chord(torch.zeros(1), torch.tensor([0.75]))  # cosh d = 5/4
    tensor(0.1250)
    """
    tiny = torch.finfo(start.dtype).tiny
    long, other = norm(start), norm(end)
    turn = start / long.clamp_min(tiny).unsqueeze(-1) - end / other.clamp_min(tiny).unsqueeze(-1)
    radial = ((long.asinh() - other.asinh()) / 2).sinh().square()
    return radial + long * other * turn.square().sum(-1) / 4
