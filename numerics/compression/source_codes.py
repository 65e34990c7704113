"""Huffman codes of random sources: mean lengths in bits against entropies, blocks, and
messages that are coded and read again."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.streams import Stream

Lengths = Callable[[Sequence[float]], list[int]]

ROUNDING = (
    "A mean length is a sum of m products of a mass and a whole number of at most m - 1, an entropy one of m terms within 3 unit roundoffs, both "
    "compensated (math.fsum); masses that are products of n factors are within n unit roundoffs, and a block of the largest length 64 n is compared."
)


def huffman_lengths(masses: Sequence[float]) -> list[int]:
    """Lengths in bits of Huffman's words, symbol by symbol; a single symbol has the
    empty word.

    >>> huffman_lengths([0.25, 0.25, 0.5])
    [2, 2, 1]
    """
    heap = [(mass, k) for k, mass in enumerate(masses)]
    parents = [-1] * (2 * len(masses) - 1)
    heapq.heapify(heap)
    for node in range(len(masses), len(parents)):
        (first, left), (second, right) = heapq.heappop(heap), heapq.heappop(heap)
        parents[left] = parents[right] = node
        heapq.heappush(heap, (first + second, node))
    depths = [0] * len(parents)
    for node in range(len(parents) - 2, -1, -1):
        depths[node] = depths[parents[node]] + 1
    return depths[: len(masses)]


def truncated_lengths(masses: Sequence[float]) -> list[int]:
    """Shannon's lengths rounded down, which no prefix code has."""
    return [max(0, math.floor(-math.log2(mass))) for mass in masses]


def prefix_words(lengths: Sequence[int]) -> list[str]:
    """Words of the given lengths, none a prefix of another: in order of length, each
    the next binary number.

    Raises:
        ValueError: Kraft's sum exceeds one, and there are no such words.

    >>> prefix_words([2, 2, 1])
    ['10', '11', '0']
    """
    words, value, last = [""] * len(lengths), 0, 0
    for k in sorted(range(len(lengths)), key=lambda k: lengths[k]):
        value <<= lengths[k] - last
        last = lengths[k]
        if value >= 1 << last:
            raise ValueError(f"Kraft's sum of {len(lengths)} lengths exceeds one: no prefix code has them.")
        words[k] = format(value, f"0{last}b") if last else ""
        value += 1
    return words


def decode(bits: str, words: Sequence[str]) -> list[int]:
    """The symbols whose words make up ``bits``, read from the left.

    >>> decode("1001", ["10", "11", "0"])
    [0, 2]
    """
    known, found, word = {word: k for k, word in enumerate(words)}, [], ""
    for bit in bits:
        word += bit
        if word in known:
            found.append(known[word])
            word = ""
    return found


def random_source(symbols: int, skew: float, stream: Stream) -> Tensor:
    """Masses of that many symbols, ``(symbols,)``; the larger the skew, the more
    uneven."""
    return (skew * stream.normal(symbols)).softmax(0)


def block_masses(masses: Tensor, n: int) -> list[float]:
    """Masses of all blocks of n independent symbols. Masses are ``(m,)``, the list has m^n."""
    return [math.prod(block) for block in product(masses.tolist(), repeat=n)]


def lengths_against_entropy(
    masses: Tensor, n: int, lengths: Lengths = huffman_lengths, *, bits: float = 1.0
) -> Measurement:
    """For blocks of n: by how much H <= L/n < H + bits/n fails, on either side, bits a
    symbol: ``(2,)``."""
    blocks = block_masses(masses, n)
    p = np.array(masses.tolist())
    entropy = -math.fsum(p * np.log2(p)) if len(p) > 1 else 0.0
    mean = math.fsum(mass * k for mass, k in zip(blocks, lengths(blocks), strict=True)) / n
    residual = torch.tensor([max(0.0, entropy - mean), max(0.0, mean - entropy - bits / n)], dtype=torch.float64)
    eps = 2.0**-52
    return Measurement(residual, Bound({"rounding": (n + 8) * (mean + entropy + 1) * eps}, ROUNDING), len(blocks))


def messages_that_differ(masses: Tensor, size: int, stream: Stream) -> Measurement:
    """How many of ``size`` coded symbols are not read back: a whole number, zero.
    Masses are ``(m,)``."""
    words = prefix_words(huffman_lengths(masses.tolist()))
    message = torch.multinomial(masses.cpu(), size, True, generator=stream.generator).tolist()
    read = decode("".join(words[k] for k in message), words)
    wrong = abs(len(read) - size) + sum(a != b for a, b in zip(read, message, strict=False))
    return Measurement(float(wrong), Bound({"counting": 0.5}, "A count is zero or at least one."), size)
