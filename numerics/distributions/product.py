r"""Independent columns in log space that do not saturate: the smaller tail, its
inverse, the density, a sampler; and products of such blocks.

A transport that goes through a distribution function F needs more than F: near the
upper end F rounds to one, and the tail is gone. Here a point is described by its
:class:`~numerics.log_tails.Tail`, the logarithm of the smaller of F and 1 - F with the
side it lies on, and the inverse takes a tail. Samplers never call F or its inverse:
they are ratios, differences and sums of exponentials, normals and uniforms, so that a
sample is evidence about F and not a consequence of it.

A :class:`Marginal` covers a block of ``dim`` independent columns of one family, one
parameter a column; a :class:`Product` sets blocks side by side. Both are distributions
on R^D (:mod:`numerics.distributions.interface`): ``log_prob`` is joint, ``log_density``
goes column by column. The families are in :mod:`numerics.distributions.marginals`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from numerics.log_tails import LOG_2, Tail
from numerics.streams import Stream

__all__ = ["LocationScale", "Marginal", "Product", "columns", "stack"]


class Marginal(ABC):
    """Distributions on open intervals, one for each of ``dim`` independent columns;
    with one column, a distribution on the line.

    A family of your own implements ``tail``, ``log_density``, ``quantile`` and
    ``sample``.

    Attributes:
        dim: D, how many columns the block covers.
        low, high: Ends of the support, tensors of shape ``(D,)``; infinite where it is
            unbounded.
        connected: Whether the density is positive on the whole open interval between
            them.
        differentiable: Whether torch's autograd passes through ``tail`` and
            ``quantile``.
        name: What messages call it.
        parameters: Names of the arguments that make the block, one entry a column each;
            none where blocks cannot be joined.
    """

    dim: int
    low: Tensor
    high: Tensor
    connected: bool = True
    differentiable: bool = True
    name: str = "marginal"
    parameters: tuple[str, ...] = ()

    @abstractmethod
    def tail(self, z: Tensor) -> Tail:
        """The smaller tail of each coordinate at ``z``, whose last axis has D entries;
        shape of ``z``."""

    def log_cdf(self, z: Tensor) -> Tensor:
        """log F(z), shape of ``z``, to a relative error of a few units of roundoff in
        the lower half and an absolute one above.

        >>> from numerics.distributions.marginals import Laplace
        >>> Laplace().log_cdf(torch.tensor([-2.0, 0.0]).double()[:, None]).flatten()  # x - log 2 for x < 0
        tensor([-2.6931, -0.6931], dtype=torch.float64)
        """
        tail = self.tail(z)
        return torch.where(tail.side > 0, tail.log_p, tail.complement())

    @abstractmethod
    def log_density(self, z: Tensor) -> Tensor:
        """Log density in nats, column by column, shape of ``z``; minus infinity outside
        the support. Not computed from F."""

    def log_prob(self, x: Tensor) -> Tensor:
        """Joint log density in nats of points ``(*, D)``, shape ``(*,)``.

        >>> from numerics.distributions.marginals import Laplace
        >>> Laplace(torch.zeros(2)).log_prob(torch.zeros(1, 2).double()).exp()
        tensor([0.2500], dtype=torch.float64)
        """
        return self.log_density(x).sum(-1)

    @abstractmethod
    def quantile(self, tail: Tail) -> Tensor:
        """The z whose tail this is, column by column; shape of ``tail.log_p``."""

    @abstractmethod
    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` independent rows, shape ``(n, D)``, drawn without F and without its
        inverse."""

    def conditioning_length(self, z: Tensor) -> Tensor:
        """The length whose relative rounding enters log F, log(1 - F) and log p: the
        distance that they are formed from; shape of ``z``."""
        return z.abs() + _finite_part(self.low, z) + _finite_part(self.high, z)

    def rounding_scale(self, z: Tensor) -> Tensor:
        """The largest magnitude that is added when the inverse lands on ``z``, shape of
        ``z``: its rounding is absolute."""
        return z.abs() + _finite_part(self.low, z) + _finite_part(self.high, z)

    def median(self) -> Tensor:
        """The column medians, shape ``(D,)``."""
        return self.quantile(Tail(torch.full_like(self.low, -LOG_2), torch.ones_like(self.low)))

    def mean(self) -> Tensor:
        """The expectation, shape ``(D,)``; NaN where there is none or none is known."""
        return torch.full_like(self.low, math.nan)


def _finite_part(end: Tensor, like: Tensor) -> Tensor:
    return torch.where(torch.isfinite(end), end.abs(), torch.zeros_like(end)).to(like)


class LocationScale(Marginal):
    """A distribution moved by ``loc`` and stretched by ``scale``; a family supplies the
    standard one.

    Args:
        loc: Location a column; a number or a tensor of shape ``(D,)``.
        scale: Positive, likewise.
    Raises:
        ValueError: a parameter that is not finite, or a scale that is not positive.
    """

    parameters = ("loc", "scale")
    _support = (-math.inf, math.inf)
    _mean = math.nan  # of the standard one

    def __init__(self, loc: float | Tensor = 0.0, scale: float | Tensor = 1.0) -> None:
        self.loc, self.scale = columns(loc, scale)
        if not bool((torch.isfinite(self.loc) & torch.isfinite(self.scale) & (self.scale > 0)).all()):
            raise ValueError(
                f"Expected finite locations and positive finite scales for {type(self).__name__}, got loc {self.loc.tolist()[:8]} "
                f"and scale {self.scale.tolist()[:8]}."
            )
        self.dim = self.loc.numel()
        self.low, self.high = (self.loc + self.scale * end for end in self._support)
        self.name = type(self).__name__

    @staticmethod
    @abstractmethod
    def _tail(w: Tensor, /) -> Tail: ...

    @staticmethod
    @abstractmethod
    def _log_density(w: Tensor, /) -> Tensor: ...

    @staticmethod
    @abstractmethod
    def _quantile(tail: Tail, /) -> Tensor: ...

    @staticmethod
    @abstractmethod
    def _sample(n: int, dim: int, stream: Stream, /) -> Tensor: ...

    def _standard(self, z: Tensor) -> Tensor:
        return (z - self.loc.to(z)) / self.scale.to(z)

    def tail(self, z: Tensor) -> Tail:
        """The standard tail at (z - loc)/scale, shape of ``z``."""
        return self._tail(self._standard(z))

    def log_density(self, z: Tensor) -> Tensor:
        """The standard log density at (z - loc)/scale, less log scale; nats, column by
        column, shape of ``z``."""
        return self._log_density(self._standard(z)) - torch.log(self.scale.to(z))

    def quantile(self, tail: Tail) -> Tensor:
        """loc plus scale times the standard quantile."""
        return self.loc.to(tail.log_p) + self.scale.to(tail.log_p) * self._quantile(tail)

    def sample(self, n: int, stream: Stream) -> Tensor:
        """loc plus scale times a standard sample, shape ``(n, D)``."""
        w = self._sample(n, self.dim, stream)
        return self.loc.to(w) + self.scale.to(w) * w

    def conditioning_length(self, z: Tensor) -> Tensor:
        """The distance to loc, shape of ``z``."""
        return (z - self.loc.to(z)).abs()

    def rounding_scale(self, z: Tensor) -> Tensor:
        """|z| + 2 |loc| bounds what is added; shape of ``z``."""
        return z.abs() + 2.0 * self.loc.to(z).abs()

    def mean(self) -> Tensor:
        """loc plus scale times the standard mean, shape ``(D,)``."""
        return self.loc + self.scale * self._mean


def columns(*parameters: float | Tensor) -> list[Tensor]:
    """Parameters as float64 vectors of one length, one entry a column.

    >>> columns(1.0, torch.zeros(2))
    [tensor([1., 1.], dtype=torch.float64), tensor([0., 0.], dtype=torch.float64)]
    """
    tensors = [torch.as_tensor(parameter, dtype=torch.float64).detach() for parameter in parameters]
    if any(tensor.ndim > 1 for tensor in tensors):
        raise ValueError(
            f"Expected numbers or vectors with one entry a column, got shapes {[tuple(t.shape) for t in tensors]}."
        )
    return [tensor.clone().reshape(-1) for tensor in torch.broadcast_tensors(*tensors)]


class Product:
    """Independent columns: blocks of marginals side by side.

    Args:
        blocks: Marginals; their dimensions add up to D.
    Raises:
        ValueError: no columns at all.

    >>> from numerics.distributions.marginals import Laplace, Normal
    >>> product = Product([Normal(), Laplace(torch.zeros(2))])
    >>> product.dim, product.sample(4, Stream(1)).shape, product.log_prob(torch.zeros(1, 3).double()).shape
    (3, torch.Size([4, 3]), torch.Size([1]))
    """

    def __init__(self, blocks: Iterable[Marginal]) -> None:
        self.blocks: tuple[Marginal, ...] = tuple(blocks)
        self.widths = [block.dim for block in self.blocks]
        self.dim = sum(self.widths)
        if self.dim < 1:
            raise ValueError("Expected at least one marginal, got a product of dimension d = 0.")

    @property
    def connected(self) -> bool:
        """Whether every column has a positive density on the whole open interval
        between its ends."""
        return all(block.connected for block in self.blocks)

    @property
    def low(self) -> Tensor:
        """Lower ends of the supports, shape ``(D,)``."""
        return torch.cat([block.low for block in self.blocks])

    @property
    def high(self) -> Tensor:
        """Upper ends of the supports, shape ``(D,)``."""
        return torch.cat([block.high for block in self.blocks])

    def columnwise(self, action: Callable[..., Tensor], *arrays: Tensor) -> Tensor:
        """``action(block, columns of each array...)`` for every block, side by side
        again."""
        if len(self.blocks) == 1:
            return action(self.blocks[0], *arrays)
        parts = zip(*(array.split(self.widths, dim=-1) for array in arrays), strict=True)
        return torch.cat([action(block, *columns) for block, columns in zip(self.blocks, parts, strict=True)], dim=-1)

    def log_density(self, z: Tensor) -> Tensor:
        """Log density in nats, column by column, shape of ``z``.

        >>> from numerics.distributions.marginals import Laplace
        >>> Product([Laplace(), Laplace(0.0, 2.0)]).log_density(torch.zeros(1, 2).double()).exp()
        tensor([[0.5000, 0.2500]], dtype=torch.float64)
        """
        return self.columnwise(lambda block, part: block.log_density(part), z)

    def log_prob(self, x: Tensor) -> Tensor:
        """Joint log density in nats of points ``(*, D)``, shape ``(*,)``.

        >>> from numerics.distributions.marginals import Laplace
        >>> Product([Laplace(), Laplace(0.0, 2.0)]).log_prob(torch.zeros(1, 2).double()).exp()
        tensor([0.1250], dtype=torch.float64)
        """
        return self.log_density(x).sum(-1)

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` independent rows, shape ``(n, D)``, without any distribution
        function."""
        return torch.cat([block.sample(n, stream) for block in self.blocks], dim=-1)

    def tail(self, z: Tensor) -> Tail:
        """The smaller tail of each coordinate, shape of ``z``.

        >>> from numerics.distributions.marginals import Laplace
        >>> Product([Laplace(), Laplace()]).tail(torch.zeros(1, 2).double()).log_p.exp()
        tensor([[0.5000, 0.5000]], dtype=torch.float64)
        """
        parts = [block.tail(part) for block, part in zip(self.blocks, z.split(self.widths, dim=-1), strict=True)]
        return Tail(torch.cat([part.log_p for part in parts], -1), torch.cat([part.side for part in parts], -1))

    def quantile(self, tail: Tail) -> Tensor:
        """The points with these tails, column by column.

        >>> from numerics.distributions.marginals import Laplace
        >>> Product([Laplace(), Laplace(3.0)]).quantile(Tail.of(torch.full((1, 2), 0.5).double()))
        tensor([[0., 3.]], dtype=torch.float64)
        """
        return self.columnwise(lambda block, log_p, side: block.quantile(Tail(log_p, side)), *tail)

    def median(self) -> Tensor:
        """Column medians, shape ``(D,)``.

        >>> from numerics.distributions.marginals import Laplace
        >>> Product([Laplace(), Laplace(3.0)]).median()
        tensor([0., 3.], dtype=torch.float64)
        """
        return torch.cat([block.median() for block in self.blocks])

    def mean(self) -> Tensor:
        """The expectation, shape ``(D,)``; NaN in columns that have none."""
        return torch.cat([block.mean() for block in self.blocks])


def stack(marginals: Sequence[Marginal]) -> Product:
    """A product in which neighbours of one family are merged into one block, for speed.

    >>> from numerics.distributions.marginals import Normal
    >>> len(stack([Normal(), Normal(1.0, 2.0)]).blocks)
    1
    """
    blocks: list[Marginal] = []
    for marginal in marginals:
        last = blocks[-1] if blocks else None
        names = type(marginal).parameters
        if last is not None and type(last) is type(marginal) and names:
            blocks[-1] = type(marginal)(*(torch.cat([getattr(last, name), getattr(marginal, name)]) for name in names))
        else:
            blocks.append(marginal)
    return Product(blocks)
