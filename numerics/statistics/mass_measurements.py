"""The mass of an unnormalised density by draws, measured on mixtures whose mass is
known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.statistics.total_mass import LogMass, weigh_by_gaussian
from numerics.streams import Stream

__all__ = ["Weigh", "half_weighed", "mass_by_draws", "weigh_by_gaussian"]

Weigh = Callable[..., LogMass]


def mass_by_draws(
    log_p: Callable[[Tensor], Tensor],
    draws: Tensor,
    factor: float,
    stream: Stream,
    weigh: Weigh = weigh_by_gaussian,
) -> Measurement:
    """log of the mass of ``factor`` times p, by draws of p ``(n, D)`` and of a Gaussian
    fitted to half of them, against log of the factor."""
    half = len(draws) // 2
    found = weigh(lambda x: log_p(x) + math.log(factor), draws[:half], draws[half:], stream)
    return Measurement(
        abs(found.value - math.log(factor)),
        Bound(
            {"sampling": 5 * found.error},
            "Five standard errors of the bridge (Meng & Wong 1996).",
            estimated=("sampling",),
        ),
        len(draws),
    )


def half_weighed(log_p: Callable[[Tensor], Tensor], around: Tensor, own: Tensor, stream: Stream) -> LogMass:
    """As if only every second of p's draws ``(m, D)`` were summed and all were counted:
    too large by log 2."""
    found = weigh_by_gaussian(log_p, around, own, stream)
    return replace(found, value=found.value + math.log(2))
