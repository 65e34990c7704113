"""Averages of matrices over a group of permutations: equivariant maps between tensors,
and the patterns of equality on which they are constant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import permutations, product

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.rounding import gamma
from numerics.streams import Stream

Group = Callable[[int], Iterable[tuple[int, ...]]]
MEANS = "means of |G| numbers are within gamma_(|G|+2) of their exact values, times means of absolute values"
CHANCE = "entries further apart differ, and those of different orbits tie by chance with probability about 1e-12"


def tuple_images(g: tuple[int, ...], k: int) -> Tensor:
    """What a permutation of n points does to the n^k tuples, the last point running
    fastest.

    >>> tuple_images((1, 0), 2)
    tensor([3, 2, 1, 0])
    """
    n = len(g)
    grid = torch.tensor(list(product(g, repeat=k))) if k else torch.zeros(1, 0, dtype=torch.int64)
    weights = torch.tensor([n ** (k - 1 - i) for i in range(k)], dtype=torch.int64)
    return (grid * weights).sum(1)


def all_permutations(n: int) -> Iterable[tuple[int, ...]]:
    """The n! permutations of n points.

    >>> len(list(all_permutations(4)))
    24
    """
    return permutations(range(n))


def all_shifts(n: int) -> Iterable[tuple[int, ...]]:
    """The n circular shifts.

    >>> all_shifts(3)
    [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
    """
    return [tuple((i + d) % n for i in range(n)) for d in range(n)]


def group_average(matrix: Tensor, group: Iterable[tuple[int, ...]], orders: tuple[int, int]) -> Tensor:
    """(1/|G|) sum_g P_out(g)^-1 A P_in(g) over permutations of n points, A of shape
    ``(n^b, n^a)`` for ``orders = (a, b)``.

    >>> group_average(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), all_permutations(2), (1, 1))
    tensor([[2.5000, 2.5000],
            [2.5000, 2.5000]])
    """
    total = torch.zeros_like(matrix)
    count = 0
    for g in group:
        rows, columns = (tuple_images(g, k).to(matrix.device) for k in (orders[1], orders[0]))
        total = total + matrix[rows][:, columns]
        count += 1
    return total / count


def equality_patterns(n: int, k: int) -> Tensor:
    """A number for each of the n^k tuples that two tuples share exactly when the same
    entries agree, shape ``(n^k,)``, from 0 up.

    >>> equality_patterns(2, 2)
    tensor([0, 1, 1, 0])
    """
    tuples = list(product(range(n), repeat=k))
    names = [tuple(word.index(x) for x in word) for word in tuples]
    known = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return torch.tensor([known[name] for name in names])


def spread_by_pattern(matrix: Tensor, pattern: Tensor) -> tuple[Tensor, int]:
    """How far entries of one pattern are apart (greatest less least), by pattern, and
    the number of patterns.

    Args:
        matrix: Any shape. pattern: Numbers from 0 up, int64, one an entry of
            ``matrix``, row-major.

    >>> spread_by_pattern(torch.tensor([[1.0, 2.0], [4.0, 3.0]]), torch.tensor([0, 1, 1, 0]))
    (tensor([2., 2.]), 2)
    """
    flat, pattern = matrix.reshape(-1), pattern.to(matrix.device)
    count = int(pattern.max()) + 1
    ends = [flat.new_zeros(count).scatter_reduce(0, pattern, flat, how, include_self=False) for how in ("amax", "amin")]
    return ends[0] - ends[1], count


def partitions(k: int, n: int) -> int:
    """Set partitions of k points into at most n blocks, by the recursion over the last
    point's block.

    >>> [partitions(4, n) for n in range(1, 6)]
    [1, 8, 14, 15, 15]
    """
    row = [1] + [0] * k  # by number of blocks, of no points yet
    for _ in range(k):
        row = [0] + [b * row[b] + row[b - 1] for b in range(1, k + 1)]
    return sum(row[: min(k, n) + 1])


def averages(
    n: int, orders: tuple[int, int], stream: Stream, *, group: Group = all_permutations
) -> dict[str, Measurement]:
    """The average of a random matrix is a random equivariant map: constant on patterns
    of equality, and no two patterns alike.

    Args:
        n: Number of points. orders: (a, b), of tensors of order a to tensors of order
            b.
        group: From n to the permutations that are averaged over.

    >>> float(averages(3, (1, 1), Stream(1))["dimension"].residual)
    0.0
    """
    a, b = orders
    members = list(group(n))
    matrix = stream.normal(n**b, n**a)
    mean = group_average(matrix, members, orders)
    spread, count = spread_by_pattern(mean, equality_patterns(n, a + b))
    rounding = 2 * gamma(len(members) + 2, matrix) * float(group_average(matrix.abs(), members, orders).max())
    different = 1 + int((mean.reshape(-1).sort().values.diff() > rounding).sum())
    counted = Bound({"counting": 0.0}, f"{MEANS}; {CHANCE}")
    return {
        "constant on patterns": Measurement(spread, Bound({"rounding": rounding}, MEANS), count),
        "dimension": Measurement(abs(different - partitions(a + b, n)), counted, mean.numel()),
        "patterns": Measurement(abs(count - different), counted, mean.numel()),
    }
