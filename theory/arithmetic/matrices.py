"""Exact matrices, in batches, over the cyclotomic fields and the prime fields.

An array over Q(zeta_n) is an integer array with one more axis (the coordinates in the
power basis) and one denominator for all of it; over F_p that axis has length 1.
Products are integer matrix products: int64 where a bound on the entries shows that
nothing can overflow, Python integers otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Any

import numpy as np

from theory.arithmetic.cyclotomic import Cyclotomic, degree, powers, prime_factors
from theory.arithmetic.elimination import echelon_cyclotomic, echelon_mod

_LIMIT = 2**62
_PRIME_LIMIT = 2**30
_LONG_ROWS = 32
_MONOMIAL = 24  # size from which matrices with one entry a row are looked for


@dataclass(frozen=True)
class CyclotomicField:
    """Q(zeta_n); n = 1 and n = 2 are the rationals."""

    order: int = 1

    @property
    def characteristic(self) -> int:
        """0."""
        return 0

    @property
    def degree(self) -> int:
        """Over Q: how many coordinates an element has."""
        return degree(self.order)

    def __str__(self) -> str:
        return "Q" if self.order <= 2 else f"Q(zeta_{self.order})"


@dataclass(frozen=True)
class PrimeField:
    """F_p.

    Raises:
        ValueError: p is not a prime below 2**30.
    """

    p: int

    def __post_init__(self) -> None:
        if not 2 <= self.p < _PRIME_LIMIT or prime_factors(self.p) != (self.p,):
            raise ValueError(
                f"Expected a prime below 2**30, got {self.p}. Fields of prime-power order are not covered."
            )

    @property
    def characteristic(self) -> int:
        """p."""
        return self.p

    @property
    def degree(self) -> int:
        """1: an element has one coordinate."""
        return 1

    def __str__(self) -> str:
        return f"F_{self.p}"


Field = CyclotomicField | PrimeField


def join(a: Field, b: Field) -> Field:
    """The smallest named field that holds both.

    Raises:
        ValueError: the characteristics differ.
    """
    if a == b:
        return a
    if isinstance(a, PrimeField) or isinstance(b, PrimeField):
        raise ValueError(f"No field holds both {a} and {b}: their characteristics differ.")
    return CyclotomicField(lcm(a.order, b.order))


def _biggest(array: np.ndarray) -> int:
    return max(int(array.max()), -int(array.min())) if array.size else 0


def _tidy(array: np.ndarray) -> np.ndarray:
    """int64 where the entries leave room for later sums, Python integers elsewhere."""
    if array.dtype != object:
        return array
    return array.astype(np.int64) if _biggest(array) < 2**53 else array


@dataclass(frozen=True, eq=False)
class ExactArray:
    """A batch of exact matrices.

    Args:
        field: Where the entries live.
        numerators: Integers, shape ``(*shape, field.degree)``; over F_p in 0..p-1.
        denominator: Positive; 1 over F_p.
    """

    field: Field
    numerators: np.ndarray
    denominator: int = 1

    @classmethod
    def build(cls, field: Field, numerators: np.ndarray, denominator: int = 1) -> ExactArray:
        """The array in lowest terms (reduced modulo p over F_p)."""
        if isinstance(field, PrimeField):
            reduced = numerators % field.p
            if denominator != 1:
                reduced = reduced * pow(denominator, -1, field.p) % field.p
            return cls(field, reduced.astype(np.int64, copy=False), 1)
        if denominator != 1:
            shared = int(np.gcd.reduce(numerators, axis=None)) if numerators.size else 0
            common = gcd(denominator, shared)
            if not shared:  # zeros, which no int64 divides by a denominator that it cannot hold
                denominator = 1
            elif common != 1:
                numerators, denominator = numerators // common, denominator // common
        return cls(field, _tidy(numerators), denominator)

    @classmethod
    def of(cls, entries: Any, field: Field | None = None) -> ExactArray:
        """From nested sequences of int, Fraction and Cyclotomic; the field is the
        smallest that holds them unless named.

        Raises:
            ValueError: ragged rows, a float, a non-integer or irrational entry over
                F_p.
        """
        table = np.empty(_shape(entries), dtype=object)
        for index in np.ndindex(*table.shape):
            table[index] = _element(entries, index)
        if isinstance(field, PrimeField):
            residues = [_residue(x, field.p) for x in table.flat]
            return cls(field, np.array(residues, dtype=np.int64).reshape(*table.shape, 1))
        numbers = [x if isinstance(x, Cyclotomic) else Cyclotomic.rational(x) for x in table.flat]
        order = lcm(1 if field is None else field.order, *(x.order for x in numbers)) if field is None else field.order
        numbers = [x.lift(order) if order % x.order == 0 else x.in_least_field.lift(order) for x in numbers]
        common = lcm(1, *(x.denominator for x in numbers))
        flat = [[c * (common // x.denominator) for c in x.numerators] for x in numbers]
        numerators = np.array(flat, dtype=object).reshape(*table.shape, degree(order))
        return cls.build(CyclotomicField(order), numerators, common)

    @classmethod
    def eye(cls, size: int, field: Field) -> ExactArray:
        """The unit matrix."""
        numerators = np.zeros((size, size, field.degree), dtype=np.int64)
        numerators[range(size), range(size), 0] = 1
        return cls(field, numerators)

    @classmethod
    def zeros(cls, shape: tuple[int, ...], field: Field) -> ExactArray:
        """An array of zeros."""
        return cls(field, np.zeros((*shape, field.degree), dtype=np.int64))

    @property
    def root_order(self) -> int:
        """n, where the entries live in Q(zeta_n).

        Raises:
            ValueError: they live in F_p.
        """
        if isinstance(self.field, PrimeField):
            raise ValueError(f"Expected entries in a cyclotomic field, got {self.field}.")
        return self.field.order

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape without the axis of coordinates."""
        return self.numerators.shape[:-1]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> ExactArray:
        index = index if isinstance(index, tuple) else (index,)
        if not any(part is Ellipsis for part in index):
            index = (*index, Ellipsis)
        return ExactArray(self.field, self.numerators[(*index, slice(None))], self.denominator)

    def over(self, field: Field) -> ExactArray:
        """The same entries in a field that contains this one."""
        if field == self.field:
            return self
        if isinstance(field, PrimeField) or isinstance(self.field, PrimeField) or field.order % self.field.order:
            raise ValueError(f"{self.field} does not lie in {field}.")
        rows = powers(field.order)[:: field.order // self.field.order][: self.field.degree]
        return ExactArray(field, _tidy(self._room(rows, self.field.degree) @ rows), self.denominator)

    def _room(self, rows: np.ndarray, terms: int) -> np.ndarray:
        """The numerators, as Python integers if a sum of that many products with
        ``rows`` might overflow."""
        safe = _biggest(self.numerators) * _biggest(rows) * terms < _LIMIT
        return self.numerators if safe else self.numerators.astype(object)

    def _common(self, other: ExactArray) -> tuple[ExactArray, ExactArray]:
        field = join(self.field, other.field)
        return self.over(field), other.over(field)

    def _scaled(self, factor: int) -> np.ndarray:
        if factor == 1:
            return self.numerators
        safe = _biggest(self.numerators) * abs(factor) < _LIMIT
        return (self.numerators if safe else self.numerators.astype(object)) * factor

    def __add__(self, other: ExactArray) -> ExactArray:
        a, b = self._common(other)
        common = lcm(a.denominator, b.denominator)
        return ExactArray.build(
            a.field, a._scaled(common // a.denominator) + b._scaled(common // b.denominator), common
        )

    def __neg__(self) -> ExactArray:
        return ExactArray.build(self.field, -self.numerators, self.denominator)

    def __sub__(self, other: ExactArray) -> ExactArray:
        return self + (-other)

    def __mul__(self, scalar: Cyclotomic | int | Fraction) -> ExactArray:
        """Every entry times one number."""
        return self.entrywise(
            ExactArray.of([[scalar]], self.field if isinstance(self.field, PrimeField) else None)[0, 0]
        )

    __rmul__ = __mul__

    def entrywise(self, other: ExactArray) -> ExactArray:
        """The product entry by entry, broadcasting."""
        a, b = self._common(other)
        return _multiply(a, b, lambda x, y: x * y, 1)

    def __matmul__(self, other: ExactArray) -> ExactArray:
        """Batched matrix product."""
        a, b = self._common(other)
        if a.shape[-1] != b.shape[-2]:
            raise ValueError(f"Expected matrices that can be multiplied, got shapes {a.shape} and {b.shape}.")
        if min(a.shape[-1], a.shape[-2]) >= _MONOMIAL:
            if (columns := _one_a_row(a)) is not None:
                return _gather(a, columns, b)
            if (columns := _one_a_row(b.T)) is not None:
                return _gather(b.T, columns, a.T).T
        return _multiply(a, b, _integer_product, a.shape[-1])

    @property
    def T(self) -> ExactArray:
        """The transposed matrices."""
        return ExactArray(self.field, np.swapaxes(self.numerators, -2, -3), self.denominator)

    def conj(self) -> ExactArray:
        """Complex conjugates, entry by entry (nothing happens over F_p)."""
        return self.galois(-1)

    def galois(self, k: int) -> ExactArray:
        """The entries' images under zeta -> zeta^k, k prime to the order of the root of
        unity."""
        if isinstance(self.field, PrimeField) or self.field.degree == 1:
            return self
        n = self.field.order
        if gcd(k, n) != 1:
            raise ValueError(f"zeta -> zeta^{k} is no automorphism of {self.field}: {k} and {n} share a factor.")
        rows = powers(n)[[j * k % n for j in range(self.field.degree)]]
        return ExactArray(self.field, _tidy(self._room(rows, self.field.degree) @ rows), self.denominator)

    def smallest(self) -> ExactArray:
        """The same entries over the smallest cyclotomic field that holds all of
        them."""
        current = self
        while isinstance(current.field, CyclotomicField):
            below = next(
                (d for p in prime_factors(current.field.order) if (d := current._descend(p)) is not None), None
            )
            if below is None:
                break
            current = below
        return current

    def _descend(self, p: int) -> ExactArray | None:
        """The entries in Q(zeta_(n/p)), or None when some do not lie there."""
        n = self.root_order
        m = n // p
        below = CyclotomicField(m)
        if m % p == 0:  # Phi_n(x) = Phi_m(x^p): the subfield is spanned by the exponents that p divides
            kept = np.arange(0, self.field.degree, p)
            if np.delete(self.numerators, kept, axis=-1).any():
                return None
            return ExactArray(below, self.numerators[..., kept], self.denominator)
        # zeta_n^k = zeta_m^a zeta_p^b; the only relation among the zeta_p^b is that they sum to zero.
        rows = powers(m)
        parts = np.zeros((p, self.field.degree, below.degree), dtype=np.int64)
        for k in range(self.field.degree):
            b = k * pow(m, -1, p) % p
            parts[b, k] = rows[(k - b * m) // p % m]
        room = self._room(parts, self.field.degree)
        first = room @ parts[1]
        if any((room @ part != first).any() for part in parts[2:]):
            return None
        return ExactArray.build(below, room @ parts[0] - first, self.denominator)

    @property
    def H(self) -> ExactArray:
        """The adjoint matrices."""
        return self.conj().T

    def trace(self) -> ExactArray:
        """The traces of the matrices."""
        return ExactArray.build(self.field, np.trace(self.numerators, axis1=-3, axis2=-2), self.denominator)

    def sum(self, axis: int = 0) -> ExactArray:
        """The sum over one axis, counted from the front."""
        safe = _biggest(self.numerators) * max(1, self.numerators.shape[axis]) < _LIMIT
        return ExactArray.build(
            self.field, (self.numerators if safe else self.numerators.astype(object)).sum(axis=axis), self.denominator
        )

    def nonzero(self) -> np.ndarray:
        """Boolean array: which entries differ from zero."""
        return (self.numerators != 0).any(axis=-1)

    @property
    def is_zero(self) -> bool:
        """Whether every entry is zero."""
        return not self.numerators.any()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ExactArray):
            return NotImplemented
        return self.shape == other.shape and (self - other).is_zero

    __hash__ = None  # type: ignore[assignment]

    def reshape(self, *shape: int) -> ExactArray:
        """The same entries, in order, in another shape."""
        return ExactArray(self.field, self.numerators.reshape(*shape, self.field.degree), self.denominator)

    def entry(self, *index: int) -> Cyclotomic | int:
        """One entry as a number (an integer 0..p-1 over F_p)."""
        vector = self.numerators[index]
        if isinstance(self.field, PrimeField):
            return int(vector[0])
        return Cyclotomic.build(self.field.order, tuple(int(c) for c in vector), self.denominator)

    def fraction(self, *index: int) -> Fraction:
        """One entry as a rational number.

        Raises:
            ExactNumberError: it is not rational. ValueError: the field is F_p.
        """
        return Cyclotomic.build(
            self.root_order, tuple(int(c) for c in self.numerators[index]), self.denominator
        ).as_fraction()

    def tolist(self) -> Any:
        """Nested lists of numbers."""
        if not self.shape:
            return self.entry()
        return [self[k].tolist() for k in range(self.shape[0])]

    def echelon(self) -> tuple[ExactArray, tuple[int, ...]]:
        """Reduced row echelon form of one matrix, and its pivot columns (see
        :mod:`theory.arithmetic.elimination`)."""
        if isinstance(self.field, PrimeField):
            rows, pivots = echelon_mod(self.numerators[..., 0], self.field.p)
            return ExactArray(self.field, rows[..., None]), pivots

        def accept(numerators: np.ndarray, denominator: int, pivots: tuple[int, ...]) -> bool:
            reduced = ExactArray.build(self.field, numerators, denominator)
            return self[:, list(pivots)] @ reduced == self

        numerators, denominator, pivots = echelon_cyclotomic(self.numerators, self.field.order, accept)
        below = np.zeros((self.shape[0] - len(pivots), *numerators.shape[1:]), dtype=np.int64)
        return ExactArray.build(self.field, np.concatenate([numerators, below]), denominator), pivots

    def rank(self) -> int:
        """The rank of one matrix."""
        return len(self.echelon()[1])

    def column_basis(self) -> ExactArray:
        """The pivot columns: a basis of the column space."""
        return self[:, list(self.echelon()[1])]

    def nullspace(self) -> ExactArray:
        """Columns that form a basis of {x : A x = 0}, shape ``(columns, nullity)``."""
        reduced, pivots = self.echelon()
        width = self.shape[1]
        free = [c for c in range(width) if c not in set(pivots)]
        numerators = np.zeros((width, len(free), self.field.degree), dtype=reduced.numerators.dtype)
        for k, c in enumerate(free):
            numerators[c, k, 0] = reduced.denominator
            for r, pivot in enumerate(pivots):
                numerators[pivot, k] = -reduced.numerators[r, c]
        return ExactArray.build(self.field, numerators, reduced.denominator)

    def inverse(self) -> ExactArray:
        """The inverse of one square matrix.

        Raises:
            ZeroDivisionError: the matrix is singular; the message gives its rank.
        """
        size = self.shape[0]
        if self.shape != (size, size):
            raise ValueError(f"Expected one square matrix, got shape {self.shape}.")
        reduced, pivots = hstack([self, ExactArray.eye(size, self.field)]).echelon()
        if pivots != tuple(range(size)):
            raise ZeroDivisionError(f"The matrix is singular: rank {sum(c < size for c in pivots)} of {size}.")
        return reduced[:, size:]

    def determinant_is_zero(self) -> bool:
        """Whether one square matrix is singular."""
        return self.rank() < self.shape[0]

    def kron(self, other: ExactArray) -> ExactArray:
        """Batched Kronecker product of the last two axes."""
        a, b = self._common(other)
        product = a[..., :, None, :, None].entrywise(b[..., None, :, None, :])
        *batch, i, j, k, m = product.shape
        return product.reshape(*batch, i * j, k * m)


def _integer_product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x @ y; numpy has no fast product of large integer matrices, and sums along rows
    are several times faster than its own loop, more so in 32 bits."""
    if object in (x.dtype, y.dtype) or min(*x.shape[-2:], *y.shape[-2:]) < _LONG_ROWS:
        return np.matmul(x, y)
    kind = np.int32 if _biggest(x) * _biggest(y) * x.shape[-1] < 2**31 else np.int64
    turned = np.ascontiguousarray(np.swapaxes(y, -1, -2), dtype=kind)
    return np.einsum("...ik,...jk->...ij", np.ascontiguousarray(x, dtype=kind), turned).astype(np.int64)


def _one_a_row(a: ExactArray) -> np.ndarray | None:
    """For each row of a batch the column of its entry, if every row has one at most
    (permutations, monomial matrices); else None."""
    flat = a.numerators.reshape(-1, *a.numerators.shape[-3:])
    if not len(flat) or ((flat[0] != 0).any(-1).sum(-1) > 1).any():
        return None
    alive = a.nonzero()
    return None if (alive.sum(-1) > 1).any() else alive.argmax(-1)


def _gather(a: ExactArray, columns: np.ndarray, b: ExactArray) -> ExactArray:
    """The product a b for such a matrix: rows of b, moved and scaled."""
    values = ExactArray(a.field, np.take_along_axis(a.numerators, columns[..., None, None], axis=-2), a.denominator)
    if columns[..., 0].size == 1:
        moved = np.take(b.numerators, columns.reshape(-1), axis=-3)
    elif b.numerators[..., 0, 0, 0].size == 1:
        moved = b.numerators.reshape(b.numerators.shape[-3:])[columns]
    else:
        moved = np.take_along_axis(b.numerators, columns[..., None, None], axis=-3)
    permuted = ExactArray(b.field, moved, b.denominator)
    ones = a.denominator == 1 and (values.numerators[..., 0] == 1).all() and not values.numerators[..., 1:].any()
    return permuted if ones else values.entrywise(permuted)


def _multiply(a: ExactArray, b: ExactArray, product: Any, terms: int) -> ExactArray:
    """Convolve the coordinates of two arrays with ``product``, then fold zeta^k back
    into the power basis."""
    if not a.shape and not b.shape:  # numpy takes arrays of no axis with Python integers apart
        return _multiply(a.reshape(1), b.reshape(1), product, terms)[0]
    size = a.field.degree
    left, right = np.moveaxis(a.numerators, -1, 0), np.moveaxis(b.numerators, -1, 0)
    rows = np.ones((1, 1), dtype=np.int64) if isinstance(a.field, PrimeField) else powers(a.field.order)
    if _biggest(left) * _biggest(right) * max(terms, 1) * size * (1 if size == 1 else size * _biggest(rows)) >= _LIMIT:
        left, right = left.astype(object), right.astype(object)
    sums: dict[int, np.ndarray] = {}
    alive = [j for j in range(size) if np.any(right[j])]  # right[j] is a bare Python integer for one large number
    for i in range(size):
        if np.any(left[i]):
            for j in alive:
                part = product(left[i], right[j])
                k = (i + j) % len(rows)
                sums[k] = sums[k] + part if k in sums else part
    if not sums:
        zero = product(left[0], right[0])
        return ExactArray.build(a.field, np.stack([zero] * size, axis=-1), 1)
    if size == 1:
        return ExactArray.build(a.field, sums[0][..., None], a.denominator * b.denominator)
    keys = sorted(sums)
    folded = np.stack([sums[k] for k in keys], axis=-1) @ rows[keys]
    return ExactArray.build(a.field, folded, a.denominator * b.denominator)


def hstack(blocks: Sequence[ExactArray]) -> ExactArray:
    """Matrices side by side (the last axis but the coordinates)."""
    return _join_blocks(blocks, -2)


def vstack(blocks: Sequence[ExactArray]) -> ExactArray:
    """Matrices one below the other."""
    return _join_blocks(blocks, -3)


def stack(matrices: Sequence[ExactArray]) -> ExactArray:
    """Equal shapes along a new first axis."""
    return _join_blocks([m[None] for m in matrices], 0)


def _join_blocks(blocks: Sequence[ExactArray], axis: int) -> ExactArray:
    field = blocks[0].field
    for block in blocks[1:]:
        field = join(field, block.field)
    common = lcm(*(block.denominator for block in blocks))
    lifted = [block.over(field) for block in blocks]
    return ExactArray.build(
        field, np.concatenate([b._scaled(common // b.denominator) for b in lifted], axis=axis), common
    )


def block_diagonal(blocks: Sequence[ExactArray]) -> ExactArray:
    """Batched blocks down the diagonal; all blocks share the leading axes."""
    size = sum(block.shape[-1] for block in blocks)
    rows, at = [], 0
    for block in blocks:
        width, batch = block.shape[-1], block.shape[:-2]
        left = ExactArray.zeros((*batch, width, at), block.field)
        right = ExactArray.zeros((*batch, width, size - at - width), block.field)
        rows.append(hstack([left, block, right]))
        at += width
    return vstack(rows)


def _shape(entries: Any) -> tuple[int, ...]:
    shape = []
    while isinstance(entries, (list, tuple)):
        shape.append(len(entries))
        if not entries:
            break
        entries = entries[0]
    return tuple(shape)


def _element(entries: Any, index: tuple[int, ...]) -> Cyclotomic | int | Fraction:
    for depth, k in enumerate(index):
        if not isinstance(entries, (list, tuple)) or (
            k == 0 and any(_length(e) != _length(entries[0]) for e in entries)
        ):
            raise ValueError(f"Expected rows of equal length, got a ragged array at depth {depth + 1}.")
        entries = entries[k]
    if isinstance(entries, np.integer):
        entries = int(entries)
    if isinstance(entries, bool) or not isinstance(entries, (int, Fraction, Cyclotomic)):
        raise ValueError(
            f"Expected an exact entry (int, Fraction or Cyclotomic), got {type(entries).__name__} {entries!r}."
        )
    return entries


def _length(entries: Any) -> int:
    return len(entries) if isinstance(entries, (list, tuple)) else -1


def _residue(number: Cyclotomic | int | Fraction, p: int) -> int:
    value = number.as_fraction() if isinstance(number, Cyclotomic) else Fraction(number)
    if value.denominator % p == 0:
        raise ValueError(f"{value} has no value in F_{p}: {p} divides its denominator.")
    return value.numerator * pow(value.denominator, -1, p) % p
