r"""KL and JSD of finite distributions as computed, with the rounding of every sum, and
what the inequalities between them leave over.

A distribution on n cells is a tensor of shape ``(*, n)`` of masses; sums over cells
that are off from 1 by rounding change nothing here, since the inequalities hold for
every positive vector.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.streams import Stream

__all__ = [
    "close_together",
    "jensen_shannon_nats",
    "missing_mode",
    "noise_cost",
    "random_masses",
    "range_overshoot",
    "relative_entropy_nats",
    "rounding",
    "triangle_excess",
    "two_cell_shortfall",
]  # fmt: skip

Divergence = Callable[[Tensor, Tensor], Tensor]


def relative_entropy_nats(p: Tensor, q: Tensor) -> Tensor:
    r""":math:`\sum_i p_i \log(p_i/q_i)` in nats.

    Args:
        p: Masses, nonnegative, shape ``(*, n)``. q: Masses, the same shape.
    Returns:
        Shape ``(*,)``; infinite where q vanishes and p does not.
    Raises:
        ValueError: shapes that differ, masses that are negative or not finite.
    Accuracy: :func:`rounding`.

    >>> relative_entropy_nats(torch.tensor([0.5, 0.5]).double(), torch.tensor([0.25, 0.75]).double())
    tensor(0.1438, dtype=torch.float64)
    """
    _check(p, q)
    return _relative(p, q).sum(-1)


def _relative(p: Tensor, q: Tensor) -> Tensor:
    return torch.where(p > 0, p * torch.log(p / q), torch.zeros_like(p))


def jensen_shannon_nats(p: Tensor, q: Tensor) -> Tensor:
    r"""Half the relative entropies of p and q to (p + q)/2, in nats: at most log 2.

    Args:
        p: Masses, nonnegative, shape ``(*, n)``. q: The same shape.
    Returns:
        Shape ``(*,)``.
    Raises:
        ValueError: as :func:`relative_entropy_nats`.
    Accuracy: :func:`rounding`.

    >>> jensen_shannon_nats(torch.tensor([1.0, 0.0]).double(), torch.tensor([0.0, 1.0]).double())
    tensor(0.6931, dtype=torch.float64)
    """
    _check(p, q)
    middle = (p + q) / 2
    return (_relative(p, middle) + _relative(q, middle)).sum(-1) / 2


def rounding(p: Tensor, q: Tensor) -> Tensor:
    """How far rounding can carry either divergence: shape ``(*,)``.

    A quotient and a logarithm (one unit of roundoff and at most two ulps of the result,
    so 6 units in all of 1 + the logarithm's size), a product, and a sum of n terms:
    ``(n + 8)`` units of the sum of ``p(1 + |log(p/q)|)``. For JSD the same with the
    middle, whose logarithms are smaller.
    """
    sizes = torch.where(p > 0, p * (1 + torch.log(p / q).abs()), torch.zeros_like(p)) + q
    return (p.shape[-1] + 8) * torch.finfo(p.dtype).eps / 2 * sizes.sum(-1)


def _check(p: Tensor, q: Tensor) -> None:
    if p.shape != q.shape or not p.ndim or p.shape[-1] == 0:
        raise ValueError(f"Expected masses of one shape (*, n), n >= 1, got {tuple(p.shape)} and {tuple(q.shape)}.")
    if not bool(((p >= 0) & (q >= 0) & torch.isfinite(p) & torch.isfinite(q)).all()):
        raise ValueError("Expected finite masses that are not negative.")


# -- random distributions -------------------------------------------------------------------------------------------------


def random_masses(batch: int, cells: int, stream: Stream, *, sparse: bool = False) -> Tensor:
    """Exponential draws over their sums, shape ``(batch, cells)``; ``sparse`` cubes
    them first, so that a few cells dominate."""
    raw = stream.exponential(batch, cells)
    raw = raw**3 if sparse else raw
    return raw / raw.sum(-1, keepdim=True)


def missing_mode(cells: int, share: float, left: float, stream: Stream) -> tuple[Tensor, Tensor, Tensor]:
    """A set A of about a third of the cells (at least one, never all), p with p(A) =
    share and q with q(A) = left: masks and masses, 32 rows."""
    inside = torch.zeros(cells, dtype=torch.bool, device=stream.device)
    inside[: max(1, cells // 3)] = True
    inside = inside[stream.permutation(cells)]
    found = []
    for mass in (share, left):
        raw = random_masses(32, cells, stream)
        total = raw[:, inside].sum(-1, keepdim=True)
        found.append(torch.where(inside, raw * mass / total, raw * (1 - mass) / (1 - total)))
    return inside, found[0], found[1]


# -- what the inequalities leave over --------------------------------------------------------------------------------------


def two_cell_shortfall(
    p: Tensor, q: Tensor, inside: Tensor, divergence: Divergence = relative_entropy_nats
) -> Measurement:
    """How far ``divergence(p, q)`` falls short of the relative entropy of the two cells
    A and its complement (0 where it does not)."""
    cells = [torch.stack([of[:, inside].sum(-1), of[:, ~inside].sum(-1)], -1) for of in (p, q)]
    short = relative_entropy_nats(cells[0], cells[1]) - divergence(p, q)
    terms = {"sums over cells": rounding(p, q), "two cells": rounding(cells[0], cells[1]) * p.shape[-1]}
    why = "Sums of n terms err by n units of their absolute values; a mass of a cell so summed moves its logarithm by as much (Higham 2002, section 4.2)."
    return Measurement(short.clamp_min(0), Bound(terms, why), len(short))


def triangle_excess(p: Tensor, q: Tensor, r: Tensor, power: float) -> Measurement:
    """How far ``JSD(p, r)^power`` exceeds the way over q (0 where it does not)."""
    off = torch.zeros(p.shape[:-1], dtype=p.dtype, device=p.device)
    lengths = []
    for first, second in ((p, q), (q, r), (p, r)):
        value, doubt = jensen_shannon_nats(first, second), _jsd_rounding(first, second)
        high, low = (value + doubt).clamp_min(0) ** power, (value - doubt).clamp_min(0) ** power
        off = off + (high - low)
        lengths.append(value.clamp_min(0) ** power)
    excess = (lengths[2] - lengths[0] - lengths[1]).clamp_min(0)
    why = "Each divergence lies within its rounding, and the power is monotone: the width of its image bounds what rounding adds."
    return Measurement(excess, Bound({"rounding": off}, why), excess.numel())


def close_together(like: Tensor, gap: float = 0.05) -> tuple[Tensor, Tensor, Tensor]:
    """Three distributions on two cells, equally spaced about the even one: shapes ``(1,
    2)``. Their triangle is nearly flat for the root of JSD.

    >>> close_together(torch.zeros(1).double(), 0.25)[0]
    tensor([[0.7500, 0.2500]], dtype=torch.float64)
    """
    shifts = like.new_tensor([gap, 0.0, -gap])
    return tuple(torch.stack([0.5 + s, 0.5 - s])[None] for s in shifts)  # type: ignore[return-value]


def _jsd_rounding(p: Tensor, q: Tensor) -> Tensor:
    """Rounding of JSD: :func:`rounding` towards the middle, where logarithms are at
    most log 2."""
    return 4 * (p.shape[-1] + 8) * torch.finfo(p.dtype).eps / 2 * (p.sum(-1) + q.sum(-1))


def range_overshoot(p: Tensor, q: Tensor, ceiling: float) -> Measurement:
    """How far JSD leaves [0, ceiling]. p and q are ``(*, n)``."""
    value = jensen_shannon_nats(p, q)
    out = torch.maximum(-value, value - ceiling).clamp_min(0)
    why = "Logarithms of at most log 2 in size, n terms: (n + 8) units of roundoff of the masses, four times."
    return Measurement(out, Bound({"rounding": _jsd_rounding(p, q)}, why), out.numel())


def noise_cost(
    log_p: Tensor, log_noise: Tensor, weight: float, cost: Callable[[float], float]
) -> tuple[Measurement, Measurement]:
    r"""At points of p: how far :math:`\log p - \log q` exceeds the cost, :math:`q = w p
    + (1-w) n`; and how far it stays below it.

    Args:
        log_p: Log densities in nats at points of p, shape ``(N,)``. log_noise: Those of
            the noise, shape ``(N,)``.
        weight: w in (0, 1). cost: From w to nats.
    Returns:
        The excess, and the shortfall (whose bound also holds what the noise adds, log(1
        + (1-w) n/(w p)): near 0 where n is singular).
    """
    if not 0 < weight < 1:
        raise ValueError(f"Expected a weight in (0, 1), got {weight}.")
    w = torch.tensor(weight, dtype=log_p.dtype, device=log_p.device)
    log_q = torch.logaddexp(log_p + w.log(), log_noise + torch.log1p(-w))
    gap = log_p - log_q - cost(weight)
    unit = torch.finfo(log_p.dtype).eps
    doubt = 8 * unit * (log_p.abs() + log_q.abs() + 1 + abs(cost(weight)))
    why = "Additions of logarithms in nats: eight roundings relative to their sizes; what the noise adds is bounded by (1-w) n/(w p)."
    added = torch.exp(log_noise + torch.log1p(-w) - log_p - w.log())
    return (
        Measurement(gap.clamp_min(0), Bound({"rounding": doubt}, why), len(gap)),
        Measurement((-gap).clamp_min(0), Bound({"rounding": doubt, "the noise": added}, why), len(gap)),
    )
