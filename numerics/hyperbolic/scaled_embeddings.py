"""A tree's embedding read in two curvatures: distances, worst-case distortion and MAP,
and the average distortion with its scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.hyperbolic import charts, normal_coordinates, sarkar_trees
from numerics.hyperbolic.chart_measurements import POWER, chart_error
from numerics.hyperbolic.sarkar_fidelity import Enclosure, Fidelity, fidelity

__all__ = ["ScaledEmbedding", "mobius_distance"]

TIE = 1e-4  # distances within so much of tau are ranked as ties: Sarkar's neighbours are exactly as far
Distance = Callable[[Tensor, Tensor, float], Tensor]


def mobius_distance(x: Tensor, y: Tensor, radius: float) -> Tensor:
    r"""Distance in the Poincaré ball of curvature :math:`-1/R^2` by Möbius subtraction:
    :math:`2R\operatorname{artanh}(|(-x)\oplus y|/R)`.

    .. math:: \Bigl|\frac{(-x)\oplus y}R\Bigr|^2 = \frac{|x-y|^2/R^2}{1 - 2\langle x,y\rangle/R^2 + |x|^2|y|^2/R^4}

    Args:
        x, y: Points, broadcastable, shape ``(*, n)``, norms below ``radius``.
    Accuracy:
        The argument of artanh is within eps of 1 for far points: absolute error about
        ``4 (n + 16) eps cosh^2(r/2)`` for the sum r of both radii.
    Source: Ganea et al. 2018, section 2.3.

    >>> mobius_distance(torch.zeros(2).double(), torch.tensor([1.0, 0.0]).double(), 2.0)  # 2 log 3
    tensor(2.1972, dtype=torch.float64)
    """
    square = radius * radius
    gap = (x - y).square().sum(-1) / square
    below = 1 - 2 * (x * y).sum(-1) / square + x.square().sum(-1) * y.square().sum(-1) / square**2
    return 2 * radius * torch.atanh((gap / below).sqrt())


class ScaledEmbedding:
    """Sarkar's embedding of a tree in curvature -1, and the same with all lengths
    multiplied by R, read in the ball of radius R.

    Args:
        parents: The tree. tau: Length of an edge at curvature -1.
        n: Dimension. radius: R. distance: Of the scaled points, from (x, y, R).
        scale: What stands for one edge in the scaled average; R tau unless given.
    """

    def __init__(
        self, parents: Sequence[int], tau: float, radius: float, *, n: int = 2, distance: Distance = mobius_distance,
        like: Tensor | None = None, move: Callable[[Tensor, float], Tensor] = lambda x, radius: x * radius,
    ) -> None:  # fmt: skip
        dtype, device = (torch.float64, "cpu") if like is None else (like.dtype, like.device)
        self.tree, self.tau, self.radius = sarkar_trees.tree_from_parents(parents), tau, radius
        self.ball = sarkar_trees.sarkar(self.tree, tau, n=n, dtype=dtype, device=device)
        self.x = charts.to_normal(self.ball, "ball")
        self.scaled = move(self.ball, radius)
        self.distance = lambda x, y: distance(x, y, radius)

    @cached_property
    def error(self) -> Tensor:
        """What rounding each point's coordinates is worth in any of its distances, in
        curvature radii, shape ``(N,)``."""
        r = self.x.norm(dim=-1)
        return chart_error(self.x, "ball", 1.0) + 4 * (self.x.shape[-1] + 16) * torch.finfo(r.dtype).eps * torch.cosh(
            r
        ) ** (2 * POWER["ball"])

    def distances(self) -> Measurement:
        """All distances in curvature -1/R^2, over R, against those in curvature -1 by
        the law of cosines."""
        known = normal_coordinates.distance(self.x.unsqueeze(1), self.x)
        read = self.distance(self.scaled.unsqueeze(1), self.scaled) / self.radius
        bound = Bound({"coordinates": self.error.unsqueeze(1) + self.error}, "chart_error of both points, and the artanh of Möbius subtraction, whose argument errs by (n + 16) eps and whose slope is at most cosh^2(d/2) <= cosh^2 r.")  # fmt: skip
        off = ~torch.eye(len(known), dtype=torch.bool, device=known.device)
        return Measurement(((read - known).abs() * off), bound, known.numel())

    @cached_property
    def fidelities(self) -> tuple[Fidelity, Fidelity, Fidelity]:
        """In curvature -1; in curvature -1/R^2 with tau scaled in step; and in
        curvature -1/R^2 with tau left as it was."""
        R = self.radius
        given = [(self.x, normal_coordinates.distance, self.tau, 1.0), (self.scaled, self.distance, R * self.tau, R), (self.scaled, self.distance, self.tau, R)]  # fmt: skip
        first, second, third = (
            fidelity(self.tree, points, read, tau=tau, error=size * self.error, resolution=size * TIE * self.tau)
            for points, read, tau, size in given
        )
        return first, second, third

    def worst(self) -> Measurement:
        """By how much the worst-case distortion changes."""
        return self._change(self.fidelities[0].worst, self.fidelities[1].worst)

    def precision(self) -> Measurement:
        """By how much MAP changes."""
        return self._change(self.fidelities[0].mean_average_precision, self.fidelities[1].mean_average_precision)

    def average(self, in_step: bool = True) -> Measurement:
        """By how much the average distortion changes, with tau scaled in step or left
        as it was."""
        return self._change(self.fidelities[0].average, self.fidelities[1 if in_step else 2].average)

    def _change(self, first: Enclosure, last: Enclosure) -> Measurement:
        bound = Bound({"before": first.width, "after": last.width}, "Each value lies, with the true one, in the enclosure that the distances' errors allow.")  # fmt: skip
        return Measurement(abs(first.value - last.value), bound, self.fidelities[0].pairs)
