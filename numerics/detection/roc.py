"""Outlier detection by thresholds on a score: pair counts of the ROC curve's area,
exact, and within an interval where scores err.

Every count is an integer and every area a fraction of integers: nothing here rounds,
whatever the scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Auroc:
    """Counts of (inlier, outlier) pairs: ``wins`` where the inlier scores higher,
    ``ties`` where both score the same, of ``pairs``.

    >>> counts = Auroc(wins=3, ties=2, pairs=8)
    >>> counts.value, counts.losses
    (Fraction(1, 2), 3)
    """

    wins: int
    ties: int
    pairs: int

    @property
    def losses(self) -> int:
        """Pairs in which the outlier scores higher."""
        return self.pairs - self.wins - self.ties

    @property
    def value(self) -> Fraction:
        """The area under the ROC curve, ties one half, exactly."""
        return self.counting_ties(HALF)

    def counting_ties(self, weight: Fraction | int) -> Fraction:
        """The same area with ties counted ``weight``: 0 is P(inlier > outlier), 1 is
        P(inlier >= outlier)."""
        return Fraction(self.wins + Fraction(weight) * self.ties, self.pairs)

    def __float__(self) -> float:
        return float(self.value)


@dataclass(frozen=True)
class AurocInterval:
    """The least and the largest area that scores within their error bounds allow.

    ``wins`` and ``losses`` are certain: the scores differ by more than the two errors
    together. ``ties`` are certain because both scores belong to one point. ``open``
    pairs are what is left: their scores may be ordered either way, or tie.

    >>> AurocInterval(wins=3, losses=2, ties=1, open=2).between()
    (Fraction(7, 16), Fraction(11, 16))
    """

    wins: int
    losses: int
    ties: int
    open: int

    @property
    def pairs(self) -> int:
        """All pairs."""
        return self.wins + self.losses + self.ties + self.open

    def between(self, ties: Fraction | int = HALF) -> tuple[Fraction, Fraction]:
        """The interval when certain ties count ``ties``: open pairs all counted 0, and
        all counted 1."""
        settled = self.wins + Fraction(ties) * self.ties
        return Fraction(settled, self.pairs), Fraction(settled + self.open, self.pairs)

    @property
    def middle(self) -> Fraction:
        """Certain ties and open pairs counted one half: the area itself where the open
        pairs are ties."""
        return sum(self.between()) / 2

    @property
    def width(self) -> Fraction:
        """The share of open pairs."""
        return Fraction(self.open, self.pairs)

    def __contains__(self, area: Fraction | float) -> bool:
        low, high = self.between()
        return low <= area <= high


def auroc(inlier_scores: Tensor, outlier_scores: Tensor) -> Auroc:
    r"""Area under the ROC curve of "the higher the score, the more of an inlier", by
    exact pair counts.

    .. math:: a = P(u > v) + \tfrac12 P(u = v)

    where u runs over the inliers and v over the outliers. It depends on the order of
    the scores alone, so that log p and p give the same counts wherever p neither under-
    nor overflows.

    Args:
        inlier_scores: Shape ``(n,)``, floating point or integer; infinite values are
            scores like any other.
        outlier_scores: Shape ``(m,)``, same dtype and device.
    Raises:
        ValueError: NaN, an empty sample, another shape, or tensors that differ in dtype
            or device.
    Accuracy:
        Exact; ties are ties of the numbers given. Scores that are equal in exact
        arithmetic and rounded apart are the caller's to hand to :func:`auroc_within`.
        Time O((n + m) log m), memory O(n + m).
    Source: Mann & Whitney 1947; Bamber 1975.

    >>> auroc(torch.tensor([2.0, 1.0]), torch.tensor([0.0, 1.0])).value
    Fraction(7, 8)
    """
    u, v = _scores(inlier_scores, outlier_scores)
    below = _count(v, u, right=False)
    up_to = _count(v, u, right=True)
    return Auroc(wins=below, ties=up_to - below, pairs=u.numel() * v.numel())


def auroc_within(
    inlier_scores: Tensor,
    outlier_scores: Tensor,
    inlier_errors: Tensor,
    outlier_errors: Tensor,
    *,
    labels: tuple[Tensor, Tensor] | None = None,
) -> AurocInterval:
    """The areas that are possible when each score is only known to within its error.

    A pair is a certain win when ``u - e > v + d`` and a certain loss when ``u + e < v -
    d`` (ends rounded outwards by one unit in the last place); every other pair is open,
    unless both have one label.

    Args:
        inlier_scores, outlier_scores: As in :func:`auroc`, floating point.
        inlier_errors, outlier_errors: Nonnegative and of the same shapes; an infinite
            error leaves every pair of its point open.
        labels: Integers of the same shapes that tell points apart: two scores of one
            point tie, whatever their errors.
    Raises:
        ValueError: as :func:`auroc`; an error that is negative or NaN; labels of other
            shapes; one label whose scores are certainly apart.

    >>> inliers, outliers = torch.tensor([2.0, 1.0]), torch.tensor([0.0, 1.1])
    >>> auroc_within(inliers, outliers, torch.full((2,), 0.1), torch.full((2,), 0.1)).between()
    (Fraction(3, 4), Fraction(1, 1))
    """
    u, v = _scores(inlier_scores, outlier_scores)
    (u_low, u_high), (v_low, v_high) = _around(u, inlier_errors), _around(v, outlier_errors)
    wins = _count(v_high, u_low, right=False)
    losses = _count(u_high, v_low, right=False)
    ties = 0 if labels is None else _same(labels, (u_low, u_high), (v_low, v_high))
    return AurocInterval(wins, losses, ties, open=u.numel() * v.numel() - wins - losses - ties)


def _same(labels: tuple[Tensor, Tensor], first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor]) -> int:
    """How many pairs have one label; their intervals have to meet."""
    a, b = labels
    if a.shape != first[0].shape or b.shape != second[0].shape:
        raise ValueError(f"Expected one label for each score, got {tuple(a.shape)} and {tuple(b.shape)}.")
    order = b.argsort()
    low, high = (torch.searchsorted(b[order], a.contiguous(), right=right) for right in (False, True))
    count = high - low
    rows = torch.repeat_interleave(torch.arange(a.numel(), device=a.device), count)
    offsets = torch.arange(rows.numel(), device=a.device) - (torch.cumsum(count, 0) - count)[rows]
    columns = order[low[rows] + offsets]
    if bool(((first[0][rows] > second[1][columns]) | (first[1][rows] < second[0][columns])).any()):
        raise ValueError(
            "Two scores of one label differ by more than their errors; a score takes one value at one point."
        )
    return rows.numel()


def _count(values: Tensor, thresholds: Tensor, *, right: bool) -> int:
    """How many pairs have ``value < threshold`` (``<=`` when ``right``)."""
    ordered = values.sort().values
    return int(torch.searchsorted(ordered, thresholds.contiguous(), right=right).sum())


def _around(score: Tensor, error: Tensor) -> tuple[Tensor, Tensor]:
    if error.shape != score.shape:
        raise ValueError(f"Expected one error for each score, shape {tuple(score.shape)}, got {tuple(error.shape)}.")
    if bool((~(error >= 0)).any()):
        raise ValueError("Expected errors that are nonnegative numbers; use inf where nothing is known of a score.")
    outwards = torch.full_like(score, torch.inf)
    unknown = torch.isinf(error)
    low, high = torch.nextafter(score - error, -outwards), torch.nextafter(score + error, outwards)
    exact = (error == 0) | torch.isinf(score) & ~unknown
    low, high = torch.where(exact, score, low), torch.where(exact, score, high)
    return torch.where(unknown, -outwards, low), torch.where(unknown, outwards, high)


def _scores(inliers: Tensor, outliers: Tensor) -> tuple[Tensor, Tensor]:
    for name, scores in (("inlier", inliers), ("outlier", outliers)):
        if not isinstance(scores, Tensor) or scores.ndim != 1 or scores.numel() == 0 or scores.is_complex():
            got = (
                f"shape {tuple(scores.shape)}, {scores.dtype}" if isinstance(scores, Tensor) else type(scores).__name__
            )
            raise ValueError(f"Expected {name} scores as a real tensor of shape (n,) with n >= 1, got {got}.")
        if bool(torch.isnan(scores).any()):
            raise ValueError(
                f"{int(torch.isnan(scores).sum())} of {scores.numel()} {name} scores are NaN, which has no place in an order. Find where "
                "the score is undefined; a density of zero is a log density of -inf, which is allowed."
            )
    if inliers.dtype != outliers.dtype or inliers.device != outliers.device:
        raise ValueError(
            f"Expected scores of one dtype on one device, got {inliers.dtype} on {inliers.device} and {outliers.dtype} on "
            f"{outliers.device}. Scores of two precisions tie and untie by rounding; compute both by the same function."
        )
    return inliers.detach(), outliers.detach()
