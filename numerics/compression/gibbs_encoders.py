"""The best encoder for a fixed decoder and prior, measured on finite alphabets: its
value, its curve, other priors, other decoders.

All in nats; bounds are of rounding alone, and where a distortion is optimised the
interval of :mod:`numerics.compression.rate_distortion`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.compression.rate_distortion import best_prior, free_energy, gains
from numerics.streams import Stream

ROUNDS = 1000  # of replacing a prior by the mixture of its codes

Encoding = Callable[["Source", float], Tensor]


@dataclass(frozen=True)
class Source:
    """Data with masses, and what each of m codes costs each of them.

    Args:
        distortions: ``(n, m)``. weights: ``(n,)``. prior: On the codes, ``(m,)``.
    """

    distortions: Tensor
    weights: Tensor
    prior: Tensor

    def value(self, beta: float) -> tuple[Tensor, Bound]:
        """F(beta) = -E log Z, and its rounding."""
        return free_energy(self.distortions, self.weights, self.prior, beta)


def random_source(data: int, codes: int, stream: Stream) -> Source:
    """Points of the plane with random masses, codes at random places, squared
    distances, and a random prior.

    >>> random_source(3, 4, Stream(0)).distortions.shape
    torch.Size([3, 4])
    """
    x, y = stream.normal(data, 2), 1.5 * stream.normal(codes, 2)
    distortions = (x[:, None, :] - y).square().sum(-1) / 2
    return Source(distortions, stream.exponential(data).softmax(0), stream.normal(codes).softmax(0))


def source_on_a_circle(data: int, codes: int, stream: Stream) -> Source:
    """Data spread evenly over a circle of radius 2, codes as well, squared distances, a
    random prior: no half of the codes is as good as all."""

    def circle(count: int) -> Tensor:
        angle = torch.arange(count, dtype=stream.dtype, device=stream.device) * (2 * math.pi / count)
        return 2 * torch.stack([angle.cos(), angle.sin()], 1)

    distortions = (circle(data)[:, None, :] - circle(codes)).square().sum(-1) / 2
    weights = torch.full((data,), 1 / data, dtype=stream.dtype, device=stream.device)
    return Source(distortions, weights, (0.5 * stream.normal(codes)).softmax(0))


def fair_bit(data: int, codes: int, stream: Stream) -> Source:
    """Two data, two reproductions that are the data, and ``codes - 2`` further ones
    that cost 1/2 and more for both; ``data`` is 2.

    >>> fair_bit(2, 2, Stream(0)).distortions
    tensor([[0., 1.],
            [1., 0.]], dtype=torch.float64)
    """
    further = 0.5 + stream.uniform(codes - 2).expand(2, -1)
    distortions = torch.cat([1 - torch.eye(2, dtype=further.dtype, device=further.device), further], 1)
    return Source(distortions, torch.full_like(distortions[:, 0], 1 / data), torch.full_like(distortions[0], 1 / codes))


SOURCES = {"plane": random_source, "circle": source_on_a_circle, "bit": fair_bit}


def gibbs_encoder(source: Source, beta: float) -> Tensor:
    """q_beta(z|x), ``(n, m)``: the prior, reweighted by the datum's own distortion."""
    return (source.prior.log() - beta * source.distortions).softmax(1)


def shared_encoder(source: Source, beta: float) -> Tensor:
    """One encoder for all data: the prior, reweighted by the mean distortion, ``(n,
    m)``."""
    mean = source.weights @ source.distortions
    return (source.prior.log() - beta * mean).softmax(0).expand_as(source.distortions)


def prior_encoder(source: Source, beta: float) -> Tensor:
    """The prior for every datum, ``(n, m)``: the minimiser of KL + beta where the
    constraint holds, wherever the prior breaks it."""
    return source.prior.expand_as(source.distortions)


def _cost(source: Source, encoder: Tensor, beta: float) -> Tensor:
    rates = (encoder * (encoder.log() - source.prior.log())).sum(1)
    return (source.weights * (rates + beta * (encoder * source.distortions).sum(1))).sum()


def _rounding(source: Source, beta: float, more: float = 1.0) -> Bound:
    n, m = source.distortions.shape
    size = beta * float(source.distortions.max()) + float(source.prior.log().abs().max()) + 1
    return Bound(
        {"rounding": more * 4 * (n + m + 16) * size * torch.finfo(source.weights.dtype).eps},
        "Exponents within 4 unit roundoffs of their size, sums over m codes and n data within m and n of the sum of sizes, logarithms of relative "
        "errors (Higham 2002, section 4.2); both sides are made of such sums.",
    )


def value_of_an_encoder(source: Source, beta: float, encoding: Encoding = gibbs_encoder) -> Measurement:
    """KL(q||p) + beta E d of the best encoder, term by term, against -E log Z."""
    cost = _cost(source, encoding(source, beta), beta)
    return Measurement((cost - source.value(beta)[0]).abs(), _rounding(source, beta), source.distortions.numel())


def excess_of_others(source: Source, beta: float, stream: Stream) -> Measurement:
    """By how much encoders near the best one and far from it fall below -E log Z: none
    does."""
    best, value = gibbs_encoder(source, beta), source.value(beta)[0]
    costs = [_cost(source, best, beta)]
    for scale in (1e-3, 0.1, 3.0):
        other = (best.clamp(min=1e-300).log() + scale * stream.normal(*best.shape)).softmax(1)
        costs.append(_cost(source, other.clamp(min=1e-300), beta))
    below = (value - torch.stack(costs)).clamp(min=0)
    return Measurement(below, _rounding(source, beta), 4 * source.distortions.numel())


def slope_and_curvature(source: Source, beta: float, factor: float = 1.0) -> tuple[Measurement, Measurement]:
    """Of the rate and the distortion of q_beta, each from the encoder alone: dR/dbeta
    against -beta dD/dbeta, and dD/dbeta against -E Var d.

    The derivatives are autograd's; neither F nor its slope is used.

    Args:
        factor: What the slope is claimed to be a multiple of -beta by.
    """
    at = torch.tensor(beta, dtype=source.weights.dtype, device=source.weights.device, requires_grad=True)
    log_encoder = (source.prior.log() - at * source.distortions).log_softmax(1)
    D = (source.weights * (log_encoder.exp() * source.distortions).sum(1)).sum()
    R = (source.weights * (log_encoder.exp() * (log_encoder - source.prior.log())).sum(1)).sum()
    (fall,) = torch.autograd.grad(D, at, retain_graph=True)
    (rise,) = torch.autograd.grad(R, at)
    encoder = gibbs_encoder(source, beta)
    mean = (encoder * source.distortions).sum(1, keepdim=True)
    spread = (source.weights * (encoder * (source.distortions - mean).square()).sum(1)).sum()
    slope = (rise - factor * -beta * fall).detach().abs()
    of_slope, of_curvature = _rounding_of_slopes(source, beta)
    return Measurement(slope, of_slope, 1), Measurement((fall.detach() + spread).abs(), of_curvature, 1)


def _rounding_of_slopes(source: Source, beta: float) -> tuple[Bound, Bound]:
    """Running error of both derivatives: every product as large as it is, its factor q
    relatively by the size of its own exponent."""
    n, m = source.distortions.shape
    eps, d = torch.finfo(source.weights.dtype).eps, source.distortions
    log_encoder = (source.prior.log() - beta * d).log_softmax(1)
    encoder = log_encoder.exp()
    exponent = source.prior.log().abs() + beta * d
    own = (encoder * exponent).sum(1, keepdim=True)
    units = 4 * (exponent + own) + n + m + 16  # of q, and of the sums that follow
    mean = (encoder * d).sum(1, keepdim=True)
    rates = 1 + (log_encoder - source.prior.log()).abs()

    def moved(values: Tensor) -> float:
        inner = (encoder * units * values * (d + mean)).sum(1) + mean[:, 0] * (encoder * units * values).sum(1)
        return 8 * eps * float((source.weights * inner).sum())

    note = (
        "A mass q errs relatively by 4 unit roundoffs of its exponent and of the exponents' mean, a sum by as many as it has terms; a derivative is made of "
        "products q v (d - E d), v the distortion or the rate, and of q v times E d, each as large as it is (running error, Higham 2002, section 3.3)."
    )
    fall, rise = moved(d), moved(rates)
    return Bound({"rounding": rise + beta * fall}, note), Bound({"rounding": 2 * fall}, note)


# -- another prior -------------------------------------------------------------------------------------------------------------


def everywhere(gain: Tensor, prior: Tensor) -> Tensor:
    """log of the largest g, over all reproductions, ``()``."""
    return gain.max().log()


def where_the_prior_is(gain: Tensor, prior: Tensor) -> Tensor:
    """log of the largest g over the reproductions that the prior has. ``gain`` and
    ``prior`` are ``(m,)``."""
    return gain[prior > 0].max().log()


def prior_certificate(
    source: Source, beta: float, largest: Callable[[Tensor, Tensor], Tensor] = everywhere, *, times: float = 1.0
) -> tuple[Measurement, Measurement]:
    """By how much ``times`` KL(q_beta(z)||p) exceeds F_p - F_f, and that the log of the
    largest g: neither does, beyond the interval of F_f."""
    value, rounding = source.value(beta)
    best = best_prior(source.distortions, source.weights, beta)
    saved = float(value) - best.upper  # at most F_p - F_f, by no more than the interval's width
    mixture = source.weights @ gibbs_encoder(source, beta)
    kept = mixture > 0
    gap = (mixture[kept] * (mixture[kept] / source.prior[kept]).log()).sum()
    certified = largest(gains(source.distortions, source.weights, source.prior, beta), source.prior)
    bound = Bound(
        {"rounding": 4 * float(rounding.terms["rounding"]), "interval": best.gap},
        f"{rounding.derivation} The least F is known to within the interval of its certificate.",
    )
    points = source.prior.numel()
    return Measurement((times * gap - saved).clamp(min=0), bound, points), Measurement(
        (saved - certified).clamp(min=0), bound, points
    )


def with_a_missed_symbol(source: Source, beta: float) -> Source:
    """The best prior for the first half of the reproductions alone, zero on the others:
    a fixed point of its encoder's mixture."""
    half = max(1, source.prior.numel() // 2)
    best = best_prior(source.distortions[:, :half], source.weights, beta).prior
    return Source(source.distortions, source.weights, torch.cat([best, best.new_zeros(source.prior.numel() - half)]))


def with_a_fixed_point(source: Source, beta: float) -> Source:
    """The same source under the prior that replacing it by the mixture of its own codes
    leads to, from one of full support."""
    prior = source.prior
    for _ in range(ROUNDS):
        prior = source.weights @ gibbs_encoder(Source(source.distortions, source.weights, prior), beta)
    return Source(source.distortions, source.weights, prior)


def best_of_another_slope(source: Source, beta: float) -> Source:
    """The same source under the prior that is the best one at a quarter of the
    slope."""
    return Source(source.distortions, source.weights, best_prior(source.distortions, source.weights, beta / 4).prior)


def loss_of_a_fixed_point(
    source: Source, beta: float, reached: Callable[[Source, float], Source] = with_a_fixed_point
) -> Measurement:
    """F_p - F_f of the prior that :data:`ROUNDS` replacements lead to from that of
    ``source``, or of one claimed to be as good."""
    value, rounding = reached(source, beta).value(beta)
    best = best_prior(source.distortions, source.weights, beta)
    settled = with_a_fixed_point(source, beta)
    gain = float(best.prior @ gains(source.distortions, source.weights, settled.prior, beta))
    bound = Bound(
        {
            "rounding": 4 * float(rounding.terms["rounding"]),
            "interval": best.gap,
            "replacements": min(float(-source.prior.log().min()) / ROUNDS, math.log(max(1.0, gain))),
        },
        f"{rounding.derivation} The least F lies within the interval of its certificate. After T replacements from a prior p_0, F exceeds the least by "
        "at most KL(best||p_0)/T <= -log min p_0 / T: by Jensen's inequality the divergence to the best prior falls by at least the excess at each; and by at "
        "most the logarithm of the gain's mean under the best prior, for log is concave.",
    )
    return Measurement(abs(float(value) - best.upper), bound, source.prior.numel())


# -- decoders --------------------------------------------------------------------------------------------------------------------


def ignored_unit(source: Source, stream: Stream) -> Source:
    """Every code in three copies that decode alike, with the prior divided among them
    at random."""
    shares = stream.normal(3, source.prior.numel()).softmax(0)
    return Source(source.distortions.repeat(1, 3), source.weights, (shares * source.prior).reshape(-1))


def rename_codes(source: Source, stream: Stream) -> Source:
    """Codes renamed, the prior with them: as a reflection of the latent space does."""
    order = torch.randperm(source.prior.numel(), generator=stream.generator).to(source.prior.device)
    return Source(source.distortions[:, order], source.weights, source.prior[order])


def other_prior(source: Source, stream: Stream) -> Source:
    """Codes renamed, the prior left where it was: another distribution of f(z)."""
    order = torch.arange(source.prior.numel(), device=source.prior.device).roll(1)
    return Source(source.distortions[:, order], source.weights, source.prior)


def change_of_the_curve(source: Source, other: Source, betas: tuple[float, ...] = (0.5, 2.0, 8.0)) -> Measurement:
    """``|F - F'|`` of two models at some slopes."""
    pairs = [(source.value(beta), other.value(beta)) for beta in betas]
    residual = torch.stack([(first[0] - second[0]).abs() for first, second in pairs])
    bound = residual.new_tensor([float(a[1].terms["rounding"]) + float(b[1].terms["rounding"]) for a, b in pairs])
    return Measurement(residual, Bound({"rounding": bound}, pairs[0][0][1].derivation), len(betas))


def certificate(outside: float) -> float:
    """log of the largest g on the reproductions that are left out, at least 0."""
    return math.log(max(1.0, outside))


def log_of_any_gain(outside: float) -> float:
    """log of the largest g on the reproductions that are left out, also where that is
    below 0."""
    return math.log(outside)


def nothing(outside: float) -> float:
    """No loss, whatever the range."""
    return 0.0


def restricted_range(
    source: Source, beta: float, kept: int, allowance: Callable[[float], float] = certificate
) -> tuple[Measurement, Measurement]:
    """The best value on the first ``kept`` reproductions against that on all.

    Returns:
        By how much the restricted optimum falls below the free one (never); and by how
        much it lies above it beyond ``allowance`` of the largest g on the reproductions
        that are left out.
    """
    free = best_prior(source.distortions, source.weights, beta)
    own = best_prior(source.distortions[:, :kept], source.weights, beta)
    extended = torch.cat([own.prior, own.prior.new_zeros(source.prior.numel() - kept)])
    outside = float(gains(source.distortions, source.weights, extended, beta)[kept:].max())
    interval = Bound(
        {"intervals": free.gap + own.gap}, "Both optima are known to within the intervals of their certificates."
    )
    below = Measurement(max(0.0, free.lower - own.upper), interval, 1)
    apart = max(0.0, own.upper - free.upper - allowance(outside))
    return below, Measurement(apart, interval, source.prior.numel())


def support_of_the_best(source: Source, beta: float) -> Tensor:
    """Which reproductions the best prior uses, ``(m,)``: those whose mass exceeds 1e-6
    of an even share."""
    best = best_prior(source.distortions, source.weights, beta).prior
    return best > 1e-6 / best.numel()


def all_but_the_likeliest(source: Source, beta: float) -> Tensor:
    """Every reproduction but the one of largest mass under the best prior, ``(m,)``."""
    best = best_prior(source.distortions, source.weights, beta).prior
    return best < best.max()


def one_reproduction(source: Source, beta: float) -> Tensor:
    """The likeliest reproduction of the best prior alone, ``(m,)``: a constant
    decoder."""
    best = best_prior(source.distortions, source.weights, beta).prior
    return torch.arange(best.numel(), device=best.device) == best.argmax()


def loss_of_a_range(
    source: Source, beta: float, chosen: Callable[[Source, float], Tensor] = support_of_the_best
) -> Measurement:
    """What a decoder loses that reproduces the chosen symbols alone: nothing, where
    they carry an optimal distribution."""
    free = best_prior(source.distortions, source.weights, beta)
    kept = chosen(source, beta)
    own = best_prior(source.distortions[:, kept], source.weights, beta)
    encoder = (free.prior.log() - beta * source.distortions).softmax(1)
    outside = encoder[:, ~support_of_the_best(source, beta)].sum(1)
    left_out = float(-(source.weights * torch.log1p(-outside)).sum())
    interval = Bound(
        {"intervals": free.gap + own.gap, "masses left out": left_out},
        "Both optima are known to within their intervals. The optimal prior has a little mass outside its support as it is read: conditioning it on "
        "that support costs at most -E log(1 - r), r the share of the encoder's mass that lies outside.",
    )
    return Measurement(abs(own.upper - free.upper), interval, source.prior.numel())
