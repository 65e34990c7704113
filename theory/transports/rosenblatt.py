r"""The Knothe-Rosenblatt map, exactly: conditional distribution functions, every
dimension by adding one coordinate.

Coordinate j has, given the earlier ones, a density :math:`c_j` on the interval from
a(j) to b(j), the derivative of an increasing undefined :math:`G_j` over its total; the
point has X(j) there. Dependence on the earlier coordinates is dependence of
:math:`G_j`, a and b on them, at one point of which all statements are taken.

.. math:: F_j(y) = \int_{a(j)}^y c_j(t)\,dt, \qquad \prod_{j \le n} F_j'(X(j)) = p(X(1), \dots, X(n))

Source: Rosenblatt 1952; the uniqueness of increasing triangular maps is Knothe's.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import sympy as sp

from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion, Sign

__all__ = [
    "D",
    "conditional_cdf",
    "differentiable_in_earlier_coordinates",
    "ends_of_the_coordinate",
    "explicit_map",
    "finite_marginals",
    "product_of_slopes",
    "single_mode",
    "smooth_modulation",
    "unconditional_cdf",
    "uniform_boxes",
    "uniqueness",
    "weierstrass_modulation",
]  # fmt: skip

D = sp.Symbol("D", integer=True, positive=True)
Y, T, S, V = (sp.Symbol(name, real=True) for name in "ytsv")
G, LOW, HIGH, POINT = (sp.Function(name, real=True) for name in ("G", "a", "b", "x"))
CONDITIONAL, UNCONDITIONAL = sp.Function("c", positive=True), sp.Function("r", positive=True)
BELOW = sp.Function("m", real=True)  # entries below the diagonal of a Jacobian
Coordinate = Callable[[sp.Expr, sp.Expr], sp.Expr]  # from the number j of a coordinate and y to the map's value


# -- by symbols ---------------------------------------------------------------------------------------------------------


def density(j: sp.Expr, at: sp.Expr) -> sp.Expr:
    """c_j, the conditional density of coordinate j, at a place of its fibre."""
    return CONDITIONAL(j, at)


def conditional_cdf(j: sp.Expr, at: sp.Expr) -> sp.Expr:
    """F_j: the conditional density integrated from the lower end of the fibre."""
    return sp.Integral(CONDITIONAL(j, T), (T, LOW(j), at))


def unconditional_cdf(j: sp.Expr, at: sp.Expr) -> sp.Expr:
    """A distribution function of another density from the second coordinate on; the
    first coordinate has no earlier ones to ignore."""
    return sp.Integral((CONDITIONAL if j == 1 else UNCONDITIONAL)(j, T), (T, LOW(j), at))


def _slope(coordinate: Coordinate, j: sp.Expr) -> sp.Expr:
    return sp.Subs(sp.Derivative(coordinate(j, Y), Y), Y, POINT(j))


def _triangle(k: int, diagonal: Callable[[int], sp.Expr]) -> sp.Expr:
    """The determinant of a lower triangular k x k matrix, whose entries below the
    diagonal are unknown."""
    return sp.Determinant(
        sp.Matrix(k, k, lambda i, j: diagonal(i + 1) if i == j else BELOW(i + 1, j + 1) if i > j else sp.S.Zero)
    )


def _mixed_derivative(k: int) -> sp.Expr:
    """The joint density of k coordinates: the mixed derivative of the mass of a box by
    its upper corner."""
    ends = [sp.Symbol(f"y_{j}", real=True) for j in range(1, k + 1)]
    inside = [sp.Symbol(f"t_{j}", real=True) for j in range(1, k + 1)]
    mass = sp.Integral(
        sp.Mul(*(CONDITIONAL(j, t) for j, t in enumerate(inside, start=1))),
        *((t, LOW(j), end) for j, (t, end) in enumerate(zip(inside, ends, strict=True), start=1)),
    )  # fmt: skip
    return sp.Subs(sp.Derivative(mass, *ends), ends, [POINT(j) for j in range(1, k + 1)])


JOINT = sp.Function("p", positive=True)  # p(n): the density of the first n coordinates
SLOPES = sp.Function("d")  # d(n): the product of the slopes of the first n coordinates of the map


def _joint() -> Recursion:
    return Recursion(
        JOINT(D), (density(sp.S.One, POINT(1)),), JOINT(D) * density(D + 1, POINT(D + 1)), _mixed_derivative
    )


def ends_of_the_coordinate() -> list[Equation]:
    """A normalised density, the derivative of an undefined G over its rise, takes the
    coordinate from 0 to 1."""

    def share(at: sp.Expr) -> sp.Expr:
        return sp.Integral(sp.Derivative(G(T), T) / (G(HIGH(D)) - G(LOW(D))), (T, LOW(D), at))

    return [
        Equation("a coordinate at the lower end of its fibre", share(LOW(D)), 0),
        Equation("a coordinate at the upper end of its fibre", share(HIGH(D)), 1),
    ]


def product_of_slopes(coordinate: Coordinate) -> Induction:
    """The product of the slopes is the joint density in every D; for a differentiable
    map it is the determinant of the Jacobian."""
    slopes = Recursion(
        SLOPES(D), (_slope(coordinate, sp.S.One),), SLOPES(D) * _slope(coordinate, D + 1),
        lambda k: _triangle(k, lambda j: _slope(coordinate, sp.Integer(j))),
    )  # fmt: skip
    claim = Equation("the product of the slopes is p", SLOPES(D), JOINT(D))
    return Induction("product of the slopes", D, (claim,), (slopes, _joint()))


QUANTILE, LEVEL = sp.Function("q", real=True), sp.Function("u", real=True)
BOX, CORNER = sp.Function("B"), sp.Function("U")  # B(n, s), and the product of the first n levels


def uniform_boxes() -> Induction:
    r"""P(f_1 <= u_1, .., f_n <= u_n) is the product of the levels in every D, with no
    density.

    Given the earlier coordinates, here the last of them s, the new one is a quantile
    q(v) of a uniform level v, so that the levels below u carry :math:`\int_0^u dv`; the
    boxes of the n coordinates that follow have masses that may depend on where v leads
    to.
    """
    inner = sp.Integral(BOX(D, QUANTILE(D + 1, S, V)), (V, 0, LEVEL(D + 1)))

    def boxes(k: int) -> sp.Expr:
        levels = [sp.Symbol(f"v_{j}", real=True) for j in range(1, k + 1)]
        return sp.Integral(sp.S.One, *((level, 0, LEVEL(j)) for j, level in enumerate(levels, start=1)))

    mass = Recursion(BOX(D, S), (sp.Integral(sp.S.One, (V, 0, LEVEL(1))),), inner, boxes)
    corner = Recursion(
        CORNER(D), (LEVEL(1),), CORNER(D) * LEVEL(D + 1), lambda k: sp.Mul(*(LEVEL(j) for j in range(1, k + 1)))
    )
    return Induction("mass of boxes", D, (Equation("the mass of a box", BOX(D, S), CORNER(D)),), (mass, corner))


def uniqueness(orientation: int = 1) -> list[Equation]:
    r"""Any triangular map T with uniform image is the map, if each coordinate
    increases: its next coordinate, for every D.

    The images of D and of D + 1 coordinates have density 1, so that the product z of
    the first D slopes is their density, and the slope that follows balances
    :math:`z\,|T'| = p`. A coordinate that decreases (orientation -1) starts at 1. No
    earlier coordinate enters but through z: the statement is direct, with D a symbol.
    """
    image, slope = sp.Function("T", real=True)(D, Y), sp.Symbol("T_y", real=True)
    rise = sp.Derivative(G(D, T), T)  # the density of D + 1 coordinates along the fibre of the last
    earlier = sp.Integral(rise, (T, LOW(D), HIGH(D)))  # that of the first D, the last integrated out
    mass = earlier * sp.Integral(sp.S.One, (V, image.subs(Y, LOW(D)), image)) * orientation
    balance = sp.diff(mass, Y).subs(sp.Derivative(image, Y), slope) - rise.subs(T, Y)
    forced = sp.solve(balance, slope)[0]
    start = sp.S.Zero if orientation == 1 else sp.S.One
    cdf = sp.Integral(rise, (T, LOW(D), Y)) / earlier
    along = sp.Integral(sp.Derivative(image, Y).subs(Y, T), (T, LOW(D), Y))
    return [
        Equation("a coordinate is its start and the integral of its slope", image.subs(Y, LOW(D)) + along, image),
        Equation("the image of a fibre has length 1, so that in [0, 1] it starts at its end", sp.Integral(forced.subs(Y, T), (T, LOW(D), HIGH(D))), orientation),
        Equation("the coordinate that the masses force is the conditional distribution function", start + sp.Integral(forced.subs(Y, T), (T, LOW(D), Y)), cdf),
    ]  # fmt: skip


# -- what the hypotheses are for ----------------------------------------------------------------------------------------


def single_mode(at: sp.Expr) -> sp.Expr:
    """k + |y|^(1/2) with k > 0: exp(-k(y) t^2 - y^2) has a finite continuous marginal
    of y, up to a constant."""
    return sp.Symbol("k", positive=True) + sp.sqrt(at)


def finite_marginals(precision: Callable[[sp.Expr], sp.Expr] = single_mode) -> list[Sign | Equation]:
    """The slope at t = 0 of the second coordinate of exp(-k(y) t^2 - y^2), in the order
    (y, t), as y falls to 0.

    With k(y) = |y|^(1/2) the marginal of y is infinite at 0, the slope falls to 0, and
    the whole fibre goes to the level 1/2.
    """
    y, curvature = sp.Symbol("y", positive=True), sp.Symbol("kappa", positive=True)
    mass = sp.Integral(sp.exp(-curvature * T**2), (T, -sp.oo, sp.oo))
    square = sp.limit(sp.expand((1 / sp.sqrt(sp.pi / curvature)) ** 2 * sp.pi).subs(curvature, precision(y)), y, 0, "+")
    return [
        Equation("the marginal of a normal fibre", mass, sp.sqrt(sp.pi / curvature)),
        Sign("the squared slope on the fibre y = 0, finite marginals", square, "> 0"),
    ]


Modulation = tuple[
    Fraction, int, int | None
]  # a, b and the number of terms of sum a^k cos(b^k pi x), None for infinitely many


def smooth_modulation() -> Modulation:
    """cos(pi x)/2."""
    return Fraction(1, 2), 13, 1


def weierstrass_modulation() -> Modulation:
    """Weierstrass' function with a = 1/2, b = 13: continuous, and nowhere
    differentiable, since ab > 1 + 3 pi/2."""
    return Fraction(1, 2), 13, None


BOUND = 4  # of the difference quotients of cos(pi x)/2, whose slope is at most pi/2


def differentiable_in_earlier_coordinates(
    modulation: Callable[[], Modulation] = smooth_modulation, most: int = 6
) -> Enumeration:
    """Difference quotients in x_1 of f_2 = x_2 + W(x_1) g(x_2), the map of p = 1 +
    W(x_1) g'(x_2), at x_1 = 0 and along h = b^-m.

    They stay bounded for a smooth W, so that the Jacobian exists; for Weierstrass' W
    they do not, while the product of the slopes is p.
    """
    a, b, terms = modulation()

    def by_values(m: int) -> bool:
        """W(0) - W(b^-m): cosines for k < m, and exactly 2 a^k from there on, where
        b^(k - m) is odd; in ball arithmetic."""
        from theory.proof.balls import Instantiation, proves

        share, last = sp.Rational(a.numerator, a.denominator), m if terms is None else min(m, terms)
        drop = sp.Add(*(share**k * (1 - sp.cos(sp.pi / sp.Integer(b) ** (m - k))) for k in range(last)))
        tail = 2 * share**m / (1 - share) if terms is None else sp.S.Zero
        quotient = (drop + tail) * sp.Integer(b) ** m
        return proves(sp.StrictLessThan(quotient, BOUND, evaluate=False), Instantiation())

    def by_slopes(m: int) -> bool:
        """The mean value theorem, term by term: |W'| is at most pi times the sum of
        (ab)^k, which has to converge."""
        return terms is not None and sum((a * b) ** k for k in range(terms)) * Fraction(22, 7) < BOUND

    return Enumeration(
        "difference quotients in an earlier coordinate",
        Family(f"steps {b}^-m in the earlier coordinate, m = 1..{most}", lambda: range(1, most + 1), most),
        by_values, by_slopes,
    )  # fmt: skip


def bump_density(dim: int) -> tuple[tuple[sp.Symbol, ...], sp.Expr]:
    r"""A family of densities on the unit cube with dependent coordinates, :math:`(1 +
    c\,x_1 \cdots x_D)/(1 + c\,2^{-D})`, c > 0."""
    xs, c = tuple(sp.Symbol(f"x{k}", real=True) for k in range(1, dim + 1)), sp.Symbol("c", positive=True)
    return xs, (1 + c * sp.Mul(*xs)) / (1 + c * sp.Rational(1, 2**dim))


def explicit_map(dim: int, *, conditional: bool = True) -> tuple[sp.Matrix, tuple[sp.Symbol, ...], sp.Expr]:
    """The map of :func:`bump_density` with all integrals done: a column, its variables,
    and the density.

    Args:
        conditional: With False each coordinate goes through its unconditional
            distribution function.
    """
    xs, joint = bump_density(dim)
    column = []
    for d in range(dim):
        marginal = joint
        for later in xs[d + 1 :]:
            marginal = sp.integrate(sp.expand(marginal), (later, 0, 1))
        if not conditional:
            for earlier in xs[:d]:
                marginal = sp.integrate(sp.expand(marginal), (earlier, 0, 1))
        t = sp.Dummy("t", real=True)
        part = sp.integrate(sp.expand(marginal.subs(xs[d], t)), (t, 0, xs[d]))
        column.append(part / part.subs(xs[d], 1))
    return sp.Matrix(column), xs, joint


def determinant_of_an_explicit_map(dim: int, *, conditional: bool = True) -> Equation:
    """det of the full Jacobian of :func:`explicit_map` against the density."""
    image, xs, joint = explicit_map(dim, conditional=conditional)
    return Equation(f"determinant of an explicit map, D = {dim}", sp.Determinant(image.jacobian(sp.Matrix(xs))), joint)
