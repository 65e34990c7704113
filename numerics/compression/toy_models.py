"""One decoder under two priors, measured on finite codes: values at steep slopes, least
distortions, and rates at equal distortion. Nats."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.compression.gibbs_encoders import Source
from numerics.streams import Stream

Other = Callable[[Source, Stream], Source]


def other_prior(source: Source, stream: Stream) -> Source:
    """The same decoder under another random prior of full support."""
    return Source(source.distortions, source.weights, stream.normal(source.prior.numel()).softmax(0))


def other_decoder(source: Source, stream: Stream) -> Source:
    """The same prior, and a decoder whose every reproduction costs something more."""
    return Source(source.distortions + 0.1 + stream.uniform(*source.distortions.shape), source.weights, source.prior)


def second_over_first(first: Tensor, second: Tensor) -> Tensor:
    """log(p_2/p_1) of masses at the nearest codes. Both are ``(N,)``."""
    return (second / first).log()


def first_over_second(first: Tensor, second: Tensor) -> Tensor:
    """log(p_1/p_2): turned over. Both are ``(N,)``."""
    return (first / second).log()


def steep_slope(source: Source) -> float:
    """A slope at which every datum's second nearest code weighs exp(-40) of its nearest
    one at most."""
    two = source.distortions.sort(1).values[:, :2]
    return 40 / float((two[:, 1] - two[:, 0]).min())


def gap_at_a_steep_slope(
    one: Source, two: Source, ratio: Callable[[Tensor, Tensor], Tensor] = second_over_first
) -> Measurement:
    """``|F_1 - F_2 - E log(p_2/p_1)(z*)|`` at :func:`steep_slope`."""
    beta = steep_slope(one)
    (first, a), (second, b) = one.value(beta), two.value(beta)
    nearest = one.distortions.argmin(1)
    expected = (one.weights * ratio(one.prior[nearest], two.prior[nearest])).sum()
    least = min(float(one.prior.min()), float(two.prior.min()))
    bound = Bound(
        {"other codes": math.exp(-40) / least, "rounding": float(a.terms["rounding"]) + float(b.terms["rounding"])},
        "Other codes add a relative s of at most exp(-beta delta)/p(z*) to the nearest one's part of Z, under either prior, and |log((1 + t)/(1 + s))| "
        f"is at most the larger of s and t. {a.derivation}",
    )
    return Measurement((first - second - expected).abs(), bound, one.weights.numel())


def least_distortions_apart(one: Source, two: Source) -> Measurement:
    """``|F_1 - F_2|/beta`` at a steep slope: zero where the least distortions agree,
    but for the priors' part."""
    beta = 1e6
    (first, a), (second, b) = one.value(beta), two.value(beta)
    least = min(float(one.prior.min()), float(two.prior.min()))
    rounding = float(a.terms["rounding"]) + float(b.terms["rounding"])
    bound = Bound(
        {"priors": -math.log(least) / beta, "rounding": rounding / beta},
        f"F/beta exceeds the least distortion by at most -log p(z*)/beta. {a.derivation}",
    )
    return Measurement((first - second).abs() / beta, bound, one.weights.numel())


def _distortion(source: Source, beta: float) -> float:
    encoder = (source.prior.log() - beta * source.distortions).softmax(1)
    return float((source.weights * (encoder * source.distortions).sum(1)).sum())


def _slope_at(source: Source, distortion: float) -> float:
    """The slope at which the curve of ``source`` has that distortion, by halving; 0
    where its rate is zero."""
    if distortion >= _distortion(source, 0.0):
        return 0.0
    low, high = 0.0, 1.0
    while _distortion(source, high) > distortion and high < 1e9:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _distortion(source, middle) > distortion else (low, middle)
    return high


def rates_at_equal_distortion(one: Source, two: Source, beta: float) -> Measurement:
    """By how much R_1 - R_2, at the distortion where the first curve has slope beta,
    leaves the F gaps at the two slopes: never."""
    D = _distortion(one, beta)
    other = _slope_at(two, D)
    values = [(source.value(b)[0], source.value(b)[1]) for source in (one, two) for b in (beta, other)]
    (f11, _), (f12, _), (f21, _), (f22, _) = values
    rates = (f11 - beta * D) - (f22 - other * D)
    above = (rates - (f11 - f21)).clamp(min=0)
    below = ((f12 - f22) - rates).clamp(min=0)
    rounding = sum(float(bound.terms["rounding"]) for _, bound in values)
    bound = Bound(
        {"rounding": rounding, "halving": (1 + other) * 2.0**-50 * float(two.distortions.max())},
        "R_2 is the largest of F_2(b) - b D, and its value at a slope that is off by s is short of it by s times what D is off, at most the largest "
        f"distortion. {values[0][1].derivation}",
    )
    return Measurement(torch.stack([above, below]), bound, 2)
