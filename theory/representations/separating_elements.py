"""Elements of a commutant that separate irreducible copies: exact objects, and what is
claimed of them.

A representation with multiplicities m_1, m_2, ... over C has the commutant (+)_k
M_{m_k} (x) 1; its Hermitian elements are tuples of Hermitian matrices A_k, and the
eigenspaces are one irreducible copy each exactly if no eigenvalue of (+)_k A_k is
repeated: where one polynomial in the entries, the discriminant of the product of the
characteristic polynomials, is not zero. Over R the blocks are real, complex or
quaternionic Hermitian.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp
from sympy.polys.subresultants_qq_zz import sylvester

from theory.arithmetic.matrices import ExactArray, hstack
from theory.groups.families import GROUPS_OF_ORDER, small_groups
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion
from theory.representations.decompositions import decompose
from theory.representations.matrices import Representation, intertwiners_dimension, regular_representation

MULTIPLICITIES, ORDER = 6, 6  # how far lists of multiplicities and groups are enumerated

Spectrum = Callable[[tuple[int, ...]], list[sp.Matrix]]

# -- multiplicities ----------------------------------------------------------------------------------------------------


def multiplicity_structures(total: int) -> Iterator[tuple[int, ...]]:
    """All lists of multiplicities, up to order, that sum to at most ``total``."""

    def parts(left: int, most: int) -> Iterator[tuple[int, ...]]:
        yield ()
        for first in range(min(left, most), 0, -1):
            for rest in parts(left - first, first):
                yield (first, *rest)

    return (p for p in parts(total, total) if p)


def staircase(multiplicities: tuple[int, ...]) -> list[sp.Matrix]:
    """Diagonal A_k with eigenvalues 1, 2, 3, ... in one count through all k: an element
    that separates everything."""
    found, at = [], 0
    for m in multiplicities:
        found.append(sp.diag(*range(at + 1, at + m + 1)))
        at += m
    return found


def own_staircases(multiplicities: tuple[int, ...]) -> list[sp.Matrix]:
    """Diagonal A_k with eigenvalues 1..m_k in each: different irreps share
    eigenvalues."""
    return [sp.diag(*range(1, m + 1)) for m in multiplicities]


def separates(blocks: list[sp.Matrix]) -> bool:
    """The discriminant of the product of the characteristic polynomials is not zero."""
    x = sp.Symbol("x")
    product = sp.Poly(1, x)
    for A in blocks:
        product *= sp.Poly(A.charpoly(x).as_expr(), x)  # pyright: ignore[reportArgumentType]
    return product.degree() < 2 or product.discriminant() != 0


def traces_separate(blocks: list[sp.Matrix]) -> bool:
    """The Gram matrix of the power sums tr C^{i+j} has full rank: as many different
    eigenvalues as dimensions (Hermite)."""
    size = sum(A.rows for A in blocks)
    sums, powers = [], [sp.eye(A.rows) for A in blocks]
    for _ in range(2 * size - 1):
        sums.append(sum(P.trace() for P in powers))
        powers = [P * A for P, A in zip(powers, blocks, strict=True)]
    return sp.Matrix(size, size, lambda i, j: sums[i + j]).rank() == size


@cache
def partitions(n: int) -> int:
    """How many lists of multiplicities sum to n, up to order, by Euler's recursion over
    pentagonal numbers."""
    if n < 1:
        return int(n == 0)
    pentagonal = [(k, k * (3 * k - 1) // 2) for j in range(1, n + 1) for k in (j, -j)]
    return sum((-1) ** (k + 1) * partitions(n - g) for k, g in pentagonal if g <= n)


def multiplicities_separated(spectrum: Spectrum = staircase) -> Enumeration:
    """An element with this spectrum separates every list of multiplicities: by its
    discriminant, and by the rank of its power sums."""
    family = Family(
        f"lists of multiplicities that sum to at most {MULTIPLICITIES}",
        lambda: multiplicity_structures(MULTIPLICITIES),
        sum(partitions(n) for n in range(1, MULTIPLICITIES + 1)),
    )
    return Enumeration(
        "an element that separates", family, lambda m: separates(spectrum(m)), lambda m: traces_separate(spectrum(m))
    )


def discriminant_statements() -> list[Equation | Induction]:
    """The discriminant of (x - 1)...(x - M) is the square of 1! 2! .. (M - 1)!, never
    zero, for every M.

    One more root r multiplies a discriminant by p(r)^2; for r = M + 1 that is the
    square of M (M - 1) .. 1.
    """
    M = sp.Symbol("M", integer=True, positive=True)
    i = sp.Symbol("i", integer=True)
    x, r, b, c = sp.symbols("x r b c")
    D, F = sp.Function("D")(M), sp.Function("F")(M)

    def discriminant(count: int) -> Any:
        """(-1)^(k (k-1) / 2) times the determinant of the Sylvester matrix of p and p',
        not evaluated."""
        p = sp.expand(sp.prod([x - k for k in range(1, count + 1)]))
        rows = sylvester(p, sp.diff(p, x), x) if count > 1 else sp.eye(1)
        return (-1) ** (count * (count - 1) // 2) * sp.Determinant(sp.Matrix(rows))

    factorials = Recursion(
        F, (sp.S.One,), F * sp.factorial(M), lambda k: sp.prod([sp.factorial(j) for j in range(1, k)])
    )
    roots = Recursion(D, (sp.S.One,), D * sp.factorial(M) ** 2, discriminant)
    square = x**2 + b * x + c
    return [
        Induction("discriminant at 1, 2, .., M", M, (Equation("", D, F**2),), (roots, factorials)),
        Equation("distances of a new root", sp.Product(M + 1 - i, (i, 1, M)) ** 2, sp.factorial(M) ** 2),  # pyright: ignore[reportOperatorIssue]
        Equation("a new root of a square", sp.discriminant(sp.expand(square * (x - r)), x), sp.discriminant(square, x) * square.subs(x, r) ** 2),
    ]  # fmt: skip


@dataclass(frozen=True)
class SplitRepresentation:
    """A representation, a matrix claimed to separate its irreps, and the eigenvalues of
    that matrix."""

    representation: Representation
    element: ExactArray
    eigenvalues: int

    def __str__(self) -> str:
        return f"{self.representation.group} in degree {self.representation.degree}"

    def projectors(self) -> list[ExactArray]:
        """The Lagrange polynomials of the element: its eigenprojectors if the
        eigenvalues are 1..N."""
        d, field = self.representation.degree, self.element.field
        eye = ExactArray.eye(d, field)
        found = []
        for k in range(1, self.eigenvalues + 1):
            P = eye
            for j in range(1, self.eigenvalues + 1):
                if j != k:
                    P = (P @ (self.element - eye * j)) * Fraction(1, k - j)
            found.append(P)
        return found


def separate(representation: Representation) -> SplitRepresentation:
    """T diag(1, .., 1, 2, .., 2, ...) T^-1 with one eigenvalue for each irreducible
    copy, T the change of basis to irreps."""
    return _with_eigenvalues(representation, each_copy=True)


def isotypic(representation: Representation) -> SplitRepresentation:
    """The same with one eigenvalue for each irrep, shared by its copies."""
    return _with_eigenvalues(representation, each_copy=False)


def _with_eigenvalues(representation: Representation, *, each_copy: bool) -> SplitRepresentation:
    parts = decompose(representation)
    values = []
    at = 0
    for irrep, m in zip(parts.irreps, parts.multiplicities, strict=True):
        for copy in range(m):
            at += int(each_copy or copy == 0)
            values += [at] * irrep.degree
    diagonal = ExactArray.of([[v if i == j else 0 for j in range(len(values))] for i, v in enumerate(values)])
    return SplitRepresentation(representation, parts.basis @ diagonal @ parts.basis.inverse(), at)


def coordinates(representation: Representation) -> SplitRepresentation:
    """diag(1, 2, .., d) in the basis as given: as separated as can be, and no element
    of the commutant."""
    d = representation.degree
    return SplitRepresentation(
        representation, ExactArray.of([[(i + 1) * int(i == j) for j in range(d)] for i in range(d)]), d
    )


def copies_exhibited(element: Callable[[Representation], SplitRepresentation] | None = None) -> Enumeration:
    """Every eigenspace of the element (the separating one unless given) is one
    irreducible copy: by characters, and by equations."""
    of = element or separate
    groups = {str(group): group for group in small_groups(ORDER)}
    found = cache(lambda name: of(regular_representation(groups[name])))
    family = Family(
        f"regular representations of groups of order <= {ORDER}", lambda: iter(groups), sum(GROUPS_OF_ORDER[:ORDER])
    )
    return Enumeration(
        "each eigenspace one irreducible copy",
        family,
        lambda name: pieces_by_characters(found(name)),
        lambda name: pieces_by_equations(found(name)),
    )


def pieces_by_characters(found: SplitRepresentation) -> bool:
    """Every eigenprojector commutes with R and carries an irreducible character."""
    R = found.representation
    order = R.group.order
    for P in found.projectors():
        if any(P @ R.matrices[g] != R.matrices[g] @ P for g in R.group.generators):
            return False
        traces = [(P @ R.matrices[g]).trace().entry() for g in range(order)]
        if sum((t * t.conjugate() for t in traces[1:]), traces[0] * traces[0].conjugate()) != order:
            return False
    return True


def pieces_by_equations(found: SplitRepresentation) -> bool:
    """The eigenspaces are invariant, span everything, and each has a commutant of
    dimension one."""
    R, eye = found.representation, ExactArray.eye(found.representation.degree, found.element.field)
    bases = [(found.element - eye * k).nullspace() for k in range(1, found.eigenvalues + 1)]
    whole = hstack(bases)
    if whole.shape[0] != whole.shape[1] or whole.rank() < whole.shape[0]:
        return False
    moved = whole.inverse() @ R.matrices @ whole
    start = 0
    for basis in bases:
        stop = start + basis.shape[1]
        outside = [k for k in range(R.degree) if not start <= k < stop]
        if outside and not moved[:, outside, start:stop].is_zero:
            return False
        piece = Representation(R.group, moved[:, start:stop, start:stop])
        if intertwiners_dimension(piece, piece) != 1:
            return False
        start = stop
    return True


# -- over the real numbers -----------------------------------------------------------------------------------------------

_TURN = sp.Matrix([[0, -1], [1, 0]])
_FLIP = sp.Matrix([[1, 0], [0, -1]])
_LEFT_I = sp.kronecker_product(sp.eye(2), _TURN)
_LEFT_J = sp.kronecker_product(_TURN, _FLIP)
REAL_IRREPS = {"real": (_TURN, _FLIP), "complex": (_TURN,), "quaternionic": (_LEFT_I, _LEFT_J)}  # D4, C4, Q8


def group_of(generators: tuple[sp.Matrix, ...]) -> list[sp.Matrix]:
    """All products of the generators."""
    found = [sp.eye(generators[0].rows)]
    for A in found:
        found += [B for B in (G * A for G in generators) if B not in found]
    return found


def symmetric_sample(d: int) -> sp.Matrix:
    """The general real symmetric matrix."""
    return sp.Matrix(d, d, lambda i, j: sp.Symbol(f"x{min(i, j)}{max(i, j)}", real=True))


def hermitian_sample(d: int) -> sp.Matrix:
    """The general Hermitian complex matrix."""
    return symmetric_sample(d) + sp.I * sp.Matrix(
        d, d, lambda i, j: ((int(i) < int(j)) - (int(i) > int(j))) * sp.Symbol(f"y{min(i, j)}{max(i, j)}", real=True)
    )


def _mean(matrices: list[sp.Matrix]) -> sp.Matrix:
    """The mean entry by entry, the sums not carried out."""
    d, part = matrices[0].rows, sp.Rational(1, len(matrices))
    total = lambda i, j: sp.Add(*(M[i, j] for M in matrices), evaluate=False)  # pyright: ignore[reportArgumentType]  # noqa: E731
    return sp.Matrix(d, d, lambda i, j: sp.Mul(part, total(i, j), evaluate=False))


def scalars_on_real_irreps(sample: Callable[[int], sp.Matrix] = symmetric_sample) -> list[Equation]:
    """The mean of R X R^T over the group of a real irrep of each type is tr(X)/d: a
    real piece is never cut in two."""
    found = []
    for kind, generators in REAL_IRREPS.items():
        group, d = group_of(generators), generators[0].rows
        X = sample(d)
        mean = _mean([R * X * R.T for R in group])
        found.append(Equation(f"scalar on an irrep of {kind} type", mean, X.trace() / d * sp.eye(d)))
    return found
