r"""Conditional distributions of each coordinate given the earlier ones, in log space on
both sides.

A :class:`Conditionals` hands out, for rows of earlier coordinates, the distributions of
the next one: a :class:`Fibre`, which is N distributions on the line side by side. A
Fibre knows :math:`\log F` and :math:`\log(1-F)` each by itself, so that neither tail
saturates.

Closed forms: Gaussian mixtures with any covariances, products of one-dimensional
distributions, autoregressive flows into the normal distribution, and callables of your
own. Quadrature is in :mod:`numerics.transports.grid_conditionals`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from numerics.distributions.interface import Distribution
from numerics.distributions.library_marginals import as_product
from numerics.distributions.mixtures import GaussianMixture
from numerics.distributions.product import Product
from numerics.log_tails import LOG_2, LOG_SQRT_2PI, Tail, side_of
from numerics.roots import bracket, solve_increasing
from numerics.streams import Stream
from numerics.transports.domain import HypothesisError
from numerics.transports.triangular import triangularity_defect

__all__ = [
    "CallableConditionals", "Conditionals", "Fibre", "FlowConditionals", "KnownConditionals", "MixtureConditionals",
    "ProductConditionals", "log_complement",
]  # fmt: skip


def log_complement(log_p: Tensor) -> Tensor:
    """log(1 - e^log_p) for ``log_p <= 0``: to a few units of roundoff, relative to 1 -
    e^log_p as the rounded ``log_p`` has it.

    Args:
        log_p: Any shape.

    >>> log_complement(torch.tensor([0.25]).log()).exp()
    tensor([0.7500])
    """
    near = log_p > -LOG_2
    return torch.where(
        near,
        torch.log(-torch.expm1(torch.where(near, log_p, -1.0))),
        torch.log1p(-torch.exp(torch.where(near, -1.0, log_p))),
    )


class Fibre(ABC):
    """N distributions on the line, one a row of earlier coordinates.

    Attributes:
        centre, scale: Somewhere in each distribution and a length on which it varies,
            shape ``(N,)``: where the search for an inverse starts.
    """

    centre: Tensor
    scale: Tensor

    @abstractmethod
    def log_tail(self, t: Tensor, side: Tensor) -> Tensor:
        """log F(t) where ``side`` is +1 and log(1 - F(t)) where it is -1; all of shape
        ``(N,)``."""

    @abstractmethod
    def log_density(self, t: Tensor) -> Tensor:
        """Log density in nats, shape ``(N,)``. It steers Newton's method;
        log-determinants are taken from :meth:`log_tail`."""

    @abstractmethod
    def take(self, rows: Tensor) -> Fibre:
        """The distributions of some of the rows, a bool mask ``(N,)`` or numbers
        ``(n,)``."""

    def tail(self, t: Tensor) -> Tail:
        """The smaller tail at each ``t``, shape ``(N,)``."""
        with torch.no_grad():
            ones = torch.ones_like(t)
            side = side_of(self.log_tail(t, ones) <= self.log_tail(t, -ones), t)
        return Tail(self.log_tail(t, side), side)

    def quantile(self, tail: Tail, *, steps: int = 200) -> tuple[Tensor, Tensor]:
        """The t with these tails, and by how much the logarithm of the tail *as
        evaluated* misses there; each of shape ``(N,)``.

        Raises:
            HypothesisError: a tail that the distribution does not reach on the
                floating-point line.
        """
        log_p, side = tail
        low, high, found = self._bracket(log_p * side, side)
        if not bool(found.all()):
            raise HypothesisError(
                f"{int((~found).sum())} of {found.numel()} tails are not reached by the conditional distribution within the floating-point line, first log tail "
                f"{float(log_p[~found][0]):.6g}. Is the conditional distribution function increasing from 0 to 1?"
            )

        def evaluate(t: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
            part = self.take(rows)
            value = part.log_tail(t, side[rows])
            return value * side[rows], torch.exp(part.log_density(t) - value)

        root = solve_increasing(evaluate, log_p * side, low, high, steps=steps)
        return root.x, root.residual

    def _bracket(self, target: Tensor, side: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        def value(t: Tensor, rows: Tensor) -> Tensor:
            return self.take(rows).log_tail(t, side[rows]) * side[rows]

        return bracket(value, target, self.centre, self.scale)


class Conditionals(ABC):
    """The distributions of x_d given x_1..x_{d-1}, d = 1..D.

    Attributes:
        dim: D. connected: Whether every conditional distribution has a positive density
            on an interval (so that the map is a bijection).
        numbers: How many numbers a point costs at most while a fibre is held, for the
            tiles.
    """

    dim: int
    connected: bool = True
    numbers: int = 64

    @abstractmethod
    def fibre(self, before: Tensor) -> Fibre:
        """The distributions of coordinate d + 1 given rows of the first d, shape ``(N,
        d)``, ``0 <= d < D``."""


class KnownConditionals(Conditionals):
    """Conditionals of a distribution that is known jointly: a distribution itself,
    whose density and sampler use none of them.

    Attributes:
        joint: The distribution.
    """

    joint: Distribution

    def log_prob(self, x: Tensor) -> Tensor:
        """The joint log density in nats of points ``(N, D)``, shape ``(N,)``."""
        return self.joint.log_prob(x)

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, D)``."""
        return self.joint.sample(n, stream)


# -- Gaussian mixtures --------------------------------------------------------------------------------------------------


class MixtureFibre(Fibre):
    """Mixtures of normals on the line: log weights, means ``(K, N)`` and scales ``(K,
    1)``."""

    def __init__(self, log_weights: Tensor, means: Tensor, scales: Tensor) -> None:
        self.log_weights, self.means, self.scales = log_weights, means, scales
        weights = log_weights.exp()
        self.centre = (weights * means).sum(0)
        self.scale = (weights * (scales**2 + (means - self.centre).square())).sum(0).sqrt()

    def log_tail(self, t: Tensor, side: Tensor) -> Tensor:
        """log sum_k w_k Phi(side z_k), a sum of positive terms on either side;
        ``(N,)``."""
        return torch.logsumexp(
            self.log_weights + torch.special.log_ndtr(side * ((t - self.means) / self.scales)), 0
        ).clamp_max(0.0)

    def log_density(self, t: Tensor) -> Tensor:
        """log sum_k w_k phi(z_k)/s_k, nats, ``(N,)``."""
        z = (t - self.means) / self.scales
        return torch.logsumexp(self.log_weights - z * z / 2 - LOG_SQRT_2PI - self.scales.log(), 0)

    def take(self, rows: Tensor) -> MixtureFibre:
        """The distributions of some rows, a bool mask ``(N,)`` or numbers ``(n,)``."""
        part = object.__new__(MixtureFibre)
        part.log_weights, part.means, part.scales = self.log_weights[:, rows], self.means[:, rows], self.scales
        part.centre, part.scale = self.centre[rows], self.scale[rows]
        return part


class MixtureConditionals(KnownConditionals):
    r"""The conditionals of a Gaussian mixture, in closed form for every D.

    With :math:`\Sigma_k = L_k L_k^T` and :math:`z_k = L_k^{-1}(x - m_k)`, coordinate d
    of component k given the earlier ones is normal with mean :math:`m_{kd} + \sum_{j<d}
    L_{k,dj} z_{kj}` and standard deviation :math:`L_{k,dd}`, and the weights are those
    of the components at the earlier coordinates.

    Args:
        weights: Positive, shape ``(K,)``; they are divided by their sum.
        means: ``(K, D)``. covariances: ``(K, D, D)``, positive definite.
    Raises:
        ValueError: shapes that do not agree, weights that are not positive, a
            covariance that is not positive definite.

    >>> pair = torch.tensor([[[1.0, 0.5], [0.5, 1.0]]]).double()
    >>> given = MixtureConditionals(torch.ones(1).double(), torch.zeros(1, 2).double(), pair).fibre(torch.ones(1, 1).double())
    >>> given.centre, given.scale.square()
    (tensor([0.5000], dtype=torch.float64), tensor([0.7500], dtype=torch.float64))
    """

    def __init__(self, weights: Tensor, means: Tensor, covariances: Tensor) -> None:
        self.joint = GaussianMixture(weights, means, covariances)
        self._read(self.joint)

    def _read(self, joint: GaussianMixture) -> None:
        self.log_weights, self.means = joint.weights.log(), joint.means
        self.covariances, self.factors = joint.covariances, joint.factors
        self.dim, self.numbers = joint.dim, 6 * joint.means.shape[0] * (joint.dim + 4)

    @classmethod
    def of(cls, joint: GaussianMixture) -> MixtureConditionals:
        """The conditionals of a mixture of :mod:`numerics.distributions.mixtures`."""
        own = object.__new__(cls)
        own.joint = joint
        own._read(joint)
        return own

    def fibre(self, before: Tensor) -> MixtureFibre:
        """Normal mixtures with weights, means and scales by forward substitution, from
        rows ``(N, d)``."""
        d = before.shape[1]
        z = self._standardised(before)
        diagonal = torch.diagonal(self.factors, dim1=1, dim2=2)
        log_weights = self.log_weights[:, None] - z.square().sum(1) / 2 - diagonal[:, :d].log().sum(1)[:, None]
        means = self.means[:, d, None] + (self.factors[:, d, None, :d] @ z)[:, 0]
        return MixtureFibre(torch.log_softmax(log_weights, 0), means, diagonal[:, d, None])

    def _standardised(self, x: Tensor) -> Tensor:
        """L^-1 (x - m) for the leading coordinates given, shape ``(K, d, N)``."""
        d = x.shape[1]
        offsets = (x - self.means[:, None, :d]).mT
        return torch.linalg.solve_triangular(self.factors[:, :d, :d], offsets, upper=False) if d else offsets


# -- products -----------------------------------------------------------------------------------------------------------


class _ProductFibre(Fibre):
    def __init__(self, product: Product, column: int, rows: int, like: Tensor) -> None:
        self.product, self.column, self.like = product, column, like
        self.middle = product.median().to(like)
        self.centre = self.middle[column].expand(rows)
        quartile = product.quantile(_everywhere(self.middle, math.log(0.25), 1.0))
        self.scale = (self.middle - quartile)[column].abs().clamp_min(torch.finfo(like.dtype).tiny).expand(rows)

    def _row(self, t: Tensor) -> Tensor:
        """Points whose other coordinates are medians, which no support excludes."""
        whole = self.middle.expand(t.shape[0], -1).clone()
        whole[:, self.column] = t
        return whole

    def log_tail(self, t: Tensor, side: Tensor) -> Tensor:
        low, high = self.product.low.to(t)[self.column], self.product.high.to(t)[self.column]
        inside = (t > low) & (t < high)
        tail = self.product.tail(self._row(torch.where(inside, t, self.centre)))
        log_p, own = tail.log_p[:, self.column], tail.side[:, self.column]
        value = torch.where(own == side, log_p, log_complement(log_p))
        ended = torch.where((t <= low) == (side > 0), -math.inf, 0.0).to(t)
        return torch.where(inside, value, ended)

    def log_density(self, t: Tensor) -> Tensor:
        return self.product.log_density(self._row(t))[:, self.column]

    def take(self, rows: Tensor) -> _ProductFibre:
        part = object.__new__(_ProductFibre)
        part.__dict__.update(self.__dict__, centre=self.centre[rows], scale=self.scale[rows])
        return part

    def quantile(self, tail: Tail, *, steps: int = 200) -> tuple[Tensor, Tensor]:
        whole = _everywhere(self.middle.expand(tail.log_p.shape[0], -1), math.log(0.5), 1.0)
        whole.log_p[:, self.column], whole.side[:, self.column] = tail.log_p, tail.side
        t = self.product.quantile(whole)[:, self.column]
        return t, (self.log_tail(t, tail.side) - tail.log_p).abs()


def _everywhere(like: Tensor, log_p: float, side: float) -> Tail:
    return Tail(torch.full_like(like, log_p).clone(), torch.full_like(like, side).clone())


class ProductConditionals(KnownConditionals):
    """Independent coordinates: the conditionals are the marginals.

    Args:
        marginals: Whatever :func:`numerics.distributions.library_marginals.as_product` reads: a
            list of torch distributions, frozen SciPy distributions or
            :class:`numerics.distributions.product.Marginal`, or one torch distribution
            with a batch of D. A ready
            :class:`numerics.distributions.product.Product` is taken as it is,
            distributions with gaps included.

    >>> from torch.distributions import Gumbel, Normal
    >>> ProductConditionals([Normal(0.0, 1.0), Gumbel(0.0, 1.0)]).dim
    2
    """

    def __init__(self, marginals: Any) -> None:
        self.joint = marginals if isinstance(marginals, Product) else as_product(marginals)
        self.dim, self.numbers, self.connected = self.joint.dim, 16 * self.joint.dim, self.joint.connected

    def fibre(self, before: Tensor) -> Fibre:
        """One marginal for all rows ``(N, d)``."""
        return _ProductFibre(self.joint, before.shape[1], before.shape[0], before)


# -- flows and callables ------------------------------------------------------------------------------------------------


class _CalledFibre(Fibre):
    def __init__(self, before: Tensor, log_tail: Callable, log_density: Callable) -> None:
        self.before, self._log_tail, self._log_density = before, log_tail, log_density
        self.centre, self.scale = before.new_zeros(before.shape[0]), before.new_ones(before.shape[0])

    def log_tail(self, t: Tensor, side: Tensor) -> Tensor:
        return self._log_tail(t, side, self.before)

    def log_density(self, t: Tensor) -> Tensor:
        return self._log_density(t, self.before)

    def take(self, rows: Tensor) -> _CalledFibre:
        return _CalledFibre(self.before[rows], self._log_tail, self._log_density)


class FlowConditionals(Conditionals):
    """An autoregressive flow z = T(x) into independent standard normals, T lower
    triangular and increasing: F_d = Phi(z_d).

    Args:
        to_normal: T, from points ``(N, D)`` to points ``(N, D)``, differentiable by
            autograd; z_d depends on x_1..x_d alone.
        probe: A few points ``(n, D)`` at which triangularity and monotony are checked,
            and whose dtype and device are used.
    Raises:
        HypothesisError: at the probe, z_d moves with a later coordinate, or falls with
            its own.

    >>> flow = FlowConditionals(lambda x: 2 * x, torch.zeros(1, 1).double())
    >>> flow.fibre(torch.zeros(1, 0).double()).log_tail(torch.zeros(1).double(), torch.ones(1).double()).exp()
    tensor([0.5000], dtype=torch.float64)
    """

    def __init__(self, to_normal: Callable[[Tensor], Tensor], probe: Tensor) -> None:
        self.to_normal, self.dim = to_normal, probe.shape[1]
        self.numbers = 64 * self.dim
        if self.dim > 1:
            rows = torch.tril(torch.ones(self.dim, self.dim, dtype=probe.dtype, device=probe.device))[:-1]
            if bool((triangularity_defect(to_normal, probe, rows * _irregular(rows)) != 0).any()):
                raise HypothesisError(
                    "Hypothesis 'triangular' failed: a latent coordinate of the flow moves with a later coordinate of x. Give the flow with one autoregressive "
                    "transform in the natural order (two of them, or a permutation between, are not triangular)."
                )
        for d in range(self.dim):
            slope = self._slope(probe[:, d], probe[:, :d])[1]
            if bool((slope <= 0).any()):
                raise HypothesisError(
                    f"Hypothesis 'increasing' failed: latent coordinate {d + 1} falls with x_{d + 1} at a probe."
                )

    def _latent(self, t: Tensor, before: Tensor) -> Tensor:
        after = before.new_zeros(before.shape[0], self.dim - before.shape[1] - 1)
        return self.to_normal(torch.cat([before, t[:, None], after], 1))[:, before.shape[1]]

    def _slope(self, t: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        leaf = t.detach().requires_grad_()
        with torch.enable_grad():
            z = self._latent(leaf, before)
            slope = torch.autograd.grad(z.sum(), leaf)[0]
        return z.detach(), slope

    def fibre(self, before: Tensor) -> Fibre:
        """The normal distribution seen through T, from rows ``(N, d)``."""

        def log_tail(t: Tensor, side: Tensor, before: Tensor) -> Tensor:
            return torch.special.log_ndtr(side * self._latent(t, before))

        def log_density(t: Tensor, before: Tensor) -> Tensor:
            z, slope = self._slope(t, before)
            return slope.log() - z * z / 2 - LOG_SQRT_2PI

        return _CalledFibre(before, log_tail, log_density)


def _irregular(like: Tensor) -> Tensor:
    """Fixed coefficients without cancellations between coordinates."""
    return 1.0 + torch.remainder(
        torch.arange(like.numel(), dtype=like.dtype, device=like.device) * 0.618034, 1.0
    ).view_as(like)


class CallableConditionals(Conditionals):
    """Your own conditional distributions.

    Args:
        dim: D.
        log_cdf: From abscissae ``(N,)`` and earlier coordinates ``(N, d)`` to log F,
            ``(N,)``; d tells the coordinate.
        log_density: Likewise, the conditional log density; it steers the inverse.
        log_sf: Likewise, log(1 - F); from ``log_cdf`` when omitted, and then the upper
            tail saturates near 1e-16.
        connected: Whether every conditional has a positive density on an interval.

    >>> own = CallableConditionals(1, log_cdf=lambda t, _: torch.special.log_ndtr(t), log_density=lambda t, _: -t * t / 2 - LOG_SQRT_2PI)
    >>> own.fibre(torch.zeros(1, 0).double()).log_tail(torch.zeros(1).double(), torch.ones(1).double()).exp()
    tensor([0.5000], dtype=torch.float64)
    """

    def __init__(
        self,
        dim: int,
        *,
        log_cdf: Callable[[Tensor, Tensor], Tensor],
        log_density: Callable[[Tensor, Tensor], Tensor],
        log_sf: Callable[[Tensor, Tensor], Tensor] | None = None,
        connected: bool = True,
    ) -> None:
        if dim < 1:
            raise ValueError(f"Expected a dimension of at least 1, got {dim}.")
        self.dim, self.log_cdf, self.log_sf, self.log_density, self.connected = (
            dim,
            log_cdf,
            log_sf,
            log_density,
            connected,
        )

    def fibre(self, before: Tensor) -> Fibre:
        """The callables at these rows ``(N, d)``; shapes and values are checked."""

        def log_tail(t: Tensor, side: Tensor, before: Tensor) -> Tensor:
            low = _call_checked("log_cdf", self.log_cdf, t, before)
            high = log_complement(low) if self.log_sf is None else _call_checked("log_sf", self.log_sf, t, before)
            return torch.where(side > 0, low, high)

        return _CalledFibre(before, log_tail, self.log_density)


def _call_checked(name: str, function: Callable[[Tensor, Tensor], Tensor], t: Tensor, before: Tensor) -> Tensor:
    value = function(t, before)
    if not isinstance(value, Tensor) or value.shape != t.shape:
        got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(f"Expected {name} to return shape {tuple(t.shape)}, one number a row, got {got}.")
    if bool(torch.isnan(value.detach()).any()) or bool((value.detach() > 1e-9).any()):
        raise HypothesisError(
            f"{name} returned NaN or a positive number; the logarithm of a probability is at most 0. Is it the distribution function itself?"
        )
    return value.clamp_max(0.0)
