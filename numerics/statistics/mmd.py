r"""Maximum mean discrepancy of two samples, unbiased, in memory that does not grow with
them: tiles of the kernel matrix on any device.

.. math:: \widehat{\mathrm{MMD}}{}^2 = \frac{1}{n(n-1)}\sum_{i \ne j} k(x_i, x_j) + \frac{1}{m(m-1)}\sum_{i \ne j} k(y_i, y_j) - \frac{2}{nm}\sum_{i,j} k(x_i, y_j)

It is a U-statistic whose kernel lies in [-2, 2] where k lies in [0, 1]: Hoeffding's
inequality holds with min(n, m)//2 independent blocks of that width. It may be negative.
What a permutation says of it is :mod:`.mmd_tests`.

Source: Gretton, Borgwardt, Rasch, Schoelkopf, Smola 2012, lemma 6 and theorem 10;
    Hoeffding 1963, section 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.blocks import Over
from numerics.streams import Stream

__all__ = [
    "MMD",
    "GaussianKernel",
    "Kernel",
    "KernelLook",
    "check_samples",
    "hoeffding_blocks",
    "linear_mmd2",
    "look_at_kernel",
    "mean_kernel",
    "median_length",
    "unbiased_mmd2",
    "witness",
]  # fmt: skip

Kernel = Callable[[Tensor, Tensor], Tensor]  # points (n, D), (m, D) to values (n, m)
WIDTH = 4.0  # of the U-statistic's kernel, for k in [0, 1]
SIDE = 4  # tiles along a side of a block, which is what travels where the work is carried out elsewhere
PILOT = 1000  # points of the median heuristic, and of the search for a negative eigenvalue


@dataclass(frozen=True)
class GaussianKernel:
    r""":math:`k(x, y) = e^{-|x-y|^2/(2\ell^2)}` with length l, by one matrix product a
    tile.

    Raises:
        ValueError: a length that is not positive and finite.
    Accuracy: :meth:`rounding`. Points are best centred; :func:`unbiased_mmd2` does so.

    >>> GaussianKernel(1.0)(torch.zeros(1, 2).double(), torch.tensor([[1.0, 1.0]]).double())
    tensor([[0.3679]], dtype=torch.float64)
    """

    length: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.length) and self.length > 0):
            raise ValueError(f"Expected a positive finite length, got {self.length}.")

    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        """Values of shape ``(n, m)``: exponents by one product of points lifted by
        their squares, none above 0."""
        h = self.length**2
        ones_x, ones_y = x.new_ones(len(x), 1), y.new_ones(len(y), 1)
        left = torch.cat([x / h, x.square().sum(1, keepdim=True) / (-2 * h), ones_x], 1)
        right = torch.cat([y, ones_y, y.square().sum(1, keepdim=True) / (-2 * h)], 1)
        return (left @ right.mT).clamp_max_(0).exp_()

    def rounding(self, reach: float, dim: int, unit: float) -> float:
        """Relative error of a value: the exponent's, D + 8 units of the squares ``(|x|
        + |y|)^2/(2 l^2) <= 2 reach^2/l^2``."""
        return (dim + 8) * unit * (1 + 2 * reach**2 / self.length**2)


@dataclass(frozen=True)
class MMD:
    """An unbiased estimate: MMD^2, its three means, the sizes of the samples, and how
    far rounding can have carried it."""

    squared: float
    within_first: float
    within_second: float
    between: float
    sizes: tuple[int, int]
    rounding: float


def unbiased_mmd2(first: Tensor, second: Tensor, kernel: Kernel, *, tile: int = 2048, over: Over = map) -> MMD:
    """The unbiased estimate in memory for one tile: time grows with (n + m)^2 D, memory
    with tile^2.

    Args:
        first: Points ``(n, D)``, n >= 2. second: ``(m, D)``, m >= 2; dtype and device
            are kept, sums are float64.
        kernel: A symmetric positive definite kernel; :class:`GaussianKernel` or a
            callable of yours.
        tile: Rows and columns of the kernel matrix held at a time.
        over: What carries out blocks of :data:`SIDE` by :data:`SIDE` tiles; the same
            numbers, whatever it is.
    Raises:
        ValueError: fewer than two points, other dimensions, points or kernel values
            that are not finite.
    Accuracy: ``rounding`` bounds it for a :class:`GaussianKernel`; for another kernel
        it covers the sums alone.

    >>> x = torch.tensor([[0.0], [0.0]]).double()
    >>> round(unbiased_mmd2(x, x + 10, GaussianKernel(1.0)).squared, 6)
    2.0
    """
    check_samples(first, second)
    centre = (first.mean(0) + second.mean(0)) / 2
    x, y = first - centre, second - centre
    n, m = len(x), len(y)
    within_x = mean_kernel(x, None, kernel, tile, over)
    within_y = mean_kernel(y, None, kernel, tile, over)
    between = mean_kernel(x, y, kernel, tile, over)
    unit = torch.finfo(x.dtype).eps / 2
    relative = 8 * unit
    if isinstance(kernel, GaussianKernel):
        reach = math.sqrt(max(float(part.square().sum(1).max()) for part in (x, y)))
        relative += kernel.rounding(reach, x.shape[1], unit) + 4 * unit * reach / kernel.length
    doubt = relative * (within_x + within_y + 2 * between)
    return MMD(within_x + within_y - 2 * between, within_x, within_y, between, (n, m), doubt)


def mean_kernel(x: Tensor, y: Tensor | None, kernel: Kernel, tile: int = 2048, over: Over = map) -> float:
    """The mean of k(x_i, y_j) over all pairs or, without y, of k(x_i, x_j) over pairs
    of different points, tile by tile.

    >>> mean_kernel(torch.zeros(3, 1).double(), None, GaussianKernel(1.0))
    1.0
    """
    total = sum(over(_block_sum, _blocks(x, y, kernel, tile)))
    mean = total / (len(x) * (len(x) - 1) if y is None else len(x) * len(y))
    if not math.isfinite(mean):
        raise ValueError("Expected finite kernel values, got NaN or an infinity.")
    return mean


Block = tuple[Tensor, Tensor | None, Kernel, int, float]


def _blocks(x: Tensor, y: Tensor | None, kernel: Kernel, tile: int) -> Iterator[Block]:
    """Rows and columns, how often their sum counts; no columns for a block on the
    diagonal of a sample with itself, and none below it."""
    for i, rows in enumerate(x.split(SIDE * tile)):
        for j, columns in enumerate((x if y is None else y).split(SIDE * tile)):
            if y is not None:
                yield rows, columns, kernel, tile, 1.0
            elif j == i:
                yield rows, None, kernel, tile, 1.0
            elif j > i:
                yield rows, columns, kernel, tile, 2.0


def _block_sum(block: Block) -> float:
    """The sum of kernel values over the pairs of a block, tile by tile."""
    x, y, kernel, tile, times = block
    total = torch.zeros((), dtype=torch.float64, device=x.device)
    for i, rows in enumerate(x.split(tile)):
        for j, columns in enumerate((x if y is None else y).split(tile)):
            if y is None and j < i:
                continue
            values = kernel(rows, columns)
            part = values.sum(dtype=torch.float64)
            if y is None:  # a tile above the diagonal stands for two; on it a point is no pair with itself
                part = part - values.diagonal().sum(dtype=torch.float64) if i == j else 2 * part
            total += part
    return times * float(total)


def linear_mmd2(first: Tensor, second: Tensor, length: float) -> Tensor:
    """Independent unbiased terms, one for each two points of both samples (Gaussian
    kernel): shape ``(min(n, m)//2,)``, in [-2, 2].

    Source: Gretton et al. 2012, lemma 14.
    """
    half = min(len(first), len(second)) // 2
    if half < 1:
        raise ValueError(f"Expected at least two points of each sample, got {len(first)} and {len(second)}.")
    x, u, y, v = first[:half], first[half : 2 * half], second[:half], second[half : 2 * half]

    def k(a: Tensor, b: Tensor) -> Tensor:
        return torch.exp((a - b).square().sum(1) * (-0.5 / length**2))

    return k(x, u) + k(y, v) - k(x, v) - k(u, y)


def hoeffding_blocks(n: int, m: int) -> int:
    """How many independent terms of width :data:`WIDTH` stand behind the unbiased
    estimate: ``min(n, m) // 2``.

    >>> hoeffding_blocks(7, 100)
    3
    """
    return min(n, m) // 2


def witness(first: Tensor, second: Tensor, kernel: Kernel, points: Tensor, *, tile: int = 2048) -> Tensor:
    """Where two samples differ: the mean kernel to the first less that to the second,
    at ``points`` (N, D), shape ``(N,)``.

    >>> x = torch.zeros(1, 1).double()
    >>> witness(x, x + 10, GaussianKernel(1.0), torch.tensor([[0.0], [10.0]]).double())
    tensor([ 1., -1.], dtype=torch.float64)
    """
    found = torch.zeros(len(points), dtype=torch.float64, device=points.device)
    for sign, sample in ((1.0, first), (-1.0, second)):
        for rows in sample.split(tile):
            found += sign / len(sample) * kernel(points, rows).sum(1, dtype=torch.float64)
    return found


def median_length(points: Tensor, stream: Stream) -> float:
    """The median distance between points, of a random thousand of them.

    Raises:
        ValueError: it is zero, since more than half of the pairs coincide; no kernel of
            that length exists.

    >>> median_length(torch.tensor([[0.0], [1.0], [3.0]]).double(), Stream(0))
    2.0
    """
    chosen = points[stream.permutation(len(points))[:PILOT].to(points.device)].to(torch.float64)
    if len(chosen) < 2:
        raise ValueError(f"Expected at least two points, got {len(chosen)}.")
    length = float(torch.pdist(chosen).median())
    if not length > 0:
        raise ValueError(
            "The median distance between points is 0: more than half of the pairs coincide. Give a length, or remove duplicates."
        )
    return length


@dataclass(frozen=True)
class KernelLook:
    """What a kernel is like on some points: the least eigenvalue of its matrix and what
    rounding allows it to be below 0, the largest ``|k(x, y) - k(y, x)|`` and its
    rounding, and the range of its values."""

    least_eigenvalue: float
    allowed: float
    asymmetry: float
    rounding: float
    low: float
    high: float

    @property
    def bounded(self) -> bool:
        """Whether all values lie in [0, 1], up to rounding."""
        return self.low >= -self.rounding and self.high <= 1 + self.rounding


def look_at_kernel(kernel: Kernel, points: Tensor) -> KernelLook:
    """A kernel on at most a thousand points ``(N, D)``.

    With an eigenvalue below minus the allowance it is not positive definite: the
    eigenvector is a witness, and MMD^2 is no squared distance.

    Accuracy: an eigenvalue errs by N units of the largest (Weyl), and by N times what
        rounding makes asymmetric: half of the digits, which differences of squares may
        lose.
    """
    chosen = points[:: max(1, -(-len(points) // PILOT))]
    given = kernel(chosen, chosen)
    matrix = given.to(torch.float64)
    if matrix.shape != (len(chosen), len(chosen)):
        raise ValueError(f"Expected kernel values of shape ({len(chosen)}, {len(chosen)}), got {tuple(matrix.shape)}.")
    if not bool(torch.isfinite(matrix).all()):
        raise ValueError("Expected finite kernel values, got NaN or an infinity.")
    unit = torch.finfo(given.dtype).eps
    values = torch.linalg.eigvalsh((matrix + matrix.mT) / 2)
    asymmetry, largest = float((matrix - matrix.mT).abs().max()), float(matrix.abs().max())
    rounding = math.sqrt(unit) * largest
    allowed = len(chosen) * (unit * float(values.abs().max()) + min(asymmetry, rounding))
    return KernelLook(float(values[0]), allowed, asymmetry, rounding, float(matrix.min()), float(matrix.max()))


def check_samples(first: Tensor, second: Tensor) -> None:
    """Refuse what no estimate is made of.

    Raises:
        ValueError: shapes other than (n, D) and (m, D), fewer than two points,
            integers, NaN or infinities.
    """
    for name, sample in (("first", first), ("second", second)):
        if sample.ndim != 2 or sample.shape[0] < 2 or sample.shape[1] < 1:
            raise ValueError(f"Expected a {name} sample of shape (n, D) with n >= 2, got {tuple(sample.shape)}.")
        if not sample.is_floating_point():
            raise ValueError(f"Expected floating-point points, got {sample.dtype}. Convert them first.")
        if not bool(torch.isfinite(sample).all()):
            raise ValueError(f"Expected finite points in the {name} sample, got NaN or an infinity.")
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"Expected samples of one dimension, got D = {first.shape[1]} and D = {second.shape[1]}.")
