"""Representations of finite groups by exact matrices over a named field, Q(zeta_n) or
F_p; nothing is believed, :meth:`Representation.defect` multiplies out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory.arithmetic.cyclotomic import ExactNumberError
from theory.arithmetic.matrices import CyclotomicField, ExactArray, Field, PrimeField, block_diagonal, join, stack
from theory.arithmetic.primes import split_prime
from theory.groups import FiniteGroup
from theory.representations.character_tables import modulo

BIG_PRIME = 2**24
MAX_PAIRS = 2**20


class NotARepresentation(ValueError):
    """Matrices that are not a homomorphism, or not of the right shape; the message
    names the pair or the element."""


@dataclass(frozen=True)
class Defect:
    """Where matrices fail to multiply as the group does.

    ``pair`` is the first failing pair (indices) and ``residual`` is R(g)R(h) - R(gh)
    there; ``failing`` of the ``pairs`` tried fail. ``worst`` is the pair with the
    largest ``size``: the sum over the entries x of the residual of the mean of
    |sigma(x)|^2 over all embeddings sigma of the field into C, a rational number (the
    number of nonzero entries over F_p).
    """

    pair: tuple[int, int]
    residual: ExactArray
    failing: int
    pairs: int
    worst: tuple[int, int] = (0, 0)
    size: Fraction = Fraction(0)


def squared_size(residuals: ExactArray) -> list[Fraction]:
    """For each matrix of a batch the sum over its entries of the mean of |sigma(x)|^2
    over all embeddings; over F_p the number of nonzero entries."""
    if not isinstance(residuals.field, CyclotomicField):
        return [Fraction(int(k)) for k in residuals.nonzero().sum(axis=(-1, -2))]
    squares = residuals.entrywise(residuals.conj())
    flat = squares.reshape(len(residuals), -1)
    total = ExactArray.build(flat.field, flat.numerators.astype(object).sum(axis=1), flat.denominator)
    traces = _power_traces(flat.root_order)
    return [Fraction(int((row * traces).sum()), total.denominator * flat.field.degree) for row in total.numerators]


def _power_traces(n: int) -> np.ndarray:
    """The trace over Q of each element of the power basis of Q(zeta_n)."""
    from theory.arithmetic.cyclotomic import powers

    rows = powers(n)
    size = rows.shape[1]
    return np.array([sum(int(rows[(j + k) % n][j]) for j in range(size)) for k in range(size)], dtype=object)


@dataclass(frozen=True, eq=False, repr=False)
class Representation:
    """One matrix per group element, in the group's order.

    Args:
        group: The group.
        matrices: Shape ``(group.order, d, d)``.
        form: A Hermitian form that the matrices preserve, shape ``(d, d)``, where one
            is known.
        name: For printing.
    """

    group: FiniteGroup
    matrices: ExactArray
    form: ExactArray | None = None
    name: str = ""

    def __post_init__(self) -> None:
        shape = self.matrices.shape
        if len(shape) != 3 or shape[0] != self.group.order or shape[1] != shape[2] or shape[1] < 1:
            raise NotARepresentation(
                f"Expected {self.group.order} square matrices of one size >= 1, got an array of shape {shape}."
            )

    def __repr__(self) -> str:
        group = self.group.label or f"a group of order {self.group.order}"
        return f"{self.name or 'a representation'} of {group}, degree {self.degree} over {self.field}{self._type}"

    @cached_property
    def _type(self) -> str:
        """The Schur type as the character tells it, for printing; empty in
        characteristic p, and where the character is none of a representation."""
        if not isinstance(self.field, CyclotomicField):
            return ""
        try:
            norm, indicator = self.inner(self), self.indicator
        except ExactNumberError:
            return ""
        if norm == 1:
            return f", {schur_type(int(indicator))} type" if indicator in (1, 0, -1) else ""
        return ", reducible over C" if norm > 1 and norm.denominator == 1 else ""

    @classmethod
    def from_matrices(
        cls, group: FiniteGroup, matrices: Any, field: Field | None = None, name: str = ""
    ) -> Representation:
        """From nested sequences (or an ExactArray), one matrix per element in the
        group's order."""
        return cls(group, matrices if isinstance(matrices, ExactArray) else ExactArray.of(matrices, field), name=name)

    @classmethod
    def from_generators(cls, group: FiniteGroup, images: Mapping[Any, Any], name: str = "") -> Representation:
        """Extend the images of generating elements along words; :meth:`defect` then
        tells whether the relations hold.

        Args:
            group: The group.
            images: By element (index or name) its matrix, an ExactArray or nested lists
                of exact numbers.
            name: For printing.

        Raises:
            NotARepresentation: the elements do not generate, matrices differ in shape
                or are singular.
            KeyError: no element has this name.
        """
        images = {
            group.index(g) if isinstance(g, str) else int(g): m if isinstance(m, ExactArray) else ExactArray.of(m)
            for g, m in images.items()
        }
        gens = list(images)
        shapes = {images[g].shape for g in gens}
        if len(shapes) != 1 or len(shape := next(iter(shapes))) != 2 or shape[0] != shape[1]:
            raise NotARepresentation(
                f"Expected one square matrix of one size for each generator, got shapes {sorted(shapes)}."
            )
        for g in gens:
            if (rank := images[g].rank()) < shape[0]:
                raise NotARepresentation(
                    f"The matrix of {group.names[g]} is singular: rank {rank} of {shape[0]}. A representation has invertible matrices only."
                )
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

    @cached_property
    def is_homomorphism(self) -> bool:
        """R(e) = 1 and R(g) R(x) = R(g x) for generators g and all x; by induction
        along words that is R(y) R(x) = R(y x) for all y, x."""
        if self.matrices[0] != ExactArray.eye(self.degree, self.field):
            return False
        everything = np.arange(self.group.order)
        return all(
            self.matrices[g][None] @ self.matrices == self.matrices[self.group.multiply(g, everything)]
            for g in self.group.generators
        )

    def defect(self) -> Defect | None:
        """None for a homomorphism (decided on generators); otherwise every pair is
        multiplied out, up to 2**20 of them, first elements ascending."""
        if self.is_homomorphism:
            return None
        n = self.group.order
        failing, first, worst, largest, tried = 0, None, (0, 0), Fraction(-1), 0
        firsts = range(n) if n * n <= MAX_PAIRS else [0, *self.group.generators]
        for g in firsts:
            residual = (self.matrices[g][None] @ self.matrices) - self.matrices[self.group.multiply(g, np.arange(n))]
            tried += n
            bad = np.flatnonzero(residual.nonzero().any(axis=(-1, -2)))
            if bad.size:
                failing += len(bad)
                first = first or ((g, int(bad[0])), residual[int(bad[0])])
                sizes = squared_size(residual[bad])
                k = max(range(len(bad)), key=sizes.__getitem__)
                if sizes[k] > largest:
                    worst, largest = (g, int(bad[k])), sizes[k]
        return None if first is None else Defect(*first, failing, tried, worst, largest)

    def require_homomorphism(self) -> None:
        """Raise :class:`NotARepresentation`, naming the first and the worst failing
        pair, unless the matrices multiply as the group does."""
        defect = self.defect()
        if defect is not None:
            (g, h), (a, b) = ([self.group.names[k] for k in pair] for pair in (defect.pair, defect.worst))
            raise NotARepresentation(
                f"Not a homomorphism: R({g}) R({h}) differs from R({g} {h}); {defect.failing} of {defect.pairs} pairs fail. The worst is ({a}, {b}), "
                f"where the squared size of R({a}) R({b}) - R({a} {b}) is {defect.size}. Are the matrices in the order of the group's elements?"
            )

    @cached_property
    def character(self) -> ExactArray:
        """Traces, shape ``(group.order,)``."""
        return self.matrices.trace()

    def inner(self, other: Representation) -> Fraction:
        """(1/n) sum_g chi(g) conj(psi(g)); over Q(zeta_n) only."""
        self._require_same_group(other)
        total = self.character.entrywise(other.character.conj()).sum()
        return total.fraction() / self.group.order

    @property
    def is_irreducible(self) -> bool:
        """Over the complex numbers: the character has norm 1. Expects a homomorphism in
        characteristic 0."""
        return self.inner(self) == 1

    @property
    def indicator(self) -> Fraction:
        """The Frobenius-Schur number (1/n) sum_g chi(g^2)."""
        squares = self.group.powers(np.arange(self.group.order), 2)
        return self.character[squares].sum().fraction() / self.group.order

    @property
    def schur_type(self) -> str:
        """Of an irreducible one: "real" (equivalent to real matrices), "quaternionic"
        (real character, no real matrices) or "complex".

        Raises:
            ValueError: reducible over the complex numbers.
        """
        if not self.is_irreducible:
            raise ValueError(
                f"The Schur type belongs to irreducible representations; {self!r} has character norm {self.inner(self)}. Use decompose."
            )
        return schur_type(int(self.indicator))

    @property
    def is_unitary(self) -> bool:
        """R(g)* R(g) = 1 for the generators, in characteristic 0."""
        if not isinstance(self.field, CyclotomicField):
            return False
        chosen = self.matrices[list(self.group.generators) or [0]]
        return chosen.H @ chosen == ExactArray.eye(self.degree, self.field)[None][[0] * len(chosen)]

    @property
    def kernel(self) -> tuple[int, ...]:
        """The elements that act as the identity."""
        moved = (self.matrices - ExactArray.eye(self.degree, self.field)[None][[0] * self.group.order]).nonzero()
        return tuple(np.flatnonzero(~moved.any(axis=(-1, -2))).tolist())

    def _require_same_group(self, other: Representation) -> None:
        """Refuse another group, or the same one with its elements in another order:
        element by element nothing would be a representation."""
        ours, theirs = self.group, other.group
        if ours is theirs:
            return
        everything = np.arange(ours.order)
        if ours.order != theirs.order or any(
            (ours.multiply(g, everything) != theirs.multiply(g, everything)).any() for g in ours.generators
        ):
            raise NotARepresentation(
                f"Expected two representations of one group with its elements in one order, got {self!r} and {other!r}. Build both on the same FiniteGroup."
            )

    def tensor(self, other: Representation) -> Representation:
        """The tensor product, by Kronecker products.

        Raises:
            NotARepresentation: the other one's group multiplies otherwise.
        """
        self._require_same_group(other)
        form = None if self.form is None or other.form is None else self.form.kron(other.form)
        return Representation(self.group, self.matrices.kron(other.matrices), form, name=f"{self.name}(x){other.name}")

    def sum(self, *others: Representation) -> Representation:
        """The direct sum.

        Raises:
            NotARepresentation: the group of another one multiplies otherwise.
        """
        for other in others:
            self._require_same_group(other)
        return Representation(self.group, block_diagonal([self.matrices, *(o.matrices for o in others)]))

    def dual(self) -> Representation:
        """g -> transpose of R(g^-1)."""
        return Representation(self.group, self.matrices[self.group.inverses].T, name=f"{self.name}*")

    def change_basis(self, basis: ExactArray) -> Representation:
        """S R S^-1.

        Raises:
            ZeroDivisionError: S is singular.
        """
        return Representation(self.group, basis[None] @ self.matrices @ basis.inverse()[None], name=self.name)

    def over(self, other: Field) -> Representation:
        """The same matrices in a larger field."""
        return Representation(
            self.group, self.matrices.over(other), None if self.form is None else self.form.over(other), self.name
        )


def schur_type(indicator: int) -> str:
    """The word for a Frobenius-Schur number 1, 0, -1."""
    return {1: "real", 0: "complex", -1: "quaternionic"}[indicator]


def restrict(representation: Representation, subgroup: Sequence[int]) -> Representation:
    """The restriction to a subgroup given by its elements."""
    members = sorted(subgroup)
    return Representation(
        representation.group.restrict(members), representation.matrices[members], name=representation.name
    )


def permutation_representation(group: FiniteGroup, images: np.ndarray, over: Field | None = None) -> Representation:
    """From an action: ``images[g, x]`` is g x; R(g) e_x = e_{gx}. Whether the rows
    multiply as the group does is told by :meth:`Representation.defect`.

    Raises:
        NotARepresentation: not one row of integers 0..points-1 for each element.
    """
    images = np.asarray(images)
    if images.ndim != 2 or len(images) != group.order or not images.shape[1] or images.dtype.kind not in "iu":
        raise NotARepresentation(
            f"Expected the images of the points under each of the {group.order} elements, integers of shape ({group.order}, points), got {images.dtype} of shape {images.shape}."
        )
    n, points = images.shape
    if images.min() < 0 or images.max() >= points:
        raise NotARepresentation(
            f"Expected images among the points 0..{points - 1}, got {int(images.min())}..{int(images.max())}."
        )
    base = over or CyclotomicField(1)
    numerators = np.zeros((n, points, points, base.degree), dtype=np.int64)
    numerators[np.arange(n)[:, None], images, np.arange(points)[None, :], 0] = 1
    return Representation(group, ExactArray(base, numerators), name="permutation")


def regular_representation(group: FiniteGroup, over: Field | None = None) -> Representation:
    """Left multiplication on the group algebra."""
    return permutation_representation(group, group.table, over)


def trivial_representation(group: FiniteGroup, over: Field | None = None) -> Representation:
    """Every element as the 1 x 1 unit matrix."""
    return permutation_representation(group, np.zeros((group.order, 1), dtype=np.int64), over)


def intertwiners_dimension(a: Representation, b: Representation) -> int:
    """dim {X : X R_a(g) = R_b(g) X}, by linear algebra over a prime field that splits
    Q(zeta_n), or over F_p itself.

    The rank modulo p never exceeds the true rank, so over Q(zeta_n) the number returned
    is never below the true dimension; 0 and (for a = b) 1 are therefore certain. It
    uses the matrices of the generators and no character.
    """
    common = join(a.field, b.field)
    p, root = split_prime(common.order, BIG_PRIME) if isinstance(common, CyclotomicField) else (common.p, 1)
    prime, rows = PrimeField(p), []
    for g in a.group.generators or (0,):
        left, right = (r.matrices[g].over(common) for r in (a, b))
        if isinstance(common, CyclotomicField):
            left, right = modulo(left, p, root), modulo(right, p, root)
        eye_a, eye_b = ExactArray.eye(a.degree, prime), ExactArray.eye(b.degree, prime)
        rows.append((eye_b.kron(left.T) - right.kron(eye_a)).numerators)
    system = ExactArray(prime, np.concatenate(rows))
    return a.degree * b.degree - system.rank()
