"""Eigenspaces of Hermitian elements of a commutant, and how a perturbation turns them: exact objects.

A representation with multiplicities m_1, m_2, ... over C has the commutant (+)_k M_{m_k} (x) 1; its Hermitian elements are tuples of Hermitian
matrices A_k, and the eigenspaces are one irreducible copy each exactly if no eigenvalue of (+)_k A_k is repeated: where one polynomial in the
entries, the discriminant of the product of the characteristic polynomials, is not zero. Over R the blocks are real, complex or quaternionic
Hermitian.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from theory.exact_matrices import ExactArray
from theory.noncommutative import BlockIdentity, Blocks
from theory.representations import Representation, decompose

# -- separating elements -------------------------------------------------------------------------------------------------


def multiplicity_structures(total: int) -> Iterator[tuple[int, ...]]:
    """All lists of multiplicities, up to order, that sum to at most ``total``."""

    def parts(left: int, most: int) -> Iterator[tuple[int, ...]]:
        yield ()
        for first in range(min(left, most), 0, -1):
            for rest in parts(left - first, first):
                yield (first, *rest)

    return (p for p in parts(total, total) if p)


def staircase(multiplicities: tuple[int, ...]) -> list[sp.Matrix]:
    """Diagonal A_k with eigenvalues 1, 2, 3, ... in one count through all k: an element that separates everything."""
    found, at = [], 0
    for m in multiplicities:
        found.append(sp.diag(*range(at + 1, at + m + 1)))
        at += m
    return found


def separates(blocks: list[sp.Matrix]) -> bool:
    """The discriminant of the product of the characteristic polynomials is not zero."""
    x = sp.Symbol("x")
    product = sp.Poly(1, x)
    for A in blocks:
        product *= sp.Poly(A.charpoly(x).as_expr(), x)
    return product.degree() < 2 or product.discriminant() != 0


def traces_separate(blocks: list[sp.Matrix]) -> bool:
    """The Gram matrix of the power sums tr C^{i+j} has full rank: as many different eigenvalues as dimensions (Hermite)."""
    size = sum(A.rows for A in blocks)
    sums, powers = [], [sp.eye(A.rows) for A in blocks]
    for _ in range(2 * size - 1):
        sums.append(sum(P.trace() for P in powers))
        powers = [P * A for P, A in zip(powers, blocks, strict=True)]
    return sp.Matrix(size, size, lambda i, j: sums[i + j]).rank() == size


@dataclass(frozen=True)
class SplitRepresentation:
    """A representation, a matrix claimed to separate its irreps, and the eigenvalues of that matrix."""

    representation: Representation
    element: ExactArray
    eigenvalues: int

    def __str__(self) -> str:
        return f"{self.representation.group} in degree {self.representation.degree}"

    def projectors(self) -> list[ExactArray]:
        """The Lagrange polynomials of the element: its eigenprojectors if the eigenvalues are 1..N."""
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


def separated(representation: Representation) -> SplitRepresentation:
    """T diag(1, .., 1, 2, .., 2, ...) T^-1 with one eigenvalue for each irreducible copy, T the change of basis to irreps."""
    parts = decompose(representation)
    values = []
    at = 0
    for irrep, m in zip(parts.irreps, parts.multiplicities, strict=True):
        for _ in range(m):
            at += 1
            values += [at] * irrep.degree
    diagonal = ExactArray.of([[v if i == j else 0 for j in range(len(values))] for i, v in enumerate(values)])
    return SplitRepresentation(representation, parts.basis @ diagonal @ parts.basis.inverse(), at)


def coordinates(representation: Representation) -> SplitRepresentation:
    """diag(1, 2, .., d) in the basis as given: as separated as can be, and no element of the commutant."""
    d = representation.degree
    return SplitRepresentation(
        representation, ExactArray.of([[(i + 1) * int(i == j) for j in range(d)] for i in range(d)]), d
    )


# -- over the real numbers -----------------------------------------------------------------------------------------------

SCHUR_TYPES = {
    "real": lambda a, b, c, d: sp.Matrix([[a]]),
    "complex": lambda a, b, c, d: sp.Matrix([[a, -b], [b, a]]),
    "quaternionic": lambda a, b, c, d: sp.Matrix([[a, -b, -c, -d], [b, a, -d, c], [c, d, a, -b], [d, -c, b, a]]),
}


def commutant_of_real_irrep(kind: str) -> sp.Matrix:
    """The general element of End(V), V a real irrep of this type, acting on itself (R, C or H by left multiplication)."""
    return SCHUR_TYPES[kind](*sp.symbols("a b c d", real=True))


def symmetric_part(M: sp.Matrix) -> sp.Matrix:
    """What a real symmetric sample can be: (M + M^T)/2."""
    return (M + M.T) / 2


def hermitian_part(M: sp.Matrix) -> sp.Matrix:
    """What a Hermitian complex sample can be besides: (M + M^T)/2 + i (M - M^T)/2."""
    return (M + M.T) / 2 + sp.I * (M - M.T) / 2


# -- Davis and Kahan -----------------------------------------------------------------------------------------------------


def _perturbed(bench: object, which: int) -> Blocks:
    """S diag(L1, L2) S^-1 with S = [[1, 0], [Y, 1]] [[1, Z], [0, 1]], or its second spectral projector S diag(0, 1) S^-1."""
    b = bench
    Y, Z = b.symbol("Y", 1, 0), b.symbol("Z", 0, 1)
    one, two, zero = b.unit(0), b.unit(1), b.zero
    S = _times(b, [[one, zero(0, 1)], [Y, two]], [[one, Z], [zero(1, 0), two]])
    back = _times(b, [[one, b.minus(Z)], [zero(1, 0), two]], [[one, zero(0, 1)], [b.minus(Y), two]])
    first = b.zero(0, 0) if which else b.symbol("L1", 0, 0)
    second = two if which else b.symbol("L2", 1, 1)
    return _times(b, S, [[first, zero(0, 1)], [zero(1, 0), second]], back)


def _times(bench: object, *factors: Blocks) -> Blocks:
    out = factors[0]
    for right in factors[1:]:
        out = [
            [bench.plus(bench.times(out[i][0], right[0][j]), bench.times(out[i][1], right[1][j])) for j in range(2)]
            for i in range(2)
        ]
    return out


def _minus(bench: object, left: Blocks, right: Blocks) -> Blocks:
    return [[bench.plus(left[i][j], bench.minus(right[i][j])) for j in range(2)] for i in range(2)]


def _unperturbed(bench: object, *, projector: bool = False) -> Blocks:
    """A = diag(A1, A2), or its first spectral projector."""
    zero = bench.zero
    if projector:
        return [[bench.unit(0), zero(0, 1)], [zero(1, 0), zero(1, 1)]]
    return [[bench.symbol("A1", 0, 0), zero(0, 1)], [zero(1, 0), bench.symbol("A2", 1, 1)]]


def _turned(bench: object) -> Blocks:
    """X = Q P, Q the complementary spectral projector of A + E, P the projector onto the unperturbed eigenspace: its norm is sin(theta)."""
    return _times(bench, _perturbed(bench, 1), _unperturbed(bench, projector=True))


SYLVESTER = (
    BlockIdentity(
        "Q E P = (A + E) X - X A for X = Q P",
        lambda k: _times(
            k, _perturbed(k, 1), _minus(k, _perturbed(k, 0), _unperturbed(k)), _unperturbed(k, projector=True)
        ),
        lambda k: _minus(k, _times(k, _perturbed(k, 0), _turned(k)), _times(k, _turned(k), _unperturbed(k))),
    ),
    BlockIdentity(
        "Q commutes with A + E",
        lambda k: _times(k, _perturbed(k, 1), _perturbed(k, 0)),
        lambda k: _times(k, _perturbed(k, 0), _perturbed(k, 1)),
    ),
    BlockIdentity(
        "Q is a projector", lambda k: _times(k, _perturbed(k, 1), _perturbed(k, 1)), lambda k: _perturbed(k, 1)
    ),
)


def tilted(g: sp.Expr, t: sp.Expr) -> tuple[sp.Matrix, sp.Matrix]:
    """A = diag(0, g) and the smallest E that turns its eigenvector e1 by t < 45 degrees."""
    X, Z = sp.Matrix([[0, 1], [1, 0]]), sp.Matrix([[1, 0], [0, -1]])
    c, s = sp.cos(2 * t), sp.sin(2 * t)
    A = sp.diag(0, g)
    moved = g / 2 * (sp.eye(2) - c * (c * Z + s * X))
    return A, (moved - A).applyfunc(sp.expand)


@dataclass(frozen=True)
class TiltedPair:
    """diag(0, gap) and a symmetric matrix with the eigenvector (p^2 - q^2, 2 p q)/(p^2 + q^2) of eigenvalue ``low``, the other eigenvalue ``high``."""

    gap: int
    p: int
    q: int
    low: Fraction
    high: Fraction

    def __str__(self) -> str:
        return f"gap {self.gap}, tan(theta/2) = {self.q}/{self.p}, eigenvalues {self.low}, {self.high}"

    @property
    def direction(self) -> tuple[Fraction, Fraction]:
        """cos(theta), sin(theta)."""
        n = self.p**2 + self.q**2
        return Fraction(self.p**2 - self.q**2, n), Fraction(2 * self.p * self.q, n)

    def difference(self) -> tuple[Fraction, Fraction, Fraction]:
        """E = [[a, b], [b, c]]."""
        x, y = self.direction
        step = self.high - self.low
        return self.low + step * y * y, -step * x * y, self.low + step * x * x - self.gap

    def bounded(self, constant: Fraction | int) -> bool:
        """sin(theta) <= constant |E| / gap: the matrix (gap sin / constant)^2 - E^2 is not positive definite."""
        a, b, c = self.difference()
        s = (self.gap * self.direction[1] / constant) ** 2
        square = (a * a + b * b, b * (a + c), b * b + c * c)
        first, determinant = s - square[0], (s - square[0]) * (s - square[2]) - square[1] ** 2
        return s == 0 or not (first > 0 and determinant > 0)

    def bounded_by_roots(self, constant: Fraction | int) -> bool:
        """The same from |E| = |a + c|/2 + sqrt(((a - c)/2)^2 + b^2)."""
        a, b, c = self.difference()
        middle, under = abs(a + c) / 2, ((a - c) / 2) ** 2 + b * b
        rest = self.gap * self.direction[1] / constant - middle
        return rest <= 0 or rest * rest <= under


def exchanging(constant: Fraction | int) -> Fraction:
    """A part t > 1 of half the gap, at most 1.01: eigenvalues of diag(0, gap) that are moved towards each other by t gap/2 change places.

    The eigenspace of the lower one turns by 90 degrees, and sin(theta) <= c |E| / gap becomes 1 <= c t / 2, which fails for every c < 2 as t < 2 / c.
    """
    nearest = Fraction(101, 100)
    return min(nearest, (1 + 2 / Fraction(constant)) / 2) if constant < 2 else nearest


def tilted_pairs(nearest: Fraction = Fraction(101, 100)) -> Iterator[TiltedPair]:
    """Gap 2, nine angles up to 90 degrees, eigenvalues at quarters from -1 to 3 and at 2 - ``nearest`` and ``nearest``, with low < high.

    At 90 degrees the last two take an E of norm ``nearest`` only, so that no constant below 2 / nearest will do.
    """
    angles = [(1, 0), (9, 1), (5, 1), (3, 1), (5, 2), (2, 1), (7, 4), (3, 2), (1, 1)]
    values = [*(Fraction(k, 4) for k in range(-4, 13)), 2 - nearest, nearest]
    for p, q in angles:
        for low in values:
            for high in values:
                if low < high:
                    yield TiltedPair(2, p, q, low, high)
