r"""Sets of a given mass and what they weigh: images of boxes, families between
quantiles, upper sets, and their volumes.

The theorems that are measured with it do not enter. A set is a membership (bool per
point) or a score with a threshold; its mass is a count of samples, or a sum over cells,
and its volume a sum of cell volumes or of importance weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor

from numerics.distributions.mixtures import random_mixture
from numerics.roots import solve_increasing
from numerics.streams import Stream
from numerics.transports.bijections import Bijection

Score = Callable[[Tensor], Tensor]
Chart = Callable[[Tensor], Tensor]

__all__ = [
    "Cells", "Family", "Fold", "Region", "boundary", "cells_of", "competitors", "image_of_interval", "inside",
    "log_volume_factor", "middle_and_scale", "spread_in_image", "upper_set",
]  # fmt: skip


# -- images of sets -----------------------------------------------------------------------------------------------------


class Fold:
    """(x_1^2, x_2, ..): two points have one image. ``inverse`` returns the one with x_1
    >= 0."""

    def forward(self, x: Tensor) -> Tensor:
        """Images of points, shape ``(N, D)``, the same shape.

        >>> Fold().forward(torch.tensor([[-2.0, 1.0], [2.0, 1.0]]))
        tensor([[4., 1.],
                [4., 1.]])
        """
        return torch.cat([x[:, :1].square(), x[:, 1:]], 1)

    def inverse(self, y: Tensor) -> Tensor:
        """Right inverse on the image, ``(N, D)``."""
        return torch.cat([y[:, :1].sqrt(), y[:, 1:]], 1)


def image_of_interval(f: Bijection, low: Tensor, high: Tensor, points: int = 257) -> tuple[Tensor, Tensor]:
    """Least and largest value of a continuous f on [low, high], scalars, from an even
    grid: exact for monotone f, whose ends decide.

    Args:
        f: Maps points of shape ``(points, 1)`` to the same shape. low, high: Ends,
            shape ``()``.
        points: How many values are compared, the ends included.

    >>> image_of_interval(Fold(), torch.tensor(1.0), torch.tensor(3.0))
    (tensor(1.), tensor(9.))
    """
    grid = low + (high - low) * torch.linspace(0, 1, points, dtype=low.dtype, device=low.device)
    image = f.forward(grid[:, None])[:, 0]
    return image.amin(), image.amax()


def boundary(f: Bijection, low: Tensor, high: Tensor, side: int) -> Tensor:
    """The image of a box's boundary in the plane as a closed polygon with ``side``
    vertices on each side, shape ``(4 side, 2)``.

    Args:
        f: Maps points of shape ``(4 side, 2)`` to the same shape. low, high: Corners of
            the box, shape ``(2,)``.

    >>> boundary(Fold(), torch.zeros(2), torch.tensor([2.0, 1.0]), 1)
    tensor([[0., 0.],
            [4., 0.],
            [4., 1.],
            [0., 1.]])
    """
    steps = torch.arange(side, dtype=low.dtype, device=low.device)[:, None] / side
    corners = torch.stack([low, torch.stack([high[0], low[1]]), high, torch.stack([low[0], high[1]]), low])
    edges = [corners[k] + steps * (corners[k + 1] - corners[k]) for k in range(4)]
    return f.forward(torch.cat(edges))


def inside(points: Tensor, polygon: Tensor, *, tile: int = 1 << 22) -> Tensor:
    """Whether points of the plane lie inside a closed polygon, by the parity of
    crossings of a ray to the right.

    For a homeomorphism f of the plane the inside of the image of a closed curve is the
    image of its inside (Jordan), so that membership in f(A) is decided without any
    inverse.

    Args:
        points: ``(N, 2)``. polygon: Vertices in order, ``(M, 2)``; the last is joined
            to the first. tile: Comparisons held at once.
    Returns:
        bool, shape ``(N,)``.

    >>> square = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> inside(torch.tensor([[0.5, 0.5], [2.0, 0.5]]), square)
    tensor([ True, False])
    """
    found = torch.zeros(points.shape[0], dtype=torch.bool, device=points.device)
    near = ((points >= polygon.amin(0)) & (points <= polygon.amax(0))).all(1).nonzero()[:, 0]
    (x0, y0), (x1, y1) = polygon.T, polygon.roll(-1, 0).T
    slope = (x1 - x0) / torch.where(y1 == y0, torch.ones_like(y0), y1 - y0)
    for chunk in near.split(max(1, tile // polygon.shape[0])):
        x, y = points[chunk, :1], points[chunk, 1:]
        straddles = (y0 > y) != (y1 > y)
        found[chunk] = (straddles & (x < x0 + (y - y0) * slope)).sum(1) % 2 == 1
    return found


def cells_of(values: Tensor, edges: Tensor) -> Tensor:
    """Number of the cell of each value among ``len(edges) + 1`` cells cut by increasing
    edges; int64, the shape of ``values``.

    >>> cells_of(torch.tensor([-1.0, 0.5, 2.0]), torch.tensor([0.0, 1.0]))
    tensor([0, 1, 2])
    """
    return torch.searchsorted(edges, values.contiguous(), right=True)


class Region:
    """A set A that a pilot sample meets, and its image under f: an interval (D = 1), a
    box (D = 2) or a half-space.

    Membership in f(A) is that of the interval between the least and largest image, of
    the inside of the image of the box's boundary, or, for a half-space, of the preimage
    by ``f.inverse``.

    Args:
        f: With ``forward`` and, for D > 2, ``inverse``. pilot: Shape ``(n, D)``;
            quantiles of its columns bound the set.

    >>> half_line = Region(Fold(), torch.linspace(1.0, 2.0, 101)[:, None])
    >>> half_line.contains(torch.tensor([[1.0], [1.5]]))
    tensor([False,  True])
    """

    def __init__(self, f: Bijection, pilot: Tensor) -> None:
        self.f, self.dim = f, pilot.shape[1]
        levels = torch.tensor([0.3, 0.85], dtype=pilot.dtype, device=pilot.device)
        self.low, self.high = torch.quantile(pilot, levels, dim=0)

    def contains(self, points: Tensor) -> Tensor:
        """Membership in A, bool ``(N,)``."""
        if self.dim > 2:
            return points[:, 0] > self.low[0]
        return ((points > self.low) & (points <= self.high)).all(1)

    def in_image(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Membership in f(A), and where polygons with 32 and with 64 vertices a side
        disagree about it; bool ``(N,)`` each."""
        none = torch.zeros_like(images[:, 0], dtype=torch.bool)
        if self.dim == 1:
            least, most = image_of_interval(self.f, self.low[0], self.high[0])
            return (images[:, 0] >= least) & (images[:, 0] <= most), none
        if self.dim == 2:
            coarse, fine = (inside(images, boundary(self.f, self.low, self.high, side)) for side in (32, 64))
            return fine, fine != coarse
        return self.contains(self.f.inverse(images)), none


# -- sets between quantiles ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Family:
    r"""The sets :math:`\{x : q_t < \langle u, x\rangle \le q_{t+1-\alpha}\}` for evenly
    spaced t in [0, alpha], q the quantiles of a pilot sample.

    Args:
        starts: t of each member, shape ``(T,)``. low, high: Ends along ``direction``,
            ``(T,)``, infinite at 0 and at 1.
        direction: u, shape ``(D,)``.

    >>> sample = torch.arange(1000.0)[:, None]
    >>> pair = Family.of(sample, torch.ones(1), Fraction(1, 2), 2)
    >>> pair.contains(sample).float().mean(0)  # both leave out a half
    tensor([0.5000, 0.5000])
    """

    starts: Tensor
    low: Tensor
    high: Tensor
    direction: Tensor

    @classmethod
    def of(cls, pilot: Tensor, direction: Tensor, alpha: Fraction, members: int) -> Family:
        """From a pilot sample ``(n, D)``.

        Raises:
            ValueError: alpha outside (0, 1), fewer than two members, or too small a
                pilot.
        """
        if not 0 < alpha < 1:
            raise ValueError(
                f"Expected alpha strictly between 0 and 1, got {alpha}: at 0 the set is all of the distribution, at 1 none of it."
            )
        n = pilot.shape[0]
        if members < 2:
            raise ValueError(f"Expected two members or more, got {members}.")
        least = math.ceil(8 * members / min(alpha, 1 - alpha))
        if n < least:
            raise ValueError(
                f"Expected a pilot of at least {least} points for {members} members at alpha = {alpha}, got {n}."
            )
        ordered = torch.sort(pilot @ direction).values
        infinite = torch.full_like(ordered[:1], torch.inf)
        padded = torch.cat([-infinite, ordered[:-1], infinite])
        first = [int(alpha * n * k / (members - 1)) for k in range(members)]
        kept = n - int(alpha * n)
        starts = torch.tensor(first, dtype=pilot.dtype, device=pilot.device) / n
        low, high = (padded[torch.tensor([k + shift for k in first], device=pilot.device)] for shift in (0, kept))
        return cls(starts, low, high, direction)

    def contains(self, x: Tensor) -> Tensor:
        """Membership of points ``(N, D)`` in each member, bool ``(N, T)``."""
        along = (x @ self.direction)[:, None]
        return (along > self.low) & (along <= self.high)


# -- upper sets and their volumes ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cells:
    """A distribution that is constant on the cells of a grid, and the cells' volumes in
    a chart.

    Args:
        centres: ``(N, D)``. log_p: At the centres, ``(N,)``, up to a constant. masses,
            volumes: Nonnegative, ``(N,)``; masses sum to 1.
    """

    centres: Tensor
    log_p: Tensor
    masses: Tensor
    volumes: Tensor

    @classmethod
    def of(cls, log_prob: Score, edges: Sequence[Tensor], chart: Chart) -> Cells:
        """The distribution with density ``log_prob`` (up to a constant) at the centre
        of each box, and the volume of each box's image.

        Args:
            log_prob: ``(N, D) -> (N,)``; minus infinity where the density is 0.
            edges: Increasing edges of each axis. chart: An increasing function of the
                line, applied to every axis; a box's image is the box between the images
                of its edges, so that its volume needs no derivative.
        Raises:
            ValueError: NaN or plus infinity in ``log_prob``, no mass at all, or a chart
                that does not increase.

        >>> cells = Cells.of(lambda x: -x[:, 0], [torch.tensor([0.0, 1.0, 2.0])], torch.exp)
        >>> cells.masses[0] / cells.masses[1], cells.volumes  # e; e - 1, e^2 - e
        (tensor(2.7183), tensor([1.7183, 4.6708]))
        """
        middles = [(axis[1:] + axis[:-1]) / 2 for axis in edges]
        centres = torch.cartesian_prod(*middles).reshape(-1, len(edges))
        log_p = log_prob(centres)
        if (
            log_p.shape != centres.shape[:1]
            or bool((torch.isnan(log_p) | (log_p == torch.inf)).any())
            or bool(torch.isneginf(log_p).all())
        ):
            raise ValueError(
                "Expected one finite log density (or minus infinity) a cell, and some mass: p must be a density. "
                f"Got shape {tuple(log_p.shape)} with {int(torch.isnan(log_p).sum())} NaN and {int((log_p == torch.inf).sum())} infinite."
            )
        images = [chart(axis) for axis in edges]
        if not all(bool((image[1:] > image[:-1]).all()) for image in images):
            raise ValueError(
                "Expected a chart that increases along every axis, so that every cell has an image of positive volume."
            )
        before, after = _products(edges), _products(images)
        raw = torch.exp(log_p - log_p.max()) * before
        return cls(centres, log_p, raw / raw.sum(), after)

    def excess(self, chosen: Tensor, other: Tensor) -> Tensor:
        """How much more volume ``other`` takes than ``chosen``, in units of the
        latter's, signed; bool masks ``(N,)``, a scalar ``()``.

        >>> cells = Cells.of(lambda x: 0 * x[:, 0], [torch.tensor([0.0, 1.0, 4.0])], lambda x: x)
        >>> cells.excess(torch.tensor([True, False]), torch.tensor([False, True]))  # (3 - 1) / 1
        tensor(2.)
        """
        volume = self.volumes[chosen].sum()
        return (self.volumes[other].sum() - volume) / volume

    def rounding(self, chosen: Tensor, other: Tensor, level: Tensor) -> dict[str, Tensor]:
        """What rounding alone may take from :meth:`excess`, where the masses of the two
        sets are compared in floating point.

        Sums of N nonnegative terms are good to N eps relative. The other set may miss
        mass 2 N eps by it, which is worth at most 2 N eps / ``level`` of volume,
        ``level`` being mass per volume at the threshold.

        Args:
            chosen, other: bool masks, shape ``(N,)``. level: Shape ``()``.
        """
        eps, n = torch.finfo(self.masses.dtype).eps, self.masses.numel()
        volume, rival = self.volumes[chosen].sum(), self.volumes[other].sum()
        return {"masses": 4 * n * eps / (level * volume), "volumes": 2 * n * eps * (1 + rival / volume)}

    def balance(self, chosen: Tensor, other: Tensor, level: Tensor) -> Tensor:
        r"""Relative defect of :math:`\lambda(|B|-|A|) = P(B)-P(A) + \int_{A \triangle
        B}|p-\lambda|`, a scalar; A, B bool masks, lambda = ``level``.

        Mass and volume of each set are summed over the set, the integral over the cells
        where they differ. Zero to rounding if A is {p >= lambda}, p being mass per
        volume; relative to lambda (|A| + |B|) + P(A) + P(B).
        """
        volume = self.volumes[chosen].sum()
        excess = self.excess(chosen, other)
        masses = [self.masses[mask].sum() for mask in (chosen, other)]
        differ = chosen ^ other
        wasted = (self.masses[differ] - level * self.volumes[differ]).abs().sum()
        defect = level * volume * excess - (masses[1] - masses[0]) - wasted
        return defect.abs() / (level * (2 + excess) * volume + sum(masses))


def _products(edges: Sequence[Tensor]) -> Tensor:
    """Volumes of the boxes of a grid, shape ``(N,)``, in the order of
    ``torch.cartesian_prod``."""
    total = torch.ones(1, dtype=edges[0].dtype, device=edges[0].device)
    for axis in edges:
        total = (total[:, None] * (axis[1:] - axis[:-1])).reshape(-1)
    return total


def upper_set(score: Tensor, masses: Tensor, wanted: Tensor) -> Tensor:
    """Cells in order of decreasing score until their mass is at least ``wanted``; a
    bool mask, shape ``(N,)``.

    Ties are broken by position. Where even all cells fall short by rounding, all are
    taken.

    >>> masses = torch.tensor([0.2, 0.5, 0.3])
    >>> upper_set(masses, masses, torch.tensor(0.6))
    tensor([False,  True,  True])
    """
    order = torch.argsort(score, descending=True, stable=True)
    reached = torch.cumsum(masses[order], 0)
    count = int(torch.searchsorted(reached, wanted.reshape(1)).clamp(max=score.numel() - 1)) + 1
    chosen = torch.zeros_like(masses, dtype=torch.bool)
    chosen[order[:count]] = True
    return chosen


def competitors(log_prob: Score, dim: int, stream: Stream, *, centre: Tensor, scale: Tensor) -> Mapping[str, Score]:
    """Scores whose upper sets compete: half-spaces, balls, another distribution's level
    sets, ripples and roughness on log p itself, stripes.

    Args:
        log_prob: log p. centre, scale: Where the distribution lies and how far it
            spreads, ``(D,)`` each, so that the sets meet it.
    Returns:
        Scores by name, each from points ``(N, D)`` to ``(N,)``.

    >>> spread = {"centre": torch.zeros(2).double(), "scale": torch.ones(2).double()}
    >>> scores = competitors(lambda x: -x.square().sum(1), 2, Stream(1), **spread)
    >>> {score(torch.ones(3, 2).double()).shape for score in scores.values()}
    {torch.Size([3])}
    """
    direction = stream.normal(dim)
    direction = direction / direction.norm()
    off = centre + scale * stream.normal(dim) / 2
    other = random_mixture(dim, 3, stream.fork("other"))
    wave = 3 * stream.normal(dim)

    def unit(x: Tensor) -> Tensor:
        return (x - centre) / scale

    def rough(x: Tensor) -> Tensor:
        return torch.frac(
            torch.sin(unit(x) @ (1e3 * wave)) * 43758.5453
        ).abs()  # as good as noise, and the same at each call

    return {
        "half-space": lambda x: unit(x) @ direction,
        "other half-space": lambda x: -(unit(x) @ direction),
        "ball about the mean": lambda x: -unit(x).square().sum(1),
        "ball off the mean": lambda x: -((x - off) / scale).square().sum(1),
        "cube": lambda x: -unit(x).abs().amax(1),
        "another distribution's level set": lambda x: other.log_prob(unit(x)),
        "rippled level set": lambda x: log_prob(x) + torch.sin(unit(x) @ wave) / 4,
        "roughened level set": lambda x: log_prob(x) + rough(x) / 4,
        "stripes": lambda x: torch.sin(unit(x) @ wave),
        "noise": rough,
    }


def log_volume_factor(chart: Chart, x: Tensor) -> Tensor:
    """log of the product over coordinates of |chart'(x_i)|, shape ``(N,)``, by one
    backward pass through the chart.

    Args:
        chart: A function of the line, applied entry by entry. x: Points, shape ``(N,
            D)``.
    Raises:
        ValueError: a chart that autograd cannot follow, or one that does not keep
            shapes.

    >>> log_volume_factor(torch.exp, torch.tensor([[1.0, 2.0]]))
    tensor([3.])
    """
    leaf = x.detach().requires_grad_()
    with torch.enable_grad():
        image = chart(leaf)
    if image.shape != x.shape or not image.requires_grad:
        raise ValueError(
            f"Expected a differentiable chart that keeps the shape {tuple(x.shape)}, got {tuple(image.shape)}, cut off from autograd or reshaped."
        )
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(image.sum(), leaf)
    return slope.abs().log().sum(1)


def spread_in_image(chart: Chart, low: Tensor, high: Tensor, unit: Tensor) -> Tensor:
    """Points of the box [low, high] whose images under ``chart`` are spread over the
    image box as ``unit`` is over [0, 1]^D.

    The share of them that a set holds estimates the share of the image box that the
    set's image fills: no derivative enters, for Newton's slopes only steer a search
    that the chart's values alone decide.

    Args:
        chart: A continuous increasing function of the line, applied entry by entry.
            low, high: ``(D,)``. unit: ``(N, D)``, in [0, 1].
    Raises:
        ValueError: a chart that does not increase from one end of the box to the other.
    Accuracy: an image misses its place by at most 8 units of roundoff of 1 + its size,
        or by what a step of two units in x makes of it.

    >>> ends = torch.tensor([1.0]).double().log(), torch.tensor([3.0]).double().log()
    >>> spread_in_image(torch.exp, *ends, torch.tensor([[0.5]]).double())  # log 2
    tensor([[0.6931]], dtype=torch.float64)
    """
    ends = [chart(end.to(unit)).detach() for end in (low, high)]
    if not bool((ends[1] > ends[0]).all()):
        raise ValueError(f"Expected a chart that increases over the box, got {ends[0].tolist()} to {ends[1].tolist()}.")

    def followed(at: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        leaf = at.detach().requires_grad_()
        with torch.enable_grad():
            image = chart(leaf)
            if not image.requires_grad:
                return image, torch.full_like(at, torch.nan)  # without a slope the bracket is halved
            (slope,) = torch.autograd.grad(image.sum(), leaf)
        return image.detach(), slope

    target = (ends[0] + (ends[1] - ends[0]) * unit).reshape(-1)
    bracket = (end.to(unit).expand_as(unit).reshape(-1) for end in (low, high))
    return solve_increasing(followed, target, *bracket).x.view_as(unit)


def middle_and_scale(sample: Tensor) -> tuple[Tensor, Tensor]:
    """Columnwise median and half the distance of the quartiles, of a pilot sample.

    Args:
        sample: Shape ``(n, D)``; the first 2^17 rows are read.
    Returns:
        Shape ``(D,)`` each.

    >>> middle_and_scale(torch.arange(5.0)[:, None])
    (tensor([2.]), tensor([1.]))
    """
    levels = torch.tensor([0.25, 0.5, 0.75], dtype=sample.dtype, device=sample.device)
    low, middle, high = torch.quantile(sample[: 1 << 17], levels, dim=0)
    return middle, (high - low) / 2
