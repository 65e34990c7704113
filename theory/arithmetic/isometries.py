r"""Exact matrices that preserve a symmetric bilinear form: reflections and Cayley
transforms.

A matrix :math:`A` is an isometry of the form :math:`J` when :math:`A^T J A = J`. With
:math:`J = I` these are the orthogonal matrices; with :math:`J = \mathrm{diag}(-1, 1,
\dots, 1)` they are the Lorentz matrices, which act on the hyperboloid. Both families
below are rational: rational data give a rational matrix, so that a proof never meets a
square root or a float.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import sympy
from sympy.polys.matrices import DomainMatrix
from sympy.polys.matrices.exceptions import DMNonInvertibleMatrixError

Exact = int | Fraction | sympy.Expr
"""What an entry may be: an integer, a fraction, or a SymPy expression without floating-point numbers."""

__all__ = ["Exact", "cayley", "defect", "exact", "exact_matrix", "householder", "lorentz_form", "preserves"]


def exact(value: Exact, *, what: str = "entry") -> sympy.Expr:
    """Turn a number into an exact SymPy expression, or refuse it.

    Args:
        value: An integer, a :class:`fractions.Fraction` or a SymPy expression.
        what: How to call it in an error message.
    Raises:
        TypeError: a float (binary rounding has already lost the number), a string, or
            anything else.
        ValueError: an expression that is not finite.
    """
    if isinstance(value, bool) or not isinstance(value, int | Fraction | sympy.Expr):
        raise TypeError(
            f"Expected {what} to be an int, a Fraction or a SymPy expression, got {type(value).__name__} {value!r}. "
            "Write one tenth as Fraction(1, 10)."
        )
    number = sympy.Rational(value.numerator, value.denominator) if isinstance(value, Fraction) else sympy.sympify(value)
    if number.has(sympy.Float):
        raise TypeError(
            f"Expected {what} to be exact, got {number} with a floating-point part. Use Fraction or Rational."
        )
    if number.has(sympy.nan, sympy.oo, -sympy.oo, sympy.zoo):
        raise ValueError(f"Expected {what} to be finite, got {number}.")
    return number


def exact_matrix(rows: sympy.MatrixBase | Sequence[Sequence[Exact]], *, what: str = "matrix") -> sympy.Matrix:
    """A square matrix of exact entries from a SymPy matrix or from a sequence of rows.

    Raises:
        TypeError: an entry that is not exact.
        ValueError: a matrix that is empty or not square, or an entry that is not
            finite.
    """
    table = rows.tolist() if isinstance(rows, sympy.MatrixBase) else [list(row) for row in rows]
    size = len(table)
    if size == 0 or any(len(row) != size for row in table):
        shape = f"{size} rows of lengths {sorted({len(row) for row in table})}"
        raise ValueError(f"Expected {what} to be square with at least one row, got {shape}.")
    return sympy.Matrix(size, size, lambda i, j: exact(table[i][j], what=f"{what}[{i}][{j}]"))


def lorentz_form(n: int) -> sympy.Matrix:
    r"""The form :math:`\mathrm{diag}(-1, 1, \dots, 1)` on :math:`\mathbb{R}^{n+1}`
    whose unit hyperboloid is hyperbolic n-space."""
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"Expected the dimension of hyperbolic space, an integer of at least 1, got {n!r}.")
    return sympy.diag(-1, *([1] * n))


def defect(matrix: sympy.MatrixBase, form: sympy.MatrixBase | None = None) -> sympy.Matrix:
    """``A^T J A - J``, the zero matrix exactly when A is an isometry of J (J = I when
    not given). Not simplified."""
    square = exact_matrix(matrix)
    gram = sympy.eye(square.rows) if form is None else _symmetric(form, square.rows)
    return square.T * gram * square - gram


def preserves(matrix: sympy.MatrixBase, form: sympy.MatrixBase | None = None) -> bool:
    """Whether ``A^T J A = J`` as rational functions of the symbols in A and J."""
    return all(sympy.cancel(entry) == 0 for entry in defect(matrix, form))


def householder(v: Sequence[Exact] | sympy.MatrixBase, form: sympy.MatrixBase | None = None) -> sympy.Matrix:
    r"""The reflection that sends ``v`` to ``-v`` and fixes its orthogonal complement.

    .. math:: A = I - 2\,\frac{v v^T J}{v^T J v}, \qquad A^T J A = J, \quad A^2 = I, \quad \det A = -1

    Args:
        v: Rational or symbolic entries, d of them; need not be a unit vector.
        form: Symmetric d x d matrix J, the identity when not given.
    Returns:
        The d x d matrix, exact. Its entries are those of the formula, not simplified
        when ``v`` has symbols.
    Raises:
        TypeError: an entry that is a float or a string.
        ValueError: no entries, or ``v^T J v = 0`` (a zero or light-like vector has no
            reflection).
    Source: Householder 1958; for the Lorentz form see Ratcliffe 2006, section 3.1.
    """
    entries = [exact(entry, what=f"v[{k}]") for k, entry in enumerate(v)]
    if not entries:
        raise ValueError("Expected a vector with at least one entry, got none.")
    column = sympy.Matrix(entries)
    lowered = column if form is None else _symmetric(form, len(entries)) * column
    square = sum((a * b for a, b in zip(column, lowered, strict=True)), sympy.S.Zero)
    if square.is_zero or sympy.cancel(square) == 0:
        raise ValueError(f"Expected v with v^T J v != 0, got {entries} with v^T J v = 0: it defines no reflection.")
    return sympy.eye(len(entries)) - 2 * column * lowered.T / square


def cayley(skew: sympy.MatrixBase | Sequence[Sequence[Exact]], form: sympy.MatrixBase | None = None) -> sympy.Matrix:
    r"""The isometry that a skew-symmetric matrix parametrises rationally.

    .. math:: A = (I - K)^{-1}(I + K), \qquad K = J^{-1} S, \quad S^T = -S, \quad A^T J A = J

    It holds because :math:`J K = S` is skew: then :math:`(I+K)^T J (I+K) = J + K^T J
    K`, which is even in :math:`K`.
    :math:`\det A = 1`; for the Euclidean form every rotation without the eigenvalue -1
    is reached.

    Args:
        skew: S, n x n, exact entries.
        form: J, symmetric and invertible, the identity when not given.
    Raises:
        TypeError: an entry that is a float or a string.
        ValueError: S not skew, J not symmetric or not invertible, sizes that differ, or
            I - K singular (which an indefinite J allows: scale S by another factor).
    Source: Cayley 1846; for forms other than the identity, Weyl, The Classical Groups,
        section II.10.
    """
    generator = exact_matrix(skew, what="skew")
    size = generator.rows
    for i in range(size):
        for j in range(i, size):
            if sympy.cancel(generator[i, j] + generator[j, i]) != 0:
                raise ValueError(
                    f"Expected a skew-symmetric matrix, got S[{i}][{j}] = {generator[i, j]} and "
                    f"S[{j}][{i}] = {generator[j, i]}, which do not cancel."
                )
    if form is None:
        twist = generator
    else:
        twist = _solve(_symmetric(form, size), generator, "Expected an invertible form J, got one with determinant 0.")
    one = sympy.eye(size)
    return _solve(
        one - twist,
        one + twist,
        "Expected S with det(I - J^-1 S) != 0, got a singular matrix: this S has no Cayley transform. Scale S.",
    )


def _symmetric(form: sympy.MatrixBase | Sequence[Sequence[Exact]], size: int) -> sympy.Matrix:
    """The form as an exact matrix, refused unless it is symmetric and of the given
    size."""
    gram = exact_matrix(form, what="form")
    if gram.rows != size:
        raise ValueError(f"Expected a form of size {size} x {size}, got {gram.rows} x {gram.cols}.")
    if any(sympy.cancel(entry) != 0 for entry in gram - gram.T):
        raise ValueError("Expected a symmetric form J, got one with J != J^T.")
    return gram


def _solve(left: sympy.Matrix, right: sympy.Matrix, complaint: str) -> sympy.Matrix:
    """``left^-1 right`` by elimination over the field that the entries generate
    (rationals or rational functions)."""
    coefficients, columns = DomainMatrix.from_Matrix(left).to_field().unify(DomainMatrix.from_Matrix(right).to_field())
    try:
        inverse = coefficients.to_dense().inv()
    except DMNonInvertibleMatrixError as singular:
        raise ValueError(complaint) from singular
    return (inverse * columns.to_dense()).to_Matrix()
