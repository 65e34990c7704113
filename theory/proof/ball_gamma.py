"""Handlers of :mod:`theory.proof.balls` for the gamma family: factorials, binomials,
factorial powers, beta, polygamma."""

# pyright: reportArgumentType=false
# SymPy declares the arguments of a node as Basic, whatever they are.

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from theory.proof.ball_evaluator import Ball, Evaluator, Handler, Scope
from theory.proof.prepare import CannotEnclose

_FACTORS = 20_000  # longest product that is multiplied out


def _gammas(numerator: Sequence[Ball], denominator: Sequence[Ball]) -> Ball:
    """A product of gamma functions over another; reciprocals are entire, so that poles
    below are zeros."""
    total = numerator[0].gamma()
    for ball in numerator[1:]:
        total = total * ball.gamma()
    for ball in denominator:
        total = total * ball.rgamma()
    return total


def _count(ev: Evaluator, node: sp.Expr, scope: Scope) -> int | None:
    """The exact integer value of `node`, where it is one and not too long a product."""
    value = ev.exactly(node, scope)
    return int(value) if value is not None and value.is_Integer and value <= _FACTORS else None


def _falling(ev: Evaluator, x: Ball, k: int) -> Ball:
    total = ev(sp.S.One, ev.root)
    for i in range(k):
        total = total * (x - i)
    return total


def factorial(ev: Evaluator, node: sp.factorial, scope: Scope) -> Ball:
    """x! = Gamma(x + 1)."""
    return (ev(node.args[0], scope) + 1).gamma()


def binomial(ev: Evaluator, node: sp.binomial, scope: Scope) -> Ball:
    """For an integer k the polynomial n(n-1)..(n-k+1)/k! (0 for k < 0), else by gamma
    functions: SymPy's convention."""
    n, k = ev(node.args[0], scope), _count(ev, node.args[1], scope)
    if k is not None:
        one = ev(sp.S.One, ev.root)
        return one * 0 if k < 0 else _falling(ev, n, k) * (one * (k + 1)).rgamma()
    below = ev(node.args[1], scope)
    return _gammas([n + 1], [below + 1, n - below + 1])


def power(rising: bool) -> Handler:
    """x(x+1)..(x+k-1) or x(x-1)..(x-k+1), by gamma functions where k is no natural
    number."""

    def handler(ev: Evaluator, node: sp.Basic, scope: Scope) -> Ball:
        x, k = ev(node.args[0], scope), _count(ev, node.args[1], scope)
        if k is not None and k >= 0:
            return _falling(ev, x + k - 1 if rising else x, k)
        length = ev(node.args[1], scope)
        return _gammas([x + length], [x]) if rising else _gammas([x + 1], [x - length + 1])

    return handler


def beta(ev: Evaluator, node: sp.beta, scope: Scope) -> Ball:
    """B(a, b) = Gamma(a) Gamma(b) / Gamma(a + b)."""
    a, b = (ev(arg, scope) for arg in node.args)
    return _gammas([a, b], [a + b])


def polygamma(ev: Evaluator, node: sp.polygamma, scope: Scope) -> Ball:
    """Derivatives of the digamma function, of natural order."""
    order, x = ev.integer(node.args[0], scope), ev(node.args[1], scope)
    if order < 0:
        raise CannotEnclose(node, "a polygamma function of negative order")
    return x.digamma() if order == 0 else x.polygamma(order)
