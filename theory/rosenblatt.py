r"""The Knothe-Rosenblatt map in symbols: undefined densities on interval fibres, every D by adding one coordinate.

The first D coordinates are one parameter w. The density of D + 1 coordinates is p(w, x) > 0 for x between a(w) and b(w); that of the first D
is its integral :math:`M(w)`, and the new coordinate of the map is

.. math:: F(x \mid w) = \frac{1}{M(w)}\int_{a(w)}^x p(w, t)\,dt .

Any open interval may stand for (a, b): increasing maps of single coordinates carry one to another, and the statements with them.

Source: Rosenblatt 1952; the uniqueness of increasing triangular maps is Knothe's.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.densities import Fibre, mass_balance
from theory.transports import DIMENSION, MINORS, bordered_determinant, coordinates

__all__ = [
    "ADDED", "EARLIER", "AddedCoordinate", "bump_density", "conditional_cdf", "explicit_map", "gap_quantile", "pushed_mass",
    "unconditional_cdf",
]  # fmt: skip

EARLIER, ADDED = sp.Symbol("w", real=True), sp.Symbol("x", real=True)
ALONG = sp.Symbol("t", real=True)  # bound in every integral over a fibre, so that equal integrals are one expression
LOG_P = sp.Function("lambda_p", real=True)
LOW, LOG_WIDTH = sp.Function("a", real=True), sp.Function("ell", real=True)


def ends() -> tuple[sp.Expr, sp.Expr]:
    """a(w) and b(w) = a(w) + e^ell(w), the ends of the fibre over w."""
    return LOW(EARLIER), LOW(EARLIER) + sp.exp(LOG_WIDTH(EARLIER))


def joint_density() -> sp.Expr:
    """p(w, x), positive."""
    return sp.exp(LOG_P(EARLIER, ADDED))


def _share(density: sp.Expr) -> sp.Expr:
    low, high = ends()
    here = density.subs(ADDED, ALONG)
    return sp.Integral(here, (ALONG, low, ADDED)) / sp.Integral(here, (ALONG, low, high))


def conditional_cdf() -> sp.Expr:
    """F(x | w), as a ratio of integrals of the joint density."""
    return _share(joint_density())


def unconditional_cdf() -> sp.Expr:
    """The distribution function of a density q(x) that knows nothing of w, on the same interval."""
    return _share(sp.exp(sp.Function("lambda_q", real=True)(ADDED)))


@dataclass(frozen=True)
class AddedCoordinate:
    """What the coordinate ``cdf`` does when it is added to a map whose image is uniform on the D-cube and whose determinant is M(w)."""

    cdf: sp.Expr

    @property
    def marginal(self) -> sp.Expr:
        """M(w), the density of the earlier coordinates: the integral of p over the fibre."""
        return sp.Integral(joint_density().subs(ADDED, ALONG), (ALONG, *ends()))

    @property
    def slope(self) -> sp.Expr:
        """The derivative of the new coordinate by x."""
        return sp.diff(self.cdf, ADDED)

    def at_ends(self) -> tuple[sp.Expr, sp.Expr]:
        """Values at a(w) and at b(w)."""
        low, high = ends()
        return self.cdf.subs(ADDED, low).doit(), self.cdf.subs(ADDED, high)

    def determinant(self) -> tuple[sp.Expr, sp.Expr]:
        """The determinant of the map of size D + 1, by the hypothesis that the minor of the corner is M(w), against p(w, x)."""
        return self.slope * self.marginal, joint_density()

    def bordered(self) -> tuple[sp.Expr, sp.Expr]:
        """Laplace's expansion of the bordered Jacobian, whose corner is the slope c."""
        corner = sp.Symbol("c", real=True)
        return bordered_determinant(corner), corner * MINORS(DIMENSION + 1)

    def balance(self, image: sp.Expr, orientation: int = 1) -> tuple[sp.Expr, sp.Expr]:
        """Rates of the uniform mass of an image and of the mass of its interval, for a coordinate ``image`` of that orientation."""
        fibre = Fibre(image, ADDED, ADDED, orientation)
        return mass_balance(LOG_P(EARLIER, ADDED), fibre, sp.S.One, others=self.marginal)

    def forced(self, orientation: int = 1) -> tuple[sp.Expr, sp.Expr]:
        """The slope of whatever coordinate T balances the masses, against that of the map's own coordinate; both times M(w) > 0, so that no quotient is left.

        The balance is solved for the derivative of an undefined T. Two coordinates of one slope that both send a(w) to 0 are the same; one that
        decreases has the opposite slope, and another start.
        """
        unknown = sp.Symbol("T_x", real=True)
        image = sp.Function("T", real=True)(EARLIER, ADDED)
        left, right = self.balance(image, orientation)
        equation = left.subs(sp.Derivative(image, ADDED), unknown) - right
        slope = -equation.subs(unknown, 0) / sp.diff(equation, unknown)
        return slope * self.marginal, self.slope * self.marginal


def bump_density(dim: int) -> tuple[tuple[sp.Symbol, ...], sp.Expr]:
    r"""A family of densities on the unit cube with dependent coordinates, :math:`(1 + c\,x_1 \cdots x_D)/(1 + c\,2^{-D})`, c > 0."""
    xs, c = coordinates(dim), sp.Symbol("c", positive=True)
    return xs, (1 + c * sp.Mul(*xs)) / (1 + c * sp.Rational(1, 2**dim))


def explicit_map(dim: int, *, conditional: bool = True) -> tuple[sp.Matrix, tuple[sp.Symbol, ...], sp.Expr]:
    """The map of :func:`bump_density` with all integrals done: a column, its variables, and the density.

    Args:
        conditional: With False each coordinate goes through its unconditional distribution function.
    """
    xs, density = bump_density(dim)
    column = []
    for d in range(dim):
        marginal = density
        for later in xs[d + 1 :]:
            marginal = sp.integrate(sp.expand(marginal), (later, 0, 1))
        if not conditional:
            for earlier in xs[:d]:
                marginal = sp.integrate(sp.expand(marginal), (earlier, 0, 1))
        t = sp.Dummy("t", real=True)
        part = sp.integrate(sp.expand(marginal.subs(xs[d], t)), (t, 0, xs[d]))
        column.append(part / part.subs(xs[d], 1))
    return sp.Matrix(column), xs, density


def pushed_mass(level: sp.Expr, start: sp.Expr, jump: sp.Expr) -> sp.Expr:
    """P(F(X) <= level) where F jumps from ``start`` by ``jump`` (an atom) and is continuous elsewhere; ``level`` lies in the jump, ends included.

    The values strictly between start and start + jump are not taken, so that F(X) <= level means that X lies below the atom.
    """
    return level if jump == 0 else start


def gap_quantile(gap: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Symbol, sp.Expr, sp.Expr]:
    """Half of the mass uniform on (0, 1), half on (1 + gap, 2 + gap): both branches of the quantile in u, u, and F on each of the two intervals of x."""
    u = sp.Symbol("u", real=True)
    return 2 * u, gap + 2 * u, u, ADDED / 2, (ADDED - gap) / 2
