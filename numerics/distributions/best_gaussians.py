r"""Which Gaussian on the line fits two modes best under JSD or MMD: global minima over
a box of means and scales, proved by subdivision.

Both roots are metrics. A model q' in a cell of the box around q is at most
:math:`\delta(q, q')` away, so that no model of the cell is nearer to the data than
:math:`d(p, q) - \delta`; cells that cannot hold the minimum are dropped, the others are
quartered. For
:math:`m' = m \pm \mu`, :math:`\log s' = \log s \pm \lambda`:

- J, the sum of both relative entropies, is at most :math:`J_1 = D(\cosh 2\lambda - 1) +
    \tfrac{\mu^2}{2s^2}(1 + e^{2\lambda})`;
- JSD: :math:`\delta = \tfrac12\sqrt{J_1\log 2}`, since :math:`\mathrm{JSD} \le
  \tfrac{\log 2}{2}\int\frac{(q-q')^2}{q+q'} \le \tfrac{\log 2}{4} J` (Topsoe 2000; the
  logarithmic mean is at most the arithmetic one);
- MMD under :math:`e^{-|x-y|^2/(2h)}`: the smaller of :math:`\sqrt{(\mu^2 + D
    s^2(e^\lambda - 1)^2)/h}`, since the feature map is Lipschitz with constant
  :math:`h^{-1/2}` and the models are coupled by one standard normal vector, and
  :math:`\sqrt{J_1}`, since features have norm 1 (Pinsker).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.errors import PrecisionError

__all__ = [
    "Best",
    "Box",
    "Measure",
    "beyond_reach",
    "discrepancy",
    "global_minimum",
    "jensen_shannon",
    "nearest_outside",
    "two_modes",
]

Value = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]  # means, log scales (n,) to distances and their errors (n,)
Reach = Callable[[Tensor, Tensor, Tensor], Tensor]  # log scales, half widths in the mean and in the log scale to delta

REACH = 7.5  # standard deviations beyond which tails are dropped: mass below 1e-13
TILE = 512
MOST_CELLS = 400_000


@dataclass(frozen=True)
class Measure:
    """A metric between the data and a Gaussian N(m, s^2) on the line: its value with an
    error, and how far a cell of models reaches."""

    name: str
    value: Value
    reach: Reach


@dataclass(frozen=True)
class Box:
    """Means in [0, mean] (the data are symmetric) and log scales in [low, high]."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Best:
    """The least distance found, where, and a bound below every distance in the box
    outside of what was excluded."""

    mean: float
    scale: float
    distance: float
    below: float
    cells: int


def two_modes(separation: float, x: Tensor) -> Tensor:
    """Density of :math:`\\tfrac12 N(-a, 1) + \\tfrac12 N(a, 1)` at points of any shape.

    >>> two_modes(0.0, torch.zeros(1).double())
    tensor([0.3989], dtype=torch.float64)
    """
    bumps = torch.exp(-((x - separation) ** 2) / 2) + torch.exp(-((x + separation) ** 2) / 2)
    return bumps / (2 * math.sqrt(2 * math.pi))


def jensen_shannon(separation: float, *, spacing: float = 0.25) -> Measure:
    r"""The root of JSD to two modes of variance 1 at -a and a, by the trapezoidal rule
    over the line.

    The rule converges geometrically for analytic integrands; its error is *estimated*
    by halving the number of nodes.
    """

    def value(m: Tensor, log_s: Tensor) -> tuple[Tensor, Tensor]:
        order = log_s.argsort()  # alike scales take alike numbers of nodes
        tiles = zip(m[order].split(TILE), log_s[order].split(TILE), strict=True)
        fine, coarse = torch.cat([_tile(*tile, separation, spacing) for tile in tiles], 1)[:, order.argsort()]
        low = (fine - (fine - coarse).abs()).clamp_min(0)
        return fine.clamp_min(0).sqrt(), fine.clamp_min(0).sqrt() - low.sqrt()

    def reach(log_s: Tensor, mean: Tensor, log_width: Tensor) -> Tensor:
        return (math.log(2) * _jeffreys(log_s, mean, log_width)).sqrt() / 2

    return Measure(f"JSD, modes at +-{separation:g}", value, reach)


def _jeffreys(log_s: Tensor, mean: Tensor, log_width: Tensor, dim: int = 1) -> Tensor:
    """J_1: at least the sum of both relative entropies between the centre of a cell and
    any of its models."""
    stretch = dim * 2 * torch.sinh(log_width) ** 2  # cosh(2 lambda) - 1, without cancellation
    return stretch + mean**2 / 2 * torch.exp(-2 * log_s) * (1 + torch.exp(2 * log_width))


def _tile(m: Tensor, log_s: Tensor, a: float, spacing: float) -> Tensor:
    """JSD by the trapezoidal rule and by its every other node. Steps follow the
    narrower of data and model."""
    s = log_s.exp()
    step = spacing * s.clamp(max=1.0)
    low = torch.minimum(m - REACH * s, torch.full_like(m, -a - REACH))
    high = torch.maximum(m + REACH * s, torch.full_like(m, a + REACH))
    count = int(((high - low) / step).max()) + 2
    count += count % 2
    x = low[:, None] + (high - low)[:, None] * torch.arange(count + 1, dtype=m.dtype, device=m.device) / count
    p = two_modes(a, x)
    q = torch.exp(-(((x - m[:, None]) / s[:, None]) ** 2) / 2) / (s[:, None] * math.sqrt(2 * math.pi))
    middle = (p + q) / 2
    f = torch.special.entr(middle) - (torch.special.entr(p) + torch.special.entr(q)) / 2
    width = (high - low) / count
    return torch.stack([f.sum(1) * width, f[:, ::2].sum(1) * 2 * width])


def discrepancy(separation: float, h: float, dim: int = 1) -> Measure:
    r"""The root of MMD^2 to two modes at distance a on either side of 0, in D
    dimensions, by Gaussian integrals.

    The model's mean lies on the line through the modes: its part across it only lowers
    the overlap.
    """

    def overlap(squared: Tensor, spread: Tensor) -> Tensor:
        return torch.exp(dim / 2 * torch.log(h / (h + spread)) - squared / (2 * (h + spread)))

    def value(m: Tensor, log_s: Tensor) -> tuple[Tensor, Tensor]:
        s2 = torch.exp(2 * log_s)
        two = torch.full_like(m, 2.0)
        own = (overlap(torch.zeros_like(m), two) + overlap(torch.full_like(m, 4 * separation**2), two)) / 2
        cross = (overlap((m - separation) ** 2, 1 + s2) + overlap((m + separation) ** 2, 1 + s2)) / 2
        square = own + overlap(torch.zeros_like(m), 2 * s2) - 2 * cross
        doubt = 16 * torch.finfo(m.dtype).eps * (dim + 1 + square.abs())
        root = square.clamp_min(0).sqrt()
        return root, root - (square - doubt).clamp_min(0).sqrt()

    def reach(log_s: Tensor, mean: Tensor, log_width: Tensor) -> Tensor:
        stretch = torch.exp(log_s) * torch.expm1(log_width)
        return torch.minimum((mean**2 + dim * stretch**2) / h, _jeffreys(log_s, mean, log_width, dim)).sqrt()

    return Measure(f"MMD, h = {h:g}, D = {dim}, modes at +-{separation:g}", value, reach)


def beyond_reach(measure: Measure, share: float = 1.0, *, like: Tensor) -> Measurement:
    """By how much models lie beyond the reach of a cell around N(0, 1), for a measure
    whose data are N(0, I) itself (separation 0): the distance to the data is then that
    to the cell's centre.

    Args:
        share: Of the reach that is claimed; 1 is the derived one.
        like: A tensor whose dtype and device are taken.
    """
    widths = like.new_tensor([0.05, 0.1, 0.2, 0.4])
    mean, level = (part.flatten() for part in torch.meshgrid(widths, widths, indexing="ij"))
    mean, level = torch.cat([mean, widths, 0 * widths]), torch.cat([level, 0 * widths, widths])
    distance, error = measure.value(mean, level)
    reach = share * measure.reach(torch.zeros_like(mean), mean, level)
    why = "The reach is an upper bound of the distance of two models; values carry their own error, 1e-9 for the root of rounding."
    estimated = ("value",) if "JSD" in measure.name else ()
    return Measurement(
        (distance - reach).clamp_min(0), Bound({"value": error + 1e-9}, why, estimated=estimated), len(mean)
    )


def nearest_outside(
    measure: Measure,
    box: Box,
    allowed: Callable[[Tensor, Tensor], Tensor],
    *,
    like: Tensor,
    rounds: int = 30,
    gap: float = 0.0,
    stop: float = math.inf,
) -> Best:
    """A bound below the distances of all models in the box that are not ``allowed``, by
    subdivision.

    Args:
        allowed: From means and scales ``(n,)`` of a cell's *corner nearest to not being
            allowed* to whether the whole cell is left out; called with both ends of
            each cell, and a cell is left out only if all four corners are.
        gap: Relative width at which the bounds stop. stop: Stop as soon as the bound
            from below reaches this distance.
    Raises:
        PrecisionError: the cells did not suffice.
    """
    count = 16
    half = torch.tensor([box.mean / count / 2, (box.high - box.low) / count / 2], dtype=like.dtype, device=like.device)
    steps = torch.arange(count, dtype=like.dtype, device=like.device)
    m = (half[0] * (2 * steps + 1)).repeat(count)
    level = (box.low + half[1] * (2 * steps + 1)).repeat_interleave(count)
    best = Best(math.nan, math.nan, math.inf, 0.0, 0)
    seen = 0
    for _ in range(rounds):
        out = torch.ones_like(m, dtype=torch.bool)
        for i in (-1, 1):
            for j in (-1, 1):
                out &= allowed(m + i * half[0], torch.exp(level + j * half[1]))
        m, level = m[~out], level[~out]
        if not len(m):
            break
        seen += len(m)
        value, error = measure.value(m, level)
        least = int(value.argmin())
        if float(value[least] + error[least]) < best.distance:
            best = Best(float(m[least]), math.exp(float(level[least])), float(value[least] + error[least]), 0.0, seen)
        low = value - error - measure.reach(level, half[0].expand_as(m), half[1].expand_as(m))
        bottom = float(low.min())
        best = Best(best.mean, best.scale, best.distance, bottom, seen)
        target = min(best.distance * (1 - gap), stop)
        if bottom >= target:
            break
        keep = low < target
        m, level, half = *_quartered(m[keep], level[keep], half), half / 2
        if len(m) > MOST_CELLS:
            raise PrecisionError(f"{measure.name}: more than {MOST_CELLS} cells are needed to tell the minima apart.")
    return best


def _quartered(m: Tensor, level: Tensor, half: Tensor) -> tuple[Tensor, Tensor]:
    steps = [(i, j) for i in (-0.5, 0.5) for j in (-0.5, 0.5)]
    return (
        torch.cat([m + i * half[0] for i, _ in steps]),
        torch.cat([level + j * half[1] for _, j in steps]),
    )


Region = Callable[[Tensor, Tensor], Tensor]  # means and scales (n,) to whether they belong


def global_minimum(
    measure: Measure, box: Box, region: Region, *, like: Tensor, rounds: int = 9
) -> tuple[Measurement, Best]:
    """That the model nearest to the data lies in ``region``: by how much a model
    outside beats all of the region (0 where none does). ``like`` is a tensor of any
    shape whose precision and device are used.

    The best distance in the region is compared with a bound below all distances
    outside, and the other way round.

    Raises:
        PrecisionError: neither is below the other after that many rounds of
            subdivision.
    """

    def outside(m: Tensor, s: Tensor) -> Tensor:
        return ~region(m, s)

    coarse = [nearest_outside(measure, box, allowed, like=like, rounds=rounds // 2) for allowed in (outside, region)]
    inside = nearest_outside(measure, box, outside, like=like, rounds=rounds, stop=coarse[1].distance)
    beyond = nearest_outside(
        measure, box, region, like=like, rounds=rounds, stop=min(coarse[0].distance, inside.distance)
    )
    best = min(inside, beyond, key=lambda at: at.distance)
    holds, fails = inside.distance <= beyond.below, beyond.distance <= inside.below
    if not (holds or fails):
        raise PrecisionError(
            f"{measure.name}: {inside.distance:.4g} inside and {beyond.distance:.4g} outside are too close to tell apart."
        )
    _, error = measure.value(like.new_tensor([best.mean]), like.new_tensor([best.scale]).log())
    excess = max(0.0, inside.below - beyond.distance) if fails else 0.0
    why = "The root is a metric: no model of a cell is nearer than the cell's centre less the cell's reach; all cells are below or above."
    bound = Bound({"quadrature": float(error) + 1e-12}, why, estimated=("quadrature",) if "JSD" in measure.name else ())
    return Measurement(torch.tensor([excess]), bound, inside.cells + beyond.cells), best
