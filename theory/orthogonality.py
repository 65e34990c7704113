"""Orthogonal complements of invariant subspaces: the argument in words, and decisions on modules of small groups over Q."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import sympy

from theory.exact_matrices import ExactArray, hstack
from theory.groups.families import small_groups
from theory.representations import Representation, regular_representation
from theory.representations.modules import orthogonal_complement, spin, unitarising_form
from theory.rewriting import WordTheorem

_ADJOINTS = {"R": "A", "A": "R", "K": "L", "L": "K", "P": "P", "H": "H", "G": "G"}
_MEANING = "R: R(g); A: its adjoint; K: R(g)^-1; L: its adjoint; P: the orthogonal projector onto W; H: the averaged form; G: its inverse"
_INVARIANT = (("RP", "PRP"), ("KP", "PKP"))

UNITARY = WordTheorem(
    "the orthogonal projector onto W commutes with a unitary R",
    "PR",
    "RP",
    (*_INVARIANT, ("A", "K")),
    ("PL", "PLP", "PRP"),
    _ADJOINTS,
    _MEANING,
)
# R = L is the adjoint of A = K, and P L = P L P that of K P = P K P
_P_ADJOINTS = {**_ADJOINTS, "P": "Q", "Q": "P"}
_P_MEANING = _MEANING.replace("orthogonal projector", "H-orthogonal projector") + "; Q: its adjoint"
AVERAGED = (
    WordTheorem(
        "R(h)* carries the term of g to the term of gh",
        "BADC",
        "FE",
        (("BA", "F"), ("DC", "E")),
        ("FDC",),
        meaning="A, B: adjoints of R(g), R(h); D, C: R(g), R(h); F, E: the same for gh",
    ),
    WordTheorem(
        "H R = L H where R* H R = H",
        "HR",
        "LH",
        (("ARH", "ARH"), ("AHR", "H"), ("AL", ""), ("LA", "")),
        ("LAHR",),
        _ADJOINTS,
        _MEANING,
    ),
    WordTheorem(
        "the H-orthogonal projector onto W commutes with R",
        "PR",
        "RP",
        (*_INVARIANT, ("HP", "QH"), ("HR", "LH"), ("GH", ""), ("HG", "")),
        ("GHPR", "GQHR", "GQLH", "GQLQH", "GQLHP", "GQHRP", "GHPRP", "PRP"),
        _P_ADJOINTS,
        _P_MEANING,
    ),
)
MOVES_KERNEL = WordTheorem(
    "the kernel of P is carried into itself",
    "PRv",
    "o",
    (("PR", "RP"), ("Pv", "o"), ("Ro", "o")),
    ("RPv", "Ro"),
    meaning="v: a vector of the complement; o: the zero vector",
)
# without A = K nothing ties the adjoint of R to its inverse
WITHOUT_UNITARITY = replace(UNITARY, hypotheses=_INVARIANT)


def reflection_in_general() -> tuple[sympy.Matrix, sympy.Matrix]:
    """C2 by [[1, b], [0, -1]], b = x + i y for all real x, y, and the averaged form (1 + R* R)/2."""
    x, y = sympy.symbols("x y", real=True)
    reflection = sympy.Matrix([[1, x + sympy.I * y], [0, -1]])
    return reflection, (sympy.eye(2) + reflection.H * reflection) / 2


def complement_of_the_first_axis(form: sympy.Matrix) -> sympy.Matrix:
    """A vector v with e1* form v = 0."""
    return sympy.Matrix([-form[0, 1], form[0, 0]])


@dataclass(frozen=True, eq=False)
class Subspace:
    """A representation, and an invariant subspace by a basis in columns."""

    representation: Representation
    basis: ExactArray

    def __str__(self) -> str:
        return f"dimension {self.basis.shape[1]} in {self.representation}"


def _sheared(whole: Representation) -> tuple[ExactArray, Representation]:
    size = whole.degree
    shear = ExactArray.of([[int(i == j) + int(j == i + 1) for j in range(size)] for i in range(size)])
    return shear, replace(whole.conjugated(shear), name=f"{whole.name}, sheared")


def regular_subspaces(limit: int = 6, *, sheared: bool) -> Iterator[Subspace]:
    """In Q[G], |G| <= limit: the constants, what e - g spans for each generator g, and what 1 + [odd order] spans; ``sheared`` or by permutations."""
    for group in small_groups(limit):
        regular = regular_representation(group)
        size = group.order
        vectors = [[[1]] * size, *([[int(x == 0) - int(x == g)] for x in range(size)] for g in group.generators)]
        vectors += [[[1 + int(group.orders[x] % 2)] for x in range(size)]] if size > 1 else []
        shear, moved = _sheared(regular) if sheared else (ExactArray.eye(size, regular.field), regular)
        for entries in vectors:
            yield Subspace(moved, shear @ spin(regular, ExactArray.of(entries)))


def complement_is_invariant(subspace: Subspace, form: ExactArray) -> bool:
    """{v : w* H v = 0} has the dimension left over, meets W in zero, and every generator keeps it."""
    complement = orthogonal_complement(subspace.basis, form)
    group, size = subspace.representation.group, subspace.representation.degree
    both = hstack([subspace.basis, complement])
    if both.shape[1] != size or both.rank() != size:
        return False
    width = complement.shape[1]
    return not width or all(
        hstack([complement, subspace.representation.matrices[g] @ complement]).rank() == width for g in group.generators
    )


def projector_commutes(subspace: Subspace, form: ExactArray) -> bool:
    """B (B* H B)^-1 B* H, the projector onto W along that complement, commutes with every element."""
    basis, matrices = subspace.basis, subspace.representation.matrices
    projector = basis @ (basis.H @ form @ basis).inverse() @ basis.H @ form
    return (projector[None] @ matrices - matrices @ projector[None]).is_zero


def averaged_over_half(subspace: Subspace) -> ExactArray:
    """The same mean over the first half of the elements (rounded up)."""
    matrices = subspace.representation.matrices
    half = matrices[: (len(matrices) + 1) // 2]
    return (half.H @ half).sum() * Fraction(1, len(half))


def averaged_form(subspace: Subspace) -> ExactArray:
    """(1/n) sum_g R(g)* R(g)."""
    return unitarising_form(subspace.representation)


def unit_form(subspace: Subspace) -> ExactArray:
    """The form of the basis that the matrices happen to be written in."""
    return ExactArray.eye(subspace.representation.degree, subspace.representation.field)


def form_is_invariant(subspace: Subspace, form: ExactArray) -> bool:
    """R(g)* H R(g) = H for every element."""
    matrices = subspace.representation.matrices
    return (matrices.H @ form[None] @ matrices - form[None]).is_zero


def form_is_positive(form: ExactArray) -> bool:
    """All pivots of elimination without exchanges are positive; entries rational."""
    rows = [[x.as_fraction() for x in row] for row in form.tolist()]
    for k in range(len(rows)):
        if rows[k][k] <= 0:
            return False
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return True
