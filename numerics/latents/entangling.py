r"""Maps that mix every coordinate of a product distribution with every other and leave
the distribution as it is.

For independent columns with distribution functions :math:`F_j`, the normal distribution
function :math:`\Phi` and an orthogonal matrix A,

.. math:: f = F^{-1} \circ \Phi \circ A \circ \Phi^{-1} \circ F, \qquad
          \frac{\partial f_i}{\partial z_j} = b_i\, A_{ij}\, a_j,

with :math:`a_j = du_j/dz_j` the slope of the inner step :math:`u_j =
\Phi^{-1}(F_j(z_j))` and :math:`b_i = dx_i/dv_i` that of the outer step :math:`x_i =
F_i^{-1}(\Phi(v_i))`, :math:`v = Au`. The Jacobian is never formed: the 2d slopes are
taken from the two scalar steps *as evaluated* (autograd where the marginals are torch
code, differences where they are not), so that determinant and least entry say something
about the program and not about the formula that it was written from.

Source: Locatello et al. 2019, theorem 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from numerics.distributions.product import Marginal, Product
from numerics.log_tails import normal_quantile, normal_tail

__all__ = [
    "Direct", "EntanglingMap", "Gaussian", "LeastEntry", "Linearized", "Link", "check_rotation", "gram_defect", "least_entry",
    "rounding_of_rotation",
]  # fmt: skip

ULPS = 16.0
"""Units of roundoff granted to every library function (erfcx, ndtri, exp, log, ...); the worst seen is 7."""

_STENCIL = (4 / 5, -1 / 5, 4 / 105, -1 / 280)  # central differences of order 8, offsets 1..4
_SHORTER = (3 / 4, -3 / 20, 1 / 60)  # of order 6
STEP = 0.02  # in standard deviations of the Gaussian coordinate: there rounding outweighs what order 8 leaves


class Link(Protocol):
    """The pair of scalar steps around the rotation."""

    def inner(self, block: Marginal, z: Tensor) -> Tensor:
        """From a column to the coordinate that is rotated: ``(n, k)`` of a block of k
        columns, the same shape."""
        ...

    def outer(self, block: Marginal, v: Tensor) -> Tensor:
        """From the rotated coordinate back to a column: ``(n, k)`` of a block of k
        columns, the same shape."""
        ...


@dataclass(frozen=True)
class Gaussian:
    """Through the normal distribution: ``u`` with Phi(u) = F(z), and back. Neither tail
    saturates.

    ``branch_free=True`` avoids data-dependent control flow, as :func:`torch.func.vmap`
    demands; it is slower.

    >>> from numerics.distributions.marginals import Laplace
    >>> Gaussian().inner(Laplace(), torch.zeros(1, 1).double()).abs() < 1e-15  # a median stays one
    tensor([[True]])
    """

    branch_free: bool = False

    def inner(self, block: Marginal, z: Tensor) -> Tensor:
        """Phi^-1(F(z)), column by column; shape of ``z``."""
        return normal_quantile(block.tail(z), branch_free=self.branch_free)

    def outer(self, block: Marginal, v: Tensor) -> Tensor:
        """F^-1(Phi(v)), column by column; shape of ``v``."""
        return block.quantile(normal_tail(v, branch_free=self.branch_free))


@dataclass(frozen=True)
class Direct:
    """No Gaussian step: the columns themselves are rotated about their medians. It does
    not preserve the distribution.

    >>> from numerics.distributions.marginals import Laplace
    >>> Direct().inner(Laplace(3.0), torch.tensor([[5.0]]).double())
    tensor([[2.]], dtype=torch.float64)
    """

    def inner(self, block: Marginal, z: Tensor) -> Tensor:
        """``z`` minus the medians, shape of ``z``."""
        return z - block.median().to(z)

    def outer(self, block: Marginal, v: Tensor) -> Tensor:
        """``v`` plus the medians, shape of ``v``."""
        return v + block.median().to(v)


class Linearized(NamedTuple):
    """The map at some points, with the slopes of its steps; every field of shape ``(n,
    d)``.

    ``z -> u`` has the log-slopes ``log_inner``, ``v -> x`` has ``log_outer``;
    ``doubt_inner`` and ``doubt_outer`` are estimated relative errors of slopes that
    were taken by differences, zero where autograd gave them.
    """

    z: Tensor
    u: Tensor
    v: Tensor
    x: Tensor
    log_inner: Tensor
    log_outer: Tensor
    doubt_inner: Tensor
    doubt_outer: Tensor


class LeastEntry(NamedTuple):
    """The least modulus among a point's d^2 partial derivatives: its logarithm, row i
    and column j; shapes ``(n,)``."""

    log_abs: Tensor
    row: Tensor
    column: Tensor


class EntanglingMap:
    """The map f for a product distribution and a matrix.

    Args:
        prior: The product of marginals, of dimension d.
        A: Orthogonal, shape ``(d, d)``, float32 or float64. Only its shape, its dtype
            and finiteness are checked here;
            :func:`check_rotation` checks the hypotheses of the theorem.
        link: The steps around the rotation.
        tile: Points handled at a time by the methods that stream; chosen so that a
            temporary takes 2 MiB when not given.
    Raises:
        TypeError: a matrix that is not a floating tensor of 32 or 64 bits.
        ValueError: a matrix of another shape, or with an entry that is not finite; a
            tile below 1.

    >>> from numerics.distributions.marginals import Laplace
    >>> from numerics.latents.rotations import householder, spike
    >>> from numerics.streams import Stream
    >>> f = EntanglingMap(Product([Laplace(torch.zeros(2))]), householder(spike(2, 2.0)))
    >>> z = f.prior.sample(5, Stream(1))
    >>> bool((f.density_defect(f.linearize(z))).abs().max() < 1e-12), bool((f.jacobian(z) != 0).all())
    (True, True)
    """

    def __init__(self, prior: Product, A: Tensor, *, link: Link | None = None, tile: int | None = None) -> None:
        _check_floating(A, "the matrix A")
        d = prior.dim
        if A.shape != (d, d):
            raise ValueError(
                f"Expected A of shape ({d}, {d}), one row and one column a marginal, got {tuple(A.shape)}."
            )
        if not bool(torch.isfinite(A).all()):
            raise ValueError("Expected a finite matrix A, got NaN or an infinite entry.")
        if tile is not None and tile < 1:
            raise ValueError(f"Expected a tile of at least one point, got {tile}.")
        self.prior, self.A, self.dim = prior, A, d
        self.link: Link = Gaussian() if link is None else link
        self.tile = tile or max(1, (1 << 18) // d)

    def __call__(self, z: Tensor) -> Tensor:
        """f(z), shape ``(*, d)`` like ``z``. Differentiable where the marginals are;
        not checked, not tiled."""
        return self._outer(self._inner(z) @ self.A.to(z).T)

    def inverse(self, x: Tensor) -> Tensor:
        """f^-1(x), through A^T, shape of ``x``.

        >>> from numerics.distributions.marginals import Normal
        >>> f = EntanglingMap(Product([Normal(torch.zeros(2))]), torch.tensor([[3.0, 4.0], [-4.0, 3.0]]).double() / 5)
        >>> f.inverse(torch.tensor([[0.5, 1.0]]).double())  # of a normal prior: x A
        tensor([[-0.5000,  1.0000]], dtype=torch.float64)
        """
        return self._outer(self._inner(x) @ self.A.to(x))

    def _inner(self, z: Tensor) -> Tensor:
        return self.prior.columnwise(self.link.inner, z)

    def _outer(self, v: Tensor) -> Tensor:
        return self.prior.columnwise(self.link.outer, v)

    def check(self, z: Tensor) -> Tensor:
        """``z`` itself, refused unless it is a batch of points of the open support.

        Raises:
            TypeError: not float32 or float64.
            ValueError: a shape other than ``(n, d)``, n = 0, NaN, another device than
                A's, or a coordinate outside its marginal's open support.

        >>> from numerics.distributions.marginals import Normal
        >>> f = EntanglingMap(Product([Normal(torch.zeros(2))]), torch.tensor([[3.0, 4.0], [-4.0, 3.0]]).double() / 5)
        >>> f.check(torch.zeros(1, 3).double())
        Traceback (most recent call last):
            ...
        ValueError: Expected points of shape (n, 2) with n >= 1, got (1, 3).
        """
        _check_floating(z, "the points z")
        if z.ndim != 2 or z.shape[1] != self.dim or z.shape[0] == 0:
            raise ValueError(f"Expected points of shape (n, {self.dim}) with n >= 1, got {tuple(z.shape)}.")
        if z.device != self.A.device:
            raise ValueError(
                f"Expected z and A on one device, got {z.device} and {self.A.device}. Move one with .to(...)."
            )
        inside = (z > self.prior.low.to(z)) & (z < self.prior.high.to(z))
        if not bool(inside.all()):
            n, j = (int(index) for index in (~inside).nonzero()[0])
            ends = f"({self.prior.low[j].item():g}, {self.prior.high[j].item():g})"
            raise ValueError(
                f"Expected points of the open support, got z[{n}, {j}] = {z[n, j].item():g} outside {ends} of marginal {j}."
            )
        return z

    def tiles(self, z: Tensor) -> Iterator[Tensor]:
        """The points ``(n, d)``, ``tile`` of them at a time."""
        yield from z.split(self.tile)

    def linearize(self, z: Tensor) -> Linearized:
        """Images and slopes of the scalar steps at ``z`` of shape ``(n, d)``; memory a
        few times that of ``z``.

        >>> from numerics.distributions.marginals import Normal
        >>> f = EntanglingMap(Product([Normal(torch.zeros(2))]), torch.tensor([[3.0, 4.0], [-4.0, 3.0]]).double() / 5)
        >>> f.linearize(torch.tensor([[0.5, 1.0]]).double()).v  # A z
        tensor([[1.1000, 0.2000]], dtype=torch.float64)
        """
        z = z.detach()
        u, inner, doubt_inner = self._step(self.link.inner, z, self._stride)
        v = u @ self.A.to(u).T
        x, outer, doubt_outer = self._step(self.link.outer, v, lambda block, v: torch.full_like(v, STEP))
        return Linearized(z, u, v, x, inner, outer, doubt_inner, doubt_outer)

    def _step(
        self, step: Callable[[Marginal, Tensor], Tensor], points: Tensor, stride: Callable[[Marginal, Tensor], Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Image, log-slope and relative doubt of one scalar step, block by block."""
        parts = []
        for block, columns in zip(self.prior.blocks, points.split(self.prior.widths, dim=-1), strict=True):
            if block.differentiable:
                parts.append(_by_autograd(lambda p, block=block: step(block, p), columns))
            else:
                parts.append(_by_differences(lambda p, block=block: step(block, p), columns, stride(block, columns)))
        if len(parts) == 1:
            return parts[0]
        image, slope, doubt = (torch.cat(pieces, dim=-1) for pieces in zip(*parts, strict=True))
        return image, slope, doubt

    def _stride(self, block: Marginal, z: Tensor) -> Tensor:
        """A step in z that moves u by about ``STEP`` and keeps four of them inside the
        support."""
        u = self.link.inner(block, z)
        reach = 0.5 * (self.link.outer(block, u + STEP) - self.link.outer(block, u - STEP))
        room = torch.minimum(z - block.low.to(z), block.high.to(z) - z) / 5.0
        return torch.minimum(reach, room)

    def log_abs_det(self, at: Tensor | Linearized) -> Tensor:
        """log |det J| at each point, shape ``(n,)``: the slopes' logarithms and that of
        |det A|.

        >>> from numerics.distributions.marginals import Normal
        >>> f = EntanglingMap(Product([Normal(torch.zeros(2))]), torch.tensor([[3.0, 4.0], [-4.0, 3.0]]).double() / 5)
        >>> bool(f.log_abs_det(torch.zeros(1, 2).double()).abs() < 1e-14)
        True
        """
        if not isinstance(at, Linearized):
            return torch.cat([self.log_abs_det(self.linearize(tile)) for tile in self.tiles(at)])
        return at.log_inner.sum(-1) + at.log_outer.sum(-1) + self.log_abs_det_of_rotation.to(at.z)

    @cached_property
    def log_abs_det_of_rotation(self) -> Tensor:
        """log |det A| by elimination, a scalar; zero up to rounding when A is
        orthogonal, but evaluated, not assumed."""
        return torch.linalg.slogdet(self.A).logabsdet

    def jacobian(self, z: Tensor) -> Tensor:
        """The Jacobians by structure, shape ``(n, d, d)``; for small d, since it holds
        n d^2 numbers.

        >>> from numerics.distributions.marginals import Normal
        >>> f = EntanglingMap(Product([Normal(torch.zeros(2))]), torch.tensor([[3.0, 4.0], [-4.0, 3.0]]).double() / 5)
        >>> f.jacobian(torch.zeros(1, 2).double())  # A
        tensor([[[ 0.6000,  0.8000],
                 [-0.8000,  0.6000]]], dtype=torch.float64)
        """
        at = self.linearize(z)
        return at.log_outer.exp()[:, :, None] * self.A.to(z) * at.log_inner.exp()[:, None, :]

    def least_entry(self, at: Tensor | Linearized) -> LeastEntry:
        """The least |J_ij| over i and j at each point, shapes ``(n,)``, without forming
        J. See :func:`least_entry`.

        >>> from numerics.distributions.marginals import Normal
        >>> f = EntanglingMap(Product([Normal(torch.zeros(2))]), torch.tensor([[3.0, 4.0], [-4.0, 3.0]]).double() / 5)
        >>> f.least_entry(torch.zeros(1, 2).double()).log_abs.exp()
        tensor([0.6000], dtype=torch.float64)
        """
        if not isinstance(at, Linearized):
            parts = [self.least_entry(self.linearize(tile)) for tile in self.tiles(at)]
            return LeastEntry(*(torch.cat(pieces) for pieces in zip(*parts, strict=True)))
        return least_entry(at.log_outer, torch.log(self.A.abs()).to(at.z), at.log_inner)

    def density_defect(self, at: Linearized) -> Tensor:
        r""":math:`\log p(f(z)) + \log|\det J(z)| - \log p(z)` at each point, zero where
        f preserves the distribution; shape ``(n,)``.

        >>> from numerics.distributions.marginals import Normal
        >>> f = EntanglingMap(Product([Normal(torch.zeros(2))]), torch.tensor([[3.0, 4.0], [-4.0, 3.0]]).double() / 5)
        >>> bool(f.density_defect(f.linearize(torch.ones(1, 2).double())).abs() < 1e-14)
        True
        """
        return self.prior.log_prob(at.x) + self.log_abs_det(at) - self.prior.log_prob(at.z)


def _by_autograd(step: Callable[[Tensor], Tensor], points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A coordinatewise step and the logarithm of its derivative, by reverse mode
    through the program."""
    with torch.enable_grad():
        inputs = points.detach().requires_grad_(True)
        image = step(inputs)
        (slope,) = torch.autograd.grad(image, inputs, torch.ones_like(image))
    return image.detach(), slope.log_(), slope.new_zeros(()).expand_as(slope)


def _by_differences(step: Callable[[Tensor], Tensor], points: Tensor, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same by central differences of order 8; the doubt is the distance to order 6,
    plus rounding."""
    image = step(points)
    gaps = [step(points + k * h) - step(points - k * h) for k in range(1, 5)]
    slope = sum(c * gap for c, gap in zip(_STENCIL, gaps, strict=True)) / h
    shorter = sum(c * gap for c, gap in zip(_SHORTER, gaps, strict=False)) / h
    unit = 0.5 * torch.finfo(points.dtype).eps
    rounding = 2.0 * ULPS * unit * (image.abs() * 2.0 / h + slope.abs() * points.abs() * 2.0 / h)
    return image, slope.log(), ((slope - shorter).abs() + rounding) / slope.abs()


def least_entry(log_outer: Tensor, log_abs_A: Tensor, log_inner: Tensor) -> LeastEntry:
    r"""The least of :math:`b_i |A_{ij}| a_j` over i and j, for each point.

    Comparing all d^2 products would cost n d^2 additions that no library blocks well.
    Instead each row i gets two lower bounds: its least |A_ij| times the least a_j, and,
    from one matrix product for all rows, :math:`R_i^{-1/p}` with
    :math:`R_i = \sum_j (|A_{ij}| a_j)^{-p}`, p = 64, which misses the row's least
    product by at most the factor :math:`d^{-1/p}`. Rows are then searched in the order
    of these bounds until the next bound reaches the best product found, mostly after
    one or two: the answer is that of the full search.

    Args:
        log_outer: log b, shape ``(n, d)``. log_abs_A: log |A_ij|, shape ``(d, d)``.
            log_inner: log a, shape ``(n, d)``.
    Returns:
        Logarithm (minus infinity where A has a zero), row and column; each of shape
        ``(n,)``.
    Raises:
        ValueError: a slope that is zero, negative, infinite or NaN.

    >>> ones = torch.zeros(1, 2).double()  # log 1
    >>> least_entry(ones, torch.tensor([[0.8, 0.6], [0.5, 0.9]]).double().log(), ones)
    LeastEntry(log_abs=tensor([-0.6931], dtype=torch.float64), row=tensor([1]), column=tensor([0]))
    """
    if not bool(torch.isfinite(log_outer).all() and torch.isfinite(log_inner).all()):
        raise ValueError(
            "Expected positive finite slopes, got one that is zero, infinite or NaN: is a marginal not increasing there?"
        )
    n = len(log_inner)
    if bool(torch.isneginf(log_abs_A).any()):
        i, j = torch.isneginf(log_abs_A).nonzero()[0]
        return LeastEntry(torch.full_like(log_inner[:, 0], -math.inf), i.expand(n), j.expand(n))
    floor = log_inner.amin(-1, keepdim=True)
    lower = _row_bounds(log_inner - floor, log_abs_A) + log_outer  # both less the floor
    best = torch.full_like(log_inner[:, 0], math.inf)
    row = torch.zeros(n, dtype=torch.int64, device=best.device)
    column, active = row.clone(), torch.arange(n, device=best.device)
    while active.numel():
        bound, i = lower.min(-1)
        keep = bound + floor[active, 0] < best[active]
        active, lower, i = active[keep], lower[keep], i[keep]
        value, j = (log_abs_A[i] + log_inner[active]).min(-1)
        value = value + log_outer[active, i]
        better = value < best[active]
        winners = active[better]
        best[winners], row[winners], column[winners] = value[better], i[better], j[better]
        lower.scatter_(1, i[:, None], math.inf)
    return LeastEntry(best, row, column)


def _row_bounds(inner: Tensor, log_abs_A: Tensor) -> Tensor:
    """Lower bounds of ``min_j (log |A_ij| + inner_j)`` for every point and row, shape
    ``(n, d)``; ``inner >= 0`` with least entry 0."""
    d, finfo = inner.shape[-1], torch.finfo(inner.dtype)
    power = 64.0 if inner.dtype == torch.float64 else 8.0
    floor = log_abs_A.amin(-1)
    sums = torch.exp(-power * inner) @ torch.exp(-power * (log_abs_A - floor[:, None])).T
    slack = (d + 2000) * finfo.eps  # rounding of the exponentials and of the sums, in the logarithm
    sums = sums + d * finfo.tiny  # terms that underflowed count as the smallest normal number
    return floor + (torch.log(sums) / -power - slack).clamp_min_(0.0)


def gram_defect(A: Tensor) -> tuple[Tensor, Tensor]:
    """``A^T A - I`` and a bound on the rounding of forming it, entry by entry; both of
    shape ``(d, d)``.

    The bound is gamma_(d+1) |A|^T |A| (inner products of length d, and one subtraction;
    Higham 2002, section 3.1).

    >>> gram_defect(2 * torch.eye(2))[0]
    tensor([[3., 0.],
            [0., 3.]])
    """
    d = A.shape[0]
    unit = 0.5 * torch.finfo(A.dtype).eps
    gamma = (d + 1) * unit / (1.0 - (d + 1) * unit)
    return A.T @ A - torch.eye(d, dtype=A.dtype, device=A.device), gamma * (
        A.abs().T @ A.abs() + torch.eye(d, dtype=A.dtype, device=A.device)
    )


def rounding_of_rotation(A: Tensor) -> float:
    """How far |A^T A - I|_F may be from 0 for a computed orthogonal matrix: 10 d^2.5
    units of roundoff.

    It is the backward error of Householder's QR factorisation (Higham 2002, theorem
    19.4, with its constant taken as 10).

    Args:
        A: Shape ``(d, d)``; its size and dtype decide.

    >>> rounding_of_rotation(torch.eye(4).double()) / torch.finfo(torch.float64).eps  # 5 d^2.5
    160.0
    """
    return 10.0 * len(A) ** 2.5 * 0.5 * torch.finfo(A.dtype).eps


def check_rotation(A: Tensor) -> Tensor:
    """``A`` itself, refused unless it meets the theorem's hypotheses: square with d >=
    1, finite, orthogonal, no zero entry.

    A computed orthogonal matrix is granted :func:`rounding_of_rotation`.

    Raises:
        TypeError: not a float32 or float64 tensor.
        ValueError: another shape, d = 0, NaN, not orthogonal, or a zero entry; the
            message names the hypothesis.

    >>> check_rotation(torch.eye(2))
    Traceback (most recent call last):
        ...
    ValueError: Hypothesis 'A has no zero entry' failed: A[0, 1] = 0 is zero ...
    """
    _check_floating(A, "the matrix A")
    if A.ndim != 2 or A.shape[0] != A.shape[1] or A.shape[0] == 0:
        raise ValueError(f"Expected a square matrix A with d >= 1, got shape {tuple(A.shape)}.")
    if not bool(torch.isfinite(A).all()):
        raise ValueError("Expected a finite matrix A, got NaN or an infinite entry.")
    defect = torch.linalg.matrix_norm(gram_defect(A)[0]).item()
    allowed = rounding_of_rotation(A)
    if defect > allowed:
        raise ValueError(
            f"Hypothesis 'A is orthogonal' failed: |A^T A - I| is {defect:.3g}, and rounding explains at most {allowed:.1g}. "
            "torch.linalg.qr(A).Q is orthogonal."
        )
    zeros = (A.abs() <= defect).nonzero()
    if zeros.numel():
        i, j = (int(index) for index in zeros[0])
        raise ValueError(
            f"Hypothesis 'A has no zero entry' failed: A[{i}, {j}] = {A[i, j].item():.3g} is zero within A's own error "
            f"{defect:.1g}, so coordinate {i} of f would not depend on z_{j}. householder(v) with v_i != 0 and "
            "v_i^2 != |v|^2/2 has none."
        )
    return A


def _check_floating(tensor: Tensor, what: str) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(
            f"Expected {what} as a torch tensor, got {type(tensor).__name__}. torch.as_tensor(..., dtype=torch.float64) makes one."
        )
    if tensor.dtype not in (torch.float32, torch.float64):
        raise TypeError(
            f"Expected {what} in float32 or float64, got {tensor.dtype}: the tails need the digits. Use .double()."
        )
