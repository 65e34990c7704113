"""Closed forms of sums, products and integrals: found by SymPy and checked here.

SymPy answers for most values of the parameters: the integral of exp(i (k + 200) t) over
a period is 0 to it for every integer k, and the alternating sum of binomial(n, k) for
every n. A closed form counts here when it satisfies the recursion of the sum, or when
its derivative is the integrand and it is smooth between the ends; for all values that
are assumed.
"""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportReturnType=false, reportIndexIssue=false, reportOperatorIssue=false
# SymPy declares the arguments of a node as Basic, whatever they are.

from __future__ import annotations

from collections.abc import Callable

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits

from theory.proof.prepare import perform_derivatives
from theory.proof.smoothness import between, is_smooth

_LONGEST = 1_000  # terms of a sum that are written out
_REFUSALS = (NotImplementedError, ValueError, TypeError, AttributeError, ZeroDivisionError, RecursionError)
_NO_VALUE = (sp.nan, sp.zoo, sp.oo, -sp.oo, sp.AccumBounds, sp.Limit, sp.Piecewise, ExprWithLimits)

_IsZero = Callable[[sp.Expr], bool]
_LimitOf = Callable[[sp.Limit], sp.Expr]


def with_sums(expr: sp.Expr) -> sp.Expr:
    """``expr`` with sums and products split into terms: what does not depend on the
    bound variable is taken out, few terms are written out."""
    return expr.replace(lambda node: isinstance(node, (sp.Sum, sp.Product)), _split)


def _split(node: sp.Sum | sp.Product) -> sp.Expr:
    limit, *outer = node.limits
    if outer:
        inner = _split(node.func(node.function, limit))
        return node if inner.has(sp.Sum, sp.Product) else _split(node.func(inner, *outer))
    name, low, high = limit
    length = high - low + 1
    if length.is_Integer:
        places = range(min(int(length), _LONGEST + 1)) if low.is_finite else ()
        if length < 0 or len(places) > _LONGEST:
            return node
        terms = [node.function.subs(name, low + i) for i in places]
        return sp.Add(*terms) if isinstance(node, sp.Sum) else sp.Mul(*terms)
    if isinstance(node, sp.Product):
        return node
    return sp.Add(*(_one_term(term, limit) for term in sp.Add.make_args(sp.expand(node.function))))


def _one_term(term: sp.Expr, limit: tuple[sp.Symbol, sp.Expr, sp.Expr]) -> sp.Expr:
    """A factor times the sum of what depends on the bound variable."""
    name, low, high = limit
    factor, rest = term.as_independent(name, as_Add=False)
    if rest == 1 and (high - low).is_finite is not False:
        return factor * (high - low + 1)
    for delta in (part for part in sp.Mul.make_args(rest) if isinstance(part, sp.KroneckerDelta)):
        other = [arg for arg in delta.args if arg != name]
        if len(other) == 1 and not other[0].has(name) and _within(other[0], low, high):
            return factor * (rest / delta).subs(name, other[0])
    return factor * sp.Sum(rest, limit)


def _within(place: sp.Expr, low: sp.Expr, high: sp.Expr) -> bool:
    return bool(place.is_integer and (place - low).is_nonnegative and (high - place).is_nonnegative)


def evaluate(expr: sp.Expr, is_zero: _IsZero, limit_of: _LimitOf) -> sp.Expr:
    """``expr`` with all its sums, products and integrals that have a checked closed form
    in its place, innermost first.

    Args:
        is_zero: decides that an expression without sums and integrals is 0.
        limit_of: a limit for all parameters, or the limit as it stands.
    """

    def value(node: ExprWithLimits) -> sp.Expr:
        if any(len(limit) != 3 for limit in node.limits):
            return node
        try:
            first, *outer = node.limits
            found = _closed(node.func(node.function, first), is_zero, limit_of)
        except _REFUSALS:  # SymPy's algorithms refuse what they do not cover: that decides nothing
            return node
        if found is None:
            return node
        return (
            value(node.func(found, *outer)) if outer and not found.has(ExprWithLimits) else found if not outer else node
        )

    return expr.replace(lambda node: isinstance(node, ExprWithLimits), value)


def _closed(node: ExprWithLimits, is_zero: _IsZero, limit_of: _LimitOf) -> sp.Expr | None:
    if isinstance(node, sp.Integral):
        return _integral(node, is_zero, limit_of)
    return _sum(node, is_zero) if isinstance(node, (sp.Sum, sp.Product)) else None


def _sum(node: sp.Sum | sp.Product, is_zero: _IsZero) -> sp.Expr | None:
    """By induction on the number of terms, from none on."""
    (name, low, high) = node.limits[0]
    many = sp.Dummy("many", integer=True, nonnegative=True)
    form = node.func(node.function, (name, low, low + many - 1)).doit()
    if _has_no_value(form):
        return None
    last = node.function.subs(name, low + many)
    following = form.subs(many, many + 1)
    step = following - form - last if isinstance(node, sp.Sum) else following - form * last
    none = form.subs(many, 0) - (0 if isinstance(node, sp.Sum) else 1)
    if not (is_zero(none) and is_zero(step)):
        return None
    return form.subs(many, high - low + 1)


def _integral(node: sp.Integral, is_zero: _IsZero, limit_of: _LimitOf) -> sp.Expr | None:
    """By the fundamental theorem: a primitive that is smooth between the ends."""
    (name, low, high) = node.limits[0]
    t = between(node.limits[0])
    slope = sp.expand(perform_derivatives(node.function.xreplace({name: t})))
    form = sp.integrate(slope, t)
    if _has_no_value(form) or not is_smooth(form, t) or not is_zero(sp.diff(form, t) - slope):
        return None
    ends = [_at(form, t, end, limit_of) for end in (low, high)]
    return None if any(_has_no_value(end) for end in ends) else ends[1] - ends[0]


def _at(form: sp.Expr, t: sp.Dummy, end: sp.Expr, limit_of: _LimitOf) -> sp.Expr:
    """The value of a primitive at an end, as a limit from within where that is
    infinite."""
    if end.is_infinite:
        return limit_of(sp.Limit(form, t, end, "-" if end.is_extended_positive else "+"))
    return form.subs(t, end)


def _has_no_value(form: sp.Expr) -> bool:
    """Whether a form is none for all the parameters: something stays to be done, or a
    denominator may vanish, or zero is raised to a power that may be 0."""
    if form.has(*_NO_VALUE):
        return True
    return any(
        power.base.is_zero is not False and power.exp.is_positive is not True and not power.exp.is_nonnegative
        for power in form.atoms(sp.Pow)
    )
