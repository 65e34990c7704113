r"""Rate-distortion on finite alphabets at a slope beta, every answer an interval: by an
interior point, and by Blahut and Arimoto.

With :math:`A(x, y) = e^{-\beta d(x, y)}` and a distribution q on reproductions,
:math:`F(q) = -\sum_x w(x) \log (Aq)(x)` bounds the least value :math:`F` from above,
and :math:`F(q) - \log \max_y g(y)` from below, :math:`g(y) = \sum_x w(x) A(x,
y)/(Aq)(x)`. The rate at the distortion of that slope is :math:`F - \beta D`. Nats
inside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound
from numerics.errors import PrecisionError

__all__ = ["Slope", "best_prior", "blahut_arimoto", "free_energy", "gains", "interior_point"]

STEPS = 80  # of the interior point; each makes the barrier smaller by a constant factor
SHRINK = 0.15  # of the barrier, a step
STAY = 0.995  # of the way to the boundary that a step may go


@dataclass(frozen=True)
class Slope:
    """What is known of a curve at one slope.

    Args:
        beta: The slope. prior: The distribution on reproductions that was found,
            ``(m,)``.
        upper: F of that prior, nats. lower: F less log max g. rounding: Of either.
        distortion: E d of its encoder. steps: How many were taken.
    """

    beta: float
    prior: Tensor
    upper: float
    lower: float
    rounding: float
    distortion: float
    steps: int

    @property
    def gap(self) -> float:
        """Width of the interval, nats, rounding included."""
        return self.upper - self.lower + 2 * self.rounding

    @property
    def rate(self) -> float:
        """F - beta D in nats: the rate of the encoder that was found."""
        return self.upper - self.beta * self.distortion


def free_energy(distortions: Tensor, weights: Tensor, prior: Tensor, beta: float) -> tuple[Tensor, Bound]:
    """-E log Z, ``()``, and its rounding: ``distortions`` ``(n, m)``, ``weights``
    ``(n,)``, ``prior`` ``(m,)``.

    Infinite distortions and codes of prior mass zero are allowed; a datum without a
    reproduction makes it infinite.

    >>> d = 1 - torch.eye(2, dtype=torch.float64)
    >>> half = torch.tensor([0.5, 0.5], dtype=torch.float64)
    >>> round(float(free_energy(d, half, half, 1.0)[0]), 6)
    0.379885
    """
    log_z = torch.logsumexp(prior.log() - beta * distortions, 1)
    finite = torch.where(distortions.isfinite(), beta * distortions, distortions.new_zeros(()))
    sizes = float(finite.max()) + float(log_z[log_z.isfinite()].abs().max()) + 1
    n, m = distortions.shape
    bound = Bound(
        {"rounding": (n + m + 8) * sizes * torch.finfo(distortions.dtype).eps},
        "Exponents within 4 unit roundoffs of beta d, a sum of m positive terms relatively within m, its logarithm absolutely; a mean of n terms "
        "within n of the largest (Higham 2002, section 4.2).",
    )
    return -(weights * log_z).sum(), bound


def gains(distortions: Tensor, weights: Tensor, prior: Tensor, beta: float) -> Tensor:
    """g(y) = E_x exp(-beta d(x, y))/Z(x) for every reproduction, ``(m,)``: at most 1
    everywhere where the prior is optimal.

    >>> d = 1 - torch.eye(2, dtype=torch.float64)
    >>> half = torch.tensor([0.5, 0.5], dtype=torch.float64)
    >>> [round(g, 12) for g in gains(d, half, half, 1.0).tolist()]
    [1.0, 1.0]
    """
    log_z = torch.logsumexp(prior.log() - beta * distortions, 1, keepdim=True)
    return (weights[:, None] * (-beta * distortions - log_z).exp()).sum(0)


def _slope(distortions: Tensor, weights: Tensor, prior: Tensor, beta: float, steps: int) -> Slope:
    value, bound = free_energy(distortions, weights, prior, beta)
    encoder = (prior.log() - beta * distortions).softmax(1)
    spent = torch.where(encoder > 0, encoder * distortions, distortions.new_zeros(()))
    excess = max(0.0, math.log(float(gains(distortions, weights, prior, beta).max())))
    rounding = 2 * float(bound.terms["rounding"])
    distortion = float((weights * spent.sum(1)).sum())
    return Slope(beta, prior, float(value), float(value) - excess, rounding, distortion, steps)


def blahut_arimoto(
    distortions: Tensor, weights: Tensor, beta: float, *, gap: float = 1e-6, steps: int = 100_000
) -> Slope:
    """Alternating minimisation (Blahut 1972, Arimoto 1972), until the interval is as
    narrow as asked for.

    Args:
        distortions: ``(n, m)``. weights: ``(n,)``, a distribution. gap: Width of the
            interval, nats. steps: At most so many.
    Raises:
        PrecisionError: the interval stayed wider.

    >>> d, w = 1 - torch.eye(2, dtype=torch.float64), torch.tensor([0.25, 0.75], dtype=torch.float64)
    >>> found = blahut_arimoto(d, w, 2.0)
    >>> found.gap < 1e-6
    True
    """
    prior = weights.new_full((distortions.shape[1],), 1 / distortions.shape[1])
    kernel = (-beta * (distortions - distortions.amin(1, keepdim=True))).exp()
    for step in range(steps):
        factor = kernel.T @ (weights / (kernel @ prior))
        if math.log(float(factor.max())) < gap / 2:
            return _slope(distortions, weights, prior, beta, step)
        prior = prior * factor
        prior = prior / prior.sum()
    raise PrecisionError(f"{steps} steps of Blahut and Arimoto leave more than {gap:g} nats.")


def interior_point(distortions: Tensor, weights: Tensor, beta: float, *, gap: float = 1e-9) -> Slope:
    r"""Newton's method on :math:`\min_{q > 0} -\sum w \log (Aq) + \sum q`, with a
    barrier that shrinks.

    The optimum of that problem adds up to one by itself. Columns may repeat and
    distortions may be infinite.

    Args:
        distortions: ``(n, m)``. weights: ``(n,)``, a distribution. gap: Width of the
            interval, nats.
    Raises:
        PrecisionError: the interval stayed wider.
    Accuracy:
        The interval is certified up to ``rounding``, whatever the steps did.

    >>> d, w = 1 - torch.eye(2, dtype=torch.float64), torch.tensor([0.25, 0.75], dtype=torch.float64)
    >>> interior_point(d, w, 2.0).gap < 1e-9
    True
    """
    m = distortions.shape[1]
    kernel = (-beta * (distortions - distortions.amin(1, keepdim=True))).exp()
    q = weights.new_full((m,), 1 / m)
    dual = weights.new_ones(m)
    barrier = 1 / m
    for step in range(STEPS):
        ratio = weights / (kernel @ q)
        gradient = 1 - kernel.T @ ratio
        half = kernel * (weights.sqrt() / (kernel @ q))[:, None]
        right = barrier / q - gradient
        move = _solve(half, dual / q, right)
        change = barrier / q - dual - dual / q * move
        size = min(1.0, STAY * _room(q, move), STAY * _room(dual, change))
        q, dual = q + size * move, dual + size * change
        barrier = SHRINK * float(q @ dual) / m
        if step % 4 == 3 or barrier < 1e-17:
            found = _slope(distortions, weights, q / q.sum(), beta, step + 1)
            if found.gap < gap:
                return found
    raise PrecisionError(
        f"The interior point leaves {found.gap:.2g} nats, more than {gap:g}; widen gap= or lower beta."
    )


def _solve(half: Tensor, diagonal: Tensor, right: Tensor) -> Tensor:
    """(half^T half + diag) move = right, through the smaller of the two dimensions
    (Woodbury)."""
    n, m = half.shape
    if m <= n:
        return torch.linalg.solve(half.T @ half + torch.diag(diagonal), right)
    scaled = half / diagonal
    inner = torch.eye(n, dtype=half.dtype, device=half.device) + scaled @ half.T
    return right / diagonal - scaled.T @ torch.linalg.solve(inner, half @ (right / diagonal))


def _room(x: Tensor, move: Tensor) -> float:
    """The largest step that keeps x + step move positive."""
    falling = move < 0
    return float((-x[falling] / move[falling]).min()) if bool(falling.any()) else math.inf


def best_prior(distortions: Tensor, weights: Tensor, beta: float) -> Slope:
    """The interior point to the narrowest interval in 1e-9, 1e-7, 1e-5 that the
    precision carries. ``distortions`` is ``(n, m)``, ``weights`` ``(n,)``."""
    for gap in (1e-9, 1e-7):
        try:
            return interior_point(distortions, weights, beta, gap=gap)
        except PrecisionError:
            continue
    return interior_point(distortions, weights, beta, gap=1e-5)
