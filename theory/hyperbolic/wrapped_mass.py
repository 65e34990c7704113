r"""The total mass of an isotropic wrapped normal on hyperbolic n-space, enclosed by
balls.

The density is integrated over the Poincaré ball against *its* volume element,
:math:`(2/(1-r^2))^n`: neither the exponential map's determinant nor the Gaussian's
normalisation is used. With :math:`r = \tanh(t/2)` the integrand is entire but for poles
of tanh; it is integrated on [0, T], and the rest is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy import Expr, I, Rational, Symbol, exp, gamma, pi, sinc, sqrt, tanh

__all__ = ["LogCorrection", "log_stretch", "mass_minus_one"]

LogCorrection = Callable[
    [int, Expr, Expr], Expr
]  # (n, rho, R) -> e^(what is subtracted from the Gaussian's log density)


def log_stretch(n: int, rho: Expr, radius: Expr) -> Expr:
    r""":math:`(\sinh(\rho/R)/(\rho/R))^{n-1}`, written
    :math:`\operatorname{sinc}(i\rho/R)^{n-1}`, which is holomorphic at 0."""
    return sinc(I * rho / radius) ** (n - 1)


def mass_minus_one(n: int, radius: Fraction, sigma: Fraction, correction: LogCorrection = log_stretch) -> Any:
    r"""A ball around :math:`\int p\,d\mathrm{vol} - 1` for :math:`p = N(\rho e; 0,
    \sigma^2 I)/c_n(\rho, R)`.

    In curvature radii :math:`t = \rho/R` the mass is :math:`\omega_{n-1} R^n
    \int_0^\infty p(Rt)\,(2/(1-r^2))^n r^{n-1}\,\frac{dr}{dt}\,dt`.

    Args:
        n: Dimension, at least 1.
        radius, sigma: R and the standard deviation, positive.
        correction: c_n, at least :math:`\min(1, R^{n})` in size for large t, so that
            the tail is bounded; holomorphic near the positive axis.
    Returns:
        A ball. The tail beyond T: the integrand is at most :math:`C e^{-\alpha t^2 +
        2nt}`, with :math:`\alpha = R^2/2\sigma^2` and
        :math:`t^{n-1} \le e^{nt}, \sinh^{n-1} t \le e^{nt}`; its integral is at most
        :math:`C e^{-\alpha T^2 + 2nT}/(2\alpha T - 2n)`.
    """
    from theory.proof import balls

    R, s = (Rational(value.numerator, value.denominator) for value in (radius, sigma))
    t = Symbol("t", positive=True)
    sphere = 2 * pi ** Rational(n, 2) / gamma(Rational(n, 2))  # area of the unit sphere of R^n
    constant = sphere * (R / (s * sqrt(2 * pi))) ** n
    r = tanh(t / 2)
    ball = (2 / (1 - r**2)) ** n * r ** (n - 1) * (1 - r**2) / 2
    integrand = exp(-((R * t / s) ** 2) / 2) / correction(n, R * t, R) * ball
    alpha = R**2 / (2 * s**2)
    end = sp.Integer(8)
    while not alpha * end**2 - 2 * n * end > 160 + 8 * n:  # natural logarithms: e^-160 < 2^-230
        end += 2
    tail = constant * exp(-alpha * end**2 + 2 * n * end) / (2 * alpha * end - 2 * n) * (1 + R**-n)
    inside = balls.enclose(constant * sp.Integral(integrand, (t, 0, end)) - 1, balls.Instantiation({}, {}))
    return balls.widen(inside, balls.enclose(tail, balls.Instantiation({}, {})))
