"""Increasing functions inverted row by row: a bracket that bisection keeps, and
Newton's steps inside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Root", "bracket", "solve_increasing"]

Evaluate = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
Value = Callable[[Tensor, Tensor], Tensor]


class Root(NamedTuple):
    """Abscissae, and how far the function *as evaluated* misses its target there; each
    of shape ``(N,)``.

    ``width`` is what is left of the bracket; where it is not within a few units of
    roundoff of the abscissa, Newton's method came to rest (its next step was below half
    a unit) before bisection had closed the bracket.
    """

    x: Tensor
    residual: Tensor
    width: Tensor


def bracket(
    value: Value, target: Tensor, centre: Tensor, scale: Tensor, *, doublings: int = 1100
) -> tuple[Tensor, Tensor, Tensor]:
    """Abscissae below and above each root, by doubling steps away from ``centre``.

    Args:
        value: Nondecreasing in its first argument: abscissae ``(n,)`` and the rows
            ``(n,)`` that they belong to, to ``(n,)``. Minus or plus infinity is allowed
            where the function has not begun or has ended.
        target: Shape ``(N,)``. centre, scale: Where to start, and the first step,
            positive; shape ``(N,)``.
        doublings: After so many the search is given up.
    Returns:
        low, high and whether a bracket was found, each of shape ``(N,)``.

    >>> one = torch.ones(1).double()
    >>> low, high, bracket_exists = bracket(lambda x, rows: x**3, 27 * one, 0 * one, one)
    >>> bool(low <= 3 <= high), bracket_exists
    (True, tensor([True]))
    """
    rows = torch.arange(target.numel(), device=target.device)
    upward = value(centre, rows) < target
    sign = torch.where(upward, 1.0, -1.0).to(target.dtype)
    near, far, step = centre.clone(), centre + sign * scale, scale.clone()
    active = rows
    for _ in range(doublings):
        if active.numel() == 0:
            break
        at = far[active]
        reached = sign[active] * (value(at, active) - target[active]) >= 0
        active = active[~reached & torch.isfinite(at)]
        near[active] = far[active]
        step[active] *= 2
        far[active] = centre[active] + sign[active] * step[active]
    found = torch.ones_like(upward)
    found[active] = False
    found &= torch.isfinite(far)
    return torch.minimum(near, far), torch.maximum(near, far), found


def solve_increasing(
    evaluate: Evaluate,
    target: Tensor,
    low: Tensor,
    high: Tensor,
    *,
    start: Tensor | None = None,
    floor: float = 8.0,
    steps: int = 200,
) -> Root:
    r"""The x in [low, high] at which an increasing function takes each target.

    Newton's step is taken where it stays inside the bracket and the last one at least
    halved the miss; otherwise the bracket is bisected. A row ends when the function
    meets its target to ``floor`` units of roundoff of 1 + |target| (a computed function
    hardly knows itself better, and bisection among its roundings would never end), when
    its bracket is two units wide, or when the next step is below half a unit.

    Args:
        evaluate: From abscissae ``(n,)`` and the rows ``(n,)`` that they belong to, the
            function and its slope, each ``(n,)``. The function may be minus infinity at
            its lower end; the slope only steers, so that a wrong one costs steps and no
            accuracy.
        target, low, high: Shape ``(N,)``; the function at ``low`` is at most the
            target, at ``high`` at least.
        start: A first guess inside the bracket; its middle when omitted.
        floor: See above; 0 asks for the last digit.
    Returns:
        The abscissa of least miss among those tried, that miss, and the width of the
        bracket.

    >>> nine, zero = torch.tensor([9.0]).double(), torch.zeros(1).double()
    >>> round(float(solve_increasing(lambda x, rows: (x * x, 2 * x), nine, zero, nine).x), 12)
    3.0
    """
    low, high = low.clone(), high.clone()
    x = low + (high - low) / 2 if start is None else torch.minimum(torch.maximum(start, low), high)
    best, residual = x.clone(), torch.full_like(x, torch.inf)
    active = torch.arange(x.numel(), device=x.device)
    eps, tiny = torch.finfo(x.dtype).eps, torch.finfo(x.dtype).tiny
    met = floor * eps * (1 + target.abs())
    for _ in range(steps):
        if active.numel() == 0:
            break
        at = x[active]
        value, slope = evaluate(at, active)
        miss = value - target[active]
        size = miss.abs()
        halved, better = size <= residual[active] / 2, size <= residual[active]
        best[active] = torch.where(better, at, best[active])
        residual[active] = torch.where(better, size, residual[active])
        low[active] = a = torch.where(miss <= 0, at, low[active])
        high[active] = b = torch.where(miss >= 0, at, high[active])
        newton = at - miss / slope
        inside = (newton > a) & (newton < b) & halved  # NaN compares false, and the bracket is bisected
        x[active] = torch.where(inside, newton, a + (b - a) / 2)
        ulp = eps * torch.maximum(a.abs(), b.abs()) + tiny
        active = active[(size > met[active]) & (b - a > 2 * ulp) & ((x[active] - at).abs() > ulp / 2)]
    return Root(best, residual, high - low)
