"""Inliers and outliers sent through a map: their densities recovered from the images
alone, and the area under the ROC curve of these."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.detection.roc import AurocInterval, auroc_within
from numerics.distributions.declared import declared_distribution
from numerics.distributions.mixtures import IsotropicMixture
from numerics.streams import Stream
from numerics.transports import image_density
from numerics.transports.arbitrary_score import ArbitraryScore, log_ratio
from numerics.transports.conditionals import MixtureConditionals
from numerics.transports.domain import HypothesisError, LogFunction, PrecisionError, Trouble, evaluate
from numerics.transports.rosenblatt import KnotheRosenblatt

EPS = torch.finfo(torch.float64).eps
RESOLVED = 0.05  # nats: scores known less well than this leave their pairs open


@dataclass(frozen=True)
class Detector:
    """A density with inliers and outliers.

    Args:
        log_prob: log p in nats, from ``(N, D)`` to ``(N,)``. inliers: ``(N, D)``.
            outliers: ``(M, D)``.
        distribution: What is known of p beyond its values: a Gaussian mixture bounds
            the quadrature; ``base`` is a base point.
        copies: How many inliers stand among the outliers once more, so that there are
            ties.
    """

    log_prob: LogFunction
    inliers: Tensor
    outliers: Tensor
    distribution: Any = None
    copies: int = 0


def declared_detector(kind: str, outliers: str, dim: int, size: int, seeded: Stream, stream: Stream) -> Detector:  # noqa: PLR0917
    """A distribution by name, its draws, and outliers by name: p's draws displaced or
    spread, draws of another distribution, or points beyond the support.

    >>> detector = declared_detector("gaussian", "shifted", 2, 4, Stream(1), Stream(2))
    >>> detector.inliers.shape, detector.copies
    (torch.Size([4, 2]), 2)
    """
    distribution = declared_distribution(kind, dim, seeded.fork("p"))
    inliers = distribution.sample(size, stream.fork("inliers"))
    drawn = distribution.sample(size, source := stream.fork("outliers"))
    if outliers == "outside":
        out = drawn + 3 * torch.eye(1, dim, dtype=drawn.dtype, device=drawn.device)
    elif kind == "band":  # the middle half of the band, further out along it
        along = 1.5 * drawn[:, 1]
        out = torch.stack([(drawn[:, 0] - distribution.base(drawn[:, 1:])) / 2 + along.square(), along], 1)
    elif outliers == "foreign":
        out = declared_distribution("mixture", dim, seeded.fork("foreign")).sample(size, source)
    elif outliers == "sideways":
        out = torch.cat([drawn[:, :1], (1 + 1.6 / dim**0.5) * drawn[:, 1:]], 1)
    else:
        out = 1.2 * drawn + 0.3 if outliers == "shifted" else 1.4 * drawn
    return Detector(distribution.log_prob, inliers, out, distribution, size // 2)


class ImageScores:
    """Scores of the points before the map, log p, and after it: log densities recovered
    through the inverse and the Jacobian as evaluated.

    Points outside {p > 0} have density zero before, and after whatever bijection: a
    null set goes to a null set.

    Attributes:
        log_p, log_density: Nats, -inf where p is zero; shape ``(N + M,)``. rounding,
            error: What may separate them from the exact ones.
        trouble: The rows at which the map cannot be trusted, by cause.
    Raises:
        HypothesisError: p is NaN or infinite somewhere. ValueError: functions or points
            of another shape, precision or device.
    """

    def __init__(
        self,
        detector: Detector,
        log_score: Callable[[Tensor], Tensor],
        *,
        power: int,
        base: float | LogFunction | None = None,
        integrand: Callable[[Tensor, Tensor], Tensor] = log_ratio,
        supported: bool = True,
    ) -> None:
        self.points, self.dim = torch.cat([detector.inliers, detector.outliers]), detector.inliers.shape[1]
        n, labels = len(detector.inliers), torch.arange(len(self.points), device=self.points.device)
        self.inlier_rows, self.outlier_rows = labels[:n], torch.cat([labels[n:], labels[: detector.copies]])
        with torch.no_grad():
            self.log_p = evaluate("p", detector.log_prob, self.points)
        _finite(self.log_p, supported)
        self.rounding = 16 * (self.dim + 8) * EPS * (1 + self.log_p.abs())
        self.log_density, self.error = torch.full_like(self.log_p, -torch.inf), torch.zeros_like(self.log_p)
        self.trouble, self.distribution = Trouble(0, {}), detector.distribution
        own = getattr(detector.distribution, "base", 0.0) if base is None else base
        self.transport = ArbitraryScore(
            detector.log_prob, lambda x: log_score(detector.log_prob(x)), dim=self.dim, base=own, integrand=integrand
        )
        self._push(power)
        if supported and not self.resolved.numel():
            raise PrecisionError(f"No recovered density is known to within {RESOLVED} nats; {self.trouble}.")

    def _push(self, power: int) -> None:
        inside = (self.log_p > -torch.inf).nonzero()[:, 0]
        if not inside.numel():
            return
        self.error[inside] = torch.inf
        with suppress(HypothesisError):  # where there is nothing to centre, the inspection says why
            self.transport = self.transport.centre_unit(self.points[inside])
        self.trouble = self.transport.inspect(self.points[inside]).trouble
        self.pushed = inside[self.trouble.sound]
        if self.pushed.numel():
            known = isinstance(self.distribution, IsotropicMixture) and self.transport.integrand is log_ratio
            exponents = image_density.mixture_exponents(self.distribution, power) if known else None
            self.recovered = image_density.recover(self.transport, self.points[self.pushed], exponents=exponents)
            self.log_density[self.pushed], self.error[self.pushed] = self.recovered.log_density, self.recovered.error

    @property
    def resolved(self) -> Tensor:
        """Rows of {p > 0} whose recovered score is known to within ``RESOLVED``
        nats."""
        return ((self.error <= RESOLVED) & (self.log_p > -torch.inf)).nonzero()[:, 0]

    def off(self, log_score: Callable[[Tensor], Tensor]) -> Measurement:
        """Recovered log densities of the resolved rows against log s, in nats.

        Args:
            log_score: From log p in nats, shape ``(R,)``, to log s, the same shape.
        """
        rows = self.resolved
        off = (self.log_density[rows] - log_score(self.log_p[rows]) - self.transport.log_unit).abs()
        return Measurement(off, self.bound(), rows.numel())

    def bound(self) -> Bound:
        """What may separate the recovered log densities of the resolved rows from exact
        ones, and log p from what it should be."""
        rows, kept = self.resolved, self.recovered.error <= RESOLVED
        terms = {name: getattr(self.recovered, name)[kept] for name in ("quadrature", "rounding", "inversion")}
        known = self.recovered.bounded
        return Bound(
            {**terms, "log p": 2 * self.rounding[rows]}, image_density.DERIVATION, estimated=() if known else ("quadrature",),
            assumes=(image_density.ACCURACY, image_density.STEADY, *(() if known else (image_density.SMOOTH,))),
        )  # fmt: skip

    def levels(self) -> Measurement:
        """The levels (in nats) at which {p_f > lambda} parts the resolved points: from
        the lowest recovered density to the highest."""
        scores, bound = self.log_density[self.resolved], self.bound()
        low, high = scores.argmin(), scores.argmax()
        terms = {name: term[low] + term[high] for name, term in bound.terms.items()}
        return Measurement(scores[high] - scores[low], replace(bound, terms=terms), scores.numel())

    def area_of_ties(self, ties: Fraction | int) -> Measurement:
        """The area against one half: pairs of resolved scores that the errors do not
        tell apart tie; a pair with an unresolved score may count anything."""
        self.interval = interval = self.area(self.log_density, self.error)
        vague = (self.error > RESOLVED) & (self.log_p > -torch.inf)
        shares = [float(vague[rows].double().mean()) for rows in (self.inlier_rows, self.outlier_rows)]
        area = (interval.wins + Fraction(ties) * (interval.ties + interval.open)) / interval.pairs
        bound = Bound(
            {"pairs with an unresolved score": sum(shares), "less than a step": 1 / (4 * interval.pairs)},
            f"An area is a whole multiple of half a pair. Scores known to less than {RESOLVED} nats are left out: pairs with one may count 0 or 1.",
        )
        return Measurement(abs(float(area - Fraction(1, 2))), bound, len(self.points))

    def on_the_cube(self, largest: int = 8, few: int = 12) -> Measurement | None:
        """The other uniformization, onto the cube, at ``few`` points: its image's
        density, recovered in the same way, against 1; None beyond D = ``largest``."""
        if not isinstance(self.distribution, IsotropicMixture) or self.dim > largest:
            return None
        rows = self.resolved[:: -(-self.resolved.numel() // few)]
        source = MixtureConditionals.of(self.distribution)
        cube = KnotheRosenblatt.from_conditionals(source)
        back = cube.inverse_of_tails(cube.tails(self.points[rows])).x
        bound = Bound(
            {"rounding": (1 + self.dim) * 32 * EPS * self.distribution.rounding_units(back)},
            "Tails are sums of positive terms, and so are their derivatives: both are known to the rounding of their exponents, D times over, and log p is.",
            assumes=("log p and the normal tails are computed to within 32 (D + 8) (1 + max |z|^2) units of rounding, z = (x - m)/sigma",),
        )  # fmt: skip
        return Measurement((self.transport.log_prob(back) - cube.log_det(back)).abs(), bound, rows.numel())

    def round_trip(self) -> Measurement:
        """How far the preimages that were found lie from the points, where it is known
        to within ``RESOLVED`` of 1 + |x|."""
        size = 1 + self.points[self.pushed].abs().amax(1)
        near = self.recovered.reach <= RESOLVED * size
        assumed = (image_density.ACCURACY, image_density.STEADY)
        bound = Bound({"reach": (self.recovered.reach / size)[near]}, image_density.DERIVATION, assumes=assumed)
        return Measurement((self.recovered.moved / size)[near], bound, int(near.sum()))

    def area(self, scores: Tensor, errors: Tensor) -> AurocInterval:
        """The interval of the area under the ROC curve, copies of a point counted as
        ties.

        Args:
            scores, errors: One a row, shape ``(N + M,)``; nats.
        """
        a, b = self.inlier_rows, self.outlier_rows
        vague = torch.where(errors <= RESOLVED, errors, torch.inf)
        return auroc_within(scores[a], scores[b], vague[a], vague[b], labels=(a, b))

    def areas(self, claimed: Callable[[Any], Any], ties: Fraction | int) -> Measurement:
        """The area of the recovered scores against what is claimed of the area of log
        p."""
        before = self.area(self.log_p, torch.where(self.log_p.isinf(), 0, self.rounding))
        after = self.area(self.log_density, self.error)
        self.area_before, there = (sum(interval.between(ties)) / 2 for interval in (before, after))
        bound = Bound(
            {"pairs of log p left open": float(before.width) / 2, "pairs of recovered scores left open": float(after.width) / 2, "less than a step": 1 / (4 * after.pairs)},
            "Each area lies within half the share of its open pairs of the middle; both are whole multiples of half a pair. A pair is open where two scores are "
            "nearer than their errors, so that rounding may have tied or untied them; copies of one point tie.",
            assumes=(image_density.ACCURACY,),
        )  # fmt: skip
        return Measurement(abs(float(there - claimed(self.area_before))), bound, len(self.points))


def _finite(log_p: Tensor, supported: bool) -> None:
    wild, outside = log_p.isnan() | (log_p == torch.inf), log_p == -torch.inf
    if bool(wild.any()):
        raise HypothesisError(
            f"log p is NaN or infinite at {int(wild.sum())} of {len(log_p)} points, first in row {int(wild.nonzero()[0])}; p has to be continuous and "
            "finite there."
        )
    if supported and bool(outside.any()):
        raise HypothesisError(
            f"{int(outside.sum())} of {log_p.numel()} points lie outside {{p > 0}}; the claim is about outliers inside the support."
        )
