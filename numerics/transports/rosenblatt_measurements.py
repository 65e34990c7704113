"""The Knothe-Rosenblatt map as evaluated: determinant, triangularity, inverse and
uniformity, each measured with its error."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.distributions.mixtures import GaussianMixture
from numerics.log_tails import Tail
from numerics.statistics.copulas import SquareGrid
from numerics.statistics.kolmogorov import UniformGrid
from numerics.streams import Stream, tiles
from numerics.transports.declared import Transported, TransportedDistribution
from numerics.transports.domain import HypothesisError, LogFunction
from numerics.transports.rosenblatt import KnotheRosenblatt, uniforms_of
from numerics.transports.triangular import triangularity_defect

__all__ = ["MeasuredMap", "PushedSamples", "cholesky_map", "density_units"]

EPS = torch.finfo(torch.float64).eps
NUDGE = 2.0**-20  # how far from the medians the inverse is looked at, in the cube
CELLS, TILE = 64, 1 << 15  # of the square an axis, in the test of pairs; samples pushed at once
ACCURACY = "log p and the special functions are computed to within the units of rounding named"
SMOOTH = "halving the grid's panels at least halves its error"


def density_units(distribution: TransportedDistribution, x: Tensor) -> Tensor:
    """Units of rounding in log p and in a log tail at points ``(N, D)``, shape
    ``(N,)``."""
    source = getattr(distribution, "source", distribution)
    if isinstance(source, GaussianMixture):
        return 32 * source.rounding_units(x)
    return 32 * (x.shape[1] + 8) * (1 + source.log_prob(x).detach().abs())


def cholesky_map(distribution: Transported, x: Tensor) -> Tensor:
    """Phi of the whitened coordinates L^-1 (x - m), ``(N, D)``: increasing and
    triangular, and built without any conditional distribution."""
    mean, covariance = distribution.gaussian
    whitened = torch.linalg.solve_triangular(torch.linalg.cholesky(covariance), (x - mean).mT, upper=False).mT
    return torch.special.ndtr(whitened)


@dataclass(frozen=True)
class MeasuredMap:
    """A map at points, with the rounding and the estimated truncation of its log tails
    and log slopes.

    Args:
        transport: The map. log_prob: log p, ``(N, D) -> (N,)``. x: Points ``(N, D)``.
        log_slopes: ``(N, D)``. tail: Of the images. rounding: ``(N,)``. tails, slopes:
            Estimated truncation, ``(N, D)`` and ``(N,)``.
    Raises:
        HypothesisError: a tail of 0 at a point, which lies outside the support.
    """

    transport: KnotheRosenblatt
    log_prob: LogFunction
    x: Tensor
    log_slopes: Tensor
    tail: Tail
    rounding: Tensor
    tails: Tensor
    slopes: Tensor

    @classmethod
    def of(cls, transport: KnotheRosenblatt, log_prob: LogFunction, x: Tensor, units: Tensor) -> MeasuredMap:
        """The finer grid's distance estimates truncation, coordinate by coordinate,
        with that of the mass.

        Args:
            x: Points, shape ``(N, D)``. units: Of rounding in log p and in a log tail,
                ``(N,)``.
        """
        tail = transport.tails(x)
        if not bool(torch.isfinite(tail.log_p).all()):
            raise HypothesisError(
                "p is positive at the points given: at some of them a conditional tail is 0, outside the support."
            )
        slopes = transport.log_slopes(x)
        if transport.finer is transport:
            return cls(
                transport, log_prob, x, slopes, tail, EPS * units, torch.zeros_like(slopes), torch.zeros_like(units)
            )
        apart = 2 * (slopes - transport.finer.log_slopes(x)).abs().sum(1) + transport.log_mass_estimate()
        return cls(transport, log_prob, x, slopes, tail, EPS * units, transport.error_estimate(x), apart)

    def _bound(self, rounding: Tensor, derivation: str, estimate: Tensor) -> Bound:
        """With the quadrature's term, an estimate, where there is one."""
        by_panels = bool((self.tails > 0).any())
        terms = {"rounding": rounding, **({"quadrature": estimate} if by_panels else {})}
        estimated = ("quadrature",) if by_panels else ()
        return Bound(terms, derivation, estimated=estimated, assumes=(ACCURACY, *((SMOOTH,) if by_panels else ())))

    def slopes_against_density(self) -> Measurement:
        """The sum of the log slopes against log p, nats, at every point."""
        transport = self.transport
        mass = transport.log_mass if transport.log_mass is not None else self.x.new_zeros(())
        residual = (self.log_slopes.sum(1) - (self.log_prob(self.x).detach() - mass)).abs()
        bound = self._bound(
            self.rounding * (1 + transport.dim),
            "Each tail is a sum of positive terms, and its derivative by its own coordinate is one too: both are known to the units of their exponents' rounding, "
            "D times over; truncation is that of the panels.",
            self.slopes,
        )
        return Measurement(residual, bound, len(self.x))

    def triangularity(self) -> Measurement:
        """The largest derivative of an output by a later coordinate, at four points."""
        few, dim = self.x[:4], self.transport.dim
        residual = torch.zeros_like(few[:, 0])
        if dim > 1:
            ladder = torch.linspace(0.5, 1.5, dim, dtype=few.dtype, device=few.device)
            first = torch.arange(dim, device=few.device)
            covectors = torch.stack([ladder * (first < size) for size in sorted({1, (dim + 1) // 2, dim - 1})])
            residual = triangularity_defect(self.transport.evaluate, few, covectors)
        bound = Bound(
            {"none": torch.zeros_like(residual)},
            "A later coordinate does not enter the computation: the derivative is exactly 0.",
        )
        return Measurement(residual, bound, len(few))

    def tails_of_preimages(self) -> Measurement:
        """By how much the log tails of the preimages of the images miss."""
        few = slice(0, 64 if self.transport.dim < 3 else 16)
        points, rounding = self.x[few], self.rounding[few, None]
        back = self.transport.inverse_of_tails(Tail(self.tail.log_p[few], self.tail.side[few]))
        steepness = (self.log_slopes[few] - self.tail.log_p[few]).exp()
        landing = 4 * EPS * steepness * points.abs() + 4 * torch.finfo(points.dtype).tiny
        bound = Bound(
            {"abscissa": landing, "rounding": 2 * rounding + 0 * landing},
            "The bracket closes to two units of rounding of the abscissa, which moves a log tail by its slope times that; the log tail itself is rounded.",
            assumes=(ACCURACY, "the slope at the preimage is at most twice that at the point"),
        )
        return Measurement(back.residual, bound, len(points))

    def preimages(self) -> Measurement | None:
        """The preimages of the images against the points; None beyond D = 8 and where a
        gap is known."""
        if self.transport.dim > 8 or not self.transport.connected:
            return None
        few = self.x[:16]
        back = self.transport.inverse_of_tails(Tail(self.tail.log_p[:16], self.tail.side[:16]))
        bound = Bound(
            {"tails": self.transport.preimage_bound(few, back.residual, self.rounding[:16])},
            "A miss of the log tails moves the preimage by the inverse of their Jacobian, to first order; twice that is allowed.",
            assumes=(ACCURACY, "the Jacobian of the log tails changes by less than half of itself over the bound"),
        )
        return Measurement((back.x - few).abs(), bound, len(few))

    def jump_at_the_medians(self) -> Measurement:
        """The inverse on both sides of the conditional medians, for the first, the
        middle and the last coordinate."""
        few, residuals, bounds = self.x[:16], [], []
        for d in sorted({0, self.transport.dim - 1, self.transport.dim // 2}):
            with torch.no_grad():
                fibre = self.transport.conditionals.fibre(few[:, :d])
                ones = torch.ones_like(few[:, d])
                log_half = math.log(0.5 - NUDGE) * ones
                low, high = fibre.quantile(Tail(log_half, ones))[0], fibre.quantile(Tail(log_half, -ones))[0]
                density = torch.minimum(fibre.log_density(low), fibre.log_density(high)).exp()
            residuals.append((high - low).abs())
            bounds.append((4 * NUDGE + 8 * self.rounding[: len(few)]) / density + 8 * EPS * (low.abs() + high.abs()))
        bound = Bound(
            {"slope of the inverse": torch.stack(bounds)},
            "Between levels 1/2 - 2^-20 and 1/2 + 2^-20 the inverse moves by 2^-19 over the density; twice that is allowed, with the tails' rounding.",
            assumes=("between the two preimages the density is at least half of its lesser value there", ACCURACY),
        )
        return Measurement(torch.stack(residuals), bound, len(few))

    def against(self, another: Callable[[Tensor], Tensor]) -> Measurement:
        """The images against those of another construction, ``(N, D) -> (N, D)``."""
        u = uniforms_of(self.tail)
        bound = self._bound(
            4 * self.rounding[:, None] + torch.zeros_like(u),
            "Both maps are known to the rounding of their exponents; numbers in the cube err by no more than their log tails.",
            self.tails,
        )
        return Measurement((u - another(self.x)).abs(), bound, len(self.x))


class PushedSamples:
    """Samples pushed through a map: every coordinate against the uniform distribution,
    every pair against the product on a grid.

    Attributes:
        columns, pairs: Largest distances of empirical distribution functions, over the
            coordinates and over the pairs (0 on the line).
        slack: What the image's own error may move them. dim, tests: D, and the number
            of pairs.
    """

    def __init__(self, distribution: TransportedDistribution, size: int, stream: Stream) -> None:
        transport = distribution.map()
        columns, squares = (
            UniformGrid(1 << 14, distribution.dim, stream.device),
            SquareGrid(CELLS, distribution.dim, stream.device),
        )
        worst = 0.0
        for count in tiles(size, TILE):
            x = distribution.sample(count, stream)
            u = transport.forward(x)
            columns.add(u)
            squares.add(u)
            worst = max(worst, float(transport.error_estimate(x[:64]).max()))
        self.dim, self.tests = distribution.dim, distribution.dim * (distribution.dim - 1) // 2
        self.columns, self.pairs = columns.lower, squares.statistic if self.tests else 0.0
        self.slack = Bound(
            {"map": 64 * EPS + 4 * distribution.dim * worst},
            "The image is known to its rounding, and to the estimated error of the panels at a part of the points; densities in the cube are 1, so that an empirical "
            "distribution function moves by as much.",
            estimated=("map",), assumes=(SMOOTH,),
        )  # fmt: skip
