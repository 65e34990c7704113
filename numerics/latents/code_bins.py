"""Codes as labels, sorted into bins of equal mass or width, and as normal scores: the
forms in which scores of disentanglement take them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

BINS = 20  # of Locatello et al. 2019
TILE = 1 << 20  # numbers held at a time


def bins_of_equal_mass(values: Tensor, bins: int = BINS) -> Tensor:
    """Labels 0..bins-1 of every column by its own empirical quantiles; equal values
    share a label.

    Invariant under increasing maps of each column. Shape of ``values``, int64.

    Raises:
        ValueError: fewer than two bins, fewer rows than bins, or values that are not
            finite.

    >>> bins_of_equal_mass(torch.tensor([[0.1], [5.0], [0.2], [9.0]]), 2)
    tensor([[0],
            [1],
            [0],
            [1]])
    """
    table = as_table(values, "the values")
    if not 2 <= bins <= len(table):
        raise ValueError(f"Expected between 2 and n = {len(table)} bins, got {bins}.")
    ordered = torch.sort(table, dim=0).values
    places = (torch.arange(1, bins, device=table.device) * len(table)) // bins
    return torch.searchsorted(ordered[places].T.contiguous(), table.T.contiguous(), right=True).T


def bins_of_equal_width(values: Tensor, bins: int = BINS) -> Tensor:
    """Labels by ``bins`` cells of equal width between a column's least and largest
    value, as a histogram has them.

    Not invariant under increasing maps; this is what Locatello et al. 2019 do. Raises
    as :func:`bins_of_equal_mass`.

    Args:
        values: Shape ``(n, c)``.
    Returns:
        int64, shape ``(n, c)``.

    >>> bins_of_equal_width(torch.tensor([[0.0], [1.0], [2.0], [9.0]]), 3).T
    tensor([[0, 0, 0, 2]])
    """
    table = as_table(values, "the values")
    if bins < 2:
        raise ValueError(f"Expected at least 2 bins, got {bins}.")
    low, high = table.amin(0), table.amax(0)
    width = torch.where(high > low, high - low, torch.ones_like(high)) / bins
    return ((table - low) / width).to(torch.int64).clamp_(0, bins - 1)


def classes(factors: Tensor, bins: int = BINS, *, sort: Callable[[Tensor, int], Tensor] = bins_of_equal_mass) -> Tensor:
    """Labels of factors: a column with at most ``bins`` distinct values keeps them as
    its classes, others are sorted into bins.

    Args:
        factors: Shape ``(n, k)``.
    Returns:
        int64, shape ``(n, k)``.

    >>> classes(torch.tensor([[0.5], [7.0], [0.5]])).T
    tensor([[0, 1, 0]])
    """
    table = as_table(factors, "the factors")
    columns = []
    for column in table.T:
        distinct, label = torch.unique(column, return_inverse=True)
        columns.append(label if distinct.numel() <= bins else sort(column[:, None], bins)[:, 0])
    return torch.stack(columns, dim=1)


def normal_scores(values: Tensor) -> Tensor:
    r"""Every column replaced by :math:`\Phi^{-1}\bigl((r - \tfrac12)/n\bigr)`, r the
    rank, of equal values their mean rank. float64.

    A constant column becomes 0; a column without ties becomes the n quantiles of the
    normal distribution at the middles of n equal masses.

    Args:
        values: Shape ``(n, c)``, n at least 1.
    Returns:
        Shape ``(n, c)``.

    >>> normal_scores(torch.tensor([[3.0], [7.0]]))
    tensor([[-0.6745],
            [ 0.6745]], dtype=torch.float64)
    """
    table = as_table(values, "the values")
    columns = []
    for column in table.T:
        _, place, count = torch.unique(column, return_inverse=True, return_counts=True)
        middle = torch.cumsum(count, 0).to(torch.float64) - 0.5 * count  # the mean of r - 1/2
        columns.append(middle[place] / len(table))
    return torch.special.ndtri(torch.stack(columns, dim=1))


def as_table(values: Tensor, what: str) -> Tensor:
    """The values as ``(n, columns)``; refused unless finite numbers in two axes."""
    if not isinstance(values, Tensor):
        raise TypeError(
            f"Expected {what} as a torch tensor, got {type(values).__name__}. torch.as_tensor(...) makes one."
        )
    table = values[:, None] if values.ndim == 1 else values
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"Expected {what} of shape (n, columns) with n >= 1, got {tuple(values.shape)}.")
    if table.is_floating_point() and not bool(torch.isfinite(table).all()):
        raise ValueError(f"Expected finite numbers in {what}, got NaN or an infinity.")
    return table


def require_matching(codes: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    """Codes and factors as tables of as many rows, at least one. Codes are ``(N, d)``,
    factors ``(N, k)``, or ``(N,)`` each."""
    codes, factors = as_table(codes, "the codes"), as_table(factors, "the factors")
    if len(codes) != len(factors):
        raise ValueError(
            f"Expected one row of factors a row of codes, got {len(codes)} codes and {len(factors)} factors."
        )
    if codes.device != factors.device:
        raise ValueError(f"Expected codes and factors on one device, got {codes.device} and {factors.device}.")
    return codes, factors


def standardise(table: Tensor) -> Tensor:
    """Columns of mean 0 and mean square 1; constant ones become 0. The table is ``(N, d)``."""
    numbers = table.to(torch.float64)
    varies = (numbers != numbers[0]).any(0)
    centred = torch.where(varies, numbers - numbers.mean(0), torch.zeros_like(numbers))
    size = centred.square().mean(0).sqrt()
    return centred / torch.where(varies, size, torch.ones_like(size))
