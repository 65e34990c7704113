r"""One decoder under two priors, exactly: at small distortions the rates differ by the
log ratio of the priors at the nearest code.

Codes are finitely many, of positive mass under both; a and b are the masses of the
nearest code under the first and the second prior.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.compression.variational_bounds import K
from theory.proof.relative_entropy import sum_recursion
from theory.proof.statements import Equation, Induction, Sign

Ratio = Callable[[Any, Any], Any]  # of the nearest code's masses under the first and the second prior

BETA = sp.Symbol("beta", positive=True)


def second_over_first(a: Any, b: Any) -> Any:
    """``b/a``: R_1 - R_2 tends to the log of it."""
    return b / a


def first_over_second(a: Any, b: Any) -> Any:
    """``a/b``: the ratio turned over."""
    return a / b


def exchange_at_the_nearest() -> Induction:
    """k codes besides: a Z_2 - b Z_1 is a sum over them of (a p_2 - b p_1) A, to which
    the nearest code adds nothing."""
    p, q, A = (sp.Function(name, positive=True) for name in ("p", "q", "A"))
    a, b = sp.symbols("a b", positive=True)
    rest, first, second = (sp.Function(name, real=True) for name in ("X", "Y", "Z"))
    objects = (
        sum_recursion(rest(K), lambda z: (a * q(z) - b * p(z)) * A(z), K),
        sum_recursion(first(K), lambda z: p(z) * A(z), K),
        sum_recursion(second(K), lambda z: q(z) * A(z), K),
    )
    claim = Equation("what the other codes add", rest(K), a * (b + second(K)) - b * (a + first(K)))
    return Induction("two priors, k codes and the nearest one", K, (claim,), objects)


def limits(ratio: Ratio = second_over_first) -> list[Equation]:
    """Other codes cost delta more at least: Z_2/Z_1 tends to b/a, and -log Z/beta, less
    the nearest distortion, to 0 under either prior."""
    a, b, c, e, delta = sp.symbols("a b c e delta", positive=True)
    tail = sp.exp(-BETA * delta)
    return [
        Equation("limit of Z_2/Z_1", sp.Limit((b + c * tail) / (a + e * tail), BETA, sp.oo), ratio(a, b)),
        Equation("D_min does not see the prior", sp.Limit(-sp.log(a + c * tail) / BETA, BETA, sp.oo), 0),
    ]


def bounded_excess() -> list[Equation | Sign]:
    """With s = tail c/a and t = tail e/b, log of Z_2/Z_1 over b/a is log((1 + t)/(1 +
    s)), between -s and t."""
    s, t = sp.symbols("s t", nonnegative=True)
    a, b = sp.symbols("a b", positive=True)
    quotient = (b * (1 + t)) / (a * (1 + s)) / (b / a)
    slope = t / (1 + t)
    return [
        Equation("quotient of normalisers", sp.log(quotient), sp.log(1 + t) - sp.log(1 + s)),
        Equation("slope of t - log(1 + t)", sp.Derivative(t - sp.log(1 + t), t), slope),
        Sign("that slope's numerator", slope * (1 + t), ">= 0"),
    ]
