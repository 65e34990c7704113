r"""Hyperbolic n-space of curvature -1 in floating point: four models, their distances, Lorentz matrices, lengths of curves.

Every distance below is a function of positive sums and products only, so that nothing cancels; what remains is the error
that the *coordinates* carry. A relative change eps of the coordinates of a point at distance r from the centre moves it by
up to about ``eps cosh r`` (the Klein ball: ``eps cosh^2 r``), whatever formula reads them afterwards:
:func:`endpoint_error` bounds this, and :func:`action_error` bounds what multiplying by a Lorentz matrix adds.

Coordinates run over the last axis. dtype and device follow the inputs. Points outside a model are refused, never moved.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from numerics.random import Stream

__all__ = [
    "MODELS", "Model", "action_error", "apply_lorentz", "ball_to_hyperboloid", "curve_length", "endpoint_error",
    "geodesic", "half_space_distance", "half_space_speed", "half_space_to_hyperboloid", "hyperboloid_to_ball",
    "hyperboloid_to_half_space", "hyperboloid_to_klein", "isometry_defect", "klein_distance", "klein_to_hyperboloid", "lift",
    "lorentz_boost", "lorentz_distance", "poincare_distance", "random_isometry", "require_isometry",
]  # fmt: skip


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
        ValueError: a point on or outside the unit sphere, or not finite; it is never moved inside.
    Accuracy:
        Absolute error at most ``(n + 12) eps (cosh r_x + cosh r_y)``, r being the distances from the centre (from the
        error of ``1 - |x|^2``); relative error a few eps for points near the centre, however close to each other.
    Source: Nickel & Kiela 2017, eq. 1, by the half-angle formula.
    """
    room = _inside_ball(x, "the Poincaré ball") * _inside_ball(y, "the Poincaré ball")
    return 2 * torch.asinh(_norm(x - y) / room.sqrt())


def lorentz_distance(x: Tensor, y: Tensor) -> Tensor:
    r"""Geodesic distance on the forward sheet of the hyperboloid :math:`-x_0^2 + |\xi|^2 = -1`.

    .. math:: \sinh^2\tfrac d2 = \sinh^2\tfrac{r_x-r_y}2 + |\xi||\eta|\,\tfrac14\Bigl|\tfrac{\xi}{|\xi|}-\tfrac{\eta}{|\eta|}\Bigr|^2,
              \qquad r = \operatorname{arsinh}|\xi|

    It equals :math:`\operatorname{arcosh}(-\langle x,y\rangle_L)`, whose subtraction costs twice as many digits far out
    and half of all digits for close points. Only the spatial parts are read; the time coordinate has to belong to them.

    Args:
        x: Points, shape ``(*, n + 1)``, time coordinate first and positive.
        y: Points, broadcastable with ``x``.
    Returns:
        Shape ``(*,)``.
    Raises:
        TypeError: not floating-point tensors.
        ValueError: a point on the backward sheet, off the sheet by more than half of the dtype's digits, or not finite.
    Accuracy:
        Absolute error at most ``(n + 12) eps (cosh r_x + cosh r_y)``; no loss for close points.
    Source: Ratcliffe 2006, section 3.2, and the hyperbolic law of cosines by half angles.
    """
    return 2 * torch.asinh(_half_chord(_on_sheet(x), _on_sheet(y)).sqrt())


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
        Absolute error at most ``(n + 8) eps (1 + d)`` for the coordinates as given: this model resolves far points best.
    Source: Ratcliffe 2006, section 4.6.
    """
    return 2 * torch.asinh(_norm(u - v) / (2 * (_heights(u) * _heights(v)).sqrt()))


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
        ValueError: a point on or outside the unit sphere, or not finite; it is never moved inside.
    Accuracy:
        Absolute error at most ``(n + 12) eps (cosh^2 r_k + cosh^2 r_l)``: the model itself carries half the radius that
        the others do.
    Source: Ratcliffe 2006, section 6.1; the numerator is rewritten as a sum of squares.
    """
    room = _inside_ball(k, "the Klein ball")
    gap = k - l
    along = (k * gap).sum(-1)
    return torch.asinh(
        ((gap.square().sum(-1) * room + along.square()) / (room * _inside_ball(l, "the Klein ball"))).sqrt()
    )


# --- changes of model ----------------------------------------------------------------------------------------------------


def lift(spatial: Tensor) -> Tensor:
    r"""The point of the forward sheet over its spatial part, :math:`(\sqrt{1+|\xi|^2}, \xi)`; shape ``(*, n)`` to ``(*, n + 1)``.

    The spatial part alone determines the point, and straight segments between spatial parts are at least as long as the
    hyperbolic distance: an error of Euclidean length e in :math:`\xi` moves the point by at most e.
    """
    _floating(spatial)
    return torch.cat([(1 + spatial.square().sum(-1, keepdim=True)).sqrt(), spatial], -1)


def ball_to_hyperboloid(x: Tensor) -> Tensor:
    r""":math:`\xi = 2x/(1-|x|^2)`, lifted. Refuses points on or outside the unit sphere, as :func:`poincare_distance` does."""
    return lift(2 * x / _inside_ball(x, "the Poincaré ball").unsqueeze(-1))


def hyperboloid_to_ball(point: Tensor) -> Tensor:
    r""":math:`x = \xi/(1+x_0)`, shape ``(*, n + 1)`` to ``(*, n)``."""
    return _on_sheet(point) / (1 + point[..., :1])


def hyperboloid_to_klein(point: Tensor) -> Tensor:
    r""":math:`k = \xi/x_0`, shape ``(*, n + 1)`` to ``(*, n)``. Rounds onto the sphere beyond radius ``-log(eps)/2``."""
    return _on_sheet(point) / point[..., :1]


def klein_to_hyperboloid(k: Tensor) -> Tensor:
    r""":math:`\xi = k/\sqrt{1-|k|^2}`, lifted."""
    return lift(k / _inside_ball(k, "the Klein ball").sqrt().unsqueeze(-1))


def hyperboloid_to_half_space(point: Tensor) -> Tensor:
    r""":math:`u = (\xi_\perp, 1)/(x_0+\xi_n)`, where :math:`x_0+\xi_n = (1+|\xi_\perp|^2)/(x_0-\xi_n)` if :math:`\xi_n < 0`.

    The apex goes to height 1. The second form keeps the full relative accuracy of the height near the boundary point
    :math:`-e_n`, which the model sends to infinity.
    """
    across, last, time = _on_sheet(point)[..., :-1], point[..., -1:], point[..., :1]
    down = last < 0
    far = torch.where(down, -last, last) + time
    below = torch.where(down, (1 + across.square().sum(-1, keepdim=True)) / far, far)
    return torch.cat([across, torch.ones_like(below)], -1) / below


def half_space_to_hyperboloid(u: Tensor) -> Tensor:
    r""":math:`\xi_\perp = u_\perp/u_n, \; \xi_n = (1-|u|^2)/(2u_n)`, lifted; the inverse of :func:`hyperboloid_to_half_space`."""
    height = _heights(u).unsqueeze(-1)
    square = u[..., :-1].square().sum(-1, keepdim=True)
    return lift(torch.cat([u[..., :-1] / height, ((1 - height) * (1 + height) - square) / (2 * height)], -1))


class Model(NamedTuple):
    """A model of hyperbolic space: how to come from the hyperboloid, the distance, and the power of cosh r in its error."""

    chart: Callable[[Tensor], Tensor]
    distance: Callable[[Tensor, Tensor], Tensor]
    power: int


MODELS: dict[str, Model] = {
    "hyperboloid": Model(lambda point: point, lorentz_distance, 1),
    "ball": Model(hyperboloid_to_ball, poincare_distance, 1),
    "half-space": Model(hyperboloid_to_half_space, half_space_distance, 1),
    "klein": Model(hyperboloid_to_klein, klein_distance, 2),
}


# --- isometries ------------------------------------------------------------------------------------------------------------


def lorentz_boost(rapidity: Tensor) -> Tensor:
    r"""The boost along a vector w of :math:`\mathbb{R}^n`: it moves the apex by the distance |w| in the direction of w.

    .. math:: B = \begin{pmatrix} \cosh|w| & \sinh|w|\,e^T \\ \sinh|w|\,e & I + (\cosh|w|-1)\,e e^T \end{pmatrix}, \quad e = w/|w|

    Args:
        rapidity: w, shape ``(n,)``.
    Returns:
        Shape ``(n + 1, n + 1)``; the identity for w = 0.
    Accuracy:
        Entrywise error a few ``eps cosh|w|``.
    Source: Ratcliffe 2006, section 3.1.
    """
    if rapidity.ndim != 1 or rapidity.numel() == 0:
        raise ValueError(f"Expected a rapidity vector of shape (n,) with n >= 1, got shape {tuple(rapidity.shape)}.")
    _floating(rapidity)
    length = _norm(rapidity)
    axis = rapidity / length.clamp_min(torch.finfo(rapidity.dtype).tiny)
    boost = torch.eye(rapidity.numel() + 1, dtype=rapidity.dtype, device=rapidity.device)
    boost[0, 0] = length.cosh()
    boost[0, 1:] = boost[1:, 0] = length.sinh() * axis
    boost[1:, 1:] += 2 * (length / 2).sinh().square() * torch.outer(axis, axis)
    return boost


def random_isometry(n: int, rapidity: float, stream: Stream) -> Tensor:
    """A boost of the given rapidity in a uniform direction times a Haar rotation or reflection: any element of O+(1, n) has this form.

    Args:
        n: Dimension of the space, at least 1.
        rapidity: How far the apex is moved.
        stream: Where the direction and the rotation are drawn from.
    Returns:
        Shape ``(n + 1, n + 1)``, on the stream's device, in its dtype.
    Source: polar decomposition of Lorentz matrices; Haar by QR with signs (Mezzadri 2007).
    """
    if n < 1:
        raise ValueError(f"Expected a dimension of at least 1, got {n}.")
    gaussian = stream.normal(n, n + 1)
    orthogonal, upper = torch.linalg.qr(gaussian[:, :n])
    turn = torch.eye(n + 1, dtype=stream.dtype, device=stream.device)
    turn[1:, 1:] = orthogonal * torch.where(upper.diagonal() < 0, -1.0, 1.0).to(stream.dtype)
    direction = gaussian[:, n]
    return lorentz_boost(rapidity * direction / _norm(direction)) @ turn


def apply_lorentz(matrix: Tensor, points: Tensor) -> Tensor:
    """``A X`` for points of shape ``(*, n + 1)``, as multiplied: the time coordinate is that of the product, not restored."""
    return points @ matrix.mT


def isometry_defect(matrix: Tensor) -> Tensor:
    r"""The entries of :math:`A^T J A - J` in absolute value, shape ``(n + 1, n + 1)``."""
    flipped = torch.cat([-matrix[:1], matrix[1:]])
    form = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    form[0, 0] = -1
    return (matrix.mT @ flipped - form).abs()


def require_isometry(matrix: Tensor) -> float:
    r"""Refuse a matrix that does not map the forward sheet to itself, and bound how far the others are from one that does.

    Admitted are matrices with every entry of :math:`|A^T J A - J|` at most ``4 (n + 1) eps |A|_F^2``: rounding the entries of
    an exact Lorentz matrix, or of a product of few of them, stays below.

    Returns:
        A bound on the spectral norm of ``A - A*`` for an exact Lorentz matrix A*: with E the defect ``A* = A (I + J E)^(-1/2)``, so
        ``|A|_2 |E|_F`` to first order (half of it is to spare), where the computed E errs by ``(n + 1) eps |A|_F^2`` at most.
    Raises:
        TypeError: not a tensor of float32 or float64.
        ValueError: not square, smaller than 2 x 2, not finite, not Lorentz (the worst entry is named), or ``A_00 < 0``.
    """
    _floating(matrix)
    if matrix.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"Expected a matrix of float32 or float64, got {matrix.dtype}. Convert with .double().")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise ValueError(
            f"Expected a Lorentz matrix of shape (n + 1, n + 1) with n >= 1, got shape {tuple(matrix.shape)}."
        )
    if not bool(matrix.isfinite().all()):
        i, j = (int(k) for k in (~matrix.isfinite()).nonzero()[0])
        raise ValueError(f"Expected a finite matrix A, got A[{i}][{j}] = {float(matrix[i, j])}.")
    defect, size = isometry_defect(matrix), len(matrix)
    allowed = 4 * size * torch.finfo(matrix.dtype).eps * float(matrix.square().sum())
    worst = int(defect.argmax())
    if float(defect.max()) > allowed:
        raise ValueError(
            f"Expected A^T J A = J with J = diag(-1, 1, ..., 1), got a difference of {float(defect.max()):.3g} at entry "
            f"({worst // size}, {worst % size}), where rounding explains {allowed:.1g}. Is the time coordinate first?"
        )
    if float(matrix[0, 0]) < 0:
        raise ValueError(
            f"Expected A_00 > 0, got A_00 = {float(matrix[0, 0]):.6g}: A maps the forward sheet of the hyperboloid to the "
            "backward one, which is no part of hyperbolic space. Use -A."
        )
    return float(torch.linalg.matrix_norm(matrix, 2)) * (float(_norm(defect.flatten())) + allowed / 4)


# --- curves ----------------------------------------------------------------------------------------------------------------


def geodesic(x: Tensor, y: Tensor, t: Tensor) -> Tensor:
    r"""The geodesic of the hyperboloid from x to y at parameters t in [0, 1]: the chord, projected from the origin.

    .. math:: P(t) = \frac{(1-t)\,x + t\,y}{\sqrt{1 + 4t(1-t)\sinh^2(d/2)}}

    Args:
        x: Points, shape ``(*, n + 1)``.
        y: Points, the same shape.
        t: Broadcastable with ``(*, 1)``.
    Returns:
        Points of the sheet, shape ``(*, n + 1)``.
    """
    start, end = _on_sheet(x), _on_sheet(y)
    stretch = 1 + 4 * t * (1 - t) * _half_chord(start, end).unsqueeze(-1)
    return lift(((1 - t) * start + t * end) / stretch.sqrt())


def half_space_speed(curve: Callable[[Tensor], Tensor], t: Tensor) -> Tensor:
    r"""Speed of a curve in the half-space, :math:`|u'(t)| / u_n(t)`, from the curve as evaluated.

    The derivative is automatic: backwards twice, since torch's forward mode takes seconds to import.

    Args:
        curve: From parameters of shape ``(*, 1)`` to points of shape ``(*, n)`` with positive heights; each point may depend on
            its own parameter only.
        t: Parameters, shape ``(*, 1)``.
    """
    with torch.enable_grad():
        parameter = t.detach().clone().requires_grad_()
        point = curve(parameter)
        weight = torch.zeros_like(point, requires_grad=True)
        (pulled,) = torch.autograd.grad(point, parameter, weight, create_graph=True)
        (velocity,) = torch.autograd.grad(pulled.sum(), weight)
    return _norm(velocity) / point.detach()[..., -1]


def curve_length(curve: Callable[[Tensor], Tensor], distance: Tensor, nodes: int = 48) -> tuple[Tensor, Tensor]:
    r"""Length of the image of a geodesic chord (:func:`geodesic`) in the half-space, by Gauss-Legendre, and the rule's error.

    Along the chord the speed of an isometric image is :math:`\sinh d / (1 + 2t(1-t)(\cosh d - 1))`, on [-1, 1] the function
    :math:`c/(c^2-z^2)` with :math:`c = \coth(d/2)`: analytic inside any ellipse of semi-axis :math:`a < c`, and bounded there
    by :math:`c/(c^2-a^2)`. With :math:`a = (1+c)/2` and :math:`\rho = a + \sqrt{a^2-1}` the rule of m nodes errs by at most
    :math:`\tfrac{64}{15} \tfrac{c}{c^2-a^2} \rho^{-2(m-1)} / (1-\rho^{-2})`.

    Args:
        curve: From parameters of shape ``(nodes, curves, 1)`` to points of shape ``(nodes, curves, n)`` of the half-space.
        distance: The d of each chord, shape ``(curves,)``, positive.
        nodes: m.
    Returns:
        Lengths and error bounds, each of shape ``(curves,)``.
    Source: Trefethen, Approximation Theory and Approximation Practice, theorem 19.3.
    """
    import numpy as np

    places, weights = (torch.as_tensor(part).to(distance) for part in np.polynomial.legendre.leggauss(nodes))
    speed = half_space_speed(curve, ((1 + places) / 2).reshape(-1, 1, 1).expand(-1, len(distance), 1))
    c = 1 / (distance.double() / 2).tanh()
    a = (1 + c) / 2
    rho = a + (a * a - 1).sqrt()
    error = 64 / 15 * c / (c * c - a * a) * rho ** (-2 * (nodes - 1)) / (1 - rho**-2)
    return (weights.unsqueeze(-1) / 2 * speed).sum(0), error.to(distance.dtype)


# --- errors ----------------------------------------------------------------------------------------------------------------


def endpoint_error(point: Tensor, model: str) -> Tensor:
    r"""How far each point's rounding in a model can carry any distance measured from it: shape ``(*, n + 1)`` to ``(*,)``.

    ``(n + 12) eps cosh r`` (Klein: ``cosh^2 r``). It covers, once each, the chart from the hyperboloid and the model's
    distance formula. In the ball :math:`1-|x|^2` errs by ``(n/2 + 1) eps`` absolutely, hence by
    :math:`(n/2+1)\,\epsilon \cosh^2(r/2)` relatively, and d takes half of that from each end; a relative error eps of
    x is a hyperbolic step of :math:`2|x|\epsilon/(1-|x|^2) = \epsilon\sinh r`. On the sheet a radius errs by
    ``(n/4 + 2 + 2r) eps`` and a direction by ``(n/4 + 2) eps`` times :math:`\sinh r`. In the half-space a relative error of
    :math:`(u_\perp, u_n)` is a step of at most :math:`\epsilon\,|(\xi_\perp, 1)| \le \epsilon \cosh r`. In the Klein ball
    :math:`1-|k|^2 = 1/\cosh^2 r`. Logarithmic growth of d (``2 r eps`` for the last operation) is below ``2 eps cosh r``.

    First order in eps; the remainder is smaller by the factor that the bound itself is small.

    Args:
        point: Points of the hyperboloid, time coordinate first.
        model: A key of :data:`MODELS`.
    """
    n = point.shape[-1] - 1
    return (n + 12) * torch.finfo(point.dtype).eps * point[..., 0] ** _model(model).power


def action_error(matrix: Tensor, point: Tensor, stored: float) -> Tensor:
    r"""How far the computed spatial part of ``A X`` can be, in Euclidean length, from that of an exact isometry: shape ``(*,)``.

    ``((n + 8) eps |A|_F + stored) |X|``: an inner product of n + 1 terms errs by ``(n + 1) eps/2`` times the sum of the
    absolute products, at most :math:`|A|_F |X|` over all rows together; the time coordinate of X, recomputed from its spatial
    part, by ``(n/2 + 2) eps/2``; ``stored`` is the bound of :func:`require_isometry` on the matrix's own distance to an
    isometry. Hyperbolic distance never exceeds the Euclidean distance of spatial parts (:func:`lift`).
    """
    n = point.shape[-1] - 1
    return ((n + 8) * torch.finfo(point.dtype).eps * float(_norm(matrix.flatten())) + stored) * _norm(point)


# --- shared checks -----------------------------------------------------------------------------------------------------------


def _model(name: str) -> Model:
    if name not in MODELS:
        raise ValueError(f"Expected a model among {', '.join(MODELS)}, got {name!r}.")
    return MODELS[name]


def _norm(x: Tensor) -> Tensor:
    return torch.linalg.vector_norm(x, dim=-1)


def _floating(x: Tensor) -> None:
    if not isinstance(x, Tensor) or not x.is_floating_point():
        got = f"a tensor of {x.dtype}" if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"Expected coordinates as a floating-point tensor, got {got}. Convert with .double().")


def _inside_ball(x: Tensor, ball: str) -> Tensor:
    """``1 - |x|^2``, positive, or an error that names the first point for which it is not."""
    _floating(x)
    room = 1 - x.square().sum(-1)
    _refuse(
        ~(room > 0),
        f"Expected points inside {ball}, |x| < 1",
        x,
        "Points on the sphere lie at infinity; none was moved.",
    )
    return room


def _heights(u: Tensor) -> Tensor:
    _floating(u)
    height = u[..., -1]
    _refuse(
        ~(height > 0) | ~u.isfinite().all(-1),
        "Expected points of the half-space, last coordinate > 0",
        u,
        "None was moved.",
    )
    return height


def _on_sheet(point: Tensor) -> Tensor:
    """The spatial part of points that lie on the forward sheet to half of their digits."""
    _floating(point)
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


def _half_chord(start: Tensor, end: Tensor) -> Tensor:
    """``sinh^2(d/2)`` from spatial parts, as a sum of two nonnegative terms."""
    tiny = torch.finfo(start.dtype).tiny
    long, other = _norm(start), _norm(end)
    turn = start / long.clamp_min(tiny).unsqueeze(-1) - end / other.clamp_min(tiny).unsqueeze(-1)
    radial = ((long.asinh() - other.asinh()) / 2).sinh().square()
    return radial + long * other * turn.square().sum(-1) / 4
