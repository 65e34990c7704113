r"""The Ornstein-Uhlenbeck process :math:`dX = -X\,dt + \sqrt2\,dW` and its reversal,
for Gaussians exactly and for densities by their equation.

Letters: ``u = exp(-2t)``; a coordinate of the start has mean m and variance v, so that
    at t it has mean :math:`m\sqrt u` and variance
:math:`1 + (v - 1)u`. Relative entropies are those to the standard normal distribution,
in nats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.distributions.gaussian_likelihood import log_normal_density, normal_density
from theory.proof.relative_entropy import N, sum_recursion
from theory.proof.statements import Equation, Induction, Sign

Rate = Callable[[Any], sp.Expr]  # from u = exp(-2t) to the factor that the relative entropy is claimed to lose

T = sp.Symbol("t", positive=True)
U = sp.Symbol("u", positive=True)


def twice_the_time(u: Any) -> sp.Expr:
    """``exp(-2t)``."""
    return u


def thrice_the_time(u: Any) -> sp.Expr:
    """``exp(-3t)``."""
    return u ** sp.Rational(3, 2)


def relative_entropy(mean: Any, variance: Any) -> sp.Expr:
    """KL(N(m, v) || N(0, 1)) in nats."""
    return (variance + mean**2 - 1 - sp.log(variance)) / 2


def variance_at(v: Any, u: Any) -> sp.Expr:
    """``1 + (v - 1) u``."""
    return 1 + (v - 1) * u


def forward_equation() -> Equation:
    """The Gaussian path solves the Fokker-Planck equation of the process: ``p_t = (x
    p)' + p''``."""
    x, m, v = sp.Symbol("x", real=True), sp.Symbol("m", real=True), sp.Symbol("v", positive=True)
    p = normal_density(x, m * sp.exp(-T), variance_at(v, sp.exp(-2 * T)))
    return Equation(
        "Fokker-Planck equation of the Gaussian path",
        p.diff(T) / p,
        (sp.diff(x * p, x) + p.diff(x, 2)) / p,
        (sp.exp(-2 * T) < 1,),
    )


def entropy_from_moments() -> Equation:
    """KL(N(m, v) || N(0, 1)) from the log ratio, a square in x, and the moments v + m^2
    and v."""
    x, m, v = sp.Symbol("x", real=True), sp.Symbol("m", real=True), sp.Symbol("v", positive=True)
    log_ratio = log_normal_density(x, m, v) - log_normal_density(x, 0, 1)
    second = sp.diff(log_ratio, x, 2) / 2
    first = sp.diff(log_ratio, x).subs(x, 0)
    expected = log_ratio.subs(x, 0) + first * m + second * (v + m**2)
    return Equation("relative entropy of a normal variable", expected, relative_entropy(m, v))


def concave_gap(v: Any, u: Any) -> sp.Expr:
    """``log(1 + (v-1)u) - u log v``: concave in u, zero at 0 and 1, so not negative
    between."""
    return sp.log(variance_at(v, u)) - u * sp.log(v)


def decay(rate: Rate = twice_the_time) -> list[Equation | Induction | Sign]:
    r"""For n coordinates: :math:`e^{-2t} KL_0 - KL_t = \tfrac12\sum_i [\log(1+(v_i-1)u)
    - u\log v_i]`, and what is summed is not negative."""
    m, v = sp.Function("m", real=True), sp.Function("v", positive=True)
    F, G = sp.Function("F"), sp.Function("G")

    def fall(i: Any) -> sp.Expr:
        later = relative_entropy(m(i) * sp.sqrt(U), variance_at(v(i), U))
        return rate(U) * relative_entropy(m(i), v(i)) - later

    objects = (sum_recursion(F(N), fall), sum_recursion(G(N), lambda i: concave_gap(v(i), U)))
    claim = Equation("rate KL_0 - KL_t", F(N), G(N) / 2)
    w = sp.Symbol("v", positive=True)
    c = sp.Symbol("c", positive=True)  # u = c/(1 + c)
    square, divisor = (w - 1) ** 2, 1 + w * c
    return [
        Induction("decay of the relative entropy in n dimensions", N, (claim,), objects, assuming=(U < 1,)),
        Equation("the gap at both ends", sp.Matrix([sp.Limit(concave_gap(w, U), U, end) for end in (0, 1)]), sp.zeros(2, 1)),
        Equation("the gap is concave in u", sp.Derivative(concave_gap(w, U), U, 2), -square / variance_at(w, U) ** 2, (U < 1,)),
        Sign("its curvature is minus a square", square, ">= 0", ((sp.S.One, w - 1),)),
        Equation("what it is divided by, at u = c/(1 + c)", variance_at(w, c / (1 + c)) * (1 + c), divisor),
        Sign("that is positive", divisor, "> 0"),
    ]  # fmt: skip


def reversed_equation(multiple: Any = 2) -> Equation:
    r"""For any density that solves the forward equation: run backwards it solves that
    of :math:`dY = (Y + 2\nabla\log p)\,ds + \sqrt2\,dW`.

    ``multiple`` is how often the score is added; the other coordinates stand in w.
    """
    x, w = sp.Symbol("x", real=True), sp.Symbol("w", real=True)
    p = sp.exp(sp.Function("lambda", real=True)(x, w))
    forward = sp.Derivative(x * p, x) + sp.Derivative(p, x, 2)
    drift = x + multiple * sp.log(p).diff(x)
    backward = -sp.Derivative(drift * p, x) + sp.Derivative(p, x, 2)
    return Equation("the reversed equation with the score", backward, -forward)


def gaussian_reversal(multiple: Any = 2) -> list[Equation]:
    r"""Variance of the reversed process of a Gaussian: started in p_T it retraces v;
    started in noise it misses v by :math:`(v-1)(v/v_T)^2 e^{-4T}`.

    The variance V solves :math:`V' = 2(1 - \mathrm{multiple}/v_{T-s})V + 2`.
    """
    v, T_, s = sp.Symbol("v", positive=True), sp.Symbol("T", positive=True), sp.Symbol("s", positive=True)
    along = variance_at(v, sp.exp(-2 * (T_ - s)))
    end = variance_at(v, sp.exp(-2 * T_))

    def rate(variance: Any) -> sp.Expr:
        return 2 * (1 - multiple / along) * variance + 2

    off = (1 - end) * (along / end) ** 2 * sp.exp(-2 * s)  # starts at 1 - v_T
    given = (s < T_,)
    missed = (1 - end) * (v / end) ** 2 * sp.exp(-2 * T_)
    bound = -(v - 1) * (v / end) ** 2 * sp.exp(-4 * T_)
    return [
        Equation("variance of the reversed process", sp.Derivative(along, s), rate(along), given),
        Equation("started in noise", sp.Derivative(along + off, s), rate(along + off), given),
        Equation("what is missed at the end", missed, bound),
    ]
