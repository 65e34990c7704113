r"""Maps along rays, x -> lambda(x) x, in symbols: their density for every D, when they
commute with isometries, and what no equivariant map changes.

p and s are undefined positive functions on a ray. On the ray of a direction w the map
sends r w to rho w with :math:`\rho^D = D \int_0^r t^{D-1} p(tw)/s(tw)\,dt`.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from theory.proof.statements import Enumeration, Equation, Induction, Recursion, Statement
from theory.proof.words import WordTheorem, derivations

N = sp.Symbol("n", integer=True, positive=True)
DIM = sp.Symbol("D", positive=True)  # the dimension, any positive number where only exponents are asked of it
RADIUS = sp.Symbol("r", positive=True)
P, S = sp.Function("p", positive=True), sp.Function("s", positive=True)  # along one ray
Exponent = Callable[[sp.Expr], sp.Expr]


def one_less(dimension: sp.Expr) -> sp.Expr:
    """D - 1, the power of t in the volume of a shell."""
    return dimension - 1


def two_less(dimension: sp.Expr) -> sp.Expr:
    """D - 2: not that power."""
    return dimension - 2


def determinant_of_a_radial_map() -> Induction:
    r""":math:`\det(\lambda I + x \nabla\lambda^T) = \lambda^{D-1}(\lambda + x \cdot
    \nabla\lambda)` for every D, by induction over coordinates.

    Expanding in the last column, lambda times the smaller determinant is left, and
    lambda^n x_{n+1} times the last derivative.
    """
    a = sp.Symbol("lambda", positive=True)
    d, along, x, slope = (sp.Function(name, real=True) for name in ("d", "e", "x", "l"))

    def determinant(k: int) -> sp.Expr:
        return sp.Determinant(sp.Matrix(k, k, lambda i, j: (a if i == j else 0) + x(i + 1) * slope(j + 1)))

    objects = (
        Recursion(d(N), (a + x(1) * slope(1),), a * d(N) + a**N * x(N + 1) * slope(N + 1), determinant),
        Recursion(along(N), (x(1) * slope(1),), along(N) + x(N + 1) * slope(N + 1), lambda k: sp.Add(*(x(i) * slope(i) for i in range(1, k + 1)))),
    )  # fmt: skip
    claim = Equation("the determinant lemma", d(N), a ** (N - 1) * (a + along(N)))
    return Induction("determinant of x -> lambda(x) x", N, (claim,), objects)


def density_of_the_image(exponent: Exponent = one_less) -> list[Equation]:
    """p over the determinant is s, in every D, with p and s undefined; and p/s is read
    back off the map.

    The determinant is lambda^(D-1) (lambda + r dlambda/dr) with lambda = rho/r, since x
    . grad is r d/dr along the ray. From the second equation rho is unchanged by an
    isometry only if p/s is.
    """
    mass = sp.Function("M", positive=True)  # int_0^r, whose derivative is the integrand
    rho = (DIM * mass(RADIUS)) ** (1 / DIM)
    stretch = rho / RADIUS
    determinant = stretch ** (DIM - 1) * (stretch + RADIUS * sp.diff(stretch, RADIUS))
    integrand = RADIUS ** exponent(DIM) * P(RADIUS) / S(RADIUS)
    growth = sp.Derivative(mass(RADIUS), RADIUS)
    density = (P(RADIUS) / determinant).subs(growth, integrand)
    volume = sp.Derivative(rho**DIM, RADIUS).doit().subs(growth, integrand)
    return [
        Equation("density of the image of a radial map", density, S(RADIUS)),
        Equation("p/s, read back off the radii", volume / (DIM * RADIUS ** (DIM - 1)), P(RADIUS) / S(RADIUS)),
    ]


def rays_are_kept() -> list[Equation]:
    """f(x) is a positive multiple of x, so that every linear subspace that holds x
    holds f(x): w . f(x) = 0 where w . x = 0, here with w solved for in three
    dimensions."""
    x = sp.symbols("x1:4", real=True, nonzero=True)
    w = sp.symbols("w1:3", real=True)
    scale = sp.Function("lambda", positive=True)(*x)
    normal = (*w, -(w[0] * x[0] + w[1] * x[1]) / x[2])
    image = [scale * c for c in x]
    return [Equation("subspaces are kept", sum(a * b for a, b in zip(normal, image, strict=True)), 0)]


# -- equivariant maps in general -------------------------------------------------------------------------------------------


def volumes_of_equivariant_maps() -> list[Statement]:
    """f(gx) = g f(x) gives Df(gx) = g Df(x) g^-1, whose determinant is that of Df(x):
    the volume factor is invariant, and the score of the image is p times an invariant
    function."""
    theorem = WordTheorem(
        "Df(gx) = g Df(x) g^-1", "J", "gKh", (("Jg", "gK"), ("gh", ""), ("hg", "")), ("Jgh",),
        meaning="J, K: the Jacobians at gx and at x; g, h: an isometry and its inverse",
    )  # fmt: skip
    turn, slope = sp.symbols("theta", real=True), sp.Matrix(2, 2, sp.symbols("k1:5", real=True))
    g = sp.Matrix([[sp.cos(turn), -sp.sin(turn)], [sp.sin(turn), sp.cos(turn)]])
    moved = sp.Determinant(g * slope * g.T)
    conjugates: Enumeration = derivations((theorem,), 1, "Jacobians along an orbit")
    return [conjugates, Equation("their determinants", moved, sp.Determinant(slope))]


Volume = Callable[[sp.Expr], sp.Expr]


def one_volume(k: sp.Expr) -> sp.Expr:
    """The volume factor of an equivariant map: one along an orbit."""
    return sp.Symbol("J", positive=True)


def own_volumes(k: sp.Expr) -> sp.Expr:
    """That of any map: another at each point of an orbit."""
    return sp.Function("J", positive=True)(k)


def within_orbit_score(volume: Volume = one_volume) -> list[Statement]:
    """log p(x) - log mean_g p(gx) is the same before and after an equivariant map, for
    groups of any order n, by induction over elements.

    p(k) is the density at the k-th point of an orbit, and p(k)/J the density of the
    image there.
    """
    after, before = sp.Function("B", positive=True), sp.Function("A", positive=True)
    p, common = sp.Function("p", positive=True), sp.Symbol("J", positive=True)

    def total(values: Callable[[sp.Expr], sp.Expr]) -> Callable[[int], sp.Expr]:
        return lambda k: sp.Add(*(values(sp.Integer(j)) for j in range(1, k + 1)))

    def image(k: sp.Expr) -> sp.Expr:
        return p(k) / volume(k)

    objects = (
        Recursion(after(N), (image(sp.Integer(1)),), after(N) + image(N + 1), total(image)),
        Recursion(before(N), (p(1),), before(N) + p(N + 1), total(p)),
    )
    claim = Equation("the sum over an orbit", after(N), before(N) / common)
    one = sp.Symbol("p_x", positive=True)
    orbit = sp.Symbol("m", positive=True)  # the mean of p over the orbit
    scores = sp.log(one / common) - sp.log(orbit / common), sp.log(one) - sp.log(orbit)
    return [
        Induction("densities along an orbit", N, (claim,), objects),
        Equation("the score within an orbit, before and after", *scores),
    ]
