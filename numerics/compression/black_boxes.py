"""Searches for a hidden reconstruction, drawn: how often N evaluations of a decoder
miss one of M cells."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.compression.curve_bounds import HALVINGS, drawn_lower, largest_mean
from numerics.streams import Stream

Search = Callable[[Callable[[Tensor], Tensor], int, int, int, Stream], Tensor]
CHUNK = 4096  # searches at once


def hidden_decoder(cells: Tensor, M: int) -> Callable[[Tensor], Tensor]:
    """Distortion 0 at codes z in the hidden cell of [0, 1), 1 elsewhere: of codes ``(r,
    n)`` in r searches, cells ``(r,)``.

    >>> import torch
    >>> hidden_decoder(torch.tensor([1]), 4)(torch.tensor([[0.1, 0.3]])).tolist()
    [[1.0, 0.0]]
    """
    return lambda z: ((z * M).floor().long() != cells[:, None]).to(z)


def spread(distortion: Callable[[Tensor], Tensor], repeats: int, M: int, N: int, stream: Stream) -> Tensor:
    """N different cells in random order, a point in each; whether a reconstruction was
    seen, ``(repeats,)``."""
    order = stream.uniform(repeats, M).argsort(1)[:, :N]
    points = (order + 0.5 * stream.uniform(repeats, N) + 0.25) / M
    return (distortion(points) == 0).any(1)


def anew(distortion: Callable[[Tensor], Tensor], repeats: int, M: int, N: int, stream: Stream) -> Tensor:
    """N independent points: a cell may be asked twice."""
    return (distortion(stream.uniform(repeats, N)) == 0).any(1)


def misses(M: int, N: int, size: int, stream: Stream, search: Search = spread) -> int:
    """In how many of ``size`` searches a cell hidden at random is not seen, so that "F
    > log M" would be wrong."""
    missed = 0
    for start in range(0, size, CHUNK):
        repeats = min(CHUNK, size - start)
        cells = stream.integers(0, M, repeats)
        missed += repeats - int(search(hidden_decoder(cells, M), repeats, M, N, stream).sum())
    return missed


# -- bounds that an audit certifies ----------------------------------------------------------------------------------------------

Largest = Callable[[Tensor, int, float], Tensor]


def tails(n: int, level: float, largest: Largest = largest_mean) -> Measurement:
    """By how much P(count <= c) of n coins, each of the largest mean that c of n does
    not exclude, is above the level, for every c below n; relative to it."""
    counts = torch.arange(n, dtype=torch.float64)
    q = largest(counts / n, n, level)[:, None]
    k = torch.arange(n + 1, dtype=torch.float64)
    whole = torch.tensor(float(n + 1), dtype=torch.float64)
    ways = torch.lgamma(whole) - torch.lgamma(k + 1) - torch.lgamma(whole - k)
    log_mass = ways + torch.special.xlogy(k, q) + torch.special.xlogy(n - k, 1 - q)
    tail = torch.where(k <= counts[:, None], log_mass.exp(), 0.0).sum(1)
    size = float(torch.lgamma(whole)) + n * math.log(2) - math.log(level)
    bound = Bound(
        {"rounding": 64 * (n + size) * torch.finfo(torch.float64).eps},
        "Masses of a binomial distribution are within 16 unit roundoffs of the logarithms that they are made of, which are at most log n! and n log 2 "
        "in size where they count; sums of n positive terms within n.",
    )
    return Measurement((tail / level - 1).clamp(min=0), bound, n)


def solves(n: int, level: float, largest: Largest = largest_mean) -> Measurement:
    """n KL(c/n, q) against log(1/level) for every count c below n: no wider than the
    inequality asks for."""
    mean = torch.arange(n, dtype=torch.float64) / n
    q = largest(mean, n, level)
    found = n * (torch.special.xlogy(mean, mean / q) + torch.special.xlogy(1 - mean, (1 - mean) / (1 - q)))
    steep = n * (q - mean) / (q * (1 - q))
    eps = torch.finfo(torch.float64).eps
    bound = Bound(
        {"halving": steep * 2.0 ** (2 - HALVINGS), "rounding": (steep * q + 16 * (n + math.log(1 / level))) * 4 * eps},
        "q is found to within 2^-60 and one unit roundoff of q; the derivative of n KL in q is n (q - p)/(q(1 - q)); KL itself is within 16 unit roundoffs of "
        "its terms.",
    )
    return Measurement((found - math.log(1 / level)).abs(), bound, n)


def bounds_by_count(N: int, level: float) -> list[float]:
    """The certified lower bound of F from N draws of which 0, .., N met a perfect
    reconstruction and the others met none, as
    :func:`numerics.compression.curve_bounds.drawn_lower` has it."""
    found = []
    for count in range(N + 1):
        d = torch.full((N, 1), math.inf, dtype=torch.float64)
        d[:count] = 0.0
        found.append(float(drawn_lower(iter([d]), [1.0], N, level)[0]))
    return found


def _binomial(N: int, p: float, counted: list[bool]) -> float:
    return sum(math.comb(N, k) * p**k * (1 - p) ** (N - k) for k in range(N + 1) if counted[k])


def needles_missed(N: int, level: float, largest: int = 12) -> Measurement:
    """By how much the probability that a bound from N draws exceeds F = log M is above
    its level, relative to it, for M = 2, .., ``largest`` cells."""
    bounds = bounds_by_count(N, level)
    wrong = [_binomial(N, 1 / M, [one > math.log(M) for one in bounds]) for M in range(2, largest + 1)]
    bound = Bound(
        {"rounding": 16 * (N + 1) * torch.finfo(torch.float64).eps},
        "Binomial masses are products of at most N + 1 factors, each within 8 unit roundoffs, and their sums are of positive terms.",
    )
    return Measurement([max(0.0, one / level - 1) for one in wrong], bound, largest - 1)


def needle_bounds(M: int, N: int, size: int, level: float, stream: Stream) -> tuple[int, float]:
    """In how many of ``size`` runs a certified lower bound from N draws exceeds F = log
    M, of a decoder that reconstructs in one of M cells and nowhere else; and with which
    probability that happens, by the binomial distribution."""
    seen = (stream.uniform(size, N) * M < 1).sum(1)
    above = [one > math.log(M) for one in bounds_by_count(N, level)]
    return int(torch.tensor(above, device=seen.device)[seen].sum()), _binomial(N, 1 / M, above)
