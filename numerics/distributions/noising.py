r"""Mixtures on their way to noise under :math:`dX = -X\,dt + \sqrt2\,dW`. The way back
is :mod:`numerics.transports.reversed_noise`.

At time t a component of mean m and variance s^2 has mean :math:`e^{-t}m` and variance
:math:`1 + (s^2-1)e^{-2t}`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.distributions.mixtures import IsotropicMixture, isotropic_gaussian
from numerics.streams import Stream

__all__ = ["MixturePath", "decay", "random_path", "relative_entropy_to_noise"]

TIMES = (0.05, 0.25, 1.0, 3.0)


@dataclass(frozen=True)
class MixturePath:
    """A mixture at time 0 and what the process makes of it.

    >>> path = MixturePath(isotropic_gaussian(1, 2.0, torch.zeros(1).double()))
    >>> round(float(path.at(1.0).scales[0] ** 2), 4)
    1.406
    """

    start: IsotropicMixture

    def at(self, t: float) -> IsotropicMixture:
        """The mixture at time t >= 0."""
        u = math.exp(-2 * t)
        scales = (1 + (self.start.scales.square() - 1) * u).sqrt()
        return IsotropicMixture(self.start.weights, self.start.means * math.sqrt(u), scales)

    def distribution_function(self, x: Tensor) -> Tensor:
        """Of the start, on the line: values in [0, 1], shape ``(N,)``."""
        z = (x[:, None] - self.start.means[:, 0]) / self.start.scales
        return (torch.special.ndtr(z) * self.start.weights).sum(1).clamp(0, 1)


def random_path(components: int, stream: Stream) -> MixturePath:
    """Weights not too far apart, means with spread 2, scales between 0.6 and 1.4, on
    the line."""
    weights = 0.3 + stream.exponential(components)
    means, scales = 2 * stream.normal(components, 1), 0.6 + 0.8 * stream.uniform(components)
    return MixturePath(IsotropicMixture(weights, means, scales))


def relative_entropy_to_noise(p: IsotropicMixture) -> tuple[float, float]:
    """KL(p || N(0, 1)) on the line by the trapezoidal rule, and an estimate of its
    error (by half of the nodes)."""
    ends = float(p.means.abs().max() + 10 * p.scales.max())
    x = torch.linspace(
        -ends, ends, 1 + 2 * math.ceil(ends / (0.1 * float(p.scales.min()))), dtype=p.means.dtype, device=p.means.device
    )[:, None]
    noise = isotropic_gaussian(1, 1.0, p.means)
    f = p.log_prob(x).exp() * (p.log_prob(x) - noise.log_prob(x))
    step = float(x[1, 0] - x[0, 0])
    fine, coarse = float(f.sum()) * step, float(f[::2].sum()) * 2 * step
    rounding = len(x) * torch.finfo(x.dtype).eps * float(f.abs().sum()) * step
    return fine, abs(fine - coarse) + rounding


def decay(path: MixturePath, rate: Callable[[float], float], times: Sequence[float] = TIMES) -> Measurement:
    """By how much KL(p_t||N) exceeds ``rate(t) KL(p_0||N)`` at a few times (0 where it
    does not)."""
    first, doubt = relative_entropy_to_noise(path.start)
    excess, bounds = [], []
    for t in times:
        later, off = relative_entropy_to_noise(path.at(t))
        excess.append(max(0.0, later - rate(t) * first))
        bounds.append(off + rate(t) * doubt)
    why = "Trapezoidal rule for analytic integrands; its error is estimated by half of the nodes."
    return Measurement(
        torch.tensor(excess), Bound({"quadrature": torch.tensor(bounds)}, why, estimated=("quadrature",)), len(times)
    )
