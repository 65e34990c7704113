r"""Charts of the sets on which densities live: boxes with finite or infinite ends, and
the simplex. A chart is a bijection from R^D, under which a pole at an end, a heavy tail
and a jump become exponential tails.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

__all__ = ["Box", "Chart", "Simplex"]


@dataclass(frozen=True)
class Box:
    r"""A product of intervals, coordinate by coordinate.

    .. math::
        x = \ell + (h - \ell)\,\sigma(u), \qquad x = \ell + e^{u}, \qquad x = h - e^{-u}, \qquad x = u

    for an interval that is bounded, bounded below, bounded above, and all of R.

    Args:
        low: Lower ends, shape ``(D,)``, float32 or float64; -inf where there is none.
        high: Upper ends, shape ``(D,)``; inf where there is none.
    Raises:
        ValueError: ends of other shapes, NaN, or an interval that is empty.
    Accuracy:
        ``leave`` is correct to a few units of rounding of x. Its distance from an end
        that is not 0 is known no better: where that is below 2^-52 of the end, x is the
        end, and :meth:`resolved` is False.

    >>> box = Box(torch.tensor([0.0, 0.0]).double(), torch.tensor([1.0, torch.inf]).double())
    >>> u = box.enter(torch.tensor([[0.25, 2.0]]).double())
    >>> box.leave(u)
    tensor([[0.2500, 2.0000]], dtype=torch.float64)
    >>> box.log_det(u).exp()  # 0.25 * 0.75 * 2
    tensor([0.3750], dtype=torch.float64)
    """

    low: Tensor
    high: Tensor

    def __post_init__(self) -> None:
        shapes = tuple(self.low.shape), tuple(self.high.shape)
        if self.low.ndim != 1 or shapes[0] != shapes[1]:
            raise ValueError(f"Expected ends of shape (D,), got {shapes[0]} and {shapes[1]}.")
        if not bool((self.low < self.high).all()):  # NaN fails as well
            raise ValueError(
                f"Expected every lower end below its upper end, got {self.low.tolist()} and {self.high.tolist()}."
            )

    @property
    def dim(self) -> int:
        """D, of the chart."""
        return self.low.numel()

    @property
    def coordinates(self) -> int:
        """D, of the points."""
        return self.low.numel()

    @cached_property
    def _kinds(self) -> tuple[Tensor, Tensor]:
        return torch.isfinite(self.low), torch.isfinite(self.high)

    @cached_property
    def _ends(self) -> tuple[Tensor, Tensor]:
        """The ends, 0 in the place of those that are not there."""
        below, above = self._kinds
        return torch.where(below, self.low, 0.0), torch.where(above, self.high, 0.0)

    def leave(self, u: Tensor) -> Tensor:
        """Points of the box, ``(N, D)``, of points ``(N, D)`` of R^D."""
        below, above = self._kinds
        low, high = self._ends
        width = torch.where(below & above, high - low, 1.0)
        near_low, near_high = low + width * torch.sigmoid(u), high - width * torch.sigmoid(-u)
        both = torch.where(u < 0, near_low, near_high)
        one = torch.where(below, low + torch.where(below, u, 0.0).exp(), high - torch.where(above, -u, 0.0).exp())
        return torch.where(below & above, both, torch.where(below | above, one, u))

    def enter(self, x: Tensor) -> Tensor:
        """Points of R^D of points ``(N, D)`` of the box.

        Raises:
            ValueError: a point outside the box, or on its boundary.
        """
        held = self.inside(x)
        if not bool(held.all()):
            raise ValueError(
                f"{int((~held).sum())} of {x.shape[0]} points lie outside the box or on its boundary, first {x[~held][0].tolist()}."
            )
        below, above = self._kinds
        low, high = self._ends
        up, down = torch.where(below, x - low, 1.0).log(), torch.where(above, high - x, 1.0).log()
        return torch.where(below | above, up - down, x)

    def inside(self, x: Tensor) -> Tensor:
        """Whether points ``(N, D)`` lie in the open box, ``(N,)``."""
        return ((x > self.low) & (x < self.high)).all(1)

    def resolved(self, u: Tensor) -> Tensor:
        """Whether the floating-point numbers hold the point of u strictly inside the
        box, ``(N,)``."""
        return self.inside(self.leave(u))

    def log_det(self, u: Tensor) -> Tensor:
        """log |det dx/du| at points ``(N, D)`` of R^D, ``(N,)``."""
        below, above = self._kinds
        low, high = self._ends
        width = torch.where(below & above, high - low, 1.0)
        both = width.log() + logsigmoid(u) + logsigmoid(-u)
        one = torch.where(below, u, -u)
        return torch.where(below & above, both, torch.where(below | above, one, torch.zeros_like(u))).sum(1)


@dataclass(frozen=True)
class Simplex:
    r"""Shares that add up to 1, by breaking a stick: :math:`v_k = \sigma(u_k - \log(K -
    k))` is what the k-th share takes of what is left, and u = 0 is the centre.

    Densities are with respect to the volume of the first K - 1 shares, as that of a
    Dirichlet distribution is.

    Args:
        coordinates: K >= 2, the number of shares.
    Raises:
        ValueError: fewer than two shares.
    Accuracy:
        Every share is computed from logarithms, to a few K units of rounding of its own
        size.
    Source: Devroye 1986, XI.4, for the breaks.

    >>> simplex = Simplex(3)
    >>> simplex.leave(torch.zeros(1, 2).double())
    tensor([[0.3333, 0.3333, 0.3333]], dtype=torch.float64)
    >>> x = torch.tensor([[0.2, 0.5, 0.3]]).double()
    >>> simplex.leave(simplex.enter(x))
    tensor([[0.2000, 0.5000, 0.3000]], dtype=torch.float64)
    """

    coordinates: int

    def __post_init__(self) -> None:
        if self.coordinates < 2:
            raise ValueError(f"Expected at least two shares, got {self.coordinates}.")

    @property
    def dim(self) -> int:
        """K - 1, of the chart."""
        return self.coordinates - 1

    def _offset(self, like: Tensor) -> Tensor:
        return torch.arange(self.dim, 0, -1, dtype=like.dtype, device=like.device).log()

    def _logs(self, u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """log v_k, log(1 - v_k), and the log of what is left before the k-th break."""
        shifted = u - self._offset(u)
        taken, kept = logsigmoid(shifted), logsigmoid(-shifted)
        return taken, kept, torch.cat([torch.zeros_like(kept[:, :1]), kept[:, :-1].cumsum(1)], 1)

    def leave(self, u: Tensor) -> Tensor:
        """Shares ``(N, K)`` of points ``(N, K - 1)`` of R^(K-1)."""
        taken, kept, left = self._logs(u)
        return torch.cat([taken + left, kept.sum(1, keepdim=True)], 1).exp()

    def enter(self, x: Tensor) -> Tensor:
        """Points of R^(K-1) of shares ``(N, K)``.

        Raises:
            ValueError: a share that is not positive, or shares that do not add up to 1
                to within rounding.
        """
        held = self.inside(x)
        if not bool(held.all()):
            raise ValueError(
                f"{int((~held).sum())} of {x.shape[0]} points are not positive shares that add up to 1, first {x[~held][0].tolist()}."
            )
        after = x.flip(1).cumsum(1).flip(1)[:, 1:]  # what remains after each break, without cancellation
        return x[:, :-1].log() - after.log() + self._offset(x)

    def inside(self, x: Tensor) -> Tensor:
        """Whether points ``(N, K)`` are positive shares that add up to 1 to within the
        rounding of float32, which data is often kept in, ``(N,)``."""
        return (x > 0).all(1) & ((x.sum(1) - 1).abs() <= 4 * self.coordinates * 2.0**-24)

    def resolved(self, u: Tensor) -> Tensor:
        """Whether all shares of the point of u are positive floating-point numbers,
        ``(N,)``."""
        return (self.leave(u) > 0).all(1)

    def log_det(self, u: Tensor) -> Tensor:
        """log |det d(x_1..x_{K-1})/du| at points ``(N, K - 1)``, ``(N,)``."""
        taken, kept, left = self._logs(u)
        return (taken + kept + left).sum(1)


Chart = Box | Simplex
