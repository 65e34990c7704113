"""Radial maps measured: the determinant of the map as evaluated against p/s, the
inverse, what signed permutations do to the map, and the score within orbits."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.rounding import gamma
from numerics.streams import Stream
from numerics.transports.radial_maps import RadialMap, moment_error, shell_nodes

Weights = Callable[[int], Tensor]


def equal_weights(dim: int) -> Tensor:
    """1 for every coordinate: a ratio that signed permutations leave alone."""
    return torch.ones(dim, dtype=torch.float64)


def unequal_weights(dim: int) -> Tensor:
    """1 for the even coordinates and 9 for the odd ones: a ratio that a shift changes.

    >>> unequal_weights(3)
    tensor([1., 9., 1.], dtype=torch.float64)
    """
    return 1.0 + 8.0 * (torch.arange(dim) % 2).double()


def shift_irreps(n: int) -> Tensor:
    """An orthogonal matrix whose rows are the real irreps of the cyclic shifts of n
    coordinates: constants, cosines and sines, shape ``(n, n)``.

    >>> shift_irreps(2).round(decimals=3)
    tensor([[ 0.7070,  0.7070],
            [ 0.7070, -0.7070]], dtype=torch.float64)
    """
    turns = torch.arange(n)[:, None] * torch.arange(n)[None, :] % n
    angles = turns.double() * (2 * math.pi / n)
    rows = [angles[0].cos() / math.sqrt(n)]
    for f in range(1, n // 2 + 1):
        if 2 * f == n:
            rows.append(angles[f].cos() / math.sqrt(n))
        else:
            rows += [angles[f].cos() * math.sqrt(2 / n), angles[f].sin() * math.sqrt(2 / n)]
    return torch.stack(rows)


class MeasuredRadialMap:
    """The map of p/s = 1 + sum_i c_i x_i^2/D + sum_i x_i^4/D with a mixture of two
    Gaussians for p, at random points, and the cyclic group of signed shifts.

    p/s is a polynomial along rays with coefficients of one sign, so that the sum over
    shells has no error but its moments', and nothing cancels.

    Args:
        dim: D. size: Points. stream: Source of points, means and signs.
        weights: The c_i. shells: From D to the dimension whose shells are summed.
    """

    def __init__(
        self,
        dim: int,
        size: int,
        stream: Stream,
        weights: Weights = equal_weights,
        shells: Callable[[int], float] = float,
    ) -> None:
        self.dim = dim
        self.c = weights(dim).to(stream.device)
        self.means = stream.normal(2, dim) * (
            2 / math.sqrt(dim)
        )  # near enough that no point of an orbit outweighs the others
        self.x = self.means[stream.integers(0, 2, size)] + stream.normal(size, dim)
        self.signs = stream.signs(dim)
        self.shells = shells(dim)
        third = max(1, size // 3)  # points at a time, so that they come in several tiles
        nodes = len(shell_nodes(float(self.shells))[0])
        self.map = RadialMap(self.log_ratio, dim, weight=self.shells, tile=third * nodes * dim)

    def log_ratio(self, x: Tensor) -> Tensor:
        """log p/s, shape ``(N,)``."""
        square = x * x
        return torch.log1p(((self.c.to(x) + square) * square).sum(1) / self.dim)

    def log_p(self, x: Tensor) -> Tensor:
        """log p up to a constant, shape ``(N,)``."""
        apart = (x[:, None] - self.means).square().sum(-1)
        return torch.logsumexp(-apart / 2, 1)

    def move(self, x: Tensor, k: int) -> Tensor:
        """The k-th power of x -> (e_D x_D, e_1 x_1, e_2 x_2, ..), exactly."""
        for _ in range(k):
            x = (x * self.signs).roll(1, dims=1)
        return x

    # -- orthonormal coordinates ----------------------------------------------------------------------------------------

    def coordinates(self, scale: float = 1.0) -> Measurement:
        """log p in coordinates in which the shifts of the axes fall into irreducible
        parts against log p as it was; ``scale`` multiplies the coordinates and is
        forgotten in the density."""
        own = shift_irreps(self.dim).to(self.x)
        basis = scale * own
        apart = (self.x @ basis.T)[:, None] - self.means @ basis.T
        there = torch.logsumexp(-apart.square().sum(-1) / 2, 1)
        eye = torch.eye(self.dim, dtype=self.x.dtype, device=self.x.device)
        lack = float(torch.linalg.matrix_norm(own @ own.T - eye)) + gamma(self.dim + 1, own) * self.dim
        size = (torch.linalg.vector_norm(self.x, dim=1) + torch.linalg.vector_norm(self.means, dim=1).max()) ** 2
        note = "a squared distance changes by its part of |Q Q^T - 1|, which is measured; two products with Q round by gamma_D sqrt(D) times the sizes"
        terms = {"basis": lack * size, "products": 3 * math.sqrt(self.dim) * gamma(2 * self.dim + 12, self.x) * size}
        return Measurement((there - self.log_p(self.x)).abs(), Bound(terms, note), len(self.x))

    # -- errors -------------------------------------------------------------------------------------------------------

    @cached_property
    def _ratio(self) -> float:
        """Relative error of p/s as computed: sums of positive terms."""
        return gamma(2 * self.dim + 16, self.x)

    @cached_property
    def _shells(self) -> float:
        """Relative error of the sum over shells: moments as computed, and the sum."""
        error = moment_error(self.map.t, self.map.log_w, self.shells, (0, 2, 4))
        return (
            error + self._ratio + gamma(2 * len(self.map.t) + 20, self.x) + 4 * self.dim * torch.finfo(self.x.dtype).eps
        )

    def _stretch_error(self, x: Tensor) -> Tensor:
        """Of log lambda: that of the sum over D, and the rounding of logarithms."""
        u = torch.finfo(x.dtype).eps
        return (self._shells + 4 * u * (1 + self.log_ratio(x).abs())) / self.dim + 2 * u * self.map.log_stretch(x).abs()

    def _determinant_error(self, x: Tensor) -> Tensor:
        """Of log det: D times the former, and 1 + x . grad log lambda, where the second
        term is at most 4/D and a sum of positive ones."""
        slope = 4 / self.dim * (3 * self._shells + 3 * self._ratio + gamma(2 * self.dim + 4 * len(self.map.t) + 60, x))
        return self.dim * self._stretch_error(x) + slope + 4 * torch.finfo(x.dtype).eps

    # -- measurements ---------------------------------------------------------------------------------------------------

    def density(self) -> Measurement:
        """|log det Df - log p/s|: the image has the density s."""
        off = (self.map.log_det(self.x) - self.log_ratio(self.x)).abs()
        u = torch.finfo(self.x.dtype).eps
        ratio = self._ratio + 2 * u * (1 + self.log_ratio(self.x).abs())
        note = (
            "p/s and its sums are positive term by term, so that relative errors are gammas; the sum over shells is off by its moments as computed; "
            "x . grad log lambda is at most 4/D"
        )
        return Measurement(off, Bound({"map": self._determinant_error(self.x), "ratio": ratio}, note), len(off))

    def equivariance(self, powers: int = 3) -> Measurement:
        """|f(gx) - g f(x)| over |f(x)| for the first powers of the signed shift."""
        residuals, bounds = [], []
        image = self.map(self.x)
        norm = torch.linalg.vector_norm
        for k in range(1, powers + 1):
            moved = self.move(self.x, k)
            residuals.append(norm(self.map(moved) - self.move(image, k), dim=1) / norm(image, dim=1))
            bounds.append(self._stretch_error(self.x) + self._stretch_error(moved))
        note = "signed permutations are exact, so that only the two values of log lambda differ, and two products round"
        terms = {"stretch": 2 * torch.stack(bounds), "products": gamma(self.dim + 8, self.x)}
        return Measurement(torch.stack(residuals), Bound(terms, note), powers * len(self.x))

    @cached_property
    def _returned(self) -> tuple[Tensor, Tensor]:
        """The points as recovered from their images, and what the search misses."""
        return self.map.inverse(self.map(self.x))

    def recovered_density(self) -> Measurement:
        """|log p - log det - log s|, the first two at the points as recovered from their
        images: the image has the density s, seen from the image."""
        back, miss = self._returned
        density, target = self.log_p(back) - self.map.log_det(back), self.log_p(self.x) - self.log_ratio(self.x)
        size = (torch.linalg.vector_norm(self.x, dim=1) + torch.linalg.vector_norm(self.means, dim=1).max()) ** 2
        note = "a recovered log density errs as in scores within orbits; log s is log p less log p/s, each with its rounding"
        terms = {
            "density": self._recovered_error(self.x, back, miss),
            "score": gamma(2 * self.dim + 8, self.x) * size + self._ratio,
            "sums": 16 * torch.finfo(target.dtype).eps * (1 + self.log_p(self.x).abs() + self.log_ratio(self.x).abs()),
        }
        return Measurement((density - target).abs(), Bound(terms, note), len(self.x))

    def inverse(self) -> Measurement:
        """|f^-1(f(x)) - x| over |x|."""
        back, miss = self._returned
        norm = torch.linalg.vector_norm
        residual = norm(back - self.x, dim=1) / norm(self.x, dim=1)
        return Measurement(residual, Bound(self._back(self.x, miss), self._NOTE), len(residual))

    _NOTE = "log |f| grows at least as fast as log r where p/s grows along rays, so that a miss is no smaller than the error of log r"

    def _back(self, x: Tensor, miss: Tensor) -> dict[str, Tensor]:
        rounding = gamma(self.dim + 30, x) + 4 * torch.finfo(x.dtype).eps * (1 + x.square().sum(1).log().abs())
        return {"miss": 2 * miss, "stretch": 3 * self._stretch_error(x), "rounding": 2 * rounding}

    def within_orbits(self, powers: int = 4) -> Measurement:
        """|w_after - w_before|, w = log p(x) - log of the mean of p over x, gx, ..,
        g^(m-1) x; after, p is the density of the image, recovered from the image by the
        inverse and the determinant."""
        before, after, errors = [], [], []
        image = self.map(self.x)
        for k in range(powers):
            here = self.move(self.x, k)
            before.append(self.log_p(here))
            back, miss = self.map.inverse(self.move(image, k))
            after.append(self.log_p(back) - self.map.log_det(back))
            errors.append(self._recovered_error(here, back, miss))
        old, new = torch.stack(before), torch.stack(after)
        scores = [part[0] - torch.logsumexp(part, 0) for part in (old, new)]
        worst = torch.stack(errors).amax(0)
        note = (
            "a score within an orbit changes by at most twice the largest error of a log density; along the ray log p changes by at most |x| (|x| + |mean|) "
            "times the relative error of r, and log p/s by at most four times it"
        )
        terms = {
            "densities": 2 * worst,
            "sums": 16 * torch.finfo(new.dtype).eps * (1 + new.abs().amax(0) + old.abs().amax(0)),
        }
        return Measurement((scores[1] - scores[0]).abs(), Bound(terms, note), powers * len(self.x))

    def _recovered_error(self, x: Tensor, back: Tensor, miss: Tensor) -> Tensor:
        """Of log p - log det at the preimage as found, against the exact preimage x, up
        to what is common to the orbit."""
        along = sum(self._back(x, miss).values())
        norm, reach = torch.linalg.vector_norm(x, dim=1), torch.linalg.vector_norm(self.means, dim=1).max()
        steep = norm * (norm * (1 + along) + reach) + 4
        size = (norm + reach) ** 2
        return along * steep + self._determinant_error(back) + gamma(2 * self.dim + 8, x) * size + self._ratio
