r"""The entangling map in symbols: undefined distribution functions, exact rational rotations, any dimension.

For an increasing distribution function F the inner step is :math:`U = \Phi^{-1} \circ F`, again increasing, of slope
:math:`U' = F'/\varphi(U)` (:func:`slope_of_the_inner_step`); every increasing differentiable U arises so, from
:math:`F = \Phi \circ U`. With undefined :math:`U_j` and quantile functions :math:`G_i = F_i^{-1}` the map is
:math:`f_i(z) = G_i(\Phi(v_i))`, :math:`v_i = \sum_k A_{ik} U_k(z_k)`. Its Jacobian is :math:`D_2 A D_1`; its entries are products of
factors that cannot vanish. The rotations are Householder's for the vectors :math:`(t, 1, \dots, 1)`, whose entries have closed
forms in d and t.

Source: Locatello et al. 2019, theorem 1; the rotations and their parameter are chosen here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy
from sympy import Expr, Matrix, Symbol, erf, erfinv, exp, pi, sqrt
from sympy.core.function import UndefinedFunction

from theory.isometries import Exact, exact_matrix, householder

__all__ = [
    "DIMENSION", "Claimed", "SpikeEntries", "Undefined", "law_is_preserved", "law_step", "minor_nonzero", "normal_cdf",
    "normal_density", "one_more_coordinate", "reflection_is_orthogonal", "reflection_step", "slope_of_the_inner_step", "spike",
    "spike_entries", "spike_numerators", "spike_rotation", "taylor_coefficient", "whole_jacobian",
]  # fmt: skip


def normal_cdf(v: Expr) -> Expr:
    r""":math:`\Phi(v)`."""
    return (1 + erf(v / sqrt(2))) / 2


def normal_density(v: Expr) -> Expr:
    r""":math:`\varphi(v) = \Phi'(v)`."""
    return exp(-(v**2) / 2) / sqrt(2 * pi)


@dataclass(frozen=True)
class Claimed:
    """Two expressions that are claimed equal, under relations."""

    name: str
    left: Expr | Matrix
    right: Expr | Matrix
    assuming: tuple[Expr, ...] = ()


DIMENSION = Symbol("d", integer=True, positive=True)


@dataclass(frozen=True)
class Undefined:
    """d marginals of which nothing is known but that U_k increases: points, inner steps and quantile functions.

    That G_i is the inverse of F_i = Phi(U_i) is used only in reading 1/G_i' as the density at the image.
    """

    points: tuple[Symbol, ...]
    steps: tuple[UndefinedFunction, ...]
    quantiles: tuple[UndefinedFunction, ...]

    @classmethod
    def of(cls, d: int) -> Undefined:
        """z_1..z_d, U_1..U_d and G_1..G_d."""
        names = [str(k + 1) for k in range(d)]
        functions = (tuple(sympy.Function(f"{letter}{name}", real=True) for name in names) for letter in "UG")
        return cls(tuple(Symbol(f"z{name}", real=True) for name in names), *functions)

    @property
    def u(self) -> Matrix:
        """The Gaussian coordinates U_k(z_k), a column."""
        return Matrix([step(z) for step, z in zip(self.steps, self.points, strict=True)])

    @property
    def slopes(self) -> tuple[Expr, ...]:
        """U_k'(z_k)."""
        return tuple(step(z).diff(z) for step, z in zip(self.steps, self.points, strict=True))

    @property
    def increasing(self) -> tuple[Expr, ...]:
        """The relations U_k' > 0."""
        return tuple(slope > 0 for slope in self.slopes)

    def image(self, matrix: Matrix) -> Matrix:
        """f(z) as a column."""
        return Matrix([quantile(normal_cdf(v)) for quantile, v in zip(self.quantiles, matrix * self.u, strict=True)])

    def spacings(self, matrix: Matrix) -> tuple[Expr, ...]:
        """G_i'(Phi(v_i)), the reciprocals of the densities at the image."""
        return tuple(
            _slope_at(quantile, normal_cdf(v)) for quantile, v in zip(self.quantiles, matrix * self.u, strict=True)
        )

    def outer_slopes(self, matrix: Matrix) -> tuple[Expr, ...]:
        """The claimed slopes dx_i/dv_i = phi(v_i) G_i'(Phi(v_i))."""
        return tuple(
            normal_density(v) * spacing for v, spacing in zip(matrix * self.u, self.spacings(matrix), strict=True)
        )

    def density(self) -> Expr:
        """p(z), the product of the derivatives of Phi(U_k)."""
        return sympy.Mul(*(normal_cdf(step(z)).diff(z) for step, z in zip(self.steps, self.points, strict=True)))


def _slope_at(quantile: UndefinedFunction, p: Expr) -> Expr:
    """G'(p) for an expression p."""
    y = sympy.Dummy("y", real=True)
    return sympy.Subs(quantile(y).diff(y), y, p)


def slope_of_the_inner_step() -> Claimed:
    r"""The derivative of :math:`U = \Phi^{-1}(F(z))` is :math:`F'(z)/\varphi(U)`, for every increasing F with values in (0, 1)."""
    z, cdf = Symbol("z", real=True), sympy.Function("F", real=True)
    u = sqrt(2) * erfinv(2 * cdf(z) - 1)
    return Claimed(
        "slope of the inner step",
        u.diff(z),
        cdf(z).diff(z) / normal_density(u),
        (cdf(z) > 0, cdf(z) < 1, cdf(z).diff(z) > 0),
    )


def whole_jacobian(d: int, rows: int | None = None) -> Claimed:
    """The d^2 partial derivatives of f (or the first ``rows`` rows), with symbols for the entries of A, against D2 A D1."""
    laws = Undefined.of(d)
    matrix = Matrix(d, d, lambda i, j: Symbol(f"a{i + 1}{j + 1}", real=True))
    product = sympy.diag(*laws.outer_slopes(matrix)) * matrix * sympy.diag(*laws.slopes)
    return Claimed(
        f"Jacobian, d = {d}",
        laws.image(matrix)[:rows, :].jacobian(Matrix(laws.points)),
        product[:rows, :],
        laws.increasing,
    )


def one_more_coordinate() -> list[Claimed]:
    """The step from d to d + 1: entry (i, j) with j <= d, and entry (i, d + 1), each a product of factors that are not zero.

    Of v_i the first d terms are split into the one with z_j and a rest R(d) without it. The factors are a value of the normal
    density, the slope G' > 0, the entry of A (a nonzero symbol) and the slope U' > 0 of the inner step.
    """
    z, new, y = Symbol("z_j", real=True), Symbol("z_new", real=True), Symbol("p", real=True)
    a, b = (Symbol(name, real=True, nonzero=True) for name in ("a_ij", "a_inew"))
    old_step, new_step, quantile, rest = (sympy.Function(name, real=True) for name in ("U_j", "U_new", "G_i", "R"))
    v = rest(DIMENSION) + a * old_step(z) + b * new_step(new)
    outer = normal_density(v) * _slope_at(quantile, normal_cdf(v))
    assuming = (old_step(z).diff(z) > 0, new_step(new).diff(new) > 0, quantile(y).diff(y) > 0)
    return [
        Claimed(
            f"entry (i, {place}) and its factors",
            quantile(normal_cdf(v)).diff(point),
            outer * entry * step(point).diff(point),
            assuming,
        )
        for place, point, entry, step in (("j", z, a, old_step), ("d + 1", new, b, new_step))
    ]


def reflection_is_orthogonal(d: int) -> list[Claimed]:
    """A^T A = I and det(I - c v v^T) = 1 - c |v|^2 for symbolic v of length d."""
    v = Matrix(sympy.symbols(f"v1:{d + 1}", positive=True))
    A, c = householder(v), Symbol("c", real=True)
    rank_one = sympy.eye(d) - c * v * v.T
    return [
        Claimed(f"A^T A = I, d = {d}", A.T * A, sympy.eye(d)),
        Claimed(f"determinant, d = {d}", rank_one.det(method="berkowitz"), 1 - c * v.dot(v)),
    ]


def reflection_step() -> list[Claimed]:
    r"""The step from d to d + 1, with T(d) the sum of the first d squares of v, s the sum of all and w = v(d + 1).

    In an entry of :math:`A^T A`, rows k other than i and j contribute :math:`4 v_i v_j S/s^2`, S the sum of their squares, one
    row more :math:`(-2 v_i w/s)(-2 w v_j/s)`; rows i and j supply what is missing to 0 or 1. The determinant of the bordered
    matrix is that of its block times the Schur complement, in which :math:`(I - c\,vv^T)^{-1} v = v/(1 - c\,T(d))`; with T = s and
    c = 2/s it is -1. The norm of :math:`Au = u - 2v\,m/s`, m = <v, u>, is expanded likewise.
    """
    v, u = sympy.Function("v", positive=True), sympy.Function("u", real=True)
    i, j = sympy.symbols("v_i v_j", positive=True)
    s, c, m = Symbol("s", positive=True), Symbol("c", real=True), Symbol("m", real=True)
    T, M, N = (sympy.Function(name, real=True)(DIMENSION) for name in ("T", "M", "N"))  # sums of v^2, u v, u^2 up to d
    S = sympy.Function("S", positive=True)(DIMENSION)  # the sum of v^2 up to d without i and j
    w, x = v(DIMENSION + 1), u(DIMENSION + 1)

    def others(squares: Expr, total: Expr) -> Expr:
        return 4 * i * j * squares / total**2

    def partial_norm(squares: Expr, mixed: Expr, own: Expr) -> Expr:
        return squares - 4 * m * mixed / s + 4 * m**2 * own / s**2

    both, single = i**2 + j**2 + S, i**2 + S
    return [
        Claimed("one row more of A^T A", others(S + w**2, s), others(S, s) + (-2 * i * w / s) * (-2 * w * j / s)),
        Claimed(
            "off the diagonal of A^T A",
            (1 - 2 * i**2 / both + 1 - 2 * j**2 / both) * (2 * i * j / both),
            others(S, both),
        ),
        Claimed("on the diagonal of A^T A", (1 - 2 * i**2 / single) ** 2 + others(S, single).subs(j, i), sympy.S.One),
        Claimed(
            "bordered determinant", 1 - c * (T + w**2), (1 - c * T) * (1 - c * w**2 - (c * w) ** 2 * T / (1 - c * T))
        ),
        Claimed(
            "one term more of |Au|^2",
            partial_norm(N + x**2, M + x * w, T + w**2),
            partial_norm(N, M, T) + (x - 2 * w * m / s) ** 2,
        ),
        Claimed("|Au|^2 = |u|^2 once all terms are in", partial_norm(N, m, s), N),
    ]


def law_is_preserved(d: int, rotation: Matrix) -> Claimed:
    r"""|det J(z)| = p(z) / p(f(z)) in d explicit dimensions, from the determinant of the differentiated map.

    At x = G(p) the density is 1/G'(p).
    """
    laws = Undefined.of(d)
    jacobian = laws.image(rotation).jacobian(Matrix(laws.points))
    volume = rotation.det() * jacobian.det(method="berkowitz")  # det A = +-1 takes the modulus
    return Claimed(
        f"density of f(z), d = {d}", volume, laws.density() * sympy.Mul(*laws.spacings(rotation)), laws.increasing
    )


def law_step() -> list[Claimed]:
    r"""The step from d to d + 1 for log p(f) + log |det J| - log p: what the new coordinate adds is :math:`(u^2 - v^2)/2`.

    The slopes are those of the two steps, densities q at the image and p at the point; T(d) is the defect up to d, for which
    :math:`T(d) = \tfrac12\sum (u_k^2 - v_k^2)`, and the sum over all k vanishes since A preserves the norm.
    """
    p, q = (sympy.Function(name, positive=True)(DIMENSION) for name in ("p", "q"))
    u, v, T = (sympy.Function(name, real=True)(DIMENSION) for name in ("u", "v", "T"))
    added = sympy.log(q) + sympy.log(normal_density(v) / q) + sympy.log(p / normal_density(u)) - sympy.log(p)
    return [Claimed("what one coordinate adds", T + added, T + (u**2 - v**2) / 2)]


def spike(d: int, t: Exact) -> list[Exact]:
    """The vector (t, 1, ..., 1) of length d."""
    if isinstance(d, bool) or not isinstance(d, int) or d < 1:
        raise ValueError(f"Expected a dimension of at least 1, got {d!r}.")
    return [t, *([1] * (d - 1))]


def spike_rotation(d: int, t: Exact) -> Matrix:
    """The exact Householder reflection of (t, 1, ..., 1); d x d, rational when t is."""
    return householder(spike(d, t))


@dataclass(frozen=True)
class SpikeEntries:
    r"""The four values that occur in the reflection of (t, 1, ..., 1), for symbolic d and t.

    With :math:`s = t^2 + d - 1`: ``corner`` at (1,1), ``edge`` in the rest of the first row and column, ``diagonal`` and ``inner``
    elsewhere on and off the diagonal. None vanishes iff :math:`t \ne 0`, :math:`t^2 \ne d - 1` and, from d = 2 on,
    :math:`t^2 \ne 3 - d`; every rational t with t >= d >= 2 will do.
    """

    corner: Expr
    edge: Expr
    diagonal: Expr
    inner: Expr

    def matrix(self, d: int) -> Matrix:
        """The matrix of that size with these entries."""

        def entry(i: int, j: int) -> Expr:
            if i == j:
                return self.diagonal if i else self.corner
            return self.inner if i and j else self.edge

        return Matrix(d, d, entry)


def spike_entries(d: Expr, t: Expr) -> SpikeEntries:
    """The entries of :func:`spike_rotation` as rational functions of d and t."""
    d, t = sympy.S(d), sympy.S(t)
    s = t**2 + d - 1
    return SpikeEntries((d - 1 - t**2) / s, -2 * t / s, (t**2 + d - 3) / s, -2 / s)


def spike_numerators(d: Expr, excess: Expr) -> dict[str, Expr]:
    """What has to be positive for t = d + excess: -corner, -edge, diagonal and -inner, each times s > 0."""
    d, t = sympy.S(d), sympy.S(d) + excess
    return {"corner": t**2 - d + 1, "edge": 2 * t, "diagonal": t**2 + d - 3, "inner": sympy.S(2)}


def taylor_coefficient(expr: Expr, variables: Sequence[Symbol], powers: Sequence[int]) -> Expr:
    """A coefficient of a polynomial by differentiation at 0, for a second opinion on the expanded form."""
    for variable, power in zip(variables, powers, strict=True):
        expr = (sympy.diff(expr, variable, power) / sympy.factorial(power)).subs(variable, 0)
    return sympy.expand(expr)


def minor_nonzero(matrix: Matrix, i: int, j: int) -> bool:
    """Whether the complementary minor of an entry is nonzero, which for an orthogonal matrix says that the entry is.

    ``A^-1 = A^T`` and Cramer's rule give ``A_ij = (-1)^(i+j) det(A) M_ij``: the entry is decided without looking at it.
    """
    rows = exact_matrix(matrix)
    return rows.minor_submatrix(i, j).det(method="bareiss") != 0 if rows.rows > 1 else True
