r"""What bounds of F at some slopes say of the rate at a distortion, and certified bounds
of F from draws of the prior.

F is concave and nondecreasing from F(0) = 0, and :math:`R(D) = \sup_\beta F(\beta) -
\beta D`. Weights :math:`e^{-\beta d}` of draws lie in [0, 1] where d >= 0, so that
Hoeffding's inequality in its relative-entropy form bounds Z at every number of draws.
Nats throughout.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement

__all__ = [
    "annealed_upper",
    "bracket",
    "distortion_tiles",
    "drawn_lower",
    "largest_mean",
    "rate_above",
    "rate_below",
]

HALVINGS = 60  # of an interval of length 1: beyond them float64 has no more digits


def largest_mean(mean: Tensor, n: int, level: float) -> Tensor:
    r"""The largest expectation that a mean of ``n`` independent numbers in [0, 1] does
    not exclude at ``level``: the q above it with n KL(mean, q) = log(1/level).

    Args:
        mean: Observed means in [0, 1], any shape.
    Source: Hoeffding 1963, theorem 1 (the form with the relative entropy).
    Accuracy: From above, within 2^-60 of the solution.

    >>> round(float(largest_mean(torch.zeros(1, dtype=torch.float64), 100, 0.05)), 6)
    0.029513
    """
    if n < 1 or not 0 < level < 1:
        raise ValueError(f"Expected n of at least 1 and a level between 0 and 1, got n = {n} and {level}.")
    budget = math.log(1 / level) / n
    low, high = mean.clamp(0, 1), torch.ones_like(mean)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        inside = _relative_entropy(mean, middle) <= budget
        low, high = torch.where(inside, middle, low), torch.where(inside, high, middle)
    return high


def _relative_entropy(p: Tensor, q: Tensor) -> Tensor:
    """KL of two coins."""
    return torch.special.xlogy(p, p / q) + torch.special.xlogy(1 - p, (1 - p) / (1 - q))


def drawn_lower(
    tiles: Iterator[Tensor], slopes: Sequence[float], draws: int, level: float
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Lower bounds of -log Z for each datum at each slope, all of them true together
    but for ``level``; plain estimates; and the least distortion of each datum.

    Args:
        tiles: Distortions of draws of the prior ``(., n)``, nonnegative, ``draws`` in
            all; the same draws for every datum.
        slopes: B of them. Slopes that double take a square in place of an exponential.
    Returns:
        ``(n, B)``, ``(n, B)`` and ``(n,)``. No lower bound exceeds log(draws /
        log(n B / level)) or so: beyond it draws say nothing.
    Accuracy: A sum of N positive terms is within N unit roundoffs of itself, which the
        bound allows for.

    >>> lower, estimate, least = drawn_lower(iter([torch.tensor([[0.0], [1.0]])]), [1.0], 2, 0.05)
    >>> bool(0 <= lower <= estimate), round(float(estimate), 4), float(least)
    (True, 0.3799, 0.0)
    """
    sums: Tensor | None = None
    least: Tensor | None = None
    for d in tiles:
        if sums is None or least is None:
            sums, least = d.new_zeros(d.shape[1], len(slopes)), d.amin(0)
        least = torch.minimum(least, d.amin(0))
        weights = d
        for k, slope in enumerate(slopes):
            doubled = k > 0 and slope == 2 * slopes[k - 1]
            weights = weights.square_() if doubled else (-slope * d).exp()
            sums[:, k] += weights.sum(0)
    if sums is None or least is None:
        raise ValueError("Expected at least one tile of draws.")
    mean = (sums / draws * (1 + 4 * draws * torch.finfo(sums.dtype).eps)).clamp(max=1)
    above = largest_mean(mean, draws, level / mean.numel())
    return -above.log(), -(sums / draws).log(), least


def annealed_upper(log_weights: Tensor, level: float) -> Tensor:
    """Upper bounds of F at T slopes, ``(T,)``, all of them true together but for
    ``level``: ``(T, n)`` logs of unbiased weights of n data.

    By Markov's inequality for products: the mean of log(w/Z) exceeds log(T/level)/n
    with probability at most level/T at each slope.

    >>> round(float(annealed_upper(torch.zeros(1, 10), 0.1)), 4)
    0.2303
    """
    T, n = log_weights.shape
    return -log_weights.mean(1) + math.log(T / level) / n


def rate_below(slopes: Tensor, lower: Tensor, distortions: Tensor) -> Tensor:
    """R(D) from below, ``(m,)`` for ``distortions`` ``(m,)``: the best of F - beta D
    over slopes, and 0.

    >>> one = torch.ones(1, dtype=torch.float64)
    >>> rate_below(one, 3 * one, torch.tensor([1.0, 5.0])).tolist()
    [2.0, 0.0]
    """
    return (lower - distortions[:, None] * slopes).amax(1).clamp(min=0)


def rate_above(slopes: Tensor, upper: Tensor, distortions: Tensor) -> Tensor:
    r"""R(D) from above, ``(m,)``, from upper bounds of F at increasing ``slopes``;
    infinite at distortions that the steepest slope does not reach.

    Between slopes F is below the bound at the next one, since it does not fall, and
    below :math:`U_i \beta / \beta_i`, since it is concave and 0 at 0; beyond the last
    slope the second alone holds.

    >>> b = torch.tensor([1.0, 2.0], dtype=torch.float64)
    >>> rate_above(b, b / 2, torch.tensor([0.5, 0.4])).tolist()
    [0.5, inf]
    """
    upper = upper.flip(0).cummin(0).values.flip(0)
    mean_slopes = (upper / slopes).cummin(0).values
    upper = torch.minimum(upper, mean_slopes * slopes)
    crossing = torch.cat(
        [slopes[:1] * 0, (upper[1:] / mean_slopes[:-1])]
    )  # where the two bounds meet, an interval each
    at_crossing = upper - distortions[:, None] * crossing
    at_slopes = upper - distortions[:, None] * slopes
    reached = distortions >= mean_slopes[-1]
    best = torch.maximum(at_crossing, at_slopes).amax(1).clamp(min=0)
    return torch.where(reached, best, torch.full_like(best, math.inf))


def distortion_tiles(
    draw: Callable[[int], Tensor], distances: Callable[[Tensor], Tensor], draws: int, tile: int
) -> Iterator[Tensor]:
    """Distortions of ``draws`` codes, ``tile`` of them at a time.

    >>> [part.shape[0] for part in distortion_tiles(torch.zeros, lambda z: z[:, None], 10, 4)]
    [4, 4, 2]
    """
    for start in range(0, draws, tile):
        yield distances(draw(min(tile, draws - start)))


def bracket(slopes: Tensor, energies: Tensor, rates: Tensor, distortions: Tensor) -> tuple[Measurement, Measurement]:
    """The curve sup F - b D between its bounds from F at ``slopes`` ``(T,)`` alone, and
    the width of that band, at points of the curve; both relative to the largest F.

    Args:
        energies: F at the slopes. rates, distortions: F - b F' and F' at any slopes
            between the first and the last, ``(m,)``: points of the curve.
    """
    low, high = rate_below(slopes, energies, distortions), rate_above(slopes, energies, distortions)
    reached = high.isfinite()
    outside = torch.maximum(low - rates, torch.where(reached, rates - high, rates.new_zeros(())))
    size = float(energies.abs().max() + slopes.max() * distortions.max())
    largest = float(energies.max())
    rounding = 64 * size / largest * torch.finfo(slopes.dtype).eps
    steps = float(energies.diff().max()) / largest if energies.numel() > 1 else math.inf
    derivation = "F and b F' within 32 unit roundoffs of their sizes, and one subtraction."
    within = Measurement(outside.clamp(min=0) / largest, Bound({"rounding": rounding}, derivation), rates.numel())
    width = Bound(
        {"rounding": rounding, "slopes": steps},
        "Between two slopes the band is above F - b D by at most the rise of F from one to the next, for F does not fall and b D is least at the lower. "
        + derivation,
    )
    return within, Measurement((high - rates)[reached].clamp(min=0) / largest, width, int(reached.sum()))
