r"""Typical sets of independent columns: their mass as a gamma probability, their volume
as a shell's and by points of a ball.

A density :math:`\propto e^{-\sum|z_i|^{1/a}}` has typicality :math:`n a - G` over n
coordinates, G of gamma distribution n a; where T lies within epsilon of 0, the point
lies in a shell of the norm :math:`(\sum|z_i|^{1/a})^a`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from numerics.detection.typicality import Integral, entropy_and_variance
from numerics.distributions.marginals import Exponential, Laplace, Normal
from numerics.distributions.product import Product
from numerics.streams import Stream, tiles

SHAPES = {Normal: 0.5, Laplace: 1.0, Exponential: 1.0}  # a = Var(log p) of a coordinate
Member = Callable[[Any, Any], Any]


def shape_of(product: Product) -> float | None:
    """a, where every block is of one exponential-power family; None elsewhere.

    >>> from numerics.distributions.marginals import Laplace
    >>> from numerics.distributions.product import Product
    >>> shape_of(Product([Laplace()]))
    1.0
    """
    kinds = {type(block) for block in product.blocks}
    return SHAPES.get(*kinds) if len(kinds) == 1 else None


class MeasuredProduct:
    """The mass, entropy and Var(log p), of independent columns by quadrature of their
    log densities, with the estimates of the error.

    Attributes:
        mass, entropies, variances: Column by column.
        entropy, variance: Sums over the columns, nats. entropy_error, variance_error:
            Their estimated errors.
        rounding: What the sums may round, nats.

    >>> from numerics.distributions.marginals import Normal
    >>> from numerics.distributions.product import Product
    >>> found = MeasuredProduct(Product([Normal()]))
    >>> round(found.entropy - math.log(2 * math.pi) / 2, 9), round(found.variance, 9)  # nats
    (0.5, 0.5)
    """

    def __init__(self, product: Product) -> None:
        self.product = product
        self.mass, self.entropies, self.variances = entropy_and_variance(product)
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
    """Sequences of ``length`` points that are members by their typicality.

    Args:
        product: Independent columns. length: N. epsilon: Half width, nats a point.
        entropy: What is taken for H. member: From (T, epsilon) to membership.

    >>> from numerics.distributions.marginals import Exponential
    >>> from numerics.distributions.product import Product
    >>> one = TypicalSet(Product([Exponential()]), 1, 1.0, 1.0, lambda t, epsilon: abs(t) <= epsilon)
    >>> round(1 - one.mass(1.0), 12) == round(math.exp(-2), 12)  # P(x <= 2)
    True
    """

    product: Product
    length: int
    epsilon: float
    entropy: float
    member: Member

    @property
    def dim(self) -> int:
        """N D."""
        return self.length * self.product.dim

    def typicality(self, sequences: Tensor) -> Tensor:
        """T of sequences ``(n, N, D)``, shape ``(n,)``."""
        return self.entropy + self.product.log_prob(sequences).mean(-1)

    def contains(self, sequences: Tensor) -> Tensor:
        """Membership, shape ``(n,)``."""
        return self.member(self.typicality(sequences), self.epsilon)

    def edges(self, shape: float) -> tuple[float, float]:
        """Between which values of sum |z|^(1/a) the members lie; from 0 on, where a T
        as large as 2 epsilon is allowed."""
        total, reach = self.dim * shape, self.length * self.epsilon
        one_sided = bool(self.member(2 * self.epsilon, self.epsilon))
        return 0.0 if one_sided else max(total - reach, 0.0), total + reach

    def mass(self, shape: float) -> float:
        """P(A), a gamma probability."""
        return gamma_mass(self.dim * shape, *self.edges(shape))

    def log_volume(self, shape: float, entropy: float) -> float:
        """log of the volume, a shell's, in units in which the density is e^(-sum
        |z|^(1/a)): those that give it this entropy a point."""
        unit = self.length * (entropy - self.product.dim * shape) - self.dim * math.log(2 * math.gamma(1 + shape))
        return log_shell_volume(self.dim, 1 / shape, *self.edges(shape)) + unit

    def share_of_ball(self, shape: float, size: int, stream: Stream, *, tile: int = 1 << 19) -> tuple[float, float]:
        """The share of points, uniform in the ball that reaches to the outer edge, that
        are members; and log of the ball's volume.

        The ball is that of the density's norm, around its place (for a one-sided
        density, the part above it). Membership is decided by log p.
        """
        beta = round(1 / shape)
        one_sided = isinstance(self.product.blocks[0], Exponential)
        place, scale = (
            torch.cat([getattr(b, name) for b in self.product.blocks]).to(stream.device) for name in ("loc", "scale")
        )
        scale = math.sqrt(2) * scale if beta == 2 else scale  # a normal density is exp(-|x / (sqrt 2 sigma)|^2)
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
    """P(low <= G <= high) for G of gamma distribution ``shape``, from whichever tail
    keeps the digits; chi-square with n degrees is 2 G for shape n/2.

    >>> round(gamma_mass(1.0, 0.0, math.log(2)), 12)
    0.5
    """
    from scipy.special import gammainc, gammaincc

    low = max(low, 0.0)
    if high <= low:
        return 0.0
    if low > shape:
        return float(gammaincc(shape, low) - gammaincc(shape, high))
    return float(gammainc(shape, high) - gammainc(shape, low))


def gamma_mass_by_quadrature(shape: float, low: float, high: float) -> tuple[float, float]:
    r"""log P(low <= G <= high) for G of gamma distribution ``shape``, a multiple of
    1/2, by integrating its density; and the error of the logarithm.

    With :math:`g = v^2` the density is :math:`2 v^{2k-1} e^{-v^2}/\Gamma(k)`, analytic
    in v. Kronrod's rule with 31 nodes runs over 96 pieces of the part within 9 of
    :math:`\sqrt k`, outside of which the mass is below e^-80.

    >>> log_mass, error = gamma_mass_by_quadrature(1.0, 0.0, math.log(2))
    >>> round(math.exp(log_mass), 9), error < 1e-9
    (0.5, True)
    """
    from numerics.quadrature import kronrod

    middle = math.sqrt(shape)
    ends = [min(max(math.sqrt(max(end, 0.0)), middle - 9.0, 0.0), middle + 9.0) for end in (low, high)]
    if ends[1] <= ends[0]:
        return -math.inf, 0.0
    edges = torch.linspace(*ends, 97, dtype=torch.float64)
    unit = (2 * shape - 1) * math.log(middle) - shape

    def density(v: Tensor) -> Tensor:
        return torch.exp((2 * shape - 1) * (v / middle).log() + (shape - v * v))

    value, doubt = kronrod(15).integrate(density, edges[:-1], edges[1:])
    total = float(value.sum())
    # (2k - 1) log(v/sqrt k) and k - v^2 are at most 18 sqrt(k) + 81, and known to two units of that and of k
    rounding = torch.finfo(torch.float64).eps * (
        8 * (18 * middle + 81 + shape) + 8 * abs(math.lgamma(shape)) + 8 * abs(unit)
    )
    return math.log(2 * total) + unit - math.lgamma(shape), float(doubt.sum()) / total + rounding


def log_ball_volume_by_slices(dim: int, exponent: float) -> float:
    r"""log of the volume of :math:`\sum |x_i|^\beta \le 1` for beta 1 or 2, slice by
    slice: :math:`|B_n| = |B_{n-1}| \int_{-1}^1 (1 - |t|^\beta)^{(n-1)/\beta} dt`.

    With t = 1 - s^2 the integrand is analytic in s on both sides; Kronrod's rule with
    63 nodes.

    >>> round(math.exp(log_ball_volume_by_slices(2, 2.0)), 9)  # pi
    3.141592654
    """
    from numerics.quadrature import kronrod

    one = torch.ones(1, dtype=torch.float64)
    total = 0.0
    for n in range(1, dim + 1):

        def slices(s: Tensor, n: int = n) -> Tensor:
            t = 1 - s * s
            return 4 * s * (1 - t**exponent).clamp_min(0) ** ((n - 1) / exponent)

        total += math.log(float(kronrod(31).integrate(slices, 0 * one, one)[0]))
    return total


def gamma_distribution(shape: float, at: Tensor) -> Tensor:
    """The gamma distribution function at nonnegative points, by SciPy on the CPU; same
    shape, device and dtype.

    >>> gamma_distribution(1.0, torch.tensor([0.0, 2.0]).log1p())  # 1 - e^-x
    tensor([0.0000, 0.6667])
    """
    from scipy.special import gammainc

    return torch.from_numpy(np.asarray(gammainc(shape, at.detach().cpu().numpy()))).to(at)


def log_ball_volume(dim: int, exponent: float, radius: float) -> float:
    r"""log of the volume of :math:`\sum |x_i|^\beta \le r^\beta` in R^n:
    :math:`n\log(2\Gamma(1+1/\beta)\,r) - \log\Gamma(1+n/\beta)` (Dirichlet).

    >>> round(math.exp(log_ball_volume(3, 2.0, 1.0)) / (4 * math.pi / 3), 12)
    1.0
    """
    return dim * (math.log(2 * radius) + math.lgamma(1 + 1 / exponent)) - math.lgamma(1 + dim / exponent)


def log_shell_volume(dim: int, exponent: float, low: float, high: float) -> float:
    r"""log of the volume of :math:`l \le \sum|x_i|^\beta \le h`, as a difference of
    balls; -inf for an empty one.

    >>> round(math.exp(log_shell_volume(2, 1.0, 1.0, 2.0)), 12)  # 2 h^2 - 2 l^2
    6.0
    """
    low = max(low, 0.0)
    if high <= low:
        return -math.inf
    inner = dim / exponent * math.log(low / high) if low > 0 else -math.inf
    return log_ball_volume(dim, exponent, high ** (1 / exponent)) + math.log(-math.expm1(inner))


def uniform_in_ball(size: int, dim: int, exponent: int, radius: float, stream: Stream) -> Tensor:
    r"""Points uniform in :math:`\sum|x_i|^\beta \le r^\beta`, shape ``(size, dim)``,
    for beta 1 or 2, without any density of theirs.

    Independent coordinates of density :math:`\propto e^{-|g|^\beta}` over :math:`(\sum
    |g_i|^\beta + E)^{1/\beta}` with E exponential (Barthe, Guedon, Mendelson & Naor
    2005).

    >>> bool((uniform_in_ball(100, 3, 2, 2.0, Stream(1)).norm(dim=1) <= 2).all())
    True
    """
    if exponent == 2:
        g = stream.normal(size, dim) / math.sqrt(2)
    elif exponent == 1:
        g = stream.exponential(size, dim) * stream.signs(size, dim)
    else:
        raise ValueError(f"Expected an exponent of 1 or 2, got {exponent}.")
    norm = g.abs().pow(exponent).sum(1) + stream.exponential(size)
    return radius * g / norm.pow(1 / exponent)[:, None]
