"""The mutual information gap (MIG) of a representation against known factors (Chen et
al. 2018), on codes sorted into bins as Locatello et al. 2019 do: mutual information is
that of the empirical joint distribution of two labels.

Chen et al. integrate over the encoder's noise instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.latents.code_bins import BINS, bins_of_equal_mass, classes, require_matching


@dataclass(frozen=True)
class Mig:
    """``score`` in [0, 1]; ``gaps`` (k,); ``information`` (c, k) and ``entropy`` (k,)
    in nats."""

    score: float
    gaps: Tensor
    information: Tensor
    entropy: Tensor


def mutual_information(first: Tensor, second: Tensor) -> Tensor:
    r"""Mutual information of labels, every column of ``first`` with every one of
    ``second``, of their empirical joint distribution.

    .. math:: \hat I = \hat H(A) + \hat H(B) - \hat H(A, B), \qquad \hat H = -\sum_a \tfrac{n_a}{n}\log\tfrac{n_a}{n}

    Args:
        first: Nonnegative integers, shape ``(n, c)``. second: Likewise, ``(n, k)``.
    Returns:
        Nats, shape ``(c, k)``, float64.
    Accuracy: rounding of a sum of as many terms as there are pairs of labels.

    >>> labels = torch.tensor([[0], [1], [0], [1]])
    >>> round(float(mutual_information(labels, labels).exp()), 12)
    2.0
    """
    n = len(first)
    own, other = (torch.stack([_entropy(torch.bincount(column), n) for column in table.T]) for table in (first, second))
    return (own[:, None] + other - joint_entropy(first, second)).clamp_min_(0.0)


def joint_entropy(first: Tensor, second: Tensor) -> Tensor:
    """Entropy of the empirical joint distribution of labels, every column of ``first``
    (``(n, c)``) with every one of ``second`` (``(n, k)``); nats, ``(c, k)``, float64.

    >>> labels = torch.tensor([[0], [1]])
    >>> joint_entropy(labels, labels)  # log 2
    tensor([[0.6931]], dtype=torch.float64)
    """
    n, wide = len(first), int(second.max()) + 1
    found = torch.empty(first.shape[1], second.shape[1], dtype=torch.float64, device=first.device)
    shift = torch.arange(second.shape[1], device=second.device)
    for i, column in enumerate(first.T):
        high = int(column.max()) + 1
        cells = (shift * high + column[:, None]) * wide + second
        counts = torch.bincount(cells.reshape(-1), minlength=second.shape[1] * high * wide)
        found[i] = torch.stack([_entropy(part, n) for part in counts.view(second.shape[1], -1)])
    return found


def _entropy(counts: Tensor, n: int) -> Tensor:
    share = counts.to(torch.float64) / n
    return -torch.xlogy(share, share).sum()


def mig(
    codes: Tensor, factors: Tensor, *, bins: int = BINS, sort: Callable[[Tensor, int], Tensor] = bins_of_equal_mass
) -> Mig:
    r"""Mutual information gap.

    .. math:: \mathrm{MIG} = \frac1k \sum_j \frac{\hat I(c_{(1)}; v_j) - \hat I(c_{(2)}; v_j)}{\hat H(v_j)}

    where (1) and (2) are the two codes that say most about factor j. Codes are sorted
    into ``bins``; factors with more than ``bins`` distinct values likewise. The
    estimate is never negative, and so lies above a true gap of zero by about ``bins^2 /
    n``.

    Args:
        codes: Shape ``(n, c)``, c >= 2. factors: Shape ``(n, k)``. sort:
            :func:`bins_of_equal_mass`, or :func:`bins_of_equal_width` for the histogram
            of Locatello et al. 2019.
    Raises:
        ValueError: fewer than two codes, a constant factor, rows that do not match,
            values that are not finite.
    Source: Chen, Li, Grosse, Duvenaud 2018, section 4; the bins of Locatello et al.
        2019, appendix C.

    >>> factors = torch.cartesian_prod(torch.arange(4.0), torch.arange(4.0))
    >>> mig(factors, factors, bins=4).score
    1.0
    """
    codes, factors = require_matching(codes, factors)
    labels = classes(factors, bins, sort=sort)
    entropy = torch.stack([_entropy(torch.bincount(column), len(labels)) for column in labels.T])
    if bool((entropy <= 0).any()):
        raise ValueError(f"Factor {int((entropy <= 0).nonzero()[0])} is constant: it has no information to share out.")
    return mig_of_information(mutual_information(sort(codes, bins), labels), entropy)


def mig_of_information(information: Tensor, entropy: Tensor) -> Mig:
    """The gap from mutual informations ``(c, k)`` and entropies ``(k,)``, however they
    were found.

    >>> mig_of_information(torch.tensor([[1.0], [0.25]]), torch.tensor([1.0])).score
    0.75
    """
    if information.shape[0] < 2:
        raise ValueError(
            f"A gap needs at least two codes, got {information.shape[0]}: hypothesis 'd >= 2' failed for the representation."
        )
    first, second = information.topk(2, dim=0).values
    gaps = (first - second) / entropy
    return Mig(float(gaps.mean()), gaps, information, entropy)
