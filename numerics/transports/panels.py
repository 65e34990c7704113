"""Where a density on R, R^2 or R^3 has its mass, found from its values alone, and
panels on which a Gauss rule resolves it.

Nothing here is certain: a narrow peak far from every point tried goes unseen. The
searches are deterministic, their sizes are fixed, and what they find is checked
afterwards by halving the panels; give points of the distribution (``near``) or its box
(``support``) where you have them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.transports.domain import HypothesisError, LogFunction
from numerics.transports.grid_conditionals import ORDER, log_values, panel_nodes

NEGLIGIBLE = -41.0  # log of what is left outside, relative: e^-41 = 1.6e-18
MOST_NODES = {1: 1 << 15, 2: 1 << 10, 3: 512}  # along an axis
FIBRES = 192  # lines along each axis on which the panels are judged

__all__ = ["MOST_NODES", "Panels", "find_panels"]


@dataclass(frozen=True)
class Panels:
    """Panel edges of each axis, and what was seen on the way.

    ``limited`` says that splitting stopped at the greatest number of nodes with the
    tolerance unmet; ``gaps`` lists, for each axis, intervals between edges on which the
    density vanished on every line tried although it is positive on both sides.
    """

    edges: list[Tensor]
    limited: bool
    gaps: list[list[tuple[float, float]]]


def find_panels(
    log_prob: LogFunction,
    dim: int,
    *,
    near: Tensor | None = None,
    support: tuple[Tensor, Tensor] | None = None,
    tolerance: float = 1e-11,
    like: Tensor | None = None,
) -> Panels:
    """Panels for a density of which only values are known.

    1. Starting points: 4,096 directions at distances from 1e-3 to 1e6 around 0
       (``near``: around its mean, in its standard deviations, and its points
       themselves); the best climb to the peaks.
    2. A grid of octaves around the highest peak tells, axis by axis, from where to
        where the mass lies (unless ``support`` does).
    3. Panels double in width away from the middle of the mass; edges of the support
       that all lines share are found to the last digit; panels are split until the
       Gauss rule agrees with its halves to ``tolerance`` on lines through the mass,
       each line measured by its own mass.

    Args:
        near: Points of the distribution, shape ``(n, dim)``. support: Ends ``(low,
            high)`` of a box, tensors of shape ``(dim,)``, finite.
        like: A tensor of any shape whose dtype and device are used; float64 on the CPU
            otherwise.
    Raises:
        HypothesisError: the density is zero wherever it was tried.

    >>> edges = find_panels(lambda x: -x[:, 0] ** 2 / 2, 1).edges[0]
    >>> bool(edges[0] < -8), bool(edges[-1] > 8)
    (True, True)
    """
    zero = torch.zeros(dim, dtype=torch.float64) if like is None else like.new_zeros(dim)
    generator = torch.Generator().manual_seed(20260101)
    peaks, heights = _climb(log_prob, _starts(zero, near, support, generator), generator, support)
    low, high, centre, scale = _octaves(log_prob, peaks, heights, support)
    edges = [_doubling(*ends) for ends in zip(low, high, centre, scale, strict=True)]
    lines = _Lines.through_the_mass(log_prob, edges, peaks, generator)
    edges, gaps = _with_ends(lines, edges, support is not None)
    return _split(lines, edges, gaps, tolerance, MOST_NODES[dim])


def _normal(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(like)


def _uniform(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(*shape, generator=generator, dtype=torch.float64).to(like)


def _starts(
    zero: Tensor, near: Tensor | None, support: tuple[Tensor, Tensor] | None, generator: torch.Generator
) -> Tensor:
    dim = zero.numel()
    if support is not None:
        return support[0] + (support[1] - support[0]) * _uniform((4096, dim), zero, generator)
    directions = torch.nn.functional.normalize(_normal((4096, dim), zero, generator), dim=1)
    radii = 10 ** (9 * _uniform((4096, 1), zero, generator) - 3)
    cloud = 4 * _normal((2048, dim), zero, generator)
    wide = torch.cat([zero[None], cloud, radii * directions])
    if near is None:
        return wide
    own = near[:: max(1, near.shape[0] // 2048)].to(zero)
    spread = own.std(0) if len(own) > 1 else torch.ones_like(zero)
    return torch.cat([own, own.mean(0) + wide * (spread + torch.finfo(zero.dtype).tiny)])


def _climb(
    log_prob: LogFunction, starts: Tensor, generator: torch.Generator, support: tuple[Tensor, Tensor] | None
) -> tuple[Tensor, Tensor]:
    """The best 64 starting points, moved uphill by random steps of all sizes; no
    derivative is asked for."""
    values = log_values(log_prob, starts)
    if not bool(torch.isfinite(values).any()):
        raise HypothesisError(
            f"log_prob is -inf at all {values.numel()} points tried. Give near= (points of the distribution) or support= (a box that holds it)."
        )
    order = torch.argsort(values, descending=True)[:64]
    order = order[torch.isfinite(values[order])]
    at, height = starts[order].clone(), values[order].clone()
    step = 0.3 * (1 + at.abs().amax(1)) if support is None else 0.1 * (support[1] - support[0]).amax().expand(len(at))
    step = step.clone()
    powers = 2.0 ** torch.arange(-4, 3, dtype=at.dtype, device=at.device)
    for _ in range(40):
        sizes = step[:, None] * powers.repeat_interleave(3)
        tried = at[:, None] + sizes[..., None] * _normal((*sizes.shape, at.shape[1]), at, generator)
        if support is not None:
            tried = torch.minimum(torch.maximum(tried, support[0]), support[1])
        found = log_values(log_prob, tried.reshape(-1, at.shape[1])).view(sizes.shape)
        best, which = found.max(1)
        better = best > height
        at = torch.where(better[:, None], tried[torch.arange(len(at)), which], at)
        height = torch.where(better, best, height)
        step = torch.where(better, sizes[torch.arange(len(at)), which], step / 4)
    return at, height


def _octaves(
    log_prob: LogFunction, peaks: Tensor, heights: Tensor, support: tuple[Tensor, Tensor] | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Ends, middle and scale of the mass along each axis, from a grid around the
    highest peak whose steps double."""
    dim, top = peaks.shape[1], peaks[heights.argmax()]
    finest, widest, per = (-30, 64, 2) if dim == 1 else (-24, 56, 1) if dim == 2 else (-16, 28, 1)
    sizes = 2.0 ** (torch.arange(finest * per, widest * per + 1, dtype=peaks.dtype, device=peaks.device) / per)
    offsets = torch.cat([-sizes.flip(0), sizes.new_zeros(1), sizes])
    borders = torch.cat([offsets[:1] * 1.5, (offsets[1:] + offsets[:-1]) / 2, offsets[-1:] * 1.5])
    log_width = torch.log(borders[1:] - borders[:-1])
    grid = torch.cartesian_prod(*([offsets] * dim)).view(-1, dim) + top
    masses = torch.cat([log_values(log_prob, part) for part in grid.split(1 << 18)]).view(*([offsets.numel()] * dim))
    for axis in range(dim):
        masses = masses + log_width.view([-1 if k == axis else 1 for k in range(dim)])
    near_top = peaks[heights > heights.max() + NEGLIGIBLE]
    ends = []
    for axis in range(dim):
        others = [k for k in range(dim) if k != axis]
        along = torch.logsumexp(masses, others) if others else masses
        share = torch.softmax(along, 0)
        kept = (along > along.max() + NEGLIGIBLE).nonzero()[:, 0]
        if not kept.numel():  # so large a number that 41 less is the same number
            raise HypothesisError(
                f"Hypothesis 'finite mass' failed: log_prob grows without end (to {float(heights.max()):.3g} at {top.tolist()}). Is it log p, with its sign? "
                "Give support=(low, high) if p lives in a box."
            )
        cells = torch.searchsorted(torch.cumsum(share, 0), share.new_tensor([0.2, 0.5, 0.8])).clamp(max=len(share) - 1)
        spread = (borders[cells[2] + 1] - borders[cells[0]]) / 2
        middle = (borders[cells[1]] + borders[cells[1] + 1]) / 2
        low = torch.minimum(top[axis] + borders[kept[0]], near_top[:, axis].min() - 8 * spread)
        high = torch.maximum(top[axis] + borders[kept[-1] + 1], near_top[:, axis].max() + 8 * spread)
        ends.append(torch.stack([low, high, top[axis] + middle, spread]))
    low, high, centre, scale = torch.stack(ends, 1)
    if support is not None:
        low, high = support
        centre = torch.minimum(torch.maximum(centre, low + (high - low) / 64), high - (high - low) / 64)
    return low, high, centre, scale


def _doubling(low: Tensor, high: Tensor, centre: Tensor, scale: Tensor) -> Tensor:
    """Edges that move away from the centre by scale, 2 scale, 4 scale, .. until the
    ends."""
    steps = 2.0 ** torch.arange(0, 100, dtype=low.dtype, device=low.device)
    below, above = centre - scale * steps, centre + scale * steps
    inner = torch.cat([below[below > low].flip(0), centre[None], above[above < high]])
    return torch.cat([low[None], inner, high[None]]).unique_consecutive()


class _Lines:
    """Lines along every axis through points spread over the mass, tails included; on
    each, ``log_prob`` is a function of one number."""

    def __init__(self, log_prob: LogFunction, through: Tensor) -> None:
        self.log_prob, self.through = log_prob, through

    @classmethod
    def through_the_mass(
        cls, log_prob: LogFunction, edges: list[Tensor], peaks: Tensor, generator: torch.Generator
    ) -> _Lines:
        """Points drawn from a coarse grid by the sixth root of their mass, which
        reaches deep tails, and the peaks.

        They then walk for a while on the distribution whose density is that root, by
        steps along each other's differences (Goodman & Weare 2010), which follow thin
        and bent ridges that a coarse grid misses.
        """
        order = {1: 8, 2: 4, 3: 2}[len(edges)]
        axes = [panel_nodes(axis, order) for axis in edges]
        points = torch.cartesian_prod(*(nodes.reshape(-1) for nodes, _ in axes)).view(-1, len(edges))
        masses = _on_grid(log_prob, axes).reshape(-1)
        tempered = torch.softmax(torch.where(masses > masses.max() + NEGLIGIBLE, masses / 6, -torch.inf), 0)
        picks = torch.searchsorted(torch.cumsum(tempered, 0), _uniform((FIBRES,), points, generator))
        start = torch.cat([points[picks.clamp(max=len(points) - 1)], peaks[:32]])
        low, high = (torch.stack([axis[end] for axis in edges]) for end in (0, -1))

        def inside(x: Tensor) -> Tensor:
            held = ((x >= low) & (x <= high)).all(1)
            return torch.where(held, log_values(log_prob, x), -torch.inf)

        return cls(
            log_prob, _spread(inside, start, generator) if len(edges) > 1 else peaks[:1]
        )  # on R there is one line

    def values(self, axis: int, t: Tensor) -> Tensor:
        """log_prob at abscissae ``t`` of shape ``(m, lines)`` along ``axis``."""
        points = self.through.expand(t.shape[0], *self.through.shape).clone()
        points[..., axis] = t
        flat = points.reshape(-1, self.through.shape[1])
        return torch.cat([log_values(self.log_prob, part) for part in flat.split(1 << 18)]).view(t.shape)


def _spread(log_prob: LogFunction, walkers: Tensor, generator: torch.Generator, *, rounds: int = 80) -> Tensor:
    """Stretch moves on p^(1/6), both halves of the walkers in turn; every second round
    adds a local step instead."""
    dim = walkers.shape[1]
    walkers = walkers[torch.randperm(len(walkers), generator=generator).to(walkers.device)]
    values = log_prob(walkers) / 6
    half = len(walkers) // 2
    for turn in range(2 * rounds):
        moving = slice(0, half) if turn % 2 else slice(half, len(walkers))
        still = walkers[half:] if turn % 2 else walkers[:half]
        own, count = walkers[moving], len(walkers[moving])
        partner = still[torch.randint(0, len(still), (count, 3), generator=generator).to(walkers.device)]
        if turn % 4 < 2:
            stretch = (1 + _uniform((count,), own, generator)).square() / 2
            tried, bonus = partner[:, 0] + stretch[:, None] * (own - partner[:, 0]), (dim - 1) * stretch.log()
        else:
            size = 2.0 ** -(8 * _uniform((count, 1), own, generator))
            tried, bonus = own + size * (partner[:, 1] - partner[:, 2]), torch.zeros_like(values[moving])
        found = log_prob(tried) / 6
        accepted = _uniform((count,), own, generator).log() < bonus + found - values[moving]
        walkers[moving] = torch.where(accepted[:, None], tried, own)
        values[moving] = torch.where(accepted, found, values[moving])
    return walkers


def _with_ends(lines: _Lines, edges: list[Tensor], keep: bool) -> tuple[list[Tensor], list[list[tuple[float, float]]]]:
    """Places where the density begins or ends on all lines alike become edges; beyond
    the outermost nothing is kept."""
    found, gaps = [], []
    for axis, own in enumerate(edges):
        nodes = panel_nodes(own)[0].reshape(-1)
        alive = torch.isfinite(lines.values(axis, nodes[:, None].expand(-1, lines.through.shape[0])))
        places = _changes(lines, axis, nodes, alive) if not bool(alive.all()) else own.new_zeros(0)
        merged = torch.cat([own, places]).sort().values.unique_consecutive()
        middle = (merged[1:] + merged[:-1]) / 2
        live = torch.isfinite(lines.values(axis, middle[:, None].expand(-1, lines.through.shape[0]))).any(1)
        at = live.nonzero()[:, 0]
        first, last = (int(at[0]), int(at[-1])) if places.numel() and at.numel() and not keep else (0, live.numel() - 1)
        found.append(merged[first : last + 2])
        dead = [(float(merged[k]), float(merged[k + 1])) for k in range(first, last + 1) if not bool(live[k])]
        gaps.append(_join_intervals(dead) if places.numel() else [])
    return found, gaps


def _join_intervals(intervals: list[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for low, high in intervals:
        if joined and joined[-1][1] == low:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined


def _changes(lines: _Lines, axis: int, nodes: Tensor, alive: Tensor) -> Tensor:
    """Abscissae at which log_prob turns finite or -inf, by bisection; those that nearly
    all lines with mass share."""
    with_mass = alive.any(0)
    step, line = (alive[1:] != alive[:-1]).nonzero(as_tuple=True)
    if step.numel() == 0:
        return nodes.new_zeros(0)
    low, high, start = nodes[step].clone(), nodes[step + 1].clone(), alive[step, line]
    through = _Lines(lines.log_prob, lines.through[line])
    for _ in range(70):
        middle = (low + high) / 2
        same = torch.isfinite(through.values(axis, middle[None])[0]) == start
        low, high = torch.where(same, middle, low), torch.where(same, high, middle)
    places = ((low + high) / 2).sort().values
    apart = torch.cat(
        [places.new_ones(1, dtype=torch.bool), (places[1:] - places[:-1]) > 1e-9 * (nodes[-1] - nodes[0])]
    )
    group = torch.cumsum(apart, 0) - 1
    counts = torch.bincount(group)
    sums = torch.zeros(len(counts), dtype=places.dtype, device=places.device).index_add_(0, group, places)
    return (sums / counts)[counts >= 0.9 * with_mass.sum()]


def _split(
    lines: _Lines, edges: list[Tensor], gaps: list[list[tuple[float, float]]], tolerance: float, most: int
) -> Panels:
    """Panels are halved where their rule and their halves' rules differ by more than
    ``tolerance`` of a line's mass.

    Where panels of equal width do with fewer, these are taken: what is paid for every
    point grows with the number of nodes.
    """
    limited = False
    whole = []
    for axis, own in enumerate(edges):
        halved, short = _halve_where_needed(lines, axis, own, tolerance, most)
        limited |= short
        whole.append(halved)
    found = []
    for axis, tight in enumerate(_trim_panels(lines.log_prob, whole)):
        even = None if gaps[axis] else _even(lines, axis, tight, tolerance)
        found.append(tight if even is None else even)
    return Panels(found, limited, gaps)


def _even(lines: _Lines, axis: int, edges: Tensor, tolerance: float) -> Tensor | None:
    """The fewest panels of equal width (at most 23, and fewer than given) that resolve
    the lines, or None."""
    for count in range(1, min(edges.numel() - 1, 24)):
        steps = torch.arange(count + 1, dtype=edges.dtype, device=edges.device) / count
        even = edges[0] + (edges[-1] - edges[0]) * steps
        even[-1] = edges[-1]
        if not bool(_unresolved_panels(lines, axis, even, tolerance).any()):
            return even
    return None


def _halve_where_needed(lines: _Lines, axis: int, edges: Tensor, tolerance: float, most: int) -> tuple[Tensor, bool]:
    for _ in range(60):
        wrong = _unresolved_panels(lines, axis, edges, tolerance)
        if not bool(wrong.any()):
            return edges, False
        if (edges.numel() - 1 + int(wrong.sum())) * ORDER > most:
            return edges, True
        edges = torch.cat([edges, ((edges[1:] + edges[:-1]) / 2)[wrong]]).sort().values
    return edges, True


def _trim_panels(log_prob: LogFunction, edges: list[Tensor]) -> list[Tensor]:
    """Without the outermost (eighths of) panels that hold next to nothing; the tails
    beyond are integrated where they are asked for."""
    eighths = torch.arange(1, 8, dtype=edges[0].dtype, device=edges[0].device) / 8
    finer = []
    for own in edges:
        first, last = own[0] + (own[1] - own[0]) * eighths, own[-2] + (own[-1] - own[-2]) * eighths
        finer.append(torch.cat([own, first, last]).sort().values.unique_consecutive())
    order = {1: ORDER, 2: ORDER // 2, 3: ORDER // 4}[len(edges)]
    axes = [panel_nodes(own, order) for own in finer]
    logs = _on_grid(log_prob, axes)
    found = []
    for axis, (own, fine) in enumerate(zip(edges, finer, strict=True)):
        others = [k for k in range(len(edges)) if k != axis]
        along = torch.logsumexp(logs, others) if others else logs
        masses = torch.logsumexp(along.view(-1, order), 1)
        kept = (masses > torch.logsumexp(masses, 0) + NEGLIGIBLE).nonzero()[:, 0]
        low, high = fine[int(kept[0])], fine[int(kept[-1]) + 1]
        found.append(torch.cat([low[None], own[(own > low) & (own < high)], high[None]]))
    return found


def _on_grid(log_prob: LogFunction, axes: list[tuple[Tensor, Tensor]]) -> Tensor:
    """log_prob plus log weights on the tensor grid, one axis of the result for each
    coordinate."""
    points = torch.cartesian_prod(*(nodes.reshape(-1) for nodes, _ in axes)).view(-1, len(axes))
    weights = sum(torch.meshgrid(*(w.reshape(-1) for _, w in axes), indexing="ij"), start=torch.zeros(()).to(points))
    return torch.cat([log_values(log_prob, part) for part in points.split(1 << 17)]).view(weights.shape) + weights


def _unresolved_panels(lines: _Lines, axis: int, edges: Tensor, tolerance: float) -> Tensor:
    whole = _log_masses(lines, axis, edges)
    halved = torch.cat([torch.stack([edges[:-1], (edges[1:] + edges[:-1]) / 2], 1).reshape(-1), edges[-1:]])
    parts = _log_masses(lines, axis, halved).view(edges.numel() - 1, 2, -1)
    total = torch.logsumexp(parts, (0, 1))
    usable = torch.isfinite(total)
    difference = (torch.exp(whole - total) - torch.exp(parts - total).sum(1)).abs()
    narrow = (edges[1:] - edges[:-1]) <= 4 * torch.finfo(edges.dtype).eps * edges.abs().amax()
    return (difference[:, usable] > tolerance).any(1) & ~narrow


def _log_masses(lines: _Lines, axis: int, edges: Tensor) -> Tensor:
    nodes, weights = panel_nodes(edges)
    values = lines.values(axis, nodes.reshape(-1, 1).expand(-1, lines.through.shape[0]))
    return torch.logsumexp(values.view(*nodes.shape, -1) + weights[..., None], 1)
