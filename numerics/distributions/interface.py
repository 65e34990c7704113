r"""One interface of distributions: a log density of rows, independent draws, and what
some distributions know beyond these.

Whoever needs a distribution names the least that it uses: :class:`Sampler` draws,
:class:`Distribution` has a density too,
:class:`Columns` is a density of independent columns with a support, :class:`HasTails`,
:class:`HasQuantiles` and :class:`HasMean` are optional. Nothing has to inherit from
them: an object of your own with these methods is one.

=================  =====================================================================================
``dim``            D
``log_prob(x)``    ``(N, D)`` to nats ``(N,)``; minus infinity where the density is zero
``sample(n, s)``   ``(n, D)``, drawn from the :class:`~numerics.streams.Stream` s and from nothing else
``tail(x)``        ``(N, D)`` to a :class:`~numerics.log_tails.Tail` of the same shape, column by column
``quantile(t)``    a Tail of shape ``(N, D)`` to points ``(N, D)``: the inverse of ``tail``
``mean()``         ``(D,)``
=================  =====================================================================================
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from numerics.log_tails import Tail
from numerics.streams import Stream

__all__ = [
    "Columns", "Distribution", "HasMean", "HasQuantiles", "HasTails", "InterfaceError", "Sampler", "log_prob_of", "require", "sample_of",
]  # fmt: skip


class InterfaceError(ValueError):
    """An object lacks a method that the measurement uses. The message names the method
    and what it returns."""


@runtime_checkable
class Sampler(Protocol):
    """A distribution on R^D that can be drawn, whether it has a density or not."""

    @property
    def dim(self) -> int:
        """D."""
        ...

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` independent draws, shape ``(n, D)``, in the stream's dtype and on its
        device."""
        ...


@runtime_checkable
class Distribution(Sampler, Protocol):
    """A distribution on R^D with a density; the sampler never calls it."""

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density in nats of points ``(N, D)``, shape ``(N,)``; differentiable by
        autograd unless it says otherwise."""
        ...


@runtime_checkable
class HasTails(Protocol):
    """What knows its distribution functions column by column, in log space."""

    def tail(self, x: Tensor) -> Tail:
        """The smaller tail of each coordinate, for points whose last axis has D
        entries; shape of ``x``."""
        ...


@runtime_checkable
class HasQuantiles(Protocol):
    """What knows the inverses of its distribution functions; ``Tail.of(u)`` makes a
    tail of a probability."""

    def quantile(self, tail: Tail) -> Tensor:
        """The points with these tails, column by column; shape of ``tail.log_p``."""
        ...


@runtime_checkable
class HasMean(Protocol):
    """What knows its expectation."""

    def mean(self) -> Tensor:
        """The expectation, shape ``(D,)``; NaN where there is none."""
        ...


class Columns(Protocol):
    """A density of D independent columns: what an integral over columns asks for."""

    @property
    def low(self) -> Tensor:
        """Lower ends of the support, ``(D,)``; minus infinity where there is none."""
        ...

    @property
    def high(self) -> Tensor:
        """Upper ends, likewise."""
        ...

    def log_density(self, x: Tensor) -> Tensor:
        """Log density in nats, column by column: shape of ``x``, whose last axis has D
        entries; minus infinity outside the support."""
        ...

    def median(self) -> Tensor:
        """The column medians, ``(D,)``."""
        ...


_RETURNS = {
    "dim": "D, an integer",
    "log_prob": "from points (N, D) to nats (N,)",
    "sample": "sample(n, stream), drawn from stream.normal, stream.uniform and the like, to points (n, D)",
    "tail": "from points (N, D) to numerics.log_tails.Tail, column by column",
    "quantile": "from a numerics.log_tails.Tail (Tail.of(u) makes one of a probability) to points, column by column",
    "mean": "mean(), the expectation, shape (D,)",
}


def require(distribution: Any, *names: str) -> None:
    """Refuse an object that lacks one of the methods named, before anything is measured
    with it.

    Raises:
        InterfaceError: the first method that is missing, and what it returns.

    >>> from numerics.distributions.marginals import Normal
    >>> require(Normal(), "log_prob", "quantile")
    >>> require(object(), "mean")
    Traceback (most recent call last):
    numerics.distributions.interface.InterfaceError: Expected a distribution with mean (mean(), the expectation, shape (D,)), got object, which has none.
    """
    for name in names:
        if not hasattr(distribution, name):
            kind = type(distribution).__name__
            raise InterfaceError(f"Expected a distribution with {name} ({_RETURNS[name]}), got {kind}, which has none.")


def sample_of(distribution: Any, size: int, stream: Stream, dim: int) -> Tensor:
    """``distribution.sample(size, stream)`` in the stream's dtype, refused unless it is
    a finite floating sample of shape ``(size, dim)``.

    Raises:
        InterfaceError: no ``sample``. ValueError: another signature, shape or dtype, or
            values that are not finite.

    >>> from numerics.distributions.marginals import Normal
    >>> sample_of(Normal(), 5, Stream(1), 1).shape
    torch.Size([5, 1])
    """
    require(distribution, "sample")
    try:
        drawn = distribution.sample(size, stream)
    except (TypeError, AttributeError) as error:
        raise ValueError(
            f"Expected a distribution with {_RETURNS['sample']}, got {type(distribution).__name__}: {error}"
        ) from error
    if not isinstance(drawn, Tensor) or drawn.shape != (size, dim):
        raise ValueError(
            f"Expected sample(n, stream) of shape ({size}, {dim}), got {tuple(getattr(drawn, 'shape', ()))}. Points are rows, also for D = 1."
        )
    if not drawn.is_floating_point():
        raise ValueError(
            f"Expected a floating-point sample, got {drawn.dtype}: a distribution on integers has atoms and no density."
        )
    if not bool(torch.isfinite(drawn).all()):
        raise ValueError("Expected a finite sample, got NaN or an infinite coordinate.")
    return drawn.to(stream.dtype)


def log_prob_of(distribution: Any, points: Tensor) -> Tensor:
    """``distribution.log_prob(points)``, refused unless it is one number a point (minus
    infinity included), and none is NaN.

    Args:
        points: ``(N, D)``.
    Returns:
        Nats, ``(N,)``.
    Raises:
        InterfaceError: no ``log_prob``. ValueError: another shape, NaN, plus infinity,
            or an error while evaluating.

    >>> from numerics.distributions.marginals import Normal
    >>> log_prob_of(Normal(), torch.zeros(2, 1).double())
    tensor([-0.9189, -0.9189], dtype=torch.float64)
    """
    require(distribution, "log_prob")
    try:
        found = distribution.log_prob(points)
    except (RuntimeError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(
            f"{type(distribution).__name__}.log_prob could not be evaluated on points {tuple(points.shape)}: {error}"
        ) from error
    if not isinstance(found, Tensor) or found.shape != points.shape[:1]:
        raise ValueError(
            f"Expected one log density a point, shape ({points.shape[0]},), got {tuple(getattr(found, 'shape', ()))}. Sum over coordinates."
        )
    if bool((torch.isnan(found) | (found == torch.inf)).any()):
        raise ValueError("Expected log densities below infinity, got NaN or infinity.")
    return found
