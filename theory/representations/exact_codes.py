"""Codes on a full grid of factor values, exactly: when one linear action moves all
orbits, and when that action is disentangled.

z_c(g) is the code of orbit c after g in C_a x C_b. For each character chi the transform
zhat_c(chi) spans, over the orbits c, the part of the codes on which a linear action can
only multiply by chi. One linear action moves all codes exactly if these parts are
independent, that is if their dimensions sum to the rank of all codes. The encoder is
disentangled exactly if moreover nothing sits on a character that is nontrivial on both
factors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import lcm

import numpy as np

from theory.arithmetic.cyclotomic import powers
from theory.arithmetic.matrices import CyclotomicField, ExactArray
from theory.proof.statements import Enumeration, Family

Grid = tuple[int, int, int, int, tuple[int, ...]]  # a, b, orbits, d, entries in this order


@dataclass(frozen=True)
class ExactCodes:
    """Integer codes, shape ``(orbits, a, b, d)``.

    >>> ExactCodes.of((2, 2, 1, 1, (0, 1, 1, 2))).is_additive, ExactCodes.of((2, 2, 1, 1, (0, 1, 1, 2))).ranks
    (True, 3)
    """

    values: np.ndarray

    @classmethod
    def of(cls, grid: Grid) -> ExactCodes:
        """From plain data."""
        a, b, orbits, d, entries = grid
        return cls(np.array(entries, dtype=np.int64).reshape(orbits, a, b, d))

    @cached_property
    def transform(self) -> ExactArray:
        """zhat_c(u, v) = sum z_c(g, h) zeta_a^(-ug) zeta_b^(-vh), shape ``(a, b, d,
        orbits)``."""
        _, a, b, _ = self.values.shape
        n = lcm(a, b)
        roots = powers(n)
        u, v, g, h = np.ix_(range(a), range(b), range(a), range(b))
        kernel = roots[(-u * g * (n // a) - v * h * (n // b)) % n]
        return ExactArray.build(CyclotomicField(n), np.einsum("uvghz,cghd->uvdcz", kernel, self.values))

    @cached_property
    def ranks(self) -> int:
        """The sum over characters of the dimension that zhat_c(chi) spans over the
        orbits."""
        a, b = self.values.shape[1:3]
        return sum(self.transform[u, v].rank() for u, v in product(range(a), range(b)))

    @property
    def is_additive(self) -> bool:
        """Whether nothing sits on characters that are nontrivial on both factors."""
        return self.transform[1:, 1:].is_zero

    @cached_property
    def matrix(self) -> ExactArray:
        """All codes as columns, shape ``(d, orbits a b)``."""
        columns = self.values.reshape(-1, self.values.shape[-1]).T
        return ExactArray(CyclotomicField(1), np.ascontiguousarray(columns)[..., None])

    @property
    def rank(self) -> int:
        """The dimension that all codes span."""
        return self.matrix.rank()

    def moved_relations(self, axis: int) -> bool:
        """Whether every linear relation between codes holds again after one step of a
        factor: then, and only then, a linear map makes that step."""
        relations = self.matrix.nullspace()
        stepped = np.roll(self.values, -1, axis=1 + axis).reshape(-1, self.values.shape[-1]).T
        return (ExactArray(CyclotomicField(1), np.ascontiguousarray(stepped)[..., None]) @ relations).is_zero

    def is_moved_linearly(self, axis: int) -> bool:
        """Whether the map that steps a basis of codes along one factor steps all
        others as well: it is the only candidate for a linear action."""
        reduced, pivots = self.matrix.echelon()
        stepped = np.roll(self.values, -1, axis=1 + axis).reshape(-1, self.values.shape[-1]).T
        images = ExactArray(CyclotomicField(1), np.ascontiguousarray(stepped)[..., None])
        return (not pivots and images.is_zero) or images[:, list(pivots)] @ reduced[: len(pivots)] == images

    @property
    def has_no_mixed_step(self) -> bool:
        """Whether (R(a) - 1)(R(b) - 1) = 0 on all codes, a and b one step of each
        factor."""
        z = self.values
        along = np.roll(z, -1, axis=1) - z
        return not (np.roll(along, -1, axis=2) - along).any()

    @property
    def has_no_mixed_difference(self) -> bool:
        """z(g, h) - z(g, 0) - z(0, h) + z(0, 0) = 0 on every orbit."""
        z = self.values
        return not (z - z[:, :, :1] - z[:, :1] + z[:, :1, :1]).any()


Claimed = Callable[[ExactCodes], bool]


def fills_the_rank(codes: ExactCodes) -> bool:
    """Additive, and as many frequencies as the rank has room for."""
    return codes.is_additive and codes.ranks == codes.rank


def is_additive(codes: ExactCodes) -> bool:
    """The falsehood that additive codes are those of a disentangled encoder."""
    return codes.is_additive


def small_codes() -> Family:
    """All codes with entries 0 and 1 on small grids, one orbit and two."""
    shapes = ((2, 2, 1, 2), (2, 2, 2, 1), (2, 3, 1, 1))
    additive = (2, 2, 1, 1)

    def members() -> Iterator[Grid]:
        for a, b, orbits, d in shapes:
            yield from ((a, b, orbits, d, entries) for entries in product((0, 1), repeat=a * b * orbits * d))
        yield from ((*additive, entries) for entries in product((-1, 0, 1, 2), repeat=4))

    size = sum(2 ** (a * b * orbits * d) for a, b, orbits, d in shapes) + 4**4
    return Family(
        "codes on the grids C2 x C2 and C2 x C3, one orbit and two, entries 0, 1 (-1, 0, 1, 2 in one dimension)",
        members,
        size,
    )


def disentangled_codes(claimed: Claimed = fills_the_rank) -> Enumeration:
    """Codes are those of a disentangled encoder exactly where ``claimed`` says so: by
    relations that one step must keep, and by the only map that can make the step."""

    def by_relations(grid: Grid) -> bool:
        codes = ExactCodes.of(grid)
        moved = codes.has_no_mixed_difference and all(codes.moved_relations(axis) for axis in (0, 1))
        return claimed(codes) == moved

    def by_the_action(grid: Grid) -> bool:
        codes = ExactCodes.of(grid)
        moved = codes.has_no_mixed_step and all(codes.is_moved_linearly(axis) for axis in (0, 1))
        return claimed(codes) == moved

    return Enumeration("codes on a grid", small_codes(), by_relations, by_the_action)
