"""Orthogonal complements of invariant subspaces: the argument in words, and decisions
on modules of small groups over Q."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

import sympy

from theory.arithmetic.grammar import parse
from theory.arithmetic.matrices import CyclotomicField, ExactArray, hstack, join
from theory.groups.families import GROUPS_OF_ORDER, small_groups
from theory.proof.statements import Enumeration, Equation, Family
from theory.proof.words import WordTheorem, derivations
from theory.representations.matrices import Representation, regular_representation
from theory.representations.modules import orthogonal_complement, spin, unitarising_form

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


def complement_proof(theorems: Sequence[WordTheorem] | None = None) -> Enumeration:
    """The unitary case, three steps for the averaged form, and the kernel of the
    projector; or the theorems given."""
    if theorems is not None:
        return derivations(theorems, len(theorems))
    return derivations((UNITARY, *AVERAGED, MOVES_KERNEL), 1 + 3 + 1)


# -- one family in closed form -------------------------------------------------------------------------------------------

ReflectionForm = Callable[[sympy.Matrix], sympy.Matrix]


def reflection_in_general() -> sympy.Matrix:
    """C2 by [[1, b], [0, -1]], b = x + i y for all real x, y."""
    x, y = sympy.symbols("x y", real=True)
    return sympy.Matrix([[1, x + sympy.I * y], [0, -1]])


def averaged_form_of_reflection(R: sympy.Matrix) -> sympy.Matrix:
    """(1 + R* R)/2."""
    return (sympy.eye(2) + R.H * R) / 2


def complement_of_the_first_axis(form: sympy.Matrix) -> sympy.Matrix:
    """A vector v with e1* form v = 0."""
    return sympy.Matrix([-form[0, 1], form[0, 0]])  # pyright: ignore[reportOperatorIssue]


def reflections(form: ReflectionForm = averaged_form_of_reflection) -> list[Equation]:
    """The complement of span(e1) is one line: with its image it spans no plane, and the
    Gram determinant of e1 and v is the product of their squares."""
    R = reflection_in_general()
    H = form(R)
    v = complement_of_the_first_axis(H)
    name = "C2 by [[1, b], [0, -1]]"
    basis = sympy.Determinant(sympy.Matrix.hstack(sympy.Matrix([1, 0]), v))
    gram = sympy.Determinant(H) * basis * sympy.conjugate(basis)
    orthogonal = Equation("e1 and the complement are orthogonal", gram, H[0, 0] * (v.H * H * v)[0, 0])
    invariant = Equation("the form of the reflection is invariant", R.H * H * R, H)
    return [Equation(name, sympy.Determinant(sympy.Matrix.hstack(v, R * v)), 0), orthogonal, invariant]


# -- decisions on regular modules ----------------------------------------------------------------------------------------

MAX_ORDER = 6
Form = Callable[["Subspace"], ExactArray]
Key = tuple[str, bool, str, int]  # group, whether in a sheared basis, how the subspace is spanned, by which element


@dataclass(frozen=True, eq=False)
class Subspace:
    """A representation, and an invariant subspace by a basis in columns."""

    representation: Representation
    basis: ExactArray

    def __str__(self) -> str:
        return f"dimension {self.basis.shape[1]} in {self.representation}"


def _sheared(whole: Representation) -> tuple[ExactArray, Representation]:
    size, field = whole.degree, join(whole.field, CyclotomicField(4))
    i = parse("i")
    entries = [[int(a == b) + (i if b == a + 1 else 0) for b in range(size)] for a in range(size)]
    shear = ExactArray.of(entries).over(field)
    return shear, replace(whole.change_basis(shear), name=f"{whole.name}, sheared")


@cache
def regular_subspaces(*, sheared: bool) -> dict[Key, Subspace]:
    """In Q[G], |G| <= 6: the constants, what e - g spans for each g, and what 1 + [odd
    order] spans; by permutations, or in the basis 1 + i N, N a shift."""
    found: dict[Key, Subspace] = {}
    for group in small_groups(MAX_ORDER):
        regular = regular_representation(group)
        size = group.order
        vectors = {("constants", 0): [[1]] * size}
        vectors |= {("e - g", g): [[int(x == 0) - int(x == g)] for x in range(size)] for g in range(1, size)}
        if size > 1:
            vectors["1 + [odd order]", 0] = [[1 + int(group.orders[x] % 2)] for x in range(size)]
        shear, moved = _sheared(regular) if sheared else (ExactArray.eye(size, regular.field), regular)
        for (spanned, g), entries in vectors.items():
            basis = spin(regular, ExactArray.of(entries)).over(shear.field)
            found[group.label, sheared, spanned, g] = Subspace(moved, shear @ basis)
    return found


def _family(what: str, *, sheared: bool) -> Family:
    size = sum(GROUPS_OF_ORDER[n - 1] * (n + (n > 1)) for n in range(1, MAX_ORDER + 1))
    basis = "in the basis 1 + i N" if sheared else "by permutations"
    return Family(
        f"{what} of regular modules {basis}, |G| <= {MAX_ORDER}", lambda: iter(regular_subspaces(sheared=sheared)), size
    )


def regular_complements(name: str, form: Form, *, sheared: bool) -> Enumeration:
    """Complements of subspaces are invariant: by ranks, and as the projector along them
    commutes with every element."""
    subspaces = regular_subspaces(sheared=sheared)
    return Enumeration(
        name, _family("subspaces", sheared=sheared),
        lambda key: complement_is_invariant(subspaces[key], form(subspaces[key])),
        lambda key: projector_commutes(subspaces[key], form(subspaces[key])),
    )  # fmt: skip


def averaged_forms(form: Form) -> Enumeration:
    """R(g)* H R(g) = H for all elements and all leading minors positive; H R(g) =
    R(g^-1)* H for generators and all pivots positive."""
    subspaces = regular_subspaces(sheared=True)
    return Enumeration(
        "averaged form is invariant and positive", _family("averaged forms", sheared=True),
        lambda key: form_is_invariant(subspaces[key], form(subspaces[key])) and minors_are_positive(form(subspaces[key])),
        lambda key: preserved_by_generators(subspaces[key], form(subspaces[key])),
    )  # fmt: skip


def preserved_by_generators(subspace: Subspace, form: ExactArray) -> bool:
    """H R(g) = R(g^-1)* H for the generators, and H positive definite by its pivots."""
    r, group = subspace.representation, subspace.representation.group
    return form_is_positive(form) and all(
        form @ r.matrices[g] == r.matrices[int(group.inverses[g])].H @ form for g in group.generators
    )


def complement_is_invariant(subspace: Subspace, form: ExactArray) -> bool:
    """{v : w* H v = 0} has the dimension left over, meets W in zero, and every
    generator keeps it."""
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
    """B (B* H B)^-1 B* H, the projector onto W along that complement, commutes with
    every element."""
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
    """Hermitian, and all pivots of elimination without exchanges are positive rational
    numbers."""
    if form != form.H:
        return False
    rows = form.tolist()
    for k in range(len(rows)):
        if not _is_positive(rows[k][k]):
            return False
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return True


def minors_are_positive(form: ExactArray) -> bool:
    """Hermitian, and all leading minors are positive rational numbers (Sylvester), by
    Faddeev and LeVerrier's recursion."""
    return form == form.H and all(_is_positive(_determinant(form[:k, :k])) for k in range(1, form.shape[0] + 1))


def _determinant(matrix: ExactArray) -> Any:
    size, eye = matrix.shape[0], ExactArray.eye(matrix.shape[0], matrix.field)
    current, coefficient = ExactArray.zeros((size, size), matrix.field), Fraction(1)
    for k in range(1, size + 1):
        current = matrix @ current + eye * coefficient
        coefficient = -(matrix @ current).trace().entry().as_fraction() / k  # pyright: ignore[reportAttributeAccessIssue]
    return (-1) ** size * coefficient


def _is_positive(value: Any) -> bool:
    return (value if isinstance(value, Fraction) else value.as_fraction()) > 0
