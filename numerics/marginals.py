r"""Laws on the line that do not saturate: the smaller tail in log space, its inverse, the density, a sampler.

A transport that goes through a distribution function F needs more than F: near the upper end F rounds to one, and the tail is
gone. Here a point is described by its :class:`Tail`, the logarithm of the smaller of F and 1 - F with the side it lies on, and
the inverse takes a tail. Samplers never call F or its inverse: they are ratios, differences and sums of exponentials, normals
and uniforms, so that a sample is evidence about F and not a consequence of it.

A law covers a block of ``width`` independent columns (one parameter a column); a :class:`Product` sets blocks side by side.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from numerics.random import Stream
from numerics.tails import LOG_2, LOG_SQRT_2PI, Tail, normal_quantile, normal_tail, side_of

LOG_PI = math.log(math.pi)

__all__ = [
    "Cauchy", "Exponential", "Gumbel", "Laplace", "LocationScale", "Logistic", "Marginal", "Normal", "Product",
    "SplitUniform", "Triangular", "Uniform", "stack",
]  # fmt: skip


class Marginal(ABC):
    """A law on an open interval, for a block of ``width`` independent columns.

    Attributes:
        width: How many columns the block covers.
        low, high: Ends of the support, tensors of shape ``(width,)``; infinite where it is unbounded.
        connected: Whether the density is positive on the whole open interval between them.
        differentiable: Whether torch's autograd passes through ``tail`` and ``quantile``.
        name: What messages call it.
    """

    width: int
    low: Tensor
    high: Tensor
    connected: bool = True
    differentiable: bool = True
    name: str = "marginal"

    @abstractmethod
    def tail(self, z: Tensor) -> Tail:
        """The smaller tail at ``z``, whose last axis has ``width`` entries."""

    def log_cdf(self, z: Tensor) -> Tensor:
        """log F(z), to a relative error of a few units of roundoff in the lower half and an absolute one above."""
        tail = self.tail(z)
        return torch.where(tail.side > 0, tail.log_p, tail.complement())

    @abstractmethod
    def log_prob(self, z: Tensor) -> Tensor:
        """Log density in nats, column by column; minus infinity outside the support. Not computed from F."""

    @abstractmethod
    def quantile(self, tail: Tail) -> Tensor:
        """The z whose tail this is."""

    @abstractmethod
    def sample(self, stream: Stream, n: int) -> Tensor:
        """``n`` independent rows, shape ``(n, width)``, drawn without F and without its inverse."""

    def lever(self, z: Tensor) -> Tensor:
        """The length whose relative rounding enters log F, log(1 - F) and log p: the distance that they are formed from."""
        return z.abs() + _finite_part(self.low, z) + _finite_part(self.high, z)

    def anchor(self, z: Tensor) -> Tensor:
        """The largest magnitude that is added when the inverse lands on ``z``: its rounding is absolute."""
        return z.abs() + _finite_part(self.low, z) + _finite_part(self.high, z)

    def median(self) -> Tensor:
        """The column medians, shape ``(width,)``."""
        return self.quantile(Tail(torch.full_like(self.low, -LOG_2), torch.ones_like(self.low)))


def _finite_part(end: Tensor, like: Tensor) -> Tensor:
    return torch.where(torch.isfinite(end), end.abs(), torch.zeros_like(end)).to(like)


class LocationScale(Marginal):
    """A law moved by ``loc`` and stretched by ``scale``; a family supplies the standard one.

    Args:
        loc: Location a column; a number or a tensor of shape ``(width,)``.
        scale: Positive, likewise.
    Raises:
        ValueError: a parameter that is not finite, or a scale that is not positive.
    """

    _support = (-math.inf, math.inf)

    def __init__(self, loc: float | Tensor = 0.0, scale: float | Tensor = 1.0) -> None:
        self.loc, self.scale = _columns(loc, scale)
        if not bool((torch.isfinite(self.loc) & torch.isfinite(self.scale) & (self.scale > 0)).all()):
            raise ValueError(
                f"Expected finite locations and positive finite scales for {type(self).__name__}, got loc {self.loc.tolist()[:8]} "
                f"and scale {self.scale.tolist()[:8]}."
            )
        self.width = self.loc.numel()
        self.low, self.high = (self.loc + self.scale * end for end in self._support)
        self.name = type(self).__name__

    @staticmethod
    @abstractmethod
    def _tail(w: Tensor) -> Tail: ...

    @staticmethod
    @abstractmethod
    def _log_prob(w: Tensor) -> Tensor: ...

    @staticmethod
    @abstractmethod
    def _quantile(tail: Tail) -> Tensor: ...

    @staticmethod
    @abstractmethod
    def _sample(stream: Stream, n: int, width: int) -> Tensor: ...

    def _standard(self, z: Tensor) -> Tensor:
        return (z - self.loc.to(z)) / self.scale.to(z)

    def tail(self, z: Tensor) -> Tail:
        """The standard law's tail at (z - loc)/scale."""
        return self._tail(self._standard(z))

    def log_prob(self, z: Tensor) -> Tensor:
        """The standard log density at (z - loc)/scale, less log scale."""
        return self._log_prob(self._standard(z)) - torch.log(self.scale.to(z))

    def quantile(self, tail: Tail) -> Tensor:
        """loc plus scale times the standard quantile."""
        return self.loc.to(tail.log_p) + self.scale.to(tail.log_p) * self._quantile(tail)

    def sample(self, stream: Stream, n: int) -> Tensor:
        """loc plus scale times a standard sample."""
        w = self._sample(stream, n, self.width)
        return self.loc.to(w) + self.scale.to(w) * w

    def lever(self, z: Tensor) -> Tensor:
        """The distance to loc."""
        return (z - self.loc.to(z)).abs()

    def anchor(self, z: Tensor) -> Tensor:
        """|z| + 2 |loc| bounds what is added."""
        return z.abs() + 2.0 * self.loc.to(z).abs()


def _columns(*parameters: float | Tensor) -> list[Tensor]:
    """Parameters as float64 vectors of one length."""
    tensors = [torch.as_tensor(parameter, dtype=torch.float64).detach() for parameter in parameters]
    if any(tensor.ndim > 1 for tensor in tensors):
        raise ValueError(
            f"Expected numbers or vectors with one entry a column, got shapes {[tuple(t.shape) for t in tensors]}."
        )
    return [tensor.clone().reshape(-1) for tensor in torch.broadcast_tensors(*tensors)]


class Logistic(LocationScale):
    """F(w) = 1/(1 + e^-w). Sampled as the log-ratio of two exponentials."""

    @staticmethod
    def _tail(w: Tensor) -> Tail:
        side = side_of(w < 0, w)
        return Tail(torch.nn.functional.logsigmoid(w * side), side)

    @staticmethod
    def _log_prob(w: Tensor) -> Tensor:
        size = w.abs()
        return -size - 2.0 * torch.log1p(torch.exp(-size))

    @staticmethod
    def _quantile(tail: Tail) -> Tensor:
        return (tail.log_p - tail.complement()) * tail.side

    @staticmethod
    def _sample(stream: Stream, n: int, width: int) -> Tensor:
        return torch.log(stream.exponential(n, width) / stream.exponential(n, width))


class Laplace(LocationScale):
    """Density e^-|w| / 2. Sampled as the difference of two exponentials."""

    @staticmethod
    def _tail(w: Tensor) -> Tail:
        side = side_of(w < 0, w)
        return Tail(w * side - LOG_2, side)

    @staticmethod
    def _log_prob(w: Tensor) -> Tensor:
        return -w.abs() - LOG_2

    @staticmethod
    def _quantile(tail: Tail) -> Tensor:
        return (tail.log_p + LOG_2) * tail.side

    @staticmethod
    def _sample(stream: Stream, n: int, width: int) -> Tensor:
        return stream.exponential(n, width) - stream.exponential(n, width)


class Exponential(LocationScale):
    """Density e^-w on w > 0; ``loc`` is the lower end and ``scale`` the mean above it."""

    _support = (0.0, math.inf)

    @staticmethod
    def _tail(w: Tensor) -> Tail:
        lower = w < LOG_2
        return Tail(torch.where(lower, torch.log(-torch.expm1(-w)), -w), side_of(lower, w))

    @staticmethod
    def _log_prob(w: Tensor) -> Tensor:
        return torch.where(w > 0, -w, -math.inf)

    @staticmethod
    def _quantile(tail: Tail) -> Tensor:
        lower = tail.side > 0
        small = tail.log_p.clamp_max(-0.5)  # keeps the branch that is not taken finite
        return torch.where(lower, -torch.log1p(-torch.exp(small)), -tail.log_p)

    @staticmethod
    def _sample(stream: Stream, n: int, width: int) -> Tensor:
        return stream.exponential(n, width)


class Normal(LocationScale):
    """The normal law; sampled by torch's own generator of normals."""

    _tail = staticmethod(normal_tail)
    _quantile = staticmethod(normal_quantile)

    @staticmethod
    def _log_prob(w: Tensor) -> Tensor:
        return -0.5 * w * w - LOG_SQRT_2PI

    @staticmethod
    def _sample(stream: Stream, n: int, width: int) -> Tensor:
        return stream.normal(n, width)


class Cauchy(LocationScale):
    """Density 1/(pi (1 + w^2)). Sampled as the ratio of two normals."""

    @staticmethod
    def _tail(w: Tensor) -> Tail:
        side = side_of(w < 0, w)
        return Tail(torch.log(torch.atan2(torch.ones_like(w), -w * side)) - LOG_PI, side)

    @staticmethod
    def _log_prob(w: Tensor) -> Tensor:
        return -LOG_PI - 2.0 * torch.log(torch.hypot(w, torch.ones_like(w)))

    @staticmethod
    def _quantile(tail: Tail) -> Tensor:
        return tail.side / -torch.tan(math.pi * torch.exp(tail.log_p))

    @staticmethod
    def _sample(stream: Stream, n: int, width: int) -> Tensor:
        return stream.normal(n, width) / stream.normal(n, width)


class Gumbel(LocationScale):
    """F(w) = exp(-e^-w), skewed to the right. Sampled as minus the logarithm of an exponential."""

    @staticmethod
    def _tail(w: Tensor) -> Tail:
        log_cdf = -torch.exp(-w)
        lower = log_cdf < -LOG_2
        upper = torch.log(-torch.expm1(log_cdf.clamp_min(-1.0)))
        return Tail(torch.where(lower, log_cdf, upper), side_of(lower, w))

    @staticmethod
    def _log_prob(w: Tensor) -> Tensor:
        return -w - torch.exp(-w)

    @staticmethod
    def _quantile(tail: Tail) -> Tensor:
        lower = tail.side > 0
        small = tail.log_p.clamp_max(-0.5)
        return -torch.log(-torch.where(lower, tail.log_p, torch.log1p(-torch.exp(small))))

    @staticmethod
    def _sample(stream: Stream, n: int, width: int) -> Tensor:
        return -torch.log(stream.exponential(n, width))


class Uniform(Marginal):
    """Constant density on ``(low, high)``.

    Args:
        low, high: Ends, numbers or tensors of shape ``(width,)``, ``low < high``, finite.
    """

    def __init__(self, low: float | Tensor = 0.0, high: float | Tensor = 1.0) -> None:
        self.low, self.high = _columns(low, high)
        if not bool((torch.isfinite(self.low) & torch.isfinite(self.high) & (self.low < self.high)).all()):
            raise ValueError(
                f"Expected finite ends with low < high, got {self.low.tolist()[:8]} and {self.high.tolist()[:8]}."
            )
        self.width = self.low.numel()
        self.name = type(self).__name__

    def _near(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Distance to the nearer end over the length, on which side that is, and the length."""
        low, high = self.low.to(z), self.high.to(z)
        below, above = z - low, high - z
        lower = below <= above
        return torch.where(lower, below, above) / (high - low), side_of(lower, z), high - low

    def tail(self, z: Tensor) -> Tail:
        """The logarithm of the distance to the nearer end over the length."""
        share, side, _ = self._near(z)
        return Tail(torch.log(share), side)

    def log_prob(self, z: Tensor) -> Tensor:
        """Minus the logarithm of the length, inside."""
        share, _, whole = self._near(z)
        return torch.where(share > 0, -torch.log(whole), torch.full_like(z, -math.inf))

    def quantile(self, tail: Tail) -> Tensor:
        """From the nearer end, so that the upper end keeps its digits."""
        return self._from_end(torch.exp(tail.log_p), tail.side)

    def _from_end(self, share: Tensor, side: Tensor) -> Tensor:
        low, high = self.low.to(share), self.high.to(share)
        return torch.where(side > 0, low, high) + (high - low) * share * side

    def sample(self, stream: Stream, n: int) -> Tensor:
        """Uniform draws, stretched."""
        draw = stream.uniform(n, self.width)
        return self.low.to(draw) + (self.high - self.low).to(draw) * draw

    def lever(self, z: Tensor) -> Tensor:
        """The distance to the nearer end."""
        share, _, whole = self._near(z)
        return share.abs() * whole


class Triangular(Uniform):
    """A symmetric tent on ``(low, high)``, zero at the ends only. Sampled as the mean of two uniforms."""

    def tail(self, z: Tensor) -> Tail:
        """Twice the square of the distance to the nearer end over the length."""
        share, side, _ = self._near(z)
        return Tail(LOG_2 + 2.0 * torch.log(share), side)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log of four times that distance over the squared length, inside."""
        share, _, whole = self._near(z)
        return torch.where(
            share > 0, 2.0 * LOG_2 + torch.log(share.clamp_min(0.0)) - torch.log(whole), torch.full_like(z, -math.inf)
        )

    def quantile(self, tail: Tail) -> Tensor:
        """The square root, from the nearer end."""
        return self._from_end(torch.exp(0.5 * (tail.log_p - LOG_2)), tail.side)

    def sample(self, stream: Stream, n: int) -> Tensor:
        """Means of two uniform draws, stretched."""
        draw = 0.5 * (stream.uniform(n, self.width) + stream.uniform(n, self.width))
        return self.low.to(draw) + (self.high - self.low).to(draw) * draw


class SplitUniform(LocationScale):
    """Uniform on (-2, -1) and (1, 2), so with a gap of width 2 where F stays at 1/2 and has no inverse.

    It meets the hypotheses of absolutely continuous laws and misses the positive density on an interval.
    """

    _support = (-2.0, 2.0)
    connected = False

    @staticmethod
    def _tail(w: Tensor) -> Tail:
        side = side_of(w < 0, w)
        return Tail(torch.log(0.5 * (2.0 + (w * side).clamp_max(-1.0))), side)

    @staticmethod
    def _log_prob(w: Tensor) -> Tensor:
        size = w.abs()
        return torch.where((size > 1.0) & (size < 2.0), torch.full_like(w, -LOG_2), -math.inf)

    @staticmethod
    def _quantile(tail: Tail) -> Tensor:
        return (2.0 * torch.exp(tail.log_p) - 2.0) * tail.side

    @staticmethod
    def _sample(stream: Stream, n: int, width: int) -> Tensor:
        return stream.signs(n, width) * (1.0 + stream.uniform(n, width))


class Product:
    """Independent columns: blocks of marginals side by side.

    Args:
        blocks: Marginals; the widths add up to the dimension.
    Raises:
        ValueError: no columns at all.
    """

    def __init__(self, blocks: Iterable[Marginal]) -> None:
        self.blocks: tuple[Marginal, ...] = tuple(blocks)
        self.widths = [block.width for block in self.blocks]
        self.dimension = sum(self.widths)
        if self.dimension < 1:
            raise ValueError("Expected at least one marginal, got a product of dimension d = 0.")

    @property
    def low(self) -> Tensor:
        """Lower ends of the supports, shape ``(d,)``."""
        return torch.cat([block.low for block in self.blocks])

    @property
    def high(self) -> Tensor:
        """Upper ends of the supports, shape ``(d,)``."""
        return torch.cat([block.high for block in self.blocks])

    def columnwise(self, action: Callable[..., Tensor], *arrays: Tensor) -> Tensor:
        """``action(block, columns of each array...)`` for every block, side by side again."""
        if len(self.blocks) == 1:
            return action(self.blocks[0], *arrays)
        parts = zip(*(array.split(self.widths, dim=-1) for array in arrays), strict=True)
        return torch.cat([action(block, *columns) for block, columns in zip(self.blocks, parts, strict=True)], dim=-1)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density column by column, shape of ``z``; sum over the last axis for the joint one."""
        return self.columnwise(lambda block, part: block.log_prob(part), z)

    def sample(self, stream: Stream, n: int) -> Tensor:
        """``n`` independent rows, shape ``(n, d)``, without any distribution function."""
        return torch.cat([block.sample(stream, n) for block in self.blocks], dim=-1)

    def median(self) -> Tensor:
        """Column medians, shape ``(d,)``."""
        return torch.cat([block.median() for block in self.blocks])


def stack(marginals: Sequence[Marginal]) -> Product:
    """A product in which neighbours of one family are merged into one block, for speed."""
    blocks: list[Marginal] = []
    for marginal in marginals:
        last = blocks[-1] if blocks else None
        if last is not None and type(last) is type(marginal) and isinstance(marginal, LocationScale | Uniform):
            names = ("loc", "scale") if isinstance(marginal, LocationScale) else ("low", "high")
            blocks[-1] = type(marginal)(*(torch.cat([getattr(last, name), getattr(marginal, name)]) for name in names))
        else:
            blocks.append(marginal)
    return Product(blocks)
