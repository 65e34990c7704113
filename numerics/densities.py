"""Densities with samplers that never see them: Gaussian mixtures, logistic, Student and exponential-power products.

Every class has ``log_prob(x)`` for ``x`` of shape ``(N, D)``, returning nats of shape ``(N,)``, and ``sample(n, stream)``,
drawn from the law's definition by representation (ratios and scale mixtures), never by inverting the density's formula.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from numerics.random import Stream

LOG_2PI = math.log(2 * math.pi)


class Density(Protocol):
    """What the measuring floor expects of a law on R^D."""

    dim: int

    def log_prob(self, x: Tensor) -> Tensor:
        """log p of points ``(N, D)``, nats, shape ``(N,)``."""
        ...

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` independent draws, shape ``(n, D)``."""
        ...


@dataclass(frozen=True)
class GaussianMixture:
    r"""A mixture of isotropic Gaussians.

    .. math:: p(x) = \sum_k w_k (2\pi\sigma_k^2)^{-D/2} e^{-|x-m_k|^2/(2\sigma_k^2)}

    Args:
        weights: Positive, summing to 1, shape ``(K,)``.
        means: Shape ``(K, D)``.
        scales: Standard deviations, positive, shape ``(K,)``.
    Raises:
        ValueError: shapes that do not agree, or weights or scales that are not positive.
    Accuracy:
        The square is expanded so that all components cost one matrix product: the absolute error of the logarithm is about
        ``(D + 6) eps max_k (|x|^2 + |m_k|^2) / sigma_k^2``.
    """

    weights: Tensor
    means: Tensor
    scales: Tensor

    def __post_init__(self) -> None:
        k = self.weights.shape[0]
        if self.means.ndim != 2 or self.means.shape[0] != k or self.scales.shape != (k,):
            raise ValueError(
                f"Expected weights (K,), means (K, D), scales (K,), got {tuple(self.weights.shape)}, {tuple(self.means.shape)}, {tuple(self.scales.shape)}."
            )
        if not bool((self.weights > 0).all() & (self.scales > 0).all()):
            raise ValueError("Expected positive weights and scales.")
        precision = self.scales.square().reciprocal()
        square = -precision / 2
        constant = (
            self.weights.log()
            - self.dim * (self.scales.log() + LOG_2PI / 2)
            - self.means.square().sum(1) * precision / 2
        )
        lifted = torch.cat([self.means * precision[:, None], square[:, None]], 1)
        for name, value in (("_lifted", lifted), ("_constant", constant)):
            object.__setattr__(self, name, value)

    @property
    def dim(self) -> int:
        """D."""
        return self.means.shape[1]

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density in nats of points ``(N, D)``: one product of the points, lifted by their squares, with the components."""
        lifted = torch.cat([x, x.square().sum(1, keepdim=True)], 1)
        return _log_sum_exp(torch.addmm(self._constant[:, None], self._lifted, lifted.mT))

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, D)``: a component by its weight, then a Gaussian around its mean."""
        steps = torch.cumsum(self.weights, 0)[:-1].contiguous()
        which = torch.searchsorted(steps, stream.uniform(n), right=True)
        return self.means[which] + self.scales[which, None] * stream.normal(n, self.dim)

    def along_first(self, rest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Each component's log density as ``-a t^2 + b t + c`` in the first coordinate; ``a, b``: ``(K,)``, ``c``: ``(K, N)``."""
        linear, square = self._lifted[:, :-1], self._lifted[:, -1]
        c = self._constant[:, None] + linear[:, 1:] @ rest.mT + square[:, None] * rest.square().sum(1)
        return -square, linear[:, 0], c


def _log_sum_exp(exponents: Tensor) -> Tensor:
    """Along the first axis, overwriting ``exponents``; the shift is a constant to differentiation, which leaves the derivative exact.

    In place, because one large temporary is what memory allows: several at a time pass the threshold beyond which the C library
    hands freed pages back to the system, and then every evaluation pays for getting them again (half of its time).
    """
    shift = exponents.detach().amax(0)
    return exponents.sub_(shift).exp_().sum(0).log().add_(shift)


def gaussian(dim: int, scale: float, like: Tensor) -> GaussianMixture:
    """The centred isotropic Gaussian as a mixture of one, on the device and in the dtype of ``like``."""
    one = torch.ones(1, dtype=like.dtype, device=like.device)
    return GaussianMixture(one, torch.zeros(1, dim, dtype=like.dtype, device=like.device), scale * one)


def random_mixture(dim: int, components: int, stream: Stream, *, spread: float = 2.0) -> GaussianMixture:
    """Weights uniform on the simplex and bounded below by 1/(3K), means normal of that spread, scales between 0.7 and 1.5."""
    raw = stream.exponential(components)
    weights = (raw / raw.sum() + 0.5 / components) / 1.5
    means = spread * stream.normal(components, dim) / math.sqrt(dim)
    return GaussianMixture(weights, means, 0.7 + 0.8 * stream.uniform(components))


@dataclass(frozen=True)
class LogisticProduct:
    r"""Independent logistic coordinates, :math:`p(x)=\prod_i e^{-z_i}(1+e^{-z_i})^{-2}/\sigma_i`, z = (x - m)/sigma.

    Sampled as the logarithm of a ratio of two unit exponentials. ``log_prob`` loses nothing in either tail.
    """

    means: Tensor
    scales: Tensor

    @property
    def dim(self) -> int:
        """D."""
        return self.means.shape[0]

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density in nats of points ``(N, D)``."""
        z = (x - self.means) / self.scales
        return -(torch.nn.functional.softplus(z) + torch.nn.functional.softplus(-z) + self.scales.log()).sum(1)

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, D)``."""
        ratio = stream.exponential(n, self.dim).log() - stream.exponential(n, self.dim).log()
        return self.means + self.scales * ratio


@dataclass(frozen=True)
class StudentProduct:
    r"""Independent Student coordinates with an integer number ``df`` of degrees of freedom, heavy tails included.

    Sampled as a normal over the root of a mean of ``df`` squared normals.
    """

    df: int
    dim: int

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density in nats of points ``(N, D)``."""
        norm = math.lgamma((self.df + 1) / 2) - math.lgamma(self.df / 2) - math.log(self.df * math.pi) / 2
        return (norm - (self.df + 1) / 2 * torch.log1p(x.square() / self.df)).sum(1)

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, D)``."""
        squares = stream.normal(n, self.dim, self.df).square().mean(-1)
        return stream.normal(n, self.dim) / squares.sqrt()


@dataclass(frozen=True)
class HeavyRidge:
    r"""The law on the plane with density :math:`C\,e^{-|y|^{1/2}t^2-y^2}`, which is 1/sqrt|y| wide in t.

    Continuous and positive, with unit mass; on the line y = 0 the fibre's mass is infinite. ``C = 1/(sqrt(pi) Gamma(3/8))``.
    Sampled as y = ±sqrt(G), G of gamma law 3/8, and t normal given y.
    """

    dim: int = 2

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density in nats of points ``(N, 2)``, rows (t, y)."""
        t, y = x[:, 0], x[:, 1]
        return -y.abs().sqrt() * t.square() - y.square() - math.log(math.pi) / 2 - math.lgamma(3 / 8)

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, 2)``."""
        y = stream.signs(n) * _gamma_three_eighths(n, stream).sqrt()
        return torch.stack([stream.normal(n) / (2 * y.abs().sqrt()).sqrt(), y], 1)


@dataclass(frozen=True)
class CurvedBand:
    r"""A law on the band :math:`|x_1 - x_2^2| < 1`, which is not convex although its fibres along x_1 are intervals.

    .. math:: p(x) = \tfrac34 (1 - (x_1 - x_2^2)^2)\, \varphi(x_2)

    ``base`` is the middle of the fibre. The parabolic coordinate is drawn by Devroye's rule of three uniforms.
    """

    dim: int = 2

    def base(self, rest: Tensor) -> Tensor:
        """The middle of the fibre over ``rest``, shape ``(N, 1)``."""
        return rest[:, 0].square()

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density in nats of points ``(N, 2)``, -inf outside the band."""
        across = 1 - (x[:, 0] - x[:, 1].square()).square()
        return across.clamp_min(0).log() + math.log(0.75) - x[:, 1].square() / 2 - LOG_2PI / 2

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, 2)``."""
        u = 2 * stream.uniform(n, 3) - 1
        last = u[:, 2].abs()
        across = torch.where((last >= u[:, 1].abs()) & (last >= u[:, 0].abs()), u[:, 1], u[:, 2])
        y = stream.normal(n)
        return torch.stack([across + y.square(), y], 1)


def _gamma_three_eighths(n: int, stream: Stream) -> Tensor:
    """Gamma(3/8) = Beta(3/8, 5/8) times a unit exponential; the Beta by Johnk's rejection from uniform powers."""
    drawn = torch.empty(0, dtype=stream.dtype, device=stream.device)
    while drawn.numel() < n:
        u, v = stream.uniform(2 * n + 8) ** (8 / 3), stream.uniform(2 * n + 8) ** (8 / 5)
        keep = (u + v <= 1) & (u + v > 0)
        drawn = torch.cat([drawn, (u / (u + v))[keep]])
    return drawn[:n] * stream.exponential(n)


def law(kind: str, dim: int, stream: Stream) -> Density:
    """A density of the named kind, its parameters drawn from ``stream``.

    Args:
        kind: ``mixture`` (of 4 Gaussians), ``gaussian``, ``logistic``, ``student`` (6 degrees of freedom), ``ridge`` or ``band`` (both dim 2).
    Raises:
        ValueError: an unknown kind, or a ridge or band in another dimension.
    """
    if kind == "mixture":
        return random_mixture(dim, 4, stream)
    if kind == "gaussian":
        return random_mixture(dim, 1, stream)
    if kind == "logistic":
        return LogisticProduct(stream.normal(dim) / 2, 0.8 + 0.4 * stream.uniform(dim))
    if kind == "student":
        return StudentProduct(6, dim)
    if kind == "ridge" and dim == 2:
        return HeavyRidge()
    if kind == "band" and dim == 2:
        return CurvedBand()
    raise ValueError(
        f"Expected one of mixture, gaussian, logistic, student, or ridge and band with D = 2, got {kind!r} with D = {dim}."
    )


def log_score(kind: str, p: Density, stream: Stream) -> Callable[[Tensor], Tensor]:
    """log of a score of the named kind, to be realised as the density of an image of ``p``.

    Args:
        kind: ``flat`` (s = 1), ``wide`` (a Gaussian of scale 3), ``inverse`` (1/p), ``square`` (p squared), ``logistic`` (a product of scale
            2), ``bumps`` (another mixture, flattened), or ``vanishing`` (\\|x_1\\|, which is zero at x_1 = 0).
    """
    if kind == "flat":
        return lambda x: torch.zeros_like(x[:, 0])
    if kind == "wide":
        return gaussian(p.dim, 3.0, stream.uniform(1)).log_prob
    if kind == "inverse":
        return lambda x: -p.log_prob(x)
    if kind == "square":
        return lambda x: 2 * p.log_prob(x)
    if kind == "logistic":
        zeros = torch.zeros(p.dim, dtype=stream.dtype, device=stream.device)
        return LogisticProduct(zeros, zeros + 2).log_prob
    if kind == "bumps":
        bumps = random_mixture(p.dim, 3, stream)
        return lambda x: bumps.log_prob(x) / 2
    if kind == "vanishing":
        return lambda x: x[:, 0].abs().log()
    raise ValueError(f"Expected a score among flat, wide, inverse, square, logistic, bumps, vanishing, got {kind!r}.")
