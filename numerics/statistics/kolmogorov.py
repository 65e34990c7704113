"""Distances between samples and distributions: Kolmogorov-Smirnov, exactly or in
constant memory, and counts over cells.

Levels and p-values do not occur here: these are the statistics; the radius belongs to
the test that uses them.
"""

from __future__ import annotations

import torch
from torch import Tensor


def ks_to_uniform(sample: Tensor) -> float:
    r"""Kolmogorov-Smirnov distance between a sample and the uniform distribution on [0,
    1].

    .. math:: \sup_u |F_n(u) - u|

    Args:
        sample: Shape ``(n,)``, values in [0, 1].
    Returns:
        The supremum, over the whole line, with both one-sided limits at every jump.
    Raises:
        ValueError: an empty sample, NaN, or a value outside [0, 1]; nothing is clipped.
    Accuracy:
        Exact up to two roundings of numbers in [0, 1]; memory for one sorted copy.
        :class:`UniformGrid` streams.

    >>> ks_to_uniform(torch.tensor([0.25, 0.75]).double())
    0.25
    """
    return float(ks_to_uniform_columns(_vector(sample)[:, None])[0])


def ks_to_uniform_columns(sample: Tensor) -> Tensor:
    """:func:`ks_to_uniform` of every column of ``sample`` (shape ``(n, columns)``);
    returns shape ``(columns,)``.

    >>> ks_to_uniform_columns(torch.tensor([[0.25, 0.0], [0.75, 0.0]]).double())
    tensor([0.2500, 1.0000], dtype=torch.float64)
    """
    _check_unit(sample)
    n = sample.shape[0]
    ordered = torch.sort(sample, dim=0).values
    ranks = torch.arange(1, n + 1, device=sample.device, dtype=sample.dtype)[:, None]
    above = (ranks / n - ordered).amax(0)
    below = (ordered - (ranks - 1) / n).amax(0)
    return torch.maximum(above, below)


def ks_two_sample(first: Tensor, second: Tensor) -> float:
    r"""Kolmogorov-Smirnov distance between two samples, :math:`\sup_t |F_n(t) -
    G_m(t)|`; ties are allowed.

    Args:
        first: Shape ``(n,)``. second: Shape ``(m,)``; any real values.
    Raises:
        ValueError: an empty sample or NaN.
    Accuracy:
        Exact up to one rounding of n- and m-th parts.

    >>> ks_two_sample(torch.tensor([0.0, 1.0]), torch.tensor([0.5, 2.0]))
    0.5
    """
    a, b = torch.sort(_vector(first)).values, torch.sort(_vector(second)).values
    for name, sample in (("first", a), ("second", b)):
        if sample.numel() == 0 or bool(torch.isnan(sample).any()):
            raise ValueError(f"Expected a non-empty {name} sample without NaN, got {sample.numel()} values.")
    points = torch.cat([a, b])
    below_a = torch.searchsorted(a, points, right=True).to(torch.float64) / a.numel()
    below_b = torch.searchsorted(b, points, right=True).to(torch.float64) / b.numel()
    return float((below_a - below_b).abs().max())


class UniformGrid:
    """The distance to the uniform distribution in constant memory: counts on a fixed
    grid, and a rigorous bracket.

    On the grid's edges the empirical distribution function is known exactly, which
    bounds the distance from below; in between both functions are monotone, which bounds
    it from above by at most one cell's width more.

    Args:
        cells: Cells of [0, 1], a power of two so that binning is exact in floating
            point.
        columns: How many samples are tracked side by side.
        device: Where the counts live; tiles are expected there.

    >>> grid = UniformGrid(cells=4).add(torch.tensor([0.1, 0.6]).double())
    >>> grid.lower, grid.upper
    (0.25, 0.5)
    """

    def __init__(self, cells: int = 1 << 16, columns: int = 1, device: str | torch.device = "cpu") -> None:
        if cells < 1 or cells & (cells - 1):
            raise ValueError(f"Expected a power of two for the number of cells, got {cells}.")
        self.cells, self.columns = cells, columns
        self.counts = torch.zeros(columns, cells, dtype=torch.int64, device=device)

    @property
    def size(self) -> int:
        """How many points each column has seen."""
        return int(self.counts[0].sum())

    def add(self, sample: Tensor) -> UniformGrid:
        """Count a tile, shape ``(n,)`` or ``(n, columns)``; values in [0, 1], 1 counted
        in the last cell."""
        table = sample[:, None] if sample.ndim == 1 else sample
        if table.ndim != 2 or table.shape[1] != self.columns:
            raise ValueError(f"Expected a tile of shape (n, {self.columns}), got {tuple(sample.shape)}.")
        _check_unit(table)
        index = (table * self.cells).to(torch.int64).clamp_(max=self.cells - 1)
        index += torch.arange(self.columns, device=index.device) * self.cells
        self.counts += torch.bincount(index.reshape(-1), minlength=self.counts.numel()).view_as(self.counts)
        return self

    def brackets(self) -> tuple[Tensor, Tensor]:
        """Lower and upper bounds of the distance, each of shape ``(columns,)``.

        >>> UniformGrid(cells=2).add(torch.tensor([0.25]).double()).brackets()
        (tensor([0.5000], dtype=torch.float64), tensor([1.], dtype=torch.float64))
        """
        if self.size == 0:
            raise ValueError("No point was counted; add a tile first.")
        inner = torch.cumsum(self.counts, 1).to(torch.float64) / self.size
        empirical = torch.cat([torch.zeros_like(inner[:, :1]), inner], 1)
        edges = torch.arange(self.cells + 1, device=inner.device, dtype=torch.float64) / self.cells
        lower = (empirical - edges).abs().amax(1)
        over = (empirical[:, 1:] - edges[:-1]).amax(1)
        under = (edges[1:] - empirical[:, :-1]).amax(1)
        return lower, torch.maximum(over, under)

    @property
    def lower(self) -> float:
        """The largest lower bound over the columns."""
        return float(self.brackets()[0].max())

    @property
    def upper(self) -> float:
        """The largest upper bound over the columns; at most ``lower + 1 / cells``."""
        return float(self.brackets()[1].max())


def uniform_bracket(lower: float, upper: float) -> tuple[float, float]:
    """A statistic and its slack from a bracket: the middle, and half the width that the
    truth may lie away.

    >>> uniform_bracket(0.25, 0.75)
    (0.5, 0.25)
    """
    return (lower + upper) / 2, (upper - lower) / 2


class TwoSampleGrid:
    """Two samples' distance in constant memory, by the same bracket; values in [0, 1].

    The distance is invariant under increasing maps, so that any distribution is first
    sent into [0, 1] by one.

    >>> pair = TwoSampleGrid(4, 1)
    >>> _ = pair.first.add(torch.tensor([0.1]).double()), pair.second.add(torch.tensor([0.9]).double())
    >>> pair.brackets()[0]
    tensor([1.], dtype=torch.float64)
    """

    def __init__(self, cells: int = 1 << 16, columns: int = 1, device: str | torch.device = "cpu") -> None:
        self.first = UniformGrid(cells, columns, device)
        self.second = UniformGrid(cells, columns, device)

    def brackets(self) -> tuple[Tensor, Tensor]:
        """Lower and upper bounds of sup |F_n - G_m|, each of shape ``(columns,)``."""
        curves = []
        for grid in (self.first, self.second):
            if grid.size == 0:
                raise ValueError("Both samples need at least one point; add a tile to .first and to .second.")
            inner = torch.cumsum(grid.counts, 1).to(torch.float64) / grid.size
            curves.append(torch.cat([torch.zeros_like(inner[:, :1]), inner], 1))
        f, g = curves
        lower = (f - g).abs().amax(1)
        upper = torch.maximum((f[:, 1:] - g[:, :-1]).amax(1), (g[:, 1:] - f[:, :-1]).amax(1))
        return lower, upper


def count_cells(sample: Tensor, edges: tuple[Tensor, ...]) -> Tensor:
    """Counts over a grid of boxes.

    Args:
        sample: Shape ``(n, D)`` (or ``(n,)`` for D = 1); rows with NaN are refused.
        edges: For each coordinate the increasing cell edges, shape ``(k_i + 1,)``.
    Returns:
        int64 counts of the cells ``[e_j, e_{j+1})`` in row-major order and, last, of
        everything outside: shape ``(prod k_i + 1,)``.

    >>> count_cells(torch.tensor([0.5, 1.5, 9.0]), (torch.tensor([0.0, 1.0, 2.0]),))
    tensor([1, 1, 1])
    """
    table = sample[:, None] if sample.ndim == 1 else sample
    if table.ndim != 2 or table.shape[1] != len(edges):
        raise ValueError(
            f"Expected a sample of shape (n, {len(edges)}), one column for each list of edges, got {tuple(sample.shape)}."
        )
    if bool(torch.isnan(table).any()):
        raise ValueError("Expected a sample without NaN.")
    total = 1
    for grid in edges:
        total *= grid.numel() - 1
    index = torch.zeros(table.shape[0], dtype=torch.int64, device=table.device)
    inside = torch.ones(table.shape[0], dtype=torch.bool, device=table.device)
    for column, grid in zip(table.T, edges, strict=True):
        place = torch.searchsorted(grid, column.contiguous(), right=True) - 1
        inside &= (place >= 0) & (place < grid.numel() - 1)
        index = index * (grid.numel() - 1) + place
    index = torch.where(inside, index, total)
    return torch.bincount(index, minlength=total + 1)


def ks_over_cells(counts: Tensor, masses: Tensor) -> float:
    r"""Kolmogorov-Smirnov distance between observed counts of cells and the masses that
    a distribution gives them.

    A cell's number is a random variable on the integers; its empirical and its claimed
    distribution function are compared. Deviation inequalities for sup |F_n - F| hold
    for distributions with atoms too, so that one test covers all cells.

    Args:
        counts: Nonnegative, shape ``(cells,)``, the remainder included. masses: Claimed
            probabilities, shape ``(cells,)`` or ``(cells - 1,)``, in which case the
            remainder takes what is left of 1.

    >>> ks_over_cells(torch.tensor([3, 1]), torch.tensor([0.5, 0.5]).double())
    0.25
    """
    if masses.numel() == counts.numel() - 1:
        masses = torch.cat([masses, 1 - masses.sum()[None]])
    if masses.shape != counts.shape:
        raise ValueError(
            f"Expected one mass for each of the {counts.numel()} cells (or all but the last), got {masses.numel()}."
        )
    observed = torch.cumsum(counts, 0).to(torch.float64) / counts.sum()
    return float((observed - torch.cumsum(masses.to(torch.float64), 0)).abs().max())


def _vector(sample: Tensor) -> Tensor:
    if sample.ndim != 1 or not sample.is_floating_point():
        raise ValueError(
            f"Expected a floating-point sample of shape (n,), got {sample.dtype} of shape {tuple(sample.shape)}."
        )
    return sample


def _check_unit(sample: Tensor) -> None:
    if sample.ndim != 2 or sample.shape[0] == 0:
        raise ValueError(f"Expected a non-empty sample of shape (n, columns), got {tuple(sample.shape)}.")
    if not bool(((sample >= 0) & (sample <= 1)).all()):
        low, high = float(sample.min()), float(sample.max())
        raise ValueError(
            f"Expected values in [0, 1], got values from {low:.6g} to {high:.6g}. Was the distribution function applied?"
        )
