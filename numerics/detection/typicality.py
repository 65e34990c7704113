r"""Typicality measured: entropies by quadrature of the density alone, scores of points
and batches, and how far a log-determinant reaches.

Typicality is :math:`T = H + \log p(x)` in nats, signed, with :math:`H = -\mathrm E \log
p` the differential entropy (which may be negative). A sequence x_1..x_N of points has
the mean of their typicalities.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from numerics.distributions.interface import Columns
from numerics.transports.arbitrary_score import Slope
from numerics.transports.bijections import Bijection, Composition, Rotation, SplineLayer, TriangularLayer

Columnwise = Callable[[Tensor], Tensor]  # (n, D) -> (n, D), column by column

STEP = 1 / 64  # of the double-exponential rule, whose estimate comes from twice this step
REACH = 4.0  # its abscissae run over [-REACH, REACH]: distances between e^-43 and e^43 scales
TERMS = 2 * (int(2 * REACH / STEP) + 1)  # of a sum over both sides
LEAST_MASS = (
    1e-280  # of a node; below it a density and a slope underflow apart, and no integrand of size e^500 would show
)
GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Integral:
    """Integrals over independent columns, ``(D,)``, with the distance to a rule of
    twice the step: an estimate of that rule's error."""

    value: Tensor
    estimate: Tensor

    def total(self) -> tuple[Tensor, Tensor]:
        """The sum over the columns, and the sum of the estimates."""
        return self.value.sum(), self.estimate.sum()


def column_means(columns: Columns, functions: tuple[Columnwise, ...]) -> tuple[Integral, ...]:
    r"""E g_k of each column under its density: :math:`\int p\,g\,dx`, split at the
    median, by a double-exponential rule on both sides.

    The columns are used through ``log_density``, their supports and medians alone.
    Distances from the median are
    :math:`e^{\frac{\pi}{2}\sinh t}` where the support is unbounded, and a logistic
    curve of the same kind where it ends (Takahasi & Mori 1974).

    Args:
        columns: A block of columns or a product of blocks.
        functions: Each from points ``(n, D)`` to values of the same shape, column by
            column.
    Returns:
        One :class:`Integral` a function. Points of density zero contribute nothing,
        whatever g is there.

    >>> from numerics.distributions.marginals import Laplace
    >>> (absolute,) = column_means(Laplace(), (torch.abs,))
    >>> round(float(absolute.value), 12)
    1.0
    """
    centre = columns.median()
    sides = [_side(centre, end, sign) for end, sign in ((columns.low, -1.0), (columns.high, 1.0))]
    points, weights = (torch.cat(parts) for parts in zip(*sides, strict=True))
    with np.errstate(over="ignore"):  # SciPy's distributions warn where a density vanishes as e^-e^x
        log_p = columns.log_density(points)
        values = [function(points) for function in functions]
    mass = torch.where(torch.isfinite(log_p) & (weights > 0), weights * log_p.exp(), 0.0)
    mass = torch.where(mass > LEAST_MASS, mass, 0.0)
    every_other = torch.arange(points.shape[0] // 2, device=points.device).remainder(2).eq(0).repeat(2)[:, None]
    found = []
    for value in values:
        terms = torch.where(mass > 0, mass * value, 0.0)
        fine = terms.sum(0)
        coarse = 2 * (terms * every_other).sum(0)
        found.append(Integral(fine, (fine - coarse).abs()))
    return tuple(found)


def _side(centre: Tensor, end: Tensor, sign: float) -> tuple[Tensor, Tensor]:
    """Abscissae and weights ``(n, D)`` between the centre and one end of the
    support."""
    count = int(2 * REACH / STEP) + 1
    t = torch.linspace(-REACH, REACH, count, dtype=centre.dtype, device=centre.device)[:, None]
    bend, turn = math.pi / 2 * torch.sinh(t), math.pi / 2 * torch.cosh(t)
    length = (end - centre).abs()
    finite = torch.isfinite(length)
    share = torch.sigmoid(2 * bend)
    bounded = torch.where(finite, length, 1.0)
    distance = torch.where(finite, bounded * share, bend.exp())
    weight = STEP * torch.where(finite, bounded * 2 * turn * share * torch.sigmoid(-2 * bend), turn * bend.exp())
    return centre + sign * distance, weight


def entropy_and_variance(columns: Columns) -> tuple[Integral, Integral, Integral]:
    """Mass, differential entropy and Var(log p) of each column, by :func:`column_means`
    of log p alone.

    >>> from numerics.distributions.marginals import Laplace
    >>> mass, entropy, variance = entropy_and_variance(Laplace())
    >>> [round(float(part.value), 6) for part in (mass, entropy, variance)]
    [1.0, 1.693147, 1.0]
    """
    mass, mean = column_means(columns, (torch.ones_like, columns.log_density))
    (square,) = column_means(columns, (lambda x: (columns.log_density(x) - mean.value).square(),))
    return mass, Integral(-mean.value, mean.estimate), square


def highest_log_density(columns: Columns, *, steps: int = 120) -> Tensor:
    """The largest log density of each unimodal column, by golden-section search around
    the median; ``(D,)``.

    Accuracy: the search ends in a bracket of a few units of rounding, where log p
    varies by no more than its own rounding for a smooth mode, and by a few units times
    the slope at a corner. A mode at an end of the support is approached from inside.

    >>> from numerics.distributions.marginals import Uniform
    >>> round(float(highest_log_density(Uniform(0.0, 0.5)).exp()), 12)
    2.0
    """
    centre = columns.median()
    low = torch.where(torch.isfinite(columns.low), columns.low, centre - 64)
    high = torch.where(torch.isfinite(columns.high), columns.high, centre + 64)
    for _ in range(steps):
        width = GOLDEN * (high - low)
        left, right = high - width, low + width
        worse = columns.log_density(left[None])[0] < columns.log_density(right[None])[0]
        low, high = torch.where(worse, left, low), torch.where(worse, high, right)
    ends = torch.stack([low, (low + high) / 2, high])
    values = columns.log_density(ends)
    return torch.where(torch.isfinite(values), values, -torch.inf).amax(0)


# -- scores of points and of batches ---------------------------------------------------------------------------------------------


def batch_means(values: Tensor, batch: int) -> Tensor:
    """Means over consecutive batches; a last batch that is not full is left out. Shape
    ``(len(values) // batch,)``.

    Raises:
        ValueError: a batch of no points, or fewer points than one batch.

    >>> batch_means(torch.arange(5.0), 2)
    tensor([0.5000, 2.5000])
    """
    if batch < 1 or values.ndim != 1 or values.numel() < batch:
        raise ValueError(
            f"Expected a batch of at least one and at most {values.numel()} points, got batch = {batch} for values of shape {tuple(values.shape)}."
        )
    count = values.numel() // batch
    return values[: count * batch].view(count, batch).mean(1)


def typicality(log_density: Tensor, entropy: Tensor | float, *, batch: int = 1) -> Tensor:
    r"""T of points (or of batches): :math:`H + \frac1N\sum\log p(x_i)`, signed, nats.

    Args:
        log_density: Shape ``(n,)``. entropy: H in nats. batch: N.

    >>> typicality(torch.tensor([-1.0, -3.0]), 2.0)
    tensor([ 1., -1.])
    """
    return batch_means(log_density, batch) + entropy


def rank_p_values(reference: Tensor, statistic: Tensor) -> Tensor:
    r"""(1 + #{reference >= t}) / (n + 1) for every statistic t: at most alpha with
    probability at most alpha when t and the reference are exchangeable.

    Args:
        reference: The statistic on n fresh points of the null distribution, ``(n,)``.
            statistic: ``(m,)``. Larger means further off.

    >>> rank_p_values(torch.arange(9.0), torch.tensor([8.5, -1.0]))
    tensor([0.1000, 1.0000], dtype=torch.float64)
    """
    ordered = reference.sort().values
    below = torch.searchsorted(ordered, statistic.contiguous(), right=False)
    return (1 + reference.numel() - below).to(torch.float64) / (reference.numel() + 1)


# -- the range of a log-determinant, by the structure of a map ---------------------------------------------------------------------


def log_det_interval(chosen: Bijection) -> tuple[float, float]:
    """An interval that holds log|det| of the map at every point: the sum of what each
    layer's slopes can do.

    A triangular layer has slopes between e^-1/2 and e^1/2. A rational-quadratic piece
    with secant s and end slopes d, d' has a derivative between s^2 min / q^2 and s^2
    max / q^2, where min and max are over s, d, d' and the denominator q lies between
    s/2 + (d + d')/4 and s.

    Raises:
        ValueError: a map that is no composition of such layers and rotations.

    >>> from numerics.transports.bijections import Rotation
    >>> log_det_interval(Composition((Rotation(torch.eye(2)),)))
    (0.0, 0.0)
    """
    if not isinstance(chosen, Composition):
        raise ValueError(f"The slopes of a {type(chosen).__name__} are not known to be bounded.")
    low = high = 0.0
    for layer in chosen.layers:
        if isinstance(layer, TriangularLayer):
            reach = layer.offset.numel() / 2
            low, high = low - reach, high + reach
        elif isinstance(layer, SplineLayer):
            below, above = _spline_range(layer)
            low, high = low + below, high + above
        elif not isinstance(layer, Rotation):
            raise ValueError(f"The slopes of a {type(layer).__name__} are not known to be bounded.")
    return low, high


def _spline_range(layer: SplineLayer) -> tuple[float, float]:
    """Sums over the coordinates of the least and the largest log slope; 0, outside the
    knots, is among them."""
    secant = (layer.values[:, 1:] - layer.values[:, :-1]) / (layer.knots[:, 1:] - layer.knots[:, :-1])
    left, right = layer.slopes[:, :-1], layer.slopes[:, 1:]
    middle = secant / 2 + (left + right) / 4
    smallest, largest = torch.minimum(secant, middle), torch.maximum(secant, middle)
    three = torch.stack([secant, left, right])
    low = (secant.square() * three.amin(0) / largest.square()).log().amin(1)
    high = (secant.square() * three.amax(0) / smallest.square()).log().amax(1)
    return float(low.clamp(max=0).sum()), float(high.clamp(min=0).sum())


# -- integrals over the plane or the line of a density known point by point ------------------------------------------------------------


def grid_entropy(
    log_density: Callable[[Tensor], Tensor], box: Tensor, nodes: int, *, tile: int = 1 << 16
) -> tuple[tuple[float, float], tuple[float, float]]:
    r"""Mass and entropy :math:`\int q`, :math:`-\int q\log q` over a box of R^D, D
    small, by the trapezoid rule; each with its distance to a coarser grid.

    Args:
        log_density: Points ``(n, D)`` to nats ``(n,)``. box: Shape ``(2, D)``, lower
            and upper corner. nodes: Along each axis, odd.
    Returns:
        ``(mass, estimate), (entropy, estimate)``, nats; what lies outside the box is
        not seen, except through the mass. Nodes on the faces have full weight: the
        density should be negligible there.

    >>> from numerics.distributions.marginals import Normal
    >>> box = torch.tensor([[-10.0], [10.0]]).double()
    >>> (mass, _), (entropy, _) = grid_entropy(Normal().log_prob, box, 201)
    >>> round(mass, 9), round(entropy - math.log(2 * math.pi) / 2, 9)
    (1.0, 0.5)
    """
    dim = box.shape[1]
    axes = [torch.linspace(float(a), float(b), nodes, dtype=box.dtype, device=box.device) for a, b in box.T]
    points = torch.cartesian_prod(*axes).reshape(-1, dim)
    log_q = torch.cat([log_density(part) for part in points.split(tile)]).view(*[nodes] * dim)
    cell = float(torch.prod((box[1] - box[0]) / (nodes - 1)))
    q = log_q.exp()
    terms = q, torch.where(q > 0, -q * log_q, 0.0)
    coarse = tuple(slice(None, None, 2) for _ in range(dim))
    fine = [cell * float(term.sum()) for term in terms]
    rough = [cell * 2**dim * float(term[coarse].sum()) for term in terms]
    return (fine[0], abs(fine[0] - rough[0])), (fine[1], abs(fine[1] - rough[1]))


def log_slope_error(slope: Slope, dim: int, nodes: int) -> tuple[Tensor, Tensor]:
    r"""What truncation (an estimate) and rounding may do to log of a slope, each
    ``(N,)``; infinite where a half of the slope may be error.

    :math:`|\log(1 + r)| \le 2|r|` for :math:`|r| \le 1/2`; the rounding of a sum is
    that of its terms' absolute values, each term known to 16 (D + 8) units of rounding
    of 1 + \|log p\| + \|log s\|.

    >>> from numerics.transports.arbitrary_score import Slope
    >>> one = torch.ones(1).double()
    >>> exact = Slope(one, 0 * one, one, one, one)
    >>> truncation, rounding = log_slope_error(exact, 1, 63)
    >>> truncation, bool(rounding < 1e-12)
    (tensor([0.], dtype=torch.float64), True)
    """
    size, eps = slope.value.abs(), torch.finfo(slope.value.dtype).eps
    units = nodes + 8 + 16 * (dim + 8) * slope.log_size
    truncation, rounding = slope.estimate / size, eps * (units * slope.scale / size + 16 * (dim + 8) * slope.log_size)
    room = torch.where(truncation + rounding < 0.5, 2.0, torch.inf)
    return room * truncation, room * rounding
