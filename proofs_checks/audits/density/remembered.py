"""A log density that is evaluated once at each point: two bijections along the same fibres ask for most of their nodes again."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

MOST = 1 << 24  # coordinates that are kept, 128 MB in float64


class Remembered:
    """A function of points ``(N, D)`` to ``(N,)`` that keeps its values, bit for bit by the points; with gradients it is asked anew.

    Args:
        function: What is evaluated. most: Coordinates of points that are kept; beyond, points are evaluated and not kept.

    Attributes:
        evaluations: Points at which the function was evaluated.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], most: int = MOST) -> None:
        self.function, self.most, self.evaluations = function, most, 0
        self.places: dict[int, int] = {}
        self.points: Tensor | None = None
        self.values: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        """``function(x)``, each point evaluated once."""
        if torch.is_grad_enabled() or x.dtype != torch.float64 or x.is_cuda or x.ndim != 2 or len(x) == 0:
            self.evaluations += len(x)
            return self.function(x)
        keys = self._keys(x)
        first: dict[int, int] = {}
        for row, key in enumerate(keys):
            if key not in self.places:
                first.setdefault(key, row)
        if first:
            self._evaluate(x, first)
        assert self.values is not None
        assert self.points is not None
        at = torch.tensor([self.places[key] for key in keys])
        found, strange = self.values[at], (self.points[at] != x).any(1)
        if bool(strange.any()):  # two points of one key
            self.evaluations += int(strange.sum())
            found[strange] = self.function(x[strange]).to(found)
        if len(self.points) * x.shape[1] > self.most:
            self.places, self.points, self.values = {}, None, None
        return found

    @staticmethod
    def _keys(x: Tensor) -> list[int]:
        """A number for each row, made of its bits, by odd multipliers modulo 2^64."""
        multipliers = torch.randint(-(2**62), 2**62, (x.shape[1],), generator=torch.Generator().manual_seed(x.shape[1]))
        return (x.contiguous().view(torch.int64) * (2 * multipliers + 1)).sum(1).tolist()

    def _evaluate(self, x: Tensor, first: dict[int, int]) -> None:
        new = x[list(first.values())]
        value = self.function(new)
        self.evaluations += len(new)
        start = 0 if self.points is None else len(self.points)
        self.points = new.clone() if self.points is None else torch.cat([self.points, new])
        self.values = value.clone() if self.values is None else torch.cat([self.values, value])
        self.places.update({key: start + k for k, key in enumerate(first)})
