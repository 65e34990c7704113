r"""Densities under maps of a line, exactly: masses of images of intervals, ratios of
two images' densities, and countably many affine pieces.

The formula for a density is never its own proof. What is proved is a *balance of
masses*: the mass that a claimed density gives to the image of an interval,
differentiated by the fundamental theorem of calculus, against the mass of the interval
itself. A *rule* takes (log p, log of the slope) to the log density that is claimed of
the image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from theory.proof.statements import Equation

LogRule = Callable[[sp.Expr, sp.Expr], sp.Expr]


@dataclass(frozen=True)
class Fibre:
    """A map on one line, its orientation and the point where a balance is taken.

    ``image`` is an expression in ``at``; ``point`` is where it is evaluated (``at``
    itself for every point).
    """

    image: sp.Expr
    at: sp.Symbol
    point: sp.Expr
    orientation: int = 1

    @property
    def slope(self) -> sp.Expr:
        """|df/dt| at the point."""
        return sp.diff(self.image, self.at).subs(self.at, self.point) * self.orientation


X = sp.Symbol("x", real=True)
MAP = sp.Function("f", real=True)
LOG_P = sp.Function("lambda", real=True)  # log p, undefined


def undefined_chart(orientation: int) -> Fibre:
    """Any differentiable monotone map of the line, f increasing or -f, at any x."""
    return Fibre(orientation * MAP(X), X, X, orientation)


def cubic_at_zero(orientation: int) -> Fibre:
    """x -> x^3 or -x^3 at its critical point."""
    return Fibre(orientation * X**3, X, sp.S.Zero, orientation)


def mass_in_an_interval(density: sp.Expr, of: sp.Symbol, fibre: Fibre) -> sp.Expr:
    """The integral of ``density`` in ``of`` over the image of [c, t], as an unevaluated
    integral; t is ``fibre.at`` and c undefined."""
    ends = (fibre.image.subs(fibre.at, sp.Symbol("c", real=True)), fibre.image)
    return sp.Integral(density, (of, *(ends if fibre.orientation == 1 else ends[::-1])))


def masses_of_intervals(rule: LogRule, chart: Callable[[int], Fibre] = undefined_chart) -> list[Equation]:
    """On a line, for increasing and for decreasing maps: the mass of f([c, x]) under
    the claimed density grows as the mass of [c, x].

    First how the mass of an image grows under any density q at all, by the fundamental
    theorem; then with the claimed value of q. Where f' = 0 the rule has no value, and a
    bounded density may have any.
    """
    y, q, found = sp.Symbol("y", real=True), sp.Function("q", real=True), []
    for orientation, word in ((1, "increasing"), (-1, "decreasing")):
        fibre = chart(orientation)
        growth = sp.Derivative(mass_in_an_interval(q(y), y, fibre), fibre.at)
        at_end = q(fibre.image) * orientation * sp.Derivative(fibre.image, fibre.at)
        slope = fibre.slope
        claimed = sp.Symbol("Q", real=True) if slope == 0 else sp.exp(rule(LOG_P(fibre.point), sp.log(slope)))
        own = sp.Derivative(sp.Integral(sp.exp(LOG_P(y)), (y, sp.Symbol("c", real=True), fibre.at)), fibre.at)
        assuming = (slope > 0,) if slope.free_symbols else ()
        found += [
            Equation(f"growth of the mass of an image, {word} f", growth, at_end),
            Equation(f"mass of intervals, {word} f", claimed * slope, own.subs(fibre.at, fibre.point), assuming),
        ]
    return found


def masses_through_the_inverse(rule: LogRule) -> list[Equation]:
    """The same with f given by its inverse g, so that the claimed density is a function
    of y: its integral over [u, v] against that of p from g(u) to g(v)."""
    g, y, u, v = sp.Function("g", real=True), *sp.symbols("y u v", real=True)
    found = []
    for orientation, word in ((1, "increasing"), (-1, "decreasing")):
        claimed = sp.exp(rule(LOG_P(orientation * g(y)), -sp.log(g(y).diff(y))))
        ends = (g(u), g(v)) if orientation == 1 else (-g(v), -g(u))
        sides = sp.Integral(claimed, (y, u, v)), sp.Integral(sp.exp(LOG_P(y)), (y, *ends))
        growth = [sp.Derivative(side, v) for side in sides]
        found.append(Equation(f"mass of intervals of the image, {word} f", *growth, (g(v).diff(v) > 0,)))
    return found


Density = Callable[[sp.Expr], sp.Expr]  # a density
Received = Callable[[Density, sp.Expr], sp.Expr]


def alone(density: Density, at: sp.Expr) -> sp.Expr:
    """What the image at f(x) receives from a distribution when no other point has that
    image."""
    return density(at)


def square_image(density: Density, at: sp.Expr) -> sp.Expr:
    """The same for x -> x^2, where -x has the same image."""
    return density(at) + density(-at)


def ratios(received: Received = alone) -> list[Equation]:
    """On a line, for undefined p, q and f: the ratio of the images' densities at f(x),
    each a quotient of a mass and a length, is that at x; so are posteriors.

    No Jacobian is evaluated: both densities are divided by one rate at which the length
    of the image grows.
    """
    p, q = sp.Function("p", positive=True), sp.Function("q", positive=True)
    y, prior, found = sp.Symbol("y", real=True), sp.Symbol("pi", positive=True), []
    for orientation, word in ((1, "increasing"), (-1, "decreasing")):
        fibre = undefined_chart(orientation)
        length = sp.Derivative(mass_in_an_interval(sp.S.One, y, fibre), fibre.at)
        first, second = (
            sp.Derivative(sp.Integral(received(density, y), (y, sp.Symbol("c", real=True), X)), X) / length
            for density in (p, q)
        )
        given = (fibre.slope > 0,)
        posterior = prior * first / (prior * first + second)
        found += [
            Equation(f"ratio of densities, {word} f", first / second, p(X) / q(X), given),
            Equation(
                f"posterior of the first distribution, {word} f", posterior, prior * p(X) / (prior * p(X) + q(X)), given
            ),
        ]
    return found


@dataclass(frozen=True)
class Ladder:
    r"""A bijection of an interval that is affine, of one slope, on countably many
    pieces, and wild on what is left.

    In generation k = 1, 2, ... there are 2**(k-1) pieces, whose images have length
    ``slope`` * 3**-k. The distribution is uniform with density ``level``. Examples: x
    -> sigma x + Cantor(x) on [0, 1] (level 1), which sends the null Cantor set to a set
    of length 1; and the inverse of x + Cantor(x) on [0, 2] (level 1/2), whose
    derivative vanishes on a set of half the mass.
    """

    slope: sp.Expr
    level: sp.Expr

    def claimed_mass(self, rule: LogRule, generations: sp.Symbol) -> sp.Expr:
        """Mass that the density claimed by ``rule`` gives to the images of the pieces
        of the first generations."""
        k = sp.Dummy("k", integer=True, positive=True)
        claimed = sp.exp(rule(sp.log(self.level), sp.log(self.slope)))
        return claimed * self.slope * sp.Sum(sp.Integer(2) ** (k - 1) * sp.Integer(3) ** -k, (k, 1, generations))

    def mass_on_pieces(self, rule: LogRule) -> Equation:
        """That the claimed density has, on n generations of pieces, all of the mass but
        (2/3)^n."""
        n = sp.Symbol("n", integer=True, positive=True)
        name = "the claimed density has all but (2/3)^n of the mass on n generations of pieces"
        return Equation(name, self.claimed_mass(rule, n), settled_mass(n))

    def carried_mass(self, rest: Callable[[sp.Expr, sp.Expr, sp.Expr], sp.Expr]) -> Equation:
        """That the ratio of P to Q, carried to the images, integrates under the image
        of Q to the whole mass of P.

        Q has P's density divided by r on the pieces and by s on the 2^n cylinders that
        are left after n generations, each of which is as long as its image, 3^-n, and
        2^-n more. ``rest`` says what the cylinders' images add, from s, their mass
        under Q, and the length of their images.
        """
        n = sp.Symbol("n", integer=True, positive=True)
        r, s = sp.symbols("r s", positive=True)
        k = sp.Dummy("k", integer=True, positive=True)
        on_pieces = r * sp.Sum(self.level / r * sp.Integer(2) ** (k - 1) * sp.Integer(3) ** -k, (k, 1, n))
        mass = self.level / s * 2**n * (sp.Integer(3) ** -n + sp.Integer(2) ** -n)
        left = on_pieces + rest(s, mass, 2**n * sp.Integer(3) ** -n)
        return Equation("the carried ratio integrates to the mass of P", left, 1)


def by_mass(ratio: sp.Expr, mass: sp.Expr, length: sp.Expr) -> sp.Expr:
    """The ratio integrated against the image of Q, which charges sets of length zero
    too."""
    return ratio * mass


def by_length(ratio: sp.Expr, mass: sp.Expr, length: sp.Expr) -> sp.Expr:
    """The ratio times a density of the image of Q, of any height, integrated by
    length."""
    return ratio * sp.Symbol("q_f", positive=True) * length


GENTLE_LADDER = Ladder(sp.Symbol("sigma", positive=True), sp.S.One)  # x -> sigma x + Cantor(x)
STEEP_LADDER = Ladder(sp.S.One, sp.Rational(1, 2))  # the inverse of x + Cantor(x)


def settled_mass(generations: sp.Symbol) -> sp.Expr:
    """1 - (2/3)**n: what a distribution must have placed on the pieces of n generations
    if all of it lies on the pieces."""
    return 1 - sp.Rational(2, 3) ** generations


def saturate(tail: sp.Expr) -> sp.Expr:
    """T/(1+T), which tends to 0 exactly if T >= 0 does, and to 1 if T tends to
    infinity."""
    return tail / (1 + tail)
