r"""Normal coordinates of hyperbolic space: a point is the tangent vector at the origin
whose geodesic ends there. Right at any radius.

The point x of R^n lies at distance :math:`|x|` from the origin o, in the direction
:math:`x/|x|`. Ball coordinates stop resolving at radius 37 in float64 and the
hyperboloid overflows at 710; here every quantity is a side or an angle of the triangle
(o, x, y), formed from logarithms of hyperbolic sines, so that radius 1,000 costs no
digit. Tangent vectors at x are written in the frame that is parallel-transported from o
along the radial geodesic: exponential map, logarithm and parallel transport are then
plane trigonometry in that triangle.

Lengths have the unit of ``radius``: the curvature is :math:`-1/R^2`. Coordinates run
over the last axis; dtype and device follow the inputs.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from numerics.hyperbolic.models import norm, require_floating

__all__ = [
    "distance",
    "distance_error",
    "exp_map",
    "log_map",
    "log_sinh",
    "log_sinhc",
    "radius_of_curvature",
    "transport",
]

LOG_2 = math.log(2.0)
# 1/((2k)(2k+1)): sinh(x)/x - 1 = x^2/6 (1 + x^2/20 (1 + x^2/42 (..))); for |x| <= 1 the ninth term is below 1e-17
_RATIOS = tuple(1.0 / ((2 * k) * (2 * k + 1)) for k in range(1, 9))


def radius_of_curvature(curvature: float) -> float:
    r"""R with :math:`K = -1/R^2`.

    Raises:
        ValueError: a curvature that is not negative and finite: the space is then no
            hyperbolic space.

    >>> radius_of_curvature(-0.25)
    2.0
    """
    if not (math.isfinite(curvature) and curvature < 0):
        raise ValueError(f"Expected a negative curvature K = -1/R^2, got {curvature}.")
    return 1.0 / math.sqrt(-curvature)


def log_sinh(x: Tensor) -> Tensor:
    r""":math:`\log\sinh x` for ``x >= 0``, any shape; minus infinity at 0.

    Accuracy: relative to ``1 + |log sinh x|``, a few units of roundoff; no overflow.

    >>> log_sinh(torch.tensor([1.0, 1000.0]).double())
    tensor([1.6144e-01, 9.9931e+02], dtype=torch.float64)
    """
    return x + _log(-torch.expm1(-2 * x)) - LOG_2


def log_sinhc(x: Tensor) -> Tensor:
    r""":math:`\log(\sinh(x)/x)`, any shape, 0 at 0: what the exponential map does to
    lengths across the radius, in logarithms.

    Accuracy: absolute error a few units of roundoff times ``1 + |x|``; near 0 relative
        to the value. Differentiable everywhere.

    >>> log_sinhc(torch.tensor([0.0, 1.0, 1000.0]).double())
    tensor([0.0000e+00, 1.6144e-01, 9.9240e+02], dtype=torch.float64)
    """
    x = x.abs()
    near = x < 1
    square = torch.where(near, x, torch.ones_like(x)).square()
    series = torch.ones_like(square)
    for ratio in reversed(_RATIOS[1:]):
        series = 1 + square * ratio * series
    far = torch.where(near, torch.ones_like(x), x)
    return torch.where(near, torch.log1p(square * _RATIOS[0] * series), log_sinh(far) - far.log())


def distance(x: Tensor, y: Tensor, radius: float = 1.0) -> Tensor:
    r"""Geodesic distance of two points in normal coordinates, by the law of cosines for
    half angles.

    .. math:: \sinh^2\tfrac{d}{2R} = \sinh^2\tfrac{|x|-|y|}{2R} + \sinh\tfrac{|x|}R\,\sinh\tfrac{|y|}R\,\sin^2\tfrac\gamma2

    Args:
        x: Points, shape ``(*, n)``. y: Points, broadcastable with ``x``.
        radius: R; the curvature is ``-1/R^2``.
    Returns:
        Shape ``(*,)``, in the unit of ``radius``.
    Raises:
        TypeError: not floating-point tensors. ValueError: a point that is not finite,
            or a radius that is not positive.
    Accuracy:
        :func:`distance_error`, for the coordinates as given: :math:`(n +
        16)\,\epsilon\,(R + |x| + |y|)` at every radius while the directions differ; for
        points close together far out, what :math:`\epsilon` of their difference is
        worth as an angle there.
    Source: Ratcliffe 2006, section 3.5.

    >>> x, y = torch.tensor([1000.0, 0.0]).double(), torch.tensor([0.0, 1000.0]).double()
    >>> round(float(distance(x, y)), 9)  # 2000 - log 2
    1999.306852819
    """
    x, y = _points(x, radius), _points(y, radius)
    a, b, half_sine, _ = _corner(x, y, radius)
    return radius * _side(a, b, half_sine)


def distance_error(x: Tensor, y: Tensor, radius: float = 1.0) -> Tensor:
    r"""A bound on the error of :func:`distance`, for coordinates as given, shape
    ``(*,)``.

    Lengths and half angles err by ``(n/2 + 2) eps`` relatively, logarithms of sinh by
    eps times their size, at most :math:`(|x|+|y|)/R`. The angle errs by :math:`\delta =
    (n + 8)\,\epsilon\,\min(1, |x-y|/|x|)` beyond that, and d by :math:`\delta\,\partial
    d/\partial\gamma = \delta \sinh a\sinh b\,(\sin\gamma + \delta)/\sinh d`.

    >>> error = distance_error(torch.tensor([1000.0, 0.0]).double(), torch.tensor([0.0, 1000.0]).double())
    >>> bool(error < 1e-11)
    True
    """
    a, b, half_sine, half_cosine = _corner(x, y, radius)
    n, eps = x.shape[-1], torch.finfo(x.dtype).eps
    longer = torch.maximum(norm(x), norm(y)).clamp_min(torch.finfo(x.dtype).tiny)
    angle = (n + 8) * eps * (norm(x - y) / longer).clamp_max(1)
    d = _side(a, b, half_sine).clamp_min(eps)
    slope = torch.exp(log_sinh(a) + log_sinh(b) - log_sinh(d) + torch.log(2 * half_sine * half_cosine + angle))
    return radius * ((n + 16) * eps * (1 + a + b) + angle * slope)


def log_map(mean: Tensor, point: Tensor, radius: float = 1.0) -> Tensor:
    r"""The initial velocity of the geodesic that goes from ``mean`` to ``point`` in
    unit time, in the frame transported from o.

    Its length is the distance. With :math:`\beta` the angle at the mean, e the
    direction of the mean and w the unit vector across it towards the point, it is
    :math:`d\,(-\cos\beta\,e + \sin\beta\,w)`.

    Args:
        mean: Where it starts, shape ``(*, n)``. point: Where it ends, broadcastable.
        radius: R.
    Returns:
        Shape ``(*, n)``. Inverse of :func:`exp_map`.
    Raises:
        TypeError, ValueError: as :func:`distance`.
    Accuracy:
        The length as :func:`distance`; the angle within ``16 eps`` for the angle at o
        as given.

    >>> mean, point = torch.tensor([1.0, 0.0]).double(), torch.tensor([0.5, 2.0]).double()
    >>> bool((exp_map(mean, log_map(mean, point)) - point).abs().max() < 1e-14)
    True
    """
    mean, point = _points(mean, radius), _points(point, radius)
    a, b, half_sine, half_cosine = _corner(mean, point, radius)
    along, across = _frame(mean, point)
    cosine, sine = _far_angle(a, b, half_sine, half_cosine)
    turned = sine.unsqueeze(-1) * across - cosine.unsqueeze(-1) * along
    size = radius * _side(a, b, half_sine)
    return torch.where((a > 0).unsqueeze(-1), size.unsqueeze(-1) * turned, point.expand_as(turned))


def exp_map(mean: Tensor, vector: Tensor, radius: float = 1.0) -> Tensor:
    r"""Where the geodesic from ``mean`` with initial velocity ``vector`` (in the frame
    transported from o) is after unit time.

    The triangle of :func:`log_map`, read from its other corner.

    Args:
        mean: Shape ``(*, n)``. vector: Broadcastable. radius: R.
    Returns:
        Normal coordinates, shape ``(*, n)``; the distance from the mean is the length
        of ``vector``.
    Raises:
        TypeError, ValueError: as :func:`distance`.
    Accuracy:
        As :func:`log_map`. Differentiable but for a mean at the origin itself, where
        its gradient in the mean is given as 0.

    >>> exp_map(torch.zeros(2).double(), torch.tensor([3.0, 4.0]).double())
    tensor([3., 4.], dtype=torch.float64)
    """
    mean, vector = _points(mean, radius), _points(vector, radius)
    a, d, half_cosine, half_sine = _corner(
        mean, vector, radius
    )  # the corner's angle lies between the vector and the way back to o
    along, across = _frame(mean, vector)
    cosine, sine = _far_angle(a, d, half_sine, half_cosine)
    direction = cosine.unsqueeze(-1) * along + sine.unsqueeze(-1) * across
    size = radius * _side(a, d, half_sine)
    return torch.where((a > 0).unsqueeze(-1), size.unsqueeze(-1) * direction, vector.expand_as(direction))


def transport(start: Tensor, end: Tensor, vector: Tensor, radius: float = 1.0) -> Tensor:
    r"""Parallel transport of a tangent vector along the geodesic from ``start`` to
    ``end``, both frames those transported from o.

    Round the triangle (o, start, end) a vector turns by the triangle's area over
    :math:`R^2`, in its plane. So transport is the rotation from the direction of
    ``start`` towards that of ``end`` by :math:`-\Delta`, where

    .. math:: \tan\tfrac\Delta2 = \frac{T\sin\gamma}{1 - T\cos\gamma}, \qquad T = \tanh\tfrac{|x|}{2R}\,\tanh\tfrac{|y|}{2R}

    Args:
        start, end: Normal coordinates, shape ``(*, n)``. vector: Shape ``(*, n)``.
            radius: R.
    Returns:
        Shape ``(*, n)``; lengths and angles are kept.
    Raises:
        TypeError, ValueError: as :func:`distance`.
    Source: Gauss and Bonnet; the half-angle formula of the area is the hyperbolic form
        of Euler's.

    >>> x, y, v = (torch.tensor(entries).double() for entries in ([1.0, 0.0], [0.0, 2.0], [0.3, 0.4]))
    >>> bool((transport(y, x, transport(x, y, v)) - v).abs().max() < 1e-15)
    True
    """
    start, end, vector = (_points(part, radius) for part in (start, end, vector))
    a, b, half_sine, half_cosine = _corner(start, end, radius)
    along, across = _frame(start, end)
    product = torch.tanh(a / 2) * torch.tanh(b / 2)
    rest = torch.exp(_log_cosh((a - b) / 2) - _log_cosh(a / 2) - _log_cosh(b / 2))  # 1 - T without the subtraction
    half = torch.atan2(2 * product * half_sine * half_cosine, rest + 2 * product * half_sine.square())
    cosine, sine = torch.cos(2 * half).unsqueeze(-1), -torch.sin(2 * half).unsqueeze(-1)
    p, q = (vector * along).sum(-1, keepdim=True), (vector * across).sum(-1, keepdim=True)
    return vector + (cosine * p - sine * q - p) * along + (sine * p + cosine * q - q) * across


# --- the triangle ----------------------------------------------------------------------------------------------------------


def _log(x: Tensor) -> Tensor:
    """log x for ``x >= 0``, minus infinity with slope 0 at 0, so that no gradient there
    is undefined."""
    positive = x > 0
    return torch.where(positive, torch.log(torch.where(positive, x, torch.ones_like(x))), torch.full_like(x, -math.inf))


def _length(x: Tensor) -> Tensor:
    """Euclidean length over the last axis, with slope 0 at 0."""
    zero = (x == 0).all(-1, keepdim=True)
    return torch.where(zero.squeeze(-1), torch.zeros_like(x[..., 0]), norm(torch.where(zero, torch.ones_like(x), x)))


def _points(x: Tensor, radius: float) -> Tensor:
    require_floating(x)
    if not (math.isfinite(radius) and radius > 0):
        raise ValueError(f"Expected a positive radius of curvature, got {radius}.")
    if not bool(x.detach().isfinite().all()):
        raise ValueError(f"Expected finite coordinates, got {int((~x.isfinite()).sum())} that are not; none was moved.")
    return x


def _unit(x: Tensor) -> Tensor:
    """Directions; the first axis for the zero vector, which has none."""
    length = _length(x).unsqueeze(-1)
    first = torch.zeros_like(x)
    first[..., 0] = 1
    return torch.where(length > 0, x / torch.where(length > 0, length, torch.ones_like(length)), first)


def _turn(x: Tensor, y: Tensor) -> Tensor:
    r"""The difference of the directions, :math:`x/|x| - y/|y|`, to within eps of the
    difference of the vectors where they are close.

    It is :math:`\bigl(x - y + y\,(|y|-|x|)/|y|\bigr)/|x|` with :math:`|y|-|x| = \langle
    y-x, y+x\rangle/(|x|+|y|)`.
    """
    u, w = _unit(x), _unit(y)
    a, b = _length(x).unsqueeze(-1), _length(y).unsqueeze(-1)
    short = (a == 0) | (b == 0)
    a, b = torch.where(short, torch.ones_like(a), a), torch.where(short, torch.ones_like(b), b)
    longer = ((y - x) * (y + x)).sum(-1, keepdim=True) / (a + b)
    close = ((u * w).sum(-1, keepdim=True) > 0.5) & ~short
    return torch.where(close, (x - y + w * longer) / a, u - w)


def _corner(x: Tensor, y: Tensor, radius: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Both lengths in curvature radii, and the sine and the cosine of half the angle
    between the vectors."""
    return _length(x) / radius, _length(y) / radius, _length(_turn(x, y)) / 2, _length(_turn(x, -y)) / 2


def _frame(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The direction of x, and the unit vector across it in the plane of x and y, on the
    side of y (zero where there is none)."""
    u, gap = torch.broadcast_tensors(_unit(x), -_turn(x, y))
    across = gap - (gap * u).sum(-1, keepdim=True) * u
    across = across - (across * u).sum(-1, keepdim=True) * u  # once more: the first projection leaves eps of u
    length = _length(across).unsqueeze(-1)
    return u, across / torch.where(length > 0, length, torch.ones_like(length))


def _log_cosh(x: Tensor) -> Tensor:
    return x.abs() + torch.log1p(torch.exp(-2 * x.abs())) - LOG_2


def _side(a: Tensor, b: Tensor, half_sine: Tensor) -> Tensor:
    """The side opposite the corner, from the sides a, b at it and the sine of half its
    angle."""
    radial, turned = 2 * log_sinh((a - b).abs() / 2), log_sinh(a) + log_sinh(b) + 2 * _log(half_sine)
    apart = torch.maximum(radial, turned).isfinite()
    zero = torch.zeros_like(a + b + half_sine)
    log_chord = torch.where(
        apart, torch.logaddexp(torch.where(apart, radial, zero), torch.where(apart, turned, zero)) / 2, zero - math.inf
    )
    far = log_chord > 0
    near = torch.asinh(torch.exp(torch.where(far | ~apart, zero, log_chord)))
    beyond = torch.where(far, log_chord, zero)
    side = torch.where(far, beyond + torch.log1p(torch.sqrt(1 + torch.exp(-2 * beyond))), near)
    return 2 * torch.where(apart, side, zero)


def _far_angle(a: Tensor, b: Tensor, half_sine: Tensor, half_cosine: Tensor) -> tuple[Tensor, Tensor]:
    r"""Cosine and sine of the angle at the far end of a, between a and the opposite
    side d.

    :math:`\cos\beta\,\sinh d = \sinh(a-b) + 2\cosh a\,\sinh b\,\sin^2\frac\gamma2` and
    :math:`\sin\beta\,\sinh d = \sinh b\,\sin\gamma`, all three terms scaled by the
    largest. Each is at most about :math:`\sinh d`, so that nothing is lost in the sum.
    """
    log_s = _log(half_sine)
    gap = log_sinh((a - b).abs())
    bend = LOG_2 + _log_cosh(a) + log_sinh(b) + 2 * log_s
    side = LOG_2 + log_sinh(b) + log_s + _log(half_cosine)
    scale = torch.maximum(torch.maximum(gap, bend), side)
    scale = torch.where(scale.isfinite(), scale, torch.zeros_like(scale))
    cosine = torch.sign(a - b) * torch.exp(gap - scale) + torch.exp(bend - scale)
    sine = torch.exp(side - scale)
    empty = (cosine == 0) & (sine == 0)
    cosine = torch.where(empty, torch.ones_like(cosine), cosine)
    size = torch.hypot(cosine, sine)
    return cosine / size, sine / size
