"""The map f_1 = int_c^x p/s that gives the image the density s, in symbols: p, s and
the base point c are undefined, and D is a letter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.distributions.pushforward import saturate
from theory.proof.statements import Equation, Induction, Recursion
from theory.transports.triangular import DIMENSION, coordinates, flux_divergence

X, W = sp.Symbol("x", real=True), sp.Symbol("w", real=True)
BASE = sp.Function("c", real=True)(W)
LOG_P = sp.Function("lambda_p", real=True)(X, W)  # log p on a fibre, undefined

Integrand = Callable[[Any, Any], Any]  # from (log p, log s) to the logarithm of what is integrated


def score_coordinate(log_integrand: sp.Expr, at: sp.Symbol = X, base: sp.Expr = BASE) -> sp.Expr:
    r"""The first coordinate :math:`\int_c^{x_1} e^{\text{log integrand}(t)}\,dt` of the
    map that realises a score."""
    t = sp.Dummy("t", real=True)
    return sp.Integral(sp.exp(log_integrand.subs(at, t)), (t, base, at))


def density_of_the_image(log_p: sp.Expr, log_s: sp.Expr, integrand: Integrand) -> list[Equation | Induction]:
    """That the map of ``integrand(log p, log s)`` gives the image the density s, in
    every D; both are expressions in ``X`` and ``W``."""
    log_slope = integrand(log_p, log_s)
    first = score_coordinate(log_slope)
    slope = sp.Derivative(first, X)
    return [
        _growth_along_a_fibre(),
        Equation(
            "mass along a fibre, under the density s", sp.exp(log_s) * slope, sp.Derivative(score_coordinate(log_p), X)
        ),
        Equation("the first coordinate increases at the integrand's rate", slope, sp.exp(log_slope)),
        Equation("f_1 vanishes at the base point", first.subs(X, BASE), 0),
        masses_of_boxes(sp.exp(log_s), slope, sp.exp(log_p)),
    ]


def _growth_along_a_fibre() -> Equation:
    """The mass of the image of an interval of a fibre, under any density q, grows with
    its upper end at the rate q df_1/dx."""
    y, q, image = sp.Symbol("y", real=True), sp.Function("q", real=True), sp.Function("f_1", real=True)
    mass = sp.Integral(q(y, W), (y, image(BASE, W), image(X, W)))
    rate = q(image(X, W), W) * sp.Derivative(image(X, W), X)
    return Equation("growth of the mass of the image of a fibre's interval", sp.Derivative(mass, X), rate)


def image_densities(log_s: Callable[[sp.Expr], sp.Expr], integrand: Integrand) -> tuple[sp.Expr, sp.Expr]:
    """Density of the image at the images of two points (x, w) and (x', w'): p over the
    rate at which f_1 grows there, ``log_s`` being of log p."""
    densities = []
    for names in ("x w", "x' w'"):
        x, w = sp.symbols(names, real=True)
        log_p = LOG_P.subs({X: x, W: w})
        first = score_coordinate(integrand(log_p, log_s(log_p)), x, BASE.subs(W, w))
        densities.append(sp.exp(log_p) / sp.Derivative(first, x))
    return densities[0], densities[1]


def score_map(dim: int, slope: sp.Symbol) -> tuple[sp.Matrix, tuple[sp.Symbol, ...]]:
    """(f_1, x_2, .., x_D) at the origin up to second order: f_1 with the given slope
    along x_1 and all other coefficients free."""
    xs = coordinates(dim)
    first = slope * xs[0] + sum(sp.Symbol(f"b{k + 1}", real=True) * xs[k] for k in range(1, dim))
    for i in range(dim):
        first += sum(sp.Symbol(f"b{i + 1}{k + 1}", real=True) * xs[i] * xs[k] for k in range(i, dim))
    return sp.Matrix([first, *xs[1:]]), xs


def masses_of_boxes(score: sp.Expr, slope: sp.Expr, density: sp.Expr) -> Induction:
    """In every D the mass of the image of a box under s grows at the rate p:
    coordinates that stay where they are change nothing, one after the other.

    By definition the rate is the flux through the image of the box's boundary;
    ``slope`` is that of f_1 along x_1.
    """
    n, mass = DIMENSION, sp.Function("M", positive=True)
    own, here = sp.Symbol("r", real=True), sp.Symbol("s_here", real=True)

    def by_flux(dim: int) -> sp.Expr:
        image, xs = score_map(dim, own)
        rate = flux_divergence(image, xs, here).subs(dict.fromkeys(xs, sp.S.Zero))
        return rate.subs({own: slope, here: score})

    one_more = Recursion(mass(n), (score * slope,), mass(n), by_flux)
    return Induction("mass of boxes under the density s", n, (Equation("", mass(n), density),), (one_more,))


# -- finiteness at the base point -----------------------------------------------------------------------------------------

T, R = sp.Symbol("t", real=True), sp.Symbol("R", positive=True)


@dataclass(frozen=True)
class FibreEnd:
    """p/s on a named fibre with an antiderivative, and an interval (low, high) in ``T``
    that runs to the base point as ``R`` grows.

    f is finite there exactly if the integral of p/s over the interval tends to 0.
    """

    name: str
    log_integrand: sp.Expr
    antiderivative: sp.Expr
    low: sp.Expr
    high: sp.Expr

    def finiteness(self) -> list[Equation]:
        """That the antiderivative is one, and that the integral I over the interval
        tends to 0: I/(1 + I) does (1 for a divergent one)."""
        tail = self.antiderivative.subs(T, self.high) - self.antiderivative.subs(T, self.low)
        derived, limit = sp.Derivative(self.antiderivative, T), sp.Limit(saturate(tail), R, sp.oo)
        return [
            Equation(f"antiderivative of p/s: {self.name}", derived, sp.exp(self.log_integrand)),
            Equation(f"finite at the base point: {self.name}", limit, 0),
        ]


def finite_at_the_base_point(ends: Sequence[FibreEnd]) -> list[Equation]:
    """:meth:`FibreEnd.finiteness` of each."""
    return [equation for end in ends for equation in end.finiteness()]


LOGISTIC, LOG_LOGISTIC = 1 / (1 + sp.exp(-T)), -T - 2 * sp.log(1 + sp.exp(-T))  # distribution function, log density
RECIPROCAL = sp.exp(T) + 2 * T - sp.exp(-T)  # antiderivative of the logistic density's reciprocal
RIDGE = "p = exp(-|y|^(1/2) t^2 - y^2) on the line y = 0, s = 1"
CAP = sp.log(3 * (1 - T**2) / (4 * T)), 3 * (sp.log(T) - T**2 / 2) / 4  # p/s and its antiderivative, t > 0

SOUND_ENDS = (
    FibreEnd("logistic p, s = 1, base -oo", LOG_LOGISTIC, LOGISTIC, -2 * R, -R),
    FibreEnd("logistic p, s = p^2, base 0", -LOG_LOGISTIC, RECIPROCAL, 1 / (2 * R), 1 / R),
    FibreEnd(f"{RIDGE}, base 0", sp.S.Zero, T, 1 / (2 * R), 1 / R),
)
SQUARED_SCORE_FROM_INFINITY = FibreEnd("logistic p, s = p^2, base -oo", -LOG_LOGISTIC, RECIPROCAL, -2 * R, -R)
RIDGE_FROM_INFINITY = FibreEnd(f"{RIDGE}, base -oo", sp.S.Zero, T, -2 * R, -R)
VANISHING_SCORE = FibreEnd("p = 3/4 (1 - x_1^2), s = |x_1|, base 0", *CAP, 1 / (2 * R), 1 / R)
