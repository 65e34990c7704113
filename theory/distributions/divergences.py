r"""Relative entropy in exact arithmetic: the log-sum inequality, its form on two cells, and mixtures with noise.

Everything rests on one remainder, :math:`r - 1 - \log r = \int_0^1 \frac{(r-1)^2 u}{1 + (r-1)u}\,du \ge 0`. Divergences are in nats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.proof.statements import Equation, Induction, Recursion, Sign

Divergence = Callable[[Any, Any], sp.Expr]  # of two distributions on two cells, from the odds of the first cell

N = sp.Symbol("n", integer=True, positive=True)  # cells, in an induction


def tangent_gap(r: Any) -> sp.Expr:
    """``r - 1 - log r``: how far the logarithm lies below its tangent at 1."""
    return r - 1 - sp.log(r)


def gibbs(t: Any) -> sp.Expr:
    """``t log t - t + 1``: what a cell adds to a relative entropy, t times its mass under q being that under p."""
    return t * sp.log(t) - t + 1


def summed(of: Any, term: Callable[[Any], sp.Expr], variable: Any = N) -> Recursion:
    """The object ``term(1) + .. + term(n)``."""
    return Recursion(of, (term(1),), of + term(variable + 1), lambda k: sum(term(i) for i in range(1, k + 1)))


def tangent_above_the_logarithm() -> list[Equation | Sign]:
    """``r - 1 - log r`` is the integral of something that is not negative, and zero only at r = 1; so is ``t log t - t + 1``."""
    r, u, c = sp.Symbol("r", positive=True), sp.Symbol("u", positive=True), sp.Symbol("c", nonnegative=True)
    integrand = (r - 1) ** 2 * u / (1 + (r - 1) * u)
    primitive = (r - 1) * u - sp.log(1 + (r - 1) * u)
    return [
        Equation("a primitive of the remainder's integrand", sp.Derivative(primitive, u), integrand, (u < 1,)),
        Equation("r - 1 - log r between the ends", tangent_gap(r), primitive.subs(u, 1) - primitive.subs(u, 0)),
        Equation("the integrand at u = c/(1 + c)", integrand.subs(u, c / (1 + c)), (r - 1) ** 2 * c / (1 + r * c)),
        Sign("its denominator", 1 + r * c, "> 0"),
        Sign("its numerator", (r - 1) ** 2 * c, ">= 0", ((c, r - 1),)),
        Equation("t log t - t + 1 through the same remainder", gibbs(r), r * tangent_gap(1 / r)),
    ]


# -- the log-sum inequality and two cells ---------------------------------------------------------------------------------


def log_sum() -> list[Equation | Induction]:
    r"""n cells against the one cell that they make: :math:`\sum p_i\log(p_i/q_i) = P\log(P/Q) + \sum \tfrac{q_i}{r}\,\phi(r p_i/q_i)`, r = Q/P.

    The second sum is not negative. By induction for every r, then at r = Q/P; and once more for densities, under the integral.
    """
    r = sp.Symbol("r", positive=True)
    p, q = sp.Function("p", positive=True), sp.Function("q", positive=True)
    F, G, P, Q = (sp.Function(name, real=True) for name in "FGPQ")
    objects = (
        summed(F(N), lambda i: p(i) * sp.log(p(i) / q(i))),
        summed(G(N), lambda i: q(i) / r * gibbs(r * p(i) / q(i))),
        summed(P(N), p),
        summed(Q(N), q),
    )
    claim = Equation("sum of p log(p/q), cell by cell", F(N), G(N) - P(N) * sp.log(r) + P(N) - Q(N) / r)
    P_, Q_, x = sp.Symbol("P", positive=True), sp.Symbol("Q", positive=True), sp.Symbol("x", real=True)
    whole = -P_ * sp.log(r) + P_ - Q_ / r
    ratio = Q_ / P_
    density = p(x) * sp.log(p(x) / q(x)) - p(x) * sp.log(P_ / Q_) - p(x) + q(x) / ratio
    return [
        Induction("log-sum inequality for n cells", N, (claim,), objects),
        Equation("at r = Q/P the rest is P log(P/Q)", whole.subs(r, ratio), P_ * sp.log(P_ / Q_)),
        Equation("the same for densities, at every point", density, q(x) / ratio * gibbs(ratio * p(x) / q(x))),
    ]


def relative_entropy_of_two_cells(alpha: Any, beta: Any) -> sp.Expr:
    """KL(p||q) for two cells where p(A) and q(A) have the odds alpha and beta."""
    a, b = alpha / (1 + alpha), beta / (1 + beta)
    rest = 1 / (1 + alpha)
    return a * sp.log(a / b) + rest * sp.log(rest * (1 + beta))


def jensen_shannon_of_two_cells(alpha: Any, beta: Any) -> sp.Expr:
    """JSD(p, q) in nats for two cells where p(A) and q(A) have the odds alpha and beta; at most log 2."""
    a, b = alpha / (1 + alpha), beta / (1 + beta)
    other, rest = 1 / (1 + alpha), 1 / (1 + beta)
    total = sp.S.Zero
    for mine, theirs in ((a, b), (b, a), (other, rest), (rest, other)):
        total += mine * sp.log(2 * mine / (mine + theirs)) / 2
    return total


def grows_without_bound(divergence: Divergence) -> list[Equation | Sign]:
    r"""With odds :math:`q(A)/(1-q(A)) = e^{-K}`: :math:`D = aK + \log(1+e^{-K}) - H(a)`, which exceeds every number as K grows."""
    K, alpha = sp.Symbol("K", positive=True), sp.Symbol("alpha", positive=True)
    a, rest = alpha / (1 + alpha), 1 / (1 + alpha)
    entropy = -a * sp.log(a) - rest * sp.log(rest)
    grown = a * K + sp.log(1 + sp.exp(-K)) - entropy
    return [
        Equation("divergence of two cells as q(A) tends to 0", divergence(alpha, sp.exp(-K)), grown),
        Sign("its slope in K is p(A)", a * (1 + alpha), "> 0"),
        *positive_logarithm(),
    ]


def positive_logarithm() -> list[Equation | Sign]:
    """``log(1 + x) >= 0`` for x >= 0: a tangent gap and a quotient, neither negative."""
    x = sp.Symbol("x", nonnegative=True)
    name = "log(1 + x) is a tangent gap and x/(1 + x)"
    return [
        Equation(name, sp.log(1 + x), tangent_gap(1 / (1 + x)) + x / (1 + x)),
        Sign("x is not negative, 1 + x positive", x * (1 + x), ">= 0"),
    ]


# -- mixtures with noise ---------------------------------------------------------------------------------------------------


def cost_of_noise(cost: Callable[[Any], sp.Expr]) -> list[Equation | Sign]:
    r"""For :math:`q = w p + (1-w) n`: :math:`\log q - \log p + \mathrm{cost}(w) = \log(1 + \tfrac{(1-w) n}{w p})` wherever p > 0.

    Pointwise, so in every dimension and for every base measure; with cost log(1/w) the right side is not negative. Where n = 0 the
    cost is attained: no smaller constant will do. ``odds`` is (1-w)/w.
    """
    p, n, odds = sp.Symbol("p", positive=True), sp.Symbol("n", nonnegative=True), sp.Symbol("omega", positive=True)
    w = 1 / (1 + odds)
    q = w * p + (1 - w) * n
    gap = sp.log(q) - sp.log(p) + cost(w)
    return [
        Equation("log q = log p - log(1/w) + log(1 + odds n/p)", gap, sp.log(1 + odds * n / p)),
        Equation("singular noise pays all of log(1/w)", gap.subs(n, 0), 0),
        Sign("the noise adds to the argument", odds * n, ">= 0"),
        *positive_logarithm(),
    ]


def cost_per_coordinate() -> Equation:
    """For product distributions of D coordinates the cost of one mixture weight is ``log(1/w)/D`` a coordinate, which tends to 0."""
    D, c = sp.Symbol("D", positive=True), sp.Symbol("c", positive=True)
    return Equation("cost a coordinate as D grows", sp.Limit(c / D, D, sp.oo), 0)
