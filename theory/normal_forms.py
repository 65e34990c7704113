"""Symbolic proof that an expression is identically zero, by SymPy's normal forms, cheap ones first."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp
from sympy.polys.polyerrors import BasePolynomialError

from theory.witnesses import entries

_Strategy = tuple[int, Callable[[sp.Expr], sp.Expr]]


def _numerator(expr: sp.Expr) -> sp.Expr:
    return sp.expand(sp.fraction(sp.together(expr))[0])


def _exponentials(expr: sp.Expr) -> sp.Expr:
    """Trigonometric and hyperbolic functions as exponentials, over one denominator."""
    return sp.expand(sp.powsimp(_numerator(expr.rewrite(sp.exp))))


def _logarithms(expr: sp.Expr) -> sp.Expr:
    return sp.expand(sp.expand_log(sp.expand_power_base(sp.expand_power_exp(expr))))


def _gammas(expr: sp.Expr) -> sp.Expr:
    return sp.gammasimp(sp.combsimp(expr.rewrite(sp.gamma)))


# (largest number of operations on which the strategy is tried, strategy); each starts from the expression with derivatives done
_STRATEGIES: tuple[_Strategy, ...] = (
    (100_000, sp.expand),
    (4_000, _numerator),
    (4_000, _logarithms),
    (4_000, lambda e: _numerator(_logarithms(e))),
    (2_000, sp.cancel),
    (1_500, lambda e: sp.expand(sp.powsimp(sp.expand(e), force=False))),
    (1_500, lambda e: sp.radsimp(sp.cancel(sp.together(e)))),
    (1_500, lambda e: sp.trigsimp(_numerator(e))),
    (1_500, _exponentials),
    (800, _gammas),
    (800, lambda e: sp.simplify(_logarithms(e))),
    (800, sp.simplify),
    (400, lambda e: sp.expand_func(sp.simplify(e.rewrite(sp.Piecewise)))),
    (400, lambda e: sp.simplify(sp.expand_complex(e))),
    (200, lambda e: sp.simplify(e.doit())),
)
_REFUSALS = (BasePolynomialError, NotImplementedError, ZeroDivisionError, AttributeError, RecursionError, TypeError, ValueError)


def is_zero_normal_form(expr: sp.Basic) -> bool | None:
    """Whether SymPy reduces `expr` (entrywise, for an explicit matrix) to the literal 0.

    Derivatives are performed; then normal forms are tried in order of cost, each on expressions up to a size of its own, so that
    the time stays bounded in practice (SymPy has no clock). Symbolic integration and summation come last and only on small
    expressions without undefined functions.

    Returns:
        True if every entry reduces to 0; False if one reduces to another number; None if no strategy decided. Floats: None.
    """
    verdicts = [_scalar(entry) for entry in entries(expr)]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _scalar(expr: sp.Expr) -> bool | None:
    if expr.has(sp.Float):
        return None
    done = expr.doit(integrals=False, sums=False, products=False)
    for form in (expr, done):
        if (verdict := _literal(form)) is not None:
            return verdict
    size = done.count_ops()
    opaque = bool(done.atoms(sp.core.function.AppliedUndef))
    for largest, strategy in _STRATEGIES:
        if size > largest or (largest == 200 and opaque):
            continue
        try:
            form = strategy(done)
        except _REFUSALS:  # SymPy's algorithms refuse what they do not cover: that decides nothing
            continue
        if (verdict := _literal(form)) is not None:
            return verdict
    return None


def _literal(form: sp.Expr) -> bool | None:
    if form.is_Rational:
        return bool(form == 0)
    return None
