r"""Hyperbolic space of every dimension, exactly: its models, its isometries, and what they leave unchanged.

How the dimension drops out. Two points of hyperbolic n-space enter every formula below through a few scalars only: their
time coordinates :math:`t, s` on the hyperboloid and the inner product :math:`g = \langle\xi, \eta\rangle` of their spatial
parts in :math:`\mathbb{R}^n`. (:math:`|\xi|^2 = t^2 - 1` and :math:`|\eta|^2 = s^2 - 1`, because the points lie on the
sheet.) An identity between rational functions of such scalars is an identity in every dimension, and the only facts about
:math:`\mathbb{R}^n` that it uses are that the inner product is bilinear and that :math:`\langle b, D\xi\rangle = \langle
D^T b, \xi\rangle`. Where a sum over coordinates has to be opened, in Lagrange's identity, the induction on n is spelled out.

Nothing here is a float: points are rational, MAP is a fraction, and ties are ties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import NamedTuple

import sympy
from sympy import Expr, Function, Matrix, Rational, Symbol, sqrt, symbols

from theory.isometries import cayley, lorentz_form

__all__ = [
    "Blocks", "Gram", "Motion", "ball_cosh", "ball_gram", "ball_motion", "block_image", "cayley_corner", "euclidean_translation",
    "forward", "forward_cayley_family", "fractions", "generic_skew", "half_space", "half_space_cosh", "half_space_table",
    "klein_cosh", "klein_gram", "labelled_trees", "lagrange_remainder", "lagrange_small", "lagrange_step", "lift",
    "lorentz_cosh", "map_by_counting", "map_by_sorting", "moebius_translation", "move", "rational_sheet_points",
    "sheet_table", "stretch_profile", "word_identity",
]  # fmt: skip


class Gram(NamedTuple):
    """What a formula in every dimension may know of two vectors x, y of R^n: ``|x|^2``, ``|y|^2`` and ``<x, y>``."""

    xx: Expr
    yy: Expr
    xy: Expr


# --- models ----------------------------------------------------------------------------------------------------------


def lorentz_cosh(t: Expr, s: Expr, g: Expr) -> Expr:
    r"""Minus the Lorentz product, :math:`-\langle X, Y\rangle_L = t s - \langle\xi,\eta\rangle`: the cosh of the distance on the sheet."""
    return t * s - g


def ball_gram(t: Expr, s: Expr, g: Expr) -> Gram:
    r"""The Gram scalars of the same two points in the Poincaré ball, :math:`x = \xi / (1 + t)`, so :math:`|x|^2 = (t-1)/(t+1)`."""
    return Gram((t - 1) / (t + 1), (s - 1) / (s + 1), g / ((t + 1) * (s + 1)))


def ball_cosh(gram: Gram) -> Expr:
    r""":math:`1 + 2|x-y|^2 / ((1-|x|^2)(1-|y|^2))`, the cosh of the distance in the Poincaré ball."""
    return 1 + 2 * (gram.xx - 2 * gram.xy + gram.yy) / ((1 - gram.xx) * (1 - gram.yy))


def klein_gram(t: Expr, s: Expr, g: Expr) -> Gram:
    r"""The Gram scalars in the Klein ball, :math:`k = \xi / t`."""
    return Gram(1 - 1 / t**2, 1 - 1 / s**2, g / (t * s))


def klein_cosh(gram: Gram) -> Expr:
    r""":math:`(1 - \langle k,l\rangle) / \sqrt{(1-|k|^2)(1-|l|^2)}`, the cosh of the distance in the Klein ball."""
    return (1 - gram.xy) / (sqrt(1 - gram.xx) * sqrt(1 - gram.yy))


def half_space(t: Expr, s: Expr, g: Expr, x_n: Expr, y_n: Expr) -> tuple[Expr, Expr, Expr]:
    r"""The two heights and the squared Euclidean distance in the half-space, :math:`u = (\xi_\perp, 1) / (t + \xi_n)`.

    Args:
        t, s, g: Time coordinates and spatial inner product on the hyperboloid.
        x_n, y_n: Last spatial coordinates, along which the half-space's vertical axis is taken.
    """
    u, v = 1 / (t + x_n), 1 / (s + y_n)
    horizontal = (t**2 - 1 - x_n**2) * u**2 - 2 * (g - x_n * y_n) * u * v + (s**2 - 1 - y_n**2) * v**2
    return u, v, horizontal + (u - v) ** 2


def half_space_cosh(height_u: Expr, height_v: Expr, gap: Expr) -> Expr:
    r""":math:`1 + |u-v|^2 / (2 u_n v_n)`, the cosh of the distance in the half-space; ``gap`` is :math:`|u-v|^2`."""
    return 1 + gap / (2 * height_u * height_v)


# --- Lorentz matrices in every dimension -------------------------------------------------------------------------------


class Blocks(NamedTuple):
    r"""A Lorentz matrix seen by two points: :math:`A = \begin{pmatrix} a & b^T \\ c & D \end{pmatrix}` through scalars.

    ``a`` is the corner :math:`A_{00}`, ``p`` and ``q`` are :math:`\langle b,\xi\rangle` and :math:`\langle b,\eta\rangle`.
    """

    a: Expr
    p: Expr
    q: Expr


def block_image(blocks: Blocks, t: Expr, s: Expr, g: Expr) -> tuple[Expr, Expr, Expr, Expr]:
    r"""Time coordinates, spatial inner product and :math:`|\xi'|^2` of the images ``A X`` and ``A Y``, in every dimension.

    The blocks of :math:`A^T J A = J` read :math:`|c|^2 = a^2 - 1`, :math:`D^T c = a b`, :math:`D^T D = I + b b^T`. They give
    :math:`\langle c, D\xi\rangle = a p`, :math:`\langle c, D\eta\rangle = a q`,
    :math:`\langle D\xi, D\eta\rangle = g + p q`, :math:`|D\xi|^2 = |\xi|^2 + p^2`, and nothing else is used.
    """
    a, p, q = blocks
    column = a**2 - 1
    spatial = column * t * s + t * a * q + s * a * p + g + p * q
    square = column * t**2 + 2 * t * a * p + (t**2 - 1) + p**2
    return a * t + p, a * s + q, spatial, square


def generic_skew(n: int) -> Matrix:
    """The (n+1) x (n+1) skew matrix with a real symbol at each place above the diagonal."""
    size = n + 1
    return Matrix(
        size, size, lambda i, j: 0 if i == j else Symbol(f"k{min(i, j)}{max(i, j)}", real=True) * (1 if i > j else -1)
    )


def cayley_corner(skew: Matrix) -> Expr:
    r""":math:`A_{00} = (1 + \kappa) / (1 - \kappa)` of the Lorentz Cayley transform, :math:`\kappa = k^T (I - L^2)^{-1} k`.

    Here :math:`S` is skew with first column :math:`(0, k)` and lower block L. Since L is skew, :math:`-L^2 = L^T L`, so
    :math:`\kappa \ge 0`; hence :math:`A_{00} > 0` exactly when :math:`\kappa < 1`. In every dimension: solve
    :math:`(J - S) z = e_0` by blocks, which gives :math:`z_0 = -1/(1-\kappa)`, and :math:`A = 2 (J - S)^{-1} J - I`.
    """
    k, lower = skew[1:, 0], skew[1:, 1:]
    kappa = (k.T * (sympy.eye(lower.rows) - lower**2).LUsolve(k))[0]
    return (1 + kappa) / (1 - kappa)


def word_identity() -> tuple[Matrix, Matrix]:
    r"""Both sides of :math:`(I+K)^T J (I+K) - (I-K)^T J (I-K) = 2 (K^T J + J K)` for generic 2 x 2 matrices.

    With T in the place of :math:`K^T` it is a polynomial identity in three matrices, of degree 3. By Amitsur and Levitzki no
    nonzero noncommutative polynomial of degree below 2m vanishes on all m x m matrices; so one that holds for generic
    2 x 2 matrices (m = 2, degree 3 < 4) holds for matrices of every size. When JK is skew the right side vanishes, and
    :math:`A = (I-K)^{-1}(I+K)` (its two factors commute) has :math:`A^T J A = J` in every dimension.
    """
    t, j, k = (Matrix(2, 2, symbols(f"{name}:2:2", real=True)) for name in ("T", "J", "K"))
    one = sympy.eye(2)
    return (one + t) * j * (one + k) - (one - t) * j * (one - k), 2 * (t * j + j * k)


# --- the forward sheet ---------------------------------------------------------------------------------------------------


def lagrange_remainder(b: Sequence[Expr], x: Sequence[Expr]) -> Expr:
    r"""The sum of squares :math:`\sum_{i<j} (b_i x_j - b_j x_i)^2`, which is :math:`|b|^2|x|^2 - \langle b,x\rangle^2`."""
    return sum(((b[i] * x[j] - b[j] * x[i]) ** 2 for i, j in combinations(range(len(b)), 2)), sympy.S.Zero)


def lagrange_step(n: Symbol) -> tuple[Expr, Expr]:
    r"""Both sides of the induction step of Lagrange's identity, from n to n + 1 coordinates.

    Undefined U, V, W stand for the partial sums :math:`|b|^2, |x|^2, \langle b,x\rangle` over n coordinates, and b, x for
    coordinate n + 1. Left: the Gram determinant of n + 1 coordinates. Right: that of n coordinates, which the hypothesis
    makes a sum of squares, and :math:`\sum_{i \le n} (b_i x_{n+1} - b_{n+1} x_i)^2`, expanded by linearity.
    """
    u, v, w, b, x = (Function(name, real=True) for name in "UVWbx")
    new_b, new_x = b(n + 1), x(n + 1)
    larger = (u(n) + new_b**2) * (v(n) + new_x**2) - (w(n) + new_b * new_x) ** 2
    hypothesis = u(n) * v(n) - w(n) ** 2
    squares = new_x**2 * u(n) - 2 * new_b * new_x * w(n) + new_b**2 * v(n)
    return larger, hypothesis + squares


def lagrange_small(n: int) -> tuple[Expr, Expr]:
    """Both sides of Lagrange's identity with n coordinates written out."""
    b, x = symbols(f"b1:{n + 1}", real=True), symbols(f"x1:{n + 1}", real=True)
    square_b, square_x = sum(e**2 for e in b), sum(e**2 for e in x)
    return square_b * square_x - sum(e * f for e, f in zip(b, x, strict=True)) ** 2, lagrange_remainder(b, x)


def forward(matrix: Matrix) -> bool:
    r"""Whether ``A^T J A = J`` and ``A_00 > 0``: the criterion for mapping the forward sheet onto itself.

    Proof. A J A^T = J as well (a left inverse of a square matrix is a right inverse), so :math:`A_{00}^2 = 1 + |b|^2`; a
    point has :math:`t^2 = 1 + |\xi|^2`. By Lagrange :math:`(A_{00} t)^2 - \langle b,\xi\rangle^2 = 1 + |b|^2 + |\xi|^2 +
    \sum (b_i\xi_j - b_j\xi_i)^2 > 0`, so :math:`A_{00} t + \langle b,\xi\rangle` has the sign of :math:`A_{00}`.
    """
    form = lorentz_form(matrix.rows - 1)
    return matrix.T * form * matrix == form and bool(matrix[0, 0] > 0)


def forward_cayley_family(n: int, entries: Sequence[Rational]) -> Iterator[Matrix]:
    """Every Lorentz matrix that the rational Cayley transform takes from skew matrices with these entries.

    Each is brought to the forward component by the sign of ``det(I - JS)``, which by :func:`cayley_corner` is that of
    ``A_00``; the few skew matrices whose determinant is zero have no transform and are left out.
    """
    form, size = lorentz_form(n), n + 1
    for values in product(entries, repeat=size * n // 2):
        above = iter(values)
        skew = sympy.zeros(size)
        for i, j in combinations(range(size), 2):
            skew[j, i] = next(above)
            skew[i, j] = -skew[j, i]
        determinant = (sympy.eye(size) - form * skew).det()
        if determinant != 0:
            yield sympy.sign(determinant) * cayley(skew, form)


def rational_sheet_points(n: int) -> list[list[Fraction]]:
    """The apex and rational points near and far on the forward sheet of hyperbolic n-space, 1 + 4n of them."""
    corner = [Fraction(0)] * n
    balls = [corner]
    for axis in range(n):
        for value in (Fraction(1, 2), Fraction(-1, 2), Fraction(99, 100), Fraction(-99, 100)):
            balls.append([value if k == axis else entry for k, entry in enumerate(corner)])
    return [lift(point) for point in balls]


def lift(point: Sequence[Fraction]) -> list[Fraction]:
    """The point of the hyperboloid over a rational point of the Poincaré ball; rational again."""
    square = sum((e * e for e in point), Fraction(0))
    if square >= 1:
        raise ValueError(
            f"Expected a point inside the unit ball, got |x|^2 = {square} for x = {tuple(map(str, point))}."
        )
    return [(1 + square) / (1 - square), *(2 * e / (1 - square) for e in point)]


# --- motions of the ball ---------------------------------------------------------------------------------------------------


class Motion(NamedTuple):
    r"""A map :math:`x \mapsto (\alpha a + \beta x)/\delta` of the ball at one point: three scalars."""

    alpha: Expr
    beta: Expr
    delta: Expr


def moebius_translation(aa: Expr, ax: Expr, xx: Expr) -> Motion:
    r"""The Möbius translation of the ball that sends 0 to a, through :math:`|a|^2, \langle a,x\rangle, |x|^2`.

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
    r"""Both sides of "the motion keeps the distance of x and y", denominators multiplied out, in every dimension.

    With :math:`x' = X/\delta_x, y' = Y/\delta_y` the quotient :math:`|x'-y'|^2 / ((1-|x'|^2)(1-|y'|^2))` is
    :math:`|\delta_y X - \delta_x Y|^2 / ((\delta_x^2-|X|^2)(\delta_y^2-|Y|^2))`. Left: its numerator times
    :math:`(1-|x|^2)(1-|y|^2)`. Right: its denominator times :math:`|x-y|^2`. They agree exactly when the distance is kept,
    as long as neither point nor image lies on the unit sphere. Both are polynomials, and the scalars of three points of the
    ball fill an open set (n >= 3): where they differ for some scalars, they differ for almost all points.

    Args:
        motion: A function of :math:`(|a|^2, \langle a,x\rangle, |x|^2)` such as :func:`moebius_translation`.
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


# --- trees: every labelled one, and MAP by two algorithms ------------------------------------------------------------------


def labelled_trees(size: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Every tree on the vertices 0..size-1, size^(size-2) of them (Cayley), as edge lists decoded from Prüfer sequences."""
    if size < 2:
        raise ValueError(f"Expected at least two vertices, got {size}.")
    for code in product(range(size), repeat=size - 2):
        missing = [1 + code.count(v) for v in range(size)]
        edges = []
        for v in code:
            leaf = missing.index(1)
            edges.append((min(leaf, v), max(leaf, v)))
            missing[leaf] -= 1
            missing[v] -= 1
        last = [v for v in range(size) if missing[v] == 1]
        yield (*edges, (last[0], last[1]))


def map_by_counting(edges: Sequence[tuple[int, int]], table: Sequence[Sequence[Fraction]]) -> Fraction:
    r"""Mean average precision from its definition, with ties counted against the embedding.

    .. math:: \mathrm{MAP} = \frac1{|V|}\sum_u \frac1{\deg u}\sum_{v\sim u} \frac{|N(u)\cap R_{uv}|}{|R_{uv}|},
              \quad R_{uv} = \{w \ne u : d(u,w) \le d(u,v)\}

    Only the order of the entries of ``table`` matters, so :math:`\cosh d` serves as well as :math:`d`.
    """
    size = len(table)
    near = _neighbours(edges, size)
    total = Fraction(0)
    for u in range(size):
        for v in near[u]:
            closer = {w for w in range(size) if w != u and table[u][w] <= table[u][v]}
            total += Fraction(len(closer & near[u]), len(closer) * len(near[u]))
    return total / size


def map_by_sorting(edges: Sequence[tuple[int, int]], table: Sequence[Sequence[Fraction]]) -> Fraction:
    """The same number by another algorithm: walk each vertex's others outward, one shell of equal distance at a time."""
    size = len(table)
    near = _neighbours(edges, size)
    total = Fraction(0)
    for u in range(size):
        others = sorted((table[u][w], w in near[u]) for w in range(size) if w != u)
        seen = found = 0
        precision = Fraction(0)
        for shell in sorted({distance for distance, _ in others}):
            here = [hit for distance, hit in others if distance == shell]
            seen, found = seen + len(here), found + sum(here)
            precision += sum(here) * Fraction(found, seen)
        total += precision / len(near[u])
    return total / size


def _neighbours(edges: Sequence[tuple[int, int]], size: int) -> list[set[int]]:
    near: list[set[int]] = [set() for _ in range(size)]
    for u, v in edges:
        near[u].add(v)
        near[v].add(u)
    return near


# --- what an embedding is judged by, on exact points -----------------------------------------------------------------------


def move(matrix: Sequence[Sequence[Fraction]], point: Sequence[Fraction]) -> list[Fraction]:
    """The matrix times the point, in fractions."""
    return [sum((a * e for a, e in zip(row, point, strict=True)), Fraction(0)) for row in matrix]


def fractions(matrix: Matrix) -> list[list[Fraction]]:
    """A rational SymPy matrix as rows of fractions, which multiply a hundred times faster."""
    return [[Fraction(int(e.p), int(e.q)) for e in matrix.row(i)] for i in range(matrix.rows)]


def sheet_table(points: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """All pairs' cosh of the distance, from Lorentz products of points of the hyperboloid."""
    return [
        [x[0] * y[0] - sum((a * b for a, b in zip(x[1:], y[1:], strict=True)), Fraction(0)) for y in points]
        for x in points
    ]


def half_space_table(points: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """The same by way of the half-space: each point is carried there first, and Euclidean gaps and heights are read off."""
    moved = [[*(e / (p[0] + p[-1]) for e in p[1:-1]), 1 / (p[0] + p[-1])] for p in points]
    return [
        [1 + sum((a - b) ** 2 for a, b in zip(u, v, strict=True)) / (2 * u[-1] * v[-1]) for v in moved] for u in moved
    ]


def stretch_profile(edges: Sequence[tuple[int, int]], table: Sequence[Sequence[Fraction]]) -> dict[int, list[Fraction]]:
    """The sorted cosh distances of the pairs at each distance in the tree: all that worst-case and average distortion read."""
    size = len(table)
    near = _neighbours(edges, size)
    profile: dict[int, list[Fraction]] = {}
    for u in range(size):
        reached, shell, steps = {u}, {u}, 0
        while shell := {w for v in shell for w in near[v]} - reached:
            reached |= shell
            steps += 1
            profile.setdefault(steps, []).extend(table[u][w] for w in shell if w > u)
    return {steps: sorted(values) for steps, values in profile.items()}
