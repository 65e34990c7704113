r"""The integral of an unnormalised density p by a proposal q of mass 1 that can be drawn
from.

By importance sampling, :math:`Z = E_q[p/q]`; with draws of p / Z too, by the bridge
:math:`Z = E_q[p\,h] / E_{p/Z}[q\,h]`, :math:`h = 1/(n q + m p/Z)`, which is the best of
its kind and bounded where either ratio is not.

Source: Meng & Wong 1996, section 3 and equation 4.1; the error of log Z is theirs for
    independent draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.streams import Stream

__all__ = ["LogMass", "bridged_log_mass", "gaussian_proposal", "weigh_by_gaussian", "weighed_log_mass"]

ROUNDS = 200  # of the fixed point, which contracts
FEWEST = 100.0  # draws that the weights have to be worth


@dataclass(frozen=True)
class LogMass:
    """log of a mass in nats, its standard error (normal approximation: an estimate), and
    how many draws the weights are worth."""

    value: float
    error: float
    effective: float

    @property
    def known(self) -> bool:
        """Whether the two densities overlap enough for the error to mean anything."""
        return math.isfinite(self.value) and self.effective >= FEWEST


def gaussian_proposal(points: Tensor, widen: float = 1.2) -> torch.distributions.MultivariateNormal:
    """A Gaussian with the mean of points ``(N, D)`` and ``widen**2`` times their
    covariance, shrunk so that it has an inverse.

    >>> gaussian_proposal(torch.eye(3).double()).mean
    tensor([0.3333, 0.3333, 0.3333], dtype=torch.float64)
    """
    centred = points - points.mean(0)
    covariance = centred.mT @ centred / max(len(points) - 1, 1)
    floor = 1e-6 * covariance.diagonal().mean().clamp_min(torch.finfo(points.dtype).tiny)
    covariance = widen**2 * (covariance + floor * torch.eye(points.shape[1]).to(points))
    return torch.distributions.MultivariateNormal(points.mean(0), covariance, validate_args=False)


def weigh_by_gaussian(
    log_p: Callable[[Tensor], Tensor], around: Tensor, own: Tensor | None, stream: Stream, *, draws: int = 4000
) -> LogMass:
    """The mass of p by draws of a Gaussian that is fitted to points ``around`` it ``(N,
    D)``, and of p itself ``(m, D)`` where there are some, others than those around it.

    >>> points = Stream(0).normal(4000, 2)
    >>> found = weigh_by_gaussian(lambda x: -x.square().sum(1) / 2, points[:2000], points[2000:], Stream(1))
    >>> abs(found.value - math.log(2 * math.pi)) < 5 * found.error < 0.05
    True
    """
    proposal = gaussian_proposal(around)
    drawn = proposal.loc + stream.normal(draws, around.shape[1]).to(around) @ proposal.scale_tril.mT

    def log_ratio(x: Tensor) -> Tensor:
        with torch.no_grad():
            values = torch.cat([log_p(part).to(x.dtype) for part in x.split(4096)])
        return values.nan_to_num(nan=-math.inf, posinf=math.inf, neginf=-math.inf) - proposal.log_prob(x)

    return weighed_log_mass(log_ratio(drawn)) if own is None else bridged_log_mass(log_ratio(drawn), log_ratio(own))


def weighed_log_mass(log_ratio: Tensor) -> LogMass:
    """From log p - log q at draws of q, ``(N,)``.

    >>> weighed_log_mass(torch.full((400,), 2.0).double())
    LogMass(value=2.0, error=0.0, effective=400.0)
    """
    top = float(log_ratio.max())
    weights = (log_ratio - top).exp()
    mean = float(weights.mean())
    error = float(weights.std()) / math.sqrt(len(weights)) / mean
    return LogMass(top + math.log(mean), error, float(weights.sum() ** 2 / weights.square().sum()))


def bridged_log_mass(at_proposal: Tensor, at_own: Tensor) -> LogMass:
    """From log p - log q at draws of q ``(n,)`` and at draws of p / Z ``(m,)``.

    >>> bridged_log_mass(torch.full((400,), 2.0).double(), torch.full((300,), 2.0).double()).value.__round__(9)
    2.0
    """
    n, m = len(at_proposal), len(at_own)
    value = float(torch.cat([at_proposal, at_own]).median())  # where to begin
    for _ in range(ROUNDS):
        # both of q h and p h, up to one factor: log(s1 q + s2 p/Z) = log q + log(s1 + s2 e^(ratio - log Z))
        up = torch.sigmoid(at_proposal - value + math.log(m / n))  # s2 p/Z over s1 q + s2 p/Z, at draws of q
        down = torch.sigmoid(value - at_own + math.log(n / m))  # s1 q over the same, at draws of p
        if not (float(up.sum()) > 0 and float(down.sum()) > 0):
            return LogMass(math.nan, math.inf, 0.0)
        step = math.log(float(up.sum()) / float(down.sum()))
        value += step
        if abs(step) < 1e-12:
            break
    spread = float(up.var() / n / up.mean() ** 2 + down.var() / m / down.mean() ** 2)
    worth = min(float(up.sum() ** 2 / up.square().sum()), float(down.sum() ** 2 / down.square().sum()))
    return LogMass(value, math.sqrt(max(spread, 0.0)), worth)
