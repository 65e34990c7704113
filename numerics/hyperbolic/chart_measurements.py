"""Charts, exponential map, logarithm and transport, each measured against a second
definition, with its bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.hyperbolic import charts, hyperboloid_maps, models, normal_coordinates
from numerics.hyperbolic.models import norm
from numerics.streams import Stream

__all__ = ["Pairs", "against_exact", "distances_in_a_chart", "draw_pairs", "maps_on_the_hyperboloid", "volume_elements"]

POWER = {"normal": 0, "hyperboloid": 1, "ball": 1, "klein": 2, "half-space": 1}
Distance = Callable[[Tensor, Tensor], Tensor]


class Pairs(NamedTuple):
    """Two points each, in normal coordinates, shape ``(size, n)``, and the radius of
    curvature."""

    x: Tensor
    y: Tensor
    radius: float


def draw_pairs(n: int, far: float, radius: float, size: int, stream: Stream) -> Pairs:
    """Pairs at distances up to ``far`` curvature radii from the origin, uniform in
    distance and direction; every fourth pair is close together.

    >>> draw_pairs(3, 2.0, 1.0, 8, Stream(0)).x.shape
    torch.Size([8, 3])
    """
    x, y = (_within(n, far * radius, size, stream) for _ in range(2))
    y[::4] = x[::4] * (1 + 1e-3 * stream.normal(len(x[::4]), 1)) + 1e-4 * radius * y[::4] / norm(y[::4]).unsqueeze(-1)
    return Pairs(x, y, radius)


def _within(n: int, far: float, size: int, stream: Stream) -> Tensor:
    direction = stream.normal(size, n)
    return far * stream.uniform(size, 1) * direction / norm(direction).unsqueeze(-1)


def chart_error(x: Tensor, chart: str, radius: float) -> Tensor:
    r"""How far, as a distance, rounding the coordinates in a chart can move a point:
    shape ``(*, n)`` to ``(*,)``.

    ``(n + 24 + r) eps cosh^p r`` curvature radii:
    :func:`numerics.hyperbolic.models.endpoint_error` for chart and formula, and for the
    way from normal coordinates the error ``(r + 12) eps`` of sinh r or tanh r. In
    normal coordinates ``(n + 16) eps (1 + r)``.
    """
    n, r = x.shape[-1], norm(x) / radius
    eps = torch.finfo(x.dtype).eps
    if chart == "normal":
        return radius * (n + 16) * eps * (1 + r)
    return radius * (n + 24 + r) * eps * torch.cosh(r) ** POWER[chart]


def distances_in_a_chart(pairs: Pairs, chart: str, distance: Distance | None = None) -> Measurement:
    """The chart's own distance formula against the law of cosines in normal
    coordinates, in curvature radii.

    Args:
        pairs: The points. chart: One of :data:`numerics.hyperbolic.charts.CHARTS` but
            ``normal``.
        distance: In place of the chart's formula, for coordinates in units of R.
    """
    read = distance or models.MODELS[chart].distance
    unit = 1.0 if chart == "half-space" else pairs.radius
    first, second = (charts.from_normal(part, chart, pairs.radius) / unit for part in (pairs.x, pairs.y))
    expected = normal_coordinates.distance(pairs.x, pairs.y, pairs.radius) / pairs.radius
    ends = sum(chart_error(part, name, pairs.radius) for part in (pairs.x, pairs.y) for name in (chart, "normal"))
    bound = Bound({"coordinates": ends / pairs.radius}, "numerics.hyperbolic.chart_measurements.chart_error, for both points, in the chart and in normal coordinates.")  # fmt: skip
    return Measurement((read(first, second) - expected).abs(), bound, len(pairs.x))


def against_exact(pairs: Pairs, exact: Sequence[float]) -> Measurement:
    """Distances in normal coordinates against values given, in curvature radii: what
    float64 gives at any radius."""
    known = torch.tensor(exact, dtype=pairs.x.dtype, device=pairs.x.device)
    error = normal_coordinates.distance_error(pairs.x, pairs.y, pairs.radius) / pairs.radius
    residual = (normal_coordinates.distance(pairs.x, pairs.y, pairs.radius) - known).abs() / pairs.radius
    return Measurement(
        residual, Bound({"rounding": error}, "numerics.hyperbolic.normal_coordinates.distance_error."), len(known)
    )


def maps_on_the_hyperboloid(
    pairs: Pairs, vectors: Tensor, transported: Callable[..., Tensor] = normal_coordinates.transport
) -> dict[str, Measurement]:
    """Logarithm, exponential map and transport in normal coordinates against the
    Lorentz formulas, as lengths in curvature radii.

    Args:
        pairs: Points; the geodesics start at x. vectors: Tangent vectors at x in its
            transported frame, shape ``(size, n)``.
        transported: In place of
            :func:`numerics.hyperbolic.normal_coordinates.transport`.
    """
    R = pairs.radius
    x, y, v = pairs.x / R, pairs.y / R, vectors / R
    X, Y = (charts.from_normal(part, "hyperboloid") for part in (x, y))
    log = hyperboloid_maps.frame_components(X, hyperboloid_maps.log_map(X, Y))
    end = charts.to_normal(hyperboloid_maps.exp_map(X, hyperboloid_maps.frame_vector(X, v)), "hyperboloid")
    moved = hyperboloid_maps.frame_components(Y, hyperboloid_maps.transport(X, Y, hyperboloid_maps.frame_vector(X, v)))
    ours = (
        normal_coordinates.log_map(pairs.x, pairs.y, R) / R,
        normal_coordinates.exp_map(pairs.x, vectors, R) / R,
        transported(pairs.x, pairs.y, vectors, R) / R,
    )
    n, eps = x.shape[-1], torch.finfo(x.dtype).eps
    near, far, size = torch.cosh(norm(x)), torch.cosh(norm(y)), norm(v)
    unit = 8 * (n + 24) * eps
    terms = {
        "logarithm": unit * near**2 * far**2,
        "exponential map": unit * near**2 * torch.cosh(size) ** 2,
        "parallel transport": unit * (near * far) ** 2 * (1 + size),
    }
    why = (
        "Entries of size cosh r of the hyperboloid are multiplied with one another and subtracted to numbers of size one, once for each end: relative errors of "
        "(n + 24) eps a product are amplified by cosh^2 r at each end. Normal coordinates lose nothing there."
    )
    return {
        name: Measurement(norm(own - other), Bound({"hyperboloid": term}, why), len(x))
        for (name, term), own, other in zip(terms.items(), ours, (log, end, moved), strict=True)
    }


def volume_elements(
    pairs: Pairs, chart: str, log_element: Callable[..., Tensor] = charts.log_volume_element
) -> Measurement:
    """The volume element of a chart against the Jacobian, by autograd, of the change to
    normal coordinates.

    The two elements differ by the logarithm of that determinant; the residual is
    absolute, in nats.
    """
    x = pairs.x
    n = x.shape[-1]
    rows = slice(1, None) if chart == "hyperboloid" else slice(None)
    jacobian = batch_jacobian(lambda part: charts.from_normal(part, chart, pairs.radius)[..., rows], x)
    log_det = torch.linalg.slogdet(jacobian).logabsdet
    points = charts.from_normal(x, chart, pairs.radius)
    residual = log_element(points, chart, pairs.radius) + log_det - log_element(x, "normal", pairs.radius)
    eps = torch.finfo(x.dtype).eps
    r = norm(x) / pairs.radius
    singular = torch.linalg.svdvals(jacobian)
    condition = singular[..., 0] / singular[..., -1]
    bound = Bound(
        {"coordinates": (n + 1) * chart_error(x, chart, pairs.radius) / pairs.radius, "determinant": n * (n + 24 + r) * eps * condition},
        "A step by e moves the logarithm of a volume element by at most (n + 1) e; the Jacobian's entries err by (n + 24 + r) eps relative to its norm, "
        "and each singular value's logarithm by the condition number times that.",
    )  # fmt: skip
    return Measurement(residual.abs(), bound, len(x))


def batch_jacobian(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The Jacobians, shape ``(size, m, n)``, of a function of rows: one backward pass
    for each of its m coordinates.

    >>> batch_jacobian(lambda x: x.square(), torch.tensor([[1.0, 2.0]]))
    tensor([[[2., 0.],
             [0., 4.]]])
    """
    with torch.enable_grad():
        at = x.detach().clone().requires_grad_()
        image = function(at)
        rows = [torch.autograd.grad(image[..., k].sum(), at, retain_graph=True)[0] for k in range(image.shape[-1])]
    return torch.stack(rows, -2)
