r"""Do two samples come from one distribution? Joint distances with the constants that
make a test of them valid at every sample size.

Marginal by marginal, :func:`numerics.statistics.kolmogorov.ks_two_sample` and
:class:`numerics.statistics.kolmogorov.TwoSampleGrid` answer. Jointly, a distribution
has a mean embedding :math:`\mu_P = E\,\varphi(X)` in a Hilbert space; the distance of
two empirical ones,

.. math:: T = \Bigl\| \frac1n\sum_i \varphi(x_i) - \frac1m\sum_j \varphi(y_j) \Bigr\|,

changes by at most :math:`\Delta/n` (or :math:`\Delta/m`) when one point is replaced,
:math:`\Delta = \sup|\varphi(x) - \varphi(x')|`. McDiarmid's inequality then bounds
:math:`|T - ET|` by :math:`\Delta\sqrt{(1/n + 1/m)\log(2/\alpha)/2}` except with
probability alpha, which is Hoeffding's inequality for n + m variables of the width
returned by :func:`hoeffding_width`; and for equal distributions
:math:`0 \le ET \le \sqrt{ET^2} \le \sqrt{1/n + 1/m}` when :math:`|\varphi| = 1`. No
level occurs here.

Source: Gretton, Borgwardt, Rasch, Schoelkopf, Smola 2012, theorem 7 and its proof; the
    features are those of Rahimi & Recht 2007.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from numerics.streams import Stream

__all__ = [
    "Embedding",
    "Standardised",
    "gaussian_mmd",
    "hoeffding_width",
    "mean_under_equal_distributions",
    "spread_of",
]

KERNEL_REACH = math.sqrt(2.0)  # |phi(x) - phi(x')| for a kernel with values in [0, 1] and k(x, x) = 1
FEATURE_REACH = 2.0  # and for any features of norm 1


def hoeffding_width(n: int, m: int, reach: float = KERNEL_REACH) -> float:
    """The width with which ``Test.hoeffding(n + m, width)`` is McDiarmid's inequality
    for the distance of two mean embeddings.

    :math:`\\mathrm{reach}\\,\\sqrt{(n + m)(1/n + 1/m)}`, for points that are
    independent within and between the samples.

    >>> round(hoeffding_width(100, 100), 6)
    2.828427
    """
    if n < 1 or m < 1:
        raise ValueError(f"Expected two non-empty samples, got n = {n} and m = {m}.")
    return reach * math.sqrt((n + m) * (1.0 / n + 1.0 / m))


def mean_under_equal_distributions(n: int, m: int) -> float:
    """The largest that the distance's expectation can be when the distributions are
    equal and features have norm 1: sqrt(1/n + 1/m).

    >>> mean_under_equal_distributions(2, 2)
    1.0
    """
    if n < 1 or m < 1:
        raise ValueError(f"Expected two non-empty samples, got n = {n} and m = {m}.")
    return math.sqrt(1.0 / n + 1.0 / m)


class Standardised:
    """Columns centred and scaled by a pilot sample's quartiles, then by a power of the
    dimension: fixed before any point is judged.

    A column that does not vary over the pilot's middle half is scaled by its standard
    deviation there, or left alone if that is zero.

    Args:
        pilot: Shape ``(n, D)``, n at least 1.

    >>> Standardised(torch.arange(5.0)[:, None])(torch.tensor([[4.0]]))  # (4 - 2) / 2
    tensor([[1.]], dtype=torch.float64)
    """

    def __init__(self, pilot: Tensor) -> None:
        if pilot.ndim != 2 or 0 in pilot.shape:
            raise ValueError(f"Expected a pilot sample of shape (n, D) with n >= 1, got {tuple(pilot.shape)}.")
        numbers = pilot.detach().to(torch.float64)
        low, self.middle, high = torch.quantile(
            numbers, torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64, device=pilot.device), dim=0
        )
        self.scale = spread_of(numbers, high - low)

    def __call__(self, x: Tensor) -> Tensor:
        """``(x - median) / interquartile range``, float64."""
        return (x.to(torch.float64) - self.middle) / self.scale


def spread_of(numbers: Tensor, middle_half: Tensor) -> Tensor:
    """A positive scale a column: the width of its middle half, else its standard
    deviation, else 1.

    Args:
        numbers: Shape ``(n, D)``. middle_half: Distances of the quartiles, shape
            ``(D,)``.
    Returns:
        Shape ``(D,)``.

    >>> spread_of(torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.zeros(2))
    tensor([1., 1.])
    """
    deviation = numbers.std(dim=0, unbiased=False)
    fallback = torch.where(deviation > 0, deviation, torch.ones_like(deviation))
    return torch.where(middle_half > 0, middle_half, fallback)


class Embedding:
    r"""The distance of two samples' mean embeddings under random Fourier features, in
    constant memory.

    .. math:: \varphi(x) = T^{-1/2}\bigl(\cos\langle w_t, x\rangle, \sin\langle w_t, x\rangle\bigr)_{t \le T}, \qquad |\varphi(x)| = 1

    Frequencies are normal with standard deviations that cover a range of scales; any
    fixed ones give a valid test, and they decide what it sees. Rows with an entry that
    is not finite are refused.

    Args:
        dim: Columns of a point. stream: Where the frequencies come from. features: T.
        scales: Lengths at which differences should show, in units of the points' own
            coordinates; one after the other.

    >>> pair = Embedding(1, Stream(1))
    >>> x = torch.tensor([[0.0], [1.0]]).double()
    >>> pair.add(x, 0).add(x, 1).distance
    0.0
    """

    def __init__(
        self, dim: int, stream: Stream, *, features: int = 256, scales: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    ) -> None:
        if dim < 1 or features < 1 or not scales or min(scales) <= 0:
            raise ValueError(f"Expected dim >= 1, features >= 1 and positive scales, got {dim}, {features}, {scales}.")
        lengths = torch.tensor(
            [scales[t % len(scales)] for t in range(features)], dtype=torch.float64, device=stream.device
        )
        self.frequencies = stream.normal(dim, features).to(torch.float64) / (lengths * math.sqrt(dim))
        self.sums = torch.zeros(2, 2 * features, dtype=torch.float64, device=stream.device)
        self.counts = [0, 0]

    def add(self, sample: Tensor, which: int) -> Embedding:
        """Count a tile of points ``(n, dim)`` of the first (0) or the second (1)
        sample."""
        if sample.ndim != 2 or sample.shape[1] != len(self.frequencies):
            raise ValueError(f"Expected a tile of shape (n, {len(self.frequencies)}), got {tuple(sample.shape)}.")
        if not bool(torch.isfinite(sample).all()):
            raise ValueError("Expected finite points, got NaN or an infinity.")
        angle = sample.to(self.frequencies) @ self.frequencies
        self.sums[which] += torch.cat([torch.cos(angle).sum(0), torch.sin(angle).sum(0)])
        self.counts[which] += len(sample)
        return self

    @property
    def distance(self) -> float:
        """The distance T of the two mean embeddings, in [0, 2]."""
        if not all(self.counts):
            raise ValueError("Both samples need at least one point; add a tile of each.")
        first, second = (self.sums[k] / self.counts[k] for k in (0, 1))
        return float(torch.linalg.vector_norm(first - second)) / math.sqrt(self.frequencies.shape[1])

    @property
    def width(self) -> float:
        """The width for ``Test.hoeffding(n + m, width)``."""
        return hoeffding_width(*self.counts, reach=FEATURE_REACH)

    def rounding(self) -> float:
        """How far rounding can carry the distance, beside what rounds the points
        themselves.

        Sums of n numbers in [-1, 1] are off by at most n^2 units of roundoff (Higham
        2002, section 4.2), a mean so by n; a cosine by its angle's error: counted as 2
        units; the norm of 2T such errors over sqrt(T) is sqrt(2) times one.
        """
        unit = 0.5 * torch.finfo(torch.float64).eps
        return math.sqrt(2.0) * unit * (sum(self.counts) + 8.0)


def gaussian_mmd(first: Tensor, second: Tensor, *, lengths: tuple[float, ...] = (1.0,), tile: int = 2048) -> float:
    r"""The distance of mean embeddings under the mean of Gaussian kernels
    :math:`e^{-|x-y|^2/(2\ell^2)}`: the biased (V-statistic) MMD.

    Args:
        first: Shape ``(n, D)``. second: ``(m, D)``. lengths: The lengths l; fixed
            beforehand, or from other points.
        tile: Rows of the kernel matrix held at a time; time grows with (n + m)^2 D.
    Returns:
        T >= 0 (the root of the V-statistic); ``Test.hoeffding(n + m, hoeffding_width(n,
        m))`` judges it.
    Raises:
        ValueError: empty samples, another number of columns, lengths that are not
            positive, points that are not finite.
    Accuracy: T^2 is a difference of means of numbers in [0, 1], within about 8 + log2(n
        + m) units of roundoff; T within the root of that.

    >>> x = torch.tensor([[0.0], [1.0]]).double()
    >>> gaussian_mmd(x, x), round(gaussian_mmd(x, x + 100), 3)
    (0.0, 1.267)
    """
    for name, sample in (("first", first), ("second", second)):
        if sample.ndim != 2 or 0 in sample.shape or not bool(torch.isfinite(sample).all()):
            raise ValueError(f"Expected finite {name} points of shape (n, D), n >= 1, got {tuple(sample.shape)}.")
    if first.shape[1] != second.shape[1] or not lengths or min(lengths) <= 0:
        raise ValueError(
            f"Expected one dimension and positive lengths, got {first.shape[1]}, {second.shape[1]} and {lengths}."
        )
    a, b = first.to(torch.float64), second.to(torch.float64)
    square = (
        _mean_kernel(a, a, lengths, tile) + _mean_kernel(b, b, lengths, tile) - 2.0 * _mean_kernel(a, b, lengths, tile)
    )
    return math.sqrt(max(0.0, square))


def _mean_kernel(a: Tensor, b: Tensor, lengths: tuple[float, ...], tile: int) -> float:
    total = sum(float(part.sum()) for part in _kernel_tiles(a, b, lengths, tile))
    return total / (len(a) * len(b) * len(lengths))


def _kernel_tiles(a: Tensor, b: Tensor, lengths: tuple[float, ...], tile: int) -> Iterator[Tensor]:
    for rows in a.split(tile):
        square = torch.cdist(rows, b, compute_mode="donot_use_mm_for_euclid_dist").square_()
        for length in lengths:
            yield torch.exp(square * (-0.5 / length**2))
