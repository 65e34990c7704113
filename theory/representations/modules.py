"""Invariant subspaces and their complements, over Q(zeta_n) and over F_p: Maschke's
averaging, and what happens where it is not allowed.

Subspaces are given by matrices whose columns are a basis. Averaging divides by the
order of the group; where that is zero in the field there may be no complement at all,
and :class:`NoComplement` is then the certificate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np

from theory.arithmetic.matrices import CyclotomicField, ExactArray, PrimeField, hstack, stack, vstack
from theory.groups import FiniteGroup, GroupTooLarge
from theory.groups.families import cyclic
from theory.representations.matrices import Representation

MAX_VECTORS = 200_000


class CharacteristicDividesOrder(ValueError):
    """Averaging over the group asks for 1/|G|, which the field does not have."""


class NotInvariant(ValueError):
    """A subspace that some element moves; the message names the element."""


@dataclass(frozen=True)
class NoComplement:
    """An invariant subspace without invariant complement: the linear system for an
    equivariant projector onto it is inconsistent.

    ``rank`` is that of the system's matrix, ``augmented`` that with its right-hand
    side, one more.
    """

    subspace: ExactArray
    rank: int
    augmented: int

    @property
    def text(self) -> str:
        """The certificate in words."""
        return f"no equivariant projector onto it exists: the equations have rank {self.rank}, with their right-hand side {self.augmented}"


def average(representation: Representation, matrix: ExactArray) -> ExactArray:
    """(1/|G|) sum_g R(g) A R(g)^-1.

    Raises:
        CharacteristicDividesOrder: |G| = 0 in the field.
    """
    group, field = representation.group, representation.field
    if field.characteristic and group.order % field.characteristic == 0:
        raise CharacteristicDividesOrder(
            f"The characteristic {field.characteristic} divides the order {group.order} of the group: 1/|G| does not exist in {field}."
        )
    moved = representation.matrices @ matrix[None] @ representation.matrices[group.inverses]
    return moved.sum() * Fraction(1, group.order)


def projector_onto(subspace: ExactArray) -> ExactArray:
    """Some projector with this image: along the unit vectors that complete the basis.

    Raises:
        ValueError: the columns are dependent.
    """
    size, width = subspace.shape
    wide = hstack([subspace, ExactArray.eye(size, subspace.field)])
    pivots = wide.echelon()[1]
    if pivots[:width] != tuple(range(width)):
        raise ValueError(f"Expected independent columns, got rank {subspace.rank()} of {width}.")
    basis = wide[:, list(pivots)]
    kept = hstack([subspace, ExactArray.zeros((size, size - width), subspace.field)])
    return kept @ basis.inverse()


def require_invariant(representation: Representation, subspace: ExactArray) -> None:
    """Raise :class:`NotInvariant` unless every generator maps the subspace into
    itself."""
    width = subspace.shape[1]
    for g in representation.group.generators:
        if hstack([subspace, representation.matrices[g] @ subspace]).rank() > width:
            raise NotInvariant(f"The subspace is not invariant: {representation.group.names[g]} moves it.")


def invariant_complement(representation: Representation, subspace: ExactArray) -> ExactArray:
    """A basis of an invariant complement: the kernel of the averaged projector
    (Maschke).

    Raises:
        NotInvariant: some element moves the subspace.
        CharacteristicDividesOrder: averaging is not possible; ask
            :func:`complement_by_equations`.
    """
    require_invariant(representation, subspace)
    return average(representation, projector_onto(subspace)).nullspace()


def complement_by_equations(representation: Representation, subspace: ExactArray) -> ExactArray | NoComplement:
    """Decide whether an invariant complement exists, in any characteristic and without
    averaging.

    An equivariant projector onto W (basis B, R(g) B = B A(g)) is B Y with Y B = 1 and
    A(g) Y = Y R(g): linear equations in Y. A solution gives the complement ker Y; if
    there is none, no complement exists.
    """
    require_invariant(representation, subspace)
    field, (size, width) = representation.field, subspace.shape
    eye_n, eye_w = ExactArray.eye(size, field), ExactArray.eye(width, field)
    blocks = [eye_w.kron(subspace.T)]  # row-major vec: vec(Y B) = (1 (x) B^T) vec Y
    targets = [eye_w.reshape(width * width, 1)]
    for g in representation.group.generators:
        matrix = representation.matrices[g]
        action = _coordinates(subspace, matrix @ subspace)
        blocks.append(action.kron(eye_n) - eye_w.kron(matrix.T))
        targets.append(ExactArray.zeros((width * size, 1), field))
    system, right = vstack(blocks), vstack(targets)
    unknowns = width * size
    reduced, pivots = hstack([system, right]).echelon()
    if unknowns in pivots:
        return NoComplement(subspace, len(pivots) - 1, len(pivots))
    solution = np.zeros((unknowns, field.degree), dtype=reduced.numerators.dtype)
    solution[list(pivots)] = reduced.numerators[: len(pivots), unknowns]
    return ExactArray.build(field, solution.reshape(width, size, field.degree), reduced.denominator).nullspace()


def _coordinates(basis: ExactArray, vectors: ExactArray) -> ExactArray:
    """X with basis X = vectors."""
    width = basis.shape[1]
    reduced, _ = hstack([basis, vectors]).echelon()
    return reduced[:width, width:]


def unitarising_form(representation: Representation) -> ExactArray:
    """H = (1/|G|) sum_g R(g)* R(g): Hermitian, positive definite, R(g)* H R(g) = H
    (Weyl). Over Q(zeta_n) only."""
    if not isinstance(representation.field, CyclotomicField):
        raise ValueError(f"A positive definite form needs a field of complex numbers, got {representation.field}.")
    matrices = representation.matrices
    return (matrices.H @ matrices).sum() * Fraction(1, representation.group.order)


def orthogonal_complement(subspace: ExactArray, form: ExactArray) -> ExactArray:
    """{v : w* H v = 0 for all w in W}."""
    return (subspace.H @ form).nullspace()


def spin(representation: Representation, vectors: ExactArray) -> ExactArray:
    """A basis of the smallest invariant subspace that holds the columns."""
    basis = vectors.column_basis()
    while True:
        images = [basis, *(representation.matrices[g] @ basis for g in representation.group.generators)]
        larger = hstack(images).column_basis()
        if larger.shape[1] == basis.shape[1]:
            return basis
        basis = larger


def lines(field: PrimeField, size: int) -> Iterator[ExactArray]:
    """One spanning vector for each line of F_p^size, first nonzero coordinate 1."""
    for lead in range(size):
        for rest in product(range(field.p), repeat=size - lead - 1):
            yield ExactArray.of([[0]] * lead + [[1]] + [[x] for x in rest], field)


def proper_submodule(representation: Representation) -> ExactArray | None:
    """An invariant subspace of least dimension among those spanned by one vector's
    orbit, proper and nonzero; None if irreducible.

    Over F_p by trying every line, so a decision.

    Raises:
        GroupTooLarge: more than 200,000 lines.
    """
    field, size = representation.field, representation.degree
    if not isinstance(field, PrimeField):
        raise ValueError(
            f"Lines can be listed over a finite field only, got {field}. Over Q(zeta_n) use theory.representations.decompose."
        )
    if field.p ** (size - 1) > MAX_VECTORS:
        raise GroupTooLarge(f"{field}^{size} has more than {MAX_VECTORS} lines; listing them stops there.")
    best = None
    for line in lines(field, size):
        basis = spin(representation, line)
        if basis.shape[1] < size and (best is None or basis.shape[1] < best.shape[1]):
            best = basis
            if best.shape[1] == 1:
                break
    return best


def split_completely(representation: Representation) -> list[ExactArray]:
    """Bases of irreducible invariant subspaces whose direct sum is everything, over F_p
    with p not dividing |G|.

    Side by side they are the change of basis T; T^-1 R(g) T is block diagonal.

    Raises:
        CharacteristicDividesOrder: the theorem does not apply.
    """
    below = proper_submodule(representation)
    if below is None:
        return [ExactArray.eye(representation.degree, representation.field)]
    complement = invariant_complement(representation, below)
    return [below, *(complement @ part for part in split_completely(restricted_to(representation, complement)))]


def restricted_to(representation: Representation, subspace: ExactArray) -> Representation:
    """The representation on an invariant subspace, in its basis."""
    matrices = [
        _coordinates(subspace, representation.matrices[g] @ subspace) for g in range(representation.group.order)
    ]
    return Representation(representation.group, stack(matrices))


def shear_module(p: int) -> tuple[Representation, ExactArray]:
    """C_p on F_p^2 by k -> [[1, k], [0, 1]], and its only invariant line: reducible,
    but not completely reducible."""
    field = PrimeField(p)
    group: FiniteGroup = cyclic(p)
    matrices = ExactArray.of([[[1, k], [0, 1]] for k in range(p)], field)
    return Representation(group, matrices, name=f"shear over F_{p}"), ExactArray.of([[1], [0]], field)


def oblique_reflection() -> tuple[Representation, ExactArray]:
    """C_2 on Q^2 by [[1, 1], [0, -1]] and the invariant line W of e1, whose orthogonal
    complement, the line of e2, is not invariant.

    The matrices are not unitary; with the averaged form of :func:`unitarising_form` in
    place of the standard one the complement is invariant.
    """
    matrices = ExactArray.of([[[1, 0], [0, 1]], [[1, 1], [0, -1]]])
    return Representation(cyclic(2), matrices, name="oblique reflection"), ExactArray.of([[1], [0]])


@dataclass(frozen=True)
class AdditiveShear:
    """The non-compact failure: t -> [[1, t], [0, 1]] on (R, +) or (Z, +). The line of
    e1 is invariant and has no invariant complement.

    A complement is spanned by some (m, 1), which t moves to (m + t, 1): another line
    whenever t != 0. Averaging needs a finite invariant measure on the group, and there
    is none. The parameter is exact, one value of t at a time.
    """

    t: Fraction

    @property
    def matrix(self) -> ExactArray:
        """R(t)."""
        return ExactArray.of([[1, self.t], [0, 1]])

    @property
    def invariant_line(self) -> ExactArray:
        """e1."""
        return ExactArray.of([[1], [0]])

    def moves(self, m: Fraction) -> bool:
        """Whether the line of (m, 1) is not invariant: the determinant of (m, 1) and
        R(t)(m, 1) is -t."""
        vector = ExactArray.of([[m], [1]])
        return hstack([vector, self.matrix @ vector]).rank() == 2


DISCONTINUOUS = (
    "U(1) is compact, but complete reducibility needs continuity as well: R/Z = Q/Z + V with V a vector space over Q of continuum dimension, so with "
    "the axiom of choice there is a nonzero Q-linear map V -> R, hence a homomorphism a from U(1) onto a nonzero subgroup of (R, +), not measurable. "
    "Then z -> [[1, a(z)], [0, 1]] keeps the line of e1 and no complement of it. No such map can be written down; this is a statement, not a check."
)
