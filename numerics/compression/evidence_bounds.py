r"""Bounds of a log likelihood, measured on finite latents: the ELBO,
importance-weighted bounds, and Gaussian decoders.

Importance-weighted bounds are means over K weights: enumerated for whole K, and for
every real K >= 1 as Frullani's integral
:math:`\int_0^\infty (e^{-u} - \varphi(u/K)^K)\,du/u`, phi the Laplace transform of one
weight. All in nats.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations_with_replacement

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.compression.encoders import relative_entropy
from numerics.streams import Stream

STEP = 1 / 16  # of the trapezoidal rule, in log u
HALF_WIDTH = math.pi / 4  # of the strip about the real axis of log u in which the integrand is bounded
REACH = 40.0  # of the rule to either side, in log u

Gap = Callable[[Tensor], Tensor]


def evidence_gap(joint: Tensor, encoder: Tensor, sign: Callable[[Tensor], Tensor] = torch.neg) -> Measurement:
    """``|ELBO - (log p(x) - KL(q||posterior))|`` for ``joint`` p(x, z) and ``encoder``
    q, ``(N, Z)`` each, a row for each datum."""
    evidence = joint.sum(1, keepdim=True)
    bound = (encoder * (joint.log() - encoder.log())).sum(1)
    residual = (bound - evidence.log()[:, 0] - sign(relative_entropy(encoder, joint / evidence))).abs()
    return Measurement(residual, _rounding(joint, encoder), joint.numel())


def shortfall_of_the_posterior(joint: Tensor, encoder: Tensor) -> Measurement:
    """By how much the posterior's own bound falls below that of ``encoder``, ``(N,)``:
    never, beyond rounding."""
    posterior = joint / joint.sum(1, keepdim=True)

    def bound(q: Tensor) -> Tensor:
        return (q * (joint.log() - q.log())).sum(1)

    return Measurement((bound(encoder) - bound(posterior)).clamp(min=0), _rounding(joint, encoder), joint.numel())


def _rounding(joint: Tensor, encoder: Tensor) -> Bound:
    sizes = (encoder * (joint.log().abs() + encoder.log().abs())).sum(1) + joint.sum(1).log().abs()
    return Bound(
        {"rounding": (joint.shape[1] + 8) * (2 * sizes + 4) * torch.finfo(joint.dtype).eps},
        "Masses, logarithms and products within 4 unit roundoffs, sums of Z terms within Z of the sum of sizes (Higham 2002, section 4.2); the "
        "relative error of the evidence, Z unit roundoffs, becomes absolute in its logarithm.",
    )


# -- importance weights -------------------------------------------------------------------------------------------------------


def random_weights(atoms: int, stream: Stream) -> tuple[Tensor, Tensor]:
    """Masses and values of a weight with mean one on ``atoms`` atoms, ``(atoms,)``
    each.

    >>> masses, values = random_weights(3, Stream(1))
    >>> round(float(masses @ values), 12)
    1.0
    """
    masses = stream.normal(atoms).softmax(0)
    values = (1.5 * stream.normal(atoms)).exp()
    return masses, values / (masses @ values)


def enumerate_mean(masses: Tensor, values: Tensor, K: int) -> tuple[float, float]:
    """E log of the mean of K weights, over all multisets of K atoms; and the rounding
    of that sum.

    >>> masses, values = torch.tensor([0.5, 0.5]).double(), torch.tensor([0.5, 1.5]).double()
    >>> round(enumerate_mean(masses, values, 1)[0], 4)
    -0.1438
    """
    total, size, count = 0.0, 0.0, 0
    p, w = masses.tolist(), values.tolist()
    for chosen in combinations_with_replacement(range(len(p)), K):
        numbers = [chosen.count(i) for i in set(chosen)]
        ways = math.factorial(K) // math.prod(math.factorial(number) for number in numbers)
        term = ways * math.prod(p[i] for i in chosen) * math.log(math.fsum(w[i] for i in chosen) / K)
        total, size, count = total + term, size + abs(term), count + 1
    return total, (count + 2 * K + 8) * (size + 1) * torch.finfo(masses.dtype).eps


def importance_weighted(masses: Tensor, values: Tensor, K: Tensor) -> Tensor:
    """E log of the mean of K weights, for every real ``K >= 1`` of shape ``(k,)``:
    Frullani's integral by the trapezoidal rule in log u.

    Accuracy: see :func:`quadrature_error`; the rounding of the integrand weighs about
        1e-14.
    """
    t = torch.arange(-REACH, REACH + STEP / 2, STEP, dtype=values.dtype, device=values.device)
    u = t.exp()
    log_transform = torch.logsumexp(masses.log() - u[:, None, None] / K[:, None] * values, -1)  # (t, k)
    return STEP * (torch.expm1(K * log_transform).neg() + torch.expm1(-u)[:, None]).sum(0)


def quadrature_error(masses: Tensor, values: Tensor) -> Bound:
    r"""Of :func:`importance_weighted`: the rule in the strip :math:`|\mathrm{Im}\,t| <
    \pi/4`, its two ends, and rounding.

    There :math:`u = |u| e^{i s}` with Re u >= |u|/sqrt 2, and the integrand is at most
    :math:`|u| (1 + E w)` and at most
    :math:`e^{-Re u} + e^{-w_{min} Re u}`, so that its integral over a line of the strip
    is at most M below.
    """
    least = min(1.0, float(values.min()))
    mean = float(masses @ values)
    middle = 1 / least  # |u| below: the first bound; above: the second
    size = (1 + mean) * middle + 2 * _exponential_integral(least * middle / math.sqrt(2))
    eps = torch.finfo(values.dtype).eps
    rule = 2 * size / math.expm1(2 * math.pi * HALF_WIDTH / STEP)
    ends = math.exp(-REACH) * (1 + mean) + 2 * _exponential_integral(least * math.exp(REACH))
    return Bound(
        {"trapezoidal rule": rule, "ends": ends, "rounding": 64 * 2 * REACH * (math.log(1 / least) + 4) * eps},
        "The trapezoidal rule on a line for a function bounded in a strip errs by 2 M/(exp(2 pi a/h) - 1) (Trefethen & Weideman 2014, theorem 5.1); "
        "each of the 1280 values, at most 1 in size and h apart, is within 32 unit roundoffs, by the exponent's relative error times e^-x x < 1.",
    )


def _exponential_integral(x: float) -> float:
    """E_1(x) from above: exp(-x) log(1 + 1/x) (Abramowitz & Stegun 1964, 5.1.20)."""
    return math.exp(-x) * math.log1p(1 / x) if x < 700 else 0.0


def expected_bounds(masses: Tensor, values: Tensor, K: Tensor) -> Tensor:
    """The bounds in expectation, ``(k,)``."""
    return importance_weighted(masses, values, K)


def of_one_draw(masses: Tensor, values: Tensor, K: Tensor) -> Tensor:
    """The bounds along one sequence of draws whose largest weight comes first: log of
    the mean of the first K weights, K rounded up. Masses and values are ``(m,)``, K is
    ``(k,)``."""
    counts = K.ceil().long()
    sequence = torch.cat([values.max()[None], values.min().expand(int(counts.max()))])
    return (sequence.cumsum(0)[counts - 1] / counts).log()


def falls(
    masses: Tensor, values: Tensor, bounds: Callable[[Tensor, Tensor, Tensor], Tensor] = expected_bounds
) -> Measurement:
    """By how much a bound falls from one K to the next, over real K from 1 to 64.
    Masses and values are ``(m,)``."""
    K = torch.tensor([1, 1.25, 1.5, 2, 2.5, 3, 4, 5.5, 8, 16, 64], dtype=values.dtype, device=values.device)
    found = bounds(masses, values, K)
    error = quadrature_error(masses, values)
    twice = Bound({name: 2 * term for name, term in error.terms.items()}, error.derivation)
    return Measurement((found[:-1] - found[1:]).clamp(min=0), twice, K.numel() - 1)


def integral_against_enumeration(masses: Tensor, values: Tensor, largest: int = 4) -> Measurement:
    """Frullani's integral against the sum over all draws, for K = 1 .. ``largest``.
    Masses and values are ``(m,)``."""
    counted = [enumerate_mean(masses, values, K) for K in range(1, largest + 1)]
    K = torch.arange(1, largest + 1, dtype=values.dtype, device=values.device)
    residual = (importance_weighted(masses, values, K) - K.new_tensor([value for value, _ in counted])).abs()
    error = quadrature_error(masses, values)
    bound = Bound({**error.terms, "enumeration": max(rounding for _, rounding in counted)}, error.derivation)
    return Measurement(residual, bound, largest)


# -- Gaussian decoders ----------------------------------------------------------------------------------------------------------


def half_squares(x: Tensor, f: Tensor) -> Tensor:
    """``|x - f|^2 / 2 + (D/2) log 2 pi`` over the last axis, nats. x and f are ``(.., D)``."""
    return (x - f).square().sum(-1) / 2 + x.shape[-1] * math.log(2 * math.pi) / 2


def bare_squares(x: Tensor, f: Tensor) -> Tensor:
    """``|x - f|^2`` over the last axis. x and f are ``(.., D)``."""
    return (x - f).square().sum(-1)


def rate_and_distortion(
    x: Tensor, decoded: Tensor, prior: Tensor, distortion: Callable[[Tensor, Tensor], Tensor] = half_squares
) -> Measurement:
    """Rate plus distortion at the posterior against -log p(x) of the mixture as torch's
    distributions evaluate it.

    Args:
        x: Data, ``(N, D)``. decoded: f(z) of every code, ``(Z, D)``. prior: ``(Z,)``.
    """
    d = distortion(x[:, None, :], decoded)
    posterior = (prior.log() - d).softmax(1)
    total = relative_entropy(posterior.clamp(min=torch.finfo(d.dtype).tiny), prior.expand_as(posterior)) + (
        posterior * d
    ).sum(1)
    codes = torch.distributions.Independent(torch.distributions.Normal(decoded, torch.ones_like(decoded)), 1)
    mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(prior), codes)
    exact = -mixture.log_prob(x)
    sizes = d.max(1).values + prior.log().abs().max() + 1
    bound = Bound(
        {"rounding": 4 * (x.shape[1] + prior.numel() + 8) * sizes * torch.finfo(x.dtype).eps},
        "Squares, sums over D pixels and Z codes, and logarithms: D + Z + 8 unit roundoffs of the largest exponent, in both evaluations; the "
        "posterior's relative error, that of its exponent, moves rate and distortion by less than as much again, for both together are stationary there.",
    )
    return Measurement((total - exact).abs(), bound, x.shape[0])


def random_decoder(pixels: int, codes: int, data: int, stream: Stream) -> tuple[Tensor, Tensor, Tensor]:
    """Decoded codes ``(Z, D)``, data near them ``(N, D)`` and a prior ``(Z,)``."""
    decoded = stream.normal(codes, pixels)
    chosen = stream.integers(0, codes, data)
    return decoded, decoded[chosen] + stream.normal(data, pixels), stream.normal(codes).softmax(0)


def energy_and_likelihood(
    distances: Tensor,
    prior: Tensor,
    beta: float,
    constant: float,
    log_density: Tensor,
    *,
    sizes: Tensor,
    pixels: int,
) -> Measurement:
    """F + the log-normaliser of exp(-beta d) against -log p(x) from densities of
    another source.

    Args:
        distances: d of data and codes, ``(n, Z)``. prior: ``(Z,)``. constant: log of
            the integral of exp(-beta d) over x. log_density: log p(x|z), ``(n, Z)``.
        sizes: What d is a difference of, ``(n, Z)``, in units of d. pixels: D.
    """
    energy = -(prior.log() - beta * distances).logsumexp(1)
    exact = -(prior.log() + log_density).logsumexp(1)
    largest = (beta * sizes).amax(1) + prior.log().abs().max() + abs(constant) + 1
    bound = Bound(
        {"rounding": 4 * (prior.numel() + pixels + 8) * largest * torch.finfo(distances.dtype).eps},
        "Squared lengths by inner products are within D unit roundoffs of the sizes that they are differences of; a sum of Z "
        "exponentials and its logarithm within Z and one (Higham 2002, sections 3.5 and 4.2).",
    )
    return Measurement((energy + constant - exact).abs(), bound, distances.shape[0])
