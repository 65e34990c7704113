r"""Annealed importance sampling of continuous codes, one run for a whole ladder of
slopes, from the prior up and from exact posterior draws down.

At slope :math:`b_t` a chain first takes the weight :math:`e^{-(b_t - b_{t-1}) d}` where
it stands, then moves by a kernel that keeps :math:`p\,e^{-b_t d}`: leapfrog steps with
Metropolis' rule, or a random walk where a decoder has no gradient. Gradients of the
distortion and of log p are kept apart and cached, so that a move of L leapfrogs costs L
forward and backward calls of the decoder, whatever the slope. Step sizes are settled
on other data beforehand (:func:`settled_plan`): sizes adapted to the weighed chains
would bias the weights. Distortions in nats when beta is 1; log weights in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.streams import Stream

__all__ = ["Plan", "Prior", "Run", "Target", "anneal", "anneal_down", "log_mean", "settled_plan", "standard_normal"]

WANTED = {
    True: 0.75,
    False: 0.3,
}  # acceptance of leapfrogs, of a random walk (Neal 2011, section 5.4.4.3; Roberts et al. 1997)
LEARNING = 0.3  # of a logarithm of a step size, a pilot move


@dataclass(frozen=True)
class Prior:
    """A prior of codes: ``sample(n, stream)`` to ``(n, k)``, ``log_density`` of ``(n,
    k)`` to ``(n,)``, differentiable; -inf outside the support."""

    sample: Callable[[int, Stream], Tensor]
    log_density: Callable[[Tensor], Tensor]


def standard_normal(k: int) -> Prior:
    """The prior N(0, I) of k codes.

    >>> standard_normal(2).sample(3, Stream(0)).shape
    torch.Size([3, 2])
    """
    constant = k / 2 * math.log(2 * math.pi)
    return Prior(lambda n, stream: stream.normal(n, k), lambda z: -z.square().sum(1) / 2 - constant)


@dataclass(frozen=True)
class Target:
    """What chains are annealed towards: ``distortion(codes, rows)`` of ``(C, k)`` codes
    against the data of the rows ``(C,)``, to ``(C,)``, and a prior.

    ``gradients``: whether the distortion can be differentiated.
    """

    distortion: Callable[[Tensor, Tensor], Tensor]
    prior: Prior
    gradients: bool = True


@dataclass(frozen=True)
class Plan:
    """Slopes from above 0 upwards, ``(T,)``, a step size for each, and leapfrogs a
    move."""

    slopes: tuple[float, ...]
    sizes: tuple[float, ...]
    leapfrogs: int = 1


@dataclass(frozen=True)
class Run:
    """Chains after each slope of a plan.

    Args:
        log_weights: ``(T, C)``, float64. distortions: After the move, ``(T, C)``.
        codes: At the end, ``(C, k)``. accepted: Shares, ``(T,)``. least: The smallest
            distortion that each chain met, ``(C,)``.
    """

    log_weights: Tensor
    distortions: Tensor
    codes: Tensor
    accepted: Tensor
    least: Tensor


@dataclass(frozen=True)
class _State:
    """Codes with what is known there."""

    codes: Tensor
    d: Tensor
    d_slope: Tensor | None
    log_p: Tensor
    p_slope: Tensor | None


def _at(target: Target, codes: Tensor, rows: Tensor) -> _State:
    """Distortion, log density and their gradients, each by one call."""
    if not target.gradients:
        with torch.no_grad():
            return _State(codes, target.distortion(codes, rows), None, target.prior.log_density(codes), None)
    z = codes.detach().requires_grad_()
    with torch.enable_grad():
        d = target.distortion(z, rows)
        log_p = target.prior.log_density(z)
        (d_slope,) = torch.autograd.grad(d.sum(), z)
        (p_slope,) = torch.autograd.grad(log_p.sum(), z) if log_p.requires_grad else (torch.zeros_like(z),)
    return _State(codes, d.detach(), d_slope, log_p.detach(), p_slope)


def _leapfrogs(  # noqa: PLR0917
    target: Target, rows: Tensor, old: _State, beta: float, size: float, count: int, stream: Stream
) -> tuple[_State, Tensor]:
    """A trajectory, and the log of its quotient of masses with momenta, ``(C,)``."""
    force = old.p_slope - beta * old.d_slope
    momentum = stream.normal(*old.codes.shape).to(old.codes)
    begun = momentum.square().sum(1) / 2
    new = old
    momentum = momentum + size / 2 * force
    for k in range(count):
        new = _at(target, new.codes + size * momentum, rows)
        force = new.p_slope - beta * new.d_slope
        momentum = momentum + (size if k < count - 1 else size / 2) * force
    return new, begun - momentum.square().sum(1) / 2


def _moved(  # noqa: PLR0917
    target: Target,
    rows: Tensor,
    old: _State,
    beta: float,
    size: float,
    leapfrogs: int,
    stream: Stream,
    *,
    accepting: bool,
) -> tuple[_State, Tensor]:
    """A move that keeps p exp(-beta d), and which chains accepted it."""
    if target.gradients:
        new, kinetic = _leapfrogs(target, rows, old, beta, size, leapfrogs, stream)
    else:
        new = _at(target, old.codes + size * stream.normal(*old.codes.shape).to(old.codes), rows)
        kinetic = torch.zeros_like(old.d)
    gain = new.log_p.double() - old.log_p.double() - beta * (new.d.double() - old.d.double()) + kinetic.double()
    chance = stream.uniform(gain.numel()).to(gain).log()
    accept = chance < gain.nan_to_num(nan=-math.inf, posinf=math.inf, neginf=-math.inf)
    if not accepting:
        accept = torch.ones_like(accept)
    wide = accept[:, None]
    kept = _State(
        torch.where(wide, new.codes, old.codes), torch.where(accept, new.d, old.d),
        None if new.d_slope is None else torch.where(wide, new.d_slope, old.d_slope),
        torch.where(accept, new.log_p, old.log_p),
        None if new.p_slope is None else torch.where(wide, new.p_slope, old.p_slope),
    )  # fmt: skip
    return kept, accept


def anneal(
    target: Target, plan: Plan, rows: Tensor, stream: Stream, *, accepting: bool = True, late: bool = False
) -> Run:
    r"""Chains from the prior upwards, one for each entry of ``rows`` ``(C,)``.

    :math:`E\,w_t = Z(b_t)` at every slope, so that one run estimates the whole curve.
    ``accepting`` and ``late`` (weighing after the move) exist for controls.

    >>> line = Target(lambda z, rows: z[:, 0].square() / 2, standard_normal(1))
    >>> run = anneal(line, Plan((0.5, 1.0), (0.8, 0.8)), torch.zeros(20_000, dtype=torch.long), Stream(1))
    >>> abs(float(run.log_weights[-1].exp().mean()) - 0.5**0.5) < 0.02
    True
    """
    state = _at(target, target.prior.sample(rows.numel(), stream), rows)
    log_weight, least = torch.zeros_like(state.d, dtype=torch.float64), state.d
    weights, distortions, accepted, below = [], [], [], 0.0
    for slope, size in zip(plan.slopes, plan.sizes, strict=True):
        before = state.d
        state, accept = _moved(target, rows, state, slope, size, plan.leapfrogs, stream, accepting=accepting)
        log_weight = log_weight - (slope - below) * (state.d if late else before).double()
        least, below = torch.minimum(least, state.d), slope
        weights.append(log_weight)
        distortions.append(state.d)
        accepted.append(accept.double().mean())
    return Run(torch.stack(weights), torch.stack(distortions), state.codes, torch.stack(accepted), least)


def anneal_down(target: Target, plan: Plan, rows: Tensor, codes: Tensor, stream: Stream) -> Tensor:
    r"""Log weights ``(C,)`` of chains from exact draws ``codes`` ``(C, k)`` at the
    plan's last slope down to the prior.

    Every kernel is reversible, so that :math:`E\,e^{-\log w} = 1/Z` at the last slope.

    >>> line = Target(lambda z, rows: z[:, 0].square() / 2, standard_normal(1))
    >>> draws = Stream(2).normal(20_000, 1) / 2**0.5
    >>> log_w = anneal_down(line, Plan((0.5, 1.0), (0.8, 0.8)), torch.zeros(20_000, dtype=torch.long), draws, Stream(1))
    >>> abs(float((-log_w).exp().mean()) - 2**0.5) < 0.05
    True
    """
    state = _at(target, codes, rows)
    log_weight = torch.zeros_like(state.d, dtype=torch.float64)
    slopes = (0.0, *plan.slopes)
    for t in range(len(plan.slopes), 0, -1):
        state, _ = _moved(target, rows, state, slopes[t], plan.sizes[t - 1], plan.leapfrogs, stream, accepting=True)
        log_weight = log_weight - (slopes[t] - slopes[t - 1]) * state.d.double()
    return log_weight


def log_mean(log_weights: Tensor, chains: int) -> Tensor:
    """log of the mean weight of ``chains`` consecutive chains: ``(*, n chains)`` to
    ``(*, n)``.

    >>> log_mean(torch.tensor([0.0, 0.0, 1.0, 1.0]), 2).tolist()
    [0.0, 1.0]
    """
    return log_weights.unflatten(-1, (-1, chains)).logsumexp(-1) - math.log(chains)


def settled_plan(
    target: Target,
    rows: Tensor,
    slopes: Sequence[float],
    stream: Stream,
    *,
    temperatures: int,
    leapfrogs: int = 1,
    least_slope: float = 0.01,
) -> Plan:
    """A plan through all ``slopes`` with about ``temperatures`` of them, from pilot
    chains on ``rows`` that are thrown away.

    The pilot walks a geometric ladder and adapts its step; temperatures are then spaced
    so that each takes the same share of the integral of the spread of d, and step
    sizes are read off the pilot's. Any plan is unbiased; a good one has a small gap.

    >>> line = Target(lambda z, rows: z[:, 0].square() / 2, standard_normal(1))
    >>> plan = settled_plan(line, torch.zeros(50, dtype=torch.long), [1.0, 4.0], Stream(0), temperatures=8)
    >>> plan.slopes[-1], 1.0 in plan.slopes, len(plan.sizes) == len(plan.slopes)
    (4.0, True, True)
    """
    last = max(slopes)
    first = min(least_slope * last, *slopes)
    ladder = torch.logspace(math.log10(first), math.log10(last), min(64, max(8, temperatures)), dtype=torch.float64)
    state = _at(target, target.prior.sample(rows.numel(), stream), rows)
    spreads, sizes = [_spread(state.d)], []
    size = 1.0
    for slope in ladder.tolist():
        for _ in range(4):
            state, accept = _moved(target, rows, state, slope, size, leapfrogs, stream, accepting=True)
            size = min(size * math.exp(LEARNING * (float(accept.double().mean()) - WANTED[target.gradients])), 2.0)
        spreads.append(_spread(state.d))
        sizes.append(size)
    nodes = torch.cat([torch.zeros(1, dtype=torch.float64), ladder])
    spread = torch.tensor(spreads, dtype=torch.float64)
    length = torch.cat([torch.zeros(1, dtype=torch.float64), ((spread[1:] + spread[:-1]) / 2 * nodes.diff()).cumsum(0)])
    at = torch.linspace(0, float(length[-1]), temperatures + 1, dtype=torch.float64)[1:]
    spaced = _interpolated(at, length, nodes).tolist()
    chosen = sorted({*(float(b) for b in slopes), *(b for b in spaced if 0 < b < last)})
    found = _interpolated(torch.tensor(chosen, dtype=torch.float64).log(), ladder.log(), torch.tensor(sizes, dtype=torch.float64).log())  # fmt: skip
    return Plan(tuple(chosen), tuple(found.exp().tolist()), leapfrogs)


def _spread(d: Tensor) -> float:
    """The standard deviation of distortions; a positive number even where all agree."""
    return float(d.double().std()) + 1e-12


def _interpolated(x: Tensor, nodes: Tensor, values: Tensor) -> Tensor:
    """Linear interpolation, constant outside; ``nodes`` increase."""
    right = torch.searchsorted(nodes, x).clamp(1, nodes.numel() - 1)
    left = right - 1
    share = ((x - nodes[left]) / (nodes[right] - nodes[left]).clamp_min(1e-300)).clamp(0, 1)
    return values[left] + share * (values[right] - values[left])
