r"""The map along rays that gives its image any score p h with h > 0: x -> lambda(x) x.

.. math:: \lambda(x)^D = \int_0^1 \frac{p}{s}(t x)\, D t^{D-1} dt

It needs the ratio p/s alone, keeps every ray, and commutes with an orthogonal group
exactly if p/s is invariant under it. The mean over shells is a sum on panels, in
logarithms, so that dimensions up to thousands neither overflow nor lose digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from numerics.roots import bracket, solve_increasing
from numerics.streams import tiles

LogRatio = Callable[[Tensor], Tensor]  # log p/s at points (N, D), finite on the support
NODES = 10  # of a panel
FEWEST = 4  # panels
HALF_THE_DIGITS = 2.0**-26
TILE = 2**22  # numbers handed to the ratio in one call


def shell_nodes(dim: float, nodes: int = NODES) -> tuple[Tensor, Tensor]:
    """Nodes t in (0, 1) and log weights with sum w g(t) = int_0^1 g(t) D t^(D-1) dt.

    Gauss and Legendre's nodes on panels of width 1/sqrt(D), in which a density of D
    coordinates has its shells, halved towards t = 1 down to 4/D, in which t^(D-1) falls
    off. Weights come as logarithms, so that small ones keep their digits.

    Accuracy:
        Check it on moments: D/(D + k) for t^k (:func:`moment_error`).

    >>> t, log_w = shell_nodes(3.0, 4)
    >>> round(float((log_w.exp() * t**2).sum()), 14)
    0.6
    """
    count = max(FEWEST, math.ceil(math.sqrt(dim)))
    edges = [k / count for k in range(count)]
    while (1 - edges[-1]) * dim > 4:
        edges.append((1 + edges[-1]) / 2)
    ends = torch.tensor([*edges, 1.0], dtype=torch.float64)
    x, w = (torch.from_numpy(part) for part in np.polynomial.legendre.leggauss(nodes))
    half = (ends[1:] - ends[:-1]) / 2
    t = (ends[:-1] + half)[:, None] + half[:, None] * x
    log_w = half.log()[:, None] + w.log() + math.log(dim) + (dim - 1) * t.log()
    return t.flatten(), log_w.flatten()


def moment_error(t: Tensor, log_w: Tensor, dim: float, powers: tuple[int, ...]) -> float:
    """The largest relative error of the sums for t^k, k in ``powers``, as computed: it
    bounds that of every combination of these powers with coefficients of one sign. t
    and log w are ``(K,)``."""
    sums = [float((log_w.exp() * t**k).sum()) * (dim + k) / dim for k in powers]
    return max(abs(value - 1) for value in sums)


class RadialMap:
    """x -> lambda(x) x for a given log p/s.

    Args:
        log_ratio: log p(x) - log s(x) at points ``(N, D)``, shape ``(N,)``,
            differentiable by autograd.
        dim: D.
        nodes: Of each panel of the sum over shells.
        weight: The dimension whose shells are summed; D, unless a wrong map is wanted.
        tile: Numbers handed to the ratio in one call.
    Raises:
        ValueError: points of another dimension.
    Accuracy:
        Rounding where p/s is smooth on the scale of 1/sqrt(D) along rays; ``log_det``
        against log p/s tells how far the sum is off elsewhere.

    >>> swell = RadialMap(lambda x: 0 * x[:, 0] + math.log(8.0), 3)
    >>> swell(torch.ones(1, 3).double()).round(decimals=12)
    tensor([[2., 2., 2.]], dtype=torch.float64)
    """

    def __init__(
        self, log_ratio: LogRatio, dim: int, *, nodes: int = NODES, weight: float | None = None, tile: int = TILE
    ) -> None:
        self.log_ratio, self.dim, self.tile = log_ratio, dim, tile
        self.t, self.log_w = shell_nodes(float(dim if weight is None else weight), nodes)

    def log_stretch(self, x: Tensor) -> Tensor:
        """log lambda(x), shape ``(N,)``."""
        if x.ndim != 2 or x.shape[1] != self.dim:
            raise ValueError(f"Expected points of shape (N, {self.dim}), got {tuple(x.shape)}.")
        t, log_w = self.t.to(x), self.log_w.to(x)
        found, start = [], 0
        for count in tiles(len(x), max(1, self.tile // (len(t) * self.dim))):
            part = x[start : start + count]
            ratios = self.log_ratio((t[:, None, None] * part).reshape(-1, self.dim)).reshape(len(t), count)
            found.append(torch.logsumexp(log_w[:, None] + ratios, 0) / self.dim)
            start += count
        return torch.cat(found) if found else x.new_zeros(0)

    def __call__(self, x: Tensor) -> Tensor:
        """Images of points ``(N, D)``."""
        return self.log_stretch(x).exp()[:, None] * x

    def log_det(self, x: Tensor) -> Tensor:
        """log |det Df| of the map as evaluated, shape ``(N,)``: D log lambda + log(1 + x
        . grad log lambda), a rank-one update, with the gradient by autograd.

        NaN where 1 + x . grad log lambda, which is p/s at x over its mean over the
        shells inside, keeps fewer than half of its digits: there the images of a ray
        crowd.

        >>> f = RadialMap(lambda x: (1 + x.square().sum(1)).log(), 2)
        >>> x = torch.tensor([[0.3, -0.4]]).double()
        >>> round(float(f.log_det(x).exp()), 6)  # p/s at x
        1.25
        """
        leaf = x.detach().requires_grad_()
        with torch.enable_grad():
            stretch = self.log_stretch(leaf)
            (slope,) = torch.autograd.grad(stretch.sum(), leaf)
        rest = (leaf.detach() * slope).sum(1)
        return self.dim * stretch.detach() + torch.where(1 + rest > HALF_THE_DIGITS, torch.log1p(rest), torch.nan)

    def inverse(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Preimages of points ``(N, D)``, and how far log |f| as evaluated misses log
        |y| there, shape ``(N,)``; the origin goes to the origin.

        The search runs along the ray of y, in log r, by a bracket and Newton's method.
        """
        norm = torch.linalg.vector_norm(y, dim=1)
        moved = norm > 0
        w = y[moved] / norm[moved, None]
        target = norm[moved].log()

        def value(log_r: Tensor, rows: Tensor) -> Tensor:
            return log_r + self.log_stretch(log_r.exp()[:, None] * w[rows])

        def with_slope(log_r: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
            x = log_r.exp()[:, None] * w[rows]
            stretch = self.log_stretch(x)
            return log_r + stretch, (self.log_ratio(x) - self.dim * stretch).exp()  # d log rho / d log r

        low, high, found = bracket(value, target, target, torch.ones_like(target))
        if not bool(found.all()):
            raise ValueError(
                f"Expected images of the map; {int((~found).sum())} of {len(y)} points lie on rays that do not reach so far. Is the support a star about the origin?"
            )
        root = solve_increasing(with_slope, target, low, high)
        x, miss = torch.zeros_like(y), torch.zeros_like(norm)
        x[moved], miss[moved] = root.x.exp()[:, None] * w, root.residual
        return x, miss
