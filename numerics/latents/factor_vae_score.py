"""The FactorVAE score of a representation against known factors (Kim & Mnih 2018): the
accuracy of a majority vote on *fresh* votes.

``codes`` has shape ``(n, c)``, one column a coordinate of the representation,
``factors`` has shape ``(n, k)``; rows belong together. On
:func:`numerics.latents.code_bins.normal_scores` it is invariant under increasing maps
of single coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.latents.code_bins import BINS, TILE, as_table, classes, require_matching
from numerics.streams import Stream, tiles

__all__ = ["FactorVae", "factor_vae", "factor_vae_by_simulation", "factor_vae_of_votes", "pairs_by_simulation"]


@dataclass(frozen=True)
class FactorVae:
    """``score``: how many of ``total`` fresh votes the majority of the training votes
    calls right (``right``); ``votes``, the training table of shape (k, c): how often a
    batch with factor k fixed varied least in code c."""

    score: float
    right: int
    total: int
    votes: Tensor


def factor_vae(
    codes: Tensor, factors: Tensor, stream: Stream, *, bins: int = BINS, batch: int = 64, votes: int = 800, variance: Tensor | None = None
) -> FactorVae:  # fmt: skip
    """The FactorVAE score from rows that are already there.

    A vote: a factor at random, its class in a random row, ``batch`` rows of that class
    drawn with replacement, and the code that varies least among them, relative to its
    variance over all rows. Factors with more than ``bins`` values are fixed up to a bin
    of equal mass. Half of ``votes`` trains the majority vote, half measures it.

    Args:
        codes: Shape ``(n, c)``. factors: Shape ``(n, k)``. stream: Source of the votes.
        variance: Of each code, shape ``(c,)``; that over the rows when omitted.
    Raises:
        ValueError: rows that do not match, all codes constant, a batch below 2, fewer
            than 2 votes.
    Source: Kim & Mnih 2018, section 5, who draw each batch from a simulator:
        :func:`factor_vae_by_simulation`.

    >>> factors = torch.cartesian_prod(torch.arange(4.0), torch.arange(4.0))
    >>> factor_vae(factors, factors, Stream(1)).score
    1.0
    """
    codes, factors = require_matching(codes, factors)
    _check_votes(batch, votes)
    labels = classes(factors, bins)
    spread = _spread(codes) if variance is None else variance
    order = torch.argsort(labels, dim=0, stable=True)
    sizes = [torch.bincount(column) for column in labels.T]

    def pairs() -> Iterator[tuple[Tensor, Tensor]]:
        for count in tiles(votes, max(1, TILE // (batch * codes.shape[1]))):
            fixed = stream.integers(0, factors.shape[1], count).to(labels.device)
            value = labels[stream.integers(0, len(codes), count).to(labels.device), fixed]
            starts = torch.stack([torch.cumsum(size, 0)[v] - size[v] for size, v in _each(sizes, fixed, value)])
            many = torch.stack([size[v] for size, v in _each(sizes, fixed, value)])
            picked = (stream.uniform(count, batch).to(codes.device) * many[:, None]).to(torch.int64)
            rows = order[starts[:, None] + picked, fixed[:, None]]
            yield fixed, _steadiest(codes[rows], spread)

    return _score_votes(pairs(), factors.shape[1], codes.shape[1])


def _each(sizes: list[Tensor], fixed: Tensor, value: Tensor) -> Iterator[tuple[Tensor, int]]:
    for j, v in zip(fixed.tolist(), value.tolist(), strict=True):
        yield sizes[j], v


def factor_vae_by_simulation(
    represent: Callable[[Tensor], Tensor], sample: Callable[[int], Tensor], stream: Stream, *, batch: int = 64, votes: int = 800,
    pilot: int = 4096,
) -> FactorVae:  # fmt: skip
    """The FactorVAE score where factors can be set: as published.

    A vote: ``batch`` rows of ``sample``, one factor at random set to its value in the
    first row throughout, and the code of ``represent(factors)`` that varies least,
    relative to its variance over ``pilot`` rows. Half of ``votes`` trains, half
    measures.

    Args:
        represent: From factors ``(m, k)`` to codes ``(m, c)``. sample: From m to
            factors ``(m, k)``.
    Source: Kim & Mnih 2018, section 5 (they train on 500 to 800 votes of batches of
        64).

    >>> draws = Stream(1)
    >>> factor_vae_by_simulation(lambda z: z.flip(1), lambda m: draws.normal(m, 2), Stream(2), votes=40).score
    1.0
    """
    pairs, k, c = pairs_by_simulation(represent, sample, stream, batch=batch, votes=votes, pilot=pilot)
    return _score_votes(pairs, k, c)


def pairs_by_simulation(
    represent: Callable[[Tensor], Tensor], sample: Callable[[int], Tensor], stream: Stream, *, batch: int, votes: int, pilot: int = 4096
) -> tuple[Iterator[tuple[Tensor, Tensor]], int, int]:  # fmt: skip
    """Votes as tiles of (fixed factor, steadiest code), with the numbers of factors and
    of codes.

    Args:
        represent: From factors ``(m, k)`` to codes ``(m, c)``. sample: From m to
            factors ``(m, k)``.

    >>> draws = Stream(1)
    >>> pairs, k, c = pairs_by_simulation(
    ...     lambda z: z.flip(1), lambda m: draws.normal(m, 2), Stream(2), batch=8, votes=40
    ... )
    >>> all(bool((steady == 1 - fixed).all()) for fixed, steady in pairs), k, c
    (True, 2, 2)
    """
    _check_votes(batch, votes)
    first = sample(pilot)
    spread = _spread(as_table(represent(first), "the codes"))
    k, c = first.shape[1], spread.numel()

    def pairs() -> Iterator[tuple[Tensor, Tensor]]:
        for count in tiles(votes, max(1, TILE // (batch * max(k, c)))):
            factors = sample(count * batch).view(count, batch, k)
            fixed = stream.integers(0, k, count).to(factors.device)
            held = fixed[:, None, None].expand(count, batch, 1)
            factors = factors.scatter(2, held, factors[:, :1].gather(2, held[:, :1]).expand(count, batch, 1))
            yield fixed, _steadiest(represent(factors.reshape(-1, k)).view(count, batch, c), spread)

    return pairs(), k, c


def factor_vae_of_votes(train: Tensor, test: Tensor) -> FactorVae:
    """The score from two tables of votes, shape ``(k, c)``: each code calls the factor
    that most of its training votes name.

    >>> factor_vae_of_votes(torch.tensor([[9, 1], [1, 9]]), torch.tensor([[3, 1], [1, 3]])).score
    0.75
    """
    called = train.argmax(0)
    right = int(test.gather(0, called[None]).sum())
    total = int(test.sum())
    return FactorVae(right / total, right, total, train)


def _score_votes(pairs: Iterator[tuple[Tensor, Tensor]], k: int, c: int) -> FactorVae:
    fixed, steady = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    half = len(fixed) // 2
    tables = [
        torch.bincount(f * c + s, minlength=k * c).view(k, c)
        for f, s in ((fixed[:half], steady[:half]), (fixed[half:], steady[half:]))
    ]
    return factor_vae_of_votes(*tables)


def _steadiest(batches: Tensor, spread: Tensor) -> Tensor:
    """The code of least relative variance in each batch ``(votes, batch, c)``; constant
    codes take no part."""
    ratio = batches.var(dim=1) / spread
    return torch.where(spread > 0, ratio, math.inf).argmin(-1)


def _spread(codes: Tensor) -> Tensor:
    variance = codes.var(dim=0)
    if not bool((variance > 0).any()):
        raise ValueError("Every code is constant: no code can vary least.")
    return variance


def _check_votes(batch: int, votes: int) -> None:
    if batch < 2 or votes < 2:
        raise ValueError(
            f"Expected batches of at least 2 rows and at least 2 votes, got batch = {batch}, votes = {votes}."
        )
