r"""Where two samples differ by mass: cells around centres of the data, and the share of
a model's draws that lie far from all data.

Cells and distances are fixed by one half of the data; counts of the other half and of
the model's draws are binomial then, with Clopper and Pearson's intervals.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.streams import Stream

__all__ = ["Cells", "Share", "cells_of", "far_from", "share"]

ROUNDS = 25


@dataclass(frozen=True)
class Share:
    """A count, its sample's size, and an interval for the probability."""

    count: int
    size: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """Count over size."""
        return self.count / self.size


def share(count: int, size: int, level: float) -> Share:
    """Clopper and Pearson's interval: both ends together fail with probability at most
    ``level``.

    >>> found = share(0, 100, 0.05)
    >>> found.low, round(found.high, 4)
    (0.0, 0.0362)
    """
    from scipy.stats import beta

    if not 0 <= count <= size or size < 1:
        raise ValueError(f"Expected a count of 0 to the size, got {count} of {size}.")
    low = 0.0 if count == 0 else float(beta.ppf(level / 2, count, size - count + 1))
    high = 1.0 if count == size else float(beta.isf(level / 2, count + 1, size - count))
    return Share(count, size, low, high)


@dataclass(frozen=True)
class Cells:
    """Centres ``(K, D)`` in standardised coordinates; a point belongs to the
    nearest."""

    centres: Tensor
    mean: Tensor
    scale: Tensor

    def counts(self, points: Tensor) -> Tensor:
        """How many points each cell holds, int64, shape ``(K,)``."""
        z = (points.double() - self.mean) / self.scale
        nearest = torch.cat([torch.cdist(part, self.centres).argmin(1) for part in z.split(4096)])
        return torch.bincount(nearest, minlength=len(self.centres))


def cells_of(points: Tensor, count: int, stream: Stream) -> Cells:
    """At most ``count`` cells by Lloyd's algorithm from spread-out starts (k-means++),
    in standardised coordinates.

    >>> x = torch.tensor([[0.0], [0.1], [5.0], [5.1]]).double()
    >>> cells_of(x, 2, Stream(0)).counts(x).tolist()
    [2, 2]
    """
    x = points.double()
    mean, scale = x.mean(0), x.std(0)
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    z = (x - mean) / scale
    centres = z[stream.integers(0, len(z), 1)]
    for _ in range(1, min(count, len(z))):
        nearest = torch.cdist(z, centres).amin(1).square()
        if not float(nearest.sum()) > 0:
            break
        steps = torch.cumsum(nearest, 0)
        at = int(torch.searchsorted(steps, float(stream.uniform(1)) * float(steps[-1])).clamp_max(len(z) - 1))
        centres = torch.cat([centres, z[at][None]])
    for _ in range(ROUNDS):
        nearest = torch.cdist(z, centres).argmin(1)
        held = torch.bincount(nearest, minlength=len(centres))
        sums = torch.zeros_like(centres).index_add_(0, nearest, z)
        moved = torch.where(held[:, None] > 0, sums / held.clamp_min(1)[:, None], centres)
        if torch.equal(moved, centres):
            break
        centres = moved
    return Cells(centres, mean, scale)


def far_from(reference: Tensor, held_out: Tensor, draws: Tensor, *, quantile: float = 0.99) -> tuple[Tensor, float]:
    """Whether draws lie further from the reference points than that quantile of the
    held-out points does: booleans, and the distance.

    >>> x = torch.tensor([[0.0], [1.0], [2.0]]).double()
    >>> far_from(x, x + 0.1, torch.tensor([[0.5], [9.0]]).double())[0].tolist()
    [True, True]
    """

    def nearest(points: Tensor) -> Tensor:
        return torch.cat([torch.cdist(part.double(), reference.double()).amin(1) for part in points.split(2048)])

    limit = float(torch.quantile(nearest(held_out), quantile))
    return nearest(draws) > limit, limit
