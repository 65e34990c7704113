r"""The map along rays that gives its image any score p h with h > 0: x -> lambda(x) x.

.. math:: \lambda(x)^D = \int_0^1 \frac{p}{s}(t x)\, D t^{D-1} dt

It needs the ratio p/s alone, keeps every ray, and commutes with an orthogonal group
exactly if p/s is invariant under it. The mean over shells is a Gauss-Jacobi sum in
logarithms, so that dimensions up to thousands neither overflow nor lose digits.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from numerics.roots import bracketed, solve_increasing
from numerics.streams import tiles

LogRatio = Callable[[Tensor], Tensor]  # log p/s at points (N, D), finite on the support
NODES = 24
TILE = 2**22  # numbers handed to the ratio in one call


def shell_nodes(dim: float, nodes: int = NODES, *, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Nodes t in (0, 1) and weights w, of sum 1, with sum w g(t) = int_0^1 g(t) D
    t^(D-1) dt for polynomials of degree up to 2 ``nodes`` - 1.

    Eigenvalues of the Jacobi matrix and squared first components of its eigenvectors
    (Golub & Welsch 1969), always found on the CPU.

    Accuracy:
        Check it on moments: D/(D + k) for t^k (:func:`moment_error`).

    >>> t, w = shell_nodes(3.0, 4)
    >>> round(float((w * t**2).sum()), 14)
    0.6
    """
    beta, k = dim - 1.0, torch.arange(nodes, dtype=torch.float64)
    total = 2 * k + beta
    diagonal = torch.where(k == 0, beta / (beta + 2), beta**2 / (total * (total + 2)).clamp_min(1e-300))
    j = k[1:]
    off = 4 * j * j * (j + beta) ** 2 / (total[1:] ** 2 * (total[1:] + 1) * (total[1:] - 1))
    matrix = torch.diag(diagonal) + torch.diag(off.sqrt(), 1) + torch.diag(off.sqrt(), -1)
    values, vectors = torch.linalg.eigh(matrix)
    weights = vectors[0] ** 2
    return ((1 + values) / 2).to(device), (weights / weights.sum()).to(device)


def moment_error(t: Tensor, w: Tensor, dim: float, powers: tuple[int, ...]) -> float:
    """The largest relative error of the sums for t^k, k in ``powers``, as computed: it
    bounds that of every combination of these powers with coefficients of one sign."""
    sums = [float((w * t**k).sum()) * (dim + k) / dim for k in powers]
    return max(abs(value - 1) for value in sums)


class RadialMap:
    """x -> lambda(x) x for a given log p/s.

    Args:
        log_ratio: log p(x) - log s(x) at points ``(N, D)``, shape ``(N,)``,
            differentiable by autograd.
        dim: D.
        nodes: Of the sum over shells. weight: The dimension whose shells are summed;
            D, unless a wrong map is wanted.
        tile: Numbers handed to the ratio in one call.
    Raises:
        ValueError: points of another dimension.
    Accuracy:
        Exact up to rounding where p/s is a polynomial of degree below 2 ``nodes`` along
        rays; spectral in the number of nodes where it is analytic.

    >>> swell = RadialMap(lambda x: torch.full((len(x),), math.log(8.0)).to(x), 3)
    >>> swell(torch.ones(1, 3).double()).round(decimals=12)
    tensor([[2., 2., 2.]], dtype=torch.float64)
    """

    def __init__(
        self, log_ratio: LogRatio, dim: int, *, nodes: int = NODES, weight: float | None = None, tile: int = TILE
    ) -> None:
        self.log_ratio, self.dim, self.tile = log_ratio, dim, tile
        self.t, self.w = shell_nodes(float(dim if weight is None else weight), nodes)

    def log_stretch(self, x: Tensor) -> Tensor:
        """log lambda(x), shape ``(N,)``."""
        if x.ndim != 2 or x.shape[1] != self.dim:
            raise ValueError(f"Expected points of shape (N, {self.dim}), got {tuple(x.shape)}.")
        t, log_w = self.t.to(x), self.w.log().to(x)
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

        >>> f = RadialMap(lambda x: (1 + x.square().sum(1)).log(), 2)
        >>> x = torch.tensor([[0.3, -0.4]]).double()
        >>> round(float(f.log_det(x).exp()), 12)  # p/s at x
        1.25
        """
        leaf = x.detach().requires_grad_()
        with torch.enable_grad():
            stretch = self.log_stretch(leaf)
            (slope,) = torch.autograd.grad(stretch.sum(), leaf)
        return self.dim * stretch.detach() + torch.log1p((leaf.detach() * slope).sum(1))

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

        low, high, found = bracketed(value, target, target, torch.ones_like(target))
        if not bool(found.all()):
            raise ValueError(
                f"Expected images of the map; {int((~found).sum())} of {len(y)} points lie on rays that do not reach so far. Is the support a star about the origin?"
            )
        root = solve_increasing(with_slope, target, low, high)
        x, miss = torch.zeros_like(y), torch.zeros_like(norm)
        x[moved], miss[moved] = root.x.exp()[:, None] * w, root.residual
        return x, miss
