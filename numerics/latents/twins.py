r"""The entangled twin of a latent-variable model: another decoder with the same prior
and the same distribution of the data.

With :math:`z \sim p`, :math:`x = g(z)` (or any noise added after g) and a bijection f
that preserves p, the twin draws :math:`z' \sim p` and decodes :math:`x =
g(f^{-1}(z'))`. Since :math:`f^{-1}(z') \sim p` too, x has the same distribution. An
encoder :math:`e(x) \approx z` of the first model becomes
:math:`f(e(x)) \approx z'`.

Source: Locatello et al. 2019, theorem 1 and what they conclude from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from numerics.latents.entangling import EntanglingMap
from numerics.streams import Stream

__all__ = ["EntangledTwin", "RandomDecoder"]


class EntangledTwin:
    """``decoder`` after the inverse of ``mapping``; a callable from latents z' to
    whatever the decoder returns.

    Args:
        decoder: From latents ``(n, d)`` to observations, first axis n.
        mapping: f, a :class:`~numerics.latents.entangling.EntanglingMap` of the prior.
        dtype: What the decoder takes; f itself is evaluated in that of z'.

    >>> from numerics.distributions.marginals import Laplace
    >>> from numerics.distributions.product import Product
    >>> from numerics.latents.rotations import householder, spike
    >>> f = EntanglingMap(Product([Laplace(torch.zeros(2))]), householder(spike(2, 2.0)))
    >>> twin = EntangledTwin(lambda z: z.sum(1), f)
    >>> z = torch.ones(1, 2).double()
    >>> bool((twin(twin.entangle(z)) - z.sum(1)).abs() < 1e-12)
    True
    """

    def __init__(
        self, decoder: Callable[[Tensor], Any], mapping: EntanglingMap, *, dtype: torch.dtype | None = None
    ) -> None:
        self.decoder, self.mapping, self.dtype = decoder, mapping, dtype

    @property
    def prior(self) -> Any:
        """The product distribution of both latents."""
        return self.mapping.prior

    def latent(self, twin: Tensor) -> Tensor:
        """f^-1(z'): what the first model calls this point, ``(n, d)``."""
        return self.mapping.inverse(twin)

    def entangle(self, z: Tensor) -> Tensor:
        """f(z): what the twin calls the point z of the first model, ``(n, d)``."""
        return self.mapping(z)

    def __call__(self, twin: Tensor) -> Any:
        """The twin's decoder at z'."""
        z = self.latent(twin)
        return self.decoder(z if self.dtype is None else z.to(self.dtype))

    def encode(self, encoder: Callable[[Any], Tensor]) -> Callable[[Any], Tensor]:
        """The twin's encoder, f after ``encoder``.

        Args:
            encoder: From observations, first axis n, to latents ``(n, d)``.
        """
        return lambda x: self.entangle(encoder(x).to(self.mapping.A))

    def sample(self, n: int, stream: Stream) -> tuple[Tensor, Any]:
        """``n`` draws (z', x) of the twin."""
        twin = self.prior.sample(n, stream).to(self.mapping.A)
        return twin, self(twin)


class RandomDecoder:
    r"""A smooth decoder :math:`g(z) = W_2 \tanh(W_1 \arctan z + b)` with normal noise
    of scale ``noise``, drawn from a stream.

    Args:
        d: Latents. outputs: Observed coordinates. hidden: Units.

    >>> decoder = RandomDecoder(2, 3, Stream(1))
    >>> decoder(torch.zeros(5, 2).double()).shape
    torch.Size([5, 3])
    """

    def __init__(self, d: int, outputs: int, stream: Stream, *, hidden: int = 16, noise: float = 0.5) -> None:
        self.inner, self.shift = stream.normal(d, hidden) / d**0.5, 0.5 * stream.normal(hidden)
        self.outer, self.noise = stream.normal(hidden, outputs) / hidden**0.5, noise

    def __call__(self, z: Tensor) -> Tensor:
        """g(z), shape ``(n, outputs)``."""
        return torch.tanh(torch.atan(z) @ self.inner.to(z) + self.shift.to(z)) @ self.outer.to(z)

    def log_prob(self, x: Tensor, mean: Tensor) -> Tensor:
        """log K(x | z) up to a constant, for ``mean`` = g(z): nats, shape ``(n,)``.

        Args:
            x, mean: Shape ``(n, outputs)``.

        >>> decoder = RandomDecoder(2, 3, Stream(1))
        >>> mean = decoder(torch.zeros(5, 2).double())
        >>> decoder.log_prob(mean, mean).abs()
        tensor([0., 0., 0., 0., 0.], dtype=torch.float64)
        """
        return -0.5 * ((x - mean) / self.noise).square().sum(-1)

    def sample(self, mean: Tensor, stream: Stream) -> Tensor:
        """x of the model with that mean, shape ``(n, outputs)``.

        >>> decoder = RandomDecoder(2, 3, Stream(1))
        >>> mean = decoder(torch.zeros(5, 2).double())
        >>> decoder.sample(mean, Stream(2)).shape
        torch.Size([5, 3])
        """
        return mean + self.noise * stream.normal(*mean.shape).to(mean)

    def rounding(self, x: Tensor, mean: Tensor) -> Tensor:
        """How far rounding can carry ``log_prob(x, g(z))`` at one z; shape ``(n,)``.

        arctan and tanh within 16 units of roundoff of values up to pi/2 and 1, inner
        products of length d and ``hidden`` within gamma_d and gamma_hidden of the sums
        of moduli (Higham 2002, section 3.1), tanh of slope at most 1; then the slope |x
        - g|/noise^2 of the square, and the square's own rounding.

        Args:
            x, mean: Shape ``(n, outputs)``.
        """
        unit = 0.5 * torch.finfo(mean.dtype).eps
        d, hidden = self.inner.shape
        before = unit * ((d + 17) * 1.6 * self.inner.abs().sum(0) + self.shift.abs()).to(mean)
        after = (before + unit * (hidden + 17)) @ self.outer.abs().to(mean)
        slope = ((x - mean) / self.noise**2).abs()
        return 1.1 * (
            (slope * (after + unit * (x.abs() + mean.abs()))).sum(-1)
            + (mean.shape[1] + 4) * unit * self.log_prob(x, mean).abs()
        )
