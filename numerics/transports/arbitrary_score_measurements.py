"""The map that realises a score, measured: its Jacobian against the score, its inverse,
its finiteness at the base point, its masses of cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from numerics import quadrature
from numerics.bounds import Bound, Measurement
from numerics.distributions.declared import declared_distribution, declared_log_score
from numerics.distributions.interface import Distribution
from numerics.distributions.mixtures import IsotropicMixture, isotropic_gaussian
from numerics.statistics.kolmogorov import count_cells, ks_over_cells
from numerics.streams import Stream, tiles
from numerics.transports import image_density
from numerics.transports.arbitrary_score import ArbitraryScore, Slope, dyadic_tails
from numerics.transports.domain import HypothesisError, LogFunction

__all__ = ["MeasuredScore", "PushedScore", "ScoredDensity", "declared_scored_density", "finiteness"]

EPS = torch.finfo(torch.float64).eps
HALVINGS, DOUBLINGS = 10, 5  # dyadic intervals towards a finite base point, and towards an infinite one
INVERTED = 64  # points whose images are sent back
TILE = 1 << 16  # samples pushed at once
PUSHING = quadrature.kronrod(15)  # of the map that samples are pushed through: 31 evaluations a point
NEAR_THE_END = "p/s varies by less than a factor of 32 within 1/8 of a finite base point"
Integrand = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class ScoredDensity:
    """A density and a score in logarithms, ``(N, D)`` to ``(N,)`` in nats, and where to
    measure.

    Args:
        points: ``(N, D)``. base: The base point along x_1, a number or a callable from
            ``(N, D - 1)`` to ``(N,)``; it may be infinite.
        exponents: Where p/s is a sum of exponentials of quadratics along x_1, their
            coefficients: the quadrature's error is then a bound.
    """

    log_prob: LogFunction
    log_score: LogFunction
    points: Tensor
    base: float | LogFunction = 0.0
    exponents: Callable[[Tensor], image_density.Exponents] | None = None


def declared_scored_density(
    kinds: tuple[str, str], dim: int, size: int, seeded: Stream, stream: Stream
) -> ScoredDensity:
    """A distribution and a score by name (see :mod:`numerics.distributions.declared`),
    at ``size`` draws; parameters come from ``seeded``."""
    kind, score = kinds
    distribution = declared_distribution(kind, dim, seeded.fork("p"))
    log_score = declared_log_score(score, distribution, seeded.fork("s"))
    points = distribution.sample(size, stream.fork("points"))
    known = isinstance(distribution, IsotropicMixture) and score in ("flat", "wide")
    exponents = (
        _over_gaussian(distribution, None if score == "flat" else isotropic_gaussian(dim, 3.0, points))
        if known
        else None
    )
    return ScoredDensity(distribution.log_prob, log_score, points, getattr(distribution, "base", 0.0), exponents)


def _over_gaussian(
    distribution: IsotropicMixture, score: IsotropicMixture | None
) -> Callable[[Tensor], image_density.Exponents]:
    """Coefficients of p/s along x_1 for a mixture over a constant or over one
    Gaussian."""

    def along(rest: Tensor) -> image_density.Exponents:
        a, b, c = distribution.along_first(rest)
        if score is None:
            return a, b, c
        under = score.along_first(rest)
        return a - under[0], b - under[1], c - under[2]

    return along


def base_points(base: float | LogFunction, rest: Tensor) -> Tensor:
    """The base points of the fibres over ``rest``, ``(N, D - 1)`` to ``(N,)``."""
    return base(rest) if callable(base) else rest.new_full(rest.shape[:1], base)


@dataclass(frozen=True)
class MeasuredScore:
    """The map of ``integrand(log p, log s)``, which should give its image the density
    s, at the points of a :class:`ScoredDensity`.

    Raises:
        HypothesisError: a base point that is not finite, or p or s is not positive and
            finite at a point or at the base point of its fibre.
    """

    pair: ScoredDensity
    integrand: Integrand
    transport: ArbitraryScore = field(init=False)

    def __post_init__(self) -> None:
        dim = self.pair.points.shape[1]
        made = ArbitraryScore(
            self.pair.log_prob, self.pair.log_score, dim=dim, base=self.pair.base, integrand=self.integrand
        )
        object.__setattr__(self, "transport", made)
        rest = self.pair.points[:, 1:]
        ends = torch.cat([base_points(self.pair.base, rest)[:, None], rest], 1)
        for letter, function in (("p", self.pair.log_prob), ("s", self.pair.log_score)):
            for where, points in (("points", self.pair.points), ("base points", ends)):
                bad = ~torch.isfinite(function(points))
                if bool(bad.any()):
                    raise HypothesisError(
                        f"log {letter} is NaN or infinite at {int(bad.sum())} of {bad.numel()} {where}, first at {points[bad][0].tolist()[:4]}; the theorem "
                        f"needs {letter} continuous and positive there."
                    )

    @cached_property
    def slope(self) -> Slope:
        """The derivative of the first coordinate as evaluated."""
        return self.transport.slope(self.pair.points)

    @property
    def units(self) -> Tensor:
        """Units of rounding in one term of the quadrature, ``(N,)``."""
        return len(self.transport.rule) + 8 + image_density.log_units(self.transport, self.slope)

    def density(self) -> Measurement:
        """The density of the image at f(x), log p(x) - log|det J_f(x)| with J_f of the
        map as evaluated, against log s(x), in nats."""
        points, known = self.pair.points, self.pair.exponents is not None
        found = self.pair.log_prob(points) - self.transport.log_det(points)
        residual = (found - self.pair.log_score(points)).abs()
        truncation, rounding = image_density.errors_of_density(self.transport, points, self.slope, self.pair.exponents)
        words = (
            "an analytic remainder on ellipses (Trefethen, thms. 8.2 and 19.3)"
            if known
            else "the embedded rule's derivative"
        )
        bound = Bound(
            {"quadrature": truncation, "rounding": rounding},
            f"The map's derivative is its quadrature rule applied to d/du[u p/s]; truncation by {words}, rounding by the sum of the absolute values of its terms.",
            estimated=() if known else ("quadrature",),
            assumes=(image_density.ACCURACY, *(() if known else (image_density.SMOOTH,))),
        )
        return Measurement(residual, bound, residual.numel())

    def round_trip(self) -> Measurement:
        """|f(f^-1(y)) - y| at images y, for the map as evaluated, in units of the
        integral of |p/s| up to there."""
        points = self.pair.points[:INVERTED]
        y = self.transport.forward(points)
        x = self.transport.inverse(y)
        size = self.slope.value_scale[:INVERTED] + torch.finfo(y.dtype).tiny
        landing = 4 * EPS * self.slope.value[:INVERTED].abs() * (points[:, 0].abs() + x[:, 0].abs())
        bound = Bound(
            {"abscissa": landing / size, "rounding": 2 * EPS * self.units[:INVERTED] + 0 * size},
            "Bisection keeps a bracket until it is two units of rounding wide; the map's value moves by its slope times that, and by the rounding of its sum.",
            assumes=(image_density.ACCURACY,),
        )
        return Measurement((self.transport.forward(x)[:, 0] - y[:, 0]).abs() / size, bound, len(points))


def finiteness(pair: ScoredDensity, integrand: Integrand) -> Measurement:
    """Integrals over dyadic intervals towards the base point, the last over the first,
    on 15 of the fibres met and on the middle one.

    f is finite where they fall geometrically; where they do not, mass piles up at the
    base point.
    """
    rest = torch.cat([torch.zeros_like(pair.points[:1, 1:]), pair.points[:15, 1:]])

    def log_integrand(at: Tensor, side: Tensor) -> Tensor:
        points = torch.cat([at[..., None], side.expand(*at.shape, side.shape[1])], -1).reshape(-1, side.shape[1] + 1)
        return integrand(pair.log_prob(points), pair.log_score(points)).view(at.shape)

    start = base_points(pair.base, rest)
    levels = HALVINGS if bool(torch.isfinite(start).all()) else DOUBLINGS
    first, last, error = dyadic_tails(log_integrand, rest, start, levels=levels)
    bound = Bound(
        {"decay": torch.full_like(first, 2.0 ** (-levels / 2)), "quadrature": error / first},
        "If p/s is at most C |t - c|^(-1/2) near a finite base point, or C |t|^(-3/2) near an infinite one, each dyadic integral is at most 1/sqrt 2 of the one before.",
        estimated=("quadrature",),
        assumes=(NEAR_THE_END,),
    )
    return Measurement(last / first, bound, rest.shape[0])


class PushedScore:
    """Draws of p pushed through the map and counted in cells whose masses are integrals
    of s composed with the inverse as evaluated.

    Attributes:
        statistic: The largest distance of the running shares of the counts from the
            running masses. slack: What quadrature may move it.
    Raises:
        HypothesisError: D above 2, or what the map's methods raise.
    """

    def __init__(
        self,
        distribution: Distribution,
        log_score: LogFunction,
        *,
        base: float | LogFunction,
        integrand: Integrand,
        size: int,
        stream: Stream,
    ) -> None:
        if distribution.dim > 2:
            raise HypothesisError("masses of cells are integrated in D = 1 or 2; the Jacobian's route covers more")
        transport = ArbitraryScore(
            distribution.log_prob, log_score, dim=distribution.dim, base=base, integrand=integrand, rule=PUSHING
        )
        edges = _edges(transport.forward(distribution.sample(2000, stream.fork("pilot"))))
        counts = torch.zeros(1, dtype=torch.int64, device=stream.device)
        draws = stream.fork("samples")
        for tile in tiles(size, TILE):
            counts = counts + count_cells(transport.forward(distribution.sample(tile, draws)), edges)
        fine, coarse = (_masses(transport, log_score, edges, nodes) for nodes in (7, 5))
        self.statistic = ks_over_cells(counts, fine)
        self.slack = Bound(
            {"quadrature": (fine - coarse).abs().sum()},
            "Masses of cells by Gauss-Legendre with 7 and with 5 nodes an axis; the sum of the differences bounds that of their running sums.",
            estimated=("quadrature",),
            assumes=("s composed with the inverse is smooth on each cell",),
        )


def _edges(images: Tensor) -> tuple[Tensor, ...]:
    """Cell edges at quantiles of pilot images: 6 cells along the first axis, 3 along
    the second."""
    edges = []
    for column, cells in zip(images.T, (6, 3), strict=False):
        levels = torch.linspace(0.05, 0.95, cells + 1, dtype=images.dtype, device=images.device)
        edges.append(torch.quantile(column, levels))
    return tuple(edges)


def _masses(transport: ArbitraryScore, log_score: LogFunction, edges: tuple[Tensor, ...], nodes: int) -> Tensor:
    """Integral of s(f^-1(y)) over each cell."""
    y, weights = quadrature.box_rule(edges, quadrature.gauss(nodes))
    density = log_score(transport.inverse(y.reshape(-1, y.shape[-1]))).exp()
    return (weights * density.view(weights.shape)).sum(1)
