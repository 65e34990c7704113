"""What coordinates in which a representation falls into irreducible parts can say of
data, and what they cannot: densities, copies of one irrep, power and phase, invariant
covariances."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from theory.arithmetic.cyclotomic import powers
from theory.arithmetic.matrices import CyclotomicField, ExactArray, block_diagonal
from theory.groups import FiniteGroup
from theory.groups.families import cyclic, quaternion, symmetric
from theory.proof.statements import Enumeration, Equation, Family
from theory.representations.character_tables import character_table
from theory.representations.matrices import Representation, intertwiners_dimension

# -- densities in other orthonormal coordinates ----------------------------------------------------------------------------


def orthonormal_coordinates() -> list[Equation]:
    """det A of an orthogonal A is 1 in size: Cayley's family of rotations of R^3, every
    rotation but those by half a turn; and the irreps of C_3 on R^3.

    The density of AX at Ax is p(x)/|det A|, so that no density score changes.
    """
    a, b, c = sp.symbols("a b c", real=True)
    skew = sp.Matrix([[0, -c, b], [c, 0, -a], [-b, a, 0]])
    rotation = (sp.eye(3) - skew) * (sp.eye(3) + skew).inv()
    half, third, sixth = sp.sqrt(sp.Rational(1, 2)), sp.sqrt(sp.Rational(1, 3)), sp.sqrt(sp.Rational(1, 6))
    irreps = sp.Matrix([[third, third, third], [half, -half, 0], [sixth, sixth, -2 * sixth]])
    return [
        Equation("determinant of a rotation", sp.Determinant(rotation), 1),
        Equation("determinant of the change to the irreps of C3", sp.Determinant(irreps) ** 2, 1),
    ]


# -- copies of one real irrep ----------------------------------------------------------------------------------------------

LARGEST_COPIES = 3


def _turn() -> Representation:
    """C_3 on Q^2, of complex type."""
    third = ExactArray.of([[0, -1], [1, -1]])
    return Representation.from_generators(cyclic(3), {1: third}, name="complex")


def _reflections() -> Representation:
    """S_3 on Q^2, of real type."""
    group = symmetric(3)
    swap, cycle = ExactArray.of([[0, 1], [1, 0]]), ExactArray.of([[0, -1], [1, -1]])
    first, second = group.generators
    return Representation.from_generators(group, {first: swap, second: cycle}, name="real")


def _units() -> Representation:
    """Q_8 on Q^4 by left multiplication of quaternions, of quaternionic type."""
    i = ExactArray.of([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]])
    j = ExactArray.of([[0, 0, -1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, -1, 0, 0]])
    group = quaternion()
    return Representation.from_generators(group, {"a": i, "b": j}, name="quaternionic")


_TYPES: dict[str, tuple[Callable[[], Representation], int]] = {
    "real": (_reflections, 1),
    "complex": (_turn, 2),
    "quaternionic": (_units, 4),
}
Dimension = Callable[[str, int], int]


def commutant_dimension(kind: str, m: int) -> int:
    """m^2, 2 m^2, 4 m^2: matrices over the real numbers, the complex numbers and the
    quaternions; the orthogonal ones among them form O(m), U(m), Sp(m)."""
    return _TYPES[kind][1] * m * m


def squared_multiplicity(kind: str, m: int) -> int:
    """The falsehood that it is m^2 over the real numbers too, whatever the type."""
    return m * m


@cache
def copies(kind: str, m: int) -> Representation:
    """m copies of the real irrep of that type."""
    one = _TYPES[kind][0]()
    one.require_homomorphism()
    return Representation(one.group, block_diagonal([one.matrices] * m), name=kind)


def commutants(claimed: Dimension = commutant_dimension) -> Enumeration:
    """The dimension over R of what commutes with m copies: by solving for it, and as
    the norm of the character."""
    kinds = [(kind, m) for kind in _TYPES for m in range(1, LARGEST_COPIES + 1)]
    family = Family(
        f"real irreps of each of three types, 1 to {LARGEST_COPIES} copies", lambda: iter(kinds), 3 * LARGEST_COPIES
    )

    def by_solving(member: tuple[str, int]) -> bool:
        V = copies(*member)
        return intertwiners_dimension(V, V) == claimed(*member)

    def by_character(member: tuple[str, int]) -> bool:
        V = copies(*member)
        return V.inner(V) == claimed(*member)

    return Enumeration("commutants of copies of an irrep", family, by_solving, by_character)


# -- power and phase -------------------------------------------------------------------------------------------------------

Vector = tuple[int, ...]
VALUES = (-1, 0, 2, 3)  # (2, 2, -1) and (3, 0, 0) are among the vectors: three halves of (4/3, 4/3, -2/3) and (2, 0, 0)


@dataclass(frozen=True)
class Invariant:
    """A function of vectors on C_3 that no shift changes, by the transform and by sums
    over the vector."""

    by_transform: Callable[[Vector], Any]
    by_sums: Callable[[Vector], Any]


@cache
def _transform(x: Vector) -> ExactArray:
    roots = powers(3)
    kernel = roots[-np.outer(range(3), range(3)) % 3]

    return ExactArray(CyclotomicField(3), np.einsum("ugz,g->uz", kernel, np.array(x, dtype=np.int64)))


def _plain(values: ExactArray) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in values.numerators.tolist())


@cache
def bispectrum(x: Vector) -> tuple[tuple[int, ...], ...]:
    """xhat(u) xhat(v) conj xhat(u + v) for all u, v: power and phases."""
    z = _transform(x)
    u, v = (index.ravel() for index in np.indices((3, 3)))
    return _plain(z[u].entrywise(z[v]).entrywise(z[(u + v) % 3].conj()))


@cache
def triple_correlations(x: Vector) -> tuple[int, ...]:
    """sum_i x_i x_(i+a) x_(i+b) for all a, b."""
    return tuple(sum(x[i] * x[(i + a) % 3] * x[(i + b) % 3] for i in range(3)) for a, b in product(range(3), repeat=2))


@cache
def power(x: Vector) -> tuple[tuple[int, ...], ...]:
    """|xhat(u)|^2, one number for each isotypic part."""
    z = _transform(x)
    return _plain(z.entrywise(z.conj()))


@cache
def autocorrelations(x: Vector) -> tuple[int, ...]:
    """sum_i x_i x_(i+a) for all a."""
    return tuple(sum(x[i] * x[(i + a) % 3] for i in range(3)) for a in range(3))


BISPECTRUM, POWER = Invariant(bispectrum, triple_correlations), Invariant(power, autocorrelations)


def orbits_told_apart(invariant: Invariant = BISPECTRUM) -> Enumeration:
    """Two vectors on C_3 are shifts of one another exactly if the invariant agrees: for
    the transform, and for the sums that determine it."""

    def members() -> Iterator[tuple[Vector, Vector]]:
        vectors: list[Vector] = list(product(VALUES, repeat=3))
        yield from product(vectors, vectors)

    def shifted(x: Vector, y: Vector) -> bool:
        return any(x[k:] + x[:k] == y for k in range(3))

    family = Family(f"pairs of vectors on C3 with entries {', '.join(map(str, VALUES))}", members, len(VALUES) ** 6)
    return Enumeration(
        "orbits by invariants",
        family,
        lambda pair: shifted(*pair) == (invariant.by_transform(pair[0]) == invariant.by_transform(pair[1])),
        lambda pair: (
            (min(pair[0][k:] + pair[0][:k] for k in range(3)) == min(pair[1][k:] + pair[1][:k] for k in range(3)))
            == (invariant.by_sums(pair[0]) == invariant.by_sums(pair[1]))
        ),
    )


# -- invariant covariances -------------------------------------------------------------------------------------------------

LARGEST_IMAGE = 8


@cache
def square_on_pixels(n: int) -> np.ndarray:
    """The eight symmetries of a square as permutations of n x n pixels, shape ``(8, n
    n)``."""
    grid = np.arange(n * n).reshape(n, n)
    turns = [np.rot90(grid, k) for k in range(4)]
    return np.stack([image.ravel() for turned in turns for image in (turned, turned.T)])


def numbers_of_a_covariance(multiplicities: Sequence[int], types: Sequence[str]) -> int:
    """How many free numbers an invariant covariance has: a symmetric, Hermitian or
    quaternionic Hermitian m x m block for each real irrep of multiplicity m; here all
    are of real type, m (m + 1)/2."""
    if any(kind != "real" for kind in types):
        raise ValueError("Expected irreps of real type.")
    return sum(m * (m + 1) // 2 for m in multiplicities)


def all_numbers(multiplicities: Sequence[int], degrees: Sequence[int]) -> int:
    """Those of any covariance, N (N + 1)/2."""
    size = sum(m * d for m, d in zip(multiplicities, degrees, strict=True))
    return size * (size + 1) // 2


@cache
def multiplicities(n: int) -> tuple[tuple[int, int, str], ...]:
    """(multiplicity, degree, type) of the irreps of the square's group on n x n
    pixels."""
    rows = square_on_pixels(n)
    group = FiniteGroup.from_permutations(rows[1:3].tolist() if n > 1 else [[0]])
    table = character_table(group)
    elements = group.elements
    assert elements is not None  # made from permutations
    fixed = [int((elements[c.representative] == np.arange(n * n)).sum()) for c in group.classes]
    found = []
    for row, (degree, kind) in enumerate(zip(table.degrees, table.types, strict=True)):
        total = sum(
            size * value * table.array.fraction(row, k)  # the characters of this group are rational
            for k, (size, value) in enumerate(zip(table.class_sizes, fixed, strict=True))
        )
        found.append((int(Fraction(total) / group.order), degree, kind))
    return tuple(found)


Count = Callable[[int], int]


def block_numbers(n: int) -> int:
    """Those of the blocks of Schur's lemma."""
    return numbers_of_a_covariance([m for m, _, _ in multiplicities(n)], [kind for _, _, kind in multiplicities(n)])


def free_numbers(n: int) -> int:
    """The falsehood that a covariance keeps all its numbers."""
    return all_numbers([m for m, _, _ in multiplicities(n)], [d for _, d, _ in multiplicities(n)])


def covariances(claimed: Count = block_numbers) -> Enumeration:
    """Invariant covariances of n x n pixels under the square's symmetries have as many
    numbers as the blocks: by orbits of pairs of pixels, and by Burnside's count."""

    def by_orbits(n: int) -> bool:
        rows = square_on_pixels(n)
        pairs = [(x, y) for x in range(n * n) for y in range(x, n * n)]
        first, second = (rows[:, [pair[k] for pair in pairs]] for k in (0, 1))
        keys = (np.minimum(first, second) * (n * n) + np.maximum(first, second)).min(0)
        return len(np.unique(keys)) == claimed(n)

    def by_burnside(n: int) -> bool:
        points = np.arange(n * n)
        total = 0
        for row in square_on_pixels(n):
            fixed, of_square = int((row == points).sum()), int((row[row] == points).sum())
            total += (fixed * fixed + of_square) // 2  # unordered pairs kept: both fixed, or exchanged, or twice one
        return total == 8 * claimed(n)

    family = Family(
        f"images of n x n pixels, 1 <= n <= {LARGEST_IMAGE}", lambda: iter(range(1, LARGEST_IMAGE + 1)), LARGEST_IMAGE
    )
    return Enumeration("invariant covariances", family, by_orbits, by_burnside)
