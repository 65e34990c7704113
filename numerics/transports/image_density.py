"""The density of an image, recovered from the image alone: through the inverse and the
Jacobian of the map as evaluated, with its error.

The density that the map was built to give does not enter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.distributions.mixtures import IsotropicMixture
from numerics.quadrature import analytic_remainder, moving_end_log_size
from numerics.transports.arbitrary_score import ArbitraryScore, Slope
from numerics.transports.domain import evaluate

Exponents = tuple[Tensor, Tensor, Tensor]

ACCURACY = "log p, log s and their derivatives along x_1 are computed to within 16 (D + 8) units of rounding of 1 + |log p| + |log s|"
STEADY = "between a point and its recovered preimage p/s changes by less than a factor of two and the slopes of log p and log s less than double"
SMOOTH = "log p - log s is smooth along x_1, so that the embedded rule errs more than the rule itself"
DERIVATION = (
    "y = f(x) is sent back to x' and the density found at x' is log p(x') - log det J(x'). quadrature: the derivative of the rule, applied to d/du[u p/s], "
    "against p/s; rounding: the sum of the absolute values of its terms; inversion: f is known at x and x' to the rounding of its sum, so that x' lies within "
    "that over the slope of x, and the density moves by its own slope times the distance."
)


@dataclass(frozen=True)
class Recovered:
    """log density of f(X) at f(x), nats, and what may separate it from the exact one;
    each of shape ``(N,)``.

    ``quadrature``, ``rounding`` and ``inversion`` add up to ``error``; ``moved`` is the
    distance between x and the preimage that was found, the largest over the
    coordinates, and ``reach`` what it may be. ``quadrature`` is an estimate unless
    ``bounded``.
    """

    log_density: Tensor
    quadrature: Tensor
    rounding: Tensor
    inversion: Tensor
    moved: Tensor
    reach: Tensor
    bounded: bool

    @property
    def error(self) -> Tensor:
        """The sum of the three terms."""
        return self.quadrature + self.rounding + self.inversion


def recover(
    transport: ArbitraryScore, x: Tensor, *, exponents: Callable[[Tensor], Exponents] | None = None
) -> Recovered:
    r"""Send points to their images, and find the density of the images there from the
    images alone.

    .. math:: \log p(x') - \log|\det J_f(x')|, \qquad x' = f^{-1}(f(x))

    Args:
        transport: The map; its ``forward``, ``solve`` and ``log_det`` are used as they
            are.
        x: Points ``(N, D)`` at which :meth:`ArbitraryScore.inspect` finds no trouble.
        exponents: Where p/s is a sum of exponentials of quadratics along x_1, their
            coefficients (see :func:`mixture_exponents`): the quadrature's error is then
            a bound, and elsewhere an estimate.
    Raises:
        HypothesisError: as the map's methods do.
    Accuracy:
        ``error``, derived in ``DERIVATION`` under ``ACCURACY`` and ``STEADY``, and
        under ``SMOOTH`` where the quadrature is estimated.

    >>> from numerics.distributions.marginals import Normal
    >>> p, x = Normal(), torch.tensor([[-1.0], [0.5]]).double()
    >>> flat = ArbitraryScore(p.log_prob, lambda x: 0 * x[:, 0], dim=1)
    >>> recovered = recover(flat, x)  # s = 1, log s = 0
    >>> bool((recovered.log_density.abs() <= recovered.error).all())
    True
    """
    y = transport.forward(x)
    found = transport.solve(y)
    back = found.x
    slope = transport.slope(back)
    with torch.no_grad():
        log_p = evaluate("log_prob", transport.log_prob, back)
    log_density = log_p - transport.log_det(back)
    eps, units = torch.finfo(x.dtype).eps, len(transport.rule) + 8 + log_units(transport, slope)
    quadrature, rounding = errors_of_density(transport, back, slope, exponents)
    steep, least = _steepness(transport, x, back)
    blur = found.residual + 2 * eps * units * slope.value_scale
    reach = 2 * blur / least + 4 * eps * (x[:, 0].abs() + back[:, 0].abs())
    moved = (back - x).abs().amax(1)
    return Recovered(log_density, quadrature, rounding, 2 * steep * reach, moved, reach, bounded=exponents is not None)


def log_units(transport: ArbitraryScore, slope: Slope) -> Tensor:
    """Units of rounding in log p and log s on each fibre, ``(N,)``: ``ACCURACY`` says
    where they come from.

    >>> from numerics.distributions.marginals import Normal
    >>> flat = ArbitraryScore(Normal().log_prob, lambda x: 0 * x[:, 0], dim=1)
    >>> bool(log_units(flat, flat.slope(torch.zeros(1, 1).double())) >= 16 * 9)
    True
    """
    return 16 * (transport.dim + 8) * slope.log_size


def errors_of_density(
    transport: ArbitraryScore, x: Tensor, slope: Slope, exponents: Callable[[Tensor], Exponents] | None
) -> tuple[Tensor, Tensor]:
    """What truncation and rounding may each do to log p - log det J at ``x``, nats,
    ``(N,)``; a bound on truncation with ``exponents``, else an estimate.

    Args:
        x: Points, shape ``(N, D)``. slope: What :meth:`ArbitraryScore.slope` finds
            there.

    >>> from numerics.distributions.marginals import Normal
    >>> flat = ArbitraryScore(Normal().log_prob, lambda x: 0 * x[:, 0], dim=1)
    >>> x = torch.tensor([[0.5]]).double()
    >>> truncation, rounding = errors_of_density(flat, x, flat.slope(x), None)
    >>> bool(truncation + rounding < 1e-10)
    True
    """
    eps, term = torch.finfo(x.dtype).eps, log_units(transport, slope)
    value = slope.value.abs()
    truncation = (slope.estimate if exponents is None else _remainder(transport, x, exponents)) / value
    rounding = eps * ((len(transport.rule) + 8 + term) * slope.scale / value + term)
    relative = truncation + rounding
    room = torch.where(relative < 0.5, 1 / (1 - relative.clamp(max=0.5)), torch.inf)  # |log(1 + r)| <= |r| / (1 - |r|)
    return truncation * room, rounding * room


def _steepness(transport: ArbitraryScore, x: Tensor, back: Tensor) -> tuple[Tensor, Tensor]:
    """Of the two ends: the larger |d log s / dx_1| (s as the map has it: log p less the
    integrand), and the smaller integrand."""
    slopes, integrands = [], []
    for at in (x, back):
        first = at[:, 0].detach().requires_grad_()
        with torch.enable_grad():
            log_r, log_p, _ = transport.log_integrand(first[None], at[:, 1:].detach())
            log_s = (log_p - log_r)[0]
        slopes.append(
            torch.autograd.grad(log_s, first, torch.ones_like(log_s))[0].abs()
            if log_s.requires_grad
            else torch.zeros_like(log_s)
        )
        integrands.append(log_r.detach()[0].exp())
    return torch.maximum(*slopes), torch.minimum(*integrands)


def _remainder(transport: ArbitraryScore, x: Tensor, exponents: Callable[[Tensor], Exponents]) -> Tensor:
    """Bound on the slope's truncation where p/s is a sum of exponentials of quadratics
    in x_1."""
    a, b, c = exponents(x[:, 1:])
    c = c - transport.log_unit
    start = transport.start(x[:, 1:])
    width = x[:, 0] - start

    def log_size(r: float) -> Tensor:
        return moving_end_log_size((a[:, None], b[:, None], c), start, width, r)

    return analytic_remainder(transport.rule.degree, torch.ones_like(width), log_size)


def mixture_exponents(mixture: IsotropicMixture, power: int) -> Callable[[Tensor], Exponents]:
    r"""Coefficients of :math:`p^{\text{power}} = \sum_k e^{-a_k t^2 + b_k t + c_k}`
    along the first coordinate, from the other ones.

    Args:
        power: 1 for the integrand of s = 1, 2 for that of s = 1/p: products of
            components are exponentials of quadratics again.
    Returns:
        From x_2..x_D, shape ``(N, D - 1)``, to a, b of shape ``(K^power,)`` and c of
        shape ``(K^power, N)``.

    >>> from numerics.distributions.mixtures import isotropic_gaussian
    >>> a, b, _ = mixture_exponents(isotropic_gaussian(1, 1.0, torch.zeros(1)), 2)(torch.zeros(1, 0))
    >>> a, b  # p^2 ~ e^(-t^2)
    (tensor([1.]), tensor([0.]))
    """

    def along(rest: Tensor) -> Exponents:
        one = mixture.along_first(rest)
        whole = one
        for _ in range(power - 1):
            whole = tuple((left[:, None] + right[None]).flatten(0, 1) for left, right in zip(whole, one, strict=True))
        return whole

    return along
