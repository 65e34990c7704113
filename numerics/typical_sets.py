r"""Typical sets of product laws: their mass as a gamma probability, their volume as a shell's and by points of a ball.

A law :math:`\propto e^{-\sum|z_i|^{1/a}}` has typicality :math:`n a - G` over n coordinates, G of gamma law n a; where T lies within epsilon of 0, the point lies in
a shell of the norm :math:`(\sum|z_i|^{1/a})^a`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from numerics.marginals import Exponential, Laplace, Normal, Product
from numerics.random import Stream, tiles
from numerics.typicality import Integral, entropy_and_variance

SHAPES = {Normal: 0.5, Laplace: 1.0, Exponential: 1.0}  # a = Var(log p) of a coordinate
Member = Callable[[Any, Any], Any]


def shape_of(law: Product) -> float | None:
    """a, where every block of the law is of one exponential-power family; None elsewhere."""
    kinds = {type(block) for block in law.blocks}
    return SHAPES.get(*kinds) if len(kinds) == 1 else None


class MeasuredLaw:
    """A law's mass, entropy and Var(log p), by quadrature of its log density, with their estimates.

    Attributes:
        mass, entropies, variances: Column by column.
        entropy, variance: Sums over the columns, nats. entropy_error, variance_error: Their estimated errors.
        rounding: What the sums may round, nats.
    """

    def __init__(self, law: Product) -> None:
        self.law = law
        self.mass, self.entropies, self.variances = entropy_and_variance(law)
        self.entropy, self.entropy_error = _total(self.entropies)
        variance, self.variance_error = _total(self.variances)
        self.variance = max(variance, 0.0)
        self.rounding = 64 * torch.finfo(torch.float64).eps * float((1 + self.entropies.value.abs()).sum())

    def deviation(self) -> float:
        """The standard deviation of log p, or 1 where log p is constant."""
        return math.sqrt(self.variance) if self.variance > self.rounding else 1.0


def _total(part: Integral) -> tuple[float, float]:
    value, error = part.total()
    return float(value), float(error)


@dataclass(frozen=True)
class TypicalSet:
    """Sequences of ``length`` points of the law that are members by their typicality.

    Args:
        law: Independent columns. length: N. epsilon: Half width, nats a point.
        entropy: What is taken for H. member: From (T, epsilon) to membership.
    """

    law: Product
    length: int
    epsilon: float
    entropy: float
    member: Member

    @property
    def dim(self) -> int:
        """N D."""
        return self.length * self.law.dimension

    def typicality(self, sequences: Tensor) -> Tensor:
        """T of sequences ``(n, N, D)``, shape ``(n,)``."""
        return self.entropy + self.law.log_prob(sequences).sum(-1).mean(-1)

    def contains(self, sequences: Tensor) -> Tensor:
        """Membership, shape ``(n,)``."""
        return self.member(self.typicality(sequences), self.epsilon)

    def edges(self, shape: float) -> tuple[float, float]:
        """Between which values of sum |z|^(1/a) the members lie; from 0 on, where a T as large as 2 epsilon is allowed."""
        total, reach = self.dim * shape, self.length * self.epsilon
        one_sided = bool(self.member(2 * self.epsilon, self.epsilon))
        return 0.0 if one_sided else max(total - reach, 0.0), total + reach

    def mass(self, shape: float) -> float:
        """P(A), a gamma probability."""
        return gamma_mass(self.dim * shape, *self.edges(shape))

    def log_volume(self, shape: float, entropy: float) -> float:
        """log of the volume, a shell's, in units in which the law is e^(-sum |z|^(1/a)): those that give it this entropy a point."""
        unit = self.length * (entropy - self.law.dimension * shape) - self.dim * math.log(2 * math.gamma(1 + shape))
        return log_shell_volume(self.dim, 1 / shape, *self.edges(shape)) + unit

    def share_of_ball(self, shape: float, size: int, stream: Stream, *, tile: int = 1 << 19) -> tuple[float, float]:
        """The share of points, uniform in the ball that reaches to the outer edge, that are members; and log of the ball's volume.

        The ball is that of the law's norm, around its place (for a one-sided law, the part above it). Membership is decided by log p.
        """
        beta = round(1 / shape)
        one_sided = isinstance(self.law.blocks[0], Exponential)
        place, scale = (
            torch.cat([getattr(b, name) for b in self.law.blocks]).to(stream.device) for name in ("loc", "scale")
        )
        scale = math.sqrt(2) * scale if beta == 2 else scale  # a normal law is exp(-|x / (sqrt 2 sigma)|^2)
        radius = self.edges(shape)[1] ** (1 / beta)
        volume = (
            log_ball_volume(self.dim, beta, radius)
            + self.length * float(scale.log().sum())
            - one_sided * self.dim * math.log(2)
        )
        hits = 0
        for count in tiles(size, max(1, tile // self.dim)):
            points = uniform_in_ball(count, self.dim, beta, radius, stream).view(count, self.length, -1)
            hits += int(self.contains(place + scale * (points.abs() if one_sided else points)).sum())
        return hits / size, volume


def gamma_mass(shape: float, low: float, high: float) -> float:
    """P(low <= G <= high) for G of gamma law ``shape``, from whichever tail keeps the digits; chi-square with n degrees is 2 G for shape n/2."""
    from scipy.special import gammainc, gammaincc

    low = max(low, 0.0)
    if high <= low:
        return 0.0
    if low > shape:
        return float(gammaincc(shape, low) - gammaincc(shape, high))
    return float(gammainc(shape, high) - gammainc(shape, low))


def gamma_distribution(shape: float, at: Tensor) -> Tensor:
    """The gamma law's distribution function at nonnegative points, by SciPy on the CPU; same shape, device and dtype."""
    from scipy.special import gammainc

    return torch.from_numpy(np.asarray(gammainc(shape, at.detach().cpu().numpy()))).to(at)


def log_ball_volume(dim: int, exponent: float, radius: float) -> float:
    r"""log of the volume of :math:`\sum |x_i|^\beta \le r^\beta` in R^n: :math:`n\log(2\Gamma(1+1/\beta)\,r) - \log\Gamma(1+n/\beta)` (Dirichlet)."""
    return dim * (math.log(2 * radius) + math.lgamma(1 + 1 / exponent)) - math.lgamma(1 + dim / exponent)


def log_shell_volume(dim: int, exponent: float, low: float, high: float) -> float:
    r"""log of the volume of :math:`l \le \sum|x_i|^\beta \le h`, as a difference of balls; -inf for an empty one."""
    low = max(low, 0.0)
    if high <= low:
        return -math.inf
    inner = dim / exponent * math.log(low / high) if low > 0 else -math.inf
    return log_ball_volume(dim, exponent, high ** (1 / exponent)) + math.log(-math.expm1(inner))


def uniform_in_ball(size: int, dim: int, exponent: int, radius: float, stream: Stream) -> Tensor:
    r"""Points uniform in :math:`\sum|x_i|^\beta \le r^\beta`, shape ``(size, dim)``, for beta 1 or 2, without any density of theirs.

    Independent coordinates of law :math:`\propto e^{-|g|^\beta}` over :math:`(\sum |g_i|^\beta + E)^{1/\beta}` with E exponential (Barthe, Guedon, Mendelson & Naor 2005).
    """
    if exponent == 2:
        g = stream.normal(size, dim) / math.sqrt(2)
    elif exponent == 1:
        g = stream.exponential(size, dim) * stream.signs(size, dim)
    else:
        raise ValueError(f"Expected an exponent of 1 or 2, got {exponent}.")
    norm = g.abs().pow(exponent).sum(1) + stream.exponential(size)
    return radius * g / norm.pow(1 / exponent)[:, None]
