"""What a decoder's curve is measured by: draws of the prior, annealed chains, chains on
simulated data, and exact sums where the codes are finitely many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.blocks import Over
from numerics.compression.annealed_chains import Plan, Run, Target, anneal, anneal_down, log_mean, settled_plan
from numerics.compression.curve_bounds import annealed_upper, distortion_tiles, drawn_lower
from numerics.streams import Stream
from proofs_checks.inputs.latent_models import LatentModel

__all__ = ["Annealed", "Drawn", "Scale", "anneal_data", "draw_bounds", "ladder_of", "scale_of", "simulated_gap"]

PILOT = 1024  # draws of the prior that show the scale of d
PILOT_ROWS = 64
DOUBLINGS = 16
STEEPEST = (
    25  # slope times distortion of the prior, a code: what is left above the least distortion is a fiftieth of it
)
SIMULATED = 64


@dataclass(frozen=True)
class Scale:
    """Distortions of draws of the prior: their mean, their spread for a datum."""

    mean: float
    spread: float


@dataclass(frozen=True)
class Drawn:
    """By draws of the prior: certified lower bounds of F ``(B,)``, estimates ``(B,)``,
    least distortions ``(n,)``."""

    lower: Tensor
    estimate: Tensor
    least: Tensor


@dataclass(frozen=True)
class Annealed:
    """By annealed chains, at each slope of the plan ``(T,)``: certified upper bounds of
    F, its estimate, the distortion of the weighted chains.

    ``codes`` ``(n, K, k)`` at the last slope with ``shares`` ``(n, K)``; ``least``
    distortions ``(n,)``.
    """

    plan: Plan
    upper: Tensor
    estimate: Tensor
    distortion: Tensor
    codes: Tensor
    shares: Tensor
    least: Tensor
    accepted: float


def scale_of(model: LatentModel, x: Tensor, stream: Stream) -> Scale:
    """The scale of the distortion under the prior."""
    d = distances(model, model.prior.sample(PILOT, stream), x)
    return Scale(float(d.mean()), float(d.std(0).mean()))


def distances(model: LatentModel, codes: Tensor, x: Tensor) -> Tensor:
    """Distortions of M codes and n data ``(n, m)``, ``(M, n)``."""
    with torch.no_grad():
        return model.distortion.pairs(model.decode(codes), x)


def ladder_of(model: LatentModel, scale: Scale) -> list[float]:
    """Slopes that double from where the prior's draws still serve to where little is
    left above the least distortion."""
    first = 0.25 / scale.spread
    count = math.ceil(math.log2(max(2.0, STEEPEST * model.k / max(scale.mean, scale.spread) / first)))
    return [first * 2.0**j for j in range(min(count, DOUBLINGS) + 1)]


def draw_bounds(
    model: LatentModel, x: Tensor, slopes: Sequence[float], *, samples: int, tile: int, level: float, stream: Stream
) -> Drawn:
    """Certified lower bounds by ``samples`` draws, shared by all data."""
    parts = distortion_tiles(
        lambda n: model.prior.sample(n, stream), lambda z: distances(model, z, x), samples, max(1, tile // len(x))
    )
    lower, estimate, least = drawn_lower(parts, slopes, samples, level)
    return Drawn(lower.mean(0), estimate.mean(0), least)


def anneal_data(
    model: LatentModel,
    x: Tensor,
    slopes: Sequence[float],
    *,
    chains: int,
    calls: int,
    rows: int,
    level: float,
    stream: Stream,
    over: Over = map,
) -> Annealed:
    """Chains of every datum, ``rows`` of them at a time, by a plan that pilot chains of
    their own have settled; ``over`` carries them out."""
    target = _target(model, x)
    pilot = stream.permutation(len(x))[:PILOT_ROWS]
    plan = settled_plan(target, pilot, slopes, stream.fork("pilot"), temperatures=calls)
    each = max(1, rows // chains)
    parts = enumerate(torch.arange(len(x)).split(each))
    blocks = ((model, x[part], plan, chains, stream.fork(("part", k))) for k, part in parts)
    runs = list(over(_anneal_block, blocks))
    weights = torch.cat([run.log_weights for run in runs], 1)
    by_datum = log_mean(weights, chains)
    shares = weights.unflatten(1, (-1, chains)).softmax(2)
    d = torch.cat([run.distortions for run in runs], 1).double().unflatten(1, (-1, chains))
    return Annealed(
        plan, annealed_upper(by_datum, level), -by_datum.mean(1), (shares * d).sum(2).mean(1),
        torch.cat([run.codes for run in runs]).unflatten(0, (-1, chains)), shares[-1], _least(runs, chains), float(runs[0].accepted.mean()),
    )  # fmt: skip


def _anneal_block(block: tuple[LatentModel, Tensor, Plan, int, Stream]) -> Run:
    """The chains of some data, by numbers of their own."""
    model, x, plan, chains, stream = block
    with torch.no_grad():
        return anneal(_target(model, x), plan, torch.arange(len(x)).repeat_interleave(chains), stream)


def _least(runs: Sequence[Run], chains: int) -> Tensor:
    return torch.cat([run.least for run in runs]).double().unflatten(0, (-1, chains)).amin(1)


def _target(model: LatentModel, x: Tensor) -> Target:
    return Target(lambda z, rows: model.distortion.each(x[rows], model.decode(z)), model.prior, model.gradients)


def simulated_gap(
    model: LatentModel, slope: float, *, chains: int, calls: int, stream: Stream
) -> tuple[float, float, float]:
    """Means over data simulated at that slope of -log mean w (F from above in
    expectation), of log mean 1/w (from below), and the standard error of their
    difference.

    A datum is a draw of the prior, decoded, with the noise whose density is exp(-beta
    d): the code that made it is an exact draw of its posterior.
    """
    noise = model.distortion.noise
    if noise is None:
        raise ValueError(f"No noise belongs to the distortion {model.distortion.name!r}.")
    with torch.no_grad():
        z, others = (model.prior.sample(SIMULATED, stream) for _ in range(2))
        x, pilot = (noise(model.decode(codes), slope, stream) for codes in (z, others))
    plan = settled_plan(
        _target(model, pilot), torch.arange(SIMULATED), [slope], stream.fork("pilot"), temperatures=calls
    )
    rows = torch.arange(SIMULATED).repeat_interleave(chains)
    up = -log_mean(anneal(_target(model, x), plan, rows, stream).log_weights[-1], chains)
    down = log_mean(-anneal_down(_target(model, x), plan, rows, z.repeat_interleave(chains, 0), stream), chains)
    error = float((up - down).std()) / math.sqrt(SIMULATED)
    return float(up.mean()), float(down.mean()), error
