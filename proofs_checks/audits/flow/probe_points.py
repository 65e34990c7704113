"""Where a flow is looked at: points near the data and far from it, latents, and how
many of them the time allows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from numerics.transports.flow_checks import ROWS
from proofs_checks.audits.budget import Budget
from proofs_checks.errors import InputError
from proofs_checks.inputs.flow_parts import Context
from proofs_checks.inputs.flow_view import FlowView
from proofs_checks.inputs.flows import ERRORS

MOST_POINTS = 48  # at which Jacobians are taken
CLOUD = 256  # points at which only the sign of the determinant is asked
FARNESS = (2.0, 4.0, 10.0)  # spreads, in turn
JACOBIAN_SHARE = 0.1  # of the time, for the Jacobians of layers and whole
LONGEST = 0.5  # of what is left, for one thing that cannot be had for less
SLOW = 0.1  # seconds of a call, above which it is not made again to be timed


@dataclass(frozen=True)
class Cost:
    """Seconds of a call on a batch: so much a call, and so much a row."""

    call: float
    row: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.call + other.call, self.row + other.row)

    def of(self, rows: float) -> float:
        """Seconds of one call on so many rows."""
        return self.call + self.row * rows

    def rows(self, seconds: float) -> int:
        """How many rows a call may have that takes so long."""
        return max(0, int((seconds - self.call) / self.row))


@dataclass
class Sites:
    """Points and latents to audit at.

    Args:
        near: Points of the data or of the flow's own draws, ``(n, D)``; empty where the
            flow does not map data to the base and log p is unknown there. context:
            Their rows of context.
        far: Points 2, 4 and 10 spreads out, with their context. latents: Draws of the
            base, ``(m, D)``, with one context for all.
        ahead, back: What calls towards the base and towards the data cost. points: At
            how many points Jacobians are taken.
        samples: How many draws to compare. seed: Of the draws. taken: Seconds, by
            check.
    """

    near: Tensor
    context: Context
    far: Tensor
    far_context: Context
    latents: Tensor | None
    clock: Budget
    ahead: Cost
    back: Cost
    points: int
    samples: int
    seed: int
    taken: dict[str, float] = field(default_factory=dict)

    @property
    def all(self) -> tuple[Tensor, Context]:
        """Near and far points together."""
        both = torch.cat([self.near, self.far])
        return both, None if self.context is None or self.far_context is None else torch.cat(
            [self.context, self.far_context]
        )


def sites_of(view: FlowView, clock: Budget, *, samples: int, seed: int) -> Sites:
    """Choose points by what a row costs: Jacobians at D rows a point take at most a
    quarter of the time."""
    generator = torch.Generator().manual_seed(seed + 1)
    ahead = _ahead_cost(view)
    passes = 6 * view.dim  # rows a point: forward and backward, once for the layers and once for the whole
    allowed = ahead.rows(JACOBIAN_SHARE * clock.remaining) // passes if view.encodes else MOST_POINTS
    allowed = max(allowed, int(ahead.of(4 * passes) < LONGEST * clock.remaining) * 4)
    points = max(0, min(MOST_POINTS, ROWS // view.dim or 1, allowed))
    order = torch.randperm(len(view.points), generator=generator)[: max(points, 16)]
    near = view.points[order]
    rows = view.context(len(view.points))
    context = None if rows is None else rows[order]
    far, far_context = _far(view.points, near, context)
    latents = _latents(view, seed)
    return Sites(
        near, context, far, far_context, latents, clock, ahead, _back_cost(view, latents), points, samples, seed
    )


def _far(points: Tensor, near: Tensor, context: Context) -> tuple[Tensor, Context]:
    """Every second point moved away from the median."""
    centre = points.median(0).values
    part = near[::2]
    sizes = torch.tensor(FARNESS, dtype=part.dtype, device=part.device)[torch.arange(len(part)) % len(FARNESS)]
    return centre + sizes[:, None] * (part - centre), None if context is None else context[::2]


def _latents(view: FlowView, seed: int) -> Tensor | None:
    if view.base is None or view.base.sample is None:
        return None
    torch.manual_seed(seed % 2**63)
    try:
        drawn = view.base.sample(1024, None if view.contexts is None else view.contexts[:1])
    except ERRORS:
        return None
    return drawn if drawn.shape == (1024, view.dim) and bool(torch.isfinite(drawn).all()) else None


def _ahead_cost(view: FlowView) -> Cost:
    """Of a call towards the base, or of log p where there is no transform."""
    x = view.points[:1].expand(256, view.dim)
    if view.encodes:
        return cost_of(lambda n: view.to_base(x[:n], view.one_context(n)))
    if view.log_prob is not None:
        log_prob = view.log_prob
        return cost_of(lambda n: log_prob(x[:n], view.one_context(n)))
    return Cost(1e-6, 1e-6)


def _back_cost(view: FlowView, latents: Tensor | None) -> Cost:
    """Of a call towards the data."""
    if latents is None or not view.decodes:
        return Cost(1e-6, 1e-6)
    return cost_of(lambda n: view.to_data(latents[:n], view.one_context(n)))


def cost_of(run: Callable[[int], object]) -> Cost:
    """Of a call, from one row and from 32 or 256 where that is cheap; the very first
    call, which may allocate, is not counted if it is cheap."""
    try:
        return _timed(run)
    except (*ERRORS, InputError):  # told by the check that makes the call for its values
        return Cost(1e-6, 1e-6)


def _timed(run: Callable[[int], object]) -> Cost:
    with torch.no_grad():
        first = _taken(run, 1)
        if first > SLOW:
            return Cost(first, first / 64)
        alone = _taken(run, 1)
        many, n = _taken(run, 32), 32
        if many < SLOW:
            many, n = _taken(run, 256), 256
    return Cost(alone, max((many - alone) / (n - 1), 1e-9))


def _taken(run: Callable[[int], object], n: int) -> float:
    start = time.perf_counter()
    run(n)
    return time.perf_counter() - start
