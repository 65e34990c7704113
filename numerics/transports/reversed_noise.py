r"""Noise sent back to data by the reversed equation :math:`dY = (Y + 2\nabla\log
p_{T-s}(Y))\,ds + \sqrt2\,dW`, with the score of a mixture's path.

The paths are those of :class:`numerics.distributions.noising.MixturePath`; the equation
is stepped through by Euler and Maruyama.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from numerics.bounds import Bound
from numerics.distributions.noising import MixturePath, relative_entropy_to_noise
from numerics.distributions.score_matching import gradient_of
from numerics.statistics.kolmogorov import ks_to_uniform, ks_two_sample
from numerics.streams import Stream

__all__ = ["return_distance", "reverse"]


def reverse(
    path: MixturePath, start: Tensor, noise: Tensor, T: float, *, multiple: float = 2.0, every: int = 1
) -> Tensor:
    r"""Euler-Maruyama for :math:`dY = (Y + \mathrm{multiple}\,\nabla\log
    p_{T-s}(Y))\,ds + \sqrt2\,dW` from T to 0, steps finer towards 0.

    Args:
        start: ``(n,)``. noise: Standard normal, ``(steps, n)``. every: Join so many
            steps into one, with the same Brownian path.
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


def return_distance(
    path: MixturePath, size: int, stream: Stream, *, multiple: float = 2.0, T: float = 5.0, steps: int = 200
) -> tuple[float, Bound]:
    """Kolmogorov-Smirnov distance of the data to noise sent back, and what time steps
    and the start at N(0, 1) may add to it.

    The start is off by at most the root of KL(p_T||N)/2 in total variation (Pinsker),
    which the process does not enlarge; the error of the time steps is estimated by
    twice the distance to the same paths in steps of two.
    """
    start, noise = stream.normal(size), stream.normal(steps, size)
    fine, coarse = (reverse(path, start, noise, T, multiple=multiple, every=every) for every in (1, 2))
    first, doubt = relative_entropy_to_noise(path.start)
    terms = {"start": math.sqrt(math.exp(-2 * T) * (first + doubt) / 2), "time steps": 2 * ks_two_sample(fine, coarse)}
    why = "Pinsker's inequality and the decay of the relative entropy for the start; halved steps on the same Brownian paths for the discretisation."
    return ks_to_uniform(path.distribution_function(fine)), Bound(terms, why, estimated=("time steps",))
