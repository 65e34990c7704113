r"""The entangling map in symbols: undefined distribution functions, exact rational
rotations, any dimension.

For an increasing distribution function F the inner step is :math:`U = \Phi^{-1} \circ
F`, again increasing, of slope
:math:`U' = F'/\varphi(U)` (:func:`slope_of_the_inner_step`); every increasing
differentiable U arises so, from
:math:`F = \Phi \circ U`. With undefined :math:`U_j` and quantile functions :math:`G_i =
F_i^{-1}` the map is
:math:`f_i(z) = G_i(\Phi(v_i))`, :math:`v_i = \sum_k A_{ik} U_k(z_k)`. Its Jacobian is
:math:`D_2 A D_1`; its entries are products of factors that cannot vanish. The rotations
are Householder's, among them those of
:math:`(t, 1, \dots, 1)`, whose entries have closed forms in d and t.

Source: Locatello et al. 2019, theorem 1; the rotations and their parameter are chosen
    here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Expr, Matrix, Symbol, erf, erfinv, exp, pi, sqrt
from sympy.core.function import UndefinedFunction

from theory.arithmetic.isometries import Exact, exact_matrix, householder
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion, Sign

__all__ = [
    "SpikeEntries", "Undefined", "density_balance", "density_is_preserved", "determinant_of_a_reflection",
    "distinct_parameters", "entries_of_reflections", "minor_nonzero", "no_zero_entry", "no_zero_in_small_spikes", "normal_cdf",
    "normal_density", "partial_derivative", "reflection_is_orthogonal", "reflection_keeps_norms", "slope_of_the_inner_step",
    "spike", "spike_entries", "spike_has_no_zero", "spike_matrix_is", "spike_rotation", "sum_object", "taylor_coefficient", "whole_jacobian",
]  # fmt: skip


Rotation = Callable[[int, Any], Matrix]


def normal_cdf(v: Expr) -> Expr:
    r""":math:`\Phi(v)`."""
    return (1 + erf(v / sqrt(2))) / 2


def normal_density(v: Expr) -> Expr:
    r""":math:`\varphi(v) = \Phi'(v)`."""
    return exp(-(v**2) / 2) / sqrt(2 * pi)


N = Symbol("n", integer=True, positive=True)  # coordinates, in an induction


def sum_object(of: Expr, term: Callable[[Any], Expr]) -> Recursion:
    """The object ``sum of term(k), k = 1..n``, in an induction."""
    return Recursion(of, (term(1),), of + term(N + 1), lambda k: sum(term(i) for i in range(1, k + 1)))


@dataclass(frozen=True)
class Undefined:
    """d marginals of which nothing is known but that U_k increases: points, inner steps
    and quantile functions.

    That G_i is the inverse of F_i = Phi(U_i) is used only in reading 1/G_i' as the
    density at the image.
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


def slope_of_the_inner_step() -> Equation:
    r"""The derivative of :math:`U = \Phi^{-1}(F(z))` is :math:`F'(z)/\varphi(U)`, for
    every increasing F with values in (0, 1)."""
    z, cdf = Symbol("z", real=True), sympy.Function("F", real=True)
    u = sqrt(2) * erfinv(2 * cdf(z) - 1)
    relations = (cdf(z) > 0, cdf(z) < 1, cdf(z).diff(z) > 0)
    return Equation("slope of the inner step", sympy.Derivative(u, z), cdf(z).diff(z) / normal_density(u), relations)


def whole_jacobian(d: int, rows: int | None = None) -> Equation:
    """The d^2 partial derivatives of f (or the first ``rows`` rows), with symbols for
    the entries of A, against D2 A D1."""
    marginals = Undefined.of(d)
    matrix = Matrix(d, d, lambda i, j: Symbol(f"a{i + 1}{j + 1}", real=True))
    product = sympy.diag(*marginals.outer_slopes(matrix)) * matrix * sympy.diag(*marginals.slopes)
    image = marginals.image(matrix)[:rows, :]
    jacobian = Matrix(image.rows, d, lambda i, j: sympy.Derivative(image[i], marginals.points[j]))
    return Equation(f"Jacobian, d = {d}", jacobian, product[:rows, :], marginals.increasing)


def partial_derivative() -> Equation:
    """Entry (i, j) of the Jacobian in every dimension: ``v_i = R + a_ij U_j(z_j)``, the
    rest R of the sum being free of ``z_j``.

    Its factors are a value of the normal density, the slope G' > 0, the entry of A and
    the slope U' > 0 of the inner step: it vanishes exactly where the entry of A does.
    """
    z, y, rest, a = (Symbol(name, real=True) for name in ("z_j", "y", "R", "a_ij"))
    step, quantile = sympy.Function("U_j", real=True), sympy.Function("G_i", real=True)
    v = rest + a * step(z)
    factors = normal_density(v) * _slope_at(quantile, normal_cdf(v)) * a * step(z).diff(z)
    relations = (step(z).diff(z) > 0, quantile(y).diff(y) > 0)
    return Equation(
        "entry (i, j) of the Jacobian and its factors", sympy.Derivative(quantile(normal_cdf(v)), z), factors, relations
    )


def reflection_keeps_norms() -> Induction:
    r"""For :math:`Au = u - 2v\,m/s`: :math:`\sum_{k\le n}(Au)_k^2 = \sum u_k^2 -
    4\tfrac ms\sum u_k v_k + 4\tfrac{m^2}{s^2}\sum v_k^2`, every n.

    With all coordinates in, :math:`\sum u_k v_k = m` and :math:`\sum v_k^2 = s`, so
    that :math:`|Au| = |u|` for every u: A is orthogonal.
    """
    v, u = sympy.Function("v", real=True), sympy.Function("u", real=True)
    s, m = Symbol("s", positive=True), Symbol("m", real=True)
    A, T, M, S = (sympy.Function(name, real=True)(N) for name in ("A", "T", "M", "S"))
    objects = (
        sum_object(A, lambda k: (u(k) - 2 * v(k) * m / s) ** 2),
        sum_object(S, lambda k: u(k) ** 2),
        sum_object(M, lambda k: u(k) * v(k)),
        sum_object(T, lambda k: v(k) ** 2),
    )
    claim = Equation("|Au|^2 up to n", A, S - 4 * m * M / s + 4 * m**2 * T / s**2)
    return Induction("reflections keep norms", N, (claim,), objects)


def reflection_is_orthogonal(d: int) -> Equation:
    """A^T A = I for symbolic v of length d, with A from its definition."""
    A = householder(Matrix(sympy.symbols(f"v1:{d + 1}", positive=True)))
    return Equation(f"A^T A = I, d = {d}", A.T * A, sympy.eye(d))


def determinant_of_a_reflection() -> Induction:
    r""":math:`\det(I_n - c\,vv^T) = 1 - c\sum_{k\le n} v_k^2` for every n; with c =
    2/|v|^2 it is -1.

    One row and column more multiply the determinant by the Schur complement, in which
    :math:`(I - c\,vv^T)^{-1} v = v/(1 - cT)`.
    """
    v, c = sympy.Function("v", real=True), Symbol("c", real=True)
    Delta, T = sympy.Function("Delta")(N), sympy.Function("T", real=True)(N)
    w = v(N + 1)

    def explicit(k: int) -> Expr:
        column = Matrix([v(i) for i in range(1, k + 1)])
        return sympy.Determinant(sympy.ImmutableMatrix(sympy.eye(k) - c * column * column.T))

    schur = 1 - c * w**2 - (c * w) ** 2 * T / (1 - c * T)
    objects = (Recursion(Delta, (1 - c * v(1) ** 2,), Delta * schur, explicit), sum_object(T, lambda k: v(k) ** 2))
    return Induction(
        "determinant of a reflection", N, (Equation("det(I - c v v^T) = 1 - c |v|^2", Delta, 1 - c * T),), objects
    )


def density_is_preserved(d: int, rotation: Matrix) -> Equation:
    r"""|det J(z)| = p(z) / p(f(z)) in d explicit dimensions, from the determinant of
    the differentiated map.

    At x = G(p) the density is 1/G'(p).
    """
    marginals = Undefined.of(d)
    jacobian = marginals.image(rotation).jacobian(Matrix(marginals.points))
    volume = rotation.det() * jacobian.det(method="berkowitz")  # det A = +-1 takes the modulus
    carried = marginals.density() * sympy.Mul(*marginals.spacings(rotation))
    return Equation(f"density of f(z), d = {d}", volume, carried, marginals.increasing)


def density_balance() -> Induction:
    r""":math:`\sum_{k\le n}(\log q_k + \log\tfrac{dx_k}{dv_k} + \log\tfrac{du_k}{dz_k}
    - \log p_k) = \tfrac12\sum (u_k^2 - v_k^2)`, every n.

    q and p are the marginal densities at the image and at the point, the slopes those
    of the two steps, :math:`\varphi(v)/q` and
    :math:`p/\varphi(u)`; log |det A| = 0 is left out. With all coordinates in, |v| =
    |u|, and the density is preserved.
    """
    p, q = (sympy.Function(name, positive=True) for name in ("p", "q"))
    u, v = (sympy.Function(name, real=True) for name in ("u", "v"))
    L, U, V = sympy.Function("L")(N), sympy.Function("S_u", real=True)(N), sympy.Function("S_v", real=True)(N)

    def term(k: Any) -> Expr:
        slopes = sympy.log(normal_density(v(k)) / q(k)) + sympy.log(p(k) / normal_density(u(k)))
        return sympy.log(q(k)) + slopes - sympy.log(p(k))

    objects = (sum_object(L, term), sum_object(U, lambda k: u(k) ** 2), sum_object(V, lambda k: v(k) ** 2))
    claim = Equation("log p(f) + log |det J| - log p up to n", L, (U - V) / 2)
    return Induction("the density is preserved", N, (claim,), objects)


# -- rotations without zeros --------------------------------------------------------------------------------------------


def entries_of_reflections() -> list[Equation | Sign]:
    r"""Which entries of the reflection of v vanish, in every dimension: S is the sum of
    the squares of the other coordinates.

    :math:`A_{ij} = -2v_iv_j/|v|^2` vanishes only if :math:`v_i = 0` or :math:`v_j = 0`;
    :math:`A_{ii} = 1 - 2v_i^2/|v|^2` only if
    :math:`v_i^2 = S = |v|^2/2`. The entries are read off the definition in three
    coordinates, the third of square S.
    """
    v, w = sympy.symbols("v_i v_j", real=True, nonzero=True)
    S, x, y = (Symbol(name, positive=True) for name in ("S", "x", "y"))
    A = householder([v, w, sqrt(S)])
    square = v**2 + w**2 + S
    return [
        Equation("A_ij^2 |v|^4 = 4 v_i^2 v_j^2", A[0, 1] ** 2 * square**2, 4 * v**2 * w**2),
        Sign("4 v_i^2 v_j^2 for squares x, y > 0", 4 * x * y, "> 0"),
        Equation("A_ii |v|^2 = |v|^2 - 2 v_i^2", A[0, 0] * square, square - 2 * v**2),
    ]


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
    r"""The four values that occur in the reflection of (t, 1, ..., 1), for symbolic d
    and t.

    With :math:`s = t^2 + d - 1`: ``corner`` at (1,1), ``edge`` in the rest of the first
    row and column, ``diagonal`` and ``inner`` elsewhere on and off the diagonal. None
    vanishes iff :math:`t \ne 0`, :math:`t^2 \ne d - 1` and, from d = 2 on,
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


def spike_has_no_zero() -> list[Equation | Sign]:
    """For every d >= 2 and t >= d no entry of the reflection of (t, 1, .., 1) is zero:
    its numerators, in d = 2 + e and t = d + r."""
    e, r = Symbol("e", integer=True, nonnegative=True), Symbol("r", nonnegative=True)
    k = Symbol("k", integer=True)
    d = 2 + e
    t = d + r
    square = t**2 + sympy.Sum(1, (k, 2, d))  # |v|^2
    closed = spike_entries(d, t)
    signed = {"corner": -closed.corner, "edge": -closed.edge, "diagonal": closed.diagonal, "inner": -closed.inner}
    numerators = {"corner": 2 * t**2 - square, "edge": 2 * t, "diagonal": square - 2, "inner": sympy.S(2)}
    polynomials = {"corner": t**2 - d + 1, "edge": 2 * t, "diagonal": t**2 + d - 3, "inner": sympy.S(2)}
    return [
        *(Equation(f"{name} entry times |v|^2", signed[name] * square, numerators[name]) for name in signed),
        *(Sign(f"numerator of the {name} entry", polynomials[name], "> 0") for name in signed),
    ]


def spike_matrix_is(rotation: Rotation, d: int) -> Equation:
    """The matrix of (t, 1, .., 1) in d dimensions has the closed entries."""
    t = Symbol("t", positive=True)
    return Equation(f"closed form of the entries, d = {d}", rotation(d, t), spike_entries(d, t).matrix(d))


def distinct_parameters(rotation: Rotation, start: int) -> list[Equation]:
    """The last diagonal entry tells the parameters apart: its difference is a nonzero
    multiple of t^2 - s^2, in every d >= start."""
    d = Symbol("d", integer=True, positive=True)
    t, s = sympy.symbols("t s", positive=True)

    def claimed(size: Expr) -> Expr:
        return 2 * (t - s) * (t + s) / ((t**2 + size - 1) * (s**2 + size - 1))

    least = rotation(start, t)[-1, -1] - rotation(start, s)[-1, -1]
    every = spike_entries(d, t).diagonal - spike_entries(d, s).diagonal
    return [
        Equation("distinct t > 0 give distinct maps, in the least dimension", least, claimed(sympy.Integer(start))),
        Equation("distinct t > 0 give distinct maps, in every dimension", every, claimed(d)),
    ]


def no_zero_entry(matrices: dict[str, Matrix], description: str, size: int) -> Enumeration:
    """Every entry of some orthogonal matrices is nonzero: by itself, and by its
    complementary minor."""

    def places() -> Iterator[tuple[str, int, int]]:
        return ((label, i, j) for label, it in matrices.items() for i in range(it.rows) for j in range(it.rows))

    return Enumeration(
        "no zero entry", Family(description, places, size), lambda place: matrices[place[0]][place[1], place[2]] != 0,
        lambda place: minor_nonzero(matrices[place[0]], place[1], place[2]),
    )  # fmt: skip


def no_zero_in_small_spikes(rotation: Rotation, start: int, sizes: int = 4) -> Enumeration:
    """The entries of explicit matrices for t = d and t = d + 1/2, in ``sizes``
    dimensions from ``start`` on."""
    dimensions = range(start, start + sizes)
    explicit = {
        f"d = {d}, t = {t}": rotation(d, t) for d in dimensions for t in (sympy.Integer(d), d + sympy.Rational(1, 2))
    }
    last = dimensions[-1]
    count = (
        last * (last + 1) * (2 * last + 1) // 3 - (start - 1) * start * (2 * start - 1) // 3
    )  # twice a sum of squares
    return no_zero_entry(
        explicit, f"entries of reflections of (t, 1, .., 1), d = {start}..{last}, t = d, d + 1/2", count
    )


def taylor_coefficient(expr: Expr, variables: Sequence[Symbol], powers: Sequence[int]) -> Expr:
    """A coefficient of a polynomial by differentiation at 0, for a second opinion on
    the expanded form."""
    for variable, power in zip(variables, powers, strict=True):
        expr = (sympy.diff(expr, variable, power) / sympy.factorial(power)).subs(variable, 0)
    return sympy.expand(expr)


def minor_nonzero(matrix: Matrix, i: int, j: int) -> bool:
    """Whether the complementary minor of an entry is nonzero, which for an orthogonal
    matrix says that the entry is.

    ``A^-1 = A^T`` and Cramer's rule give ``A_ij = (-1)^(i+j) det(A) M_ij``: the entry
    is decided without looking at it.
    """
    rows = exact_matrix(matrix)
    return rows.minor_submatrix(i, j).det(method="bareiss") != 0 if rows.rows > 1 else True
