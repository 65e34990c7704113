"""The streaming MMD^2 on trial: against pairs one by one, its mean over all samples of
a finite alphabet, and Gaussians in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import permutations, product

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.statistics.mmd import MMD, GaussianKernel, Kernel, hoeffding_blocks, linear_mmd2, unbiased_mmd2
from numerics.streams import Stream

__all__ = [
    "SECOND_VARIANCE", "bias_over_all_samples", "blocks_behind_the_estimate", "closed_form", "gaussian_samples", "linear_terms", "pairs_one_by_one", "slack", "streaming",
    "with_the_diagonal",
]  # fmt: skip

Estimate = Callable[[Tensor, Tensor, Kernel], float]

SECOND_VARIANCE = 1.5
TERMS = 40_000  # of the estimate in linear time
SMALL_TILE = 37  # divides nothing: tiles of unequal sizes meet


def streaming(x: Tensor, y: Tensor, kernel: Kernel) -> float:
    """The estimate in small tiles. x is ``(n, D)``, y ``(m, D)``."""
    return unbiased_mmd2(x, y, kernel, tile=SMALL_TILE).squared


def with_the_diagonal(x: Tensor, y: Tensor, kernel: Kernel) -> float:
    """The V-statistic: every point is a pair with itself. x is ``(n, D)``, y ``(m, D)``."""
    return float(kernel(x, x).mean() + kernel(y, y).mean() - 2 * kernel(x, y).mean())


def gaussian_samples(
    dim: int, h: float, apart: float, size: int, stream: Stream
) -> tuple[Tensor, Tensor, GaussianKernel]:
    """Draws of N(0, I) and of N(apart e_1, 1.5 I), and the kernel of squared length h
    D."""
    x, y = stream.normal(size, dim), math.sqrt(SECOND_VARIANCE) * stream.normal(size, dim)
    y[:, 0] += apart
    return x, y, GaussianKernel(math.sqrt(h * dim))


def closed_form(h: float, s1: float, s2: float, squared: float, *, power: float) -> float:
    """MMD^2 of two Gaussians whose means are at that squared distance; ``power`` is
    half the dimension."""

    def expected(spread: float, d: float) -> float:
        return (h / (h + spread)) ** power * math.exp(-d / (2 * (h + spread)))

    return expected(2 * s1, 0) + expected(2 * s2, 0) - 2 * expected(s1 + s2, squared)


def linear_terms(dim: int, h: float, apart: float, stream: Stream) -> tuple[Tensor, Bound]:
    """Independent terms of :func:`numerics.statistics.mmd.linear_mmd2`, and their
    rounding."""
    x, y, kernel = gaussian_samples(dim, h, apart, 2 * TERMS, stream)
    terms = linear_mmd2(x, y, kernel.length)
    unit = torch.finfo(x.dtype).eps
    bound = Bound(
        {"rounding": (len(terms) + dim + 8.0) * unit * 4}, "Means of numbers in [-2, 2], each from an exponent below 0."
    )
    return terms, bound


def slack(found: MMD) -> Bound:
    """Rounding of an estimate."""
    return Bound({"rounding": found.rounding}, "Relative errors of kernel values and of float64 sums, times the means.")


def pairs_one_by_one(x: Tensor, y: Tensor, kernel: GaussianKernel, estimate: Estimate) -> Measurement:
    """The estimate against differences of points, squared and summed: no product of
    matrices, no tile, the diagonal left out by a mask. x is ``(n, D)``, y ``(m, D)``."""

    def values(a: Tensor, b: Tensor) -> Tensor:
        squares = torch.stack([(row - b).square().sum(1) for row in a])
        return torch.exp(squares / (-2 * kernel.length**2))

    n, m = len(x), len(y)
    off_x, off_y = (~torch.eye(k, dtype=torch.bool, device=x.device) for k in (n, m))
    expected = values(x, x)[off_x].mean() + values(y, y)[off_y].mean() - 2 * values(x, y).mean()
    found = unbiased_mmd2(x, y, kernel)
    extra = 8 * torch.finfo(x.dtype).eps * (n + m + x.shape[1]) * 4
    bound = Bound(
        {"tiles": found.rounding, "pairs": extra},
        "Exponents through lifted products, D + 8 units of the squares; sums of numbers in [0, 1].",
    )
    return Measurement(abs(estimate(x, y, kernel) - float(expected)), bound, n * n + m * m + n * m)


def blocks_behind_the_estimate(stream: Stream, blocks: Callable[[int, int], int] = hoeffding_blocks) -> Measurement:
    """Hoeffding's argument for U-statistics on four points of each sample: the estimate
    is the mean, over all orders of both samples, of a mean of ``blocks(4, 4)``
    independent terms.

    The terms are those of :func:`numerics.statistics.mmd.linear_mmd2`; their number and
    the mean are compared.
    """
    x, y = stream.normal(4, 2), stream.normal(4, 2) + 1
    orders = list(permutations(range(4)))
    terms = [linear_mmd2(x[list(one)], y[list(two)], 1.0) for one in orders for two in orders]
    mean = float(torch.stack(terms).mean())
    off = abs(mean - unbiased_mmd2(x, y, GaussianKernel(1.0)).squared)
    unit = torch.finfo(x.dtype).eps
    bound = Bound({"rounding": (len(orders) ** 2 + 64) * unit * 4}, "Means of numbers in [-2, 2], each from an exponent below 0; counts are whole numbers.")  # fmt: skip
    return Measurement(torch.tensor([off, float(abs(blocks(4, 4) - len(terms[0])))]), bound, len(terms))


def bias_over_all_samples(letters: int, n: int, m: int, estimate: Estimate, stream: Stream) -> Measurement:
    """The mean of the estimate over *all* samples of two distributions on a few
    letters, weighted by their probabilities, less MMD^2.

    Unbiased means that this is 0: no draw, no deviation inequality.
    """
    places = stream.normal(letters, 1)
    p, q = stream.exponential(letters), stream.exponential(letters)
    p, q = p / p.sum(), q / q.sum()
    kernel = GaussianKernel(1.0)
    gram = kernel(places, places)
    population = float((p - q) @ gram @ (p - q))
    mean, count = 0.0, 0
    for first in product(range(letters), repeat=n):
        for second in product(range(letters), repeat=m):
            weight = float(p[list(first)].prod() * q[list(second)].prod())
            mean += weight * estimate(places[list(first)], places[list(second)], kernel)
            count += 1
    unit = torch.finfo(places.dtype).eps
    reach = float(places.abs().max())
    bound = Bound(
        {"rounding": (count + 64 * (1 + reach**2)) * unit * 4},
        "A sum of all samples' values, each in [-2, 2] and off by the rounding of nine exponents.",
    )
    return Measurement(abs(mean - population), bound, count)
