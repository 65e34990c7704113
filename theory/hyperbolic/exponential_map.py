r"""The exponential map of hyperbolic n-space of curvature :math:`-1/R^2`, exactly: what
it does to lengths and volumes, for every n.

A tangent vector v at the origin goes to :math:`(R\cosh(\rho/R),\;
R\sinh(\rho/R)\,v/\rho)` on the hyperboloid, :math:`\rho = |v|`. Along the radius
lengths are kept; across it they are stretched by :math:`J/\rho`, where J is the Jacobi
field that vanishes at the origin with slope 1. The dimension enters through scalars
(:mod:`theory.hyperbolic.models`) and, in the determinant, by induction over
coordinates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
from sympy import Derivative, Expr, Function, Symbol, cosh, log, sinh, sqrt, symbols

from theory.proof.statements import Equation, Induction, Recursion

__all__ = [
    "Correction", "density_times_volume", "jacobi_field", "log_stretch", "pulled_back_metric", "rank_one_determinant",
    "stretch", "volume_element",
]  # fmt: skip

Correction = Callable[[Expr, Expr, Expr], Expr]  # (n, rho, R) -> what is subtracted from the Gaussian's log density

R, RHO = symbols("R rho", positive=True)
N = Symbol("n", integer=True, positive=True)


def stretch(rho: Expr, radius: Expr) -> Expr:
    r""":math:`J/\rho = R\sinh(\rho/R)/\rho`: the factor by which the exponential map
    stretches directions across the radius."""
    return radius * sinh(rho / radius) / rho


def log_stretch(n: Expr, rho: Expr, radius: Expr) -> Expr:
    r""":math:`(n-1)\log\frac{\sinh(\rho/R)}{\rho/R}`, the correction in the wrapped
    normal's log density."""
    return (n - 1) * log(sinh(rho / radius) / (rho / radius))


def jacobi_field() -> list[Equation]:
    """J = R sinh(rho/R) solves Jacobi's equation J'' = J/R^2, for the curvature -1/R^2,
    with J(0) = 0 and J'(0) = 1."""
    t = Symbol("t", positive=True)
    field = RHO * stretch(RHO, R)
    return [
        Equation("Jacobi's equation J'' = J/R^2", Derivative(field, (RHO, 2)), field / R**2),
        Equation("J'(0) = 1", sp.Subs(Derivative(field, RHO), RHO, 0), sp.Integer(1)),
        Equation(
            "J(0) = 0: J is the integral of J'", sp.Integral(Derivative(field.subs(RHO, t), t), (t, 0, RHO)), field
        ),
    ]


def pulled_back_metric(across: Callable[[Expr, Expr], Expr] = stretch) -> Equation:
    r"""The Lorentz length of an image's velocity: :math:`\rho'^2 + (J/\rho)^2 (|v'|^2 -
    \rho'^2)`, for curves v(s) in any dimension.

    With :math:`\xi = f(\rho)\,v` the only facts used of R^n are :math:`\langle v,
    v'\rangle = \rho\rho'` and bilinearity.
    """
    s, square = Symbol("s", real=True), Symbol("V", positive=True)  # V = |v'|^2
    rho = Function("rho", positive=True)(s)
    f, slope = stretch(rho, R), Derivative(rho, s)
    change = Derivative(f, s)
    spatial = change**2 * rho**2 + 2 * f * change * rho * slope + f**2 * square
    return Equation(
        "|d exp(v')|^2: the radius is kept, what lies across is stretched",
        spatial - Derivative(R * cosh(rho / R), s) ** 2,
        slope**2 + across(rho, R) ** 2 * (square - slope**2),
    )


def rank_one_determinant() -> Induction:
    r""":math:`\det(aI + b\,uu^T) = a^{n-1}(a + b|u|^2)` for every n, by induction over
    coordinates.

    The last column is :math:`b u_{n+1} u + a e_{n+1}`. The determinant is linear in it:
    the part with :math:`a e_{n+1}` gives a times the smaller determinant, and from the
    other part :math:`b u_{n+1}` times u clears the rank-one term of all other columns,
    which leaves
    :math:`b u_{n+1}^2 a^n`.
    """
    a, b = symbols("a b", positive=True)
    D, S, u = (Function(name, real=True) for name in ("D", "S", "u"))

    def determinant(k: int) -> Any:
        return sp.Determinant(sp.Matrix(k, k, lambda i, j: (a if i == j else 0) + b * u(i + 1) * u(j + 1)))

    objects = (
        Recursion(D(N), (a + b * u(1) ** 2,), a * D(N) + b * a**N * u(N + 1) ** 2, determinant),
        Recursion(S(N), (u(1) ** 2,), S(N) + u(N + 1) ** 2, lambda k: sp.Add(*(u(i) ** 2 for i in range(1, k + 1)))),
    )
    claim = Equation("det(aI + b uu^T) = a^(n-1) (a + b |u|^2)", D(N), a ** (N - 1) * (a + b * S(N)))
    return Induction("determinant of aI + b uu^T", N, (claim,), objects)


def volume_element(n: Expr, a: Expr, b: Expr, square: Expr) -> Expr:
    r""":math:`\sqrt{\det(aI + b\,uu^T)}` by :func:`rank_one_determinant`, ``square``
    being :math:`|u|^2`."""
    return sqrt(a ** (n - 1) * (a + b * square))


def density_times_volume(correction: Correction = log_stretch) -> list[Equation]:
    r"""log p plus the log of the volume that the exponential map makes of a unit of
    tangent space is the Gaussian's log density, for every n.

    The pulled-back metric is :math:`aI + (1-a)\,ee^T` with :math:`a = (J/\rho)^2` and e
    the direction of v (:func:`pulled_back_metric`). So the mass of p on any set is the
    Gaussian's on its preimage (the map is one-to-one onto the space), and the total
    mass is one.
    """
    gaussian = Symbol("L", real=True)
    a = stretch(RHO, R) ** 2
    volume = volume_element(N, a, 1 - a, sp.Integer(1))
    log_p = gaussian - correction(N, RHO, R)
    extra = sp.Symbol("m", integer=True, positive=True)  # n - 1 across the radius, n > 1
    return [
        Equation("log p + log volume = log N", log_p + log(volume), gaussian),
        Equation(
            "the volume element is one stretch for each direction across",
            volume_element(extra + 1, a, 1 - a, sp.Integer(1)),
            sp.exp(correction(extra + 1, RHO, R)),
        ),
    ]
