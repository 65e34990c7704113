r"""Products of one-dimensional distributions whose density is known in two coordinates:
a distribution, a map, and the image's own density.

Neither density is got from the other, nor from the map: each is the formula by which
its family is defined. What the map does to the volume is the derivative of the map as
evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.distributions.interface import Columns
from numerics.distributions.marginals import Exponential, Gumbel, JohnsonSU, Logistic, LogNormal, Normal, Uniform
from numerics.distributions.product import Marginal
from numerics.streams import Stream

__all__ = ["MappedDistribution", "mapped_distribution"]


@dataclass(frozen=True)
class MappedDistribution:
    """A block of independent columns, a monotone map of each, and the distribution of
    the image.

    Args:
        source: The distribution, with a sampler. forward: Columnwise, differentiable,
            ``(n, D)`` to the same shape.
        image: The image's density, in the image's coordinate.
    """

    source: Marginal
    forward: Callable[[Tensor], Tensor]
    image: Columns

    def log_slope(self, x: Tensor) -> Tensor:
        """log |f'(x)| column by column, shape of ``x``, by differentiating the map as
        evaluated.

        >>> from numerics.streams import Stream
        >>> pair = mapped_distribution("exp", 1, Stream(1))
        >>> pair.log_slope(torch.tensor([[0.5]]).double())  # of e^x
        tensor([[0.5000]], dtype=torch.float64)
        """
        leaf = x.detach().requires_grad_()
        with torch.enable_grad():
            y = self.forward(leaf)
        return torch.autograd.grad(y.sum(), leaf)[0].abs().log()


def mapped_distribution(kind: str, dim: int, stream: Stream) -> MappedDistribution:
    """``dim`` columns with parameters drawn from ``stream``.

    Args:
        kind: ``affine`` (normal to normal), ``exp`` (normal to log-normal), ``sinh``
            (normal to Johnson's SU), ``logit`` (uniform to logistic), ``minus-log``
            (uniform to exponential), ``gumbel`` (exponential to Gumbel), ``normal-cdf``
            and ``exponential-cdf`` (onto the uniform distribution on (0, 1)).
    Raises:
        ValueError: an unknown kind.

    >>> pair = mapped_distribution("exp", 2, Stream(1))
    >>> pair.image.log_density(pair.forward(pair.source.sample(5, Stream(2)))).shape
    torch.Size([5, 2])
    """
    m, s = stream.normal(dim) / 2, 0.5 + 0.5 * stream.uniform(dim)
    zero, one = torch.zeros_like(m), torch.ones_like(m)
    if kind == "affine":
        shift, stretch = stream.normal(dim), torch.exp(stream.normal(dim)) * stream.signs(dim)
        return MappedDistribution(
            Normal(m, s), lambda x: shift + stretch * x, Normal(shift + stretch * m, stretch.abs() * s)
        )
    if kind == "exp":
        return MappedDistribution(Normal(m, s), torch.exp, LogNormal(m, s))
    if kind == "sinh":
        return MappedDistribution(Normal(m, s), torch.sinh, JohnsonSU(m, s))
    if kind == "logit":
        return MappedDistribution(
            Uniform(zero, one), lambda u: m + s * (torch.log(u) - torch.log1p(-u)), Logistic(m, s)
        )
    if kind == "minus-log":
        return MappedDistribution(Uniform(zero, one), lambda u: -s * torch.log(u), Exponential(zero, s))
    if kind == "gumbel":
        return MappedDistribution(Exponential(zero, one), lambda e: m - s * torch.log(e), Gumbel(m, s))
    if kind == "normal-cdf":
        return MappedDistribution(Normal(m, s), lambda x: torch.special.ndtr((x - m) / s), Uniform(zero, one))
    if kind == "exponential-cdf":
        # Not expm1, whose derivative torch takes from its value: that saturates where the map does.
        return MappedDistribution(Exponential(zero, s), lambda x: 1 - torch.exp(-x / s), Uniform(zero, one))
    raise ValueError(
        f"Expected one of affine, exp, sinh, logit, minus-log, gumbel, normal-cdf, exponential-cdf, got {kind!r}."
    )
