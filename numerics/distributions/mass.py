r"""The integral of a density over R, R^2 or R^3 from its values alone, with estimates
of what may be wrong with it.

The trapezoidal rule on a lattice in w, where :math:`x = c + A \sinh w` and c, A are the
median and the spread of points of the distribution. It converges geometrically for
analytic densities that decay, and like the square of the step where the density has
kinks, which those of spline flows have
everywhere: there panels of high order only cost evaluations.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement

LogFunction = Callable[[Tensor], Tensor]

LARGEST_DIM = 3
NODES = {1: (256, 1 << 15), 2: (64, 512), 3: (40, 80)}  # along an axis, first and last
REACH = {1: 1e7, 2: 1e4, 3: 1e4}  # spreads from the centre within which mass is looked for
SHIFTS = {1: 4, 2: 4, 3: 2}  # along an axis, of the coarser lattices that a lattice consists of
SETTLED = 1e-8  # estimated error at which nodes are no longer doubled
DRAWN = 64  # columns that are kept for a picture
NEGLIGIBLE = 1e-9  # of the mass, in the outermost columns that are left out

__all__ = ["LARGEST_DIM", "Mass", "weigh"]


@dataclass(frozen=True)
class Mass:
    """An integral, and estimates of its error relative to it.

    Args:
        log_mass: Logarithm of the integral; NaN where the density is not defined at
            some node.
        quadrature: What the coarser lattices inside the last one, and inside those
            before, say of its error.
        outside: Share of the mass beyond the lattice: what a first, wide lattice has
            there, and beyond that one what tails like those of a Cauchy distribution
            would have.
        log_size: Mean of |log p| under p, for the rounding.
        nodes: Along each axis.
        undefined: How many nodes gave NaN or +inf. where: The first of them, ``(D,)``.
        along: The first coordinate at ends of columns of the lattice, and the mass up
            to there, ``(2, K)``, for a picture.
    """

    log_mass: float
    quadrature: float
    outside: float
    log_size: float
    nodes: int
    undefined: int = 0
    where: Tensor | None = None
    along: Tensor | None = None

    def unit_mass(self, dim: int, precision: float) -> Measurement:
        """|integral - 1| with the estimates of what may be wrong with it; ``precision``
        is the unit roundoff of log p."""
        mass = math.exp(min(self.log_mass, 700.0))
        bound = Bound(
            {
                "quadrature": mass * self.quadrature,
                "outside the lattice": mass * self.outside,
                "rounding": mass * 16 * (dim + 8) * precision * (1 + self.log_size),
                "constants in float32": mass * 16 * dim * 2.0**-24,
            },
            "quadrature: what the coarser lattices inside a lattice say of its error. outside: what a wider lattice has there, and what tails like those of a "
            "Cauchy distribution would have beyond. rounding: an error e of log p changes p by the factor e^e. Constants kept in float32 move log p by a few "
            "units of its rounding a coordinate.",
            estimated=("quadrature", "outside the lattice"),
            assumes=("p has no feature that lies between the nodes", "log p is computed to within 16 (D + 8) units of rounding of 1 + |log p|"),
        )  # fmt: skip
        return Measurement(abs(mass - 1), bound, 1)


def weigh(
    log_prob: LogFunction,
    points: Tensor,
    *,
    support: tuple[Tensor, Tensor] | None = None,
    tile: int = 1 << 14,
    most: int | None = None,
) -> Mass:
    """Integrate a density over the whole space, or over a box.

    Args:
        log_prob: From points ``(N, D)`` to nats ``(N,)``, D = 1, 2 or 3.
        points: Some points of the distribution, ``(n, D)``, float64: they say where it
            lies and how wide it is.
        support: Ends of a box that holds it, tensors ``(D,)``; outside of it
            ``log_prob`` is not asked.
        tile: Points at which ``log_prob`` is evaluated at once.
        most: Nodes along an axis at which doubling ends, where that is to be sooner
            than :data:`NODES` says.
    Raises:
        ValueError: another dimension.
    Accuracy:
        Estimates, see :class:`Mass`. A lattice misses what lies between its nodes and
        far from the points; it invents nothing.

        A lattice consists of coarser ones, shifted against each other. The error of
        each is the sum of the Fourier coefficients of the integrand at the multiples of
        its reciprocal step, turned by its shift, so that they do not all vanish
        together; the lattice itself errs by the few coefficients that they have in
        common. Coefficients of piecewise smooth integrands, jumps included, fall at
        least like the step. So what coarser lattices are off by is halved for every
        halving from their step to that of the last lattice, and doubled; and of all
        lattices on the way the largest such number is taken, lest one be small by
        chance.

    >>> points = torch.linspace(-2.0, 2.0, 65).double()[:, None]
    >>> mass = weigh(lambda x: -x[:, 0] ** 2, points)
    >>> round(float(2 * mass.log_mass), 9)  # log pi
    1.144729886
    """
    dim = points.shape[1]
    if not 1 <= dim <= LARGEST_DIM:
        raise ValueError(
            f"Expected points of 1 to {LARGEST_DIM} coordinates, got {dim}: no lattice weighs a density beyond."
        )
    lattice = _Lattice(_restrict_to_box(log_prob, support), *_frame(points, rotated=support is None), tile)
    wide = lattice.reach(support)
    nodes, last = NODES[dim]
    last = last if most is None else min(last, max(nodes, most))
    logs, undefined, where = lattice.log_masses(wide, nodes)
    if undefined or not bool(torch.isfinite(logs).any()):
        return Mass(math.nan if undefined else -math.inf, math.inf, math.inf, math.inf, nodes, undefined, where)
    ends, outside = _narrow_lattice(logs, lattice.weights_at(points), wide, bounded=support is not None)
    estimate, before = 0.0, 1.0
    while True:
        logs, undefined, where = lattice.log_masses(ends, nodes)
        total = float(torch.logsumexp(logs.reshape(-1), 0)) if not undefined else math.nan
        if not math.isfinite(total):
            return Mass(total, math.inf, math.inf, math.inf, nodes, undefined, where)
        estimate = max(estimate * before, _lattice_disagreement(logs, total, SHIFTS[dim]))
        if nodes >= last or estimate <= SETTLED:
            size, along = lattice.log_size(logs, ends, nodes), lattice.mass_along(logs, ends[0])
            return Mass(total, estimate, outside, size, nodes, along=along)
        nodes, before = 2 * nodes, 0.5


def _restrict_to_box(log_prob: LogFunction, support: tuple[Tensor, Tensor] | None) -> LogFunction:
    if support is None:
        return log_prob
    low, high = support

    def inside(x: Tensor) -> Tensor:
        held = ((x > low.to(x)) & (x < high.to(x))).all(1)
        found = x.new_full(x.shape[:1], -math.inf)
        if bool(held.any()):
            found[held] = log_prob(x[held]).to(x)
        return found

    return inside


def _frame(points: Tensor, *, rotated: bool) -> tuple[Tensor, Tensor]:
    """The centre ``(D,)`` and the axes ``(D, D)`` of some points: their mean distances
    from the median, and how coordinates lean on each other."""
    dim, centre = points.shape[1], points.median(0).values
    spread = (points - centre).abs().mean(0)
    spread = torch.where(spread > 0, spread, torch.ones_like(spread))
    if rotated and dim > 1 and points.shape[0] > 8 * dim:
        standard = ((points - centre) / spread).clamp(-8, 8)  # one far point does not turn the axes
        factor, failed = torch.linalg.cholesky_ex(standard.mT @ standard / points.shape[0])
        if not bool(failed) and float(factor.diagonal().min()) > 1e-3:
            return centre, spread[:, None] * factor
    return centre, torch.diag(spread)


@dataclass(frozen=True)
class _Lattice:
    log_prob: LogFunction
    centre: Tensor
    axes: Tensor
    tile: int

    def weights_at(self, points: Tensor) -> Tensor:
        """w of points, ``(n, D)``."""
        return torch.linalg.solve(self.axes, (points - self.centre).mT).mT.asinh()

    def reach(self, support: tuple[Tensor, Tensor] | None) -> list[tuple[float, float]]:
        """From where to where w runs on each axis: as far as mass is looked for, or to
        the sides of the box, which the axes are parallel to."""
        dim = self.centre.numel()
        far = math.asinh(REACH[dim])
        if support is None:
            return [(-far, far)] * dim
        low, high = (self.weights_at(end.to(self.centre)[None])[0].tolist() for end in support)
        return [(max(a, -far), min(b, far)) for a, b in zip(low, high, strict=True)]

    def log_masses(self, ends: list[tuple[float, float]], nodes: int) -> tuple[Tensor, int, Tensor | None]:
        """log of p dx at the nodes, one axis of the result for each coordinate; how
        many are NaN or +inf, and the first of these points."""
        like, dim = self.centre, len(ends)
        steps = (torch.arange(nodes, dtype=like.dtype, device=like.device) + 0.5) / nodes
        axes = [low + (high - low) * steps for low, high in ends]
        grid = torch.cartesian_prod(*axes).view(-1, dim)
        sizes = torch.linalg.slogdet(self.axes).logabsdet + sum(math.log((high - low) / nodes) for low, high in ends)
        parts, undefined, where = [], 0, None
        for w in grid.split(self.tile):
            x = self.centre + w.sinh() @ self.axes.mT
            with torch.no_grad():
                log_p = self.log_prob(x).to(like)
            bad = ~(log_p < math.inf)
            if bool(bad.any()):
                undefined, where = undefined + int(bad.sum()), x[bad][0] if where is None else where
            parts.append(log_p + w.cosh().log().sum(1) + sizes)
        return torch.cat(parts).view([nodes] * dim), undefined, where

    def log_size(self, logs: Tensor, ends: list[tuple[float, float]], nodes: int) -> float:
        """Mean of |log p|: the masses at the nodes are p dx, and dx is known."""
        like = self.centre
        steps = (torch.arange(nodes, dtype=like.dtype, device=like.device) + 0.5) / nodes
        rate = sum(torch.meshgrid(*((low + (high - low) * steps).cosh().log() for low, high in ends), indexing="ij"))
        sizes = torch.linalg.slogdet(self.axes).logabsdet + sum(math.log((high - low) / nodes) for low, high in ends)
        share = torch.softmax(logs.reshape(-1), 0)
        log_p = torch.where(share > 0, (logs - rate - sizes).reshape(-1), torch.zeros_like(share))
        return float((share * log_p.abs()).sum())

    def mass_along(self, logs: Tensor, ends: tuple[float, float]) -> Tensor:
        """The first coordinate, which the first axis alone moves, at ends of at most
        ``DRAWN`` columns, and the mass up to there, ``(2, K)``."""
        (low, high), nodes = ends, logs.shape[0]
        columns = torch.logsumexp(logs.reshape(nodes, -1), 1).exp().cumsum(0)
        kept = torch.arange(0, nodes + 1, -(-nodes // DRAWN), device=logs.device)
        kept = torch.cat([kept, kept.new_tensor([nodes])]).unique()
        w = low + (high - low) * kept.to(logs) / nodes
        mass = torch.cat([columns.new_zeros(1), columns])[kept]
        return torch.stack([self.centre[0] + self.axes[0, 0] * w.sinh(), mass])


def _narrow_lattice(
    logs: Tensor, inside: Tensor, wide: list[tuple[float, float]], *, bounded: bool
) -> tuple[list[tuple[float, float]], float]:
    """Ends of a narrower lattice that holds the points and all but a negligible share
    of the mass, and an estimate of the share left outside."""
    nodes, dim = logs.shape[0], logs.ndim
    share = torch.softmax(logs.reshape(-1), 0).view(logs.shape)
    ends, outside = [], 0.0
    for axis, (low, high) in enumerate(wide):
        step = (high - low) / nodes
        columns = share.sum([k for k in range(dim) if k != axis]) if dim > 1 else share
        kept = (columns > NEGLIGIBLE).nonzero()[:, 0]
        first, last = max(0, int(kept[0]) - 1), min(nodes, int(kept[-1]) + 2)
        for whole, part in ((kept[0] == 0, columns[: first + 1]), (kept[-1] == nodes - 1, columns[last - 1 :])):
            outside += (
                0.0 if bool(whole) else float(part.sum())
            )  # the lattice may cut the outermost column that it keeps
        if not bounded:
            outside += float(columns[0] + columns[-1]) / math.expm1(step)  # columns of a tail 1/x^2 fall by e^-step
        near, far = float(inside[:, axis].min()) - step, float(inside[:, axis].max()) + step
        ends.append((max(low, min(low + first * step, near)), min(high, max(low + last * step, far))))
    return ends, outside


def _lattice_disagreement(logs: Tensor, total: float, shifts: int) -> float:
    """Twice how far the coarser lattices in a lattice lie from it, at most, relative to
    it, halved for each halving from their step to its own."""
    dim, nodes = logs.ndim, logs.shape[0]
    split = logs.view([size for _ in range(dim) for size in (nodes // shifts, shifts)])
    coarse = torch.logsumexp(split, list(range(0, 2 * dim, 2))) + dim * math.log(shifts)
    return 2 / shifts * float((coarse - total).expm1().abs().max())
