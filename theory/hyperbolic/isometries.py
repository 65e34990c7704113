r"""Isometries of hyperbolic space of every dimension, exactly: Lorentz matrices, the
forward sheet, and motions of the ball.

As in :mod:`theory.hyperbolic.models`, two points enter through their time coordinates
and the inner product of their spatial parts, so that an identity holds in every
dimension. Beside the inner product's bilinearity only :math:`\langle b, D\xi\rangle =
\langle D^T b, \xi\rangle` is used. Where a sum over coordinates has to be opened, in
Lagrange's identity (:mod:`theory.proof.lagrange`), there is an induction on n.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import NamedTuple

import sympy
from sympy import Expr, Function, Matrix, Rational, Symbol, symbols

from theory.arithmetic.isometries import cayley, lorentz_form
from theory.hyperbolic.models import Gram, fractions, lorentz_cosh, move, pair, rational_sheet_points
from theory.proof.lagrange import lagrange
from theory.proof.statements import Enumeration, Equation, Family, Induction

__all__ = [
    "Blocks", "Motion", "ball_motion", "block_image", "block_images", "cayley_corner", "cayley_family", "cayley_in_any_size",
    "cayley_solves", "euclidean_translation", "forward", "generic_skew", "keeps_points_on_the_sheet", "lorentz_invariance",
    "moebius_translation", "motion_keeps_distances", "sheet_is_kept", "sheet_of_the_corner", "word_identity",
]  # fmt: skip


# --- Lorentz matrices in every dimension ---------------------------------------------------------------------------------


class Blocks(NamedTuple):
    r"""A Lorentz matrix seen by two points: :math:`A = \begin{pmatrix} a & b^T \\ c & D
    \end{pmatrix}` through scalars.

    ``a`` is the corner :math:`A_{00}`, ``p`` and ``q`` are :math:`\langle b,\xi\rangle`
    and :math:`\langle b,\eta\rangle`.
    """

    a: Expr
    p: Expr
    q: Expr


def block_image(blocks: Blocks, t: Expr, s: Expr, g: Expr) -> tuple[Expr, Expr, Expr, Expr]:
    r"""Time coordinates, spatial inner product and :math:`|\xi'|^2` of the images ``A
    X`` and ``A Y``, in every dimension.

    The blocks of :math:`A^T J A = J` read :math:`|c|^2 = a^2 - 1`, :math:`D^T c = a b`,
    :math:`D^T D = I + b b^T`. They give
    :math:`\langle c, D\xi\rangle = a p`, :math:`\langle c, D\eta\rangle = a q`,
    :math:`\langle D\xi, D\eta\rangle = g + p q`, :math:`|D\xi|^2 = |\xi|^2 + p^2`, and
    nothing else is used.
    """
    a, p, q = blocks
    column = a**2 - 1
    spatial = column * t * s + t * a * q + s * a * p + g + p * q
    square = column * t**2 + 2 * t * a * p + (t**2 - 1) + p**2
    return a * t + p, a * s + q, spatial, square


def generic_skew(n: int) -> Matrix:
    """The (n+1) x (n+1) skew matrix with a real symbol at each place above the
    diagonal."""
    size = n + 1
    return Matrix(
        size, size, lambda i, j: 0 if i == j else Symbol(f"k{min(i, j)}{max(i, j)}", real=True) * (1 if i > j else -1)
    )


def cayley_corner(skew: Matrix) -> Expr:
    r""":math:`A_{00} = (1 + \kappa) / (1 - \kappa)` of the Lorentz Cayley transform,
    :math:`\kappa = k^T (I - L^2)^{-1} k`.

    Here :math:`S` is skew with first column :math:`(0, k)` and lower block L. Since L
    is skew, :math:`-L^2 = L^T L`, so
    :math:`\kappa \ge 0`; hence :math:`A_{00} > 0` exactly when :math:`\kappa < 1`. In
    every dimension: solve
    :math:`(J - S) z = e_0` by blocks, which gives :math:`z_0 = -1/(1-\kappa)`, and
    :math:`A = 2 (J - S)^{-1} J - I`.
    """
    k, lower = skew[1:, 0], skew[1:, 1:]
    kappa = (k.T * (sympy.eye(lower.rows) - lower**2).LUsolve(k))[0]
    return (1 + kappa) / (1 - kappa)


def word_identity() -> tuple[Matrix, Matrix]:
    r"""Both sides of :math:`(I+K)^T J (I+K) - (I-K)^T J (I-K) = 2 (K^T J + J K)` for
    generic 2 x 2 matrices.

    With T in the place of :math:`K^T` it is a polynomial identity in three matrices, of
    degree 3. By Amitsur and Levitzki no nonzero noncommutative polynomial of degree
    below 2m vanishes on all m x m matrices; so one that holds for generic 2 x 2
    matrices (m = 2, degree 3 < 4) holds for matrices of every size. When JK is skew the
    right side vanishes, and
    :math:`A = (I-K)^{-1}(I+K)` (its two factors commute) has :math:`A^T J A = J` in
    every dimension.
    """
    t, j, k = (Matrix(2, 2, symbols(f"{name}:2:2", real=True)) for name in ("T", "J", "K"))
    one = sympy.eye(2)
    return (one + t) * j * (one + k) - (one - t) * j * (one - k), 2 * (t * j + j * k)


def lorentz_invariance() -> list[Equation]:
    """A^T J A = J keeps the product and the hyperboloid, by blocks, for any n."""
    t, s, g = pair()
    image = block_image(Blocks(*symbols("a p q", real=True)), t, s, g)
    return [
        Equation("<AX, AY> = <X, Y>", lorentz_cosh(*image[:3]), lorentz_cosh(t, s, g)),
        Equation("AX stays on the hyperboloid", image[0] ** 2, 1 + image[3]),
    ]


def cayley_solves(n: int) -> list[Equation]:
    """The Cayley transform of a skew matrix of symbols, entry by entry, and the sign of
    its corner."""
    skew, form = generic_skew(n), lorentz_form(n)
    matrix = cayley(skew, form)
    return [
        Equation(f"Cayley with symbols, n = {n}", matrix.T * form * matrix, form),
        Equation(f"A_00 = (1 + kappa)/(1 - kappa), n = {n}", matrix[0, 0], cayley_corner(skew)),
    ]


def cayley_in_any_size() -> Equation:
    """:func:`word_identity` as a statement."""
    return Equation("Cayley, any size: (I+K)^T J (I+K) = (I-K)^T J (I-K)", *word_identity())


# --- the forward sheet ---------------------------------------------------------------------------------------------------


def sheet_of_the_corner() -> list[Equation | Induction]:
    """AX lies on the sheet of A_00: Lagrange's identity for every n, and what it gives
    for ``a^2 = 1 + |b|^2``, ``t^2 = 1 + |xi|^2``."""
    u, v, w = symbols("U V W", real=True)  # |b|^2, |xi|^2, <b, xi>
    b, x = (Function(name, real=True) for name in ("b", "xi"))
    return [
        lagrange("Lagrange's identity", b, x),
        Equation(
            "(A_00 t)^2 - <b,xi>^2 > 0, so AX lies on the sheet of A_00",
            (1 + u) * (1 + v) - w**2,
            1 + u + v + (u * v - w**2),
        ),
    ]


def forward(matrix: Matrix) -> bool:
    r"""Whether ``A^T J A = J`` and ``A_00 > 0``: the criterion for mapping the forward
    sheet onto itself.

    Proof. A J A^T = J as well (a left inverse of a square matrix is a right inverse),
    so :math:`A_{00}^2 = 1 + |b|^2`; a point has :math:`t^2 = 1 + |\xi|^2`. By Lagrange
    :math:`(A_{00} t)^2 - \langle b,\xi\rangle^2 = 1 + |b|^2 + |\xi|^2 + \sum (b_i\xi_j
    - b_j\xi_i)^2 > 0`, so :math:`A_{00} t + \langle b,\xi\rangle` has the sign of
    :math:`A_{00}`.
    """
    form = lorentz_form(matrix.rows - 1)
    return matrix.T * form * matrix == form and bool(matrix[0, 0] > 0)


def cayley_family(entries: Sequence[Rational], sizes: Sequence[int]) -> Family:
    """Forward Lorentz matrices of the Cayley transform, from every skew matrix with
    these ``entries``, one for each.

    Each is brought to the forward component by the sign of ``det(I - JS)``, which by
    :func:`cayley_corner` is that of ``A_00``. Skew matrices whose determinant is zero
    have no transform; the entries must avoid them, or the count is short.
    """
    size = sum(len(entries) ** (n * (n + 1) // 2) for n in sizes)
    text = f"Cayley transforms of skew matrices with entries {', '.join(map(str, entries))}, n = {', '.join(map(str, sizes))}"
    return Family(text, lambda: (matrix for n in sizes for matrix in _cayley_matrices(n, entries)), size)


def _cayley_matrices(n: int, entries: Sequence[Rational]) -> Iterator[Matrix]:
    form, size = lorentz_form(n), n + 1
    for values in product(entries, repeat=size * n // 2):
        above = iter(values)
        skew = sympy.zeros(size)
        for i, j in combinations(range(size), 2):
            skew[j, i] = next(above)
            skew[i, j] = -skew[j, i]
        determinant = (sympy.eye(size) - form * skew).det()
        if determinant != 0:
            yield (sympy.sign(determinant) * cayley(skew, form)).as_immutable()


def keeps_points_on_the_sheet(matrix: Matrix) -> bool:
    """Whether the images of rational points of the forward sheet lie on it: looked at
    one by one."""
    rows = fractions(matrix)
    images = [move(rows, point) for point in rational_sheet_points(matrix.rows - 1)]
    return all(image[0] > 0 and image[0] ** 2 == 1 + sum(e * e for e in image[1:]) for image in images)


def sheet_is_kept(matrices: Family) -> Enumeration:
    """The criterion A_00 > 0 against a look at where points of the forward sheet go."""
    return Enumeration("the forward sheet is kept", matrices, forward, keeps_points_on_the_sheet)


def block_images(matrices: Family) -> Enumeration:
    """:func:`block_image` against multiplication by the matrix; and the relations of
    the blocks that it uses."""

    def multiplied(matrix: Matrix) -> bool:
        rows = fractions(matrix)
        points = rational_sheet_points(matrix.rows - 1)[:4]
        return all(_image_by_blocks(rows, x, y) == _image_by_rows(rows, x, y) for x in points for y in points)

    def related(matrix: Matrix) -> bool:
        a, b, c, D = matrix[0, 0], matrix[0, 1:], matrix[1:, 0], matrix[1:, 1:]
        return c.dot(c) == a**2 - 1 and D.T * c == a * b.T and sympy.eye(D.rows) + b.T * b == D.T * D

    return Enumeration("images by blocks", matrices, multiplied, related)


def _image_by_blocks(
    rows: Sequence[Sequence[Fraction]], x: Sequence[Fraction], y: Sequence[Fraction]
) -> tuple[Fraction, ...]:
    spatial = [sum((b * e for b, e in zip(rows[0][1:], point[1:], strict=True)), Fraction(0)) for point in (x, y)]
    return block_image(Blocks(rows[0][0], *spatial), x[0], y[0], _dot(x[1:], y[1:]))  # type: ignore[arg-type, return-value]


def _image_by_rows(
    rows: Sequence[Sequence[Fraction]], x: Sequence[Fraction], y: Sequence[Fraction]
) -> tuple[Fraction, ...]:
    first, second = move(rows, x), move(rows, y)
    return first[0], second[0], _dot(first[1:], second[1:]), _dot(first[1:], first[1:])


def _dot(x: Sequence[Fraction], y: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


# --- motions of the ball -------------------------------------------------------------------------------------------------


class Motion(NamedTuple):
    r"""A map :math:`x \mapsto (\alpha a + \beta x)/\delta` of the ball at one point:
    three scalars."""

    alpha: Expr
    beta: Expr
    delta: Expr


def moebius_translation(aa: Expr, ax: Expr, xx: Expr) -> Motion:
    r"""The Möbius translation of the ball that sends 0 to a, through :math:`|a|^2,
    \langle a,x\rangle, |x|^2`.

    .. math:: a \oplus x = \frac{(1 + 2\langle a,x\rangle + |x|^2)\, a + (1 - |a|^2)\, x}{1 + 2\langle a,x\rangle + |a|^2|x|^2}

    Source: Ratcliffe 2006, section 4.5.
    """
    return Motion(1 + 2 * ax + xx, 1 - aa, 1 + 2 * ax + aa * xx)


def euclidean_translation(aa: Expr, ax: Expr, xx: Expr) -> Motion:
    """``x -> a + x``, which also sends 0 to a and is no isometry."""
    del aa, ax, xx
    return Motion(sympy.S.One, sympy.S.One, sympy.S.One)


def ball_motion(
    motion: Callable[[Expr, Expr, Expr], Motion], aa: Expr, ax: Expr, ay: Expr, gram: Gram
) -> tuple[Expr, Expr]:
    r"""Both sides of "the motion keeps the distance of x and y", denominators
    multiplied out, in every dimension.

    With :math:`x' = X/\delta_x, y' = Y/\delta_y` the quotient :math:`|x'-y'|^2 /
    ((1-|x'|^2)(1-|y'|^2))` is
    :math:`|\delta_y X - \delta_x Y|^2 / ((\delta_x^2-|X|^2)(\delta_y^2-|Y|^2))`. Left:
    its numerator times
    :math:`(1-|x|^2)(1-|y|^2)`. Right: its denominator times :math:`|x-y|^2`. They agree
    exactly when the distance is kept, as long as neither point nor image lies on the
    unit sphere. Both are polynomials, and the scalars of three points of the ball fill
    an open set (n >= 3): where they differ for some scalars, they differ for almost all
    points.

    Args:
        motion: A function of :math:`(|a|^2, \langle a,x\rangle, |x|^2)` such as
            :func:`moebius_translation`.
        aa, ax, ay: The scalars of a with itself, with x and with y.
        gram: Those of x and y.
    """
    at_x, at_y = motion(aa, ax, gram.xx), motion(aa, ay, gram.yy)
    square_x = at_x.alpha**2 * aa + 2 * at_x.alpha * at_x.beta * ax + at_x.beta**2 * gram.xx
    square_y = at_y.alpha**2 * aa + 2 * at_y.alpha * at_y.beta * ay + at_y.beta**2 * gram.yy
    mixed = (
        at_x.alpha * at_y.alpha * aa
        + at_x.alpha * at_y.beta * ay
        + at_x.beta * at_y.alpha * ax
        + at_x.beta * at_y.beta * gram.xy
    )
    gap = at_y.delta**2 * square_x - 2 * at_x.delta * at_y.delta * mixed + at_x.delta**2 * square_y
    room = (at_x.delta**2 - square_x) * (at_y.delta**2 - square_y)
    return gap * (1 - gram.xx) * (1 - gram.yy), room * (gram.xx - 2 * gram.xy + gram.yy)


def motion_keeps_distances(motion: Callable[[Expr, Expr, Expr], Motion] = moebius_translation) -> Equation:
    """The motion of the Poincaré ball that takes 0 to a, through the six scalars of a,
    x, y in any dimension."""
    aa, xx, yy = symbols("aa xx yy", positive=True)
    ax, ay, xy = symbols("ax ay xy", real=True)
    return Equation("the ball's motion keeps distances", *ball_motion(motion, aa, ax, ay, Gram(xx, yy, xy)))
