r"""Maximum mean discrepancy of isotropic Gaussians under a Gaussian kernel, in every
dimension, and the fit that it prefers.

Letters: ``h`` the kernel's squared length, :math:`k(x, y) = e^{-|x-y|^2/(2h)}`; ``s``
the sum of the two variances; ``d`` the squared distance of the means. Integrals over
the line are read off pointwise identities whose right side is a constant times a normal
density.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.distributions.gaussian_likelihood import log_normal_density
from theory.proof.relative_entropy import N, sum_recursion
from theory.proof.statements import Equation, Induction, Recursion, Sign

HALF = sp.Rational(1, 2)
Power = Callable[[Any], sp.Expr]  # from the dimension to the power of h/(h + s)
Regime = Callable[[Any, Any], sp.Expr]  # from the squared separation and a slack to h + s

H, S = sp.Symbol("h", positive=True), sp.Symbol("s", positive=True)


def half_the_dimension(dimension: Any) -> sp.Expr:
    """D/2."""
    return dimension * HALF


def expected_kernel(h: Any, s: Any, d: Any, dimension: Any, power: Power = half_the_dimension) -> sp.Expr:
    """``(h/(h+s))^(D/2) exp(-d/(2(h+s)))``: E k(X, Y) for independent Gaussians."""
    return (h / (h + s)) ** power(dimension) * sp.exp(-d / (2 * (h + s)))


def squared_discrepancy(
    h: Any, s1: Any, s2: Any, d: Any, dimension: Any, *, power: Power = half_the_dimension
) -> sp.Expr:
    """MMD^2 of two Gaussians of variances s1 and s2 whose means are at squared distance
    d."""
    own = expected_kernel(h, 2 * s1, 0, dimension, power) + expected_kernel(h, 2 * s2, 0, dimension, power)
    return own - 2 * expected_kernel(h, s1 + s2, d, dimension, power)


def gaussian_integrals() -> list[Equation]:
    """One coordinate: the difference of two normal variables is normal, and the kernel
    times its density is a constant times a density."""
    u, y, m1, m2, delta = (sp.Symbol(name, real=True) for name in ("u", "y", "m_1", "m_2", "delta"))
    s1, s2 = sp.Symbol("s_1", positive=True), sp.Symbol("s_2", positive=True)
    joint = log_normal_density(y + u, m1, s1) + log_normal_density(y, m2, s2)
    middle = (s2 * (m1 - u) + s1 * m2) / (s1 + s2)
    apart = log_normal_density(u, m1 - m2, s1 + s2) + log_normal_density(y, middle, s1 * s2 / (s1 + s2))
    kernel = -(u**2) / (2 * H) + log_normal_density(u, delta, S)
    shrunk = log_normal_density(u, delta * H / (H + S), H * S / (H + S))
    constant = sp.log(expected_kernel(H, S, delta**2, 1))
    return [
        Equation("log density of a difference of normal variables", joint, apart),
        Equation("log of the kernel times a normal density", kernel, constant + shrunk),
        Equation(
            "a normal density has mass 1", sp.Integral(sp.exp(-(u**2) / 2), (u, -sp.oo, sp.oo)), sp.sqrt(2 * sp.pi)
        ),
    ]


def kernel_of_n_coordinates(power: Power = half_the_dimension) -> Induction:
    """Independent coordinates: the product of n one-dimensional expectations."""
    delta = sp.Function("delta", real=True)
    E, d = sp.Function("E", real=True), sp.Function("d", real=True)

    def factor(i: Any) -> sp.Expr:
        return sp.sqrt(H / (H + S)) * sp.exp(-(delta(i) ** 2) / (2 * (H + S)))

    product = Recursion(
        E(N), (factor(1),), E(N) * factor(N + 1), lambda k: sp.Mul(*(factor(i) for i in range(1, k + 1)))
    )
    claim = Equation("E k for n coordinates", E(N), expected_kernel(H, S, d(N), N, power))
    return Induction(
        "expected kernel in n dimensions", N, (claim,), (product, sum_recursion(d(N), lambda i: delta(i) ** 2))
    )


def wide_kernels(power: Power = half_the_dimension) -> list[Equation]:
    """``h MMD^2`` tends to the squared distance of the means: with x = 1/h, MMD^2
    vanishes at x = 0 and has that slope."""
    x, s1, s2, d, D = (sp.Symbol(name, positive=True) for name in ("x", "s_1", "s_2", "d", "D"))

    def at(x: Any) -> sp.Expr:
        # h/(h + s) = 1/(1 + x s) and 1/(h + s) = x/(1 + x s)
        own = [(1 + x * 2 * s) ** -power(D) for s in (s1, s2)]
        cross = (1 + x * (s1 + s2)) ** -power(D) * sp.exp(-x * d / (2 * (1 + x * (s1 + s2))))
        return own[0] + own[1] - 2 * cross

    return [
        Equation("MMD^2 as a function of 1/h", squared_discrepancy(1 / x, s1, s2, d, D, power=power), at(x)),
        Equation("its slope at 1/h = 0", sp.Subs(sp.Derivative(at(x), x), x, 0), d),
    ]


def narrow_kernels(power: Power = half_the_dimension) -> list[Equation]:
    r"""``MMD^2/(2 pi h)^(D/2)`` tends to the integral of the squared difference of the
    densities: E k at h = 0, and the product of densities."""
    x, m1, m2 = (sp.Symbol(name, real=True) for name in ("x", "m_1", "m_2"))
    s1, s2, d, D = (sp.Symbol(name, positive=True) for name in ("s_1", "s_2", "d", "D"))
    s = s1 + s2
    scaled = (2 * sp.pi * (H + S)) ** (-D / 2) * sp.exp(-d / (2 * (H + S)))
    both = log_normal_density(x, m1, s1) + log_normal_density(x, m2, s2)
    one = log_normal_density(m1, m2, s) + log_normal_density(x, (s2 * m1 + s1 * m2) / s, s1 * s2 / s)
    return [
        Equation("E k over (2 pi h)^(D/2)", expected_kernel(H, S, d, D, power) / (2 * sp.pi * H) ** (D / 2), scaled),
        Equation("at h = 0, log of one coordinate of the product of the densities", both, one),
    ]


# -- one Gaussian of fixed variance fitted to two modes --------------------------------------------------------------------


def wide(separation: Any, slack: Any) -> sp.Expr:
    """``h + s = a^2 + slack``: the kernel and the variances reach as far as the
    modes."""
    return separation + slack


def any_width(separation: Any, slack: Any) -> sp.Expr:
    """``h + s`` is any positive number."""
    return slack


def fit_of_two_modes(regime: Regime = wide) -> list[Equation | Sign]:
    r"""The fit to modes at -a and a: it is centred exactly where :math:`a^2 \le h + s`,
    in every dimension.

    Up to constants the fit maximises :math:`f(m) = e^{-(m-a)^2/(2\tau)} +
    e^{-(m+a)^2/(2\tau)}` with :math:`\tau = h + s`, m the coordinate along the modes;
    those across multiply it by :math:`e^{-m_\perp^2/(2\tau)}`. Its slope is a positive
    factor times
    :math:`-(m(\tau - a^2) + a\tau(x - \tanh x))/\tau` with :math:`x = am/\tau`.
    """
    m, tau, a = sp.Symbol("m", positive=True), sp.Symbol("tau", positive=True), sp.Symbol("a", positive=True)
    slack, x = sp.Symbol("c", positive=True), sp.Symbol("x", positive=True)
    across = sp.Symbol("w", real=True)  # of the mean across the line through the modes
    overlap = sp.exp(-((m - a) ** 2) / (2 * tau)) + sp.exp(-((m + a) ** 2) / (2 * tau))
    whole = sum(sp.exp(-((m + sign * a) ** 2 + across**2) / (2 * tau)) for sign in (1, -1))

    def lag(at: Any) -> sp.Expr:
        return at - sp.tanh(at)

    fall = (m * (tau - a**2) + a * tau * lag(a * m / tau)) / tau**2
    return [
        Equation("the mean across the line multiplies the overlap", whole, sp.exp(-(across**2) / (2 * tau)) * overlap),
        Equation("slope of the log overlap", sp.Derivative(sp.log(overlap), m), -fall),
        Equation("x - tanh x rises", sp.Derivative(lag(x), x), sp.tanh(x) ** 2),
        Equation(
            "curvature of the log overlap at the centre",
            sp.Subs(sp.Derivative(sp.log(overlap), m, 2), m, 0),
            (a**2 - tau) / tau**2,
        ),
        Sign("the overlap falls away from the centre", regime(a**2, slack) - a**2, ">= 0"),
    ]
