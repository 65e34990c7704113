"""What is said of the symmetries of a square, read off the isometries that were fitted
to its corners.

Elements are r^k s^j, number k + 4 j, with r the quarter turn and s the reflection that
fixes corner 0. Different ones are 2 or sqrt(8) apart in the Frobenius norm, which
decides what is equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.representations.point_symmetries import PlanarSymmetries, distances, placed_points, symmetries
from numerics.streams import Stream

APART = 2.0  # the least distance of two different isometries of the group
TURN, FLIP = (1, 2, 3, 0), (0, 3, 2, 1)


def placed_square(corners: Tensor, scale: float, shift: float, stream: Stream) -> SquareSymmetries:
    """Four points placed at random, and what their symmetries are.

    Args:
        corners: The points in order around, exact, shape ``(4, 2)``.
        scale, shift: As for
            :func:`numerics.representations.point_symmetries.placed_points`.
    Raises:
        ValueError: another shape. Indistinct: points on one line, or known too
            coarsely.
    """
    if corners.shape != (4, 2):
        raise ValueError(f"Expected four points of the plane, shape (4, 2), got {tuple(corners.shape)}.")
    return SquareSymmetries(symmetries(*placed_points(corners.to(stream.device), scale, shift, stream)))


class SquareSymmetries:
    """Claims about r and s against the maps fitted to correspondences of four corners.

    Args:
        fitted: The maps of all 24 correspondences.
    Accuracy:
        The fitted maps of true symmetries are within ``group_error`` e of one exact
        group of matrices of norm at most 1 + 2 ``error``. A product of k of them is
        within k e of the group, with (2 k) more roundings, times 1 + 4 k ``error``.
    """

    def __init__(self, fitted: PlanarSymmetries) -> None:
        self.fitted = fitted
        power, words = (0, 1, 2, 3), []
        for _ in range(4):
            words.append(power)
            power = tuple(power[x] for x in TURN)
        words += [tuple(word[x] for x in FLIP) for word in words]
        self.places = torch.tensor([fitted.position(word) for word in words])
        r, s = (fitted.matrices[fitted.position(word)] for word in (TURN, FLIP))
        self.letters = {"r": r, "s": s, "R": r @ r @ r, "S": s}
        self.eye = torch.eye(2, dtype=r.dtype, device=r.device)
        turns = [self.eye, r, r @ r, r @ r @ r]
        self.words = torch.stack([*turns, *(turn @ s for turn in turns)])

    def _error(self, factors: int) -> float:
        unit = torch.finfo(self.words.dtype).eps
        return factors * (self.fitted.group_error + 4 * unit) * (1 + 4 * factors * self.fitted.error)

    def _bound(self, factors: int) -> Bound:
        note = (
            "each factor of a product is within second order of the placing error, and rounding of the fit, of one exact group of matrices; "
            "errors of factors add up, times norms near one, with rounding"
        )
        return Bound({f"{factors} factors": self._error(factors)}, note)

    def _fit(self, terms: int) -> Bound:
        note = "coordinates, centring and normal equations move the defect of a correspondence by this much at most"
        return Bound({"fit": terms * self.fitted.error}, note)

    def correspondences(self) -> Measurement:
        """The maps of the eight words carry corners to corners; shape ``(8,)``."""
        return Measurement(self.fitted.misses[self.places], self._fit(1), 8)

    def isometries(self) -> Measurement:
        """They are orthogonal; shape ``(8,)``."""
        return Measurement(self.fitted.skews[self.places], self._fit(1), 8)

    def others(self) -> Measurement:
        """The defect of each of the other sixteen correspondences is 2, for a square of
        any size; shape ``(16,)``."""
        rest = torch.ones(len(self.fitted.defects), dtype=torch.bool)
        rest[self.places] = False
        return Measurement((self.fitted.defects[rest] - 2).abs(), self._fit(2), int(rest.sum()))

    def fitted_words(self) -> Measurement:
        """Products of r and s are the maps fitted to the products of their
        permutations; shape ``(8,)``."""
        residual = torch.linalg.matrix_norm(self.words - self.fitted.matrices[self.places])
        return Measurement(residual, self._bound(5), 8)

    def products(self, table: Sequence[Sequence[int]]) -> Measurement:
        """A multiplication table of the eight words; shape ``(8, 8)``."""
        claimed = self.words[torch.tensor(table, device=self.words.device)]
        return Measurement(torch.linalg.matrix_norm(self._products - claimed), self._bound(12), 64)

    def relations(self, relators: Sequence[str]) -> Measurement:
        """Words in r, s and their inverses R, S that are claimed trivial."""
        residual = torch.linalg.matrix_norm(torch.stack([self._evaluated(word) - self.eye for word in relators]))
        return Measurement(residual, self._bound(3 * max(len(word) for word in relators)), len(relators))

    def _evaluated(self, word: str) -> Tensor:
        out = self.eye
        for letter in word:
            out = out @ self.letters[letter]
        return out

    @cached_property
    def _products(self) -> Tensor:
        return self.words[:, None] @ self.words[None]

    def _told(self, distance: Tensor, claimed: Tensor, factors: int, exactly: float | None = None) -> Measurement:
        """Distances that are zero where claimed, and at least 2 (or just ``exactly``)
        elsewhere, matrices known to first order."""
        short = (APART - distance).clamp(min=0) if exactly is None else (exactly - distance).abs()
        residual = torch.where(claimed, distance, short)
        near = torch.full_like(distance, self._error(factors))
        note = (
            "zero: as for products; at least 2: a group of matrices conjugate to the isometries by L has distances at least 2 over the condition k of L, "
            "which is within the error e of the fit of 1; of opposite elements just 2 |L M L^-1|, M orthogonal, whose singular values are s and 1/s with s "
            "at most k: sqrt 8 to within sqrt 8 e^2"
        )
        apart = near + (2 * APART * self.fitted.error if exactly is None else 2 * exactly * self.fitted.error**2)
        return Measurement(residual, Bound({"factors": torch.where(claimed, near, apart)}, note), distance.numel())

    def conjugacy(self, pairs: Sequence[Sequence[bool]]) -> Measurement:
        """Which pairs of elements x, y have some g with g x g^-1 = y; shape ``(8,
        8)``."""
        inverses = torch.linalg.inv(self.words)
        moved = self.words[:, None] @ self.words[None] @ inverses[:, None]  # g, x
        distance = torch.linalg.matrix_norm(moved[:, :, None] - self.words).min(0).values
        return self._told(distance, torch.tensor(pairs, device=distance.device), 16)

    def centre(self, members: Sequence[bool]) -> Measurement:
        """Which elements commute with all; for the others some g x and x g are sqrt(8)
        apart, for they are opposite; shape ``(8,)``."""
        commutators = torch.linalg.matrix_norm(self._products - self._products.transpose(0, 1))
        central = torch.tensor(members, device=commutators.device)
        return self._told(commutators.max(1).values, central, 16, exactly=2 * APART / 2**0.5)

    def subgroups(self, subsets: Sequence[Sequence[bool]], closed: Sequence[bool]) -> Measurement:
        """Which subsets hold the products of their members; shape ``(subsets,)``."""
        device = self.words.device
        members = torch.tensor(subsets, device=device)
        apart = distances(self._products.reshape(-1, 2, 2), self.words).reshape(8, 8, 8)  # g, h, k: g h against k
        nearest = torch.where(members[:, None, None, :], apart, torch.inf).min(-1).values
        pairs = members[:, :, None] & members[:, None, :]
        farthest = torch.where(pairs, nearest, 0.0).flatten(1).max(1).values
        return self._told(farthest, torch.tensor(closed, device=device), 12)

    def edges(self, letter: str, claimed: Sequence[Sequence[bool]]) -> Measurement:
        """Which pairs x, y have y = x g for the letter g; shape ``(8, 8)``."""
        distance = distances(self.words @ self.letters[letter], self.words)
        return self._told(distance, torch.tensor(claimed, device=distance.device), 12)
