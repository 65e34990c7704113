r"""Triangular and polynomial maps, exactly: determinants for every D by induction, inverses, and fluxes through images of boxes.

A point of R^D whose coordinates play no part is carried as one parameter w: the statements are fibrewise, so that D enters only
through the determinant of the smaller block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy as sp

DIMENSION = sp.Symbol("D", integer=True, positive=True)
MINORS = sp.Function("m", real=True)  # m(j): the minor of entry (D + 1, j), an unknown number for each j


def bordered_determinant(corner: sp.Expr, dim: sp.Symbol = DIMENSION) -> sp.Expr:
    r"""Laplace's expansion along the last row or column of a (D+1) x (D+1) block triangular matrix.

    .. math:: \sum_{j=1}^{D+1} (-1)^{D+1+j}\, \text{corner}\,\delta_{j,D+1}\, m(j)

    The row holds ``corner`` in its last place and zeros elsewhere; the minors m(j) are unknown, and m(D+1) is the
    determinant of the D x D block.
    """
    j = sp.Dummy("j", integer=True)
    return sp.Sum((-1) ** (dim + 1 + j) * corner * sp.KroneckerDelta(j, dim + 1) * MINORS(j), (j, 1, dim + 1))


def triangular_map(dim: int, variables: Sequence[sp.Symbol]) -> sp.Matrix:
    """(f1(x1), f2(x1, x2), ...), undefined functions, each of the coordinates up to its own."""
    return sp.Matrix([sp.Function(f"f{k}", real=True)(*variables[:k]) for k in range(1, dim + 1)])


def coordinates(dim: int, letter: str = "x") -> tuple[sp.Symbol, ...]:
    """x1..xD, real."""
    return tuple(sp.Symbol(f"{letter}{k}", real=True) for k in range(1, dim + 1))


def diagonal_product(matrix: sp.Matrix) -> sp.Expr:
    """The product of a square matrix's diagonal."""
    return sp.Mul(*(matrix[k, k] for k in range(matrix.rows)))


@dataclass(frozen=True)
class Elimination:
    r"""One step of Gaussian elimination on a (D+1) x (D+1) matrix [[a, r], [c, M]], with indices left symbolic.

    .. math:: \begin{pmatrix} a & r \\ c & M \end{pmatrix} =
        \begin{pmatrix} 1 & 0 \\ c/a & I \end{pmatrix} \begin{pmatrix} a & 0 \\ 0 & S \end{pmatrix}
        \begin{pmatrix} 1 & r/a \\ 0 & I \end{pmatrix}, \qquad S = M - c\,r/a

    The outer factors are shears (translations of fibres), the middle one a scaling of one coordinate beside a map of size D.
    """

    pivot: sp.Expr

    def blocks(self) -> tuple[sp.Matrix, sp.Matrix]:
        """Generic entries (1,1), (1,j), (i,1), (i,j) of the product of the three factors, and of the matrix."""
        i, j = sp.symbols("i j", integer=True, positive=True)
        row, column, rest = (
            sp.Function("r", real=True)(j),
            sp.Function("c", real=True)(i),
            sp.Function("M", real=True)(i, j),
        )
        schur = rest - column * row / self.pivot
        lower, upper = column / self.pivot, row / self.pivot
        product = sp.Matrix(
            [[self.pivot, self.pivot * upper], [lower * self.pivot, lower * self.pivot * upper + schur]]
        )
        return product, sp.Matrix([[self.pivot, row], [column, rest]])

    @staticmethod
    def small(dim: int) -> tuple[sp.Expr, sp.Expr]:
        """det A of a generic matrix of size ``dim`` + 1, and pivot times the determinant of the Schur complement."""
        entries = sp.Matrix(
            dim + 1, dim + 1, lambda i, j: sp.Symbol(f"a{i}{j}", real=True, nonzero=True if i == j == 0 else None)
        )
        pivot = entries[0, 0]
        schur = entries[1:, 1:] - entries[1:, :1] * entries[:1, 1:] / pivot
        return entries.det(method="berkowitz"), pivot * schur.det(method="berkowitz")


@dataclass(frozen=True)
class Automorphism:
    """A polynomial bijection of R^D with a polynomial inverse, as a composition of shears and a scaling.

    ``forward`` and ``inverse`` are columns in ``variables``; ``volume`` is the exact value of |det|.
    """

    variables: tuple[sp.Symbol, ...]
    forward: sp.Matrix
    inverse: sp.Matrix
    volume: sp.Expr

    @property
    def jacobian(self) -> sp.Matrix:
        """df/dx."""
        return self.forward.jacobian(sp.Matrix(self.variables))

    def round_trip(self) -> sp.Matrix:
        """inverse(forward(x)), expanded; the same point if the map is a bijection onto its image."""
        return self._after(self.inverse, self.forward)

    def trip_round(self) -> sp.Matrix:
        """forward(inverse(y)), expanded; the same point if the map is onto."""
        return self._after(self.forward, self.inverse)

    def _after(self, outer: sp.Matrix, inner: sp.Matrix) -> sp.Matrix:
        return outer.subs(dict(zip(self.variables, inner, strict=True)), simultaneous=True).applyfunc(sp.expand)


Shear = tuple[int, Callable[..., sp.Expr]]


def automorphism(dim: int, shears: Sequence[Shear], scales: Sequence[sp.Expr]) -> Automorphism:
    """Scale every coordinate, then add to coordinate i, for each (i, h) in turn, the polynomial h of the others.

    Raises:
        ValueError: a shear that uses the coordinate that it moves, or a number of scales other than ``dim``.
    """
    xs = coordinates(dim)
    if len(scales) != dim:
        raise ValueError(f"Expected {dim} scales, one for each coordinate, got {len(scales)}.")
    forward, inverse = [scale * x for scale, x in zip(scales, xs, strict=True)], list(xs)
    for index, polynomial in shears:
        if polynomial(*xs).has(xs[index]):
            raise ValueError(f"A shear of coordinate {index + 1} may not use that coordinate, got {polynomial(*xs)}.")
        forward[index] = sp.expand(forward[index] + polynomial(*forward))
    for index, polynomial in reversed(shears):
        inverse[index] = inverse[index] - polynomial(*inverse)
    # The inverse is built from the last shear to the first, in the image's coordinates, then unscaled.
    inverse = [sp.expand(value / scale) for value, scale in zip(inverse, scales, strict=True)]
    return Automorphism(xs, sp.Matrix(forward), sp.Matrix(inverse), sp.Mul(*scales))


def flux_divergence(image: sp.Matrix, variables: Sequence[sp.Symbol], rate: sp.Expr) -> sp.Expr:
    r"""Divergence in x of the flux, through the image of a box's faces, of a field (G, 0, .., 0) with :math:`\partial G/\partial y_1 = q`.

    .. math:: \sum_i \frac{\partial}{\partial x_i}\bigl[G(f(x))\, C_{1i}(x)\bigr], \qquad C = \text{cofactors of } df/dx

    Integrated over a box it is the mass of q inside the image of the box, found from the image's boundary alone (Lax 1999). The
    value of G and its other derivatives at f(x) are unknown symbols; they must drop out.

    Args:
        image: f, a column in ``variables``. rate: q(f(x)), an expression.
    """
    jacobian = image.jacobian(sp.Matrix(list(variables)))
    cofactors = [jacobian.cofactor(0, i) for i in range(len(variables))]
    value = sp.Symbol("G", real=True)
    partials = [rate, *(sp.Symbol(f"G{k}", real=True) for k in range(2, len(variables) + 1))]
    total = sp.S.Zero
    for i, x in enumerate(variables):
        along = sum((partials[k] * jacobian[k, i] for k in range(len(variables))), sp.S.Zero)
        total += along * cofactors[i] + value * sp.diff(cofactors[i], x)
    return total


def score_coordinate(log_integrand: sp.Expr, at: sp.Symbol, base: sp.Expr) -> sp.Expr:
    r"""The first coordinate :math:`\int_c^{x_1} e^{\text{log integrand}(t)}\,dt` of the map that realises a score."""
    t = sp.Dummy("t", real=True)
    return sp.Integral(sp.exp(log_integrand.subs(at, t)), (t, base, at))


def score_jacobian(slope: sp.Expr, dim: int) -> sp.Matrix:
    """Jacobian of (f1(x), x2, .., xD): an arbitrary first row that starts with ``slope``, the identity below."""
    matrix = sp.eye(dim)
    matrix[0, 0] = slope
    for k in range(1, dim):
        matrix[0, k] = sp.Symbol(f"b{k + 1}", real=True)
    return matrix
