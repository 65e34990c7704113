r"""Densities under maps, exactly: push-forwards on a line, mass balances along fibres, and countably many affine pieces.

The push-forward is never its own proof. What is proved is a *mass balance*: the mass that a claimed density gives to the image of
an interval, differentiated by the fundamental theorem of calculus, against the density of the interval itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

LogRule = Callable[[sp.Expr, sp.Expr], sp.Expr]


def push(density: sp.Expr, *, through: Callable[[sp.Expr], sp.Expr], at: sp.Symbol, orientation: int = 1) -> sp.Expr:
    r"""Density of f(X) at f(x), for a monotone differentiable f on a line: :math:`p(x)/|f'(x)|`.

    Args:
        density: p(x), an expression in ``at``.
        through: f, a SymPy function or any callable on expressions.
        at: The symbol x.
        orientation: +1 for increasing f, -1 for decreasing.
    Raises:
        ValueError: f does not depend on x, so that it is no bijection.

    >>> x, F = sp.Symbol("x", real=True), sp.Function("F", real=True)
    >>> push(F(x).diff(x), through=F, at=x)
    1
    """
    slope = sp.diff(through(at), at)
    if slope == 0:
        raise ValueError(f"Expected a map that moves with {at}, got {through(at)}, which is constant.")
    if orientation not in (1, -1):
        raise ValueError(f"Expected an orientation of +1 (increasing) or -1 (decreasing), got {orientation}.")
    return density / (orientation * slope)


@dataclass(frozen=True)
class Fibre:
    """A map on one line, its orientation and the point where a balance is taken.

    ``image`` is an expression in ``at``; ``point`` is where it is evaluated (``at`` itself for every point).
    """

    image: sp.Expr
    at: sp.Symbol
    point: sp.Expr
    orientation: int = 1

    @property
    def slope(self) -> sp.Expr:
        """|df/dt| at the point."""
        return sp.diff(self.image, self.at).subs(self.at, self.point) * self.orientation


def mass_balance(
    log_density: sp.Expr, fibre: Fibre, claimed: sp.Expr, *, others: sp.Expr = sp.S.One
) -> tuple[sp.Expr, sp.Expr]:
    r"""Rates at which the mass of an image and the mass of its interval grow with the upper end.

    With Y = f(X) of density q and ``others`` the volume factor of the remaining coordinates,

    .. math:: \frac{d}{dt}\Bigl[\text{others}\int_{f(c)}^{f(t)} q(y)\,dy\Bigr] \quad\text{and}\quad \frac{d}{dt}\int_c^t p(\tau)\,d\tau .

    Both masses vanish at t = c, so that equal rates at every t mean equal masses of every interval.

    Args:
        log_density: log p as an expression in ``fibre.at``.
        fibre: The map and the point.
        claimed: q(f(t)) at the point, an expression. Only here does the claim enter; q is an undefined function until then.
        others: Volume factor of the other coordinates.
    Returns:
        The two rates at ``fibre.point``.
    """
    t, start, y, q = fibre.at, sp.Dummy("c", real=True), sp.Dummy("y", real=True), sp.Function("q", real=True)
    ends = (fibre.image.subs(t, start), fibre.image)
    low, high = ends if fibre.orientation == 1 else ends[::-1]
    image_mass = others * sp.Integral(q(y), (y, low, high))
    interval_mass = sp.Integral(sp.exp(log_density.subs(t, y)), (y, start, t))
    grown = sp.diff(image_mass, t).subs(q(fibre.image), sp.Symbol("q_here"))
    rates = [sp.expand(grown).subs(t, fibre.point), sp.diff(interval_mass, t).subs(t, fibre.point)]
    return rates[0].subs(sp.Symbol("q_here"), claimed), rates[1]


@dataclass(frozen=True)
class Ladder:
    r"""A bijection of an interval that is affine, of one slope, on countably many pieces, and wild on what is left.

    In generation k = 1, 2, ... there are 2**(k-1) pieces, whose images have length ``slope`` * 3**-k. The law is uniform with density
    ``level``. Examples: x -> sigma x + Cantor(x) on [0, 1] (level 1), which sends the null Cantor set to a set of length 1; and the inverse of
    x + Cantor(x) on [0, 2] (level 1/2), whose derivative vanishes on a set of half the mass.
    """

    slope: sp.Expr
    level: sp.Expr

    def claimed_mass(self, rule: LogRule, generations: sp.Symbol) -> sp.Expr:
        """Mass that the density claimed by ``rule`` gives to the images of the pieces of the first generations."""
        k = sp.Dummy("k", integer=True, positive=True)
        claimed = sp.exp(rule(sp.log(self.level), sp.log(self.slope)))
        return claimed * self.slope * sp.Sum(sp.Integer(2) ** (k - 1) * sp.Integer(3) ** -k, (k, 1, generations))


def settled_mass(generations: sp.Symbol) -> sp.Expr:
    """1 - (2/3)**n: what a law must have placed on the pieces of n generations if all of it lies on the pieces."""
    return 1 - sp.Rational(2, 3) ** generations


def saturated(tail: sp.Expr) -> sp.Expr:
    """T/(1+T), which tends to 0 exactly if T >= 0 does, and to 1 if T tends to infinity."""
    return tail / (1 + tail)
