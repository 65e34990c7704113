r"""Conditional distributions of a density on R, R^2 or R^3 by quadrature on a tensor
grid of panels that all points share.

Given :math:`x_1..x_{d-1}`, coordinate d has the density :math:`g(t) \propto \int
p(x_1..x_{d-1}, t, s)\,ds`. The later coordinates s are integrated over the grid's
nodes; the masses of the panels along t are summed from either end, and the panel that
holds t is cut there: its part on the asked side gets a Gauss rule of its own. Every
tail is thus a sum of positive terms, and neither side saturates. The slope of such a
sum in t is that of the map *as evaluated*.

For the first coordinate of two or three, g is itself an integral over the other axes
and would be asked for at too many places; it is tabulated once, by polynomials on
panels that are split until the table agrees with the integral.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from numerics.log_tails import LOG_2, Tail, side_of
from numerics.quadrature import gauss
from numerics.roots import bracket, solve_increasing
from numerics.transports.conditionals import Conditionals, Fibre, log_complement
from numerics.transports.domain import HypothesisError, LogFunction

ORDER = 16  # nodes of the Gauss rule on a panel

__all__ = ["ORDER", "GridConditionals", "GridFibre", "Table", "log_values", "panel_nodes"]


def log_values(log_prob: LogFunction, points: Tensor) -> Tensor:
    """``log_prob`` of points ``(N, D)``, checked: shape, dtype, no NaN, no infinite
    density.

    Raises:
        ValueError: a shape or a dtype that does not fit. HypothesisError: NaN or +inf,
            with the place.

    >>> log_values(lambda x: -x[:, 0], torch.tensor([[2.0], [3.0]]))
    tensor([-2., -3.])
    """
    value = log_prob(points)
    if not isinstance(value, Tensor) or value.shape != points.shape[:1]:
        got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(
            f"Expected log_prob to return shape ({points.shape[0]},) for points of shape {tuple(points.shape)}, got {got}. "
            "Sum over the coordinates and return one number a row; wrap an unbatched function in torch.vmap."
        )
    if value.dtype != points.dtype:
        raise ValueError(
            f"log_prob returned {value.dtype} for points of {points.dtype}, so its rounding is not what the bounds allow for. "
            "Evaluate it in double precision: model.double(), or cast inside the function."
        )
    if value.numel() and not bool(value.detach().amax() < torch.inf):  # NaN is carried through and compares false
        bad = torch.isnan(value.detach()) | (value.detach() == torch.inf)
        raise HypothesisError(
            f"log_prob is NaN or +inf at {int(bad.sum())} of {bad.numel()} points of the grid, first at {points[bad][0].tolist()}. The conditional distributions "
            "need a density that is finite almost everywhere and defined everywhere (log 0 = -inf is allowed)."
        )
    if points.requires_grad and not value.requires_grad:
        finite = value[torch.isfinite(value)]
        if finite.numel() and bool((finite != finite[0]).any()):
            raise ValueError(
                "log_prob carries no gradient although it varies (detached, under no_grad, or computed outside torch), so that the Jacobian of the map as "
                "evaluated cannot be taken. Compute it in torch with autograd on."
            )
    return value


def panel_nodes(edges: Tensor, order: int = ORDER) -> tuple[Tensor, Tensor]:
    """Nodes and log weights of the Gauss rule on every panel, each of shape ``(panels,
    order)``.

    Args:
        edges: Increasing, shape ``(panels + 1,)``.

    >>> panel_nodes(torch.tensor([0.0, 2.0, 3.0]), order=1)  # midpoints; log 2, log 1
    (tensor([[1.0000],
            [2.5000]]), tensor([[0.6931],
            [0.0000]]))
    """
    nodes, weights, _ = gauss(order).tensors(edges)
    width = (edges[1:] - edges[:-1])[:, None]
    return edges[:-1, None] + width * nodes, torch.log(width * weights)


@dataclass(frozen=True)
class Table:
    """A positive function on the line by Legendre polynomials on panels, each scaled by
    its largest value.

    Args:
        edges: Increasing, shape ``(panels + 1,)``. coefficients: ``(ORDER, panels)``.
            log_scale: ``(panels,)``.

    >>> edges = torch.tensor([0.0, 1.0]).double()
    >>> table = Table.through(edges, panel_nodes(edges)[0])  # e^t
    >>> table.log_value(torch.tensor([0.25]).double())
    tensor([0.2500], dtype=torch.float64)
    """

    edges: Tensor
    coefficients: Tensor
    log_scale: Tensor

    @classmethod
    def through(cls, edges: Tensor, log_at_nodes: Tensor) -> Table:
        """Interpolation of the values whose logarithms are given at the panels' Gauss
        nodes, shape ``(panels, ORDER)``."""
        scale = log_at_nodes.amax(1)
        scale = torch.where(torch.isfinite(scale), scale, torch.zeros_like(scale))
        nodes, weights, _ = gauss(ORDER).tensors(edges)
        basis = torch.stack(_legendre(2 * nodes - 1))
        degrees = 2 * torch.arange(ORDER, dtype=edges.dtype, device=edges.device) + 1
        projection = degrees[:, None] * basis * weights
        return cls(edges, projection @ torch.exp(log_at_nodes - scale[:, None]).mT, scale)

    def log_value(self, t: Tensor) -> Tensor:
        """Logarithm at abscissae inside the table, any shape; differentiable."""
        k = panel_of(self.edges, t.detach())
        low, high = self.edges[k], self.edges[k + 1]
        value = torch.zeros_like(t)
        for row, polynomial in zip(self.coefficients, _legendre(2 * (t - low) / (high - low) - 1), strict=True):
            value = value + row[k] * polynomial
        return torch.log(value.clamp_min(torch.finfo(t.dtype).tiny)) + self.log_scale[k]


def _legendre(s: Tensor) -> list[Tensor]:
    """P_0 .. P_{ORDER-1} by the three-term recurrence."""
    found = [torch.ones_like(s), s]
    for j in range(1, ORDER - 1):
        found.append(((2 * j + 1) * s * found[j] - j * found[j - 1]) / (j + 1))
    return found


def panel_of(edges: Tensor, t: Tensor) -> Tensor:
    """The panel that holds each t; the first or last one for t beyond.

    Args:
        edges: Increasing, shape ``(panels + 1,)``. t: Any shape.
    Returns:
        int64, the shape of ``t``.

    >>> panel_of(torch.tensor([0.0, 2.0, 3.0]), torch.tensor([-1.0, 2.5]))
    tensor([0, 1])
    """
    return (torch.searchsorted(edges, t.contiguous(), right=True) - 1).clamp(0, edges.numel() - 2)


class GridConditionals(Conditionals):
    """Conditional distributions of ``log_prob`` (which need not be normalised) on
    panels with the given edges.

    Args:
        log_prob: From points ``(N, D)`` to nats ``(N,)``, D = 1, 2 or 3.
        edges: For each axis the increasing panel edges, shape ``(K_d + 1,)``.
        tolerance: Relative misfit at which the table's panels are no longer split; what
            is kept errs by far less.
        tile: Points at which ``log_prob`` is evaluated at once.
        pieces: Into how many equal intervals the part of a panel up to a point, and
            what lies beyond the grid, are divided, with a Gauss rule on each.

    >>> grid = GridConditionals(lambda x: -x[:, 0] ** 2, [torch.linspace(-6.0, 6.0, 9).double()])
    >>> middle = torch.zeros(1).double()
    >>> grid.fibre(torch.zeros(1, 0).double()).log_tail(middle, torch.ones(1).double()).exp().round(decimals=9)
    tensor([0.5000], dtype=torch.float64)
    """

    def __init__(
        self,
        log_prob: LogFunction,
        edges: list[Tensor],
        *,
        tolerance: float = 1e-8,
        tile: int = 1 << 16,
        pieces: int = 1,
    ) -> None:
        self.log_prob, self.edges, self.dim, self.tolerance, self.tile = log_prob, edges, len(edges), tolerance, tile
        self.pieces = pieces
        self.axes = [panel_nodes(axis) for axis in edges]
        self.rest = [self._product(d + 1) for d in range(self.dim)]
        self.table = self._tabulated(tolerance) if self.dim > 1 else None
        self.connected = True
        first = self.fibre(edges[0].new_zeros(1, 0))
        self.log_mass = first.total[0]
        if not bool(torch.isfinite(self.log_mass)):
            raise HypothesisError(
                "The density has no mass on the grid: log_prob is -inf at every node. Give near= or support=."
            )

    def halve_panels(self) -> GridConditionals:
        """The same on panels half as wide: twice the nodes along each axis, and on the
        part of a panel that is cut at a point.

        That part begins at the same edge on both grids, so that without more nodes of
        its own its error would not show.
        """
        finer = [_bisect_panels(axis) for axis in self.edges]
        return GridConditionals(self.log_prob, finer, tolerance=self.tolerance, tile=self.tile, pieces=2 * self.pieces)

    def unit_rule(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Nodes and weights on [0, 1], shape ``(pieces * order,)`` each, in the dtype
        of ``like``: the Gauss rule on each of the pieces."""
        nodes, weights, _ = gauss(ORDER).tensors(like)
        starts = torch.arange(self.pieces, dtype=like.dtype, device=like.device)
        return ((starts[:, None] + nodes) / self.pieces).ravel(), (weights / self.pieces).repeat(self.pieces)

    def evaluations(self, d: int) -> int:
        """At how many points ``log_prob`` is evaluated to set up a fibre of coordinate
        d + 1."""
        return 0 if d == 0 else self.axes[d][0].numel() * self.rest[d][1].numel()

    def fibre(self, before: Tensor) -> GridFibre:
        """The distributions of the next coordinate from rows ``(N, d)``, by quadrature
        over the later ones."""
        return GridFibre.over(self, before)

    def log_marginal(self, before: Tensor, t: Tensor) -> Tensor:
        """Logarithm of the density of the first coordinates together, integrated over
        the later ones.

        Args:
            before: Rows ``(N, d)``. t: Values of coordinate d + 1, shape ``(m, N)``.
        Returns:
            Shape ``(m, N)``. Not normalised.
        """
        if self.table is not None and before.shape[1] == 0:
            return self._tabled(t)
        return self._direct(before, t)

    def _tabled(self, t: Tensor) -> Tensor:
        beyond = (t < self.edges[0][0]) | (t > self.edges[0][-1])
        value = self.table.log_value(t)
        if bool(beyond.any()):
            far = t[beyond]
            value = value.masked_scatter(beyond, self._direct(far.new_zeros(far.numel(), 0), far[None])[0])
        return value

    def _direct(self, before: Tensor, t: Tensor) -> Tensor:
        d = before.shape[1]
        later, log_weights = self.rest[d]
        flat = torch.cat([before.expand(t.shape[0], *before.shape), t[..., None]], -1).reshape(-1, d + 1)
        count = later.shape[0]
        parts = []
        for part in flat.split(max(1, self.tile // count)):
            points = torch.cat([part[:, None].expand(-1, count, -1), later.expand(part.shape[0], -1, -1)], -1).reshape(
                -1, self.dim
            )
            values = log_values(self.log_prob, points).view(part.shape[0], count)
            parts.append(_log_sum(values + log_weights) if count > 1 else values[:, 0])
        return torch.cat(parts).view(t.shape)

    def _product(self, first: int) -> tuple[Tensor, Tensor]:
        """Nodes ``(R, D - first)`` and log weights ``(R,)`` of the axes from ``first``
        on."""
        axes = [(nodes.reshape(-1), weights.reshape(-1)) for nodes, weights in self.axes[first:]]
        if not axes:
            return self.edges[0].new_zeros(1, 0), self.edges[0].new_zeros(1)
        points = torch.cartesian_prod(*(nodes for nodes, _ in axes)).view(-1, len(axes))
        weights = sum(
            torch.meshgrid(*(weights for _, weights in axes), indexing="ij"), start=torch.zeros(()).to(points)
        )
        return points, weights.reshape(-1)

    def _tabulated(self, tolerance: float, depth: int = 10) -> Table:
        """The first marginal: panels are split until their polynomials meet the
        integral at their halves' nodes to ``tolerance``, relatively.

        The halves' polynomials are kept, whose error is smaller by about 2^-ORDER.
        """
        edges = self.edges[0]
        logs = self._first_marginal(panel_nodes(edges)[0])
        pending = [(edges[k], edges[k + 1], logs[k], depth) for k in range(edges.numel() - 1)]
        heaviest = logs.max()
        finished: list[tuple[Tensor, Tensor, Tensor]] = []
        while pending:
            pairs = torch.stack([torch.stack([a, b]) for a, b, _, _ in pending])
            middle = pairs.mean(1)
            halves = torch.stack([torch.stack([pairs[:, 0], middle]), torch.stack([middle, pairs[:, 1]])])  # (2, 2, n)
            nodes, _, _ = gauss(ORDER).tensors(edges)
            at = halves[:, 0, :, None] + (halves[:, 1] - halves[:, 0])[..., None] * nodes  # (2, n, q)
            direct = self._first_marginal(at)
            following = []
            for i, (a, b, log, left) in enumerate(pending):
                guess = Table.through(torch.stack([a, b]), log[None]).log_value(at[:, i])
                wrong = (guess - direct[:, i]).abs()
                light = direct[:, i].max() < heaviest - 90
                if bool((wrong <= tolerance).all()) or left == 0 or bool(light):
                    finished += [(a, middle[i], direct[0, i]), (middle[i], b, direct[1, i])]
                    continue
                following += [(a, middle[i], direct[0, i], left - 1), (middle[i], b, direct[1, i], left - 1)]
            pending = following
            if len(finished) + len(pending) > 512:
                finished += [(a, b, log) for a, b, log, _ in pending]
                break
        finished.sort(key=lambda piece: float(piece[0]))
        ends = torch.stack([edges[0], *(b for _, b, _ in finished)])
        return Table.through(ends, torch.stack([log for *_, log in finished]))

    def _first_marginal(self, nodes: Tensor) -> Tensor:
        flat = nodes.reshape(-1)
        return self._direct(flat.new_zeros(flat.numel(), 0), flat[None])[0].view(nodes.shape)


def _log_sum(logs: Tensor) -> Tensor:
    """Logarithm of the sum of exponentials along the last axis; -inf where all are,
    with derivatives 0 there."""
    shift = logs.detach().amax(-1)
    shift = torch.where(torch.isfinite(shift), shift, torch.zeros_like(shift))
    return torch.exp(logs - shift[..., None]).sum(-1).log() + shift


def _bisect_panels(edges: Tensor) -> Tensor:
    middle = (edges[1:] + edges[:-1]) / 2
    return torch.cat([torch.stack([edges[:-1], middle], 1).reshape(-1), edges[-1:]])


@dataclass(frozen=True)
class GridFibre(Fibre):
    """Distributions of one coordinate: log masses of the panels summed from below and
    from above, ``(K + 1, N)``, what lies beyond the grid included.

    Below ``split``, a point near the median, a point's own tail is the lower one, above
    it the upper one; the panel that holds the split is cut there, so that both are
    parts of one total and meet at the split. The other tail is the complement of the
    own one.
    """

    grid: GridConditionals
    before: Tensor
    logs: Tensor  # (K, q, N), log of the density at the panels' nodes, not normalised
    below: Tensor
    above: Tensor
    split: Tensor
    middle: Tensor  # the panel that holds the split
    total: Tensor

    @classmethod
    def over(cls, grid: GridConditionals, before: Tensor) -> GridFibre:
        """The distributions over rows of earlier coordinates, ``(N, d)``."""
        d, rows = before.shape[1], before.shape[0]
        nodes, weights = grid.axes[d]
        own = before[:1] if d == 0 else before  # the first coordinate has one distribution for all rows
        logs = grid.log_marginal(own, nodes.reshape(-1, 1).expand(-1, own.shape[0])).view(*nodes.shape, -1)
        masses = torch.logsumexp(logs + weights[..., None], 1)
        edges = grid.edges[d]
        nothing = torch.zeros_like(masses[0])
        fibre = cls(grid, own, logs, masses, masses, nothing, nothing, nothing)
        low = fibre._beyond(edges[0].expand(own.shape[0]), -1.0)
        high = fibre._beyond(edges[-1].expand(own.shape[0]), 1.0)
        below = torch.logcumsumexp(torch.cat([low[None], masses]), 0)
        above = torch.logcumsumexp(torch.cat([high[None], masses.flip(0)]), 0).flip(0)
        half = torch.logaddexp(below[-1], high) - LOG_2
        middle = (below[1:] < half).sum(0).clamp_max(edges.numel() - 2)
        fibre = replace(fibre, below=below, above=above, middle=middle)
        split = fibre._guess(middle, half, torch.ones_like(half)).detach()
        left = fibre._part(edges[middle], split - edges[middle], torch.ones_like(split))
        right = fibre._part(edges[middle + 1], edges[middle + 1] - split, -torch.ones_like(split))
        total = torch.logsumexp(torch.stack([_row(below, middle), left, right, _row(above, middle + 1)]), 0)
        parts = (tensor.expand(*tensor.shape[:-1], rows) for tensor in (logs, below, above, split, middle, total))
        return cls(grid, before, *parts)

    @property
    def centre(self) -> Tensor:
        """The middle of the grid."""
        edges = self.edges
        return ((edges[0] + edges[-1]) / 2).expand(self.before.shape[0])

    @property
    def scale(self) -> Tensor:
        """Half the width of the grid."""
        edges = self.edges
        return ((edges[-1] - edges[0]) / 2).expand(self.before.shape[0])

    @property
    def edges(self) -> Tensor:
        """The panels' edges along this coordinate."""
        return self.grid.edges[self.before.shape[1]]

    def take(self, rows: Tensor) -> GridFibre:
        """The distributions of some rows, a bool mask ``(N,)`` or numbers ``(n,)``."""
        parts = {
            name: getattr(self, name)[..., rows] for name in ("logs", "below", "above", "split", "middle", "total")
        }
        return replace(self, before=self.before[rows], **parts)

    def log_density(self, t: Tensor) -> Tensor:
        """log g(t) less the logarithm of its integral, nats, ``(N,)``."""
        return self.grid.log_marginal(self.before, t[None])[0] - self.total

    def _part(self, start: Tensor, width: Tensor, side: Tensor) -> Tensor:
        """log of the integral of g over an interval that begins at ``start`` and runs
        up (``side`` +1) or down (-1) by ``width``."""
        return _log_add(torch.full_like(width, -torch.inf), width, self._mean(start, width, side))

    def _mean(self, start: Tensor, width: Tensor, side: Tensor) -> Tensor:
        nodes, weights = self.grid.unit_rule(start)
        abscissae = start + nodes[:, None] * (side * width)
        return _log_sum((self.grid.log_marginal(self.before, abscissae) + weights.log()[:, None]).mT)

    def tail(self, t: Tensor) -> Tail:
        """A point's own tail, ``(N,)``: the panels on its side of the median, and the
        part of the panel that is cut at t."""
        edges, at = self.edges, t.detach()
        k = panel_of(edges, at)
        lower = at < self.split
        side = side_of(lower, t)
        start = torch.where(lower, edges[k], edges[k + 1])
        base = torch.where(lower, _row(self.below, k), _row(self.above, k + 1))
        inside = (at >= edges[0]) & (at <= edges[-1])
        width = torch.where(inside, (t - start) * side, torch.zeros_like(t))
        value = _log_add(base, width, self._mean(start, width, side)) - self.total
        if not bool(inside.all()):
            rows = (~inside).nonzero()[:, 0]
            far = self.take(rows)
            value = value.index_put((rows,), far._beyond(t[rows], -side[rows]) - far.total)
        return Tail(value.clamp_max(0.0), side)

    def log_tail(self, t: Tensor, side: Tensor) -> Tensor:
        """The own tail, or its complement, as ``side`` has it; ``(N,)``."""
        log_p, own = self.tail(t)
        return torch.where(side == own, log_p, log_complement(log_p)) if bool((side != own).any()) else log_p

    def _beyond(self, t: Tensor, way: Tensor | float) -> Tensor:
        r"""log of the integral of g from t outwards, by t + way * length * v/(1 - v)
        with a rule in v: exact neither for exponential nor for algebraic decay, and
        with 16 nodes good to about 5e-6 of itself for both."""
        way = torch.as_tensor(way, dtype=t.dtype, device=t.device).expand(t.shape)
        nodes, weights = self.grid.unit_rule(t)
        length = self._decay_length(t.detach(), way)
        reach = nodes / (1 - nodes)
        logs = self.grid.log_marginal(self.before, t + way * (reach[:, None] * length))
        return _log_sum((logs + (weights / (1 - nodes).square()).log()[:, None]).mT) + length.log()

    def _decay_length(self, t: Tensor, way: Tensor) -> Tensor:
        """On what length g falls by a factor of e, outwards, from two values a little
        further in."""
        edges = self.edges
        outer = torch.where(way > 0, edges[-1] - edges[-2], edges[1] - edges[0])
        beyond = (t - torch.where(way > 0, edges[-1], edges[0])) * way
        step = outer / 64 + beyond / 64
        logs = self.grid.log_marginal(self.before, torch.stack([t, t - way * step]))
        fall = logs[1] - logs[0]
        length = torch.where((fall > 0) & torch.isfinite(fall), step / fall.clamp_min(1e-3), outer)
        return torch.where(torch.isfinite(length), length, outer)

    def quantile(self, tail: Tail, *, steps: int = 200) -> tuple[Tensor, Tensor]:
        """From the panel that holds the own tail, with a first guess from the masses at
        its nodes."""
        edges, panels = self.edges, self.edges.numel() - 1
        log_p, side = self._own(tail)
        target, lower = log_p + self.total, side > 0
        upward = ((self.below <= target).sum(0) - 1).minimum(self.middle)
        downward = torch.where(
            self.above[-1] > target, panels, ((self.above >= target).sum(0) - 1).maximum(self.middle)
        )
        k = torch.where(lower, upward, downward)
        outside = (k < 0) | (k >= panels)
        k = k.clamp(0, panels - 1)
        low = torch.where(~lower & (k == self.middle), self.split, edges[k])
        high = torch.where(lower & (k == self.middle), self.split, edges[k + 1])
        if bool(outside.any()):
            rows = outside.nonzero()[:, 0]
            low[rows], high[rows] = self._bracket_beyond(rows, log_p, side)

        def evaluate(t: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
            part = self.take(rows)
            value = part.log_tail(t, side[rows])
            return value * side[rows], torch.exp(part.log_density(t) - value)

        start = torch.where(outside, (low + high) / 2, self._guess(k, target, side))
        root = solve_increasing(evaluate, log_p * side, low, high, start=start, steps=steps)
        return root.x, root.residual

    def _own(self, tail: Tail) -> Tail:
        """Tails on the sides of the points that they belong to; near the median a tail
        is as good as its complement."""
        edges, k = self.edges, self.middle
        left = self._part(edges[k], self.split - edges[k], torch.ones_like(self.split))
        at_split = torch.logaddexp(_row(self.below, k), left) - self.total
        lower = torch.where(tail.side > 0, tail.log_p, log_complement(tail.log_p)) <= at_split
        side = side_of(lower, tail.log_p)
        return Tail(torch.where(side == tail.side, tail.log_p, log_complement(tail.log_p)), side)

    def _bracket_beyond(self, rows: Tensor, log_p: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
        part, at = self.take(rows), torch.where(side[rows] > 0, self.edges[0], self.edges[-1])

        def value(t: Tensor, inner: Tensor) -> Tensor:
            return part.take(inner).log_tail(t, side[rows][inner]) * side[rows][inner]

        length = part._decay_length(at, -side[rows])
        low, high, found = bracket(value, (log_p * side)[rows], at, length)
        if not bool(found.all()):
            raise HypothesisError(
                f"{int((~found).sum())} of {found.numel()} tails beyond the grid are not reached: the support ends there, or the tail is too far out."
            )
        return low, high

    def _guess(self, k: Tensor, target: Tensor, side: Tensor) -> Tensor:
        """Where the cumulated masses of the nodes of panel k pass the target, linearly
        between half-weights."""
        nodes, weights, _ = gauss(ORDER).tensors(target)
        columns = torch.arange(k.numel(), device=k.device)
        mass = (
            torch.exp(self.logs[k, :, columns] - target[:, None])
            * weights
            * (self.edges[k + 1] - self.edges[k])[:, None]
        )
        lower = side > 0
        mass = torch.where(lower[:, None], mass, mass.flip(1))
        base = torch.exp(torch.where(lower, _row(self.below, k), _row(self.above, k + 1)) - target)
        climbed = base[:, None] + torch.cumsum(mass, 1) - mass / 2
        place = torch.searchsorted(climbed.contiguous(), torch.ones_like(base)[:, None])[:, 0]
        at = torch.cat([nodes.new_zeros(1), nodes, nodes.new_ones(1)])
        heights = torch.cat([base[:, None], climbed, (climbed[:, -1:] + mass[:, -1:] / 2)], 1)
        left, right = heights.gather(1, place[:, None])[:, 0], heights.gather(1, place[:, None] + 1)[:, 0]
        share = torch.nan_to_num((1 - left) / (right - left), nan=0.5, posinf=0.5, neginf=0.5).clamp(0, 1)
        u = at[place] + share * (at[place + 1] - at[place])
        return torch.where(
            lower,
            self.edges[k] + u * (self.edges[k + 1] - self.edges[k]),
            self.edges[k + 1] - u * (self.edges[k + 1] - self.edges[k]),
        )


def _row(table: Tensor, k: Tensor) -> Tensor:
    """Entry k_i of column i."""
    return table.gather(0, k[None])[0]


def _log_add(base: Tensor, width: Tensor, mean: Tensor) -> Tensor:
    """log(e^base + width e^mean), differentiable at width 0."""
    reference = torch.maximum(base, mean).detach()
    reference = torch.where(torch.isfinite(reference), reference, torch.zeros_like(reference))
    return torch.log(torch.exp(base - reference) + width * torch.exp(mean - reference)) + reference
