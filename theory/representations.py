"""Representations of finite groups by exact matrices: defect, character, irreducibility, explicit irreps, decomposition.

A :class:`Representation` holds one matrix per element over a named field (Q(zeta_n) or F_p). Nothing is believed: ``defect`` multiplies out
every pair, and a :class:`Decomposition` is verified by multiplication alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import islice
from math import lcm
from typing import Any

import numpy as np

from theory.character_tables import CharacterTable, character_table, linear_characters, modulo, split_prime
from theory.cyclotomic import Cyclotomic, degree, powers
from theory.exact_matrices import CyclotomicField, ExactArray, Field, block_diagonal, hstack, join, stack
from theory.groups import FiniteGroup

__all__ = [
    "CharacterTable", "Decomposition", "Defect", "NotARepresentation", "Representation", "character_table", "decompose", "intertwiners_dimension",
    "irreps", "regular_representation", "restrict",
]  # fmt: skip

_SUBGROUP_BUDGET = 3000
_BIG_PRIME = 2**24


class NotARepresentation(ValueError):
    """Matrices that are not a homomorphism, or not of the right shape; the message names the pair or the element."""


@dataclass(frozen=True)
class Defect:
    """Where matrices fail to multiply as the group does: the first pair (indices), R(g)R(h) - R(gh) there, and how many pairs fail."""

    pair: tuple[int, int]
    residual: ExactArray
    failing: int
    pairs: int


@dataclass(frozen=True, eq=False, repr=False)
class Representation:
    """One matrix per group element, in the group's order.

    Args:
        group: The group.
        matrices: Shape ``(group.order, d, d)``.
        form: A Hermitian form that the matrices preserve, shape ``(d, d)``, where one is known.
        name: For printing.
    """

    group: FiniteGroup
    matrices: ExactArray
    form: ExactArray | None = None
    name: str = ""

    def __post_init__(self) -> None:
        shape = self.matrices.shape
        if len(shape) != 3 or shape[0] != self.group.order or shape[1] != shape[2] or shape[1] < 1:
            raise NotARepresentation(f"Expected {self.group.order} square matrices of one size >= 1, got an array of shape {shape}.")

    def __repr__(self) -> str:
        return f"{self.name or 'a representation'} of {self.group.label or f'a group of order {self.group.order}'}, degree {self.degree} over {self.field}"

    @classmethod
    def from_matrices(cls, group: FiniteGroup, matrices: Any, field: Field | None = None, name: str = "") -> Representation:
        """From nested sequences (or an ExactArray), one matrix per element in the group's order."""
        return cls(group, matrices if isinstance(matrices, ExactArray) else ExactArray.of(matrices, field), name=name)

    @classmethod
    def from_generators(cls, group: FiniteGroup, images: Mapping[int, ExactArray], name: str = "") -> Representation:
        """Extend the images of generating elements along words; :meth:`defect` then tells whether the relations hold.

        Raises:
            NotARepresentation: the elements do not generate, or matrices differ in shape.
        """
        gens = list(images)
        shapes = {images[g].shape for g in gens}
        if len(shapes) != 1:
            raise NotARepresentation(f"Expected one matrix size for all generators, got {sorted(shapes)}.")
        (shape,) = shapes
        common = images[gens[0]].field
        for g in gens[1:]:
            common = join(common, images[g].field)
        matrices: list[ExactArray] = [ExactArray.eye(shape[0], common)] * group.order
        try:
            walk = group.walk(gens)
        except ValueError as error:
            raise NotARepresentation(str(error)) from None
        for x, parent, k in walk:
            matrices[x] = matrices[parent] @ images[gens[k]]
        return cls(group, stack(matrices), name=name)

    @property
    def degree(self) -> int:
        """The size of the matrices."""
        return self.matrices.shape[1]

    @property
    def field(self) -> Field:
        """Where the entries live."""
        return self.matrices.field

    def __call__(self, element: int | str) -> ExactArray:
        """The matrix of one element, by index or name."""
        return self.matrices[self.group.index(element) if isinstance(element, str) else element]

    def defect(self) -> Defect | None:
        """None for a homomorphism; otherwise the first failing pair. Every pair is multiplied out."""
        n = self.group.order
        failing, first = 0, None
        for g in range(n):
            residual = (self.matrices[g][None] @ self.matrices) - self.matrices[self.group.table[g]]
            bad = residual.nonzero().any(axis=(-1, -2))
            if bad.any():
                failing += int(bad.sum())
                if first is None:
                    h = int(bad.argmax())
                    first = (g, h), residual[h]
        return None if first is None else Defect(*first, failing, n * n)

    @cached_property
    def character(self) -> ExactArray:
        """Traces, shape ``(group.order,)``."""
        return self.matrices.trace()

    def inner(self, other: Representation) -> Fraction:
        """(1/n) sum_g chi(g) conj(psi(g)); over Q(zeta_n) only."""
        total = self.character.entrywise(other.character.conj()).sum()
        return total.entry().as_fraction() / self.group.order

    @property
    def is_irreducible(self) -> bool:
        """Over the complex numbers: the character has norm 1. Expects a homomorphism in characteristic 0."""
        return self.inner(self) == 1

    @property
    def indicator(self) -> Fraction:
        """The Frobenius-Schur number (1/n) sum_g chi(g^2)."""
        squares = self.group.table[np.arange(self.group.order), np.arange(self.group.order)]
        return self.character[squares].sum().entry().as_fraction() / self.group.order

    def tensor(self, other: Representation) -> Representation:
        """The tensor product, by Kronecker products."""
        return Representation(self.group, self.matrices.kron(other.matrices), name=f"{self.name}(x){other.name}")

    def sum(self, *others: Representation) -> Representation:
        """The direct sum."""
        return Representation(self.group, block_diagonal([self.matrices, *(o.matrices for o in others)]))

    def dual(self) -> Representation:
        """g -> transpose of R(g^-1)."""
        return Representation(self.group, self.matrices[self.group.inverses].T, name=f"{self.name}*")

    def conjugated(self, basis: ExactArray) -> Representation:
        """S R S^-1.

        Raises:
            ZeroDivisionError: S is singular.
        """
        return Representation(self.group, basis[None] @ self.matrices @ basis.inverse()[None], name=self.name)

    def over(self, other: Field) -> Representation:
        """The same matrices in a larger field."""
        return Representation(self.group, self.matrices.over(other), self.form, self.name)


def restrict(representation: Representation, subgroup: Sequence[int]) -> Representation:
    """The restriction to a subgroup given by its elements."""
    members = sorted(subgroup)
    return Representation(representation.group.restricted(members), representation.matrices[members], name=representation.name)


def permutation_representation(group: FiniteGroup, images: np.ndarray, over: Field | None = None) -> Representation:
    """From an action: ``images[g, x]`` is g x; R(g) e_x = e_{gx}."""
    n, points = images.shape
    base = over or CyclotomicField(1)
    numerators = np.zeros((n, points, points, base.degree), dtype=np.int64)
    numerators[np.arange(n)[:, None], images, np.arange(points)[None, :], 0] = 1
    return Representation(group, ExactArray(base, numerators), name="permutation")


def regular_representation(group: FiniteGroup, over: Field | None = None) -> Representation:
    """Left multiplication on the group algebra."""
    return permutation_representation(group, group.table, over)


def intertwiners_dimension(a: Representation, b: Representation) -> int:
    """dim {X : X R_a(g) = R_b(g) X}, by linear algebra over a prime field that splits Q(zeta_n).

    The rank modulo p never exceeds the true rank, so the number returned is never below the true dimension; 0 and (for a = b) 1 are
    therefore certain. It uses the matrices of the generators and no character.
    """
    common = join(a.field, b.field)
    p, root = split_prime(common.order, _BIG_PRIME)
    rows = []
    for g in a.group.generators or (0,):
        left, right = (modulo(r.over(common).matrices[g], p, root) for r in (a, b))
        eye_a, eye_b = ExactArray.eye(a.degree, left.field), ExactArray.eye(b.degree, left.field)
        rows.append((eye_b.kron(left.T) - right.kron(eye_a)).numerators)
    system = ExactArray(left.field, np.concatenate(rows))
    return a.degree * b.degree - system.rank()


# -- explicit irreps ---------------------------------------------------------------------------------------------------


def irreps(group: FiniteGroup) -> tuple[Representation, ...]:
    """One explicit representation per row of :func:`character_table`, each with a positive definite invariant form.

    For a character chi of degree d, find a subgroup H with a linear character lambda that occurs once in chi restricted to H (Dixon
    1993). Then e = (1/|H|) sum_h lambda(h^-1) h has rank 1 in the irrep, and with f(x) = tr(e x) = (1/|H|) sum_h lambda(h^-1) chi(h x) and
    elements t_i such that the t_i v (v in the image of e) are a basis,
    R(x) = G^-1 [f(t_i^-1 x t_j)], G = [f(t_i^-1 t_j)] their Gram matrix, which R preserves.

    Raises:
        NotImplementedError: no such subgroup among those tried.
    """
    table = character_table(group)
    return tuple(_afford(table, row) for row in range(len(table.degrees)))


def _small_field(array: ExactArray) -> ExactArray:
    """The array over the smallest cyclotomic field that holds its entries."""
    flat = {tuple(v) for v in array.numerators.reshape(-1, array.field.degree).tolist()}
    order = lcm(1, *(Cyclotomic.build(array.field.order, v, array.denominator).reduced.order for v in flat))
    if order == array.field.order:
        return array
    if array.field.order % order:
        raise AssertionError("a subfield of Q(zeta_n) has a conductor that divides n, up to factor 2")
    table = {v: Cyclotomic.build(array.field.order, v, array.denominator).reduced.lift(order) for v in flat}
    common = lcm(1, *(x.denominator for x in table.values()))
    vectors = {v: [c * (common // x.denominator) for c in x.numerators] for v, x in table.items()}
    flat_rows = [vectors[tuple(v)] for v in array.numerators.reshape(-1, array.field.degree).tolist()]
    return ExactArray.build(CyclotomicField(order), np.array(flat_rows, dtype=object).reshape(*array.shape, degree(order)), common)


def _afford(table: CharacterTable, row: int) -> Representation:
    group, size = table.group, table.degrees[row]
    chi = _small_field(table.array[row])[group.class_of]
    name = f"chi{row + 1}"
    if size == 1:
        return Representation(group, chi.reshape(-1, 1, 1), ExactArray.eye(1, chi.field), name)
    subgroup, exponents, e = _multiplicity_one(group, chi)
    f = _corner(group, chi, subgroup, exponents, e)
    basis = _spanning_translates(group, f, size)
    inv = group.inverses
    left = group.multiply(inv[basis][:, None], np.arange(group.order)[None, :])  # t_i^-1 x
    index = group.multiply(left[:, :, None], np.array(basis)[None, None, :])  # i, x, j
    values = f[np.moveaxis(index, 1, 0)]
    gram = values[0]
    return Representation(group, _small_field(gram.inverse()[None] @ values), _small_field(gram), name)


def _corner(group: FiniteGroup, chi: ExactArray, subgroup: Sequence[int], exponents: np.ndarray, e: int) -> ExactArray:
    """f(x) = (1/|H|) sum_h lambda(h^-1) chi(h x) on all x."""
    weights = ExactArray(CyclotomicField(e), powers(e)[-exponents % e]) if exponents.any() else None
    shifted = chi[group.multiply(np.array(subgroup)[:, None], np.arange(group.order)[None, :])]
    summed = (shifted if weights is None else weights.reshape(-1, 1).entrywise(shifted)).sum()
    return summed * Fraction(1, len(subgroup))


def _candidate_subgroups(group: FiniteGroup) -> Iterator[tuple[int, ...]]:
    """Cyclic subgroups up to conjugacy, then subgroups generated by two elements, the first up to conjugacy; larger ones help most."""
    seen = set()
    representatives = [c.representative for c in group.classes]
    for x in representatives:
        h = group.subgroup([x])
        if h not in seen:
            seen.add(h)
            yield h
    for x in representatives[1:]:
        for y in range(1, group.order):
            h = group.subgroup([x, y])
            if h not in seen:
                seen.add(h)
                yield h


def _multiplicity_one(group: FiniteGroup, chi: ExactArray) -> tuple[tuple[int, ...], np.ndarray, int]:
    """(H, exponents of lambda on H, e) with <chi|H, lambda> = 1, over the smallest field found; stops at the field of chi itself."""
    best: tuple[int, tuple[int, ...], np.ndarray, int] | None = None
    floor = chi.field.degree
    for h in islice(_candidate_subgroups(group), _SUBGROUP_BUDGET):
        inner = group.restricted(h)
        e = inner.exponent
        rows = linear_characters(inner)
        products = chi[list(h)][None].entrywise(ExactArray(CyclotomicField(e), powers(e)[-rows % e]))
        sums = products.sum(axis=1)
        once = [k for k in range(len(rows)) if sums.entry(k) == len(h)]
        for k in once:
            value_order = e // int(np.gcd.reduce(np.append(rows[k], e)))
            cost = degree(lcm(chi.field.order, value_order))
            if best is None or cost < best[0]:
                best = cost, h, rows[k], e
        if best is not None and best[0] <= floor:
            break
    if best is None:
        raise NotImplementedError(f"No subgroup among the first {_SUBGROUP_BUDGET} has a linear character that occurs once; this irrep needs another method.")
    _, h, exponents, e = best
    shared = int(np.gcd.reduce(np.append(exponents, e)))
    return h, exponents // shared, e // shared


def _spanning_translates(group: FiniteGroup, f: ExactArray, size: int) -> list[int]:
    """Elements t_i whose vectors t_i v are independent: independent columns of the Gram matrix [f(x^-1 y)] of a growing pool."""
    p, root = split_prime(f.field.order, _BIG_PRIME)
    image = modulo(f, p, root)
    pool_size = min(group.order, 4 * size)
    while True:
        pool = np.arange(group.order)[:: max(1, group.order // pool_size)]
        gram = image[group.multiply(group.inverses[pool][:, None], pool[None, :])]
        pivots = gram.echelon()[1]
        if len(pivots) == size:
            return [int(pool[k]) for k in pivots]
        if len(pool) == group.order:
            raise ArithmeticError("The translates do not span; the prime divides a Gram determinant or the character is wrong.")
        pool_size = min(group.order, 2 * pool_size)


# -- decomposition -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Decomposition:
    """R(g) T = T B(g), B block diagonal with irreps: ``multiplicities`` by irrep, T = ``basis``."""

    representation: Representation
    irreps: tuple[Representation, ...]
    multiplicities: tuple[int, ...]
    basis: ExactArray

    @property
    def blocks(self) -> ExactArray:
        """B(g) for every element."""
        chosen = [r.matrices for r, m in zip(self.irreps, self.multiplicities, strict=True) for _ in range(m)]
        return block_diagonal(chosen)

    def verify(self) -> bool:
        """Multiply everything out: R(g) T = T B(g) for all g, and T invertible (its rank modulo a prime is full)."""
        if not (self.representation.matrices @ self.basis[None] - self.basis[None] @ self.blocks).is_zero:
            return False
        p, root = split_prime(self.basis.field.order, _BIG_PRIME)
        return modulo(self.basis, p, root).rank() == self.basis.shape[0]

    @property
    def commutant_dimension(self) -> int:
        """The sum of the squares of the multiplicities."""
        return sum(m * m for m in self.multiplicities)


def decompose(representation: Representation) -> Decomposition:
    """Split a representation in characteristic 0 into explicit irreps, with the change of basis.

    With p_ab = (d/n) sum_g R_i(g^-1)_ba R(g), the columns of p_11 give one vector for each copy, and p_a1 carries it to the a-th basis
    vector of that copy (Serre 1977, 2.7).

    Raises:
        NotARepresentation: a pair of elements fails.
    """
    defect = representation.defect()
    group = representation.group
    if defect is not None:
        g, h = (group.names[k] for k in defect.pair)
        raise NotARepresentation(f"Not a homomorphism: R({g}) R({h}) differs from R({g} {h}); {defect.failing} of {defect.pairs} pairs fail.")
    parts = irreps(group)
    multiplicities = tuple(int(representation.inner(part)) for part in parts)
    columns = []
    for part, m in zip(parts, multiplicities, strict=True):
        if m:
            columns.append(_adapted_columns(representation, part, m))
    return Decomposition(representation, parts, multiplicities, hstack(columns))


def _adapted_columns(representation: Representation, part: Representation, m: int) -> ExactArray:
    group, size = representation.group, representation.degree
    common = join(representation.field, part.field)
    matrices = representation.matrices.over(common)
    inverse_first = part.matrices.over(common)[group.inverses][:, 0, :]  # R_i(g^-1)_{1a}, the coefficient of p_{a1}
    units = []
    for a in range(part.degree):
        weighted = inverse_first[:, a].reshape(-1, 1, 1).entrywise(matrices)
        units.append(weighted.sum() * Fraction(part.degree, group.order))
    p, root = split_prime(common.order, _BIG_PRIME)
    pivots = modulo(units[0], p, root).echelon()[1]
    if len(pivots) != m:
        raise ArithmeticError(f"Expected {m} copies, found rank {len(pivots)}; the input is not a representation.")
    first = units[0][:, list(pivots)]
    moved = [unit @ first for unit in units]  # the a-th basis vectors of all copies
    ordered = [moved[a][:, k].reshape(size, 1) for k in range(m) for a in range(part.degree)]
    return hstack(ordered)
