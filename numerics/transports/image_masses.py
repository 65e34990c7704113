r"""What a rule makes of the density of an image, measured: masses of cells, Gaussian
images of Gaussians, samples counted in cells.

A *rule* takes (log p(x), log|det df/dx|) to the log density that is claimed of f(X) at
f(x). Masses that the claimed density gives to cells of the image are integrated in the
image's coordinates; the masses of their preimages come from distribution functions on
the preimages' boundaries, so that no determinant enters them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from numerics import quadrature
from numerics.bounds import Bound, Measurement
from numerics.distributions.interface import Distribution
from numerics.distributions.marginals import Logistic
from numerics.distributions.mixtures import isotropic_gaussian
from numerics.errors import HypothesisError, PrecisionError
from numerics.statistics import kolmogorov
from numerics.streams import Stream, tiles
from numerics.transports import bijections
from numerics.transports.flow_checks import INSIDE, linearise, log_determinant, units_of

Rule = Callable[[Any, Any], Any]
NODES = 32
ELLIPSES = (
    1.3,
    1.55,
    1.8,
)  # sums of semi-axes; the integrand's size is read off on the last, its domain checked on all
ANGLES = 16
TILE = 1 << 17
LEAST_LOG_DET = -690.0  # a determinant below e^-690 cannot be told from 0 in float64
SAMPLED = "on each ellipse the integrand is at most twice its largest value at 16 angles and every fourth node of the other axis, and has no pole between angles where none is near"

__all__ = ["density_of_gaussian_images", "mass_of_cells", "pushed_into_cells", "smooth_flow", "tracked_log_determinant"]


def tracked_log_determinant(chosen: Any, points: Tensor) -> Measurement:
    """log|det| as the map states it against that of autograd's Jacobian, nats; the
    comparison that audits of flows make.

    Args:
        chosen: With ``forward`` and ``log_det``, from points ``(N, D)``. points: ``(N,
            D)``.
    Raises:
        HypothesisError: a determinant that vanishes, to float64, at a point.
            ValueError: a map that autograd cannot follow.

    >>> f, x = bijections.bijection("deep", 2, Stream(1)), Stream(2).normal(4, 2)
    >>> bool((tracked_log_determinant(f, x).residual < 1e-12).all())
    True
    """
    found = linearise(lambda x, _: chosen.forward(x), points)
    if bool(((found.sign == 0) | (found.log_det < LEAST_LOG_DET)).any()):
        raise HypothesisError("det df/dx vanishes (to float64) at a sampled point, where the claim says nothing")
    layered = isinstance(chosen, bijections.Composition)
    condition = chosen.condition(points) if layered else found.condition
    depth = len(chosen.layers) if layered else 1
    return log_determinant(
        chosen.log_det(points).detach(), found, units=units_of(points.shape[1], depth), condition=condition
    )


def density_of_gaussian_images(dim: int, size: int, stream: Stream, rule: Rule) -> Measurement:
    r"""What the rule claims of :math:`f(X) = AX + b`, X normal, against the density of
    the normal distribution with mean b and covariance :math:`4AA^T`, nats.

    A is a product of rotations, an exchange of all coordinates in reverse and a scaling
    by numbers of both signs; the covariance's density goes through its Cholesky factor
    and uses neither A nor its determinant.
    """
    scale = torch.exp(stream.uniform(dim) - 0.5) * stream.signs(dim)
    turns = [bijections.rotation(dim, stream.fork(name)).matrix for name in ("first", "second")]
    matrix = turns[0].flip(0) * scale @ turns[1]
    offset, distribution = stream.normal(dim), isotropic_gaussian(dim, 2.0, stream.uniform(1))
    x = 2 * stream.normal(size, dim)
    y = x @ matrix.mT + offset
    factor = torch.linalg.cholesky(4 * matrix @ matrix.mT)
    white = torch.linalg.solve_triangular(factor, (y - offset).mT, upper=False)
    known = -white.square().sum(0) / 2 - factor.diagonal().log().sum() - dim / 2 * math.log(2 * math.pi)
    claimed = rule(distribution.log_prob(x), torch.linalg.slogdet(matrix).logabsdet)
    condition = torch.linalg.cond(matrix)
    bound = Bound(
        {"rounding": units_of(dim) * condition**2 * (1 + white.square().sum(0) + known.abs())},
        "Cholesky and triangular solves are backward stable: the quadratic form and the logarithm of the determinant move by (D + 8) units of rounding of "
        "their sizes, amplified by the condition of the covariance, which is that of A squared (Higham 2002, thms. 8.5 and 10.3).",
    )
    return Measurement((claimed - known).abs(), bound, size)


# -- masses of cells --------------------------------------------------------------------------------------------------------


def smooth_flow(dim: int, stream: Stream) -> bijections.Composition:
    """Two triangular layers with a rotation between them: analytic, so that a
    quadrature's remainder can be bounded.

    >>> f, x = smooth_flow(2, Stream(1)), Stream(2).normal(4, 2)
    >>> bool((f.inverse(f.forward(x)) - x).abs().max() < 1e-13)
    True
    """
    layers = (
        bijections.triangular_layer(dim, stream),
        bijections.rotation(dim, stream),
        bijections.triangular_layer(dim, stream),
    )
    return bijections.Composition(layers)


def mass_of_cells(dim: int, stream: Stream, rule: Rule, *, cells: int = 3, width: float = 0.4) -> Measurement:
    """Mass that the claimed density gives to cells of the image, by quadrature there,
    against the mass of their preimages under p.

    Args:
        dim: 1 or 2. stream: Draws the map and p, a product of logistic distributions.
            cells: On each axis. width: Of a cell.
    Returns:
        Residuals of ``cells ** dim`` cells, probabilities, with the remainder of
        Gauss-Legendre as the bound.
    Raises:
        PrecisionError: a pole of the integrand is too near to a cell.
    """
    flow = smooth_flow(dim, stream)
    distribution = Logistic(stream.normal(dim) / 2, 0.8 + 0.4 * stream.uniform(dim))
    middle = flow.forward(distribution.loc[None])[0]
    steps = width * (torch.arange(cells + 1, dtype=middle.dtype, device=middle.device) - cells / 2)
    of = _Cells(flow, distribution, rule, tuple(centre + steps for centre in middle))
    claimed, own = of.claimed_masses(), of.mass_of_preimages()
    terms = {
        "quadrature in cells": of.remainder_in_cells(),
        "quadrature on boundaries": of.remainder_on_boundaries(),
        "rounding": of.rounding(),
    }
    bound = Bound(
        terms, "Gauss-Legendre with 32 nodes an axis on an integrand analytic in an ellipse (Trefethen 2013, thm. 19.3), one axis after the other with weights "
        "that are positive; rounding moves points by 16 (D + 8) units for each layer, and the densities by their slopes.", assumes=(SAMPLED, INSIDE),
    )  # fmt: skip
    return Measurement((claimed - own).abs(), bound, claimed.numel())


@dataclass(frozen=True)
class _Cells:
    """A map, a product of logistic distributions, the claimed rule and the cells' edges
    on each axis of the image."""

    flow: bijections.Composition
    distribution: Logistic
    rule: Rule
    edges: tuple[Tensor, ...]

    @property
    def dim(self) -> int:
        return len(self.edges)

    @property
    def nodes(self) -> tuple[Tensor, Tensor]:
        """Points ``(cells, m, D)`` and weights ``(cells, m)``."""
        return quadrature.box_rule(self.edges, quadrature.gauss(NODES))

    def claimed_masses(self) -> Tensor:
        """Integrals of the claimed density over the cells, ``(cells,)``, with the
        Jacobian as autograd finds it."""
        y, weights = self.nodes
        x = self.flow.inverse(y.reshape(-1, self.dim))
        log_det = linearise(lambda at, _: self.flow.forward(at), x).log_det
        return (weights * self.rule(self.distribution.log_prob(x), log_det).exp().view(weights.shape)).sum(1)

    def mass_of_preimages(self) -> Tensor:
        """P(f^-1(cell)), ``(cells,)``: a difference of distribution functions, or the
        integral of u_1 du_2 around the preimage, u the distribution functions."""
        if self.dim == 1:
            return self._levels(self.flow.inverse(self.edges[0][:, None]))[:, 0].diff().abs()
        total = torch.zeros(1, dtype=self.distribution.loc.dtype, device=self.distribution.loc.device)
        for y, weights, sign, axis in self._sides():
            total = total + sign * (weights * self._along(y.reshape(-1, 2), axis).view(weights.shape)).sum(1)
        return total.abs()

    def _levels(self, x: Tensor) -> Tensor:
        return torch.sigmoid((x - self.distribution.loc) / self.distribution.scale)

    def _sides(self) -> list[tuple[Tensor, Tensor, int, int]]:
        """The four sides of every cell, anticlockwise: points ``(cells, m, 2)``,
        weights ``(cells, m)``, direction and axis."""
        first, second = self.edges
        low, high = (torch.cartesian_prod(first[part], second[part]) for part in (slice(0, -1), slice(1, None)))
        u, w, _ = quadrature.gauss(NODES).tensors(first)
        sides = []
        for axis, at, sign in ((0, low, 1), (1, high, 1), (0, high, -1), (1, low, -1)):
            points = at[:, None, :].expand(-1, len(u), 2).clone()
            points[:, :, axis] = low[:, None, axis] + (high - low)[:, None, axis] * u
            sides.append((points, (high - low)[:, None, axis] * w, sign, axis))
        return sides

    def _along(self, y: Tensor, axis: int) -> Tensor:
        """u_1 du_2/dy_axis at points of the image, ``(N,)``; holomorphic where ``y`` is
        complex."""
        flow, levels = self._at(y)
        leaf = y.detach().requires_grad_()
        with torch.enable_grad():
            u = levels(flow.inverse(leaf))
            (slope,) = torch.autograd.grad(
                u[:, 1].sum(), leaf, grad_outputs=torch.ones((), dtype=y.dtype, device=y.device)
            )
        return u[:, 0].detach() * slope[:, axis].conj()

    def _at(self, y: Tensor) -> tuple[bijections.Composition, Callable[[Tensor], Tensor]]:
        """The map and the distribution functions with parameters in the dtype of
        ``y``."""
        layers = tuple(
            type(layer)(*(getattr(layer, field.name).to(y.dtype) for field in fields(layer)))
            for layer in self.flow.layers
        )
        return bijections.Composition(layers), self._levels

    # -- bounds --

    def remainder_in_cells(self) -> Tensor:
        """Of :meth:`claimed`, ``(cells,)``: for each axis the remainder of the rule
        along it, times the widths of the others."""
        (y, _), total, lengths = self.nodes, 0.0, self._lengths()
        for axis in range(self.dim):
            grid = y.view(len(y), *[NODES] * self.dim, self.dim)
            others = grid.select(1 + axis, 0).reshape(len(y), -1, self.dim)[:, ::4]
            on_ellipse = self._on_ellipse(others, axis, self._log_density, lengths)
            others = lengths.prod(1) / lengths[:, axis]
            total = total + others * self._remainder(lengths[:, axis], on_ellipse)
        return total

    def remainder_on_boundaries(self) -> Tensor:
        """Of :meth:`mass_of_preimages`, ``(cells,)``."""
        total = torch.zeros(
            len(self._lengths()), dtype=self.distribution.loc.dtype, device=self.distribution.loc.device
        )
        if self.dim == 1:
            return total
        for y, _, _, axis in self._sides():
            lengths = self._lengths()
            sizes = self._on_ellipse(y[:, :1], axis, lambda at, axis=axis: self._along(at, axis).abs().log(), lengths)
            total = total + self._remainder(lengths[:, axis], sizes)
        return total

    def _lengths(self) -> Tensor:
        widths = [edge.diff() for edge in self.edges]
        return torch.cartesian_prod(*widths).reshape(-1, self.dim)

    def _remainder(self, length: Tensor, log_size: Tensor) -> Tensor:
        rule = quadrature.gauss(NODES)
        return length * torch.exp(
            log_size + math.log(2) - rule.degree * math.log(ELLIPSES[-1]) + math.log(4 / (ELLIPSES[-1] - 1))
        )

    def _on_ellipse(self, others: Tensor, axis: int, log_size: Callable[[Tensor], Tensor], lengths: Tensor) -> Tensor:
        """log of the largest |integrand| for each cell, the coordinate ``axis`` on an
        ellipse around the cell's side, the others at the nodes.

        Raises:
            PrecisionError: a point at which a sigmoid or a hyperbolic tangent is within
                a quarter of its distance from the real axis of a pole.
        """
        angles = torch.arange(ANGLES, dtype=others.dtype, device=others.device) * (2 * math.pi / ANGLES)
        centres = torch.cartesian_prod(*((edge[1:] + edge[:-1]) / 2 for edge in self.edges)).reshape(-1, self.dim)
        for total in ELLIPSES:
            turn = torch.polar(torch.full_like(angles, total), angles)
            around = centres[:, axis, None] + lengths[:, axis, None] / 4 * (turn + 1 / turn)
            at = others[:, :, None, :].expand(-1, -1, ANGLES, -1).to(around.dtype).clone()
            at[..., axis] = around[:, None, :]
            self._refuse_poles(at.reshape(-1, self.dim))
        return log_size(at.reshape(-1, self.dim)).view(len(centres), -1).amax(1)

    def _refuse_poles(self, y: Tensor) -> None:
        flow, _ = self._at(y)
        x, nearest = y, 0.0
        for layer in reversed(flow.layers):
            x = layer.inverse(x)
            if isinstance(layer, bijections.TriangularLayer):
                nearest = max(nearest, float((x @ layer.log_slope).imag.abs().max()) / (math.pi / 2))
        nearest = max(
            nearest, float(((x - self.distribution.loc) / self.distribution.scale).imag.abs().max()) / math.pi
        )
        if nearest > 0.75:
            raise PrecisionError(
                "A pole of the claimed density lies too near to a cell for the remainder of the quadrature. Use narrower cells."
            )

    def _log_density(self, y: Tensor) -> Tensor:
        """log|q| of the claimed density at complex points, ``(N,)``; the volume factor
        as the layers state it, which is analytic."""
        flow, _ = self._at(y)
        x = flow.inverse(y)
        z = (x - self.distribution.loc) / self.distribution.scale
        log_p = -(2 * torch.cosh(z / 2)).log().real.mul(2).sum(1) - self.distribution.scale.log().sum()
        return self.rule(log_p, flow.log_det(x).real)

    def rounding(self) -> Tensor:
        """Of both masses together, ``(cells,)``."""
        y, weights = self.nodes
        leaf = y.reshape(-1, self.dim).requires_grad_()
        with torch.enable_grad():
            x = self.flow.inverse(leaf)
            log_q = self.rule(self.distribution.log_prob(x), self.flow.log_det(x))
            (slope,) = torch.autograd.grad(log_q.sum(), leaf)
        units = units_of(self.dim, 2 * len(self.flow.layers))
        found = linearise(lambda at, _: self.flow.forward(at), x.detach())
        moved = 1 + log_q.detach().abs() + slope.norm(dim=1) * (1 + leaf.detach().norm(dim=1)) + found.condition
        inside = (weights * (log_q.detach().exp() * moved).view(weights.shape)).sum(1)
        around = (
            (found.condition * (1 + x.detach().norm(dim=1)) / self.distribution.scale.min()).view(weights.shape).amax(1)
        )
        return units * (inside + 4 * self._lengths().amax(1) * around)


# -- samples pushed into cells ------------------------------------------------------------------------------------------------


def pushed_into_cells(
    distribution: Distribution, chosen: Any, rule: Rule, size: int, stream: Stream
) -> tuple[float, Bound]:
    """Kolmogorov-Smirnov distance between counts of pushed samples over cells of the
    image and the masses that the claimed density gives these.

    Args:
        distribution: Samples and log density in D = 1 or 2. chosen: With ``forward``,
            ``inverse`` and, where it has them, ``breaks``: places between which the
            images' density is smooth.
        size: How many samples. stream: Of the samples; a pilot of 2000 places the
            cells.
    Returns:
        The distance, and what the quadrature of the masses may add to it, an estimate.
    """
    edges = _edges(chosen, distribution.sample(2000, stream.fork("pilot")))
    counts = torch.zeros(1, dtype=torch.int64, device=stream.device)
    pushed = stream.fork("samples")
    for part in tiles(size, TILE):
        counts = counts + kolmogorov.count_cells(chosen.forward(distribution.sample(part, pushed)), edges)
    if int(counts.sum()) != size:
        raise ArithmeticError(
            f"Counted {int(counts.sum())} samples of {size}: the radius would be that of more than there are."
        )
    fine, coarse = (_masses(distribution, chosen, rule, edges, nodes) for nodes in (32, 22))
    slack = Bound(
        {"quadrature": (fine - coarse).abs().sum()},
        "Masses of cells by smoothed Gauss-Legendre with 32 and with 22 nodes an axis; the sum of the differences bounds that of their running sums.",
        estimated=("quadrature",), assumes=("the claimed density is smooth inside each cell, up to kinks",),
    )  # fmt: skip
    return kolmogorov.ks_over_cells(counts, fine), slack


def _edges(chosen: Any, pilot: Tensor) -> tuple[Tensor, ...]:
    """Cell edges: where the images' density is known to be singular, or else quantiles
    of pilot images."""
    breaks = getattr(chosen, "breaks", None)
    if breaks is not None:
        return (torch.tensor(breaks, dtype=pilot.dtype, device=pilot.device),)
    levels = (torch.linspace(0.03, 0.97, cells + 1, dtype=pilot.dtype, device=pilot.device) for cells in (8, 4))
    return tuple(torch.quantile(column, level) for column, level in zip(chosen.forward(pilot).T, levels, strict=False))


def _masses(distribution: Distribution, chosen: Any, rule: Rule, edges: tuple[Tensor, ...], nodes: int) -> Tensor:
    """Integral over each cell of the claimed density, at the images y = f(f^-1(y))."""
    y, weights = quadrature.box_rule(edges, quadrature.gauss(nodes), smooth=True)
    back = chosen.inverse(y.reshape(-1, y.shape[-1]))
    log_det = linearise(lambda x, _: chosen.forward(x), back).log_det
    return (weights * rule(distribution.log_prob(back), log_det).exp().view(weights.shape)).sum(1)
