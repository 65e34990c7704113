"""Random bijections of R^D as torch functions, and two that are differentiable almost
everywhere only.

Each has ``forward`` and ``inverse`` on points ``(N, D)``; a :class:`Composition` also
tracks the logarithm of the volume factor fibre by fibre (``log_det``), from its layers'
parameters and with no Jacobian. :func:`jacobians` differentiates any map as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from numerics.streams import Stream


class Bijection(Protocol):
    """A map of R^D onto its image, and back."""

    def forward(self, x: Tensor) -> Tensor:
        """Images of points ``(N, D)``."""
        ...

    def inverse(self, y: Tensor) -> Tensor:
        """Preimages of points ``(N, D)``."""
        ...


def jacobians(transport: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Jacobians of the map as evaluated, shape ``(N, D, D)``, by D backward passes;
    each output may depend on its own row only.

    Raises:
        ValueError: the map changes the shape of its points, or is cut off from
            autograd.

    >>> jacobians(lambda x: x**2, torch.tensor([[1.0, 3.0]]))
    tensor([[[2., 0.],
             [0., 6.]]])
    """
    leaf = x.detach().requires_grad_()
    with torch.enable_grad():
        y = transport(leaf)
    if y.shape != x.shape:
        raise ValueError(f"Expected a map from (N, D) to the same shape {tuple(x.shape)}, got {tuple(y.shape)}.")
    if not y.requires_grad:
        raise ValueError(
            "The map is cut off from autograd (detached, or under no_grad), so its Jacobian cannot be taken."
        )
    rows = [torch.autograd.grad(y[:, k].sum(), leaf, retain_graph=True)[0] for k in range(x.shape[1])]
    return torch.stack(rows, 1)


@dataclass(frozen=True)
class TriangularLayer:
    r"""y_k = e^{a_k} x_k + m_k with a = tanh(b + xA)/2 and m = xB + sin(xC), where A,
    B, C let coordinate k see earlier ones only."""

    offset: Tensor
    log_slope: Tensor
    shift: Tensor
    wave: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Images of points ``(N, D)``."""
        return self._slopes(x).exp() * x + x @ self.shift + torch.sin(x @ self.wave)

    def inverse(self, y: Tensor) -> Tensor:
        """Preimages of points ``(N, D)``."""
        x = torch.zeros_like(y)
        for k in range(y.shape[1]):
            moved = x @ self.shift[:, k] + torch.sin(x @ self.wave[:, k])
            column = (y[:, k] - moved) * torch.exp(-torch.tanh(self.offset[k] + x @ self.log_slope[:, k]) / 2)
            x = torch.cat([x[:, :k], column[:, None], x[:, k + 1 :]], 1)
        return x

    def log_slopes(self, x: Tensor) -> Tensor:
        """Sum of the logarithms of the derivatives along the fibres, shape ``(N,)``."""
        return self._slopes(x).sum(1)

    def _slopes(self, x: Tensor) -> Tensor:
        return torch.tanh(self.offset + x @ self.log_slope) / 2


@dataclass(frozen=True)
class Rotation:
    """y = x Q for an orthogonal Q, which moves volumes without changing them.

    >>> Rotation(torch.tensor([[0.0, 1.0], [-1.0, 0.0]])).forward(torch.tensor([[1.0, 2.0]]))
    tensor([[-2.,  1.]])
    """

    matrix: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Images of points ``(N, D)``."""
        return x @ self.matrix

    def inverse(self, y: Tensor) -> Tensor:
        """Preimages of points ``(N, D)``."""
        return y @ self.matrix.mT

    def log_slopes(self, x: Tensor) -> Tensor:
        """Sum of the logarithms of the derivatives along the fibres, shape ``(N,)``."""
        return torch.zeros_like(x[:, 0])


@dataclass(frozen=True)
class SplineLayer:
    """A monotone rational-quadratic spline for each coordinate, the identity outside
    [-edge, edge] up to slope 1 at the ends.

    Args:
        knots, values: Increasing, shape ``(D, K + 1)``, from ``-edge`` to ``edge``.
            slopes: Positive, shape ``(D, K + 1)``, 1 at both ends.
    Source: Gregory & Delbourgo 1982.
    """

    knots: Tensor
    values: Tensor
    slopes: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Images of points ``(N, D)``."""
        width, height, low, base, left, right, inside = self._piece(x, self.knots)
        secant, u = height / width, (x - low) / width
        curve = base + height * (secant * u * u + left * u * (1 - u)) / (
            secant + (left + right - 2 * secant) * u * (1 - u)
        )
        return torch.where(inside, curve, x)

    def inverse(self, y: Tensor) -> Tensor:
        """Preimages of points ``(N, D)``."""
        width, height, low, base, left, right, inside = self._piece(y, self.values)
        secant = height / width
        rise = torch.where(inside, y - base, 0.0)  # elsewhere a root could be imaginary, and its gradient NaN
        bend = left + right - 2 * secant
        a = height * (secant - left) + rise * bend
        b = height * left - rise * bend
        c = -secant * rise
        u = 2 * c / (-b - torch.sqrt(b * b - 4 * a * c))
        return torch.where(inside, low + width * u, y)

    def log_slopes(self, x: Tensor) -> Tensor:
        """Sum of the logarithms of the derivatives along the fibres, shape ``(N,)``."""
        width, height, low, _, left, right, inside = self._piece(x, self.knots)
        secant, u = height / width, (x - low) / width
        top = secant**2 * (right * u * u + 2 * secant * u * (1 - u) + left * (1 - u) ** 2)
        slope = top / (secant + (left + right - 2 * secant) * u * (1 - u)) ** 2
        return torch.where(inside, slope, 1.0).log().sum(1)

    def _piece(self, x: Tensor, grid: Tensor) -> tuple[Tensor, ...]:
        index = torch.searchsorted(grid, x.detach().mT.contiguous(), right=True).mT - 1
        inside = (index >= 0) & (index < grid.shape[1] - 1)
        index = index.clamp(0, grid.shape[1] - 2)

        def at(table: Tensor, step: int = 0) -> Tensor:
            return torch.gather(table.mT, 0, index + step)

        low, base = at(self.knots), at(self.values)
        return (
            at(self.knots, 1) - low,
            at(self.values, 1) - base,
            low,
            base,
            at(self.slopes),
            at(self.slopes, 1),
            inside,
        )


Layer = TriangularLayer | Rotation | SplineLayer


@dataclass(frozen=True)
class Composition:
    """Layers applied in turn.

    >>> turn = Rotation(torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))
    >>> Composition((turn, turn)).forward(torch.tensor([[1.0, 2.0]]))
    tensor([[-1., -2.]])
    """

    layers: tuple[Layer, ...]

    def forward(self, x: Tensor) -> Tensor:
        """Images of points ``(N, D)``."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def inverse(self, y: Tensor) -> Tensor:
        """Preimages of points ``(N, D)``."""
        for layer in reversed(self.layers):
            y = layer.inverse(y)
        return y

    def log_det(self, x: Tensor) -> Tensor:
        """log of the volume factor, shape ``(N,)``, tracked through the layers' fibres
        without any Jacobian.

        >>> Composition((Rotation(torch.eye(2)),)).log_det(torch.ones(1, 2))
        tensor([0.])
        """
        total = torch.zeros_like(x[:, 0])
        for layer in self.layers:
            total, x = total + layer.log_slopes(x), layer.forward(x)
        return total

    def condition(self, x: Tensor) -> Tensor:
        r"""How rounding in the layers' Jacobians is amplified on its way to log det:
        :math:`\sum_l \kappa(J_L \cdots J_{l+1})\,\kappa(J_l)`.

        A product of matrices is formed with errors that act, on the next factor,
        through the condition number of what is already formed.

        Args:
            x: Points, shape ``(N, D)``.
        Returns:
            Shape ``(N,)``.

        >>> Composition((Rotation(torch.eye(2)),)).condition(torch.ones(1, 2))
        tensor([1.])
        """
        steps = []
        for layer in self.layers:
            steps.append(jacobians(layer.forward, x))
            x = layer.forward(x)
        done = torch.eye(x.shape[1], dtype=x.dtype, device=x.device).expand(x.shape[0], -1, -1)
        total = torch.zeros_like(x[:, 0])
        for step in reversed(steps):
            total = total + torch.linalg.cond(done) * torch.linalg.cond(step)
            done = done @ step
        return total


def _strictly_lower(dim: int, stream: Stream, size: float) -> Tensor:
    """A random matrix B for which ``x @ B`` lets coordinate k see coordinates before k,
    with rows of norm about ``size``."""
    return torch.triu(stream.normal(dim, dim), 1) * size / dim**0.5


def triangular_layer(dim: int, stream: Stream) -> TriangularLayer:
    """A random triangular layer with slopes between e^-1/2 and e^1/2.

    >>> layer, x = triangular_layer(3, Stream(1)), Stream(2).normal(4, 3)
    >>> bool((layer.inverse(layer.forward(x)) - x).abs().max() < 1e-14)
    True
    """
    return TriangularLayer(2 * stream.normal(dim), *(_strictly_lower(dim, stream, size) for size in (1.0, 0.5, 0.7)))


def rotation(dim: int, stream: Stream) -> Rotation:
    """A Haar-distributed orthogonal matrix, by QR of a normal matrix with positive
    diagonal (Mezzadri 2007).

    >>> x = Stream(2).normal(4, 3)
    >>> bool((rotation(3, Stream(1)).forward(x).norm(dim=1) - x.norm(dim=1)).abs().max() < 1e-14)
    True
    """
    q, r = torch.linalg.qr(stream.normal(dim, dim))
    signs = torch.where(torch.diagonal(r) < 0, -1.0, 1.0).to(q)
    return Rotation(q * signs)


def spline_layer(dim: int, stream: Stream, *, bins: int = 5, edge: float = 4.0) -> SplineLayer:
    """A random spline for each coordinate, with ``bins`` pieces inside [-edge, edge]
    and slopes between e^-1/2 and e^1/2 at its knots.

    >>> layer, x = spline_layer(2, Stream(1)), Stream(2).normal(4, 2)
    >>> bool((layer.inverse(layer.forward(x)) - x).abs().max() < 1e-13)
    True
    """

    def grid() -> Tensor:
        cells = 0.4 + stream.uniform(dim, bins)
        steps = torch.cumsum(cells, 1) / cells.sum(1, keepdim=True)
        inner = -edge + 2 * edge * steps[:, :-1]
        end = torch.full_like(inner[:, :1], edge)
        return torch.cat([-end, inner, end], 1)

    one = torch.ones(dim, 1, dtype=stream.dtype, device=stream.device)
    inner = torch.exp(stream.uniform(dim, bins - 1) - 0.5)
    return SplineLayer(grid(), grid(), torch.cat([one, inner, one], 1))


def bijection(kind: str, dim: int, stream: Stream) -> Bijection:
    """A bijection of the named kind, its parameters drawn from ``stream``.

    Args:
        kind: ``splines``, ``triangular``, ``rotations`` (a spline between two
            rotations), ``deep`` (five layers of all kinds) or, for dim 1, ``cubic`` (x
            cubed).

    >>> f, x = bijection("deep", 2, Stream(1)), Stream(2).normal(4, 2)
    >>> error = f.log_det(x) - jacobians(f.forward, x).det().abs().log()
    >>> bool(error.abs().max() < 1e-13)
    True
    """
    if kind == "splines":
        return Composition((spline_layer(dim, stream),))
    if kind == "triangular":
        return Composition((triangular_layer(dim, stream),))
    if kind == "rotations":
        return Composition((rotation(dim, stream), spline_layer(dim, stream), rotation(dim, stream)))
    if kind == "deep":
        return Composition((
            triangular_layer(dim, stream), rotation(dim, stream), spline_layer(dim, stream), rotation(dim, stream), triangular_layer(dim, stream),
        ))  # fmt: skip
    if kind == "cubic" and dim == 1:
        return Cube()
    raise ValueError(
        f"Expected one of splines, triangular, rotations, deep, or cubic with D = 1, got {kind!r} with D = {dim}."
    )


class Cube:
    """x -> x^3 on the line: a differentiable bijection whose derivative vanishes at 0.
    ``breaks`` lists where its images' density is singular.

    >>> Cube().inverse(torch.tensor([[-8.0]]))
    tensor([[-2.]])
    """

    breaks = (-1.0, -0.1, -0.01, 0.0, 0.01, 0.1, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        """Images of points ``(N, D)``."""
        return x**3

    def inverse(self, y: Tensor) -> Tensor:
        """Preimages of points ``(N, D)``."""
        return y.sign() * y.abs() ** (1 / 3)

    def log_det(self, x: Tensor) -> Tensor:
        """log |3 x^2| at points ``(N, 1)``, shape ``(N,)``."""
        return (3 * x[:, 0].square()).log()


class CantorInverse:
    """The inverse of h(x) = x + Cantor(x), from [0, 2] onto [0, 1].

    A Lipschitz bijection with derivative 1 on the images of the removed intervals,
    which have length 1 in all, and derivative 0 almost everywhere on the rest, which
    has length 1 too: half of a uniform distribution is sent to the Cantor set, where no
    density sees it.

    >>> CantorInverse().inverse(torch.tensor([[0.5]]))  # 1/2 + 1/2
    tensor([[1.]])
    """

    breaks = (0.0, 1 / 9, 2 / 9, 1 / 3, 2 / 3, 7 / 9, 8 / 9, 1.0)
    depth = 48

    def forward(self, x: Tensor) -> Tensor:
        """x in [0, 2]; the removed interval that holds h^-1(x) is found by 48
        trisections, of which each piece's image is known.

        Args:
            x: Shape ``(N, 1)``.
        """
        left, climbed = (
            torch.zeros_like(x),
            torch.zeros_like(x),
        )  # left end of the current piece and Cantor's value there
        gap = torch.zeros_like(x, dtype=torch.bool)
        width, rise = 1.0, 1.0
        for _ in range(self.depth):
            width, rise = width / 3, rise / 2
            past_first = x.detach() - (left + climbed) - (width + rise)  # beyond the image of the first third
            in_gap = ~gap & (past_first >= 0) & (past_first <= width)
            third = ~gap & (past_first > width)
            gap = gap | in_gap
            left = torch.where(third, left + 2 * width, torch.where(in_gap, left + width, left))
            climbed = torch.where(third | in_gap, climbed + rise, climbed)
        return torch.where(gap, x - climbed, left + 0 * x)

    def inverse(self, y: Tensor) -> Tensor:
        """h(y) = y + Cantor(y) for y in [0, 1], shape ``(N, 1)``."""
        rest, total, open_ = y.clone(), torch.zeros_like(y), torch.ones_like(y, dtype=torch.bool)
        rise = 1.0
        for _ in range(self.depth):
            rise = rise / 2
            rest = 3 * rest
            digit = rest.floor().clamp(0, 2)
            total = total + torch.where(open_ & (digit > 0), rise, 0.0)
            open_ = open_ & (digit != 1)
            rest = rest - digit
        return y + total
