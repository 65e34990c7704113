"""What the codes of a grid span: ranks of frequencies against the rank of all codes,
the subspaces of factors, values of a factor that share a code, and shuffled grids."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.representations.fitted_actions import Span, span
from numerics.representations.grid_codes import Effects, Irrep, effects, frequency_matrices, irrep_energies
from numerics.streams import Stream


@dataclass(frozen=True)
class Ranks:
    """Dimensions that frequencies take, and those that all codes have.

    Attributes:
        means: Of the means of the orbits. factors: For each cyclic factor, by
            frequency, the real dimensions that it takes (two for each of a pair).
        codes: Of all codes.
    """

    means: int
    factors: dict[int, dict[int, int]]
    codes: int

    @property
    def frequencies(self) -> int:
        """The sum of all that frequencies take."""
        return self.means + sum(sum(own.values()) for own in self.factors.values())


def additive_ranks(
    found: Effects, cyclic: Sequence[int], floor: float, groups: Mapping[int, Sequence[Irrep]] | None = None
) -> Ranks:
    """Ranks of the additive part of codes, singular values up to ``floor`` counted as
    zero.

    Args:
        found: Effects. cyclic: The cyclic factors. floor: Absolute, in the scale of the
            Frobenius norm of the codes.
        groups: For factors of other groups their nontrivial irreps.
    """
    points = found.points
    means = int((torch.linalg.svdvals(found.mean) * math.sqrt(points) > floor).sum())
    factors: dict[int, dict[int, int]] = {}
    for i in cyclic:
        n = found.shape[1 + i]
        ranks = {}
        for f, matrix in enumerate(frequency_matrices(found.main[i], points)):
            pair = 1 if 2 * f == n else 2
            rank = int((torch.linalg.svdvals(matrix) * math.sqrt(pair) > floor).sum())
            if f and rank:
                ranks[f] = pair * rank
        factors[i] = ranks
    for i, irreps in (groups or {}).items():
        copies = [int((irrep_energies(found.main[i], points, irrep).sqrt() > floor).sum()) for irrep in irreps]
        factors[i] = {row + 1: m * irrep.cost for row, (m, irrep) in enumerate(zip(copies, irreps, strict=True)) if m}
    return Ranks(means, factors, int((torch.linalg.svdvals(_rows(found)) > floor).sum()))


def _rows(found: Effects) -> Tensor:
    """Means and main effects as rows, scaled to their energies: their span is that of
    additive codes."""
    parts = [math.sqrt(found.points) * found.mean]
    parts += [math.sqrt(found.points / part.shape[1]) * part.reshape(-1, part.shape[-1]) for part in found.main]
    return torch.cat(parts)


def factor_spans(found: Effects, floor: float) -> list[Span]:
    """For each factor the directions in which it moves codes."""
    return [
        span(math.sqrt(found.points / part.shape[1]) * part.reshape(-1, part.shape[-1]), floor) for part in found.main
    ]


def joint_ranks(codes: Tensor, floor: float) -> tuple[int, int]:
    """The sum over all joint frequencies of the dimension they take, and the rank of
    the codes: equal exactly where one linear action of the cyclic factors moves all
    orbits, disentangled or not.

    Args:
        codes: Shape ``(orbits, n_1, .., n_k, d)``.
    """
    axes = tuple(range(1, codes.ndim - 1))
    points = math.prod(codes.shape[1:-1])
    transform = torch.fft.fftn(codes, dim=axes) / math.sqrt(points)
    flat = transform.reshape(len(codes), points, -1).transpose(0, 1)
    values = torch.linalg.vector_norm(flat, dim=-1) if len(codes) == 1 else torch.linalg.svdvals(flat)
    return int((values > floor).sum()), int((torch.linalg.svdvals(codes.reshape(-1, codes.shape[-1])) > floor).sum())


def shared_codes(found: Effects, factor: int, floor: float) -> list[tuple[int, int]]:
    """Values of a factor whose codes agree on all orbits, as pairs (earlier, later)."""
    part = math.sqrt(found.points / found.shape[1 + factor]) * found.main[factor]
    rows = part.transpose(0, 1).reshape(part.shape[1], -1)
    near = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist") <= floor
    return [(int(a), int(b)) for a, b in near.triu(1).nonzero()]


def shuffled_share(codes: Tensor, shuffles: int, stream: Stream) -> float:
    """(b + 1)/(m + 1), b the number of grids with shuffled cells whose interaction has
    no larger share than that of the codes: small where factors explain more than
    chance does.

    Args:
        codes: Shape ``(orbits, n_1, .., n_k, d)``. shuffles: m.
    """
    own, points = effects(codes).share, math.prod(codes.shape[1:-1])
    flat = codes.reshape(len(codes), points, -1)
    below = 0
    for _ in range(shuffles):
        moved = torch.stack([orbit[stream.permutation(points)] for orbit in flat]).reshape(codes.shape)
        below += effects(moved).share <= own
    return (below + 1) / (shuffles + 1)
