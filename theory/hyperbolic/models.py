r"""Models of hyperbolic space of every dimension, exactly: the distance in each of
them, and rational points.

How the dimension drops out. Two points of hyperbolic n-space enter every formula below
through a few scalars only: their time coordinates :math:`t, s` on the hyperboloid and
the inner product :math:`g = \langle\xi, \eta\rangle` of their spatial parts in
:math:`\mathbb{R}^n`. (:math:`|\xi|^2 = t^2 - 1` and :math:`|\eta|^2 = s^2 - 1`, because
the points lie on the sheet.) An identity between rational functions of such scalars is
an identity in every dimension, and the only fact about
:math:`\mathbb{R}^n` that it uses is that the inner product is bilinear.

Nothing here is a float: points are rational.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from sympy import Expr, Matrix, Symbol, sqrt, symbols

from theory.proof.statements import Equation

__all__ = [
    "Gram", "ball_cosh", "ball_gram", "fractions", "half_space", "half_space_cosh", "klein_cosh", "klein_gram", "lift",
    "lorentz_cosh", "move", "rational_sheet_points",
]  # fmt: skip


class Gram(NamedTuple):
    """What a formula in every dimension may know of two vectors x, y of R^n: ``|x|^2``,
    ``|y|^2`` and ``<x, y>``."""

    xx: Expr
    yy: Expr
    xy: Expr


def lorentz_cosh(t: Expr, s: Expr, g: Expr) -> Expr:
    r"""Minus the Lorentz product, :math:`-\langle X, Y\rangle_L = t s -
    \langle\xi,\eta\rangle`: the cosh of the distance on the sheet."""
    return t * s - g


def ball_gram(t: Expr, s: Expr, g: Expr) -> Gram:
    r"""The Gram scalars of the same two points in the Poincaré ball, :math:`x = \xi /
    (1 + t)`, so :math:`|x|^2 = (t-1)/(t+1)`."""
    return Gram((t - 1) / (t + 1), (s - 1) / (s + 1), g / ((t + 1) * (s + 1)))


def ball_cosh(gram: Gram) -> Expr:
    r""":math:`1 + 2|x-y|^2 / ((1-|x|^2)(1-|y|^2))`, the cosh of the distance in the
    Poincaré ball."""
    return 1 + 2 * (gram.xx - 2 * gram.xy + gram.yy) / ((1 - gram.xx) * (1 - gram.yy))


def klein_gram(t: Expr, s: Expr, g: Expr) -> Gram:
    r"""The Gram scalars in the Klein ball, :math:`k = \xi / t`."""
    return Gram(1 - 1 / t**2, 1 - 1 / s**2, g / (t * s))


def klein_cosh(gram: Gram) -> Expr:
    r""":math:`(1 - \langle k,l\rangle) / \sqrt{(1-|k|^2)(1-|l|^2)}`, the cosh of the
    distance in the Klein ball."""
    return (1 - gram.xy) / (sqrt(1 - gram.xx) * sqrt(1 - gram.yy))


def half_space(t: Expr, s: Expr, g: Expr, x_n: Expr, y_n: Expr) -> tuple[Expr, Expr, Expr]:
    r"""The two heights and the squared Euclidean distance in the half-space, :math:`u =
    (\xi_\perp, 1) / (t + \xi_n)`.

    Args:
        t, s, g: Time coordinates and spatial inner product on the hyperboloid.
        x_n, y_n: Last spatial coordinates, along which the half-space's vertical axis
            is taken.
    """
    u, v = 1 / (t + x_n), 1 / (s + y_n)
    horizontal = (t**2 - 1 - x_n**2) * u**2 - 2 * (g - x_n * y_n) * u * v + (s**2 - 1 - y_n**2) * v**2
    return u, v, horizontal + (u - v) ** 2


def half_space_cosh(height_u: Expr, height_v: Expr, gap: Expr) -> Expr:
    r""":math:`1 + |u-v|^2 / (2 u_n v_n)`, the cosh of the distance in the half-space;
    ``gap`` is :math:`|u-v|^2`."""
    return 1 + gap / (2 * height_u * height_v)


def pair() -> tuple[Symbol, Symbol, Symbol]:
    """Time coordinates t, s of two points and the inner product g of their spatial
    parts, as symbols."""
    return *symbols("t s", positive=True), Symbol("g", real=True)


def models_agree(reading: Callable[[Gram], Expr] = klein_cosh) -> list[Equation]:
    """Ball, Klein ball and half-space give the hyperboloid's distance, in every
    dimension; ``reading`` is the Klein ball's formula."""
    t, s, g = pair()
    x_n, y_n = symbols("x_n y_n", real=True)
    sheet = lorentz_cosh(t, s, g)
    inside = (t + x_n > 0, s + y_n > 0)
    return [
        Equation("ball = hyperboloid", ball_cosh(ball_gram(t, s, g)), sheet),
        Equation("Klein = hyperboloid", reading(klein_gram(t, s, g)), sheet),
        Equation("half-space = hyperboloid", half_space_cosh(*half_space(t, s, g, x_n, y_n)), sheet, inside),
    ]


# --- rational points -----------------------------------------------------------------------------------------------------


def rational_sheet_points(n: int) -> list[list[Fraction]]:
    """The apex and rational points near and far on the forward sheet of hyperbolic
    n-space, 1 + 4n of them."""
    corner = [Fraction(0)] * n
    balls = [corner]
    for axis in range(n):
        for value in (Fraction(1, 2), Fraction(-1, 2), Fraction(99, 100), Fraction(-99, 100)):
            balls.append([value if k == axis else entry for k, entry in enumerate(corner)])
    return [lift(point) for point in balls]


def lift(point: Sequence[Fraction]) -> list[Fraction]:
    """The point of the hyperboloid over a rational point of the Poincaré ball; rational
    again."""
    square = sum((e * e for e in point), Fraction(0))
    if square >= 1:
        raise ValueError(
            f"Expected a point inside the unit ball, got |x|^2 = {square} for x = {tuple(map(str, point))}."
        )
    return [(1 + square) / (1 - square), *(2 * e / (1 - square) for e in point)]


def move(matrix: Sequence[Sequence[Fraction]], point: Sequence[Fraction]) -> list[Fraction]:
    """The matrix times the point, in fractions."""
    return [sum((a * e for a, e in zip(row, point, strict=True)), Fraction(0)) for row in matrix]


def fractions(matrix: Matrix) -> list[list[Fraction]]:
    """A rational SymPy matrix as rows of fractions, which multiply a hundred times
    faster."""
    return [[Fraction(int(e.p), int(e.q)) for e in matrix.row(i)] for i in range(matrix.rows)]
