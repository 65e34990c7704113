r"""Mean average precision of a planted tree from the few strangers that come as near as
a neighbour.

.. math:: \mathrm{MAP} = \frac1N\sum_u\frac1{\deg u}\sum_{v\sim u}\frac{|N(u)\cap R_{uv}|}{|R_{uv}|}, \quad R_{uv} = \{w\ne u : d(u,w)\le d(u,v)\}

An edge is as long as it was made, so R holds the neighbours with edges no longer, and
the strangers within that length: only these have to be counted.
"""

from __future__ import annotations

import torch
from torch import Tensor

from numerics.hyperbolic.tree_frames import PlantedTree

__all__ = ["NeighbourRanks"]


class NeighbourRanks:
    """Strangers counted under each edge of each vertex.

    Args:
        planted: N places.

    Attributes:
        longest: Length of the longest edge: a stranger farther than that counts
            nowhere.
        tied: Strangers within the errors of a neighbour's distance, counted against the
            embedding.
    """

    def __init__(self, planted: PlantedTree) -> None:
        size = len(planted)
        child = torch.arange(1, size, device=planted.lengths.device)
        ends = torch.cat([child, planted.parents[1:]])
        lengths = planted.lengths[1:].repeat(2)
        order = torch.argsort(lengths, stable=True)
        order = order[torch.argsort(ends[order], stable=True)]
        self.owner, self.lengths = ends[order], lengths[order]  # edges of each vertex, shortest first
        self.degrees = torch.bincount(self.owner, minlength=size)
        self.offsets = torch.cat([self.degrees.new_zeros(1), self.degrees.cumsum(0)])
        self.strangers = torch.zeros(len(lengths) + 1, dtype=torch.int64, device=lengths.device)
        self.longest = float(lengths.max())
        self.tied = 0
        self._parents = planted.parents
        self._steps = int(self.degrees.max()).bit_length()

    def add(self, first: Tensor, second: Tensor, distance: Tensor, steps: Tensor, error: float) -> None:
        """Count the strangers in a batch of pairs; pairs joined by an edge are none.
        All are ``(k,)``; or distances and steps ``(a, b)``, vertices ``(a,)`` and
        ``(b,)``."""
        close = distance <= self.longest + error
        pick = close.nonzero(as_tuple=True)
        if distance.ndim == 1:
            u, v = first[pick[0]], second[pick[0]]
        else:
            u, v = first[pick[0]], second[pick[1]]
        d = distance[pick]
        joined = self._joined(u, v)
        u, v, d = u[~joined], v[~joined], d[~joined]
        for one in (u, v):
            self._count(one, d, error)

    def join(self, other: NeighbourRanks) -> None:
        """Add what was counted of other pairs of the same tree."""
        self.strangers += other.strangers
        self.tied += other.tied

    def _joined(self, u: Tensor, v: Tensor) -> Tensor:
        return (self._parents[u] == v) | (self._parents[v] == u)

    def _count(self, u: Tensor, d: Tensor, error: float) -> None:
        """Strangers at distance d of u: under every edge of u at least as long, a tie
        included."""
        low, high = self.offsets[u].clone(), self.offsets[u + 1].clone()
        end = high.clone()
        for _ in range(self._steps + 1):  # the first edge that is not shorter
            open_ = low < high
            middle = (low + high) // 2
            shorter = self.lengths[middle.clamp_max(len(self.lengths) - 1)] + error < d
            low = torch.where(open_ & shorter, middle + 1, low)
            high = torch.where(open_ & ~shorter, middle, high)
        within = low < end
        self.strangers.index_add_(0, low[within], torch.ones_like(low[within]))
        at = low[within]
        self.tied += int(((self.lengths[at] - d[within]).abs() <= error).sum())

    def mean_average_precision(self) -> float:
        """The mean over vertices of the mean over their neighbours."""
        lengths, owner = self.lengths, self.owner
        size = len(self.degrees)
        running = self.strangers[:-1].cumsum(0)
        before = torch.cat([running.new_zeros(1), running])[self.offsets[:-1]]
        inside = running - before[owner]
        # friends: edges of the same vertex up to and including ties in length
        place = torch.arange(len(lengths), device=lengths.device)
        last = torch.ones(len(lengths), dtype=torch.bool, device=lengths.device)
        last[:-1] = (owner[1:] != owner[:-1]) | (lengths[1:] != lengths[:-1])
        run = last.nonzero().flatten()
        group = torch.searchsorted(run, place)
        friends = run[group] - self.offsets[owner] + 1
        strangers = inside[run[group]]
        precision = friends.double() / (friends + strangers).double()
        sums = torch.zeros(size, dtype=torch.float64, device=lengths.device).index_add_(0, owner, precision)
        return float((sums / self.degrees).mean())
