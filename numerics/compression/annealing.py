r"""Annealed importance weights on finite codes: by enumeration of all paths, and by
chains that are drawn.

A chain starts at the prior; at each temperature :math:`b_t` its weight takes
:math:`e^{-(b_t - b_{t-1}) d}` where it stands, and a random-walk step on the ring of
codes follows, accepted or not by Metropolis' rule for :math:`p\,e^{-b_t d}`. Weights
lie in [0, 1] where d >= 0. Nats.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations_with_replacement, pairwise

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.streams import Stream

Kernel = Callable[[Tensor], Tensor]
Shares = Callable[[Tensor], Tensor]
Outcomes = tuple[Tensor, Tensor, Tensor]  # probabilities, weights, last codes

ROUNDING = (
    "Masses and weights are products of T factors, each within 8 unit roundoffs, and sums of positive terms are within their number of unit "
    "roundoffs of themselves (Higham 2002, section 4.2)."
)


def metropolis(log_mass: Tensor) -> Tensor:
    """Transition matrix ``(m, m)`` on a ring: a neighbour is proposed, and accepted
    with the quotient of masses at most.

    >>> metropolis(torch.zeros(3, dtype=torch.float64)).sum(1).tolist()
    [1.0, 1.0, 1.0]
    """
    m = log_mass.numel()
    K = log_mass.new_zeros(m, m)
    for i in range(m):
        for j in ((i + 1) % m, (i - 1) % m):
            K[i, j] += 0.5 * (log_mass[j] - log_mass[i]).clamp(max=0).exp()
    return K + torch.diag(1 - K.sum(1))


def always_accepted(log_mass: Tensor) -> Tensor:
    """The same with every proposal accepted. Masses are ``(m,)``."""
    return metropolis(torch.zeros_like(log_mass))


def before_the_move(log_weight: Tensor, rise: float, old: Tensor, new: Tensor) -> Tensor:
    """The weight is taken at the state from which the chain moves. Weights and energies
    have one shape."""
    return log_weight - rise * old


def after_the_move(log_weight: Tensor, rise: float, old: Tensor, new: Tensor) -> Tensor:
    """The weight is taken at the state that the chain has moved to. Weights and
    energies have one shape."""
    return log_weight - rise * new


Weighing = Callable[[Tensor, float, Tensor, Tensor], Tensor]


def random_energies(codes: int, stream: Stream) -> tuple[Tensor, Tensor]:
    """Distortions of one datum in [0, 3] and a prior, ``(codes,)`` each."""
    return 3 * stream.uniform(codes), stream.normal(codes).softmax(0)


def all_paths(
    d: Tensor, prior: Tensor, ladder: list[float], kernel: Kernel = metropolis, weighing: Weighing = before_the_move
) -> Outcomes:
    """Probability, weight and last code of every path, ``(m^T,)`` each: ``d`` and
    ``prior`` ``(m,)``, ``ladder`` of slopes from 0 up."""
    m = d.numel()
    probability, log_weight, last = prior, torch.zeros_like(prior), torch.arange(m)
    for low, high in pairwise(ladder):
        K = kernel(prior.log() - high * d)
        moved = torch.arange(m).repeat(last.numel())
        before = last.repeat_interleave(m)
        log_weight = weighing(log_weight.repeat_interleave(m), high - low, d[before], d[moved])
        probability, last = probability.repeat_interleave(m) * K[before, moved], moved
    return probability, log_weight.exp(), last


def weight_bias(d: Tensor, prior: Tensor, ladder: list[float], outcomes: Outcomes) -> Measurement:
    """``|E w - Z|`` over all paths, relative to Z. ``d`` and the prior are ``(m,)``."""
    probability, weight, _ = outcomes
    Z = (prior * (-ladder[-1] * d).exp()).sum()
    steps = 16 * len(ladder) + probability.numel() + d.numel()
    bound = Bound({"rounding": 4 * steps * (1 + ladder[-1] * float(d.max())) * torch.finfo(d.dtype).eps}, ROUNDING)
    return Measurement(((probability * weight).sum() / Z - 1).abs(), bound, probability.numel())


def plain_draws(d: Tensor, prior: Tensor, beta: float) -> Outcomes:
    """Draws of the prior, weighed once and not moved: probabilities, weights and codes,
    ``(m,)`` each."""
    return prior, (-beta * d).exp(), torch.arange(d.numel())


def resampled_shares(weights: Tensor) -> Tensor:
    """Shares of K chains in proportion to their weights. Weights are ``(K,)``."""
    return weights / weights.sum()


def equal_shares(weights: Tensor) -> Tensor:
    """Equal shares of K chains, whatever their weights. Weights are ``(K,)``."""
    return torch.full_like(weights, 1 / weights.numel())


def below_the_curve(
    d: Tensor, prior: Tensor, beta: float, outcomes: Outcomes, *, K: int, shares: Shares = resampled_shares
) -> Measurement:
    """By how much (D of the chosen chain, -E log mean_K w - beta D) falls below the
    curve sup_b F(b) - b D; all K-chain outcomes are summed."""
    p, w, last = outcomes
    rate = distortion = d.new_zeros(())
    count = 0
    for chosen in combinations_with_replacement(range(p.numel()), K):
        ways = math.factorial(K) / math.prod(math.factorial(chosen.count(i)) for i in set(chosen))
        index = torch.tensor(chosen)
        mass = ways * p[index].prod()
        rate = rate - mass * w[index].mean().log()
        distortion = distortion + mass * (shares(w[index]) * d[last[index]]).sum()
        count += 1
    slopes = torch.linspace(0, 4 * beta, 401, dtype=d.dtype)
    curve = (-torch.logsumexp(prior.log() - slopes[:, None] * d, 1) - slopes * distortion).max()
    size = 1 + beta * float(d.max()) * 4
    bound = Bound({"rounding": 8 * (count + 16 * K + d.numel()) * size * torch.finfo(d.dtype).eps}, ROUNDING)
    return Measurement((curve - (rate - beta * distortion)).clamp(min=0), bound, count)


def drawn_weights(
    d: Tensor,
    prior: Tensor,
    ladder: list[float],
    size: int,
    stream: Stream,
    *,
    accepting: bool = True,
    weighing: Weighing = before_the_move,
) -> Tensor:
    """Weights of ``size`` chains that are drawn, ``(size,)``: a neighbour on the ring
    at each temperature."""
    m = d.numel()
    last = torch.searchsorted(prior.cumsum(0), stream.uniform(size)).clamp(max=m - 1)
    log_weight = torch.zeros(size, dtype=d.dtype, device=d.device)
    for low, high in pairwise(ladder):
        log_mass = prior.log() - high * d
        proposed = (last + stream.signs(size).long()) % m
        accepted = stream.uniform(size).log() < log_mass[proposed] - log_mass[last] if accepting else last >= 0
        moved = torch.where(accepted, proposed, last)
        log_weight = weighing(log_weight, high - low, d[last], d[moved])
        last = moved
    return log_weight.exp()


def mean_and_normaliser(weights: Tensor, d: Tensor, prior: Tensor, beta: float) -> tuple[float, float]:
    """The mean of drawn weights, and Z. Weights are ``(K,)``, ``d`` and the prior ``(m,)``."""
    return float(weights.mean()), float((prior * (-beta * d).exp()).sum())
