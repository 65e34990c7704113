r"""What a permutation says of MMD^2: a p-value that is valid at every sample size, and
batches of permutations by one matrix product.

Under equal distributions all ways of dealing the pooled points into two samples are
alike. With b of B random dealings at least as large as the observed value, :math:`(b +
1)/(B + 1)` is at most alpha with probability at most alpha (Phipson & Smyth 2010). So
is :math:`h/l` where the h-th of them is the l-th dealing and l <= B: dealing may stop
there (Besag & Clifford 1991), and large p-values, of which nobody asks many digits,
cost few dealings.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.statistics.mmd import Kernel, check_samples
from numerics.streams import Stream

__all__ = ["Permuted", "permutation_test"]

LARGEST = 4096  # pooled points whose kernel matrix is held
BATCH = 250  # permutations in one matrix product


@dataclass(frozen=True)
class Permuted:
    """The unbiased MMD^2 of the samples, those of permuted ones ``(b,)``, b <= B, and
    the p-value."""

    observed: float
    permuted: Tensor
    p_value: float


def permutation_test(
    first: Tensor,
    second: Tensor,
    kernel: Kernel,
    stream: Stream,
    *,
    permutations: int = 999,
    exceedances: int | None = None,
) -> Permuted:
    """The p-value ``(b + 1)/(B + 1)`` of "both samples come from one distribution", or
    ``h/l`` where the h-th permutation that is at least as large is the l-th.

    Args:
        first: Points ``(n, D)``. second: ``(m, D)``; together at most 4096 points,
            whose kernel matrix is held.
        permutations: B, at most.
        exceedances: h; None for all B permutations. The p-value then has a relative
            standard error of about ``h^-1/2``.
    Raises:
        ValueError: as :func:`numerics.statistics.mmd.check_samples`, too many points,
            or no permutation or exceedance.

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
    if permutations < 1 or (exceedances is not None and exceedances < 1):
        raise ValueError(f"Expected at least one permutation and exceedance, got {permutations} and {exceedances}.")
    pooled = torch.cat([first, second])
    gram = kernel(pooled, pooled).to(torch.float64)
    gram = gram - torch.diag(gram.diagonal())
    observed = _squared(gram, (torch.arange(n + m, device=gram.device) < n).double()[:, None], n, m)[0]
    # a dealing that repeats the observed one up to rounding counts as at least as large
    least = observed - 64 * torch.finfo(torch.float64).eps * float(gram.abs().max())
    found: list[Tensor] = []
    above = 0
    for start in range(0, permutations, BATCH):
        dealt = _dealings(n, m, min(BATCH, permutations - start), stream).to(gram.device)
        found.append(_squared(gram, dealt, n, m))
        places = (found[-1] >= least).nonzero()[:, 0]
        if exceedances is not None and above + len(places) >= exceedances:
            last = start + int(places[exceedances - above - 1]) + 1
            return Permuted(float(observed), torch.cat(found)[:last], exceedances / last)
        above += len(places)
    return Permuted(float(observed), torch.cat(found), (above + 1) / (permutations + 1))


def _dealings(n: int, m: int, count: int, stream: Stream) -> Tensor:
    """Which of the pooled points are dealt to the first sample, ``(n + m, count)``."""
    labels = torch.zeros(n + m, count, dtype=torch.float64)
    for k in range(count):
        labels[stream.permutation(n + m)[:n].cpu(), k] = 1.0
    return labels


def _squared(gram: Tensor, labels: Tensor, n: int, m: int) -> Tensor:
    """MMD^2 for every column of labels: with g = K s, the sums within and between are
    inner products."""
    product = gram @ labels
    row = gram.sum(0)
    inside = (labels * product).sum(0)
    between = (labels * row[:, None]).sum(0) - inside
    rest = row.sum() - inside - 2 * between
    return inside / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * between / (n * m)
