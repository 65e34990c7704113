"""Codes on a full grid of factor values: how much is interaction, which frequencies fill
the code, and how far the nearest disentangled codes are.

Codes have shape ``(orbits, n_1, .., n_k, d)``. An average over axes needs no group, so
that main effects and interaction exist for plain factors as well; frequencies are those
of cyclic factors. Everything is read off the main effects, one pass over the array for
each factor. Source of the definition: Higgins et al. 2018.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from numerics.rounding import gamma
from numerics.streams import tiles

TILE = 2**20  # entries of codes looked at together


def _check(codes: Tensor) -> None:
    if codes.ndim < 3 or not codes.is_floating_point():
        raise ValueError(
            f"Expected floating codes of shape (orbits, n_1, .., n_k, d), got {codes.dtype} of shape {tuple(codes.shape)}."
        )


@dataclass(frozen=True)
class Effects:
    """Codes taken apart: z = mean + sum of main effects + interaction.

    Attributes:
        mean: The mean of each orbit, shape ``(orbits, d)``.
        main: For each factor its centred main effect, shape ``(orbits, n_i, d)``.
        energy: The sum of squares of all entries. interaction: that of the
            interaction.
        shape: That of the codes.
    """

    mean: Tensor
    main: tuple[Tensor, ...]
    energy: float
    interaction: float
    shape: tuple[int, ...]

    @property
    def points(self) -> int:
        """How many codes an orbit has."""
        return math.prod(self.shape[1:-1])

    @property
    def mean_energy(self) -> float:
        """The sum of squares that the means of the orbits explain."""
        return self.points * float(self.mean.square().sum())

    @property
    def main_energies(self) -> tuple[float, ...]:
        """The sum of squares that each main effect explains."""
        return tuple(self.points / part.shape[1] * float(part.square().sum()) for part in self.main)

    @property
    def share(self) -> float:
        """The interaction's share of the variance within orbits, in [0, 1]; nan for
        codes that are constant on every orbit."""
        whole = self.interaction + sum(self.main_energies)
        return self.interaction / whole if whole > 0 else math.nan


def effects(codes: Tensor, *, tile: int = TILE) -> Effects:
    """Means, main effects and the size of what is left, in tiles.

    Args:
        codes: Floating, shape ``(orbits, n_1, .., n_k, d)``.
        tile: Entries looked at together, whole rows of the first factor.
    Raises:
        ValueError: another shape or an integer type.
    Accuracy:
        The interaction's root is within :func:`interaction_error` times the norm of the
        codes.

    >>> a, b = torch.arange(2.0).double(), torch.arange(3.0).double()
    >>> additive, product = a[:, None] + b, a[:, None] * b
    >>> round(effects(additive[None, :, :, None]).share, 12), round(effects(product[None, :, :, None]).share, 3)
    (0.0, 0.286)
    """
    _check(codes)
    axes = tuple(range(1, codes.ndim - 1))
    mean = codes.mean(axes)
    main = tuple(_mean(codes, [j for j in axes if j != i]) - mean[:, None] for i in axes)
    energy, left = 0.0, 0.0
    rows = max(1, tile // max(1, codes[0, 0].numel()))
    for orbit in range(len(codes)):
        start = 0
        for count in tiles(codes.shape[1], rows):
            part = codes[orbit, start : start + count]
            energy += float(part.square().sum())
            left += float((part - _additive(mean[orbit], [m[orbit] for m in main], start, count)).square().sum())
            start += count
    return Effects(mean, main, energy, left, tuple(codes.shape))


def _mean(codes: Tensor, axes: Sequence[int]) -> Tensor:
    """The mean over these axes, also where there are none (torch would take all)."""
    return codes.mean(tuple(axes)) if axes else codes


def _additive(mean: Tensor, main: Sequence[Tensor], start: int, count: int) -> Tensor:
    """mean + main effects on rows ``start``.. of the first factor, by broadcasting."""
    k = len(main)
    out = mean
    for i, part in enumerate(main):
        rows = part[start : start + count] if i == 0 else part
        out = out + rows.reshape(*([1] * i), len(rows), *([1] * (k - 1 - i)), -1)
    return out


def interaction(codes: Tensor) -> Tensor:
    """What no sum of functions of one factor each explains, same shape as the codes."""
    _check(codes)
    found = effects(codes)
    sums = [_additive(found.mean[c], [m[c] for m in found.main], 0, codes.shape[1]) for c in range(len(codes))]
    return codes - torch.stack(sums)


def pair_shares(codes: Tensor) -> dict[tuple[int, int], float]:
    """For each pair of factors its two-factor effect's share of the variance within
    orbits. Codes are ``(orbits, n_1, .., n_k, d)``."""
    found, axes = effects(codes), range(1, codes.ndim - 1)
    whole = found.interaction + sum(found.main_energies)
    shares = {}
    for i, j in combinations(axes, 2):
        both = _mean(codes, [a for a in axes if a not in (i, j)])
        both = both - found.mean[:, None, None] - found.main[i - 1][:, :, None] - found.main[j - 1][:, None, :]
        size = found.points / (codes.shape[i] * codes.shape[j]) * float(both.square().sum())
        shares[i - 1, j - 1] = size / whole if whole > 0 else math.nan
    return shares


def interaction_error(codes: Tensor) -> float:
    """A bound on the rounding of the interaction, in Frobenius norm, over that of the
    codes. Codes are ``(orbits, n_1, .., n_k, d)``.

    An average of N numbers errs by gamma_N times the mean of their sizes, whose
    Frobenius norm, repeated along the axes, is at most that of the codes; k + 1 of
    them are added, then subtracted (2 k + 1 operations).
    """
    k, points = codes.ndim - 2, math.prod(codes.shape[1:-1])
    return (2 * k + 1) * (gamma(points + 1, codes) + gamma(2 * k + 2, codes)) + gamma(codes.numel(), codes)


# -- frequencies -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """One dimension (two for a pair of conjugate frequencies) that a disentangled code
    may spend on a frequency of a factor.

    Attributes:
        factor: Which factor, or None for the means of the orbits.
        frequency: From 0 (the means) to n/2.
        energy: The sum of squares that it explains.
        cost: How many real dimensions it takes.
    """

    factor: int | None
    frequency: int
    energy: float
    cost: int


def frequency_matrices(main: Tensor, points: int) -> Tensor:
    """The transform of a main effect: for each frequency 0..n/2 the codes' coefficients,
    scaled so that squares are energies.

    Args:
        main: Shape ``(orbits, n, d)``. points: Codes an orbit.
    Returns:
        Complex, shape ``(n // 2 + 1, orbits, d)``.
    """
    n = main.shape[1]
    turns = torch.arange(n // 2 + 1)[:, None] * torch.arange(n)[None, :] % n  # exact integers before the angle
    angles = (-2 * math.pi / n) * turns.to(device=main.device, dtype=main.dtype)
    scale = math.sqrt(points) / n
    cosine, sine = (torch.einsum("fg,cgd->fcd", wave * scale, main) for wave in (angles.cos(), angles.sin()))
    return torch.complex(cosine, sine)


@dataclass(frozen=True)
class Irrep:
    """An irreducible representation of a factor's group by unitary matrices, one of a
    conjugate pair.

    Attributes:
        matrices: On all elements, in the order of the factor's values, complex, shape
            ``(n, s, s)``. kind: "real", "complex" or "quaternionic".
    """

    matrices: Tensor
    kind: str

    @property
    def cost(self) -> int:
        """The real dimensions of one copy."""
        return self.matrices.shape[1] * (1 if self.kind == "real" else 2)


def irrep_energies(main: Tensor, points: int, irrep: Irrep) -> Tensor:
    """The energies of the copies of an irrep that a main effect holds, descending: what
    one more copy in a code explains.

    With values g = g x_0 a code W sigma(g) u has the coefficients W_pi u_j; over all
    orbits they are a matrix of shape (d s, s orbits), whose rank is the number of
    copies (Eckart and Young).

    Args:
        main: Shape ``(orbits, n, d)``. points: Codes an orbit.
    """
    n, s = irrep.matrices.shape[:2]
    sigma = irrep.matrices.to(main.device)
    matrix = torch.einsum("cgp,gij->pijc", main.to(sigma.dtype), sigma.conj()) * (s / n)
    values = torch.linalg.svdvals(matrix.reshape(main.shape[2] * s, s * main.shape[0])) ** 2 * (points / s)
    if irrep.kind == "complex":
        return 2 * values
    if irrep.kind == "quaternionic":  # equal in pairs: a real copy holds both
        return values[: len(values) // 2 * 2].reshape(-1, 2).sum(1)
    return values


def pieces(
    found: Effects, cyclic: Sequence[int], *, means: bool = True, groups: Mapping[int, Sequence[Irrep]] | None = None
) -> list[Piece]:
    """What a disentangled code may keep: for each frequency of a cyclic factor its
    singular values over the orbits, for each irrep of another group likewise.

    Args:
        found: Effects of the codes. cyclic: The factors that are cyclic.
        groups: For factors of other groups their nontrivial irreps.
        means: Whether the means of the orbits take part; they compete for dimensions
            as the frequency 0.
    """
    listed = []
    if means:
        values = torch.linalg.svdvals(found.mean) ** 2 * found.points
        listed += [Piece(None, 0, float(v), 1) for v in values]
    for i in cyclic:
        n = found.shape[1 + i]
        for f, matrix in enumerate(frequency_matrices(found.main[i], found.points)):
            if f == 0:
                continue
            pair = 2 * f != n
            values = torch.linalg.svdvals(matrix) ** 2
            listed += [Piece(i, f, float(v) * (2 if pair else 1), 2 if pair else 1) for v in values]
    for i, irreps in (groups or {}).items():
        for row, irrep in enumerate(irreps):
            energies = irrep_energies(found.main[i], found.points, irrep)
            listed += [Piece(i, row + 1, float(v), irrep.cost) for v in energies]
    return listed


@dataclass(frozen=True)
class Nearest:
    """The nearest disentangled codes in ``dimensions`` dimensions: their distance, and
    what they keep.

    ``distance`` is the infimum of the Frobenius distance; ``relative`` divides it by
    the norm of the codes.
    """

    distance: float
    relative: float
    kept: tuple[Piece, ...]
    dimensions: int


def nearest_disentangled(
    codes: Tensor,
    cyclic: Sequence[int] | None = None,
    *,
    dimensions: int | None = None,
    means: bool = True,
    groups: Mapping[int, Sequence[Irrep]] | None = None,
    tile: int = TILE,
) -> Nearest:
    """Distance to the codes that a disentangled linear action of cyclic factors moves.

    Interaction is lost; of the rest a code of ``dimensions`` dimensions keeps the
    pieces of most energy that fit, two dimensions for a pair of conjugate frequencies
    and one for a frequency that is its own conjugate. Within one frequency the best
    choice are singular vectors over the orbits (Eckart and Young); between frequencies
    subspaces need only be independent, which costs nothing in the limit.

    Args:
        codes: Shape ``(orbits, n_1, .., n_k, d)``.
        cyclic: The factors that are cyclic, all unless given; main effects of others
            count as lost.
        dimensions: Of the disentangled codes; d unless given. Give the rank of the
            codes to ask whether they are disentangled as they are.
        means: Whether the means of the orbits are codes like others, or subtracted
            first.
        groups: For factors of other groups their nontrivial irreps; give ``cyclic``
            with it.
        tile: Entries looked at together.
    Accuracy:
        The distance is within :func:`transform_error` times the norm of the codes, and
        what the singular values err by (nothing for one orbit).

    >>> turn = torch.arange(8).double() * math.pi / 4
    >>> circle = torch.stack([turn.cos(), turn.sin()], -1)
    >>> both = (circle[:, None] + circle[None, :])[None]  # two circles added in one plane
    >>> round(nearest_disentangled(both).relative ** 2, 9)
    0.5
    """
    found = effects(codes, tile=tile)
    k, d = codes.ndim - 2, codes.shape[-1]
    room = d if dimensions is None else dimensions
    listed = pieces(found, range(k) if cyclic is None else cyclic, means=means, groups=groups)
    kept = best_pieces(listed, room)
    # what is dropped is added, not subtracted from the whole: small distances keep their digits
    chosen = {id(piece) for piece in kept}
    dropped = sum(piece.energy for piece in listed if id(piece) not in chosen)
    lost = sum(
        e for i, e in enumerate(found.main_energies) if cyclic is not None and i not in (*cyclic, *(groups or {}))
    )
    whole = found.energy if means else found.interaction + sum(found.main_energies)
    distance = math.sqrt(found.interaction + dropped + lost)
    return Nearest(distance, distance / math.sqrt(whole) if whole > 0 else 0.0, tuple(kept), room)


def best_pieces(listed: Sequence[Piece], room: int) -> list[Piece]:
    """The pieces of most energy whose costs fit: for each number of pairs the largest
    pairs, and single dimensions for the rest.

    >>> best_pieces([Piece(0, 1, 3.0, 2), Piece(0, 2, 2.0, 1), Piece(1, 2, 2.0, 1)], 2)[0].cost
    1
    """
    if any(p.cost > 2 for p in listed):
        return _best_of_classes(listed, room)
    doubles = sorted((p for p in listed if p.cost == 2), key=lambda p: -p.energy)
    singles = sorted((p for p in listed if p.cost == 1), key=lambda p: -p.energy)
    choices = [[*doubles[:m], *singles[: room - 2 * m]] for m in range(min(len(doubles), room // 2) + 1)]
    return max(choices, key=lambda chosen: sum(p.energy for p in chosen))


def _best_of_classes(listed: Sequence[Piece], room: int) -> list[Piece]:
    """The same for any costs, class by class of equal cost: the best sum for every
    room so far, with how many of each class."""
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())] * (room + 1)
    costs = sorted({p.cost for p in listed})
    classes = [sorted((p for p in listed if p.cost == cost), key=lambda p: -p.energy) for cost in costs]
    for cost, own in zip(costs, classes, strict=True):
        sums = [0.0]
        for piece in own[: room // cost]:
            sums.append(sums[-1] + piece.energy)
        best = [
            max((best[r - cost * m][0] + sums[m], (*best[r - cost * m][1], m)) for m in range(min(len(sums) - 1, r // cost) + 1))
            for r in range(room + 1)
        ]  # fmt: skip
    return [piece for own, m in zip(classes, best[room][1], strict=True) for piece in own[:m]]


def transform_error(codes: Tensor, cyclic: Sequence[int]) -> float:
    """A bound on the rounding of all coefficients, in Frobenius norm, over that of the
    codes. Codes are ``(orbits, n_1, .., n_k, d)``.

    Main effects as in :func:`interaction_error`; a product with n cosines or sines,
    each within 16 u, errs by gamma_(n+18) times products of absolute values, whose norm
    is at most sqrt(n) times that of the effect, twice for both parts.
    """
    waves = sum(2 * math.sqrt(codes.shape[1 + i]) * gamma(codes.shape[1 + i] + 18, codes) for i in cyclic)
    return (len(cyclic) + 1) * interaction_error(codes) + waves + gamma(codes.numel(), codes)


# -- codes with a known spectrum ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wave:
    """A plane wave: frequencies, one a factor, and the two columns by which its cosine
    and sine enter the code, shape ``(d, 2)``."""

    frequencies: tuple[int, ...]
    columns: Tensor


def codes_of_waves(sizes: Sequence[int], waves: Sequence[Wave], mean: Tensor) -> tuple[Tensor, float]:
    """One orbit of codes, mean + sum over waves of columns (cos, sin)(2 pi sum_i f_i g_i
    / n_i), and a bound on their error.

    Args:
        sizes: n_1, .., n_k. waves: The waves. mean: Shape ``(d,)``.
    Returns:
        Codes, shape ``(1, n_1, .., n_k, d)``, and a bound on the Frobenius norm of
        their error.
    """
    grids = torch.meshgrid(*(torch.arange(n, device=mean.device) for n in sizes), indexing="ij")
    common = math.lcm(*sizes)
    out, reach = mean.expand(*sizes, len(mean)).clone(), mean.abs()
    for wave in waves:
        steps = sum(f * g * (common // n) for f, g, n in zip(wave.frequencies, grids, sizes, strict=True))
        angle = (steps % common).to(mean.dtype) * (2 * math.pi / common)
        out = out + torch.stack([angle.cos(), angle.sin()], -1) @ wave.columns.mT
        reach = reach + wave.columns.abs().sum(1)
    error = gamma(2 * len(waves) + 20, mean) * float(reach.square().sum().sqrt()) * math.sqrt(math.prod(sizes))
    return out[None], error
