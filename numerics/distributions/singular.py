"""Distributions without a density on R^D: on the axes, on a Cantor set, with an atom.
Sampled only."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.streams import Stream

__all__ = [
    "Cantor",
    "Cross",
    "Spiked",
]


@dataclass(frozen=True)
class Cross:
    """One coordinate uniform on [-1, 1], the others 0, which one being drawn: no point
    has mass, but x_k = 0 has mass (D - 1)/D.

    >>> Cross(3).sample(2, Stream(1)).count_nonzero(1)
    tensor([1, 1])
    """

    dim: int

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, D)``."""
        which = stream.integers(0, self.dim, n)
        along = 2 * stream.uniform(n, 1) - 1
        return torch.zeros(n, self.dim, dtype=along.dtype, device=along.device).scatter_(1, which[:, None], along)


@dataclass(frozen=True)
class Cantor:
    """D independent coordinates with Cantor's distribution: no point has mass, and
    there is no density. 33 ternary digits, 0 or 2 each.

    >>> x = Cantor(1).sample(100, Stream(1))
    >>> bool(((x < 1 / 3) | (x > 2 / 3)).all())
    True
    """

    dim: int

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, D)``."""
        bits = stream.integers(0, 1 << 33, n, self.dim)
        total = torch.zeros(n, self.dim, dtype=stream.dtype, device=stream.device)
        for k in range(33, 0, -1):
            total = (total + 2 * (bits >> (33 - k) & 1)) / 3
        return total


@dataclass(frozen=True)
class Spiked:
    """The standard normal distribution with a point of mass ``atom`` at the origin.

    >>> bool((Spiked(2).sample(100, Stream(1)) == 0).any())
    True
    """

    dim: int
    atom: float = 0.4

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, D)``."""
        spread = (stream.uniform(n, 1) >= self.atom).to(stream.dtype)
        return spread * stream.normal(n, self.dim)
