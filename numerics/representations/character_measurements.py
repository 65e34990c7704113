"""Characters of irreducible pieces, known up to an error, against what a character
table has to satisfy."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.representations.averaging import character_gram, first_of_each_kind, frobenius_schur

NOTE = "characters of the pieces are known up to e (off-block terms times the largest dimension); a product of two is known up to 2 max|chi| e + e^2"


@dataclass(frozen=True)
class MeasuredCharacters:
    """One character of each kind.

    Attributes:
        characters: On all elements, complex, shape ``(k, n)``.
        table: Products of elements, int64, shape ``(n, n)``.
        error: Bound on the error of every value.
    """

    characters: Tensor
    table: Tensor
    error: float

    @classmethod
    def of_pieces(cls, characters: Tensor, table: Tensor, error: float) -> MeasuredCharacters:
        """The characters of all pieces, one of each kind kept.

        Args:
            characters: Shape ``(pieces, n)``. table: Products of elements, int64, shape
                ``(n, n)``. error: Of every value.
        """
        return cls(characters[torch.tensor(first_of_each_kind(character_gram(characters)))], table, error)

    @property
    def product_error(self) -> float:
        """Bound on the error of a product of two values."""
        return 2 * float(self.characters.abs().max()) * self.error + self.error**2

    def rows(self) -> Measurement:
        """(1/n) sum chi_i(g) conj chi_j(g) against 1 and 0; shape ``(k, k)``."""
        k, n = self.characters.shape
        gram = character_gram(self.characters)
        eye = torch.eye(k, dtype=gram.dtype, device=gram.device)
        return Measurement((gram - eye).abs(), Bound({"characters": self.product_error}, NOTE), n)

    def columns(self) -> Measurement:
        """sum_i chi_i(g) conj chi_i(h) against #{x : x g = h x}; shape ``(n, n)``."""
        sums = (self.characters.mH @ self.characters).conj()
        conjugating = (self.table[:, :, None] == self.table.T[:, None, :]).sum(0)  # (g, h) -> #{x : x g = h x}
        k, n = self.characters.shape
        bound = Bound({"characters": k * self.product_error}, NOTE + "; k of them are added")
        return Measurement((sums - conjugating).abs(), bound, n * n)

    def indicators(self, value: int = 1) -> Measurement:
        """(1/n) sum chi(g^2) against ``value``; shape ``(k,)``."""
        residual = (frobenius_schur(self.characters, self.table) - value).abs()
        return Measurement(residual, Bound({"characters": self.error}, NOTE), len(residual))

    def kinds(self, count: int) -> Measurement:
        """The sum of (1/n) sum |chi|^2 over the kinds against their number as
        claimed."""
        total = self.characters.abs().square().mean(1).sum()
        mean = float(self.characters.abs().mean(1).sum())
        terms = {
            "characters": 2 * mean * self.error + len(self.characters) * self.error**2,
            "rounding": (self.characters.numel() + 4) * torch.finfo(total.dtype).eps * float(total),
        }
        note = "|chi|^2 errs by 2 |chi| e + e^2, summed as large as they are; a sum of nonnegative terms by as many units as it has"
        return Measurement((total - count).abs(), Bound(terms, f"{NOTE}; {note}"), 1)

    def values(self, rows: Tensor, r: int, s: int) -> Measurement:
        """Each row of a table, values on e, r, r2, r3, s, rs, r2s, r3s, against the
        nearest character; shape ``(rows,)``.

        Args:
            rows: Shape ``(rows, 8)``. r, s: Positions of the two generators.
        """
        powers, identity = [], int((self.table[:, 0] == 0).nonzero()[0])
        place = identity
        for _ in range(4):
            powers.append(place)
            place = int(self.table[place, r])
        places = [*powers, *(int(self.table[power, s]) for power in powers)]
        apart = (self.characters[:, torch.tensor(places)][None] - rows.to(self.characters)[:, None]).abs().amax(-1)
        return Measurement(apart.min(1).values, Bound({"characters": self.error}, NOTE), rows.numel())
