r"""Relative entropy cell by cell: why it is not negative, in steps that every claim
about likelihoods and rates uses.

Everything rests on one remainder, :math:`r - 1 - \log r = \int_0^1 \frac{(r-1)^2 u}{1 +
(r-1)u}\,du \ge 0`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.proof.statements import Equation, Induction, Recursion, Sign

__all__ = ["gibbs", "log_sum", "nonnegative", "remainder", "sum_recursion", "tangent_gap"]

N = sp.Symbol("n", integer=True, positive=True)  # cells, in an induction


def tangent_gap(r: Any) -> sp.Expr:
    """``r - 1 - log r``: how far the logarithm lies below its tangent at 1."""
    return r - 1 - sp.log(r)


def gibbs(t: Any) -> sp.Expr:
    """``t log t - t + 1``: what a cell adds to a relative entropy, t times its mass
    under q being that under p."""
    return t * sp.log(t) - t + 1


def sum_recursion(of: Any, term: Callable[[Any], Any], variable: Any = N) -> Recursion:
    """The object ``term(1) + .. + term(n)``."""
    return Recursion(of, (term(1),), of + term(variable + 1), lambda k: sum(term(i) for i in range(1, k + 1)))


def remainder() -> list[Equation | Sign]:
    """``r - 1 - log r`` is the integral of something that is not negative, and so is
    ``t log t - t + 1``."""
    r, u, c = sp.Symbol("r", positive=True), sp.Symbol("u", positive=True), sp.Symbol("c", nonnegative=True)
    integrand = (r - 1) ** 2 * u / (1 + (r - 1) * u)
    primitive = (r - 1) * u - sp.log(1 + (r - 1) * u)
    numerator, denominator = (r - 1) ** 2 * c, 1 + r * c
    return [
        Equation("a primitive of the remainder's integrand", sp.Derivative(primitive, u), integrand, (u < 1,)),
        Equation("r - 1 - log r between the ends", tangent_gap(r), primitive.subs(u, 1) - primitive.subs(u, 0)),
        Equation("the integrand at u = c/(1 + c)", integrand.subs(u, c / (1 + c)), numerator / denominator),
        Sign("its denominator", denominator, "> 0"),
        Sign("its numerator", numerator, ">= 0", ((c, r - 1),)),
        Equation("t log t - t + 1 through the same remainder", gibbs(r), r * tangent_gap(1 / r)),
    ]


def nonnegative(first: str = "p", second: str = "q") -> list[Equation | Induction | Sign]:
    r"""For n cells: :math:`\sum p\log(p/q) = \sum q\,\phi(p/q) + \sum p - \sum q`, phi
    as in :func:`gibbs`, and phi >= 0.

    Where both masses are one the left side is KL(p||q), and the right side a sum of
    terms that are not negative.
    """
    p, q = sp.Function(first, positive=True), sp.Function(second, positive=True)
    F, G, P, Q = (sp.Function(name, real=True) for name in "FGPQ")
    objects = (
        sum_recursion(F(N), lambda i: p(i) * sp.log(p(i) / q(i))),
        sum_recursion(G(N), lambda i: q(i) * gibbs(p(i) / q(i))),
        sum_recursion(P(N), p),
        sum_recursion(Q(N), q),
    )
    claim = Equation("relative entropy, cell by cell", F(N), G(N) + P(N) - Q(N))
    return [Induction(f"KL({first}||{second}) of n cells", N, (claim,), objects), *remainder()]


def log_sum() -> list[Equation | Induction]:
    r"""n cells against the one cell that they make: :math:`\sum p\log(p/q) = P\log(P/Q)
    + \sum \tfrac{q}{r}\,\phi(r p/q)`, r = Q/P.

    The second sum is not negative. By induction for every r, then at r = Q/P.
    """
    r = sp.Symbol("r", positive=True)
    p, q = sp.Function("p", positive=True), sp.Function("q", positive=True)
    F, G, P, Q = (sp.Function(name, real=True) for name in "FGPQ")
    objects = (
        sum_recursion(F(N), lambda i: p(i) * sp.log(p(i) / q(i))),
        sum_recursion(G(N), lambda i: q(i) / r * gibbs(r * p(i) / q(i))),
        sum_recursion(P(N), p),
        sum_recursion(Q(N), q),
    )
    claim = Equation("sum of p log(p/q), cell by cell", F(N), G(N) - P(N) * sp.log(r) + P(N) - Q(N) / r)
    first, second = sp.Symbol("P", positive=True), sp.Symbol("Q", positive=True)
    whole = -first * sp.log(r) + first - second / r
    return [
        Induction("log-sum inequality for n cells", N, (claim,), objects),
        Equation("at r = Q/P the rest is P log(P/Q)", whole.subs(r, second / first), first * sp.log(first / second)),
    ]
