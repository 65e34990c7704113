"""Sources that are a reproduction plus noise, measured: their rate in closed form
against both algorithms, and their distribution by draws."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.compression.encoders import entropy
from numerics.compression.rate_distortion import Slope, blahut_arimoto, free_energy, gains, interior_point
from numerics.streams import Stream

Solver = Callable[[Tensor, Tensor, float], Slope]


@dataclass(frozen=True)
class CyclicSource:
    """x = y + w modulo M: distortions of differences at slope 1, and the distribution
    of x.

    Args:
        distortions: ``(M, M)``, a circulant. weights: ``(M,)``. noise: ``(M,)``.
    """

    distortions: Tensor
    weights: Tensor
    noise: Tensor


def cyclic_source(size: int, stream: Stream) -> CyclicSource:
    """Random reproductions (a third of them of mass zero) and random noise modulo
    ``size``; the distortion is -log of the noise, at least 0.

    >>> source = cyclic_source(5, Stream(0))
    >>> round(float(source.weights.sum()), 12)
    1.0
    """
    noise = (2 * stream.normal(size)).softmax(0)
    used = stream.uniform(size) > 1 / 3
    used[0] = True
    reproductions = torch.where(used, stream.exponential(size), stream.exponential(size) * 0)
    reproductions = reproductions / reproductions.sum()
    differences = (torch.arange(size)[:, None] - torch.arange(size)) % size
    costs = -noise.log() + noise.max().log()
    return CyclicSource(costs[differences], noise[differences] @ reproductions, noise)


def rate_in_closed_form(source: CyclicSource) -> tuple[Tensor, Tensor]:
    """h(x) - h(w) and the distortion of the noise, nats: ``()`` each."""
    costs = -source.noise.log() + source.noise.max().log()
    return entropy(source.weights) - entropy(source.noise), (source.noise * costs).sum()


def value_without_the_noise(source: CyclicSource) -> Tensor:
    """h(x) - D + D: what F would be if the rate were h(x) - D."""
    return entropy(source.weights)


def value_in_closed_form(source: CyclicSource) -> Tensor:
    """F = R + D of the closed form, nats, ``()``."""
    rate, distortion = rate_in_closed_form(source)
    return rate + distortion


def settled_distortion(distortions: Tensor, weights: Tensor, beta: float) -> Slope:
    """Blahut and Arimoto stopped when the distortion changes by less than 1e-3, with
    that called the width of the interval. ``distortions`` is ``(n, m)``, ``weights``
    ``(n,)``."""
    prior = weights.new_full((distortions.shape[1],), 1 / distortions.shape[1])
    last = math.inf
    steps, spent = 0, math.inf
    while True:
        steps += 1
        encoder = (prior.log() - beta * distortions).softmax(1)
        spent = float((weights * (encoder * distortions).sum(1)).sum())
        if abs(spent - last) < 1e-3:
            break
        last, prior = spent, weights @ encoder
    value, rounding = free_energy(distortions, weights, prior, beta)
    return Slope(beta, prior, float(value), float(value), float(rounding.terms["rounding"]), spent, steps)


def found_against_closed_form(
    source: CyclicSource,
    value: Callable[[CyclicSource], Tensor] = value_in_closed_form,
    solver: Solver = interior_point,
) -> Measurement:
    """The least F of any distribution of reproductions, as a solver finds it, against
    the closed form."""
    found = solver(source.distortions, source.weights, 1.0)
    size = source.weights.numel()
    sizes = float(source.distortions.max()) + math.log(size) + 1
    bound = Bound(
        {"interval": found.gap, "rounding": 8 * (size + 8) * sizes * torch.finfo(source.weights.dtype).eps},
        "The optimum lies within the certified interval; entropies are sums of M terms, each within 4 unit roundoffs, and masses are sums of M products.",
    )
    return Measurement((value(source) - found.upper).abs(), bound, size)


def two_algorithms(source: CyclicSource, width: float = 1e-4) -> Measurement:
    """The least F as the interior point finds it, against Blahut and Arimoto's once
    their own rule says that ``width`` is left."""
    first = interior_point(source.distortions, source.weights, 1.0)
    second = blahut_arimoto(source.distortions, source.weights, 1.0, gap=width)
    return Measurement(
        abs(first.upper - second.upper),
        Bound(
            {"interval": first.gap, "stopping rule": width, "rounding": second.rounding},
            "The least F lies within the interval of the first; the second stops where log max g, by which it may exceed the least, is below half "
            "the width that it was asked for.",
        ),
        2,
    )


def gain_of_a_gaussian(distortion: float, dtype: torch.dtype = torch.float64) -> Measurement:
    """g of the reproductions N(0, 1 - D) of a standard normal source, by the
    trapezoidal rule in data and reproductions, against 1."""
    step, reach, edge = 0.25 * math.sqrt(distortion), 16.0, 4.0
    axis = torch.arange(-reach, reach + step / 2, step, dtype=dtype)
    prior = step * (-axis.square() / (2 * (1 - distortion))).exp() / math.sqrt(2 * math.pi * (1 - distortion))
    weights = step * (-axis.square() / 2).exp() / math.sqrt(2 * math.pi)
    squares = (axis[:, None] - axis).square() / 2
    central = axis.abs() <= edge
    g = gains(squares, weights, prior, 1 / distortion)[central]
    rule = 8 * math.exp(-2 * (math.pi * math.sqrt(distortion) / step) ** 2 * min(1.0, 1 / distortion - 1))
    middle = (
        reach + edge
    ) / 2  # data beyond it are far from the reproductions looked at, those within it far from the lattice's ends
    far = math.exp(-((middle - edge) ** 2) / (2 * distortion))
    ends = 4 * far + 2 * math.exp(-((reach - (1 - distortion) * middle) ** 2) / (2 * distortion * (1 - distortion)))
    rounding = 64 * axis.numel() * torch.finfo(dtype).eps
    return Measurement(
        (g - 1).abs(),
        Bound(
            {"trapezoidal rule": rule, "ends": ends, "rounding": rounding},
            "Poisson's summation: a Gaussian of variance v on a lattice of step h is summed to within 2 exp(-2 (pi/h)^2 v), for the encoder's variance "
            "D (1 - D) and the noise's D. A datum within m of 0 misses the tail of its encoder, N((1 - D) x, D (1 - D)), beyond the lattice; data beyond m, whose "
            "Z is at least half of itself, enter by the noise's tail; exponents and sums of N terms.",
        ),
        int(central.sum()),
    )


# -- draws -----------------------------------------------------------------------------------------------------------------------


def laplace_sum(size: int, ratio: float, stream: Stream) -> Tensor:
    """Draws of y + w: an atom at 0 of mass ratio^2 or a Laplace variable of scale 1,
    and Laplace noise of scale ``ratio``, ``(size,)``."""
    atom = stream.uniform(size) < ratio * ratio
    y = torch.where(
        atom, torch.zeros(size, dtype=stream.dtype, device=stream.device), stream.exponential(size) * stream.signs(size)
    )
    return y + ratio * stream.exponential(size) * stream.signs(size)


def without_the_atom(size: int, ratio: float, stream: Stream) -> Tensor:
    """The same without the atom at zero."""
    return stream.exponential(size) * stream.signs(size) + ratio * stream.exponential(size) * stream.signs(size)


def distance_to_laplace(draws: Tensor) -> float:
    """Largest distance of the empirical distribution function from that of a Laplace
    variable of scale 1. Draws have any shape."""
    half = torch.exp(-draws.abs()) / 2
    values = torch.where(draws < 0, half, 1 - half).sort().values
    n = values.numel()
    steps = torch.arange(n + 1, dtype=values.dtype, device=values.device) / n
    return float(torch.maximum(steps[1:] - values, values - steps[:-1]).max())
