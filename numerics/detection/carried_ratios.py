r"""Two distributions and a bijection, measured: the ratio of the images' densities,
masses of images of sets, labels in cells of the image.

The two images' densities come from different Jacobians, p's from the inverse's and q's
from the map's own. Masses of f(A) count samples inside the image of A's boundary,
without an inverse; labels in cells of the image are counted against the ratio carried
there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.detection.sets import Region, cells_of
from numerics.distributions.interface import Distribution
from numerics.distributions.mixtures import IsotropicMixture, random_mixture
from numerics.errors import HypothesisError
from numerics.streams import Stream, tiles
from numerics.transports import bijections
from numerics.transports.flow_checks import INSIDE, linearise, units_of

TILE = 1 << 16
CELLS = 8
SETS = CELLS + 1  # cells of the image, and where the carried classifier decides for the first distribution
HELD = 1 << 18  # entries of Jacobians held at once

__all__ = ["SETS", "Counted", "Pair", "declared_pair"]


@dataclass(frozen=True)
class Counted:
    """What pushed and fresh samples say, as differences of shares that vanish on
    average.

    Attributes:
        mass: Half of the largest difference, over p and q, of the share of pushed
            samples in f(A) and of fresh ones in A: a mean of 2 n terms; None for D > 2.
        polygon: What the polygon in place of the curve around f(A) may add to it.
        labels: Largest surplus, over cells of the image and over the points that the
            carried classifier gives to p, of first labels over what the carried ratio
            gives, as a share of all samples.
        samples: How many terms these means have: pushed samples of both distributions,
            or pushed and fresh ones of one.
    """

    mass: float | None
    polygon: Bound
    labels: float
    samples: int


@dataclass(frozen=True)
class Pair:
    """Two densities of R^D with samplers, and a map with ``forward`` and ``inverse``;
    ``trusted`` where samplers are known to follow their densities."""

    p: Distribution
    q: Distribution
    f: Any
    dim: int
    trusted: bool = True

    def log_ratio(self, points: Tensor) -> Tensor:
        """log p - log q at points ``(N, D)``, nats, shape ``(N,)``."""
        return self.p.log_prob(points) - self.q.log_prob(points)

    def ratio_at_images(self, points: Tensor) -> Measurement:
        r"""log of the ratio of the images' densities at f(x) against log p(x) - log
        q(x), nats, ``(N,)``.

        With x' the point that the inverse finds, p's image has :math:`\log p(x') +
        \log|\det Df^{-1}(f(x))|` and q's has
        :math:`\log q(x) - \log|\det Df(x)|`.

        Args:
            points: Samples of p or q, shape ``(N, D)``.
        Raises:
            ValueError: f or its inverse cannot be followed by autograd.
        """
        dim = self.dim
        points = points[: max(16, HELD // dim**2)].requires_grad_()
        with torch.enable_grad():
            log_p, log_q = self.p.log_prob(points), self.q.log_prob(points)
            slopes = [
                torch.autograd.grad(part.sum(), points, retain_graph=True)[0].norm(dim=1) for part in (log_p, log_q)
            ]
        points, log_p, log_q = points.detach(), log_p.detach(), log_q.detach()
        ahead = linearise(lambda x, _: self.f.forward(x), points)
        back = linearise(lambda y, _: self.f.inverse(y), ahead.images)
        first = self.p.log_prob(back.images).detach() + back.log_det
        second = log_q - ahead.log_det
        residual = (first - second - (log_p - log_q)).abs()
        bound = Bound(
            self._rounding(points, ahead.log_det, sum(slopes), 1 + log_p.abs() + log_q.abs()),
            "Each layer's image is off by 16 (D + 8) units of rounding of its size, carried back by the inverse of the layers up to it; each inverse layer, solved "
            "by substitution, by as many times its condition (Higham 2002, ch. 8). The gradients turn a displacement into a difference of log densities; each "
            "Jacobian's log-determinant moves by the condition of its layers.",
            assumes=(INSIDE, "log|det Df| changes by at most D over a distance of one"),
        )  # fmt: skip
        return Measurement(residual, bound, len(points))

    def _rounding(self, points: Tensor, log_det: Tensor, slopes: Tensor, size: Tensor) -> dict[str, Tensor]:
        layers = self.f.layers if isinstance(self.f, bijections.Composition) else (self.f,)
        units = units_of(self.dim)
        displaced, condition = displacement(layers, points)
        return {
            "round trip": units * displaced * (self.dim + slopes),
            "log densities": units * size,
            "Jacobians": 2 * units * len(layers) * (1 + log_det.abs() + condition),
        }

    def count(self, size: int, stream: Stream) -> Counted:
        """Push ``size`` samples of each distribution, and hold them against as many
        fresh ones.

        Raises:
            HypothesisError: labels of a pair that is not trusted miss p/(p+q) before
                any map: p and q are not the normalised densities of what they sample.
        """
        flat = Region(self.f, self.p.sample(2000, stream.fork("pilot"))) if self.dim <= 2 else None
        levels = torch.linspace(0, 1, CELLS + 1, dtype=stream.dtype, device=stream.device)[1:-1]
        pilot = self.p.sample(2000, stream.fork("cells"))
        cuts, places = (torch.quantile(points[:, 0], levels) for points in (self.f.forward(pilot), pilot))
        surplus = torch.zeros(2, dtype=torch.float64, device=stream.device)  # of members of f(A), for p and q
        doubtful = torch.zeros(2, dtype=torch.float64, device=stream.device)
        labelled, unmoved = torch.zeros(2, SETS, dtype=torch.float64, device=stream.device)
        for row, (distribution, label) in enumerate(((self.p, 1.0), (self.q, 0.0))):
            fresh, pushed = stream.fork(f"fresh {row}"), stream.fork(f"pushed {row}")
            for part in tiles(size, TILE):
                original, image = distribution.sample(part, fresh), self.f.forward(distribution.sample(part, pushed))
                if flat is not None:
                    member, unsure = flat.in_image(image)
                    surplus[row] += member.sum() - flat.contains(original).sum()
                    doubtful[row] += unsure.sum()
                labelled += _surplus(label, self.log_ratio(self.f.inverse(image)), cells_of(image[:, 0], cuts))
                unmoved += _surplus(label, self.log_ratio(original), cells_of(original[:, 0], places))
        gap = float(unmoved.abs().max()) / (2 * size)
        if not self.trusted and gap > 4 / size**0.5:  # sixteen standard deviations of a share of 2 n labels
            raise HypothesisError(
                f"p and q are the normalised densities of what they sample: before any map, labels miss p/(p+q) by {gap:.2g} in some cell"
            )
        polygon = Bound(
            {"polygon": doubtful.max() / (2 * size)},
            "Samples on which the polygons with 32 and with 64 vertices a side disagree, of the curve that bounds the image.", estimated=("polygon",),
        )  # fmt: skip
        mass = None if flat is None else float(surplus.abs().max()) / (2 * size)
        return Counted(mass, polygon, float(labelled.abs().max()) / (2 * size), 2 * size)


def displacement(layers: Iterable[Any], points: Tensor) -> tuple[Tensor, Tensor]:
    r"""How far a round trip moves the points, in units of rounding, and the sum of the
    layers' conditions, ``(N,)`` each.

    .. math:: \sum_l \|(J_l \cdots J_1)^{-1}\|\,|h_l| + \|(J_{l-1} \cdots J_1)^{-1}\|\,\kappa(J_l)\,|h_{l-1}|

    Args:
        layers: Maps with ``forward``, applied in order. points: Shape ``(N, D)``.

    >>> from numerics.transports.bijections import Rotation
    >>> displacement([Rotation(torch.eye(2))], torch.zeros(1, 2))
    (tensor([2.]), tensor([1.]))
    """
    back = torch.eye(points.shape[1], dtype=points.dtype, device=points.device).expand(points.shape[0], -1, -1)
    total, conditions = torch.zeros_like(points[:, 0]), torch.zeros_like(points[:, 0])
    for layer in layers:
        found = linearise(lambda x, _, layer=layer: layer.forward(x), points)
        total = total + torch.linalg.matrix_norm(back, 2) * found.condition * (1 + points.norm(dim=1))
        back = back @ torch.linalg.pinv(found.jacobian)
        total = total + torch.linalg.matrix_norm(back, 2) * (1 + found.images.norm(dim=1))
        conditions, points = conditions + found.condition, found.images
    return total, conditions


def _surplus(label: float, log_ratio: Tensor, cells: Tensor) -> Tensor:
    """Sum of label - p/(p+q) over the points in each cell and over those with p > q,
    shape ``(SETS,)``."""
    excess = label - torch.sigmoid(log_ratio)
    by_cell = torch.bincount(cells, weights=excess, minlength=CELLS)
    return torch.cat([by_cell, excess[log_ratio > 0].sum()[None]])


def declared_pair(kind: str, dim: int, seeded: Stream) -> tuple[Distribution, Distribution]:
    """Two random mixtures of R^D (``mixtures``), or normal distributions about (1, 0,
    ..) and (-1/2, 0, ..) (``apart``).

    >>> p, q = declared_pair("apart", 2, Stream(1))
    >>> origin = torch.zeros(1, 2).double()
    >>> p.log_prob(origin) - q.log_prob(origin)  # -1/2 + 1/8
    tensor([-0.3750], dtype=torch.float64)
    """
    if kind != "apart":
        return random_mixture(dim, 4, seeded.fork("p")), random_mixture(dim, 4, seeded.fork("q"))
    one = torch.ones(1, dtype=seeded.dtype, device=seeded.device)
    first, second = (torch.nn.functional.pad(at * one[None], (0, dim - 1)) for at in (1.0, -0.5))
    return IsotropicMixture(one, first, one), IsotropicMixture(one, second, one)
