"""Level sets against rivals: volumes and masses on a grid, and by samples of a
distribution with points spread over a box."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.detection import sets
from numerics.distributions.interface import log_prob_of, sample_of
from numerics.streams import Stream, tiles

__all__ = ["GridVolumes", "SampledVolumes", "ShiftedNormal"]

Chart = Callable[[Tensor], Tensor]
TILE = 1 << 16
SURPLUS = 1 / 32  # mass by which a rival exceeds the level set, so that its pilot's error does not decide


class ShiftedNormal:
    """A normal distribution about (2, 2, ..) that reports the density of the one about
    the origin."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, D)``."""
        return 2 + stream.normal(n, self.dim)

    def log_prob(self, x: Tensor) -> Tensor:
        """The other's log density, up to a constant, shape ``(N,)``."""
        return -x.square().sum(1) / 2


class GridVolumes:
    """A density that is constant on the cells of a grid: its level set against other
    sets of at least the same mass, chosen without it.

    Args:
        log_prob: Log density up to a constant, ``(N, D) -> (N,)``. dim: D. share: Mass
            of the level set.
        cells: About how many. box: Ends of the grid along every axis. chart: Where
            volume is taken, an increasing function of the line.
    Attributes:
        trivial: Whether the level set is the whole grid.
    Raises:
        ValueError: a box or a chart that does not increase, or what is no density on
            the grid.
    """

    def __init__(
        self,
        log_prob: sets.Score,
        dim: int,
        share: Fraction,
        *,
        cells: int,
        box: tuple[float, float],
        chart: Chart,
        stream: Stream,
    ) -> None:
        low, high = (float(end) for end in box)
        if not (low < high and abs(low) < torch.inf and abs(high) < torch.inf):
            raise ValueError(f"Expected box = (low, high), finite and increasing, around what matters of p, got {box}.")
        axis = torch.linspace(
            low, high, max(2, round(cells ** (1 / dim))) + 1, dtype=stream.dtype, device=stream.device
        )
        try:
            self.cells = sets.Cells.of(log_prob, [axis] * dim, chart)
        except (RuntimeError, TypeError, IndexError) as error:
            raise ValueError(
                f"The grid could not be filled (p maps points (N, {dim}) to log densities (N,)): {error}"
            ) from error
        grid = self.cells
        wanted = torch.tensor(float(share), dtype=stream.dtype, device=stream.device)
        self.level_set = grid.log_p >= grid.log_p[sets.upper_set(grid.log_p, grid.masses, wanted)].min()
        self.trivial = bool(self.level_set.all())
        self.density = grid.masses / grid.volumes
        self.level = self.density[self.level_set].min()
        centre = (grid.masses[:, None] * grid.centres).sum(0)
        scale = (grid.masses[:, None] * (grid.centres - centre).square()).sum(0).sqrt().clamp_min(1e-3)
        scores = sets.competitors(log_prob, dim, stream.fork("competitors"), centre=centre, scale=scale)
        mass = grid.masses[self.level_set].sum()
        self.rivals = [
            sets.upper_set(score, grid.masses, mass)
            for score in (self.density, *(score(grid.centres) for score in scores.values()))
        ]

    def beyond_the_rivals(self) -> Measurement:
        """Volume of the level set beyond each rival's, in units of its own, never below
        0."""
        terms = [self.cells.rounding(self.level_set, other, self.level) for other in self.rivals]
        bound = Bound(
            {name: torch.stack([term[name] for term in terms]) for name in terms[0]},
            "Sums of N nonnegative terms are good to N units of rounding; a set that so misses 2 N units of mass may save that over the level of volume.",
        )
        residual = torch.stack([(-self.cells.excess(self.level_set, other)).clamp_min(0) for other in self.rivals])
        return Measurement(residual, bound, self.cells.masses.numel())

    def balance(self) -> Measurement:
        """The volume by which each rival exceeds the level set, against masses and the
        integral of |p - lambda|: two-sided."""
        bound = Bound(
            {"sums": 4 * self.cells.masses.numel() * torch.finfo(self.cells.masses.dtype).eps},
            "Three sums of N terms, each good to N units of rounding of the sum of their absolute values, and as many for what is compared.",
        )
        residual = torch.stack([self.cells.balance(self.level_set, other, self.level) for other in self.rivals])
        return Measurement(residual, bound, self.cells.masses.numel())


class SampledVolumes:
    """A distribution restricted to a box about its middle; its level set and rivals
    with 1/32 more mass, by a pilot sample.

    Masses are shares of the distribution's own fresh samples, volumes shares of points
    spread evenly over the box in the chart, which know neither the distribution nor its
    density.

    Attributes:
        mass, volume: The largest mass, and volume as a share of the box, of the level
            set beyond a rival's, never below 0.
        rivals, size, spread: How many rivals, samples and spread points.
        share_off, inside: The level set's share of the fresh samples in the box against
            the pilot's; how many (pilot, fresh) those are.
    Raises:
        ValueError: what has no sampler or no density, or a chart that does not
            increase.
    """

    def __init__(
        self, distribution: Any, dim: int, share: Fraction, *, size: int, chart: Chart, stream: Stream
    ) -> None:
        self.distribution, self.chart, self.dim, self.size, self.spread = distribution, chart, dim, size, 4 * size
        pilot = sample_of(distribution, size, stream.fork("pilot"), dim)
        centre, scale = sets.middle_and_scale(pilot)
        self.low, self.high = centre - 3 * scale, centre + 3 * scale
        pilot = pilot[self._meets(pilot)]
        others = sets.competitors(self._log_prob, dim, stream.fork("competitors"), centre=centre, scale=scale)
        self.scores = [self._in_chart, *others.values()]
        self.rivals = len(self.scores)
        self.level = _upper_quantile(self._log_prob(pilot), float(share))
        self.thresholds = [_upper_quantile(score(pilot), min(1.0, float(share) + SURPLUS)) for score in self.scores]
        self.pilot_share = float((self._log_prob(pilot) > self.level).to(torch.float64).mean())
        self._weigh(len(pilot), stream)

    def _weigh(self, pilot: int, stream: Stream) -> None:
        mass = volume = torch.zeros(self.rivals, dtype=torch.float64, device=stream.device)
        fresh, uniform, inside, members = stream.fork("fresh"), stream.fork("uniform"), 0, 0
        for count in tiles(self.size, TILE):
            x = sample_of(self.distribution, count, fresh, self.dim)
            x = x[self._meets(x)]
            inside, members = inside + len(x), members + int((self._log_prob(x) > self.level).sum())
            mass = mass + self._beyond(x)
        for count in tiles(self.spread, TILE):
            volume = volume + self._beyond(
                sets.spread_in_image(self.chart, self.low, self.high, uniform.uniform(count, self.dim))
            )
        self.mass = float((mass / self.size).clamp_min(0).max())
        self.volume = float((volume / self.spread).clamp_min(0).max())
        self.inside, self.share_off = (pilot, max(1, inside)), abs(members / max(1, inside) - self.pilot_share)

    def _log_prob(self, x: Tensor) -> Tensor:
        return log_prob_of(self.distribution, x)

    def _in_chart(self, x: Tensor) -> Tensor:
        """Log density in the coordinates where volume is measured."""
        return self._log_prob(x) - sets.log_volume_factor(self.chart, x)

    def _meets(self, x: Tensor) -> Tensor:
        return ((x >= self.low) & (x <= self.high)).all(1)

    def _beyond(self, x: Tensor) -> Tensor:
        """How many of the points are in the level set less how many are in each rival;
        shape ``(rivals,)``."""
        inside = (self._log_prob(x) > self.level).to(torch.float64)
        chosen = [
            (score(x) > threshold).to(torch.float64)
            for score, threshold in zip(self.scores, self.thresholds, strict=True)
        ]
        return (inside - torch.stack(chosen)).sum(1)


def _upper_quantile(values: Tensor, share: float) -> Tensor:
    """The value above which lies that share of a sample."""
    rank = min(values.numel(), max(1, round((1 - share) * values.numel())))
    return torch.kthvalue(values, rank).values if share < 1 else torch.full_like(values[0], -torch.inf)
