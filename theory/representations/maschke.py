"""Maschke's theorem as statements: means of projectors, averages over groups, and
finite families in which complements are decided twice.

In a basis that begins with one of W, a projector onto W is [[1, X], [0, 0]]. The mean
of R(g) pi R(g)^-1 over the group is one of them and commutes with R, so its kernel is
an invariant complement, wherever the order of the group has an inverse in the field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from theory.arithmetic.matrices import ExactArray, PrimeField, hstack, vstack
from theory.groups import FiniteGroup
from theory.groups.families import GROUPS_OF_ORDER, cyclic, small_groups
from theory.proof.blocks import BLOCK_IDENTITIES, block_identities
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion, Statement
from theory.representations.decompositions import decompose
from theory.representations.irreducibles import irreps
from theory.representations.matrices import Representation, intertwiners_dimension, regular_representation
from theory.representations.modules import (
    CharacteristicDividesOrder,
    NoComplement,
    complement_by_equations,
    invariant_complement,
    spin,
)

PRIMES = (2, 3, 5)
MAX_ORDER = 8
Square = tuple[tuple[int, int], tuple[int, int]]
Window = tuple[list[sp.Matrix], sp.Matrix]


def in_general() -> list[Statement]:
    """Every group, every dimension: the sum of n projectors, conjugates of one, and
    regular modules of small groups."""
    return [
        sum_of_projectors(),
        block_identities(BLOCK_IDENTITIES, 6, "conjugates and re-indexing"),
        complements_in_regular_modules(),
        constants_that_split(),
        changes_of_basis(),
    ]


def sum_of_projectors() -> Induction:
    """S(n) = P_1 + .. + P_n with P_k = [[1, x(k)], [0, 0]] has S(n)^2 = n S(n), so that
    S(n)/n is idempotent.

    ``a``, ``s`` are the entries of S(n) in the first row, ``q`` that of S(n)^2 above
    the diagonal. For blocks of any size each entry of the corner takes the part of x,
    as the block of W in S(n) is n times the unit.
    """
    n = sp.Symbol("n", integer=True, positive=True)
    a, s, q, x = (sp.Function(name) for name in "asqx")

    i, j = sp.symbols("i j", integer=True, positive=True)
    one, other = (sp.Matrix([[1, x(k)], [0, 0]]) for k in (i, j))
    square = one * other  # S^2 is the sum of P_i P_j over all pairs

    objects = (
        Recursion(a(n), (sp.Integer(1),), a(n) + 1, lambda k: sp.Sum(one[0, 0], (i, 1, k))),
        Recursion(s(n), (x(1),), s(n) + x(n + 1), lambda k: sp.Sum(one[0, 1], (i, 1, k))),
        Recursion(
            q(n), (x(1),), q(n) + a(n) * x(n + 1) + s(n) + x(n + 1),
            lambda k: sp.Sum(square[0, 1], (i, 1, k), (j, 1, k)),
        ),
    )  # fmt: skip
    claim = (Equation("entry in W", a(n), n), Equation("entry above the diagonal", q(n), n * s(n)))
    return Induction("the square of a sum of n projectors onto W is n times the sum", n, claim, objects)


# -- lines in planes over prime fields -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlaneModule:
    """C_n acting on F_p^2 by the powers of A, which has order n, with an invariant line
    spanned by w."""

    p: int
    A: Square
    w: tuple[int, int]

    @property
    def order(self) -> int:
        """The order of A, which is that of the group."""
        return _order(self.A, self.p)

    def image(self, v: tuple[int, int]) -> tuple[int, int]:
        """A v."""
        (a, b), (c, d) = self.A
        return (a * v[0] + b * v[1]) % self.p, (c * v[0] + d * v[1]) % self.p

    def keeps(self, v: tuple[int, int]) -> bool:
        """Whether the line of v is invariant."""
        x, y = self.image(v)
        return (x * v[1] - y * v[0]) % self.p == 0


def plane_modules(*, dividing: bool = False) -> Family:
    """All of them with p in {2, 3, 5} and p not dividing the order of A (or, dividing
    it), with every invariant line.

    Each of the p + 1 lines is kept by p (p - 1)^2 matrices, triangular in a basis that
    begins with it; p divides the order of the (p - 1)^2 among them with equal diagonal
    entries and another entry beside.
    """

    def members() -> Iterator[PlaneModule]:
        for p in PRIMES:
            for a, b, c, d in product(range(p), repeat=4):
                if (a * d - b * c) % p and (_order(((a, b), (c, d)), p) % p == 0) is dividing:
                    for w in _lines(p):
                        module = PlaneModule(p, ((a, b), (c, d)), w)
                        if module.keeps(w):
                            yield module

    size = sum((p + 1) * (p - 1) ** (2 if dividing else 3) for p in PRIMES)
    divides = "dividing" if dividing else "not dividing"
    return Family(f"lines in modules F_p^2 of cyclic groups of an order n, p {divides} n, p in {PRIMES}", members, size)


def given_planes(modules: Sequence[PlaneModule]) -> Family:
    """The modules of a user."""
    return Family("modules given", lambda: iter(modules), len(modules))


def complements_in_planes(family: Family) -> Enumeration:
    """Each line has an invariant complement: the kernel of the averaged projector; and
    some other line is found by trying all."""
    return Enumeration("planes", family, averaged_complement, another_line)


def averaged_complement(module: PlaneModule) -> bool:
    """Average a projector onto the line over the group; its kernel is an invariant line
    other than W."""
    field = PrimeField(module.p)
    A = ExactArray.of([list(row) for row in module.A], field)
    powers = [ExactArray.eye(2, field)]
    for _ in range(module.order - 1):
        powers.append(powers[-1] @ A)
    whole = ExactArray(field, np.stack([power.numerators for power in powers]))
    line = ExactArray.of([[module.w[0]], [module.w[1]]], field)
    try:
        complement = invariant_complement(Representation.from_matrices(cyclic(module.order), whole), line)
    except CharacteristicDividesOrder:
        return False
    moved = hstack([complement, A @ complement])
    return complement.shape == (2, 1) and hstack([line, complement]).rank() == 2 and moved.rank() == 1


def another_line(module: PlaneModule) -> bool:
    """Whether a line other than W is invariant, by trying all."""
    return any(v != module.w and module.keeps(v) for v in _lines(module.p))


def _lines(p: int) -> list[tuple[int, int]]:
    return [(1, k) for k in range(p)] + [(0, 1)]


def _order(A: Square, p: int) -> int:
    power, k = A, 1
    while power != ((1, 0), (0, 1)):
        power = tuple(tuple(sum(power[i][m] * A[m][j] for m in range(2)) % p for j in range(2)) for i in range(2))
        k += 1
    return k


# -- regular modules -----------------------------------------------------------------------------------------------------


@cache
def _groups() -> dict[str, FiniteGroup]:
    return {group.label: group for group in small_groups(MAX_ORDER)}


@dataclass(frozen=True)
class RegularSubmodule:
    """In F_p[G] what e - g spans under the group, or the line of constants where
    ``element`` is 0."""

    group: str
    p: int
    element: int

    @property
    def parts(self) -> tuple[Representation, ExactArray]:
        """The regular representation, and a basis of the submodule."""
        group, field = _groups()[self.group], PrimeField(self.p)
        regular = regular_representation(group, field)
        if not self.element:
            return regular, ExactArray.of([[1]] * group.order, field)
        vector = [[int(x == 0) - int(x == self.element)] for x in range(group.order)]
        return regular, spin(regular, ExactArray.of(vector, field))


def complements_in_regular_modules() -> Enumeration:
    """Submodules of F_p[G] have invariant complements, by averaging and by linear
    equations."""
    size = sum(GROUPS_OF_ORDER[n - 1] * n for n in range(1, MAX_ORDER + 1))
    of = f"submodules of F_p[G] that the constants or e - g span, |G| <= {MAX_ORDER}, p the least prime that does not divide |G|"

    def members() -> Iterator[RegularSubmodule]:
        for label, group in _groups().items():
            p = next(p for p in PRIMES if group.order % p)
            yield from (RegularSubmodule(label, p, g) for g in range(group.order))

    return Enumeration("complements", Family(of, members, size), complement_by_average, complement_by_solving)


def constants_that_split() -> Enumeration:
    """In F_p[G] the line of constants has an invariant complement exactly if p does not
    divide |G|: by linear equations for a projector, which also say that there is none,
    and by invariant functionals that are not 0 on the constants."""
    members = [(label, p) for label in _groups() for p in PRIMES]
    family = Family(
        f"constants in F_p[G], |G| <= {MAX_ORDER}, p in {PRIMES}, dividing |G| or not",
        lambda: iter(members),
        sum(GROUPS_OF_ORDER[:MAX_ORDER]) * len(PRIMES),
    )

    def by_equations(member: tuple[str, int]) -> bool:
        label, p = member
        return complement_by_solving(RegularSubmodule(label, p, 0)) == (_groups()[label].order % p != 0)

    def by_functionals(member: tuple[str, int]) -> bool:
        label, p = member
        regular, constants = RegularSubmodule(label, p, 0).parts
        eye = ExactArray.eye(regular.degree, regular.field)
        invariant = vstack([regular.matrices[g].T - eye for g in range(regular.group.order)]).nullspace()
        return (not (invariant.T @ constants).is_zero) == bool(regular.group.order % p)

    return Enumeration("constants of group algebras", family, by_equations, by_functionals)


def complement_by_average(submodule: RegularSubmodule) -> bool:
    """The kernel of the averaged projector is a complement, and invariant."""
    regular, basis = submodule.parts
    return _complements(regular, basis, invariant_complement(regular, basis))


def complement_by_solving(submodule: RegularSubmodule) -> bool:
    """Linear equations for an equivariant projector have a solution, and its kernel is
    invariant: tried on all vectors of a basis."""
    regular, basis = submodule.parts
    found = complement_by_equations(regular, basis)
    if isinstance(found, NoComplement):
        return False
    if not found.shape[1]:
        return basis.shape[1] == regular.degree
    closed = spin(regular, found).shape[1] == found.shape[1]
    return closed and hstack([found, basis]).rank() == regular.degree == found.shape[1] + basis.shape[1]


def _complements(regular: Representation, basis: ExactArray, complement: ExactArray) -> bool:
    both, width = hstack([basis, complement]), complement.shape[1]
    moved = (hstack([complement, regular.matrices[g] @ complement]) for g in regular.group.generators)
    return both.shape[0] == both.shape[1] == both.rank() and all(m.rank() == width for m in moved)


def changes_of_basis() -> Enumeration:
    """The regular representation of every small group over Q(zeta) splits into irreps,
    each as often as its degree."""
    of = f"regular representations of groups of order <= {MAX_ORDER}"
    family = Family(of, lambda: iter(_groups()), sum(GROUPS_OF_ORDER[:MAX_ORDER]))
    return Enumeration("change of basis", family, splits, commutant_counts)


def splits(label: str) -> bool:
    """An explicit T with T^-1 R(g) T block diagonal, each irrep as often as its degree;
    checked by multiplying out."""
    found = decompose(regular_representation(_groups()[label]))
    return found.verify() and found.multiplicities == tuple(r.degree for r in found.irreps)


def commutant_counts(label: str) -> bool:
    """Linear equations leave m_i = dim Hom(R_i, regular) = d_i for every irrep, and sum
    d_i^2 = |G| intertwiners of the whole."""
    group = _groups()[label]
    regular = regular_representation(group)
    parts = irreps(group)
    each = all(intertwiners_dimension(part, regular) == part.degree for part in parts)
    return each and intertwiners_dimension(regular, regular) == group.order == sum(part.degree**2 for part in parts)


# -- averaging over something that is not a finite group -------------------------------------------------------------------


def sheared_reflections() -> Window:
    """C_2 by [[1, b], [0, -1]], every complex b: average over both elements, respected
    by the reflection."""
    b = sp.Symbol("b")
    reflection = sp.Matrix([[1, b], [0, -1]])
    return [sp.eye(2), reflection], reflection


def translations() -> Window:
    """(R, +) by shears: average over the window {-1, 0, 1}, to be respected by every
    t."""
    t = sp.Symbol("t", real=True, nonzero=True)
    return [sp.Matrix([[1, k], [0, 1]]) for k in (-1, 0, 1)], sp.Matrix([[1, t], [0, 1]])


def complement_to_a_line(window: Callable[[], Window] | Window) -> Equation:
    """The kernel v of the averaged projector onto span(e1) spans an invariant line: v
    and R v are dependent."""
    elements, moves = window() if callable(window) else window
    onto = sp.Matrix([[1, 0], [0, 0]])
    mean: Any = sum((R * onto * R.inv() for R in elements), start=sp.zeros(2, 2)) / len(elements)
    v = sp.Matrix([-mean[0, 1], mean[0, 0]])
    return Equation("complement to a line", sp.Determinant(sp.Matrix.hstack(v, moves * v)), 0)
