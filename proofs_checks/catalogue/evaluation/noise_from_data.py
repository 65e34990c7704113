"""Under dX = -X dt + sqrt(2) dW data become noise at the rate exp(-2t) in KL, and the
reversed equation with the true score brings them back."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from numerics.distributions import noising
from numerics.distributions.mixtures import isotropic_gaussian
from numerics.streams import Stream
from numerics.transports import reversed_noise
from proofs_checks.catalogue.evaluation.figures import noise_from_data as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested
from proofs_checks.strategies.evaluation import path_cases
from theory.distributions import ornstein_uhlenbeck as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric", "statistical"]

PARTICLES = 10_000
SHIFTED = Case(components=1, shift=3)
cases = {
    "numeric": Cases(path_cases, always=[SHIFTED, Case(components=1, seed=1), Case(components=4, seed=2)]),
    "statistical": Cases(path_cases, always=[Case(components=2, seed=1)]),
}


def exact(*, rate: exactly.Rate = exactly.twice_the_time, multiple: Any = 2) -> list[Any]:
    """The Gaussian path and its decay in n dimensions; the reversed equation for any
    density; the reversed Gaussian's variance."""
    return [
        exactly.forward_equation(),
        exactly.entropy_from_moments(),
        exactly.decay(rate),
        exactly.reversed_equation(multiple),
        exactly.gaussian_reversal(multiple),
    ]


def numeric(
    case: Case, stream: Stream, *, rate: Callable[[float], float] = lambda t: math.exp(-2 * t)
) -> list[Evidence]:
    """KL to noise along the path of a mixture, by quadrature."""
    return [
        measured(
            noising.decay(path(case, stream), rate), resolves=1e-3, name="KL at time t against its share of KL at 0"
        )
    ]


def statistical(case: Case, stream: Stream, *, multiple: float = 2.0) -> list[Evidence]:
    """Noise sent back by the reversed equation, against the distribution function of
    the data."""
    off, slack = reversed_noise.return_distance(path(case, stream), PARTICLES, stream.fork("paths"), multiple=multiple)
    return [tested(off, Test.dkw(PARTICLES), resolves=0.15, slack=slack, name="returned noise against the data")]


def path(case: Case, stream: Stream) -> noising.MixturePath:
    """A random mixture, or a normal variable of variance 1 shifted from 0."""
    if "shift" not in case:
        return noising.random_path(case.components, stream.fork((case.components, case.seed)))
    start = isotropic_gaussian(1, 1.0, torch.zeros(1, dtype=stream.dtype, device=stream.device))
    start = type(start)(start.weights, start.means + case.shift, start.scales)
    return noising.MixturePath(start)


controls = {
    "thrice-the-time": [
        Control(exact, fails="decay of the relative entropy", rate=exactly.thrice_the_time),
        Control(numeric, fails="KL at time t", cases=[SHIFTED], rate=lambda t: math.exp(-3 * t)),
    ],
    "a-tenth-faster": [Control(numeric, fails="KL at time t", cases=[SHIFTED], rate=lambda t: math.exp(-2.1 * t))],
    "half-the-score": [
        Control(exact, fails="the reversed equation", multiple=1),
        Control(statistical, fails="returned noise", cases=[Case(components=2, seed=1)], multiple=1.0),
    ],
}
