"""The arbitrary-score bijection with its fibre cut into fixed cells, so that the slope at a point comes from the point's own cell alone.

With one rule stretched from the base point to x, every node moves with x: where p/s at x is a millionth of its largest value on the way, an error of a
millionth there, from a kink of the density far away, is as large as the slope itself. A network of splines has kinks everywhere. Here the integrals over
whole cells do not move, and what is differentiated is the last, partial one. The rule of a whole cell is that of a partial cell at its end, which keeps the
computed map continuous; its weights are positive, which keeps it increasing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from numerics.quadrature import Rule, kronrod
from numerics.transports.arbitrary_score import ArbitraryScore, LogFunction, Slope


class CelledScore(ArbitraryScore):
    """:class:`ArbitraryScore` by a rule in each of several cells, which lie alike on both sides of the base point.

    Args:
        edges: Distances from the base point at which cells end, increasing and positive; a last cell reaches on to infinity.
        cell_rule: The rule in a cell; ``(len(edges) + 1) * len(cell_rule)`` evaluations of each function a point.
    Accuracy:
        As :class:`ArbitraryScore`; the estimates of :meth:`slope` are those of the point's own cell, its two terms (p/s, and its derivative at the
        moving nodes) estimated apart, so that their errors do not cancel in the estimate, and no smaller than the relative error of the cell before.
    """

    def __init__(
        self,
        log_prob: LogFunction,
        log_score: LogFunction,
        *,
        edges: Sequence[float],
        cell_rule: Rule | None = None,
        dim: int,
        base: float | LogFunction = 0.0,
        tile: int = 1 << 18,
        log_unit: float = 0.0,
    ) -> None:
        inner = cell_rule or kronrod(4)
        grid = (0.0, *edges, math.inf)
        if any(not low < high for low, high in itertools.pairwise(grid)):
            raise ValueError(f"Expected increasing positive edges of cells, got {list(edges)}.")
        cells = len(grid) - 1
        whole = Rule(
            inner.nodes * cells, inner.weights * cells, inner.coarse * cells, inner.degree, inner.coarse_degree
        )
        super().__init__(log_prob, log_score, dim=dim, base=base, rule=whole, tile=tile, log_unit=log_unit)
        self.edges, self.cell_rule = tuple(float(edge) for edge in edges), inner

    def centred(self, x: Tensor) -> CelledScore:
        """As :meth:`ArbitraryScore.centred`."""
        unit = super().centred(x).log_unit
        options = {"edges": self.edges, "cell_rule": self.cell_rule, "base": self.base, "tile": self.tile}
        return CelledScore(self.log_prob, self.log_score, dim=self.dim, log_unit=unit, **options)

    def _cells(self, first: Tensor, rest: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Abscissae ``(cells * m, n)``, lengths of the cells up to ``first`` ``(cells, n)``, which cell holds it, and on which side."""
        start = self.start(rest)
        side = torch.where(first.detach() >= start.detach(), 1.0, -1.0).to(first)
        reach = ((first - start) * side)[None]
        low = torch.tensor([0.0, *self.edges], dtype=first.dtype, device=first.device)[:, None]
        high = torch.tensor([*self.edges, math.inf], dtype=first.dtype, device=first.device)[:, None]
        near = torch.where(
            reach < low, reach, low
        )  # a cell beyond the point has no length, and its nodes lie at the point
        far = torch.where(reach < high, reach, high)
        length = far - near
        nodes = self.rule.tensors(first)[0].view(low.shape[0], -1, 1)
        t = start + side * (near[:, None] + nodes * length[:, None])
        return t.flatten(0, 1), length, (reach >= low) & (reach < high), side

    def _fibre(self, first: Tensor, rest: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor, Tensor], Tensor]:
        _, weights, coarse = self.rule.tensors(first)
        t, length, _, side = self._cells(first, rest)
        logs = self.log_integrand(t, rest)
        r = logs[0].exp()
        shape = (length.shape[0], -1, first.shape[0])
        sums = [((weight[:, None] * r).view(shape).sum(1) * length).sum(0) * side for weight in (weights, coarse)]
        return sums[0], sums[1], logs, t

    def _slope(self, x: Tensor) -> Slope:
        first, rest = x[:, 0].detach().requires_grad_(), x[:, 1:].detach()
        with torch.enable_grad():
            fine, _, logs, t = self._fibre(first, rest)
            value, by_node = torch.autograd.grad(fine.sum(), [first, t], allow_unused=True)
        self._check(tuple(log.detach() for log in logs), fine.detach())
        self._check_graph(logs)
        nodes, weights, coarse = (row[:, None] for row in self.rule.tensors(first))
        by_node = torch.zeros_like(t) if by_node is None else by_node
        _, length, own, _ = self._cells(first.detach(), rest)
        own = own.repeat_interleave(len(self.cell_rule), 0).to(x)
        long = length.repeat_interleave(len(self.cell_rule), 0)
        r = logs[0].detach().exp()
        less = (own * (weights - coarse) * r).sum(0).abs() + (own * nodes * (1 - coarse / weights) * by_node).sum(
            0
        ).abs()
        cell = (length.shape[0], -1, x.shape[0])
        fine_cells, rough_cells = ((weight * r).view(cell).sum(1) for weight in (weights, coarse))
        wrong = (fine_cells - rough_cells).abs() / fine_cells
        here = own.view(cell)[:, 0].argmax(0)
        before = torch.gather(wrong, 0, (here - 1).clamp_min(0)[None])[0]
        less = torch.maximum(less, before * value.abs())
        scale = (own * (weights * r + 2 * nodes * by_node.abs())).sum(0)
        value_scale = (weights * r * long).sum(0) + (t.detach().abs() * by_node.abs()).sum(0)
        size = 1 + (logs[1].detach().abs() + logs[2].detach().abs()).amax(0)
        return Slope(value, less, scale, value_scale, size)
