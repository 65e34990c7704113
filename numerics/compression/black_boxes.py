"""Searches for a hidden reconstruction, drawn: how often N evaluations of a decoder
miss one of M cells."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

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
