r"""Relative entropy in exact arithmetic: the log-sum inequality, its form on two cells,
and mixtures with noise.

Everything rests on one remainder, :math:`r - 1 - \log r = \int_0^1 \frac{(r-1)^2 u}{1 +
(r-1)u}\,du \ge 0`. Divergences are in nats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.proof import relative_entropy
from theory.proof.relative_entropy import gibbs, tangent_gap
from theory.proof.statements import Equation, Induction, Sign

Divergence = Callable[[Any, Any], sp.Expr]  # of two distributions on two cells, from the odds of the first cell

# -- the log-sum inequality and two cells ---------------------------------------------------------------------------------


def log_sum() -> list[Equation | Induction]:
    """The log-sum inequality for n cells, and the same for densities at every point."""
    p, q = sp.Function("p", positive=True), sp.Function("q", positive=True)
    P, Q, x = sp.Symbol("P", positive=True), sp.Symbol("Q", positive=True), sp.Symbol("x", real=True)
    ratio = Q / P
    density = p(x) * sp.log(p(x) / q(x)) - p(x) * sp.log(P / Q) - p(x) + q(x) / ratio
    return [
        *relative_entropy.log_sum(),
        Equation("the same for densities, at every point", density, q(x) / ratio * gibbs(ratio * p(x) / q(x))),
    ]


def relative_entropy_of_two_cells(alpha: Any, beta: Any) -> sp.Expr:
    """KL(p||q) for two cells where p(A) and q(A) have the odds alpha and beta."""
    a, b = alpha / (1 + alpha), beta / (1 + beta)
    rest = 1 / (1 + alpha)
    return a * sp.log(a / b) + rest * sp.log(rest * (1 + beta))


def jensen_shannon_of_two_cells(alpha: Any, beta: Any) -> sp.Expr:
    """JSD(p, q) in nats for two cells where p(A) and q(A) have the odds alpha and beta;
    at most log 2."""
    a, b = alpha / (1 + alpha), beta / (1 + beta)
    other, rest = 1 / (1 + alpha), 1 / (1 + beta)
    total = sp.S.Zero
    for mine, theirs in ((a, b), (b, a), (other, rest), (rest, other)):
        total += mine * sp.log(2 * mine / (mine + theirs)) / 2
    return total


def grows_without_bound(divergence: Divergence) -> list[Equation | Sign]:
    r"""With odds :math:`q(A)/(1-q(A)) = e^{-K}`: :math:`D = aK + \log(1+e^{-K}) -
    H(a)`, which exceeds every number as K grows."""
    K, alpha = sp.Symbol("K", positive=True), sp.Symbol("alpha", positive=True)
    a, rest = alpha / (1 + alpha), 1 / (1 + alpha)
    entropy = -a * sp.log(a) - rest * sp.log(rest)
    rising = a * K - entropy
    return [
        Equation("divergence of two cells as q(A) tends to 0", divergence(alpha, sp.exp(-K)), rising + sp.log(1 + sp.exp(-K))),
        Sign("its part without the logarithm rises at the rate p(A)", sp.cancel(rising.diff(K) * (1 + alpha)), "> 0"),
        *positive_logarithm(),
    ]  # fmt: skip


def price_of_a_missed_cell() -> Equation:
    """KL(model||data) of a model that misses A and is right elsewhere: ``log(1/(1-a))``,
    which is finite."""
    alpha, beta = sp.Symbol("alpha", positive=True), sp.Symbol("beta", positive=True)
    missed = sp.Limit(relative_entropy_of_two_cells(beta, alpha), beta, 0, "+")
    return Equation("KL(model||data) as q(A) tends to 0", missed, sp.log(1 / (1 - alpha / (1 + alpha))))


def positive_logarithm() -> list[Equation | Sign]:
    """``log(1 + x) >= 0`` for x >= 0: a tangent gap and a quotient, neither
    negative."""
    x = sp.Symbol("x", nonnegative=True)
    part = x / (1 + x)
    name = "log(1 + x) is a tangent gap and x/(1 + x)"
    return [
        Equation(name, sp.log(1 + x), tangent_gap(1 / (1 + x)) + part),
        Sign("x is not negative, 1 + x positive", part * (1 + x) ** 2, ">= 0"),
    ]


# -- mixtures with noise ---------------------------------------------------------------------------------------------------


def cost_of_noise(cost: Callable[[Any], sp.Expr]) -> list[Equation | Sign]:
    r"""For :math:`q = w p + (1-w) n`: :math:`\log q - \log p + \mathrm{cost}(w) =
    \log(1 + \tfrac{(1-w) n}{w p})` wherever p > 0.

    Pointwise, so in every dimension and for every base measure; with cost log(1/w) the
    right side is not negative. Where n = 0 the cost is attained: no smaller constant
    will do. ``odds`` is (1-w)/w.
    """
    p, n, odds = sp.Symbol("p", positive=True), sp.Symbol("n", nonnegative=True), sp.Symbol("omega", positive=True)
    w = 1 / (1 + odds)
    q = w * p + (1 - w) * n
    gap, added = sp.log(q) - sp.log(p) + cost(w), odds * n / p
    return [
        Equation("log q = log p - log(1/w) + log(1 + odds n/p)", gap, sp.log(1 + added)),
        Equation("singular noise pays all of log(1/w)", gap.subs(n, 0), 0),
        Sign("the noise adds to the argument", added * p, ">= 0"),
        *positive_logarithm(),
    ]


def cost_per_coordinate() -> Equation:
    """For product distributions of D coordinates the cost of one mixture weight is
    ``log(1/w)/D`` a coordinate, which tends to 0."""
    D, c = sp.Symbol("D", positive=True), sp.Symbol("c", positive=True)
    return Equation("cost a coordinate as D grows", sp.Limit(c / D, D, sp.oo), 0)
