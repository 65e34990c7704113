"""Euclidean embeddings of trees: optimised from random starts, and the simplex of a
star; their distortion against lower bounds in any dimension."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.hyperbolic.sarkar_trees import Tree, graph_distances
from numerics.streams import Stream

__all__ = [
    "distortion",
    "least_by_packing",
    "least_by_volume",
    "measured_shortfall",
    "optimise",
    "simplex_of_star",
    "star_distortion",
    "volume_bound",
]

Least = Callable[[int], float]


def distortion(points: Tensor, tree: Tree) -> tuple[float, float]:
    """Worst-case distortion of points in Euclidean space, and a bound of its relative
    rounding.

    Args:
        points: Shape ``(N, n)``, in the tree's order.
        tree: N vertices.
    Returns:
        The distortion (infinite where two points coincide), and ``(n + 8) eps`` times
        the widest coordinates over the least distance.
    """
    steps = graph_distances(tree, torch.arange(len(tree))).double()
    gaps = torch.linalg.vector_norm(points.unsqueeze(1) - points, dim=-1)
    off = steps > 0
    ratio = gaps[off] / steps[off]
    least = float(gaps[off].min())
    if least == 0:
        return math.inf, 0.0
    eps = torch.finfo(points.dtype).eps
    return float(ratio.max() / ratio.min()), (points.shape[1] + 8) * eps * (1 + float(points.abs().max()) / least)


def optimise(tree: Tree, n: int, stream: Stream, steps: int = 300) -> Tensor:
    """Points whose largest ratio of distances is small, by gradient descent on a
    softened maximum from a random start; shape ``(N, n)``.

    Nothing is claimed of how small: what is reached is an upper bound of the least
    distortion, to stand beside a lower one.
    """
    wanted = graph_distances(tree, torch.arange(len(tree))).double().to(stream.device)
    off = wanted > 0
    points = stream.normal(len(tree), n).requires_grad_()
    optimiser = torch.optim.Adam([points], lr=0.05)
    for step in range(steps):
        optimiser.zero_grad()
        gaps = (points.unsqueeze(1) - points).square().sum(-1)[off]
        stretch = (gaps + 1e-12).log() / 2 - wanted[
            off
        ].log()  # the constant keeps the gradient finite where points meet
        sharp = 4.0 + 60.0 * step / steps
        loss = (torch.logsumexp(sharp * stretch, 0) + torch.logsumexp(-sharp * stretch, 0)) / sharp
        loss.backward()
        optimiser.step()
    return points.detach()


def simplex_of_star(k: int) -> Tensor:
    """The star's centre at 0 and its k leaves at the vertices of a regular simplex;
    shape ``(k + 1, k)``."""
    leaves = torch.eye(k, dtype=torch.float64) - 1 / k
    leaves = leaves / torch.linalg.vector_norm(leaves, dim=1, keepdim=True)
    return torch.cat([torch.zeros(1, k, dtype=torch.float64), leaves])


def star_distortion(k: int) -> float:
    """sqrt(2 (1 - 1/k)), the least distortion of a vertex with k >= 2 neighbours.

    >>> round(star_distortion(3), 6)
    1.154701
    """
    return math.sqrt(2 * (1 - 1 / k))


def least_by_volume(branching: int, depth: int, n: int) -> float:
    """(b^(h/n) - 1)/h: unit balls about the leaves of a b-ary tree of depth h are
    disjoint and lie within D h + 1 of the root."""
    return max(1.0, (branching ** (depth / n) - 1) / depth)


def ball_volume(radius: float, n: int) -> float:
    """Volume of a ball of R^n, by the recursion over two dimensions at a time: ``V_n =
    (2 pi r^2/n) V_(n-2)``.

    >>> round(ball_volume(1.0, 3), 4)
    4.1888
    """
    volume = 1.0 if n % 2 == 0 else 2 * radius
    for dimension in range(2 + n % 2, n + 1, 2):
        volume *= 2 * math.pi * radius**2 / dimension
    return volume


def least_by_packing(branching: int, depth: int, n: int) -> float:
    """The least D >= 1 for which a ball of radius D h + 1 has the volume of b^h unit
    balls, by bisection of volumes.

    >>> round(least_by_packing(2, 4, 1), 6)
    3.75
    """
    needed, low, high = branching**depth * ball_volume(1.0, n), 1.0, float(branching**depth)
    if ball_volume(low * depth + 1, n) >= needed:
        return low
    while (middle := (low + high) / 2) not in {low, high}:
        low, high = (middle, high) if ball_volume(middle * depth + 1, n) < needed else (low, middle)
    return high


def volume_bound(
    branching: int, depth: int, n: int, volume: Callable[[int, int, int], float] = least_by_volume
) -> Measurement:
    """The bound in closed form against the least D by volumes of balls, relatively."""
    found = least_by_packing(branching, depth, n)
    eps = torch.finfo(torch.float64).eps
    bound = Bound({"rounding": (8 * n + 32) * eps}, "A volume is a product of at most n factors; its n-th root divides that error by n; bisection to the last bit.")  # fmt: skip
    return Measurement(torch.tensor(abs(volume(branching, depth, n) / found - 1), dtype=torch.float64), bound, 1)


def measured_shortfall(points: Tensor, tree: Tree, least: float, *, reached: bool = False) -> Measurement:
    """By how much a distortion falls below a lower bound, relatively; or differs from
    it at all. Points are ``(N, n)``."""
    found, rounding = distortion(points, tree)
    gap = found / least - 1
    residual = torch.tensor(abs(gap) if reached else max(0.0, -gap), dtype=torch.float64)
    bound = Bound({"rounding": rounding + 4 * torch.finfo(torch.float64).eps}, "Differences of coordinates err by eps of their size, norms by (n + 2) eps; see distortion.")  # fmt: skip
    return Measurement(residual, bound, len(tree) * (len(tree) - 1) // 2)
