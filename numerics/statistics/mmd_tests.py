r"""What a permutation says of MMD^2: a p-value that is valid at every sample size, and
batches of permutations by one matrix product.

Under equal distributions all ways of dealing the pooled points into two samples are
alike. With b of B random dealings at least as large as the observed value, :math:`(b +
1)/(B + 1)` is at most alpha with probability at most alpha (Phipson & Smyth 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.statistics.mmd import Kernel, check_samples
from numerics.streams import Stream

__all__ = ["Permuted", "permutation_test"]

LARGEST = 4096  # pooled points whose kernel matrix is held


@dataclass(frozen=True)
class Permuted:
    """The unbiased MMD^2 of the samples, those of permuted ones ``(B,)``, and the
    p-value."""

    observed: float
    permuted: Tensor
    p_value: float


def permutation_test(
    first: Tensor, second: Tensor, kernel: Kernel, stream: Stream, *, permutations: int = 999
) -> Permuted:
    """The p-value ``(b + 1)/(B + 1)`` of "both samples come from one distribution".

    Args:
        first: Points ``(n, D)``. second: ``(m, D)``; together at most 4096 points,
            whose kernel matrix is held.
        permutations: B.
    Raises:
        ValueError: as :func:`numerics.statistics.mmd.check_samples`, or too many
            points.

    >>> x = Stream(0).normal(50, 2)
    >>> permutation_test(x, x + 3, lambda a, b: torch.exp(-torch.cdist(a, b)), Stream(1), permutations=99).p_value
    0.01
    """
    check_samples(first, second)
    n, m = len(first), len(second)
    if n + m > LARGEST:
        raise ValueError(
            f"Expected at most {LARGEST} points in all, got {n + m}: thin them, or use more than one test."
        )
    if permutations < 1:
        raise ValueError(f"Expected at least one permutation, got {permutations}.")
    pooled = torch.cat([first, second])
    gram = kernel(pooled, pooled).to(torch.float64)
    gram = gram - torch.diag(gram.diagonal())
    labels = torch.zeros(n + m, permutations + 1, dtype=torch.float64, device=gram.device)
    labels[:n, 0] = 1.0
    for k in range(1, permutations + 1):
        labels[stream.permutation(n + m)[:n].to(gram.device), k] = 1.0
    values = _squared(gram, labels, n, m)
    rest = values[1:]
    # a dealing that repeats the observed one up to rounding counts as at least as large
    slack = 64 * torch.finfo(torch.float64).eps * float(gram.abs().max())
    above = int((rest >= values[0] - slack).sum())
    return Permuted(float(values[0]), rest, (above + 1) / (permutations + 1))


def _squared(gram: Tensor, labels: Tensor, n: int, m: int) -> Tensor:
    """MMD^2 for every column of labels: with g = K s, the sums within and between are
    inner products."""
    product = gram @ labels
    row = gram.sum(0)
    inside = (labels * product).sum(0)
    between = (labels * row[:, None]).sum(0) - inside
    rest = row.sum() - inside - 2 * between
    return inside / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * between / (n * m)
