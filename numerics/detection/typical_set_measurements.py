"""Typical sets measured: closed forms against quadrature, Chebyshev's bound against
exact masses, volumes, and sequences counted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.detection import typical_sets, typicality
from numerics.detection.typical_sets import MeasuredProduct, Member, TypicalSet
from numerics.detection.typicality import highest_log_density
from numerics.distributions import marginals
from numerics.distributions.declared import declared_product
from numerics.distributions.product import Product
from numerics.statistics.kolmogorov import UniformGrid, uniform_bracket
from numerics.streams import Stream, tiles
from numerics.transports.domain import PrecisionError

__all__ = [
    "BallShare",
    "CountedSequences",
    "ball_volume",
    "chebyshev",
    "chebyshev_of_three_values",
    "closed_forms",
    "columns_of_one_family",
    "draws",
    "mass_of_a_set",
    "mass_of_the_density",
    "mode_repeated",
    "normal_of_any_covariance",
    "shape_of_product",
    "shell",
    "typical_set",
    "widths",
]  # fmt: skip

Exponents = Callable[[Any, Any, Any], tuple[Any, Any]]  # from (H, epsilon, N) to the ends claimed for log(|A|/P(A))
Spread = Callable[[Any, Any], Any]  # from (Var(log p), N) to the variance of the mean
Excess = Callable[[Any, Any], Any]  # from (D, a) to T at the mode
Draw = Callable[[Product, int, Stream], Tensor]

EPS = torch.finfo(torch.float64).eps
TILE = 1 << 19
CELLS = 1 << 14
WEIGHED = 1e-6  # how far the mass by quadrature may be from 1 before H by the same rule is not believed
SMOOTH = "log p is smooth on both sides of the median"
GAMMA = "SciPy's incomplete gamma function is within 2^-30"
widths = (Fraction(1, 2), Fraction(3, 4), Fraction(1), Fraction(3, 2))  # of typical sets, in units of the case's own


def columns_of_one_family(kind: str, dim: int, stream: Stream) -> Product:
    """D columns of one family at random places, with scales between e^-2 and e^2:
    entropies of both signs."""
    return declared_product([kind], dim, stream, scales=lambda n, own: torch.exp(2.0 * (2 * own.uniform(n) - 1)))


def draws(product: Product, count: int, stream: Stream) -> Tensor:
    """Independent draws, shape ``(count, D)``."""
    return product.sample(count, stream)


def mode_repeated(product: Product, count: int, stream: Stream) -> Tensor:
    """The most probable point of a symmetric distribution, over and over, shape
    ``(count, D)``."""
    return product.median()[None].expand(count, -1)


def shape_of_product(product: Product) -> float | None:
    """Var(log p) of a column where the family is exponential-power, 0 for uniform
    columns, None elsewhere."""
    uniform = all(type(block) is marginals.Uniform for block in product.blocks)
    return 0.0 if uniform else typical_sets.shape_of(product)


def typical_set(
    found: MeasuredProduct, length: int, deviations: Fraction | float, member: Member, entropy: float | None = None
) -> TypicalSet:
    """The set whose half width is that many standard deviations of the mean log density
    of ``length`` points."""
    epsilon = float(deviations) * found.deviation() / math.sqrt(length)
    return TypicalSet(found.product, length, epsilon, found.entropy if entropy is None else entropy, member)


# -- by floating point ----------------------------------------------------------------------------------------------------


def mass_of_the_density(found: MeasuredProduct) -> Measurement:
    """The mass of every column, by the rule that gives the entropy, against 1."""
    mass = found.mass
    bound = Bound(
        {"quadrature": mass.estimate, "rounding": typicality.TERMS * EPS * torch.ones_like(mass.value)},
        "The same double-exponential rule as for the entropy, at two steps; as many units of rounding as the sum has terms.",
        estimated=("quadrature",), assumes=(SMOOTH,),
    )  # fmt: skip
    return Measurement((mass.value - 1).abs(), bound, mass.value.numel())


def closed_forms(found: MeasuredProduct, shape: float, excess: Excess) -> tuple[Measurement, Measurement]:
    """Var(log p) = a in every column and D a in all, and T at the mode, D a in all."""
    dim, terms = found.product.dim, typicality.TERMS
    rounding = terms * EPS * (1 + found.entropies.value.abs()) * (1 + shape)
    columns = (found.variances.estimate + (found.entropies.estimate + rounding).square(), _rounding_of_squares(found))
    variance = Bound(
        {name: torch.cat([term, term.sum()[None]]) for name, term in zip(("quadrature", "rounding"), columns, strict=True)},
        "Double-exponential rule at two steps; an error e of the mean enters as e^2. A deviation d errs by r = 64 units of its log p's and the mean's size: "
        "E d^2 by 2 sqrt(E d^2 E r^2) + E r^2, and its sum by as many units as it has terms.",
        estimated=("quadrature",), assumes=(SMOOTH,),
    )  # fmt: skip
    off, total = (found.variances.value - shape).abs(), torch.tensor(abs(found.variance - dim * shape))
    at_mode = found.entropy + float(highest_log_density(found.product).sum())
    mode = Bound(
        {"quadrature": found.entropy_error, "rounding": float(rounding.sum())},
        "H by the rule at two steps; golden section ends within rounding of the mode, at a corner within the slope times that.",
        estimated=("quadrature",), assumes=(SMOOTH,),
    )  # fmt: skip
    return (
        Measurement(torch.cat([off, total.reshape(1).to(off)]), variance, dim + 1),
        Measurement(abs(at_mode - float(excess(dim, shape))), mode, 1),
    )


def _rounding_of_squares(found: MeasuredProduct) -> Tensor:
    """What rounding moves E d^2 of each column's deviations d = log p - E log p by,
    ``(D,)``: nothing is left where log p is constant but the square of its rounding."""
    variance, mean = found.variances.value.clamp_min(0.0), found.entropies.value
    sizes = (
        64 * EPS * (1 + mean.abs() + (variance + mean.square()).sqrt())
    )  # root mean square of a deviation's rounding
    return 2 * variance.sqrt() * sizes + sizes.square() + typicality.TERMS * EPS * variance


def normal_of_any_covariance(z: Tensor, seeded: Stream, excess: Excess) -> Measurement:
    """torch's multivariate normal at x = m + L z, beside (D - |z|^2)/2; the mode is z =
    0, in the last row of ``z``, ``(n, D)``."""
    dim = z.shape[1]
    factor = torch.tril(seeded.normal(dim, dim), -1) / math.sqrt(dim) + torch.diag(0.3 + seeded.uniform(dim))
    mean = seeded.normal(dim)
    normal = torch.distributions.MultivariateNormal(mean, scale_tril=factor, validate_args=False)
    standard = MeasuredProduct(Product([marginals.Normal(0.0, 1.0)])).entropy
    entropy = dim * standard + float(torch.linalg.slogdet(factor).logabsdet)
    statistic, square = normal.log_prob(mean + z @ factor.mT) + entropy, z.square().sum(1)
    expected = torch.cat([(dim - square[:-1]) / 2, square.new_full((1,), float(excess(dim, 0.5)))])
    amplified = 8 * dim * EPS * torch.linalg.cond(factor)
    bound = Bound(
        {
            "triangular solve": amplified * (1 + square + mean.norm() / factor.diagonal().min() * square.sqrt()),
            "sums": 64 * EPS * (dim + square + abs(entropy)),
        },
        "Forming x and solving for z each err by D units amplified by the condition of L, on |z| and on the mean; log p is quadratic in z.",
    )
    return Measurement((statistic - expected).abs(), bound, z.shape[0])


def _gamma(typical: TypicalSet, shape: float) -> tuple[float, float]:
    """log P(A) by quadrature of the gamma density, and its error."""
    return typical_sets.gamma_mass_by_quadrature(typical.dim * shape, *typical.edges(shape))


def mass_of_a_set(typical: TypicalSet, shape: float) -> Measurement:
    """P(A) by SciPy's incomplete gamma function against the integral of the gamma
    density, for a ladder of widths."""
    sets = [replace(typical, epsilon=typical.epsilon * float(width)) for width in widths]
    logs = [_gamma(each, shape) for each in sets]
    residual = torch.tensor(
        [abs(each.mass(shape) - math.exp(log)) for each, (log, _) in zip(sets, logs, strict=True)], dtype=torch.float64
    )
    error = torch.tensor([error for _, error in logs], dtype=torch.float64)
    bound = Bound(
        {"gamma function": torch.full_like(residual, 2.0**-29), "quadrature and rounding": error},
        "Two values of the incomplete gamma function; Kronrod's rule against Gauss's, with the rounding of exponents of the size of the shape.",
        estimated=("quadrature and rounding",), assumes=(GAMMA,),
    )  # fmt: skip
    return Measurement(residual, bound, len(sets))


def chebyshev(found: MeasuredProduct, typical: TypicalSet, shape: float, spread: Spread) -> Measurement:
    """By how much P(A), a gamma probability, falls below 1 - Var/(N eps^2), for a
    ladder of widths."""
    sets = [replace(typical, epsilon=typical.epsilon * float(width)) for width in widths]
    epsilons = torch.tensor([each.epsilon for each in sets], dtype=torch.float64)
    masses = torch.tensor([each.mass(shape) for each in sets], dtype=torch.float64)
    misses = (1 - float(spread(found.variance, typical.length)) / epsilons**2 - masses).clamp_min(0.0)
    bound = Bound(
        {"gamma function": torch.full_like(misses, 2.0**-29), "Var(log p)": (found.variance_error + found.rounding) / (typical.length * epsilons**2)},
        "Two values of the incomplete gamma function; the quadrature of Var(log p) over N eps^2.",
        estimated=("Var(log p)",), assumes=(GAMMA,),
    )  # fmt: skip
    return Measurement(misses, bound, len(sets))


def chebyshev_of_three_values(spread: Spread, like: Tensor) -> Measurement:
    """The least favourable density: three levels, T = 0 or +-w with mass q, and eps
    just below w, where Chebyshev's bound is reached.

    P(A) and 1 - Var/eps^2 are compared from both sides; they differ by q (w^2/eps^2 -
    1).

    Args:
        spread: What is claimed of the variance of a mean. like: A tensor of any shape
            whose dtype and device are used.
    """
    w, q = 0.75, torch.linspace(0.05, 0.95, 19, dtype=like.dtype, device=like.device)
    masses, levels = (
        torch.stack([q / 2, 1 - q, q / 2]),
        torch.tensor([-w, 0.0, w], dtype=like.dtype, device=like.device)[:, None],
    )
    lengths = masses * (-levels).exp()  # a density e^T on lengths of mass e^-T
    log_p = (masses / lengths).log()
    entropy = -(masses * log_p).sum(0)
    typical = entropy + log_p
    variance = (masses * typical.square()).sum(0)
    epsilon = w * (1 - 2.0**-20)
    inside = (masses * (typical.abs() <= epsilon)).sum(0)
    claimed = 1 - spread(variance, 1) / epsilon**2
    bound = Bound(
        {"beyond w": q * (1 / (1 - 2.0**-20) ** 2 - 1), "rounding": 32 * EPS * torch.ones_like(q)},
        "At eps = w (1 - 2^-20) the bound misses by q (w^2/eps^2 - 1); a dozen operations on numbers below 4.",
    )
    return Measurement((inside - claimed).abs(), bound, q.numel())


def shell(found: MeasuredProduct, typical: TypicalSet, shape: float, exponents: Exponents) -> Measurement:
    """By how much log of the set's volume, a shell's, leaves the claimed range: for the
    set, and for one a 256th as wide, whose range is narrow."""
    length, misses, terms = typical.length, [], []
    for each in (typical, replace(typical, epsilon=typical.epsilon / 256)):
        (log_mass, error), volume = _gamma(each, shape), each.log_volume(shape, found.entropy)
        low, high = map(float, exponents(found.entropy, each.epsilon, length))
        misses.append(max(0.0, log_mass + low - volume, volume - log_mass - high))
        sizes = (
            abs(volume)
            + abs(low)
            + abs(high)
            + length * abs(found.entropy)
            + each.dim * (1 + math.log(1 + each.dim * shape))
        )
        inner, outer = each.edges(shape)
        thin = (
            16 * EPS * outer / (outer - inner)
        )  # three roundings of the edges' quotient, and two in the mass, over the width
        terms.append((64 * EPS * sizes + thin, error, 2 * length * (found.entropy_error + found.rounding)))
    rounding, mass, entropy = (torch.tensor(column, dtype=torch.float64) for column in zip(*terms, strict=True))
    bound = Bound(
        {"sums and log-gamma": rounding, "mass": mass, "H": entropy},
        "Relative rounding of each term, more for a thin shell as a difference of balls; the quadrature of the gamma density and of H, which enters N times.",
        estimated=("mass", "H"),
    )
    return Measurement(torch.tensor(misses, dtype=torch.float64), bound, 2)


def ball_volume(dim: int, exponent: int) -> Measurement:
    """log of the volume of the unit ball of the norm by Dirichlet's formula against
    slices integrated dimension by dimension, D <= 24."""
    few = min(dim, 24)
    values = typical_sets.log_ball_volume(few, exponent, 1.0), typical_sets.log_ball_volume_by_slices(few, exponent)
    bound = Bound(
        {"rounding": 256 * EPS * few, "quadrature": 1e3 * EPS * few},
        "Each slice is a sum of 63 positive terms; the integrand is a polynomial of degree 2 n in s for even powers, integrated exactly, or smooth.",
        estimated=("quadrature",),
    )
    return Measurement(abs(values[0] - values[1]), bound, few)


# -- by sampling ----------------------------------------------------------------------------------------------------------


class CountedSequences:
    """Sequences drawn without the density, counted in A, and their typicalities
    compared with a gamma distribution at every width.

    Attributes:
        share: Of the sequences in A. exact: P(A), where the family has a gamma
            distribution, else None.
        distance, blur: Kolmogorov distance of the typicalities to it, and what may blur
            that.
    Raises:
        PrecisionError: H is not known, because the mass by the same rule is not 1.
    """

    def __init__(
        self, found: MeasuredProduct, typical: TypicalSet, shape: float | None, *, size: int, stream: Stream, draw: Draw
    ) -> None:
        if not float((found.mass.value - 1).abs().max()) <= WEIGHED:
            raise PrecisionError(
                "The quadrature of p misses 1, so that H is not known: does log p jump away from the median?"
            )
        self.found, self.typical, self.size = found, typical, size
        grid, inside = UniformGrid(CELLS, 1, stream.device), 0
        self.total = typical.dim * (shape or 0.0)
        for count in tiles(size, max(1, TILE // typical.dim)):
            points = draw(found.product, count * typical.length, stream).view(count, typical.length, found.product.dim)
            statistic = typical.typicality(points)
            inside += int(typical.member(statistic, typical.epsilon).sum())
            if shape:
                sums = (self.total - typical.length * statistic).clamp_min(0.0)
                grid.add(typical_sets.gamma_distribution(self.total, sums).clamp(0.0, 1.0))
        self.share = inside / size
        self.exact = math.exp(_gamma(typical, shape)[0]) if shape else None
        if shape:
            self.distance, half = uniform_bracket(grid.lower, grid.upper)
            self.blur = self._blur(half)

    def _shift(self) -> float:
        """What the error of H may move a distribution function of N T by."""
        shift, power = self.typical.length * (self.found.entropy_error + self.found.rounding), min(self.total, 1.0)
        return shift**power / math.gamma(1 + power)

    def _blur(self, half: float) -> Bound:
        return Bound(
            {"grid": half, "gamma function": 2.0**-30, "H": self._shift()},
            "One cell of the grid; for shape k <= 1 a shift d moves the gamma distribution function by at most d^k / Gamma(1+k), for larger k by at most d.",
            estimated=("H",), assumes=(GAMMA,),
        )  # fmt: skip

    def share_blur(self) -> Bound:
        """What the error of H may do to the share of sequences in A: both ends move."""
        return Bound(
            {"H": 2 * self._shift()}, "Both ends of A move with H; as for the distribution function.", estimated=("H",)
        )

    def below_chebyshev(self, spread: Spread) -> tuple[float, Bound]:
        """By how much the share falls below Chebyshev's bound, for A with the true H
        whatever its error, and what blurs that."""
        narrower = max(self.typical.epsilon - self.found.entropy_error - self.found.rounding, 1e-9)
        scale = self.typical.length * narrower**2
        claimed = 1 - float(spread(self.found.variance, self.typical.length)) / narrower**2
        blur = Bound(
            {"Var(log p)": (self.found.variance_error + self.found.rounding) / scale},
            "The quadrature of Var(log p) over N eps^2.", estimated=("Var(log p)",),
        )  # fmt: skip
        return max(0.0, claimed - self.share), blur


class BallShare:
    """Points uniform in a ball that holds A: the share that log p puts into A, against
    the claimed range of its volume and the shell's.

    Attributes:
        outside: By how much the share leaves the range. shell: Its distance to the
            shell's. slack: Rounding.
    """

    def __init__(self, typical: TypicalSet, shape: float, exponents: Exponents, size: int, stream: Stream) -> None:
        share, ball = typical.share_of_ball(shape, size, stream, tile=TILE)
        log_mass = _gamma(typical, shape)[0]
        ends = exponents(typical.entropy, typical.epsilon, typical.length)
        low, high = (math.exp(min(50.0, log_mass + float(end) - ball)) for end in ends)
        self.outside = max(0.0, low - share, share - high)
        self.shell = abs(share - math.exp(min(50.0, typical.log_volume(shape, typical.entropy) - ball)))
        size_of_terms = (1 + typical.dim) * (1 + abs(ball) + abs(typical.entropy) * typical.length)
        self.slack = Bound(
            {"rounding": 64 * EPS * size_of_terms * (1 + min(low, 1.0))},
            "Relative rounding of the exponents; the ball's volume is Dirichlet's formula.",
        )
