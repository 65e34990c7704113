r"""Gromov's four-point delta of finite metrics, exact for whole distances; areas and
triangles of the plane by sampling.

Convention: half the difference of the two largest of :math:`d_{xy}+d_{zw},
    d_{xz}+d_{yw}, d_{xw}+d_{yz}`, at its largest.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.hyperbolic import models
from numerics.streams import Stream

__all__ = [
    "area_of_polygons",
    "below_limit",
    "delta_of_points",
    "farthest_from_sides",
    "four_point_delta",
    "ideal_square",
    "whole_delta",
]

STEPS = 4000  # of the search along the side of a triangle


def four_point_delta(distances: Tensor, *, tile: int = 1 << 22) -> tuple[Tensor, tuple[int, int, int, int]]:
    r"""Half the largest difference of the two largest sums over all quadruples, and a
    quadruple that attains it.

    Pairs are taken in the order of falling distance; the difference at two pairs is at
    most the shorter distance (the two smaller sums together are at least twice the
    longer), so the search ends where that no longer exceeds what was found. A pair x, y
    is left out where y lies on the way from x to another z, :math:`d_{xz} = d_{xy} +
    d_{yz}`: with z in the place of y the largest sum grows by d_yz and the others by no
    more.

    Args:
        distances: Symmetric, zero on the diagonal, shape ``(N, N)``, N >= 4; int64
            (exact) or floating point.
        tile: Pairs of pairs held at a time.
    Returns:
        Twice delta, in the dtype given, and the four points x, y, z, w with the largest
        sum d_xy + d_zw.
    Raises:
        ValueError: fewer than four points, not square, not symmetric, or negative
            entries.
    Accuracy:
        Exact for integers; a few roundings of the largest distance otherwise.
    Source: Cohen, Coudert & Lancin 2015, for the order of the search.

    >>> square = torch.tensor([[0, 1, 2, 1], [1, 0, 1, 2], [2, 1, 0, 1], [1, 2, 1, 0]])
    >>> four_point_delta(square)[0]
    tensor(2)
    """
    if distances.ndim != 2 or distances.shape[0] != distances.shape[1] or len(distances) < 4:
        raise ValueError(f"Expected the distances of at least four points, shape (N, N), got {tuple(distances.shape)}.")
    if not torch.equal(distances, distances.T) or bool((distances < 0).any()) or bool(distances.diagonal().any()):
        raise ValueError("Expected symmetric nonnegative distances with zeros on the diagonal.")
    x, y = _far_apart(distances)
    order = torch.argsort(distances[x, y], descending=True, stable=True)
    x, y = x[order], y[order]
    length = distances[x, y]
    best, where = torch.zeros_like(length[0]), (0, 1, 2, 3)
    for at in range(len(length)):
        if length[at] <= best:
            break
        a, b = distances[x[at]], distances[y[at]]
        for start in range(0, at, tile):
            part = slice(start, min(start + tile, at))
            z, w = x[part], y[part]
            other = torch.maximum(a[z] + b[w], a[w] + b[z])
            gaps = (length[at] + length[part]).sub_(other)
            place = int(gaps.argmax())
            if gaps[place] > best:
                best, where = gaps[place], (int(x[at]), int(y[at]), int(z[place]), int(w[place]))
    return best, where


def _far_apart(distances: Tensor) -> tuple[Tensor, Tensor]:
    """The pairs neither end of which lies on the way from the other to a third
    point."""
    size = len(distances)
    inner = torch.zeros(size, size, dtype=torch.bool, device=distances.device)
    for x in range(size):
        beyond = distances[x] == distances[x].unsqueeze(1) + distances  # rows y, columns z
        inner[x] = (beyond & (distances > 0)).any(1)
    return (~(inner | inner.T)).triu(1).nonzero(as_tuple=True)  # type: ignore[return-value]


def delta_of_points(points: Tensor) -> Tensor:
    """Twice delta of points of the half-plane, shape ``(N, 2)``: at most 2 log 2 in the
    hyperbolic plane."""
    return four_point_delta(_symmetric(models.half_space_distance(points.unsqueeze(1), points)))[0]


def _symmetric(table: Tensor) -> Tensor:
    return torch.triu(table, 1) + torch.triu(table, 1).T


def random_half_plane(size: int, radius: float, stream: Stream) -> Tensor:
    """Points of the half-plane in random directions from (0, 1), at distances uniform
    in [0, radius]."""
    turn, far = 2 * math.pi * stream.uniform(size), radius * stream.uniform(size)
    ball = (far / 2).tanh().unsqueeze(1) * torch.stack([turn.cos(), turn.sin()], 1)
    return models.hyperboloid_to_half_space(models.ball_to_hyperboloid(ball))


def below_limit(size: int, radius: float, stream: Stream, limit: float) -> Measurement:
    """By how much the four-point delta of random points exceeds a limit."""
    points = random_half_plane(size, radius, stream)
    twice = delta_of_points(points)
    eps = torch.finfo(torch.float64).eps
    bound = Bound(
        {"distances": 4 * 10 * eps * (1 + 2 * radius), "sums": 4 * eps * 4 * radius},
        "Four half-space distances, each within (n + 8) eps (1 + d) for the coordinates as given; three sums.",
    )
    return Measurement((twice / 2 - limit).clamp_min(0), bound, size)


def ideal_square(far: float) -> Measurement:
    """How far the delta of the corners of a square at a distance from the centre is
    from log 2, which they approach as e^{-far}."""
    turn = torch.arange(4, dtype=torch.float64) * math.pi / 2
    ball = math.tanh(far / 2) * torch.stack([turn.cos(), turn.sin()], 1)
    points = models.hyperboloid_to_half_space(models.ball_to_hyperboloid(ball))
    twice = delta_of_points(points)
    eps = torch.finfo(torch.float64).eps
    # sinh(side/2) = sinh(far)/sqrt 2 and diagonal 2 far: 2 far - side = log 2 + O(e^{-2 far}), at most 2 e^{-2 far}
    rounding = 4 * eps * (14 * math.cosh(far) + 2 * far)
    bound = Bound({"distance": 2 * math.exp(-2 * far), "rounding": rounding}, "sinh(side/2) = sinh(far)/sqrt 2; coordinates of the ball at that radius.")  # fmt: skip
    return Measurement((twice / 2 - math.log(2)).abs(), bound, 4)


def area_of_polygons(radius: float, corners: int, area: float) -> Measurement:
    r"""An area against that of a disk of the radius, enclosed between its regular
    polygons inside and outside.

    A triangle with two sides q and the angle gamma between them has the area
    :math:`2\arctan\frac{t^2\sin\gamma}{1-t^2\cos\gamma}`, t = tanh(q/2): q = r inside,
    and outside :math:`\tanh q = \tanh r/\cos\frac\pi n`.
    """
    inside = _polygon(radius, corners)
    outside = _polygon(math.atanh(math.tanh(radius) / math.cos(math.pi / corners)), corners)
    eps = torch.finfo(torch.float64).eps
    bound = Bound(
        {"polygons": outside - inside, "rounding": corners * 32 * eps * (1 + math.cosh(radius) ** 2)},
        "The disk lies between the two; n triangles of a few roundings each, atanh near 1 by cosh^2.",
    )
    return Measurement(torch.tensor(abs(inside - area), dtype=torch.float64), bound, corners)


def _polygon(q: float, corners: int) -> float:
    gamma, square = 2 * math.pi / corners, math.tanh(q / 2) ** 2
    return corners * 2 * math.atan2(math.sin(gamma) * square, 1 - math.cos(gamma) * square)


def farthest_from_sides(angles: Tensor, limit: float) -> Measurement:
    """By how much a point of one side of the ideal triangle -1, 1, oo is farther from
    both others than a limit; its angle is in (0, pi)."""
    points = torch.stack([angles.cos(), angles.sin()], 1)
    heights = torch.logspace(-4, 4, STEPS, dtype=torch.float64)
    sides = [torch.stack([torch.full_like(heights, end), heights], 1) for end in (-1.0, 1.0)]
    far = [models.half_space_distance(points.unsqueeze(1), side).min(1).values for side in sides]
    spacing = 8 * math.log(10) / (STEPS - 1)
    bound = Bound({"grid": spacing / 2}, "A distance changes by at most the length along a side; the heights are equally spaced in hyperbolic length.")  # fmt: skip
    return Measurement((torch.minimum(*far) - limit).clamp_min(0), bound, len(angles))


def whole_delta(distances: Tensor, expected: int | None = None) -> Measurement:
    """Twice delta of whole distances by the search against all quadruples at once, or
    against a number; whole numbers differ by 1 or not at all. Distances are ``(N, N)``."""
    found = int(four_point_delta(distances)[0])
    if expected is None:
        d = distances
        first = d[:, :, None, None] + d[None, None, :, :]
        second, third = d[:, None, :, None] + d[None, :, None, :], d[:, None, None, :] + d[None, :, :, None]
        expected = int((first - torch.maximum(second, third)).max())
    bound = Bound(
        {"whole numbers": 0.25}, "Whole numbers that differ do so by 1: a quarter tells them apart with room."
    )
    return Measurement(torch.tensor(float(abs(found - expected))), bound, len(distances))
