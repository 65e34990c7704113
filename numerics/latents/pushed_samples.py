"""Samples pushed through an entangling map, counted in constant memory: marginals,
pairs of coordinates, random projections."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from numerics.bounds import Bound
from numerics.distributions.product import Product
from numerics.latents.entangling import EntanglingMap
from numerics.statistics.copulas import SquareGrid
from numerics.statistics.kolmogorov import TwoSampleGrid, UniformGrid
from numerics.streams import Stream, tiles

__all__ = ["DIRECTIONS", "PushedSamples"]

DIRECTIONS = 4  # random projections
CELLS, SQUARE = 1 << 12, 4  # of a line, in the tests of one coordinate; an axis, in the test of pairs
_EPS = torch.finfo(torch.float64).eps


class PushedSamples:
    """``size`` points f(z), and as many fresh points of the product distribution, from
    samplers that never call F.

    Args:
        f: The map. size: Points of each sample. stream: Where they are drawn from.
    Attributes:
        pairs: The largest total variation of a pair of coordinates from independence,
            on 16 cells of the square.
        marginals: The largest Kolmogorov distance of a coordinate from F_i, from below.
        columns: The same from the fresh sample. projections: The same for random
            projections.
    """

    def __init__(self, f: EntanglingMap, size: int, stream: Stream) -> None:
        d = f.dim
        squash = _squash(f.prior.sample(1001, stream.fork("pilot")))
        directions = stream.fork("directions").normal(d, DIRECTIONS)
        uniform, columns = UniformGrid(CELLS, d, stream.device), TwoSampleGrid(CELLS, d, stream.device)
        along, squares = TwoSampleGrid(CELLS, DIRECTIONS, stream.device), SquareGrid(SQUARE, d, stream.device)
        for x, fresh in _draw_pairs(f, stream, size, max(1, (1 << 19) // d)):
            p = _distribution(f.prior, x)
            uniform.add(p)
            squares.add(p)
            for sample, one, many in ((x, columns.first, along.first), (fresh, columns.second, along.second)):
                level = squash(sample)
                one.add(0.5 + torch.atan(level) / torch.pi)
                many.add(0.5 + torch.atan(torch.clamp(level, -1e6, 1e6) @ directions) / torch.pi)
        self.pairs, self.marginals = squares.variation, uniform.lower
        self.columns, self.projections = (float(grid.brackets()[0].max()) for grid in (columns, along))
        self._mean_variation = squares.mean_variation()

    @property
    def rounding(self) -> Bound:
        """What rounding of F adds to :attr:`marginals`."""
        return Bound({"rounding of F": 64 * _EPS}, "F is within 64 units of roundoff of a probability")

    @property
    def under_independence(self) -> Bound:
        """The mean of :attr:`pairs` where the coordinates are independent, and
        rounding."""
        return Bound(
            {"mean under independence": self._mean_variation, "rounding of F": 64 * SQUARE**2 * _EPS},
            "The mean of a total variation is at most the sum of the cells' standard deviations, halved; F is within 64 units of roundoff, at each edge.",
        )


def _draw_pairs(f: EntanglingMap, stream: Stream, size: int, tile: int) -> Iterator[tuple[Tensor, Tensor]]:
    drawn, fresh = stream.fork("drawn"), stream.fork("fresh")
    for count in tiles(size, tile):
        yield f(f.prior.sample(count, drawn).to(f.A.dtype)), f.prior.sample(count, fresh)


def _squash(pilot: Tensor) -> Callable[[Tensor], Tensor]:
    """Columns centred and scaled by a pilot sample's quartiles: an increasing map that
    is fixed before any point is judged."""
    quarters = torch.tensor([0.25, 0.5, 0.75], dtype=pilot.dtype, device=pilot.device)
    low, middle, high = torch.quantile(pilot, quarters, dim=0)
    return lambda x: (x - middle) / (high - low)


def _distribution(product: Product, x: Tensor) -> Tensor:
    """F_i(x_i), 0 below and 1 above the support."""
    low, high = product.low.to(x), product.high.to(x)
    inside = (x > low) & (x < high)
    safe = torch.where(inside, x, product.median().to(x))
    p = torch.exp(product.columnwise(lambda block, part: block.log_cdf(part), safe)).clamp_(0.0, 1.0)
    return torch.where(inside, p, (x >= high).to(x))
