"""One number in (0, 1) as the logarithm of the smaller of itself and its complement,
and the normal distribution in that form."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

LOG_2 = math.log(2.0)
LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)

__all__ = ["LOG_2", "LOG_SQRT_2PI", "Tail", "normal_quantile", "normal_tail", "side_of"]


class Tail(NamedTuple):
    """Where a point lies in its distribution: ``log_p`` is log F where ``side`` is +1,
    and log(1 - F) where it is -1.

    The side is that of the smaller of the two (either, near the median), so that
    ``log_p`` is at most about log 1/2.

    >>> Tail(torch.tensor([0.25]).log(), torch.tensor([1.0])).complement().exp()
    tensor([0.7500])
    """

    log_p: Tensor
    side: Tensor

    @classmethod
    def of(cls, probability: Tensor) -> Tail:
        """The tail of probabilities in (0, 1), any shape: below one half its logarithm,
        above that of the complement.

        >>> tail = Tail.of(torch.tensor([0.25, 0.75]))
        >>> tail.log_p.exp(), tail.side
        (tensor([0.2500, 0.2500]), tensor([ 1., -1.]))
        """
        below = probability < 0.5
        log_p = torch.where(below, probability.log(), torch.log1p(-probability))
        return cls(log_p, side_of(below, probability))

    def complement(self) -> Tensor:
        """The logarithm of the larger tail, log(1 - e^log_p)."""
        return torch.log1p(-torch.exp(self.log_p))


def side_of(negative: Tensor, like: Tensor) -> Tensor:
    """+1 where ``negative`` (bool, any shape), else -1, in the dtype of ``like``.
    Multiplying by it, unlike |x|, leaves derivatives right at 0.

    >>> side_of(torch.tensor([True, False]), torch.zeros(1))
    tensor([ 1., -1.])
    """
    return negative.to(like.dtype).mul_(2.0).sub_(1.0)


def normal_tail(v: Tensor, *, branch_free: bool = True) -> Tail:
    r"""The smaller tail of the normal distribution at ``v``.

    .. math:: \log\Phi(-t) = \log\bigl(\tfrac12\,\mathrm{erfcx}(t/\sqrt2)\bigr) - t^2/2, \qquad t = |v|

    Args:
        v: Any shape.
        branch_free: Evaluate this everywhere, as :func:`torch.func.vmap` demands.
            Otherwise :math:`\log\tfrac12\mathrm{erfc}(t/\sqrt2)` is taken while it
            stays clear of underflow at every v, which costs a third and has the same
            accuracy.
    Accuracy: relative, a few units of roundoff, however far out.

    >>> normal_tail(torch.tensor([-40.0], dtype=torch.float64)).log_p
    tensor([-804.6084], dtype=torch.float64)
    """
    side = side_of(v < 0, v)
    low = v * side
    if not branch_free and bool((low.detach() > (-36.0 if v.dtype == torch.float64 else -12.0)).all()):
        return Tail(torch.log(torch.erfc(low * -math.sqrt(0.5))) - LOG_2, side)
    return Tail(torch.log(torch.special.erfcx(low * -math.sqrt(0.5))) - LOG_2 - 0.5 * low * low, side)


def normal_quantile(tail: Tail, *, branch_free: bool = False) -> Tensor:
    r"""The v whose :func:`normal_tail` this is.

    Above e^-600 (e^-80 in float32) it is the inverse normal distribution function of
    e^log p. Below, where that underflows, it solves :math:`t = -2\log p - \log 2\pi -
    \log t + 2\log(1 - t^{-1} + 3t^{-2} - \dots)` for :math:`t = v^2` by iteration,
    which contracts by 1/t < 1/1000 (1/150) a step; six terms leave less than a unit in
    the last place.

    Args:
        tail: Any shape.
        branch_free: Evaluate both branches everywhere, as :func:`torch.func.vmap`
            demands; slower.
    Accuracy: absolute, a few units of roundoff times ``1 + |v|``.

    >>> normal_quantile(normal_tail(torch.tensor([3.0, -40.0], dtype=torch.float64))).round(decimals=10)
    tensor([  3., -40.], dtype=torch.float64)
    """
    floor = -600.0 if tail.log_p.dtype == torch.float64 else -80.0
    if not branch_free and bool((tail.log_p >= floor).all()):
        return torch.special.ndtri(torch.exp(tail.log_p)) * tail.side
    v = torch.special.ndtri(torch.exp(tail.log_p.clamp_min(floor)))
    return torch.where(tail.log_p < floor, _deep_quantile(tail.log_p.clamp_max(floor)), v) * tail.side


def _deep_quantile(log_p: Tensor) -> Tensor:
    """The normal quantile far in the lower tail, from the divergent but here ample
    expansion of the tail."""
    target = -2.0 * (log_p + LOG_SQRT_2PI)
    t = target - torch.log(target)
    for _ in range(6):
        r = 1.0 / t
        series = r * (-1 + r * (3 + r * (-15 + r * (105 + r * (-945 + r * 10395)))))
        t = target - torch.log(t) + 2.0 * torch.log1p(series)
    return -torch.sqrt(t)
