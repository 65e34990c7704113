r"""The total mass of an isotropic wrapped normal on hyperbolic n-space, enclosed by balls.

The density is integrated over the Poincaré ball against *its* volume element, :math:`(2/(1-r^2))^n`: neither the exponential map's determinant nor the
Gaussian's normalisation is used. With :math:`r = \tanh(t/2)` the integrand is entire but for poles of tanh; FLINT integrates it on [0, T], and the rest
is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from flint import acb, arb, ctx, fmpq

__all__ = ["LogCorrection", "log_stretch", "mass_minus_one"]

PRECISION = 256
LogCorrection = Callable[
    [int, acb, arb], acb
]  # (n, rho, R) -> e^(what is subtracted from the Gaussian's log density), holomorphic


def log_stretch(n: int, rho: acb, radius: arb) -> acb:
    r""":math:`(\sinh(\rho/R)/(\rho/R))^{n-1}`, which is :math:`\operatorname{sinc}(i\rho/R)^{n-1}`."""
    return (rho / radius * acb(0, 1)).sinc() ** (n - 1)


def mass_minus_one(n: int, radius: Fraction, sigma: Fraction, correction: LogCorrection = log_stretch) -> arb:
    r"""A ball around :math:`\int p\,d\mathrm{vol} - 1` for :math:`p = N(\rho e; 0, \sigma^2 I)/c_n(\rho, R)`.

    In curvature radii :math:`t = \rho/R` the mass is :math:`\omega_{n-1} R^n \int_0^\infty p(Rt)\,(2/(1-r^2))^n r^{n-1}\,\frac{dr}{dt}\,dt`.

    Args:
        n: Dimension, at least 1.
        radius, sigma: R and the standard deviation, positive.
        correction: c_n, at least :math:`\min(1, R^{n})` in size for large t, so that the tail is bounded; holomorphic near the positive axis.
    Returns:
        A real ball. The tail beyond T: the integrand is at most :math:`C e^{-\alpha t^2 + 2nt}`, with :math:`\alpha = R^2/2\sigma^2` and
        :math:`t^{n-1} \le e^{nt}, \sinh^{n-1} t \le e^{nt}`; its integral is at most :math:`C e^{-\alpha T^2 + 2nT}/(2\alpha T - 2n)`.
    """
    with ctx.workprec(PRECISION):
        R, s = (arb(fmpq(value.numerator, value.denominator)) for value in (radius, sigma))
        sphere = 2 * arb.pi() ** (arb(n) / 2) / (arb(n) / 2).gamma()  # area of the unit sphere of R^n
        constant = sphere * R**n / (s * (2 * arb.pi()).sqrt()) ** n

        def integrand(t: acb, analytic: bool) -> acb:
            del analytic
            r = (t / 2).tanh()
            ball = (2 / (1 - r * r)) ** n * r ** (n - 1) * (1 - r * r) / 2
            return (-((R * t / s) ** 2) / 2).exp() / correction(n, R * t, R) * ball

        alpha = R * R / (2 * s * s)
        end = 8
        while not alpha * end * end - 2 * n * end > 160 + 8 * n:  # natural logarithms: e^-160 < 2^-230
            end *= 2
        inner = acb.integral(integrand, 0, end).real
        tail = constant * (-alpha * end * end + 2 * n * end).exp() / (2 * alpha * end - 2 * n) * (1 + R**-n)
        return constant * inner + arb(0, tail.upper()) - 1
