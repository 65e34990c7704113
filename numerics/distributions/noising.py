r"""Mixtures on their way to noise under :math:`dX = -X\,dt + \sqrt2\,dW` and back, by the exact score of the path.

At time t a component of mean m and variance s^2 has mean :math:`e^{-t}m` and variance :math:`1 + (s^2-1)e^{-2t}`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.distributions.mixtures import IsotropicMixture, isotropic_gaussian
from numerics.distributions.score_matching import gradient_of
from numerics.statistics.kolmogorov import ks_to_uniform, ks_two_sample
from numerics.streams import Stream

__all__ = ["MixturePath", "decay", "random_path", "relative_entropy_to_noise", "returned", "reverse"]

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
    """Weights not too far apart, means with spread 2, scales between 0.6 and 1.4, on the line."""
    weights = 0.3 + stream.exponential(components)
    means, scales = 2 * stream.normal(components, 1), 0.6 + 0.8 * stream.uniform(components)
    return MixturePath(IsotropicMixture(weights, means, scales))


def relative_entropy_to_noise(p: IsotropicMixture) -> tuple[float, float]:
    """KL(p || N(0, 1)) on the line by the trapezoidal rule, and an estimate of its error (by half of the nodes)."""
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
    """By how much KL(p_t||N) exceeds ``rate(t) KL(p_0||N)`` at a few times (0 where it does not)."""
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


def reverse(
    path: MixturePath, start: Tensor, noise: Tensor, T: float, *, multiple: float = 2.0, every: int = 1
) -> Tensor:
    r"""Euler-Maruyama for :math:`dY = (Y + \mathrm{multiple}\,\nabla\log p_{T-s}(Y))\,ds + \sqrt2\,dW` from T to 0, steps finer towards 0.

    Args:
        start: ``(n,)``. noise: Standard normal, ``(steps, n)``. every: Join so many steps into one, with the same Brownian path.
    """
    steps = len(noise)
    t = T * (torch.arange(steps, -1, -1, dtype=start.dtype) / steps) ** 2
    y = start
    for k in range(0, steps, every):
        widths = t[k : k + every] - t[k + 1 : k + 1 + every]
        moved = (noise[k : k + every] * (2 * widths).sqrt().to(noise)[:, None]).sum(0)
        score = gradient_of(path.at(float(t[k])).log_prob, y[:, None])[:, 0]
        y = y + float(widths.sum()) * (y + multiple * score) + moved
    return y


def returned(
    path: MixturePath, size: int, stream: Stream, *, multiple: float = 2.0, T: float = 5.0, steps: int = 200
) -> tuple[float, Bound]:
    """Kolmogorov-Smirnov distance of the data to noise sent back, and what time steps and the start at N(0, 1) may add to it.

    The start is off by at most the root of KL(p_T||N)/2 in total variation (Pinsker), which the process does not enlarge; the error of the time steps is
    estimated by twice the distance to the same paths in steps of two.
    """
    start, noise = stream.normal(size), stream.normal(steps, size)
    fine, coarse = (reverse(path, start, noise, T, multiple=multiple, every=every) for every in (1, 2))
    first, doubt = relative_entropy_to_noise(path.start)
    terms = {"start": math.sqrt(math.exp(-2 * T) * (first + doubt) / 2), "time steps": 2 * ks_two_sample(fine, coarse)}
    why = "Pinsker's inequality and the decay of the relative entropy for the start; halved steps on the same Brownian paths for the discretisation."
    return ks_to_uniform(path.distribution_function(fine)), Bound(terms, why, estimated=("time steps",))
